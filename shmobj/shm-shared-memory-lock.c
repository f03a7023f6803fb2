/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Locks the bytes of a block.
 *
 * A free lock needs one system call. If the lock is not free, and the caller sets no limit, the
 * thread of the caller waits in the kernel. Otherwise a parked thread waits there in its place; see
 * core/shm-lock-queue.h. */

#include "config.h"

#include "shm-shared-memory-lock.h"

#include "core/shm-fork.h"
#include "core/shm-lock-queue.h"
#include "core/shm-system-futex.h"
#include "manager/shm-cancel.h"
#include "shm-lock-attempt.h"
#include "shm-shared-memory-private.h"

/* How long a thread tries to take the lock again and again before it needs a parked thread, and the
 * pauses in between. */
#define RETRY_USEC     1000
#define PAUSE_MIN_USEC 20

/* How long a thread sleeps if a check function of a binding handles signals while it waits. */
#define CHECK_USEC (50 * 1000)

/* How often to begin again after other code has closed the descriptor of the lock. */
#define MAX_ATTEMPTS 3

static ShmLockResult
retry (ShmLockAttempt *self, GError **error)
{
  const gint64 end = g_get_monotonic_time () + RETRY_USEC;
  gulong pause_usec = PAUSE_MIN_USEC;
  ShmLockResult result = SHM_LOCK_RESULT_NOT_LOCKED;
  ShmFault fault;

  while (result == SHM_LOCK_RESULT_NOT_LOCKED && g_get_monotonic_time () < end)
    {
      if (shm_lock_attempt_is_over (self, error))
        return SHM_LOCK_RESULT_FAILED;
      g_usleep (pause_usec);
      pause_usec *= 2;
      result = shm_lock_attempt_check (self, shm_lock_attempt_lock (self, FALSE, &fault), &fault,
                                       error);
    }

  return result;
}

static void
on_cancelled (GCancellable *cancellable, gpointer request)
{
  shm_lock_request_poke (request);
}

/* Sleeps until the request is done, or the wait is over. Sets @error in the second case. */
static void
await_request (ShmLockAttempt *self, ShmLockRequest *request, GError **error)
{
  const gint64 look_usec = shm_cancel_has_check (self->cancellable) ? CHECK_USEC : G_MAXINT64 / 2;
  gulong cancelled_id = 0;

  if (self->cancellable != NULL)
    cancelled_id
        = g_cancellable_connect (self->cancellable, G_CALLBACK (on_cancelled), request, NULL);

  while ((g_atomic_int_get (&request->state) & SHM_LOCK_REQUEST_DONE) == 0
         && request->generation == shm_fork_get_generation ()
         && !shm_lock_attempt_is_over (self, error))
    shm_system_futex_wait (&request->state, 0, NULL,
                           MIN (self->deadline, g_get_monotonic_time () + look_usec));

  g_cancellable_disconnect (self->cancellable, cancelled_id);
}

/* Waits for a parked thread. */
static ShmLockResult
await_parked (ShmLockAttempt *self, GError **error)
{
  ShmLockRequest request = { .handle = self->handle };
  g_autoptr (GError) over = NULL;
  gboolean is_locked = FALSE;
  ShmFault fault, ignored;

  if (shm_lock_request_submit (&request, &self->range, &fault))
    {
      await_request (self, &request, &over);
      is_locked = shm_lock_request_finish (&request, &fault);
    }
  self->handle = request.handle;

  if (over == NULL)
    return shm_lock_attempt_check (self, is_locked, &fault, error);

  if (is_locked)
    shm_lock_handle_unlock (self->handle, &self->range, &ignored);
  g_propagate_error (error, g_steal_pointer (&over));

  return SHM_LOCK_RESULT_FAILED;
}

static ShmLockResult
await_lock (ShmLockAttempt *self, GError **error)
{
  ShmLockResult result;
  ShmFault fault, ignored;

  if (self->deadline == G_MAXINT64 && self->cancellable == NULL)
    result
        = shm_lock_attempt_check (self, shm_lock_attempt_lock (self, TRUE, &fault), &fault, error);
  else
    result = retry (self, error);

  if (result == SHM_LOCK_RESULT_NOT_LOCKED)
    result = await_parked (self, error);

  /* Another thread may have closed the object in the meantime. */
  if (result == SHM_LOCK_RESULT_LOCKED && !shm_shared_memory_check_open (self->block, error))
    {
      shm_lock_handle_unlock (self->handle, &self->range, &ignored);
      return SHM_LOCK_RESULT_FAILED;
    }

  return result;
}

/* Sets @guard if the result is SHM_LOCK_RESULT_LOCKED. */
static ShmLockResult
try_once (ShmLockAttempt *attempt, ShmLockGuard **guard, GError **error)
{
  ShmLockResult result;
  ShmFault fault;

  if (!shm_lock_attempt_begin (attempt, error))
    return SHM_LOCK_RESULT_FAILED;

  if (G_LIKELY (shm_lock_attempt_lock (attempt, FALSE, &fault)))
    result = SHM_LOCK_RESULT_LOCKED;
  else
    result = shm_lock_attempt_check (attempt, FALSE, &fault, error);
  if (G_UNLIKELY (result == SHM_LOCK_RESULT_NOT_LOCKED))
    result = await_lock (attempt, error);

  if (G_LIKELY (result == SHM_LOCK_RESULT_LOCKED))
    *guard = shm_lock_attempt_succeed (attempt);
  else
    shm_lock_attempt_clear (attempt);

  return result;
}

