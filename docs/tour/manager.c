/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* manager ADDRESS KEY-FILE: starts a manager for other programs, and counts the blocks of the
 * manager. For each line on standard input it prints the counts, its process ID, and the names of
 * the blocks. The manager ends with this process, even if the process is killed. */

#include <shmobj/shmobj.h>

#include <stdio.h>
#include <unistd.h>

static guint n_tracked;
static guint n_removed;

static void
on_tracked (ShmManager *manager, const char *name, gpointer user_data)
{
  n_tracked++;
}

static void
on_removed (ShmManager *manager, const char *name, gpointer user_data)
{
  n_removed++;
}

static gboolean
report (ShmManager *manager, const char *action)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = shm_manager_list_blocks (manager, NULL, &error);
  g_autofree char *all = NULL;

  if (names == NULL)
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }

  all = g_strjoinv (" ", names);
  printf ("C\t%s\t%u blocks (%u added, %u removed)\t%d\t%s\n", action, g_strv_length (names),
          n_tracked, n_removed, (int) getpid (), all);
  fflush (stdout);

  return TRUE;
}

typedef struct
{
  ShmManager *manager;
  GMainLoop *loop;
} LineData;

static gboolean
on_line (GIOChannel *channel, GIOCondition condition, gpointer user_data)
{
  const LineData *data = user_data;
  g_autofree char *line = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL
      && report (data->manager, "list_blocks() and signals"))
    return G_SOURCE_CONTINUE;

  g_main_loop_quit (data->loop);

  return G_SOURCE_REMOVE;
}

static ShmManager *
start (const char *address, const char *key_file, GError **error)
{
  g_autoptr (ShmManager) manager = NULL;
  g_autoptr (GBytes) key = NULL;
  char *content;
  gsize length;

  if (!g_file_get_contents (key_file, &content, &length, error))
    return NULL;

  key = g_bytes_new_take (content, length);
  manager = shm_manager_new (address, key, SHM_MANAGER_NONE);
  if (!shm_manager_start (manager, NULL, error))
    return NULL;

  return g_steal_pointer (&manager);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);
  g_autoptr (ShmManager) manager = NULL;
  g_autoptr (GError) error = NULL;
  LineData line_data;

  if (argc != 3)
    {
      g_printerr ("usage: %s ADDRESS KEY-FILE\n", argv[0]);
      return 2;
    }

  manager = start (argv[1], argv[2], &error);
  if (manager == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_signal_connect (manager, "block-tracked", G_CALLBACK (on_tracked), NULL);
  g_signal_connect (manager, "block-removed", G_CALLBACK (on_removed), NULL);
  line_data = (LineData){ manager, loop };
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_line, &line_data);
  if (!report (manager, "starts the manager"))
    return 1;
  g_main_loop_run (loop);

  return 0;
}
