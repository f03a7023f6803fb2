/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that only the language overrides use. With most of them, a constructor of an override
 * leaves nothing behind if an exception of the language interrupts it: during an operation of the
 * library, or after the operation and before the constructor returns. */

#include "config.h"

#include "shm-overrides.h"

#include "manager/client/shm-client.h"
#include "manager/shm-cancel.h"
#include "shm-manager-private.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"

/* How long a discarded block may wait for the server that owns it. */
#define DISCARD_USEC G_USEC_PER_SEC

/**
 * shm_private_cancellable_set_check:
 * @cancellable: a cancellable that has no check function yet
 * @func: (scope notified) (closure user_data) (destroy destroy): the check function
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data together with @cancellable
 *
 * Gives a cancellable a function that operations call while they run.
 *
 * A synchronous operation of this library that takes long, and that receives @cancellable, calls
 * @func in the thread of its caller about every 20 milliseconds. If @func returns %FALSE, the
 * operation is cancelled. The binding of a language with signal handlers lets its handlers run in
 * @func. Do not pass @cancellable to an asynchronous function, and do not use it in two threads at
 * the same time.
 *
 * If @func cancels an init() function, that function returns %FALSE and sets no error. The reason
 * is PyGObject: while it converts a #GError, it runs signal handlers and loses their exceptions.
 */
void
shm_private_cancellable_set_check (GCancellable *cancellable,
                                   ShmPrivateCheckFunc func,
                                   gpointer user_data,
                                   GDestroyNotify destroy)
{
  g_return_if_fail (G_IS_CANCELLABLE (cancellable));
  g_return_if_fail (func != NULL);

  shm_cancel_set_check (cancellable, func, user_data, destroy);
}

static ShmSharedMemory *
get_block (GObject *created)
{
  if (SHM_IS_SHAREABLE_LIST (created))
    return shm_shareable_list_get_shared_memory (SHM_SHAREABLE_LIST (created));

  return SHM_IS_SHARED_MEMORY (created) ? SHM_SHARED_MEMORY (created) : NULL;
}

/* Returns FALSE if the object did not create a named block. */
static gboolean
discard_block (ShmSharedMemory *block)
{
  const gboolean is_new = shm_shared_memory_is_creator (block);

  if (is_new && !shm_shared_memory_is_unlinked (block))
    shm_shared_memory_unlink (block, NULL);
  if (!shm_shared_memory_is_closed (block))
    shm_shared_memory_close (block, NULL);

  return is_new && shm_shared_memory_get_name (block) != NULL;
}

/**
 * shm_private_discard:
 * @created: (nullable): a [class@Shm.SharedMemory], [class@Shm.ShareableList] or
 *   [class@Shm.Manager], also one whose initialisation has failed
 *
 * Undoes a construction. Closes a block, and removes its name if this object has created the block.
 * Ends the server that a manager has started. Ignores all errors.
 */
void
shm_private_discard (GObject *created)
{
  ShmSharedMemoryPrivate *priv;
  ShmSharedMemory *block;

  g_return_if_fail (created == NULL || G_IS_OBJECT (created));

  if (created == NULL)
    return;

  block = get_block (created);
  if (block != NULL)
    {
      discard_block (block);

      /* Permit reset() and init(), because the constructor of a class may try again. */
      priv = shm_shared_memory_get_private (block);
      priv->is_initialised = FALSE;
      priv->is_creator = FALSE;
      g_atomic_int_set (&priv->is_unlinked, FALSE);
      if (SHM_IS_SHAREABLE_LIST (created))
        shm_shareable_list_get_private (SHM_SHAREABLE_LIST (created))->is_initialised = FALSE;
    }
  else if (SHM_IS_MANAGER (created)
           && shm_manager_get_state (SHM_MANAGER (created)) == SHM_MANAGER_STATE_STARTED)
    shm_manager_shutdown (SHM_MANAGER (created), NULL, NULL);
}

static gboolean
is_before (gpointer deadline)
{
  return g_get_monotonic_time () < *(gint64 *) deadline;
}

/**
 * shm_private_manager_discard:
 * @manager: a manager
 * @created: a [class@Shm.SharedMemory] or [class@Shm.ShareableList] that @manager has just created
 *
 * Undoes the creation of a managed block: closes it, removes its name, and tells the server. If the
 * server is stopped, the function returns after a second. Ignores all errors.
 */
void
shm_private_manager_discard (ShmManager *manager, GObject *created)
{
  const gint64 deadline = g_get_monotonic_time () + DISCARD_USEC;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ShmSharedMemory *block;
  ShmClient *client;

  g_return_if_fail (SHM_IS_MANAGER (manager));
  g_return_if_fail (G_IS_OBJECT (created));

  block = get_block (created);
  if (block == NULL || !discard_block (block))
    return;

  client = shm_manager_get_client (manager, NULL);
  shm_cancel_set_check (cancellable, is_before, (gpointer) &deadline, NULL);
  if (client != NULL)
    shm_client_remove (client, shm_shared_memory_get_name (block), cancellable, NULL);
}

