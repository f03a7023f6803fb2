/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the frames of a ShmFrames. */

#include "config.h"

#include "shm-frames-private.h"

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
