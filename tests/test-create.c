/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that a name appears only when its block is complete, even if creators are killed or create
 * the same block at the same time. The argument of the program is the method that publishes blocks:
 * auto, descriptor, proc or hidden. */

#include "shm-test.h"

#include "core/shm-fault.h"
#include "core/shm-system-draft.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SIZE 70000

/* Counters in memory that the processes of a test share. */
typedef struct
{
  int created[256];
  int attached;
  int wrong;
} Counters;

static Counters *
map_counters (void)
{
  Counters *counters
      = mmap (NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  g_assert_true (counters != MAP_FAILED);

  return counters;
}

/* Checks that no draft remains. Only the method "hidden" gives drafts a name. With this method,
 * creating a block removes abandoned drafts. */
static void
assert_no_drafts (void)
{
  g_autoptr (ShmSharedMemory) shm = NULL;

  if (shm_test_publish_method != SHM_PUBLISH_HIDDEN)
    return;

  shm = shm_shared_memory_create (NULL, 1, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_assert_nonnull (shm);
  g_assert_cmpuint (test_count_files (".shmobj-draft-"), ==, 0);
}

static void
assert_complete (const char *name)
{
  g_autofree char *path = test_path (name);
  struct stat info;

  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, SIZE);
  g_assert_cmpint (info.st_mode & 07777, ==, 0640);
  g_assert_cmpint (info.st_blocks * 512, >=, SIZE);
}

static ShmSharedMemory *
create (const char *name, ShmCreateFlags flags, GError **error)
{
  return shm_shared_memory_create_full (name, SIZE, 0640, flags, NULL, error);
}

/* Killing a creator at each step */

static int steps_reached;
static int step_to_die_at;

static void
count_step (ShmStep step)
{
  if (steps_reached++ == step_to_die_at)
    raise (SIGKILL);
}

static void
test_killed_at_each_step (gconstpointer flags)
{
  const ShmCreateFlags create_flags = GPOINTER_TO_UINT (flags);
  g_autofree char *whole = test_name ("complete");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;
  int n_steps;

  steps_reached = 0;
  step_to_die_at = -1;
  shm_test_hook = count_step;
  shm = create (whole, create_flags, &error);
  shm_test_hook = NULL;
  g_assert_no_error (error);
  n_steps = steps_reached;
  g_assert_cmpint (n_steps, >=, 5);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));

  for (int i = 0; i < n_steps; i++)
    {
      g_autofree char *name = test_name ("killed");
      int status;
      pid_t child;

      test_fork (child);
      if (child == 0)
        {
          steps_reached = 0;
          step_to_die_at = i;
          shm_test_hook = count_step;
          create (name, create_flags, NULL);
          _exit (1);
        }

      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (WIFSIGNALED (status));
      g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
      g_assert_false (test_exists (name));
      assert_no_drafts ();
    }
}

/* Killing a creator at a random moment */

static void
test_killed_at_random (void)
{
  g_autofree char *prefix = test_name ("random");
  const guint descriptors = test_count_descriptors ();

  for (int round = 0; round < 100; round++)
    {
      g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
      pid_t child;

      for (int i = 0; i < 50; i++)
        g_ptr_array_add (names, g_strdup_printf ("%s-%d-%d", prefix, round, i));

      test_fork (child);
      if (child == 0)
        {
          umask (0377); /* gives the owner only read access, which is enough to open the draft */
          for (guint i = 0; i < names->len; i++)
            create (names->pdata[i], 0, NULL);
          pause ();
        }

      g_usleep (g_random_int_range (0, 1500));
      kill (child, SIGKILL);
      waitpid (child, NULL, 0);

      for (guint i = 0; i < names->len; i++)
        if (test_exists (names->pdata[i]))
          {
            assert_complete (names->pdata[i]);
            g_assert_true (shm_remove_block (names->pdata[i], NULL));
          }
      assert_no_drafts ();
    }

  g_assert_cmpuint (test_count_files (prefix), ==, 0);
  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
}

/* Races */

#define RACERS 8
#define RACES  100

