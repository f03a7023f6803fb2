/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls a function when another process removes the name of a block, or gives the name to another
 * file.
 *
 * A process has one queue of system events (inotify on Linux) for all its watches, and no thread
 * for them. All main contexts in which watches were created poll the queue. The first main context
 * that reads an event wakes the others that have a watch of the file.
 *
 * A process that may write a block can cause any number of events. Therefore the source in a main
 * context does a limited amount of work each time it is dispatched, and pauses in between.
 */

#pragma once

#include "core/shm-system.h"

G_BEGIN_DECLS

/* The maximum number of watches whose names are checked, and whose functions are called, in one
 * dispatch of a main context. */
#define SHM_WATCH_CHECKS_MAX 128

typedef struct _ShmWatch ShmWatch;

/* Called at most once, in the main context of the watch, when the name does not stand for the block
 * any more. The functions of several watches are called in the order in which their names were
 * removed, unless so many events occurred that the system discarded some. */
typedef void (*ShmWatchFunc) (gpointer user_data);

/* Creates a watch in the thread-default main context. If the name already stands for another file
 * at the time of this call, or does not exist, @func is called later as well. @free_data is called
 * for @user_data when the watch no longer needs it. Returns NULL with a fault at SHM_STEP_WATCH. */
ShmWatch *shm_watch_new (const char *name,
                         const ShmIdentity *identity,
                         ShmWatchFunc func,
                         gpointer user_data,
                         GDestroyNotify free_data,
                         ShmFault *fault);

/* Ends a watch, in any thread. If the function of the watch is running in another thread, it
 * continues. */
void shm_watch_free (ShmWatch *watch);

G_END_DECLS
