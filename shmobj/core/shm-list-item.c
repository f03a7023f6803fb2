/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-item.h"

#include "core/shm-list-private.h"

#include <errno.h>
#include <string.h>

/* The number of attempts to read a value that changes, before the reader takes the lock. */
#define READ_ATTEMPTS 200

/* How long to sleep before the next attempt to read an invalid value. */
#define SLEEP_MIN_USEC 20
#define SLEEP_MAX_USEC 2000

static gboolean
check_index (ShmList *self, guint64 index, ShmFault *fault)
{
  shm_at (LIST_INDEX);

  if (G_LIKELY (index < self->layout.n_items))
    return TRUE;

  shm_fault_set_detail (fault, SHM_STEP_LIST_INDEX, ERANGE, index);

  return FALSE;
}

/* Reading */

/* Returns space for the bytes of a slot and a NUL. Another process may have chosen the size of the
 * slot, so a lack of memory must not abort the program: returns NULL in this case. */
static guint8 *
get_buffer (ShmListItem *item, gsize slot_size)
{
  guint8 *buffer;

  if (slot_size < sizeof item->small_buffer)
    {
      g_clear_pointer (&item->large_buffer, g_free);
      return (guint8 *) item->small_buffer;
    }

  buffer = g_try_realloc (item->large_buffer, slot_size + 8);
  if (buffer != NULL)
    item->large_buffer = buffer;

  return buffer;
}

/* The place of the current value of an item: its slot or the redo record. */
typedef struct
{
  guint64 entry;
  guint64 type_code;
  const guint8 *bytes; /* in shared memory */
  guint64 length;      /* the length of @bytes; the rest of the slot contains NULs */
  ShmListLengthRecord length_record;
  gboolean is_redo;
} Location;

/* Finds the current value of item @index. Returns FALSE if the redo record is corrupt. */
static gboolean
find_location (ShmList *self,
               const ShmListSlot *slot,
               guint64 index,
               guint64 sequence,
               Location *location)
{
  ShmListRedo redo;
  ShmListSlot same_slot;

  location->is_redo = FALSE;
  if (G_UNLIKELY (sequence % 2 != 0))
    {
      shm_list_sync_load_redo (self->trailer, &redo);
      if (redo.index == index)
        {
          if (!shm_list_check_redo (&self->parts, &redo, self->layout.redo_size, &same_slot)
              || same_slot.size != slot->size)
            return FALSE;
          location->entry = redo.entry;
          location->type_code = redo.type_code;
          location->bytes = self->redo_buffer;
          location->length = redo.length;
          location->length_record = (ShmListLengthRecord){ index, redo.length, redo.hash };
          location->is_redo = TRUE;
          return TRUE;
        }
    }

  location->entry = shm_word_load (slot->entry);
  location->type_code = shm_byte_load (slot->type_code);
  location->bytes = slot->bytes;
  location->length = slot->size;
  if (slot->length_record != NULL)
    shm_words_load (&location->length_record, slot->length_record, sizeof location->length_record);

  return TRUE;
}

static ShmListReadResult
try_read (ShmList *self, guint64 index, ShmListItem *item)
{
  const guint64 sequence = shm_list_read_begin (self);
  ShmListFormat format;
  ShmListSlot slot;
  Location location;
  guint8 *bytes;

  if (!shm_list_find_slot (&self->parts, index, &slot))
    return SHM_LIST_READ_INVALID;

  if (!find_location (self, &slot, index, sequence, &location)
      || !shm_list_parse (location.entry, location.type_code, slot.size, slot.length_record != NULL,
                          &format))
    return shm_list_read_is_valid (self, sequence) ? SHM_LIST_READ_INVALID : SHM_LIST_READ_CHANGED;

  /* CPython writes the slots of a new list before the format entries, so load in reverse order. */
  shm_fence_loads ();

  if (item->kind_only)
    bytes = NULL;
  else if (shm_list_type_has_bytes (location.type_code))
    {
      const gsize length = (location.length + 7) / 8 * 8;

      bytes = get_buffer (item, slot.size);
      if (bytes == NULL)
        return SHM_LIST_READ_NO_MEMORY;
      shm_words_load (bytes, location.bytes, length);
      memset (bytes + length, 0, slot.size + 8 - length);
    }
  else
    {
      bytes = (guint8 *) item->small_buffer;
      item->small_buffer[0] = shm_word_load ((gconstpointer) location.bytes);
    }

  /* A CPython writer does not change the sequence counter, but it can replace the format entry. */
  if (!shm_list_read_is_valid (self, sequence)
      || (!location.is_redo && shm_word_load (slot.entry) != location.entry))
    return SHM_LIST_READ_CHANGED;

  if (bytes == NULL)
    {
      item->value.kind = format.kind;
      return SHM_LIST_READ_OK;
    }

  if (!shm_list_decode (&format, bytes, slot.size, &location.length_record, &item->value))
    return SHM_LIST_READ_INVALID;
  if (shm_list_type_has_bytes (location.type_code))
    bytes[item->value.length] = '\0';

  return SHM_LIST_READ_OK;
}

