/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of a ShmManager: starting one or connecting to one, what it reports, ending it, and what
 * dead ones have left. */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-fork.h"
#include "manager/protocol/shm-address.h"
#include "manager/shm-registry.h"
#include "shm-error.h"
#include "shm-work.h"

#include <errno.h>

/* How long the server may take to remove everything when it is told to end. */
#define SHUTDOWN_MSEC 10000

/* Reports of the server */

static void
on_report (gboolean is_tracked, const char *name, gpointer user_data)
{
  ShmManager *self = user_data;

  if (is_tracked)
    shm_manager_tell_tracked (self, name);
  else
    shm_manager_tell_released (self, name);
}

static gboolean
on_helper (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (ShmManager) self = g_weak_ref_get (weak);
  ShmManagerPrivate *priv = self != NULL ? shm_manager_get_private (self) : NULL;

  /* In a forked child it is for the parent to read. */
  if (self == NULL || !shm_manager_is_ours (priv))
    return G_SOURCE_REMOVE;

  /* Another thread is about to say that it is started. */
  if (g_atomic_int_get (&priv->state) == SHM_MANAGER_BUSY)
    return G_SOURCE_CONTINUE;
  if (shm_helper_receive (priv->helper, on_report, self))
    return G_SOURCE_CONTINUE;

  shm_manager_note_death (priv);
  shm_manager_tell (self);

  return G_SOURCE_REMOVE;
}

static void
weak_ref_free (gpointer data)
{
  GWeakRef *weak = data;

  g_weak_ref_clear (weak);
  g_free (weak);
}

/* The source must not keep the manager alive: letting go of it is a way to end the server. */
static void
listen_to_helper (ShmManager *self, GMainContext *context)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  priv->source = shm_helper_create_source (priv->helper);
  g_source_set_static_name (priv->source, "shmobj: what a manager's server reports");
  g_source_set_callback (priv->source, G_SOURCE_FUNC (on_helper), weak, weak_ref_free);
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
                 "The manager at %s has had its server, and gets no other: make a new one",
                 shm_manager_get_where (priv));
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_ALREADY_STARTED,
                 "The manager at %s was started or connected before", shm_manager_get_where (priv));

  return FALSE;
}

/* The address in GIO's form. TRUE with NULL if none was asked for. */
static gboolean
settle_address (ShmManagerPrivate *priv, GSocketAddress **address, GError **error)
{
  g_autoptr (GSocketAddress) wanted = NULL;

  if (priv->wanted_string == NULL)
    return TRUE;

  if (priv->wanted_address == NULL)
    wanted = shm_address_parse (priv->wanted_string, error);
  else
    wanted = shm_address_settle (priv->wanted_address, error);
  if (wanted == NULL)
    return FALSE;

  if (priv->allow_remote || shm_address_is_local (wanted))
    {
      *address = g_steal_pointer (&wanted);
      return TRUE;
    }

  g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
               "A manager at %s could be reached from, or would be on, other machines, and what is "
               "sent can be read and changed on the way: if the network is trusted, set "
               "allow-remote",
               priv->wanted_string);

  return FALSE;
}

static void
note_address (ShmManagerPrivate *priv, GSocketAddress *address)
{
  g_atomic_pointer_set (&priv->address, g_object_ref (address));
  g_atomic_pointer_set (&priv->address_string, shm_address_print (address));
}

/* The server has just said that it listens: if it is not there, somebody has killed it. */
static gboolean
meet_server (ShmClient *client, GCancellable *cancellable, GError **error)
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
  const guint64 number = shm_client_draw_number ();
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (ShmHelper) helper = NULL;
  g_autoptr (ShmClient) client = NULL;

  if (!settle_address (priv, &address, error))
    return FALSE;

  helper = shm_helper_start (&(ShmHelperPlan){ address, priv->authkey, priv->allow_md5,
                                               priv->allow_other_users, number },
                             cancellable, error);
  if (helper == NULL)
    return FALSE;

  client = shm_client_new (&(ShmClientPlan){ shm_helper_get_address (helper), priv->authkey,
                                             priv->allow_md5, priv->allow_other_users, number });
  if (!meet_server (client, cancellable, error))
    return FALSE;

  note_address (priv, shm_helper_get_address (helper));
  priv->helper = g_steal_pointer (&helper);
  priv->client = g_steal_pointer (&client);
  listen_to_helper (self, context);

  return TRUE;
}

