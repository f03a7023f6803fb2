/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-starter.h"

#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-control.h"
#include "shm-error.h"

#include <glib-unix.h>
#include <unistd.h>

/* The number of bytes of reports to keep for a starter that does not read. */
#define REPORTS_MAX (1024 * 1024)

/* How often to check the parent process if there is no pidfd. */
#define PARENT_POLL_MSEC 100

gboolean
shm_starter_init (ShmStarter *self, gboolean has_pidfd, GError **error)
{
  *self = (ShmStarter){ .has_pidfd = has_pidfd };

  self->socket = g_socket_new_from_fd (STDIN_FILENO, error);
  if (self->socket == NULL)
    return FALSE;

  self->reports = g_byte_array_new ();

  return TRUE;
}

void
shm_starter_clear (ShmStarter *self)
{
  if (self->send_source != NULL)
    g_source_destroy (self->send_source);
  g_clear_pointer (&self->send_source, g_source_unref);
  g_clear_pointer (&self->reports, g_byte_array_unref);
  g_clear_object (&self->socket);
}

/* Starting */

static GVariant *
receive_message (ShmStarter *self, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (;;)
    {
      gboolean is_broken;
      char chunk[4096];
      gssize n;
      GVariant *message = shm_control_take (bytes, SHM_CONTROL_CONFIG, &is_broken);

      if (message != NULL)
        return message;

      n = is_broken ? 0 : g_socket_receive (self->socket, chunk, sizeof chunk, NULL, error);
      if (n < 0)
        return NULL;
      if (n == 0)
        {
          g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL,
                       "The manager's server process received no configuration from its starter");
          return NULL;
        }
      g_byte_array_append (bytes, (const guint8 *) chunk, n);
    }
}

gboolean
shm_starter_receive_config (ShmStarter *self, ShmServerConfig *config, GError **error)
{
  g_autoptr (GVariant) message = receive_message (self, error);
  g_autoptr (GVariant) key = NULL;
  const char *address;
  guint32 version;

  if (message == NULL)
    return FALSE;

  g_variant_get (message, "(u&s@aybbit)", &version, &address, &key, &config->allow_md5,
                 &config->allow_other_users, &self->pid, &self->client);
  if (version != SHM_CONTROL_VERSION)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                   "The program shmobj-manager and the library shmobj have different versions: "
                   "install both from the same release");
      return FALSE;
    }

  config->key = g_variant_get_data_as_bytes (key);
  if (address[0] != '\0')
    config->address = shm_address_parse (address, error);

  return address[0] == '\0' || config->address != NULL;
}

static gboolean
send_result (ShmStarter *self, int code, const char *text, const char *registry, GError **error)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  shm_control_append (frames, g_variant_new (SHM_CONTROL_RESULT, code, text, registry));

  return g_socket_send (self->socket, (const char *) frames->data, frames->len, NULL, error)
         == (gssize) frames->len;
}

gboolean
shm_starter_send_success (ShmStarter *self,
                          GSocketAddress *address,
                          const char *registry,
                          GError **error)
{
  g_autofree char *text = shm_address_print (address);

  return send_result (self, -1, text, registry, error);
}

void
shm_starter_send_failure (ShmStarter *self, const GError *failure)
{
  const int code = failure->domain == SHM_ERROR ? failure->code : SHM_ERROR_FAILED;

  send_result (self, code, failure->message, "", NULL);
}

/* The death of the starter */

static gboolean
on_closed (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  ShmStarter *self = user_data;

  /* The starter sends nothing after the configuration. A readable socket therefore means that the
   * starter has closed its end. */
  self->gone (self->user_data);

  return G_SOURCE_REMOVE;
}

static gboolean
on_died (int fd, GIOCondition condition, gpointer user_data)
{
  ShmStarter *self = user_data;

  self->gone (self->user_data);

  return G_SOURCE_REMOVE;
}

static gboolean
on_parent_poll (gpointer user_data)
{
  ShmStarter *self = user_data;

  if (getppid () == self->pid)
    return G_SOURCE_CONTINUE;

  self->gone (self->user_data);

  return G_SOURCE_REMOVE;
}

void
shm_starter_watch (ShmStarter *self, void (*gone) (gpointer user_data), gpointer user_data)
{
  g_autoptr (GSource) source = g_socket_create_source (self->socket, G_IO_IN, NULL);

  self->gone = gone;
  self->user_data = user_data;
  g_socket_set_blocking (self->socket, FALSE);

  g_source_set_callback (source, G_SOURCE_FUNC (on_closed), self, NULL);
  g_source_attach (source, NULL);

  if (self->has_pidfd)
    g_unix_fd_add (SHM_CONTROL_STARTER_FD, G_IO_IN, on_died, self);
  else
    g_timeout_add (PARENT_POLL_MSEC, on_parent_poll, self);
}

/* Reports */

static gboolean send_reports (ShmStarter *self);

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  return send_reports (user_data);
}

/* Sends as many bytes as the socket accepts, and creates a source for the rest. Returns the result
 * for the callback of that source. */
static gboolean
send_reports (ShmStarter *self)
{
  const gsize left = self->reports->len - self->sent;
  const gssize n
      = left == 0 ? 0
                  : g_socket_send (self->socket, (const char *) self->reports->data + self->sent,
                                   left, NULL, NULL);

  if (n > 0)
    self->sent += n;

  if (self->sent < self->reports->len)
    {
      if (self->send_source == NULL)
        {
          self->send_source = g_socket_create_source (self->socket, G_IO_OUT, NULL);
          g_source_set_callback (self->send_source, G_SOURCE_FUNC (on_writable), self, NULL);
          g_source_attach (self->send_source, NULL);
        }
      return G_SOURCE_CONTINUE;
    }

  g_byte_array_set_size (self->reports, 0);
  self->sent = 0;
  g_clear_pointer (&self->send_source, g_source_unref);

  return G_SOURCE_REMOVE;
}

void
shm_starter_report (ShmStarter *self, gboolean is_tracked, const char *name, guint64 client)
{
  if (client == self->client || self->reports->len > REPORTS_MAX)
    return;

  shm_control_append (self->reports, g_variant_new (SHM_CONTROL_REPORT, is_tracked, name));
  if (self->send_source == NULL)
    send_reports (self);
}
