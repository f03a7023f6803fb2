/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that each fault of the core gives an error code and a message with the name of the
 * block. */

#include "shm-error-private.h"

#include "shm-test.h"

#include <errno.h>

typedef struct
{
  ShmStep step;
  int errnum;
  ShmError code;
  const char *advice; /* text that the message must contain */
} Case;

static const Case cases[] = {
  { SHM_STEP_CHECK_NAME, EINVAL, SHM_ERROR_INVALID_NAME, "UTF-8 without \"/\"" },
  { SHM_STEP_CHECK_NAME, ENAMETOOLONG, SHM_ERROR_INVALID_NAME, "255 bytes" },
  { SHM_STEP_CHECK_SIZE, EINVAL, SHM_ERROR_INVALID_SIZE, "at least 1" },
  { SHM_STEP_CHECK_SIZE, EOVERFLOW, SHM_ERROR_INVALID_SIZE, "address space" },
  { SHM_STEP_CHECK_LIMIT, EFBIG, SHM_ERROR_TOO_LARGE, "RLIMIT_FSIZE" },
  { SHM_STEP_CREATE, EMFILE, SHM_ERROR_TOO_MANY_FILES, "RLIMIT_NOFILE" },
  { SHM_STEP_CREATE, ENFILE, SHM_ERROR_TOO_MANY_FILES, "fs.file-max" },
  { SHM_STEP_CREATE, ENOTDIR, SHM_ERROR_FOLDER_MISSING, "/dev/shm is missing" },
  { SHM_STEP_CREATE, EROFS, SHM_ERROR_FOLDER_READ_ONLY, "/dev/shm is mounted read-only" },
  { SHM_STEP_CREATE, EACCES, SHM_ERROR_PERMISSION_DENIED, "mode" },
  { SHM_STEP_CREATE, EPERM, SHM_ERROR_REFUSED, "seccomp" },
  { SHM_STEP_CREATE, ENOSYS, SHM_ERROR_NOT_SUPPORTED, "seccomp" },
  { SHM_STEP_CREATE, ENOSPC, SHM_ERROR_NO_SPACE, "inode" },
  { SHM_STEP_PUBLISH, ENOSPC, SHM_ERROR_NO_SPACE, "inode" },
  { SHM_STEP_RESERVE, ENOSPC, SHM_ERROR_NO_SPACE, "remove blocks" },
  { SHM_STEP_RESERVE, EDQUOT, SHM_ERROR_NO_SPACE, "quota" },
  { SHM_STEP_RESERVE, ENOMEM, SHM_ERROR_NO_SPACE, "4096 bytes" },
  { SHM_STEP_RESERVE, EFBIG, SHM_ERROR_TOO_LARGE, "4096 bytes" },
  { SHM_STEP_MAP, ENOMEM, SHM_ERROR_NO_SPACE, "RLIMIT_AS" },
  { SHM_STEP_PUBLISH, EEXIST, SHM_ERROR_EXISTS, "choose another name" },
  { SHM_STEP_PUBLISH, ETIMEDOUT, SHM_ERROR_TIMED_OUT, "again and again" },
  { SHM_STEP_OPEN, ENOENT, SHM_ERROR_NOT_FOUND, "never created" },
  { SHM_STEP_OPEN, ENOTDIR, SHM_ERROR_FOLDER_MISSING, "/dev/shm is missing" },
  { SHM_STEP_OPEN, EROFS, SHM_ERROR_FOLDER_READ_ONLY, "cannot be opened" },
  { SHM_STEP_OPEN, EACCES, SHM_ERROR_PERMISSION_DENIED, "owner" },
  { SHM_STEP_OPEN, EMFILE, SHM_ERROR_TOO_MANY_FILES, "cannot be opened" },
  { SHM_STEP_OPEN, EAGAIN, SHM_ERROR_TIMED_OUT, "lease" },
  { SHM_STEP_CHECK_TYPE, ENODEV, SHM_ERROR_TYPE_MISMATCH, "regular file" },
  { SHM_STEP_CHECK_OWNER, EPERM, SHM_ERROR_UNTRUSTED_OWNER, "the flag ANY_OWNER" },
  { SHM_STEP_AWAIT_SIZE, ENODATA, SHM_ERROR_INVALID_SIZE, "remove" },
  { SHM_STEP_READ, ENODATA, SHM_ERROR_CORRUPT, "truncated" },
  { SHM_STEP_WRITE, ENODATA, SHM_ERROR_CORRUPT, "truncated" },
  { SHM_STEP_SEAL, EBUSY, SHM_ERROR_FAILED, "live views" },
  { SHM_STEP_SEAL, EAGAIN, SHM_ERROR_FAILED, "another thread" },
  { SHM_STEP_SEAL, ETIMEDOUT, SHM_ERROR_TIMED_OUT, "in a pipe" },
  { SHM_STEP_SEAL, EROFS, SHM_ERROR_READ_ONLY, "only be read" },
  { SHM_STEP_SEAL, EINVAL, SHM_ERROR_NOT_SUPPORTED, "does not have the seal" },
  { SHM_STEP_SEAL, EPERM, SHM_ERROR_NOT_SUPPORTED, "anonymous" },
  { SHM_STEP_WATCH, ENOSYS, SHM_ERROR_NOT_SUPPORTED, "watch" },
  { SHM_STEP_WATCH, EMFILE, SHM_ERROR_TOO_MANY_FILES, "max_user_instances" },
  { SHM_STEP_WATCH, ENOSPC, SHM_ERROR_NO_SPACE, "max_user_watches" },
  { SHM_STEP_REMOVE, ENOENT, SHM_ERROR_NOT_FOUND, "unlinked" },
  { SHM_STEP_REMOVE, ESTALE, SHM_ERROR_NOT_FOUND, "another block" },
  { SHM_STEP_REMOVE, ENOTDIR, SHM_ERROR_FOLDER_MISSING, "cannot be removed" },
  { SHM_STEP_REMOVE, EROFS, SHM_ERROR_FOLDER_READ_ONLY, "cannot be removed" },
  { SHM_STEP_REMOVE, EPERM, SHM_ERROR_PERMISSION_DENIED, "owner" },
};

