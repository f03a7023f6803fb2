/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/client/shm-helper-private.h"

#include "core/shm-fork.h"
#include "core/shm-system-process.h"
#include "core/shm-system.h"
#include "manager/client/shm-helper-launch.h"
#include "manager/protocol/shm-control.h"
#include "manager/shm-cancel.h"
#include "manager/shm-socket-wait.h"
#include "registry/shm-registry-reader.h"
#include "registry/shm-registry-sweep.h"
#include "shm-error.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* How long shm_helper_free() blocks its caller, and how long the process may then take to end
 * before it is killed. */
#define FREE_MSEC 100
#define END_MSEC  2000

/* How long a process whose start was cancelled may take to end before it is killed. */
#define CANCELLED_START_MSEC 100

/* How often to try again while another thread ends the helper. */
#define LOCK_POLL_USEC 2000

/* How long a process that has closed its end of the control socket may take to exit. */
#define EXIT_MSEC 500

/* Starting */

static void
end_failed_start (ShmHelper *self, gboolean is_cancelled)
{
  ShmFault ignored;
  guint n_removed;

  shm_helper_end (self, is_cancelled ? CANCELLED_START_MSEC : END_MSEC, NULL, NULL);
  shm_helper_free (self);

  /* The helper may have died after it created its registry and before it reported the name. */
  shm_registry_sweep_all (TRUE, &n_removed, &ignored);
}

ShmHelper *
shm_helper_start (const ShmHelperPlan *plan, GCancellable *cancellable, GError **error)
{
  ShmHelper *self;

  if (shm_cancel_set_error (cancellable, error))
    return NULL;

  self = g_new0 (ShmHelper, 1);
  self->registry = -1;
  for (guint i = 0; i < SHM_HELPER_N_SPARE; i++)
    self->spare[i] = -1;
  g_rec_mutex_init (&self->ending);
  self->input = g_byte_array_new ();
  self->generation = shm_fork_get_generation ();
  self->is_reaped = !shm_helper_launch (&self->control, &self->pid, error);

  if (!self->is_reaped && shm_helper_set_up (self, plan, cancellable, error))
    return self;

  end_failed_start (self, g_cancellable_is_cancelled (cancellable));

  return NULL;
}

gboolean
shm_helper_belongs_to_process (ShmHelper *self)
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
deliver_reports (ShmHelper *self, ShmHelperReport report, gpointer user_data)
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
  deliver_reports (self, report, user_data);

  return n > 0;
}

/* Ending */

static gint64
get_deadline (guint timeout_msec)
{
  return g_get_monotonic_time () + (gint64) timeout_msec * 1000;
}

/* Waits until the helper closes its end of the control socket. Discards the reports that still
 * arrive. Returns FALSE with a GIO error. */
static gboolean
await_hangup (ShmHelper *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  char chunk[4096];

  do
    {
      if (!shm_socket_wait (self->control, G_IO_IN, deadline, cancellable, error))
        return FALSE;
    }
  while (g_socket_receive (self->control, chunk, sizeof chunk, NULL, NULL) != 0);

  return TRUE;
}

/* Waits for the end of the process until @deadline, or until the operation is cancelled, and reaps
 * the process. Returns FALSE if this function has not reaped it. Sets *@has_cleaned_up to whether
 * the process has removed its blocks. Some programs reap all their children, so that the exit
 * status is unknown. In that case a missing registry shows it: the process removes its registry
 * after its blocks. */
static gboolean
reap (ShmHelper *self, gint64 deadline, GCancellable *cancellable, gboolean *has_cleaned_up)
{
  gulong pause_usec = 50;
  ShmChildState state;

  while ((state = shm_system_try_reap_child (self->pid)) == SHM_CHILD_RUNS)
    {
      if (g_get_monotonic_time () > deadline || shm_cancel_check (cancellable) || self->is_reaped)
        return FALSE;
      g_usleep (pause_usec);
      pause_usec = MIN (pause_usec * 2, 5000);
    }

  g_spawn_close_pid (self->pid);
  *has_cleaned_up = state == SHM_CHILD_SUCCEEDED
                    || (state == SHM_CHILD_UNKNOWN && shm_registry_is_removed (self->registry));

  return TRUE;
}

