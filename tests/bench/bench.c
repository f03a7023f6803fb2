/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Measures operations on blocks from C. Compares them with the system calls that the library makes,
 * with the six system calls that a program without this library makes, and with memcpy(). For each
 * row of the table, the program measures both sides in turn, so that a slow phase of the machine
 * affects both sides. The table shows medians. */

#include <shmobj/shmobj.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE   4096
#define BULK   (16 << 20)
#define ROUNDS 400

static char name[64];         /* the name of a block that each call creates and removes */
static char name_path[80];    /* the path of this block */
static char lasting_name[64]; /* the name of a block to attach to */
static char lasting_path[80];

static ShmSharedMemory *bulk;
static char *copy;
static GBytes *bulk_bytes;
static volatile gint64 sink;

static void
check_call (gboolean good)
{
  if (!good)
    {
      perror ("a measured call failed");
      abort ();
    }
}

/* The library */

static void
ours_create (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, 0, NULL);

  check_call (shm_shared_memory_close (shm, NULL) && shm_shared_memory_unlink (shm, NULL));
}

static void
ours_create_and_touch (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, 0, NULL);

  *(char *) shm_shared_memory_get_data (shm, NULL) = 1;
  check_call (shm_shared_memory_close (shm, NULL) && shm_shared_memory_unlink (shm, NULL));
}

static void
ours_attach (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (lasting_name, 0, NULL);

  check_call (shm_shared_memory_close (shm, NULL));
}

static void
ours_attach_and_touch (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (lasting_name, 0, NULL);

  sink += *(char *) shm_shared_memory_get_data (shm, NULL);
  check_call (shm_shared_memory_close (shm, NULL));
}

static void
ours_read (void)
{
  g_autoptr (GBytes) bytes = shm_shared_memory_read (bulk, 0, BULK, NULL);

  check_call (bytes != NULL);
}

static void
ours_write (void)
{
  check_call (shm_shared_memory_write (bulk, 0, bulk_bytes, NULL));
}

static void
ours_numbers (void)
{
  for (int i = 0; i < 1000; i++)
    {
      shm_shared_memory_set_int64 (bulk, 8 * i, i, NULL);
      sink += shm_shared_memory_get_int64 (bulk, 8 * i, NULL);
    }
}

/* The system calls that the library makes */

