/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry-steps.h"

SHM_DEFINE_STEP_LABELS (shm_registry_step_get_label, SHM_REGISTRY_STEPS, SHM_REGISTRY_STEPS_START)
