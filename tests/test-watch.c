/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that ShmSharedMemory::unlinked is emitted after another process has removed the name. */

#include "core/shm-fault.h"
#include "core/shm-system-watch.h"
#include "core/shm-watch.h"

#include "shm-test.h"

#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static void
count (ShmSharedMemory *shm, gpointer counter)
{
  (*(int *) counter)++;
}

static ShmSharedMemory *
create_watched (int *unlinked)
{
  g_autofree char *name = test_name ("watch");
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm = shm_shared_memory_create (name, 10, 0, &error);

  g_assert_no_error (error);
  g_signal_connect (shm, "unlinked", G_CALLBACK (count), unlinked);
  g_assert_true (shm_shared_memory_watch (shm, &error));
  g_assert_no_error (error);

  return shm;
}

static void
remove_in_other_process (const char *name)
{
  g_autofree char *path = test_path (name);
  pid_t child;

  test_fork (child);
  if (child == 0)
    {
      execlp ("unlink", "unlink", path, NULL);
      _exit (127);
    }
  test_join (child);
}

static void
dispatch_pending (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

/* Returns the number of inotify descriptors of this process. Stores one of them in @descriptor. */
static guint
find_inotify_descriptors (int *descriptor)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *entry;
  guint found = 0;

  while ((entry = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", entry, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && strstr (target, "inotify") != NULL)
        {
          *descriptor = atoi (entry);
          found++;
        }
    }

  return found;
}

static void
test_removed (void)
{
  int unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);

  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 0);
  remove_in_other_process (shm_shared_memory_get_name (shm));
  g_assert_cmpint (unlinked, ==, 0);
  test_iterate_until (NULL, unlinked > 0);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 1);
  g_assert_true (shm_shared_memory_is_unlinked (shm));
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 1, NULL));
}

static void
test_replaced (void)
{
  int unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) other = NULL;
  g_autofree char *path = test_path (shm_shared_memory_get_name (shm));
  g_autofree char *other_name = test_name ("replacement");
  g_autofree char *other_path = test_path (other_name);

  other = shm_shared_memory_create (other_name, 10, 0, NULL);
  g_assert_cmpint (rename (other_path, path), ==, 0);
  test_iterate_until (NULL, unlinked > 0);
  g_assert_cmpint (unlink (path), ==, 0);
}

static void
test_renamed (void)
{
  int unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autofree char *path = test_path (shm_shared_memory_get_name (shm));
  g_autofree char *elsewhere = test_name ("elsewhere");
  g_autofree char *other_path = test_path (elsewhere);

  g_assert_cmpint (rename (path, other_path), ==, 0);
  test_iterate_until (NULL, unlinked > 0);
  g_assert_cmpint (unlink (other_path), ==, 0);
}

/* Adding and removing another name of the same file does not emit the signal. */
static void
test_other_link (void)
{
  int unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autofree char *path = test_path (shm_shared_memory_get_name (shm));
  g_autofree char *name = test_name ("link");
  g_autofree char *other_path = test_path (name);

  g_assert_cmpint (link (path, other_path), ==, 0);
  g_assert_cmpint (chmod (path, 0640), ==, 0);
  g_assert_cmpint (unlink (other_path), ==, 0);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 0);

  g_assert_true (shm_shared_memory_unlink (shm, NULL));
  g_assert_cmpint (unlinked, ==, 1);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 1);
}

static void
test_removed_before (void)
{
  g_autofree char *name = test_name ("before");
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, 10, 0, NULL);
  g_autoptr (GError) error = NULL;
  int unlinked = 0;

  g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);
  remove_in_other_process (name);
  g_assert_true (shm_shared_memory_watch (shm, &error));
  g_assert_cmpint (unlinked, ==, 0);
  test_iterate_until (NULL, unlinked > 0);
  g_assert_cmpint (unlinked, ==, 1);
}

