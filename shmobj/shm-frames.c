/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-frames-private.h"

#include "core/shm-frame-steps.h"
#include "shm-error-private.h"

#include <errno.h>

/**
 * ShmFrames:
 *
 * Frames that one writer gives to any number of readers, in a block.
 *
 * A frame is a piece of data with a fixed size that must be seen as a whole, for example a picture
 * of a camera. The block has several slots for frames. The writer fills a slot that nobody uses,
 * and publishes it; readers always get the latest frame. A frame that a reader uses stays unchanged
 * until the reader releases it, so a reader needs no copy, and never sees a part of one frame and a
 * part of another. The writer never waits for a reader. A reader that is slow misses frames.
 *
 * Create the frames with two slots more than there are readers that use a frame at the same time.
 * Then the writer always finds a free slot. All readers that use the same frame need only one slot.
 *
 * ```c
 * g_autoptr (ShmFrames) frames = shm_frames_create ("camera", width * height * 4, 4, 0, &error);
 * guint64 offset;
 *
 * if (shm_frames_begin (frames, &offset, &error))
 *   {
 *     draw (data + offset);
 *     shm_frames_publish (frames, &error);
 *   }
 * ```
 *
 * Only one object in all processes can write at a time. The first call of
 * [method@Shm.Frames.begin] or [method@Shm.Frames.write] makes an object the writer, until it is
 * closed or finalized, or its process ends. A writer that is killed leaves the latest frame intact,
 * and another writer can continue. A reader that is killed leaves no slot in use: the kernel
 * releases the locks of a process that ends. A child of `fork()` does not hold the frames of its
 * parent, and is not the writer.
 *
 * All methods can be called from any thread. But only one thread at a time can draw a frame.
 *
 * Every process that can write the block is trusted: it can change a frame while others use it.
 * Frames need open file description locks, which CPython does not use, so CPython's programs cannot
 * take part. `docs/reference/internals.md` describes the layout.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (ShmFrames, shm_frames, G_TYPE_OBJECT)

typedef enum
{
  PROP_SHARED_MEMORY = 1,
  PROP_FRAME_SIZE,
  PROP_N_SLOTS,
} ShmFramesProperty;

static GParamSpec *properties[PROP_N_SLOTS + 1];

const char *
shm_frames_get_block_name (ShmFrames *self)
{
  return shm_shared_memory_get_name (self->shared_memory);
}

gboolean
shm_frames_fail (ShmFrames *self, const ShmFault *fault, GError **error)
{
  return shm_shared_memory_fail (self->shared_memory, fault, error);
}

ShmBlockUse *
shm_frames_enter (ShmFrames *self, GError **error)
{
  if (self->mapping != NULL)
    return shm_shared_memory_enter (self->shared_memory, error);

  g_set_error_literal (error, SHM_ERROR, SHM_ERROR_CLOSED,
                       "The frames were never opened: use a constructor");

  return NULL;
}

/* Creating and attaching */

/* Opens the ring in the block, which this function consumes. If @layout is not NULL, makes an empty
 * ring first. */
static ShmFrames *
open_ring (ShmSharedMemory *shared_memory, const ShmFrameLayout *layout, GError **error)
{
  g_autoptr (ShmFrames) self = g_object_new (SHM_TYPE_FRAMES, NULL);
  g_autoptr (ShmBlockUse) use = NULL;
  const guint64 size = shm_shared_memory_get_size (shared_memory);
  guint8 *memory;
  ShmFault fault;

  self->shared_memory = shared_memory;
  use = shm_shared_memory_enter (shared_memory, error);
  if (use == NULL)
    return NULL;

  memory = shm_shared_memory_find (shared_memory, use, 0, size, layout != NULL, error);
  if (memory == NULL)
    return NULL;
  if (layout != NULL)
    shm_frame_ring_format (memory, layout);
  if (!shm_frame_ring_open (&self->ring, memory, size, &fault))
    {
      shm_frames_fail (self, &fault, error);
      return NULL;
    }

  self->mapping = shm_mapping_ref (shm_block_map (use, &fault));

  return g_steal_pointer (&self);
}

/* Fails with INVALID_SIZE. */
static gboolean
check_layout (const ShmFrameLayout *layout, const char *name, GError **error)
{
  ShmFault fault;

  return shm_frame_layout_check (layout, &fault)
         || shm_error_set_from_fault (error, &fault, &(ShmErrorContext){ .name = name });
}

static ShmFrames *
create (ShmOrigin origin,
        const char *name,
        ShmFrameLayout layout,
        ShmCreateFlags flags,
        GError **error)
{
  const ShmCreateHooks hooks = { .fill = shm_frame_ring_fill, .fill_data = &layout };
  g_autoptr (ShmSharedMemory) shared_memory = NULL;
  ShmFrames *self;

  if (!check_layout (&layout, name, error))
    return NULL;

  shared_memory
      = shm_shared_memory_create_with (origin, name, shm_frame_layout_get_block_size (&layout),
                                       0600, flags, &hooks, NULL, error);
  if (shared_memory == NULL)
    return NULL;

  /* This fails if the block cannot be mapped, or if another process has damaged the header after
   * the block was published. */
  self = open_ring (g_object_ref (shared_memory), NULL, error);
  if (self == NULL && origin == SHM_ORIGIN_CREATE)
    shm_shared_memory_unlink (shared_memory, NULL);

  return self;
}

