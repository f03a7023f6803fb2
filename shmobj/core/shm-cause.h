/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The causes of failed system calls: the one table that maps an errno value to an error code and to
 * words. The messages of blocks, of lists and of managers take their words from it.
 *
 * The words depend on the operating system, so the table is in shm-cause-linux.c. Faults that the
 * library itself detects, such as an invalid name, are not in the table. shm-error-messages.c
 * describes them.
 */

#pragma once

#include "core/shm-fault.h"
#include "shm-error.h"

G_BEGIN_DECLS

typedef struct
{
  ShmError code;
  const char *words; /* (nullable): the cause and a remedy, as a clause; NULL for a rare cause */
} ShmCause;

/* Returns the cause of a failed system call at a step. */
ShmCause shm_cause_find (ShmStep step, int errnum);

/* Returns the code and the words of @errnum for a call that concerns neither a block nor the folder
 * of blocks, such as the creation of a socket. */
ShmCause shm_cause_find_other (int errnum);

/* Describes a fault after a subject, for example "cannot be created: /dev/shm is mounted read-only
 * [...] (create: Read-only file system)". @label is the label of the step. The caller owns the
 * string. */
char *shm_cause_describe (const ShmFault *fault, const char *label);

G_END_DECLS
