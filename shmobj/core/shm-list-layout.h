/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The layout of a list in memory: sizes, positions, and the checks of both.
 *
 * CPython's layout
 * ----------------
 *
 * A list of N values has the layout of CPython 3.9 and later, byte for byte. Numbers are in native
 * byte order. Format entries, slots and offsets are aligned to 8 bytes.
 *
 *     position          content                                    size
 *     0                 N                                          int64
 *     8                 N + 1 offsets into the slots               int64 each
 *     8 (N + 2)         the slots, one after the other             offset[N] bytes
 *     + offset[N]       N format entries, padded with NULs         8 bytes each
 *     + 8 N             N type codes                               1 byte each
 *     + N               end of CPython's layout
 *
 * The slot of item i reaches from offset[i] to offset[i + 1]. It never moves or grows. Its size is
 * a multiple of 8: 8 bytes for a number, 8 * (length / 8 + 1) bytes for bytes of that length, and
 * for a str see shm_list_slot_size_for(). A format entry is the struct format of the value:
 *
 *     value      format entry  type code  slot
 *     int        q             0          int64
 *     float      d             0          double
 *     bool       xxxxxxx?      0          byte 7 is not 0
 *     str        <slot size>s  1          UTF-8, padded with NULs
 *     bytes      <slot size>s  2          bytes, padded with NULs
 *     None       xxxxxx?x      3          unused
 *
 * The format entry of a str or bytes holds the size of the slot, not the length of the value,
 * because stock CPython keeps a format entry that ends in `s`, and cuts each value that it stores
 * later to the number in the entry. If another writer has stored a number that is smaller than the
 * size of the slot, this number is the length of the value. CPython strips trailing NULs when it
 * reads a value, so it cannot distinguish a value from the same value with NULs at its end.
 *
 * Length marks
 * ------------
 *
 * This library keeps trailing NULs. Only a value that ends in NULs has a length mark: white space
 * after the `s` of its format entry. CPython ignores the white space when it reads. When CPython
 * stores a str or bytes, it replaces each format entry that does not end in `s`. So the mark
 * disappears exactly when it becomes wrong.
 *
 *   - The mark fills the format entry up to 8 characters. It is a number in base 6, most
 *     significant digit first, with the digits blank, \t, \n, \v, \f, \r. The number is the count
 *     of trailing NULs minus one. The format entry of an 8-byte slot ("8s") leaves space for 6
 *     digits, that of a slot of 999992 bytes for one digit.
 *   - Slots of 1000 bytes or more have a length record in the trailer. In such a slot the highest
 *     number means that the length record holds the length of the value.
 *   - The format entry of a slot of 1000000 bytes or more has no space for a mark. If the value
 *     without its trailing NULs has at most 999999 bytes, the format entry is "999999s" and a mark
 *     of one digit. CPython then reads enough bytes, and replaces this format entry too.
 *   - A longer value cannot have a mark. Its length record also holds a hash of the bytes in the
 *     slot, and is valid while the bytes in the slot have this hash. One case is not detected:
 *     CPython stores *the same bytes* again, without NULs at the end, and so changes no byte of the
 *     block. A reader then still finds the trailing NULs of the earlier value.
 *
 * Trailer
 * -------
 *
 * A list that this library created has a trailer at the next multiple of 64 after the end of
 * CPython's layout: a ShmListTrailer, then the length records of all slots of 1000 bytes or more in
 * the order of their items, then the redo buffer. shm-list-sync.h describes how the trailer is
 * used. A list that CPython created ends where CPython's layout ends.
 *
 * A hostile process can write to the memory at any time. The functions in this file do no I/O, and
 * do not access memory outside [bytes, bytes + size).
 */

#pragma once

#include "core/shm-words.h"

G_BEGIN_DECLS

#define SHM_LIST_SLOT_MAX         9999992 /* the largest count in a format entry */
#define SHM_LIST_LENGTH_MAX       9999991 /* the largest length: a NUL must follow the value */
#define SHM_LIST_RECORD_SLOT_MIN  1000    /* size of the smallest slot that has a length record */
#define SHM_LIST_MARKED_COUNT_MAX 999999  /* the largest count that leaves space for a mark */
#define SHM_LIST_MAGIC            0x316a626f6d6873 /* "shmobj1" and a NUL in little-endian order */
#define SHM_LIST_VERSION          2

/* The exact length of a value that ends in NULs. */
typedef struct
{
  guint64 index;  /* the index of the item; never changes */
  guint64 length; /* 0: unknown */
  guint64 hash;   /* the hash of the value without its trailing NULs, if the value has trailing NULs
                   * and is too long for a length mark; otherwise 0 */
} ShmListLengthRecord;

/* The redo record: the value that is being written. Its bytes are in the redo buffer. */
typedef struct
{
  guint64 index;
  guint64 entry;
  guint64 type_code;
  guint64 length; /* how many bytes are in the redo buffer; 8 for all kinds except str and bytes */
  guint64 hash;   /* the hash to store in the length record */
} ShmListRedo;

/* Version 2. A trailer of version 1 had only the fields before @armed. Each writer stores to
 * @sequence, so @armed is in the same cache line. */
typedef struct
{
  guint64 magic;
  guint64 version;
  guint64 n_length_records;
  guint64 redo_size; /* bytes in the redo buffer: the size of the largest slot */
  guint64 lock;      /* the number of the lock owner, or 0 */
  guint64 sequence;  /* the sequence counter; odd: the value of item redo.index is in @redo */
  ShmListRedo redo;
  guint32 armed;         /* whether processes sleep until a value changes: see shm-list-sync.h */
  guint32 reserved_1;    /* 0 */
  guint64 holder;        /* the number of the process that holds the advisory lock, or 0 */
  guint64 reserved_2[3]; /* 0 */
} ShmListTrailer;

