/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client of a manager's server. It detects whether the server is a server of this library or of
 * CPython, and sends requests to it.
 *
 * The client keeps connections to a server of this library for later requests. CPython's server
 * accepts one request for each connection.
 *
 * Several threads, and forked children, can use a client at once. The functions take no lock, and a
 * child never uses a connection of its parent.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _ShmClient ShmClient;

typedef struct
{
  GSocketAddress *address;
  GBytes *key;
  gboolean allow_md5;
  gboolean allow_other_users;
  guint64 number; /* from shm_client_generate_number() */
} ShmClientPlan;

/* Returns a client that is not connected yet. It takes references to the members of @plan. */
ShmClient *shm_client_new (const ShmClientPlan *plan);
void shm_client_free (ShmClient *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmClient, shm_client_free)

/* Returns a random number by which a server of this library recognizes the requests of one process.
 * A forked child derives its own number from it. */
guint64 shm_client_generate_number (void);

/* Connects for the first time, and detects whether the server is a server of this library or of
 * CPython. Must be called before the other functions. Fails as shm_connection_open() and
 * shm_connection_call() do. */
gboolean shm_client_connect (ShmClient *self, GCancellable *cancellable, GError **error);

/* Requests. A request waits for at most SHM_CONNECTION_HANDSHAKE_SECONDS for each connection that
 * it opens, and for at most SHM_CONNECTION_REPLY_SECONDS for each reply. On a new connection, the
 * client needs the reply to hello before it sends the request. Requests fail as
 * shm_connection_open() and shm_connection_call() do, with one difference: the error is SERVER_DIED
 * if and only if the server is dead, and FAILED if a live server closed the connection. */

/* Makes the server own the block that has the name at present. Fails with NOT_FOUND if there is no
 * such block, and PERMISSION_DENIED if the server could not remove the block. */
gboolean
shm_client_track (ShmClient *self, const char *name, GCancellable *cancellable, GError **error);

/* Makes the server remove a block. Fails with NOT_FOUND if the server does not own it. */
gboolean
shm_client_remove (ShmClient *self, const char *name, GCancellable *cancellable, GError **error);

/* Returns the names of the blocks that the server owns. (transfer full) */
char **shm_client_list (ShmClient *self, GCancellable *cancellable, GError **error);

/* Makes the server remove all its blocks and end. */
gboolean shm_client_end_server (ShmClient *self, GCancellable *cancellable, GError **error);

G_END_DECLS
