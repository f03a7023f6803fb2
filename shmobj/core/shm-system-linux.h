/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The place of blocks on Linux: files in /dev/shm, as with shm_open() of the C library. And what
 * only the files for Linux need from each other. */

#pragma once

#include "core/shm-name.h"
#include "core/shm-system.h"

#include <string.h>
#include <sys/vfs.h>

G_BEGIN_DECLS

#define SHM_BLOCK_FOLDER "/dev/shm"

/* Sets @fault and returns FALSE. Replaces ENOENT by ENOTDIR if the folder itself does not exist: a
 * missing folder and a missing block have different remedies. */
gboolean shm_system_set_folder_fault (ShmFault *fault, ShmStep step, int errnum);

/* The folder, a slash, a name and a NUL. The caller has refused longer names. */
typedef char ShmBlockPath[sizeof SHM_BLOCK_FOLDER + 1 + SHM_NAME_MAX];

static inline void
shm_block_path_set (ShmBlockPath path, const char *name)
{
  const gsize length = strlen (name);

  g_assert (length <= SHM_NAME_MAX);
  memcpy (path, SHM_BLOCK_FOLDER "/", sizeof SHM_BLOCK_FOLDER);
  memcpy (path + sizeof SHM_BLOCK_FOLDER, name, length + 1);
}

/* Reads the identity of a file in a folder, without following a link. Returns FALSE if that
 * fails. */
gboolean shm_system_identify_at (int folder, const char *name, ShmIdentity *identity);

/* Returns the type of a file system, one of the constants of <linux/magic.h>. The type of f_type
 * differs by processor: a signed one of 32 bits cannot be compared with all constants. */
static inline guint32
shm_system_get_type (const struct statfs *file_system)
{
  return (guint32) file_system->f_type;
}

/* Returns whether a text from /proc/PID/fdinfo says that the open file description holds a lock of
 * shm_system_share_number() on @number. */
gboolean shm_system_shows_shared_number (const char *fdinfo, guint64 number);

G_END_DECLS
