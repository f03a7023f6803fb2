/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Builds a new list in two passes over its values: the first one measures, the second one
 * writes. */

#pragma once

#include "core/shm-list-steps.h"
#include "core/shm-list-value.h"
#include "core/shm-system-memory.h"

G_BEGIN_DECLS

/* A sequence of values that can be read twice. */
typedef struct _ShmListSource ShmListSource;

struct _ShmListSource
{
  guint64 n_items;

  /* Returns to the first value. */
  void (*rewind) (ShmListSource *self);

  /* Fills @value. Its bytes are valid until the next call. Returns FALSE if the source has failed;
   * the reason is stored in the source. */
  gboolean (*next) (ShmListSource *self, ShmListValue *value);

  /* (nullable): does the same as @next, for a source that has its values in an array. Sets @values
   * and @n_values, which is at least 1. The array is valid until the next call. */
  gboolean (*next_array) (ShmListSource *self, const ShmListValue **values, guint64 *n_values);

  /* (nullable): if it returns FALSE, measuring or writing the values fails with ECANCELED. */
  ShmProceedFunc proceed;
  gpointer proceed_data;
};

/* Fills @layout with the layout of a list of these values. Fails with SHM_STEP_LIST_VALUE: EFBIG or
 * EILSEQ if no list can hold one of the values, ECANCELED if the source failed or the operation was
 * cancelled. */
gboolean shm_list_measure (ShmListSource *source, ShmListLayout *layout, ShmFault *fault);

/* Writes @length bytes at @offset in the new block. Returns FALSE and sets @fault on failure. */
typedef gboolean (*ShmListWriteFunc) (guint64 offset,
                                      gconstpointer bytes,
                                      gsize length,
                                      gpointer user_data,
                                      ShmFault *fault);

/* Writes the list in pieces, with @write. Bytes of the block that it does not write must already be
 * 0. @layout is the result of shm_list_measure().
 *
 * Fails with a fault of @write, or with SHM_STEP_LIST_VALUE: ECANCELED if the source failed, ESTALE
 * if it returned other values than on the first pass. The function never writes after the first
 * shm_list_size() bytes of the block. */
gboolean shm_list_fill (ShmListSource *source,
                        const ShmListLayout *layout,
                        ShmListWriteFunc write,
                        gpointer user_data,
                        ShmFault *fault);

G_END_DECLS
