/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-scan.h"

gboolean
shm_list_can_scan (const ShmList *self, const ShmListScan *scan)
{
  for (guint i = 0; i < scan->n_wanted; i++)
    if (scan->wanted[i].kind == SHM_VALUE_KIND_STRING
        || scan->wanted[i].kind == SHM_VALUE_KIND_BYTES)
      return FALSE;

  return self->trailer != NULL;
}

/* Compares an item of any kind, whose slot begins with @word. Sets @is_equal. Returns FALSE if the
 * item is corrupt. Not inline, so that compare_singles() keeps its variables in registers. */
static gboolean G_GNUC_NO_INLINE
compare (const ShmListScan *scan,
         guint64 entry,
         guint64 type_code,
         const guint64 *word,
         guint64 slot_size,
         gboolean *is_equal)
{
  ShmListFormat format;
  ShmListValue value;

  /* Most texts: no wanted value is a text or bytes. */
  *is_equal = FALSE;
  if (shm_list_type_has_bytes (type_code) && slot_size <= SHM_LIST_SHORT_SLOT_MAX
      && entry == shm_list_get_short_entry (slot_size))
    return TRUE;

  /* The length of a text or bytes makes no difference here, so a length record is not needed. */
  if (!shm_list_parse (entry, type_code, slot_size, FALSE, &format))
    return FALSE;

  value.kind = format.kind;
  if (value.kind == SHM_VALUE_KIND_BOOLEAN)
    value.truth = shm_list_decode_boolean (shm_word_load (word));
  else
    value.integer = (gint64) shm_word_load (word);

  /* No wanted value is a text or bytes, so their bytes are not compared. */
  *is_equal = shm_list_scan_matches (scan, &value);

  return TRUE;
}

/* A search. Each function below compares items from @at on, and advances @at and @slot_start. */
typedef struct
{
  const ShmListParts *parts;
  const ShmListScan *scan;
  guint64 entry;      /* the format entry of numbers of which only the first wanted value can be an
                       * equal: such numbers are compared in groups; 0 if there is none */
  guint64 at;         /* the index of the next item */
  guint64 end;        /* the index behind the last item */
  guint64 slot_start; /* the offset of the next item, in the data and a multiple of 8 */
  guint64 n_found;
  guint64 last; /* the index of the last item that was found */
} Search;

static guint64
get_entry (const ShmListScan *scan)
{
  if (scan->n_wanted > 1 && scan->wanted[1].kind != SHM_VALUE_KIND_BOOLEAN)
    return 0;

  return scan->wanted[0].kind == SHM_VALUE_KIND_INT64    ? SHM_LIST_ENTRY_INT64
         : scan->wanted[0].kind == SHM_VALUE_KIND_DOUBLE ? SHM_LIST_ENTRY_DOUBLE
                                                         : 0;
}

static inline gboolean
is_finished (const Search *self)
{
  return self->at == self->end || (self->n_found > 0 && self->scan->stops_at_first);
}

/* Groups of numbers */

/* The number of items that are compared at once. */
#define GROUP_SIZE 8

/* After a group that was not of numbers, SINGLES_MIN single items are compared before the next
 * group. After each further such group it is four times as many items, up to SINGLES_MAX. */
#define SINGLES_MIN GROUP_SIZE
#define SINGLES_MAX 1024

/* Compares the items from @first on, the first of whose slots begins at @slot_start. Sets the bits
 * of @equal whose items equal @wanted, an integer, or a double if @is_double is TRUE. Returns FALSE
 * if an item is of another kind, or if a slot has not 8 bytes. There is no branch for each item. */
static G_ALWAYS_INLINE inline gboolean
compare_group (const ShmListParts *parts,
               guint64 first,
               guint64 slot_start,
               const ShmListValue *wanted,
               gboolean is_double,
               guint *equal)
{
  const guint64 *words = (gconstpointer) (parts->data + (slot_start - parts->data_from));
  const guint64 entry = is_double ? SHM_LIST_ENTRY_DOUBLE : SHM_LIST_ENTRY_INT64;
  guint64 differences = 0;
  guint bits = 0;

#pragma GCC unroll 8
  for (guint k = 0; k < GROUP_SIZE; k++)
    {
      const guint64 slot_end = slot_start + 8 * (k + 1);
      const ShmListValue value = { .integer = (gint64) shm_word_load (&words[k]) };

      differences |= shm_word_load (&parts->offsets[first + k + 1]) ^ slot_end;
      differences |= shm_word_load (&parts->entries[first + k]) ^ entry;
      differences |= shm_byte_load (&parts->type_codes[first + k]) ^ SHM_LIST_TYPE_NUMBER;
      bits
          |= (guint) (is_double ? value.number == wanted->number : value.integer == wanted->integer)
             << k;
    }
  *equal = bits;

  return differences == 0;
}

