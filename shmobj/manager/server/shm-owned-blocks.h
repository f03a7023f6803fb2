/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocks that a manager's server owns, in the order in which it was told of them, each also in
 * the server's registry.
 *
 * Like CPython's list it may have a name more than once: an entry stands for one block that had
 * that name at some time, and only that block is ever removed because of it. Blocks that are gone
 * already are no error.
 */

#pragma once

#include "manager/shm-registry.h"

G_BEGIN_DECLS

typedef struct _ShmOwnedBlocks ShmOwnedBlocks;

/* @registry must stay. */
ShmOwnedBlocks *shm_owned_blocks_new (ShmRegistry *registry);

/* Removes all blocks first. */
void shm_owned_blocks_free (ShmOwnedBlocks *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmOwnedBlocks, shm_owned_blocks_free)

/* The block that has the name now: fails with ENOENT, ESTALE for one that can't be a block, and
 * EPERM for one that is not ours to remove. */
gboolean shm_owned_blocks_track (ShmOwnedBlocks *self, const char *name, ShmFault *fault);

/* A block that is about to have the name; @entry is that of the registry. Fails with EPERM, and with
 * EXDEV for one that will be in another /dev/shm. */
gboolean shm_owned_blocks_announce (ShmOwnedBlocks *self,
                                    const char *name,
                                    const ShmIdentity *identity,
                                    guint64 *entry,
                                    ShmFault *fault);

/* Forgets a block that was announced and did not get its name. FALSE if there is no such entry. */
gboolean
shm_owned_blocks_withdraw (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity);

/* Likewise, if it does not have the name indeed. */
gboolean shm_owned_blocks_withdraw_missing (ShmOwnedBlocks *self,
                                            const char *name,
                                            const ShmIdentity *identity);

gboolean
shm_owned_blocks_owns (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity);

/* Removes the block of that name and forgets it. FALSE if there is no such entry. */
gboolean shm_owned_blocks_release (ShmOwnedBlocks *self, const char *name);

/* Removes and forgets all blocks. */
void shm_owned_blocks_release_all (ShmOwnedBlocks *self);

/* For walking through the names: *@position starts as NULL. Returns NULL at the end. */
const char *shm_owned_blocks_next (ShmOwnedBlocks *self, gpointer *position);

G_END_DECLS
