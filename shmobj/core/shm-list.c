/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-private.h"

#include <errno.h>
#include <string.h>

#define SLEEP_MIN_USEC 20
#define SLEEP_MAX_USEC 2000

static gboolean
wait_until_complete (ShmList *self,
                     const guint8 *bytes,
                     guint64 size,
                     ShmProceedFunc proceed,
                     gpointer proceed_data,
                     ShmFault *fault)
{
  const gint64 deadline = g_get_monotonic_time () + SHM_LIST_CREATION_TIMEOUT_MSEC * 1000;
  gulong sleep_usec = SLEEP_MIN_USEC;

  for (;;)
    {
      shm_at (LIST_INSPECT);
      switch (shm_list_inspect (bytes, size, &self->layout))
        {
        case SHM_LIST_COMPLETE:
          return TRUE;
        case SHM_LIST_OTHER_VERSION:
          return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, ENOTSUP);
        case SHM_LIST_CORRUPT:
          return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, EBADMSG);
        case SHM_LIST_INCOMPLETE:
        default:
          break;
        }

      if (g_get_monotonic_time () >= deadline)
        return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, ENODATA);
      if (proceed != NULL && !proceed (proceed_data))
        return shm_fault_set (fault, SHM_STEP_LIST_INSPECT, ECANCELED);
      g_usleep (sleep_usec);
      sleep_usec = MIN (sleep_usec * 2, SLEEP_MAX_USEC);
    }
}

gboolean
shm_list_open (ShmList *self,
               ShmBlock *block,
               const char *name,
               ShmProceedFunc proceed,
               gpointer proceed_data,
               ShmFault *fault)
{
  ShmMapping *mapping = shm_block_map (block, fault);
  guint8 *bytes;

  memset (self, 0, sizeof *self);
  if (mapping == NULL)
    return FALSE;

  bytes = shm_mapping_get_data (mapping);
  if (!wait_until_complete (self, bytes, block->size, proceed, proceed_data, fault))
    return FALSE;

  self->block = block;
  self->name = name;
  self->mapping = shm_mapping_ref (mapping);
  shm_list_find_parts (bytes, &self->layout, &self->parts);
  if (self->layout.has_trailer)
    {
      self->trailer = (gpointer) (bytes + shm_list_trailer_offset (&self->layout));
      self->redo_buffer = bytes + shm_list_redo_buffer_offset (&self->layout);
    }

  return TRUE;
}

void
shm_list_clear (ShmList *self)
{
  g_clear_pointer (&self->lock_owner, shm_lock_owner_free);
  g_clear_pointer (&self->mapping, shm_mapping_unref);
}

const ShmLockOwner *
shm_list_register_lock_owner (ShmList *self, ShmFault *fault)
{
  ShmLockOwner *current = g_atomic_pointer_get (&self->lock_owner);
  ShmLockOwner *created;

  while (current == NULL || !shm_lock_owner_is_current (current))
    {
      g_autoptr (ShmBlockUse) use = shm_block_enter (self->block);

      if (use == NULL)
        {
          shm_fault_set (fault, SHM_STEP_LIST_OWNER, EBADF);
          return NULL;
        }
      created = shm_lock_owner_new (use->fd, self->name, &use->identity, fault);
      if (created == NULL)
        return NULL;

      /* If two threads create a lock owner at the same time, keep the first lock owner. In a forked
       * child, keep the lock owner of the parent process as well: another thread of the child may
       * be checking at this moment whether that lock owner is current. */
      created->older = current;
      if (g_atomic_pointer_compare_and_exchange (&self->lock_owner, current, created))
        return created;
      created->older = NULL;
      shm_lock_owner_free (created);
      current = g_atomic_pointer_get (&self->lock_owner);
    }

  return current;
}
