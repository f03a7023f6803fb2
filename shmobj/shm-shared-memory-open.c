/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ways to come by a ShmSharedMemory. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "shm-error.h"
#include "shm-work.h"

/**
 * shm_shared_memory_create: (constructor)
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @error: return location for an error
 *
 * Creates a block for this user alone (mode 0600), filled with zeros.
 *
 * The name may have 1 to 255 ASCII letters, digits and punctuation, but neither `/` nor `:`. The
 * names `.` and `..`, and those that begin with `sem.` or `.shmobj-`, are refused. One leading
 * slash is dropped. A generated name is `psm_` and 8 hexadecimal digits, as Python's are.
 *
 * All pages are reserved, unless @flags has %SHM_CREATE_SPARSE: there is memory for the block,
 * or the call fails. (A limit on the memory of a container is another matter: the kernel kills a
 * process that goes beyond it, and no call can ask first.) Reserving a gigabyte takes about a
 * quarter of a second; [func@Shm.SharedMemory.create_async] does not make a main loop wait.
 *
 * It fails with [error@Shm.Error.EXISTS], [error@Shm.Error.INVALID_NAME],
 * [error@Shm.Error.INVALID_SIZE], [error@Shm.Error.NO_SPACE], [error@Shm.Error.TOO_LARGE] (beyond
 * `RLIMIT_FSIZE`), [error@Shm.Error.PERMISSION_DENIED], [error@Shm.Error.NOT_SUPPORTED] (there is
 * no `/dev/shm`) or [error@Shm.Error.FAILED]. Nothing is left behind then.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create (const char *name, guint64 size, ShmCreateFlags flags, GError **error)
{
  return shm_shared_memory_create_full (name, size, 0600, flags, NULL, error);
}

static ShmSharedMemory *
new_for_creation (const char *name, guint64 size, guint mode, ShmCreateFlags flags)
{
  return g_object_new (SHM_TYPE_SHARED_MEMORY, "origin", SHM_ORIGIN_CREATE, "name", name, "size",
                       size, "mode", mode, "create-flags", flags, NULL);
}

/* Takes @self over and gives it back, or %NULL. */
static ShmSharedMemory *
opened (ShmSharedMemory *self, GCancellable *cancellable, GError **error)
{
  if (!shm_shared_memory_open (self, cancellable, error))
    g_clear_object (&self);

  return self;
}

/**
 * shm_shared_memory_create_full: (constructor)
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @mode: permission bits; the process' umask does not count
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a block that other users may use too.
 *
 * It does what [ctor@Shm.SharedMemory.create] does and fails as that does, and with
 * `G_IO_ERROR_CANCELLED` if @cancellable is cancelled while pages are being reserved, and with
 * [error@Shm.Error.NOT_SUPPORTED] if @mode has other bits than 0777. Processes of other users have
 * to attach with %SHM_ATTACH_ANY_OWNER, unless the creator is root.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_full (const char *name,
                               guint64 size,
                               guint mode,
                               ShmCreateFlags flags,
                               GCancellable *cancellable,
                               GError **error)
{
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return opened (new_for_creation (name, size, mode, flags), cancellable, error);
}

ShmSharedMemory *
shm_shared_memory_create_with (ShmOrigin origin,
                               const char *name,
                               guint64 size,
                               guint mode,
                               ShmCreateFlags flags,
                               const ShmCreateHooks *hooks,
                               GCancellable *cancellable,
                               GError **error)
{
  ShmSharedMemory *self = g_object_new (SHM_TYPE_SHARED_MEMORY, "origin", origin, "name", name,
                                        "size", size, "mode", mode, "create-flags", flags, NULL);

  shm_shared_memory_get_private (self)->hooks = *hooks;

  return opened (self, cancellable, error);
}

static gpointer
create_in_thread (gpointer self, GCancellable *cancellable, GError **error)
{
  return shm_shared_memory_open (self, cancellable, error) ? g_object_ref (self) : NULL;
}

static const ShmWork creation = {
  .run = create_in_thread,
  .free_data = g_object_unref,
  .free_result = g_object_unref,
};

/**
 * shm_shared_memory_create_async:
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @mode: permission bits; the process' umask does not count
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block is there, or could not be created
 * @user_data: data for @callback
 *
 * Creates a block without making the caller wait.
 *
 * Reserving the pages of a large block takes a while. A thread does it; @callback is called in
 * the thread-default main context of the caller. Cancelling when the block is there already comes
 * too late: it is returned. See [ctor@Shm.SharedMemory.create_full].
 *
 * Since: 1.0
 */
void
shm_shared_memory_create_async (const char *name,
                                guint64 size,
                                guint mode,
                                ShmCreateFlags flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_create_async);
  shm_work_start (&creation, task, new_for_creation (name, size, mode, flags));
}

