/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every way to obtain a ShmShareableList: creating a list, and attaching to one. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "core/shm-list-columns.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"
#include "shm-shared-memory-private.h"
#include "shm-work.h"

#include <errno.h>

/* Creating */

static gboolean
create_block (ShmShareableList *self,
              ShmListSource *values,
              GCancellable *cancellable,
              GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const ShmCreateHooks hooks = {
    .values = values,
    .before_publish = priv->before_publish,
    .before_publish_data = priv->before_publish_data,
  };
  const ShmOrigin origin = priv->is_anonymous ? SHM_ORIGIN_CREATE_ANONYMOUS : SHM_ORIGIN_CREATE;

  priv->shared_memory
      = shm_shared_memory_create_with (origin, priv->name, 0, priv->mode, priv->create_flags,
                                       &hooks, cancellable, error);

  return priv->shared_memory != NULL;
}

static gboolean
create_from_values (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_auto (ShmVariantSource) source = { .container = NULL };

  if (!shm_variant_source_init (&source, priv->values, cancellable, error))
    return FALSE;
  if (create_block (self, &source.source, cancellable, error))
    return TRUE;

  if (source.error != NULL && error != NULL)
    {
      g_clear_error (error);
      g_propagate_error (error, g_steal_pointer (&source.error));
    }

  return FALSE;
}

/* Replaces @error by the error for invalid columns. */
static void
set_columns_error (ShmShareableList *self, guint64 index, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const ShmErrorContext context = {
    .name = priv->name,
    .has_generated_name = priv->name == NULL && !priv->is_anonymous,
  };

  g_clear_error (error);
  shm_error_set_from_fault (error, &(ShmFault){ SHM_STEP_LIST_COLUMNS, EBADMSG, index }, &context);
}

static gboolean
create_from_columns (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmListColumns columns;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (shm_shareable_list_get_private (self)->columns, &length);

  if (shm_list_columns_init (&columns, bytes, length)
      && create_block (self, &columns.source, cancellable, error))
    return TRUE;

  if (columns.has_failed)
    set_columns_error (self, columns.index, error);

  return FALSE;
}

gboolean
shm_shareable_list_create_block (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  const ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  if (priv->source != NULL)
    return create_block (self, priv->source, cancellable, error);
  if (priv->columns != NULL)
    return create_from_columns (self, cancellable, error);

  return create_from_values (self, cancellable, error);
}

ShmShareableList *
shm_shareable_list_create_with (const ShmListRequest *request,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (ShmShareableList) self = NULL;
  ShmShareableListPrivate *priv;

  if (!shm_error_check_flags (SHM_TYPE_CREATE_FLAGS, request->create_flags, request->name, error))
    return NULL;

  self = g_object_new (SHM_TYPE_SHAREABLE_LIST, NULL);
  priv = shm_shareable_list_get_private (self);
  priv->values = request->values != NULL ? g_variant_ref_sink (request->values) : NULL;
  priv->name = g_strdup (request->name);
  priv->mode = request->mode;
  priv->create_flags = request->create_flags;
  priv->columns = request->columns != NULL ? g_bytes_ref (request->columns) : NULL;
  priv->source = request->source;
  priv->is_anonymous = request->is_anonymous;
  priv->before_publish = request->before_publish;
  priv->before_publish_data = request->before_publish_data;

  if (!shm_shareable_list_open (self, cancellable, error))
    return NULL;

  priv->source = NULL;
  priv->before_publish = NULL;

  return g_steal_pointer (&self);
}

