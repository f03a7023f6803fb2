/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every way to obtain a ShmSharedMemory: the initialisation, the constructors, and their
 * asynchronous forms. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-fork.h"
#include "core/shm-name.h"
#include "manager/shm-cancel.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"
#include "shm-work.h"

#include <errno.h>

/* The maximum number of times that open_or_create() tries to attach and then to create. Attaching
 * and creating both fail if another process creates the block between the two steps. The next
 * attempt to attach then succeeds, unless the block was removed in the meantime. */
#define OPEN_OR_CREATE_ATTEMPTS 1000

/* Initialisation */

static gboolean
create_from_plan (ShmSharedMemoryPrivate *priv, ShmBlockPlan *plan, ShmFault *fault)
{
  char generated[SHM_NAME_GENERATED_SIZE];
  ShmListSource *values = priv->hooks.values;
  gboolean is_created;

  if (priv->origin == SHM_ORIGIN_CREATE_ANONYMOUS)
    return values != NULL ? shm_list_create_anonymous (&priv->block, plan, values, fault)
                          : shm_block_create_anonymous (&priv->block, plan, fault);

  is_created = values != NULL ? shm_list_create (&priv->block, plan, values, generated, fault)
                              : shm_block_create (&priv->block, plan, generated, fault);
  if (is_created && priv->name == NULL)
    priv->name = g_strdup (generated);

  return is_created;
}

/* The note about a tracked block that is being created. */
typedef struct
{
  ShmNoting noting;
  ShmFault fault;
  gboolean has_failed;
} Tracking;

static gboolean
note_before_publish (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  Tracking *tracking = user_data;

  tracking->has_failed = !shm_noting_note (&tracking->noting, name, identity, &tracking->fault);

  return !tracking->has_failed;
}

/* Creates a block that is in the registry of the program before it has its name. */
static gboolean
create_tracked (ShmSharedMemoryPrivate *priv, ShmBlockPlan *plan, ShmFault *fault)
{
  Tracking tracking = { .noting = SHM_NOTING_INIT };

  plan->before_publish = note_before_publish;
  plan->before_publish_data = &tracking;

  if (create_from_plan (priv, plan, fault))
    {
      priv->note = shm_noting_commit (&tracking.noting);
      g_atomic_int_set (&priv->is_tracked, TRUE);
      return TRUE;
    }

  /* The message must be about the tracking, and not about the block. */
  if (tracking.has_failed)
    shm_fault_set (fault, MAX (tracking.fault.step, SHM_STEP_PROGRAM_NOTE), tracking.fault.errnum);
  shm_noting_clear (&tracking.noting);

  return FALSE;
}

static gboolean
create_block (ShmSharedMemoryPrivate *priv, GCancellable *cancellable, ShmFault *fault)
{
  const gboolean is_tracked
      = (priv->create_flags & SHM_CREATE_TRACK) != 0 && priv->origin != SHM_ORIGIN_CREATE_ANONYMOUS;
  ShmBlockPlan plan = {
    .name = priv->name,
    .size = priv->size,
    .mode = priv->mode,
    .flags = priv->create_flags,
    .proceed = cancellable != NULL ? shm_cancel_proceed : NULL,
    .proceed_data = cancellable,
    .fill = priv->hooks.fill,
    .fill_data = priv->hooks.fill_data,
    .before_publish = priv->hooks.before_publish,
    .before_publish_data = priv->hooks.before_publish_data,
  };

  priv->is_creator
      = is_tracked ? create_tracked (priv, &plan, fault) : create_from_plan (priv, &plan, fault);

  /* For a list, the core has computed the size from the values. Store the size even after a
   * failure, because the error message contains the size. */
  priv->size = plan.size;

  return priv->is_creator;
}

static gboolean
attach_block (ShmSharedMemoryPrivate *priv, GCancellable *cancellable, ShmFault *fault)
{
  return shm_block_attach (&priv->block, priv->name, priv->attach_flags,
                           cancellable != NULL ? shm_cancel_proceed : NULL, cancellable, fault);
}

/* Publishing a name fails if the name exists. Therefore exactly one of several callers creates the
 * block. */
