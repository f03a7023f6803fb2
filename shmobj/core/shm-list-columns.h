/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values in columns, for JavaScript, which reads and writes arrays of numbers much faster than
 * single values. All numbers are in native byte order:
 *
 *     double             SHM_LIST_COLUMNS_MARK
 *     double             the number of values N
 *     double             the length of the texts in bytes
 *     N doubles          the numbers
 *     N bytes            the types
 *     UTF-8              all texts, one after the other
 *     bytes              all bytes, one value after the other
 *
 * The type of a value is a ShmValueKind or SHM_LIST_COLUMN_LARGE. Its number is
 *
 *     NONE               0
 *     INT64              a number. If it is a safe integer of JavaScript, and not -0, the value is
 *                        an integer; otherwise the value is a double
 *     DOUBLE             the double
 *     BOOLEAN            0 or 1
 *     STRING             the number of UTF-16 code units: the length of the text in JavaScript
 *     BYTES              the number of bytes
 *     LARGE              the 8 bytes of an int64
 */

#pragma once

#include "core/shm-list-build.h"
#include "core/shm-list-copy.h"

G_BEGIN_DECLS

/* The first number of all columns. Other bytes are no columns. */
#define SHM_LIST_COLUMNS_MARK (-1.0)

#define SHM_LIST_COLUMN_LARGE (SHM_VALUE_KIND_BYTES + 1)

/* The largest integer of JavaScript that is safe: no other integer has the same double. */
#define SHM_MAX_SAFE_INTEGER 9007199254740991.0

/* A source of values that reads them from columns. */
typedef struct
{
  ShmListSource source;
  const guint8 *numbers;
  const guint8 *types;
  const guint8 *texts;
  const guint8 *byte_strings;
  const guint8 *end;
  gboolean is_ascii; /* whether the lengths of the texts in bytes and in UTF-16 are equal */
  gboolean has_failed;
  guint64 index; /* the index of the next value, or of the value that failed */
  const guint8 *next_text;
  const guint8 *next_byte_string;
} ShmListColumns;

/* Starts to read columns. The caller owns @bytes, which must outlive @self. Returns FALSE if @bytes
 * are no columns. */
gboolean shm_list_columns_init (ShmListColumns *self, const guint8 *bytes, gsize length);

/* Returns all items of a private copy as columns (transfer full). Returns NULL if an item is
 * corrupt; @index is then the index of the item, or SHM_LIST_NO_MEMORY. */
GBytes *shm_list_to_columns (const ShmListParts *parts, guint64 *index);

G_END_DECLS
