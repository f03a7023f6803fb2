/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames delimit messages on a stream, as in CPython's multiprocessing.connection. A frame is the
 * length of the body in 4 bytes, big-endian, and the body. If the body has more than 2 GiB, the
 * frame is -1 in 4 bytes, the length in 8 bytes, and the body; this library reads this form, but
 * never writes it.
 *
 * CPython reads any other negative length as an empty message; here such a length is an error. A
 * body that is longer than the receiver's limit is an error too. The length is not used to allocate
 * memory: a receiver's buffer grows with the bytes that arrive.
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

/* Parses the frame at the beginning of @bytes. If the frame is complete, stores the position and
 * the length of its body in @body_at and @body_length. @body_max is the receiver's limit for the
 * body. */
ShmFrameStatus shm_frame_parse (const guint8 *bytes,
                                gsize length,
                                gsize body_max,
                                gsize *body_at,
                                gsize *body_length);

/* Appends a frame; @length is at most G_MAXINT32. */
void shm_frame_append (GByteArray *frames, gconstpointer body, gsize length);

G_END_DECLS
