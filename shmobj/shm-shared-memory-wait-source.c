/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waits in a main loop until another process changes a word of a block: sources, and asynchronous
 * functions. shm-word-wait.h describes a wait. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "shm-word-wait.h"
#include "shm-work.h"

typedef struct
{
  GSource source; /* must be first */
  ShmWordWait wait;
  GCancellable *cancellable; /* (owned) (nullable) */
  gboolean is_cancelled;     /* when the source was dispatched last */
  ShmWordState state;        /* the same, if not cancelled */
} WaitSource;

static gboolean
wait_source_prepare (GSource *source, int *timeout)
{
  WaitSource *self = (gpointer) source;
  const gint64 now = g_source_get_time (source);
  gint64 wake_at;

  *timeout = 0;
  if (!shm_word_wait_sleep (&self->wait, g_source_get_context (source), now, &wake_at))
    return TRUE;

  *timeout = MIN ((wake_at - now + 999) / 1000, G_MAXINT);

  return FALSE;
}

static gboolean
wait_source_check (GSource *source)
{
  return shm_word_wait_is_over (&((WaitSource *) (gpointer) source)->wait,
                                g_source_get_time (source));
}

static gboolean
wait_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  WaitSource *self = (gpointer) source;

  self->is_cancelled = g_cancellable_is_cancelled (self->cancellable);
  self->state = shm_word_wait_get_state (&self->wait, g_source_get_time (source));
  if (!self->is_cancelled && self->state == SHM_WORD_UNCHANGED)
    return G_SOURCE_CONTINUE;

  if (callback == NULL)
    {
      g_warning ("A source that waits for a change of shared memory has no callback");
      return G_SOURCE_REMOVE;
    }

  /* The next change makes the source ready again. */
  if (self->state == SHM_WORD_CHANGED)
    shm_word_wait_continue (&self->wait);

  return callback (user_data) && !self->is_cancelled && self->state == SHM_WORD_CHANGED;
}

static void
wait_source_finalize (GSource *source)
{
  WaitSource *self = (gpointer) source;

  g_clear_object (&self->cancellable);
  shm_word_wait_clear (&self->wait);
}

static GSourceFuncs wait_source_funcs
    = { wait_source_prepare, wait_source_check, wait_source_dispatch, wait_source_finalize };

static GSource *
create_source (ShmSharedMemory *self,
               guint64 offset,
               guint32 expected,
               gboolean is_event,
               gint64 timeout,
               GCancellable *cancellable,
               GError **error)
{
  WaitSource *source;

  if (!shm_word_wait_check (self, offset, is_event, error))
    return NULL;

  source = (gpointer) g_source_new (&wait_source_funcs, sizeof *source);
  shm_word_wait_init (&source->wait, self, offset, expected, is_event, timeout);
  g_source_set_static_name (&source->source, "shmobj: wait for a change");

  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      source->cancellable = g_object_ref (cancellable);
      g_source_set_dummy_callback (child);
      g_source_add_child_source (&source->source, child);
    }

  return &source->source;
}

/* Asynchronous functions */

static gboolean
on_source_ready (gpointer user_data)
{
  WaitSource *source = (gpointer) g_main_current_source ();
  GTask *task = user_data;
  GError *error = NULL;

  if (source->is_cancelled)
    g_cancellable_set_error_if_cancelled (source->cancellable, &error);
  else
    shm_word_wait_set_error (&source->wait, source->state, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, source->wait.value);

  return G_SOURCE_REMOVE;
}

static void
start_wait (ShmSharedMemory *self,
            guint64 offset,
            guint32 expected,
            gboolean is_event,
            gint64 timeout,
            GTask *task)
{
  g_autoptr (GSource) source = NULL;
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  source = create_source (self, offset, expected, is_event, timeout, g_task_get_cancellable (task),
                          &error);
  if (source == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_attach_source (task, source, on_source_ready);
}

/* Returns the value with which the task ended, or 0 with an error. The value can be -1, which
 * g_task_propagate_int() also returns for an error. */
static guint32
finish_wait (GAsyncResult *result, gboolean *is_changed, GError **error)
{
  GError *own_error = NULL;
  const gssize value = g_task_propagate_int (G_TASK (result), &own_error);

  *is_changed = own_error == NULL;
  if (*is_changed)
    return (guint32) value;

  g_propagate_error (error, own_error);

  return 0;
}

/**
 * shm_shared_memory_wait_async:
 * @self: a block
 * @offset: the offset of a 32-bit integer in bytes, a multiple of 4
 * @expected: the value that the integer has as long as there is nothing to do
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the integer has changed
 * @user_data: data for @callback
 *
 * Waits in a main loop until an integer of the block differs from @expected.
 *
 * This is [method@Shm.SharedMemory.wait] for main loops. While the function waits, the main loop
 * sleeps, and no thread is needed. @callback is called in the thread-default main context of the
 * caller, and never during this call.
 *
 * A process that changes the integer calls [method@Shm.SharedMemory.wake] afterwards, which wakes
 * the main loops of all processes. Writing to the block with [method@Shm.SharedMemory.write] or
 * `write()` wakes them, too. Without any of this, the function notices the change within about a
 * second.
 *
 * The main loop is woken with inotify. All waits and watches of a process share one inotify
 * descriptor. If the process or the user cannot have more of these descriptors or watches, the
 * function looks at the integer every 10 milliseconds instead. It tries to get a watch again once a
 * second.
 *
 * The wait ends at once when @cancellable is cancelled, and when another call closes the object. In
 * a child of `fork()` that runs the main context, the wait continues, and its callback is called
 * there as well.
 *
 * Since: 1.0
 */
void
shm_shared_memory_wait_async (ShmSharedMemory *self,
                              guint64 offset,
                              gint32 expected,
                              gint64 timeout,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_wait_async);
  start_wait (self, offset, expected, FALSE, timeout, task);
}

