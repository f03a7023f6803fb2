/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-lock-queue.h"

#include "core/shm-fork.h"
#include "core/shm-system-futex.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

/* The requests for one range and mode, and their parked thread. */
struct _ShmLockQueue
{
  ShmLockPool *pool; /* (owned) */
  ShmLockRange range;
  ShmLockHandle *handle; /* (owned): the parked thread waits with it */
  ShmLockRequest *first;
  ShmLockQueue *next; /* in the list of all queues */
};

/* All queues of this process. shm_fork_block() protects the list, the queues, and the requests in
 * them. So no other lock has to be consistent in a forked child. */
static ShmLockQueue *all = NULL;

/* The queues of the parent, in a forked child. They are not freed: that would need locks. */
static ShmLockQueue *inherited = NULL;

static void
in_child (void)
{
  if (all == NULL)
    return;

  inherited = all;
  all = NULL;
}

static ShmForkHandlers fork_handlers = { .in_child = in_child };

static void
remove_from_list (ShmLockQueue *self)
{
  ShmLockQueue **link = &all;

  while (*link != self)
    link = &(*link)->next;
  *link = self->next;
}

static ShmLockQueue *
find (ShmLockPool *pool, const ShmLockRange *range)
{
  ShmLockQueue *self = all;

  while (self != NULL
         && (self->pool != pool || self->range.offset != range->offset
             || self->range.length != range->length || self->range.is_shared != range->is_shared))
    self = self->next;

  return self;
}

/* Frees a queue that is not in the list any more. */
static void
queue_free (ShmLockQueue *self)
{
  shm_lock_pool_put (self->handle);
  shm_lock_pool_unref (self->pool);
  g_free (self);
}

/* Wakes the submitter. The caller has removed the request from its queue. The submitter calls
 * shm_lock_request_finish(), which waits for shm_fork_unblock(), so the request still exists. */
static void
complete (ShmLockRequest *request)
{
  g_atomic_int_or (&request->state, SHM_LOCK_REQUEST_DONE);
  shm_system_futex_wake (&request->state, 1);
  if (request->done != NULL)
    request->done (request->user_data);
}

/* Gives the lock, or the failure, to the first request. */
static void
complete_first (ShmLockQueue *self, gboolean is_locked, const ShmFault *fault)
{
  ShmLockRequest *request = self->first;
  ShmLockHandle *unused = request->handle;

  self->first = request->next;
  if (is_locked)
    {
      request->handle = self->handle;
      self->handle = unused;
    }
  else
    request->fault = *fault;

  complete (request);
}

/* The parked thread. */
static gpointer
run (gpointer data)
{
  ShmLockQueue *self = data;
  gboolean is_locked, is_last = FALSE;
  ShmFault fault;

  while (!is_last)
    {
      shm_at (LOCK_WAIT);
      is_locked = shm_lock_handle_lock (self->handle, &self->range, TRUE, &fault);
      shm_at (LOCK_WAIT);

      shm_fork_block ();
      if (self->first != NULL)
        {
          complete_first (self, is_locked, &fault);
          is_locked = FALSE;
        }
      if (self->first != NULL && self->handle == NULL)
        self->handle = g_steal_pointer (&self->first->handle);
      is_last = self->first == NULL;
      if (is_last)
        remove_from_list (self);
      shm_fork_unblock ();
    }

  /* All requests were withdrawn before the kernel gave this thread the lock. */
  if (is_locked)
    shm_lock_handle_unlock (self->handle, &self->range, &fault);
  queue_free (self);

  return NULL;
}

/* Starts a thread that handles no signals: a signal must interrupt the program's own threads. */
static int
start_thread (ShmLockQueue *queue)
{
  pthread_attr_t attributes;
  sigset_t all_signals, former;
  pthread_t thread;
  int errnum;

  sigfillset (&all_signals);
  pthread_attr_init (&attributes);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask (SIG_SETMASK, &all_signals, &former);
  errnum = pthread_create (&thread, &attributes, run, queue);
  pthread_sigmask (SIG_SETMASK, &former, NULL);
  pthread_attr_destroy (&attributes);

  return errnum;
}

/* Creates a queue with a parked thread. Returns NULL on failure. */
static ShmLockQueue *
queue_new (ShmLockPool *pool, const ShmLockRange *range, ShmLockHandle *handle, ShmFault *fault)
{
  ShmLockQueue *self = g_new0 (ShmLockQueue, 1);
  int errnum;

  self->pool = shm_lock_pool_ref (pool);
  self->range = *range;
  self->handle = handle;

  errnum = start_thread (self);
  if (errnum != 0)
    {
      shm_lock_pool_unref (self->pool);
      g_free (self);
      shm_fault_set (fault, SHM_STEP_LOCK_WAIT, errnum);
      return NULL;
    }

  self->next = all;
  all = self;

  return self;
}

static void
append (ShmLockQueue *queue, ShmLockRequest *request)
{
  ShmLockRequest **link = &queue->first;

  while (*link != NULL)
    link = &(*link)->next;
  *link = request;
  request->queue = queue;
}

/* Returns the queue for a request, or NULL with @fault. */
static ShmLockQueue *
get_queue (ShmLockRequest *request, const ShmLockRange *range, ShmFault *fault)
{
  ShmLockPool *pool = request->handle->pool;
  ShmLockQueue *queue;

  if (shm_lock_pool_is_closed (pool))
    {
      shm_fault_set (fault, SHM_STEP_LOCK_WAIT, ESHUTDOWN);
      return NULL;
    }

  queue = find (pool, range);
  if (queue != NULL)
    return queue;

  queue = queue_new (pool, range, request->handle, fault);
  if (queue != NULL)
    request->handle = NULL;

  return queue;
}

gboolean
shm_lock_request_submit (ShmLockRequest *self, const ShmLockRange *range, ShmFault *fault)
{
  ShmLockQueue *queue;

  shm_fork_add_handlers (&fork_handlers);
  self->generation = shm_fork_get_generation ();

  shm_fork_block ();
  queue = get_queue (self, range, fault);
  if (queue != NULL)
    append (queue, self);
  shm_fork_unblock ();

  return queue != NULL;
}

static void
withdraw (ShmLockRequest *self)
{
  ShmLockRequest **link = &self->queue->first;

  while (*link != self)
    link = &(*link)->next;
  *link = self->next;
}

gboolean
shm_lock_request_finish (ShmLockRequest *self, ShmFault *fault)
{
  gboolean is_done;

  shm_fork_block ();
  is_done = (g_atomic_int_get (&self->state) & SHM_LOCK_REQUEST_DONE) != 0;
  if (self->generation != shm_fork_get_generation ())
    shm_fault_set (&self->fault, SHM_STEP_LOCK_WAIT, EBADF);
  else if (!is_done)
    withdraw (self);
  shm_fork_unblock ();

  *fault = self->fault;

  return is_done && fault->errnum == 0;
}

void
shm_lock_request_poke (ShmLockRequest *self)
{
  g_atomic_int_or (&self->state, SHM_LOCK_REQUEST_POKED);
  shm_system_futex_wake (&self->state, 1);
}

void
shm_lock_queue_fail_all (ShmLockPool *pool)
{
  ShmFault fault;

  shm_fault_set (&fault, SHM_STEP_LOCK_WAIT, ESHUTDOWN);

  shm_fork_block ();
  for (ShmLockQueue *queue = all; queue != NULL; queue = queue->next)
    while (queue->pool == pool && queue->first != NULL)
      complete_first (queue, FALSE, &fault);
  shm_fork_unblock ();
}
