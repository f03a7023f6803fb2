/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Blocks that no process needs any more. */

#pragma once

#include "tool/tool-lease.h"

G_BEGIN_DECLS

typedef enum
{
  TOOL_WASTE_LEFTOVER,   /* its managers and programs have ended */
  TOOL_WASTE_UNFINISHED, /* its creator has ended before it set the size */
  TOOL_WASTE_CPYTHON,    /* it has a name that CPython generates, and no process uses it */
} ToolWasteKind;

typedef struct
{
  ToolBlock *block;
  ToolWasteKind kind;
  ToolUse use;
  gboolean is_removed;
} ToolWaste;

void tool_waste_free (ToolWaste *self);

/* Finds the blocks of this user that are waste. @min_age is in seconds: younger blocks without a
 * size and of CPython are ignored. (transfer full) (element-type ToolWaste) */
GPtrArray *tool_waste_find (gboolean with_cpython, guint min_age, GError **error);

/* Returns whether the block is still waste, of the same kind. The caller holds @lease, so no
 * process uses the block, but one may have used it since tool_waste_find(). @owned is from
 * shm_list_owned_blocks(), called while the caller held @lease. (element-type ShmBlockInfo) */
gboolean tool_waste_is_still (const ToolWaste *waste, int lease, GList *owned, guint min_age);

/* Returns a few words about the reason. */
const char *tool_waste_describe (ToolWasteKind kind);

G_END_DECLS
