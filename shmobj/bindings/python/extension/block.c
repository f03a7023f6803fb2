/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

/* An object that exports the mapping of a block. Views of it keep the mapping. */
typedef struct
{
  PyObject ob_base;
  GBytes *bytes; /* (owned) */
  gboolean is_read_only;
} Memory;

static PyTypeObject *memory_type;

static int
get_buffer (PyObject *self, Py_buffer *view, int flags)
{
  const Memory *memory = (Memory *) self;
  gsize size;
  gconstpointer data = g_bytes_get_data (memory->bytes, &size);

  return PyBuffer_FillInfo (view, self, (void *) data, (Py_ssize_t) size, memory->is_read_only,
                            flags);
}

static void
finalize (PyObject *self)
{
  PyTypeObject *type = Py_TYPE (self);

  g_bytes_unref (((Memory *) self)->bytes);
  PyObject_Free (self);
  Py_DECREF (type);
}

static PyType_Slot memory_slots[] = {
  { Py_bf_getbuffer, get_buffer },
  { Py_tp_dealloc, finalize },
  { 0, NULL },
};

static PyType_Spec memory_spec = {
  .name = "_shm.Memory",
  .basicsize = sizeof (Memory),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = memory_slots,
};

/* Maps the block without the GIL, because mapping can take long. */
static GBytes *
map (ShmSharedMemory *block, GError **error)
{
  PyThreadState *state;
  GBytes *bytes;

  if (!shm_python_release_gil (&state))
    return NULL;
  bytes = shm_shared_memory_get_live_bytes (block, error);
  shm_python_take_gil (state);

  return bytes;
}

PyObject *
shm_python_make_view (PyObject *module, PyObject *self)
{
  ShmSharedMemory *block = shm_python_get_block (self);
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;
  PyObject *view;
  Memory *memory;

  if (block == NULL)
    return NULL;
  bytes = map (block, &error);
  if (bytes == NULL)
    {
      if (error != NULL)
        shm_python_raise_gerror (error);
      return NULL;
    }

  memory = PyObject_New (Memory, memory_type);
  if (memory == NULL)
    return NULL;
  memory->bytes = g_steal_pointer (&bytes);
  memory->is_read_only = shm_shared_memory_is_read_only (block);
  view = PyMemoryView_FromObject ((PyObject *) memory);
  Py_DECREF (memory);

  return view;
}

/* The attributes */

static PyObject *view_key; /* (owned): the attribute of an object that keeps its view */

static PyObject *
get_name (PyObject *self, void *unused)
{
  ShmSharedMemory *block = shm_python_get_block (self);
  const char *name;

  if (block == NULL)
    return NULL;
  name = shm_shared_memory_get_name (block);
  if (name == NULL)
    Py_RETURN_NONE;

  return PyUnicode_FromString (name);
}

static PyObject *
get_size (PyObject *self, void *unused)
{
  ShmSharedMemory *block = shm_python_get_block (self);

  return block != NULL ? PyLong_FromUnsignedLongLong (shm_shared_memory_get_size (block)) : NULL;
}

static PyObject *
get_buf (PyObject *self, void *unused)
{
  PyObject *dict = PyObject_GenericGetDict (self, NULL);
  PyObject *view;

  if (dict == NULL)
    return NULL;
  view = PyDict_GetItemWithError (dict, view_key);
  Py_XINCREF (view);
  Py_DECREF (dict);
  if (view != NULL && view != Py_None)
    return view;

  Py_XDECREF (view);

  return PyErr_Occurred () == NULL ? PyObject_CallMethod (self, "_shm_get_buf", NULL) : NULL;
}

static PyGetSetDef attributes[] = {
  { "name", get_name, NULL, "The name of the block, without a leading slash.", NULL },
  { "size", get_size, NULL, "The size of the block in bytes.", NULL },
  { "buf", get_buf, NULL,
    "A memoryview of the block, without a copy. None after close().\n\n"
    "A view that the caller keeps stays usable after close().",
    NULL },
  { NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot mixin_slots[] = { { Py_tp_getset, attributes }, { 0, NULL } };

static PyType_Spec mixin_spec = {
  .name = "_shm.BlockMixin",
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
  .slots = mixin_slots,
};

PyObject *
shm_python_make_block_mixin (void)
{
  view_key = PyUnicode_InternFromString ("_shm_view");
  memory_type = (PyTypeObject *) PyType_FromSpec (&memory_spec);

  return view_key != NULL && memory_type != NULL ? PyType_FromSpec (&mixin_spec) : NULL;
}