/* Faults that concern no named block. The last column is the beginning of the message. */
static const Case cases_without_name[] = {
  { SHM_STEP_LIST, EIO, SHM_ERROR_FAILED, "The blocks of this machine cannot be listed" },
  { SHM_STEP_LIST, EACCES, SHM_ERROR_PERMISSION_DENIED,
    "The blocks of this machine cannot be listed: this process has no permission" },
  { SHM_STEP_LIST, ENOTDIR, SHM_ERROR_FOLDER_MISSING,
    "The blocks of this machine cannot be listed: /dev/shm is missing" },
  { SHM_STEP_LIST, EMFILE, SHM_ERROR_TOO_MANY_FILES,
    "The blocks of this machine cannot be listed: this process has no file descriptor left" },
  { SHM_STEP_CHECK_FD, EBADF, SHM_ERROR_BAD_DESCRIPTOR, "Descriptor 7 is not open" },
  { SHM_STEP_CHECK_FD, EACCES, SHM_ERROR_PERMISSION_DENIED, "Descriptor 7 can only be written" },
  { SHM_STEP_CHECK_FD, EINVAL, SHM_ERROR_FAILED, "Descriptor 7 appends" },
  { SHM_STEP_CHECK_FD, ENODEV, SHM_ERROR_TYPE_MISMATCH, "Descriptor 7 does not belong to" },
  { SHM_STEP_AWAIT_SIZE, EAGAIN, SHM_ERROR_INVALID_SIZE, "Descriptor 7 belongs to an empty file" },
};

static void
test_messages (void)
{
  const ShmErrorContext context = { "the-name", 4096 };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const ShmFault fault = { cases[i].step, cases[i].errnum, 0 };
      g_autoptr (GError) error = NULL;

      g_assert_false (shm_error_set_from_fault (&error, &fault, &context));
      g_test_message ("%s", error->message);
      g_assert_error (error, SHM_ERROR, (int) cases[i].code);
      g_assert_true (g_str_is_ascii (error->message));
      g_assert_nonnull (strstr (error->message, "\"the-name\""));
      g_assert_nonnull (strstr (error->message, cases[i].advice));
      g_assert_false (shm_error_set_from_fault (NULL, &fault, &context));
    }
}

static void
test_messages_without_name (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases_without_name); i++)
    {
      const Case *expected = &cases_without_name[i];
      const ShmFault fault = { expected->step, expected->errnum, 7 };
      g_autoptr (GError) error = NULL;

      shm_error_set_from_fault (&error, &fault, &(ShmErrorContext){ NULL });
      g_test_message ("%s", error->message);
      g_assert_error (error, SHM_ERROR, (int) expected->code);
      g_assert_true (g_str_is_ascii (error->message));
      g_assert_true (g_str_has_prefix (error->message, expected->advice));
    }
}

