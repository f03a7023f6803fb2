/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Open file description locks (OFD locks) on numbers. The kernel releases the lock when the last
 * descriptor of its open file description is closed, also when the process is killed. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* The largest number that can be locked; the smallest number is 1. */
#define SHM_SYSTEM_LOCK_NUMBER_MAX ((G_GUINT64_CONSTANT (1) << 61) - 1)

/* Locks @number of the file for the open file description of @fd, without waiting. All duplicates
 * of @fd share the lock, also those in other processes. Fails at SHM_STEP_LOCK: EAGAIN if another
 * open file description holds the lock. */
gboolean shm_system_lock_number (int fd, guint64 number, ShmFault *fault);

/* Does the same with a shared lock: several open file descriptions can hold it at the same time,
 * and @fd can be read-only. Fails with EAGAIN if another open file description holds a lock of
 * shm_system_lock_number(). */
gboolean shm_system_share_number (int fd, guint64 number, ShmFault *fault);

/* Locks @n numbers, beginning with @first, as shm_system_lock_number() does: all of them or, on
 * failure, none. */
gboolean shm_system_lock_numbers (int fd, guint64 first, guint64 n, ShmFault *fault);

/* Releases the locks of the open file description of @fd on @n numbers, beginning with @first. */
void shm_system_unlock_numbers (int fd, guint64 first, guint64 n);

/* Waits without a time limit until no other open file description holds a lock, and locks @number
 * as shm_system_lock_number() does. */
gboolean shm_system_await_number (int fd, guint64 number, ShmFault *fault);

/* Returns whether an open file description other than that of @fd holds a lock of
 * shm_system_lock_number(). Returns TRUE too if the system reports an error. */
gboolean shm_system_is_number_locked (int fd, guint64 number);

/* Returns whether an open file description other than that of @fd holds a lock, shared or not.
 * Returns TRUE too if the system reports an error. */
gboolean shm_system_is_number_in_use (int fd, guint64 number);

G_END_DECLS
