/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-columns.h"

#include <math.h>
#include <string.h>

#define HEAD_SIZE (3 * sizeof (double))

/* The size of a value without its text or bytes. */
#define ROW_SIZE (sizeof (double) + 1)

static gboolean
is_safe_integer (double number)
{
  return fabs (number) <= SHM_MAX_SAFE_INTEGER && number == (double) (gint64) number
         && !(number == 0 && signbit (number));
}

/* Reading */

static double
read_double (const guint8 *bytes, guint64 index)
{
  double number;

  memcpy (&number, bytes + index * sizeof number, sizeof number);

  return number;
}

/* Returns FALSE if the number is no length of at most @max. */
static gboolean
read_length (const guint8 *bytes, guint64 index, gsize max, gsize *length)
{
  const double number = read_double (bytes, index);

  if (!(number >= 0 && number <= SHM_MAX_SAFE_INTEGER) || (guint64) number > max)
    return FALSE;
  *length = (gsize) number;

  return TRUE;
}

static gboolean
fail (ShmListColumns *self)
{
  self->has_failed = TRUE;

  return FALSE;
}

/* Sets @length to the number of bytes at the beginning of @bytes whose text has @n_units code units
 * in UTF-16. Returns FALSE if no beginning has exactly that many. Does not check the UTF-8. */
static gboolean
measure_utf8 (const guint8 *bytes, gsize max, gsize n_units, gsize *length)
{
  gsize at = 0;

  while (n_units > 0 && at < max)
    {
      const guint8 lead = bytes[at];
      const gsize units = lead >= 0xf0 ? 2 : 1;

      if (units > n_units)
        return FALSE;
      n_units -= units;
      at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    }
  *length = at;

  return n_units == 0 && at <= max;
}

static gboolean
read_text (ShmListColumns *self, ShmListValue *value)
{
  const gsize max = self->byte_strings - self->next_text;
  gsize n_units;

  if (!read_length (self->numbers, self->index, max, &n_units))
    return fail (self);

  value->length = n_units;
  if (!self->is_ascii && !measure_utf8 (self->next_text, max, n_units, &value->length))
    return fail (self);
  value->bytes = self->next_text;
  self->next_text += value->length;

  return TRUE;
}

static gboolean
read_byte_string (ShmListColumns *self, ShmListValue *value)
{
  if (!read_length (self->numbers, self->index, self->end - self->next_byte_string, &value->length))
    return fail (self);
  value->bytes = self->next_byte_string;
  self->next_byte_string += value->length;

  return TRUE;
}

static gboolean
read_value (ShmListColumns *self, ShmListValue *value)
{
  const double number = read_double (self->numbers, self->index);
  const guint8 type = self->types[self->index];

  value->kind = type;
  value->length = 0;
  switch (type)
    {
    case SHM_VALUE_KIND_NONE:
      value->integer = 0;
      return TRUE;
    case SHM_VALUE_KIND_INT64:
      if (is_safe_integer (number))
        {
          value->integer = (gint64) number;
          return TRUE;
        }
      value->kind = SHM_VALUE_KIND_DOUBLE;
      value->number = number;
      return TRUE;
    case SHM_VALUE_KIND_DOUBLE:
      value->number = number;
      return TRUE;
    case SHM_VALUE_KIND_BOOLEAN:
      value->truth = number != 0;
      return TRUE;
    case SHM_VALUE_KIND_STRING:
      return read_text (self, value);
    case SHM_VALUE_KIND_BYTES:
      return read_byte_string (self, value);
    case SHM_LIST_COLUMN_LARGE:
      value->kind = SHM_VALUE_KIND_INT64;
      memcpy (&value->integer, &number, sizeof value->integer);
      return TRUE;
    default:
      return fail (self);
    }
}

static void
rewind_columns (ShmListSource *source)
{
  ShmListColumns *self = (ShmListColumns *) source;

  self->index = 0;
  self->next_text = self->texts;
  self->next_byte_string = self->byte_strings;
}

static gboolean
is_complete (const ShmListColumns *self)
{
  return self->next_text == self->byte_strings && self->next_byte_string == self->end;
}

static gboolean
next_value (ShmListSource *source, ShmListValue *value)
{
  ShmListColumns *self = (ShmListColumns *) source;

  if (!read_value (self, value))
    return FALSE;

  return ++self->index < source->n_items || is_complete (self) || fail (self);
}

/* Returns whether the texts have as many bytes as code units of UTF-16. */
static gboolean
has_ascii_lengths (const ShmListColumns *self)
{
  const double size = self->byte_strings - self->texts;
  double n_units = 0;

  for (guint64 i = 0; i < self->source.n_items && n_units <= size; i++)
    if (self->types[i] == SHM_VALUE_KIND_STRING)
      n_units += read_double (self->numbers, i);

  return n_units == size;
}

