/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX   41
#define ROUNDS_MIN   5
#define ROUND_NSEC   1.5e6 /* a contender repeats its operation for at least this time in a round */
#define COMPARE_NSEC 3e9   /* a comparison has fewer rounds if it would take longer than this */

volatile gint64 bench_result;

static const char *group;

void
bench_begin (const char *name)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  group = name;
}

void
bench_check (gboolean good)
{
  if (good)
    return;

  g_printerr ("a measured call failed: %s\n", g_strerror (errno));
  abort ();
}

static double
get_cpu_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);

  return time.tv_sec * 1e9 + time.tv_nsec;
}

static double
measure (const BenchContender *contender, gsize n)
{
  double time;

  if (contender->begin != NULL)
    contender->begin (contender->data);
  time = get_cpu_time ();
  contender->run (n);
  time = get_cpu_time () - time;
  if (contender->end != NULL)
    contender->end (contender->data);

  return time;
}

/* Returns how many operations take at least ROUND_NSEC. The first calls also warm up the caches. */
static gsize
find_count (const BenchContender *contender)
{
  gsize n = 1;

  contender->run (1);
  while (measure (contender, n) < ROUND_NSEC)
    n *= 2;

  return n;
}

static void
print_contender (const char *name, const double *times, guint n)
{
  printf ("\"%s\": [", name);
  for (guint i = 0; i < n; i++)
    printf ("%s%.3f", i > 0 ? ", " : "", times[i]);
  printf ("]");
}

static void
print_row (const char *title)
{
  printf ("{\"group\": \"%s\", \"row\": \"%s\", \"contenders\": {", group, title);
}

void
bench_print_times (const char *title, const char *contender, const double *times, guint n)
{
  print_row (title);
  print_contender (contender, times, n);
  printf ("}}\n");
}

void
bench_print_rounds (const char *title,
                    guint n_contenders,
                    const char *const *names,
                    const double *times,
                    guint n_rounds)
{
  print_row (title);
  for (guint i = 0; i < n_contenders; i++)
    {
      printf ("%s", i > 0 ? ", " : "");
      print_contender (names[i], times + i * n_rounds, n_rounds);
    }
  printf ("}}\n");
}

void
bench_skip (const char *contender, const char *reason)
{
  printf ("{\"group\": \"%s\", \"skipped\": \"%s\", \"reason\": \"%s\"}\n", group, contender,
          reason);
}

static guint
find_rounds (guint n_contenders, const BenchContender *contenders, const gsize *counts)
{
  double round = 0;

  for (guint i = 0; i < n_contenders; i++)
    round += measure (&contenders[i], counts[i]);

  return CLAMP (COMPARE_NSEC / round, ROUNDS_MIN, ROUNDS_MAX);
}

void
bench_compare (const char *title,
               double per_call,
               guint n_contenders,
               const BenchContender *contenders)
{
  g_autofree double *times = g_new (double, ROUNDS_MAX *n_contenders);
  g_autofree gsize *counts = g_new (gsize, n_contenders);
  guint rounds;

  for (guint i = 0; i < n_contenders; i++)
    counts[i] = find_count (&contenders[i]);
  rounds = find_rounds (n_contenders, contenders, counts);

  for (guint round = 0; round < rounds; round++)
    for (guint turn = 0; turn < n_contenders; turn++)
      {
        const guint i = (round + turn) % n_contenders;

        times[i * ROUNDS_MAX + round] = measure (&contenders[i], counts[i]) / counts[i] / per_call;
      }

  print_row (title);
  for (guint i = 0; i < n_contenders; i++)
    {
      printf ("%s", i > 0 ? ", " : "");
      print_contender (contenders[i].name, times + i * ROUNDS_MAX, rounds);
    }
  printf ("}}\n");
}
