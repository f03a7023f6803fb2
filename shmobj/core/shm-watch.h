/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Telling when another process takes a block's name away or gives it to something else.
 *
 * The kernel tells by inotify, of which a process has one here for all its watches; no thread
 * stands behind it. The main contexts in which watches were made wait for its descriptor, and
 * whichever looks first passes on what concerns the others.
 */

#pragma once

#include "core/shm-system.h"

G_BEGIN_DECLS

typedef struct _ShmWatch ShmWatch;

/* Called once, in the watch's main context, when the name no longer stands for the block. */
typedef void (*ShmWatchFunc) (gpointer user_data);

/* Watches from the calling thread's default main context. If the name is gone already @func is
 * called all the same. @free_data is called for @user_data when it is needed no more. */
ShmWatch *shm_watch_new (const char *name,
                         const ShmIdentity *identity,
                         ShmWatchFunc func,
                         gpointer user_data,
                         GDestroyNotify free_data,
                         ShmFault *fault);

/* From any thread. A call of the function that has begun in another thread may still end. */
void shm_watch_free (ShmWatch *watch);

G_END_DECLS
