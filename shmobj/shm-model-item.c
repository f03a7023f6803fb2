/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-model-item-private.h"

#include <math.h>
#include <string.h>

/**
 * ShmModelItem:
 *
 * A value in a [class@Shm.ListModel].
 *
 * [method@Gio.ListModel.get_item] returns an item. While the item is alive, its properties `value`
 * and `text` follow the value in the list, and the item emits `notify` when they change. While the
 * program holds a reference to an item, the model returns the same item for its index.
 *
 * An item keeps its model alive. Use it in the thread that runs the main context of its model. Its
 * last reference can be released in any thread.
 *
 * Since: 1.0
 */

struct _ShmModelItems
{
  gatomicrefcount ref_count;
  GMutex lock;
  GHashTable *alive; /* (element-type guint64 GWeakRef): keys and values are owned */
};

struct _ShmModelItem
{
  GObject parent_instance;

  ShmModelItems *items; /* (owned) (nullable) */
  GObject *model;       /* (owned) (nullable) */
  guint64 index;
  GVariant *value; /* (owned) (nullable): NULL if the value is invalid */
  char *text;      /* (owned) (nullable): NULL until it is needed */
};

enum
{
  PROP_INDEX = 1,
  PROP_VALUE,
  PROP_TEXT,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE (ShmModelItem, shm_model_item, G_TYPE_OBJECT)

/* All items of a model */

static void
free_weak_ref (gpointer weak_ref)
{
  g_weak_ref_clear (weak_ref);
  g_free (weak_ref);
}

ShmModelItems *
shm_model_items_new (void)
{
  ShmModelItems *self = g_new0 (ShmModelItems, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->alive = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, free_weak_ref);

  return self;
}

void
shm_model_items_unref (ShmModelItems *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_hash_table_unref (self->alive);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static ShmModelItem *
lookup_locked (ShmModelItems *self, guint64 index)
{
  GWeakRef *weak_ref = g_hash_table_lookup (self->alive, &index);

  return weak_ref != NULL ? g_weak_ref_get (weak_ref) : NULL;
}

ShmModelItem *
shm_model_items_lookup (ShmModelItems *self, guint64 index)
{
  ShmModelItem *item;

  g_mutex_lock (&self->lock);
  item = lookup_locked (self, index);
  g_mutex_unlock (&self->lock);

  return item;
}

ShmModelItem *
shm_model_items_create (ShmModelItems *self, GObject *model, guint64 index, GVariant *value)
{
  ShmModelItem *item = g_object_new (SHM_TYPE_MODEL_ITEM, NULL);
  GWeakRef *weak_ref = g_new (GWeakRef, 1);

  g_atomic_ref_count_inc (&self->ref_count);
  item->items = self;
  item->model = g_object_ref (model);
  item->index = index;
  if (value != NULL)
    item->value = g_variant_ref (value);

  g_weak_ref_init (weak_ref, item);
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->alive, g_memdup2 (&index, sizeof index), weak_ref);
  g_mutex_unlock (&self->lock);

  return item;
}

/* Another thread can have freed the item and a new item can have its index: keep the new one. */
static void
forget (ShmModelItems *self, guint64 index)
{
  ShmModelItem *other;

  g_mutex_lock (&self->lock);
  other = lookup_locked (self, index);
  if (other == NULL)
    g_hash_table_remove (self->alive, &index);
  g_mutex_unlock (&self->lock);

  /* Not with the lock: this can be the last reference. */
  g_clear_object (&other);
}

GPtrArray *
shm_model_items_get_all (ShmModelItems *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  GWeakRef *weak_ref;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->alive);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &weak_ref))
    {
      ShmModelItem *item = g_weak_ref_get (weak_ref);

      if (item != NULL)
        g_ptr_array_add (all, item);
    }
  g_mutex_unlock (&self->lock);

  return all;
}

/* The text of a value */

/* Returns the shortest decimal number that is read as the same double. */
static char *
format_double (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (int precision = 15; precision <= 17; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", precision);
      g_ascii_formatd (text, sizeof text, format, number);
      if (isnan (number) || g_ascii_strtod (text, NULL) == number)
        break;
    }

  return g_strdup (text);
}

/* Shows each NUL of a text as U+2400. */
static char *
format_text_with_nuls (const char *text, gsize length)
{
  GString *string = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    if (text[i] == '\0')
      g_string_append (string, "\xe2\x90\x80");
    else
      g_string_append_c (string, text[i]);

  return g_string_free (string, FALSE);
}

/* Shows bytes as Python does, but without quotation marks. */
static char *
format_bytes (const guint8 *bytes, gsize length)
{
  GString *string = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    if (bytes[i] == '\\')
      g_string_append (string, "\\\\");
    else if (g_ascii_isprint (bytes[i]))
      g_string_append_c (string, bytes[i]);
    else
      g_string_append_printf (string, "\\x%02x", bytes[i]);

  return g_string_free (string, FALSE);
}

