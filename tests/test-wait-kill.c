/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes that wait, advance events, wake and lock are killed, one after another, at each step
 * and at random moments. Four processes survive: a thread and a main loop wait for an event, and
 * the same for an integer. After each kill, the next advance must wake all of them. They never look
 * without being woken, so one lost wake-up makes the test fail. The environment variable
 * SHMOBJ_STRESS_ROUNDS sets the number of processes to kill. */

#include "shm-test.h"

#include "core/shm-fault.h"
#include "shm-shared-memory-private.h"

#define WORD     8
#define EVENT    16
#define ACK      64 /* the event that the survivors advance after they have stored what they saw */
#define STARTED  72 /* counts the processes to kill that have begun */
#define SEEN(i)  (128 + 64 * (i)) /* what survivor @i saw last */
#define ROUNDS   100
#define FOREVER  (-1)
#define MOMENT   300 /* a timeout in microseconds, long enough to fall asleep */
#define NEVER    (2 * TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC)
#define STEP_MAX 20

/* Survivors */

typedef struct
{
  ShmSharedMemory *block;
  gboolean waits_for_event;
  int number;
} Survivor;

static guint32
get_value (ShmSharedMemory *block, gboolean is_event)
{
  return is_event ? shm_shared_memory_event_get (block, EVENT, NULL)
                  : (guint32) shm_shared_memory_atomic_load_int32 (block, WORD, NULL);
}

static void
report (const Survivor *self, guint32 value)
{
  shm_shared_memory_atomic_store_int32 (self->block, SEEN (self->number), value, NULL);
  shm_shared_memory_event_advance (self->block, ACK, NULL);
}

G_NORETURN static void
survive_in_thread (const Survivor *self)
{
  for (guint32 value = 0;; value = get_value (self->block, self->waits_for_event))
    {
      g_autoptr (GError) error = NULL;

      report (self, value);
      if (self->waits_for_event)
        shm_shared_memory_event_wait (self->block, EVENT, value, FOREVER, NULL, &error);
      else
        shm_shared_memory_wait (self->block, WORD, value, FOREVER, NULL, &error);
      g_assert_no_error (error);
    }
}

static gboolean
report_change (gpointer survivor)
{
  const Survivor *self = survivor;

  report (self, get_value (self->block, self->waits_for_event));

  return G_SOURCE_CONTINUE;
}

G_NORETURN static void
survive_in_loop (Survivor *self)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSource) source
      = self->waits_for_event
            ? shm_shared_memory_create_event_source (self->block, EVENT, 0, NULL, NULL)
            : shm_shared_memory_create_wait_source (self->block, WORD, 0, NULL, NULL);

  g_source_set_callback (source, report_change, self, NULL);
  g_source_attach (source, NULL);
  g_main_loop_run (loop);
  g_assert_not_reached ();
}

static pid_t
start_survivor (ShmSharedMemory *block, int number)
{
  Survivor self = { block, number % 2 == 0, number };
  const pid_t child = test_fork_child ();

  if (child != 0)
    return child;
  if (number < 2)
    survive_in_thread (&self);
  else
    survive_in_loop (&self);
}

#define N_SURVIVORS 4

static gboolean
have_all_seen (ShmSharedMemory *block)
{
  for (int i = 0; i < N_SURVIVORS; i++)
    if ((guint32) shm_shared_memory_atomic_load_int32 (block, SEEN (i), NULL)
        != get_value (block, i % 2 == 0))
      return FALSE;

  return TRUE;
}

/* Changes the event and the integer, and waits until all survivors have seen the new values. */
static void
wake_survivors (ShmSharedMemory *block)
{
  g_autoptr (GError) error = NULL;
  guint32 ack;

  shm_shared_memory_event_advance (block, EVENT, NULL);
  shm_shared_memory_atomic_add_int32 (block, WORD, 1, NULL);
  shm_shared_memory_wake (block, WORD, G_MAXUINT32, NULL);

  while (ack = shm_shared_memory_event_get (block, ACK, NULL), !have_all_seen (block))
    {
      shm_shared_memory_event_wait (block, ACK, ack, TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC, NULL,
                                    &error);
      g_assert_no_error (error);
    }
}

