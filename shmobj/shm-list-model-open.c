/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Creates the models of a list: one for each main context. */

#include "config.h"

#include "shm-list-model-private.h"

#include "shm-error-private.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"
#include "shm-work.h"

#include <errno.h>

static ShmListModel *
model_new (ShmShareableList *list, GMainContext *context, GError **error)
{
  g_autoptr (ShmListModel) self = NULL;
  g_autoptr (ShmBlockUse) use = NULL;
  ShmList *open = shm_shareable_list_get_open (list, FALSE, error);
  ShmFault fault;

  if (open == NULL)
    return NULL;
  if (open->layout.n_items > G_MAXUINT)
    {
      g_autofree char *block = shm_error_describe_block (shm_shareable_list_get_block_name (list));

      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                   "The list in block %s has more values than a GListModel can have", block);
      return NULL;
    }

  self = g_object_new (SHM_TYPE_LIST_MODEL, NULL);
  self->list = g_object_ref (list);
  self->context = g_main_context_ref (context);
  self->items = shm_model_items_new ();
  if (!shm_list_watcher_init (&self->watcher, open, &fault))
    {
      shm_shareable_list_fail (list, &fault, error);
      return NULL;
    }

  use = shm_shared_memory_enter (shm_shareable_list_get_shared_memory (list), error);
  if (use == NULL)
    return NULL;
  shm_list_model_start (self, use);

  return g_steal_pointer (&self);
}

static GMutex models_lock; /* protects the arrays of all lists */

static void
free_weak_ref (gpointer weak_ref)
{
  g_weak_ref_clear (weak_ref);
  g_free (weak_ref);
}

static void
free_models (gpointer models)
{
  g_ptr_array_unref (models);
}

/* Returns the array of weak references of @list (element-type GWeakRef). */
static GPtrArray *
get_models_locked (ShmShareableList *list)
{
  static GQuark quark = 0;
  GPtrArray *models;

  if (quark == 0)
    quark = g_quark_from_static_string ("shm-list-models");

  models = g_object_get_qdata (G_OBJECT (list), quark);
  if (models == NULL)
    {
      models = g_ptr_array_new_with_free_func (free_weak_ref);
      g_object_set_qdata_full (G_OBJECT (list), quark, models, free_models);
    }

  return models;
}

static ShmListModel *
find_model (ShmShareableList *list, GMainContext *context)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_object_unref);
  ShmListModel *found = NULL;
  GPtrArray *models;

  g_mutex_lock (&models_lock);
  models = get_models_locked (list);
  for (guint i = models->len; i > 0; i--)
    {
      ShmListModel *model = g_weak_ref_get (g_ptr_array_index (models, i - 1));

      if (model == NULL)
        g_ptr_array_remove_index_fast (models, i - 1);
      else if (model->context == context && found == NULL)
        found = model;
      else
        g_ptr_array_add (others, model);
    }
  g_mutex_unlock (&models_lock);

  return found;
}

static void
add_model (ShmShareableList *list, ShmListModel *model)
{
  GWeakRef *weak_ref = g_new (GWeakRef, 1);

  g_weak_ref_init (weak_ref, model);
  g_mutex_lock (&models_lock);
  g_ptr_array_add (get_models_locked (list), weak_ref);
  g_mutex_unlock (&models_lock);
}

/**
 * shm_shareable_list_get_model:
 * @self: a list
 * @error: return location for an error
 *
 * Returns a model of the values, which follows the list, for example for a `GtkListView`.
 *
 * The model emits its signals in the thread-default main context of the caller. While a model of
 * this list for this main context is alive, the function returns this model again. A list without a
 * model does nothing for it.
 *
 * The first call copies all values, as [method@Shm.ShareableList.copy_values] does, and can wait
 * for other processes as that function does.
 *
 * It fails with [error@Shm.Error.CLOSED], with [error@Shm.Error.CORRUPT] if the positions of the
 * values are invalid, with [error@Shm.Error.NO_SPACE] if there is not enough memory, with
 * [error@Shm.Error.TIMED_OUT], with [error@Shm.Error.NOT_SUPPORTED] if the list has more than
 * 4,294,967,295 values, and with [error@Shm.Error.TOO_MANY_FILES] if the program has no main
 * context and cannot have one.
 *
 * Returns: (transfer full): the model
 *
 * Since: 1.0
 */
ShmListModel *
shm_shareable_list_get_model (ShmShareableList *self, GError **error)
{
  g_autoptr (GMainContext) context = NULL;
  ShmListModel *model;
  ShmFault fault;

  g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (shm_shareable_list_get_open (self, FALSE, error) == NULL)
    return NULL;
  if (!shm_work_has_context ())
    {
      shm_fault_set (&fault, SHM_STEP_WATCH, EMFILE);
      shm_shareable_list_fail (self, &fault, error);
      return NULL;
    }

  context = g_main_context_ref_thread_default ();
  model = find_model (self, context);
  if (model == NULL)
    {
      model = model_new (self, context, error);
      if (model != NULL)
        add_model (self, model);
    }

  return model;
}
