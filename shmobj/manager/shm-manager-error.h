/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors of failed system calls on sockets, processes and files that are not blocks. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* These two functions set @error to the code for the cause, and to a message that consists of the
 * failed operation, which @format and its arguments describe, the cause and a remedy.
 *
 * If @cause is an error of GIO that has no code of its own, the code is FAILED. */
void shm_manager_set_errno (GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void shm_manager_set_io_error (GError **error, const GError *cause, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
