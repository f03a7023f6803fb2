/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes values in marshal format and in columns. The library must reject the input, or create a
 * list with the same values.
 *
 * If the input does not begin like a list, its first 3 bytes say which byte of the rest to change,
 * and how. The fuzzer changes this byte while the list is being created. */

#include <shmobj/shmobj.h>

#include "core/shm-list-columns.h"
#include "core/shm-list-marshal.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static gboolean
is_same (const ShmListValue *a, const ShmListValue *b)
{
  if (a->kind != b->kind)
    return FALSE;
  if (a->kind == SHM_VALUE_KIND_DOUBLE)
    return memcmp (&a->number, &b->number, sizeof a->number) == 0;

  return shm_list_value_equal (a, b);
}

static guint8 *
make_block (const ShmListLayout *layout)
{
  return g_malloc0 (shm_list_size (layout));
}

/* Checks that the list has the values of the unmarshaller. */
static void
compare (ShmListUnmarshaller *unmarshaller, const ShmListParts *parts)
{
  ShmListSource *source = &unmarshaller->source;

  source->rewind (source);
  for (guint64 i = 0; i < source->n_items; i++)
    {
      ShmListValue marshalled;
      ShmListValue stored;

      g_assert_true (source->next (source, &marshalled));
      g_assert_true (shm_list_get_value (parts, i, &stored));
      g_assert_true (is_same (&marshalled, &stored));
    }
}

/* Checks the same for the list without its trailer, as CPython reads it. Long values are not
 * compared: without length records, their trailing NULs can be lost. */
static void
compare_without_trailer (ShmListUnmarshaller *unmarshaller,
                         const guint8 *bytes,
                         ShmListLayout layout)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, shm_list_cpython_size (&layout));
  ShmListSource *source = &unmarshaller->source;
  ShmListLayout found;
  ShmListParts parts;

  g_assert_true (shm_list_inspect (copy, shm_list_cpython_size (&layout), &found)
                 == SHM_LIST_COMPLETE);
  g_assert_true (found.n_items == layout.n_items && found.data_size == layout.data_size);
  g_assert_true (!found.has_trailer);

  shm_list_find_parts (copy, &found, &parts);
  source->rewind (source);
  for (guint64 i = 0; i < source->n_items; i++)
    {
      ShmListValue marshalled;
      ShmListValue stored;

      g_assert_true (source->next (source, &marshalled));
      if (marshalled.length < SHM_LIST_RECORD_SLOT_MIN)
        g_assert_true (shm_list_get_value (&parts, i, &stored) && is_same (&marshalled, &stored));
    }
}

/* Checks the list, marshals it, and checks that the result describes the same list. */
static void
round_trip (ShmListUnmarshaller *unmarshaller, guint8 *bytes, const ShmListLayout *layout)
{
  g_autoptr (GBytes) marshalled = NULL;
  g_autoptr (GBytes) again = NULL;
  ShmListUnmarshaller second;
  ShmListLayout found;
  ShmListParts parts;
  guint64 index;
  gsize length;

  g_assert_true (shm_list_inspect (bytes, shm_list_size (layout), &found) == SHM_LIST_COMPLETE);
  g_assert_true (memcmp (&found, layout, sizeof found) == 0);
  shm_list_find_parts (bytes, &found, &parts);
  compare (unmarshaller, &parts);
  compare_without_trailer (unmarshaller, bytes, found);

  marshalled = shm_list_marshal (&parts, &index);
  g_assert_true (marshalled != NULL);
  g_assert_true (shm_list_unmarshal_list (&second, g_bytes_get_data (marshalled, &length),
                                          g_bytes_get_size (marshalled)));
  g_assert_true (length == 0 || second.source.n_items == found.n_items);
  compare (&second, &parts);
  again = shm_list_marshal (&parts, &index);
  g_assert_true (g_bytes_equal (marshalled, again));
}

