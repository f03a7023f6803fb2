/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One call of a method of ShmManager: its arguments, and the signals to emit afterwards. The
 * synchronous form of a method runs the call at once; the asynchronous form runs the same function
 * in a thread.
 */

#pragma once

#include "core/shm-list-build.h"
#include "shm-manager-private.h"
#include "shm-work.h"

G_BEGIN_DECLS

typedef struct
{
  ShmManager *self;      /* (owned) */
  GMainContext *context; /* (owned) (nullable): dispatches the reports of a started server */

  /* Arguments; each method uses some of them. */
  char *name; /* (owned) (nullable) */
  guint64 size;
  GVariant *values;      /* (owned) (nullable) */
  GBytes *columns;       /* (owned) (nullable) */
  ShmListSource *source; /* (nullable): belongs to the caller */
  guint mode;
  ShmCreateFlags flags;

  /* Names of blocks for the signals block-tracked and block-removed. */
  char *tracked; /* (owned) (nullable) */
  char *removed; /* (owned) (nullable) */
} ShmManagerCall;

void shm_manager_call_clear (ShmManagerCall *call);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmManagerCall, shm_manager_call_clear)

/* Returns a call for shm_manager_call_start(), which owns it. */
ShmManagerCall *shm_manager_call_new (ShmManager *self, const char *name);

/* A ShmWork whose data is a ShmManagerCall has these functions as its members done and free_data.
 * The first function emits the signals of the call; the second function frees the call. */
void shm_manager_call_emit (gpointer call);
void shm_manager_call_free (gpointer call);

/* Runs the call in the calling thread, and emits its signals. Returns the result of the run
 * function, or NULL with an error. */
gpointer shm_manager_call_run (ShmManagerCall *call,
                               const ShmWork *work,
                               GCancellable *cancellable,
                               GError **error);

/* Runs the call in a thread. Takes ownership of @call. */
void shm_manager_call_start (ShmManagerCall *call,
                             const ShmWork *work,
                             gpointer tag,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);

/* Creates a list with the values, the columns or the source of the call. */
extern const ShmWork shm_manager_create_list_work;

/* Checks the result of a request. If @failure is NULL, returns TRUE. Otherwise takes ownership of
 * @failure, calls shm_manager_handle_error(), propagates @failure to @error and returns FALSE. */
gboolean shm_manager_call_check (ShmManagerCall *call, GError *failure, GError **error);

G_END_DECLS
