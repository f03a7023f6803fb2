/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection of a client to a manager's server, ours or CPython's. Calls wait, but for no longer
 * than is said below; a cancellable ends every wait.
 *
 * A connection is used by one thread at a time, and by the process that opened it.
 */

#pragma once

#include "manager/protocol/shm-reply.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* In seconds. A server that is stopped does not keep us for ever; one with a lot to remove may take
 * a while. */
#define SHM_CONNECTION_HANDSHAKE_SECONDS 10
#define SHM_CONNECTION_REPLY_SECONDS     60

typedef struct _ShmConnection ShmConnection;

/* NULL with NOT_FOUND if nobody listens there, PERMISSION_DENIED if who does is another user,
 * AUTHENTICATION_FAILED, PROTOCOL, TIMED_OUT, SERVER_DIED if the other end hangs up, FAILED, or
 * G_IO_ERROR_CANCELLED. */
ShmConnection *shm_connection_open (GSocketAddress *address,
                                    GBytes *key,
                                    gboolean allow_md5,
                                    gboolean allow_other_users,
                                    GCancellable *cancellable,
                                    GError **error);
void shm_connection_free (ShmConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmConnection, shm_connection_free)

/* Whether this process opened it, and not one that this was forked from. */
gboolean shm_connection_belongs_to_process (ShmConnection *self);

/* Whether somebody listens there: TRUE also if that can't be told. */
gboolean shm_connection_has_listener (GSocketAddress *address);

/* Sends @request, which is a frame, and waits for the reply, into which @reply then points. Fails
 * with SERVER_DIED if the other end hangs up before, PROTOCOL, TIMED_OUT or G_IO_ERROR_CANCELLED;
 * the connection is of no more use then. */
ShmPickle *shm_connection_call (ShmConnection *self,
                                GByteArray *request,
                                ShmReply *reply,
                                GCancellable *cancellable,
                                GError **error);

G_END_DECLS
