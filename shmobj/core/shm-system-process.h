/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that deal with processes, inherited descriptors and the environment. The library needs
 * them to start the server of a manager. */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Creates a pair of connected stream sockets, which are close-on-exec. Returns 0 or an errno value;
 * the caller owns @ends. */
int shm_system_create_socket_pair (int ends[2]);

/* Opens a descriptor of this process, on Linux a pidfd. The descriptor becomes readable when the
 * process ends, also for another process that inherits the descriptor. The caller owns it. Returns
 * -1 if the system has no such descriptors. */
int shm_system_open_own_process (void);

/* Closes the descriptor @first and all higher descriptors. Only for a process with one thread. */
void shm_system_close_from (int first);

/* Reaps a child that has ended. Never blocks. Returns FALSE if the child still runs. Stores in
 * @has_succeeded whether the child ended with exit status 0. If the program has reaped the child in
 * another way, the status is unknown, and @has_succeeded is FALSE. */
gboolean shm_system_try_reap_child (pid_t pid, gboolean *has_succeeded);

/* Returns a variable of the environment. Returns NULL if it is not set, or if the process has more
 * rights than the user who started it. */
const char *shm_system_get_trusted_env (const char *variable);

G_END_DECLS
