/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-fork.h"
#include "core/shm-system.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"

#include <errno.h>

/**
 * ShmSharedMemory:
 *
 * A block of memory that several processes use at the same time.
 *
 * Every process that opens the block sees the same bytes. A write is visible to the other processes
 * at once, without a copy and without a message between them. The size of a block is fixed when it
 * is created. If you need more memory, create a larger block and tell the other processes its
 * name.
 *
 * A *named block* has a name that is unique on the machine. Every process that knows the name and
 * has the permission can attach to it. An *anonymous block* has no name: a process that has it open
 * sends its file descriptor to another process, for example over D-Bus or a Unix socket.
 *
 * One process creates a block and writes a number:
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create ("answers", 4096, 0, &error);
 *
 * if (shm == NULL || !shm_shared_memory_set_int64 (shm, 0, 42, &error))
 *   g_error ("%s", error->message);
 * ```
 *
 * Another process calls `shm_shared_memory_attach ("answers", 0, &error)` and reads the number with
 * [method@Shm.SharedMemory.get_int64].
 *
 * ## Opening a block
 *
 * | To | call |
 * | --- | --- |
 * | create a named block | [ctor@Shm.SharedMemory.create], [ctor@Shm.SharedMemory.create_full] |
 * | use an existing named block | [ctor@Shm.SharedMemory.attach] |
 * | attach if the block exists, otherwise create it | [ctor@Shm.SharedMemory.open_or_create] |
 * | create an anonymous block | [ctor@Shm.SharedMemory.create_anonymous] |
 * | use a block that another process sent | [ctor@Shm.SharedMemory.attach_fd] |
 *
 * Creating a large block takes time, and attaching can wait for another process. Programs with a
 * main loop call the asynchronous form, such as [func@Shm.SharedMemory.create_async].
 *
 * A name appears only when its block is complete: the block has its size, its mode and, without
 * %SHM_CREATE_SPARSE, all its memory. A process that attaches never sees an incomplete block of
 * this library. If the creator is killed before the name appears, it leaves no block behind.
 *
 * ## Using the memory
 *
 * [method@Shm.SharedMemory.read] and [method@Shm.SharedMemory.write] copy bytes.
 * [method@Shm.SharedMemory.get_live_bytes] and, in C, [method@Shm.SharedMemory.get_data] give
 * access to the memory without a copy. The functions for single numbers, such as
 * [method@Shm.SharedMemory.get_int64], are for languages that cannot view memory.
 *
 * All functions can be called from any thread. They do not synchronize processes or threads: if a
 * reader must not see a half-written value, the processes have to agree on a protocol.
 * [class@Shm.ShareableList] implements one.
 *
 * ## Locks
 *
 * [method@Shm.SharedMemory.lock] keeps other threads and processes from the block, and
 * [method@Shm.SharedMemory.lock_range] from some of its bytes, if they lock it too. The lock ends
 * with its [struct@Shm.LockGuard], and at the latest with the process, even if it is killed.
 *
 * | To | call |
 * | --- | --- |
 * | write | `lock` with %SHM_LOCK_MODE_EXCLUSIVE |
 * | read while nobody writes | `lock` with %SHM_LOCK_MODE_SHARED |
 * | take the lock only if it is free | `lock` with a timeout of 0 |
 * | wait in a main loop | [method@Shm.SharedMemory.lock_async] |
 *
 * Do not take a lock for a single number: atomic operations such as
 * [method@Shm.SharedMemory.atomic_add_int64] are a hundred times faster.
 *
 * ## The end of a block
 *
 * [method@Shm.SharedMemory.close] ends the use of the block through one object. Live bytes stay
 * valid, and calls in other threads complete. The memory is unmapped when the last call has ended
 * and the last live bytes are freed. Finalizing an object closes it.
 *
 * [method@Shm.SharedMemory.unlink] removes the name. The memory itself is freed when the name is
 * removed *and* the last process has closed the block. The end of a process closes its blocks, but
 * it does not remove any name: a program that creates a named block and never unlinks it leaves the
 * block behind until the machine restarts. There are four remedies:
 *
 * - %SHM_CREATE_TRACK removes the name when the last process of the program has ended.
 * - %SHM_CREATE_UNLINK_ON_CLOSE removes the name when the object that created the block is closed.
 * - A [class@Shm.Manager] removes its blocks even if its process is killed.
 * - [func@Shm.remove_block] removes any name.
 *
 * ## Other processes are not trusted
 *
 * A process that can write a block can change every byte at any time, even between two reads of the
 * same byte. Call [method@Shm.SharedMemory.read] to get a copy, check the copy, and use the copy.
 *
 * A process that can write a *named* block can also truncate it. `read` and `write` then fail with
 * [error@Shm.Error.CORRUPT]. Direct views and the functions for single numbers raise `SIGBUS` when
 * they touch the missing part. [Sealed][method@Shm.SharedMemory.seal] blocks cannot be truncated;
 * Linux can seal only anonymous blocks.
 *
 * ## Forks, signals and main contexts
 *
 * A child of `fork()` can use the open blocks of its parent. The flag %SHM_CREATE_UNLINK_ON_CLOSE
 * has no effect in the child: only the process that created the block removes the name.
 *
 * The signals are emitted in the thread that closes or unlinks the block. If a
 * [watch][method@Shm.SharedMemory.watch] detects that the name was removed, the signal is emitted
 * in the thread-default main context of the thread that started the watch.
 *
 * ## Subclasses and other languages
 *
 * Code that constructs an object from its properties, for example in a subclass, sets
 * [property@Shm.SharedMemory:origin] and has to call [method@Gio.Initable.init] before any other
 * function. Until then every operation fails with [error@Shm.Error.CLOSED].
 *
 * The class `multiprocessing.shared_memory.SharedMemory` of Python's standard library uses blocks
 * of the same kind: each of the two classes can attach to blocks that the other class created.
 *
 * Since: 1.0
 */

