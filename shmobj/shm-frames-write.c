/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes the frames of a ShmFrames. */

#include "config.h"

#include "shm-frames-private.h"

#include "shm-error-private.h"

/**
 * shm_frames_begin:
 * @self: frames
 * @offset: (out): the offset of the frame in the block, in bytes
 * @error: return location for an error
 *
 * Begins the next frame.
 *
 * Draw the frame into the memory of the block at @offset, for example with
 * [method@Shm.SharedMemory.get_data], and then call [method@Shm.Frames.publish] or
 * [method@Shm.Frames.discard]. The memory contains an older frame. If a frame was begun already,
 * the function returns the same offset again.
 *
 * The function does not wait. It fails with [error@Shm.Error.NO_SPACE] if readers use all slots:
 * skip the frame then. It fails with [error@Shm.Error.EXISTS] if another object is the writer, with
 * [error@Shm.Error.READ_ONLY], [error@Shm.Error.CLOSED], or as opening a block does.
 *
 * Returns: %TRUE if the frame was begun
 *
 * Since: 1.0
 */
gboolean
shm_frames_begin (ShmFrames *self, guint64 *offset, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmFault fault;
  int slot;

  g_return_val_if_fail (SHM_IS_FRAMES (self), FALSE);
  g_return_val_if_fail (offset != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  *offset = 0;
  use = shm_frames_enter (self, error);
  if (use == NULL)
    return FALSE;

  slot = shm_frame_ring_begin (&self->ring, use, shm_frames_get_block_name (self), &fault);

  /* If another thread has closed the block in the meantime, it may have ended writing before this
   * object became the writer again. */
  if (!shm_shared_memory_check_open (self->shared_memory, error))
    {
      shm_frame_ring_end_writing (&self->ring);
      return FALSE;
    }
  if (slot < 0)
    return shm_frames_fail (self, &fault, error);

  *offset = shm_frame_layout_get_offset (&self->ring.layout, slot);

  return TRUE;
}

/**
 * shm_frames_publish:
 * @self: frames
 * @error: return location for an error
 *
 * Publishes the frame that [method@Shm.Frames.begin] has begun, and wakes the readers that wait.
 *
 * From now on readers get this frame, with all that the writer has stored before. Do not change it
 * any more. It fails with [error@Shm.Error.FAILED] if no frame was begun, and with
 * [error@Shm.Error.CLOSED].
 *
 * Returns: the number of the frame, 1 for the first frame in the block; 0 on error
 *
 * Since: 1.0
 */
guint64
shm_frames_publish (ShmFrames *self, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  guint64 number;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  use = shm_frames_enter (self, error);
  if (use == NULL)
    return 0;

  number = shm_frame_ring_publish (&self->ring, &fault);
  if (number == 0)
    {
      shm_frames_fail (self, &fault, error);
      return 0;
    }

  shm_shared_memory_event_advance (self->shared_memory, SHM_FRAME_RING_EVENT, NULL);

  return number;
}

/**
 * shm_frames_discard:
 * @self: frames
 *
 * Gives up the frame that [method@Shm.Frames.begin] has begun. Without such a frame, the function
 * does nothing. The object stays the writer.
 *
 * Since: 1.0
 */
void
shm_frames_discard (ShmFrames *self)
{
  g_return_if_fail (SHM_IS_FRAMES (self));

  shm_frame_ring_discard (&self->ring);
}

/**
 * shm_frames_write:
 * @self: frames
 * @frame: the bytes of a whole frame
 * @error: return location for an error
 *
 * Copies a frame into the block, and publishes it.
 *
 * It fails with [error@Shm.Error.OUT_OF_RANGE] if @frame does not have exactly the size of a frame,
 * and as [method@Shm.Frames.begin] does.
 *
 * Returns: the number of the frame; 0 on error
 *
 * Since: 1.0
 */
guint64
shm_frames_write (ShmFrames *self, GBytes *frame, GError **error)
{
  gsize length;
  const void *data;
  guint64 offset;

  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);
  g_return_val_if_fail (frame != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  if (!shm_frames_begin (self, &offset, error))
    return 0;

  data = g_bytes_get_data (frame, &length);
  if (length != self->ring.layout.frame_size)
    {
      g_autofree char *block = shm_error_describe_block (shm_frames_get_block_name (self));

      g_set_error (error, SHM_ERROR, SHM_ERROR_OUT_OF_RANGE,
                   "A frame in block %s has %" G_GUINT64_FORMAT " bytes, and not %" G_GSIZE_FORMAT,
                   block, self->ring.layout.frame_size, length);
      shm_frames_discard (self);
      return 0;
    }

  memcpy (self->ring.memory + offset, data, length);

  return shm_frames_publish (self, error);
}
