/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-watcher.h"

#include "core/shm-list-item.h"
#include "core/shm-system-lock.h"

#include <errno.h>
#include <string.h>

/* The list is compared in pieces of this size. In a piece that has changed, the watcher copies only
 * the parts between the first and the last part that has changed. */
#define PIECE_ITEMS 512
#define PIECE_BYTES 4096
#define PART_ITEMS  16

/* A look asks for the time after it has compared this number of bytes. */
#define BYTES_PER_CLOCK (64 * 1024)

/* The number of attempts to copy a value that other processes write at the same time. */
#define ITEM_ATTEMPTS 8

/* Comparing */

/* Returns whether shared memory equals a private copy. Other processes can write at the same time.
 * The caller detects this with the sequence counter, except for writes by stock CPython. */
static gboolean
is_equal (gconstpointer shared, gconstpointer copy, gsize length)
{
#ifdef __SANITIZE_THREAD__
  for (gsize i = 0; i < length; i++)
    if (shm_byte_load ((const guint8 *) shared + i) != ((const guint8 *) copy)[i])
      return FALSE;

  return TRUE;
#else
  return memcmp (shared, copy, length) == 0;
#endif
}

static gboolean
are_length_records_equal (ShmListWatcher *self, guint64 first, guint64 n_items)
{
  const ShmListParts *copy = &self->copy.parts;

  for (guint64 i = shm_list_find_length_record (copy, first);
       i < copy->n_length_records && copy->length_records[i].index - first < n_items; i++)
    if (!is_equal (&self->copy.length_records[i], &copy->length_records[i],
                   sizeof (ShmListLengthRecord)))
      return FALSE;

  return TRUE;
}

static gboolean
is_piece_equal (ShmListWatcher *self, guint64 first, guint64 n_items)
{
  const ShmListParts *list = &self->list->parts;
  const ShmListParts *copy = &self->copy.parts;
  const guint64 from = copy->offsets[first];

  /* The copy begins with the first slot, which in a hostile list is not at offset 0. */
  return is_equal (list->data + from, copy->data + (from - copy->data_from),
                   copy->offsets[first + n_items] - from)
         && is_equal (list->entries + first, copy->entries + first, 8 * n_items)
         && is_equal (list->type_codes + first, copy->type_codes + first, n_items)
         && (copy->n_length_records == 0 || are_length_records_equal (self, first, n_items));
}

static guint64
get_piece (ShmListWatcher *self, guint64 first)
{
  const guint64 *offsets = self->copy.parts.offsets;
  guint64 n_items = MIN (self->list->layout.n_items - first, PIECE_ITEMS);

  while (n_items > 1 && offsets[first + n_items] - offsets[first] > PIECE_BYTES)
    n_items /= 2;

  return n_items;
}

/* The bytes of an item in a private copy. */
static void
find_in_copy (const ShmListCopy *copy, guint64 index, ShmListSlot *slot)
{
  /* The offsets of a private copy are valid, see find_corrupt_offset(). */
  if (!shm_list_find_slot (&copy->parts, index, slot))
    g_assert_not_reached ();
}

/* Returns whether item @i of the parts, counted from their first one, is an integer or a double in
 * a slot of 8 bytes. This is the common case, and faster than find_in_copy(). */
static inline gboolean
is_number (const ShmListParts *parts, guint64 i)
{
  const guint64 entry = parts->entries[i];

  return (entry == SHM_LIST_ENTRY_INT64 || entry == SHM_LIST_ENTRY_DOUBLE)
         && parts->type_codes[i] == SHM_LIST_TYPE_NUMBER
         && parts->offsets[i + 1] - parts->offsets[i] == 8;
}

/* Returns the word of a number. */
static inline guint64 *
get_number (const ShmListParts *parts, guint64 i)
{
  return (gpointer) (parts->data + (parts->offsets[i] - parts->data_from));
}

static gboolean
is_item_equal (const ShmListCopy *a, const ShmListCopy *b, guint64 index)
{
  const guint64 i = index - a->parts.first, j = index - b->parts.first;
  ShmListSlot x, y;

  if (is_number (&a->parts, i) && is_number (&b->parts, j))
    return *get_number (&a->parts, i) == *get_number (&b->parts, j)
           && a->parts.entries[i] == b->parts.entries[j];

  find_in_copy (a, index, &x);
  find_in_copy (b, index, &y);

  return *x.entry == *y.entry && *x.type_code == *y.type_code
         && memcmp (x.bytes, y.bytes, x.size) == 0
         && (x.length_record == NULL || y.length_record == NULL
             || memcmp (x.length_record, y.length_record, sizeof *x.length_record) == 0);
}

