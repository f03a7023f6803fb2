/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests tracked blocks: the registry of a program, its tracker, and the kills at each step.
 *
 * The test itself never begins a program. Each part that does so runs in a child process, so that
 * the program of this child ends with it. tests/python/test_lifetimes.py has the other events. */

#include "shm-test.h"

#include "core/shm-system-lock.h"
#include "core/shm-system.h"
#include "program/shm-program.h"
#include "program/shm-tracker-launch.h"
#include "registry/shm-registry-format.h"
#include "registry/shm-registry-place.h"
#include "registry/shm-registry-reader.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define NOBODY 65534

typedef void (*Scenario) (gpointer data);

/* Runs @scenario in a child, and returns the child. */
static pid_t
start (Scenario scenario, gpointer data)
{
  const pid_t pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      scenario (data);
      _exit (0);
    }

  g_assert_cmpint (pid, >, 0);

  return pid;
}

/* Returns the exit status, or the signal that killed the process plus 128. */
static int
wait_for (pid_t pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);

  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

static void
run (Scenario scenario, gpointer data)
{
  g_assert_cmpint (wait_for (start (scenario, data)), ==, 0);
}

static ShmSharedMemory *
create_tracked (const char *name)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *block = shm_shared_memory_create (name, 100, SHM_CREATE_TRACK, &error);

  g_assert_no_error (error);

  return block;
}

static void
create_and_drop (gpointer name)
{
  g_object_unref (create_tracked (name));
}

