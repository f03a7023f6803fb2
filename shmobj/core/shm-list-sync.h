/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Concurrent access of several processes to the values of a list.
 *
 * The trailer of a list has a seqlock whose writer holds a robust lock, and a redo record.
 *
 *   - Seqlock: a reader loads the sequence counter, copies the value, and loads the counter again.
 *     If the counter has changed, the reader starts again. A reader writes nothing and does not
 *     wait for a writer, whether the writer is slow, stopped or dead. There is one exception: if
 *     writers write without a pause and many attempts have failed, a reader with write permission
 *     takes the lock.
 *   - Redo record: a writer first writes the new value to the redo record and its bytes to the redo
 *     buffer. Then it makes the sequence counter odd: this one store commits the value. While the
 *     counter is odd, readers of this item take the value from the redo record; all other values
 *     are in their slots. The writer stores the value in the slot and makes the counter even again.
 *     While the counter is even, all values are in their slots.
 *   - Robust lock: only one process writes at a time. The lock holds the number of its lock owner.
 *     A process that finds the lock held asks the kernel whether the owner is alive (see
 *     shm-lock-owner.h). After owner death it takes over the lock. If the sequence counter is odd,
 *     it first stores the value of the redo record in its slot.
 *
 * A value that a dead writer committed is therefore never lost, and a value that it did not commit
 * is never seen. tests/model has a model of this protocol for a model checker, with the same step
 * labels as the code.
 *
 * A process that shows the values of a list, a watcher, sleeps until a value changes. It sets a bit
 * in the word `armed` before it sleeps. A writer that finds a bit set rings: it wakes all watchers,
 * and clears the bits.
 *
 *     watcher                                   writer
 *     1. look at all values; the lock is free   1. take the lock
 *     2. arm: set the bit                       2. load `armed`; if a bit is set: wake all watchers
 *     3. load the lock and the counter             and clear the bits
 *     4. sleep if the lock is free and the      3. commit the value, store it, release the lock
 *        counter is the one of the look
 *
 * Taking the lock, arming and loading `armed` and the lock are sequentially consistent. So the
 * writer sees the bit, or the watcher sees the lock taken or the new counter, and looks again. The
 * writer rings before it commits: a writer that is killed before it rings has changed nothing, and
 * after that the watcher is awake. A watcher does not sleep while a living owner has the lock, and
 * so sees the value that the owner commits after it has rung. The lock of a dead owner does not
 * matter: the next writer takes it over.
 *
 * The bits are cleared with a compare-and-exchange of the whole word, and each arming adds 1 to a
 * generation in the same word. So a writer that was slow to clear the bits cannot clear those of a
 * later arming. A watcher that is killed while it sleeps leaves its bit: one later writer wakes
 * nobody.
 *
 * The code does not trust the trailer. It reports or ignores an invalid number, and all waits of
 * one call together end after SHM_LIST_TIMEOUT_MSEC.
 */

#pragma once

#include "core/shm-list-steps.h"
#include "core/shm-list-value.h"
#include "core/shm-lock-owner.h"

G_BEGIN_DECLS

/* How long a process waits for a lock owner that is alive, or for a value that changes without a
 * pause. A writer holds the lock for less than a microsecond, or for a few milliseconds if the
 * value has several megabytes. */
#ifndef SHM_LIST_TIMEOUT_MSEC
#define SHM_LIST_TIMEOUT_MSEC 1000
#endif

/* The time that one call may still spend on waiting and on repeated attempts, however many values
 * the call uses. The time for the first attempt to read each value is not limited: it depends on
 * the size of the list only, and not on other processes. */
typedef struct
{
  gint64 usec_left; /* microseconds; not positive if no time is left */
} ShmListBudget;

/* Returns the budget of a call that uses @n_items values. A call for millions of values meets
 * other writers so often that each value adds a quarter of a microsecond. */
static inline ShmListBudget
shm_list_budget_new (guint64 n_items)
{
  return (ShmListBudget){ SHM_LIST_TIMEOUT_MSEC * 1000 + (gint64) (n_items / 4) };
}

/* Takes the time since *@since, a monotonic time, from the budget. Sets *@since to the current
 * time. */
void shm_list_budget_charge (ShmListBudget *self, gint64 *since);

/* Readers and writers */

/* Stores a value in its slot, which can be in a private copy. This function and
 * shm_list_sync_update() are always inlined: if the caller writes a number, the compiler then knows
 * its length, and no loop is left. */
static G_ALWAYS_INLINE inline void
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

/* Writers */

/* Atomically replaces the number @expected in the lock by the number of @owner. Returns FALSE if
 * the lock holds another number.
 *
 * Acquires: this owner sees what the previous owner wrote. Releases: a process that finds the
 * number here also finds the file lock on it, and so never assumes that this owner is dead.
 * Sequentially consistent: see shm_list_sync_load_armed(). */
static inline gboolean
shm_list_sync_take_lock (ShmListTrailer *trailer, guint64 expected, const ShmLockOwner *owner)
{
  return shm_word_replace (&trailer->lock, expected, owner->number);
}

/* Waits for the lock; see shm_list_sync_lock(). */
gboolean shm_list_sync_await_lock (ShmListTrailer *trailer,
                                   const ShmLockOwner *owner,
                                   ShmListBudget *budget,
                                   ShmFault *fault);

/* Takes the lock for @owner, and charges the time of waiting to @budget. Fails with
 * SHM_STEP_LIST_LOCK and ETIMEDOUT. The caller must check shm_list_sync_needs_recovery() next. */
