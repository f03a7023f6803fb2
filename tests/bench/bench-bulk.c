/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "bulk": reading and writing the bytes of a block from C. memcpy() is the limit for a
 * program that trusts all processes which can truncate the block. pread() and pwrite() are the
 * limit for one that does not, as read() and write() of the library. */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <string.h>
#include <unistd.h>

#define SIZE_MAX_BULK (16 << 20)

static ShmSharedMemory *shm;
static char *memory;             /* the memory of @shm */
static volatile gint64 *numbers; /* the same */
static int fd;                   /* the descriptor of @shm */
static char *source;
static GBytes *bytes; /* the first @size bytes of @source */
static gsize size;

BENCH (read_block, g_bytes_unref (shm_shared_memory_read (shm, 0, size, NULL)))
BENCH (write_block, bench_check (shm_shared_memory_write (shm, 0, bytes, NULL)))
BENCH (get_number, bench_result = shm_shared_memory_get_int64 (shm, 8, NULL))
BENCH (set_number, bench_check (shm_shared_memory_set_int64 (shm, 8, i, NULL)))
BENCH (get_live, g_bytes_unref (shm_shared_memory_get_live_bytes (shm, NULL)))

static void
copy_once (void)
{
  g_autofree char *copy = g_memdup2 (memory, size);

  bench_result = copy[0];
}

static void
pread_once (void)
{
  g_autofree char *copy = g_malloc (size);

  bench_check (pread (fd, copy, size, 0) == (gssize) size);
}

BENCH (copy_out, copy_once ())
BENCH (pread_out, pread_once ())
BENCH (copy_in, memcpy (memory, source, size); __asm__ volatile("" : : : "memory"))
BENCH (pwrite_in, bench_check (pwrite (fd, source, size, 0) == (gssize) size))
BENCH (load, bench_result = numbers[1])
BENCH (store, numbers[1] = i)

static void
measure (gsize n, const char *size_text)
{
  g_autofree char *read_title = g_strdup_printf ("read() of %s", size_text);
  g_autofree char *write_title = g_strdup_printf ("write() of %s", size_text);

  size = n;
  bytes = g_bytes_new_static (source, n);
  BENCH_COMPARE (read_title, 1, { "shmobj", read_block }, { "limit: malloc, memcpy", copy_out },
                 { "limit: malloc, pread", pread_out });
  BENCH_COMPARE (write_title, 1, { "shmobj", write_block }, { "limit: memcpy", copy_in },
                 { "limit: pwrite", pwrite_in });
  g_bytes_unref (bytes);
}

int
main (void)
{
  bench_begin ("bulk");
  shm = shm_shared_memory_create (NULL, SIZE_MAX_BULK,
                                  SHM_CREATE_UNLINK_ON_CLOSE | SHM_CREATE_POPULATE, NULL);
  bench_check (shm != NULL);
  memory = shm_shared_memory_get_data (shm, NULL);
  numbers = shm_shared_memory_get_data (shm, NULL);
  fd = shm_shared_memory_get_fd (shm);
  source = g_malloc (SIZE_MAX_BULK);
  memset (source, 'x', SIZE_MAX_BULK);

  BENCH_COMPARE ("get_int64()", 1, { "shmobj", get_number }, { "limit: load", load });
  BENCH_COMPARE ("set_int64()", 1, { "shmobj", set_number }, { "limit: store", store });
  BENCH_COMPARE ("get_live_bytes()", 1, { "shmobj", get_live });
  measure (64, "64 bytes");
  measure (4096, "4 KiB");
  measure (65536, "64 KiB");
  measure (1 << 20, "1 MiB");
  measure (SIZE_MAX_BULK, "16 MiB");

  g_free (source);
  g_object_unref (shm);

  return 0;
}
