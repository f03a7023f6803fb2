/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions for the requests of a client: connections, calls, and the server's registry. */

#pragma once

#include "manager/client/shm-client.h"
#include "manager/client/shm-connection.h"
#include "manager/protocol/shm-request.h"

G_BEGIN_DECLS

/* Returns the address of the server, for error messages. */
const char *shm_client_get_address_text (ShmClient *self);

/* Returns whether the server is a server of this library. */
gboolean shm_client_has_native_server (ShmClient *self);

/* Returns a descriptor of the server's registry, or -1 if this process cannot read the registry. */
int shm_client_get_registry (ShmClient *self);

/* Returns the errno value with which the registry could not be opened. */
int shm_client_get_registry_errnum (ShmClient *self);

/* Returns a connection that was kept after an earlier request, or NULL. The caller owns the
 * connection, and returns it with shm_client_keep_connection(). */
ShmConnection *shm_client_take_connection (ShmClient *self);

/* Keeps @connection for later requests, or closes it. Takes ownership; @connection may be NULL. */
void shm_client_keep_connection (ShmClient *self, ShmConnection *connection);

/* Opens a new connection. Returns NULL with an error. */
ShmConnection *
shm_client_open_connection (ShmClient *self, GCancellable *cancellable, GError **error);

/* Sends @request on *@connection, and waits for the reply. @reply points into the returned pickle.
 * Opens a new connection if *@connection is NULL, or if the server has closed it since its last
 * use. On failure *@connection is NULL. */
ShmPickle *shm_client_call (ShmClient *self,
                            ShmConnection **connection,
                            GByteArray *request,
                            ShmReply *reply,
                            GCancellable *cancellable,
                            GError **error);

/* Returns FALSE and sets @error if the reply reports an exception. @action describes the request,
 * for example "list its blocks". */
gboolean
shm_client_check_reply (ShmClient *self, const ShmReply *reply, const char *action, GError **error);

/* Sends a request whose only argument is the name of a block. @action is a verb that describes the
 * request, for example "remove". */
gboolean shm_client_call_with_name (ShmClient *self,
                                    ShmConnection **connection,
                                    const char *method,
                                    const char *action,
                                    const char *name,
                                    GCancellable *cancellable,
                                    GError **error);

G_END_DECLS