static gboolean
connect_client (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (ShmClient) client = NULL;

  if (!settle_address (priv, &address, error))
    return FALSE;
  if (address == NULL)
    {
      g_set_error_literal (error, SHM_ERROR, SHM_ERROR_INVALID_NAME,
                           "A manager without an address can't connect to a server: give it one");
      return FALSE;
    }

  client = shm_client_new (&(ShmClientPlan){ address, priv->authkey, priv->allow_md5,
                                             priv->allow_other_users, shm_client_draw_number () });
  if (!shm_client_connect (client, cancellable, error))
    return FALSE;

  note_address (priv, address);
  priv->client = g_steal_pointer (&client);

  return TRUE;
}

/* @context is NULL for connecting. */
static gboolean
get_server (ShmManager *self,
            gboolean is_new,
            GMainContext *context,
            GCancellable *cancellable,
            GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  gboolean is_done;

  if (!begin (priv, error))
    return FALSE;

  priv->generation = shm_fork_get_generation ();
  if (is_new)
    is_done = start_server (self, context, cancellable, error);
  else
    is_done = connect_client (self, cancellable, error);

  if (!is_done)
    shm_manager_change_state (priv, SHM_MANAGER_BUSY, SHM_MANAGER_STATE_INITIAL);
  else
    shm_manager_change_state (priv, SHM_MANAGER_BUSY,
                              is_new ? SHM_MANAGER_STATE_STARTED : SHM_MANAGER_STATE_CONNECTED);

  return is_done;
}

/* Ending */

/* Also when somebody else does it already: it is done when the last returns. */
static gboolean
end_our_server (ShmManagerPrivate *priv, GCancellable *cancellable, GError **error)
{
  if (shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SHUT_DOWN))
    g_source_destroy (priv->source);

  return shm_helper_end (priv->helper, SHUTDOWN_MSEC, cancellable, error);
}

static gboolean
end_their_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  g_autoptr (GError) failure = NULL;

  g_atomic_int_set (&priv->is_ending, TRUE);
  if (shm_client_end_server (priv->client, cancellable, &failure))
    {
      shm_manager_let_go (priv);
      return TRUE;
    }

  g_atomic_int_set (&priv->is_ending, FALSE);
  shm_manager_look_after (self, failure);
  g_propagate_error (error, g_steal_pointer (&failure));

  return FALSE;
}

static gboolean
end_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  const int state = g_atomic_int_get (&priv->state);

  if (state == SHM_MANAGER_STATE_INITIAL || state == SHM_MANAGER_BUSY)
    return shm_manager_get_client (self, error) != NULL;

  /* A forked child has nothing to end. */
  if (!shm_manager_is_ours (priv))
    shm_manager_let_go (priv);
  else if (priv->helper != NULL)
    return end_our_server (priv, cancellable, error);
  else if (state == SHM_MANAGER_STATE_CONNECTED)
    return end_their_server (self, cancellable, error);

  return TRUE;
}

/* What the asynchronous functions carry. */
typedef struct
{
  ShmManager *self;      /* (owned) */
  GMainContext *context; /* (owned) (nullable) */
} Stage;

static Stage *
stage_new (ShmManager *self)
{
  Stage *stage = g_new0 (Stage, 1);

  stage->self = g_object_ref (self);
  stage->context = g_main_context_ref_thread_default ();

  return stage;
}

static void
stage_free (gpointer data)
{
  Stage *stage = data;

  g_object_unref (stage->self);
  g_main_context_unref (stage->context);
  g_free (stage);
}

static void
stage_done (gpointer data)
{
  shm_manager_tell (((Stage *) data)->self);
}

static gpointer
run_start (gpointer data, GCancellable *cancellable, GError **error)
{
  Stage *stage = data;

  return GINT_TO_POINTER (get_server (stage->self, TRUE, stage->context, cancellable, error));
}

static gpointer
run_connect (gpointer data, GCancellable *cancellable, GError **error)
{
  Stage *stage = data;

  return GINT_TO_POINTER (get_server (stage->self, FALSE, NULL, cancellable, error));
}

