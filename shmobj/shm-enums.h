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
 * @SHM_CREATE_NONE: reserve all memory of the block, and keep the name when the object is closed
 * @SHM_CREATE_SPARSE: do not reserve memory. Creation is fast for a block of any size, and the
 *   system allocates memory only for the pages that a process touches. If the system has no memory
 *   left, SIGBUS kills the process that touches a new page
 * @SHM_CREATE_POPULATE: map the block and touch every page of it during creation, so that using the
 *   block through this object causes no page faults later. Without enough memory, the creation
 *   fails, also together with %SHM_CREATE_SPARSE
 * @SHM_CREATE_UNLINK_ON_CLOSE: remove the block's name when the object that created the block is
 *   closed or finalized in the process that created it. Children of `fork()` do not remove it
 * @SHM_CREATE_TRACK: remove the block's name when the last process of the program that created the
 *   block has ended, even if it was killed. [func@Shm.begin_program] says which processes belong to
 *   a program. It has no effect on an anonymous block, and a manager's block cannot have this flag
 * @SHM_CREATE_HUGE_PAGES: ask the system for huge pages, which have 2 MiB on x86-64. Access to a
 *   large block is then faster, and filling a new block too. The system provides huge pages only
 *   if `/dev/shm` is mounted with the option `huge=advise` and, for an anonymous block, if
 *   `/sys/kernel/mm/transparent_hugepage/shmem_enabled` is `advise`. Otherwise the block has small
 *   pages, without an error. The block is mapped during creation, as with %SHM_CREATE_POPULATE
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
  SHM_CREATE_TRACK = 1 << 3,
  SHM_CREATE_HUGE_PAGES = 1 << 4,
} ShmCreateFlags;

/**
 * ShmAttachFlags:
 * @SHM_ATTACH_NONE: open the block for reading and writing, and refuse a block whose owner is
 *   neither root nor the user of this process
 * @SHM_ATTACH_READ_ONLY: open the block for reading only. The block cannot be written through the
 *   object. The process does not need write permission
 * @SHM_ATTACH_ANY_OWNER: accept a block of any owner, even if the owner is neither root nor the
 *   user of this process. The owner of a block can write and truncate the block at any time
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
 * @SHM_SEAL_NONE: no seal
 * @SHM_SEAL_SHRINK: no process can make the block smaller, so that views of it never raise SIGBUS
 * @SHM_SEAL_GROW: no process can make the block larger
 * @SHM_SEAL_RESIZE: both @SHM_SEAL_SHRINK and @SHM_SEAL_GROW
 * @SHM_SEAL_WRITE: no process can write to the block
 * @SHM_SEAL_FUTURE_WRITE: no process can write to the block, except through memory that it has
 *   already mapped for writing. Requires Linux 5.1
 * @SHM_SEAL_SEAL: no process can add a seal. The file of a block that cannot be sealed has this
 *   seal, too
 *
 * The operations against which an anonymous block is sealed. A seal cannot be removed.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  SHM_SEAL_NONE = 0,
  SHM_SEAL_SHRINK = 1 << 0,
  SHM_SEAL_GROW = 1 << 1,
  SHM_SEAL_RESIZE = SHM_SEAL_SHRINK | SHM_SEAL_GROW,
  SHM_SEAL_WRITE = 1 << 2,
  SHM_SEAL_FUTURE_WRITE = 1 << 3,
  SHM_SEAL_SEAL = 1 << 4,
} ShmSealFlags;

/**
 * ShmOrigin:
 * @SHM_ORIGIN_ATTACH: an existing block with the name `name`; uses `attach-flags`
 * @SHM_ORIGIN_CREATE: a new block with the name `name`, or a generated name; uses `size`, `mode`
 *   and `create-flags`
 * @SHM_ORIGIN_OPEN_OR_CREATE: an existing block with the name `name`, or a new one if there is
 *   none; uses `size`, `mode`, `create-flags` and `attach-flags`
 * @SHM_ORIGIN_CREATE_ANONYMOUS: a new block without a name; uses `size` and `create-flags`
 * @SHM_ORIGIN_ATTACH_FD: an existing block with the file descriptor `source-fd`; uses
 *   `attach-flags`
 *
 * Where a [class@Shm.SharedMemory] gets its block from. The description of each member lists the
 * properties that the object uses.
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
 * ShmLockMode:
 * @SHM_LOCK_MODE_EXCLUSIVE: no other lock of the same bytes is held at the same time
 * @SHM_LOCK_MODE_SHARED: other shared locks of the same bytes can be held at the same time, and no
 *   exclusive lock
 *
 * What a lock of [method@Shm.SharedMemory.lock] excludes.
 *
 * Since: 1.0
 */
typedef enum
{
  SHM_LOCK_MODE_EXCLUSIVE,
  SHM_LOCK_MODE_SHARED,
} ShmLockMode;

/**
 * ShmValueKind:
 * @SHM_VALUE_KIND_NONE: no value: Python's None
 * @SHM_VALUE_KIND_INT64: an integer of 64 bits: Python's int
 * @SHM_VALUE_KIND_DOUBLE: a floating-point number: Python's float
 * @SHM_VALUE_KIND_BOOLEAN: true or false: Python's bool
 * @SHM_VALUE_KIND_STRING: text, which can contain NUL: Python's str
 * @SHM_VALUE_KIND_BYTES: bytes: Python's bytes
 *
 * The kind of a value of a [class@Shm.ShareableList].
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
 * @SHM_MANAGER_NONE: accept peers of the same user or of root. Peers may use HMAC-MD5 in the
 *   handshake
 * @SHM_MANAGER_REFUSE_MD5: refuse a peer that uses HMAC-MD5 to prove that it has the key. Python up
 *   to 3.11 supports no other digest
 * @SHM_MANAGER_ALLOW_OTHER_USERS: a server also accepts processes of other users that have the key,
 *   and a client also connects to the server of another user. All users can then read the server's
 *   registry, which lists the names of its blocks
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