static void
wait_until_removed (const char *name)
{
  for (int i = 0; test_exists (name); i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
}

/* Returns the number of registries of programs. */
static void
count_registry (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  if (strstr (name, "program-") != NULL)
    ++*(guint *) user_data;
}

static guint
count_registries (void)
{
  guint count = 0;
  ShmFault fault;

  g_assert_true (shm_registry_place_list (TRUE, count_registry, &count, &fault));

  return count;
}

static void
wait_until_registries_are (guint expected)
{
  for (int i = 0; count_registries () > expected; i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
}

/* The end of a program */

static void
test_program_exit (void)
{
  g_autofree char *name = test_name ("exit");
  const guint before = count_registries ();

  run (create_and_drop, name);
  wait_until_removed (name);
  wait_until_registries_are (before);
}

static void
create_and_be_killed (gpointer name)
{
  create_and_drop (name);
  raise (SIGKILL);
}

static void
test_kill (void)
{
  g_autofree char *name = test_name ("kill");

  g_assert_cmpint (wait_for (start (create_and_be_killed, name)), ==, 128 + SIGKILL);
  wait_until_removed (name);
}

static void
create_with_umask (gpointer name)
{
  umask (0277);
  create_and_drop (name);
}

static void
test_umask (void)
{
  g_autofree char *name = test_name ("umask");
  const guint before = count_registries ();

  run (create_with_umask, name);
  wait_until_removed (name);
  wait_until_registries_are (before);
}

/* The first member of the pair is the end of a pipe that the child holds as long as it lives. */
typedef struct
{
  const char *name;
  int ends[2];
} Held;

static void
create_in_child_and_wait (gpointer data)
{
  Held *held = data;
  char byte;

  g_assert_true (shm_begin_program (NULL));
  run (create_and_drop, (gpointer) held->name);

  /* Wait for the test to close its end. */
  close (held->ends[1]);
  g_assert_cmpint (read (held->ends[0], &byte, 1), ==, 0);
}

static void
test_child_creates_and_ends (void)
{
  g_autofree char *name = test_name ("child");
  Held held = { .name = name };
  pid_t pid;

  g_assert_cmpint (pipe2 (held.ends, O_CLOEXEC), ==, 0);
  pid = start (create_in_child_and_wait, &held);
  close (held.ends[0]);

  while (!test_exists (name))
    g_usleep (1000);
  /* The creator may still be alive here. The block must stay for as long as its parent lives. */
  g_usleep (100 * 1000);
  g_assert_true (test_exists (name));

  close (held.ends[1]);
  g_assert_cmpint (wait_for (pid), ==, 0);
  wait_until_removed (name);
}

static void
create_and_replace (gpointer name)
{
  g_autoptr (ShmSharedMemory) old = create_tracked (name);

  g_assert_false (shm_shared_memory_is_closed (old));
  g_assert_true (shm_remove_block (name, NULL));
}

static void
test_name_of_another_block (void)
{
  g_autofree char *name = test_name ("reused");
  const guint before = count_registries ();
  g_autoptr (ShmSharedMemory) block = NULL;

  run (create_and_replace, name);
  block = shm_shared_memory_create (name, 10, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_assert_nonnull (block);
  wait_until_registries_are (before);
  g_assert_true (test_exists (name));
}

/* All objects of the program */

static void
create_unlink_and_untrack (gpointer names)
{
  const char **both = names;
  g_autoptr (ShmSharedMemory) unlinked = create_tracked (both[0]);
  g_autoptr (ShmSharedMemory) kept = create_tracked (both[1]);

  g_assert_true (shm_shared_memory_unlink (unlinked, NULL));
  shm_shared_memory_untrack (kept);
  shm_shared_memory_untrack (kept);
  shm_shared_memory_untrack (unlinked);
}

static void
test_untrack (void)
{
  g_autofree char *unlinked = test_name ("unlinked");
  g_autofree char *kept = test_name ("kept");
  const char *names[] = { unlinked, kept };
  const guint before = count_registries ();

  run (create_unlink_and_untrack, names);
  wait_until_registries_are (before);
  g_assert_true (test_exists (kept));
  g_assert_true (shm_remove_block (kept, NULL));
}

static void
create_with_other_flags (gpointer name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) anonymous
      = shm_shared_memory_create_anonymous (10, SHM_CREATE_TRACK, &error);
  g_autoptr (ShmSharedMemory) created = NULL;
  g_autoptr (ShmSharedMemory) attached = NULL;

  g_assert_nonnull (anonymous);
  g_assert_no_error (error);
  created = shm_shared_memory_open_or_create (name, 10, 0600,
                                              SHM_CREATE_TRACK | SHM_CREATE_SPARSE
                                                  | SHM_CREATE_UNLINK_ON_CLOSE,
                                              NULL, &error);
  g_assert_no_error (error);

  /* An object that attaches neither tracks the block nor removes it. */
  attached = shm_shared_memory_open_or_create (name, 10, 0600, SHM_CREATE_TRACK, NULL, &error);
  g_assert_no_error (error);
  shm_shared_memory_untrack (attached);
  g_clear_object (&attached);
  g_assert_true (test_exists (name));

  g_assert_true (shm_shared_memory_close (created, &error));
  g_assert_false (test_exists (name));
}

static void
test_other_flags (void)
{
  g_autofree char *name = test_name ("flags");

  run (create_with_other_flags, name);
}

/* Kills */

static int steps_left;

static void
die_at_step (ShmStep step)
{
  if (--steps_left == 0)
    raise (SIGKILL);
}

typedef struct
{
  const char *name;
  int steps;
} Death;

static void
create_and_die (gpointer data)
{
  const Death *death = data;

  steps_left = death->steps;
  shm_test_hook = die_at_step;
  create_and_drop ((gpointer) death->name);
}

static void
test_kill_at_each_step (void)
{
  const guint before = count_registries ();
  int status = 128 + SIGKILL;
  guint n_removed;

  for (int i = 1; status == 128 + SIGKILL; i++)
    {
      g_autofree char *name = test_name ("step");
      static Death death; /* static, so that valgrind finds the name in the child */

      death = (Death){ name, i };
      status = wait_for (start (create_and_die, &death));
      wait_until_removed (name);
    }
  g_assert_cmpint (status, ==, 0);

  /* A program that was killed before it had a tracker leaves its registry, and no block. */
  g_assert_true (shm_manager_remove_leftovers (&n_removed, NULL));
  g_assert_cmpuint (n_removed, ==, 0);
  wait_until_registries_are (before);
}

/* Returns the ID of the tracker of this program: the registry is its standard input. */
static pid_t
find_tracker (void)
{
  ShmFault fault;
  ShmProgram *program;
  ShmIdentity identity;
  const int registry = shm_program_open_current (&program, &identity, &fault);
  g_autoptr (GDir) folder = g_dir_open ("/proc", 0, NULL);
  struct stat expected, found;
  const char *entry;

  g_assert_cmpint (fstat (registry, &expected), ==, 0);
  close (registry);

  while ((entry = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", entry, "fd/0", NULL);

      if (g_ascii_isdigit (entry[0]) && stat (path, &found) == 0 && found.st_ino == expected.st_ino
          && found.st_dev == expected.st_dev)
        return atoi (entry);
    }

  return 0;
}

/* Waits until the kernel has released the lock of a killed tracker. */
static void
wait_for_end_of_tracker (void)
{
  ShmFault fault;
  ShmProgram *program;
  ShmIdentity identity;
  const int registry = shm_program_open_current (&program, &identity, &fault);

  while (shm_system_is_number_locked (registry, SHM_REGISTRY_TRACKER_LOCK))
    g_usleep (1000);
  close (registry);
}

static void
kill_tracker_and_create (gpointer data)
{
  const char **names = data;
  pid_t first, second;

  create_and_drop ((gpointer) names[0]);
  first = find_tracker ();
  g_assert_cmpint (first, >, 0);
  g_assert_cmpint (getsid (first), ==, first);
  g_assert_cmpint (kill (first, SIGTERM), ==, 0);
  g_assert_cmpint (kill (first, SIGINT), ==, 0);
  g_assert_cmpint (kill (first, SIGHUP), ==, 0);
  g_usleep (20 * 1000);
  g_assert_cmpint (find_tracker (), ==, first);

  g_assert_cmpint (kill (first, SIGKILL), ==, 0);
  wait_for_end_of_tracker ();
  create_and_drop ((gpointer) names[1]);
  second = find_tracker ();
  g_assert_cmpint (second, >, 0);
  g_assert_cmpint (second, !=, first);
}

static void
test_tracker_is_killed (void)
{
  g_autofree char *before = test_name ("before");
  g_autofree char *after = test_name ("after");
  const char *names[] = { before, after };

  if (test_skip_if_emulated ("finding a process by its descriptors"))
    return;

  run (kill_tracker_and_create, names);
  wait_until_removed (before);
  wait_until_removed (after);
}

static void
kill_tracker_and_end (gpointer name)
{
  create_and_drop (name);
  g_assert_cmpint (kill (find_tracker (), SIGKILL), ==, 0);
  raise (SIGKILL);
}

static void
test_all_are_killed (void)
{
  g_autofree char *name = test_name ("all");
  g_autofree char *other = test_name ("other");

  if (test_skip_if_emulated ("finding a process by its descriptors"))
    return;

  /* The tracker of another program sweeps when it starts. */
  g_assert_cmpint (wait_for (start (kill_tracker_and_end, name)), ==, 128 + SIGKILL);
  g_assert_true (test_exists (name));
  run (create_and_drop, other);
  wait_until_removed (name);
  wait_until_removed (other);
}

/* Entries */

static guint64
get_registry_size (void)
{
  ShmFault fault;
  ShmProgram *program;
  ShmIdentity identity;
  const int registry = shm_program_open_current (&program, &identity, &fault);

  g_assert_cmpint (registry, >=, 0);
  close (registry);

  return identity.size;
}

#define N_BLOCKS 1000

static void
create_many (gpointer prefix)
{
  for (int i = 0; i < N_BLOCKS; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%d", (char *) prefix, i);

      create_and_drop (name);
    }
  g_assert_cmpuint (get_registry_size (), >=, shm_registry_get_offset (N_BLOCKS));
}

static void
test_many_blocks (void)
{
  g_autofree char *prefix = test_name ("many");

  run (create_many, prefix);
  for (int i = 0; i < N_BLOCKS; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%d", prefix, i);

      wait_until_removed (name);
    }
}

static void
create_and_unlink (const char *name)
{
  g_autoptr (ShmSharedMemory) block = create_tracked (name);

  g_assert_true (shm_shared_memory_unlink (block, NULL));
}

/* A consumer removes half of the blocks, and the creator does not learn of it. */
static void
create_and_let_others_remove (gpointer prefix)
{
  g_autofree char *lasting = g_strdup_printf ("%s-lasting", (char *) prefix);

  create_and_drop (lasting);
  for (int i = 0; i < N_BLOCKS; i++)
    {
      create_and_drop (prefix);
      g_assert_true (shm_remove_block (prefix, NULL));
      create_and_unlink (prefix);
    }
  g_assert_cmpuint (get_registry_size (), <, shm_registry_get_offset (N_BLOCKS / 2));
}

static void
test_entries_are_reused (void)
{
  g_autofree char *prefix = test_name ("reuse");
  g_autofree char *lasting = g_strdup_printf ("%s-lasting", prefix);

  run (create_and_let_others_remove, prefix);
  wait_until_removed (lasting);
}

static void
die_before_publishing (ShmStep step)
{
  if (step == SHM_STEP_PUBLISH)
    raise (SIGKILL);
}

static void
create_and_die_before_publishing (gpointer name)
{
  shm_test_hook = die_before_publishing;
  create_and_drop (name);
}

static void
let_children_die (gpointer prefix)
{
  g_autofree char *name = g_strdup_printf ("%s-killed", (char *) prefix);
  guint64 size;

  create_and_drop (prefix);
  size = get_registry_size ();
  for (int i = 0; i < 200; i++)
    g_assert_cmpint (wait_for (start (create_and_die_before_publishing, name)), ==, 128 + SIGKILL);
  g_assert_false (test_exists (name));
  g_assert_cmpuint (get_registry_size (), ==, size);
}

static void
test_entries_of_killed_creators (void)
{
  g_autofree char *prefix = test_name ("killed-creators");

  run (let_children_die, prefix);
  wait_until_removed (prefix);
}

static int locked_registry;
static int n_attempts;

/* Releases the locks before the second attempt to lock the entry. */
static void
unlock_before_second_attempt (ShmStep step)
{
  if (step == SHM_STEP_PROGRAM_NOTE && ++n_attempts == 2)
    close (locked_registry);
}

/* The locks are like those of a process that frees unused entries. */
static void
untrack_while_entries_are_locked (gpointer name)
{
  g_autoptr (ShmSharedMemory) block = create_tracked (name);
  ShmProgram *program;
  ShmIdentity identity;
  ShmFault fault;

  locked_registry = shm_program_open_current (&program, &identity, &fault);
  g_assert_true (
      shm_system_lock_numbers (locked_registry, SHM_REGISTRY_ENTRY_LOCK (0), N_BLOCKS, &fault));
  shm_test_hook = unlock_before_second_attempt;
  shm_shared_memory_untrack (block);
  shm_test_hook = NULL;
  g_assert_cmpint (n_attempts, ==, 2);
}

static void
test_untrack_waits (void)
{
  g_autofree char *name = test_name ("untrack-waits");
  const guint before = count_registries ();

  run (untrack_while_entries_are_locked, name);
  wait_until_registries_are (before);
  g_assert_true (shm_remove_block (name, NULL));
}

/* Without a check, the kernel sends SIGXFSZ, which kills the process. */
static void
create_with_limit (gpointer data)
{
  const rlim_t *limit = data;
  g_autofree char *first = test_name ("limit-first");
  g_autofree char *second = test_name ("limit-second");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) block = NULL;

  if (*limit > SHM_REGISTRY_ENTRIES_AT)
    create_and_drop (first);

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &(struct rlimit){ *limit, *limit }), ==, 0);
  block = shm_shared_memory_create (second, 50, SHM_CREATE_TRACK, &error);
  g_assert_null (block);
  g_assert_error (error, SHM_ERROR, SHM_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, second));
  g_assert_nonnull (strstr (error->message, "RLIMIT_FSIZE"));
  g_assert_false (test_exists (second));
}

