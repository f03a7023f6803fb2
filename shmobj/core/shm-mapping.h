/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A mapping of a block into the memory of this process.
 *
 * A mapping has a reference count. The open block and each GBytes that shows a part of the mapping
 * hold a reference. The memory is unmapped when the last reference is dropped. Existing
 * views therefore survive the closing of the block.
 */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

typedef struct _ShmMapping ShmMapping;

/* Maps the first @size bytes of @fd. Returns NULL with a fault at SHM_STEP_MAP. */
ShmMapping *shm_mapping_new (int fd, guint64 size, gboolean writable, ShmFault *fault);
ShmMapping *shm_mapping_ref (ShmMapping *self);
void shm_mapping_unref (ShmMapping *self);

void *shm_mapping_get_data (ShmMapping *self);
gboolean shm_mapping_is_writable (ShmMapping *self);

/* Returns whether there is only one reference. */
gboolean shm_mapping_is_unshared (ShmMapping *self);

/* Returns bytes that show a range of the mapping, and that hold a reference to the mapping. The
 * caller has checked the range. */
GBytes *shm_mapping_get_bytes (ShmMapping *self, gsize offset, gsize length);

/* shm_mapping_freeze() replaces a writable mapping by a read-only mapping at the same address, so
 * that the mapping does not prevent a seal against writing. shm_mapping_thaw() makes the mapping
 * writable again. Both fail at SHM_STEP_MAP. */
gboolean shm_mapping_freeze (ShmMapping *self, int fd, ShmFault *fault);
gboolean shm_mapping_thaw (ShmMapping *self, int fd, ShmFault *fault);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmMapping, shm_mapping_unref)

G_END_DECLS
