/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists the blocks in the registries of this user. */

#pragma once

#include "core/shm-system.h"

G_BEGIN_DECLS

/* Receives a block. @identity is that of the block now. If @is_leftover is TRUE, no process uses
 * any registry that lists the block, and a sweep removes the block. @address is the path of the
 * socket of the living manager (nullable). */
typedef void (*ShmOwnedBlockFunc) (const char *name,
                                   const ShmIdentity *identity,
                                   gboolean is_leftover,
                                   const char *address,
                                   gpointer user_data);

/* Calls @func once for each block that a registry of this user lists and that still exists. Fails
 * as shm_registry_sweep_all() does. */
gboolean shm_registry_list_owned (ShmOwnedBlockFunc func, gpointer user_data, ShmFault *fault);

G_END_DECLS
