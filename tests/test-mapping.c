/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "core/shm-mapping.h"
#include "core/shm-system-memory.h"

#include "shm-test.h"

#include <errno.h>
#include <sys/mman.h>

#define SIZE 10000

static int
create_file (void)
{
  const int fd = memfd_create ("shmobj-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, SIZE), ==, 0);

  return fd;
}

static gboolean
is_mapped (gconstpointer address)
{
  unsigned char resident;
  gconstpointer page = (gconstpointer) ((gsize) address & ~(gsize) (getpagesize () - 1));

  return mincore ((void *) page, 1, &resident) == 0;
}

static void
test_references (void)
{
  const int fd = create_file ();
  ShmMapping *mapping;
  GBytes *all, *part, *nothing;
  ShmFault fault;
  guint8 *data;
  gsize size;

  mapping = shm_mapping_new (fd, SIZE, TRUE, &fault);
  g_assert_nonnull (mapping);
  close (fd);
  data = shm_mapping_get_data (mapping);
  data[9999] = 7;
  g_assert_true (shm_mapping_is_unshared (mapping));

  all = shm_mapping_get_bytes (mapping, 0, SIZE);
  part = shm_mapping_get_bytes (mapping, 9990, 10);
  nothing = shm_mapping_get_bytes (mapping, SIZE, 0);
  g_assert_false (shm_mapping_is_unshared (mapping));
  shm_mapping_unref (mapping);

  g_assert_true (g_bytes_get_data (all, &size) == data);
  g_assert_cmpuint (size, ==, SIZE);
  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (part, NULL))[9], ==, 7);

  g_bytes_unref (all);
  g_bytes_unref (nothing);
  g_assert_true (is_mapped (data));
  data[9999] = 8;
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (part, NULL))[9], ==, 8);
  g_bytes_unref (part);
  g_assert_false (is_mapped (data));
}

static void
test_read_only (void)
{
  const int fd = create_file ();
  ShmMapping *mapping;
  ShmFault fault;

  if (g_test_subprocess ())
    {
      mapping = shm_mapping_new (fd, SIZE, FALSE, &fault);
      *(volatile guint8 *) shm_mapping_get_data (mapping) = 1;
      return;
    }

  close (fd);
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed (); /* SIGSEGV: the pages are read-only */
}

static void
test_sealed (void)
{
  const int fd = create_file ();
  g_autoptr (ShmMapping) mapping = NULL;
  ShmFault fault;

  g_assert_cmpint (pwrite (fd, "sealed", 6, 0), ==, 6);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), ==, 0);

  g_assert_null (shm_mapping_new (fd, SIZE, TRUE, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_MAP);
  g_assert_cmpint (fault.errnum, ==, EPERM);

  mapping = shm_mapping_new (fd, SIZE, FALSE, &fault);
  g_assert_nonnull (mapping);
  g_assert_cmpmem (shm_mapping_get_data (mapping), 6, "sealed", 6);
  close (fd);
}

/* A mapping that only reads does not prevent the seal. It shows all changes, also those in pages
 * that did not exist when they were first read. */
static void
test_beside_reader (void)
{
  const int fd = create_file ();
  g_autoptr (ShmMapping) mapping = NULL;
  ShmFault fault;
  const guint8 *data;

  mapping = shm_mapping_new (fd, SIZE, FALSE, &fault);
  data = shm_mapping_get_data (mapping);
  g_assert_cmpuint (data[0], ==, 0);
  g_assert_cmpint (pwrite (fd, "\7", 1, 0), ==, 1);
  g_assert_cmpuint (data[0], ==, 7);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), ==, 0);
  close (fd);
}

static void
test_freeze (void)
{
  const int fd = create_file ();
  g_autoptr (ShmMapping) mapping = NULL;
  ShmFault fault;
  guint8 *data;

  mapping = shm_mapping_new (fd, SIZE, TRUE, &fault);
  data = shm_mapping_get_data (mapping);
  data[0] = 1;
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), ==, -1);
  g_assert_cmpint (errno, ==, EBUSY);

  g_assert_true (shm_mapping_freeze (mapping, fd, &fault));
  g_assert_true (shm_mapping_thaw (mapping, fd, &fault));
  data[1] = 2;

  g_assert_true (shm_mapping_freeze (mapping, fd, &fault));
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), ==, 0);
  g_assert_true (shm_mapping_get_data (mapping) == data);
  g_assert_cmpuint (data[0], ==, 1);
  g_assert_cmpuint (data[1], ==, 2);

  /* A failure does not damage the mapping. */
  g_assert_false (shm_mapping_thaw (mapping, fd, &fault));
  g_assert_cmpint (fault.errnum, ==, EPERM);
  g_assert_cmpuint (data[1], ==, 2);
  close (fd);
}

static void
test_populate (void)
{
  const gsize pages = 64, page = getpagesize ();
  const int fd = create_file ();
  g_autoptr (ShmMapping) mapping = NULL;
  g_autofree char *smaps = NULL;
  ShmFault fault;
  const char *entry;

  if (test_skip_if_emulated ("the sizes in /proc/self/smaps"))
    {
      close (fd);
      return;
    }

  g_assert_cmpint (ftruncate (fd, pages * page), ==, 0);
  mapping = shm_mapping_new (fd, pages * page, TRUE, &fault);
  g_assert_nonnull (mapping);
  g_assert_true (
      shm_system_populate (shm_mapping_get_data (mapping), pages * page, fd, NULL, NULL, &fault));

  /* mincore() would report the pages in the page cache. smaps reports the pages of this mapping. */
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &smaps, NULL, NULL));
  entry = strstr (smaps, "/memfd:shmobj-test");
  g_assert_nonnull (entry);
  entry = strstr (entry, "\nRss:");
  g_assert_nonnull (entry);
  g_assert_cmpuint (g_ascii_strtoull (entry + 5, NULL, 10) * 1024, ==, pages * page);
  close (fd);
}

static void
test_failure (void)
{
  ShmFault fault;

  g_assert_null (shm_mapping_new (-1, SIZE, FALSE, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_MAP);
  g_assert_cmpint (fault.errnum, ==, EBADF);
}

static void
test_too_large (void)
{
  int fd;
  ShmFault fault;

#if GLIB_SIZEOF_SIZE_T == 8
  /* QEMU for s390x fills all memory of the machine with tables for the pages. */
  if (test_skip_if_emulated ("a mapping of more than the address space"))
    return;
#endif

  fd = create_file ();
  g_assert_null (shm_mapping_new (fd, G_GUINT64_CONSTANT (1) << 62, FALSE, &fault));
#if GLIB_SIZEOF_SIZE_T == 8
  g_assert_true (fault.errnum == ENOMEM || fault.errnum == EINVAL); /* EINVAL under Valgrind */
#else
  g_assert_cmpint (fault.errnum, ==, EOVERFLOW);
#endif
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mapping/references", test_references);
  g_test_add_func ("/mapping/read-only", test_read_only);
  g_test_add_func ("/mapping/sealed", test_sealed);
  g_test_add_func ("/mapping/beside-reader", test_beside_reader);
  g_test_add_func ("/mapping/freeze", test_freeze);
  g_test_add_func ("/mapping/populate", test_populate);
  g_test_add_func ("/mapping/failure", test_failure);
  g_test_add_func ("/mapping/too-large", test_too_large);

  return g_test_run ();
}