/* Returns FALSE only if the helper process is dead. As long as the registry is locked, or the other
 * end of the control socket is open, the process exists, and no other process has its ID. (After
 * its death, code of the program can reap it, and another process can get its ID.) A server that
 * ends releases the lock first, then removes its blocks, and closes the socket last. */
static gboolean
may_exist (ShmHelper *self)
{
  return self->registry < 0 || shm_registry_is_live (self->registry)
         || g_socket_condition_check (self->control, G_IO_HUP) == 0;
}

static gboolean
kill_process (ShmHelper *self)
{
  return !may_exist (self) || kill (self->pid, SIGKILL) == 0 || errno == ESRCH;
}

static void
close_spare (ShmHelper *self)
{
  for (guint i = 0; i < SHM_HELPER_N_SPARE; i++)
    if (self->spare[i] >= 0)
      {
        close (self->spare[i]);
        self->spare[i] = -1;
      }
}

/* The following functions, up to end(), require that the caller holds the mutex @ending. */

static void
set_reaped (ShmHelper *self, gboolean has_cleaned_up)
{
  close_spare (self);
  self->is_unswept = !has_cleaned_up && self->registry >= 0;
  g_atomic_int_set (&self->is_reaped, TRUE);
}

/* Removes the blocks if the process has not removed them. If an earlier attempt has failed, tries
 * again. */
static void
sweep (ShmHelper *self)
{
  ShmFault ignored;

  if (self->is_unswept)
    self->is_unswept = !shm_registry_sweep (self->registry_name, self->registry, &ignored);
}

/* Shuts the control socket down, so that the process ends by itself, and waits for its end. Returns
 * FALSE with a GIO error.
 *
 * The check function of the cancellable may run a signal handler of the program, and the handler
 * may end the same helper. Therefore the mutex is recursive, and this function checks @is_reaped
 * after each wait. */
static gboolean
end_gently (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error)
{
  const gint64 deadline = get_deadline (timeout_msec);
  gboolean has_cleaned_up;

  g_socket_shutdown (self->control, FALSE, TRUE, NULL);
  if (!await_hangup (self, deadline, cancellable, error))
    return FALSE;

  if (!self->is_reaped && !reap (self, deadline, cancellable, &has_cleaned_up))
    {
      if (self->is_reaped)
        return TRUE;
      if (shm_cancel_set_error (cancellable, error))
        return FALSE;
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The process did not exit");
      return FALSE;
    }
  if (!self->is_reaped)
    set_reaped (self, has_cleaned_up);

  return TRUE;
}

static gboolean
end_by_force (ShmHelper *self, GError **error)
{
  gboolean has_cleaned_up = FALSE;

  if (!kill_process (self))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
                   "The manager's helper process %d does not end and cannot be killed: %s",
                   (int) self->pid, g_strerror (errno));
      return FALSE;
    }

  reap (self, G_MAXINT64, NULL, &has_cleaned_up);
  set_reaped (self, has_cleaned_up);

  return TRUE;
}

static gboolean
end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (self->is_reaped || end_gently (self, timeout_msec, cancellable, &cause))
    return TRUE;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }

  return end_by_force (self, error);
}

/* Waits for other threads that end the helper. Returns FALSE with G_IO_ERROR_CANCELLED. */
static gboolean
lock_ending (ShmHelper *self, GCancellable *cancellable, GError **error)
{
  if (cancellable == NULL)
    g_rec_mutex_lock (&self->ending);
  else
    while (!g_rec_mutex_trylock (&self->ending))
      {
        if (shm_cancel_set_error (cancellable, error))
          return FALSE;
        g_usleep (LOCK_POLL_USEC);
      }

  return TRUE;
}

gboolean
shm_helper_end (ShmHelper *self, guint timeout_msec, GCancellable *cancellable, GError **error)
{
  gboolean is_ended;

  if (!lock_ending (self, cancellable, error))
    return FALSE;
  is_ended = end (self, timeout_msec, cancellable, error);
  if (is_ended)
    sweep (self);
  g_rec_mutex_unlock (&self->ending);

  return is_ended;
}