static void
run_racers (void (*run) (const char *prefix, Counters *counters),
            const char *prefix,
            Counters *counters)
{
  pid_t children[RACERS];

  for (int i = 0; i < RACERS; i++)
    {
      test_fork (children[i]);
      if (children[i] == 0)
        {
          run (prefix, counters);
          _exit (0);
        }
    }

  for (int i = 0; i < RACERS; i++)
    test_join (children[i]);
}

static void
run_creators (const char *prefix, Counters *counters)
{
  for (int i = 0; i < RACES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%d", prefix, i);
      g_autoptr (GError) error = NULL;
      ShmSharedMemory *shm = create (name, 0, &error);

      if (shm != NULL)
        g_atomic_int_inc (&counters->created[i]);
      else if (!g_error_matches (error, SHM_ERROR, SHM_ERROR_EXISTS))
        g_atomic_int_inc (&counters->wrong);
      g_clear_object (&shm);
    }
}

static void
test_racing_creators (void)
{
  g_autofree char *prefix = test_name ("race");
  Counters *counters = map_counters ();

  run_racers (run_creators, prefix, counters);

  g_assert_cmpint (counters->wrong, ==, 0);
  for (int i = 0; i < RACES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%d", prefix, i);

      g_assert_cmpint (counters->created[i], ==, 1);
      assert_complete (name);
      g_assert_true (shm_remove_block (name, NULL));
    }
  assert_no_drafts ();
  munmap (counters, sizeof *counters);
}

static void
run_openers (const char *prefix, Counters *counters)
{
  for (int i = 0; i < RACES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%d", prefix, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (ShmSharedMemory) shm
          = shm_shared_memory_open_or_create (name, SIZE, 0600, 0, NULL, &error);

      g_assert_no_error (error);
      if (shm_shared_memory_is_creator (shm))
        g_atomic_int_inc (&counters->created[i]);
      if (shm_shared_memory_get_size (shm) != SIZE)
        g_atomic_int_inc (&counters->wrong);
      g_atomic_int_inc ((int *) shm_shared_memory_get_data (shm, NULL));
    }
}

static void
test_racing_open_or_create (void)
{
  g_autofree char *prefix = test_name ("either");
  Counters *counters = map_counters ();

  run_racers (run_openers, prefix, counters);

  g_assert_cmpint (counters->wrong, ==, 0);
  for (int i = 0; i < RACES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%d", prefix, i);
      g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (name, 0, NULL);

      g_assert_cmpint (counters->created[i], ==, 1);
      g_assert_cmpint (shm_shared_memory_get_int32 (shm, 0, NULL), ==, RACERS);
      g_assert_true (shm_shared_memory_unlink (shm, NULL));
    }
  munmap (counters, sizeof *counters);
}

/* One process creates and removes a block all the time. Another process attaches to the block. */
static void
test_attach_during_create (void)
{
  g_autofree char *name = test_name ("busy");
  Counters *counters = map_counters ();
  pid_t creator, attacher;

  test_fork (creator);
  if (creator == 0)
    for (;;)
      {
        ShmSharedMemory *shm = create (name, 0, NULL);

        shm_shared_memory_unlink (shm, NULL);
        g_object_unref (shm);
      }

  test_fork (attacher);
  if (attacher == 0)
    {
      while (counters->attached < 2000)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (name, 0, &error);

          if (shm != NULL)
            {
              counters->attached++;
              if (shm_shared_memory_get_size (shm) != SIZE
                  || shm_shared_memory_get_mode (shm) != 0640
                  || shm_shared_memory_get_uint8 (shm, SIZE - 1, NULL) != 0)
                counters->wrong++;
            }
          else if (!g_error_matches (error, SHM_ERROR, SHM_ERROR_NOT_FOUND))
            counters->wrong++;
        }
      _exit (0);
    }

  test_join (attacher);
  kill (creator, SIGKILL);
  waitpid (creator, NULL, 0);
  shm_remove_block (name, NULL);
  assert_no_drafts ();

  g_assert_cmpint (counters->wrong, ==, 0);
  g_assert_cmpint (counters->attached, ==, 2000);
  munmap (counters, sizeof *counters);
}

/* Mode, pages, cancellation */

