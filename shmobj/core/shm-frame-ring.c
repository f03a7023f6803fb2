/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-frame-ring.h"

#include "core/shm-fork.h"
#include "core/shm-frame-steps.h"
#include "core/shm-system-lock.h"
#include "core/shm-words.h"

#include <errno.h>

/* "shmobj" and "fr", so that a processor with another byte order does not accept the ring. */
#define MAGIC   G_GUINT64_CONSTANT (0x7266006a626f6d68)
#define VERSION 1

#define SLOT_ALIGNMENT G_GUINT64_CONSTANT (64)

#define WRITER_NUMBER     1
#define SLOT_NUMBER(slot) (2 + (guint64) (slot))

/* How often a reader looks for the latest frame again, because the writer has taken its slot in the
 * meantime. More attempts fail only if another process damages the ring. */
#define HOLD_ATTEMPTS 10000

typedef struct
{
  guint64 magic;
  guint32 version;
  guint32 n_slots;
  guint64 frame_size;
  guint64 latest; /* (atomic) */
  ShmEvent event;
  guint64 reserved[3];
  guint64 numbers[]; /* (atomic): by slot */
} Header;

G_STATIC_ASSERT (G_STRUCT_OFFSET (Header, event) == SHM_FRAME_RING_EVENT);
G_STATIC_ASSERT (sizeof (Header) == 64);

/* The locks that one object holds in one process. All of them belong to one open file description,
 * which cannot lock a slot twice. Therefore the object counts its readers of each slot. */
struct _ShmFrameHolder
{
  ShmReopened file;
  ShmFrameHolder *older; /* (owned) (nullable): of the parent process */

  /* Protected by shm_fork_block(). */
  gboolean is_writer;
  int drawing; /* the slot of the frame that was begun, or -1 */
  guint n_readers[SHM_FRAME_SLOTS_MAX];
};

/* The layout */

gboolean
shm_frame_layout_check (const ShmFrameLayout *layout, ShmFault *fault)
{
  if (layout->frame_size == 0 || layout->n_slots < SHM_FRAME_SLOTS_MIN
      || layout->n_slots > SHM_FRAME_SLOTS_MAX)
    return shm_fault_set (fault, SHM_STEP_FRAMES_CHECK, EINVAL);
  if (layout->frame_size > G_MAXINT64 / (SHM_FRAME_SLOTS_MAX + 1))
    return shm_fault_set (fault, SHM_STEP_FRAMES_CHECK, EOVERFLOW);

  return TRUE;
}

static guint64
align (guint64 size)
{
  return (size + SLOT_ALIGNMENT - 1) / SLOT_ALIGNMENT * SLOT_ALIGNMENT;
}

guint64
shm_frame_layout_get_offset (const ShmFrameLayout *layout, guint slot)
{
  return align (sizeof (Header) + layout->n_slots * sizeof (guint64))
         + slot * align (layout->frame_size);
}

guint64
shm_frame_layout_get_block_size (const ShmFrameLayout *layout)
{
  return shm_frame_layout_get_offset (layout, layout->n_slots);
}

gboolean
shm_frame_ring_fill (int fd, gpointer layout, ShmFault *fault)
{
  const Header header = {
    .magic = MAGIC,
    .version = VERSION,
    .n_slots = ((ShmFrameLayout *) layout)->n_slots,
    .frame_size = ((ShmFrameLayout *) layout)->frame_size,
  };

  return shm_block_put (fd, 0, &header, sizeof header, fault);
}

/* The magic number comes last: a process that finds it finds a complete header. */
void
shm_frame_ring_format (guint8 *memory, const ShmFrameLayout *layout)
{
  Header *header = (gpointer) memory;

  shm_word_store (&header->magic, 0);
  header->version = VERSION;
  header->n_slots = layout->n_slots;
  header->frame_size = layout->frame_size;
  header->event = (ShmEvent){ 0 };
  shm_word_store (&header->latest, 0);
  for (guint slot = 0; slot < layout->n_slots; slot++)
    shm_word_store (&header->numbers[slot], 0);
  shm_word_store_release (&header->magic, MAGIC);
}

gboolean
shm_frame_ring_open (ShmFrameRing *self, guint8 *memory, guint64 size, ShmFault *fault)
{
  const Header *header = (gconstpointer) memory;
  guint32 version;

  shm_at (FRAMES_CHECK);

  if (size < sizeof *header || shm_word_load_acquire (&header->magic) != MAGIC)
    return shm_fault_set (fault, SHM_STEP_FRAMES_CHECK, EBADMSG);

  version = __atomic_load_n (&header->version, __ATOMIC_RELAXED);
  self->layout.n_slots = __atomic_load_n (&header->n_slots, __ATOMIC_RELAXED);
  self->layout.frame_size = shm_word_load (&header->frame_size);
  self->memory = memory;
  if (version != VERSION || !shm_frame_layout_check (&self->layout, fault)
      || shm_frame_layout_get_block_size (&self->layout) > size)
    return shm_fault_set (fault, SHM_STEP_FRAMES_CHECK, EBADMSG);

  return TRUE;
}

