/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many values of a ShmShareableList: copying all values, and searching for one. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "core/shm-list-copy.h"
#include "core/shm-list-scan.h"
#include "manager/shm-cancel.h"
#include "shm-error-private.h"
#include "shm-work.h"

#include <errno.h>

/* About the memory that a GVariant in a GVariant needs, in bytes, in addition to its value. */
#define VARIANT_SIZE 256

/* Copying */

/* If a value is invalid in a copy but valid when it is read alone, the copy is repeated.
 * There are at least ATTEMPTS_MIN repetitions, then more while the budget lasts, and at most
 * ATTEMPTS_MAX. */
#define ATTEMPTS_MIN 3
#define ATTEMPTS_MAX 100

gboolean
shm_shareable_list_try_copy (ShmList *list,
                             guint64 first,
                             guint64 n_values,
                             ShmListCopy *copy,
                             ShmListRetry *retry,
                             ShmFault *fault)
{
  retry->budget_before = retry->budget;
  retry->since = g_get_monotonic_time ();

  return shm_list_copy (list, first, n_values, copy, &retry->budget, fault);
}

gboolean
shm_shareable_list_should_retry (ShmList *list, const ShmFault *fault, ShmListRetry *retry)
{
  ShmFault ignored;

  if (fault->step != SHM_STEP_LIST_ITEM)
    return FALSE;

  /* Charge repeated attempts as a whole, and not only the waiting in them. */
  if (retry->attempts > 0)
    {
      retry->budget = retry->budget_before;
      shm_list_budget_charge (&retry->budget, &retry->since);
    }
  if (++retry->attempts > ATTEMPTS_MAX
      || (retry->attempts > ATTEMPTS_MIN && retry->budget.usec_left <= 0))
    return FALSE;

  return shm_list_await_valid (list, fault->detail, &retry->budget, &ignored);
}

static gpointer
convert_once (ShmList *list,
              guint64 first,
              guint64 n_values,
              ShmListConvert convert,
              GCancellable *cancellable,
              ShmListRetry *retry,
              ShmFault *fault)
{
  g_auto (ShmListCopy) copy = { .memory = NULL };
  gpointer result;
  guint64 index = first;

  if (!shm_shareable_list_try_copy (list, first, n_values, &copy, retry, fault))
    return NULL;

  result = convert (&copy.parts, &index, cancellable);
  if (result == NULL && index == SHM_LIST_NO_MEMORY)
    shm_fault_set (fault, SHM_STEP_READ, ENOMEM);
  else if (result == NULL)
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
  ShmListRetry retry;
  gpointer result;
  ShmFault fault;

  if (list == NULL)
    return NULL;

  shm_shareable_list_retry_init (&retry, n_values);
  do
    {
      result = convert_once (list, first, n_values, convert, cancellable, &retry, &fault);
      if (result == NULL && shm_cancel_set_error (cancellable, error))
        return NULL;
    }
  while (result == NULL && shm_shareable_list_should_retry (list, &fault, &retry));

  if (result == NULL)
    shm_shareable_list_fail (self, &fault, error);

  return result;
}

/* A loop over many values calls this function before value @i. Returns TRUE if the operation was
 * cancelled and the loop has to stop. To save time, checks @cancellable only if @i is a multiple of
 * SHM_LIST_CANCEL_INTERVAL. */
static inline gboolean
is_cancelled_at (guint64 i, GCancellable *cancellable)
{
  return i % SHM_LIST_CANCEL_INTERVAL == 0 && shm_cancel_check (cancellable);
}

/* Returns whether there is enough memory for all values as GVariants. GVariant cannot report a lack
 * of memory, so try to allocate as much in advance. */
static gboolean
has_memory_for_variants (const ShmListParts *parts)
{
  const guint64 size = VARIANT_SIZE * parts->n_items + 2 * (parts->data_to - parts->data_from) + 1;
  g_autofree gpointer memory = size <= G_MAXSIZE ? g_try_malloc (size) : NULL;

  return memory != NULL;
}

