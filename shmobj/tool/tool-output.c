/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool-output.h"

#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA_VERSION 1

/* Text */

char *
tool_get_printable (const char *text)
{
  GString *printable = g_string_new (NULL);

  while (*text != '\0')
    {
      const gunichar character = g_utf8_get_char_validated (text, -1);

      if (character == (gunichar) -1 || character == (gunichar) -2)
        g_string_append_printf (printable, "\\x%02x", (guint8) *text++);
      else
        {
          if (g_unichar_isprint (character))
            g_string_append_unichar (printable, character);
          else
            g_string_append_printf (printable, "\\u{%x}", character);
          text = g_utf8_next_char (text);
        }
    }

  return g_string_free (printable, FALSE);
}

char *
tool_format_size (guint64 size)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  double number = size;
  guint unit = 0;

  if (size < 1024)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", size);

  for (number /= 1024; number >= 1024; number /= 1024)
    unit++;

  return g_strdup_printf ("%.1f %s", number, units[unit]);
}

char *
tool_format_age (gint64 modified)
{
  const gint64 seconds = MAX (0, g_get_real_time () - modified) / G_USEC_PER_SEC;

  if (seconds < 60)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", seconds);
  if (seconds < 60 * 60)
    return g_strdup_printf ("%" G_GINT64_FORMAT " min", seconds / 60);
  if (seconds < 48 * 60 * 60)
    return g_strdup_printf ("%" G_GINT64_FORMAT " h", seconds / 60 / 60);

  return g_strdup_printf ("%" G_GINT64_FORMAT " d", seconds / 60 / 60 / 24);
}

char *
tool_format_user (guint uid)
{
  const struct passwd *entry = getpwuid (uid);

  return entry != NULL ? tool_get_printable (entry->pw_name) : g_strdup_printf ("%u", uid);
}

static gboolean
has_styles (void)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *terminal = g_getenv ("TERM");

  return isatty (STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') && terminal != NULL
         && !g_str_equal (terminal, "dumb");
}

void
tool_print_styled (ToolStyle style, const char *text)
{
  static const char *const sequences[] = {
    [TOOL_STYLE_HEADER] = "\033[1m",
    [TOOL_STYLE_GOOD] = "\033[32m",
    [TOOL_STYLE_BAD] = "\033[1;31m",
    [TOOL_STYLE_DIM] = "\033[2m",
  };

  if (style != TOOL_STYLE_NONE && has_styles ())
    g_print ("%s%s\033[0m", sequences[style], text);
  else
    g_print ("%s", text);
}

/* Tables */

struct _ToolTable
{
  const char *const *headers;
  guint n_columns;
  GPtrArray *cells;
};

ToolTable *
tool_table_new (const char *const *headers)
{
  ToolTable *self = g_new (ToolTable, 1);

  self->headers = headers;
  self->n_columns = g_strv_length ((char **) headers);
  self->cells = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < self->n_columns; i++)
    tool_table_add (self, g_strdup (headers[i][0] == '>' ? headers[i] + 1 : headers[i]));

  return self;
}

void
tool_table_free (ToolTable *self)
{
  g_ptr_array_unref (self->cells);
  g_free (self);
}

void
tool_table_add (ToolTable *self, char *cell)
{
  g_ptr_array_add (self->cells, cell);
}

static guint
get_width (ToolTable *self, guint column)
{
  glong width = 0;

  for (guint i = column; i < self->cells->len; i += self->n_columns)
    width = MAX (width, g_utf8_strlen (self->cells->pdata[i], -1));

  return width;
}

static void
print_cell (const char *cell, guint width, gboolean is_number, gboolean is_last, ToolStyle style)
{
  const int gap = (int) width - (int) g_utf8_strlen (cell, -1);

  if (is_number)
    g_print ("%*s", gap, "");
  tool_print_styled (style, cell);
  if (is_last)
    g_print ("\n");
  else
    g_print ("%*s", 2 + (is_number ? 0 : gap), "");
}

void
tool_table_print (ToolTable *self)
{
  g_autofree guint *widths = g_new (guint, self->n_columns);

  for (guint column = 0; column < self->n_columns; column++)
    widths[column] = get_width (self, column);

  for (guint i = 0; i < self->cells->len; i++)
    {
      const guint column = i % self->n_columns;

      print_cell (self->cells->pdata[i], widths[column], self->headers[column][0] == '>',
                  column == self->n_columns - 1,
                  i < self->n_columns ? TOOL_STYLE_HEADER : TOOL_STYLE_NONE);
    }
}

/* JSON */

static void
append_string (GString *text, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  g_string_append_c (text, '"');
  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      const gunichar character = g_utf8_get_char (c);

      if (character == '"' || character == '\\')
        g_string_append_printf (text, "\\%c", (char) character);
      else if (character >= ' ' && character < 0x7f)
        g_string_append_c (text, character);
      else if (character < 0x10000)
        g_string_append_printf (text, "\\u%04x", character);
      else
        g_string_append_printf (text, "\\u%04x\\u%04x", 0xd7c0 + (character >> 10),
                                0xdc00 + (character & 0x3ff));
    }
  g_string_append_c (text, '"');
}

static void
begin_value (ToolJson *self, const char *key)
{
  if (self->needs_comma)
    g_string_append (self->text, ", ");
  self->needs_comma = TRUE;
  if (key != NULL)
    {
      append_string (self->text, key);
      g_string_append (self->text, ": ");
    }
}

void
tool_json_begin (ToolJson *self, const char *key, char bracket)
{
  begin_value (self, key);
  g_string_append_c (self->text, bracket);
  self->needs_comma = FALSE;
}

void
tool_json_end (ToolJson *self, char bracket)
{
  g_string_append_c (self->text, bracket);
  self->needs_comma = TRUE;
}

void
tool_json_add_string (ToolJson *self, const char *key, const char *value)
{
  begin_value (self, key);
  append_string (self->text, value);
}

void
tool_json_add_int (ToolJson *self, const char *key, gint64 value)
{
  begin_value (self, key);
  g_string_append_printf (self->text, "%" G_GINT64_FORMAT, value);
}

void
tool_json_add_uint (ToolJson *self, const char *key, guint64 value)
{
  begin_value (self, key);
  g_string_append_printf (self->text, "%" G_GUINT64_FORMAT, value);
}

/* JSON has no number for infinity and NaN. They become "inf", "-inf" and "nan". */
void
tool_json_add_double (ToolJson *self, const char *key, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_dtostr (number, sizeof number, value);
  if (isfinite (value))
    {
      begin_value (self, key);
      g_string_append (self->text, number);
    }
  else
    tool_json_add_string (self, key, isnan (value) ? "nan" : number);
}

void
tool_json_add_boolean (ToolJson *self, const char *key, gboolean value)
{
  begin_value (self, key);
  g_string_append (self->text, value ? "true" : "false");
}

void
tool_json_add_null (ToolJson *self, const char *key)
{
  begin_value (self, key);
  g_string_append (self->text, "null");
}

void
tool_json_begin_document (ToolJson *self)
{
  self->text = g_string_new (NULL);
  self->needs_comma = FALSE;
  tool_json_begin (self, NULL, '{');
  tool_json_add_uint (self, "schema", SCHEMA_VERSION);
}

void
tool_json_print_document (ToolJson *self)
{
  tool_json_end (self, '}');
  g_string_append_c (self->text, '\n');
  fputs (self->text->str, stdout);
  fflush (stdout);
  g_string_free (g_steal_pointer (&self->text), TRUE);
}
