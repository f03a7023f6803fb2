/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/client/shm-helper-launch.h"

#include "core/shm-fork.h"
#include "core/shm-system-process.h"
#include "manager/protocol/shm-control.h"
#include "manager/shm-manager-error.h"
#include "shm-error.h"
#include "shm-helper-paths.h"

#include <unistd.h>

/* The environment variable with the path of the program, for tests and packagers. */
#define PROGRAM_VARIABLE "SHMOBJ_MANAGER"

const char *
shm_helper_get_program (void)
{
  return shm_system_get_program (PROGRAM_VARIABLE, SHM_HELPER_PATH);
}

static gboolean
spawn (const char *program, int helper_end, GPid *pid, GError **error)
{
  const int starter = shm_system_open_own_process ();
  const char *const argv[]
      = { program, starter >= 0 ? "--" SHM_CONTROL_STARTER_OPTION : NULL, NULL };
  g_autoptr (GError) cause = NULL;
  gboolean is_spawned;

  /* With G_SPAWN_LEAVE_DESCRIPTORS_OPEN GLib uses posix_spawn() and not fork(): fork() would run
   * the atfork handlers of all libraries. The program itself closes the descriptors that it
   * inherits.
   *
   * Standard input and output are descriptors that are open already. GLib would open /dev/null for
   * a stream without a descriptor, and aborts the program if it cannot. The pidfd is the standard
   * output and not a further descriptor, because GLib duplicates further descriptors first: if no
   * descriptor is left for that, GLib reports success without having started the program. */
  is_spawned = g_spawn_async_with_pipes_and_fds (NULL, argv, NULL,
                                                 G_SPAWN_DO_NOT_REAP_CHILD
                                                     | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                                                 NULL, NULL, helper_end,
                                                 starter >= 0 ? starter : helper_end, -1, NULL,
                                                 NULL, 0, pid, NULL, NULL, NULL, &cause);
  if (starter >= 0)
    close (starter);
  if (is_spawned)
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
               "Cannot start the manager's helper program %s: %s", program, cause->message);

  return FALSE;
}

/* A launch in progress. If another thread forks during a launch, the child inherits the helper's
 * end of the socket. As long as the child holds this end, the starter cannot detect the death of
 * the helper. Therefore a forked child closes the helper's ends of all launches in progress. If
 * GLib itself forks to start the helper, the child keeps these ends, because it becomes the
 * helper. */
typedef struct _Launch Launch;

struct _Launch
{
  int helper_end;
  Launch *next;
};

static Launch *launches = NULL; /* changed only between shm_fork_block() and shm_fork_unblock() */
static _Thread_local gboolean is_launching; /* whether this thread is launching a helper */

static void
close_helper_ends_in_child (void)
{
  if (!is_launching)
    for (Launch *launch = launches; launch != NULL; launch = launch->next)
      close (launch->helper_end);
  launches = NULL;
}

static ShmForkHandlers fork_handlers = { .in_child = close_helper_ends_in_child };

static void
end_launch (Launch *launch)
{
  Launch **link = &launches;

  shm_fork_block ();
  while (*link != launch)
    link = &(*link)->next;
  *link = launch->next;
  close (launch->helper_end);
  shm_fork_unblock ();
}

static gboolean
begin_launch (Launch *launch, GSocket **control, GError **error)
{
  g_autoptr (GError) cause = NULL;
  int ends[2];
  int errnum;

  shm_fork_add_handlers (&fork_handlers);

  shm_fork_block ();
  errnum = shm_system_create_socket_pair (ends);
  if (errnum == 0)
    {
      launch->helper_end = ends[1];
      launch->next = launches;
      launches = launch;
    }
  shm_fork_unblock ();

  if (errnum != 0)
    {
      shm_manager_set_errno (error, errnum,
                             "Cannot create the sockets for the manager's helper program");
      return FALSE;
    }

  *control = g_socket_new_from_fd (ends[0], &cause);
  if (*control != NULL)
    return TRUE;

  shm_manager_set_io_error (error, cause,
                            "Cannot use the sockets for the manager's helper program");
  close (ends[0]);
  end_launch (launch);

  return FALSE;
}

gboolean
shm_helper_launch (GSocket **control, GPid *pid, GError **error)
{
  const char *program = shm_helper_get_program ();
  Launch launch;
  gboolean is_spawned;

  if (!g_file_test (program, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "The manager's helper program %s does not exist: if it is installed elsewhere, "
                   "set the environment variable " PROGRAM_VARIABLE,
                   program);
      return FALSE;
    }
  if (!g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
                   "This process has no permission to execute the manager's helper program %s",
                   program);
      return FALSE;
    }
  if (!begin_launch (&launch, control, error))
    return FALSE;

  is_launching = TRUE;
  is_spawned = spawn (program, launch.helper_end, pid, error);
  is_launching = FALSE;
  end_launch (&launch);

  return is_spawned;
}
