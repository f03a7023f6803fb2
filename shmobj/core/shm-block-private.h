/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "core/shm-block.h"

G_BEGIN_DECLS

/* Opens the block with @fd, and takes ownership of @fd. The caller has already set the identity. */
void shm_block_set_open (ShmBlock *self, int fd, guint64 size, gboolean read_only);

G_END_DECLS
