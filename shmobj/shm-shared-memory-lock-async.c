/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Locks the bytes of a block without blocking the thread. If the lock is not free, a parked thread
 * waits for it; see core/shm-lock-queue.h. */

#include "config.h"

#include "shm-shared-memory-lock.h"

#include "core/shm-fork.h"
#include "core/shm-lock-queue.h"
#include "manager/shm-cancel.h"
#include "shm-lock-attempt.h"
#include "shm-shared-memory-private.h"
#include "shm-work.h"

typedef struct
{
  GSource source;
  ShmLockAttempt attempt;
  GTask *task; /* (owned) (nullable): NULL when the task has returned */
  ShmLockRequest request;
  gboolean is_submitted;
  gulong cancelled_id;
  int is_ready; /* (atomic): whether the other members are set */
} Waiting;

/* Called by a GCancellable, and by the parked thread. */
static void
wake_source (gpointer source)
{
  g_source_set_ready_time (source, 0);
}

static void
on_task_cancelled (GCancellable *cancellable, gpointer source)
{
  wake_source (source);
}

/* Ends the request, and takes back the handle. Returns whether the handle holds the lock. */
static gboolean
waiting_finish (Waiting *self, ShmFault *fault)
{
  gboolean is_locked;

  self->is_submitted = FALSE;
  is_locked = shm_lock_request_finish (&self->request, fault);
  self->attempt.handle = self->request.handle;

  return is_locked;
}

static void
waiting_disconnect (Waiting *self)
{
  g_cancellable_disconnect (self->attempt.cancellable, self->cancelled_id);
  self->cancelled_id = 0;
}

static gboolean
waiting_is_of_parent (const Waiting *self)
{
  return self->is_submitted && self->request.generation != shm_fork_get_generation ();
}

/* Keeps a task of the parent in a forked child, where it never returns. Newer versions of GLib
 * report a critical if a task that has not returned is freed. */
static void
keep_task (GTask *task)
{
  static GSList *kept_tasks; /* (atomic) */
  GSList *node = g_slist_prepend (NULL, task);

  do
    node->next = g_atomic_pointer_get (&kept_tasks);
  while (!g_atomic_pointer_compare_and_exchange (&kept_tasks, node->next, node));
}

/* In a forked child, the request of the parent is still there. */
static void
waiting_finalize (GSource *source)
{
  Waiting *self = (gpointer) source;
  ShmFault ignored;

  if (waiting_is_of_parent (self))
    keep_task (g_steal_pointer (&self->task));
  waiting_disconnect (self);
  if (self->is_submitted && waiting_finish (self, &ignored))
    shm_lock_handle_unlock (self->attempt.handle, &self->attempt.range, &ignored);
  shm_lock_attempt_clear (&self->attempt);
  g_clear_object (&self->task);
}

static void
return_guard (GTask *task, ShmLockGuard *guard)
{
  g_task_return_pointer (task, guard, (GDestroyNotify) shm_lock_guard_unref);
}

/* Returns the lock, or @error, or the reason for a failure of the request. */
static void
waiting_return (Waiting *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  ShmFault fault, ignored;
  const gboolean is_locked = waiting_finish (self, &fault);

  waiting_disconnect (self);
  if (error == NULL && is_locked)
    shm_shared_memory_check_open (self->attempt.block, &error);
  else if (error == NULL)
    shm_lock_attempt_set_error (&self->attempt, &fault, &error);

  if (error == NULL)
    return_guard (task, shm_lock_attempt_succeed (&self->attempt));
  else
    {
      if (is_locked)
        shm_lock_handle_unlock (self->attempt.handle, &self->attempt.range, &ignored);
      g_task_return_error (task, error);
    }
}

static gboolean
waiting_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Waiting *self = (gpointer) source;
  GError *error = NULL;

  g_source_set_ready_time (source, -1);
  if (!g_atomic_int_get (&self->is_ready))
    return G_SOURCE_CONTINUE;
  /* A forked child does not continue the waits of its parent. */
  if (waiting_is_of_parent (self))
    return G_SOURCE_REMOVE;

  /* Set the time before the check: if the request is done after the check, its thread sets the time
   * again. */
  if (self->attempt.deadline != G_MAXINT64)
    g_source_set_ready_time (source, self->attempt.deadline);
  if ((g_atomic_int_get (&self->request.state) & SHM_LOCK_REQUEST_DONE) == 0
      && !shm_lock_attempt_is_over (&self->attempt, &error))
    return G_SOURCE_CONTINUE;

  waiting_return (self, error);

  return G_SOURCE_REMOVE;
}

static GSourceFuncs waiting_funcs = {
  .dispatch = waiting_dispatch,
  .finalize = waiting_finalize,
};

/* Attaches the source, and then submits the request: when the request is done, the parked thread
 * must find the main context of the source. The main context can run in another thread, and does
 * nothing with the source before it is ready. */