static void
test_limit_of_file_size (void)
{
  static rlim_t limits[] = { 100, 300 };
  g_autofree char *first = test_name ("limit-first");

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    run (create_with_limit, &limits[i]);
  wait_until_removed (first);
}

#define N_THREADS 4

static gpointer
create_in_thread (gpointer prefix)
{
  for (int i = 0; i < N_BLOCKS / N_THREADS; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%p-%d", (char *) prefix, g_thread_self (), i);
      g_autoptr (ShmSharedMemory) block = create_tracked (name);

      if (i % 2 == 0)
        g_assert_true (shm_shared_memory_unlink (block, NULL));
    }

  return NULL;
}

static void
create_in_threads (gpointer prefix)
{
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("create", create_in_thread, prefix);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (test_count_files (prefix), ==, N_BLOCKS / 2);
}

static void
test_threads (void)
{
  g_autofree char *prefix = test_name ("threads");

  run (create_in_threads, prefix);
  for (int i = 0; test_count_files (prefix) > 0; i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
}

/* Users and processes */

static void
create_as_another_user (gpointer data)
{
  const char **names = data;
  int fd;

  create_and_drop ((gpointer) names[0]);
  g_assert_cmpint (setresuid (NOBODY, NOBODY, NOBODY), ==, 0);
  create_and_drop ((gpointer) names[1]);

  /* The process must not be able to write the registry of root through any descriptor. */
  for (fd = 3; fd < 100; fd++)
    {
      struct stat info;

      if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_uid == 0
          && info.st_size >= SHM_REGISTRY_ENTRIES_AT)
        g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
    }
}