static gboolean
attach_or_create (ShmSharedMemoryPrivate *priv, GCancellable *cancellable, ShmFault *fault)
{
  for (int i = 0; i < OPEN_OR_CREATE_ATTEMPTS; i++)
    {
      if (attach_block (priv, cancellable, fault))
        return TRUE;
      if (fault->step != SHM_STEP_OPEN || fault->errnum != ENOENT)
        return FALSE;

      if (create_block (priv, cancellable, fault))
        return TRUE;
      if (fault->step != SHM_STEP_PUBLISH || fault->errnum != EEXIST)
        return FALSE;
    }

  return shm_fault_set (fault, SHM_STEP_PUBLISH, ETIMEDOUT);
}

static gboolean
open_by_origin (ShmSharedMemoryPrivate *priv, GCancellable *cancellable, ShmFault *fault)
{
  switch (priv->origin)
    {
    case SHM_ORIGIN_ATTACH:
      return attach_block (priv, cancellable, fault);
    case SHM_ORIGIN_ATTACH_FD:
      return shm_block_attach_fd (&priv->block, priv->source_fd, priv->attach_flags, fault);
    case SHM_ORIGIN_OPEN_OR_CREATE:
      return attach_or_create (priv, cancellable, fault);
    case SHM_ORIGIN_CREATE:
    case SHM_ORIGIN_CREATE_ANONYMOUS:
    default:
      return create_block (priv, cancellable, fault);
    }
}

/* Checks the name, and removes its leading slash. The rules are stricter if the block can be new
 * than if the block must exist. */
static gboolean
normalize_name (ShmSharedMemoryPrivate *priv, ShmFault *fault)
{
  g_autofree char *given_name = g_steal_pointer (&priv->name);
  const char *name;

  if (priv->origin == SHM_ORIGIN_CREATE_ANONYMOUS || priv->origin == SHM_ORIGIN_ATTACH_FD
      || (priv->origin == SHM_ORIGIN_CREATE && given_name == NULL))
    return TRUE;

  if (given_name == NULL)
    given_name = g_strdup ("");
  name = priv->origin == SHM_ORIGIN_ATTACH ? shm_name_check_existing (given_name, fault)
                                           : shm_name_check_new (given_name, fault);

  if (name == NULL || name == given_name)
    priv->name = g_steal_pointer (&given_name);
  else
    priv->name = g_strdup (name);

  return name != NULL;
}

static gboolean
check_mode (ShmSharedMemoryPrivate *priv, GError **error)
{
  g_autofree char *block = NULL;

  if ((priv->mode & ~0777u) == 0)
    return TRUE;

  block = shm_error_describe_block (priv->name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
               "The mode %#o for block %s is not supported: it has other bits than the permission "
               "bits 0777",
               priv->mode, block);

  return FALSE;
}

static gboolean
check_tracking (ShmSharedMemoryPrivate *priv, GError **error)
{
  g_autofree char *block = NULL;

  if ((priv->create_flags & SHM_CREATE_TRACK) == 0 || priv->hooks.before_publish == NULL)
    return TRUE;

  block = shm_error_describe_block (priv->name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
               "The flag TRACK for block %s is not supported: the server of the manager removes "
               "the "
               "block",
               block);

  return FALSE;
}

static gboolean
check_found_size (ShmSharedMemoryPrivate *priv, GError **error)
{
  g_autofree char *block = NULL;

  if (priv->origin != SHM_ORIGIN_OPEN_OR_CREATE || priv->block.size >= priv->size)
    return TRUE;

  shm_block_close (&priv->block);
  block = shm_error_describe_block (priv->name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_INVALID_SIZE,
               "Block %s exists and has %" G_GUINT64_FORMAT
               " bytes, but at least %" G_GUINT64_FORMAT
               " bytes were asked for: attach to it as it is, or choose another name",
               block, priv->block.size, priv->size);

  return FALSE;
}

gboolean
shm_shared_memory_open (ShmSharedMemory *self, GCancellable *cancellable, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmFault fault;

  if (!check_mode (priv, error) || !check_tracking (priv, error)
      || shm_cancel_set_error (cancellable, error))
    return FALSE;

  if (!normalize_name (priv, &fault) || !open_by_origin (priv, cancellable, &fault))
    {
      shm_cancel_check_last (cancellable); /* Undoing a creation can take long. */
      return shm_shared_memory_fail (self, &fault, error);
    }

  if (!check_found_size (priv, error))
    return FALSE;

  priv->hooks = (ShmCreateHooks){ NULL };
  priv->size = priv->block.size;
  priv->mode = priv->block.identity.mode;
  if ((priv->create_flags & SHM_CREATE_UNLINK_ON_CLOSE) != 0)
    priv->fork_generation = shm_fork_get_generation ();
  priv->is_initialised = TRUE;

  return TRUE;
}

