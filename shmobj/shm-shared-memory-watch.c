/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Watches the name of a ShmSharedMemory, to notice when another process removes or replaces it. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "shm-work.h"

#include <errno.h>

#include "core/shm-watch.h"

static void
on_name_gone (gpointer weak_ref)
{
  g_autoptr (ShmSharedMemory) self = g_weak_ref_get (weak_ref);

  if (self != NULL)
    shm_shared_memory_mark_unlinked (self);
}

static void
free_weak_ref (gpointer weak_ref)
{
  g_weak_ref_clear (weak_ref);
  g_free (weak_ref);
}

/**
 * shm_shared_memory_watch:
 * @self: a block
 * @error: return location for an error
 *
 * Starts to watch the block's name.
 *
 * From now on [signal@Shm.SharedMemory::unlinked] is also emitted when another object or process
 * removes the name or gives it to another block. If this happened before the call, the signal is
 * emitted, too. The signal is emitted in the thread-default main context of the caller, and never
 * during this call.
 *
 * All watches of a process share one inotify descriptor, and the function starts no thread.
 * Watching twice has the same effect as watching once. The watch ends when
 * [method@Shm.SharedMemory.unwatch] is called, and when the object is closed or finalized. The
 * watch also works in a child of `fork()` that runs the main context.
 *
 * It fails with [error@Shm.Error.CLOSED], with [error@Shm.Error.NOT_SUPPORTED] for an anonymous
 * block, with [error@Shm.Error.PERMISSION_DENIED] if the block cannot be read, and with
 * [error@Shm.Error.NO_SPACE] or [error@Shm.Error.TOO_MANY_FILES] if this process or this user
 * cannot have more watches.
 *
 * Returns: %TRUE if the name is watched
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_watch (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv;
  g_autoptr (ShmBlockUse) use = NULL;
  GWeakRef *weak_ref;
  ShmWatch *watch;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  priv = shm_shared_memory_get_private (self);
  if (!shm_shared_memory_check_has_name (self, error))
    return FALSE;

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  if (g_atomic_pointer_get (&priv->watch) != NULL)
    return TRUE;

  /* The watch needs a main context and a queue. */
  if (!shm_work_has_context ())
    {
      shm_fault_set (&fault, SHM_STEP_WATCH, EMFILE);
      return shm_shared_memory_fail (self, &fault, error);
    }

  weak_ref = g_new (GWeakRef, 1);
  g_weak_ref_init (weak_ref, self);
  watch = shm_watch_new (priv->name, &use->identity, on_name_gone, weak_ref, free_weak_ref, &fault);

  if (watch == NULL)
    return shm_shared_memory_fail (self, &fault, error);

  if (!g_atomic_pointer_compare_and_exchange (&priv->watch, NULL, watch))
    shm_watch_free (watch);

  /* If another thread has closed the object during this call, it may have called
   * shm_shared_memory_end_watch() before the watch was stored. */
  if (!shm_block_is_open (&priv->block))
    shm_shared_memory_end_watch (self);

  return TRUE;
}

/**
 * shm_shared_memory_unwatch:
 * @self: a block
 *
 * Ends the watch that [method@Shm.SharedMemory.watch] started. Without a watch it does nothing.
 *
 * If another thread runs the main context of the watch, an emission that has already begun there
 * can complete after this call.
 *
 * Since: 1.0
 */
void
shm_shared_memory_unwatch (ShmSharedMemory *self)
{
  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));

  shm_shared_memory_end_watch (self);
}
