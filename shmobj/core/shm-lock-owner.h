/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process that writes a list, as the other processes see it: a number that the kernel takes back
 * when the process dies, however it dies. Whoever finds the number in a lock can ask the kernel
 * whether somebody is still there to release it.
 *
 * A program that closes descriptors that it has not opened, ours among them, passes for dead from
 * then on, and others may write at the same time as it does.
 *
 * A child of fork() is not the lock_owner that its parent is, and must not keep its parent's
 * number alive: its copies of the descriptors are closed as soon as it exists.
 */

#pragma once

#include "core/shm-system.h"

G_BEGIN_DECLS

typedef struct _ShmLockOwner ShmLockOwner;

struct _ShmLockOwner
{
  guint64 number;       /* 1 to SHM_SYSTEM_LOCK_NUMBER_MAX */
  guint generation;     /* of the process that it is */
  int fd;               /* -1 in a child of that process */
  ShmIdentity identity; /* of what the descriptor was opened for */
  ShmLockOwner *older;  /* what the owner had before it was forked (owned) (nullable) */

  ShmLockOwner *next; /* in the list of all lock owners of this process */
  ShmLockOwner **link;
};

/* @fd is of the block, @name where it can also be found, if it has one. */
ShmLockOwner *
shm_lock_owner_new (int fd, const char *name, const ShmIdentity *identity, ShmFault *fault);
void shm_lock_owner_free (ShmLockOwner *self);

/* Whether the lock_owner is this process, and not one that it was forked from. */
gboolean shm_lock_owner_is_current (const ShmLockOwner *self);

/* Whether the lock_owner of that number is alive. TRUE where that can't be told: our own number,
 * or a descriptor that somebody has closed behind our back, and that may stand for another file by
 * now. */
gboolean shm_lock_owner_is_alive (const ShmLockOwner *self, guint64 number);

G_END_DECLS
