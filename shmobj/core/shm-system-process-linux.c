/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 32

/* If the program has closed a standard stream, a new descriptor has the number of this stream.
 * Moves such a descriptor to a higher number. Takes ownership of @fd. Returns -1 with errno. */
static int
move_above_standard_streams (int fd)
{
  int moved, errnum;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;

  moved = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  errnum = errno;
  close (fd);
  errno = errnum;

  return moved;
}

int
shm_system_create_socket_pair (int ends[2])
{
  int errnum = 0;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return errno;

  for (int i = 0; i < 2; i++)
    {
      ends[i] = move_above_standard_streams (ends[i]);
      if (ends[i] < 0)
        errnum = errno;
    }

  for (int i = 0; i < 2 && errnum != 0; i++)
    if (ends[i] >= 0)
      close (ends[i]);

  return errnum;
}

gboolean
shm_system_has_descriptors (guint n)
{
  int fds[DESCRIPTORS_MAX];
  guint n_opened = 0;
  gboolean has_all;

  g_assert (n <= DESCRIPTORS_MAX);

  /* A descriptor with O_PATH needs no permission, also in a sandbox. */
  while (n_opened < n && (fds[n_opened] = open ("/", O_PATH | O_CLOEXEC)) >= 0)
    n_opened++;

  has_all = n_opened == n;
  while (n_opened > 0)
    close (fds[--n_opened]);

  return has_all;
}

int
shm_system_open_own_process (void)
{
#ifdef SYS_pidfd_open
  return move_above_standard_streams (syscall (SYS_pidfd_open, getpid (), 0));
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
