/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Telling a process from its children. Process numbers can't: a child in a new namespace may have
 * its parent's. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many forks lie between this process and the first call of this function. */
guint shm_fork_get_generation (void);

G_END_DECLS
