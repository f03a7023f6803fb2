/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-registry-place.h"

#include "core/shm-name.h"
#include "core/shm-random.h"
#include "core/shm-system-folder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define N_FOLDERS 16

/* The beginnings of the names of registries: in a folder, and beside the blocks. */
#define ENTRY_PREFIX  "manager-"
#define SHARED_PREFIX SHM_NAME_RESERVED_PREFIX ENTRY_PREFIX

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

char *
shm_registry_place_generate (gboolean is_public)
{
  /* With 64 random bits, two registries practically never get the same name. */
  const guint64 number = shm_random_get_uint64 ();

  for (guint i = 0; i < N_FOLDERS; i++)
    {
      FolderName folder;

      set_folder_name (folder, i);
      if (shm_system_folder_ensure (folder, is_public))
        return g_strdup_printf ("%s/" ENTRY_PREFIX "%016" G_GINT64_MODIFIER "x", folder, number);
    }

  return g_strdup_printf (SHARED_PREFIX "%016" G_GINT64_MODIFIER "x", number);
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

gboolean
shm_registry_place_check (const char *name, guint32 *uid, ShmFault *fault)
{
  g_autofree char *folder = get_folder (name);
  const char *entry = folder != NULL ? name + strlen (folder) + 1 : name;

  *uid = G_MAXUINT32;
  if (!g_str_has_prefix (entry, folder != NULL ? ENTRY_PREFIX : SHARED_PREFIX)
      || strlen (name) > SHM_NAME_MAX || shm_name_check_existing (entry, fault) != entry)
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
  const char *folder;
  ShmListFunc func;
  gpointer user_data;
} Listing;

static void
pass_entry (const char *entry, const ShmIdentity *identity, gpointer user_data)
{
  const Listing *listing = user_data;
  g_autofree char *name = g_strconcat (listing->folder, "/", entry, NULL);

  /* The whole name must fit into a path. The server never creates such long names. */
  if (strlen (name) <= SHM_NAME_MAX)
    listing->func (name, identity, listing->user_data);
}

gboolean
shm_registry_place_list (gboolean everywhere, ShmListFunc func, gpointer user_data, ShmFault *fault)
{
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
          && !shm_system_folder_list (folder, ENTRY_PREFIX, pass_entry, (gpointer) &listing, fault)
          && fault->errnum != ENOENT && fault->errnum != EPERM)
        return FALSE;
    }

  return (is_usable && !everywhere)
         || shm_system_folder_list (NULL, SHARED_PREFIX, func, user_data, fault);
}
