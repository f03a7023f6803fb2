/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An attempt to lock a range of a block: what blocking and asynchronous locks have in common. */

#pragma once

#include "core/shm-lock-pool.h"
#include "shm-lock-guard.h"
#include "shm-shared-memory.h"

G_BEGIN_DECLS

typedef struct
{
  ShmSharedMemory *block; /* (unowned) */
  ShmLockHandle *handle;  /* (owned) (nullable) */
  ShmLockRange range;
  gint64 deadline;           /* monotonic time in microseconds; G_MAXINT64: no limit */
  GCancellable *cancellable; /* (unowned) (nullable) */
} ShmLockAttempt;

/* The result of one way to lock. */
typedef enum
{
  SHM_LOCK_RESULT_LOCKED,
  SHM_LOCK_RESULT_NOT_LOCKED, /* another lock is held */
  SHM_LOCK_RESULT_FAILED,     /* the error is set */
  SHM_LOCK_RESULT_LOST,       /* the handle is closed, and the error is not set: begin again */
} ShmLockResult;

/* Returns the range of all bytes of any block. It does not include the numbers of lock owners. */
ShmLockRange shm_shared_memory_get_whole_range (ShmLockMode mode);

/* Initialises an attempt that waits for at most @timeout microseconds, or without a limit if
 * @timeout is negative. */
void shm_lock_attempt_init (ShmLockAttempt *self,
                            ShmSharedMemory *block,
                            const ShmLockRange *range,
                            gint64 timeout,
                            GCancellable *cancellable);
void shm_lock_attempt_clear (ShmLockAttempt *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmLockAttempt, shm_lock_attempt_clear)

/* Checks a range that a caller has given, and sets @range. Fails with CLOSED or OUT_OF_RANGE. */
gboolean shm_lock_attempt_set_range (ShmSharedMemory *block,
                                     guint64 offset,
                                     guint64 length,
                                     ShmLockMode mode,
                                     ShmLockRange *range,
                                     GError **error);

/* Checks that the object is open and can hold the lock, and gets a handle. */
gboolean shm_lock_attempt_begin (ShmLockAttempt *self, GError **error);

/* Locks the range once, as shm_lock_handle_lock() does. */
gboolean shm_lock_attempt_lock (ShmLockAttempt *self, gboolean wait, ShmFault *fault);

/* Interprets the result of locking. @fault is unused if @is_locked is TRUE. */
ShmLockResult shm_lock_attempt_check (ShmLockAttempt *self,
                                      gboolean is_locked,
                                      const ShmFault *fault,
                                      GError **error);

/* Returns a guard for the lock that the handle holds. */
ShmLockGuard *shm_lock_attempt_succeed (ShmLockAttempt *self);

/* Returns TRUE and sets the error if the attempt was cancelled, or no time is left. */
gboolean shm_lock_attempt_is_over (ShmLockAttempt *self, GError **error);

/* Sets the error for a fault. Prefers CLOSED if the object was closed meanwhile. */
void shm_lock_attempt_set_error (ShmLockAttempt *self, const ShmFault *fault, GError **error);

/* Sets the error for a result SHM_LOCK_RESULT_LOST. */
void shm_lock_attempt_set_lost_error (ShmLockAttempt *self, GError **error);

G_END_DECLS