static gpointer
convert_to_variant (const ShmListParts *parts, guint64 *index, GCancellable *cancellable)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  if (!has_memory_for_variants (parts))
    {
      *index = SHM_LIST_NO_MEMORY;
      return NULL;
    }

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
  g_autofree char *formats = g_try_malloc (8 * parts->n_items + 1);
  char *end = formats;
  char format[9];

  if (formats == NULL)
    {
      *index = SHM_LIST_NO_MEMORY;
      return NULL;
    }

  *end = '\0';
  for (guint64 i = 0; i < parts->n_items; i++)
    {
      *index = parts->first + i;
      if (is_cancelled_at (i, cancellable) || !shm_list_get_format (parts, *index, format))
        return NULL;
      end = g_stpcpy (end, format);
    }

  return g_steal_pointer (&formats);
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
  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

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
  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  shm_work_return_val_if_invalid (self, result, shm_shareable_list_copy_values_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
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
  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

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
  g_autoptr (GVariant) format = NULL;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  shm_work_return_val_if_invalid (self, result, shm_shareable_list_get_format_async, error, NULL);

  format = g_task_propagate_pointer (G_TASK (result), error);

  return format != NULL ? g_variant_dup_string (format, NULL) : NULL;
}

/* Searching */

/* How many items to search at once in shared memory, and how often to try it if other processes
 * write to the list in the meantime. Then the function searches a copy, which takes longer. */
#define SCAN_LENGTH   1024
#define SCAN_ATTEMPTS 3

typedef struct
{
  ShmListScan scan;
  guint64 first;    /* index of the first value to compare */
  guint64 count;    /* the number of equal values */
  guint64 index;    /* index of the last equal value */
  gboolean is_done; /* whether no more values need to be compared */
} Search;

/* Compares the values of one chunk of the list in shared memory, beginning with the value at
 * @index, and advances @index. Returns FALSE if that was not possible. */
static gboolean
scan_chunk (ShmList *list, guint64 *index, Search *search)
{
  const guint64 end = MIN (*index + SCAN_LENGTH, list->layout.n_items);

  for (int i = 0; i < SCAN_ATTEMPTS; i++)
    if (shm_list_scan (list, *index, end, &search->scan, &search->count, &search->index))
      {
        search->is_done = search->scan.stops_at_first && search->count > 0;
        *index = end;
        return TRUE;
      }

  return FALSE;
}

/* Compares the values of one chunk in a copy, beginning with the value at @index. Advances @index
 * to the next value to compare. If a value is invalid, fails, and @index is the index of that
 * value. */
static gboolean
search_chunk (ShmList *list, guint64 *index, Search *search, ShmListRetry *retry, ShmFault *fault)
{
  g_auto (ShmListCopy) copy = { .memory = NULL };
  const guint64 end = *index + shm_list_get_chunk (list, *index);
  ShmListValue value;

  if (!shm_shareable_list_try_copy (list, *index, end - *index, &copy, retry, fault))
    return FALSE;

  for (; *index < end && !search->is_done; ++*index)
    {
      if (!shm_list_get_value (&copy.parts, *index, &value))
        return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, *index);
      if (shm_list_scan_matches (&search->scan, &value))
        {
          search->count++;
          search->index = *index;
          search->is_done = search->scan.stops_at_first;
        }
    }

  return TRUE;
}

static gboolean
search_chunks (ShmShareableList *self,
               ShmList *list,
               Search *search,
               GCancellable *cancellable,
               GError **error)
{
  const gboolean can_scan = shm_list_can_scan (list, &search->scan);
  ShmListRetry retry;
  guint64 index = search->first;
  ShmFault fault;

  shm_shareable_list_retry_init (&retry, list->layout.n_items);
  while (index < list->layout.n_items && !search->is_done)
    {
      if (shm_cancel_set_error (cancellable, error))
        return FALSE;
      if (!(can_scan && scan_chunk (list, &index, search))
          && !search_chunk (list, &index, search, &retry, &fault)
          && !shm_shareable_list_should_retry (list, &fault, &retry))
        return shm_shareable_list_fail (self, &fault, error);
    }

  return TRUE;
}

