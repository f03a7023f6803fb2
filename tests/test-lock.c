/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests locks: threads, objects and processes exclude each other, and every wait ends. */

#include "shm-test.h"

#include "core/shm-list-steps.h"
#include "core/shm-lock-queue.h"
#include "manager/shm-cancel.h"
#include "shm-shared-memory-private.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define SECOND    G_USEC_PER_SEC
#define FOREVER   (-1)
#define EXCLUSIVE SHM_LOCK_MODE_EXCLUSIVE
#define SHARED    SHM_LOCK_MODE_SHARED

static ShmSharedMemory *
create (void)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *block = shm_shared_memory_create_anonymous (4096, 0, &error);

  g_assert_no_error (error);

  return block;
}

/* Returns another object for the same block. */
static ShmSharedMemory *
attach (ShmSharedMemory *block)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *other
      = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (block), 0, &error);

  g_assert_no_error (error);

  return other;
}

static ShmLockGuard *
lock (ShmSharedMemory *block, ShmLockMode mode)
{
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = shm_shared_memory_lock (block, mode, FOREVER, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (guard);

  return guard;
}

/* The lock of a process that will be killed, so that valgrind does not report it as leaked. */
static ShmLockGuard *volatile held;

static gboolean
can_lock (ShmSharedMemory *block, ShmLockMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmLockGuard) guard = shm_shared_memory_lock (block, mode, 0, NULL, &error);

  if (guard != NULL)
    return TRUE;
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "locked");

  return FALSE;
}

static gboolean
can_lock_range (ShmSharedMemory *block, guint64 offset, guint64 length, ShmLockMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmLockGuard) guard
      = shm_shared_memory_lock_range (block, offset, length, mode, 0, NULL, &error);

  if (guard != NULL)
    return TRUE;
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "bytes at offset");

  return FALSE;
}

static void
release (ShmLockGuard *guard)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_lock_guard_release (guard, &error));
  g_assert_no_error (error);
  shm_lock_guard_unref (guard);
}

/* Returns the number of threads, of all processes, that wait in the kernel for a lock of the
 * block. */