static void
test_unwatched (void)
{
  int unlinked = 0, last_unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) closed = create_watched (&unlinked);
  ShmSharedMemory *freed = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) last = create_watched (&last_unlinked);
  g_autofree char *freed_name = g_strdup (shm_shared_memory_get_name (freed));

  g_assert_true (shm_shared_memory_watch (shm, NULL)); /* the second call does nothing */
  shm_shared_memory_unwatch (shm);
  shm_shared_memory_unwatch (shm);
  g_assert_true (shm_shared_memory_close (closed, NULL));
  g_object_unref (freed);

  remove_in_other_process (shm_shared_memory_get_name (shm));
  remove_in_other_process (shm_shared_memory_get_name (closed));
  remove_in_other_process (freed_name);
  remove_in_other_process (shm_shared_memory_get_name (last));
  /* The kernel reports removals in their order. So after the report about @last, no report about an
   * earlier removal can arrive. */
  test_iterate_until (NULL, last_unlinked > 0);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 0);
}

static ShmSharedMemory *to_be_closed;

static void
close_at_watch (ShmStep step)
{
  if (step == SHM_STEP_WATCH)
    g_assert_true (shm_shared_memory_close (to_be_closed, NULL));
}

/* The object is closed while the watch is being created. Another thread can do this at any time. No
 * watch remains. */
static void
test_closed_during_watch (void)
{
  g_autofree char *name = test_name ("closed");
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, 1, 0, NULL);
  int unlinked = 0, last_unlinked = 0;
  g_autoptr (ShmSharedMemory) last = create_watched (&last_unlinked);

  g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);
  to_be_closed = shm;
  shm_test_hook = close_at_watch;
  shm_shared_memory_watch (shm, NULL);
  shm_test_hook = NULL;

  remove_in_other_process (name);
  remove_in_other_process (shm_shared_memory_get_name (last));
  test_iterate_until (NULL, last_unlinked > 0);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 0);
}

static void
free_in_handler (ShmSharedMemory *shm, gpointer user_data)
{
  g_clear_object ((ShmSharedMemory **) user_data);
}

static void
test_freed_in_handler (void)
{
  int unlinked = 0, last_unlinked = 0;
  ShmSharedMemory *shm = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) last = create_watched (&last_unlinked);

  g_signal_connect (shm, "unlinked", G_CALLBACK (free_in_handler), &shm);
  remove_in_other_process (shm_shared_memory_get_name (shm));
  test_iterate_until (NULL, shm == NULL);
  g_assert_cmpint (unlinked, ==, 1);
  remove_in_other_process (shm_shared_memory_get_name (last));
  test_iterate_until (NULL, last_unlinked > 0);
}

static void
run_until_other_is_removed (ShmSharedMemory *shm, gpointer other_unlinked)
{
  test_iterate_until (NULL, *(int *) other_unlinked > 0);
}

/* A handler runs the main loop, as a modal dialog does. The other watches continue. */
static void
test_nested_loop (void)
{
  int unlinked = 0, other_unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) other = create_watched (&other_unlinked);

  g_signal_connect (shm, "unlinked", G_CALLBACK (run_until_other_is_removed), &other_unlinked);
  remove_in_other_process (shm_shared_memory_get_name (shm));
  remove_in_other_process (shm_shared_memory_get_name (other));
  test_iterate_until (NULL, unlinked > 0);
  g_assert_cmpint (other_unlinked, ==, 1);
}

/* Many objects for many blocks share one inotify descriptor. */
static void
test_many (void)
{
  ShmSharedMemory *objects[100], *twins[100];
  int unlinked = 0, twins_unlinked = 0, descriptor;

  for (int i = 0; i < 100; i++)
    {
      objects[i] = create_watched (&unlinked);
      twins[i] = shm_shared_memory_attach (shm_shared_memory_get_name (objects[i]), 0, NULL);
      g_signal_connect (twins[i], "unlinked", G_CALLBACK (count), &twins_unlinked);
      g_assert_true (shm_shared_memory_watch (twins[i], NULL));
    }
  g_assert_cmpuint (find_inotify_descriptors (&descriptor), ==, 1);

  for (int i = 0; i < 50; i++)
    remove_in_other_process (shm_shared_memory_get_name (objects[i]));
  test_iterate_until (NULL, unlinked == 50 && twins_unlinked == 50);
  for (int i = 50; i < 100; i++)
    g_assert_true (shm_shared_memory_unlink (objects[i], NULL));
  test_iterate_until (NULL, unlinked == 100 && twins_unlinked == 100);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 100);
  g_assert_cmpint (twins_unlinked, ==, 100);

  for (int i = 0; i < 100; i++)
    {
      g_object_unref (objects[i]);
      g_object_unref (twins[i]);
    }
}

