/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-block-info.h"

#include "core/shm-name.h"
#include "core/shm-system-list.h"
#include "registry/shm-registry-list.h"
#include "shm-error-private.h"
#include "shm-work.h"

/**
 * ShmBlockInfo:
 * @name: the block's name
 * @size: the size in bytes; 0 if the creator has not set it yet
 * @owner_uid: the ID of the user that owns the block
 * @mode: the permission bits, such as 0600
 *
 * Information about a named block. Programs get it without attaching to the block.
 *
 * [func@Shm.list_blocks] returns a #ShmBlockInfo for each block. It describes the block at the time
 * of that call. Other processes can create and remove blocks at any time.
 *
 * The fields are for reading. Only the library creates this structure.
 *
 * Since: 1.0
 */
/* Some language bindings let a program write a field. Therefore the name that is freed is in a
 * private field. */

G_DEFINE_BOXED_TYPE (ShmBlockInfo, shm_block_info, shm_block_info_copy, shm_block_info_free)

static ShmBlockInfo *
block_info_new (const char *name, guint64 size, guint owner_uid, guint mode)
{
  ShmBlockInfo *self = g_new (ShmBlockInfo, 1);

  self->owned_name = g_strdup (name);
  self->name = self->owned_name;
  self->size = size;
  self->owner_uid = owner_uid;
  self->mode = mode;
  self->manager_address = NULL;
  self->leftover = FALSE;

  return self;
}

/**
 * shm_block_info_copy:
 * @self: information about a block
 *
 * Copies @self.
 *
 * Returns: (transfer full): a copy of @self
 *
 * Since: 1.0
 */
ShmBlockInfo *
shm_block_info_copy (ShmBlockInfo *self)
{
  ShmBlockInfo *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = block_info_new (self->owned_name, self->size, self->owner_uid, self->mode);
  copy->manager_address = g_strdup (self->manager_address);
  copy->leftover = self->leftover;

  return copy;
}

/**
 * shm_block_info_free:
 * @self: (transfer full): information about a block
 *
 * Frees @self.
 *
 * Since: 1.0
 */
void
shm_block_info_free (ShmBlockInfo *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->owned_name);
  g_free (self->manager_address);
  g_free (self);
}

/**
 * shm_block_info_get_name:
 * @self: information about a block
 *
 * Returns the block's name, which can be passed to [ctor@Shm.SharedMemory.attach].
 *
 * Returns: the name, which belongs to @self
 *
 * Since: 1.0
 */
const char *
shm_block_info_get_name (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->owned_name;
}

/**
 * shm_block_info_get_size:
 * @self: information about a block
 *
 * Returns the block's size.
 *
 * Returns: the size in bytes; 0 if the creator has not set it yet
 *
 * Since: 1.0
 */
guint64
shm_block_info_get_size (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->size;
}

/**
 * shm_block_info_get_owner_uid:
 * @self: information about a block
 *
 * Returns the user that owns the block.
 *
 * Returns: the user ID
 *
 * Since: 1.0
 */
guint
shm_block_info_get_owner_uid (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->owner_uid;
}

/**
 * shm_block_info_get_mode:
 * @self: information about a block
 *
 * Returns the permission bits of the block.
 *
 * Returns: the permission bits, such as 0600
 *
 * Since: 1.0
 */
guint
shm_block_info_get_mode (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->mode;
}

/**
 * shm_block_info_is_leftover:
 * @self: information about a block
 *
 * Returns whether the managers and programs that owned the block have all ended.
 *
 * [func@Shm.Manager.remove_leftovers] removes such a block. Another process can still use it. Only
 * [func@Shm.list_owned_blocks] finds out whether a block is a leftover; other functions return
 * structures for which this function returns %FALSE.
 *
 * Returns: %TRUE if the block is a leftover
 *
 * Since: 1.0
 */
gboolean
shm_block_info_is_leftover (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->leftover;
}

