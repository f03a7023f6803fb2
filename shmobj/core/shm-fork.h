/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Telling a process from its children, and keeping children from being born at a bad moment. Process
 * numbers can't tell: a child in a new namespace may have its parent's. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many forks lie between this process and the first call of this function. */
guint shm_fork_get_generation (void);

/* Between these two, fork() in another thread waits: for what a child must never have a copy of that
 * it does not know of. Nobody may fork or wait in between, nor take another lock that fork() takes. */
void shm_fork_block (void);
void shm_fork_unblock (void);

G_END_DECLS
