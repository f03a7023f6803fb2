/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-frame.h"

#include <string.h>

#define SHORT_HEADER 4
#define LONG_HEADER  12
#define LONG_FORM    G_MAXUINT32

static guint32
get_uint32 (const guint8 *bytes)
{
  guint32 number;

  memcpy (&number, bytes, sizeof number);

  return GUINT32_FROM_BE (number);
}

static guint64
get_uint64 (const guint8 *bytes)
{
  guint64 number;

  memcpy (&number, bytes, sizeof number);

  return GUINT64_FROM_BE (number);
}

ShmFrameStatus
shm_frame_parse (const guint8 *bytes,
                 gsize length,
                 gsize body_max,
                 gsize *body_at,
                 gsize *body_length)
{
  guint64 declared;

  *body_at = SHORT_HEADER;
  if (length < SHORT_HEADER)
    return SHM_FRAME_PARTIAL;

  declared = get_uint32 (bytes);
  if (declared == LONG_FORM)
    {
      *body_at = LONG_HEADER;
      if (length < LONG_HEADER)
        return SHM_FRAME_PARTIAL;
      declared = get_uint64 (bytes + SHORT_HEADER);
    }
  else if (declared > G_MAXINT32)
    return SHM_FRAME_INVALID;

  if (declared > body_max)
    return SHM_FRAME_TOO_LONG;

  *body_length = declared;

  return length - *body_at < declared ? SHM_FRAME_PARTIAL : SHM_FRAME_COMPLETE;
}

void
shm_frame_append (GByteArray *frames, gconstpointer body, gsize length)
{
  const guint32 header = GUINT32_TO_BE ((guint32) length);

  g_assert (length <= G_MAXINT32);

  g_byte_array_append (frames, (const guint8 *) &header, sizeof header);
  g_byte_array_append (frames, body, length);
}
