/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/client/shm-helper.h"

#include "core/shm-fork.h"
#include "core/shm-system-process.h"
#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-control.h"
#include "manager/shm-registry.h"
#include "shm-error.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Where the program is, for those who test or package it. */
#define HELPER_VARIABLE "SHMOBJ_MANAGER"

#define START_SECONDS 10

#define N_SPARE 2

/* How long a helper may take to end when nobody waits for it. */
#define END_MSEC 2000

struct _ShmHelper
{
  GPid pid;
  GSocket *control;        /* (owned): what we send ends when we want the helper to end */
  GSocketAddress *address; /* (owned) */
  char *registry_name;     /* (owned) (nullable) */
  int registry;            /* -1 until it is known */
  int spare[N_SPARE];      /* descriptors that sweeping needs, so that it does not lack any then */
  GByteArray *input;       /* (owned): what came and is no whole report yet */
  guint generation;        /* of the process that started it */
  GMutex ending;           /* held by who ends or buries it; a forked child never does */
  int is_reaped;           /* (atomic) */
  gboolean is_unswept;     /* what it has left could not be removed yet */
};

/* Starting */

static const char *
find_program (void)
{
  const char *path = shm_system_get_trusted_env (HELPER_VARIABLE);

  return path != NULL && path[0] != '\0' ? path : SHM_HELPER_PATH;
}

static gboolean
spawn (ShmHelper *self, const char *program, int helper_end, GError **error)
{
  const int starter = shm_system_open_own_process ();
  const char *const argv[]
      = { program, starter >= 0 ? "--" SHM_CONTROL_STARTER_OPTION : NULL, NULL };
  const int target = SHM_CONTROL_STARTER_FD;
  g_autoptr (GError) cause = NULL;
  gboolean is_spawned;

  /* The program closes what it inherits: so asked, GLib needs no fork(), whose children would run the
   * handlers of every library here, and hold what other threads are just spawning. */
  is_spawned
      = g_spawn_async_with_pipes_and_fds (NULL, argv, NULL,
                                          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN
                                              | G_SPAWN_STDOUT_TO_DEV_NULL,
                                          NULL, NULL, helper_end, -1, -1, &starter, &target,
                                          starter >= 0 ? 1 : 0, &self->pid, NULL, NULL, NULL,
                                          &cause);
  if (starter >= 0)
    close (starter);
  if (is_spawned)
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
               "The helper process %s of a manager can't be started: %s", program, cause->message);

  return FALSE;
}

/* A child that another thread forks meanwhile must not have a copy of the helper's end: while it
 * lived, the helper's death could not be seen. So the ends that are handed out just now are known, and
 * a child closes them, unless it is the one that becomes the helper. */
typedef struct _Launch Launch;

struct _Launch
{
  int helper_end;
  Launch *next;
};

static Launch *launches = NULL; /* with forking blocked */
static _Thread_local gboolean is_launching;

static void
in_child (void)
{
  if (!is_launching)
    for (Launch *launch = launches; launch != NULL; launch = launch->next)
      close (launch->helper_end);
  launches = NULL;
}

static ShmForkHandlers fork_handlers = { .in_child = in_child };

static gboolean
begin_launch (ShmHelper *self, Launch *launch, GError **error)
{
  int ends[2];
  int errnum;

  shm_fork_add_handlers (&fork_handlers);

  shm_fork_block ();
  errnum = shm_system_create_socket_pair (ends);
  if (errnum == 0)
    {
      launch->helper_end = ends[1];
      launch->next = launches;
      launches = launch;
    }
  shm_fork_unblock ();

  if (errnum != 0)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                   "No sockets for talking to a manager's helper process: %s", g_strerror (errnum));
      return FALSE;
    }

  self->control = g_socket_new_from_fd (ends[0], NULL);
  g_assert (self->control != NULL);
  g_socket_set_timeout (self->control, START_SECONDS);

  return TRUE;
}

static void
end_launch (Launch *launch)
{
  Launch **link = &launches;

  shm_fork_block ();
  while (*link != launch)
    link = &(*link)->next;
  *link = launch->next;
  close (launch->helper_end);
  shm_fork_unblock ();
}

static gboolean
launch_helper (ShmHelper *self, GError **error)
{
  const char *program = find_program ();
  Launch launch;
  gboolean is_spawned;

  self->is_reaped = TRUE;
  if (!g_file_test (program, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "The helper process %s of a manager is not there: if it is elsewhere, say so "
                   "in " HELPER_VARIABLE,
                   program);
      return FALSE;
    }
  if (!begin_launch (self, &launch, error))
    return FALSE;

  is_launching = TRUE;
  is_spawned = spawn (self, program, launch.helper_end, error);
  is_launching = FALSE;
  end_launch (&launch);
  self->is_reaped = !is_spawned;

  return is_spawned;
}

