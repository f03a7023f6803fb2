/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-socket-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_STATIC_ASSERT (sizeof (ShmSocketFile) == 136);

gboolean
shm_socket_file_init (ShmSocketFile *self,
                      const char *path,
                      gboolean has_own_folder,
                      ShmFault *fault)
{
  struct stat info;

  memset (self, 0, sizeof *self);
  if (g_strlcpy (self->path, path, sizeof self->path) >= sizeof self->path)
    return shm_fault_set (fault, SHM_STEP_JOURNAL, ENAMETOOLONG);
  if (lstat (path, &info) < 0)
    return shm_fault_set (fault, SHM_STEP_JOURNAL, errno);

  self->device = info.st_dev;
  self->inode = info.st_ino;
  self->has_own_folder = has_own_folder;

  return TRUE;
}

void
shm_socket_file_remove (const ShmSocketFile *self)
{
  g_autofree char *folder = NULL;
  struct stat info;

  if (self->path[0] != '/' || memchr (self->path, '\0', sizeof self->path) == NULL)
    return;

  if (lstat (self->path, &info) == 0 && S_ISSOCK (info.st_mode) && info.st_dev == self->device
      && info.st_ino == self->inode)
    unlink (self->path);

  /* Which goes only if it is empty. */
  folder = g_path_get_dirname (self->path);
  if (self->has_own_folder)
    rmdir (folder);
}
