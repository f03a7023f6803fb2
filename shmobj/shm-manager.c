/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-fork.h"
#include "core/shm-random.h"
#include "shm-enum-types.h"
#include "shm-error.h"

/**
 * ShmManager:
 *
 * Owns blocks on behalf of several processes, and removes them when it ends.
 *
 * A block exists until a process removes its name. If many processes use a block, it is hard to
 * decide which of them removes the name, and that process can be killed before it does so. A
 * manager takes over this task. It starts a *server*, a small helper process that knows the names
 * of its blocks. The server removes all its blocks when the manager that started it is shut down or
 * finalized, and when the process that started it ends, for whatever reason.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
 * g_autoptr (ShmSharedMemory) shm = NULL;
 *
 * if (!shm_manager_start (manager, NULL, &error))
 *   g_error ("%s", error->message);
 *
 * shm = shm_manager_create_shared_memory (manager, NULL, 4096, 0600, SHM_CREATE_NONE, NULL,
 *                                         &error);
 * ```
 *
 * ## Other processes
 *
 * Other processes can use the same server. They create a manager with the same address and key, and
 * call [method@Shm.Manager.connect_to_server] instead of [method@Shm.Manager.start]. The blocks
 * that they create also belong to the server, and outlive the processes that created them.
 *
 * The protocol is that of Python's `multiprocessing.managers.SharedMemoryManager`, so that the
 * client or the server can be a Python program that does not use this library. A client of Python
 * 3.8 or later can connect to a server that this library started, and a manager of this library can
 * connect to a server of Python.
 *
 * ## Address
 *
 * An address is a text of one of three forms:
 *
 * ```text
 * path of a Unix socket    /run/user/1000/blocks
 * abstract Unix socket     @name
 * TCP                      localhost:5000
 * ```
 *
 * If no address is given, the server listens at a path in a new folder. Other users cannot
 * enter this folder, unless the manager has %SHM_MANAGER_ALLOW_OTHER_USERS.
 * [method@Shm.Manager.get_address] returns the path after the server is started.
 *
 * TCP addresses must belong to the loopback interface: shared memory is local, and the protocol is
 * not protected against an attacker in the network.
 *
 * On a Unix socket the server accepts processes of its own user and of root, and a client accepts
 * servers of its own user and of root. %SHM_MANAGER_ALLOW_OTHER_USERS removes this limit. On TCP
 * the user of a peer is not known: every peer that has the key is accepted.
 *
 * ## Key
 *
 * Client and server prove to each other that they have the same key before they exchange anything
 * else. The key itself is not sent. A process that has the key can make the server end, and can
 * make it remove any block of the server's user, so keep the key secret. If no key is given, the
 * manager generates 32 random bytes, which [method@Shm.Manager.get_authkey] returns.
 *
 * ## Death of a process
 *
 * - The process that started the server dies: the server notices this at once, removes all blocks
 *   and ends. Forked children of the dead process do not keep the server alive.
 * - The server is killed: the process that started it removes the blocks of all clients as soon as
 *   its main loop runs or it calls a function of this class. Then it emits
 *   [signal@Shm.Manager::server-exited]. Later calls fail with [error@Shm.Error.SERVER_DIED].
 * - The server and the process that started it are killed at the same time: the next process of the
 *   same user that starts a manager, creates the first tracked block of its program, or calls
 *   [func@Shm.Manager.remove_leftovers] removes the blocks.
 * - A client dies: its blocks stay until they are removed or the server ends. A block that the
 *   client was creating either exists completely and belongs to the server, or does not exist.
 *   (With a server of Python, a block can exist that does not belong to the server.)
 *
 * When the server takes over a block, it records which file has the name, and later it removes only
 * that file. If another process has unlinked the name and created a new block with the same name,
 * the new block stays.
 *
 * ## Finalizing
 *
 * Dropping the last reference ends the server, if this object started it. This blocks the caller
 * for 100 milliseconds at most. A server usually needs a few milliseconds to remove its blocks. If
 * the server needs longer, for example because it is stopped, a thread of the library waits two
 * more seconds, kills the server and removes its blocks. If no thread can be started, the caller
 * itself kills the server, waits for half a second more at most, and removes its blocks. If the
 * process exits before that, the server removes its blocks and ends as soon as it runs again. Call
 * [method@Shm.Manager.shutdown] to be sure that the names are removed.
 *
 * ## Threads, forks and main contexts
 *
 * All functions can be called from any thread. Each function that waits for the server has an
 * `_async` variant, whose callback is called in the thread-default main context of the caller.
 * Signals about changes that a call made are emitted before the function returns, or before the
 * callback is called. Signals about changes that other processes made are emitted in the
 * thread-default main context of the thread that started the server.
 *
 * A child of `fork()` can use the manager: the child opens its own connections. The child never
 * ends the server of its parent. In the child, [method@Shm.Manager.shutdown] only ends the use of
 * the server through this object, and finalizing only closes the child's connections.
 *
 * When a program calls `exec()`, its server ends at once. If forked children of the program are
 * alive at that time, the server continues until all these children have ended or the new program
 * ends, whichever is first.
 *
 * Since: 1.0
 */

