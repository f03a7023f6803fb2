/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a list, in addition to those of a block. */

#pragma once

#include "core/shm-fault.h"

G_BEGIN_DECLS

#define SHM_LIST_STEPS(STEP)                                                                       \
  STEP (LIST_INSPECT, "list-inspect") /* EBADMSG; ENODATA: incomplete; ENOTSUP: version */         \
  STEP (LIST_VALUE, "list-value")     /* EFBIG, EILSEQ, ESTALE; detail: the index */               \
  STEP (LIST_COLUMNS, "list-columns") /* EBADMSG; detail: the index */                             \
  STEP (LIST_INDEX, "list-index")     /* ERANGE; detail: the index */                              \
  STEP (LIST_ITEM, "list-item")       /* EBADMSG; detail: the index */                             \
  STEP (LIST_FIT, "list-fit")         /* EFBIG; detail: the size of the slot */                    \
  STEP (LIST_TRAILING_NULS, "list-trailing-nuls") /* EFBIG; detail: the size of the slot */        \
  STEP (LIST_OWNER, "list-owner")                 /* register as a lock owner; EBADF: closed */    \
  STEP (LIST_LOCK, "list-lock")                   /* ETIMEDOUT */                                  \
  STEP (LIST_RECOVER, "list-recover")                                                              \
  STEP (LIST_RING, "list-ring")                                                                    \
  STEP (LIST_REDO, "list-redo")                                                                    \
  STEP (LIST_COMMIT, "list-commit")                                                                \
  STEP (LIST_STORE, "list-store")                                                                  \
  STEP (LIST_FINISH, "list-finish")                                                                \
  STEP (LIST_UNLOCK, "list-unlock")                                                                \
  STEP (LIST_READ, "list-read") /* ETIMEDOUT */                                                    \
  STEP (LIST_CHECK, "list-check")                                                                  \
  STEP (LIST_LOOK, "list-look")                                                                    \
  STEP (LIST_ARM, "list-arm")

enum
{
  SHM_LIST_STEPS_BEFORE_FIRST = SHM_LIST_STEPS_START - 1,
  SHM_LIST_STEPS (SHM_STEP_MEMBER) SHM_LIST_STEPS_END
};

/* Returns the label of a step of a list, or NULL for any other step. */
const char *shm_list_step_get_label (ShmStep step);

G_END_DECLS
