/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-owner.h"

#include "core/shm-fork.h"
#include "core/shm-list-steps.h"
#include "core/shm-random.h"
#include "core/shm-system-lock.h"
#include "core/shm-words.h"

#include <errno.h>
#include <unistd.h>

/* Random numbers below 2^61 practically never collide. All attempts fail if another process has
 * locked the whole range. */
#define CLAIM_ATTEMPTS 16

/* All lock owners of this process. shm_fork_block() protects the list. */
static ShmLockOwner *all = NULL;

/* Returns FALSE if another part of the program has closed the descriptor. The same descriptor
 * number can then belong to another file. */
static gboolean
has_descriptor (const ShmLockOwner *self)
{
  ShmIdentity found;
  ShmFault ignored;

  return self->fd >= 0 && shm_system_identify_fd (self->fd, &found, &ignored)
         && shm_identity_equal (&found, &self->identity);
}

/* Closes the inherited descriptors: they would keep the locks of the parent after its death. */
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

/* Removes @self from the list and closes its descriptor. Blocks fork() meanwhile, so that a child
 * never closes a descriptor of another file. The fence keeps the order for other processes: when
 * they find the number without its file lock, they no longer find it in the lock of the list. */
static void
remove_from_list (ShmLockOwner *self)
{
  shm_fence_stores ();

  shm_fork_block ();
  *self->link = self->next;
  if (self->next != NULL)
    self->next->link = self->link;
  if (has_descriptor (self))
    close (self->fd);
  shm_fork_unblock ();
}

/* Opens the block again: an open file description lock on @fd would belong to all processes that
 * have received the descriptor. */
static int
open_again (int fd, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  ShmIdentity found;
  int opened = shm_system_reopen (fd, FALSE, fault);

  /* Without /proc the block can only be opened by its name. */
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

  /* A caller that only reads recognizes this step and reads without a lock owner. */
  if (opened < 0)
    shm_fault_set (fault, SHM_STEP_LIST_OWNER, fault->errnum);

  return opened;
}

static guint64
get_random_number (void)
{
  return shm_random_get_uint64 () % SHM_SYSTEM_LOCK_NUMBER_MAX + 1;
}

/* Opens the descriptor and adds @self to the list. Blocks fork() meanwhile, so that a child closes
 * every copy that it inherits. */
static gboolean
open_and_add_to_list (ShmLockOwner *self,
                      int fd,
                      const char *name,
                      const ShmIdentity *identity,
                      ShmFault *fault)
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
      self->number = get_random_number ();
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
  if (!open_and_add_to_list (self, fd, name, identity, fault))
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

      remove_from_list (self);
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
