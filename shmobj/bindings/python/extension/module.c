/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

static PyMethodDef methods[] = {
  { "create_managed_list", shm_python_create_managed_list, METH_VARARGS, NULL },
  { "close_gate", shm_python_close_gate, METH_O, NULL },
  { "open_gate", shm_python_open_gate, METH_O, NULL },
  { "count_calls", shm_python_count_calls, METH_NOARGS, NULL },
  { NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
  PyModuleDef_HEAD_INIT,
  .m_name = "_shm",
  .m_doc = "The part of the override that is compiled.",
  .m_size = -1,
  .m_methods = methods,
};

/* Consumes @object. */
static gboolean
add (PyObject *module, const char *name, PyObject *object)
{
  const gboolean is_added = object != NULL && PyModule_AddObjectRef (module, name, object) == 0;

  Py_XDECREF (object);

  return is_added;
}

/* The first object of a class is slow to create, because GObject then makes the class and its
 * properties. Doing that here makes the first block of a program a quarter faster. */
static void
prepare_class (void)
{
  g_object_unref (g_object_new (SHM_TYPE_SHARED_MEMORY, NULL));
}

PyMODINIT_FUNC PyInit__shm (void);

PyMODINIT_FUNC
PyInit__shm (void)
{
  PyObject *module;

  if (!shm_python_init_pygobject () || !shm_python_init_iterator ())
    return NULL;
  prepare_class ();

  module = PyModule_Create (&definition);
  if (module != NULL
      && (!add (module, "ListMixin", shm_python_make_list_mixin ())
          || !add (module, "BlockMixin", shm_python_make_block_mixin ())
          || !add (module, "LoopWaits", shm_python_make_loop_waits ())))
    Py_CLEAR (module);

  return module;
}