/**
 * shm_block_info_get_manager_address:
 * @self: information about a block
 *
 * Returns the address of the manager that owns the block, which can be passed to
 * [ctor@Shm.Manager.new].
 *
 * It is %NULL if a program owns the block, if the block is a leftover, if the server listens at no
 * Unix socket, and if another function than [func@Shm.list_owned_blocks] returned @self.
 *
 * Returns: (nullable): the address, which belongs to @self
 *
 * Since: 1.0
 */
const char *
shm_block_info_get_manager_address (ShmBlockInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->manager_address;
}

static void
add_block (const char *name, const ShmIdentity *identity, gpointer data)
{
  GList **blocks = data;

  *blocks = g_list_prepend (*blocks,
                            block_info_new (name, identity->size, identity->uid, identity->mode));
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const ShmBlockInfo *first = a;
  const ShmBlockInfo *second = b;

  return g_strcmp0 (first->name, second->name);
}

/* The result is a GList, because all language bindings free its elements correctly. Some free the
 * elements of a GPtrArray too early. */
static GList *
list_blocks (GError **error)
{
  g_autolist (ShmBlockInfo) blocks = NULL;
  ShmFault fault;

  if (!shm_system_list (add_block, &blocks, &fault))
    {
      shm_error_set_from_fault (error, &fault, &(ShmErrorContext){ NULL, 0 });
      return NULL;
    }

  blocks = g_list_sort (blocks, compare_names);

  return g_steal_pointer (&blocks);
}

static void
free_blocks (gpointer blocks)
{
  g_list_free_full (blocks, (GDestroyNotify) shm_block_info_free);
}

/**
 * shm_list_blocks:
 * @error: return location for an error
 *
 * Lists the named blocks of all programs on this machine that the caller can see.
 *
 * On Linux these are the regular files in `/dev/shm`. The list does not contain semaphores of
 * glibc, drafts of this library (files under construction), or files whose names are not UTF-8.
 *
 * The function takes time in proportion to the number of blocks. In a main loop, call
 * [func@Shm.list_blocks_async] instead. The function can be called from any thread.
 *
 * It fails with [error@Shm.Error.FOLDER_MISSING] if there is no `/dev/shm`, with
 * [error@Shm.Error.PERMISSION_DENIED], [error@Shm.Error.REFUSED] or [error@Shm.Error.FAILED] if the
 * caller cannot read it, and with [error@Shm.Error.TOO_MANY_FILES].
 *
 * In C, the list is %NULL if there are no blocks, and also on failure. `g_autolist (ShmBlockInfo)`
 * frees it.
 *
 * Returns: (transfer full) (element-type ShmBlockInfo): the blocks, sorted by name
 *
 * Since: 1.0
 */
GList *
shm_list_blocks (GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return list_blocks (error);
}

static gpointer
list_in_thread (gpointer unused, GCancellable *cancellable, GError **error)
{
  return g_cancellable_set_error_if_cancelled (cancellable, error) ? NULL : list_blocks (error);
}

static const ShmWork listing = {
  .run = list_in_thread,
  .free_result = free_blocks,
};

/**
 * shm_list_blocks_async:
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list is complete or the operation failed
 * @user_data: data for @callback
 *
 * Lists the named blocks on this machine in a thread. See [func@Shm.list_blocks].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_list_blocks_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_list_blocks_async);
  shm_work_start (&listing, task, NULL);
}

/**
 * shm_list_blocks_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.list_blocks_async]. It fails like [func@Shm.list_blocks], with
 * `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full) (element-type ShmBlockInfo): the blocks, sorted by name
 *
 * Since: 1.0
 */
GList *
shm_list_blocks_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, shm_list_blocks_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
add_owned_block (const char *name,
                 const ShmIdentity *identity,
                 gboolean is_leftover,
                 const char *address,
                 gpointer data)
{
  GList **blocks = data;

  add_block (name, identity, data);
  ((ShmBlockInfo *) (*blocks)->data)->leftover = is_leftover;
  ((ShmBlockInfo *) (*blocks)->data)->manager_address = g_strdup (address);
}

