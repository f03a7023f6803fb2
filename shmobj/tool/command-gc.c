/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `gc`. */

#include "config.h"

#include <errno.h>
#include <shmobj/shmobj.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/tool-waste.h"
#include "tool/tool.h"

/* How many leases the command holds at the same time. It lists the owned blocks once for so many
 * blocks, because the list can be long. */
#define N_LEASES 32

static gboolean as_json, is_confirmed, is_trial, with_cpython;
static int min_age = 60;

static const char *const headers[] = { "NAME", ">SIZE", ">CHANGED", "REASON", "STATE", NULL };
static const char *const states[] = {
  [TOOL_USE_NONE] = "unused",
  [TOOL_USE_SOME] = "in use, stays",
  [TOOL_USE_UNKNOWN] = "perhaps in use, stays",
};

static void
print_table (const GPtrArray *found)
{
  g_autoptr (ToolTable) table = tool_table_new (headers);

  for (guint i = 0; i < found->len; i++)
    {
      const ToolWaste *waste = found->pdata[i];

      tool_table_add (table, tool_get_printable (waste->block->name));
      tool_table_add (table, tool_format_size (waste->block->used));
      tool_table_add (table, tool_format_age (waste->block->modified));
      tool_table_add (table, g_strdup (tool_waste_describe (waste->kind)));
      tool_table_add (table, g_strdup (states[waste->use]));
    }
  tool_table_print (table);
}

static guint
count_unused (const GPtrArray *found)
{
  guint n_unused = 0;

  for (guint i = 0; i < found->len; i++)
    n_unused += ((ToolWaste *) found->pdata[i])->use == TOOL_USE_NONE;

  return n_unused;
}

static gboolean
ask (guint n_unused)
{
  char answer[16] = "";

  g_print ("\nRemove %u block%s? [y/N] ", n_unused, n_unused == 1 ? "" : "s");
  if (fgets (answer, sizeof answer, stdin) == NULL)
    g_print ("\n");

  return g_ascii_tolower (answer[0]) == 'y';
}

static void
report (const GError *error, gboolean *is_complete)
{
  if (error == NULL)
    return;

  tool_fail (error);
  *is_complete = FALSE;
}

static void
remove_block (ToolWaste *waste, int lease, GList *owned, gboolean *is_complete)
{
  g_autoptr (GError) error = NULL;

  waste->is_removed = tool_waste_is_still (waste, lease, owned, min_age)
                      && tool_lease_remove (waste->block, lease, &error);
  report (error, is_complete);
}

/* Removes the blocks of a group that are unused at this moment, and still waste. While the user
 * read the question, a process can have used a block, and given it to a living manager. */
static void
remove_group (ToolWaste **group, guint n_blocks, gboolean *is_complete)
{
  g_autolist (ShmBlockInfo) owned = NULL;
  g_autoptr (GError) error = NULL;
  int leases[N_LEASES];

  for (guint i = 0; i < n_blocks; i++)
    leases[i]
        = group[i]->use == TOOL_USE_NONE ? tool_lease_take (group[i]->block, &group[i]->use) : -1;

  /* The leases come first: a process that opens a block after this point ends the lease. */
  owned = shm_list_owned_blocks (&error);
  report (error, is_complete);

  for (guint i = 0; i < n_blocks; i++)
    if (leases[i] >= 0)
      {
        if (error == NULL)
          remove_block (group[i], leases[i], owned, is_complete);
        close (leases[i]);
      }
}

/* Returns the number of blocks that were removed. */
static guint
remove_blocks (GPtrArray *found, gboolean *is_complete)
{
  guint n_removed = 0;

  for (guint i = 0; i < found->len; i += N_LEASES)
    remove_group ((ToolWaste **) &found->pdata[i], MIN (N_LEASES, found->len - i), is_complete);
  for (guint i = 0; i < found->len; i++)
    n_removed += ((ToolWaste *) found->pdata[i])->is_removed;

  return n_removed;
}

/* Removes registries and sockets of dead managers. The library would also remove the leftovers in
 * the registries, so do this only if there are none. */
