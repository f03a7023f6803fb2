/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Declarations for the files of the class, and for the other classes:
 *
 *     shm-shared-memory.c         the object: state, properties, accessors, signals, close, unlink
 *     shm-shared-memory-open.c    every way to obtain a block: initialisation and constructors
 *     shm-shared-memory-access.c  the memory: views, copies, single numbers
 *     shm-shared-memory-atomic.c  atomic operations on integers
 *     shm-shared-memory-lock.c    locks; shm-shared-memory-lock-async.c has the asynchronous form
 *     shm-shared-memory-seal.c    seals
 *     shm-shared-memory-wait.c    waiting for a change of the memory, and waking
 *     shm-shared-memory-wait-source.c  the same in main loops
 *     shm-shared-memory-watch.c   detects that another process has removed or replaced the name
 *
 * The first file calls no function of the other files. It only passes
 * shm_shared_memory_initable_iface_init() to the macro that defines the type. */

#pragma once

#include "core/shm-block.h"
#include "core/shm-list-create.h"
#include "core/shm-watch.h"
#include "program/shm-program-notes.h"
#include "shm-shared-memory.h"

#include <errno.h>

G_BEGIN_DECLS

/* What the other classes add to the creation of a block. */
typedef struct
{
  ShmListSource *values;                /* (nullable): the values of a list to write to the block */
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
  ShmBlockFill fill; /* (nullable): writes the content of the block; not used for a list */
  gpointer fill_data;
} ShmCreateHooks;

typedef struct
{
  ShmBlock block;

  /* The values of the construct-only properties. Initialisation replaces name, size and mode by
   * those of the block; none of them changes afterwards. */
  char *name; /* (owned) (nullable): without a leading slash after initialisation */
  guint64 size;
  guint mode;
  ShmOrigin origin;
  ShmCreateFlags create_flags;
  ShmAttachFlags attach_flags;
  int source_fd; /* belongs to the caller; not used after initialisation */

  ShmCreateHooks hooks;  /* cleared by a successful initialisation */
  gboolean is_creator;   /* this object created the block */
  guint fork_generation; /* of the process that opened the block; only for UNLINK_ON_CLOSE */
  gboolean is_initialised;
  GError *init_error; /* (owned) (nullable): the error of a failed init(), for further calls */

  ShmNote note;   /* the entry of a tracked block; does not change after initialisation */
  int is_tracked; /* (atomic): whether the entry exists */

  int is_unlinked; /* (atomic) */
  ShmWatch *watch; /* (atomic) (owned) (nullable): of the name */

  int n_sources;          /* (atomic): the number of sources that wait for a change */
  ShmWatch *unused_watch; /* (atomic) (owned) (nullable): of the content, for the next source */
} ShmSharedMemoryPrivate;

ShmSharedMemoryPrivate *shm_shared_memory_get_private (ShmSharedMemory *self);

/* The implementation of GInitable, in shm-shared-memory-open.c. */
void shm_shared_memory_initable_iface_init (GInitableIface *iface);

/* The arguments of a constructor. An argument that the origin does not use is 0. */
typedef struct
{
  ShmOrigin origin;
  const char *name; /* (nullable) */
  guint64 size;
  guint mode;
  ShmCreateFlags create_flags;
  ShmAttachFlags attach_flags;
  int source_fd; /* for ATTACH_FD */
} ShmOpenArguments;

/* Returns a new object with the properties that @arguments gives. The caller must initialise the
 * object. Fails with NOT_SUPPORTED if the flags have undefined bits. */
ShmSharedMemory *shm_shared_memory_construct (const ShmOpenArguments *arguments, GError **error);

/* Initialises a new object. Any thread may call this function, but no other thread may use the
 * object at the same time. */
gboolean shm_shared_memory_open (ShmSharedMemory *self, GCancellable *cancellable, GError **error);

/* Creates a block, and calls @hooks during the creation; @origin is CREATE or CREATE_ANONYMOUS. The
 * size is ignored if @hooks has the values of a list. A fault of a hook is reported like a fault of
 * the block. Fails with NOT_SUPPORTED if @flags has undefined bits. */
