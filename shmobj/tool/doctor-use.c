/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <shmobj/shmobj.h>
#include <string.h>

#include "tool/tool-doctor.h"
#include "tool/tool-waste.h"

/* Adds the result of an attempt. */
static void
add_attempt (GPtrArray *findings, const char *check, const char *what, GError *error)
{
  if (error == NULL)
    tool_finding_add (findings, check, TOOL_FINDING_OK, g_strdup_printf ("%s works", what), NULL);
  else
    tool_finding_add (findings, check, TOOL_FINDING_PROBLEM,
                      g_strdup_printf ("%s fails: %s", what, error->message), NULL);
}

static void
try_blocks (GPtrArray *findings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) anonymous_error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (NULL, 4096, 0, &error);
  g_autoptr (ShmSharedMemory) anonymous G_GNUC_UNUSED
      = shm_shared_memory_create_anonymous (4096, 0, &anonymous_error);

  if (shm != NULL)
    shm_shared_memory_map (shm, &error);
  if (shm != NULL)
    shm_shared_memory_unlink (shm, error == NULL ? &error : NULL);
  add_attempt (findings, "create", "creating a block", error);
  add_attempt (findings, "anonymous", "creating an anonymous block", anonymous_error);
}

static void
try_manager (GPtrArray *findings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);

  if (shm_manager_start (manager, NULL, &error))
    shm_manager_shutdown (manager, NULL, &error);
  add_attempt (findings, "manager", "starting a manager", error);
}

/* Returns whether there are leftovers of dead managers. */
static gboolean
count_waste (GPtrArray *findings)
{
  guint counts[TOOL_WASTE_CPYTHON + 1] = { 0 };
  gboolean has_leftovers = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = tool_waste_find (TRUE, 60, &error);

  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const ToolWaste *waste = found->pdata[i];

      has_leftovers |= waste->kind == TOOL_WASTE_LEFTOVER;
      if (waste->use != TOOL_USE_SOME)
        counts[waste->kind]++;
    }

  if (counts[TOOL_WASTE_LEFTOVER] + counts[TOOL_WASTE_UNFINISHED] > 0)
    tool_finding_add (findings, "leftovers", TOOL_FINDING_PROBLEM,
                      g_strdup_printf ("%u blocks of killed managers, programs and creators are "
                                       "left",
                                       counts[TOOL_WASTE_LEFTOVER] + counts[TOOL_WASTE_UNFINISHED]),
                      "Remove them: `shmobj gc`.");
  if (counts[TOOL_WASTE_CPYTHON] > 0)
    tool_finding_add (findings, "cpython", TOOL_FINDING_NOTE,
                      g_strdup_printf ("%u unused blocks have a generated name, as CPython leaks "
                                       "them",
                                       counts[TOOL_WASTE_CPYTHON]),
                      "Look at them, and remove them: `shmobj gc --cpython`.");

  return has_leftovers;
}

static void
check_names (GPtrArray *findings)
{
  g_autoptr (GDir) folder = g_dir_open ("/dev/shm", 0, NULL);
  const char *name;
  guint n_invalid = 0;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    n_invalid += !g_utf8_validate (name, -1, NULL);

  if (n_invalid > 0)
    tool_finding_add (findings, "names", TOOL_FINDING_NOTE,
                      g_strdup_printf ("%u files in /dev/shm have a name that is not UTF-8, so "
                                       "they "
                                       "are no blocks",
                                       n_invalid),
                      "Remove them if no program needs them: `ls -b /dev/shm`, `rm`.");
}

void
tool_doctor_check_use (GPtrArray *findings)
{
  const gboolean has_leftovers = count_waste (findings);

  check_names (findings);
  try_blocks (findings);

  /* The start of a manager would remove the leftovers. */
  if (!has_leftovers)
    try_manager (findings);
}
