/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tracker of a program: a process that waits until the last process of the program has ended,
 * and then removes the tracked blocks.
 *
 *     shmobj-tracker REGISTRY
 *
 * The library starts it, see shm-tracker-launch.h. Its standard input is the registry, and holds
 * SHM_REGISTRY_TRACKER_LOCK. The tracker has no other state: if it is killed, another tracker takes
 * its place when the program creates its next tracked block.
 *
 * The library starts the tracker in a session of its own. The tracker also ignores the signals that
 * end all processes of a terminal or of a service. It ends when the program has ended. */

#include "config.h"

#include "core/shm-system-lock.h"
#include "core/shm-system-process.h"
#include "registry/shm-registry-format.h"
#include "registry/shm-registry-sweep.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A sweep fails if the system has no descriptors left, for example. How often to try again, and how
 * long to wait before each attempt. */
#define SWEEP_ATTEMPTS   100
#define SWEEP_PAUSE_USEC (100 * 1000)

/* Closes all inherited descriptors except 0: another process may wait for the end of a pipe. Leaves
 * the working folder: a user may want to unmount its file system. Descriptors 1 and 2 must stay in
 * use, so that no message is written into another file. They refer to "/", and can be neither read
 * nor written: /dev/null may be missing. */
static void
detach (void)
{
  int fd;

  shm_system_close_from (STDOUT_FILENO);
  do
    fd = open ("/", O_PATH | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close (fd);

  if (chdir ("/") < 0)
    return;
}

/* The library starts the tracker with all signals blocked, so that no signal ends it before this
 * function. */
static void
ignore_signals (void)
{
  static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };
  sigset_t none;

  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    signal (ignored[i], SIG_IGN);

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Removes the leftovers of other programs and managers. */
static void
sweep_others (void)
{
  ShmFault ignored;
  guint n_removed;

  shm_registry_sweep_all (FALSE, &n_removed, &ignored);
}

static gboolean
sweep_own (const char *name)
{
  ShmFault ignored;

  for (int i = 0; i < SWEEP_ATTEMPTS; i++)
    {
      if (shm_registry_sweep (name, STDIN_FILENO, &ignored))
        return TRUE;
      g_usleep (SWEEP_PAUSE_USEC);
    }

  return FALSE;
}

int
main (int argc, char *argv[])
{
  ShmFault ignored;

  detach ();
  ignore_signals ();
  if (argc != 2)
    return EXIT_FAILURE;

  sweep_others ();

  return shm_system_await_number (STDIN_FILENO, SHM_REGISTRY_LOCK, &ignored) && sweep_own (argv[1])
             ? EXIT_SUCCESS
             : EXIT_FAILURE;
}
