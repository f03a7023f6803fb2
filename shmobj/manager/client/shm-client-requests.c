/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The requests of a client: tracking, removing and listing blocks, and ending the server. */

#include "config.h"

#include "manager/client/shm-client-private.h"

#include "core/shm-cause.h"
#include "core/shm-system.h"
#include "registry/shm-registry-steps.h"
#include "shm-error.h"

#include <errno.h>
#include <string.h>

/* CPython's server replies to shutdown with an error at the first block that no longer exists,
 * after it has removed the name from its list. So each attempt to end the server makes the list
 * shorter. */
#define END_ATTEMPTS 100000

/* The beginning of the exception with which a server answers a request to remove a block that it
 * does not own. In CPython's server, this is the exception of a list in Python. */
#define UNKNOWN_NAME "ValueError: list.remove(x)"

/* Returns the code for an exception of a server. */
static ShmError
get_code (const char *reason)
{
  static const char os_error[] = "OSError: [Errno ";
  static const struct
  {
    const char *prefix;
    ShmError code;
  } codes[] = {
    { "FileNotFoundError", SHM_ERROR_NOT_FOUND },
    { UNKNOWN_NAME, SHM_ERROR_NOT_FOUND },
    { "PermissionError", SHM_ERROR_PERMISSION_DENIED },
  };
  int errnum;

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_str_has_prefix (reason, codes[i].prefix))
      return codes[i].code;

  if (!g_str_has_prefix (reason, os_error))
    return SHM_ERROR_FAILED;

  errnum = g_ascii_strtoll (reason + strlen (os_error), NULL, 10);

  return errnum == EXDEV ? SHM_ERROR_NOT_SUPPORTED
                         : shm_cause_find (SHM_STEP_REGISTRY, errnum).code;
}

gboolean
shm_client_check_reply (ShmClient *self, const ShmReply *reply, const char *action, GError **error)
{
  g_autofree char *reason = NULL;
  ShmError code;

  if (reply->kind == SHM_REPLY_RETURN)
    return TRUE;

  reason = shm_reply_get_reason (reply);
  code = get_code (reason);
  if (g_str_has_prefix (reason, UNKNOWN_NAME))
    g_set_error (error, SHM_ERROR, code,
                 "The manager at %s could not %s: it does not own a block with this name",
                 shm_client_get_address_text (self), action);
  else
    g_set_error (error, SHM_ERROR, code, "The manager at %s could not %s: %s",
                 shm_client_get_address_text (self), action, reason);

  return FALSE;
}

gboolean
shm_client_call_with_name (ShmClient *self,
                           ShmConnection **connection,
                           const char *method,
                           const char *action,
                           const char *name,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *full_action = g_strdup_printf ("%s block \"%s\"", action, name);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, method, "s", name);
  pickle = shm_client_call (self, connection, request, &reply, cancellable, error);

  return pickle != NULL && shm_client_check_reply (self, &reply, full_action, error);
}

gboolean
shm_client_track (ShmClient *self, const char *name, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection;
  ShmIdentity ignored;
  ShmFault fault;
  gboolean is_tracked;

  /* CPython's server accepts any name. If the block is missing, the server fails when it ends. */
  if (!shm_system_identify_name (name, &ignored, &fault) && fault.errnum == ENOENT)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
                   "The manager at %s cannot take over block \"%s\": there is no such block",
                   shm_client_get_address_text (self), name);
      return FALSE;
    }

  connection = shm_client_take_connection (self);
  is_tracked = shm_client_call_with_name (self, &connection, SHM_METHOD_TRACK, "take over", name,
                                          cancellable, error);
  shm_client_keep_connection (self, connection);

  return is_tracked;
}

gboolean
shm_client_remove (ShmClient *self, const char *name, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = shm_client_take_connection (self);
  const gboolean is_removed = shm_client_call_with_name (self, &connection, SHM_METHOD_REMOVE,
                                                         "remove", name, cancellable, error);

  shm_client_keep_connection (self, connection);

  return is_removed;
}

static char **
copy_names (const ShmPickleNode *list)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < shm_pickle_count (list); i++)
    {
      const char *name = shm_pickle_get_string (shm_pickle_child (list, i));

      /* CPython's clients can make CPython's server track objects that are not strings. */
      if (name != NULL)
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

char **
shm_client_list (ShmClient *self, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = shm_client_take_connection (self);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, SHM_METHOD_LIST, "");
  pickle = shm_client_call (self, &connection, request, &reply, cancellable, error);
  shm_client_keep_connection (self, connection);

  if (pickle == NULL || !shm_client_check_reply (self, &reply, "list its blocks", error))
    return NULL;
  if (reply.value->kind != SHM_PICKLE_LIST && reply.value->kind != SHM_PICKLE_TUPLE)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL,
                   "The manager at %s did not send a list when it was asked for its blocks",
                   shm_client_get_address_text (self));
      return NULL;
    }

  return copy_names (reply.value);
}

/* Sets *@can_retry to whether the server replied with an exception. */
static gboolean
end_once (ShmClient *self, gboolean *can_retry, GCancellable *cancellable, GError **error)
{
  ShmConnection *connection = shm_client_take_connection (self);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  shm_request_append (request, SHM_METHOD_SHUTDOWN, "");
  pickle = shm_client_call (self, &connection, request, &reply, cancellable, error);
  g_clear_pointer (&connection, shm_connection_free);

  *can_retry = pickle != NULL && reply.kind == SHM_REPLY_TRACEBACK;

  return pickle != NULL && shm_client_check_reply (self, &reply, "end", error);
}

gboolean
shm_client_end_server (ShmClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gboolean can_retry = TRUE;

  for (int i = 0; i < END_ATTEMPTS && can_retry; i++)
    {
      g_clear_error (&failure);
      if (end_once (self, &can_retry, cancellable, &failure))
        return TRUE;
    }

  g_propagate_error (error, g_steal_pointer (&failure));

  return FALSE;
}
