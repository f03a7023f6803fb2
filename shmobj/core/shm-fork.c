/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-fork.h"

#include <pthread.h>

guint shm_fork_generation;

/* Held during fork(), and between shm_fork_block() and shm_fork_unblock(). Protects the list of
 * handlers. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static ShmForkHandlers *all_handlers = NULL;

/* Calls the handlers that run before fork(), and then takes the mutex. The handlers are called
 * without the mutex: they take locks, and another thread can hold such a lock while it adds
 * handlers. Repeats the calls for handlers that were added in the meantime. */
static void
before_fork (void)
{
  ShmForkHandlers *called = NULL;

  pthread_mutex_lock (&mutex);
  while (all_handlers != called)
    {
      ShmForkHandlers *first = all_handlers;

      pthread_mutex_unlock (&mutex);
      for (ShmForkHandlers *handlers = first; handlers != called; handlers = handlers->next)
        if (handlers->before != NULL)
          handlers->before ();
      called = first;
      pthread_mutex_lock (&mutex);
    }
}

static void
after_fork_in_parent (void)
{
  for (ShmForkHandlers *handlers = all_handlers; handlers != NULL; handlers = handlers->next)
    if (handlers->in_parent != NULL)
      handlers->in_parent ();
  pthread_mutex_unlock (&mutex);
}

static void
after_fork_in_child (void)
{
  shm_fork_generation++;
  for (ShmForkHandlers *handlers = all_handlers; handlers != NULL; handlers = handlers->next)
    if (handlers->in_child != NULL)
      handlers->in_child ();
  pthread_mutex_unlock (&mutex);
}

static void
ensure_registered (void)
{
  static gsize is_registered = 0;

  if (g_once_init_enter (&is_registered))
    {
      pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
      g_once_init_leave (&is_registered, 1);
    }
}

guint
shm_fork_get_generation (void)
{
  ensure_registered ();

  return shm_fork_generation;
}

void
shm_fork_block (void)
{
  ensure_registered ();
  pthread_mutex_lock (&mutex);
}

void
shm_fork_unblock (void)
{
  pthread_mutex_unlock (&mutex);
}

void
shm_fork_add_handlers (ShmForkHandlers *handlers)
{
  if (g_atomic_int_get (&handlers->is_added))
    return;

  shm_fork_block ();
  if (!handlers->is_added)
    {
      handlers->next = all_handlers;
      all_handlers = handlers;
      g_atomic_int_set (&handlers->is_added, TRUE);
    }
  shm_fork_unblock ();
}
