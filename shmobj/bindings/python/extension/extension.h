/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The extension module _shm of the Python override. It reads and writes the values of lists without
 * PyGObject, which takes much longer for a call than the library.
 *
 *     module.c         the functions of the module
 *     object.c         finds the GObject of a Python object; raises exceptions
 *     gate.c           releases the lock of the interpreter (GIL), except during a fork
 *     call.c           makes a long call, during which signal handlers run
 *     value.c          converts values
 *     list.c           ListMixin, a base class of ShareableList: len() and []
 *     list-search.c    in, index() and count()
 *     list-iterator.c  for and reversed()
 *     list-create.c    creates a list from Python objects
 *     block.c          BlockMixin, a base class of SharedMemory: name, size, buf; creates a block
 *     block-copy.c     read() and write()
 *     loop-waits.c     LoopWaits: waits in a loop of asyncio
 *
 * The base classes add no fields to an object, so that PyGObject accepts them. A function of this
 * module keeps the GIL as long as the library does not wait for other processes: to release it and
 * to take it again takes longer than to read a value, and much longer beside a busy thread.
 *
 * What is rare is left to methods of the override in Python. Their names begin with _shm_.
 *
 * A function that returns NULL, -1 or FALSE has set an exception, unless its comment says something
 * else. */

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "shm-private.h"
#include "shm-shared-memory.h"

G_BEGIN_DECLS

/* object.c */

gboolean shm_python_init_pygobject (void);

/* Each function returns the GObject of a Python object, which keeps its reference. */
ShmShareableList *shm_python_get_list (PyObject *self);
ShmSharedMemory *shm_python_get_block (PyObject *self);
GObject *shm_python_get_object (PyObject *self, GType type);

/* Returns a new reference to the Python object of @object. */
PyObject *shm_python_from_object (GObject *object);

/* Raises @error as a GLib.Error. Consumes @error. */
void shm_python_raise_gerror (GError *error);

/* Returns @error as a GLib.Error, and consumes it. */
PyObject *shm_python_make_gerror (GError *error);

/* Raises the exception that the override makes from @error, and consumes @error. The second
 * function names the method that makes it. The third function is for an assignment. */
void shm_python_raise (PyObject *self, GError *error);
void shm_python_raise_by_method (PyObject *self, const char *method, GError *error);
void
shm_python_raise_for_assignment (PyObject *self, GError *error, PyObject *index, PyObject *value);

/* Raises the exception that a method of the override returns. */
void shm_python_raise_from_method (PyObject *self, const char *method, PyObject *argument);

/* gate.c */

/* Releases the GIL for a call that can wait or take long, and stores the state of the thread in
 * @state. During a fork in another thread, waits first. */
gboolean shm_python_release_gil (PyThreadState **state);
void shm_python_take_gil (PyThreadState *state);

/* The functions of the module for forks.py: close_gate(wait), open_gate() and count_calls(). */
PyObject *shm_python_close_gate (PyObject *module, PyObject *wait);
PyObject *shm_python_open_gate (PyObject *module, PyObject *is_child);
PyObject *shm_python_count_calls (PyObject *module, PyObject *unused);

/* call.c */

/* A call of the library without the GIL. */
typedef struct
{
  PyThreadState *state;                   /* of the calling thread */
  GCancellable *cancellable;              /* (owned) (nullable): for the call */
  PyObject *type, *exception, *traceback; /* (owned) (nullable): raised by a signal handler */
} ShmPythonCall;

/* Releases the GIL. If @is_long is TRUE, the cancellable of the call runs signal handlers. */
gboolean shm_python_call_begin (ShmPythonCall *self, gboolean is_long);

/* Takes the GIL. Returns FALSE with an exception if a signal handler has raised one, or if @error
 * is not NULL. Consumes @error. */
gboolean shm_python_call_end (ShmPythonCall *self, GError *error);

/* value.c */

PyObject *shm_python_from_value (const ShmListValue *value);

/* Converts an int, float, bool, str, bytes or None to @value, which refers to the bytes of @object.
 * Returns FALSE without an exception if @object is of another class, also of a derived one, or if a
 * list cannot store it: then the override makes the value or the exception. */
gboolean shm_python_to_value (PyObject *object, ShmListValue *value);

/* A converter for PyArg_ParseTuple(), whose format "I" would drop the upper bits of a large int. */
int shm_python_to_guint (PyObject *object, gpointer number);

/* list.c */

PyObject *shm_python_make_list_mixin (void);
PyObject *shm_python_read (PyObject *self, ShmShareableList *list, guint64 index);

/* Returns whether a subclass has replaced a method that reads values. CPython's class has only
 * __getitem__(): iterations, searches and counts call it for each value. */
gboolean shm_python_has_own_reader (PyObject *self);

/* list-search.c */

int shm_python_list_contains (PyObject *self, PyObject *value);
PyObject *
shm_python_list_index (PyObject *self, PyObject *const *args, Py_ssize_t n_args, PyObject *names);
PyObject *
shm_python_list_count (PyObject *self, PyObject *const *args, Py_ssize_t n_args, PyObject *names);

/* list-iterator.c */

gboolean shm_python_init_iterator (void);
PyObject *shm_python_list_iterate (PyObject *self);
PyObject *shm_python_list_reverse (PyObject *self, PyObject *unused);

/* list-create.c: methods that initialise an object, and create_managed_list(made, manager, values,
 * name, mode, flags), which appends the new list to the list `made`. The values are a list, tuple
 * or range. If a value needs a conversion, the methods let the override create the list, and the
 * function returns False. */

PyObject *shm_python_list_create (PyObject *self, PyObject *args);
PyObject *shm_python_list_attach (PyObject *self, PyObject *args);
PyObject *shm_python_create_managed_list (PyObject *module, PyObject *args);

/* block.c */

PyObject *shm_python_make_block_mixin (void);

/* Sets the attribute that shows that the constructor was successful. Returns None. */
PyObject *shm_python_set_initialised (PyObject *self);

/* block-copy.c */

PyObject *shm_python_block_read (PyObject *self, PyObject *args, PyObject *names);
PyObject *shm_python_block_write (PyObject *self, PyObject *args, PyObject *names);

/* loop-waits.c */

PyObject *shm_python_make_loop_waits (void);

G_END_DECLS
