/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of tracking a block, in addition to those of a block. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_PROGRAM_STEPS(STEP)                                                                    \
  STEP (PROGRAM_BEGIN, "program-begin") /* create the registry of the program */                   \
  STEP (PROGRAM_JOIN, "program-join")   /* ESRCH, ENOENT: the process has no program; EACCES */    \
  STEP (PROGRAM_NOTE, "program-note")   /* write an entry */                                       \
  STEP (TRACKER, "tracker")             /* start the tracker; ENOENT: the file is missing */

enum
{
  SHM_PROGRAM_STEPS_BEFORE_FIRST = SHM_PROGRAM_STEPS_START - 1,
  SHM_PROGRAM_STEPS (SHM_STEP_MEMBER) SHM_PROGRAM_STEPS_END
};

/* Returns the label of a step of tracking a block, or NULL for any other step. */
const char *shm_program_step_get_label (ShmStep step);

G_END_DECLS
