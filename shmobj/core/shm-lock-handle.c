/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-handle.h"

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
