/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "large": what it costs to create a large block, to fill it for the first time and to
 * remove it. Most of the time is for the pages: the kernel gives the process each page at its first
 * use. */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#define SIZE (64 << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static char name[64];
static char *present; /* memory of SIZE bytes that has all its pages */

/* The library */

static void
fill_block (ShmSharedMemory *shm)
{
  bench_check (shm != NULL);
  memset (shm_shared_memory_get_data (shm, NULL), 1, SIZE);
  bench_check (shm_shared_memory_close (shm, NULL));
}

static void
fill_named (ShmCreateFlags flags)
{
  g_autoptr (ShmSharedMemory) shm
      = shm_shared_memory_create (name, SIZE, flags | SHM_CREATE_UNLINK_ON_CLOSE, NULL);

  fill_block (shm);
}

static void
fill_anonymous (ShmCreateFlags flags)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_anonymous (SIZE, flags, NULL);

  fill_block (shm);
}

BENCH (reserved, fill_named (0))
BENCH (sparse, fill_named (SHM_CREATE_SPARSE))
BENCH (populated, fill_named (SHM_CREATE_POPULATE))
BENCH (sparse_populated, fill_named (SHM_CREATE_SPARSE | SHM_CREATE_POPULATE))
BENCH (huge_pages, fill_named (SHM_CREATE_HUGE_PAGES))
BENCH (huge_populated, fill_named (SHM_CREATE_HUGE_PAGES | SHM_CREATE_POPULATE))
BENCH (anonymous, fill_anonymous (0))
BENCH (anonymous_populated, fill_anonymous (SHM_CREATE_POPULATE))

/* System calls */

typedef enum
{
  RESERVE = 1 << 0,
  MAPPED_POPULATED = 1 << 1,
  POPULATE_WRITE = 1 << 2,
  HUGE_PAGES = 1 << 3,
} Ways;

/* Fills a file without a name, and closes it. */
static void
fill_file (int fd, Ways ways)
{
  const int flags = MAP_SHARED | (ways & MAPPED_POPULATED ? MAP_POPULATE : 0);
  char *data;

  bench_check (fd >= 0);
  bench_check (ways & RESERVE ? posix_fallocate (fd, 0, SIZE) == 0 : ftruncate (fd, SIZE) == 0);
  data = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
  bench_check (data != MAP_FAILED);
  if (ways & HUGE_PAGES)
    bench_check (madvise (data, SIZE, MADV_HUGEPAGE) == 0);
  if (ways & POPULATE_WRITE)
    bench_check (madvise (data, SIZE, MADV_POPULATE_WRITE) == 0);
  memset (data, 1, SIZE);
  bench_check (munmap (data, SIZE) == 0 && close (fd) == 0);
}

static int
open_block (void)
{
  const int fd = shm_open (name, O_CREAT | O_EXCL | O_RDWR, 0600);

  shm_unlink (name);

  return fd;
}

BENCH (bare_sparse, fill_file (open_block (), 0))
BENCH (bare_reserved, fill_file (open_block (), RESERVE))
BENCH (map_populate, fill_file (open_block (), MAPPED_POPULATED))
BENCH (populate_write, fill_file (open_block (), POPULATE_WRITE))
BENCH (reserve_and_populate_write, fill_file (open_block (), RESERVE | POPULATE_WRITE))
BENCH (advice, fill_file (open_block (), HUGE_PAGES))
BENCH (advice_reserved, fill_file (open_block (), HUGE_PAGES | RESERVE))
BENCH (advice_populate_write, fill_file (open_block (), HUGE_PAGES | POPULATE_WRITE))
BENCH (huge_memfd, fill_file (memfd_create ("bench", MFD_CLOEXEC | MFD_HUGETLB), 0))
BENCH (fill_present, memset (present, i, SIZE); __asm__ volatile("" : : : "memory"))

/* Mounts a new file system at /dev/shm that gives huge pages to memory for which a program asks.
 * Debian mounts /dev/shm without this option. Only this process sees the new file system. */
static gboolean
mount_with_huge_pages (void)
{
  const gboolean done
      = unshare (CLONE_NEWNS) == 0 && mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
        && mount ("tmpfs", "/dev/shm", "tmpfs", 0, "huge=advise,mode=1777,size=1g") == 0;

  if (!done)
    bench_skip ("/dev/shm with huge=advise", g_strerror (errno));

  return done;
}

static gboolean
has_reserved_huge_pages (void)
{
  const int fd = memfd_create ("bench", MFD_CLOEXEC | MFD_HUGETLB);
  char *data = MAP_FAILED;

  if (fd >= 0 && ftruncate (fd, SIZE) == 0)
    data = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data != MAP_FAILED)
    munmap (data, SIZE);
  else
    bench_skip ("a memfd with MFD_HUGETLB", g_strerror (errno));
  if (fd >= 0)
    close (fd);

  return data != MAP_FAILED;
}

int
main (void)
{
  const char *title = "create, fill, remove: 64 MiB";

  bench_begin ("large");
  g_snprintf (name, sizeof name, "shmobj-bench-%d", getpid ());
  present = g_malloc (SIZE);

  BENCH_COMPARE (title, 1, { "shmobj", reserved }, { "with SPARSE", sparse },
                 { "with POPULATE", populated }, { "with SPARSE and POPULATE", sparse_populated },
                 { "anonymous", anonymous }, { "anonymous with POPULATE", anonymous_populated },
                 { "limit: shm_open, ftruncate", bare_sparse },
                 { "limit: posix_fallocate", bare_reserved },
                 { "limit: ftruncate, MAP_POPULATE", map_populate },
                 { "limit: ftruncate, MADV_POPULATE_WRITE", populate_write },
                 { "limit: posix_fallocate, MADV_POPULATE_WRITE", reserve_and_populate_write },
                 { "limit: ftruncate, MADV_HUGEPAGE", advice },
                 { "limit: memset of pages that exist", fill_present });

  if (has_reserved_huge_pages ())
    BENCH_COMPARE ("the same with reserved huge pages", 1, { "shmobj", reserved },
                   { "limit: memfd_create with MFD_HUGETLB", huge_memfd });
  if (mount_with_huge_pages ())
    BENCH_COMPARE ("the same, /dev/shm mounted with huge=advise", 1, { "shmobj", reserved },
                   { "with HUGE_PAGES", huge_pages },
                   { "with HUGE_PAGES and POPULATE", huge_populated },
                   { "limit: MADV_HUGEPAGE", advice },
                   { "limit: posix_fallocate, MADV_HUGEPAGE", advice_reserved },
                   { "limit: MADV_HUGEPAGE, MADV_POPULATE_WRITE", advice_populate_write });

  g_free (present);

  return 0;
}
