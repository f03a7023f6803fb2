/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue of system events, and the files in it. */

#include "config.h"

#include "core/shm-watch-private.h"

#include "core/shm-fork.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* Not a GMutex: ThreadSanitizer does not see the locks of GLib. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int queue = -1;   /* (atomic): written with the lock */
static guint generation; /* counts the queues: a forked child opens a new queue */
static GHashTable
    *files; /* (element-type int ShmWatchFile) (nullable): by the number of the file */

/* Fork */

static void
before_fork (void)
{
  pthread_mutex_lock (&lock);
}

static void
after_fork_in_parent (void)
{
  pthread_mutex_unlock (&lock);
}

/* The child shares the queue of its parent: reading from it would take away the parent's events. */
static void
after_fork_in_child (void)
{
  if (queue >= 0)
    {
      close (queue);
      g_atomic_int_set (&queue, -1);
    }
  generation++;
  pthread_mutex_unlock (&lock);
}

static ShmForkHandlers fork_handlers = { before_fork, after_fork_in_parent, after_fork_in_child };

/* Adds the handlers before the first use of the lock. Otherwise another thread could fork while
 * this thread holds the lock, and the lock would stay locked in the child. */
void
shm_watch_lock (void)
{
  shm_fork_add_handlers (&fork_handlers);
  pthread_mutex_lock (&lock);
}

void
shm_watch_unlock (void)
{
  pthread_mutex_unlock (&lock);
}

/* Files in the queue */

static void
set_file_locked (ShmWatch *watch, int number)
{
  ShmWatchFile *file = g_hash_table_lookup (files, GINT_TO_POINTER (number));

  if (file == NULL)
    {
      file = g_new0 (ShmWatchFile, 1);
      file->number = number;
      file->identity = watch->identity;
      g_hash_table_insert (files, GINT_TO_POINTER (number), file);
    }

  file->kinds[watch->kind].are_pending = FALSE;
  g_queue_push_tail_link (&file->kinds[watch->kind].watches, &watch->file_link);
  watch->file = file;
}

/* Frees a file that is no longer in the queue. Its watches continue without a file. */
static void
file_free (gpointer data)
{
  ShmWatchFile *file = data;
  GList *link;

  for (int kind = 0; kind < SHM_WATCH_N_KINDS; kind++)
    while ((link = g_queue_pop_head_link (&file->kinds[kind].watches)) != NULL)
      ((ShmWatch *) link->data)->file = NULL;
  g_free (file);
}

static gboolean
is_content_in_fd (const ShmWatch *watch)
{
  ShmIdentity now;
  ShmFault ignored;

  return shm_system_identify_fd (watch->fd, &now, &ignored)
         && shm_identity_equal (&watch->identity, &now);
}

static int
add_to_queue_locked (ShmWatch *watch, ShmFault *fault)
{
  if (watch->kind == SHM_WATCH_NAME)
    return shm_system_queue_add_name (queue, watch->name, fault);
  if (is_content_in_fd (watch))
    return shm_system_queue_add_content (queue, watch->fd, fault);

  shm_fault_set (fault, SHM_STEP_WATCH, EBADF);

  return -1;
}

gboolean
shm_watch_queue_add_locked (ShmWatch *watch, ShmFault *fault)
{
  const int number = add_to_queue_locked (watch, fault);

  if (number >= 0)
    set_file_locked (watch, number);

  return number >= 0;
}

/* Removes a file and all its watches from the queue. Its watches of a name add the file again. They
 * check the name after that, because the queue has lost the events of the time in between. */
static void
remove_file_locked (ShmWatchFile *file)
{
  GList *names = file->kinds[SHM_WATCH_NAME].watches.head;

  for (GList *link = names; link != NULL; link = link->next)
    shm_watch_reader_mark_locked (link->data);

  if (queue >= 0)
    shm_system_queue_remove (queue, file->number);
  g_hash_table_remove (files, GINT_TO_POINTER (file->number));
}

