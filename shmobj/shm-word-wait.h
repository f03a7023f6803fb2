/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One wait in a main loop for a change of a word of a block.
 *
 * A wait watches the content of the block and, if the word belongs to an event, arms the event.
 * Then it looks at the word, and the main loop sleeps. A process that changes the word also
 * touches the block. This wakes the main loop, and the wait looks at the word again. The wait
 * holds no operation of the block open while it sleeps, so the block can be closed and sealed
 * meanwhile.
 *
 * A source of the main loop calls these functions, in the thread that runs the loop. */

#pragma once

#include "core/shm-watch.h"
#include "shm-shared-memory.h"

G_BEGIN_DECLS

/* How a wait finds the word. */
typedef enum
{
  SHM_WORD_UNCHANGED,
  SHM_WORD_CHANGED,
  SHM_WORD_CLOSED,
  SHM_WORD_TIMED_OUT,
} ShmWordState;

typedef struct
{
  ShmSharedMemory *block; /* (owned) */
  guint64 offset;
  gboolean is_event;
  gint64 deadline; /* monotonic time in microseconds */

  guint32 expected; /* (atomic): the wait is over if the word has another value */
  guint32 value;    /* of the word, if the last state was SHM_WORD_CHANGED */
  gint64 look_at;   /* when to arm the event and to look at the word at the latest */
  gint64 retry_at;  /* when to try to watch the content, if there is no watch */
  ShmWatch *watch;  /* (owned) (nullable) */
} ShmWordWait;

/* Checks the offset. Fails with MISALIGNED, OUT_OF_RANGE, CLOSED or NO_SPACE. */
gboolean
shm_word_wait_check (ShmSharedMemory *block, guint64 offset, gboolean is_event, GError **error);

/* Initialises a wait for a word that shm_word_wait_check() has checked. A negative @timeout, in
 * microseconds, has no limit. The structure must not move. */
void shm_word_wait_init (ShmWordWait *self,
                         ShmSharedMemory *block,
                         guint64 offset,
                         guint32 expected,
                         gboolean is_event,
                         gint64 timeout);
void shm_word_wait_clear (ShmWordWait *self);

/* Prepares for sleeping in @context at the time @now. Returns FALSE if the wait is over. Otherwise
 * sets @wake_at to the time of the next call at the latest. */
gboolean
shm_word_wait_sleep (ShmWordWait *self, GMainContext *context, gint64 now, gint64 *wake_at);

/* Returns whether the wait is over. */
gboolean shm_word_wait_is_over (ShmWordWait *self, gint64 now);

/* Looks at the word, and stores its value. */
ShmWordState shm_word_wait_get_state (ShmWordWait *self, gint64 now);

/* After a change: lets the wait continue until the next change. */
void shm_word_wait_continue (ShmWordWait *self);

/* Sets @error for the states CLOSED and TIMED_OUT. */
void shm_word_wait_set_error (ShmWordWait *self, ShmWordState state, GError **error);

G_END_DECLS
