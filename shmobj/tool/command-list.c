/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands `list` and `info`. */

#include "config.h"

#include <shmobj/shmobj.h>
#include <unistd.h>

#include "tool/tool-block.h"
#include "tool/tool.h"

static gboolean as_json, any_owner, only_names;

static const char *const headers[] = { "NAME",     ">SIZE",   ">MEMORY", "OWNER",   "MODE",
                                       ">CHANGED", "USED BY", "KEPT BY", "CONTENT", NULL };

/* The column "CHANGED": the time since the last change that the file system knows of. */
static char *
format_age (const ToolBlock *block)
{
  return block->is_found ? tool_format_age (block->modified) : g_strdup ("?");
}

static void
add_row (ToolTable *table, const ToolBlock *block, ToolUsers *users)
{
  tool_table_add (table, tool_get_printable (block->name));
  tool_table_add (table, tool_format_size (block->size));
  tool_table_add (table, tool_format_size (block->used));
  tool_table_add (table, tool_format_user (block->uid));
  tool_table_add (table, g_strdup_printf ("%04o", block->mode));
  tool_table_add (table, format_age (block));
  tool_table_add (table, tool_block_format_users (block, users, 3));
  tool_table_add (table, tool_block_format_keeper (block));
  tool_table_add (table, tool_block_format_content (block));
}

static void
print_hidden (ToolUsers *users)
{
  const guint n_hidden = tool_users_get_n_hidden (users);
  g_autofree char *text = NULL;

  if (!tool_users_is_available (users))
    text = g_strdup ("\n/proc cannot be read, so the processes that use a block are unknown.\n");
  else if (n_hidden > 0)
    text = g_strdup_printf ("\nThis user is not permitted to look at %u process%s.%s\n", n_hidden,
                            n_hidden == 1 ? "" : "es",
                            geteuid () != 0 ? " As root, the command looks at all." : "");
  if (text != NULL)
    tool_print_styled (TOOL_STYLE_DIM, text);
}

static void
print_table (const GPtrArray *blocks, ToolUsers *users)
{
  g_autoptr (ToolTable) table = tool_table_new (headers);

  if (blocks->len == 0)
    {
      g_print ("There are no blocks.\n");
      return;
    }

  for (guint i = 0; i < blocks->len; i++)
    add_row (table, blocks->pdata[i], users);
  tool_table_print (table);
  print_hidden (users);
}

static void
print_json (const GPtrArray *blocks, ToolUsers *users)
{
  ToolJson json;

  tool_json_begin_document (&json);
  tool_json_begin (&json, "blocks", '[');
  for (guint i = 0; i < blocks->len; i++)
    tool_block_add_json (blocks->pdata[i], users, &json);
  tool_json_end (&json, ']');
  tool_json_add_uint (&json, "hidden_processes", tool_users_get_n_hidden (users));
  tool_json_print_document (&json);
}

static void
print_names (GList *infos)
{
  for (GList *link = infos; link != NULL; link = link->next)
    {
      g_autofree char *name = tool_get_printable (shm_block_info_get_name (link->data));

      g_print ("%s\n", name);
    }
}

/* Reads /proc before it opens a block, so that this process is not among the users. */
static ToolStatus
run_list (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
    { "names", 'n', 0, G_OPTION_ARG_NONE, &only_names, "Print the names only, one a line", NULL },
    { "any-owner", 'a', 0, G_OPTION_ARG_NONE, &any_owner,
      "Also look into blocks of users who are neither root nor you", NULL },
    { NULL },
  };
  g_autolist (ShmBlockInfo) infos = NULL;
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_block_free);
  g_autoptr (ToolUsers) users = NULL;
  g_autoptr (GError) error = NULL;

  if (!tool_parse (self, entries, arguments, 0, 0))
    return TOOL_USAGE;

  infos = shm_list_blocks (&error);
  if (error != NULL)
    return tool_fail (error);

  if (only_names)
    {
      print_names (infos);
      return TOOL_OK;
    }

  users = tool_users_new ();
  for (GList *link = infos; link != NULL; link = link->next)
    g_ptr_array_add (blocks, tool_block_new (link->data, any_owner));
  tool_block_add_keepers (blocks);
  if (as_json)
    print_json (blocks, users);
  else
    print_table (blocks, users);

  return TOOL_OK;
}

const ToolCommand tool_list_command = {
  .name = "list",
  .summary = "Lists the blocks of this machine, and the processes that use them",
  .run = run_list,
};

static void
print_line (const char *label, char *text)
{
  g_print ("%-9s %s\n", label, text);
  g_free (text);
}

static void
print_users (const ToolBlock *block, ToolUsers *users)
{
  const GPtrArray *found = tool_users_find (users, block->device, block->inode);

  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const ToolUser *user = found->pdata[i];
      g_autofree char *owner = tool_format_user (user->uid);

      g_print ("%-9s %s, process %d of %s: %s%s%s\n", i == 0 ? "Used by:" : "", user->command,
               user->pid, owner, user->is_open ? "open" : "",
               user->is_open && user->is_mapped ? " and " : "", user->is_mapped ? "mapped" : "");
    }
  if (found == NULL && tool_users_is_available (users))
    g_print ("Used by:  no process that can be looked at\n");
  print_hidden (users);
}

static void
print_info (const ToolBlock *block, ToolUsers *users)
{
  print_line ("Name:", tool_get_printable (block->name));
  print_line ("Size:", g_strdup_printf ("%" G_GUINT64_FORMAT " bytes", block->size));
  print_line ("Memory:", g_strdup_printf ("%" G_GUINT64_FORMAT " bytes", block->used));
  print_line ("Owner:", tool_format_user (block->uid));
  print_line ("Mode:", g_strdup_printf ("%04o", block->mode));
  print_line ("Changed:", format_age (block));
  print_line ("Kept by:", tool_block_format_keeper (block));
  print_line ("Content:", tool_block_format_content (block));
  print_users (block, users);
}

static ToolStatus
run_info (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
    { "any-owner", 'a', 0, G_OPTION_ARG_NONE, &any_owner,
      "Also look into the block of a user who is neither root nor you", NULL },
    { NULL },
  };
  g_autoptr (ToolUsers) users = NULL;
  g_autoptr (ToolBlock) block = NULL;
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  if (!tool_parse (self, entries, arguments, 1, 1))
    return TOOL_USAGE;

  users = tool_users_new ();
  block = tool_block_find ((*arguments)[0], any_owner, &error);
  if (block == NULL)
    return tool_fail (error);

  g_ptr_array_add (blocks, block);
  tool_block_add_keepers (blocks);
  if (as_json)
    print_json (blocks, users);
  else
    print_info (block, users);

  return TOOL_OK;
}

const ToolCommand tool_info_command = {
  .name = "info",
  .arguments = "NAME",
  .summary = "Describes one block",
  .run = run_info,
};
