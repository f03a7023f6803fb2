/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists the blocks of the system. */

#pragma once

#include "core/shm-system.h"

G_BEGIN_DECLS

typedef void (*ShmListFunc) (const char *name, const ShmIdentity *identity, gpointer user_data);

/* Calls @func for each block that the process can see, in no particular order. Fails at
 * SHM_STEP_LIST; some calls of @func may have happened before. */
gboolean shm_system_list (ShmListFunc func, gpointer user_data, ShmFault *fault);

G_END_DECLS
