/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "locks": a free lock, and how long a thread that waits for a lock needs to get it after
 * another process has released it. The times of the second kind are times on the clock, and so
 * depend on the load of the machine. */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS    25
#define HOLD_USEC 30000
#define FOREVER   (-1)

static ShmSharedMemory *block;
static ShmShareableList *list;
static int bare; /* an open file description of its own, for the system calls */

static void
call_lock (int command, short type)
{
  struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_len = G_MAXINT64 / 2 };

  bench_check (fcntl (bare, command, &lock) == 0);
}

static void
lock_and_release (ShmLockGuard *guard)
{
  bench_check (guard != NULL && shm_lock_guard_release (guard, NULL));
  shm_lock_guard_unref (guard);
}

BENCH (
    lock_block,
    lock_and_release (shm_shared_memory_lock (block, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, NULL)))
BENCH (
    lock_bytes,
    lock_and_release (
        shm_shared_memory_lock_range (block, 8, 8, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, NULL)))
BENCH (
    lock_list,
    lock_and_release (shm_shareable_list_lock (list, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, NULL)))
BENCH (call_ofd, call_lock (F_OFD_SETLK, F_WRLCK); call_lock (F_OFD_SETLK, F_UNLCK))
BENCH (call_posix, call_lock (F_SETLK, F_WRLCK); call_lock (F_SETLK, F_UNLCK))
BENCH (call_flock, bench_check (flock (bare, LOCK_EX) == 0 && flock (bare, LOCK_UN) == 0))

static void
bench_free_locks (void)
{
  BENCH_COMPARE ("lock and release a block", 1, { "shmobj", lock_block },
                 { "limit: two OFD lock calls", call_ofd }, { "lockf()", call_posix },
                 { "flock()", call_flock });
  BENCH_COMPARE ("lock and release 8 bytes", 1, { "shmobj", lock_bytes },
                 { "limit: two OFD lock calls", call_ofd });
  BENCH_COMPARE ("lock and release a list", 1, { "shmobj", lock_list },
                 { "limit: two OFD lock calls", call_ofd });
}

/* Handing over */

static struct
{
  int is_locked;      /* (atomic) */
  gint64 released_at; /* monotonic time in microseconds; 0: the holder is killed instead */
} * state;

static void
wait_bare (void)
{
  call_lock (F_OFD_SETLKW, F_WRLCK);
}

static void
wait_without_limit (void)
{
  ShmLockGuard *guard
      = shm_shared_memory_lock (block, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, NULL);

  lock_and_release (guard);
}

static void
wait_with_limit (void)
{
  ShmLockGuard *guard
      = shm_shared_memory_lock (block, SHM_LOCK_MODE_EXCLUSIVE, 60 * G_USEC_PER_SEC, NULL, NULL);

  lock_and_release (guard);
}

static void
on_lock (GObject *source, GAsyncResult *result, gpointer loop)
{
  lock_and_release (shm_shared_memory_lock_finish (SHM_SHARED_MEMORY (source), result, NULL));
  g_main_loop_quit (loop);
}

static void
wait_in_main_loop (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  shm_shared_memory_lock_async (block, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, on_lock, loop);
  g_main_loop_run (loop);
}

/* Holds the lock for a while. The child does not free what it has inherited. */
static pid_t
start_holder (void)
{
  const pid_t child = fork ();

  bench_check (child >= 0);
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      bench_check (shm_shared_memory_lock (block, SHM_LOCK_MODE_EXCLUSIVE, FOREVER, NULL, NULL)
                   != NULL);
      __atomic_store_n (&state->is_locked, TRUE, __ATOMIC_SEQ_CST);
      g_usleep (HOLD_USEC);
      state->released_at = g_get_monotonic_time ();
      raise (SIGKILL);
    }
  while (!__atomic_load_n (&state->is_locked, __ATOMIC_SEQ_CST))
    g_usleep (100);

  return child;
}

/* Returns the time from the death of the holder until the waiter has the lock, in nanoseconds. */
static double
hand_over (void (*wait) (void))
{
  gint64 got;
  pid_t holder;

  state->is_locked = FALSE;
  holder = start_holder ();
  wait ();
  got = g_get_monotonic_time ();
  if (wait == wait_bare)
    call_lock (F_OFD_SETLK, F_UNLCK);
  bench_check (waitpid (holder, NULL, 0) == holder);

  return 1000.0 * (got - state->released_at);
}

static void
bench_hand_over (void)
{
  void (*const waits[]) (void)
      = { wait_without_limit, wait_with_limit, wait_in_main_loop, wait_bare };
  const char *const names[]
      = { "shmobj", "shmobj, with a timeout", "shmobj, in a main loop", "limit: F_OFD_SETLKW" };
  double times[G_N_ELEMENTS (waits)][ROUNDS];

  for (guint round = 0; round < ROUNDS; round++)
    for (guint turn = 0; turn < G_N_ELEMENTS (waits); turn++)
      {
        const guint i = (round + turn) % G_N_ELEMENTS (waits);

        times[i][round] = hand_over (waits[i]);
      }

  bench_print_rounds ("the holder is killed: until a waiting process has the lock",
                      G_N_ELEMENTS (waits), names, times[0], ROUNDS);
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;

  bench_begin ("locks");
  state = mmap (NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  bench_check (state != MAP_FAILED);
  block = shm_shared_memory_create (NULL, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (block != NULL);
  list = shm_shareable_list_create (g_variant_new_parsed ("(int64 1,)"), NULL,
                                    SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (list != NULL);
  path = g_build_filename ("/dev/shm", shm_shared_memory_get_name (block), NULL);
  bare = open (path, O_RDWR | O_CLOEXEC);
  bench_check (bare >= 0);

  bench_free_locks ();
  bench_hand_over ();

  close (bare);
  g_object_unref (list);
  g_object_unref (block);

  return 0;
}
