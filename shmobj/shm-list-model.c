/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-list-model-private.h"

#include "shm-shareable-list-private.h"

/**
 * ShmListModel:
 *
 * A #GListModel of the values of a [class@Shm.ShareableList], which follows the list.
 *
 * The model emits [signal@Gio.ListModel::items-changed] when any process sets a value of the list
 * with this library. So a `GtkListView` shows a list that other processes change, without polling:
 *
 * ```c
 * g_autoptr (ShmListModel) model = shm_shareable_list_get_model (list, &error);
 *
 * if (model == NULL)
 *   g_error ("%s", error->message);
 * g_signal_connect (model, "items-changed", G_CALLBACK (on_items_changed), NULL);
 * ```
 *
 * The items are objects of the class [class@Shm.ModelItem]. The number of items never changes. The
 * same item is returned for a position while the program holds a reference to it, and the item
 * emits `notify::value` and `notify::text` after the model has emitted `items-changed`.
 *
 * ## When the model looks
 *
 * The model has a copy of all values, in 17 bytes for each number. When another process sets a
 * value, it wakes the model, and the model compares the list with its copy. The model looks at most
 * once every 16 milliseconds, and does not spend more than a tenth of the time on looking (unless
 * one value has many megabytes). If a look takes more than 1.6 milliseconds, which is possible with
 * more than 100,000 values, the model looks at the rest of the list 16 milliseconds later. It
 * therefore shows many changes of one value as one change. It always shows the last value, also if
 * the process that set it was killed.
 *
 * A look emits `items-changed` for each group of neighbours that have changed, in the order of
 * their positions, or for one range that contains all changes if there are more than 64 groups.
 * Each value that the model shows is complete. If other processes set values during a look, values
 * next to each other can be from different moments of this look; the next look shows the rest.
 *
 * A writer needs no additional system call, except when it wakes a model: that is once for each
 * look of the model.
 *
 * There are three cases in which nobody wakes the model:
 *
 * - Stock CPython sets a value. Set [property@Shm.ListModel:interval] to look at regular times, or
 *   call [method@Shm.ListModel.refresh].
 * - The list was created by stock CPython. The same helps, also for values that are set with this
 *   library.
 * - This process may not write the list, or cannot have another inotify watch. Then the model looks
 *   every 100 milliseconds whether a value has changed, which takes some nanoseconds if none has.
 *
 * ## Threads, forks and closing
 *
 * The model belongs to the main context that was the thread-default main context of the caller of
 * [method@Shm.ShareableList.get_model]. It emits its signals there. Call its functions only in the
 * thread that runs this main context. The last reference can be released in any thread. A child of
 * `fork()` that runs the main context can continue to use the model.
 *
 * Other functions of the list can be used in any thread. The model keeps the list alive. When the
 * list's block is closed, the model ends: it keeps its last values, and its
 * [property@Shm.ListModel:error] becomes [error@Shm.Error.CLOSED].
 *
 * ## Hostile peers
 *
 * A process that can write to the block can make the model look once in each frame of 16
 * milliseconds, for a tenth of the frame. An invalid value does not end the model: the value
 * of its item is %NULL, and [property@Shm.ListModel:error] says which value is invalid.
 *
 * Since: 1.0
 */

