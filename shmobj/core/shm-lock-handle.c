/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-handle.h"

#include "core/shm-system-lock.h"

#include <errno.h>

gboolean
shm_lock_handle_open (ShmLockHandle *self, const ShmLockSource *source, ShmFault *fault)
{
  shm_lock_handle_close (self);
  self->is_open = shm_reopened_open (&self->file, source->fd, source->name, source->identity,
                                     source->read_only, fault);

  return self->is_open;
}

void
shm_lock_handle_close (ShmLockHandle *self)
{
  if (self->is_open)
    shm_reopened_close (&self->file);
  self->is_open = FALSE;
}

gboolean
shm_lock_handle_lock (ShmLockHandle *self,
                      const ShmLockRange *range,
                      gboolean wait,
                      ShmFault *fault)
{
  gboolean is_locked;

  shm_at (LOCK);
  is_locked = shm_system_lock_bytes (self->file.fd, range->is_shared, range->offset, range->length,
                                     wait, fault);
  shm_at (LOCK);

  if (!is_locked && fault->errnum == EBADF)
    shm_lock_handle_close (self);

  return is_locked;
}

gboolean
shm_lock_handle_unlock (ShmLockHandle *self, const ShmLockRange *range, ShmFault *fault)
{
  shm_at (UNLOCK);
  if (shm_system_unlock_bytes (self->file.fd, range->offset, range->length, fault))
    return TRUE;

  shm_lock_handle_close (self);

  return FALSE;
}