void
shm_helper_clean_up (ShmHelper *self)
{
  gboolean has_cleaned_up;

  g_rec_mutex_lock (&self->ending);
  if (!self->is_reaped)
    {
      if (reap (self, get_deadline (EXIT_MSEC), NULL, &has_cleaned_up))
        set_reaped (self, has_cleaned_up);
      else
        end_by_force (self, NULL);
    }
  sweep (self);
  g_rec_mutex_unlock (&self->ending);
}

/* Freeing */

static void
destroy (ShmHelper *self)
{
  close_spare (self);
  g_clear_object (&self->control);
  g_clear_object (&self->address);
  if (self->registry >= 0)
    close (self->registry);
  /* In a forked child, the copy of the mutex may be locked for ever, so do not clear it. */
  if (shm_helper_belongs_to_process (self))
    g_rec_mutex_clear (&self->ending);
  g_byte_array_unref (self->input);
  g_free (self->registry_name);
  g_free (self);
}

/* A thread that ends a helper, and the caller that waits for it for a limited time. */
typedef struct
{
  ShmHelper *helper; /* owned by the thread */
  GMutex mutex;
  GCond done;
  int is_done; /* (atomic): set with @mutex locked, so that no signal is lost */
} Ending;

static void
ending_free (gpointer data)
{
  Ending *ending = data;

  g_mutex_clear (&ending->mutex);
  g_cond_clear (&ending->done);
}

static gpointer
run_ending (gpointer data)
{
  Ending *ending = data;

  shm_helper_end (ending->helper, END_MSEC, NULL, NULL);
  destroy (ending->helper);

  g_mutex_lock (&ending->mutex);
  g_atomic_int_set (&ending->is_done, TRUE);
  g_cond_signal (&ending->done);
  g_mutex_unlock (&ending->mutex);
  g_atomic_rc_box_release_full (ending, ending_free);

  return NULL;
}

/* Kills the process, which had FREE_MSEC to end by itself, because the caller must not wait any
 * longer. If the kernel takes long to end the killed process, its blocks stay for a later sweep,
 * and the process stays a zombie until the program ends. */
static void
end_without_thread (ShmHelper *self)
{
  gboolean has_cleaned_up = FALSE;

  g_rec_mutex_lock (&self->ending);
  if (!self->is_reaped && kill_process (self)
      && reap (self, get_deadline (EXIT_MSEC), NULL, &has_cleaned_up))
    set_reaped (self, has_cleaned_up);
  sweep (self);
  g_rec_mutex_unlock (&self->ending);
}

/* Ends and destroys the helper in a thread. Returns at @deadline at the latest. */
static void
end_in_thread (ShmHelper *self, gint64 deadline)
{
  Ending *ending = g_atomic_rc_box_new0 (Ending);
  GThread *thread;

  ending->helper = self;
  g_mutex_init (&ending->mutex);
  g_cond_init (&ending->done);

  thread = g_thread_try_new ("shmobj-end", run_ending, g_atomic_rc_box_acquire (ending), NULL);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      g_mutex_lock (&ending->mutex);
      while (!g_atomic_int_get (&ending->is_done)
             && g_cond_wait_until (&ending->done, &ending->mutex, deadline))
        ;
      g_mutex_unlock (&ending->mutex);
    }
  else
    {
      g_atomic_rc_box_release_full (ending, ending_free);
      end_without_thread (self);
      destroy (self);
    }

  g_atomic_rc_box_release_full (ending, ending_free);
}

/* Ends the process within FREE_MSEC. Returns whether the process has ended and its blocks are
 * removed. */
static gboolean
end_briefly (ShmHelper *self)
{
  gboolean is_ended;

  g_rec_mutex_lock (&self->ending);
  is_ended = self->is_reaped || end_gently (self, FREE_MSEC, NULL, NULL);
  is_ended = is_ended && !self->is_unswept;
  g_rec_mutex_unlock (&self->ending);

  return is_ended;
}

void
shm_helper_free (ShmHelper *self)
{
  const gint64 deadline = get_deadline (FREE_MSEC);

  if (!shm_helper_belongs_to_process (self))
    {
      /* Close the socket explicitly: a source that the parent created may hold another reference to
       * it. */
      g_socket_close (self->control, NULL);
      destroy (self);
    }
  else if (end_briefly (self))
    destroy (self);
  else
    end_in_thread (self, deadline);
}
