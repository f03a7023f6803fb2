/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several processes write and read one list, and the test kills one writer after another. Every
 * value that a process reads was written before, and no call takes a second or longer. The
 * environment variable SHMOBJ_STRESS_ROUNDS sets the number of writers to kill. */

#include "shm-test.h"

#include <sys/mman.h>

#define WRITERS    3
#define READERS    2 /* the second reader has attached read-only */
#define WORKERS    (WRITERS + READERS)
#define ITEMS      5
#define LENGTH_MAX 2500

/* The report of a worker, in memory that the worker shares with the test. */
typedef struct
{
  guint64 turns;  /* (atomic) */
  gint64 slowest; /* (atomic): the duration of the longest call, in microseconds */
  char problem[300];
} Report;

static Report *reports;

static void fail_worker (Report *report, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
fail_worker (Report *report, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_vsnprintf (report->problem, sizeof report->problem, format, args);
  va_end (args);
  _exit (1);
}

/* A reader can check these values without further information: the first byte determines the length
 * and the number of trailing NULs, and all other bytes equal the first byte. */

static gsize
get_length (guint8 byte, guint64 index)
{
  return index == 4 ? 1000 + (byte * 37) % 1500 : 1 + byte % 40;
}

static gsize
count_trailing_nuls (guint8 byte, guint64 index)
{
  return (byte * 11) % (get_length (byte, index) + 1);
}

static GBytes *
make_bytes (guint8 byte, guint64 index)
{
  const gsize length = get_length (byte, index);
  guint8 *bytes = g_malloc0 (length);

  memset (bytes, byte, length - count_trailing_nuls (byte, index));
  bytes[0] = byte;

  return g_bytes_new_take (bytes, length);
}

static gboolean
has_valid_bytes (GBytes *found, guint64 index)
{
  const guint8 byte = ((const guint8 *) g_bytes_get_data (found, NULL))[0];
  g_autoptr (GBytes) expected = make_bytes (byte, index);

  return g_bytes_equal (found, expected);
}

static gint64
make_integer (guint32 half)
{
  return (gint64) ((guint64) half << 32 | (guint32) ~half);
}

/* Items 0 and 1 are integers. Item 2 is an integer, a text or None. Item 3 has few bytes, and item
 * 4 has many bytes. */
static gboolean
write_one (ShmShareableList *list, guint64 index, guint32 random, GError **error)
{
  const guint8 byte = 'a' + random % 26;
  g_autoptr (GBytes) bytes = NULL;

  if (index < 2 || (index == 2 && random % 3 == 0))
    return shm_shareable_list_set_int64 (list, index, make_integer (random), error);
  if (index == 2 && random % 3 == 1)
    return shm_shareable_list_set_none (list, index, error);

  bytes = make_bytes (byte, index);
  if (index == 2)
    return shm_shareable_list_set_text (list, index, bytes, error);

  return shm_shareable_list_set_bytes (list, index, bytes, error);
}

static gboolean
is_valid_integer (gint64 integer)
{
  return make_integer ((guint64) integer >> 32) == integer;
}

static void
check_variant (Report *report, GVariant *value, guint64 index)
{
  g_autoptr (GVariant) inner = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    {
      if (index > 2 || !is_valid_integer (g_variant_get_int64 (value)))
        fail_worker (report, "item %d is torn: %" G_GINT64_MODIFIER "x", (int) index,
                     g_variant_get_int64 (value));
      return;
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("mv")))
    {
      if (index != 2)
        fail_worker (report, "item %d is None", (int) index);
      return;
    }

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    bytes = g_bytes_new (g_variant_get_string (value, NULL),
                         strlen (g_variant_get_string (value, NULL)));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("(ay)")))
    {
      inner = g_variant_get_child_value (value, 0);
      bytes = g_variant_get_data_as_bytes (inner);
    }
  else
    bytes = g_variant_get_data_as_bytes (value);
  if (index < 2 || !has_valid_bytes (bytes, index))
    fail_worker (report, "item %d is torn: %d bytes of %c", (int) index,
                 (int) g_bytes_get_size (bytes), *(const char *) g_bytes_get_data (bytes, NULL));
}

/* On a slow or busy machine, a worker can hold the lock for longer than the time limit of the
 * library. Returns whether to repeat a call that reached the limit, and clears @error then. After a
 * minute it returns FALSE: the lock is stuck. */
static gboolean
must_repeat (gint64 began, GError **error)
{
  if (!g_error_matches (*error, SHM_ERROR, SHM_ERROR_TIMED_OUT)
      || g_get_monotonic_time () - began > G_USEC_PER_SEC * 60)
    return FALSE;

  g_clear_error (error);

  return TRUE;
}

static void
read_one (Report *report, ShmShareableList *list, guint64 index)
{
  const gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  do
    value = shm_shareable_list_get_value (list, index, &error);
  while (must_repeat (began, &error));

  if (value == NULL)
    fail_worker (report, "reading item %d: %s", (int) index, error->message);
  check_variant (report, value, index);
}

