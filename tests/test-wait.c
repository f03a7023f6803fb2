/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests waiting for words and events of a block, and waking, by threads and by processes. */

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

/* How long a thread sleeps before it looks again without being woken, and a margin for a machine
 * that is busy. */
#define LOOK_MAX (20 * SECOND)

static ShmSharedMemory *
create (void)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *block = shm_shared_memory_create_anonymous (4096, 0, &error);

  g_assert_no_error (error);

  return block;
}

static ShmEvent *
get_event (ShmSharedMemory *block)
{
  return (gpointer) ((guint8 *) shm_shared_memory_get_data (block, NULL) + EVENT);
}

static gboolean
is_armed (ShmSharedMemory *block)
{
  return (__atomic_load_n (&get_event (block)->armed, __ATOMIC_SEQ_CST) & SHM_EVENT_THREADS) != 0;
}

/* Waits in a thread or in a process until WORD differs from 0. */
static void
wait_for_word (ShmSharedMemory *block)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_shared_memory_wait (block, WORD, 0, FOREVER, NULL, &error));
  g_assert_no_error (error);
}

static gpointer
wait_in_thread (gpointer block)
{
  wait_for_word (block);

  return NULL;
}

static pid_t
wait_in_process (ShmSharedMemory *block)
{
  const pid_t child = test_fork_child ();

  if (child != 0)
    return child;

  wait_for_word (block);
  test_end_child (block);
}

/* Wakes the threads that wait for WORD, which all sleep again because the word is unchanged, until
 * @n threads have been asleep at the same time. */
static void
await_sleepers (ShmSharedMemory *block, guint n)
{
  for (int i = 0; shm_shared_memory_wake (block, WORD, G_MAXUINT32, NULL) != n; i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
}

/* Words */

static void
test_changed_already (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_shared_memory_wait (block, WORD, 1, FOREVER, NULL, &error));
  g_assert_true (shm_shared_memory_wait (block, WORD, -1, 0, NULL, &error));
  g_assert_true (shm_shared_memory_set_int32 (block, WORD, -1, NULL));
  g_assert_true (shm_shared_memory_wait (block, WORD, 0, 0, NULL, &error));
  g_assert_false (shm_shared_memory_wait (block, WORD, -1, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "offset 8");
}

static void
test_timeout (void)
{
  g_autofree char *name = test_name ("timeout");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 100, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  const gint64 timeouts[] = { 0, 1, 1000, 30000 };

  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      const gint64 started = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;

      g_assert_false (shm_shared_memory_wait (block, WORD, 0, timeouts[i], NULL, &error));
      test_assert_error (error, SHM_ERROR_TIMED_OUT, name);
      g_assert_cmpint (g_get_monotonic_time () - started, >=, timeouts[i]);

      g_assert_cmpuint (shm_shared_memory_event_wait (block, EVENT, 0, timeouts[i], NULL, &error),
                        ==, 0);
      test_assert_error (error, SHM_ERROR_TIMED_OUT, name);
    }
}

static void
test_wake_process (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const pid_t child = wait_in_process (block);

  await_sleepers (block, 1);
  shm_shared_memory_atomic_store_int32 (block, WORD, 5, NULL);
  shm_shared_memory_wake (block, WORD, 1, NULL);
  test_join (child);
}

static void
test_wake_count (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  GThread *threads[5];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("wait", wait_in_thread, block);
  await_sleepers (block, G_N_ELEMENTS (threads));

  /* Give the threads time to sleep again. */
  g_usleep (20000);
  g_assert_cmpuint (shm_shared_memory_wake (block, WORD, 0, NULL), ==, 0);

  /* The woken threads do not sleep again after the word has changed. */
  shm_shared_memory_atomic_store_int32 (block, WORD, 1, NULL);
  for (guint n_left = G_N_ELEMENTS (threads); n_left > 0;)
    {
      const guint n = shm_shared_memory_wake (block, WORD, 2, NULL);

      g_assert_cmpuint (n, <=, 2);
      if (n == 0)
        break;
      n_left -= n;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* A program such as CPython changes the word and cannot wake. */
static void
test_change_without_wake (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const gint64 started = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("wait", wait_in_thread, block);

  await_sleepers (block, 1);
  shm_shared_memory_atomic_store_int32 (block, WORD, 5, NULL);
  g_thread_join (thread);
  g_assert_cmpint (g_get_monotonic_time () - started, <, LOOK_MAX);
}

static void
test_read_only (void)
{
  g_autofree char *name = test_name ("read-only");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmSharedMemory) reader = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, NULL);
  GThread *thread = g_thread_new ("wait", wait_in_thread, reader);

  await_sleepers (block, 1);
  shm_shared_memory_atomic_store_int32 (block, WORD, 5, NULL);
  shm_shared_memory_wake (block, WORD, 1, NULL);
  g_thread_join (thread);
}

