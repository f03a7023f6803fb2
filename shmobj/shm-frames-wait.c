/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waits for the next frame of a ShmFrames. */

#include "config.h"

#include "shm-frames-private.h"

#include "shm-error-private.h"

/* How long to wait for the event before looking at the number again. A writer that is killed can
 * publish a frame without advancing the event. */
#define LOOK_USEC G_USEC_PER_SEC

typedef struct
{
  guint64 seen;
  gint64 deadline; /* monotonic time in microseconds */
} Wait;

static Wait
make_wait (guint64 seen, gint64 timeout)
{
  const gint64 now = g_get_monotonic_time ();

  return (Wait){ seen, timeout < 0 || timeout > G_MAXINT64 - now ? G_MAXINT64 : now + timeout };
}

/* Returns the number of the latest frame if it is not the one that the caller has seen, and 0
 * otherwise. Gets the sequence number of the event first, so that no frame is missed. */
static guint64
look (ShmFrames *self, const Wait *wait, guint32 *sequence)
{
  guint64 number;

  *sequence = shm_event_get ((gconstpointer) (self->ring.memory + SHM_FRAME_RING_EVENT));
  number = shm_frame_ring_get_number (&self->ring);

  return number != wait->seen ? number : 0;
}

/* Returns how long to wait for the event, in microseconds. */
static gint64
get_time_to_wait (const Wait *wait)
{
  /* CLAMP() evaluates its argument several times. */
  const gint64 left = wait->deadline - g_get_monotonic_time ();

  return CLAMP (left, 0, LOOK_USEC);
}

/* Returns whether to look again after waiting for the event has failed with @local_error, which may
 * be NULL and is consumed. Otherwise sets @error. */
static gboolean
can_look_again (ShmFrames *self, const Wait *wait, GError *local_error, GError **error)
{
  g_autofree char *block = NULL;

  if (local_error == NULL)
    return TRUE;

  if (!g_error_matches (local_error, SHM_ERROR, SHM_ERROR_TIMED_OUT))
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }

  g_error_free (local_error);
  if (g_get_monotonic_time () < wait->deadline)
    return TRUE;

  block = shm_error_describe_block (shm_frames_get_block_name (self));
  g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
               "No frame was published in block %s in the given time", block);

  return FALSE;
}

/**
 * shm_frames_wait:
 * @self: frames
 * @seen: the number of the latest frame that the caller has seen, or 0
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits for a frame with another number than @seen.
 *
 * Returns at once if the latest frame has another number. Otherwise the thread sleeps until the
 * writer publishes a frame. If the writer is killed while it publishes a frame, the function
 * notices the frame within about a second. This function blocks its thread, so do not call it in
 * the thread of a main loop.
 *
 * It fails with [error@Shm.Error.TIMED_OUT], `G_IO_ERROR_CANCELLED` and [error@Shm.Error.CLOSED].
 *
 * Returns: the number of the latest frame; 0 on error
 *
 * Since: 1.0
 */
guint64
shm_frames_wait (ShmFrames *self,
                 guint64 seen,
                 gint64 timeout,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  const Wait wait = make_wait (seen, timeout);

  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_frames_enter (self, error);
  if (use == NULL)
    return 0;

  for (;;)
    {
      GError *local_error = NULL;
      guint32 sequence;
      const guint64 number = look (self, &wait, &sequence);

      if (number != 0)
        return number;

      shm_shared_memory_event_wait (self->shared_memory, SHM_FRAME_RING_EVENT, sequence,
                                    get_time_to_wait (&wait), cancellable, &local_error);
      if (!can_look_again (self, &wait, local_error, error))
        return 0;
    }
}

/* Asynchronously */

static void wait_in_task (GTask *task);

static void
on_event (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *local_error = NULL;
  GError *error = NULL;

  shm_shared_memory_event_wait_finish (SHM_SHARED_MEMORY (source), result, &local_error);
  if (can_look_again (g_task_get_source_object (task), g_task_get_task_data (task), local_error,
                      &error))
    wait_in_task (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/* Takes ownership of @task. */
static void
wait_in_task (GTask *task)
{
  g_autoptr (GTask) owned = task;
  ShmFrames *self = g_task_get_source_object (task);
  const Wait *wait = g_task_get_task_data (task);
  g_autoptr (ShmBlockUse) use = NULL;
  GError *error = NULL;
  guint64 number;
  guint32 sequence;

  use = shm_frames_enter (self, &error);
  if (use == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  number = look (self, wait, &sequence);
  if (number != 0)
    {
      g_task_return_pointer (task, g_memdup2 (&number, sizeof number), g_free);
      return;
    }

  /* The thread that runs the main context has perhaps not made it the default. */
  g_main_context_push_thread_default (g_task_get_context (task));
  shm_shared_memory_event_wait_async (self->shared_memory, SHM_FRAME_RING_EVENT, sequence,
                                      get_time_to_wait (wait), g_task_get_cancellable (task),
                                      on_event, g_steal_pointer (&owned));
  g_main_context_pop_thread_default (g_task_get_context (task));
}

/**
 * shm_frames_wait_async:
 * @self: frames
 * @seen: the number of the latest frame that the caller has seen, or 0
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: called in the thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Waits for a frame with another number than @seen, without blocking the thread. It behaves as
 * [method@Shm.Frames.wait] does.
 *
 * Since: 1.0
 */
void
shm_frames_wait_async (ShmFrames *self,
                       guint64 seen,
                       gint64 timeout,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  const Wait wait = make_wait (seen, timeout);
  GTask *task;

  g_return_if_fail (SHM_IS_FRAMES (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_frames_wait_async);
  g_task_set_task_data (task, g_memdup2 (&wait, sizeof wait), g_free);
  wait_in_task (task);
}

/**
 * shm_frames_wait_finish:
 * @self: frames
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Finishes [method@Shm.Frames.wait_async]. It fails as [method@Shm.Frames.wait] does.
 *
 * Returns: the number of the latest frame; 0 on error
 *
 * Since: 1.0
 */
guint64
shm_frames_wait_finish (ShmFrames *self, GAsyncResult *result, GError **error)
{
  g_autofree guint64 *number = NULL;

  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);
  g_return_val_if_fail (g_task_is_valid (result, self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  number = g_task_propagate_pointer (G_TASK (result), error);

  return number != NULL ? *number : 0;
}