typedef enum
{
  PROP_NAME = 1,
  PROP_SIZE,
  PROP_MODE,
  PROP_ORIGIN,
  PROP_CREATE_FLAGS,
  PROP_ATTACH_FLAGS,
  PROP_SOURCE_FD,
  PROP_FD,
  PROP_IS_CREATOR,
  PROP_READ_ONLY,
  PROP_IS_CLOSED,
  PROP_IS_UNLINKED,
} ShmSharedMemoryProperty;

enum
{
  SIGNAL_CLOSED,
  SIGNAL_UNLINKED,
  N_SIGNALS
};

static GParamSpec *properties[PROP_IS_UNLINKED + 1];
static guint signals[N_SIGNALS];

G_DEFINE_TYPE_WITH_CODE (ShmSharedMemory,
                         shm_shared_memory,
                         G_TYPE_OBJECT,
                         G_ADD_PRIVATE (ShmSharedMemory)
                             G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE,
                                                    shm_shared_memory_initable_iface_init))

ShmSharedMemoryPrivate *
shm_shared_memory_get_private (ShmSharedMemory *self)
{
  return shm_shared_memory_get_instance_private (self);
}

static void
set_closed_error (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  g_autofree char *block = shm_error_describe_block (priv->name);

  if (priv->is_initialised)
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "Block %s is closed: attach to it again to use it", block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "Block %s was never opened: use a constructor, or call init() on an object that "
                 "was constructed from its properties",
                 block);
}

ShmBlockUse *
shm_shared_memory_enter (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmBlockUse *use = shm_block_enter (&priv->block);

  if (G_UNLIKELY (use == NULL))
    set_closed_error (self, error);

  return use;
}

