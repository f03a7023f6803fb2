/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readers: the sources in main contexts that read the queue, and handle the watches. */

#include "config.h"

#include "core/shm-watch-private.h"

/* After this amount of work, the number of events and checks together, a reader pauses. A source
 * that is always ready would otherwise keep the main loop from all sources of a lower priority, for
 * as long as other processes produce events. */
#define WORK_MAX   256
#define PAUSE_USEC 1000

/* If the main loop has slept for this time, then no other source was ready. */
#define SLEPT_USEC 10

/* The watches of one main context, and the source in it that waits for events. */
struct _ShmWatchReader
{
  GSource source;        /* must be first */
  GMainContext *context; /* (owned): the key in the table of readers */
  gint64 prepared_at;    /* the time of the last prepare(), for the thread of the main loop */

  /* Protected by the lock. */
  gpointer fd_tag;    /* (nullable) */
  guint generation;   /* the generation of the queue that fd_tag waits for */
  guint work;         /* the number of events and checks since the last pause or sleep */
  gboolean is_paused; /* whether the source ignores the queue and its watches for a moment */
  GQueue watches;     /* (element-type ShmWatch) */
  GQueue pending;     /* (element-type ShmWatch): the watches to handle, in the order of events */
};

static GHashTable *readers; /* (element-type GMainContext ShmWatchReader) (nullable) */

void
shm_watch_reader_mark_locked (ShmWatch *watch)
{
  ShmWatchReader *reader = watch->reader;

  if (!watch->is_pending)
    {
      watch->is_pending = TRUE;
      g_queue_push_tail_link (&reader->pending, &watch->pending_link);
    }

  if (!reader->is_paused)
    g_source_set_ready_time (&reader->source, 0);
}

void
shm_watch_reader_mark_all_locked (void)
{
  GHashTableIter iter;
  ShmWatchReader *reader;

  if (readers == NULL)
    return;

  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    for (GList *link = reader->watches.head; link != NULL; link = link->next)
      shm_watch_reader_mark_locked (link->data);
}

static void
poll_queue_locked (ShmWatchReader *reader)
{
  guint generation;
  const int queue = shm_watch_queue_get_locked (&generation);

  if (reader->generation == generation && reader->fd_tag != NULL)
    return;

  if (reader->fd_tag != NULL)
    g_source_remove_unix_fd (&reader->source, reader->fd_tag);
  reader->fd_tag = g_source_add_unix_fd (&reader->source, queue, G_IO_IN);
  reader->generation = generation;
}

static void
set_paused_locked (ShmWatchReader *reader, gboolean is_paused)
{
  reader->is_paused = is_paused;
  if (reader->fd_tag != NULL)
    g_source_modify_unix_fd (&reader->source, reader->fd_tag, is_paused ? 0 : G_IO_IN);
}

/* Decides when the source is dispatched next, if there is no new event before that. */
static void
schedule_locked (ShmWatchReader *reader)
{
  if (reader->work >= WORK_MAX)
    {
      reader->work = 0;
      set_paused_locked (reader, TRUE);
      g_source_set_ready_time (&reader->source, g_get_monotonic_time () + PAUSE_USEC);
    }
  else if (!reader->is_paused)
    g_source_set_ready_time (&reader->source, reader->pending.length > 0 ? 0 : -1);
}

/* Stops polling, and tries again after one second. Called in a forked child that cannot open a
 * queue: the child has closed its copy of the parent's queue, and must not poll this descriptor. */
static void
retry_later_locked (ShmWatchReader *reader)
{
  if (reader->fd_tag != NULL)
    g_source_remove_unix_fd (&reader->source, reader->fd_tag);
  reader->fd_tag = NULL;
  g_source_set_ready_time (&reader->source, g_get_monotonic_time () + G_USEC_PER_SEC);
}

ShmWatchReader *
shm_watch_reader_remove_locked (ShmWatch *watch)
{
  ShmWatchReader *reader = g_steal_pointer (&watch->reader);

  g_queue_unlink (&reader->watches, &watch->link);
  if (watch->is_pending)
    g_queue_unlink (&reader->pending, &watch->pending_link);

  if (reader->watches.length > 0)
    return NULL;

  g_hash_table_remove (readers, reader->context);

  return reader;
}

