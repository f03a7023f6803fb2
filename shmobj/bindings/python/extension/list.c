/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

/* Reading */

/* Reads a value by the call that can wait. */
static gboolean
read_patiently (ShmShareableList *list, guint64 index, ShmListItem *item, GError **error)
{
  PyThreadState *state;
  gboolean is_read;

  if (!shm_python_release_gil (&state))
    return FALSE;
  is_read = shm_private_list_read (list, index, item, error);
  shm_python_take_gil (state);

  return is_read;
}

PyObject *
shm_python_read (PyObject *self, ShmShareableList *list, guint64 index)
{
  ShmListItem item;
  GError *error = NULL;
  PyObject *object = NULL;
  ShmListTry result;

  shm_list_item_init (&item);
  result = shm_private_list_try_read (list, index, &item, &error);
  if (G_LIKELY (result == SHM_LIST_TRY_OK)
      || (result == SHM_LIST_TRY_WOULD_WAIT && read_patiently (list, index, &item, &error)))
    object = shm_python_from_value (&item.value);
  else if (error != NULL)
    shm_python_raise (self, error);

  if (G_UNLIKELY (item.large_buffer != NULL))
    shm_private_item_clear (&item);

  return object;
}

/* Finds the position of a value, which is not negative. If there is none, the override raises an
 * exception; if that is an IndexError, it has the given message. */
static gboolean
find_position (PyObject *self,
               ShmShareableList *list,
               PyObject *index,
               const char *message,
               guint64 *position)
{
  const guint64 length = shm_shareable_list_get_length (list);
  PyObject *resolved;
  int overflow;

  if (G_LIKELY (PyLong_CheckExact (index)))
    {
      const gint64 number = PyLong_AsLongLongAndOverflow (index, &overflow);

      *position = (guint64) (number < 0 ? number + (gint64) length : number);
      if (G_LIKELY (overflow == 0 && *position < length))
        return TRUE;
    }

  resolved = PyObject_CallMethod (self, "_shm_resolve_index", "(Os)", index, message);
  if (resolved == NULL)
    return FALSE;
  *position = PyLong_AsUnsignedLongLong (resolved);
  Py_DECREF (resolved);

  return PyErr_Occurred () == NULL;
}

static Py_ssize_t
get_length (PyObject *self)
{
  ShmShareableList *list = shm_python_get_list (self);

  return list != NULL ? (Py_ssize_t) shm_shareable_list_get_length (list) : -1;
}

static PyObject *
get_item (PyObject *self, PyObject *index)
{
  ShmShareableList *list = shm_python_get_list (self);
  guint64 position;

  if (list == NULL || !find_position (self, list, index, "index out of range", &position))
    return NULL;

  return shm_python_read (self, list, position);
}

/* For C code that uses the list as a sequence. */
static PyObject *
get_sequence_item (PyObject *self, Py_ssize_t position)
{
  /* PySequence_GetItem() has added the length to a negative index. */
  PyObject *index = PyLong_FromSsize_t (position >= 0 ? position : PY_SSIZE_T_MIN);
  PyObject *item = index != NULL ? get_item (self, index) : NULL;

  Py_XDECREF (index);

  return item;
}

gboolean
shm_python_has_own_reader (PyObject *self)
{
  return PyType_GetSlot (Py_TYPE (self), Py_mp_subscript) != (void *) get_item
         || PyType_GetSlot (Py_TYPE (self), Py_tp_iter) != (void *) shm_python_list_iterate;
}

/* Writing */

static gboolean
write_patiently (ShmShareableList *list, guint64 index, const ShmListValue *value, GError **error)
{
  PyThreadState *state;
  gboolean is_written;

  if (!shm_python_release_gil (&state))
    return FALSE;
  is_written = shm_private_list_write (list, index, value, error);
  shm_python_take_gil (state);

  return is_written;
}

/* Lets the override store a value that it must convert first. */
static int
set_slowly (PyObject *self, PyObject *index, PyObject *object)
{
  PyObject *result = PyObject_CallMethod (self, "_shm_set_slowly", "(OO)", index, object);

  Py_XDECREF (result);

  return result != NULL ? 0 : -1;
}

static int
set_item (PyObject *self, PyObject *index, PyObject *object)
{
  ShmShareableList *list = shm_python_get_list (self);
  GError *error = NULL;
  ShmListValue value;
  ShmListTry result;
  guint64 position;

  if (list == NULL)
    return -1;
  if (object == NULL) /* del list[index]: the same exception as for CPython's class */
    {
      PyErr_SetString (PyExc_AttributeError, "__delitem__");
      return -1;
    }
  if (!find_position (self, list, index, "assignment index out of range", &position))
    return -1;
  if (!shm_python_to_value (object, &value))
    return set_slowly (self, index, object);

  result = shm_private_list_try_write (list, position, &value, &error);
  if (G_LIKELY (result == SHM_LIST_TRY_OK)
      || (result == SHM_LIST_TRY_WOULD_WAIT && write_patiently (list, position, &value, &error)))
    return 0;

  if (error != NULL)
    shm_python_raise_for_assignment (self, error, index, object);

  return -1;
}

/* The class */

#define FAST (METH_FASTCALL | METH_KEYWORDS)

static PyMethodDef methods[] = {
  { "index", (PyCFunction) (void (*) (void)) shm_python_list_index, FAST,
    "index($self, value)\n--\n\n"
    "Returns the first index of a value. Raises ValueError if the list does not have it." },
  { "count", (PyCFunction) (void (*) (void)) shm_python_list_count, FAST,
    "count($self, value)\n--\n\n"
    "Returns the number of times that a value is in the list." },
  { "_shm_create_list", shm_python_list_create, METH_VARARGS, NULL },
  { "_shm_attach_list", shm_python_list_attach, METH_VARARGS, NULL },
  { "__reversed__", shm_python_list_reverse, METH_NOARGS, NULL },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
  { Py_mp_length, get_length },
  { Py_sq_length, get_length },
  { Py_mp_subscript, get_item },
  { Py_sq_item, get_sequence_item },
  { Py_mp_ass_subscript, set_item },
  { Py_sq_contains, shm_python_list_contains },
  { Py_tp_iter, shm_python_list_iterate },
  { Py_tp_methods, methods },
  { 0, NULL },
};

static PyType_Spec spec = {
  .name = "_shm.ListMixin",
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
  .slots = slots,
};

PyObject *
shm_python_make_list_mixin (void)
{
  return PyType_FromSpec (&spec);
}
