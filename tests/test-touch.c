/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests touching blocks, and watching their content. */

#include "core/shm-block.h"
#include "core/shm-system-watch.h"
#include "core/shm-watch.h"
#include "shm-shared-memory-private.h"

#include "shm-test.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static ShmSharedMemory *
create (void)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *block = shm_shared_memory_create_anonymous (4096, 0, &error);

  g_assert_no_error (error);

  return block;
}

static ShmBlock *
get_block (ShmSharedMemory *block)
{
  return &shm_shared_memory_get_private (block)->block;
}

static void
count (gpointer counter)
{
  (*(int *) counter)++;
}

static ShmWatch *
watch (ShmSharedMemory *block, int *counter)
{
  ShmFault fault;
  ShmWatch *created
      = shm_watch_new_for_content (get_block (block)->fd, &get_block (block)->identity, count,
                                   counter, NULL, &fault);

  g_assert_nonnull (created);

  return created;
}

static void
dispatch_pending (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

/* The other process kills itself, so that valgrind does not look for its leaks. */
static void
touch_in_other_process (ShmSharedMemory *block)
{
  const pid_t child = test_fork_child ();
  int status;

  if (child == 0)
    {
      shm_block_touch (get_block (block));
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, SIGKILL);
}

/* Returns the number of bytes in the queue of this process, or -1 if there is no queue. */
static int
count_queued (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *entry;
  int queued = -1;

  while ((entry = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", entry, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && strstr (target, "inotify") != NULL)
        g_assert_cmpint (ioctl (atoi (entry), FIONREAD, &queued), ==, 0);
    }

  return queued;
}

/* Touching */

static void
check_touch (ShmSharedMemory *block, int fd)
{
  int calls = 0;
  ShmWatch *created = watch (block, &calls);
  struct stat before, after;

  memset (shm_shared_memory_get_data (block, NULL), 0xaa, 4096);
  g_assert_cmpint (fstat (fd, &before), ==, 0);
  g_assert_true (shm_system_touch (fd));
  g_assert_cmpint (fstat (fd, &after), ==, 0);
  test_iterate_until (NULL, calls > 0);
  g_assert_cmpint (calls, ==, 1);

  g_assert_cmpint (after.st_size, ==, before.st_size);
  g_assert_cmpint (after.st_blocks, ==, before.st_blocks);
  for (int i = 0; i < 4096; i++)
    g_assert_cmpint (((guint8 *) shm_shared_memory_get_data (block, NULL))[i], ==, 0xaa);
  shm_watch_free (created);
}

static void
test_touch (void)
{
  g_autofree char *name = test_name ("touch");
  g_autoptr (ShmSharedMemory) named = shm_shared_memory_create (name, 4096, 0, NULL);
  g_autoptr (ShmSharedMemory) anonymous = create ();
  ShmFault fault;
  const int reopened = shm_system_reopen (shm_shared_memory_get_fd (anonymous), FALSE, &fault);
  const int read_only = shm_system_reopen (shm_shared_memory_get_fd (anonymous), TRUE, &fault);

  check_touch (named, shm_shared_memory_get_fd (named));
  g_assert_true (shm_shared_memory_unlink (named, NULL));
  check_touch (named, shm_shared_memory_get_fd (named));

  check_touch (anonymous, reopened);
  g_assert_true (shm_shared_memory_seal (anonymous, SHM_SEAL_RESIZE, NULL));
  check_touch (anonymous, reopened);
  /* This seal forbids holes. The mapping exists already. */
  if (shm_shared_memory_seal (anonymous, SHM_SEAL_FUTURE_WRITE, NULL))
    check_touch (anonymous, reopened);

  g_assert_false (shm_system_touch (-1));
  close (reopened);
  close (read_only);
}

/* The hole is far behind the largest file that the process may write. */
static void
test_touch_with_limit (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const pid_t child = test_fork_child ();

  if (child == 0)
    {
      const struct rlimit limit = { 4096, 4096 };
      int calls = 0;
      ShmWatch *created = watch (block, &calls);

      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      touch_in_other_process (block);
      test_iterate_until (NULL, calls > 0);
      shm_watch_free (created);
      g_object_unref (block);
      _exit (0);
    }
  test_join (child);
}

/* The second descriptor that a touch needs is opened once, and closed with the block. */
static void
test_descriptors (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const guint before = test_count_descriptors ();

  for (int i = 0; i < 3; i++)
    shm_block_touch (get_block (block));
  g_assert_cmpuint (test_count_descriptors (), ==, before + 1);
  g_assert_true (shm_shared_memory_close (block, NULL));
  g_assert_cmpuint (test_count_descriptors (), ==, before - 1);
}

/* Watching */

static void
test_touched (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  int calls = 0;
  ShmWatch *created = watch (block, &calls);

  dispatch_pending (NULL);
  g_assert_cmpint (calls, ==, 0);

  for (int i = 1; i < 10; i++)
    {
      touch_in_other_process (block);
      test_iterate_until (NULL, calls >= i);
      dispatch_pending (NULL);
      g_assert_cmpint (calls, ==, i);
    }

  /* Many events before the main loop runs lead to one call. */
  calls = 0;
  for (int i = 0; i < 10; i++)
    touch_in_other_process (block);
  test_iterate_until (NULL, calls > 0);
  dispatch_pending (NULL);
  g_assert_cmpint (calls, ==, 1);

  /* A store is no event. */
  g_assert_true (shm_shared_memory_set_uint8 (block, 0, 1, NULL));
  dispatch_pending (NULL);
  g_assert_cmpint (calls, ==, 1);

  shm_watch_free (created);
  touch_in_other_process (block);
  dispatch_pending (NULL);
  g_assert_cmpint (calls, ==, 1);
}

static void
test_written (void)
{
  g_autofree char *name = test_name ("written");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  int calls = 0;
  ShmWatch *created = watch (block, &calls);

  g_assert_cmpint (pwrite (shm_shared_memory_get_fd (block), "", 1, 0), ==, 1);
  test_iterate_until (NULL, calls > 0);
  shm_watch_free (created);
}

static void
count_unlinked (ShmSharedMemory *block, gpointer counter)
{
  (*(int *) counter)++;
}

/* Watches of the name and of the content share the file in the queue. */
static void
test_with_name (void)
{
  g_autofree char *name = test_name ("both");
  g_autofree char *path = test_path (name);
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create (name, 4096, 0, NULL);
  const int fd = shm_shared_memory_get_fd (block);
  int calls = 0, unlinked = 0;
  ShmWatch *created;

  g_signal_connect (block, "unlinked", G_CALLBACK (count_unlinked), &unlinked);
  created = watch (block, &calls);
  g_assert_true (shm_shared_memory_watch (block, NULL));
  shm_shared_memory_unwatch (block);
  g_assert_true (shm_shared_memory_watch (block, NULL));
  touch_in_other_process (block);
  test_iterate_until (NULL, calls > 0);
  g_assert_cmpint (unlinked, ==, 0);

  /* After the last watch of the content, writing no longer causes events. */
  shm_watch_free (created);
  dispatch_pending (NULL);
  g_assert_cmpint (pwrite (fd, "", 1, 0), ==, 1);
  g_assert_cmpint (count_queued (), ==, 0);

  g_assert_cmpint (unlink (path), ==, 0);
  test_iterate_until (NULL, unlinked > 0);
  g_assert_cmpint (calls, ==, 1);
}

/* The name is removed at the moment at which the last watch of the content ends. */
static void
test_removed_at_end (void)
{
  g_autofree char *name = test_name ("end");
  g_autofree char *path = test_path (name);
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create (name, 4096, 0, NULL);
  int calls = 0, unlinked = 0;
  ShmWatch *created = watch (block, &calls);

  g_signal_connect (block, "unlinked", G_CALLBACK (count_unlinked), &unlinked);
  g_assert_true (shm_shared_memory_watch (block, NULL));
  dispatch_pending (NULL);
  g_assert_cmpint (unlink (path), ==, 0);
  shm_watch_free (created);
  test_iterate_until (NULL, unlinked > 0);
}

static gboolean is_interesting;

static gboolean
is_event_interesting (gpointer counter)
{
  return is_interesting;
}

/* A process takes the event of its own touch out of its queue. */
static void
test_own_touch (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  int calls = 0, filtered_calls = 0;
  ShmWatch *filtered = watch (block, &filtered_calls);
  ShmWatch *created;

  dispatch_pending (NULL);
  shm_watch_set_filter (filtered, is_event_interesting);
  shm_block_touch (get_block (block));
  g_assert_cmpint (count_queued (), ==, 0);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpint (filtered_calls, ==, 0);

  created = watch (block, &calls);
  shm_block_touch (get_block (block));
  test_iterate_until (NULL, calls > 0);
  g_assert_cmpint (filtered_calls, ==, 0);

  is_interesting = TRUE;
  shm_block_touch (get_block (block));
  g_assert_cmpint (count_queued (), ==, 0);
  test_iterate_until (NULL, filtered_calls > 0);
  is_interesting = FALSE;

  shm_watch_free (created);
  shm_watch_free (filtered);
}

static void
test_suspend (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  int calls = 0, other_calls = 0;
  ShmWatch *created = watch (block, &calls);

  shm_watch_suspend (created);
  for (int i = 0; i < SHM_WATCH_IGNORED_MAX; i++)
    {
      shm_block_touch (get_block (block));
      g_assert_false (g_main_context_iteration (NULL, FALSE));
    }
  g_assert_true (shm_watch_resume (created, &other_calls));
  shm_block_touch (get_block (block));
  test_iterate_until (NULL, other_calls > 0);
  g_assert_cmpint (calls, ==, 0);

  shm_watch_suspend (created);
  for (int i = 0; i <= SHM_WATCH_IGNORED_MAX; i++)
    shm_block_touch (get_block (block));
  dispatch_pending (NULL);
  g_assert_false (shm_watch_resume (created, &calls));
  g_assert_cmpint (fchmod (get_block (block)->fd, 0600), ==, 0);
  g_assert_cmpint (count_queued (), <=, (int) sizeof (struct inotify_event)); /* IN_IGNORED */
  shm_watch_free (created);
}

static void
test_wake_file (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (ShmSharedMemory) other = create ();
  int calls = 0, other_calls = 0;
  ShmWatch *created = watch (block, &calls), *other_created = watch (other, &other_calls);

  shm_watch_wake_file (&get_block (block)->identity);
  test_iterate_until (NULL, calls > 0);
  g_assert_cmpint (other_calls, ==, 0);
  shm_watch_free (created);
  shm_watch_free (other_created);
}

/* When the queue is full, the system discards events, and all watches are called. */
static void
test_overflow (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (ShmSharedMemory) first = create (), second = create ();
  int calls = 0, ignored = 0;
  ShmWatch *watches[]
      = { watch (block, &calls), watch (first, &ignored), watch (second, &ignored) };
  g_autofree char *limit = NULL;
  const int fds[] = { shm_shared_memory_get_fd (first), shm_shared_memory_get_fd (second) };

  g_assert_true (
      g_file_get_contents ("/proc/sys/fs/inotify/max_queued_events", &limit, NULL, NULL));
  if (g_ascii_strtoull (limit, NULL, 10) > 1000000)
    g_test_skip ("the system has a very long queue of events");
  else
    {
      for (guint i = 0; i < g_ascii_strtoull (limit, NULL, 10) + 10; i++)
        g_assert_cmpint (fchmod (fds[i % 2], 0600), ==, 0);
      touch_in_other_process (block);
      test_iterate_until (NULL, calls > 0);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (watches); i++)
    shm_watch_free (watches[i]);
}

/* Another process touches two blocks without a pause. Sources of a lower priority still run. */
static gboolean
add_one (gpointer counter)
{
  (*(int *) counter)++;

  return G_SOURCE_CONTINUE;
}

static void
test_storm (void)
{
  g_autoptr (ShmSharedMemory) first = create (), second = create ();
  int calls = 0, n_idle = 0;
  ShmWatch *watches[] = { watch (first, &calls), watch (second, &calls) };
  const guint idle = g_idle_add_full (G_PRIORITY_LOW, add_one, &n_idle, NULL);
  const pid_t child = test_fork_child ();

  if (child == 0)
    for (;;)
      {
        shm_block_touch (get_block (first));
        shm_block_touch (get_block (second));
      }

  test_iterate_until (NULL, calls >= 2000 && n_idle >= 100);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  g_source_remove (idle);
  shm_watch_free (watches[0]);
  shm_watch_free (watches[1]);
}

typedef struct
{
  ShmSharedMemory *block;
  int ready; /* (atomic) */
} Thread;

static gpointer
watch_in_thread (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Thread *thread = user_data;
  int calls = 0;
  ShmWatch *created;

  g_main_context_push_thread_default (context);
  created = watch (thread->block, &calls);
  g_atomic_int_set (&thread->ready, TRUE);
  test_iterate_until (context, calls > 0);
  shm_watch_free (created);
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* Each context is woken, whichever context reads the event. */
static void
test_contexts (void)
{
  Thread thread = { create (), FALSE };
  int calls = 0;
  ShmWatch *created = watch (thread.block, &calls);
  GThread *running = g_thread_new ("watch", watch_in_thread, &thread);

  test_await (g_atomic_int_get (&thread.ready));
  shm_block_touch (get_block (thread.block));
  g_thread_join (running);
  test_iterate_until (NULL, calls > 0);
  shm_watch_free (created);
  g_object_unref (thread.block);
}

/* A forked child continues the watches of its parent with its own queue. */
static void
test_fork_watched (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  int calls = 0;
  ShmWatch *created = watch (block, &calls);
  pid_t child;

  dispatch_pending (NULL);
  child = test_fork_child ();
  if (child == 0)
    {
      test_iterate_until (NULL, calls == 1);
      touch_in_other_process (block);
      test_iterate_until (NULL, calls == 2);
      shm_watch_free (created);
      g_object_unref (block);
      _exit (0);
    }
  test_join (child);
  test_iterate_until (NULL, calls > 0);
  shm_watch_free (created);
}

/* In the child, the descriptor stands for another file. */
static void
test_fork_replaced (void)
{
  g_autoptr (ShmSharedMemory) block = create (), other = create ();
  int calls = 0;
  ShmWatch *created = watch (block, &calls);
  pid_t child;

  dispatch_pending (NULL);
  child = test_fork_child ();
  if (child == 0)
    {
      g_assert_cmpint (dup2 (shm_shared_memory_get_fd (other), shm_shared_memory_get_fd (block)),
                       >=, 0);
      test_iterate_until (NULL, calls == 1);
      touch_in_other_process (other);
      dispatch_pending (NULL);
      g_assert_cmpint (calls, ==, 1);
      shm_watch_free (created);
      g_object_unref (block);
      g_object_unref (other);
      _exit (0);
    }
  test_join (child);
  shm_watch_free (created);
}

static void
test_errors (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmIdentity identity = get_block (block)->identity;
  ShmFault fault;

  g_assert_null (shm_watch_new_for_content (-1, &identity, count, NULL, NULL, &fault));
  g_assert_cmpint (fault.errnum, ==, EBADF);
  identity.inode++;
  g_assert_null (
      shm_watch_new_for_content (get_block (block)->fd, &identity, count, NULL, NULL, &fault));
  g_assert_cmpuint (fault.step, ==, SHM_STEP_WATCH);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/touch/files", test_touch);
  g_test_add_func ("/touch/limit", test_touch_with_limit);
  g_test_add_func ("/touch/descriptors", test_descriptors);
  g_test_add_func ("/content/touched", test_touched);
  g_test_add_func ("/content/written", test_written);
  g_test_add_func ("/content/with-name", test_with_name);
  g_test_add_func ("/content/removed-at-end", test_removed_at_end);
  g_test_add_func ("/content/own-touch", test_own_touch);
  g_test_add_func ("/content/suspend", test_suspend);
  g_test_add_func ("/content/wake-file", test_wake_file);
  g_test_add_func ("/content/overflow", test_overflow);
  g_test_add_func ("/content/storm", test_storm);
  g_test_add_func ("/content/contexts", test_contexts);
  g_test_add_func ("/content/fork", test_fork_watched);
  g_test_add_func ("/content/fork/replaced", test_fork_replaced);
  g_test_add_func ("/content/errors", test_errors);

  return g_test_run ();
}
