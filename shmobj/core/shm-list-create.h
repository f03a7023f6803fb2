/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Creates a block that holds a list. All values are written before the block is published, so that
 * another process never sees an incomplete list. */

#pragma once

#include "core/shm-block.h"
#include "core/shm-list-build.h"

G_BEGIN_DECLS

/* Creates a block according to @plan, with a list of the values of @values in it. The function sets
 * the size and the fill function in @plan. It clears the flag SHM_CREATE_SPARSE, because every page
 * of a list is written anyway. If @plan has no name, the function stores the generated name in
 * @generated.
 *
 * Returns FALSE and sets @fault to a fault of shm_block_create(), or to a fault at the step
 * LIST_VALUE: no list can hold the value (EFBIG, EILSEQ), @values failed (ECANCELED), or it
 * returned other values on the second pass (ESTALE). After a failure no block is left. */
gboolean shm_list_create (ShmBlock *block,
                          ShmBlockPlan *plan,
                          ShmListSource *values,
                          char generated[],
                          ShmFault *fault);

/* Does the same with an anonymous block. */
gboolean shm_list_create_anonymous (ShmBlock *block,
                                    ShmBlockPlan *plan,
                                    ShmListSource *values,
                                    ShmFault *fault);

G_END_DECLS
