/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-layout.h"

#include <errno.h>
#include <string.h>

/* Numbers are read and written as they stand in memory, as CPython does. */
G_STATIC_ASSERT (sizeof (double) == 8);
G_STATIC_ASSERT (sizeof (ShmListTrailer) % 8 == 0);

/* The digits of a mark. */
static const char mark_digits[] = " \t\n\v\f\r";

/* Looking at a block */

/* Where the trailer is, if the sizes of one fit what is behind the end of CPython's layout. */
static ShmListVerdict
inspect_trailer (const guint8 *bytes, guint64 size, ShmListLayout *layout)
{
  const guint64 trailer_at = shm_list_trailer_at (layout);
  const ShmListTrailer *trailer = (gconstpointer) (bytes + trailer_at);

  if (size < trailer_at || size - trailer_at < sizeof *trailer
      || shm_word_load (&trailer->magic) != SHM_LIST_MAGIC)
    return SHM_LIST_UNFINISHED;
  if (shm_word_load (&trailer->version) != SHM_LIST_VERSION)
    return SHM_LIST_NEWER;

  layout->n_records = shm_word_load (&trailer->n_records);
  layout->room = shm_word_load (&trailer->room);
  layout->has_trailer = TRUE;

  if (layout->n_records > layout->n_items || layout->room % 8 != 0
      || layout->room > SHM_LIST_SLOT_MAX || shm_list_size (layout) != size)
    return SHM_LIST_CORRUPT;

  return SHM_LIST_COMPLETE;
}

ShmListVerdict
shm_list_inspect (const guint8 *bytes, guint64 size, ShmListLayout *layout)
{
  const guint64 *words = (gconstpointer) bytes;
  guint64 n_items;
  guint64 data_size;

  memset (layout, 0, sizeof *layout);

  /* CPython gives the block its size first, then the length of the list, then the rest. */
  if (size < 16)
    return SHM_LIST_UNFINISHED;
  n_items = shm_word_load (&words[0]);
  if (n_items > G_MAXINT64)
    return SHM_LIST_CORRUPT;
  if (n_items > (size - 16) / 17)
    return SHM_LIST_UNFINISHED;
  data_size = shm_word_load (&words[1 + n_items]);
  if (data_size > size - 16 - 17 * n_items || data_size < 8 * n_items)
    return SHM_LIST_UNFINISHED;
  if (data_size % 8 != 0)
    return SHM_LIST_CORRUPT;

  layout->n_items = n_items;
  layout->data_size = data_size;

  return shm_list_end (layout) == size ? SHM_LIST_COMPLETE : inspect_trailer (bytes, size, layout);
}

void
shm_list_find_parts (guint8 *bytes, const ShmListLayout *layout, ShmListParts *parts)
{
  parts->first = 0;
  parts->n_items = layout->n_items;
  parts->offsets = (gpointer) (bytes + 8);
  parts->data = bytes + shm_list_data_at (layout);
  parts->data_from = 0;
  parts->data_to = layout->data_size;
  parts->entries = (gpointer) (bytes + shm_list_entries_at (layout));
  parts->codes = bytes + shm_list_codes_at (layout);
  parts->n_records = layout->n_records;
  parts->records
      = layout->n_records == 0 ? NULL : (gpointer) (bytes + shm_list_records_at (layout));
}

guint64
shm_list_find_record (const ShmListParts *parts, guint64 index)
{
  guint64 from = 0;
  guint64 to = parts->n_records;

  while (from < to)
    {
      const guint64 middle = from + (to - from) / 2;

      if (shm_word_load (&parts->records[middle].index) < index)
        from = middle + 1;
      else
        to = middle;
    }

  return from;
}

ShmListRecord *
shm_list_get_record (const ShmListParts *parts, guint64 index)
{
  const guint64 at = shm_list_find_record (parts, index);

  if (at < parts->n_records && shm_word_load (&parts->records[at].index) == index)
    return &parts->records[at];

  return NULL;
}

/* Entries */

/* Writes "<count>s" and returns how many characters that are. */
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

/* How many numbers that many digits of a mark can tell apart. */
static guint64
count_marks (guint n_digits)
{
  guint64 n = 1;

  while (n_digits-- > 0)
    n *= 6;

  return n;
}

