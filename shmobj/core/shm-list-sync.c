/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-sync.h"

#include "core/shm-system-futex.h"

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

static gboolean
spin_for_lock (ShmListTrailer *trailer, const ShmLockOwner *owner)
{
  for (int i = 0; i < LOCK_SPINS; i++)
    if (shm_word_load (&trailer->lock) == 0 && shm_list_sync_take_lock (trailer, 0, owner))
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

      if (holder != 0 && !shm_lock_owner_is_alive (owner, holder)
          && shm_list_sync_take_lock (trailer, holder, owner))
        return TRUE;
      if (g_get_monotonic_time () >= deadline)
        return FALSE;

      g_usleep (sleep_usec);
      sleep_usec = MIN (2 * sleep_usec, SLEEP_MAX_USEC);
    }

  return TRUE;
}

gboolean
shm_list_sync_await_lock (ShmListTrailer *trailer,
                          const ShmLockOwner *owner,
                          ShmListBudget *budget,
                          ShmFault *fault)
{
  gint64 since = g_get_monotonic_time ();
  const gboolean is_locked = wait_until (trailer, owner, since + budget->usec_left);

  shm_list_budget_charge (budget, &since);

  return is_locked || shm_fault_set (fault, SHM_STEP_LIST_LOCK, ETIMEDOUT);
}

void
shm_list_sync_arm (ShmListTrailer *trailer)
{
  guint32 armed = __atomic_load_n (&trailer->armed, __ATOMIC_RELAXED);

  shm_at (LIST_ARM);

  while (!__atomic_compare_exchange_n (&trailer->armed, &armed,
                                       (armed + SHM_LIST_ARMED_GENERATION) | SHM_LIST_ARMED_LOOPS,
                                       FALSE, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    ;
}

/* Wakes first and clears the bits afterwards. A writer that is killed in between leaves the bits,
 * and the next writer wakes the watchers again. If the block cannot be touched, the bits stay set
 * for another writer. */
void
shm_list_sync_ring (ShmListTrailer *trailer, guint32 armed, const ShmLockOwner *owner)
{
  shm_at (LIST_RING);
  if ((armed & SHM_LIST_ARMED_THREADS) != 0)
    shm_system_futex_wake (&trailer->armed, G_MAXUINT);
  if ((armed & SHM_LIST_ARMED_LOOPS) != 0 && !shm_lock_owner_touch (owner))
    return;

  /* This fails if a watcher has armed the list since. The watcher then looks at the lock, and does
   * not sleep before this writer has released it. */
  shm_at (LIST_RING);
  __atomic_compare_exchange_n (&trailer->armed, &armed, armed & ~SHM_LIST_ARMED_MASK, FALSE,
                               __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
  shm_at (LIST_RING);
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

  shm_at (LIST_RECOVER);
  /* Keep the order of the stores: a reader that sees a part of the stores below also sees an odd
   * sequence counter. */
  shm_fence_stores ();
  shm_list_sync_load_redo (trailer, &redo);
  if (shm_list_check_redo (parts, &redo, redo_size, &slot))
    shm_list_sync_store (&redo, redo_buffer, &slot);
  shm_word_store_release (&trailer->sequence, sequence + 1);
}
