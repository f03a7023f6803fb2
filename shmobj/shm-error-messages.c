/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-error-messages-private.h"

#include "core/shm-cause.h"
#include "core/shm-frame-steps.h"
#include "core/shm-list-steps.h"
#include "manager/shm-manager-steps.h"
#include "program/shm-program-steps.h"
#include "program/shm-tracker-launch.h"
#include "registry/shm-registry-steps.h"

#include <errno.h>
#include <gio/gio.h>

/* Translates the faults of the core and of managers into errors. A message names the operation, the
 * block and the reason, and a remedy if there is one. core/shm-cause.h has the reasons for which
 * system calls fail; this file has the reasons that the library itself detects.
 *
 * Messages consist of ASCII characters, apart from names, because a program in the C locale cannot
 * print other characters. They name flags without a prefix, because the prefix depends on the
 * language of the program. */

void
shm_report (const ShmReport *self, ShmError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (self->error != NULL)
    *self->error = g_error_new_valist (SHM_ERROR, code, format, args);
  va_end (args);
}

static void
report_name (const ShmReport *self)
{
  const gboolean is_new = self->fault->detail != 0;

  if (self->fault->errnum == ENAMETOOLONG)
    shm_report (self, SHM_ERROR_INVALID_NAME,
                "%s is not a valid name for a %s: it has more than 255 bytes", self->block,
                is_new ? "new block" : "block");
  else if (is_new)
    shm_report (self, SHM_ERROR_INVALID_NAME,
                "%s is not a valid name for a new block: use 1 to 255 ASCII letters, digits and "
                "punctuation characters without \"/\" and \":\", and do not start with \"sem.\" or "
                "\".shmobj-\", so that every program can attach to the block",
                self->block);
  else
    shm_report (self, SHM_ERROR_INVALID_NAME,
                "%s cannot be the name of a block: names have 1 to 255 bytes of UTF-8 without "
                "\"/\", "
                "and are not \".\" or \"..\"",
                self->block);
}

static void
report_size (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_INVALID_SIZE,
              "Block %s cannot have %" G_GUINT64_FORMAT
              " bytes: the size must be at least 1 and fit into the address space of this process",
              self->block, self->size);
}

static void
report_empty (const ShmReport *self)
{
  if (self->fault->errnum == EAGAIN)
    shm_report (self, SHM_ERROR_INVALID_SIZE,
                "Descriptor %d belongs to an empty file: give the file its size before you attach "
                "to "
                "the descriptor",
                (int) self->fault->detail);
  else
    shm_report (self, SHM_ERROR_INVALID_SIZE,
                "Block %s is still empty: timed out waiting for its creator to set the size. If "
                "the "
                "creator died, remove the block with remove_block()",
                self->block);
}

static void
report_limit (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_TOO_LARGE,
              "Block %s of %" G_GUINT64_FORMAT
              " bytes is larger than the limit of this process for the size of a file, which is "
              "%" G_GUINT64_FORMAT " bytes: raise RLIMIT_FSIZE (ulimit -f)",
              self->block, self->size, self->fault->detail);
}

static void
report_type (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_TYPE_MISMATCH,
              "Block %s is not shared memory: a block is a regular file in memory, and symbolic "
              "links "
              "are not followed",
              self->block);
}

/* Reports that a descriptor of the caller is not that of a block. */
static void
report_descriptor (const ShmReport *self)
{
  const int fd = (int) self->fault->detail;

  switch (self->fault->errnum)
    {
    case EBADF:
      shm_report (self, SHM_ERROR_BAD_DESCRIPTOR,
                  "Descriptor %d is not open, or was opened with O_PATH: pass an open descriptor "
                  "of a "
                  "block",
                  fd);
      break;
    case EACCES:
      shm_report (self, SHM_ERROR_PERMISSION_DENIED,
                  "Descriptor %d can only be written: open the file for reading and writing", fd);
      break;
    case EINVAL:
      shm_report (self, SHM_ERROR_FAILED,
                  "Descriptor %d appends to its file: a block is written at offsets, so clear "
                  "O_APPEND",
                  fd);
      break;
    case ENODEV:
      shm_report (self, SHM_ERROR_TYPE_MISMATCH,
                  "Descriptor %d does not belong to shared memory: a block is a regular file in "
                  "memory",
                  fd);
      break;
    default:
      shm_report_errno (self);
    }
}

static void
report_owner (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_UNTRUSTED_OWNER,
              "Block %s belongs to user %" G_GUINT64_FORMAT
              ", who is neither root nor the user of this process: if you trust that user, attach "
              "with "
              "the flag ANY_OWNER (in Python: any_owner=True)",
              self->block, self->fault->detail);
}

static void
report_truncated (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_CORRUPT,
              "Block %s of %" G_GUINT64_FORMAT " bytes was truncated to %" G_GUINT64_FORMAT
              " bytes by another process: the rest of its contents is lost",
              self->block, self->size, self->fault->detail);
}

