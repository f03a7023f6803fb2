/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads and writes the values of a list one at a time. */

#pragma once

#include "core/shm-list-sync.h"
#include "core/shm-list-value.h"
#include "core/shm-list.h"

G_BEGIN_DECLS

/* How long a read waits until an invalid value becomes valid: stock CPython stores a value in
 * several steps. */
#ifndef SHM_LIST_VALUE_TIMEOUT_MSEC
#define SHM_LIST_VALUE_TIMEOUT_MSEC 100
#endif

/* A value with a copy of its bytes. */
typedef struct
{
  ShmListValue value;      /* its bytes are in one of the buffers; a NUL follows them */
  guint64 small_buffer[9]; /* for slots of up to 64 bytes, to avoid an allocation */
  guint8 *large_buffer;    /* (owned) (nullable) */
  gboolean kind_only;      /* whether to read the kind only, and not to copy the value */
} ShmListItem;

void shm_list_item_clear (ShmListItem *item);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmListItem, shm_list_item_clear)

/* Reads the value of item @index to @item. The caller must call shm_list_item_clear(), also after a
 * failure. Returns FALSE and sets @fault to the step LIST_INDEX (ERANGE), LIST_ITEM (EBADMSG:
 * corrupt), LIST_LOCK or LIST_READ (ETIMEDOUT: other processes write without a pause). */
gboolean shm_list_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault);

/* Waits until the value of item @index is valid, and charges the time to @budget. Fails as
 * shm_list_read() does. */
gboolean
shm_list_await_valid (ShmList *self, guint64 index, ShmListBudget *budget, ShmFault *fault);

/* Reads the kind of a value; fails as shm_list_read() does. */
gboolean shm_list_read_kind (ShmList *self, guint64 index, ShmValueKind *kind, ShmFault *fault);

/* Writes @value to item @index. The block must be writable, and the caller must keep it open during
 * the call. Returns FALSE and sets @fault to the step LIST_INDEX, LIST_ITEM, LIST_VALUE (EILSEQ),
 * LIST_FIT (EFBIG), LIST_TRAILING_NULS (EFBIG), LIST_OWNER or LIST_LOCK (ETIMEDOUT). */
gboolean shm_list_write (ShmList *self, guint64 index, const ShmListValue *value, ShmFault *fault);

G_END_DECLS