gboolean
shm_shared_memory_check_open (ShmSharedMemory *self, GError **error)
{
  if (shm_block_is_open (&shm_shared_memory_get_private (self)->block))
    return TRUE;

  set_closed_error (self, error);

  return FALSE;
}

gboolean
shm_shared_memory_fail (ShmSharedMemory *self, const ShmFault *fault, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  const ShmErrorContext context = {
    .name = priv->name,
    .size = priv->size,
    .has_generated_name = priv->name == NULL && priv->origin == SHM_ORIGIN_CREATE,
  };

  return shm_error_set_from_fault (error, fault, &context);
}

gboolean
shm_shared_memory_check_has_name (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  if (priv->is_initialised && priv->name != NULL)
    return TRUE;

  if (!priv->is_initialised)
    set_closed_error (self, error);
  else
    g_set_error_literal (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                         "A block without a name cannot be unlinked or watched: the system frees "
                         "it when every process has closed it");

  return FALSE;
}

void
shm_shared_memory_mark_unlinked (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  g_autoptr (ShmSharedMemory) keep = NULL;

  if (!g_atomic_int_compare_and_exchange (&priv->is_unlinked, FALSE, TRUE))
    return;

  /* A handler of the first emission may drop the last other reference. */
  keep = g_object_ref (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_UNLINKED]);
  g_signal_emit (self, signals[SIGNAL_UNLINKED], 0);
}

void
shm_shared_memory_end_watch (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmWatch *watch = g_atomic_pointer_get (&priv->watch);

  if (watch != NULL && g_atomic_pointer_compare_and_exchange (&priv->watch, watch, NULL))
    shm_watch_free (watch);
}

static gboolean
should_unlink_on_close (ShmSharedMemoryPrivate *priv)
{
  return (priv->create_flags & SHM_CREATE_UNLINK_ON_CLOSE) != 0 && priv->is_creator
         && priv->name != NULL && priv->fork_generation == shm_fork_get_generation ()
         && !g_atomic_int_get (&priv->is_unlinked);
}

/* Removes the name if it still stands for this block. */
static gboolean
remove_name (ShmSharedMemoryPrivate *priv, ShmFault *fault)
{
  if (!shm_system_remove (priv->name, &priv->block.identity, fault))
    return FALSE;

  if (g_atomic_int_compare_and_exchange (&priv->is_tracked, TRUE, FALSE))
    shm_note_finish (&priv->note, &priv->block.identity);

  return TRUE;
}

/* Closes without emitting signals: their handlers must not use an object that is being disposed. */
static void
shm_shared_memory_dispose (GObject *object)
{
  ShmSharedMemory *self = SHM_SHARED_MEMORY (object);
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmFault ignored;

  shm_shared_memory_end_watch (self);
  if (shm_block_close (&priv->block) && should_unlink_on_close (priv))
    remove_name (priv, &ignored);
  shm_shared_memory_end_waits (self);

  G_OBJECT_CLASS (shm_shared_memory_parent_class)->dispose (object);
}

static void
shm_shared_memory_finalize (GObject *object)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (SHM_SHARED_MEMORY (object));

  shm_block_clear (&priv->block);
  g_clear_error (&priv->init_error);
  g_free (priv->name);

  G_OBJECT_CLASS (shm_shared_memory_parent_class)->finalize (object);
}

