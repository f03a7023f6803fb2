/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A descriptor of a block for one lock; see shm-reopened.h.
 *
 * If other code in the program closes the descriptor of a handle, the lock ends. The library cannot
 * notice it before it uses the descriptor again.
 */

#pragma once

#include "core/shm-reopened.h"
#include "core/shm-system-lock.h"

#include <errno.h>

G_BEGIN_DECLS

typedef struct _ShmLockPool ShmLockPool;

typedef struct
{
  ShmReopened file;
  gboolean is_open;  /* whether @file must be closed */
  ShmLockPool *pool; /* (owned): the pool to which the handle belongs */
} ShmLockHandle;

/* The block that a handle opens. */
typedef struct
{
  int fd;           /* the descriptor of the block */
  const char *name; /* (nullable) */
  const ShmIdentity *identity;
  gboolean read_only; /* whether to open the block for reading only */
} ShmLockSource;

/* The bytes that a lock covers, and its mode. */
typedef struct
{
  guint64 offset;
  guint64 length;
  gboolean is_shared;
} ShmLockRange;

/* Opens a handle that is not open in this process. A new handle consists of zeros. The address of
 * the handle must not change until shm_lock_handle_close(). Fails as shm_reopened_open() does. */
gboolean shm_lock_handle_open (ShmLockHandle *self, const ShmLockSource *source, ShmFault *fault);

/* Closes the descriptor, and so releases the locks. The handle may also be one that is not open. */
void shm_lock_handle_close (ShmLockHandle *self);

/* Returns whether the handle is open in this process. FALSE in a forked child. */
static inline gboolean
shm_lock_handle_is_open (const ShmLockHandle *self)
{
  return self->is_open && self->file.fd >= 0;
}

/* Locks a range. If @wait is TRUE, waits for as long as another handle or process has a lock that
 * conflicts. Fails at SHM_STEP_LOCK: EAGAIN if it does not wait, and such a lock exists; EBADF if
 * other code has closed the descriptor, and the handle is then closed, too. */
static inline gboolean
shm_lock_handle_lock (ShmLockHandle *self,
                      const ShmLockRange *range,
                      gboolean wait,
                      ShmFault *fault)
{
  gboolean is_locked;

  shm_at (LOCK);
  is_locked = shm_system_lock_bytes (self->file.fd, range->is_shared, range->offset, range->length,
                                     wait, fault);
  shm_at (LOCK);

  if (G_UNLIKELY (!is_locked && fault->errnum == EBADF))
    shm_lock_handle_close (self);

  return is_locked;
}

/* Releases the lock of a range. Fails at SHM_STEP_UNLOCK, and closes the handle: EBADF if other
 * code has closed the descriptor, so that the lock had ended before. */
static inline gboolean
shm_lock_handle_unlock (ShmLockHandle *self, const ShmLockRange *range, ShmFault *fault)
{
  shm_at (UNLOCK);
  if (G_LIKELY (shm_system_unlock_bytes (self->file.fd, range->offset, range->length, fault)))
    return TRUE;

  shm_lock_handle_close (self);

  return FALSE;
}

G_END_DECLS
