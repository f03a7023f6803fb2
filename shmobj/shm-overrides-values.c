/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-overrides-values.h"

#include "core/shm-list-columns.h"
#include "shm-error-private.h"
#include "shm-manager-call.h"
#include "shm-number.h"
#include "shm-shareable-list-private.h"

#include <errno.h>
#include <math.h>

/* The value that was read last, without its text. */
typedef struct
{
  double kind;      /* a ShmValueKind, or one of the numbers below */
  double number;    /* of bytes: their number */
  guint8 bytes[64]; /* the bytes, if they fit; the 8 bytes of a large integer */
} PlainValue;

enum
{
  PLAIN_LARGE_INTEGER = -1,
  PLAIN_NO_VALUE = -2,
};

static _Thread_local PlainValue last_plain_value;

/**
 * shm_private_block_get_rounded:
 * @block: a block
 * @offset: the offset of the integer in bytes
 * @is_signed: whether the integer is signed
 * @error: return location for an error
 *
 * Reads an integer of 64 bits, and rounds it to a floating-point number. GJS would do the same with
 * the result of [method@Shm.SharedMemory.get_int64], and warn for each number of more than 53 bits.
 * Stores the bytes of the integer in the memory of [func@ShmPrivate.get_last_plain_value].
 *
 * It fails as [method@Shm.SharedMemory.get_int64] does.
 *
 * Returns: the rounded integer; 0 on error
 */
double
shm_private_block_get_rounded (ShmSharedMemory *block,
                               guint64 offset,
                               gboolean is_signed,
                               GError **error)
{
  guint64 integer;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (block), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  integer = shm_shared_memory_get_uint64 (block, offset, error);
  memcpy (last_plain_value.bytes, &integer, sizeof integer);

  return is_signed ? (double) (gint64) integer : (double) integer;
}

/* In the order of the numbers that the override passes. */
typedef enum
{
  ATOMIC_LOAD,
  ATOMIC_ADD,
  ATOMIC_SUB,
  ATOMIC_AND,
  ATOMIC_OR,
  ATOMIC_XOR,
  ATOMIC_EXCHANGE,
  ATOMIC_COMPARE_EXCHANGE,
} AtomicOperation;

static gint64
run_atomic (ShmSharedMemory *block,
            guint64 offset,
            AtomicOperation operation,
            gint64 value,
            gint64 replacement,
            GError **error)
{
  switch (operation)
    {
    case ATOMIC_ADD:
      return shm_shared_memory_atomic_add_int64 (block, offset, value, error);
    case ATOMIC_SUB:
      return shm_shared_memory_atomic_sub_int64 (block, offset, value, error);
    case ATOMIC_AND:
      return shm_shared_memory_atomic_and_int64 (block, offset, value, error);
    case ATOMIC_OR:
      return shm_shared_memory_atomic_or_int64 (block, offset, value, error);
    case ATOMIC_XOR:
      return shm_shared_memory_atomic_xor_int64 (block, offset, value, error);
    case ATOMIC_EXCHANGE:
      return shm_shared_memory_atomic_exchange_int64 (block, offset, value, error);
    case ATOMIC_COMPARE_EXCHANGE:
      return shm_shared_memory_atomic_compare_exchange_int64 (block, offset, value, replacement,
                                                              error);
    case ATOMIC_LOAD:
    default:
      return shm_shared_memory_atomic_load_int64 (block, offset, error);
    }
}

/**
 * shm_private_block_atomic:
 * @block: a block
 * @offset: the offset of the integer in bytes
 * @operation: 0 load, 1 add, 2 sub, 3 and, 4 or, 5 xor, 6 exchange, 7 compare_exchange
 * @value: the argument of the operation; ignored by load
 * @replacement: the new value for compare_exchange; ignored by the others
 * @high: (out): return location for the high half of the integer before the operation
 * @low: (out): return location for its low half
 * @error: return location for an error
 *
 * Runs an atomic operation on an integer of 64 bits. GJS would round the integer that
 * [method@Shm.SharedMemory.atomic_add_int64] and the other functions return.
 *
 * It fails as these functions do.
 *
 * Returns: %TRUE on success
 */
gboolean
shm_private_block_atomic (ShmSharedMemory *block,
                          guint64 offset,
                          guint operation,
                          gint64 value,
                          gint64 replacement,
                          gint32 *high,
                          guint32 *low,
                          GError **error)
{
  GError *local_error = NULL;
  gint64 before;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (block), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  before = run_atomic (block, offset, operation, value, replacement, &local_error);
  *high = before >> 32;
  *low = before;
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, local_error);

  return FALSE;
}