static void
shm_shared_memory_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  ShmSharedMemory *self = SHM_SHARED_MEMORY (object);
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  switch ((ShmSharedMemoryProperty) prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, priv->name);
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, priv->size);
      break;
    case PROP_MODE:
      g_value_set_uint (value, priv->mode);
      break;
    case PROP_ORIGIN:
      g_value_set_enum (value, priv->origin);
      break;
    case PROP_CREATE_FLAGS:
      g_value_set_flags (value, priv->create_flags);
      break;
    case PROP_ATTACH_FLAGS:
      g_value_set_flags (value, priv->attach_flags);
      break;
    case PROP_SOURCE_FD:
      g_value_set_int (value, priv->source_fd);
      break;
    case PROP_FD:
      g_value_set_int (value, shm_shared_memory_get_fd (self));
      break;
    case PROP_IS_CREATOR:
      g_value_set_boolean (value, shm_shared_memory_is_creator (self));
      break;
    case PROP_READ_ONLY:
      g_value_set_boolean (value, shm_shared_memory_is_read_only (self));
      break;
    case PROP_IS_CLOSED:
      g_value_set_boolean (value, shm_shared_memory_is_closed (self));
      break;
    case PROP_IS_UNLINKED:
      g_value_set_boolean (value, shm_shared_memory_is_unlinked (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_shared_memory_set_property (GObject *object,
                                guint prop_id,
                                const GValue *value,
                                GParamSpec *pspec)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (SHM_SHARED_MEMORY (object));

  switch (prop_id)
    {
    case PROP_NAME:
      priv->name = g_value_dup_string (value);
      break;
    case PROP_SIZE:
      priv->size = g_value_get_uint64 (value);
      break;
    case PROP_MODE:
      priv->mode = g_value_get_uint (value);
      break;
    case PROP_ORIGIN:
      priv->origin = g_value_get_enum (value);
      break;
    case PROP_CREATE_FLAGS:
      priv->create_flags = g_value_get_flags (value);
      break;
    case PROP_ATTACH_FLAGS:
      priv->attach_flags = g_value_get_flags (value);
      break;
    case PROP_SOURCE_FD:
      priv->source_fd = g_value_get_int (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_shared_memory_class_init (ShmSharedMemoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags init_only = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = shm_shared_memory_dispose;
  object_class->finalize = shm_shared_memory_finalize;
  object_class->get_property = shm_shared_memory_get_property;
  object_class->set_property = shm_shared_memory_set_property;

  /**
   * ShmSharedMemory:name: (getter get_name)
   *
   * The block's name without a leading slash, or %NULL for an anonymous block. If an object creates
   * a named block and no name was set, initialisation sets a generated name.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, init_only);

  /**
   * ShmSharedMemory:size: (getter get_size)
   *
   * The block's size in bytes. Initialisation sets the property to the actual size of the block.
   *
   * Since: 1.0
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, init_only);

  /**
   * ShmSharedMemory:mode: (getter get_mode)
   *
   * The block's permission bits. Initialisation sets the property to the actual mode of the block.
   *
   * Since: 1.0
   */
  properties[PROP_MODE] = g_param_spec_uint ("mode", NULL, NULL, 0, G_MAXUINT, 0600, init_only);

  /**
   * ShmSharedMemory:origin: (getter get_origin)
   *
   * Where the object gets its block from.
   *
   * Since: 1.0
   */
  properties[PROP_ORIGIN]
      = g_param_spec_enum ("origin", NULL, NULL, SHM_TYPE_ORIGIN, SHM_ORIGIN_ATTACH, init_only);

  /**
   * ShmSharedMemory:create-flags:
   *
   * How to create the block, for the origins that create one.
   *
   * Since: 1.0
   */
  properties[PROP_CREATE_FLAGS]
      = g_param_spec_flags ("create-flags", NULL, NULL, SHM_TYPE_CREATE_FLAGS, 0, init_only);

  /**
   * ShmSharedMemory:attach-flags:
   *
   * How to attach to the block, for the origins that use an existing one.
   *
   * Since: 1.0
   */
  properties[PROP_ATTACH_FLAGS]
      = g_param_spec_flags ("attach-flags", NULL, NULL, SHM_TYPE_ATTACH_FLAGS, 0, init_only);

  /**
   * ShmSharedMemory:source-fd:
   *
   * The file descriptor to attach to, for %SHM_ORIGIN_ATTACH_FD; otherwise -1.
   *
   * The caller owns the descriptor and can close it after initialisation, which duplicates it.
   *
   * Since: 1.0
   */
  properties[PROP_SOURCE_FD]
      = g_param_spec_int ("source-fd", NULL, NULL, -1, G_MAXINT, -1, init_only);

  /**
   * ShmSharedMemory:fd: (getter get_fd)
   *
   * The block's own file descriptor, or -1 if the object is closed or not initialised.
   *
   * Since: 1.0
   */
  properties[PROP_FD] = g_param_spec_int ("fd", NULL, NULL, -1, G_MAXINT, -1, read_only);

  /**
   * ShmSharedMemory:is-creator: (getter is_creator)
   *
   * Whether this object created its block.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CREATOR] = g_param_spec_boolean ("is-creator", NULL, NULL, FALSE, read_only);

  /**
   * ShmSharedMemory:read-only: (getter is_read_only)
   *
   * Whether the block cannot be written through this object.
   *
   * Since: 1.0
   */
  properties[PROP_READ_ONLY] = g_param_spec_boolean ("read-only", NULL, NULL, FALSE, read_only);

  /**
   * ShmSharedMemory:is-closed: (getter is_closed)
   *
   * Whether the object is closed, or not initialised.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CLOSED] = g_param_spec_boolean ("is-closed", NULL, NULL, TRUE, read_only);

  /**
   * ShmSharedMemory:is-unlinked: (getter is_unlinked)
   *
   * Whether the object knows that the name of its block was removed or belongs to another block.
   *
   * Since: 1.0
   */
  properties[PROP_IS_UNLINKED] = g_param_spec_boolean ("is-unlinked", NULL, NULL, FALSE, read_only);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmSharedMemory::closed:
   * @self: the object
   *
   * Emitted once, in the thread that closed the object, but not when an open object is finalized.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * ShmSharedMemory::unlinked:
   * @self: the object
   *
   * Emitted once, when the object learns that the name was removed or now belongs to another block.
   *
   * The object learns this in its own [method@Shm.SharedMemory.unlink]. If it has a
   * [watch][method@Shm.SharedMemory.watch], it also learns this from other objects and processes.
   *
   * Since: 1.0
   */
  signals[SIGNAL_UNLINKED] = g_signal_new ("unlinked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
shm_shared_memory_init (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  shm_block_init (&priv->block);
  priv->source_fd = -1;
}

/* Closing and unlinking */

/**
 * shm_shared_memory_close:
 * @self: a block
 * @error: return location for an error
 *
 * Ends the use of the block through this object.
 *
 * Other objects and processes can continue to use the block. The name stays, unless this object
 * created the block with %SHM_CREATE_UNLINK_ON_CLOSE. Existing live bytes stay valid until they are
 * freed. Pointers from [method@Shm.SharedMemory.get_data] become invalid, and a watch ends.
 *
 * Closing a closed object does nothing and is not an error. The function fails only if the block
 * was created with %SHM_CREATE_UNLINK_ON_CLOSE and the name cannot be removed. It then fails as
 * [method@Shm.SharedMemory.unlink] does, and the object is closed nevertheless.
 *
 * The function waits for no other process. If no live bytes exist, it unmaps the memory in the
 * calling thread. If this was the last use of a block without a name, it also gives all pages of
 * the block back to the system. This takes time for a large block: see [How long freeing a block
 * takes](overview.html#how-long-freeing-a-block-takes). The function can be called from any thread.
 *
 * Returns: %FALSE if the function could not remove the name; otherwise %TRUE
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_close (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv;
  g_autoptr (ShmSharedMemory) keep = NULL;
  gboolean is_unlinked = TRUE;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  priv = shm_shared_memory_get_private (self);
  if (!shm_block_close (&priv->block))
    return TRUE;

  keep = g_object_ref (self);
  shm_shared_memory_end_watch (self);
  shm_shared_memory_end_waits (self);
  if (should_unlink_on_close (priv))
    is_unlinked = shm_shared_memory_unlink (self, error);

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FD]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CLOSED]);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);

  return is_unlinked;
}

/**
 * shm_shared_memory_unlink:
 * @self: a block
 * @error: return location for an error
 *
 * Removes the block's name.
 *
 * From then on no process can attach to the block by its name. This object and processes that have
 * the block open can continue to use it. The function can also be called on a closed object. One
 * process should call it once for each block. The function removes the name only if the name still
 * belongs to this block.
 *
 * The function waits for no other process. If no process has the block open or mapped any more, it
 * gives all pages of the block back to the system in the calling thread. This takes time for a
 * large block: see [How long freeing a block
 * takes](overview.html#how-long-freeing-a-block-takes). The function can be called from any thread.
 *
 * It fails with [error@Shm.Error.NOT_FOUND] if the name does not exist or belongs to another block,
 * with [error@Shm.Error.PERMISSION_DENIED] for a block of another user, with
 * [error@Shm.Error.NOT_SUPPORTED] for an anonymous block, and with [error@Shm.Error.CLOSED] if the
 * object was never initialised.
 *
 * Returns: %TRUE if the name was removed
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_unlink (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv;
  gboolean is_removed;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  priv = shm_shared_memory_get_private (self);
  if (!shm_shared_memory_check_has_name (self, error))
    return FALSE;

  is_removed = remove_name (priv, &fault);
  if (is_removed || fault.errnum == ENOENT || fault.errnum == ESTALE)
    shm_shared_memory_mark_unlinked (self);

  return is_removed || shm_shared_memory_fail (self, &fault, error);
}

/**
 * shm_shared_memory_untrack:
 * @self: a block
 *
 * Keeps the block's name when the program ends: undoes %SHM_CREATE_TRACK.
 *
 * The function does nothing if this object did not create the block with this flag, or if the name
 * was removed. It does not block, and can be called from any thread, also on a closed object.
 *
 * Since: 1.0
 */
void
shm_shared_memory_untrack (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));

  priv = shm_shared_memory_get_private (self);
  if (g_atomic_int_compare_and_exchange (&priv->is_tracked, TRUE, FALSE))
    shm_note_free_entry (&priv->note, &priv->block.identity);
}

/* Accessors */

/**
 * shm_shared_memory_get_name: (get-property name)
 * @self: a block
 *
 * Returns the block's name, without a leading slash. It does not change when the name is removed.
 *
 * Returns: (nullable): the name, which is valid until the object is finalized; %NULL for an
 *   anonymous block
 *
 * Since: 1.0
 */
const char *
shm_shared_memory_get_name (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);

  return shm_shared_memory_get_private (self)->name;
}

/**
 * shm_shared_memory_get_size: (get-property size)
 * @self: a block
 *
 * Returns the block's size.
 *
 * This is the exact size that the block had when this object opened it. The function also works
 * after the object is closed.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shm_shared_memory_get_size (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);

  return shm_shared_memory_get_private (self)->size;
}

/**
 * shm_shared_memory_get_mode: (get-property mode)
 * @self: a block
 *
 * Returns the permission bits that the block had when this object opened it.
 *
 * Returns: the permission bits, such as 0600
 *
 * Since: 1.0
 */
guint
shm_shared_memory_get_mode (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);

  return shm_shared_memory_get_private (self)->mode;
}

/**
 * shm_shared_memory_get_owner_uid:
 * @self: a block
 *
 * Returns the user that owned the block when this object opened it.
 *
 * Returns: the user ID
 *
 * Since: 1.0
 */
guint
shm_shared_memory_get_owner_uid (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);

  return shm_shared_memory_get_private (self)->block.identity.uid;
}

/**
 * shm_shared_memory_get_origin: (get-property origin)
 * @self: a block
 *
 * Returns the origin that was set at construction: where the object gets its block from.
 *
 * For %SHM_ORIGIN_OPEN_OR_CREATE, [method@Shm.SharedMemory.is_creator] returns whether the object
 * created the block.
 *
 * Returns: the origin
 *
 * Since: 1.0
 */
ShmOrigin
shm_shared_memory_get_origin (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), SHM_ORIGIN_ATTACH);

  return shm_shared_memory_get_private (self)->origin;
}