typedef enum
{
  PROP_ADDRESS = 1,
  PROP_AUTHKEY,
  PROP_FLAGS,
  PROP_STATE,
  PROP_PID,
} ShmManagerProperty;

enum
{
  SIGNAL_BLOCK_TRACKED,
  SIGNAL_BLOCK_REMOVED,
  SIGNAL_SERVER_EXITED,
  N_SIGNALS
};

static GParamSpec *properties[PROP_PID + 1];
static guint signals[N_SIGNALS];

G_DEFINE_TYPE_WITH_PRIVATE (ShmManager, shm_manager, G_TYPE_OBJECT)

#define KEY_SIZE 32

ShmManagerPrivate *
shm_manager_get_private (ShmManager *self)
{
  return shm_manager_get_instance_private (self);
}

static const char *
get_address (ShmManagerPrivate *priv)
{
  const char *address = g_atomic_pointer_get (&priv->address);

  return address != NULL ? address : priv->wanted_address;
}

const char *
shm_manager_describe_address (ShmManagerPrivate *priv)
{
  const char *address = get_address (priv);

  return address != NULL ? address : "a generated address";
}

/* Signals and notifications */

void
shm_manager_emit_state_changes (ShmManager *self)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  const int state = g_atomic_int_get (&priv->state);
  int emitted;

  /* Several threads can get here in any order. Only the thread that advances emitted_state
   * emits. */
  do
    {
      emitted = g_atomic_int_get (&priv->emitted_state);
      if (state <= emitted)
        return;
    }
  while (!g_atomic_int_compare_and_exchange (&priv->emitted_state, emitted, state));

  if (state == SHM_MANAGER_STATE_STARTED || state == SHM_MANAGER_STATE_CONNECTED)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ADDRESS]);
  if (state == SHM_MANAGER_STATE_STARTED)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PID]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  if (state == SHM_MANAGER_STATE_SERVER_DIED)
    g_signal_emit (self, signals[SIGNAL_SERVER_EXITED], 0);
}

void
shm_manager_emit_block_tracked (ShmManager *self, const char *name)
{
  g_signal_emit (self, signals[SIGNAL_BLOCK_TRACKED], 0, name);
}

void
shm_manager_emit_block_removed (ShmManager *self, const char *name)
{
  g_signal_emit (self, signals[SIGNAL_BLOCK_REMOVED], 0, name);
}

/* Properties */

/**
 * shm_manager_get_address: (get-property address)
 * @self: a manager
 *
 * Gets the address at which the server listens, in the form that [ctor@Shm.Manager.new] takes.
 *
 * Before the server is started, the function returns the address that was given to the constructor.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if none was given and no server is
 *   started yet. The string is valid until the manager is finalized
 *
 * Since: 1.0
 */