ShmSharedMemory *shm_shared_memory_create_with (ShmOrigin origin,
                                                const char *name,
                                                guint64 size,
                                                guint mode,
                                                ShmCreateFlags flags,
                                                const ShmCreateHooks *hooks,
                                                GCancellable *cancellable,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins an operation on the block; the guard that it returns ends the operation. Returns NULL with
 * SHM_ERROR_CLOSED if the object is closed:
 *
 *     g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
 */
ShmBlockUse *shm_shared_memory_enter (ShmSharedMemory *self, GError **error);

/* Returns whether the object is still open. An operation that waits calls this function, because it
 * keeps the mapping while another thread closes the object. Fails with CLOSED. */
gboolean shm_shared_memory_check_open (ShmSharedMemory *self, GError **error);

/* Sets @error to the translation of @fault, a fault of this object's block, and returns FALSE. */
gboolean shm_shared_memory_fail (ShmSharedMemory *self, const ShmFault *fault, GError **error);

/* Checks that the @length bytes at @offset are within the block and, if @for_writing is TRUE, that
 * the block can be written through this object. Fails with OUT_OF_RANGE or READ_ONLY. */
gboolean shm_shared_memory_check_range (ShmSharedMemory *self,
                                        guint64 offset,
                                        guint64 length,
                                        gboolean for_writing,
                                        GError **error);

/* Checks that @offset is a multiple of @alignment. Fails with MISALIGNED. */
gboolean shm_shared_memory_check_alignment (ShmSharedMemory *self,
                                            guint64 offset,
                                            guint64 alignment,
                                            GError **error);

/* Maps the block, checks the range as shm_shared_memory_check_range() does, and returns a pointer
 * to the first byte. The caller has entered the block, and the pointer is valid until the caller
 * leaves the block. On failure, returns NULL with an error. */
static inline gpointer
shm_shared_memory_find (ShmSharedMemory *self,
                        ShmBlockUse *use,
                        guint64 offset,
                        guint64 length,
                        gboolean for_writing,
                        GError **error)
{
  ShmMapping *mapping;
  ShmFault fault;

  /* Map before the check: mapping detects that another process has sealed the block. */
  mapping = shm_block_map (use, &fault);
  if (G_UNLIKELY (mapping == NULL))
    {
      shm_shared_memory_fail (self, &fault, error);
      return NULL;
    }

  if (!shm_shared_memory_check_range (self, offset, length, for_writing, error))
    return NULL;

  /* While another thread tries to seal the block, the mapping is read-only. The check above can
   * miss that if the attempt fails at the same time. */
  if (for_writing && G_UNLIKELY (!shm_mapping_is_writable (mapping)))
    {
      shm_fault_set (&fault, SHM_STEP_WRITE, EPERM);
      shm_shared_memory_fail (self, &fault, error);
      return NULL;
    }

  return (guint8 *) shm_mapping_get_data (mapping) + offset;
}

/* Does the same for an object in the block whose alignment is its size. */
static inline gpointer
shm_shared_memory_find_aligned (ShmSharedMemory *self,
                                ShmBlockUse *use,
                                guint64 offset,
                                guint64 size,
                                gboolean for_writing,
                                GError **error)
{
  return shm_shared_memory_check_alignment (self, offset, size, error)
             ? shm_shared_memory_find (self, use, offset, size, for_writing, error)
             : NULL;
}

/* Like shm_shared_memory_read() and shm_shared_memory_write(), but with a GCancellable, which may
 * be NULL. A write that is cancelled can have written a part of the bytes. */
GBytes *shm_shared_memory_read_cancellable (ShmSharedMemory *self,
                                            guint64 offset,
                                            guint64 length,
                                            GCancellable *cancellable,
                                            GError **error);
gboolean shm_shared_memory_write_cancellable (ShmSharedMemory *self,
                                              guint64 offset,
                                              GBytes *bytes,
                                              GCancellable *cancellable,
                                              GError **error);

/* Checks that the object is initialised and its block has a name. Fails with CLOSED or
 * NOT_SUPPORTED. */
gboolean shm_shared_memory_check_has_name (ShmSharedMemory *self, GError **error);

/* Records that the name was removed, and emits the signals for it. Only the first call has an
 * effect. */
void shm_shared_memory_mark_unlinked (ShmSharedMemory *self);

/* Ends the watch, if there is one. */
void shm_shared_memory_end_watch (ShmSharedMemory *self);

/* Wakes the main loops that wait for a change of the block, which is closed now. */
void shm_shared_memory_end_waits (ShmSharedMemory *self);

/* Sets TIMED_OUT for the word at @offset, and returns FALSE. */
gboolean
shm_shared_memory_set_timeout_error (ShmSharedMemory *self, guint64 offset, GError **error);

#ifdef SHM_TEST_HOOKS
/* How long a thread that waits sleeps without looking again. With a large number, a lost wake-up
 * makes a test fail. */
extern gint64 shm_test_look_usec;
#endif

G_END_DECLS