static guint
count_waiters (ShmSharedMemory *block)
{
  g_autofree char *locks = NULL;
  g_autofree char *file = NULL;
  g_auto (GStrv) lines = NULL;
  struct stat info;
  guint count = 0;

  g_assert_cmpint (fstat (shm_shared_memory_get_private (block)->block.fd, &info), ==, 0);
  file = g_strdup_printf (" %02x:%02x:%" G_GUINT64_FORMAT " ", major (info.st_dev),
                          minor (info.st_dev), (guint64) info.st_ino);
  g_assert_true (g_file_get_contents ("/proc/locks", &locks, NULL, NULL));
  lines = g_strsplit (locks, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (strstr (*line, "-> OFDLCK") != NULL && strstr (*line, file) != NULL)
      count++;

  return count;
}

/* Waits until a number of threads wait. The list of locks is not read atomically: if other locks
 * change meanwhile, one look can miss a waiting thread. */
static void
await_waiters (ShmSharedMemory *block, guint n)
{
  for (int i = 0; count_waiters (block) != n; i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
}

/* Waits until the block can be locked. It cannot while a parked thread releases a lock that nobody
 * wants. */
static void
await_unlocked (ShmSharedMemory *block)
{
  for (int i = 0; !can_lock (block, EXCLUSIVE); i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
}

/* Waits until another process has locked the block. */
static void
await_locked (ShmSharedMemory *block)
{
  test_await (!can_lock (block, EXCLUSIVE));
}

static guint
count_threads (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/task", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (folder) != NULL)
    count++;

  return count;
}

/* The number of threads of this program, without those that wait for locks. */
static guint n_own_threads;

/* Waits until the threads that have waited for locks have ended. */
static void
await_end_of_threads (void)
{
  test_await (count_threads () == n_own_threads);
}

/* Starts a process that holds a lock until it is killed. */
static pid_t
start_holder (ShmSharedMemory *block, ShmLockMode mode)
{
  const pid_t child = test_fork_child ();

  if (child == 0)
    {
      ShmLockGuard *guard = lock (block, mode);

      for (;;)
        pause ();
      shm_lock_guard_unref (guard);
    }
  await_locked (block);

  return child;
}

static void
kill_child (pid_t child)
{
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
}

/* Exclusion */

static void
test_exclusive (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (ShmSharedMemory) other = attach (block);
  ShmLockGuard *guard = lock (block, EXCLUSIVE);

  g_assert_false (can_lock (block, EXCLUSIVE));
  g_assert_false (can_lock (block, SHARED));
  g_assert_false (can_lock (other, EXCLUSIVE));
  g_assert_false (can_lock (other, SHARED));
  g_assert_true (shm_lock_guard_is_held (guard));
  release (guard);
  g_assert_true (can_lock (block, EXCLUSIVE));
  g_assert_true (can_lock (other, EXCLUSIVE));
}

static void
test_shared (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (ShmSharedMemory) other = attach (block);
  ShmLockGuard *guards[SHM_LOCK_POOL_SIZE * 3];
  const guint n_before = test_count_descriptors ();

  for (gsize i = 0; i < G_N_ELEMENTS (guards); i++)
    guards[i] = lock (i % 2 == 0 ? block : other, SHARED);
  g_assert_cmpuint (test_count_descriptors (), ==, n_before + G_N_ELEMENTS (guards));
  for (gsize i = 0; i < G_N_ELEMENTS (guards); i++)
    {
      g_assert_false (can_lock (block, EXCLUSIVE));
      g_assert_true (can_lock (other, SHARED));
      release (guards[i]);
    }
  g_assert_true (can_lock (block, EXCLUSIVE));

  /* Unused descriptors are kept, but not all of them. */
  g_assert_cmpuint (test_count_descriptors (), ==, n_before + 2 * SHM_LOCK_POOL_SIZE);
  shm_shared_memory_close (block, NULL);
  shm_shared_memory_close (other, NULL);
  g_assert_cmpuint (test_count_descriptors (), ==, n_before - 2);
}

static void
test_ranges (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard
      = shm_shared_memory_lock_range (block, 100, 10, EXCLUSIVE, FOREVER, NULL, NULL);

  g_assert_true (can_lock_range (block, 0, 100, EXCLUSIVE));
  g_assert_true (can_lock_range (block, 110, 4096 - 110, EXCLUSIVE));
  g_assert_false (can_lock_range (block, 99, 2, EXCLUSIVE));
  g_assert_false (can_lock_range (block, 109, 1, SHARED));
  g_assert_false (can_lock (block, EXCLUSIVE));
  release (guard);
  g_assert_true (can_lock_range (block, 99, 2, EXCLUSIVE));

  guard = lock (block, SHARED);
  g_assert_false (can_lock_range (block, 4095, 1, EXCLUSIVE));
  g_assert_true (can_lock_range (block, 4095, 1, SHARED));
  release (guard);
}

static void
test_killed_holder (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const pid_t holder = start_holder (block, EXCLUSIVE);
  const pid_t waiter = test_fork_child ();
  ShmLockGuard *guard;

  if (waiter == 0)
    {
      release (lock (block, EXCLUSIVE));
      test_end_child (block);
    }
  await_waiters (block, 1);
  kill_child (holder);
  guard = lock (block, EXCLUSIVE);
  release (guard);
  test_join (waiter);
}

/* A program without this library, such as CPython, uses POSIX locks. */
static void
test_posix_lock (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  struct flock found = whole;
  ShmLockGuard *guard;
  pid_t child;

  child = test_fork_child ();
  if (child == 0)
    {
      g_assert_cmpint (fcntl (shm_shared_memory_get_fd (block), F_SETLKW, &whole), ==, 0);
      for (;;)
        pause ();
    }
  await_locked (block);
  kill_child (child);

  guard = lock (block, SHARED);
  g_assert_cmpint (fcntl (shm_shared_memory_get_fd (block), F_GETLK, &found), ==, 0);
  g_assert_cmpint (found.l_type, ==, F_RDLCK);
  release (guard);
}

/* The holders of the lock increase a number in the block. The load and the store are atomic only
 * because TSan does not know locks of files. */

#define N_WORKERS 3

static gint64 *
get_number (ShmSharedMemory *block)
{
  return shm_shared_memory_get_data (block, NULL);
}

typedef struct
{
  ShmSharedMemory *block;
  guint n_rounds;
  guint seed;
} Work;

/* Locks in a different way in each round. */
static ShmLockGuard *
lock_somehow (ShmSharedMemory *block, guint way)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = NULL;

  while (guard == NULL)
    {
      g_clear_error (&error);
      switch (way % 4)
        {
        case 0:
          guard = shm_shared_memory_lock (block, EXCLUSIVE, FOREVER, NULL, &error);
          break;
        case 1:
          guard = shm_shared_memory_lock (block, EXCLUSIVE, FOREVER, cancellable, &error);
          break;
        case 2:
          guard
              = shm_shared_memory_lock_range (block, 0, 8, EXCLUSIVE, FOREVER, cancellable, &error);
          break;
        default:
          guard = shm_shared_memory_lock (block, EXCLUSIVE, 2000, NULL, &error);
        }
      if (error != NULL)
        g_assert_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT);
    }

  return guard;
}

static gpointer
work (gpointer data)
{
  const Work *self = data;
  gint64 *number = get_number (self->block);

  for (guint i = 0; i < self->n_rounds; i++)
    {
      ShmLockGuard *guard = lock_somehow (self->block, self->seed + i);
      const gint64 before = __atomic_load_n (number, __ATOMIC_RELAXED);

      if (i % 16 == 0)
        g_usleep (100);
      __atomic_store_n (number, before + 1, __ATOMIC_RELAXED);
      release (guard);
    }

  return NULL;
}

static void
test_stress (void)
{
  const guint n_rounds = g_test_slow () ? 10000 : 300;
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (ShmSharedMemory) other = attach (block);
  Work works[N_WORKERS] = {
    { block, n_rounds, 0 },
    { block, n_rounds, 1 },
    { other, n_rounds, 2 },
  };
  GThread *threads[N_WORKERS];
  pid_t children[N_WORKERS];

  get_number (other);
  for (int i = 0; i < N_WORKERS; i++)
    {
      children[i] = test_fork_child ();
      if (children[i] == 0)
        {
          work (&works[i]);
          g_object_unref (other);
          test_end_child (block);
        }
    }
  for (int i = 0; i < N_WORKERS; i++)
    threads[i] = g_thread_new ("work", work, &works[i]);
  for (int i = 0; i < N_WORKERS; i++)
    {
      g_thread_join (threads[i]);
      test_join (children[i]);
    }

  g_assert_cmpint (*get_number (block), ==, 2 * N_WORKERS * n_rounds);
  await_unlocked (block);
}

/* Guards */

static void
test_guard (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);

  g_assert_true (shm_lock_guard_ref (guard) == guard);
  shm_lock_guard_unref (guard);
  g_assert_false (can_lock (block, EXCLUSIVE));
  shm_lock_guard_unref (guard);
  g_assert_true (can_lock (block, EXCLUSIVE));

  guard = lock (block, EXCLUSIVE);
  g_assert_true (shm_lock_guard_release (guard, NULL));
  g_assert_false (shm_lock_guard_is_held (guard));
  g_assert_true (can_lock (block, EXCLUSIVE));
  g_assert_true (shm_lock_guard_release (guard, NULL));

  /* The guard that was released before does not release the lock of another guard. */
  {
    g_autoptr (ShmLockGuard) second G_GNUC_UNUSED = lock (block, EXCLUSIVE);

    shm_lock_guard_unref (guard);
    g_assert_false (can_lock (block, EXCLUSIVE));
  }
  g_assert_true (can_lock (block, EXCLUSIVE));

  guard = g_boxed_copy (SHM_TYPE_LOCK_GUARD, lock (block, EXCLUSIVE));
  g_boxed_free (SHM_TYPE_LOCK_GUARD, guard);
  g_assert_true (shm_lock_guard_is_held (guard));
  g_boxed_free (SHM_TYPE_LOCK_GUARD, guard);
}

