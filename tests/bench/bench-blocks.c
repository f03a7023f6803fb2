/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The groups "blocks" and "promises": creating and attaching to blocks, and what each promise of
 * the library costs. */

#include "harness.h"
#include "peers.h"

#include <shmobj/shmobj.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char name[64];         /* the name of a block that each call creates and removes */
static char lasting_name[64]; /* the name of a block to attach to */
static gsize size;            /* the size of both */

static void
touch (ShmSharedMemory *shm)
{
  bench_check (shm != NULL);
  *(volatile char *) shm_shared_memory_get_data (shm, NULL) = 1;
}

/* The library */

static void
create_with (const char *given_name, ShmCreateFlags flags)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (given_name, size, flags, NULL);

  touch (shm);
  bench_check (shm_shared_memory_close (shm, NULL));
  if (!(flags & SHM_CREATE_UNLINK_ON_CLOSE))
    bench_check (shm_shared_memory_unlink (shm, NULL));
}

static void
create_watched_once (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, size, 0, NULL);

  touch (shm);
  bench_check (shm_shared_memory_watch (shm, NULL));
  bench_check (shm_shared_memory_close (shm, NULL) && shm_shared_memory_unlink (shm, NULL));
}

static void
create_anonymous_once (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create_anonymous (size, 0, NULL);

  touch (shm);
  bench_check (shm_shared_memory_close (shm, NULL));
}

static void
attach_with (ShmAttachFlags flags)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (lasting_name, flags, NULL);

  bench_check (shm != NULL);
  bench_result = *(volatile const char *) shm_shared_memory_get_data (shm, NULL);
  bench_check (shm_shared_memory_close (shm, NULL));
}

static void
attach_live_once (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (lasting_name, 0, NULL);
  g_autoptr (GBytes) bytes = shm_shared_memory_get_live_bytes (shm, NULL);

  bench_check (bytes != NULL);
  bench_result = *(const char *) g_bytes_get_data (bytes, NULL);
}

BENCH (create, create_with (name, 0))
BENCH (create_sparse, create_with (name, SHM_CREATE_SPARSE))
BENCH (create_populated, create_with (name, SHM_CREATE_POPULATE))
BENCH (create_unlink_on_close, create_with (name, SHM_CREATE_UNLINK_ON_CLOSE))
BENCH (create_tracked, create_with (name, SHM_CREATE_TRACK))
BENCH (create_generated_name, create_with (NULL, 0))
BENCH (create_watched, create_watched_once ())
BENCH (create_anonymous, create_anonymous_once ())
BENCH (attach, attach_with (0))
BENCH (attach_read_only, attach_with (SHM_ATTACH_READ_ONLY))
BENCH (attach_live, attach_live_once ())

/* The system calls of a program without a library */

static void
create_bare_once (gboolean reserve)
{
  const int fd = shm_open (name, O_CREAT | O_EXCL | O_RDWR, 0600);
  char *data;

  bench_check (fd >= 0);
  bench_check (reserve ? posix_fallocate (fd, 0, size) == 0 : ftruncate (fd, size) == 0);
  data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  bench_check (data != MAP_FAILED);
  *(volatile char *) data = 1;
  bench_check (munmap (data, size) == 0 && close (fd) == 0 && shm_unlink (name) == 0);
}

/* The calls without which a block could not appear complete under its name, and without which the
 * name of another block could be removed. */
