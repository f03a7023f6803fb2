/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of a ShmSharedMemory: its properties, and its file descriptor. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-system.h"

/**
 * shm_shared_memory_get_name: (get-property name)
 * @self: a block
 *
 * Returns the block's name, without a leading slash. It does not change when the name is removed.
 *
 * Returns: (nullable): the name; %NULL for an anonymous block
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
 * Returns the block's size.
 *
 * This is the exact size that the block had when this object opened it. The function also works
 * after the object is closed.
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
 * Returns the permission bits that the block had when this object opened it.
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
 * Returns the user that owned the block when this object opened it.
 *
 * Returns: the user ID
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
 * Returns the origin that was set at construction: where the object gets its block from.
 *
 * For %SHM_ORIGIN_OPEN_OR_CREATE, [method@Shm.SharedMemory.is_creator] returns whether the object
 * created the block.
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
 * shm_shared_memory_is_creator: (get-property is-creator)
 * @self: a block
 *
 * Returns whether this object created its block.
 *
 * If several objects open the same block with [ctor@Shm.SharedMemory.open_or_create] at the same
 * time, the function returns %TRUE for at most one of them.
 *
 * Returns: %TRUE if this object created the block; %FALSE if the block existed before, or the
 *   object is not initialised
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_creator (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);

  return shm_shared_memory_get_private (self)->is_creator;
}

/**
 * shm_shared_memory_is_read_only: (get-property read-only)
 * @self: a block
 *
 * Returns whether the block cannot be written through this object.
 *
 * Returns: %TRUE if the block can only be read
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
 * Returns whether the object is closed. An object that is not initialised is also closed.
 *
 * Returns: %TRUE if the object is closed
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
 * Returns whether the object knows that the name of its block was removed or belongs to another
 * block.
 *
 * The object notices the actions of other objects and processes only while
 * [method@Shm.SharedMemory.watch] is in effect, and when its own
 * [method@Shm.SharedMemory.unlink] does not find the name.
 *
 * Returns: %TRUE if the name was removed or belongs to another block now
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
 * Returns the block's file descriptor, for sending it to another process or for system calls.
 *
 * The descriptor belongs to the object and is valid until the object is closed. If another thread
 * can close the object, call [method@Shm.SharedMemory.dup_fd] instead.
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
 * Duplicates the block's file descriptor.
 *
 * The new descriptor belongs to the caller and stays valid after the object is closed. It is closed
 * on `exec()`.
 *
 * It fails with [error@Shm.Error.CLOSED] or [error@Shm.Error.FAILED].
 *
 * Returns: a file descriptor that the caller has to close; -1 on error
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