static void
exit_if_tracker_is_executable (gpointer data)
{
  g_assert_cmpint (setresuid (NOBODY, NOBODY, NOBODY), ==, 0);
  _exit (access (shm_tracker_get_program (), X_OK) == 0);
}

static void
test_another_user (void)
{
  g_autofree char *before = test_name ("root");
  g_autofree char *after = test_name ("nobody");
  const char *names[] = { before, after };

  if (geteuid () != 0)
    {
      g_test_skip ("only root can change the user");
      return;
    }
  if (wait_for (start (exit_if_tracker_is_executable, NULL)) != 1)
    {
      g_test_skip ("other users cannot enter the build folder");
      return;
    }

  run (create_as_another_user, names);
  wait_until_removed (before);
  wait_until_removed (after);
}

static void
join_and_create (gpointer data)
{
  Held *held = data;
  g_autoptr (GError) error = NULL;

  /* The process has a program of its own, as an interpreter that has imported the library. */
  g_assert_true (shm_begin_program (&error));
  g_assert_no_error (error);
  g_assert_true (shm_join_program (held->ends[0], &error));
  g_assert_no_error (error);
  g_assert_true (shm_join_program (held->ends[0], &error));
  create_and_drop ((gpointer) held->name);
}

static void
begin_and_pause (gpointer data)
{
  g_assert_true (shm_begin_program (NULL));
  raise (SIGSTOP);
}