static inline gboolean
shm_list_sync_lock (ShmListTrailer *trailer,
                    const ShmLockOwner *owner,
                    ShmListBudget *budget,
                    ShmFault *fault)
{
  shm_at (LIST_LOCK);

  return G_LIKELY (shm_list_sync_take_lock (trailer, 0, owner))
         || shm_list_sync_await_lock (trailer, owner, budget, fault);
}

static inline void
shm_list_sync_unlock (ShmListTrailer *trailer)
{
  shm_at (LIST_UNLOCK);
  shm_word_store_release (&trailer->lock, 0);
}

/* Returns whether a dead lock owner has committed a value that is not in its slot yet. The caller
 * holds the lock. */
static inline gboolean
shm_list_sync_needs_recovery (const ShmListTrailer *trailer)
{
  return shm_word_load (&trailer->sequence) % 2 != 0;
}

/* Stores the value that a dead lock owner has committed. Call this function if
 * shm_list_sync_needs_recovery() returns TRUE. */
void shm_list_sync_recover (ShmListTrailer *trailer,
                            const ShmListParts *parts,
                            guint8 *redo_buffer,
                            guint64 redo_size);

static G_ALWAYS_INLINE inline void
shm_list_sync_write_redo (ShmListTrailer *trailer,
                          const ShmListRedo *redo,
                          const guint8 *bytes,
                          guint8 *redo_buffer)
{
  shm_at (LIST_REDO);
  shm_word_store (&trailer->redo.index, redo->index);
  shm_word_store (&trailer->redo.entry, redo->entry);
  shm_word_store (&trailer->redo.type_code, redo->type_code);
  shm_word_store (&trailer->redo.length, redo->length);
  shm_word_store (&trailer->redo.hash, redo->hash);
  shm_at (LIST_REDO);
  shm_words_store (redo_buffer, bytes, redo->length);
}

/* Writes a value: @redo, with its bytes in @bytes, to the redo record and then to @slot. The caller
 * holds the lock, and the sequence counter is even. */
static G_ALWAYS_INLINE inline void
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
  shm_list_sync_write_redo (trailer, redo, bytes, redo_buffer);

  shm_at (LIST_COMMIT);
  shm_word_store_release (&trailer->sequence, sequence + 1);
  shm_fence_stores ();

  shm_list_sync_store (redo, bytes, slot);

  shm_at (LIST_FINISH);
  shm_word_store_release (&trailer->sequence, sequence + 2);
}

/* Watchers */

/* Bits of ShmListTrailer.armed. The other bits are the generation. */
#define SHM_LIST_ARMED_THREADS 1u /* threads sleep in a futex on the word */
#define SHM_LIST_ARMED_LOOPS   2u /* main loops sleep until the block is touched */
#define SHM_LIST_ARMED_MASK    (SHM_LIST_ARMED_THREADS | SHM_LIST_ARMED_LOOPS)

/* What each arming adds to the word. */
#define SHM_LIST_ARMED_GENERATION 4u

/* Announces that the main loop of a watcher is going to sleep. The caller loads the lock and the
 * sequence counter afterwards. */
void shm_list_sync_arm (ShmListTrailer *trailer);

/* Loads the word `armed`. A writer that holds the lock calls this function before it commits a
 * value. If a bit of SHM_LIST_ARMED_MASK is set, it then calls shm_list_sync_ring(). */
static inline guint32
shm_list_sync_load_armed (const ShmListTrailer *trailer)
{
  shm_at (LIST_RING);

  return __atomic_load_n (&trailer->armed, __ATOMIC_SEQ_CST);
}

/* Wakes all watchers, and then clears the bits that were set in @armed. @owner holds the lock. */
void shm_list_sync_ring (ShmListTrailer *trailer, guint32 armed, const ShmLockOwner *owner);

/* The holder of the advisory lock: the process that has locked the whole list for writing. The lock
 * itself is a file lock, which the kernel releases when the process dies. The number of the process
 * then stays in the trailer. */

/* Stores the number of the lock owner that has just taken the advisory lock. Returns the number of
 * a process that died while it held the lock, or 0. Another process may have written any number. */
static inline guint64
shm_list_sync_exchange_holder (ShmListTrailer *trailer, guint64 number)
{
  return shm_word_exchange (&trailer->holder, number);
}

/* Called before the advisory lock is released. */
static inline void
shm_list_sync_clear_holder (ShmListTrailer *trailer)
{
  shm_word_store_release (&trailer->holder, 0);
}

/* Readers */

/* Begins a read. Returns the value of the sequence counter for shm_list_sync_read_is_valid(). */
static inline guint64
shm_list_sync_read_begin (const ShmListTrailer *trailer)
{
  shm_at (LIST_READ);

  return shm_word_load_acquire (&trailer->sequence);
}

/* Returns whether the bytes that were copied since shm_list_sync_read_begin() are valid. If they
 * are not, the reader starts again. */
static inline gboolean
shm_list_sync_read_is_valid (const ShmListTrailer *trailer, guint64 sequence)
{
  shm_fence_loads ();
  shm_at (LIST_CHECK);

  return shm_word_load (&trailer->sequence) == sequence;
}

/* Copies the redo record, which is meaningful while the sequence counter is odd. */
void shm_list_sync_load_redo (const ShmListTrailer *trailer, ShmListRedo *redo);

G_END_DECLS