static gboolean
shm_shared_memory_initable_init (GInitable *initable, GCancellable *cancellable, GError **error)
{
  ShmSharedMemory *self = SHM_SHARED_MEMORY (initable);
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  /* GInitable requires that a second call returns the result of the first call. */
  if (priv->is_initialised)
    return TRUE;

  if (priv->init_error == NULL && shm_shared_memory_open (self, cancellable, &priv->init_error))
    return TRUE;

  /* If a signal handler has interrupted the operation, set no error: the language binding raises
   * the exception of the handler. See shm_private_cancellable_set_check(). */
  if (!shm_cancel_is_interrupted (cancellable))
    g_propagate_error (error, g_error_copy (priv->init_error));

  return FALSE;
}

void
shm_shared_memory_initable_iface_init (GInitableIface *iface)
{
  iface->init = shm_shared_memory_initable_init;
}

/* The constructors */

ShmSharedMemory *
shm_shared_memory_construct (const ShmOpenArguments *arguments, GError **error)
{
  const char *name = arguments->name;
  ShmSharedMemory *self;
  ShmSharedMemoryPrivate *priv;

  if (!shm_error_check_flags (SHM_TYPE_CREATE_FLAGS, arguments->create_flags, name, error)
      || !shm_error_check_flags (SHM_TYPE_ATTACH_FLAGS, arguments->attach_flags, name, error))
    return NULL;

  /* Passing the properties to g_object_new() would take as long as creating the object. */
  self = g_object_new (SHM_TYPE_SHARED_MEMORY, NULL);
  priv = shm_shared_memory_get_private (self);
  priv->origin = arguments->origin;
  priv->name = g_strdup (name);
  priv->size = arguments->size;
  priv->mode = arguments->mode;
  priv->create_flags = arguments->create_flags;
  priv->attach_flags = arguments->attach_flags;
  if (arguments->origin == SHM_ORIGIN_ATTACH_FD)
    priv->source_fd = MAX (arguments->source_fd, -1);

  return self;
}

static ShmSharedMemory *
construct_and_open (const ShmOpenArguments *arguments, GCancellable *cancellable, GError **error)
{
  ShmSharedMemory *self = shm_shared_memory_construct (arguments, error);

  if (self != NULL && !shm_shared_memory_open (self, cancellable, error))
    g_clear_object (&self);

  return self;
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
  ShmSharedMemory *self = shm_shared_memory_construct (&(ShmOpenArguments){ .origin = origin,
                                                                            .name = name,
                                                                            .size = size,
                                                                            .mode = mode,
                                                                            .create_flags = flags },
                                                       error);

  if (self == NULL)
    return NULL;

  shm_shared_memory_get_private (self)->hooks = *hooks;
  if (!shm_shared_memory_open (self, cancellable, error))
    g_clear_object (&self);

  return self;
}

/* Named blocks */

