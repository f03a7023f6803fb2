/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "program/shm-program-notes.h"

#include "core/shm-io.h"
#include "core/shm-system-lock.h"
#include "core/shm-system-memory.h"
#include "program/shm-tracker-launch.h"

#include <errno.h>
#include <unistd.h>

/* The size of a new registry, for 57 entries. */
#define FIRST_SIZE (16 * 1024)

/* When the registry is full, it is made larger, unless more than one of this many entries could be
 * freed. */
#define FREE_DIVISOR 4

/* How many entries to read and to lock at once. */
#define CHUNK 16

/* How often to try to lock an entry that another process has locked, and how long to wait after
 * each attempt. A process that frees unused entries holds a lock for some microseconds. */
#define LOCK_ATTEMPTS   100
#define LOCK_PAUSE_USEC 1000

/* The number of the entry at which the search for a free entry begins (atomic). */
static guint64 hint = 0;

/* Reading and writing */

static void
set_size (ShmNoting *self, guint64 size)
{
  const guint64 n_entries = size < SHM_REGISTRY_ENTRIES_AT
                                ? 0
                                : (size - SHM_REGISTRY_ENTRIES_AT) / sizeof (ShmRegistryEntry);

  self->n_entries = MIN (n_entries, SHM_REGISTRY_ENTRIES_MAX);
}

/* Makes the registry larger, unless another process has done so. The file never becomes smaller. */
static gboolean
grow (ShmNoting *self, ShmFault *fault)
{
  const guint64 size = MAX (FIRST_SIZE, shm_registry_get_offset (self->n_entries) * 2);
  ShmIdentity registry;

  if (size > shm_registry_get_offset (SHM_REGISTRY_ENTRIES_MAX))
    return shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, ENOSPC);
  if (!shm_system_check_limit (size, fault)
      || !shm_system_reserve (self->fd, size, NULL, NULL, fault)
      || !shm_system_identify_fd (self->fd, &registry, fault))
    return FALSE;

  set_size (self, registry.size);

  return TRUE;
}

static guint
read_entries (const ShmNoting *self, guint64 first, ShmRegistryEntry *entries, gsize n)
{
  return shm_io_read (self->fd, shm_registry_get_offset (first), entries, n * sizeof *entries)
         / sizeof *entries;
}

static gboolean
write_entry (const ShmNoting *self, guint64 number, const ShmRegistryEntry *entry, ShmFault *fault)
{
  const int errnum
      = shm_io_write_all (self->fd, shm_registry_get_offset (number), entry, sizeof *entry);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, errnum);
}

/* Overwrites existing bytes, which cannot fail for lack of space. */
static void
free_entry (const ShmNoting *self, guint64 number)
{
  const guint32 state = SHM_REGISTRY_FREE;

  shm_io_write_all (self->fd,
                    shm_registry_get_offset (number) + G_STRUCT_OFFSET (ShmRegistryEntry, state),
                    &state, sizeof state);
}

/* Locks */

static gboolean
lock_entries (const ShmNoting *self, guint64 first, guint64 n, ShmFault *fault)
{
  return shm_system_lock_numbers (self->fd, SHM_REGISTRY_ENTRY_LOCK (first), n, fault);
}

/* Call this function also before the descriptor is closed: a child that another thread has forked
 * in the meantime has a duplicate of it, which keeps the locks. */
static void
unlock_entries (const ShmNoting *self, guint64 first, guint64 n)
{
  shm_system_unlock_numbers (self->fd, SHM_REGISTRY_ENTRY_LOCK (first), n);
}

static gboolean
await_entry (const ShmNoting *self, guint64 number)
{
  ShmFault fault;

  for (int i = 0; i < LOCK_ATTEMPTS; i++)
    {
      shm_at (PROGRAM_NOTE);
      if (lock_entries (self, number, 1, &fault))
        return TRUE;
      if (fault.errnum != EAGAIN)
        return FALSE;
      g_usleep (LOCK_PAUSE_USEC);
    }

  return FALSE;
}

/* Taking an entry */

/* Locks the entry if it is free. */
static gboolean
take (ShmNoting *self, guint64 number)
{
  ShmRegistryEntry entry;
  ShmFault ignored;

  if (number >= self->n_entries || !lock_entries (self, number, 1, &ignored))
    return FALSE;

  if (read_entries (self, number, &entry, 1) == 1 && entry.state == SHM_REGISTRY_FREE)
    {
      __atomic_store_n (&hint, number + 1, __ATOMIC_RELAXED);
      self->note.entry = number;
      return TRUE;
    }

  unlock_entries (self, number, 1);

  return FALSE;
}

static gboolean
take_between (ShmNoting *self, guint64 first, guint64 end)
{
  ShmRegistryEntry entries[CHUNK];
  guint n;

  for (; first < end; first += n)
    {
      n = read_entries (self, first, entries, MIN (CHUNK, end - first));
      if (n == 0)
        return FALSE;

      for (guint i = 0; i < n; i++)
        if (entries[i].state == SHM_REGISTRY_FREE && take (self, first + i))
          return TRUE;
    }

  return FALSE;
}

