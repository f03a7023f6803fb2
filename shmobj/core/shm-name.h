/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules for names of blocks.
 *
 * The name of a new block must be portable: every program that may attach to the block, for example
 * the resource tracker of CPython, must be able to handle the name. Another program chose the name
 * of an existing block. This name must only be safe: it must be valid UTF-8, and one component of a
 * path, below the folder of blocks.
 *
 * Both kinds of names may begin with one slash, as shm_open() requires. The functions skip this
 * slash.
 */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_NAME_MAX 255 /* bytes: NAME_MAX of every file system that holds blocks */

/* The prefix of files that this library keeps beside the blocks. They are not blocks and are not
 * listed. */
#define SHM_NAME_RESERVED_PREFIX ".shmobj-"
#define SHM_NAME_DRAFT_PREFIX    SHM_NAME_RESERVED_PREFIX "draft-"

/* "psm_" and 8 hexadecimal digits, as CPython generates names, and a NUL. */
#define SHM_NAME_GENERATED_SIZE 13

/* These two functions check a name. They return a pointer into @name, after its leading slash, or
 * NULL with a fault at SHM_STEP_CHECK_NAME. */
const char *shm_name_check_new (const char *name, ShmFault *fault);
const char *shm_name_check_existing (const char *name, ShmFault *fault);

/* Generates a name for a new block. */
void shm_name_generate (char name[SHM_NAME_GENERATED_SIZE]);
G_END_DECLS
