/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "shm-waker.h"

G_BEGIN_DECLS

/* Makes the descriptor readable at @time, a monotonic time in microseconds, or earlier. For a
 * source of the main context that has begun to wait outside shm_waker_dispatch(). Call it in the
 * thread of the loop. */
void shm_waker_wake_until (ShmWaker *self, gint64 time);

G_END_DECLS
