/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Constructors of ShmShareableList for existing lists. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "shm-enum-types.h"
#include "shm-error-private.h"

gboolean
shm_shareable_list_attach_block (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  priv->shared_memory
      = g_initable_new (SHM_TYPE_SHARED_MEMORY, cancellable, error, "origin", SHM_ORIGIN_ATTACH,
                        "name", priv->name != NULL ? priv->name : "", "attach-flags",
                        priv->attach_flags, NULL);

  return priv->shared_memory != NULL;
}

ShmShareableList *
shm_shareable_list_attach_with (const ShmListRequest *request,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (ShmShareableList) self = NULL;

  if (!shm_error_check_flags (SHM_TYPE_ATTACH_FLAGS, request->attach_flags, request->name, error))
    return NULL;

  self = g_object_new (SHM_TYPE_SHAREABLE_LIST, "name", request->name, "attach-flags",
                       request->attach_flags, "shared-memory", request->shared_memory, NULL);

  return g_initable_init (G_INITABLE (self), cancellable, error) ? g_steal_pointer (&self) : NULL;
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
 * has the layout of a later version of this library, or @flags has undefined bits) or
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
  return shm_shareable_list_finish_opening (result, shm_shareable_list_attach_async, error);
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
  return shm_shareable_list_finish_opening (result, shm_shareable_list_new_for_shared_memory_async,
                                            error);
}
