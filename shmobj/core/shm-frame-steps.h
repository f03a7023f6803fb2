/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a ring of frames, in addition to those of a block. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_FRAME_STEPS(STEP)                                                                      \
  STEP (FRAMES_CHECK, "frames-check")   /* EBADMSG: no frames in the block; EINVAL, EOVERFLOW:   \
                                             invalid size or number of slots */ \
  STEP (FRAMES_WRITER, "frames-writer") /* EAGAIN: another object is the writer; EROFS */          \
  STEP (FRAMES_BEGIN, "frames-begin")   /* EBUSY: all slots are held; detail: their number */      \
  STEP (FRAMES_PUBLISH, "frames-publish") /* EINVAL: no frame was begun */                         \
  STEP (FRAMES_HOLD, "frames-hold")       /* ENODATA: no frame yet; ETIMEDOUT: no complete one */

enum
{
  SHM_FRAME_STEPS_BEFORE_FIRST = SHM_FRAME_STEPS_START - 1,
  SHM_FRAME_STEPS (SHM_STEP_MEMBER) SHM_FRAME_STEPS_END
};

/* Returns the label of a step of frames, or NULL for any other step. */
const char *shm_frame_step_get_label (ShmStep step);

G_END_DECLS