/* Searches for values that equal @variant, which must not be floating. */
static gboolean
search_list (ShmShareableList *self,
             GVariant *variant,
             Search *search,
             GCancellable *cancellable,
             GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  g_autoptr (GVariant) holder = NULL;

  if (list == NULL || !shm_value_from_variant (variant, &search->scan.wanted[0], &holder, error))
    return FALSE;

  search->scan.n_wanted = 1;

  return search_chunks (self, list, search, cancellable, error);
}

/* Counting */

/**
 * shm_shareable_list_count:
 * @self: a list
 * @value: the value to look for
 * @error: return location for an error
 *
 * Counts the values of the list that are equal to @value. If @value is floating, it is consumed.
 *
 * The table in the section [Values](class.ShareableList.html#values) shows which types of #GVariant
 * are accepted. Two numbers are equal if they have the same value, even if one of them is an
 * integer and the other is a floating-point number. A boolean never equals a number, unlike
 * `True == 1` in Python. A text equals only a text, and bytes equal only bytes. A NaN equals no
 * value.
 *
 * If another process replaces a value during the call, the function compares either the old value
 * or the new value.
 *
 * The call takes time in proportion to the size of the list;
 * [method@Shm.ShareableList.count_async] does not block the caller during this time.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] or [error@Shm.Error.OUT_OF_RANGE] if @value cannot be in a list.
 *
 * Returns: the number of values; 0 if it fails, with @error set
 *
 * Since: 1.0
 */
guint64
shm_shareable_list_count (ShmShareableList *self, GVariant *value, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  Search search = { .count = 0 };

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), 0);
  g_return_val_if_fail (value != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  sunk = g_variant_ref_sink (value);

  return search_list (self, sunk, &search, NULL, error) ? search.count : 0;
}

static GVariant *
run_count (ShmListCall *call, GCancellable *cancellable, GError **error)
{
  Search search = { .count = 0 };

  if (!search_list (call->list, call->value, &search, cancellable, error))
    return NULL;

  return g_variant_ref_sink (g_variant_new_uint64 (search.count));
}

/**
 * shm_shareable_list_count_async:
 * @self: a list
 * @value: the value to look for
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Counts values in a thread. It is the asynchronous form of [method@Shm.ShareableList.count].
 *
 * If @value is floating, it is consumed. @callback is called in the thread-default main context of
 * the caller.
 *
 * Since: 1.0
 */
void
shm_shareable_list_count_async (ShmShareableList *self,
                                GVariant *value,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (value != NULL);

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_call (self, run_count, 0, value, shm_shareable_list_count_async,
                                 cancellable, callback, user_data);
}

/**
 * shm_shareable_list_count_finish:
 * @self: a list
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation that [method@Shm.ShareableList.count_async] started.
 *
 * It fails as [method@Shm.ShareableList.count] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: the number of values; 0 if it fails, with @error set
 *
 * Since: 1.0
 */
guint64
shm_shareable_list_count_finish (ShmShareableList *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) count = NULL;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), 0);
  shm_work_return_val_if_invalid (self, result, shm_shareable_list_count_async, error, 0);

  count = g_task_propagate_pointer (G_TASK (result), error);

  return count != NULL ? g_variant_get_uint64 (count) : 0;
}

/* Finding */

static void
set_not_found_error (ShmShareableList *self, GVariant *value, GError **error)
{
  g_autofree char *block = shm_error_describe_block (shm_shareable_list_get_block_name (self));
  g_autofree char *text
      = g_variant_get_size (value) <= 100 ? g_variant_print (value, FALSE) : g_strdup ("The value");

  g_set_error (error, SHM_ERROR, SHM_ERROR_VALUE_NOT_FOUND, "%s is not in the list in block %s",
               text, block);
}

