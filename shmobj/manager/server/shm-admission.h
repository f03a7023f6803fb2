/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The admission of peers. It accepts connections and drops peers that are too slow. When there are
 * no descriptors left, it drops idle peers in favour of new connections.
 *
 * The resources that a peer can use are limited. An unauthenticated peer sends at most
 * SHM_HANDSHAKE_MESSAGE_MAX bytes at a time, and is dropped after a few seconds. When descriptors
 * run out, the admission first drops the unauthenticated peers that have been silent longest. If it
 * may not drop any peer, it pauses accepting until a peer is gone or a short time has passed.
 */

#pragma once

#include "manager/server/shm-peer.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  /* Takes ownership of a new connection, and either closes it or adds a peer for it. */
  void (*accepted) (GSocket *connection, gpointer user_data);

  /* Must free the peer. The peer no longer belongs to the admission. */
  void (*dropped) (ShmPeer *peer, gpointer user_data);
} ShmAdmissionFuncs;

typedef struct
{
  GSocket *listener; /* (unowned) */
  const ShmAdmissionFuncs *funcs;
  gpointer user_data;

  GQueue unauthenticated; /* (element-type ShmPeer) (owned): the oldest first */
  GQueue authenticated;   /* (element-type ShmPeer) (owned): the longest idle peer first */
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

/* Stops accepting and frees all peers. Does not call dropped(). */
void shm_admission_clear (ShmAdmission *self);

/* Adds an unauthenticated peer, and takes ownership of it. */
void shm_admission_add (ShmAdmission *self, ShmPeer *peer);

/* Call this when the peer has completed the handshake. */
void shm_admission_authenticate (ShmAdmission *self, ShmPeer *peer);

/* Call this when an authenticated peer has made a request. */
void shm_admission_renew (ShmAdmission *self, ShmPeer *peer);

/* Calls dropped() for the peer. If accepting is paused, resumes it, because a new peer is possible
 * now. */
void shm_admission_drop (ShmAdmission *self, ShmPeer *peer);

G_END_DECLS
