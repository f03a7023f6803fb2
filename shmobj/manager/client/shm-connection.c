/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/client/shm-connection.h"

#include "core/shm-fork.h"
#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-handshake.h"
#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-pickle-reader.h"
#include "manager/shm-cancel.h"
#include "manager/shm-manager-error.h"
#include "manager/shm-socket-wait.h"
#include "shm-error.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* The number of bytes to read at a time. Most replies are shorter. */
#define CHUNK 8192

/* How long to wait before the next attempt if the backlog of the listening socket is full. */
#define BUSY_PAUSE_USEC 2000

struct _ShmConnection
{
  GSocket *socket;   /* (owned): non-blocking */
  gint64 deadline;   /* monotonic time: for the handshake, or for the next reply */
  char *address;     /* (owned): for error messages */
  GByteArray *input; /* (owned): received bytes that are not consumed yet */
  guint generation;  /* fork generation of the process that opened the connection */
};

void
shm_connection_free (ShmConnection *self)
{
  g_clear_object (&self->socket);
  g_byte_array_unref (self->input);
  g_free (self->address);
  g_free (self);
}

gboolean
shm_connection_belongs_to_process (ShmConnection *self)
{
  return self->generation == shm_fork_get_generation ();
}

/* Translates an error of GIO to an error of this library. */
static void
translate_error (ShmConnection *self, const GError *cause, GError **error)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_error_copy (cause));
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
                 "The manager at %s did not answer in time: its server may be stopped",
                 self->address);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                 "The connection to the manager at %s was lost: %s", self->address, cause->message);
}

static void
set_deadline (ShmConnection *self, guint seconds)
{
  self->deadline = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

/* Waits for @condition if @cause means that the socket is not ready. Other errors are translated.
 * The deadline is the deadline of the whole message, so that a peer that sends one byte at a time
 * cannot block the client. */
static gboolean
await_ready (ShmConnection *self,
             GIOCondition condition,
             GError *cause,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    translate_error (self, cause, error);
  else if (shm_socket_wait (self->socket, condition, self->deadline, cancellable, &failure))
    return TRUE;
  else
    translate_error (self, failure, error);

  return FALSE;
}

static gboolean
send_all (ShmConnection *self, const GByteArray *bytes, GCancellable *cancellable, GError **error)
{
  gsize sent = 0;

  while (sent < bytes->len)
    {
      g_autoptr (GError) cause = NULL;
      const gssize n = g_socket_send (self->socket, (const char *) bytes->data + sent,
                                      bytes->len - sent, cancellable, &cause);

      if (n >= 0)
        sent += n;
      else if (!await_ready (self, G_IO_OUT, cause, cancellable, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
receive_some (ShmConnection *self, GCancellable *cancellable, GError **error)
{
  const GError timed_out = { .domain = G_IO_ERROR, .code = G_IO_ERROR_TIMED_OUT };
  g_autoptr (GError) cause = NULL;
  const guint length = self->input->len;
  gssize n;

  /* The peer may send bytes all the time and never complete a message. */
  if (g_get_monotonic_time () > self->deadline)
    {
      translate_error (self, &timed_out, error);
      return FALSE;
    }

  g_byte_array_set_size (self->input, length + CHUNK);
  n = g_socket_receive (self->socket, (char *) self->input->data + length, CHUNK, cancellable,
                        &cause);
  g_byte_array_set_size (self->input, length + MAX (n, 0));

  if (n < 0)
    return await_ready (self, G_IO_IN, cause, cancellable, error);
  if (n == 0)
    g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                 "The manager at %s closed the connection: its server has ended, or does not "
                 "accept this process",
                 self->address);

  return n > 0;
}

/* Receives the next message, which is then at the beginning of the input. Stores the position and
 * the length of its body in @at and @length. */
static gboolean
receive_message (ShmConnection *self,
                 gsize body_max,
                 gsize *at,
                 gsize *length,
                 GCancellable *cancellable,
                 GError **error)
{
  for (;;)
    {
      switch (shm_frame_parse (self->input->data, self->input->len, body_max, at, length))
        {
        case SHM_FRAME_COMPLETE:
          return TRUE;
        case SHM_FRAME_PARTIAL:
          break;
        case SHM_FRAME_TOO_LONG:
          g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL,
                       "The manager at %s sent a message of more than %" G_GSIZE_FORMAT " bytes",
                       self->address, body_max);
          return FALSE;
        case SHM_FRAME_INVALID:
        default:
          g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL,
                       "The process that listens at %s is not a manager's server: it sent invalid "
                       "data",
                       self->address);
          return FALSE;
        }

      if (!receive_some (self, cancellable, error))
        return FALSE;
    }
}

static void
finish_message (ShmConnection *self, gsize at, gsize length)
{
  g_byte_array_remove_range (self->input, 0, at + length);
}

/* Opening */

static gboolean
has_no_listener (const GError *cause)
{
  return g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)
         || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

gboolean
shm_connection_has_listener (GSocketAddress *address)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GError) error = NULL;

  if (socket == NULL)
    return TRUE;

  g_socket_set_timeout (socket, 1);

  return g_socket_connect (socket, address, NULL, &error) || !has_no_listener (error);
}

