/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-listener.h"

#include "manager/shm-address.h"
#include "shm-error.h"

#include <gio/gunixsocketaddress.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many may have connected before they are looked at; the system cuts it to what it allows. */
#define BACKLOG 4096

/* In a folder that only this user may enter, or everybody. */
static GSocketAddress *
make_own_address (gboolean allow_other_users, char **folder, GError **error)
{
  g_autofree char *path = NULL;

  *folder = g_dir_make_tmp ("shmobj-XXXXXX", error);
  if (*folder == NULL)
    return NULL;
  if (allow_other_users)
    chmod (*folder, 0711);

  path = g_build_filename (*folder, "manager", NULL);

  return shm_address_parse (path, error);
}

static gboolean
bind_to (GSocket *socket, GSocketAddress *address, gboolean allow_other_users, GError **error)
{
  /* Connecting takes the permission to write the file. */
  const mode_t old_mask = umask (allow_other_users ? 0 : 0177);
  g_autofree char *text = shm_address_print (address);
  g_autoptr (GError) local_error = NULL;

  g_socket_bind (socket, address, TRUE, &local_error);
  umask (old_mask);
  if (local_error == NULL)
    return TRUE;

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error (error, SHM_ERROR, SHM_ERROR_EXISTS,
                 "A manager can't listen at %s: the address is in use, or a socket file was left "
                 "there; choose another, or remove the file",
                 text);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED, "A manager can't listen at %s: %s", text,
                 local_error->message);

  return FALSE;
}

static gboolean
note_file (ShmListener *self, gboolean has_own_folder, GError **error)
{
  const char *path = shm_address_get_path (self->address);
  ShmFault fault;

  if (path == NULL || shm_socket_file_init (&self->file, path, has_own_folder, &fault))
    return TRUE;

  g_set_error (error, SHM_ERROR, SHM_ERROR_FAILED, "The socket file %s is gone already: %s", path,
               g_strerror (fault.errnum));

  return FALSE;
}

static gboolean
open_at (ShmListener *self,
         GSocketAddress *address,
         gboolean has_own_folder,
         gboolean allow_other_users,
         GError **error)
{
  self->socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_DEFAULT, error);
  if (self->socket == NULL)
    return FALSE;

  g_socket_set_blocking (self->socket, FALSE);
  g_socket_set_listen_backlog (self->socket, BACKLOG);
  if (!bind_to (self->socket, address, allow_other_users, error))
    return FALSE;

  self->address = g_socket_get_local_address (self->socket, error);

  return self->address != NULL && note_file (self, has_own_folder, error)
         && g_socket_listen (self->socket, error);
}

gboolean
shm_listener_init (ShmListener *self,
                   GSocketAddress *address,
                   gboolean allow_other_users,
                   GError **error)
{
  g_autoptr (GSocketAddress) wanted = NULL;
  g_autofree char *own_folder = NULL;

  *self = (ShmListener){ NULL };
  if (address != NULL)
    wanted = g_object_ref (address);
  else
    wanted = make_own_address (allow_other_users, &own_folder, error);

  if (wanted != NULL && open_at (self, wanted, own_folder != NULL, allow_other_users, error))
    return TRUE;

  shm_listener_clear (self);
  if (own_folder != NULL)
    rmdir (own_folder);

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
shm_listener_admits (ShmListener *self, GSocket *peer, gboolean allow_other_users)
{
  g_autoptr (GCredentials) credentials = NULL;
  uid_t uid;

  if (!shm_address_is_unix (self->address) || allow_other_users)
    return TRUE;

  credentials = g_socket_get_credentials (peer, NULL);
  if (credentials == NULL)
    return FALSE;
  uid = g_credentials_get_unix_user (credentials, NULL);

  return uid == geteuid () || uid == 0;
}
