/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many values of a ShmShareableList at once: all of these look at private copies. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "core/shm-list-marshal.h"
#include "shm-error-private.h"

#include <errno.h>

/* How often, and after the first few times how long, to copy once more because a value makes no
 * sense in a copy, but does when it is read alone. */
#define ATTEMPTS_MIN  3
#define ATTEMPTS_MAX  100
#define PATIENCE_USEC G_USEC_PER_SEC

typedef struct
{
  int attempts;
  gint64 deadline;
} Patience;

/* A value in a copy made no sense. CPython may be writing it just now: reading it alone waits for
 * that, or says that it is corrupt. */
static gboolean
await_sense (ShmList *list, const ShmFault *fault, Patience *patience)
{
  g_auto (ShmListItem) item = { .many = NULL };
  ShmFault ignored;

  if (fault->step != SHM_STEP_LIST_ITEM)
    return FALSE;

  if (patience->attempts++ == 0)
    patience->deadline = g_get_monotonic_time () + PATIENCE_USEC;
  else if (patience->attempts > ATTEMPTS_MAX
           || (patience->attempts > ATTEMPTS_MIN && g_get_monotonic_time () >= patience->deadline))
    return FALSE;

  return shm_list_read (list, fault->detail, &item, &ignored);
}

typedef struct
{
  ShmListValue wanted;
  gboolean is_for_first;
  guint64 count;
  guint64 index; /* of the last that was found */
  gboolean is_over;
} Search;

/* Visits the values from @index on up to the end of a piece, or one that makes no sense. */
static gboolean
visit_piece (ShmList *list, guint64 *index, Search *search, ShmFault *fault)
{
  g_auto (ShmListCopy) copy = { .memory = NULL };
  const guint64 end = *index + shm_list_get_piece (list, *index);
  ShmListValue value;

  if (!shm_list_copy (list, *index, end - *index, &copy, fault))
    return FALSE;

  for (; *index < end && !search->is_over; ++*index)
    {
      if (!shm_list_get (&copy.parts, *index, &value))
        return shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, *index);
      if (shm_list_value_equal (&value, &search->wanted))
        {
          search->count++;
          search->index = *index;
          search->is_over = search->is_for_first;
        }
    }

  return TRUE;
}

/* One by one, as CPython does it, but from copies of many at once. */
static gboolean
visit_all (ShmShareableList *self, ShmList *list, Search *search, GError **error)
{
  Patience patience = { .attempts = 0 };
  guint64 index = 0;
  ShmFault fault;

  while (index < list->layout.n_items && !search->is_over)
    if (!visit_piece (list, &index, search, &fault) && !await_sense (list, &fault, &patience))
      return shm_shareable_list_fail (self, &fault, error);

  return TRUE;
}

/* @variant is sunk by the caller, and kept while its value is looked for. */
static gboolean
search_for (ShmShareableList *self, GVariant *variant, Search *search, GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  g_autoptr (GVariant) holder = NULL;

  return list != NULL && shm_value_from_variant (variant, &search->wanted, &holder, error)
         && visit_all (self, list, search, error);
}

/**
 * shm_shareable_list_count:
 * @self: a list
 * @value: a value
 * @error: return location for an error
 *
 * Counts how often a value is in the list. If @value is floating, it is consumed.
 *
 * The value is given as in [ctor@Shm.ShareableList.create]. Numbers are equal if their values are,
 * whole or not; truth values are no
 * numbers here, though `True == 1` in Python; text equals text and bytes equal bytes. A NaN
 * equals nothing. Each value is looked at whole; values that are written meanwhile count as they
 * were or as they are.
 *
 * It fails as [method@Shm.ShareableList.get_value_kind] does, and with
 * [error@Shm.Error.TYPE_MISMATCH] or [error@Shm.Error.OUT_OF_RANGE] for what can't be in a list.
 *
 * Returns: how often it is there; 0 on error, and @error says which it is
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

  return search_for (self, sunk, &search, error) ? search.count : 0;
}

static void
set_not_found_error (ShmShareableList *self, GVariant *value, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  g_autofree char *block
      = shm_error_describe_block (shm_shared_memory_get_name (priv->shared_memory));
  g_autofree char *text
      = g_variant_get_size (value) <= 100 ? g_variant_print (value, FALSE) : g_strdup ("The value");

  g_set_error (error, SHM_ERROR, SHM_ERROR_VALUE_NOT_FOUND, "%s is not in the list in block %s",
               text, block);
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
 * Values are compared as in [method@Shm.ShareableList.count].
 *
 * It fails as [method@Shm.ShareableList.count] does, and with [error@Shm.Error.VALUE_NOT_FOUND] if
 * no value of the list is equal to @value. @index is 0 then.
 *
 * Returns: %TRUE if the value was found, %FALSE with @error set if not
 *
 * Since: 1.0
 */
gboolean
shm_shareable_list_find (ShmShareableList *self, GVariant *value, guint64 *index, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  Search search = { .is_for_first = TRUE };
  gboolean is_found;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  sunk = g_variant_ref_sink (value);
  if (index != NULL)
    *index = 0;
  if (!search_for (self, sunk, &search, error))
    return FALSE;

  is_found = search.count != 0;
  if (!is_found)
    set_not_found_error (self, sunk, error);
  else if (index != NULL)
    *index = search.index;

  return is_found;
}

/* Something made of a private copy, or NULL and the index of a value that makes no sense. */
typedef gpointer (*Convert) (const ShmListParts *parts, guint64 *index);

