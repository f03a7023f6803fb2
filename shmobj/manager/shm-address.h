/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a manager's server listens, as text and as GIO has it:
 *
 *     /run/user/1000/blocks     a Unix socket with that path
 *     @blocks                   one with an abstract name
 *     127.0.0.1:5000            TCP; also [::1]:5000 and localhost:5000; port 0 for any
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A relative path is made absolute. NULL with INVALID_NAME for a path or name that is too long
 * for a socket, and for a host that is not known. */
GSocketAddress *shm_address_parse (const char *text, GError **error);

/* The same address in the one form that it has as text too; a relative path is made absolute. NULL
 * with INVALID_NAME for what text can't say: bytes that are not UTF-8, a NUL within, another family.
 * (transfer full) */
GSocketAddress *shm_address_settle (GSocketAddress *address, GError **error);

/* (transfer full) */
char *shm_address_print (GSocketAddress *address);

gboolean shm_address_is_local (GSocketAddress *address); /* Unix or loopback */
gboolean shm_address_is_unix (GSocketAddress *address);

/* The path of its socket file; NULL if it has none. */
const char *shm_address_get_path (GSocketAddress *address);

G_END_DECLS
