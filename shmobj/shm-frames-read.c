/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the frames of a ShmFrames, and waits for them. */

#include "config.h"

#include "shm-frames-private.h"

#include "shm-error-private.h"

/* How long to wait for the event before looking at the number again. A writer that is killed can
 * publish a frame without advancing the event. */
#define LOOK_USEC G_USEC_PER_SEC

/**
 * ShmFrame:
 *
 * A frame in use, from [method@Shm.Frames.acquire].
 *
 * The frame does not change until it is released: with [method@Shm.Frame.release], or when the last
 * reference is dropped. All functions can be called from any thread.
 *
 * Since: 1.0
 */
struct _ShmFrame
{
  int ref_count;     /* (atomic) */
  int is_released;   /* (atomic) */
  ShmFrames *frames; /* (owned) */
  ShmFrameHolder *holder;
  guint slot;
  guint64 number;
};

G_DEFINE_BOXED_TYPE (ShmFrame, shm_frame, shm_frame_ref, shm_frame_unref)

/**
 * shm_frame_ref:
 * @self: a frame
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
ShmFrame *
shm_frame_ref (ShmFrame *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);

  return self;
}

/**
 * shm_frame_unref:
 * @self: (transfer full): a frame
 *
 * Drops a reference. Dropping the last one releases the frame.
 *
 * Since: 1.0
 */
void
shm_frame_unref (ShmFrame *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  shm_frame_release (self);
  g_object_unref (self->frames);
  g_free (self);
}

/**
 * shm_frame_release:
 * @self: a frame
 *
 * Ends the use of a frame, so that the writer can use its slot again.
 *
 * Live bytes of the frame stay readable, but change when the writer uses the slot again. Releasing
 * twice has the same effect as releasing once. In a language with a garbage collector, call this
 * function as soon as you do not need the frame any more.
 *
 * Since: 1.0
 */
void
shm_frame_release (ShmFrame *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_int_compare_and_exchange (&self->is_released, FALSE, TRUE))
    shm_frame_ring_release (self->holder, self->slot);
}

/**
 * shm_frame_get_frames:
 * @self: a frame
 *
 * Returns the object from which the frame was acquired.
 *
 * Returns: (transfer none): the object
 *
 * Since: 1.0
 */
ShmFrames *
shm_frame_get_frames (ShmFrame *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->frames;
}

/**
 * shm_frame_get_number:
 * @self: a frame
 *
 * Returns the number of a frame. The first frame of a block has the number 1, and each later frame
 * the next number.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
shm_frame_get_number (ShmFrame *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->number;
}

/**
 * shm_frame_get_offset:
 * @self: a frame
 *
 * Returns where the frame begins in the block.
 *
 * Returns: the offset in bytes, a multiple of 64
 *
 * Since: 1.0
 */
guint64
shm_frame_get_offset (ShmFrame *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return shm_frame_layout_get_offset (&self->frames->ring.layout, self->slot);
}

static void
unref_of_bytes (gpointer frame)
{
  shm_frame_unref (frame);
}

/**
 * shm_frame_get_live_bytes:
 * @self: a frame
 *
 * Returns the frame as bytes, without a copy. The bytes keep a reference to the frame, and so keep
 * it in use.
 *
 * A child of `fork()` that inherits the bytes does not keep the frame in use. They raise `SIGBUS`
 * if another process has truncated the block.
 *
 * Returns: (transfer full): the bytes of the frame
 *
 * Since: 1.0
 */
GBytes *
shm_frame_get_live_bytes (ShmFrame *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_bytes_new_with_free_func (self->frames->ring.memory + shm_frame_get_offset (self),
                                     self->frames->ring.layout.frame_size, unref_of_bytes,
                                     shm_frame_ref (self));
}

