/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The places of registries.
 *
 * The registries of a user lie in a folder of this user beside the blocks: .shmobj-UID. Other users
 * cannot create files in this folder, so they cannot slow down the search for registries. If the
 * name of the folder is taken by another user, the registries lie in .shmobj-UID-1, and so on up to
 * .shmobj-UID-15. Several of these folders can be in use: in containers that share /dev/shm, one
 * number can stand for several users. If all names are taken, the registries lie beside the blocks.
 *
 * The name of a registry is its path below the folder of blocks, for example
 * ".shmobj-1000/manager-0123456789abcdef" or ".shmobj-manager-0123456789abcdef". The names for
 * programs have "program" instead of "manager", and the inode instead of a random number.
 */

#pragma once

#include "core/shm-system-list.h"
#include "registry/shm-registry-steps.h"

G_BEGIN_DECLS

/* Returns a new name for the registry of a manager. Creates the folder of the registry if
 * necessary. If @is_public is TRUE, other users can open a registry in this folder. (transfer
 * full) */
char *shm_registry_place_generate (gboolean is_public);

/* Returns the name for the registry of a program. Creates the folder of the registry if necessary.
 * @identity is the identity of the registry. (transfer full) */
char *shm_registry_place_generate_for_program (const ShmIdentity *identity);

/* Returns the name that the registry of a program has, or NULL if it has no name. (transfer full)
 * (nullable) */
char *shm_registry_place_find_program (const ShmIdentity *identity);

/* Returns whether @name can be the name of a registry. If the registry lies in a folder, checks the
 * folder too, and stores its owner in @uid; otherwise stores G_MAXUINT32 in @uid. Fails with ENOENT
 * or EPERM. */
gboolean shm_registry_place_check (const char *name, guint32 *uid, ShmFault *fault);

/* Returns whether the registry lies beside the blocks. */
gboolean shm_registry_place_is_shared (const char *name);

/* Call this after a registry was removed: removes its folder if the folder is empty. */
void shm_registry_place_clean (const char *name);

/* Calls @func for each file of this user that can be a registry, with the name of the registry.
 * Searches the folders of registries. Searches beside the blocks as well if @everywhere is TRUE, or
 * if this process could create a registry only there; the time for this grows with the number of
 * files of all users. Fails as shm_system_list() does. */
gboolean shm_registry_place_list (gboolean everywhere,
                                  ShmListFunc func,
                                  gpointer user_data,
                                  ShmFault *fault);

/* Removes the empty folders of registries. */
void shm_registry_place_clean_all (void);

G_END_DECLS
