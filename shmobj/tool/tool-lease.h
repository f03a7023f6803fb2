/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks the kernel whether any process uses a block.
 *
 * /proc cannot answer this: it hides the processes of other users and containers, and a descriptor
 * can be on its way from one process to another. But the kernel grants a write lease on a file only
 * if no other open file description of the file exists. A mapping keeps its open file description.
 * While this process holds the lease, an attempt to open the file waits.
 */

#pragma once

#include "tool/tool-block.h"

G_BEGIN_DECLS

typedef enum
{
  TOOL_USE_NONE,    /* no process has the block open or mapped */
  TOOL_USE_SOME,    /* a process has the block open or mapped */
  TOOL_USE_UNKNOWN, /* the kernel does not say */
} ToolUse;

/* Returns a descriptor of the block with a write lease, or -1. Sets @use. Closing the descriptor
 * ends the lease. The block must belong to this user, and must still be the block that @block
 * describes. */
int tool_lease_take (const ToolBlock *block, ToolUse *use);

/* Returns whether a process uses the block. */
ToolUse tool_lease_test (const ToolBlock *block);

/* Removes the name of the block while @lease, from tool_lease_take(), is still in force. Returns
 * FALSE without an @error if a process has tried to open the block, or if the name belongs to
 * another block now. */
gboolean tool_lease_remove (const ToolBlock *block, int lease, GError **error);

G_END_DECLS
