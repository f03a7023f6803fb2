/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library for LD_PRELOAD, for test_hostile.py. It changes two things in a Python process.
 *
 * The clock advances only when the process sleeps or reads the clock. So a call that would wait for
 * 100 milliseconds until an invalid value becomes valid needs as many attempts, but nearly no time.
 *
 * An access behind the end of a file that is mapped ends the process. A page without rights follows
 * each mapping. With ASan, the bytes between the end of the file and the end of its last page are
 * poisoned: without ASan, they can be read. */

#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

/* The clock */

static gint64 now = G_USEC_PER_SEC; /* (atomic) */

gint64
g_get_monotonic_time (void)
{
  return __atomic_add_fetch (&now, 1, __ATOMIC_RELAXED);
}

void
g_usleep (gulong microseconds)
{
  __atomic_add_fetch (&now, microseconds, __ATOMIC_RELAXED);
  sched_yield ();
}

/* The mappings */

void __asan_poison_memory_region (void const volatile *memory, size_t size) __attribute__ ((weak));
void __asan_unpoison_memory_region (void const volatile *memory, size_t size)
    __attribute__ ((weak));

typedef struct
{
  guint8 *data; /* NULL if the entry is free */
  gsize size;   /* whole pages, without the page behind them */
} Mapping;

static Mapping mappings[64];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* protects mappings */

typedef void *(
    *MmapFunc) (void *memory, size_t size, int rights, int flags, int fd, off64_t offset);
typedef int (*MunmapFunc) (void *memory, size_t size);

/* Returns the entry whose memory begins at @data, or NULL. */
static Mapping *
find_mapping (const guint8 *data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mappings); i++)
    if (mappings[i].data == data)
      return &mappings[i];

  return NULL;
}

/* Maps a file, and a page without rights behind it. */
static guint8 *
map_guarded (MmapFunc next, size_t size, int rights, int flags, int fd, off64_t offset)
{
  const gsize page = (gsize) sysconf (_SC_PAGESIZE);
  const gsize rounded = (size + page - 1) / page * page;
  Mapping *mapping = find_mapping (NULL);
  guint8 *data;

  if (mapping == NULL)
    return next (NULL, size, rights, flags, fd, offset);

  data = next (NULL, rounded + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return data;
  if (next (data, size, rights, flags | MAP_FIXED, fd, offset) == MAP_FAILED)
    {
      munmap (data, rounded + page);
      return MAP_FAILED;
    }

  *mapping = (Mapping){ data, rounded };
  if (__asan_poison_memory_region != NULL)
    __asan_poison_memory_region (data + size, rounded - size);

  return data;
}

static void *
map (const char *name, void *memory, size_t size, int rights, int flags, int fd, off64_t offset)
{
  const MmapFunc next = (MmapFunc) dlsym (RTLD_NEXT, name);
  void *data;

  if (memory != NULL || fd < 0 || size == 0)
    return next (memory, size, rights, flags, fd, offset);

  pthread_mutex_lock (&mutex);
  data = map_guarded (next, size, rights, flags, fd, offset);
  pthread_mutex_unlock (&mutex);

  return data;
}

void *
mmap64 (void *memory, size_t size, int rights, int flags, int fd, off64_t offset)
{
  return map ("mmap64", memory, size, rights, flags, fd, offset);
}

int
munmap (void *memory, size_t size)
{
  const MunmapFunc next = (MunmapFunc) dlsym (RTLD_NEXT, "munmap");
  Mapping *mapping;

  pthread_mutex_lock (&mutex);
  mapping = memory != NULL ? find_mapping (memory) : NULL;
  if (mapping != NULL)
    {
      size = mapping->size + (gsize) sysconf (_SC_PAGESIZE);
      if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region (memory, size);
      mapping->data = NULL;
    }
  pthread_mutex_unlock (&mutex);

  return next (memory, size);
}
