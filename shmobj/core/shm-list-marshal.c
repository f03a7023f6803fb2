/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-marshal.h"

#include <errno.h>
#include <string.h>

/* What any value takes at most beside its bytes: an int of five digits. */
#define PACKED_MAX 15
#define DIGIT_BITS 15
#define DIGITS_MAX 5

/* Unpacking */

static gboolean
fail (ShmListUnpacker *self, int errnum)
{
  self->has_failed = TRUE;
  self->errnum = errnum;

  return FALSE;
}

static gboolean
take (ShmListUnpacker *self, void *bytes, gsize length)
{
  if ((gsize) (self->end - self->at) < length)
    return fail (self, EBADMSG);

  memcpy (bytes, self->at, length);
  self->at += length;

  return TRUE;
}

static gboolean
take_uint32 (ShmListUnpacker *self, guint32 *number)
{
  if (!take (self, number, sizeof *number))
    return FALSE;
  *number = GUINT32_FROM_LE (*number);

  return TRUE;
}

static gboolean
take_uint64 (ShmListUnpacker *self, guint64 *number)
{
  if (!take (self, number, sizeof *number))
    return FALSE;
  *number = GUINT64_FROM_LE (*number);

  return TRUE;
}

static gboolean
take_digits (ShmListUnpacker *self, gint64 *integer)
{
  guint64 magnitude = 0;
  gboolean is_negative;
  guint32 n_digits;

  if (!take_uint32 (self, &n_digits))
    return FALSE;
  is_negative = (gint32) n_digits < 0;
  if (is_negative)
    n_digits = -n_digits;
  if (n_digits > DIGITS_MAX)
    return fail (self, ERANGE);

  for (guint i = 0; i < n_digits; i++)
    {
      guint16 digit;

      if (!take (self, &digit, sizeof digit))
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
take_bytes (ShmListUnpacker *self, ShmListKind kind, ShmListValue *value)
{
  guint32 length;

  if (!take_uint32 (self, &length))
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
take_value (ShmListUnpacker *self, ShmListValue *value)
{
  guint32 small;
  guint64 large;
  guint8 type;

  if (!take (self, &type, 1))
    return FALSE;

  value->length = 0;
  value->kind = SHM_LIST_INT64;
  switch (type)
    {
    case 'i':
      if (!take_uint32 (self, &small))
        return FALSE;
      value->integer = (gint32) small;
      return TRUE;
    case 'I':
      if (!take_uint64 (self, &large))
        return FALSE;
      value->integer = (gint64) large;
      return TRUE;
    case 'l':
      return take_digits (self, &value->integer);
    case 'g':
      value->kind = SHM_LIST_DOUBLE;
      if (!take_uint64 (self, &large))
        return FALSE;
      memcpy (&value->number, &large, sizeof large);
      return TRUE;
    case 'T':
    case 'F':
      value->kind = SHM_LIST_BOOLEAN;
      value->truth = type == 'T';
      return TRUE;
    case 'u':
    case 't':
      return take_bytes (self, SHM_LIST_STRING, value);
    case 's':
      return take_bytes (self, SHM_LIST_BYTES, value);
    case 'N':
      value->kind = SHM_LIST_NONE;
      value->integer = 0;
      return TRUE;
    default:
      return fail (self, ENOTSUP);
    }
}

static void
rewind_unpacker (ShmListSource *source)
{
  ShmListUnpacker *self = (ShmListUnpacker *) source;

  self->at = self->first;
  self->index = 0;
}

static gboolean
next_unpacked (ShmListSource *source, ShmListValue *value)
{
  ShmListUnpacker *self = (ShmListUnpacker *) source;

  if (!take_value (self, value))
    return FALSE;
  self->index++;

  return self->index < source->n_items || self->at == self->end || fail (self, EBADMSG);
}

static void
start (ShmListUnpacker *self, const guint8 *bytes, gsize length)
{
  *self = (ShmListUnpacker){
    .source = { .rewind = rewind_unpacker, .next = next_unpacked },
    .at = bytes,
    .end = length == 0 ? bytes : bytes + length,
  };
}

gboolean
shm_list_unpack_list (ShmListUnpacker *self, const guint8 *bytes, gsize length)
{
  guint32 n_items;
  guint8 type;

  start (self, bytes, length);
  if (!take (self, &type, 1))
    return FALSE;
  if (type != '[' && type != '(')
    return fail (self, ENOTSUP);
  if (!take_uint32 (self, &n_items))
    return FALSE;

  /* Each value takes a byte at least. */
  if (n_items > (gsize) (self->end - self->at) || (n_items == 0 && self->at != self->end))
    return fail (self, EBADMSG);

  self->source.n_items = n_items;
  self->first = self->at;

  return TRUE;
}

gboolean
shm_list_unpack_value (ShmListUnpacker *self,
                       const guint8 *bytes,
                       gsize length,
                       ShmListValue *value)
{
  start (self, bytes, length);

  return take_value (self, value) && (self->at == self->end || fail (self, EBADMSG));
}

/* Packing */

static guint8 *
put (guint8 *at, gconstpointer bytes, gsize length)
{
  memcpy (at, bytes, length);

  return at + length;
}

static guint8 *
put_uint32 (guint8 *at, guint8 type, guint32 number)
{
  *at++ = type;
  number = GUINT32_TO_LE (number);

  return put (at, &number, sizeof number);
}

static guint8 *
put_digits (guint8 *at, gint64 integer)
{
  guint64 magnitude = integer < 0 ? -(guint64) integer : (guint64) integer;
  guint8 *head = at;
  gint32 n_digits = 0;

  for (at += 5; magnitude != 0; magnitude >>= DIGIT_BITS)
    {
      const guint16 digit = GUINT16_TO_LE (magnitude & ((1 << DIGIT_BITS) - 1));

      at = put (at, &digit, sizeof digit);
      n_digits++;
    }
  put_uint32 (head, 'l', integer < 0 ? -n_digits : n_digits);

  return at;
}

static guint8 *
put_double (guint8 *at, double number)
{
  guint64 word;

  memcpy (&word, &number, sizeof word);
  word = GUINT64_TO_LE (word);
  *at++ = 'g';

  return put (at, &word, sizeof word);
}

static guint8 *
put_value (guint8 *at, const ShmListValue *value)
{
  switch (value->kind)
    {
    case SHM_LIST_INT64:
      if (value->integer == (gint32) value->integer)
        return put_uint32 (at, 'i', (guint32) value->integer);
      return put_digits (at, value->integer);
    case SHM_LIST_DOUBLE:
      return put_double (at, value->number);
    case SHM_LIST_STRING:
    case SHM_LIST_BYTES:
      at = put_uint32 (at, value->kind == SHM_LIST_STRING ? 'u' : 's', value->length);
      return put (at, value->bytes, value->length);
    case SHM_LIST_BOOLEAN:
      *at++ = value->truth ? 'T' : 'F';
      return at;
    case SHM_LIST_NONE:
    default:
      *at++ = 'N';
      return at;
    }
}

GBytes *
shm_list_pack (const ShmListParts *parts, guint64 *index)
{
  /* Slots that make sense do not overlap, and each is as large as its value. */
  const gsize room = 5 + PACKED_MAX * parts->n_items + (parts->data_to - parts->data_from);
  g_autofree guint8 *packed = g_malloc (room);
  guint8 *at = put_uint32 (packed, '[', parts->n_items);
  ShmListValue value;
  gsize size;

  for (guint64 i = 0; i < parts->n_items; i++)
    {
      *index = parts->first + i;
      if (!shm_list_get (parts, *index, &value))
        return NULL;
      at = put_value (at, &value);
    }

  size = at - packed;
  g_assert (size <= room);

  return g_bytes_new_take (g_realloc (g_steal_pointer (&packed), size), size);
}
