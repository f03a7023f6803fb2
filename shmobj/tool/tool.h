/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `shmobj`. It uses only the public interface of the library, and its own look at
 * /dev/shm and /proc. docs/reference/tool.md describes it. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The exit statuses. */
typedef enum
{
  TOOL_OK = 0,
  TOOL_FAILED = 1,    /* the operation failed */
  TOOL_USAGE = 2,     /* wrong options or arguments */
  TOOL_NOT_FOUND = 3, /* there is no block with this name */
  TOOL_PROBLEMS = 4,  /* `doctor` found a problem */
} ToolStatus;

typedef struct _ToolCommand ToolCommand;

/* A command. @run gets the arguments that follow the name of the command, and may change them. It
 * returns an exit status. */
struct _ToolCommand
{
  const char *name;
  const char *arguments;   /* for the line "Usage:" */
  const char *summary;     /* one line */
  const char *description; /* for --help (nullable) */
  ToolStatus (*run) (const ToolCommand *self, char ***arguments);
};

extern const ToolCommand tool_list_command;
extern const ToolCommand tool_info_command;
extern const ToolCommand tool_show_command;
extern const ToolCommand tool_create_command;
extern const ToolCommand tool_load_command;
extern const ToolCommand tool_save_command;
extern const ToolCommand tool_unlink_command;
extern const ToolCommand tool_gc_command;
extern const ToolCommand tool_doctor_command;
extern const ToolCommand tool_watch_command;
extern const ToolCommand tool_manager_command;

/* Parses options. What follows the options stays in @arguments. Prints an error and returns FALSE
 * if the options are wrong, or if the number of arguments is not between @min and @max. */
gboolean tool_parse (const ToolCommand *command,
                     const GOptionEntry *entries,
                     char ***arguments,
                     guint min,
                     guint max);

/* Prints "shmobj: " and a message on one line. Returns TOOL_USAGE. */
ToolStatus tool_fail_usage (const ToolCommand *command, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Prints an error on one line. Returns TOOL_NOT_FOUND or TOOL_FAILED. */
ToolStatus tool_fail (const GError *error);

/* Prints an error about a file on one line. Returns TOOL_FAILED. */
ToolStatus tool_fail_file (const char *path, const GError *error);

G_END_DECLS
