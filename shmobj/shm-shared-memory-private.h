/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "core/shm-block.h"
#include "shm-shared-memory.h"

G_BEGIN_DECLS

/* The start of every operation: keeps the block open until shm_block_leave(), or fails with
 * CLOSED and returns NULL. */
ShmBlock *shm_shared_memory_enter (ShmSharedMemory *self, GError **error);

/* Turns a fault of this object's block into words; returns FALSE. */
gboolean shm_shared_memory_fail (ShmSharedMemory *self, const ShmFault *fault, GError **error);

/* Checks that [@offset, @offset + @length) lies within the block, and, for writing, that it may
 * be written. */
gboolean shm_shared_memory_check_range (ShmSharedMemory *self,
                                        guint64 offset,
                                        guint64 length,
                                        gboolean for_writing,
                                        GError **error);

G_END_DECLS
