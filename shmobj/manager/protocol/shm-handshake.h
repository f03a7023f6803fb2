/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the two ends of a connection show each other that they have the same key, as CPython's
 * multiprocessing.connection does it. Each line is the body of one message:
 *
 *     server -> client   #CHALLENGE# M1
 *     client -> server   answer (M1)
 *     server -> client   #WELCOME# or #FAILURE#
 *     client -> server   #CHALLENGE# M2
 *     server -> client   answer (M2)
 *     client -> server   #WELCOME# or #FAILURE#
 *
 * An answer is an HMAC of M with the key. Python up to 3.11 sends 20 random bytes as M and answers
 * with a bare HMAC-MD5. Since 3.12 M is "{sha256}" and 40 random bytes, and the answer names its
 * digest in front in the same way; a bare HMAC-MD5 is accepted. We challenge like the newer ones,
 * which the older ones understand as well, and answer each side as it knows it.
 *
 * Nothing is said to a peer that has not shown the key but these six messages.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SHM_HANDSHAKE_MESSAGE_MAX 256 /* bytes, as in CPython */
#define SHM_HANDSHAKE_NONCE_SIZE  40

typedef enum
{
  SHM_HANDSHAKE_SERVER,
  SHM_HANDSHAKE_CLIENT,
} ShmHandshakeRole;

typedef enum
{
  SHM_HANDSHAKE_GOES_ON,
  SHM_HANDSHAKE_DONE,
  SHM_HANDSHAKE_FAILED, /* after what there is to send, the connection is to be closed */
} ShmHandshakeStatus;

typedef enum
{
  SHM_HANDSHAKE_BEGIN,
  SHM_HANDSHAKE_AWAIT_CHALLENGE,
  SHM_HANDSHAKE_AWAIT_ANSWER,
  SHM_HANDSHAKE_AWAIT_VERDICT,
  SHM_HANDSHAKE_END,
} ShmHandshakeStep;

typedef struct
{
  ShmHandshakeRole role;
  GBytes *key; /* (owned): any length, 0 included */
  gboolean allow_md5;
  ShmHandshakeStep step;
  guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE]; /* of our challenge */
} ShmHandshake;

/* @nonce must not be predictable. */
void shm_handshake_init (ShmHandshake *self,
                         ShmHandshakeRole role,
                         GBytes *key,
                         gboolean allow_md5,
                         const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE]);
void shm_handshake_clear (ShmHandshake *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmHandshake, shm_handshake_clear)

/* The first step of either role: appends to @frames what is to be sent, which is nothing for a
 * client. */
void shm_handshake_begin (ShmHandshake *self, GByteArray *frames);

/* The peer has sent a message: appends to @frames what is to be sent. */
ShmHandshakeStatus
shm_handshake_receive (ShmHandshake *self, const guint8 *body, gsize length, GByteArray *frames);

/* Both for any M, which includes a digest's name in front.
 *
 * The answer, as the body of a message; NULL to a challenge that makes no sense or that only MD5
 * could answer where that is not allowed. */
GBytes *shm_handshake_answer (GBytes *key, const guint8 *m, gsize length, gboolean allow_md5);
gboolean shm_handshake_check (GBytes *key,
                              const guint8 *m,
                              gsize length,
                              const guint8 *answer,
                              gsize answer_length,
                              gboolean allow_md5);

G_END_DECLS
