/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-build.h"

#include <errno.h>
#include <string.h>

/* may_proceed() calls the caller's function once for this many values, and for each value of this
 * length or more. The work between two calls takes much less than 20 ms. */
#define PROCEED_INTERVAL 1024
#define PROCEED_LENGTH   (16 * 1024)

/* Returns FALSE if the operation was cancelled. Calls the caller's function only now and then,
 * because most values take less time than this call. */
static inline gboolean
may_proceed (ShmListSource *source, guint64 index, gsize length)
{
  return source->proceed == NULL || (index % PROCEED_INTERVAL != 0 && length < PROCEED_LENGTH)
         || source->proceed (source->proceed_data);
}

/* Goes through the values of a source. */
typedef struct
{
  ShmListSource *source;
  const ShmListValue *values; /* the values of the last call of the source that are left */
  guint64 n_values;
  ShmListValue single;
} Cursor;

static gboolean
refill (Cursor *self)
{
  if (self->source->next_array != NULL)
    return self->source->next_array (self->source, &self->values, &self->n_values);

  self->values = &self->single;
  self->n_values = 1;

  return self->source->next (self->source, &self->single);
}

/* Returns the next value, or NULL if the source has failed. */
static inline const ShmListValue *
get_next (Cursor *self)
{
  if (self->n_values == 0 && !refill (self))
    return NULL;

  self->n_values--;

  return self->values++;
}

/* A text or bytes. All other values have slots of 8 bytes. */
static inline gboolean
has_bytes (const ShmListValue *value)
{
  return value->kind == SHM_VALUE_KIND_STRING || value->kind == SHM_VALUE_KIND_BYTES;
}

/* Measuring */

static inline gboolean
measure_value (const ShmListValue *value, ShmListLayout *layout)
{
  const guint64 slot_size = has_bytes (value) ? shm_list_slot_size_for (value) : 8;

  layout->data_size += slot_size;
  layout->redo_size = MAX (layout->redo_size, slot_size);
  if (slot_size >= SHM_LIST_RECORD_SLOT_MIN)
    layout->n_length_records++;

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
  Cursor cursor = { .source = source };

  shm_at (LIST_VALUE);

  memset (layout, 0, sizeof *layout);
  layout->n_items = source->n_items;
  layout->has_trailer = TRUE;

  source->rewind (source);
  for (guint64 i = 0; i < source->n_items; i++)
    {
      const ShmListValue *value = get_next (&cursor);

      if (value == NULL || !may_proceed (source, i, value->length))
        return fail_at (fault, ECANCELED, i);
      if (!measure_value (value, layout))
        return fail_at (fault, EFBIG, i);
      if (value->kind == SHM_VALUE_KIND_STRING && !shm_list_is_utf8 (value->bytes, value->length))
        return fail_at (fault, EILSEQ, i);
    }

  return TRUE;
}

/* Writing */

/* A buffer for one part of the new list. Each time the buffer is full, its bytes are written to the
 * list. */
typedef struct
{
  guint64 offset; /* where in the list the first byte of the buffer belongs */
  guint8 *bytes;
  gsize used;
  gsize size;
} Buffer;

#define BUFFER_SIZE (32 * 1024)

typedef struct
{
  ShmListWriteFunc write;
  gpointer user_data;
  ShmFault *fault;

  Buffer offsets;
  Buffer slots;
  Buffer entries;
  Buffer type_codes;
  ShmListLengthRecord *length_records;
  guint64 n_length_records;

  /* How many values of 8 bytes can be added before a buffer is full. */
  gsize n_free;
} Builder;

static gboolean
flush (Builder *self, Buffer *buffer)
{
  const gsize used = buffer->used;
  const guint64 offset = buffer->offset;

  buffer->offset += used;
  buffer->used = 0;

  return used == 0 || self->write (offset, buffer->bytes, used, self->user_data, self->fault);
}

/* Returns space for the next @length bytes of a part, which must not exceed the size of the buffer.
 * Returns NULL if writing the earlier bytes fails. */
static inline guint8 *
extend (Builder *self, Buffer *buffer, gsize length)
{
  guint8 *space;

  if (G_UNLIKELY (buffer->size - buffer->used < length) && !flush (self, buffer))
    return NULL;

  space = buffer->bytes + buffer->used;
  buffer->used += length;

  return space;
}

static inline gboolean
add_word (Builder *self, Buffer *buffer, guint64 word)
{
  guint8 *space = extend (self, buffer, 8);

  if (space == NULL)
    return FALSE;
  memcpy (space, &word, 8);

  return TRUE;
}

static gboolean
add_bytes (Builder *self, const ShmListValue *value, gsize slot_size)
{
  Buffer *slots = &self->slots;
  gsize length = value->length;
  guint8 *space;

  /* A value that is larger than the buffer is written directly. */
  if (length > BUFFER_SIZE - 8)
    {
      if (!flush (self, slots)
          || !self->write (slots->offset, value->bytes, length, self->user_data, self->fault))
        return FALSE;
      slots->offset += length;
      slot_size -= length;
      length = 0;
    }

  space = extend (self, slots, slot_size);
  if (space == NULL)
    return FALSE;
  memset (space, 0, slot_size);
  if (length > 0)
    memcpy (space, value->bytes, length);

  return TRUE;
}

