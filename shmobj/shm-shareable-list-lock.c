/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Locks a whole list, with the lock of its block. */

#include "config.h"

#include "core/shm-list-private.h"
#include "shm-lock-attempt.h"
#include "shm-lock-guard-private.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-lock.h"

/* Completes the lock of a list. Takes ownership of @guard, which may be NULL. */
static ShmLockGuard *
hold_list (ShmShareableList *self, ShmLockGuard *guard, gboolean is_shared, GError **error)
{
  g_autoptr (ShmLockGuard) owned = guard;
  ShmList *list = &shm_shareable_list_get_private (self)->list;
  const ShmLockOwner *owner = NULL;
  ShmFault fault;

  if (guard == NULL || list->trailer == NULL)
    return g_steal_pointer (&owned);

  if (!is_shared && shm_list_can_lock (list))
    {
      owner = shm_list_register_lock_owner (list, &fault);
      if (owner == NULL)
        {
          shm_shareable_list_fail (self, &fault, error);
          return NULL;
        }
    }
  shm_lock_guard_hold_list (guard, list->mapping, list->trailer, owner != NULL ? owner->number : 0);

  return g_steal_pointer (&owned);
}

/**
 * shm_shareable_list_lock:
 * @self: a list
 * @mode: what the lock excludes
 * @timeout: the time to wait in microseconds, 0 to fail at once if the lock is not free, or -1 to
 *   wait without a limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Locks the whole list for this process.
 *
 * A single value needs no lock: each read and each write of a value is complete. Use a lock to
 * change several values together, or to write a value that depends on the old one. The lock is
 * advisory: all processes that change the list in such a way have to lock it. Reading and writing
 * values works as before while another process holds the lock.
 *
 * This is the lock of [method@Shm.SharedMemory.lock] for the list's block; see there for threads,
 * waiting and the end of a lock. The difference: [method@Shm.LockGuard.get_previous_died] tells
 * whether the previous holder died before it released the lock.
 *
 * A Python program with CPython's own class takes part with
 * `fcntl.lockf (list.shm._fd, fcntl.LOCK_EX, list.shm.size)`. Without the size, `lockf()` also
 * locks what this library needs to write values: it waits until no process of this library has
 * written to the list and still has it open, and while its lock is held, the first write of a
 * process to the list waits for up to a second and then fails with
 * [error@Shm.Error.TIMED_OUT].
 *
 * It fails as [method@Shm.SharedMemory.lock] does.
 *
 * Returns: (transfer full): the lock, or %NULL on error
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_shareable_list_lock (ShmShareableList *self,
                         ShmLockMode mode,
                         gint64 timeout,
                         GCancellable *cancellable,
                         GError **error)
{
  ShmLockRange range;
  ShmLockGuard *guard;

  shm_shareable_list_return_val_if_invalid (self, error, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (shm_shareable_list_get_open (self, FALSE, error) == NULL)
    return NULL;

  range = shm_shared_memory_get_whole_range (mode);
  guard = shm_shared_memory_take_lock (shm_shareable_list_get_private (self)->shared_memory, &range,
                                       timeout, cancellable, error);

  return hold_list (self, guard, range.is_shared, error);
}

/**
 * shm_shareable_list_lock_async:
 * @self: a list
 * @mode: what the lock excludes
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list is locked, or the operation has failed
 * @user_data: data for @callback
 *
 * Locks the whole list, and does not block the calling thread.
 *
 * See [method@Shm.ShareableList.lock] and [method@Shm.SharedMemory.lock_async].
 *
 * Since: 1.0
 */
void
shm_shareable_list_lock_async (ShmShareableList *self,
                               ShmLockMode mode,
                               gint64 timeout,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  ShmLockRange range;

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  range = shm_shared_memory_get_whole_range (mode);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shareable_list_lock_async);
  g_task_set_task_data (task, GINT_TO_POINTER (range.is_shared), NULL);

  if (shm_shareable_list_get_open (self, FALSE, &error) != NULL)
    shm_shared_memory_start_lock (shm_shareable_list_get_private (self)->shared_memory, &range,
                                  timeout, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * shm_shareable_list_lock_finish:
 * @self: a list
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.ShareableList.lock_async]. It fails as [method@Shm.ShareableList.lock] does.
 *
 * Returns: (transfer full): the lock, or %NULL on error
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_shareable_list_lock_finish (ShmShareableList *self, GAsyncResult *result, GError **error)
{
  ShmLockGuard *guard;
  gboolean is_shared;

  shm_work_return_val_if_invalid (self, result, shm_shareable_list_lock_async, error, NULL);

  is_shared = GPOINTER_TO_INT (g_task_get_task_data (G_TASK (result)));
  guard = g_task_propagate_pointer (G_TASK (result), error);

  return hold_list (self, guard, is_shared, error);
}
