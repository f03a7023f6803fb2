/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The list with one value of each kind that the benchmarks of lists and the counts of instructions
 * use. */

#pragma once

#include <glib.h>

/* The indices of the values */
enum
{
  AN_INT,
  A_DOUBLE,
  A_BOOLEAN,
  A_TEXT,
  A_LONG_TEXT,
  SOME_BYTES,
  NOTHING
};

#define LONG_TEXT                                                                                  \
  "a text that has a hundred bytes, or thereabouts, as a line of a log or a name of a file may "   \
  "have"

/* Returns the values (floating). */
static inline GVariant *
bench_make_values (void)
{
  /* Of b'HoWdY', g_variant_new_parsed() would make 6 bytes: a NUL follows. */
  return g_variant_new_parsed (
      "(int64 1, 2.5, true, 'howdy', %s, @ay [72, 111, 87, 100, 89], @mv nothing)", LONG_TEXT);
}
