/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-block-private.h"

#include "core/shm-io.h"
#include "core/shm-lock-queue.h"
#include "core/shm-system-seal.h"
#include "core/shm-system-watch.h"
#include "core/shm-watch.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
shm_block_init (ShmBlock *self)
{
  memset (self, 0, sizeof *self);
  self->state = SHM_BLOCK_SHUT;
  self->fd = -1;
  self->touch_fd = -1;
}

static void
close_lock_pool (ShmLockPool *pool)
{
  shm_lock_pool_close (pool);
  shm_lock_queue_fail_all (pool);
  shm_lock_pool_unref (pool);
}

static void
release_resources (ShmBlock *self)
{
  g_clear_pointer (&self->mapping, shm_mapping_unref);
  g_clear_pointer (&self->lock_pool, close_lock_pool);

  /* Do not repeat close() after EINTR: Linux has closed the descriptor even then. */
  if (self->fd >= 0)
    close (self->fd);
  if (self->touch_fd >= 0)
    close (self->touch_fd);
  self->fd = self->touch_fd = -1;
}

void
shm_block_clear (ShmBlock *self)
{
  /* The state is ignored. In a forked child it can count operations of threads that only the parent
   * has. */
  release_resources (self);
}

void
shm_block_set_open (ShmBlock *self, int fd, guint64 size, gboolean read_only)
{
  self->fd = fd;
  self->size = size;
  self->opened_read_only = read_only;
  self->read_only = read_only;
  g_atomic_int_set (&self->state, 0);
}

ShmBlockUse *
shm_block_enter (ShmBlock *self)
{
  int state = g_atomic_int_get (&self->state);

  while ((state & SHM_BLOCK_SHUT) == 0)
    {
      if (g_atomic_int_compare_and_exchange (&self->state, state, state + 1))
        return self;
      state = g_atomic_int_get (&self->state);
    }

  return NULL;
}

void
shm_block_leave (ShmBlockUse *use)
{
  if (g_atomic_int_add (&use->state, -1) == (SHM_BLOCK_SHUT | 1))
    release_resources (use);
}

gboolean
shm_block_close (ShmBlock *self)
{
  const guint state = g_atomic_int_or ((guint *) &self->state, SHM_BLOCK_SHUT);

  if (state == 0)
    release_resources (self);

  return (state & SHM_BLOCK_SHUT) == 0;
}

/* Using */

gboolean
shm_block_contains (ShmBlock *self, guint64 offset, guint64 length)
{
  return offset <= self->size && length <= self->size - offset;
}

/* Called after sealing, and after writing or mapping has failed with EPERM: another process may
 * have sealed the block against writing. */
static void
update_read_only (ShmBlock *self)
{
  if (!shm_system_is_writable (self->fd))
    g_atomic_int_set (&self->read_only, TRUE);
}

static ShmMapping *
new_mapping (ShmBlock *self, ShmFault *fault)
{
  ShmMapping *mapping = NULL;

  if (!g_atomic_int_get (&self->read_only))
    {
      mapping = shm_mapping_new (self->fd, self->size, TRUE, fault);
      if (mapping == NULL && fault->errnum == EPERM)
        update_read_only (self);
    }

  if (mapping == NULL && g_atomic_int_get (&self->read_only))
    mapping = shm_mapping_new (self->fd, self->size, FALSE, fault);

  return mapping;
}

/* Makes the mapping writable if it is not. Returns FALSE if that is not possible. */
static gboolean
thaw_mapping (ShmBlock *self)
{
  ShmMapping *mapping = g_atomic_pointer_get (&self->mapping);
  ShmFault ignored;

  return mapping == NULL || shm_mapping_is_writable (mapping)
         || shm_mapping_thaw (mapping, self->fd, &ignored);
}

