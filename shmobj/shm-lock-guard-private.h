/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "core/shm-list-layout.h"
#include "core/shm-lock-pool.h"
#include "core/shm-mapping.h"
#include "shm-lock-guard.h"

G_BEGIN_DECLS

/* Returns a guard for a lock that is held. The guard owns @handle. */
ShmLockGuard *shm_lock_guard_new (ShmLockHandle *handle, const ShmLockRange *range);

/* Takes notice of a previous holder of the lock of a list that has died. Unless @number is 0, also
 * stores it in the trailer until the release, as the number of this process. @trailer is in
 * @mapping, of which the guard takes a reference. */
void shm_lock_guard_hold_list (ShmLockGuard *self,
                               ShmMapping *mapping,
                               ShmListTrailer *trailer,
                               guint64 number);

G_END_DECLS
