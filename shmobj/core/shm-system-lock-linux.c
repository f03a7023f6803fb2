/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-lock.h"

#include <errno.h>
#include <fcntl.h>

/* A number is locked as one byte, at an offset that no block reaches. */
#define FIRST_OFFSET (G_GUINT64_CONSTANT (1) << 62)

static struct flock
get_lock (guint64 number)
{
  return (struct flock){
    .l_type = F_WRLCK,
    .l_whence = SEEK_SET,
    .l_start = (off_t) (FIRST_OFFSET + number),
    .l_len = 1,
  };
}

gboolean
shm_system_lock_number (int fd, guint64 number, ShmFault *fault)
{
  struct flock lock = get_lock (number);

  if (fcntl (fd, F_OFD_SETLK, &lock) < 0)
    return shm_fault_set (fault, SHM_STEP_LOCK, errno == EACCES ? EAGAIN : errno);

  return TRUE;
}

gboolean
shm_system_is_number_locked (int fd, guint64 number)
{
  struct flock lock = get_lock (number);

  /* Ask for a read lock, because only write locks conflict with it. A process that may only read
   * the file can take read locks, but such a process is not the owner of a number. */
  lock.l_type = F_RDLCK;

  return fcntl (fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}
