/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "program/shm-tracker-launch.h"

#include "core/shm-fork.h"
#include "core/shm-system-lock.h"
#include "core/shm-system-process.h"
#include "registry/shm-registry-format.h"
#include "shm-helper-paths.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The environment variable with the path of the program, for tests and packagers. */
#define PROGRAM_VARIABLE "SHMOBJ_TRACKER"

const char *
shm_tracker_get_program (void)
{
  return shm_system_get_program (PROGRAM_VARIABLE, SHM_TRACKER_PATH);
}

static gboolean
has_tracker (int registry)
{
  return shm_system_is_number_locked (registry, SHM_REGISTRY_TRACKER_LOCK);
}

/* Starts the tracker with @claim, the open file description that holds the lock of the tracker, as
 * its standard input. */
static gboolean
launch (ShmProgram *program, int claim, ShmFault *fault)
{
  const char *path = shm_tracker_get_program ();
  const char *name = shm_program_get_registry_name (program);
  const char *const argv[] = { path, name, NULL };
  int errnum;

  if (name == NULL)
    return shm_fault_set (fault, SHM_STEP_TRACKER, ESTALE);

  shm_at (TRACKER);

  /* In valgrind and in QEMU's emulation, vfork() copies the memory like fork(). A failure of exec()
   * is then not reported, so look at the file before. */
  errnum = faccessat (AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
  if (errnum == 0)
    errnum = shm_system_spawn_detached (path, argv, claim);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_TRACKER, errnum);
}

/* Blocks fork() meanwhile: if a child had a copy of the claim, a dead tracker would look alive. */
gboolean
shm_tracker_ensure (ShmProgram *program, int registry, ShmFault *fault)
{
  ShmIdentity identity;
  gboolean is_running;
  int claim;

  if (has_tracker (registry))
    return TRUE;

  shm_fork_block ();
  claim = shm_program_open (program, &identity, fault);
  is_running = claim >= 0;
  if (is_running && shm_system_lock_number (claim, SHM_REGISTRY_TRACKER_LOCK, fault))
    is_running = launch (program, claim, fault);
  else if (is_running)
    is_running = fault->errnum == EAGAIN; /* another process starts the tracker */
  if (claim >= 0)
    close (claim);
  shm_fork_unblock ();

  return is_running;
}
