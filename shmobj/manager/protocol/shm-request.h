/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Requests of clients to the server, after the handshake. A request is a pickle in a frame:
 *
 *     (None, METHOD, ARGUMENTS: tuple, KEYWORDS: dict)
 *
 * The methods are those of CPython's SharedMemoryServer, and three methods of this library.
 * CPython's server replies to these three with an error:
 *
 *     shmobj_hello (VERSION, CLIENT)                   -> (VERSION, REGISTRY)
 *     shmobj_announce (NAME, DEVICE, INODE, OWNER)     -> ENTRY
 *     shmobj_withdraw (NAME, DEVICE, INODE)            -> None
 *
 * A connection carries one request, as in CPython. If the first request is hello, the connection
 * carries any number of requests.
 *
 * CLIENT is a random number that identifies the client. With this number the server recognizes the
 * requests of its starter, and does not report them to the starter. REGISTRY is the name of the
 * server's registry.
 *
 * A client announces a block before it publishes the block under NAME. Unlike track_segment (NAME),
 * the announcement contains the identity of the block. ENTRY is the number of the registry entry,
 * which the client reads after it has published the block.
 */

#pragma once

#include "manager/protocol/shm-pickle.h"

G_BEGIN_DECLS

/* Version of this library's methods. */
#define SHM_PROTOCOL_VERSION 1

#define SHM_REQUEST_MAX (64 * 1024) /* bytes */

/* CPython's names. CPython calls a block a segment, and uses the word release for remove. */
#define SHM_METHOD_DUMMY             "dummy"
#define SHM_METHOD_TRACK             "track_segment"
#define SHM_METHOD_REMOVE            "release_segment"
#define SHM_METHOD_LIST              "list_segments"
#define SHM_METHOD_DEBUG_INFO        "debug_info"
#define SHM_METHOD_NUMBER_OF_OBJECTS "number_of_objects"
#define SHM_METHOD_SHUTDOWN          "shutdown"
#define SHM_KEYWORD_NAME             "segment_name"

/* CPython's methods for objects with proxies. The server of this library has no such objects. */
#define SHM_METHOD_ACCEPT_CONNECTION "accept_connection"
#define SHM_METHOD_CREATE            "create"
#define SHM_METHOD_DECREF            "decref"
#define SHM_METHOD_GET_METHODS       "get_methods"
#define SHM_METHOD_INCREF            "incref"

/* The methods of this library. */
#define SHM_METHOD_HELLO    "shmobj_hello"
#define SHM_METHOD_ANNOUNCE "shmobj_announce"
#define SHM_METHOD_WITHDRAW "shmobj_withdraw"

typedef struct
{
  const char *method;
  const ShmPickleNode *arguments; /* a tuple or a list */
  const ShmPickleNode *keywords;  /* a dict */
} ShmRequest;

/* Fills @request with pointers into @pickle, which must outlive it. Returns FALSE if @pickle is not
 * a request. */
gboolean shm_request_read (ShmPickle *pickle, ShmRequest *request);

/* Returns the only argument, which the client may also have passed as keyword argument @keyword.
 * Returns NULL if it is not a string, or not the only argument. The pickle owns the string. */
const char *shm_request_get_string (const ShmRequest *request, const char *keyword);

/* Appends a request with positional arguments, one for each letter of @types: s for a const char *,
 * i for a gint64. */
void shm_request_append (GByteArray *frames, const char *method, const char *types, ...);

/* Reads positional arguments. For each letter of @types the caller passes a const char ** (s) or a
 * gint64 * (i). The pickle owns the strings. Returns FALSE if the number or a type of the arguments
 * differs. */
gboolean shm_request_get (const ShmRequest *request, const char *types, ...);

G_END_DECLS
