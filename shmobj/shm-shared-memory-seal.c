/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Seals of a ShmSharedMemory, which prevent operations on its block. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-system-seal.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"
#include "shm-work.h"

#include <errno.h>

/* Seals the block. Sets @became_read_only to whether the caller must notify "read-only". */
static gboolean
seal (ShmSharedMemory *self,
      ShmSealFlags flags,
      GCancellable *cancellable,
      gboolean *became_read_only,
      GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  gboolean was_read_only, is_sealed;
  ShmFault fault;

  *became_read_only = FALSE;

  if (!shm_error_check_flags (SHM_TYPE_SEAL_FLAGS, flags, shm_shared_memory_get_name (self), error))
    return FALSE;

  use = shm_shared_memory_enter (self, error);
  if (use == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  was_read_only = g_atomic_int_get (&use->read_only);
  is_sealed = flags == SHM_SEAL_NONE || shm_block_seal (use, flags, &fault);
  *became_read_only = is_sealed && !was_read_only && g_atomic_int_get (&use->read_only);

  if (is_sealed)
    return TRUE;

  /* ETIMEDOUT: the kernel has waited, and the operation may have been cancelled in this time. */
  if (fault.errnum == ETIMEDOUT && g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  return shm_shared_memory_fail (self, &fault, error);
}

/**
 * shm_shared_memory_seal:
 * @self: an anonymous block
 * @flags: the operations to seal the block against
 * @error: return location for an error
 *
 * Seals the block against some operations of all processes, for ever.
 *
 * The function adds all the seals or none. The block keeps the seals that it has.
 * %SHM_SEAL_WRITE and %SHM_SEAL_FUTURE_WRITE include %SHM_SEAL_RESIZE, because the contents of a
 * block that can be resized can change.
 *
 * - Add %SHM_SEAL_RESIZE before you send the block to a process that must not be able to make your
 *   views raise `SIGBUS`.
 * - Add %SHM_SEAL_WRITE when the contents are complete: the block and its live bytes cannot change
 *   any more.
 * - Add %SHM_SEAL_FUTURE_WRITE if only this process is to write from now on. Get a pointer with
 *   [method@Shm.SharedMemory.get_data] or a view first: existing pointers and views stay writable.
 *   The functions that write, such as [method@Shm.SharedMemory.write], fail with
 *   [error@Shm.Error.READ_ONLY].
 * - Add %SHM_SEAL_SEAL if the processes that receive the block must not add seals, for example a
 *   seal against your own writing.
 *
 * A block can be sealed against writing only while no process has it mapped for writing. A child of
 * `fork()` has the mappings of its parent. The function makes this object's own mapping read-only;
 * pointers from [method@Shm.SharedMemory.get_data] stay valid for reading. Free all live bytes
 * first, and all lists that use the block. Objects that were attached with %SHM_ATTACH_READ_ONLY do
 * not prevent the seal, see [ctor@Shm.SharedMemory.attach_fd]. If the function fails, the mapping
 * is writable again, unless the block is already sealed with %SHM_SEAL_FUTURE_WRITE.
 *
 * With %SHM_SEAL_WRITE the function can take about 0.2 seconds: if the kernel itself uses the
 * memory, it waits that long. It does so for a page in a pipe, to which `splice()`, `vmsplice()`
 * and `sendfile()` add pages, and for input or output directly from the memory that has not
 * finished. If the memory is still in use then, the function fails with
 * [error@Shm.Error.TIMED_OUT]. In a main loop, call [method@Shm.SharedMemory.seal_async] instead.
 *
 * It fails with [error@Shm.Error.CLOSED]; with [error@Shm.Error.FAILED] if the block is mapped for
 * writing or another thread is using this object; with [error@Shm.Error.TIMED_OUT] if the kernel
 * uses the memory; with [error@Shm.Error.READ_ONLY] if this object was opened for reading only; and
 * with [error@Shm.Error.NOT_SUPPORTED] for a named block, for a block that is sealed against
 * further seals, for a seal that the system does not have, and if @flags has undefined bits.
 *
 * Returns: %TRUE if the block has the seals
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_seal (ShmSharedMemory *self, ShmSealFlags flags, GError **error)
{
  gboolean became_read_only, is_sealed;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  is_sealed = seal (self, flags, NULL, &became_read_only, error);

  /* The handlers may seal and close the block. */
  if (became_read_only)
    g_object_notify (G_OBJECT (self), "read-only");

  return is_sealed;
}

/* The asynchronous form */

typedef struct
{
  ShmSharedMemory *block; /* (owned) */
  ShmSealFlags flags;
  gboolean became_read_only;
} Sealing;

static void
sealing_free (gpointer data)
{
  Sealing *self = data;

  g_object_unref (self->block);
  g_free (self);
}

/* Returns the block on success, because ShmWork interprets NULL as a failure. */
static gpointer
seal_in_thread (gpointer data, GCancellable *cancellable, GError **error)
{
  Sealing *self = data;

  return seal (self->block, self->flags, cancellable, &self->became_read_only, error)
             ? g_object_ref (self->block)
             : NULL;
}

static void
notify_if_read_only (gpointer data)
{
  Sealing *self = data;

  if (self->became_read_only)
    g_object_notify (G_OBJECT (self->block), "read-only");
}

static const ShmWork sealing = {
  .run = seal_in_thread,
  .done = notify_if_read_only,
  .free_data = sealing_free,
  .free_result = g_object_unref,
};

/**
 * shm_shared_memory_seal_async:
 * @self: an anonymous block
 * @flags: the operations to seal the block against
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was sealed or the operation failed
 * @user_data: data for @callback
 *
 * Seals the block in a thread. See [method@Shm.SharedMemory.seal].
 *
 * Until the operation ends, writing through this object can fail with
 * [error@Shm.Error.READ_ONLY], and sealing it again fails with [error@Shm.Error.FAILED].
 *
 * Cancelling does not interrupt the kernel, which can wait for about 0.2 seconds. If the block was
 * sealed nevertheless, the operation succeeds. @callback is called in the thread-default main
 * context of the caller. The change of [property@Shm.SharedMemory:read-only] is notified there,
 * too.
 *
 * Since: 1.0
 */
void
shm_shared_memory_seal_async (ShmSharedMemory *self,
                              ShmSealFlags flags,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  Sealing *data;
  GTask *task;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  data = g_new0 (Sealing, 1);
  data->block = g_object_ref (self);
  data->flags = flags;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_seal_async);
  shm_work_start (&sealing, task, data);
}

