/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program: a set of processes that share tracked blocks. When the last process of the program
 * has ended, the tracker removes the tracked blocks.
 *
 * A process begins a program. Its forked children belong to the same program, and another process
 * of the same user can join. exec() leaves the program.
 *
 * All of this rests on one file, the registry of the program (see registry/shm-registry-format.h).
 * A process that begins a program creates the file without a name. It opens the file once more for
 * reading only, takes a shared lock (SHM_REGISTRY_LOCK) on this open file description, and maps a
 * page through it. This is the life line: fork() copies the descriptor and the mapping, exec()
 * drops both, and so the kernel releases the lock when the last process of the program has ended.
 * The mapping keeps the lock even if a program closes all its descriptors. There is no list of
 * processes, no process ID, and no lock in memory that a child could inherit.
 *
 * A process that joins the program finds the life line of another process in /proc/PID/fd. The lock
 * in /proc/PID/fdinfo distinguishes it from registries that the other process only reads.
 *
 * The creation of the first tracked block gives the registry its name, and starts the tracker: the
 * program shmobj-tracker, which waits until it gets SHM_REGISTRY_LOCK exclusively.
 * shm-program-notes.h describes the entries.
 *
 * The life line cannot be used to write the registry. To write an entry, a process opens the file
 * again, and so needs the permission of its owner: a process that has changed its user cannot make
 * the tracker of its former user remove any block. Such a process begins a program of its own.
 */

#pragma once

#include "core/shm-system.h"
#include "program/shm-program-steps.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* A program of this process. The structure stays until the process ends, because objects refer to
 * it. */
typedef struct _ShmProgram ShmProgram;

/* Begins a program, unless this process already belongs to a program of its effective user. Fails
 * with a step of creating a block, or at PROGRAM_BEGIN. */
gboolean shm_program_begin (ShmFault *fault);

/* Joins the program of the process @pid. Does nothing if this process already belongs to it. The
 * process stays in its former program too, until it ends, but tracks new blocks in the program that
 * it has joined. Fails at PROGRAM_JOIN: ESRCH if there is no such process, ENOENT if it belongs to
 * no program of this user, EACCES if this process may not look at it, EMFILE, ENFILE or ENOMEM.
 * Fails at IDENTIFY, LOCK or MAP if it finds the program but cannot hold a life line. */
gboolean shm_program_join (pid_t pid, ShmFault *fault);

/* Opens the registry of the program in which this process tracks new blocks, for reading and
 * writing. Begins a program if necessary, and gives the registry its name. Stores the program in
 * *@program and the state of the file in @registry. The caller owns the descriptor. Returns -1 on
 * failure. */
int shm_program_open_current (ShmProgram **program, ShmIdentity *registry, ShmFault *fault);

/* Opens the registry of a program for reading and writing. Stores the state of the file in
 * @registry. The caller owns the descriptor. Fails at PROGRAM_NOTE with ENOENT if the registry was
 * removed. */
int shm_program_open (ShmProgram *self, ShmIdentity *registry, ShmFault *fault);

/* Returns the name of the registry, or NULL if this process does not know it yet. The process knows
 * the name after shm_program_open_current(). (transfer none) (nullable) */
const char *shm_program_get_registry_name (ShmProgram *self);

/* Returns whether a new block can soon get the inode number of a removed block. */
gboolean shm_program_reuses_inodes (const ShmProgram *self);

G_END_DECLS