/* A lock outlives the object from which it came. */
static void
test_close_with_lock (void)
{
  g_autoptr (ShmSharedMemory) other = create ();
  const guint n_before = test_count_descriptors ();
  ShmSharedMemory *block = attach (other);
  ShmLockGuard *first = lock (block, SHARED);
  ShmLockGuard *second = lock (block, SHARED);
  g_autoptr (GError) error = NULL;

  shm_shared_memory_close (block, NULL);
  g_assert_null (shm_shared_memory_lock (block, SHARED, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "closed");
  g_assert_true (shm_lock_guard_is_held (first));
  release (first);
  g_assert_false (can_lock (other, EXCLUSIVE));
  g_object_unref (block);
  g_assert_false (can_lock (other, EXCLUSIVE));
  release (second);
  g_assert_true (can_lock (other, EXCLUSIVE));
  g_assert_cmpuint (test_count_descriptors (), ==, n_before + 1);
}

static void
test_read_only (void)
{
  g_autofree char *name = test_name ("read-only");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmSharedMemory) reader = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, NULL);
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = lock (reader, SHARED);

  g_assert_null (shm_shared_memory_lock (reader, EXCLUSIVE, FOREVER, NULL, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, name);
  g_assert_true (can_lock (block, SHARED));
  g_assert_false (can_lock (block, EXCLUSIVE));
  release (guard);
  g_assert_true (can_lock (block, EXCLUSIVE));
}

/* A block that is sealed against writing can still be locked, and its locks do not prevent the
 * seal. */
static void
test_sealed (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (ShmLockGuard) guard = lock (block, EXCLUSIVE);
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_shared_memory_seal (block, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
  release (g_steal_pointer (&guard));
  release (lock (block, EXCLUSIVE));
}

/* Returns a descriptor of this process that holds a lock of the block. */
static int
find_handle (ShmSharedMemory *block)
{
  const int own = shm_shared_memory_get_fd (block);

  for (int fd = 1023; fd > 2; fd--)
    {
      struct stat a, b;

      if (fd != own && fstat (fd, &a) == 0 && fstat (own, &b) == 0 && a.st_ino == b.st_ino
          && a.st_dev == b.st_dev)
        return fd;
    }

  g_assert_not_reached ();
}

/* Other code closes the descriptor of a lock. */
static void
test_closed_descriptor (void)
{
  g_autofree char *name = test_name ("closed-descriptor");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  g_autoptr (GError) error = NULL;

  close (find_handle (block));
  g_assert_false (shm_lock_guard_release (guard, &error));
  test_assert_error (error, SHM_ERROR_BAD_DESCRIPTOR, name);
  g_assert_true (shm_lock_guard_release (guard, &error));
  shm_lock_guard_unref (guard);

  /* The next lock opens the block again, also if the descriptor of an unused handle is closed. */
  release (lock (block, EXCLUSIVE));
  close (find_handle (block));
  guard = lock (block, EXCLUSIVE);
  g_assert_false (can_lock (block, SHARED));
  release (guard);
}

/* Forks */

static void
test_fork_with_lock (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  pid_t child = test_fork_child ();

  if (child == 0)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (shm_lock_guard_is_held (guard));
      g_assert_false (can_lock (block, SHARED));
      g_assert_true (shm_lock_guard_release (guard, &error));
      g_assert_no_error (error);
      shm_lock_guard_unref (guard);
      g_assert_false (can_lock (block, SHARED));
      test_end_child (block);
    }
  test_join (child);
  g_assert_true (shm_lock_guard_is_held (guard));
  g_assert_false (can_lock (block, SHARED));

  /* The child waits with its own descriptor, and gets the lock. */
  child = test_fork_child ();
  if (child == 0)
    {
      shm_lock_guard_unref (guard);
      guard = shm_shared_memory_lock (block, EXCLUSIVE, TEST_TIMEOUT_SECONDS * SECOND, NULL, NULL);
      g_assert_true (shm_lock_guard_is_held (guard));
      release (guard);
      test_end_child (block);
    }
  await_waiters (block, 1);
  release (guard);
  test_join (child);
}

/* A child does not keep the lock of a parent that dies. */
static void
test_orphan (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  int ends[2];
  pid_t parent;
  char byte;

  g_assert_cmpint (pipe (ends), ==, 0);
  parent = test_fork_child ();
  if (parent == 0)
    {
      held = lock (block, EXCLUSIVE);
      if (fork () == 0)
        {
          /* Runs until the test closes the pipe. */
          close (ends[1]);
          _exit (read (ends[0], &byte, 1));
        }
      for (;;)
        pause ();
    }
  await_locked (block);
  kill_child (parent);
  release (lock (block, EXCLUSIVE));
  close (ends[0]);
  close (ends[1]);
}

/* Waits */

