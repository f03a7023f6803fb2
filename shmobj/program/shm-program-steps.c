/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "program/shm-program-steps.h"

SHM_DEFINE_STEP_LABELS (shm_program_step_get_label, SHM_PROGRAM_STEPS, SHM_PROGRAM_STEPS_START)
