/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool-waste.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
tool_waste_free (ToolWaste *self)
{
  tool_block_free (self->block);
  g_free (self);
}

const char *
tool_waste_describe (ToolWasteKind kind)
{
  static const char *const texts[] = {
    [TOOL_WASTE_LEFTOVER] = "its managers and programs have ended",
    [TOOL_WASTE_UNFINISHED] = "its creator never set the size",
    [TOOL_WASTE_CPYTHON] = "a generated name, and no user",
  };

  return texts[kind];
}

/* Returns whether CPython, or this library, has generated the name: psm_ and 8 hex digits. */
static gboolean
is_generated (const char *name)
{
  return strlen (name) == 12 && g_str_has_prefix (name, "psm_")
         && strspn (name + 4, "0123456789abcdef") == 8;
}

/* @modified: microseconds since 1970 */
static gboolean
is_old (gint64 modified, guint min_age)
{
  return g_get_real_time () - modified >= (gint64) min_age * G_USEC_PER_SEC;
}

static void
add_waste (GPtrArray *found, ShmBlockInfo *info, ToolWasteKind kind, guint min_age)
{
  ToolWaste *waste = g_new0 (ToolWaste, 1);

  waste->block = tool_block_new_unread (info);
  waste->kind = kind;
  if (waste->block->is_found && waste->block->uid == geteuid ()
      && is_old (waste->block->modified, min_age))
    {
      waste->use = tool_lease_test (waste->block);
      g_ptr_array_add (found, waste);
    }
  else
    tool_waste_free (waste);
}

GPtrArray *
tool_waste_find (gboolean with_cpython, guint min_age, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_waste_free);
  g_autoptr (GHashTable) owned_names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autolist (ShmBlockInfo) owned = NULL;
  g_autolist (ShmBlockInfo) blocks = NULL;
  GError *failure = NULL;

  /* List all blocks first: a block that gets an owner meanwhile is then among the owned ones. */
  blocks = shm_list_blocks (&failure);
  if (failure == NULL)
    owned = shm_list_owned_blocks (&failure);
  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return NULL;
    }

  for (GList *link = owned; link != NULL; link = link->next)
    {
      g_hash_table_add (owned_names, (gpointer) shm_block_info_get_name (link->data));
      if (shm_block_info_is_leftover (link->data))
        add_waste (found, link->data, TOOL_WASTE_LEFTOVER, 0);
    }

  for (GList *link = blocks; link != NULL; link = link->next)
    {
      const char *name = shm_block_info_get_name (link->data);

      if (g_hash_table_contains (owned_names, name))
        continue;
      if (shm_block_info_get_size (link->data) == 0)
        add_waste (found, link->data, TOOL_WASTE_UNFINISHED, min_age);
      else if (with_cpython && is_generated (name))
        add_waste (found, link->data, TOOL_WASTE_CPYTHON, min_age);
    }

  return g_steal_pointer (&found);
}

static ShmBlockInfo *
find_info (GList *infos, const char *name)
{
  for (GList *link = infos; link != NULL; link = link->next)
    if (g_str_equal (shm_block_info_get_name (link->data), name))
      return link->data;

  return NULL;
}

gboolean
tool_waste_is_still (const ToolWaste *waste, int lease, GList *owned, guint min_age)
{
  ShmBlockInfo *owner = find_info (owned, waste->block->name);
  struct stat info;

  if (waste->kind == TOOL_WASTE_LEFTOVER)
    return owner != NULL && shm_block_info_is_leftover (owner);

  return owner == NULL && fstat (lease, &info) == 0
         && (waste->kind != TOOL_WASTE_UNFINISHED || info.st_size == 0)
         && is_old (info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000, min_age);
}
