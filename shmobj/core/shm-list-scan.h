/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Searches the items of a list in shared memory, without a copy. */

#pragma once

#include "core/shm-list-private.h"

G_BEGIN_DECLS

/* What to search for. A text or bytes can only be found in a copy: see shm-list-copy.h. */
typedef struct
{
  ShmListValue wanted[2];
  guint n_wanted;          /* 1 or 2 */
  gboolean stops_at_first; /* whether to look only for the first item that is equal */
} ShmListScan;

static inline gboolean
shm_list_scan_matches (const ShmListScan *scan, const ShmListValue *value)
{
  /* Almost all searches are for one value, and a loop would make each comparison slower. */
  return shm_list_value_equal (value, &scan->wanted[0])
         || (scan->n_wanted > 1 && shm_list_value_equal (value, &scan->wanted[1]));
}

/* Returns whether shm_list_scan() can search for these values in this list: it has a sequence
 * counter, and none of the values is a text or bytes. */
gboolean shm_list_can_scan (const ShmList *self, const ShmListScan *scan);

/* Compares the items from @first to @end, which must be items of the list. Adds the number of equal
 * items to @count, and stores the index of the last of them in @last. Looks only at the kind of a
 * text or bytes. Returns FALSE, and changes nothing, if another process writes to the list in the
 * meantime or if an item is corrupt. */
gboolean shm_list_scan (ShmList *self,
                        guint64 first,
                        guint64 end,
                        const ShmListScan *scan,
                        guint64 *count,
                        guint64 *last);

G_END_DECLS
