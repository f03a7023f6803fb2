/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-pool.h"

static void
free_handle (ShmLockHandle *handle)
{
  shm_lock_handle_close (handle);
  shm_lock_pool_unref (handle->pool);
  g_free (handle);
}

/* Each place of a closed pool points to this handle, so that no other handle can get into it. */
static ShmLockHandle closed;

/* Returns an unused handle, or NULL. */
static ShmLockHandle *
pop (ShmLockPool *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->idle); i++)
    {
      ShmLockHandle *handle = g_atomic_pointer_get (&self->idle[i]);

      if (handle != NULL && handle != &closed
          && g_atomic_pointer_compare_and_exchange (&self->idle[i], handle, NULL))
        return handle;
    }

  return NULL;
}

/* Keeps a handle. Do not use the pool after a success: another thread can close the pool and free
 * the handle, which can have the last reference. */
static gboolean
push (ShmLockPool *self, ShmLockHandle *handle)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->idle); i++)
    if (g_atomic_pointer_get (&self->idle[i]) == NULL
        && g_atomic_pointer_compare_and_exchange (&self->idle[i], NULL, handle))
      return TRUE;

  return FALSE;
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

  g_free (self->name);
  g_free (self);
}

void
shm_lock_pool_close (ShmLockPool *self)
{
  g_atomic_int_set (&self->is_closed, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (self->idle); i++)
    {
      ShmLockHandle *handle = __atomic_exchange_n (&self->idle[i], &closed, __ATOMIC_ACQ_REL);

      if (handle != NULL && handle != &closed)
        free_handle (handle);
    }
}

ShmLockHandle *
shm_lock_pool_take (ShmLockPool *self, const ShmLockSource *source, ShmFault *fault)
{
  ShmLockHandle *handle = pop (self);

  if (G_UNLIKELY (handle == NULL))
    {
      handle = g_new0 (ShmLockHandle, 1);
      handle->pool = shm_lock_pool_ref (self);
    }

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
shm_lock_pool_put (ShmLockHandle *handle)
{
  if (handle != NULL && (!shm_lock_handle_is_open (handle) || !push (handle->pool, handle)))
    free_handle (handle);
}
