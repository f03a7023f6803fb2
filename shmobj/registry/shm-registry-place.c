/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "registry/shm-registry-place.h"

#include "core/shm-name.h"
#include "core/shm-random.h"
#include "core/shm-system-folder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define N_FOLDERS 16

/* The beginnings of the names of registries in a folder. Beside the blocks,
 * SHM_NAME_RESERVED_PREFIX precedes them. */
#define MANAGER_PREFIX "manager-"
#define PROGRAM_PREFIX "program-"

/* ".shmobj-", a user ID, "-", a number below N_FOLDERS, and a NUL. */
typedef char FolderName[sizeof SHM_NAME_RESERVED_PREFIX + 10 + 1 + 2];

static void
set_folder_name (FolderName name, guint number)
{
  const guint uid = geteuid ();

  if (number == 0)
    g_snprintf (name, sizeof (FolderName), SHM_NAME_RESERVED_PREFIX "%u", uid);
  else
    g_snprintf (name, sizeof (FolderName), SHM_NAME_RESERVED_PREFIX "%u-%u", uid, number);
}

/* Returns whether @name can be the name of the folder of any user. */
static gboolean
is_folder_name (const char *name)
{
  return g_str_has_prefix (name, SHM_NAME_RESERVED_PREFIX) && strlen (name) < sizeof (FolderName)
         && name[strspn (name + strlen (SHM_NAME_RESERVED_PREFIX), "0123456789-")
                 + strlen (SHM_NAME_RESERVED_PREFIX)]
                == '\0';
}

/* Returns the path of a registry. @folder is NULL for a registry beside the blocks. */
static char *
build_name (const char *folder, const char *prefix, guint64 number)
{
  return g_strdup_printf ("%s%s%s%016" G_GINT64_MODIFIER "x",
                          folder != NULL ? folder : SHM_NAME_RESERVED_PREFIX,
                          folder != NULL ? "/" : "", prefix, number);
}

static char *
generate (const char *prefix, guint64 number, gboolean is_public)
{
  for (guint i = 0; i < N_FOLDERS; i++)
    {
      FolderName folder;

      set_folder_name (folder, i);
      if (shm_system_folder_ensure (folder, is_public))
        return build_name (folder, prefix, number);
    }

  return build_name (NULL, prefix, number);
}

char *
shm_registry_place_generate (gboolean is_public)
{
  /* With 64 random bits, two registries practically never get the same name. */
  return generate (MANAGER_PREFIX, shm_random_get_uint64 (), is_public);
}

char *
shm_registry_place_generate_for_program (const ShmIdentity *identity)
{
  return generate (PROGRAM_PREFIX, identity->inode, FALSE);
}

static gboolean
has_identity (const char *name, const ShmIdentity *identity)
{
  ShmIdentity found;
  ShmFault ignored;

  return shm_system_identify_name (name, &found, &ignored) && shm_identity_equal (&found, identity);
}

char *
shm_registry_place_find_program (const ShmIdentity *identity)
{
  g_autofree char *shared = build_name (NULL, PROGRAM_PREFIX, identity->inode);

  for (guint i = 0; i < N_FOLDERS; i++)
    {
      g_autofree char *name = NULL;
      FolderName folder;

      set_folder_name (folder, i);
      name = build_name (folder, PROGRAM_PREFIX, identity->inode);
      if (has_identity (name, identity))
        return g_steal_pointer (&name);
    }

  return has_identity (shared, identity) ? g_steal_pointer (&shared) : NULL;
}

/* Returns the folder in the name of a registry, or NULL. (transfer full) */
static char *
get_folder (const char *name)
{
  const char *slash = strchr (name, '/');

  return slash != NULL ? g_strndup (name, slash - name) : NULL;
}

gboolean
shm_registry_place_is_shared (const char *name)
{
  return strchr (name, '/') == NULL;
}

/* Returns whether @entry can be the name of a registry in a folder, or, if @is_shared is TRUE,
 * beside the blocks. */
static gboolean
is_registry_name (const char *entry, gboolean is_shared)
{
  if (is_shared)
    {
      if (!g_str_has_prefix (entry, SHM_NAME_RESERVED_PREFIX))
        return FALSE;
      entry += strlen (SHM_NAME_RESERVED_PREFIX);
    }

  return g_str_has_prefix (entry, MANAGER_PREFIX) || g_str_has_prefix (entry, PROGRAM_PREFIX);
}

gboolean
shm_registry_place_check (const char *name, guint32 *uid, ShmFault *fault)
{
  g_autofree char *folder = get_folder (name);
  const char *entry = folder != NULL ? name + strlen (folder) + 1 : name;

  *uid = G_MAXUINT32;
  if (!is_registry_name (entry, folder == NULL) || strlen (name) > SHM_NAME_MAX
      || shm_name_check_existing (entry, fault) != entry)
    return shm_fault_set (fault, SHM_STEP_REGISTRY, EPERM);
  if (folder == NULL)
    return TRUE;

  if (!is_folder_name (folder))
    return shm_fault_set (fault, SHM_STEP_REGISTRY, EPERM);
  if (shm_system_folder_get_owner (folder, uid))
    return TRUE;

  return shm_fault_set (fault, SHM_STEP_REGISTRY,
                        shm_system_folder_inspect (folder) == SHM_FOLDER_MISSING ? ENOENT : EPERM);
}

void
shm_registry_place_clean (const char *name)
{
  g_autofree char *folder = get_folder (name);

  if (folder != NULL)
    shm_system_folder_remove (folder);
}

void
shm_registry_place_clean_all (void)
{
  for (guint i = 0; i < N_FOLDERS; i++)
    {
      FolderName folder;

      set_folder_name (folder, i);
      shm_system_folder_remove (folder);
    }
}

typedef struct
{
  const char *folder; /* (nullable) */
  ShmListFunc func;
  gpointer user_data;
} Listing;

static void
pass_entry (const char *entry, const ShmIdentity *identity, gpointer user_data)
{
  const Listing *listing = user_data;
  g_autofree char *name = NULL;

  if (!is_registry_name (entry, listing->folder == NULL))
    return;

  name = listing->folder != NULL ? g_strconcat (listing->folder, "/", entry, NULL)
                                 : g_strdup (entry);

  /* The whole name must fit into a path. The library never creates such long names. */
  if (strlen (name) <= SHM_NAME_MAX)
    listing->func (name, identity, listing->user_data);
}

gboolean
shm_registry_place_list (gboolean everywhere, ShmListFunc func, gpointer user_data, ShmFault *fault)
{
  const Listing shared = { NULL, func, user_data };
  gboolean is_usable = FALSE;

  for (guint i = 0; i < N_FOLDERS; i++)
    {
      FolderName folder;
      const Listing listing = { folder, func, user_data };
      ShmFolderState state;

      set_folder_name (folder, i);
      state = shm_system_folder_inspect (folder);
      is_usable |= state != SHM_FOLDER_FOREIGN;
      if (state == SHM_FOLDER_OWN
          && !shm_system_folder_list (folder, "", pass_entry, (gpointer) &listing, fault)
          && fault->errnum != ENOENT && fault->errnum != EPERM)
        return FALSE;
    }

  return (is_usable && !everywhere)
         || shm_system_folder_list (NULL, SHM_NAME_RESERVED_PREFIX, pass_entry, (gpointer) &shared,
                                    fault);
}
