/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A private copy of all values of a list, which finds the values that have changed, and decides
 * when its owner can sleep. shm-list-sync.h describes how a writer wakes a sleeping watcher.
 *
 * A watcher belongs to one thread. It never waits for another process, and never takes the lock of
 * the list: a watcher that is stopped does not disturb the writers.
 */

#pragma once

#include "core/shm-list-copy.h"

G_BEGIN_DECLS

/* Takes the place of an index if there is no item. */
#define SHM_LIST_NO_ITEM G_MAXUINT64

/* A pass compares the whole list. It can take several looks. */
typedef struct
{
  guint64 next;              /* the item at which the next look continues, or 0 to begin a pass */
  guint64 previous_sequence; /* the sequence counter at the beginning of the previous pass */
  gboolean is_complete;      /* whether the copy has all values of the items before @next */
  guint64 invalid_index;     /* the first invalid item, or SHM_LIST_NO_ITEM */
  gboolean accepts_invalid;  /* whether to show invalid values as such */
} ShmListPass;

typedef struct
{
  ShmList *list;         /* (unowned): must outlive the watcher */
  ShmListCopy copy;      /* the values that the owner of the watcher shows */
  guint64 corrupt_index; /* index of an item whose value is corrupt, or SHM_LIST_NO_ITEM */

  ShmListPass pass;
  guint64 sequence; /* the sequence counter at the beginning of the pass */

  /* The result of the last pass that has ended. */
  guint64 lock;          /* the number in the lock at the end of the pass */
  gboolean is_complete;  /* whether the copy has all values of the list at @sequence */
  guint64 invalid_index; /* the first invalid item, or SHM_LIST_NO_ITEM */
  gint64 invalid_since;  /* monotonic time of the first look that found this item invalid */
} ShmListWatcher;

/* Neighbouring items that have changed. */
typedef struct
{
  guint64 first;
  guint64 n_items;
} ShmListRun;

/* The next action of the owner after a look. */
typedef enum
{
  SHM_LIST_LOOK_SETTLED, /* arm, and then sleep */
  SHM_LIST_LOOK_AGAIN,   /* look again after a pause */
  SHM_LIST_LOOK_REST,    /* the time was over: look at the rest of the list after a pause */
  SHM_LIST_LOOK_STUCK,   /* the same, but nothing has moved since the last look: pause longer */
} ShmListLook;

/* Copies all values of @list, as shm_list_copy() does, which can wait for other processes. Fails as
 * that function does. The caller must call shm_list_watcher_clear(), also after a failure. */
gboolean shm_list_watcher_init (ShmListWatcher *self, ShmList *list, ShmFault *fault);
void shm_list_watcher_clear (ShmListWatcher *self);

/* Compares the list with the copy, stores the values that have changed in the copy, and adds their
 * positions to @runs (element-type ShmListRun) in the order of the items. Each value in the copy is
 * complete, but the values can be from different moments if other processes write at the same time.
 *
 * The function stops at @deadline, a monotonic time, but compares a part of the list in any case.
 * Then it returns SHM_LIST_LOOK_REST, and the next call continues, unless it has no deadline: with
 * G_MAXINT64, a call compares the whole list.
 *
 * If @compare_all is FALSE, a new pass trusts the sequence counter: it does not find values that
 * stock CPython has written. */
ShmListLook
shm_list_watcher_look (ShmListWatcher *self, gboolean compare_all, gint64 deadline, GArray *runs);

/* Returns whether the last look has not compared the whole list. */
static inline gboolean
shm_list_watcher_has_rest (const ShmListWatcher *self)
{
  return self->pass.next > 0;
}

/* Arms the list after a look that has settled. Returns TRUE if the owner can sleep: a writer
 * touches the block before it changes a value. Returns FALSE if the owner must look again. The
 * block must be writable, and the list must have a trailer. */
gboolean shm_list_watcher_arm (ShmListWatcher *self);

G_END_DECLS