static char *
format_value (GVariant *value)
{
  g_autoptr (GVariant) child = NULL;
  gconstpointer bytes;
  gsize length;

  if (value == NULL || g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    return g_strdup ("");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return g_strdup_printf ("%" G_GINT64_FORMAT, g_variant_get_int64 (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return format_double (g_variant_get_double (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? "true" : "false");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    {
      bytes = g_variant_get_fixed_array (value, &length, 1);
      return format_bytes (bytes, length);
    }

  child = g_variant_get_child_value (value, 0);
  bytes = g_variant_get_fixed_array (child, &length, 1);

  return format_text_with_nuls (bytes, length);
}

/* One item */

/* Does the same as g_variant_equal(), which is slow: it prints both values. */
static gboolean
is_same_value (GVariant *a, GVariant *b)
{
  return a == b
         || (a != NULL && b != NULL
             && g_str_equal (g_variant_get_type_string (a), g_variant_get_type_string (b))
             && g_variant_get_size (a) == g_variant_get_size (b)
             && memcmp (g_variant_get_data (a), g_variant_get_data (b), g_variant_get_size (a))
                    == 0);
}

gboolean
shm_model_item_set_value (ShmModelItem *self, GVariant *value)
{
  if (is_same_value (self->value, value))
    return FALSE;

  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_pointer (&self->text, g_free);
  if (value != NULL)
    self->value = g_variant_ref (value);

  return TRUE;
}

void
shm_model_item_notify (ShmModelItem *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VALUE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
shm_model_item_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  ShmModelItem *self = SHM_MODEL_ITEM (object);

  switch (id)
    {
    case PROP_INDEX:
      g_value_set_uint64 (value, self->index);
      break;
    case PROP_VALUE:
      g_value_set_variant (value, self->value);
      break;
    case PROP_TEXT:
      g_value_set_string (value, shm_model_item_get_text (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shm_model_item_finalize (GObject *object)
{
  ShmModelItem *self = SHM_MODEL_ITEM (object);

  if (self->items != NULL)
    {
      forget (self->items, self->index);
      shm_model_items_unref (self->items);
    }
  g_clear_object (&self->model);
  g_clear_pointer (&self->value, g_variant_unref);
  g_free (self->text);

  G_OBJECT_CLASS (shm_model_item_parent_class)->finalize (object);
}

static void
shm_model_item_class_init (ShmModelItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = shm_model_item_get_property;
  object_class->finalize = shm_model_item_finalize;

  /**
   * ShmModelItem:index: (getter get_index)
   *
   * The index of the value in the list.
   *
   * Since: 1.0
   */
  properties[PROP_INDEX] = g_param_spec_uint64 ("index", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * ShmModelItem:value: (getter get_value)
   *
   * The value, as a #GVariant of the type that [method@Shm.ShareableList.get_value] returns, or
   * %NULL if the value is invalid.
   *
   * Since: 1.0
   */
  properties[PROP_VALUE]
      = g_param_spec_variant ("value", NULL, NULL, G_VARIANT_TYPE_ANY, NULL, flags);

  /**
   * ShmModelItem:text: (getter get_text)
   *
   * The value as text, for a user interface. [method@Shm.ModelItem.get_text] describes the format.
   *
   * Since: 1.0
   */
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, "", flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
shm_model_item_init (ShmModelItem *self)
{
}

/**
 * shm_model_item_get_index: (get-property index)
 * @self: an item
 *
 * Returns the index of the value in the list. It is also the position of the item in the model.
 *
 * Returns: the index, counted from 0
 *
 * Since: 1.0
 */
guint64
shm_model_item_get_index (ShmModelItem *self)
{
  g_return_val_if_fail (SHM_IS_MODEL_ITEM (self), 0);

  return self->index;
}

/**
 * shm_model_item_get_value: (get-property value)
 * @self: an item
 *
 * Returns the value when the model last looked at the list. The table in the section
 * [Values](class.ShareableList.html#values) shows the type for each kind of value.
 *
 * Returns: (transfer none) (nullable): the value, which belongs to the item until the value
 *   changes; %NULL if the value is invalid, see [property@Shm.ListModel:error]
 *
 * Since: 1.0
 */
GVariant *
shm_model_item_get_value (ShmModelItem *self)
{
  g_return_val_if_fail (SHM_IS_MODEL_ITEM (self), NULL);

  return self->value;
}

/**
 * shm_model_item_get_text: (get-property text)
 * @self: an item
 *
 * Returns the value as text, for a user interface.
 *
 * An integer is a decimal number, and a double is the shortest decimal number that stands for the
 * same double, with a point in all languages. A boolean is `true` or `false`. A text is unchanged,
 * except that each NUL is the character `␀`. Bytes that are not printable ASCII characters have the
 * form `\x00`, and a backslash is doubled. Nothing, and an invalid value, are an empty text.
 *
 * Returns: (transfer none): the text, which belongs to the item until the value changes
 *
 * Since: 1.0
 */
const char *
shm_model_item_get_text (ShmModelItem *self)
{
  g_return_val_if_fail (SHM_IS_MODEL_ITEM (self), NULL);

  if (self->text == NULL)
    self->text = format_value (self->value);

  return self->text;
}
