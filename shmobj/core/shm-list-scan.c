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
 * item is corrupt. Not inline, so that the loop for integers keeps its variables in registers. */
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

/* Returns whether an integer in the list can only equal the first wanted value, an integer. */
static gboolean
is_for_integer (const ShmListScan *scan)
{
  return scan->wanted[0].kind == SHM_VALUE_KIND_INT64
         && (scan->n_wanted == 1 || scan->wanted[1].kind == SHM_VALUE_KIND_BOOLEAN);
}

/* Compares the items without a look at the sequence counter; see shm_list_scan(). The end of a slot
 * is the start of the next slot, so each offset is loaded and checked once. */
static gboolean
scan_items (const ShmListParts *list_parts,
            guint64 first,
            guint64 end,
            const ShmListScan *scan,
            guint64 *count,
            guint64 *last)
{
  const ShmListParts parts = *list_parts; /* a copy, so that the loop can keep it in registers */
  const guint64 integer_entry = is_for_integer (scan) ? SHM_LIST_ENTRY_INT64 : 0;
  const gint64 integer = scan->wanted[0].integer;
  guint64 slot_start = shm_word_load (&parts.offsets[first]);

  if (slot_start < parts.data_from || slot_start > parts.data_to || slot_start % 8 != 0)
    return FALSE;

  for (guint64 i = first; i < end; i++)
    {
      const guint64 slot_end = shm_word_load (&parts.offsets[i + 1]);
      const guint64 slot_size = slot_end - slot_start;
      const guint64 entry = shm_word_load (&parts.entries[i]);
      const guint64 type_code = shm_byte_load (&parts.type_codes[i]);
      const guint64 *word;
      gboolean is_equal;

      if (G_UNLIKELY (slot_size - 1 >= SHM_LIST_SLOT_MAX || slot_end > parts.data_to
                      || slot_end % 8 != 0))
        return FALSE;

      word = (gconstpointer) (parts.data + (slot_start - parts.data_from));
      if (entry == integer_entry && type_code == SHM_LIST_TYPE_NUMBER)
        is_equal = (gint64) shm_word_load (word) == integer;
      else if (!compare (scan, entry, type_code, word, slot_size, &is_equal))
        return FALSE;

      if (G_UNLIKELY (is_equal))
        {
          ++*count;
          *last = i;
          if (scan->stops_at_first)
            break;
        }
      slot_start = slot_end;
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
  guint64 n_found = 0, found = 0;

  if (sequence % 2 != 0 || !scan_items (&self->parts, first, end, scan, &n_found, &found)
      || !shm_list_read_is_valid (self, sequence))
    return FALSE;

  *count += n_found;
  if (n_found > 0)
    *last = found;

  return TRUE;
}
