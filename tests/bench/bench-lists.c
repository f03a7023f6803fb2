/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "lists": values of lists from C. The limit of reading a number is an atomic load, and
 * the limit of writing it is an atomic store that orders memory as the store of a lock does. The
 * limit of other operations is the same work on an array of this process. */

#include "harness.h"
#include "peers.h"
#include "values.h"

#include <shmobj/shmobj.h>

#include <string.h>
#include <unistd.h>

static ShmShareableList *list; /* one value of each kind */
static GBytes *five_bytes;

static gint64 a_number;
static char a_buffer[128];

/* One value: the library */

BENCH (get_int, bench_result = shm_shareable_list_get_int64 (list, AN_INT, NULL))
BENCH (set_int, bench_check (shm_shareable_list_set_int64 (list, AN_INT, i, NULL)))
BENCH (get_double, bench_result = shm_shareable_list_get_double (list, A_DOUBLE, NULL))
BENCH (set_double, bench_check (shm_shareable_list_set_double (list, A_DOUBLE, 0.5, NULL)))
BENCH (get_boolean, bench_result = shm_shareable_list_get_boolean (list, A_BOOLEAN, NULL))
BENCH (set_boolean, bench_check (shm_shareable_list_set_boolean (list, A_BOOLEAN, TRUE, NULL)))
BENCH (get_text, g_free (shm_shareable_list_get_string (list, A_TEXT, NULL)))
BENCH (set_text, bench_check (shm_shareable_list_set_string (list, A_TEXT, "howdy", NULL)))
BENCH (get_long, g_free (shm_shareable_list_get_string (list, A_LONG_TEXT, NULL)))
BENCH (set_long, bench_check (shm_shareable_list_set_string (list, A_LONG_TEXT, LONG_TEXT, NULL)))
BENCH (get_bytes, g_bytes_unref (shm_shareable_list_get_bytes (list, SOME_BYTES, NULL)))
BENCH (set_bytes, bench_check (shm_shareable_list_set_bytes (list, SOME_BYTES, five_bytes, NULL)))
BENCH (get_kind, bench_result = shm_shareable_list_get_value_kind (list, NOTHING, NULL))
BENCH (set_none, bench_check (shm_shareable_list_set_none (list, NOTHING, NULL)))
BENCH (get_variant, g_variant_unref (shm_shareable_list_get_value (list, AN_INT, NULL)))

/* One value: the limits */

BENCH (load, bench_result = __atomic_load_n (&a_number, __ATOMIC_ACQUIRE))
BENCH (store, __atomic_store_n (&a_number, i, __ATOMIC_SEQ_CST))
BENCH (duplicate, g_free (g_strndup (a_buffer, 5)))
BENCH (duplicate_long, g_free (g_strndup (a_buffer, 96)))
BENCH (copy_text, memcpy (a_buffer, "howdy", 5); __asm__ volatile("" : : : "memory"))
BENCH (copy_long, memcpy (a_buffer, LONG_TEXT, 96); __asm__ volatile("" : : : "memory"))
BENCH (new_bytes, g_bytes_unref (g_bytes_new (a_buffer, 5)))

/* Many values */

static ShmShareableList *numbers; /* the numbers from 0 to @length - 1 */
static gint64 *integers;          /* the same */
static GVariant *values;          /* the same */
static GVariant *last;            /* the last of them */
static guint32 *order;            /* the indices in random order */
static guint64 length;

#define FOR_EACH(statement)                                                                        \
  for (guint64 k = 0; k < length; k++)                                                             \
    {                                                                                              \
      statement;                                                                                   \
    }

static void
create_once (void)
{
  g_autoptr (ShmShareableList) created
      = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);

  bench_check (created != NULL);
}

static void
attach_once (void)
{
  ShmSharedMemory *shm = shm_shareable_list_get_shared_memory (numbers);
  g_autoptr (ShmShareableList) attached
      = shm_shareable_list_attach (shm_shared_memory_get_name (shm), 0, NULL);

  bench_result = shm_shareable_list_get_int64 (attached, 0, NULL);
}

