/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Seals on the block of a ShmSharedMemory. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-system-seal.h"

/**
 * shm_shared_memory_seal:
 * @self: an anonymous block
 * @flags: what to seal it against
 * @error: return location for an error
 *
 * Rules out for ever, for every process, that the block is resized, or also that it is written.
 *
 * Seal a block against resizing before handing it to somebody whom its views must not depend on.
 * Seal it against writing when it is complete: then it is immutable, and so are its live bytes.
 * For that nobody may have it mapped for writing. This object takes care of its own mapping:
 * pointers from [method@Shm.SharedMemory.get_data] stay good for reading only. Live bytes have to
 * be freed before.
 *
 * It fails with [error@Shm.Error.CLOSED]; with [error@Shm.Error.FAILED] if the block is mapped for
 * writing, or another thread is in a call with it; with [error@Shm.Error.READ_ONLY] through an
 * object that can only read it; and with [error@Shm.Error.NOT_SUPPORTED] for a named block, and
 * one that was sealed against sealing.
 *
 * Returns: %TRUE if the block is sealed
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_seal (ShmSharedMemory *self, ShmSealFlags flags, GError **error)
{
  const ShmSealFlags seals = flags & (SHM_SEAL_RESIZE | SHM_SEAL_WRITE);
  gboolean was_read_only, sealed;
  ShmBlockUse *use;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  /* Left before the notification, whose handlers may seal and close the block, too. */
  was_read_only = g_atomic_int_get (&use->read_only);
  sealed = seals == SHM_SEAL_NONE || shm_block_seal (use, seals, &fault);
  shm_block_leave (use);

  if (!sealed)
    return shm_shared_memory_fail (self, &fault, error);

  if (!was_read_only && shm_shared_memory_is_read_only (self))
    g_object_notify (G_OBJECT (self), "read-only");

  return TRUE;
}

/**
 * shm_shared_memory_get_seals:
 * @self: a block
 *
 * Gets what the block is sealed against, by whatever process.
 *
 * Returns: the seals; none for a named or a closed block
 *
 * Since: 1.0
 */
ShmSealFlags
shm_shared_memory_get_seals (ShmSharedMemory *self)
{
  g_autoptr (ShmBlockUse) use = NULL;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), SHM_SEAL_NONE);

  use = shm_shared_memory_enter (self, NULL);

  return use != NULL ? shm_system_get_seals (use->fd) : SHM_SEAL_NONE;
}
