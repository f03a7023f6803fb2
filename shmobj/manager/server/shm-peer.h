/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A peer: one connection of the server. The peer collects incoming bytes into whole messages for
 * the server, and sends the output of the server as fast as the other end receives it. While output
 * is left, the peer does not read. So a client that sends requests and does not receive the replies
 * fills its own buffers, and not the buffers of the server.
 */

#pragma once

#include "manager/protocol/shm-handshake.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _ShmPeer ShmPeer;

typedef struct
{
  /* Handles a whole message. The peer sends the bytes that the function appends to @out. */
  void (*receive) (ShmPeer *peer, const guint8 *body, gsize length, GByteArray *out);

  /* Called when the other end has closed the connection or has violated the protocol, or when the
   * peer has sent its last output after shm_peer_end(). Must free the peer. */
  void (*gone) (ShmPeer *peer);
} ShmPeerFuncs;

struct _ShmPeer
{
  const ShmPeerFuncs *funcs;
  gpointer owner; /* for @funcs */

  /* The connection. */
  GSocket *socket;        /* (owned): non-blocking */
  GSource *source;        /* (owned) */
  GIOCondition condition; /* the condition that @source waits for */
  GByteArray *input;      /* (owned): bytes received that are not a whole message yet */
  GByteArray *output;     /* (owned) */
  gsize sent;             /* how many bytes of @output are sent */
  gsize message_max;      /* bytes; a longer message ends the connection */
  gboolean is_ending;

  /* For the admission. Times are monotonic. */
  GList link;             /* in a queue of the admission */
  gint64 last_active;     /* when the peer connected, or made its last request */
  gint64 deadline;        /* when the peer is dropped */
  gint64 message_timeout; /* when the peer is dropped if it is still busy; 0 if it is not busy */
  gboolean is_authenticated;
  ShmHandshake handshake;

  /* For the requests. */
  gboolean is_persistent; /* the connection carries more than one request */
  guint64 client;         /* the number that the client gave, or 0 */
  char *announced; /* (owned) (nullable): the last request announced the block of this name */
  guint64 announced_device;
  guint64 announced_inode;
};

/* Creates a peer, which starts to read. Takes ownership of @socket; @funcs must outlive the
 * peer. */
ShmPeer *shm_peer_new (GSocket *socket, const ShmPeerFuncs *funcs, gpointer owner);
void shm_peer_free (ShmPeer *self);

/* Sends @bytes as soon as the other end can receive them. May free the peer, through gone(). */
void shm_peer_send (ShmPeer *self, const GByteArray *bytes);

/* Stops reading messages. The peer calls gone() when it has sent its output. */
void shm_peer_end (ShmPeer *self);

/* Returns whether the peer has received a part of a message, or has output left. */
gboolean shm_peer_is_busy (ShmPeer *self);

G_END_DECLS
