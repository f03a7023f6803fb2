/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Failures of the core, from which the classes create a GError.
 *
 * The core creates no GError, because a good message needs facts that only the caller knows. A
 * fault says which step failed and with which errno value. shm-error-messages.c translates faults.
 *
 * A step is also a label in the code: shm_at() marks the points of the step at which a test can
 * kill the process or change a block.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A step. Numbers below SHM_N_BLOCK_STEPS are the steps of a block, which this header lists. Each
 * higher layer declares a range of numbers for its own steps, as core/shm-list-steps.h does, and
 * has a function that returns their labels. */
typedef guint ShmStep;

#define SHM_LIST_STEPS_START     0x100
#define SHM_REGISTRY_STEPS_START 0x200
#define SHM_MANAGER_STEPS_START  0x300
#define SHM_PROGRAM_STEPS_START  0x400
#define SHM_FRAME_STEPS_START    0x500

#define SHM_BLOCK_STEPS(STEP)                                                                      \
  STEP (CHECK_NAME, "check-name")   /* EINVAL, ENAMETOOLONG; detail 1: invalid for a new block */  \
  STEP (CHECK_SIZE, "check-size")   /* EINVAL, EOVERFLOW: no block can have this size */           \
  STEP (CHECK_LIMIT, "check-limit") /* EFBIG: more than RLIMIT_FSIZE; detail: the limit */         \
  STEP (CREATE, "create")           /* create a draft */                                           \
  STEP (IDENTIFY, "identify")       /* read inode, owner, mode and size */                         \
  STEP (SET_MODE, "set-mode")                                                                      \
  STEP (RESERVE, "reserve") /* set the size, reserve the pages; ECANCELED: cancelled */            \
  STEP (MAP, "map")         /* ENOMEM; detail: the size of the free address space, or 0 */         \
  STEP (BEFORE_PUBLISH, "before-publish") /* ECONNABORTED: before_publish returned FALSE */        \
  STEP (PUBLISH, "publish")               /* EEXIST, EAGAIN */                                     \
  STEP (OPEN, "open") /* ENOENT: no such block; ENOTDIR: no folder for blocks; EAGAIN: a lease */  \
  STEP (CHECK_FD, "check-fd")       /* EBADF, EACCES, EINVAL, ENODEV; detail: the descriptor */    \
  STEP (CHECK_TYPE, "check-type")   /* ENODEV: not shared memory */                                \
  STEP (CHECK_OWNER, "check-owner") /* EPERM; detail: the owner */                                 \
  STEP (AWAIT_SIZE, "await-size")   /* ENODATA: still empty after the timeout; EAGAIN: empty */    \
  STEP (DUPLICATE, "duplicate")                                                                    \
  STEP (REOPEN, "reopen")                                                                          \
  STEP (LOCK, "lock")           /* EAGAIN: locked through another open file description */         \
  STEP (UNLOCK, "unlock")       /* EBADF: other code has closed the descriptor */                  \
  STEP (LOCK_WAIT, "lock-wait") /* ESHUTDOWN: closed; EBADF: forked; or no thread */               \
  STEP (READ, "read")           /* ENODATA: truncated; detail: the size of the file */             \
  STEP (WRITE, "write")         /* ENODATA: truncated; detail: the size of the file */             \
  STEP (SEAL, "seal")                                                                              \
  STEP (WATCH, "watch")                                                                            \
  STEP (EVENT_ARM, "event-arm")                                                                    \
  STEP (EVENT_ADVANCE, "event-advance")                                                            \
  STEP (EVENT_WAKE, "event-wake")                                                                  \
  STEP (REMOVE, "remove") /* ENOENT; ENOTDIR; ESTALE: the name stands for another block */         \
  STEP (LIST, "list")     /* list all blocks */

#define SHM_STEP_MEMBER(id, label) SHM_STEP_##id,
enum
{
  SHM_BLOCK_STEPS (SHM_STEP_MEMBER) SHM_N_BLOCK_STEPS
};

/* Defines a function that returns the label of a step. STEPS lists the steps of a layer, the first
 * of which has the number START. The function returns NULL for any other step. */
#define SHM_STEP_LABEL(id, label) label,
#define SHM_DEFINE_STEP_LABELS(function, STEPS, START)                                             \
  const char *function (ShmStep step)                                                              \
  {                                                                                                \
    static const char *const labels[] = { STEPS (SHM_STEP_LABEL) };                                \
                                                                                                   \
    return step - (START) < G_N_ELEMENTS (labels) ? labels[step - (START)] : NULL;                 \
  }

/* A failure. */
typedef struct
{
  ShmStep step;   /* the operation that failed */
  int errnum;     /* an errno value, never 0 */
  guint64 detail; /* depends on the step, see the list of steps above; or 0 */
} ShmFault;

/* Returns the label of a step of a block, or NULL for a step of a higher layer. */
const char *shm_block_step_get_label (ShmStep step);

/* These two functions set @fault and return FALSE, for use in a return statement:
 * `return shm_fault_set (fault, SHM_STEP_MAP, errno);` */
gboolean shm_fault_set (ShmFault *fault, ShmStep step, int errnum);
gboolean shm_fault_set_detail (ShmFault *fault, ShmStep step, int errnum, guint64 detail);

/* Marks a point of a step. The macro does nothing in the library. In the copy of the library for
 * tests, which is compiled with SHM_TEST_HOOKS, it calls a function of the test. */
#ifdef SHM_TEST_HOOKS
extern void (*shm_test_hook) (ShmStep step);
#define shm_at(id) (shm_test_hook != NULL ? shm_test_hook (SHM_STEP_##id) : (void) 0)
#else
#define shm_at(id) ((void) 0)
#endif

G_END_DECLS
