/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is said after both ends have shown the key: requests and replies, each a pickle in a frame.
 *
 *     request   (None, METHOD, ARGUMENTS: tuple, KEYWORDS: dict)
 *     reply     ('#RETURN', VALUE) or ('#TRACEBACK', TEXT)
 *
 * The methods are those of CPython's SharedMemoryServer, and four of our own, which CPython
 * answers with '#TRACEBACK':
 *
 *     shmobj_hello (VERSION, CLIENT)                   -> (VERSION, JOURNAL)
 *     shmobj_announce (NAME, DEVICE, INODE, OWNER)     -> ENTRY
 *     shmobj_withdraw (NAME, DEVICE, INODE)            -> None
 *     shmobj_confirm (NAME, DEVICE, INODE)             -> 1 or 0
 *
 * A connection that begins with hello is for as many requests as the client likes; CPython's is for
 * one. CLIENT is a random number, by which a client knows what it did itself when the server tells
 * its starter. A block is announced before it gets its name, and then it has what
 * track_segment (NAME) can't say: what tells it from another of that name. ENTRY is where the
 * registry notes it; a client that may not read the registry asks for confirmation when the block has
 * its name.
 */

#pragma once

#include "manager/protocol/shm-pickle.h"

G_BEGIN_DECLS

#define SHM_WIRE_VERSION 1

#define SHM_WIRE_REQUEST_MAX (64 * 1024)        /* bytes */
#define SHM_WIRE_REPLY_MAX   (16 * 1024 * 1024) /* bytes: almost a million names */

#define SHM_METHOD_DUMMY             "dummy"
#define SHM_METHOD_TRACK             "track_segment"
#define SHM_METHOD_RELEASE           "release_segment"
#define SHM_METHOD_LIST              "list_segments"
#define SHM_METHOD_DEBUG_INFO        "debug_info"
#define SHM_METHOD_NUMBER_OF_OBJECTS "number_of_objects"
#define SHM_METHOD_SHUTDOWN          "shutdown"
#define SHM_METHOD_HELLO             "shmobj_hello"
#define SHM_METHOD_ANNOUNCE          "shmobj_announce"
#define SHM_METHOD_WITHDRAW          "shmobj_withdraw"
#define SHM_METHOD_CONFIRM           "shmobj_confirm"

/* Requests */

typedef struct
{
  const char *method;
  const ShmPickleNode *arguments; /* a tuple */
  const ShmPickleNode *keywords;  /* a dict */
} ShmRequest;

/* @request points into @pickle. FALSE if it is no request. */
gboolean shm_request_read (ShmPickle *pickle, ShmRequest *request);

/* The one argument, which may also be given by its name; NULL if it is something else than a
 * string, or not the only one. */
const char *shm_request_get_string (const ShmRequest *request, const char *keyword);

/* Appends a request with arguments by position: for each letter of @types an s (const char *) or an
 * i (gint64). */
void shm_request_append (GByteArray *frames, const char *method, const char *types, ...);

/* Reads the arguments of that form; strings are the pickle's. FALSE if they are others. */
gboolean shm_request_get (const ShmRequest *request, const char *types, ...);

/* Replies */

typedef enum
{
  SHM_REPLY_RETURN,
  SHM_REPLY_TRACEBACK,
  SHM_REPLY_OTHER, /* a reply of CPython's that is for proxies */
} ShmReplyKind;

typedef struct
{
  ShmReplyKind kind;
  const ShmPickleNode *value; /* what is returned, or the text */
} ShmReply;

/* @reply points into @pickle. FALSE if it is no reply. */
gboolean shm_reply_read (ShmPickle *pickle, ShmReply *reply);

/* The last line that is not empty: Python's error and what it says; (transfer full). */
char *shm_reply_get_reason (const ShmReply *reply);

void shm_reply_append_none (GByteArray *frames);
void shm_reply_append_integer (GByteArray *frames, gint64 integer);
void shm_reply_append_string (GByteArray *frames, const char *string);
void shm_reply_append_welcome (GByteArray *frames, const char *registry);

/* Names that nobody else may hold meanwhile. */
typedef const char *(*ShmNextName) (gpointer user_data);
void shm_reply_append_list (GByteArray *frames, ShmNextName next, gpointer user_data);

/* As a traceback of Python would end: "TYPE: MESSAGE". */
void shm_reply_append_error (GByteArray *frames, const char *type, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
