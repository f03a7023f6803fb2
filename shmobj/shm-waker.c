/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-waker-private.h"

#include "core/shm-fork.h"
#include "core/shm-system-poll.h"
#include "core/shm-system-process.h"
#include "shm-error.h"

#include <errno.h>
#include <string.h>

/* An eventfd, or a pipe if the system has no eventfd. */
#define CONTEXT_DESCRIPTORS 2

/**
 * ShmWaker:
 *
 * Connects the asynchronous functions of this library with a main loop that is not GLib's.
 *
 * The functions report in a [struct@GLib.MainContext]. A waker has a main context of its own, and a
 * descriptor that is readable when a source of this context is ready. Let your loop wait until
 * the descriptor is readable, as with `epoll`, libuv or the `add_reader()` of Python's asyncio, and
 * then call [method@Shm.Waker.dispatch]:
 *
 * 1. Make the context of the waker the thread-default one with
 *    `g_main_context_push_thread_default()`, call functions such as
 *    [method@Shm.SharedMemory.event_wait_async], and then `g_main_context_pop_thread_default()`.
 * 2. When the descriptor is readable, call [method@Shm.Waker.dispatch]. It calls the callbacks.
 *
 * The override for Python does all this: there, simply use `await`. A program with a main loop of
 * GLib needs no waker.
 *
 * Use a waker in one thread only. A child of `fork()` cannot use the waker of its parent: it
 * creates its own one. Operations in progress keep the main context until they have ended, so
 * cancel them before you drop the waker.
 *
 * Since: 1.0
 */

struct _ShmWaker
{
  GObject parent_instance;

  ShmPoller poller;
  GMainContext *context; /* (owned) (nullable) */
  guint fork_generation; /* of the process that created the waker */
  gint64 time;           /* at which the poller becomes readable, or G_MAXINT64 */

  GPollFD
      *fds; /* (owned): the descriptors of the context, as of the last call of query_context() */
  int n_fds, n_allocated;
  GPollFD *added; /* (owned): the descriptors in the poller */
  int n_added;
};

G_DEFINE_FINAL_TYPE (ShmWaker, shm_waker, G_TYPE_OBJECT)

static void
shm_waker_finalize (GObject *object)
{
  ShmWaker *self = SHM_WAKER (object);

  g_clear_pointer (&self->context, g_main_context_unref);
  shm_system_poller_close (&self->poller);
  g_free (self->fds);
  g_free (self->added);

  G_OBJECT_CLASS (shm_waker_parent_class)->finalize (object);
}

static void
shm_waker_class_init (ShmWakerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = shm_waker_finalize;
}

static void
shm_waker_init (ShmWaker *self)
{
  self->poller = (ShmPoller){ -1, -1 };
  self->time = G_MAXINT64;
}

/* Asks the sources what they wait for. Returns the priority of the sources that are ready. Sets
 * @timeout to the time in milliseconds until another source is ready, 0 if one is ready, or -1. */
static int
query_context (ShmWaker *self, int *timeout)
{
  int priority;
  const gboolean is_ready = g_main_context_prepare (self->context, &priority);

  while ((self->n_fds = g_main_context_query (self->context, is_ready ? priority : G_MAXINT,
                                              timeout, self->fds, self->n_allocated))
         > self->n_allocated)
    {
      self->n_allocated = self->n_fds;
      self->fds = g_renew (GPollFD, self->fds, self->n_allocated);
    }
  if (is_ready)
    *timeout = 0;

  return is_ready ? priority : G_MAXINT;
}

static gboolean
is_added (ShmWaker *self)
{
  if (self->n_added != self->n_fds)
    return FALSE;

  for (int i = 0; i < self->n_fds; i++)
    if (self->added[i].fd != self->fds[i].fd || self->added[i].events != self->fds[i].events)
      return FALSE;

  return TRUE;
}

/* The descriptors seldom change. */
static void
update_descriptors (ShmWaker *self)
{
  if (is_added (self))
    return;

  for (int i = 0; i < self->n_added; i++)
    shm_system_poller_remove (&self->poller, self->added[i].fd);
  for (int i = 0; i < self->n_fds; i++)
    shm_system_poller_add (&self->poller, self->fds[i].fd, self->fds[i].events);

  g_free (self->added);
  self->added = g_memdup2 (self->fds, self->n_fds * sizeof *self->fds);
  self->n_added = self->n_fds;
}

/* A timer that expires too early costs little. So do not set the timer each time. */
static void
set_time (ShmWaker *self, gint64 time, gint64 now)
{
  if (time >= self->time && self->time > now)
    return;
  if (time == self->time)
    return;

  shm_system_poller_set_time (&self->poller, time);
  self->time = time;
}

