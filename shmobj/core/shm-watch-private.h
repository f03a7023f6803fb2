/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Declarations for the files about watches:
 *
 *     shm-watch.c         the watches themselves
 *     shm-watch-reader.c  the sources in main contexts, which call the functions of the watches
 *     shm-watch-queue.c   the queue of system events, and the files in it
 *
 * The lock protects the variables of these files. It is held during fork(), so that the child finds
 * them consistent. Hold it for a limited number of events only, because fork() in another thread
 * waits. Release it before calling a callback, or a function of the main loop that can run code of
 * the program. Functions with the suffix _locked need the lock. */

#pragma once

#include "core/shm-system-watch.h"
#include "core/shm-watch.h"

G_BEGIN_DECLS

typedef enum
{
  SHM_WATCH_NAME,
  SHM_WATCH_CONTENT,
  SHM_WATCH_N_KINDS
} ShmWatchKind;

typedef struct _ShmWatchReader ShmWatchReader;

/* A file in the queue. */
typedef struct
{
  int number; /* the number that the queue has given to the file */
  ShmIdentity identity;
  struct
  {
    GQueue watches;       /* (element-type ShmWatch) */
    gboolean are_pending; /* whether all its watches are pending since the last event */
  } kinds[SHM_WATCH_N_KINDS];
} ShmWatchFile;

struct _ShmWatch
{
  int ref_count; /* (atomic): one for the owner, one for the reader */
  ShmWatchKind kind;
  char *name; /* (owned) (nullable): of a watch of a name */
  int fd;     /* of a watch of a content; belongs to the caller, and may be closed */
  ShmIdentity identity;
  ShmWatchFunc func; /* (nullable): NULL if the watch only wakes the main context */
  GDestroyNotify free_data;

  /* Protected by the lock. */
  gpointer user_data;
  ShmWatchFilter filter;  /* (nullable) */
  gboolean is_suspended;  /* whether events lead to no call */
  guint n_ignored;        /* the number of events since the watch was suspended */
  ShmWatchReader *reader; /* (nullable): NULL when the watch has ended */
  ShmWatchFile *file;     /* (nullable): NULL if the watched file is not in the queue */
  gboolean is_pending;    /* whether the watch must be handled by its reader */
  GList link;             /* an element of the watches of the reader */
  GList pending_link;     /* an element of the pending watches of the reader, if @is_pending */
  GList file_link;        /* an element of the watches of the file, if there is a @file */
};

/* Watches */

void shm_watch_unref (ShmWatch *watch);

/* Handles a pending watch, without the lock: checks its name or calls its function. */
void shm_watch_handle (ShmWatch *watch);

/* The queue */

void shm_watch_lock (void);
void shm_watch_unlock (void);

/* Opens the queue if it is not open. In a forked child, this is a new queue, and all watches become
 * pending. */
gboolean shm_watch_queue_ensure_locked (ShmFault *fault);

/* Returns the descriptor, or -1, and a number that changes with the queue. */
int shm_watch_queue_get_locked (guint *generation);

/* Takes events from the queue. Returns their number. */
guint shm_watch_queue_read_locked (void);

/* Adds the file of a watch to the queue, and sets its file. */
gboolean shm_watch_queue_add_locked (ShmWatch *watch, ShmFault *fault);

/* Removes the watch from its file. Removes the file from the queue if no other watch needs it. */
void shm_watch_queue_remove_locked (ShmWatch *watch);

/* Makes all watches of the content of a file pending. */
void shm_watch_queue_wake_locked (const ShmIdentity *identity);

/* Readers */

/* Adds a watch to the reader of the main context. */
void shm_watch_reader_add_locked (ShmWatch *watch, GMainContext *context);

/* Removes a watch from its reader. Returns the reader if this was its last watch, otherwise NULL.
 * The caller frees the returned reader without the lock: freeing it can free its main context, and
 * that can run code of the program. */
ShmWatchReader *shm_watch_reader_remove_locked (ShmWatch *watch);

void shm_watch_reader_free (ShmWatchReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmWatchReader, shm_watch_reader_free)

GMainContext *shm_watch_reader_get_context (ShmWatchReader *reader);

/* Lets the main context of the watch handle it. */
void shm_watch_reader_mark_locked (ShmWatch *watch);

/* Does the same for all watches of all readers. */
void shm_watch_reader_mark_all_locked (void);

G_END_DECLS