/* One value of a list */

/**
 * shm_private_get_last_plain_value:
 *
 * Returns the memory in which [func@ShmPrivate.list_read_plain] stores a part of its result. Each
 * thread has its own. The bytes are valid until the thread ends.
 *
 * Returns: (transfer full): live bytes: two numbers of type `double`, and room for 64 bytes
 */
GBytes *
shm_private_get_last_plain_value (void)
{
  return g_bytes_new_static (&last_plain_value, sizeof last_plain_value);
}

/* Returns the text of an item if it contains no NUL. */
static char *
take_plain_text (ShmListItem *item)
{
  const ShmListValue *value = &item->value;

  if (memchr (value->bytes, 0, value->length) != NULL)
    return NULL;

  return item->large_buffer != NULL ? (char *) g_steal_pointer (&item->large_buffer)
                                    : g_strndup ((const char *) value->bytes, value->length);
}

static void
copy_short_bytes (const ShmListValue *value, PlainValue *plain)
{
  plain->number = value->length;
  if (value->length > 0 && value->length <= sizeof plain->bytes)
    memcpy (plain->bytes, value->bytes, value->length);
}

static void
read_plain (ShmShareableList *list, guint64 index, PlainValue *plain, char **text, GError **error)
{
  g_auto (ShmListItem) item;
  const ShmListValue *value = &item.value;

  shm_list_item_init (&item);
  if (!shm_shareable_list_read_item (list, index, &item, error))
    return;

  plain->kind = value->kind;
  if (value->kind == SHM_VALUE_KIND_INT64)
    plain->number = (double) value->integer;
  else if (value->kind == SHM_VALUE_KIND_DOUBLE)
    plain->number = shm_number_with_usual_nan (value->number);
  else if (value->kind == SHM_VALUE_KIND_BOOLEAN)
    plain->number = value->truth != FALSE;
  else if (value->kind == SHM_VALUE_KIND_STRING)
    *text = take_plain_text (&item);
  else if (value->kind == SHM_VALUE_KIND_BYTES)
    copy_short_bytes (value, plain);

  if (value->kind == SHM_VALUE_KIND_INT64 && fabs (plain->number) > SHM_MAX_SAFE_INTEGER)
    {
      plain->kind = PLAIN_LARGE_INTEGER;
      memcpy (plain->bytes, &value->integer, sizeof value->integer);
    }
}

/**
 * shm_private_list_read_plain:
 * @list: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads a value as a number, a text or short bytes, which is sufficient for most values. Stores the
 * kind, the number and the bytes in the memory of [func@ShmPrivate.get_last_plain_value]. In GJS
 * each `out` parameter takes a tenth of the time of a call, and JavaScript reads this memory in
 * almost no time.
 *
 * The kind is a [enum@Shm.ValueKind]. It is -1 for an integer that `double` cannot hold exactly;
 * the 8 bytes of this integer follow the number. The kind is -2 if the list has no such value,
 * which is no error. The number of a boolean is 0 or 1. The number of bytes is their length, and at
 * most 64 bytes follow it.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does in all other cases.
 *
 * Returns: (nullable) (transfer full): the text, if it has no NUL in it; %NULL for other values
 */
char *
shm_private_list_read_plain (ShmShareableList *list, guint64 index, GError **error)
{
  PlainValue *plain = &last_plain_value;
  const ShmList *open;
  char *text = NULL;

  shm_shareable_list_return_val_if_invalid (list, error, NULL);

  plain->kind = PLAIN_NO_VALUE;
  plain->number = 0;
  open = shm_shareable_list_get_open (list, FALSE, error);
  if (open != NULL && index < open->layout.n_items)
    read_plain (list, index, plain, &text, error);

  return text;
}

/**
 * shm_private_list_get_plain:
 * @list: a list
 * @index: the index of the value, counted from 0
 * @number: (out): the number
 * @text: (out) (nullable) (transfer full): the text
 * @error: return location for an error
 *
 * Does the same as [func@ShmPrivate.list_read_plain], for versions of GJS that do not show the
 * memory of bytes.
 *
 * Returns: the kind
 */
double
shm_private_list_get_plain (ShmShareableList *list,
                            guint64 index,
                            double *number,
                            char **text,
                            GError **error)
{
  shm_shareable_list_return_val_if_invalid (list, error, PLAIN_NO_VALUE);
  g_return_val_if_fail (number != NULL && text != NULL, PLAIN_NO_VALUE);

  *text = shm_private_list_read_plain (list, index, error);
  *number = last_plain_value.number;

  return last_plain_value.kind;
}

