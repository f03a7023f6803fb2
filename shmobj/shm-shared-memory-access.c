/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Access to the memory of a ShmSharedMemory: views, copies and single numbers. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "manager/shm-cancel.h"
#include "shm-error-private.h"
#include "shm-number.h"
#include "shm-work.h"

#include <errno.h>
#include <string.h>

/* An operation that can be cancelled copies this many bytes between two checks. */
#define CANCELLABLE_PIECE_SIZE (4 * 1024 * 1024)

gboolean
shm_shared_memory_check_range (ShmSharedMemory *self,
                               guint64 offset,
                               guint64 length,
                               gboolean for_writing,
                               GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  /* Load the flag only once: an attempt to seal the block sets it, and clears it if the attempt
   * fails. */
  const gboolean is_refused = for_writing && g_atomic_int_get (&priv->block.read_only);
  g_autofree char *block = NULL;

  if (G_LIKELY (shm_block_contains (&priv->block, offset, length) && !is_refused))
    return TRUE;

  block = shm_error_describe_block (priv->name);
  if (is_refused)
    g_set_error (error, SHM_ERROR, SHM_ERROR_READ_ONLY,
                 "Block %s can only be read: it was attached to as read-only, or it is sealed "
                 "against writing",
                 block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_OUT_OF_RANGE,
                 "The range of %" G_GUINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
                 " is not within block %s, which has %" G_GUINT64_FORMAT " bytes",
                 length, offset, block, priv->size);

  return FALSE;
}

gboolean
shm_shared_memory_check_alignment (ShmSharedMemory *self,
                                   guint64 offset,
                                   guint64 alignment,
                                   GError **error)
{
  g_autofree char *block = NULL;

  if (G_LIKELY (offset % alignment == 0))
    return TRUE;

  block = shm_error_describe_block (shm_shared_memory_get_private (self)->name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_MISALIGNED,
               "Offset %" G_GUINT64_FORMAT " of block %s is not aligned: it must be a multiple of "
               "%" G_GUINT64_FORMAT,
               offset, block, alignment);

  return FALSE;
}

/**
 * shm_shared_memory_map:
 * @self: a block
 * @error: return location for an error
 *
 * Maps the block into the address space of this process.
 *
 * The functions that need the mapping create it when they are first called. Call this function if
 * you want to create the mapping, and to handle a failure, at a certain place of the program.
 *
 * If another process tries to seal an anonymous block against writing at the moment, the function
 * waits for the end of the attempt, which takes 0.2 seconds at most.
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
 * Returns a pointer to the memory of the block.
 *
 * The pointer is page-aligned and the same in every call. It is valid until any thread closes the
 * object. Do not write through it if [method@Shm.SharedMemory.is_read_only] returns %TRUE, unless
 * you got the pointer before this object sealed the block with %SHM_SEAL_FUTURE_WRITE. Other
 * processes can change the memory at any time. If one of them truncates a block that is not sealed,
 * touching the missing part raises `SIGBUS`.
 *
 * Returns: (transfer none) (nullable): the memory; %NULL if the object is closed or the block
 *   cannot be mapped. [method@Shm.SharedMemory.map] returns the error
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
 * Returns the whole block as bytes, without a copy.
 *
 * [method@Shm.SharedMemory.get_live_region] describes the precautions and the errors.
 *
 * Returns: (transfer full): bytes that change when the block changes
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
 * @offset: the offset of the first byte
 * @length: the number of bytes; 0 is allowed
 * @error: return location for an error
 *
 * Returns a part of the block as bytes, without a copy.
 *
 * The bytes keep the memory mapped, even after the object is closed. Unlike other
 * [struct@GLib.Bytes] they *change* when any process writes the block, even while your program
 * reads them. Never pass them to code that checks them first and uses them later, never use them as
 * a key of a hash table, and never parse data of an untrusted process in them. For all of that,
 * take a copy with [method@Shm.SharedMemory.read].
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.OUT_OF_RANGE] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): bytes that change when the block changes
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

/* Copies */

static gsize
get_piece_size (gsize length, GCancellable *cancellable)
{
  return cancellable != NULL ? MIN (length, CANCELLABLE_PIECE_SIZE) : length;
}

/* Reads one piece after the other, until all are read or the operation is cancelled. */
static gboolean
read_pieces (ShmBlockUse *use,
             guint64 offset,
             guint8 *copy,
             gsize length,
             GCancellable *cancellable,
             ShmFault *fault)
{
  gsize done = 0;

  do
    {
      const gsize piece = get_piece_size (length - done, cancellable);

      if (shm_cancel_check (cancellable))
        return shm_fault_set (fault, SHM_STEP_READ, ECANCELED);
      if (!shm_block_read (use, offset + done, copy + done, piece, fault))
        return FALSE;
      done += piece;
    }
  while (done < length);

  return TRUE;
}

