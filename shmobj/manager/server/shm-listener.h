/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The socket on which a server listens, and its socket file. */

#pragma once

#include "registry/shm-registry.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GSocket *socket;         /* (owned): non-blocking */
  GSocketAddress *address; /* (owned): the address of the bound socket */
  ShmSocketFile file;      /* all zeros if there is none */
} ShmListener;

/* Starts to listen. If @address is NULL, creates a Unix socket in a new folder. Only this user may
 * enter the folder; with @allow_other_users, all users may. Adds the socket file to @registry.
 * Fails with EXISTS if the address is taken. */
gboolean shm_listener_init (ShmListener *self,
                            GSocketAddress *address,
                            ShmRegistry *registry,
                            gboolean allow_other_users,
                            GError **error);

/* Closes the socket and removes the socket file. */
void shm_listener_clear (ShmListener *self);

/* Returns whether the user at the other end of @connection may use the server. This user and root
 * may; with @allow_other_users, all users may. Returns TRUE for TCP, where the user is unknown. */
gboolean
shm_listener_check_user (ShmListener *self, GSocket *connection, gboolean allow_other_users);

G_END_DECLS
