/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-fork.h"
#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "shm-enum-types.h"
#include "shm-error.h"

/**
 * ShmManager:
 *
 * Owns blocks for several processes, and removes them when it ends, however it ends.
 *
 * A block lives until its name is removed, and with many processes it is hard to say whose task
 * that is, all the more when one of them is killed. A manager takes it over: it has a *server*, a
 * small helper process that knows the names of its blocks. When the manager is shut down, the
 * object is finalized, or the process that started it ends in whatever way, all its blocks are
 * removed.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL);
 * g_autoptr (ShmSharedMemory) shm = NULL;
 *
 * if (!shm_manager_start (manager, NULL, &error))
 *   g_error ("%s", error->message);
 *
 * shm = shm_manager_create_shared_memory (manager, NULL, 4096, 0, NULL, &error);
 * ```
 *
 * ## Other processes
 *
 * Others use the same server: they make a manager with the same address and key, and call
 * [method@Shm.Manager.connect_to_server] instead of [method@Shm.Manager.start]. What they create
 * belongs to the server too, and outlives them.
 *
 * The protocol is that of Python's `multiprocessing.managers.SharedMemoryManager`: each side can be
 * a program that knows nothing of this library. A client of Python 3.8 or later connects to a
 * server that was started here, and a manager here connects to Python's.
 *
 * ## Address
 *
 * A path is that of a Unix socket, `@name` an abstract one, and `host:port` is TCP. Without an
 * address the server listens at a path in a new folder that only this user may enter, which
 * [method@Shm.Manager.get_address_string] tells once it is started.
 *
 * On Unix sockets the server talks to processes of its own user and of root only, unless
 * [property@Shm.Manager:allow-other-users] is set. TCP is for the loopback interface; other
 * addresses are refused unless [property@Shm.Manager:allow-remote] is set.
 *
 * ## Key
 *
 * Both ends show each other that they have the same key before anything else is said, without
 * sending it. Whoever has the key can have any block of the server's user removed, and end the
 * server: keep it as secret as that. If none is given, it is 32 random bytes, which
 * [method@Shm.Manager.get_authkey] tells.
 *
 * ## Death
 *
 * - The process that started the server dies: the server notices at once, removes all blocks and
 *   ends. Forked children of the dead process that live on do not keep it.
 * - The server is killed: the process that started it removes the blocks, of all clients, as soon
 *   as its main loop runs or it calls a function of this class, and
 *   [signal@Shm.Manager::server-exited] is emitted. Later calls fail with
 *   [error@Shm.Error.SERVER_DIED].
 * - Both are killed at once: what they have left is removed when this user starts a manager the
 *   next time, or by [func@Shm.Manager.remove_leftovers].
 * - A client dies: what it created stays, until it is released or the server ends. A block that was
 *   being created is either there as a whole and belongs to the server, or never was.
 *
 * Only blocks that are still those which the server was told of are ever removed: one that somebody
 * has created anew under a name that the server knows is left alone.
 *
 * ## Threads, forks and main contexts
 *
 * All functions can be called from any thread. Those that talk to the server wait for it, and each
 * has an `_async` variant, whose callback is called in the thread-default main context of the
 * caller. Signals about what this object does are emitted before the function returns, or before
 * the callback is called. What the server reports is emitted in the thread-default main context in
 * which the manager was started.
 *
 * A child of `fork()` can go on using the manager: it has connections of its own. It never ends its
 * parent's server: in a child, [method@Shm.Manager.shutdown] and finalizing just let go of it. A
 * program that replaces itself with `exec()` ends its server, at once or, while forked children of
 * it live, with the program that it becomes.
 *
 * Since: 1.0
 */

