/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests ShmWaker: asynchronous functions in a loop that is not GLib's. */

#include "shm-test.h"

#include "shm-private.h"

#include <poll.h>
#include <sys/resource.h>

#define EVENT 16

typedef struct
{
  int n_done;
  GError *error;
} Wait;

static void
on_done (GObject *block, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  shm_shared_memory_event_wait_finish (SHM_SHARED_MEMORY (block), result, &wait->error);
  wait->n_done++;
}

static ShmWaker *
create_waker (void)
{
  g_autoptr (GError) error = NULL;
  ShmWaker *waker = shm_waker_new (&error);

  g_assert_no_error (error);

  return waker;
}

static void
start (ShmWaker *waker,
       ShmSharedMemory *block,
       gint64 timeout,
       GCancellable *cancellable,
       Wait *wait)
{
  g_main_context_push_thread_default (shm_waker_get_context (waker));
  shm_shared_memory_event_wait_async (block, EVENT,
                                      shm_shared_memory_event_get (block, EVENT, NULL), timeout,
                                      cancellable, on_done, wait);
  g_main_context_pop_thread_default (shm_waker_get_context (waker));
}

static gboolean
is_readable (ShmWaker *waker, int timeout_msec)
{
  struct pollfd fd = { shm_waker_get_fd (waker), POLLIN, 0 };

  return poll (&fd, 1, timeout_msec) == 1;
}

static void
step (ShmWaker *waker)
{
  g_assert_true (is_readable (waker, TEST_TIMEOUT_SECONDS * 1000));
  shm_waker_dispatch (waker);
}

/* Dispatches until nothing is ready. Fails if the descriptor stays readable without a reason. */
static void
settle (ShmWaker *waker)
{
  for (int i = 0; is_readable (waker, 0); i++)
    {
      g_assert_cmpint (i, <, 100);
      shm_waker_dispatch (waker);
    }
}

static void
advance_in_other_process (ShmSharedMemory *block)
{
  pid_t child;

  test_fork (child);
  if (child == 0)
    {
      shm_shared_memory_event_advance (block, EVENT, NULL);
      g_object_unref (block);
      _exit (0);
    }
  test_join (child);
}

static void
test_wait (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  g_autoptr (ShmWaker) waker = create_waker ();
  Wait wait = { 0 };

  settle (waker);
  for (int i = 1; i <= 10; i++)
    {
      start (waker, block, -1, NULL, &wait);
      settle (waker);
      g_assert_cmpint (wait.n_done, ==, i - 1);
      advance_in_other_process (block);
      while (wait.n_done < i)
        step (waker);
      settle (waker);
      g_assert_cmpint (wait.n_done, ==, i);
    }
  g_assert_no_error (wait.error);
}

static void
test_timeout (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  g_autoptr (ShmWaker) waker = create_waker ();
  const gint64 timeouts[] = { 50000, 0, 1000, 20000 };

  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      const gint64 started = g_get_monotonic_time ();
      Wait wait = { 0 };

      start (waker, block, timeouts[i], NULL, &wait);
      while (wait.n_done == 0)
        step (waker);
      test_assert_error (wait.error, SHM_ERROR_TIMED_OUT, "");
      g_assert_cmpint (g_get_monotonic_time () - started, >=, timeouts[i]);
      settle (waker);
    }
}

static gpointer
cancel_in_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);

  return NULL;
}

/* Other threads make sources ready: one that cancels, and one that does the work of a function. */
static void
on_read (GObject *block, GAsyncResult *result, gpointer bytes)
{
  *(GBytes **) bytes = shm_shared_memory_read_finish (SHM_SHARED_MEMORY (block), result, NULL);
}

static void
test_threads (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  g_autoptr (ShmWaker) waker = create_waker ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = NULL;
  GThread *thread;
  Wait wait = { 0 };

  start (waker, block, -1, cancellable, &wait);
  settle (waker);
  /* GLib 2.74 leaks a GCancellableSource that is dispatched before g_cancellable_cancel() returns
   * in the other thread. So let the thread end first. */
  thread = g_thread_new ("cancel", cancel_in_thread, cancellable);
  g_thread_join (thread);
  while (wait.n_done == 0)
    step (waker);
  g_assert_error (wait.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&wait.error);

  g_main_context_push_thread_default (shm_waker_get_context (waker));
  shm_shared_memory_read_async (block, 0, 10, NULL, on_read, &bytes);
  g_main_context_pop_thread_default (shm_waker_get_context (waker));
  while (bytes == NULL)
    step (waker);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 10);
}

static gboolean
count_call (gpointer counter)
{
  (*(int *) counter)++;

  return G_SOURCE_REMOVE;
}

/* One call dispatches the sources of the highest priority. The descriptor stays readable. */
static void
test_priorities (void)
{
  g_autoptr (ShmWaker) waker = create_waker ();
  int calls = 0;

  for (int priority = 0; priority < 5; priority++)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_priority (source, priority);
      g_source_set_callback (source, count_call, &calls, NULL);
      g_source_attach (source, shm_waker_get_context (waker));
    }
  while (calls < 5)
    step (waker);
  settle (waker);
}

