/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool-lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
is_block (const ToolBlock *block, const struct stat *info)
{
  return S_ISREG (info->st_mode) && info->st_dev == block->device && info->st_ino == block->inode
         && info->st_uid == block->uid;
}

int
tool_lease_take (const ToolBlock *block, ToolUse *use)
{
  g_autofree char *path = g_strconcat ("/dev/shm/", block->name, NULL);
  struct stat info;
  int fd;

  *use = TOOL_USE_UNKNOWN;
  if (!block->is_found || block->uid != geteuid ())
    return -1;

  /* A process that wants to open the block sends this signal, which would end this process. */
  signal (SIGIO, SIG_IGN);
  fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    {
      if (errno == EWOULDBLOCK)
        *use = TOOL_USE_SOME; /* another process holds a lease */
      return -1;
    }

  if (fstat (fd, &info) == 0 && is_block (block, &info))
    {
      if (fcntl (fd, F_SETLEASE, F_WRLCK) == 0)
        *use = TOOL_USE_NONE;
      else if (errno == EAGAIN)
        *use = TOOL_USE_SOME;
    }
  if (*use == TOOL_USE_NONE)
    return fd;

  close (fd);

  return -1;
}

ToolUse
tool_lease_test (const ToolBlock *block)
{
  ToolUse use;
  const int fd = tool_lease_take (block, &use);

  if (fd >= 0)
    close (fd);

  return use;
}

gboolean
tool_lease_remove (const ToolBlock *block, int lease, GError **error)
{
  g_autofree char *path = g_strconcat ("/dev/shm/", block->name, NULL);
  struct stat info;

  /* If a process has tried to open the block since then, the kernel is taking the lease back. */
  return fcntl (lease, F_GETLEASE) == F_WRLCK && lstat (path, &info) == 0 && is_block (block, &info)
         && shm_remove_block (block->name, error);
}
