/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "manager/shm-cancel.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"
#include "shm-shared-memory-private.h"

#include <errno.h>

/**
 * ShmShareableList:
 *
 * A list of a fixed number of values in a block of shared memory.
 *
 * Several processes can read and write the values at the same time. A process can replace a value
 * by a value of another kind, but it cannot add or remove values.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * GVariant *values = g_variant_new ("(xds)", G_GINT64_CONSTANT (42), 2.5, "howdy");
 * g_autoptr (ShmShareableList) list = shm_shareable_list_create (values, "scores", 0, &error);
 *
 * if (list == NULL || !shm_shareable_list_set_int64 (list, 0, 43, &error))
 *   g_error ("%s", error->message);
 *
 * // When no process uses the list any more:
 * shm_shared_memory_unlink (shm_shareable_list_get_shared_memory (list), NULL);
 * ```
 *
 * The list is in a block, [property@Shm.ShareableList:shared-memory]. The name of the list is the
 * name of the block. Close and unlink the block to close and unlink the list.
 *
 * ## Values
 *
 * A value has one of six kinds. There are functions that read and write one kind, such as
 * [method@Shm.ShareableList.get_int64], and functions that take or return a #GVariant for a value
 * of any kind, such as [method@Shm.ShareableList.get_value]. This table shows which types of
 * #GVariant they use:
 *
 * | Kind | Value | #GVariant type | Python |
 * | --- | --- | --- | --- |
 * | %SHM_VALUE_KIND_INT64 | a signed 64-bit integer | `x`; on input also `y`, `n`, `q`, `i`, `u`, and `t` up to the largest `gint64` | `int` |
 * | %SHM_VALUE_KIND_DOUBLE | a floating-point number | `d` | `float` |
 * | %SHM_VALUE_KIND_BOOLEAN | true or false | `b` | `bool` |
 * | %SHM_VALUE_KIND_STRING | a text without NUL characters | `s`; on input also `(ay)` | `str` |
 * | %SHM_VALUE_KIND_STRING | a text with NUL characters | `(ay)`: a tuple that holds the UTF-8 bytes | `str` |
 * | %SHM_VALUE_KIND_BYTES | bytes | `ay` | `bytes` |
 * | %SHM_VALUE_KIND_NONE | nothing | `mv` without a value; on input any empty maybe | `None` |
 *
 * On input, a variant (`v`) or a maybe that contains a value is the same as the value itself. For
 * example, these calls replace the first three values of a list:
 *
 * ```c
 * shm_shareable_list_set_value (list, 0, g_variant_new_int64 (7), &error);
 * shm_shareable_list_set_value (list, 1, g_variant_new_string ("seven"), &error);
 * shm_shareable_list_set_value (list, 2, g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL),
 *                               &error);
 * ```
 *
 * Each value has a slot. The first value determines the size of the slot: 8 bytes for a number, a
 * boolean or nothing, and 8 · (⌊n / 8⌋ + 1) bytes for a text or bytes of length n. (If n is a
 * multiple of 8 and the text has characters outside ASCII, the slot has n bytes, as in CPython.) A
 * number, a boolean or nothing fits in every slot. Writing a text or bytes that are larger than the
 * slot fails with [error@Shm.Error.TOO_LARGE].
 *
 * ## Python
 *
 * The list has the memory layout of `multiprocessing.shared_memory.ShareableList` of CPython 3.9
 * and later. Programs that use this library and programs that use CPython's class can attach to the
 * lists of each other, and read and write them. In addition, this library keeps the NULs at the end
 * of texts and bytes, and makes the slots of texts that are not ASCII large enough. It stores the
 * additional data in places that CPython ignores.
 *
 * ## Several writers and readers
 *
 * In a list that this library created, a reader always gets a complete value, even while many
 * processes and threads write through this library. Only one writer writes at a time; a writer
 * needs no system call unless another writer is active. A reader waits for writers only if they
 * replace the value again and again while the reader tries to read it. If a writer is killed while
 * it writes a value, the list has either the old value or the new value, and the next writer
 * continues at once.
 *
 * CPython does not write values atomically: it clears a value before it writes the new one. Read a
 * value only after CPython has finished writing it. A list that CPython created has no lock: if
 * several processes write to it, the program must make sure that only one of them writes at a time.
 *
 * ## Waiting
 *
 * Reading and writing usually take nanoseconds. They wait in three cases:
 *
 * - A write waits up to one second while a process that holds the lock of the list is stopped. A
 *   read does the same if it needs the lock, because other processes replaced the value during
 *   several attempts to read it.
 * - A read waits up to 100 milliseconds if a value is invalid, because CPython may be writing
 *   the value.
 * - If the list was attached read-only and other processes replace the value all the time, a read
 *   waits up to one second and then fails.
 *
 * Functions that read all values also take time in proportion to the size of the list. A program
 * that must not block, such as a program with a user interface, uses the `_async` form of these
 * functions. The `_async` forms run in a thread and can be used at the same time as all other
 * functions.
 *
 * A cancelled operation fails with `G_IO_ERROR_CANCELLED`, if it was not yet complete. An operation
 * that reads or writes one value first completes the wait described above, which takes one second
 * at most.
 *
 * ## Hostile peers
 *
 * A process that can write to the block can change every byte at any time. If a value or the list
 * is invalid, functions fail with [error@Shm.Error.CORRUPT]; they never read or write outside
 * of the block. If a process truncates the block, access to the missing memory raises `SIGBUS`, as
 * [class@Shm.SharedMemory] explains.
 *
 * ## Threads, forks and closing
 *
 * All functions can be called from any thread. A child of `fork()` can continue to use the list.
 *
 * After the block is closed, the functions of the list fail with [error@Shm.Error.CLOSED]. The list
 * keeps the memory mapped until it is finalized.
 *
 * Since: 1.0
 */

