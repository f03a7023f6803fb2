/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages on the control socket, which connects a server with its starter. It is one of a
 * socket pair, so no other process has it. Messages are serialised GVariants in frames:
 *
 *     starter -> server   one configuration: version, address, key, flags, process ID of the
 *                         starter, and the number that identifies the starter's client
 *     server -> starter   one result: an error code of ShmError and a message; or -1, the address,
 *                         and the name of the registry
 *     server -> starter   a report for each block that another client had the server track or
 *                         remove
 *
 * When the starter closes its end, the server ends. When the server's end is closed, the server is
 * dead.
 *
 * The server finds the control socket as its standard input. If the server is started with the
 * option SHM_CONTROL_STARTER_OPTION, descriptor 3 is a pidfd of the starter. The server closes all
 * other descriptors.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SHM_CONTROL_VERSION        1
#define SHM_CONTROL_STARTER_FD     3
#define SHM_CONTROL_STARTER_OPTION "starter"
#define SHM_CONTROL_MESSAGE_MAX    (16 * 1024 * 1024) /* bytes */

/* Version, address, key, allow MD5, allow other users, process ID, client. */
#define SHM_CONTROL_CONFIG "(usaybbit)"
#define SHM_CONTROL_RESULT "(iss)" /* code, message or address, registry */
#define SHM_CONTROL_REPORT "(bs)"  /* whether it was tracked (or else removed), name */

/* Appends @message; consumes it if it is floating. */
void shm_control_append (GByteArray *frames, GVariant *message);

/* Takes the first message out of @bytes. Returns NULL if it is incomplete, and also if it is
 * invalid, in which case *@is_broken is set to TRUE. (transfer full) */
GVariant *shm_control_take (GByteArray *bytes, const char *type, gboolean *is_broken);

G_END_DECLS
