/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-watch.h"

#include "core/shm-fork.h"
#include "core/shm-system-watch.h"

#include <errno.h>
#include <unistd.h>

/* After this amount of work, the number of events and checks together, a reader pauses. A source
 * that is always ready would otherwise keep the main loop from all sources of a lower priority, for
 * as long as other processes produce events. */
#define WORK_MAX   256
#define PAUSE_USEC 1000

/* The watches of one main context, and the source in it that waits for events. */
typedef struct
{
  GSource source;        /* must be first */
  GMainContext *context; /* (owned): the key in the table of readers */

  /* Protected by lock. */
  gpointer fd_tag;    /* (nullable) */
  guint generation;   /* the generation of the queue that fd_tag waits for */
  guint work;         /* the number of events and checks since the last pause */
  gboolean is_paused; /* whether the source ignores the queue and its watches for a moment */
  GQueue watches;     /* (element-type ShmWatch) */
  GQueue pending;     /* (element-type ShmWatch): the watches to check, in the order of events */
} Reader;

/* A file in the queue. */
typedef struct
{
  int number;           /* the number that the queue has given to the file */
  gboolean are_pending; /* whether all its watches are pending since the last event */
  GQueue watches;       /* (element-type ShmWatch) */
} File;

struct _ShmWatch
{
  int ref_count; /* (atomic): one for the owner, one for the reader */
  char *name;
  ShmIdentity identity;
  ShmWatchFunc func;
  gpointer user_data;
  GDestroyNotify free_data;

  /* Protected by lock. */
  Reader *reader;      /* (nullable): NULL when the watch has ended */
  File *file;          /* (nullable): NULL if the watched file is not in the queue */
  gboolean is_pending; /* whether the name must be checked */
  GList link;          /* an element of Reader.watches */
  GList pending_link;  /* an element of Reader.pending, if @is_pending */
  GList file_link;     /* an element of File.watches, if there is a @file */
};

/* Protects the variables below and the fields above. It is held during fork(), so that the child
 * finds them consistent. Hold it for a limited number of events only, because fork() in another
 * thread waits. Release it before calling a callback, or a function of the main loop that can run
 * code of the program. */
static GMutex lock;
static int queue = -1;
static guint generation;    /* counts the queues: a forked child opens a new queue */
static GHashTable *readers; /* (element-type GMainContext Reader) (nullable) */
static GHashTable *files;   /* (element-type int File) (nullable): by the number of the file */

static void
watch_unref (ShmWatch *watch)
{
  if (!g_atomic_int_dec_and_test (&watch->ref_count))
    return;

  if (watch->free_data != NULL)
    watch->free_data (watch->user_data);
  g_free (watch->name);
  g_free (watch);
}

static gboolean
is_name_unchanged (ShmWatch *watch)
{
  ShmIdentity now;
  ShmFault fault;

  if (shm_system_identify_name (watch->name, &now, &fault))
    return shm_identity_equal (&watch->identity, &now);

  /* ENOENT is the only error that proves that the name does not exist. */
  return fault.errnum != ENOENT;
}

/* The queue */

static void
before_fork (void)
{
  g_mutex_lock (&lock);
}

static void
after_fork_in_parent (void)
{
  g_mutex_unlock (&lock);
}

/* The child shares the queue of its parent: reading from it would take away the parent's events. */
static void
after_fork_in_child (void)
{
  if (queue >= 0)
    {
      close (queue);
      queue = -1;
    }
  generation++;
  g_mutex_unlock (&lock);
}

static ShmForkHandlers fork_handlers = { before_fork, after_fork_in_parent, after_fork_in_child };

/* Files in the queue */

static void
set_file_locked (ShmWatch *watch, int number)
{
  File *file = g_hash_table_lookup (files, GINT_TO_POINTER (number));

  if (file == NULL)
    {
      file = g_new0 (File, 1);
      file->number = number;
      g_hash_table_insert (files, GINT_TO_POINTER (number), file);
    }

  file->are_pending = FALSE;
  g_queue_push_tail_link (&file->watches, &watch->file_link);
  watch->file = file;
}

/* Removes the watch from its file. Removes the file from the queue, if no other watch needs it. */
static void
clear_file_locked (ShmWatch *watch)
{
  File *file = g_steal_pointer (&watch->file);

  g_queue_unlink (&file->watches, &watch->file_link);
  if (file->watches.length > 0)
    return;

  if (queue >= 0)
    shm_system_queue_remove (queue, file->number);
  g_hash_table_remove (files, GINT_TO_POINTER (file->number));
}

/* Frees a file that is no longer in the queue. Its watches continue without a file. */
static void
file_free (gpointer data)
{
  File *file = data;
  GList *link;

  while ((link = g_queue_pop_head_link (&file->watches)) != NULL)
    ((ShmWatch *) link->data)->file = NULL;
  g_free (file);
}

