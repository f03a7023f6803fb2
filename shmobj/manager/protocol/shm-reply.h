/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replies of the server to requests. A reply is a pickle in a frame:
 *
 *     ('#RETURN', VALUE) or ('#TRACEBACK', TEXT)
 */

#pragma once

#include "manager/protocol/shm-pickle.h"

G_BEGIN_DECLS

#define SHM_REPLY_MAX (16 * 1024 * 1024) /* bytes; enough for almost a million generated names */

typedef enum
{
  SHM_REPLY_RETURN,
  SHM_REPLY_TRACEBACK,
  SHM_REPLY_OTHER, /* one of CPython's replies to requests about proxies */
} ShmReplyKind;

typedef struct
{
  ShmReplyKind kind;
  const ShmPickleNode *value; /* the returned value, or the text of the traceback */
} ShmReply;

/* Fills @reply with pointers into @pickle, which must outlive it. Returns FALSE if @pickle is not a
 * reply. */
gboolean shm_reply_read (ShmPickle *pickle, ShmReply *reply);

/* Returns the last non-empty line of a traceback: the type of Python's exception and its message.
 * Control characters are replaced, and long lines are cut. If the value of @reply is not a string,
 * returns shm_pickle_print() of the value. (transfer full) */
char *shm_reply_get_reason (const ShmReply *reply);

/* Each of the following functions appends one reply. */

void shm_reply_append_none (GByteArray *frames);
void shm_reply_append_integer (GByteArray *frames, gint64 integer);
void shm_reply_append_string (GByteArray *frames, const char *string);

/* Appends the reply to hello: the version of the protocol and the name of the registry. */
void shm_reply_append_hello (GByteArray *frames, const char *registry);

/* Appends a list of names. Calls @next for each name, until it returns NULL. */
typedef const char *(*ShmNextName) (gpointer user_data);
void shm_reply_append_list (GByteArray *frames, ShmNextName next, gpointer user_data);

/* Appends a traceback of Python whose last line is "TYPE: MESSAGE". */
void shm_reply_append_error (GByteArray *frames, const char *type, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
