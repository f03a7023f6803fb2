/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connects to a manager's server that another process has started, and creates and removes blocks until
 * the server ends; or sends requests, each as a new client, and prints how long they take. */

#include "manager-work.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 60

static gboolean is_forked = FALSE;
static gboolean is_fresh = FALSE;
static int pause_msec = 0;

static const GOptionEntry options[] = {
  { "fork", 0, 0, G_OPTION_ARG_NONE, &is_forked, "Let a forked child work too", NULL },
  { "fresh", 0, 0, G_OPTION_ARG_NONE, &is_fresh, "Connect anew for each request, until stdin ends",
    NULL },
  { "pause", 0, 0, G_OPTION_ARG_INT, &pause_msec, "Wait before each step", "MSEC" },
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
work_till_the_end (const char *address, const char *hex_key, const char *prefix)
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

static gboolean
is_told_to_stop (void)
{
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

  return poll (&input, 1, pause_msec) > 0;
}

/* Connects a new client for one request. */
static gboolean
ask_once (const char *address, const char *hex_key, const char *name, GError **error)
{
  g_autoptr (ShmManager) manager = connect_to (address, hex_key, error);
  g_autoptr (ShmSharedMemory) shm = NULL;

  if (manager == NULL)
    return FALSE;

  shm = shm_manager_create_shared_memory (manager, name, 100, 0600, SHM_CREATE_NONE, NULL, error);

  return shm != NULL && shm_manager_remove (manager, name, NULL, error);
}

static int
ask_till_told_to_stop (const char *address, const char *hex_key, const char *prefix)
{
  g_autofree char *name = g_strdup_printf ("%s-%d", prefix, getpid ());

  do
    {
      g_autoptr (GError) error = NULL;
      const gint64 begin = g_get_monotonic_time ();

      allow_seconds (SECONDS_MAX);
      if (!ask_once (address, hex_key, name, &error))
        {
          printf ("error %s: %s\n", outcome_of (error), error->message);
          return 1;
        }
      printf ("served %" G_GINT64_FORMAT "\n", g_get_monotonic_time () - begin);
    }
  while (!is_told_to_stop ());

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

  return is_fresh ? ask_till_told_to_stop (argv[1], argv[2], argv[3])
                  : work_till_the_end (argv[1], argv[2], argv[3]);
}