ShmMapping *
shm_block_map (ShmBlock *self, ShmFault *fault)
{
  ShmMapping *mapping = g_atomic_pointer_get (&self->mapping);
  ShmMapping *mine;

  if (G_LIKELY (mapping != NULL))
    return mapping;

  mine = new_mapping (self, fault);
  if (mine == NULL)
    return NULL;

  /* If another thread has created a mapping at the same time, use the mapping of that thread. */
  if (!g_atomic_pointer_compare_and_exchange (&self->mapping, NULL, mine))
    shm_mapping_unref (mine);

  /* Another thread may have tried to seal the block in the meantime, and failed. */
  if (!g_atomic_int_get (&self->read_only))
    thaw_mapping (self);

  return g_atomic_pointer_get (&self->mapping);
}

ShmLockPool *
shm_block_get_lock_pool (ShmBlock *self, const char *name)
{
  ShmLockPool *pool = g_atomic_pointer_get (&self->lock_pool);

  if (G_LIKELY (pool != NULL))
    return pool;

  pool = shm_lock_pool_new (name);
  if (!g_atomic_pointer_compare_and_exchange (&self->lock_pool, NULL, pool))
    shm_lock_pool_unref (pool);

  return g_atomic_pointer_get (&self->lock_pool);
}

/* Sets the fault of an access beyond the end of the file. */
static gboolean
set_truncated (ShmBlock *self, ShmStep step, ShmFault *fault)
{
  ShmIdentity now;

  return shm_system_identify_fd (self->fd, &now, fault)
         && shm_fault_set_detail (fault, step, ENODATA, now.size);
}

gboolean
shm_block_read (ShmBlock *self, guint64 offset, void *data, gsize length, ShmFault *fault)
{
  gsize done = 0;

  shm_at (READ);

  while (done < length)
    {
      const gssize n = pread (self->fd, (guint8 *) data + done, length - done, offset + done);

      if (n > 0)
        done += n;
      else if (n == 0)
        return set_truncated (self, SHM_STEP_READ, fault);
      else if (errno != EINTR)
        return shm_fault_set (fault, SHM_STEP_READ, errno);
    }

  return TRUE;
}

gboolean
shm_block_put (int fd, guint64 offset, gconstpointer bytes, gsize length, ShmFault *fault)
{
  const int errnum = shm_io_write_all (fd, offset, bytes, length);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_WRITE, errnum);
}

/* Checks that the file still has @end bytes. Does not detect a truncated file if other code has
 * moved the position of the descriptor to more than 2 GiB after its end: see
 * shm_system_has_size(). */
static gboolean
check_size (ShmBlock *self, guint64 end, ShmFault *fault)
{
  ShmIdentity now;

  if (shm_system_has_size (self->fd, end))
    return TRUE;

  return shm_system_identify_fd (self->fd, &now, fault)
         && (now.size >= end || shm_fault_set_detail (fault, SHM_STEP_WRITE, ENODATA, now.size));
}

/* If another process has truncated the file, pwrite() would make the file grow again, so check the
 * size first. If the file is truncated between the check and the write, the file does grow, with
 * zeros below the new bytes. This is harmless: the write accesses no memory outside of the file. */
gboolean
shm_block_write (ShmBlock *self, guint64 offset, const void *data, gsize length, ShmFault *fault)
{
  shm_at (WRITE);

  if (!shm_system_check_limit (offset + length, fault)
      || !check_size (self, offset + length, fault))
    return FALSE;
  if (shm_system_is_appending (self->fd))
    return shm_fault_set (fault, SHM_STEP_WRITE, EINVAL);

  if (shm_block_put (self->fd, offset, data, length, fault))
    return TRUE;
  if (fault->errnum == EPERM)
    update_read_only (self);

  return FALSE;
}

/* Returns a descriptor whose touches cause events. See shm_system_touch(). */
static int
get_touch_fd (ShmBlock *self)
{
  int opened = g_atomic_int_get (&self->touch_fd);
  ShmFault ignored;

  if (opened >= 0)
    return opened;

  opened = shm_system_reopen (self->fd, FALSE, &ignored);
  if (opened < 0)
    return self->fd;

  /* If another thread has opened a descriptor at the same time, use that one. */
  if (!g_atomic_int_compare_and_exchange (&self->touch_fd, -1, opened))
    close (opened);

  return g_atomic_int_get (&self->touch_fd);
}

