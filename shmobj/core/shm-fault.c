/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-fault.h"

#include <errno.h>

#ifdef SHM_TEST_HOOKS
void (*shm_test_hook) (ShmStep step) = NULL;
#endif

SHM_DEFINE_STEP_LABELS (shm_block_step_get_label, SHM_BLOCK_STEPS, 0)

gboolean
shm_fault_set (ShmFault *fault, ShmStep step, int errnum)
{
  return shm_fault_set_detail (fault, step, errnum, 0);
}

gboolean
shm_fault_set_detail (ShmFault *fault, ShmStep step, int errnum, guint64 detail)
{
  fault->step = step;
  /* A sandbox that replaces system calls may let a call fail and leave errno at 0. */
  fault->errnum = errnum != 0 ? errnum : EIO;
  fault->detail = detail;

  return FALSE;
}