/**
 * shm_private_list_copy_bytes:
 * @list: a list
 * @index: the index of the value, counted from 0
 * @length: (out): the number of bytes
 * @error: return location for an error
 *
 * Reads bytes as [method@Shm.ShareableList.get_bytes] does. In GJS an array takes a third of the
 * time of a #GBytes.
 *
 * Returns: (transfer full) (array length=length): the bytes
 */
guint8 *
shm_private_list_copy_bytes (ShmShareableList *list, guint64 index, gsize *length, GError **error)
{
  GBytes *bytes;

  shm_shareable_list_return_val_if_invalid (list, error, NULL);
  g_return_val_if_fail (length != NULL, NULL);

  *length = 0;
  bytes = shm_shareable_list_get_bytes (list, index, error);

  return bytes != NULL ? g_bytes_unref_to_data (bytes, length) : NULL;
}

/* Values in columns */

static gpointer
convert_to_columns (const ShmListParts *parts, guint64 *index, GCancellable *cancellable)
{
  return shm_list_to_columns (parts, index);
}

/**
 * shm_private_list_copy_columns:
 * @list: a list
 * @first: the index of the first value
 * @n_values: the number of values
 * @error: return location for an error
 *
 * Copies values in columns, which core/shm-list-columns.h describes. The values are from the same
 * moment under the conditions of [method@Shm.ShareableList.copy_values].
 *
 * It fails as [method@Shm.ShareableList.copy_values] does, and with [error@Shm.Error.OUT_OF_RANGE]
 * if the list does not have all these values.
 *
 * Returns: (transfer full): the columns
 */
GBytes *
shm_private_list_copy_columns (ShmShareableList *list,
                               guint64 first,
                               guint64 n_values,
                               GError **error)
{
  guint64 length;

  shm_shareable_list_return_val_if_invalid (list, error, NULL);

  length = shm_shareable_list_get_length (list);
  if (first > length || n_values > length - first)
    {
      const ShmFault fault = { SHM_STEP_LIST_INDEX, ERANGE, MAX (first, length) };

      shm_shareable_list_fail (list, &fault, error);
      return NULL;
    }

  return shm_shareable_list_convert (list, first, n_values, convert_to_columns, NULL, error);
}

/**
 * shm_private_list_from_columns:
 * @columns: (array length=length): values, in columns
 * @length: the number of bytes
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @create_flags: how to create the block
 * @error: return location for an error
 *
 * Creates a list as [ctor@Shm.ShareableList.create] does.
 *
 * Returns: (transfer full): the new list
 */
