/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-value.h"

#include <string.h>

/* Numbers are stored in native byte order, as CPython stores them. */
G_STATIC_ASSERT (sizeof (double) == 8);

static const char length_mark_digits[] = " \t\n\v\f\r";

/* Returns the number of ASCII characters at the beginning of the bytes, rounded down to a multiple
 * of 8, or @length if all bytes are ASCII characters. */
static gsize
count_ascii (const guint8 *bytes, gsize length)
{
  const guint64 other_bits = G_GUINT64_CONSTANT (0x8080808080808080);
  gsize n = 0;

  for (; length - n >= 8; n += 8)
    {
      guint64 word;

      memcpy (&word, bytes + n, 8);
      if ((word & other_bits) != 0)
        return n;
    }

  return n < length && (shm_word_of_bytes (bytes + n, length - n) & other_bits) != 0 ? n : length;
}

gboolean
shm_list_is_ascii (const guint8 *bytes, gsize length)
{
  return count_ascii (bytes, length) == length;
}

gboolean
shm_list_is_utf8 (const guint8 *bytes, gsize length)
{
  const gsize n_ascii = count_ascii (bytes, length);
  const char *at, *end;

  /* Almost all text is ASCII. If the length is 0, @bytes can be NULL. */
  if (n_ascii == length)
    return TRUE;

  at = (const char *) bytes + n_ascii;
  end = (const char *) bytes + length;
  /* g_utf8_validate_len() stops at each NUL. */
  for (;;)
    {
      if (g_utf8_validate_len (at, end - at, &at))
        return TRUE;
      if (*at != '\0')
        return FALSE;
      at++;
    }
}

/* Returns whether a double equals an int. An int that a double cannot represent equals no
 * double. */
static gboolean
is_integer (double number, gint64 integer)
{
  return number >= -0x1p63 && number < 0x1p63 && (gint64) number == integer
         && (double) integer == number;
}

gboolean
shm_list_other_kinds_equal (const ShmListValue *a, const ShmListValue *b)
{
  return (a->kind == SHM_VALUE_KIND_INT64 && b->kind == SHM_VALUE_KIND_DOUBLE
          && is_integer (b->number, a->integer))
         || (a->kind == SHM_VALUE_KIND_DOUBLE && b->kind == SHM_VALUE_KIND_INT64
             && is_integer (a->number, b->integer));
}

/* Format entries */

/* Writes "<count>s" and returns the number of characters. */
static guint
write_count (char entry[8], guint64 count)
{
  char digits[8];
  guint n = 0;

  do
    digits[n++] = '0' + count % 10;
  while ((count /= 10) != 0);

  for (guint i = 0; i < n; i++)
    entry[i] = digits[n - 1 - i];
  entry[n] = 's';

  return n + 1;
}

/* Returns the number of different length marks of @n_digits digits. */
static guint64
count_length_marks (guint n_digits)
{
  guint64 n = 1;

  while (n_digits-- > 0)
    n *= 6;

  return n;
}

/* @count is the size of a slot. */
static guint64
make_entry (guint64 count)
{
  char entry[8] = { 0 };

  if (count <= SHM_LIST_SHORT_SLOT_MAX)
    return shm_list_get_short_entry (count);

  write_count (entry, count);

  return shm_list_word_of (entry);
}

static guint64
make_marked_entry (guint64 count, guint64 mark)
{
  char entry[8];
  const guint from = write_count (entry, count);

  for (guint i = 8; i-- > from; mark /= 6)
    entry[i] = length_mark_digits[mark % 6];

  return shm_list_word_of (entry);
}

/* Hashes */

/* Returns a 64-bit hash, never 0. With the hash a reader detects that another writer has replaced
 * the value. It does not protect against a hostile writer, because a process that can write the
 * slot can also write the hash. */
static guint64
hash_value (const guint8 *bytes, gsize length, ShmValueKind kind)
{
  guint64 hash = (length * 8 + kind) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  while (length > 0)
    {
      const gsize n = MIN (length, 8);
      guint64 word = 0;

      memcpy (&word, bytes, n);
      hash = (hash ^ word) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
      hash ^= hash >> 32;
      bytes += n;
      length -= n;
    }

  return hash != 0 ? hash : 1;
}

/* hash_value() uses the numbers of the kinds, and lists contain the hash. Therefore these numbers
 * must not change. */
G_STATIC_ASSERT (SHM_VALUE_KIND_STRING == 4);
G_STATIC_ASSERT (SHM_VALUE_KIND_BYTES == 5);

static gsize
length_without_nuls (const guint8 *bytes, gsize length)
{
  while (length > 0 && bytes[length - 1] == 0)
    length--;

  return length;
}

/* Values to bytes */

ShmListFit
shm_list_encode_bytes (const ShmListValue *value,
                       guint64 slot_size,
                       gboolean has_length_record,
                       ShmListRedo *redo)
{
  const gsize stripped = length_without_nuls (value->bytes, value->length);
  const gsize nuls = value->length - stripped;
  const guint64 count = MIN (slot_size, SHM_LIST_MARKED_COUNT_MAX);
  char entry[8];
  guint64 n_marks;

  if (value->length > slot_size || value->length > SHM_LIST_LENGTH_MAX)
    return SHM_LIST_FIT_TOO_LONG;

  redo->type_code
      = value->kind == SHM_VALUE_KIND_STRING ? SHM_LIST_TYPE_STRING : SHM_LIST_TYPE_BYTES;
  redo->length = value->length;
  redo->entry = make_entry (slot_size);
  if (nuls == 0)
    return SHM_LIST_FIT_OK;

  if (stripped > count)
    {
      redo->hash = hash_value (value->bytes, stripped, value->kind);
      return has_length_record ? SHM_LIST_FIT_OK : SHM_LIST_FIT_NULS_LOST;
    }

  n_marks = count_length_marks (8 - write_count (entry, count));
  if (nuls < n_marks || (nuls == n_marks && !has_length_record))
    redo->entry = make_marked_entry (count, nuls - 1);
  else if (has_length_record)
    redo->entry = make_marked_entry (count, n_marks - 1);
  else
    return SHM_LIST_FIT_NULS_LOST;

  return SHM_LIST_FIT_OK;
}

