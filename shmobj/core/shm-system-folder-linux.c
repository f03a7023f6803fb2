/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-folder.h"

#include "core/shm-system-linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE (S_IRWXU | S_IXGRP | S_IXOTH)
#define SEARCH_BITS (S_IXGRP | S_IXOTH)

static gboolean
is_closed_to_others (const struct stat *info)
{
  return S_ISDIR (info->st_mode) && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static gboolean
is_own (const struct stat *info)
{
  return info->st_uid == geteuid () && is_closed_to_others (info)
         && (info->st_mode & S_IRWXU) == S_IRWXU;
}

static gboolean
inspect (const char *name, struct stat *info)
{
  ShmBlockPath path;

  shm_block_path_set (path, name);

  return lstat (path, info) == 0;
}

ShmFolderState
shm_system_folder_inspect (const char *name)
{
  struct stat info;

  if (inspect (name, &info))
    return is_own (&info) ? SHM_FOLDER_OWN : SHM_FOLDER_FOREIGN;

  return errno == ENOENT ? SHM_FOLDER_MISSING : SHM_FOLDER_FOREIGN;
}

/* A chmod() of another user's file fails. If another user could replace the folder between lstat()
 * and chmod(), chmod() could follow a link; the sticky bit of /dev/shm prevents this. */
static void
set_mode (const char *name, const struct stat *info)
{
  ShmBlockPath path;

  shm_block_path_set (path, name);
  if (S_ISDIR (info->st_mode) && info->st_uid == geteuid () && chmod (path, FOLDER_MODE) < 0)
    g_debug ("can't change the mode of %s", path);
}

gboolean
shm_system_folder_ensure (const char *name, gboolean is_public)
{
  ShmBlockPath path;
  struct stat info;
  gboolean is_new;

  shm_block_path_set (path, name);
  is_new = mkdir (path, FOLDER_MODE) == 0;
  if (!inspect (name, &info))
    return FALSE;

  /* The umask may have removed permissions from a new folder. */
  if ((is_new && (info.st_mode & FOLDER_MODE) != FOLDER_MODE)
      || (is_public && is_own (&info) && (info.st_mode & SEARCH_BITS) != SEARCH_BITS))
    {
      set_mode (name, &info);
      if (!inspect (name, &info))
        return FALSE;
    }

  /* In a user namespace, the files of different users can have the same owner. */
  return is_own (&info) && faccessat (AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}

void
shm_system_folder_remove (const char *name)
{
  ShmBlockPath path;
  struct stat info;

  shm_block_path_set (path, name);
  if (inspect (name, &info) && is_own (&info))
    rmdir (path);
}

gboolean
shm_system_folder_get_owner (const char *name, guint32 *uid)
{
  struct stat info;

  if (!inspect (name, &info) || !is_closed_to_others (&info))
    return FALSE;

  *uid = info.st_uid;

  return TRUE;
}

/* Listing */

static DIR *
open_own (const char *name, ShmFault *fault)
{
  ShmBlockPath path;
  struct stat info;
  DIR *folder = NULL;
  int fd;

  if (!inspect (name, &info) || !is_own (&info))
    {
      shm_fault_set (fault, SHM_STEP_LIST,
                     shm_system_folder_inspect (name) == SHM_FOLDER_MISSING ? ENOENT : EPERM);
      return NULL;
    }

  shm_block_path_set (path, name);
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    {
      shm_fault_set (fault, SHM_STEP_LIST, errno);
      return NULL;
    }

  if (fstat (fd, &info) < 0 || !is_own (&info))
    errno = EPERM;
  else
    folder = fdopendir (fd);
  if (folder == NULL)
    {
      shm_fault_set (fault, SHM_STEP_LIST, errno);
      close (fd);
    }

  return folder;
}

static DIR *
open_blocks (ShmFault *fault)
{
  DIR *folder = opendir (SHM_BLOCK_FOLDER);

  if (folder == NULL)
    shm_fault_set (fault, SHM_STEP_LIST, errno);

  return folder;
}

gboolean
shm_system_folder_list (const char *name,
                        const char *prefix,
                        ShmListFunc func,
                        gpointer user_data,
                        ShmFault *fault)
{
  const guint32 own_uid = geteuid ();
  DIR *folder;
  struct dirent *entry;
  int errnum;

  shm_at (LIST);

  folder = name != NULL ? open_own (name, fault) : open_blocks (fault);
  if (folder == NULL)
    return FALSE;

  while (errno = 0, (entry = readdir (folder)) != NULL)
    {
      ShmIdentity identity;

      /* If a file was removed after readdir(), skip it without an error. */
      if (g_str_has_prefix (entry->d_name, prefix)
          && shm_system_identify_at (dirfd (folder), entry->d_name, &identity)
          && identity.uid == own_uid && identity.is_regular
          && g_utf8_validate (entry->d_name, -1, NULL))
        func (entry->d_name, &identity, user_data);
    }

  errnum = errno;
  closedir (folder);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_LIST, errnum);
}
