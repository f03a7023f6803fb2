/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "core/shm-list-marshal.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"
#include "shm-shared-memory-private.h"

#include <errno.h>

/**
 * ShmShareableList:
 *
 * A list of a fixed number of values in a block that several processes use at once.
 *
 * A value is a whole number of 64 bits, a floating-point number, a truth value, a text, bytes, or
 * nothing. Each can be replaced by a value of any of these kinds; text and bytes have to fit into
 * the slot that the first value was given, which [method@Shm.ShareableList.set_string] explains.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (GVariant) values = g_variant_ref_sink (
 *     g_variant_new ("(xds)", G_GINT64_CONSTANT (42), 2.5, "howdy"));
 * g_autoptr (ShmShareableList) list = shm_shareable_list_create (values, "scores", 0, &error);
 *
 * if (list == NULL || !shm_shareable_list_set_int64 (list, 0, 43, &error))
 *   g_error ("%s", error->message);
 *
 * // When nobody needs the list any more:
 * shm_shared_memory_unlink (shm_shareable_list_get_shared_memory (list), NULL);
 * ```
 *
 * The list lives in a block, [property@Shm.ShareableList:shared-memory], which has the name, is
 * closed and is unlinked.
 *
 * ## Python
 *
 * The memory is that of `multiprocessing.shared_memory.ShareableList` of CPython 3.9 and later,
 * byte for byte: each side attaches to the other's lists, reads and writes them. What this library
 * does better, it does where CPython does not look: text and bytes keep the NULs at their end, and
 * text that is not ASCII gets the room that it needs.
 *
 * ## Several writers, and readers
 *
 * In lists that this library made, a value that is read is one that was written, whole, however
 * many processes and threads write through this library at the same time. Writers take turns, which
 * costs no system call while nobody is in the way. Readers wait for nobody. When a writer is
 * killed on the way, the value it was writing is the old one or the new one, and the next writer
 * goes on at once.
 *
 * A *CPython* writer is atomic to no one: it empties a value before it fills it. What it writes is
 * read whole only when it has finished. Lists that *CPython made* have no place for a lock: writers
 * in several processes need a protocol of their own there.
 *
 * ## Hostile peers
 *
 * Whoever can write the block can make the list say anything, and change it at any time. What makes
 * no sense is [error@Shm.Error.CORRUPT]; nothing outside the block is read or written. A peer that
 * truncates the block is another matter: touching what is gone raises `SIGBUS`, as in
 * [class@Shm.SharedMemory].
 *
 * ## Threads, forks and closing
 *
 * All functions can be called from any thread. A child of `fork()` can go on using the list.
 *
 * Closing the block ends the use of the list, with [error@Shm.Error.CLOSED]; as a view does, the
 * list keeps the memory mapped until it is finalized.
 *
 * Since: 1.0
 */

typedef enum
{
  PROP_NAME = 1,
  PROP_VALUES,
  PROP_PACKED,
  PROP_CREATE_FLAGS,
  PROP_ATTACH_FLAGS,
  PROP_SHARED_MEMORY,
  PROP_LENGTH,
} ShmShareableListProperty;

static GParamSpec *properties[PROP_LENGTH + 1];

static void shm_shareable_list_initable_iface_init (GInitableIface *iface);

G_DEFINE_TYPE_WITH_CODE (ShmShareableList,
                         shm_shareable_list,
                         G_TYPE_OBJECT,
                         /* Here and not when the class is made, with a lock of GObject's held that
                          * another thread may need to register the type. */
                         g_type_ensure (SHM_TYPE_SHARED_MEMORY);
                         G_ADD_PRIVATE (ShmShareableList)
                             G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE,
                                                    shm_shareable_list_initable_iface_init))

ShmShareableListPrivate *
shm_shareable_list_get_private (ShmShareableList *self)
{
  return shm_shareable_list_get_instance_private (self);
}

/* Guards */

static const char *
get_name (ShmShareableListPrivate *priv)
{
  return priv->shared_memory != NULL ? shm_shared_memory_get_name (priv->shared_memory)
                                     : priv->name;
}

ShmList *
shm_shareable_list_refuse (ShmShareableList *self, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autofree char *block = shm_error_describe_block (get_name (priv));

  if (!priv->is_initialised)
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "The list in block %s was never opened: call init() on an object that was made "
                 "from its properties, or use a constructor",
                 block);
  else if (!shm_block_is_open (priv->block))
    g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                 "Block %s was closed: attach to the list again to go on using it", block);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_READ_ONLY,
                 "The list in block %s may only be read here: it was attached to read-only", block);

  return NULL;
}

