/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry-reader.h"

#include "core/shm-io.h"
#include "core/shm-system-lock.h"
#include "registry/shm-registry-place.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* If another user could write the file, that user could list any block in it. A registry has one of
 * two modes. */
static gboolean
has_safe_permissions (const struct stat *info)
{
  const guint mode = info->st_mode & 0777;

  return S_ISREG (info->st_mode) && (mode == 0600 || mode == 0644) && info->st_nlink <= 1;
}

static gboolean
is_trusted (guint32 uid, gboolean allow_other_users)
{
  return allow_other_users || uid == geteuid () || uid == 0;
}

static gboolean
read_header (int fd, ShmRegistryHeader *header)
{
  return shm_io_read (fd, 0, header, sizeof *header) == sizeof *header
         && memcmp (header->magic, SHM_REGISTRY_MAGIC, sizeof header->magic) == 0;
}

/* The owner of a folder can replace the files in it, so the folder and the registry have the same
 * owner. @folder_uid is G_MAXUINT32 if the registry is not in a folder. */
static gboolean
is_registry (int fd, guint32 folder_uid, gboolean allow_other_users)
{
  struct stat info;
  ShmRegistryHeader header;

  return fstat (fd, &info) == 0 && has_safe_permissions (&info)
         && is_trusted (info.st_uid, allow_other_users)
         && (folder_uid == G_MAXUINT32 || folder_uid == info.st_uid) && read_header (fd, &header);
}

static int
open_registry (const char *name, gboolean read_only, gboolean allow_other_users, ShmFault *fault)
{
  guint32 folder_uid;
  int fd;

  if (!shm_registry_place_check (name, &folder_uid, fault))
    return -1;
  if (folder_uid != G_MAXUINT32 && !is_trusted (folder_uid, allow_other_users))
    {
      shm_fault_set (fault, SHM_STEP_REGISTRY, EPERM);
      return -1;
    }

  fd = shm_system_open (name, read_only, fault);
  if (fd >= 0 && !is_registry (fd, folder_uid, allow_other_users))
    {
      close (fd);
      shm_fault_set (fault, SHM_STEP_REGISTRY, EPERM);
      fd = -1;
    }

  return fd;
}

int
shm_registry_open (const char *name, gboolean allow_other_users, ShmFault *fault)
{
  return open_registry (name, TRUE, allow_other_users, fault);
}

int
shm_registry_open_own (const char *name, ShmFault *fault)
{
  return open_registry (name, FALSE, FALSE, fault);
}

gboolean
shm_registry_is_own (int fd, ShmRegistryKind kind)
{
  struct stat info;
  ShmRegistryHeader header;

  return fstat (fd, &info) == 0 && has_safe_permissions (&info) && info.st_uid == geteuid ()
         && read_header (fd, &header) && header.kind == kind;
}

gboolean
shm_registry_is_removed (int fd)
{
  struct stat info;

  return fstat (fd, &info) == 0 && info.st_nlink == 0;
}

gboolean
shm_registry_is_live (int fd)
{
  return shm_system_is_number_locked (fd, SHM_REGISTRY_LOCK);
}

/* Other users may be able to open the registry of a manager. Such a user can take a shared lock,
 * which must not keep anybody from removing the blocks of a dead server. */
gboolean
shm_registry_is_in_use (int fd)
{
  ShmRegistryHeader header;

  return read_header (fd, &header) && header.kind == SHM_REGISTRY_OF_PROGRAM
             ? shm_system_is_number_in_use (fd, SHM_REGISTRY_LOCK)
             : shm_registry_is_live (fd);
}

gboolean
shm_registry_has_entry (int fd, guint64 entry, const ShmIdentity *identity)
{
  ShmRegistryEntry found;

  return entry < SHM_REGISTRY_ENTRIES_MAX
         && shm_io_read (fd, shm_registry_get_offset (entry), &found, sizeof found) == sizeof found
         && found.state == SHM_REGISTRY_OWNED && found.inode == identity->inode
         && found.device == identity->device;
}

gboolean
shm_registry_read_entry (int fd,
                         guint64 entry,
                         char name[SHM_NAME_MAX + 1],
                         ShmIdentity *identity,
                         gboolean *is_end)
{
  ShmRegistryEntry found;
  ShmFault ignored;

  *is_end
      = entry >= SHM_REGISTRY_ENTRIES_MAX
        || shm_io_read (fd, shm_registry_get_offset (entry), &found, sizeof found) != sizeof found;
  if (*is_end || found.state == SHM_REGISTRY_FREE
      || memchr (found.name, '\0', sizeof found.name) == NULL
      || shm_name_check_existing (found.name, &ignored) != found.name
      || g_str_has_prefix (found.name, SHM_NAME_RESERVED_PREFIX))
    return FALSE;

  memcpy (name, found.name, sizeof found.name);
  *identity = (ShmIdentity){
    .device = found.device,
    .inode = found.inode,
    .uid = found.uid,
    .is_regular = TRUE,
  };

  return TRUE;
}

gboolean
shm_registry_read_socket (int fd, ShmSocketFile *socket)
{
  ShmRegistryHeader header;

  if (shm_io_read (fd, 0, &header, sizeof header) != sizeof header || !header.has_socket)
    return FALSE;

  *socket = header.socket;

  return TRUE;
}