static Header *
get_header (const ShmFrameRing *self)
{
  return (gpointer) self->memory;
}

guint64
shm_frame_ring_get_number (const ShmFrameRing *self)
{
  return shm_word_load_acquire (&get_header (self)->latest) >> 8;
}

/* The holder */

static void
holder_free (ShmFrameHolder *self)
{
  while (self != NULL)
    {
      ShmFrameHolder *older = self->older;

      shm_reopened_close (&self->file);
      g_free (self);
      self = older;
    }
}

void
shm_frame_ring_clear (ShmFrameRing *self)
{
  g_clear_pointer (&self->holder, holder_free);
}

/* Returns the holder of this process. A forked child gets one of its own. The child also keeps the
 * holder of its parent, because frames that the parent has taken refer to it. */
static ShmFrameHolder *
ensure_holder (ShmFrameRing *self, ShmBlockUse *use, const char *name, ShmFault *fault)
{
  ShmFrameHolder *current = g_atomic_pointer_get (&self->holder);
  ShmFrameHolder *created;

  if (current != NULL && shm_reopened_is_current (&current->file))
    return current;

  created = g_new0 (ShmFrameHolder, 1);
  created->drawing = -1;

  /* The holder lasts as long as the object. So its descriptor is writable even if the block is
   * read-only at this moment, because another thread tries to seal it. */
  if (!shm_reopened_open (&created->file, use->fd, name, &use->identity, use->opened_read_only,
                          fault))
    {
      g_free (created);
      return NULL;
    }

  created->older = current;
  if (g_atomic_pointer_compare_and_exchange (&self->holder, current, created))
    return created;

  /* Another thread was faster. */
  created->older = NULL;
  holder_free (created);

  return g_atomic_pointer_get (&self->holder);
}

/* The writer */

static gboolean
become_writer_locked (ShmFrameHolder *self, ShmBlockUse *use, ShmFault *fault)
{
  if (self->is_writer)
    return TRUE;
  if (g_atomic_int_get (&use->read_only))
    return shm_fault_set (fault, SHM_STEP_FRAMES_WRITER, EROFS);

  if (!shm_system_lock_number (self->file.fd, WRITER_NUMBER, fault))
    return shm_fault_set (fault, fault->errnum == EAGAIN ? SHM_STEP_FRAMES_WRITER : SHM_STEP_LOCK,
                          fault->errnum);
  self->is_writer = TRUE;

  return TRUE;
}

/* Takes a slot that holds neither the latest frame nor a frame that is being read. */
static int
take_slot_locked (ShmFrameRing *self, ShmFrameHolder *holder, ShmFault *fault)
{
  const guint n_slots = self->layout.n_slots;
  const guint latest = shm_word_load (&get_header (self)->latest) & 0xff;

  for (guint i = 1; i < n_slots; i++)
    {
      const guint slot = (latest + i) % n_slots;

      if (holder->n_readers[slot] > 0)
        continue;
      if (shm_system_lock_number (holder->file.fd, SLOT_NUMBER (slot), fault))
        return slot;
      if (fault->errnum != EAGAIN)
        return -1;
    }

  shm_fault_set_detail (fault, SHM_STEP_FRAMES_BEGIN, EBUSY, n_slots);

  return -1;
}

int
shm_frame_ring_begin (ShmFrameRing *self, ShmBlockUse *use, const char *name, ShmFault *fault)
{
  ShmFrameHolder *holder = ensure_holder (self, use, name, fault);
  int slot = -1;

  if (holder == NULL)
    return -1;

  shm_at (FRAMES_BEGIN);

  shm_fork_block ();
  if (become_writer_locked (holder, use, fault))
    {
      if (holder->drawing < 0)
        {
          holder->drawing = take_slot_locked (self, holder, fault);
          if (holder->drawing >= 0)
            shm_word_store_release (&get_header (self)->numbers[holder->drawing], 0);
        }
      slot = holder->drawing;
    }
  shm_fork_unblock ();

  shm_at (FRAMES_BEGIN);

  return slot;
}

/* Returns the holder if this process has begun a frame with it. */
static ShmFrameHolder *
get_drawing_holder (ShmFrameRing *self)
{
  ShmFrameHolder *holder = g_atomic_pointer_get (&self->holder);

  return holder != NULL && shm_reopened_is_current (&holder->file) ? holder : NULL;
}

