/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

/* The number of values that are compared with the GIL held. Other threads wait for a few
 * microseconds at most. */
#define N_WITH_GIL 1024

/* Prepares a search for values that equal @object. For the library, a boolean is not a number. For
 * Python, False equals 0 and True equals 1. Returns FALSE without an exception if Python must do
 * the search. */
static gboolean
prepare (PyObject *object, ShmPrivateSearch *search)
{
  ShmListValue *wanted = search->scan.wanted;
  double number;

  if (!shm_python_to_value (object, &wanted[0]))
    return FALSE;

  search->scan.n_wanted = 1;
  if (wanted[0].kind == SHM_VALUE_KIND_BOOLEAN)
    {
      wanted[0].kind = SHM_VALUE_KIND_INT64;
      wanted[0].integer = object == Py_True;
    }
  if (wanted[0].kind != SHM_VALUE_KIND_INT64 && wanted[0].kind != SHM_VALUE_KIND_DOUBLE)
    return TRUE;

  number = wanted[0].kind == SHM_VALUE_KIND_INT64 ? (double) wanted[0].integer : wanted[0].number;
  if (number == 0 || number == 1)
    {
      wanted[1].kind = SHM_VALUE_KIND_BOOLEAN;
      wanted[1].length = 0;
      wanted[1].truth = number == 1;
      search->scan.n_wanted = 2;
    }

  return TRUE;
}

/* Searches the rest of the list without the GIL. */
static gboolean
search_patiently (ShmShareableList *list, ShmPrivateSearch *search, GError **error)
{
  PyThreadState *state;
  gboolean is_done;

  if (!shm_python_release_gil (&state))
    return FALSE;
  is_done = shm_private_list_search (list, search, error);
  shm_python_take_gil (state);

  return is_done;
}

static gboolean
run (PyObject *self, ShmPrivateSearch *search)
{
  ShmShareableList *list = shm_python_get_list (self);
  GError *error = NULL;
  ShmListTry result;
  gboolean is_over;

  if (list == NULL)
    return FALSE;

  result = shm_private_list_try_search (list, search, N_WITH_GIL, &error);
  is_over = search->next >= shm_shareable_list_get_length (list)
            || (search->scan.stops_at_first && search->count > 0);
  if (result == SHM_LIST_TRY_OK && is_over)
    return TRUE;
  if (result != SHM_LIST_TRY_FAILED && search_patiently (list, search, &error))
    return TRUE;

  if (error != NULL)
    shm_python_raise (self, error);

  return FALSE;
}

/* Returns whether the library can search. Otherwise a method of the override compares Python
 * objects. */
static gboolean
can_run (PyObject *self, PyObject *object, ShmPrivateSearch *search)
{
  return !shm_python_has_own_reader (self) && prepare (object, search);
}

static gboolean
find_slowly (PyObject *self, PyObject *object, ShmPrivateSearch *search)
{
  PyObject *result = PyObject_CallMethod (self, "_shm_find_slowly", "(O)", object);
  gint64 number;

  if (result == NULL)
    return FALSE;
  number = PyLong_AsLongLong (result);
  Py_DECREF (result);
  if (number < 0 && PyErr_Occurred () != NULL)
    return FALSE;

  search->found = (guint64) number;
  search->count = number >= 0;

  return TRUE;
}

static gboolean
find (PyObject *self, PyObject *object, ShmPrivateSearch *search)
{
  return can_run (self, object, search) ? run (self, search) : find_slowly (self, object, search);
}

int
shm_python_list_contains (PyObject *self, PyObject *value)
{
  ShmPrivateSearch search = { .scan.stops_at_first = TRUE };

  return find (self, value, &search) ? search.count > 0 : -1;
}

/* Returns the only argument, whose name is value. */
static PyObject *
get_argument (const char *function, PyObject *const *args, Py_ssize_t n_args, PyObject *names)
{
  const Py_ssize_t n_names = names != NULL ? PyTuple_Size (names) : 0;

  if (n_args + n_names == 1
      && (n_names == 0
          || PyUnicode_CompareWithASCIIString (PyTuple_GetItem (names, 0), "value") == 0))
    return args[0];

  PyErr_Format (PyExc_TypeError, "%s() takes exactly one argument, 'value'", function);

  return NULL;
}

PyObject *
shm_python_list_index (PyObject *self, PyObject *const *args, Py_ssize_t n_args, PyObject *names)
{
  ShmPrivateSearch search = { .scan.stops_at_first = TRUE };
  PyObject *value = get_argument ("index", args, n_args, names);

  if (value == NULL || !find (self, value, &search))
    return NULL;
  if (search.count > 0)
    return PyLong_FromUnsignedLongLong (search.found);

  shm_python_raise_from_method (self, "_shm_make_not_found_error", value);

  return NULL;
}

PyObject *
shm_python_list_count (PyObject *self, PyObject *const *args, Py_ssize_t n_args, PyObject *names)
{
  ShmPrivateSearch search = { .count = 0 };
  PyObject *value = get_argument ("count", args, n_args, names);

  if (value == NULL)
    return NULL;
  /* The sum of the results of comparisons, which need not be bools. */
  if (!can_run (self, value, &search))
    return PyObject_CallMethod (self, "_shm_count_slowly", "(O)", value);

  return run (self, &search) ? PyLong_FromUnsignedLongLong (search.count) : NULL;
}
