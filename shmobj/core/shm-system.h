/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What differs from one operating system to the next. One file implements this interface for
 * each of them; the rest of the core is POSIX.
 *
 * Functions that can fail return FALSE or -1 and fill @fault. Descriptors are close-on-exec.
 */

#pragma once

#include "core/shm-fault.h"
#include "shm-enums.h"

G_BEGIN_DECLS

/* What tells one block from another that comes to stand under the same name: device and inode,
 * while somebody has the block open, and the owner too after that, when the inode may have been
 * given away. */
typedef struct
{
  guint64 device;
  guint64 inode;
  guint32 uid;
  guint32 mode; /* permission bits */
  guint64 size; /* bytes, when it was looked at */
  gboolean is_regular;
} ShmIdentity;

gboolean shm_identity_equal (const ShmIdentity *a, const ShmIdentity *b);

gboolean shm_system_identify_fd (int fd, ShmIdentity *identity, ShmFault *fault);
gboolean shm_system_identify_name (const char *name, ShmIdentity *identity, ShmFault *fault);

/* A file that is being made and that nobody can find yet. */
typedef struct
{
  int fd;       /* the caller's once the draft is published; -1 when there is none */
  char *hidden; /* (nullable): where drafts need a name after all, that name */
} ShmDraft;

#define SHM_DRAFT_INIT                                                                             \
  {                                                                                                \
    -1, NULL                                                                                       \
  }

gboolean shm_system_draft_create (ShmDraft *draft, guint32 mode, ShmFault *fault);

/* Gives the draft its name in one step that fails with EEXIST if the name is taken. EAGAIN says
 * that the system can't name this kind of draft: it is to be discarded, and the next one that
 * is created will be of another kind. */
gboolean shm_system_draft_publish (ShmDraft *draft, const char *name, ShmFault *fault);

/* Closes an unpublished draft, and leaves nothing of it. */
void shm_system_draft_discard (ShmDraft *draft);

int shm_system_create_anonymous (ShmFault *fault);

/* TRUE to go on, FALSE to give up with ECANCELED. */
typedef gboolean (*ShmProceed) (gpointer user_data);

/* Gives a new file its size: reserved, so that touching it can't fail later, or sparse. */
gboolean
shm_system_reserve (int fd, guint64 size, ShmProceed proceed, gpointer user_data, ShmFault *fault);
gboolean shm_system_set_size (int fd, guint64 size, ShmFault *fault);

/* Fails with EFBIG if a write up to @end would kill the process instead of failing. */
gboolean shm_system_check_limit (guint64 end, ShmFault *fault);

/* Follows no link and never waits; the caller looks at what was opened. */
int shm_system_open (const char *name, gboolean read_only, ShmFault *fault);
int shm_system_duplicate (int fd, ShmFault *fault);

/* Opens the same file once more: what is claimed through one descriptor is not claimed through the
 * other. */
int shm_system_reopen (int fd, ShmFault *fault);

/* Claims a number of a file for as long as the descriptor, or a copy of it in any process, is
 * open. FALSE with EAGAIN if another has claimed it. */
gboolean shm_system_claim (int fd, guint64 number, ShmFault *fault);

/* Whether a descriptor of another opening has claimed the number; TRUE also if the system can't
 * tell. */
gboolean shm_system_is_claimed (int fd, guint64 number);

/* Numbers that can be claimed: 1 to this. */
#define SHM_SYSTEM_CLAIM_MAX ((G_GUINT64_CONSTANT (1) << 61) - 1)

/* Whether the descriptor stands for memory, and whether it can be read and written. */
gboolean shm_system_inspect_fd (int fd, gboolean *read_only, ShmFault *fault);

/* Removes the name if it still stands for @expected (NULL: whatever regular file it stands
 * for): ENOENT if it is gone, ESTALE if it stands for something else by now. Between the look
 * and the removal another process can exchange the file; no system offers better by name. */
gboolean shm_system_remove (const char *name, const ShmIdentity *expected, ShmFault *fault);

ShmSealFlags shm_system_get_seals (int fd);
gboolean shm_system_can_seal (int fd);

/* FALSE also for a seal that spares the mappings that were there before it: then nobody else can
 * begin to write, but what is there may change all the same. */
gboolean shm_system_is_writable (int fd);

/* Whoever shares the descriptor can make it ignore where something is to be written. */
gboolean shm_system_is_appending (int fd);

gboolean shm_system_add_seals (int fd, ShmSealFlags seals, ShmFault *fault);

typedef void (*ShmListFunc) (const char *name, const ShmIdentity *identity, gpointer user_data);

/* Calls @func for each block that the caller can see, in no order. */
gboolean shm_system_list (ShmListFunc func, gpointer user_data, ShmFault *fault);

/* Likewise for this library's own files, of one prefix. */
gboolean shm_system_list_reserved (const char *prefix,
                                   ShmListFunc func,
                                   gpointer user_data,
                                   ShmFault *fault);

/* The path that stands for @name in the file system, for watching it. */
char *shm_system_get_path (const char *name);

G_END_DECLS
