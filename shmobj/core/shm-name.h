/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which names a block may have.
 *
 * A new name is portable: every program that may attach later, CPython's resource tracker
 * among them, can handle it. A name to attach to was chosen by someone else and need only be
 * safe: one component below the folder of the blocks.
 *
 * One leading slash, which shm_open() asks for, is tolerated and dropped by both.
 */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_NAME_MAX 255 /* bytes, as NAME_MAX on every file system that holds blocks */

/* Files of this prefix are this library's own: not blocks, and never listed. Drafts have no name
 * yet; registries say what a manager's server owns. */
#define SHM_NAME_RESERVED_PREFIX ".shmobj-"
#define SHM_NAME_DRAFT_PREFIX    SHM_NAME_RESERVED_PREFIX "draft-"

/* "psm_" and 8 hexadecimal digits, CPython's own form, and a NUL. */
#define SHM_NAME_GENERATED_SIZE 13

/* Both return the name without its leading slash (a part of @name), or NULL with @fault. */
const char *shm_name_check_new (const char *name, ShmFault *fault);
const char *shm_name_check_existing (const char *name, ShmFault *fault);

void shm_name_generate (char name[SHM_NAME_GENERATED_SIZE]);
G_END_DECLS
