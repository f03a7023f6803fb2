/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Single values of a ShmShareableList. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "core/shm-list-marshal.h"
#include "shm-enum-types.h"
#include "shm-error-private.h"

#include <errno.h>

/* The core has its own names for the kinds, and the faces the public ones. */
G_STATIC_ASSERT ((int) SHM_VALUE_KIND_NONE == (int) SHM_LIST_NONE);
G_STATIC_ASSERT ((int) SHM_VALUE_KIND_INT64 == (int) SHM_LIST_INT64);
G_STATIC_ASSERT ((int) SHM_VALUE_KIND_DOUBLE == (int) SHM_LIST_DOUBLE);
G_STATIC_ASSERT ((int) SHM_VALUE_KIND_BOOLEAN == (int) SHM_LIST_BOOLEAN);
G_STATIC_ASSERT ((int) SHM_VALUE_KIND_STRING == (int) SHM_LIST_STRING);
G_STATIC_ASSERT ((int) SHM_VALUE_KIND_BYTES == (int) SHM_LIST_BYTES);

static const char *
describe_kind (ShmListKind kind)
{
  static const char *const kinds[]
      = { "nothing (None)",          "a whole number (int64)", "a number (double)",
          "a truth value (boolean)", "a text (string)",        "bytes" };

  return kinds[kind];
}

static gboolean
set_kind_error (ShmShareableList *self,
                guint64 index,
                ShmListKind found,
                ShmListKind wanted,
                GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autofree char *block
      = shm_error_describe_block (shm_shared_memory_get_name (priv->shared_memory));

  g_set_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH,
               "Value %" G_GUINT64_FORMAT
               " of the list in block %s is %s and was asked for as %s: its kind says how to ask",
               index, block, describe_kind (found), describe_kind (wanted));

  return FALSE;
}

/* A value of any kind. */
static inline gboolean
read_any (ShmShareableList *self, guint64 index, ShmListItem *item, GError **error)
{
  ShmList *list;
  ShmFault fault;

  item->many = NULL;
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  list = shm_shareable_list_get_open (self, FALSE, error);

  return list != NULL
         && (G_LIKELY (shm_list_read (list, index, item, &fault))
             || shm_shareable_list_fail (self, &fault, error));
}

static inline gboolean
read_kind (ShmShareableList *self,
           guint64 index,
           ShmListKind kind,
           ShmListItem *item,
           GError **error)
{
  return read_any (self, index, item, error)
         && (G_LIKELY (item->value.kind == kind)
             || set_kind_error (self, index, item->value.kind, kind, error));
}

static gboolean
write_value (ShmShareableList *self, guint64 index, const ShmListValue *value, GError **error)
{
  ShmList *list;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  list = shm_shareable_list_get_open (self, TRUE, error);

  return list != NULL
         && (G_LIKELY (shm_list_write (list, index, value, &fault))
             || shm_shareable_list_fail (self, &fault, error));
}

/* The bytes of @item, which are its to give. */
static GBytes *
take_bytes (ShmListItem *item)
{
  const gsize length = item->value.length;

  if (item->many == NULL)
    return g_bytes_new (item->value.bytes, length);

  return g_bytes_new_take (g_steal_pointer (&item->many), length);
}

/* Reading */

/**
 * shm_shareable_list_get_value_kind:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets what kind of value there is.
 *
 * It fails with [error@Shm.Error.OUT_OF_RANGE], [error@Shm.Error.CORRUPT],
 * [error@Shm.Error.TIMED_OUT] (attached to read-only, and others write without a pause) or
 * [error@Shm.Error.CLOSED].
 *
 * Returns: the kind; %SHM_VALUE_KIND_NONE on error, and @error says which it is
 *
 * Since: 1.0
 */
