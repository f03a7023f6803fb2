/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests waiting for words and events of a block in main loops. */

#include "shm-test.h"

#include "core/shm-event.h"
#include "core/shm-fault.h"
#include "shm-shared-memory-private.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define WORD    8
#define EVENT   16
#define SECOND  G_USEC_PER_SEC
#define FOREVER (-1)

static ShmSharedMemory *
create (void)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *block = shm_shared_memory_create_anonymous (4096, 0, &error);

  g_assert_no_error (error);

  return block;
}

static ShmEvent *
get_event (ShmSharedMemory *block, guint64 offset)
{
  return (gpointer) ((guint8 *) shm_shared_memory_get_data (block, NULL) + offset);
}

static gboolean
is_armed (ShmSharedMemory *block)
{
  return (__atomic_load_n (&get_event (block, EVENT)->armed, __ATOMIC_SEQ_CST) & SHM_EVENT_LOOPS)
         != 0;
}

/* Without a second look, a test hangs if a wake-up is lost. */
static void
set_look_usec (gint64 usec)
{
  shm_test_look_usec = usec;
}

#define NEVER (2 * TEST_TIMEOUT_SECONDS * SECOND)

static void
dispatch_pending (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

/* Something that another thread does when the main loop is just going to sleep: the sources have
 * looked, and the call of poll() follows. */
static GThreadFunc sleep_func;
static gpointer sleep_data;

static int
poll_after_hook (GPollFD *fds, guint n_fds, int timeout)
{
  const GThreadFunc func = sleep_func;

  if (timeout != 0 && func != NULL)
    {
      const int n_ready = g_poll (fds, n_fds, 0);

      if (n_ready > 0)
        return n_ready;
      sleep_func = NULL;
      g_thread_join (g_thread_new ("sleep", func, sleep_data));
    }

  return g_poll (fds, n_fds, timeout);
}

static void
do_while_asleep (GThreadFunc func, gpointer data)
{
  sleep_data = data;
  sleep_func = func;
}

/* A wait, and how it ended */

typedef struct
{
  gboolean is_event;
  gboolean is_done;
  guint32 result;
  GError *error;
} Wait;

static void
on_done (GObject *block, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  g_assert_false (wait->is_done);
  wait->is_done = TRUE;
  wait->result
      = wait->is_event
            ? shm_shared_memory_event_wait_finish (SHM_SHARED_MEMORY (block), result, &wait->error)
            : (guint32) shm_shared_memory_wait_finish (SHM_SHARED_MEMORY (block), result,
                                                       &wait->error);
}

static void
start_at (Wait *wait,
          ShmSharedMemory *block,
          gboolean is_event,
          guint64 offset,
          guint32 seen,
          gint64 timeout,
          GCancellable *cancellable)
{
  *wait = (Wait){ .is_event = is_event };
  if (is_event)
    shm_shared_memory_event_wait_async (block, offset, seen, timeout, cancellable, on_done, wait);
  else
    shm_shared_memory_wait_async (block, offset, seen, timeout, cancellable, on_done, wait);
}

static void
start (Wait *wait, ShmSharedMemory *block, gboolean is_event, gint64 timeout, GCancellable *cancel)
{
  start_at (wait, block, is_event, is_event ? EVENT : WORD, 0, timeout, cancel);
}

/* Changes the word or the event. */
static void
change (ShmSharedMemory *block, gboolean is_event)
{
  if (is_event)
    shm_shared_memory_event_advance (block, EVENT, NULL);
  else
    {
      shm_shared_memory_atomic_add_int32 (block, WORD, 1, NULL);
      shm_shared_memory_wake (block, WORD, 1, NULL);
    }
}

static gpointer
change_event (gpointer block)
{
  change (block, TRUE);

  return NULL;
}

static gpointer
change_word (gpointer block)
{
  change (block, FALSE);

  return NULL;
}

static void
change_in_other_process (ShmSharedMemory *block, gboolean is_event)
{
  const pid_t child = test_fork_child ();

  if (child == 0)
    {
      change (block, is_event);
      test_end_child (block);
    }
  test_join (child);
}

#define for_both(is_event) for (gboolean is_event = FALSE; is_event <= TRUE; is_event++)

/* Waiting */

static void
test_changed_already (void)
{
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();
    Wait wait;

    change (block, is_event);
    start (&wait, block, is_event, FOREVER, NULL);
    g_assert_false (wait.is_done);
    test_iterate_until (NULL, wait.is_done);
    g_assert_no_error (wait.error);
    g_assert_cmpuint (wait.result, ==, 1);
  }
}

