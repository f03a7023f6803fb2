/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Measures lists from C. Prints the median time of a call for one value. For calls that use many
 * values, also prints the time per value. bench.py compares lists with CPython. */

#include <shmobj/shmobj.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define CALLS  200000

static ShmShareableList *list; /* one value of each kind */
static ShmShareableList *numbers;
static GVariant *values; /* the values of @numbers */
static guint64 length;
static volatile gint64 sink;

enum
{
  AN_INT64,
  A_DOUBLE,
  A_BOOLEAN,
  A_TEXT,
  A_LONG_TEXT,
  SOME_BYTES,
  NOTHING
};

static void
check_call (gboolean good)
{
  if (!good)
    {
      g_printerr ("a measured call failed\n");
      abort ();
    }
}

/* One value */

#define GET(name, kind, index)                                                                     \
  static void name (void) { sink += shm_shareable_list_get_##kind (list, index, NULL); }

#define SET(name, kind, index, value)                                                              \
  static void name (void) { check_call (shm_shareable_list_set_##kind (list, index, value, NULL)); }

#define LONG_TEXT                                                                                  \
  "a text that has a hundred bytes, or thereabouts, as a line of a log or a name of a file may "   \
  "have"

GET (get_int64, int64, AN_INT64)
GET (get_double, double, A_DOUBLE)
GET (get_boolean, boolean, A_BOOLEAN)
GET (get_kind, value_kind, NOTHING)
SET (set_int64, int64, AN_INT64, sink)
SET (set_double, double, A_DOUBLE, 2.5)
SET (set_boolean, boolean, A_BOOLEAN, TRUE)
SET (set_text, string, A_TEXT, "howdy")
SET (set_long_text, string, A_LONG_TEXT, LONG_TEXT)

static void
get_text (void)
{
  g_free (shm_shareable_list_get_string (list, A_TEXT, NULL));
}

static void
get_long_text (void)
{
  g_free (shm_shareable_list_get_string (list, A_LONG_TEXT, NULL));
}

static void
get_bytes (void)
{
  g_bytes_unref (shm_shareable_list_get_bytes (list, SOME_BYTES, NULL));
}

static void
get_any (void)
{
  g_variant_unref (shm_shareable_list_get_value (list, A_TEXT, NULL));
}

static void
set_bytes (void)
{
  static GBytes *bytes = NULL;

  if (bytes == NULL)
    bytes = g_bytes_new_static ("HoWdY", 5);
  check_call (shm_shareable_list_set_bytes (list, SOME_BYTES, bytes, NULL));
}

static void
set_nothing (void)
{
  check_call (shm_shareable_list_set_none (list, NOTHING, NULL));
}

/* Many values */

static void
create (void)
{
  g_object_unref (shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL));
}

static void
attach (void)
{
  ShmSharedMemory *shm = shm_shareable_list_get_shared_memory (numbers);

  g_object_unref (shm_shareable_list_attach (shm_shared_memory_get_name (shm), 0, NULL));
}

static void
iterate (void)
{
  for (guint64 i = 0; i < length; i++)
    sink += shm_shareable_list_get_int64 (numbers, i, NULL);
}

static void
find_last (void)
{
  sink += shm_shareable_list_find (numbers, g_variant_new_int64 (length - 1), NULL, NULL);
}

static void
count (void)
{
  sink += shm_shareable_list_count (numbers, g_variant_new_int64 (length - 1), NULL);
}

static void
copy_values (void)
{
  g_variant_unref (shm_shareable_list_copy_values (numbers, NULL));
}

static void
copy_packed (void)
{
  g_bytes_unref (shm_shareable_list_copy_packed (numbers, 0, length, NULL));
}

static void
snapshot (void)
{
  g_bytes_unref (shm_shareable_list_snapshot (numbers, NULL));
}

/* Measuring */

static gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

static int
compare_doubles (const void *a, const void *b)
{
  const double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

/* Returns the median time of a call in nanoseconds. */
static double
measure (void (*call) (void), int calls)
{
  double rounds[ROUNDS];

  for (int round = 0; round < ROUNDS; round++)
    {
      const gint64 begin = now ();

      for (int i = 0; i < calls; i++)
        call ();
      rounds[round] = (double) (now () - begin) / calls;
    }
  qsort (rounds, ROUNDS, sizeof *rounds, compare_doubles);

  return rounds[ROUNDS / 2];
}

static void
measure_one (const char *title, void (*get) (void), void (*set) (void))
{
  g_print ("%-22s %8.1f", title, measure (get, CALLS));
  if (set != NULL)
    g_print (" %8.1f", measure (set, CALLS));
  g_print ("\n");
}

static void
measure_many (guint64 n)
{
  const struct
  {
    const char *title;
    void (*call) (void);
  } calls[] = {
    { "create", create },
    { "attach", attach },
    { "get each", iterate },
    { "find the last value", find_last },
    { "count", count },
    { "copy_values", copy_values },
    { "copy_packed", copy_packed },
    { "snapshot", snapshot },
  };
  g_autofree gint64 *integers = g_new (gint64, n);

  length = n;
  for (guint64 i = 0; i < n; i++)
    integers[i] = i;
  values = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, integers, n, sizeof *integers));
  numbers = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  check_call (numbers != NULL);

  g_print ("\n%-29s %12s %12s\n", "a list of numbers, from C", "us", "ns per value");
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      const double time = measure (calls[i].call, n < 1000 ? 2000 : n < 100000 ? 20 : 1);

      g_print ("%8" G_GUINT64_FORMAT " %-20s %12.1f %12.1f\n", n, calls[i].title, time / 1000,
               time / n);
    }

  g_object_unref (numbers);
  g_variant_unref (values);
}

int
main (void)
{
  g_autoptr (GVariant) kinds = g_variant_ref_sink (
      g_variant_new_parsed ("(int64 1, 2.5, true, 'howdy', %s, b'HoWdY', @mv nothing)", LONG_TEXT));

  list = shm_shareable_list_create (kinds, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  check_call (list != NULL);

  g_print ("%-22s %8s %8s\n", "a value, from C (ns)", "get", "set");
  measure_one ("int64", get_int64, set_int64);
  measure_one ("double", get_double, set_double);
  measure_one ("boolean", get_boolean, set_boolean);
  measure_one ("text of 5 bytes", get_text, set_text);
  measure_one ("text of 96 bytes", get_long_text, set_long_text);
  measure_one ("bytes", get_bytes, set_bytes);
  measure_one ("nothing", get_kind, set_nothing);
  measure_one ("text as a GVariant", get_any, NULL);

  measure_many (7);
  measure_many (10000);
  measure_many (1000000);

  g_object_unref (list);

  return 0;
}
