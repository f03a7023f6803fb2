/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of a manager owns blocks, and answers the requests of clients about them. It runs in
 * the thread-default main context. None of its functions blocks.
 */

#pragma once

#include "manager/server/shm-owned-blocks.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GSocketAddress *address; /* (owned) (nullable): NULL for a Unix socket in a new folder */
  GBytes *key;             /* (owned) */
  gboolean allow_md5;      /* whether to accept MD5 on Unix sockets and on the loopback interface */
  gboolean allow_other_users;
} ShmServerConfig;

typedef struct _ShmServer ShmServer;

/* Callbacks of the server. @client is the number that the client gave, or 0. */
typedef struct
{
  /* The server owns a new block, because a client tracked or announced it. */
  void (*tracked) (const char *name, guint64 client, gpointer user_data);

  /* The server no longer owns the block, because a client removed or withdrew it, or because the
   * block was announced and not published. */
  void (*removed) (const char *name, guint64 client, gpointer user_data);

  /* A client has requested the shutdown. All blocks are removed, and the reply is in the output of
   * the peer. The function must not free the server. It must make the program free the server soon
   * afterwards. */
  void (*shutdown_requested) (gpointer user_data);
} ShmServerFuncs;

/* Creates a server, which starts to listen. @registry and @funcs must outlive the server. Fails as
 * shm_listener_init() does. */
ShmServer *shm_server_new (const ShmServerConfig *config,
                           ShmRegistry *registry,
                           const ShmServerFuncs *funcs,
                           gpointer user_data,
                           GError **error);

/* Removes all blocks and the socket file, and frees the server. */
void shm_server_free (ShmServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmServer, shm_server_free)

/* Returns the address on which the server listens. The server owns it. */
GSocketAddress *shm_server_get_address (ShmServer *self);

G_END_DECLS