enum
{
  PROP_LIST = 1,
  PROP_INTERVAL,
  PROP_ERROR,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ShmListModel,
                               shm_list_model,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

void
shm_list_model_take_error (ShmListModel *self, GError *error)
{
  g_clear_error (&self->error);
  self->error = error;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
}

GVariant *
shm_list_model_dup_value (ShmListModel *self, guint64 index)
{
  ShmListValue value;

  return shm_list_get_value (&self->watcher.copy.parts, index, &value)
             ? g_variant_ref_sink (shm_value_to_variant (&value))
             : NULL;
}

/* GListModel */

static GType
get_item_type (GListModel *model)
{
  return SHM_TYPE_MODEL_ITEM;
}

static guint
get_n_items (GListModel *model)
{
  ShmListModel *self = SHM_LIST_MODEL (model);

  return self->items != NULL ? self->watcher.copy.parts.n_items : 0;
}

static gpointer
get_item (GListModel *model, guint position)
{
  ShmListModel *self = SHM_LIST_MODEL (model);
  g_autoptr (GVariant) value = NULL;
  ShmModelItem *item;

  if (position >= get_n_items (model))
    return NULL;

  item = shm_model_items_lookup (self->items, position);
  if (item != NULL)
    return item;

  value = shm_list_model_dup_value (self, position);

  return shm_model_items_create (self->items, G_OBJECT (self), position, value);
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* The object */

static void
shm_list_model_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  ShmListModel *self = SHM_LIST_MODEL (object);

  switch (id)
    {
    case PROP_LIST:
      g_value_set_object (value, self->list);
      break;
    case PROP_INTERVAL:
      g_value_set_int64 (value, self->interval);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shm_list_model_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_INTERVAL)
    shm_list_model_set_interval (SHM_LIST_MODEL (object), g_value_get_int64 (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
shm_list_model_dispose (GObject *object)
{
  shm_list_model_end (SHM_LIST_MODEL (object));

  G_OBJECT_CLASS (shm_list_model_parent_class)->dispose (object);
}

static void
shm_list_model_finalize (GObject *object)
{
  ShmListModel *self = SHM_LIST_MODEL (object);

  shm_list_watcher_clear (&self->watcher);
  g_clear_pointer (&self->items, shm_model_items_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->list);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (shm_list_model_parent_class)->finalize (object);
}

static void
shm_list_model_class_init (ShmListModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = shm_list_model_get_property;
  object_class->set_property = shm_list_model_set_property;
  object_class->dispose = shm_list_model_dispose;
  object_class->finalize = shm_list_model_finalize;

  /**
   * ShmListModel:list: (getter get_list)
   *
   * The list whose values the model shows.
   *
   * Since: 1.0
   */
  properties[PROP_LIST]
      = g_param_spec_object ("list", NULL, NULL, SHM_TYPE_SHAREABLE_LIST, G_PARAM_READABLE | flags);

  /**
   * ShmListModel:interval: (getter get_interval) (setter set_interval)
   *
   * How often the model compares all values, in microseconds; 0 if only when a process wakes it.
   *
   * Since: 1.0
   */
  properties[PROP_INTERVAL] = g_param_spec_int64 ("interval", NULL, NULL, 0, G_MAXINT64 / 2, 0,
                                                  G_PARAM_READWRITE | flags);

  /**
   * ShmListModel:error: (getter get_error)
   *
   * Why the model cannot show a value, or why it has ended.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR]
      = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, G_PARAM_READABLE | flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
shm_list_model_init (ShmListModel *self)
{
  self->watcher.corrupt_index = SHM_LIST_NO_ITEM;
}

/**
 * shm_list_model_get_list: (get-property list)
 * @self: a model
 *
 * Returns the list whose values the model shows.
 *
 * Returns: (transfer none) (nullable): the list; %NULL if
 *   [method@Shm.ShareableList.get_model] has not created the model
 *
 * Since: 1.0
 */
ShmShareableList *
shm_list_model_get_list (ShmListModel *self)
{
  g_return_val_if_fail (SHM_IS_LIST_MODEL (self), NULL);

  return self->list;
}

/**
 * shm_list_model_get_interval: (get-property interval)
 * @self: a model
 *
 * Returns how often the model compares all values, whether or not a process has woken it.
 *
 * Returns: the interval in microseconds, or 0
 *
 * Since: 1.0
 */
gint64
shm_list_model_get_interval (ShmListModel *self)
{
  g_return_val_if_fail (SHM_IS_LIST_MODEL (self), 0);

  return self->interval;
}

/**
 * shm_list_model_set_interval: (set-property interval)
 * @self: a model
 * @interval: the interval in microseconds, or 0
 *
 * Sets how often the model compares all values, for lists that stock CPython writes or has created.
 * Without an interval, the model does not see what CPython writes before
 * [method@Shm.ListModel.refresh] is called or another process sets a value with this library.
 *
 * The model does not look more often than it otherwise does: an interval of less than 16
 * milliseconds is the same as 16 milliseconds.
 *
 * Since: 1.0
 */
void
shm_list_model_set_interval (ShmListModel *self, gint64 interval)
{
  g_return_if_fail (SHM_IS_LIST_MODEL (self));
  g_return_if_fail (interval >= 0 && interval <= G_MAXINT64 / 2);

  if (self->interval == interval)
    return;

  self->interval = interval;
  shm_list_model_look_soon (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INTERVAL]);
}

/**
 * shm_list_model_get_error: (get-property error)
 * @self: a model
 *
 * Returns why the model cannot show a value, or why it has ended.
 *
 * The code is [error@Shm.Error.CORRUPT] while the list contains an invalid value, which the message
 * names: the value of its item is %NULL. The error goes away when a process sets this value. The
 * code is [error@Shm.Error.CLOSED] after the list's block was closed.
 *
 * Returns: (transfer none) (nullable): the error, which belongs to the model until it changes
 *
 * Since: 1.0
 */
const GError *
shm_list_model_get_error (ShmListModel *self)
{
  g_return_val_if_fail (SHM_IS_LIST_MODEL (self), NULL);

  return self->error;
}

/**
 * shm_list_model_refresh:
 * @self: a model
 * @error: return location for an error
 *
 * Compares all values now, and emits the changes before it returns. It also finds values that stock
 * CPython has set.
 *
 * A value that another process replaces at this moment can appear later, in the next look. An
 * invalid value appears after 100 milliseconds, because stock CPython may be writing it.
 *
 * It fails with [error@Shm.Error.CLOSED].
 *
 * Returns: %TRUE if the model has looked
 *
 * Since: 1.0
 */
gboolean
shm_list_model_refresh (ShmListModel *self, GError **error)
{
  g_return_val_if_fail (SHM_IS_LIST_MODEL (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  g_return_val_if_fail (self->list != NULL, FALSE);

  if (!shm_list_model_check_open (self, error))
    return FALSE;

  /* A disposed model has no waker. */
  if (self->waker != NULL)
    shm_list_model_look (self);

  return TRUE;
}