/* Bytes to values */

static gboolean
parse_length_mark (const char *at, const char *end, guint64 *mark)
{
  *mark = 0;
  for (; at < end; at++)
    {
      const char *digit = memchr (length_mark_digits, *at, 6);

      if (digit == NULL)
        return FALSE;
      *mark = *mark * 6 + (digit - length_mark_digits);
    }

  return TRUE;
}

/* Parses "<count>s", followed by NULs or by a length mark. */
static gboolean
parse_bytes (guint64 word, guint64 slot_size, gboolean has_length_record, ShmListFormat *format)
{
  char entry[8];
  guint64 count = 0;
  guint64 mark;
  guint at = 0;

  memcpy (entry, &word, 8);
  for (; at < 7 && g_ascii_isdigit (entry[at]); at++)
    count = count * 10 + (entry[at] - '0');
  if (at == 0 || entry[at++] != 's' || count > slot_size)
    return FALSE;

  format->count = count;
  if (at == 8 || entry[at] == '\0')
    {
      format->has_hash
          = has_length_record && count == slot_size && count > SHM_LIST_MARKED_COUNT_MAX;
      return memcmp (entry + at, "\0\0\0\0\0\0\0", 8 - at) == 0;
    }

  if (!parse_length_mark (entry + at, entry + 8, &mark)
      || count != MIN (slot_size, SHM_LIST_MARKED_COUNT_MAX) || entry[0] == '0')
    return FALSE;

  format->has_record_length = has_length_record && mark == count_length_marks (8 - at) - 1;
  format->trailing_nuls = mark + 1;

  return TRUE;
}

gboolean
shm_list_parse_other (guint64 entry,
                      guint64 type_code,
                      guint64 slot_size,
                      gboolean has_length_record,
                      ShmListFormat *format)
{
  *format = (ShmListFormat){ .kind = SHM_VALUE_KIND_NONE, .count = 8 };
  if (type_code == SHM_LIST_TYPE_NONE)
    return entry == SHM_LIST_ENTRY_NONE;

  format->kind = type_code == SHM_LIST_TYPE_STRING ? SHM_VALUE_KIND_STRING : SHM_VALUE_KIND_BYTES;

  return shm_list_type_has_bytes (type_code)
         && parse_bytes (entry, slot_size, has_length_record, format);
}

static gboolean
is_zero (const guint8 *bytes, gsize length)
{
  return length_without_nuls (bytes, length) == 0;
}

gboolean
shm_list_decode_bytes (const ShmListFormat *format,
                       const guint8 *bytes,
                       guint64 slot_size,
                       const ShmListLengthRecord *length_record,
                       ShmListValue *value)
{
  const gsize stripped = length_without_nuls (bytes, format->count);

  value->bytes = bytes;
  value->length = stripped + format->trailing_nuls;

  if (format->has_record_length)
    {
      value->length = length_record->length;
      if (length_record->length <= stripped)
        return FALSE;
    }
  else if (format->has_hash && length_record->hash != 0 && length_record->length > stripped
           && length_record->length <= slot_size
           && length_record->hash == hash_value (bytes, stripped, value->kind))
    value->length = length_record->length;

  /* The bytes that the length adds must be NULs, also those that the format entry does not
   * cover. */
  return value->length <= slot_size && is_zero (bytes + stripped, value->length - stripped)
         && (value->kind == SHM_VALUE_KIND_BYTES || shm_list_is_utf8 (bytes, stripped));
}

static gboolean
parse_slot (const ShmListSlot *slot, ShmListFormat *format)
{
  return shm_list_parse (*slot->entry, *slot->type_code, slot->size, slot->length_record != NULL,
                         format);
}

gboolean
shm_list_get_value (const ShmListParts *parts, guint64 index, ShmListValue *value)
{
  ShmListFormat format;
  ShmListSlot slot;

  return shm_list_find_slot (parts, index, &slot) && parse_slot (&slot, &format)
         && shm_list_decode (&format, slot.bytes, slot.size, slot.length_record, value);
}

gboolean
shm_list_get_format (const ShmListParts *parts, guint64 index, char format[9])
{
  ShmListFormat parsed;
  ShmListSlot slot;
  guint64 entry;

  if (!shm_list_find_slot (parts, index, &slot) || !parse_slot (&slot, &parsed))
    return FALSE;

  entry = *slot.entry;
  if (parsed.kind == SHM_VALUE_KIND_STRING || parsed.kind == SHM_VALUE_KIND_BYTES)
    entry = make_entry (slot.size);
  memcpy (format, &entry, 8);
  format[8] = '\0';

  return TRUE;
}

gboolean
shm_list_check_redo (const ShmListParts *parts,
                     const ShmListRedo *redo,
                     guint64 redo_size,
                     ShmListSlot *slot)
{
  ShmListFormat format;

  return redo->index - parts->first < parts->n_items
         && shm_list_find_slot (parts, redo->index, slot)
         && shm_list_parse (redo->entry, redo->type_code, slot->size, slot->length_record != NULL,
                            &format)
         && redo->length <= slot->size && redo->length <= redo_size
         && (shm_list_type_has_bytes (redo->type_code) || redo->length == 8);
}