typedef enum
{
  PROP_ADDRESS = 1,
  PROP_ADDRESS_STRING,
  PROP_AUTHKEY,
  PROP_ALLOW_MD5,
  PROP_ALLOW_OTHER_USERS,
  PROP_ALLOW_REMOTE,
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

G_DEFINE_TYPE_WITH_CODE (ShmManager,
                         shm_manager,
                         G_TYPE_OBJECT,
                         /* As in ShmShareableList. */
                         g_type_ensure (G_TYPE_SOCKET_ADDRESS);
                         G_ADD_PRIVATE (ShmManager))

#define KEY_SIZE 32

/* The connection to a client and that to the starter are closed one after the other when a server
 * dies, in any order. */
#define DEATH_MSEC 200

ShmManagerPrivate *
shm_manager_get_private (ShmManager *self)
{
  return shm_manager_get_instance_private (self);
}

static GSocketAddress *
get_address (ShmManagerPrivate *priv)
{
  GSocketAddress *address = g_atomic_pointer_get (&priv->address);

  return address != NULL ? address : priv->wanted_address;
}

static const char *
get_address_string (ShmManagerPrivate *priv)
{
  const char *text = g_atomic_pointer_get (&priv->address_string);

  return text != NULL ? text : priv->wanted_string;
}

const char *
shm_manager_get_where (ShmManagerPrivate *priv)
{
  const char *text = get_address_string (priv);

  return text != NULL ? text : "an address of its own";
}

/* State */

gboolean
shm_manager_change_state (ShmManagerPrivate *priv, int from, int to)
{
  return g_atomic_int_compare_and_exchange (&priv->state, from, to);
}

gboolean
shm_manager_is_ours (ShmManagerPrivate *priv)
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
                   "The manager at %s was shut down: make a new one", shm_manager_get_where (priv));
      return NULL;
    case SHM_MANAGER_STATE_SERVER_DIED:
      if (priv->helper != NULL && shm_manager_is_ours (priv))
        shm_helper_bury (priv->helper);
      g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                   "The server of the manager at %s has ended, and its blocks are gone: make a new "
                   "one",
                   shm_manager_get_where (priv));
      return NULL;
    default:
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_STARTED,
                   "The manager at %s has no server yet: start() one, or connect_to_server() of "
                   "somebody else",
                   shm_manager_get_where (priv));
      return NULL;
    }
}

void
shm_manager_note_death (ShmManagerPrivate *priv)
{
  if (priv->helper != NULL)
    {
      shm_helper_bury (priv->helper);
      shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SERVER_DIED);
    }
  else if (g_atomic_int_get (&priv->is_ending))
    shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SHUT_DOWN);
  else
    shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SERVER_DIED);
}

void
shm_manager_look_after (ShmManager *self, const GError *error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);

  if (!g_error_matches (error, SHM_ERROR, SHM_ERROR_SERVER_DIED))
    return;

  if (priv->helper == NULL
      || (shm_manager_is_ours (priv) && shm_helper_await_death (priv->helper, DEATH_MSEC)))
    shm_manager_note_death (priv);
}

void
shm_manager_let_go (ShmManagerPrivate *priv)
{
  shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SHUT_DOWN);
  shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SHUT_DOWN);
}

void
shm_manager_tell (ShmManager *self)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);
  const int state = g_atomic_int_get (&priv->state);
  int told;

  /* Threads may come here in any order: states only go on. */
  do
    {
      told = g_atomic_int_get (&priv->told_state);
      if (state <= told)
        return;
    }
  while (!g_atomic_int_compare_and_exchange (&priv->told_state, told, state));

  if (state == SHM_MANAGER_STATE_STARTED || state == SHM_MANAGER_STATE_CONNECTED)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ADDRESS]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ADDRESS_STRING]);
    }
  if (state == SHM_MANAGER_STATE_STARTED)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PID]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  if (state == SHM_MANAGER_STATE_SERVER_DIED)
    g_signal_emit (self, signals[SIGNAL_SERVER_EXITED], 0);
}

void
shm_manager_tell_tracked (ShmManager *self, const char *name)
{
  g_signal_emit (self, signals[SIGNAL_BLOCK_TRACKED], 0, name);
}

void
shm_manager_tell_released (ShmManager *self, const char *name)
{
  g_signal_emit (self, signals[SIGNAL_BLOCK_REMOVED], 0, name);
}

/* What it is */

/**
 * shm_manager_get_address: (get-property address)
 * @self: a manager
 *
 * Gets where the server listens.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL before a manager that was made without
 *   one, or with one as text, is started or connected
 *
 * Since: 1.0
 */
GSocketAddress *
shm_manager_get_address (ShmManager *self)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);

  return get_address (shm_manager_get_private (self));
}