/* Setting properties again */

/**
 * shm_private_block_reset:
 * @block: an object that is not initialised
 * @name: (nullable): the new value of [property@Shm.SharedMemory:name]
 * @origin: the new value of [property@Shm.SharedMemory:origin]
 * @size: the new value of [property@Shm.SharedMemory:size]
 * @mode: the new value of [property@Shm.SharedMemory:mode]
 * @create_flags: the new value of [property@Shm.SharedMemory:create-flags]
 * @attach_flags: the new value of [property@Shm.SharedMemory:attach-flags]
 *
 * Sets the construct-only properties before init() is called. The flags are integers: to convert a
 * value of an enumeration, PyGObject imports modules, and it crashes if the import fails because
 * the interpreter is exiting. After init() has failed, this function makes it possible to call
 * init() again. In Python, the constructor of a class can call the constructor of its base class a
 * second time with other arguments. Does nothing if the object is initialised.
 */
void
shm_private_block_reset (ShmSharedMemory *block,
                         const char *name,
                         guint origin,
                         guint64 size,
                         guint mode,
                         guint create_flags,
                         guint attach_flags)
{
  ShmSharedMemoryPrivate *priv;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (block));

  priv = shm_shared_memory_get_private (block);
  if (priv->is_initialised)
    return;

  g_clear_error (&priv->init_error);
  g_free (priv->name);
  priv->name = g_strdup (name);
  priv->origin = origin;
  priv->size = size;
  priv->mode = mode;
  priv->create_flags = create_flags;
  priv->attach_flags = attach_flags;
}

/**
 * shm_private_list_reset:
 * @list: a list that is not initialised
 * @values: (nullable): the new value of [property@Shm.ShareableList:values]
 * @name: (nullable): the new value of [property@Shm.ShareableList:name]
 * @mode: the new value of [property@Shm.ShareableList:mode]
 * @create_flags: the new value of [property@Shm.ShareableList:create-flags]
 * @attach_flags: the new value of [property@Shm.ShareableList:attach-flags]
 *
 * Sets the construct-only properties of a list as [func@ShmPrivate.block_reset] does. No other
 * thread may use the list, because its memory is unmapped.
 */
void
shm_private_list_reset (ShmShareableList *list,
                        GVariant *values,
                        const char *name,
                        guint mode,
                        guint create_flags,
                        guint attach_flags)
{
  ShmShareableListPrivate *priv;

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (list));

  priv = shm_shareable_list_get_private (list);
  if (priv->is_initialised)
    return;

  g_clear_error (&priv->init_error);
  shm_list_clear (&priv->list); /* of an earlier call that discard() has undone */
  priv->block = NULL;
  g_clear_object (&priv->shared_memory);
  g_clear_pointer (&priv->values, g_variant_unref);
  g_clear_pointer (&priv->columns, g_bytes_unref);
  g_free (priv->name);
  priv->values = values != NULL ? g_variant_ref_sink (values) : NULL;
  priv->name = g_strdup (name);
  priv->mode = mode;
  priv->create_flags = create_flags;
  priv->attach_flags = attach_flags;
}

/**
 * shm_private_manager_reset:
 * @manager: a manager without a server
 * @address: (nullable): the new value of [property@Shm.Manager:address]
 * @authkey: (nullable): the new value of [property@Shm.Manager:authkey]; %NULL keeps the key
 * @flags: the new value of [property@Shm.Manager:flags]
 *
 * Sets the construct-only properties of a new manager, in the manner of [ctor@Shm.Manager.new].
 * PyGObject 3.58 imports a module each time it sets a property whose type is boxed, an enumeration
 * or flags. PyGObject crashes if the import fails because the interpreter is exiting, or because a
 * signal handler raises an exception. For the arguments of a function, PyGObject imports modules
 * only at the first call. This function does nothing if the manager has been started or connected.
 */
void
shm_private_manager_reset (ShmManager *manager, const char *address, GBytes *authkey, guint flags)
{
  ShmManagerPrivate *priv;

  g_return_if_fail (SHM_IS_MANAGER (manager));

  priv = shm_manager_get_private (manager);
  if (g_atomic_int_get (&priv->state) != SHM_MANAGER_STATE_INITIAL)
    return;

  g_free (priv->wanted_address);
  priv->wanted_address = address != NULL && address[0] != '\0' ? g_strdup (address) : NULL;
  if (authkey != NULL)
    {
      g_clear_pointer (&priv->authkey, g_bytes_unref);
      priv->authkey = g_bytes_ref (authkey);
    }
  priv->flags = flags & SHM_MANAGER_DEFINED_FLAGS;
  priv->undefined_flags = flags & ~SHM_MANAGER_DEFINED_FLAGS;
}