static void
remove_registries (void)
{
  g_autoptr (GError) error = NULL;
  g_autolist (ShmBlockInfo) owned = shm_list_owned_blocks (&error);

  for (GList *link = owned; link != NULL; link = link->next)
    if (shm_block_info_is_leftover (link->data))
      return;

  if (error == NULL)
    shm_manager_remove_leftovers (NULL, NULL);
}

static void
print_json (const GPtrArray *found)
{
  static const char *const kinds[] = {
    [TOOL_WASTE_LEFTOVER] = "leftover",
    [TOOL_WASTE_UNFINISHED] = "unfinished",
    [TOOL_WASTE_CPYTHON] = "cpython",
  };
  static const char *const uses[] = {
    [TOOL_USE_NONE] = "no",
    [TOOL_USE_SOME] = "yes",
    [TOOL_USE_UNKNOWN] = "unknown",
  };
  ToolJson json;

  tool_json_begin_document (&json);
  tool_json_begin (&json, "waste", '[');
  for (guint i = 0; i < found->len; i++)
    {
      const ToolWaste *waste = found->pdata[i];

      tool_json_begin (&json, NULL, '{');
      tool_json_add_string (&json, "name", waste->block->name);
      tool_json_add_uint (&json, "size", waste->block->size);
      tool_json_add_string (&json, "reason", kinds[waste->kind]);
      tool_json_add_string (&json, "in_use", uses[waste->use]);
      tool_json_add_boolean (&json, "removed", waste->is_removed);
      tool_json_end (&json, '}');
    }
  tool_json_end (&json, ']');
  tool_json_print_document (&json);
}

static ToolStatus
collect (GPtrArray *found)
{
  const guint n_unused = count_unused (found);
  gboolean is_complete = TRUE;
  guint n_removed = 0;

  if (!as_json && found->len > 0)
    print_table (found);
  if (!is_trial && n_unused > 0 && !is_confirmed && !ask (n_unused))
    {
      g_print ("Nothing was removed.\n");
      return TOOL_OK;
    }

  if (!is_trial)
    {
      n_removed = remove_blocks (found, &is_complete);
      remove_registries ();
    }
  if (as_json)
    print_json (found);
  else if (n_unused == 0)
    g_print ("There is nothing to remove.\n");
  else if (!is_trial)
    g_print ("%u block%s removed.\n", n_removed, n_removed == 1 ? " was" : "s were");

  return is_complete ? TOOL_OK : TOOL_FAILED;
}

static ToolStatus
run_gc (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &is_confirmed, "Do not ask", NULL },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &is_trial, "Remove nothing", NULL },
    { "cpython", 0, 0, G_OPTION_ARG_NONE, &with_cpython,
      "Also remove unused blocks with a generated name (psm_...)", NULL },
    { "min-age", 0, 0, G_OPTION_ARG_INT, &min_age,
      "Keep blocks without owner that changed in the last N seconds (default: 60)", "N" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON. Needs --yes or --dry-run", NULL },
    { NULL },
  };
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) error = NULL;

  if (!tool_parse (self, entries, arguments, 0, 0))
    return TOOL_USAGE;
  if (min_age < 0)
    return tool_fail_usage (self, "--min-age needs a number that is not negative");
  if (!is_confirmed && !is_trial && (as_json || !isatty (STDIN_FILENO)))
    return tool_fail_usage (self, "cannot ask without a terminal: give --yes or --dry-run");

  found = tool_waste_find (with_cpython, min_age, &error);
  if (found == NULL)
    return tool_fail (error);

  return collect (found);
}

const ToolCommand tool_gc_command = {
  .name = "gc",
  .summary = "Removes the blocks that dead managers and dead creators have left behind",
  .description
  = "Only blocks of this user are removed, and only those that no process has open or mapped.\n"
    "With --cpython, blocks are removed that a program of CPython has probably leaked. No command\n"
    "can know that no program remembers the name of such a block, and will open it later.",
  .run = run_gc,
};