static void
test_changed (void)
{
  set_look_usec (NEVER);
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();

    for (guint i = 0; i < 20; i++)
      {
        Wait wait;

        start_at (&wait, block, is_event, is_event ? EVENT : WORD, i, FOREVER, NULL);
        dispatch_pending (NULL);
        g_assert_false (wait.is_done);
        change_in_other_process (block, is_event);
        test_iterate_until (NULL, wait.is_done);
        g_assert_no_error (wait.error);
        g_assert_cmpuint (wait.result, ==, is_event ? i + 1 : 1);
      }
  }
  set_look_usec (SECOND);
}

/* Both the sequence number 4294967295 and its successor 0 are results without an error. */
static void
test_wrap (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const guint32 seen[] = { G_MAXUINT32 - 1, G_MAXUINT32 };

  g_assert_true (shm_shared_memory_set_uint32 (block, EVENT, seen[0], NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (seen); i++)
    {
      Wait wait;

      start_at (&wait, block, TRUE, EVENT, seen[i], FOREVER, NULL);
      dispatch_pending (NULL);
      shm_shared_memory_event_advance (block, EVENT, NULL);
      test_iterate_until (NULL, wait.is_done);
      g_assert_no_error (wait.error);
      g_assert_cmpuint (wait.result, ==, (guint32) (seen[i] + 1));
    }
}

/* Several waits for several words of several blocks, of which some change. */
static void
test_several (void)
{
  g_autoptr (ShmSharedMemory) block = create (), other = create ();
  Wait waits[5];

  set_look_usec (NEVER);
  start_at (&waits[0], block, FALSE, WORD, 0, FOREVER, NULL);
  start_at (&waits[1], block, FALSE, WORD + 4, 0, FOREVER, NULL);
  start_at (&waits[2], block, TRUE, EVENT, 0, FOREVER, NULL);
  start_at (&waits[3], other, TRUE, EVENT, 0, FOREVER, NULL);
  start_at (&waits[4], block, TRUE, EVENT, 0, FOREVER, NULL);
  dispatch_pending (NULL);

  change_in_other_process (block, TRUE);
  test_iterate_until (NULL, waits[2].is_done && waits[4].is_done);
  dispatch_pending (NULL);
  g_assert_false (waits[0].is_done || waits[1].is_done || waits[3].is_done);
  change_in_other_process (block, FALSE);
  test_iterate_until (NULL, waits[0].is_done);
  dispatch_pending (NULL);
  g_assert_false (waits[1].is_done || waits[3].is_done);
  change_in_other_process (other, TRUE);
  test_iterate_until (NULL, waits[3].is_done);
  g_assert_true (shm_shared_memory_close (block, NULL));
  test_iterate_until (NULL, waits[1].is_done);
  g_assert_error (waits[1].error, SHM_ERROR, SHM_ERROR_CLOSED);
  g_clear_error (&waits[1].error);
  set_look_usec (SECOND);
}

/* This process, which waits, makes the change itself. */
static void
test_own_change (void)
{
  set_look_usec (NEVER);
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();
    Wait wait;

    start (&wait, block, is_event, FOREVER, NULL);
    dispatch_pending (NULL);
    change (block, is_event);
    test_iterate_until (NULL, wait.is_done);
    g_assert_no_error (wait.error);
  }
  set_look_usec (SECOND);
}

/* Another thread makes the change when the main loop has looked. */
static void
test_change_while_asleep (void)
{
  set_look_usec (NEVER);
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();
    Wait wait;

    start (&wait, block, is_event, FOREVER, NULL);
    do_while_asleep (is_event ? change_event : change_word, block);
    test_iterate_until (NULL, wait.is_done);
    g_assert_no_error (wait.error);
  }
  set_look_usec (SECOND);
}

static ShmSharedMemory *block_of_hook;

