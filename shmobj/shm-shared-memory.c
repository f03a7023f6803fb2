/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-fork.h"
#include "core/shm-name.h"
#include "core/shm-watch.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"

#include <errno.h>
#include <unistd.h>

/**
 * ShmSharedMemory:
 *
 * A block of memory that several processes use at once.
 *
 * A block has a name, under which every process on the machine that is permitted to can attach
 * to it, or none, and then it is handed on by file descriptor. Its size is fixed when it is
 * created. What one process writes, the others see; nothing is copied on the way.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create ("answers", 4096, 0, &error);
 *
 * if (shm == NULL || !shm_shared_memory_set_int64 (shm, 0, 42, &error))
 *   g_error ("%s", error->message);
 * ```
 *
 * ## Life of a block
 *
 * A block lives from its creation until its name is removed with
 * [method@Shm.SharedMemory.unlink] *and* the last process has let go of it. Nobody's exit
 * removes the name: that is the creator's decision, or that of whoever was told to. A program
 * that creates a block and ends without unlinking it leaves it behind, until the machine
 * restarts or [func@Shm.remove_block] is called; %SHM_CREATE_UNLINK_ON_CLOSE ties the name to
 * one object instead.
 *
 * A name appears when its block is complete: with its size, its mode and, unless
 * %SHM_CREATE_SPARSE was asked for, all its pages. Who attaches never sees half a block, and a
 * creator that is killed on the way leaves nothing behind.
 *
 * ## Closing
 *
 * [method@Shm.SharedMemory.close] ends the use of the block through this object. Views that were
 * handed out before stay good, and so do calls that other threads are in; the memory is unmapped
 * when the last of them lets go. Finalizing an object closes it.
 *
 * ## Other processes
 *
 * Whoever can write a block can change every byte of it at any time, also between two reads of
 * the same byte. [method@Shm.SharedMemory.read] makes a copy that stays as it is: check that,
 * and use that.
 *
 * A process that can write a *named* block can also truncate it. `read` and `write` then fail
 * with [error@Shm.Error.CORRUPT], but direct views and the typed accessors raise `SIGBUS` when
 * they touch what is gone. Blocks that are [sealed][method@Shm.SharedMemory.seal] are immune;
 * blocks with a name can't be sealed on Linux.
 *
 * ## Threads, forks and main contexts
 *
 * All functions can be called from any thread. They order nothing: what is shared between
 * processes needs a protocol between them. A child of `fork()` can go on using the block; it
 * never removes a name because of its parent's %SHM_CREATE_UNLINK_ON_CLOSE.
 *
 * The signals are emitted by the thread that closes or unlinks, and those of
 * [method@Shm.SharedMemory.watch] in the main context in which it was called.
 *
 * ## Construction
 *
 * Use one of the constructors. Code that makes an object from its properties, as a subclass
 * does, has to call [method@Gio.Initable.init] afterwards; until then every operation fails
 * with [error@Shm.Error.CLOSED]. What the properties say is settled by then; later changes are
 * notified.
 *
 * There is no resizing. Other processes would have to notice, and views of theirs could outlive
 * the memory; create a larger block and hand on its name.
 *
 * The counterpart in Python's standard library is `multiprocessing.shared_memory.SharedMemory`,
 * whose blocks are of the same kind: each side attaches to the other's.
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
  PROP_FD,
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

static void shm_shared_memory_initable_iface_init (GInitableIface *iface);

G_DEFINE_TYPE_WITH_CODE (ShmSharedMemory,
                         shm_shared_memory,
                         G_TYPE_OBJECT,
                         G_ADD_PRIVATE (ShmSharedMemory)
                             G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE,
                                                    shm_shared_memory_initable_iface_init))

/* How often open_or_create() looks for a block and then tries to make it, before it gives up on
 * a name that others create and remove all the time. */
#define OPEN_OR_CREATE_ATTEMPTS 1000

ShmSharedMemoryPrivate *
shm_shared_memory_get_private (ShmSharedMemory *self)
{
  return shm_shared_memory_get_instance_private (self);
}

/* Guards */