static pid_t
start_and_await_pause (Scenario scenario, gpointer data)
{
  const pid_t pid = start (scenario, data);

  g_assert_cmpint (waitpid (pid, NULL, WUNTRACED), ==, pid);

  return pid;
}

static void
kill_paused (pid_t pid)
{
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (wait_for (pid), ==, 128 + SIGKILL);
}

static void
test_join_program (void)
{
  g_autofree char *name = test_name ("join");
  const pid_t first = start_and_await_pause (begin_and_pause, NULL);
  Held held = { .name = name, .ends = { first } };

  run (join_and_create, &held);
  g_usleep (50 * 1000);
  g_assert_true (test_exists (name));

  kill_paused (first);
  wait_until_removed (name);
}

/* Shared by the test and the processes that it starts. */
typedef struct
{
  const char *name;        /* of a block of the other program */
  char registry[PATH_MAX]; /* the name of its registry */
} OtherProgram;

static gpointer
share (gsize size)
{
  const gpointer memory
      = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  g_assert_true (memory != MAP_FAILED);

  return memory;
}

static void
create_and_pause (gpointer data)
{
  OtherProgram *other = data;
  ShmProgram *program;
  ShmIdentity identity;
  ShmFault fault;

  create_and_drop ((gpointer) other->name);
  close (shm_program_open_current (&program, &identity, &fault));
  g_strlcpy (other->registry, shm_program_get_registry_name (program), sizeof other->registry);
  raise (SIGSTOP);
}

