/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a GVariant says as a value of a list, and the other way round. */

#include "config.h"

#include "shm-shareable-list-private.h"

#include "shm-error.h"

/* Variants */

static gboolean
set_type_error (GVariant *variant, GError **error)
{
  g_set_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH,
               "A value of type “%s” can't be in a list: give an integer, “d”, “b”, “s”, “(ay)” "
               "for text with NULs, “ay” for bytes, or an empty maybe for nothing",
               g_variant_get_type_string (variant));

  return FALSE;
}

static gboolean
from_unsigned (guint64 number, ShmListValue *value, GError **error)
{
  value->kind = SHM_LIST_INT64;
  value->integer = (gint64) number;
  if (number <= G_MAXINT64)
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_OUT_OF_RANGE,
               "%" G_GUINT64_FORMAT " can't be in a list: its integers have 64 bits and a sign",
               number);

  return FALSE;
}

static gboolean
from_integer (gint64 number, ShmListValue *value)
{
  value->kind = SHM_LIST_INT64;
  value->integer = number;

  return TRUE;
}

static gboolean
from_bytes (GVariant *variant, ShmListKind kind, ShmListValue *value)
{
  value->kind = kind;
  value->bytes = g_variant_get_fixed_array (variant, &value->length, 1);

  return TRUE;
}

static gboolean
from_string (GVariant *variant, ShmListValue *value)
{
  value->kind = SHM_LIST_STRING;
  value->bytes = (const guint8 *) g_variant_get_string (variant, &value->length);

  return TRUE;
}

/* Takes what is in variants and maybes out of them; NULL for an empty maybe. */
static GVariant *
unwrap (GVariant *variant)
{
  GVariant *inner = g_variant_ref (variant);

  while (inner != NULL
         && (g_variant_is_of_type (inner, G_VARIANT_TYPE_VARIANT)
             || g_variant_is_of_type (inner, G_VARIANT_TYPE_MAYBE)))
    {
      g_autoptr (GVariant) outer = inner;

      inner = g_variant_is_of_type (outer, G_VARIANT_TYPE_VARIANT) ? g_variant_get_variant (outer)
                                                                   : g_variant_get_maybe (outer);
    }

  return inner;
}

gboolean
shm_value_from_variant (GVariant *variant, ShmListValue *value, GVariant **holder, GError **error)
{
  GVariant *inner = unwrap (variant);

  g_clear_pointer (holder, g_variant_unref);
  *holder = inner;
  value->kind = SHM_LIST_NONE;
  value->length = 0;
  value->integer = 0;
  if (inner == NULL)
    return TRUE;

  switch (g_variant_classify (inner))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      value->kind = SHM_LIST_BOOLEAN;
      value->truth = g_variant_get_boolean (inner);
      return TRUE;
    case G_VARIANT_CLASS_DOUBLE:
      value->kind = SHM_LIST_DOUBLE;
      value->number = g_variant_get_double (inner);
      return TRUE;
    case G_VARIANT_CLASS_BYTE:
      return from_integer (g_variant_get_byte (inner), value);
    case G_VARIANT_CLASS_INT16:
      return from_integer (g_variant_get_int16 (inner), value);
    case G_VARIANT_CLASS_UINT16:
      return from_integer (g_variant_get_uint16 (inner), value);
    case G_VARIANT_CLASS_INT32:
      return from_integer (g_variant_get_int32 (inner), value);
    case G_VARIANT_CLASS_UINT32:
      return from_integer (g_variant_get_uint32 (inner), value);
    case G_VARIANT_CLASS_INT64:
      return from_integer (g_variant_get_int64 (inner), value);
    case G_VARIANT_CLASS_UINT64:
      return from_unsigned (g_variant_get_uint64 (inner), value, error);
    case G_VARIANT_CLASS_STRING:
      return from_string (inner, value);
    case G_VARIANT_CLASS_ARRAY:
      if (g_variant_is_of_type (inner, G_VARIANT_TYPE_BYTESTRING))
        return from_bytes (inner, SHM_LIST_BYTES, value);
      break;
    case G_VARIANT_CLASS_TUPLE:
      if (g_variant_is_of_type (inner, G_VARIANT_TYPE ("(ay)")))
        {
          *holder = g_variant_get_child_value (inner, 0);
          g_variant_unref (inner);
          return from_bytes (*holder, SHM_LIST_STRING, value);
        }
      break;
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      break;
    }

  return set_type_error (inner, error);
}

