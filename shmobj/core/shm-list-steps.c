/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-steps.h"

SHM_DEFINE_STEP_LABELS (shm_list_step_get_label, SHM_LIST_STEPS, SHM_LIST_STEPS_START)
