/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The public functions about the program to which tracked blocks belong. */

#include "config.h"

#include "shm-tracking.h"

#include "core/shm-cause.h"
#include "program/shm-program.h"
#include "shm-error-private.h"
#include "shm-error.h"

#include <errno.h>

/**
 * shm_begin_program:
 * @error: return location for an error
 *
 * Makes this process, and all processes that are forked from it afterwards, one program.
 *
 * A program is a set of processes that share tracked blocks. A block that one of these processes
 * creates with %SHM_CREATE_TRACK is removed when the last process of the program has ended, for
 * whatever reason. A process that `exec()` starts does not belong to the program, unless it calls
 * [func@Shm.join_program].
 *
 * Call this function before the first `fork()`. If a process has not called it, the creation of its
 * first tracked block does the same; a child that was forked before that begins a program of its
 * own. In Python, importing the library calls this function. If the process already belongs to a
 * program, the function does nothing. After a change of the effective user, a process begins a new
 * program when it creates its next tracked block.
 *
 * The function opens a file descriptor, which is close-on-exec, and maps a page of memory. Both
 * belong to the library until the process ends. It creates no file with a name, and starts no
 * process. It does not block, and can be called from any thread.
 *
 * It fails with [error@Shm.Error.FOLDER_MISSING], [error@Shm.Error.FOLDER_READ_ONLY],
 * [error@Shm.Error.PERMISSION_DENIED], [error@Shm.Error.NO_SPACE],
 * [error@Shm.Error.TOO_MANY_FILES], [error@Shm.Error.REFUSED] or [error@Shm.Error.FAILED].
 *
 * Returns: %TRUE if the process belongs to a program
 *
 * Since: 1.0
 */
gboolean
shm_begin_program (GError **error)
{
  g_autofree char *cause = NULL;
  ShmFault fault;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (shm_program_begin (&fault))
    return TRUE;

  cause = shm_cause_describe (&fault, shm_error_get_step_label (fault.step));
  g_set_error (error, SHM_ERROR, shm_cause_find (fault.step, fault.errnum).code,
               "The registry of this program %s", cause);

  return FALSE;
}

/* Returns the cause of a fault at the step PROGRAM_JOIN. */
static ShmCause
find_join_cause (int errnum)
{
  if (errnum == ENOENT)
    return (ShmCause){ SHM_ERROR_NOT_FOUND, "that process has not begun a program of this user" };
  if (errnum == ESRCH)
    return (ShmCause){ SHM_ERROR_NOT_FOUND, "there is no such process" };

  return shm_cause_find_other (errnum);
}

static void
set_join_error (int pid, const ShmFault *fault, GError **error)
{
  const ShmCause cause = find_join_cause (fault->errnum);
  g_autofree char *registry = NULL;

  if (fault->step == SHM_STEP_PROGRAM_JOIN)
    {
      g_set_error (error, SHM_ERROR, cause.code,
                   "This process cannot join the program of process %d: %s", pid,
                   cause.words != NULL ? cause.words : g_strerror (fault->errnum));
      return;
    }

  registry = shm_cause_describe (fault, shm_error_get_step_label (fault->step));
  g_set_error (error, SHM_ERROR, shm_cause_find (fault->step, fault->errnum).code,
               "The registry of the program of process %d %s", pid, registry);
}

/**
 * shm_join_program:
 * @pid: the ID of a process
 * @error: return location for an error
 *
 * Makes this process a part of the program of another process of the same user.
 *
 * [func@Shm.begin_program] describes programs. This function is for a process that the other
 * process has started with `exec()`. In Python, the library calls it in the processes that
 * `multiprocessing` starts. If this process already belongs to the program, the function does
 * nothing.
 *
 * If the process belonged to another program before, it stays in that program too: its blocks are
 * not removed before this process ends. New blocks belong to the program that it has joined.
 *
 * The function looks at the open files of the other process in `/proc`. It takes about 0.2
 * milliseconds, and longer if the other process has many blocks open. The function can be called
 * from any thread.
 *
 * It fails with [error@Shm.Error.NOT_FOUND] if there is no such process, or if it belongs to no
 * program of this user, with [error@Shm.Error.PERMISSION_DENIED] if this process may not look at
 * it, and with [error@Shm.Error.FAILED] if another thread joins a program at the same time. It also
 * fails with [error@Shm.Error.TOO_MANY_FILES], [error@Shm.Error.NO_SPACE],
 * [error@Shm.Error.REFUSED], [error@Shm.Error.NOT_SUPPORTED] or [error@Shm.Error.FAILED], if a
 * system call fails. After an error, the process belongs to the same program as before.
 *
 * Returns: %TRUE if the process belongs to the program
 *
 * Since: 1.0
 */
gboolean
shm_join_program (int pid, GError **error)
{
  ShmFault fault;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (shm_program_join (pid, &fault))
    return TRUE;

  set_join_error (pid, &fault, error);

  return FALSE;
}