static void
change_at_arm (ShmStep step)
{
  if (step != SHM_STEP_EVENT_ARM)
    return;
  shm_test_hook = NULL;
  change (block_of_hook, TRUE);
}

/* The change happens after the first look, and before the event is armed. */
static void
test_change_before_arming (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  Wait wait;

  set_look_usec (NEVER);
  change (block, TRUE);
  start_at (&wait, block, TRUE, EVENT, 1, 1000, NULL);
  test_iterate_until (NULL, wait.is_done);
  g_clear_error (&wait.error);

  /* The next wait uses the same watch. If this thread owns the context, attaching a source does not
   * wake the context. So nothing but the second look can notice the change. */
  dispatch_pending (NULL);
  g_assert_true (g_main_context_acquire (NULL));
  block_of_hook = block;
  shm_test_hook = change_at_arm;
  start_at (&wait, block, TRUE, EVENT, 1, FOREVER, NULL);
  test_iterate_until (NULL, wait.is_done);
  g_assert_null (shm_test_hook);
  g_assert_no_error (wait.error);
  g_main_context_release (NULL);
  set_look_usec (SECOND);
}

/* A program that only stores is noticed by the second look. */
static void
test_change_without_wake (void)
{
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();
    Wait wait;

    start (&wait, block, is_event, FOREVER, NULL);
    dispatch_pending (NULL);
    shm_shared_memory_atomic_add_int32 (block, is_event ? EVENT : WORD, 1, NULL);
    test_iterate_until (NULL, wait.is_done);
    g_assert_no_error (wait.error);
  }
}

/* Writing to the block with a system call wakes the main loop. */
static void
test_write (void)
{
  g_autofree char *name = test_name ("write");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 100, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  const gint32 one = 1;
  g_autoptr (GBytes) bytes = g_bytes_new_static (&one, sizeof one);
  Wait wait;

  set_look_usec (NEVER);
  start (&wait, block, FALSE, FOREVER, NULL);
  dispatch_pending (NULL);
  g_assert_true (shm_shared_memory_write (block, WORD, bytes, NULL));
  test_iterate_until (NULL, wait.is_done);
  g_assert_no_error (wait.error);
  set_look_usec (SECOND);
}

static void
test_read_only (void)
{
  for_both (is_event)
  {
    g_autofree char *name = test_name ("read-only");
    g_autoptr (ShmSharedMemory) block
        = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
    g_autoptr (ShmSharedMemory) reader
        = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, NULL);
    Wait wait;

    set_look_usec (NEVER);
    start (&wait, reader, is_event, FOREVER, NULL);
    do_while_asleep (is_event ? change_event : change_word, block);
    test_iterate_until (NULL, wait.is_done);
    g_assert_no_error (wait.error);
    g_assert_cmpuint (get_event (block, EVENT)->armed, ==, 0);
    set_look_usec (SECOND);
  }
}

/* Sealing the block against writing does not end a wait, and a wait does not prevent the seal. */
static void
test_sealed (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  Wait wait;

  start (&wait, block, TRUE, 50 * 1000, NULL);
  dispatch_pending (NULL);
  g_assert_true (is_armed (block));
  g_assert_true (shm_shared_memory_seal (block, SHM_SEAL_WRITE, NULL));
  test_iterate_until (NULL, wait.is_done);
  g_assert_error (wait.error, SHM_ERROR, SHM_ERROR_TIMED_OUT);
  g_clear_error (&wait.error);
}

/* Ending a wait */

static void
test_timeout (void)
{
  const gint64 timeouts[] = { 0, 1, 1000, 30000 };

  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();

    for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
      {
        const gint64 started = g_get_monotonic_time ();
        Wait wait;

        start (&wait, block, is_event, timeouts[i], NULL);
        g_assert_false (wait.is_done);
        test_iterate_until (NULL, wait.is_done);
        test_assert_error (wait.error, SHM_ERROR_TIMED_OUT, "offset");
        g_assert_cmpint (g_get_monotonic_time () - started, >=, timeouts[i]);
        g_assert_cmpuint (wait.result, ==, 0);
      }
  }
}

static gpointer
cancel_in_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);

  return NULL;
}

