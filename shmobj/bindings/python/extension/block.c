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

static PyObject *
make_view (ShmSharedMemory *block, GError **error)
{
  g_autoptr (GBytes) bytes = map (block, error);
  PyObject *view;
  Memory *memory;

  if (bytes == NULL)
    return NULL;

  memory = PyObject_New (Memory, memory_type);
  if (memory == NULL)
    return NULL;
  memory->bytes = g_steal_pointer (&bytes);
  memory->is_read_only = shm_shared_memory_is_read_only (block);
  view = PyMemoryView_FromObject ((PyObject *) memory);
  Py_DECREF (memory);

  return view;
}

/* The attributes in the dictionary of an object */

static PyObject *view_key, *initialised_key, *mmap_key, *fd_key; /* (owned) */

static gboolean
set_attribute (PyObject *self, PyObject *key, PyObject *value)
{
  PyObject *dict = PyObject_GenericGetDict (self, NULL);
  const gboolean is_set = dict != NULL && PyDict_SetItem (dict, key, value) == 0;

  Py_XDECREF (dict);

  return is_set;
}

PyObject *
shm_python_set_initialised (PyObject *self)
{
  if (!set_attribute (self, initialised_key, Py_True))
    return NULL;

  Py_RETURN_NONE;
}

/* Maps the block, and keeps the view. Consumes the result of make_view(). */
static PyObject *
open_view (PyObject *self, ShmSharedMemory *block)
{
  GError *error = NULL;
  PyObject *view = make_view (block, &error);

  /* Another thread can close the object in the meantime. close() drops the view that it finds. */
  if (shm_shared_memory_is_closed (block) && (view != NULL || error != NULL))
    {
      g_clear_error (&error);
      Py_XDECREF (view);
      Py_RETURN_NONE;
    }
  if (error != NULL)
    shm_python_raise_by_method (self, "_shm_translate_map_error", error);
  if (view != NULL && !set_attribute (self, view_key, view))
    Py_CLEAR (view);

  return view;
}

/* Methods that initialise an object */

/* A block of this size takes so little time that a signal handler need not interrupt it. */
#define SMALL_SIZE (4 << 20)

static gboolean
init (PyObject *self, const ShmPrivateArguments *arguments)
{
  ShmSharedMemory *block = shm_python_get_block (self);
  ShmPythonCall call;
  GError *error = NULL;
  gboolean is_initialised;

  if (block == NULL || !shm_python_call_begin (&call, arguments->size > SMALL_SIZE))
    return FALSE;
  is_initialised = shm_private_block_init (block, arguments, call.cancellable, &error);

  return shm_python_call_end (&call, error) && is_initialised;
}

static PyObject *
create (PyObject *self, PyObject *args)
{
  ShmPrivateArguments arguments = { .is_new = TRUE };
  unsigned long long size;
  PyObject *view;

  if (!PyArg_ParseTuple (args, "zKO&O&", &arguments.name, &size, shm_python_to_guint,
                         &arguments.mode, shm_python_to_guint, &arguments.flags))
    return NULL;
  arguments.size = size;
  if (!init (self, &arguments))
    return NULL;

  /* The object maps a new block at once, so that a failure leaves no block behind. */
  view = open_view (self, shm_python_get_block (self));
  if (view == NULL)
    return NULL;
  Py_DECREF (view);

  return shm_python_set_initialised (self);
}

static PyObject *
attach (PyObject *self, PyObject *args)
{
  ShmPrivateArguments arguments = { .mode = 0600 };

  if (!PyArg_ParseTuple (args, "zO&", &arguments.name, shm_python_to_guint, &arguments.flags)
      || !init (self, &arguments))
    return NULL;

  return shm_python_set_initialised (self);
}

/* close() */

static gboolean
has_attribute (PyObject *self, PyObject *key)
{
  PyObject *dict = PyObject_GenericGetDict (self, NULL);
  const gboolean has = dict != NULL && PyDict_Contains (dict, key) == 1;

  Py_XDECREF (dict);

  return has;
}

