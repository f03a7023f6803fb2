/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads and writes one value of a ShmShareableList as a GVariant, and converts between values and
 * GVariants. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "manager/shm-cancel.h"
#include "shm-error.h"
#include "shm-work.h"

/* From a GVariant to a value */

static gboolean
set_type_error (GVariant *variant, GError **error)
{
  g_set_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH,
               "A value of type \"%s\" cannot be in a list: use an integer, \"d\", \"b\", \"s\", "
               "\"(ay)\" for a text with NULs, \"ay\" for bytes, or an empty maybe for nothing",
               g_variant_get_type_string (variant));

  return FALSE;
}

static gboolean
from_unsigned (guint64 number, ShmListValue *value, GError **error)
{
  value->kind = SHM_VALUE_KIND_INT64;
  value->integer = (gint64) number;
  if (number <= G_MAXINT64)
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_OUT_OF_RANGE,
               "%" G_GUINT64_FORMAT
               " cannot be in a list: the integers of a list are signed and have 64 bits",
               number);

  return FALSE;
}

static gboolean
from_integer (gint64 number, ShmListValue *value)
{
  value->kind = SHM_VALUE_KIND_INT64;
  value->integer = number;

  return TRUE;
}

static gboolean
from_bytes (GVariant *variant, ShmValueKind kind, ShmListValue *value)
{
  value->kind = kind;
  value->bytes = g_variant_get_fixed_array (variant, &value->length, 1);

  return TRUE;
}

static gboolean
from_string (GVariant *variant, ShmListValue *value)
{
  value->kind = SHM_VALUE_KIND_STRING;
  value->bytes = (const guint8 *) g_variant_get_string (variant, &value->length);

  return TRUE;
}

/* Removes all variants and maybes around a value. Returns the value, or NULL for an empty maybe. */
static GVariant *
unwrap (GVariant *variant)
{
  GVariant *inner = g_variant_ref (variant);

  while (inner != NULL
         && (g_variant_is_of_type (inner, G_VARIANT_TYPE_VARIANT)
             || g_variant_is_of_type (inner, G_VARIANT_TYPE_MAYBE)))
    {
      g_autoptr (GVariant) outer = inner;

      inner = g_variant_is_of_type (outer, G_VARIANT_TYPE_VARIANT) ? g_variant_get_variant (outer)
                                                                   : g_variant_get_maybe (outer);
    }

  return inner;
}

gboolean
shm_value_from_variant (GVariant *variant, ShmListValue *value, GVariant **holder, GError **error)
{
  GVariant *inner = unwrap (variant);

  g_clear_pointer (holder, g_variant_unref);
  *holder = inner;
  value->kind = SHM_VALUE_KIND_NONE;
  value->length = 0;
  value->integer = 0;
  if (inner == NULL)
    return TRUE;

  switch (g_variant_classify (inner))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      value->kind = SHM_VALUE_KIND_BOOLEAN;
      value->truth = g_variant_get_boolean (inner);
      return TRUE;
    case G_VARIANT_CLASS_DOUBLE:
      value->kind = SHM_VALUE_KIND_DOUBLE;
      value->number = g_variant_get_double (inner);
      return TRUE;
    case G_VARIANT_CLASS_BYTE:
      return from_integer (g_variant_get_byte (inner), value);
    case G_VARIANT_CLASS_INT16:
      return from_integer (g_variant_get_int16 (inner), value);
    case G_VARIANT_CLASS_UINT16:
      return from_integer (g_variant_get_uint16 (inner), value);
    case G_VARIANT_CLASS_INT32:
      return from_integer (g_variant_get_int32 (inner), value);
    case G_VARIANT_CLASS_UINT32:
      return from_integer (g_variant_get_uint32 (inner), value);
    case G_VARIANT_CLASS_INT64:
      return from_integer (g_variant_get_int64 (inner), value);
    case G_VARIANT_CLASS_UINT64:
      return from_unsigned (g_variant_get_uint64 (inner), value, error);
    case G_VARIANT_CLASS_STRING:
      return from_string (inner, value);
    case G_VARIANT_CLASS_ARRAY:
      if (g_variant_is_of_type (inner, G_VARIANT_TYPE_BYTESTRING))
        return from_bytes (inner, SHM_VALUE_KIND_BYTES, value);
      break;
    case G_VARIANT_CLASS_TUPLE:
      if (g_variant_is_of_type (inner, G_VARIANT_TYPE ("(ay)")))
        {
          *holder = g_variant_get_child_value (inner, 0);
          g_variant_unref (inner);
          return from_bytes (*holder, SHM_VALUE_KIND_STRING, value);
        }
      break;
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      break;
    }

  return set_type_error (inner, error);
}

/* From a value to a GVariant */

static GVariant *
new_bytes (const ShmListValue *value)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value->bytes, value->length, 1);
}