ShmLockGuard *
shm_shared_memory_take_lock (ShmSharedMemory *self,
                             const ShmLockRange *range,
                             gint64 timeout,
                             GCancellable *cancellable,
                             GError **error)
{
  ShmLockResult result = SHM_LOCK_RESULT_LOST;
  ShmLockGuard *guard = NULL;
  ShmLockAttempt attempt;

  if (shm_cancel_set_error (cancellable, error))
    return NULL;

  shm_lock_attempt_init (&attempt, self, range, timeout, cancellable);
  for (int i = 0; i < MAX_ATTEMPTS && result == SHM_LOCK_RESULT_LOST; i++)
    result = try_once (&attempt, &guard, error);
  if (G_UNLIKELY (result == SHM_LOCK_RESULT_LOST))
    shm_lock_attempt_set_lost_error (&attempt, error);

  return guard;
}

/**
 * shm_shared_memory_lock:
 * @self: a block
 * @mode: what the lock excludes
 * @timeout: the time to wait in microseconds, 0 to fail at once if the lock is not free, or -1 to
 *   wait without a limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Locks the block for this process.
 *
 * While an exclusive lock is held, no other lock of the block is held in any process, not even
 * through the same object: a second lock in the same thread waits for the first one, without end if
 * there is no limit. Several shared locks can be held at the same time. An object that can only
 * read its block can take shared locks only.
 *
 * The lock is advisory: reading and writing the memory does not look at it. All processes that use
 * the block have to lock it. A lock is a lock of the operating system for the bytes of the block's
 * file, on Linux an open file description lock. It excludes POSIX locks of other programs, too. A
 * Python program with CPython's own class locks the block with
 * `fcntl.lockf (shm._fd, fcntl.LOCK_EX, shm.size)`.
 *
 * The kernel releases the lock when the process ends, also if it is killed. It can have been killed
 * in the middle of its changes: the next holder has to check what it finds. Freeing or releasing
 * the guard releases the lock earlier. A child of `fork()` does not hold the locks of its parent.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (ShmLockGuard) guard
 *     = shm_shared_memory_lock (shm, SHM_LOCK_MODE_EXCLUSIVE, G_USEC_PER_SEC, NULL, &error);
 *
 * if (guard == NULL)
 *   g_error ("%s", error->message);
 * // The memory belongs to this thread until the end of the scope.
 * ```
 *
 * A free lock takes two system calls, including its release. Waiting threads sleep. A lock is not
 * fair: a thread that releases a lock and takes it again at once usually gets it before the threads
 * that wait. So give the others time between two locks. If threads take several locks, they have to
 * take them in the same order, because the system does not detect deadlocks.
 *
 * This function blocks its thread; in the thread of a main loop, use
 * [method@Shm.SharedMemory.lock_async]. Another thread can end a wait with @cancellable. It can
 * also close the object: this ends a wait with a @timeout or a @cancellable at once, and the
 * function then fails with [error@Shm.Error.CLOSED]. Any other wait fails when the lock becomes
 * free. After a wait has ended without success, the lock of this object can be taken for some
 * microseconds when it becomes free the next time, and a call with a @timeout of 0 can fail in this
 * moment.
 *
 * A process that may open the block can hold a lock for ever. If you do not trust all of these
 * processes, set a @timeout.
 *
 * It fails with [error@Shm.Error.TIMED_OUT], `G_IO_ERROR_CANCELLED`, [error@Shm.Error.CLOSED],
 * [error@Shm.Error.READ_ONLY] for an exclusive lock of a block that was attached to with
 * %SHM_ATTACH_READ_ONLY, [error@Shm.Error.PERMISSION_DENIED], [error@Shm.Error.TOO_MANY_FILES],
 * [error@Shm.Error.NO_SPACE], [error@Shm.Error.NOT_SUPPORTED], [error@Shm.Error.REFUSED] or
 * [error@Shm.Error.FAILED]. It fails with [error@Shm.Error.BAD_DESCRIPTOR] if other code of this
 * program closes the descriptor of the lock.
 *
 * Returns: (transfer full): the lock, or %NULL on error
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_shared_memory_lock (ShmSharedMemory *self,
                        ShmLockMode mode,
                        gint64 timeout,
                        GCancellable *cancellable,
                        GError **error)
{
  ShmLockRange range;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  range = shm_shared_memory_get_whole_range (mode);

  return shm_shared_memory_take_lock (self, &range, timeout, cancellable, error);
}

/**
 * shm_shared_memory_lock_range:
 * @self: a block
 * @offset: the offset of the first byte to lock
 * @length: the number of bytes to lock, at least 1
 * @mode: what the lock excludes
 * @timeout: the time to wait in microseconds, 0 to fail at once if the lock is not free, or -1 to
 *   wait without a limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Locks some bytes of the block. Locks of other bytes can be held at the same time.
 *
 * In all other respects it works as [method@Shm.SharedMemory.lock]. Locks of the whole block and of
 * a part of it exclude each other. CPython's function for the same bytes is
 * `fcntl.lockf (shm._fd, fcntl.LOCK_EX, length, offset)`.
 *
 * It fails as [method@Shm.SharedMemory.lock] does, and with [error@Shm.Error.OUT_OF_RANGE].
 *
 * Returns: (transfer full): the lock, or %NULL on error
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_shared_memory_lock_range (ShmSharedMemory *self,
                              guint64 offset,
                              guint64 length,
                              ShmLockMode mode,
                              gint64 timeout,
                              GCancellable *cancellable,
                              GError **error)
{
  ShmLockRange range;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shm_lock_attempt_set_range (self, offset, length, mode, &range, error)
             ? shm_shared_memory_take_lock (self, &range, timeout, cancellable, error)
             : NULL;
}
