/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of a ShmManager: starting it, connecting to it, and shutting it down. */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-fork.h"
#include "manager/protocol/shm-address.h"
#include "manager/shm-manager-error.h"
#include "shm-error.h"
#include "shm-manager-call.h"

#include <errno.h>

/* How long a server may take to end after a failed start. Then the server is killed. */
#define FAILED_START_MSEC 2000

/* Reports from the server */

static void
on_report (gboolean is_tracked, const char *name, gpointer user_data)
{
  ShmManager *self = user_data;

  if (is_tracked)
    shm_manager_emit_block_tracked (self, name);
  else
    shm_manager_emit_block_removed (self, name);
}

static gpointer
run_handle_death (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;

  shm_manager_handle_server_death (shm_manager_get_private (call->self));

  return GINT_TO_POINTER (TRUE);
}

static const ShmWork death_work
    = { run_handle_death, shm_manager_call_emit, shm_manager_call_free, NULL };

/* If no thread could be started, handles the death of the server in the main loop. */
static void
on_death_handled (GObject *object, GAsyncResult *result, gpointer user_data)
{
  ShmManager *self = SHM_MANAGER (object);

  if (g_task_propagate_pointer (G_TASK (result), NULL) != NULL)
    return;

  shm_manager_handle_server_death (shm_manager_get_private (self));
  shm_manager_emit_state_changes (self);
}

/* Reaping the server and removing its blocks takes time, so a thread does it. The signals are
 * emitted in @context, which the calling thread owns. */
static void
start_handling_death (ShmManager *self, GMainContext *context)
{
  g_main_context_push_thread_default (context);
  shm_manager_call_start (shm_manager_call_new (self, NULL), &death_work, on_death_handled, NULL,
                          on_death_handled, NULL);
  g_main_context_pop_thread_default (context);
}

static gboolean
on_helper_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (ShmManager) self = g_weak_ref_get (weak);
  ShmManagerPrivate *priv = self != NULL ? shm_manager_get_private (self) : NULL;

  /* A forked child shares the socket with its parent. The child must not read the reports, because
   * the parent needs them. */
  if (self == NULL || !shm_manager_belongs_to_process (priv))
    return G_SOURCE_REMOVE;

  /* Another thread is about to change the state to STARTED. */
  if (g_atomic_int_get (&priv->state) == SHM_MANAGER_BUSY)
    return G_SOURCE_CONTINUE;
  if (shm_helper_receive (priv->helper, on_report, self))
    return G_SOURCE_CONTINUE;

  start_handling_death (self, g_source_get_context (priv->source));

  return G_SOURCE_REMOVE;
}

static void
weak_ref_free (gpointer data)
{
  GWeakRef *weak = data;

  g_weak_ref_clear (weak);
  g_free (weak);
}

/* The source has a weak reference, because dropping the last reference to the manager must end the
 * server. */
static void
watch_helper (ShmManager *self, GMainContext *context)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  priv->source = shm_helper_create_source (priv->helper);
  g_source_set_static_name (priv->source, "shmobj: reports of a manager's server");
  g_source_set_callback (priv->source, G_SOURCE_FUNC (on_helper_readable), weak, weak_ref_free);
  g_source_attach (priv->source, context);
}

/* Starting and connecting */

static gboolean
begin (ShmManagerPrivate *priv, GError **error)
{
  int state;

  if (shm_manager_change_state (priv, SHM_MANAGER_STATE_INITIAL, SHM_MANAGER_BUSY))
    return TRUE;

  state = g_atomic_int_get (&priv->state);
  if (state == SHM_MANAGER_STATE_SHUT_DOWN || state == SHM_MANAGER_STATE_SERVER_DIED)
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "The server of the manager at %s has ended, and a manager can have only one "
                 "server: create a new manager",
                 shm_manager_describe_address (priv));
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_ALREADY_STARTED,
                 "The manager at %s is already started or connected",
                 shm_manager_describe_address (priv));

  return FALSE;
}

