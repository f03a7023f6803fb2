/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-draft.h"

#include "core/shm-random.h"
#include "core/shm-system-linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRAFT_TIMEOUT_SECONDS 10

/* Older headers do not have this flag of memfd_create(). */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#ifdef SHM_TEST_HOOKS
ShmPublishMethod shm_test_publish_method = SHM_PUBLISH_AUTO;
#define CONFIGURED_METHOD shm_test_publish_method
#else
#define CONFIGURED_METHOD SHM_PUBLISH
#endif

/* The best method that may work in this process (atomic). SHM_PUBLISH_AUTO uses it. */
static int best_method = SHM_PUBLISH_DESCRIPTOR;

static ShmPublishMethod
get_method (void)
{
  if (CONFIGURED_METHOD != SHM_PUBLISH_AUTO)
    return CONFIGURED_METHOD;

  return g_atomic_int_get (&best_method);
}

/* Returns whether @errnum means that a method does not work on this system. Any other error means
 * that this block cannot be created. */
static gboolean
is_method_unavailable (int errnum)
{
  switch (errnum)
    {
    case ENOENT:     /* link: no privilege for AT_EMPTY_PATH, or no /proc */
    case EISDIR:     /* O_TMPFILE: the kernel or the file system does not support it */
    case EOPNOTSUPP: /* the same as EISDIR */
    case ENOSYS:
    case EINVAL:
    case EPERM:
    case EACCES:
    case EXDEV: /* link: the link in /proc leads to another file system, in some sandboxes */
      return TRUE;
    default:
      return FALSE;
    }
}

/* Returns whether linking to @path failed with ENOENT because the folder of @path does not exist,
 * and not because a method is unavailable. Only the path of a registry can have a folder below the
 * folder of blocks, and another process can remove this folder at any time. */
static gboolean
is_folder_missing (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return !g_str_equal (folder, SHM_BLOCK_FOLDER) && access (folder, F_OK) < 0;
}

/* Drafts without a name */

