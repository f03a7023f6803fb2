/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `show`. */

#include "config.h"

#include <shmobj/shmobj.h>
#include <stdio.h>

#include "tool/tool-block.h"
#include "tool/tool.h"

#define LINE_SIZE 16
#define PART_SIZE (1024 * 1024)

static gboolean as_json, as_hex, any_owner;
static gint64 first, count = -1;

/* Prints a line such as "00000010  61 62 63  abc". */
static void
print_hex_line (guint64 offset, const guint8 *bytes, gsize length)
{
  char text[LINE_SIZE + 1] = "";

  g_print ("%08" G_GINT64_MODIFIER "x ", offset);
  for (gsize i = 0; i < LINE_SIZE; i++)
    {
      g_print (i % 8 == 0 ? " " : "");
      if (i >= length)
        g_print ("   ");
      else
        {
          g_print ("%02x ", bytes[i]);
          text[i] = g_ascii_isprint (bytes[i]) ? bytes[i] : '.';
        }
    }
  g_print (" |%s|\n", text);
}

/* Reads the block in parts. Reading copies the bytes, so a process that truncates the block causes
 * an error and no SIGBUS. */
static gboolean
show_bytes (ShmSharedMemory *shm, guint64 end, GError **error)
{
  for (guint64 offset = first; offset < end; offset += PART_SIZE)
    {
      g_autoptr (GBytes) part
          = shm_shared_memory_read (shm, offset, MIN (PART_SIZE, end - offset), error);
      gsize length;
      const guint8 *bytes;

      if (part == NULL)
        return FALSE;

      bytes = g_bytes_get_data (part, &length);
      for (gsize i = 0; i < length; i += LINE_SIZE)
        print_hex_line (offset + i, bytes + i, MIN (LINE_SIZE, length - i));
    }

  return TRUE;
}

static void
begin_json (ToolJson *json, const char *name, const char *content)
{
  tool_json_begin_document (json);
  tool_json_add_string (json, "name", name);
  tool_json_add_string (json, "content", content);
  tool_json_add_int (json, "first", first);
}

static gboolean
show_bytes_json (ShmSharedMemory *shm, guint64 end, GError **error)
{
  const char *name = shm_shared_memory_get_name (shm);
  g_autoptr (GBytes) bytes
      = shm_shared_memory_read (shm, first, end - MIN (end, (guint64) first), error);
  g_autofree char *encoded = NULL;
  gsize length;
  gconstpointer data;
  ToolJson json;

  if (bytes == NULL)
    return FALSE;

  data = g_bytes_get_data (bytes, &length);
  encoded = g_base64_encode (data, length);
  begin_json (&json, name, "bytes");
  tool_json_add_string (&json, "bytes", encoded);
  tool_json_print_document (&json);

  return TRUE;
}

static void
show_values (ShmShareableList *list, guint64 end)
{
  for (guint64 i = first; i < end; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = shm_shareable_list_get_value (list, i, &error);
      g_autofree char *text = value != NULL ? tool_value_format (value, 0) : g_strdup ("(damaged)");

      g_print ("%" G_GUINT64_FORMAT ": %s\n", i, text);
    }
}

static void
show_values_json (ShmShareableList *list, const char *name, guint64 end)
{
  ToolJson json;

  begin_json (&json, name, "list");
  tool_json_begin (&json, "values", '[');
  for (guint64 i = first; i < end; i++)
    {
      g_autoptr (GVariant) value = shm_shareable_list_get_value (list, i, NULL);

      tool_value_add_json (value, NULL, &json);
    }
  tool_json_end (&json, ']');
  tool_json_print_document (&json);
}

static guint64
get_end (guint64 length)
{
  return count < 0 || (guint64) count > length - MIN (length, (guint64) first)
             ? length
             : (guint64) (first + count);
}

static ToolStatus
show (const char *name, const ToolBlock *block)
{
  const ShmAttachFlags flags
      = any_owner ? SHM_ATTACH_READ_ONLY | SHM_ATTACH_ANY_OWNER : SHM_ATTACH_READ_ONLY;
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autoptr (GError) error = NULL;
  guint64 end;

  if (block->content == TOOL_CONTENT_LIST && !as_hex)
    {
      end = get_end (shm_shareable_list_get_length (block->list));
      if (as_json)
        show_values_json (block->list, block->name, end);
      else
        show_values (block->list, end);
      return TOOL_OK;
    }

  shm = shm_shared_memory_attach (name, flags, &error);
  if (shm == NULL)
    return tool_fail (error);

  end = get_end (shm_shared_memory_get_size (shm));
  if (!(as_json ? show_bytes_json : show_bytes) (shm, end, &error))
    return tool_fail (error);

  return TOOL_OK;
}

static ToolStatus
run_show (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
    { "hex", 'x', 0, G_OPTION_ARG_NONE, &as_hex, "Show the bytes, also those of a list", NULL },
    { "first", 'f', 0, G_OPTION_ARG_INT64, &first, "Begin at this byte or value (default: 0)",
      "N" },
    { "count", 'c', 0, G_OPTION_ARG_INT64, &count, "Show so many bytes or values (default: all)",
      "N" },
    { "any-owner", 'a', 0, G_OPTION_ARG_NONE, &any_owner,
      "Accept the block of a user who is neither root nor you", NULL },
    { NULL },
  };
  g_autoptr (ToolBlock) block = NULL;
  g_autoptr (GError) error = NULL;

  if (!tool_parse (self, entries, arguments, 1, 1))
    return TOOL_USAGE;
  if (first < 0)
    return tool_fail_usage (self, "--first needs a number that is not negative");

  block = tool_block_find ((*arguments)[0], any_owner, &error);
  if (block == NULL)
    return tool_fail (error);

  return show ((*arguments)[0], block);
}

const ToolCommand tool_show_command = {
  .name = "show",
  .arguments = "NAME",
  .summary = "Shows the values of a list, or the bytes of a block",
  .description
  = "Values are in GVariant's text format, bytes look as in Python: b'...'. In JSON, bytes are in "
    "Base64.",
  .run = run_show,
};
