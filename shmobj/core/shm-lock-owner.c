/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-owner.h"

#include "core/shm-fork.h"
#include "core/shm-list-steps.h"
#include "core/shm-random.h"
#include "core/shm-system-lock.h"

#include <errno.h>
#include <unistd.h>

/* Two of 2^61 numbers are never the same, unless somebody has claimed all of them. */
#define CLAIM_ATTEMPTS 16

/* All lock owners of this process. Nobody forks while it is changed. */
static ShmLockOwner *all = NULL;

static gboolean
has_descriptor (const ShmLockOwner *self)
{
  ShmIdentity found;
  ShmFault ignored;

  return self->fd >= 0 && shm_system_identify_fd (self->fd, &found, &ignored)
         && shm_identity_equal (&found, &self->identity);
}

static void
in_child (void)
{
  for (ShmLockOwner *self = all; self != NULL; self = self->next)
    {
      if (has_descriptor (self))
        close (self->fd);
      self->fd = -1;
    }
}

static ShmForkHandlers fork_handlers = { .in_child = in_child };

/* In one go too, for the same reason. */
static void
delist (ShmLockOwner *self)
{
  shm_fork_block ();
  *self->link = self->next;
  if (self->next != NULL)
    self->next->link = self->link;
  if (has_descriptor (self))
    close (self->fd);
  shm_fork_unblock ();
}

/* Locks on the descriptor itself would be shared with everybody that it was handed on to. */
static int
open_again (int fd, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  ShmIdentity found;
  int opened = shm_system_reopen (fd, fault);

  if (opened < 0)
    shm_fault_set (fault, SHM_STEP_LIST_OWNER, fault->errnum);

  /* Without /proc the name is the only way. */
  if (opened < 0 && fault->errnum == ENOENT && name != NULL)
    {
      opened = shm_system_open (name, FALSE, fault);
      if (opened >= 0
          && (!shm_system_identify_fd (opened, &found, fault)
              || !shm_identity_equal (&found, identity)))
        {
          close (opened);
          shm_fault_set (fault, SHM_STEP_LIST_OWNER, ESTALE);
          opened = -1;
        }
    }

  return opened;
}

static guint64
draw_number (void)
{
  return shm_random_get_uint64 () % SHM_SYSTEM_LOCK_NUMBER_MAX + 1;
}

/* Opens the descriptor and enters it into the list in one go, for fork(): a child must never have a
 * copy that it does not know of. */
static gboolean
enlist (ShmLockOwner *self, int fd, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  shm_fork_add_handlers (&fork_handlers);

  shm_fork_block ();
  self->fd = open_again (fd, name, identity, fault);
  if (self->fd >= 0)
    {
      self->next = all;
      self->link = &all;
      if (all != NULL)
        all->link = &self->next;
      all = self;
    }
  shm_fork_unblock ();

  return self->fd >= 0;
}

static gboolean
claim_number (ShmLockOwner *self, ShmFault *fault)
{
  for (int i = 0; i < CLAIM_ATTEMPTS; i++)
    {
      self->number = draw_number ();
      if (shm_system_lock_number (self->fd, self->number, fault))
        return TRUE;
      if (fault->errnum != EAGAIN)
        break;
    }

  return shm_fault_set (fault, SHM_STEP_LIST_OWNER, fault->errnum);
}

ShmLockOwner *
shm_lock_owner_new (int fd, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  ShmLockOwner *self = g_new0 (ShmLockOwner, 1);

  shm_at (LIST_OWNER);

  self->generation = shm_fork_get_generation ();
  self->identity = *identity;
  if (!enlist (self, fd, name, identity, fault))
    {
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

      delist (self);
      g_free (self);
      self = older;
    }
}

gboolean
shm_lock_owner_is_current (const ShmLockOwner *self)
{
  return self->generation == shm_fork_get_generation ();
}

gboolean
shm_lock_owner_is_alive (const ShmLockOwner *self, guint64 number)
{
  if (number == self->number || !has_descriptor (self))
    return TRUE;

  return number <= SHM_SYSTEM_LOCK_NUMBER_MAX && shm_system_is_number_locked (self->fd, number);
}