static guint64
make_entry (guint64 count)
{
  char entry[8] = { 0 };

  write_count (entry, count);

  return shm_list_word_of (entry);
}

static guint64
make_marked_entry (guint64 count, guint64 mark)
{
  char entry[8];
  const guint from = write_count (entry, count);

  for (guint i = 8; i-- > from; mark /= 6)
    entry[i] = mark_digits[mark % 6];

  return shm_list_word_of (entry);
}

/* Proofs */

/* A hash of 64 bits, never 0. It tells values of a list from each other, and is no defence: who
 * can write the block can write the record too. */
static guint64
prove (const guint8 *bytes, gsize length, ShmListKind kind)
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

static gsize
length_without_nuls (const guint8 *bytes, gsize length)
{
  while (length > 0 && bytes[length - 1] == 0)
    length--;

  return length;
}

/* Values to bytes */

static ShmListFit
encode_bytes (const ShmListValue *value,
              guint64 slot_size,
              gboolean has_record,
              ShmListFlight *flight)
{
  const gsize stripped = length_without_nuls (value->bytes, value->length);
  const gsize nuls = value->length - stripped;
  const guint64 count = MIN (slot_size, SHM_LIST_SHORT_COUNT);
  char entry[8];
  guint64 n_marks;

  if (value->length > slot_size || value->length > SHM_LIST_LENGTH_MAX)
    return SHM_LIST_TOO_LONG;

  flight->code = value->kind == SHM_LIST_STRING ? SHM_LIST_CODE_STRING : SHM_LIST_CODE_BYTES;
  flight->length = value->length;
  flight->entry = make_entry (slot_size);
  if (nuls == 0)
    return SHM_LIST_FITS;

  if (stripped > count)
    {
      flight->proof = prove (value->bytes, stripped, value->kind);
      return has_record ? SHM_LIST_FITS : SHM_LIST_UNPROVABLE;
    }

  n_marks = count_marks (8 - write_count (entry, count));
  if (nuls < n_marks || (nuls == n_marks && !has_record))
    flight->entry = make_marked_entry (count, nuls - 1);
  else if (has_record)
    flight->entry = make_marked_entry (count, n_marks - 1);
  else
    return SHM_LIST_UNPROVABLE;

  return SHM_LIST_FITS;
}

static inline ShmListFit
encode (const ShmListValue *value, guint64 slot_size, gboolean has_record, ShmListFlight *flight)
{
  flight->code = SHM_LIST_CODE_NUMBER;
  flight->length = 8;
  flight->proof = 0;

  switch (value->kind)
    {
    case SHM_LIST_INT64:
      flight->entry = SHM_LIST_ENTRY_INT64;
      return SHM_LIST_FITS;
    case SHM_LIST_DOUBLE:
      flight->entry = SHM_LIST_ENTRY_DOUBLE;
      return SHM_LIST_FITS;
    case SHM_LIST_BOOLEAN:
      flight->entry = SHM_LIST_ENTRY_BOOLEAN;
      return SHM_LIST_FITS;
    case SHM_LIST_STRING:
    case SHM_LIST_BYTES:
      return encode_bytes (value, slot_size, has_record, flight);
    case SHM_LIST_NONE:
    default:
      flight->entry = SHM_LIST_ENTRY_NONE;
      flight->code = SHM_LIST_CODE_NONE;
      return SHM_LIST_FITS;
    }
}

ShmListFit
shm_list_encode (const ShmListValue *value,
                 guint64 slot_size,
                 gboolean has_record,
                 ShmListFlight *flight)
{
  return encode (value, slot_size, has_record, flight);
}

gboolean
shm_list_is_text (const guint8 *bytes, gsize length)
{
  const char *at = (const char *) bytes;
  const char *end = at + length;

  /* GLib takes a NUL for the end. */
  for (;;)
    {
      if (g_utf8_validate_len (at, end - at, &at))
        return TRUE;
      if (*at != '\0')
        return FALSE;
      at++;
    }
}

/* Bytes to values */

static gboolean
parse_mark (const char *at, const char *end, guint64 *mark)
{
  *mark = 0;
  for (; at < end; at++)
    {
      const char *digit = memchr (mark_digits, *at, 6);

      if (digit == NULL)
        return FALSE;
      *mark = *mark * 6 + (digit - mark_digits);
    }

  return TRUE;
}

