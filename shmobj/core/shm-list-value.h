/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Encodes values as bytes and decodes them: format entries, type codes, length marks, length
 * records.
 *
 * shm-list-layout.h describes the format. The functions work on private copies. A caller that reads
 * shared memory first copies the bytes, and then decodes the copy.
 */

#pragma once

#include "core/shm-list-layout.h"
#include "shm-enums.h"

G_BEGIN_DECLS

/* Returns eight characters as one word, in the order in which they are in memory. */
static inline guint64
shm_list_word_of (const char characters[8])
{
  guint64 word;

  memcpy (&word, characters, 8);

  return word;
}

#define SHM_LIST_ENTRY_INT64   shm_list_word_of ("q\0\0\0\0\0\0")
#define SHM_LIST_ENTRY_DOUBLE  shm_list_word_of ("d\0\0\0\0\0\0")
#define SHM_LIST_ENTRY_BOOLEAN shm_list_word_of ("xxxxxxx?")
#define SHM_LIST_ENTRY_NONE    shm_list_word_of ("xxxxxx?x")

typedef enum
{
  SHM_LIST_TYPE_NUMBER = 0, /* also bool */
  SHM_LIST_TYPE_STRING = 1,
  SHM_LIST_TYPE_BYTES = 2,
  SHM_LIST_TYPE_NONE = 3,
} ShmListTypeCode;

typedef struct
{
  ShmValueKind kind;
  gsize length; /* the length of @bytes; 0 if the kind is neither STRING nor BYTES */
  union
  {
    gint64 integer;
    double number;
    gboolean truth;
    const guint8 *bytes; /* UTF-8 for STRING; can contain NULs */
  };
} ShmListValue;

gboolean shm_list_is_ascii (const guint8 *bytes, gsize length);

/* Returns the size of the slot that @value gets in a new list. CPython computes the size from the
 * number of characters: 8 * (characters / 8 + 1). This is the same size, except where the UTF-8
 * would not fit. */
static inline guint64
shm_list_slot_size_for (const ShmListValue *value)
{
  /* Here the UTF-8 fills the whole slot. CPython's slot would not be larger, because the text has
   * fewer characters than bytes. */
  if (value->length % 8 == 0 && value->kind == SHM_VALUE_KIND_STRING
      && !shm_list_is_ascii (value->bytes, value->length))
    return value->length;

  return 8 * (value->length / 8 + 1);
}

static inline gboolean
shm_list_type_has_bytes (guint64 type_code)
{
  return type_code == SHM_LIST_TYPE_STRING || type_code == SHM_LIST_TYPE_BYTES;
}

/* Returns whether the bytes are UTF-8 in which NULs are allowed, as in a str of Python. */
gboolean shm_list_is_utf8 (const guint8 *bytes, gsize length);

/* Returns whether two values of different kinds are equal; see shm_list_value_equal(). */
gboolean shm_list_other_kinds_equal (const ShmListValue *a, const ShmListValue *b);

/* Returns whether two values are equal as in Python: an int equals the float of the same value. */
static inline gboolean
shm_list_value_equal (const ShmListValue *a, const ShmListValue *b)
{
  if (G_UNLIKELY (a->kind != b->kind))
    return shm_list_other_kinds_equal (a, b);

  switch (a->kind)
    {
    case SHM_VALUE_KIND_INT64:
      return a->integer == b->integer;
    case SHM_VALUE_KIND_DOUBLE:
      return a->number == b->number;
    case SHM_VALUE_KIND_BOOLEAN:
      return !a->truth == !b->truth;
    case SHM_VALUE_KIND_STRING:
    case SHM_VALUE_KIND_BYTES:
      return a->length == b->length
             && (a->length == 0 || memcmp (a->bytes, b->bytes, a->length) == 0);
    case SHM_VALUE_KIND_NONE:
    default:
      return TRUE;
    }
}

/* Short slots: a text or bytes in a slot of at most this size, without trailing NULs, is read and
 * written without the general functions. */
#define SHM_LIST_SHORT_SLOT_MAX 128

/* Returns the format entry of a text or bytes without a length mark, for a slot of @slot_size
 * bytes, which is at most SHM_LIST_SHORT_SLOT_MAX. */
static inline guint64
shm_list_get_short_entry (guint64 slot_size)
{
  static const char entries[SHM_LIST_SHORT_SLOT_MAX / 8][8] = {
    "8s",  "16s", "24s", "32s", "40s",  "48s",  "56s",  "64s",
    "72s", "80s", "88s", "96s", "104s", "112s", "120s", "128s",
  };

  return shm_list_word_of (entries[slot_size / 8 - 1]);
}

/* Values to bytes */

typedef enum
{
  SHM_LIST_FIT_OK,
  SHM_LIST_FIT_TOO_LONG, /* the value does not fit into the slot, or into any slot */
  SHM_LIST_FIT_NULS_LOST /* the slot cannot keep the count of trailing NULs */
} ShmListFit;

/* Encodes STRING or BYTES; see shm_list_encode(). */
ShmListFit shm_list_encode_bytes (const ShmListValue *value,
                                  guint64 slot_size,
                                  gboolean has_length_record,
                                  ShmListRedo *redo);

/* Encodes @value for a slot of @slot_size bytes: fills all fields of @redo except the index.
 * Returns whether the value fits. Does not check that a STRING is UTF-8. */
