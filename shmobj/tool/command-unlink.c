/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `unlink`. */

#include "config.h"

#include <shmobj/shmobj.h>

#include "tool/tool.h"

/* Removes all names that can be removed. */
static ToolStatus
run_unlink (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = { { NULL } };
  ToolStatus status = TOOL_OK;

  if (!tool_parse (self, entries, arguments, 1, G_MAXUINT))
    return TOOL_USAGE;

  for (char **name = *arguments; *name != NULL; name++)
    {
      g_autoptr (GError) error = NULL;

      if (!shm_remove_block (*name, &error))
        status = tool_fail (error);
    }

  return status;
}

const ToolCommand tool_unlink_command = {
  .name = "unlink",
  .arguments = "NAME...",
  .summary = "Removes the names of blocks. Processes that use a block keep it",
  .run = run_unlink,
};
