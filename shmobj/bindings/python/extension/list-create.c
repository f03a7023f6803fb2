/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

/* The source converts so many values at once, which takes a few milliseconds. The library reads a
 * list twice, and values of a list of this length need to be converted only once. For each further
 * window the source takes the GIL. */
#define WINDOW_LENGTH (1 << 18)

/* A source of the values of a new list. The library reads it twice, without the GIL. */
typedef struct
{
  ShmListSource source;
  PyObject *objects;    /* (owned) (nullable): a tuple; NULL for a range */
  gint64 start, step;   /* the range */
  guint64 next;         /* index of the next value */
  ShmListValue *window; /* (owned): values that are converted */
  guint64 first;        /* index of the first value in the window */
  guint64 n_converted;  /* the number of values in the window */
  PyThreadState *state; /* of the calling thread, which does not hold the GIL */
  gboolean is_unusual;  /* whether the source has failed because of a value */
} Source;

static void
rewind_source (ShmListSource *source)
{
  ((Source *) source)->next = 0;
}

/* Converts the values that begin with the next one. The caller holds the GIL. */
static gboolean
fill_window (Source *self)
{
  const guint64 n_values = MIN (WINDOW_LENGTH, self->source.n_items - self->next);

  self->first = self->next;
  self->n_converted = 0;
  for (guint64 i = 0; i < n_values; i++)
    if (!shm_python_to_value (PyTuple_GetItem (self->objects, (Py_ssize_t) (self->first + i)),
                              &self->window[i]))
      {
        self->is_unusual = TRUE;
        return FALSE;
      }
  self->n_converted = n_values;

  return TRUE;
}

static gboolean
get_next_object (ShmListSource *source, ShmListValue *value)
{
  Source *self = (Source *) source;
  gboolean is_filled;

  if (G_UNLIKELY (self->next - self->first >= self->n_converted))
    {
      PyEval_RestoreThread (self->state);
      is_filled = fill_window (self);
      self->state = PyEval_SaveThread ();
      if (!is_filled)
        return FALSE;
    }
  *value = self->window[self->next++ - self->first];

  return TRUE;
}

static gboolean
get_next_number (ShmListSource *source, ShmListValue *value)
{
  Source *self = (Source *) source;

  value->kind = SHM_VALUE_KIND_INT64;
  value->length = 0;
  /* Unsigned, because the number after the last one can overflow. */
  value->integer = (gint64) ((guint64) self->start + self->next++ * (guint64) self->step);

  return TRUE;
}

static gboolean
get_number (PyObject *range, const char *name, gint64 *number)
{
  PyObject *object = PyObject_GetAttrString (range, name);
  int overflow = 1;

  if (object == NULL)
    return FALSE;
  *number = PyLong_AsLongLongAndOverflow (object, &overflow);
  Py_DECREF (object);

  return overflow == 0;
}

/* Returns FALSE, maybe without an exception, if the range has numbers of more than 64 bits. */
static gboolean
init_range (Source *self, PyObject *range)
{
  const Py_ssize_t length = PyObject_Size (range);
  gint64 stop;

  self->source.next = get_next_number;
  self->source.n_items = (guint64) length;

  return length >= 0 && get_number (range, "start", &self->start)
         && get_number (range, "step", &self->step) && get_number (range, "stop", &stop);
}

static gboolean
init_objects (Source *self, PyObject *values)
{
  /* A tuple keeps the objects, which another thread could remove from a list. */
  self->objects = PyList_CheckExact (values) ? PyList_AsTuple (values) : Py_NewRef (values);
  if (self->objects == NULL)
    return FALSE;

  self->source.next = get_next_object;
  self->source.n_items = (guint64) PyTuple_Size (self->objects);
  self->window = g_try_new (ShmListValue, MIN (self->source.n_items, WINDOW_LENGTH) + 1);
  if (self->window == NULL)
    PyErr_NoMemory ();

  return self->window != NULL && fill_window (self);
}

static gboolean
init_source (Source *self, PyObject *values)
{
  *self = (Source){ .source.rewind = rewind_source };

  if (Py_TYPE (values) == &PyRange_Type)
    return init_range (self, values);
  if (PyList_CheckExact (values) || PyTuple_CheckExact (values))
    return init_objects (self, values);

  PyErr_SetString (PyExc_TypeError, "values must be a list, tuple or range");

  return FALSE;
}

static void
clear_source (Source *self)
{
  Py_XDECREF (self->objects);
  g_free (self->window);
}

/* Returns whether the list is initialised. If not, sets an exception, unless the override must
 * decide. */
static gboolean
init_list (ShmShareableList *list, Source *source, GCancellable *cancellable)
{
  GError *error = NULL;
  gboolean is_initialised;

  if (!shm_python_release_gil (&source->state))
    return FALSE;
  is_initialised = shm_private_list_init (list, &source->source, cancellable, &error);
  shm_python_take_gil (source->state);

  if (source->is_unusual)
    g_clear_error (&error);
  if (error != NULL)
    shm_python_raise_gerror (error);

  return is_initialised;
}

PyObject *
shm_python_init_list (PyObject *module, PyObject *args)
{
  PyObject *self, *values, *cancellable_object;
  ShmShareableList *list;
  GCancellable *cancellable;
  gboolean is_initialised;
  Source source;

  if (!PyArg_ParseTuple (args, "OOO", &self, &values, &cancellable_object))
    return NULL;
  list = shm_python_get_list (self);
  if (list == NULL || !shm_python_get_cancellable (cancellable_object, &cancellable))
    return NULL;

  is_initialised = init_source (&source, values) && init_list (list, &source, cancellable);
  clear_source (&source);

  return PyErr_Occurred () == NULL ? PyBool_FromLong (is_initialised) : NULL;
}
