/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "models": what it costs that another process shows a list, and what a look costs. The
 * CPU time of a writer is that of the writer only. */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURST_VALUES 10000
#define BURST_SETS   1000000
#define LOOKS_MAX    100000

static ShmShareableList *
create_list (guint n_values)
{
  g_autofree gint64 *numbers = g_new0 (gint64, n_values);
  GVariant *values
      = g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers, n_values, sizeof (gint64));
  ShmShareableList *list
      = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);

  bench_check (list != NULL);

  return list;
}

static ShmListModel *
create_model (ShmShareableList *list)
{
  ShmListModel *model = shm_shareable_list_get_model (list, NULL);

  bench_check (model != NULL);

  return model;
}

/* Writers */

static ShmShareableList *unwatched;
static ShmShareableList *watched;

BENCH (set_unwatched, bench_check (shm_shareable_list_set_int64 (unwatched, 0, i, NULL)))
BENCH (set_watched, bench_check (shm_shareable_list_set_int64 (watched, 0, i, NULL)))

static pid_t
start_watcher (ShmShareableList *list)
{
  const char *name = shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list));
  int ends[2];
  pid_t child;
  char byte = 0;

  bench_check (pipe (ends) == 0);
  child = fork ();
  bench_check (child >= 0);
  if (child == 0)
    {
      ShmListModel *model;

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      model = create_model (shm_shareable_list_attach (name, 0, NULL));
      bench_check (write (ends[1], &byte, 1) == 1);
      while (model != NULL)
        g_main_context_iteration (NULL, TRUE);
    }
  bench_check (read (ends[0], &byte, 1) == 1);
  close (ends[0]);
  close (ends[1]);

  return child;
}

static void
measure_writers (guint n_watchers)
{
  g_autofree char *title = g_strdup_printf ("set an int, while %u processes watch", n_watchers);
  g_autofree pid_t *watchers = g_new (pid_t, n_watchers);

  unwatched = create_list (100);
  watched = create_list (100);
  for (guint i = 0; i < n_watchers; i++)
    watchers[i] = start_watcher (watched);

  BENCH_COMPARE (n_watchers == 1 ? "set an int, while 1 process watches" : title, 1,
                 { "shmobj", set_watched }, { "limit: nobody watches", set_unwatched });

  for (guint i = 0; i < n_watchers; i++)
    {
      kill (watchers[i], SIGKILL);
      waitpid (watchers[i], NULL, 0);
    }
  g_object_unref (unwatched);
  g_object_unref (watched);
}

/* Looks */

static ShmShareableList *list;
static ShmShareableList *reader;
static ShmListModel *model;
static gpointer copy;
static gsize copy_size;

BENCH (look_same, bench_check (shm_list_model_refresh (model, NULL)))
BENCH (look_changed,
       bench_check (shm_shareable_list_set_int64 (list, 50, bench_result++, NULL)
                    && shm_list_model_refresh (model, NULL)))
BENCH (compare_memory,
       bench_result
       += memcmp (copy,
                  shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (list), NULL),
                  copy_size))

static void
measure_looks (guint n_values)
{
  g_autofree char *same = g_strdup_printf ("look: %u ints, none changed", n_values);
  g_autofree char *changed = g_strdup_printf ("look: %u ints, one changed", n_values);

  /* A model that cannot write does not arm the list, so that a set wakes nobody. */
  list = create_list (n_values);
  reader = shm_shareable_list_attach (shm_shared_memory_get_name (
                                          shm_shareable_list_get_shared_memory (list)),
                                      SHM_ATTACH_READ_ONLY, NULL);
  bench_check (reader != NULL);
  model = create_model (reader);

  /* The model compares slots, format entries and type codes: 17 bytes for each number. */
  copy_size = 17 * n_values;
  copy = g_memdup2 (shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (list), NULL),
                    copy_size);

  BENCH_COMPARE (same, 1, { "shmobj", look_same }, { "limit: memcmp", compare_memory });
  BENCH_COMPARE (changed, 1, { "shmobj", look_changed }, { "limit: memcmp", compare_memory });

  g_free (copy);
  g_object_unref (model);
  g_object_unref (reader);
  g_object_unref (list);
}

/* A burst */

static double
get_thread_time (void)
{
  struct timespec spec;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &spec);

  return spec.tv_sec * 1e9 + spec.tv_nsec;
}

static void
set_flag (GListModel *changed_model, guint position, guint removed, guint added, gpointer flag)
{
  *(gboolean *) flag = TRUE;
}

static void G_GNUC_NORETURN
write_burst (const char *name)
{
  ShmShareableList *attached;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  attached = shm_shareable_list_attach (name, 0, NULL);
  bench_check (attached != NULL);
  for (guint64 i = 0; i < BURST_SETS; i++)
    bench_check (shm_shareable_list_set_int64 (attached, 7919 * i % BURST_VALUES, i, NULL));
  _exit (0);
}

static gboolean
shows_last_values (GListModel *shown)
{
  for (guint i = 0; i < BURST_VALUES; i++)
    {
      g_autoptr (ShmModelItem) item = g_list_model_get_item (shown, i);
      const gint64 number = g_variant_get_int64 (shm_model_item_get_value (item));

      if (number != shm_shareable_list_get_int64 (list, i, NULL)
          || number < BURST_SETS - BURST_VALUES)
        return FALSE;
    }

  return TRUE;
}

static void
measure_burst (void)
{
  g_autofree double *times = g_new (double, LOOKS_MAX);
  gint64 begin, last = 0, shortest = G_MAXINT64;
  gboolean has_changed = FALSE;
  double nanoseconds;
  guint n_looks = 0;
  pid_t child = 0;
  int status;

  list = create_list (BURST_VALUES);
  model = create_model (list);
  g_signal_connect (model, "items-changed", G_CALLBACK (set_flag), &has_changed);
  while (g_main_context_iteration (NULL, FALSE))
    ;

  begin = g_get_monotonic_time ();
  child = fork ();
  bench_check (child >= 0);
  if (child == 0)
    write_burst (shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list)));

  /* In each iteration that emits, the model has looked once. */
  for (gboolean is_over = FALSE; !is_over && n_looks < LOOKS_MAX;)
    {
      const double start = get_thread_time ();

      has_changed = FALSE;
      g_main_context_iteration (NULL, TRUE);
      if (!has_changed)
        continue;

      times[n_looks++] = get_thread_time () - start;
      if (last != 0)
        shortest = MIN (shortest, g_get_monotonic_time () - last);
      last = g_get_monotonic_time ();
      is_over = shows_last_values (G_LIST_MODEL (model));
    }
  nanoseconds = (last - begin) * 1e3;
  bench_check (waitpid (child, &status, 0) == child && status == 0);
  bench_check (shows_last_values (G_LIST_MODEL (model)));

  bench_print_times ("1000000 sets by another process in a list of 10000: until all last values "
                     "are shown",
                     "shmobj", &nanoseconds, 1);
  nanoseconds = shortest * 1e3;
  if (n_looks > 1)
    bench_print_times ("in this time: shortest time between two looks", "shmobj", &nanoseconds, 1);
  bench_print_times ("in this time: a look and its signals", "shmobj", times, n_looks);
  g_object_unref (model);
  g_object_unref (list);
}

int
main (int argc, char **argv)
{
  bench_begin ("models");
  measure_writers (1);
  measure_writers (10);
  measure_looks (10000);
  measure_looks (1000000);
  measure_burst ();

  return 0;
}
