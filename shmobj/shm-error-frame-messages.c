/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-error-messages-private.h"

#include "core/shm-frame-ring.h"
#include "core/shm-frame-steps.h"

#include <errno.h>

static void
report_layout (const ShmReport *self)
{
  if (self->fault->errnum == EBADMSG)
    shm_report (self, SHM_ERROR_CORRUPT,
                "Block %s does not contain frames of this version of the library, or they are "
                "corrupt",
                self->block);
  else
    shm_report (self, SHM_ERROR_INVALID_SIZE,
                "Block %s cannot contain these frames: a frame has at least 1 byte, all frames fit "
                "into the block and into the address space, and there are %d to %d slots",
                self->block, SHM_FRAME_SLOTS_MIN, SHM_FRAME_SLOTS_MAX);
}

static void
report_writer (const ShmReport *self)
{
  if (self->fault->errnum == EROFS)
    shm_report (self, SHM_ERROR_READ_ONLY,
                "No frame can be written to block %s because it was attached read-only",
                self->block);
  else
    shm_report (self, SHM_ERROR_EXISTS,
                "Another object or process writes the frames in block %s: wait until it closes "
                "them or ends",
                self->block);
}

static void
report_busy (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_NO_SPACE,
              "Readers hold all %" G_GUINT64_FORMAT
              " slots for frames in block %s: skip this frame, or create the frames with two slots "
              "more than there are readers",
              self->fault->detail, self->block);
}

static void
report_not_begun (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_FAILED,
              "There is no frame to publish in block %s: begin a frame first, in this process",
              self->block);
}

static void
report_hold (const ShmReport *self)
{
  if (self->fault->errnum == ENODATA)
    shm_report (self, SHM_ERROR_VALUE_NOT_FOUND,
                "Block %s contains no frame yet: wait until its writer has published one",
                self->block);
  else
    shm_report (self, SHM_ERROR_CORRUPT,
                "Block %s contains no complete frame: another process damages it", self->block);
}

gboolean
shm_report_frame_step (const ShmReport *self)
{
  switch (self->fault->step)
    {
    case SHM_STEP_FRAMES_CHECK:
      report_layout (self);
      return TRUE;
    case SHM_STEP_FRAMES_WRITER:
      report_writer (self);
      return TRUE;
    case SHM_STEP_FRAMES_BEGIN:
      report_busy (self);
      return TRUE;
    case SHM_STEP_FRAMES_PUBLISH:
      report_not_begun (self);
      return TRUE;
    case SHM_STEP_FRAMES_HOLD:
      report_hold (self);
      return TRUE;
    default:
      return FALSE;
    }
}
