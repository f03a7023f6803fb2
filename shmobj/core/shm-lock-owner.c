/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-owner.h"

#include "core/shm-list-steps.h"
#include "core/shm-random.h"
#include "core/shm-system-lock.h"
#include "core/shm-system-watch.h"
#include "core/shm-words.h"

#include <errno.h>

/* Random numbers below 2^61 practically never collide. All attempts fail if another process has
 * locked the whole range. */
#define CLAIM_ATTEMPTS 16
#define SLEEP_USEC     1000

static guint64
get_random_number (void)
{
  return shm_random_get_uint64 () % SHM_SYSTEM_LOCK_NUMBER_MAX + 1;
}

static gboolean
try_to_claim_number (ShmLockOwner *self, ShmFault *fault)
{
  for (int i = 0; i < CLAIM_ATTEMPTS; i++)
    {
      self->number = get_random_number ();
      if (shm_system_lock_number (self->file.fd, self->number, fault))
        return TRUE;
      if (fault->errnum != EAGAIN)
        break;
    }

  return FALSE;
}

/* Waits while another process has locked the whole file, with lockf() of CPython for example. */
static gboolean
claim_number (ShmLockOwner *self, ShmFault *fault)
{
  const gint64 deadline = g_get_monotonic_time () + SHM_LOCK_OWNER_TIMEOUT_MSEC * 1000;

  while (!try_to_claim_number (self, fault))
    {
      if (fault->errnum != EAGAIN || g_get_monotonic_time () >= deadline)
        return shm_fault_set (fault, SHM_STEP_LIST_OWNER, fault->errnum);
      shm_at (LIST_OWNER);
      g_usleep (SLEEP_USEC);
    }

  return TRUE;
}

ShmLockOwner *
shm_lock_owner_new (int fd, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  ShmLockOwner *self = g_new0 (ShmLockOwner, 1);

  shm_at (LIST_OWNER);

  if (!shm_reopened_open (&self->file, fd, name, identity, FALSE, fault))
    {
      /* A caller that only reads recognizes this step and reads without a lock owner. */
      shm_fault_set (fault, SHM_STEP_LIST_OWNER, fault->errnum);
      g_free (self);
      return NULL;
    }

  if (!claim_number (self, fault))
    g_clear_pointer (&self, shm_lock_owner_free);

  return self;
}

void
shm_lock_owner_free (ShmLockOwner *self)
{
  while (self != NULL)
    {
      ShmLockOwner *older = self->older;

      /* Keep the order for other processes: when they find the number without its file lock, they
       * no longer find it in the lock of the list. */
      shm_fence_stores ();
      shm_reopened_close (&self->file);
      g_free (self);
      self = older;
    }
}

gboolean
shm_lock_owner_is_alive (const ShmLockOwner *self, guint64 number)
{
  if (number == self->number || !shm_reopened_is_valid (&self->file))
    return TRUE;

  return number <= SHM_SYSTEM_LOCK_NUMBER_MAX
         && shm_system_is_number_locked (self->file.fd, number);
}

gboolean
shm_lock_owner_touch (const ShmLockOwner *self)
{
  return shm_reopened_is_valid (&self->file) && shm_system_touch (self->file.fd);
}
