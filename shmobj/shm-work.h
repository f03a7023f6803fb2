/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asynchronous functions: something that takes a while, done in a thread of its own, and not in one
 * of GTask's pool. The pool does not survive fork(), and a child that asked it for a thread would
 * wait for ever.
 *
 * The thread makes itself known by a source, and has ended when the caller's callback runs. A
 * callback that forks could otherwise do so while the thread, on its way out, holds a lock of
 * GLib's, and the child would find that locked for ever.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  /* In the thread. Returns what the task returns, or NULL with an error. */
  gpointer (*run) (gpointer data, GCancellable *cancellable, GError **error);

  /* (nullable): in the main context of the task, before its callback, whether or not it failed. */
  void (*done) (gpointer data);

  GDestroyNotify free_data;
  GDestroyNotify free_result; /* (nullable) */
} ShmWork;

/* Takes @task and @data over. What is done when somebody cancels a moment too late is returned, and
 * not lost. */
void shm_work_start (const ShmWork *work, GTask *task, gpointer data);

G_END_DECLS