/* Checks the arguments of the constructor, which cannot fail. */
static gboolean
check_arguments (ShmManagerPrivate *priv, GError **error)
{
  if (priv->undefined_flags != 0)
    g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                 "The manager at %s was created with undefined flags 0x%x",
                 shm_manager_describe_address (priv), priv->undefined_flags);
  else if (priv->authkey == NULL)
    g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                 "The manager at %s has no key: neither getrandom() nor /dev/urandom gives this "
                 "process random bytes (%s). Pass a key to the constructor",
                 shm_manager_describe_address (priv), g_strerror (priv->key_errnum));

  return priv->undefined_flags == 0 && priv->authkey != NULL;
}

/* Parses the address that was given to the constructor. If there is none, returns TRUE and does not
 * set @address. */
static gboolean
parse_address (ShmManagerPrivate *priv, GSocketAddress **address, GError **error)
{
  g_autoptr (GSocketAddress) wanted = NULL;

  if (priv->wanted_address == NULL)
    return TRUE;

  wanted = shm_address_parse (priv->wanted_address, error);
  if (wanted == NULL)
    return FALSE;

  if (shm_address_is_local (wanted))
    {
      *address = g_steal_pointer (&wanted);
      return TRUE;
    }

  g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
               "A manager cannot use the address %s, which other machines can reach: use a Unix "
               "socket or the loopback interface",
               priv->wanted_address);

  return FALSE;
}

/* Connects to a server that has just reported that it listens. If nothing listens at the address,
 * the server was killed. */
static gboolean
connect_to_started_server (ShmClient *client, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (shm_client_connect (client, cancellable, &failure))
    return TRUE;

  if (g_error_matches (failure, SHM_ERROR, SHM_ERROR_NOT_FOUND))
    failure->code = SHM_ERROR_SERVER_DIED;
  g_propagate_error (error, g_steal_pointer (&failure));

  return FALSE;
}

static gboolean
start_server (ShmManager *self, GMainContext *context, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  const gboolean allow_md5 = (priv->flags & SHM_MANAGER_REFUSE_MD5) == 0;
  const gboolean allow_other_users = (priv->flags & SHM_MANAGER_ALLOW_OTHER_USERS) != 0;
  const guint64 number = shm_client_generate_number ();
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (ShmHelper) helper = NULL;
  g_autoptr (ShmClient) client = NULL;

  if (!parse_address (priv, &address, error))
    return FALSE;

  helper = shm_helper_start (&(ShmHelperPlan){ address, priv->authkey, allow_md5, allow_other_users,
                                               number },
                             cancellable, error);
  if (helper == NULL)
    return FALSE;

  client = shm_client_new (&(ShmClientPlan){ shm_helper_get_address (helper), priv->authkey,
                                             allow_md5, allow_other_users, number });
  if (!connect_to_started_server (client, cancellable, error))
    {
      /* Unlike shm_helper_free(), shm_helper_end() waits until the server has left nothing
       * behind. */
      shm_helper_end (helper, FAILED_START_MSEC, NULL, NULL);
      return FALSE;
    }

  g_atomic_pointer_set (&priv->address, shm_address_print (shm_helper_get_address (helper)));
  priv->helper = g_steal_pointer (&helper);
  priv->client = g_steal_pointer (&client);
  watch_helper (self, context);

  return TRUE;
}

static gboolean
connect_client (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (ShmClient) client = NULL;

  if (!parse_address (priv, &address, error))
    return FALSE;
  if (address == NULL)
    {
      g_set_error_literal (error, SHM_ERROR, SHM_ERROR_INVALID_NAME,
                           "A manager without an address cannot connect to a server: pass the "
                           "server's address to the constructor");
      return FALSE;
    }

  client = shm_client_new (&(ShmClientPlan){
      address, priv->authkey, (priv->flags & SHM_MANAGER_REFUSE_MD5) == 0,
      (priv->flags & SHM_MANAGER_ALLOW_OTHER_USERS) != 0, shm_client_generate_number () });
  if (!shm_client_connect (client, cancellable, error))
    return FALSE;

  g_atomic_pointer_set (&priv->address, shm_address_print (address));
  priv->client = g_steal_pointer (&client);

  return TRUE;
}

static gpointer
run_start (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;
  ShmManagerPrivate *priv = shm_manager_get_private (call->self);
  gboolean is_started;

  if (!begin (priv, error))
    return GINT_TO_POINTER (FALSE);

  priv->generation = shm_fork_get_generation ();
  is_started = check_arguments (priv, error)
               && start_server (call->self, call->context, cancellable, error);
  shm_manager_change_state (priv, SHM_MANAGER_BUSY,
                            is_started ? SHM_MANAGER_STATE_STARTED : SHM_MANAGER_STATE_INITIAL);

  return GINT_TO_POINTER (is_started);
}

