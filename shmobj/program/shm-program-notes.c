/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "program/shm-program-notes.h"

#include "core/shm-system-memory.h"
#include "program/shm-tracker-launch.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* The size of a new registry, for 57 entries. */
#define FIRST_SIZE (16 * 1024)

/* When the registry is full, it is made larger, unless more than one of this many entries could be
 * freed. */
#define FREE_DIVISOR 4

/* The number of the entry at which the search for a free entry begins. */
static guint64 hint = 0;

/* The mapping */

static void
unmap (ShmNoting *self)
{
  if (self->registry != NULL)
    munmap (self->registry, self->size);
  self->registry = NULL;
}

/* Maps the registry, which has @size bytes. */
static gboolean
map (ShmNoting *self, guint64 size, ShmFault *fault)
{
  unmap (self);

  self->size = MIN (size, shm_registry_get_offset (SHM_REGISTRY_ENTRIES_MAX));
  self->registry = shm_system_map (self->fd, self->size, TRUE, fault);

  return self->registry != NULL;
}

/* Makes the registry larger, unless another process has done so. The file never becomes smaller, so
 * that the mappings of other processes stay valid. */
static gboolean
grow (ShmNoting *self, ShmFault *fault)
{
  const guint64 size = MAX (FIRST_SIZE, self->size * 2);
  ShmIdentity registry;

  if (size > shm_registry_get_offset (SHM_REGISTRY_ENTRIES_MAX))
    return shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, ENOSPC);

  return shm_system_check_limit (size, fault)
         && shm_system_reserve (self->fd, size, NULL, NULL, fault)
         && shm_system_identify_fd (self->fd, &registry, fault) && map (self, registry.size, fault);
}

static guint64
get_n_entries (const ShmNoting *self)
{
  return self->size < SHM_REGISTRY_ENTRIES_AT
             ? 0
             : (self->size - SHM_REGISTRY_ENTRIES_AT) / sizeof (ShmRegistryEntry);
}

/* The cast keeps the alignment: the mapping begins at a page boundary, and the offset of each entry
 * is a multiple of 8. */
static ShmRegistryEntry *
get_entry (const ShmNoting *self, guint64 entry)
{
  return (gpointer) ((guint8 *) self->registry + shm_registry_get_offset (entry));
}

/* The states of an entry */

static gboolean
change_state (ShmRegistryEntry *entry, ShmRegistryState from, ShmRegistryState to)
{
  guint32 expected = from;

  return __atomic_compare_exchange_n (&entry->state, &expected, to, FALSE, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED);
}

static void
set_state (ShmRegistryEntry *entry, ShmRegistryState state)
{
  __atomic_store_n (&entry->state, (guint32) state, __ATOMIC_RELEASE);
}

/* Decides whether the entry of a published block may be freed. */
typedef gboolean (*CanFree) (const ShmRegistryEntry *entry, const ShmIdentity *identity);

/* Frees the entry if @can_free allows it. Another process can free the entry at any time, and a
 * third process can then use it for another block. Therefore the state is EXAMINED while @can_free
 * reads the entry: no process writes an entry in this state. */
static gboolean
examine (ShmRegistryEntry *entry, CanFree can_free, const ShmIdentity *identity)
{
  if (!change_state (entry, SHM_REGISTRY_PUBLISHED, SHM_REGISTRY_EXAMINED))
    return FALSE;

  if (can_free (entry, identity))
    {
      set_state (entry, SHM_REGISTRY_FREE);
      return TRUE;
    }

  set_state (entry, SHM_REGISTRY_PUBLISHED);

  return FALSE;
}

static gboolean
stands_for (const ShmRegistryEntry *entry, const ShmIdentity *identity)
{
  return entry->device == identity->device && entry->inode == identity->inode;
}

static gboolean
has_lost_its_name (const ShmRegistryEntry *entry, const ShmIdentity *unused)
{
  char name[SHM_NAME_MAX + 1];
  ShmIdentity found;
  ShmFault fault;

  g_strlcpy (name, entry->name, sizeof name);
  if (shm_system_identify_name (name, &found, &fault))
    return !stands_for (entry, &found);

  return fault.errnum == ENOENT;
}