void
shm_block_touch (ShmBlock *self)
{
  if (shm_system_touch (get_touch_fd (self)))
    shm_watch_read_events ();
}

/* Permits writing again after an attempt to seal. If the mapping cannot be made writable, the block
 * stays read-only. A thread that reads can create a read-only mapping until read_only is cleared,
 * so make the mapping writable twice. */
static void
restore_writing (ShmBlock *self)
{
  if (!thaw_mapping (self))
    return;

  g_atomic_int_set (&self->read_only, FALSE);
  if (!thaw_mapping (self))
    g_atomic_int_set (&self->read_only, TRUE);
}

/* The kernel refuses a seal against writing while any process has the file mapped for writing.
 * Therefore a read-only mapping replaces the mapping of the block, at the same address: pointers,
 * and reads in other threads, stay valid. If the program holds bytes of a writable mapping, sealing
 * fails with EBUSY.
 *
 * Each write enters the block before it checks read_only. If read_only is set, and only the caller
 * has entered the block, then no thread is writing, and each later write fails. */
static gboolean
seal_against_writing (ShmBlock *self, ShmSealFlags seals, ShmFault *fault)
{
  const gboolean was_read_only = g_atomic_int_get (&self->read_only);
  ShmMapping *mapping;
  int errnum = 0;

  g_atomic_int_set (&self->read_only, TRUE);
  shm_at (SEAL);

  mapping = g_atomic_pointer_get (&self->mapping);
  if (mapping != NULL && !shm_mapping_is_writable (mapping))
    mapping = NULL;

  if (g_atomic_int_get (&self->state) != 1)
    errnum = EAGAIN;
  else if (mapping != NULL && !shm_mapping_is_unshared (mapping))
    errnum = EBUSY;

  if (errnum != 0)
    shm_fault_set (fault, SHM_STEP_SEAL, errnum);
  else if ((mapping == NULL || shm_mapping_freeze (mapping, self->fd, fault))
           && shm_system_add_seals (self->fd, seals, fault))
    return TRUE;

  if (!was_read_only)
    restore_writing (self);

  return FALSE;
}

static gboolean
add_seals (ShmBlock *self, ShmSealFlags seals, ShmFault *fault)
{
  if ((seals & SHM_SEAL_WRITE) != 0)
    return seal_against_writing (self, seals, fault);

  if (!shm_system_add_seals (self->fd, seals, fault))
    return FALSE;
  update_read_only (self);

  return TRUE;
}

gboolean
shm_block_seal (ShmBlock *self, ShmSealFlags seals, ShmFault *fault)
{
  ShmSealFlags missing;
  gboolean is_sealed;

  shm_at (SEAL);

  /* A file that can be truncated is not immutable. */
  if ((seals & (SHM_SEAL_WRITE | SHM_SEAL_FUTURE_WRITE)) != 0)
    seals |= SHM_SEAL_RESIZE;

  missing = seals & ~shm_system_get_seals (self->fd);
  if (missing == 0)
    return TRUE;
  if (!shm_system_can_seal (self->fd))
    return shm_fault_set (fault, SHM_STEP_SEAL, EPERM);
  if (self->opened_read_only)
    return shm_fault_set (fault, SHM_STEP_SEAL, EROFS);

  /* Only one thread at a time may seal: if it fails, it sets read_only to the former value. */
  if (!g_atomic_int_compare_and_exchange (&self->sealing, FALSE, TRUE))
    return shm_fault_set (fault, SHM_STEP_SEAL, EAGAIN);
  is_sealed = add_seals (self, missing, fault);
  g_atomic_int_set (&self->sealing, FALSE);

  return is_sealed;
}