/* Many blocks are removed at once, or a peer causes many events. The main loop continues with its
 * other sources after a limited amount of work. */

#define N_REMOVED 500

static guint emitted[N_REMOVED]; /* the numbers of the blocks, in the order of the signals */
static guint n_emitted;

static void
add_emitted (ShmSharedMemory *shm, gpointer number)
{
  g_assert_cmpuint (n_emitted, <, N_REMOVED);
  emitted[n_emitted++] = GPOINTER_TO_UINT (number);
}

static void
test_many_at_once (void)
{
  ShmSharedMemory *objects[N_REMOVED];
  int ignored = 0;

  for (guint i = 0; i < N_REMOVED; i++)
    {
      objects[i] = create_watched (&ignored);
      g_signal_connect (objects[i], "unlinked", G_CALLBACK (add_emitted), GUINT_TO_POINTER (i));
    }
  dispatch_pending (NULL);
  g_assert_cmpuint (n_emitted, ==, 0);

  for (guint i = 0; i < N_REMOVED; i++)
    {
      g_autofree char *path = test_path (shm_shared_memory_get_name (objects[i * 7 % N_REMOVED]));

      g_assert_cmpint (unlink (path), ==, 0);
    }

  while (n_emitted < N_REMOVED)
    {
      const guint before = n_emitted;

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (n_emitted - before, <=, SHM_WATCH_CHECKS_MAX);
    }
  dispatch_pending (NULL);

  /* Each signal was emitted once, in the order of the removals. */
  g_assert_cmpint (ignored, ==, N_REMOVED);
  for (guint i = 0; i < N_REMOVED; i++)
    {
      g_assert_cmpuint (emitted[i], ==, i * 7 % N_REMOVED);
      g_object_unref (objects[i]);
    }
}

/* Causes @n_events events. The kernel merges an event with an equal event before it, so each event
 * concerns another block than the event before it. */
static void
cause_events (ShmSharedMemory *first, ShmSharedMemory *second, guint n_events)
{
  const int fds[] = { shm_shared_memory_get_fd (first), shm_shared_memory_get_fd (second) };

  for (guint i = 0; i < n_events; i++)
    g_assert_cmpint (fchmod (fds[i % 2], 0600), ==, 0);
}

static guint
read_queue_limit (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/sys/fs/inotify/max_queued_events", &text, NULL, NULL));

  return g_ascii_strtoull (text, NULL, 10);
}

static gboolean
add_one (gpointer counter)
{
  (*(int *) counter)++;

  return G_SOURCE_CONTINUE;
}

static void
test_many_events (void)
{
  int unlinked = 0, n_idle = 0, descriptor, left;
  g_autoptr (ShmSharedMemory) first = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) second = create_watched (&unlinked);
  const guint n_events = MIN (read_queue_limit (), 8000);
  guint idle;

  dispatch_pending (NULL);
  g_assert_cmpuint (find_inotify_descriptors (&descriptor), ==, 1);
  idle = g_idle_add_full (G_PRIORITY_LOW, add_one, &n_idle, NULL);
  cause_events (first, second, n_events);
  g_assert_cmpint (ioctl (descriptor, FIONREAD, &left), ==, 0);

  while (left > 0)
    {
      const int before = left;

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (ioctl (descriptor, FIONREAD, &left), ==, 0);
      g_assert_cmpint (before - left, <=,
                       SHM_SYSTEM_EVENTS_MAX * (int) sizeof (struct inotify_event));
    }

  /* Sources of a lower priority were dispatched too, before all events were handled. */
  g_assert_cmpint (n_idle, >=, (int) n_events / 1000);
  g_source_remove (idle);
  g_assert_cmpint (unlinked, ==, 0);
  g_assert_true (shm_shared_memory_unlink (first, NULL));
  g_assert_true (shm_shared_memory_unlink (second, NULL));
}

