/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-listener.h"

#include "core/shm-cause.h"
#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "manager/shm-manager-error.h"
#include "shm-error.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The maximum length of the parent folder's path. With a longer path, the path of the socket would
 * be too long. */
#define PARENT_MAX 64

/* The number of connections that may wait to be accepted. The kernel limits this number. */
#define BACKLOG 4096

static gboolean
register_file (ShmListener *self, ShmRegistry *registry, GError **error)
{
  ShmFault fault;

  if (shm_registry_set_socket (registry, &self->file, &fault))
    return TRUE;

  g_set_error (error, SHM_ERROR, shm_cause_find (fault.step, fault.errnum).code,
               "The manager cannot write its socket file %s to its registry: %s", self->file.path,
               g_strerror (fault.errnum));

  return FALSE;
}

/* Returns the parent folder. Like CPython, uses /tmp if TMPDIR is unusable. */
static const char *
get_parent (void)
{
  const char *path = g_get_tmp_dir ();

  return strlen (path) <= PARENT_MAX && g_utf8_validate (path, -1, NULL) ? path : "/tmp";
}

/* Creates a folder for the socket. Adds the path to the registry before the folder exists, so that
 * a sweep finds the folder even if this process is killed in between. */
static GSocketAddress *
create_own_address (ShmListener *self,
                    ShmRegistry *registry,
                    gboolean allow_other_users,
                    GError **error)
{
  g_autofree char *name
      = g_strdup_printf ("shmobj-%016" G_GINT64_MODIFIER "x", shm_random_get_uint64 ());
  const char *parent = get_parent ();
  g_autofree char *folder = g_build_filename (parent, name, NULL);
  g_autofree char *path = g_build_filename (folder, "manager", NULL);
  g_autoptr (GSocketAddress) address = shm_address_parse (path, error);

  if (address == NULL)
    return NULL;

  shm_socket_file_init (&self->file, path, TRUE);
  if (!register_file (self, registry, error))
    return NULL;

  if (mkdir (folder, 0700) < 0 || chmod (folder, allow_other_users ? 0711 : 0700) < 0)
    {
      const int errnum = errno;
      g_autoptr (GError) cause
          = g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (errnum), g_strerror (errnum));

      shm_manager_set_io_error (error, cause,
                                "The manager cannot create the folder %s for its socket", folder);
      return NULL;
    }

  return g_steal_pointer (&address);
}

static gboolean
bind_socket (GSocket *socket, GSocketAddress *address, gboolean allow_other_users, GError **error)
{
  /* To connect, a process needs write permission on the socket file. */
  const mode_t old_mask = umask (allow_other_users ? 0 : 0177);
  g_autofree char *text = shm_address_print (address);
  g_autoptr (GError) local_error = NULL;

  g_socket_bind (socket, address, TRUE, &local_error);
  umask (old_mask);
  if (local_error == NULL)
    return TRUE;

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error (error, SHM_ERROR, SHM_ERROR_EXISTS,
                 "The manager cannot listen at %s: the address is in use, or a socket file is left "
                 "from an earlier server. Choose another address, or remove the file",
                 text);
  else if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
           || g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY))
    g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                 "The manager cannot listen at %s: the folder of this path does not exist (%s)",
                 text, local_error->message);
  else
    shm_manager_set_io_error (error, local_error, "The manager cannot listen at %s", text);

  return FALSE;
}

/* Stores the identity of the socket file that binding has created. */
static gboolean
identify_file (ShmListener *self, ShmRegistry *registry, GError **error)
{
  const char *path = shm_address_get_path (self->address);
  ShmFault fault;

  if (path == NULL)
    return TRUE;

  if (self->file.path[0] == '\0')
    shm_socket_file_init (&self->file, path, FALSE);
  if (!shm_socket_file_identify (&self->file, &fault))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED,
                   "The manager's socket file %s has disappeared: %s", path,
                   g_strerror (fault.errnum));
      return FALSE;
    }

  return register_file (self, registry, error);
}

static gboolean
listen_at (ShmListener *self,
           GSocketAddress *address,
           ShmRegistry *registry,
           gboolean allow_other_users,
           GError **error)
{
  g_autoptr (GError) cause = NULL;

  self->socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_DEFAULT, &cause);
  if (self->socket == NULL)
    {
      shm_manager_set_io_error (error, cause, "The manager cannot create its socket");
      return FALSE;
    }

  g_socket_set_blocking (self->socket, FALSE);
  g_socket_set_listen_backlog (self->socket, BACKLOG);
  if (!bind_socket (self->socket, address, allow_other_users, error))
    return FALSE;

  self->address = g_socket_get_local_address (self->socket, error);

  return self->address != NULL && identify_file (self, registry, error)
         && g_socket_listen (self->socket, error);
}

gboolean
shm_listener_init (ShmListener *self,
                   GSocketAddress *address,
                   ShmRegistry *registry,
                   gboolean allow_other_users,
                   GError **error)
{
  g_autoptr (GSocketAddress) bind_address = NULL;

  *self = (ShmListener){ NULL };
  if (address != NULL)
    bind_address = g_object_ref (address);
  else
    bind_address = create_own_address (self, registry, allow_other_users, error);

  if (bind_address != NULL && listen_at (self, bind_address, registry, allow_other_users, error))
    return TRUE;

  shm_listener_clear (self);

  return FALSE;
}

void
shm_listener_clear (ShmListener *self)
{
  shm_socket_file_remove (&self->file);
  g_clear_object (&self->address);
  g_clear_object (&self->socket);
}

gboolean
shm_listener_check_user (ShmListener *self, GSocket *connection, gboolean allow_other_users)
{
  g_autoptr (GCredentials) credentials = NULL;
  uid_t uid;

  if (!shm_address_is_unix (self->address) || allow_other_users)
    return TRUE;

  credentials = g_socket_get_credentials (connection, NULL);
  if (credentials == NULL)
    return FALSE;
  uid = g_credentials_get_unix_user (credentials, NULL);

  return uid == geteuid () || uid == 0;
}