/* Opens the other registry as shm_registry_list_owned() does. The life line gets a higher
 * number. */
static void
open_other_registry_and_pause (gpointer data)
{
  const OtherProgram *other = data;
  ShmFault fault;

  g_assert_cmpint (shm_registry_open (other->registry, FALSE, &fault), >=, 0);
  begin_and_pause (NULL);
}

static void
test_join_a_reader_of_another_registry (void)
{
  g_autofree char *name = test_name ("join-reader");
  g_autofree char *name_of_other = test_name ("join-other");
  OtherProgram *other = share (sizeof *other);
  Held held = { .name = name };
  pid_t pid;

  other->name = name_of_other;
  pid = start_and_await_pause (create_and_pause, other);
  held.ends[0] = start_and_await_pause (open_other_registry_and_pause, other);
  run (join_and_create, &held);

  /* The tracker of the other program removes its blocks, and then its registry. */
  kill_paused (pid);
  wait_until_removed (name_of_other);
  wait_until_removed (other->registry);
  g_assert_true (test_exists (name));

  kill_paused (held.ends[0]);
  wait_until_removed (name);
  munmap (other, sizeof *other);
}

/* A process that closes a life line while another process joins it. The structure is shared by the
 * test and both processes. */
typedef struct
{
  pid_t pid;
  pid_t former;  /* 0, or a process whose program both processes join before */
  int fd;        /* the descriptor to close. The other life line has a higher number */
  int is_closed; /* (atomic) */
} Closing;

static Closing *closing;

static void
close_life_line (int signal)
{
  close (closing->fd);
  g_atomic_int_set (&closing->is_closed, TRUE);
}

static int
find_life_line (void)
{
  for (int fd = 3; fd < 1000; fd++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && g_str_has_prefix (target, "/dev/shm/"))
        return fd;
    }

  g_assert_not_reached ();
}

static void
hold_two_life_lines (gpointer unused)
{
  signal (SIGUSR1, close_life_line);
  closing->fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_true (shm_begin_program (NULL));
  g_assert_cmpint (dup3 (find_life_line (), closing->fd, O_CLOEXEC), ==, closing->fd);
  g_assert_true (closing->former == 0 || shm_join_program (closing->former, NULL));

  raise (SIGSTOP);
  for (;;)
    pause ();
}

/* The first identification during a search is that of the first life line. */
static void
make_target_close_life_line (ShmStep step)
{
  if (step != SHM_STEP_IDENTIFY || g_atomic_int_get (&closing->is_closed))
    return;

  g_assert_cmpint (kill (closing->pid, SIGUSR1), ==, 0);
  g_assert_cmpint (kill (closing->pid, SIGCONT), ==, 0);
  test_await (g_atomic_int_get (&closing->is_closed));
}

static void
join_while_life_line_is_closed (gpointer unused)
{
  guint before;

  g_assert_true (closing->former == 0 || shm_join_program (closing->former, NULL));
  before = test_count_descriptors ();

  shm_test_hook = make_target_close_life_line;
  g_assert_true (shm_join_program (closing->pid, NULL));
  shm_test_hook = NULL;
  g_assert_true (closing->is_closed);
  g_assert_cmpuint (test_count_descriptors (), ==, before + (closing->former == 0 ? 1 : 0));
}

static void
test_join_while_life_line_is_closed (void)
{
  const pid_t former = start_and_await_pause (begin_and_pause, NULL);

  closing = share (sizeof *closing);
  for (int i = 0; i < 2; i++)
    {
      *closing = (Closing){ .former = i == 0 ? 0 : former };
      closing->pid = start_and_await_pause (hold_two_life_lines, NULL);
      run (join_while_life_line_is_closed, NULL);
      kill_paused (closing->pid);
    }
  kill_paused (former);
  munmap (closing, sizeof *closing);
}

