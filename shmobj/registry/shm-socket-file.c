/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-socket-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_STATIC_ASSERT (sizeof (ShmSocketFile) == 136);
G_STATIC_ASSERT (_Alignof(ShmSocketFile) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmSocketFile, inode) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmSocketFile, has_own_folder) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmSocketFile, path) == 20);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmSocketFile, reserved) == 132);

void
shm_socket_file_init (ShmSocketFile *self, const char *path, gboolean has_own_folder)
{
  memset (self, 0, sizeof *self);
  g_strlcpy (self->path, path, sizeof self->path);
  self->has_own_folder = has_own_folder;
}

gboolean
shm_socket_file_identify (ShmSocketFile *self, ShmFault *fault)
{
  struct stat info;

  if (lstat (self->path, &info) < 0)
    return shm_fault_set (fault, SHM_STEP_REGISTRY, errno);

  self->device = info.st_dev;
  self->inode = info.st_ino;

  return TRUE;
}

static gboolean
is_ours (const ShmSocketFile *self, const struct stat *info)
{
  if (!S_ISSOCK (info->st_mode))
    return FALSE;
  if (self->inode == 0)
    return self->has_own_folder && info->st_uid == geteuid ();

  return info->st_ino == self->inode && info->st_dev == self->device;
}

void
shm_socket_file_remove (const ShmSocketFile *self)
{
  g_autofree char *folder = NULL;
  struct stat info;

  if (self->path[0] != '/' || memchr (self->path, '\0', sizeof self->path) == NULL)
    return;

  if (lstat (self->path, &info) == 0 && is_ours (self, &info))
    unlink (self->path);

  folder = g_path_get_dirname (self->path);
  if (self->has_own_folder)
    rmdir (folder);
}
