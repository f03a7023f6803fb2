/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands `load` and `save`, which copy a file to a block and a block to a file. */

#include "config.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <shmobj/shmobj.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/tool-create.h"
#include "tool/tool-output.h"
#include "tool/tool.h"

#define PART_SIZE       (4 * 1024 * 1024)
#define PROGRESS_SIZE   (64 * 1024 * 1024) /* smaller files are copied at once */
#define PROGRESS_LENGTH 40

static char *mode_text;
static gboolean any_owner, replaces;

/* Prints a bar on the terminal if the file is large. */
static void
print_progress (guint64 done, guint64 size)
{
  char bar[PROGRESS_LENGTH + 1];
  const guint n_full = size > 0 ? PROGRESS_LENGTH * (done / (double) size) : PROGRESS_LENGTH;

  if (size < PROGRESS_SIZE || !isatty (STDERR_FILENO))
    return;

  for (guint i = 0; i < PROGRESS_LENGTH; i++)
    bar[i] = i < n_full ? '#' : '-';
  bar[PROGRESS_LENGTH] = '\0';
  fprintf (stderr, "\r[%s] %3u %%%s", bar, n_full * 100 / PROGRESS_LENGTH,
           done == size ? "\r\033[K" : "");
}

/* Reads up to @size bytes. Returns NULL on error. (transfer full) */
static GBytes *
read_part (GInputStream *stream, gsize size, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (size);
  gsize n_read;

  if (!g_input_stream_read_all (stream, buffer, size, &n_read, NULL, error))
    return NULL;

  return g_bytes_new_take (g_steal_pointer (&buffer), n_read);
}

/* Reads the standard input to its end. */
static GInputStream *
read_standard_input (guint64 *size, GError **error)
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) bytes = NULL;

  if (g_output_stream_splice (memory, input, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, error) < 0)
    return NULL;

  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  *size = g_bytes_get_size (bytes);

  return g_memory_input_stream_new_from_bytes (bytes);
}

static GInputStream *
open_file (const char *path, guint64 *size, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GFileInfo) info = NULL;

  if (g_str_equal (path, "-"))
    return read_standard_input (size, error);

  stream = g_file_read (file, NULL, error);
  if (stream == NULL)
    return NULL;

  info = g_file_input_stream_query_info (stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, error);
  if (info == NULL)
    return NULL;

  *size = g_file_info_get_size (info);

  return G_INPUT_STREAM (g_steal_pointer (&stream));
}

/* Copies the file into the block. If the file has become shorter, the block ends with zeros. */
static gboolean
fill (ShmSharedMemory *shm,
      GInputStream *stream,
      guint64 size,
      const char *path,
      ToolStatus *status)
{
  g_autoptr (GError) error = NULL;

  for (guint64 offset = 0; offset < size; offset += PART_SIZE)
    {
      g_autoptr (GBytes) part = read_part (stream, MIN (PART_SIZE, size - offset), &error);

      print_progress (offset, size);
      if (part == NULL)
        {
          *status = tool_fail_file (path, error);
          return FALSE;
        }
      if (!shm_shared_memory_write (shm, offset, part, &error))
        {
          *status = tool_fail (error);
          return FALSE;
        }
    }
  print_progress (size, size);

  return TRUE;
}

static ToolStatus
load (const char *path, const char *name, guint mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autofree char *printable = NULL;
  guint64 size = 0;
  g_autoptr (GInputStream) stream = open_file (path, &size, &error);
  ToolStatus status = TOOL_OK;

  if (stream == NULL)
    return tool_fail_file (path, error);

  shm = shm_shared_memory_create_full (name, size, mode, SHM_CREATE_NONE, NULL, &error);
  if (shm == NULL)
    return tool_fail (error);

  if (!fill (shm, stream, size, path, &status))
    {
      shm_shared_memory_unlink (shm, NULL);
      return status;
    }

  printable = tool_get_printable (shm_shared_memory_get_name (shm));
  g_print ("%s\n", printable);

  return TOOL_OK;
}

