/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Removes the blocks of servers that were killed together with their starters, and of programs
 * whose tracker was killed. */

#include "config.h"

#include "shm-manager.h"

#include "core/shm-cause.h"
#include "registry/shm-registry-sweep.h"
#include "shm-error-private.h"
#include "shm-work.h"

static gboolean
remove_leftovers (guint *n_removed, GError **error)
{
  g_autofree char *cause = NULL;
  ShmFault fault;

  if (shm_registry_sweep_all (TRUE, n_removed, &fault))
    return TRUE;

  cause = shm_cause_describe (&fault, shm_error_get_step_label (fault.step));
  g_set_error (error, SHM_ERROR, shm_cause_find (fault.step, fault.errnum).code,
               "The registries of killed managers and trackers %s", cause);

  return FALSE;
}

/**
 * shm_manager_remove_leftovers:
 * @n_removed: (out) (optional): return location for the number of blocks that were removed
 * @error: return location for an error
 *
 * Cleans up after killed processes of this user. If a server was killed, and also the process that
 * started it, this function removes the blocks, the socket file and the registry of the server. If
 * a tracker was killed, and its program has ended, this function removes the tracked blocks of the
 * program.
 *
 * A block stays if a living server or program has it in its registry, if it belongs to another
 * user, or if it is not the file that the registry recorded. [method@Shm.Manager.start] also
 * removes these blocks.
 *
 * The time that the function needs grows with the number of blocks.
 *
 * It fails with [error@Shm.Error.FOLDER_MISSING] (this system has no folder for blocks),
 * [error@Shm.Error.PERMISSION_DENIED] (this process cannot list the folder),
 * [error@Shm.Error.TOO_MANY_FILES], [error@Shm.Error.REFUSED] or [error@Shm.Error.FAILED].
 *
 * Returns: %TRUE on success, also if there was nothing to remove
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove_leftovers (guint *n_removed, GError **error)
{
  guint count;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!remove_leftovers (&count, error))
    return FALSE;

  if (n_removed != NULL)
    *n_removed = count;

  return TRUE;
}

static gpointer
run_remove_leftovers (gpointer data, GCancellable *cancellable, GError **error)
{
  guint *n_removed = data;

  return !g_cancellable_set_error_if_cancelled (cancellable, error)
                 && remove_leftovers (n_removed, error)
             ? g_memdup2 (n_removed, sizeof *n_removed)
             : NULL;
}

static const ShmWork leftovers_work = { run_remove_leftovers, NULL, g_free, g_free };

/**
 * shm_manager_remove_leftovers_async:
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the blocks are removed or could not be removed
 * @user_data: data for @callback
 *
 * Removes the blocks of killed servers and trackers without blocking the caller. See
 * [func@Shm.Manager.remove_leftovers].
 *
 * Since: 1.0
 */
void
shm_manager_remove_leftovers_async (GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, shm_manager_remove_leftovers_async);
  shm_work_start (&leftovers_work, task, g_new0 (guint, 1));
}

/**
 * shm_manager_remove_leftovers_finish:
 * @result: the result that the callback received
 * @n_removed: (out) (optional): return location for the number of blocks that were removed
 * @error: return location for an error
 *
 * Finishes a call of [func@Shm.Manager.remove_leftovers_async]. It fails as
 * [func@Shm.Manager.remove_leftovers] does, and with `G_IO_ERROR_CANCELLED`.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shm_manager_remove_leftovers_finish (GAsyncResult *result, guint *n_removed, GError **error)
{
  g_autofree guint *count = NULL;

  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, shm_manager_remove_leftovers_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  count = g_task_propagate_pointer (G_TASK (result), error);
  if (count == NULL)
    return FALSE;

  if (n_removed != NULL)
    *n_removed = *count;

  return TRUE;
}