static void
test_mode (void)
{
  const mode_t old = umask (0277);
  g_autofree char *name = test_name ("mode");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;

  shm = create (name, 0, &error);
  umask (old);
  g_assert_no_error (error);
  g_assert_cmpuint (shm_shared_memory_get_mode (shm), ==, 0640);
  assert_complete (name);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

static void
test_sparse (void)
{
  g_autofree char *name = test_name ("sparse");
  g_autofree char *path = test_path (name);
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;
  struct stat info;

  shm = shm_shared_memory_create (name, 1 << 20, SHM_CREATE_SPARSE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 1 << 20);
  g_assert_cmpint (info.st_blocks, ==, 0);

  g_assert_true (shm_shared_memory_set_uint8 (shm, 500000, 1, &error));
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_blocks * 512, ==, getpagesize ());
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

static GCancellable *cancellable;
static int pieces;

static void
cancel_second_piece (ShmStep step)
{
  if (step == SHM_STEP_RESERVE && ++pieces == 2)
    g_cancellable_cancel (cancellable);
}

static void
test_cancelled (void)
{
  const guint descriptors = test_count_descriptors ();
  g_autofree char *name = test_name ("cancelled");
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm;

  cancellable = g_cancellable_new ();
  pieces = 0;
  shm_test_hook = cancel_second_piece;
  shm = shm_shared_memory_create_full (name, 40 << 20, 0600, 0, cancellable, &error);
  shm_test_hook = NULL;

  g_assert_null (shm);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (pieces, ==, 2);
  g_assert_false (test_exists (name));
  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
  assert_no_drafts ();
  g_clear_object (&cancellable);
}

static void
test_method_unavailable (void)
{
  const guint descriptors = test_count_descriptors ();
  g_autofree char *name = test_name ("unavailable");
  g_autoptr (GError) error = NULL;

  g_assert_null (create (name, 0, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
}

static ShmPublishMethod
parse_method (const char *name)
{
  static const char *const names[] = {
    [SHM_PUBLISH_AUTO] = "auto",
    [SHM_PUBLISH_DESCRIPTOR] = "descriptor",
    [SHM_PUBLISH_PROC] = "proc",
    [SHM_PUBLISH_HIDDEN] = "hidden",
  };

  for (ShmPublishMethod method = SHM_PUBLISH_AUTO; method <= SHM_PUBLISH_HIDDEN; method++)
    if (g_str_equal (name, names[method]))
      return method;

  g_error ("There is no method \"%s\" to publish a block", name);
}

int
main (int argc, char **argv)
{
  g_autoptr (ShmSharedMemory) probe = NULL;

  g_test_init (&argc, &argv, NULL);
  shm_test_publish_method = parse_method (argc > 1 ? argv[1] : "auto");

  probe = shm_shared_memory_create (NULL, 1, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  if (probe == NULL)
    {
      /* If this system does not support the method, creation must fail with an error. */
      g_assert_cmpint (shm_test_publish_method, !=, SHM_PUBLISH_AUTO);
      g_assert_cmpint (shm_test_publish_method, !=, SHM_PUBLISH_HIDDEN);
      g_test_add_func ("/create/method-unavailable", test_method_unavailable);
      return g_test_run ();
    }

  g_test_add_data_func ("/create/killed", NULL, test_killed_at_each_step);
  g_test_add_data_func ("/create/killed/sparse", GUINT_TO_POINTER (SHM_CREATE_SPARSE),
                        test_killed_at_each_step);
  g_test_add_data_func ("/create/killed/populate", GUINT_TO_POINTER (SHM_CREATE_POPULATE),
                        test_killed_at_each_step);
  g_test_add_func ("/create/killed/random", test_killed_at_random);
  g_test_add_func ("/create/race", test_racing_creators);
  g_test_add_func ("/create/race/open-or-create", test_racing_open_or_create);
  g_test_add_func ("/create/race/attach", test_attach_during_create);
  g_test_add_func ("/create/mode", test_mode);
  g_test_add_func ("/create/sparse", test_sparse);
  g_test_add_func ("/create/cancelled", test_cancelled);

  return g_test_run ();
}