/**
 * shm_manager_get_address_string: (get-property address-string)
 * @self: a manager
 *
 * Gets where the server listens, in the form that [ctor@Shm.Manager.new] takes.
 *
 * Returns: (nullable): the address, or %NULL before a manager that was made without one is started
 *
 * Since: 1.0
 */
const char *
shm_manager_get_address_string (ShmManager *self)
{
  g_return_val_if_fail (SHM_IS_MANAGER (self), NULL);

  return get_address_string (shm_manager_get_private (self));
}

/**
 * shm_manager_get_authkey: (get-property authkey)
 * @self: a manager
 *
 * Gets the key that both ends have.
 *
 * Returns: (transfer none): the key
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
 * shm_manager_get_state: (get-property state)
 * @self: a manager
 *
 * Gets how far the manager is.
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
 * Gets the process number of the server.
 *
 * Returns: the number, or 0 if this manager has not started one
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

/* Class */

/**
 * shm_manager_new:
 * @address: (nullable): where the server listens, or %NULL for a place of its own: a path, `@name`
 *   for an abstract socket, or `host:port`
 * @authkey: (nullable): the key that clients and server share, or %NULL for a random one
 *
 * Makes a manager, which has no server yet.
 *
 * An address that is not valid is reported when it is used.
 *
 * Returns: (transfer full): the manager
 *
 * Since: 1.0
 */
ShmManager *
shm_manager_new (const char *address, GBytes *authkey)
{
  return g_object_new (SHM_TYPE_MANAGER, "address-string", address, "authkey", authkey, NULL);
}

/**
 * shm_manager_new_for_address:
 * @address: where the server listens
 * @authkey: (nullable): the key that clients and server share, or %NULL for a random one
 *
 * Makes a manager, which has no server yet, with an address as GIO has it.
 *
 * Returns: (transfer full): the manager
 *
 * Since: 1.0
 */
ShmManager *
shm_manager_new_for_address (GSocketAddress *address, GBytes *authkey)
{
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);

  return g_object_new (SHM_TYPE_MANAGER, "address", address, "authkey", authkey, NULL);
}

static void
shm_manager_constructed (GObject *object)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));
  guint8 key[KEY_SIZE];

  G_OBJECT_CLASS (shm_manager_parent_class)->constructed (object);

  if (priv->authkey == NULL)
    {
      shm_random_fill (key, sizeof key);
      priv->authkey = g_bytes_new (key, sizeof key);
    }

  if (priv->wanted_address != NULL)
    {
      g_free (priv->wanted_string);
      priv->wanted_string = shm_address_print (priv->wanted_address);
    }
  else if (priv->wanted_string != NULL && priv->wanted_string[0] == '\0')
    g_clear_pointer (&priv->wanted_string, g_free);
}

/* With the last reference the server goes. */
static void
shm_manager_dispose (GObject *object)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));

  /* In a forked child the source is left as it is: what is needed to take it out of its context may
   * have been locked by another thread of the parent. */
  if (priv->source != NULL && shm_manager_is_ours (priv))
    {
      g_source_destroy (priv->source);
      g_source_unref (priv->source);
    }
  priv->source = NULL;
  shm_manager_let_go (priv);
  g_clear_pointer (&priv->helper, shm_helper_free);

  G_OBJECT_CLASS (shm_manager_parent_class)->dispose (object);
}

