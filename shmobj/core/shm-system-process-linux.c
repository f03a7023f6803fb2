/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int
shm_system_create_socket_pair (int ends[2])
{
  return socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : errno;
}

int
shm_system_open_own_process (void)
{
#ifdef SYS_pidfd_open
  return syscall (SYS_pidfd_open, getpid (), 0);
#else
  return -1;
#endif
}

void
shm_system_close_from (int first)
{
#ifdef SYS_close_range
  if (syscall (SYS_close_range, first, ~0U, 0) == 0)
    return;
#endif
  for (int fd = first; fd < sysconf (_SC_OPEN_MAX); fd++)
    close (fd);
}

ShmChildState
shm_system_try_reap_child (pid_t pid)
{
  int status = 0;
  pid_t reaped;

  do
    reaped = waitpid (pid, &status, WNOHANG);
  while (reaped < 0 && errno == EINTR);

  if (reaped == 0)
    return SHM_CHILD_RUNS;
  if (reaped < 0)
    return SHM_CHILD_UNKNOWN;

  return WIFEXITED (status) && WEXITSTATUS (status) == 0 ? SHM_CHILD_SUCCEEDED : SHM_CHILD_FAILED;
}

const char *
shm_system_get_trusted_env (const char *variable)
{
  return secure_getenv (variable);
}
