/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "program/shm-program-steps.h"

const char *
shm_program_step_get_label (ShmStep step)
{
  static const char *const labels[] = {
#define SHM_STEP_LABEL(id, label) label,
    SHM_PROGRAM_STEPS (SHM_STEP_LABEL)
#undef SHM_STEP_LABEL
  };

  if (step < SHM_PROGRAM_STEPS_START || step >= SHM_PROGRAM_STEPS_END)
    return NULL;

  return labels[step - SHM_PROGRAM_STEPS_START];
}
