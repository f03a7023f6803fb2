/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list.h"

#include "core/shm-list-sync.h"
#include "core/shm-words.h"

#include <errno.h>
#include <string.h>

/* How often a reader starts again at once before it does something about it. */
#define READ_ATTEMPTS 200
#define COPY_ATTEMPTS 3

#define NAP_MIN_USEC 20
#define NAP_MAX_USEC 2000

/* What is copied in one go where not the whole list is asked for. */
#define PIECE_ITEMS 4096
#define PIECE_BYTES (1 << 20)

/* Opening */

static gboolean
await_list (ShmList *self, const guint8 *bytes, guint64 size, ShmFault *fault)
{
  const gint64 deadline = g_get_monotonic_time () + SHM_LIST_AWAIT_LIST_MSEC * 1000;
  gulong nap = NAP_MIN_USEC;

  for (;;)
    {
      shm_at (LIST_INSPECT);
      switch (shm_list_inspect (bytes, size, &self->layout))
        {
        case SHM_LIST_COMPLETE:
          return TRUE;
        case SHM_LIST_NEWER:
          return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, ENOTSUP);
        case SHM_LIST_CORRUPT:
          return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, EBADMSG);
        case SHM_LIST_UNFINISHED:
        default:
          break;
        }

      if (g_get_monotonic_time () >= deadline)
        return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, ENODATA);
      g_usleep (nap);
      nap = MIN (nap * 2, NAP_MAX_USEC);
    }
}

gboolean
shm_list_open (ShmList *self, ShmBlock *block, const char *name, ShmFault *fault)
{
  ShmMapping *mapping = shm_block_map (block, fault);
  guint8 *bytes;

  memset (self, 0, sizeof *self);
  if (mapping == NULL)
    return FALSE;

  bytes = shm_mapping_get_data (mapping);
  if (!await_list (self, bytes, block->size, fault))
    return FALSE;

  self->block = block;
  self->name = name;
  self->mapping = shm_mapping_ref (mapping);
  shm_list_find_parts (bytes, &self->layout, &self->parts);
  if (self->layout.has_trailer)
    {
      self->trailer = (gpointer) (bytes + shm_list_trailer_at (&self->layout));
      self->room = bytes + shm_list_room_at (&self->layout);
    }

  return TRUE;
}

void
shm_list_clear (ShmList *self)
{
  g_clear_pointer (&self->participant, shm_lock_owner_free);
  g_clear_pointer (&self->mapping, shm_mapping_unref);
}

/* Writing in turns */

static ShmLockOwner *
join (ShmList *self, ShmFault *fault)
{
  ShmLockOwner *current = g_atomic_pointer_get (&self->participant);
  ShmLockOwner *mine;

  while (current == NULL || !shm_lock_owner_is_current (current))
    {
      g_autoptr (ShmBlockUse) use = shm_block_enter (self->block);

      if (use == NULL)
        {
          shm_fault_set (fault, SHM_STEP_LIST_JOIN, EBADF);
          return NULL;
        }
      mine = shm_lock_owner_new (use->fd, self->name, &use->identity, fault);
      if (mine == NULL)
        return NULL;

      /* Two threads may come here at once. What a forked child has from its parent is kept for
       * as long as another thread may still look at it. */
      mine->older = current;
      if (g_atomic_pointer_compare_and_exchange (&self->participant, current, mine))
        return mine;
      mine->older = NULL;
      shm_lock_owner_free (mine);
      current = g_atomic_pointer_get (&self->participant);
    }

  return current;
}

static gboolean
lock (ShmList *self, ShmFault *fault)
{
  const ShmLockOwner *me = join (self, fault);

  if (me == NULL || !shm_list_lock (self->trailer, me, fault))
    return FALSE;

  shm_list_recover (self->trailer, &self->parts, self->room, self->layout.room);

  return TRUE;
}

static gboolean
can_lock (ShmList *self)
{
  return self->trailer != NULL && shm_mapping_is_writable (self->mapping);
}

/* Reading one value */