const char *
shm_manager_get_address (ShmManager *self)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);

  return get_address (shm_manager_get_private (self));
}

/**
 * shm_manager_get_authkey: (get-property authkey)
 * @self: a manager
 *
 * Gets the key that the clients and the server share.
 *
 * Returns: (transfer none) (nullable): the key; %NULL if the constructor got no key and the system
 *   refused to give it random bytes for one, after which the manager cannot be started or connected
 *
 * Since: 1.0
 */
GBytes *
shm_manager_get_authkey (ShmManager *self)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);

  return shm_manager_get_private (self)->authkey;
}

/**
 * shm_manager_get_flags: (get-property flags)
 * @self: a manager
 *
 * Gets the flags that the manager was created with.
 *
 * Returns: the flags
 *
 * Since: 1.0
 */
ShmManagerFlags
shm_manager_get_flags (ShmManager *self)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), SHM_MANAGER_NONE);

  return shm_manager_get_private (self)->flags;
}

/**
 * shm_manager_get_state: (get-property state)
 * @self: a manager
 *
 * Gets the lifecycle state.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ShmManagerState
shm_manager_get_state (ShmManager *self)
{
  int state;

  g_return_val_if_fail (SHM_IS_MANAGER (self), SHM_MANAGER_STATE_INITIAL);

  state = g_atomic_int_get (&shm_manager_get_private (self)->state);

  return state == SHM_MANAGER_BUSY ? SHM_MANAGER_STATE_INITIAL : (ShmManagerState) state;
}

/**
 * shm_manager_get_pid: (get-property pid)
 * @self: a manager
 *
 * Gets the process ID of the server.
 *
 * Returns: the process ID, or 0 if this manager has not started a server
 *
 * Since: 1.0
 */
int
shm_manager_get_pid (ShmManager *self)
{
  ShmManagerPrivate *priv;
  int state;

  g_return_val_if_fail (SHM_IS_MANAGER (self), 0);

  priv = shm_manager_get_private (self);
  state = g_atomic_int_get (&priv->state);

  return state >= SHM_MANAGER_STATE_STARTED && priv->helper != NULL
             ? shm_helper_get_pid (priv->helper)
             : 0;
}

/* Object */

/**
 * shm_manager_new:
 * @address: (nullable): the address at which the server listens: a path, `@` and the name of an
 *   abstract socket, or `host:port`; %NULL to let the server choose one
 * @authkey: (nullable): the key that clients and server share, or %NULL for a random one
 * @flags: which peers to accept
 *
 * Creates a manager. It has no server yet.
 *
 * This function does not check @address and @flags. If @address is invalid or @flags has undefined
 * bits, [method@Shm.Manager.start] and [method@Shm.Manager.connect_to_server] fail.
 *
 * Returns: (transfer full): the manager
 *
 * Since: 1.0
 */
ShmManager *
shm_manager_new (const char *address, GBytes *authkey, ShmManagerFlags flags)
{
  ShmManager *self
      = g_object_new (SHM_TYPE_MANAGER, "address", address, "authkey", authkey, "flags",
                      (ShmManagerFlags) (flags & SHM_MANAGER_DEFINED_FLAGS), NULL);

  shm_manager_get_private (self)->undefined_flags = flags & ~SHM_MANAGER_DEFINED_FLAGS;

  return self;
}

static void
shm_manager_constructed (GObject *object)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));
  guint8 key[KEY_SIZE];

  G_OBJECT_CLASS (shm_manager_parent_class)->constructed (object);

  if (priv->authkey == NULL)
    {
      /* A constructor cannot fail. Without a key, starting and connecting fail. */
      priv->key_errnum = shm_random_fill (key, sizeof key);
      if (priv->key_errnum == 0)
        priv->authkey = g_bytes_new (key, sizeof key);
    }

  if (priv->wanted_address != NULL && priv->wanted_address[0] == '\0')
    g_clear_pointer (&priv->wanted_address, g_free);
}