/* The processes to kill. Each function is called again and again. */

static void
advance (ShmSharedMemory *block)
{
  shm_shared_memory_event_advance (block, EVENT, NULL);
}

static void
wake (ShmSharedMemory *block)
{
  shm_shared_memory_atomic_add_int32 (block, WORD, 1, NULL);
  shm_shared_memory_wake (block, WORD, G_MAXUINT32, NULL);
}

static void
wait_in_thread (ShmSharedMemory *block)
{
  shm_shared_memory_event_wait (block, EVENT, get_value (block, TRUE), MOMENT, NULL, NULL);
  shm_shared_memory_wait (block, WORD, get_value (block, FALSE), MOMENT, NULL, NULL);
}

static void
on_done (GObject *object, GAsyncResult *result, gpointer n_left)
{
  --*(int *) n_left;
}

static void
wait_in_loop (ShmSharedMemory *block)
{
  int n_left = 2;

  shm_shared_memory_event_wait_async (block, EVENT, get_value (block, TRUE), MOMENT, NULL, on_done,
                                      &n_left);
  shm_shared_memory_wait_async (block, WORD, get_value (block, FALSE), MOMENT, NULL, on_done,
                                &n_left);
  while (n_left > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
lock_and_release (ShmSharedMemory *block)
{
  g_autoptr (ShmLockGuard) guard
      = shm_shared_memory_lock (block, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, NULL);

  shm_lock_guard_release (guard, NULL);
}

static const struct
{
  void (*act) (ShmSharedMemory *block);
  gboolean has_steps;
} victims[] = {
  { advance, TRUE },          { wake, FALSE }, { wait_in_thread, TRUE }, { wait_in_loop, TRUE },
  { lock_and_release, TRUE },
};

static int steps_left;

static void
kill_at_step (ShmStep step)
{
  if (steps_left-- == 0)
    kill (getpid (), SIGKILL);
}

/* Starts a process that kills itself at a step, or runs for ever if @step is negative. */
static pid_t
start_victim (ShmSharedMemory *block, int which, int step)
{
  const pid_t child = test_fork_child ();

  if (child != 0)
    return child;

  shm_shared_memory_atomic_add_int32 (block, STARTED, 1, NULL);
  if (step >= 0)
    {
      steps_left = step;
      shm_test_hook = kill_at_step;
    }
  for (;;)
    victims[which].act (block);
}

static void
kill_at_random (ShmSharedMemory *block, pid_t victim, int n_started)
{
  const int delay = g_test_rand_int_range (0, 300);
  gint64 until;

  test_await (shm_shared_memory_atomic_load_int32 (block, STARTED, NULL) == n_started);
  until = g_get_monotonic_time () + delay;
  while (g_get_monotonic_time () < until)
    ;
  kill (victim, SIGKILL);
}

static void
test_killed (void)
{
  const int n_rounds = test_get_rounds (ROUNDS);
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  pid_t survivors[N_SURVIVORS];

  shm_test_look_usec = NEVER;
  for (int i = 0; i < N_SURVIVORS; i++)
    survivors[i] = start_survivor (block, i);

  for (int round = 1; round <= n_rounds; round++)
    {
      const int which = round % G_N_ELEMENTS (victims);
      const gboolean at_step = victims[which].has_steps && g_test_rand_int_range (0, 2) == 0;
      const int step = at_step ? g_test_rand_int_range (0, STEP_MAX) : -1;
      const pid_t victim = start_victim (block, which, step);
      int status;

      if (!at_step)
        kill_at_random (block, victim, round);
      g_assert_cmpint (waitpid (victim, &status, 0), ==, victim);
      g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);

      wake_survivors (block);
      lock_and_release (block);
    }

  for (int i = 0; i < N_SURVIVORS; i++)
    {
      int status;

      kill (survivors[i], SIGKILL);
      g_assert_cmpint (waitpid (survivors[i], &status, 0), ==, survivors[i]);
      g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
    }
  g_test_message ("%d processes were killed, and no other one slept too long", n_rounds);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wait/killed", test_killed);

  return g_test_run ();
}