/**
 * shm_frames_get_block_size:
 * @frame_size: the size of a frame in bytes
 * @n_slots: the number of slots
 *
 * Returns the size of a block for frames, for [ctor@Shm.Frames.create_in].
 *
 * Returns: the size in bytes; 0 if there cannot be such frames
 *
 * Since: 1.0
 */
guint64
shm_frames_get_block_size (guint64 frame_size, guint n_slots)
{
  const ShmFrameLayout layout = { frame_size, n_slots };
  ShmFault ignored;

  return shm_frame_layout_check (&layout, &ignored) ? shm_frame_layout_get_block_size (&layout) : 0;
}

/**
 * shm_frames_create: (constructor)
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @frame_size: the size of a frame in bytes, at least 1
 * @n_slots: the number of slots, 3 to 64
 * @flags: how to create the block
 * @error: return location for an error
 *
 * Creates a block with mode 0600 for frames.
 *
 * The block is published when it is complete. For another mode, or for a block of a manager, create
 * a block with the size that [func@Shm.Frames.get_block_size] returns, and call
 * [ctor@Shm.Frames.create_in].
 *
 * It fails with [error@Shm.Error.INVALID_SIZE] if there cannot be such frames, with
 * [error@Shm.Error.CORRUPT] if another process damages the block at once, and as
 * [ctor@Shm.SharedMemory.create] does. If it fails, it leaves no name behind.
 *
 * Returns: (transfer full): new frames
 *
 * Since: 1.0
 */
ShmFrames *
shm_frames_create (const char *name,
                   guint64 frame_size,
                   guint n_slots,
                   ShmCreateFlags flags,
                   GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create (SHM_ORIGIN_CREATE, name, (ShmFrameLayout){ frame_size, n_slots }, flags, error);
}

/**
 * shm_frames_create_anonymous: (constructor)
 * @frame_size: the size of a frame in bytes, at least 1
 * @n_slots: the number of slots, 3 to 64
 * @flags: how to create the block
 * @error: return location for an error
 *
 * Creates an anonymous block for frames. Other processes get its descriptor, and call
 * [ctor@Shm.SharedMemory.attach_fd] and [ctor@Shm.Frames.new_for_shared_memory].
 *
 * It fails with [error@Shm.Error.INVALID_SIZE] if there cannot be such frames, and as
 * [ctor@Shm.SharedMemory.create_anonymous] does.
 *
 * Returns: (transfer full): new frames
 *
 * Since: 1.0
 */
ShmFrames *
shm_frames_create_anonymous (guint64 frame_size,
                             guint n_slots,
                             ShmCreateFlags flags,
                             GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create (SHM_ORIGIN_CREATE_ANONYMOUS, NULL, (ShmFrameLayout){ frame_size, n_slots }, flags,
                 error);
}

/**
 * shm_frames_create_in: (constructor)
 * @shared_memory: a block that no other process uses yet
 * @frame_size: the size of a frame in bytes, at least 1
 * @n_slots: the number of slots, 3 to 64
 * @error: return location for an error
 *
 * Makes an existing block a block for frames. The content of the block is lost.
 *
 * The object keeps a reference to @shared_memory. It fails with [error@Shm.Error.INVALID_SIZE] if
 * the block is smaller than [func@Shm.Frames.get_block_size] returns, or if there cannot be such
 * frames, with [error@Shm.Error.READ_ONLY], [error@Shm.Error.CLOSED] or, if the block cannot be
 * mapped, [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): new frames
 *
 * Since: 1.0
 */
ShmFrames *
shm_frames_create_in (ShmSharedMemory *shared_memory,
                      guint64 frame_size,
                      guint n_slots,
                      GError **error)
{
  const ShmFrameLayout layout = { frame_size, n_slots };
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (shared_memory), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_layout (&layout, shm_shared_memory_get_name (shared_memory), error))
    return NULL;
  if (shm_frame_layout_get_block_size (&layout) > shm_shared_memory_get_size (shared_memory))
    {
      shm_fault_set (&fault, SHM_STEP_FRAMES_CHECK, EOVERFLOW);
      shm_shared_memory_fail (shared_memory, &fault, error);
      return NULL;
    }

  return open_ring (g_object_ref (shared_memory), &layout, error);
}

/**
 * shm_frames_attach: (constructor)
 * @name: the name of a block
 * @flags: how to attach
 * @error: return location for an error
 *
 * Attaches to the frames in a block.
 *
 * With %SHM_ATTACH_READ_ONLY, the object can read frames but not write them, and
 * [method@Shm.Frames.wait] needs up to 0.1 seconds to notice a frame.
 *
 * It fails with [error@Shm.Error.CORRUPT] if the block contains no frames, and as
 * [ctor@Shm.SharedMemory.attach] does.
 *
 * Returns: (transfer full): the frames
 *
 * Since: 1.0
 */
