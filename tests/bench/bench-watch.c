/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "watch": how long the watches of blocks keep a main loop from its other sources. A
 * timeout source should be dispatched every 10 milliseconds; the program prints the longest time
 * between two dispatches, minus these 10 milliseconds. The times are times on the clock.
 *
 * bench-watch [BLOCKS]      BLOCKS is the number of blocks that are removed at once; 20000 if it is
 * missing
 *
 * In the first part, two processes change the mode of a thousand watched blocks without a pause,
 * and another thread forks at the same time. In the second part, all watched blocks are removed at
 * once. */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INTERVAL_MSEC  10
#define STORM_BLOCKS   1000
#define STORM_PEERS    2
#define STORM_SECONDS  3
#define REMOVED_BLOCKS 20000

typedef struct
{
  gint64 last;    /* monotonic time in microseconds; 0 before the first tick */
  gint64 longest; /* microseconds */
  guint n_ticks;
} Ticks;

static gboolean
tick (gpointer data)
{
  Ticks *ticks = data;
  const gint64 now = g_get_monotonic_time ();

  if (ticks->last != 0)
    ticks->longest = MAX (ticks->longest, now - ticks->last - INTERVAL_MSEC * 1000);
  ticks->last = now;
  ticks->n_ticks++;

  return G_SOURCE_CONTINUE;
}

static void
add_one (ShmSharedMemory *shm, gpointer counter)
{
  (*(guint *) counter)++;
}

static GPtrArray *
create_watched (guint n_blocks, guint *n_unlinked)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n_blocks; i++)
    {
      g_autoptr (GError) error = NULL;
      ShmSharedMemory *shm = shm_shared_memory_create (NULL, 1, SHM_CREATE_UNLINK_ON_CLOSE, &error);

      if (shm == NULL || !shm_shared_memory_watch (shm, &error))
        g_error ("%s", error->message);
      g_signal_connect (shm, "unlinked", G_CALLBACK (add_one), n_unlinked);
      g_ptr_array_add (blocks, shm);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;

  return blocks;
}

/* Runs until its parent ends. */
static void
run_peer (GPtrArray *blocks, pid_t parent)
{
  while (getppid () == parent)
    for (guint i = 0; i < blocks->len; i++)
      if (fchmod (shm_shared_memory_get_fd (blocks->pdata[i]), 0600) < 0)
        _exit (1);
  _exit (0);
}

static int is_storm_over; /* (atomic) */

/* Forks again and again. Returns the longest time of a fork() in microseconds. */
static gpointer
fork_often (gpointer data)
{
  gint64 longest = 0;

  while (!g_atomic_int_get (&is_storm_over))
    {
      const gint64 begin = g_get_monotonic_time ();
      const pid_t child = fork ();

      if (child == 0)
        _exit (0);
      longest = MAX (longest, g_get_monotonic_time () - begin);
      waitpid (child, NULL, 0);
      g_usleep (10000);
    }

  return GSIZE_TO_POINTER (longest);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

static void
print_time (const char *title, gint64 microseconds)
{
  const double nanoseconds = microseconds * 1e3;

  bench_print_times (title, "shmobj", &nanoseconds, 1);
}

static void
measure_storm (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint n_unlinked = 0;
  g_autoptr (GPtrArray) blocks = create_watched (STORM_BLOCKS, &n_unlinked);
  pid_t peers[STORM_PEERS];
  Ticks ticks = { 0 };
  GThread *thread;
  const pid_t parent = getpid ();
  gint64 longest_fork;

  for (guint i = 0; i < STORM_PEERS; i++)
    {
      peers[i] = fork ();
      if (peers[i] == 0)
        run_peer (blocks, parent);
    }
  thread = g_thread_new ("fork", fork_often, NULL);
  g_timeout_add (INTERVAL_MSEC, tick, &ticks);
  g_timeout_add_seconds (STORM_SECONDS, quit, loop);
  g_main_loop_run (loop);

  g_atomic_int_set (&is_storm_over, TRUE);
  longest_fork = GPOINTER_TO_SIZE (g_thread_join (thread));
  g_source_remove_by_user_data (&ticks);
  for (guint i = 0; i < STORM_PEERS; i++)
    {
      kill (peers[i], SIGKILL);
      waitpid (peers[i], NULL, 0);
    }

  print_time ("a tick, while 2 processes change the modes of 1000 watched blocks: longest delay",
              ticks.longest);
  print_time ("fork() in this time: longest", longest_fork);
}

static void
measure_removal (guint n_blocks)
{
  g_autofree char *signal_title
      = g_strdup_printf ("%u watched blocks are removed at once: until the last signal", n_blocks);
  const char *tick_title = "a tick in this time: longest delay";
  guint n_unlinked = 0;
  g_autoptr (GPtrArray) blocks = create_watched (n_blocks, &n_unlinked);
  Ticks ticks = { 0 };
  gint64 begin;

  for (guint i = 0; i < blocks->len; i++)
    {
      g_autofree char *path
          = g_build_filename ("/dev/shm", shm_shared_memory_get_name (blocks->pdata[i]), NULL);

      unlink (path);
    }

  begin = g_get_monotonic_time ();
  g_timeout_add (INTERVAL_MSEC, tick, &ticks);
  while (n_unlinked < n_blocks)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove_by_user_data (&ticks);
  print_time (signal_title, g_get_monotonic_time () - begin);
  print_time (tick_title, ticks.longest);
}

/* Each block needs a descriptor. Returns the number of descriptors that this process can have. */
static guint
raise_limit (guint n_descriptors)
{
  struct rlimit limit = { n_descriptors, n_descriptors };

  if (setrlimit (RLIMIT_NOFILE, &limit) == 0 || getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return n_descriptors;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  return limit.rlim_cur;
}

int
main (int argc, char **argv)
{
  const guint wanted = argc > 1 ? atoi (argv[1]) : REMOVED_BLOCKS;
  const guint limit = raise_limit (wanted + 100);

  bench_begin ("watch");
  measure_storm ();
  measure_removal (MIN (wanted, limit - 100));

  return 0;
}
