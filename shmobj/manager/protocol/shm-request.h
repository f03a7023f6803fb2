/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Requests of clients to the server, after the handshake. A request is a pickle in a frame:
 *
 *     (None, METHOD, ARGUMENTS: tuple, KEYWORDS: dict)
 *
 * The methods are those of CPython's SharedMemoryServer, and three of our own. CPython's server
 * replies to ours with an error:
 *
 *     shmobj_hello (VERSION, CLIENT)                   -> (VERSION, REGISTRY)
 *     shmobj_announce (NAME, DEVICE, INODE, OWNER)     -> ENTRY
 *     shmobj_withdraw (NAME, DEVICE, INODE)            -> None
 *
 * A connection carries one request, as in CPython. If the first request is hello, the connection
 * carries as many as the client likes.
 *
 * CLIENT is a random number that identifies the client. The server passes it on to its starter, so
 * that the starter can skip reports about its own requests. REGISTRY is the name of the server's
 * registry.
 *
 * A client announces a block before it publishes the block under NAME. Unlike track_segment (NAME),
 * the announcement contains the identity of the block. ENTRY is the number of the registry entry,
 * which the client reads after it has published the block.
 */

#pragma once

#include "manager/protocol/shm-pickle.h"

G_BEGIN_DECLS

/* Version of our own methods. */
#define SHM_PROTOCOL_VERSION 1

#define SHM_REQUEST_MAX (64 * 1024) /* bytes */

/* CPython's names; it calls a block a segment, and says release for remove. */
#define SHM_METHOD_DUMMY             "dummy"
#define SHM_METHOD_TRACK             "track_segment"
#define SHM_METHOD_REMOVE            "release_segment"
#define SHM_METHOD_LIST              "list_segments"
#define SHM_METHOD_DEBUG_INFO        "debug_info"
#define SHM_METHOD_NUMBER_OF_OBJECTS "number_of_objects"
#define SHM_METHOD_SHUTDOWN          "shutdown"
#define SHM_KEYWORD_NAME             "segment_name"

/* CPython's methods for objects with proxies, which our server does not have. */
#define SHM_METHOD_ACCEPT_CONNECTION "accept_connection"
#define SHM_METHOD_CREATE            "create"
#define SHM_METHOD_DECREF            "decref"
#define SHM_METHOD_GET_METHODS       "get_methods"
#define SHM_METHOD_INCREF            "incref"

/* Our own. */
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

/* Reads positional arguments, for each letter of @types into a const char ** or a gint64 *. The
 * pickle owns the strings. Returns FALSE if number or types of the arguments differ. */
gboolean shm_request_get (const ShmRequest *request, const char *types, ...);

G_END_DECLS
