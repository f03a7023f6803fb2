/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry.h"

#include "core/shm-io.h"
#include "core/shm-system-draft.h"
#include "core/shm-system-lock.h"
#include "core/shm-system-memory.h"
#include "registry/shm-registry-format.h"
#include "registry/shm-registry-place.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct _ShmRegistry
{
  int fd;     /* -1 once the registry is closed */
  char *name; /* (owned) */
  ShmIdentity identity;
  guint64 n_entries;
  GArray *unused; /* (element-type guint64): numbers of free entries to reuse */
};

static gboolean
put (ShmRegistry *self, guint64 offset, gconstpointer bytes, gsize length, ShmFault *fault)
{
  const int errnum = shm_io_write_all (self->fd, offset, bytes, length);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_REGISTRY, errnum);
}

static gboolean
publish (ShmRegistry *self, gboolean is_public, ShmDraft *draft, ShmFault *fault)
{
  self->name = shm_registry_place_generate (is_public);

  return shm_system_draft_publish (draft, self->name, fault);
}

static ShmRegistry *
create_once (gboolean is_public, ShmFault *fault)
{
  g_autoptr (ShmRegistry) self = g_new0 (ShmRegistry, 1);
  const ShmRegistryHeader header = { .magic = SHM_REGISTRY_MAGIC };
  ShmDraft draft = SHM_DRAFT_INIT;

  shm_at (REGISTRY);

  self->fd = -1;
  self->unused = g_array_new (FALSE, FALSE, sizeof (guint64));

  if (!shm_system_draft_create (&draft, 0600, fault))
    return NULL;

  self->fd = draft.fd;
  if (fchmod (self->fd, is_public ? 0644 : 0600) < 0)
    shm_fault_set (fault, SHM_STEP_REGISTRY, errno);
  else if (put (self, 0, &header, sizeof header, fault)
           && shm_system_identify_fd (self->fd, &self->identity, fault)
           && shm_system_lock_number (self->fd, SHM_REGISTRY_LOCK, fault)
           && publish (self, is_public, &draft, fault))
    return g_steal_pointer (&self);

  self->fd = -1;
  shm_system_draft_discard (&draft);

  return NULL;
}

ShmRegistry *
shm_registry_create (gboolean is_public, ShmFault *fault)
{
  ShmRegistry *self;

  /* EAGAIN: the draft cannot be published, but a new draft can, or another server that ended has
   * just removed the folder. */
  do
    self = create_once (is_public, fault);
  while (self == NULL && fault->step == SHM_STEP_PUBLISH && fault->errnum == EAGAIN);

  return self;
}

void
shm_registry_close (ShmRegistry *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
shm_registry_free (ShmRegistry *self)
{
  ShmFault ignored;

  shm_registry_close (self);
  if (self->name != NULL)
    {
      shm_system_remove (self->name, &self->identity, &ignored);
      shm_registry_place_clean (self->name);
    }
  g_array_unref (self->unused);
  g_free (self->name);
  g_free (self);
}

const char *
shm_registry_get_name (ShmRegistry *self)
{
  return self->name;
}

guint64
shm_registry_get_device (ShmRegistry *self)
{
  return self->identity.device;
}

gboolean
shm_registry_set_socket (ShmRegistry *self, const ShmSocketFile *socket, ShmFault *fault)
{
  const guint32 has_socket = TRUE;

  return put (self, G_STRUCT_OFFSET (ShmRegistryHeader, socket), socket, sizeof *socket, fault)
         && put (self, G_STRUCT_OFFSET (ShmRegistryHeader, has_socket), &has_socket,
                 sizeof has_socket, fault);
}

static gboolean
set_state (ShmRegistry *self, guint64 entry, guint32 state, ShmFault *fault)
{
  return put (self, shm_registry_get_offset (entry) + G_STRUCT_OFFSET (ShmRegistryEntry, state),
              &state, sizeof state, fault);
}

gboolean
shm_registry_add (ShmRegistry *self,
                  const char *name,
                  const ShmIdentity *identity,
                  guint64 *entry,
                  ShmFault *fault)
{
  ShmRegistryEntry new_entry = {
    .device = identity->device,
    .inode = identity->inode,
    .uid = identity->uid,
    .state = SHM_REGISTRY_OWNED,
  };
  const gboolean is_reused = self->unused->len > 0;
  const guint64 free_entry
      = is_reused ? g_array_index (self->unused, guint64, self->unused->len - 1) : self->n_entries;

  shm_at (REGISTRY);

  if (free_entry >= SHM_REGISTRY_ENTRIES_MAX)
    return shm_fault_set (fault, SHM_STEP_REGISTRY, ENOSPC);

  g_strlcpy (new_entry.name, name, sizeof new_entry.name);
  if (!shm_system_check_limit (shm_registry_get_offset (free_entry + 1), fault)
      || !put (self, shm_registry_get_offset (free_entry), &new_entry, sizeof new_entry, fault))
    return FALSE;

  if (is_reused)
    g_array_set_size (self->unused, self->unused->len - 1);
  else
    self->n_entries++;
  *entry = free_entry;

  return TRUE;
}

void
shm_registry_remove (ShmRegistry *self, guint64 entry)
{
  ShmFault ignored;

  /* Overwriting existing bytes cannot fail for lack of space. */
  set_state (self, entry, SHM_REGISTRY_FREE, &ignored);
  g_array_append_val (self->unused, entry);
}

void
shm_registry_revoke (ShmRegistry *self, guint64 entry)
{
  ShmFault ignored;

  set_state (self, entry, SHM_REGISTRY_REVOKED, &ignored);
}

void
shm_registry_restore (ShmRegistry *self, guint64 entry)
{
  ShmFault ignored;

  set_state (self, entry, SHM_REGISTRY_OWNED, &ignored);
}