/* Ending a wait */

typedef struct
{
  ShmSharedMemory *block;
  GCancellable *cancellable;
  GQuark domain;
  int code;
} Ending;

static gpointer
fail_in_thread (gpointer data)
{
  const Ending *ending = data;
  g_autoptr (GError) error = NULL;

  g_assert_false (
      shm_shared_memory_wait (ending->block, WORD, 0, FOREVER, ending->cancellable, &error));
  g_assert_error (error, ending->domain, ending->code);

  return NULL;
}

static gpointer
fail_event_in_thread (gpointer data)
{
  const Ending *ending = data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (shm_shared_memory_event_wait (ending->block, EVENT, 0, FOREVER,
                                                  ending->cancellable, &error),
                    ==, 0);
  g_assert_error (error, ending->domain, ending->code);

  return NULL;
}

static void
cancel_twice (GThreadFunc wait)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Ending ending = { block, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED };
  GThread *thread = g_thread_new ("wait", wait, &ending);

  if (wait == fail_in_thread)
    await_sleepers (block, 1);
  else
    test_await (is_armed (block));
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);

  /* The cancellable is cancelled before the wait. */
  wait (&ending);
}

static void
test_cancel (void)
{
  cancel_twice (fail_in_thread);
  cancel_twice (fail_event_in_thread);
}

static void
close_meanwhile (GThreadFunc wait)
{
  g_autoptr (ShmSharedMemory) block = create ();
  Ending ending = { block, NULL, SHM_ERROR, SHM_ERROR_CLOSED };
  GThread *thread = g_thread_new ("wait", wait, &ending);

  if (wait == fail_in_thread)
    await_sleepers (block, 1);
  else
    test_await (is_armed (block));
  g_assert_true (shm_shared_memory_close (block, NULL));
  g_thread_join (thread);
}

static void
test_close (void)
{
  close_meanwhile (fail_in_thread);
  close_meanwhile (fail_event_in_thread);
}

/* Refuses a system call in this process, as a sandbox or an old kernel does. */
static void
refuse_call (int number, int errnum)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (code), code };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

/* Only futex_waitv() can sleep on two words at once. */
static void
test_without_waitv (void)
{
#ifdef SYS_futex_waitv
  const int errnums[] = { ENOSYS, EPERM };
  int status;

  if (test_skip_if_emulated ("seccomp"))
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (errnums); i++)
    {
      const pid_t child = test_fork_child ();

      if (child == 0)
        {
          refuse_call (SYS_futex_waitv, errnums[i]);
          test_cancel ();
          test_close ();
          test_wake_process ();
          _exit (0);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_cmpint (status, ==, 0);
    }
#else
  g_test_skip ("the system headers do not know futex_waitv()");
#endif
}

/* Events */

static void
test_sequence (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (shm_shared_memory_event_get (block, EVENT, &error), ==, 0);
  g_assert_cmpuint (shm_shared_memory_event_advance (block, EVENT, &error), ==, 1);
  g_assert_cmpuint (shm_shared_memory_event_advance (block, EVENT, &error), ==, 2);
  g_assert_cmpuint (shm_shared_memory_event_get (block, EVENT, &error), ==, 2);
  g_assert_cmpuint (shm_shared_memory_event_wait (block, EVENT, 0, FOREVER, NULL, &error), ==, 2);
  g_assert_cmpuint (shm_shared_memory_event_wait (block, EVENT, 1, 0, NULL, &error), ==, 2);
  g_assert_no_error (error);

  /* The sequence number wraps around, and 0 is a result without an error. */
  g_assert_true (shm_shared_memory_set_uint32 (block, EVENT, G_MAXUINT32, NULL));
  g_assert_cmpuint (shm_shared_memory_event_advance (block, EVENT, &error), ==, 0);
  g_assert_cmpuint (shm_shared_memory_event_wait (block, EVENT, G_MAXUINT32, FOREVER, NULL, &error),
                    ==, 0);
  g_assert_no_error (error);
}