/* The kernel discards events when its queue is full. The signal is emitted even if the event about
 * the removal was discarded. */
static void
test_overflow (void)
{
  int unlinked = 0, others_unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) first = create_watched (&others_unlinked);
  g_autoptr (ShmSharedMemory) second = create_watched (&others_unlinked);
  const guint limit = read_queue_limit ();

  if (limit > 1000000)
    {
      g_test_skip ("the system has a very long queue of events");
      return;
    }

  dispatch_pending (NULL);
  cause_events (first, second, limit + 10);
  remove_in_other_process (shm_shared_memory_get_name (shm));
  test_iterate_until (NULL, unlinked > 0);
  dispatch_pending (NULL);
  g_assert_cmpint (unlinked, ==, 1);
  g_assert_cmpint (others_unlinked, ==, 0);
  g_assert_true (shm_shared_memory_unlink (first, NULL));
  g_assert_true (shm_shared_memory_unlink (second, NULL));
}

/* Each watch emits the signal in the main context in which it was created, also if another context
 * reads the event. */

typedef struct
{
  ShmSharedMemory *shm;
  GThread *emitted_in;
  int unlinked;
  int ready;   /* (atomic) */
  int removed; /* (atomic) */
} Watcher;

static void
save_thread (ShmSharedMemory *shm, gpointer user_data)
{
  Watcher *watcher = user_data;

  watcher->emitted_in = g_thread_self ();
  watcher->unlinked++;
}

static gpointer
watch_in_thread (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Watcher *watcher = user_data;

  g_main_context_push_thread_default (context);
  g_signal_connect (watcher->shm, "unlinked", G_CALLBACK (save_thread), watcher);
  g_assert_true (shm_shared_memory_watch (watcher->shm, NULL));
  dispatch_pending (context);
  g_atomic_int_set (&watcher->ready, TRUE);
  test_iterate_until (context, watcher->unlinked > 0);
  g_main_context_pop_thread_default (context);

  return g_thread_self ();
}

static void
test_contexts (void)
{
  g_autofree char *name = test_name ("context");
  int main_unlinked = 0;
  g_autoptr (ShmSharedMemory) in_main = create_watched (&main_unlinked);
  Watcher watcher = { .shm = shm_shared_memory_create (name, 1, 0, NULL) };
  GThread *thread = g_thread_new ("watcher", watch_in_thread, &watcher);

  while (!g_atomic_int_get (&watcher.ready))
    g_thread_yield ();

  remove_in_other_process (name);
  g_assert_true (g_thread_join (thread) == watcher.emitted_in);
  g_assert_cmpint (watcher.unlinked, ==, 1);

  dispatch_pending (NULL);
  g_assert_cmpint (main_unlinked, ==, 0);
  remove_in_other_process (shm_shared_memory_get_name (in_main));
  test_iterate_until (NULL, main_unlinked > 0);
  g_object_unref (watcher.shm);
}

/* The owner of a main context drops its last reference while a watch exists. The context exists
 * until the watch ends. A later context can have the same address, and must not use data of the
 * earlier context. */
static void
test_short_lived_contexts (void)
{
  for (int i = 0; i < 20; i++)
    {
      GMainContext *context = g_main_context_new ();
      int unlinked = 0, ignored = 0;
      ShmSharedMemory *shm, *unread;

      g_main_context_push_thread_default (context);
      unread = create_watched (&ignored);
      shm = create_watched (&unlinked);
      remove_in_other_process (shm_shared_memory_get_name (shm));
      test_iterate_until (context, unlinked > 0);
      g_main_context_pop_thread_default (context);

      g_main_context_unref (context);
      remove_in_other_process (shm_shared_memory_get_name (unread));
      g_object_unref (shm);
      g_object_unref (unread);
      g_assert_cmpint (ignored, ==, 0);
    }
}

