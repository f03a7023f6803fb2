/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Creates blocks and lists that the server of a ShmManager owns. */

#include "config.h"

#include "shm-manager-call.h"

#include "manager/client/shm-managed-creation.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"

/* The data of the hook that announces a new block. The hook reports a failure as a ShmFault, which
 * cannot contain a GError, so the GError of the request is stored here. */
typedef struct
{
  ShmManagedCreation steps;
  GError *failure; /* (owned) (nullable) */
} Creation;

static void
creation_clear (Creation *creation)
{
  shm_managed_creation_clear (&creation->steps);
  g_clear_error (&creation->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Creation, creation_clear)

static gboolean
announce (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  Creation *creation = user_data;

  return shm_managed_creation_announce (&creation->steps, name, identity, &creation->failure);
}

/* Creates the object: a ShmSharedMemory or a ShmShareableList. */
typedef GObject *(*CreateFunc) (ShmManagerCall *call,
                                Creation *creation,
                                GCancellable *cancellable,
                                GError **error);

static GObject *
create_block (ShmManagerCall *call, Creation *creation, GCancellable *cancellable, GError **error)
{
  const ShmCreateHooks hooks = { .before_publish = announce, .before_publish_data = creation };

  return (GObject *) shm_shared_memory_create_with (SHM_ORIGIN_CREATE, call->name, call->size,
                                                    call->mode, call->flags, &hooks, cancellable,
                                                    error);
}

static GObject *
create_list (ShmManagerCall *call, Creation *creation, GCancellable *cancellable, GError **error)
{
  const ShmListRequest request = {
    .values = call->values,
    .packed = call->packed,
    .name = call->name,
    .mode = call->mode,
    .create_flags = call->flags,
    .before_publish = announce,
    .before_publish_data = creation,
  };

  return (GObject *) shm_shareable_list_create_with (&request, cancellable, error);
}

static ShmSharedMemory *
get_block (GObject *created)
{
  return SHM_IS_SHAREABLE_LIST (created)
             ? shm_shareable_list_get_shared_memory (SHM_SHAREABLE_LIST (created))
             : SHM_SHARED_MEMORY (created);
}

static GObject *
create (ShmManagerCall *call, CreateFunc func, GCancellable *cancellable, GError **error)
{
  ShmClient *client = shm_manager_get_client (call->self, error);
  g_auto (Creation) creation = { .failure = NULL };
  g_autoptr (GError) failure = NULL;
  g_autoptr (GObject) created = NULL;
  ShmSharedMemory *block;

  if (client == NULL
      || !shm_error_check_flags (SHM_TYPE_CREATE_FLAGS, call->flags, call->name, error))
    return NULL;

  if (shm_managed_creation_begin (&creation.steps, client, cancellable, &creation.failure))
    created = func (call, &creation, cancellable, &failure);

  if (created != NULL)
    {
      block = get_block (created);
      call->tracked = g_strdup (shm_shared_memory_get_name (block));
      if (shm_managed_creation_commit (&creation.steps, call->tracked, &creation.failure))
        return g_steal_pointer (&created);

      shm_shared_memory_unlink (block, NULL);
      g_clear_pointer (&call->tracked, g_free);
    }

  /* If announcing failed, its error is the reason why the block was not created. */
  if (creation.failure == NULL)
    creation.failure = g_steal_pointer (&failure);
  shm_manager_call_check (call, g_steal_pointer (&creation.failure), error);

  return NULL;
}

static gpointer
run_create_block (gpointer call, GCancellable *cancellable, GError **error)
{
  return create (call, create_block, cancellable, error);
}

static gpointer
run_create_list (gpointer call, GCancellable *cancellable, GError **error)
{
  return create (call, create_list, cancellable, error);
}

static const ShmWork create_block_work
    = { run_create_block, shm_manager_call_emit, shm_manager_call_free, g_object_unref };
static const ShmWork create_list_work
    = { run_create_list, shm_manager_call_emit, shm_manager_call_free, g_object_unref };

/**
 * shm_manager_create_shared_memory:
 * @self: a manager that is started or connected
 * @name: (nullable): a name for the block, or %NULL for a generated name
 * @size: the size in bytes, at least 1
 * @mode: permission bits of the block; the process's umask is not applied
 * @flags: how to create the block
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a block that the server owns.
 *
 * The function works like [ctor@Shm.SharedMemory.create_full]. In addition the manager announces
 * the block to the server before the block has a name. If this process is killed at any moment, the
 * block either belongs to the server or does not exist. (With Python's server, the manager tracks
 * the block after its creation. If this process is killed in between, the block stays.)
 *
 * The server removes the name of the block when the server ends. Finalizing the returned object
 * does not remove the name.
 *
 * The function waits for each reply of the server for at most one minute.
 *
 * It fails as [ctor@Shm.SharedMemory.create_full] does, and with [error@Shm.Error.NOT_STARTED],
 * [error@Shm.Error.CLOSED] (the manager was shut down), [error@Shm.Error.NOT_FOUND] (another client
 * removed the block during its creation), [error@Shm.Error.NOT_SUPPORTED] (the server uses another
 * /dev/shm), [error@Shm.Error.PERMISSION_DENIED] (the server could not remove a block of this user,
 * or does not allow other users), [error@Shm.Error.SERVER_DIED], [error@Shm.Error.PROTOCOL],
 * [error@Shm.Error.AUTHENTICATION_FAILED], [error@Shm.Error.TIMED_OUT] or `G_IO_ERROR_CANCELLED`.
 * If it fails, it leaves no block behind.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_manager_create_shared_memory (ShmManager *self,
                                  const char *name,
                                  guint64 size,
                                  guint mode,
                                  ShmCreateFlags flags,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (ShmManagerCall){
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .size = size,
    .mode = mode,
    .flags = flags,
  };

  return shm_manager_call_run (&call, &create_block_work, cancellable, error);
}

/**
 * shm_manager_create_shared_memory_async:
 * @self: a manager that is started or connected
 * @name: (nullable): a name for the block, or %NULL for a generated name
 * @size: the size in bytes, at least 1
 * @mode: permission bits of the block; the process's umask is not applied
 * @flags: how to create the block
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block exists or could not be created
 * @user_data: data for @callback
 *
 * Starts to create a block that the server owns, and does not block the caller. See
 * [method@Shm.Manager.create_shared_memory].
 *
 * Since: 1.0
 */
void
shm_manager_create_shared_memory_async (ShmManager *self,
                                        const char *name,
                                        guint64 size,
                                        guint mode,
                                        ShmCreateFlags flags,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  ShmManagerCall *call;

  g_return_if_fail (SHM_IS_MANAGER (self));

  call = shm_manager_call_new (self, name);
  call->size = size;
  call->mode = mode;
  call->flags = flags;
  shm_manager_call_start (call, &create_block_work, shm_manager_create_shared_memory_async,
                          cancellable, callback, user_data);
}

/**
 * shm_manager_create_shared_memory_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.create_shared_memory_async]. It fails as
 * [method@Shm.Manager.create_shared_memory] does.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_manager_create_shared_memory_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return shm_manager_call_finish (self, result, shm_manager_create_shared_memory_async, error);
}

/**
 * shm_manager_create_shareable_list:
 * @self: a manager that is started or connected
 * @values: the values: an array or a tuple
 * @name: (nullable): a name for the list's block, or %NULL for a generated name
 * @mode: permission bits of the block; the process's umask is not applied
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect on lists
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a list whose block the server owns.
 *
 * The function works like [ctor@Shm.ShareableList.create_full]. It fails as that function and
 * [method@Shm.Manager.create_shared_memory] do.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_manager_create_shareable_list (ShmManager *self,
                                   GVariant *values,
                                   const char *name,
                                   guint mode,
                                   ShmCreateFlags flags,
                                   GCancellable *cancellable,
                                   GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (values != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (ShmManagerCall){
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .values = g_variant_ref_sink (values),
    .mode = mode,
    .flags = flags,
  };

  return shm_manager_call_run (&call, &create_list_work, cancellable, error);
}

/**
 * shm_manager_create_shareable_list_async:
 * @self: a manager that is started or connected
 * @values: the values: an array or a tuple
 * @name: (nullable): a name for the list's block, or %NULL for a generated name
 * @mode: permission bits of the block; the process's umask is not applied
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect on lists
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list exists or could not be created
 * @user_data: data for @callback
 *
 * Starts to create a list whose block the server owns, and does not block the caller. See
 * [method@Shm.Manager.create_shareable_list].
 *
 * Since: 1.0
 */
void
shm_manager_create_shareable_list_async (ShmManager *self,
                                         GVariant *values,
                                         const char *name,
                                         guint mode,
                                         ShmCreateFlags flags,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  ShmManagerCall *call;

  g_return_if_fail (SHM_IS_MANAGER (self));
  g_return_if_fail (values != NULL);

  call = shm_manager_call_new (self, name);
  call->values = g_variant_ref_sink (values);
  call->mode = mode;
  call->flags = flags;
  shm_manager_call_start (call, &create_list_work, shm_manager_create_shareable_list_async,
                          cancellable, callback, user_data);
}

/**
 * shm_manager_create_shareable_list_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.create_shareable_list_async]. It fails as
 * [method@Shm.Manager.create_shareable_list] does.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_manager_create_shareable_list_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return shm_manager_call_finish (self, result, shm_manager_create_shareable_list_async, error);
}

/**
 * shm_manager_create_shareable_list_packed:
 * @self: a manager that is started or connected
 * @packed: (array length=length): values in Python's marshal format
 * @length: the number of bytes in @packed
 * @name: (nullable): a name for the list's block, or %NULL for a generated name
 * @mode: permission bits of the block; the process's umask is not applied
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect on lists
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Creates a list from values in Python's marshal format. The server owns the block of the list. The
 * function works like [ctor@Shm.ShareableList.create_packed]. It fails as that function and
 * [method@Shm.Manager.create_shared_memory] do.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_manager_create_shareable_list_packed (ShmManager *self,
                                          const guint8 *packed,
                                          gsize length,
                                          const char *name,
                                          guint mode,
                                          ShmCreateFlags flags,
                                          GCancellable *cancellable,
                                          GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (packed != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (ShmManagerCall){
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .packed = g_bytes_new_static (packed, length),
    .mode = mode,
    .flags = flags,
  };

  return shm_manager_call_run (&call, &create_list_work, cancellable, error);
}

/**
 * shm_manager_create_shareable_list_packed_async:
 * @self: a manager that is started or connected
 * @packed: (array length=length): values in Python's marshal format
 * @length: the number of bytes in @packed
 * @name: (nullable): a name for the list's block, or %NULL for a generated name
 * @mode: permission bits of the block; the process's umask is not applied
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect on lists
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list exists or could not be created
 * @user_data: data for @callback
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Starts to create a list whose block the server owns, and does not block the caller. The function
 * copies the bytes. See [method@Shm.Manager.create_shareable_list_packed].
 *
 * Since: 1.0
 */
void
shm_manager_create_shareable_list_packed_async (ShmManager *self,
                                                const guint8 *packed,
                                                gsize length,
                                                const char *name,
                                                guint mode,
                                                ShmCreateFlags flags,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data)
{
  ShmManagerCall *call;

  g_return_if_fail (SHM_IS_MANAGER (self));
  g_return_if_fail (packed != NULL || length == 0);

  call = shm_manager_call_new (self, name);
  call->packed = g_bytes_new (packed, length);
  call->mode = mode;
  call->flags = flags;
  shm_manager_call_start (call, &create_list_work, shm_manager_create_shareable_list_packed_async,
                          cancellable, callback, user_data);
}

/**
 * shm_manager_create_shareable_list_packed_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Finishes a call of [method@Shm.Manager.create_shareable_list_packed_async]. It fails as
 * [method@Shm.Manager.create_shareable_list_packed] does.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_manager_create_shareable_list_packed_finish (ShmManager *self,
                                                 GAsyncResult *result,
                                                 GError **error)
{
  return shm_manager_call_finish (self, result, shm_manager_create_shareable_list_packed_async,
                                  error);
}
