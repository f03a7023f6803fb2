/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The starter's end of a helper process.
 *
 * A helper belongs to the process that started it. A forked child only lets go of its copies of
 * the descriptors: it must neither read what is said to its parent nor end what is its parent's.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _ShmHelper ShmHelper;

typedef struct
{
  GSocketAddress *address; /* (nullable): NULL for a path in a new folder */
  GBytes *key;
  gboolean allow_md5;
  gboolean allow_other_users;
  guint64 client; /* whose doings are not reported: it knows them */
} ShmHelperPlan;

/* Returns when the server listens. Fails with what it says; NOT_FOUND if there is no such program,
 * SERVER_DIED if it ends, TIMED_OUT, or G_IO_ERROR_CANCELLED. Nothing is left then. */
ShmHelper *shm_helper_start (const ShmHelperPlan *plan, GCancellable *cancellable, GError **error);

/* Ends the process, as shm_helper_end() does. */
void shm_helper_free (ShmHelper *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmHelper, shm_helper_free)

/* Whether this process started it, and not one that this was forked from. */
gboolean shm_helper_is_ours (ShmHelper *self);

GSocketAddress *shm_helper_get_address (ShmHelper *self);
GPid shm_helper_get_pid (ShmHelper *self);

/* Whether the process ends within that time, or has ended before. */
gboolean shm_helper_await_death (ShmHelper *self, guint timeout_msec);

/* Gets ready when there is a report, or the process has ended. (transfer full) */
GSource *shm_helper_create_source (ShmHelper *self);

typedef void (*ShmHelperReport) (gboolean is_tracked, const char *name, gpointer user_data);

/* Reads what there is to read and does not wait. FALSE if the process has ended. */
gboolean shm_helper_receive (ShmHelper *self, ShmHelperReport report, gpointer user_data);

/* Tells the process to end, and waits until it has removed everything. If it takes longer than
 * @timeout_msec it is killed, and what is left is removed here. A cancellation makes it fail,
 * and then the process ends by itself; and PERMISSION_DENIED if it can't be killed. */
gboolean
shm_helper_end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error);

/* After the death of the process: removes what it has left. If that was not possible, because there
 * was no memory for example, another call tries again. */
void shm_helper_bury (ShmHelper *self);

G_END_DECLS