/* The sizes of a list. shm_list_inspect() has checked them. */
typedef struct
{
  guint64 n_items;
  guint64 data_size; /* the size of all slots together */
  gboolean has_trailer;
  guint64 n_length_records;
  guint64 redo_size;
} ShmListLayout;

/* Positions in the block */

static inline guint64
shm_list_slots_offset (const ShmListLayout *layout)
{
  return 8 * (layout->n_items + 2);
}

static inline guint64
shm_list_entries_offset (const ShmListLayout *layout)
{
  return shm_list_slots_offset (layout) + layout->data_size;
}

static inline guint64
shm_list_type_codes_offset (const ShmListLayout *layout)
{
  return shm_list_entries_offset (layout) + 8 * layout->n_items;
}

/* Returns the size of CPython's layout. */
static inline guint64
shm_list_cpython_size (const ShmListLayout *layout)
{
  return shm_list_type_codes_offset (layout) + layout->n_items;
}

static inline guint64
shm_list_trailer_offset (const ShmListLayout *layout)
{
  return (shm_list_cpython_size (layout) + 63) & ~(guint64) 63;
}

static inline guint64
shm_list_length_records_offset (const ShmListLayout *layout)
{
  return shm_list_trailer_offset (layout) + sizeof (ShmListTrailer);
}

static inline guint64
shm_list_redo_buffer_offset (const ShmListLayout *layout)
{
  return shm_list_length_records_offset (layout)
         + layout->n_length_records * sizeof (ShmListLengthRecord);
}

/* Returns the size of the block. */
static inline guint64
shm_list_size (const ShmListLayout *layout)
{
  return layout->has_trailer ? shm_list_redo_buffer_offset (layout) + layout->redo_size
                             : shm_list_cpython_size (layout);
}

/* Inspection */

typedef enum
{
  SHM_LIST_COMPLETE,
  SHM_LIST_INCOMPLETE,    /* not a list, or CPython is still creating it */
  SHM_LIST_OTHER_VERSION, /* the trailer has a version that this library does not know */
  SHM_LIST_CORRUPT,
} ShmListStatus;

/* Checks the sizes in a block, and fills @layout if the list is complete. @bytes are aligned to 8.
 * Does not check the items: each access checks the item that it needs. */
ShmListStatus shm_list_inspect (const guint8 *bytes, guint64 size, ShmListLayout *layout);

/* The positions of the parts of a range of items, in the block or in a private copy. */
typedef struct
{
  guint64 first; /* index of the first item of the range in the list */
  guint64 n_items;
  guint64 *offsets;           /* n_items + 1 */
  guint8 *data;               /* the byte at offset @data_from */
  guint64 data_from, data_to; /* offsets: where @data begins and ends */
  guint64 *entries;
  guint8 *type_codes;
  ShmListLengthRecord *length_records; /* (nullable): the length records of the range */
  guint64 n_length_records;
} ShmListParts;

/* Fills @parts with the positions of all items of a list. */
void shm_list_find_parts (guint8 *bytes, const ShmListLayout *layout, ShmListParts *parts);

/* Returns the position in @parts->length_records of the first length record of item @index or of a
 * later item. */
guint64 shm_list_find_length_record (const ShmListParts *parts, guint64 index);

/* Returns the length record of item @index, or NULL. */
ShmListLengthRecord *shm_list_get_length_record (const ShmListParts *parts, guint64 index);

/* The parts of one item. */
typedef struct
{
  guint8 *bytes;
  guint64 size;
  guint64 *entry;
  guint8 *type_code;
  ShmListLengthRecord *length_record; /* (nullable) */
} ShmListSlot;

/* Does the same as shm_list_find_slot(), but does not set the length record. Always inlined, so
 * that shm_list_find_slot() is no slower. */
static G_ALWAYS_INLINE inline gboolean
shm_list_find_slot_without_record (const ShmListParts *parts, guint64 index, ShmListSlot *slot)
{
  const guint64 i = index - parts->first;
  guint64 start, end;

  /* In a list of numbers, all slots have 8 bytes. So the processor can fetch the value while it
   * still waits for the offset. Fetching an address that is not mapped has no effect. */
  __builtin_prefetch (parts->data + 8 * i);
  start = shm_word_load (&parts->offsets[i]);
  end = shm_word_load (&parts->offsets[i + 1]);

  if (start < parts->data_from || end > parts->data_to || start >= end || (start | end) % 8 != 0
      || end - start > SHM_LIST_SLOT_MAX)
    return FALSE;

  slot->bytes = parts->data + (start - parts->data_from);
  slot->size = end - start;
  slot->entry = &parts->entries[i];
  slot->type_code = &parts->type_codes[i];

  return TRUE;
}

/* Fills @slot with the positions of item @index, which must lie within @parts. Returns FALSE if the
 * offsets of the item are corrupt. */
static inline gboolean
shm_list_find_slot (const ShmListParts *parts, guint64 index, ShmListSlot *slot)
{
  if (!shm_list_find_slot_without_record (parts, index, slot))
    return FALSE;
  slot->length_record
      = slot->size >= SHM_LIST_RECORD_SLOT_MIN ? shm_list_get_length_record (parts, index) : NULL;

  return TRUE;
}

G_END_DECLS
