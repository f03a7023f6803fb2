/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system.h"

#include "core/shm-system-linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MODE_BITS (S_IRWXU | S_IRWXG | S_IRWXO)

gboolean
shm_system_set_folder_fault (ShmFault *fault, ShmStep step, int errnum)
{
  struct stat info;

  if (errnum == ENOENT && stat (SHM_BLOCK_FOLDER, &info) < 0 && errno == ENOENT)
    errnum = ENOTDIR;

  return shm_fault_set (fault, step, errnum);
}

/* Identity */

static void
identify (const struct stat *info, ShmIdentity *identity)
{
  identity->device = info->st_dev;
  identity->inode = info->st_ino;
  identity->uid = info->st_uid;
  identity->mode = info->st_mode & MODE_BITS;
  identity->size = info->st_size;
  identity->is_regular = S_ISREG (info->st_mode);
  identity->is_named = info->st_nlink > 0;
}

gboolean
shm_identity_equal (const ShmIdentity *a, const ShmIdentity *b)
{
  return a->inode == b->inode && a->device == b->device;
}

gboolean
shm_system_identify_fd (int fd, ShmIdentity *identity, ShmFault *fault)
{
  struct stat info;

  shm_at (IDENTIFY);

  if (fstat (fd, &info) < 0)
    return shm_fault_set (fault, SHM_STEP_IDENTIFY, errno);

  identify (&info, identity);

  return TRUE;
}

gboolean
shm_system_has_size (int fd, guint64 size)
{
  int left; /* the size minus the position of the descriptor, cut to 32 bits */

  return size <= G_MAXINT && ioctl (fd, FIONREAD, &left) == 0 && left >= (int) size;
}

gboolean
shm_system_identify_name (const char *name, ShmIdentity *identity, ShmFault *fault)
{
  ShmBlockPath path;
  struct stat info;

  shm_block_path_set (path, name);
  if (lstat (path, &info) < 0)
    return shm_fault_set (fault, SHM_STEP_IDENTIFY, errno);

  identify (&info, identity);

  return TRUE;
}

gboolean
shm_system_identify_at (int folder, const char *name, ShmIdentity *identity)
{
  struct stat info;

  if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
    return FALSE;

  identify (&info, identity);

  return TRUE;
}

/* Opening */

gboolean
shm_system_reuses_inodes (int fd)
{
  struct statfs file_system;

  return fstatfs (fd, &file_system) < 0 || shm_system_get_type (&file_system) != TMPFS_MAGIC;
}

int
shm_system_open (const char *name, gboolean read_only, ShmFault *fault)
{
  const int access = read_only ? O_RDONLY : O_RDWR;
  ShmBlockPath path;
  int fd;

  shm_at (OPEN);

  /* Without O_NONBLOCK, opening a FIFO would block until another process opens its other end. */
  shm_block_path_set (path, name);
  fd = open (path, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0)
    return fd;

  /* The errors of open() for links, sockets, devices without a driver, and folders. */
  if (errno == ELOOP || errno == ENXIO || errno == ENODEV || errno == EISDIR)
    shm_fault_set (fault, SHM_STEP_CHECK_TYPE, ENODEV);
  else
    shm_system_set_folder_fault (fault, SHM_STEP_OPEN, errno);

  return -1;
}

int
shm_system_duplicate (int fd, ShmFault *fault)
{
  int duplicate;

  shm_at (DUPLICATE);

  duplicate = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (duplicate < 0)
    shm_fault_set (fault, SHM_STEP_DUPLICATE, errno);

  return duplicate;
}

/* Returns whether two descriptors refer to the same file. */
static gboolean
is_same_file (int a, int b)
{
  struct stat first, second;

  return fstat (a, &first) == 0 && fstat (b, &second) == 0 && first.st_dev == second.st_dev
         && first.st_ino == second.st_ino;
}