ShmValueKind
shm_shareable_list_get_value_kind (ShmShareableList *self, guint64 index, GError **error)
{
  ShmListKind kind = SHM_LIST_NONE;
  ShmList *list;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), SHM_VALUE_KIND_NONE);
  g_return_val_if_fail (error == NULL || *error == NULL, SHM_VALUE_KIND_NONE);

  list = shm_shareable_list_get_open (self, FALSE, error);
  if (list != NULL && !shm_list_read_kind (list, index, &kind, &fault))
    shm_shareable_list_fail (self, &fault, error);

  return (ShmValueKind) kind;
}

/**
 * shm_shareable_list_get_plain:
 * @self: a list
 * @index: which value, from 0 on
 * @number: (out): the number, or 0 or 1 for a truth value; 0 for all else
 * @text: (out) (nullable) (transfer full): the text, if it holds no NUL; %NULL for all else
 * @error: return location for an error
 *
 * Gets a value in the form in which bindings take most of them, in one call. A whole number of more
 * than 53 bits is rounded.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does.
 *
 * Returns: what kind of value there is, a #ShmValueKind; %SHM_VALUE_KIND_NONE on error
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
  g_auto (ShmListItem) item = { .many = NULL };
  const ShmListValue *value = &item.value;

  g_return_val_if_fail (number != NULL && text != NULL, SHM_VALUE_KIND_NONE);

  *number = 0;
  *text = NULL;
  if (!read_any (self, index, &item, error))
    return SHM_VALUE_KIND_NONE;

  if (value->kind == SHM_LIST_INT64)
    *number = (double) value->integer;
  else if (value->kind == SHM_LIST_DOUBLE)
    *number = value->number;
  else if (value->kind == SHM_LIST_BOOLEAN)
    *number = value->truth != FALSE;
  else if (value->kind == SHM_LIST_STRING && memchr (value->bytes, 0, value->length) == NULL)
    *text = item.many != NULL ? (char *) g_steal_pointer (&item.many)
                              : g_strndup ((const char *) value->bytes, value->length);

  return item.value.kind;
}

/**
 * shm_shareable_list_get_int64:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets a whole number.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: the number; 0 on error, and @error says which it is
 *
 * Since: 1.0
 */
gint64
shm_shareable_list_get_int64 (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  return read_kind (self, index, SHM_LIST_INT64, &item, error) ? item.value.integer : 0;
}

/**
 * shm_shareable_list_get_double:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets a floating-point number.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind; a whole number is one.
 *
 * Returns: the number; 0 on error, and @error says which it is
 *
 * Since: 1.0
 */
double
shm_shareable_list_get_double (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  return read_kind (self, index, SHM_LIST_DOUBLE, &item, error) ? item.value.number : 0;
}

/**
 * shm_shareable_list_get_boolean:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets a truth value.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: the truth value; %FALSE on error, and @error says which it is
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_get_boolean (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  return read_kind (self, index, SHM_LIST_BOOLEAN, &item, error) && item.value.truth;
}

static gboolean
check_no_nul (ShmShareableList *self, guint64 index, const ShmListItem *item, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autofree char *block = NULL;

  if (memchr (item->value.bytes, 0, item->value.length) == NULL)
    return TRUE;

  block = shm_error_describe_block (shm_shared_memory_get_name (priv->shared_memory));
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
               "Value %" G_GUINT64_FORMAT
               " of the list in block %s is a text that holds a NUL, which a C string can't: "
               "shm_shareable_list_get_text() gives all of it",
               index, block);

  return FALSE;
}

/**
 * shm_shareable_list_get_string:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets a text that holds no NUL. [method@Shm.ShareableList.get_text] gets any.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind, and with
 * [error@Shm.Error.NOT_SUPPORTED] if the text holds a NUL.
 *
 * Returns: (transfer full): the text, in UTF-8
 *
 * Since: 1.0
 */
char *
shm_shareable_list_get_string (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  if (!read_kind (self, index, SHM_LIST_STRING, &item, error)
      || !check_no_nul (self, index, &item, error))
    return NULL;

  if (item.many != NULL)
    return (char *) g_steal_pointer (&item.many);

  return g_strndup ((const char *) item.value.bytes, item.value.length);
}

