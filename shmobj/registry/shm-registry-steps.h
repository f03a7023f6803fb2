/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a registry, in addition to those of a block. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_REGISTRY_STEPS(STEP) STEP (REGISTRY, "registry") /* read or write the registry */

enum
{
  SHM_REGISTRY_STEPS_BEFORE_FIRST = SHM_REGISTRY_STEPS_START - 1,
  SHM_REGISTRY_STEPS (SHM_STEP_MEMBER) SHM_REGISTRY_STEPS_END
};

/* Returns the label of a step of a registry, or NULL for any other step. */
const char *shm_registry_step_get_label (ShmStep step);

G_END_DECLS