/* The bit of a sleeping thread stays after a timeout. The next advance clears it. */
static void
test_armed (void)
{
  g_autoptr (ShmSharedMemory) block = create ();

  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_false (is_armed (block));
  shm_shared_memory_event_wait (block, EVENT, 1, 0, NULL, NULL);
  g_assert_false (is_armed (block));
  shm_shared_memory_event_wait (block, EVENT, 1, 1000, NULL, NULL);
  g_assert_true (is_armed (block));
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_false (is_armed (block));
}

/* Two processes answer each other: each advances its own event and waits for that of the other. */

static void
advance (ShmSharedMemory *block, guint64 offset, guint32 expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (shm_shared_memory_event_advance (block, offset, &error), ==, expected);
  g_assert_no_error (error);
}

static void
play (ShmSharedMemory *block, guint64 own, guint64 other, gboolean is_first, guint n_rounds)
{
  for (guint i = 0; i < n_rounds; i++)
    {
      g_autoptr (GError) error = NULL;

      if (is_first)
        advance (block, own, i + 1);
      shm_shared_memory_event_wait (block, other, i, TEST_TIMEOUT_SECONDS * SECOND, NULL, &error);
      g_assert_no_error (error);
      if (!is_first)
        advance (block, own, i + 1);
    }
}

static void
test_ping_pong (void)
{
  const guint n_rounds = g_test_slow () ? 1000000 : 20000;
  g_autoptr (ShmSharedMemory) block = create ();
  pid_t child;

  /* Without a second look, the test fails if a wake-up is lost. */
  shm_test_look_usec = 2 * TEST_TIMEOUT_SECONDS * SECOND;
  child = test_fork_child ();
  if (child == 0)
    {
      play (block, EVENT + 64, EVENT, FALSE, n_rounds);
      test_end_child (block);
    }

  play (block, EVENT, EVENT + 64, TRUE, n_rounds);
  test_join (child);
  shm_test_look_usec = SECOND;
}

static void
wait_for_event (ShmSharedMemory *block)
{
  g_autoptr (GError) error = NULL;

  shm_shared_memory_event_wait (block, EVENT, 0, FOREVER, NULL, &error);
  g_assert_no_error (error);
}

static pid_t
wait_for_event_in_process (ShmSharedMemory *block)
{
  const pid_t child = test_fork_child ();

  if (child != 0)
    return child;

  wait_for_event (block);
  test_end_child (block);
}

static void
test_killed_sleeper (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const pid_t killed = wait_for_event_in_process (block);
  const pid_t other = wait_for_event_in_process (block);

  test_await (is_armed (block));
  kill (killed, SIGKILL);
  waitpid (killed, NULL, 0);
  shm_shared_memory_event_advance (block, EVENT, NULL);
  test_join (other);
  g_assert_false (is_armed (block));
}

/* Steps */

static int steps_left;

static void
kill_at_step (ShmStep step)
{
  if (steps_left-- == 0)
    kill (getpid (), SIGKILL);
}

/* A process is killed at each step of an advance. If it has increased the sequence number, the
 * sleeping process notices that. Otherwise the next advance wakes it. */
static void
test_killed_while_advancing (void)
{
  for (int step = 0;; step++)
    {
      g_autoptr (ShmSharedMemory) block = create ();
      const pid_t sleeper = wait_for_event_in_process (block);
      pid_t killed;
      int status;

      test_await (is_armed (block));
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
        shm_shared_memory_event_advance (block, EVENT, NULL);
      test_join (sleeper);

      if (WIFEXITED (status))
        {
          g_assert_cmpint (step, >=, 4);
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
      shm_event_arm (get_event (armed_block), SHM_EVENT_THREADS);
    }
}

/* A thread arms the event while another one wakes the sleepers of the previous arming. The bit must
 * stay. */
static void
test_arm_while_waking (void)
{
  g_autoptr (ShmSharedMemory) block = create ();

  armed_block = block;
  shm_event_arm (get_event (block), SHM_EVENT_THREADS);
  shm_test_hook = arm_at_wake;
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_null (shm_test_hook);
  g_assert_true (is_armed (block));
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_false (is_armed (block));
}

static void
arm_after_advance (ShmStep step)
{
  if (step == SHM_STEP_EVENT_ADVANCE && shm_event_get (get_event (armed_block)) == 1)
    {
      shm_test_hook = NULL;
      shm_event_arm (get_event (armed_block), SHM_EVENT_THREADS);
    }
}

/* A thread has seen the new number, and arms the event for the next one. The wake-up can come
 * before the thread sleeps, so its bit must stay. */
static void
test_arm_after_advance (void)
{
  g_autoptr (ShmSharedMemory) block = create ();

  armed_block = block;
  shm_test_hook = arm_after_advance;
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_null (shm_test_hook);
  g_assert_true (is_armed (block));
  shm_shared_memory_event_advance (block, EVENT, NULL);
  g_assert_false (is_armed (block));
}

/* A read-only object cannot arm the event. */
static void
test_read_only_event (void)
{
  g_autofree char *name = test_name ("read-only-event");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmSharedMemory) reader = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, NULL);
  const pid_t child = test_fork_child ();

  if (child == 0)
    {
      wait_for_event (reader);
      g_object_unref (block);
      test_end_child (reader);
    }

  g_usleep (10000);
  shm_shared_memory_event_advance (block, EVENT, NULL);
  test_join (child);
  g_assert_cmpuint (get_event (block)->armed, ==, 0);
  g_assert_true (test_exists (name));
}

