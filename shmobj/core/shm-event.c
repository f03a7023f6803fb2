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
shm_event_arm (ShmEvent *self)
{
  guint32 armed = __atomic_load_n (&self->armed, __ATOMIC_RELAXED);

  shm_at (EVENT_ARM);

  while (!__atomic_compare_exchange_n (&self->armed, &armed,
                                       (armed + SHM_EVENT_GENERATION) | SHM_EVENT_THREADS, FALSE,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    ;
}

/* Wakes first and clears the bit afterwards. A thread that is killed in between leaves the bit, and
 * the next advance wakes the threads again. */
static void
wake_all (ShmEvent *self, guint32 armed)
{
  shm_at (EVENT_WAKE);
  shm_system_futex_wake (&self->sequence, G_MAXUINT);

  /* This fails if a thread has armed the event since. That thread has checked the new number, or is
   * going to check it. */
  shm_at (EVENT_WAKE);
  __atomic_compare_exchange_n (&self->armed, &armed, armed & ~SHM_EVENT_THREADS, FALSE,
                               __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

guint32
shm_event_advance (ShmEvent *self)
{
  guint32 sequence, armed;

  shm_at (EVENT_ADVANCE);
  sequence = __atomic_add_fetch (&self->sequence, 1, __ATOMIC_SEQ_CST);
  shm_at (EVENT_ADVANCE);
  armed = __atomic_load_n (&self->armed, __ATOMIC_SEQ_CST);
  if ((armed & SHM_EVENT_THREADS) != 0)
    wake_all (self, armed);

  return sequence;
}