/**
 * shm_shared_memory_create_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [func@Shm.SharedMemory.create_async] began. It fails as
 * [ctor@Shm.SharedMemory.create_full] does, and with [error@Shm.Error.FAILED] if no thread could
 * be started.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, shm_shared_memory_create_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_attach: (constructor)
 * @name: the block's name
 * @flags: how to attach to it
 * @error: return location for an error
 *
 * Attaches to an existing block.
 *
 * The block may be of any program: of this library, of Python's
 * `multiprocessing.shared_memory`, or of whoever called `shm_open()`. Its size is what the block
 * has; a block of size 0 is one that its creator is still making, and is waited for up to 500
 * milliseconds. Blocks that this library makes never show that state.
 *
 * A block that belongs to another user than root or this process' is refused, because that user
 * could change or truncate it at any time; %SHM_ATTACH_ANY_OWNER takes it all the same. Links are
 * not followed.
 *
 * Attaching changes nothing about the block, also when it fails, and the end of the process does
 * not remove it.
 *
 * It fails with [error@Shm.Error.NOT_FOUND], [error@Shm.Error.INVALID_NAME],
 * [error@Shm.Error.INVALID_SIZE] (still empty), [error@Shm.Error.PERMISSION_DENIED],
 * [error@Shm.Error.UNTRUSTED_OWNER], [error@Shm.Error.TYPE_MISMATCH] (not a regular file) or
 * [error@Shm.Error.FAILED].
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_attach (const char *name, ShmAttachFlags flags, GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return opened (g_object_new (SHM_TYPE_SHARED_MEMORY, "origin", SHM_ORIGIN_ATTACH, "name", name,
                               "attach-flags", flags, NULL),
                 NULL, error);
}

/**
 * shm_shared_memory_open_or_create: (constructor)
 * @name: the block's name
 * @size: the size in bytes for a new block, and the least for an existing one
 * @flags: how to create the block, if it is not there
 * @error: return location for an error
 *
 * Attaches to a block, or creates it if there is none.
 *
 * Of many callers at the same time, in whatever processes, exactly one creates the block.
 * [property@Shm.SharedMemory:origin] says who: %SHM_ORIGIN_CREATE or %SHM_ORIGIN_ATTACH.
 *
 * It fails as [ctor@Shm.SharedMemory.create] and [ctor@Shm.SharedMemory.attach] do, and with
 * [error@Shm.Error.INVALID_SIZE] if the existing block is smaller than @size, and with
 * [error@Shm.Error.TIMED_OUT] if others create and remove it all the time.
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_open_or_create (const char *name,
                                  guint64 size,
                                  ShmCreateFlags flags,
                                  GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return opened (g_object_new (SHM_TYPE_SHARED_MEMORY, "origin", SHM_ORIGIN_OPEN_OR_CREATE, "name",
                               name, "size", size, "create-flags", flags, NULL),
                 NULL, error);
}

/**
 * shm_shared_memory_create_anonymous: (constructor)
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @error: return location for an error
 *
 * Creates a block without a name.
 *
 * It is handed on by file descriptor, for example with `GUnixFDMessage` or over D-Bus,
 * and goes away with its last user. Unlike a named block it can be
 * [sealed][method@Shm.SharedMemory.seal].
 *
 * It fails with [error@Shm.Error.INVALID_SIZE], [error@Shm.Error.NO_SPACE],
 * [error@Shm.Error.TOO_LARGE], [error@Shm.Error.NOT_SUPPORTED] or [error@Shm.Error.FAILED].
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_anonymous (guint64 size, ShmCreateFlags flags, GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return opened (g_object_new (SHM_TYPE_SHARED_MEMORY, "origin", SHM_ORIGIN_CREATE_ANONYMOUS,
                               "size", size, "create-flags", flags, NULL),
                 NULL, error);
}

/**
 * shm_shared_memory_attach_fd: (constructor)
 * @fd: a file descriptor of shared memory, which stays the caller's
 * @flags: how to attach to it
 * @error: return location for an error
 *
 * Attaches to a block by a file descriptor that another process sent.
 *
 * The sender is not trusted: the descriptor must stand for a file in memory and not on a disk or
 * a network, the owner must be root or this process' user unless %SHM_ATTACH_ANY_OWNER is given,
 * and the size is what the file has. A descriptor that can't be written, and a block that is
 * sealed against writing, give a read-only object. Whoever needs to rely on the block staying as
 * large as it is checks [method@Shm.SharedMemory.get_seals].
 *
 * It fails with [error@Shm.Error.TYPE_MISMATCH], [error@Shm.Error.UNTRUSTED_OWNER],
 * [error@Shm.Error.PERMISSION_DENIED] (opened for writing only), [error@Shm.Error.INVALID_SIZE]
 * or [error@Shm.Error.FAILED] (not a descriptor, or one that appends).
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_attach_fd (int fd, ShmAttachFlags flags, GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return opened (g_object_new (SHM_TYPE_SHARED_MEMORY, "origin", SHM_ORIGIN_ATTACH_FD, "fd",
                               MAX (fd, -1), "attach-flags", flags, NULL),
                 NULL, error);
}
