/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-lock.h"

#include <errno.h>
#include <fcntl.h>

/* Each number is a byte at an offset that no block reaches. */
#define FIRST_OFFSET (G_GUINT64_CONSTANT (1) << 62)

static struct flock
get_lock (short type, guint64 first, guint64 n)
{
  return (struct flock){
    .l_type = type,
    .l_whence = SEEK_SET,
    .l_start = (off_t) (FIRST_OFFSET + first),
    .l_len = (off_t) n,
  };
}

static gboolean
set_lock (int fd, int command, short type, guint64 first, guint64 n, ShmFault *fault)
{
  struct flock lock = get_lock (type, first, n);
  int result;

  do
    result = fcntl (fd, command, &lock);
  while (result < 0 && errno == EINTR);

  return result == 0 || shm_fault_set (fault, SHM_STEP_LOCK, errno == EACCES ? EAGAIN : errno);
}

gboolean
shm_system_lock_number (int fd, guint64 number, ShmFault *fault)
{
  return set_lock (fd, F_OFD_SETLK, F_WRLCK, number, 1, fault);
}

gboolean
shm_system_share_number (int fd, guint64 number, ShmFault *fault)
{
  return set_lock (fd, F_OFD_SETLK, F_RDLCK, number, 1, fault);
}

gboolean
shm_system_lock_numbers (int fd, guint64 first, guint64 n, ShmFault *fault)
{
  return set_lock (fd, F_OFD_SETLK, F_WRLCK, first, n, fault);
}

void
shm_system_unlock_numbers (int fd, guint64 first, guint64 n)
{
  ShmFault ignored;

  set_lock (fd, F_OFD_SETLK, F_UNLCK, first, n, &ignored);
}

gboolean
shm_system_await_number (int fd, guint64 number, ShmFault *fault)
{
  return set_lock (fd, F_OFD_SETLKW, F_WRLCK, number, 1, fault);
}

/* Returns whether a lock of @type would conflict with the lock of another open file description. */
static gboolean
has_conflict (int fd, short type, guint64 number)
{
  struct flock lock = get_lock (type, number, 1);

  return fcntl (fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

gboolean
shm_system_is_number_locked (int fd, guint64 number)
{
  /* A shared lock conflicts with exclusive locks only. Shared locks of other processes must have no
   * effect here, because a process that may only read the file can take them. */
  return has_conflict (fd, F_RDLCK, number);
}

gboolean
shm_system_is_number_in_use (int fd, guint64 number)
{
  return has_conflict (fd, F_WRLCK, number);
}