/**
 * shm_shared_memory_create: (constructor)
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @error: return location for an error
 *
 * Creates a block that only this user can open (mode 0600). It is filled with zeros.
 *
 * A name has 1 to 255 ASCII letters, digits and punctuation characters, but neither `/` nor `:`.
 * The names `.` and `..`, and all names that begin with `sem.` or `.shmobj-`, are refused. One
 * leading slash is removed. A generated name is `psm_` and 8 hexadecimal digits, as in Python.
 *
 * The function reserves all pages, unless @flags has %SHM_CREATE_SPARSE: either there is memory for
 * the whole block, or the function fails. The memory limit of a container is an exception. The
 * kernel kills a process that exceeds this limit, and the function cannot check the limit first.
 *
 * Reserving memory takes about a quarter of a second for a gigabyte. In a main loop, call
 * [func@Shm.SharedMemory.create_async] instead.
 *
 * It fails with [error@Shm.Error.EXISTS], [error@Shm.Error.INVALID_NAME],
 * [error@Shm.Error.INVALID_SIZE], [error@Shm.Error.NO_SPACE] (no memory, no inode or no quota is
 * left), [error@Shm.Error.TOO_LARGE] (more than `RLIMIT_FSIZE`),
 * [error@Shm.Error.PERMISSION_DENIED], [error@Shm.Error.FOLDER_MISSING] and
 * [error@Shm.Error.FOLDER_READ_ONLY] (`/dev/shm` is missing or read-only),
 * [error@Shm.Error.TOO_MANY_FILES], [error@Shm.Error.REFUSED] (a sandbox),
 * [error@Shm.Error.NOT_FOUND] (@flags has %SHM_CREATE_TRACK, and the program `shmobj-tracker` does
 * not exist), [error@Shm.Error.NOT_SUPPORTED] (@flags has undefined bits) or
 * [error@Shm.Error.FAILED]. If it fails, it leaves nothing behind.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create (const char *name, guint64 size, ShmCreateFlags flags, GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shm_shared_memory_create_full (name, size, 0600, flags, NULL, error);
}

/**
 * shm_shared_memory_create_full: (constructor)
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @mode: the permission bits, which the umask of the process does not change
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a block with a mode, for example one that other users can open.
 *
 * It works and fails like [ctor@Shm.SharedMemory.create]. It also fails with
 * `G_IO_ERROR_CANCELLED` if @cancellable is cancelled before or while memory is reserved, and with
 * [error@Shm.Error.NOT_SUPPORTED] if @mode has bits other than 0777. Processes of other users have
 * to attach with %SHM_ATTACH_ANY_OWNER, unless root created the block.
 *
 * In a main loop, call [func@Shm.SharedMemory.create_async] instead.
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
  const ShmOpenArguments arguments = { SHM_ORIGIN_CREATE, name, size, mode, .create_flags = flags };

  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return construct_and_open (&arguments, cancellable, error);
}

/**
 * shm_shared_memory_attach: (constructor)
 * @name: the block's name
 * @flags: how to attach to it
 * @error: return location for an error
 *
 * Attaches to an existing block.
 *
 * Any program can have created the block: one that uses this library, one that uses Python's
 * `multiprocessing.shared_memory`, or one that called `shm_open()`. The object has the size of the
 * block. A block of size 0 is still being created; the function waits up to 500 milliseconds for
 * its creator. Blocks that this library creates never have this state. While the command
 * `shmobj gc` finds out whether a process uses the block, no process can open it; this function
 * waits up to 200 milliseconds. In a main loop, call [func@Shm.SharedMemory.attach_async] instead.
 *
 * A block is refused if its owner is neither root nor the user of this process, because its owner
 * can change and truncate it at any time. %SHM_ATTACH_ANY_OWNER accepts it. Symbolic links are not
 * followed.
 *
 * Attaching does not change the block, even if it fails. When a process that has attached to the
 * block ends, the block stays.
 *
 * It fails with [error@Shm.Error.NOT_FOUND], [error@Shm.Error.INVALID_NAME],
 * [error@Shm.Error.INVALID_SIZE] (the block is still empty), [error@Shm.Error.PERMISSION_DENIED],
 * [error@Shm.Error.UNTRUSTED_OWNER], [error@Shm.Error.TYPE_MISMATCH] (not a regular file),
 * [error@Shm.Error.FOLDER_MISSING] and [error@Shm.Error.FOLDER_READ_ONLY] (`/dev/shm` is missing,
 * or is read-only and @flags do not have %SHM_ATTACH_READ_ONLY), [error@Shm.Error.TOO_MANY_FILES],
 * [error@Shm.Error.REFUSED] (a sandbox), [error@Shm.Error.TIMED_OUT] (another process keeps a lease
 * on the file), [error@Shm.Error.NOT_SUPPORTED] (@flags has undefined bits) or
 * [error@Shm.Error.FAILED].
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_attach (const char *name, ShmAttachFlags flags, GError **error)
{
  const ShmOpenArguments arguments = { SHM_ORIGIN_ATTACH, name, .attach_flags = flags };

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return construct_and_open (&arguments, NULL, error);
}

/**
 * shm_shared_memory_open_or_create: (constructor)
 * @name: the block's name
 * @size: the size in bytes of a new block, and the minimum size of an existing one
 * @mode: the permission bits of a new block, which the umask of the process does not change
 * @flags: how to create the block if it does not exist
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Attaches to a block, or creates it if it does not exist.
 *
 * If several processes or threads call this function at the same time, exactly one of them creates
 * the block. [method@Shm.SharedMemory.is_creator] returns %TRUE for the object of that call.
 *
 * The function can wait as long as [ctor@Shm.SharedMemory.create] and
 * [ctor@Shm.SharedMemory.attach] do. In a main loop, call
 * [func@Shm.SharedMemory.open_or_create_async] instead.
 *
 * It fails like [ctor@Shm.SharedMemory.create_full] and [ctor@Shm.SharedMemory.attach], with
 * [error@Shm.Error.INVALID_SIZE] if the existing block is smaller than @size, and also with
 * [error@Shm.Error.TIMED_OUT] if other processes create and remove the block again and again.
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_open_or_create (const char *name,
                                  guint64 size,
                                  guint mode,
                                  ShmCreateFlags flags,
                                  GCancellable *cancellable,
                                  GError **error)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_OPEN_OR_CREATE, name, size, mode, .create_flags = flags };

  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return construct_and_open (&arguments, cancellable, error);
}

/* Anonymous blocks and file descriptors */

