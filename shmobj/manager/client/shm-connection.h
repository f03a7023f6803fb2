/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection of a client to the server of a manager, of this library or of CPython. Each call
 * blocks for a limited time, and can be cancelled.
 *
 * A connection is used by one thread at a time, and only by the process that opened it.
 */

#pragma once

#include "manager/protocol/shm-reply.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Timeouts. A stopped server must not block a client for ever, but a server that removes many
 * blocks needs some time. */
#define SHM_CONNECTION_HANDSHAKE_SECONDS 10
#define SHM_CONNECTION_REPLY_SECONDS     60

typedef struct _ShmConnection ShmConnection;

/* Connects to @address and authenticates. Fails with NOT_FOUND if nothing listens there,
 * PERMISSION_DENIED if the server belongs to another user, AUTHENTICATION_FAILED, PROTOCOL,
 * TIMED_OUT, SERVER_DIED if the peer closes the connection, FAILED, or G_IO_ERROR_CANCELLED. */
ShmConnection *shm_connection_open (GSocketAddress *address,
                                    GBytes *key,
                                    gboolean allow_md5,
                                    gboolean allow_other_users,
                                    GCancellable *cancellable,
                                    GError **error);
void shm_connection_free (ShmConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmConnection, shm_connection_free)

/* Returns whether this process opened the connection. Returns FALSE in a forked child of that
 * process. */
gboolean shm_connection_belongs_to_process (ShmConnection *self);

/* Returns whether a process listens at @address. Returns TRUE too if the answer is unknown. Blocks
 * for one second at most. */
gboolean shm_connection_has_listener (GSocketAddress *address);

/* Sends @request, which is a frame, and waits for the reply. @reply points into the returned
 * pickle. Fails with SERVER_DIED if the peer closes the connection before it has replied, PROTOCOL,
 * TIMED_OUT or G_IO_ERROR_CANCELLED. The connection cannot be used after a failure. */
ShmPickle *shm_connection_call (ShmConnection *self,
                                GByteArray *request,
                                ShmReply *reply,
                                GCancellable *cancellable,
                                GError **error);

G_END_DECLS
