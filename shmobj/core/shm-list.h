/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list in a block that is open and mapped: single values, and consistent copies of many.
 *
 * All functions can be called from any thread at any time. The list keeps its mapping as long as
 * it lives, so that reading a value costs no more than to look at it; the block may be closed
 * earlier.
 */

#pragma once

#include "core/shm-block.h"
#include "core/shm-list-layout.h"
#include "core/shm-lock-owner.h"

G_BEGIN_DECLS

/* How long a list is believed to be still in the making, and a value that makes no sense to be
 * still on its way: stock CPython writes both piece by piece. */
#ifndef SHM_LIST_AWAIT_LIST_MSEC
#define SHM_LIST_AWAIT_LIST_MSEC 500
#endif
#ifndef SHM_LIST_AWAIT_ITEM_MSEC
#define SHM_LIST_AWAIT_ITEM_MSEC 100
#endif

typedef struct
{
  ShmListLayout layout;
  ShmListParts parts;
  ShmListTrailer *trailer; /* (nullable): of lists that this library made */
  guint8 *room;            /* (nullable) */

  ShmBlock *block;           /* the owner's, as long as the list is there */
  const char *name;          /* (nullable): the block's */
  ShmMapping *mapping;       /* (owned) (nullable) */
  ShmLockOwner *participant; /* (atomic) (owned) (nullable): once it has written */
} ShmList;

/* Waits for CPython to finish the list. The caller owns @name and @block and has entered the block. */
gboolean shm_list_open (ShmList *self, ShmBlock *block, const char *name, ShmFault *fault);
void shm_list_clear (ShmList *self);

/* A value, with a copy of its bytes. */
typedef struct
{
  ShmListValue value; /* its bytes are followed by a NUL, and are in one of: */
  guint64 few[9];
  guint8 *many;            /* (owned) (nullable) */
  gboolean is_kind_enough; /* the value need not be copied */
} ShmListItem;

void shm_list_item_clear (ShmListItem *item);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmListItem, shm_list_item_clear)

/* Fails with SHM_STEP_LIST_INDEX, LIST_ITEM (corrupt) or LIST_READ (timed out). */
gboolean shm_list_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault);
gboolean shm_list_read_kind (ShmList *self, guint64 index, ShmListKind *kind, ShmFault *fault);

/* Fails with the steps above, and LIST_VALUE, LIST_FIT, LIST_PROVE, LIST_JOIN or LIST_LOCK. The
 * block must be writable, and the call between enter and leave. */
gboolean shm_list_write (ShmList *self, guint64 index, const ShmListValue *value, ShmFault *fault);

/* A private copy of items, in the layout of a whole list. */
typedef struct
{
  ShmListParts parts;
  guint8 *memory; /* (owned): for a copy of the whole list, an image that CPython could read */
  gsize size;     /* of that image; the records follow it */
  const ShmListRecord *records; /* (nullable): what the records are copied from */
  guint64 dubious;              /* where something made no sense, the item that it was */
} ShmListCopy;

void shm_list_copy_clear (ShmListCopy *copy);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmListCopy, shm_list_copy_clear)

/* Copies @n_items items from @first on (which must lie in the list), all of one moment. Only for
 * a reader that may not write, while others write without a pause, the values can be of
 * different moments, each of them whole. */
gboolean
shm_list_copy (ShmList *self, guint64 first, guint64 n_items, ShmListCopy *copy, ShmFault *fault);

/* How many items from @first on are a handy piece of the list: at least one, if there is one. */
guint64 shm_list_get_piece (ShmList *self, guint64 first);

G_END_DECLS
