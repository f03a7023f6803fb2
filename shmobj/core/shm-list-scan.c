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

/* Stores the value of an item in @value, or only its kind if it is a text or bytes. Returns FALSE
 * if the item is corrupt. */
static inline gboolean
load_value (const ShmListParts *parts, guint64 index, ShmListValue *value)
{
  ShmListFormat format;
  ShmListSlot slot;

  if (!shm_list_find_slot (parts, index, &slot)
      || !shm_list_parse (shm_word_load (slot.entry), shm_byte_load (slot.type_code), slot.size,
                          slot.length_record != NULL, &format))
    return FALSE;

  value->kind = format.kind;
  if (value->kind == SHM_VALUE_KIND_BOOLEAN)
    value->truth = shm_list_decode_boolean (shm_word_load ((gconstpointer) slot.bytes));
  else
    value->integer = (gint64) shm_word_load ((gconstpointer) slot.bytes);

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

  if (sequence % 2 != 0)
    return FALSE;

  for (guint64 i = first; i < end; i++)
    {
      ShmListValue value;

      if (!load_value (&self->parts, i, &value))
        return FALSE;
      if (G_UNLIKELY (shm_list_scan_matches (scan, &value)))
        {
          n_found++;
          found = i;
          if (scan->stops_at_first)
            break;
        }
    }

  if (!shm_list_read_is_valid (self, sequence))
    return FALSE;

  *count += n_found;
  if (n_found > 0)
    *last = found;

  return TRUE;
}
