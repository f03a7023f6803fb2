/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-lock-guard-private.h"

#include "core/shm-fork.h"
#include "core/shm-list-sync.h"
#include "shm-error-private.h"

/**
 * ShmLockGuard:
 *
 * A lock that is held, from [method@Shm.SharedMemory.lock] and similar functions.
 *
 * The lock ends with the first of these events:
 *
 * - a call of [method@Shm.LockGuard.release];
 * - the end of the last reference to the guard: in C, `g_autoptr (ShmLockGuard)` releases the lock
 *   at the end of its scope;
 * - the end of the process, also if it is killed. The kernel releases the lock.
 *
 * A guard does not need the object from which it came: the lock is held also after that object is
 * closed or finalized. All functions can be called from any thread. The thread that releases a lock
 * can be another one than the thread that took the lock.
 *
 * A child of `fork()` does not hold the locks of its parent. In the child, releasing or freeing the
 * guard of the parent has no effect.
 *
 * The lock uses a file descriptor. If other code in the program closes all descriptors, it also
 * ends the lock.
 *
 * Since: 1.0
 */
struct _ShmLockGuard
{
  int ref_count;         /* (atomic) */
  ShmLockHandle *handle; /* (atomic) (owned) (nullable): NULL after the release */
  ShmLockRange range;
  guint generation; /* shm_fork_get_generation() of the process that took the lock */

  /* The trailer that names this process as the holder, if there is one. */
  ShmMapping *mapping;     /* (owned) (nullable) */
  ShmListTrailer *trailer; /* (nullable): in @mapping */

  gboolean previous_died;
};

G_DEFINE_BOXED_TYPE (ShmLockGuard, shm_lock_guard, shm_lock_guard_ref, shm_lock_guard_unref)

ShmLockGuard *
shm_lock_guard_new (ShmLockHandle *handle, const ShmLockRange *range)
{
  ShmLockGuard *self = g_new (ShmLockGuard, 1);

  *self = (ShmLockGuard){
    .ref_count = 1,
    .handle = handle,
    .range = *range,
    .generation = shm_fork_get_generation (),
  };

  return self;
}

void
shm_lock_guard_hold_list (ShmLockGuard *self,
                          ShmMapping *mapping,
                          ShmListTrailer *trailer,
                          guint64 number)
{
  guint64 previous;

  if (number == 0)
    previous = shm_word_load_acquire (&trailer->holder);
  else
    {
      self->mapping = shm_mapping_ref (mapping);
      self->trailer = trailer;
      previous = shm_list_sync_exchange_holder (trailer, number);
    }
  self->previous_died = previous != 0;
}

/* Takes the handle out of the guard. Only the first of several threads gets it. */
static ShmLockHandle *
steal_handle (ShmLockGuard *self)
{
  ShmLockHandle *handle = g_atomic_pointer_get (&self->handle);

  return handle != NULL && g_atomic_pointer_compare_and_exchange (&self->handle, handle, NULL)
             ? handle
             : NULL;
}

static gboolean
unlock (ShmLockGuard *self, ShmLockHandle *handle, ShmFault *fault)
{
  shm_at (UNLOCK);
  if (self->trailer != NULL)
    shm_list_sync_clear_holder (self->trailer);

  return shm_lock_handle_unlock (handle, &self->range, fault);
}

static void
set_release_error (ShmLockHandle *handle, const ShmFault *fault, GError **error)
{
  const ShmErrorContext context = { .name = handle->pool->name };

  shm_error_set_from_fault (error, fault, &context);
}

static gboolean
release (ShmLockGuard *self, GError **error)
{
  ShmLockHandle *handle = steal_handle (self);
  gboolean is_released;
  ShmFault fault;

  if (handle == NULL)
    return TRUE;

  /* A forked child does not hold the lock. */
  is_released = self->generation != shm_fork_get_generation () || unlock (self, handle, &fault);
  if (G_UNLIKELY (!is_released))
    set_release_error (handle, &fault, error);
  shm_lock_pool_put (handle);

  return is_released;
}

/**
 * shm_lock_guard_ref:
 * @self: a guard
 *
 * Adds a reference to a guard.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_lock_guard_ref (ShmLockGuard *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);

  return self;
}

/**
 * shm_lock_guard_unref:
 * @self: (transfer full): a guard
 *
 * Removes a reference from a guard. If it was the last one, releases the lock.
 *
 * Since: 1.0
 */
void
shm_lock_guard_unref (ShmLockGuard *self)
{
  g_return_if_fail (self != NULL);

  /* Nobody can add a reference to the last one at the same time. */
  if (g_atomic_int_get (&self->ref_count) != 1 && !g_atomic_int_dec_and_test (&self->ref_count))
    return;

  release (self, NULL);
  g_clear_pointer (&self->mapping, shm_mapping_unref);
  g_free (self);
}

/**
 * shm_lock_guard_release:
 * @self: a guard
 * @error: return location for an error
 *
 * Releases the lock.
 *
 * Releasing a lock that is released already does nothing and is not an error. In a child of
 * `fork()` that has inherited the guard, the function does nothing.
 *
 * The function does not block. It fails with [error@Shm.Error.BAD_DESCRIPTOR] if other code in this
 * program has closed the descriptor of the lock: the lock had ended already then, and other
 * processes may have taken it. The lock is not held any more, also after an error.
 *
 * Returns: %TRUE if the lock was held until this call, or was released before
 *
 * Since: 1.0
 */
gboolean
shm_lock_guard_release (ShmLockGuard *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return release (self, error);
}

/**
 * shm_lock_guard_is_held:
 * @self: a guard
 *
 * Returns whether this process still holds the lock.
 *
 * Returns: %FALSE after the release, and in a child of the process that took the lock
 *
 * Since: 1.0
 */
gboolean
shm_lock_guard_is_held (ShmLockGuard *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return g_atomic_pointer_get (&self->handle) != NULL
         && self->generation == shm_fork_get_generation ();
}

/**
 * shm_lock_guard_get_previous_died:
 * @self: a guard
 *
 * Returns whether the previous process that held an exclusive lock of the list died, or was killed,
 * before it released the lock.
 *
 * Its changes of several values can then be incomplete. The values themselves are intact. For
 * shared locks, the function returns %TRUE until a process takes an exclusive lock. The function is
 * for locks of [method@Shm.ShareableList.lock]. It returns %FALSE for locks of blocks, and for
 * lists that CPython has created. It does not know of processes that have locked the list in
 * another way. A process that may write the list can make the function return anything.
 *
 * Returns: %TRUE if a previous holder died
 *
 * Since: 1.0
 */
gboolean
shm_lock_guard_get_previous_died (ShmLockGuard *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->previous_died;
}