/* "<count>s", padded with NULs or filled up with a mark. */
static gboolean
parse_bytes (guint64 word, guint64 slot_size, gboolean has_record, ShmListReading *reading)
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

  reading->count = count;
  if (at == 8 || entry[at] == '\0')
    {
      reading->by_proof = has_record && count == slot_size && count > SHM_LIST_SHORT_COUNT;
      return memcmp (entry + at, "\0\0\0\0\0\0\0", 8 - at) == 0;
    }

  if (!parse_mark (entry + at, entry + 8, &mark) || count != MIN (slot_size, SHM_LIST_SHORT_COUNT)
      || entry[0] == '0')
    return FALSE;

  reading->by_record = has_record && mark == count_marks (8 - at) - 1;
  reading->extra = mark + 1;

  return TRUE;
}

gboolean
shm_list_parse_other (guint64 entry,
                      guint64 code,
                      guint64 slot_size,
                      gboolean has_record,
                      ShmListReading *reading)
{
  *reading = (ShmListReading){ .kind = SHM_LIST_NONE, .count = 8 };
  if (code == SHM_LIST_CODE_NONE)
    return entry == SHM_LIST_ENTRY_NONE;

  reading->kind = code == SHM_LIST_CODE_STRING ? SHM_LIST_STRING : SHM_LIST_BYTES;

  return shm_list_is_bytes (code) && parse_bytes (entry, slot_size, has_record, reading);
}

static gboolean
is_zero (const guint8 *bytes, gsize length)
{
  return length_without_nuls (bytes, length) == 0;
}

gboolean
shm_list_decode_bytes (const ShmListReading *reading,
                       const guint8 *bytes,
                       guint64 slot_size,
                       const ShmListRecord *record,
                       ShmListValue *value)
{
  const gsize stripped = length_without_nuls (bytes, reading->count);

  value->bytes = bytes;
  value->length = stripped + reading->extra;

  if (reading->by_record)
    {
      value->length = record->length;
      if (record->length <= stripped)
        return FALSE;
    }
  else if (reading->by_proof && record->proof != 0 && record->length > stripped
           && record->length <= slot_size && record->proof == prove (bytes, stripped, value->kind))
    value->length = record->length;

  /* What is counted is NULs, also where the entry does not reach. */
  return value->length <= slot_size && is_zero (bytes + stripped, value->length - stripped)
         && (value->kind == SHM_LIST_BYTES || shm_list_is_text (bytes, stripped));
}

gboolean
shm_list_check_flight (const ShmListParts *parts,
                       const ShmListFlight *flight,
                       guint64 room,
                       ShmListSlot *slot)
{
  ShmListReading reading;

  return flight->index - parts->first < parts->n_items
         && shm_list_find_slot (parts, flight->index, slot)
         && shm_list_parse (flight->entry, flight->code, slot->size, slot->record != NULL, &reading)
         && flight->length <= slot->size && flight->length <= room
         && (shm_list_is_bytes (flight->code) || flight->length == 8);
}

gboolean
shm_list_get (const ShmListParts *parts, guint64 index, ShmListValue *value)
{
  ShmListReading reading;
  ShmListSlot slot;

  return shm_list_find_slot (parts, index, &slot)
         && shm_list_parse (*slot.entry, *slot.code, slot.size, slot.record != NULL, &reading)
         && shm_list_decode (&reading, slot.bytes, slot.size, slot.record, value);
}

/* An int that a float can't hold equals no float. */
static gboolean
is_integer (double number, gint64 integer)
{
  return number >= -0x1p63 && number < 0x1p63 && (gint64) number == integer
         && (double) integer == number;
}

gboolean
shm_list_value_equal (const ShmListValue *a, const ShmListValue *b)
{
  if (a->kind != b->kind)
    return (a->kind == SHM_LIST_INT64 && b->kind == SHM_LIST_DOUBLE
            && is_integer (b->number, a->integer))
           || (a->kind == SHM_LIST_DOUBLE && b->kind == SHM_LIST_INT64
               && is_integer (a->number, b->integer));

  switch (a->kind)
    {
    case SHM_LIST_INT64:
      return a->integer == b->integer;
    case SHM_LIST_DOUBLE:
      return a->number == b->number;
    case SHM_LIST_BOOLEAN:
      return !a->truth == !b->truth;
    case SHM_LIST_STRING:
    case SHM_LIST_BYTES:
      return a->length == b->length
             && (a->length == 0 || memcmp (a->bytes, b->bytes, a->length) == 0);
    case SHM_LIST_NONE:
    default:
      return TRUE;
    }
}

