/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What fork() needs: handlers, and a number that tells a process from its forked children. A process
 * ID does not tell them apart: a child in a new PID namespace can have the ID of its parent. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns how many calls of fork() lie between this process and the process that first called this
 * function. */
guint shm_fork_get_generation (void);

/* Between these two calls, fork() in another thread waits. They protect the moment in which a
 * descriptor exists and is not yet in a list that a handler for the child goes through. Do not fork
 * or wait in between, and do not take a lock that a handler takes. */
void shm_fork_block (void);
void shm_fork_unblock (void);

/* Handlers for fork(), each of which may be NULL. */
typedef struct _ShmForkHandlers ShmForkHandlers;

struct _ShmForkHandlers
{
  void (*before) (void);    /* before fork(), in the thread that calls it */
  void (*in_parent) (void); /* after fork() */
  void (*in_child) (void);  /* after fork(), in the only thread of the child */

  /*< private >*/
  int is_added; /* (atomic) */
  ShmForkHandlers *next;
};

/* Adds @handlers, a static structure, for the rest of the life of the process. Further calls with the
 * same structure do nothing. Do not call it between shm_fork_block() and shm_fork_unblock(). */
void shm_fork_add_handlers (ShmForkHandlers *handlers);

G_END_DECLS
