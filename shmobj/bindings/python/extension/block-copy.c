/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A copy goes straight between the block and the memory of a Python object. The library copies by
 * the file and not by the mapping, so a block that another process has truncated is an error. */

#include "config.h"

#include "extension.h"

/* A copy that is longer than this releases the GIL. A shorter one takes a few microseconds. */
#define SMALL_SIZE (32 * 1024)

static gboolean
get_number (PyObject *object, guint64 *number)
{
  PyObject *index = PyNumber_Index (object);
  int overflow = 0;
  gint64 value;

  if (index == NULL)
    return FALSE;

  value = PyLong_AsLongLongAndOverflow (index, &overflow);
  if (overflow < 0 || (overflow == 0 && value < 0))
    PyErr_SetString (PyExc_IndexError, "an offset or a length in a block must not be negative");
  *number = overflow > 0 ? PyLong_AsUnsignedLongLong (index) : (guint64) value;
  Py_DECREF (index);

  return PyErr_Occurred () == NULL;
}

/* Copies without the GIL if the copy takes long. Sets an exception if it fails. */
static gboolean
copy (PyObject *self, guint64 offset, gpointer data, gsize length, gboolean is_write)
{
  ShmSharedMemory *block = shm_python_get_block (self);
  const gboolean is_long = length > SMALL_SIZE;
  PyThreadState *state;
  GError *error = NULL;
  gboolean is_copied;

  if (block == NULL || (is_long && !shm_python_release_gil (&state)))
    return FALSE;
  is_copied = is_write ? shm_private_block_write (block, offset, data, length, &error)
                       : shm_private_block_read (block, offset, data, length, &error);
  if (is_long)
    shm_python_take_gil (state);

  if (error != NULL)
    shm_python_raise (self, error);

  return is_copied;
}

PyObject *
shm_python_block_read (PyObject *self, PyObject *args, PyObject *names)
{
  static char *keywords[] = { (char *) "offset", (char *) "length", NULL };
  ShmSharedMemory *block = shm_python_get_block (self);
  PyObject *offset_object = NULL, *length_object = Py_None, *bytes;
  guint64 size, offset = 0, length;

  if (block == NULL
      || !PyArg_ParseTupleAndKeywords (args, names, "|OO:read", keywords, &offset_object,
                                       &length_object)
      || (offset_object != NULL && !get_number (offset_object, &offset)))
    return NULL;
  size = shm_shared_memory_get_size (block);
  length = offset < size ? size - offset : 0;
  if (length_object != Py_None && !get_number (length_object, &length))
    return NULL;

  /* The library fails before it copies. */
  if (offset > size || length > size - offset)
    {
      copy (self, offset, NULL, length, FALSE);
      return NULL;
    }

  bytes = PyBytes_FromStringAndSize (NULL, (Py_ssize_t) length);
  if (bytes != NULL && !copy (self, offset, PyBytes_AsString (bytes), length, FALSE))
    Py_CLEAR (bytes);

  return bytes;
}

PyObject *
shm_python_block_write (PyObject *self, PyObject *args, PyObject *names)
{
  static char *keywords[] = { (char *) "offset", (char *) "data", NULL };
  PyObject *offset_object, *data, *bytes = NULL;
  guint64 offset;
  gboolean is_written;
  Py_buffer buffer;

  if (!PyArg_ParseTupleAndKeywords (args, names, "OO:write", keywords, &offset_object, &data)
      || !get_number (offset_object, &offset))
    return NULL;

  /* Copy memory that is not contiguous first. A GLib.Bytes does not have the buffer protocol. */
  if (PyObject_GetBuffer (data, &buffer, PyBUF_SIMPLE) < 0)
    {
      PyErr_Clear ();
      bytes = PyObject_CallMethod (self, "_shm_to_bytes", "(O)", data);
      if (bytes == NULL || PyObject_GetBuffer (bytes, &buffer, PyBUF_SIMPLE) < 0)
        {
          Py_XDECREF (bytes);
          return NULL;
        }
    }

  is_written = copy (self, offset, buffer.buf, (gsize) buffer.len, TRUE);
  PyBuffer_Release (&buffer);
  Py_XDECREF (bytes);
  if (!is_written)
    return NULL;

  Py_RETURN_NONE;
}
