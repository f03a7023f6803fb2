/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How messages follow each other on a stream, as CPython's multiprocessing.connection has it: the
 * length of the body in 4 bytes, big-endian, and the body; or, for bodies beyond 2 GiB, which
 * nobody has to send but everybody may, -1 in 4 bytes, the length in 8, and the body.
 *
 * CPython takes any other negative length for an empty message. Here that is an error, as is a
 * body that is longer than the receiver has room for: the length is believed for nothing else, and
 * memory grows with what has really arrived.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  SHM_FRAME_PARTIAL, /* more bytes are needed */
  SHM_FRAME_COMPLETE,
  SHM_FRAME_TOO_LONG,
  SHM_FRAME_INVALID,
} ShmFrameStatus;

/* Looks for a message at the beginning of @bytes. When one is complete, its body has @body_length
 * bytes from @body_at on. */
ShmFrameStatus shm_frame_parse (const guint8 *bytes,
                                gsize length,
                                gsize body_max,
                                gsize *body_at,
                                gsize *body_length);

/* Appends a message; @length is at most G_MAXINT32. */
void shm_frame_append (GByteArray *frames, gconstpointer body, gsize length);

G_END_DECLS