static void
test_detail (void)
{
  const ShmErrorContext context = { "x", 4096 };
  const ShmFault owner = { SHM_STEP_CHECK_OWNER, EPERM, 1234 };
  const ShmFault limit = { SHM_STEP_CHECK_LIMIT, EFBIG, 1000 };
  const ShmFault new_name = { SHM_STEP_CHECK_NAME, EINVAL, 1 };
  const ShmFault address_space = { SHM_STEP_MAP, ENOMEM, 123456 };
  g_autoptr (GError) error = NULL;

  shm_error_set_from_fault (&error, &owner, &context);
  g_assert_nonnull (strstr (error->message, "user 1234"));
  g_clear_error (&error);
  shm_error_set_from_fault (&error, &limit, &context);
  g_assert_nonnull (strstr (error->message, "1000 bytes"));
  g_clear_error (&error);
  shm_error_set_from_fault (&error, &new_name, &context);
  g_assert_nonnull (strstr (error->message, "ASCII"));
  g_clear_error (&error);
  shm_error_set_from_fault (&error, &address_space, &context);
  g_assert_nonnull (strstr (error->message, "4096 bytes does not fit"));
  g_assert_nonnull (strstr (error->message, "123456 bytes are free"));
}

/* A fault without an errno value is an input/output error, and does not abort the program. */
static void
test_no_errno (void)
{
  ShmFault fault;

  g_assert_false (shm_fault_set (&fault, SHM_STEP_OPEN, 0));
  g_assert_cmpint (fault.errnum, ==, EIO);
}

static void
test_cancelled (void)
{
  const ShmFault fault = { SHM_STEP_RESERVE, ECANCELED, 0 };
  g_autoptr (GError) error = NULL;

  shm_error_set_from_fault (&error, &fault, &(ShmErrorContext){ "x", 1 });
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A name can consist of any bytes, but a message is always valid UTF-8. */
static void
test_invalid_names (void)
{
  const ShmFault fault = { SHM_STEP_CHECK_NAME, EINVAL, 0 };
  g_autoptr (GError) error = NULL;

  shm_error_set_from_fault (&error, &fault, &(ShmErrorContext){ "\xff%s", 1 });
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, "%s"));
  g_clear_error (&error);

  shm_error_set_from_fault (&error, &fault, &(ShmErrorContext){ NULL, 1 });
  g_assert_nonnull (strstr (error->message, "without a name"));
  g_clear_error (&error);

  shm_error_set_from_fault (&error, &fault, &(ShmErrorContext){ .has_generated_name = TRUE });
  g_assert_nonnull (strstr (error->message, "with a generated name"));
}

static void
test_undefined_flags (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_error_check_flags (SHM_TYPE_CREATE_FLAGS, 0, "x", &error));
  g_assert_true (shm_error_check_flags (SHM_TYPE_CREATE_FLAGS,
                                        SHM_CREATE_SPARSE | SHM_CREATE_UNLINK_ON_CLOSE, "x",
                                        &error));
  g_assert_no_error (error);

  g_assert_false (
      shm_error_check_flags (SHM_TYPE_CREATE_FLAGS, SHM_CREATE_SPARSE | 0x500, "x", &error));
  g_assert_nonnull (strstr (error->message, "0x500"));
  g_assert_nonnull (strstr (error->message, "ShmCreateFlags"));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "\"x\"");
  g_assert_false (shm_error_check_flags (SHM_TYPE_ATTACH_FLAGS, 1u << 31, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x80000000");
  g_assert_false (shm_error_check_flags (SHM_TYPE_ATTACH_FLAGS, 1u << 31, NULL, NULL));
}

static void
test_quark (void)
{
  g_assert_cmpstr (g_quark_to_string (SHM_ERROR), ==, "shm-error-quark");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/messages", test_messages);
  g_test_add_func ("/error/messages-without-name", test_messages_without_name);
  g_test_add_func ("/error/detail", test_detail);
  g_test_add_func ("/error/no-errno", test_no_errno);
  g_test_add_func ("/error/cancelled", test_cancelled);
  g_test_add_func ("/error/invalid-names", test_invalid_names);
  g_test_add_func ("/error/undefined-flags", test_undefined_flags);
  g_test_add_func ("/error/quark", test_quark);

  return g_test_run ();
}
