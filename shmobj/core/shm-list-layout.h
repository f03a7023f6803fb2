/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is in the memory of a ShareableList.
 *
 * A list of N values, byte for byte as CPython 3.9 and later lay it out (native byte order; an
 * entry, a slot and an offset are all aligned to 8 bytes):
 *
 *     0                 N                                          int64
 *     8                 N + 1 offsets into the slots               int64 each
 *     8 (N + 2)         the slots, one after the other             offset[N] bytes
 *     + offset[N]       N entries: a struct format each            8 bytes each, NUL-padded
 *     + 8 N             N codes                                    1 byte each
 *     + N               the end of CPython's layout
 *
 * The slot of item i reaches from offset[i] to offset[i + 1]; it never moves or grows. Its size
 * is a multiple of 8: 8 bytes for a number, 8 * (length / 8 + 1) for the bytes of a str (in
 * UTF-8) or a bytes. What is in it:
 *
 *     value      entry        code   slot
 *     int        q              0    int64
 *     float      d              0    double
 *     bool       xxxxxxx?       0    byte 7 is not 0
 *     str        <slot>s        1    UTF-8, padded with NULs
 *     bytes      <slot>s        2    bytes, padded with NULs
 *     None       xxxxxx?x       3    nothing
 *
 * A stored entry names the slot's size and not the value's length: stock CPython keeps an entry
 * that ends in `s` and cuts what it stores there to its count. A smaller count that another
 * writer left is read as a length. Trailing NULs are lost that way: CPython strips them.
 *
 * What we add, where CPython does not look
 * ----------------------------------------
 *
 * A value that ends in NULs, and only such a value, carries a *mark*: white space behind its
 * entry's `s`. CPython ignores it when it reads. When it stores a str or bytes there it replaces
 * every entry that does not end in `s`, so the mark goes exactly when it stops being true.
 *
 *   - The mark fills the entry up to 8 characters. It is a number in base 6, most significant
 *     digit first, with the digits blank, \t, \n, \v, \f, \r: the count of trailing NULs less
 *     one. In an 8-byte slot ("8s") there is room for 6 digits, in one of 999992 bytes for one.
 *   - In a list with records the highest number of a slot that has one says instead that the
 *     record knows the length.
 *   - A slot of 1000000 bytes or more leaves no room. While the value without its NULs has
 *     at most 999999 bytes, the entry is "999999s" and a mark of one digit: CPython reads enough,
 *     and replaces that entry too.
 *   - A longer value leaves no place for a mark. Its record also keeps a hash of the bytes in the
 *     slot, and is believed as long as these are the bytes that stand there. What it can't tell
 *     is that CPython has stored *the same bytes* once more, without NULs behind them: that
 *     changes no byte of the block. The value is then read with its NULs, as it was first stored.
 *
 * Behind the end of CPython's layout, at the next multiple of 64, a list that this library made
 * has a *trailer*: ShmListTrailer, then the records of all slots of 1000 bytes or more, in the
 * order of their items, then room for one value in flight. shm-list-sync.h says how the trailer
 * is used. A list that CPython made ends where its layout ends.
 *
 * Everything here can be of a hostile peer, and change at any time. Functions in this file work
 * on what they are given, do no I/O, and look at nothing outside [bytes, bytes + size).
 */

#pragma once

#include "core/shm-list-steps.h"
#include "core/shm-words.h"

G_BEGIN_DECLS

#define SHM_LIST_SLOT_MAX    9999992          /* the largest count that fits an entry */
#define SHM_LIST_LENGTH_MAX  9999991          /* of a value, so that a NUL still follows */
#define SHM_LIST_RECORD_SLOT 1000             /* slots from this size on have a record */
#define SHM_LIST_SHORT_COUNT 999999           /* the count of a marked entry of a larger slot */
#define SHM_LIST_MAGIC       0x316a626f6d6873 /* "shmobj1" and a NUL where bytes count upwards */
#define SHM_LIST_VERSION     1

/* Eight characters as the word that they are in memory. */
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
  SHM_LIST_CODE_NUMBER = 0, /* and bool */
  SHM_LIST_CODE_STRING = 1,
  SHM_LIST_CODE_BYTES = 2,
  SHM_LIST_CODE_NONE = 3,
} ShmListCode;

typedef enum
{
  SHM_LIST_NONE,
  SHM_LIST_INT64,
  SHM_LIST_DOUBLE,
  SHM_LIST_BOOLEAN,
  SHM_LIST_STRING,
  SHM_LIST_BYTES,
} ShmListKind;

typedef struct
{
  ShmListKind kind;
  gsize length; /* of bytes; 0 for all other kinds */
  union
  {
    gint64 integer;
    double number;
    gboolean truth;
    const guint8 *bytes; /* a str in UTF-8, or bytes; NULs anywhere */
  };
} ShmListValue;

/* The exact length of a value that ends in NULs. */
typedef struct
{
  guint64 index;  /* of the item, never changes */
  guint64 length; /* 0: nothing is known */
  guint64 proof;  /* the hash of the value without its trailing NULs; 0 where a mark proves it */
} ShmListRecord;