typedef enum
{
  DONE,
  CHANGED, /* while it was read */
  DUBIOUS, /* CPython is writing it, or it is corrupt */
} Outcome;

static inline guint64
begin (ShmList *self)
{
  return self->trailer != NULL ? shm_list_begin (self->trailer) : 0;
}

static inline gboolean
is_unchanged (ShmList *self, guint64 counter)
{
  if (self->trailer != NULL)
    return shm_list_is_unchanged (self->trailer, counter);

  /* There is no counter, but there may be an entry to be looked at once more. */
  shm_fence_loads ();

  return TRUE;
}

/* Room for the bytes of a slot and a NUL. */
static guint8 *
get_buffer (ShmListItem *item, gsize slot_size)
{
  if (slot_size < sizeof item->few)
    {
      g_clear_pointer (&item->many, g_free);
      return (guint8 *) item->few;
    }

  item->many = g_realloc (item->many, slot_size + 8);

  return item->many;
}

/* What is in a slot, or in flight to it. */
typedef struct
{
  guint64 entry;
  guint64 code;
  const guint8 *from; /* in shared memory */
  guint64 length;     /* bytes of it that count; the rest of the slot is NULs */
  ShmListRecord record;
  gboolean in_flight;
} Place;

/* FALSE if what is in flight makes no sense. */
static gboolean
find_place (ShmList *self, const ShmListSlot *slot, guint64 index, guint64 counter, Place *place)
{
  ShmListFlight flight;
  ShmListSlot same_slot;

  place->in_flight = FALSE;
  if (G_UNLIKELY (counter % 2 != 0))
    {
      shm_list_load_flight (self->trailer, &flight);
      if (flight.index == index)
        {
          if (!shm_list_check_flight (&self->parts, &flight, self->layout.room, &same_slot)
              || same_slot.size != slot->size)
            return FALSE;
          place->entry = flight.entry;
          place->code = flight.code;
          place->from = self->room;
          place->length = flight.length;
          place->record = (ShmListRecord){ index, flight.length, flight.proof };
          place->in_flight = TRUE;
          return TRUE;
        }
    }

  place->entry = shm_word_load (slot->entry);
  place->code = shm_byte_load (slot->code);
  place->from = slot->bytes;
  place->length = slot->size;
  if (slot->record != NULL)
    shm_words_load (&place->record, slot->record, sizeof place->record);

  return TRUE;
}

static Outcome
try_read (ShmList *self, guint64 index, ShmListItem *item)
{
  const guint64 counter = begin (self);
  ShmListReading reading;
  ShmListSlot slot;
  Place place;
  guint8 *bytes;

  if (!shm_list_find_slot (&self->parts, index, &slot))
    return DUBIOUS;

  if (!find_place (self, &slot, index, counter, &place)
      || !shm_list_parse (place.entry, place.code, slot.size, slot.record != NULL, &reading))
    return is_unchanged (self, counter) ? DUBIOUS : CHANGED;

  /* CPython writes the values of a new list before it writes what they are. */
  shm_fence_loads ();

  if (item->is_kind_enough)
    bytes = NULL;
  else if (shm_list_is_bytes (place.code))
    {
      const gsize length = (place.length + 7) / 8 * 8;

      bytes = get_buffer (item, slot.size);
      shm_words_load (bytes, place.from, length);
      memset (bytes + length, 0, slot.size + 8 - length);
    }
  else
    {
      bytes = (guint8 *) item->few;
      item->few[0] = shm_word_load ((gconstpointer) place.from);
    }

  /* CPython moves no counter, but it may replace the entry. */
  if (!is_unchanged (self, counter)
      || (!place.in_flight && shm_word_load (slot.entry) != place.entry))
    return CHANGED;

  if (bytes == NULL)
    {
      item->value.kind = reading.kind;
      return DONE;
    }

  if (!shm_list_decode (&reading, bytes, slot.size, &place.record, &item->value))
    return DUBIOUS;
  if (shm_list_is_bytes (place.code))
    bytes[item->value.length] = '\0';

  return DONE;
}

