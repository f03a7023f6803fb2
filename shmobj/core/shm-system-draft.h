/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Creates and publishes drafts. A draft is a file under construction that has no name yet. */

#pragma once

#include "core/shm-system.h"

G_BEGIN_DECLS

typedef struct
{
  int fd;       /* -1 if there is none; the caller owns it after publishing */
  char *hidden; /* (owned) (nullable): the hidden name, if the draft needs one */
} ShmDraft;

#define SHM_DRAFT_INIT                                                                             \
  {                                                                                                \
    -1, NULL                                                                                       \
  }

/* Creates a draft with the permissions @mode, without those in the umask. Fails at
 * SHM_STEP_CREATE. */
gboolean shm_system_draft_create (ShmDraft *draft, guint32 mode, ShmFault *fault);

/* Gives the draft its name, atomically. Fails at SHM_STEP_PUBLISH: EEXIST if the name is taken,
 * EAGAIN if this system cannot publish this kind of draft, or if another process has removed the
 * draft. After EAGAIN the caller discards the draft and tries again with a new draft, which is of
 * another kind if necessary. */
gboolean shm_system_draft_publish (ShmDraft *draft, const char *name, ShmFault *fault);

/* Closes a draft that was not published, and removes its hidden name. */
void shm_system_draft_discard (ShmDraft *draft);

/* Creates a file that never gets a name and that can be sealed. The caller owns the descriptor.
 * Fails at SHM_STEP_CREATE. */
int shm_system_create_anonymous (ShmFault *fault);

/* The methods to publish a draft, from the best to the worst. The build sets SHM_PUBLISH to one of
 * them. */
typedef enum
{
  SHM_PUBLISH_AUTO,       /* the first method below that works in this process */
  SHM_PUBLISH_DESCRIPTOR, /* link the descriptor: Linux 6.10, or CAP_DAC_READ_SEARCH */
  SHM_PUBLISH_PROC,       /* link /proc/self/fd/N: where /proc is mounted */
  SHM_PUBLISH_HIDDEN,     /* rename a file that has a hidden name: works everywhere */
} ShmPublishMethod;

/* With SHM_TEST_HOOKS, the tests set the method before they create the first block. */
#ifdef SHM_TEST_HOOKS
extern ShmPublishMethod shm_test_publish_method;
#endif

G_END_DECLS
