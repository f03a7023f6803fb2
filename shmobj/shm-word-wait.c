/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-word-wait.h"

#include "core/shm-event.h"
#include "shm-shared-memory-private.h"

/* How long a main loop sleeps before a wait looks at the word again. Compare
 * shm-shared-memory-wait.c. */
#define LOOK_USEC           G_USEC_PER_SEC
#define READ_ONLY_LOOK_USEC (100 * 1000)

#ifdef SHM_TEST_HOOKS
#undef LOOK_USEC
#define LOOK_USEC shm_test_look_usec
#endif

/* How long it sleeps if the content cannot be watched, and when it tries to watch it again. */
#define UNWATCHED_LOOK_USEC (10 * 1000)
#define RETRY_USEC          G_USEC_PER_SEC

/* Looks at the word. Stores its value in @value, if it has changed. */
static ShmWordState
look (ShmWordWait *self, guint32 *value)
{
  g_autoptr (ShmBlockUse) use
      = shm_block_enter (&shm_shared_memory_get_private (self->block)->block);
  ShmMapping *mapping = use != NULL ? g_atomic_pointer_get (&use->mapping) : NULL;
  const guint32 *word;

  if (mapping == NULL)
    return SHM_WORD_CLOSED;

  word = (gpointer) ((guint8 *) shm_mapping_get_data (mapping) + self->offset);
  *value = __atomic_load_n (word, __ATOMIC_SEQ_CST);

  return *value != (guint32) g_atomic_int_get (&self->expected) ? SHM_WORD_CHANGED
                                                                : SHM_WORD_UNCHANGED;
}

static gboolean
is_unchanged (ShmWordWait *self)
{
  guint32 ignored;

  return look (self, &ignored) == SHM_WORD_UNCHANGED;
}

/* A ShmWatchFilter. */
static gboolean
is_event_for_wait (gpointer wait)
{
  return !is_unchanged (wait);
}

/* The watch. The block keeps the watch of the last wait for the next one. */

static gboolean
resume_watch (ShmWordWait *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self->block);
  ShmWatch *watch = g_atomic_pointer_exchange (&priv->unused_watch, NULL);

  if (watch == NULL)
    return FALSE;

  if (shm_watch_resume (watch, self))
    self->watch = watch;
  else
    shm_watch_free (watch);

  return self->watch != NULL;
}

static void
create_watch (ShmWordWait *self)
{
  ShmFault ignored;
  g_autoptr (ShmBlockUse) use
      = shm_block_enter (&shm_shared_memory_get_private (self->block)->block);

  if (use == NULL)
    return;

  self->watch = shm_watch_new_for_content (use->fd, &use->identity, NULL, self, NULL, &ignored);
  if (self->watch != NULL)
    shm_watch_set_filter (self->watch, is_event_for_wait);
}

static void
ensure_watch (ShmWordWait *self, GMainContext *context, gint64 now)
{
  if (self->watch != NULL || now < self->retry_at)
    return;

  g_main_context_push_thread_default (context);
  if (!resume_watch (self))
    create_watch (self);
  g_main_context_pop_thread_default (context);
  self->retry_at = now + RETRY_USEC;
}

static void
release_watch (ShmWordWait *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self->block);
  ShmWatch *other;

  if (self->watch == NULL)
    return;

  shm_watch_suspend (self->watch);
  other = g_atomic_pointer_exchange (&priv->unused_watch, g_steal_pointer (&self->watch));
  if (other != NULL)
    shm_watch_free (other);

  /* Another thread may have closed the block before the watch was stored. */
  if (!shm_block_is_open (&priv->block))
    shm_shared_memory_end_waits (self->block);
}

void
shm_shared_memory_end_waits (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmWatch *watch = g_atomic_pointer_exchange (&priv->unused_watch, NULL);

  if (watch != NULL)
    shm_watch_free (watch);
  if (g_atomic_int_get (&priv->n_sources) > 0)
    shm_watch_wake_file (&priv->block.identity);
}

/* Sleeping */

/* Arms the event. Returns FALSE if the block is read-only for this object. */
static gboolean
arm (ShmWordWait *self)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self->block, NULL);
  ShmEvent *event = NULL;

  if (use != NULL)
    event = shm_shared_memory_find_aligned (self->block, use, self->offset, sizeof *event, TRUE,
                                            NULL);
  if (event != NULL)
    shm_event_arm (event, SHM_EVENT_LOOPS);

  return event != NULL;
}

/* Prepares for sleeping. The caller looks at the word once more after that. */
static void
prepare_sleep (ShmWordWait *self, GMainContext *context, gint64 now)
{
  gint64 period = LOOK_USEC;

  ensure_watch (self, context, now);
  if (self->watch == NULL)
    period = MIN (period, UNWATCHED_LOOK_USEC);
  if (self->is_event && !arm (self))
    period = MIN (period, READ_ONLY_LOOK_USEC);
  self->look_at = now + period;
}

gboolean
shm_word_wait_sleep (ShmWordWait *self, GMainContext *context, gint64 now, gint64 *wake_at)
{
  if (shm_word_wait_is_over (self, now))
    return FALSE;

  if (now >= self->look_at)
    {
      prepare_sleep (self, context, now);
      if (!is_unchanged (self))
        return FALSE;
    }
  *wake_at = MIN (self->look_at, self->deadline);

  return TRUE;
}

gboolean
shm_word_wait_is_over (ShmWordWait *self, gint64 now)
{
  return now >= self->deadline || !is_unchanged (self);
}

ShmWordState
shm_word_wait_get_state (ShmWordWait *self, gint64 now)
{
  const ShmWordState state = look (self, &self->value);

  return state == SHM_WORD_UNCHANGED && now >= self->deadline ? SHM_WORD_TIMED_OUT : state;
}

void
shm_word_wait_continue (ShmWordWait *self)
{
  g_atomic_int_set (&self->expected, self->value);
  self->look_at = 0;
}

void
shm_word_wait_set_error (ShmWordWait *self, ShmWordState state, GError **error)
{
  if (state == SHM_WORD_CLOSED)
    shm_shared_memory_check_open (self->block, error);
  else if (state == SHM_WORD_TIMED_OUT)
    shm_shared_memory_set_timeout_error (self->block, self->offset, error);
}

/* Construction */

gboolean
shm_word_wait_check (ShmSharedMemory *block, guint64 offset, gboolean is_event, GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (block, error);

  return use != NULL
         && shm_shared_memory_find_aligned (block, use, offset,
                                            is_event ? sizeof (ShmEvent) : sizeof (guint32), FALSE,
                                            error)
                != NULL;
}

void
shm_word_wait_init (ShmWordWait *self,
                    ShmSharedMemory *block,
                    guint64 offset,
                    guint32 expected,
                    gboolean is_event,
                    gint64 timeout)
{
  const gint64 now = timeout >= 0 ? g_get_monotonic_time () : 0;

  *self = (ShmWordWait){
    .block = g_object_ref (block),
    .offset = offset,
    .is_event = is_event,
    .expected = expected,
    .deadline = timeout >= 0 && timeout < G_MAXINT64 - now ? now + timeout : G_MAXINT64,
  };
  g_atomic_int_inc (&shm_shared_memory_get_private (block)->n_sources);
}

void
shm_word_wait_clear (ShmWordWait *self)
{
  release_watch (self);
  g_atomic_int_add (&shm_shared_memory_get_private (self->block)->n_sources, -1);
  g_object_unref (self->block);
}
