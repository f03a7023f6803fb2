/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-block-private.h"

#include "core/shm-name.h"
#include "core/shm-system-draft.h"
#include "core/shm-system-seal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* The maximum number of generated names, and of drafts, to try. If there are N blocks, a generated
 * name is already in use with a probability of N / 2^32. */
#define MAX_ATTEMPTS 64

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

/* Gives a new file its size and, unless it is sparse, its pages. fallocate() is the fastest way to
 * allocate pages, but it allocates only small ones. Huge pages are allocated through a mapping. */
static gboolean
prepare_pages (ShmBlock *self, int fd, const ShmBlockPlan *plan, ShmFault *fault)
{
  const gboolean is_sparse = (plan->flags & SHM_CREATE_SPARSE) != 0;
  const gboolean is_huge = (plan->flags & SHM_CREATE_HUGE_PAGES) != 0;
  const gboolean is_populated = (plan->flags & SHM_CREATE_POPULATE) != 0 || (is_huge && !is_sparse);

  if (is_sparse || is_huge
          ? !shm_system_set_size (fd, plan->size, fault)
          : !shm_system_reserve (fd, plan->size, plan->proceed, plan->proceed_data, fault))
    return FALSE;
  if (!is_huge && !is_populated)
    return TRUE;

  self->mapping = shm_mapping_new (fd, plan->size, TRUE, fault);
  if (self->mapping == NULL)
    return FALSE;
  if (is_huge)
    shm_system_advise_huge_pages (shm_mapping_get_data (self->mapping), plan->size);

  return !is_populated
         || shm_system_populate (shm_mapping_get_data (self->mapping), plan->size, fd,
                                 plan->proceed, plan->proceed_data, fault);
}

/* Prepares a new file for publishing: mode, size, pages, mapping and content. */
static gboolean
prepare_file (ShmBlock *self, int fd, const ShmBlockPlan *plan, ShmFault *fault)
{
  if (!shm_system_identify_fd (fd, &self->identity, fault))
    return FALSE;

  /* The umask removes permissions from the mode of a draft. The system chooses the mode of an
   * anonymous file. */
  if (self->identity.mode != plan->mode)
    {
      shm_at (SET_MODE);
      if (fchmod (fd, plan->mode) < 0)
        return shm_fault_set (fault, SHM_STEP_SET_MODE, errno);
      self->identity.mode = plan->mode;
    }

  if (!prepare_pages (self, fd, plan, fault))
    return FALSE;

  return plan->fill == NULL || plan->fill (fd, plan->fill_data, fault);
}

static gboolean
publish_under_name (ShmBlock *self,
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
    return publish_under_name (self, draft, plan, plan->name, fault);

  for (int i = 0; i < MAX_ATTEMPTS; i++)
    {
      shm_name_generate (generated);
      if (publish_under_name (self, draft, plan, generated, fault))
        return TRUE;
      if (fault->errnum != EEXIST)
        return FALSE;
    }

  return FALSE;
}

