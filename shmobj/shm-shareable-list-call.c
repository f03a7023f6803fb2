/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a constructor of ShmShareableList, or an operation on a list, in a thread. */

#include "config.h"

#include "shm-shareable-list-private.h"

/* If the operation was cancelled, replaces its error by G_IO_ERROR_CANCELLED. A wait that was
 * cancelled can end with another error, such as TIMED_OUT. */
static void
prefer_cancelled (GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_is_cancelled (cancellable))
    return;

  g_clear_error (error);
  g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* Operations */

static gpointer
run_call (gpointer data, GCancellable *cancellable, GError **error)
{
  ShmListCall *call = data;
  GVariant *result;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  result = call->func (call, cancellable, error);
  if (result == NULL)
    prefer_cancelled (cancellable, error);

  return result;
}

static void
free_call (gpointer data)
{
  ShmListCall *call = data;

  g_clear_object (&call->list);
  g_clear_pointer (&call->value, g_variant_unref);
  g_free (call);
}

static const ShmWork call_work = {
  .run = run_call,
  .free_data = free_call,
  .free_result = (GDestroyNotify) g_variant_unref,
};

void
shm_shareable_list_start_call (ShmShareableList *self,
                               ShmListCallFunc func,
                               guint64 index,
                               GVariant *value,
                               gpointer source_tag,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  ShmListCall *call;
  GTask *task;

  call = g_new0 (ShmListCall, 1);
  call->func = func;
  call->list = g_object_ref (self);
  call->index = index;
  call->value = value != NULL ? g_variant_ref_sink (value) : NULL;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, source_tag);
  shm_work_start (&call_work, task, call);
}

/* Constructors */

static gpointer
run_opening (gpointer data, GCancellable *cancellable, GError **error)
{
  const ShmListRequest *request = data;
  ShmShareableList *list = request->values != NULL
                               ? shm_shareable_list_create_with (request, cancellable, error)
                               : shm_shareable_list_attach_with (request, cancellable, error);

  if (list == NULL)
    prefer_cancelled (cancellable, error);

  return list;
}

static void
free_request (gpointer data)
{
  ShmListRequest *request = data;

  g_clear_pointer (&request->values, g_variant_unref);
  g_clear_object (&request->shared_memory);
  g_free ((char *) request->name);
  g_free (request);
}

static const ShmWork opening_work = {
  .run = run_opening,
  .free_data = free_request,
  .free_result = g_object_unref,
};

void
shm_shareable_list_start_opening (const ShmListRequest *request,
                                  gpointer source_tag,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  ShmListRequest *copy = g_memdup2 (request, sizeof *request);
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  copy->name = g_strdup (copy->name);
  if (copy->values != NULL)
    g_variant_ref_sink (copy->values);
  if (copy->shared_memory != NULL)
    g_object_ref (copy->shared_memory);

  g_task_set_source_tag (task, source_tag);
  shm_work_start (&opening_work, task, copy);
}
