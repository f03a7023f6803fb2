/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <glib.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

/**
 * SHM_ERROR:
 *
 * The error domain of this library. The codes are those of [error@Shm.Error].
 *
 * Since: 1.0
 */
#define SHM_ERROR (shm_error_quark ())

/**
 * ShmError:
 * @SHM_ERROR_EXISTS: a block with that name exists already, the address of a manager is in use, or
 *   another object writes the frames.
 *   Choose another name or address, attach to the block, or call
 *   [ctor@Shm.SharedMemory.open_or_create]. If no process uses the block any more, remove it with
 *   [func@Shm.remove_block].
 * @SHM_ERROR_NOT_FOUND: no block has that name, or no server listens at the address of a manager.
 *   Check the name, and that the creator has not ended and removed the block.
 *   [func@Shm.list_blocks] returns all names.
 * @SHM_ERROR_INVALID_NAME: the name of a block, or the address of a manager, is not valid. The
 *   message says which rule the name breaks. Without a name, a block gets a generated one.
 * @SHM_ERROR_INVALID_SIZE: a block cannot have that size, or an existing block has no size yet or
 *   is too small. Give a size of at least 1. If the block has no size, its creator has probably
 *   died: remove the block and create it again.
 * @SHM_ERROR_NO_SPACE: there is not enough memory, address space or space for blocks. Remove blocks
 *   that no process needs, create a smaller block, or let the administrator enlarge `/dev/shm`.
 * @SHM_ERROR_PERMISSION_DENIED: this process is not allowed to do the operation. Run it as the
 *   owner of the block, let the creator choose another mode, or attach with %SHM_ATTACH_READ_ONLY.
 * @SHM_ERROR_UNTRUSTED_OWNER: the block belongs to a user who is neither root nor the user of this
 *   process. If you trust this user, attach with %SHM_ATTACH_ANY_OWNER.
 * @SHM_ERROR_CLOSED: the object is closed or shut down, or was never initialised. Create a new
 *   object with a constructor of the class.
 * @SHM_ERROR_READ_ONLY: the block cannot be written through this object. Attach without
 *   %SHM_ATTACH_READ_ONLY. A block that is sealed against writing stays read-only.
 * @SHM_ERROR_OUT_OF_RANGE: an offset or index is out of range, or a number is too large for its
 *   type. Compare with the size of the block or the length of the list.
 * @SHM_ERROR_TYPE_MISMATCH: a file is not a block, or a value has another type than expected. For a
 *   value, ask for its type with [method@Shm.ShareableList.get_value_kind], or read it with
 *   [method@Shm.ShareableList.get_value].
 * @SHM_ERROR_TOO_LARGE: a block or a value is larger than a limit allows. The message names the
 *   limit. Create a list with the longest text that you expect, because a slot never grows.
 * @SHM_ERROR_VALUE_NOT_FOUND: the list does not contain the value, or there is no frame yet. Values
 *   are compared as in [method@Shm.ShareableList.count].
 * @SHM_ERROR_CORRUPT: the block contains no valid list, a value is invalid, or another process has
 *   truncated the block. Find the process that writes other data to the block, remove the block,
 *   and create it again.
 * @SHM_ERROR_NOT_SUPPORTED: the operation is not possible for this kind of block, on this system,
 *   or with these arguments. The message says which of the three it is, and what is possible.
 * @SHM_ERROR_TIMED_OUT: a wait with a time limit ended without success. The other process is
 *   stopped, or very slow: try again, or end that process.
 * @SHM_ERROR_NOT_STARTED: the manager has no server yet. Call [method@Shm.Manager.start] or
 *   [method@Shm.Manager.connect_to_server] first.
 * @SHM_ERROR_ALREADY_STARTED: the manager has a server already. Use it, or create another manager.
 * @SHM_ERROR_AUTHENTICATION_FAILED: the handshake failed: the peer has another key, or needs
 *   HMAC-MD5, which the manager refuses. Give both ends the same key, or accept HMAC-MD5.
 * @SHM_ERROR_PROTOCOL: the peer does not follow the protocol. Check the address: the peer is
 *   probably no server of a manager, or one of another version.
 * @SHM_ERROR_SERVER_DIED: the server of the manager died. Its blocks are removed. Create a new
 *   manager and start it.
 * @SHM_ERROR_FAILED: any other error. The message contains the error of the system.
 * @SHM_ERROR_TOO_MANY_FILES: this process or the system has no file descriptor left. Close other
 *   files, or raise the limit, and try again.
 * @SHM_ERROR_FOLDER_MISSING: this system has no folder for blocks; on Linux, `/dev/shm` is missing.
 *   Let the administrator mount a tmpfs there, or use a block without a name.
 * @SHM_ERROR_FOLDER_READ_ONLY: the folder for blocks, or for the socket of a manager, is mounted
 *   read-only. Attach with %SHM_ATTACH_READ_ONLY, use a block without a name, or let the
 *   administrator mount the folder for writing.
 * @SHM_ERROR_REFUSED: the system refuses a call to this process; on Linux, a seccomp filter or
 *   another sandbox does not allow it. Change the rules of the sandbox.
 * @SHM_ERROR_BAD_DESCRIPTOR: a file descriptor of the caller is not open. Pass an open descriptor,
 *   and close it only after the call.
 * @SHM_ERROR_MISALIGNED: the offset of an atomic integer, or of an event, is not a multiple of its
 *   size. Pass a multiple of 4 or 8.
 *
 * The error codes of this library.
 *
 * A message names the block or the manager, the operation and the reason, and a remedy if there is
 * one. A cancelled operation fails with `G_IO_ERROR_CANCELLED` and not with one of these codes.
 *
 * Since: 1.0
 */
typedef enum
{
  SHM_ERROR_EXISTS,
  SHM_ERROR_NOT_FOUND,
  SHM_ERROR_INVALID_NAME,
  SHM_ERROR_INVALID_SIZE,
  SHM_ERROR_NO_SPACE,
  SHM_ERROR_PERMISSION_DENIED,
  SHM_ERROR_UNTRUSTED_OWNER,
  SHM_ERROR_CLOSED,
  SHM_ERROR_READ_ONLY,
  SHM_ERROR_OUT_OF_RANGE,
  SHM_ERROR_TYPE_MISMATCH,
  SHM_ERROR_TOO_LARGE,
  SHM_ERROR_VALUE_NOT_FOUND,
  SHM_ERROR_CORRUPT,
  SHM_ERROR_NOT_SUPPORTED,
  SHM_ERROR_TIMED_OUT,
  SHM_ERROR_NOT_STARTED,
  SHM_ERROR_ALREADY_STARTED,
  SHM_ERROR_AUTHENTICATION_FAILED,
  SHM_ERROR_PROTOCOL,
  SHM_ERROR_SERVER_DIED,
  SHM_ERROR_FAILED,
  SHM_ERROR_TOO_MANY_FILES,
  SHM_ERROR_FOLDER_MISSING,
  SHM_ERROR_FOLDER_READ_ONLY,
  SHM_ERROR_REFUSED,
  SHM_ERROR_BAD_DESCRIPTOR,
  SHM_ERROR_MISALIGNED
} ShmError;

SHM_AVAILABLE_IN_1_0
GQuark shm_error_quark (void);

G_END_DECLS
