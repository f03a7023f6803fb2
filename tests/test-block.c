/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "core/shm-block.h"

#include "core/shm-list-steps.h"
#include "manager/shm-manager-steps.h"
#include "program/shm-program-steps.h"
#include "registry/shm-registry-steps.h"
#include "shm-test.h"

#include <errno.h>
#include <sys/resource.h>

#define SIZE 5000

static void
create_anonymous (ShmBlock *block)
{
  const ShmBlockPlan plan = { .size = SIZE, .mode = 0600 };
  ShmFault fault;

  shm_block_init (block);
  g_assert_true (shm_block_create_anonymous (block, &plan, &fault));
}

static void
test_enter_and_close (void)
{
  const guint descriptors = test_count_descriptors ();
  ShmFault fault;
  ShmBlock block;

  shm_block_init (&block);
  g_assert_null (shm_block_enter (&block));
  g_assert_false (shm_block_is_open (&block));
  g_assert_false (shm_block_close (&block));

  create_anonymous (&block);
  g_assert_nonnull (shm_block_enter (&block));
  g_assert_nonnull (shm_block_enter (&block));
  g_assert_nonnull (shm_block_map (&block, &fault));
  g_assert_cmpuint (test_count_mappings (), ==, 1);

  g_assert_true (shm_block_close (&block));
  g_assert_false (shm_block_close (&block));
  g_assert_null (shm_block_enter (&block));

  /* The operations that have entered the block can continue. */
  g_assert_true (shm_block_write (&block, 0, "still", 5, &fault));
  shm_block_leave (&block);
  g_assert_true (shm_block_write (&block, 0, "there", 5, &fault));
  g_assert_cmpuint (test_count_mappings (), ==, 1);

  /* The end of the last operation releases everything. */
  shm_block_leave (&block);
  g_assert_cmpuint (test_count_mappings (), ==, 0);
  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
  shm_block_clear (&block);
}

static void
test_contains (void)
{
  ShmBlock block = { .size = SIZE };

  g_assert_true (shm_block_contains (&block, 0, SIZE));
  g_assert_true (shm_block_contains (&block, SIZE, 0));
  g_assert_true (shm_block_contains (&block, SIZE - 1, 1));
  g_assert_false (shm_block_contains (&block, SIZE, 1));
  g_assert_false (shm_block_contains (&block, SIZE + 1, 0));
  g_assert_false (shm_block_contains (&block, 1, SIZE));
  g_assert_false (shm_block_contains (&block, 1, G_MAXUINT64));
  g_assert_false (shm_block_contains (&block, G_MAXUINT64, 1));
  g_assert_false (shm_block_contains (&block, G_MAXUINT64, G_MAXUINT64));
}

