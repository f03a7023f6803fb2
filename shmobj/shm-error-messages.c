/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-error-private.h"

#include "core/shm-list-steps.h"
#include "manager/shm-manager-steps.h"

#include <errno.h>
#include <gio/gio.h>

typedef struct
{
  GError **error;
  const ShmFault *fault;
  const char *block; /* in quotation marks */
  guint64 size;
  guint64 n_items;
} Report;

static void report (const Report *self, ShmError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
static void report_errno (const Report *self);

static void
report (const Report *self, ShmError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (self->error != NULL)
    *self->error = g_error_new_valist (SHM_ERROR, code, format, args);
  va_end (args);
}

static void
report_name (const Report *self)
{
  if (self->fault->errnum == ENAMETOOLONG)
    report (self, SHM_ERROR_INVALID_NAME, "%s is no name for a block: it has more than 255 bytes",
            self->block);
  else if (self->fault->detail == 0)
    report (self, SHM_ERROR_INVALID_NAME,
            "%s is no name for a block: give 1 to 255 bytes of UTF-8 without “/”, and not “.” or "
            "“..”",
            self->block);
  else
    report (self, SHM_ERROR_INVALID_NAME,
            "%s is no name for a new block: give 1 to 255 ASCII letters, digits and punctuation "
            "without “:”, not starting with “sem.” or “.shmobj-”, so that every program can "
            "attach to it",
            self->block);
}

static void
report_size (const Report *self)
{
  report (self, SHM_ERROR_INVALID_SIZE,
          "Block %s can't have %" G_GUINT64_FORMAT
          " bytes: the size must be at least 1 and fit into this process' address space",
          self->block, self->size);
}

static void
report_empty (const Report *self)
{
  report (self, SHM_ERROR_INVALID_SIZE,
          "Block %s has no size yet: whoever creates it was waited for in vain. If it died, "
          "remove the block with shm_remove_block()",
          self->block);
}

static void
report_limit (const Report *self)
{
  report (self, SHM_ERROR_TOO_LARGE,
          "Block %s of %" G_GUINT64_FORMAT
          " bytes goes beyond this process' limit for files of %" G_GUINT64_FORMAT
          " bytes: raise RLIMIT_FSIZE (ulimit -f)",
          self->block, self->size, self->fault->detail);
}

static void
report_type (const Report *self)
{
  report (self, SHM_ERROR_TYPE_MISMATCH,
          "%s is no shared memory: a block is a regular file in memory, and no link is followed",
          self->block);
}

static void
report_owner (const Report *self)
{
  report (self, SHM_ERROR_UNTRUSTED_OWNER,
          "Block %s belongs to user %" G_GUINT64_FORMAT
          ", neither to this process' user nor to root: if that user is trusted, attach with "
          "SHM_ATTACH_ANY_OWNER",
          self->block, self->fault->detail);
}

static void
report_truncated (const Report *self)
{
  report (self, SHM_ERROR_CORRUPT,
          "Block %s of %" G_GUINT64_FORMAT
          " bytes was truncated by another process and ends at %" G_GUINT64_FORMAT
          " now: what was there is lost",
          self->block, self->size, self->fault->detail);
}

static void
report_seal (const Report *self)
{
  if (self->fault->errnum == EBUSY)
    report (self, SHM_ERROR_FAILED,
            "Block %s can't be sealed against writing while it is mapped for writing or another "
            "thread is at it: let go of all live views of it, in every process, first",
            self->block);
  else if (self->fault->errnum == EROFS)
    report (self, SHM_ERROR_READ_ONLY,
            "Block %s may only be read here, and sealing is for those who may write it",
            self->block);
  else
    report (self, SHM_ERROR_NOT_SUPPORTED,
            "Block %s can't be sealed (%s): only anonymous blocks can, until they are sealed "
            "against sealing",
            self->block, g_strerror (self->fault->errnum));
}

static void
report_no_space (const Report *self)
{
  if (self->fault->step == SHM_STEP_MAP)
    report (self, SHM_ERROR_NO_SPACE,
            "Block %s of %" G_GUINT64_FORMAT
            " bytes does not fit into this process' address space (%s): free some, or raise "
            "RLIMIT_AS (ulimit -v)",
            self->block, self->size, g_strerror (self->fault->errnum));
  else
    report (self, SHM_ERROR_NO_SPACE,
            "No space for block %s of %" G_GUINT64_FORMAT
            " bytes (%s): remove blocks from /dev/shm, or have it made larger",
            self->block, self->size, g_strerror (self->fault->errnum));
}

/* Lists */

static void
report_list (const Report *self)
{
  if (self->fault->errnum == ENOTSUP)
    report (self, SHM_ERROR_NOT_SUPPORTED,
            "The list in block %s is of a later version of this library: update it here",
            self->block);
  else
    report (self, SHM_ERROR_CORRUPT,
            "There is no list in block %s, or it is corrupt: its sizes do not fit each other%s",
            self->block,
            self->fault->errnum == ENODATA
                ? ". Whoever creates it was waited for in vain; lists of Python 3.8 have another "
                  "layout"
                : "");
}

static void
report_new_value (const Report *self)
{
  const guint64 index = self->fault->detail;

  if (self->fault->errnum == EFBIG)
    report (self, SHM_ERROR_TOO_LARGE,
            "Value %" G_GUINT64_FORMAT
            " is too long for the list in block %s: text and bytes can have 9999991 bytes at most",
            index, self->block);
  else if (self->fault->errnum == EILSEQ)
    report (self, SHM_ERROR_TYPE_MISMATCH,
            "Value %" G_GUINT64_FORMAT
            " for the list in block %s is no UTF-8 text: store it as bytes",
            index, self->block);
  else
    report (self, SHM_ERROR_FAILED,
            "Value %" G_GUINT64_FORMAT
            " for the list in block %s changed while it was written: hand over values that stay "
            "as they are",
            index, self->block);
}

static void
report_packed (const Report *self)
{
  const guint64 index = self->fault->detail;

  if (self->fault->errnum == ERANGE)
    report (self, SHM_ERROR_OUT_OF_RANGE,
            "Value %" G_GUINT64_FORMAT
            " is too large for the list in block %s: its integers have 64 bits and a sign",
            index, self->block);
  else if (self->fault->errnum == ENOTSUP)
    report (self, SHM_ERROR_TYPE_MISMATCH,
            "Value %" G_GUINT64_FORMAT
            " can't be in the list in block %s: give integers, floating-point numbers, truth "
            "values, text, bytes or nothing",
            index, self->block);
  else
    report (self, SHM_ERROR_FAILED,
            "The packed values for the list in block %s are not in the marshal format (value "
            "%" G_GUINT64_FORMAT ")",
            self->block, index);
}

static void
report_index (const Report *self)
{
  report (self, SHM_ERROR_OUT_OF_RANGE,
          "There is no value %" G_GUINT64_FORMAT
          " in the list in block %s: it has %" G_GUINT64_FORMAT " values, from 0 on",
          self->fault->detail, self->block, self->n_items);
}

static void
report_item (const Report *self)
{
  report (self, SHM_ERROR_CORRUPT,
          "Value %" G_GUINT64_FORMAT
          " of the list in block %s is corrupt: its format, its code and its bytes do not fit each "
          "other",
          self->fault->detail, self->block);
}

static void
report_fit (const Report *self)
{
  report (self, SHM_ERROR_TOO_LARGE,
          "The value exceeds available storage in the list in block %s: there is room for "
          "%" G_GUINT64_FORMAT " bytes, which the value that the list was created with decided",
          self->block, self->fault->detail);
}

static void
report_unprovable (const Report *self)
{
  report (self, SHM_ERROR_TOO_LARGE,
          "The NULs at the end of the value would be lost: the list in block %s was made by "
          "Python, "
          "and its slot of %" G_GUINT64_FORMAT
          " bytes has no place to note so many. Lists that are made here have it",
          self->block, self->fault->detail);
}

static void
report_list_timeout (const Report *self)
{
  if (self->fault->step == SHM_STEP_LIST_LOCK)
    report (self, SHM_ERROR_TIMED_OUT,
            "The list in block %s is held by a process that lives and does not go on: is it "
            "stopped, or in a debugger?",
            self->block);
  else
    report (self, SHM_ERROR_TIMED_OUT,
            "Value %" G_GUINT64_FORMAT
            " of the list in block %s was changed each time before it was read: attach to it for "
            "writing, so that writers can be made to wait",
            self->fault->detail, self->block);
}

static void
report_join (const Report *self)
{
  if (self->fault->errnum == EAGAIN)
    report (self, SHM_ERROR_TIMED_OUT,
            "The list in block %s can't be written: another process has locked its file",
            self->block);
  else if (self->fault->errnum == ESTALE || self->fault->errnum == ENOENT)
    report (self, SHM_ERROR_NOT_SUPPORTED,
            "The list in block %s can't be written without /proc once its name is gone: mount "
            "/proc, or write before the block is unlinked",
            self->block);
  else
    report_errno (self);
}

static const char *
get_label (ShmStep step)
{
  const char *label = shm_block_step_get_label (step);

  if (label == NULL)
    label = shm_list_step_get_label (step);
  if (label == NULL)
    label = shm_manager_step_get_label (step);

  return label;
}

static void
report_errno (const Report *self)
{
  const ShmFault *fault = self->fault;
  const char *label = get_label (fault->step);
  const char *reason = g_strerror (fault->errnum);

  if (fault->step == SHM_STEP_WRITE && fault->errnum == EPERM)
    {
      report (self, SHM_ERROR_READ_ONLY, "Block %s was sealed against writing", self->block);
      return;
    }
  if (fault->errnum == EINVAL && (fault->step == SHM_STEP_WRITE || fault->step == SHM_STEP_OPEN))
    {
      report (self, SHM_ERROR_FAILED,
              "The descriptor of block %s is set to append (O_APPEND) and can't write at a place: "
              "whoever shares it has to take that back",
              self->block);
      return;
    }

  switch (fault->errnum)
    {
    case EEXIST:
      report (self, SHM_ERROR_EXISTS,
              "A block named %s exists already: attach to it, unlink it, or choose another name",
              self->block);
      break;
    case ESTALE:
      report (self, SHM_ERROR_NOT_FOUND,
              "The name %s stands for another block by now, which was left alone", self->block);
      break;
    case ENOENT:
      if (fault->step == SHM_STEP_OPEN || fault->step == SHM_STEP_REMOVE)
        report (self, SHM_ERROR_NOT_FOUND,
                "There is no block named %s: it was never created, or has been unlinked",
                self->block);
      else
        report (self, SHM_ERROR_NOT_SUPPORTED,
                "Block %s has no place to be (%s): this system has no /dev/shm", self->block,
                label);
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      report (self, SHM_ERROR_PERMISSION_DENIED,
              "Not permitted for block %s (%s: %s): its owner, its mode and the mode of /dev/shm "
              "decide",
              self->block, label, reason);
      break;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      report_no_space (self);
      break;
    case EFBIG:
    case EOVERFLOW:
      report (self, SHM_ERROR_TOO_LARGE,
              "%" G_GUINT64_FORMAT " bytes are too many for block %s on this system (%s: %s)",
              self->size, self->block, label, reason);
      break;
    case EMFILE:
    case ENFILE:
      report (self, SHM_ERROR_FAILED,
              "No descriptor left for block %s (%s: %s): close some, or raise RLIMIT_NOFILE "
              "(ulimit -n)",
              self->block, label, reason);
      break;
    case ETIMEDOUT:
      report (self, SHM_ERROR_TIMED_OUT,
              "Block %s was created and removed by others again and again: agree on who does that",
              self->block);
      break;
    case ENOSYS:
    case EOPNOTSUPP:
      report (self, SHM_ERROR_NOT_SUPPORTED, "This system can't do that for block %s (%s: %s)",
              self->block, label, reason);
      break;
    default:
      report (self, SHM_ERROR_FAILED, "Block %s: %s failed: %s", self->block, label, reason);
    }
}

/* What can go wrong at several steps. */
static void
report_elsewhere (const Report *self)
{
  if (self->fault->errnum == ENODEV)
    report_type (self);
  else if (self->fault->errnum == ENODATA)
    report_truncated (self);
  else
    report_errno (self);
}

static void
report_by_step (const Report *self)
{
  switch (self->fault->step)
    {
    case SHM_STEP_CHECK_NAME:
      report_name (self);
      break;
    case SHM_STEP_CHECK_SIZE:
      report_size (self);
      break;
    case SHM_STEP_CHECK_LIMIT:
      report_limit (self);
      break;
    case SHM_STEP_CHECK_OWNER:
      report_owner (self);
      break;
    case SHM_STEP_AWAIT_SIZE:
      report_empty (self);
      break;
    case SHM_STEP_SEAL:
      report_seal (self);
      break;
    case SHM_STEP_LIST_INSPECT:
      report_list (self);
      break;
    case SHM_STEP_LIST_VALUE:
      report_new_value (self);
      break;
    case SHM_STEP_LIST_UNMARSHAL:
      report_packed (self);
      break;
    case SHM_STEP_LIST_INDEX:
      report_index (self);
      break;
    case SHM_STEP_LIST_ITEM:
      report_item (self);
      break;
    case SHM_STEP_LIST_FIT:
      report_fit (self);
      break;
    case SHM_STEP_LIST_TRAILING_NULS:
      report_unprovable (self);
      break;
    case SHM_STEP_LIST_OWNER:
      report_join (self);
      break;
    case SHM_STEP_LIST_LOCK:
    case SHM_STEP_LIST_READ:
      report_list_timeout (self);
      break;
    default:
      report_elsewhere (self);
    }
}

char *
shm_error_describe_block (const char *name)
{
  g_autofree char *valid = NULL;

  if (name == NULL)
    return g_strdup ("without a name");

  valid = g_utf8_make_valid (name, -1);

  return g_strdup_printf ("“%s”", valid);
}

gboolean
shm_error_set_from_fault (GError **error, const ShmFault *fault, const ShmErrorContext *context)
{
  g_autofree char *block = NULL;
  Report self = { error, fault, NULL, context->size, context->n_items };

  if (error == NULL)
    return FALSE;

  if (fault->errnum == ECANCELED)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      return FALSE;
    }

  self.block = block = shm_error_describe_block (context->name);

  report_by_step (&self);

  return FALSE;
}

gboolean
shm_error_check_flags (GType type, guint flags, const char *block_name, GError **error)
{
  GFlagsClass *flags_class = g_type_class_ref (type);
  const guint undefined = flags & ~flags_class->mask;
  g_autofree char *block = NULL;

  g_type_class_unref (flags_class);
  if (undefined == 0)
    return TRUE;

  block = shm_error_describe_block (block_name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
               "The flags %#x for block %s are not defined: %s has no such bits", undefined, block,
               g_type_name (type));

  return FALSE;
}