GBytes *
shm_shared_memory_read_cancellable (ShmSharedMemory *self,
                                    guint64 offset,
                                    guint64 length,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
  g_autofree gpointer copy = NULL;
  ShmFault fault;

  if (use == NULL || !shm_shared_memory_check_range (self, offset, length, FALSE, error))
    return NULL;

  /* Another process may have chosen the length. A lack of memory must therefore not abort the
   * program. */
  copy = length <= G_MAXSIZE ? g_try_malloc (MAX (length, 1)) : NULL;
  if (copy == NULL)
    shm_fault_set (&fault, SHM_STEP_READ, ENOMEM);
  else if (read_pieces (use, offset, copy, length, cancellable, &fault))
    return g_bytes_new_take (g_steal_pointer (&copy), length);

  shm_shared_memory_fail (self, &fault, error);

  return NULL;
}

/**
 * shm_shared_memory_read:
 * @self: a block
 * @offset: the offset of the first byte
 * @length: the number of bytes; 0 is allowed
 * @error: return location for an error
 *
 * Copies a part of the block.
 *
 * The copy does not change when other processes write the block. If they write while the function
 * copies, the copy can have some bytes from before their write and some from after it. Processes
 * that need consistent data have to agree on a protocol.
 *
 * It takes time in proportion to @length. In a main loop, call
 * [method@Shm.SharedMemory.read_async] for parts of many megabytes.
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
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shm_shared_memory_read_cancellable (self, offset, length, NULL, error);
}

gboolean
shm_shared_memory_write_cancellable (ShmSharedMemory *self,
                                     guint64 offset,
                                     GBytes *bytes,
                                     GCancellable *cancellable,
                                     GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
  gsize length, done = 0;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  ShmFault fault;

  if (use == NULL || !shm_shared_memory_check_range (self, offset, length, TRUE, error)
      || shm_cancel_set_error (cancellable, error))
    return FALSE;

  while (done < length)
    {
      const gsize piece = get_piece_size (length - done, cancellable);

      if (shm_cancel_set_error (cancellable, error))
        return FALSE;
      if (!shm_block_write (use, offset + done, data + done, piece, &fault))
        return shm_shared_memory_fail (self, &fault, error);
      done += piece;
    }

  return TRUE;
}

/**
 * shm_shared_memory_write:
 * @self: a block
 * @offset: the offset of the first byte
 * @bytes: the bytes to write
 * @error: return location for an error
 *
 * Copies @bytes into the block.
 *
 * If not all bytes fit at @offset, the function writes none. Other processes that read at the same
 * time can see a part of the bytes. In a sparse block the memory can run out during the copy; a
 * part of the bytes is written then.
 *
 * It takes time in proportion to the number of bytes. In a main loop, call
 * [method@Shm.SharedMemory.write_async] for many megabytes.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.READ_ONLY],
 * [error@Shm.Error.OUT_OF_RANGE]; with [error@Shm.Error.CORRUPT] if another process has truncated
 * the block; with [error@Shm.Error.TOO_LARGE] if the range exceeds the `RLIMIT_FSIZE` of this
 * process; with [error@Shm.Error.FAILED] if a process that shares the descriptor has set
 * `O_APPEND`; and, for a sparse block, with [error@Shm.Error.NO_SPACE].
 *
 * Returns: %TRUE if all bytes were written
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_write (ShmSharedMemory *self, guint64 offset, GBytes *bytes, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return shm_shared_memory_write_cancellable (self, offset, bytes, NULL, error);
}

/* Asynchronous copies */

typedef struct
{
  ShmSharedMemory *block; /* (owned) */
  guint64 offset;
  guint64 length; /* how many bytes to read */
  GBytes *bytes;  /* (owned) (nullable): the bytes to write */
} Transfer;

static Transfer *
transfer_new (ShmSharedMemory *block, guint64 offset, guint64 length, GBytes *bytes)
{
  Transfer *self = g_new0 (Transfer, 1);

  self->block = g_object_ref (block);
  self->offset = offset;
  self->length = length;
  self->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;

  return self;
}

static void
transfer_free (gpointer data)
{
  Transfer *self = data;

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_object_unref (self->block);
  g_free (self);
}

static gpointer
read_in_thread (gpointer data, GCancellable *cancellable, GError **error)
{
  Transfer *self = data;

  return shm_shared_memory_read_cancellable (self->block, self->offset, self->length, cancellable,
                                             error);
}

