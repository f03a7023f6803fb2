/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-copy.h"

#include "core/shm-list-private.h"
#include "core/shm-list-value.h"

#include <errno.h>
#include <string.h>

/* The number of attempts to copy without the lock. */
#define COPY_ATTEMPTS 3

#define CHUNK_ITEMS 4096
#define CHUNK_BYTES (1 << 20)

void
shm_list_copy_clear (ShmListCopy *copy)
{
  g_clear_pointer (&copy->memory, g_free);
}

gboolean
shm_list_copy_prepare (ShmList *self,
                       guint64 first,
                       guint64 n_items,
                       ShmListCopy *copy,
                       ShmFault *fault)
{
  const guint64 from = shm_word_load (&self->parts.offsets[first]);
  const guint64 to = shm_word_load (&self->parts.offsets[first + n_items]);
  const guint64 first_record = shm_list_find_length_record (&self->parts, first);
  const guint64 last_record = shm_list_find_length_record (&self->parts, first + n_items);
  const guint64 n_length_records = MAX (first_record, last_record) - first_record;
  ShmListLayout layout = { .n_items = n_items, .data_size = to - from };
  const gsize records_offset = (shm_list_cpython_size (&layout) + 7) / 8 * 8;

  memset (copy, 0, sizeof *copy);
  if (from > to || to > self->layout.data_size || (from | to) % 8 != 0)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, first);

  copy->memory = g_try_malloc (records_offset + n_length_records * sizeof (ShmListLengthRecord));
  if (copy->memory == NULL)
    return shm_fault_set (fault, SHM_STEP_READ, ENOMEM);

  shm_list_find_parts (copy->memory, &layout, &copy->parts);
  copy->parts.first = first;
  copy->parts.data_from = from;
  copy->parts.data_to = to;
  copy->parts.length_records = (gpointer) (copy->memory + records_offset);
  copy->parts.n_length_records = n_length_records;
  copy->length_records = n_length_records == 0 ? NULL : self->parts.length_records + first_record;

  memcpy (copy->memory, &n_items, 8);
  shm_words_load (copy->parts.offsets, &self->parts.offsets[first], 8 * (n_items + 1));
  if (copy->parts.offsets[0] != from || copy->parts.offsets[n_items] != to)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, first);
  shm_words_load (copy->parts.length_records, copy->length_records,
                  n_length_records * sizeof (ShmListLengthRecord));

  return TRUE;
}

static void
copy_length_records (guint64 first, guint64 n_items, ShmListCopy *copy)
{
  const ShmListParts *to = &copy->parts;

  for (guint64 i = shm_list_find_length_record (to, first);
       i < to->n_length_records && to->length_records[i].index - first < n_items; i++)
    {
      to->length_records[i].length = shm_word_load (&copy->length_records[i].length);
      to->length_records[i].hash = shm_word_load (&copy->length_records[i].hash);
    }
}

/* Stores the value of the redo record in the copy, if its item is in the range. */
static ShmListReadResult
copy_redo (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy)
{
  g_autofree guint8 *bytes = NULL;
  ShmListRedo redo;
  ShmListSlot slot;
  gsize length;

  shm_list_sync_load_redo (self->trailer, &redo);
  if (redo.index - first >= n_items)
    return SHM_LIST_READ_OK;
  copy->corrupt_index = redo.index;
  if (!shm_list_check_redo (&copy->parts, &redo, self->layout.redo_size, &slot))
    return SHM_LIST_READ_INVALID;

  length = (redo.length + 7) / 8 * 8;
  bytes = g_try_malloc (MAX (length, 1));
  if (bytes == NULL)
    return SHM_LIST_READ_NO_MEMORY;
  shm_words_load (bytes, self->redo_buffer, length);
  shm_list_sync_store (&redo, bytes, &slot);

  return SHM_LIST_READ_OK;
}

ShmListReadResult
shm_list_copy_try (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy)
{
  const ShmListParts *to = &copy->parts;
  const guint64 at = first - to->first;
  const guint64 start = to->offsets[at];
  const guint64 end = to->offsets[at + n_items];
  const guint64 sequence = shm_list_read_begin (self);
  ShmListReadResult result = SHM_LIST_READ_OK;

  copy->corrupt_index = first;
  if (start < to->data_from || start > end || end > to->data_to || (start | end) % 8 != 0)
    return SHM_LIST_READ_INVALID;

  /* CPython writes the slots of a new list before the format entries, so load in reverse order. */
  shm_words_load (to->entries + at, self->parts.entries + first, 8 * n_items);
  for (guint64 i = 0; i < n_items; i++)
    to->type_codes[at + i] = shm_byte_load (&self->parts.type_codes[first + i]);
  shm_fence_loads ();
  shm_words_load (to->data + (start - to->data_from), self->parts.data + start, end - start);
  copy_length_records (first, n_items, copy);

  if (sequence % 2 != 0)
    result = copy_redo (self, first, n_items, copy);

  return shm_list_read_is_valid (self, sequence) ? result : SHM_LIST_READ_CHANGED;
}

