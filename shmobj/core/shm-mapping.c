/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-mapping.h"

#include "core/shm-system-memory.h"

#include <errno.h>
#include <sys/mman.h>

struct _ShmMapping
{
  int ref_count; /* (atomic) */
  int writable;  /* (atomic) */
  void *data;    /* page-aligned, never NULL */
  gsize size;    /* bytes, never 0 */
};

ShmMapping *
shm_mapping_new (int fd, guint64 size, gboolean writable, ShmFault *fault)
{
  ShmMapping *self;
  gpointer data;

  if (size > G_MAXSIZE)
    {
      shm_fault_set (fault, SHM_STEP_MAP, EOVERFLOW);
      return NULL;
    }

  data = shm_system_map (fd, size, writable, fault);
  if (data == NULL)
    return NULL;

  self = g_new (ShmMapping, 1);
  self->ref_count = 1;
  self->writable = writable;
  self->data = data;
  self->size = size;

  return self;
}

ShmMapping *
shm_mapping_ref (ShmMapping *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
shm_mapping_unref (ShmMapping *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  munmap (self->data, self->size);
  g_free (self);
}

void *
shm_mapping_get_data (ShmMapping *self)
{
  return self->data;
}

gboolean
shm_mapping_is_writable (ShmMapping *self)
{
  return g_atomic_int_get (&self->writable);
}

gboolean
shm_mapping_is_unshared (ShmMapping *self)
{
  return g_atomic_int_get (&self->ref_count) == 1;
}

static void
unref_of_bytes (gpointer mapping)
{
  shm_mapping_unref (mapping);
}

GBytes *
shm_mapping_get_bytes (ShmMapping *self, gsize offset, gsize length)
{
  g_assert (offset <= self->size && length <= self->size - offset);

  return g_bytes_new_with_free_func ((const guint8 *) self->data + offset, length, unref_of_bytes,
                                     shm_mapping_ref (self));
}

gboolean
shm_mapping_freeze (ShmMapping *self, int fd, ShmFault *fault)
{
  if (!shm_system_freeze_mapping (self->data, self->size, fd, fault))
    return FALSE;

  g_atomic_int_set (&self->writable, FALSE);

  return TRUE;
}

gboolean
shm_mapping_thaw (ShmMapping *self, int fd, ShmFault *fault)
{
  if (!shm_system_thaw_mapping (self->data, self->size, fd, fault))
    return FALSE;

  g_atomic_int_set (&self->writable, TRUE);

  return TRUE;
}