/* While no other user of this library writes. */
static gboolean
read_locked (ShmList *self, guint64 index, ShmListItem *item, Outcome *outcome, ShmFault *fault)
{
  if (!lock (self, fault))
    return FALSE;
  *outcome = try_read (self, index, item);
  shm_list_unlock (self->trailer);

  return TRUE;
}

/* The value was not there at once. */
static gboolean
read_patiently (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  const gint64 started = g_get_monotonic_time ();
  gulong nap = NAP_MIN_USEC;

  for (;;)
    {
      Outcome outcome = CHANGED;
      gint64 passed;

      for (int i = 0; i < READ_ATTEMPTS && outcome == CHANGED; i++)
        outcome = try_read (self, index, item);

      /* Who can't join goes on as those do who may only read. */
      if (outcome == CHANGED && can_lock (self) && !read_locked (self, index, item, &outcome, fault)
          && fault->step != SHM_STEP_LIST_JOIN)
        return FALSE;
      if (outcome == DONE)
        return TRUE;

      passed = (g_get_monotonic_time () - started) / 1000;
      if (outcome == DUBIOUS && passed >= SHM_LIST_AWAIT_ITEM_MSEC)
        return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);
      if (passed >= SHM_LIST_WAIT_MSEC)
        return shm_fault_set_detail (fault, SHM_STEP_LIST_READ, ETIMEDOUT, index);

      if (outcome == DUBIOUS)
        {
          g_usleep (nap);
          nap = MIN (nap * 2, NAP_MAX_USEC);
        }
    }
}

static gboolean
check_index (ShmList *self, guint64 index, ShmFault *fault)
{
  shm_at (LIST_INDEX);

  return G_LIKELY (index < self->layout.n_items)
         || shm_fault_set_detail (fault, SHM_STEP_LIST_INDEX, ERANGE, index);
}

static inline gboolean
read_item (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  return check_index (self, index, fault)
         && (G_LIKELY (try_read (self, index, item) == DONE)
             || read_patiently (self, index, item, fault));
}

gboolean
shm_list_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  item->many = NULL;
  item->is_kind_enough = FALSE;

  return read_item (self, index, item, fault);
}

gboolean
shm_list_read_kind (ShmList *self, guint64 index, ShmListKind *kind, ShmFault *fault)
{
  ShmListItem item = { .is_kind_enough = TRUE };

  if (!read_item (self, index, &item, fault))
    return FALSE;
  *kind = item.value.kind;

  return TRUE;
}

void
shm_list_item_clear (ShmListItem *item)
{
  g_clear_pointer (&item->many, g_free);
}

/* Writing one value */

static gboolean
encode (guint64 index,
        const ShmListValue *value,
        const ShmListSlot *slot,
        ShmListFlight *flight,
        ShmFault *fault)
{
  if (value->kind == SHM_LIST_STRING && !shm_list_is_text (value->bytes, value->length))
    return shm_fault_set_detail (fault, SHM_STEP_LIST_VALUE, EILSEQ, index);

  flight->index = index;
  switch (shm_list_encode (value, slot->size, slot->record != NULL, flight))
    {
    case SHM_LIST_FITS:
      return TRUE;
    case SHM_LIST_UNPROVABLE:
      return shm_fault_set_detail (fault, SHM_STEP_LIST_PROVE, EFBIG, slot->size);
    case SHM_LIST_TOO_LONG:
    default:
      return shm_fault_set_detail (fault, SHM_STEP_LIST_FIT, EFBIG, slot->size);
    }
}

/* The 8 bytes of what is no str or bytes. */
static guint64
get_word (const ShmListValue *value)
{
  guint64 word = 0;

  if (value->kind == SHM_LIST_INT64 || value->kind == SHM_LIST_DOUBLE)
    memcpy (&word, &value->integer, 8);
  else if (value->kind == SHM_LIST_BOOLEAN)
    ((guint8 *) &word)[7] = value->truth != FALSE;

  return word;
}

