/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads and writes the values of a list one at a time. */

#pragma once

#include "core/shm-list-private.h"

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

/* Initialises @item without clearing its buffer, which would take as long as reading a number. */
static inline void
shm_list_item_init (ShmListItem *item)
{
  item->large_buffer = NULL;
  item->kind_only = FALSE;
}

void shm_list_item_clear (ShmListItem *item);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmListItem, shm_list_item_clear)

/* Reads the value of item @index to @item. The caller initialises @item before the call, and clears
 * it afterwards, also after a failure. Returns FALSE and sets @fault to the step LIST_INDEX
 * (ERANGE), LIST_ITEM (EBADMSG: corrupt), LIST_LOCK or LIST_READ (ETIMEDOUT: other processes write
 * without a pause). */
gboolean shm_list_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault);

/* Reads the word of item @index if the format entry of the item is @entry, that of a number or a
 * boolean. Otherwise, or if the first attempt fails, returns FALSE: then call shm_list_read(). */
static inline gboolean
shm_list_read_number (ShmList *self, guint64 index, guint64 entry, guint64 *word)
{
  guint64 sequence;
  ShmListSlot slot;

  if (G_UNLIKELY (index >= self->layout.n_items))
    return FALSE;

  sequence = shm_list_read_begin (self);
  if (!shm_list_find_slot_without_record (&self->parts, index, &slot) || sequence % 2 != 0
      || shm_word_load (slot.entry) != entry
      || shm_byte_load (slot.type_code) != SHM_LIST_TYPE_NUMBER)
    return FALSE;

  /* The order of the loads is that of shm_list_read(). */
  shm_fence_loads ();
  *word = shm_word_load ((gconstpointer) slot.bytes);

  return shm_list_read_is_valid (self, sequence) && shm_word_load (slot.entry) == entry;
}

/* A copy of a text or of bytes. */
typedef struct
{
  gsize length;
  guint64 words[SHM_LIST_SHORT_SLOT_MAX / 8 + 1]; /* the bytes, and a NUL */
} ShmListShortValue;

/* Reads a text or bytes from a short slot. If the item has another type code, a length mark or a
 * larger slot, or if the first attempt fails, returns FALSE: then call shm_list_read(). */
gboolean shm_list_read_short (ShmList *self,
                              guint64 index,
                              ShmListTypeCode type_code,
                              ShmListShortValue *value);

/* The result of a call that does not wait for other processes. */
typedef enum
{
  SHM_LIST_TRY_OK,
  SHM_LIST_TRY_WOULD_WAIT, /* call the function that waits */
  SHM_LIST_TRY_FAILED,
} ShmListTry;

/* Does the same as shm_list_read(), but returns WOULD_WAIT if a first attempt does not yield a
 * complete value. If the result is FAILED, the step of @fault is LIST_INDEX. */
ShmListTry shm_list_try_read (ShmList *self, guint64 index, ShmListItem *item, ShmFault *fault);

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

/* Does the same, but returns WOULD_WAIT if another thread or process holds the lock, or if this
 * process must first register as a lock owner. If the result is FAILED, the step of @fault is
 * neither LIST_OWNER nor LIST_LOCK. */
ShmListTry
shm_list_try_write (ShmList *self, guint64 index, const ShmListValue *value, ShmFault *fault);

/* Does the same as shm_list_write() for a value that is neither a text nor bytes. The value
 * consists of its format entry, type code, and word: see shm_list_encode_word(). */
gboolean shm_list_write_word (ShmList *self,
                              guint64 index,
                              guint64 entry,
                              ShmListTypeCode type_code,
                              guint64 word,
                              ShmFault *fault);

G_END_DECLS
