/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-process.h"

#include "core/shm-system-linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 32

/* How much of a file in /proc/PID/fdinfo to read. The text is much shorter, unless the open file
 * description holds many locks. */
#define FDINFO_SIZE 1024

/* The stack of each of the two processes that start a detached program. */
#define SPAWN_STACK_SIZE (64 * 1024)

/* If the program has closed a standard stream, a new descriptor has the number of this stream.
 * Moves such a descriptor to a higher number. Takes ownership of @fd. Returns -1 with errno. */
static int
move_above_standard_streams (int fd)
{
  int moved, errnum;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;

  moved = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  errnum = errno;
  close (fd);
  errno = errnum;

  return moved;
}

int
shm_system_create_socket_pair (int ends[2])
{
  int errnum = 0;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return errno;

  for (int i = 0; i < 2; i++)
    {
      ends[i] = move_above_standard_streams (ends[i]);
      if (ends[i] < 0)
        errnum = errno;
    }

  for (int i = 0; i < 2 && errnum != 0; i++)
    if (ends[i] >= 0)
      close (ends[i]);

  return errnum;
}

gboolean
shm_system_has_descriptors (guint n)
{
  int fds[DESCRIPTORS_MAX];
  guint n_opened = 0;
  gboolean has_all;

  g_assert (n <= DESCRIPTORS_MAX);

  /* A descriptor with O_PATH needs no permission, also in a sandbox. */
  while (n_opened < n && (fds[n_opened] = open ("/", O_PATH | O_CLOEXEC)) >= 0)
    n_opened++;

  has_all = n_opened == n;
  while (n_opened > 0)
    close (fds[--n_opened]);

  return has_all;
}

int
shm_system_open_own_process (void)
{
#ifdef SYS_pidfd_open
  return move_above_standard_streams (syscall (SYS_pidfd_open, getpid (), 0));
#else
  return -1;
#endif
}

void
shm_system_close_from (int first)
{
#ifdef SYS_close_range
  if (syscall (SYS_close_range, first, ~0U, 0) == 0)
    return;
#endif
  for (int fd = first; fd < sysconf (_SC_OPEN_MAX); fd++)
    close (fd);
}

ShmChildState
shm_system_try_reap_child (pid_t pid)
{
  int status = 0;
  pid_t reaped;

  do
    reaped = waitpid (pid, &status, WNOHANG);
  while (reaped < 0 && errno == EINTR);

  if (reaped == 0)
    return SHM_CHILD_RUNS;
  if (reaped < 0)
    return SHM_CHILD_UNKNOWN;

  return WIFEXITED (status) && WEXITSTATUS (status) == 0 ? SHM_CHILD_SUCCEEDED : SHM_CHILD_FAILED;
}

/* Detached programs */

typedef struct
{
  const char *path;
  const char *const *argv;
  int standard_input;
  guint8 *stack; /* for two processes */
  int errnum;
} Spawn;

/* The functions below run in processes that share the memory of this process, and this process is
 * stopped meanwhile. All signals are blocked, so that no signal handler runs there. posix_spawn()
 * does the same, but needs 130 system calls to reset signal handlers, which exec() does anyway.
 *
 * AddressSanitizer would mark parts of the stack as inaccessible. The marks would stay after the
 * stack is unmapped, because these functions never return. */

#ifdef __GLIBC__

/* The same function under a name that ThreadSanitizer does not intercept. Since GCC 14,
 * ThreadSanitizer takes each child of clone() for a child of fork(), and ends the program if one of
 * them calls clone(). */
int __clone (int (*func) (void *), void *stack, int flags, void *arg, ...);

#define clone __clone

#endif

/* Calls clone() with all arguments. On some processors clone() reads the optional arguments from
 * the stack even if the caller has not passed them. In a function that is the first on its stack,
 * that read would be outside of the stack. */
__attribute__ ((no_sanitize_address)) static pid_t
start_process (int (*func) (void *), guint8 *stack, int exit_signal, void *data)
{
  return clone (func, stack + SPAWN_STACK_SIZE, CLONE_VM | CLONE_VFORK | exit_signal, data, NULL,
                NULL, NULL);
}

__attribute__ ((no_sanitize_address)) static int
run_program (void *data)
{
  Spawn *spawn = data;
  const int fd = spawn->standard_input;

  setsid ();
  if (fd == STDIN_FILENO ? fcntl (fd, F_SETFD, 0) == 0 : dup2 (fd, STDIN_FILENO) >= 0)
    execve (spawn->path, (char *const *) spawn->argv, environ);
  spawn->errnum = errno; /* for start_and_exit() */

  _exit (EXIT_FAILURE);
}

__attribute__ ((no_sanitize_address)) static int
start_and_exit (void *data)
{
  Spawn *spawn = data;

  if (start_process (run_program, spawn->stack, SIGCHLD, spawn) < 0)
    spawn->errnum = errno;

  _exit (spawn->errnum);
}

/* Starts the program from an intermediate process, which ends at once, so that the program belongs
 * to the init process. The exit status of the intermediate process is an errno value. @exit_signal
 * is the signal for its end. Without a signal, a wait() in another thread does not see it. */