gboolean
shm_shareable_list_search_from (ShmShareableList *self,
                                guint64 first,
                                const ShmListScan *scan,
                                guint64 *count,
                                guint64 *index,
                                GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  Search search = { .scan = *scan, .first = first };

  if (list == NULL || !search_chunks (self, list, &search, NULL, error))
    return FALSE;

  *count += search.count;
  if (search.count > 0)
    *index = search.index;

  return TRUE;
}

/* @value must not be floating. */
static gboolean
find (ShmShareableList *self,
      GVariant *value,
      guint64 *index,
      GCancellable *cancellable,
      GError **error)
{
  Search search = { .scan.stops_at_first = TRUE };

  if (!search_list (self, value, &search, cancellable, error))
    return FALSE;

  *index = search.index;
  if (search.count == 0)
    set_not_found_error (self, value, error);

  return search.count != 0;
}

/**
 * shm_shareable_list_find:
 * @self: a list
 * @value: the value to look for
 * @index: (out) (optional): return location for the index of the first value that is equal
 * @error: return location for an error
 *
 * Finds the first value of the list that is equal to @value. If @value is floating, it is consumed.
 *
 * Values are compared as in [method@Shm.ShareableList.count]. The call takes time in proportion to
 * the size of the list; [method@Shm.ShareableList.find_async] does not block the caller during this
 * time.
 *
 * It fails as [method@Shm.ShareableList.count] does, and with [error@Shm.Error.VALUE_NOT_FOUND] if
 * no value of the list is equal to @value. If it fails, @index is 0.
 *
 * Returns: %TRUE if the value was found, %FALSE with @error set if not
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_find (ShmShareableList *self, GVariant *value, guint64 *index, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  guint64 ignored;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  sunk = g_variant_ref_sink (value);
  if (index == NULL)
    index = &ignored;
  *index = 0;

  return find (self, sunk, index, NULL, error);
}

static GVariant *
run_find (ShmListCall *call, GCancellable *cancellable, GError **error)
{
  guint64 index;

  if (!find (call->list, call->value, &index, cancellable, error))
    return NULL;

  return g_variant_ref_sink (g_variant_new_uint64 (index));
}

/**
 * shm_shareable_list_find_async:
 * @self: a list
 * @value: the value to look for
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the operation has ended
 * @user_data: data for @callback
 *
 * Finds a value in a thread. It is the asynchronous form of [method@Shm.ShareableList.find].
 *
 * If @value is floating, it is consumed. @callback is called in the thread-default main context of
 * the caller.
 *
 * Since: 1.0
 */
void
shm_shareable_list_find_async (ShmShareableList *self,
                               GVariant *value,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (value != NULL);

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  shm_shareable_list_start_call (self, run_find, 0, value, shm_shareable_list_find_async,
                                 cancellable, callback, user_data);
}

/**
 * shm_shareable_list_find_finish:
 * @self: a list
 * @result: the result that the callback received
 * @index: (out) (optional): return location for the index of the first value that is equal
 * @error: return location for an error
 *
 * Finishes an operation that [method@Shm.ShareableList.find_async] started.
 *
 * It fails as [method@Shm.ShareableList.find] does, with `G_IO_ERROR_CANCELLED`, and with
 * [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: %TRUE if the value was found, %FALSE with @error set if not
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_find_finish (ShmShareableList *self,
                                GAsyncResult *result,
                                guint64 *index,
                                GError **error)
{
  g_autoptr (GVariant) found = NULL;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_shareable_list_find_async, error, FALSE);

  found = g_task_propagate_pointer (G_TASK (result), error);

  if (index != NULL)
    *index = found != NULL ? g_variant_get_uint64 (found) : 0;

  return found != NULL;
}