typedef enum
{
  PROP_NAME = 1,
  PROP_VALUES,
  PROP_MODE,
  PROP_CREATE_FLAGS,
  PROP_ATTACH_FLAGS,
  PROP_SHARED_MEMORY,
  PROP_LENGTH,
} ShmShareableListProperty;

static GParamSpec *properties[PROP_LENGTH + 1];

static void shm_shareable_list_initable_iface_init (GInitableIface *iface);

/* g_type_ensure() is called here and not in class_init(), where GObject holds a lock that another
 * thread may need to register ShmSharedMemory. */
G_DEFINE_TYPE_WITH_CODE (
    ShmShareableList, shm_shareable_list, G_TYPE_OBJECT, g_type_ensure (SHM_TYPE_SHARED_MEMORY);
    G_ADD_PRIVATE (ShmShareableList)
        G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, shm_shareable_list_initable_iface_init))

ShmShareableListPrivate *
shm_shareable_list_get_private (ShmShareableList *self)
{
  return shm_shareable_list_get_instance_private (self);
}

const char *
shm_shareable_list_get_block_name (ShmShareableList *self)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  return priv->shared_memory != NULL ? shm_shared_memory_get_name (priv->shared_memory)
                                     : priv->name;
}

/* Errors */

ShmList *
shm_shareable_list_refuse (ShmShareableList *self, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autofree char *block = shm_error_describe_block (shm_shareable_list_get_block_name (self));

  if (!priv->is_initialised)
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "The list in block %s was never opened: use a constructor, or call init() on an "
                 "object that was created from its properties",
                 block);
  else if (!shm_block_is_open (priv->block))
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "The list in block %s cannot be used because the block was closed: attach to the "
                 "list again",
                 block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_READ_ONLY,
                 "The list in block %s cannot be written because it was attached read-only", block);

  return NULL;
}

gboolean
shm_shareable_list_fail (ShmShareableList *self, const ShmFault *fault, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const char *name = shm_shareable_list_get_block_name (self);
  const ShmErrorContext context = {
    .name = name,
    .n_items = priv->list.layout.n_items,
    .has_generated_name = name == NULL && priv->block == NULL && !priv->is_anonymous,
  };

  /* Here EBADF means that another thread has closed the block during the call. */
  if (fault->step == SHM_STEP_LIST_OWNER && fault->errnum == EBADF)
    return shm_shareable_list_refuse (self, error) != NULL;

  return shm_error_set_from_fault (error, fault, &context);
}

/* Initialisation */

