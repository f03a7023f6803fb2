/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values in Python's marshal format, for language bindings: the part of version 2 of the format
 * that the values of a list need. Python reads and writes this format faster than any other format,
 * and other languages need little code for it. All numbers are little-endian:
 *
 *     N  T  F            None, True, False
 *     i  int32           an int
 *     I  int64           an int (only read: Python no longer writes it)
 *     l  int32 n         an int: |n| digits in base 2^15, each a uint16, lowest digit first; the
 *                        int is negative if n is negative
 *     g  double          a float
 *     u  uint32 n        a str: n bytes of UTF-8. A str that Python has interned has a t instead
 *     s  uint32 n        bytes: n bytes
 *     [  uint32 n        a list: n values in the forms above. A tuple has a ( instead
 */

#pragma once

#include "core/shm-list-build.h"

G_BEGIN_DECLS

/* A source of values that reads them from marshal format. */
typedef struct
{
  ShmListSource source;
  const guint8 *first; /* the first value */
  const guint8 *at;
  const guint8 *end;
  gboolean has_failed;
  int errnum;    /* EBADMSG: invalid bytes; ERANGE: an int outside int64; ENOTSUP: a value of a kind
                  * that no list can hold */
  guint64 index; /* the index of the value that failed */
} ShmListUnmarshaller;

/* Starts to read a list. The caller owns @bytes, which must outlive @self. Returns FALSE if @bytes
 * do not begin with the header of a list; @self has the reason. */
gboolean shm_list_unmarshal_list (ShmListUnmarshaller *self, const guint8 *bytes, gsize length);

/* Takes the place of an index if an operation on a private copy fails because there is not enough
 * memory for the result. */
#define SHM_LIST_NO_MEMORY G_MAXUINT64

/* Returns all items of a private copy as a list in marshal format (transfer full). Returns NULL if
 * an item is corrupt; @index is then the index of the item, or SHM_LIST_NO_MEMORY. */
GBytes *shm_list_marshal (const ShmListParts *parts, guint64 *index);

G_END_DECLS
