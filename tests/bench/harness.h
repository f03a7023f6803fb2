/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the benchmarks in C share. A benchmark compares contenders: this library, alternatives to
 * the library, and limits, which are the least that any library could do. It prints one line of
 * JSON for each comparison, with the times of all rounds. run-bench.py makes tables of these lines.
 *
 * The contenders of a comparison take turns in one process, so that a slow phase of the machine
 * affects all of them. Each round has another order. The times are the CPU time of the process, not
 * the time on the clock: on a busy machine the latter is mostly waiting for the processor. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  void (*run) (gsize n); /* does the measured operation @n times */

  /* (nullable): called with @data before and after each measurement, and not measured. */
  void (*begin) (gconstpointer data);
  void (*end) (gconstpointer data);
  gconstpointer data;
} BenchContender;

/* Says to which group the following lines belong. */
void bench_begin (const char *group);

/* Measures all contenders and prints a line. The first contender is the one to which the others are
 * compared. If a contender does its operation @per_call times in each call, for example once for
 * each value of a list, the times are divided by this number. */
void bench_compare (const char *title,
                    double per_call,
                    guint n_contenders,
                    const BenchContender *contenders);

#define BENCH_COMPARE(title, per_call, ...)                                                        \
  bench_compare (title, per_call,                                                                  \
                 sizeof ((BenchContender[]){ __VA_ARGS__ }) / sizeof (BenchContender),             \
                 (BenchContender[]){ __VA_ARGS__ })

/* Prints a line with times of one contender that the caller has measured, in nanoseconds. */
void bench_print_times (const char *title, const char *contender, const double *times, guint n);

/* Prints a line with times of several contenders that the caller has measured in rounds, in
 * nanoseconds: @n_rounds times of the first contender, then those of the others. */
void bench_print_rounds (const char *title,
                         guint n_contenders,
                         const char *const *names,
                         const double *times,
                         guint n_rounds);

/* Says that a contender was not measured, and why. */
void bench_skip (const char *contender, const char *reason);

/* Ends the program if a measured call has failed. */
void bench_check (gboolean good);

/* Defines a function for a contender. */
#define BENCH(function, statement)                                                                 \
  static void function (gsize n)                                                                   \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      {                                                                                            \
        statement;                                                                                 \
      }                                                                                            \
  }

/* Results go here, so that the compiler does not leave an operation out. */
extern volatile gint64 bench_result;

G_END_DECLS