static gboolean
open_block (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  if (priv->shared_memory != NULL)
    return TRUE;
  if (shm_shareable_list_has_values (priv))
    return shm_shareable_list_create_block (self, cancellable, error);

  return shm_shareable_list_attach_block (self, cancellable, error);
}

static gboolean
open_list (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (priv->shared_memory, error);
  ShmFault fault;

  if (use == NULL)
    return FALSE;

  priv->block = use;
  if (shm_list_open (&priv->list, use, shm_shared_memory_get_name (priv->shared_memory),
                     shm_cancel_proceed, cancellable, &fault))
    return TRUE;

  return shm_shareable_list_fail (self, &fault, error);
}

gboolean
shm_shareable_list_open (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const gboolean is_new = priv->shared_memory == NULL && shm_shareable_list_has_values (priv);

  if (shm_cancel_set_error (cancellable, error) || !open_block (self, cancellable, error))
    return FALSE;

  if (!open_list (self, cancellable, error))
    {
      /* Opening a new list fails if the block cannot be mapped, or if another process has damaged
       * the list after it was published. */
      if (is_new && !priv->is_anonymous)
        shm_shared_memory_unlink (priv->shared_memory, NULL);
      return FALSE;
    }

  g_clear_pointer (&priv->name, g_free);
  g_clear_pointer (&priv->values, g_variant_unref);
  g_clear_pointer (&priv->columns, g_bytes_unref);
  priv->is_initialised = TRUE;

  return TRUE;
}

static gboolean
shm_shareable_list_initable_init (GInitable *initable, GCancellable *cancellable, GError **error)
{
  ShmShareableList *self = SHM_SHAREABLE_LIST (initable);
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  /* GInitable requires that a second call returns the result of the first call. */
  if (priv->is_initialised)
    return TRUE;

  if (priv->init_error == NULL && shm_shareable_list_open (self, cancellable, &priv->init_error))
    return TRUE;

  /* If a signal handler has interrupted the operation, set no error: the language binding raises
   * the exception of the handler. See shm_private_cancellable_set_check(). */
  if (!shm_cancel_is_interrupted (cancellable))
    g_propagate_error (error, g_error_copy (priv->init_error));

  return FALSE;
}

static void
shm_shareable_list_initable_iface_init (GInitableIface *iface)
{
  iface->init = shm_shareable_list_initable_init;
}

/* Class */

static void
shm_shareable_list_finalize (GObject *object)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (SHM_SHAREABLE_LIST (object));

  shm_list_clear (&priv->list);
  g_clear_object (&priv->shared_memory);
  g_clear_error (&priv->init_error);
  g_clear_pointer (&priv->name, g_free);
  g_clear_pointer (&priv->values, g_variant_unref);
  g_clear_pointer (&priv->columns, g_bytes_unref);

  G_OBJECT_CLASS (shm_shareable_list_parent_class)->finalize (object);
}

