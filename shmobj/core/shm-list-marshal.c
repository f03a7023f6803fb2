/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-marshal.h"

#include <errno.h>
#include <string.h>

/* The maximum number of bytes of a value, without the bytes of a str or bytes: an int of DIGITS_MAX
 * digits. */
#define MARSHALLED_MAX 15
#define DIGIT_BITS     15
#define DIGITS_MAX     5

/* Reading */

static gboolean
fail (ShmListUnmarshaller *self, int errnum)
{
  self->has_failed = TRUE;
  self->errnum = errnum;

  return FALSE;
}

static gboolean
read_bytes_to (ShmListUnmarshaller *self, void *bytes, gsize length)
{
  if ((gsize) (self->end - self->at) < length)
    return fail (self, EBADMSG);

  memcpy (bytes, self->at, length);
  self->at += length;

  return TRUE;
}

static gboolean
read_uint32 (ShmListUnmarshaller *self, guint32 *number)
{
  if (!read_bytes_to (self, number, sizeof *number))
    return FALSE;
  *number = GUINT32_FROM_LE (*number);

  return TRUE;
}

static gboolean
read_uint64 (ShmListUnmarshaller *self, guint64 *number)
{
  if (!read_bytes_to (self, number, sizeof *number))
    return FALSE;
  *number = GUINT64_FROM_LE (*number);

  return TRUE;
}

static gboolean
read_digits (ShmListUnmarshaller *self, gint64 *integer)
{
  guint64 magnitude = 0;
  gboolean is_negative;
  guint32 n_digits;

  if (!read_uint32 (self, &n_digits))
    return FALSE;
  is_negative = (gint32) n_digits < 0;
  if (is_negative)
    n_digits = -n_digits;
  if (n_digits > DIGITS_MAX)
    return fail (self, ERANGE);

  for (guint i = 0; i < n_digits; i++)
    {
      guint16 digit;

      if (!read_bytes_to (self, &digit, sizeof digit))
        return FALSE;
      digit = GUINT16_FROM_LE (digit);
      if (digit >= 1 << DIGIT_BITS)
        return fail (self, EBADMSG);
      if (i == DIGITS_MAX - 1 && digit >= 1 << (64 - DIGIT_BITS * (DIGITS_MAX - 1)))
        return fail (self, ERANGE);
      magnitude |= (guint64) digit << (DIGIT_BITS * i);
    }

  if (magnitude > (guint64) G_MAXINT64 + is_negative)
    return fail (self, ERANGE);
  *integer = (gint64) (is_negative ? -magnitude : magnitude);

  return TRUE;
}

static gboolean
read_byte_string (ShmListUnmarshaller *self, ShmValueKind kind, ShmListValue *value)
{
  guint32 length;

  if (!read_uint32 (self, &length))
    return FALSE;
  if ((gsize) (self->end - self->at) < length)
    return fail (self, EBADMSG);

  value->kind = kind;
  value->length = length;
  value->bytes = self->at;
  self->at += length;

  return TRUE;
}

static gboolean
read_value (ShmListUnmarshaller *self, ShmListValue *value)
{
  guint32 small;
  guint64 large;
  guint8 type;

  if (!read_bytes_to (self, &type, 1))
    return FALSE;

  value->length = 0;
  value->kind = SHM_VALUE_KIND_INT64;
  switch (type)
    {
    case 'i':
      if (!read_uint32 (self, &small))
        return FALSE;
      value->integer = (gint32) small;
      return TRUE;
    case 'I':
      if (!read_uint64 (self, &large))
        return FALSE;
      value->integer = (gint64) large;
      return TRUE;
    case 'l':
      return read_digits (self, &value->integer);
    case 'g':
      value->kind = SHM_VALUE_KIND_DOUBLE;
      if (!read_uint64 (self, &large))
        return FALSE;
      memcpy (&value->number, &large, sizeof large);
      return TRUE;
    case 'T':
    case 'F':
      value->kind = SHM_VALUE_KIND_BOOLEAN;
      value->truth = type == 'T';
      return TRUE;
    case 'u':
    case 't':
      return read_byte_string (self, SHM_VALUE_KIND_STRING, value);
    case 's':
      return read_byte_string (self, SHM_VALUE_KIND_BYTES, value);
    case 'N':
      value->kind = SHM_VALUE_KIND_NONE;
      value->integer = 0;
      return TRUE;
    default:
      return fail (self, ENOTSUP);
    }
}

static void
rewind_unmarshaller (ShmListSource *source)
{
  ShmListUnmarshaller *self = (ShmListUnmarshaller *) source;

  self->at = self->first;
  self->index = 0;
}

