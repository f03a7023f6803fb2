/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-watch.h"

#include <errno.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <unistd.h>

/* The inode is watched and not the folder, so that other blocks wake nobody. Losing a link is
 * a change of attributes. */
#define EVENTS (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

/* The watches of one main context, and the source there that waits for all of them. */
typedef struct
{
  GSource source;        /* must be first */
  GMainContext *context; /* (owned): what the table of readers knows it by stays its own */
  gpointer fd_tag;
  guint generation;   /* of the inotify that fd_tag waits for */
  GPtrArray *watches; /* (element-type ShmWatch) */
} Reader;

struct _ShmWatch
{
  int ref_count; /* (atomic): one for the owner, one for the reader that lists it */
  char *name;
  ShmIdentity identity;
  ShmWatchFunc func;
  gpointer user_data;
  GDestroyNotify free_data;

  /* Protected by lock. */
  int descriptor; /* inotify's, shared by all watches of one inode; -1 when there is none */
  gboolean pending;
  Reader *reader; /* (nullable): NULL when the watch is over */
};

/* Protects everything below, and what is said to be above. It is held over fork(), so that a
 * child finds all of it whole. Neither callbacks nor GLib's main loop are entered with it. */
static GMutex lock;
static int inotify_fd = -1;
static guint generation;    /* counts the inotify instances: a forked child makes its own */
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
is_name_ours (ShmWatch *watch)
{
  ShmIdentity now;
  ShmFault fault;

  if (shm_system_identify_name (watch->name, &now, &fault))
    return shm_identity_equal (&watch->identity, &now);

  /* What can't be looked at is not known to be gone. */
  return fault.errnum != ENOENT;
}

/* inotify */

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

/* The inherited descriptor is the parent's instance: reading it would steal its events. */
static void
after_fork_in_child (void)
{
  if (inotify_fd >= 0)
    {
      close (inotify_fd);
      inotify_fd = -1;
    }
  generation++;
  g_mutex_unlock (&lock);
}

static int
add_watch_locked (const char *name)
{
  g_autofree char *path = shm_system_get_path (name);

  return inotify_add_watch (inotify_fd, path, EVENTS | IN_DONT_FOLLOW);
}

static gboolean
ensure_inotify_locked (ShmFault *fault)
{
  GHashTableIter iter;
  Reader *reader;

  if (readers == NULL)
    {
      readers = g_hash_table_new (NULL, NULL);
      pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
    }

  if (inotify_fd >= 0)
    return TRUE;

  inotify_fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (inotify_fd < 0)
    return shm_fault_set (fault, SHM_STEP_WATCH, errno);

  /* In a forked child: what the parent watched is watched again, and looked at once, because
   * it may have gone in between. */
  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    for (guint i = 0; i < reader->watches->len; i++)
      {
        ShmWatch *watch = reader->watches->pdata[i];

        watch->descriptor = add_watch_locked (watch->name);
        watch->pending = TRUE;
      }

  return TRUE;
}

static gboolean
is_watched_locked (int descriptor)
{
  GHashTableIter iter;
  Reader *reader;

  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    for (guint i = 0; i < reader->watches->len; i++)
      if (((ShmWatch *) reader->watches->pdata[i])->descriptor == descriptor)
        return TRUE;

  return FALSE;
}

static void
mark_pending_locked (const struct inotify_event *event)
{
  const gboolean all = (event->mask & IN_Q_OVERFLOW) != 0;
  GHashTableIter iter;
  Reader *reader;

  g_hash_table_iter_init (&iter, readers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reader))
    {
      gboolean any = FALSE;

      for (guint i = 0; i < reader->watches->len; i++)
        {
          ShmWatch *watch = reader->watches->pdata[i];

          if (!all && watch->descriptor != event->wd)
            continue;
          if ((event->mask & IN_IGNORED) != 0)
            watch->descriptor = -1;
          watch->pending = any = TRUE;
        }

      if (any)
        g_source_set_ready_time (&reader->source, 0);
    }
}

static void
drain_inotify_locked (void)
{
  char buffer[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));
  gssize length;

  while ((length = read (inotify_fd, buffer, sizeof buffer)) > 0)
    for (gssize at = 0; at < length;)
      {
        const struct inotify_event *event = (const void *) (buffer + at);

        mark_pending_locked (event);
        at += sizeof *event + event->len;
      }
}

/* Readers */

static void
follow_inotify_locked (Reader *reader)
{
  if (reader->generation == generation)
    return;

  if (reader->fd_tag != NULL)
    g_source_remove_unix_fd (&reader->source, reader->fd_tag);
  reader->fd_tag = g_source_add_unix_fd (&reader->source, inotify_fd, G_IO_IN);
  reader->generation = generation;
}

/* In a forked child that has no descriptor left: the parent's, which is closed here, must not be
 * waited for. */
static void
await_inotify_locked (Reader *reader)
{
  if (reader->fd_tag != NULL)
    g_source_remove_unix_fd (&reader->source, reader->fd_tag);
  reader->fd_tag = NULL;
  g_source_set_ready_time (&reader->source, g_get_monotonic_time () + G_USEC_PER_SEC);
}

/* Returns the reader if that was its last watch. The caller frees it without the lock: a main
 * context that goes away with it may run anybody's code. */
static Reader *
detach_locked (ShmWatch *watch)
{
  Reader *reader = g_steal_pointer (&watch->reader);

  g_ptr_array_remove_fast (reader->watches, watch);
  if (inotify_fd >= 0 && watch->descriptor >= 0 && !is_watched_locked (watch->descriptor))
    inotify_rm_watch (inotify_fd, watch->descriptor);

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

/* TRUE for the one call that ends the watch. */
static gboolean
detach (ShmWatch *watch)
{
  g_autoptr (Reader) unused = NULL;
  gboolean listed;

  g_mutex_lock (&lock);
  listed = watch->reader != NULL;
  if (listed)
    unused = detach_locked (watch);
  g_mutex_unlock (&lock);

  return listed;
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
settle (ShmWatch *watch)
{
  if (is_name_ours (watch) || !detach (watch))
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
      if (ensure_inotify_locked (&ignored))
        {
          follow_inotify_locked (reader);
          g_source_set_ready_time (source, 0);
        }
      else
        await_inotify_locked (reader);
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
  if (inotify_fd >= 0)
    drain_inotify_locked ();
  g_mutex_unlock (&lock);

  while (!g_source_is_destroyed (source) && (watch = take_pending (reader)) != NULL)
    {
      settle (watch);
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
      g_source_set_static_name (&reader->source, "shmobj: names that were removed");
      g_source_attach (&reader->source, context);
      g_hash_table_insert (readers, context, reader);
    }

  follow_inotify_locked (reader);

  return reader;
}

/* Watches */

static gboolean
attach_locked (ShmWatch *watch, GMainContext *context, ShmFault *fault)
{
  if (!ensure_inotify_locked (fault))
    return FALSE;

  watch->descriptor = add_watch_locked (watch->name);
  if (watch->descriptor < 0 && errno != ENOENT)
    return shm_fault_set (fault, SHM_STEP_WATCH, errno);

  watch->reader = ensure_reader_locked (context);
  g_ptr_array_add (watch->reader->watches, watch);

  /* The name may have gone before there was anything to tell of it. */
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
  watch->descriptor = -1;

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
