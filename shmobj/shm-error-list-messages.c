/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-error-messages-private.h"

#include "core/shm-list-steps.h"

#include <errno.h>

static void
report_list (const ShmReport *self)
{
  if (self->fault->errnum == ENOTSUP)
    shm_report (self, SHM_ERROR_NOT_SUPPORTED,
                "The list in block %s was created by another version of this library, with another "
                "layout: use the same version in all processes",
                self->block);
  else
    shm_report (self, SHM_ERROR_CORRUPT,
                "Block %s does not contain a list, or the list is corrupt: its sizes contradict "
                "each "
                "other%s",
                self->block,
                self->fault->errnum == ENODATA
                    ? ". Timed out waiting for its creator to complete it. "
                      "Lists of Python 3.8 have another "
                      "layout and are not supported"
                    : "");
}

static void
report_new_value (const ShmReport *self)
{
  const guint64 index = self->fault->detail;

  if (self->fault->errnum == EFBIG)
    shm_report (self, SHM_ERROR_TOO_LARGE,
                "Value %" G_GUINT64_FORMAT " is too long for the list in block %s: text and bytes "
                "can have 9999991 bytes at most",
                index, self->block);
  else if (self->fault->errnum == EILSEQ)
    shm_report (self, SHM_ERROR_TYPE_MISMATCH,
                "Value %" G_GUINT64_FORMAT
                " for the list in block %s is not valid UTF-8 text: store it as bytes",
                index, self->block);
  else
    shm_report (self, SHM_ERROR_FAILED,
                "Value %" G_GUINT64_FORMAT " for the list in block %s changed while the list was "
                "created: pass values that do not "
                "change",
                index, self->block);
}

static void
report_columns (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_FAILED,
              "Value %" G_GUINT64_FORMAT " for the list in block %s is not in a valid column",
              self->fault->detail, self->block);
}

static void
report_index (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_OUT_OF_RANGE,
              "Index %" G_GUINT64_FORMAT
              " is out of range for the list in block %s: it has %" G_GUINT64_FORMAT
              " values, and the first index is 0",
              self->fault->detail, self->block, self->n_items);
}

static void
report_item (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_CORRUPT,
              "Value %" G_GUINT64_FORMAT
              " of the list in block %s is corrupt: its format entry, its type code and its bytes "
              "contradict each other",
              self->fault->detail, self->block);
}

/* The message begins with that of CPython, for which programs may look. */
static void
report_slot_size (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_TOO_LARGE,
              "bytes/str item exceeds available storage: its slot in the list in block %s has "
              "%" G_GUINT64_FORMAT " bytes, a size that the first value of the slot determined",
              self->block, self->fault->detail);
}

static void
report_trailing_nulls (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_TOO_LARGE,
              "The value ends with more NULs than the list in block %s can record in a slot of "
              "%" G_GUINT64_FORMAT
              " bytes, because Python created the list. Lists of this library have no such limit",
              self->block, self->fault->detail);
}

static void
report_list_timeout (const ShmReport *self)
{
  if (self->fault->step == SHM_STEP_LIST_LOCK)
    shm_report (self, SHM_ERROR_TIMED_OUT,
                "Timed out waiting for the lock of the list in block %s: a process that is still "
                "alive "
                "holds it. Check whether a process was stopped or is in a debugger",
                self->block);
  else
    shm_report (self, SHM_ERROR_TIMED_OUT,
                "Timed out reading value %" G_GUINT64_FORMAT
                " of the list in block %s: other processes changed it during each attempt. Attach "
                "to "
                "the list without the flag READ_ONLY; a read can then lock out the writers",
                self->fault->detail, self->block);
}

static void
report_lock_owner (const ShmReport *self)
{
  if (self->fault->errnum == EAGAIN)
    shm_report (self, SHM_ERROR_TIMED_OUT,
                "Timed out preparing to write the list in block %s: another process holds a lock "
                "of "
                "the whole file, for example with fcntl.lockf() of Python. Lock only the bytes of "
                "the block: lockf(fd, LOCK_EX, size)",
                self->block);
  else if (self->fault->errnum == ESTALE || self->fault->errnum == ENOENT
           || self->fault->errnum == ENOTDIR)
    shm_report (self, SHM_ERROR_NOT_SUPPORTED,
                "The list in block %s cannot be written: its name was removed and /proc is "
                "missing. "
                "Mount "
                "/proc, or write to the list before its block is unlinked",
                self->block);
  else
    shm_report_errno (self);
}

gboolean
shm_report_list_step (const ShmReport *self)
{
  switch (self->fault->step)
    {
    case SHM_STEP_LIST_INSPECT:
      report_list (self);
      break;
    case SHM_STEP_LIST_VALUE:
      report_new_value (self);
      break;
    case SHM_STEP_LIST_COLUMNS:
      report_columns (self);
      break;
    case SHM_STEP_LIST_INDEX:
      report_index (self);
      break;
    case SHM_STEP_LIST_ITEM:
      report_item (self);
      break;
    case SHM_STEP_LIST_FIT:
      report_slot_size (self);
      break;
    case SHM_STEP_LIST_TRAILING_NULS:
      report_trailing_nulls (self);
      break;
    case SHM_STEP_LIST_OWNER:
      report_lock_owner (self);
      break;
    case SHM_STEP_LIST_LOCK:
    case SHM_STEP_LIST_READ:
      report_list_timeout (self);
      break;
    default:
      return FALSE;
    }

  return TRUE;
}
