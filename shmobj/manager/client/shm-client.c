/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The connections of a client, and the detection of its server's death. */

#include "config.h"

#include "manager/client/shm-client-private.h"

#include "core/shm-fork.h"
#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "manager/shm-cancel.h"
#include "manager/shm-manager-error.h"
#include "registry/shm-registry-reader.h"
#include "shm-error.h"

#include <errno.h>
#include <unistd.h>

/* The maximum number of connections that a client keeps. If more threads use the client at once,
 * the other threads open and close connections. */
#define KEPT_MAX 16

/* The number of attempts to connect to a live server that closes the connection. */
#define OPEN_ATTEMPTS 3

/* How long to wait for the death of a server that has closed a connection. The kernel closes the
 * descriptors of a dying process in any order, and may release the lock of the registry last. */
#define DEATH_CHECKS     5
#define DEATH_CHECK_USEC (20 * 1000)

typedef enum
{
  KIND_UNKNOWN,
  KIND_NATIVE,
  KIND_CPYTHON,
} ServerKind;

struct _ShmClient
{
  GSocketAddress *address; /* (owned) */
  char *address_text;      /* (owned): for error messages */
  GBytes *key;             /* (owned) */
  gboolean allow_md5;
  gboolean allow_other_users;
  guint64 number;          /* the number of the process that created the client */
  guint generation;        /* fork generation of that process */
  int kind;                /* (atomic): a ServerKind */
  char *registry_name;     /* (owned) (nullable): set before @kind is */
  int registry;            /* descriptor, or -1; set before @kind is */
  int registry_errnum;     /* why the registry could not be opened, or 0; set before @kind is */
  gpointer kept[KEPT_MAX]; /* (atomic) (owned) (nullable): connections that no thread uses */
};

ShmClient *
shm_client_new (const ShmClientPlan *plan)
{
  ShmClient *self = g_new0 (ShmClient, 1);

  self->address = g_object_ref (plan->address);
  self->address_text = shm_address_print (plan->address);
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
  g_free (self->address_text);
  g_free (self);
}

guint64
shm_client_generate_number (void)
{
  const guint64 number = shm_random_get_uint64 ();

  /* The protocol sends the number as a signed integer, and forked children add their generation to
   * it. */
  return number & (G_MAXINT64 >> 1);
}

static gint64
get_number (ShmClient *self)
{
  return self->number + (shm_fork_get_generation () - self->generation);
}

const char *
shm_client_get_address_text (ShmClient *self)
{
  return self->address_text;
}

gboolean
shm_client_has_native_server (ShmClient *self)
{
  return g_atomic_int_get (&self->kind) == KIND_NATIVE;
}

int
shm_client_get_registry (ShmClient *self)
{
  return self->registry;
}

int
shm_client_get_registry_errnum (ShmClient *self)
{
  return self->registry_errnum;
}

/* Kept connections */

ShmConnection *
shm_client_take_connection (ShmClient *self)
{
  for (guint i = 0; i < KEPT_MAX; i++)
    {
      ShmConnection *connection = NULL;

      if (g_atomic_pointer_get (&self->kept[i]) != NULL)
        connection = g_atomic_pointer_exchange (&self->kept[i], NULL);
      if (connection != NULL && shm_connection_belongs_to_process (connection))
        return connection;
      /* In a forked child: this is a copy of a connection of the parent. */
      g_clear_pointer (&connection, shm_connection_free);
    }

  return NULL;
}

void
shm_client_keep_connection (ShmClient *self, ShmConnection *connection)
{
  if (connection != NULL && shm_client_has_native_server (self))
    for (guint i = 0; i < KEPT_MAX; i++)
      if (g_atomic_pointer_compare_and_exchange (&self->kept[i], NULL, connection))
        return;

  g_clear_pointer (&connection, shm_connection_free);
}

/* The first connection */

/* Stores the kind of the server, and opens its registry. The registry shows whether the server is
 * alive, and which blocks it owns. A client that cannot read the registry can make all requests,
 * but cannot create blocks. */
