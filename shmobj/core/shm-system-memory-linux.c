/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-memory.h"

#include "core/shm-io.h"
#include "core/shm-system-linux.h"
#include "core/shm-system-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, glibc 2.35 */
#endif

/* Pages are reserved in pieces of this size, so that the operation is cancelled promptly. */
#define PIECE_SIZE (G_GUINT64_CONSTANT (16) << 20)

/* If a signal interrupts fallocate(), the kernel undoes the piece. A smaller piece is tried then,
 * down to this size, so that a program with a fast interval timer makes progress. */
#define SMALL_PIECE_SIZE (G_GUINT64_CONSTANT (1) << 20)

/* How long to wait for another process that tries to seal a file: at least 1 second. The kernel
 * needs 0.2 seconds, and more on a busy machine. A number of polls, unlike a deadline, makes the
 * wait longer too if this thread does not get the processor. */
#define SEAL_POLLS_MAX 500
#define SEAL_POLL_USEC 2000

/* The C library calls prlimit(), which takes twice as long as the older system call. The structure
 * of that call is the same on 64-bit systems. */
static gboolean
get_file_size_limit (struct rlimit *limit)
{
#if defined SYS_getrlimit && defined __LP64__
  if (syscall (SYS_getrlimit, RLIMIT_FSIZE, limit) == 0)
    return TRUE;
#endif

  return getrlimit (RLIMIT_FSIZE, limit) == 0;
}

gboolean
shm_system_check_limit (guint64 end, ShmFault *fault)
{
  struct rlimit limit;

  shm_at (CHECK_LIMIT);

  if (get_file_size_limit (&limit) && limit.rlim_cur != RLIM_INFINITY && end > limit.rlim_cur)
    return shm_fault_set_detail (fault, SHM_STEP_CHECK_LIMIT, EFBIG, limit.rlim_cur);

  return TRUE;
}

gboolean
shm_system_set_size (int fd, guint64 size, ShmFault *fault)
{
  shm_at (RESERVE);

  if (ftruncate (fd, size) < 0)
    return shm_fault_set (fault, SHM_STEP_RESERVE, errno);

  return TRUE;
}

/* For file systems without fallocate(): writing to a page allocates it. */
static int
reserve_by_writing (int fd, guint64 offset, guint64 length)
{
  static const char zeros[16384];

  while (length > 0)
    {
      const gsize piece = MIN (length, sizeof zeros);
      const int errnum = shm_io_write_all (fd, offset, zeros, piece);

      if (errnum != 0)
        return errnum;
      offset += piece;
      length -= piece;
    }

  return 0;
}

static int
reserve_piece (int fd, guint64 offset, guint64 length)
{
  const int errnum = fallocate (fd, 0, offset, length) == 0 ? 0 : errno;

  if (errnum == EOPNOTSUPP || errnum == ENOSYS)
    return reserve_by_writing (fd, offset, length);

  return errnum;
}

/* Returns the number of bytes of available memory, swap included. Returns G_MAXUINT64 if
 * /proc/meminfo does not contain the numbers. */
static guint64
get_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *available, *swap;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return G_MAXUINT64;

  available = strstr (text, "\nMemAvailable:");
  swap = strstr (text, "\nSwapFree:");
  if (available == NULL || swap == NULL)
    return G_MAXUINT64;

  return (g_ascii_strtoull (available + strlen ("\nMemAvailable:"), NULL, 10)
          + g_ascii_strtoull (swap + strlen ("\nSwapFree:"), NULL, 10))
         * 1024;
}

/* Checks that there is enough memory for all of a block before the first piece of it is allocated.
 * Without the check, a block that is much too large would use up the memory of the system. If the
 * limit of /dev/shm is larger than the memory, or if the block is anonymous and so has no limit,
 * the kernel would then kill processes instead of returning an error. */
static int
check_space (int fd, guint64 size)
{
  struct statfs space;
  struct stat info;

  if (fstat (fd, &info) == 0)
    size -= MIN (size, (guint64) info.st_blocks * 512); /* is allocated already */
  if (fstatfs (fd, &space) == 0 && space.f_blocks != 0 && size / space.f_bsize > space.f_bavail)
    return ENOSPC;

  return size > get_available_memory () ? ENOMEM : 0;
}

gboolean
shm_system_reserve (int fd,
                    guint64 size,
                    ShmProceedFunc proceed,
                    gpointer user_data,
                    ShmFault *fault)
{
  int errnum = size > PIECE_SIZE ? check_space (fd, size) : 0;
  guint64 piece_size = PIECE_SIZE;

  if (errnum != 0)
    return shm_fault_set (fault, SHM_STEP_RESERVE, errnum);

  for (guint64 done = 0; done < size;)
    {
      const guint64 piece = MIN (size - done, piece_size);

      shm_at (RESERVE);

      if (proceed != NULL && !proceed (user_data))
        return shm_fault_set (fault, SHM_STEP_RESERVE, ECANCELED);

      errnum = reserve_piece (fd, done, piece);
      if (errnum == 0)
        done += piece;
      else if (errnum == EINTR)
        piece_size = MAX (piece_size / 2, SMALL_PIECE_SIZE);
      else
        return shm_fault_set (fault, SHM_STEP_RESERVE, errnum);
    }

  return TRUE;
}