/* Drops the view but does not release it. The program may have a reference to the view, to a slice
 * of it, or to an array that uses it. */
static gboolean
drop_view (PyObject *self)
{
  return !has_attribute (self, view_key) || set_attribute (self, view_key, Py_None);
}

static gboolean
close_without_gil (PyObject *self, ShmSharedMemory *block)
{
  PyThreadState *state;
  GError *error = NULL;

  /* A constructor that has failed may have left the object closed, and __del__() closes again. */
  if (shm_shared_memory_is_closed (block))
    return TRUE;
  if (!shm_python_release_gil (&state))
    return FALSE;
  shm_shared_memory_close (block, &error);
  shm_python_take_gil (state);

  if (error != NULL)
    shm_python_raise (self, error);

  return error == NULL;
}

static PyObject *
close_block (PyObject *self, PyObject *unused)
{
  ShmSharedMemory *block = shm_python_get_block (self);

  /* If __init__ has not run, there is nothing to close. */
  if (block == NULL && PyErr_ExceptionMatches (PyExc_RuntimeError))
    {
      PyErr_Clear ();
      Py_RETURN_NONE;
    }

  /* Another thread can use buf before the block is closed. */
  if (block == NULL || !drop_view (self) || !close_without_gil (self, block) || !drop_view (self))
    return NULL;
  if (has_attribute (self, mmap_key) || has_attribute (self, fd_key))
    return PyObject_CallMethod (self, "_shm_close_rest", NULL);

  Py_RETURN_NONE;
}

/* The attributes */

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
  ShmSharedMemory *block;
  PyObject *view;

  if (dict == NULL)
    return NULL;
  view = PyDict_GetItemWithError (dict, view_key);
  Py_XINCREF (view);
  Py_DECREF (dict);
  if (view != NULL && view != Py_None)
    return view;

  Py_XDECREF (view);
  block = PyErr_Occurred () == NULL ? shm_python_get_block (self) : NULL;

  return block != NULL ? open_view (self, block) : NULL;
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

#define WITH_NAMES (METH_VARARGS | METH_KEYWORDS)

static PyMethodDef methods[] = {
  { "_shm_create", create, METH_VARARGS, NULL },
  { "_shm_attach", attach, METH_VARARGS, NULL },
  { "close", close_block, METH_NOARGS,
    "close($self)\n--\n\n"
    "Closes the object. Views that the caller keeps stay usable." },
  { "read", (PyCFunction) (void (*) (void)) shm_python_block_read, WITH_NAMES,
    "read($self, offset=0, length=None)\n--\n\n"
    "Returns a part of the block as bytes. If another process has truncated the block, this\n"
    "method raises an exception. An access to buf would then kill this process with SIGBUS." },
  { "write", (PyCFunction) (void (*) (void)) shm_python_block_write, WITH_NAMES,
    "write($self, offset, data)\n--\n\n"
    "Copies a bytes-like object into the block. If the object does not fit, writes nothing." },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot mixin_slots[] = {
  { Py_tp_getset, attributes },
  { Py_tp_methods, methods },
  { 0, NULL },
};

static PyType_Spec mixin_spec = {
  .name = "_shm.BlockMixin",
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
  .slots = mixin_slots,
};

PyObject *
shm_python_make_block_mixin (void)
{
  view_key = PyUnicode_InternFromString ("_shm_view");
  initialised_key = PyUnicode_InternFromString ("_shm_is_initialized");
  memory_type = (PyTypeObject *) PyType_FromSpec (&memory_spec);

  mmap_key = PyUnicode_InternFromString ("_mmap");
  fd_key = PyUnicode_InternFromString ("_fd");

  return PyErr_Occurred () == NULL && memory_type != NULL ? PyType_FromSpec (&mixin_spec) : NULL;
}
