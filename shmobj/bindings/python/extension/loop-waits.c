/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LoopWaits: the waits of a loop of asyncio. awaitables.py makes an object for each loop, and a
 * future for each wait. The loop calls dispatch(), which completes the futures. */

#include "config.h"

#include "extension.h"

#include <math.h>

typedef struct
{
  PyObject ob_base;
  PyObject *waker;        /* (owned) */
  ShmPrivateWaits *waits; /* (owned) */
} LoopWaits;

/* Calls a method of a future, which raises no exception. */
static void
call_method (PyObject *future, const char *method, PyObject *argument)
{
  PyObject *result
      = argument != NULL ? PyObject_CallMethod (future, method, "(O)", argument) : NULL;

  if (result == NULL)
    PyErr_WriteUnraisable (future);
  Py_XDECREF (result);
}

static PyObject *
make_result (gboolean is_event, guint32 value)
{
  return is_event ? PyLong_FromUnsignedLong (value) : PyBool_FromLong (1);
}

/* A ShmPrivateWaitFunc. */
static void
complete (gpointer future, gboolean is_event, guint32 value, GError *error)
{
  const PyGILState_STATE state = PyGILState_Ensure ();
  PyObject *argument
      = error != NULL ? shm_python_make_gerror (error) : make_result (is_event, value);

  call_method (future, error != NULL ? "_shm_fail" : "_shm_succeed", argument);
  Py_XDECREF (argument);
  PyGILState_Release (state);
}

static void
drop (gpointer future)
{
  const PyGILState_STATE state = PyGILState_Ensure ();

  Py_DECREF ((PyObject *) future);
  PyGILState_Release (state);
}

/* Converts an int to a number from @min to @max. Returns FALSE if it is something else. */
static gboolean
get_int (PyObject *object, gint64 min, gint64 max, gint64 *number)
{
  int overflow;

  if (!PyLong_CheckExact (object))
    return FALSE;
  *number = PyLong_AsLongLongAndOverflow (object, &overflow);

  return overflow == 0 && *number >= min && *number <= max;
}

/* Converts seconds to microseconds, and None to -1, as functions.py does. */
static gboolean
get_timeout (PyObject *object, gint64 *timeout)
{
  double seconds;

  *timeout = -1;
  if (object == Py_None)
    return TRUE;
  if (!PyFloat_CheckExact (object))
    {
      if (!get_int (object, -1, G_MAXINT, timeout))
        return FALSE;
      *timeout = MAX (*timeout, 0) * G_USEC_PER_SEC;
      return TRUE;
    }

  seconds = PyFloat_AsDouble (object);
  if (isnan (seconds))
    return FALSE;
  *timeout = ceil (CLAMP (seconds, 0, 3e12) * G_USEC_PER_SEC);

  return TRUE;
}

typedef struct
{
  gint64 offset, seen, timeout;
} Arguments;

/* Returns FALSE if the override must convert the arguments, or find the error in them. */
static gboolean
get_arguments (PyObject *tuple, gboolean is_event, Arguments *arguments)
{
  const Py_ssize_t n = PyTuple_Size (tuple);

  arguments->timeout = -1;

  return (n == 2 || n == 3)
         && get_int (PyTuple_GetItem (tuple, 0), 0, G_MAXINT64, &arguments->offset)
         && get_int (PyTuple_GetItem (tuple, 1), is_event ? 0 : G_MININT32,
                     is_event ? G_MAXUINT32 : G_MAXINT32, &arguments->seen)
         && (n == 2 || get_timeout (PyTuple_GetItem (tuple, 2), &arguments->timeout));
}

/* add(future, block, is_event, arguments): returns None if the wait sleeps, the result if the word
 * has changed already, and NotImplemented if the override must call the function of the class. */
static PyObject *
add (PyObject *self, PyObject *args)
{
  PyObject *future, *block_object, *tuple;
  ShmSharedMemory *block;
  Arguments arguments;
  guint32 value;
  int is_event;

  if (!PyArg_ParseTuple (args, "OOpO!", &future, &block_object, &is_event, &PyTuple_Type, &tuple))
    return NULL;
  block = shm_python_get_block (block_object);
  if (block == NULL)
    return NULL;
  if (!get_arguments (tuple, is_event, &arguments))
    Py_RETURN_NOTIMPLEMENTED;

  value = (guint32) arguments.seen;
  switch (shm_private_waits_add (((LoopWaits *) self)->waits, block, arguments.offset, &value,
                                 is_event, arguments.timeout, future))
    {
    case SHM_PRIVATE_WAIT_SLEEPS:
      Py_INCREF (future);
      Py_RETURN_NONE;
    case SHM_PRIVATE_WAIT_CHANGED:
      return make_result (is_event, value);
    case SHM_PRIVATE_WAIT_FAILED:
    default:
      Py_RETURN_NOTIMPLEMENTED;
    }
}

/* remove(future): ends a wait without completing its future. */
static PyObject *
remove_wait (PyObject *self, PyObject *future)
{
  shm_private_waits_remove (((LoopWaits *) self)->waits, future);
  Py_RETURN_NONE;
}

/* clear(): does the same with all waits. Each wait keeps its future, which keeps the loop. */
static PyObject *
clear (PyObject *self, PyObject *unused)
{
  shm_private_waits_clear (((LoopWaits *) self)->waits);
  Py_RETURN_NONE;
}

static PyObject *
dispatch (PyObject *self, PyObject *unused)
{
  /* A method of a future can drop this object. */
  PyObject *kept = Py_NewRef (self);

  shm_private_waits_dispatch (((LoopWaits *) self)->waits);
  Py_DECREF (kept);
  Py_RETURN_NONE;
}

static PyObject *
make (PyTypeObject *type, PyObject *args, PyObject *names)
{
  PyObject *waker;
  GObject *object;
  LoopWaits *self;

  if (!PyArg_ParseTuple (args, "O", &waker))
    return NULL;
  object = shm_python_get_object (waker, SHM_TYPE_WAKER);
  if (object == NULL)
    return NULL;

  self = (LoopWaits *) PyType_GenericAlloc (type, 0);
  if (self == NULL)
    return NULL;
  self->waker = Py_NewRef (waker);
  self->waits = shm_private_waits_new ((ShmWaker *) object, complete, drop);

  return (PyObject *) self;
}

static void
finalize (PyObject *object)
{
  LoopWaits *self = (LoopWaits *) object;
  PyTypeObject *type = Py_TYPE (object);

  shm_private_waits_free (self->waits);
  Py_DECREF (self->waker);
  PyObject_Free (object);
  Py_DECREF (type);
}

static PyMethodDef methods[] = {
  { "add", add, METH_VARARGS, NULL },
  { "remove", remove_wait, METH_O, NULL },
  { "clear", clear, METH_NOARGS, NULL },
  { "dispatch", dispatch, METH_NOARGS, NULL },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
  { Py_tp_new, make },
  { Py_tp_methods, methods },
  { Py_tp_dealloc, finalize },
  { 0, NULL },
};

static PyType_Spec spec = {
  .name = "_shm.LoopWaits",
  .basicsize = sizeof (LoopWaits),
  .flags = Py_TPFLAGS_DEFAULT,
  .slots = slots,
};

PyObject *
shm_python_make_loop_waits (void)
{
  return PyType_FromSpec (&spec);
}