static void
test_cancel (void)
{
  set_look_usec (NEVER);
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();

    /* Before the wait, before the first iteration, while the main loop sleeps, and after the
     * change. */
    for (int moment = 0; moment < 4; moment++)
      {
        g_autoptr (GCancellable) cancellable = g_cancellable_new ();
        Wait wait;

        if (moment == 0)
          g_cancellable_cancel (cancellable);
        start_at (&wait, block, is_event, is_event ? EVENT : WORD, 0, FOREVER, cancellable);
        if (moment == 1)
          g_cancellable_cancel (cancellable);
        if (moment == 2)
          do_while_asleep (cancel_in_thread, cancellable);
        if (moment == 3)
          {
            dispatch_pending (NULL);
            change (block, is_event);
            g_cancellable_cancel (cancellable);
          }
        g_assert_false (wait.is_done);
        test_iterate_until (NULL, wait.is_done);
        g_assert_error (wait.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_clear_error (&wait.error);
      }
  }
  set_look_usec (SECOND);
}

static gpointer
close_in_thread (gpointer block)
{
  g_assert_true (shm_shared_memory_close (block, NULL));

  return NULL;
}

static void
test_close (void)
{
  const guint n_descriptors = test_count_descriptors ();

  set_look_usec (NEVER);
  for_both (is_event)
  {
    for (int moment = 0; moment < 4; moment++)
      {
        g_autoptr (ShmSharedMemory) block = create ();
        /* The end of the file would be an event, too. */
        g_autoptr (ShmSharedMemory) other G_GNUC_UNUSED
            = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (block), 0, NULL);
        Wait wait;

        if (moment == 0)
          g_assert_true (shm_shared_memory_close (block, NULL));
        start (&wait, block, is_event, FOREVER, NULL);
        if (moment == 1)
          g_assert_true (shm_shared_memory_close (block, NULL));
        if (moment == 2)
          {
            dispatch_pending (NULL);
            g_assert_true (shm_shared_memory_close (block, NULL));
          }
        if (moment == 3)
          do_while_asleep (close_in_thread, block);
        g_assert_false (wait.is_done);
        test_iterate_until (NULL, wait.is_done);
        g_assert_error (wait.error, SHM_ERROR, SHM_ERROR_CLOSED);
        g_clear_error (&wait.error);

        /* The memory and the descriptor of the block are free, even before the callback. The queue
         * stays open. */
        g_assert_cmpuint (test_count_descriptors (), <=, n_descriptors + 3);
      }
  }
  set_look_usec (SECOND);
}

/* The last reference to the object is dropped while it waits: the wait holds another one. */
static void
test_unref (void)
{
  ShmSharedMemory *block = create (), *weak = block;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Wait wait;

  g_object_add_weak_pointer (G_OBJECT (block), (gpointer *) &weak);
  start (&wait, block, TRUE, FOREVER, cancellable);
  g_object_unref (block);
  dispatch_pending (NULL);
  g_assert_nonnull (weak);
  g_cancellable_cancel (cancellable);
  test_iterate_until (NULL, wait.is_done);
  g_clear_error (&wait.error);
  dispatch_pending (NULL);
  g_assert_null (weak);
}

