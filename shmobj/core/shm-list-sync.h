/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How several processes use the values of a list at once, and what happens when one dies on the
 * way. tests/model has a model of this, with the same labels, which a model checker goes
 * through.
 *
 * The trailer has a lock, a counter and room for one value in flight.
 *
 *   - While the counter is even, every value stands in its slot. While it is odd, the value of one
 *     item is the one in flight, and all others stand in their slots.
 *   - A writer takes the lock, notes the new value in the room, makes the counter odd, which is the
 *     one step that makes it count, stores it in the slot, makes the counter even, and releases the
 *     lock.
 *   - A reader copies the value from where the counter says it is, and starts again if the counter
 *     has moved meanwhile. It writes nothing and waits for nobody: a writer that is slow, or
 *     dead, is passed over, whatever step it is at.
 *   - The lock holds its owner's number. Who finds it held asks the kernel whether the owner lives,
 *     and takes the lock over from a dead one. A value that it has left in flight is stored first.
 *
 * Nothing in the trailer is trusted: a number that makes no sense is an error or is ignored, and
 * all waiting ends after SHM_LIST_WAIT_MSEC.
 */

#pragma once

#include "core/shm-list-layout.h"
#include "core/shm-lock-owner.h"

G_BEGIN_DECLS

/* How long a writer waits for another one that is alive. One that is in nobody's way holds the lock
 * for less than a microsecond, or for some milliseconds where the value has megabytes. */
#ifndef SHM_LIST_WAIT_MSEC
#define SHM_LIST_WAIT_MSEC 1000
#endif

/* Writers */

gboolean shm_list_lock (ShmListTrailer *trailer, const ShmLockOwner *me, ShmFault *fault);
void shm_list_unlock (ShmListTrailer *trailer);

/* Completes what a dead owner of the lock has left in flight. The caller has the lock. */
void
shm_list_recover (ShmListTrailer *trailer, const ShmListParts *parts, guint8 *room, guint64 size);

/* Changes a value. The caller has the lock, and nothing is in flight. */
void shm_list_exchange (ShmListTrailer *trailer,
                        const ShmListFlight *flight,
                        const guint8 *bytes,
                        guint8 *room,
                        const ShmListSlot *slot);

/* Readers */

static inline guint64
shm_list_begin (const ShmListTrailer *trailer)
{
  shm_at (LIST_READ);

  return __atomic_load_n (&trailer->counter, __ATOMIC_ACQUIRE);
}

static inline gboolean
shm_list_is_unchanged (const ShmListTrailer *trailer, guint64 counter)
{
  shm_fence_loads ();
  shm_at (LIST_CHECK);

  return shm_word_load (&trailer->counter) == counter;
}

/* What is in flight, while the counter is odd. */
void shm_list_load_flight (const ShmListTrailer *trailer, ShmListFlight *flight);

/* Anybody */

/* Stores a value, of which @bytes are at hand, in its slot, which may be in a private copy. */
void shm_list_store (const ShmListFlight *flight, const guint8 *bytes, const ShmListSlot *slot);

G_END_DECLS