GVariant *
shm_value_to_variant (const ShmListValue *value)
{
  GVariant *bytes;

  switch (value->kind)
    {
    case SHM_VALUE_KIND_INT64:
      return g_variant_new_int64 (value->integer);
    case SHM_VALUE_KIND_DOUBLE:
      return g_variant_new_double (value->number);
    case SHM_VALUE_KIND_BOOLEAN:
      return g_variant_new_boolean (value->truth);
    case SHM_VALUE_KIND_BYTES:
      return new_bytes (value);
    case SHM_VALUE_KIND_STRING:
      if (value->length == 0 || memchr (value->bytes, 0, value->length) == NULL)
        return g_variant_new_take_string (g_strndup ((const char *) value->bytes, value->length));
      bytes = new_bytes (value);
      return g_variant_new_tuple (&bytes, 1);
    case SHM_VALUE_KIND_NONE:
    default:
      return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
    }
}

/* From a container to values */

static void
rewind_source (ShmListSource *source)
{
  ((ShmVariantSource *) source)->at = 0;
}

static gboolean
next_int64 (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  *value = (ShmListValue){ .kind = SHM_VALUE_KIND_INT64,
                           .integer = ((const gint64 *) self->fixed)[self->at++] };

  return TRUE;
}

static gboolean
next_double (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  *value = (ShmListValue){ .kind = SHM_VALUE_KIND_DOUBLE,
                           .number = ((const double *) self->fixed)[self->at++] };

  return TRUE;
}

static gboolean
next_boolean (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  *value = (ShmListValue){ .kind = SHM_VALUE_KIND_BOOLEAN,
                           .truth = ((const guint8 *) self->fixed)[self->at++] != 0 };

  return TRUE;
}

static gboolean
next_text (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;
  const char *text = self->texts[self->at++];

  *value = (ShmListValue){ .kind = SHM_VALUE_KIND_STRING,
                           .length = strlen (text),
                           .bytes = (const guint8 *) text };

  return TRUE;
}

static gboolean
next_child (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;
  g_autoptr (GVariant) child = g_variant_get_child_value (self->container, self->at);

  if (!shm_value_from_variant (child, value, &self->holder, &self->error))
    {
      g_prefix_error (&self->error, "Value %" G_GSIZE_FORMAT ": ", self->at);
      return FALSE;
    }
  self->at++;

  return TRUE;
}

static gboolean
next_unless_cancelled (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  if (self->at % SHM_LIST_CANCEL_INTERVAL == 0
      && shm_cancel_set_error (self->cancellable, &self->error))
    return FALSE;

  return self->next (source, value);
}

gboolean
shm_variant_source_init (ShmVariantSource *self,
                         GVariant *container,
                         GCancellable *cancellable,
                         GError **error)
{
  const char *type = g_variant_get_type_string (container);
  gsize n_items;

  *self = (ShmVariantSource){ .container = container,
                              .cancellable = cancellable,
                              .source.rewind = rewind_source };

  if (type[0] != 'a' && type[0] != '(')
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH,
                   "A list cannot be created from a value of type \"%s\": use an array or a tuple",
                   type);
      return FALSE;
    }

  if (g_str_equal (type, "ax"))
    {
      self->fixed = g_variant_get_fixed_array (container, &n_items, sizeof (gint64));
      self->source.next = next_int64;
    }
  else if (g_str_equal (type, "ad"))
    {
      self->fixed = g_variant_get_fixed_array (container, &n_items, sizeof (double));
      self->source.next = next_double;
    }
  else if (g_str_equal (type, "ab"))
    {
      self->fixed = g_variant_get_fixed_array (container, &n_items, 1);
      self->source.next = next_boolean;
    }
  else if (g_str_equal (type, "as"))
    {
      self->texts = g_variant_get_strv (container, &n_items);
      self->source.next = next_text;
    }
  else
    {
      n_items = g_variant_n_children (container);
      self->source.next = next_child;
    }
  self->source.n_items = n_items;

  /* Without a cancellable, the builder of the list calls the function directly, without a check. */
  if (cancellable != NULL)
    {
      self->next = self->source.next;
      self->source.next = next_unless_cancelled;
    }

  return TRUE;
}

void
shm_variant_source_clear (ShmVariantSource *self)
{
  g_clear_pointer (&self->texts, g_free);
  g_clear_pointer (&self->holder, g_variant_unref);
  g_clear_error (&self->error);
}

/* One value of a list */

