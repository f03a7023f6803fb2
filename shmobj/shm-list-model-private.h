/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Declarations for the files of the class:
 *
 *     shm-list-model.c        the object: GListModel, properties, methods
 *     shm-list-model-look.c   looks at the list, decides when to look again, and emits the changes
 *     shm-list-model-open.c   the models of a list: shm_shareable_list_get_model()
 */

#pragma once

#include "core/shm-list-watcher.h"
#include "core/shm-watch.h"
#include "shm-list-model.h"
#include "shm-model-item-private.h"

G_BEGIN_DECLS

/* Decides when the model looks. The watch and the handler of the signal "closed" hold references to
 * it, because they can run after the model is finalized. Only the thread of the main context uses
 * the fields. */
typedef struct
{
  GSource source; /* must be first */
  GWeakRef model;

  gboolean is_asleep;    /* whether the next look waits for a writer */
  gint64 last_look;      /* monotonic time of the beginning of the last look */
  gint64 last_full_look; /* the same of the last look that did not trust the sequence counter */
  gint64 frame;          /* microseconds: the shortest time between two looks */
  gint64 pause; /* microseconds: the pause before the next look, if the last has not settled */
} Waker;

struct _ShmListModel
{
  GObject parent_instance;

  /* All are NULL if the object was not created by shm_shareable_list_get_model(). */
  ShmShareableList *list; /* (owned) (nullable) */
  GMainContext *context;  /* (owned) (nullable) */
  Waker *waker;           /* (owned) (nullable): NULL after the model has ended */
  ShmWatch *watch;        /* (owned) (nullable): NULL if the model polls */
  gulong closed_handler;

  ShmListWatcher watcher;
  ShmModelItems *items; /* (owned) (nullable) */
  gint64 interval;      /* microseconds; 0 for none */
  GError *error;        /* (owned) (nullable) */
};

/* Returns the value at @index when the model last looked, or NULL if it is invalid. The result is
 * not floating. */
GVariant *shm_list_model_dup_value (ShmListModel *self, guint64 index);

/* Replaces the property `error`. Takes ownership of @error, which may be NULL. */
void shm_list_model_take_error (ShmListModel *self, GError *error);

/* Returns whether the list is open. Otherwise ends the model, and fails with CLOSED. */
gboolean shm_list_model_check_open (ShmListModel *self, GError **error);

/* Begins to look, in the main context of the model. @use is the block of the list. */
void shm_list_model_start (ShmListModel *self, ShmBlockUse *use);

/* Ends looking, but keeps the values. Can be called again. */
void shm_list_model_end (ShmListModel *self);

/* Compares the whole list now, schedules the next look, and emits the changes. */
void shm_list_model_look (ShmListModel *self);

#ifdef SHM_TEST_HOOKS
/* The longest time of a look in microseconds, except that a look compares at least 64 KiB. */
extern gint64 shm_test_model_usec;
#endif

/* Looks after one frame, because the interval has changed. */
void shm_list_model_look_soon (ShmListModel *self);

G_END_DECLS
