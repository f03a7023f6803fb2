/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client of a manager's server that another process has started. Creates and removes blocks until
 * the server ends. With --fresh, it repeats these steps until stdin ends: it opens a new
 * connection, creates and removes one block, and prints how long this takes. */

#include "manager-work.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 600

static gboolean is_forked = FALSE;
static gboolean is_fresh = FALSE;
static int pause_msec = 0;

static const GOptionEntry options[] = {
  { "fork", 0, 0, G_OPTION_ARG_NONE, &is_forked, "Also use the client in a forked child", NULL },
  { "fresh", 0, 0, G_OPTION_ARG_NONE, &is_fresh, "Connect again for each block, until stdin ends",
    NULL },
  { "pause", 0, 0, G_OPTION_ARG_INT, &pause_msec, "Wait between two steps", "MSEC" },
  { NULL },
};

static GBytes *
parse_key (const char *hex)
{
  const gsize size = strlen (hex) / 2;
  guint8 *key = g_malloc0 (size);

  for (gsize i = 0; i < size; i++)
    key[i] = g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]);

  return g_bytes_new_take (key, size);
}

static ShmManager *
connect_to (const char *address, const char *hex_key, GError **error)
{
  g_autoptr (GBytes) key = parse_key (hex_key);
  g_autoptr (ShmManager) manager = shm_manager_new (address, key, SHM_MANAGER_NONE);

  return shm_manager_connect_to_server (manager, NULL, error) ? g_steal_pointer (&manager) : NULL;
}

/* Working */

static void
work (ShmManager *manager, const char *prefix)
{
  Work self;

  allow_seconds (SECONDS_MAX);
  work_init (&self, manager, prefix, 0);
  while (work_step (&self))
    g_usleep (pause_msec * 1000);
  work_report (&self);
  work_clear (&self);
}

static int
work_until_server_ends (const char *address, const char *hex_key, const char *prefix)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmManager) manager = connect_to (address, hex_key, &error);
  pid_t child = 0;

  if (manager == NULL)
    {
      printf ("error %s: %s\n", outcome_of (error), error->message);
      return 1;
    }

  if (is_forked)
    child = fork ();
  printf ("working %d\n", getpid ());
  work (manager, prefix);
  if (child > 0)
    waitpid (child, NULL, 0);

  return 0;
}

/* Measuring requests */

/* Waits for the pause. Returns TRUE if stdin has input or has ended. */
static gboolean
is_stopped (void)
{
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

  return poll (&input, 1, pause_msec) > 0;
}

/* Connects a new client, which creates and removes one block. */
static gboolean
request_once (const char *address, const char *hex_key, const char *name, GError **error)
{
  g_autoptr (ShmManager) manager = connect_to (address, hex_key, error);
  g_autoptr (ShmSharedMemory) shm = NULL;

  if (manager == NULL)
    return FALSE;

  shm = shm_manager_create_shared_memory (manager, name, 100, 0600, SHM_CREATE_NONE, NULL, error);

  return shm != NULL && shm_manager_remove (manager, name, NULL, error);
}

static int
request_until_stopped (const char *address, const char *hex_key, const char *prefix)
{
  g_autofree char *name = g_strdup_printf ("%s-%d", prefix, getpid ());

  do
    {
      g_autoptr (GError) error = NULL;
      const gint64 begin = g_get_monotonic_time ();

      allow_seconds (SECONDS_MAX);
      if (!request_once (address, hex_key, name, &error))
        {
          printf ("error %s: %s\n", outcome_of (error), error->message);
          return 1;
        }
      printf ("served %" G_GINT64_FORMAT "\n", g_get_monotonic_time () - begin);
    }
  while (!is_stopped ());

  return 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("ADDRESS KEY PREFIX");

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc != 4)
    return 2;

  setvbuf (stdout, NULL, _IOLBF, 0);

  return is_fresh ? request_until_stopped (argv[1], argv[2], argv[3])
                  : work_until_server_ends (argv[1], argv[2], argv[3]);
}