static void
release_drawing_locked (ShmFrameHolder *self)
{
  shm_system_unlock_numbers (self->file.fd, SLOT_NUMBER (self->drawing), 1);
  self->drawing = -1;
}

guint64
shm_frame_ring_publish (ShmFrameRing *self, ShmFault *fault)
{
  ShmFrameHolder *holder = get_drawing_holder (self);
  Header *header = get_header (self);
  guint64 number = 0;
  int slot = -1;

  shm_at (FRAMES_PUBLISH);

  shm_fork_block ();
  if (holder != NULL && holder->drawing >= 0)
    {
      slot = holder->drawing;
      number = shm_frame_ring_get_number (self) + 1;
      shm_word_store_release (&header->numbers[slot], number);
      shm_at (FRAMES_PUBLISH);
      release_drawing_locked (holder);
      shm_at (FRAMES_PUBLISH);
      shm_word_store_release (&header->latest, number << 8 | (guint) slot);
    }
  shm_fork_unblock ();

  shm_at (FRAMES_PUBLISH);

  if (slot < 0)
    shm_fault_set (fault, SHM_STEP_FRAMES_PUBLISH, EINVAL);

  return number;
}

void
shm_frame_ring_discard (ShmFrameRing *self)
{
  ShmFrameHolder *holder = get_drawing_holder (self);

  shm_fork_block ();
  if (holder != NULL && holder->drawing >= 0)
    release_drawing_locked (holder);
  shm_fork_unblock ();
}

void
shm_frame_ring_end_writing (ShmFrameRing *self)
{
  ShmFrameHolder *holder = get_drawing_holder (self);

  shm_frame_ring_discard (self);

  shm_fork_block ();
  if (holder != NULL && holder->is_writer)
    {
      shm_system_unlock_numbers (holder->file.fd, WRITER_NUMBER, 1);
      holder->is_writer = FALSE;
    }
  shm_fork_unblock ();
}

/* Readers */

static gboolean
share_slot (ShmFrameHolder *self, guint slot, ShmFault *fault)
{
  gboolean is_shared;

  shm_fork_block ();
  if (self->drawing == (int) slot)
    is_shared = shm_fault_set (fault, SHM_STEP_LOCK, EAGAIN);
  else
    is_shared = self->n_readers[slot] > 0
                || shm_system_share_number (self->file.fd, SLOT_NUMBER (slot), fault);
  if (is_shared)
    self->n_readers[slot]++;
  shm_fork_unblock ();

  return is_shared;
}

/* In a child of the process that has taken the slot, the descriptor is -1, so that the child does
 * not release the lock of its parent. */
void
shm_frame_ring_release (ShmFrameHolder *self, guint slot)
{
  shm_fork_block ();
  if (--self->n_readers[slot] == 0)
    shm_system_unlock_numbers (self->file.fd, SLOT_NUMBER (slot), 1);
  shm_fork_unblock ();
}

/* Takes the latest frame. Fails with EAGAIN if the writer has taken the slot in the meantime. */
static int
hold_once (ShmFrameRing *self, ShmFrameHolder *holder, guint64 *number, ShmFault *fault)
{
  const guint64 latest = shm_word_load_acquire (&get_header (self)->latest);
  const guint slot = latest & 0xff;

  *number = latest >> 8;
  if (*number == 0 || slot >= self->layout.n_slots)
    {
      shm_fault_set (fault, SHM_STEP_FRAMES_HOLD, latest == 0 ? ENODATA : ETIMEDOUT);
      return -1;
    }

  shm_at (FRAMES_HOLD);
  if (!share_slot (holder, slot, fault))
    return -1;

  shm_at (FRAMES_HOLD);
  if (shm_word_load_acquire (&get_header (self)->numbers[slot]) == *number)
    return slot;

  shm_frame_ring_release (holder, slot);
  shm_fault_set (fault, SHM_STEP_FRAMES_HOLD, EAGAIN);

  return -1;
}

int
shm_frame_ring_hold (ShmFrameRing *self,
                     ShmBlockUse *use,
                     const char *name,
                     guint64 *number,
                     ShmFrameHolder **holder,
                     ShmFault *fault)
{
  *holder = ensure_holder (self, use, name, fault);
  if (*holder == NULL)
    return -1;

  for (int i = 0; i < HOLD_ATTEMPTS; i++)
    {
      const int slot = hold_once (self, *holder, number, fault);

      if (slot >= 0 || fault->errnum != EAGAIN)
        return slot;
    }

  shm_fault_set (fault, SHM_STEP_FRAMES_HOLD, ETIMEDOUT);

  return -1;
}
