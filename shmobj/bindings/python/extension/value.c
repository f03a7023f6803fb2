/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

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
      return PyUnicode_DecodeUTF8 ((const char *) value->bytes, (Py_ssize_t) value->length, NULL);
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
