/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sweeps registries: removes the blocks that a registry lists when its manager or program has
 * ended, and the socket file of the server. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

/* Removes the blocks and the socket file that the registry lists, and then the registry. Keeps a
 * block that another registry in use also lists. Does nothing if the registry is in use, or if it
 * belongs to another user.
 *
 * @fd is a descriptor of the registry, which must be writable for the registry of a program.
 * Reading the other registries needs two more descriptors. If one of them cannot be read, the
 * function fails and removes nothing. */
gboolean shm_registry_sweep (const char *name, int fd, ShmFault *fault);

/* Sweeps all registries of this user: those that shm_registry_place_list() finds. Stores the number
 * of removed blocks in @n_removed. If a registry cannot be read, the function fails and removes
 * nothing. */
gboolean shm_registry_sweep_all (gboolean everywhere, guint *n_removed, ShmFault *fault);

G_END_DECLS
