/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What went wrong in the core, in terms that the faces can turn into a GError.
 *
 * The core makes no GError: it does not know how the caller names things. It says which step
 * failed and with which errno, and the one translation into words is in shm-error.c.
 *
 * The steps are also the labels at which the tests kill a process or fail a system call, so
 * each label stands in the code at the place that it names.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SHM_STEPS(STEP)                                                                            \
  STEP (CHECK_NAME, "check-name")   /* EINVAL, ENAMETOOLONG; detail 1: a rule for new names */     \
  STEP (CHECK_SIZE, "check-size")   /* EINVAL, EOVERFLOW: no block can have this size */           \
  STEP (CHECK_LIMIT, "check-limit") /* EFBIG: beyond RLIMIT_FSIZE, which would kill */             \
  STEP (CREATE, "create")           /* a file without a name */                                    \
  STEP (IDENTIFY, "identify")       /* its inode, owner and mode */                                \
  STEP (SET_MODE, "set-mode")                                                                      \
  STEP (RESERVE, "reserve") /* size and pages; ECANCELED when told to stop */                      \
  STEP (MAP, "map")                                                                                \
  STEP (PUBLISH, "publish") /* the name appears */                                                 \
  STEP (OPEN, "open")                                                                              \
  STEP (CHECK_TYPE, "check-type")   /* EMEDIUMTYPE: not shared memory */                           \
  STEP (CHECK_OWNER, "check-owner") /* EPERM: detail is the owner */                               \
  STEP (AWAIT_SIZE, "await-size")   /* ENODATA: still empty when the wait was over */              \
  STEP (DUPLICATE, "duplicate")                                                                    \
  STEP (READ, "read")   /* ENODATA: truncated, detail is what is left */                           \
  STEP (WRITE, "write") /* likewise */                                                             \
  STEP (SEAL, "seal")                                                                              \
  STEP (WATCH, "watch")                                                                            \
  STEP (REMOVE, "remove")             /* ENOENT; ESTALE: the name stands for another block */      \
  STEP (LIST, "list")                 /* of all blocks */                                          \
  STEP (LIST_INSPECT, "list-inspect") /* EBADMSG, ENODATA: unfinished, ENOTSUP: newer */           \
  STEP (LIST_VALUE, "list-value")     /* EFBIG, EILSEQ, ESTALE; detail: its index */               \
  STEP (LIST_UNPACK, "list-unpack")   /* EBADMSG, ERANGE, ENOTSUP; detail: its index */            \
  STEP (LIST_INDEX, "list-index")     /* ERANGE; detail: it */                                     \
  STEP (LIST_ITEM, "list-item")       /* EBADMSG; detail: its index */                             \
  STEP (LIST_FIT, "list-fit")         /* EFBIG; detail: the size of the slot */                    \
  STEP (LIST_PROVE, "list-prove")     /* EFBIG: trailing NULs; detail: the size of the slot */     \
  STEP (LIST_JOIN, "list-join")                                                                    \
  STEP (LIST_LOCK, "list-lock") /* ETIMEDOUT */                                                    \
  STEP (LIST_RECOVER, "list-recover")                                                              \
  STEP (LIST_NOTE, "list-note")                                                                    \
  STEP (LIST_COMMIT, "list-commit")                                                                \
  STEP (LIST_STORE, "list-store")                                                                  \
  STEP (LIST_FINISH, "list-finish")                                                                \
  STEP (LIST_UNLOCK, "list-unlock")                                                                \
  STEP (LIST_READ, "list-read") /* ETIMEDOUT */                                                    \
  STEP (LIST_CHECK, "list-check")                                                                  \
  STEP (ANNOUNCE, "announce") /* to a manager, before the name appears */                          \
  STEP (REGISTRY, "registry") /* of what a manager owns */

typedef enum
{
#define SHM_STEP_MEMBER(id, label) SHM_STEP_##id,
  SHM_STEPS (SHM_STEP_MEMBER)
#undef SHM_STEP_MEMBER
      SHM_N_STEPS
} ShmStep;

typedef struct
{
  ShmStep step;
  int errnum;     /* an errno value, never 0 */
  guint64 detail; /* what the step says above, or 0 */
} ShmFault;

const char *shm_step_get_label (ShmStep step);

/* Fills @fault from @errnum and returns FALSE, so that a failing path reads
 * `return shm_fault_set (fault, SHM_STEP_MAP, errno);` */
gboolean shm_fault_set (ShmFault *fault, ShmStep step, int errnum);
gboolean shm_fault_set_detail (ShmFault *fault, ShmStep step, int errnum, guint64 detail);

/* In the library shm_at() is nothing. The tests compile the core once more with SHM_TEST_HOOKS,
 * and then it calls a function of theirs. */
#ifdef SHM_TEST_HOOKS
extern void (*shm_test_hook) (ShmStep step);
#define shm_at(id) (shm_test_hook != NULL ? shm_test_hook (SHM_STEP_##id) : (void) 0)
#else
#define shm_at(id) ((void) 0)
#endif

G_END_DECLS