gboolean
shm_list_columns_init (ShmListColumns *self, const guint8 *bytes, gsize length)
{
  const gsize max_items = length < HEAD_SIZE ? 0 : (length - HEAD_SIZE) / ROW_SIZE;
  gsize n_items, text_size;

  *self = (ShmListColumns){ .source = { .rewind = rewind_columns, .next = next_value } };
  if (length < HEAD_SIZE || read_double (bytes, 0) != SHM_LIST_COLUMNS_MARK
      || !read_length (bytes, 1, max_items, &n_items)
      || !read_length (bytes, 2, length - HEAD_SIZE - n_items * ROW_SIZE, &text_size))
    return fail (self);

  self->source.n_items = n_items;
  self->numbers = bytes + HEAD_SIZE;
  self->types = self->numbers + n_items * sizeof (double);
  self->texts = self->types + n_items;
  self->byte_strings = self->texts + text_size;
  self->end = bytes + length;
  self->is_ascii = has_ascii_lengths (self);
  rewind_columns (&self->source);

  return n_items > 0 || is_complete (self) || fail (self);
}

/* Writing */

static void
write_double (guint8 *bytes, guint64 index, double number)
{
  memcpy (bytes + index * sizeof number, &number, sizeof number);
}

/* Returns the number of code units of valid UTF-8 in UTF-16. */
static gsize
count_utf16 (const guint8 *text, gsize length)
{
  gsize n_units = 0;

  for (gsize i = 0; i < length; i++)
    n_units += (text[i] & 0xc0) != 0x80 ? 1 + (text[i] >= 0xf0) : 0;

  return n_units;
}

static guint8 *
write_bytes (guint8 *at, const ShmListValue *value)
{
  if (value->length > 0)
    memcpy (at, value->bytes, value->length);

  return at + value->length;
}

static void
write_integer (guint8 *numbers, guint8 *types, guint64 i, gint64 integer)
{
  if (fabs ((double) integer) <= SHM_MAX_SAFE_INTEGER)
    {
      write_double (numbers, i, (double) integer);
    }
  else
    {
      memcpy (numbers + i * sizeof integer, &integer, sizeof integer);
      types[i] = SHM_LIST_COLUMN_LARGE;
    }
}

/* Copies all bytes. The items are valid. */
static guint8 *
write_byte_strings (const ShmListParts *parts, guint8 *at)
{
  ShmListValue value;

  for (guint64 i = 0; i < parts->n_items; i++)
    if (shm_list_get_value (parts, parts->first + i, &value) && value.kind == SHM_VALUE_KIND_BYTES)
      at = write_bytes (at, &value);

  return at;
}

/* Returns the end of the columns, or NULL if item @index is corrupt. */
static guint8 *
write_columns (const ShmListParts *parts, guint8 *columns, guint64 *index)
{
  guint8 *numbers = columns + HEAD_SIZE;
  guint8 *types = numbers + parts->n_items * sizeof (double);
  guint8 *texts = types + parts->n_items;
  guint8 *at = texts;
  gboolean has_byte_strings = FALSE;
  ShmListValue value;

  for (guint64 i = 0; i < parts->n_items; i++)
    {
      *index = parts->first + i;
      if (!shm_list_get_value (parts, *index, &value))
        return NULL;

      types[i] = value.kind;
      switch (value.kind)
        {
        case SHM_VALUE_KIND_INT64:
          write_integer (numbers, types, i, value.integer);
          break;
        case SHM_VALUE_KIND_DOUBLE:
          write_double (numbers, i, value.number);
          break;
        case SHM_VALUE_KIND_BOOLEAN:
          write_double (numbers, i, value.truth != FALSE);
          break;
        case SHM_VALUE_KIND_STRING:
          write_double (numbers, i, count_utf16 (value.bytes, value.length));
          at = write_bytes (at, &value);
          break;
        case SHM_VALUE_KIND_BYTES:
          write_double (numbers, i, value.length);
          has_byte_strings = TRUE;
          break;
        case SHM_VALUE_KIND_NONE:
        default:
          write_double (numbers, i, 0);
        }
    }

  write_double (columns, 0, SHM_LIST_COLUMNS_MARK);
  write_double (columns, 1, parts->n_items);
  write_double (columns, 2, at - texts);

  return has_byte_strings ? write_byte_strings (parts, at) : at;
}

GBytes *
shm_list_to_columns (const ShmListParts *parts, guint64 *index)
{
  /* Valid slots do not overlap, and no value is larger than its slot. */
  const gsize max_size
      = HEAD_SIZE + ROW_SIZE * parts->n_items + (parts->data_to - parts->data_from);
  g_autofree guint8 *columns = g_try_malloc (max_size);
  guint8 *end;
  gsize size;

  if (columns == NULL)
    {
      *index = SHM_LIST_NO_MEMORY;
      return NULL;
    }

  end = write_columns (parts, columns, index);
  if (end == NULL)
    return NULL;

  size = end - columns;
  g_assert (size <= max_size);

  return g_bytes_new_take (g_realloc (g_steal_pointer (&columns), size), size);
}