static void
test_timeout (void)
{
  g_autofree char *name = test_name ("timeout");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 100, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  const gint64 timeouts[] = { 0, 1, 500, 3000, 30000 };
  ShmLockGuard *guard = lock (block, EXCLUSIVE);

  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      const gint64 started = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;

      g_assert_null (shm_shared_memory_lock (block, SHARED, timeouts[i], NULL, &error));
      test_assert_error (error, SHM_ERROR_TIMED_OUT, name);
      g_assert_cmpint (g_get_monotonic_time () - started, >=, timeouts[i]);
    }
  release (guard);

  guard = shm_shared_memory_lock (block, SHARED, G_MAXINT64, NULL, NULL);
  g_assert_nonnull (guard);
  release (guard);
}

/* All waits for the same range and mode use one parked thread, which ends when the lock is free. */
static void
test_parked_thread (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);

  await_end_of_threads ();
  for (int i = 0; i < 20; i++)
    {
      g_assert_null (shm_shared_memory_lock (block, SHARED, 2000, NULL, NULL));
      g_assert_null (shm_shared_memory_lock (block, EXCLUSIVE, 2000, NULL, NULL));
      g_assert_null (shm_shared_memory_lock_range (block, 3, 5, SHARED, 2000, NULL, NULL));
    }
  await_waiters (block, 3);
  g_assert_cmpuint (count_threads (), ==, n_own_threads + 3);

  /* The threads release the locks that nobody wants. */
  release (guard);
  await_end_of_threads ();
  g_assert_true (can_lock (block, EXCLUSIVE));
}

/* A later wait adopts the parked thread of an earlier one. */
static void
test_adopted_thread (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const pid_t holder = start_holder (block, EXCLUSIVE);
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard;

  await_end_of_threads ();
  g_assert_null (shm_shared_memory_lock (block, EXCLUSIVE, 2000, NULL, NULL));
  await_waiters (block, 1);
  g_assert_cmpuint (count_threads (), ==, n_own_threads + 1);
  kill (holder, SIGKILL);
  guard = shm_shared_memory_lock (block, EXCLUSIVE, TEST_TIMEOUT_SECONDS * SECOND, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (can_lock (block, EXCLUSIVE));
  release (guard);
  waitpid (holder, NULL, 0);
  await_end_of_threads ();
}

static int n_signals; /* (atomic) */

static void
on_signal (int number)
{
  g_atomic_int_inc (&n_signals);
}

/* A parked thread handles no signal of the program. */
static void
test_signals (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  const struct sigaction action = { .sa_handler = on_signal };
  struct sigaction former;
  sigset_t wanted, former_mask;

  sigemptyset (&wanted);
  sigaddset (&wanted, SIGUSR1);
  sigaction (SIGUSR1, &action, &former);
  g_assert_null (shm_shared_memory_lock (block, EXCLUSIVE, 2000, NULL, NULL));
  await_waiters (block, 1);

  /* main() has started GLib's own threads so that they handle no signal either. */
  pthread_sigmask (SIG_BLOCK, &wanted, &former_mask);
  kill (getpid (), SIGUSR1);
  g_usleep (2000);
  g_assert_cmpint (g_atomic_int_get (&n_signals), ==, 0);
  pthread_sigmask (SIG_SETMASK, &former_mask, NULL);
  g_assert_cmpint (g_atomic_int_get (&n_signals), ==, 1);
  sigaction (SIGUSR1, &former, NULL);
  release (guard);
}

/* How a wait in another thread ends. */
typedef struct
{
  ShmSharedMemory *block;
  GCancellable *cancellable;
  gint64 timeout;
  GQuark domain;
  int code;
} Ending;

static gpointer
fail_in_thread (gpointer data)
{
  const Ending *ending = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (shm_shared_memory_lock (ending->block, EXCLUSIVE, ending->timeout,
                                         ending->cancellable, &error));
  g_assert_error (error, ending->domain, ending->code);

  return NULL;
}

static void
test_cancel (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Ending ending = { block, cancellable, FOREVER, G_IO_ERROR, G_IO_ERROR_CANCELLED };
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  GThread *thread = g_thread_new ("lock", fail_in_thread, &ending);

  await_waiters (block, 1);
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);

  /* The cancellable is cancelled before the wait. */
  fail_in_thread (&ending);
  release (guard);
  fail_in_thread (&ending);
  await_unlocked (block);
}

/* Cancels at different moments, some of which are before the parked thread waits. */
static void
test_cancel_at_any_time (void)
{
  const int n_rounds = g_test_slow () ? 5000 : 200;
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);

  for (int i = 0; i < n_rounds; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Ending ending = { block, cancellable, FOREVER, G_IO_ERROR, G_IO_ERROR_CANCELLED };
      GThread *thread = g_thread_new ("lock", fail_in_thread, &ending);

      g_usleep (i % 20 * 100);
      g_cancellable_cancel (cancellable);
      g_thread_join (thread);
    }
  release (guard);
  await_unlocked (block);
}

/* The lock becomes free, and the wait is cancelled, at about the same time. */
static gpointer
lock_or_cancel (gpointer data)
{
  const Ending *ending = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmLockGuard) guard
      = shm_shared_memory_lock (ending->block, EXCLUSIVE, ending->timeout, ending->cancellable,
                                &error);

  g_assert_true ((guard == NULL) == (error != NULL));

  return NULL;
}

static void
test_cancel_and_release (void)
{
  const int n_rounds = g_test_slow () ? 5000 : 200;
  g_autoptr (ShmSharedMemory) block = create ();

  for (int i = 0; i < n_rounds; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Ending ending = { block, cancellable, i % 3 == 0 ? 1500 : FOREVER, 0, 0 };
      ShmLockGuard *guard = lock (block, EXCLUSIVE);
      GThread *thread = g_thread_new ("lock", lock_or_cancel, &ending);

      g_usleep (i % 4 * 500);
      if (i % 2 == 0)
        release (guard);
      g_cancellable_cancel (cancellable);
      if (i % 2 == 1)
        release (guard);
      g_thread_join (thread);
      await_unlocked (block);
    }
}