/* Reads while no other process that uses this library can write. */
static gboolean
read_locked (ShmList *self,
             guint64 index,
             ShmListItem *item,
             ShmListReadResult *result,
             ShmListBudget *budget,
             ShmFault *fault)
{
  gint64 since;

  if (!shm_list_lock (self, budget, fault))
    return FALSE;
  since = g_get_monotonic_time ();
  *result = try_read (self, index, item);
  shm_list_unlock (self);
  shm_list_budget_charge (budget, &since);

  return TRUE;
}

/* Tries again after a first attempt has failed. Charges all of its time to @budget. */
static gboolean
read_with_retries (ShmList *self,
                   guint64 index,
                   ShmListItem *item,
                   ShmListBudget *budget,
                   ShmFault *fault)
{
  const gint64 started = g_get_monotonic_time ();
  gulong sleep_usec = SLEEP_MIN_USEC;
  gint64 since = started;

  for (;;)
    {
      ShmListReadResult result = SHM_LIST_READ_CHANGED;

      for (int i = 0; i < READ_ATTEMPTS && result == SHM_LIST_READ_CHANGED; i++)
        result = try_read (self, index, item);

      shm_list_budget_charge (budget, &since);

      /* If registering as a lock owner fails, continue without the lock, like a process that cannot
       * write. */
      if (result == SHM_LIST_READ_CHANGED && shm_list_can_lock (self)
          && !read_locked (self, index, item, &result, budget, fault)
          && fault->step != SHM_STEP_LIST_OWNER)
        return FALSE;
      if (result == SHM_LIST_READ_OK)
        return TRUE;
      if (result == SHM_LIST_READ_NO_MEMORY)
        return shm_fault_set (fault, SHM_STEP_READ, ENOMEM);

      since = g_get_monotonic_time ();
      if (result == SHM_LIST_READ_INVALID && since - started >= SHM_LIST_VALUE_TIMEOUT_MSEC * 1000)
        return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);
      if (budget->usec_left <= 0)
        return shm_fault_set_detail (fault, SHM_STEP_LIST_READ, ETIMEDOUT, index);

      if (result == SHM_LIST_READ_INVALID)
        {
          g_usleep (sleep_usec);
          sleep_usec = MIN (sleep_usec * 2, SLEEP_MAX_USEC);
        }
    }
}

static gboolean
read_slowly (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  ShmListBudget budget = shm_list_budget_new (1);

  return read_with_retries (self, index, item, &budget, fault);
}

static inline gboolean
read_item (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  return check_index (self, index, fault)
         && (G_LIKELY (try_read (self, index, item) == SHM_LIST_READ_OK)
             || read_slowly (self, index, item, fault));
}

gboolean
shm_list_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  return read_item (self, index, item, fault);
}

ShmListTry
shm_list_try_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault)
{
  if (!check_index (self, index, fault))
    return SHM_LIST_TRY_FAILED;

  return G_LIKELY (try_read (self, index, item) == SHM_LIST_READ_OK) ? SHM_LIST_TRY_OK
                                                                     : SHM_LIST_TRY_WOULD_WAIT;
}

gboolean
shm_list_await_valid (ShmList *self, guint64 index, ShmListBudget *budget, ShmFault *fault)
{
  g_auto (ShmListItem) item;

  shm_list_item_init (&item);

  return check_index (self, index, fault) && read_with_retries (self, index, &item, budget, fault);
}

gboolean
shm_list_read_kind (ShmList *self, guint64 index, ShmValueKind *kind, ShmFault *fault)
{
  ShmListItem item;

  shm_list_item_init (&item);
  item.kind_only = TRUE;
  if (!read_item (self, index, &item, fault))
    return FALSE;
  *kind = item.value.kind;

  return TRUE;
}

void
shm_list_item_clear (ShmListItem *item)
{
  g_clear_pointer (&item->large_buffer, g_free);
}