static gboolean
waiting_start (Waiting *self, ShmFault *fault)
{
  GSource *source = &self->source;

  g_source_set_static_name (source, "shmobj: lock");
  g_source_attach (source, g_task_get_context (self->task));
  if (self->attempt.cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (self->attempt.cancellable,
                                                G_CALLBACK (on_task_cancelled), source, NULL);

  self->request.handle = g_steal_pointer (&self->attempt.handle);
  self->request.done = wake_source;
  self->request.user_data = source;
  self->is_submitted = shm_lock_request_submit (&self->request, &self->attempt.range, fault);
  if (!self->is_submitted)
    {
      self->attempt.handle = self->request.handle;
      return FALSE;
    }

  g_atomic_int_set (&self->is_ready, TRUE);
  wake_source (source);

  return TRUE;
}

/* Waits for a parked thread. Takes over the content of @attempt, and @task. */
static void
start_waiting (ShmLockAttempt *attempt, GTask *task)
{
  g_autoptr (GSource) source = g_source_new (&waiting_funcs, sizeof (Waiting));
  Waiting *self = (gpointer) source;
  GError *error = NULL;
  ShmFault fault;

  self->attempt = *attempt;
  attempt->handle = NULL;
  self->task = task;
  if (waiting_start (self, &fault))
    return;

  g_source_destroy (source);
  shm_lock_attempt_set_error (&self->attempt, &fault, &error);
  g_task_return_error (self->task, error);
}

void
shm_shared_memory_start_lock (ShmSharedMemory *self,
                              const ShmLockRange *range,
                              gint64 timeout,
                              GTask *task)
{
  g_auto (ShmLockAttempt) attempt;
  g_autoptr (GTask) owned = task;
  GError *error = NULL;
  ShmLockResult result;
  ShmFault fault;

  shm_lock_attempt_init (&attempt, self, range, timeout, g_task_get_cancellable (task));
  g_task_set_check_cancellable (task, FALSE);

  if (shm_cancel_set_error (attempt.cancellable, &error)
      || !shm_lock_attempt_begin (&attempt, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  result = shm_lock_attempt_check (&attempt, shm_lock_attempt_lock (&attempt, FALSE, &fault),
                                   &fault, &error);
  if (result == SHM_LOCK_RESULT_LOST)
    shm_lock_attempt_set_lost_error (&attempt, &error);

  if (result == SHM_LOCK_RESULT_LOCKED)
    return_guard (task, shm_lock_attempt_succeed (&attempt));
  else if (result == SHM_LOCK_RESULT_NOT_LOCKED && !shm_lock_attempt_is_over (&attempt, &error))
    start_waiting (&attempt, g_steal_pointer (&owned));
  else
    g_task_return_error (task, error);
}

/**
 * shm_shared_memory_lock_async:
 * @self: a block
 * @mode: what the lock excludes
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block is locked, or the operation has failed
 * @user_data: data for @callback
 *
 * Locks the block, and does not block the calling thread.
 *
 * See [method@Shm.SharedMemory.lock]. @callback is called in the thread-default main context of the
 * caller, and is never called before this function returns. If the lock is not free, a thread of
 * the library waits for it. If the lock becomes free, it is held until the main context has called
 * @callback, so keep the main context running. A child of `fork()` does not continue the waits of
 * its parent, and @callback is not called there.
 *
 * Since: 1.0
 */
void
shm_shared_memory_lock_async (ShmSharedMemory *self,
                              ShmLockMode mode,
                              gint64 timeout,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  ShmLockRange range;
  GTask *task;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  range = shm_shared_memory_get_whole_range (mode);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_lock_async);
  shm_shared_memory_start_lock (self, &range, timeout, task);
}

/**
 * shm_shared_memory_lock_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.lock_async]. It fails as [method@Shm.SharedMemory.lock] does.
 *
 * Returns: (transfer full): the lock, or %NULL on error
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_shared_memory_lock_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (self, result, shm_shared_memory_lock_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_lock_range_async:
 * @self: a block
 * @offset: the offset of the first byte to lock
 * @length: the number of bytes to lock, at least 1
 * @mode: what the lock excludes
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the bytes are locked, or the operation has failed
 * @user_data: data for @callback
 *
 * Locks some bytes of the block, and does not block the calling thread.
 *
 * See [method@Shm.SharedMemory.lock_range] and [method@Shm.SharedMemory.lock_async].
 *
 * Since: 1.0
 */
void
shm_shared_memory_lock_range_async (ShmSharedMemory *self,
                                    guint64 offset,
                                    guint64 length,
                                    ShmLockMode mode,
                                    gint64 timeout,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  ShmLockRange range;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_lock_range_async);
  if (shm_lock_attempt_set_range (self, offset, length, mode, &range, &error))
    shm_shared_memory_start_lock (self, &range, timeout, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * shm_shared_memory_lock_range_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.lock_range_async]. It fails as
 * [method@Shm.SharedMemory.lock_range] does.
 *
 * Returns: (transfer full): the lock, or %NULL on error
 *
 * Since: 1.0
 */
ShmLockGuard *
shm_shared_memory_lock_range_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (self, result, shm_shared_memory_lock_range_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
