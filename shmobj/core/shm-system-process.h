/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that deal with processes, inherited descriptors and the environment. The library needs
 * them to start the server of a manager and the tracker of a program, and to join a program. */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Creates a pair of connected stream sockets, which are close-on-exec and not 0, 1 or 2. Returns 0
 * or an errno value; the caller owns @ends. */
int shm_system_create_socket_pair (int ends[2]);

/* Opens a descriptor of this process, on Linux a pidfd. The descriptor becomes readable when the
 * process ends, also for another process that inherits the descriptor. The caller owns it. It is
 * not 0, 1 or 2. Returns -1 if the system has no such descriptors, or no descriptor is left. */
int shm_system_open_own_process (void);

/* Returns whether this process can open @n more descriptors at this moment. GLib aborts the program
 * if it cannot open the descriptors of a main context, so call this function first. */
gboolean shm_system_has_descriptors (guint n);

/* Closes the descriptor @first and all higher descriptors. Only for a process with one thread. */
void shm_system_close_from (int first);

typedef enum
{
  SHM_CHILD_RUNS,
  SHM_CHILD_SUCCEEDED, /* ended with exit status 0 */
  SHM_CHILD_FAILED,    /* ended with another exit status, or was killed */
  SHM_CHILD_UNKNOWN,   /* ended, and the program has reaped the child in another way */
} ShmChildState;

/* Reaps a child if it has ended. Never blocks. */
ShmChildState shm_system_try_reap_child (pid_t pid);

/* Starts a program that is not a child of this process: wait() and SIGCHLD never report it. The
 * program has a session of its own when this function returns, so that a signal for the process
 * group of this process does not reach it. Its standard input is @standard_input; it also inherits
 * all descriptors that are not close-on-exec. All signals are blocked in it. Returns 0 or an errno
 * value. The caller prevents fork() in other threads, with shm_fork_block(), if children must not
 * inherit @standard_input. */
int shm_system_spawn_detached (const char *path, const char *const argv[], int standard_input);

/* Called with a descriptor that was opened for reading. The function owns the descriptor. Returns
 * whether this is the file that the caller looks for. */
typedef gboolean (*ShmFileFunc) (int fd, gpointer user_data);

/* Calls @func for the files in the folder of blocks that the process @pid has open, until @func
 * returns TRUE. Only looks at files that have no name, or whose name begins with
 * SHM_NAME_RESERVED_PREFIX, and only if the open file description of the process holds a shared
 * lock on @number: see shm_system_share_number(). Returns 0 if @func returned TRUE for a file that
 * the process still has open after that, and otherwise an errno value: ESRCH if there is no such
 * process, EACCES if this process may not look at it, EMFILE, ENFILE or ENOMEM if it could not look
 * at all files, ENOENT if there is no such file. */
int
shm_system_find_file_of_process (pid_t pid, guint64 number, ShmFileFunc func, gpointer user_data);

/* Returns the path of a helper program: the value of a variable of the environment. Returns
 * @default_path if the variable is not set or empty, or if the process has more rights than the
 * user who started it. */
const char *shm_system_get_program (const char *variable, const char *default_path);

G_END_DECLS