static ToolStatus
run_load (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "mode", 'm', 0, G_OPTION_ARG_STRING, &mode_text, "Permission bits (default: 0600)", "MODE" },
    { NULL },
  };
  guint mode;

  if (!tool_parse (self, entries, arguments, 1, 2))
    return TOOL_USAGE;
  if (!tool_parse_mode (mode_text, &mode))
    return tool_fail_usage (self, "\"%s\" is no mode: a mode is an octal number up to 0777",
                            mode_text);

  return load ((*arguments)[0],
               (*arguments)[1] != NULL ? tool_get_new_name ((*arguments)[1]) : NULL, mode);
}

const ToolCommand tool_load_command = {
  .name = "load",
  .arguments = "FILE [NAME]",
  .summary = "Creates a block with the content of a file, and prints its name",
  .description = "FILE can be - for the standard input. Without NAME, the name is generated.",
  .run = run_load,
};

/* Opens the file to write. The file gets its name, or its new content, when it is closed. */
static GOutputStream *
open_target (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);

  if (g_str_equal (path, "-"))
    return g_unix_output_stream_new (STDOUT_FILENO, FALSE);

  if (replaces)
    return G_OUTPUT_STREAM (g_file_replace (file, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, error));

  return G_OUTPUT_STREAM (g_file_create (file, G_FILE_CREATE_PRIVATE, NULL, error));
}

static gboolean
copy_to_stream (ShmSharedMemory *shm, GOutputStream *stream, const char *path, ToolStatus *status)
{
  const guint64 size = shm_shared_memory_get_size (shm);
  g_autoptr (GError) error = NULL;

  for (guint64 offset = 0; offset < size; offset += PART_SIZE)
    {
      g_autoptr (GBytes) part
          = shm_shared_memory_read (shm, offset, MIN (PART_SIZE, size - offset), &error);

      print_progress (offset, size);
      if (part == NULL)
        {
          *status = tool_fail (error);
          return FALSE;
        }
      if (!g_output_stream_write_all (stream, g_bytes_get_data (part, NULL),
                                      g_bytes_get_size (part), NULL, NULL, &error))
        {
          *status = tool_fail_file (path, error);
          return FALSE;
        }
    }
  print_progress (size, size);

  return TRUE;
}

/* Closes the stream without replacing the file, and removes a file that was created. */
static void
discard (GOutputStream *stream, const char *path)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);

  g_cancellable_cancel (cancellable);
  g_output_stream_close (stream, cancellable, NULL);
  if (!replaces && !g_str_equal (path, "-"))
    g_file_delete (file, NULL, NULL);
}

static ToolStatus
save (const char *name, const char *path)
{
  const ShmAttachFlags flags
      = any_owner ? SHM_ATTACH_READ_ONLY | SHM_ATTACH_ANY_OWNER : SHM_ATTACH_READ_ONLY;
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (name, flags, &error);
  g_autoptr (GOutputStream) stream = NULL;
  ToolStatus status = TOOL_OK;

  if (shm == NULL)
    return tool_fail (error);

  stream = open_target (path, &error);
  if (stream == NULL)
    return tool_fail_file (path, error);

  if (!copy_to_stream (shm, stream, path, &status))
    discard (stream, path);
  else if (!g_output_stream_close (stream, NULL, &error))
    status = tool_fail_file (path, error);

  return status;
}

static ToolStatus
run_save (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "force", 'f', 0, G_OPTION_ARG_NONE, &replaces, "Replace FILE if it exists", NULL },
    { "any-owner", 'a', 0, G_OPTION_ARG_NONE, &any_owner,
      "Accept the block of a user who is neither root nor you", NULL },
    { NULL },
  };

  if (!tool_parse (self, entries, arguments, 2, 2))
    return TOOL_USAGE;

  return save ((*arguments)[0], (*arguments)[1]);
}

const ToolCommand tool_save_command = {
  .name = "save",
  .arguments = "NAME FILE",
  .summary = "Writes the content of a block to a file",
  .description = "FILE can be - for the standard output.",
  .run = run_save,
};