/* Returns the number of bytes in @words without the trailing NULs. */
static gsize
count_bytes (const guint64 *words, gsize n_words)
{
  while (n_words > 0 && words[n_words - 1] == 0)
    n_words--;

  return n_words > 0 ? 8 * n_words - __builtin_clzll (GUINT64_FROM_LE (words[n_words - 1])) / 8 : 0;
}

gboolean
shm_list_read_short (ShmList *self,
                     guint64 index,
                     ShmListTypeCode type_code,
                     ShmListShortValue *value)
{
  guint64 sequence, entry, all_bits = 0;
  ShmListSlot slot;
  gsize n_words;

  if (G_UNLIKELY (index >= self->layout.n_items))
    return FALSE;

  sequence = shm_list_read_begin (self);
  if (!shm_list_find_slot (&self->parts, index, &slot) || sequence % 2 != 0
      || slot.size > SHM_LIST_SHORT_SLOT_MAX)
    return FALSE;

  entry = shm_word_load (slot.entry);
  if (entry != shm_list_get_short_entry (slot.size) || shm_byte_load (slot.type_code) != type_code)
    return FALSE;

  /* The order of the loads is that of shm_list_read(). */
  shm_fence_loads ();
  n_words = slot.size / 8;
  for (gsize i = 0; i < n_words; i++)
    {
      value->words[i] = shm_word_load ((const guint64 *) (gconstpointer) slot.bytes + i);
      all_bits |= value->words[i];
    }
  value->words[n_words] = 0;

  if (!shm_list_read_is_valid (self, sequence) || shm_word_load (slot.entry) != entry)
    return FALSE;

  value->length = count_bytes (value->words, n_words);

  return type_code == SHM_LIST_TYPE_BYTES
         || (all_bits & G_GUINT64_CONSTANT (0x8080808080808080)) == 0
         || shm_list_is_utf8 ((const guint8 *) value->words, value->length);
}

/* Writing */

static inline gboolean
encode (guint64 index,
        const ShmListValue *value,
        const ShmListSlot *slot,
        ShmListRedo *redo,
        ShmFault *fault)
{
  if (value->kind == SHM_VALUE_KIND_STRING && !shm_list_is_utf8 (value->bytes, value->length))
    return shm_fault_set_detail (fault, SHM_STEP_LIST_VALUE, EILSEQ, index);

  redo->index = index;
  switch (shm_list_encode (value, slot->size, slot->length_record != NULL, redo))
    {
    case SHM_LIST_FIT_OK:
      return TRUE;
    case SHM_LIST_FIT_NULS_LOST:
      return shm_fault_set_detail (fault, SHM_STEP_LIST_TRAILING_NULS, EFBIG, slot->size);
    case SHM_LIST_FIT_TOO_LONG:
    default:
      return shm_fault_set_detail (fault, SHM_STEP_LIST_FIT, EFBIG, slot->size);
    }
}

/* Finds the slot of item @index, to write to it. */
static inline gboolean
find_slot (ShmList *self, guint64 index, ShmListSlot *slot, ShmFault *fault)
{
  if (!check_index (self, index, fault))
    return FALSE;
  if (G_LIKELY (shm_list_find_slot (&self->parts, index, slot)
                && (self->trailer == NULL || slot->size <= self->layout.redo_size)))
    return TRUE;

  shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);

  return FALSE;
}

/* Always inlined: see shm_list_sync_store(). */
static G_ALWAYS_INLINE inline gboolean
write_encoded (ShmList *self,
               const ShmListRedo *redo,
               const guint8 *bytes,
               const ShmListSlot *slot,
               ShmFault *fault)
{
  ShmListBudget budget = shm_list_budget_new (1);

  /* A list that CPython created has no lock: programs must not write to it from two threads or
   * processes at once. */
  if (self->trailer == NULL)
    {
      shm_list_sync_store (redo, bytes, slot);
      return TRUE;
    }

  if (!shm_list_lock (self, &budget, fault))
    return FALSE;
  shm_list_ring (self);
  shm_list_sync_update (self->trailer, redo, bytes, self->redo_buffer, slot);
  shm_list_unlock (self);

  return TRUE;
}

/* Writes a text of ASCII characters, or bytes, to a short slot whose format entry needs no length
 * mark. Returns FALSE in all other cases, and if the lock is not free. Nothing has changed then. */