/* Taking an entry */

static gboolean
find_free (ShmNoting *self)
{
  const guint64 n_entries = get_n_entries (self);
  const guint64 start = __atomic_load_n (&hint, __ATOMIC_RELAXED);

  for (guint64 i = 0; i < n_entries; i++)
    {
      const guint64 number = (start + i) % n_entries;

      if (change_state (get_entry (self, number), SHM_REGISTRY_FREE, SHM_REGISTRY_RESERVED))
        {
          __atomic_store_n (&hint, number + 1, __ATOMIC_RELAXED);
          self->note.entry = number;
          return TRUE;
        }
    }

  return FALSE;
}

/* Frees the entries of blocks that have lost their name. Returns whether this freed enough of
 * them. */
static gboolean
free_unused (ShmNoting *self)
{
  const guint64 n_entries = get_n_entries (self);
  guint64 n_freed = 0;

  for (guint64 i = 0; i < n_entries; i++)
    n_freed += examine (get_entry (self, i), has_lost_its_name, NULL);

  return n_freed > n_entries / FREE_DIVISOR;
}

static gboolean
take_entry (ShmNoting *self, ShmFault *fault)
{
  shm_at (PROGRAM_NOTE);

  while (!find_free (self))
    if (!free_unused (self) && !grow (self, fault))
      return shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, fault->errnum);

  return TRUE;
}

/* Opens and maps the registry, and makes sure that the program has a tracker. */
static gboolean
begin (ShmNoting *self, ShmFault *fault)
{
  ShmProgram *program;
  ShmIdentity registry;

  self->fd = shm_program_open_current (&program, &registry, fault);
  if (self->fd < 0 || !map (self, registry.size, fault)
      || !shm_tracker_ensure (program, self->fd, fault) || !take_entry (self, fault))
    return FALSE;

  self->note.program = program;

  return TRUE;
}

static void
end (ShmNoting *self)
{
  unmap (self);
  if (self->fd >= 0)
    close (self->fd);
  *self = (ShmNoting) SHM_NOTING_INIT;
}

/* The public functions */

gboolean
shm_noting_note (ShmNoting *self, const char *name, const ShmIdentity *identity, ShmFault *fault)
{
  ShmRegistryEntry *entry;

  if (self->note.program == NULL && !begin (self, fault))
    {
      end (self);
      return FALSE;
    }

  entry = get_entry (self, self->note.entry);
  set_state (entry, SHM_REGISTRY_RESERVED);
  entry->uid = identity->uid;
  entry->device = identity->device;
  entry->inode = identity->inode;
  g_strlcpy (entry->name, name, sizeof entry->name);
  set_state (entry, SHM_REGISTRY_OWNED);

  return TRUE;
}

ShmNote
shm_noting_commit (ShmNoting *self)
{
  const ShmNote note = self->note;

  if (note.program != NULL)
    set_state (get_entry (self, note.entry), SHM_REGISTRY_PUBLISHED);
  end (self);

  return note;
}

void
shm_noting_clear (ShmNoting *self)
{
  if (self->note.program != NULL)
    set_state (get_entry (self, self->note.entry), SHM_REGISTRY_FREE);
  end (self);
}

void
shm_note_free_entry (const ShmNote *self, const ShmIdentity *identity)
{
  ShmNoting noting = SHM_NOTING_INIT;
  ShmIdentity registry;
  ShmFault ignored;

  if (self->program == NULL)
    return;

  noting.fd = shm_program_open (self->program, &registry, &ignored);
  if (noting.fd >= 0 && map (&noting, registry.size, &ignored)
      && self->entry < get_n_entries (&noting))
    examine (get_entry (&noting, self->entry), stands_for, identity);
  end (&noting);
}

void
shm_note_finish (const ShmNote *self, const ShmIdentity *identity)
{
  if (self->program != NULL && shm_program_reuses_inodes (self->program))
    shm_note_free_entry (self, identity);
}
