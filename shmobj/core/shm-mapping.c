/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-mapping.h"

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
shm_mapping_new (int fd, guint64 size, ShmMappingFlags flags, ShmFault *fault)
{
  const gboolean writable = (flags & SHM_MAPPING_WRITABLE) != 0;
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const int populate = (flags & SHM_MAPPING_POPULATE) != 0 ? MAP_POPULATE : 0;
  ShmMapping *self;
  void *data;

  shm_at (MAP);

  if (size > G_MAXSIZE)
    {
      shm_fault_set (fault, SHM_STEP_MAP, EOVERFLOW);
      return NULL;
    }

  data = mmap (NULL, size, protection, MAP_SHARED | populate, fd, 0);

  /* Before Linux 6.7 memory that is sealed against writing can't be mapped shared through a
   * descriptor that could write. Nobody can change it, so a private mapping shows the same. */
  if (data == MAP_FAILED && errno == EPERM && !writable)
    data = mmap (NULL, size, protection, MAP_PRIVATE | populate, fd, 0);

  if (data == MAP_FAILED)
    {
      shm_fault_set (fault, SHM_STEP_MAP, errno);
      return NULL;
    }

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

static gboolean
remap (ShmMapping *self, int fd, int protection, int sharing, ShmFault *fault)
{
  if (mmap (self->data, self->size, protection, sharing | MAP_FIXED, fd, 0) == MAP_FAILED)
    return shm_fault_set (fault, SHM_STEP_MAP, errno);

  return TRUE;
}

gboolean
shm_mapping_freeze (ShmMapping *self, int fd, ShmFault *fault)
{
  if (!remap (self, fd, PROT_READ, MAP_PRIVATE, fault))
    return FALSE;

  g_atomic_int_set (&self->writable, FALSE);

  return TRUE;
}

gboolean
shm_mapping_thaw (ShmMapping *self, int fd, ShmFault *fault)
{
  if (!remap (self, fd, PROT_READ | PROT_WRITE, MAP_SHARED, fault))
    return FALSE;

  g_atomic_int_set (&self->writable, TRUE);

  return TRUE;
}