static gpointer
run_shutdown (gpointer data, GCancellable *cancellable, GError **error)
{
  return GINT_TO_POINTER (end_server (((Stage *) data)->self, cancellable, error));
}

static const ShmWork start_work = { run_start, stage_done, stage_free, NULL };
static const ShmWork connect_work = { run_connect, stage_done, stage_free, NULL };
static const ShmWork shutdown_work = { run_shutdown, stage_done, stage_free, NULL };

static void
start_stage (ShmManager *self,
             const ShmWork *work,
             gpointer tag,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  shm_work_start (work, task, stage_new (self));
}

static gboolean
finish_stage (ShmManager *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/**
 * shm_manager_start:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Starts a server.
 *
 * It is a process of its own, `shmobj-manager`, in its own session, and it takes a few milliseconds
 * until it listens. The manager's address is then the one at which others find it. It also removes
 * what managers of this user have left that were killed together with their starters.
 *
 * It ends, and removes all its blocks, with [method@Shm.Manager.shutdown], when the manager is
 * finalized, when this process ends or is killed, when it gets SIGTERM, or when somebody who has
 * the key says so. If the server is killed, the signal [signal@Shm.Manager::server-exited] is
 * emitted in the thread-default main context of the caller.
 *
 * Do not let the process collect children that it does not know, as with `waitpid (-1)`: the server
 * is one, and the manager waits for it.
 *
 * It fails with [error@Shm.Error.ALREADY_STARTED], [error@Shm.Error.CLOSED] (it was shut down),
 * [error@Shm.Error.EXISTS] (the address is in use), [error@Shm.Error.INVALID_NAME] (no address, or
 * too long for a socket), [error@Shm.Error.PERMISSION_DENIED] (not on this machine),
 * [error@Shm.Error.NOT_FOUND] (the helper program is not where it should be),
 * [error@Shm.Error.NO_SPACE], [error@Shm.Error.NOT_SUPPORTED] (the helper program is of another
 * version), [error@Shm.Error.SERVER_DIED], [error@Shm.Error.TIMED_OUT], [error@Shm.Error.FAILED] or
 * `G_IO_ERROR_CANCELLED`. Nothing is left then, and it can be tried again.
 *
 * Returns: %TRUE if the server runs
 *
 * Since: 1.0
 */
gboolean
shm_manager_start (ShmManager *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = NULL;
  gboolean is_done;

  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  context = g_main_context_ref_thread_default ();
  is_done = get_server (self, TRUE, context, cancellable, error);
  shm_manager_tell (self);

  return is_done;
}

/**
 * shm_manager_start_async:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server runs, or could not be started
 * @user_data: data for @callback
 *
 * Starts a server without making the caller wait. See [method@Shm.Manager.start].
 *
 * Since: 1.0
 */
void
shm_manager_start_async (ShmManager *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (SHM_IS_MANAGER (self));

  start_stage (self, &start_work, shm_manager_start_async, cancellable, callback, user_data);
}

/**
 * shm_manager_start_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.start_async] began. It fails as [method@Shm.Manager.start] does.
 *
 * Returns: %TRUE if the server runs
 *
 * Since: 1.0
 */
gboolean
shm_manager_start_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_stage (self, result, shm_manager_start_async, error);
}

/**
 * shm_manager_connect_to_server:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Joins a server that somebody else has started: with this library, or with Python's
 * `SharedMemoryManager`.
 *
 * What is created from now on belongs to that server. With a server of this library a connection is
 * kept, and a block is known to the server before it has its name. With Python's there is a
 * connection for each call, and a process that is killed right after it has created a block leaves
 * it behind.
 *
 * The manager's address must be the server's, and its key too. It fails with
 * [error@Shm.Error.ALREADY_STARTED], [error@Shm.Error.CLOSED],
 * [error@Shm.Error.NOT_FOUND] (nobody listens there), [error@Shm.Error.AUTHENTICATION_FAILED] (the
 * keys differ), [error@Shm.Error.PROTOCOL] (it is no manager), [error@Shm.Error.SERVER_DIED] (the
 * other end hung up: it has ended, or this process is not of its user),
 * [error@Shm.Error.INVALID_NAME], [error@Shm.Error.PERMISSION_DENIED] (it is another user's, or not on
 * this machine), [error@Shm.Error.TIMED_OUT], [error@Shm.Error.FAILED] or `G_IO_ERROR_CANCELLED`, and
 * can be tried again then.
 *
 * Returns: %TRUE if the server is there
 *
 * Since: 1.0
 */