/* The value that is being stored. */
typedef struct
{
  guint64 index;
  guint64 entry;
  guint64 code;
  guint64 length; /* of the bytes in the room; 8 for a number */
  guint64 proof;  /* for the record */
} ShmListFlight;

typedef struct
{
  guint64 magic;
  guint64 version;
  guint64 n_records;
  guint64 room;    /* bytes for the value in flight: the size of the largest slot */
  guint64 lock;    /* the writer's participant number, or 0 */
  guint64 counter; /* odd: the value of item flight.index is the one in flight */
  ShmListFlight flight;
} ShmListTrailer;

/* Sizes, once checked. */
typedef struct
{
  guint64 n_items;
  guint64 data_size; /* of all slots */
  gboolean has_trailer;
  guint64 n_records;
  guint64 room;
} ShmListLayout;

static inline guint64
shm_list_data_at (const ShmListLayout *layout)
{
  return 8 * (layout->n_items + 2);
}

static inline guint64
shm_list_entries_at (const ShmListLayout *layout)
{
  return shm_list_data_at (layout) + layout->data_size;
}

static inline guint64
shm_list_codes_at (const ShmListLayout *layout)
{
  return shm_list_entries_at (layout) + 8 * layout->n_items;
}

/* Where CPython's layout ends. */
static inline guint64
shm_list_end (const ShmListLayout *layout)
{
  return shm_list_codes_at (layout) + layout->n_items;
}

static inline guint64
shm_list_trailer_at (const ShmListLayout *layout)
{
  return (shm_list_end (layout) + 63) & ~(guint64) 63;
}

static inline guint64
shm_list_records_at (const ShmListLayout *layout)
{
  return shm_list_trailer_at (layout) + sizeof (ShmListTrailer);
}

static inline guint64
shm_list_room_at (const ShmListLayout *layout)
{
  return shm_list_records_at (layout) + layout->n_records * sizeof (ShmListRecord);
}

/* How large the block is. */
static inline guint64
shm_list_size (const ShmListLayout *layout)
{
  return layout->has_trailer ? shm_list_room_at (layout) + layout->room : shm_list_end (layout);
}

/* The size of the slot that a value gets. */
static inline guint64
shm_list_slot_for (const ShmListValue *value)
{
  return 8 * (value->length / 8 + 1);
}

/* Looking at a block */

typedef enum
{
  SHM_LIST_COMPLETE,
  SHM_LIST_UNFINISHED, /* no list, or one that CPython is still making */
  SHM_LIST_NEWER,      /* with a trailer of a later version */
  SHM_LIST_CORRUPT,
} ShmListVerdict;

/* @bytes are aligned to 8. Only sizes are judged; items are when they are looked at. */
ShmListVerdict shm_list_inspect (const guint8 *bytes, guint64 size, ShmListLayout *layout);

/* Where the parts of some items of a list stand: in the block, or in a copy. */
typedef struct
{
  guint64 first; /* the index in the list of the first of them */
  guint64 n_items;
  guint64 *offsets; /* n_items + 1 */
  guint8 *data;     /* what offsets[0] stands for in a copy; the beginning of all in a block */
  guint64 data_from, data_to; /* the offsets that @data reaches from and to */
  guint64 *entries;
  guint8 *codes;
  ShmListRecord *records; /* of these items */
  guint64 n_records;
} ShmListParts;

void shm_list_find_parts (guint8 *bytes, const ShmListLayout *layout, ShmListParts *parts);

/* The place among the records of the first one that is of item @index or a later one. */
guint64 shm_list_find_record (const ShmListParts *parts, guint64 index);

typedef struct
{
  guint8 *bytes;
  guint64 size;
  guint64 *entry;
  guint8 *code;
  ShmListRecord *record; /* (nullable) */
} ShmListSlot;

ShmListRecord *shm_list_get_record (const ShmListParts *parts, guint64 index);

/* FALSE if the offsets of item @index (which lies within the parts) are corrupt. */
static inline gboolean
shm_list_find_slot (const ShmListParts *parts, guint64 index, ShmListSlot *slot)
{
  const guint64 i = index - parts->first;
  const guint64 start = shm_word_load (&parts->offsets[i]);
  const guint64 end = shm_word_load (&parts->offsets[i + 1]);

  if (start < parts->data_from || end > parts->data_to || start >= end || (start | end) % 8 != 0
      || end - start > SHM_LIST_SLOT_MAX)
    return FALSE;

  slot->bytes = parts->data + (start - parts->data_from);
  slot->size = end - start;
  slot->entry = &parts->entries[i];
  slot->code = &parts->codes[i];
  slot->record = slot->size >= SHM_LIST_RECORD_SLOT ? shm_list_get_record (parts, index) : NULL;

  return TRUE;
}

/* Whether a value in flight, as another process noted it, can be stored; finds its slot. */
gboolean shm_list_check_flight (const ShmListParts *parts,
                                const ShmListFlight *flight,
                                guint64 room,
                                ShmListSlot *slot);

