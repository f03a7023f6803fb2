/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-handshake.h"

#include "manager/protocol/shm-frame.h"

#include <string.h>

#define CHALLENGE  "#CHALLENGE#"
#define WELCOME    "#WELCOME#"
#define FAILURE    "#FAILURE#"
#define OUR_DIGEST "{sha256}"

/* The sizes in the handshake of Python up to 3.11. */
#define LEGACY_NONCE_SIZE 20
#define MD5_SIZE          16

#define DIGEST_SIZE_MAX 64

/* The names of the roles in our challenges. The random bytes of CPython are practically never equal
 * to one of them. */
#define ROLE_SIZE 8

static const char role_names[][ROLE_SIZE + 1] = {
  [SHM_HANDSHAKE_SERVER] = "shmobj:s",
  [SHM_HANDSHAKE_CLIENT] = "shmobj:c",
};

/* The digests that both CPython and GLib support. CPython also supports SHA-3. It never asks for
 * SHA-3, and accepts an answer with any of its digests. This library therefore does not need
 * SHA-3. */
static const struct
{
  const char *prefix;
  GChecksumType type;
} digests[] = {
  { "{md5}", G_CHECKSUM_MD5 },
  { "{sha256}", G_CHECKSUM_SHA256 },
  { "{sha384}", G_CHECKSUM_SHA384 },
};

static const char *const other_digests[] = { "{sha3_256}", "{sha3_384}" };

static gboolean
has_prefix (const guint8 *bytes, gsize length, const char *prefix)
{
  return length >= strlen (prefix) && memcmp (bytes, prefix, strlen (prefix)) == 0;
}

static gboolean
is_word (const guint8 *body, gsize length, const char *word)
{
  return length == strlen (word) && has_prefix (body, length, word);
}

/* Computes an HMAC. Returns the length of the digest. */
static gsize
compute_hmac (GBytes *key,
              GChecksumType type,
              const guint8 *message,
              gsize length,
              guint8 digest[DIGEST_SIZE_MAX])
{
  gsize size = DIGEST_SIZE_MAX;
  gsize key_size;
  const guint8 *key_data = g_bytes_get_data (key, &key_size);
  /* g_hmac_new() does not accept NULL, even for an empty key. */
  g_autoptr (GHmac) hmac
      = g_hmac_new (type, key_data != NULL ? key_data : (const guint8 *) "", key_size);

  g_hmac_update (hmac, message, length);
  g_hmac_get_digest (hmac, digest, &size);

  return size;
}

/* Compares in constant time, so that the time does not reveal how many bytes are correct. */
static gboolean
is_equal (const guint8 *a, const guint8 *b, gsize length)
{
  guint8 difference = 0;

  for (gsize i = 0; i < length; i++)
    difference |= a[i] ^ b[i];

  return difference == 0;
}

static gboolean
names_digest (const guint8 *message, gsize length)
{
  for (guint i = 0; i < G_N_ELEMENTS (digests); i++)
    if (has_prefix (message, length, digests[i].prefix))
      return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (other_digests); i++)
    if (has_prefix (message, length, other_digests[i]))
      return TRUE;

  return FALSE;
}

GBytes *
shm_handshake_answer (GBytes *key, const guint8 *message, gsize length, gboolean allow_md5)
{
  guint8 digest[DIGEST_SIZE_MAX];
  GByteArray *answer;
  gsize size;

  /* CPython up to 3.11 sends a challenge of this length, which names no digest. As in CPython, only
   * the length distinguishes such a challenge from others. */
  if (length == LEGACY_NONCE_SIZE)
    {
      if (!allow_md5)
        return NULL;
      size = compute_hmac (key, G_CHECKSUM_MD5, message, length, digest);
      return g_bytes_new (digest, size);
    }

  if (length < LEGACY_NONCE_SIZE || !names_digest (message, length))
    return NULL;

  /* The peer accepts SHA-256, even if its challenge names another digest. */
  size = compute_hmac (key, G_CHECKSUM_SHA256, message, length, digest);
  answer = g_byte_array_new ();
  g_byte_array_append (answer, (const guint8 *) OUR_DIGEST, strlen (OUR_DIGEST));
  g_byte_array_append (answer, digest, size);

  return g_byte_array_free_to_bytes (answer);
}

gboolean
shm_handshake_check (GBytes *key,
                     const guint8 *message,
                     gsize length,
                     const guint8 *answer,
                     gsize answer_length,
                     gboolean allow_md5)
{
  guint8 digest[DIGEST_SIZE_MAX];
  gsize size;

  if (answer_length == MD5_SIZE)
    {
      size = compute_hmac (key, G_CHECKSUM_MD5, message, length, digest);
      return is_equal (answer, digest, size) && allow_md5;
    }

  for (guint i = 0; i < G_N_ELEMENTS (digests); i++)
    {
      const gsize prefix_length = strlen (digests[i].prefix);

      if (!has_prefix (answer, answer_length, digests[i].prefix))
        continue;
      size = compute_hmac (key, digests[i].type, message, length, digest);
      return answer_length == prefix_length + size
             && is_equal (answer + prefix_length, digest, size)
             && (allow_md5 || digests[i].type != G_CHECKSUM_MD5);
    }

  return FALSE;
}

/* The sequence of messages */

void
shm_handshake_init (ShmHandshake *self,
                    ShmHandshakeRole role,
                    GBytes *key,
                    gboolean allow_md5,
                    const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE])
{
  *self = (ShmHandshake){
    .role = role,
    .key = g_bytes_ref (key),
    .allow_md5 = allow_md5,
    .state = SHM_HANDSHAKE_INITIAL,
  };
  memcpy (self->nonce, nonce, sizeof self->nonce);
}