static void
report_seal (const ShmReport *self)
{
  switch (self->fault->errnum)
    {
    case EBUSY:
      shm_report (self, SHM_ERROR_FAILED,
                  "Block %s cannot be sealed against writing while it is mapped for writing: free "
                  "all "
                  "live views of it in every process first",
                  self->block);
      break;
    case EAGAIN:
      shm_report (self, SHM_ERROR_FAILED,
                  "Block %s cannot be sealed while another thread uses the same object: wait for "
                  "the "
                  "end of the operation in that thread",
                  self->block);
      break;
    case ETIMEDOUT:
      shm_report (
          self, SHM_ERROR_TIMED_OUT,
          "Timed out sealing block %s against writing: the kernel still uses a page of it for "
          "input or output, for example in a pipe (splice, vmsplice or sendfile). Wait until "
          "the pipe is empty, and seal the block then",
          self->block);
      break;
    case EROFS:
      shm_report (self, SHM_ERROR_READ_ONLY,
                  "Block %s cannot be sealed: it can only be read through this object",
                  self->block);
      break;
    case EINVAL:
      shm_report (self, SHM_ERROR_NOT_SUPPORTED,
                  "Block %s cannot be sealed: this system does not have the seal", self->block);
      break;
    default:
      shm_report (self, SHM_ERROR_NOT_SUPPORTED,
                  "Block %s cannot be sealed (%s): only anonymous blocks can be sealed, and only "
                  "if "
                  "they are not sealed against further seals",
                  self->block, g_strerror (self->fault->errnum));
    }
}

static void
report_unlock (const ShmReport *self)
{
  if (self->fault->errnum == EBADF)
    shm_report (self, SHM_ERROR_BAD_DESCRIPTOR,
                "The lock of block %s ended before it was released: other code in this program has "
                "closed its descriptor. Close only descriptors that belong to that code",
                self->block);
  else
    shm_report_errno (self);
}

static void
report_lock_wait (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_FAILED,
              "The lock of block %s cannot be waited for: the wait needs a thread, and none could "
              "be "
              "started: %s",
              self->block, g_strerror (self->fault->errnum));
}

static void
report_address_space (const ShmReport *self)
{
  shm_report (self, SHM_ERROR_NO_SPACE,
              "Block %s of %" G_GUINT64_FORMAT
              " bytes does not fit into the address space of this process, in which about "
              "%" G_GUINT64_FORMAT " bytes are free: unmap other memory, or raise RLIMIT_AS "
              "(ulimit -v)",
              self->block, self->size, self->fault->detail);
}

const char *
shm_error_get_step_label (ShmStep step)
{
  const char *label = shm_block_step_get_label (step);

  if (label == NULL)
    label = shm_list_step_get_label (step);
  if (label == NULL)
    label = shm_registry_step_get_label (step);
  if (label == NULL)
    label = shm_manager_step_get_label (step);
  if (label == NULL)
    label = shm_program_step_get_label (step);
  if (label == NULL)
    label = shm_frame_step_get_label (step);

  return label;
}

/* Returns the subject of a message. The caller owns the string. */
static char *
describe_subject (const ShmReport *self)
{
  switch (self->fault->step)
    {
    case SHM_STEP_LIST:
      return g_strdup ("The blocks of this machine");
    case SHM_STEP_LIST_OWNER:
      return g_strdup_printf ("The list in block %s", self->block);
    case SHM_STEP_RESERVE:
    case SHM_STEP_MAP:
      return g_strdup_printf ("Block %s of %" G_GUINT64_FORMAT " bytes", self->block, self->size);
    default:
      return g_strdup_printf ("Block %s", self->block);
    }
}

/* Reports the failure of a system call. */
void
shm_report_errno (const ShmReport *self)
{
  const ShmFault *fault = self->fault;
  g_autofree char *subject = describe_subject (self);
  g_autofree char *cause = shm_cause_describe (fault, shm_error_get_step_label (fault->step));

  shm_report (self, shm_cause_find (fault->step, fault->errnum).code, "%s %s", subject, cause);
}

/* Reports that a block could not be created because it could not be tracked. */
static void
report_tracking (const ShmReport *self)
{
  const int errnum = self->fault->errnum;
  const ShmCause cause = shm_cause_find (self->fault->step, errnum);

  if (self->fault->step == SHM_STEP_TRACKER && errnum == ENOENT)
    shm_report (self, SHM_ERROR_NOT_FOUND,
                "Block %s cannot be tracked: the program %s, which removes tracked blocks, does "
                "not exist. If it is installed elsewhere, set the environment variable "
                "SHMOBJ_TRACKER",
                self->block, shm_tracker_get_program ());
  else if (self->fault->step == SHM_STEP_TRACKER)
    shm_report (self, cause.code,
                "Block %s cannot be tracked: the program %s cannot be started: %s", self->block,
                shm_tracker_get_program (), g_strerror (errnum));
  else
    shm_report (self, cause.code, "Block %s cannot be tracked: %s (%s: %s)", self->block,
                cause.words != NULL ? cause.words
                                    : "the registry of this program cannot be written",
                shm_error_get_step_label (self->fault->step), g_strerror (errnum));
}

