/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lock and the sequence counter of a list, for shm-list-item.c and shm-list-copy.c. The list
 * may have no trailer. */

#pragma once

#include "core/shm-list-sync.h"
#include "core/shm-list.h"

G_BEGIN_DECLS

/* The result of one attempt to read without the lock. */
typedef enum
{
  SHM_LIST_READ_OK,
  SHM_LIST_READ_CHANGED,   /* another process wrote during the attempt */
  SHM_LIST_READ_INVALID,   /* corrupt, or CPython is storing a value */
  SHM_LIST_READ_NO_MEMORY, /* this process has no memory for the value */
} ShmListReadResult;

/* Returns the lock owner of this process; registers it if necessary. On failure, returns NULL and
 * sets @fault to the step LIST_OWNER. */
const ShmLockOwner *shm_list_register_lock_owner (ShmList *self, ShmFault *fault);

/* Stores the value that a dead lock owner has committed. */
static inline void
shm_list_recover (ShmList *self)
{
  shm_list_sync_recover (self->trailer, &self->parts, self->redo_buffer, self->layout.redo_size);
}

/* Takes the lock of a list that has a trailer, also after owner death. The block must be writable.
 * Charges the time of waiting to @budget. Returns FALSE and sets @fault to one of the steps
 * LIST_OWNER and LIST_LOCK. */
static inline gboolean
shm_list_lock (ShmList *self, ShmListBudget *budget, ShmFault *fault)
{
  const ShmLockOwner *owner = g_atomic_pointer_get (&self->lock_owner);

  if (G_UNLIKELY (owner == NULL || !shm_lock_owner_is_current (owner)))
    owner = shm_list_register_lock_owner (self, fault);
  if (owner == NULL || !shm_list_sync_lock (self->trailer, owner, budget, fault))
    return FALSE;

  if (G_UNLIKELY (shm_list_sync_needs_recovery (self->trailer)))
    shm_list_recover (self);

  return TRUE;
}

/* Does the same if no other owner holds the lock and this process has registered as a lock owner.
 * Returns FALSE otherwise. */
static inline gboolean
shm_list_try_lock (ShmList *self)
{
  const ShmLockOwner *owner = g_atomic_pointer_get (&self->lock_owner);

  if (owner == NULL || !shm_lock_owner_is_current (owner))
    return FALSE;
  shm_at (LIST_LOCK);
  if (!shm_list_sync_take_lock (self->trailer, 0, owner))
    return FALSE;

  if (G_UNLIKELY (shm_list_sync_needs_recovery (self->trailer)))
    shm_list_recover (self);

  return TRUE;
}

/* Wakes the watchers of the list, if there are any. Called with the lock, before a value is
 * committed. */
static inline void
shm_list_ring (ShmList *self)
{
  const guint32 armed = shm_list_sync_load_armed (self->trailer);

  if (G_UNLIKELY ((armed & SHM_LIST_ARMED_MASK) != 0))
    shm_list_sync_ring (self->trailer, armed, g_atomic_pointer_get (&self->lock_owner));
}

static inline void
shm_list_unlock (ShmList *self)
{
  shm_list_sync_unlock (self->trailer);
}

/* Returns whether this process can take the lock of the list. */
static inline gboolean
shm_list_can_lock (ShmList *self)
{
  return self->trailer != NULL && shm_mapping_is_writable (self->mapping);
}

static inline guint64
shm_list_read_begin (ShmList *self)
{
  return self->trailer != NULL ? shm_list_sync_read_begin (self->trailer) : 0;
}

static inline gboolean
shm_list_read_is_valid (ShmList *self, guint64 sequence)
{
  if (self->trailer != NULL)
    return shm_list_sync_read_is_valid (self->trailer, sequence);

  /* The caller loads the format entry again after this function: keep the order of the loads. */
  shm_fence_loads ();

  return TRUE;
}

G_END_DECLS