/**
 * shm_shared_memory_seal_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.seal_async]. It fails like [method@Shm.SharedMemory.seal], with
 * `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: %TRUE if the block has the seals
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_seal_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  g_autoptr (ShmSharedMemory) sealed = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, shm_shared_memory_seal_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  sealed = g_task_propagate_pointer (G_TASK (result), error);

  return sealed != NULL;
}

/**
 * shm_shared_memory_get_seals:
 * @self: a block
 *
 * Returns the operations against which the block is sealed, by this process or another one.
 *
 * Another program can have set any combination of seals, for example %SHM_SEAL_SHRINK alone.
 * Compare all seals that you rely on: the contents cannot change if %SHM_SEAL_WRITE,
 * %SHM_SEAL_SHRINK and %SHM_SEAL_GROW are set. The function does not report whether the file can
 * become executable (`F_SEAL_EXEC` of Linux).
 *
 * Returns: the seals; %SHM_SEAL_NONE for an object with a name, because a named block cannot be
 *   sealed, and for a closed object
 *
 * Since: 1.0
 */
ShmSealFlags
shm_shared_memory_get_seals (ShmSharedMemory *self)
{
  g_autoptr (ShmBlockUse) use = NULL;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), SHM_SEAL_NONE);

  use = shm_shared_memory_enter (self, NULL);
  if (use == NULL || shm_shared_memory_get_name (self) != NULL)
    return SHM_SEAL_NONE;

  return shm_system_get_seals (use->fd);
}
