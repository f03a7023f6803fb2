/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notifications of the system about files: one queue of events for many files. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* Stands for all files of a queue, where an event concerns all of them. */
#define SHM_SYSTEM_ALL_FILES (-1)

/* Opens a queue. Its descriptor becomes readable when there are events; the caller closes it. A
 * forked child shares the queue of its parent: it must close the descriptor and not read from it.
 * Fails at SHM_STEP_WATCH. */
int shm_system_queue_open (ShmFault *fault);

/* Adds the file that @name stands for. Returns its number, which is the same each time, or -1 with a
 * fault at SHM_STEP_WATCH: ENOENT if the name does not exist. */
int shm_system_queue_add (int queue, const char *name, ShmFault *fault);

/* Removes a file. */
void shm_system_queue_remove (int queue, int file);

/* Called for an event: @file may have lost a name or been moved. If @is_over, the queue has no
 * further events for it, and its number may be given to another file. */
typedef void (*ShmQueueFunc) (int file, gboolean is_over);

/* Takes all events from the queue, without waiting. */
void shm_system_queue_read (int queue, ShmQueueFunc func);

G_END_DECLS
