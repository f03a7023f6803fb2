/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-list-create.h"

typedef struct
{
  ShmListSource *values;
  ShmListLayout layout;
} NewList;

static gboolean
write_piece (guint64 offset, gconstpointer bytes, gsize length, gpointer user_data, ShmFault *fault)
{
  return shm_block_put (GPOINTER_TO_INT (user_data), offset, bytes, length, fault);
}

static gboolean
write_list (int fd, gpointer user_data, ShmFault *fault)
{
  const NewList *list = user_data;

  return shm_list_fill (list->values, &list->layout, write_piece, GINT_TO_POINTER (fd), fault);
}

static gboolean
plan_list (NewList *list, ShmBlockPlan *plan, ShmFault *fault)
{
  list->values->proceed = plan->proceed;
  list->values->proceed_data = plan->proceed_data;
  if (!shm_list_measure (list->values, &list->layout, fault))
    return FALSE;

  plan->size = shm_list_size (&list->layout);
  plan->fill = write_list;
  plan->fill_data = list;
  plan->flags &= ~SHM_CREATE_SPARSE;

  return TRUE;
}

gboolean
shm_list_create (ShmBlock *block,
                 ShmBlockPlan *plan,
                 ShmListSource *values,
                 char generated[],
                 ShmFault *fault)
{
  NewList list = { .values = values };

  return plan_list (&list, plan, fault) && shm_block_create (block, plan, generated, fault);
}

gboolean
shm_list_create_anonymous (ShmBlock *block,
                           ShmBlockPlan *plan,
                           ShmListSource *values,
                           ShmFault *fault)
{
  NewList list = { .values = values };

  return plan_list (&list, plan, fault) && shm_block_create_anonymous (block, plan, fault);
}
