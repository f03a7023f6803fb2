/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The asynchronous forms of the functions of ShmSharedMemory that can wait or that take time in
 * proportion to a size. Each form runs the synchronous function in a new thread. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "shm-work.h"

/* Opening */

static gpointer
open_in_thread (gpointer self, GCancellable *cancellable, GError **error)
{
  return shm_shared_memory_open (self, cancellable, error) ? g_object_ref (self) : NULL;
}

static const ShmWork opening = {
  .run = open_in_thread,
  .free_data = g_object_unref,
  .free_result = g_object_unref,
};

/* Starts a constructor in a thread. @tag is the public function that was called. */
static void
open_async (const ShmOpenArguments *arguments,
            gpointer tag,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *self;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, tag);

  self = shm_shared_memory_construct (arguments, &error);
  if (self == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    shm_work_start (&opening, g_steal_pointer (&task), self);
}

static ShmSharedMemory *
open_finish (GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_create_async:
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @mode: the permission bits, which the umask of the process does not change
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was created or the operation failed
 * @user_data: data for @callback
 *
 * Creates a block in a thread. See [ctor@Shm.SharedMemory.create_full].
 *
 * @callback is called in the thread-default main context of the caller. If @cancellable is
 * cancelled after the block was created, the operation succeeds and returns the block.
 *
 * Since: 1.0
 */
void
shm_shared_memory_create_async (const char *name,
                                guint64 size,
                                guint mode,
                                ShmCreateFlags flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  const ShmOpenArguments arguments = { SHM_ORIGIN_CREATE, name, size, mode, .create_flags = flags };

  open_async (&arguments, shm_shared_memory_create_async, cancellable, callback, user_data);
}

/**
 * shm_shared_memory_create_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.create_async]. It fails like
 * [ctor@Shm.SharedMemory.create_full], and with [error@Shm.Error.FAILED] if no thread could be
 * started.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, shm_shared_memory_create_async, error);
}

/**
 * shm_shared_memory_attach_async:
 * @name: the block's name
 * @flags: how to attach to it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was opened or the operation failed
 * @user_data: data for @callback
 *
 * Attaches to an existing block in a thread. See [ctor@Shm.SharedMemory.attach].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_attach_async (const char *name,
                                ShmAttachFlags flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  const ShmOpenArguments arguments = { SHM_ORIGIN_ATTACH, name, .attach_flags = flags };

  g_return_if_fail (name != NULL);

  open_async (&arguments, shm_shared_memory_attach_async, cancellable, callback, user_data);
}

/**
 * shm_shared_memory_attach_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.attach_async]. It fails like [ctor@Shm.SharedMemory.attach], with
 * `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_attach_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, shm_shared_memory_attach_async, error);
}

/**
 * shm_shared_memory_open_or_create_async:
 * @name: the block's name
 * @size: the size in bytes of a new block, and the minimum size of an existing one
 * @mode: the permission bits of a new block, which the umask of the process does not change
 * @flags: how to create the block if it does not exist
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was opened or the operation failed
 * @user_data: data for @callback
 *
 * Attaches to a block, or creates it, in a thread. See [ctor@Shm.SharedMemory.open_or_create].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_open_or_create_async (const char *name,
                                        guint64 size,
                                        guint mode,
                                        ShmCreateFlags flags,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_OPEN_OR_CREATE, name, size, mode, .create_flags = flags };

  g_return_if_fail (name != NULL);

  open_async (&arguments, shm_shared_memory_open_or_create_async, cancellable, callback, user_data);
}

/**
 * shm_shared_memory_open_or_create_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.open_or_create_async]. It fails like
 * [ctor@Shm.SharedMemory.open_or_create], and with [error@Shm.Error.FAILED] if no thread could be
 * started.
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_open_or_create_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, shm_shared_memory_open_or_create_async, error);
}

/**
 * shm_shared_memory_create_anonymous_async:
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was created or the operation failed
 * @user_data: data for @callback
 *
 * Creates an anonymous block in a thread. See [ctor@Shm.SharedMemory.create_anonymous].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_create_anonymous_async (guint64 size,
                                          ShmCreateFlags flags,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_CREATE_ANONYMOUS, NULL, size, 0600, .create_flags = flags };

  open_async (&arguments, shm_shared_memory_create_anonymous_async, cancellable, callback,
              user_data);
}

/**
 * shm_shared_memory_create_anonymous_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.create_anonymous_async]. It fails like
 * [ctor@Shm.SharedMemory.create_anonymous], with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_anonymous_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, shm_shared_memory_create_anonymous_async, error);
}

/* Copying */

typedef struct
{
  ShmSharedMemory *block; /* (owned) */
  guint64 offset;
  guint64 length; /* for reading */
  GBytes *bytes;  /* (owned) (nullable): for writing */
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