static int
spawn_from_intermediate (Spawn *spawn, int exit_signal)
{
  const pid_t pid
      = start_process (start_and_exit, spawn->stack + SPAWN_STACK_SIZE, exit_signal, spawn);
  int status = 0;
  pid_t reaped;

  if (pid < 0)
    return errno;

  do
    reaped = waitpid (pid, &status, __WALL);
  while (reaped < 0 && errno == EINTR);

  /* If the program ignores SIGCHLD, or reaps all its children, the result is not known. */
  if (reaped < 0)
    return 0;

  return WIFEXITED (status) ? WEXITSTATUS (status) : ECHILD;
}

static int
spawn_with_stack (Spawn *spawn)
{
  int errnum;

  spawn->stack = mmap (NULL, 2 * SPAWN_STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (spawn->stack == MAP_FAILED)
    return errno;

  /* QEMU's emulation of user programs does not know a child without an exit signal. */
  errnum = spawn_from_intermediate (spawn, 0);
  if (errnum == EINVAL)
    errnum = spawn_from_intermediate (spawn, SIGCHLD);
  munmap (spawn->stack, 2 * SPAWN_STACK_SIZE);

  return errnum;
}

int
shm_system_spawn_detached (const char *path, const char *const argv[], int standard_input)
{
  Spawn spawn = { .path = path, .argv = argv, .standard_input = standard_input };
  sigset_t all, before;
  int errnum;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  errnum = spawn_with_stack (&spawn);
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  return errnum;
}

/* Files of other processes */

/* Returns whether the link in /proc shows a file in the folder of blocks that has no name, or whose
 * name is reserved. Linux shows "#" and the inode for a file without a name. */
static gboolean
is_candidate (const char *link)
{
  static const char unnamed[] = SHM_BLOCK_FOLDER "/#";
  static const char reserved[] = SHM_BLOCK_FOLDER "/" SHM_NAME_RESERVED_PREFIX;

  return g_str_has_prefix (link, unnamed) || g_str_has_prefix (link, reserved);
}

/* The search in /proc/PID/fd. */
typedef struct
{
  int folder;
  guint64 number; /* on which the other process holds a shared lock */
  ShmFileFunc func;
  gpointer user_data;
  int errnum; /* why the search did not look at a descriptor, or ENOENT */
} Search;

/* Remembers an error of this process. Other errors are those of a descriptor that the other process
 * has closed, or of a file that is not the one that the caller looks for. */
static void
note_error (Search *search, int errnum)
{
  if (errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM)
    search->errnum = errnum;
}

/* Returns -1 on failure. */
static int
open_in_search (Search *search, const char *path)
{
  const int fd = openat (search->folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    note_error (search, errno);

  return fd;
}

/* Returns whether the open file description of a descriptor holds the shared lock. */
static gboolean
shares_number (Search *search, const char *descriptor)
{
  char path[sizeof "../fdinfo/" + NAME_MAX], text[FDINFO_SIZE];
  gssize length;
  int fd;

  g_snprintf (path, sizeof path, "../fdinfo/%s", descriptor);
  fd = open_in_search (search, path);
  if (fd < 0)
    return FALSE;

  length = read (fd, text, sizeof text - 1);
  if (length < 0)
    note_error (search, errno);
  close (fd);
  text[MAX (length, 0)] = '\0';

  return shm_system_shows_shared_number (text, search->number);
}

/* Calls the function of the caller for one descriptor of the other process. The descriptor has the
 * same file before and after the look at its lock, so this is the lock of an open file description
 * of this file. */
static gboolean
try_descriptor (Search *search, const char *descriptor)
{
  char link[PATH_MAX];
  const gssize length = readlinkat (search->folder, descriptor, link, sizeof link - 1);
  struct stat opened, now;
  int fd;

  if (length < 0)
    return FALSE;
  link[length] = '\0';
  if (!is_candidate (link))
    return FALSE;

  fd = open_in_search (search, descriptor);
  if (fd < 0)
    return FALSE;
  if (fstat (fd, &opened) < 0 || !shares_number (search, descriptor))
    {
      close (fd);
      return FALSE;
    }

  return search->func (fd, search->user_data) && fstatat (search->folder, descriptor, &now, 0) == 0
         && now.st_ino == opened.st_ino && now.st_dev == opened.st_dev;
}

int
shm_system_find_file_of_process (pid_t pid, guint64 number, ShmFileFunc func, gpointer user_data)
{
  Search search = { .number = number, .func = func, .user_data = user_data, .errnum = ENOENT };
  char path[32];
  gboolean is_found = FALSE;
  struct dirent *entry;
  DIR *folder;

  g_snprintf (path, sizeof path, "/proc/%d/fd", (int) pid);
  folder = opendir (path);
  if (folder == NULL)
    return errno == ENOENT ? ESRCH : errno;

  search.folder = dirfd (folder);
  while (!is_found && (entry = readdir (folder)) != NULL)
    is_found = try_descriptor (&search, entry->d_name);
  closedir (folder);

  return is_found ? 0 : search.errnum;
}

const char *
shm_system_get_program (const char *variable, const char *default_path)
{
  const char *path = secure_getenv (variable);

  return path != NULL && path[0] != '\0' ? path : default_path;
}
