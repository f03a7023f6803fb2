/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-manager-call.h"

void
shm_manager_call_clear (ShmManagerCall *call)
{
  g_clear_object (&call->self);
  g_clear_pointer (&call->context, g_main_context_unref);
  g_clear_pointer (&call->name, g_free);
  g_clear_pointer (&call->values, g_variant_unref);
  g_clear_pointer (&call->columns, g_bytes_unref);
  g_clear_pointer (&call->tracked, g_free);
  g_clear_pointer (&call->removed, g_free);
}

void
shm_manager_call_free (gpointer data)
{
  shm_manager_call_clear (data);
  g_free (data);
}

ShmManagerCall *
shm_manager_call_new (ShmManager *self, const char *name)
{
  ShmManagerCall *call = g_new0 (ShmManagerCall, 1);

  call->self = g_object_ref (self);
  call->name = g_strdup (name);

  return call;
}

void
shm_manager_call_emit (gpointer data)
{
  ShmManagerCall *call = data;

  if (call->tracked != NULL)
    shm_manager_emit_block_tracked (call->self, call->tracked);
  if (call->removed != NULL)
    shm_manager_emit_block_removed (call->self, call->removed);
  shm_manager_emit_state_changes (call->self);
}

gpointer
shm_manager_call_run (ShmManagerCall *call,
                      const ShmWork *work,
                      GCancellable *cancellable,
                      GError **error)
{
  gpointer result = work->run (call, cancellable, error);

  shm_manager_call_emit (call);

  return result;
}

void
shm_manager_call_start (ShmManagerCall *call,
                        const ShmWork *work,
                        gpointer tag,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  GTask *task = g_task_new (call->self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  shm_work_start (work, task, call);
}

gboolean
shm_manager_call_check (ShmManagerCall *call, GError *failure, GError **error)
{
  if (failure == NULL)
    return TRUE;

  shm_manager_handle_error (call->self, failure);
  g_propagate_error (error, failure);

  return FALSE;
}