/* Returns the value of @item. Takes over a large buffer instead of copying it. */
static GVariant *
take_variant (ShmListItem *item)
{
  const ShmListValue *value = &item->value;
  const gboolean is_string = value->kind == SHM_VALUE_KIND_STRING;
  g_autoptr (GBytes) bytes = NULL;
  GVariant *variant;

  if (item->large_buffer == NULL || (value->kind != SHM_VALUE_KIND_BYTES && !is_string))
    return shm_value_to_variant (value);

  if (is_string && memchr (value->bytes, 0, value->length) == NULL)
    {
      /* The serialised form of a string includes the NUL after it. */
      bytes = g_bytes_new_take (g_steal_pointer (&item->large_buffer), value->length + 1);
      return g_variant_new_from_bytes (G_VARIANT_TYPE_STRING, bytes, TRUE);
    }

  bytes = g_bytes_new_take (g_steal_pointer (&item->large_buffer), value->length);
  variant = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);

  return is_string ? g_variant_new_tuple (&variant, 1) : variant;
}

/**
 * shm_shareable_list_get_value:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads a value of any kind. The table in the section
 * [Values](class.ShareableList.html#values) shows the type of the result for each kind.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does.
 * [method@Shm.ShareableList.get_value_async] does not block the caller.
 *
 * Returns: (transfer full): the value
 *
 * Since: 1.0
 */
GVariant *
shm_shareable_list_get_value (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item;

  shm_list_item_init (&item);
  shm_shareable_list_return_val_if_invalid (self, error, NULL);

  if (!shm_shareable_list_read_item (self, index, &item, error))
    return NULL;

  return g_variant_ref_sink (take_variant (&item));
}

static GVariant *
run_get_value (ShmListCall *call, GCancellable *cancellable, GError **error)
{
  return shm_shareable_list_get_value (call->list, call->index, error);
}

/**
 * shm_shareable_list_get_value_async:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Reads a value in a thread. It is the asynchronous form of
 * [method@Shm.ShareableList.get_value].
 *
 * Reading a value rarely waits; the section [Waiting](class.ShareableList.html#waiting) lists the
 * cases. @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shareable_list_get_value_async (ShmShareableList *self,
                                    guint64 index,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_call (self, run_get_value, index, NULL,
                                 shm_shareable_list_get_value_async, cancellable, callback,
                                 user_data);
}

/**
 * shm_shareable_list_get_value_finish:
 * @self: a list
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [method@Shm.ShareableList.get_value_async] started.
 *
 * It fails as [method@Shm.ShareableList.get_value] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the value
 *
 * Since: 1.0
 */
GVariant *
shm_shareable_list_get_value_finish (ShmShareableList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  shm_work_return_val_if_invalid (self, result, shm_shareable_list_get_value_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_shareable_list_set_value:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the new value
 * @error: return location for an error
 *
 * Replaces a value by a value of any kind. If @value is floating, it is consumed.
 *
 * The table in the section [Values](class.ShareableList.html#values) shows which types of #GVariant
 * are accepted.
 *
 * It fails as [method@Shm.ShareableList.set_text] does, and with [error@Shm.Error.TYPE_MISMATCH]
 * (the type of @value is not in the table) or [error@Shm.Error.OUT_OF_RANGE] (@value is an unsigned
 * integer that is too large). [method@Shm.ShareableList.set_value_async] does not block the caller.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_value (ShmShareableList *self,
                              guint64 index,
                              GVariant *value,
                              GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  g_autoptr (GVariant) holder = NULL;
  ShmListValue found;

  shm_shareable_list_return_val_if_invalid (self, error, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  sunk = g_variant_ref_sink (value);

  return shm_value_from_variant (sunk, &found, &holder, error)
         && shm_shareable_list_write_value (self, index, &found, error);
}

static GVariant *
run_set_value (ShmListCall *call, GCancellable *cancellable, GError **error)
{
  if (!shm_shareable_list_set_value (call->list, call->index, call->value, error))
    return NULL;

  return g_variant_ref_sink (g_variant_new_boolean (TRUE));
}

/**
 * shm_shareable_list_set_value_async:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the new value
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Replaces a value in a thread. It is the asynchronous form of
 * [method@Shm.ShareableList.set_value].
 *
 * Writing a value rarely waits; the section [Waiting](class.ShareableList.html#waiting) lists the
 * cases. If @value is floating, it is consumed. @callback is called in the thread-default main
 * context of the caller.
 *
 * Since: 1.0
 */
void
shm_shareable_list_set_value_async (ShmShareableList *self,
                                    guint64 index,
                                    GVariant *value,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (value != NULL);

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_call (self, run_set_value, index, value,
                                 shm_shareable_list_set_value_async, cancellable, callback,
                                 user_data);
}

/**
 * shm_shareable_list_set_value_finish:
 * @self: a list
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [method@Shm.ShareableList.set_value_async] started.
 *
 * It fails as [method@Shm.ShareableList.set_value] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started. If it fails, the old value is unchanged.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_value_finish (ShmShareableList *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) done = NULL;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_shareable_list_set_value_async, error, FALSE);

  done = g_task_propagate_pointer (G_TASK (result), error);

  return done != NULL;
}
