/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "manager/client/shm-helper.h"

G_BEGIN_DECLS

/* The number of descriptors that a sweep needs. */
#define SHM_HELPER_N_SPARE 2

struct _ShmHelper
{
  GPid pid;
  GSocket *control;        /* (owned): the helper ends when the starter shuts down its output */
  GSocketAddress *address; /* (owned) */
  char *registry_name;     /* (owned) (nullable) */
  int registry;            /* descriptor, or -1 if the registry is not open */
  int spare[SHM_HELPER_N_SPARE]; /* reserved descriptors, which a sweep needs */
  GByteArray *input;             /* (owned): bytes that are not a complete report yet */
  guint generation;              /* fork generation of the process that started the helper */
  GRecMutex ending;              /* protects reaping and sweeping; never locked in a forked child */
  int is_reaped;                 /* (atomic): also TRUE if no process was started */
  gboolean is_unswept;           /* whether the blocks must still be removed */
};

/* Sends the plan to a process that has just been launched, and receives the result of its start.
 * Stores the address and the registry of the server. Fails as shm_helper_start() does. */
gboolean shm_helper_set_up (ShmHelper *self,
                            const ShmHelperPlan *plan,
                            GCancellable *cancellable,
                            GError **error);

G_END_DECLS
