/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-server-private.h"

#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* Messages from peers */

static void
receive_handshake (ShmServer *self,
                   ShmPeer *peer,
                   const guint8 *body,
                   gsize length,
                   GByteArray *out)
{
  switch (shm_handshake_receive (&peer->handshake, body, length, out))
    {
    case SHM_HANDSHAKE_CONTINUE:
      break;
    case SHM_HANDSHAKE_DONE:
      peer->message_max = SHM_REQUEST_MAX;
      shm_admission_authenticate (&self->admission, peer);
      break;
    case SHM_HANDSHAKE_FAILED:
    default:
      shm_peer_end (peer);
    }
}

static void
on_message (ShmPeer *peer, const guint8 *body, gsize length, GByteArray *out)
{
  ShmServer *self = peer->owner;

  /* Close the connection. The client then checks whether the server is alive. */
  if (self->has_ended)
    {
      shm_peer_end (peer);
      return;
    }
  if (!peer->is_authenticated)
    {
      receive_handshake (self, peer, body, length, out);
      return;
    }

  shm_server_handle_request (self, peer, body, length, out);
  if (!peer->is_persistent)
    shm_peer_end (peer);
  shm_admission_renew (&self->admission, peer);
}

static void
on_gone (ShmPeer *peer)
{
  ShmServer *self = peer->owner;

  shm_admission_drop (&self->admission, peer);
}

static const ShmPeerFuncs peer_funcs = { on_message, on_gone };

/* Accepted and dropped peers */

static void
on_accepted (GSocket *connection, gpointer user_data)
{
  ShmServer *self = user_data;
  guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE];
  g_autoptr (GByteArray) challenge = g_byte_array_new ();
  ShmPeer *peer;

  /* Without random bytes, a challenge would be predictable: refuse the client. */
  if (!shm_listener_check_user (&self->listener, connection, self->allow_other_users)
      || shm_random_fill (nonce, sizeof nonce) != 0)
    {
      g_object_unref (connection);
      return;
    }

  /* Requests and replies are small, and must be sent at once. */
  if (!shm_address_is_unix (self->listener.address))
    g_socket_set_option (connection, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);

  peer = shm_peer_new (connection, &peer_funcs, self);
  shm_handshake_init (&peer->handshake, SHM_HANDSHAKE_SERVER, self->key, self->allow_md5, nonce);
  shm_handshake_begin (&peer->handshake, challenge);
  shm_admission_add (&self->admission, peer);
  shm_peer_send (peer, challenge);
}

static void
on_dropped (ShmPeer *peer, gpointer user_data)
{
  ShmServer *self = user_data;
  const ShmIdentity identity = { .device = peer->announced_device, .inode = peer->announced_inode };

  /* If the client died or failed between announcing a block and publishing it, withdraw the
   * block. */
  if (peer->announced != NULL
      && shm_owned_blocks_withdraw_unpublished (self->blocks, peer->announced, &identity))
    self->funcs->removed (peer->announced, peer->client, self->user_data);

  shm_peer_free (peer);
}

static const ShmAdmissionFuncs admission_funcs = { on_accepted, on_dropped };

/* The server */

ShmServer *
shm_server_new (const ShmServerConfig *config,
                ShmRegistry *registry,
                const ShmServerFuncs *funcs,
                gpointer user_data,
                GError **error)
{
  ShmServer *self = g_new0 (ShmServer, 1);

  if (!shm_listener_init (&self->listener, config->address, registry, config->allow_other_users,
                          error))
    {
      g_free (self);
      return NULL;
    }

  self->key = g_bytes_ref (config->key);
  self->allow_md5 = config->allow_md5 && shm_address_is_local (self->listener.address);
  self->allow_other_users = config->allow_other_users;
  self->registry = registry;
  self->blocks = shm_owned_blocks_new (registry);
  self->funcs = funcs;
  self->user_data = user_data;
  shm_admission_init (&self->admission, self->listener.socket, &admission_funcs, self);

  return self;
}

void
shm_server_free (ShmServer *self)
{
  shm_registry_close (self->registry);
  shm_owned_blocks_free (self->blocks);
  shm_admission_clear (&self->admission);
  shm_listener_clear (&self->listener);
  g_bytes_unref (self->key);
  g_free (self);
}

GSocketAddress *
shm_server_get_address (ShmServer *self)
{
  return self->listener.address;
}
