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

/* The meaning of an event of a file. */
typedef enum
{
  SHM_QUEUE_NAME = 1 << 0,    /* the file may have lost a name or been moved */
  SHM_QUEUE_CONTENT = 1 << 1, /* a process has touched the file, or written to its descriptor */
  SHM_QUEUE_IS_OVER = 1 << 2, /* no further events come for the file, and its number is free */
} ShmQueueEvents;

/* Opens a queue. Its descriptor becomes readable when there are events; the caller closes it. A
 * forked child shares the queue of its parent: the child must close the descriptor, and must not
 * read from it. Fails at SHM_STEP_WATCH. */
int shm_system_queue_open (ShmFault *fault);

/* Adds the file that @name stands for, to receive its events SHM_QUEUE_NAME. Returns the number of
 * the file, or -1 with a fault at SHM_STEP_WATCH: ENOENT if the name does not exist. If the file is
 * in the queue already, returns the same number again, and keeps the events that were added
 * before. */
int shm_system_queue_add_name (int queue, const char *name, ShmFault *fault);

/* Adds the file of a descriptor in the same way, to receive its events SHM_QUEUE_CONTENT. The file
 * must be readable for this process. */
int shm_system_queue_add_content (int queue, int fd, ShmFault *fault);

/* Removes a file with all its events. */
void shm_system_queue_remove (int queue, int file);

/* Called for an event. */
typedef void (*ShmQueueFunc) (int file, ShmQueueEvents events);

/* Takes at most SHM_SYSTEM_EVENTS_MAX events from the queue, without waiting. Returns the number of
 * events. */
guint shm_system_queue_read (int queue, ShmQueueFunc func);

/* Causes an event SHM_QUEUE_CONTENT in all processes that have added the file of @fd. It changes
 * neither the content nor the size, only times of the file. On Linux, the descriptor of
 * memfd_create() causes no event, and a descriptor from shm_system_reopen() does. Returns FALSE if
 * this process may not write the file. */
gboolean shm_system_touch (int fd);

G_END_DECLS
