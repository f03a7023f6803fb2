/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* counter LIST: counts in a row of the shared list, until the process is killed. */

#include "rows.h"

#include <shmobj/shmobj.h>

#define ROUND 5000

static gboolean
show_count (ShmShareableList *list, guint count, GError **error)
{
  const guint64 first = COUNTER_ROW * ROW_LENGTH;
  g_autofree char *text = g_strdup_printf ("%u changes", count);

  return shm_shareable_list_set_double (list, first + ROW_DONE, (count % ROUND) / (double) ROUND,
                                        error)
         && shm_shareable_list_set_string (list, first + ROW_TEXT, text, error)
         && shm_shareable_list_set_string (list, first + ROW_BY, "C", error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list = NULL;

  if (argc != 2)
    {
      g_printerr ("Usage: counter LIST\n");
      return 2;
    }

  list = shm_shareable_list_attach (argv[1], SHM_ATTACH_NONE, &error);
  for (guint count = 1; list != NULL && show_count (list, count, &error); count++)
    g_usleep (1000);

  g_printerr ("counter: %s\n", error->message);

  return 1;
}
