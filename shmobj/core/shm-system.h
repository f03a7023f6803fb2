/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The interface between the library and the operating system: files that hold blocks.
 *
 * Each header shm-system*.h has one source file for each operating system, shm-system*-linux.c for
 * example; the build chooses among them. The rest of the library uses POSIX functions only.
 *
 * Functions that can fail return FALSE or -1 and fill @fault. All descriptors are close-on-exec.
 * All functions can be called from any thread.
 */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* Distinguishes a block from another block that may later have the same name. Device and inode are
 * sufficient while the block is open in some process. After that the file system may reuse the
 * inode, so compare the owner too before removing a block. */
typedef struct
{
  guint64 device;
  guint64 inode;
  guint32 uid;
  guint32 mode; /* permission bits */
  guint64 size; /* bytes, at the time of the call */
  gboolean is_regular;
  gboolean is_named; /* whether the file has a name, at the time of the call */
} ShmIdentity;

/* Compares device and inode. */
gboolean shm_identity_equal (const ShmIdentity *a, const ShmIdentity *b);

/* These two functions read the identity of a file. They fail at SHM_STEP_IDENTIFY. If a name stands
 * for a symbolic link, the link is not followed. */
gboolean shm_system_identify_fd (int fd, ShmIdentity *identity, ShmFault *fault);
gboolean shm_system_identify_name (const char *name, ShmIdentity *identity, ShmFault *fault);

/* Returns TRUE if the file has at least @size bytes, and the system can tell this in half the time
 * of shm_system_identify_fd(). Otherwise returns FALSE, for example for a large file.
 *
 * The system tells the number of bytes after the position of the descriptor, cut to 32 bits. So the
 * result is also TRUE for a smaller file if the position is more than 2 GiB after the end of the
 * file. Use the function only where this does no harm. */
gboolean shm_system_has_size (int fd, guint64 size);

/* Returns whether a new file can soon get the inode number of a removed file. tmpfs does not use an
 * inode number again before it has used 2^32 others. */
gboolean shm_system_reuses_inodes (int fd);

/* Opens the block @name. Fails at SHM_STEP_OPEN: ENOENT if the name does not exist, ENOTDIR if the
 * folder of blocks does not exist, EAGAIN if another process has a lease on the file, which the
 * system now takes back. Follows no symbolic link and does not block, whatever the name stands for;
 * fails at SHM_STEP_CHECK_TYPE if the file cannot be a block. The caller checks the type of the
 * opened file, and owns the descriptor. */
int shm_system_open (const char *name, gboolean read_only, ShmFault *fault);

/* Duplicates a descriptor. The caller owns the result, which is not 0, 1 or 2. */
int shm_system_duplicate (int fd, ShmFault *fault);

/* Opens the file of @fd once more. The result is a new open file description, which has its own
 * locks and its own access mode. Fails at SHM_STEP_REOPEN: ENOENT if the system cannot find the
 * file, because /proc is missing for example. The caller owns the descriptor. */
int shm_system_reopen (int fd, gboolean read_only, ShmFault *fault);

/* Does the same, but does not check that both descriptors are of the same file. The caller has to
 * check it, because in a sandbox other files can be in the place of /proc. Fails with ENOENT if @fd
 * is not open. */
int shm_system_open_again (int fd, gboolean read_only, ShmFault *fault);

/* Checks a descriptor that the library did not open: that the descriptor is readable, that writes
 * do not append, and that the file is in memory or on the file system that holds named blocks. Sets
 * @read_only to whether @fd is open for reading only. Fails at SHM_STEP_CHECK_FD: EBADF if @fd is
 * not open or was opened with O_PATH, EACCES if it is not readable, EINVAL if writes append, ENODEV
 * if the file cannot be a block. */
gboolean shm_system_inspect_fd (int fd, gboolean *read_only, ShmFault *fault);

/* Returns whether writes to @fd ignore their offset (O_APPEND). Every process that shares the open
 * file description can switch this on. */
gboolean shm_system_is_appending (int fd);

/* Removes @name if it still stands for @expected, or, if @expected is NULL, for any regular file.
 * Fails at SHM_STEP_REMOVE: ENOENT if the name does not exist, ENOTDIR if the folder of blocks does
 * not exist, ESTALE if the name stands for another file, EPERM if the file belongs to another user
 * than @expected, ENODEV if it is not a regular file. Another process can replace the file between
 * the check and the removal: no system has a function that atomically compares the identity and
 * removes the name. */
gboolean shm_system_remove (const char *name, const ShmIdentity *expected, ShmFault *fault);
G_END_DECLS
