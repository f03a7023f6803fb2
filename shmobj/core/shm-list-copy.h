/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Consistent private copies of many values of a list. */

#pragma once

#include "core/shm-list-private.h"

G_BEGIN_DECLS

/* Takes the place of an index if an operation on a private copy fails because there is not enough
 * memory for the result. */
#define SHM_LIST_NO_MEMORY G_MAXUINT64

/* A private copy of a range of items, in CPython's layout. */
typedef struct
{
  ShmListParts parts;
  guint8 *memory; /* (owned): a list in CPython's layout, with the items of the range, and then the
                   * length records of the range */
  /* (nullable): the length records of the range in the block, not in @memory */
  const ShmListLengthRecord *length_records;
  guint64 corrupt_index; /* index of the corrupt item that the last attempt found */
} ShmListCopy;

/* Allocates a copy for @n_items items, beginning with item @first. All of them must lie in the
 * list. Copies the offsets and the length records once, before the attempts to copy the values:
 * only a hostile process changes the offsets and the indices of the length records. Fails as
 * shm_list_copy() does. The caller must clear the copy, also after a failure. */
gboolean shm_list_copy_prepare (ShmList *self,
                                guint64 first,
                                guint64 n_items,
                                ShmListCopy *copy,
                                ShmFault *fault);

/* Makes one attempt to copy @n_items items, beginning with item @first. They are all or some of the
 * items of @copy, which shm_list_copy_prepare() has allocated. After an attempt that fails, @copy
 * can have any values for these items. */
ShmListReadResult
shm_list_copy_try (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy);

void shm_list_copy_clear (ShmListCopy *copy);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmListCopy, shm_list_copy_clear)

/* Copies @n_items items, beginning with item @first. All of them must lie in the list.
 *
 * The copy shows all values as they were at one moment. There is one exception: if other processes
 * write without a pause and this process cannot take the lock, the values can be from different
 * moments. Even then each value is complete.
 *
 * Charges the time of waiting and of repeated attempts to @budget, which the caller shares among
 * all copies of one call.
 *
 * Returns FALSE and sets @fault to the step MAP (ENOMEM), LIST_ITEM (EBADMSG; the detail is the
 * index of the corrupt item), LIST_LOCK or LIST_READ (ETIMEDOUT). Then @copy is
 * cleared. */
gboolean shm_list_copy (ShmList *self,
                        guint64 first,
                        guint64 n_items,
                        ShmListCopy *copy,
                        ShmListBudget *budget,
                        ShmFault *fault);

/* For a caller that copies a whole list in pieces: returns the number of items in the piece that
 * begins with item @first. The number is at least 1, unless @first is the end of the list. */
guint64 shm_list_get_chunk (ShmList *self, guint64 first);

G_END_DECLS