static gboolean
next_value (ShmListSource *source, ShmListValue *value)
{
  ShmListUnmarshaller *self = (ShmListUnmarshaller *) source;

  if (!read_value (self, value))
    return FALSE;
  self->index++;

  return self->index < source->n_items || self->at == self->end || fail (self, EBADMSG);
}

static void
start (ShmListUnmarshaller *self, const guint8 *bytes, gsize length)
{
  *self = (ShmListUnmarshaller){
    .source = { .rewind = rewind_unmarshaller, .next = next_value },
    .at = bytes,
    .end = length == 0 ? bytes : bytes + length,
  };
}

gboolean
shm_list_unmarshal_list (ShmListUnmarshaller *self, const guint8 *bytes, gsize length)
{
  guint32 n_items;
  guint8 type;

  start (self, bytes, length);
  if (!read_bytes_to (self, &type, 1))
    return FALSE;
  if (type != '[' && type != '(')
    return fail (self, ENOTSUP);
  if (!read_uint32 (self, &n_items))
    return FALSE;

  /* Each value takes at least one byte. */
  if (n_items > (gsize) (self->end - self->at) || (n_items == 0 && self->at != self->end))
    return fail (self, EBADMSG);

  self->source.n_items = n_items;
  self->first = self->at;

  return TRUE;
}

/* Writing */

static guint8 *
write_bytes (guint8 *at, gconstpointer bytes, gsize length)
{
  memcpy (at, bytes, length);

  return at + length;
}

static guint8 *
write_uint32 (guint8 *at, guint8 type, guint32 number)
{
  *at++ = type;
  number = GUINT32_TO_LE (number);

  return write_bytes (at, &number, sizeof number);
}

static guint8 *
write_digits (guint8 *at, gint64 integer)
{
  guint64 magnitude = integer < 0 ? -(guint64) integer : (guint64) integer;
  guint8 *head = at;
  gint32 n_digits = 0;

  for (at += 5; magnitude != 0; magnitude >>= DIGIT_BITS)
    {
      const guint16 digit = GUINT16_TO_LE (magnitude & ((1 << DIGIT_BITS) - 1));

      at = write_bytes (at, &digit, sizeof digit);
      n_digits++;
    }
  write_uint32 (head, 'l', integer < 0 ? -n_digits : n_digits);

  return at;
}

static guint8 *
write_double (guint8 *at, double number)
{
  guint64 word;

  memcpy (&word, &number, sizeof word);
  word = GUINT64_TO_LE (word);
  *at++ = 'g';

  return write_bytes (at, &word, sizeof word);
}

static guint8 *
write_value (guint8 *at, const ShmListValue *value)
{
  switch (value->kind)
    {
    case SHM_VALUE_KIND_INT64:
      if (value->integer == (gint32) value->integer)
        return write_uint32 (at, 'i', (guint32) value->integer);
      return write_digits (at, value->integer);
    case SHM_VALUE_KIND_DOUBLE:
      return write_double (at, value->number);
    case SHM_VALUE_KIND_STRING:
    case SHM_VALUE_KIND_BYTES:
      at = write_uint32 (at, value->kind == SHM_VALUE_KIND_STRING ? 'u' : 's', value->length);
      return write_bytes (at, value->bytes, value->length);
    case SHM_VALUE_KIND_BOOLEAN:
      *at++ = value->truth ? 'T' : 'F';
      return at;
    case SHM_VALUE_KIND_NONE:
    default:
      *at++ = 'N';
      return at;
    }
}

GBytes *
shm_list_marshal (const ShmListParts *parts, guint64 *index)
{
  /* Valid slots do not overlap, and no value is larger than its slot. */
  const gsize max_size = 5 + MARSHALLED_MAX * parts->n_items + (parts->data_to - parts->data_from);
  g_autofree guint8 *marshalled = g_try_malloc (max_size);
  guint8 *at;
  ShmListValue value;
  gsize size;

  if (marshalled == NULL)
    {
      *index = SHM_LIST_NO_MEMORY;
      return NULL;
    }

  at = write_uint32 (marshalled, '[', parts->n_items);
  for (guint64 i = 0; i < parts->n_items; i++)
    {
      *index = parts->first + i;
      if (!shm_list_get_value (parts, *index, &value))
        return NULL;
      at = write_value (at, &value);
    }

  size = at - marshalled;
  g_assert (size <= max_size);

  return g_bytes_new_take (g_realloc (g_steal_pointer (&marshalled), size), size);
}
