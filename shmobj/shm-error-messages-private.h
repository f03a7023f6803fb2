/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the files with the messages of errors share:
 *
 *     shm-error-messages.c        blocks, and the choice of the message
 *     shm-error-list-messages.c   lists
 *     shm-error-frame-messages.c  frames
 */

#pragma once

#include "shm-error-private.h"

G_BEGIN_DECLS

typedef struct
{
  GError **error;
  const ShmFault *fault;
  const char *block; /* the description of the block from shm_error_describe_block() */
  guint64 size;
  guint64 n_items;
} ShmReport;

/* Sets the error. */
void shm_report (const ShmReport *self, ShmError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Reports the failure of a system call. */
void shm_report_errno (const ShmReport *self);

/* Reports a fault at a step of a list. Returns FALSE for other steps. */
gboolean shm_report_list_step (const ShmReport *self);

/* The same for a step of frames. */
gboolean shm_report_frame_step (const ShmReport *self);

G_END_DECLS
