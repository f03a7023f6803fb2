/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that uses the installed library. test_install.py builds it as C and as C++, with
 * pkg-config and without the source tree. */

#ifdef SHM_TEST_BEFORE
#include <sys/ipc.h>
#include <sys/shm.h>
#endif

#include <shmobj/shmobj.h>

#ifdef SHM_TEST_AFTER
#include <sys/ipc.h>
#include <sys/shm.h>
#endif

#include <stdio.h>

#if !SHM_CHECK_VERSION(1, 0, 0) || SHM_CHECK_VERSION(SHM_MAJOR_VERSION + 1, 0, 0)
#error "SHM_CHECK_VERSION() does not match the version"
#endif

static void
check (gboolean condition, const char *step)
{
  if (!condition)
    {
      fprintf (stderr, "failed: %s\n", step);
      exit (1);
    }
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  ShmSharedMemory *shm = shm_shared_memory_create (NULL, 16, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  ShmSharedMemory *other;

  (void) argc;
  (void) argv;
  check (shm != NULL && error == NULL, "create");

  other = shm_shared_memory_attach (shm_shared_memory_get_name (shm), SHM_ATTACH_NONE, &error);
  check (other != NULL && SHM_IS_SHARED_MEMORY (other), "attach");
  check (shm_shared_memory_set_int64 (other, 8, -42, &error), "set");
  check (shm_shared_memory_get_int64 (shm, 8, &error) == -42, "get");
  check (shm_shared_memory_close (shm, &error), "close");
  g_object_unref (other);

  other = shm_shared_memory_attach (shm_shared_memory_get_name (shm), SHM_ATTACH_NONE, &error);
  check (other == NULL && g_error_matches (error, SHM_ERROR, SHM_ERROR_NOT_FOUND),
         "unlink on close");
  g_clear_error (&error);
  g_object_unref (shm);

  puts ("ok");

  return 0;
}