static void
set_connect_error (ShmConnection *self, const GError *cause, GError **error)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    translate_error (self, cause, error);
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
                 "The manager at %s accepts no connections, and its queue is full: its server may "
                 "be stopped",
                 self->address);
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
                 "This process has no permission to connect to the manager at %s: if the manager "
                 "belongs to another user, it must be started with the flag ALLOW_OTHER_USERS, and "
                 "the mode of each folder of the path must permit this user to search it",
                 self->address);
  else if (has_no_listener (cause))
    g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND, "No manager listens at %s: %s",
                 self->address, cause->message);
  else
    shm_manager_set_io_error (error, cause, "Cannot connect to the manager at %s", self->address);
}

static gboolean
connect_socket (ShmConnection *self,
                GSocketAddress *address,
                GCancellable *cancellable,
                GError **error)
{
  for (;;)
    {
      g_autoptr (GError) cause = NULL;

      if (shm_cancel_set_error (cancellable, error))
        return FALSE;
      if (g_socket_connect (self->socket, address, cancellable, &cause))
        return TRUE;
      if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PENDING))
        {
          g_clear_error (&cause);
          if (shm_socket_wait (self->socket, G_IO_OUT, self->deadline, cancellable, &cause)
              && g_socket_check_connect_result (self->socket, &cause))
            return TRUE;
        }

      /* WOULD_BLOCK: the backlog of the listening socket is full. */
      if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
          || g_get_monotonic_time () >= self->deadline)
        {
          set_connect_error (self, cause, error);
          return FALSE;
        }
      g_usleep (BUSY_PAUSE_USEC);
    }
}

/* Checks the user of the server. Another user can listen at an abstract name or at a path in /tmp.
 * This user could choose challenges, and would receive the client's answers to them. */
static gboolean
check_user (ShmConnection *self, GError **error)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (self->socket, NULL);
  const uid_t uid
      = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t) -1;

  if (uid == geteuid () || uid == 0)
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
               "The manager at %s belongs to user %u: if you trust this user, use the flag "
               "ALLOW_OTHER_USERS",
               self->address, (guint) uid);

  return FALSE;
}

static gboolean
authenticate (ShmConnection *self,
              GBytes *key,
              gboolean allow_md5,
              GCancellable *cancellable,
              GError **error)
{
  guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE];
  g_auto (ShmHandshake) auth = { 0 };
  ShmHandshakeStatus status = SHM_HANDSHAKE_CONTINUE;
  const int errnum = shm_random_fill (nonce, sizeof nonce);

  if (errnum != 0)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                   "Cannot prove to the manager at %s that this process has the key: neither "
                   "getrandom() nor /dev/urandom gives this process random bytes (%s)",
                   self->address, g_strerror (errnum));
      return FALSE;
    }

  shm_handshake_init (&auth, SHM_HANDSHAKE_CLIENT, key, allow_md5, nonce);
  shm_handshake_begin (&auth, NULL);

  while (status == SHM_HANDSHAKE_CONTINUE)
    {
      g_autoptr (GByteArray) out = g_byte_array_new ();
      gsize at, length;

      if (!receive_message (self, SHM_HANDSHAKE_MESSAGE_MAX, &at, &length, cancellable, error))
        return FALSE;

      status = shm_handshake_receive (&auth, self->input->data + at, length, out);
      finish_message (self, at, length);
      if (!send_all (self, out, cancellable, error))
        return FALSE;
    }

  if (status == SHM_HANDSHAKE_DONE)
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_AUTHENTICATION_FAILED,
               "The manager at %s and this process have different keys%s", self->address,
               allow_md5 ? "" : ", or the server runs in a Python older than 3.12 and needs MD5");

  return FALSE;
}

ShmConnection *
shm_connection_open (GSocketAddress *address,
                     GBytes *key,
                     gboolean allow_md5,
                     gboolean allow_other_users,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (ShmConnection) self = g_new0 (ShmConnection, 1);
  g_autoptr (GError) cause = NULL;

  self->address = shm_address_print (address);
  self->input = g_byte_array_new ();
  self->generation = shm_fork_get_generation ();
  self->socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_DEFAULT, &cause);
  if (self->socket == NULL)
    {
      shm_manager_set_io_error (error, cause, "Cannot create a socket for the manager at %s",
                                self->address);
      return NULL;
    }

  set_deadline (self, SHM_CONNECTION_HANDSHAKE_SECONDS);
  g_socket_set_blocking (self->socket, FALSE);
  if (!connect_socket (self, address, cancellable, error))
    return NULL;

  /* Requests are small, and must be sent at once. */
  if (!shm_address_is_unix (address))
    g_socket_set_option (self->socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  else if (!allow_other_users && !check_user (self, error))
    return NULL;

  if (!authenticate (self, key, allow_md5 && shm_address_is_local (address), cancellable, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* Calling */

ShmPickle *
shm_connection_call (ShmConnection *self,
                     GByteArray *request,
                     ShmReply *reply,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (ShmPickle) pickle = NULL;
  gsize at, length;

  set_deadline (self, SHM_CONNECTION_REPLY_SECONDS);
  if (!send_all (self, request, cancellable, error)
      || !receive_message (self, SHM_REPLY_MAX, &at, &length, cancellable, error))
    return NULL;

  pickle = shm_pickle_parse (self->input->data + at, length);
  finish_message (self, at, length);

  if (pickle == NULL || !shm_reply_read (pickle, reply))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL, "The manager at %s sent an invalid reply",
                   self->address);
      return NULL;
    }

  return g_steal_pointer (&pickle);
}