static void
test_truncated (void)
{
  char copy[10];
  ShmFault fault;
  ShmBlock block;

  create_anonymous (&block);
  g_assert_nonnull (shm_block_enter (&block));
  g_assert_cmpint (ftruncate (block.fd, 100), ==, 0);

  g_assert_true (shm_block_read (&block, 90, copy, 10, &fault));
  g_assert_false (shm_block_read (&block, 91, copy, 10, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_READ);
  g_assert_cmpint (fault.errnum, ==, ENODATA);
  g_assert_cmpuint (fault.detail, ==, 100);

  g_assert_true (shm_block_write (&block, 90, copy, 10, &fault));
  g_assert_false (shm_block_write (&block, 91, copy, 10, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_WRITE);
  g_assert_cmpint (fault.errnum, ==, ENODATA);
  g_assert_cmpuint (fault.detail, ==, 100);

  /* The fast check of the size depends on the position of the descriptor, which other code can
   * change. */
  for (int position = 0; position <= 101; position++)
    {
      g_assert_cmpint (lseek (block.fd, position, SEEK_SET), ==, position);
      g_assert_true (shm_block_write (&block, 90, copy, 10, &fault));
      g_assert_false (shm_block_write (&block, 91, copy, 10, &fault));
    }

  shm_block_leave (&block);
  shm_block_close (&block);
}

/* For a write beyond RLIMIT_FSIZE, the kernel raises SIGXFSZ, which kills a process by default. */
static void
test_file_size_limit (void)
{
  struct rlimit old, limit;
  const ShmBlockPlan plan = { .size = SIZE, .mode = 0600 };
  const ShmBlockPlan small_plan = { .size = 1000, .mode = 0600 };
  char generated[16];
  ShmBlock block, other;
  ShmFault fault;

  create_anonymous (&block);
  g_assert_nonnull (shm_block_enter (&block));

  getrlimit (RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = 1000;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);

  shm_block_init (&other);
  g_assert_false (shm_block_create_anonymous (&other, &plan, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_CHECK_LIMIT);
  g_assert_cmpint (fault.errnum, ==, EFBIG);
  g_assert_cmpuint (fault.detail, ==, 1000);
  g_assert_false (shm_block_create (&other, &plan, generated, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_CHECK_LIMIT);

  g_assert_true (shm_block_write (&block, 998, "ab", 2, &fault));
  g_assert_false (shm_block_write (&block, 999, "ab", 2, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_CHECK_LIMIT);

  g_assert_true (shm_block_create_anonymous (&other, &small_plan, &fault));
  shm_block_close (&other);

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  shm_block_leave (&block);
  shm_block_close (&block);
}

static void
test_sizes (void)
{
  ShmBlockPlan plan = { .mode = 0600 };
  ShmBlock block;
  ShmFault fault;

  shm_block_init (&block);
  g_assert_false (shm_block_create_anonymous (&block, &plan, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_CHECK_SIZE);
  g_assert_cmpint (fault.errnum, ==, EINVAL);

  plan.size = G_GUINT64_CONSTANT (1) << 63;
  g_assert_false (shm_block_create_anonymous (&block, &plan, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_CHECK_SIZE);
  g_assert_cmpint (fault.errnum, ==, EOVERFLOW);
}

static void
test_seal (void)
{
  ShmBlock block;
  ShmFault fault;
  ShmMapping *mapping;
  g_autoptr (GBytes) view = NULL;

  create_anonymous (&block);
  g_assert_nonnull (shm_block_enter (&block));
  mapping = shm_block_map (&block, &fault);
  view = shm_mapping_get_bytes (mapping, 0, 1);

  g_assert_true (shm_block_seal (&block, SHM_SEAL_RESIZE, &fault));
  g_assert_cmpint (ftruncate (block.fd, 1), ==, -1);
  g_assert_cmpint (ftruncate (block.fd, SIZE + 1), ==, -1);
  g_assert_true (shm_block_write (&block, 0, "x", 1, &fault));

  /* Sealing fails while the program holds live bytes, because it could write through them. */
  g_assert_false (shm_block_seal (&block, SHM_SEAL_WRITE, &fault));
  g_assert_cmpint (fault.errnum, ==, EBUSY);
  g_clear_pointer (&view, g_bytes_unref);

  /* Another operation could be a write. */
  g_assert_nonnull (shm_block_enter (&block));
  g_assert_false (shm_block_seal (&block, SHM_SEAL_WRITE, &fault));
  g_assert_cmpint (fault.errnum, ==, EAGAIN);
  g_assert_cmpint (block.read_only, ==, FALSE);
  shm_block_leave (&block);

  g_assert_true (shm_block_seal (&block, SHM_SEAL_WRITE, &fault));
  g_assert_cmpint (block.read_only, ==, TRUE);
  g_assert_false (shm_block_write (&block, 0, "y", 1, &fault));
  g_assert_cmpint (fault.errnum, ==, EPERM);
  g_assert_cmpint (*(char *) shm_mapping_get_data (mapping), ==, 'x');

  shm_block_leave (&block);
  shm_block_close (&block);
}

static int leased_fd; /* with a write lease, or -1 */
static int n_opens;   /* how often the library has tried to open the block */

/* Creates a block on which this process has a lease. Returns FALSE if the system has no leases. */
static gboolean
make_leased_block (const char *name)
{
  g_autofree char *path = test_path (name);

  close (test_make_file (name, 77));
  signal (SIGIO, SIG_IGN);
  leased_fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (leased_fd, >=, 0);
  n_opens = 0;
  if (fcntl (leased_fd, F_SETLEASE, F_WRLCK) == 0)
    return TRUE;

  g_test_skip ("The system has no leases");
  close (leased_fd);
  unlink (path);

  return FALSE;
}

static void
end_lease_at_third_open (ShmStep step)
{
  if (step == SHM_STEP_OPEN && ++n_opens == 3)
    close (leased_fd);
}

/* Another process finds out with a lease whether a process uses the block. Attaching waits. */
static void
test_lease (void)
{
  g_autofree char *name = test_name ("leased");
  ShmBlock block;
  ShmFault fault;

  if (!make_leased_block (name))
    return;
  shm_block_init (&block);
  shm_test_hook = end_lease_at_third_open;
  g_assert_true (shm_block_attach (&block, name, 0, NULL, NULL, &fault));
  shm_test_hook = NULL;

  g_assert_cmpuint (block.size, ==, 77);
  g_assert_cmpint (n_opens, ==, 3);
  g_assert_true (shm_system_remove (name, &block.identity, &fault));
  shm_block_close (&block);
}

static gboolean
proceed_twice (gpointer n_calls)
{
  return ++*(int *) n_calls <= 2;
}

/* The other process keeps the lease. */
static void
test_long_lease (void)
{
  g_autofree char *name = test_name ("leased");
  g_autoptr (ShmSharedMemory) attached = NULL;
  g_autoptr (GError) error = NULL;
  ShmBlock block;
  ShmFault fault;
  int n_calls = 0;

  if (!make_leased_block (name))
    return;
  shm_block_init (&block);
  g_assert_false (shm_block_attach (&block, name, 0, proceed_twice, &n_calls, &fault));
  g_assert_cmpint (fault.errnum, ==, ECANCELED);
  g_assert_cmpint (n_calls, ==, 3);

  attached = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, &error);
  g_assert_null (attached);
  test_assert_error (error, SHM_ERROR_TIMED_OUT, name);

  close (leased_fd);
  attached = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shared_memory_unlink (attached, NULL));
}

static int late_fd;
static int n_checks; /* how often the library has checked the size */

static void
set_size_at_third_check (ShmStep step)
{
  if (step == SHM_STEP_AWAIT_SIZE && ++n_checks == 3)
    g_assert_cmpint (ftruncate (late_fd, 77), ==, 0);
}

/* CPython creates the name of a block first and sets the size later. Attaching waits until the size
 * is set. */
static void
test_late_size (void)
{
  g_autofree char *name = test_name ("late");
  ShmBlock block;
  ShmFault fault;

  late_fd = test_make_file (name, 0);
  n_checks = 0;
  shm_block_init (&block);
  shm_test_hook = set_size_at_third_check;
  g_assert_true (shm_block_attach (&block, name, 0, NULL, NULL, &fault));
  shm_test_hook = NULL;

  g_assert_cmpuint (block.size, ==, 77);
  g_assert_cmpint (n_checks, ==, 3);
  g_assert_true (shm_system_remove (name, &block.identity, &fault));
  shm_block_close (&block);
  close (late_fd);
}

static void
add_labels (GHashTable *seen,
            ShmStep start,
            ShmStep end,
            const char *(*get_label) (ShmStep step),
            const char *(*get_other) (ShmStep step))
{
  for (ShmStep step = start; step < end; step++)
    {
      g_assert_nonnull (get_label (step));
      g_assert_true (g_hash_table_add (seen, (gpointer) get_label (step)));
      g_assert_null (get_other (step));
    }
  g_assert_null (get_label (end));
}

/* The steps of blocks, lists and managers have different numbers, and no two steps have the same
 * label. */
static void
test_step_labels (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  add_labels (seen, 0, SHM_N_BLOCK_STEPS, shm_block_step_get_label, shm_list_step_get_label);
  add_labels (seen, SHM_LIST_STEPS_START, SHM_LIST_STEPS_END, shm_list_step_get_label,
              shm_registry_step_get_label);
  add_labels (seen, SHM_REGISTRY_STEPS_START, SHM_REGISTRY_STEPS_END, shm_registry_step_get_label,
              shm_manager_step_get_label);
  add_labels (seen, SHM_MANAGER_STEPS_START, SHM_MANAGER_STEPS_END, shm_manager_step_get_label,
              shm_program_step_get_label);
  add_labels (seen, SHM_PROGRAM_STEPS_START, SHM_PROGRAM_STEPS_END, shm_program_step_get_label,
              shm_block_step_get_label);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/block/enter-and-close", test_enter_and_close);
  g_test_add_func ("/block/contains", test_contains);
  g_test_add_func ("/block/truncated", test_truncated);
  g_test_add_func ("/block/file-size-limit", test_file_size_limit);
  g_test_add_func ("/block/sizes", test_sizes);
  g_test_add_func ("/block/seal", test_seal);
  g_test_add_func ("/block/late-size", test_late_size);
  g_test_add_func ("/block/lease", test_lease);
  g_test_add_func ("/block/long-lease", test_long_lease);
  g_test_add_func ("/block/step-labels", test_step_labels);

  return g_test_run ();
}
