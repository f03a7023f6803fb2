/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-watch.h"

#include "core/shm-fork.h"
#include "core/shm-system-watch.h"

#include <errno.h>
#include <unistd.h>

/* The watches of one main context, and the source in it that waits for events. */
typedef struct
{
  GSource source;        /* must be first */
  GMainContext *context; /* (owned): the key in the table of readers */
  gpointer fd_tag;
  guint generation;   /* the generation of the queue that fd_tag waits for */
  GPtrArray *watches; /* (element-type ShmWatch) */
} Reader;

struct _ShmWatch
{
  int ref_count; /* (atomic): one for the owner, one for the reader */
  char *name;
  ShmIdentity identity;
  ShmWatchFunc func;
  gpointer user_data;
  GDestroyNotify free_data;

  /* Protected by lock. */
  int file;         /* the number that the queue has given to the watched file, or -1 */
  gboolean pending; /* whether the name must be checked */
  Reader *reader;   /* (nullable): NULL when the watch has ended */
};

/* Protects the variables below and the fields above. It is held during fork(), so that the child
 * finds them consistent. Release it before calling a callback, or a function of the main loop that
 * can run code of the program. */
static GMutex lock;
static int queue = -1;
static guint generation;    /* counts the queues: a forked child opens a new queue */
static GHashTable *readers; /* (element-type GMainContext Reader) (nullable) */

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

static gboolean
ensure_queue_locked (ShmFault *fault)
{
  GHashTableIter iter;
  Reader *reader;
  ShmFault ignored;

  if (readers == NULL)
    readers = g_hash_table_new (NULL, NULL);

  if (queue >= 0)
    return TRUE;

  queue = shm_system_queue_open (fault);
  if (queue < 0)
    return FALSE;

  /* In a forked child, continue the watches of the parent. A name may have been removed since the
   * fork(), so check all names. */
  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    for (guint i = 0; i < reader->watches->len; i++)
      {
        ShmWatch *watch = reader->watches->pdata[i];

        watch->file = shm_system_queue_add (queue, watch->name, &ignored);
        watch->pending = TRUE;
      }

  return TRUE;
}

static gboolean
is_watched_locked (int file)
{
  GHashTableIter iter;
  Reader *reader;

  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    for (guint i = 0; i < reader->watches->len; i++)
      if (((ShmWatch *) reader->watches->pdata[i])->file == file)
        return TRUE;

  return FALSE;
}

static void
mark_pending_locked (int file, gboolean is_over)
{
  GHashTableIter iter;
  Reader *reader;

  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    {
      gboolean any = FALSE;

      for (guint i = 0; i < reader->watches->len; i++)
        {
          ShmWatch *watch = reader->watches->pdata[i];

          if (file != SHM_SYSTEM_ALL_FILES && watch->file != file)
            continue;
          if (is_over)
            watch->file = -1;
          watch->pending = any = TRUE;
        }

      if (any)
        g_source_set_ready_time (&reader->source, 0);
    }
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

  g_ptr_array_remove_fast (reader->watches, watch);
  if (queue >= 0 && watch->file >= 0 && !is_watched_locked (watch->file))
    shm_system_queue_remove (queue, watch->file);

  if (reader->watches->len > 0)
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

static ShmWatch *
take_pending (Reader *reader)
{
  ShmWatch *taken = NULL;

  g_mutex_lock (&lock);
  for (guint i = 0; i < reader->watches->len && taken == NULL; i++)
    {
      ShmWatch *watch = reader->watches->pdata[i];

      if (watch->pending)
        {
          watch->pending = FALSE;
          g_atomic_int_inc (&watch->ref_count);
          taken = watch;
        }
    }
  g_mutex_unlock (&lock);

  return taken;
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

  g_source_set_ready_time (source, -1);

  g_mutex_lock (&lock);
  if (queue >= 0)
    shm_system_queue_read (queue, mark_pending_locked);
  g_mutex_unlock (&lock);

  while (!g_source_is_destroyed (source) && (watch = take_pending (reader)) != NULL)
    {
      check_name (watch);
      watch_unref (watch);
    }

  return G_SOURCE_CONTINUE;
}

static void
reader_finalize (GSource *source)
{
  g_ptr_array_unref (((Reader *) source)->watches);
}

static GSourceFuncs reader_funcs = { reader_prepare, NULL, reader_dispatch, reader_finalize };

static Reader *
ensure_reader_locked (GMainContext *context)
{
  Reader *reader = g_hash_table_lookup (readers, context);

  if (reader == NULL)
    {
      reader = (Reader *) g_source_new (&reader_funcs, sizeof *reader);
      reader->context = g_main_context_ref (context);
      reader->generation = generation - 1;
      reader->watches = g_ptr_array_new ();
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
  if (!ensure_queue_locked (fault))
    return FALSE;

  watch->file = shm_system_queue_add (queue, watch->name, fault);
  if (watch->file < 0 && fault->errnum != ENOENT)
    return FALSE;

  watch->reader = ensure_reader_locked (context);
  g_ptr_array_add (watch->reader->watches, watch);

  /* The name may have been removed before the file was added to the queue. */
  watch->pending = TRUE;
  g_source_set_ready_time (&watch->reader->source, 0);

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
  watch->file = -1;

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
