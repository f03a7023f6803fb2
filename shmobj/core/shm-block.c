/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-block.h"

#include "core/shm-io.h"
#include "core/shm-name.h"
#include "core/shm-system-draft.h"
#include "core/shm-system-seal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often to try with another generated name, which is taken with a chance of blocks / 2^32,
 * or with another draft. */
#define SHM_BLOCK_ATTEMPTS 64

void
shm_block_init (ShmBlock *self)
{
  memset (self, 0, sizeof *self);
  self->state = SHM_BLOCK_SHUT;
  self->fd = -1;
}

static void
tear_down (ShmBlock *self)
{
  g_clear_pointer (&self->mapping, shm_mapping_unref);

  /* Not retried when interrupted: on Linux the descriptor is gone all the same. */
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
shm_block_clear (ShmBlock *self)
{
  /* After fork() calls of threads that only the parent has may seem in flight for ever. */
  tear_down (self);
}

static void
open_up (ShmBlock *self, int fd, guint64 size, gboolean read_only)
{
  self->fd = fd;
  self->size = size;
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
    tear_down (use);
}

gboolean
shm_block_close (ShmBlock *self)
{
  const guint state = g_atomic_int_or ((guint *) &self->state, SHM_BLOCK_SHUT);

  if (state == 0)
    tear_down (self);

  return (state & SHM_BLOCK_SHUT) == 0;
}

/* Creating */

static gboolean
check_new_size (guint64 size, ShmFault *fault)
{
  shm_at (CHECK_SIZE);

  if (size == 0)
    return shm_fault_set (fault, SHM_STEP_CHECK_SIZE, EINVAL);
  if (size > G_MAXINT64 || size > G_MAXSIZE)
    return shm_fault_set (fault, SHM_STEP_CHECK_SIZE, EOVERFLOW);

  return TRUE;
}

/* Everything that a new file needs but its name. */
static gboolean
furnish (ShmBlock *self, int fd, const ShmBlockPlan *plan, ShmFault *fault)
{
  if (!shm_system_identify_fd (fd, &self->identity, fault))
    return FALSE;

  /* The umask has its say when the file is made, but a mode that was asked for is meant. */
  if (self->identity.mode != plan->mode)
    {
      shm_at (SET_MODE);
      if (fchmod (fd, plan->mode) < 0)
        return shm_fault_set (fault, SHM_STEP_SET_MODE, errno);
      self->identity.mode = plan->mode;
    }

  if ((plan->flags & SHM_CREATE_SPARSE) != 0)
    {
      if (!shm_system_set_size (fd, plan->size, fault))
        return FALSE;
    }
  else if (!shm_system_reserve (fd, plan->size, plan->proceed, plan->proceed_data, fault))
    return FALSE;

  if ((plan->flags & SHM_CREATE_POPULATE) != 0)
    {
      self->mapping
          = shm_mapping_new (fd, plan->size, SHM_MAPPING_WRITABLE | SHM_MAPPING_POPULATE, fault);
      if (self->mapping == NULL)
        return FALSE;
    }

  return plan->fill == NULL || plan->fill (fd, plan->fill_data, fault);
}

static gboolean
publish_as (ShmBlock *self,
            ShmDraft *draft,
            const ShmBlockPlan *plan,
            const char *name,
            ShmFault *fault)
{
  if (plan->before_publish != NULL)
    {
      shm_at (BEFORE_PUBLISH);
      if (!plan->before_publish (name, &self->identity, plan->before_publish_data))
        return shm_fault_set (fault, SHM_STEP_BEFORE_PUBLISH, ECONNABORTED);
    }

  return shm_system_draft_publish (draft, name, fault);
}

static gboolean
publish (ShmBlock *self,
         ShmDraft *draft,
         const ShmBlockPlan *plan,
         char *generated,
         ShmFault *fault)
{
  if (plan->name != NULL)
    return publish_as (self, draft, plan, plan->name, fault);

  for (int i = 0; i < SHM_BLOCK_ATTEMPTS; i++)
    {
      shm_name_generate (generated);
      if (publish_as (self, draft, plan, generated, fault))
        return TRUE;
      if (fault->errnum != EEXIST)
        return FALSE;
    }

  return FALSE;
}

static gboolean
create_once (ShmBlock *self, const ShmBlockPlan *plan, char *generated, ShmFault *fault)
{
  ShmDraft draft = SHM_DRAFT_INIT;

  if (shm_system_draft_create (&draft, plan->mode, fault) && furnish (self, draft.fd, plan, fault)
      && publish (self, &draft, plan, generated, fault))
    {
      open_up (self, draft.fd, plan->size, FALSE);
      return TRUE;
    }

  g_clear_pointer (&self->mapping, shm_mapping_unref);
  shm_system_draft_discard (&draft);

  return FALSE;
}

gboolean
shm_block_create (ShmBlock *self, const ShmBlockPlan *plan, char generated[], ShmFault *fault)
{
  if (!check_new_size (plan->size, fault) || !shm_system_check_limit (plan->size, fault))
    return FALSE;

  for (int i = 0; i < SHM_BLOCK_ATTEMPTS; i++)
    {
      if (create_once (self, plan, generated, fault))
        return TRUE;
      if (fault->step != SHM_STEP_PUBLISH || fault->errnum != EAGAIN)
        return FALSE;
    }

  return FALSE;
}

gboolean
shm_block_create_anonymous (ShmBlock *self, const ShmBlockPlan *plan, ShmFault *fault)
{
  int fd;

  if (!check_new_size (plan->size, fault) || !shm_system_check_limit (plan->size, fault))
    return FALSE;

  fd = shm_system_create_anonymous (fault);
  if (fd < 0)
    return FALSE;

  if (!furnish (self, fd, plan, fault))
    {
      close (fd);
      return FALSE;
    }

  open_up (self, fd, plan->size, FALSE);

  return TRUE;
}

/* Attaching */

/* A block of size 0 is one that its creator is still making: ours never show that, other
 * programs' do for a moment. */
static gboolean
await_size (int fd, ShmIdentity *identity, ShmFault *fault)
{
  const gint64 deadline = g_get_monotonic_time () + SHM_BLOCK_AWAIT_SIZE_MSEC * 1000;
  gulong nap = 20;

  while (identity->size == 0)
    {
      shm_at (AWAIT_SIZE);
      if (g_get_monotonic_time () >= deadline)
        return shm_fault_set (fault, SHM_STEP_AWAIT_SIZE, ENODATA);

      g_usleep (nap);
      nap = MIN (nap * 2, 5000);
      if (!shm_system_identify_fd (fd, identity, fault))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_type (const ShmIdentity *identity, ShmFault *fault)
{
  shm_at (CHECK_TYPE);

  return identity->is_regular || shm_fault_set (fault, SHM_STEP_CHECK_TYPE, ENODEV);
}

static gboolean
check_owner (const ShmIdentity *identity, ShmAttachFlags flags, ShmFault *fault)
{
  shm_at (CHECK_OWNER);

  if ((flags & SHM_ATTACH_ANY_OWNER) != 0 || identity->uid == 0 || identity->uid == geteuid ())
    return TRUE;

  return shm_fault_set_detail (fault, SHM_STEP_CHECK_OWNER, EPERM, identity->uid);
}

/* Takes over @fd, which is closed when the block can't be used. */
static gboolean
adopt (ShmBlock *self, int fd, gboolean read_only, ShmAttachFlags flags, ShmFault *fault)
{
  if (!shm_system_identify_fd (fd, &self->identity, fault) || !check_type (&self->identity, fault)
      || !check_owner (&self->identity, flags, fault) || !await_size (fd, &self->identity, fault))
    {
      close (fd);
      return FALSE;
    }

  open_up (self, fd, self->identity.size, read_only);

  return TRUE;
}

gboolean
shm_block_attach (ShmBlock *self, const char *name, ShmAttachFlags flags, ShmFault *fault)
{
  const gboolean read_only = (flags & SHM_ATTACH_READ_ONLY) != 0;
  const int fd = shm_system_open (name, read_only, fault);

  return fd >= 0 && adopt (self, fd, read_only, flags, fault);
}

gboolean
shm_block_attach_fd (ShmBlock *self, int fd, ShmAttachFlags flags, ShmFault *fault)
{
  gboolean read_only;
  int own_fd;

  if (!shm_system_inspect_fd (fd, &read_only, fault))
    return FALSE;

  own_fd = shm_system_duplicate (fd, fault);

  return own_fd >= 0
         && adopt (self, own_fd, read_only || (flags & SHM_ATTACH_READ_ONLY) != 0, flags, fault);
}

/* Using */

gboolean
shm_block_contains (ShmBlock *self, guint64 offset, guint64 length)
{
  return offset <= self->size && length <= self->size - offset;
}

/* A block that was writable may have been sealed since, by somebody else. */
static void
notice_seal (ShmBlock *self)
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
      mapping = shm_mapping_new (self->fd, self->size, SHM_MAPPING_WRITABLE, fault);
      if (mapping == NULL && fault->errnum == EPERM)
        notice_seal (self);
    }

  if (mapping == NULL && g_atomic_int_get (&self->read_only))
    mapping = shm_mapping_new (self->fd, self->size, 0, fault);

  return mapping;
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

  /* Two threads may come here at once; the first to put its mapping in place is followed. */
  if (g_atomic_pointer_compare_and_exchange (&self->mapping, NULL, mine))
    return mine;

  shm_mapping_unref (mine);

  return g_atomic_pointer_get (&self->mapping);
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
        return shm_fault_set_detail (fault, SHM_STEP_READ, ENODATA, offset + done);
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

/* pwrite() on a file that another process has truncated would make it grow again, so the size
 * is looked at first. When the file is truncated between the look and the write it does grow,
 * with zeros below; no memory is touched outside, and the process lives. */
gboolean
shm_block_write (ShmBlock *self, guint64 offset, const void *data, gsize length, ShmFault *fault)
{
  ShmIdentity now;

  shm_at (WRITE);

  if (!shm_system_check_limit (offset + length, fault)
      || !shm_system_identify_fd (self->fd, &now, fault))
    return FALSE;
  if (now.size < offset + length)
    return shm_fault_set_detail (fault, SHM_STEP_WRITE, ENODATA, now.size);
  if (shm_system_is_appending (self->fd))
    return shm_fault_set (fault, SHM_STEP_WRITE, EINVAL);

  if (shm_block_put (self->fd, offset, data, length, fault))
    return TRUE;
  if (fault->errnum == EPERM)
    notice_seal (self);

  return FALSE;
}

/* The kernel refuses a seal against writing while anybody has the memory mapped for writing.
 * Our own mapping is traded for one that only reads, at the same address, so that pointers and
 * other threads' reads stay good; views that a program holds are for it to give up first.
 *
 * A call that writes enters before it looks at read_only. So when it is set, and nobody but us is
 * in then, nobody is writing, and whoever comes sees that he may not. */
static gboolean
seal_against_writing (ShmBlock *self, ShmSealFlags seals, ShmFault *fault)
{
  ShmMapping *mapping;
  ShmFault ignored;

  g_atomic_int_set (&self->read_only, TRUE);

  mapping = g_atomic_pointer_get (&self->mapping);
  if (g_atomic_int_get (&self->state) != 1
      || (mapping != NULL && !shm_mapping_is_unshared (mapping)))
    {
      g_atomic_int_set (&self->read_only, FALSE);
      return shm_fault_set (fault, SHM_STEP_SEAL, EBUSY);
    }

  if ((mapping == NULL || shm_mapping_freeze (mapping, self->fd, fault))
      && shm_system_add_seals (self->fd, seals, fault))
    return TRUE;

  /* If it can't be made writable again, it is read-only from now on. */
  if (mapping == NULL || shm_mapping_thaw (mapping, self->fd, &ignored))
    g_atomic_int_set (&self->read_only, FALSE);

  return FALSE;
}

gboolean
shm_block_seal (ShmBlock *self, ShmSealFlags seals, ShmFault *fault)
{
  shm_at (SEAL);

  if ((seals & ~shm_system_get_seals (self->fd)) == 0)
    return TRUE;
  if (!shm_system_can_seal (self->fd))
    return shm_fault_set (fault, SHM_STEP_SEAL, EPERM);
  if (g_atomic_int_get (&self->read_only))
    return shm_fault_set (fault, SHM_STEP_SEAL, EROFS);

  if ((seals & SHM_SEAL_WRITE) != 0)
    return seal_against_writing (self, seals, fault);

  return shm_system_add_seals (self->fd, seals, fault);
}
