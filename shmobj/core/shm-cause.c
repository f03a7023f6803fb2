/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-cause.h"

/* Returns a past participle for "cannot be ...". */
static const char *
get_verb (ShmStep step)
{
  switch (step)
    {
    case SHM_STEP_CREATE:
    case SHM_STEP_SET_MODE:
    case SHM_STEP_RESERVE:
    case SHM_STEP_BEFORE_PUBLISH:
    case SHM_STEP_PUBLISH:
      return "created";
    case SHM_STEP_OPEN:
    case SHM_STEP_AWAIT_SIZE:
    case SHM_STEP_CHECK_FD:
    case SHM_STEP_CHECK_TYPE:
      return "opened";
    case SHM_STEP_IDENTIFY:
      return "examined";
    case SHM_STEP_MAP:
      return "mapped";
    case SHM_STEP_DUPLICATE:
      return "opened through another descriptor";
    case SHM_STEP_REOPEN:
      return "opened again";
    case SHM_STEP_LOCK:
      return "locked";
    case SHM_STEP_UNLOCK:
      return "unlocked";
    case SHM_STEP_READ:
      return "read";
    case SHM_STEP_WRITE:
      return "written";
    case SHM_STEP_SEAL:
      return "sealed";
    case SHM_STEP_WATCH:
      return "watched";
    case SHM_STEP_REMOVE:
      return "removed";
    case SHM_STEP_LIST:
      return "listed";
    default:
      return "used";
    }
}

char *
shm_cause_describe (const ShmFault *fault, const char *label)
{
  const ShmCause cause = shm_cause_find (fault->step, fault->errnum);
  const char *verb = get_verb (fault->step);
  const char *reason = g_strerror (fault->errnum);

  if (cause.words == NULL)
    return g_strdup_printf ("cannot be %s (%s: %s)", verb, label, reason);

  return g_strdup_printf ("cannot be %s: %s (%s: %s)", verb, cause.words, label, reason);
}
