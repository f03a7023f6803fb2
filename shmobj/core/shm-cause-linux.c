/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-cause.h"

#include <errno.h>

typedef struct
{
  int errnum;
  ShmError code;
  const char *words;
} Entry;

#define NO_FOLDER "/dev/shm is missing or is not a folder: mount a tmpfs there"
#define READ_ONLY "/dev/shm is mounted read-only: mount it writable"
#define NO_DESCRIPTOR                                                                              \
  "this process has no file descriptor left: close other files, or raise "                         \
  "RLIMIT_NOFILE (ulimit -n)"
#define NO_FILE                                                                                    \
  "the system has no file descriptor left: close files of other programs, or "                     \
  "raise fs.file-max"
#define REFUSED                                                                                    \
  "the system refuses the call to this process: a seccomp filter or another "                      \
  "sandbox does not allow it"
#define NOT_PROVIDED                                                                               \
  "the kernel or the file system does not provide the call, or a seccomp "                         \
  "filter hides it"
#define NO_MEMORY "this process gets no more memory: free memory, or raise RLIMIT_AS (ulimit -v)"

/* The causes for any call. */
static const Entry general[] = {
  { EMFILE, SHM_ERROR_TOO_MANY_FILES, NO_DESCRIPTOR },
  { ENFILE, SHM_ERROR_TOO_MANY_FILES, NO_FILE },
  { EPERM, SHM_ERROR_REFUSED, REFUSED },
  { ENOSYS, SHM_ERROR_NOT_SUPPORTED, NOT_PROVIDED },
  { EOPNOTSUPP, SHM_ERROR_NOT_SUPPORTED, NOT_PROVIDED },
  { ENOMEM, SHM_ERROR_NO_SPACE, NO_MEMORY },
  { EACCES, SHM_ERROR_PERMISSION_DENIED, "this process has no permission" },
};

/* The causes for a call on a block, or on the folder of blocks. */
static const Entry files[] = {
  { ENOTDIR, SHM_ERROR_FOLDER_MISSING, NO_FOLDER },
  { EROFS, SHM_ERROR_FOLDER_READ_ONLY, READ_ONLY },
  { EACCES, SHM_ERROR_PERMISSION_DENIED,
    "this process has no permission: check the owner and the mode of the block and the mode of "
    "/dev/shm, and whether a sandbox (Landlock, SELinux, AppArmor) hides /dev/shm" },
  { ENOSPC, SHM_ERROR_NO_SPACE,
    "there is no space left: remove blocks from /dev/shm, or ask the administrator for a larger "
    "/dev/shm" },
  { EDQUOT, SHM_ERROR_NO_SPACE,
    "the quota of this user for /dev/shm is used up: remove blocks from /dev/shm" },
  { EFBIG, SHM_ERROR_TOO_LARGE,
    "the file would be larger than RLIMIT_FSIZE (ulimit -f), or than any file of this system" },
};

static const Entry creating[] = {
  { ENOENT, SHM_ERROR_FOLDER_MISSING, NO_FOLDER },
  { ENOSPC, SHM_ERROR_NO_SPACE,
    "/dev/shm has no inode left: remove files from /dev/shm, or mount it with a larger nr_inodes" },
};

static const Entry mapping[] = {
  { ENOMEM, SHM_ERROR_NO_SPACE,
    "it does not fit into the address space of this process: unmap other memory, or raise "
    "RLIMIT_AS (ulimit -v)" },
  { EOVERFLOW, SHM_ERROR_TOO_LARGE, "it is larger than the address space of this process" },
};

static const Entry listing[] = {
  { ENOENT, SHM_ERROR_FOLDER_MISSING, NO_FOLDER },
  { EACCES, SHM_ERROR_PERMISSION_DENIED,
    "this process has no permission to read the folder /dev/shm: check its mode, and whether a "
    "sandbox (Landlock, SELinux, AppArmor) hides it" },
};

static const Entry removing[] = {
  { EACCES, SHM_ERROR_PERMISSION_DENIED,
    "this process has no permission to remove files from /dev/shm: check its mode, and whether a "
    "sandbox (Landlock, SELinux, AppArmor) forbids it" },
  { EPERM, SHM_ERROR_PERMISSION_DENIED,
    "only its owner, the owner of /dev/shm and root may remove it, or a sandbox forbids it" },
};

static const Entry reopening[] = {
  { ENOENT, SHM_ERROR_NOT_SUPPORTED, "its name was removed and /proc is missing: mount /proc" },
  { ESTALE, SHM_ERROR_NOT_SUPPORTED, "its name was removed and /proc is missing: mount /proc" },
};

static const Entry locking[] = {
  { EINVAL, SHM_ERROR_NOT_SUPPORTED,
    "this system has no open file description locks, which need Linux 3.15" },
  { ENOLCK, SHM_ERROR_NO_SPACE, "the system has no memory left for locks" },
};

static const Entry watching[] = {
  { EMFILE, SHM_ERROR_TOO_MANY_FILES,
    "this process has no file descriptor left, or this user has no inotify instance left: raise "
    "RLIMIT_NOFILE (ulimit -n) or fs.inotify.max_user_instances" },
  { ENOSPC, SHM_ERROR_NO_SPACE,
    "this user has no inotify watch left: raise fs.inotify.max_user_watches" },
};

static const Entry *
find (const Entry *entries, gsize n_entries, int errnum)
{
  for (gsize i = 0; i < n_entries; i++)
    if (entries[i].errnum == errnum)
      return &entries[i];

  return NULL;
}

static const Entry *
find_for_step (ShmStep step, int errnum)
{
  switch (step)
    {
    case SHM_STEP_CREATE:
    case SHM_STEP_PUBLISH:
      return find (creating, G_N_ELEMENTS (creating), errnum);
    case SHM_STEP_MAP:
      return find (mapping, G_N_ELEMENTS (mapping), errnum);
    case SHM_STEP_LIST:
      return find (listing, G_N_ELEMENTS (listing), errnum);
    case SHM_STEP_REOPEN:
      return find (reopening, G_N_ELEMENTS (reopening), errnum);
    case SHM_STEP_LOCK:
    case SHM_STEP_UNLOCK:
      return find (locking, G_N_ELEMENTS (locking), errnum);
    case SHM_STEP_REMOVE:
      return find (removing, G_N_ELEMENTS (removing), errnum);
    case SHM_STEP_WATCH:
      return find (watching, G_N_ELEMENTS (watching), errnum);
    default:
      return NULL;
    }
}

static ShmCause
to_cause (const Entry *entry)
{
  return entry != NULL ? (ShmCause){ entry->code, entry->words }
                       : (ShmCause){ SHM_ERROR_FAILED, NULL };
}

ShmCause
shm_cause_find (ShmStep step, int errnum)
{
  const Entry *entry = find_for_step (step, errnum);

  if (entry == NULL)
    entry = find (files, G_N_ELEMENTS (files), errnum);
  if (entry == NULL)
    entry = find (general, G_N_ELEMENTS (general), errnum);

  return to_cause (entry);
}

ShmCause
shm_cause_find_other (int errnum)
{
  return to_cause (find (general, G_N_ELEMENTS (general), errnum));
}
