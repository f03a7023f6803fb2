/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waits until another process changes a word of a block, and wakes processes that wait.
 *
 * Words are 32-bit integers, with the names and the meaning of Atomics.wait() and Atomics.notify()
 * of ECMAScript. Events consist of two words, and advancing them needs no system call if nobody
 * waits; see core/shm-event.h. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-event.h"
#include "core/shm-system-futex.h"
#include "manager/shm-cancel.h"
#include "shm-error-private.h"

/* How long a thread sleeps before it looks at the word again, even if no other thread wakes it. So
 * the thread also notices two things for which nobody wakes it: a change by a process that wakes
 * nobody or was killed before it could wake, and the closing of this object. */
#define LOOK_USEC G_USEC_PER_SEC

#ifdef SHM_TEST_HOOKS
gint64 shm_test_look_usec = LOOK_USEC;
#undef LOOK_USEC
#define LOOK_USEC shm_test_look_usec
#endif

/* The same for a read-only object, which cannot announce in the event that it sleeps. */
#define READ_ONLY_LOOK_USEC (100 * 1000)

/* The same if a check function of a binding handles signals while this thread waits. A signal that
 * the system delivers to this thread ends the sleep at once. */
#define CHECK_USEC (50 * 1000)

typedef struct
{
  const guint32 *word; /* in shared memory */
  guint32 expected;    /* wait while *word has this value */
  ShmEvent *event;     /* (nullable): the event to arm before each sleep */
  gint64 look_usec;    /* how long to sleep at most */
  gint64 deadline;     /* monotonic time in microseconds */
  guint32 stop;        /* (atomic): 1 after @cancellable was cancelled */
  GCancellable *cancellable;
  gulong cancelled_id; /* the handler that sets @stop, or 0 */
} Wait;

static void
on_cancelled (GCancellable *cancellable, gpointer wait)
{
  shm_system_futex_stop (&((Wait *) wait)->stop);
}

static void
wait_clear (Wait *self)
{
  g_cancellable_disconnect (self->cancellable, self->cancelled_id);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wait, wait_clear)

/* Returns a monotonic time in microseconds. A negative @timeout has no limit. */
static gint64
get_deadline (gint64 timeout)
{
  gint64 now;

  if (timeout < 0)
    return G_MAXINT64;

  now = g_get_monotonic_time ();

  return timeout > G_MAXINT64 - now ? G_MAXINT64 : now + timeout;
}

static void
wait_init (Wait *self, const guint32 *word, guint32 expected, gint64 timeout, GCancellable *cancel)
{
  *self = (Wait){
    .word = word,
    .expected = expected,
    .look_usec = shm_cancel_has_check (cancel) ? CHECK_USEC : LOOK_USEC,
    .deadline = get_deadline (timeout),
    .cancellable = cancel,
  };
}

static gboolean
is_changed (const Wait *self)
{
  return __atomic_load_n (self->word, __ATOMIC_SEQ_CST) != self->expected;
}

/* Sleeps until the word may have changed, or something else must be checked. */
static void
sleep_once (Wait *self, gint64 now)
{
  if (self->cancellable != NULL && self->cancelled_id == 0)
    self->cancelled_id
        = g_cancellable_connect (self->cancellable, G_CALLBACK (on_cancelled), self, NULL);

  if (self->event != NULL)
    shm_event_arm (self->event, SHM_EVENT_THREADS);

  shm_system_futex_wait (self->word, self->expected, self->cancellable != NULL ? &self->stop : NULL,
                         MIN (self->deadline, now + self->look_usec));
}

gboolean
shm_shared_memory_set_timeout_error (ShmSharedMemory *self, guint64 offset, GError **error)
{
  g_autofree char *block = shm_error_describe_block (shm_shared_memory_get_private (self)->name);

  g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
               "The word at offset %" G_GUINT64_FORMAT
               " of block %s did not change in the given time",
               offset, block);

  return FALSE;
}

static gboolean
wait_for_change (ShmSharedMemory *self, Wait *wait, guint64 offset, GError **error)
{
  for (;;)
    {
      gint64 now;

      if (shm_cancel_set_error (wait->cancellable, error))
        return FALSE;
      if (is_changed (wait))
        return TRUE;
      if (!shm_shared_memory_check_open (self, error))
        return FALSE;
      now = g_get_monotonic_time ();
      if (now >= wait->deadline)
        return shm_shared_memory_set_timeout_error (self, offset, error);

      sleep_once (wait, now);
    }
}

/* Words */

