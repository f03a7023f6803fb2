/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry-sweep.h"

#include "core/shm-system-lock.h"
#include "registry/shm-registry-place.h"
#include "registry/shm-registry-reader.h"

#include <errno.h>
#include <unistd.h>

static guint
hash_identity (gconstpointer key)
{
  const ShmIdentity *identity = key;

  return g_int64_hash (&identity->inode);
}

static gboolean
equal_identities (gconstpointer a, gconstpointer b)
{
  return shm_identity_equal (a, b);
}

/* The result of reading all registries of this user. */
typedef struct
{
  const ShmIdentity *swept; /* (nullable): a registry to ignore, because the caller sweeps it */
  GHashTable *owned; /* (owned) (element-type ShmIdentity): blocks in registries that are in use */
  GPtrArray *dead;   /* (owned) (element-type utf8): names of the registries that are not in use */
  ShmFault fault;    /* why a registry could not be read; errnum is 0 if all could be read */
} Survey;

static void
survey_clear (Survey *self)
{
  g_clear_pointer (&self->owned, g_hash_table_unref);
  g_clear_pointer (&self->dead, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Survey, survey_clear)

/* Returns whether opening a file failed because the file is not a registry of this user, or no
 * longer exists. */
static gboolean
is_not_registry (const ShmFault *fault)
{
  return fault->errnum == EPERM || fault->errnum == EACCES || fault->errnum == ENOENT
         || fault->errnum == ENODEV;
}

static void
add_registry (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  Survey *survey = user_data;
  char block_name[SHM_NAME_MAX + 1];
  ShmIdentity block;
  ShmFault fault;
  gboolean is_end = FALSE;
  int fd;

  if (survey->swept != NULL && shm_identity_equal (survey->swept, identity))
    return;

  fd = shm_registry_open (name, FALSE, &fault);
  if (fd < 0)
    {
      if (!is_not_registry (&fault))
        survey->fault = fault;
      return;
    }

  if (shm_registry_is_in_use (fd))
    {
      for (guint64 i = 0; !is_end; i++)
        if (shm_registry_read_entry (fd, i, block_name, &block, &is_end))
          g_hash_table_add (survey->owned, g_memdup2 (&block, sizeof block));
    }
  else
    g_ptr_array_add (survey->dead, g_strdup (name));

  close (fd);
}

static gboolean
survey_init (Survey *self, gboolean everywhere, ShmFault *fault)
{
  self->owned = g_hash_table_new_full (hash_identity, equal_identities, g_free, NULL);
  self->dead = g_ptr_array_new_with_free_func (g_free);

  if (!shm_registry_place_list (everywhere, add_registry, self, fault))
    return FALSE;

  /* The registry that could not be read may be in use, and may list a block that the registry of a
   * dead server also lists. */
  if (self->fault.errnum != 0)
    {
      *fault = self->fault;
      return FALSE;
    }

  return TRUE;
}

/* Returns whether this process may remove the blocks of a registry. A process that joins a program
 * needs the lock, so the caller keeps @fd open while it removes the blocks. */
static gboolean
claim (int fd)
{
  ShmFault ignored;

  if (shm_registry_is_own (fd, SHM_REGISTRY_OF_PROGRAM))
    return shm_system_lock_number (fd, SHM_REGISTRY_LOCK, &ignored);

  return shm_registry_is_own (fd, SHM_REGISTRY_OF_MANAGER) && !shm_registry_is_live (fd);
}

/* Returns the number of removed blocks. Removes the registry last: if this process is killed before
 * that, the next sweep starts again. */
static guint
sweep (const char *name, int fd, const Survey *survey)
{
  char block_name[SHM_NAME_MAX + 1];
  ShmIdentity block, registry;
  ShmSocketFile socket;
  ShmFault ignored;
  gboolean is_end = FALSE;
  guint n_removed = 0;

  if (!claim (fd))
    return 0;

  for (guint64 i = 0; !is_end; i++)
    if (shm_registry_read_entry (fd, i, block_name, &block, &is_end)
        && !g_hash_table_contains (survey->owned, &block)
        && shm_system_remove (block_name, &block, &ignored))
      n_removed++;

  if (shm_registry_read_socket (fd, &socket))
    shm_socket_file_remove (&socket);
  if (shm_system_identify_fd (fd, &registry, &ignored))
    shm_system_remove (name, &registry, &ignored);
  shm_registry_place_clean (name);

  return n_removed;
}

gboolean
shm_registry_sweep (const char *name, int fd, ShmFault *fault)
{
  g_auto (Survey) survey = { NULL };
  ShmIdentity identity;

  if (!shm_system_identify_fd (fd, &identity, fault))
    return FALSE;

  survey.swept = &identity;
  if (!survey_init (&survey, shm_registry_place_is_shared (name), fault))
    return FALSE;

  sweep (name, fd, &survey);

  return TRUE;
}

gboolean
shm_registry_sweep_all (gboolean everywhere, guint *n_removed, ShmFault *fault)
{
  g_auto (Survey) survey = { NULL };

  *n_removed = 0;
  if (!survey_init (&survey, everywhere, fault))
    return FALSE;

  for (guint i = 0; i < survey.dead->len; i++)
    {
      const char *name = g_ptr_array_index (survey.dead, i);
      ShmFault ignored;
      const int fd = shm_registry_open_own (name, &ignored);

      if (fd < 0)
        continue;
      *n_removed += sweep (name, fd, &survey);
      close (fd);
    }

  shm_registry_place_clean_all ();

  return TRUE;
}