void
shm_waker_wake_until (ShmWaker *self, gint64 time)
{
  /* Never set a later time, also if the earlier time is over: its source still waits for the
   * dispatch. A child shares the timer with its parent. */
  if (time >= self->time || self->fork_generation != shm_fork_get_generation ())
    return;

  shm_system_poller_set_time (&self->poller, time);
  self->time = time;
}

static void
update_time (ShmWaker *self, int timeout)
{
  const gint64 now = g_get_monotonic_time ();

  set_time (self, timeout >= 0 ? now + timeout * (gint64) 1000 : G_MAXINT64, now);
}

/* Lets the poller wait for what the sources of the context wait for. */
static void
update (ShmWaker *self)
{
  int timeout;

  query_context (self, &timeout);
  if (timeout == 0)
    g_main_context_wakeup (self->context);
  else
    update_time (self, timeout);
  update_descriptors (self);
}

/**
 * shm_waker_new:
 * @error: return location for an error
 *
 * Creates a waker for a loop that runs in the calling thread.
 *
 * It fails with [error@Shm.Error.TOO_MANY_FILES] if the process or the system has no descriptors
 * left, and with [error@Shm.Error.FAILED] if a sandbox refuses the necessary system calls.
 *
 * Returns: (transfer full): the new waker, or %NULL on error
 *
 * Since: 1.0
 */
ShmWaker *
shm_waker_new (GError **error)
{
  g_autoptr (ShmWaker) self = NULL;
  int errnum;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (SHM_TYPE_WAKER, NULL);
  errnum = shm_system_poller_open (&self->poller);
  /* GLib would end the program if it could not open the descriptors of the context. */
  if (errnum == 0 && !shm_system_has_descriptors (CONTEXT_DESCRIPTORS))
    errnum = EMFILE;
  if (errnum != 0)
    {
      g_set_error (error, SHM_ERROR,
                   errnum == EMFILE || errnum == ENFILE ? SHM_ERROR_TOO_MANY_FILES
                                                        : SHM_ERROR_FAILED,
                   "The descriptors of a waker cannot be opened: %s", g_strerror (errnum));
      return NULL;
    }

  self->context = g_main_context_new_with_flags (G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
  self->fork_generation = shm_fork_get_generation ();
  g_main_context_acquire (self->context);
  update (self);
  g_main_context_release (self->context);

  return g_steal_pointer (&self);
}

/**
 * shm_waker_get_fd:
 * @self: a waker
 *
 * Returns the descriptor that is readable when [method@Shm.Waker.dispatch] has something to do.
 *
 * Only wait for the descriptor: do not read from it, and do not close it. It stays readable until
 * the call of [method@Shm.Waker.dispatch]. The descriptor is close-on-exec.
 *
 * Returns: the descriptor, which belongs to the waker
 *
 * Since: 1.0
 */
int
shm_waker_get_fd (ShmWaker *self)
{
  g_return_val_if_fail (SHM_IS_WAKER (self), -1);

  return self->poller.fd;
}

/**
 * shm_waker_get_context:
 * @self: a waker
 *
 * Returns the main context of the waker.
 *
 * Make it the thread-default context while you call an asynchronous function, or attach sources to
 * it. Do not iterate it: this is what [method@Shm.Waker.dispatch] does. A descriptor of a source
 * must be one for which `epoll` can wait.
 *
 * Returns: (transfer none): the main context, which belongs to the waker
 *
 * Since: 1.0
 */
GMainContext *
shm_waker_get_context (ShmWaker *self)
{
  g_return_val_if_fail (SHM_IS_WAKER (self), NULL);

  return self->context;
}

/**
 * shm_waker_dispatch:
 * @self: a waker
 *
 * Calls the callbacks of the operations that have ended, and those of sources that are ready.
 *
 * The function does not wait, and does nothing if nothing is ready. It dispatches each source at
 * most once. If more is to do, the descriptor stays readable. In a child of the process that
 * created the waker, the function does nothing.
 *
 * Since: 1.0
 */
void
shm_waker_dispatch (ShmWaker *self)
{
  g_autoptr (ShmWaker) keep = NULL;
  int priority, timeout;

  g_return_if_fail (SHM_IS_WAKER (self));

  if (self->fork_generation != shm_fork_get_generation ()
      || !g_main_context_acquire (self->context))
    return;

  /* A callback may drop the waker. */
  keep = g_object_ref (self);
  priority = query_context (self, &timeout);
  g_poll (self->fds, self->n_fds, 0);
  if (g_main_context_check (self->context, priority, self->fds, self->n_fds))
    g_main_context_dispatch (self->context);

  update (self);
  g_main_context_release (self->context);
}
