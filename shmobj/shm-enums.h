/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <glib.h>

G_BEGIN_DECLS

/**
 * ShmCreateFlags:
 * @SHM_CREATE_NONE: nothing special
 * @SHM_CREATE_SPARSE: reserve no pages. Creation is quick however large the block is, and memory
 *   is only taken for what is touched; but if there is none left then, the process that touches
 *   it is killed by SIGBUS
 * @SHM_CREATE_POPULATE: map the block and touch every page of it now, so that using it causes
 *   no page faults later
 * @SHM_CREATE_UNLINK_ON_CLOSE: remove the block's name when the object that created it is closed
 *   or finalized, in the process that created it (not in its forked children)
 *
 * How to create a block.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  SHM_CREATE_NONE = 0,
  SHM_CREATE_SPARSE = 1 << 0,
  SHM_CREATE_POPULATE = 1 << 1,
  SHM_CREATE_UNLINK_ON_CLOSE = 1 << 2,
} ShmCreateFlags;

/**
 * ShmAttachFlags:
 * @SHM_ATTACH_NONE: for reading and writing
 * @SHM_ATTACH_READ_ONLY: map the block so that it can't be written through this object; a block
 *   that the process has no permission to write can be attached to this way
 * @SHM_ATTACH_ANY_OWNER: also take a block of another user than root or oneself. Whoever owns a
 *   block can write and truncate it at any time
 *
 * How to attach to a block.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  SHM_ATTACH_NONE = 0,
  SHM_ATTACH_READ_ONLY = 1 << 0,
  SHM_ATTACH_ANY_OWNER = 1 << 1,
} ShmAttachFlags;

/**
 * ShmSealFlags:
 * @SHM_SEAL_NONE: nothing
 * @SHM_SEAL_RESIZE: nobody can make the block smaller or larger, so that its views can never
 *   raise SIGBUS
 * @SHM_SEAL_WRITE: nobody can change what is in it either; implies @SHM_SEAL_RESIZE
 *
 * What an anonymous block is sealed against. A seal can't be taken off.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  SHM_SEAL_NONE = 0,
  SHM_SEAL_RESIZE = 1 << 0,
  SHM_SEAL_WRITE = 1 << 1,
} ShmSealFlags;

/**
 * ShmOrigin:
 * @SHM_ORIGIN_ATTACH: an existing block, by its name
 * @SHM_ORIGIN_CREATE: a new block
 * @SHM_ORIGIN_OPEN_OR_CREATE: an existing block, or else a new one; an initialised object says
 *   which of the two above it was
 * @SHM_ORIGIN_CREATE_ANONYMOUS: a new block without a name
 * @SHM_ORIGIN_ATTACH_FD: an existing block, by a file descriptor
 *
 * How a [class@Shm.SharedMemory] comes, or came, by its block.
 *
 * Since: 1.0
 */
typedef enum
{
  SHM_ORIGIN_ATTACH,
  SHM_ORIGIN_CREATE,
  SHM_ORIGIN_OPEN_OR_CREATE,
  SHM_ORIGIN_CREATE_ANONYMOUS,
  SHM_ORIGIN_ATTACH_FD,
} ShmOrigin;

/**
 * ShmValueKind:
 * @SHM_VALUE_KIND_NONE: nothing: Python's None
 * @SHM_VALUE_KIND_INT64: a whole number of 64 bits: Python's int
 * @SHM_VALUE_KIND_DOUBLE: a floating-point number: Python's float
 * @SHM_VALUE_KIND_BOOLEAN: true or false: Python's bool
 * @SHM_VALUE_KIND_STRING: text, NULs allowed: Python's str
 * @SHM_VALUE_KIND_BYTES: bytes: Python's bytes
 *
 * What a value of a [class@Shm.ShareableList] is.
 *
 * Since: 1.0
 */
typedef enum
{
  SHM_VALUE_KIND_NONE,
  SHM_VALUE_KIND_INT64,
  SHM_VALUE_KIND_DOUBLE,
  SHM_VALUE_KIND_BOOLEAN,
  SHM_VALUE_KIND_STRING,
  SHM_VALUE_KIND_BYTES,
} ShmValueKind;

/**
 * ShmManagerFlags:
 * @SHM_MANAGER_NONE: peers may answer with HMAC-MD5, and must belong to the same user or to root
 * @SHM_MANAGER_REFUSE_MD5: a peer that proves its knowledge of the key with HMAC-MD5 is refused.
 *   Python up to 3.11 knows no other digest.
 * @SHM_MANAGER_ALLOW_OTHER_USERS: a server also accepts processes of other users that have the key,
 *   and a client also talks to the server of another user. The server's registry, which lists the
 *   names of its blocks, is then readable for all users.
 *
 * Which peers a [class@Shm.Manager] accepts.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  SHM_MANAGER_NONE = 0,
  SHM_MANAGER_REFUSE_MD5 = 1 << 0,
  SHM_MANAGER_ALLOW_OTHER_USERS = 1 << 1,
} ShmManagerFlags;

/**
 * ShmManagerState:
 * @SHM_MANAGER_STATE_INITIAL: the manager has no server yet
 * @SHM_MANAGER_STATE_STARTED: the manager has started its server
 * @SHM_MANAGER_STATE_CONNECTED: the manager uses a server that another object has started
 * @SHM_MANAGER_STATE_SHUT_DOWN: the manager was shut down
 * @SHM_MANAGER_STATE_SERVER_DIED: the server has ended although this object did not end it
 *
 * Lifecycle state of a [class@Shm.Manager].
 *
 * Since: 1.0
 */
typedef enum
{
  SHM_MANAGER_STATE_INITIAL,
  SHM_MANAGER_STATE_STARTED,
  SHM_MANAGER_STATE_CONNECTED,
  SHM_MANAGER_STATE_SHUT_DOWN,
  SHM_MANAGER_STATE_SERVER_DIED,
} ShmManagerState;

G_END_DECLS
