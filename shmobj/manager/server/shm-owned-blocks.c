/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-owned-blocks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct _Segment Segment;

struct _Segment
{
  GList link;     /* in the order of all; its data is the segment */
  Segment *older; /* of the same name (nullable) */
  ShmIdentity identity;
  guint64 entry; /* in the registry */
  char name[];
};

struct _ShmOwnedBlocks
{
  ShmRegistry *registry;
  GQueue order;        /* (element-type Segment) (owned) */
  GHashTable *by_name; /* (element-type utf8 Segment): the newest of each name, which has the key */
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
  shm_owned_blocks_release_all (self);
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

/* Our registry lies where our blocks do. */
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
  Segment *segment = g_malloc0 (sizeof *segment + size);

  if (!shm_registry_note (self->registry, name, identity, &segment->entry, fault))
    {
      g_free (segment);
      return FALSE;
    }

  memcpy (segment->name, name, size);
  segment->identity = *identity;
  segment->link.data = segment;
  segment->older = g_hash_table_lookup (self->by_name, name);
  g_queue_push_tail_link (&self->order, &segment->link);
  g_hash_table_replace (self->by_name, segment->name, segment);

  return TRUE;
}

gboolean
shm_owned_blocks_track (ShmOwnedBlocks *self, const char *name, ShmFault *fault)
{
  ShmIdentity identity;

  if (!shm_system_identify_name (name, &identity, fault))
    return FALSE;
  if (!identity.is_regular)
    return shm_fault_set (fault, SHM_STEP_CHECK_TYPE, EMEDIUMTYPE);

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

  *entry = ((Segment *) self->order.tail->data)->entry;

  return TRUE;
}

/* Taking away */

static void
forget (ShmOwnedBlocks *self, Segment *segment)
{
  Segment *newest = g_hash_table_lookup (self->by_name, segment->name);

  if (newest != segment)
    {
      while (newest->older != segment)
        newest = newest->older;
      newest->older = segment->older;
    }
  else if (segment->older != NULL)
    g_hash_table_replace (self->by_name, segment->older->name, segment->older);
  else
    g_hash_table_remove (self->by_name, segment->name);

  shm_registry_drop (self->registry, segment->entry);
  g_queue_unlink (&self->order, &segment->link);
  g_free (segment);
}

static Segment *
find_block (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity)
{
  Segment *segment = g_hash_table_lookup (self->by_name, name);

  while (segment != NULL && !shm_identity_equal (&segment->identity, identity))
    segment = segment->older;

  return segment;
}

gboolean
shm_owned_blocks_withdraw (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity)
{
  Segment *segment = find_block (self, name, identity);

  if (segment == NULL)
    return FALSE;

  forget (self, segment);

  return TRUE;
}

static gboolean
is_there (const Segment *segment)
{
  ShmIdentity found;
  ShmFault ignored;

  return shm_system_identify_name (segment->name, &found, &ignored)
         && shm_identity_equal (&found, &segment->identity);
}

/* Who announced it may still be there, and be about to give it its name. */
gboolean
shm_owned_blocks_withdraw_missing (ShmOwnedBlocks *self,
                                   const char *name,
                                   const ShmIdentity *identity)
{
  Segment *segment = find_block (self, name, identity);

  if (segment == NULL || is_there (segment))
    return FALSE;

  shm_registry_revoke (self->registry, segment->entry);
  if (is_there (segment))
    {
      shm_registry_restore (self->registry, segment->entry);
      return FALSE;
    }

  forget (self, segment);

  return TRUE;
}

gboolean
shm_owned_blocks_owns (ShmOwnedBlocks *self, const char *name, const ShmIdentity *identity)
{
  return find_block (self, name, identity) != NULL;
}

/* The one whose block is there, if there are several. */
static Segment *
find (ShmOwnedBlocks *self, const char *name)
{
  Segment *newest = g_hash_table_lookup (self->by_name, name);
  Segment *segment = newest;
  ShmIdentity found;
  ShmFault ignored;

  if (newest == NULL || !shm_system_identify_name (name, &found, &ignored))
    return newest;

  while (segment != NULL && !shm_identity_equal (&segment->identity, &found))
    segment = segment->older;

  return segment != NULL ? segment : newest;
}

/* The block first: if we are killed in between, the registry still has it. A block that is not there
 * may be about to come. A client that has given it its name looks at the registry then: if it finds
 * the entry revoked, it removes the block; if not, the block is there when we look once more. */
static void
remove_and_forget (ShmOwnedBlocks *self, Segment *segment)
{
  ShmFault ignored;

  if (!shm_system_remove (segment->name, &segment->identity, &ignored))
    {
      shm_registry_revoke (self->registry, segment->entry);
      shm_system_remove (segment->name, &segment->identity, &ignored);
    }

  forget (self, segment);
}

gboolean
shm_owned_blocks_release (ShmOwnedBlocks *self, const char *name)
{
  Segment *segment = find (self, name);

  if (segment == NULL)
    return FALSE;

  remove_and_forget (self, segment);

  return TRUE;
}

void
shm_owned_blocks_release_all (ShmOwnedBlocks *self)
{
  /* From the end: the newest of a name is found at once. */
  while (self->order.tail != NULL)
    remove_and_forget (self, self->order.tail->data);
}

const char *
shm_owned_blocks_next (ShmOwnedBlocks *self, gpointer *position)
{
  GList *link = *position == NULL ? self->order.head : ((Segment *) *position)->link.next;

  if (link == NULL)
    return NULL;

  *position = link->data;

  return ((Segment *) link->data)->name;
}
