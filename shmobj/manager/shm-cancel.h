/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cancellation of synchronous operations.
 *
 * An operation that can take long calls one of these functions at least every 20 ms, in the thread
 * of its caller. They look at the GCancellable of the caller, and call its check function, if it
 * has one. Through the check function, a language binding handles signals such as SIGINT while the
 * operation runs. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Returns FALSE if the operation must stop. */
typedef gboolean (*ShmCancelCheckFunc) (gpointer user_data);

/* Sets the check function of @cancellable, which must not have a check function yet. An operation
 * calls it in its own thread, at most every 10 ms. After the function has returned FALSE,
 * @cancellable is cancelled, and only shm_cancel_check_last() calls the function again. */
void shm_cancel_set_check (GCancellable *cancellable,
                           ShmCancelCheckFunc func,
                           gpointer user_data,
                           GDestroyNotify destroy);

/* Returns whether @cancellable has a check function. @cancellable may be NULL. */
gboolean shm_cancel_has_check (GCancellable *cancellable);

/* Returns whether the operation was cancelled. @cancellable may be NULL. */
gboolean shm_cancel_check (GCancellable *cancellable);

/* A ShmProceedFunc: returns TRUE if the operation was not cancelled. */
gboolean shm_cancel_proceed (gpointer cancellable);

/* Calls the check function of @cancellable, if it has one. An operation that has failed first
 * undoes its work, which can take long, and then calls this function. So the signals that arrived
 * meanwhile are handled here. Otherwise PyGObject would handle them while it converts the GError,
 * and would lose their exceptions. @cancellable may be NULL. */
void shm_cancel_check_last (GCancellable *cancellable);

/* Returns whether the operation was cancelled, and @cancellable has a check function. @cancellable
 * may be NULL. */
gboolean shm_cancel_is_interrupted (GCancellable *cancellable);

/* If the operation was cancelled, sets G_IO_ERROR_CANCELLED and returns TRUE. */
gboolean shm_cancel_set_error (GCancellable *cancellable, GError **error);

G_END_DECLS
