/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Puts a greeting into a block that a manager owns. */

#include <shmobj/shmobj.h>

int
main (void)
{
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autoptr (GError) error = NULL;

  if (!shm_manager_start (manager, NULL, &error)
      || !(shm = shm_manager_create_shared_memory (manager, NULL, 4096, 0600, SHM_CREATE_NONE, NULL,
                                                   &error)))
    g_error ("%s", error->message);

  g_strlcpy (shm_shared_memory_get_data (shm, NULL), "Hello", 4096);
  g_print ("%s\n", (const char *) shm_shared_memory_get_data (shm, NULL));

  return shm_manager_shutdown (manager, NULL, &error) ? 0 : 1;
}
