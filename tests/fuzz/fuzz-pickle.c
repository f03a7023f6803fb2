/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes frames, the handshake, pickles, requests and replies. The input is a stream of bytes from
 * a peer. The fuzzer reads it as a pickle, as a frame with a pickle, and as the messages of a peer
 * in a handshake. */

#include <glib.h>

#include "manager/protocol/shm-handshake.h"
#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-pickle-reader.h"
#include "manager/protocol/shm-reply.h"
#include "manager/protocol/shm-request.h"

#define BODY_MAX 65536

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
use_as_request (ShmPickle *pickle)
{
  gint64 a, b, c;
  const char *name;
  ShmRequest request;

  if (!shm_request_read (pickle, &request))
    return;

  name = shm_request_get_string (&request, "segment_name");
  g_assert_true (name == NULL || g_utf8_validate (name, -1, NULL));
  if (shm_request_get (&request, "siii", &name, &a, &b, &c))
    g_assert_true (g_utf8_validate (name, -1, NULL));
}

static void
use_as_reply (ShmPickle *pickle)
{
  g_autofree char *reason = NULL;
  ShmReply reply;

  if (!shm_reply_read (pickle, &reply))
    return;

  reason = shm_reply_get_reason (&reply);
  g_assert_true (g_utf8_validate (reason, -1, NULL));
}

static void
use_as_pickle (const guint8 *body, gsize length)
{
  g_autoptr (ShmPickle) pickle = shm_pickle_parse (body, length);
  g_autofree char *printed = NULL;

  if (pickle == NULL)
    return;

  printed = shm_pickle_print (shm_pickle_get_root (pickle));
  g_assert_true (g_utf8_validate (printed, -1, NULL));
  use_as_request (pickle);
  use_as_reply (pickle);
}

static void
use_as_handshake (ShmHandshakeRole role, const guint8 *data, gsize size)
{
  static const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE] = { 1, 2, 3 };
  g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
  g_autoptr (GByteArray) replies = g_byte_array_new ();
  g_auto (ShmHandshake) handshake = { .key = NULL };
  gsize at, length;

  shm_handshake_init (&handshake, role, key, TRUE, nonce);
  shm_handshake_begin (&handshake, replies);
  while (shm_frame_parse (data, size, SHM_HANDSHAKE_MESSAGE_MAX, &at, &length)
         == SHM_FRAME_COMPLETE)
    {
      /* The input cannot contain the right answer, because the fuzzer does not know the key. */
      g_assert_true (shm_handshake_receive (&handshake, data + at, length, replies)
                     != SHM_HANDSHAKE_DONE);
      data += at + length;
      size -= at + length;
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  gsize at, length;

  use_as_pickle (data, size);
  use_as_handshake (SHM_HANDSHAKE_SERVER, data, size);
  use_as_handshake (SHM_HANDSHAKE_CLIENT, data, size);
  if (shm_frame_parse (data, size, BODY_MAX, &at, &length) == SHM_FRAME_COMPLETE)
    use_as_pickle (data + at, length);

  return 0;
}
