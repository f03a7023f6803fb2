/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-control.h"

#include "manager/protocol/shm-frame.h"

void
shm_control_append (GByteArray *frames, GVariant *message)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);

  shm_frame_append (frames, g_variant_get_data (owned), g_variant_get_size (owned));
}

GVariant *
shm_control_take (GByteArray *bytes, const char *type, gboolean *is_broken)
{
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GVariant) message = NULL;
  gsize at, length;

  *is_broken = FALSE;
  switch (shm_frame_parse (bytes->data, bytes->len, SHM_CONTROL_MESSAGE_MAX, &at, &length))
    {
    case SHM_FRAME_PARTIAL:
      return NULL;
    case SHM_FRAME_COMPLETE:
      break;
    case SHM_FRAME_TOO_LONG:
    case SHM_FRAME_INVALID:
    default:
      *is_broken = TRUE;
      return NULL;
    }

  /* GVariant needs aligned data, so copy the body. */
  body = g_bytes_new (bytes->data + at, length);
  g_byte_array_remove_range (bytes, 0, at + length);
  message = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), body, FALSE));
  *is_broken = !g_variant_is_normal_form (message);

  return *is_broken ? NULL : g_steal_pointer (&message);
}