static void
shm_manager_dispose (GObject *object)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));

  /* A forked child must not destroy the source: another thread of the parent may have held the lock
   * of the source's main context at the time of the fork(). */
  if (priv->source != NULL && shm_manager_belongs_to_process (priv))
    {
      g_source_destroy (priv->source);
      g_source_unref (priv->source);
    }
  priv->source = NULL;
  shm_manager_mark_shut_down (priv);
  g_clear_pointer (&priv->helper, shm_helper_free);

  G_OBJECT_CLASS (shm_manager_parent_class)->dispose (object);
}

static void
shm_manager_finalize (GObject *object)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));

  g_clear_pointer (&priv->client, shm_client_free);
  g_free (priv->wanted_address);
  g_free (priv->address);
  g_clear_pointer (&priv->authkey, g_bytes_unref);

  G_OBJECT_CLASS (shm_manager_parent_class)->finalize (object);
}

static void
shm_manager_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  ShmManager *self = SHM_MANAGER (object);
  ShmManagerPrivate *priv = shm_manager_get_private (self);

  switch ((ShmManagerProperty) prop_id)
    {
    case PROP_ADDRESS:
      g_value_set_string (value, get_address (priv));
      break;
    case PROP_AUTHKEY:
      g_value_set_boxed (value, priv->authkey);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, priv->flags);
      break;
    case PROP_STATE:
      g_value_set_enum (value, shm_manager_get_state (self));
      break;
    case PROP_PID:
      g_value_set_int (value, shm_manager_get_pid (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_manager_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));

  switch ((ShmManagerProperty) prop_id)
    {
    case PROP_ADDRESS:
      priv->wanted_address = g_value_dup_string (value);
      break;
    case PROP_AUTHKEY:
      priv->authkey = g_value_dup_boxed (value);
      break;
    case PROP_FLAGS:
      priv->flags = g_value_get_flags (value);
      break;
    case PROP_STATE:
    case PROP_PID:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Class */

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags construct_only
      = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * ShmManager:address: (getter get_address)
   *
   * The address at which the server listens: a path, `@` and the name of an abstract socket, or
   * `host:port`.
   *
   * Until the server is started, this is the address that was given to the constructor. Starting
   * the server changes the property if there was no address or the port was 0, and makes a relative
   * path absolute.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, construct_only);

  /**
   * ShmManager:authkey: (getter get_authkey)
   *
   * The key that clients and server share. It may have any length, including 0.
   *
   * Since: 1.0
   */
  properties[PROP_AUTHKEY]
      = g_param_spec_boxed ("authkey", NULL, NULL, G_TYPE_BYTES, construct_only);

  /**
   * ShmManager:flags: (getter get_flags)
   *
   * Which peers the manager accepts.
   *
   * Since: 1.0
   */
  properties[PROP_FLAGS] = g_param_spec_flags ("flags", NULL, NULL, SHM_TYPE_MANAGER_FLAGS,
                                               SHM_MANAGER_NONE, construct_only);

  /**
   * ShmManager:state: (getter get_state)
   *
   * The lifecycle state.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, SHM_TYPE_MANAGER_STATE,
                                              SHM_MANAGER_STATE_INITIAL, read_only);

  /**
   * ShmManager:pid: (getter get_pid)
   *
   * The process ID of the server, or 0 if this manager has not started a server.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, read_only);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
install_signals (void)
{
  /**
   * ShmManager::block-tracked:
   * @self: the manager
   * @name: the name of the block
   *
   * Emitted when the server has taken over a block.
   *
   * For a block that this object created or tracked, the signal is emitted before the function
   * returns. The manager that started the server also emits it for blocks of other clients, in the
   * main context in which the server was started. A block of another client may get its name
   * shortly after the signal.
   *
   * Since: 1.0
   */
  signals[SIGNAL_BLOCK_TRACKED]
      = g_signal_new ("block-tracked", SHM_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 1, G_TYPE_STRING);

  /**
   * ShmManager::block-removed:
   * @self: the manager
   * @name: the name of the block
   *
   * Emitted when the server has removed a block because this object asked for it. The manager that
   * started the server also emits the signal for requests of other clients. The signal is not
   * emitted for the blocks that are removed when the server ends.
   *
   * Since: 1.0
   */
  signals[SIGNAL_BLOCK_REMOVED]
      = g_signal_new ("block-removed", SHM_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 1, G_TYPE_STRING);

  /**
   * ShmManager::server-exited:
   * @self: the manager
   *
   * Emitted when the server has ended although this object did not end it: the server was killed,
   * or another client shut it down.
   *
   * The manager that started the server notices the end at once, in the main context in which the
   * server was started, or in the next call of a function if that happens earlier. It removes the
   * blocks of the server before it emits the signal. A manager that connected to the server notices
   * the end in its next call.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SERVER_EXITED]
      = g_signal_new ("server-exited", SHM_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 0);
}

static void
shm_manager_class_init (ShmManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = shm_manager_constructed;
  object_class->dispose = shm_manager_dispose;
  object_class->finalize = shm_manager_finalize;
  object_class->get_property = shm_manager_get_property;
  object_class->set_property = shm_manager_set_property;

  install_properties (object_class);
  install_signals ();
}

static void
shm_manager_init (ShmManager *self)
{
}

/* State */