/**
 * shm_shareable_list_create: (constructor)
 * @values: an array or a tuple of values
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect
 * @error: return location for an error
 *
 * Creates a list in a new block with mode 0600. If @values is floating, it is consumed.
 *
 * The values become the values of the list, in the same order. The table in the section
 * [Values](class.ShareableList.html#values) shows the type of #GVariant for each kind of value. To
 * pass values of different kinds, use a tuple, such as `(xds)`, or an array of type `av`. Arrays of
 * type `ax`, `ad`, `ab` and `as` are the fastest.
 *
 * The name appears when the list is complete: another process never sees the list without its
 * values.
 *
 * ### Size and time
 *
 * - A value that is a number, a boolean or nothing takes 25 bytes of memory.
 * - A text or bytes of length n take a slot of 8 · (⌊n / 8⌋ + 1) bytes, and 17 bytes more. If n is
 *   a multiple of 8 and the text has characters outside ASCII, the slot has n bytes. The
 *   greatest length is 9999991 bytes.
 * - The list takes about 100 bytes more, 24 bytes for each slot of 1000 bytes or more, and the size
 *   of its largest slot a second time.
 *
 * Creating the list takes as long as copying the values, which is 5 to 30 milliseconds for a
 * million numbers. [func@Shm.ShareableList.create_async] does not block the caller during this
 * time.
 *
 * ### Errors
 *
 * It fails as [ctor@Shm.SharedMemory.create] does, and with
 *
 * - [error@Shm.Error.TYPE_MISMATCH] if @values is neither an array nor a tuple, if the type of a
 *   value is not in the table, or if a text is not UTF-8;
 * - [error@Shm.Error.OUT_OF_RANGE] if an unsigned integer is larger than the largest `gint64`;
 * - [error@Shm.Error.TOO_LARGE] if a text, bytes or the whole list are too large;
 * - [error@Shm.Error.NOT_SUPPORTED] if @flags has undefined bits.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create (GVariant *values, const char *name, ShmCreateFlags flags, GError **error)
{
  g_return_val_if_fail (values != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shm_shareable_list_create_full (values, name, 0600, flags, NULL, error);
}

/**
 * shm_shareable_list_create_full: (constructor)
 * @values: an array or a tuple of values
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @mode: permission bits of the block; the umask of the process has no effect
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a list with a mode, for example a list that other users can use. The creation can be
 * cancelled.
 *
 * It works like [ctor@Shm.ShareableList.create], with @mode as the mode of the block. A process of
 * another user needs read permission to attach to the list, and write permission to write to it.
 * Unless the creator is root, this process also needs %SHM_ATTACH_ANY_OWNER.
 *
 * It fails as [ctor@Shm.ShareableList.create] does, with [error@Shm.Error.NOT_SUPPORTED] if @mode
 * has bits other than 0777, and with `G_IO_ERROR_CANCELLED`. If it fails, it leaves no name behind.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create_full (GVariant *values,
                                const char *name,
                                guint mode,
                                ShmCreateFlags flags,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (values != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  sunk = g_variant_ref_sink (values);

  return shm_shareable_list_create_with (&(ShmListRequest){ .values = sunk,
                                                            .name = name,
                                                            .mode = mode,
                                                            .create_flags = flags },
                                         cancellable, error);
}

/**
 * shm_shareable_list_create_async:
 * @values: an array or a tuple of values
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @mode: permission bits of the block; the umask of the process has no effect
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Creates a list in a thread. It is the asynchronous form of
 * [ctor@Shm.ShareableList.create_full].
 *
 * If @values is floating, it is consumed. @callback is called in the thread-default main context
 * of the caller. If @cancellable is cancelled after the list was created, the list is returned.
 *
 * Since: 1.0
 */
