/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Seals: each one prevents an operation on a file, for all processes and for ever. Linux has them
 * for anonymous blocks. */

#pragma once

#include "core/shm-fault.h"
#include "shm-enums.h"

G_BEGIN_DECLS

/* Returns the seals of a file. Returns SHM_SEAL_NONE if the system has no seals for this file. */
ShmSealFlags shm_system_get_seals (int fd);

/* Returns whether seals can be added. */
gboolean shm_system_can_seal (int fd);

/* Adds all the seals, or none. Fails at SHM_STEP_SEAL. EBUSY: a process has the file mapped for
 * writing. ETIMEDOUT: the kernel uses the memory of the file for input or output; it has waited for
 * about 0.2 seconds. EPERM: no seals can be added, or @fd is not open for writing. EINVAL: the
 * kernel does not have one of the seals. */
gboolean shm_system_add_seals (int fd, ShmSealFlags seals, ShmFault *fault);

/* Returns whether the seals of a file permit new writable mappings and writes. One seal of Linux,
 * F_SEAL_FUTURE_WRITE, does not affect older mappings: with this seal the function returns FALSE,
 * but the content can still change. */
gboolean shm_system_is_writable (int fd);

G_END_DECLS
