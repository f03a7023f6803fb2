/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads and writes one value of a ShmShareableList, by a function for each kind. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "shm-error-private.h"
#include "shm-number.h"

#include <string.h>

static const char *
describe_kind (ShmValueKind kind)
{
  static const char *const kinds[] = {
    [SHM_VALUE_KIND_NONE] = "nothing (None)",      [SHM_VALUE_KIND_INT64] = "an integer (int64)",
    [SHM_VALUE_KIND_DOUBLE] = "a number (double)", [SHM_VALUE_KIND_BOOLEAN] = "a boolean",
    [SHM_VALUE_KIND_STRING] = "a text (string)",   [SHM_VALUE_KIND_BYTES] = "bytes",
  };

  return kinds[kind];
}

static gboolean
set_kind_error (ShmShareableList *self,
                guint64 index,
                ShmValueKind found,
                ShmValueKind wanted,
                GError **error)
{
  g_autofree char *block = shm_error_describe_block (shm_shareable_list_get_block_name (self));

  g_set_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH,
               "Value %" G_GUINT64_FORMAT
               " of the list in block %s cannot be read as %s because it is %s: "
               "get_value_kind() returns the kind",
               index, block, describe_kind (wanted), describe_kind (found));

  return FALSE;
}

static gboolean
read_kind (ShmShareableList *self,
           guint64 index,
           ShmValueKind kind,
           ShmListItem *item,
           GError **error)
{
  return shm_shareable_list_read_item (self, index, item, error)
         && (G_LIKELY (item->value.kind == kind)
             || set_kind_error (self, index, item->value.kind, kind, error));
}

/* Reads the word of a number or a boolean with the format entry @entry, by a single attempt. Almost
 * all reads need no other. */
static inline gboolean
try_read_number (ShmShareableList *self, guint64 index, guint64 entry, guint64 *word)
{
  ShmList *list = shm_shareable_list_peek_open (self, FALSE);

  return G_LIKELY (list != NULL && shm_list_read_number (list, index, entry, word));
}

/* Reads a text or bytes that have a short slot, by a single attempt. */
static inline gboolean
try_read_short (ShmShareableList *self,
                guint64 index,
                ShmListTypeCode type_code,
                ShmListShortValue *value)
{
  ShmList *list = shm_shareable_list_peek_open (self, FALSE);

  return list != NULL && shm_list_read_short (list, index, type_code, value);
}

/* Reads a number or a boolean after try_read_number() has failed. */
static gboolean G_GNUC_NO_INLINE
read_number (ShmShareableList *self,
             guint64 index,
             ShmValueKind kind,
             ShmListValue *value,
             GError **error)
{
  g_auto (ShmListItem) item;

  shm_list_item_init (&item);
  if (!read_kind (self, index, kind, &item, error))
    return FALSE;
  *value = item.value;

  return TRUE;
}

static inline gboolean
write_word (ShmShareableList *self,
            guint64 index,
            guint64 entry,
            ShmListTypeCode type_code,
            guint64 word,
            GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, TRUE, error);
  ShmFault fault;

  return list != NULL
         && (G_LIKELY (shm_list_write_word (list, index, entry, type_code, word, &fault))
             || shm_shareable_list_fail (self, &fault, error));
}

gboolean
shm_shareable_list_write_value (ShmShareableList *self,
                                guint64 index,
                                const ShmListValue *value,
                                GError **error)
{
  ShmList *list;
  ShmFault fault;

  list = shm_shareable_list_get_open (self, TRUE, error);

  return list != NULL
         && (G_LIKELY (shm_list_write (list, index, value, &fault))
             || shm_shareable_list_fail (self, &fault, error));
}

/* Returns the bytes of @item. Takes over the buffer of @item if @item has allocated one; otherwise
 * copies the bytes. */
static GBytes *
take_bytes (ShmListItem *item)
{
  const gsize length = item->value.length;

  if (item->large_buffer == NULL)
    return g_bytes_new (item->value.bytes, length);

  return g_bytes_new_take (g_steal_pointer (&item->large_buffer), length);
}