static gboolean
put_in_block (guint64 offset, gconstpointer bytes, gsize length, gpointer block, ShmFault *fault)
{
  memcpy ((guint8 *) block + offset, bytes, length);

  return TRUE;
}

static void
use_list (const guint8 *bytes, gsize size)
{
  g_autofree guint8 *block = NULL;
  ShmListUnmarshaller unmarshaller;
  ShmListLayout layout;
  ShmFault fault;

  if (!shm_list_unmarshal_list (&unmarshaller, bytes, size))
    {
      g_assert_true (unmarshaller.has_failed && unmarshaller.errnum != 0);
      return;
    }
  if (!shm_list_measure (&unmarshaller.source, &layout, &fault))
    {
      g_assert_true (fault.step == SHM_STEP_LIST_VALUE);
      g_assert_true (fault.errnum == (unmarshaller.has_failed ? ECANCELED : fault.errnum));
      return;
    }

  block = make_block (&layout);
  g_assert_true (shm_list_fill (&unmarshaller.source, &layout, put_in_block, block, &fault));
  round_trip (&unmarshaller, block, &layout);
}

/* Changes the values of the source while the list is being created. Creation can fail, but must not
 * write outside the block. */
static void
use_changing_list (const guint8 *bytes, gsize size, gsize at, guint8 change)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, size);
  g_autofree guint8 *block = NULL;
  ShmListUnmarshaller unmarshaller;
  ShmListLayout layout;
  ShmListLayout found;
  ShmFault fault;

  if (!shm_list_unmarshal_list (&unmarshaller, copy, size)
      || !shm_list_measure (&unmarshaller.source, &layout, &fault))
    return;

  copy[at % size] ^= change;
  block = make_block (&layout);
  if (shm_list_fill (&unmarshaller.source, &layout, put_in_block, block, &fault))
    g_assert_true (shm_list_inspect (block, shm_list_size (&layout), &found) == SHM_LIST_COMPLETE);
  else
    g_assert_true (fault.errnum == ESTALE || fault.errnum == ECANCELED);
}

/* Uses the input as columns. To find more faults, first writes a valid mark. */
static void
use_columns (const guint8 *bytes, gsize size)
{
  const double mark = SHM_LIST_COLUMNS_MARK;
  g_autofree guint8 *copy = g_memdup2 (bytes, size);
  g_autofree guint8 *block = NULL;
  g_autoptr (GBytes) again = NULL;
  ShmListColumns columns;
  ShmListLayout layout;
  ShmListParts parts;
  guint64 index;
  ShmFault fault;

  memcpy (copy, &mark, MIN (size, sizeof mark));
  if (!shm_list_columns_init (&columns, copy, size)
      || !shm_list_measure (&columns.source, &layout, &fault))
    return;

  block = make_block (&layout);
  g_assert_true (shm_list_fill (&columns.source, &layout, put_in_block, block, &fault));
  shm_list_find_parts (block, &layout, &parts);
  again = shm_list_to_columns (&parts, &index);
  g_assert_true (again != NULL);
  g_assert_true (
      shm_list_columns_init (&columns, g_bytes_get_data (again, NULL), g_bytes_get_size (again)));
  columns.source.rewind (&columns.source);
  for (guint64 i = 0; i < columns.source.n_items; i++)
    {
      ShmListValue value;
      ShmListValue stored;

      g_assert_true (columns.source.next (&columns.source, &value));
      g_assert_true (shm_list_get_value (&parts, i, &stored));
      g_assert_true (is_same (&value, &stored));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autofree guint8 *bytes = g_memdup2 (data, size);

  if (size == 0)
    return 0;

  use_columns (bytes, size);
  if (bytes[0] == '[' || bytes[0] == '(' || size < 4)
    use_list (bytes, size);
  else
    use_changing_list (bytes + 3, size - 3, bytes[0] | bytes[1] << 8, bytes[2]);

  return 0;
}