static void
copy_item (const ShmListCopy *from, const ShmListCopy *to, guint64 index)
{
  ShmListSlot source, target;

  find_in_copy (from, index, &source);
  find_in_copy (to, index, &target);
  *target.entry = *source.entry;
  *target.type_code = *source.type_code;
  memcpy (target.bytes, source.bytes, source.size);
  if (source.length_record != NULL && target.length_record != NULL)
    *target.length_record = *source.length_record;
}

/* One look */

typedef struct
{
  ShmListWatcher *watcher;
  GArray *runs;
  gint64 now;
  gint64 deadline;
} Look;

static void
add_changed (Look *look, guint64 index, guint64 n_items)
{
  ShmListRun *last
      = look->runs->len > 0 ? &g_array_index (look->runs, ShmListRun, look->runs->len - 1) : NULL;
  const ShmListRun run = { index, n_items };

  if (last != NULL && last->first + last->n_items == index)
    last->n_items += n_items;
  else
    g_array_append_val (look->runs, run);
}

/* Decides whether to show an invalid value. Stock CPython stores a value in several steps, so the
 * value is first given time to become valid. */
static gboolean
accept_invalid (Look *look, guint64 index)
{
  ShmListWatcher *self = look->watcher;
  ShmListPass *pass = &self->pass;

  if (pass->invalid_index == SHM_LIST_NO_ITEM)
    {
      pass->invalid_index = index;
      if (self->invalid_index != index)
        self->invalid_since = look->now;
      pass->accepts_invalid = look->now - self->invalid_since >= SHM_LIST_VALUE_TIMEOUT_MSEC * 1000;
    }

  if (!pass->accepts_invalid)
    {
      pass->is_complete = FALSE;
      return FALSE;
    }
  self->corrupt_index = index;

  return TRUE;
}

/* Shows an item of @scratch that has changed, and is not a number. Returns FALSE if it is invalid,
 * and must not be shown yet. */
static gboolean
take_item (Look *look, const ShmListCopy *scratch, guint64 index)
{
  ShmListWatcher *self = look->watcher;
  ShmListValue value;

  if (shm_list_get_value (&scratch->parts, index, &value))
    {
      if (self->corrupt_index == index)
        self->corrupt_index = SHM_LIST_NO_ITEM;
    }
  else if (!accept_invalid (look, index))
    return FALSE;
  copy_item (scratch, &self->copy, index);

  return TRUE;
}

/* Shows the items of @scratch that have changed. */
static void
take_changed (Look *look, const ShmListCopy *scratch)
{
  /* Private copies, which the stores below cannot change: so the compiler keeps the pointers. */
  const ShmListParts from = scratch->parts;
  const ShmListParts to = look->watcher->copy.parts;
  guint64 n_changed = 0; /* the changed items just before this one */

  for (guint64 i = 0; i < from.n_items; i++)
    {
      const guint64 index = from.first + i;
      gboolean is_changed;

      if (is_number (&from, i) && is_number (&to, index) && look->watcher->corrupt_index != index)
        {
          is_changed = *get_number (&from, i) != *get_number (&to, index)
                       || from.entries[i] != to.entries[index];
          *get_number (&to, index) = *get_number (&from, i);
          to.entries[index] = from.entries[i];
        }
      else
        is_changed = !is_item_equal (scratch, &look->watcher->copy, index)
                     && take_item (look, scratch, index);

      if (is_changed)
        n_changed++;
      else if (n_changed > 0)
        {
          add_changed (look, index - n_changed, n_changed);
          n_changed = 0;
        }
    }
  if (n_changed > 0)
    add_changed (look, from.first + from.n_items - n_changed, n_changed);
}

/* Copies each item that has changed on its own, because another process writes to the list. Keeps
 * the old value of an item that cannot be copied. */
