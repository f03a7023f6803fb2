/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

#include <pygobject.h>

gboolean
shm_python_init_pygobject (void)
{
  PyObject *module = pygobject_init (3, 42, 0);

  Py_XDECREF (module);

  return module != NULL;
}

/* Returns the GObject of @self if it is of @type. A program can derive any class from the mixins,
 * and can call their methods before the constructor of PyGObject. */
GObject *
shm_python_get_object (PyObject *self, GType type)
{
  GObject *object;

  if (G_UNLIKELY (!PyObject_TypeCheck (self, &PyGObject_Type)))
    {
      PyErr_Format (PyExc_TypeError, "%R is not a GObject", (PyObject *) Py_TYPE (self));
      return NULL;
    }

  object = pygobject_get (self);
  if (G_UNLIKELY (object == NULL))
    {
      PyErr_Format (PyExc_RuntimeError, "object at %p of type %S is not initialized", self,
                    (PyObject *) Py_TYPE (self));
      return NULL;
    }
  if (G_UNLIKELY (!G_TYPE_CHECK_INSTANCE_TYPE (object, type)))
    {
      PyErr_Format (PyExc_TypeError, "%R is not a %s", (PyObject *) Py_TYPE (self),
                    g_type_name (type));
      return NULL;
    }

  return object;
}

ShmShareableList *
shm_python_get_list (PyObject *self)
{
  return (ShmShareableList *) shm_python_get_object (self, SHM_TYPE_SHAREABLE_LIST);
}

ShmSharedMemory *
shm_python_get_block (PyObject *self)
{
  return (ShmSharedMemory *) shm_python_get_object (self, SHM_TYPE_SHARED_MEMORY);
}

PyObject *
shm_python_from_object (GObject *object)
{
  return pygobject_new (object);
}

void
shm_python_raise_gerror (GError *error)
{
  pyg_error_check (&error);
}

/* Returns @error as a GLib.Error, which must have been raised. */
static PyObject *
fetch_exception (void)
{
  PyObject *type, *exception, *traceback;

  PyErr_Fetch (&type, &exception, &traceback);
  PyErr_NormalizeException (&type, &exception, &traceback);
  Py_XDECREF (type);
  Py_XDECREF (traceback);

  return exception;
}

PyObject *
shm_python_make_gerror (GError *error)
{
  shm_python_raise_gerror (error);

  return fetch_exception ();
}

/* Raises an exception that the override has returned. Consumes @exception. */
static void
raise_exception (PyObject *exception)
{
  if (exception == NULL)
    return;

  if (PyObject_IsInstance (exception, PyExc_BaseException) == 1)
    PyErr_SetObject ((PyObject *) Py_TYPE (exception), exception);
  else
    PyErr_SetString (PyExc_SystemError, "the override has returned no exception");
  Py_DECREF (exception);
}

void
shm_python_raise_from_method (PyObject *self, const char *method, PyObject *argument)
{
  raise_exception (PyObject_CallMethod (self, method, "(O)", argument));
}

void
shm_python_raise_by_method (PyObject *self, const char *method, GError *error)
{
  PyObject *gerror;

  shm_python_raise_gerror (error);
  gerror = fetch_exception ();
  shm_python_raise_from_method (self, method, gerror);
  Py_XDECREF (gerror);
}

void
shm_python_raise (PyObject *self, GError *error)
{
  shm_python_raise_by_method (self, "_shm_translate", error);
}

void
shm_python_raise_for_assignment (PyObject *self, GError *error, PyObject *index, PyObject *value)
{
  PyObject *gerror;

  shm_python_raise_gerror (error);
  gerror = fetch_exception ();
  raise_exception (
      PyObject_CallMethod (self, "_shm_translate_set_error", "(OOO)", gerror, index, value));
  Py_XDECREF (gerror);
}
