/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A range of this process' memory that shows a block.
 *
 * It is counted, and unmapped by whoever lets go of it last: the open block, a call in flight
 * in another thread, or a view that a program still holds after closing the block.
 */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

typedef struct _ShmMapping ShmMapping;

typedef enum
{
  SHM_MAPPING_WRITABLE = 1 << 0,
  SHM_MAPPING_POPULATE = 1 << 1, /* touch every page now */
} ShmMappingFlags;

ShmMapping *shm_mapping_new (int fd, guint64 size, ShmMappingFlags flags, ShmFault *fault);
ShmMapping *shm_mapping_ref (ShmMapping *self);
void shm_mapping_unref (ShmMapping *self);

void *shm_mapping_get_data (ShmMapping *self);
gboolean shm_mapping_is_writable (ShmMapping *self);

/* TRUE if nobody but the caller holds the mapping. */
gboolean shm_mapping_is_unshared (ShmMapping *self);

/* Live bytes of a range that the caller has checked; they keep the mapping. */
GBytes *shm_mapping_get_bytes (ShmMapping *self, gsize offset, gsize length);

/* Trades a writable mapping for a read-only one at the same address, which does not stand in
 * the way of a seal against writing, and back. */
gboolean shm_mapping_freeze (ShmMapping *self, int fd, ShmFault *fault);
gboolean shm_mapping_thaw (ShmMapping *self, int fd, ShmFault *fault);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmMapping, shm_mapping_unref)

G_END_DECLS
