/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notifications of the system about files: one queue of events for many files. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* The file number of an event that concerns all files of a queue. */
#define SHM_SYSTEM_ALL_FILES (-1)

/* The maximum number of events that are taken from a queue at once. */
#define SHM_SYSTEM_EVENTS_MAX 128

/* Opens a queue. Its descriptor becomes readable when there are events; the caller closes it. A
 * forked child shares the queue of its parent: the child must close the descriptor, and must not
 * read from it. Fails at SHM_STEP_WATCH. */
int shm_system_queue_open (ShmFault *fault);

/* Adds the file that @name stands for. Returns the number of the file, or -1 with a fault at
 * SHM_STEP_WATCH: ENOENT if the name does not exist. If the file is in the queue already, returns
 * the same number again. */
int shm_system_queue_add (int queue, const char *name, ShmFault *fault);

/* Removes a file. */
void shm_system_queue_remove (int queue, int file);

/* Called for an event: @file may have lost a name or been moved. If @is_over is TRUE, the queue has
 * no further events for the file, and another file may get its number. */
typedef void (*ShmQueueFunc) (int file, gboolean is_over);

/* Takes at most SHM_SYSTEM_EVENTS_MAX events from the queue, without waiting. Returns the number of
 * events. */
guint shm_system_queue_read (int queue, ShmQueueFunc func);

G_END_DECLS
