/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls a function when another process removes the name of a block, or gives the name to another
 * file, and when a process touches the block or writes to its descriptor.
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

/* How many events a watch of a content ignores after shm_watch_suspend(), before it ends. */
#define SHM_WATCH_IGNORED_MAX 8

typedef struct _ShmWatch ShmWatch;

/* Called in the main context of the watch. The functions of several watches are called in the order
 * of the events, unless so many events occurred that the system discarded some. */
typedef void (*ShmWatchFunc) (gpointer user_data);

/* Creates a watch of a name in the thread-default main context. @func is called at most once, when
 * the name does not stand for the block any more. If the name already stands for another file at
 * the time of this call, or does not exist, @func is called later as well. @free_data is called for
 * @user_data when the watch no longer needs it. Returns NULL with a fault at SHM_STEP_WATCH. */
ShmWatch *shm_watch_new (const char *name,
                         const ShmIdentity *identity,
                         ShmWatchFunc func,
                         gpointer user_data,
                         GDestroyNotify free_data,
                         ShmFault *fault);

/* Creates a watch of the content of the file of @fd, which must be readable, in the thread-default
 * main context. @func is called each time that a process has touched or written the file with a
 * system call since the last call of @func; many events can lead to one call. A store to mapped
 * memory is no event. Events of other kinds can lead to a call, too, for example fchmod(). If @func
 * is NULL, the watch only wakes the main context.
 *
 * In a forked child that runs the main context, the watch uses @fd again, if it still is the file
 * with this identity, and calls @func once. Returns NULL with a fault at SHM_STEP_WATCH: EMFILE,
 * ENOSPC or ENOSYS if the process or the user cannot have more watches, EACCES if the user may not
 * read the file. */
ShmWatch *shm_watch_new_for_content (int fd,
                                     const ShmIdentity *identity,
                                     ShmWatchFunc func,
                                     gpointer user_data,
                                     GDestroyNotify free_data,
                                     ShmFault *fault);

/* Returns whether an event matters, for the user data of the watch. */
typedef gboolean (*ShmWatchFilter) (gpointer user_data);

/* Sets a function that is called for each event of a content, in the thread that has read the
 * event. If the function returns FALSE, the watch ignores the event. So a process that reads the
 * event of its own touch need not wake its own main context. The function must be quick, and must
 * not use watches or main contexts: an internal lock is held. */
void shm_watch_set_filter (ShmWatch *watch, ShmWatchFilter filter);

/* These two functions keep a watch of a content for later use, because creating a watch needs
 * several system calls. After suspending, no event leads to a call, and the user data is NULL. The
 * watch ends by itself after SHM_WATCH_IGNORED_MAX events. shm_watch_resume() sets the user data
 * again. It returns FALSE if the watch has ended, or if it belongs to another main context than the
 * thread-default one. */
void shm_watch_suspend (ShmWatch *watch);
gboolean shm_watch_resume (ShmWatch *watch, gpointer user_data);

/* Ends a watch, in any thread. If the function of the watch is running in another thread, it
 * continues. */
void shm_watch_free (ShmWatch *watch);

/* Acts as if all watches of the content of a file had received an event. */
void shm_watch_wake_file (const ShmIdentity *identity);

/* Reads the events that the queue has. If this process has touched a file, the caller thereby takes
 * the event out of the queue, so that no main context of this process wakes up for it, unless a
 * watch of another kind or a filter asks for that. */
void shm_watch_read_events (void);

G_END_DECLS