static void
test_errors (void)
{
  g_autofree char *name = test_name ("errors");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 12, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  const struct
  {
    guint64 word, event; /* offsets */
    int code;
  } cases[] = {
    { 2, 4, SHM_ERROR_MISALIGNED },
    { 12, 8, SHM_ERROR_OUT_OF_RANGE },
    { G_MAXUINT64 - 3, G_MAXUINT64 - 7, SHM_ERROR_OUT_OF_RANGE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for_both (is_event)
    {
      const guint64 offset = is_event ? cases[i].event : cases[i].word;
      g_autoptr (GError) error = NULL;
      Wait wait;

      start_at (&wait, block, is_event, offset, 0, FOREVER, NULL);
      g_assert_false (wait.is_done);
      test_iterate_until (NULL, wait.is_done);
      test_assert_error (wait.error, cases[i].code, name);

      if (is_event)
        g_assert_null (shm_shared_memory_create_event_source (block, offset, 0, NULL, &error));
      else
        g_assert_null (shm_shared_memory_create_wait_source (block, offset, 0, NULL, &error));
      test_assert_error (error, cases[i].code, name);
    }
}

/* Sources */

static gboolean
count_call (gpointer counter)
{
  (*(int *) counter)++;

  return G_SOURCE_CONTINUE;
}

static GSource *
attach_source (ShmSharedMemory *block,
               gboolean is_event,
               GCancellable *cancellable,
               int priority,
               int *calls)
{
  g_autoptr (GError) error = NULL;
  GSource *source
      = is_event ? shm_shared_memory_create_event_source (block, EVENT, 0, cancellable, &error)
                 : shm_shared_memory_create_wait_source (block, WORD, 0, cancellable, &error);

  g_assert_no_error (error);
  g_source_set_callback (source, count_call, calls, NULL);
  g_source_set_priority (source, priority);
  g_source_attach (source, NULL);

  return source;
}

static void
test_source (void)
{
  const int priorities[] = { G_PRIORITY_DEFAULT, G_PRIORITY_HIGH, G_PRIORITY_LOW };

  set_look_usec (NEVER);
  for_both (is_event)
  {
    for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
      {
        g_autoptr (ShmSharedMemory) block = create ();
        int calls = 0;
        g_autoptr (GSource) source = attach_source (block, is_event, NULL, priorities[i], &calls);

        dispatch_pending (NULL);
        g_assert_cmpint (calls, ==, 0);
        for (int round = 1; round <= 10; round++)
          {
            change_in_other_process (block, is_event);
            test_iterate_until (NULL, calls >= round);
            dispatch_pending (NULL);
            g_assert_cmpint (calls, ==, round);
          }

        /* Several changes lead to one call. */
        for (int change_no = 0; change_no < 5; change_no++)
          change (block, is_event);
        test_iterate_until (NULL, calls > 10);
        dispatch_pending (NULL);
        g_assert_cmpint (calls, ==, 11);

        g_source_destroy (source);
        change (block, is_event);
        dispatch_pending (NULL);
        g_assert_cmpint (calls, ==, 11);
      }
  }
  set_look_usec (SECOND);
}

static void
test_source_ends (void)
{
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    int cancelled_calls = 0, calls = 0;
    g_autoptr (GSource) cancelled
        = attach_source (block, is_event, cancellable, G_PRIORITY_DEFAULT, &cancelled_calls);
    g_autoptr (GSource) closed = attach_source (block, is_event, NULL, G_PRIORITY_DEFAULT, &calls);

    dispatch_pending (NULL);
    g_cancellable_cancel (cancellable);
    test_iterate_until (NULL, cancelled_calls > 0);
    dispatch_pending (NULL);
    g_assert_cmpint (cancelled_calls, ==, 1);
    g_assert_true (g_source_is_destroyed (cancelled));
    g_assert_cmpint (calls, ==, 0);

    g_assert_true (shm_shared_memory_close (block, NULL));
    test_iterate_until (NULL, calls > 0);
    dispatch_pending (NULL);
    g_assert_cmpint (calls, ==, 1);
    g_assert_true (g_source_is_destroyed (closed));
  }
}

/* A source that is never attached, and one without a callback. */
static void
test_source_unused (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GSource) unused = shm_shared_memory_create_wait_source (block, WORD, 0, NULL, NULL);
  g_autoptr (GSource) mute = shm_shared_memory_create_wait_source (block, WORD, 1, NULL, NULL);

  g_assert_nonnull (unused);
  g_source_attach (mute, NULL);
  g_test_expect_message ("Shm", G_LOG_LEVEL_WARNING, "*no callback*");
  dispatch_pending (NULL);
  g_test_assert_expected_messages ();
  g_assert_true (g_source_is_destroyed (mute));
}

/* Main contexts */

typedef struct
{
  ShmSharedMemory *block;
  gboolean is_event;
  int n_ready; /* (atomic) */
} Threads;

