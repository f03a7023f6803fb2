/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The starter's end of a helper process, which runs the server of a manager.
 *
 * A helper belongs to the process that started it. A forked child may only free its copy: it must
 * neither read the reports of the helper nor end the helper.
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
  guint64 client_number; /* the number of the starter's client, whose requests are not reported */
} ShmHelperPlan;

/* Starts the program and waits until its server listens, for ten seconds at most. Fails with the
 * error that the program reports; with NOT_FOUND if there is no such program, SERVER_DIED if the
 * program ends, TIMED_OUT, or G_IO_ERROR_CANCELLED. After a failure no process is left. */
ShmHelper *shm_helper_start (const ShmHelperPlan *plan, GCancellable *cancellable, GError **error);

/* Ends the process and frees @self. Blocks for 100 milliseconds at most. If the process needs
 * longer, a thread waits for two more seconds, then kills the process and removes its blocks. If no
 * thread can be started, the function itself kills the process and removes its blocks, and waits
 * for the death of the process for at most half a second. */
void shm_helper_free (ShmHelper *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmHelper, shm_helper_free)

/* Returns whether this process started the helper. Returns FALSE in a forked child of that
 * process. */
gboolean shm_helper_belongs_to_process (ShmHelper *self);

/* Returns the address of the server. (transfer none) */
GSocketAddress *shm_helper_get_address (ShmHelper *self);
GPid shm_helper_get_pid (ShmHelper *self);

/* Returns whether the process ends within @timeout_msec, or has ended before. */
gboolean shm_helper_await_death (ShmHelper *self, guint timeout_msec);

/* Returns a source that is ready when there is a report, or when the process has ended. (transfer
 * full) */
GSource *shm_helper_create_source (ShmHelper *self);

/* Called for each report. If @is_tracked is TRUE, the server owns the block @name now; otherwise
 * the server no longer owns the block. */
typedef void (*ShmHelperReport) (gboolean is_tracked, const char *name, gpointer user_data);

/* Reads the reports that have arrived, and passes them to @report. Never blocks. Returns FALSE if
 * the process has ended. */
gboolean shm_helper_receive (ShmHelper *self, ShmHelperReport report, gpointer user_data);

/* Makes the process end, and waits until the process has removed its blocks. If this takes longer
 * than @timeout_msec, kills the process and removes its blocks itself. Returns at once if the
 * process has ended before. Fails with G_IO_ERROR_CANCELLED, after which the process still ends,
 * and with PERMISSION_DENIED if the process cannot be killed. Several threads can call this at
 * once. */
gboolean
shm_helper_end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error);

/* Reaps a process that has died, and removes its blocks. If the blocks cannot be removed, for
 * example because there are no free descriptors, the next call tries again. */
void shm_helper_clean_up (ShmHelper *self);

G_END_DECLS
