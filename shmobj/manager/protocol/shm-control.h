/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages on the control socket, which connects a server with its starter. The two ends are a
 * socket pair, so no other process can connect. Messages are serialised GVariants in frames:
 *
 *     starter -> server   one configuration: version, address, key, flags, process ID of the
 *                         starter, and the number that identifies the starter's client
 *     server -> starter   one result: an error code of ShmError and a message; or -1, the address,
 *                         and the name of the registry
 *     server -> starter   a report for each block that the server owns, or no longer owns,
 *                         because of a request of another client
 *
 * When the starter closes its end, the server ends. When the server's end is closed, the server is
 * dead, or is about to exit.
 *
 * The server finds the control socket as its standard input. If the server is started with the
 * option SHM_CONTROL_STARTER_OPTION, its standard output is a pidfd of the starter, which the
 * server moves to descriptor SHM_CONTROL_STARTER_FD. Otherwise its standard output is the control
 * socket too. The server closes all other descriptors, except for its standard error.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SHM_CONTROL_VERSION        2
#define SHM_CONTROL_STARTER_FD     3
#define SHM_CONTROL_STARTER_OPTION "starter"
#define SHM_CONTROL_MESSAGE_MAX    (16 * 1024 * 1024) /* bytes */

/* Version, address, key, allow MD5, allow other users, process ID of the starter, number of its
 * client. */
#define SHM_CONTROL_CONFIG "(usaybbit)"
#define SHM_CONTROL_RESULT "(iss)" /* code, message or address, registry */
#define SHM_CONTROL_REPORT "(bs)"  /* whether the server owns the block now, name */

/* Appends @message in a frame. Consumes @message if it is floating. */
void shm_control_append (GByteArray *frames, GVariant *message);

/* Takes the first message out of @bytes. Returns NULL if the message is incomplete or invalid. Sets
 * *@is_broken to whether it is invalid. (transfer full) */
GVariant *shm_control_take (GByteArray *bytes, const char *type, gboolean *is_broken);

G_END_DECLS
