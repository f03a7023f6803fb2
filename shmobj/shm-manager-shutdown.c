/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends the server of a ShmManager. */

#include "config.h"

#include "shm-manager-call.h"

/* How long a server that this manager started may take to remove all its blocks. Then the server is
 * killed. */
#define SHUTDOWN_MSEC 10000

/* Several threads can call this function at the same time. Each call returns when the server has
 * ended. */
static gboolean
end_started_server (ShmManagerPrivate *priv, GCancellable *cancellable, GError **error)
{
  if (shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SHUT_DOWN))
    g_source_destroy (priv->source);

  return shm_helper_end (priv->helper, SHUTDOWN_MSEC, cancellable, error);
}

static gboolean
end_connected_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  g_autoptr (GError) failure = NULL;

  g_atomic_int_set (&priv->is_ending, TRUE);
  if (shm_client_end_server (priv->client, cancellable, &failure))
    {
      shm_manager_mark_shut_down (priv);
      return TRUE;
    }

  g_atomic_int_set (&priv->is_ending, FALSE);
  shm_manager_handle_error (self, failure);
  g_propagate_error (error, g_steal_pointer (&failure));

  return FALSE;
}

static gboolean
end_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  int state = g_atomic_int_get (&priv->state);

  if (state == SHM_MANAGER_STATE_INITIAL || state == SHM_MANAGER_BUSY)
    {
      if (shm_manager_get_client (self, error) == NULL)
        return FALSE;
      /* Another thread has started the manager in the meantime. */
      state = g_atomic_int_get (&priv->state);
    }

  /* A forked child must not end the server of its parent. */
  if (!shm_manager_belongs_to_process (priv))
    shm_manager_mark_shut_down (priv);
  else if (priv->helper != NULL)
    return end_started_server (priv, cancellable, error);
  else if (state == SHM_MANAGER_STATE_CONNECTED)
    return end_connected_server (self, cancellable, error);

  return TRUE;
}

static gpointer
run_shutdown (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;

  return GINT_TO_POINTER (end_server (call->self, cancellable, error));
}

static const ShmWork shutdown_work
    = { run_shutdown, shm_manager_call_emit, shm_manager_call_free, NULL };

/**
 * shm_manager_shutdown:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the server, for all its clients, and removes all its blocks.
 *
 * When the function returns, the names of the blocks are removed. Objects that are attached to a
 * block, and mappings, stay usable, as after [method@Shm.SharedMemory.unlink]. The manager cannot
 * be started again. Shutting it down again does nothing. In a forked child of the process that
 * started or connected the manager, the function only closes the child's connections.
 *
 * The function waits until the server has ended. If this manager started the server and the server
 * does not end within ten seconds, the function kills the server and removes its blocks. If another
 * process started the server, the function waits for the server's reply for at most one minute.
 *
 * It fails with [error@Shm.Error.NOT_STARTED], with [error@Shm.Error.PERMISSION_DENIED] (this
 * process is not allowed to kill the server any more), or with `G_IO_ERROR_CANCELLED`. If this
 * manager started the server, the server still ends after a cancellation. If another process
 * started the server, the function also fails as [method@Shm.Manager.list_blocks] does.
 *
 * Returns: %TRUE if the server has ended
 *
 * Since: 1.0
 */
gboolean
shm_manager_shutdown (ShmManager *self, GCancellable *cancellable, GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  call.self = g_object_ref (self);

  return shm_manager_call_run (&call, &shutdown_work, cancellable, error) != NULL;
}

/**
 * shm_manager_shutdown_async:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has ended or could not be ended
 * @user_data: data for @callback
 *
 * Ends the server without blocking the caller. See [method@Shm.Manager.shutdown].
 *
 * Since: 1.0
 */
void
shm_manager_shutdown_async (ShmManager *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (SHM_IS_MANAGER (self));

  shm_manager_call_start (shm_manager_call_new (self, NULL), &shutdown_work,
                          shm_manager_shutdown_async, cancellable, callback, user_data);
}

/**
 * shm_manager_shutdown_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.shutdown_async]. It fails as
 * [method@Shm.Manager.shutdown] does.
 *
 * Returns: %TRUE if the server has ended
 *
 * Since: 1.0
 */
gboolean
shm_manager_shutdown_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return shm_manager_call_finish (self, result, shm_manager_shutdown_async, error) != NULL;
}
