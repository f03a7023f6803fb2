/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Creates, attaches to, uses, closes and unlinks blocks many times. Prints the number of
 * descriptors, the number of mappings and the resident memory of the process, before and after. */

#include <shmobj/shmobj.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WARM_UP_ROUNDS 500
#define SIZE           10000

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint count = 0;

  g_assert_nonnull (folder);
  while (g_dir_read_name (folder) != NULL)
    count++;

  return count;
}

static guint
count_lines (const char *path)
{
  g_autofree char *text = NULL;
  guint count = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (const char *at = text; (at = strchr (at, '\n')) != NULL; at++)
    count++;

  return count;
}

static gulong
get_resident_kib (void)
{
  g_autofree char *text = NULL;
  gulong pages = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%*u %lu", &pages), ==, 1);

  return pages * getpagesize () / 1024;
}

static void
print_resources (void)
{
  printf ("%u %u %lu\n", count_entries ("/proc/self/fd"), count_lines ("/proc/self/maps"),
          get_resident_kib ());
}

static void
use (ShmSharedMemory *shm)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) live = shm_shared_memory_get_live_bytes (shm, &error);
  g_autoptr (GBytes) copy = shm_shared_memory_read (shm, 0, SIZE, NULL);

  g_assert_no_error (error);
  g_assert_nonnull (live);
  g_assert_true (shm_shared_memory_watch (shm, &error));
  g_assert_true (shm_shared_memory_write (shm, 0, copy, &error));
}

/* An operation that fails must also release all resources. */
static void
create_existing (const char *name)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (shm_shared_memory_create (name, SIZE, SHM_CREATE_NONE, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_EXISTS);
}

static void
run_round (const char *name, gboolean close_explicitly)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, SHM_CREATE_NONE, &error);
  g_autoptr (ShmSharedMemory) other = shm_shared_memory_attach (name, SHM_ATTACH_NONE, &error);
  g_autoptr (ShmSharedMemory) third
      = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (other), SHM_ATTACH_NONE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (third);
  use (shm);
  use (other);
  create_existing (name);

  /* Objects that are still open are closed when they are finalized. */
  if (close_explicitly)
    g_assert_true (shm_shared_memory_close (other, NULL));
  g_assert_true (shm_shared_memory_unlink (shm, &error));
}

int
main (int argc, char **argv)
{
  g_autofree char *name = g_strdup_printf ("shmobj-system-%d-leaks", getpid ());
  const int rounds = argc > 1 ? atoi (argv[1]) : 10000;

  for (int i = 0; i < WARM_UP_ROUNDS; i++)
    run_round (name, i % 2 == 0);
  print_resources ();

  for (int i = 0; i < rounds; i++)
    run_round (name, i % 2 == 0);
  print_resources ();

  return 0;
}
