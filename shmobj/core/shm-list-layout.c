/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-layout.h"

/* 32-bit and 64-bit programs share lists. */
G_STATIC_ASSERT (sizeof (ShmListLengthRecord) == 3 * 8);
G_STATIC_ASSERT (sizeof (ShmListRedo) == 5 * 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmListTrailer, redo) == 6 * 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmListTrailer, armed) == 88);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmListTrailer, holder) == 96);
G_STATIC_ASSERT (sizeof (ShmListTrailer) == 128);

/* Looks for a trailer whose sizes match the size of the block. */
static ShmListStatus
inspect_trailer (const guint8 *bytes, guint64 size, ShmListLayout *layout)
{
  const guint64 offset = shm_list_trailer_offset (layout);
  const ShmListTrailer *trailer = (gconstpointer) (bytes + offset);

  /* The trailer of another version can be smaller. */
  if (size < offset || size - offset < G_STRUCT_OFFSET (ShmListTrailer, n_length_records)
      || shm_word_load (&trailer->magic) != SHM_LIST_MAGIC)
    return SHM_LIST_INCOMPLETE;
  if (shm_word_load (&trailer->version) != SHM_LIST_VERSION)
    return SHM_LIST_OTHER_VERSION;
  if (size - offset < sizeof *trailer)
    return SHM_LIST_CORRUPT;

  layout->n_length_records = shm_word_load (&trailer->n_length_records);
  layout->redo_size = shm_word_load (&trailer->redo_size);
  layout->has_trailer = TRUE;

  if (layout->n_length_records > layout->n_items || layout->redo_size % 8 != 0
      || layout->redo_size > SHM_LIST_SLOT_MAX || shm_list_size (layout) != size)
    return SHM_LIST_CORRUPT;

  return SHM_LIST_COMPLETE;
}

ShmListStatus
shm_list_inspect (const guint8 *bytes, guint64 size, ShmListLayout *layout)
{
  const guint64 *words = (gconstpointer) bytes;
  guint64 n_items;
  guint64 data_size;

  memset (layout, 0, sizeof *layout);

  /* CPython first sets the size of the block, then writes the length of the list, then the rest. If
   * the sizes do not match each other, CPython may therefore still be creating the list. */
  if (size < 16)
    return SHM_LIST_INCOMPLETE;
  n_items = shm_word_load (&words[0]);
  if (n_items > G_MAXINT64)
    return SHM_LIST_CORRUPT;
  if (n_items > (size - 16) / 17)
    return SHM_LIST_INCOMPLETE;
  data_size = shm_word_load (&words[1 + n_items]);
  if (data_size > size - 16 - 17 * n_items || data_size < 8 * n_items)
    return SHM_LIST_INCOMPLETE;
  if (data_size % 8 != 0)
    return SHM_LIST_CORRUPT;

  layout->n_items = n_items;
  layout->data_size = data_size;

  return shm_list_cpython_size (layout) == size ? SHM_LIST_COMPLETE
                                                : inspect_trailer (bytes, size, layout);
}

void
shm_list_find_parts (guint8 *bytes, const ShmListLayout *layout, ShmListParts *parts)
{
  parts->first = 0;
  parts->n_items = layout->n_items;
  parts->offsets = (gpointer) (bytes + 8);
  parts->data = bytes + shm_list_slots_offset (layout);
  parts->data_from = 0;
  parts->data_to = layout->data_size;
  parts->entries = (gpointer) (bytes + shm_list_entries_offset (layout));
  parts->type_codes = bytes + shm_list_type_codes_offset (layout);
  parts->n_length_records = layout->n_length_records;
  parts->length_records = layout->n_length_records == 0
                              ? NULL
                              : (gpointer) (bytes + shm_list_length_records_offset (layout));
}

guint64
shm_list_find_length_record (const ShmListParts *parts, guint64 index)
{
  guint64 from = 0;
  guint64 to = parts->n_length_records;

  while (from < to)
    {
      const guint64 middle = from + (to - from) / 2;

      if (shm_word_load (&parts->length_records[middle].index) < index)
        from = middle + 1;
      else
        to = middle;
    }

  return from;
}

ShmListLengthRecord *
shm_list_get_length_record (const ShmListParts *parts, guint64 index)
{
  const guint64 at = shm_list_find_length_record (parts, index);

  if (at < parts->n_length_records && shm_word_load (&parts->length_records[at].index) == index)
    return &parts->length_records[at];

  return NULL;
}
