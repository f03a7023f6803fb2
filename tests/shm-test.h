/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Helpers for the tests in C. */

#pragma once

#include <shmobj/shmobj.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

G_BEGIN_DECLS

/* Ends a test that would wait for ever. It is much longer than a slow and busy machine needs. */
#define TEST_TIMEOUT_SECONDS 600

/* Returns a name that no other test and no other run of this test uses. */
static inline char *
test_name (const char *word)
{
  static int count = 0;

  return g_strdup_printf ("shmobj-test-%d-%d-%s", getpid (), ++count, word);
}

/* Returns the number of rounds of a test that kills processes: @n_rounds, or the number in the
 * environment variable SHMOBJ_STRESS_ROUNDS, which tests/run.sh --stress sets. */
static inline int
test_get_rounds (int n_rounds)
{
  const char *wanted = g_getenv ("SHMOBJ_STRESS_ROUNDS");

  return wanted != NULL ? atoi (wanted) : n_rounds;
}

static inline char *
test_path (const char *name)
{
  return g_build_filename ("/dev/shm", name, NULL);
}

static inline gboolean
test_exists (const char *name)
{
  g_autofree char *path = test_path (name);

  return access (path, F_OK) == 0;
}

/* Skips a test that needs @feature if the test runs in an emulation without this feature. Returns
 * whether the test was skipped. tests/cross.sh sets the variable to the name of the emulation. */
static inline gboolean
test_skip_if_emulated (const char *feature)
{
  const char *emulator = g_getenv ("SHMOBJ_TEST_EMULATOR");
  g_autofree char *reason = NULL;

  if (emulator == NULL)
    return FALSE;

  reason = g_strdup_printf ("%s does not support %s", emulator, feature);
  g_test_skip (reason);

  return TRUE;
}

/* Returns the number of files in /dev/shm whose names begin with @prefix. */
static inline guint
test_count_files (const char *prefix)
{
  g_autoptr (GDir) folder = g_dir_open ("/dev/shm", 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (folder)) != NULL)
    if (g_str_has_prefix (name, prefix))
      count++;

  return count;
}

static inline guint
test_count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (folder) != NULL)
    count++;

  return count;
}

/* Returns the number of mappings of blocks in this process. */
static inline guint
test_count_mappings (void)
{
  g_autofree char *maps = NULL;
  guint count = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *at = maps; (at = strstr (at, "/dev/shm/")) != NULL; at++)
    count++;
  for (const char *at = maps; (at = strstr (at, "/memfd:shmobj")) != NULL; at++)
    count++;

  return count;
}

/* Creates a file of @size bytes in /dev/shm without this library. Returns its descriptor. */
static inline int
test_make_file (const char *name, guint64 size)
{
  g_autofree char *path = test_path (name);
  const int fd = open (path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, size), ==, 0);

  return fd;
}

/* Waits for a child, which must exit with status 0. If a check fails in the child, the child
 * aborts, and this function fails too. */
static inline void
test_join (pid_t child)
{
  int status;

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* Checks that the error has the code and that its message contains @name ("" if there is no name).
 * Clears the error. */
#define test_assert_error(error, code, name)                                                       \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_error ((error), SHM_ERROR, (code));                                                   \
    g_assert_nonnull (strstr ((error)->message, (name)));                                          \
    g_clear_error (&(error));                                                                      \
  }                                                                                                \
  G_STMT_END

/* Forks. Sets @child to the process ID of the child, or to 0 in the child. */
#define test_fork(child)                                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    (child) = fork ();                                                                             \
    g_assert_cmpint ((child), >=, 0);                                                              \
  }                                                                                                \
  G_STMT_END

/* Forks as test_fork() does, and returns @child. The child is killed if this process ends before
 * it. */
static inline pid_t
test_fork_child (void)
{
  pid_t child;

  test_fork (child);
  if (child == 0)
    prctl (PR_SET_PDEATHSIG, SIGKILL);

  return child;
}

/* Ends a child. Frees @object, which valgrind would report as leaked otherwise. */
G_NORETURN static inline void
test_end_child (gpointer object)
{
  g_object_unref (object);
  _exit (0);
}

static inline gboolean
test_set_expired (gpointer expired)
{
  *(gboolean *) expired = TRUE;

  return G_SOURCE_REMOVE;
}

/* Waits until @condition is true. Fails after TEST_TIMEOUT_SECONDS. */
#define test_await(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    for (int i_ = 0; i_ < TEST_TIMEOUT_SECONDS * 1000 && !(condition); i_++)                       \
      g_usleep (1000);                                                                             \
    g_assert_true (condition);                                                                     \
  }                                                                                                \
  G_STMT_END

/* Returns a monotonic time in microseconds. It does not advance while this thread is ready to run
 * and other threads or processes have the processors. So two of these times show how long a
 * function has waited or worked, also on a busy machine. */
static inline gint64
test_get_own_time (void)
{
  g_autofree char *statistics = NULL;
  g_auto (GStrv) fields = NULL;
  gint64 delay = 0; /* nanoseconds */

  /* The second field is the time for which the thread was ready to run, but did not run. */
  if (g_file_get_contents ("/proc/thread-self/schedstat", &statistics, NULL, NULL))
    {
      fields = g_strsplit (statistics, " ", 3);
      delay = fields[0] != NULL && fields[1] != NULL ? g_ascii_strtoll (fields[1], NULL, 10) : 0;
    }

  return g_get_monotonic_time () - delay / 1000;
}

/* Runs @context until @done is true. Fails after TEST_TIMEOUT_SECONDS. */
#define test_iterate_until(context, done)                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GSource) alarm_ = g_timeout_source_new_seconds (TEST_TIMEOUT_SECONDS);              \
    gboolean expired_ = FALSE;                                                                     \
    g_source_set_callback (alarm_, test_set_expired, &expired_, NULL);                             \
    g_source_attach (alarm_, (context));                                                           \
    while (!(done))                                                                                \
      {                                                                                            \
        g_assert_false (expired_);                                                                 \
        g_main_context_iteration ((context), TRUE);                                                \
      }                                                                                            \
    g_source_destroy (alarm_);                                                                     \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