static gboolean
send_plan (ShmHelper *self, const ShmHelperPlan *plan, GCancellable *cancellable, GError **error)
{
  g_autofree char *address = NULL;
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  gsize key_size, sent = 0;
  gconstpointer key = g_bytes_get_data (plan->key, &key_size);

  address = plan->address != NULL ? shm_address_print (plan->address) : g_strdup ("");
  shm_control_append (frames, g_variant_new ("(us@aybbit)", SHM_CONTROL_VERSION, address,
                                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key,
                                                                        key_size, 1),
                                             plan->allow_md5, plan->allow_other_users,
                                             (gint32) getpid (), plan->client));

  while (sent < frames->len)
    {
      const gssize n = g_socket_send (self->control, (const char *) frames->data + sent,
                                      frames->len - sent, cancellable, error);

      if (n < 0)
        return FALSE;
      sent += n;
    }

  return TRUE;
}

static GVariant *
receive_result (ShmHelper *self, GCancellable *cancellable, GError **error)
{
  for (;;)
    {
      gboolean is_broken;
      char chunk[4096];
      gssize n;
      GVariant *result = shm_control_take (self->input, SHM_CONTROL_RESULT, &is_broken);

      if (result != NULL)
        return result;

      n = is_broken ? 0 : g_socket_receive (self->control, chunk, sizeof chunk, cancellable, error);
      if (n < 0)
        return NULL;
      if (n == 0)
        {
          g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                       "The helper process %s of a manager ended before it had begun",
                       find_program ());
          return NULL;
        }
      g_byte_array_append (self->input, (const guint8 *) chunk, n);
    }
}

static gboolean
settle_result (ShmHelper *self, GVariant *result, GError **error)
{
  const char *text, *registry;
  ShmFault ignored;
  gint32 code;

  g_variant_get (result, "(i&s&s)", &code, &text, &registry);
  if (code >= 0)
    {
      g_set_error_literal (error, SHM_ERROR, code, text);
      return FALSE;
    }

  self->registry_name = g_strdup (registry);
  self->registry = shm_registry_open (registry, &ignored);
  for (guint i = 0; self->registry >= 0 && i < N_SPARE; i++)
    self->spare[i] = shm_system_duplicate (self->registry, &ignored);
  self->address = shm_address_parse (text, error);

  return self->address != NULL;
}

/* Says what GIO's errors mean here. */
static gboolean
greet (ShmHelper *self, const ShmHelperPlan *plan, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GVariant) result = NULL;

  if (send_plan (self, plan, cancellable, &cause))
    result = receive_result (self, cancellable, &cause);
  if (result != NULL && settle_result (self, result, &cause))
    return TRUE;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
                 "The helper process %s of a manager does not answer", find_program ());
  else if (cause->domain == SHM_ERROR || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                 "The helper process %s of a manager can't be talked to: %s", find_program (),
                 cause->message);

  return FALSE;
}

static ShmHelper *
fail_to_start (ShmHelper *self)
{
  ShmFault ignored;
  guint n_removed;

  shm_helper_free (self);

  /* If it did not get so far as to tell us of its registry. */
  shm_registry_sweep_all (&n_removed, &ignored);

  return NULL;
}

ShmHelper *
shm_helper_start (const ShmHelperPlan *plan, GCancellable *cancellable, GError **error)
{
  ShmHelper *self;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  self = g_new0 (ShmHelper, 1);
  self->registry = -1;
  for (guint i = 0; i < N_SPARE; i++)
    self->spare[i] = -1;
  g_mutex_init (&self->ending);
  self->input = g_byte_array_new ();
  self->generation = shm_fork_get_generation ();

  if (!launch_helper (self, error) || !greet (self, plan, cancellable, error))
    return fail_to_start (self);

  g_socket_set_timeout (self->control, 0);
  g_socket_set_blocking (self->control, FALSE);

  return self;
}

gboolean
shm_helper_is_ours (ShmHelper *self)
{
  return self->generation == shm_fork_get_generation ();
}

GSocketAddress *
shm_helper_get_address (ShmHelper *self)
{
  return self->address;
}

GPid
shm_helper_get_pid (ShmHelper *self)
{
  return self->pid;
}

/* Reports */

gboolean
shm_helper_await_death (ShmHelper *self, guint timeout_msec)
{
  return g_atomic_int_get (&self->is_reaped)
         || g_socket_condition_timed_wait (self->control, G_IO_HUP, (gint64) timeout_msec * 1000,
                                           NULL, NULL);
}