ShmFrames *
shm_frames_attach (const char *name, ShmAttachFlags flags, GError **error)
{
  ShmSharedMemory *shared_memory;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  shared_memory = shm_shared_memory_attach (name, flags, error);

  return shared_memory != NULL ? open_ring (shared_memory, NULL, error) : NULL;
}

/**
 * shm_frames_new_for_shared_memory:
 * @shared_memory: a block that contains frames
 * @error: return location for an error
 *
 * Uses the frames in a block that is open already, for example in an anonymous block. The object
 * keeps a reference to @shared_memory.
 *
 * It fails with [error@Shm.Error.CORRUPT] if the block contains no frames, with
 * [error@Shm.Error.CLOSED] or, if the block cannot be mapped, [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): the frames
 *
 * Since: 1.0
 */
ShmFrames *
shm_frames_new_for_shared_memory (ShmSharedMemory *shared_memory, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (shared_memory), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return open_ring (g_object_ref (shared_memory), NULL, error);
}

/**
 * shm_frames_close:
 * @self: frames
 * @error: return location for an error
 *
 * Closes the block. If this object is the writer, another object can write afterwards. A frame that
 * was begun is discarded.
 *
 * Frames that were acquired stay valid until they are released. Closing twice has the same effect
 * as closing once. It fails as [method@Shm.SharedMemory.close] does; the block is closed
 * nevertheless.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shm_frames_close (ShmFrames *self, GError **error)
{
  gboolean is_closed;

  g_return_val_if_fail (SHM_IS_FRAMES (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->shared_memory == NULL)
    return TRUE;

  /* The handlers of the signal "closed" find that the object is no writer any more. */
  shm_frame_ring_end_writing (&self->ring);
  shm_at (FRAMES_WRITER);
  is_closed = shm_shared_memory_close (self->shared_memory, error);

  /* Another thread can have begun a frame just before the block was closed. If it begins one later,
   * shm_frames_begin() itself ends writing. */
  shm_frame_ring_end_writing (&self->ring);

  return is_closed;
}

/**
 * shm_frames_get_shared_memory: (get-property shared-memory)
 * @self: frames
 *
 * Returns the block.
 *
 * Returns: (transfer none) (nullable): the block; %NULL if the object was never opened
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_frames_get_shared_memory (ShmFrames *self)
{
  g_return_val_if_fail (SHM_IS_FRAMES (self), NULL);

  return self->shared_memory;
}

/**
 * shm_frames_get_frame_size: (get-property frame-size)
 * @self: frames
 *
 * Returns the size of a frame.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shm_frames_get_frame_size (ShmFrames *self)
{
  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);

  return self->ring.layout.frame_size;
}

/**
 * shm_frames_get_n_slots: (get-property n-slots)
 * @self: frames
 *
 * Returns the number of slots.
 *
 * Returns: the number of slots
 *
 * Since: 1.0
 */
guint
shm_frames_get_n_slots (ShmFrames *self)
{
  g_return_val_if_fail (SHM_IS_FRAMES (self), 0);

  return self->ring.layout.n_slots;
}

/* Class */

static void
shm_frames_finalize (GObject *object)
{
  ShmFrames *self = SHM_FRAMES (object);

  shm_frame_ring_clear (&self->ring);
  g_clear_pointer (&self->mapping, shm_mapping_unref);
  g_clear_object (&self->shared_memory);

  G_OBJECT_CLASS (shm_frames_parent_class)->finalize (object);
}

static void
shm_frames_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  ShmFrames *self = SHM_FRAMES (object);

  switch ((ShmFramesProperty) prop_id)
    {
    case PROP_SHARED_MEMORY:
      g_value_set_object (value, self->shared_memory);
      break;
    case PROP_FRAME_SIZE:
      g_value_set_uint64 (value, self->ring.layout.frame_size);
      break;
    case PROP_N_SLOTS:
      g_value_set_uint (value, self->ring.layout.n_slots);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_frames_class_init (ShmFramesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = shm_frames_finalize;
  object_class->get_property = shm_frames_get_property;

  /**
   * ShmFrames:shared-memory: (getter get_shared_memory)
   *
   * The block.
   *
   * Since: 1.0
   */
  properties[PROP_SHARED_MEMORY]
      = g_param_spec_object ("shared-memory", NULL, NULL, SHM_TYPE_SHARED_MEMORY, read_only);

  /**
   * ShmFrames:frame-size: (getter get_frame_size)
   *
   * The size of a frame in bytes.
   *
   * Since: 1.0
   */
  properties[PROP_FRAME_SIZE]
      = g_param_spec_uint64 ("frame-size", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * ShmFrames:n-slots: (getter get_n_slots)
   *
   * The number of slots.
   *
   * Since: 1.0
   */
  properties[PROP_N_SLOTS]
      = g_param_spec_uint ("n-slots", NULL, NULL, 0, SHM_FRAME_SLOTS_MAX, 0, read_only);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
shm_frames_init (ShmFrames *self)
{
}
