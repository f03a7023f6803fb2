/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers that another process has stored in shared memory. */

#pragma once

#include <glib.h>
#include <math.h>

G_BEGIN_DECLS

/* Returns @number, and the usual NaN for each NaN. Another process has chosen the bits of a NaN.
 * GJS before 1.80 passes the bits to its engine, which would take them for a pointer. */
static inline double
shm_number_with_usual_nan (double number)
{
  return G_UNLIKELY (isnan (number)) ? (double) NAN : number;
}

G_END_DECLS
