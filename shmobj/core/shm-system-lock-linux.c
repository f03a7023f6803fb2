/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-lock.h"

#include "core/shm-system-linux.h"

#include <errno.h>
#include <fcntl.h>

/* Each number is a byte at an offset that no block reaches. */
#define FIRST_OFFSET SHM_SYSTEM_LOCK_BYTES_MAX

static struct flock
get_lock (short type, guint64 start, guint64 length)
{
  return (struct flock){
    .l_type = type,
    .l_whence = SEEK_SET,
    .l_start = (off_t) start,
    .l_len = (off_t) length,
  };
}

/* Returns 0 or an errno value. */
static int
set_lock (int fd, int command, short type, guint64 start, guint64 length)
{
  struct flock lock = get_lock (type, start, length);
  int result;

  do
    result = fcntl (fd, command, &lock);
  while (result < 0 && errno == EINTR);
  if (result == 0)
    return 0;

  return errno == EACCES ? EAGAIN : errno;
}

static gboolean
lock (int fd, int command, short type, guint64 start, guint64 length, ShmFault *fault)
{
  const int errnum = set_lock (fd, command, type, start, length);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_LOCK, errnum);
}

gboolean
shm_system_lock_number (int fd, guint64 number, ShmFault *fault)
{
  return lock (fd, F_OFD_SETLK, F_WRLCK, FIRST_OFFSET + number, 1, fault);
}

gboolean
shm_system_share_number (int fd, guint64 number, ShmFault *fault)
{
  return lock (fd, F_OFD_SETLK, F_RDLCK, FIRST_OFFSET + number, 1, fault);
}

gboolean
shm_system_lock_numbers (int fd, guint64 first, guint64 n, ShmFault *fault)
{
  return lock (fd, F_OFD_SETLK, F_WRLCK, FIRST_OFFSET + first, n, fault);
}

void
shm_system_unlock_numbers (int fd, guint64 first, guint64 n)
{
  set_lock (fd, F_OFD_SETLK, F_UNLCK, FIRST_OFFSET + first, n);
}

gboolean
shm_system_await_number (int fd, guint64 number, ShmFault *fault)
{
  return lock (fd, F_OFD_SETLKW, F_WRLCK, FIRST_OFFSET + number, 1, fault);
}

gboolean
shm_system_lock_bytes (int fd,
                       gboolean is_shared,
                       guint64 offset,
                       guint64 length,
                       gboolean wait,
                       ShmFault *fault)
{
  return lock (fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, is_shared ? F_RDLCK : F_WRLCK, offset, length,
               fault);
}

gboolean
shm_system_unlock_bytes (int fd, guint64 offset, guint64 length, ShmFault *fault)
{
  const int errnum = set_lock (fd, F_OFD_SETLK, F_UNLCK, offset, length);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_UNLOCK, errnum);
}

/* Returns whether a lock of @type would conflict with the lock of another open file description. */
static gboolean
has_conflict (int fd, short type, guint64 number)
{
  struct flock wanted = get_lock (type, FIRST_OFFSET + number, 1);

  return fcntl (fd, F_OFD_GETLK, &wanted) < 0 || wanted.l_type != F_UNLCK;
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

/* A line about a lock ends with the first and the last byte:
 * "lock:  1: OFDLCK  ADVISORY  READ -1 00:1a:5 4611686018427387905 4611686018427387905" */
gboolean
shm_system_shows_shared_number (const char *fdinfo, guint64 number)
{
  const guint64 byte = FIRST_OFFSET + number;
  g_auto (GStrv) lines = g_strsplit (fdinfo, "\n", -1);
  g_autofree char *range
      = g_strdup_printf (" %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, byte, byte);

  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, "lock:") && strstr (*line, " READ ") != NULL
        && g_str_has_suffix (*line, range))
      return TRUE;

  return FALSE;
}
