/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/client/shm-managed-creation.h"

#include "manager/client/shm-client-private.h"
#include "manager/shm-cancel.h"
#include "registry/shm-registry-reader.h"
#include "shm-error.h"

#include <errno.h>

gboolean
shm_managed_creation_begin (ShmManagedCreation *self,
                            ShmClient *client,
                            GCancellable *cancellable,
                            GError **error)
{
  *self = (ShmManagedCreation){ .client = client, .cancellable = cancellable };

  self->connection = shm_client_take_connection (client);
  if (self->connection == NULL)
    self->connection = shm_client_open_connection (client, cancellable, error);

  return self->connection != NULL;
}

/* Sends ANNOUNCE or WITHDRAW for the announced block. */
static gboolean
send_announced (ShmManagedCreation *self, const char *method, const char *types, GError **error)
{
  g_autofree char *action = g_strdup_printf ("take over block \"%s\"", self->announced);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, method, types, self->announced, (gint64) self->identity.device,
                      (gint64) self->identity.inode, (gint64) self->identity.uid);
  pickle = shm_client_call (self->client, (ShmConnection **) &self->connection, request, &reply,
                            self->cancellable, error);
  if (pickle == NULL || !shm_client_check_reply (self->client, &reply, action, error))
    return FALSE;

  self->entry = reply.value->integer;

  return TRUE;
}

/* Withdraws the announced block, if there is one. If the request fails, closes the connection; the
 * server then checks itself whether the name exists. */
static void
withdraw (ShmManagedCreation *self)
{
  if (self->announced == NULL)
    return;

  if (!send_announced (self, SHM_METHOD_WITHDRAW, "sii", NULL))
    g_clear_pointer ((ShmConnection **) &self->connection, shm_connection_free);
  g_clear_pointer (&self->announced, g_free);
}

/* Sets the error of a client that could not open the registry of its server. */
static void
set_registry_error (ShmManagedCreation *self, const char *name, GError **error)
{
  const char *address = shm_client_get_address_text (self->client);
  const int errnum = shm_client_get_registry_errnum (self->client);

  if (errnum == ENOENT || errnum == ENOTDIR)
    g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                 "Block \"%s\" cannot be created for the manager at %s: the file in which the "
                 "manager lists its blocks was removed. Start a new manager",
                 name, address);
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED,
                 "Block \"%s\" cannot be created for the manager at %s: this process may not read "
                 "the file in which the manager lists its blocks. If the manager belongs to "
                 "another "
                 "user, start it with the flag ALLOW_OTHER_USERS",
                 name, address);
}

gboolean
shm_managed_creation_announce (ShmManagedCreation *self,
                               const char *name,
                               const ShmIdentity *identity,
                               GError **error)
{
  withdraw (self);
  if (!shm_client_has_native_server (self->client))
    return TRUE;

  self->announced = g_strdup (name);
  self->identity = *identity;
  if (!send_announced (self, SHM_METHOD_ANNOUNCE, "siii", error))
    {
      g_clear_pointer (&self->announced, g_free);
      return FALSE;
    }

  if (shm_client_get_registry (self->client) >= 0)
    return TRUE;

  withdraw (self);
  set_registry_error (self, name, error);

  return FALSE;
}

static gboolean
check_owned (ShmManagedCreation *self, const char *name, GError **error)
{
  const int registry = shm_client_get_registry (self->client);

  if (!shm_registry_is_live (registry))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                   "The manager at %s ended during the creation of block \"%s\"",
                   shm_client_get_address_text (self->client), name);
      return FALSE;
    }
  if (!shm_registry_has_entry (registry, self->entry, &self->identity))
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "Another process removed block \"%s\" from the manager at %s during its "
                   "creation",
                   name, shm_client_get_address_text (self->client));
      return FALSE;
    }

  return TRUE;
}

/* The request itself cannot be cancelled. Otherwise the server could track a block that the caller
 * then removes, and the shutdown of CPython's server stops at a block that does not exist. */
static gboolean
track_by_name (ShmManagedCreation *self, const char *name, GError **error)
{
  return !shm_cancel_set_error (self->cancellable, error)
         && shm_client_call_with_name (self->client, (ShmConnection **) &self->connection,
                                       SHM_METHOD_TRACK, "take over", name, NULL, error);
}

gboolean
shm_managed_creation_commit (ShmManagedCreation *self, const char *name, GError **error)
{
  gboolean is_owned;

  if (!shm_client_has_native_server (self->client))
    return track_by_name (self, name, error);

  is_owned = check_owned (self, name, error);
  g_clear_pointer (&self->announced, g_free);

  return is_owned;
}

void
shm_managed_creation_clear (ShmManagedCreation *self)
{
  if (self->client == NULL)
    return;

  withdraw (self);
  shm_client_keep_connection (self->client, g_steal_pointer (&self->connection));
  self->client = NULL;
}
