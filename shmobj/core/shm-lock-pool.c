/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-pool.h"

static void
free_handle (ShmLockHandle *handle)
{
  shm_lock_handle_close (handle);
  g_free (handle);
}

/* Returns an unused handle, or NULL. */
static ShmLockHandle *
pop (ShmLockPool *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->idle); i++)
    {
      ShmLockHandle *handle = g_atomic_pointer_get (&self->idle[i]);

      if (handle != NULL && g_atomic_pointer_compare_and_exchange (&self->idle[i], handle, NULL))
        return handle;
    }

  return NULL;
}

static gboolean
push (ShmLockPool *self, ShmLockHandle *handle)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->idle); i++)
    if (g_atomic_pointer_get (&self->idle[i]) == NULL
        && g_atomic_pointer_compare_and_exchange (&self->idle[i], NULL, handle))
      return TRUE;

  return FALSE;
}

static void
free_idle (ShmLockPool *self)
{
  for (ShmLockHandle *handle = pop (self); handle != NULL; handle = pop (self))
    free_handle (handle);
}

ShmLockPool *
shm_lock_pool_new (const char *name)
{
  ShmLockPool *self = g_new0 (ShmLockPool, 1);

  self->ref_count = 1;
  self->name = g_strdup (name);

  return self;
}

ShmLockPool *
shm_lock_pool_ref (ShmLockPool *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
shm_lock_pool_unref (ShmLockPool *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  free_idle (self);
  g_free (self->name);
  g_free (self);
}

void
shm_lock_pool_close (ShmLockPool *self)
{
  g_atomic_int_set (&self->is_closed, TRUE);
  free_idle (self);
}

ShmLockHandle *
shm_lock_pool_take (ShmLockPool *self, const ShmLockSource *source, ShmFault *fault)
{
  ShmLockHandle *handle = pop (self);

  if (G_UNLIKELY (handle == NULL))
    handle = g_new0 (ShmLockHandle, 1);

  /* A forked child opens the handles of its parent again. */
  if (G_UNLIKELY (!shm_lock_handle_is_open (handle))
      && !shm_lock_handle_open (handle, source, fault))
    {
      free_handle (handle);
      return NULL;
    }

  return handle;
}

void
shm_lock_pool_put (ShmLockPool *self, ShmLockHandle *handle)
{
  if (handle == NULL)
    return;

  if (!shm_lock_handle_is_open (handle) || !push (self, handle))
    free_handle (handle);

  /* Another thread may have closed the pool in the meantime. */
  if (G_UNLIKELY (shm_lock_pool_is_closed (self)))
    free_idle (self);
}
