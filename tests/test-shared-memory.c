/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests ShmSharedMemory as a C program uses it. The test is linked with the public library. */

#include "shm-test.h"

#include "shmobj/shm-overrides-values.h"
#include "shmobj/shm-overrides.h"

#include <string.h>
#include <sys/mman.h>

static ShmSharedMemory *
make (const char *word, guint64 size)
{
  g_autofree char *name = word != NULL ? test_name (word) : NULL;
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm = shm_shared_memory_create (name, size, 0, &error);

  g_assert_no_error (error);
  g_assert_nonnull (shm);

  return shm;
}

static ShmSharedMemory *
attach (const char *name, ShmAttachFlags flags)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm = shm_shared_memory_attach (name, flags, &error);

  g_assert_no_error (error);
  g_assert_nonnull (shm);

  return shm;
}

static gboolean
write_text (ShmSharedMemory *shm, guint64 offset, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return shm_shared_memory_write (shm, offset, bytes, error);
}

static void
count (GObject *object, gpointer counter)
{
  (*(int *) counter)++;
}

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer counter)
{
  count (object, counter);
}

/* Creating and attaching */

static void
test_create (void)
{
  g_autofree char *name = test_name ("create");
  g_autofree char *with_slash = g_strconcat ("/", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL, again = NULL, other = NULL;

  shm = shm_shared_memory_create (with_slash, 12345, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (shm_shared_memory_get_name (shm), ==, name);
  g_assert_cmpuint (shm_shared_memory_get_size (shm), ==, 12345);
  g_assert_cmpuint (shm_shared_memory_get_mode (shm), ==, 0600);
  g_assert_cmpuint (shm_shared_memory_get_owner_uid (shm), ==, geteuid ());
  g_assert_cmpint (shm_shared_memory_get_origin (shm), ==, SHM_ORIGIN_CREATE);
  g_assert_true (shm_shared_memory_is_creator (shm));
  g_assert_false (shm_shared_memory_is_read_only (shm));
  g_assert_false (shm_shared_memory_is_closed (shm));
  g_assert_false (shm_shared_memory_is_unlinked (shm));
  g_assert_cmpint (fcntl (shm_shared_memory_get_fd (shm), F_GETFD), ==, FD_CLOEXEC);

  again = shm_shared_memory_create (name, 1, 0, &error);
  g_assert_null (again);
  test_assert_error (error, SHM_ERROR_EXISTS, name);

  other = attach (with_slash, 0);
  g_assert_cmpstr (shm_shared_memory_get_name (other), ==, name);
  g_assert_cmpuint (shm_shared_memory_get_size (other), ==, 12345);
  g_assert_cmpint (shm_shared_memory_get_origin (other), ==, SHM_ORIGIN_ATTACH);
  g_assert_false (shm_shared_memory_is_creator (other));

  g_assert_true (write_text (shm, 0, "hello", &error));
  g_assert_cmpmem (shm_shared_memory_get_data (other, NULL), 5, "hello", 5);

  g_assert_true (shm_shared_memory_unlink (other, &error));
  g_assert_false (test_exists (name));
}

static void
test_generated_name (void)
{
  g_autoptr (ShmSharedMemory) shm = make (NULL, 1);

  g_assert_cmpuint (strlen (shm_shared_memory_get_name (shm)), ==, strlen ("psm_01234567"));
  g_assert_true (g_str_has_prefix (shm_shared_memory_get_name (shm), "psm_"));
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

static void
test_bad_arguments (void)
{
  static const char *const bad_names[] = { "", "a/b", "a:b", "a b", "..", "sem.x", "\u00e9" };
  /* A 32-bit program cannot map such a size. */
  const ShmError too_large = sizeof (gsize) == 8 ? SHM_ERROR_NO_SPACE : SHM_ERROR_INVALID_SIZE;
  g_autofree char *name = test_name ("bad");
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad_names); i++)
    {
      g_assert_null (shm_shared_memory_create (bad_names[i], 1, 0, &error));
      test_assert_error (error, SHM_ERROR_INVALID_NAME, bad_names[i]);
    }

  g_assert_null (shm_shared_memory_attach ("a/b", 0, &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "a/b");
  g_assert_null (shm_shared_memory_open_or_create ("a:b", 1, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "a:b");
  g_assert_null (shm_shared_memory_attach (name, 0, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
  g_assert_null (shm_shared_memory_create (name, 0, 0, &error));
  test_assert_error (error, SHM_ERROR_INVALID_SIZE, name);
  g_assert_null (shm_shared_memory_create (name, G_MAXUINT64, 0, &error));
  test_assert_error (error, SHM_ERROR_INVALID_SIZE, name);
  g_assert_null (shm_shared_memory_create (name, G_MAXINT64, 0, &error));
  test_assert_error (error, too_large, name);
  g_assert_null (shm_shared_memory_create_anonymous (G_MAXINT64, 0, &error));
  test_assert_error (error, too_large, "");
  g_assert_null (shm_shared_memory_create_full (name, 1, 04600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);

  g_assert_false (test_exists (name));
}

static void
test_undefined_flags (void)
{
  g_autofree char *name = test_name ("flags");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;

  g_assert_null (shm_shared_memory_create (name, 1, SHM_CREATE_SPARSE | 0x40, &error));
  g_assert_nonnull (strstr (error->message, "0x40"));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);
  g_assert_null (shm_shared_memory_create_full (name, 1, 0600, 1 << 30, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x40000000");
  g_assert_null (shm_shared_memory_open_or_create (name, 1, 0600, 0x40, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x40");
  g_assert_null (shm_shared_memory_create_anonymous (1, 0x40, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x40");
  g_assert_null (shm_shared_memory_attach (name, 0x40, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "ShmAttachFlags");
  g_assert_null (shm_shared_memory_attach_fd (0, 0x40, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "ShmAttachFlags");
  g_assert_false (test_exists (name));

  shm = shm_shared_memory_create_anonymous (1, 0, &error);
  g_assert_no_error (error);
  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_WRITE | 0x40, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "ShmSealFlags");
  g_assert_cmpuint (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);
}

static void
test_open_or_create (void)
{
  g_autofree char *name = test_name ("either");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) first = NULL, second = NULL;

  g_cancellable_cancel (cancelled);
  g_assert_null (shm_shared_memory_open_or_create (name, 100, 0640, 0, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (shm_shared_memory_open_or_create (name, 100, 01640, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);
  g_assert_false (test_exists (name));

  first = shm_shared_memory_open_or_create (name, 100, 0640, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shared_memory_is_creator (first));
  g_assert_cmpint (shm_shared_memory_get_origin (first), ==, SHM_ORIGIN_OPEN_OR_CREATE);
  g_assert_cmpuint (shm_shared_memory_get_mode (first), ==, 0640);

  second
      = shm_shared_memory_open_or_create (name, 50, 0600, SHM_CREATE_UNLINK_ON_CLOSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (shm_shared_memory_is_creator (second));
  g_assert_cmpint (shm_shared_memory_get_origin (second), ==, SHM_ORIGIN_OPEN_OR_CREATE);
  g_assert_cmpuint (shm_shared_memory_get_size (second), ==, 100);
  g_assert_cmpuint (shm_shared_memory_get_mode (second), ==, 0640);

  /* With SHM_CREATE_UNLINK_ON_CLOSE, close() unlinks the block only if this object created it. */
  g_assert_true (shm_shared_memory_close (second, &error));
  g_assert_true (test_exists (name));

  g_assert_null (shm_shared_memory_open_or_create (name, 101, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_SIZE, name);
  g_assert_true (shm_shared_memory_unlink (first, NULL));
}

static void
test_open_or_create_unlinks_on_close (void)
{
  g_autofree char *name = test_name ("either-unlinked");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;

  shm = shm_shared_memory_open_or_create (name, 1, 0600, SHM_CREATE_UNLINK_ON_CLOSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shared_memory_is_creator (shm));
  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_false (test_exists (name));
}

static void
test_empty (void)
{
  g_autofree char *name = test_name ("empty");
  const int fd = test_make_file (name, 0);
  g_autoptr (GError) error = NULL;
  const gint64 begin = g_get_monotonic_time ();

  g_assert_null (shm_shared_memory_attach (name, 0, &error));
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 500 * 1000);
  test_assert_error (error, SHM_ERROR_INVALID_SIZE, name);
  g_assert_true (test_exists (name));

  g_assert_true (shm_remove_block (name, &error));
  g_assert_false (test_exists (name));
  close (fd);
}

static void
test_not_a_block (void)
{
  g_autofree char *name = test_name ("strange");
  g_autofree char *path = test_path (name);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink ("/etc/passwd", path), ==, 0);
  g_assert_null (shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, name);
  g_assert_false (shm_remove_block (name, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, name);
  g_assert_null (shm_shared_memory_create (name, 1, 0, &error));
  test_assert_error (error, SHM_ERROR_EXISTS, name);
  g_assert_cmpint (unlink (path), ==, 0);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, name);
  g_assert_null (shm_shared_memory_attach (name, 0, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, name);
  g_assert_cmpint (unlink (path), ==, 0);

  g_assert_cmpint (mkdir (path, 0700), ==, 0);
  g_assert_null (shm_shared_memory_attach (name, 0, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, name);
  g_assert_null (shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, name);
  g_assert_cmpint (rmdir (path), ==, 0);
}

/* Anonymous blocks and descriptors */

static void
test_anonymous (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL, other = NULL;
  int fd;

  shm = shm_shared_memory_create_anonymous (100, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  g_assert_null (shm_shared_memory_get_name (shm));
  g_assert_cmpuint (shm_shared_memory_get_mode (shm), ==, 0600);
  g_assert_false (shm_shared_memory_unlink (shm, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "without a name");
  g_assert_false (shm_shared_memory_watch (shm, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "without a name");

  fd = shm_shared_memory_dup_fd (shm, &error);
  g_assert_cmpint (fd, >=, 0);
  other = shm_shared_memory_attach_fd (fd, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (close (fd), ==, 0);
  g_assert_cmpuint (shm_shared_memory_get_size (other), ==, 100);
  g_assert_true (shm_shared_memory_set_int32 (shm, 0, 5, NULL));
  g_assert_cmpint (shm_shared_memory_get_int32 (other, 0, NULL), ==, 5);
  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_no_error (error);
}

static void
test_seals (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_anonymous (100, 0, &error);
  g_autoptr (ShmSharedMemory) other = NULL, named = make ("seal", 1);
  g_autoptr (GBytes) live = NULL;
  int notified = 0;

  g_signal_connect (shm, "notify::read-only", G_CALLBACK (count_notify), &notified);
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_NONE, &error));
  g_assert_cmpuint (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 9, &error));
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_RESIZE, &error));
  g_assert_cmpuint (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_RESIZE);
  g_assert_cmpint (ftruncate (shm_shared_memory_get_fd (shm), 1), ==, -1);
  g_assert_cmpint (notified, ==, 0);

  live = shm_shared_memory_get_live_bytes (shm, &error);
  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "live views");
  g_clear_pointer (&live, g_bytes_unref);

  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_cmpuint (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_RESIZE | SHM_SEAL_WRITE);
  g_assert_true (shm_shared_memory_is_read_only (shm));
  g_assert_cmpint (notified, ==, 1);
  g_assert_cmpuint (shm_shared_memory_get_uint8 (shm, 0, &error), ==, 9);
  g_assert_false (shm_shared_memory_set_uint8 (shm, 0, 1, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "without a name");

  other = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (shm), 0, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shared_memory_is_read_only (other));
  g_assert_cmpuint (shm_shared_memory_get_uint8 (other, 0, &error), ==, 9);

  g_assert_false (shm_shared_memory_seal (named, SHM_SEAL_RESIZE, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, shm_shared_memory_get_name (named));
  g_assert_true (shm_shared_memory_unlink (named, NULL));
}

/* An object seals its block after three other objects have attached to the block. */
static void
test_sealed_later (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_anonymous (100, 0, &error);
  g_autoptr (ShmSharedMemory) setter
      = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (shm), 0, &error);
  g_autoptr (ShmSharedMemory) writer
      = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (shm), 0, &error);
  g_autoptr (ShmSharedMemory) reader
      = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (shm), SHM_ATTACH_READ_ONLY, &error);

  g_assert_no_error (error);
  g_assert_false (shm_shared_memory_seal (reader, SHM_SEAL_RESIZE, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");

  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 9, &error));
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_true (shm_shared_memory_seal (reader, SHM_SEAL_RESIZE, &error)); /* already sealed */

  g_assert_false (shm_shared_memory_set_uint8 (setter, 0, 1, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");
  g_assert_cmpuint (shm_shared_memory_get_uint8 (setter, 0, &error), ==, 9);
  g_assert_true (shm_shared_memory_is_read_only (setter));

  g_assert_false (write_text (writer, 0, "x", &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");
  g_assert_cmpuint (shm_shared_memory_get_uint8 (writer, 0, &error), ==, 9);
  g_assert_no_error (error);
}

/* Another process can set O_APPEND on a shared descriptor. pwrite() then ignores its offset, so
 * shm_shared_memory_write() must fail. */
static void
test_append_mode (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_anonymous (100, 0, &error);
  const int fd = shm_shared_memory_dup_fd (shm, &error);
  struct stat info;

  g_assert_cmpint (fcntl (fd, F_SETFL, O_APPEND), ==, 0);
  g_assert_false (write_text (shm, 0, "x", &error));
  test_assert_error (error, SHM_ERROR_FAILED, "O_APPEND");
  g_assert_cmpint (fstat (fd, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 100);
  g_assert_null (shm_shared_memory_attach_fd (fd, 0, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "O_APPEND");

  g_assert_cmpint (fcntl (fd, F_SETFL, 0), ==, 0);
  g_assert_true (write_text (shm, 0, "x", &error));
  close (fd);
}

static dev_t
get_device_of_fd (int fd)
{
  struct stat info;

  g_assert_cmpint (fstat (fd, &info), ==, 0);

  return info.st_dev;
}

static dev_t
get_device_of_folder (const char *path)
{
  struct stat info;

  g_assert_cmpint (stat (path, &info), ==, 0);

  return info.st_dev;
}

static void
test_attach_fd_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;
  int fd, pipes[2];

  g_assert_null (shm_shared_memory_attach_fd (-1, 0, &error));
  test_assert_error (error, SHM_ERROR_BAD_DESCRIPTOR, "Descriptor -1 is not open");
  g_assert_null (shm_shared_memory_attach_fd (G_MAXINT, 0, &error));
  test_assert_error (error, SHM_ERROR_BAD_DESCRIPTOR, "Descriptor 2147483647 is not open");

  g_assert_cmpint (pipe (pipes), ==, 0);
  g_assert_null (shm_shared_memory_attach_fd (pipes[0], 0, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, "");
  close (pipes[0]);
  close (pipes[1]);

  /* Files of other file systems. The executable file of this program can be on the same disk as
   * /dev/shm. */
  fd = open ("/proc/self/status", O_RDONLY | O_CLOEXEC);
  g_assert_null (shm_shared_memory_attach_fd (fd, 0, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, "");
  close (fd);
  fd = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (get_device_of_fd (fd) != get_device_of_folder ("/dev/shm"))
    {
      g_assert_null (shm_shared_memory_attach_fd (fd, 0, &error));
      test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, "");
    }
  close (fd);

  fd = open ("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_null (shm_shared_memory_attach_fd (fd, 0, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, "");
  close (fd);

  shm = make ("fd", 10);
  path = test_path (shm_shared_memory_get_name (shm));
  fd = open (path, O_WRONLY | O_CLOEXEC);
  g_assert_null (shm_shared_memory_attach_fd (fd, 0, &error));
  test_assert_error (error, SHM_ERROR_PERMISSION_DENIED, "");
  close (fd);

  fd = open (path, O_PATH | O_CLOEXEC);
  g_assert_null (shm_shared_memory_attach_fd (fd, 0, &error));
  test_assert_error (error, SHM_ERROR_BAD_DESCRIPTOR, "");
  close (fd);

  fd = open (path, O_RDONLY | O_CLOEXEC);
  {
    g_autoptr (ShmSharedMemory) reader = shm_shared_memory_attach_fd (fd, 0, &error);

    g_assert_no_error (error);
    g_assert_true (shm_shared_memory_is_read_only (reader));
    g_assert_null (shm_shared_memory_get_name (reader));
  }
  close (fd);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

/* Memory */

static void
test_copies (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("copies", 10);
  g_autoptr (GBytes) hello = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);
  g_autoptr (GBytes) copy = NULL, empty = NULL;
  const char *name = shm_shared_memory_get_name (shm);

  g_assert_true (shm_shared_memory_write (shm, 5, hello, &error));
  g_assert_true (shm_shared_memory_write (shm, 10, nothing, &error));
  copy = shm_shared_memory_read (shm, 4, 6, &error);
  g_assert_cmpmem (g_bytes_get_data (copy, NULL), g_bytes_get_size (copy), "\0hello", 6);
  empty = shm_shared_memory_read (shm, 10, 0, &error);
  g_assert_cmpuint (g_bytes_get_size (empty), ==, 0);

  g_assert_false (shm_shared_memory_write (shm, 6, hello, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);
  g_assert_false (shm_shared_memory_write (shm, G_MAXUINT64, hello, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);
  g_assert_null (shm_shared_memory_read (shm, 5, 6, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);
  g_assert_null (shm_shared_memory_read (shm, 11, 0, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);
  g_assert_null (shm_shared_memory_read (shm, 1, G_MAXUINT64, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);

  /* A later change of the block does not change the copy. */
  g_assert_true (shm_shared_memory_set_uint8 (shm, 5, 'j', &error));
  g_assert_cmpmem (g_bytes_get_data (copy, NULL), g_bytes_get_size (copy), "\0hello", 6);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

static void
test_live_views (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("live", 10000);
  g_autoptr (ShmSharedMemory) other = attach (shm_shared_memory_get_name (shm), 0);
  g_autoptr (GBytes) all = shm_shared_memory_get_live_bytes (shm, &error);
  g_autoptr (GBytes) part = shm_shared_memory_get_live_region (shm, 5000, 100, &error);
  g_autoptr (GBytes) end = shm_shared_memory_get_live_region (shm, 10000, 0, &error);
  const guint mappings = test_count_mappings ();
  guint64 size;

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (all), ==, 10000);
  g_assert_cmpuint (g_bytes_get_size (end), ==, 0);
  g_assert_true (shm_shared_memory_get_data (shm, &size) == g_bytes_get_data (all, NULL));
  g_assert_cmpuint (size, ==, 10000);

  g_assert_null (shm_shared_memory_get_live_region (shm, 5000, 5001, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, shm_shared_memory_get_name (shm));

  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_true (shm_shared_memory_set_uint8 (other, 5099, 42, &error));
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (part, NULL))[99], ==, 42);

  g_clear_pointer (&all, g_bytes_unref);
  g_clear_pointer (&end, g_bytes_unref);
  g_assert_cmpuint (test_count_mappings (), ==, mappings + 1); /* the mapping of @other */
  g_clear_pointer (&part, g_bytes_unref);
  g_assert_cmpuint (test_count_mappings (), ==, mappings);
  g_assert_true (shm_shared_memory_unlink (other, NULL));
}

static void
test_read_only (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("read-only", 16);
  g_autoptr (ShmSharedMemory) reader
      = attach (shm_shared_memory_get_name (shm), SHM_ATTACH_READ_ONLY);
  const char *name = shm_shared_memory_get_name (shm);
  volatile guint8 *data;

  if (g_test_subprocess ())
    {
      shm_shared_memory_unlink (shm, NULL);
      data = shm_shared_memory_get_data (reader, NULL);
      data[0] = 1;
      return;
    }

  g_assert_true (shm_shared_memory_is_read_only (reader));
  g_assert_true (shm_shared_memory_set_int64 (shm, 8, -2, &error));
  g_assert_cmpint (shm_shared_memory_get_int64 (reader, 8, &error), ==, -2);
  g_assert_false (shm_shared_memory_set_int64 (reader, 8, 1, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, name);
  g_assert_false (write_text (reader, 0, "x", &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, name);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
}

static void
test_numbers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("numbers", 16);
  const guint8 *data = shm_shared_memory_get_data (shm, NULL);

#define CHECK(name, type, number, end)                                                             \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const type expected = number;                                                                  \
    g_assert_true (shm_shared_memory_set_##name (shm, 3, expected, &error));                       \
    g_assert_no_error (error);                                                                     \
    g_assert_cmpmem (data + 3, sizeof expected, &expected, sizeof expected);                       \
    g_assert_true (shm_shared_memory_get_##name (shm, 3, &error) == expected);                     \
    g_assert_no_error (error);                                                                     \
    g_assert_true (shm_shared_memory_set_##name (shm, end, expected, &error));                     \
    g_assert_false (shm_shared_memory_set_##name (shm, end + 1, expected, &error));                \
    test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, shm_shared_memory_get_name (shm));           \
    g_assert_true (shm_shared_memory_get_##name (shm, end + 1, &error) == 0);                      \
    test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, shm_shared_memory_get_name (shm));           \
  }                                                                                                \
  G_STMT_END

  CHECK (int8, gint8, -128, 15);
  CHECK (uint8, guint8, 255, 15);
  CHECK (int16, gint16, -32768, 14);
  CHECK (uint16, guint16, 65535, 14);
  CHECK (int32, gint32, G_MININT32, 12);
  CHECK (uint32, guint32, G_MAXUINT32, 12);
  CHECK (int64, gint64, G_MININT64, 8);
  CHECK (uint64, guint64, G_MAXUINT64, 8);
  CHECK (float, float, 1.5f, 12);
  CHECK (double, double, -273.154, 8);
#undef CHECK

  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

/* Integers of more than 53 bits become the nearest number. */
static void
test_rounded (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("rounded", 8);
  g_autoptr (GBytes) plain = shm_private_get_last_plain_value ();
  const gint64 *memory = g_bytes_get_data (plain, NULL);

  g_assert_true (shm_shared_memory_set_int64 (shm, 0, -1, &error));
  g_assert_true (shm_private_block_get_rounded (shm, 0, TRUE, &error) == -1);
  g_assert_true (shm_private_block_get_rounded (shm, 0, FALSE, &error) == 18446744073709551616.0);
  g_assert_no_error (error);
  g_assert_cmpint (memory[2], ==, -1);
  g_assert_true (shm_private_block_get_rounded (shm, 1, TRUE, &error) == 0);
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, shm_shared_memory_get_name (shm));
  g_assert_true (shm_private_block_get_rounded (shm, 1, FALSE, &error) == 0);
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, shm_shared_memory_get_name (shm));

  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

/* The bits of a NaN that another process has stored do not reach the program. */
static void
test_nan (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("nan", 16);
  const guint64 usual_double = G_GUINT64_CONSTANT (0x7ff8000000000000);
  const guint32 usual_float = 0x7fc00000;

  for (int value = -3; value < 0; value++)
    {
      double found_double;
      float found_float;

      shm_shared_memory_set_int64 (shm, 0, value, &error);
      found_double = shm_shared_memory_get_double (shm, 0, &error);
      g_assert_cmpmem (&found_double, 8, &usual_double, 8);
      found_float = shm_shared_memory_get_float (shm, 0, &error);
      g_assert_cmpmem (&found_float, 4, &usual_float, 4);
    }
  g_assert_no_error (error);

  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

/* After the file of a block was truncated, read() and write() fail for the missing bytes and cause
 * no SIGBUS. They succeed for the bytes that remain. */
static void
test_truncated (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("truncated", 10000);
  g_autofree char *path = test_path (shm_shared_memory_get_name (shm));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abcdef", 6);
  g_autoptr (GBytes) copy = NULL;

  g_assert_cmpint (truncate (path, 100), ==, 0);
  g_assert_null (shm_shared_memory_read (shm, 0, 10000, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, shm_shared_memory_get_name (shm));
  g_assert_null (shm_shared_memory_read (shm, 9000, 10, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, "to 100 bytes");
  g_assert_false (shm_shared_memory_write (shm, 5000, bytes, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, "to 100 bytes");
  g_assert_true (shm_shared_memory_write (shm, 94, bytes, &error));
  copy = shm_shared_memory_read (shm, 94, 6, &error);
  g_assert_true (g_bytes_equal (copy, bytes));
  g_assert_cmpuint (shm_shared_memory_get_size (shm), ==, 10000);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

/* Closing and unlinking */

static void
test_close (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("close", 10);
  g_autofree char *name = g_strdup (shm_shared_memory_get_name (shm));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  guint64 size = 1;
  int closed = 0, notified = 0;

  g_signal_connect (shm, "closed", G_CALLBACK (count), &closed);
  g_signal_connect (shm, "notify::is-closed", G_CALLBACK (count_notify), &notified);
  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_no_error (error);
  g_assert_cmpint (closed, ==, 1);
  g_assert_cmpint (notified, ==, 1);
  g_assert_true (shm_shared_memory_is_closed (shm));

#define CHECK(expression)                                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_true (expression);                                                                    \
    test_assert_error (error, SHM_ERROR_CLOSED, name);                                             \
  }                                                                                                \
  G_STMT_END

  CHECK (!shm_shared_memory_map (shm, &error));
  CHECK (shm_shared_memory_get_live_bytes (shm, &error) == NULL);
  CHECK (shm_shared_memory_get_live_region (shm, 0, 1, &error) == NULL);
  CHECK (shm_shared_memory_read (shm, 0, 1, &error) == NULL);
  CHECK (!shm_shared_memory_write (shm, 0, bytes, &error));
  CHECK (shm_shared_memory_get_int8 (shm, 0, &error) == 0);
  CHECK (!shm_shared_memory_set_int8 (shm, 0, 0, &error));
  CHECK (shm_shared_memory_dup_fd (shm, &error) == -1);
  CHECK (!shm_shared_memory_watch (shm, &error));
  CHECK (!shm_shared_memory_seal (shm, SHM_SEAL_RESIZE, &error));
#undef CHECK

  g_assert_null (shm_shared_memory_get_data (shm, &size));
  g_assert_cmpuint (size, ==, 0);
  g_assert_cmpint (shm_shared_memory_get_fd (shm), ==, -1);
  g_assert_cmpuint (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);
  g_assert_cmpstr (shm_shared_memory_get_name (shm), ==, name);
  g_assert_cmpuint (shm_shared_memory_get_size (shm), ==, 10);

  g_assert_true (test_exists (name));
  g_assert_true (shm_shared_memory_unlink (shm, &error));
  g_assert_false (test_exists (name));
}

static void
test_unlink (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("unlink", 10);
  g_autoptr (ShmSharedMemory) other_block = NULL;
  const char *name = shm_shared_memory_get_name (shm);
  int unlinked = 0, notified = 0;

  g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);
  g_signal_connect (shm, "notify::is-unlinked", G_CALLBACK (count_notify), &notified);
  g_assert_true (shm_shared_memory_unlink (shm, &error));
  g_assert_cmpint (unlinked, ==, 1);
  g_assert_cmpint (notified, ==, 1);
  g_assert_true (shm_shared_memory_is_unlinked (shm));
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 1, &error));

  g_assert_false (shm_shared_memory_unlink (shm, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
  g_assert_cmpint (unlinked, ==, 1);

  /* unlink() does not remove another block that has the same name now. */
  other_block = shm_shared_memory_create (name, 20, 0, &error);
  g_assert_no_error (error);
  g_assert_false (shm_shared_memory_unlink (shm, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
  g_assert_true (test_exists (name));
  g_assert_true (shm_shared_memory_unlink (other_block, &error));
}

static void
test_unlink_already_removed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make ("gone", 10);
  int unlinked = 0;

  g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);
  g_assert_true (shm_remove_block (shm_shared_memory_get_name (shm), &error));
  g_assert_false (shm_shared_memory_is_unlinked (shm));
  g_assert_false (shm_shared_memory_unlink (shm, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, shm_shared_memory_get_name (shm));
  g_assert_cmpint (unlinked, ==, 1);
  g_assert_true (shm_shared_memory_is_unlinked (shm));
}

static void
drop_reference (GObject *object, GParamSpec *pspec, gpointer holder)
{
  g_clear_object ((ShmSharedMemory **) holder);
}

/* close() and unlink() emit two signals each. A handler of the first signal drops the last
 * reference to the object. The library still emits the second signal. */
static void
test_drop_reference_in_handler (void)
{
  ShmSharedMemory *shm = make ("drop", 1);
  int closed = 0, unlinked = 0;

  g_signal_connect (shm, "closed", G_CALLBACK (count), &closed);
  g_signal_connect (shm, "notify::is-closed", G_CALLBACK (drop_reference), &shm);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
  g_assert_true (shm_shared_memory_close (shm, NULL));
  g_assert_null (shm);
  g_assert_cmpint (closed, ==, 1);

  shm = make ("drop", 1);
  g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);
  g_signal_connect (shm, "notify::is-unlinked", G_CALLBACK (drop_reference), &shm);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
  g_assert_null (shm);
  g_assert_cmpint (unlinked, ==, 1);
}

static void
test_unlink_on_close (void)
{
  g_autofree char *name = test_name ("on-close");
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm;
  pid_t child;

  /* The finalization of an object also closes the object, and so removes the name. */
  shm = shm_shared_memory_create (name, 1, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_true (test_exists (name));
  g_object_unref (shm);
  g_assert_false (test_exists (name));

  /* A forked child does not remove the name when it closes its copy of the object. */
  shm = shm_shared_memory_create (name, 1, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  test_fork (child);
  if (child == 0)
    {
      g_assert_true (shm_shared_memory_close (shm, NULL));
      g_object_unref (shm);
      _exit (0);
    }
  test_join (child);
  g_assert_true (test_exists (name));

  /* If the name no longer exists, close() closes the object and returns an error. */
  g_assert_true (shm_remove_block (name, &error));
  g_assert_false (shm_shared_memory_close (shm, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
  g_assert_true (shm_shared_memory_is_closed (shm));
  g_object_unref (shm);

  shm = shm_shared_memory_create (name, 1, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_true (shm_shared_memory_unlink (shm, &error));
  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_no_error (error);
  g_object_unref (shm);
}

/* GObject */

static void
test_without_init (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = g_object_new (SHM_TYPE_SHARED_MEMORY, "name", "never", NULL);
  g_autoptr (ShmSharedMemory) nameless = g_object_new (SHM_TYPE_SHARED_MEMORY, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);

#define CHECK(expression)                                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_true (expression);                                                                    \
    g_assert_nonnull (strstr (error->message, "init()"));                                          \
    test_assert_error (error, SHM_ERROR_CLOSED, "never");                                          \
  }                                                                                                \
  G_STMT_END

  CHECK (!shm_shared_memory_map (shm, &error));
  CHECK (shm_shared_memory_get_live_bytes (shm, &error) == NULL);
  CHECK (shm_shared_memory_read (shm, 0, 0, &error) == NULL);
  CHECK (!shm_shared_memory_write (shm, 0, bytes, &error));
  CHECK (shm_shared_memory_get_double (shm, 0, &error) == 0);
  CHECK (!shm_shared_memory_set_double (shm, 0, 0, &error));
  CHECK (shm_shared_memory_dup_fd (shm, &error) == -1);
  CHECK (!shm_shared_memory_watch (shm, &error));
  CHECK (!shm_shared_memory_unlink (shm, &error));
  CHECK (!shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
#undef CHECK

  g_assert_true (shm_shared_memory_is_closed (shm));
  g_assert_false (shm_shared_memory_is_creator (shm));
  g_assert_null (shm_shared_memory_get_data (shm, NULL));
  g_assert_cmpint (shm_shared_memory_get_fd (shm), ==, -1);
  shm_shared_memory_unwatch (shm);
  g_assert_true (shm_shared_memory_close (shm, &error));
  g_assert_false (shm_shared_memory_unlink (nameless, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "");

  /* init() returns the same error each time. */
  g_assert_false (g_initable_init (G_INITABLE (shm), NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, "never");
  g_assert_false (g_initable_init (G_INITABLE (shm), NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, "never");
  g_assert_false (g_initable_init (G_INITABLE (nameless), NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "");
}

static gboolean
count_checks (gpointer n_checks)
{
  ++*(int *) n_checks;

  return FALSE;
}

/* An interrupted init() sets no error: a language binding raises the exception of its handler. */
static void
test_interrupt (void)
{
  g_autofree char *name = test_name ("interrupt");
  g_autoptr (ShmSharedMemory) shm = g_object_new (SHM_TYPE_SHARED_MEMORY, "name", name, "size",
                                                  (guint64) 300, "origin", SHM_ORIGIN_CREATE, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  int n_checks = 0;

  shm_private_cancellable_set_check (cancellable, count_checks, &n_checks, NULL);
  g_assert_false (g_initable_init (G_INITABLE (shm), cancellable, &error));
  g_assert_no_error (error);
  g_assert_cmpint (n_checks, >, 0);
  g_assert_false (test_exists (name));

  /* Other functions set the error. */
  g_assert_null (
      shm_shared_memory_create_full (name, 300, 0600, SHM_CREATE_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (test_exists (name));
}

static void
test_reset (void)
{
  g_autofree char *name = test_name ("reset");
  g_autoptr (ShmSharedMemory) shm = g_object_new (SHM_TYPE_SHARED_MEMORY, "name", "never", NULL);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 2; i++)
    {
      g_assert_false (g_initable_init (G_INITABLE (shm), NULL, &error));
      test_assert_error (error, SHM_ERROR_NOT_FOUND, "never");
      shm_private_block_reset (shm, "never", SHM_ORIGIN_ATTACH, 0, 0600, SHM_CREATE_NONE,
                               SHM_ATTACH_READ_ONLY);
    }

  shm_private_block_reset (shm, name, SHM_ORIGIN_CREATE, 300, 0640, SHM_CREATE_UNLINK_ON_CLOSE,
                           SHM_ATTACH_NONE);
  g_assert_true (g_initable_init (G_INITABLE (shm), NULL, &error));
  g_assert_cmpstr (shm_shared_memory_get_name (shm), ==, name);
  g_assert_cmpuint (shm_shared_memory_get_size (shm), ==, 300);
  g_assert_cmpuint (shm_shared_memory_get_mode (shm), ==, 0640);
  g_assert_true (shm_shared_memory_is_creator (shm));
  g_assert_false (shm_shared_memory_is_read_only (shm));
}

static void
test_properties (void)
{
  g_autofree char *name = test_name ("properties");
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) object = NULL;
  g_autofree char *found_name = NULL;
  gboolean is_creator, read_only, is_closed, is_unlinked;
  guint mode, create_flags, attach_flags;
  ShmOrigin origin;
  guint64 size;
  int fd, source_fd;

  object = g_initable_new (SHM_TYPE_SHARED_MEMORY, NULL, &error, "name", name, "size",
                           (guint64) 300, "mode", 0640, "origin", SHM_ORIGIN_OPEN_OR_CREATE,
                           "create-flags", SHM_CREATE_SPARSE, NULL);
  g_assert_no_error (error);
  g_assert_true (g_initable_init (G_INITABLE (object), NULL, &error));

  g_object_get (object, "name", &found_name, "size", &size, "mode", &mode, "origin", &origin,
                "create-flags", &create_flags, "attach-flags", &attach_flags, "source-fd",
                &source_fd, "fd", &fd, "is-creator", &is_creator, "read-only", &read_only,
                "is-closed", &is_closed, "is-unlinked", &is_unlinked, NULL);
  g_assert_cmpstr (found_name, ==, name);
  g_assert_cmpuint (size, ==, 300);
  g_assert_cmpuint (mode, ==, 0640);
  g_assert_cmpint (origin, ==, SHM_ORIGIN_OPEN_OR_CREATE);
  g_assert_true (is_creator);
  g_assert_cmpint (source_fd, ==, -1);
  g_assert_cmpuint (create_flags, ==, SHM_CREATE_SPARSE);
  g_assert_cmpuint (attach_flags, ==, SHM_ATTACH_NONE);
  g_assert_cmpint (fd, ==, shm_shared_memory_get_fd (SHM_SHARED_MEMORY (object)));
  g_assert_false (read_only);
  g_assert_false (is_closed);
  g_assert_false (is_unlinked);
  g_assert_true (shm_shared_memory_unlink (SHM_SHARED_MEMORY (object), &error));
  g_clear_object (&object);

  /* A size without an origin does not create a block. */
  object = g_initable_new (SHM_TYPE_SHARED_MEMORY, NULL, &error, "name", name, "size", (guint64) 7,
                           NULL);
  g_assert_null (object);
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
}

static void
test_descriptor_properties (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_anonymous (10, 0, &error);
  const int sent_fd = shm_shared_memory_dup_fd (shm, &error);
  g_autoptr (GObject) object = NULL;
  int fd, source_fd, notified = 0;

  object = g_initable_new (SHM_TYPE_SHARED_MEMORY, NULL, &error, "origin", SHM_ORIGIN_ATTACH_FD,
                           "source-fd", sent_fd, NULL);
  g_assert_no_error (error);

  /* The property "source-fd" is the descriptor that the caller has set. The property "fd" is
   * another descriptor, which the object owns. */
  g_object_get (object, "source-fd", &source_fd, "fd", &fd, NULL);
  g_assert_cmpint (source_fd, ==, sent_fd);
  g_assert_cmpint (fd, !=, sent_fd);
  g_assert_cmpint (fd, ==, shm_shared_memory_get_fd (SHM_SHARED_MEMORY (object)));
  g_assert_cmpint (shm_shared_memory_get_origin (SHM_SHARED_MEMORY (object)), ==,
                   SHM_ORIGIN_ATTACH_FD);
  g_assert_false (shm_shared_memory_is_creator (SHM_SHARED_MEMORY (object)));
  close (sent_fd);

  g_signal_connect (object, "notify::fd", G_CALLBACK (count_notify), &notified);
  g_assert_true (shm_shared_memory_close (SHM_SHARED_MEMORY (object), &error));
  g_assert_cmpint (notified, ==, 1);
  g_object_get (object, "source-fd", &source_fd, "fd", &fd, NULL);
  g_assert_cmpint (source_fd, ==, sent_fd);
  g_assert_cmpint (fd, ==, -1);
}

/* A subclass */
typedef struct
{
  ShmSharedMemory parent_instance;
} TestDerived;

typedef struct
{
  ShmSharedMemoryClass parent_class;
} TestDerivedClass;

GType test_derived_get_type (void);
G_DEFINE_TYPE (TestDerived, test_derived, SHM_TYPE_SHARED_MEMORY)

static void
test_derived_class_init (TestDerivedClass *klass)
{
}

static void
test_derived_init (TestDerived *self)
{
}

static void
test_subclass (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) object = g_initable_new (test_derived_get_type (), NULL, &error, "origin",
                                               SHM_ORIGIN_CREATE, "size", (guint64) 5, NULL);

  g_assert_no_error (error);
  g_assert_true (shm_shared_memory_set_uint8 (SHM_SHARED_MEMORY (object), 4, 1, &error));
  g_assert_true (shm_shared_memory_unlink (SHM_SHARED_MEMORY (object), &error));
}

/* Asynchronous functions */

typedef struct
{
  ShmSharedMemory *shm;
  GBytes *bytes;
  gboolean is_written;
  GError *error;
  gboolean done;
} Outcome;

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->shm = shm_shared_memory_create_finish (result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_created_anonymous (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->shm = shm_shared_memory_create_anonymous_finish (result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->shm = shm_shared_memory_attach_finish (result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_opened_or_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->shm = shm_shared_memory_open_or_create_finish (result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->bytes
      = shm_shared_memory_read_finish (SHM_SHARED_MEMORY (source), result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->is_written
      = shm_shared_memory_write_finish (SHM_SHARED_MEMORY (source), result, &outcome->error);
  outcome->done = TRUE;
}

/* Runs @context until the asynchronous call has called its callback. Checks that the callback was
 * not called before the asynchronous function returned. Returns the block, or NULL. */
static ShmSharedMemory *
wait_for_outcome (GMainContext *context, Outcome *outcome)
{
  g_assert_false (outcome->done);
  test_iterate_until (context, outcome->done);
  g_assert_true ((outcome->shm != NULL || outcome->bytes != NULL || outcome->is_written)
                 == (outcome->error == NULL));
  outcome->done = FALSE;

  return g_steal_pointer (&outcome->shm);
}

static void
assert_cancelled (GMainContext *context, Outcome *outcome)
{
  g_assert_null (wait_for_outcome (context, outcome));
  g_assert_error (outcome->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&outcome->error);
}

static void
check_async_creation (GMainContext *context)
{
  g_autofree char *name = test_name ("async");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (ShmSharedMemory) first = NULL;
  Outcome outcome = { NULL };

  shm_shared_memory_create_async (name, 1 << 20, 0640, 0, NULL, on_created, &outcome);
  first = wait_for_outcome (context, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpstr (shm_shared_memory_get_name (first), ==, name);
  g_assert_cmpuint (shm_shared_memory_get_mode (first), ==, 0640);
  g_assert_true (shm_shared_memory_is_creator (first));

  shm_shared_memory_create_async (name, 1, 0600, 0, NULL, on_created, &outcome);
  g_assert_null (wait_for_outcome (context, &outcome));
  test_assert_error (outcome.error, SHM_ERROR_EXISTS, name);
  g_assert_true (shm_shared_memory_unlink (first, NULL));

  shm_shared_memory_create_async (name, 1, 0600, 0x40, NULL, on_created, &outcome);
  g_assert_null (wait_for_outcome (context, &outcome));
  test_assert_error (outcome.error, SHM_ERROR_NOT_SUPPORTED, "0x40");

  g_cancellable_cancel (cancelled);
  shm_shared_memory_create_async (name, 1, 0600, 0, cancelled, on_created, &outcome);
  assert_cancelled (context, &outcome);
  g_assert_false (test_exists (name));
}

static void
check_async_anonymous (GMainContext *context)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (ShmSharedMemory) shm = NULL;
  Outcome outcome = { NULL };

  shm_shared_memory_create_anonymous_async (1 << 20, 0, NULL, on_created_anonymous, &outcome);
  shm = wait_for_outcome (context, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_null (shm_shared_memory_get_name (shm));
  g_assert_cmpuint (shm_shared_memory_get_size (shm), ==, 1 << 20);

  shm_shared_memory_create_anonymous_async (0, 0, NULL, on_created_anonymous, &outcome);
  g_assert_null (wait_for_outcome (context, &outcome));
  test_assert_error (outcome.error, SHM_ERROR_INVALID_SIZE, "");

  g_cancellable_cancel (cancelled);
  shm_shared_memory_create_anonymous_async (1, 0, cancelled, on_created_anonymous, &outcome);
  assert_cancelled (context, &outcome);
}

static void
check_async_attaching (GMainContext *context)
{
  g_autofree char *name = test_name ("async-attach");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (ShmSharedMemory) shm = NULL, reader = NULL;
  Outcome outcome = { NULL };
  int empty_fd;

  shm_shared_memory_attach_async (name, 0, NULL, on_attached, &outcome);
  g_assert_null (wait_for_outcome (context, &outcome));
  test_assert_error (outcome.error, SHM_ERROR_NOT_FOUND, name);

  /* No process sets the size of this block, so attaching to it waits. */
  empty_fd = test_make_file (name, 0);
  shm_shared_memory_attach_async (name, 0, NULL, on_attached, &outcome);
  g_assert_null (wait_for_outcome (context, &outcome));
  test_assert_error (outcome.error, SHM_ERROR_INVALID_SIZE, name);
  g_assert_true (shm_remove_block (name, NULL));
  close (empty_fd);

  shm_shared_memory_open_or_create_async (name, 100, 0640, 0, NULL, on_opened_or_created, &outcome);
  shm = wait_for_outcome (context, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (shm_shared_memory_is_creator (shm));
  g_assert_cmpuint (shm_shared_memory_get_mode (shm), ==, 0640);

  shm_shared_memory_open_or_create_async (name, 101, 0640, 0, NULL, on_opened_or_created, &outcome);
  g_assert_null (wait_for_outcome (context, &outcome));
  test_assert_error (outcome.error, SHM_ERROR_INVALID_SIZE, name);

  shm_shared_memory_attach_async (name, SHM_ATTACH_READ_ONLY, NULL, on_attached, &outcome);
  reader = wait_for_outcome (context, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (shm_shared_memory_get_size (reader), ==, 100);
  g_assert_true (shm_shared_memory_is_read_only (reader));

  g_cancellable_cancel (cancelled);
  shm_shared_memory_attach_async (name, 0, cancelled, on_attached, &outcome);
  assert_cancelled (context, &outcome);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
  shm_shared_memory_open_or_create_async (name, 1, 0600, 0, cancelled, on_opened_or_created,
                                          &outcome);
  assert_cancelled (context, &outcome);
  g_assert_false (test_exists (name));
}

static void
check_async_copies (GMainContext *context)
{
  const gsize size = 10 * 1024 * 1024 + 1; /* so large that the library copies several pieces */
  g_autoptr (ShmSharedMemory) shm = make ("async-copies", size);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *pattern = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL, copy = NULL;
  const char *name = shm_shared_memory_get_name (shm);
  Outcome outcome = { NULL };

  for (gsize i = 0; i < size; i++)
    pattern[i] = i % 251;
  bytes = g_bytes_new_static (pattern, size);

  shm_shared_memory_write_async (shm, 0, bytes, cancellable, on_written, &outcome);
  wait_for_outcome (context, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.is_written);
  outcome.is_written = FALSE;

  shm_shared_memory_read_async (shm, 0, size, cancellable, on_read, &outcome);
  wait_for_outcome (context, &outcome);
  g_assert_no_error (outcome.error);
  copy = g_steal_pointer (&outcome.bytes);
  g_assert_true (g_bytes_equal (copy, bytes));

  shm_shared_memory_write_async (shm, 1, bytes, NULL, on_written, &outcome);
  wait_for_outcome (context, &outcome);
  test_assert_error (outcome.error, SHM_ERROR_OUT_OF_RANGE, name);
  shm_shared_memory_read_async (shm, 1, size, NULL, on_read, &outcome);
  wait_for_outcome (context, &outcome);
  test_assert_error (outcome.error, SHM_ERROR_OUT_OF_RANGE, name);

  g_cancellable_cancel (cancellable);
  shm_shared_memory_write_async (shm, 0, bytes, cancellable, on_written, &outcome);
  assert_cancelled (context, &outcome);
  shm_shared_memory_read_async (shm, 0, size, cancellable, on_read, &outcome);
  assert_cancelled (context, &outcome);

  g_assert_true (shm_shared_memory_unlink (shm, NULL));
  g_assert_true (shm_shared_memory_close (shm, NULL));
  shm_shared_memory_read_async (shm, 0, 1, NULL, on_read, &outcome);
  wait_for_outcome (context, &outcome);
  test_assert_error (outcome.error, SHM_ERROR_CLOSED, name);
}

/* If an operation is cancelled after it has created the block, the operation still succeeds. */
static void
check_late_cancellation (void)
{
  g_autofree char *name = test_name ("late");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ShmSharedMemory) shm = NULL;
  Outcome outcome = { NULL };

  shm_shared_memory_create_async (name, 1, 0600, 0, cancellable, on_created, &outcome);
  while (!test_exists (name))
    g_thread_yield ();
  g_cancellable_cancel (cancellable);
  shm = wait_for_outcome (NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

G_GNUC_UNUSED static void
test_async (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  check_async_creation (NULL);
  check_async_anonymous (NULL);
  check_async_attaching (NULL);
  check_async_copies (NULL);
  check_late_cancellation ();

  g_main_context_push_thread_default (context);
  check_async_creation (context);
  check_async_copies (context);
  g_main_context_pop_thread_default (context);
}

/* A finish function logs a critical warning if it gets the result of another asynchronous
 * function. */
G_GNUC_UNUSED static void
test_async_mismatch (void)
{
  g_autoptr (ShmSharedMemory) shm G_GNUC_UNUSED = NULL;
  Outcome outcome = { NULL };

  if (g_test_subprocess ())
    {
      shm_shared_memory_create_anonymous_async (1, 0, NULL, on_created, &outcome);
      test_iterate_until (NULL, outcome.done);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*g_async_result_is_tagged*");
}

/* Fork */

G_GNUC_UNUSED static void
test_fork_and_use (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) mapped = make ("fork", 100);
  g_autoptr (ShmSharedMemory) unmapped = make ("fork", 100);
  const char *name = shm_shared_memory_get_name (mapped);
  pid_t child;

  g_assert_true (shm_shared_memory_map (mapped, &error));
  check_async_creation (NULL); /* starts another thread in this process */

  test_fork (child);
  if (child == 0)
    {
      ShmSharedMemory *again = attach (name, 0);

      g_assert_true (shm_shared_memory_set_int32 (mapped, 0, 1, NULL));
      g_assert_true (shm_shared_memory_set_int32 (unmapped, 0, 2, NULL));
      g_assert_true (shm_shared_memory_set_int32 (again, 4, 3, NULL));
      g_object_unref (again);
      check_async_creation (NULL);
      g_assert_true (shm_shared_memory_close (mapped, NULL));
      g_assert_true (shm_shared_memory_close (unmapped, NULL));
      _exit (0);
    }
  test_join (child);

  g_assert_cmpint (shm_shared_memory_get_int32 (mapped, 0, &error), ==, 1);
  g_assert_cmpint (shm_shared_memory_get_int32 (mapped, 4, &error), ==, 3);
  g_assert_cmpint (shm_shared_memory_get_int32 (unmapped, 0, &error), ==, 2);
  g_assert_true (shm_shared_memory_unlink (mapped, NULL));
  g_assert_true (shm_shared_memory_unlink (unmapped, NULL));
}

static void
fork_when_created (GObject *source, GAsyncResult *result, gpointer done)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_finish (result, NULL);
  pid_t child;

  test_fork (child);
  if (child == 0)
    {
      ShmSharedMemory *other = make (NULL, 1);

      g_assert_true (shm_shared_memory_unlink (other, NULL));
      g_object_unref (other); /* uses locks of GObject */
      g_assert_true (shm_shared_memory_unlink (shm, NULL));
      _exit (0);
    }
  test_join (child);
  *(gboolean *) done = TRUE;
}

/* The library joins the thread of an operation before it calls the callback. So when the callback
 * calls fork(), this thread holds no lock of GLib, and the child can use GLib. The test cannot look
 * for the thread in the list of threads, because the system can list a thread for a moment after
 * the join. */
G_GNUC_UNUSED static void
test_fork_in_callback (void)
{
  for (int i = 0; i < 100; i++)
    {
      gboolean done = FALSE;

      shm_shared_memory_create_async (NULL, 1, 0600, SHM_CREATE_UNLINK_ON_CLOSE, NULL,
                                      fork_when_created, &done);
      test_iterate_until (NULL, done);
    }
}

/* Versions */

static void
test_version (void)
{
  g_assert_true (SHM_CHECK_VERSION (1, 0, 0));
  g_assert_true (SHM_CHECK_VERSION (SHM_MAJOR_VERSION, SHM_MINOR_VERSION, SHM_MICRO_VERSION));
  g_assert_false (SHM_CHECK_VERSION (SHM_MAJOR_VERSION, SHM_MINOR_VERSION, SHM_MICRO_VERSION + 1));
  g_assert_false (SHM_CHECK_VERSION (SHM_MAJOR_VERSION + 1, 0, 0));
}

static void
test_run_time_version (void)
{
  g_assert_cmpuint (shm_get_major_version (), ==, SHM_MAJOR_VERSION);
  g_assert_cmpuint (shm_get_minor_version (), ==, SHM_MINOR_VERSION);
  g_assert_cmpuint (shm_get_micro_version (), ==, SHM_MICRO_VERSION);

  g_assert_null (shm_check_version (SHM_MAJOR_VERSION, SHM_MINOR_VERSION, SHM_MICRO_VERSION));
  g_assert_null (shm_check_version (SHM_MAJOR_VERSION, 0, 0));
  g_assert_nonnull (
      strstr (shm_check_version (SHM_MAJOR_VERSION, SHM_MINOR_VERSION, SHM_MICRO_VERSION + 1),
              "too old"));
  g_assert_nonnull (
      strstr (shm_check_version (SHM_MAJOR_VERSION, SHM_MINOR_VERSION + 1, 0), "too old"));
  g_assert_nonnull (strstr (shm_check_version (SHM_MAJOR_VERSION + 1, 0, 0), "too old"));
  g_assert_nonnull (strstr (shm_check_version (SHM_MAJOR_VERSION - 1, 99, 0), "too new"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shared-memory/create", test_create);
  g_test_add_func ("/shared-memory/generated-name", test_generated_name);
  g_test_add_func ("/shared-memory/bad-arguments", test_bad_arguments);
  g_test_add_func ("/shared-memory/undefined-flags", test_undefined_flags);
  g_test_add_func ("/shared-memory/open-or-create", test_open_or_create);
  g_test_add_func ("/shared-memory/open-or-create/unlink-on-close",
                   test_open_or_create_unlinks_on_close);
  g_test_add_func ("/shared-memory/empty", test_empty);
  g_test_add_func ("/shared-memory/not-a-block", test_not_a_block);
  g_test_add_func ("/shared-memory/anonymous", test_anonymous);
  g_test_add_func ("/shared-memory/seals", test_seals);
  g_test_add_func ("/shared-memory/seals/later", test_sealed_later);
  g_test_add_func ("/shared-memory/append-mode", test_append_mode);
  g_test_add_func ("/shared-memory/attach-fd-errors", test_attach_fd_errors);
  g_test_add_func ("/shared-memory/copies", test_copies);
  g_test_add_func ("/shared-memory/live-views", test_live_views);
  g_test_add_func ("/shared-memory/read-only", test_read_only);
  g_test_add_func ("/shared-memory/numbers", test_numbers);
  g_test_add_func ("/shared-memory/rounded", test_rounded);
  g_test_add_func ("/shared-memory/nan", test_nan);
  g_test_add_func ("/shared-memory/truncated", test_truncated);
  g_test_add_func ("/shared-memory/close", test_close);
  g_test_add_func ("/shared-memory/unlink", test_unlink);
  g_test_add_func ("/shared-memory/unlink/already-removed", test_unlink_already_removed);
  g_test_add_func ("/shared-memory/unlink/on-close", test_unlink_on_close);
  g_test_add_func ("/shared-memory/drop-reference-in-handler", test_drop_reference_in_handler);
  g_test_add_func ("/shared-memory/without-init", test_without_init);
  g_test_add_func ("/shared-memory/interrupt", test_interrupt);
  g_test_add_func ("/shared-memory/reset", test_reset);
  g_test_add_func ("/shared-memory/properties", test_properties);
  g_test_add_func ("/shared-memory/properties/descriptors", test_descriptor_properties);
  g_test_add_func ("/shared-memory/subclass", test_subclass);
#ifndef __SANITIZE_THREAD__ /* ThreadSanitizer does not know the locks of GLib */
  g_test_add_func ("/shared-memory/async", test_async);
  g_test_add_func ("/shared-memory/async/mismatch", test_async_mismatch);
  g_test_add_func ("/shared-memory/fork", test_fork_and_use);
  g_test_add_func ("/shared-memory/fork/in-callback", test_fork_in_callback);
#endif
  g_test_add_func ("/shared-memory/version", test_version);
  g_test_add_func ("/shared-memory/version/run-time", test_run_time_version);

  return g_test_run ();
}
