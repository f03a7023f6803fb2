/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection of the server: bytes come in, whole messages go to its owner, and what the owner
 * wants to send goes out as the peer takes it. While something is left to be sent, nothing is read:
 * a peer that asks and does not listen fills its own buffers, not ours.
 */

#pragma once

#include "manager/protocol/shm-handshake.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _ShmPeer ShmPeer;

typedef struct
{
  /* A whole message. What is appended to @out is sent. */
  void (*receive) (ShmPeer *peer, const guint8 *body, gsize length, GByteArray *out);

  /* The other end has gone, or broken the rules, or has taken all that was sent before
   * shm_peer_end(). The peer is to be freed. */
  void (*gone) (ShmPeer *peer);
} ShmPeerFuncs;

struct _ShmPeer
{
  GList link; /* the owner's */
  gpointer owner;
  const ShmPeerFuncs *funcs;

  GSocket *socket; /* (owned): does not wait */
  GSource *source; /* (owned) */
  GIOCondition awaited;
  GByteArray *input;  /* (owned): what came and is no whole message yet */
  GByteArray *output; /* (owned) */
  gsize sent;         /* of the output */
  gsize message_max;
  gint64 active;   /* monotonic time, as the next two: when it came, or spoke last; the owner's */
  gint64 deadline; /* when it is dropped */
  gint64 stuck_at; /* when it is dropped if it is still busy; 0 if it is not */
  gboolean is_ending;

  ShmHandshake handshake;
  gboolean is_authenticated;

  gboolean stays;  /* for more than one request */
  guint64 client;  /* the number that it gave, or 0 */
  char *announced; /* (owned) (nullable): the last request announced this block */
  guint64 announced_device;
  guint64 announced_inode;
};

/* Takes @socket over. Reading begins. */
ShmPeer *shm_peer_new (GSocket *socket, const ShmPeerFuncs *funcs, gpointer owner);
void shm_peer_free (ShmPeer *self);

/* Sends @bytes, as soon as the peer takes them. The peer may be gone when this returns. */
void shm_peer_send (ShmPeer *self, const GByteArray *bytes);

/* No more messages are taken; when all is sent, the peer is gone. */
void shm_peer_end (ShmPeer *self);

/* Whether the peer is in the middle of a message, or has not yet taken one. */
gboolean shm_peer_is_busy (ShmPeer *self);

G_END_DECLS