static GList *
list_owned_blocks (GError **error)
{
  g_autolist (ShmBlockInfo) blocks = NULL;
  ShmFault fault;

  if (!shm_registry_list_owned (add_owned_block, &blocks, &fault))
    {
      shm_error_set_from_fault (error, &fault, &(ShmErrorContext){ NULL, 0 });
      return NULL;
    }

  blocks = g_list_sort (blocks, compare_names);

  return g_steal_pointer (&blocks);
}

/**
 * shm_list_owned_blocks:
 * @error: return location for an error
 *
 * Lists the blocks that managers and programs of this user own: the blocks of managers, and the
 * blocks that were created with %SHM_CREATE_TRACK.
 *
 * [method@Shm.BlockInfo.is_leftover] tells whether the owners of a block have ended, so that
 * [func@Shm.Manager.remove_leftovers] removes the block. Managers of CPython keep their lists in
 * their own memory, so their blocks are missing, except if they belong to a server of this library.
 *
 * The list describes the moment of the call. The function changes nothing. It takes time in
 * proportion to the number of blocks; in a main loop, call [func@Shm.list_owned_blocks_async]
 * instead. The function can be called from any thread.
 *
 * It fails like [func@Shm.Manager.remove_leftovers]. In C, the list is %NULL if there are no
 * blocks, and also on failure. `g_autolist (ShmBlockInfo)` frees it.
 *
 * Returns: (transfer full) (element-type ShmBlockInfo): the blocks, sorted by name
 *
 * Since: 1.0
 */
GList *
shm_list_owned_blocks (GError **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return list_owned_blocks (error);
}

static gpointer
list_owned_in_thread (gpointer unused, GCancellable *cancellable, GError **error)
{
  return g_cancellable_set_error_if_cancelled (cancellable, error) ? NULL
                                                                   : list_owned_blocks (error);
}

static const ShmWork owned_listing = {
  .run = list_owned_in_thread,
  .free_result = free_blocks,
};

/**
 * shm_list_owned_blocks_async:
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the list is complete or the operation failed
 * @user_data: data for @callback
 *
 * Lists the blocks that managers and programs own in a thread. See [func@Shm.list_owned_blocks].
 *
 * @callback is called in the thread-default main context of the caller.
 *
 * Since: 1.0
 */
void
shm_list_owned_blocks_async (GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_list_owned_blocks_async);
  shm_work_start (&owned_listing, task, NULL);
}

/**
 * shm_list_owned_blocks_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [func@Shm.list_owned_blocks_async]. It fails like [func@Shm.list_owned_blocks], with
 * `G_IO_ERROR_CANCELLED`, and with [error@Shm.Error.FAILED] if no thread could be started.
 *
 * Returns: (transfer full) (element-type ShmBlockInfo): the blocks, sorted by name
 *
 * Since: 1.0
 */
GList *
shm_list_owned_blocks_finish (GAsyncResult *result, GError **error)
{
  shm_work_return_val_if_invalid (NULL, result, shm_list_owned_blocks_async, error, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * shm_remove_block:
 * @name: a block's name
 * @error: return location for an error
 *
 * Removes the name of a block without attaching to the block.
 *
 * The function can remove any block that the caller has the permission to remove, even a block
 * whose creator died before it set the size. Processes that have the block open can use it until
 * they close it.
 *
 * The function does not check which block has the name. To remove the name of a certain block only,
 * attach to the block and call [method@Shm.SharedMemory.unlink].
 *
 * The function waits for no other process. If no process has the block open or mapped, it gives all
 * pages of the block back to the system in the calling thread. This takes time for a large block:
 * see [How long freeing a block takes](overview.html#how-long-freeing-a-block-takes).
 *
 * The function can be called from any thread. It fails with [error@Shm.Error.INVALID_NAME], with
 * [error@Shm.Error.NOT_FOUND], with [error@Shm.Error.TYPE_MISMATCH] if the name does not belong to
 * a regular file, with [error@Shm.Error.PERMISSION_DENIED], and with
 * [error@Shm.Error.FOLDER_MISSING] or [error@Shm.Error.FOLDER_READ_ONLY] if `/dev/shm` is missing
 * or read-only.
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