static void
shm_manager_finalize (GObject *object)
{
  ShmManagerPrivate *priv = shm_manager_get_private (SHM_MANAGER (object));

  g_clear_pointer (&priv->client, shm_client_free);
  g_clear_object (&priv->wanted_address);
  g_clear_object (&priv->address);
  g_free (priv->wanted_string);
  g_free (priv->address_string);
  g_bytes_unref (priv->authkey);

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
      g_value_set_object (value, get_address (priv));
      break;
    case PROP_ADDRESS_STRING:
      g_value_set_string (value, get_address_string (priv));
      break;
    case PROP_AUTHKEY:
      g_value_set_boxed (value, priv->authkey);
      break;
    case PROP_ALLOW_MD5:
      g_value_set_boolean (value, priv->allow_md5);
      break;
    case PROP_ALLOW_OTHER_USERS:
      g_value_set_boolean (value, priv->allow_other_users);
      break;
    case PROP_ALLOW_REMOTE:
      g_value_set_boolean (value, priv->allow_remote);
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
      priv->wanted_address = g_value_dup_object (value);
      break;
    case PROP_ADDRESS_STRING:
      priv->wanted_string = g_value_dup_string (value);
      break;
    case PROP_AUTHKEY:
      priv->authkey = g_value_dup_boxed (value);
      break;
    case PROP_ALLOW_MD5:
      priv->allow_md5 = g_value_get_boolean (value);
      break;
    case PROP_ALLOW_OTHER_USERS:
      priv->allow_other_users = g_value_get_boolean (value);
      break;
    case PROP_ALLOW_REMOTE:
      priv->allow_remote = g_value_get_boolean (value);
      break;
    case PROP_STATE:
    case PROP_PID:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_manager_class_init (ShmManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags given = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags wished = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags found = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = shm_manager_constructed;
  object_class->dispose = shm_manager_dispose;
  object_class->finalize = shm_manager_finalize;
  object_class->get_property = shm_manager_get_property;
  object_class->set_property = shm_manager_set_property;

  /**
   * ShmManager:address: (getter get_address)
   *
   * Where the server listens, as GIO has it. Before the server is started, what was asked for.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS]
      = g_param_spec_object ("address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, given);

  /**
   * ShmManager:address-string: (getter get_address_string)
   *
   * Where the server listens, as text: a path, `@name` or `host:port`. If both this and
   * [property@Shm.Manager:address] are given, that counts.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS_STRING] = g_param_spec_string ("address-string", NULL, NULL, NULL, given);

  /**
   * ShmManager:authkey: (getter get_authkey)
   *
   * The key that clients and server share. It may have any length, 0 included.
   *
   * Since: 1.0
   */
  properties[PROP_AUTHKEY] = g_param_spec_boxed ("authkey", NULL, NULL, G_TYPE_BYTES, given);

  /**
   * ShmManager:allow-md5:
   *
   * Whether the other end may show that it has the key with HMAC-MD5, as Python up to 3.11 does and
   * can do nothing else. It is never allowed beyond this machine. Set it before starting or
   * connecting.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_MD5] = g_param_spec_boolean ("allow-md5", NULL, NULL, TRUE, wished);

  /**
   * ShmManager:allow-other-users:
   *
   * Whether a server that is started talks to processes of all users who have the key, and a client
   * to servers of all users. Otherwise those of another user than its own and root are turned away
   * before anything is said. On TCP the users of peers are not known, and the key alone decides. Set
   * it before starting or connecting.
   *
   * The server can only remove blocks of its own user, unless it is root's.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_OTHER_USERS]
      = g_param_spec_boolean ("allow-other-users", NULL, NULL, FALSE, wished);

  /**
   * ShmManager:allow-remote:
   *
   * Whether the address may be one that other machines can reach. The key is never sent, but all
   * that follows is in clear text and is not protected: somebody on the way can use the connection
   * as his own. Set it before starting or connecting.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_REMOTE] = g_param_spec_boolean ("allow-remote", NULL, NULL, FALSE, wished);

  /**
   * ShmManager:state: (getter get_state)
   *
   * How far the manager is.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, SHM_TYPE_MANAGER_STATE,
                                              SHM_MANAGER_STATE_INITIAL, found);

  /**
   * ShmManager:pid: (getter get_pid)
   *
   * The process number of the server, or 0 if this manager has not started one.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, found);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmManager::block-tracked:
   * @self: the manager
   * @name: the name of the block
   *
   * Emitted when the server has come to own a block: one that this object created or had tracked,
   * before the function returns; and, if it started the server, one of another process, in the main
   * context in which it was started. Another's block may still be about to get its name.
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
   * Emitted when a block was released, and its name is gone; by this object or, if it started the
   * server, by another process. It is not emitted for what goes with the server.
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
   * Emitted when the server has ended without having been told to by this object: it was killed, or
   * somebody else who has the key shut it down. Its blocks are gone by then.
   *
   * A manager that has started its server learns of it at once, in the main context in which it was
   * started, or in the next call if that comes first. One that has connected to it learns of it in
   * its next call.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SERVER_EXITED]
      = g_signal_new ("server-exited", SHM_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 0);
}

static void
shm_manager_init (ShmManager *self)
{
  shm_manager_get_private (self)->allow_md5 = TRUE;
}