GSource *
shm_helper_create_source (ShmHelper *self)
{
  return g_socket_create_source (self->control, G_IO_IN | G_IO_HUP, NULL);
}

static void
deliver (ShmHelper *self, ShmHelperReport report, gpointer user_data)
{
  g_autoptr (GVariant) message = NULL;
  gboolean is_tracked, is_broken;
  const char *name;

  while ((message = shm_control_take (self->input, SHM_CONTROL_REPORT, &is_broken)) != NULL)
    {
      g_variant_get (message, "(b&s)", &is_tracked, &name);
      report (is_tracked, name, user_data);
      g_clear_pointer (&message, g_variant_unref);
    }

  if (is_broken)
    g_byte_array_set_size (self->input, 0);
}

gboolean
shm_helper_receive (ShmHelper *self, ShmHelperReport report, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  char chunk[4096];
  const gssize n = g_socket_receive (self->control, chunk, sizeof chunk, NULL, &error);

  if (n < 0)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_byte_array_append (self->input, (const guint8 *) chunk, n);
  deliver (self, report, user_data);

  return n > 0;
}

/* Ending */

/* It is our child, and what it had is closed when this returns. If the program has a way of its own
 * to wait for children, that has done so already. */
static void
reap (ShmHelper *self)
{
  shm_system_reap_child (self->pid);
  g_spawn_close_pid (self->pid);
}

static void
close_spare (ShmHelper *self)
{
  for (guint i = 0; i < N_SPARE; i++)
    if (self->spare[i] >= 0)
      {
        close (self->spare[i]);
        self->spare[i] = -1;
      }
}

/* With the lock held. */
static void
bury (ShmHelper *self)
{
  ShmFault ignored;

  if (!g_atomic_int_get (&self->is_reaped))
    {
      reap (self);
      close_spare (self);
      self->is_unswept = self->registry >= 0;
      g_atomic_int_set (&self->is_reaped, TRUE);
    }

  /* Again if there was no way. */
  if (self->is_unswept)
    self->is_unswept = !shm_registry_sweep (self->registry_name, self->registry, &ignored);
}

void
shm_helper_bury (ShmHelper *self)
{
  g_mutex_lock (&self->ending);
  bury (self);
  g_mutex_unlock (&self->ending);
}

/* Until the other end is closed: what is still reported is of no interest. */
static gboolean
await_end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error)
{
  const gint64 deadline = g_get_monotonic_time () + (gint64) timeout_msec * 1000;
  char chunk[4096];

  for (;;)
    {
      const gint64 left = deadline - g_get_monotonic_time ();
      gssize n;

      if (!g_socket_condition_timed_wait (self->control, G_IO_IN, MAX (left, 0), cancellable,
                                          error))
        return FALSE;

      n = g_socket_receive (self->control, chunk, sizeof chunk, NULL, NULL);
      if (n == 0)
        return TRUE;
    }
}

/* As long as the registry is claimed, the process is there, and its number is its own, also where the
 * program waits for all children in its own way. */
static gboolean
kill_it (ShmHelper *self)
{
  return (self->registry >= 0 && !shm_registry_is_live (self->registry))
         || kill (self->pid, SIGKILL) == 0 || errno == ESRCH;
}

/* With the lock held. */
static gboolean
end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;

  g_socket_shutdown (self->control, FALSE, TRUE, NULL);
  if (!await_end (self, timeout_msec, cancellable, &cause))
    {
      if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      if (!kill_it (self))
        {
          g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
                       "The helper process %d of a manager does not end, and can't be killed: %s",
                       (int) self->pid, g_strerror (errno));
          return FALSE;
        }
    }

  return TRUE;
}

gboolean
shm_helper_end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error)
{
  gboolean is_done;

  g_mutex_lock (&self->ending);
  is_done = self->is_reaped || end (self, timeout_msec, cancellable, error);
  if (is_done)
    bury (self);
  g_mutex_unlock (&self->ending);

  return is_done;
}

void
shm_helper_free (ShmHelper *self)
{
  if (shm_helper_is_ours (self))
    shm_helper_end (self, END_MSEC, NULL, NULL);
  else if (self->control != NULL)
    g_socket_close (self->control, NULL); /* a source may still hold it */
  close_spare (self);

  g_clear_object (&self->control);
  g_clear_object (&self->address);
  if (self->registry >= 0)
    close (self->registry);
  if (shm_helper_is_ours (self))
    g_mutex_clear (&self->ending); /* a child may have a copy that is locked */
  g_byte_array_unref (self->input);
  g_free (self->registry_name);
  g_free (self);
}