/* Reading */

/**
 * shm_shareable_list_get_value_kind:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Returns the kind of a value.
 *
 * It fails with [error@Shm.Error.OUT_OF_RANGE] (the list has no such value),
 * [error@Shm.Error.CORRUPT] (the bytes of the value are invalid), [error@Shm.Error.TIMED_OUT]
 * (the list was attached read-only and other processes replaced the value all the time for one
 * second, or a process that holds the lock of the list is stopped) or [error@Shm.Error.CLOSED].
 *
 * [method@Shm.ShareableList.get_value_async] gets a value without blocking the caller.
 *
 * Returns: the kind; %SHM_VALUE_KIND_NONE if it fails, with @error set
 *
 * Since: 1.0
 */
ShmValueKind
shm_shareable_list_get_value_kind (ShmShareableList *self, guint64 index, GError **error)
{
  ShmValueKind kind = SHM_VALUE_KIND_NONE;
  ShmList *list;
  ShmFault fault;

  shm_shareable_list_return_val_if_invalid (self, error, SHM_VALUE_KIND_NONE);

  list = shm_shareable_list_get_open (self, FALSE, error);
  if (list != NULL && !shm_list_read_kind (list, index, &kind, &fault))
    shm_shareable_list_fail (self, &fault, error);

  return kind;
}

/**
 * shm_shareable_list_get_int64:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads an integer.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: the integer; 0 if it fails, with @error set
 *
 * Since: 1.0
 */
gint64
shm_shareable_list_get_int64 (ShmShareableList *self, guint64 index, GError **error)
{
  ShmListValue value;

  shm_shareable_list_return_val_if_invalid (self, error, 0);

  if (G_LIKELY (try_read_number (self, index, SHM_LIST_ENTRY_INT64, (gpointer) &value.integer))
      || read_number (self, index, SHM_VALUE_KIND_INT64, &value, error))
    return value.integer;

  return 0;
}

/**
 * shm_shareable_list_get_double:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads a floating-point number.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind, also if it is an integer.
 *
 * Returns: the number; 0 if it fails, with @error set. Every NaN is returned as the same NaN
 *
 * Since: 1.0
 */
double
shm_shareable_list_get_double (ShmShareableList *self, guint64 index, GError **error)
{
  ShmListValue value;

  shm_shareable_list_return_val_if_invalid (self, error, 0);

  if (G_LIKELY (try_read_number (self, index, SHM_LIST_ENTRY_DOUBLE, (gpointer) &value.number))
      || read_number (self, index, SHM_VALUE_KIND_DOUBLE, &value, error))
    return shm_number_with_usual_nan (value.number);

  return 0;
}

/**
 * shm_shareable_list_get_boolean:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads a boolean.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: the boolean; %FALSE if it fails, with @error set
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_get_boolean (ShmShareableList *self, guint64 index, GError **error)
{
  ShmListValue value;
  guint64 word;

  shm_shareable_list_return_val_if_invalid (self, error, FALSE);

  if (G_LIKELY (try_read_number (self, index, SHM_LIST_ENTRY_BOOLEAN, &word)))
    return shm_list_decode_boolean (word);

  return read_number (self, index, SHM_VALUE_KIND_BOOLEAN, &value, error) && value.truth;
}

static gboolean
check_no_nul (ShmShareableList *self, guint64 index, const ShmListItem *item, GError **error)
{
  g_autofree char *block = NULL;

  if (memchr (item->value.bytes, 0, item->value.length) == NULL)
    return TRUE;

  block = shm_error_describe_block (shm_shareable_list_get_block_name (self));
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
               "Value %" G_GUINT64_FORMAT
               " of the list in block %s has a NUL in it and cannot be returned as a C string: "
               "get_text() returns the whole text",
               index, block);

  return FALSE;
}

/**
 * shm_shareable_list_get_string:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads a text that has no NUL in it. [method@Shm.ShareableList.get_text] reads every text.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind, and with
 * [error@Shm.Error.NOT_SUPPORTED] if the text has a NUL in it.
 *
 * Returns: (transfer full): the text, in UTF-8
 *
 * Since: 1.0
 */
