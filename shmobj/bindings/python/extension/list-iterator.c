/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An iterator reads value by value, so it yields what others store in the meantime. */

#include "config.h"

#include "extension.h"

typedef struct
{
  PyObject ob_base;
  PyObject *list;   /* (owned) (nullable): NULL at the end */
  guint64 n_left;   /* the number of values that are left */
  guint64 n_values; /* the length of the list */
  gboolean is_backwards;
} Iterator;

static PyTypeObject *iterator_type;

static PyObject *
make (PyObject *self, gboolean is_backwards)
{
  ShmShareableList *list = shm_python_get_list (self);
  Iterator *iterator;

  if (list == NULL)
    return NULL;
  /* Reading a value of a list that is not open raises an exception. If the list is empty, nobody
   * reads a value. */
  if (shm_shareable_list_get_length (list) == 0 && !shm_private_list_is_open (list))
    return shm_python_read (self, list, 0);

  iterator = PyObject_GC_New (Iterator, iterator_type);
  if (iterator == NULL)
    return NULL;
  iterator->list = Py_NewRef (self);
  iterator->n_values = iterator->n_left = shm_shareable_list_get_length (list);
  iterator->is_backwards = is_backwards;
  PyObject_GC_Track (iterator);

  return (PyObject *) iterator;
}

PyObject *
shm_python_list_iterate (PyObject *self)
{
  return shm_python_has_own_reader (self) ? PyObject_CallMethod (self, "_shm_iterate_items", NULL)
                                          : make (self, FALSE);
}

PyObject *
shm_python_list_reverse (PyObject *self, PyObject *unused)
{
  return shm_python_has_own_reader (self) ? PyObject_CallMethod (self, "_shm_reverse_items", NULL)
                                          : make (self, TRUE);
}

static PyObject *
get_next (PyObject *self)
{
  Iterator *iterator = (Iterator *) self;
  ShmShareableList *list;
  PyObject *values, *object;
  guint64 n_left;

  if (iterator->n_left == 0)
    {
      Py_CLEAR (iterator->list);
      return NULL;
    }
  if (iterator->list == NULL) /* The garbage collector has called clear(). */
    return NULL;

  /* While a value is read without the GIL, another thread can use this iterator, too. At its end it
   * drops its reference to the list. Find the GObject anew: the collector can separate it from its
   * Python object. */
  n_left = iterator->n_left;
  values = Py_NewRef (iterator->list);
  list = shm_python_get_list (values);
  object = list != NULL
               ? shm_python_read (values, list,
                                  iterator->is_backwards ? n_left - 1 : iterator->n_values - n_left)
               : NULL;
  Py_DECREF (values);
  if (object != NULL)
    iterator->n_left = MIN (iterator->n_left, n_left - 1);

  return object;
}

static PyObject *
get_length_hint (PyObject *self, PyObject *unused)
{
  return PyLong_FromUnsignedLongLong (((Iterator *) self)->n_left);
}

static int
traverse (PyObject *self, visitproc visit, void *arg)
{
  Py_VISIT (Py_TYPE (self));
  Py_VISIT (((Iterator *) self)->list);

  return 0;
}

static int
clear (PyObject *self)
{
  Py_CLEAR (((Iterator *) self)->list);

  return 0;
}

static void
finalize (PyObject *self)
{
  PyTypeObject *type = Py_TYPE (self);

  PyObject_GC_UnTrack (self);
  clear (self);
  PyObject_GC_Del (self);
  Py_DECREF (type);
}

static PyMethodDef methods[] = {
  { "__length_hint__", get_length_hint, METH_NOARGS, NULL },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
  { Py_tp_iter, PyObject_SelfIter },
  { Py_tp_iternext, get_next },
  { Py_tp_methods, methods },
  { Py_tp_traverse, traverse },
  { Py_tp_clear, clear },
  { Py_tp_dealloc, finalize },
  { 0, NULL },
};

static PyType_Spec spec = {
  .name = "_shm.ListIterator",
  .basicsize = sizeof (Iterator),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = slots,
};

gboolean
shm_python_init_iterator (void)
{
  iterator_type = (PyTypeObject *) PyType_FromSpec (&spec);

  return iterator_type != NULL;
}
