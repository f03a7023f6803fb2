/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Events: 8 bytes of a block, with which a process tells others that something has changed.
 *
 * The process that changes something advances the sequence number of the event. The others remember
 * the number that they have seen, and wait until it differs. Advancing needs no system call if
 * nobody sleeps: a thread or a main loop that wants to sleep sets a bit first.
 *
 *     waiting thread                         advancing thread
 *     1. set the bit SHM_EVENT_THREADS       1. load the word with the bits
 *     2. load the sequence number            2. add 1 to the sequence number
 *     3. sleep if it is the number seen      3. load the word with the bits again
 *                                            4. if SHM_EVENT_THREADS is set: wake all threads
 *                                            5. if SHM_EVENT_LOOPS is set: touch the block
 *     waiting main loop                      6. clear the bits, if the word is still that of step 1
 *     1. watch the content of the block
 *     2. set the bit SHM_EVENT_LOOPS
 *     3. load the sequence number
 *     4. sleep if it is the number seen
 *
 * All of these accesses are sequentially consistent, so at least one thread sees what the other has
 * done: the advancing thread sees the bit, or the waiting thread sees the new number.
 *
 * Only the bits of armings before the advance are cleared. A thread that has armed the event later
 * may have seen the new number already, and sleep until the next one after the wake-up of step 4.
 * To detect such an arming, each arming increases a generation in the same word. The bits are
 * cleared with a compare-and-exchange of the whole word, so a thread that was slow to clear the
 * bits cannot clear the bit of a later arming. A thread that is killed while it sleeps leaves the
 * bit: one later advance wakes nobody. Eight bytes of 0 are a new event.
 */

#pragma once

#include "core/shm-block.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 sequence; /* (atomic): the sequence number; threads sleep on this word */
  guint32 armed;    /* (atomic): two bits, and a generation in the other bits */
} ShmEvent;

/* Threads sleep on the sequence number. */
#define SHM_EVENT_THREADS 1u

/* Main loops watch the content of the block. */
#define SHM_EVENT_LOOPS 2u

/* What each arming adds to the word. */
#define SHM_EVENT_GENERATION 4u

/* Returns the sequence number. */
guint32 shm_event_get (const ShmEvent *self);

/* Announces that the calling thread is going to sleep, or a main loop of the calling process: @bit
 * is SHM_EVENT_THREADS or SHM_EVENT_LOOPS. The caller loads the sequence number afterwards, and
 * sleeps only if the number is still the one that the caller has seen. */
void shm_event_arm (ShmEvent *self, guint32 bit);

/* Adds 1 to the sequence number, and wakes all threads and main loops that sleep. @block is the
 * block of the event. Returns the new number. */
guint32 shm_event_advance (ShmEvent *self, ShmBlockUse *block);

G_END_DECLS
