/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linux: blocks are files in /dev/shm, where glibc's shm_open() puts them too. */

#include "config.h"

#include "core/shm-system.h"

#include "core/shm-name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BLOCK_FOLDER "/dev/shm"

/* Reserving is cut into pieces: each ends soon enough that a cancelled call feels prompt, and
 * a program with a fast interval timer still gets on, because an interrupted piece of
 * fallocate() is undone and starts again. */
#define RESERVE_PIECE (G_GUINT64_CONSTANT (16) << 20)

#define DRAFT_PATIENCE_SECONDS 10

/* Where in a file the numbers are locked that shm_system_claim() claims. */
#define CLAIMS_AT (G_GUINT64_CONSTANT (1) << 62)

#define MODE_BITS (S_IRWXU | S_IRWXG | S_IRWXO)

/* Ways to give a complete file its name, the best first. The build defines SHM_PUBLISH as one of
 * these. */
enum
{
  SHM_PUBLISH_AUTO,
  SHM_PUBLISH_DESCRIPTOR, /* link the descriptor itself: Linux 6.10, or CAP_DAC_READ_SEARCH */
  SHM_PUBLISH_PROC,       /* link what /proc/self/fd shows: where /proc is mounted */
  SHM_PUBLISH_HIDDEN,     /* rename a file that had a hidden name: everywhere else */
};

/* The way that works in this process, found by trying (atomic). */
static int publish_way = SHM_PUBLISH == SHM_PUBLISH_AUTO ? SHM_PUBLISH_DESCRIPTOR : SHM_PUBLISH;

/* /dev/shm/, a name and a NUL. Longer names were refused before. */
typedef char BlockPath[sizeof BLOCK_FOLDER + 1 + SHM_NAME_MAX];

static void
block_path (BlockPath path, const char *name)
{
  const gsize length = strlen (name);

  g_assert (length <= SHM_NAME_MAX);
  memcpy (path, BLOCK_FOLDER "/", sizeof BLOCK_FOLDER);
  memcpy (path + sizeof BLOCK_FOLDER, name, length + 1);
}

