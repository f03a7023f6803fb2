/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Open file description locks (OFD locks) on numbers, and on the bytes of a block. The kernel
 * releases the lock when the last descriptor of its open file description is closed, also when the
 * process is killed. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* The largest number that can be locked; the smallest number is 1. */
#define SHM_SYSTEM_LOCK_NUMBER_MAX ((G_GUINT64_CONSTANT (1) << 61) - 1)

/* The number of bytes that can be locked without locking a number: each number is a byte behind
 * them. */
#define SHM_SYSTEM_LOCK_BYTES_MAX (G_GUINT64_CONSTANT (1) << 62)

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

/* Locks @length bytes at @offset for the open file description of @fd, which must be writable
 * unless
 * @is_shared is TRUE. Several open file descriptions can hold shared locks of the same bytes. The
 * range ends at SHM_SYSTEM_LOCK_BYTES_MAX at most. If @wait is TRUE, waits without a time limit.
 * Fails at SHM_STEP_LOCK: EAGAIN if @wait is FALSE, and another open file description, or a POSIX
 * lock, locks some of the bytes. */
gboolean shm_system_lock_bytes (int fd,
                                gboolean is_shared,
                                guint64 offset,
                                guint64 length,
                                gboolean wait,
                                ShmFault *fault);

/* Releases the locks of the open file description of @fd on a range. Fails at SHM_STEP_UNLOCK. */
gboolean shm_system_unlock_bytes (int fd, guint64 offset, guint64 length, ShmFault *fault);

/* Returns whether an open file description other than that of @fd holds a lock of
 * shm_system_lock_number(). Returns TRUE too if the system reports an error. */
gboolean shm_system_is_number_locked (int fd, guint64 number);

/* Returns whether an open file description other than that of @fd holds a lock, shared or not.
 * Returns TRUE too if the system reports an error. */
gboolean shm_system_is_number_in_use (int fd, guint64 number);

G_END_DECLS
