/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values as a stream of bytes, for bindings: the subset of version 2 of Python's marshal format
 * that the values of a list need. Python writes and reads it faster than anything else, and other
 * languages find it easy. Everything counts bytes upwards (little-endian):
 *
 *     N  T  F            None, True, False
 *     i  int32           an int
 *     I  int64           an int (only read: Python no longer knows it)
 *     l  int32 n         an int: |n| digits to base 2^15, an uint16 each, the lowest first;
 *                        negative if n is
 *     g  double          a float
 *     u  uint32 n        a str: n bytes of UTF-8 (also t, for one that Python has interned)
 *     s  uint32 n        bytes: n of them
 *     [  uint32 n        a list: n of the above (also (, a tuple)
 */

#pragma once

#include "core/shm-list-layout.h"

G_BEGIN_DECLS

typedef struct
{
  ShmListSource source;
  const guint8 *first; /* the first value */
  const guint8 *at;
  const guint8 *end;
  gboolean has_failed; /* there is no value, or one that no list can hold */
  int errnum;          /* EBADMSG: not in the format; ERANGE: an int beyond int64; ENOTSUP: another
                        * kind of value */
  guint64 index;       /* of the value that was at fault */
} ShmListUnpacker;

/* FALSE if the bytes do not begin as a list does. They stay the caller's. */
gboolean shm_list_unpack_list (ShmListUnpacker *self, const guint8 *bytes, gsize length);

/* The bytes are one value alone. */
gboolean shm_list_unpack_value (ShmListUnpacker *self,
                                const guint8 *bytes,
                                gsize length,
                                ShmListValue *value);

/* Packs all items of a private copy as a list. NULL if one of them is corrupt: @index says which. */
GBytes *shm_list_pack (const ShmListParts *parts, guint64 *index);

G_END_DECLS
