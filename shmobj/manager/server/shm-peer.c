/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-peer.h"

#include "manager/protocol/shm-frame.h"

/* The number of bytes to read at a time. */
#define CHUNK_SIZE 4096

static gboolean on_ready (GSocket *socket, GIOCondition condition, gpointer user_data);

static void
wait_for (ShmPeer *self, GIOCondition condition)
{
  if (self->condition == condition)
    return;

  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }

  self->condition = condition;
  self->source = g_socket_create_source (self->socket, condition, NULL);
  g_source_set_static_name (self->source, "shmobj: peer");
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_ready), self, NULL);
  /* By default, GLib blocks a source while it dispatches this source, which costs time. Allow
   * recursion to avoid this. No callback runs the main loop, so recursion cannot happen. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

ShmPeer *
shm_peer_new (GSocket *socket, const ShmPeerFuncs *funcs, gpointer owner)
{
  ShmPeer *self = g_new0 (ShmPeer, 1);

  self->link.data = self;
  self->owner = owner;
  self->funcs = funcs;
  self->socket = socket;
  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
  self->message_max = SHM_HANDSHAKE_MESSAGE_MAX;
  self->last_active = g_get_monotonic_time ();
  g_socket_set_blocking (socket, FALSE);
  wait_for (self, G_IO_IN);

  return self;
}

void
shm_peer_free (ShmPeer *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  shm_handshake_clear (&self->handshake);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_object_unref (self->socket);
  g_free (self->announced);
  g_free (self);
}

gboolean
shm_peer_is_busy (ShmPeer *self)
{
  return self->input->len > 0 || self->output->len > 0;
}

/* Sends output. Returns FALSE if the connection is lost, or if shm_peer_end() was called and all
 * output is sent. The function does not first wait until the socket is ready, so a reply is sent in
 * the iteration of the main loop in which the request was received. */
static gboolean
flush (ShmPeer *self)
{
  while (self->sent < self->output->len)
    {
      g_autoptr (GError) error = NULL;
      const gssize n = g_socket_send (self->socket, (const char *) self->output->data + self->sent,
                                      self->output->len - self->sent, NULL, &error);

      if (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return FALSE;
      if (n < 0)
        {
          wait_for (self, G_IO_OUT);
          return TRUE;
        }
      self->sent += n;
    }

  g_byte_array_set_size (self->output, 0);
  self->sent = 0;
  wait_for (self, G_IO_IN);

  return !self->is_ending;
}

/* Passes whole messages to the owner. A message must wait until the reply to the previous message
 * is sent. Returns FALSE if the connection is lost, must be closed because of an invalid message,
 * or has sent its last output. */
static gboolean
deliver (ShmPeer *self)
{
  gsize at, length;

  while (self->output->len == 0 && !self->is_ending)
    {
      switch (
          shm_frame_parse (self->input->data, self->input->len, self->message_max, &at, &length))
        {
        case SHM_FRAME_PARTIAL:
          return TRUE;
        case SHM_FRAME_COMPLETE:
          self->funcs->receive (self, self->input->data + at, length, self->output);
          g_byte_array_remove_range (self->input, 0, at + length);
          if (!flush (self))
            return FALSE;
          break;
        case SHM_FRAME_TOO_LONG:
        case SHM_FRAME_INVALID:
        default:
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
receive (ShmPeer *self)
{
  char chunk[CHUNK_SIZE];
  g_autoptr (GError) error = NULL;
  const gssize n = g_socket_receive (self->socket, chunk, sizeof chunk, NULL, &error);

  if (n < 0)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  if (n == 0)
    return FALSE;

  g_byte_array_append (self->input, (const guint8 *) chunk, n);

  return deliver (self);
}

static gboolean
on_ready (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  ShmPeer *self = user_data;
  gboolean is_connected;

  if (self->output->len > 0)
    is_connected = flush (self) && deliver (self);
  else
    is_connected = receive (self);

  if (!is_connected)
    self->funcs->gone (self);

  return G_SOURCE_CONTINUE;
}

void
shm_peer_send (ShmPeer *self, const GByteArray *bytes)
{
  g_byte_array_append (self->output, bytes->data, bytes->len);
  if (self->sent == 0 && !flush (self))
    self->funcs->gone (self);
}

void
shm_peer_end (ShmPeer *self)
{
  self->is_ending = TRUE;
}
