/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Spawns the helper program. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Returns the path of the program, for error messages. */
const char *shm_helper_get_program (void);

/* Spawns the program. Stores the starter's end of the control socket in @control (transfer full)
 * and the process ID in @pid. Fails with NOT_FOUND if there is no such program, PERMISSION_DENIED
 * if it cannot be executed, TOO_MANY_FILES or FAILED. */
gboolean shm_helper_launch (GSocket **control, GPid *pid, GError **error);

G_END_DECLS
