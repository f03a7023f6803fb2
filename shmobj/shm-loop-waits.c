/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All waits of a loop that is not GLib's: one source in the main context of its waker. Beginning a
 * wait needs neither a source of its own nor a wake-up of the main context. */

#include "config.h"

#include "shm-private.h"

#include "core/shm-fork.h"
#include "shm-waker-private.h"
#include "shm-word-wait.h"

/* The longest time for which the main context of the waker is not dispatched. */
#define SHORT_USEC_MAX 1000

typedef struct
{
  ShmWordWait wait;
  ShmWordState state;
  gpointer user_data; /* (owned): freed with the function free_data */
} LoopWait;

struct _ShmPrivateWaits
{
  GSource source;  /* must be first */
  ShmWaker *waker; /* (owned) */
  ShmPrivateWaitFunc func;
  GDestroyNotify free_data;
  guint fork_generation; /* of the process that created the waits */
  gint64 dispatched_at;  /* when the main context was dispatched last */
  GQueue waits;          /* (element-type LoopWait): the waits that are not over */
  GQueue over;           /* (element-type LoopWait): the waits for which to call @func */
};

static void
loop_wait_free (ShmPrivateWaits *self, LoopWait *wait)
{
  shm_word_wait_clear (&wait->wait);
  self->free_data (wait->user_data);
  g_free (wait);
}

static gboolean
waits_prepare (GSource *source, int *timeout)
{
  ShmPrivateWaits *self = (gpointer) source;
  const gint64 now = g_source_get_time (source);
  gint64 first = G_MAXINT64;

  *timeout = 0;
  for (GList *link = self->waits.head; link != NULL; link = link->next)
    {
      LoopWait *wait = link->data;
      gint64 wake_at;

      if (!shm_word_wait_sleep (&wait->wait, g_source_get_context (source), now, &wake_at))
        return TRUE;
      first = MIN (first, wake_at);
    }
  *timeout = first == G_MAXINT64 ? -1 : MIN ((first - now + 999) / 1000, G_MAXINT);

  return self->over.length > 0;
}

static gboolean
waits_check (GSource *source)
{
  ShmPrivateWaits *self = (gpointer) source;

  for (GList *link = self->waits.head; link != NULL; link = link->next)
    if (shm_word_wait_is_over (&((LoopWait *) link->data)->wait, g_source_get_time (source)))
      return TRUE;

  return self->over.length > 0;
}

static void
call (ShmPrivateWaits *self, LoopWait *wait)
{
  GError *error = NULL;

  shm_word_wait_set_error (&wait->wait, wait->state, &error);
  self->func (wait->user_data, wait->wait.is_event, wait->wait.value, error);
  loop_wait_free (self, wait);
}

/* Calls the function for each wait that is over. The function can begin and end other waits.
 * Returns whether it was called. */
static gboolean
call_all (ShmPrivateWaits *self, gint64 now)
{
  gboolean is_called = FALSE;
  LoopWait *wait;
  GList *next;

  for (GList *link = self->waits.head; link != NULL; link = next)
    {
      next = link->next;
      wait = link->data;
      wait->state = shm_word_wait_get_state (&wait->wait, now);
      if (wait->state == SHM_WORD_UNCHANGED)
        continue;
      g_queue_unlink (&self->waits, link);
      g_queue_push_tail_link (&self->over, link);
    }

  while ((wait = g_queue_pop_head (&self->over)) != NULL)
    {
      call (self, wait);
      is_called = TRUE;
    }

  return is_called;
}

static gboolean
waits_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  call_all ((gpointer) source, g_source_get_time (source));

  return G_SOURCE_CONTINUE;
}

void
shm_private_waits_clear (ShmPrivateWaits *self)
{
  LoopWait *wait;

  while ((wait = g_queue_pop_head (&self->waits)) != NULL
         || (wait = g_queue_pop_head (&self->over)) != NULL)
    loop_wait_free (self, wait);
}

static void
waits_finalize (GSource *source)
{
  shm_private_waits_clear ((gpointer) source);
}

static GSourceFuncs waits_funcs = { waits_prepare, waits_check, waits_dispatch, waits_finalize };

ShmPrivateWaits *
shm_private_waits_new (ShmWaker *waker, ShmPrivateWaitFunc func, GDestroyNotify free_data)
{
  GSource *source = g_source_new (&waits_funcs, sizeof (ShmPrivateWaits));
  ShmPrivateWaits *self = (gpointer) source;

  self->waker = g_object_ref (waker);
  self->func = func;
  self->free_data = free_data;
  self->fork_generation = shm_fork_get_generation ();
  g_source_set_static_name (source, "shmobj: waits of a loop");
  g_source_attach (source, shm_waker_get_context (waker));

  return self;
}

void
shm_private_waits_free (ShmPrivateWaits *self)
{
  ShmWaker *waker = self->waker;

  g_source_destroy (&self->source);
  g_source_unref (&self->source);
  g_object_unref (waker);
}

ShmPrivateWaitResult
shm_private_waits_add (ShmPrivateWaits *self,
                       ShmSharedMemory *block,
                       guint64 offset,
                       guint32 *value,
                       gboolean is_event,
                       gint64 timeout,
                       gpointer user_data)
{
  GMainContext *context = shm_waker_get_context (self->waker);
  const gint64 now = g_get_monotonic_time ();
  gint64 wake_at = now;
  LoopWait *wait;

  if (!shm_word_wait_check (block, offset, is_event, NULL))
    return SHM_PRIVATE_WAIT_FAILED;

  wait = g_new0 (LoopWait, 1);
  shm_word_wait_init (&wait->wait, block, offset, *value, is_event, timeout);
  if (!shm_word_wait_sleep (&wait->wait, context, now, &wake_at)
      && shm_word_wait_get_state (&wait->wait, now) == SHM_WORD_CHANGED)
    {
      *value = wait->wait.value;
      shm_word_wait_clear (&wait->wait);
      g_free (wait);
      return SHM_PRIVATE_WAIT_CHANGED;
    }

  /* If the wait is over for another reason, the waker dispatches at once. */
  wait->user_data = user_data;
  g_queue_push_tail (&self->waits, wait);
  shm_waker_wake_until (self->waker, wake_at);

  return SHM_PRIVATE_WAIT_SLEEPS;
}

/* If a wait is over, its event is probably the reason why the descriptor is readable: take the
 * event out of the queue. If there is another reason, the descriptor stays readable. */
void
shm_private_waits_dispatch (ShmPrivateWaits *self)
{
  const gint64 now = g_get_monotonic_time ();

  if (now - self->dispatched_at < SHORT_USEC_MAX
      && self->fork_generation == shm_fork_get_generation () && call_all (self, now))
    {
      shm_watch_read_events ();
      return;
    }

  self->dispatched_at = now;
  shm_waker_dispatch (self->waker);
}

static gboolean
remove_from (ShmPrivateWaits *self, GQueue *queue, gpointer user_data)
{
  for (GList *link = queue->head; link != NULL; link = link->next)
    {
      LoopWait *wait = link->data;

      if (wait->user_data != user_data)
        continue;
      g_queue_delete_link (queue, link);
      loop_wait_free (self, wait);
      return TRUE;
    }

  return FALSE;
}

void
shm_private_waits_remove (ShmPrivateWaits *self, gpointer user_data)
{
  if (!remove_from (self, &self->waits, user_data))
    remove_from (self, &self->over, user_data);
}
