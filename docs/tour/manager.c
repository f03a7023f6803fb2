/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* manager ADDRESS KEY-FILE: starts a manager for others, and counts what they have it own. Each line
 * that it reads makes it say how much that is, and at the end of the line the number of its process
 * and the names of the blocks. The manager goes with the process, in whatever way that ends. */

#include <shmobj/shmobj.h>

#include <stdio.h>
#include <unistd.h>

static guint n_tracked;
static guint n_released;

static void
on_tracked (ShmManager *manager, const char *name, gpointer user_data)
{
  n_tracked++;
}

static void
on_released (ShmManager *manager, const char *name, gpointer user_data)
{
  n_released++;
}

static gboolean
report (ShmManager *manager, const char *how)
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
  printf ("C\t%s\tit has %u blocks: %u came, %u went\t%d\t%s\n", how, g_strv_length (names),
          n_tracked, n_released, (int) getpid (), all);
  fflush (stdout);

  return TRUE;
}

typedef struct
{
  ShmManager *manager;
  GMainLoop *loop;
} Listening;

static gboolean
on_line (GIOChannel *channel, GIOCondition condition, gpointer user_data)
{
  const Listening *listening = user_data;
  g_autofree char *line = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL
      && report (listening->manager, "list_blocks(), and signals"))
    return G_SOURCE_CONTINUE;

  g_main_loop_quit (listening->loop);

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
  manager = shm_manager_new (address, key);
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
  Listening listening;

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
  g_signal_connect (manager, "block-removed", G_CALLBACK (on_released), NULL);
  listening = (Listening){ manager, loop };
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_line, &listening);
  if (!report (manager, "starts the manager"))
    return 1;
  g_main_loop_run (loop);

  return 0;
}