static gboolean
create_from_draft (ShmBlock *self, const ShmBlockPlan *plan, char *generated, ShmFault *fault)
{
  ShmDraft draft = SHM_DRAFT_INIT;

  if (shm_system_draft_create (&draft, plan->mode, fault)
      && prepare_file (self, draft.fd, plan, fault)
      && publish (self, &draft, plan, generated, fault))
    {
      shm_block_set_open (self, draft.fd, plan->size, FALSE);
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

  for (int i = 0; i < MAX_ATTEMPTS; i++)
    {
      if (create_from_draft (self, plan, generated, fault))
        return TRUE;
      /* EAGAIN: the draft cannot be published, but a new draft may succeed. */
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

  if (!prepare_file (self, fd, plan, fault))
    {
      close (fd);
      return FALSE;
    }

  shm_block_set_open (self, fd, plan->size, FALSE);

  return TRUE;
}

/* Attaching */

/* Opens the block by its name. Waits while another process has a lease on the file. */
static int
open_by_name (const char *name,
              gboolean read_only,
              ShmProceedFunc proceed,
              gpointer proceed_data,
              ShmFault *fault)
{
  const gint64 start = g_get_monotonic_time ();
  gulong delay_usec = 20;

  for (;;)
    {
      const int fd = shm_system_open (name, read_only, fault);

      if (fd >= 0 || fault->step != SHM_STEP_OPEN || fault->errnum != EAGAIN
          || g_get_monotonic_time () - start >= SHM_BLOCK_AWAIT_LEASE_MSEC * 1000)
        return fd;
      if (proceed != NULL && !proceed (proceed_data))
        {
          shm_fault_set (fault, SHM_STEP_OPEN, ECANCELED);
          return -1;
        }

      g_usleep (delay_usec);
      delay_usec = MIN (delay_usec * 2, 5000);
    }
}

/* Waits until the size of the block is not 0. This library never publishes a block of size 0, but
 * other programs create the name first and set the size afterwards. */
static gboolean
await_size (int fd,
            ShmIdentity *identity,
            ShmProceedFunc proceed,
            gpointer proceed_data,
            ShmFault *fault)
{
  const gint64 deadline = g_get_monotonic_time () + SHM_BLOCK_AWAIT_SIZE_MSEC * 1000;
  gulong delay_usec = 20;

  while (identity->size == 0)
    {
      shm_at (AWAIT_SIZE);
      if (g_get_monotonic_time () >= deadline)
        return shm_fault_set (fault, SHM_STEP_AWAIT_SIZE, ENODATA);
      if (proceed != NULL && !proceed (proceed_data))
        return shm_fault_set (fault, SHM_STEP_AWAIT_SIZE, ECANCELED);

      g_usleep (delay_usec);
      delay_usec = MIN (delay_usec * 2, 5000);
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

/* Checks that the file can be used as a block, and sets the identity of the block. */
static gboolean
check_file (ShmBlock *self, int fd, ShmAttachFlags flags, ShmFault *fault)
{
  return shm_system_identify_fd (fd, &self->identity, fault) && check_type (&self->identity, fault)
         && check_owner (&self->identity, flags, fault);
}

gboolean
shm_block_attach (ShmBlock *self,
                  const char *name,
                  ShmAttachFlags flags,
                  ShmProceedFunc proceed,
                  gpointer proceed_data,
                  ShmFault *fault)
{
  const gboolean read_only = (flags & SHM_ATTACH_READ_ONLY) != 0;
  const int fd = open_by_name (name, read_only, proceed, proceed_data, fault);

  if (fd < 0)
    return FALSE;

  if (!check_file (self, fd, flags, fault)
      || !await_size (fd, &self->identity, proceed, proceed_data, fault))
    {
      close (fd);
      return FALSE;
    }

  shm_block_set_open (self, fd, self->identity.size, read_only);

  return TRUE;
}

/* Returns a descriptor for the object itself. For an object that only reads, it cannot be used to
 * write: mappings of the object then do not prevent another object from sealing the block. This is
 * not always possible, because /proc can be missing, and the user may have no permission to open
 * the file. The object then has a duplicate of @fd, and the library does not write through it. */
static int
open_own (int fd, gboolean only_reads, ShmFault *fault)
{
  ShmFault ignored;
  const int own_fd = only_reads ? shm_system_reopen (fd, TRUE, &ignored) : -1;

  return own_fd >= 0 ? own_fd : shm_system_duplicate (fd, fault);
}

gboolean
shm_block_attach_fd (ShmBlock *self, int fd, ShmAttachFlags flags, ShmFault *fault)
{
  const gboolean only_reads = (flags & SHM_ATTACH_READ_ONLY) != 0;
  gboolean read_only;
  int own_fd;

  /* Check the type before opening the file again: opening a device can have effects. */
  if (!shm_system_inspect_fd (fd, &read_only, fault) || !check_file (self, fd, flags, fault))
    return FALSE;

  own_fd = open_own (fd, only_reads && !read_only, fault);
  if (own_fd < 0)
    return FALSE;

  if (!check_file (self, own_fd, flags, fault)
      || (self->identity.size == 0
          && !shm_fault_set_detail (fault, SHM_STEP_AWAIT_SIZE, EAGAIN, fd)))
    {
      close (own_fd);
      return FALSE;
    }

  shm_block_set_open (self, own_fd, self->identity.size, read_only || only_reads);
  if (!shm_system_is_writable (own_fd))
    g_atomic_int_set (&self->read_only, TRUE);

  return TRUE;
}
