/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/client/shm-client.h"

#include "core/shm-fork.h"
#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-request.h"
#include "manager/client/shm-connection.h"
#include "manager/shm-registry.h"
#include "shm-error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Connections that are kept; more threads than this open and close theirs. */
#define KEPT_MAX 16

/* How often to knock at a server that is there and hangs up. */
#define OPEN_ATTEMPTS 3

/* For how long one that hangs up may be dying. */
#define DEATH_LOOKS    5
#define DEATH_NAP_USEC (20 * 1000)

/* CPython's server forgets at least one block in each attempt to remove all, until it has found
 * them all, or all gone. */
#define END_ATTEMPTS 100000

typedef enum
{
  KIND_UNKNOWN,
  KIND_OURS,
  KIND_CPYTHON,
} Kind;

struct _ShmClient
{
  GSocketAddress *address; /* (owned) */
  char *where;             /* (owned): for messages */
  GBytes *key;             /* (owned) */
  gboolean allow_md5;
  gboolean allow_other_users;
  guint64 number;          /* of the process that made it */
  guint generation;        /* of that process */
  int kind;                /* (atomic): a Kind */
  char *registry_name;     /* (owned) (nullable): with @kind, from the first connection on */
  int registry;            /* its descriptor, or -1 */
  gpointer kept[KEPT_MAX]; /* (atomic) (owned) (nullable): connections that nobody uses */
};

ShmClient *
shm_client_new (const ShmClientPlan *plan)
{
  ShmClient *self = g_new0 (ShmClient, 1);

  self->address = g_object_ref (plan->address);
  self->where = shm_address_print (plan->address);
  self->key = g_bytes_ref (plan->key);
  self->allow_md5 = plan->allow_md5;
  self->allow_other_users = plan->allow_other_users;
  self->registry = -1;
  self->number = plan->number;
  self->generation = shm_fork_get_generation ();

  return self;
}

void
shm_client_free (ShmClient *self)
{
  for (guint i = 0; i < KEPT_MAX; i++)
    g_clear_pointer ((ShmConnection **) &self->kept[i], shm_connection_free);
  if (self->registry >= 0)
    close (self->registry);
  g_free (self->registry_name);
  g_object_unref (self->address);
  g_bytes_unref (self->key);
  g_free (self->where);
  g_free (self);
}

guint64
shm_client_draw_number (void)
{
  guint64 number;

  shm_random_fill (&number, sizeof number);

  /* With room for the children's, and it goes over the wire with a sign. */
  return number & (G_MAXINT64 >> 1);
}

static gint64
get_number (ShmClient *self)
{
  return self->number + (shm_fork_get_generation () - self->generation);
}

/* Connections */

static ShmConnection *
take_kept (ShmClient *self)
{
  for (guint i = 0; i < KEPT_MAX; i++)
    {
      ShmConnection *connection = NULL;

      if (g_atomic_pointer_get (&self->kept[i]) != NULL)
        connection = g_atomic_pointer_exchange (&self->kept[i], NULL);
      if (connection != NULL && shm_connection_is_ours (connection))
        return connection;
      /* Our copy of the parent's. */
      g_clear_pointer (&connection, shm_connection_free);
    }

  return NULL;
}

/* Takes @connection over. */
static void
keep (ShmClient *self, ShmConnection *connection)
{
  if (connection != NULL && g_atomic_int_get (&self->kind) == KIND_OURS)
    for (guint i = 0; i < KEPT_MAX; i++)
      if (g_atomic_pointer_compare_and_exchange (&self->kept[i], NULL, connection))
        return;

  g_clear_pointer (&connection, shm_connection_free);
}

/* The server's registry is where one can see whether it is alive, and what it owns. That of another
 * user's server can't be read. */
static gboolean
meet (ShmClient *self, const char *registry, GError **error)
{
  ShmFault fault;

  self->registry = registry != NULL ? shm_registry_open (registry, &fault) : -1;
  if (registry != NULL && self->registry < 0 && fault.errnum != EPERM && fault.errnum != EACCES
      && fault.errnum != ENOENT)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                   "The registry of the manager at %s can't be opened: %s", self->where,
                   g_strerror (fault.errnum));
      return FALSE;
    }

  self->registry_name = g_strdup (registry);
  g_atomic_int_set (&self->kind, registry != NULL ? KIND_OURS : KIND_CPYTHON);

  return TRUE;
}

