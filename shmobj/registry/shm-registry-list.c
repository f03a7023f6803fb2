/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry-list.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "registry/shm-registry-place.h"
#include "registry/shm-registry-reader.h"

typedef struct
{
  ShmIdentity identity;
  gboolean is_leftover;
  char *address;
} OwnedBlock;

typedef struct
{
  GHashTable *blocks; /* name to OwnedBlock */
  ShmFault fault;     /* why a registry could not be read; errnum is 0 if all could be read */
} Listing;

static void
free_block (gpointer data)
{
  OwnedBlock *block = data;

  g_free (block->address);
  g_free (block);
}

/* Adds an entry of a registry. If a block is in several registries, one that is in use wins, and
 * the address of a manager is kept. */
static void
add_entry (Listing *listing,
           const char *name,
           const ShmIdentity *identity,
           gboolean is_in_use,
           const char *address)
{
  OwnedBlock *block = g_hash_table_lookup (listing->blocks, name);
  ShmIdentity found;
  ShmFault ignored;

  /* The owner is compared too, because the system can use an inode again. */
  if (!shm_system_identify_name (name, &found, &ignored) || !shm_identity_equal (&found, identity)
      || found.uid != identity->uid)
    return;

  if (block == NULL)
    {
      block = g_new0 (OwnedBlock, 1);
      block->identity = found;
      block->is_leftover = TRUE;
      g_hash_table_insert (listing->blocks, g_strdup (name), block);
    }
  if (is_in_use)
    {
      block->is_leftover = FALSE;
      if (block->address == NULL)
        block->address = g_strdup (address);
    }
}

static void
add_registry (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  Listing *listing = user_data;
  char block_name[SHM_NAME_MAX + 1];
  ShmIdentity block;
  ShmSocketFile socket;
  ShmFault fault;
  gboolean is_end = FALSE;
  gboolean is_in_use, has_socket;
  const int fd = shm_registry_open (name, FALSE, &fault);

  if (fd < 0)
    {
      /* With these errors, the file is not a registry of this user, or no longer exists. */
      if (fault.errnum != EPERM && fault.errnum != EACCES && fault.errnum != ENOENT
          && fault.errnum != ENODEV)
        listing->fault = fault;
      return;
    }

  is_in_use = shm_registry_is_in_use (fd);
  has_socket = shm_registry_read_socket (fd, &socket)
               && memchr (socket.path, '\0', sizeof socket.path) != NULL
               && g_utf8_validate (socket.path, -1, NULL);
  for (guint64 i = 0; !is_end; i++)
    if (shm_registry_read_entry (fd, i, block_name, &block, &is_end))
      add_entry (listing, block_name, &block, is_in_use, has_socket ? socket.path : NULL);
  close (fd);
}

gboolean
shm_registry_list_owned (ShmOwnedBlockFunc func, gpointer user_data, ShmFault *fault)
{
  g_autoptr (GHashTable) blocks
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_block);
  Listing listing = { blocks };
  GHashTableIter iter;
  gpointer name, value;

  if (!shm_registry_place_list (TRUE, add_registry, &listing, fault))
    return FALSE;
  if (listing.fault.errnum != 0)
    {
      *fault = listing.fault;
      return FALSE;
    }

  g_hash_table_iter_init (&iter, blocks);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      const OwnedBlock *block = value;

      func (name, &block->identity, block->is_leftover, block->address, user_data);
    }

  return TRUE;
}
