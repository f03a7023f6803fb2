/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Locks of a block, for the public functions of blocks and of lists. */

#pragma once

#include "core/shm-lock-pool.h"
#include "shm-lock-guard.h"
#include "shm-shared-memory.h"

G_BEGIN_DECLS

/* Locks a range, which the caller has checked. Waits for at most @timeout microseconds, or without
 * a limit if @timeout is negative. */
ShmLockGuard *shm_shared_memory_take_lock (ShmSharedMemory *self,
                                           const ShmLockRange *range,
                                           gint64 timeout,
                                           GCancellable *cancellable,
                                           GError **error);

/* Does the same without blocking the thread. The result of @task is a guard. Takes ownership of
 * @task. */
void shm_shared_memory_start_lock (ShmSharedMemory *self,
                                   const ShmLockRange *range,
                                   gint64 timeout,
                                   GTask *task);

G_END_DECLS