char *
shm_shareable_list_get_string (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item;
  ShmListShortValue text;

  shm_list_item_init (&item);
  shm_shareable_list_return_val_if_invalid (self, error, NULL);

  if (try_read_short (self, index, SHM_LIST_TYPE_STRING, &text)
      && strlen ((const char *) text.words) == text.length)
    return g_memdup2 (text.words, text.length + 1);

  if (!read_kind (self, index, SHM_VALUE_KIND_STRING, &item, error)
      || !check_no_nul (self, index, &item, error))
    return NULL;

  if (item.large_buffer != NULL)
    return (char *) g_steal_pointer (&item.large_buffer);

  return g_memdup2 (item.value.bytes, item.value.length + 1);
}

/**
 * shm_shareable_list_get_text:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads a text as bytes, which can include NULs.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] if the value is of another kind.
 *
 * Returns: (transfer full): the text, in UTF-8
 *
 * Since: 1.0
 */
GBytes *
shm_shareable_list_get_text (ShmShareableList *self, guint64 index, GError **error)
{
  g_auto (ShmListItem) item;
  ShmListShortValue value;

  shm_list_item_init (&item);
  shm_shareable_list_return_val_if_invalid (self, error, NULL);

  if (try_read_short (self, index, SHM_LIST_TYPE_STRING, &value))
    return g_bytes_new (value.words, value.length);

  return read_kind (self, index, SHM_VALUE_KIND_STRING, &item, error) ? take_bytes (&item) : NULL;
}

/**
 * shm_shareable_list_get_bytes:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Reads bytes.
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
  g_auto (ShmListItem) item;
  ShmListShortValue value;

  shm_list_item_init (&item);
  shm_shareable_list_return_val_if_invalid (self, error, NULL);

  if (try_read_short (self, index, SHM_LIST_TYPE_BYTES, &value))
    return g_bytes_new (value.words, value.length);

  return read_kind (self, index, SHM_VALUE_KIND_BYTES, &item, error) ? take_bytes (&item) : NULL;
}

/* Writing */