static gpointer
run_connect (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmManagerCall *call = data;
  ShmManagerPrivate *priv = shm_manager_get_private (call->self);
  gboolean is_connected;

  if (!begin (priv, error))
    return GINT_TO_POINTER (FALSE);

  priv->generation = shm_fork_get_generation ();
  is_connected = check_arguments (priv, error) && connect_client (call->self, cancellable, error);
  shm_manager_change_state (priv, SHM_MANAGER_BUSY,
                            is_connected ? SHM_MANAGER_STATE_CONNECTED : SHM_MANAGER_STATE_INITIAL);

  return GINT_TO_POINTER (is_connected);
}

static const ShmWork start_work = { run_start, shm_manager_call_emit, shm_manager_call_free, NULL };
static const ShmWork connect_work
    = { run_connect, shm_manager_call_emit, shm_manager_call_free, NULL };

/**
 * shm_manager_start:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Starts a server.
 *
 * The server is a separate process, `shmobj-manager`, with its own session. The function waits
 * until the server listens, which takes a few milliseconds. Other processes can connect to the
 * server at [property@Shm.Manager:address]. The function also removes the blocks that
 * [func@Shm.Manager.remove_leftovers] removes.
 *
 * The server removes all its blocks and ends in these cases:
 *
 * - [method@Shm.Manager.shutdown] is called, by this process or by a client that has the key.
 * - The manager is finalized.
 * - This process ends or is killed.
 * - The server receives SIGTERM.
 *
 * If the server is killed, the signal [signal@Shm.Manager::server-exited] is emitted in the
 * thread-default main context of the caller.
 *
 * The server is a child process, and the manager reaps it. The program must not reap children that
 * it did not start, for example with `waitpid (-1)`.
 *
 * The function fails with [error@Shm.Error.ALREADY_STARTED], [error@Shm.Error.CLOSED] (the manager
 * was shut down, or its server died), [error@Shm.Error.EXISTS] (the address is in use),
 * [error@Shm.Error.INVALID_NAME] (the address is not valid, or too long for a socket),
 * [error@Shm.Error.PERMISSION_DENIED] (other machines can reach the address, or a file has a mode
 * that does not permit the start),
 * [error@Shm.Error.NOT_FOUND] (the helper program does not exist at its path, or the folder of the
 * address does not exist),
 * [error@Shm.Error.NO_SPACE], [error@Shm.Error.TOO_MANY_FILES],
 * [error@Shm.Error.FOLDER_MISSING] and [error@Shm.Error.FOLDER_READ_ONLY] (`/dev/shm` is missing or
 * read-only), [error@Shm.Error.REFUSED], [error@Shm.Error.NOT_SUPPORTED] (the helper program has
 * another version, or the flags of [ctor@Shm.Manager.new] have undefined bits),
 * [error@Shm.Error.SERVER_DIED], [error@Shm.Error.TIMED_OUT] (the server did not answer within ten
 * seconds), [error@Shm.Error.FAILED] or `G_IO_ERROR_CANCELLED`. Except after ALREADY_STARTED and
 * CLOSED, no server runs after a failure, and the function can be called again.
 *
 * Returns: %TRUE if the server runs
 *
 * Since: 1.0
 */
gboolean
shm_manager_start (ShmManager *self, GCancellable *cancellable, GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shm_work_has_context ())
    {
      shm_manager_set_errno (error, EMFILE, "The manager at %s cannot be started",
                             shm_manager_describe_address (shm_manager_get_private (self)));
      return FALSE;
    }

  call.self = g_object_ref (self);
  call.context = g_main_context_ref_thread_default ();

  return shm_manager_call_run (&call, &start_work, cancellable, error) != NULL;
}

/**
 * shm_manager_start_async:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server runs or could not be started
 * @user_data: data for @callback
 *
 * Starts a server without blocking the caller. See [method@Shm.Manager.start].
 *
 * Since: 1.0
 */