/**
 * shm_shared_memory_wait_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.wait_async].
 *
 * It fails as [method@Shm.SharedMemory.wait] does.
 *
 * Returns: %TRUE if the integer differs from the expected value
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_wait_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  gboolean is_changed;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_shared_memory_wait_async, error, FALSE);

  finish_wait (result, &is_changed, error);

  return is_changed;
}

/**
 * shm_shared_memory_event_wait_async:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @seen: the sequence number that the caller has seen
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the event has another sequence number
 * @user_data: data for @callback
 *
 * Waits in a main loop until the sequence number of an event differs from @seen.
 *
 * This is [method@Shm.SharedMemory.event_wait] for main loops. [method@Shm.SharedMemory.wait_async]
 * describes main contexts, inotify, cancellation, closing and `fork()`. If the block is read-only
 * for this object, the main loop can need 0.1 seconds to notice the new number.
 *
 * Since: 1.0
 */
void
shm_shared_memory_event_wait_async (ShmSharedMemory *self,
                                    guint64 offset,
                                    guint32 seen,
                                    gint64 timeout,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_event_wait_async);
  start_wait (self, offset, seen, TRUE, timeout, task);
}

/**
 * shm_shared_memory_event_wait_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.event_wait_async].
 *
 * It fails as [method@Shm.SharedMemory.event_wait] does.
 *
 * Returns: the new sequence number; 0 on error, and after 4294967295
 *
 * Since: 1.0
 */
guint32
shm_shared_memory_event_wait_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  gboolean ignored;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);
  shm_work_return_val_if_invalid (self, result, shm_shared_memory_event_wait_async, error, 0);

  return finish_wait (result, &ignored, error);
}

/* Sources */

/**
 * shm_shared_memory_create_wait_source:
 * @self: a block
 * @offset: the offset of a 32-bit integer in bytes, a multiple of 4
 * @expected: the value of the integer that the caller has seen
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates an event source that is ready when an integer of the block differs from @expected.
 *
 * Set the callback with `g_source_set_callback()`, and attach the source to any main context with
 * `g_source_attach()`. The callback is a plain [callback@GLib.SourceFunc]: it only receives its
 * user data. After it has returned %G_SOURCE_CONTINUE, the source is ready again when the integer
 * differs from the value that it had before the callback. So the source tells about each change,
 * except that it can tell only once about several changes in a row.
 *
 * The callback is also called when @cancellable is cancelled, and when the object is closed. The
 * source is then removed, whatever the callback returns. Ask
 * [method@Gio.Cancellable.is_cancelled] and [method@Shm.SharedMemory.is_closed].
 *
 * The source holds a reference to the object until the source is destroyed.
 * [method@Shm.SharedMemory.wait_async] describes how the main loop is woken.
 *
 * It fails with [error@Shm.Error.MISALIGNED], [error@Shm.Error.OUT_OF_RANGE],
 * [error@Shm.Error.CLOSED] or, if the block cannot be mapped, [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): the new source, or %NULL on error
 *
 * Since: 1.0
 */
GSource *
shm_shared_memory_create_wait_source (ShmSharedMemory *self,
                                      guint64 offset,
                                      gint32 expected,
                                      GCancellable *cancellable,
                                      GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create_source (self, offset, expected, FALSE, -1, cancellable, error);
}

/**
 * shm_shared_memory_create_event_source:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @seen: the sequence number that the caller has seen
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates an event source that is ready when the sequence number of an event differs from @seen.
 *
 * The callback calls [method@Shm.SharedMemory.event_get], if it needs the number. Everything else
 * is as with [method@Shm.SharedMemory.create_wait_source].
 *
 * If the block is read-only for this object, the main loop can need 0.1 seconds to notice the new
 * number.
 *
 * Returns: (transfer full): the new source, or %NULL on error
 *
 * Since: 1.0
 */
GSource *
shm_shared_memory_create_event_source (ShmSharedMemory *self,
                                       guint64 offset,
                                       guint32 seen,
                                       GCancellable *cancellable,
                                       GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create_source (self, offset, seen, TRUE, -1, cancellable, error);
}