/* Returns whether @result is OK. Otherwise sets @fault. */
static gboolean
check_result (ShmListReadResult result, guint64 index, ShmFault *fault)
{
  switch (result)
    {
    case SHM_LIST_READ_CHANGED:
      return shm_fault_set_detail (fault, SHM_STEP_LIST_READ, ETIMEDOUT, index);
    case SHM_LIST_READ_INVALID:
      return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);
    case SHM_LIST_READ_NO_MEMORY:
      return shm_fault_set (fault, SHM_STEP_READ, ENOMEM);
    case SHM_LIST_READ_OK:
    default:
      return TRUE;
    }
}

static gboolean
copy_locked (ShmList *self, ShmListCopy *copy, ShmListBudget *budget, ShmFault *fault)
{
  ShmListReadResult result;

  if (!shm_list_lock (self, budget, fault))
    return FALSE;
  result = shm_list_copy_try (self, copy->parts.first, copy->parts.n_items, copy);
  shm_list_unlock (self);

  return check_result (result, copy->corrupt_index, fault);
}

/* Copies one item after the other. Charges only the repeated attempts: copying a long list can take
 * longer than the budget. */
static gboolean
copy_each (ShmList *self, ShmListCopy *copy, ShmListBudget *budget, ShmFault *fault)
{
  for (guint64 i = copy->parts.first; i - copy->parts.first < copy->parts.n_items; i++)
    {
      ShmListReadResult result = shm_list_copy_try (self, i, 1, copy);
      gint64 since = result == SHM_LIST_READ_CHANGED ? g_get_monotonic_time () : 0;

      while (result == SHM_LIST_READ_CHANGED && budget->usec_left > 0)
        {
          result = shm_list_copy_try (self, i, 1, copy);
          shm_list_budget_charge (budget, &since);
        }
      if (!check_result (result, i, fault))
        return FALSE;
    }

  return TRUE;
}

/* Copies all items at once, without the lock. After a failed attempt, tries again only while
 * another attempt of the same duration leaves most of the budget for the lock. */
static ShmListReadResult
copy_all (ShmList *self, ShmListCopy *copy, ShmListBudget *budget)
{
  ShmListReadResult result = SHM_LIST_READ_CHANGED;

  for (int i = 0; i < COPY_ATTEMPTS && result == SHM_LIST_READ_CHANGED; i++)
    {
      const gint64 begin = g_get_monotonic_time ();
      gint64 since = begin;

      result = shm_list_copy_try (self, copy->parts.first, copy->parts.n_items, copy);
      if (i > 0)
        shm_list_budget_charge (budget, &since);
      if (g_get_monotonic_time () - begin > budget->usec_left / 4)
        break;
    }

  return result;
}

static gboolean
fill_copy (ShmList *self, ShmListCopy *copy, ShmListBudget *budget, ShmFault *fault)
{
  const ShmListReadResult result = copy_all (self, copy, budget);

  if (result != SHM_LIST_READ_CHANGED)
    return check_result (result, copy->corrupt_index, fault);

  if (!shm_list_can_lock (self))
    return copy_each (self, copy, budget, fault);

  /* If registering as a lock owner fails, continue without the lock, like a process that cannot
   * write. */
  return copy_locked (self, copy, budget, fault)
         || (fault->step == SHM_STEP_LIST_OWNER && copy_each (self, copy, budget, fault));
}

gboolean
shm_list_copy (ShmList *self,
               guint64 first,
               guint64 n_items,
               ShmListCopy *copy,
               ShmListBudget *budget,
               ShmFault *fault)
{
  if (shm_list_copy_prepare (self, first, n_items, copy, fault)
      && fill_copy (self, copy, budget, fault))
    return TRUE;

  shm_list_copy_clear (copy);

  return FALSE;
}

guint64
shm_list_get_chunk (ShmList *self, guint64 first)
{
  const guint64 from = shm_word_load (&self->parts.offsets[first]);
  guint64 n_items = MIN (self->layout.n_items - first, CHUNK_ITEMS);

  while (n_items > 1 && shm_word_load (&self->parts.offsets[first + n_items]) - from > CHUNK_BYTES)
    n_items /= 2;

  return n_items;
}
