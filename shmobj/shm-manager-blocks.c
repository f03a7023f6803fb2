/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocks of a ShmManager: creating, taking over, releasing, listing. */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-name.h"
#include "shm-error-private.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"
#include "shm-work.h"

/* One call. The asynchronous functions carry it to their thread and back. */
typedef struct
{
  ShmManager *self; /* (owned) */
  char *name;       /* (owned) (nullable): that was asked for */
  guint64 size;
  GVariant *values; /* (owned) (nullable) */
  GBytes *packed;   /* (owned) (nullable) */
  ShmCreateFlags flags;
  char *tracked;  /* (owned) (nullable): what is to be told */
  char *released; /* (owned) (nullable): likewise */
} Call;

static void
call_clear (Call *call)
{
  g_clear_object (&call->self);
  g_clear_pointer (&call->name, g_free);
  g_clear_pointer (&call->values, g_variant_unref);
  g_clear_pointer (&call->packed, g_bytes_unref);
  g_clear_pointer (&call->tracked, g_free);
  g_clear_pointer (&call->released, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

static void
call_free (gpointer data)
{
  call_clear (data);
  g_free (data);
}

static Call *
call_new (ShmManager *self, const char *name)
{
  Call *call = g_new0 (Call, 1);

  call->self = g_object_ref (self);
  call->name = g_strdup (name);

  return call;
}

/* Tells what the call has changed. */
static void
call_done (gpointer data)
{
  Call *call = data;

  if (call->tracked != NULL)
    shm_manager_tell_tracked (call->self, call->tracked);
  if (call->released != NULL)
    shm_manager_tell_released (call->self, call->released);
  shm_manager_tell (call->self);
}

static void
start_call (Call *call,
            const ShmWork *work,
            gpointer tag,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  GTask *task = g_task_new (call->self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  shm_work_start (work, task, call);
}

static gpointer
finish_call (ShmManager *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Passes on the error of a call to the server; returns whether there was none. */
static gboolean
settle (Call *call, GError *failure, GError **error)
{
  if (failure == NULL)
    return TRUE;

  shm_manager_look_after (call->self, failure);
  g_propagate_error (error, failure);

  return FALSE;
}

/* Creating */

/* The server is told of the name just before the block gets it. */
typedef struct
{
  ShmCreation creation;
  GError *failure; /* (owned) (nullable): why the server did not take it */
} Making;

static void
making_clear (Making *making)
{
  shm_creation_clear (&making->creation);
  g_clear_error (&making->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Making, making_clear)

static gboolean
announce (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  Making *making = user_data;

  return shm_creation_announce (&making->creation, name, identity, &making->failure);
}

typedef gpointer (*Make) (Call *call, Making *making, GCancellable *cancellable, GError **error);

static gpointer
make_shared_memory (Call *call, Making *making, GCancellable *cancellable, GError **error)
{
  const ShmCreateHooks hooks = { .before_publish = announce, .before_publish_data = making };

  return shm_shared_memory_create_with (SHM_ORIGIN_CREATE, call->name, call->size, 0600,
                                        call->flags, &hooks, cancellable, error);
}

static gpointer
make_shareable_list (Call *call, Making *making, GCancellable *cancellable, GError **error)
{
  const ShmListRequest request = {
    .values = call->values,
    .packed = call->packed,
    .name = call->name,
    .mode = 0600,
    .create_flags = call->flags,
    .before_publish = announce,
    .before_publish_data = making,
  };

  return shm_shareable_list_create_with (&request, cancellable, error);
}

static ShmSharedMemory *
get_block (gpointer made)
{
  return SHM_IS_SHAREABLE_LIST (made) ? shm_shareable_list_get_shared_memory (made)
                                      : SHM_SHARED_MEMORY (made);
}

static gpointer
create (Call *call, Make make, GCancellable *cancellable, GError **error)
{
  ShmClient *client = shm_manager_get_client (call->self, error);
  g_auto (Making) making = { .failure = NULL };
  g_autoptr (GError) failure = NULL;
  g_autoptr (GObject) made = NULL;
  ShmSharedMemory *block;

  if (client == NULL)
    return NULL;

  if (shm_creation_begin (&making.creation, client, cancellable, &making.failure))
    made = make (call, &making, cancellable, &failure);

  if (made != NULL)
    {
      block = get_block (made);
      call->tracked = g_strdup (shm_shared_memory_get_name (block));
      if (shm_creation_commit (&making.creation, call->tracked, &making.failure))
        return g_steal_pointer (&made);

      shm_shared_memory_unlink (block, NULL);
      g_clear_pointer (&call->tracked, g_free);
    }

  /* Not being able to tell the server is also why the block was not created. */
  if (making.failure == NULL)
    making.failure = g_steal_pointer (&failure);
  settle (call, g_steal_pointer (&making.failure), error);

  return NULL;
}

static gpointer
run_create_shared_memory (gpointer call, GCancellable *cancellable, GError **error)
{
  return create (call, make_shared_memory, cancellable, error);
}

static gpointer
run_create_shareable_list (gpointer call, GCancellable *cancellable, GError **error)
{
  return create (call, make_shareable_list, cancellable, error);
}

static const ShmWork create_shared_memory_work
    = { run_create_shared_memory, call_done, call_free, g_object_unref };
static const ShmWork create_shareable_list_work
    = { run_create_shareable_list, call_done, call_free, g_object_unref };

/**
 * shm_manager_create_shared_memory:
 * @self: a manager that is started or connected
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a block that the server owns.
 *
 * It does what [ctor@Shm.SharedMemory.create] does, and the server knows of the block before the
 * block has its name: if this process is killed at any moment, the block either belongs to the
 * server or does not exist. (A server of Python's is told afterwards.) The name of a block is gone
 * when the server ends; finalizing the returned object does not remove it.
 *
 * It fails as [ctor@Shm.SharedMemory.create] does, and with [error@Shm.Error.NOT_STARTED],
 * [error@Shm.Error.CLOSED] (it was shut down), [error@Shm.Error.NOT_FOUND] (somebody had it released
 * at the same time), [error@Shm.Error.SERVER_DIED],
 * [error@Shm.Error.PROTOCOL], [error@Shm.Error.AUTHENTICATION_FAILED], [error@Shm.Error.TIMED_OUT]
 * or `G_IO_ERROR_CANCELLED`. There is no block then.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_manager_create_shared_memory (ShmManager *self,
                                  const char *name,
                                  guint64 size,
                                  ShmCreateFlags flags,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_auto (Call) call = { NULL };
  ShmSharedMemory *made;

  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (Call){
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .size = size,
    .flags = flags,
  };
  made = create (&call, make_shared_memory, cancellable, error);
  call_done (&call);

  return made;
}

/**
 * shm_manager_create_shared_memory_async:
 * @self: a manager that is started or connected
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block is there, or could not be created
 * @user_data: data for @callback
 *
 * Creates a block that the server owns, without making the caller wait. See
 * [method@Shm.Manager.create_shared_memory].
 *
 * Since: 1.0
 */
void
shm_manager_create_shared_memory_async (ShmManager *self,
                                        const char *name,
                                        guint64 size,
                                        ShmCreateFlags flags,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  Call *call;

  g_return_if_fail (SHM_IS_MANAGER (self));

  call = call_new (self, name);
  call->size = size;
  call->flags = flags;
  start_call (call, &create_shared_memory_work, shm_manager_create_shared_memory_async, cancellable,
              callback, user_data);
}

/**
 * shm_manager_create_shared_memory_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.create_shared_memory_async] began. It fails as
 * [method@Shm.Manager.create_shared_memory] does.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_manager_create_shared_memory_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, shm_manager_create_shared_memory_async, error);
}

/**
 * shm_manager_create_shareable_list:
 * @self: a manager that is started or connected
 * @values: the values: an array or a tuple
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE means nothing here
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a list whose block the server owns.
 *
 * It does what [ctor@Shm.ShareableList.create] does and fails as that does, and in addition as
 * [method@Shm.Manager.create_shared_memory] does.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_manager_create_shareable_list (ShmManager *self,
                                   GVariant *values,
                                   const char *name,
                                   ShmCreateFlags flags,
                                   GCancellable *cancellable,
                                   GError **error)
{
  g_auto (Call) call = { NULL };
  ShmShareableList *made;

  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (values != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (Call){
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .values = g_variant_ref_sink (values),
    .flags = flags,
  };
  made = create (&call, make_shareable_list, cancellable, error);
  call_done (&call);

  return made;
}

/**
 * shm_manager_create_shareable_list_async:
 * @self: a manager that is started or connected
 * @values: the values: an array or a tuple
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE means nothing here
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list is there, or could not be created
 * @user_data: data for @callback
 *
 * Creates a list whose block the server owns, without making the caller wait. See
 * [method@Shm.Manager.create_shareable_list].
 *
 * Since: 1.0
 */
void
shm_manager_create_shareable_list_async (ShmManager *self,
                                         GVariant *values,
                                         const char *name,
                                         ShmCreateFlags flags,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  Call *call;

  g_return_if_fail (SHM_IS_MANAGER (self));
  g_return_if_fail (values != NULL);

  call = call_new (self, name);
  call->values = g_variant_ref_sink (values);
  call->flags = flags;
  start_call (call, &create_shareable_list_work, shm_manager_create_shareable_list_async,
              cancellable, callback, user_data);
}

/**
 * shm_manager_create_shareable_list_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.create_shareable_list_async] began. It fails as
 * [method@Shm.Manager.create_shareable_list] does.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_manager_create_shareable_list_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, shm_manager_create_shareable_list_async, error);
}

/**
 * shm_manager_create_shareable_list_packed:
 * @self: a manager that is started or connected
 * @packed: (array length=length): values in Python's marshal format
 * @length: how many bytes that is
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE means nothing here
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a list whose block the server owns from a stream of bytes; meant for bindings.
 *
 * It does what [ctor@Shm.ShareableList.create_packed] does and fails as that does, and in addition
 * as [method@Shm.Manager.create_shared_memory] does.
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
                                          ShmCreateFlags flags,
                                          GCancellable *cancellable,
                                          GError **error)
{
  g_auto (Call) call = { NULL };
  ShmShareableList *made;

  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);
  g_return_val_if_fail (packed != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (Call){
    .self = g_object_ref (self),
    .name = g_strdup (name),
    .packed = g_bytes_new_static (packed, length),
    .flags = flags,
  };
  made = create (&call, make_shareable_list, cancellable, error);
  call_done (&call);

  return made;
}

/**
 * shm_manager_create_shareable_list_packed_async:
 * @self: a manager that is started or connected
 * @packed: (array length=length): values in Python's marshal format, which are copied
 * @length: how many bytes that is
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE means nothing here
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list is there, or could not be created
 * @user_data: data for @callback
 *
 * Creates a list whose block the server owns from a stream of bytes, without making the caller wait.
 * See [method@Shm.Manager.create_shareable_list_packed].
 *
 * Since: 1.0
 */
void
shm_manager_create_shareable_list_packed_async (ShmManager *self,
                                                const guint8 *packed,
                                                gsize length,
                                                const char *name,
                                                ShmCreateFlags flags,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data)
{
  Call *call;

  g_return_if_fail (SHM_IS_MANAGER (self));
  g_return_if_fail (packed != NULL || length == 0);

  call = call_new (self, name);
  call->packed = g_bytes_new (packed, length);
  call->flags = flags;
  start_call (call, &create_shareable_list_work, shm_manager_create_shareable_list_packed_async,
              cancellable, callback, user_data);
}

/**
 * shm_manager_create_shareable_list_packed_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.create_shareable_list_packed_async] began. It fails as
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
  return finish_call (self, result, shm_manager_create_shareable_list_packed_async, error);
}

/* Taking over and releasing */

/* Without its leading slash. */
static const char *
check_name (Call *call, GError **error)
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
  Call *call = data;
  ShmClient *client = shm_manager_get_client (call->self, error);
  const char *name = client != NULL ? check_name (call, error) : NULL;
  GError *failure = NULL;

  if (name == NULL)
    return NULL;

  if (shm_client_track (client, name, cancellable, &failure))
    call->tracked = g_strdup (name);

  return GINT_TO_POINTER (settle (call, failure, error));
}

static gpointer
run_release (gpointer data, GCancellable *cancellable, GError **error)
{
  Call *call = data;
  ShmClient *client = shm_manager_get_client (call->self, error);
  const char *name = client != NULL ? check_name (call, error) : NULL;
  GError *failure = NULL;

  if (name == NULL)
    return NULL;

  if (shm_client_release (client, name, cancellable, &failure))
    call->released = g_strdup (name);

  return GINT_TO_POINTER (settle (call, failure, error));
}

static gpointer
run_list (gpointer data, GCancellable *cancellable, GError **error)
{
  Call *call = data;
  ShmClient *client = shm_manager_get_client (call->self, error);
  GError *failure = NULL;
  char **names;

  if (client == NULL)
    return NULL;

  names = shm_client_list (client, cancellable, &failure);
  settle (call, failure, error);

  return names;
}

static void
free_names (gpointer names)
{
  g_strfreev (names);
}

static const ShmWork track_work = { run_track, call_done, call_free, NULL };
static const ShmWork release_work = { run_release, call_done, call_free, NULL };
static const ShmWork list_work = { run_list, call_done, call_free, free_names };

static gpointer
run_now (const ShmWork *work,
         ShmManager *self,
         const char *name,
         GCancellable *cancellable,
         GError **error)
{
  g_auto (Call) call = { .self = g_object_ref (self), .name = g_strdup (name) };
  gpointer result = work->run (&call, cancellable, error);

  call_done (&call);

  return result;
}

/**
 * shm_manager_track:
 * @self: a manager that is started or connected
 * @name: the name of a block
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Has the server own a block that exists already: one that was created without a manager.
 *
 * The server notes what block has the name now, and removes only that one. A name that is tracked
 * twice is listed twice.
 *
 * It fails with [error@Shm.Error.NOT_FOUND] (no such block), [error@Shm.Error.INVALID_NAME],
 * [error@Shm.Error.PERMISSION_DENIED] (a block of another user, which the server could not remove),
 * [error@Shm.Error.FAILED] (no block), and as [method@Shm.Manager.list_blocks] does.
 *
 * Returns: %TRUE if the server owns it
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
 * Has the server own a block, without making the caller wait. See [method@Shm.Manager.track].
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

  start_call (call_new (self, name), &track_work, shm_manager_track_async, cancellable, callback,
              user_data);
}

/**
 * shm_manager_track_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.track_async] began. It fails as [method@Shm.Manager.track] does.
 *
 * Returns: %TRUE if the server owns it
 *
 * Since: 1.0
 */
gboolean
shm_manager_track_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, shm_manager_track_async, error) != NULL;
}

/**
 * shm_manager_remove:
 * @self: a manager that is started or connected
 * @name: the name of a block that the server owns
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Has the server remove a block. Who is attached to it can go on using it.
 *
 * If the block is gone already, the server just forgets it; if another block has its name by now,
 * that one is left alone. (Python's server removes whatever has the name, and fails if it is gone.)
 *
 * It fails with [error@Shm.Error.NOT_FOUND] (the server owns no such block),
 * [error@Shm.Error.INVALID_NAME], and as [method@Shm.Manager.list_blocks] does.
 *
 * Returns: %TRUE if it is removed
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove (ShmManager *self, const char *name, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return run_now (&release_work, self, name, cancellable, error) != NULL;
}

/**
 * shm_manager_remove_async:
 * @self: a manager that is started or connected
 * @name: the name of a block that the server owns
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has answered
 * @user_data: data for @callback
 *
 * Has the server remove a block, without making the caller wait. See [method@Shm.Manager.remove].
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

  start_call (call_new (self, name), &release_work, shm_manager_remove_async, cancellable, callback,
              user_data);
}

/**
 * shm_manager_remove_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.remove_async] began. It fails as [method@Shm.Manager.remove]
 * does.
 *
 * Returns: %TRUE if it is removed
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, shm_manager_remove_async, error) != NULL;
}

/**
 * shm_manager_list_blocks:
 * @self: a manager that is started or connected
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks the server for the names of the blocks that it owns, in the order in which it was told of
 * them.
 *
 * A block that somebody has unlinked without telling the server is still among them.
 *
 * It fails with [error@Shm.Error.NOT_STARTED], [error@Shm.Error.CLOSED] (it was shut down),
 * [error@Shm.Error.SERVER_DIED], [error@Shm.Error.PROTOCOL],
 * [error@Shm.Error.AUTHENTICATION_FAILED], [error@Shm.Error.TIMED_OUT] (it does not answer within a
 * minute), [error@Shm.Error.FAILED] or `G_IO_ERROR_CANCELLED`.
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
 * Asks the server for the names of its blocks, without making the caller wait. See
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

  start_call (call_new (self, NULL), &list_work, shm_manager_list_blocks_async, cancellable,
              callback, user_data);
}

/**
 * shm_manager_list_blocks_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.list_blocks_async] began. It fails as
 * [method@Shm.Manager.list_blocks] does.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
shm_manager_list_blocks_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, shm_manager_list_blocks_async, error);
}