static void
find_once (void)
{
  guint64 index;

  bench_check (shm_shareable_list_find (numbers, last, &index, NULL));
  bench_result = index;
}

BENCH (get_in_order, FOR_EACH (bench_result = shm_shareable_list_get_int64 (numbers, k, NULL)))
BENCH (get_at_random,
       FOR_EACH (bench_result = shm_shareable_list_get_int64 (numbers, order[k], NULL)))
BENCH (set_at_random,
       FOR_EACH (bench_check (shm_shareable_list_set_int64 (numbers, order[k], order[k], NULL))))
BENCH (count, bench_result = shm_shareable_list_count (numbers, last, NULL))
BENCH (find, find_once ())
BENCH (copy_values, g_variant_unref (shm_shareable_list_copy_values (numbers, NULL)))
BENCH (create, create_once ())
BENCH (attach, attach_once ())

BENCH (array_in_order, FOR_EACH (bench_result = __atomic_load_n (&integers[k], __ATOMIC_ACQUIRE)))
BENCH (array_at_random,
       FOR_EACH (bench_result = __atomic_load_n (&integers[order[k]], __ATOMIC_ACQUIRE)))
BENCH (array_set_at_random,
       FOR_EACH (__atomic_store_n (&integers[order[k]], order[k], __ATOMIC_SEQ_CST)))
BENCH (array_count, gint64 found = 0; FOR_EACH (found += integers[k] == (gint64) length - 1);
       bench_result = found)
BENCH (array_find, guint64 k = 0; while (integers[k] != (gint64) length - 1) k++; bench_result = k)
BENCH (array_copy, g_free (g_memdup2 (integers, sizeof *integers *length)))

#ifdef HAVE_BOOST
#define BOOST(function) { "Boost vector and mutex", boost_##function },
#else
#define BOOST(function)
#endif

#ifdef HAVE_LMDB
#define LMDB(function) { "LMDB", lmdb_##function },
#else
#define LMDB(function)
#endif

/* The measured comparisons */

static void
measure_kinds (void)
{
  BENCH_COMPARE ("get an int", 1, { "shmobj", get_int },
                 BOOST (get_int) LMDB (get){ "limit: atomic load", load });
  BENCH_COMPARE ("set an int", 1, { "shmobj", set_int },
                 BOOST (set_int) LMDB (set){ "limit: atomic store", store });
  BENCH_COMPARE ("get a double", 1, { "shmobj", get_double },
                 BOOST (get_double){ "limit: atomic load", load });
  BENCH_COMPARE ("set a double", 1, { "shmobj", set_double },
                 BOOST (set_double){ "limit: atomic store", store });
  BENCH_COMPARE ("get a boolean", 1, { "shmobj", get_boolean }, { "limit: atomic load", load });
  BENCH_COMPARE ("set a boolean", 1, { "shmobj", set_boolean }, { "limit: atomic store", store });
  BENCH_COMPARE ("get a text of 5 bytes", 1, { "shmobj", get_text },
                 BOOST (get_text){ "limit: g_strndup", duplicate });
  BENCH_COMPARE ("set a text of 5 bytes", 1, { "shmobj", set_text },
                 BOOST (set_text){ "limit: memcpy", copy_text });
  BENCH_COMPARE ("get a text of 96 bytes", 1, { "shmobj", get_long },
                 BOOST (get_long_text){ "limit: g_strndup", duplicate_long });
  BENCH_COMPARE ("set a text of 96 bytes", 1, { "shmobj", set_long },
                 BOOST (set_long_text){ "limit: memcpy", copy_long });
  BENCH_COMPARE ("get 5 bytes", 1, { "shmobj", get_bytes }, { "limit: g_bytes_new", new_bytes });
  BENCH_COMPARE ("set 5 bytes", 1, { "shmobj", set_bytes }, { "limit: memcpy", copy_text });
  BENCH_COMPARE ("get the kind of a value", 1, { "shmobj", get_kind },
                 { "limit: atomic load", load });
  BENCH_COMPARE ("set nothing", 1, { "shmobj", set_none }, { "limit: atomic store", store });
  BENCH_COMPARE ("get an int as a GVariant", 1, { "shmobj", get_variant });
}

