/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of ShmShareableList that only the Python override uses. They read values as plain
 * numbers and texts, and convert values from and to Python's marshal format. One function returns
 * the offsets of the list's parts in the block. Another function prepares an object for a second
 * call of init(). */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "core/shm-list-marshal.h"
#include "shm-error-private.h"
#include "shm-number.h"

#include <errno.h>

/**
 * shm_shareable_list_create_packed: (constructor)
 * @packed: (array length=length): values in Python's marshal format
 * @length: the number of bytes
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @flags: how to create the block; %SHM_CREATE_SPARSE has no effect
 * @error: return location for an error
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Creates a list from values in Python's marshal format, which bindings produce faster than a
 * #GVariant.
 *
 * The bytes are the result of `marshal.dumps(values, 2)` in Python for a list or tuple of int,
 * float, bool, str, bytes and None. All numbers are in little-endian order:
 *
 * - A list or tuple is `[` or `(`, the number of values in 4 bytes, and the values.
 * - Nothing (`None`) is `N`, true is `T`, and false is `F`.
 * - An integer is `i` and 4 bytes, or `I` and 8 bytes. (Python writes larger integers as `l` and
 *   digits of 15 bits.)
 * - A floating-point number is `g` and 8 bytes.
 * - A text is `u`, the length in 4 bytes, and the bytes of the text.
 * - Bytes are `s`, the length in 4 bytes, and the bytes.
 *
 * It fails as [ctor@Shm.ShareableList.create] does, and with [error@Shm.Error.FAILED] if the bytes
 * are in neither format.
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

  return shm_shareable_list_create_with (&(ShmListRequest){ .packed = bytes,
                                                            .name = name,
                                                            .mode = 0600,
                                                            .create_flags = flags },
                                         NULL, error);
}

/**
 * shm_shareable_list_get_plain:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @number: (out): the number, or 0 or 1 for a boolean; 0 for other values
 * @text: (out) (nullable) (transfer full): the text, if it has no NUL in it; %NULL for other values
 * @error: return location for an error
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Reads a value as a number or a text, which bindings need for most values. The function rounds an
 * integer of more than 53 bits.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does.
 *
 * Returns: the kind of the value, a #ShmValueKind; %SHM_VALUE_KIND_NONE if it fails
 *
 * Since: 1.0
 */
guint
shm_shareable_list_get_plain (ShmShareableList *self,
                              guint64 index,
                              double *number,
                              char **text,
                              GError **error)
{
  g_auto (ShmListItem) item;
  const ShmListValue *value = &item.value;

  shm_list_item_init (&item);
  shm_shareable_list_return_val_if_invalid (self, error, SHM_VALUE_KIND_NONE);
  g_return_val_if_fail (number != NULL && text != NULL, SHM_VALUE_KIND_NONE);

  *number = 0;
  *text = NULL;
  if (!shm_shareable_list_read_item (self, index, &item, error))
    return SHM_VALUE_KIND_NONE;

  if (value->kind == SHM_VALUE_KIND_INT64)
    *number = (double) value->integer;
  else if (value->kind == SHM_VALUE_KIND_DOUBLE)
    *number = shm_number_with_usual_nan (value->number);
  else if (value->kind == SHM_VALUE_KIND_BOOLEAN)
    *number = value->truth != FALSE;
  else if (value->kind == SHM_VALUE_KIND_STRING && memchr (value->bytes, 0, value->length) == NULL)
    *text = item.large_buffer != NULL ? (char *) g_steal_pointer (&item.large_buffer)
                                      : g_strndup ((const char *) value->bytes, value->length);

  return item.value.kind;
}

/* Copies values that may not all exist. */
static gpointer
copy_range (ShmShareableList *self,
            guint64 first,
            guint64 n_values,
            ShmListConvert convert,
            GError **error)
{
  const guint64 length = shm_shareable_list_get_length (self);

  if (first > length || n_values > length - first)
    {
      shm_shareable_list_fail (self,
                               &(ShmFault){ SHM_STEP_LIST_INDEX, ERANGE, MAX (first, length) },
                               error);
      return NULL;
    }

  return shm_shareable_list_convert (self, first, n_values, convert, NULL, error);
}

static gpointer
convert_to_packed (const ShmListParts *parts, guint64 *index, GCancellable *cancellable)
{
  return shm_list_marshal (parts, index);
}

/**
 * shm_shareable_list_copy_packed:
 * @self: a list
 * @first: the index of the first value
 * @n_values: the number of values
 * @error: return location for an error
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Copies values in the format of [ctor@Shm.ShareableList.create_packed]. The values are from the
 * same moment under the conditions of [method@Shm.ShareableList.copy_values].
 *
 * It fails as [method@Shm.ShareableList.copy_values] does, and with
 * [error@Shm.Error.OUT_OF_RANGE] if the list does not have all these values.
 *
 * Returns: (transfer full): the packed list
 *
 * Since: 1.0
 */
