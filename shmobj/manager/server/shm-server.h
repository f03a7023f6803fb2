/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of a manager: takes connections, has each peer show the key, and does what it asks
 * for. It runs in the thread-default main context, and nothing in it ever waits.
 *
 * What a peer can make it spend is bounded. Nobody who has not shown the key can send more than
 * 256 bytes at a time, or is kept for more than a few seconds; and when descriptors run out, those
 * who have kept silent longest are dropped for those who come. Accepting stops while there is
 * nobody to drop.
 */

#pragma once

#include "manager/server/shm-owned-blocks.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GSocketAddress *address; /* (owned) (nullable): NULL for a path in a folder of its own */
  GBytes *key;             /* (owned) */
  gboolean allow_md5;      /* on Unix sockets and loopback */
  gboolean allow_other_users;
} ShmServerConfig;

typedef struct _ShmServer ShmServer;

/* What the owner of the server is told. */
typedef struct
{
  /* @client is the number that the peer gave, or 0. */
  void (*tracked) (const char *name, guint64 client, gpointer user_data);
  void (*released) (const char *name, guint64 client, gpointer user_data);

  /* A peer has asked for the end, all blocks are gone, and the reply is on its way: the server is
   * to be freed now. */
  void (*ended) (gpointer user_data);
} ShmServerFuncs;

/* Listens from now on. @funcs must stay. */
ShmServer *shm_server_new (const ShmServerConfig *plan,
                           ShmRegistry *registry,
                           const ShmServerFuncs *funcs,
                           gpointer user_data,
                           GError **error);

/* Removes all blocks, and the socket file. */
void shm_server_free (ShmServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmServer, shm_server_free)

GSocketAddress *shm_server_get_address (ShmServer *self);

G_END_DECLS