void
shm_shareable_list_create_async (GVariant *values,
                                 const char *name,
                                 guint mode,
                                 ShmCreateFlags flags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (values != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_opening (&(ShmListRequest){ .values = values,
                                                       .name = name,
                                                       .mode = mode,
                                                       .create_flags = flags },
                                    shm_shareable_list_create_async, cancellable, callback,
                                    user_data);
}

/**
 * shm_shareable_list_create_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [func@Shm.ShareableList.create_async] started.
 *
 * It fails as [ctor@Shm.ShareableList.create_full] does, and with [error@Shm.Error.FAILED] if no
 * thread could be started.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shareable_list_create_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shareable_list_create_anonymous: (constructor)
 * @values: an array or a tuple of values
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect
 * @error: return location for an error
 *
 * Creates a list in a block without a name. If @values is floating, it is consumed.
 *
 * To share the list, send a file descriptor of its block, which [method@Shm.SharedMemory.dup_fd]
 * returns, to another process. That process passes the descriptor to
 * [ctor@Shm.SharedMemory.attach_fd], and the result to
 * [ctor@Shm.ShareableList.new_for_shared_memory]. The memory is freed when the last process has
 * closed the block.
 *
 * It fails as [ctor@Shm.ShareableList.create] and [ctor@Shm.SharedMemory.create_anonymous] do.
 * [func@Shm.ShareableList.create_anonymous_async] does not block the caller.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create_anonymous (GVariant *values, ShmCreateFlags flags, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (values != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  sunk = g_variant_ref_sink (values);

  return shm_shareable_list_create_with (&(ShmListRequest){ .values = sunk,
                                                            .mode = 0600,
                                                            .create_flags = flags,
                                                            .is_anonymous = TRUE },
                                         NULL, error);
}

/**
 * shm_shareable_list_create_anonymous_async:
 * @values: an array or a tuple of values
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Creates a list without a name in a thread. It is the asynchronous form of
 * [ctor@Shm.ShareableList.create_anonymous].
 *
 * If @values is floating, it is consumed. @callback is called in the thread-default main context
 * of the caller. If @cancellable is cancelled after the list was created, the list is returned.
 *
 * Since: 1.0
 */
void
shm_shareable_list_create_anonymous_async (GVariant *values,
                                           ShmCreateFlags flags,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  g_return_if_fail (values != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_opening (&(ShmListRequest){ .values = values,
                                                       .mode = 0600,
                                                       .create_flags = flags,
                                                       .is_anonymous = TRUE },
                                    shm_shareable_list_create_anonymous_async, cancellable,
                                    callback, user_data);
}

/**
 * shm_shareable_list_create_anonymous_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [func@Shm.ShareableList.create_anonymous_async] started.
 *
 * It fails as [ctor@Shm.ShareableList.create_anonymous] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create_anonymous_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shareable_list_create_anonymous_async, error,
                                  NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Attaching */

gboolean
shm_shareable_list_attach_block (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  const ShmOpenArguments arguments = { SHM_ORIGIN_ATTACH, priv->name != NULL ? priv->name : "",
                                       .attach_flags = priv->attach_flags };

  priv->shared_memory = shm_shared_memory_construct (&arguments, error);
  if (priv->shared_memory != NULL
      && !shm_shared_memory_open (priv->shared_memory, cancellable, error))
    g_clear_object (&priv->shared_memory);

  return priv->shared_memory != NULL;
}

ShmShareableList *
shm_shareable_list_attach_with (const ShmListRequest *request,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (ShmShareableList) self = NULL;
  ShmShareableListPrivate *priv;

  if (!shm_error_check_flags (SHM_TYPE_ATTACH_FLAGS, request->attach_flags, request->name, error))
    return NULL;

  self = g_object_new (SHM_TYPE_SHAREABLE_LIST, NULL);
  priv = shm_shareable_list_get_private (self);
  priv->name = g_strdup (request->name);
  priv->attach_flags = request->attach_flags;
  g_set_object (&priv->shared_memory, request->shared_memory);

  return shm_shareable_list_open (self, cancellable, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * shm_shareable_list_attach: (constructor)
 * @name: the name of the list's block
 * @flags: how to attach to the block
 * @error: return location for an error
 *
 * Attaches to an existing list of this library or of CPython 3.9 or later.
 *
 * The lists of CPython 3.8 have another layout. Attaching to one fails with
 * [error@Shm.Error.CORRUPT], unless its bytes happen to look like a list of the later layout.
 *
 * CPython publishes the name of a list before it writes the values. This function waits up to 500
 * milliseconds for the size of the block, and up to 500 milliseconds more for the list in it.
 * [func@Shm.ShareableList.attach_async] does not block the caller during this time. This function
 * does not check the values; functions check a value when they read it.
 *
 * It fails as [ctor@Shm.SharedMemory.attach] does, and with [error@Shm.Error.CORRUPT] (there is no
 * list in the block, or its creator did not finish it), [error@Shm.Error.NOT_SUPPORTED] (the list
 * has the layout of another version of this library, or @flags has undefined bits) or
 * [error@Shm.Error.NO_SPACE] (the block cannot be mapped).
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_attach (const char *name, ShmAttachFlags flags, GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shm_shareable_list_attach_with (&(ShmListRequest){ .name = name, .attach_flags = flags },
                                         NULL, error);
}

/**
 * shm_shareable_list_attach_async:
 * @name: the name of the list's block
 * @flags: how to attach to the block
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Attaches to an existing list in a thread. It is the asynchronous form of
 * [ctor@Shm.ShareableList.attach].
 *
 * @callback is called in the thread-default main context of the caller. The operation can be
 * cancelled while it waits for the creator of the list.
 *
 * Since: 1.0
 */
void
shm_shareable_list_attach_async (const char *name,
                                 ShmAttachFlags flags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (name != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_opening (&(ShmListRequest){ .name = name, .attach_flags = flags },
                                    shm_shareable_list_attach_async, cancellable, callback,
                                    user_data);
}

/**
 * shm_shareable_list_attach_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [func@Shm.ShareableList.attach_async] started.
 *
 * It fails as [ctor@Shm.ShareableList.attach] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_attach_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shareable_list_attach_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shareable_list_new_for_shared_memory: (constructor)
 * @shared_memory: an open block
 * @error: return location for an error
 *
 * Opens the list in a block that is already open, for example a block that was received as a file
 * descriptor. The size of the block must be exactly the size of the list.
 *
 * The function waits up to 500 milliseconds for CPython to finish the list.
 * [func@Shm.ShareableList.new_for_shared_memory_async] does not block the caller during this time.
 *
 * It fails with [error@Shm.Error.CLOSED], or as [ctor@Shm.ShareableList.attach] does.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_new_for_shared_memory (ShmSharedMemory *shared_memory, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (shared_memory), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shm_shareable_list_attach_with (&(ShmListRequest){ .shared_memory = shared_memory }, NULL,
                                         error);
}

/**
 * shm_shareable_list_new_for_shared_memory_async:
 * @shared_memory: an open block
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Opens the list in a block in a thread. It is the asynchronous form of
 * [ctor@Shm.ShareableList.new_for_shared_memory].
 *
 * @callback is called in the thread-default main context of the caller. The operation can be
 * cancelled while it waits for the creator of the list.
 *
 * Since: 1.0
 */
void
shm_shareable_list_new_for_shared_memory_async (ShmSharedMemory *shared_memory,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data)
{
  g_return_if_fail (SHM_IS_SHARED_MEMORY (shared_memory));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_opening (&(ShmListRequest){ .shared_memory = shared_memory },
                                    shm_shareable_list_new_for_shared_memory_async, cancellable,
                                    callback, user_data);
}

/**
 * shm_shareable_list_new_for_shared_memory_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [func@Shm.ShareableList.new_for_shared_memory_async] started.
 *
 * It fails as [ctor@Shm.ShareableList.new_for_shared_memory] does, with `G_IO_ERROR_CANCELLED`,
 * and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_new_for_shared_memory_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shareable_list_new_for_shared_memory_async,
                                  error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
