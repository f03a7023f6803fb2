/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Decides which peers a server has. The admission accepts connections, drops peers that are too
 * slow, and drops idle peers for new connections when there are no descriptors left.
 *
 * What a peer can make the server spend is bounded. An unauthenticated peer sends at most
 * SHM_HANDSHAKE_MESSAGE_MAX bytes at a time, and is dropped after a few seconds. When descriptors
 * run out, those unauthenticated peers that have been silent longest are dropped first. If no peer
 * may be dropped, the admission stops accepting until one is gone.
 */

#pragma once

#include "manager/server/shm-peer.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  /* Takes ownership of a new connection, and either closes it or adds a peer for it. */
  void (*accepted) (GSocket *connection, gpointer user_data);

  /* Must free the peer, which is not part of the admission any more. */
  void (*dropped) (ShmPeer *peer, gpointer user_data);
} ShmAdmissionFuncs;

typedef struct
{
  GSocket *listener; /* (unowned) */
  const ShmAdmissionFuncs *funcs;
  gpointer user_data;

  GQueue unauthenticated; /* (element-type ShmPeer) (owned): the oldest first */
  GQueue authenticated;   /* (element-type ShmPeer) (owned): the one that was idle longest first */
  guint peers_max;

  GSource *accept_source;  /* (owned) (nullable): NULL while accepting is paused */
  GSource *resume_source;  /* (owned) (nullable): resumes accepting */
  GSource *timeout_source; /* (owned) (nullable): drops slow peers; exists while there are peers */
} ShmAdmission;

/* Starts to accept connections on @listener, which is non-blocking and must outlive the admission,
 * in the thread-default main context. */
void shm_admission_init (ShmAdmission *self,
                         GSocket *listener,
                         const ShmAdmissionFuncs *funcs,
                         gpointer user_data);

/* Frees all peers; does not call dropped(). */
void shm_admission_clear (ShmAdmission *self);

/* Adds an unauthenticated peer, and takes ownership of it. */
void shm_admission_add (ShmAdmission *self, ShmPeer *peer);

/* The peer has completed the handshake. */
void shm_admission_authenticate (ShmAdmission *self, ShmPeer *peer);

/* An authenticated peer has made a request. */
void shm_admission_renew (ShmAdmission *self, ShmPeer *peer);

/* Calls dropped() for the peer, and resumes accepting, because now there is room for another. */
void shm_admission_drop (ShmAdmission *self, ShmPeer *peer);

G_END_DECLS
