/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-owned-blocks.h"

#include "manager/shm-manager-steps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct _OwnedBlock OwnedBlock;

struct _OwnedBlock
{
  GList link;        /* an element of ShmOwnedBlocks.order; its data is this block */
  OwnedBlock *older; /* (nullable): the next older block with the same name */
  ShmIdentity identity;
  guint64 entry; /* the number of the registry entry */
  char name[];
};

struct _ShmOwnedBlocks
{
  ShmRegistry *registry;
  GQueue order;        /* (element-type OwnedBlock) (owned) */
  GHashTable *by_name; /* (element-type utf8 OwnedBlock): the newest block of each name, which
                        * owns the key */
};

ShmOwnedBlocks *
shm_owned_blocks_new (ShmRegistry *registry)
{
  ShmOwnedBlocks *self = g_new0 (ShmOwnedBlocks, 1);

  self->registry = registry;
  g_queue_init (&self->order);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);

  return self;
}

void
shm_owned_blocks_free (ShmOwnedBlocks *self)
{
  shm_owned_blocks_remove_all (self);
  g_hash_table_unref (self->by_name);
  g_free (self);
}

/* Adding */

static gboolean
check_owner (const ShmIdentity *identity, ShmFault *fault)
{
  if (geteuid () == 0 || identity->uid == geteuid ())
    return TRUE;

  return shm_fault_set_detail (fault, SHM_STEP_CHECK_OWNER, EPERM, identity->uid);
}

/* The registry is in the same file system as the blocks that the server can remove. */
static gboolean
check_device (ShmOwnedBlocks *self, const ShmIdentity *identity, ShmFault *fault)
{
  return shm_registry_get_device (self->registry) == identity->device
         || shm_fault_set (fault, SHM_STEP_ANNOUNCE, EXDEV);
}

static gboolean
add (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  const gsize size = strlen (name) + 1;
  OwnedBlock *block = g_malloc0 (sizeof *block + size);

  if (!shm_registry_add (self->registry, name, identity, &block->entry, fault))
    {
      g_free (block);
      return FALSE;
    }

  memcpy (block->name, name, size);
  block->identity = *identity;
  block->link.data = block;
  block->older = g_hash_table_lookup (self->by_name, name);
  g_queue_push_tail_link (&self->order, &block->link);
  g_hash_table_replace (self->by_name, block->name, block);

  return TRUE;
}

gboolean
shm_owned_blocks_track (ShmOwnedBlocks *self, const char *name, ShmFault *fault)
{
  ShmIdentity identity;

  if (!shm_system_identify_name (name, &identity, fault))
    return FALSE;
  if (!identity.is_regular)
    return shm_fault_set (fault, SHM_STEP_CHECK_TYPE, ENODEV);

  return check_owner (&identity, fault) && add (self, name, &identity, fault);
}

gboolean
shm_owned_blocks_announce (ShmOwnedBlocks *self,
                           const char *name,
                           const ShmIdentity *identity,
                           guint64 *entry,
                           ShmFault *fault)
{
  if (!check_owner (identity, fault) || !check_device (self, identity, fault)
      || !add (self, name, identity, fault))
    return FALSE;

  *entry = ((OwnedBlock *) self->order.tail->data)->entry;

  return TRUE;
}

/* Forgetting and removing */

static void
forget (ShmOwnedBlocks *self, OwnedBlock *block)
{
  OwnedBlock *newest = g_hash_table_lookup (self->by_name, block->name);

  if (newest != block)
    {
      while (newest->older != block)
        newest = newest->older;
      newest->older = block->older;
    }
  else if (block->older != NULL)
    g_hash_table_replace (self->by_name, block->older->name, block->older);
  else
    g_hash_table_remove (self->by_name, block->name);

  shm_registry_remove (self->registry, block->entry);
  g_queue_unlink (&self->order, &block->link);
  g_free (block);
}

static OwnedBlock *
find_by_identity (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity)
{
  OwnedBlock *block = g_hash_table_lookup (self->by_name, name);

  while (block != NULL && !shm_identity_equal (&block->identity, identity))
    block = block->older;

  return block;
}

gboolean
shm_owned_blocks_withdraw (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity)
{
  OwnedBlock *block = find_by_identity (self, name, identity);

  if (block == NULL)
    return FALSE;

  forget (self, block);

  return TRUE;
}

static gboolean
exists (const OwnedBlock *block)
{
  ShmIdentity found;
  ShmFault ignored;

  return shm_system_identify_name (block->name, &found, &ignored)
         && shm_identity_equal (&found, &block->identity);
}

/* The client may still be alive, and may publish the block at this moment. After publishing, a
 * client checks its registry entry. Either the client finds that the entry is revoked, and removes
 * the block, or the second call of exists() finds the block. */
gboolean
shm_owned_blocks_withdraw_unpublished (ShmOwnedBlocks *self,
                                       const char *name,
                                       const ShmIdentity *identity)
{
  OwnedBlock *block = find_by_identity (self, name, identity);

  if (block == NULL || exists (block))
    return FALSE;

  shm_registry_revoke (self->registry, block->entry);
  if (exists (block))
    {
      shm_registry_restore (self->registry, block->entry);
      return FALSE;
    }

  forget (self, block);

  return TRUE;
}

/* If several owned blocks have the same name, prefers the block that exists under this name. */
static OwnedBlock *
find_by_name (ShmOwnedBlocks *self, const char *name)
{
  OwnedBlock *newest = g_hash_table_lookup (self->by_name, name);
  OwnedBlock *block = newest;
  ShmIdentity found;
  ShmFault ignored;

  if (newest == NULL || !shm_system_identify_name (name, &found, &ignored))
    return newest;

  while (block != NULL && !shm_identity_equal (&block->identity, &found))
    block = block->older;

  return block != NULL ? block : newest;
}

/* Removes the block before its registry entry, so that a sweep finds the entry if this process is
 * killed in between.
 *
 * If the block does not exist, its client may publish it at this moment. After publishing, the
 * client checks its registry entry. Either the client finds that the entry is revoked, and removes
 * the block, or the second call of shm_system_remove() removes the block. */
static void
remove_and_forget (ShmOwnedBlocks *self, OwnedBlock *block)
{
  ShmFault ignored;

  if (!shm_system_remove (block->name, &block->identity, &ignored))
    {
      shm_registry_revoke (self->registry, block->entry);
      shm_system_remove (block->name, &block->identity, &ignored);
    }

  forget (self, block);
}

gboolean
shm_owned_blocks_remove (ShmOwnedBlocks *self, const char *name)
{
  OwnedBlock *block = find_by_name (self, name);

  if (block == NULL)
    return FALSE;

  remove_and_forget (self, block);

  return TRUE;
}

void
shm_owned_blocks_remove_all (ShmOwnedBlocks *self)
{
  /* Begin with the newest block, because forget() finds the newest block of a name fastest. */
  while (self->order.tail != NULL)
    remove_and_forget (self, self->order.tail->data);
}

const char *
shm_owned_blocks_next (ShmOwnedBlocks *self, gpointer *position)
{
  GList *link = *position == NULL ? self->order.head : ((OwnedBlock *) *position)->link.next;

  if (link == NULL)
    return NULL;

  *position = link->data;

  return ((OwnedBlock *) link->data)->name;
}
