/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocks that a server owns, in the order in which clients tracked or announced them. Each
 * block also has an entry in the server's registry.
 *
 * As in CPython's list, a name may occur more than once. Each owned block stands for the block that
 * had the name when the client tracked or announced it; the server removes only this block, and not
 * another block with the same name. It is not an error if the block no longer exists.
 */

#pragma once

#include "registry/shm-registry.h"

G_BEGIN_DECLS

typedef struct _ShmOwnedBlocks ShmOwnedBlocks;

/* @registry must outlive the returned object. */
ShmOwnedBlocks *shm_owned_blocks_new (ShmRegistry *registry);

/* Removes all blocks, and frees @self. */
void shm_owned_blocks_free (ShmOwnedBlocks *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmOwnedBlocks, shm_owned_blocks_free)

/* Adds the block that has the name at present. Fails with ENOENT if there is no such block, and
 * with ENODEV if the name stands for something that is not a block. Fails with EPERM if the block
 * belongs to another user, because the server could not remove it. Both this function and
 * shm_owned_blocks_announce() also fail as shm_registry_add() does. */
gboolean shm_owned_blocks_track (ShmOwnedBlocks *self, const char *name, ShmFault *fault);

/* Adds a block that a client is about to publish. Writes the number of the registry entry to
 * @entry. Fails with EPERM if the block belongs to another user, and with EXDEV if it is in another
 * /dev/shm than the server's. */
gboolean shm_owned_blocks_announce (ShmOwnedBlocks *self,
                                    const char *name,
                                    const ShmIdentity *identity,
                                    guint64 *entry,
                                    ShmFault *fault);

/* Forgets a block that was announced and not published. Returns FALSE if the server does not own
 * the block. */
gboolean
shm_owned_blocks_withdraw (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity);

/* Forgets a block that was announced, unless the block was published. Returns whether the block was
 * forgotten. */
gboolean shm_owned_blocks_withdraw_unpublished (ShmOwnedBlocks *self,
                                                const char *name,
                                                const ShmIdentity *identity);

/* Removes the block with that name and forgets it. Returns FALSE if the server owns no block with
 * that name. */
gboolean shm_owned_blocks_remove (ShmOwnedBlocks *self, const char *name);

/* Removes and forgets all blocks. */
void shm_owned_blocks_remove_all (ShmOwnedBlocks *self);

/* Iterates over the names: set *@position to NULL at first. Returns NULL at the end. */
const char *shm_owned_blocks_next (ShmOwnedBlocks *self, gpointer *position);

G_END_DECLS