static GVariant *
new_bytes (const ShmListValue *value)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value->bytes, value->length, 1);
}

/* Floating. A text is followed by a NUL where it comes from. */
GVariant *
shm_value_to_variant (const ShmListValue *value)
{
  GVariant *bytes;

  switch (value->kind)
    {
    case SHM_LIST_INT64:
      return g_variant_new_int64 (value->integer);
    case SHM_LIST_DOUBLE:
      return g_variant_new_double (value->number);
    case SHM_LIST_BOOLEAN:
      return g_variant_new_boolean (value->truth);
    case SHM_LIST_BYTES:
      return new_bytes (value);
    case SHM_LIST_STRING:
      if (value->length == 0 || memchr (value->bytes, 0, value->length) == NULL)
        return g_variant_new_take_string (g_strndup ((const char *) value->bytes, value->length));
      bytes = new_bytes (value);
      return g_variant_new_tuple (&bytes, 1);
    case SHM_LIST_NONE:
    default:
      return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
    }
}

/* Containers */

static void
rewind_source (ShmListSource *source)
{
  ((ShmVariantSource *) source)->at = 0;
}

static gboolean
next_int64 (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  *value = (ShmListValue){ .kind = SHM_LIST_INT64,
                           .integer = ((const gint64 *) self->fixed)[self->at++] };

  return TRUE;
}

static gboolean
next_double (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  *value = (ShmListValue){ .kind = SHM_LIST_DOUBLE,
                           .number = ((const double *) self->fixed)[self->at++] };

  return TRUE;
}

static gboolean
next_boolean (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;

  *value = (ShmListValue){ .kind = SHM_LIST_BOOLEAN,
                           .truth = ((const guint8 *) self->fixed)[self->at++] != 0 };

  return TRUE;
}

static gboolean
next_text (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;
  const char *text = self->texts[self->at++];

  *value = (ShmListValue){ .kind = SHM_LIST_STRING,
                           .length = strlen (text),
                           .bytes = (const guint8 *) text };

  return TRUE;
}

static gboolean
next_child (ShmListSource *source, ShmListValue *value)
{
  ShmVariantSource *self = (ShmVariantSource *) source;
  g_autoptr (GVariant) child = g_variant_get_child_value (self->container, self->at);

  if (!shm_value_from_variant (child, value, &self->holder, &self->error))
    {
      g_prefix_error (&self->error, "Value %" G_GSIZE_FORMAT ": ", self->at);
      return FALSE;
    }
  self->at++;

  return TRUE;
}

gboolean
shm_variant_source_init (ShmVariantSource *self, GVariant *container, GError **error)
{
  const char *type = g_variant_get_type_string (container);
  gsize n_items;

  *self = (ShmVariantSource){ .container = container, .source.rewind = rewind_source };

  if (type[0] != 'a' && type[0] != '(')
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH,
                   "A list can't be made from a value of type “%s”: give an array or a tuple",
                   type);
      return FALSE;
    }

  if (g_str_equal (type, "ax"))
    {
      self->fixed = g_variant_get_fixed_array (container, &n_items, sizeof (gint64));
      self->source.next = next_int64;
    }
  else if (g_str_equal (type, "ad"))
    {
      self->fixed = g_variant_get_fixed_array (container, &n_items, sizeof (double));
      self->source.next = next_double;
    }
  else if (g_str_equal (type, "ab"))
    {
      self->fixed = g_variant_get_fixed_array (container, &n_items, 1);
      self->source.next = next_boolean;
    }
  else if (g_str_equal (type, "as"))
    {
      self->texts = g_variant_get_strv (container, &n_items);
      self->source.next = next_text;
    }
  else
    {
      n_items = g_variant_n_children (container);
      self->source.next = next_child;
    }
  self->source.n_items = n_items;

  return TRUE;
}

void
shm_variant_source_clear (ShmVariantSource *self)
{
  g_clear_pointer (&self->texts, g_free);
  g_clear_pointer (&self->holder, g_variant_unref);
  g_clear_error (&self->error);
}
