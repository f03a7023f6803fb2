/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Single numbers in a ShmSharedMemory, for languages that cannot view memory.
 *
 * The size of each copy is a constant for the compiler. The compiler therefore reads or writes an
 * aligned number with one instruction. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include <string.h>

static inline gboolean
get_number (ShmSharedMemory *self, guint64 offset, void *value, gsize size, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmMapping *mapping;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  if (!shm_shared_memory_check_range (self, offset, size, FALSE, error))
    return FALSE;

  mapping = shm_block_map (use, &fault);
  if (mapping == NULL)
    return shm_shared_memory_fail (self, &fault, error);

  memcpy (value, (const guint8 *) shm_mapping_get_data (mapping) + offset, size);

  return TRUE;
}

static inline gboolean
set_number (ShmSharedMemory *self, guint64 offset, const void *value, gsize size, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmMapping *mapping;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return FALSE;

  /* Map before the check: mapping detects that another process has sealed the block. */
  mapping = shm_block_map (use, &fault);
  if (mapping == NULL)
    return shm_shared_memory_fail (self, &fault, error);
  if (!shm_mapping_is_writable (mapping))
    g_atomic_int_set (&use->read_only, TRUE);

  if (!shm_shared_memory_check_range (self, offset, size, TRUE, error))
    return FALSE;

  memcpy ((guint8 *) shm_mapping_get_data (mapping) + offset, value, size);

  return TRUE;
}

#define DEFINE_NUMBER(name, type)                                                                  \
  type shm_shared_memory_get_##name (ShmSharedMemory *self, guint64 offset, GError **error)        \
  {                                                                                                \
    type value = 0;                                                                                \
                                                                                                   \
    get_number (self, offset, &value, sizeof value, error);                                        \
                                                                                                   \
    return value;                                                                                  \
  }                                                                                                \
                                                                                                   \
  gboolean shm_shared_memory_set_##name (ShmSharedMemory *self, guint64 offset, type value,        \
                                         GError **error)                                           \
  {                                                                                                \
    return set_number (self, offset, &value, sizeof value, error);                                 \
  }

/**
 * shm_shared_memory_get_int8:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads a signed byte from the block.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_int8:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes a signed byte into the block.
 *
 * It fails like [method@Shm.SharedMemory.get_int8], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (int8, gint8)

/**
 * shm_shared_memory_get_uint8:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads an unsigned byte from the block.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_uint8:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes an unsigned byte into the block.
 *
 * It fails like [method@Shm.SharedMemory.get_uint8], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (uint8, guint8)

/**
 * shm_shared_memory_get_int16:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads a signed 16-bit integer from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_int16:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes a signed 16-bit integer into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_int16], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (int16, gint16)

/**
 * shm_shared_memory_get_uint16:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads an unsigned 16-bit integer from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_uint16:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes an unsigned 16-bit integer into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_uint16], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (uint16, guint16)

/**
 * shm_shared_memory_get_int32:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads a signed 32-bit integer from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_int32:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes a signed 32-bit integer into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_int32], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (int32, gint32)

/**
 * shm_shared_memory_get_uint32:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads an unsigned 32-bit integer from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_uint32:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes an unsigned 32-bit integer into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_uint32], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (uint32, guint32)

/**
 * shm_shared_memory_get_int64:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads a signed 64-bit integer from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_int64:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes a signed 64-bit integer into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_int64], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (int64, gint64)

/**
 * shm_shared_memory_get_uint64:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads an unsigned 64-bit integer from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_uint64:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes an unsigned 64-bit integer into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_uint64], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (uint64, guint64)

/**
 * shm_shared_memory_get_float:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads a 32-bit floating-point number from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_float:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes a 32-bit floating-point number into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_float], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (float, float)

/**
 * shm_shared_memory_get_double:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @error: return location for an error
 *
 * Reads a 64-bit floating-point number from the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is read in one piece.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE]. It raises `SIGBUS` if another process has truncated the
 * block.
 *
 * Returns: the number; 0 on error
 *
 * Since: 1.0
 */

/**
 * shm_shared_memory_set_double:
 * @self: a block
 * @offset: the offset of the number in bytes
 * @value: the number
 * @error: return location for an error
 *
 * Writes a 64-bit floating-point number into the block.
 *
 * The number has the byte order of the machine. Any @offset is allowed; a number at an offset that
 * is a multiple of its size is written in one piece.
 *
 * It fails like [method@Shm.SharedMemory.get_double], and with [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the number was written
 *
 * Since: 1.0
 */
DEFINE_NUMBER (double, double)