/**
 * shm_shared_memory_create_anonymous: (constructor)
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @error: return location for an error
 *
 * Creates a block that has no name.
 *
 * Send its file descriptor to another process, for example with `GUnixFDMessage` or over D-Bus. The
 * system frees the block when every process has closed it. An anonymous block can be
 * [sealed][method@Shm.SharedMemory.seal]; a named block cannot.
 *
 * Reserving memory takes as long as it does in [ctor@Shm.SharedMemory.create]. In a main loop, call
 * [func@Shm.SharedMemory.create_anonymous_async] instead.
 *
 * It fails with [error@Shm.Error.INVALID_SIZE], [error@Shm.Error.NO_SPACE],
 * [error@Shm.Error.TOO_LARGE], [error@Shm.Error.TOO_MANY_FILES], [error@Shm.Error.REFUSED] (a
 * sandbox), [error@Shm.Error.NOT_SUPPORTED] or [error@Shm.Error.FAILED].
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_anonymous (guint64 size, ShmCreateFlags flags, GError **error)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_CREATE_ANONYMOUS, NULL, size, 0600, .create_flags = flags };

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return construct_and_open (&arguments, NULL, error);
}

/**
 * shm_shared_memory_attach_fd: (constructor)
 * @fd: a file descriptor of shared memory; it still belongs to the caller afterwards
 * @flags: how to attach to it
 * @error: return location for an error
 *
 * Attaches to a block by a file descriptor that another process sent. The function does not wait:
 * it refuses a block of size 0.
 *
 * The sender is not trusted. The descriptor must refer to a file in memory, or to a file on the
 * file system of `/dev/shm`, which holds all named blocks. Other files are refused, because each
 * access to a file on a disk or a network could wait or fail. The owner must be root or the user of
 * this process, unless @flags has %SHM_ATTACH_ANY_OWNER. The object has the size of the file. The
 * object is read-only if the descriptor is not open for writing or the block is sealed against
 * writing. If your program requires that the size does not change, check
 * [method@Shm.SharedMemory.get_seals].
 *
 * The object has a descriptor of its own. With %SHM_ATTACH_READ_ONLY the library opens the file
 * again for reading only, through `/proc/self/fd`. The object then cannot prevent another process
 * from sealing the block against writing, and a program that gets the descriptor from
 * [method@Shm.SharedMemory.dup_fd] cannot write. If `/proc` is missing, or this process has no
 * permission to open the file, the descriptor is a duplicate of @fd. The library does not write
 * through it, and its own mapping still does not prevent a seal; but a program that maps this
 * descriptor with `MAP_SHARED` does.
 *
 * It fails with [error@Shm.Error.TYPE_MISMATCH], [error@Shm.Error.UNTRUSTED_OWNER],
 * [error@Shm.Error.PERMISSION_DENIED] (@fd is open for writing only),
 * [error@Shm.Error.INVALID_SIZE] (the block is empty), [error@Shm.Error.BAD_DESCRIPTOR] (@fd is not
 * open, or was opened with `O_PATH`), [error@Shm.Error.TOO_MANY_FILES], [error@Shm.Error.REFUSED]
 * (a sandbox), [error@Shm.Error.NOT_SUPPORTED] (@flags has undefined bits) or
 * [error@Shm.Error.FAILED] (@fd has `O_APPEND` set).
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_attach_fd (int fd, ShmAttachFlags flags, GError **error)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_ATTACH_FD, .attach_flags = flags, .source_fd = fd };

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return construct_and_open (&arguments, NULL, error);
}

/* Asynchronous constructors */

