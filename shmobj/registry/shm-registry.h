/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Creates the registry of a manager, and writes its entries. Only the server of the manager calls
 * these functions, which are not thread-safe. */

#pragma once

#include "core/shm-name.h"
#include "core/shm-system.h"
#include "registry/shm-registry-steps.h"
#include "registry/shm-socket-file.h"

G_BEGIN_DECLS

typedef struct _ShmRegistry ShmRegistry;

/* Creates and locks a registry. @is_public makes the file readable for all users, because clients
 * of other users must read it. Returns NULL with ENOSPC, ENOMEM or another error. */
ShmRegistry *shm_registry_create (gboolean is_public, ShmFault *fault);

/* Closes the file, and so releases the lock: from now on other processes see that the server is
 * dead. When the server ends, it must call this function before it removes its blocks. A client
 * that has just published a block checks the lock. Either the client sees that the server is dead,
 * and unlinks the block, or the client published the block before the server began to remove its
 * blocks. */
void shm_registry_close (ShmRegistry *self);

/* Closes and removes the file, and frees @self. */
void shm_registry_free (ShmRegistry *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmRegistry, shm_registry_free)

const char *shm_registry_get_name (ShmRegistry *self);
guint64 shm_registry_get_device (ShmRegistry *self);

/* Records the server's socket file, which a sweep removes too. */
gboolean shm_registry_set_socket (ShmRegistry *self, const ShmSocketFile *socket, ShmFault *fault);

/* Records a block, and stores the number of its entry in @entry. Fails with ENOSPC if the registry
 * is full, or with the error of writing the file. */
gboolean shm_registry_add (ShmRegistry *self,
                           const char *name,
                           const ShmIdentity *identity,
                           guint64 *entry,
                           ShmFault *fault);

/* Frees an entry. */
void shm_registry_remove (ShmRegistry *self, guint64 entry);

/* Revokes an entry: shm_registry_has_entry() no longer finds the entry, so that a client that has
 * just published the block unlinks the block. A sweep still removes the block. */
void shm_registry_revoke (ShmRegistry *self, guint64 entry);

/* Undoes shm_registry_revoke(). */
void shm_registry_restore (ShmRegistry *self, guint64 entry);

G_END_DECLS