/* On a new connection: says hello, if the server may be ours. CPython's does not know the word; it
 * hangs up, and it has shown that it is there. */
static gboolean
introduce (ShmClient *self, ShmConnection **connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  const char *registry = NULL;
  ShmReply reply;

  if (g_atomic_int_get (&self->kind) == KIND_CPYTHON)
    return TRUE;

  shm_request_append (request, SHM_METHOD_HELLO, "ii", (gint64) SHM_PROTOCOL_VERSION,
                      get_number (self));
  pickle = shm_connection_call (*connection, request, &reply, cancellable, error);
  if (pickle == NULL)
    return FALSE;

  if (reply.kind == SHM_REPLY_RETURN && shm_pickle_count (reply.value) == 2)
    registry = shm_pickle_get_string (shm_pickle_child (reply.value, 1));
  if (registry == NULL)
    g_clear_pointer (connection, shm_connection_free);

  if (g_atomic_int_get (&self->kind) == KIND_UNKNOWN)
    return meet (self, registry, error);

  if (g_strcmp0 (registry, self->registry_name) != 0)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "The manager at %s has ended, and another one is in its place by now",
                   self->where);
      return FALSE;
    }

  return TRUE;
}

/* Whether the server that hung up is there no more. One that is has too much to do, or took us for
 * too slow. What a process has is closed in any order when it dies, within some milliseconds. */
static gboolean
is_gone (ShmClient *self, GCancellable *cancellable)
{
  if (self->registry < 0)
    return !shm_connection_is_answered (self->address);

  for (int i = 0; i < DEATH_LOOKS && !g_cancellable_is_cancelled (cancellable); i++)
    {
      if (!shm_registry_is_live (self->registry))
        return TRUE;
      g_usleep (DEATH_NAP_USEC);
    }

  return FALSE;
}

/* Passes @cause on as what it means for a server that was there before. That nobody is there, or
 * another one, says that it has died; that a connection was lost does not, if it is there. */
static void
pass_on (ShmClient *self, const GError *cause, GCancellable *cancellable, GError **error)
{
  if (g_error_matches (cause, SHM_ERROR, SHM_ERROR_NOT_FOUND))
    g_set_error_literal (error, SHM_ERROR, SHM_ERROR_SERVER_DIED, cause->message);
  else if (g_error_matches (cause, SHM_ERROR, SHM_ERROR_SERVER_DIED)
           && !is_gone (self, cancellable))
    g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                 "The manager at %s is there, but hung up: it has too much to do, or this process "
                 "was too slow; try again",
                 self->where);
  else
    g_propagate_error (error, g_error_copy (cause));
}

static ShmConnection *
open_once (ShmClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (ShmConnection) connection
      = shm_connection_open (self->address, self->key, self->allow_md5, self->allow_other_users,
                             cancellable, error);

  return connection != NULL && introduce (self, &connection, cancellable, error)
             ? g_steal_pointer (&connection)
             : NULL;
}

static ShmConnection *
open_connection (ShmClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;

  for (int i = 0; i < OPEN_ATTEMPTS; i++)
    {
      ShmConnection *connection;

      g_clear_error (&cause);
      connection = open_once (self, cancellable, &cause);
      if (connection != NULL)
        return connection;
      if (!g_error_matches (cause, SHM_ERROR, SHM_ERROR_SERVER_DIED) || is_gone (self, cancellable))
        break;
    }

  pass_on (self, cause, cancellable, error);

  return NULL;
}

gboolean
shm_client_connect (ShmClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;

  g_assert (self->kind == KIND_UNKNOWN);

  for (int i = 0; i < OPEN_ATTEMPTS; i++)
    {
      ShmConnection *connection;

      g_clear_error (&cause);
      connection = open_once (self, cancellable, &cause);
      if (g_atomic_int_get (&self->kind) != KIND_UNKNOWN)
        {
          keep (self, connection);
          return TRUE;
        }
      if (!g_error_matches (cause, SHM_ERROR, SHM_ERROR_SERVER_DIED) || is_gone (self, cancellable))
        break;
    }

  g_propagate_error (error, g_steal_pointer (&cause));

  return FALSE;
}

/* Calls */

/* Sends @request on *@connection, or on a new one if there is none, or if it was kept and has got
 * stale meanwhile. When it fails there is none afterwards. */