static void
read_all (Report *report, ShmShareableList *list)
{
  const gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) values = NULL;

  do
    values = shm_shareable_list_copy_values (list, &error);
  while (must_repeat (began, &error));

  if (values == NULL)
    fail_worker (report, "reading all items: %s", error->message);
  for (guint64 i = 0; i < ITEMS; i++)
    {
      g_autoptr (GVariant) value = NULL;

      g_variant_get_child (values, i, "v", &value);
      check_variant (report, value, i);
    }
}

static void
record_time (Report *report, gint64 began)
{
  const gint64 passed = g_get_monotonic_time () - began;

  if (passed > __atomic_load_n (&report->slowest, __ATOMIC_RELAXED))
    __atomic_store_n (&report->slowest, passed, __ATOMIC_RELAXED);
  __atomic_add_fetch (&report->turns, 1, __ATOMIC_RELAXED);
}

static void
work (Report *report, ShmShareableList *list, gboolean is_writer, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  for (;;)
    {
      const guint64 index = g_rand_int_range (random, 0, ITEMS);
      const gint64 began = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;

      if (!is_writer && index == 0)
        read_all (report, list);
      else if (!is_writer)
        read_one (report, list, index);
      else
        {
          while (!write_one (list, index, g_rand_int (random), &error)
                 && must_repeat (began, &error))
            ;
          if (error != NULL)
            fail_worker (report, "writing item %d: %s", (int) index, error->message);
        }
      record_time (report, began);
    }
}

static pid_t
start_worker (int which, ShmShareableList *list, ShmShareableList *read_only_list)
{
  const guint32 seed = g_test_rand_int ();
  pid_t child;

  test_fork (child);
  if (child == 0)
    work (&reports[which], which == WORKERS - 1 ? read_only_list : list, which < WRITERS, seed);

  return child;
}

static void
stop_worker (int which, pid_t child)
{
  int status;

  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (!WIFSIGNALED (status))
    g_error ("worker %d: %s", which, reports[which].problem);
}

/* Waits until all workers other than @excluded have finished another call. */
static void
wait_for_others (int excluded, const guint64 *turns)
{
  const gint64 deadline = g_get_monotonic_time () + TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC;

  for (int i = 0; i < WORKERS; i++)
    while (i != excluded && __atomic_load_n (&reports[i].turns, __ATOMIC_RELAXED) == turns[i])
      {
        if (reports[i].problem[0] != '\0')
          g_error ("worker %d: %s", i, reports[i].problem);
        g_assert_cmpint (g_get_monotonic_time (), <, deadline);
        g_thread_yield ();
      }
}

static ShmShareableList *
make_list (void)
{
  g_autofree guint8 *zeros = g_malloc0 (LENGTH_MAX);
  GVariant *values[ITEMS];
  g_autoptr (GBytes) bytes = make_bytes ('a', 3);
  g_autoptr (GBytes) many_bytes = make_bytes ('a', 4);
  g_autoptr (GVariant) tuple = NULL;
  g_autoptr (GError) error = NULL;
  ShmShareableList *list;

  values[0] = g_variant_new_int64 (make_integer (1));
  values[1] = g_variant_new_int64 (make_integer (2));
  values[2] = g_variant_new_string ("0123456789012345678901234567890123456789");
  values[3] = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, 40, 1);
  values[4] = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, LENGTH_MAX, 1);
  tuple = g_variant_ref_sink (g_variant_new_tuple (values, ITEMS));

  list = shm_shareable_list_create (tuple, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shareable_list_set_none (list, 2, NULL));
  g_assert_true (shm_shareable_list_set_bytes (list, 3, bytes, NULL));
  g_assert_true (shm_shareable_list_set_bytes (list, 4, many_bytes, NULL));

  return list;
}

static void
test_killed_writers (void)
{
  const int rounds = test_get_rounds (300);
  g_autoptr (ShmShareableList) list = make_list ();
  g_autoptr (ShmShareableList) read_only_list = NULL;
  pid_t workers[WORKERS];
  gint64 slowest = 0;
  guint64 turns = 0;

  read_only_list = shm_shareable_list_attach (shm_shared_memory_get_name (
                                                  shm_shareable_list_get_shared_memory (list)),
                                              SHM_ATTACH_READ_ONLY, NULL);
  reports = mmap (NULL, WORKERS * sizeof *reports, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (reports != MAP_FAILED);

  for (int i = 0; i < WORKERS; i++)
    workers[i] = start_worker (i, list, read_only_list);

  for (int round = 0; round < rounds; round++)
    {
      const int victim = g_test_rand_int_range (0, WRITERS);
      guint64 seen[WORKERS];

      stop_worker (victim, workers[victim]);
      for (int i = 0; i < WORKERS; i++)
        seen[i] = __atomic_load_n (&reports[i].turns, __ATOMIC_RELAXED);
      wait_for_others (victim, seen);
      workers[victim] = start_worker (victim, list, read_only_list);
    }

  for (int i = 0; i < WORKERS; i++)
    {
      stop_worker (i, workers[i]);
      slowest = MAX (slowest, reports[i].slowest);
      turns += reports[i].turns;
    }
  g_test_message ("%d writers were killed; %" G_GUINT64_FORMAT
                  " calls, the slowest call took %" G_GINT64_FORMAT " us",
                  rounds, turns, slowest);
  munmap (reports, WORKERS * sizeof *reports);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/list/stress/killed-writers", test_killed_writers);

  return g_test_run ();
}