static gpointer
wait_in_context (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Threads *threads = user_data;
  Wait wait;

  g_main_context_push_thread_default (context);
  start (&wait, threads->block, threads->is_event, FOREVER, NULL);
  dispatch_pending (context);
  g_atomic_int_inc (&threads->n_ready);
  test_iterate_until (context, wait.is_done);
  g_assert_no_error (wait.error);
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_contexts (void)
{
  set_look_usec (NEVER);
  for_both (is_event)
  {
    Threads threads = { create (), is_event, 0 };
    GThread *running[4];
    Wait wait;

    for (gsize i = 0; i < G_N_ELEMENTS (running); i++)
      running[i] = g_thread_new ("wait", wait_in_context, &threads);
    start (&wait, threads.block, is_event, FOREVER, NULL);
    dispatch_pending (NULL);
    test_await (g_atomic_int_get (&threads.n_ready) == G_N_ELEMENTS (running));
    change (threads.block, is_event);
    for (gsize i = 0; i < G_N_ELEMENTS (running); i++)
      g_thread_join (running[i]);
    test_iterate_until (NULL, wait.is_done);
    g_object_unref (threads.block);
  }
  set_look_usec (SECOND);
}

/* A forked child waits, also with waits of its parent. */
static void
test_forked (void)
{
  set_look_usec (NEVER);
  for_both (is_event)
  {
    g_autoptr (ShmSharedMemory) block = create ();
    Wait wait, other;
    pid_t child;

    start (&wait, block, is_event, FOREVER, NULL);
    dispatch_pending (NULL);
    child = test_fork_child ();
    if (child == 0)
      {
        start (&other, block, is_event, FOREVER, NULL);
        dispatch_pending (NULL);
        change_in_other_process (block, is_event);
        test_iterate_until (NULL, wait.is_done && other.is_done);
        test_end_child (block);
      }
    test_iterate_until (NULL, wait.is_done);
    test_join (child);
  }
  set_look_usec (SECOND);
}

/* Refuses system calls in this process, as a sandbox or an old kernel does. */
static void
refuse_calls (const int *numbers, gsize n, int errnum)
{
  for (gsize i = 0; i < n; i++)
    {
      struct sock_filter code[] = {
        BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
        BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1),
        BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
        BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      };
      const struct sock_fprog program = { G_N_ELEMENTS (code), code };

      g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
      g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
    }
}