gboolean
shm_list_write (ShmList *self, guint64 index, const ShmListValue *value, ShmFault *fault)
{
  const guint64 word = get_word (value);
  const guint8 *bytes = (gconstpointer) &word;
  ShmListFlight flight;
  ShmListSlot slot;

  if (!check_index (self, index, fault))
    return FALSE;
  if (!shm_list_find_slot (&self->parts, index, &slot))
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);
  if (!encode (index, value, &slot, &flight, fault))
    return FALSE;
  if (shm_list_is_bytes (flight.code))
    bytes = value->bytes;

  /* Of a list that CPython made, one writer at a time is the program's business. */
  if (self->trailer == NULL)
    {
      shm_list_store (&flight, bytes, &slot);
      return TRUE;
    }

  if (slot.size > self->layout.room)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);
  if (!lock (self, fault))
    return FALSE;
  shm_list_exchange (self->trailer, &flight, bytes, self->room, &slot);
  shm_list_unlock (self->trailer);

  return TRUE;
}

/* Copying many values */

void
shm_list_copy_clear (ShmListCopy *copy)
{
  g_clear_pointer (&copy->memory, g_free);
}

/* Makes room, and copies what nobody changes in an honest list: the offsets, and what the records
 * are of. */
static gboolean
prepare_copy (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy, ShmFault *fault)
{
  const guint64 from = shm_word_load (&self->parts.offsets[first]);
  const guint64 to = shm_word_load (&self->parts.offsets[first + n_items]);
  const guint64 first_record = shm_list_find_record (&self->parts, first);
  const guint64 last_record = shm_list_find_record (&self->parts, first + n_items);
  const guint64 n_records = MAX (first_record, last_record) - first_record;
  ShmListLayout layout = { .n_items = n_items, .data_size = to - from };
  gsize records_at;

  if (from > to || to > self->layout.data_size || (from | to) % 8 != 0)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, first);

  copy->size = shm_list_end (&layout);
  records_at = (copy->size + 7) / 8 * 8;
  copy->memory = g_try_malloc (records_at + n_records * sizeof (ShmListRecord));
  if (copy->memory == NULL)
    return shm_fault_set (fault, SHM_STEP_MAP, ENOMEM);

  shm_list_find_parts (copy->memory, &layout, &copy->parts);
  copy->parts.first = first;
  copy->parts.data_from = from;
  copy->parts.data_to = to;
  copy->parts.records = (gpointer) (copy->memory + records_at);
  copy->parts.n_records = n_records;
  copy->records = n_records == 0 ? NULL : self->parts.records + first_record;

  memcpy (copy->memory, &n_items, 8);
  shm_words_load (copy->parts.offsets, &self->parts.offsets[first], 8 * (n_items + 1));
  if (copy->parts.offsets[0] != from || copy->parts.offsets[n_items] != to)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, first);
  shm_words_load (copy->parts.records, copy->records, n_records * sizeof (ShmListRecord));

  return TRUE;
}

static void
copy_records (guint64 first, guint64 n_items, ShmListCopy *copy)
{
  const ShmListParts *to = &copy->parts;

  for (guint64 i = shm_list_find_record (to, first);
       i < to->n_records && to->records[i].index - first < n_items; i++)
    {
      to->records[i].length = shm_word_load (&copy->records[i].length);
      to->records[i].proof = shm_word_load (&copy->records[i].proof);
    }
}

/* The value in flight belongs into the copy. */
static gboolean
copy_flight (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy)
{
  g_autofree guint8 *bytes = NULL;
  ShmListFlight flight;
  ShmListSlot slot;
  gsize length;

  shm_list_load_flight (self->trailer, &flight);
  if (flight.index - first >= n_items)
    return TRUE;
  copy->dubious = flight.index;
  if (!shm_list_check_flight (&copy->parts, &flight, self->layout.room, &slot))
    return FALSE;

  length = (flight.length + 7) / 8 * 8;
  bytes = g_malloc (length);
  shm_words_load (bytes, self->room, length);
  shm_list_store (&flight, bytes, &slot);

  return TRUE;
}

