/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-frame-steps.h"

SHM_DEFINE_STEP_LABELS (shm_frame_step_get_label, SHM_FRAME_STEPS, SHM_FRAME_STEPS_START)
