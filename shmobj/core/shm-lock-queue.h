/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waits for a lock with a time limit, or in a main loop.
 *
 * The kernel can wait for a lock only without a time limit, and other threads cannot end such a
 * wait. Therefore a thread of the library waits in the kernel: it is *parked*. The threads that
 * want the lock submit requests, and the parked thread gives each request a lock.
 *
 * There is one parked thread for each pool, range and mode. If all requests are withdrawn, the
 * thread stays parked, because nothing can wake it. A later request adopts it. If the kernel gives
 * it the lock before that, it releases the lock at once. A parked thread ends when there is no
 * request left.
 *
 * The threads do not exist in a forked child. A request of the parent has no effect there.
 */

#pragma once

#include "core/shm-lock-pool.h"

G_BEGIN_DECLS

/* The bits of ShmLockRequest.state. */
#define SHM_LOCK_REQUEST_DONE  1u /* the request has a lock, or has failed */
#define SHM_LOCK_REQUEST_POKED 2u /* shm_lock_request_poke() was called */

typedef struct _ShmLockRequest ShmLockRequest;
typedef struct _ShmLockQueue ShmLockQueue;

struct _ShmLockRequest
{
  guint32 state;         /* (atomic): the submitter can sleep in a futex until it is not 0 */
  ShmLockHandle *handle; /* (owned) (nullable): holds the lock after success */
  ShmFault fault;        /* the reason for a failure; otherwise errnum is 0 */
  guint generation;      /* shm_fork_get_generation() of the process that submitted it */

  /* (nullable): called when the request is done, in another thread. The function must not wait, and
   * must not call a function of this file. */
  void (*done) (gpointer user_data);
  gpointer user_data;

  ShmLockQueue *queue;
  ShmLockRequest *next; /* in the queue */
};

/* Submits @self, a request that contains only a handle without a lock, and optionally a function.
 * The request must stay where it is until shm_lock_request_finish(). Fails with SHM_STEP_LOCK_WAIT
 * if there is no thread for it, or ESHUTDOWN if the pool is closed; the request still has its
 * handle. */
gboolean shm_lock_request_submit (ShmLockRequest *self, const ShmLockRange *range, ShmFault *fault);

/* Ends the request. Returns TRUE if it has a lock. Otherwise it is withdrawn: its handle, which may
 * be NULL then, holds no lock. If @fault->errnum is not 0, the request has failed: with ESHUTDOWN
 * if the pool was closed, or with EBADF in a forked child. */
gboolean shm_lock_request_finish (ShmLockRequest *self, ShmFault *fault);

/* Wakes the thread that sleeps until the state of the request changes. */
void shm_lock_request_poke (ShmLockRequest *self);

/* Lets all requests for locks of @pool fail, after the pool was closed. */
void shm_lock_queue_fail_all (ShmLockPool *pool);

G_END_DECLS
