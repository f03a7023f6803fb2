/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process as the owner of the robust lock of a list.
 *
 * A lock owner has a random number. It holds an open file description lock of the block on this
 * number (see shm-system-lock.h). The kernel releases the lock when the process dies, for whatever
 * reason. A process that finds the number in the robust lock of the list can therefore ask the
 * kernel whether the owner is alive.
 *
 * If other code in the program closes the descriptor of a lock owner, other processes see this lock
 * owner as dead. They can then take the robust lock, and write at the same time as the program.
 *
 * A forked child is a different lock owner than its parent.
 */

#pragma once

#include "core/shm-reopened.h"

G_BEGIN_DECLS

/* How long shm_lock_owner_new() waits while another process has locked the whole file. */
#define SHM_LOCK_OWNER_TIMEOUT_MSEC 1000

typedef struct _ShmLockOwner ShmLockOwner;

struct _ShmLockOwner
{
  guint64 number;      /* 1 to SHM_SYSTEM_LOCK_NUMBER_MAX */
  ShmReopened file;    /* holds the lock */
  ShmLockOwner *older; /* (owned) (nullable): the lock owner of the parent process */
};

/* Registers this process as a lock owner of the block of @fd. @name is the name of the block, or
 * NULL. The function keeps neither @fd nor @name. Returns NULL and sets @fault to the step
 * LIST_OWNER if the block cannot be opened again, or with EAGAIN if no number is free. */
ShmLockOwner *
shm_lock_owner_new (int fd, const char *name, const ShmIdentity *identity, ShmFault *fault);

/* Frees @self and the lock owners of parent processes that it owns. @self may be NULL. */
void shm_lock_owner_free (ShmLockOwner *self);

/* Returns whether this process created @self. FALSE in a forked child, if the parent created @self
 * before the fork(). */
static inline gboolean
shm_lock_owner_is_current (const ShmLockOwner *self)
{
  return shm_reopened_is_current (&self->file);
}

/* Returns whether the lock owner with @number is alive. This is TRUE for the number of @self.
 * Returns TRUE too if the answer is unknown, for example because another part of the program has
 * closed the descriptor of @self. */
gboolean shm_lock_owner_is_alive (const ShmLockOwner *self, guint64 number);

/* Touches the block of @self, see shm_system_touch(). Returns FALSE if this is not possible. */
gboolean shm_lock_owner_touch (const ShmLockOwner *self);

G_END_DECLS
