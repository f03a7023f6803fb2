/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of a file: its size, its pages, and its mapping. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* Called between the pieces of a long operation. If it returns FALSE, the operation fails with
 * ECANCELED. */
typedef gboolean (*ShmProceedFunc) (gpointer user_data);

/* Gives a new file its size and reserves all its pages, so that no later access can fail for lack
 * of memory. @proceed may be NULL. Fails at SHM_STEP_RESERVE. */
gboolean shm_system_reserve (int fd,
                             guint64 size,
                             ShmProceedFunc proceed,
                             gpointer user_data,
                             ShmFault *fault);

/* Gives a new file its size without reserving pages. Fails at SHM_STEP_RESERVE. */
gboolean shm_system_set_size (int fd, guint64 size, ShmFault *fault);

/* Checks that a write up to the offset @end stays within RLIMIT_FSIZE. Otherwise the kernel would
 * send a signal that kills the process. Fails at SHM_STEP_CHECK_LIMIT with EFBIG. */
gboolean shm_system_check_limit (guint64 end, ShmFault *fault);

/* Maps the first @size bytes of a file. A mapping that is not writable does not prevent a seal
 * against writing. If @writable is TRUE and another process is trying to seal the file, waits for
 * the end of this attempt, but not longer than 0.5 seconds. The caller calls munmap(). On failure,
 * returns NULL with a fault at SHM_STEP_MAP. After ENOMEM the detail of the fault is about the size
 * of the largest free piece of address space. */
gpointer shm_system_map (int fd, gsize size, gboolean writable, ShmFault *fault);

/* Allocates all pages of a new file that has its size, and maps them: no later access to @data, a
 * writable mapping of the file, causes a page fault. @proceed may be NULL. Fails at
 * SHM_STEP_RESERVE. */
gboolean shm_system_populate (gpointer data,
                              gsize size,
                              int fd,
                              ShmProceedFunc proceed,
                              gpointer user_data,
                              ShmFault *fault);

/* Asks the system to use huge pages for the pages of a mapping that are allocated from now on. Has
 * no effect if the system or the file system provides none. */
void shm_system_advise_huge_pages (gpointer data, gsize size);

/* These two functions replace a mapping by a mapping of the same file at the same address. Reads in
 * other threads are not disturbed. shm_system_freeze_mapping() replaces a writable mapping by one
 * that does not prevent a seal against writing; shm_system_thaw_mapping() replaces it by a writable
 * one, and waits as shm_system_map() does. They fail at SHM_STEP_MAP; the mapping is then the same
 * as before. */
gboolean shm_system_freeze_mapping (gpointer data, gsize size, int fd, ShmFault *fault);
gboolean shm_system_thaw_mapping (gpointer data, gsize size, int fd, ShmFault *fault);

G_END_DECLS
