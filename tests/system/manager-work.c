/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager-work.h"

#include <stdio.h>
#include <unistd.h>

#define NAMES_MAX 12
#define SIZE      5000

void
work_init (Work *self, ShmManager *manager, const char *prefix, guint number)
{
  *self = (Work){ .manager = manager, .outcome = "ok" };
  self->prefix = g_strdup_printf ("%s-%d-%u", prefix, getpid (), number);
  self->random = g_rand_new ();
}

void
work_clear (Work *self)
{
  g_queue_clear_full (&self->names, g_free);
  g_rand_free (self->random);
  g_free (self->prefix);
}

const char *
outcome_of (const GError *error)
{
  g_autoptr (GEnumClass) codes = NULL;

  if (error == NULL)
    return "ok";
  if (error->domain != SHM_ERROR)
    return g_quark_to_string (error->domain);

  codes = g_type_class_ref (SHM_TYPE_ERROR);

  return g_enum_get_value (codes, error->code)->value_nick;
}

void
allow_seconds (guint seconds)
{
  alarm (seconds);
}

static void
begin_call (Work *self)
{
  self->began = g_get_monotonic_time ();
}

/* Prints the error of a call, unless the error means that the server has ended: the server has
 * died, or another thread has shut it down. */
static void
report_unexpected_error (const char *operation, const GError *error)
{
  if (!g_error_matches (error, SHM_ERROR, SHM_ERROR_SERVER_DIED)
      && !g_error_matches (error, SHM_ERROR, SHM_ERROR_CLOSED))
    printf ("unexpected-error %s: %s\n", operation, error->message);
}

/* Records the result and the duration of a call. Takes ownership of @error. */
static gboolean
end_call (Work *self, const char *operation, GError *error)
{
  self->n_calls++;
  self->slowest = MAX (self->slowest, g_get_monotonic_time () - self->began);
  if (error == NULL)
    return TRUE;

  report_unexpected_error (operation, error);
  self->outcome = outcome_of (error);
  g_error_free (error);

  return FALSE;
}

static char *
next_name (Work *self)
{
  return g_strdup_printf ("%s-%u", self->prefix, ++self->n_named);
}

/* Adds a block that a later step can remove. Takes ownership of @name. */
static void
add_removable_name (Work *self, char *name)
{
  g_queue_push_tail (&self->names, name);
}

static gboolean
create_block (Work *self, gboolean is_named)
{
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autofree char *name = is_named ? next_name (self) : NULL;
  GError *error = NULL;

  begin_call (self);
  shm = shm_manager_create_shared_memory (self->manager, name, SIZE, 0600, SHM_CREATE_NONE, NULL,
                                          &error);
  if (!end_call (self, "create", error))
    return FALSE;

  if (!is_named)
    printf ("block %s\n", shm_shared_memory_get_name (shm));
  add_removable_name (self, g_strdup (shm_shared_memory_get_name (shm)));

  return TRUE;
}

static gboolean
create_list (Work *self)
{
  g_autoptr (ShmShareableList) list = NULL;
  g_autofree char *name = next_name (self);
  GError *error = NULL;

  begin_call (self);
  list = shm_manager_create_shareable_list (self->manager,
                                            g_variant_new ("(xds)", (gint64) 1, 2.5, "three"), name,
                                            0600, SHM_CREATE_NONE, NULL, &error);
  if (!end_call (self, "create a list", error))
    return FALSE;

  add_removable_name (self, g_steal_pointer (&name));

  return TRUE;
}

/* Creates a block without the manager, and then lets the server track it. If this process is killed
 * between these two calls, the block remains. So the function prints the name for the test. */
static gboolean
track_block (Work *self)
{
  g_autofree char *name = next_name (self);
  g_autoptr (ShmSharedMemory) shm = NULL;
  GError *error = NULL;

  printf ("untracked %s\n", name);
  shm = shm_shared_memory_create (name, SIZE, SHM_CREATE_NONE, &error);
  g_assert_no_error (error);

  begin_call (self);
  shm_manager_track (self->manager, name, NULL, &error);
  if (!end_call (self, "track", error))
    {
      /* A sweep after the death of the server may have removed the block. */
      shm_shared_memory_unlink (shm, NULL);
      return FALSE;
    }

  printf ("tracked %s\n", name);
  add_removable_name (self, g_steal_pointer (&name));

  return TRUE;
}

static gboolean
remove_block (Work *self)
{
  g_autofree char *name = g_queue_pop_head (&self->names);
  GError *error = NULL;

  if (name == NULL)
    return create_block (self, TRUE);

  begin_call (self);
  shm_manager_remove (self->manager, name, NULL, &error);

  return end_call (self, "release", error);
}

static gboolean
list_blocks (Work *self)
{
  g_auto (GStrv) names = NULL;
  GError *error = NULL;

  begin_call (self);
  names = shm_manager_list_blocks (self->manager, NULL, &error);

  return end_call (self, "list", error);
}

gboolean
work_step (Work *self)
{
  if (self->names.length >= NAMES_MAX)
    return remove_block (self);

  switch (g_rand_int_range (self->random, 0, 10))
    {
    case 0:
    case 1:
    case 2:
      return create_block (self, TRUE);
    case 3:
      return create_block (self, FALSE);
    case 4:
    case 5:
      return create_list (self);
    case 6:
      return track_block (self);
    case 7:
    case 8:
      return remove_block (self);
    default:
      return list_blocks (self);
    }
}

void
work_report (Work *self)
{
  printf ("done %d %u %" G_GINT64_FORMAT " %s\n", getpid (), self->n_calls, self->slowest,
          self->outcome);
}