void
shm_manager_start_async (ShmManager *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  ShmManagerCall *call;

  g_return_if_fail (SHM_IS_MANAGER (self));

  call = shm_manager_call_new (self, NULL);
  call->context = g_main_context_ref_thread_default ();
  shm_manager_call_start (call, &start_work, shm_manager_start_async, cancellable, callback,
                          user_data);
}

/**
 * shm_manager_start_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.start_async]. It fails as [method@Shm.Manager.start] does.
 *
 * Returns: %TRUE if the server runs
 *
 * Since: 1.0
 */
gboolean
shm_manager_start_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_manager_start_async, error, FALSE);

  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/**
 * shm_manager_connect_to_server:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Connects to a server that another process has started, with this library or with Python's
 * `SharedMemoryManager`.
 *
 * The manager must have the server's address and key. Blocks that the manager creates from now on
 * belong to that server. If the server belongs to this library, the manager keeps its connections
 * open, and announces each block to the server before the block has a name. Python's server needs a
 * new connection for each call, and the manager tracks a block after its creation. If the process
 * is killed in between, the block stays.
 *
 * The function fails with [error@Shm.Error.ALREADY_STARTED], [error@Shm.Error.CLOSED] (the manager
 * was shut down, or its server died), [error@Shm.Error.NOT_FOUND] (nothing listens at the address),
 * [error@Shm.Error.AUTHENTICATION_FAILED] (the keys differ, or the server needs HMAC-MD5, which the
 * manager refuses), [error@Shm.Error.PROTOCOL] (the peer is not a manager's server),
 * [error@Shm.Error.SERVER_DIED] (the peer closed the connection: the server has ended, or does not
 * accept this user), [error@Shm.Error.INVALID_NAME] (there is no address, or the address is not
 * valid), [error@Shm.Error.PERMISSION_DENIED] (the server belongs to another user, or other
 * machines can reach the address), [error@Shm.Error.NOT_SUPPORTED] (the flags of
 * [ctor@Shm.Manager.new] have undefined bits), [error@Shm.Error.TIMED_OUT],
 * [error@Shm.Error.FAILED] or `G_IO_ERROR_CANCELLED`. Except after ALREADY_STARTED and CLOSED, the
 * function can be called again.
 *
 * The function waits for at most ten seconds for the handshake and one minute for the first reply.
 *
 * Returns: %TRUE if the manager is connected
 *
 * Since: 1.0
 */
gboolean
shm_manager_connect_to_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  call.self = g_object_ref (self);

  return shm_manager_call_run (&call, &connect_work, cancellable, error) != NULL;
}

/**
 * shm_manager_connect_to_server_async:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the manager is connected or could not be connected
 * @user_data: data for @callback
 *
 * Connects to a server without blocking the caller. See [method@Shm.Manager.connect_to_server].
 *
 * Since: 1.0
 */
void
shm_manager_connect_to_server_async (ShmManager *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (SHM_IS_MANAGER (self));

  shm_manager_call_start (shm_manager_call_new (self, NULL), &connect_work,
                          shm_manager_connect_to_server_async, cancellable, callback, user_data);
}

/**
 * shm_manager_connect_to_server_finish:
 * @self: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [method@Shm.Manager.connect_to_server_async]. It fails as
 * [method@Shm.Manager.connect_to_server] does.
 *
 * Returns: %TRUE if the manager is connected
 *
 * Since: 1.0
 */
gboolean
shm_manager_connect_to_server_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_manager_connect_to_server_async, error, FALSE);

  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/* Shutting down */

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

/* Several threads can call this function at the same time. The server replies to one of them, and
 * closes the connections of the others. */
static gboolean
end_connected_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  g_autoptr (GError) failure = NULL;

  g_atomic_int_inc (&priv->n_ending);
  if (shm_client_end_server (priv->client, cancellable, &failure))
    shm_manager_mark_shut_down (priv);
  g_atomic_int_add (&priv->n_ending, -1);
  if (failure == NULL)
    return TRUE;

  shm_manager_handle_error (self, failure);
  if (g_error_matches (failure, SHM_ERROR, SHM_ERROR_SERVER_DIED)
      && g_atomic_int_get (&priv->state) == SHM_MANAGER_STATE_SHUT_DOWN)
    return TRUE;

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
 * started or connected the manager, the server continues: the function only makes later calls on
 * this object fail with [error@Shm.Error.CLOSED].
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
  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_manager_shutdown_async, error, FALSE);

  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}