static inline gboolean
shm_list_is_bytes (guint64 code)
{
  return code == SHM_LIST_CODE_STRING || code == SHM_LIST_CODE_BYTES;
}

/* Values to bytes */

typedef enum
{
  SHM_LIST_FITS,
  SHM_LIST_TOO_LONG,  /* for the slot, or for any */
  SHM_LIST_UNPROVABLE /* its trailing NULs would be lost */
} ShmListFit;

/* What is to be stored for @value in a slot of that size. */
ShmListFit shm_list_encode (const ShmListValue *value,
                            guint64 slot_size,
                            gboolean has_record,
                            ShmListFlight *flight);

/* UTF-8 as Python has it, NULs included. */
gboolean shm_list_is_text (const guint8 *bytes, gsize length);

/* Bytes to values */

/* What an entry and a code say. */
typedef struct
{
  ShmListKind kind;
  guint64 count;      /* how many bytes of the slot there are to look at */
  guint64 extra;      /* how many NULs follow what remains of them without NULs */
  gboolean by_record; /* ... or the record knows */
  gboolean by_proof;  /* ... if it can prove it */
} ShmListReading;

/* FALSE for what no writer leaves in a slot of that size, except on the way. (Numbers are most of
 * what is read, and are told here.) */
gboolean shm_list_parse_other (guint64 entry,
                               guint64 code,
                               guint64 slot_size,
                               gboolean has_record,
                               ShmListReading *reading);

static inline gboolean
shm_list_parse (guint64 entry,
                guint64 code,
                guint64 slot_size,
                gboolean has_record,
                ShmListReading *reading)
{
  if (code != SHM_LIST_CODE_NUMBER)
    return shm_list_parse_other (entry, code, slot_size, has_record, reading);

  if (entry == SHM_LIST_ENTRY_INT64)
    reading->kind = SHM_LIST_INT64;
  else if (entry == SHM_LIST_ENTRY_DOUBLE)
    reading->kind = SHM_LIST_DOUBLE;
  else if (entry == SHM_LIST_ENTRY_BOOLEAN)
    reading->kind = SHM_LIST_BOOLEAN;
  else
    return FALSE;

  return TRUE;
}

/* The value in a copy of the slot and of its record. FALSE if they contradict each other, or hold
 * no text where they should. A value that ends in NULs has them counted in its length though they
 * may lie behind @reading->count. */
gboolean shm_list_decode_bytes (const ShmListReading *reading,
                                const guint8 *bytes,
                                guint64 slot_size,
                                const ShmListRecord *record,
                                ShmListValue *value);

static inline gboolean
shm_list_decode (const ShmListReading *reading,
                 const guint8 *bytes,
                 guint64 slot_size,
                 const ShmListRecord *record,
                 ShmListValue *value)
{
  value->kind = reading->kind;
  value->length = 0;

  switch (reading->kind)
    {
    case SHM_LIST_INT64:
    case SHM_LIST_DOUBLE:
      memcpy (&value->integer, bytes, 8);
      return TRUE;
    case SHM_LIST_BOOLEAN:
      value->truth = bytes[7] != 0;
      return TRUE;
    case SHM_LIST_STRING:
    case SHM_LIST_BYTES:
      return shm_list_decode_bytes (reading, bytes, slot_size, record, value);
    case SHM_LIST_NONE:
    default:
      value->integer = 0;
      return TRUE;
    }
}

/* A value in a private copy. */
gboolean shm_list_get (const ShmListParts *parts, guint64 index, ShmListValue *value);

/* Equal as values: an int equals the float of the same value. */
gboolean shm_list_value_equal (const ShmListValue *a, const ShmListValue *b);

/* The entry of item @index as CPython writes it, without marks; a string in @format. */
gboolean shm_list_get_format (const ShmListParts *parts, guint64 index, char format[9]);

/* Whole lists */

/* Values one after the other, twice. */
typedef struct _ShmListSource ShmListSource;

struct _ShmListSource
{
  guint64 n_items;
  void (*rewind) (ShmListSource *self);
  gboolean (*next) (ShmListSource *self, ShmListValue *value); /* FALSE if it has failed */
};

/* The layout of a new list; fails with SHM_STEP_LIST_VALUE for a value that no list can hold, and
 * with ECANCELED if the source has failed. */
gboolean shm_list_measure (ShmListSource *source, ShmListLayout *layout, ShmFault *fault);

/* Where a new list goes, piece by piece. What nothing is put at is zero there. */
typedef gboolean (*ShmListPut) (guint64 offset,
                                gconstpointer bytes,
                                gsize length,
                                gpointer user_data,
                                ShmFault *fault);

/* Puts the list where it is to be. A source that gives other values now than it gave to measure()
 * fails with SHM_STEP_LIST_VALUE and ESTALE; whatever it does, nothing is put outside of
 * shm_list_size(). */
gboolean shm_list_fill (ShmListSource *source,
                        const ShmListLayout *layout,
                        ShmListPut put,
                        gpointer user_data,
                        ShmFault *fault);

G_END_DECLS
