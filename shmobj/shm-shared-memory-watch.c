/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looking out for what other processes do to a ShmSharedMemory's name. */

#include "config.h"

#include "shm-shared-memory-private.h"

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
 * Begins to look out for the removal of the block's name by anybody.
 *
 * From now on [signal@Shm.SharedMemory::unlinked] is also emitted when another process removes
 * the name or gives it to another block; also if that has happened before. The emission takes
 * place in the thread-default main context of the caller, and never within this call.
 *
 * All watches of a process share one inotify descriptor; no thread is started. Watching twice is
 * the same as watching once. It ends with [method@Shm.SharedMemory.unwatch], and when the object
 * is closed or finalized. A child of `fork()` that runs the main context watches for itself.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.NOT_SUPPORTED] for a block without a
 * name, [error@Shm.Error.PERMISSION_DENIED] if the block can't be read, and
 * [error@Shm.Error.NO_SPACE] or [error@Shm.Error.FAILED] if the system has no more watches.
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

  weak_ref = g_new (GWeakRef, 1);
  g_weak_ref_init (weak_ref, self);
  watch = shm_watch_new (priv->name, &use->identity, on_name_gone, weak_ref, free_weak_ref, &fault);

  if (watch == NULL)
    return shm_shared_memory_fail (self, &fault, error);

  if (!g_atomic_pointer_compare_and_exchange (&priv->watch, NULL, watch))
    shm_watch_free (watch);

  /* Closed by another thread meanwhile, which can have looked for the watch too early. */
  if (!shm_block_is_open (&priv->block))
    shm_shared_memory_unwatch (self);

  return TRUE;
}

/**
 * shm_shared_memory_unwatch:
 * @self: a block
 *
 * Ends what [method@Shm.SharedMemory.watch] began. Nothing happens if it did not begin.
 *
 * Called in another thread than that of the watch's main context, an emission that has begun
 * there may still take place.
 *
 * Since: 1.0
 */
void
shm_shared_memory_unwatch (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv;
  ShmWatch *watch;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));

  priv = shm_shared_memory_get_private (self);
  watch = g_atomic_pointer_get (&priv->watch);
  if (watch != NULL && g_atomic_pointer_compare_and_exchange (&priv->watch, watch, NULL))
    shm_watch_free (watch);
}
