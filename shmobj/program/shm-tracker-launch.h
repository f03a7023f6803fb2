/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts the tracker of a program: the process that removes the tracked blocks when the last
 * process of the program has ended. */

#pragma once

#include "program/shm-program.h"

G_BEGIN_DECLS

/* Starts a tracker, unless the program has one. @registry is a writable descriptor of the registry.
 * Fails at TRACKER: ENOENT if the program shmobj-tracker does not exist, or with the reason why it
 * could not be started. */
gboolean shm_tracker_ensure (ShmProgram *program, int registry, ShmFault *fault);

/* Returns the path of the program shmobj-tracker. */
const char *shm_tracker_get_program (void);

G_END_DECLS
