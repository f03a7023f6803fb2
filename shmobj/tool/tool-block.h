/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known about a block without changing it. */

#pragma once

#include <shmobj/shmobj.h>

#include "tool/tool-output.h"
#include "tool/tool-users.h"

G_BEGIN_DECLS

typedef enum
{
  TOOL_CONTENT_UNKNOWN, /* the block could not be read */
  TOOL_CONTENT_EMPTY,   /* the creator has not set the size yet, or never will */
  TOOL_CONTENT_BYTES,
  TOOL_CONTENT_LIST,
} ToolContent;

typedef struct
{
  char *name;
  guint64 size;
  guint uid;
  guint mode;
  gboolean is_found; /* whether the members up to @modified are valid */
  guint64 used;      /* memory, in bytes */
  guint64 device;
  guint64 inode;
  gint64 modified;       /* microseconds since 1970 */
  const char *keeper;    /* "manager", "program", "leftover" (nullable) */
  char *manager_address; /* (nullable) */
  ToolContent content;
  ShmShareableList *list; /* only if the content is a list */
} ToolBlock;

/* Collects the facts about a block. @any_owner permits looking at the content of a block that
 * belongs to another user. (transfer full) */
ToolBlock *tool_block_new (ShmBlockInfo *info, gboolean any_owner);
/* Collects the facts, but does not look at the content. (transfer full) */
ToolBlock *tool_block_new_unread (ShmBlockInfo *info);

void tool_block_free (ToolBlock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolBlock, tool_block_free)

/* Finds out which managers and programs of this user own the blocks. (element-type ToolBlock) */
void tool_block_add_keepers (const GPtrArray *blocks);

/* Returns "manager ADDRESS", "program", "leftover" or "-". (transfer full) */
char *tool_block_format_keeper (const ToolBlock *self);

/* Finds a block by its name, which can begin with a slash. Fails with SHM_ERROR_NOT_FOUND, and as
 * shm_list_blocks() does. (transfer full) */
ToolBlock *tool_block_find (const char *name, gboolean any_owner, GError **error);

/* Returns the processes that use the block, in a few words: "python3 (12), gjs (14)". @limit is the
 * number of processes to name. (transfer full) */
char *tool_block_format_users (const ToolBlock *self, ToolUsers *users, guint limit);

/* Returns the content in a few words: "list of 3: 1, 2.5, 'two'". (transfer full) */
char *tool_block_format_content (const ToolBlock *self);

/* Adds the block as an object. */
void tool_block_add_json (const ToolBlock *self, ToolUsers *users, ToolJson *json);

/* Returns the value that an argument describes: a value in GVariant's text format, "none", or any
 * other text, which means itself. Returns NULL if the text is not UTF-8. (transfer full)
 * (nullable) */
GVariant *tool_value_parse (const char *text);

/* Returns a value of a list as text, in a form that tool_value_parse() understands.
 * @max_length is the greatest number of characters, or 0. (transfer full) */
char *tool_value_format (GVariant *value, gsize max_length);

/* Adds a value of a list as an object with the members "kind" and "value". */
void tool_value_add_json (GVariant *value, const char *key, ToolJson *json);

G_END_DECLS