/* A forked child that runs the main context has its own inotify descriptor. So it does not read
 * events of its parent. */
static void
test_forked_child (void)
{
  int unlinked = 0, second_unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  g_autoptr (ShmSharedMemory) second = create_watched (&second_unlinked);
  int to_child[2], to_parent[2];
  char byte = 0;
  pid_t child;

  dispatch_pending (NULL);
  g_assert_cmpint (pipe (to_child), ==, 0);
  g_assert_cmpint (pipe (to_parent), ==, 0);

  test_fork (child);
  if (child == 0)
    {
      dispatch_pending (NULL);
      g_assert_cmpint (unlinked, ==, 0);
      g_assert_cmpint (write (to_parent[1], &byte, 1), ==, 1);
      test_iterate_until (NULL, unlinked > 0);
      g_assert_cmpint (second_unlinked, ==, 0);
      g_assert_cmpint (write (to_parent[1], &byte, 1), ==, 1);
      g_assert_cmpint (read (to_child[0], &byte, 1), ==, 1);
      _exit (0);
    }

  g_assert_cmpint (read (to_parent[0], &byte, 1), ==, 1);
  remove_in_other_process (shm_shared_memory_get_name (shm));
  g_assert_cmpint (read (to_parent[0], &byte, 1), ==, 1);

  /* The child has read its event. The parent still receives its own event. */
  test_iterate_until (NULL, unlinked > 0);
  g_assert_cmpint (write (to_child[1], &byte, 1), ==, 1);
  test_join (child);
  g_assert_true (shm_shared_memory_unlink (second, NULL));

  close (to_child[0]);
  close (to_child[1]);
  close (to_parent[0]);
  close (to_parent[1]);
}

/* The child also emits the signal for a removal between fork() and its first iteration of the main
 * loop. */
static void
test_removed_during_fork (void)
{
  int unlinked = 0;
  g_autoptr (ShmSharedMemory) shm = create_watched (&unlinked);
  int to_child[2];
  char byte = 0;
  pid_t child;

  dispatch_pending (NULL);
  g_assert_cmpint (pipe (to_child), ==, 0);
  test_fork (child);
  if (child == 0)
    {
      g_assert_cmpint (read (to_child[0], &byte, 1), ==, 1);
      test_iterate_until (NULL, unlinked > 0);
      _exit (0);
    }

  remove_in_other_process (shm_shared_memory_get_name (shm));
  g_assert_cmpint (write (to_child[1], &byte, 1), ==, 1);
  test_join (child);
  test_iterate_until (NULL, unlinked > 0);
  close (to_child[0]);
  close (to_child[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/watch/removed", test_removed);
  g_test_add_func ("/watch/replaced", test_replaced);
  g_test_add_func ("/watch/renamed", test_renamed);
  g_test_add_func ("/watch/other-link", test_other_link);
  g_test_add_func ("/watch/removed-before", test_removed_before);
  g_test_add_func ("/watch/unwatched", test_unwatched);
  g_test_add_func ("/watch/closed-during-watch", test_closed_during_watch);
  g_test_add_func ("/watch/freed-in-handler", test_freed_in_handler);
  g_test_add_func ("/watch/nested-loop", test_nested_loop);
  g_test_add_func ("/watch/many", test_many);
  g_test_add_func ("/watch/many/at-once", test_many_at_once);
  g_test_add_func ("/watch/many/events", test_many_events);
  g_test_add_func ("/watch/many/overflow", test_overflow);
  g_test_add_func ("/watch/contexts", test_contexts);
  g_test_add_func ("/watch/contexts/short-lived", test_short_lived_contexts);
  g_test_add_func ("/watch/fork", test_forked_child);
  g_test_add_func ("/watch/fork/removed-during-fork", test_removed_during_fork);

  return g_test_run ();
}