static int
bare_create (void)
{
  struct rlimit limit;
  struct stat info;
  int fd;

  check_call (getrlimit (RLIMIT_FSIZE, &limit) == 0);
  fd = open ("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  check_call (fd >= 0 && fstat (fd, &info) == 0 && fallocate (fd, 0, 0, SIZE) == 0);

  if (linkat (fd, "", AT_FDCWD, name_path, AT_EMPTY_PATH) < 0)
    {
      char source[64];

      g_snprintf (source, sizeof source, "/proc/self/fd/%d", fd);
      check_call (linkat (AT_FDCWD, source, AT_FDCWD, name_path, AT_SYMLINK_FOLLOW) == 0);
    }

  return fd;
}

static void
bare_end (int fd)
{
  struct stat info;

  check_call (close (fd) == 0 && lstat (name_path, &info) == 0 && unlink (name_path) == 0);
}

static void
bare_create_and_end (void)
{
  bare_end (bare_create ());
}

static void
bare_create_touch_and_end (void)
{
  const int fd = bare_create ();
  char *data = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

  check_call (data != MAP_FAILED);
  data[0] = 1;
  check_call (munmap (data, SIZE) == 0);
  bare_end (fd);
}

static void
bare_attach (void)
{
  struct stat info;
  const int fd = open (lasting_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

  check_call (fd >= 0 && fstat (fd, &info) == 0 && close (fd) == 0);
}

static void
bare_attach_and_touch (void)
{
  struct stat info;
  const int fd = open (lasting_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  char *data;

  check_call (fd >= 0 && fstat (fd, &info) == 0);
  data = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check_call (data != MAP_FAILED);
  sink += data[0];
  check_call (munmap (data, SIZE) == 0 && close (fd) == 0);
}

/* A program without the library */

static void
run_by_hand (gboolean touch)
{
  const int fd = shm_open (name, O_CREAT | O_EXCL | O_RDWR, 0600);
  char *data;

  check_call (fd >= 0 && ftruncate (fd, SIZE) == 0);
  data = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check_call (data != MAP_FAILED);
  if (touch)
    data[0] = 1;
  check_call (munmap (data, SIZE) == 0 && close (fd) == 0 && shm_unlink (name) == 0);
}

static void
by_hand_create (void)
{
  run_by_hand (FALSE);
}

static void
by_hand_create_and_touch (void)
{
  run_by_hand (TRUE);
}

static void
by_hand_read (void)
{
  char *fresh = g_malloc (BULK);

  memcpy (fresh, shm_shared_memory_get_data (bulk, NULL), BULK);
  sink += fresh[1];
  g_free (fresh);
}

static void
by_hand_write (void)
{
  memcpy (shm_shared_memory_get_data (bulk, NULL), copy, BULK);
}

static void
by_hand_numbers (void)
{
  volatile gint64 *numbers = shm_shared_memory_get_data (bulk, NULL);

  for (int i = 0; i < 1000; i++)
    {
      numbers[i] = i;
      sink += numbers[i];
    }
}

/* Measuring */

static gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

static int
compare_doubles (const void *a, const void *b)
{
  const double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

static double
measure (void (*call) (void), int calls)
{
  const gint64 begin = now ();

  for (int i = 0; i < calls; i++)
    call ();

  return (now () - begin) / 1000.0 / calls;
}

static void
compare (const char *title,
         const char *against,
         void (*ours) (void),
         void (*theirs) (void),
         int rounds,
         int calls)
{
  g_autofree double *a = g_new (double, rounds);
  g_autofree double *b = g_new (double, rounds);

  for (int i = 0; i < rounds; i++)
    {
      a[i] = measure (ours, calls);
      b[i] = measure (theirs, calls);
    }
  qsort (a, rounds, sizeof *a, compare_doubles);
  qsort (b, rounds, sizeof *b, compare_doubles);

  g_print ("%-34s %-24s %10.2f %10.2f %7.2f\n", title, against, a[rounds / 2], b[rounds / 2],
           a[rounds / 2] / b[rounds / 2]);
}

int
main (void)
{
  g_autoptr (ShmSharedMemory) block = NULL;

  g_snprintf (name, sizeof name, "shmobj-bench-%d", getpid ());
  g_snprintf (name_path, sizeof name_path, "/dev/shm/%s", name);
  g_snprintf (lasting_name, sizeof lasting_name, "shmobj-bench-%d-lasting", getpid ());
  g_snprintf (lasting_path, sizeof lasting_path, "/dev/shm/%s", lasting_name);

  block = shm_shared_memory_create (lasting_name, SIZE, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bulk = shm_shared_memory_create (NULL, BULK, SHM_CREATE_UNLINK_ON_CLOSE | SHM_CREATE_POPULATE,
                                   NULL);
  check_call (block != NULL && bulk != NULL);
  copy = g_malloc (BULK);
  memset (copy, 'x', BULK);
  bulk_bytes = g_bytes_new_static (copy, BULK);

  g_print ("%-34s %-24s %10s %10s %7s\n", "from C, microseconds (medians)", "against", "ours",
           "theirs", "ratio");
  compare ("create, close, unlink", "its own system calls", ours_create, bare_create_and_end,
           ROUNDS, 20);
  compare ("create, close, unlink", "shm_open() and so on", ours_create, by_hand_create, ROUNDS,
           20);
  compare ("create, touch, close, unlink", "its own system calls", ours_create_and_touch,
           bare_create_touch_and_end, ROUNDS, 20);
  compare ("create, touch, close, unlink", "shm_open() and so on", ours_create_and_touch,
           by_hand_create_and_touch, ROUNDS, 20);
  compare ("attach, close", "its own system calls", ours_attach, bare_attach, ROUNDS, 20);
  compare ("attach, touch, close", "its own system calls", ours_attach_and_touch,
           bare_attach_and_touch, ROUNDS, 20);
  compare ("read 16 MiB", "malloc() and memcpy()", ours_read, by_hand_read, 21, 1);
  compare ("write 16 MiB", "memcpy()", ours_write, by_hand_write, 21, 1);
  compare ("set and get 1000 int64", "loads and stores", ours_numbers, by_hand_numbers, ROUNDS, 1);

  g_bytes_unref (bulk_bytes);
  g_free (copy);
  g_object_unref (bulk);

  return 0;
}
