/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Converts the address of a server between text and GSocketAddress:
 *
 *     /run/user/1000/blocks     Unix socket with this path
 *     @blocks                   Unix socket with this abstract name
 *     127.0.0.1:5000            TCP; also [::1]:5000 and localhost:5000; port 0 stands for any port
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Returns the address that @text stands for; makes a relative path absolute. Returns NULL with
 * INVALID_NAME if the path or the name is empty or too long for a socket, or if the host is neither
 * numeric nor localhost. (transfer full) */
GSocketAddress *shm_address_parse (const char *text, GError **error);

/* Returns the address as text. (transfer full) */
char *shm_address_print (GSocketAddress *address);

/* Returns whether the address is a Unix socket or a loopback address. */
gboolean shm_address_is_local (GSocketAddress *address);

gboolean shm_address_is_unix (GSocketAddress *address);

/* Returns the path of the socket file, or NULL if there is none. The address owns the path. */
const char *shm_address_get_path (GSocketAddress *address);

G_END_DECLS
