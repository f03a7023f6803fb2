/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-event.h"

#include "core/shm-fault.h"
#include "core/shm-system-futex.h"

guint32
shm_event_get (const ShmEvent *self)
{
  return __atomic_load_n (&self->sequence, __ATOMIC_SEQ_CST);
}

void
shm_event_arm (ShmEvent *self, guint32 bit)
{
  guint32 armed = __atomic_load_n (&self->armed, __ATOMIC_RELAXED);

  shm_at (EVENT_ARM);

  while (!__atomic_compare_exchange_n (&self->armed, &armed, (armed + SHM_EVENT_GENERATION) | bit,
                                       FALSE, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    ;
}

/* Wakes first and clears the bits afterwards. A thread that is killed in between leaves the bits,
 * and the next advance wakes again. @before is the value of the word before the advance. */
static void
wake_all (ShmEvent *self, ShmBlockUse *block, guint32 before, guint32 armed)
{
  shm_at (EVENT_WAKE);
  if ((armed & SHM_EVENT_THREADS) != 0)
    shm_system_futex_wake (&self->sequence, G_MAXUINT);

  shm_at (EVENT_WAKE);
  if ((armed & SHM_EVENT_LOOPS) != 0)
    shm_block_touch (block);

  /* If another thread has armed the event since, it may have seen the new number, and is going to
   * sleep until the next one. It needs its bit. The wake-up above may have come too early. */
  shm_at (EVENT_WAKE);
  if (armed == before)
    __atomic_compare_exchange_n (&self->armed, &armed,
                                 armed & ~(SHM_EVENT_THREADS | SHM_EVENT_LOOPS), FALSE,
                                 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

guint32
shm_event_advance (ShmEvent *self, ShmBlockUse *block)
{
  guint32 before, sequence, armed;

  shm_at (EVENT_ADVANCE);
  before = __atomic_load_n (&self->armed, __ATOMIC_SEQ_CST);
  sequence = __atomic_add_fetch (&self->sequence, 1, __ATOMIC_SEQ_CST);
  shm_at (EVENT_ADVANCE);
  armed = __atomic_load_n (&self->armed, __ATOMIC_SEQ_CST);
  if ((armed & (SHM_EVENT_THREADS | SHM_EVENT_LOOPS)) != 0)
    wake_all (self, block, before, armed);

  return sequence;
}