static gboolean
create_unnamed (ShmDraft *draft, guint32 mode, ShmFault *fault)
{
  draft->fd = open (SHM_BLOCK_FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, (mode_t) mode);
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

/* Tries the methods for a draft without a name, beginning with the best method. Returns 0 or an
 * errno value: EAGAIN if no method works. */
static int
link_unnamed (ShmDraft *draft, const char *path)
{
  ShmPublishMethod method;

  while ((method = get_method ()) < SHM_PUBLISH_HIDDEN)
    {
      const int errnum = method == SHM_PUBLISH_DESCRIPTOR ? link_descriptor (draft->fd, path)
                                                          : link_through_proc (draft->fd, path);

      if (errnum == ENOENT && is_folder_missing (path))
        return EAGAIN;
      if (!is_method_unavailable (errnum) || CONFIGURED_METHOD != SHM_PUBLISH_AUTO)
        return errnum;

      /* Another thread may have changed the best method in the meantime. */
      g_atomic_int_compare_and_exchange (&best_method, (int) method, (int) method + 1);
    }

  return EAGAIN;
}

/* Drafts with a hidden name
 *
 * The creator of such a draft holds a lock on it with flock(). If the creator is killed, the kernel
 * releases the lock. A draft that another process can lock is therefore abandoned. Each process
 * removes the abandoned drafts before it creates a draft with a hidden name.
 *
 * A process can also remove a draft that its creator has not locked yet. The creator then cannot
 * publish this draft, and creates another draft.
 *
 * The children of a creator share its lock. If a creator is killed and a child lives on, the draft
 * stays until the child ends. */

/* Returns whether the draft is abandoned: no other process has locked it. Locks the draft, so that
 * its creator cannot lock it later. Returns FALSE if the draft is no longer at @path, for example
 * because its creator has published it in the meantime. */
static gboolean
is_unlocked (int fd, const char *path)
{
  struct stat opened, named;

  return fstat (fd, &opened) == 0 && flock (fd, LOCK_EX | LOCK_NB) == 0 && lstat (path, &named) == 0
         && opened.st_ino == named.st_ino;
}

/* Returns whether a draft that this process cannot open is abandoned. The creator of such a draft
 * had a strict umask, and has not set the mode yet. If the draft is old, the creator was probably
 * killed; a creator that is only slow creates another draft. */
static gboolean
is_old (const struct stat *info)
{
  return g_get_real_time () / G_USEC_PER_SEC - info->st_ctime > DRAFT_TIMEOUT_SECONDS;
}

static void
remove_abandoned_drafts (void)
{
  g_autoptr (GDir) folder = g_dir_open (SHM_BLOCK_FOLDER, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      ShmBlockPath path;
      struct stat info;
      int fd;

      if (!g_str_has_prefix (name, SHM_NAME_DRAFT_PREFIX))
        continue;

      /* Do not open the files of other users. */
      shm_block_path_set (path, name);
      if (lstat (path, &info) < 0 || info.st_uid != geteuid () || !S_ISREG (info.st_mode))
        continue;

      fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      if (fd >= 0 ? is_unlocked (fd, path) : errno == EACCES && is_old (&info))
        unlink (path);
      if (fd >= 0)
        close (fd);
    }
}

static gboolean
create_hidden (ShmDraft *draft, guint32 mode, ShmFault *fault)
{
  g_autofree char *name = g_strdup_printf (SHM_NAME_DRAFT_PREFIX "%016" G_GINT64_MODIFIER "x",
                                           shm_random_get_uint64 ());
  ShmBlockPath path;

  remove_abandoned_drafts ();

  shm_block_path_set (path, name);
  draft->fd = open (path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, (mode_t) mode);
  if (draft->fd < 0)
    return shm_system_set_folder_fault (fault, SHM_STEP_CREATE, errno);
  draft->hidden = g_steal_pointer (&name);

  /* The lock shows that the draft is not abandoned. If flock() fails, another process is removing
   * the draft, and publishing the draft will fail. */
  flock (draft->fd, LOCK_EX | LOCK_NB);

  return TRUE;
}

static int
rename_hidden (ShmDraft *draft, const char *path)
{
  ShmBlockPath hidden;
  int errnum;

  shm_block_path_set (hidden, draft->hidden);

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

  /* ENOENT: another process removed the draft before its creator locked it. */
  return errnum == ENOENT ? EAGAIN : errnum;
}

/* All drafts */

gboolean
shm_system_draft_create (ShmDraft *draft, guint32 mode, ShmFault *fault)
{
  shm_at (CREATE);

  if (get_method () != SHM_PUBLISH_HIDDEN)
    {
      if (create_unnamed (draft, mode, fault))
        return TRUE;
      if (!is_method_unavailable (fault->errnum) || CONFIGURED_METHOD != SHM_PUBLISH_AUTO)
        return FALSE;
    }

  return create_hidden (draft, mode, fault);
}

gboolean
shm_system_draft_publish (ShmDraft *draft, const char *name, ShmFault *fault)
{
  ShmBlockPath path;
  int errnum;

  shm_at (PUBLISH);

  shm_block_path_set (path, name);
  errnum = draft->hidden != NULL ? rename_hidden (draft, path) : link_unnamed (draft, path);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_PUBLISH, errnum);
}

void
shm_system_draft_discard (ShmDraft *draft)
{
  if (draft->hidden != NULL)
    {
      ShmBlockPath hidden;

      shm_block_path_set (hidden, draft->hidden);
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
  const guint flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd;

  shm_at (CREATE);

  /* A system can be configured to refuse memory that could become a program (vm.memfd_noexec). With
   * the flag, the memory never becomes a program. Before Linux 6.3 the flag does not exist. */
  fd = memfd_create ("shmobj", flags | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create ("shmobj", flags);
  if (fd < 0)
    shm_fault_set (fault, SHM_STEP_CREATE, errno);

  return fd;
}