/**
 * shm_shareable_list_get_text:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets a text exactly, whatever it holds.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: (transfer full): the bytes of the text, valid UTF-8 apart from its NULs
 *
 * Since: 1.0
 */
GBytes *
shm_shareable_list_get_text (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  return read_kind (self, index, SHM_LIST_STRING, &item, error) ? take_bytes (&item) : NULL;
}

/**
 * shm_shareable_list_get_bytes:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets bytes.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
shm_shareable_list_get_bytes (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  return read_kind (self, index, SHM_LIST_BYTES, &item, error) ? take_bytes (&item) : NULL;
}

/**
 * shm_shareable_list_get_value:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Gets a value of any kind: `x`, `d`, `b`, `s`, `(ay)` for a text that holds a NUL, `ay`, or an
 * empty `mv` for nothing.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does.
 *
 * Returns: (transfer full): the value
 *
 * Since: 1.0
 */
GVariant *
shm_shareable_list_get_value (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item = { .many = NULL };

  if (!read_any (self, index, &item, error))
    return NULL;

  return g_variant_ref_sink (shm_value_to_variant (&item.value));
}

/* Writing */

/**
 * shm_shareable_list_set_int64:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the number
 * @error: return location for an error
 *
 * Replaces a value by a whole number.
 *
 * It fails with [error@Shm.Error.OUT_OF_RANGE], [error@Shm.Error.READ_ONLY],
 * [error@Shm.Error.CORRUPT], [error@Shm.Error.CLOSED], [error@Shm.Error.TIMED_OUT] (another writer
 * has held the list for a second without going on) and, the first time that this object writes,
 * with [error@Shm.Error.FAILED] (no descriptor left), [error@Shm.Error.TIMED_OUT] (another process has
 * locked all of the block's file), [error@Shm.Error.PERMISSION_DENIED] or
 * [error@Shm.Error.NOT_SUPPORTED] (no `/proc`, and the block has lost its name). The old value
 * stands then.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_int64 (ShmShareableList *self, guint64 index, gint64 value, GError **error)
{
  return write_value (self, index, &(ShmListValue){ .kind = SHM_LIST_INT64, .integer = value },
                      error);
}

/**
 * shm_shareable_list_set_double:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the number
 * @error: return location for an error
 *
 * Replaces a value by a floating-point number. It fails as
 * [method@Shm.ShareableList.set_int64] does.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_double (ShmShareableList *self, guint64 index, double value, GError **error)
{
  return write_value (self, index, &(ShmListValue){ .kind = SHM_LIST_DOUBLE, .number = value },
                      error);
}

/**
 * shm_shareable_list_set_boolean:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the truth value
 * @error: return location for an error
 *
 * Replaces a value by a truth value. It fails as [method@Shm.ShareableList.set_int64] does.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_boolean (ShmShareableList *self,
                                guint64 index,
                                gboolean value,
                                GError **error)
{
  return write_value (self, index, &(ShmListValue){ .kind = SHM_LIST_BOOLEAN, .truth = value },
                      error);
}

/**
 * shm_shareable_list_set_string:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the text, in UTF-8
 * @error: return location for an error
 *
 * Replaces a value by a text.
 *
 * There is as much room as the slot has that the list was created with: 8 bytes for numbers, truth
 * values and nothing, and for text and bytes of n bytes 8 · (n / 8 + 1), with n / 8 rounded down.
 *
 * It fails as [method@Shm.ShareableList.set_int64] does, with [error@Shm.Error.TOO_LARGE] if the
 * text does not fit, and with [error@Shm.Error.TYPE_MISMATCH] if it is not UTF-8.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_string (ShmShareableList *self,
                               guint64 index,
                               const char *value,
                               GError **error)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return write_value (self, index,
                      &(ShmListValue){ .kind = SHM_LIST_STRING,
                                       .length = strlen (value),
                                       .bytes = (const guint8 *) value },
                      error);
}

static gboolean
set_from_bytes (ShmShareableList *self,
                guint64 index,
                ShmListKind kind,
                GBytes *bytes,
                GError **error)
{
  ShmListValue value = { .kind = kind };

  g_return_val_if_fail (bytes != NULL, FALSE);

  value.bytes = g_bytes_get_data (bytes, &value.length);

  return write_value (self, index, &value, error);
}

/**
 * shm_shareable_list_set_text:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the bytes of the text, in UTF-8, NULs allowed
 * @error: return location for an error
 *
 * Replaces a value by a text that may hold NULs. NULs at its end are kept too; stock CPython does
 * not see those.
 *
 * It fails as [method@Shm.ShareableList.set_string] does, and with [error@Shm.Error.TOO_LARGE] in a
 * list that CPython made, if its slot can't note so many NULs at the end: 216 from 1000 bytes on, 36
 * from 10000, 6 from 100000, and none behind a text of a million bytes or more.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_text (ShmShareableList *self, guint64 index, GBytes *value, GError **error)
{
  return set_from_bytes (self, index, SHM_LIST_STRING, value, error);
}

/**
 * shm_shareable_list_set_bytes:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the bytes
 * @error: return location for an error
 *
 * Replaces a value by bytes. It fails as [method@Shm.ShareableList.set_text] does, but any bytes
 * will do.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_bytes (ShmShareableList *self, guint64 index, GBytes *value, GError **error)
{
  return set_from_bytes (self, index, SHM_LIST_BYTES, value, error);
}

/**
 * shm_shareable_list_set_none:
 * @self: a list
 * @index: which value, from 0 on
 * @error: return location for an error
 *
 * Replaces a value by nothing, Python's None. It fails as
 * [method@Shm.ShareableList.set_int64] does.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_none (ShmShareableList *self, guint64 index, GError **error)
{
  return write_value (self, index, &(ShmListValue){ .kind = SHM_LIST_NONE }, error);
}

/**
 * shm_shareable_list_set_value:
 * @self: a list
 * @index: which value, from 0 on
 * @value: the value
 * @error: return location for an error
 *
 * Replaces a value by any other, which is given as in [ctor@Shm.ShareableList.create]. If @value is
 * floating, it is consumed.
 *
 * It fails as [method@Shm.ShareableList.set_text] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] or [error@Shm.Error.OUT_OF_RANGE] for what can't be in a list.
 *
 * Returns: %TRUE if it was written
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

  g_return_val_if_fail (value != NULL, FALSE);

  sunk = g_variant_ref_sink (value);

  return shm_value_from_variant (sunk, &found, &holder, error)
         && write_value (self, index, &found, error);
}

/**
 * shm_shareable_list_set_packed:
 * @self: a list
 * @index: which value, from 0 on
 * @packed: (array length=length): one value in Python's marshal format
 * @length: how many bytes that is
 * @error: return location for an error
 *
 * Replaces a value by any other, which is given as in [ctor@Shm.ShareableList.create_packed] but
 * without a list around it; meant for bindings.
 *
 * It fails as [method@Shm.ShareableList.set_value] does, and with [error@Shm.Error.FAILED] if the
 * bytes are not in that format.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_packed (ShmShareableList *self,
                               guint64 index,
                               const guint8 *packed,
                               gsize length,
                               GError **error)
{
  ShmListUnpacker unpacker;
  ShmListValue value;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  g_return_val_if_fail (packed != NULL || length == 0, FALSE);

  if (!shm_list_unpack_value (&unpacker, packed, length, &value))
    return shm_shareable_list_fail (self,
                                    &(ShmFault){ SHM_STEP_LIST_UNPACK, unpacker.errnum, index },
                                    error);

  return write_value (self, index, &value, error);
}