GBytes *
shm_shareable_list_copy_packed (ShmShareableList *self,
                                guint64 first,
                                guint64 n_values,
                                GError **error)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return copy_range (self, first, n_values, convert_to_packed, error);
}

/**
 * shm_shareable_list_snapshot:
 * @self: a list
 * @error: return location for an error
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Copies the memory of the list in CPython's layout: the number of values N, N + 1 offsets, the
 * slots, N format entries of 8 bytes, and N type codes. The copy does not change. The values are
 * from the same moment under the conditions of [method@Shm.ShareableList.copy_values].
 *
 * The format entries of texts and bytes that end in NULs contain white space, which Python's
 * `struct` ignores. The copy does not contain the exact length of a value of 1000 bytes or more
 * with many trailing NULs. The bytes are not checked: if another process has corrupted the list,
 * the copy is corrupt.
 *
 * It fails with [error@Shm.Error.CLOSED], [error@Shm.Error.CORRUPT], [error@Shm.Error.TIMED_OUT] or
 * [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
GBytes *
shm_shareable_list_snapshot (ShmShareableList *self, GError **error)
{
  g_auto (ShmListCopy) copy = { .memory = NULL };
  ShmListBudget budget;
  ShmList *list;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  list = shm_shareable_list_get_open (self, FALSE, error);
  if (list == NULL)
    return NULL;

  budget = shm_list_budget_new (list->layout.n_items);
  if (!shm_list_copy (list, 0, list->layout.n_items, &copy, &budget, &fault))
    {
      shm_shareable_list_fail (self, &fault, error);
      return NULL;
    }

  return g_bytes_new_take (g_steal_pointer (&copy.memory), copy.size);
}

/**
 * shm_shareable_list_get_layout:
 * @self: a list
 * @slots_offset: (out): the offset of the slots
 * @entries_offset: (out): the offset of the format entries
 * @codes_offset: (out): the offset of the type codes
 * @counter_offset: (out): the offset of the sequence counter, or 0 if there is none
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Returns the offsets of the list's parts in the block, in bytes. [What is in the
 * memory](memory.html) describes the parts, and the steps that a reader needs to read complete
 * values.
 *
 * Since: 1.0
 */
void
shm_shareable_list_get_layout (ShmShareableList *self,
                               guint64 *slots_offset,
                               guint64 *entries_offset,
                               guint64 *codes_offset,
                               guint64 *counter_offset)
{
  const ShmListLayout *layout;

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));

  layout = &shm_shareable_list_get_private (self)->list.layout;
  *slots_offset = shm_list_slots_offset (layout);
  *entries_offset = shm_list_entries_offset (layout);
  *codes_offset = shm_list_type_codes_offset (layout);
  *counter_offset = layout->has_trailer ? shm_list_trailer_offset (layout)
                                              + G_STRUCT_OFFSET (ShmListTrailer, sequence)
                                        : 0;
}

/**
 * shm_shareable_list_reset:
 * @self: a list that is not initialised
 * @values: (nullable): the new value of [property@Shm.ShareableList:values]
 * @name: (nullable): the new value of [property@Shm.ShareableList:name]
 * @mode: the new value of [property@Shm.ShareableList:mode]
 * @create_flags: the new value of [property@Shm.ShareableList:create-flags]
 * @attach_flags: the new value of [property@Shm.ShareableList:attach-flags]
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Sets the construct-only properties before init() is called. The flags are integers: to convert a
 * value of an enumeration, PyGObject imports modules, and it crashes if the import fails because
 * the interpreter is exiting. After init() has failed, this function makes it possible to call
 * init() again. In Python, the constructor of a class can call the constructor of its base class a
 * second time with other arguments. Does nothing if the object is initialised.
 *
 * Since: 1.0
 */
void
shm_shareable_list_reset (ShmShareableList *self,
                          GVariant *values,
                          const char *name,
                          guint mode,
                          guint create_flags,
                          guint attach_flags)
{
  ShmShareableListPrivate *priv;

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));

  priv = shm_shareable_list_get_private (self);
  if (priv->is_initialised)
    return;

  g_clear_error (&priv->init_error);
  priv->block = NULL;
  g_clear_object (&priv->shared_memory);
  g_clear_pointer (&priv->values, g_variant_unref);
  g_clear_pointer (&priv->packed, g_bytes_unref);
  g_free (priv->name);
  priv->values = values != NULL ? g_variant_ref_sink (values) : NULL;
  priv->name = g_strdup (name);
  priv->mode = mode;
  priv->create_flags = create_flags;
  priv->attach_flags = attach_flags;
}