static void
copy_each_changed (Look *look, ShmListCopy *scratch)
{
  ShmListWatcher *self = look->watcher;
  const guint64 end = scratch->parts.first + scratch->parts.n_items;

  for (guint64 i = scratch->parts.first; i < end; i++)
    {
      ShmListReadResult result = SHM_LIST_READ_CHANGED;

      if (is_item_equal (scratch, &self->copy, i))
        continue;
      for (int attempt = 0; attempt < ITEM_ATTEMPTS && result == SHM_LIST_READ_CHANGED; attempt++)
        result = shm_list_copy_try (self->list, i, 1, scratch);
      if (result == SHM_LIST_READ_OK)
        continue;
      copy_item (&self->copy, scratch, i);
      if (result == SHM_LIST_READ_INVALID && accept_invalid (look, i))
        continue;
      self->pass.is_complete = FALSE;
    }
}

static void
update_piece (Look *look, guint64 first, guint64 n_items)
{
  ShmListWatcher *self = look->watcher;
  g_auto (ShmListCopy) scratch = { .memory = NULL };
  ShmFault fault;

  if (!shm_list_copy_prepare (self->list, first, n_items, &scratch, &fault))
    {
      if (fault.errnum != EBADMSG || !accept_invalid (look, first))
        self->pass.is_complete = FALSE;
      return;
    }

  /* Only a hostile process changes the offsets, or the indices of the length records. */
  if (memcmp (scratch.parts.offsets, &self->copy.parts.offsets[first], 8 * (n_items + 1)) != 0)
    {
      accept_invalid (look, first);
      return;
    }

  if (shm_list_copy_try (self->list, first, n_items, &scratch) != SHM_LIST_READ_OK)
    copy_each_changed (look, &scratch);
  take_changed (look, &scratch);
}

/* Returns the index of the item whose value is in the redo record, or SHM_LIST_NO_ITEM. If its
 * writer is dead, the value stays there. */
static guint64
get_redo_index (ShmListWatcher *self)
{
  return self->sequence % 2 != 0 ? shm_word_load (&self->list->trailer->redo.index)
                                 : SHM_LIST_NO_ITEM;
}

/* Updates a piece, except for the items before the first change and after the last change. */
static void
update_part (Look *look, guint64 first, guint64 n_items)
{
  guint64 end = first + n_items;

  while (end - first > PART_ITEMS && is_piece_equal (look->watcher, first, PART_ITEMS))
    first += PART_ITEMS;
  while (end - first > PART_ITEMS && is_piece_equal (look->watcher, end - PART_ITEMS, PART_ITEMS))
    end -= PART_ITEMS;

  update_piece (look, first, end - first);
}

/* Compares the items from the next one of the pass, and stops at the deadline. Returns whether the
 * pass has ended. */
static gboolean
compare_pieces (Look *look)
{
  ShmListWatcher *self = look->watcher;
  const guint64 *offsets = self->copy.parts.offsets;
  const guint64 end = self->list->layout.n_items;
  const guint64 redo_index = get_redo_index (self);
  guint64 n_bytes = 0;

  for (guint64 first = self->pass.next; first < end;)
    {
      const guint64 n_items = get_piece (self, first);

      if (redo_index - first < n_items)
        update_piece (look, first, n_items);
      else if (!is_piece_equal (self, first, n_items))
        update_part (look, first, n_items);

      n_bytes += offsets[first + n_items] - offsets[first] + 9 * n_items;
      first += n_items;
      if (n_bytes < BYTES_PER_CLOCK || first == end)
        continue;
      n_bytes = 0;
      if (look->deadline != G_MAXINT64 && g_get_monotonic_time () >= look->deadline)
        {
          self->pass.next = first;
          return FALSE;
        }
    }
  self->pass.next = 0;

  return TRUE;
}

static void
begin_pass (ShmListWatcher *self)
{
  self->pass = (ShmListPass){
    .previous_sequence = self->sequence,
    .is_complete = TRUE,
    .invalid_index = SHM_LIST_NO_ITEM,
  };
  self->sequence = shm_list_read_begin (self->list);
}

/* Continues the pass. Returns whether it has ended. */
static gboolean
compare (ShmListWatcher *self, gint64 deadline, GArray *runs)
{
  Look look = {
    .watcher = self,
    .runs = runs,
    .now = g_get_monotonic_time (),
    .deadline = deadline,
  };

  if (!compare_pieces (&look))
    return FALSE;

  self->is_complete = self->pass.is_complete;
  self->invalid_index = self->pass.invalid_index;

  return TRUE;
}

/* Whether to sleep */

/* Asks the kernel, and does not register as a lock owner, because registering can wait for another
 * process. If there is no lock owner, asks with the descriptor of the block. This descriptor never
 * has the lock of a lock owner, so the kernel reports the locks of all of them. */
