/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A ring of frames in a block: one writer gives whole frames to any number of readers.
 *
 * The block has a header, and then a number of slots that hold one frame each:
 *
 *       0  uint64  magic
 *       8  uint32  version of the layout
 *      12  uint32  number of slots, 3 to 64
 *      16  uint64  size of a frame in bytes
 *      24  uint64  latest frame: its number * 256 + its slot; 0 if there is no frame yet
 *      32  event   advanced after each frame (core/shm-event.h)
 *      40          reserved, 0
 *      64  uint64  for each slot: the number of the frame in it, or 0 if the frame is not complete
 *     ...          slots, each of which begins at a multiple of 64
 *
 * Frames have the numbers 1, 2, 3 and so on. All integers have the byte order of the processor.
 *
 * Open file description locks (core/shm-system-lock.h) decide who may use a slot. The kernel
 * releases them when a process dies.
 *
 *     number 1         held exclusively by the writer, from its first frame until its end
 *     number 2 + slot  held exclusively by the writer while it writes a frame into the slot,
 *                      shared by readers that use the frame in the slot
 *
 *     writer                                          reader
 *     1. take a free slot, but not the latest one     1. load the latest frame
 *     2. set the number of the slot to 0              2. share the lock of its slot
 *     3. write the frame                              3. check the number of the slot
 *     4. set the number of the slot                   4. use the frame
 *     5. release the slot                             5. release the slot
 *     6. store the latest frame, advance the event
 *
 * A reader in step 4 has a whole frame: the writer cannot take the slot. If step 2 or 3 of the
 * reader fails, the writer has taken the slot again, so there is a later frame. The writer never
 * waits: with two slots more than there are readers, one slot is always free. A writer that is
 * killed leaves a slot whose number is 0, or a frame that is not the latest one. Readers then still
 * get the latest frame.
 */

#pragma once

#include "core/shm-block.h"
#include "core/shm-event.h"
#include "core/shm-reopened.h"

G_BEGIN_DECLS

#define SHM_FRAME_SLOTS_MIN 3
#define SHM_FRAME_SLOTS_MAX 64

/* The offset of the event in the block. */
#define SHM_FRAME_RING_EVENT 32

typedef struct
{
  guint64 frame_size; /* bytes */
  guint n_slots;
} ShmFrameLayout;

typedef struct _ShmFrameHolder ShmFrameHolder;

/* Another process can change the header at any time. So the ring has a copy of the layout. */
typedef struct
{
  ShmFrameLayout layout;
  guint8 *memory;         /* of the whole block */
  ShmFrameHolder *holder; /* (atomic) (owned) (nullable): the locks of this object */
} ShmFrameRing;

/* Returns whether a ring can have this layout. Fails at SHM_STEP_FRAMES_CHECK. */
gboolean shm_frame_layout_check (const ShmFrameLayout *layout, ShmFault *fault);

/* Returns the size of the block for a valid layout, in bytes. */
guint64 shm_frame_layout_get_block_size (const ShmFrameLayout *layout);

/* Returns the offset of the frame in a slot. */
guint64 shm_frame_layout_get_offset (const ShmFrameLayout *layout, guint slot);

/* Writes the header of a new block; a ShmBlockFill function. @layout is a ShmFrameLayout. */
gboolean shm_frame_ring_fill (int fd, gpointer layout, ShmFault *fault);

/* Makes an empty ring in the memory of a block, which has at least the size that the layout needs.
 * The caller makes sure that no other process uses the block yet. */
void shm_frame_ring_format (guint8 *memory, const ShmFrameLayout *layout);

/* Opens the ring in a block of @size bytes. Fails at SHM_STEP_FRAMES_CHECK with EBADMSG. */
gboolean shm_frame_ring_open (ShmFrameRing *self, guint8 *memory, guint64 size, ShmFault *fault);

/* Releases all locks. */
void shm_frame_ring_clear (ShmFrameRing *self);

/* The number of the latest frame, or 0. */
guint64 shm_frame_ring_get_number (const ShmFrameRing *self);

/* In the following functions, @use and @name are the block of the ring, and its name or NULL. They
 * can be called in any thread. */

/* Takes a slot for the next frame. Returns the slot that it returned before if that frame was
 * neither published nor discarded. Returns -1 on failure: FRAMES_WRITER, FRAMES_BEGIN, or a fault
 * of opening the block again or of locking. */
int shm_frame_ring_begin (ShmFrameRing *self, ShmBlockUse *use, const char *name, ShmFault *fault);

/* Publishes the frame that was begun. The caller advances the event afterwards. Returns the number
 * of the frame, or 0 with a fault at FRAMES_PUBLISH. */
guint64 shm_frame_ring_publish (ShmFrameRing *self, ShmFault *fault);

/* Gives up the frame that was begun, if there is one. */
void shm_frame_ring_discard (ShmFrameRing *self);

/* Does the same, and lets another object become the writer. */
void shm_frame_ring_end_writing (ShmFrameRing *self);

/* Takes the latest frame for reading. Returns its slot and sets @number, or returns -1 on failure:
 * FRAMES_HOLD, or a fault of opening the block again or of locking. Sets @holder to what
 * shm_frame_ring_release() needs. */
int shm_frame_ring_hold (ShmFrameRing *self,
                         ShmBlockUse *use,
                         const char *name,
                         guint64 *number,
                         ShmFrameHolder **holder,
                         ShmFault *fault);

/* Releases a slot. In a child of the process that has taken the slot, it stays in use. */
void shm_frame_ring_release (ShmFrameHolder *holder, guint slot);

G_END_DECLS