static void
test_close_meanwhile (void)
{
  g_autoptr (ShmSharedMemory) other = create ();
  ShmLockGuard *guard = lock (other, EXCLUSIVE);

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (ShmSharedMemory) block = attach (other);
      const gboolean is_limited = i == 0;
      Ending ending
          = { block, NULL, is_limited ? G_MAXINT64 - 1 : FOREVER, SHM_ERROR, SHM_ERROR_CLOSED };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GThread *thread;

      /* A wait without a limit fails when the lock is free. */
      if (is_limited)
        ending.cancellable = cancellable;
      thread = g_thread_new ("lock", fail_in_thread, &ending);
      await_waiters (other, 1);
      g_assert_true (shm_shared_memory_close (block, NULL));
      if (!is_limited)
        release (g_steal_pointer (&guard));
      g_thread_join (thread);
      if (is_limited)
        {
          release (guard);
          await_end_of_threads ();
          guard = lock (other, EXCLUSIVE);
        }
    }
  g_assert_true (can_lock (other, EXCLUSIVE));
}

/* A check function, such as that of Python's signal handlers, forks during a wait. The child
 * continues the wait of its thread. */
static pid_t forked_in_wait;

static gboolean
fork_once (gpointer user_data)
{
  if (count_waiters (user_data) == 0 || forked_in_wait != -1)
    return TRUE;
  forked_in_wait = test_fork_child ();
  if (forked_in_wait != 0)
    shm_shared_memory_atomic_store_int32 (user_data, 0, TRUE, NULL);

  return TRUE;
}

static void
test_fork_in_wait (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  const pid_t holder = start_holder (block, EXCLUSIVE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  pid_t killer = test_fork_child ();
  ShmLockGuard *guard;

  if (killer == 0)
    {
      /* The waits of the parent and of its child. The list of locks in /proc can show a wait twice
       * while it changes, so the parent also says that it has forked. */
      test_await (shm_shared_memory_atomic_load_int32 (block, 0, NULL) == TRUE);
      await_waiters (block, 2);
      kill (holder, SIGKILL);
      test_end_child (block);
    }

  forked_in_wait = -1;
  shm_cancel_set_check (cancellable, fork_once, block, NULL);
  guard = shm_shared_memory_lock (block, EXCLUSIVE, FOREVER, cancellable, &error);
  g_assert_no_error (error);
  g_assert_true (shm_lock_guard_is_held (guard));
  release (guard);
  if (forked_in_wait == 0)
    {
      g_clear_object (&cancellable);
      test_end_child (block);
    }
  test_join (forked_in_wait);
  test_join (killer);
  waitpid (holder, NULL, 0);
}

/* Refuses a system call in this process. */
static void
refuse_call (int number, int errnum)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (code), code };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

static void
on_lock (GObject *source, GAsyncResult *result, gpointer results)
{
  g_ptr_array_add (results, g_object_ref (result));
}

static void
test_without_threads (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  pid_t child;

  if (test_skip_if_emulated ("seccomp"))
    {
      release (guard);
      return;
    }

  child = test_fork_child ();
  if (child == 0)
    {
      g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (GError) error = NULL;

#ifdef SYS_clone3
      refuse_call (SYS_clone3, EAGAIN);
#endif
      refuse_call (SYS_clone, EAGAIN);
      g_assert_null (shm_shared_memory_lock (block, EXCLUSIVE, SECOND, NULL, &error));
      test_assert_error (error, SHM_ERROR_FAILED, "thread");
      shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, NULL, on_lock, results);
      test_iterate_until (NULL, results->len > 0);
      g_assert_null (shm_shared_memory_lock_finish (block, results->pdata[0], &error));
      test_assert_error (error, SHM_ERROR_FAILED, "thread");
      shm_lock_guard_unref (guard);
      g_clear_pointer (&results, g_ptr_array_unref);
      test_end_child (block);
    }
  test_join (child);
  release (guard);
}

/* Waiting in a main loop */

static ShmLockGuard *
finish (ShmSharedMemory *block, GPtrArray *results, guint i, GError **error)
{
  return shm_shared_memory_lock_finish (block, results->pdata[i], error);
}

static void
test_async (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard;

  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, NULL, on_lock, results);
  g_assert_cmpuint (results->len, ==, 0);
  for (int i = 0; i < 3; i++)
    shm_shared_memory_lock_async (block, EXCLUSIVE, TEST_TIMEOUT_SECONDS * SECOND, NULL, on_lock,
                                  results);
  for (guint i = 0; i < 4; i++)
    {
      test_iterate_until (NULL, results->len > i);
      g_assert_cmpuint (results->len, ==, i + 1);
      guard = finish (block, results, i, &error);
      g_assert_no_error (error);
      g_assert_false (can_lock (block, EXCLUSIVE));
      release (guard);
    }
  await_unlocked (block);

  shm_shared_memory_lock_range_async (block, 10, 20, SHARED, FOREVER, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 5);
  guard = shm_shared_memory_lock_range_finish (block, results->pdata[4], &error);
  g_assert_no_error (error);
  g_assert_false (can_lock_range (block, 29, 1, EXCLUSIVE));
  release (guard);
}

/* A result that the callback does not take is freed, and with it the lock. */
static void
test_async_unused (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  GPtrArray *results = g_ptr_array_new_with_free_func (g_object_unref);

  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 1);
  g_assert_false (can_lock (block, EXCLUSIVE));
  g_ptr_array_unref (results);
  g_assert_true (can_lock (block, EXCLUSIVE));
}