static inline void
add_equal (Search *self, guint64 first, guint equal)
{
  if (self->scan->stops_at_first)
    equal &= -equal;

  self->n_found += __builtin_popcount (equal);
  self->last = first + (31 - __builtin_clz (equal));
}

static G_ALWAYS_INLINE inline void
compare_groups_of (Search *self, gboolean is_double)
{
  const ShmListParts parts = *self->parts; /* copies, so that the loop keeps them in registers */
  const ShmListValue wanted = self->scan->wanted[0];
  guint64 at = self->at, slot_start = self->slot_start;
  guint equal = 0;

  while (self->end - at >= GROUP_SIZE && parts.data_to - slot_start >= 8 * GROUP_SIZE
         && compare_group (&parts, at, slot_start, &wanted, is_double, &equal))
    {
      if (G_UNLIKELY (equal != 0))
        {
          add_equal (self, at, equal);
          if (self->scan->stops_at_first)
            break;
        }
      at += GROUP_SIZE;
      slot_start += 8 * GROUP_SIZE;
    }

  self->at = at;
  self->slot_start = slot_start;
}

/* Compares groups until one contains another item than the entry says. */
static void G_GNUC_NO_INLINE
compare_groups (Search *self)
{
  if (shm_word_load (&self->parts->entries[self->at]) != self->entry)
    return;

  if (self->entry == SHM_LIST_ENTRY_INT64)
    compare_groups_of (self, FALSE);
  else if (self->entry == SHM_LIST_ENTRY_DOUBLE)
    compare_groups_of (self, TRUE);
}

/* Single items */

/* Compares up to @n items of any kind. Returns FALSE if an item is corrupt. The end of a slot is
 * the start of the next slot, so each offset is loaded and checked once. */
static gboolean
compare_singles (Search *self, guint64 n)
{
  const ShmListParts parts = *self->parts; /* a copy, so that the loop keeps it in registers */
  const guint64 end = self->at + MIN (n, self->end - self->at);
  /* If integers need the general comparison, the type code of no item equals this number. */
  const guint64 integer_type
      = self->entry == SHM_LIST_ENTRY_INT64 ? SHM_LIST_TYPE_NUMBER : G_MAXUINT64;
  const ShmListScan *scan = self->scan;
  const gint64 integer = scan->wanted[0].integer;
  guint64 slot_start = self->slot_start;

  for (guint64 i = self->at; i < end; i++)
    {
      const guint64 slot_end = shm_word_load (&parts.offsets[i + 1]);
      const guint64 slot_size = slot_end - slot_start;
      const guint64 entry = shm_word_load (&parts.entries[i]);
      const guint64 type_code = shm_byte_load (&parts.type_codes[i]);
      const guint64 *word = (gconstpointer) (parts.data + (slot_start - parts.data_from));
      gboolean is_equal;

      if (G_UNLIKELY (slot_size - 1 >= SHM_LIST_SLOT_MAX || slot_end > parts.data_to
                      || slot_end % 8 != 0))
        return FALSE;

      if (entry == SHM_LIST_ENTRY_INT64 && type_code == integer_type)
        is_equal = (gint64) shm_word_load (word) == integer;
      else if (!compare (scan, entry, type_code, word, slot_size, &is_equal))
        return FALSE;

      if (G_UNLIKELY (is_equal))
        {
          self->n_found++;
          self->last = i;
          if (scan->stops_at_first)
            break;
        }
      slot_start = slot_end;
    }

  self->at = end;
  self->slot_start = slot_start;

  return TRUE;
}

/* Compares all items without a look at the sequence counter; see shm_list_scan(). */
static gboolean
search_items (Search *self)
{
  const ShmListParts *parts = self->parts;
  guint64 n_singles = SINGLES_MIN / 4;

  self->slot_start = shm_word_load (&parts->offsets[self->at]);
  if (self->slot_start < parts->data_from || self->slot_start > parts->data_to
      || self->slot_start % 8 != 0)
    return FALSE;

  while (!is_finished (self))
    {
      const guint64 at = self->at;

      compare_groups (self);
      n_singles = self->at > at ? SINGLES_MIN : MIN (4 * n_singles, SINGLES_MAX);
      if (!is_finished (self) && !compare_singles (self, n_singles))
        return FALSE;
    }

  return TRUE;
}

gboolean
shm_list_scan (ShmList *self,
               guint64 first,
               guint64 end,
               const ShmListScan *scan,
               guint64 *count,
               guint64 *last)
{
  const guint64 sequence = shm_list_read_begin (self);
  Search search = {
    .parts = &self->parts,
    .scan = scan,
    .entry = get_entry (scan),
    .at = first,
    .end = end,
  };

  if (sequence % 2 != 0 || !search_items (&search) || !shm_list_read_is_valid (self, sequence))
    return FALSE;

  *count += search.n_found;
  if (search.n_found > 0)
    *last = search.last;

  return TRUE;
}
