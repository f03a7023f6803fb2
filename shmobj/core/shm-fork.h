/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Support for fork(): handlers, and a number that distinguishes a process from its forked children.
 * A process ID is not sufficient for that: a child in a new PID namespace can have the ID of its
 * parent. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Private to shm_fork_is_current(). Changes only in a new child, which has one thread. */
extern guint shm_fork_generation;

/* Returns the number of calls of fork() between the process that first called this function and
 * this process. */
guint shm_fork_get_generation (void);

/* Returns whether shm_fork_get_generation() returned @generation in this process, and not in its
 * parent. */
static inline gboolean
shm_fork_is_current (guint generation)
{
  return generation == shm_fork_generation;
}

/* Between these two calls, a fork() in another thread waits. The two functions are for code that
 * opens a descriptor and adds it to a list that a handler for the child uses: no child can then
 * inherit a descriptor that is not in the list. Between the calls do not fork, do not wait, and do
 * not take a lock that a handler takes. */
void shm_fork_block (void);
void shm_fork_unblock (void);

/* Handlers for fork(), each of which may be NULL. At most one structure in the library may have a
 * `before` handler that takes a lock: the order of these handlers is not the same in all threads,
 * so two locks could lead to a deadlock. */
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

/* Adds @handlers, a static structure. The handlers stay until the process ends. Further calls with
 * the same structure do nothing. Do not call this function between shm_fork_block() and
 * shm_fork_unblock(), and do not call it with a lock that one of @handlers takes: if another thread
 * forks before @handlers are added, the lock stays locked in the child. */
void shm_fork_add_handlers (ShmForkHandlers *handlers);

G_END_DECLS
