/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Own folders: folders beside the blocks that only the user of this process can change.
 *
 * All users can create files beside the blocks, so another user may have taken the name of a folder
 * with a folder of its own, a link, a FIFO or any other file. A folder is an own folder only if it
 * belongs to the effective user and no other user can write to it. The functions look at the owner
 * before they open anything, and follow no links.
 */

#pragma once

#include "core/shm-system-list.h"

G_BEGIN_DECLS

typedef enum
{
  SHM_FOLDER_OWN,
  SHM_FOLDER_MISSING,
  SHM_FOLDER_FOREIGN, /* the name is taken, and it does not stand for an own folder */
} ShmFolderState;

ShmFolderState shm_system_folder_inspect (const char *name);

/* Creates the folder if it does not exist. Other users cannot list an own folder. If @is_public is
 * TRUE, they can open a file in the folder whose name and permissions allow that. Returns FALSE if
 * @name does not stand for an own folder afterwards. */
gboolean shm_system_folder_ensure (const char *name, gboolean is_public);

/* Removes an own folder if it is empty. */
void shm_system_folder_remove (const char *name);

/* Returns whether @name stands for a folder that only its owner can change, and stores the owner in
 * @uid. */
gboolean shm_system_folder_get_owner (const char *name, guint32 *uid);

/* Calls @func for each regular file of this user whose name begins with @prefix: in the own folder
 * @name, or beside the blocks if @name is NULL. Looks at a file only if its name begins with
 * @prefix, and ignores the files of other users. Fails at SHM_STEP_LIST: ENOENT if there is no such
 * folder, EPERM if it is not an own folder. Some calls of @func may have happened before. */
gboolean shm_system_folder_list (const char *name,
                                 const char *prefix,
                                 ShmListFunc func,
                                 gpointer user_data,
                                 ShmFault *fault);

G_END_DECLS
