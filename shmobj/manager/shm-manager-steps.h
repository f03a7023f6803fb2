/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a manager and its server, in addition to those of a block. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_MANAGER_STEPS(STEP)                                                                    \
  STEP (ANNOUNCE, "announce") /* EXDEV: the block is in another file system */

enum
{
  SHM_MANAGER_STEPS_BEFORE_FIRST = SHM_MANAGER_STEPS_START - 1,
  SHM_MANAGER_STEPS (SHM_STEP_MEMBER) SHM_MANAGER_STEPS_END
};

/* Returns the label of a step of a manager, or NULL for any other step. */
const char *shm_manager_step_get_label (ShmStep step);

G_END_DECLS