/* Copies what the offsets of the copy say of some of its items. */
static Outcome
try_copy (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy)
{
  const ShmListParts *to = &copy->parts;
  const guint64 at = first - to->first;
  const guint64 start = to->offsets[at];
  const guint64 end = to->offsets[at + n_items];
  const guint64 counter = begin (self);

  copy->dubious = first;
  if (start < to->data_from || start > end || end > to->data_to || (start | end) % 8 != 0)
    return DUBIOUS;

  /* In this order, for CPython writes the values of a new list before it writes what they are. */
  shm_words_load (to->entries + at, self->parts.entries + first, 8 * n_items);
  for (guint64 i = 0; i < n_items; i++)
    to->codes[at + i] = shm_byte_load (&self->parts.codes[first + i]);
  shm_fence_loads ();
  shm_words_load (to->data + (start - to->data_from), self->parts.data + start, end - start);
  copy_records (first, n_items, copy);

  if (counter % 2 != 0 && !copy_flight (self, first, n_items, copy))
    return is_unchanged (self, counter) ? DUBIOUS : CHANGED;

  return is_unchanged (self, counter) ? DONE : CHANGED;
}

static gboolean
copy_locked (ShmList *self, ShmListCopy *copy, ShmFault *fault)
{
  Outcome outcome;

  if (!lock (self, fault))
    return FALSE;
  outcome = try_copy (self, copy->parts.first, copy->parts.n_items, copy);
  shm_list_unlock (self->trailer);

  if (outcome == CHANGED)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_READ, ETIMEDOUT, copy->parts.first);

  return outcome == DONE
         || shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, copy->dubious);
}

/* Copying may take its time, but starting again may take a second in all. */
static gboolean
copy_each (ShmList *self, ShmListCopy *copy, ShmFault *fault)
{
  gint64 patience = SHM_LIST_WAIT_MSEC * 1000;

  for (guint64 i = copy->parts.first; i - copy->parts.first < copy->parts.n_items; i++)
    {
      Outcome outcome = try_copy (self, i, 1, copy);
      const gint64 began = outcome == CHANGED ? g_get_monotonic_time () : 0;

      while (outcome == CHANGED)
        {
          if (g_get_monotonic_time () - began >= patience)
            return shm_fault_set_detail (fault, SHM_STEP_LIST_READ, ETIMEDOUT, i);
          outcome = try_copy (self, i, 1, copy);
        }
      if (began != 0)
        patience -= g_get_monotonic_time () - began;
      if (outcome == DUBIOUS)
        return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, i);
    }

  return TRUE;
}

static gboolean
fill_copy (ShmList *self, ShmListCopy *copy, ShmFault *fault)
{
  for (int i = 0; i < COPY_ATTEMPTS; i++)
    switch (try_copy (self, copy->parts.first, copy->parts.n_items, copy))
      {
      case DONE:
        return TRUE;
      case DUBIOUS:
        return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, copy->dubious);
      case CHANGED:
      default:
        break;
      }

  if (!can_lock (self))
    return copy_each (self, copy, fault);

  /* Who can't join goes on as those do who may only read. */
  return copy_locked (self, copy, fault)
         || (fault->step == SHM_STEP_LIST_JOIN && copy_each (self, copy, fault));
}

gboolean
shm_list_copy (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy, ShmFault *fault)
{
  memset (copy, 0, sizeof *copy);

  if (prepare_copy (self, first, n_items, copy, fault) && fill_copy (self, copy, fault))
    return TRUE;

  shm_list_copy_clear (copy);

  return FALSE;
}

guint64
shm_list_get_piece (ShmList *self, guint64 first)
{
  const guint64 from = shm_word_load (&self->parts.offsets[first]);
  guint64 n_items = MIN (self->layout.n_items - first, PIECE_ITEMS);

  while (n_items > 1 && shm_word_load (&self->parts.offsets[first + n_items]) - from > PIECE_BYTES)
    n_items /= 2;

  return n_items;
}
