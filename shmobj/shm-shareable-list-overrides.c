/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A function of ShmShareableList that only the Python override uses. */

#include "config.h"

#include "shm-shareable-list-private.h"

/**
 * shm_shareable_list_reset:
 * @self: a list that is not initialised
 * @values: (nullable): the new value of [property@Shm.ShareableList:values]
 * @name: (nullable): the new value of [property@Shm.ShareableList:name]
 * @mode: the new value of [property@Shm.ShareableList:mode]
 * @create_flags: the new value of [property@Shm.ShareableList:create-flags]
 * @attach_flags: the new value of [property@Shm.ShareableList:attach-flags]
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * Sets the construct-only properties before init() is called. The flags are integers: to convert a
 * value of an enumeration, PyGObject imports modules, and it crashes if the import fails because
 * the interpreter is exiting. After init() has failed, this function makes it possible to call
 * init() again. In Python, the constructor of a class can call the constructor of its base class a
 * second time with other arguments. Does nothing if the object is initialised.
 *
 * Since: 1.0
 */
void
shm_shareable_list_reset (ShmShareableList *self,
                          GVariant *values,
                          const char *name,
                          guint mode,
                          guint create_flags,
                          guint attach_flags)
{
  ShmShareableListPrivate *priv;

  g_return_if_fail (SHM_IS_SHAREABLE_LIST (self));

  priv = shm_shareable_list_get_private (self);
  if (priv->is_initialised)
    return;

  g_clear_error (&priv->init_error);
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