static void
mark_pending_locked (ShmWatch *watch)
{
  Reader *reader = watch->reader;

  if (!watch->is_pending)
    {
      watch->is_pending = TRUE;
      g_queue_push_tail_link (&reader->pending, &watch->pending_link);
    }

  if (!reader->is_paused)
    g_source_set_ready_time (&reader->source, 0);
}

static void
mark_all_pending_locked (void)
{
  GHashTableIter iter;
  Reader *reader;

  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    for (GList *link = reader->watches.head; link != NULL; link = link->next)
      mark_pending_locked (link->data);
}

/* A ShmQueueFunc. */
static void
handle_event_locked (int number, gboolean is_over)
{
  File *file;

  if (number == SHM_SYSTEM_ALL_FILES)
    {
      mark_all_pending_locked ();
      return;
    }

  file = g_hash_table_lookup (files, GINT_TO_POINTER (number));
  if (file == NULL)
    return;

  if (!file->are_pending)
    for (GList *link = file->watches.head; link != NULL; link = link->next)
      mark_pending_locked (link->data);
  file->are_pending = TRUE;

  if (is_over)
    g_hash_table_remove (files, GINT_TO_POINTER (number));
}

static gboolean
ensure_queue_locked (ShmFault *fault)
{
  if (readers == NULL)
    {
      readers = g_hash_table_new (NULL, NULL);
      files = g_hash_table_new_full (NULL, NULL, NULL, file_free);
    }

  if (queue >= 0)
    return TRUE;

  queue = shm_system_queue_open (fault);
  if (queue < 0)
    return FALSE;

  /* In a forked child, continue the watches of the parent. A name may have been removed since the
   * fork(), so check all names. Before the check, take_pending() adds the file to the new queue. */
  g_hash_table_remove_all (files);
  mark_all_pending_locked ();

  return TRUE;
}

/* Readers */

static void
poll_queue_locked (Reader *reader)
{
  if (reader->generation == generation)
    return;

  if (reader->fd_tag != NULL)
    g_source_remove_unix_fd (&reader->source, reader->fd_tag);
  reader->fd_tag = g_source_add_unix_fd (&reader->source, queue, G_IO_IN);
  reader->generation = generation;
}

static void
set_paused_locked (Reader *reader, gboolean is_paused)
{
  reader->is_paused = is_paused;
  if (reader->fd_tag != NULL)
    g_source_modify_unix_fd (&reader->source, reader->fd_tag, is_paused ? 0 : G_IO_IN);
}

/* Decides when the source is dispatched next, if there is no new event before that. */
static void
schedule_locked (Reader *reader)
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
retry_later_locked (Reader *reader)
{
  if (reader->fd_tag != NULL)
    g_source_remove_unix_fd (&reader->source, reader->fd_tag);
  reader->fd_tag = NULL;
  g_source_set_ready_time (&reader->source, g_get_monotonic_time () + G_USEC_PER_SEC);
}

/* Removes the watch from its reader. Returns the reader if this was its last watch, otherwise NULL.
 * The caller frees the returned reader without the lock: freeing it can free its main context, and
 * that can run code of the program. */
static Reader *
detach_locked (ShmWatch *watch)
{
  Reader *reader = g_steal_pointer (&watch->reader);

  g_queue_unlink (&reader->watches, &watch->link);
  if (watch->is_pending)
    g_queue_unlink (&reader->pending, &watch->pending_link);
  if (watch->file != NULL)
    clear_file_locked (watch);

  if (reader->watches.length > 0)
    return NULL;

  g_hash_table_remove (readers, reader->context);

  return reader;
}

static void
reader_free (Reader *reader)
{
  GMainContext *context = g_steal_pointer (&reader->context);

  g_source_destroy (&reader->source);
  g_source_unref (&reader->source);
  g_main_context_unref (context);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_free)

/* Ends the watch. Returns FALSE if an earlier call has already ended it. */
static gboolean
detach (ShmWatch *watch)
{
  g_autoptr (Reader) unused = NULL;
  gboolean is_ending;

  g_mutex_lock (&lock);
  is_ending = watch->reader != NULL;
  if (is_ending)
    unused = detach_locked (watch);
  g_mutex_unlock (&lock);

  return is_ending;
}

