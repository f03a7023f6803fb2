/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry-steps.h"

const char *
shm_registry_step_get_label (ShmStep step)
{
  static const char *const labels[] = {
#define SHM_STEP_LABEL(id, label) label,
    SHM_REGISTRY_STEPS (SHM_STEP_LABEL)
#undef SHM_STEP_LABEL
  };

  if (step < SHM_REGISTRY_STEPS_START || step >= SHM_REGISTRY_STEPS_END)
    return NULL;

  return labels[step - SHM_REGISTRY_STEPS_START];
}
