/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The work of starters and clients in the tests of deaths: they create, track, remove and list blocks
 * at random until the server has ended, and measure how long each call takes. They print the names of
 * blocks before a kill can lose them. */

#pragma once

#include <shmobj/shmobj.h>

G_BEGIN_DECLS

typedef struct
{
  ShmManager *manager; /* not owned */
  char *prefix;        /* (owned): of all names */
  GRand *random;       /* (owned) */
  GQueue names;        /* (element-type utf8) (owned): what it may release */
  guint n_named;
  guint n_calls;
  gint64 began;   /* monotonic time */
  gint64 slowest; /* microseconds */
  const char *outcome;
} Work;

/* @number distinguishes several Works of one process, also in the names of their blocks. */
void work_init (Work *self, ShmManager *manager, const char *prefix, guint number);
void work_clear (Work *self);

/* Makes one or two calls. Returns FALSE if a call failed: the work is over. */
gboolean work_step (Work *self);

/* Prints "done PROCESS CALLS SLOWEST OUTCOME". */
void work_report (Work *self);

/* Returns "ok", or the nick of a ShmError. */
const char *outcome_of (const GError *error);

/* Kills this process after @seconds, so that a call that hangs does not block the tests. Forked
 * children do not inherit the timer. */
void allow_seconds (guint seconds);

G_END_DECLS