static void
measure_many (void)
{
#define TITLE(operation) g_strdup_printf (operation, length_text)
  g_autofree char *length_text
      = length >= 1000000 ? g_strdup ("1,000,000") : g_strdup (length >= 10000 ? "10,000" : "7");
  g_autofree char *in_order = TITLE ("get in order, %s ints, per value");
  g_autofree char *at_random = TITLE ("get at random, %s ints, per value");
  g_autofree char *set_random = TITLE ("set at random, %s ints, per value");
  g_autofree char *count_each = TITLE ("count, %s ints, per value");
  g_autofree char *find_each = TITLE ("find the last, %s ints, per value");
  g_autofree char *copy_each = TITLE ("copy all, %s ints, per value");
  g_autofree char *create_each = TITLE ("create, close, unlink, %s ints, per value");
  g_autofree char *attach_all = TITLE ("attach, get one, close, %s ints");

  BENCH_COMPARE (in_order, length, { "shmobj", get_in_order },
                 BOOST (get_in_order){ "limit: atomic load", array_in_order });
  BENCH_COMPARE (at_random, length, { "shmobj", get_at_random },
                 BOOST (get_at_random){ "limit: atomic load", array_at_random });
  BENCH_COMPARE (set_random, length, { "shmobj", set_at_random },
                 BOOST (set_at_random){ "limit: atomic store", array_set_at_random });
  BENCH_COMPARE (count_each, length, { "shmobj", count },
                 BOOST (count){ "limit: loop over an array", array_count });
  BENCH_COMPARE (find_each, length, { "shmobj", find },
                 BOOST (find_last){ "limit: loop over an array", array_find });
  BENCH_COMPARE (copy_each, length, { "shmobj", copy_values },
                 BOOST (copy){ "limit: memcpy", array_copy });
  BENCH_COMPARE (create_each, length, { "shmobj", create }, BOOST (list_create));
  BENCH_COMPARE (attach_all, 1, { "shmobj", attach }, BOOST (list_attach));
#undef TITLE
}

/* Puts the indices in a random order, which is the same in each run. */
static void
shuffle (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint64 i = 0; i < length; i++)
    {
      const guint64 j = g_rand_int_range (rand, 0, i + 1);

      order[i] = order[j];
      order[j] = i;
    }
}

static void
measure_length (guint64 n)
{
  length = n;
  order = g_new (guint32, n);
  shuffle ();
  integers = g_new (gint64, n);
  for (guint64 i = 0; i < n; i++)
    integers[i] = i;
  values = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, integers, n, sizeof *integers));
  last = g_variant_ref_sink (g_variant_new_int64 (n - 1));
  numbers = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (numbers != NULL);
#ifdef HAVE_BOOST
  boost_list_open (n, LONG_TEXT, order);
#endif

  if (n == 1)
    measure_kinds ();
  else
    measure_many ();

#ifdef HAVE_BOOST
  boost_list_close ();
#endif
  g_object_unref (numbers);
  g_variant_unref (last);
  g_variant_unref (values);
  g_free (integers);
  g_free (order);
}

int
main (void)
{
  bench_begin ("lists");
#ifndef HAVE_BOOST
  bench_skip ("Boost.Interprocess", "libboost-dev was not found when the benchmarks were built");
#endif
#ifdef HAVE_LMDB
  lmdb_open ();
#else
  bench_skip ("LMDB", "liblmdb-dev was not found when the benchmarks were built");
#endif

  five_bytes = g_bytes_new_static ("HoWdY", 5);
  memcpy (a_buffer, LONG_TEXT, sizeof LONG_TEXT);
  list = shm_shareable_list_create (bench_make_values (), NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (list != NULL);

  measure_length (1);
  measure_length (7);
  measure_length (10000);
  measure_length (1000000);

  g_object_unref (list);
  g_bytes_unref (five_bytes);
#ifdef HAVE_LMDB
  lmdb_close ();
#endif

  return 0;
}