GMainContext *
shm_watch_reader_get_context (ShmWatchReader *reader)
{
  return reader->context;
}

void
shm_watch_reader_free (ShmWatchReader *reader)
{
  GMainContext *context = g_steal_pointer (&reader->context);

  g_source_destroy (&reader->source);
  g_source_unref (&reader->source);
  g_main_context_unref (context);
}

/* Returns a watch to handle, or NULL. The caller must release the watch with shm_watch_unref(). */
static ShmWatch *
take_pending (ShmWatchReader *reader)
{
  ShmWatch *watch = NULL;
  ShmFault ignored;
  guint generation;
  GList *link;

  shm_watch_lock ();
  link = g_queue_pop_head_link (&reader->pending);
  if (link != NULL)
    {
      watch = link->data;
      watch->is_pending = FALSE;
      g_atomic_int_inc (&watch->ref_count);
      reader->work++;

      if (watch->file != NULL)
        watch->file->kinds[watch->kind].are_pending = FALSE;
      else if (shm_watch_queue_get_locked (&generation) >= 0)
        shm_watch_queue_add_locked (watch, &ignored);
    }
  shm_watch_unlock ();

  return watch;
}

static gboolean
is_queue_new_locked (ShmWatchReader *reader)
{
  guint generation;

  shm_watch_queue_get_locked (&generation);

  return reader->generation != generation;
}

static gboolean
reader_prepare (GSource *source, int *timeout)
{
  ShmWatchReader *reader = (gpointer) source;
  ShmFault ignored;

  *timeout = -1;
  reader->prepared_at = g_source_get_time (source);

  shm_watch_lock ();
  if (is_queue_new_locked (reader))
    {
      if (shm_watch_queue_ensure_locked (&ignored))
        {
          poll_queue_locked (reader);
          g_source_set_ready_time (source, 0);
        }
      else
        retry_later_locked (reader);
    }
  shm_watch_unlock ();

  return FALSE;
}

static gboolean
reader_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  ShmWatchReader *reader = (gpointer) source;
  const gboolean has_slept = g_source_get_time (source) - reader->prepared_at >= SLEPT_USEC;
  ShmWatch *watch;

  shm_watch_lock ();
  if (has_slept)
    reader->work = 0;
  if (reader->is_paused)
    set_paused_locked (reader, FALSE);
  reader->work += shm_watch_queue_read_locked ();
  /* A callback can run the main loop, so schedule the source before the first callback, too. */
  schedule_locked (reader);
  shm_watch_unlock ();

  for (guint i = 0; i < SHM_WATCH_CHECKS_MAX && !g_source_is_destroyed (source); i++)
    {
      watch = take_pending (reader);
      if (watch == NULL)
        break;
      shm_watch_handle (watch);
      shm_watch_unref (watch);
    }

  if (g_source_is_destroyed (source))
    return G_SOURCE_REMOVE;

  shm_watch_lock ();
  schedule_locked (reader);
  shm_watch_unlock ();

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs reader_funcs = { reader_prepare, NULL, reader_dispatch, NULL };

static ShmWatchReader *
ensure_reader_locked (GMainContext *context)
{
  ShmWatchReader *reader;

  if (readers == NULL)
    readers = g_hash_table_new (NULL, NULL);

  reader = g_hash_table_lookup (readers, context);
  if (reader == NULL)
    {
      reader = (gpointer) g_source_new (&reader_funcs, sizeof *reader);
      reader->context = g_main_context_ref (context);
      g_source_set_can_recurse (&reader->source, TRUE);
      g_source_set_static_name (&reader->source, "shmobj: changes of blocks");
      g_source_attach (&reader->source, context);
      g_hash_table_insert (readers, context, reader);
    }

  poll_queue_locked (reader);

  return reader;
}

void
shm_watch_reader_add_locked (ShmWatch *watch, GMainContext *context)
{
  watch->reader = ensure_reader_locked (context);
  g_queue_push_tail_link (&watch->reader->watches, &watch->link);
}
