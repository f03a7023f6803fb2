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

#define SHM_AUTH_MESSAGE_MAX 256 /* bytes, as in CPython */
#define SHM_AUTH_NONCE_SIZE  40

typedef enum
{
  SHM_AUTH_SERVER,
  SHM_AUTH_CLIENT,
} ShmAuthRole;

typedef enum
{
  SHM_AUTH_GOES_ON,
  SHM_AUTH_DONE,
  SHM_AUTH_FAILED, /* after what there is to send, the connection is to be closed */
} ShmAuthStatus;

typedef enum
{
  SHM_AUTH_BEGIN,
  SHM_AUTH_AWAIT_CHALLENGE,
  SHM_AUTH_AWAIT_ANSWER,
  SHM_AUTH_AWAIT_VERDICT,
  SHM_AUTH_END,
} ShmAuthStep;

typedef struct
{
  ShmAuthRole role;
  GBytes *key; /* (owned): any length, 0 included */
  gboolean allow_md5;
  ShmAuthStep step;
  guint8 nonce[SHM_AUTH_NONCE_SIZE]; /* of our challenge */
} ShmAuth;

/* @nonce must not be predictable. */
void shm_auth_init (ShmAuth *self,
                    ShmAuthRole role,
                    GBytes *key,
                    gboolean allow_md5,
                    const guint8 nonce[SHM_AUTH_NONCE_SIZE]);
void shm_auth_clear (ShmAuth *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmAuth, shm_auth_clear)

/* The first step of either role: appends to @frames what is to be sent, which is nothing for a
 * client. */
void shm_auth_begin (ShmAuth *self, GByteArray *frames);

/* The peer has sent a message: appends to @frames what is to be sent. */
ShmAuthStatus
shm_auth_receive (ShmAuth *self, const guint8 *body, gsize length, GByteArray *frames);

/* Both for any M, which includes a digest's name in front.
 *
 * The answer, as the body of a message; NULL to a challenge that makes no sense or that only MD5
 * could answer where that is not allowed. */
GBytes *shm_auth_answer (GBytes *key, const guint8 *m, gsize length, gboolean allow_md5);
gboolean shm_auth_check (GBytes *key,
                         const guint8 *m,
                         gsize length,
                         const guint8 *answer,
                         gsize answer_length,
                         gboolean allow_md5);

G_END_DECLS