static ShmPickle *
call (ShmClient *self,
      ShmConnection **connection,
      GByteArray *request,
      ShmReply *reply,
      GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GError) stale = NULL, lost = NULL;
  ShmPickle *pickle;

  if (*connection != NULL)
    {
      pickle = shm_connection_call (*connection, request, reply, cancellable, &stale);
      if (pickle != NULL)
        return pickle;

      g_clear_pointer (connection, shm_connection_free);
      if (!g_error_matches (stale, SHM_ERROR, SHM_ERROR_SERVER_DIED))
        {
          g_propagate_error (error, g_steal_pointer (&stale));
          return NULL;
        }
    }

  *connection = open_connection (self, cancellable, error);
  if (*connection == NULL)
    return NULL;

  pickle = shm_connection_call (*connection, request, reply, cancellable, &lost);
  if (pickle == NULL)
    {
      g_clear_pointer (connection, shm_connection_free);
      pass_on (self, lost, cancellable, error);
    }

  return pickle;
}

/* The error that the server's last words stand for. */
static gboolean
check_reply (ShmClient *self, const ShmReply *reply, const char *what, GError **error)
{
  static const struct
  {
    const char *prefix;
    ShmError code;
  } codes[] = {
    { "FileNotFoundError", SHM_ERROR_NOT_FOUND },
    { "ValueError: list.remove(x)", SHM_ERROR_NOT_FOUND },
    { "PermissionError", SHM_ERROR_PERMISSION_DENIED },
    { "OSError: [Errno 28]", SHM_ERROR_NO_SPACE },
    { "OSError: [Errno 18]", SHM_ERROR_NOT_SUPPORTED },
  };
  g_autofree char *reason = NULL;
  ShmError code = SHM_ERROR_FAILED;

  if (reply->kind == SHM_REPLY_RETURN)
    return TRUE;

  reason = shm_reply_get_reason (reply);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_str_has_prefix (reason, codes[i].prefix))
      code = codes[i].code;

  g_set_error (error, SHM_ERROR, code, "The manager at %s did not %s: %s", self->where, what,
               reason);

  return FALSE;
}

static gboolean
call_with_name (ShmClient *self,
                ShmConnection **connection,
                const char *method,
                const char *name,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *what
      = g_strdup_printf ("%s block “%s”",
                         strcmp (method, SHM_METHOD_TRACK) == 0 ? "take over" : "release", name);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, method, "s", name);
  pickle = call (self, connection, request, &reply, cancellable, error);

  return pickle != NULL && check_reply (self, &reply, what, error);
}

gboolean
shm_client_track (ShmClient *self, const char *name, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = take_kept (self);
  ShmIdentity ignored;
  ShmFault fault;
  gboolean is_tracked;

  /* CPython's server would note any name, and fail because of it when it ends. */
  if (!shm_system_identify_name (name, &ignored, &fault) && fault.errnum == ENOENT)
    {
      keep (self, connection);
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "There is no block named “%s” that a manager could take over", name);
      return FALSE;
    }

  is_tracked = call_with_name (self, &connection, SHM_METHOD_TRACK, name, cancellable, error);
  keep (self, connection);

  return is_tracked;
}

gboolean
shm_client_release (ShmClient *self, const char *name, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = take_kept (self);
  const gboolean is_released
      = call_with_name (self, &connection, SHM_METHOD_REMOVE, name, cancellable, error);

  keep (self, connection);

  return is_released;
}

static char **
copy_names (const ShmPickleNode *list)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < shm_pickle_count (list); i++)
    {
      const char *name = shm_pickle_get_string (shm_pickle_child (list, i));

      /* A CPython client can have made its server track something else. */
      if (name != NULL)
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

char **
shm_client_list (ShmClient *self, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = take_kept (self);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, SHM_METHOD_LIST, "");
  pickle = call (self, &connection, request, &reply, cancellable, error);
  keep (self, connection);

  if (pickle == NULL || !check_reply (self, &reply, "list its blocks", error))
    return NULL;
  if (reply.value->kind != SHM_PICKLE_LIST && reply.value->kind != SHM_PICKLE_TUPLE)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL,
                   "The manager at %s sent something else than the list of its blocks",
                   self->where);
      return NULL;
    }

  return copy_names (reply.value);
}