/**
 * shm_frames_acquire:
 * @self: frames
 * @error: return location for an error
 *
 * Takes the latest frame for use. The frame does not change until you release it.
 *
 * The function does not wait. It fails with [error@Shm.Error.VALUE_NOT_FOUND] if there is no frame
 * yet,
 * with [error@Shm.Error.CORRUPT] if another process damages the block, with
 * [error@Shm.Error.CLOSED], or as opening a block does.
 *
 * Returns: (transfer full): the frame
 *
 * Since: 1.0
 */
ShmFrame *
shm_frames_acquire (ShmFrames *self, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmFrameHolder *holder;
  ShmFrame *frame;
  guint64 number;
  ShmFault fault;
  int slot;

  g_return_val_if_fail (SHM_IS_FRAMES (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  use = shm_frames_enter (self, error);
  if (use == NULL)
    return NULL;

  slot = shm_frame_ring_hold (&self->ring, use, shm_frames_get_block_name (self), &number, &holder,
                              &fault);
  if (slot < 0)
    {
      shm_frames_fail (self, &fault, error);
      return NULL;
    }

  frame = g_new0 (ShmFrame, 1);
  frame->ref_count = 1;
  frame->frames = g_object_ref (self);
  frame->holder = holder;
  frame->slot = slot;
  frame->number = number;

  return frame;
}

/**
 * shm_frames_read:
 * @self: frames
 * @number: (out) (optional): the number of the frame
 * @error: return location for an error
 *
 * Copies the latest frame. It fails as [method@Shm.Frames.acquire] does.
 *
 * Returns: (transfer full): the bytes of the frame
 *
 * Since: 1.0
 */
GBytes *
shm_frames_read (ShmFrames *self, guint64 *number, GError **error)
{
  g_autoptr (ShmFrame) frame = NULL;

  g_return_val_if_fail (SHM_IS_FRAMES (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  frame = shm_frames_acquire (self, error);
  if (number != NULL)
    *number = frame != NULL ? frame->number : 0;
  if (frame == NULL)
    return NULL;

  return g_bytes_new (self->ring.memory + shm_frame_get_offset (frame),
                      self->ring.layout.frame_size);
}

/* Waiting */

/**
 * shm_frames_get_number:
 * @self: frames
 * @error: return location for an error
 *
 * Returns the number of the latest frame. It fails with [error@Shm.Error.CLOSED].
 *
 * Returns: the number; 0 if there is no frame yet, and on error
 *
 * Since: 1.0
 */
guint64
shm_frames_get_number (ShmFrames *self, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;

  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_frames_enter (self, error);

  return use != NULL ? shm_frame_ring_get_number (&self->ring) : 0;
}

/* Waits until the event has advanced since @sequence, or until @deadline, or for a second. */
static gboolean
wait_for_event (ShmFrames *self,
                guint32 sequence,
                gint64 deadline,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *block = NULL;
  const gint64 left = deadline - g_get_monotonic_time ();

  shm_shared_memory_event_wait (self->shared_memory, SHM_FRAME_RING_EVENT, sequence,
                                CLAMP (left, 0, LOOK_USEC), cancellable, &local_error);
  if (local_error == NULL)
    return TRUE;
  if (!g_error_matches (local_error, SHM_ERROR, SHM_ERROR_TIMED_OUT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (left > 0)
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
  const gint64 now = g_get_monotonic_time ();
  const gint64 deadline = timeout < 0 || timeout > G_MAXINT64 - now ? G_MAXINT64 : now + timeout;

  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_frames_enter (self, error);
  if (use == NULL)
    return 0;

  for (;;)
    {
      /* Get the sequence number before the number of the frame, to miss no frame. */
      const guint32 sequence
          = shm_event_get ((const ShmEvent *) (self->ring.memory + SHM_FRAME_RING_EVENT));
      const guint64 number = shm_frame_ring_get_number (&self->ring);

      if (number != 0 && number != seen)
        return number;
      if (!wait_for_event (self, sequence, deadline, cancellable, error))
        return 0;
    }
}