/* A dying server closes the connection to a client and the control socket one after the other, in
 * any order. If a connection is closed, wait this long for the end of the process. */
#define DEATH_MSEC 200

gboolean
shm_manager_change_state (ShmManagerPrivate *priv, int from, int to)
{
  return g_atomic_int_compare_and_exchange (&priv->state, from, to);
}

void
shm_manager_mark_shut_down (ShmManagerPrivate *priv)
{
  shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SHUT_DOWN);
  shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SHUT_DOWN);
}

gboolean
shm_manager_belongs_to_process (ShmManagerPrivate *priv)
{
  return priv->generation == shm_fork_get_generation ();
}

ShmClient *
shm_manager_get_client (ShmManager *self, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);

  switch (g_atomic_int_get (&priv->state))
    {
    case SHM_MANAGER_STATE_STARTED:
    case SHM_MANAGER_STATE_CONNECTED:
      return priv->client;
    case SHM_MANAGER_STATE_SHUT_DOWN:
      g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                   "The manager at %s was shut down: create a new manager",
                   shm_manager_describe_address (priv));
      return NULL;
    case SHM_MANAGER_STATE_SERVER_DIED:
      /* An earlier attempt to remove the blocks may have failed. */
      if (priv->helper != NULL && shm_manager_belongs_to_process (priv))
        shm_helper_clean_up (priv->helper);
      g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                   "The server of the manager at %s has ended: create a new manager",
                   shm_manager_describe_address (priv));
      return NULL;
    default:
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_STARTED,
                   "The manager at %s has no server yet: call start(), or connect_to_server() to "
                   "use the server of another process",
                   shm_manager_describe_address (priv));
      return NULL;
    }
}

void
shm_manager_handle_server_death (ShmManagerPrivate *priv)
{
  if (priv->helper != NULL)
    {
      shm_helper_clean_up (priv->helper);
      shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SERVER_DIED);
    }
  else if (g_atomic_int_get (&priv->n_ending) > 0)
    shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SHUT_DOWN);
  else
    shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SERVER_DIED);
}

void
shm_manager_handle_error (ShmManager *self, const GError *error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);

  if (!g_error_matches (error, SHM_ERROR, SHM_ERROR_SERVER_DIED))
    return;

  if (priv->helper == NULL
      || (shm_manager_belongs_to_process (priv)
          && shm_helper_await_death (priv->helper, DEATH_MSEC)))
    shm_manager_handle_server_death (priv);
}