gboolean
shm_list_get_format (const ShmListParts *parts, guint64 index, char format[9])
{
  ShmListReading reading;
  ShmListSlot slot;
  guint64 entry;

  if (!shm_list_find_slot (parts, index, &slot)
      || !shm_list_parse (*slot.entry, *slot.code, slot.size, slot.record != NULL, &reading))
    return FALSE;

  entry = *slot.entry;
  if (reading.kind == SHM_LIST_STRING || reading.kind == SHM_LIST_BYTES)
    entry = make_entry (slot.size);
  memcpy (format, &entry, 8);
  format[8] = '\0';

  return TRUE;
}

/* Whole lists */

static gboolean
measure_value (const ShmListValue *value, ShmListLayout *layout)
{
  const guint64 slot_size = shm_list_slot_for (value);

  layout->data_size += slot_size;
  layout->room = MAX (layout->room, slot_size);
  if (slot_size >= SHM_LIST_RECORD_SLOT)
    layout->n_records++;

  return value->length <= SHM_LIST_LENGTH_MAX;
}

static gboolean
fail_at (ShmFault *fault, int errnum, guint64 index)
{
  return shm_fault_set_detail (fault, SHM_STEP_LIST_VALUE, errnum, index);
}

gboolean
shm_list_measure (ShmListSource *source, ShmListLayout *layout, ShmFault *fault)
{
  ShmListValue value;

  shm_at (LIST_VALUE);

  memset (layout, 0, sizeof *layout);
  layout->n_items = source->n_items;
  layout->has_trailer = TRUE;

  source->rewind (source);
  for (guint64 i = 0; i < source->n_items; i++)
    {
      if (!source->next (source, &value))
        return fail_at (fault, ECANCELED, i);
      if (!measure_value (&value, layout))
        return fail_at (fault, EFBIG, i);
      if (value.kind == SHM_LIST_STRING && !shm_list_is_text (value.bytes, value.length))
        return fail_at (fault, EILSEQ, i);
    }

  return TRUE;
}

/* A part of the new list, of which the last bytes are still here. */
typedef struct
{
  guint64 offset; /* where in the list they go */
  guint8 *bytes;
  gsize used;
  gsize size;
} Window;

#define WINDOW_SIZE (32 * 1024)

typedef struct
{
  ShmListPut put;
  gpointer user_data;
  ShmFault *fault;

  Window offsets;
  Window slots;
  Window entries;
  Window codes;
  ShmListRecord *records;
  guint64 n_records;
} Filling;

static gboolean
flush (Filling *self, Window *window)
{
  const gsize used = window->used;
  const guint64 offset = window->offset;

  window->offset += used;
  window->used = 0;

  return used == 0 || self->put (offset, window->bytes, used, self->user_data, self->fault);
}

/* Room for the next bytes of a part, no more than a window has, or NULL. */
static inline guint8 *
get_room (Filling *self, Window *window, gsize length)
{
  guint8 *room;

  if (G_UNLIKELY (window->size - window->used < length) && !flush (self, window))
    return NULL;

  room = window->bytes + window->used;
  window->used += length;

  return room;
}

static inline gboolean
add_word (Filling *self, Window *window, guint64 word)
{
  guint8 *room = get_room (self, window, 8);

  if (room == NULL)
    return FALSE;
  memcpy (room, &word, 8);

  return TRUE;
}

static gboolean
add_bytes (Filling *self, const ShmListValue *value, gsize slot_size)
{
  Window *slots = &self->slots;
  gsize length = value->length;
  guint8 *room;

  /* What is larger than a window does without one. */
  if (length > WINDOW_SIZE - 8)
    {
      if (!flush (self, slots)
          || !self->put (slots->offset, value->bytes, length, self->user_data, self->fault))
        return FALSE;
      slots->offset += length;
      slot_size -= length;
      length = 0;
    }

  room = get_room (self, slots, slot_size);
  if (room == NULL)
    return FALSE;
  memset (room, 0, slot_size);
  if (length > 0)
    memcpy (room, value->bytes, length);

  return TRUE;
}

