/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool.h"

#include <locale.h>
#include <shmobj/shmobj.h>
#include <signal.h>
#include <string.h>

#include "tool/tool-output.h"

static const ToolCommand *const commands[] = {
  &tool_list_command,   &tool_info_command,  &tool_show_command,    &tool_create_command,
  &tool_load_command,   &tool_save_command,  &tool_unlink_command,  &tool_gc_command,
  &tool_doctor_command, &tool_watch_command, &tool_manager_command,
};

static const ToolCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i]->name, name))
      return commands[i];

  return NULL;
}

static void
print_help (void)
{
  g_print ("Usage: shmobj COMMAND [OPTIONS] [ARGUMENTS]\n\n"
           "Looks at, makes and removes blocks of shared memory.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-8s  %s\n", commands[i]->name, commands[i]->summary);
  g_print ("\n`shmobj COMMAND --help` describes a command, `shmobj --version` prints the version.\n"
           "Exit status: 0 success, 1 failure, 2 wrong usage, 3 no such block, 4 `doctor` found a "
           "problem.\n");
}

static void
remove_first (char **strings)
{
  g_free (strings[0]);
  memmove (strings, strings + 1, (g_strv_length (strings + 1) + 1) * sizeof (char *));
}

gboolean
tool_parse (const ToolCommand *command,
            const GOptionEntry *entries,
            char ***arguments,
            guint min,
            guint max)
{
  g_autoptr (GOptionContext) context = g_option_context_new (command->arguments);
  g_autofree char *program = g_strconcat ("shmobj ", command->name, NULL);
  g_autoptr (GError) error = NULL;
  guint n_arguments;

  g_set_prgname (program);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, arguments, &error))
    {
      tool_fail_usage (command, "%s", error->message);
      return FALSE;
    }

  remove_first (*arguments); /* the name of the command */
  for (char **argument = *arguments; *argument != NULL; argument++)
    if (g_str_equal (*argument, "--"))
      {
        remove_first (argument);
        break;
      }

  n_arguments = g_strv_length (*arguments);
  if (n_arguments >= min && n_arguments <= max)
    return TRUE;

  tool_fail_usage (command, "%s",
                   n_arguments < min ? "an argument is missing" : "there are too many arguments");

  return FALSE;
}

ToolStatus
tool_fail_usage (const ToolCommand *command, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *printable = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  printable = tool_get_printable (message);
  g_printerr ("shmobj: %s: %s (`shmobj %s --help` describes the command)\n", command->name,
              printable, command->name);

  return TOOL_USAGE;
}

ToolStatus
tool_fail (const GError *error)
{
  g_autofree char *printable = tool_get_printable (error->message);

  g_printerr ("shmobj: %s\n", printable);

  return g_error_matches (error, SHM_ERROR, SHM_ERROR_NOT_FOUND) ? TOOL_NOT_FOUND : TOOL_FAILED;
}

ToolStatus
tool_fail_file (const char *path, const GError *error)
{
  g_autofree char *printable_path = tool_get_printable (path);
  g_autofree char *printable = tool_get_printable (error->message);

  g_printerr ("shmobj: The file \"%s\" cannot be used: %s\n", printable_path, printable);

  return TOOL_FAILED;
}

static ToolStatus
run_command (const char *name, char **arguments)
{
  const ToolCommand *command = find_command (name);
  g_autofree char *printable = NULL;

  if (command != NULL)
    {
      g_auto (GStrv) copy = g_strdupv (arguments);

      return command->run (command, &copy);
    }

  printable = tool_get_printable (name);
  g_printerr ("shmobj: There is no command \"%s\": `shmobj --help` lists the commands\n",
              printable);

  return TOOL_USAGE;
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_set_prgname ("shmobj");

  if (argc < 2)
    {
      g_printerr ("shmobj: A command is missing: `shmobj --help` lists the commands\n");
      return TOOL_USAGE;
    }

  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    print_help ();
  else if (g_str_equal (argv[1], "--version"))
    g_print ("shmobj %u.%u.%u\n", shm_get_major_version (), shm_get_minor_version (),
             shm_get_micro_version ());
  else
    return run_command (argv[1], argv + 1);

  return TOOL_OK;
}
