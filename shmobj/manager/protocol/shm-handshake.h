/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handshake, in which the two ends of a connection prove to each other that they have the same
 * key, as in CPython's multiprocessing.connection. Each line is the body of one frame:
 *
 *     server -> client   #CHALLENGE# MESSAGE1
 *     client -> server   answer (MESSAGE1)
 *     server -> client   #WELCOME# or #FAILURE#
 *     client -> server   #CHALLENGE# MESSAGE2
 *     server -> client   answer (MESSAGE2)
 *     client -> server   #WELCOME# or #FAILURE#
 *
 * An answer is an HMAC of the message with the key. Python up to 3.11 sends 20 random bytes as the
 * message, and answers with a bare HMAC-MD5. Since Python 3.12 the message is "{sha256}" and 40
 * random bytes, and an answer begins with the name of its digest in braces; these versions also
 * accept a bare HMAC-MD5. Our challenges have the form of Python 3.12, which older versions accept
 * as well. In our challenges, 8 of the 40 bytes name the role of the sender, server or client, and
 * 32 bytes are random. Our answers have the form of the Python version that sent the challenge; in
 * the form of Python 3.12, the digest is always SHA-256.
 *
 * CPython's protocol permits reflection. A process without the key that listens at the address of a
 * server cannot answer the challenge of a client. But it can send this challenge to a second client
 * as its own, and the second client computes the answer. This library does not answer a challenge
 * that names its own role, because such a challenge does not come from the other end of the
 * connection. A challenge that CPython made names no role.
 *
 * Until a peer has proved that it has the key, it receives only these messages.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SHM_HANDSHAKE_MESSAGE_MAX 256 /* bytes of a body, as in CPython */
#define SHM_HANDSHAKE_NONCE_SIZE  32

typedef enum
{
  SHM_HANDSHAKE_SERVER,
  SHM_HANDSHAKE_CLIENT,
} ShmHandshakeRole;

typedef enum
{
  SHM_HANDSHAKE_CONTINUE,
  SHM_HANDSHAKE_DONE,
  SHM_HANDSHAKE_FAILED, /* close the connection after sending the output */
} ShmHandshakeStatus;

typedef enum
{
  SHM_HANDSHAKE_INITIAL,
  SHM_HANDSHAKE_AWAIT_CHALLENGE,
  SHM_HANDSHAKE_AWAIT_ANSWER,
  SHM_HANDSHAKE_AWAIT_RESULT, /* #WELCOME# or #FAILURE# */
  SHM_HANDSHAKE_END,
} ShmHandshakeState;

/* One end of a handshake. */
typedef struct
{
  ShmHandshakeRole role;
  GBytes *key; /* (owned): has any length, including 0 */
  gboolean allow_md5;
  ShmHandshakeState state;
  guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE]; /* the random bytes in our challenge */
} ShmHandshake;

/* Initializes one end of a handshake, which holds a reference to @key. @nonce must be
 * unpredictable. */
void shm_handshake_init (ShmHandshake *self,
                         ShmHandshakeRole role,
                         GBytes *key,
                         gboolean allow_md5,
                         const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE]);
void shm_handshake_clear (ShmHandshake *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmHandshake, shm_handshake_clear)

/* Starts the handshake. A server's first frame is appended to @frames. A client sends no first
 * frame, and @frames may be NULL for a client. */
void shm_handshake_begin (ShmHandshake *self, GByteArray *frames);

/* Handles a message from the peer. Appends the frames that the caller must send to @frames. */
ShmHandshakeStatus
shm_handshake_receive (ShmHandshake *self, const guint8 *body, gsize length, GByteArray *frames);

/* Computes the answer to the challenge with @message, as the body of a frame. Returns NULL if the
 * message is invalid, or if it needs MD5 and MD5 is not allowed. (transfer full) */
GBytes *shm_handshake_answer (GBytes *key, const guint8 *message, gsize length, gboolean allow_md5);

/* Returns whether @answer is a correct answer to the challenge with @message. */
gboolean shm_handshake_check (GBytes *key,
                              const guint8 *message,
                              gsize length,
                              const guint8 *answer,
                              gsize answer_length,
                              gboolean allow_md5);

G_END_DECLS