static gboolean
add_slot (Filling *self, const ShmListValue *value, gsize slot_size)
{
  guint64 word = 0;

  if (value->kind == SHM_LIST_STRING || value->kind == SHM_LIST_BYTES)
    return add_bytes (self, value, slot_size);

  if (value->kind == SHM_LIST_INT64 || value->kind == SHM_LIST_DOUBLE)
    memcpy (&word, &value->integer, 8);
  else if (value->kind == SHM_LIST_BOOLEAN)
    ((guint8 *) &word)[7] = value->truth != FALSE;

  return add_word (self, &self->slots, word);
}

/* Nothing that was measured is believed. */
static inline gboolean
is_as_measured (Filling *self,
                const ShmListLayout *layout,
                guint64 offset,
                gsize length,
                gsize slot)
{
  return length <= SHM_LIST_LENGTH_MAX && slot <= layout->room && slot <= layout->data_size - offset
         && (slot < SHM_LIST_RECORD_SLOT || self->n_records < layout->n_records);
}

static gboolean
add_values (Filling *self, ShmListSource *source, const ShmListLayout *layout)
{
  guint64 offset = 0;
  ShmListValue value;

  source->rewind (source);
  for (guint64 i = 0; i < layout->n_items; i++)
    {
      ShmListFlight flight;
      gsize slot_size;
      guint8 *code;

      if (!source->next (source, &value))
        return fail_at (self->fault, ECANCELED, i);

      slot_size = shm_list_slot_for (&value);
      if (!is_as_measured (self, layout, offset, value.length, slot_size))
        return fail_at (self->fault, ESTALE, i);
      offset += slot_size;

      encode (&value, slot_size, slot_size >= SHM_LIST_RECORD_SLOT, &flight);
      code = get_room (self, &self->codes, 1);
      if (code == NULL || !add_word (self, &self->entries, flight.entry)
          || !add_word (self, &self->offsets, offset) || !add_slot (self, &value, slot_size))
        return FALSE;
      *code = flight.code;
      if (slot_size >= SHM_LIST_RECORD_SLOT)
        self->records[self->n_records++] = (ShmListRecord){ i, flight.length, flight.proof };
    }

  return (offset == layout->data_size && self->n_records == layout->n_records)
         || fail_at (self->fault, ESTALE, layout->n_items);
}

static gboolean
add_trailer (Filling *self, const ShmListLayout *layout)
{
  const ShmListTrailer trailer = {
    .magic = SHM_LIST_MAGIC,
    .version = SHM_LIST_VERSION,
    .n_records = layout->n_records,
    .room = layout->room,
  };

  return self->put (shm_list_trailer_at (layout), &trailer, sizeof trailer, self->user_data,
                    self->fault)
         && (layout->n_records == 0
             || self->put (shm_list_records_at (layout), self->records,
                           layout->n_records * sizeof *self->records, self->user_data,
                           self->fault));
}

gboolean
shm_list_fill (ShmListSource *source,
               const ShmListLayout *layout,
               ShmListPut put,
               gpointer user_data,
               ShmFault *fault)
{
  g_autofree guint8 *memory = g_malloc (3 * WINDOW_SIZE + WINDOW_SIZE / 8);
  g_autofree ShmListRecord *records = g_try_new (ShmListRecord, layout->n_records);
  Filling self = {
    .put = put,
    .user_data = user_data,
    .fault = fault,
    .offsets = { 0, memory, 0, WINDOW_SIZE },
    .slots = { shm_list_data_at (layout), memory + WINDOW_SIZE, 0, WINDOW_SIZE },
    .entries = { shm_list_entries_at (layout), memory + 2 * WINDOW_SIZE, 0, WINDOW_SIZE },
    .codes = { shm_list_codes_at (layout), memory + 3 * WINDOW_SIZE, 0, WINDOW_SIZE / 8 },
    .records = records,
  };

  if (records == NULL && layout->n_records > 0)
    return shm_fault_set (fault, SHM_STEP_MAP, ENOMEM);

  return add_word (&self, &self.offsets, layout->n_items) && add_word (&self, &self.offsets, 0)
         && add_values (&self, source, layout) && flush (&self, &self.offsets)
         && flush (&self, &self.slots) && flush (&self, &self.entries) && flush (&self, &self.codes)
         && add_trailer (&self, layout);
}