gboolean
shm_shareable_list_fail (ShmShareableList *self, const ShmFault *fault, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const ShmErrorContext context = {
    .name = get_name (priv),
    .n_items = priv->list.layout.n_items,
  };

  /* Closed by another thread in the meantime. */
  if (fault->step == SHM_STEP_LIST_JOIN && fault->errnum == EBADF)
    return shm_shareable_list_refuse (self, error) != NULL;

  return shm_error_set_from_fault (error, fault, &context);
}

/* Initialisation */

static gboolean
create_from (ShmShareableList *self,
             ShmListSource *values,
             GCancellable *cancellable,
             GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const ShmCreateHooks hooks = { values, priv->before_publish, priv->before_publish_data };

  priv->shared_memory
      = shm_shared_memory_create_with (SHM_ORIGIN_CREATE, priv->name, 0, 0600, priv->create_flags,
                                       &hooks, cancellable, error);

  return priv->shared_memory != NULL;
}

static gboolean
create_from_values (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_auto (ShmVariantSource) source = { .container = NULL };

  if (!shm_variant_source_init (&source, priv->values, error))
    return FALSE;
  if (create_from (self, &source.source, cancellable, error))
    return TRUE;

  if (source.error != NULL && error != NULL)
    {
      g_clear_error (error);
      g_propagate_error (error, g_steal_pointer (&source.error));
    }

  return FALSE;
}

static gboolean
create_from_packed (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  ShmListUnpacker unpacker;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (priv->packed, &length);

  if (shm_list_unpack_list (&unpacker, bytes, length)
      && create_from (self, &unpacker.source, cancellable, error))
    return TRUE;

  if (unpacker.has_failed)
    {
      g_clear_error (error);
      shm_error_set_from_fault (error,
                                &(ShmFault){ SHM_STEP_LIST_UNPACK, unpacker.errnum,
                                             unpacker.index },
                                &(ShmErrorContext){ .name = priv->name });
    }

  return FALSE;
}

static gboolean
attach (ShmShareableList *self, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  priv->shared_memory
      = shm_shared_memory_attach (priv->name != NULL ? priv->name : "", priv->attach_flags, error);

  return priv->shared_memory != NULL;
}

static gboolean
open_list (ShmShareableList *self, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (priv->shared_memory, error);
  ShmFault fault;

  if (use == NULL)
    return FALSE;

  /* The block itself lives as long as the ShmSharedMemory. */
  priv->block = use;

  return shm_list_open (&priv->list, use, shm_shared_memory_get_name (priv->shared_memory), &fault)
         || shm_shareable_list_fail (self, &fault, error);
}

static gboolean
find_block (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  if (priv->shared_memory != NULL)
    return TRUE;
  if (priv->packed != NULL)
    return create_from_packed (self, cancellable, error);
  if (priv->values != NULL)
    return create_from_values (self, cancellable, error);

  return attach (self, error);
}

static gboolean
initialise (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  const gboolean is_new
      = priv->shared_memory == NULL && (priv->packed != NULL || priv->values != NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !find_block (self, cancellable, error))
    return FALSE;

  if (!open_list (self, error))
    {
      /* A new one only if somebody has spoilt it in the meantime. */
      if (is_new)
        shm_shared_memory_unlink (priv->shared_memory, NULL);
      return FALSE;
    }

  g_clear_pointer (&priv->name, g_free);
  g_clear_pointer (&priv->values, g_variant_unref);
  g_clear_pointer (&priv->packed, g_bytes_unref);
  priv->is_initialised = TRUE;

  return TRUE;
}

