/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Copies many values of a ShmShareableList, and converts the private copy. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "shm-error-private.h"

#include <errno.h>

/* If a value makes no sense in a copy but makes sense when it is read alone, the copy is repeated.
 * There are at least ATTEMPTS_MIN repetitions, then more until the timeout, and at most
 * ATTEMPTS_MAX. */
#define ATTEMPTS_MIN 3
#define ATTEMPTS_MAX 100
#define TIMEOUT_USEC G_USEC_PER_SEC

gboolean
shm_shareable_list_should_retry (ShmList *list, const ShmFault *fault, ShmListRetry *retry)
{
  g_auto (ShmListItem) item = { .large_buffer = NULL };
  ShmFault ignored;

  if (fault->step != SHM_STEP_LIST_ITEM)
    return FALSE;

  if (retry->attempts++ == 0)
    retry->deadline = g_get_monotonic_time () + TIMEOUT_USEC;
  else if (retry->attempts > ATTEMPTS_MAX
           || (retry->attempts > ATTEMPTS_MIN && g_get_monotonic_time () >= retry->deadline))
    return FALSE;

  return shm_list_read (list, fault->detail, &item, &ignored);
}

static gpointer
convert_once (ShmList *list,
              guint64 first,
              guint64 n_values,
              ShmListConvert convert,
              GCancellable *cancellable,
              ShmFault *fault)
{
  g_auto (ShmListCopy) copy = { .memory = NULL };
  gpointer result;
  guint64 index = first;

  if (!shm_list_copy (list, first, n_values, &copy, fault))
    return NULL;

  result = convert (&copy.parts, &index, cancellable);
  if (result == NULL)
    shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);

  return result;
}