/* Reports a fault of a step that has no function of its own. */
static void
report_other_step (const ShmReport *self)
{
  const ShmStep step = self->fault->step;

  switch (self->fault->errnum)
    {
    case ENODEV:
      report_type (self);
      break;
    case ENODATA:
      report_truncated (self);
      break;
    case EEXIST:
      shm_report (self, SHM_ERROR_EXISTS,
                  "Block %s exists already: attach to it, unlink it, or choose another name",
                  self->block);
      break;
    case ESTALE:
      shm_report (self, SHM_ERROR_NOT_FOUND,
                  "The name %s belongs to another block now, and the library does not remove that "
                  "block",
                  self->block);
      break;
    case ETIMEDOUT:
      shm_report (self, SHM_ERROR_TIMED_OUT,
                  "Timed out opening block %s: other processes create and remove it again and "
                  "again",
                  self->block);
      break;
    case ENOENT:
      if (step == SHM_STEP_OPEN || step == SHM_STEP_REMOVE)
        shm_report (self, SHM_ERROR_NOT_FOUND,
                    "Block %s does not exist: it was never created, or it was unlinked",
                    self->block);
      else
        shm_report_errno (self);
      break;
    case EAGAIN:
      if (step == SHM_STEP_OPEN)
        shm_report (self, SHM_ERROR_TIMED_OUT,
                    "Timed out opening block %s: another process has a lease on its file, as the "
                    "command \"shmobj gc\" takes it for a moment. Try again when that process has "
                    "ended",
                    self->block);
      else
        shm_report_errno (self);
      break;
    case EPERM:
      if (step == SHM_STEP_WRITE)
        shm_report (self, SHM_ERROR_READ_ONLY,
                    "Block %s cannot be written: it is sealed against writing", self->block);
      else
        shm_report_errno (self);
      break;
    case EINVAL:
      if (step == SHM_STEP_WRITE)
        shm_report (self, SHM_ERROR_FAILED,
                    "Block %s cannot be written at an offset: a process that shares its descriptor "
                    "has set O_APPEND on it. That process has to clear O_APPEND",
                    self->block);
      else
        shm_report_errno (self);
      break;
    default:
      shm_report_errno (self);
    }
}

static void
report_by_step (const ShmReport *self)
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
    case SHM_STEP_CHECK_FD:
      report_descriptor (self);
      break;
    case SHM_STEP_MAP:
      if (self->fault->errnum == ENOMEM && self->fault->detail != 0)
        report_address_space (self);
      else
        shm_report_errno (self);
      break;
    case SHM_STEP_AWAIT_SIZE:
      report_empty (self);
      break;
    case SHM_STEP_UNLOCK:
      report_unlock (self);
      break;
    case SHM_STEP_LOCK_WAIT:
      report_lock_wait (self);
      break;
    case SHM_STEP_SEAL:
      report_seal (self);
      break;
    case SHM_STEP_PROGRAM_BEGIN:
    case SHM_STEP_PROGRAM_NOTE:
    case SHM_STEP_TRACKER:
      report_tracking (self);
      break;
    default:
      if (!shm_report_list_step (self) && !shm_report_frame_step (self))
        report_other_step (self);
    }
}

char *
shm_error_describe_block (const char *name)
{
  g_autofree char *valid = NULL;

  if (name == NULL)
    return g_strdup ("without a name");

  valid = g_utf8_make_valid (name, -1);

  return g_strdup_printf ("\"%s\"", valid);
}

gboolean
shm_error_set_from_fault (GError **error, const ShmFault *fault, const ShmErrorContext *context)
{
  g_autofree char *block = NULL;
  ShmReport self = { error, fault, NULL, context->size, context->n_items };

  if (error == NULL)
    return FALSE;

  if (fault->errnum == ECANCELED)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      return FALSE;
    }

  self.block = block = context->has_generated_name ? g_strdup ("with a generated name")
                                                   : shm_error_describe_block (context->name);

  report_by_step (&self);

  return FALSE;
}

gboolean
shm_error_check_flags (GType type, guint flags, const char *block_name, GError **error)
{
  GFlagsClass *flags_class;
  g_autofree char *block = NULL;
  guint undefined;

  if (flags == 0)
    return TRUE;

  flags_class = g_type_class_ref (type);
  undefined = flags & ~flags_class->mask;
  g_type_class_unref (flags_class);
  if (undefined == 0)
    return TRUE;

  block = shm_error_describe_block (block_name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
               "The flags %#x for block %s are not defined: %s has no such bits", undefined, block,
               g_type_name (type));

  return FALSE;
}
