/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-sync.h"

#include "core/shm-words.h"

#include <errno.h>

/* How often to look at the lock before asking who holds it, and how long to sleep then. */
#define GLANCES      200
#define NAP_MIN_USEC 20
#define NAP_MAX_USEC 1000

static inline gboolean
take (ShmListTrailer *trailer, guint64 from, const ShmLockOwner *me)
{
  return __atomic_compare_exchange_n (&trailer->lock, &from, me->number, FALSE, __ATOMIC_ACQUIRE,
                                      __ATOMIC_RELAXED);
}

static gboolean
take_when_free (ShmListTrailer *trailer, const ShmLockOwner *me)
{
  for (int i = 0; i < GLANCES; i++)
    if (shm_word_load (&trailer->lock) == 0 && take (trailer, 0, me))
      return TRUE;

  return FALSE;
}

static gboolean
wait_for_lock (ShmListTrailer *trailer, const ShmLockOwner *me, ShmFault *fault)
{
  const gint64 deadline = g_get_monotonic_time () + SHM_LIST_WAIT_MSEC * 1000;
  gulong nap = NAP_MIN_USEC;

  while (!take_when_free (trailer, me))
    {
      const guint64 owner = shm_word_load (&trailer->lock);

      if (owner != 0 && !shm_lock_owner_sees (me, owner) && take (trailer, owner, me))
        return TRUE;
      if (g_get_monotonic_time () >= deadline)
        return shm_fault_set (fault, SHM_STEP_LIST_LOCK, ETIMEDOUT);

      g_usleep (nap);
      nap = MIN (2 * nap, NAP_MAX_USEC);
    }

  return TRUE;
}

gboolean
shm_list_lock (ShmListTrailer *trailer, const ShmLockOwner *me, ShmFault *fault)
{
  shm_at (LIST_LOCK);

  return G_LIKELY (take (trailer, 0, me)) || wait_for_lock (trailer, me, fault);
}

void
shm_list_unlock (ShmListTrailer *trailer)
{
  shm_at (LIST_UNLOCK);
  __atomic_store_n (&trailer->lock, 0, __ATOMIC_RELEASE);
}

void
shm_list_store (const ShmListFlight *flight, const guint8 *bytes, const ShmListSlot *slot)
{
  const gboolean is_bytes = shm_list_is_bytes (flight->code);
  const gsize length = (flight->length + 7) / 8 * 8;

  shm_at (LIST_STORE);
  shm_words_store (slot->bytes, bytes, flight->length);

  /* Behind a number the slot keeps what it has, as in CPython. */
  if (is_bytes)
    shm_words_clear (slot->bytes + length, slot->size - length);
  shm_at (LIST_STORE);

  if (slot->record != NULL)
    {
      shm_word_store (&slot->record->length, is_bytes ? flight->length : 0);
      shm_at (LIST_STORE);
      shm_word_store (&slot->record->proof, flight->proof);
    }

  shm_word_store (slot->entry, flight->entry);
  shm_at (LIST_STORE);
  shm_byte_store (slot->code, flight->code);
}

void
shm_list_load_flight (const ShmListTrailer *trailer, ShmListFlight *flight)
{
  shm_words_load (flight, &trailer->flight, sizeof *flight);
}

void
shm_list_recover (ShmListTrailer *trailer, const ShmListParts *parts, guint8 *room, guint64 size)
{
  const guint64 counter = shm_word_load (&trailer->counter);
  ShmListFlight flight;
  ShmListSlot slot;

  if (G_LIKELY (counter % 2 == 0))
    return;

  shm_at (LIST_RECOVER);
  /* Who sees a part of what is stored here sees that the counter is odd. */
  shm_fence_stores ();
  shm_list_load_flight (trailer, &flight);
  if (shm_list_check_flight (parts, &flight, size, &slot))
    shm_list_store (&flight, room, &slot);
  __atomic_store_n (&trailer->counter, counter + 1, __ATOMIC_RELEASE);
}

static void
note (ShmListTrailer *trailer, const ShmListFlight *flight, const guint8 *bytes, guint8 *room)
{
  shm_at (LIST_NOTE);
  shm_words_store (&trailer->flight, (gconstpointer) flight, sizeof *flight);
  shm_at (LIST_NOTE);
  shm_words_store (room, bytes, flight->length);
}

void
shm_list_exchange (ShmListTrailer *trailer,
                   const ShmListFlight *flight,
                   const guint8 *bytes,
                   guint8 *room,
                   const ShmListSlot *slot)
{
  const guint64 counter = shm_word_load (&trailer->counter);

  /* Who sees a part of this note sees that the counter is not what it was for the last one. */
  shm_fence_stores ();
  note (trailer, flight, bytes, room);

  shm_at (LIST_COMMIT);
  __atomic_store_n (&trailer->counter, counter + 1, __ATOMIC_RELEASE);
  shm_fence_stores ();

  shm_list_store (flight, bytes, slot);

  shm_at (LIST_FINISH);
  __atomic_store_n (&trailer->counter, counter + 2, __ATOMIC_RELEASE);
}