static void
set_closed_error (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  g_autofree char *block = shm_error_describe_block (priv->name);

  if (priv->is_initialised)
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "Block %s was closed: attach to it again to go on using it", block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "Block %s was never opened: call init() on an object that was made from its "
                 "properties, or use a constructor",
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
shm_shared_memory_fail (ShmSharedMemory *self, const ShmFault *fault, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  return shm_error_set_from_fault (error, fault, &(ShmErrorContext){ priv->name, priv->size });
}

gboolean
shm_shared_memory_check_range (ShmSharedMemory *self,
                               guint64 offset,
                               guint64 length,
                               gboolean for_writing,
                               GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  /* Asked once: an attempt to seal the block can set it and take it back. */
  const gboolean is_refused = for_writing && g_atomic_int_get (&priv->block.read_only);
  g_autofree char *block = NULL;

  if (G_LIKELY (shm_block_contains (&priv->block, offset, length) && !is_refused))
    return TRUE;

  block = shm_error_describe_block (priv->name);
  if (is_refused)
    g_set_error (error, SHM_ERROR, SHM_ERROR_READ_ONLY,
                 "Block %s may only be read here: it was attached to read-only, or is sealed "
                 "against writing",
                 block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_OUT_OF_RANGE,
                 "%" G_GUINT64_FORMAT " bytes at offset %" G_GUINT64_FORMAT
                 " do not lie within block %s, which has %" G_GUINT64_FORMAT " bytes",
                 length, offset, block, priv->size);

  return FALSE;
}

/* Initialisation */

static gboolean
proceed_unless_cancelled (gpointer cancellable)
{
  return !g_cancellable_is_cancelled (cancellable);
}

static gboolean
create_block (ShmSharedMemoryPrivate *priv, ShmBlockPlan *plan, ShmFault *fault)
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

static gboolean
open_created (ShmSharedMemoryPrivate *priv, GCancellable *cancellable, ShmFault *fault)
{
  ShmBlockPlan plan = {
    .name = priv->name,
    .size = priv->size,
    .mode = priv->mode,
    .flags = priv->create_flags,
    .proceed = cancellable != NULL ? proceed_unless_cancelled : NULL,
    .proceed_data = cancellable,
    .before_publish = priv->hooks.before_publish,
    .before_publish_data = priv->hooks.before_publish_data,
  };
  const gboolean is_created = create_block (priv, &plan, fault);

  /* A list has decided about the size. Messages name it, also when creation fails. */
  priv->size = plan.size;

  return is_created;
}

/* Exactly one of many callers creates: publishing the name decides. */
static gboolean
open_either (ShmSharedMemoryPrivate *priv, GCancellable *cancellable, ShmFault *fault)
{
  for (int i = 0; i < OPEN_OR_CREATE_ATTEMPTS; i++)
    {
      if (shm_block_attach (&priv->block, priv->name, priv->attach_flags, fault))
        {
          priv->origin = SHM_ORIGIN_ATTACH;
          return TRUE;
        }
      if (fault->step != SHM_STEP_OPEN || fault->errnum != ENOENT)
        return FALSE;

      if (open_created (priv, cancellable, fault))
        {
          priv->origin = SHM_ORIGIN_CREATE;
          return TRUE;
        }
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
      return shm_block_attach (&priv->block, priv->name, priv->attach_flags, fault);
    case SHM_ORIGIN_ATTACH_FD:
      return shm_block_attach_fd (&priv->block, priv->source_fd, priv->attach_flags, fault);
    case SHM_ORIGIN_OPEN_OR_CREATE:
      return open_either (priv, cancellable, fault);
    case SHM_ORIGIN_CREATE:
    case SHM_ORIGIN_CREATE_ANONYMOUS:
    default:
      return open_created (priv, cancellable, fault);
    }
}

/* Checks the name by the rules of the origin, and drops its leading slash. */
static gboolean
settle_name (ShmSharedMemoryPrivate *priv, ShmFault *fault)
{
  const char *plain;
  char *old_name;

  if (priv->origin == SHM_ORIGIN_CREATE_ANONYMOUS || priv->origin == SHM_ORIGIN_ATTACH_FD)
    {
      g_clear_pointer (&priv->name, g_free);
      return TRUE;
    }

  if (priv->name == NULL && priv->origin == SHM_ORIGIN_CREATE)
    return TRUE;
  if (priv->name == NULL)
    priv->name = g_strdup ("");

  if (priv->origin == SHM_ORIGIN_ATTACH)
    plain = shm_name_check_existing (priv->name, fault);
  else
    plain = shm_name_check_new (priv->name, fault);
  if (plain == NULL)
    return FALSE;

  if (plain != priv->name)
    {
      old_name = priv->name;
      priv->name = g_strdup (plain);
      g_free (old_name);
    }

  return TRUE;
}

static gboolean
check_wishes (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  if ((priv->mode & ~0777u) != 0)
    {
      g_autofree char *block = shm_error_describe_block (priv->name);

      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                   "Mode %#o of block %s has more than the permission bits 0777", priv->mode,
                   block);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_found_size (ShmSharedMemory *self, guint64 wanted, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  g_autofree char *block = NULL;

  if (priv->block.size >= wanted)
    return TRUE;

  shm_block_close (&priv->block);
  block = shm_error_describe_block (priv->name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_INVALID_SIZE,
               "Block %s exists with %" G_GUINT64_FORMAT " bytes, and %" G_GUINT64_FORMAT
               " were asked for: attach to it as it is, or choose another name",
               block, priv->block.size, wanted);

  return FALSE;
}

static gboolean
open_block (ShmSharedMemory *self, GCancellable *cancellable, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  const gboolean want_size = priv->origin == SHM_ORIGIN_OPEN_OR_CREATE;
  ShmFault fault;

  if (!check_wishes (self, error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (!settle_name (priv, &fault) || !open_by_origin (priv, cancellable, &fault))
    return shm_shared_memory_fail (self, &fault, error);

  return !want_size || check_found_size (self, priv->size, error);
}

gboolean
shm_shared_memory_open (ShmSharedMemory *self, GCancellable *cancellable, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  if (priv->origin == SHM_ORIGIN_ATTACH && priv->size != 0)
    priv->origin = SHM_ORIGIN_CREATE;

  if (!open_block (self, cancellable, error))
    return FALSE;

  priv->source_fd = -1;
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

  /* As GInitable asks: a second call gives what the first gave. */
  if (priv->is_initialised)
    return TRUE;

  if (priv->init_error == NULL && shm_shared_memory_open (self, cancellable, &priv->init_error))
    return TRUE;

  g_propagate_error (error, g_error_copy (priv->init_error));

  return FALSE;
}

static void
shm_shared_memory_initable_iface_init (GInitableIface *iface)
{
  iface->init = shm_shared_memory_initable_init;
}

/* Ending */

void
shm_shared_memory_mark_unlinked (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  g_autoptr (ShmSharedMemory) keep = NULL;

  if (!g_atomic_int_compare_and_exchange (&priv->is_unlinked, FALSE, TRUE))
    return;

  /* Whoever is told first may let go of the object. */
  keep = g_object_ref (self);

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_UNLINKED]);
  g_signal_emit (self, signals[SIGNAL_UNLINKED], 0);
}

static gboolean
is_to_unlink_on_close (ShmSharedMemoryPrivate *priv)
{
  return (priv->create_flags & SHM_CREATE_UNLINK_ON_CLOSE) != 0 && priv->origin == SHM_ORIGIN_CREATE
         && priv->fork_generation == shm_fork_get_generation ()
         && !g_atomic_int_get (&priv->is_unlinked);
}

/* Without a signal: the object is going away, and nobody is to meet it again. */
static void
shm_shared_memory_dispose (GObject *object)
{
  ShmSharedMemory *self = SHM_SHARED_MEMORY (object);
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmFault ignored;

  shm_shared_memory_unwatch (self);
  if (shm_block_close (&priv->block) && is_to_unlink_on_close (priv))
    shm_system_remove (priv->name, &priv->block.identity, &ignored);

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
    case PROP_FD:
      g_value_set_int (value, shm_shared_memory_get_fd (self));
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

  switch ((ShmSharedMemoryProperty) prop_id)
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
    case PROP_FD:
      priv->source_fd = g_value_get_int (value);
      break;
    case PROP_READ_ONLY:
    case PROP_IS_CLOSED:
    case PROP_IS_UNLINKED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_shared_memory_class_init (ShmSharedMemoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags given = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags found = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = shm_shared_memory_dispose;
  object_class->finalize = shm_shared_memory_finalize;
  object_class->get_property = shm_shared_memory_get_property;
  object_class->set_property = shm_shared_memory_set_property;

  /**
   * ShmSharedMemory:name: (getter get_name)
   *
   * The block's name, or %NULL if it has none. An object that creates a block and is given no
   * name has a generated one once it is initialised.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, given);

  /**
   * ShmSharedMemory:size: (getter get_size)
   *
   * The block's size in bytes: for a new block as it was asked for, for an existing one as it
   * was found.
   *
   * Since: 1.0
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, given);

  /**
   * ShmSharedMemory:mode: (getter get_mode)
   *
   * Who may read and write the block: the permission bits.
   *
   * Since: 1.0
   */
  properties[PROP_MODE] = g_param_spec_uint ("mode", NULL, NULL, 0, G_MAXUINT, 0600, given);

  /**
   * ShmSharedMemory:origin: (getter get_origin)
   *
   * How the object comes by its block.
   *
   * An object that is constructed with a size and no origin creates: attaching needs none.
   *
   * Since: 1.0
   */
  properties[PROP_ORIGIN]
      = g_param_spec_enum ("origin", NULL, NULL, SHM_TYPE_ORIGIN, SHM_ORIGIN_ATTACH, given);

  /**
   * ShmSharedMemory:create-flags:
   *
   * How to create the block, if it is to be created.
   *
   * Since: 1.0
   */
  properties[PROP_CREATE_FLAGS]
      = g_param_spec_flags ("create-flags", NULL, NULL, SHM_TYPE_CREATE_FLAGS, 0, given);

  /**
   * ShmSharedMemory:attach-flags:
   *
   * How to attach to the block, if it is there already.
   *
   * Since: 1.0
   */
  properties[PROP_ATTACH_FLAGS]
      = g_param_spec_flags ("attach-flags", NULL, NULL, SHM_TYPE_ATTACH_FLAGS, 0, given);

  /**
   * ShmSharedMemory:fd: (getter get_fd)
   *
   * The block's file descriptor, or -1. When it is given for %SHM_ORIGIN_ATTACH_FD, the object
   * uses a duplicate of it.
   *
   * Since: 1.0
   */
  properties[PROP_FD] = g_param_spec_int ("fd", NULL, NULL, -1, G_MAXINT, -1, given);

  /**
   * ShmSharedMemory:read-only: (getter is_read_only)
   *
   * Whether the block can't be written through this object.
   *
   * Since: 1.0
   */
  properties[PROP_READ_ONLY] = g_param_spec_boolean ("read-only", NULL, NULL, FALSE, found);

  /**
   * ShmSharedMemory:is-closed: (getter is_closed)
   *
   * Whether the object has let go of its block, or never had one.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CLOSED] = g_param_spec_boolean ("is-closed", NULL, NULL, TRUE, found);

  /**
   * ShmSharedMemory:is-unlinked: (getter is_unlinked)
   *
   * Whether the block's name is known to be gone.
   *
   * Since: 1.0
   */
  properties[PROP_IS_UNLINKED] = g_param_spec_boolean ("is-unlinked", NULL, NULL, FALSE, found);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmSharedMemory::closed:
   * @self: the object
   *
   * Emitted once, when the object has been closed, by the thread that closed it. It is not
   * emitted for an object that is finalized open.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * ShmSharedMemory::unlinked:
   * @self: the object
   *
   * Emitted once, when the block's name is known to be gone or to stand for another block: when
   * this object removed it or found it removed, or, after [method@Shm.SharedMemory.watch], when
   * anybody did. The memory stays until everybody has closed it.
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

/* Letting go */

/**
 * shm_shared_memory_close:
 * @self: a block
 * @error: return location for an error
 *
 * Ends the use of the block through this object.
 *
 * The name stays, and so does the memory for everybody else. Live bytes and regions that were
 * taken before stay good until they are freed; pointers from
 * [method@Shm.SharedMemory.get_data] do not. An object that watches stops doing so.
 *
 * Closing again is no error and does nothing. The only failure is that of removing the name, for
 * a block with %SHM_CREATE_UNLINK_ON_CLOSE; the object is closed then as well.
 *
 * Returns: %FALSE if the name should have been removed and could not be
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_close (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv;
  g_autoptr (ShmSharedMemory) keep = NULL;
  gboolean unlinked = TRUE;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  priv = shm_shared_memory_get_private (self);
  if (!shm_block_close (&priv->block))
    return TRUE;

  keep = g_object_ref (self);
  shm_shared_memory_unwatch (self);
  if (is_to_unlink_on_close (priv))
    unlinked = shm_shared_memory_unlink (self, error);

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CLOSED]);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);

  return unlinked;
}

gboolean
shm_shared_memory_check_has_name (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);

  if (!priv->is_initialised)
    {
      set_closed_error (self, error);
      return FALSE;
    }

  if (priv->name == NULL)
    {
      g_set_error_literal (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                           "A block without a name has none to remove or to watch: it goes away "
                           "when everybody has closed it");
      return FALSE;
    }

  return TRUE;
}

/**
 * shm_shared_memory_unlink:
 * @self: a block
 * @error: return location for an error
 *
 * Removes the block's name.
 *
 * Nobody can attach to it from then on; who has it open keeps it, this object included. It can
 * also be called after closing. To be called once for each block, by whoever is in charge of it.
 *
 * Only this block's name is removed: if it stands for another block by now, that is left alone.
 *
 * It fails with [error@Shm.Error.NOT_FOUND] if the name is gone, or stands for another block;
 * with [error@Shm.Error.PERMISSION_DENIED] for a block of another user; and with
 * [error@Shm.Error.NOT_SUPPORTED] for a block without a name.
 *
 * Returns: %TRUE if the name was removed
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_unlink (ShmSharedMemory *self, GError **error)
{
  ShmSharedMemoryPrivate *priv;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  priv = shm_shared_memory_get_private (self);
  if (!shm_shared_memory_check_has_name (self, error))
    return FALSE;

  if (shm_system_remove (priv->name, &priv->block.identity, &fault))
    {
      shm_shared_memory_mark_unlinked (self);
      return TRUE;
    }

  if (fault.errnum == ENOENT || fault.errnum == ESTALE)
    shm_shared_memory_mark_unlinked (self);

  return shm_shared_memory_fail (self, &fault, error);
}