int
shm_system_open_again (int fd, gboolean read_only, ShmFault *fault)
{
  const int access = read_only ? O_RDONLY : O_RDWR;
  char path[32];
  int opened;

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  opened = open (path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (opened < 0)
    shm_fault_set (fault, SHM_STEP_REOPEN, errno);

  return opened;
}

int
shm_system_reopen (int fd, gboolean read_only, ShmFault *fault)
{
  const int opened = shm_system_open_again (fd, read_only, fault);

  if (opened < 0 || is_same_file (fd, opened))
    return opened;

  close (opened);
  shm_fault_set (fault, SHM_STEP_REOPEN, ENOENT);

  return -1;
}

static gboolean
is_memory (const struct statfs *file_system)
{
  const guint32 type = shm_system_get_type (file_system);

  return type == TMPFS_MAGIC || type == HUGETLBFS_MAGIC || type == RAMFS_MAGIC;
}

/* Returns whether a file is on the file system of the folder for blocks, which can be on a disk: in
 * some containers and build environments, nothing is mounted there. */
static gboolean
is_where_blocks_are (int fd, const struct statfs *file_system)
{
  struct stat file, folder;
  struct statfs file_system_of_folder;

  if (fstat (fd, &file) == 0 && stat (SHM_BLOCK_FOLDER, &folder) == 0
      && file.st_dev == folder.st_dev)
    return TRUE;

  /* On overlayfs, files and folders can have different device numbers. */
  return statfs (SHM_BLOCK_FOLDER, &file_system_of_folder) == 0
         && shm_system_get_type (file_system) == OVERLAYFS_SUPER_MAGIC
         && shm_system_get_type (&file_system_of_folder) == OVERLAYFS_SUPER_MAGIC
         && memcmp (&file_system->f_fsid, &file_system_of_folder.f_fsid, sizeof file_system->f_fsid)
                == 0;
}

gboolean
shm_system_inspect_fd (int fd, gboolean *read_only, ShmFault *fault)
{
  const int flags = fcntl (fd, F_GETFL);
  struct statfs file_system;

  shm_at (CHECK_FD);

  if (flags < 0 || (flags & O_PATH) != 0)
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_FD, EBADF, fd);
  if ((flags & O_ACCMODE) == O_WRONLY)
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_FD, EACCES, fd);
  if ((flags & O_APPEND) != 0)
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_FD, EINVAL, fd);

  /* If the file were on another disk or on a network, the sender of the descriptor could make every
   * access block or fail. */
  if (fstatfs (fd, &file_system) < 0)
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_FD, errno, fd);
  if (!is_memory (&file_system) && !is_where_blocks_are (fd, &file_system))
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_FD, ENODEV, fd);

  *read_only = (flags & O_ACCMODE) == O_RDONLY;

  return TRUE;
}

gboolean
shm_system_is_appending (int fd)
{
  const int flags = fcntl (fd, F_GETFL);

  return flags >= 0 && (flags & O_APPEND) != 0;
}

/* Removing */

gboolean
shm_system_remove (const char *name, const ShmIdentity *expected, ShmFault *fault)
{
  ShmBlockPath path;
  ShmIdentity found;

  shm_at (REMOVE);

  if (!shm_system_identify_name (name, &found, fault))
    {
      shm_system_set_folder_fault (fault, SHM_STEP_REMOVE, fault->errnum);
      return FALSE;
    }
  if (expected != NULL && !shm_identity_equal (expected, &found))
    return shm_fault_set (fault, SHM_STEP_REMOVE, ESTALE);
  if (expected != NULL && expected->uid != found.uid)
    return shm_fault_set_detail (fault, SHM_STEP_REMOVE, EPERM, found.uid);
  if (!found.is_regular)
    return shm_fault_set (fault, SHM_STEP_REMOVE, ENODEV);

  shm_block_path_set (path, name);
  if (unlink (path) < 0)
    return shm_fault_set (fault, SHM_STEP_REMOVE, errno);

  return TRUE;
}