static void
test_async_failures (void)
{
  g_autofree char *name = test_name ("async");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 100, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = lock (block, EXCLUSIVE);

  shm_shared_memory_lock_async (block, EXCLUSIVE, 0, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 1);
  g_assert_null (finish (block, results, 0, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, name);

  shm_shared_memory_lock_async (block, EXCLUSIVE, 5000, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 2);
  g_assert_null (finish (block, results, 1, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, name);

  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, cancellable, on_lock, results);
  g_cancellable_cancel (cancellable);
  test_iterate_until (NULL, results->len == 3);
  g_assert_null (finish (block, results, 2, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, cancellable, on_lock, results);
  test_iterate_until (NULL, results->len == 4);
  g_assert_null (finish (block, results, 3, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  shm_shared_memory_lock_range_async (block, 100, 1, SHARED, FOREVER, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 5);
  g_assert_null (shm_shared_memory_lock_range_finish (block, results->pdata[4], &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);

  /* Closing ends all waits. */
  for (int i = 0; i < 3; i++)
    shm_shared_memory_lock_async (block, i % 2 == 0 ? EXCLUSIVE : SHARED, FOREVER, NULL, on_lock,
                                  results);
  shm_shared_memory_close (block, NULL);
  test_iterate_until (NULL, results->len == 8);
  for (int i = 5; i < 8; i++)
    {
      g_assert_null (finish (block, results, i, &error));
      test_assert_error (error, SHM_ERROR_CLOSED, name);
    }
  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 9);
  g_assert_null (finish (block, results, 8, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  release (guard);
}

/* The task of a main context that does not run keeps its lock until the context runs. */
static void
test_async_late_context (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, NULL, on_lock, results);
  shm_shared_memory_lock_async (block, EXCLUSIVE, FOREVER, cancellable, on_lock, results);
  g_main_context_pop_thread_default (context);
  release (guard);
  await_waiters (block, 1);
  g_assert_false (can_lock (block, SHARED));
  g_cancellable_cancel (cancellable);
  test_iterate_until (context, results->len == 2);

  guard = finish (block, results, 0, &error);
  g_assert_no_error (error);
  g_assert_null (finish (block, results, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  release (guard);
  await_end_of_threads ();
  g_assert_true (can_lock (block, EXCLUSIVE));
}

/* A child does not continue the waits of its parent. */
static void
test_async_fork (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  pid_t child;

  shm_shared_memory_lock_async (block, EXCLUSIVE, TEST_TIMEOUT_SECONDS * SECOND, NULL, on_lock,
                                results);
  child = test_fork_child ();
  if (child == 0)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();

      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (results->len, ==, 0);

      /* A wait of the child itself works. The child needs its own main context: a copy of that of
       * its parent would take wake-ups from the parent. */
      g_main_context_push_thread_default (context);
      shm_shared_memory_lock_async (block, SHARED, FOREVER, NULL, on_lock, results);
      test_iterate_until (context, results->len == 1);
      g_main_context_pop_thread_default (context);
      release (finish (block, results, 0, NULL));
      g_clear_pointer (&context, g_main_context_unref);
      shm_lock_guard_unref (guard);
      g_clear_pointer (&results, g_ptr_array_unref);
      test_end_child (block);
    }
  await_waiters (block, 2);
  release (guard);
  test_iterate_until (NULL, results->len == 1);
  guard = finish (block, results, 0, &error);
  g_assert_no_error (error);
  release (guard);
  test_join (child);
}

/* A child does not report a timeout of its parent either. */
static void
test_async_fork_timeout (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = lock (block, EXCLUSIVE);
  pid_t child;

  shm_shared_memory_lock_async (block, EXCLUSIVE, 5000, NULL, on_lock, results);
  child = test_fork_child ();
  if (child == 0)
    {
      g_usleep (6000);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (results->len, ==, 0);
      shm_lock_guard_unref (guard);
      g_clear_pointer (&results, g_ptr_array_unref);
      test_end_child (block);
    }
  test_join (child);
  test_iterate_until (NULL, results->len == 1);
  g_assert_null (finish (block, results, 0, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "");
  release (guard);
}

/* Kills */

static int steps_left;

static void
kill_at_step (ShmStep step)
{
  if (g_atomic_int_add (&steps_left, -1) == 0)
    kill (getpid (), SIGKILL);
}

/* Takes and releases locks in different ways, some of which wait. */
static void
lock_and_release (ShmSharedMemory *block, int way)
{
  g_autoptr (ShmLockGuard) guard
      = shm_shared_memory_lock (block, way % 2 == 0 ? EXCLUSIVE : SHARED,
                                way < 2 ? FOREVER : 1500 * way, NULL, NULL);

  if (guard != NULL)
    shm_lock_guard_release (guard, NULL);
}

/* A process is killed at each step of locking and releasing, with and without a wait. The others
 * get the lock in any case. */
static void
test_killed_at_steps (void)
{
  const int n_rounds = test_get_rounds (150);
  g_autoptr (ShmSharedMemory) block = create ();
  int n_survivors = 0;

  for (int i = 0; i < n_rounds; i++)
    {
      ShmLockGuard *guard = i % 3 != 0 ? lock (block, EXCLUSIVE) : NULL;
      pid_t child = test_fork_child ();
      int status;

      if (child == 0)
        {
          g_clear_pointer (&guard, shm_lock_guard_unref);
          steps_left = i % 10;
          shm_test_hook = kill_at_step;
          lock_and_release (block, i / 10 % 4);
          shm_test_hook = NULL;
          test_end_child (block);
        }
      /* If the child waits, it may be killed before or after the release. */
      if (guard != NULL)
        {
          g_usleep (i % 5 * 1000);
          release (guard);
        }
      release (lock (block, EXCLUSIVE));
      guard = shm_shared_memory_lock (block, EXCLUSIVE, TEST_TIMEOUT_SECONDS * SECOND, NULL, NULL);
      g_assert_nonnull (guard);
      release (guard);
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (can_lock (block, EXCLUSIVE));
      n_survivors += WIFEXITED (status);
    }
  g_assert_cmpint (n_survivors, >, 0);
  g_assert_cmpint (n_survivors, <, n_rounds);
}

/* Lists */

static ShmShareableList *
create_list (void)
{
  g_autoptr (GError) error = NULL;
  ShmShareableList *list
      = shm_shareable_list_create_anonymous (g_variant_new ("(xs)", G_GINT64_CONSTANT (1), "one"),
                                             0, &error);

  g_assert_no_error (error);

  return list;
}

static ShmLockGuard *
lock_list (ShmShareableList *list, ShmLockMode mode)
{
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = shm_shareable_list_lock (list, mode, FOREVER, NULL, &error);

  g_assert_no_error (error);

  return guard;
}

static gboolean
has_previous_died (ShmShareableList *list, ShmLockMode mode)
{
  g_autoptr (ShmLockGuard) guard = lock_list (list, mode);

  return shm_lock_guard_get_previous_died (guard);
}

/* Kills a process that holds the lock of a list. */
static void
kill_holder_of_list (ShmShareableList *list, ShmLockMode mode)
{
  const pid_t child = test_fork_child ();

  if (child == 0)
    {
      held = lock_list (list, mode);
      raise (SIGKILL);
    }
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
}

static void
test_list (void)
{
  g_autoptr (ShmShareableList) list = create_list ();
  ShmSharedMemory *block = shm_shareable_list_get_shared_memory (list);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  ShmLockGuard *guard = lock_list (list, EXCLUSIVE);

  g_assert_false (shm_lock_guard_get_previous_died (guard));
  g_assert_false (can_lock (block, SHARED));
  g_assert_null (shm_shareable_list_lock (list, SHARED, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "");
  /* The lock does not prevent writing. */
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 2, NULL));

  shm_shareable_list_lock_async (list, EXCLUSIVE, FOREVER, NULL, on_lock, results);
  await_waiters (block, 1);
  release (guard);
  test_iterate_until (NULL, results->len == 1);
  guard = shm_shareable_list_lock_finish (list, results->pdata[0], &error);
  g_assert_no_error (error);
  g_assert_false (shm_lock_guard_get_previous_died (guard));

  /* The guard is still valid after the list is gone. */
  g_assert_true (shm_shared_memory_close (block, NULL));
  g_assert_null (shm_shareable_list_lock (list, SHARED, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "");
  shm_shareable_list_lock_async (list, SHARED, FOREVER, NULL, on_lock, results);
  test_iterate_until (NULL, results->len == 2);
  g_assert_null (shm_shareable_list_lock_finish (list, results->pdata[1], &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "");
  g_ptr_array_set_size (results, 0);
  g_clear_object (&list);
  release (guard);
}

static void
test_list_holder_died (void)
{
  g_autoptr (ShmShareableList) list = create_list ();
  pid_t child;
  ShmLockGuard *guard;

  kill_holder_of_list (list, SHARED);
  g_assert_false (has_previous_died (list, EXCLUSIVE));

  for (int i = 0; i < 2; i++)
    {
      kill_holder_of_list (list, EXCLUSIVE);
      g_assert_true (has_previous_died (list, SHARED));
      g_assert_true (has_previous_died (list, SHARED));
      g_assert_true (has_previous_died (list, EXCLUSIVE));
      g_assert_false (has_previous_died (list, SHARED));
      g_assert_false (has_previous_died (list, EXCLUSIVE));
    }

  /* A child that frees the guard of its parent does not end the lock. */
  guard = lock_list (list, EXCLUSIVE);
  child = test_fork_child ();
  if (child == 0)
    {
      shm_lock_guard_unref (guard);
      g_clear_object (&list);
      _exit (0);
    }
  test_join (child);
  child = test_fork_child ();
  if (child == 0)
    {
      shm_lock_guard_unref (guard);
      g_assert_false (has_previous_died (list, EXCLUSIVE));
      g_clear_object (&list);
      _exit (0);
    }
  await_waiters (shm_shareable_list_get_shared_memory (list), 1);
  release (guard);
  test_join (child);
}

static pid_t whole_file_holder;
static int n_owner_steps;

/* The first step precedes the first attempt, and each wait has one more. */
static void
kill_holder_in_wait (ShmStep step)
{
  if (step == SHM_STEP_LIST_OWNER && ++n_owner_steps == 3)
    kill (whole_file_holder, SIGKILL);
}

/* A process without this library has locked the whole file. The first write waits until it has
 * released the lock, but not for ever. */
static void
test_list_whole_file (void)
{
  g_autoptr (ShmShareableList) list = create_list ();
  const int fd = shm_shared_memory_get_fd (shm_shareable_list_get_shared_memory (list));
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autoptr (GError) error = NULL;
  int ends[2];
  char byte;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = test_fork_child ();
  if (child == 0)
    {
      g_assert_cmpint (fcntl (fd, F_SETLKW, &whole), ==, 0);
      g_assert_cmpint (write (ends[1], "", 1), ==, 1);
      for (;;)
        pause ();
    }
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  g_assert_false (shm_shareable_list_set_int64 (list, 0, 2, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "lockf");
  whole_file_holder = child;
  n_owner_steps = 0;
  shm_test_hook = kill_holder_in_wait;
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 2, &error));
  shm_test_hook = NULL;
  g_assert_no_error (error);
  waitpid (child, NULL, 0);
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 2, &error));
  g_assert_no_error (error);

  /* CPython's lock of the bytes of the block takes part. */
  whole.l_len = shm_shared_memory_get_size (shm_shareable_list_get_shared_memory (list));
  child = test_fork_child ();
  if (child == 0)
    {
      g_assert_cmpint (fcntl (fd, F_SETLKW, &whole), ==, 0);
      g_assert_cmpint (write (ends[1], "", 1), ==, 1);
      for (;;)
        pause ();
    }
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  g_assert_null (shm_shareable_list_lock (list, SHARED, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "");
  kill_child (child);
  release (lock_list (list, EXCLUSIVE));
  close (ends[0]);
  close (ends[1]);
}

/* A process is killed at each step of locking a list. */
static void
test_list_killed_at_steps (void)
{
  const int n_rounds = g_test_slow () ? 5000 : 100;
  g_autoptr (ShmShareableList) list = create_list ();
  int n_died = 0;

  for (int i = 0; i < n_rounds; i++)
    {
      const pid_t child = test_fork_child ();
      int status;

      if (child == 0)
        {
          steps_left = i % 8;
          shm_test_hook = kill_at_step;
          release (lock_list (list, EXCLUSIVE));
          shm_test_hook = NULL;
          g_clear_object (&list);
          _exit (0);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      if (has_previous_died (list, EXCLUSIVE))
        {
          g_assert_true (WIFSIGNALED (status));
          n_died++;
        }
      g_assert_false (has_previous_died (list, EXCLUSIVE));
    }
  g_assert_cmpint (n_died, >, 0);
}

/* Errors */

static void
test_errors (void)
{
  g_autofree char *name = test_name ("errors");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 12, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (GError) error = NULL;
  const guint64 ranges[][2] = {
    { 0, 0 }, { 0, 13 }, { 12, 1 }, { 13, 0 }, { G_MAXUINT64, 2 }, { 1, G_MAXUINT64 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_assert_null (shm_shared_memory_lock_range (block, ranges[i][0], ranges[i][1], SHARED,
                                                   FOREVER, NULL, &error));
      test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, name);
    }

  g_assert_true (shm_shared_memory_close (block, NULL));
  g_assert_null (shm_shared_memory_lock (block, SHARED, FOREVER, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_null (shm_shared_memory_lock_range (block, 0, 0, SHARED, FOREVER, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
}

/* In these tests, a thread waits for another thread of the same process. */
static void
add_tests_with_threads (void)
{
  g_test_add_func ("/lock/stress", test_stress);
  g_test_add_func ("/lock/timeout", test_timeout);
  g_test_add_func ("/lock/parked-thread", test_parked_thread);
  g_test_add_func ("/lock/adopted-thread", test_adopted_thread);
  g_test_add_func ("/lock/signals", test_signals);
  g_test_add_func ("/lock/cancel", test_cancel);
  g_test_add_func ("/lock/cancel-at-any-time", test_cancel_at_any_time);
  g_test_add_func ("/lock/cancel-and-release", test_cancel_and_release);
  g_test_add_func ("/lock/close-meanwhile", test_close_meanwhile);
  g_test_add_func ("/lock/fork-in-wait", test_fork_in_wait);
  g_test_add_func ("/lock-list/basic", test_list);
  g_test_add_func ("/lock-async/success", test_async);
  g_test_add_func ("/lock-async/failures", test_async_failures);
  g_test_add_func ("/lock-async/late-context", test_async_late_context);
  g_test_add_func ("/lock-async/fork", test_async_fork);
  g_test_add_func ("/lock-async/fork-timeout", test_async_fork_timeout);
}

int
main (int argc, char *argv[])
{
  sigset_t all, former;

  g_test_init (&argc, &argv, NULL);

  /* GLib starts a thread of its own for this type. The tests count threads, and refuse them. From
   * GLib 2.76 on, this thread handles the signals that the thread that starts it does not block. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &former);
  g_type_ensure (G_TYPE_TASK);
  pthread_sigmask (SIG_SETMASK, &former, NULL);
  /* To TSan, the creation of this class in one thread looks like a race with its use in another. */
  g_type_class_unref (g_type_class_ref (G_TYPE_CANCELLABLE));
  n_own_threads = count_threads ();

  g_test_add_func ("/lock/exclusive", test_exclusive);
  g_test_add_func ("/lock/shared", test_shared);
  g_test_add_func ("/lock/ranges", test_ranges);
  g_test_add_func ("/lock/killed-holder", test_killed_holder);
  g_test_add_func ("/lock/posix-lock", test_posix_lock);
  g_test_add_func ("/lock/guard", test_guard);
  g_test_add_func ("/lock/close-with-lock", test_close_with_lock);
  g_test_add_func ("/lock/read-only", test_read_only);
  g_test_add_func ("/lock/sealed", test_sealed);
  g_test_add_func ("/lock/closed-descriptor", test_closed_descriptor);
  g_test_add_func ("/lock/fork-with-lock", test_fork_with_lock);
  g_test_add_func ("/lock/orphan", test_orphan);
  g_test_add_func ("/lock/without-threads", test_without_threads);
  g_test_add_func ("/lock/killed-at-steps", test_killed_at_steps);
  g_test_add_func ("/lock/errors", test_errors);
  g_test_add_func ("/lock-list/holder-died", test_list_holder_died);
  g_test_add_func ("/lock-list/whole-file", test_list_whole_file);
  g_test_add_func ("/lock-list/killed-at-steps", test_list_killed_at_steps);
  g_test_add_func ("/lock-async/unused", test_async_unused);

  /* In valgrind, no other thread runs while a thread waits for a lock of a file. */
  if (g_getenv ("SHMOBJ_VALGRIND") == NULL)
    add_tests_with_threads ();

  return g_test_run ();
}
