/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handles of an open block that hold no lock at the moment.
 *
 * Each lock has a handle of its own. So the kernel alone makes sure that locks of several threads,
 * objects and processes exclude each other. Opening a handle takes as long as locking and
 * unlocking, so some unused handles are kept.
 *
 * Each handle has a reference to its pool: a lock that is still held when the block is closed keeps
 * the pool.
 * All functions can be called from any thread, and take a lock only to open or to close a handle.
 */

#pragma once

#include "core/shm-lock-handle.h"

G_BEGIN_DECLS

/* The number of unused handles to keep. */
#define SHM_LOCK_POOL_SIZE 4

struct _ShmLockPool
{
  int ref_count;                           /* (atomic) */
  char *name;                              /* (owned) (nullable): the name of the block */
  int is_closed;                           /* (atomic): whether the block was closed */
  ShmLockHandle *idle[SHM_LOCK_POOL_SIZE]; /* (atomic) (owned) (nullable) */
};

ShmLockPool *shm_lock_pool_new (const char *name);
ShmLockPool *shm_lock_pool_ref (ShmLockPool *self);
void shm_lock_pool_unref (ShmLockPool *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmLockPool, shm_lock_pool_unref)

/* Closes the unused handles. The handles of locks that are held stay open until they are put back.
 */
void shm_lock_pool_close (ShmLockPool *self);

static inline gboolean
shm_lock_pool_is_closed (ShmLockPool *self)
{
  return g_atomic_int_get (&self->is_closed);
}

/* Returns an open handle without a lock. The caller puts it back. Fails at SHM_STEP_REOPEN. */
ShmLockHandle *shm_lock_pool_take (ShmLockPool *self, const ShmLockSource *source, ShmFault *fault);

/* Gives a handle without a lock back to its pool. @handle may be NULL. */
void shm_lock_pool_put (ShmLockHandle *handle);

G_END_DECLS