gpointer
shm_shareable_list_convert (ShmShareableList *self,
                            guint64 first,
                            guint64 n_values,
                            ShmListConvert convert,
                            GCancellable *cancellable,
                            GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  ShmListRetry retry = { .attempts = 0 };
  gpointer result;
  ShmFault fault;

  if (list == NULL)
    return NULL;

  do
    {
      result = convert_once (list, first, n_values, convert, cancellable, &fault);
      if (result == NULL && g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
    }
  while (result == NULL && shm_shareable_list_should_retry (list, &fault, &retry));

  if (result == NULL)
    shm_shareable_list_fail (self, &fault, error);

  return result;
}

/* Returns whether a loop over many values has to stop before value @i, because the operation was
 * cancelled. Checks this only for every value whose number is a multiple of
 * SHM_LIST_CANCEL_INTERVAL. */
static inline gboolean
is_cancelled_at (guint64 i, GCancellable *cancellable)
{
  return i % SHM_LIST_CANCEL_INTERVAL == 0 && g_cancellable_is_cancelled (cancellable);
}

static gpointer
convert_to_variant (const ShmListParts *parts, guint64 *index, GCancellable *cancellable)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint64 i = 0; i < parts->n_items; i++)
    {
      ShmListValue value;

      *index = parts->first + i;
      if (is_cancelled_at (i, cancellable) || !shm_list_get_value (parts, *index, &value))
        return NULL;
      g_variant_builder_add (&builder, "v", shm_value_to_variant (&value));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gpointer
convert_to_format (const ShmListParts *parts, guint64 *index, GCancellable *cancellable)
{
  g_autoptr (GString) formats = g_string_sized_new (8 * parts->n_items);
  char format[9];

  for (guint64 i = 0; i < parts->n_items; i++)
    {
      *index = parts->first + i;
      if (is_cancelled_at (i, cancellable) || !shm_list_get_format (parts, *index, format))
        return NULL;
      g_string_append (formats, format);
    }

  return g_string_free (g_steal_pointer (&formats), FALSE);
}

/* Values */

static GVariant *
copy_values (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  return shm_shareable_list_convert (self, 0, shm_shareable_list_get_length (self),
                                     convert_to_variant, cancellable, error);
}

/**
 * shm_shareable_list_copy_values:
 * @self: a list
 * @error: return location for an error
 *
 * Copies all values into an array of type `av`.
 *
 * Each element has the type that [method@Shm.ShareableList.get_value] returns. If this library
 * created the list, all values are from the same moment: the copy contains all values that other
 * processes wrote before this moment, and no values that they wrote after it. There is one
 * exception: if the list was attached read-only and other processes write without a pause, the
 * values can be from different moments. Each value is complete even then. If CPython created the
 * list, the values can always be from different moments.
 *
 * The call takes time in proportion to the size of the list;
 * [method@Shm.ShareableList.copy_values_async] does not block the caller during this time.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
shm_shareable_list_copy_values (ShmShareableList *self, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return copy_values (self, NULL, error);
}

static GVariant *
run_copy_values (ShmListCall *call, GCancellable *cancellable, GError **error)
{
  return copy_values (call->list, cancellable, error);
}

/**
 * shm_shareable_list_copy_values_async:
 * @self: a list
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Copies all values in a thread. It is the asynchronous form of
 * [method@Shm.ShareableList.copy_values].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shareable_list_copy_values_async (ShmShareableList *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  shm_shareable_list_start_call (self, run_copy_values, 0, NULL,
                                 shm_shareable_list_copy_values_async, cancellable, callback,
                                 user_data);
}

/**
 * shm_shareable_list_copy_values_finish:
 * @self: a list
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [method@Shm.ShareableList.copy_values_async] started.
 *
 * It fails as [method@Shm.ShareableList.copy_values] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
shm_shareable_list_copy_values_finish (ShmShareableList *self, GAsyncResult *result, GError **error)
{
  return shm_shareable_list_finish_call (self, result, shm_shareable_list_copy_values_async, error);
}

/* Formats */

static char *
get_format (ShmShareableList *self, GCancellable *cancellable, GError **error)
{
  return shm_shareable_list_convert (self, 0, shm_shareable_list_get_length (self),
                                     convert_to_format, cancellable, error);
}

/**
 * shm_shareable_list_get_format:
 * @self: a list
 * @error: return location for an error
 *
 * Returns the formats of all values, one after the other, in the notation of Python's `struct`
 * module. The result is the same string as the attribute `format` of CPython's class.
 *
 * The format of an integer is `q`, of a floating-point number `d`, of a boolean `xxxxxxx?`, and of
 * nothing (`None`) `xxxxxx?x`. The format of a text or bytes is `8s`, `16s` and so on; the number
 * is the size of the slot.
 *
 * The call takes time in proportion to the size of the list;
 * [method@Shm.ShareableList.get_format_async] does not block the caller during this time.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): the formats
 *
 * Since: 1.0
 */
char *
shm_shareable_list_get_format (ShmShareableList *self, GError **error)
{
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return get_format (self, NULL, error);
}

static GVariant *
run_get_format (ShmListCall *call, GCancellable *cancellable, GError **error)
{
  char *format = get_format (call->list, cancellable, error);

  return format != NULL ? g_variant_ref_sink (g_variant_new_take_string (format)) : NULL;
}

/**
 * shm_shareable_list_get_format_async:
 * @self: a list
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Reads the formats of all values in a thread. It is the asynchronous form of
 * [method@Shm.ShareableList.get_format].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_shareable_list_get_format_async (ShmShareableList *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  shm_shareable_list_start_call (self, run_get_format, 0, NULL, shm_shareable_list_get_format_async,
                                 cancellable, callback, user_data);
}

/**
 * shm_shareable_list_get_format_finish:
 * @self: a list
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [method@Shm.ShareableList.get_format_async] started.
 *
 * It fails as [method@Shm.ShareableList.get_format] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full): the formats
 *
 * Since: 1.0
 */
char *
shm_shareable_list_get_format_finish (ShmShareableList *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) format
      = shm_shareable_list_finish_call (self, result, shm_shareable_list_get_format_async, error);

  return format != NULL ? g_variant_dup_string (format, NULL) : NULL;
}