static inline ShmListFit
shm_list_encode (const ShmListValue *value,
                 guint64 slot_size,
                 gboolean has_length_record,
                 ShmListRedo *redo)
{
  redo->type_code = SHM_LIST_TYPE_NUMBER;
  redo->length = 8;
  redo->hash = 0;

  switch (value->kind)
    {
    case SHM_VALUE_KIND_INT64:
      redo->entry = SHM_LIST_ENTRY_INT64;
      return SHM_LIST_FIT_OK;
    case SHM_VALUE_KIND_DOUBLE:
      redo->entry = SHM_LIST_ENTRY_DOUBLE;
      return SHM_LIST_FIT_OK;
    case SHM_VALUE_KIND_BOOLEAN:
      redo->entry = SHM_LIST_ENTRY_BOOLEAN;
      return SHM_LIST_FIT_OK;
    case SHM_VALUE_KIND_STRING:
    case SHM_VALUE_KIND_BYTES:
      return shm_list_encode_bytes (value, slot_size, has_length_record, redo);
    case SHM_VALUE_KIND_NONE:
    default:
      redo->entry = SHM_LIST_ENTRY_NONE;
      redo->type_code = SHM_LIST_TYPE_NONE;
      return SHM_LIST_FIT_OK;
    }
}

/* In the slot of a boolean, the last byte of the word is the boolean. */
static inline guint64
shm_list_encode_boolean (gboolean truth)
{
  guint64 word = 0;

  ((guint8 *) &word)[7] = truth != FALSE;

  return word;
}

static inline gboolean
shm_list_decode_boolean (guint64 word)
{
  return ((const guint8 *) &word)[7] != 0;
}

/* Returns the word that the slot of @value holds, if @value is neither STRING nor BYTES. */
static inline guint64
shm_list_encode_word (const ShmListValue *value)
{
  guint64 word = 0;

  if (value->kind == SHM_VALUE_KIND_INT64 || value->kind == SHM_VALUE_KIND_DOUBLE)
    memcpy (&word, &value->integer, 8);
  else if (value->kind == SHM_VALUE_KIND_BOOLEAN)
    word = shm_list_encode_boolean (value->truth);

  return word;
}

/* Bytes to values */

/* The meaning of a format entry and a type code. The other fields are for STRING and BYTES. */
typedef struct
{
  ShmValueKind kind;
  guint64 count;         /* how many bytes of the slot the format entry covers */
  guint64 trailing_nuls; /* how many NULs to append after stripping all NULs from these bytes */
  gboolean has_record_length; /* the length is in the length record */
  gboolean has_hash;          /* the length is in the length record if the hash there matches */
} ShmListFormat;

/* Parses a format entry whose type code is not NUMBER; see shm_list_parse(). */
gboolean shm_list_parse_other (guint64 entry,
                               guint64 type_code,
                               guint64 slot_size,
                               gboolean has_length_record,
                               ShmListFormat *format);

/* Parses a format entry and a type code. Returns FALSE if no writer stores this combination in a
 * slot of this size. A reader can nevertheless find such a combination while CPython stores a
 * value. The function is inline for numbers, the common case. */
static inline gboolean
shm_list_parse (guint64 entry,
                guint64 type_code,
                guint64 slot_size,
                gboolean has_length_record,
                ShmListFormat *format)
{
  if (type_code != SHM_LIST_TYPE_NUMBER)
    return shm_list_parse_other (entry, type_code, slot_size, has_length_record, format);

  if (entry == SHM_LIST_ENTRY_INT64)
    format->kind = SHM_VALUE_KIND_INT64;
  else if (entry == SHM_LIST_ENTRY_DOUBLE)
    format->kind = SHM_VALUE_KIND_DOUBLE;
  else if (entry == SHM_LIST_ENTRY_BOOLEAN)
    format->kind = SHM_VALUE_KIND_BOOLEAN;
  else
    return FALSE;

  return TRUE;
}

/* Decodes STRING or BYTES; see shm_list_decode(). */
gboolean shm_list_decode_bytes (const ShmListFormat *format,
                                const guint8 *bytes,
                                guint64 slot_size,
                                const ShmListLengthRecord *length_record,
                                ShmListValue *value);

/* Decodes the value in @bytes, a copy of a slot. @length_record is a copy too, and may be NULL if
 * the slot has none. The bytes of a STRING or BYTES value point into @bytes; its length includes
 * the trailing NULs, some of which can lie after the first @format->count bytes. Returns FALSE if
 * the arguments contradict each other, or if a STRING is not UTF-8. */
static inline gboolean
shm_list_decode (const ShmListFormat *format,
                 const guint8 *bytes,
                 guint64 slot_size,
                 const ShmListLengthRecord *length_record,
                 ShmListValue *value)
{
  value->kind = format->kind;
  value->length = 0;

  switch (format->kind)
    {
    case SHM_VALUE_KIND_INT64:
    case SHM_VALUE_KIND_DOUBLE:
      memcpy (&value->integer, bytes, 8);
      return TRUE;
    case SHM_VALUE_KIND_BOOLEAN:
      value->truth = bytes[7] != 0;
      return TRUE;
    case SHM_VALUE_KIND_STRING:
    case SHM_VALUE_KIND_BYTES:
      return shm_list_decode_bytes (format, bytes, slot_size, length_record, value);
    case SHM_VALUE_KIND_NONE:
    default:
      value->integer = 0;
      return TRUE;
    }
}

/* Decodes the value of item @index of a private copy. Returns FALSE if the item is corrupt. */
gboolean shm_list_get_value (const ShmListParts *parts, guint64 index, ShmListValue *value);

/* Writes the format entry of item @index of a private copy to @format as a string, in the form in
 * which CPython writes it: without a length mark. Returns FALSE if the item is corrupt. */
gboolean shm_list_get_format (const ShmListParts *parts, guint64 index, char format[9]);

/* Checks a redo record that another process wrote, and finds the slot of its item. Returns FALSE if
 * the record is corrupt. */
gboolean shm_list_check_redo (const ShmListParts *parts,
                              const ShmListRedo *redo,
                              guint64 redo_size,
                              ShmListSlot *slot);

G_END_DECLS
