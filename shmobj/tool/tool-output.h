/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text and JSON for the standard output. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns @text, which can contain any bytes, with an escape sequence in place of each byte that is
 * not UTF-8 and each character that does not print. A name of a block cannot change the terminal
 * then, and a message has one line. (transfer full) */
char *tool_get_printable (const char *text);

/* Returns a size such as "4.0 KiB". (transfer full) */
char *tool_format_size (guint64 size);

/* Returns the time since @modified, which is in microseconds since 1970: "5 s", "3 min", "2 h" or
 * "8 d". (transfer full) */
char *tool_format_age (gint64 modified);

/* Returns the name of a user, or the number if there is no name. (transfer full) */
char *tool_format_user (guint uid);

typedef enum
{
  TOOL_STYLE_NONE,
  TOOL_STYLE_HEADER,
  TOOL_STYLE_GOOD,
  TOOL_STYLE_BAD,
  TOOL_STYLE_DIM,
} ToolStyle;

/* Prints text with a style. There are no styles if the standard output is no terminal, or if the
 * variable NO_COLOR is set. */
void tool_print_styled (ToolStyle style, const char *text);

/* A table. Its columns are as wide as their longest cell. */
typedef struct _ToolTable ToolTable;

/* @headers ends with NULL. A header that begins with ">" is a column of numbers, which are aligned
 * at the right. The table does not copy @headers. */
ToolTable *tool_table_new (const char *const *headers);
void tool_table_free (ToolTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTable, tool_table_free)

/* Adds the next cell. (transfer full) */
void tool_table_add (ToolTable *self, char *cell);
void tool_table_print (ToolTable *self);

/* A JSON text that is being written. It contains ASCII characters only. */
typedef struct
{
  GString *text;
  gboolean needs_comma;
} ToolJson;

/* In an object, @key is the name of the member. Elsewhere, @key is NULL. */
void tool_json_begin (ToolJson *self, const char *key, char bracket);
void tool_json_end (ToolJson *self, char bracket);
void tool_json_add_string (ToolJson *self, const char *key, const char *value);
void tool_json_add_int (ToolJson *self, const char *key, gint64 value);
void tool_json_add_uint (ToolJson *self, const char *key, guint64 value);
void tool_json_add_double (ToolJson *self, const char *key, double value);
void tool_json_add_boolean (ToolJson *self, const char *key, gboolean value);
void tool_json_add_null (ToolJson *self, const char *key);

/* Begins the object that a command prints, with the version of the schema. */
void tool_json_begin_document (ToolJson *self);

/* Ends that object, and prints it as one line. */
void tool_json_print_document (ToolJson *self);

G_END_DECLS
