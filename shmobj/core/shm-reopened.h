/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A descriptor with an open file description of its own.
 *
 * An open file description lock belongs to all processes that have a copy of the descriptor. The
 * locks of a block must belong to one object of one process, so the object opens the block again. A
 * forked child closes its copy at the end of fork(): the copy would keep the parent's locks after
 * the parent's death. */

#pragma once

#include "core/shm-fork.h"
#include "core/shm-system.h"

G_BEGIN_DECLS

typedef struct _ShmReopened ShmReopened;

struct _ShmReopened
{
  int fd;               /* -1 in a child of the process that opened it, and after closing */
  guint generation;     /* shm_fork_get_generation() of the process that opened it */
  ShmIdentity identity; /* of the block, to detect that @fd refers to another file now */

  ShmReopened *next;  /* in the list of all reopened descriptors of this process */
  ShmReopened **link; /* the pointer to this structure in that list */
};

/* Opens the block of @fd again. @name is the name of the block, or NULL; it is used if /proc is
 * missing. @self must stay at its address until shm_reopened_close(). Fails at SHM_STEP_REOPEN, or
 * at the step of opening by name. */
gboolean shm_reopened_open (ShmReopened *self,
                            int fd,
                            const char *name,
                            const ShmIdentity *identity,
                            gboolean read_only,
                            ShmFault *fault);

/* Closes the descriptor, which releases its locks. Must be called once for each successful
 * shm_reopened_open(), in a forked child too. */
void shm_reopened_close (ShmReopened *self);

/* Returns FALSE in a child of the process that opened the descriptor, and if another part of the
 * program has closed it. The same descriptor number can then belong to another file. */
gboolean shm_reopened_is_valid (const ShmReopened *self);

/* Returns whether this process opened the descriptor. FALSE in a forked child. */
static inline gboolean
shm_reopened_is_current (const ShmReopened *self)
{
  return shm_fork_is_current (self->generation);
}

G_END_DECLS