/* Errors */

static void
test_errors (void)
{
  g_autofree char *name = test_name ("errors");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 12, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmSharedMemory) reader = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, NULL);
  g_autoptr (GError) error = NULL;
  const struct
  {
    ShmSharedMemory *block;
    guint64 word, event; /* offsets */
    int code;
    gboolean is_for_writing; /* only waking and advancing fail */
  } cases[] = {
    { block, 2, 4, SHM_ERROR_MISALIGNED },
    { block, 12, 8, SHM_ERROR_OUT_OF_RANGE },
    { block, G_MAXUINT64 - 3, G_MAXUINT64 - 7, SHM_ERROR_OUT_OF_RANGE },
    { reader, 8, 0, SHM_ERROR_READ_ONLY, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpuint (shm_shared_memory_wake (cases[i].block, cases[i].word, 1, &error), ==, 0);
      test_assert_error (error, cases[i].code, name);
      g_assert_cmpuint (shm_shared_memory_event_advance (cases[i].block, cases[i].event, &error),
                        ==, 0);
      test_assert_error (error, cases[i].code, name);
      if (cases[i].is_for_writing)
        continue;

      g_assert_false (
          shm_shared_memory_wait (cases[i].block, cases[i].word, 1, FOREVER, NULL, &error));
      test_assert_error (error, cases[i].code, name);
      g_assert_cmpuint (shm_shared_memory_event_get (cases[i].block, cases[i].event, &error), ==,
                        0);
      test_assert_error (error, cases[i].code, name);
      g_assert_cmpuint (shm_shared_memory_event_wait (cases[i].block, cases[i].event, 0, FOREVER,
                                                      NULL, &error),
                        ==, 0);
      test_assert_error (error, cases[i].code, name);
    }

  g_assert_true (shm_shared_memory_close (reader, NULL));
  g_assert_false (shm_shared_memory_wait (reader, 0, 1, FOREVER, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_cmpuint (shm_shared_memory_event_wait (reader, 0, 1, FOREVER, NULL, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_cmpuint (shm_shared_memory_wake (reader, 0, 1, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_CLOSED, name);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wait/changed-already", test_changed_already);
  g_test_add_func ("/wait/timeout", test_timeout);
  g_test_add_func ("/wait/wake-process", test_wake_process);
  g_test_add_func ("/wait/wake-count", test_wake_count);
  g_test_add_func ("/wait/change-without-wake", test_change_without_wake);
  g_test_add_func ("/wait/read-only", test_read_only);
  g_test_add_func ("/wait/cancel", test_cancel);
  g_test_add_func ("/wait/close", test_close);
  g_test_add_func ("/wait/without-waitv", test_without_waitv);
  g_test_add_func ("/wait/errors", test_errors);
  g_test_add_func ("/event/sequence", test_sequence);
  g_test_add_func ("/event/armed", test_armed);
  g_test_add_func ("/event/ping-pong", test_ping_pong);
  g_test_add_func ("/event/killed-sleeper", test_killed_sleeper);
  g_test_add_func ("/event/killed-while-advancing", test_killed_while_advancing);
  g_test_add_func ("/event/arm-while-waking", test_arm_while_waking);
  g_test_add_func ("/event/arm-after-advance", test_arm_after_advance);
  g_test_add_func ("/event/read-only", test_read_only_event);

  return g_test_run ();
}