/**
 * shm_shared_memory_wait:
 * @self: a block
 * @offset: the offset of a 32-bit integer in bytes, a multiple of 4
 * @expected: the value that the integer has as long as there is nothing to do
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until an integer of the block differs from @expected.
 *
 * Returns at once if the integer differs already. Otherwise the thread sleeps, and needs no
 * processor time. A process that changes the integer calls [method@Shm.SharedMemory.wake]
 * afterwards. Even without this call, the function notices the change within about a second; so it
 * also notices a change by CPython, or by a process that was killed in between. If the integer
 * changes and then gets its old value again, the function can miss both changes: use an event and
 * [method@Shm.SharedMemory.event_wait] to count changes.
 *
 * This function blocks its thread. Do not call it in the thread of a main loop, except with a
 * @timeout of 0. Another thread of this process can end the wait with @cancellable, or by closing
 * the object, which the function notices within about a second. The block can be read-only. In a
 * child of `fork()` the function works as in its parent.
 *
 * It fails with [error@Shm.Error.TIMED_OUT], `G_IO_ERROR_CANCELLED`, [error@Shm.Error.MISALIGNED],
 * [error@Shm.Error.OUT_OF_RANGE], [error@Shm.Error.CLOSED] or, if the block cannot be mapped,
 * [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the block.
 *
 * Returns: %TRUE if the integer differs from @expected
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_wait (ShmSharedMemory *self,
                        guint64 offset,
                        gint32 expected,
                        gint64 timeout,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  g_auto (Wait) wait = { NULL };
  const guint32 *word;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  word = shm_shared_memory_find_aligned (self, use, offset, sizeof *word, FALSE, error);
  if (word == NULL)
    return FALSE;

  wait_init (&wait, word, expected, timeout, cancellable);

  return wait_for_change (self, &wait, offset, error);
}

/**
 * shm_shared_memory_wake:
 * @self: a block
 * @offset: the offset of a 32-bit integer in bytes, a multiple of 4
 * @count: the number of threads to wake at most; %G_MAXUINT32 wakes all
 * @error: return location for an error
 *
 * Wakes threads and main loops that wait for a change of an integer of the block.
 *
 * Call this function after you have changed the integer. The threads can be in any process. A
 * thread that wakes and finds the integer unchanged sleeps again.
 *
 * If fewer than @count threads were sleeping, the function also wakes all main loops that wait for
 * any integer of the block, see [method@Shm.SharedMemory.wait_async]. The function always needs one
 * or two system calls: use an event, if mostly nobody waits.
 *
 * It fails with [error@Shm.Error.MISALIGNED], [error@Shm.Error.OUT_OF_RANGE],
 * [error@Shm.Error.READ_ONLY], [error@Shm.Error.CLOSED] or, if the block cannot be mapped,
 * [error@Shm.Error.NO_SPACE].
 *
 * Returns: the number of threads that were sleeping; 0 on error
 *
 * Since: 1.0
 */
guint
shm_shared_memory_wake (ShmSharedMemory *self, guint64 offset, guint count, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  guint32 *word;
  guint n_woken;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return 0;

  word = shm_shared_memory_find_aligned (self, use, offset, sizeof *word, TRUE, error);

  if (word == NULL)
    return 0;

  n_woken = shm_system_futex_wake (word, count);
  if (n_woken < count)
    shm_block_touch (use);

  return n_woken;
}

/* Events */

/**
 * shm_shared_memory_event_get:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @error: return location for an error
 *
 * Returns the sequence number of an event.
 *
 * An event consists of 8 bytes of a block, with which a process tells others that something has
 * changed. [method@Shm.SharedMemory.event_advance] adds 1 to its sequence number, which begins with
 * 0 in a new block and continues with 0 after 4294967295. Do not write the 8 bytes in another way.
 *
 * To miss no change, get the sequence number, then look at what the event is for, and then call
 * [method@Shm.SharedMemory.event_wait] with the number.
 *
 * It fails with [error@Shm.Error.MISALIGNED], [error@Shm.Error.OUT_OF_RANGE],
 * [error@Shm.Error.CLOSED] or, if the block cannot be mapped, [error@Shm.Error.NO_SPACE]. It raises
 * `SIGBUS` if another process has truncated the block.
 *
 * Returns: the sequence number; 0 on error
 *
 * Since: 1.0
 */
guint32
shm_shared_memory_event_get (ShmSharedMemory *self, guint64 offset, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  const ShmEvent *event;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return 0;

  event = shm_shared_memory_find_aligned (self, use, offset, sizeof *event, FALSE, error);

  return event != NULL ? shm_event_get (event) : 0;
}

/**
 * shm_shared_memory_event_advance:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @error: return location for an error
 *
 * Adds 1 to the sequence number of an event, and wakes all threads and main loops that wait for the
 * event, in all processes.
 *
 * Call this function after you have changed what the event is for. Whoever wakes sees what you
 * wrote before. If nobody waits, the function needs no system call.
 *
 * It fails as [method@Shm.SharedMemory.event_get] does, and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: the new sequence number; 0 on error, and after 4294967295
 *
 * Since: 1.0
 */
guint32
shm_shared_memory_event_advance (ShmSharedMemory *self, guint64 offset, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmEvent *event;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return 0;

  event = shm_shared_memory_find_aligned (self, use, offset, sizeof *event, TRUE, error);

  return event != NULL ? shm_event_advance (event, use) : 0;
}

/**
 * shm_shared_memory_event_wait:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @seen: the sequence number that the caller has seen
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until the sequence number of an event differs from @seen.
 *
 * Returns at once if the number differs already. Otherwise the thread sleeps until another process
 * calls [method@Shm.SharedMemory.event_advance]. If that process is killed during its call, this
 * function notices the new number within about a second. If the block is read-only for this object,
 * a thread can need 0.1 seconds to notice the new number.
 *
 * This function blocks its thread. See [method@Shm.SharedMemory.wait] for threads and closing.
 *
 * It fails as [method@Shm.SharedMemory.event_get] does, with [error@Shm.Error.TIMED_OUT] and with
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: the new sequence number; 0 on error, and after 4294967295
 *
 * Since: 1.0
 */
guint32
shm_shared_memory_event_wait (ShmSharedMemory *self,
                              guint64 offset,
                              guint32 seen,
                              gint64 timeout,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  g_auto (Wait) wait = { NULL };
  ShmEvent *event;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return 0;

  event = shm_shared_memory_find_aligned (self, use, offset, sizeof *event, FALSE, error);
  if (event == NULL)
    return 0;

  wait_init (&wait, &event->sequence, seen, timeout, cancellable);
  wait.event = shm_shared_memory_find_aligned (self, use, offset, sizeof *event, TRUE, NULL);
  if (wait.event == NULL)
    wait.look_usec = MIN (wait.look_usec, READ_ONLY_LOOK_USEC);

  return wait_for_change (self, &wait, offset, error) ? shm_event_get (event) : 0;
}