static gboolean
take_free (ShmNoting *self)
{
  const guint64 start = __atomic_load_n (&hint, __ATOMIC_RELAXED);

  return take (self, start) || take_between (self, start, self->n_entries)
         || take_between (self, 0, MIN (start, self->n_entries));
}

static gboolean
stands_for (const ShmRegistryEntry *entry, const ShmIdentity *identity)
{
  return entry->state == SHM_REGISTRY_OWNED && entry->device == identity->device
         && entry->inode == identity->inode;
}

/* Returns whether the entry stands for a block that does not have its name. */
static gboolean
is_unused (const ShmRegistryEntry *entry)
{
  char name[SHM_NAME_MAX + 1];
  ShmIdentity found;
  ShmFault fault;

  if (entry->state != SHM_REGISTRY_OWNED)
    return FALSE;

  g_strlcpy (name, entry->name, sizeof name);
  if (shm_system_identify_name (name, &found, &fault))
    return !stands_for (entry, &found);

  return fault.errnum == ENOENT;
}

/* Frees the entries of blocks that do not have their name. Leaves out a chunk in which an entry is
 * locked: its creator is about to publish the block. Returns whether this freed enough entries. */
static gboolean
free_unused (ShmNoting *self)
{
  ShmRegistryEntry entries[CHUNK];
  ShmFault ignored;
  guint64 n_freed = 0;

  for (guint64 first = 0; first < self->n_entries; first += CHUNK)
    {
      guint n;

      if (!lock_entries (self, first, CHUNK, &ignored))
        continue;

      n = read_entries (self, first, entries, CHUNK);
      for (guint i = 0; i < n; i++)
        if (is_unused (&entries[i]))
          {
            free_entry (self, first + i);
            n_freed++;
          }
      unlock_entries (self, first, CHUNK);
    }

  return n_freed > self->n_entries / FREE_DIVISOR;
}

static gboolean
take_entry (ShmNoting *self, ShmFault *fault)
{
  shm_at (PROGRAM_NOTE);

  while (!take_free (self))
    if (!free_unused (self) && !grow (self, fault))
      return shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, fault->errnum);

  return TRUE;
}

/* Opens the registry, makes sure that the program has a tracker, and takes an entry. The limit for
 * the size of files may have become lower since the registry got its size. */
static gboolean
begin (ShmNoting *self, ShmFault *fault)
{
  ShmProgram *program;
  ShmIdentity registry;

  self->fd = shm_program_open_current (&program, &registry, fault);
  if (self->fd < 0)
    return FALSE;

  set_size (self, registry.size);
  if (!shm_tracker_ensure (program, self->fd, fault) || !take_entry (self, fault))
    return FALSE;

  self->note.program = program;

  return shm_system_check_limit (shm_registry_get_offset (self->note.entry + 1), fault);
}

static void
end (ShmNoting *self)
{
  if (self->note.program != NULL)
    unlock_entries (self, self->note.entry, 1);
  if (self->fd >= 0)
    close (self->fd);
  *self = (ShmNoting) SHM_NOTING_INIT;
}

/* The public functions */

gboolean
shm_noting_note (ShmNoting *self, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  ShmRegistryEntry entry = {
    .device = identity->device,
    .inode = identity->inode,
    .uid = identity->uid,
    .state = SHM_REGISTRY_OWNED,
  };

  if (self->note.program != NULL)
    free_entry (self, self->note.entry);
  else if (!begin (self, fault))
    {
      end (self);
      return FALSE;
    }

  g_strlcpy (entry.name, name, sizeof entry.name);

  return write_entry (self, self->note.entry, &entry, fault);
}

ShmNote
shm_noting_commit (ShmNoting *self)
{
  const ShmNote note = self->note;

  end (self);

  return note;
}

void
shm_noting_clear (ShmNoting *self)
{
  if (self->note.program != NULL)
    free_entry (self, self->note.entry);
  end (self);
}

void
shm_note_free_entry (const ShmNote *self, const ShmIdentity *identity)
{
  ShmNoting noting = SHM_NOTING_INIT;
  ShmRegistryEntry entry;
  ShmIdentity registry;
  ShmFault ignored;

  if (self->program == NULL)
    return;

  noting.fd = shm_program_open (self->program, &registry, &ignored);
  if (noting.fd >= 0 && shm_system_check_limit (shm_registry_get_offset (self->entry + 1), &ignored)
      && await_entry (&noting, self->entry))
    {
      noting.note = *self;
      if (read_entries (&noting, self->entry, &entry, 1) == 1 && stands_for (&entry, identity))
        free_entry (&noting, self->entry);
    }
  end (&noting);
}

void
shm_note_finish (const ShmNote *self, const ShmIdentity *identity)
{
  if (self->program != NULL && shm_program_reuses_inodes (self->program))
    shm_note_free_entry (self, identity);
}
