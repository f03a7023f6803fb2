/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of lists as text and JSON. */

#include "config.h"

#include "tool/tool-block.h"

#include <string.h>

/* Returns whether the value is a text with NULs, which has the type (ay). */
static gboolean
is_text_with_nuls (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE ("(ay)"));
}

/* Appends bytes as Python writes them in a source text. */
static char *
format_bytes (const char *prefix, GVariant *value)
{
  gsize length;
  const guint8 *bytes = g_variant_get_fixed_array (value, &length, 1);
  GString *text = g_string_new (prefix);

  g_string_append_c (text, '\'');
  for (gsize i = 0; i < length; i++)
    if (bytes[i] == '\'' || bytes[i] == '\\')
      g_string_append_printf (text, "\\%c", bytes[i]);
    else if (g_ascii_isprint (bytes[i]))
      g_string_append_c (text, bytes[i]);
    else
      g_string_append_printf (text, "\\x%02x", bytes[i]);
  g_string_append_c (text, '\'');

  return g_string_free (text, FALSE);
}

static char *
shorten (char *text, gsize max_length)
{
  char *shortened;

  if (max_length == 0 || (gsize) g_utf8_strlen (text, -1) <= max_length)
    return text;

  shortened = g_strdup_printf ("%.*s...",
                               (int) (g_utf8_offset_to_pointer (text, max_length) - text), text);
  g_free (text);

  return shortened;
}

/* Returns the shortest number that reads back as the same value. */
static char *
format_double (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (guint precision = 15; precision <= 17; precision++)
    {
      char format[] = "%.__g";

      format[2] = '1';
      format[3] = '0' + precision - 10;
      g_ascii_formatd (text, sizeof text, format, number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }

  return g_strconcat (text, strpbrk (text, ".ein") == NULL ? ".0" : "", NULL);
}

char *
tool_value_format (GVariant *value, gsize max_length)
{
  g_autofree char *text = NULL;

  if (is_text_with_nuls (value))
    {
      g_autoptr (GVariant) bytes = g_variant_get_child_value (value, 0);

      text = format_bytes ("", bytes);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    text = format_bytes ("b", value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    text = g_strdup ("none");
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    text = format_double (g_variant_get_double (value));
  else
    text = g_variant_print (value, FALSE);

  return shorten (tool_get_printable (text), max_length);
}

static void
add_bytes (GVariant *value, const char *key, ToolJson *json)
{
  gsize length;
  gconstpointer data = g_variant_get_fixed_array (value, &length, 1);
  g_autofree char *encoded = g_base64_encode (data, length);

  tool_json_add_string (json, key, encoded);
}

void
tool_value_add_json (GVariant *value, const char *key, ToolJson *json)
{
  tool_json_begin (json, key, '{');
  if (value == NULL)
    {
      tool_json_add_string (json, "kind", "damaged");
      tool_json_add_null (json, "value");
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    {
      tool_json_add_string (json, "kind", "int");
      tool_json_add_int (json, "value", g_variant_get_int64 (value));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    {
      tool_json_add_string (json, "kind", "float");
      tool_json_add_double (json, "value", g_variant_get_double (value));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    {
      tool_json_add_string (json, "kind", "bool");
      tool_json_add_boolean (json, "value", g_variant_get_boolean (value));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      tool_json_add_string (json, "kind", "text");
      tool_json_add_string (json, "value", g_variant_get_string (value, NULL));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    {
      tool_json_add_string (json, "kind", "bytes");
      add_bytes (value, "value", json);
    }
  else if (is_text_with_nuls (value))
    {
      g_autoptr (GVariant) bytes = g_variant_get_child_value (value, 0);

      tool_json_add_string (json, "kind", "text-base64");
      add_bytes (bytes, "value", json);
    }
  else
    {
      tool_json_add_string (json, "kind", "none");
      tool_json_add_null (json, "value");
    }
  tool_json_end (json, '}');
}

/* Parses one byte of b'...', and moves @text after it. */
static gboolean
parse_byte (const char **text, guint8 *byte)
{
  const char *c = *text;

  if (c[0] == 0)
    return FALSE;
  if (c[0] != '\\')
    *byte = *c++;
  else if (c[1] == 'x' && g_ascii_isxdigit (c[2]) && g_ascii_isxdigit (c[3]))
    {
      *byte = g_ascii_xdigit_value (c[2]) * 16 + g_ascii_xdigit_value (c[3]);
      c += 4;
    }
  else if (c[1] != 0 && strchr ("\\'\"", c[1]) != NULL)
    {
      *byte = c[1];
      c += 2;
    }
  else
    return FALSE;
  *text = c;

  return TRUE;
}

/* Parses b'...' as tool_value_format() writes it. Returns NULL for another text. */
static GVariant *
parse_bytes (const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const char quote = text[0] == 'b' ? text[1] : 0;
  guint8 byte;

  if (quote != '\'' && quote != '"')
    return NULL;

  for (text += 2; *text != quote; g_byte_array_append (bytes, &byte, 1))
    if (!parse_byte (&text, &byte))
      return NULL;

  return text[1] == 0 ? g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes->data, bytes->len, 1)
                      : NULL;
}

GVariant *
tool_value_parse (const char *text)
{
  GVariant *value;

  if (g_str_equal (text, "none"))
    return g_variant_ref_sink (g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL));

  value = parse_bytes (text);
  if (value != NULL)
    return g_variant_ref_sink (value);

  value = g_variant_parse (NULL, text, NULL, NULL, NULL);
  if (value == NULL && g_utf8_validate (text, -1, NULL))
    return g_variant_ref_sink (g_variant_new_string (text));

  return value;
}
