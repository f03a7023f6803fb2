/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-list.h"

#include "core/shm-system-linux.h"

#include <dirent.h>
#include <errno.h>

/* The C library keeps named semaphores in the same folder. Their names begin with "sem.". */
static gboolean
is_listed (const char *name)
{
  return !g_str_has_prefix (name, SHM_NAME_RESERVED_PREFIX) && !g_str_has_prefix (name, "sem.");
}

gboolean
shm_system_list (ShmListFunc func, gpointer user_data, ShmFault *fault)
{
  DIR *folder;
  struct dirent *entry;
  int errnum;

  shm_at (LIST);

  folder = opendir (SHM_BLOCK_FOLDER);
  if (folder == NULL)
    return shm_system_set_folder_fault (fault, SHM_STEP_LIST, errno);

  while (errno = 0, (entry = readdir (folder)) != NULL)
    {
      ShmIdentity identity;

      /* If a block was removed after readdir(), skip it without an error. */
      if (is_listed (entry->d_name) && g_utf8_validate (entry->d_name, -1, NULL)
          && shm_system_identify_at (dirfd (folder), entry->d_name, &identity)
          && identity.is_regular)
        func (entry->d_name, &identity, user_data);
    }

  errnum = errno;
  closedir (folder);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_LIST, errnum);
}
