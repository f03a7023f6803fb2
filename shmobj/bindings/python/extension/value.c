/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

#include <string.h>

/* Texts of this length are decoded in an array. For a text outside of ASCII, Python's own decoder
 * allocates a second time when it finds the largest character. */
#define ARRAY_LENGTH 64

/* Decodes a character of UTF-8 of more than one byte, and returns how many bytes follow. Returns 0
 * if the bytes do not look like a character. */
static inline gsize
decode_character (const guint8 *bytes, gsize length, wchar_t *character)
{
  const guint8 lead = bytes[0];
  const gsize n_following = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  guint32 result = lead & (0x3fu >> n_following);

  if (lead < 0xc2 || n_following >= length)
    return 0;
  for (gsize i = 1; i <= n_following; i++)
    {
      if ((bytes[i] & 0xc0) != 0x80)
        return 0;
      result = result << 6 | (bytes[i] & 0x3f);
    }
  *character = (wchar_t) result;

  return n_following;
}

static inline gboolean
is_ascii (const guint8 *bytes, gsize length)
{
  guint64 word, all = 0;
  gsize i;

  for (i = 0; i + 8 <= length; i += 8)
    {
      memcpy (&word, bytes + i, 8);
      all |= word;
    }
  for (; i < length; i++)
    all |= bytes[i];

  return (all & G_GUINT64_CONSTANT (0x8080808080808080)) == 0;
}

/* Returns NULL if the bytes are not UTF-8. */
static PyObject *
decode_short_text (const guint8 *bytes, gsize length)
{
  wchar_t characters[ARRAY_LENGTH];
  Py_ssize_t n = 0;

  for (gsize i = 0; i < length; i++, n++)
    {
      gsize n_following;

      characters[n] = bytes[i];
      if (bytes[i] < 0x80)
        continue;
      n_following = decode_character (&bytes[i], length - i, &characters[n]);
      if (n_following == 0)
        return NULL;
      i += n_following;
    }

  return PyUnicode_FromWideChar (characters, n);
}

static PyObject *
from_text (const guint8 *bytes, gsize length)
{
  PyObject *text = NULL;

  if (length <= ARRAY_LENGTH && !is_ascii (bytes, length))
    text = decode_short_text (bytes, length);
  if (text == NULL && PyErr_Occurred () == NULL)
    text = PyUnicode_DecodeUTF8 ((const char *) bytes, (Py_ssize_t) length, NULL);

  return text;
}

PyObject *
shm_python_from_value (const ShmListValue *value)
{
  switch (value->kind)
    {
    case SHM_VALUE_KIND_INT64:
      return PyLong_FromLongLong (value->integer);
    case SHM_VALUE_KIND_DOUBLE:
      return PyFloat_FromDouble (value->number);
    case SHM_VALUE_KIND_BOOLEAN:
      return PyBool_FromLong (value->truth);
    case SHM_VALUE_KIND_STRING:
      return from_text (value->bytes, value->length);
    case SHM_VALUE_KIND_BYTES:
      return PyBytes_FromStringAndSize ((const char *) value->bytes, (Py_ssize_t) value->length);
    case SHM_VALUE_KIND_NONE:
    default:
      Py_RETURN_NONE;
    }
}

static gboolean
convert_int (PyObject *object, ShmListValue *value)
{
  int overflow;

  value->kind = SHM_VALUE_KIND_INT64;
  value->integer = PyLong_AsLongLongAndOverflow (object, &overflow);

  return overflow == 0;
}

static gboolean
convert_str (PyObject *object, ShmListValue *value)
{
  Py_ssize_t length;

  value->kind = SHM_VALUE_KIND_STRING;
  value->bytes = (const guint8 *) PyUnicode_AsUTF8AndSize (object, &length);
  if (value->bytes == NULL)
    {
      PyErr_Clear (); /* It has a lone surrogate. */
      return FALSE;
    }
  value->length = (gsize) length;

  return TRUE;
}

static gboolean
convert_bytes (PyObject *object, ShmListValue *value)
{
  char *bytes;
  Py_ssize_t length;

  if (PyBytes_AsStringAndSize (object, &bytes, &length) < 0)
    {
      PyErr_Clear ();
      return FALSE;
    }
  value->kind = SHM_VALUE_KIND_BYTES;
  value->bytes = (const guint8 *) bytes;
  value->length = (gsize) length;

  return TRUE;
}

int
shm_python_to_guint (PyObject *object, gpointer number)
{
  const unsigned long value = PyLong_AsUnsignedLong (object);

  if (PyErr_Occurred () != NULL && !PyErr_ExceptionMatches (PyExc_OverflowError))
    return 0;
  if (PyErr_Occurred () != NULL || value > G_MAXUINT)
    {
      PyErr_Format (PyExc_OverflowError, "%S not in range 0 to %u", object, G_MAXUINT);
      return 0;
    }
  *(guint *) number = (guint) value;

  return 1;
}

gboolean
shm_python_to_value (PyObject *object, ShmListValue *value)
{
  const PyTypeObject *type = Py_TYPE (object);

  value->length = 0;
  if (type == &PyLong_Type)
    return convert_int (object, value);
  if (type == &PyUnicode_Type)
    return convert_str (object, value);
  if (type == &PyFloat_Type)
    {
      value->kind = SHM_VALUE_KIND_DOUBLE;
      value->number = PyFloat_AsDouble (object);
      return TRUE;
    }
  if (type == &PyBytes_Type)
    return convert_bytes (object, value);
  if (object == Py_None)
    {
      value->kind = SHM_VALUE_KIND_NONE;
      value->integer = 0;
      return TRUE;
    }
  if (type == &PyBool_Type)
    {
      value->kind = SHM_VALUE_KIND_BOOLEAN;
      value->truth = object == Py_True;
      return TRUE;
    }

  return FALSE;
}