static void
check_refused (const int *numbers, gsize n, int errnum)
{
  const pid_t child = test_fork_child ();
  int status;

  if (child == 0)
    {
      /* ThreadSanitizer does not support threads in a forked child. */
      refuse_calls (numbers, n, errnum);
      test_changed ();
      test_own_change ();
      test_timeout ();
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

/* The user or the process cannot have another inotify descriptor, or another watch; the file cannot
 * be watched; a sandbox refuses what other libraries would use. */
static void
test_refused (void)
{
  const int init[] = { SYS_inotify_init1 }, add[] = { SYS_inotify_add_watch };
  const int others[] = { 449, 425, 426, 427 }; /* futex_waitv(), io_uring */

  if (test_skip_if_emulated ("seccomp"))
    return;

  check_refused (init, G_N_ELEMENTS (init), EMFILE);
  check_refused (init, G_N_ELEMENTS (init), ENOSYS);
  check_refused (add, G_N_ELEMENTS (add), ENOSPC);
  check_refused (add, G_N_ELEMENTS (add), EACCES);
  check_refused (others, G_N_ELEMENTS (others), EPERM);
}

/* Many wake-ups */

typedef struct
{
  ShmSharedMemory *block;
  guint64 own, other; /* offsets of events */
  guint32 n_left;
} Player;

static gboolean
answer (gpointer user_data)
{
  Player *player = user_data;

  if (player->n_left > 0)
    {
      shm_shared_memory_event_advance (player->block, player->own, NULL);
      player->n_left--;
    }

  return G_SOURCE_CONTINUE;
}

static void
play (ShmSharedMemory *block, guint64 own, guint64 other, guint n_rounds)
{
  Player player = { block, own, other, n_rounds };
  g_autoptr (GSource) source = shm_shared_memory_create_event_source (block, other, 0, NULL, NULL);

  g_source_set_callback (source, answer, &player, NULL);
  g_source_attach (source, NULL);
  if (own == EVENT)
    answer (&player);
  test_iterate_until (NULL, player.n_left == 0);
  g_source_destroy (source);
}

/* Two processes answer each other. Without a second look, the test fails if a wake-up is lost. */
static void
test_ping_pong (void)
{
  const guint n_rounds = g_test_slow () ? 1000000 : 20000;
  g_autoptr (ShmSharedMemory) block = create ();
  pid_t child;

  set_look_usec (NEVER);
  child = test_fork_child ();
  if (child == 0)
    {
      play (block, EVENT + 64, EVENT, n_rounds);
      test_end_child (block);
    }
  play (block, EVENT, EVENT + 64, n_rounds);
  test_join (child);
  set_look_usec (SECOND);
}

/* Several processes advance events at random moments, while this process waits in a main loop and
 * in a thread. It must see the last number of each event. */

#define N_ADVANCERS 3

static gpointer
wait_for_last (gpointer block)
{
  const guint32 last = g_test_slow () ? 300000 : 6000;
  guint32 seen = 0;

  while (seen != N_ADVANCERS * last)
    seen = shm_shared_memory_event_wait (block, EVENT, seen, FOREVER, NULL, NULL);

  return NULL;
}

static void
test_many_advancers (void)
{
  const guint n_rounds = g_test_slow () ? 300000 : 6000;
  g_autoptr (ShmSharedMemory) block = create ();
  pid_t children[N_ADVANCERS];
  guint32 seen = 0;
  GThread *thread;

  set_look_usec (NEVER);
  for (int i = 0; i < N_ADVANCERS; i++)
    {
      children[i] = test_fork_child ();
      if (children[i] == 0)
        {
          for (guint round = 0; round < n_rounds; round++)
            {
              shm_shared_memory_event_advance (block, EVENT, NULL);
              if (round % 7 == 0)
                g_thread_yield ();
            }
          test_end_child (block);
        }
    }

  thread = g_thread_new ("wait", wait_for_last, block);
  while (seen != N_ADVANCERS * n_rounds)
    {
      Wait wait;

      start_at (&wait, block, TRUE, EVENT, seen, FOREVER, NULL);
      test_iterate_until (NULL, wait.is_done);
      g_assert_no_error (wait.error);
      seen = wait.result;
    }
  g_thread_join (thread);
  for (int i = 0; i < N_ADVANCERS; i++)
    test_join (children[i]);
  set_look_usec (SECOND);
}

/* Steps */

static int steps_left;

static void
kill_at_step (ShmStep step)
{
  if (steps_left-- == 0)
    kill (getpid (), SIGKILL);
}

/* A process is killed at each step of an advance. If it has increased the sequence number, the main
 * loop notices that. Otherwise the next advance wakes it. */
static void
test_killed_while_advancing (void)
{
  for (int step = 0;; step++)
    {
      g_autoptr (ShmSharedMemory) block = create ();
      pid_t killed;
      int status;
      Wait wait;

      start (&wait, block, TRUE, FOREVER, NULL);
      dispatch_pending (NULL);
      g_assert_true (is_armed (block));
      killed = test_fork_child ();
      if (killed == 0)
        {
          steps_left = step;
          shm_test_hook = kill_at_step;
          shm_shared_memory_event_advance (block, EVENT, NULL);
          shm_test_hook = NULL;
          test_end_child (block);
        }
      g_assert_cmpint (waitpid (killed, &status, 0), ==, killed);
      if (shm_shared_memory_event_get (block, EVENT, NULL) == 0)
        change_in_other_process (block, TRUE);
      test_iterate_until (NULL, wait.is_done);
      g_assert_no_error (wait.error);
      g_assert_cmpuint (wait.result, ==, 1);

      if (WIFEXITED (status))
        {
          g_assert_cmpint (step, >=, 5);
          break;
        }
    }
}

/* A process is killed at each step of a wait. Others that wait are still woken. */
static void
test_killed_while_waiting (void)
{
  for (int step = 0;; step++)
    {
      g_autoptr (ShmSharedMemory) block = create ();
      pid_t killed;
      int status;
      Wait wait;

      set_look_usec (NEVER);
      killed = test_fork_child ();
      if (killed == 0)
        {
          steps_left = step;
          shm_test_hook = kill_at_step;
          start (&wait, block, TRUE, FOREVER, NULL);
          dispatch_pending (NULL);
          shm_test_hook = NULL;
          kill (getpid (), SIGTERM);
        }
      g_assert_cmpint (waitpid (killed, &status, 0), ==, killed);

      start (&wait, block, TRUE, FOREVER, NULL);
      dispatch_pending (NULL);
      change_in_other_process (block, TRUE);
      test_iterate_until (NULL, wait.is_done);
      g_assert_no_error (wait.error);
      g_assert_false (is_armed (block));
      set_look_usec (SECOND);

      if (WTERMSIG (status) == SIGTERM)
        {
          g_assert_cmpint (step, >=, 2);
          break;
        }
    }
}

static ShmSharedMemory *armed_block;

static void
arm_at_wake (ShmStep step)
{
  if (step == SHM_STEP_EVENT_WAKE)
    {
      shm_test_hook = NULL;
      shm_event_arm (get_event (armed_block, EVENT), SHM_EVENT_LOOPS);
    }
}

/* A main loop arms the event while another process wakes for the previous arming. */
static void
test_arm_while_waking (void)
{
  g_autoptr (ShmSharedMemory) block = create ();

  armed_block = block;
  shm_event_arm (get_event (block, EVENT), SHM_EVENT_LOOPS);
  shm_test_hook = arm_at_wake;
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_null (shm_test_hook);
  g_assert_true (is_armed (block));
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_false (is_armed (block));
}

/* A peer wakes without a pause. The wait does not end, and other sources still run. */
static void
test_storm (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  int n_idle = 0;
  guint idle;
  pid_t child;
  Wait wait;

  start (&wait, block, TRUE, FOREVER, cancellable);
  dispatch_pending (NULL);
  child = test_fork_child ();
  if (child == 0)
    for (;;)
      shm_shared_memory_wake (block, WORD, G_MAXUINT32, NULL);

  idle = g_idle_add_full (G_PRIORITY_LOW, count_call, &n_idle, NULL);
  test_iterate_until (NULL, n_idle >= 1000);
  g_assert_false (wait.is_done);
  g_cancellable_cancel (cancellable);
  test_iterate_until (NULL, wait.is_done);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  g_source_remove (idle);
  g_clear_error (&wait.error);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_main_context_set_poll_func (NULL, poll_after_hook);

  g_test_add_func ("/wait-loop/changed-already", test_changed_already);
  g_test_add_func ("/wait-loop/changed", test_changed);
  g_test_add_func ("/wait-loop/wrap", test_wrap);
  g_test_add_func ("/wait-loop/several", test_several);
  g_test_add_func ("/wait-loop/own-change", test_own_change);
  g_test_add_func ("/wait-loop/change-while-asleep", test_change_while_asleep);
  g_test_add_func ("/wait-loop/change-before-arming", test_change_before_arming);
  g_test_add_func ("/wait-loop/change-without-wake", test_change_without_wake);
  g_test_add_func ("/wait-loop/write", test_write);
  g_test_add_func ("/wait-loop/read-only", test_read_only);
  g_test_add_func ("/wait-loop/sealed", test_sealed);
  g_test_add_func ("/wait-loop/timeout", test_timeout);
  g_test_add_func ("/wait-loop/cancel", test_cancel);
  g_test_add_func ("/wait-loop/close", test_close);
  g_test_add_func ("/wait-loop/unref", test_unref);
  g_test_add_func ("/wait-loop/errors", test_errors);
  g_test_add_func ("/wait-loop/source", test_source);
  g_test_add_func ("/wait-loop/source/ends", test_source_ends);
  g_test_add_func ("/wait-loop/source/unused", test_source_unused);
  g_test_add_func ("/wait-loop/contexts", test_contexts);
  g_test_add_func ("/wait-loop/forked", test_forked);
  g_test_add_func ("/wait-loop/refused", test_refused);
  g_test_add_func ("/wait-loop/ping-pong", test_ping_pong);
  g_test_add_func ("/wait-loop/many-advancers", test_many_advancers);
  g_test_add_func ("/wait-loop/killed-while-advancing", test_killed_while_advancing);
  g_test_add_func ("/wait-loop/killed-while-waiting", test_killed_while_waiting);
  g_test_add_func ("/wait-loop/arm-while-waking", test_arm_while_waking);
  g_test_add_func ("/wait-loop/storm", test_storm);

  return g_test_run ();
}