static void
shm_shareable_list_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  ShmShareableList *self = SHM_SHAREABLE_LIST (object);
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  switch ((ShmShareableListProperty) prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, shm_shareable_list_get_block_name (self));
      break;
    case PROP_MODE:
      g_value_set_uint (value, priv->mode);
      break;
    case PROP_CREATE_FLAGS:
      g_value_set_flags (value, priv->create_flags);
      break;
    case PROP_ATTACH_FLAGS:
      g_value_set_flags (value, priv->attach_flags);
      break;
    case PROP_SHARED_MEMORY:
      g_value_set_object (value, priv->shared_memory);
      break;
    case PROP_LENGTH:
      g_value_set_uint64 (value, priv->list.layout.n_items);
      break;
    case PROP_VALUES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_shareable_list_set_property (GObject *object,
                                 guint prop_id,
                                 const GValue *value,
                                 GParamSpec *pspec)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (SHM_SHAREABLE_LIST (object));

  switch ((ShmShareableListProperty) prop_id)
    {
    case PROP_NAME:
      priv->name = g_value_dup_string (value);
      break;
    case PROP_VALUES:
      priv->values = g_value_dup_variant (value);
      break;
    case PROP_MODE:
      priv->mode = g_value_get_uint (value);
      break;
    case PROP_CREATE_FLAGS:
      priv->create_flags = g_value_get_flags (value);
      break;
    case PROP_ATTACH_FLAGS:
      priv->attach_flags = g_value_get_flags (value);
      break;
    case PROP_SHARED_MEMORY:
      priv->shared_memory = g_value_dup_object (value);
      break;
    case PROP_LENGTH:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
shm_shareable_list_class_init (ShmShareableListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags construct_only = G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = shm_shareable_list_finalize;
  object_class->get_property = shm_shareable_list_get_property;
  object_class->set_property = shm_shareable_list_set_property;

  /**
   * ShmShareableList:name:
   *
   * The name of the list's block, or %NULL if the block has no name.
   *
   * Since: 1.0
   */
  properties[PROP_NAME]
      = g_param_spec_string ("name", NULL, NULL, NULL, G_PARAM_READWRITE | construct_only);

  /**
   * ShmShareableList:values:
   *
   * The values of a new list, in the form that [ctor@Shm.ShareableList.create] takes.
   *
   * If the property is set, init() creates a list. Otherwise init() attaches to an existing list.
   * The property has no effect if [property@Shm.ShareableList:shared-memory] is set.
   *
   * Since: 1.0
   */
  properties[PROP_VALUES] = g_param_spec_variant ("values", NULL, NULL, G_VARIANT_TYPE_ANY, NULL,
                                                  G_PARAM_WRITABLE | construct_only);

  /**
   * ShmShareableList:mode:
   *
   * The permission bits for the block of a new list.
   *
   * The umask of the process has no effect. For an existing list the property has no effect, and
   * [method@Shm.SharedMemory.get_mode] returns the mode of the block.
   *
   * Since: 1.0
   */
  properties[PROP_MODE] = g_param_spec_uint ("mode", NULL, NULL, 0, G_MAXUINT, 0600,
                                             G_PARAM_READWRITE | construct_only);

  /**
   * ShmShareableList:create-flags:
   *
   * How to create the block of a new list.
   *
   * Since: 1.0
   */
  properties[PROP_CREATE_FLAGS]
      = g_param_spec_flags ("create-flags", NULL, NULL, SHM_TYPE_CREATE_FLAGS, 0,
                            G_PARAM_READWRITE | construct_only);

  /**
   * ShmShareableList:attach-flags:
   *
   * How to attach to the block of an existing list.
   *
   * Since: 1.0
   */
  properties[PROP_ATTACH_FLAGS]
      = g_param_spec_flags ("attach-flags", NULL, NULL, SHM_TYPE_ATTACH_FLAGS, 0,
                            G_PARAM_READWRITE | construct_only);

  /**
   * ShmShareableList:shared-memory: (getter get_shared_memory)
   *
   * The block that holds the list.
   *
   * If the property is set at construction, init() opens the list in this block.
   *
   * Since: 1.0
   */
  properties[PROP_SHARED_MEMORY]
      = g_param_spec_object ("shared-memory", NULL, NULL, SHM_TYPE_SHARED_MEMORY,
                             G_PARAM_READWRITE | construct_only);

  /**
   * ShmShareableList:length: (getter get_length)
   *
   * The number of values in the list. It never changes.
   *
   * Since: 1.0
   */
  properties[PROP_LENGTH] = g_param_spec_uint64 ("length", NULL, NULL, 0, G_MAXUINT64, 0,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
shm_shareable_list_init (ShmShareableList *self)
{
}

/* About the list */

/**
 * shm_shareable_list_get_length: (get-property length)
 * @self: a list
 *
 * Returns the number of values in the list. It never changes.
 *
 * Returns: the number of values
 *
 * Since: 1.0
 */
guint64
shm_shareable_list_get_length (ShmShareableList *self)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), 0);

  return shm_shareable_list_get_private (self)->list.layout.n_items;
}

/**
 * shm_shareable_list_get_shared_memory: (get-property shared-memory)
 * @self: a list
 *
 * Returns the block that contains the list. Use it to get the name, to connect to the signals, and
 * to close or unlink the block.
 *
 * Do not write to the block directly, because that bypasses the lock of the list.
 *
 * Returns: (transfer none): the block; it can be %NULL before the object is initialised
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shareable_list_get_shared_memory (ShmShareableList *self)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);

  return shm_shareable_list_get_private (self)->shared_memory;
}