/* Adds a text or bytes that needs @slot_size bytes and ends at offset @end. */
static gboolean
add_large (Builder *self, const ShmListValue *value, guint64 index, gsize slot_size, guint64 end)
{
  const gboolean has_length_record = slot_size >= SHM_LIST_RECORD_SLOT_MIN;
  ShmListRedo encoded;
  guint8 *type_code;

  shm_list_encode (value, slot_size, has_length_record, &encoded);
  type_code = extend (self, &self->type_codes, 1);
  if (type_code == NULL || !add_word (self, &self->entries, encoded.entry)
      || !add_word (self, &self->offsets, end) || !add_bytes (self, value, slot_size))
    return FALSE;

  *type_code = encoded.type_code;
  if (has_length_record)
    self->length_records[self->n_length_records++]
        = (ShmListLengthRecord){ index, encoded.length, encoded.hash };
  self->n_free = 0;

  return TRUE;
}

static gsize
count_free (const Buffer *buffer, gsize length)
{
  return (buffer->size - buffer->used) / length;
}

/* Makes room for a value of 8 bytes. */
static gboolean
make_room (Builder *self)
{
  Buffer *words[] = { &self->offsets, &self->slots, &self->entries };

  if (count_free (&self->type_codes, 1) == 0 && !flush (self, &self->type_codes))
    return FALSE;
  self->n_free = count_free (&self->type_codes, 1);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if (count_free (words[i], 8) == 0 && !flush (self, words[i]))
        return FALSE;
      self->n_free = MIN (self->n_free, count_free (words[i], 8));
    }

  return TRUE;
}

static inline void
put_word (Buffer *buffer, guint64 word)
{
  memcpy (buffer->bytes + buffer->used, &word, 8);
  buffer->used += 8;
}

/* Adds a value of 8 bytes that ends at offset @end. */
static inline gboolean
add_small (Builder *self, const ShmListValue *value, guint64 end)
{
  ShmListRedo encoded;

  if (G_UNLIKELY (self->n_free == 0) && !make_room (self))
    return FALSE;
  self->n_free--;

  shm_list_encode (value, 8, FALSE, &encoded);
  put_word (&self->offsets, end);
  put_word (&self->slots, shm_list_encode_word (value));
  put_word (&self->entries, encoded.entry);
  self->type_codes.bytes[self->type_codes.used++] = encoded.type_code;

  return TRUE;
}

/* Checks again that the value fits into the layout: the source may return other values on the
 * second pass. */
static inline gboolean
matches_layout (Builder *self,
                const ShmListLayout *layout,
                guint64 offset,
                gsize length,
                gsize slot_size)
{
  return length <= SHM_LIST_LENGTH_MAX && slot_size <= layout->redo_size
         && slot_size <= layout->data_size - offset
         && (slot_size < SHM_LIST_RECORD_SLOT_MIN
             || self->n_length_records < layout->n_length_records);
}

static gboolean
add_values (Builder *self, ShmListSource *source, const ShmListLayout *layout)
{
  Cursor cursor = { .source = source };
  guint64 offset = 0;

  source->rewind (source);
  for (guint64 i = 0; i < layout->n_items; i++)
    {
      const ShmListValue *value = get_next (&cursor);
      gsize slot_size;

      if (value == NULL || !may_proceed (source, i, value->length))
        return fail_at (self->fault, ECANCELED, i);

      slot_size = has_bytes (value) ? shm_list_slot_size_for (value) : 8;
      if (!matches_layout (self, layout, offset, value->length, slot_size))
        return fail_at (self->fault, ESTALE, i);
      offset += slot_size;

      if (!(has_bytes (value) ? add_large (self, value, i, slot_size, offset)
                              : add_small (self, value, offset)))
        return FALSE;
    }

  return (offset == layout->data_size && self->n_length_records == layout->n_length_records)
         || fail_at (self->fault, ESTALE, layout->n_items);
}

static gboolean
add_trailer (Builder *self, const ShmListLayout *layout)
{
  const ShmListTrailer trailer = {
    .magic = SHM_LIST_MAGIC,
    .version = SHM_LIST_VERSION,
    .n_length_records = layout->n_length_records,
    .redo_size = layout->redo_size,
  };

  return self->write (shm_list_trailer_offset (layout), &trailer, sizeof trailer, self->user_data,
                      self->fault)
         && (layout->n_length_records == 0
             || self->write (shm_list_length_records_offset (layout), self->length_records,
                             layout->n_length_records * sizeof *self->length_records,
                             self->user_data, self->fault));
}

gboolean
shm_list_fill (ShmListSource *source,
               const ShmListLayout *layout,
               ShmListWriteFunc write,
               gpointer user_data,
               ShmFault *fault)
{
  g_autofree guint8 *memory = g_malloc (3 * BUFFER_SIZE + BUFFER_SIZE / 8);
  g_autofree ShmListLengthRecord *length_records
      = g_try_new (ShmListLengthRecord, layout->n_length_records);
  Builder self = {
    .write = write,
    .user_data = user_data,
    .fault = fault,
    .offsets = { 0, memory, 0, BUFFER_SIZE },
    .slots = { shm_list_slots_offset (layout), memory + BUFFER_SIZE, 0, BUFFER_SIZE },
    .entries = { shm_list_entries_offset (layout), memory + 2 * BUFFER_SIZE, 0, BUFFER_SIZE },
    .type_codes
    = { shm_list_type_codes_offset (layout), memory + 3 * BUFFER_SIZE, 0, BUFFER_SIZE / 8 },
    .length_records = length_records,
  };

  if (length_records == NULL && layout->n_length_records > 0)
    return shm_fault_set (fault, SHM_STEP_MAP, ENOMEM);

  return add_word (&self, &self.offsets, layout->n_items) && add_word (&self, &self.offsets, 0)
         && add_values (&self, source, layout) && flush (&self, &self.offsets)
         && flush (&self, &self.slots) && flush (&self, &self.entries)
         && flush (&self, &self.type_codes) && add_trailer (&self, layout);
}