static gpointer
convert_once (ShmList *list, guint64 first, guint64 n_values, Convert convert, ShmFault *fault)
{
  g_auto (ShmListCopy) copy = { .memory = NULL };
  gpointer result;
  guint64 index;

  if (!shm_list_copy (list, first, n_values, &copy, fault))
    return NULL;

  result = convert (&copy.parts, &index);
  if (result == NULL)
    shm_fault_set_detail (fault, SHM_STEP_LIST_ITEM, EBADMSG, index);

  return result;
}

static gpointer
convert_values (ShmShareableList *self,
                guint64 first,
                guint64 n_values,
                Convert convert,
                GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  Patience patience = { .attempts = 0 };
  gpointer result;
  ShmFault fault;

  if (list == NULL)
    return NULL;

  do
    result = convert_once (list, first, n_values, convert, &fault);
  while (result == NULL && await_sense (list, &fault, &patience));

  if (result == NULL)
    shm_shareable_list_fail (self, &fault, error);

  return result;
}

static gpointer
convert_to_variant (const ShmListParts *parts, guint64 *index)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint64 i = 0; i < parts->n_items; i++)
    {
      ShmListValue value;

      *index = parts->first + i;
      if (!shm_list_get (parts, *index, &value))
        return NULL;
      g_variant_builder_add (&builder, "v", shm_value_to_variant (&value));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gpointer
convert_to_packed (const ShmListParts *parts, guint64 *index)
{
  return shm_list_pack (parts, index);
}

static gpointer
convert_to_format (const ShmListParts *parts, guint64 *index)
{
  g_autoptr (GString) formats = g_string_sized_new (8 * parts->n_items);
  char format[9];

  for (guint64 i = 0; i < parts->n_items; i++)
    {
      *index = parts->first + i;
      if (!shm_list_get_format (parts, *index, format))
        return NULL;
      g_string_append (formats, format);
    }

  return g_string_free (g_steal_pointer (&formats), FALSE);
}

/**
 * shm_shareable_list_get_format:
 * @self: a list
 * @error: return location for an error
 *
 * Gets the formats of all values, one after the other, as Python's `struct` module knows them and as
 * the `format` of CPython's class is: `q`, `d`, `xxxxxxx?` for a truth value, `xxxxxx?x` for
 * nothing, and `8s`, `16s` and so on, which is the size of its slot, for text and bytes.
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

  return convert_values (self, 0, shm_shareable_list_get_length (self), convert_to_format, error);
}

/**
 * shm_shareable_list_copy_values:
 * @self: a list
 * @error: return location for an error
 *
 * Copies all values, as they are at one moment, into an array of type `av`; each is as
 * [method@Shm.ShareableList.get_value] gives it.
 *
 * Only if the list was attached to read-only, and others write without a pause, they can be of
 * different moments; each of them is whole even then.
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

  return convert_values (self, 0, shm_shareable_list_get_length (self), convert_to_variant, error);
}

/**
 * shm_shareable_list_copy_packed:
 * @self: a list
 * @first: the first value
 * @n_values: how many values
 * @error: return location for an error
 *
 * Copies values, as they are at one moment, in Python's marshal format, which
 * [ctor@Shm.ShareableList.create_packed] describes; meant for bindings, which read that faster
 * than a #GVariant.
 *
 * It fails as [method@Shm.ShareableList.copy_values] does, and with
 * [error@Shm.Error.OUT_OF_RANGE] if there are not so many values.
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
  guint64 length;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  length = shm_shareable_list_get_length (self);
  if (first > length || n_values > length - first)
    {
      shm_shareable_list_fail (self,
                               &(ShmFault){ SHM_STEP_LIST_INDEX, ERANGE, MAX (first, length) },
                               error);
      return NULL;
    }

  return convert_values (self, first, n_values, convert_to_packed, error);
}

/**
 * shm_shareable_list_snapshot:
 * @self: a list
 * @error: return location for an error
 *
 * Copies the memory of the list, as it is at one moment, in CPython's layout: the number of values
 * N, N + 1 offsets, the slots, N formats of 8 bytes, N codes. It is private, and stays as it is.
 *
 * The formats of text and bytes that end in NULs have white space behind them, which `struct`
 * ignores. How long such a value is, if it has 1000 bytes or more and many NULs, is not in the copy.
 * The bytes are not checked; a list that another process has corrupted gives what it has.
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
  ShmList *list;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  list = shm_shareable_list_get_open (self, FALSE, error);
  if (list == NULL)
    return NULL;

  if (!shm_list_copy (list, 0, list->layout.n_items, &copy, &fault))
    {
      shm_shareable_list_fail (self, &fault, error);
      return NULL;
    }

  return g_bytes_new_take (g_steal_pointer (&copy.memory), copy.size);
}

/**
 * shm_shareable_list_get_layout:
 * @self: a list
 * @slots_offset: (out): where the slots begin
 * @entries_offset: (out): where the formats begin
 * @codes_offset: (out): where the codes begin
 * @counter_offset: (out): where the change counter is, or 0 if there is none
 *
 * Says where in the block the parts of the list are, in bytes; for bindings that read values from
 * the memory themselves. [What is in the memory](memory.html) says what the parts are, and what a
 * reader has to do to read whole values.
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
  *slots_offset = shm_list_data_at (layout);
  *entries_offset = shm_list_entries_at (layout);
  *codes_offset = shm_list_codes_at (layout);
  *counter_offset = layout->has_trailer
                        ? shm_list_trailer_at (layout) + G_STRUCT_OFFSET (ShmListTrailer, counter)
                        : 0;
}
