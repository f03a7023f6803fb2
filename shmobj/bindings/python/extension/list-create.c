/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "extension.h"

/* The number of values that the source converts at once. This takes a few milliseconds. The library
 * reads a list twice, and values of a list of this length need to be converted only once. For each
 * further window the source takes the GIL. */
#define WINDOW_LENGTH (1 << 18)

/* A creation that is longer than this can be interrupted by a signal handler. */
#define MANY_VALUES 4096
#define MANY_BYTES  (4 << 20)

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
  gsize n_bytes;        /* the length of the texts and bytes in the window */
  ShmPythonCall call;   /* the call that reads the source */
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
  self->n_bytes = 0;
  for (guint64 i = 0; i < n_values; i++)
    {
      if (!shm_python_to_value (PyTuple_GetItem (self->objects, (Py_ssize_t) (self->first + i)),
                                &self->window[i]))
        {
          self->is_unusual = TRUE;
          return FALSE;
        }
      self->n_bytes += self->window[i].length;
    }
  self->n_converted = n_values;

  return TRUE;
}

/* Returns the values from the next one to the end of the window. */
static gboolean
get_next_objects (ShmListSource *source, const ShmListValue **values, guint64 *n_values)
{
  Source *self = (Source *) source;
  gboolean is_filled;

  if (self->next - self->first >= self->n_converted)
    {
      PyEval_RestoreThread (self->call.state);
      is_filled = fill_window (self);
      self->call.state = PyEval_SaveThread ();
      if (!is_filled)
        return FALSE;
    }
  *values = &self->window[self->next - self->first];
  *n_values = self->n_converted - (self->next - self->first);
  self->next += *n_values;

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

/* Sets is_unusual if the range has numbers of more than 64 bits. */
static gboolean
init_range (Source *self, PyObject *range)
{
  const Py_ssize_t length = PyObject_Size (range);
  gint64 stop;

  self->source.next = get_next_number;
  self->source.n_items = (guint64) length;

  if (length < 0)
    PyErr_Clear ();
  self->is_unusual = length < 0 || !get_number (range, "start", &self->start)
                     || !get_number (range, "step", &self->step)
                     || !get_number (range, "stop", &stop);

  return !self->is_unusual;
}

static gboolean
init_objects (Source *self, PyObject *values)
{
  /* A tuple keeps the objects, which another thread could remove from a list. */
  self->objects = PyList_CheckExact (values) ? PyList_AsTuple (values) : Py_NewRef (values);
  if (self->objects == NULL)
    return FALSE;

  self->source.next_array = get_next_objects;
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

typedef gboolean (*CreateFunc) (GObject *object,
                                const ShmPrivateArguments *arguments,
                                Source *source,
                                GObject **created,
                                GError **error);

/* Calls @create without the GIL. If it fails, sets an exception, or is_unusual. A function that
 * waits for a server takes long. */
static gboolean
run (CreateFunc create,
     GObject *object,
     const ShmPrivateArguments *arguments,
     Source *source,
     GObject **created)
{
  const gboolean is_long
      = created != NULL || source->source.n_items > MANY_VALUES || source->n_bytes > MANY_BYTES;
  GError *error = NULL;
  gboolean is_created;

  if (!shm_python_call_begin (&source->call, is_long))
    return FALSE;
  is_created = create (object, arguments, source, created, &error);
  if (source->is_unusual)
    g_clear_error (&error);

  return shm_python_call_end (&source->call, error) && is_created;
}

/* Does the same with a list, tuple or range of values. If the conversion of the values needs the
 * override, sets no exception. */
static gboolean
create_from (PyObject *values,
             CreateFunc create,
             GObject *object,
             const ShmPrivateArguments *arguments,
             GObject **created)
{
  Source source;
  const gboolean is_created
      = init_source (&source, values) && run (create, object, arguments, &source, created);

  clear_source (&source);

  return is_created;
}

static gboolean
init_list (GObject *list,
           const ShmPrivateArguments *arguments,
           Source *source,
           GObject **created,
           GError **error)
{
  return shm_private_list_init ((ShmShareableList *) list, arguments, &source->source,
                                source->call.cancellable, error);
}

PyObject *
shm_python_list_create (PyObject *self, PyObject *args)
{
  ShmShareableList *list = shm_python_get_list (self);
  ShmPrivateArguments arguments = { .is_new = TRUE };
  PyObject *values;

  if (list == NULL
      || !PyArg_ParseTuple (args, "OzO&O&", &values, &arguments.name, shm_python_to_guint,
                            &arguments.mode, shm_python_to_guint, &arguments.flags))
    return NULL;
  if (create_from (values, init_list, (GObject *) list, &arguments, NULL))
    return shm_python_set_initialised (self);

  return PyErr_Occurred () == NULL
             ? PyObject_CallMethod (self, "_shm_create_slowly", "(OzII)", values, arguments.name,
                                    arguments.mode, arguments.flags)
             : NULL;
}

PyObject *
shm_python_list_attach (PyObject *self, PyObject *args)
{
  ShmShareableList *list = shm_python_get_list (self);
  ShmPrivateArguments arguments = { .mode = 0600 };
  ShmPythonCall call;
  GError *error = NULL;
  gboolean is_attached;

  if (list == NULL
      || !PyArg_ParseTuple (args, "zO&", &arguments.name, shm_python_to_guint, &arguments.flags)
      || !shm_python_call_begin (&call, FALSE))
    return NULL;
  is_attached = shm_private_list_init (list, &arguments, NULL, NULL, &error);
  if (!shm_python_call_end (&call, error) || !is_attached)
    return NULL;

  return shm_python_set_initialised (self);
}

/* Managers */

static gboolean
create_managed (GObject *manager,
                const ShmPrivateArguments *arguments,
                Source *source,
                GObject **created,
                GError **error)
{
  *created = (GObject *) shm_private_manager_create_list ((ShmManager *) manager, arguments,
                                                          &source->source, source->call.cancellable,
                                                          error);

  return *created != NULL;
}

PyObject *
shm_python_create_managed_list (PyObject *module, PyObject *args)
{
  ShmPrivateArguments arguments = { .is_new = TRUE };
  g_autoptr (GObject) created = NULL;
  PyObject *made, *self, *values, *object;
  GObject *manager;

  if (!PyArg_ParseTuple (args, "OOOzO&O&", &made, &self, &values, &arguments.name,
                         shm_python_to_guint, &arguments.mode, shm_python_to_guint,
                         &arguments.flags))
    return NULL;
  manager = shm_python_get_object (self, SHM_TYPE_MANAGER);
  if (manager == NULL)
    return NULL;
  if (!create_from (values, create_managed, manager, &arguments, &created)
      && PyErr_Occurred () == NULL)
    Py_RETURN_FALSE;

  object = PyErr_Occurred () == NULL ? shm_python_from_object (created) : NULL;
  if (object == NULL || PyList_Append (made, object) < 0)
    {
      /* A signal handler can raise an exception after the list was published. */
      if (created != NULL)
        shm_private_manager_discard ((ShmManager *) manager, created);
      Py_XDECREF (object);
      return NULL;
    }
  Py_DECREF (object);

  Py_RETURN_TRUE;
}