static inline gboolean
try_write_short (ShmList *self, guint64 index, const ShmListValue *value)
{
  const gsize length = value->length;
  ShmListSlot slot = { .length_record = NULL };
  ShmListRedo redo = { .index = index, .length = length };

  if (length == 0 || value->bytes[length - 1] == 0 || index >= self->layout.n_items
      || self->trailer == NULL || !shm_list_find_slot_without_record (&self->parts, index, &slot)
      || slot.size > SHM_LIST_SHORT_SLOT_MAX || slot.size > self->layout.redo_size
      || length > slot.size)
    return FALSE;

  redo.entry = shm_list_get_short_entry (slot.size);
  redo.type_code
      = value->kind == SHM_VALUE_KIND_STRING ? SHM_LIST_TYPE_STRING : SHM_LIST_TYPE_BYTES;
  if ((value->kind == SHM_VALUE_KIND_STRING && !shm_list_is_ascii (value->bytes, length))
      || !shm_list_try_lock (self))
    return FALSE;

  shm_list_ring (self);
  shm_list_sync_update (self->trailer, &redo, value->bytes, self->redo_buffer, &slot);
  shm_list_unlock (self);

  return TRUE;
}

gboolean
shm_list_write (ShmList *self, guint64 index, const ShmListValue *value, ShmFault *fault)
{
  const guint64 word = shm_list_encode_word (value);
  ShmListRedo redo;
  ShmListSlot slot;

  if ((value->kind == SHM_VALUE_KIND_STRING || value->kind == SHM_VALUE_KIND_BYTES)
      && try_write_short (self, index, value))
    return TRUE;

  return find_slot (self, index, &slot, fault) && encode (index, value, &slot, &redo, fault)
         && write_encoded (self, &redo,
                           shm_list_type_has_bytes (redo.type_code) ? value->bytes
                                                                    : (gconstpointer) &word,
                           &slot, fault);
}

ShmListTry
shm_list_try_write (ShmList *self, guint64 index, const ShmListValue *value, ShmFault *fault)
{
  const guint64 word = shm_list_encode_word (value);
  const guint8 *bytes = (gconstpointer) &word;
  ShmListRedo redo;
  ShmListSlot slot;

  if (!find_slot (self, index, &slot, fault) || !encode (index, value, &slot, &redo, fault))
    return SHM_LIST_TRY_FAILED;
  if (shm_list_type_has_bytes (redo.type_code))
    bytes = value->bytes;

  if (self->trailer == NULL)
    {
      shm_list_sync_store (&redo, bytes, &slot);
      return SHM_LIST_TRY_OK;
    }

  if (!shm_list_try_lock (self))
    return SHM_LIST_TRY_WOULD_WAIT;
  shm_list_ring (self);
  shm_list_sync_update (self->trailer, &redo, bytes, self->redo_buffer, &slot);
  shm_list_unlock (self);

  return SHM_LIST_TRY_OK;
}

static inline ShmListRedo
make_redo (guint64 index, guint64 entry, ShmListTypeCode type_code)
{
  return (ShmListRedo){ .index = index, .entry = entry, .type_code = type_code, .length = 8 };
}

/* Does the same as shm_list_write_word() in all cases, and waits for the lock if necessary. */
static gboolean G_GNUC_NO_INLINE
write_word_slowly (ShmList *self,
                   guint64 index,
                   guint64 entry,
                   ShmListTypeCode type_code,
                   guint64 word,
                   ShmFault *fault)
{
  const ShmListRedo redo = make_redo (index, entry, type_code);
  ShmListSlot slot;

  return find_slot (self, index, &slot, fault)
         && write_encoded (self, &redo, (gconstpointer) &word, &slot, fault);
}

gboolean
shm_list_write_word (ShmList *self,
                     guint64 index,
                     guint64 entry,
                     ShmListTypeCode type_code,
                     guint64 word,
                     ShmFault *fault)
{
  const ShmListRedo redo = make_redo (index, entry, type_code);
  ShmListSlot slot = { .length_record = NULL };

  /* In the usual case, the lock is free and the slot has no length record. Then this function calls
   * no other. */
  if (G_UNLIKELY (index >= self->layout.n_items || self->trailer == NULL
                  || !shm_list_find_slot_without_record (&self->parts, index, &slot)
                  || slot.size >= SHM_LIST_RECORD_SLOT_MIN || slot.size > self->layout.redo_size
                  || !shm_list_try_lock (self)))
    return write_word_slowly (self, index, entry, type_code, word, fault);

  shm_list_ring (self);
  shm_list_sync_update (self->trailer, &redo, (gconstpointer) &word, self->redo_buffer, &slot);
  shm_list_unlock (self);

  return TRUE;
}
