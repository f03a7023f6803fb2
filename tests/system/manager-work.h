/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the starter and the clients of a manager do in the tests of deaths: they create, take over,
 * release and list blocks at random until there is no server any more, and measure how long each
 * call takes. What the tests have to know of a block they print before anybody can be killed. */

#pragma once

#include <shmobj/shmobj.h>

G_BEGIN_DECLS

typedef struct
{
  ShmManager *manager; /* the owner's */
  char *prefix;        /* (owned): of all names */
  GRand *random;       /* (owned) */
  GQueue names;        /* (element-type utf8) (owned): what it may release */
  guint n_named;
  guint n_calls;
  gint64 began;   /* monotonic time */
  gint64 slowest; /* microseconds */
  const char *outcome;
} Work;

/* @number tells it from others of this process, whose names are others as well. */
void work_init (Work *self, ShmManager *manager, const char *prefix, guint number);
void work_clear (Work *self);

/* One call, or two. FALSE if it failed, which is the end. */
gboolean work_step (Work *self);

/* Prints "done PROCESS CALLS SLOWEST OUTCOME". */
void work_report (Work *self);

/* "ok", or the nick of a ShmError. */
const char *outcome_of (const GError *error);

/* The call that hangs is not to hang the tests: kills this process, which then reports nothing. Not
 * inherited by forked children. */
void allow_seconds (guint seconds);

G_END_DECLS
