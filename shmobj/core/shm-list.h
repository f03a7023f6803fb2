/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list in an open block. shm-list-item.h accesses its values one at a time, shm-list-copy.h many
 * of them at once.
 *
 * All functions can be called from any thread at any time, except shm_list_open() and
 * shm_list_clear(), during which no other thread may use the list. The list holds a reference to
 * its mapping. Reading a value therefore does not enter the block, and still works after the block
 * is closed.
 */

#pragma once

#include "core/shm-block.h"
#include "core/shm-list-layout.h"
#include "core/shm-lock-owner.h"

G_BEGIN_DECLS

/* How long shm_list_open() waits for a list to become complete. Stock CPython publishes a block
 * first and writes the list afterwards. */
#ifndef SHM_LIST_CREATION_TIMEOUT_MSEC
#define SHM_LIST_CREATION_TIMEOUT_MSEC 500
#endif

typedef struct
{
  ShmListLayout layout;
  ShmListParts parts;
  ShmListTrailer *trailer; /* (nullable): only a list that this library created has a trailer */
  guint8 *redo_buffer;     /* (nullable): NULL if @trailer is NULL */

  ShmBlock *block;          /* (unowned): must outlive the list */
  const char *name;         /* (unowned) (nullable): the name of the block */
  ShmMapping *mapping;      /* (owned) (nullable) */
  ShmLockOwner *lock_owner; /* (atomic) (owned) (nullable): NULL until the first write */
} ShmList;

/* Opens the list in @block. Waits while CPython is still creating the list, for at most
 * SHM_LIST_CREATION_TIMEOUT_MSEC or until @proceed returns FALSE. The caller has entered the block;
 * @block and @name must outlive the list. @name and @proceed may be NULL.
 *
 * Returns FALSE and sets @fault if the block cannot be mapped, or with SHM_STEP_LIST_INSPECT:
 * ENODATA if the block holds no complete list, EBADMSG if the list is corrupt, ENOTSUP if another
 * version of this library created it, ECANCELED if @proceed returned FALSE. The caller must call
 * shm_list_clear(), also after a failure. */
gboolean shm_list_open (ShmList *self,
                        ShmBlock *block,
                        const char *name,
                        ShmProceedFunc proceed,
                        gpointer proceed_data,
                        ShmFault *fault);
void shm_list_clear (ShmList *self);

G_END_DECLS
