/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-manager-steps.h"

SHM_DEFINE_STEP_LABELS (shm_manager_step_get_label, SHM_MANAGER_STEPS, SHM_MANAGER_STEPS_START)
