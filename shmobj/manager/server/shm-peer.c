/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-peer.h"

#include "manager/protocol/shm-frame.h"

/* What is read at a time. */
#define CHUNK 4096

static gboolean on_ready (GSocket *socket, GIOCondition condition, gpointer user_data);

static void
await (ShmPeer *self, GIOCondition condition)
{
  if (self->awaited == condition)
    return;

  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }

  self->awaited = condition;
  self->source = g_socket_create_source (self->socket, condition, NULL);
  g_source_set_static_name (self->source, "shmobj: a peer");
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_ready), self, NULL);
  /* Nothing here runs the loop from within it; being told so, GLib does not take the source out and in
   * again each time, which costs it a turn. */
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
  self->active = g_get_monotonic_time ();
  g_socket_set_blocking (socket, FALSE);
  await (self, G_IO_IN);

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

/* FALSE if the peer is gone. Writing comes first: a request is answered, and the answer on its way,
 * without another turn of the main loop. */
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
          await (self, G_IO_OUT);
          return TRUE;
        }
      self->sent += n;
    }

  g_byte_array_set_size (self->output, 0);
  self->sent = 0;
  await (self, G_IO_IN);

  return !self->is_ending;
}

/* Hands whole messages to the owner, one after the other's answer is sent. FALSE if the peer is
 * gone. */
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
  char chunk[CHUNK];
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
  gboolean stays;

  if (self->output->len > 0)
    stays = flush (self) && deliver (self);
  else
    stays = receive (self);

  if (!stays)
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
