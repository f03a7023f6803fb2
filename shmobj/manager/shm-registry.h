/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a manager's server owns, in a file among the blocks: when the server is killed, whoever
 * survives it, or comes later, removes what the registry notes.
 *
 * The file is a header and entries of one size. An entry counts while its state says so, which is
 * written last when it is made: a server can be killed between any two steps.
 *
 * The server holds a claim on its registry, which the kernel takes back when the server dies. It is
 * there before the file has its name. Whoever finds a registry without a claim may act on it; what
 * is removed is only what still has the inode and the owner that were noted, so that it does not
 * matter how many do so at a time.
 */

#pragma once

#include "core/shm-name.h"
#include "core/shm-system.h"
#include "manager/shm-manager-steps.h"
#include "manager/shm-socket-file.h"

G_BEGIN_DECLS

/* Registries are files of this library beside the blocks. */
#define SHM_REGISTRY_PREFIX SHM_NAME_RESERVED_PREFIX "manager-"

/* The writing end: the server's. */
typedef struct _ShmRegistry ShmRegistry;

ShmRegistry *shm_registry_create (ShmFault *fault);

/* Gives up the claim: the server is not alive any more, as far as others can tell, and what it has
 * noted is to be removed after that. A client that has just given a block its name looks at the
 * claim then: either it finds that the server is gone, and removes the block itself, or the block
 * was there before the server began to remove. */
void shm_registry_close (ShmRegistry *self);

/* Takes the registry away. */
void shm_registry_free (ShmRegistry *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmRegistry, shm_registry_free)

const char *shm_registry_get_name (ShmRegistry *self);
guint64 shm_registry_get_device (ShmRegistry *self);

/* A file that is to be removed as well. */
gboolean shm_registry_note_socket (ShmRegistry *self, const ShmSocketFile *socket, ShmFault *fault);

/* Notes a block, in the entry whose number is written to @entry. */
gboolean shm_registry_note (ShmRegistry *self,
                            const char *name,
                            const ShmIdentity *identity,
                            guint64 *entry,
                            ShmFault *fault);
void shm_registry_drop (ShmRegistry *self, guint64 entry);

/* In between: the entry does not count for a client that has just given the block its name, and
 * removes it; for who cleans up after us it does. And back. */
void shm_registry_revoke (ShmRegistry *self, guint64 entry);
void shm_registry_restore (ShmRegistry *self, guint64 entry);

/* The reading end: everybody else's. Returns a descriptor; fails with EPERM for a file that is not
 * a registry of this user that only this user could have written. */
int shm_registry_open (const char *name, ShmFault *fault);

/* Whether the server is alive. */
gboolean shm_registry_is_live (int fd);

/* Whether that entry of a live server still notes the block. */
gboolean shm_registry_notes (int fd, guint64 entry, const ShmIdentity *identity);

/* Removes what the registry of a dead server notes, unless a live server's registry notes it too, and
 * the registry; does nothing as long as the server lives. It fails if it can't look at the other
 * registries, for which it needs two descriptors, and removes nothing then. */
gboolean shm_registry_sweep (const char *name, int fd, ShmFault *fault);

/* Likewise for all registries that can be found. @n_removed: how many blocks were removed. */
gboolean shm_registry_sweep_all (guint *n_removed, ShmFault *fault);

G_END_DECLS