/**
 * shm_shared_memory_is_creator: (get-property is-creator)
 * @self: a block
 *
 * Returns whether this object created its block.
 *
 * If several objects open the same block with [ctor@Shm.SharedMemory.open_or_create] at the same
 * time, the function returns %TRUE for at most one of them.
 *
 * Returns: %TRUE if this object created the block; %FALSE if the block existed before, or the
 *   object is not initialised
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_creator (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);

  return shm_shared_memory_get_private (self)->is_creator;
}

/**
 * shm_shared_memory_is_read_only: (get-property read-only)
 * @self: a block
 *
 * Returns whether the block cannot be written through this object.
 *
 * Returns: %TRUE if the block can only be read
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_read_only (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);

  return g_atomic_int_get (&shm_shared_memory_get_private (self)->block.read_only);
}

/**
 * shm_shared_memory_is_closed: (get-property is-closed)
 * @self: a block
 *
 * Returns whether the object is closed. An object that is not initialised is also closed.
 *
 * Returns: %TRUE if the object is closed
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_closed (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), TRUE);

  return !shm_block_is_open (&shm_shared_memory_get_private (self)->block);
}

/**
 * shm_shared_memory_is_unlinked: (get-property is-unlinked)
 * @self: a block
 *
 * Returns whether the object knows that the name of its block was removed or belongs to another
 * block.
 *
 * The object notices the actions of other objects and processes only while
 * [method@Shm.SharedMemory.watch] is in effect, and when its own
 * [method@Shm.SharedMemory.unlink] does not find the name.
 *
 * Returns: %TRUE if the name was removed or belongs to another block now
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_is_unlinked (ShmSharedMemory *self)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);

  return g_atomic_int_get (&shm_shared_memory_get_private (self)->is_unlinked);
}

/**
 * shm_shared_memory_get_fd: (get-property fd)
 * @self: a block
 *
 * Returns the block's file descriptor, for sending it to another process or for system calls.
 *
 * The descriptor belongs to the object and is valid until the object is closed. If another thread
 * can close the object, call [method@Shm.SharedMemory.dup_fd] instead.
 *
 * Returns: the file descriptor; -1 if the object is closed
 *
 * Since: 1.0
 */
