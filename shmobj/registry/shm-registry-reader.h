/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens and reads registries. */

#pragma once

#include "registry/shm-registry-format.h"

G_BEGIN_DECLS

/* Opens a registry for reading. Returns a descriptor, or -1. Fails with EPERM if the file is not a
 * registry, if others than its owner can write it or its folder, or if its owner is neither the
 * caller nor root; with @allow_other_users the owner can be any user. */
int shm_registry_open (const char *name, gboolean allow_other_users, ShmFault *fault);

/* Opens a registry of this user for reading and writing. Fails as shm_registry_open() does. */
int shm_registry_open_own (const char *name, ShmFault *fault);

/* Returns whether the file is a registry of this kind that belongs to this user. */
gboolean shm_registry_is_own (int fd, ShmRegistryKind kind);

/* Returns whether the registry has no name any more. A server, or a process that sweeps, removes
 * the registry after everything else. */
gboolean shm_registry_is_removed (int fd);

/* Returns whether the server of the manager is alive, that is, whether a process holds the lock of
 * the registry. */
gboolean shm_registry_is_live (int fd);

/* Returns whether the server of the manager, or a process of the program, is alive. */
gboolean shm_registry_is_in_use (int fd);

/* Returns whether the entry holds the block with @identity and is not revoked. */
gboolean shm_registry_has_entry (int fd, guint64 entry, const ShmIdentity *identity);

/* Reads an entry. Returns FALSE if the entry is free or not valid. Sets *@is_end to whether @entry
 * is after the last entry. */
gboolean shm_registry_read_entry (int fd,
                                  guint64 entry,
                                  char name[SHM_NAME_MAX + 1],
                                  ShmIdentity *identity,
                                  gboolean *is_end);

/* Reads the server's socket file. Returns FALSE if there is none. */
gboolean shm_registry_read_socket (int fd, ShmSocketFile *socket);

G_END_DECLS
