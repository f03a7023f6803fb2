/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-fork.h"

#include <pthread.h>

static guint generation; /* only a new child writes it, when it has one thread */

static void
in_child (void)
{
  generation++;
}

guint
shm_fork_get_generation (void)
{
  static gsize is_registered = 0;

  if (g_once_init_enter (&is_registered))
    {
      pthread_atfork (NULL, NULL, in_child);
      g_once_init_leave (&is_registered, 1);
    }

  return generation;
}
