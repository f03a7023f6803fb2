/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The socket on which a server listens, and its file. */

#pragma once

#include "manager/shm-registry.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GSocket *socket;         /* (owned): does not wait */
  GSocketAddress *address; /* (owned): as peers find it */
  ShmSocketFile file;      /* all zeros if there is none */
} ShmListener;

/* @address is NULL for a path in a new folder that only this user may enter, or everybody with
 * @allow_other_users. What is made is noted in @registry. Fails with EXISTS if the address is
 * taken. */
gboolean shm_listener_init (ShmListener *self,
                            GSocketAddress *address,
                            ShmRegistry *registry,
                            gboolean allow_other_users,
                            GError **error);

/* Takes the file away. */
void shm_listener_clear (ShmListener *self);

/* Whether the peer may talk to us at all. */
gboolean shm_listener_admits (ShmListener *self, GSocket *peer, gboolean allow_other_users);

G_END_DECLS
