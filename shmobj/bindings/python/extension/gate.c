/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* forks.py describes why a process must not fork while another thread is in a call of C code
 * without the GIL. The GIL protects the variables. */

#include "config.h"

#include "extension.h"

static PyObject *wait_function;  /* (owned) (nullable): set while a thread forks */
static int n_calls;              /* calls that run without the GIL */
static __thread int n_own_calls; /* those of this thread: its signal handlers run during a call */

/* Waits until no other thread forks. When the function has waited, another thread can begin to fork
 * before this thread is counted as one that is in a call, so this function looks again. */
static gboolean
wait_for_forks (void)
{
  gboolean must_look = TRUE;

  while (must_look && wait_function != NULL)
    {
      PyObject *function = Py_NewRef (wait_function);
      PyObject *result = PyObject_CallNoArgs (function);

      Py_DECREF (function);
      if (result == NULL)
        return FALSE;
      must_look = result == Py_True;
      Py_DECREF (result);
    }

  return TRUE;
}

gboolean
shm_python_release_gil (PyThreadState **state)
{
  if (G_UNLIKELY (wait_function != NULL) && !wait_for_forks ())
    return FALSE;

  n_calls++;
  n_own_calls++;
  *state = PyEval_SaveThread ();

  return TRUE;
}

void
shm_python_take_gil (PyThreadState *state)
{
  PyEval_RestoreThread (state);
  n_calls--;
  n_own_calls--;
}

PyObject *
shm_python_close_gate (PyObject *module, PyObject *wait)
{
  PyObject *old = wait_function;

  wait_function = Py_NewRef (wait);
  Py_XDECREF (old);

  Py_RETURN_NONE;
}

PyObject *
shm_python_open_gate (PyObject *module, PyObject *is_child)
{
  /* The child has none of the threads that were in a call. */
  if (PyObject_IsTrue (is_child) == 1)
    n_calls = n_own_calls;
  Py_CLEAR (wait_function);

  Py_RETURN_NONE;
}

PyObject *
shm_python_count_calls (PyObject *module, PyObject *unused)
{
  return PyLong_FromLong (n_calls - n_own_calls);
}
