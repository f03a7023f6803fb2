/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `create`. */

#include "config.h"

#include <errno.h>
#include <shmobj/shmobj.h>
#include <stdlib.h>
#include <string.h>

#include "tool/tool-block.h"
#include "tool/tool-create.h"
#include "tool/tool.h"

static char *mode_text;
static gboolean is_list, is_sparse, has_huge_pages;

gboolean
tool_parse_mode (const char *text, guint *mode)
{
  guint64 number;

  if (text == NULL)
    *mode = 0600;
  else if (g_ascii_string_to_unsigned (text, 8, 0, 0777, &number, NULL))
    *mode = number;
  else
    return FALSE;

  return TRUE;
}

const char *
tool_get_new_name (const char *text)
{
  return g_str_equal (text, "-") ? NULL : text;
}

/* Parses a size such as "4096", "64K" or "2 GiB". */
static gboolean
parse_size (const char *text, guint64 *size)
{
  static const char units[] = "KMGT";
  const char *unit;
  char *end;
  guint64 factor = 1;

  errno = 0;
  *size = g_ascii_strtoull (text, &end, 10);
  if (end == text || errno != 0 || !g_ascii_isdigit (text[0]))
    return FALSE;

  if (end[0] == ' ')
    end++;
  unit = end[0] != '\0' ? strchr (units, g_ascii_toupper (end[0])) : NULL;
  if (unit != NULL)
    {
      factor = G_GUINT64_CONSTANT (1) << (10 * (unit - units + 1));
      end += g_ascii_strcasecmp (end + 1, "iB") == 0 ? 3 : 1;
    }

  return end[0] == '\0' && g_uint64_checked_mul (size, *size, factor);
}

static void
print_name (ShmSharedMemory *shm)
{
  g_autofree char *name = tool_get_printable (shm_shared_memory_get_name (shm));

  g_print ("%s\n", name);
}

static ToolStatus
create_block (const char *name, guint64 size, guint mode)
{
  const ShmCreateFlags flags = (is_sparse ? SHM_CREATE_SPARSE : SHM_CREATE_NONE)
                               | (has_huge_pages ? SHM_CREATE_HUGE_PAGES : SHM_CREATE_NONE);
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_shared_memory_create_full (name, size, mode, flags, NULL, &error);

  if (shm == NULL)
    return tool_fail (error);

  print_name (shm);

  return TOOL_OK;
}

static ToolStatus
create_list (const ToolCommand *self, const char *name, char **texts, guint mode)
{
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("av"));
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GError) error = NULL;

  for (char **text = texts; *text != NULL; text++)
    {
      g_autoptr (GVariant) value = tool_value_parse (*text);

      if (value == NULL)
        return tool_fail_usage (self, "the value \"%s\" is not UTF-8", *text);
      g_variant_builder_add (builder, "v", value);
    }

  list = shm_shareable_list_create_full (g_variant_builder_end (builder), name, mode, 0, NULL,
                                         &error);
  if (list == NULL)
    return tool_fail (error);

  print_name (shm_shareable_list_get_shared_memory (list));

  return TOOL_OK;
}

static ToolStatus
run_create (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "list", 'l', 0, G_OPTION_ARG_NONE, &is_list, "Create a list of the values that follow NAME",
      NULL },
    { "mode", 'm', 0, G_OPTION_ARG_STRING, &mode_text, "Permission bits (default: 0600)", "MODE" },
    { "sparse", 0, 0, G_OPTION_ARG_NONE, &is_sparse, "Do not reserve memory", NULL },
    { "huge-pages", 0, 0, G_OPTION_ARG_NONE, &has_huge_pages, "Ask for huge pages", NULL },
    { NULL },
  };
  guint64 size;
  guint mode;

  if (!tool_parse (self, entries, arguments, 1, G_MAXUINT))
    return TOOL_USAGE;
  if (!tool_parse_mode (mode_text, &mode))
    return tool_fail_usage (self, "\"%s\" is no mode: a mode is an octal number up to 0777",
                            mode_text);
  if (is_list)
    return create_list (self, tool_get_new_name ((*arguments)[0]), *arguments + 1, mode);

  if (g_strv_length (*arguments) != 2)
    return tool_fail_usage (self, "a block needs a name and a size");
  if (!parse_size ((*arguments)[1], &size))
    return tool_fail_usage (self,
                            "\"%s\" is no size: a size is a number of bytes, or a number "
                            "with K, M, G or T",
                            (*arguments)[1]);

  return create_block (tool_get_new_name ((*arguments)[0]), size, mode);
}

const ToolCommand tool_create_command = {
  .name = "create",
  .arguments = "NAME SIZE | --list NAME VALUE...",
  .summary = "Creates a block or a list, and prints its name",
  .description
  = "SIZE is in bytes, or has a suffix: 64K, 2M, 1GiB. With \"-\" for NAME, the name is "
    "generated.\n"
    "A VALUE is a number, true, false, none, b'bytes', or any other text. '\"1\"' is a text.\n"
    "Write -- before a negative number. The block stays until it is removed: shmobj unlink NAME",
  .run = run_create,
};
