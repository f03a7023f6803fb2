/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket file, which a Unix socket leaves in the file system when its process dies. */

#pragma once

#include "registry/shm-registry-steps.h"

#include <sys/un.h>

G_BEGIN_DECLS

/* The registry contains a copy of this structure, and programs of different word sizes share the
 * registry. Therefore the structure has no pointers, and the same size, alignment and offsets on
 * all processors: the alignment is explicit, because i386 aligns guint64 to 4 bytes, and the
 * compiler adds no padding. */
typedef struct
{
  _Alignas(8) guint64 device;
  guint64 inode;          /* 0 until the file is identified */
  guint32 has_own_folder; /* whether to remove the folder as well */
  char path[sizeof ((struct sockaddr_un *) NULL)->sun_path + 4];
  guint32 reserved;
} ShmSocketFile;

/* Initializes @self for a file that may not exist yet. @path is absolute, and not longer than the
 * path of a socket can be. */
void shm_socket_file_init (ShmSocketFile *self, const char *path, gboolean has_own_folder);

/* Stores the device and inode of the file that exists now. Fails with ENOENT if there is no
 * file. */
gboolean shm_socket_file_identify (ShmSocketFile *self, ShmFault *fault);

/* Removes the file if it is still the identified file, and then its own folder if the folder is
 * empty. Removes a file that was never identified only if the file has its own folder and belongs
 * to this user. Does nothing if @self is all zeros. */
void shm_socket_file_remove (const ShmSocketFile *self);

G_END_DECLS