int
shm_shared_memory_get_fd (ShmSharedMemory *self)
{
  g_autoptr (ShmBlockUse) use = NULL;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), -1);

  use = shm_shared_memory_enter (self, NULL);

  return use != NULL ? use->fd : -1;
}

/**
 * shm_shared_memory_dup_fd:
 * @self: a block
 * @error: return location for an error
 *
 * Duplicates the block's file descriptor.
 *
 * The new descriptor belongs to the caller and stays valid after the object is closed. It is closed
 * on `exec()`. If this object was attached with %SHM_ATTACH_READ_ONLY, the descriptor is usually
 * open for reading only; [ctor@Shm.SharedMemory.attach_fd] describes the exception.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.TOO_MANY_FILES],
 * [error@Shm.Error.REFUSED] or [error@Shm.Error.FAILED].
 *
 * Returns: a file descriptor that the caller has to close; -1 on error
 *
 * Since: 1.0
 */
int
shm_shared_memory_dup_fd (ShmSharedMemory *self, GError **error)
{
  g_autoptr (ShmBlockUse) use = NULL;
  ShmFault fault;
  int fd;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  use = shm_shared_memory_enter (self, error);
  if (use == NULL)
    return -1;

  fd = shm_system_duplicate (use->fd, &fault);
  if (fd < 0)
    shm_shared_memory_fail (self, &fault, error);

  return fd;
}
