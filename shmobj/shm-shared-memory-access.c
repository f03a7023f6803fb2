/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of a ShmSharedMemory: views of it, and copies from and to it. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "shm-error-private.h"

#include <errno.h>

/**
 * shm_shared_memory_map:
 * @self: a block
 * @error: return location for an error
 *
 * Maps the block into this process' address space now.
 *
 * The functions that need the block mapped do that by themselves when they are first called;
 * this one is for programs that want to meet the failure at a place of their choice.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.NO_SPACE] or
 * [error@Shm.Error.PERMISSION_DENIED].
 *
 * Returns: %TRUE if the block is mapped
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_map (ShmSharedMemory *self, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  return shm_block_map (use, &fault) != NULL || shm_shared_memory_fail (self, &fault, error);
}

/**
 * shm_shared_memory_get_data: (skip)
 * @self: a block
 * @size: (out) (optional): return location for the size in bytes
 *
 * Gets the memory itself, for C.
 *
 * The pointer is page-aligned, the same in every call, and good until the object is closed, by
 * whatever thread. It must not be written to if [method@Shm.SharedMemory.is_read_only] says so.
 * Other processes can change what is there at any time, and raise `SIGBUS` by truncating a block
 * that is not sealed.
 *
 * Returns: (transfer none) (nullable): the memory; %NULL if the object is closed, or if the block
 *   can't be mapped: [method@Shm.SharedMemory.map] says why
 *
 * Since: 1.0
 */
gpointer
shm_shared_memory_get_data (ShmSharedMemory *self, guint64 *size)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmMapping *mapping;
  ShmFault ignored;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);

  if (size != NULL)
    *size = 0;

  use = shm_shared_memory_enter (self, NULL);
  if (use == NULL)
    return NULL;

  mapping = shm_block_map (use, &ignored);
  if (mapping == NULL)
    return NULL;

  if (size != NULL)
    *size = use->size;

  return shm_mapping_get_data (mapping);
}

/**
 * shm_shared_memory_get_live_bytes:
 * @self: a block
 * @error: return location for an error
 *
 * Gets the whole block as bytes, without a copy.
 *
 * See [method@Shm.SharedMemory.get_live_region].
 *
 * Returns: (transfer full): bytes that change when the block does
 *
 * Since: 1.0
 */
GBytes *
shm_shared_memory_get_live_bytes (ShmSharedMemory *self, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);

  return shm_shared_memory_get_live_region (self, 0, shm_shared_memory_get_size (self), error);
}

/**
 * shm_shared_memory_get_live_region:
 * @self: a block
 * @offset: where to begin
 * @length: how many bytes, 0 included
 * @error: return location for an error
 *
 * Gets a part of the block as bytes, without a copy.
 *
 * The bytes keep the memory mapped, also after the object is closed. Against what is usual of a
 * [struct@GLib.Bytes] they *change* when anybody writes the block, also while they are being
 * looked at: never hand them to code that checks first and uses later, hashes them for a table,
 * or parses what an untrusted process wrote. [method@Shm.SharedMemory.read] makes a copy for that.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block can't be
 * mapped, [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): bytes that change when the block does
 *
 * Since: 1.0
 */
GBytes *
shm_shared_memory_get_live_region (ShmSharedMemory *self,
                                   guint64 offset,
                                   guint64 length,
                                   GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmMapping *mapping;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return NULL;

  if (!shm_shared_memory_check_range (self, offset, length, FALSE, error))
    return NULL;

  mapping = shm_block_map (use, &fault);
  if (mapping == NULL)
    {
      shm_shared_memory_fail (self, &fault, error);
      return NULL;
    }

  return shm_mapping_get_bytes (mapping, offset, length);
}

static gpointer
read_copy (ShmBlock *block, guint64 offset, guint64 length, ShmFault *fault)
{
  /* How much is read may have been another process' decision: running out is no reason to
   * abort. */
  gpointer copy = length <= G_MAXSIZE ? g_try_malloc (MAX (length, 1)) : NULL;

  if (copy == NULL)
    shm_fault_set (fault, SHM_STEP_READ, ENOMEM);
  else if (!shm_block_read (block, offset, copy, length, fault))
    g_clear_pointer (&copy, g_free);

  return copy;
}

/**
 * shm_shared_memory_read:
 * @self: a block
 * @offset: where to begin
 * @length: how many bytes, 0 included
 * @error: return location for an error
 *
 * Copies a part of the block.
 *
 * The copy stays as it is, whatever other processes do. It is made byte by byte in some order
 * while they may be writing, so it can hold some of what was there before a write and some of
 * what was there after it; what must be seen whole needs a protocol between the processes.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE],
 * [error@Shm.Error.NO_SPACE] if there is no memory for the copy, and [error@Shm.Error.CORRUPT] if
 * another process has truncated the block.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 1.0
 */
GBytes *
shm_shared_memory_read (ShmSharedMemory *self, guint64 offset, guint64 length, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmFault fault;
  gpointer copy;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return NULL;

  if (!shm_shared_memory_check_range (self, offset, length, FALSE, error))
    return NULL;

  copy = read_copy (use, offset, length, &fault);
  if (copy == NULL)
    {
      shm_shared_memory_fail (self, &fault, error);
      return NULL;
    }

  return g_bytes_new_take (copy, length);
}

/**
 * shm_shared_memory_write:
 * @self: a block
 * @offset: where to begin
 * @bytes: what to write
 * @error: return location for an error
 *
 * Copies @bytes into the block.
 *
 * All of it fits, or nothing is written. Other processes that read meanwhile can see a part of it,
 * and where memory runs out on the way, which can happen to a sparse block, a part stays.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.READ_ONLY],
 * [error@Shm.Error.OUT_OF_RANGE]; with [error@Shm.Error.CORRUPT] if another process has truncated
 * the block; with [error@Shm.Error.TOO_LARGE] beyond this process' `RLIMIT_FSIZE`; with
 * [error@Shm.Error.FAILED] if somebody has set a shared descriptor to append; and, for a sparse
 * block, with [error@Shm.Error.NO_SPACE].
 *
 * Returns: %TRUE if all was written
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_write (ShmSharedMemory *self, guint64 offset, GBytes *bytes, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  gconstpointer data;
  ShmFault fault;
  gsize length;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  data = g_bytes_get_data (bytes, &length);

  return shm_shared_memory_check_range (self, offset, length, TRUE, error)
         && (shm_block_write (use, offset, data, length, &fault)
             || shm_shared_memory_fail (self, &fault, error));
}