/* When the last watch of the content ends, the queue must not receive an event for each write any
 * more. The system can only add events to a file, or remove the file. */
void
shm_watch_queue_remove_locked (ShmWatch *watch)
{
  ShmWatchFile *file = g_steal_pointer (&watch->file);
  GQueue *own = &file->kinds[watch->kind].watches;

  g_queue_unlink (own, &watch->file_link);
  if (own->length == 0
      && (watch->kind == SHM_WATCH_CONTENT || file->kinds[SHM_WATCH_CONTENT].watches.length == 0))
    remove_file_locked (file);
}

/* Events */

/* Returns whether the watch has become pending. */
static gboolean
mark_content_locked (ShmWatch *watch)
{
  gboolean is_needed;

  if (watch->is_suspended)
    is_needed = ++watch->n_ignored > SHM_WATCH_IGNORED_MAX;
  else
    is_needed = watch->filter == NULL || watch->filter (watch->user_data);

  if (is_needed)
    shm_watch_reader_mark_locked (watch);

  return is_needed;
}

static void
mark_file_locked (ShmWatchFile *file, ShmWatchKind kind)
{
  gboolean are_pending = TRUE;

  if (file->kinds[kind].are_pending)
    return;

  for (GList *link = file->kinds[kind].watches.head; link != NULL; link = link->next)
    if (kind == SHM_WATCH_CONTENT)
      are_pending &= mark_content_locked (link->data);
    else
      shm_watch_reader_mark_locked (link->data);
  file->kinds[kind].are_pending = are_pending;
}

/* A ShmQueueFunc. */
static void
handle_event_locked (int number, ShmQueueEvents events)
{
  ShmWatchFile *file;

  if (number == SHM_SYSTEM_ALL_FILES)
    {
      shm_watch_reader_mark_all_locked ();
      return;
    }

  file = g_hash_table_lookup (files, GINT_TO_POINTER (number));
  if (file == NULL)
    return;

  if ((events & SHM_QUEUE_CONTENT) != 0)
    mark_file_locked (file, SHM_WATCH_CONTENT);
  if ((events & (SHM_QUEUE_NAME | SHM_QUEUE_IS_OVER)) != 0)
    mark_file_locked (file, SHM_WATCH_NAME);
  if ((events & SHM_QUEUE_IS_OVER) != 0)
    g_hash_table_remove (files, GINT_TO_POINTER (number));
}

void
shm_watch_queue_wake_locked (const ShmIdentity *identity)
{
  GHashTableIter iter;
  ShmWatchFile *file;

  if (files == NULL)
    return;

  g_hash_table_iter_init (&iter, files);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &file))
    if (shm_identity_equal (&file->identity, identity))
      mark_file_locked (file, SHM_WATCH_CONTENT);
}

gboolean
shm_watch_queue_ensure_locked (ShmFault *fault)
{
  int opened;

  if (files == NULL)
    files = g_hash_table_new_full (NULL, NULL, NULL, file_free);

  if (queue >= 0)
    return TRUE;

  opened = shm_system_queue_open (fault);
  if (opened < 0)
    return FALSE;
  g_atomic_int_set (&queue, opened);

  /* In a forked child, continue the watches of the parent. An event may have occurred since the
   * fork(), so handle all watches. Before that, their readers add the files to the new queue. */
  g_hash_table_remove_all (files);
  shm_watch_reader_mark_all_locked ();

  return TRUE;
}

int
shm_watch_queue_get_locked (guint *queue_generation)
{
  *queue_generation = generation;

  return queue;
}

guint
shm_watch_queue_read_locked (void)
{
  return queue >= 0 ? shm_system_queue_read (queue, handle_event_locked) : 0;
}

void
shm_watch_read_events (void)
{
  if (g_atomic_int_get (&queue) < 0)
    return;

  shm_watch_lock ();
  if (files != NULL && g_hash_table_size (files) > 0)
    shm_watch_queue_read_locked ();
  shm_watch_unlock ();
}
