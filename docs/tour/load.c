/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* load FILE NAME: creates a block, reads the file directly into the block, and prints a checksum.
 * Prints the checksum again for each line on standard input. Ends when another program removes the
 * name. */

#include <shmobj/shmobj.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
report (ShmSharedMemory *shm, const char *access, const char *observation)
{
  guint64 size;
  const guchar *data = shm_shared_memory_get_data (shm, &size);
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, size);

  printf ("C\t%s\t%s\t%s\n", access, sum, observation);
  fflush (stdout);
}

static gboolean
read_into (int fd, char *data, guint64 size)
{
  guint64 done = 0;

  while (done < size)
    {
      const gssize n = read (fd, data + done, size - done);

      if (n == 0)
        errno = ENODATA;
      if (n <= 0)
        return FALSE;
      done += n;
    }

  return TRUE;
}

static ShmSharedMemory *
load (const char *path, const char *name, GError **error)
{
  g_autoptr (ShmSharedMemory) shm = NULL;
  const int fd = open (path, O_RDONLY | O_CLOEXEC);
  struct stat info;

  if (fd >= 0 && fstat (fd, &info) == 0)
    shm = shm_shared_memory_create (name, info.st_size, SHM_CREATE_UNLINK_ON_CLOSE, error);

  if (shm != NULL && !read_into (fd, shm_shared_memory_get_data (shm, NULL), info.st_size))
    g_clear_object (&shm);
  if (shm == NULL && error != NULL && *error == NULL)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);

  return g_steal_pointer (&shm);
}

static gboolean
on_line (GIOChannel *channel, GIOCondition condition, gpointer shm)
{
  g_autofree char *line = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL)
    return G_SOURCE_REMOVE;

  report (shm, "the same pointer as before", "the bytes that Python wrote");

  return G_SOURCE_CONTINUE;
}

static void
on_unlinked (ShmSharedMemory *shm, gpointer loop)
{
  report (shm, "signal “unlinked”", "the memory is still mapped");
  g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *observation = NULL;

  if (argc != 3)
    {
      g_printerr ("usage: %s FILE NAME\n", argv[0]);
      return 2;
    }

  shm = load (argv[1], argv[2], &error);
  if (shm == NULL || !shm_shared_memory_watch (shm, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_signal_connect (shm, "unlinked", G_CALLBACK (on_unlinked), loop);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_line, shm);

  observation
      = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes, mode %o", shm_shared_memory_get_size (shm),
                         shm_shared_memory_get_mode (shm));
  report (shm, "created the block, read the file", observation);
  g_main_loop_run (loop);

  return 0;
}
