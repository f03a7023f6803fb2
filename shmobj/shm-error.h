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
 * @SHM_ERROR_EXISTS: a block with that name exists already, or the address of a manager is in use
 * @SHM_ERROR_NOT_FOUND: no block has that name, or no server listens at the address of a manager
 * @SHM_ERROR_INVALID_NAME: the name of a block, or the address of a manager, is not valid
 * @SHM_ERROR_INVALID_SIZE: a block cannot have that size, or an existing block has no size yet or
 *   is too small
 * @SHM_ERROR_NO_SPACE: there is not enough memory, address space or space for blocks
 * @SHM_ERROR_PERMISSION_DENIED: this process is not allowed to do the operation
 * @SHM_ERROR_UNTRUSTED_OWNER: the block belongs to a user who is neither root nor the user of this
 *   process
 * @SHM_ERROR_CLOSED: the object is closed or shut down, or was never initialised
 * @SHM_ERROR_READ_ONLY: the block cannot be written through this object
 * @SHM_ERROR_OUT_OF_RANGE: an offset or index is out of range, or a number is too large for its
 *   type
 * @SHM_ERROR_TYPE_MISMATCH: a file is not a block, or a value has another type than expected
 * @SHM_ERROR_TOO_LARGE: a block or a value is larger than a limit allows
 * @SHM_ERROR_VALUE_NOT_FOUND: the list does not contain the value
 * @SHM_ERROR_CORRUPT: the block contains no valid list, a value is invalid, or another process has
 *   truncated the block
 * @SHM_ERROR_NOT_SUPPORTED: the operation is not possible for this kind of block, on this system,
 *   or with these arguments
 * @SHM_ERROR_TIMED_OUT: a wait with a time limit ended without success
 * @SHM_ERROR_NOT_STARTED: the manager has no server yet
 * @SHM_ERROR_ALREADY_STARTED: the manager has a server already
 * @SHM_ERROR_AUTHENTICATION_FAILED: the handshake failed: the peer has another key, or needs
 *   HMAC-MD5, which the manager refuses
 * @SHM_ERROR_PROTOCOL: the peer does not follow the protocol
 * @SHM_ERROR_SERVER_DIED: the server of the manager died
 * @SHM_ERROR_FAILED: any other error
 * @SHM_ERROR_TOO_MANY_FILES: this process or the system has no file descriptor left: close other
 *   files, or raise the limit, and try again
 * @SHM_ERROR_FOLDER_MISSING: this system has no folder for blocks; on Linux, `/dev/shm` is missing
 * @SHM_ERROR_FOLDER_READ_ONLY: the folder for blocks, or for the socket of a manager, is mounted
 *   read-only
 * @SHM_ERROR_REFUSED: the system refuses a call to this process; on Linux, a seccomp filter or
 *   another sandbox does not allow it
 * @SHM_ERROR_BAD_DESCRIPTOR: a file descriptor of the caller is not open
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
  SHM_ERROR_BAD_DESCRIPTOR
} ShmError;

SHM_AVAILABLE_IN_1_0
GQuark shm_error_quark (void);

G_END_DECLS