static gpointer
open_in_thread (gpointer self, GCancellable *cancellable, GError **error)
{
  return shm_shared_memory_open (self, cancellable, error) ? g_object_ref (self) : NULL;
}

static const ShmWork opening = {
  .run = open_in_thread,
  .free_data = g_object_unref,
  .free_result = g_object_unref,
};

/* Starts a constructor in a thread. @tag is the public function that was called. */
static void
open_async (const ShmOpenArguments *arguments,
            gpointer tag,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *self;

  g_task_set_source_tag (task, tag);

  self = shm_shared_memory_construct (arguments, &error);
  if (self == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    shm_work_start (&opening, g_steal_pointer (&task), self);
}

/**
 * shm_shared_memory_create_async:
 * @name: (nullable): a name for the block, or %NULL for a generated one
 * @size: the size in bytes, at least 1
 * @mode: the permission bits, which the umask of the process does not change
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was created or the operation failed
 * @user_data: data for @callback
 *
 * Creates a block in a thread. See [ctor@Shm.SharedMemory.create_full].
 *
 * @callback is called in the thread-default main context of the caller. If @cancellable is
 * cancelled after the block was created, the operation succeeds and returns the block.
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
  const ShmOpenArguments arguments = { SHM_ORIGIN_CREATE, name, size, mode, .create_flags = flags };

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  open_async (&arguments, shm_shared_memory_create_async, cancellable, callback, user_data);
}

/**
 * shm_shared_memory_create_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.create_async]. It fails like
 * [ctor@Shm.SharedMemory.create_full], and with [error@Shm.Error.FAILED] if no thread could be
 * started.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shared_memory_create_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_attach_async:
 * @name: the block's name
 * @flags: how to attach to it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was opened or the operation failed
 * @user_data: data for @callback
 *
 * Attaches to an existing block in a thread. See [ctor@Shm.SharedMemory.attach].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_attach_async (const char *name,
                                ShmAttachFlags flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  const ShmOpenArguments arguments = { SHM_ORIGIN_ATTACH, name, .attach_flags = flags };

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  g_return_if_fail (name != NULL);

  open_async (&arguments, shm_shared_memory_attach_async, cancellable, callback, user_data);
}

/**
 * shm_shared_memory_attach_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.attach_async]. It fails like [ctor@Shm.SharedMemory.attach], with
 * `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_attach_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shared_memory_attach_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_open_or_create_async:
 * @name: the block's name
 * @size: the size in bytes of a new block, and the minimum size of an existing one
 * @mode: the permission bits of a new block, which the umask of the process does not change
 * @flags: how to create the block if it does not exist
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was opened or the operation failed
 * @user_data: data for @callback
 *
 * Attaches to a block, or creates it, in a thread. See [ctor@Shm.SharedMemory.open_or_create].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_open_or_create_async (const char *name,
                                        guint64 size,
                                        guint mode,
                                        ShmCreateFlags flags,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_OPEN_OR_CREATE, name, size, mode, .create_flags = flags };

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  g_return_if_fail (name != NULL);

  open_async (&arguments, shm_shared_memory_open_or_create_async, cancellable, callback, user_data);
}

/**
 * shm_shared_memory_open_or_create_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.open_or_create_async]. It fails like
 * [ctor@Shm.SharedMemory.open_or_create], and with [error@Shm.Error.FAILED] if no thread could be
 * started.
 *
 * Returns: (transfer full): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_open_or_create_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shared_memory_open_or_create_async, error,
                                  NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shared_memory_create_anonymous_async:
 * @size: the size in bytes, at least 1
 * @flags: how to create it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the block was created or the operation failed
 * @user_data: data for @callback
 *
 * Creates an anonymous block in a thread. See [ctor@Shm.SharedMemory.create_anonymous].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shared_memory_create_anonymous_async (guint64 size,
                                          ShmCreateFlags flags,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  const ShmOpenArguments arguments
      = { SHM_ORIGIN_CREATE_ANONYMOUS, NULL, size, 0600, .create_flags = flags };

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  open_async (&arguments, shm_shared_memory_create_anonymous_async, cancellable, callback,
              user_data);
}

/**
 * shm_shared_memory_create_anonymous_finish: (constructor)
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.SharedMemory.create_anonymous_async]. It fails like
 * [ctor@Shm.SharedMemory.create_anonymous], with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the new block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shared_memory_create_anonymous_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_shared_memory_create_anonymous_async, error,
                                  NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
