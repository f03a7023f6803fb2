/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the starter of a manager and its helper process say to each other, on a pair of sockets that
 * nobody else has. Messages are serialised GVariants in frames:
 *
 *     starter -> helper   the plan: version, address, key, flags, the starter's process number, and
 *                         the number of its client
 *     helper -> starter   the result: a code of ShmError and a message; or -1, the address and the
 *                         name of the registry
 *     helper -> starter   a report, for every block that another client has had tracked or released
 *
 * When the starter closes the connection, the helper ends; when the helper's end is closed, it is
 * dead. The helper finds the connection as its standard input and, if it is called with the option,
 * a descriptor of the starter's process as descriptor 3. All others it closes.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SHM_CONTROL_VERSION        1
#define SHM_CONTROL_STARTER_FD     3
#define SHM_CONTROL_STARTER_OPTION "starter"
#define SHM_CONTROL_MESSAGE_MAX    (16 * 1024 * 1024)

/* Version, address, key, allow MD5, allow other users, the starter's process number, its client. */
#define SHM_CONTROL_PLAN   "(usaybbit)"
#define SHM_CONTROL_RESULT "(iss)" /* code, message or address, registry */
#define SHM_CONTROL_REPORT "(bs)"  /* whether it is tracked, name */

/* Appends a message; takes a floating @message. */
void shm_control_append (GByteArray *frames, GVariant *message);

/* Takes the first message from @bytes. NULL if it is not there completely; *@is_broken if it will
 * never be. */
GVariant *shm_control_take (GByteArray *bytes, const char *type, gboolean *is_broken);

G_END_DECLS
