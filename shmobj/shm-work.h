/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the work of an asynchronous function in a thread of its own.
 *
 * GTask's thread pool cannot be used: its threads do not exist in a child of fork(), so a task in
 * the child would wait for ever.
 *
 * The thread is joined before the callback runs. A callback can therefore call fork(). Without the
 * join, the thread could hold a lock of GLib at the time of the fork(), and this lock would stay
 * locked in the child for ever.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The functions that do the work of one asynchronous function. */
typedef struct
{
  /* Does the work, in the thread. Returns the result of the task, or NULL and sets @error. */
  gpointer (*run) (gpointer data, GCancellable *cancellable, GError **error);

  /* (nullable): called in the main context of the task just before its callback, also after a
   * failure. */
  void (*done) (gpointer data);

  GDestroyNotify free_data;   /* (nullable) */
  GDestroyNotify free_result; /* (nullable) */
} ShmWork;

/* Returns whether the calling thread has a default main context, or can get one. If the program has
 * no main context yet and no descriptors are left, GLib aborts the program at the first use of the
 * main context. A synchronous function that needs a main context must call this function first. (An
 * asynchronous function cannot: without a main context, it could report no error.) */
gboolean shm_work_has_context (void);

/* Starts the work. Takes ownership of @task and @data. If the thread cannot be started, the task
 * fails with SHM_ERROR_FAILED. If the task is cancelled after the work has succeeded, it returns
 * the result, so that the result is not lost. */
void shm_work_start (const ShmWork *work, GTask *task, gpointer data);

/* Checks the arguments of a function that finishes an asynchronous function. @source is the object
 * of the task, or NULL, and @tag is the function that started the task. A macro, so that the
 * warning names the public function. */
#define shm_work_return_val_if_invalid(source, result, tag, error, value)                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_return_val_if_fail (g_task_is_valid (result, source), value);                                \
    g_return_val_if_fail (g_async_result_is_tagged (result, tag), value);                          \
    g_return_val_if_fail (error == NULL || *error == NULL, value);                                 \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