char *
shm_system_get_path (const char *name)
{
  return g_build_filename (BLOCK_FOLDER, name, NULL);
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
shm_system_identify_name (const char *name, ShmIdentity *identity, ShmFault *fault)
{
  BlockPath path;
  struct stat info;

  block_path (path, name);
  if (lstat (path, &info) < 0)
    return shm_fault_set (fault, SHM_STEP_IDENTIFY, errno);

  identify (&info, identity);

  return TRUE;
}

/* Drafts without a name */

static gboolean
draft_create_unnamed (ShmDraft *draft, guint32 mode, ShmFault *fault)
{
  draft->fd = open (BLOCK_FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, (mode_t) mode);
  if (draft->fd < 0)
    return shm_fault_set (fault, SHM_STEP_CREATE, errno);

  return TRUE;
}

static int
link_descriptor (int fd, const char *path)
{
  return linkat (fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

static int
link_through_proc (int fd, const char *path)
{
  char source[sizeof "/proc/self/fd/" + 11];

  g_snprintf (source, sizeof source, "/proc/self/fd/%d", fd);

  return linkat (AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* Drafts with a hidden name
 *
 * A creator that is killed leaves its draft behind. It held a lock on it, which went with it,
 * so the next creator on this way can tell: what it can lock itself is nobody's. A creator
 * that was between making its draft and locking it finds it gone, and makes another.
 *
 * Children that it forked meanwhile hold the lock too: while one of them lives the draft stays. */

static gboolean
is_abandoned (int fd, const char *path)
{
  struct stat opened, named;

  return fstat (fd, &opened) == 0 && opened.st_uid == geteuid ()
         && flock (fd, LOCK_EX | LOCK_NB) == 0 && lstat (path, &named) == 0
         && opened.st_ino == named.st_ino;
}

/* A draft that its own user can't open was left before it had its mode, under a strict umask.
 * Nobody is so slow, and who is makes another draft. */
static gboolean
is_old_and_ours (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0 && info.st_uid == geteuid ()
         && g_get_real_time () / G_USEC_PER_SEC - info.st_ctime > DRAFT_PATIENCE_SECONDS;
}

static void
sweep_abandoned_drafts (void)
{
  g_autoptr (GDir) folder = g_dir_open (BLOCK_FOLDER, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      BlockPath path;
      int fd;

      if (!g_str_has_prefix (name, SHM_NAME_DRAFT_PREFIX))
        continue;

      block_path (path, name);
      fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      if (fd >= 0 ? is_abandoned (fd, path) : errno == EACCES && is_old_and_ours (path))
        unlink (path);
      if (fd >= 0)
        close (fd);
    }
}

static gboolean
draft_create_hidden (ShmDraft *draft, guint32 mode, ShmFault *fault)
{
  g_autofree char *name = g_strdup_printf (SHM_NAME_DRAFT_PREFIX "%08x%08x", shm_name_get_random (),
                                           shm_name_get_random ());
  BlockPath path;

  sweep_abandoned_drafts ();

  block_path (path, name);
  draft->fd = open (path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, (mode_t) mode);
  if (draft->fd < 0)
    return shm_fault_set (fault, SHM_STEP_CREATE, errno);
  draft->hidden = g_steal_pointer (&name);

  /* Refused when a sweeper holds it: it goes away then, and publishing says so. */
  flock (draft->fd, LOCK_EX | LOCK_NB);

  return TRUE;
}

static int
rename_hidden (ShmDraft *draft, const char *path)
{
  BlockPath hidden;
  int errnum;

  block_path (hidden, draft->hidden);

  errnum = renameat2 (AT_FDCWD, hidden, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (errnum == EINVAL || errnum == ENOSYS)
    {
      errnum = link (hidden, path) == 0 ? 0 : errno;
      if (errnum == 0)
        unlink (hidden);
    }

  if (errnum == 0)
    {
      g_clear_pointer (&draft->hidden, g_free);
      flock (draft->fd, LOCK_UN);
    }

  /* Swept away before it was locked. */
  return errnum == ENOENT ? EAGAIN : errnum;
}

/* Drafts */

/* Whether a failure says that this way is not to be had here, rather than that this block
 * can't be made. */
static gboolean
is_way_closed (int errnum)
{
  switch (errnum)
    {
    case ENOENT:     /* link: no privilege for AT_EMPTY_PATH, or no /proc */
    case EISDIR:     /* O_TMPFILE: a kernel or file system that does not know it */
    case EOPNOTSUPP: /* likewise */
    case ENOSYS:
    case EINVAL:
    case EPERM:
    case EACCES:
    case EXDEV: /* link: what /proc shows is of another file system, as in some sandboxes */
      return TRUE;
    default:
      return FALSE;
    }
}

static void
leave_way (int way)
{
  if (SHM_PUBLISH == SHM_PUBLISH_AUTO)
    g_atomic_int_compare_and_exchange (&publish_way, way, way + 1);
}

static int
link_unnamed (ShmDraft *draft, const char *path)
{
  int errnum;

  switch (g_atomic_int_get (&publish_way))
    {
    case SHM_PUBLISH_DESCRIPTOR:
      errnum = link_descriptor (draft->fd, path);
      if (!is_way_closed (errnum) || SHM_PUBLISH == SHM_PUBLISH_DESCRIPTOR)
        return errnum;
      leave_way (SHM_PUBLISH_DESCRIPTOR);
      G_GNUC_FALLTHROUGH;

    case SHM_PUBLISH_PROC:
      errnum = link_through_proc (draft->fd, path);
      if (!is_way_closed (errnum) || SHM_PUBLISH == SHM_PUBLISH_PROC)
        return errnum;
      leave_way (SHM_PUBLISH_PROC);
      G_GNUC_FALLTHROUGH;

    default:
      return EAGAIN;
    }
}

gboolean
shm_system_draft_create (ShmDraft *draft, guint32 mode, ShmFault *fault)
{
  shm_at (CREATE);

  if (g_atomic_int_get (&publish_way) != SHM_PUBLISH_HIDDEN)
    {
      if (draft_create_unnamed (draft, mode, fault))
        return TRUE;
      if (!is_way_closed (fault->errnum) || SHM_PUBLISH != SHM_PUBLISH_AUTO)
        return FALSE;
    }

  return draft_create_hidden (draft, mode, fault);
}

gboolean
shm_system_draft_publish (ShmDraft *draft, const char *name, ShmFault *fault)
{
  BlockPath path;
  int errnum;

  shm_at (PUBLISH);

  block_path (path, name);
  errnum = draft->hidden != NULL ? rename_hidden (draft, path) : link_unnamed (draft, path);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_PUBLISH, errnum);
}

void
shm_system_draft_discard (ShmDraft *draft)
{
  if (draft->hidden != NULL)
    {
      BlockPath hidden;

      block_path (hidden, draft->hidden);
      unlink (hidden);
      g_clear_pointer (&draft->hidden, g_free);
    }

  if (draft->fd >= 0)
    close (draft->fd);
  draft->fd = -1;
}

int
shm_system_create_anonymous (ShmFault *fault)
{
  int fd;

  shm_at (CREATE);

  fd = memfd_create ("shmobj", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    shm_fault_set (fault, SHM_STEP_CREATE, errno);

  return fd;
}

/* Size and pages */

gboolean
shm_system_check_limit (guint64 end, ShmFault *fault)
{
  struct rlimit limit;

  shm_at (CHECK_LIMIT);

  if (getrlimit (RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY
      && end > limit.rlim_cur)
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_LIMIT, EFBIG, limit.rlim_cur);

  return TRUE;
}

gboolean
shm_system_set_size (int fd, guint64 size, ShmFault *fault)
{
  shm_at (RESERVE);

  if (ftruncate (fd, size) < 0)
    return shm_fault_set (fault, SHM_STEP_RESERVE, errno);

  return TRUE;
}

/* For file systems without fallocate(): a page is there once it has been written. */
static int
reserve_by_writing (int fd, guint64 offset, guint64 length)
{
  static const char zeros[16384];

  while (length > 0)
    {
      const gssize n = pwrite (fd, zeros, MIN (length, sizeof zeros), offset);

      if (n < 0 && errno != EINTR)
        return errno;
      if (n > 0)
        {
          offset += n;
          length -= n;
        }
    }

  return 0;
}

static int
reserve_piece (int fd, guint64 offset, guint64 length)
{
  int errnum;

  do
    errnum = fallocate (fd, 0, offset, length) == 0 ? 0 : errno;
  while (errnum == EINTR);

  if (errnum == EOPNOTSUPP || errnum == ENOSYS)
    errnum = reserve_by_writing (fd, offset, length);

  return errnum;
}

/* What /proc/meminfo says could be had, swap included; G_MAXUINT64 where it says nothing. */
static guint64
get_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *available, *swap;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return G_MAXUINT64;

  available = strstr (text, "\nMemAvailable:");
  swap = strstr (text, "\nSwapFree:");
  if (available == NULL || swap == NULL)
    return G_MAXUINT64;

  return (g_ascii_strtoull (available + strlen ("\nMemAvailable:"), NULL, 10)
          + g_ascii_strtoull (swap + strlen ("\nSwapFree:"), NULL, 10))
         * 1024;
}

/* Reserved piece by piece, a block that is far too large would fill the system's memory before
 * it fails, and where /dev/shm may grow to more than there is, and for files without a folder,
 * which may always, the kernel would kill processes instead of failing. */
static int
check_space (int fd, guint64 size)
{
  struct statfs space;

  if (fstatfs (fd, &space) == 0 && space.f_blocks != 0 && size / space.f_bsize > space.f_bavail)
    return ENOSPC;

  return size > get_available_memory () ? ENOMEM : 0;
}

gboolean
shm_system_reserve (int fd, guint64 size, ShmProceed proceed, gpointer user_data, ShmFault *fault)
{
  int errnum = size > RESERVE_PIECE ? check_space (fd, size) : 0;

  if (errnum != 0)
    return shm_fault_set (fault, SHM_STEP_RESERVE, errnum);

  for (guint64 done = 0; done < size;)
    {
      const guint64 piece = MIN (size - done, RESERVE_PIECE);

      shm_at (RESERVE);

      if (proceed != NULL && !proceed (user_data))
        return shm_fault_set (fault, SHM_STEP_RESERVE, ECANCELED);

      errnum = reserve_piece (fd, done, piece);
      if (errnum != 0)
        return shm_fault_set (fault, SHM_STEP_RESERVE, errnum);

      done += piece;
    }

  return TRUE;
}

/* Opening */

int
shm_system_open (const char *name, gboolean read_only, ShmFault *fault)
{
  const int access = read_only ? O_RDONLY : O_RDWR;
  BlockPath path;
  int fd;

  shm_at (OPEN);

  /* O_NONBLOCK: a FIFO under the name must not make us wait for its other end. */
  block_path (path, name);
  fd = open (path, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0)
    return fd;

  /* What links, sockets, devices without a driver and folders say to open(). */
  if (errno == ELOOP || errno == ENXIO || errno == ENODEV || errno == EISDIR)
    shm_fault_set (fault, SHM_STEP_CHECK_TYPE, EMEDIUMTYPE);
  else
    shm_fault_set (fault, SHM_STEP_OPEN, errno);

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

int
shm_system_reopen (int fd, ShmFault *fault)
{
  char path[32];
  int opened;

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  opened = open (path, O_RDWR | O_CLOEXEC);
  if (opened < 0)
    shm_fault_set (fault, SHM_STEP_REOPEN, errno);

  return opened;
}

/* A lock of one byte, far beyond what any block has. It belongs to the open file description: not
 * to the process, whose locks would go when it closed any other descriptor of the file. */
static struct flock
claim_of (guint64 number)
{
  return (struct flock){
    .l_type = F_WRLCK,
    .l_whence = SEEK_SET,
    .l_start = (off_t) (CLAIMS_AT + number),
    .l_len = 1,
  };
}

gboolean
shm_system_claim (int fd, guint64 number, ShmFault *fault)
{
  struct flock lock = claim_of (number);

  if (fcntl (fd, F_OFD_SETLK, &lock) < 0)
    return shm_fault_set (fault, SHM_STEP_LOCK, errno == EACCES ? EAGAIN : errno);

  return TRUE;
}

gboolean
shm_system_is_claimed (int fd, guint64 number)
{
  struct flock lock = claim_of (number);

  return fcntl (fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

gboolean
shm_system_inspect_fd (int fd, gboolean *read_only, ShmFault *fault)
{
  const int flags = fcntl (fd, F_GETFL);
  struct statfs file_system;

  shm_at (CHECK_TYPE);

  if (flags < 0 || (flags & O_PATH) != 0)
    return shm_fault_set (fault, SHM_STEP_OPEN, EBADF);
  if ((flags & O_ACCMODE) == O_WRONLY)
    return shm_fault_set (fault, SHM_STEP_OPEN, EACCES);
  if ((flags & O_APPEND) != 0)
    return shm_fault_set (fault, SHM_STEP_OPEN, EINVAL);

  /* A file on a disk or a network could make every access wait, or fail, at its sender's
   * will. */
  if (fstatfs (fd, &file_system) < 0)
    return shm_fault_set (fault, SHM_STEP_CHECK_TYPE, errno);
  if (file_system.f_type != TMPFS_MAGIC && file_system.f_type != HUGETLBFS_MAGIC
      && file_system.f_type != RAMFS_MAGIC)
    return shm_fault_set (fault, SHM_STEP_CHECK_TYPE, EMEDIUMTYPE);

  *read_only = (flags & O_ACCMODE) == O_RDONLY || !shm_system_is_writable (fd);

  return TRUE;
}

/* Removing */

gboolean
shm_system_remove (const char *name, const ShmIdentity *expected, ShmFault *fault)
{
  BlockPath path;
  ShmIdentity found;

  shm_at (REMOVE);

  if (!shm_system_identify_name (name, &found, fault))
    return shm_fault_set (fault, SHM_STEP_REMOVE, fault->errnum);
  if (expected != NULL && !shm_identity_equal (expected, &found))
    return shm_fault_set (fault, SHM_STEP_REMOVE, ESTALE);
  if (expected != NULL && expected->uid != found.uid)
    return shm_fault_set_detail (fault, SHM_STEP_REMOVE, EPERM, found.uid);
  if (!found.is_regular)
    return shm_fault_set (fault, SHM_STEP_REMOVE, EMEDIUMTYPE);

  block_path (path, name);
  if (unlink (path) < 0)
    return shm_fault_set (fault, SHM_STEP_REMOVE, errno);

  return TRUE;
}

/* Seals */

ShmSealFlags
shm_system_get_seals (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);
  ShmSealFlags found = SHM_SEAL_NONE;

  if (seals < 0)
    return SHM_SEAL_NONE;
  if ((seals & F_SEAL_SHRINK) != 0 && (seals & F_SEAL_GROW) != 0)
    found |= SHM_SEAL_RESIZE;
  if ((seals & F_SEAL_WRITE) != 0)
    found |= SHM_SEAL_WRITE;

  return found;
}

gboolean
shm_system_can_seal (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);

  return seals >= 0 && (seals & F_SEAL_SEAL) == 0;
}

gboolean
shm_system_is_writable (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);

  return seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0;
}

gboolean
shm_system_is_appending (int fd)
{
  const int flags = fcntl (fd, F_GETFL);

  return flags >= 0 && (flags & O_APPEND) != 0;
}

gboolean
shm_system_add_seals (int fd, ShmSealFlags seals, ShmFault *fault)
{
  int wanted = F_SEAL_SHRINK | F_SEAL_GROW;

  /* Memory that may not be written but may be cut off would be of no use. */
  if ((seals & SHM_SEAL_WRITE) != 0)
    wanted |= F_SEAL_WRITE;

  if (fcntl (fd, F_ADD_SEALS, wanted) < 0)
    return shm_fault_set (fault, SHM_STEP_SEAL, errno);

  return TRUE;
}

/* Listing */

static gboolean
is_listed (const char *name, const char *reserved)
{
  if (reserved != NULL)
    return g_str_has_prefix (name, reserved);

  return !g_str_has_prefix (name, SHM_NAME_RESERVED_PREFIX) && !g_str_has_prefix (name, "sem.");
}

static gboolean
list (const char *reserved, ShmListFunc func, gpointer user_data, ShmFault *fault)
{
  DIR *folder;
  struct dirent *entry;
  int errnum;

  shm_at (LIST);

  folder = opendir (BLOCK_FOLDER);
  if (folder == NULL)
    return shm_fault_set (fault, SHM_STEP_LIST, errno);

  while (errno = 0, (entry = readdir (folder)) != NULL)
    {
      ShmIdentity identity;

      /* Gone since it was read is no failure. */
      if (is_listed (entry->d_name, reserved) && g_utf8_validate (entry->d_name, -1, NULL)
          && shm_system_identify_name (entry->d_name, &identity, fault) && identity.is_regular)
        func (entry->d_name, &identity, user_data);
    }

  errnum = errno;
  closedir (folder);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_LIST, errnum);
}

gboolean
shm_system_list (ShmListFunc func, gpointer user_data, ShmFault *fault)
{
  return list (NULL, func, user_data, fault);
}

gboolean
shm_system_list_reserved (const char *prefix, ShmListFunc func, gpointer user_data, ShmFault *fault)
{
  return list (prefix, func, user_data, fault);
}
