/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-block-info.h"

#include "core/shm-name.h"
#include "core/shm-system-list.h"
#include "shm-error-private.h"

/**
 * ShmBlockInfo:
 *
 * What can be seen of a named block without attaching to it.
 *
 * [func@Shm.list_blocks] returns one for each block. It tells what was found at that moment;
 * other processes create and remove blocks at any time.
 *
 * Since: 1.0
 */
struct _ShmBlockInfo
{
  char *name;
  ShmIdentity identity;
};

G_DEFINE_BOXED_TYPE (ShmBlockInfo, shm_block_info, shm_block_info_copy, shm_block_info_free)

static ShmBlockInfo *
block_info_new (const char *name, const ShmIdentity *identity)
{
  ShmBlockInfo *self = g_new (ShmBlockInfo, 1);

  self->name = g_strdup (name);
  self->identity = *identity;

  return self;
}

/**
 * shm_block_info_copy:
 * @self: a block's information
 *
 * Makes a copy.
 *
 * Returns: (transfer full): a copy of @self
 *
 * Since: 1.0
 */
ShmBlockInfo *
shm_block_info_copy (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return block_info_new (self->name, &self->identity);
}

/**
 * shm_block_info_free:
 * @self: (transfer full): a block's information
 *
 * Frees @self.
 *
 * Since: 1.0
 */
void
shm_block_info_free (ShmBlockInfo *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->name);
  g_free (self);
}

/**
 * shm_block_info_get_name:
 * @self: a block's information
 *
 * Gets the block's name, as [ctor@Shm.SharedMemory.attach] takes it.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shm_block_info_get_name (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * shm_block_info_get_size:
 * @self: a block's information
 *
 * Gets the block's size.
 *
 * Returns: the size in bytes; 0 if its creator has not set it yet
 *
 * Since: 1.0
 */
guint64
shm_block_info_get_size (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->identity.size;
}

/**
 * shm_block_info_get_owner_uid:
 * @self: a block's information
 *
 * Gets the user that the block belongs to.
 *
 * Returns: the user's number
 *
 * Since: 1.0
 */
guint
shm_block_info_get_owner_uid (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->identity.uid;
}

/**
 * shm_block_info_get_mode:
 * @self: a block's information
 *
 * Gets who may read and write the block.
 *
 * Returns: the permission bits, such as 0600
 *
 * Since: 1.0
 */
guint
shm_block_info_get_mode (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->identity.mode;
}

static void
add_block (const char *name, const ShmIdentity *identity, gpointer blocks)
{
  g_ptr_array_add (blocks, block_info_new (name, identity));
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const ShmBlockInfo *const *first = a;
  const ShmBlockInfo *const *second = b;

  return g_strcmp0 ((*first)->name, (*second)->name);
}

/**
 * shm_list_blocks:
 * @error: return location for an error
 *
 * Lists the named blocks on this machine that the caller can see, whoever made them.
 *
 * On Linux these are the regular files in `/dev/shm`. Left out are glibc's semaphores, blocks
 * that are still being made, and files whose names are not UTF-8.
 *
 * It can be called from any thread. It fails with [error@Shm.Error.PERMISSION_DENIED] or
 * [error@Shm.Error.FAILED] if the system does not let the caller look.
 *
 * Returns: (transfer container) (element-type ShmBlockInfo): the blocks, sorted by name; the array
 *   frees them
 *
 * Since: 1.0
 */
GPtrArray *
shm_list_blocks (GError **error)
{
  g_autoptr (GPtrArray) blocks
      = g_ptr_array_new_with_free_func ((GDestroyNotify) shm_block_info_free);
  ShmFault fault;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!shm_system_list (add_block, blocks, &fault))
    {
      shm_error_set_from_fault (error, &fault, &(ShmErrorContext){ NULL, 0 });
      return NULL;
    }

  g_ptr_array_sort (blocks, compare_names);

  return g_steal_pointer (&blocks);
}

/**
 * shm_remove_block:
 * @name: a block's name
 * @error: return location for an error
 *
 * Removes the name of a block without attaching to it, so that also one can be removed whose
 * creator died before it had a size.
 *
 * Processes that have the block open keep it until they close it. Whatever block stands under
 * the name is removed; to remove only a certain one, attach to it and call
 * [method@Shm.SharedMemory.unlink].
 *
 * It can be called from any thread. It fails with [error@Shm.Error.INVALID_NAME],
 * [error@Shm.Error.NOT_FOUND], [error@Shm.Error.TYPE_MISMATCH] if something else than a regular
 * file has the name, and [error@Shm.Error.PERMISSION_DENIED].
 *
 * Returns: %TRUE if the name was removed
 *
 * Since: 1.0
 */
gboolean
shm_remove_block (const char *name, GError **error)
{
  const char *plain;
  ShmFault fault;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  plain = shm_name_check_existing (name, &fault);
  if (plain != NULL && shm_system_remove (plain, NULL, &fault))
    return TRUE;

  return shm_error_set_from_fault (error, &fault, &(ShmErrorContext){ name, 0 });
}