/**
 * shm_shareable_list_set_int64:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the integer
 * @error: return location for an error
 *
 * Replaces a value by an integer.
 *
 * The function waits up to one second if a process that holds the lock of the list is stopped.
 * [method@Shm.ShareableList.set_value_async] does not block the caller during this time.
 *
 * It fails with
 *
 * - [error@Shm.Error.OUT_OF_RANGE] if the list has no such value;
 * - [error@Shm.Error.READ_ONLY], [error@Shm.Error.CORRUPT] or [error@Shm.Error.CLOSED];
 * - [error@Shm.Error.TIMED_OUT] if another process holds the lock of the list for one second.
 *
 * The first write through an object opens the file of the block again, and can also fail with
 *
 * - [error@Shm.Error.TOO_MANY_FILES] if no file descriptor is left;
 * - [error@Shm.Error.TIMED_OUT] if another process has locked the whole file of the block;
 * - [error@Shm.Error.PERMISSION_DENIED], or [error@Shm.Error.REFUSED] in a sandbox;
 * - [error@Shm.Error.NOT_SUPPORTED] if the name of the block was removed and `/proc` is not
 *   mounted.
 *
 * If it fails, the old value is unchanged.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_int64 (ShmShareableList *self, guint64 index, gint64 value, GError **error)
{
  shm_shareable_list_return_val_if_invalid (self, error, FALSE);

  return write_word (self, index, SHM_LIST_ENTRY_INT64, SHM_LIST_TYPE_NUMBER, (guint64) value,
                     error);
}

/**
 * shm_shareable_list_set_double:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the number
 * @error: return location for an error
 *
 * Replaces a value by a floating-point number. It fails as
 * [method@Shm.ShareableList.set_int64] does.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_double (ShmShareableList *self, guint64 index, double value, GError **error)
{
  guint64 word;

  shm_shareable_list_return_val_if_invalid (self, error, FALSE);

  memcpy (&word, &value, sizeof word);

  return write_word (self, index, SHM_LIST_ENTRY_DOUBLE, SHM_LIST_TYPE_NUMBER, word, error);
}

/**
 * shm_shareable_list_set_boolean:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the boolean
 * @error: return location for an error
 *
 * Replaces a value by a boolean. It fails as
 * [method@Shm.ShareableList.set_int64] does.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_boolean (ShmShareableList *self,
                                guint64 index,
                                gboolean value,
                                GError **error)
{
  shm_shareable_list_return_val_if_invalid (self, error, FALSE);

  return write_word (self, index, SHM_LIST_ENTRY_BOOLEAN, SHM_LIST_TYPE_NUMBER,
                     shm_list_encode_boolean (value), error);
}

/**
 * shm_shareable_list_set_string:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the text, in UTF-8
 * @error: return location for an error
 *
 * Replaces a value by a text.
 *
 * The text must fit in the slot of the value. The slot has the size that the first value needed: 8
 * bytes for a number, a boolean or nothing, and at least n bytes, rounded up to a multiple of 8,
 * for a text or bytes of length n.
 *
 * It fails as [method@Shm.ShareableList.set_int64] does, with [error@Shm.Error.TOO_LARGE] if the
 * text does not fit, and with [error@Shm.Error.TYPE_MISMATCH] if it is not UTF-8.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_string (ShmShareableList *self,
                               guint64 index,
                               const char *value,
                               GError **error)
{
  shm_shareable_list_return_val_if_invalid (self, error, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return shm_shareable_list_write_value (self, index,
                                         &(ShmListValue){ .kind = SHM_VALUE_KIND_STRING,
                                                          .length = strlen (value),
                                                          .bytes = (const guint8 *) value },
                                         error);
}

static gboolean
set_from_bytes (ShmShareableList *self,
                guint64 index,
                ShmValueKind kind,
                GBytes *bytes,
                GError **error)
{
  ShmListValue value = { .kind = kind };

  value.bytes = g_bytes_get_data (bytes, &value.length);

  return shm_shareable_list_write_value (self, index, &value, error);
}

/**
 * shm_shareable_list_set_text:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the text, in UTF-8, which can include NULs
 * @error: return location for an error
 *
 * Replaces a value by a text that can include NULs. The list keeps NULs at the end of the text, but
 * CPython ignores them.
 *
 * It fails as [method@Shm.ShareableList.set_string] does. In a list that CPython created, it also
 * fails with [error@Shm.Error.TOO_LARGE] if the text ends in more NULs than the list can record:
 * 216 for texts of 1000 bytes or more, 36 for 10000 bytes or more, 6 for 100000 bytes or more, and
 * none for 1000000 bytes or more.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_text (ShmShareableList *self, guint64 index, GBytes *value, GError **error)
{
  shm_shareable_list_return_val_if_invalid (self, error, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return set_from_bytes (self, index, SHM_VALUE_KIND_STRING, value, error);
}

/**
 * shm_shareable_list_set_bytes:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @value: the bytes
 * @error: return location for an error
 *
 * Replaces a value by bytes. It fails as [method@Shm.ShareableList.set_text] does, but accepts
 * every sequence of bytes.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_bytes (ShmShareableList *self, guint64 index, GBytes *value, GError **error)
{
  shm_shareable_list_return_val_if_invalid (self, error, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return set_from_bytes (self, index, SHM_VALUE_KIND_BYTES, value, error);
}

/**
 * shm_shareable_list_set_none:
 * @self: a list
 * @index: the index of the value, counted from 0
 * @error: return location for an error
 *
 * Replaces a value by nothing, which is `None` in Python. It fails as
 * [method@Shm.ShareableList.set_int64] does.
 *
 * Returns: %TRUE if the value was replaced
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_set_none (ShmShareableList *self, guint64 index, GError **error)
{
  shm_shareable_list_return_val_if_invalid (self, error, FALSE);

  return write_word (self, index, SHM_LIST_ENTRY_NONE, SHM_LIST_TYPE_NONE, 0, error);
}