static const ShmWork reading = {
  .run = read_in_thread,
  .free_data = transfer_free,
  .free_result = (GDestroyNotify) g_bytes_unref,
};

/* Returns the block on success, because ShmWork interprets NULL as a failure. */
static gpointer
write_in_thread (gpointer data, GCancellable *cancellable, GError **error)
{
  Transfer *self = data;

  return shm_shared_memory_write_cancellable (self->block, self->offset, self->bytes, cancellable,
                                              error)
             ? g_object_ref (self->block)
             : NULL;
}

static const ShmWork writing = {
  .run = write_in_thread,
  .free_data = transfer_free,
  .free_result = g_object_unref,
};

/**
 * shm_shared_memory_read_async:
 * @self: a block
 * @offset: the offset of the first byte
 * @length: the number of bytes; 0 is allowed
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the bytes were copied or the operation failed
 * @user_data: data for @callback
 *
 * Copies a part of the block in a thread. See [method@Shm.SharedMemory.read].
 *
 * Use it in a main loop for parts of many megabytes; starting a thread takes longer than copying a
 * few kilobytes. @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_read_async (ShmSharedMemory *self,
                              guint64 offset,
                              guint64 length,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_read_async);
  shm_work_start (&reading, task, transfer_new (self, offset, length, NULL));
}

/**
 * shm_shared_memory_read_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.read_async]. It fails like [method@Shm.SharedMemory.read], with
 * `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 1.0
 */
GBytes *
shm_shared_memory_read_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, shm_shared_memory_read_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_write_async:
 * @self: a block
 * @offset: the offset of the first byte
 * @bytes: the bytes to write
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the bytes were copied or the operation failed
 * @user_data: data for @callback
 *
 * Copies @bytes into the block in a thread. See [method@Shm.SharedMemory.write].
 *
 * Use it in a main loop for many megabytes; starting a thread takes longer than copying a few
 * kilobytes. If @cancellable is cancelled, a part of @bytes can have been written. @callback is
 * called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_write_async (ShmSharedMemory *self,
                               guint64 offset,
                               GBytes *bytes,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_write_async);
  shm_work_start (&writing, task, transfer_new (self, offset, 0, bytes));
}

/**
 * shm_shared_memory_write_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.write_async]. It fails like [method@Shm.SharedMemory.write],
 * with `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: %TRUE if all bytes were written
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_write_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  g_autoptr (ShmSharedMemory) written = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, shm_shared_memory_write_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  written = g_task_propagate_pointer (G_TASK (result), error);

  return written != NULL;
}

/* Numbers, for languages that cannot view memory.
 *
 * The compiler knows the size of each copy, so that it reads or writes an aligned number with one
 * instruction. */

static inline gboolean
get_number (ShmSharedMemory *self, guint64 offset, void *value, gsize size, GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
  const void *number
      = use != NULL ? shm_shared_memory_find (self, use, offset, size, FALSE, error) : NULL;

  if (number != NULL)
    memcpy (value, number, size);

  return number != NULL;
}

static inline gboolean
set_number (ShmSharedMemory *self, guint64 offset, const void *value, gsize size, GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
  void *number = use != NULL ? shm_shared_memory_find (self, use, offset, size, TRUE, error) : NULL;

  if (number != NULL)
    memcpy (number, value, size);

  return number != NULL;
}

#define DEFINE_NUMBER(name, type) DEFINE_CONVERTED_NUMBER (name, type, (type))

#define DEFINE_CONVERTED_NUMBER(name, type, convert)                                               \
  type shm_shared_memory_get_##name (ShmSharedMemory *self, guint64 offset, GError **error)        \
  {                                                                                                \
    type value = 0;                                                                                \
                                                                                                   \
    g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);                                         \
    g_return_val_if_fail (error == NULL || *error == NULL, 0);                                     \
                                                                                                   \
    get_number (self, offset, &value, sizeof value, error);                                        \
                                                                                                   \
    return convert (value);                                                                        \
  }                                                                                                \
                                                                                                   \
  gboolean shm_shared_memory_set_##name (ShmSharedMemory *self, guint64 offset, type value,        \
                                         GError **error)                                           \
  {                                                                                                \
    g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);                                     \
    g_return_val_if_fail (error == NULL || *error == NULL, FALSE);                                 \
                                                                                                   \
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
 * Returns: the number; 0 on error. Every NaN is returned as the same NaN
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
DEFINE_CONVERTED_NUMBER (float, float, shm_number_with_usual_nan)

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
 * Returns: the number; 0 on error. Every NaN is returned as the same NaN
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
DEFINE_CONVERTED_NUMBER (double, double, shm_number_with_usual_nan)
