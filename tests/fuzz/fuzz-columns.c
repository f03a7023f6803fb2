/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes values in columns. The library must reject the input, or create a list with the same
 * values.
 *
 * The first 3 bytes of the input say which byte of the rest to change, and how. The fuzzer changes
 * this byte while the list is being created. The rest are columns, without their first number. */

#include <shmobj/shmobj.h>

#include "core/shm-list-columns.h"

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

/* Checks that the list has the values of the source. */
static void
compare (ShmListSource *source, const ShmListParts *parts)
{
  source->rewind (source);
  for (guint64 i = 0; i < source->n_items; i++)
    {
      ShmListValue value;
      ShmListValue stored;

      g_assert_true (source->next (source, &value));
      g_assert_true (shm_list_get_value (parts, i, &stored));
      g_assert_true (is_same (&value, &stored));
    }
}

/* Checks the same for the list without its trailer, as CPython reads it. Long values are not
 * compared: without length records, their trailing NULs can be lost. */
static void
compare_without_trailer (ShmListSource *source, const guint8 *bytes, ShmListLayout layout)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, shm_list_cpython_size (&layout));
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
      ShmListValue value;
      ShmListValue stored;

      g_assert_true (source->next (source, &value));
      if (value.length < SHM_LIST_RECORD_SLOT_MIN)
        g_assert_true (shm_list_get_value (&parts, i, &stored) && is_same (&value, &stored));
    }
}

/* Checks the list, and checks that its columns describe the same list. */
static void
round_trip (ShmListSource *source, guint8 *bytes, const ShmListLayout *layout)
{
  g_autoptr (GBytes) copied = NULL;
  g_autoptr (GBytes) again = NULL;
  ShmListColumns second;
  ShmListLayout found;
  ShmListParts parts;
  guint64 index;
  gsize length;

  g_assert_true (shm_list_inspect (bytes, shm_list_size (layout), &found) == SHM_LIST_COMPLETE);
  g_assert_true (memcmp (&found, layout, sizeof found) == 0);
  shm_list_find_parts (bytes, &found, &parts);
  compare (source, &parts);
  compare_without_trailer (source, bytes, found);

  copied = shm_list_to_columns (&parts, &index);
  g_assert_true (copied != NULL);
  g_assert_true (shm_list_columns_init (&second, g_bytes_get_data (copied, &length),
                                        g_bytes_get_size (copied)));
  g_assert_true (second.source.n_items == found.n_items);
  compare (&second.source, &parts);
  again = shm_list_to_columns (&parts, &index);
  g_assert_true (g_bytes_equal (copied, again));
}

static gboolean
put_in_block (guint64 offset, gconstpointer bytes, gsize length, gpointer block, ShmFault *fault)
{
  memcpy ((guint8 *) block + offset, bytes, length);

  return TRUE;
}

/* Returns whether the columns can be read to their end, and fills @layout. */
static gboolean
read_columns (ShmListColumns *columns, const guint8 *bytes, gsize size, ShmListLayout *layout)
{
  ShmFault fault;

  if (!shm_list_columns_init (columns, bytes, size))
    {
      g_assert_true (columns->has_failed);
      return FALSE;
    }
  if (shm_list_measure (&columns->source, layout, &fault))
    return TRUE;

  g_assert_true (fault.step == SHM_STEP_LIST_VALUE);
  g_assert_true (!columns->has_failed || fault.errnum == ECANCELED);

  return FALSE;
}

static void
use_list (const guint8 *bytes, gsize size)
{
  g_autofree guint8 *block = NULL;
  ShmListColumns columns;
  ShmListLayout layout;
  ShmFault fault;

  if (!read_columns (&columns, bytes, size, &layout))
    return;

  block = make_block (&layout);
  g_assert_true (shm_list_fill (&columns.source, &layout, put_in_block, block, &fault));
  round_trip (&columns.source, block, &layout);
}

/* Changes the values of the source while the list is being created. Creation can fail, but must not
 * write outside the block. */
static void
use_changing_list (guint8 *bytes, gsize size, gsize at, guint8 change)
{
  g_autofree guint8 *block = NULL;
  ShmListColumns columns;
  ShmListLayout layout;
  ShmListLayout found;
  ShmFault fault;

  if (!read_columns (&columns, bytes, size, &layout))
    return;

  bytes[at % size] ^= change;
  block = make_block (&layout);
  if (shm_list_fill (&columns.source, &layout, put_in_block, block, &fault))
    g_assert_true (shm_list_inspect (block, shm_list_size (&layout), &found) == SHM_LIST_COMPLETE);
  else
    g_assert_true (fault.errnum == ESTALE || fault.errnum == ECANCELED);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  const double mark = SHM_LIST_COLUMNS_MARK;
  g_autofree guint8 *columns = NULL;
  const gsize length = sizeof mark + size - 3;

  if (size < 3)
    return 0;

  columns = g_malloc (length);
  memcpy (columns, &mark, sizeof mark);
  memcpy (columns + sizeof mark, data + 3, size - 3);
  use_list (columns, length);
  use_changing_list (columns, length, data[0] | data[1] << 8, data[2]);

  return 0;
}
