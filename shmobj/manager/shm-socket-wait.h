/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for a socket. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Waits until @condition holds for @socket, until @deadline (monotonic time) at the latest. Fails
 * with G_IO_ERROR_TIMED_OUT or G_IO_ERROR_CANCELLED.
 *
 * Call this function instead of passing a GCancellable to a function of GSocket that waits: such a
 * function needs a file descriptor for the GCancellable, and GLib aborts the program if there is
 * none left. */
gboolean shm_socket_wait (GSocket *socket,
                          GIOCondition condition,
                          gint64 deadline,
                          GCancellable *cancellable,
                          GError **error);

G_END_DECLS