/* Returns whether a private mapping of the file shows what other processes write. */
static gboolean
is_live_if_private (int fd)
{
  struct statfs file_system;

  /* Reading a hole through a private mapping of hugetlbfs allocates a page that is private, too. */
  return fstatfs (fd, &file_system) == 0 && shm_system_get_type (&file_system) != HUGETLBFS_MAGIC;
}

/* Chooses MAP_SHARED or MAP_PRIVATE for a mapping that is not writable. If @fd is open for writing,
 * the kernel counts a shared mapping as writable, because mprotect() could make it writable. It
 * would prevent a seal against writing. A private mapping that is never written shows the same
 * pages. */
static int
choose_sharing (int fd)
{
  const int flags = fcntl (fd, F_GETFL);

  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || !is_live_if_private (fd))
    return MAP_SHARED;

  return MAP_PRIVATE;
}

/* Maps a file for writing. While a process tries to seal the file against writing, mmap() fails
 * with EPERM. The attempt takes longer only if the kernel uses the memory for input or output, and
 * it can fail, so wait for its end. If another cause of EPERM remains, the number of polls limits
 * the wait. */
static gpointer
map_for_writing (int fd, gsize size)
{
  for (int polls = 0;; polls++)
    {
      const gpointer data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

      if (data != MAP_FAILED || errno != EPERM)
        return data;
      if (polls == SEAL_POLLS_MAX || !shm_system_can_seal (fd) || !shm_system_is_writable (fd))
        {
          errno = EPERM;
          return MAP_FAILED;
        }
      g_usleep (SEAL_POLL_USEC);
    }
}

static gpointer
map_for_reading (int fd, gsize size)
{
  gpointer data = mmap (NULL, size, PROT_READ, choose_sharing (fd), fd, 0);

  /* Before Linux 6.7, a file that is sealed against writing cannot be mapped with MAP_SHARED
   * through a descriptor that is open for writing. No process can change the file, so a private
   * mapping shows the same bytes. */
  if (data == MAP_FAILED && errno == EPERM)
    data = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

  return data;
}

/* Returns about how many bytes of address space are free in one piece, for an error message. */
static guint64
get_free_address_space (gsize size)
{
  for (size /= 2; size > 0; size /= 2)
    {
      const gpointer free_space
          = mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

      if (free_space != MAP_FAILED)
        {
          munmap (free_space, size);
          return size;
        }
    }

  return 0;
}

gpointer
shm_system_map (int fd, gsize size, gboolean writable, ShmFault *fault)
{
  gpointer data;

  shm_at (MAP);

  data = writable ? map_for_writing (fd, size) : map_for_reading (fd, size);
  if (data == MAP_FAILED)
    {
      shm_fault_set (fault, SHM_STEP_MAP, errno);
      if (fault->errnum == ENOMEM)
        fault->detail = get_free_address_space (size);
      return NULL;
    }

  return data;
}

/* For kernels before 5.14: reserves the pages and maps them again, at their address. The kernel
 * joins the pieces to one mapping. */
static int
populate_by_mapping (gpointer data, gsize size, int fd, guint64 offset)
{
  const int errnum = reserve_piece (fd, offset, size);

  if (errnum != 0)
    return errnum;

  return mmap (data, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
               offset)
                 != MAP_FAILED
             ? 0
             : errno;
}

static int
populate_piece (gpointer data, gsize size, int fd, guint64 offset)
{
  int result;

  do
    result = madvise (data, size, MADV_POPULATE_WRITE);
  while (result < 0 && errno == EINTR);

  if (result == 0)
    return 0;
  if (errno == EINVAL || errno == ENOSYS || errno == EPERM)
    return populate_by_mapping (data, size, fd, offset);

  /* Without memory for a page, an access to it would raise SIGBUS. */
  return errno == EFAULT ? ENOSPC : errno;
}

gboolean
shm_system_populate (gpointer data,
                     gsize size,
                     int fd,
                     ShmProceedFunc proceed,
                     gpointer user_data,
                     ShmFault *fault)
{
  int errnum = size > PIECE_SIZE ? check_space (fd, size) : 0;

  for (gsize done = 0; errnum == 0 && done < size; done += MIN (size - done, PIECE_SIZE))
    {
      if (proceed != NULL && !proceed (user_data))
        return shm_fault_set (fault, SHM_STEP_RESERVE, ECANCELED);

      errnum = populate_piece ((guint8 *) data + done, MIN (size - done, PIECE_SIZE), fd, done);
    }

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_RESERVE, errnum);
}

void
shm_system_advise_huge_pages (gpointer data, gsize size)
{
  madvise (data, size, MADV_HUGEPAGE);
}

gboolean
shm_system_freeze_mapping (gpointer data, gsize size, int fd, ShmFault *fault)
{
  if (mmap (data, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
    return shm_fault_set (fault, SHM_STEP_MAP, errno);

  return TRUE;
}

gboolean
shm_system_thaw_mapping (gpointer data, gsize size, int fd, ShmFault *fault)
{
  /* Another process may have sealed the file in the meantime, so mmap() can fail. Before Linux 6.12
   * a call with MAP_FIXED that fails can unmap the old mapping. Therefore move a new mapping. */
  const gpointer writable = map_for_writing (fd, size);

  if (writable == MAP_FAILED)
    return shm_fault_set (fault, SHM_STEP_MAP, errno);

  if (mremap (writable, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, data) == MAP_FAILED)
    {
      shm_fault_set (fault, SHM_STEP_MAP, errno);
      munmap (writable, size);
      return FALSE;
    }

  return TRUE;
}
