/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocks of a ShmManager: creating, tracking, removing and listing them. */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-name.h"
#include "manager/client/shm-managed-creation.h"
#include "shm-error-private.h"
#include "shm-manager-call.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"

/* Creating */

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
    .columns = call->columns,
    .source = call->source,
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

  if (client == NULL)
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

  /* If a request to the server has failed, creation.failure contains its error. This error is the
   * reason why the block was not created. */
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
const ShmWork shm_manager_create_list_work
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
 * removed the block, or the server's registry was removed), [error@Shm.Error.NOT_SUPPORTED] (the
 * server uses another /dev/shm), [error@Shm.Error.PERMISSION_DENIED] (the server could not remove a
 * block of this user, or does not allow other users), [error@Shm.Error.SERVER_DIED],
 * [error@Shm.Error.PROTOCOL], [error@Shm.Error.AUTHENTICATION_FAILED], [error@Shm.Error.TIMED_OUT]
 * or `G_IO_ERROR_CANCELLED`. If it fails, it leaves no block behind.
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
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  shm_work_return_val_if_invalid (self, result, shm_manager_create_shared_memory_async, error,
                                  NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
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

  return shm_manager_call_run (&call, &shm_manager_create_list_work, cancellable, error);
}

ShmShareableList *
shm_manager_create_list_from_source (ShmManager *self,
                                     ShmListSource *source,
                                     const char *name,
                                     guint mode,
                                     ShmCreateFlags flags,
                                     GCancellable *cancellable,
                                     GError **error)
{
  g_auto (ShmManagerCall) call = {
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .source = source,
    .mode = mode,
    .flags = flags,
  };

  return shm_manager_call_run (&call, &shm_manager_create_list_work, cancellable, error);
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
  shm_manager_call_start (call, &shm_manager_create_list_work,
                          shm_manager_create_shareable_list_async, cancellable, callback,
                          user_data);
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
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  shm_work_return_val_if_invalid (self, result, shm_manager_create_shareable_list_async, error,
                                  NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Existing blocks */

/* Returns the name without a leading slash, or NULL with INVALID_NAME. */
static const char *
check_name (ShmManagerCall *call, GError **error)
{
  ShmFault fault;
  const char *name = shm_name_check_existing (call->name, &fault);

  if (name == NULL)
    shm_error_set_from_fault (error, &fault, &(ShmErrorContext){ .name = call->name });

  return name;
}

static gpointer
run_track (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;
  ShmClient *client = shm_manager_get_client (call->self, error);
  const char *name = client != NULL ? check_name (call, error) : NULL;
  GError *failure = NULL;

  if (name == NULL)
    return NULL;

  if (shm_client_track (client, name, cancellable, &failure))
    call->tracked = g_strdup (name);

  return GINT_TO_POINTER (shm_manager_call_check (call, failure, error));
}

static gpointer
run_remove (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;
  ShmClient *client = shm_manager_get_client (call->self, error);
  const char *name = client != NULL ? check_name (call, error) : NULL;
  GError *failure = NULL;

  if (name == NULL)
    return NULL;

  if (shm_client_remove (client, name, cancellable, &failure))
    call->removed = g_strdup (name);

  return GINT_TO_POINTER (shm_manager_call_check (call, failure, error));
}

static gpointer
run_list (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;
  ShmClient *client = shm_manager_get_client (call->self, error);
  GError *failure = NULL;
  char **names;

  if (client == NULL)
    return NULL;

  names = shm_client_list (client, cancellable, &failure);
  shm_manager_call_check (call, failure, error);

  return names;
}

static void
free_names (gpointer names)
{
  g_strfreev (names);
}

static const ShmWork track_work = { run_track, shm_manager_call_emit, shm_manager_call_free, NULL };
static const ShmWork remove_work
    = { run_remove, shm_manager_call_emit, shm_manager_call_free, NULL };
static const ShmWork list_work
    = { run_list, shm_manager_call_emit, shm_manager_call_free, free_names };

static gpointer
run_now (const ShmWork *work,
         ShmManager *self,
         const char *name,
         GCancellable *cancellable,
         GError **error)
{
  g_auto (ShmManagerCall) call = { .self = g_object_ref (self), .name = g_strdup (name) };

  return shm_manager_call_run (&call, work, cancellable, error);
}

/**
 * shm_manager_track:
 * @self: a manager that is started or connected
 * @name: the name of a block
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Makes the server own an existing block, which was created without a manager.
 *
 * The server records which file has the name now, and later it removes only that file. If a name is
 * tracked twice, the server lists it twice.
 *
 * The function waits for the server's reply for at most one minute.
 *
 * It fails with [error@Shm.Error.NOT_FOUND] (there is no such block),
 * [error@Shm.Error.INVALID_NAME], [error@Shm.Error.PERMISSION_DENIED] (the block belongs to another
 * user, so that the server could not remove it), [error@Shm.Error.FAILED] (the file with this name
 * is not a block), and as [method@Shm.Manager.list_blocks] does.
 *
 * Returns: %TRUE if the server owns the block
 *
 * Since: 1.0
 */
gboolean
shm_manager_track (ShmManager *self, const char *name, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return run_now (&track_work, self, name, cancellable, error) != NULL;
}

/**
 * shm_manager_track_async:
 * @self: a manager that is started or connected
 * @name: the name of a block
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has answered
 * @user_data: data for @callback
 *
 * Makes the server own an existing block without blocking the caller. See
 * [method@Shm.Manager.track].
 *
 * Since: 1.0
 */
void
shm_manager_track_async (ShmManager *self,
                         const char *name,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (SHM_IS_MANAGER (self));
  g_return_if_fail (name != NULL);

  shm_manager_call_start (shm_manager_call_new (self, name), &track_work, shm_manager_track_async,
                          cancellable, callback, user_data);
}

/**
 * shm_manager_track_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.track_async]. It fails as
 * [method@Shm.Manager.track] does.
 *
 * Returns: %TRUE if the server owns the block
 *
 * Since: 1.0
 */
gboolean
shm_manager_track_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_manager_track_async, error, FALSE);

  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/**
 * shm_manager_remove:
 * @self: a manager that is started or connected
 * @name: the name of a block that the server owns
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Makes the server remove a block: its name, and its entry in the list of the server.
 *
 * Processes that are attached to the block can continue to use it. If the name was removed already,
 * the server only removes the block from its list. If the name belongs to another block now, that
 * block stays. (Python's server removes any block that has the name, and fails if there is none.)
 *
 * The function waits for the server's reply for at most one minute. If no process has the block
 * open or mapped, the server gives all pages of the block back to the system before it replies.
 * This takes time for a large block, also for other clients of the server: see [How long freeing a
 * block takes](overview.html#how-long-freeing-a-block-takes).
 *
 * It fails with [error@Shm.Error.NOT_FOUND] (the server owns no such block),
 * [error@Shm.Error.INVALID_NAME], and as [method@Shm.Manager.list_blocks] does.
 *
 * Returns: %TRUE if the block is removed
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove (ShmManager *self, const char *name, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return run_now (&remove_work, self, name, cancellable, error) != NULL;
}

/**
 * shm_manager_remove_async:
 * @self: a manager that is started or connected
 * @name: the name of a block that the server owns
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has answered
 * @user_data: data for @callback
 *
 * Makes the server remove a block without blocking the caller. See [method@Shm.Manager.remove].
 *
 * Since: 1.0
 */
void
shm_manager_remove_async (ShmManager *self,
                          const char *name,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (SHM_IS_MANAGER (self));
  g_return_if_fail (name != NULL);

  shm_manager_call_start (shm_manager_call_new (self, name), &remove_work, shm_manager_remove_async,
                          cancellable, callback, user_data);
}

/**
 * shm_manager_remove_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.remove_async]. It fails as
 * [method@Shm.Manager.remove] does.
 *
 * Returns: %TRUE if the block is removed
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_manager_remove_async, error, FALSE);

  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/**
 * shm_manager_list_blocks:
 * @self: a manager that is started or connected
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Lists the names of the blocks that the server owns, in the order in which the server took them
 * over.
 *
 * The list includes blocks that a process has unlinked directly, without
 * [method@Shm.Manager.remove].
 *
 * The function waits for the server's reply for at most one minute.
 *
 * It fails with [error@Shm.Error.NOT_STARTED], [error@Shm.Error.CLOSED] (the manager was shut
 * down), [error@Shm.Error.SERVER_DIED], [error@Shm.Error.PROTOCOL],
 * [error@Shm.Error.AUTHENTICATION_FAILED], [error@Shm.Error.TIMED_OUT],
 * [error@Shm.Error.FAILED] or `G_IO_ERROR_CANCELLED`.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
shm_manager_list_blocks (ShmManager *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return run_now (&list_work, self, NULL, cancellable, error);
}

/**
 * shm_manager_list_blocks_async:
 * @self: a manager that is started or connected
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has answered
 * @user_data: data for @callback
 *
 * Starts to list the names of the blocks that the server owns, and does not block the caller. See
 * [method@Shm.Manager.list_blocks].
 *
 * Since: 1.0
 */
void
shm_manager_list_blocks_async (ShmManager *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (SHM_IS_MANAGER (self));

  shm_manager_call_start (shm_manager_call_new (self, NULL), &list_work,
                          shm_manager_list_blocks_async, cancellable, callback, user_data);
}

/**
 * shm_manager_list_blocks_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.list_blocks_async]. It fails as
 * [method@Shm.Manager.list_blocks] does.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
shm_manager_list_blocks_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  shm_work_return_val_if_invalid (self, result, shm_manager_list_blocks_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
