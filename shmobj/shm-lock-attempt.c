/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-lock-attempt.h"

#include "core/shm-system-lock.h"
#include "manager/shm-cancel.h"
#include "shm-error-private.h"
#include "shm-lock-guard-private.h"
#include "shm-shared-memory-private.h"

#include <errno.h>

ShmLockRange
shm_shared_memory_get_whole_range (ShmLockMode mode)
{
  return (ShmLockRange){ 0, SHM_SYSTEM_LOCK_BYTES_MAX, mode == SHM_LOCK_MODE_SHARED };
}

void
shm_lock_attempt_init (ShmLockAttempt *self,
                       ShmSharedMemory *block,
                       const ShmLockRange *range,
                       gint64 timeout,
                       GCancellable *cancellable)
{
  const gint64 now = timeout > 0 ? g_get_monotonic_time () : 0;

  *self = (ShmLockAttempt){
    .block = block,
    .range = *range,
    .deadline = timeout < 0 || timeout > G_MAXINT64 - now ? G_MAXINT64 : now + timeout,
    .cancellable = cancellable,
  };
}

void
shm_lock_attempt_clear (ShmLockAttempt *self)
{
  shm_lock_pool_put (g_steal_pointer (&self->handle));
}

gboolean
shm_lock_attempt_set_range (ShmSharedMemory *self,
                            guint64 offset,
                            guint64 length,
                            ShmLockMode mode,
                            ShmLockRange *range,
                            GError **error)
{
  g_autofree char *block = NULL;

  *range = (ShmLockRange){ offset, length, mode == SHM_LOCK_MODE_SHARED };
  if (!shm_shared_memory_check_open (self, error))
    return FALSE;
  if (length > 0)
    return shm_shared_memory_check_range (self, offset, length, FALSE, error);

  block = shm_error_describe_block (shm_shared_memory_get_private (self)->name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_OUT_OF_RANGE,
               "The range at offset %" G_GUINT64_FORMAT
               " of block %s cannot be locked: it has no bytes",
               offset, block);

  return FALSE;
}

static gboolean
set_read_only_error (const char *name, GError **error)
{
  g_autofree char *block = shm_error_describe_block (name);

  g_set_error (error, SHM_ERROR, SHM_ERROR_READ_ONLY,
               "Block %s cannot be locked exclusively, because this object can only read it: take "
               "a "
               "shared lock, or attach without the flag READ_ONLY",
               block);

  return FALSE;
}

gboolean
shm_lock_attempt_begin (ShmLockAttempt *self, GError **error)
{
  const char *name = shm_shared_memory_get_private (self->block)->name;
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self->block, error);
  ShmLockSource source = { .name = name };
  ShmFault fault;

  if (use == NULL)
    return FALSE;
  if (use->opened_read_only && !self->range.is_shared)
    return set_read_only_error (name, error);

  source.fd = use->fd;
  source.identity = &use->identity;
  source.read_only = use->opened_read_only;
  self->handle = shm_lock_pool_take (shm_block_get_lock_pool (use, name), &source, &fault);

  return self->handle != NULL || shm_shared_memory_fail (self->block, &fault, error);
}

ShmLockGuard *
shm_lock_attempt_succeed (ShmLockAttempt *self)
{
  return shm_lock_guard_new (g_steal_pointer (&self->handle), &self->range);
}

gboolean
shm_lock_attempt_lock (ShmLockAttempt *self, gboolean wait, ShmFault *fault)
{
  return shm_lock_handle_lock (self->handle, &self->range, wait, fault);
}

static void
set_timeout_error (ShmLockAttempt *self, GError **error)
{
  g_autofree char *block
      = shm_error_describe_block (shm_shared_memory_get_private (self->block)->name);

  if (self->range.length == SHM_SYSTEM_LOCK_BYTES_MAX)
    g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
                 "Block %s could not be locked in the given time: another lock of it is held",
                 block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
                 "The %" G_GUINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
                 " of block %s could not be locked in the given time: another lock of them is held",
                 self->range.length, self->range.offset, block);
}

void
shm_lock_attempt_set_error (ShmLockAttempt *self, const ShmFault *fault, GError **error)
{
  if (shm_shared_memory_check_open (self->block, error))
    shm_shared_memory_fail (self->block, fault, error);
}

void
shm_lock_attempt_set_lost_error (ShmLockAttempt *self, GError **error)
{
  ShmFault fault;

  shm_fault_set (&fault, SHM_STEP_UNLOCK, EBADF);
  shm_shared_memory_fail (self->block, &fault, error);
}

gboolean
shm_lock_attempt_is_over (ShmLockAttempt *self, GError **error)
{
  if (shm_cancel_set_error (self->cancellable, error))
    return TRUE;
  if (g_get_monotonic_time () < self->deadline)
    return FALSE;

  set_timeout_error (self, error);

  return TRUE;
}

ShmLockResult
shm_lock_attempt_check (ShmLockAttempt *self,
                        gboolean is_locked,
                        const ShmFault *fault,
                        GError **error)
{
  if (is_locked)
    return SHM_LOCK_RESULT_LOCKED;
  if (fault->errnum == EAGAIN && fault->step == SHM_STEP_LOCK)
    return SHM_LOCK_RESULT_NOT_LOCKED;
  if (fault->errnum == EBADF)
    return SHM_LOCK_RESULT_LOST;

  shm_lock_attempt_set_error (self, fault, error);

  return SHM_LOCK_RESULT_FAILED;
}
