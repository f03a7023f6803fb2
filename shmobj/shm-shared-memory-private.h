/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "core/shm-block.h"
#include "core/shm-list-create.h"
#include "core/shm-watch.h"
#include "shm-shared-memory.h"

G_BEGIN_DECLS

/* What is done on the way to a new block. */
typedef struct
{
  ShmListSource *values; /* (nullable): the values of the list that the block is to hold */
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
} ShmCreateHooks;

typedef struct
{
  ShmBlock block;

  /* What was asked for; init() replaces it by what was found. Read-only after that. */
  char *name; /* (owned) (nullable): without a leading slash once it is initialised */
  guint64 size;
  guint mode;
  ShmOrigin origin;
  ShmCreateFlags create_flags;
  ShmAttachFlags attach_flags;
  int source_fd;         /* the caller's, and only valid until init() */
  ShmCreateHooks hooks;  /* likewise */
  guint fork_generation; /* with UNLINK_ON_CLOSE: of the process whose closing counts */
  gboolean is_initialised;
  GError *init_error; /* (owned) (nullable) */

  int is_unlinked; /* (atomic) */
  ShmWatch *watch; /* (atomic) (owned) (nullable) */
} ShmSharedMemoryPrivate;

ShmSharedMemoryPrivate *shm_shared_memory_get_private (ShmSharedMemory *self);

/* What init() does, the first time. */
gboolean shm_shared_memory_open (ShmSharedMemory *self, GCancellable *cancellable, GError **error);

/* Creates a block; @origin is CREATE or CREATE_ANONYMOUS. The size is ignored if @hooks has the
 * values of a list. A fault of a hook is reported as one of the block. */
ShmSharedMemory *shm_shared_memory_create_with (ShmOrigin origin,
                                                const char *name,
                                                guint64 size,
                                                guint mode,
                                                ShmCreateFlags flags,
                                                const ShmCreateHooks *hooks,
                                                GCancellable *cancellable,
                                                GError **error);

/* Begins an operation on the block; the guard that it returns ends the operation. Returns NULL with
 * SHM_ERROR_CLOSED if the object is closed:
 *
 *     g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
 */
ShmBlockUse *shm_shared_memory_enter (ShmSharedMemory *self, GError **error);

/* Turns a fault of this object's block into words; returns FALSE. */
gboolean shm_shared_memory_fail (ShmSharedMemory *self, const ShmFault *fault, GError **error);

/* Checks that [@offset, @offset + @length) lies within the block, and, for writing, that it may
 * be written. */
gboolean shm_shared_memory_check_range (ShmSharedMemory *self,
                                        guint64 offset,
                                        guint64 length,
                                        gboolean for_writing,
                                        GError **error);

/* Fails for an object without init() and for a block without a name. */
gboolean shm_shared_memory_check_has_name (ShmSharedMemory *self, GError **error);

/* The first time, tells that the name is gone. */
void shm_shared_memory_mark_unlinked (ShmSharedMemory *self);

G_END_DECLS