static void
on_done_drop (GObject *block, GAsyncResult *result, gpointer waker)
{
  g_clear_object ((ShmWaker **) waker);
}

/* The callback drops the waker. */
static void
test_dropped (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  const guint n_descriptors = test_count_descriptors ();
  ShmWaker *waker = create_waker ();

  g_main_context_push_thread_default (shm_waker_get_context (waker));
  shm_shared_memory_event_wait_async (block, EVENT, 1, -1, NULL, on_done_drop, &waker);
  g_main_context_pop_thread_default (shm_waker_get_context (waker));
  while (waker != NULL)
    step (waker);
  /* The queue of events stays open. */
  g_assert_cmpuint (test_count_descriptors (), <=, n_descriptors + 1);
}

/* A child must not change the descriptor, which it shares with its parent. */
static void
test_forked (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  ShmWaker *waker = create_waker ();
  Wait wait = { 0 };
  pid_t child;

  start (waker, block, -1, NULL, &wait);
  settle (waker);
  test_fork (child);
  if (child == 0)
    {
      ShmWaker *own = create_waker ();
      Wait own_wait = { 0 };

      /* The queue of the child gets another number than that of the parent. */
      g_assert_cmpint (dup (0), >=, 0);
      shm_waker_dispatch (waker);
      g_object_unref (waker);
      start (own, block, -1, NULL, &own_wait);
      settle (own);
      shm_shared_memory_event_advance (block, EVENT, NULL);
      while (own_wait.n_done == 0)
        step (own);
      g_object_unref (own);
      g_object_unref (block);
      _exit (0);
    }
  test_join (child);
  while (wait.n_done == 0)
    step (waker);
  g_object_unref (waker);
}

/* Waits without sources */

static void
count_timeout (gpointer counter, gboolean is_event, guint32 value, GError *error)
{
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "");
  (*(int *) counter)++;
}

static void
ignore (gpointer counter)
{
}

static void
add (ShmPrivateWaits *waits, ShmSharedMemory *block, gint64 timeout, int *counter)
{
  guint32 value = shm_shared_memory_event_get (block, EVENT, NULL);

  g_assert_cmpint (shm_private_waits_add (waits, block, EVENT, &value, TRUE, timeout, counter), ==,
                   SHM_PRIVATE_WAIT_SLEEPS);
}

/* A wait begins when the timeout of another wait is over, but before the dispatch. */
static void
test_begin_after_timeout (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  g_autoptr (ShmWaker) waker = create_waker ();
  ShmPrivateWaits *waits = shm_private_waits_new (waker, count_timeout, ignore);
  int n_done = 0;

  /* A new watch would wake the waker. So the second wait ends, and the third wait uses its watch.
   * If the first wait has ended too, the test was too slow, and begins again. */
  do
    {
      n_done = 0;
      add (waits, block, 20000, &n_done);
      add (waits, block, 0, &n_done);
      while (n_done == 0)
        shm_private_waits_dispatch (waits);
      settle (waker);
    }
  while (n_done > 1);

  g_assert_true (is_readable (waker, TEST_TIMEOUT_SECONDS * 1000));
  add (waits, block, -1, &n_done);
  g_assert_true (is_readable (waker, 0));
  while (n_done == 1)
    shm_private_waits_dispatch (waits);
  settle (waker);
  g_assert_cmpint (n_done, ==, 2);

  shm_private_waits_free (waits);
}

/* A child shares the timer with its parent, and must not set it. */
static void
test_begin_in_child (void)
{
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  g_autoptr (ShmWaker) waker = create_waker ();
  ShmPrivateWaits *waits = shm_private_waits_new (waker, count_timeout, ignore);
  int n_done = 0;
  pid_t child;

  settle (waker);
  test_fork (child);
  if (child == 0)
    {
      add (waits, block, 0, &n_done);
      _exit (0);
    }
  test_join (child);
  settle (waker);

  shm_private_waits_free (waits);
}

static void
test_no_descriptors (void)
{
  if (g_getenv ("SHMOBJ_VALGRIND") != NULL)
    {
      g_test_skip ("valgrind has descriptors of its own");
      return;
    }

  for (int n_free = 0; n_free < 4; n_free++)
    {
      pid_t child;

      test_fork (child);
      if (child == 0)
        {
          g_autoptr (GError) error = NULL;
          const int first_free = dup (0);
          const struct rlimit limit = { first_free + n_free, first_free + n_free };

          close (first_free);
          g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
          g_assert_null (shm_waker_new (&error));
          g_assert_error (error, SHM_ERROR, SHM_ERROR_TOO_MANY_FILES);
          g_clear_error (&error);
          _exit (0);
        }
      test_join (child);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/waker/wait", test_wait);
  g_test_add_func ("/waker/timeout", test_timeout);
  g_test_add_func ("/waker/threads", test_threads);
  g_test_add_func ("/waker/priorities", test_priorities);
  g_test_add_func ("/waker/dropped", test_dropped);
  g_test_add_func ("/waker/forked", test_forked);
  g_test_add_func ("/waker/begin-after-timeout", test_begin_after_timeout);
  g_test_add_func ("/waker/begin-in-child", test_begin_in_child);
  g_test_add_func ("/waker/no-descriptors", test_no_descriptors);

  return g_test_run ();
}
