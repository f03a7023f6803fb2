/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-fork.h"

#include <pthread.h>

static guint generation; /* only a new child writes it, when it has one thread */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void
before_fork (void)
{
  pthread_mutex_lock (&mutex);
}

static void
in_parent (void)
{
  pthread_mutex_unlock (&mutex);
}

static void
in_child (void)
{
  generation++;
  pthread_mutex_unlock (&mutex);
}

static void
prepare (void)
{
  static gsize is_prepared = 0;

  if (g_once_init_enter (&is_prepared))
    {
      pthread_atfork (before_fork, in_parent, in_child);
      g_once_init_leave (&is_prepared, 1);
    }
}

guint
shm_fork_get_generation (void)
{
  prepare ();

  return generation;
}

void
shm_fork_block (void)
{
  prepare ();
  pthread_mutex_lock (&mutex);
}

void
shm_fork_unblock (void)
{
  pthread_mutex_unlock (&mutex);
}
