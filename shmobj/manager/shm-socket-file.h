/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file of a Unix socket, which outlives the process that made it unless somebody removes it. */

#pragma once

#include "manager/shm-manager-steps.h"

#include <sys/un.h>

G_BEGIN_DECLS

/* Fixed in size and without a pointer: it is noted in registries as it is. */
typedef struct
{
  guint64 device;
  guint64 inode;          /* 0 until the file is identified */
  guint32 has_own_folder; /* to be removed with it */
  char path[sizeof ((struct sockaddr_un *) NULL)->sun_path + 4];
} ShmSocketFile;

/* Of a file that is not there yet. @path is absolute, and no longer than a socket's can be. */
void shm_socket_file_init (ShmSocketFile *self, const char *path, gboolean has_own_folder);

/* Finds out what file it is. */
gboolean shm_socket_file_identify (ShmSocketFile *self, ShmFault *fault);

/* Removes the file, if it is still the one that it was, and the folder. If it was never found out
 * what it was, only in a folder of its own. Does nothing for one that is all zeros. */
void shm_socket_file_remove (const ShmSocketFile *self);

G_END_DECLS
