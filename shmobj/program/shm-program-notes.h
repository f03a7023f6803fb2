/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The entries in the registry of a program. The steps of creating a tracked block are:
 *
 *     note       writes the identity and the name of the draft to an entry, and starts the tracker
 *                if the program has none
 *     (core)     the core publishes the block: gives the draft its name, atomically
 *     commit     unlocks the entry
 *     clear      frees an entry that was not committed
 *
 * If the creator is killed at any moment, the block has no name, or the tracker finds the entry.
 *
 * All processes of the program write the registry at the same time, and each of them can be killed
 * at any moment. Only the process that holds the lock of an entry may write the entry. The creator
 * of a block holds the lock from note to commit. The kernel releases the lock of a killed process.
 *
 * The entry of a block that has lost its name does no harm: the tracker removes a name only while
 * it stands for the recorded inode. Also, a process that unlinks a block may not know its entry.
 * Therefore entries are freed only when the registry is full: the process that needs an entry frees
 * those of all blocks that do not have their name, except those that are locked. If that is not
 * enough, it makes the registry larger. If the file system reuses inode numbers, a process that
 * knows the entry also frees it as soon as it has unlinked the block.
 */

#pragma once

#include "program/shm-program.h"
#include "registry/shm-registry-format.h"

G_BEGIN_DECLS

/* An entry that belongs to a block. */
typedef struct
{
  ShmProgram *program; /* NULL if the block is not tracked */
  guint64 entry;
} ShmNote;

/* A note that is being written. */
typedef struct
{
  ShmNote note;      /* has a program while this process holds the lock of the entry */
  int fd;            /* of the registry */
  guint64 n_entries; /* the number of entries in the registry */
} ShmNoting;

#define SHM_NOTING_INIT                                                                            \
  {                                                                                                \
    { NULL, 0 }, -1, 0                                                                             \
  }

/* Notes a draft that the caller is about to publish under @name. A second call replaces the note.
 * Fails with a step of tracking a block. */
gboolean
shm_noting_note (ShmNoting *self, const char *name, const ShmIdentity *identity, ShmFault *fault);

/* Call this function after the block got its name. Returns the note. */
ShmNote shm_noting_commit (ShmNoting *self);

/* Frees an entry that was not committed. */
void shm_noting_clear (ShmNoting *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmNoting, shm_noting_clear)

/* Frees the entry, so that the block is no longer tracked. Does nothing if the entry stands for
 * another block, because another process has freed it. If another process looks at the entry, waits
 * for it, but not longer than 0.1 seconds. */
void shm_note_free_entry (const ShmNote *self, const ShmIdentity *identity);

/* Call this function after the block has lost its name. Frees the entry if a new block could be
 * taken for this one. */
void shm_note_finish (const ShmNote *self, const ShmIdentity *identity);

G_END_DECLS
