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
 * @SHM_ERROR_EXISTS: a block of that name exists already
 * @SHM_ERROR_NOT_FOUND: there is no block of that name
 * @SHM_ERROR_INVALID_NAME: the name breaks the rules for names
 * @SHM_ERROR_INVALID_SIZE: no block can have that size, or an existing one has none yet or too
 *   little
 * @SHM_ERROR_NO_SPACE: memory, address space or the space for blocks is used up
 * @SHM_ERROR_PERMISSION_DENIED: the system does not let this process do it
 * @SHM_ERROR_UNTRUSTED_OWNER: the block belongs to another user
 * @SHM_ERROR_CLOSED: the object was closed before, or never initialised
 * @SHM_ERROR_READ_ONLY: the block may only be read here
 * @SHM_ERROR_OUT_OF_RANGE: an offset or index lies outside
 * @SHM_ERROR_TYPE_MISMATCH: what was found is of another type than what was asked for
 * @SHM_ERROR_TOO_LARGE: larger than a limit allows
 * @SHM_ERROR_VALUE_NOT_FOUND: no such value in the container
 * @SHM_ERROR_CORRUPT: another process left the memory in a state that it must not have
 * @SHM_ERROR_NOT_SUPPORTED: not possible for this kind of block, or on this system
 * @SHM_ERROR_TIMED_OUT: a bounded wait was over
 * @SHM_ERROR_NOT_STARTED: the manager runs no server yet
 * @SHM_ERROR_ALREADY_STARTED: the manager runs a server already
 * @SHM_ERROR_AUTHENTICATION_FAILED: the other side has another key
 * @SHM_ERROR_PROTOCOL: the other side does not speak the protocol
 * @SHM_ERROR_SERVER_DIED: the server went away
 * @SHM_ERROR_FAILED: anything else
 *
 * What can go wrong.
 *
 * Each message names the block, says what was asked, and what would help. A cancelled operation
 * is not among these: it fails with `G_IO_ERROR_CANCELLED`.
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
  SHM_ERROR_FAILED
} ShmError;

SHM_AVAILABLE_IN_1_0
GQuark shm_error_quark (void);

G_END_DECLS
