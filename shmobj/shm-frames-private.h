/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Declarations for the files of the class:
 *
 *     shm-frames.c        the object: creating, attaching, closing
 *     shm-frames-read.c   reading frames
 *     shm-frames-wait.c   waiting for frames
 *     shm-frames-write.c  writing frames
 */

#pragma once

#include "core/shm-frame-ring.h"
#include "core/shm-mapping.h"
#include "shm-frames.h"
#include "shm-shared-memory-private.h"

G_BEGIN_DECLS

/* The fields do not change after initialisation. */
struct _ShmFrames
{
  GObject parent_instance;

  ShmSharedMemory *shared_memory; /* (owned) (nullable): NULL if the object was never initialised */
  ShmMapping *mapping;            /* (owned) (nullable): keeps the memory of @ring mapped */
  ShmFrameRing ring;
};

/* Begins an operation. Returns NULL with SHM_ERROR_CLOSED. */
ShmBlockUse *shm_frames_enter (ShmFrames *self, GError **error);

/* Sets @error to the translation of @fault, and returns FALSE. */
gboolean shm_frames_fail (ShmFrames *self, const ShmFault *fault, GError **error);

/* The name of the block, or NULL. */
const char *shm_frames_get_block_name (ShmFrames *self);

G_END_DECLS
