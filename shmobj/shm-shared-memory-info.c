/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a ShmSharedMemory tells of its block. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-system.h"

/**
 * shm_shared_memory_get_name: (get-property name)
 * @self: a block
 *
 * Gets the block's name, without a leading slash.
 *
 * Returns: (nullable): the name; %NULL if the block has none
 *
 * Since: 1.0
 */
const char *
shm_shared_memory_get_name (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);

  return shm_shared_memory_get_private (self)->name;
}

/**
 * shm_shared_memory_get_size: (get-property size)
 * @self: a block
 *
 * Gets the block's size. It is what the block had when this object came by it, to the byte, and
 * stays known after closing.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shm_shared_memory_get_size (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);

  return shm_shared_memory_get_private (self)->size;
}

/**
 * shm_shared_memory_get_mode: (get-property mode)
 * @self: a block
 *
 * Gets who may read and write the block, as it was when this object came by it.
 *
 * Returns: the permission bits, such as 0600
 *
 * Since: 1.0
 */
guint
shm_shared_memory_get_mode (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);

  return shm_shared_memory_get_private (self)->mode;
}

/**
 * shm_shared_memory_get_owner_uid:
 * @self: a block
 *
 * Gets the user that the block belonged to when this object came by it.
 *
 * Returns: the user's number
 *
 * Since: 1.0
 */
guint
shm_shared_memory_get_owner_uid (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);

  return shm_shared_memory_get_private (self)->block.identity.uid;
}

/**
 * shm_shared_memory_get_origin: (get-property origin)
 * @self: a block
 *
 * Gets how the object came by its block.
 *
 * Returns: the origin
 *
 * Since: 1.0
 */
ShmOrigin
shm_shared_memory_get_origin (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), SHM_ORIGIN_ATTACH);

  return shm_shared_memory_get_private (self)->origin;
}

/**
 * shm_shared_memory_is_read_only: (get-property read-only)
 * @self: a block
 *
 * Tells whether the block can't be written through this object.
 *
 * Returns: %TRUE if it can only be read
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_read_only (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);

  return g_atomic_int_get (&shm_shared_memory_get_private (self)->block.read_only);
}

/**
 * shm_shared_memory_is_closed: (get-property is-closed)
 * @self: a block
 *
 * Tells whether the object has let go of its block, or never had one.
 *
 * Returns: %TRUE if nothing can be done with the block through this object
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_closed (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), TRUE);

  return !shm_block_is_open (&shm_shared_memory_get_private (self)->block);
}

/**
 * shm_shared_memory_is_unlinked: (get-property is-unlinked)
 * @self: a block
 *
 * Tells whether the block's name is known to be gone. What other processes do is known after
 * [method@Shm.SharedMemory.watch].
 *
 * Returns: %TRUE if the name is gone, or stands for another block
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_unlinked (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);

  return g_atomic_int_get (&shm_shared_memory_get_private (self)->is_unlinked);
}

/**
 * shm_shared_memory_get_fd: (get-property fd)
 * @self: a block
 *
 * Gets the block's file descriptor, for passing it to another process or to system calls.
 *
 * It stays the object's, and is only valid until the object is closed. In a program with several
 * threads take [method@Shm.SharedMemory.dup_fd].
 *
 * Returns: the file descriptor; -1 if the object is closed
 *
 * Since: 1.0
 */
int
shm_shared_memory_get_fd (ShmSharedMemory *self)
{
  g_autoptr (ShmBlockUse) use = NULL;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), -1);

  use = shm_shared_memory_enter (self, NULL);

  return use != NULL ? use->fd : -1;
}

/**
 * shm_shared_memory_dup_fd:
 * @self: a block
 * @error: return location for an error
 *
 * Makes a file descriptor of the block that is the caller's, and stays good when the object is
 * closed. It is closed on `exec()`.
 *
 * It fails with [error@Shm.Error.CLOSED] or [error@Shm.Error.FAILED].
 *
 * Returns: a file descriptor to close; -1 on error
 *
 * Since: 1.0
 */
int
shm_shared_memory_dup_fd (ShmSharedMemory *self, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmFault fault;
  int fd;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return -1;

  fd = shm_system_duplicate (use->fd, &fault);
  if (fd < 0)
    shm_shared_memory_fail (self, &fault, error);

  return fd;
}