static void
create_bare_published_once (void)
{
  const int fd = open ("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  g_autofree char *path = g_strconcat ("/dev/shm/", name, NULL);
  g_autofree char *own_path = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat created, found;
  char *data;

  bench_check (fd >= 0 && fallocate (fd, 0, 0, size) == 0 && fstat (fd, &created) == 0);
  if (linkat (fd, "", AT_FDCWD, path, AT_EMPTY_PATH) != 0)
    bench_check (linkat (AT_FDCWD, own_path, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0);
  data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  bench_check (data != MAP_FAILED);
  *(volatile char *) data = 1;
  bench_check (munmap (data, size) == 0 && close (fd) == 0);
  bench_check (lstat (path, &found) == 0 && found.st_ino == created.st_ino && unlink (path) == 0);
}

static void
attach_bare_once (void)
{
  const int fd = shm_open (lasting_name, O_RDWR, 0);
  struct stat info;
  char *data;

  bench_check (fd >= 0 && fstat (fd, &info) == 0);
  data = mmap (NULL, info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  bench_check (data != MAP_FAILED);
  bench_result = *(volatile const char *) data;
  bench_check (munmap (data, info.st_size) == 0 && close (fd) == 0);
}

static void
attach_mapped_file_once (void)
{
  g_autofree char *path = g_build_filename ("/dev/shm", lasting_name, NULL);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, TRUE, NULL);

  bench_check (file != NULL);
  bench_result = *(volatile const char *) g_mapped_file_get_contents (file);
}

BENCH (create_bare_published, create_bare_published_once ())
BENCH (create_bare_reserved, create_bare_once (TRUE))
BENCH (create_bare_sparse, create_bare_once (FALSE))
BENCH (attach_bare, attach_bare_once ())
BENCH (attach_mapped_file, attach_mapped_file_once ())

#ifdef HAVE_QT
static char qt_name[64];         /* the same for Qt, */
static char lasting_qt_name[64]; /* whose blocks are not files in /dev/shm */

BENCH (create_qt, qt_create (qt_name, size))
BENCH (attach_qt, qt_attach (lasting_qt_name))
#define QT(...) __VA_ARGS__,
#else
#define QT(...)
#endif

#ifdef HAVE_BOOST
BENCH (create_boost, boost_create (name, size))
BENCH (create_boost_managed, boost_create_managed (name, size))
BENCH (attach_boost, boost_attach (lasting_name))
#endif

#ifdef HAVE_BOOST
#define BOOST(...) __VA_ARGS__,
#else
#define BOOST(...)
#endif

static void
measure_blocks (gsize block_size, const char *size_text)
{
  g_autofree char *create_title = g_strdup_printf ("create, touch, close, unlink: %s", size_text);
  g_autofree char *sparse_title = g_strdup_printf ("the same with SPARSE: %s", size_text);
  g_autofree char *attach_title = g_strdup_printf ("attach, touch, close: %s", size_text);
  ShmSharedMemory *lasting;

  size = block_size;
  BENCH_COMPARE (create_title, 1, { "shmobj", create },
                 { "limit: O_TMPFILE, linkat, mmap", create_bare_published },
                 { "limit: shm_open, posix_fallocate, mmap", create_bare_reserved });
  BENCH_COMPARE (sparse_title, 1, { "shmobj", create_sparse },
                 BOOST ({ "Boost shared_memory_object", create_boost })
                     BOOST ({ "Boost managed_shared_memory", create_boost_managed })
                         QT ({ "QSharedMemory", create_qt }){ "limit: shm_open, ftruncate, mmap",
                                                              create_bare_sparse });

  lasting = shm_shared_memory_create (lasting_name, size, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (lasting != NULL);
#ifdef HAVE_QT
  qt_open (lasting_qt_name, size);
#endif
  BENCH_COMPARE (attach_title, 1, { "shmobj", attach },
                 BOOST ({ "Boost shared_memory_object", attach_boost })
                     QT ({ "QSharedMemory", attach_qt }){ "GMappedFile", attach_mapped_file },
                 { "limit: shm_open, fstat, mmap", attach_bare });
#ifdef HAVE_QT
  qt_close ();
#endif
  g_object_unref (lasting);
}

static void
measure_promises (gsize block_size, const char *size_text)
{
  g_autofree char *create_title = g_strdup_printf ("create, touch, close, unlink: %s", size_text);
  g_autofree char *attach_title = g_strdup_printf ("attach, touch, close: %s", size_text);
  ShmSharedMemory *lasting;

  size = block_size;
  BENCH_COMPARE (create_title, 1, { "shmobj", create }, { "with SPARSE", create_sparse },
                 { "with POPULATE", create_populated },
                 { "with UNLINK_ON_CLOSE", create_unlink_on_close },
                 { "with TRACK", create_tracked },
                 { "with a generated name", create_generated_name },
                 { "with watch()", create_watched }, { "anonymous", create_anonymous });

  lasting = shm_shared_memory_create (lasting_name, size, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (lasting != NULL);
  BENCH_COMPARE (attach_title, 1, { "shmobj", attach }, { "with READ_ONLY", attach_read_only },
                 { "with live bytes", attach_live });
  g_object_unref (lasting);
}

int
main (void)
{
  g_snprintf (name, sizeof name, "shmobj-bench-%d", getpid ());
  g_snprintf (lasting_name, sizeof lasting_name, "shmobj-bench-%d-lasting", getpid ());

  bench_begin ("blocks");
#ifndef HAVE_BOOST
  bench_skip ("Boost.Interprocess", "libboost-dev was not found when the benchmarks were built");
#endif
#ifdef HAVE_QT
  g_snprintf (qt_name, sizeof qt_name, "%s-qt", name);
  g_snprintf (lasting_qt_name, sizeof lasting_qt_name, "%s-qt-lasting", name);
#else
  bench_skip ("Qt", "qt6-base-dev was not found when the benchmarks were built");
#endif
  measure_blocks (4096, "4 KiB");
  measure_blocks (1 << 20, "1 MiB");
  measure_blocks (256 << 20, "256 MiB");

  bench_begin ("promises");
  measure_promises (4096, "4 KiB");
  measure_promises (1 << 20, "1 MiB");
  measure_promises (64 << 20, "64 MiB");

  return 0;
}