static gboolean
end_once (ShmClient *self, gboolean *is_again, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = take_kept (self);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, SHM_METHOD_SHUTDOWN, "");
  pickle = call (self, &connection, request, &reply, cancellable, error);
  g_clear_pointer (&connection, shm_connection_free);

  *is_again = pickle != NULL && reply.kind == SHM_REPLY_TRACEBACK;

  return pickle != NULL && check_reply (self, &reply, "end", error);
}

gboolean
shm_client_end_server (ShmClient *self, GCancellable *cancellable, GError **error)
{
  gboolean is_again = FALSE;

  for (int i = 1; i < END_ATTEMPTS; i++)
    {
      if (end_once (self, &is_again, cancellable, NULL))
        return TRUE;
      if (!is_again)
        break;
    }

  return end_once (self, &is_again, cancellable, error);
}

/* Creating */

gboolean
shm_creation_begin (ShmCreation *self, ShmClient *client, GCancellable *cancellable, GError **error)
{
  *self = (ShmCreation){ .client = client, .cancellable = cancellable };

  self->connection = take_kept (client);
  if (self->connection == NULL)
    self->connection = open_connection (client, cancellable, error);

  return self->connection != NULL;
}

static gboolean
tell (ShmCreation *self, const char *method, const char *types, GError **error)
{
  g_autofree char *what = g_strdup_printf ("take block “%s”", self->announced);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, method, types, self->announced, (gint64) self->identity.device,
                      (gint64) self->identity.inode, (gint64) self->identity.uid);
  pickle = call (self->client, (ShmConnection **) &self->connection, request, &reply,
                 self->cancellable, error);
  if (pickle == NULL || !check_reply (self->client, &reply, what, error))
    return FALSE;

  /* Or the answer, to a question. */
  self->entry = reply.value->integer;

  return TRUE;
}

/* The name was taken, or nothing came of it. If this does not get through, our server sees that the
 * connection ends and looks for itself. */
static void
withdraw (ShmCreation *self)
{
  if (self->announced != NULL && !tell (self, SHM_METHOD_WITHDRAW, "sii", NULL))
    g_clear_pointer ((ShmConnection **) &self->connection, shm_connection_free);
  g_clear_pointer (&self->announced, g_free);
}

gboolean
shm_creation_announce (ShmCreation *self,
                       const char *name,
                       const ShmIdentity *identity,
                       GError **error)
{
  withdraw (self);
  if (g_atomic_int_get (&self->client->kind) != KIND_OURS)
    return TRUE;

  self->announced = g_strdup (name);
  self->identity = *identity;
  if (tell (self, SHM_METHOD_ANNOUNCE, "siii", error))
    return TRUE;

  g_clear_pointer (&self->announced, g_free);

  return FALSE;
}

/* Now that the name is there: does the server still own the block? It may have ended, or somebody
 * may have had the block released, before there was one to be removed. If the answer is yes, the
 * server, and whoever cleans up after it, has yet to look for the block. */
static gboolean
check_owned (ShmCreation *self, const char *name, GError **error)
{
  const int registry = self->client->registry;
  gboolean is_alive = TRUE;
  gboolean is_owned;

  if (registry >= 0)
    {
      is_alive = shm_registry_is_live (registry);
      is_owned = is_alive && shm_registry_notes (registry, self->entry, &self->identity);
    }
  else if (tell (self, SHM_METHOD_CONFIRM, "sii", error))
    is_owned = self->entry != 0;
  else
    return FALSE;

  if (is_owned)
    return TRUE;

  if (is_alive)
    g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                 "Block “%s” was released by another process while it was created", name);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                 "The manager at %s ended while block “%s” was created for it", self->client->where,
                 name);

  return FALSE;
}

gboolean
shm_creation_commit (ShmCreation *self, const char *name, GError **error)
{
  gboolean is_owned;

  if (g_atomic_int_get (&self->client->kind) != KIND_OURS)
    return call_with_name (self->client, (ShmConnection **) &self->connection, SHM_METHOD_TRACK,
                           name, self->cancellable, error);

  is_owned = check_owned (self, name, error);
  g_clear_pointer (&self->announced, g_free);

  return is_owned;
}

void
shm_creation_clear (ShmCreation *self)
{
  if (self->client == NULL)
    return;

  withdraw (self);
  keep (self->client, g_steal_pointer (&self->connection));
  self->client = NULL;
}
