/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-sync.h"

#include "core/shm-list-value.h"

#include <errno.h>

/* The number of attempts to take the lock before the writer checks whether the lock owner is alive,
 * and the time that the writer then sleeps. */
#define LOCK_SPINS     200
#define SLEEP_MIN_USEC 20
#define SLEEP_MAX_USEC 1000

void
shm_list_budget_charge (ShmListBudget *self, gint64 *since)
{
  const gint64 now = g_get_monotonic_time ();

  self->usec_left -= now - *since;
  *since = now;
}

/* Atomically replaces the number @expected in the lock by the number of @owner. Returns FALSE if
 * the lock holds another number.
 *
 * Acquires: this owner sees what the previous owner wrote. Releases: a process that finds the
 * number here also finds the file lock on it, and so never assumes that this owner is dead. */
static inline gboolean
take (ShmListTrailer *trailer, guint64 expected, const ShmLockOwner *owner)
{
  return shm_word_replace (&trailer->lock, expected, owner->number);
}

static gboolean
spin_for_lock (ShmListTrailer *trailer, const ShmLockOwner *owner)
{
  for (int i = 0; i < LOCK_SPINS; i++)
    if (shm_word_load (&trailer->lock) == 0 && take (trailer, 0, owner))
      return TRUE;

  return FALSE;
}

static gboolean
wait_until (ShmListTrailer *trailer, const ShmLockOwner *owner, gint64 deadline)
{
  gulong sleep_usec = SLEEP_MIN_USEC;

  while (!spin_for_lock (trailer, owner))
    {
      /* Acquire, so that the kernel looks for the file lock after this load. */
      const guint64 holder = shm_word_load_acquire (&trailer->lock);

      if (holder != 0 && !shm_lock_owner_is_alive (owner, holder) && take (trailer, holder, owner))
        return TRUE;
      if (g_get_monotonic_time () >= deadline)
        return FALSE;

      g_usleep (sleep_usec);
      sleep_usec = MIN (2 * sleep_usec, SLEEP_MAX_USEC);
    }

  return TRUE;
}

static gboolean
wait_for_lock (ShmListTrailer *trailer,
               const ShmLockOwner *owner,
               ShmListBudget *budget,
               ShmFault *fault)
{
  gint64 since = g_get_monotonic_time ();
  const gboolean is_locked = wait_until (trailer, owner, since + budget->usec_left);

  shm_list_budget_charge (budget, &since);

  return is_locked || shm_fault_set (fault, SHM_STEP_LIST_LOCK, ETIMEDOUT);
}

gboolean
shm_list_sync_lock (ShmListTrailer *trailer,
                    const ShmLockOwner *owner,
                    ShmListBudget *budget,
                    ShmFault *fault)
{
  shm_at (LIST_LOCK);

  return G_LIKELY (take (trailer, 0, owner)) || wait_for_lock (trailer, owner, budget, fault);
}

void
shm_list_sync_unlock (ShmListTrailer *trailer)
{
  shm_at (LIST_UNLOCK);
  shm_word_store_release (&trailer->lock, 0);
}

void
shm_list_sync_store (const ShmListRedo *redo, const guint8 *bytes, const ShmListSlot *slot)
{
  const gboolean has_bytes = shm_list_type_has_bytes (redo->type_code);
  const gsize length = (redo->length + 7) / 8 * 8;

  shm_at (LIST_STORE);
  shm_words_store (slot->bytes, bytes, redo->length);

  /* A number leaves the rest of a larger slot unchanged, as in CPython. */
  if (has_bytes)
    shm_words_clear (slot->bytes + length, slot->size - length);
  shm_at (LIST_STORE);

  if (slot->length_record != NULL)
    {
      shm_word_store (&slot->length_record->length, has_bytes ? redo->length : 0);
      shm_at (LIST_STORE);
      shm_word_store (&slot->length_record->hash, redo->hash);
    }

  shm_word_store (slot->entry, redo->entry);
  shm_at (LIST_STORE);
  shm_byte_store (slot->type_code, redo->type_code);
}

void
shm_list_sync_load_redo (const ShmListTrailer *trailer, ShmListRedo *redo)
{
  shm_words_load (redo, &trailer->redo, sizeof *redo);
}

void
shm_list_sync_recover (ShmListTrailer *trailer,
                       const ShmListParts *parts,
                       guint8 *redo_buffer,
                       guint64 redo_size)
{
  const guint64 sequence = shm_word_load (&trailer->sequence);
  ShmListRedo redo;
  ShmListSlot slot;

  if (G_LIKELY (sequence % 2 == 0))
    return;

  shm_at (LIST_RECOVER);
  /* Keep the order of the stores: a reader that sees a part of the stores below also sees an odd
   * sequence counter. */
  shm_fence_stores ();
  shm_list_sync_load_redo (trailer, &redo);
  if (shm_list_check_redo (parts, &redo, redo_size, &slot))
    shm_list_sync_store (&redo, redo_buffer, &slot);
  shm_word_store_release (&trailer->sequence, sequence + 1);
}

static void
write_redo (ShmListTrailer *trailer,
            const ShmListRedo *redo,
            const guint8 *bytes,
            guint8 *redo_buffer)
{
  shm_at (LIST_REDO);
  shm_words_store (&trailer->redo, (gconstpointer) redo, sizeof *redo);
  shm_at (LIST_REDO);
  shm_words_store (redo_buffer, bytes, redo->length);
}

void
shm_list_sync_update (ShmListTrailer *trailer,
                      const ShmListRedo *redo,
                      const guint8 *bytes,
                      guint8 *redo_buffer,
                      const ShmListSlot *slot)
{
  const guint64 sequence = shm_word_load (&trailer->sequence);

  /* A reader that sees a part of this redo record also sees that the sequence counter is no longer
   * the odd number of the previous redo record. */
  shm_fence_stores ();
  write_redo (trailer, redo, bytes, redo_buffer);

  shm_at (LIST_COMMIT);
  shm_word_store_release (&trailer->sequence, sequence + 1);
  shm_fence_stores ();

  shm_list_sync_store (redo, bytes, slot);

  shm_at (LIST_FINISH);
  shm_word_store_release (&trailer->sequence, sequence + 2);
}
