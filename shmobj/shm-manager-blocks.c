/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of ShmManager for existing blocks: track, remove and list. */

#include "config.h"

#include "shm-manager-call.h"

#include "core/shm-name.h"
#include "shm-error-private.h"

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
  return shm_manager_call_finish (self, result, shm_manager_track_async, error) != NULL;
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
 * The function waits for the server's reply for at most one minute.
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
  return shm_manager_call_finish (self, result, shm_manager_remove_async, error) != NULL;
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
  return shm_manager_call_finish (self, result, shm_manager_list_blocks_async, error);
}