static gboolean
is_dead (ShmList *list, guint64 number)
{
  const ShmLockOwner *owner = g_atomic_pointer_get (&list->lock_owner);
  g_autoptr (ShmBlockUse) use = NULL;

  if (owner != NULL && shm_lock_owner_is_current (owner))
    return !shm_lock_owner_is_alive (owner, number);

  use = shm_block_enter (list->block);

  return use != NULL
         && (number > SHM_SYSTEM_LOCK_NUMBER_MAX || !shm_system_is_number_locked (use->fd, number));
}

static ShmListLook
settle (ShmListWatcher *self)
{
  const ShmListTrailer *trailer = self->list->trailer;
  const guint64 previous_lock = self->lock;
  guint64 sequence;
  gboolean is_still;

  shm_fence_loads ();
  sequence = shm_word_load_acquire (&trailer->sequence);
  self->lock = shm_word_load_acquire (&trailer->lock);

  if (sequence != self->sequence)
    self->is_complete = FALSE;
  if (!self->is_complete)
    return SHM_LIST_LOOK_AGAIN;
  if (self->lock == 0)
    return SHM_LIST_LOOK_SETTLED;

  /* Ask the kernel only about an owner that seems to be stuck. */
  is_still = sequence == self->pass.previous_sequence && self->lock == previous_lock;
  if (is_still && shm_list_can_lock (self->list) && is_dead (self->list, self->lock))
    return SHM_LIST_LOOK_SETTLED;

  return is_still ? SHM_LIST_LOOK_STUCK : SHM_LIST_LOOK_AGAIN;
}

ShmListLook
shm_list_watcher_look (ShmListWatcher *self, gboolean compare_all, gint64 deadline, GArray *runs)
{
  const gboolean has_rest = shm_list_watcher_has_rest (self);

  shm_at (LIST_LOOK);

  if (!has_rest || deadline == G_MAXINT64)
    begin_pass (self);
  if ((has_rest || compare_all || !self->is_complete
       || self->sequence != self->pass.previous_sequence)
      && !compare (self, deadline, runs))
    return SHM_LIST_LOOK_REST;

  if (self->list->trailer != NULL)
    return settle (self);

  return self->is_complete ? SHM_LIST_LOOK_SETTLED : SHM_LIST_LOOK_AGAIN;
}

gboolean
shm_list_watcher_arm (ShmListWatcher *self)
{
  ShmListTrailer *trailer = self->list->trailer;

  shm_list_sync_arm (trailer);

  if (shm_word_load_consistent (&trailer->lock) == self->lock
      && shm_word_load_acquire (&trailer->sequence) == self->sequence)
    return TRUE;
  self->is_complete = FALSE;

  return FALSE;
}

/* Returns the index of an item whose offsets are corrupt, or SHM_LIST_NO_ITEM. */
static guint64
find_corrupt_offset (const ShmListCopy *copy)
{
  ShmListSlot slot;

  for (guint64 i = 0; i < copy->parts.n_items; i++)
    if (!shm_list_find_slot (&copy->parts, i, &slot))
      return i;

  return SHM_LIST_NO_ITEM;
}

/* Returns the index of an item whose value is corrupt, or SHM_LIST_NO_ITEM. */
static guint64
find_corrupt_value (const ShmListCopy *copy)
{
  ShmListValue value;

  for (guint64 i = 0; i < copy->parts.n_items; i++)
    if (!shm_list_get_value (&copy->parts, i, &value))
      return i;

  return SHM_LIST_NO_ITEM;
}

gboolean
shm_list_watcher_init (ShmListWatcher *self, ShmList *list, ShmFault *fault)
{
  ShmListBudget budget = shm_list_budget_new (list->layout.n_items);
  guint64 corrupt_index;

  *self = (ShmListWatcher){
    .list = list,
    .corrupt_index = SHM_LIST_NO_ITEM,
    .invalid_index = SHM_LIST_NO_ITEM,
  };
  if (!shm_list_copy (list, 0, list->layout.n_items, &self->copy, &budget, fault))
    return FALSE;

  corrupt_index = find_corrupt_offset (&self->copy);
  if (corrupt_index != SHM_LIST_NO_ITEM)
    return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, corrupt_index);
  self->corrupt_index = find_corrupt_value (&self->copy);

  return TRUE;
}

void
shm_list_watcher_clear (ShmListWatcher *self)
{
  shm_list_copy_clear (&self->copy);
}
