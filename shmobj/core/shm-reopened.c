/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-reopened.h"

#include <errno.h>
#include <unistd.h>

/* All reopened descriptors of this process. shm_fork_block() protects the list. */
static ShmReopened *all = NULL;

gboolean
shm_reopened_is_valid (const ShmReopened *self)
{
  ShmIdentity found;
  ShmFault ignored;

  return self->fd >= 0 && shm_system_identify_fd (self->fd, &found, &ignored)
         && shm_identity_equal (&found, &self->identity);
}

static void
close_all_in_child (void)
{
  for (ShmReopened *self = all; self != NULL; self = self->next)
    {
      if (shm_reopened_is_valid (self))
        close (self->fd);
      self->fd = -1;
    }
}

static ShmForkHandlers fork_handlers = { .in_child = close_all_in_child };

static int
open_again (int fd,
            const char *name,
            const ShmIdentity *identity,
            gboolean read_only,
            ShmFault *fault)
{
  ShmIdentity found;
  int opened = shm_system_reopen (fd, read_only, fault);

  /* Without /proc the block can only be opened by its name. */
  if (opened < 0 && fault->errnum == ENOENT && name != NULL)
    {
      opened = shm_system_open (name, read_only, fault);
      if (opened >= 0
          && (!shm_system_identify_fd (opened, &found, fault)
              || !shm_identity_equal (&found, identity)))
        {
          close (opened);
          shm_fault_set (fault, SHM_STEP_REOPEN, ESTALE);
          opened = -1;
        }
    }

  return opened;
}

/* Blocks fork() while it opens the descriptor and adds it to the list, so that a child closes every
 * copy that it inherits. */
gboolean
shm_reopened_open (ShmReopened *self,
                   int fd,
                   const char *name,
                   const ShmIdentity *identity,
                   gboolean read_only,
                   ShmFault *fault)
{
  self->generation = shm_fork_get_generation ();
  self->identity = *identity;
  shm_fork_add_handlers (&fork_handlers);

  shm_fork_block ();
  self->fd = open_again (fd, name, identity, read_only, fault);
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

/* Blocks fork() meanwhile, so that a child never closes a descriptor of another file. */
void
shm_reopened_close (ShmReopened *self)
{
  shm_fork_block ();
  *self->link = self->next;
  if (self->next != NULL)
    self->next->link = self->link;
  if (shm_reopened_is_valid (self))
    close (self->fd);
  self->fd = -1;
  shm_fork_unblock ();
}