static void
fail_to_join (gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (shm_join_program (getppid (), &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_false (shm_join_program (G_MAXINT, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND);
}

static void
test_join_fails (void)
{
  run (fail_to_join, NULL);
}

static void
close_all_and_create (gpointer data)
{
  const char **names = data;

  create_and_drop ((gpointer) names[0]);
  for (int fd = 3; fd < 1000; fd++)
    close (fd);
  create_and_drop ((gpointer) names[1]);
  g_assert_true (test_exists (names[0]));
}

static void
test_all_descriptors_are_closed (void)
{
  g_autofree char *before = test_name ("before");
  g_autofree char *after = test_name ("after");
  const char *names[] = { before, after };

  run (close_all_and_create, names);
  wait_until_removed (before);
  wait_until_removed (after);
}

/* Environment */

static void
fail_without_tracker (gpointer name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) block = NULL;

  g_setenv ("SHMOBJ_TRACKER", "/nowhere/shmobj-tracker", TRUE);
  block = shm_shared_memory_create (name, 10, SHM_CREATE_TRACK, &error);
  g_assert_null (block);
  g_assert_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nowhere/shmobj-tracker"));
  g_assert_nonnull (strstr (error->message, name));
  g_assert_false (test_exists (name));
}

static void
test_no_tracker (void)
{
  g_autofree char *name = test_name ("none");

  run (fail_without_tracker, name);
}

static void
count_children (gpointer name)
{
  const guint descriptors = (create_and_drop (name), test_count_descriptors ());

  /* The tracker is not a child of this process. */
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);

  for (int i = 0; i < 10; i++)
    {
      g_assert_true (shm_remove_block (name, NULL));
      create_and_drop (name);
    }
  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
}

static void
test_no_child_and_no_descriptor (void)
{
  g_autofree char *name = test_name ("children");

  run (count_children, name);
  wait_until_removed (name);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/program/end/exit", test_program_exit);
  g_test_add_func ("/program/end/kill", test_kill);
  g_test_add_func ("/program/end/umask", test_umask);
  g_test_add_func ("/program/end/child-creates-and-ends", test_child_creates_and_ends);
  g_test_add_func ("/program/end/name-of-another-block", test_name_of_another_block);
  g_test_add_func ("/program/untrack", test_untrack);
  g_test_add_func ("/program/other-flags", test_other_flags);
  g_test_add_func ("/program/kills/each-step", test_kill_at_each_step);
  g_test_add_func ("/program/kills/tracker", test_tracker_is_killed);
  g_test_add_func ("/program/kills/all", test_all_are_killed);
  g_test_add_func ("/program/entries/many", test_many_blocks);
  g_test_add_func ("/program/entries/reused", test_entries_are_reused);
  g_test_add_func ("/program/entries/killed-creators", test_entries_of_killed_creators);
  g_test_add_func ("/program/entries/untrack-waits", test_untrack_waits);
  g_test_add_func ("/program/entries/limit-of-file-size", test_limit_of_file_size);
  g_test_add_func ("/program/entries/threads", test_threads);
  g_test_add_func ("/program/processes/another-user", test_another_user);
  g_test_add_func ("/program/processes/join", test_join_program);
  g_test_add_func ("/program/processes/join-a-reader-of-another-registry",
                   test_join_a_reader_of_another_registry);
  g_test_add_func ("/program/processes/join-while-life-line-is-closed",
                   test_join_while_life_line_is_closed);
  g_test_add_func ("/program/processes/join-fails", test_join_fails);
  g_test_add_func ("/program/processes/all-descriptors-are-closed",
                   test_all_descriptors_are_closed);
  g_test_add_func ("/program/environment/no-tracker", test_no_tracker);
  g_test_add_func ("/program/environment/no-child-and-no-descriptor",
                   test_no_child_and_no_descriptor);

  return g_test_run ();
}