ShmShareableList *
shm_private_list_from_columns (const guint8 *columns,
                               gsize length,
                               const char *name,
                               guint create_flags,
                               GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (columns != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  bytes = g_bytes_new_static (columns, length);

  return shm_shareable_list_create_with (&(ShmListRequest){ .columns = bytes,
                                                            .name = name,
                                                            .mode = 0600,
                                                            .create_flags = create_flags },
                                         NULL, error);
}

/**
 * shm_private_list_init_from_columns:
 * @list: a list that is not initialised, and has no values
 * @columns: (array length=length): values, in columns
 * @length: the number of bytes
 * @error: return location for an error
 *
 * Does the same as [method@Gio.Initable.init] with an object that is to become a new list with
 * these values.
 *
 * Returns: %TRUE if the list was created
 */
gboolean
shm_private_list_init_from_columns (ShmShareableList *list,
                                    const guint8 *columns,
                                    gsize length,
                                    GError **error)
{
  ShmShareableListPrivate *priv;

  shm_shareable_list_return_val_if_invalid (list, error, FALSE);
  g_return_val_if_fail (columns != NULL || length == 0, FALSE);

  priv = shm_shareable_list_get_private (list);
  g_return_val_if_fail (!priv->is_initialised && !shm_shareable_list_has_values (priv), FALSE);

  priv->columns = g_bytes_new (columns, length);

  return g_initable_init (G_INITABLE (list), NULL, error);
}

/**
 * shm_private_manager_list_from_columns:
 * @manager: a manager that is started or connected
 * @columns: (array length=length): values, in columns
 * @length: the number of bytes
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @mode: permission bits of the block
 * @create_flags: how to create the block
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a list as [method@Shm.Manager.create_shareable_list] does.
 *
 * Returns: (transfer full): the new list
 */
ShmShareableList *
shm_private_manager_list_from_columns (ShmManager *manager,
                                       const guint8 *columns,
                                       gsize length,
                                       const char *name,
                                       guint mode,
                                       guint create_flags,
                                       GCancellable *cancellable,
                                       GError **error)
{
  g_auto (ShmManagerCall) call = { NULL };

  g_return_val_if_fail (SHM_IS_MANAGER (manager), NULL);
  g_return_val_if_fail (columns != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = (ShmManagerCall){
    .self = g_object_ref (manager),
    .name = g_strdup (name),
    .columns = g_bytes_new_static (columns, length),
    .mode = mode,
    .flags = create_flags,
  };

  return shm_manager_call_run (&call, &shm_manager_create_list_work, cancellable, error);
}

/**
 * shm_private_manager_list_from_columns_async:
 * @manager: a manager that is started or connected
 * @columns: (array length=length): values, in columns
 * @length: the number of bytes
 * @name: (nullable): a name for the list's block, or %NULL for a generated one
 * @mode: permission bits of the block
 * @create_flags: how to create the block
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list exists or could not be created
 * @user_data: data for @callback
 *
 * Does the same without blocking the caller. The function copies the columns.
 */
void
shm_private_manager_list_from_columns_async (ShmManager *manager,
                                             const guint8 *columns,
                                             gsize length,
                                             const char *name,
                                             guint mode,
                                             guint create_flags,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data)
{
  ShmManagerCall *call;

  g_return_if_fail (SHM_IS_MANAGER (manager));
  g_return_if_fail (columns != NULL || length == 0);

  call = shm_manager_call_new (manager, name);
  call->columns = g_bytes_new (columns, length);
  call->mode = mode;
  call->flags = create_flags;
  shm_manager_call_start (call, &shm_manager_create_list_work,
                          shm_private_manager_list_from_columns_async, cancellable, callback,
                          user_data);
}

/**
 * shm_private_manager_list_from_columns_finish:
 * @manager: a manager
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes a call of [func@ShmPrivate.manager_list_from_columns_async].
 *
 * Returns: (transfer full): the new list
 */
ShmShareableList *
shm_private_manager_list_from_columns_finish (ShmManager *manager,
                                              GAsyncResult *result,
                                              GError **error)
{
  g_return_val_if_fail (SHM_IS_MANAGER (manager), NULL);
  shm_work_return_val_if_invalid (manager, result, shm_private_manager_list_from_columns_async,
                                  error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Starts to read columns, and sets @error if they are invalid. */
static gboolean
begin_columns (ShmListColumns *columns, const guint8 *bytes, gsize length, GError **error)
{
  if (shm_list_columns_init (columns, bytes, length))
    return TRUE;

  g_set_error_literal (error, SHM_ERROR, SHM_ERROR_FAILED, "The columns are invalid");

  return FALSE;
}

/* Returns the next value of columns (floating), or NULL with @error set. */
static GVariant *
next_variant (ShmListColumns *columns, GError **error)
{
  ShmListValue value;

  if (columns->source.next (&columns->source, &value))
    return shm_value_to_variant (&value);

  g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
               "Value %" G_GUINT64_FORMAT " of the columns is invalid", columns->index);

  return NULL;
}

/**
 * shm_private_value_from_columns:
 * @columns: (array length=length): a single value, in columns
 * @length: the number of bytes
 * @error: return location for an error
 *
 * Converts a value to the #GVariant that [method@Shm.ShareableList.set_value] takes.
 *
 * Returns: (transfer full): the value
 */
GVariant *
shm_private_value_from_columns (const guint8 *columns, gsize length, GError **error)
{
  ShmListColumns reader;
  GVariant *variant;

  g_return_val_if_fail (columns != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!begin_columns (&reader, columns, length, error))
    return NULL;
  g_return_val_if_fail (reader.source.n_items == 1, NULL);

  variant = next_variant (&reader, error);

  return variant != NULL ? g_variant_ref_sink (variant) : NULL;
}

/**
 * shm_private_values_from_columns:
 * @columns: (array length=length): values, in columns
 * @length: the number of bytes
 * @error: return location for an error
 *
 * Converts values to the #GVariant that [ctor@Shm.ShareableList.create] takes.
 *
 * Returns: (transfer full): the values, of type `av`
 */
GVariant *
shm_private_values_from_columns (const guint8 *columns, gsize length, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  ShmListColumns reader;

  g_return_val_if_fail (columns != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!begin_columns (&reader, columns, length, error))
    return NULL;

  for (guint64 i = 0; i < reader.source.n_items; i++)
    {
      GVariant *variant = next_variant (&reader, error);

      if (variant == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, g_variant_new_variant (variant));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