/* Returns a watch to check, or NULL. The caller must release the watch with watch_unref(). */
static ShmWatch *
take_pending (Reader *reader)
{
  ShmWatch *watch = NULL;
  ShmFault ignored;
  GList *link;

  g_mutex_lock (&lock);
  link = g_queue_pop_head_link (&reader->pending);
  if (link != NULL)
    {
      watch = link->data;
      watch->is_pending = FALSE;
      g_atomic_int_inc (&watch->ref_count);
      reader->work++;

      if (watch->file != NULL)
        watch->file->are_pending = FALSE;
      else if (queue >= 0)
        {
          const int number = shm_system_queue_add (queue, watch->name, &ignored);

          if (number >= 0)
            set_file_locked (watch, number);
        }
    }
  g_mutex_unlock (&lock);

  return watch;
}

static void
check_name (ShmWatch *watch)
{
  if (is_name_unchanged (watch) || !detach (watch))
    return;

  watch->func (watch->user_data);
  watch_unref (watch);
}

static gboolean
reader_prepare (GSource *source, int *timeout)
{
  Reader *reader = (Reader *) source;
  ShmFault ignored;

  *timeout = -1;

  g_mutex_lock (&lock);
  if (reader->generation != generation)
    {
      if (ensure_queue_locked (&ignored))
        {
          poll_queue_locked (reader);
          g_source_set_ready_time (source, 0);
        }
      else
        retry_later_locked (reader);
    }
  g_mutex_unlock (&lock);

  return FALSE;
}

static gboolean
reader_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Reader *reader = (Reader *) source;
  ShmWatch *watch;

  g_mutex_lock (&lock);
  if (reader->is_paused)
    set_paused_locked (reader, FALSE);
  if (queue >= 0)
    reader->work += shm_system_queue_read (queue, handle_event_locked);
  /* A callback can run the main loop, so schedule the source before the first callback, too. */
  schedule_locked (reader);
  g_mutex_unlock (&lock);

  for (guint i = 0; i < SHM_WATCH_CHECKS_MAX && !g_source_is_destroyed (source); i++)
    {
      watch = take_pending (reader);
      if (watch == NULL)
        break;
      check_name (watch);
      watch_unref (watch);
    }

  if (g_source_is_destroyed (source))
    return G_SOURCE_REMOVE;

  g_mutex_lock (&lock);
  schedule_locked (reader);
  g_mutex_unlock (&lock);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs reader_funcs = { reader_prepare, NULL, reader_dispatch, NULL };

static Reader *
ensure_reader_locked (GMainContext *context)
{
  Reader *reader = g_hash_table_lookup (readers, context);

  if (reader == NULL)
    {
      reader = (Reader *) g_source_new (&reader_funcs, sizeof *reader);
      reader->context = g_main_context_ref (context);
      reader->generation = generation - 1;
      g_source_set_can_recurse (&reader->source, TRUE);
      g_source_set_static_name (&reader->source, "shmobj: removed names");
      g_source_attach (&reader->source, context);
      g_hash_table_insert (readers, context, reader);
    }

  poll_queue_locked (reader);

  return reader;
}

/* Watches */

static gboolean
attach_locked (ShmWatch *watch, GMainContext *context, ShmFault *fault)
{
  int number;

  if (!ensure_queue_locked (fault))
    return FALSE;

  number = shm_system_queue_add (queue, watch->name, fault);
  if (number < 0 && fault->errnum != ENOENT)
    return FALSE;
  if (number >= 0)
    set_file_locked (watch, number);

  watch->reader = ensure_reader_locked (context);
  g_queue_push_tail_link (&watch->reader->watches, &watch->link);

  /* The name may have been removed before the file was added to the queue. */
  if (number < 0 || !is_name_unchanged (watch))
    mark_pending_locked (watch);

  return TRUE;
}

ShmWatch *
shm_watch_new (const char *name,
               const ShmIdentity *identity,
               ShmWatchFunc func,
               gpointer user_data,
               GDestroyNotify free_data,
               ShmFault *fault)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  ShmWatch *watch = g_new0 (ShmWatch, 1);
  gboolean attached;

  shm_at (WATCH);

  watch->ref_count = 1;
  watch->name = g_strdup (name);
  watch->identity = *identity;
  watch->func = func;
  watch->user_data = user_data;
  watch->free_data = free_data;
  watch->link.data = watch->pending_link.data = watch->file_link.data = watch;

  /* Add the handlers before the first use of the lock. Otherwise another thread could fork while
   * this thread holds the lock, and the lock would stay locked in the child. */
  shm_fork_add_handlers (&fork_handlers);

  g_mutex_lock (&lock);
  attached = attach_locked (watch, context, fault);
  if (attached)
    g_atomic_int_inc (&watch->ref_count);
  g_mutex_unlock (&lock);

  if (!attached)
    g_clear_pointer (&watch, watch_unref);

  return watch;
}

void
shm_watch_free (ShmWatch *watch)
{
  if (detach (watch))
    watch_unref (watch);
  watch_unref (watch);
}