static gboolean
shm_shareable_list_initable_init (GInitable *initable, GCancellable *cancellable, GError **error)
{
  ShmShareableList *self = SHM_SHAREABLE_LIST (initable);
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  /* As GInitable asks: a second call gives what the first gave. */
  if (priv->is_initialised)
    return TRUE;

  if (priv->init_error == NULL && initialise (self, cancellable, &priv->init_error))
    return TRUE;

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
  g_clear_pointer (&priv->packed, g_bytes_unref);

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
      g_value_set_string (value, get_name (priv));
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
    case PROP_PACKED:
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
    case PROP_PACKED:
      priv->packed = g_value_dup_boxed (value);
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
  const GParamFlags once = G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = shm_shareable_list_finalize;
  object_class->get_property = shm_shareable_list_get_property;
  object_class->set_property = shm_shareable_list_set_property;

  /**
   * ShmShareableList:name:
   *
   * The name of the list's block, or %NULL if it has none.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, G_PARAM_READWRITE | once);

  /**
   * ShmShareableList:values:
   *
   * The values of a list that is to be created, as [ctor@Shm.ShareableList.create] takes them.
   *
   * Since: 1.0
   */
  properties[PROP_VALUES] = g_param_spec_variant ("values", NULL, NULL, G_VARIANT_TYPE_ANY, NULL,
                                                  G_PARAM_WRITABLE | once);

  /**
   * ShmShareableList:packed:
   *
   * The values of a list that is to be created, as [ctor@Shm.ShareableList.create_packed] takes
   * them.
   *
   * Since: 1.0
   */
  properties[PROP_PACKED]
      = g_param_spec_boxed ("packed", NULL, NULL, G_TYPE_BYTES, G_PARAM_WRITABLE | once);

  /**
   * ShmShareableList:create-flags:
   *
   * How to create the list's block, if it is to be created.
   *
   * Since: 1.0
   */
  properties[PROP_CREATE_FLAGS]
      = g_param_spec_flags ("create-flags", NULL, NULL, SHM_TYPE_CREATE_FLAGS, 0,
                            G_PARAM_READWRITE | once);

  /**
   * ShmShareableList:attach-flags:
   *
   * How to attach to the list's block, if it is there already.
   *
   * Since: 1.0
   */
  properties[PROP_ATTACH_FLAGS]
      = g_param_spec_flags ("attach-flags", NULL, NULL, SHM_TYPE_ATTACH_FLAGS, 0,
                            G_PARAM_READWRITE | once);

  /**
   * ShmShareableList:shared-memory: (getter get_shared_memory)
   *
   * The block that the list is in.
   *
   * Since: 1.0
   */
  properties[PROP_SHARED_MEMORY]
      = g_param_spec_object ("shared-memory", NULL, NULL, SHM_TYPE_SHARED_MEMORY,
                             G_PARAM_READWRITE | once);

  /**
   * ShmShareableList:length: (getter get_length)
   *
   * How many values the list has.
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

/* Constructors */

/* Takes @self over and gives it back, or %NULL. */
static ShmShareableList *
initialised (ShmShareableList *self, GError **error)
{
  if (!g_initable_init (G_INITABLE (self), NULL, error))
    g_clear_object (&self);

  return self;
}

/**
 * shm_shareable_list_create: (constructor)
 * @values: an array or a tuple of values
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE means nothing here
 * @error: return location for an error
 *
 * Creates a list. If @values is floating, it is consumed.
 *
 * In a #GVariant a whole number is `x` (or any other integer type), a floating-point number `d`,
 * a truth value `b`, text `s`, or `(ay)` with its UTF-8 if it holds a NUL, bytes are `ay`, and
 * nothing is an empty maybe. Values of several kinds are in an `av` or in a tuple. Arrays of type
 * `ax`, `ad`, `ab` and `as` are the fastest.
 *
 * Numbers, truth values and nothing take 25 bytes of memory. Text and bytes of n bytes, which are at
 * most 9999991, take a slot of 8 · (n / 8 + 1) bytes, with n / 8 rounded down, and 17 more. The list
 * takes some 100 bytes besides, 24 for each slot of 1000 bytes or more, and once more the size of its
 * largest slot. The list's name appears when all
 * values are written. It takes as long as copying the values does, 5 to 30 milliseconds for a
 * million numbers.
 *
 * It fails as [ctor@Shm.SharedMemory.create] does, and with [error@Shm.Error.TYPE_MISMATCH] (not a
 * container, a value of another type, text that is not UTF-8), [error@Shm.Error.OUT_OF_RANGE] (an
 * integer of 64 bits without a sign that is too large) or [error@Shm.Error.TOO_LARGE].
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create (GVariant *values, const char *name, ShmCreateFlags flags, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (values != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  sunk = g_variant_ref_sink (values);

  return initialised (g_object_new (SHM_TYPE_SHAREABLE_LIST, "values", sunk, "name", name,
                                    "create-flags", flags, NULL),
                      error);
}

/**
 * shm_shareable_list_create_packed: (constructor)
 * @packed: (array length=length): values in Python's marshal format
 * @length: how many bytes that is
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE means nothing here
 * @error: return location for an error
 *
 * Creates a list from a stream of bytes; meant for bindings, which make one faster than a
 * #GVariant.
 *
 * The bytes are what `marshal.dumps(values, 2)` gives in Python for a list or tuple of int, float,
 * bool, str, bytes and None. It is a simple format, everything in little-endian order: a list is
 * `[`, the number of values in 4 bytes, and the values. `N`, `T` and `F` are nothing, true and
 * false; `i` and 4 bytes, or `I` and 8 bytes, a whole number; `g` and 8 bytes a floating-point
 * number; `u` text and `s` bytes, after which come the length in 4 bytes and the bytes. (`l` and
 * digits of 15 bits are Python's larger ints.)
 *
 * It fails as [ctor@Shm.ShareableList.create] does, and with [error@Shm.Error.FAILED] if the bytes
 * are not in that format.
 *
 * Returns: (transfer full): the new list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_create_packed (const guint8 *packed,
                                  gsize length,
                                  const char *name,
                                  ShmCreateFlags flags,
                                  GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (packed != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  bytes = g_bytes_new_static (packed, length);

  return initialised (g_object_new (SHM_TYPE_SHAREABLE_LIST, "packed", bytes, "name", name,
                                    "create-flags", flags, NULL),
                      error);
}

ShmShareableList *
shm_shareable_list_create_with (GVariant *values,
                                GBytes *packed,
                                const char *name,
                                ShmCreateFlags flags,
                                ShmBlockBeforePublish before_publish,
                                gpointer before_publish_data,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (ShmShareableList) self
      = g_object_new (SHM_TYPE_SHAREABLE_LIST, "values", values, "packed", packed, "name", name,
                      "create-flags", flags, NULL);
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  priv->before_publish = before_publish;
  priv->before_publish_data = before_publish_data;
  if (!g_initable_init (G_INITABLE (self), cancellable, error))
    return NULL;

  priv->before_publish = NULL;

  return g_steal_pointer (&self);
}

/**
 * shm_shareable_list_attach: (constructor)
 * @name: the name of the list's block
 * @flags: how to attach to the block
 * @error: return location for an error
 *
 * Attaches to an existing list: one of this library, or one that CPython 3.9 or later made. The
 * lists of CPython 3.8 have another layout, and are [error@Shm.Error.CORRUPT] unless one looks like a
 * later list by chance.
 *
 * CPython gives a list its name before it has any values. A block that does not look like a list
 * yet is waited for up to 500 milliseconds. Values are looked at when they are asked for.
 *
 * It fails as [ctor@Shm.SharedMemory.attach] does, and with [error@Shm.Error.CORRUPT] (there is no
 * list in the block), [error@Shm.Error.NOT_SUPPORTED] (one of a later version of this library) or
 * [error@Shm.Error.NO_SPACE] (no room to map it).
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_attach (const char *name, ShmAttachFlags flags, GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return initialised (g_object_new (SHM_TYPE_SHAREABLE_LIST, "name", name, "attach-flags", flags,
                                    NULL),
                      error);
}

/**
 * shm_shareable_list_new_for_shared_memory: (constructor)
 * @shared_memory: an open block
 * @error: return location for an error
 *
 * Uses the list in a block that is open already, for example one that was received by file
 * descriptor. The block has exactly the size of the list.
 *
 * It fails with [error@Shm.Error.CLOSED], or as [ctor@Shm.ShareableList.attach] does.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ShmShareableList *
shm_shareable_list_new_for_shared_memory (ShmSharedMemory *shared_memory, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (shared_memory), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return initialised (g_object_new (SHM_TYPE_SHAREABLE_LIST, "shared-memory", shared_memory, NULL),
                      error);
}

/* About the list */

/**
 * shm_shareable_list_get_length: (get-property length)
 * @self: a list
 *
 * Gets how many values the list has. That never changes.
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
 * Gets the block that the list is in: to close and to unlink it, for its name, and for its
 * signals. Writing into it directly goes behind the list's back.
 *
 * Returns: (transfer none): the block
 *
 * Since: 1.0
 */
ShmSharedMemory *
shm_shareable_list_get_shared_memory (ShmShareableList *self)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);

  return shm_shareable_list_get_private (self)->shared_memory;
}