void
shm_handshake_clear (ShmHandshake *self)
{
  g_clear_pointer (&self->key, g_bytes_unref);
}

static void
send_word (GByteArray *frames, const char *word)
{
  shm_frame_append (frames, word, strlen (word));
}

/* The message of our own challenge: the name of the digest, the name of our role, and the nonce.
 * The message is as long as that of CPython. */
typedef struct
{
  guint8 digest[sizeof OUR_DIGEST - 1];
  guint8 role[ROLE_SIZE];
  guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE];
} OurMessage;

G_STATIC_ASSERT (sizeof (OurMessage) == 8 + 40);

static void
build_our_message (ShmHandshake *self, OurMessage *message)
{
  memcpy (message->digest, OUR_DIGEST, sizeof message->digest);
  memcpy (message->role, role_names[self->role], ROLE_SIZE);
  memcpy (message->nonce, self->nonce, sizeof message->nonce);
}

/* Returns whether the message of a challenge names the role of @self. Such a challenge comes from
 * another process in the same role, and was reflected. */
static gboolean
is_reflected (ShmHandshake *self, const guint8 *message, gsize length)
{
  OurMessage ours;

  build_our_message (self, &ours);

  return length == sizeof ours && memcmp (message, &ours, sizeof ours - sizeof ours.nonce) == 0;
}

static void
send_challenge (ShmHandshake *self, GByteArray *frames)
{
  guint8 body[sizeof CHALLENGE - 1 + sizeof (OurMessage)];
  OurMessage message;

  build_our_message (self, &message);
  memcpy (body, CHALLENGE, sizeof CHALLENGE - 1);
  memcpy (body + sizeof CHALLENGE - 1, &message, sizeof message);
  shm_frame_append (frames, body, sizeof body);
  self->state = SHM_HANDSHAKE_AWAIT_ANSWER;
}

void
shm_handshake_begin (ShmHandshake *self, GByteArray *frames)
{
  g_assert (self->state == SHM_HANDSHAKE_INITIAL);

  if (self->role == SHM_HANDSHAKE_SERVER)
    send_challenge (self, frames);
  else
    self->state = SHM_HANDSHAKE_AWAIT_CHALLENGE;
}

static ShmHandshakeStatus
end (ShmHandshake *self, ShmHandshakeStatus status)
{
  self->state = SHM_HANDSHAKE_END;

  return status;
}

static ShmHandshakeStatus
receive_challenge (ShmHandshake *self, const guint8 *body, gsize length, GByteArray *frames)
{
  g_autoptr (GBytes) answer = NULL;
  gsize answer_length;
  gconstpointer data;

  if (!has_prefix (body, length, CHALLENGE))
    return end (self, SHM_HANDSHAKE_FAILED);

  body += strlen (CHALLENGE);
  length -= strlen (CHALLENGE);
  if (!is_reflected (self, body, length))
    answer = shm_handshake_answer (self->key, body, length, self->allow_md5);
  if (answer == NULL)
    return end (self, SHM_HANDSHAKE_FAILED);

  data = g_bytes_get_data (answer, &answer_length);
  shm_frame_append (frames, data, answer_length);
  self->state = SHM_HANDSHAKE_AWAIT_RESULT;

  return SHM_HANDSHAKE_CONTINUE;
}

static ShmHandshakeStatus
receive_answer (ShmHandshake *self, const guint8 *body, gsize length, GByteArray *frames)
{
  OurMessage message;

  build_our_message (self, &message);
  if (!shm_handshake_check (self->key, (const guint8 *) &message, sizeof message, body, length,
                            self->allow_md5))
    {
      send_word (frames, FAILURE);
      return end (self, SHM_HANDSHAKE_FAILED);
    }

  send_word (frames, WELCOME);
  if (self->role == SHM_HANDSHAKE_CLIENT)
    return end (self, SHM_HANDSHAKE_DONE);

  self->state = SHM_HANDSHAKE_AWAIT_CHALLENGE;

  return SHM_HANDSHAKE_CONTINUE;
}

static ShmHandshakeStatus
receive_result (ShmHandshake *self, const guint8 *body, gsize length, GByteArray *frames)
{
  if (!is_word (body, length, WELCOME))
    return end (self, SHM_HANDSHAKE_FAILED);
  if (self->role == SHM_HANDSHAKE_SERVER)
    return end (self, SHM_HANDSHAKE_DONE);

  send_challenge (self, frames);

  return SHM_HANDSHAKE_CONTINUE;
}

ShmHandshakeStatus
shm_handshake_receive (ShmHandshake *self, const guint8 *body, gsize length, GByteArray *frames)
{
  if (length > SHM_HANDSHAKE_MESSAGE_MAX)
    return end (self, SHM_HANDSHAKE_FAILED);

  switch (self->state)
    {
    case SHM_HANDSHAKE_AWAIT_CHALLENGE:
      return receive_challenge (self, body, length, frames);
    case SHM_HANDSHAKE_AWAIT_ANSWER:
      return receive_answer (self, body, length, frames);
    case SHM_HANDSHAKE_AWAIT_RESULT:
      return receive_result (self, body, length, frames);
    case SHM_HANDSHAKE_INITIAL:
    case SHM_HANDSHAKE_END:
    default:
      return end (self, SHM_HANDSHAKE_FAILED);
    }
}
