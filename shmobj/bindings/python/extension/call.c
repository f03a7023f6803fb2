/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Python runs a signal handler only when it executes bytecode, and not while a function of the
 * library works or waits. Therefore a long call has a check function, which runs the handlers. If a
 * handler raises an exception, the library cancels its operation and undoes it. */

#include "config.h"

#include "extension.h"

#include <unistd.h>

/* Keeps the exception that a handler has raised. A second exception replaces the first, as
 * everywhere in Python. */
static void
keep_exception (ShmPythonCall *self)
{
  Py_XDECREF (self->type);
  Py_XDECREF (self->exception);
  Py_XDECREF (self->traceback);
  PyErr_Fetch (&self->type, &self->exception, &self->traceback);
}

static gboolean
run_handlers (gpointer data)
{
  ShmPythonCall *self = data;

  PyEval_RestoreThread (self->state);
  if (PyErr_CheckSignals () < 0)
    keep_exception (self);
  self->state = PyEval_SaveThread ();

  return self->type == NULL;
}

gboolean
shm_python_call_begin (ShmPythonCall *self, gboolean is_long)
{
  *self = (ShmPythonCall){ .state = NULL };

  if (!shm_python_release_gil (&self->state))
    return FALSE;

  /* Python runs signal handlers only in the main thread, also after a fork in another thread. */
  if (is_long && gettid () == getpid ())
    {
      self->cancellable = g_cancellable_new ();
      shm_private_set_check (self->cancellable, run_handlers, self);
    }

  return TRUE;
}

gboolean
shm_python_call_end (ShmPythonCall *self, GError *error)
{
  g_clear_object (&self->cancellable);
  shm_python_take_gil (self->state);

  /* PyGObject runs handlers while it converts @error, and would lose their exceptions. */
  if (self->type == NULL && error != NULL && PyErr_CheckSignals () < 0)
    keep_exception (self);
  if (self->type != NULL)
    {
      PyErr_Restore (self->type, self->exception, self->traceback);
      g_clear_error (&error);
      return FALSE;
    }
  if (error != NULL)
    shm_python_raise_gerror (error);

  return error == NULL;
}
