/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes and what they inherit, for starting the server of a manager. */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Creates a pair of connected stream sockets, which are close-on-exec. Returns 0 or an errno value;
 * the caller owns @ends. */
int shm_system_create_socket_pair (int ends[2]);

/* Returns a descriptor of this process. It becomes readable when the process ends, also in another
 * process that inherits it. Returns -1 if the system has no such descriptors; the caller owns it. */
int shm_system_open_own_process (void);

/* Closes the descriptor @first and all higher descriptors. Only for a process with one thread. */
void shm_system_close_from (int first);

/* Waits for the end of a child and lets the system forget it. Returns at once if the program has
 * already done so in another way. */
void shm_system_reap_child (pid_t pid);

/* Returns a variable of the environment. Returns NULL if it is not set, and in a process that has
 * more rights than the user who started it. */
const char *shm_system_get_trusted_env (const char *variable);

G_END_DECLS