gboolean
shm_manager_connect_to_server (ShmManager *self, GCancellable *cancellable, GError **error)
{
  gboolean is_done;

  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  is_done = get_server (self, FALSE, NULL, cancellable, error);
  shm_manager_tell (self);

  return is_done;
}

/**
 * shm_manager_connect_to_server_async:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has answered, or could not be found
 * @user_data: data for @callback
 *
 * Joins a server without making the caller wait. See [method@Shm.Manager.connect_to_server].
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

  start_stage (self, &connect_work, shm_manager_connect_to_server_async, cancellable, callback,
               user_data);
}

/**
 * shm_manager_connect_to_server_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.connect_to_server_async] began. It fails as
 * [method@Shm.Manager.connect_to_server] does.
 *
 * Returns: %TRUE if the server is there
 *
 * Since: 1.0
 */
gboolean
shm_manager_connect_to_server_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_stage (self, result, shm_manager_connect_to_server_async, error);
}

/**
 * shm_manager_shutdown:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the server, for everybody who uses it, and with it the names of all its blocks.
 *
 * What is attached or mapped stays usable, as after [method@Shm.SharedMemory.unlink]. When the
 * function returns, the names are gone. A manager that is shut down is of no more use; shutting it
 * down once more does nothing. In a forked child of the process that started or connected it only
 * lets go of the server.
 *
 * A server that this manager has started and that does not end within ten seconds is killed, and
 * what it has left is removed here.
 *
 * It fails with [error@Shm.Error.NOT_STARTED], with [error@Shm.Error.PERMISSION_DENIED] (this process
 * has given up the right to kill it), or with `G_IO_ERROR_CANCELLED`: a server that was started here
 * ends by itself then. If the server is somebody else's, it also fails as
 * [method@Shm.Manager.list_blocks] does.
 *
 * Returns: %TRUE if the server has ended
 *
 * Since: 1.0
 */
gboolean
shm_manager_shutdown (ShmManager *self, GCancellable *cancellable, GError **error)
{
  gboolean is_done;

  g_return_val_if_fail (SHM_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  is_done = end_server (self, cancellable, error);
  shm_manager_tell (self);

  return is_done;
}

/**
 * shm_manager_shutdown_async:
 * @self: a manager
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the server has ended
 * @user_data: data for @callback
 *
 * Ends the server without making the caller wait. See [method@Shm.Manager.shutdown].
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

  start_stage (self, &shutdown_work, shm_manager_shutdown_async, cancellable, callback, user_data);
}

/**
 * shm_manager_shutdown_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Shm.Manager.shutdown_async] began. It fails as [method@Shm.Manager.shutdown]
 * does.
 *
 * Returns: %TRUE if the server has ended
 *
 * Since: 1.0
 */
gboolean
shm_manager_shutdown_finish (ShmManager *self, GAsyncResult *result, GError **error)
{
  return finish_stage (self, result, shm_manager_shutdown_async, error);
}

/**
 * shm_manager_remove_leftovers:
 * @n_removed: (out) (optional): how many blocks were removed
 * @error: return location for an error
 *
 * Removes what servers of this user have left that were killed, and whose starters are not there to
 * do it: blocks, socket files and registries.
 *
 * Nothing is removed that a living server owns, and no block of another user or that has taken the
 * name of one which is gone. Every start of a manager does the same.
 *
 * It fails with [error@Shm.Error.NOT_SUPPORTED] if there is no place for blocks on this system, and
 * [error@Shm.Error.FAILED].
 *
 * Returns: %TRUE if it could look for them
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove_leftovers (guint *n_removed, GError **error)
{
  ShmFault fault;
  guint count;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shm_registry_sweep_all (&count, &fault))
    {
      g_set_error (error, SHM_ERROR,
                   fault.errnum == ENOENT ? SHM_ERROR_NOT_SUPPORTED : SHM_ERROR_FAILED,
                   "What dead managers have left can't be looked for: %s",
                   g_strerror (fault.errnum));
      return FALSE;
    }

  if (n_removed != NULL)
    *n_removed = count;

  return TRUE;
}