static gboolean
store_server (ShmClient *self, const char *registry, GError **error)
{
  ShmFault fault;

  self->registry
      = registry != NULL ? shm_registry_open (registry, self->allow_other_users, &fault) : -1;
  if (registry != NULL && self->registry < 0 && fault.errnum != EPERM && fault.errnum != EACCES
      && fault.errnum != ENOENT && fault.errnum != ENOTDIR)
    {
      shm_manager_set_errno (error, fault.errnum,
                             "The registry of the manager at %s cannot be opened",
                             self->address_text);
      return FALSE;
    }

  self->registry_errnum = registry != NULL && self->registry < 0 ? fault.errnum : 0;
  self->registry_name = g_strdup (registry);
  g_atomic_int_set (&self->kind, registry != NULL ? KIND_NATIVE : KIND_CPYTHON);

  return TRUE;
}

/* Sends the first request on a new connection, unless the server is known to be CPython's. A server
 * of CPython does not know the method: it replies with an error and closes the connection. Then
 * *@connection is set to NULL. */
static gboolean
send_hello (ShmClient *self, ShmConnection **connection, GCancellable *cancellable, GError **error)
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
    return store_server (self, registry, error);

  if (g_strcmp0 (registry, self->registry_name) != 0)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "The manager at %s has ended, and another manager uses its address now",
                   self->address_text);
      return FALSE;
    }

  return TRUE;
}

static ShmConnection *
open_once (ShmClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (ShmConnection) connection
      = shm_connection_open (self->address, self->key, self->allow_md5, self->allow_other_users,
                             cancellable, error);

  return connection != NULL && send_hello (self, &connection, cancellable, error)
             ? g_steal_pointer (&connection)
             : NULL;
}

/* Returns whether a server that has closed the connection is dead. A live server closes a
 * connection if it has too many connections, or if the peer is too slow. */
static gboolean
is_server_dead (ShmClient *self, GCancellable *cancellable)
{
  if (self->registry < 0)
    return !shm_connection_has_listener (self->address);

  for (int i = 0; i < DEATH_CHECKS && !shm_cancel_check (cancellable); i++)
    {
      if (!shm_registry_is_live (self->registry))
        return TRUE;
      g_usleep (DEATH_CHECK_USEC);
    }

  return FALSE;
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
          shm_client_keep_connection (self, connection);
          return TRUE;
        }
      if (!g_error_matches (cause, SHM_ERROR, SHM_ERROR_SERVER_DIED)
          || is_server_dead (self, cancellable))
        break;
    }

  g_propagate_error (error, g_steal_pointer (&cause));

  return FALSE;
}

/* Later connections and calls */

/* Propagates the error of a connection to a server to which the client has been connected before.
 * If no server or another server listens at the address, the client's server is dead. A lost
 * connection alone does not prove that the server is dead. */
static void
propagate_error (ShmClient *self, const GError *cause, GCancellable *cancellable, GError **error)
{
  if (g_error_matches (cause, SHM_ERROR, SHM_ERROR_NOT_FOUND))
    g_set_error_literal (error, SHM_ERROR, SHM_ERROR_SERVER_DIED, cause->message);
  else if (g_error_matches (cause, SHM_ERROR, SHM_ERROR_SERVER_DIED)
           && !is_server_dead (self, cancellable))
    g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                 "The manager at %s is alive, but closed the connection: it has too many clients, "
                 "or this process was too slow; try again",
                 self->address_text);
  else
    g_propagate_error (error, g_error_copy (cause));
}

ShmConnection *
shm_client_open_connection (ShmClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;

  for (int i = 0; i < OPEN_ATTEMPTS; i++)
    {
      ShmConnection *connection;

      g_clear_error (&cause);
      connection = open_once (self, cancellable, &cause);
      if (connection != NULL)
        return connection;
      if (!g_error_matches (cause, SHM_ERROR, SHM_ERROR_SERVER_DIED)
          || is_server_dead (self, cancellable))
        break;
    }

  propagate_error (self, cause, cancellable, error);

  return NULL;
}

ShmPickle *
shm_client_call (ShmClient *self,
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

  *connection = shm_client_open_connection (self, cancellable, error);
  if (*connection == NULL)
    return NULL;

  pickle = shm_connection_call (*connection, request, reply, cancellable, &lost);
  if (pickle == NULL)
    {
      g_clear_pointer (connection, shm_connection_free);
      propagate_error (self, lost, cancellable, error);
    }

  return pickle;
}
