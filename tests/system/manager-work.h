/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The work of starters and clients in the tests of process deaths. It creates, tracks, removes and
 * lists blocks at random until the server has ended, and measures the duration of each call. It
 * prints generated names, and the names of blocks that it creates without the manager, because the
 * test needs them to find the blocks after a kill. */

#pragma once

#include <shmobj/shmobj.h>

G_BEGIN_DECLS

typedef struct
{
  ShmManager *manager; /* (unowned) */
  char *prefix;        /* (owned): the beginning of all names */
  GRand *random;       /* (owned) */
  GQueue names;        /* (element-type utf8) (owned): the blocks that a later step can remove */
  guint n_named;       /* the number of names used so far */
  guint n_calls;
  gint64 began;   /* the start of the current call (monotonic time) */
  gint64 slowest; /* the longest call, in microseconds */
  const char *outcome;
} Work;

/* Initializes @self. @number must differ for all Works of a process. It is part of the names of
 * their blocks. */
void work_init (Work *self, ShmManager *manager, const char *prefix, guint number);
void work_clear (Work *self);

/* Makes one or two calls. Returns FALSE if a call failed. Then the work has ended. */
gboolean work_step (Work *self);

/* Prints "done PROCESS CALLS SLOWEST OUTCOME". */
void work_report (Work *self);

/* Returns "ok" if @error is NULL, the nick of a ShmError, or the name of another error domain. */
const char *outcome_of (const GError *error);

/* Kills this process after @seconds, so that a call that hangs does not block the tests. Forked
 * children do not inherit the timer. */
void allow_seconds (guint seconds);

G_END_DECLS
