/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server's functions for the requests. If CPython's server has the same method, the errors are
 * those of CPython's server. */

#include "config.h"

#include "manager/server/shm-server-private.h"

#include "manager/protocol/shm-pickle-reader.h"
#include "manager/protocol/shm-reply.h"
#include "manager/protocol/shm-request.h"

#include <errno.h>
#include <string.h>

/* Names */

static void
append_invalid_name (GByteArray *out)
{
  shm_reply_append_error (out, "ValueError", "not a valid name of a block");
}

static void
append_fault (GByteArray *out, const char *name, const ShmFault *fault)
{
  switch (fault->errnum)
    {
    case ENOENT:
      shm_reply_append_error (out, "FileNotFoundError",
                              "[Errno %d] No such file or directory: '/%s'", ENOENT, name);
      break;
    case EPERM:
      shm_reply_append_error (out, "PermissionError",
                              "[Errno %d] The manager could not remove this block, which belongs "
                              "to another user: '/%s'",
                              EPERM, name);
      break;
    case EXDEV:
      shm_reply_append_error (out, "OSError",
                              "[Errno %d] The block is in another /dev/shm than the manager's: "
                              "'/%s'",
                              EXDEV, name);
      break;
    case EINVAL:
    case ENAMETOOLONG:
      append_invalid_name (out);
      break;
    default:
      shm_reply_append_error (out, "OSError", "[Errno %d] %s: '/%s'", fault->errnum,
                              g_strerror (fault->errnum), name);
    }
}

/* Returns the name that is the only argument. Appends an error and returns NULL if there is no such
 * argument, or if a block cannot have this name. For example, the semaphores of glibc are also
 * files in /dev/shm. */
static const char *
get_name (const ShmRequest *request, GByteArray *out)
{
  const char *name = shm_request_get_string (request, SHM_KEYWORD_NAME);
  ShmFault fault;

  if (name == NULL)
    {
      shm_reply_append_error (out, "TypeError", "%s() takes the name of a block", request->method);
      return NULL;
    }

  name = shm_name_check_existing (name, &fault);
  if (name == NULL || g_str_has_prefix (name, SHM_NAME_RESERVED_PREFIX)
      || g_str_has_prefix (name, "sem."))
    {
      append_invalid_name (out);
      return NULL;
    }

  return name;
}

/* CPython's methods */

static void
track (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  const char *name = get_name (request, out);
  ShmFault fault;

  if (name == NULL)
    return;
  if (!shm_owned_blocks_track (self->blocks, name, &fault))
    {
      append_fault (out, name, &fault);
      return;
    }

  self->funcs->tracked (name, peer->client, self->user_data);
  shm_reply_append_none (out);
}

static void
remove_block (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  const char *name = get_name (request, out);

  if (name == NULL)
    return;
  if (!shm_owned_blocks_remove (self->blocks, name))
    {
      shm_reply_append_error (out, "ValueError", "list.remove(x): x not in list");
      return;
    }

  self->funcs->removed (name, peer->client, self->user_data);
  shm_reply_append_none (out);
}

typedef struct
{
  ShmOwnedBlocks *blocks;
  gpointer position;
} NameIterator;

static const char *
next_name (gpointer user_data)
{
  NameIterator *iterator = user_data;

  return shm_owned_blocks_next (iterator->blocks, &iterator->position);
}

static void
list (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_list (out, next_name, &(NameIterator){ .blocks = self->blocks });
}

static void
dummy (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_none (out);
}

/* CPython's servers have objects, for which clients have proxies. The server of this library has no
 * objects. */

static void
debug_info (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_string (out, "");
}

static void
number_of_objects (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_integer (out, 0);
}

static void
refuse_object (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  g_autofree char *arguments = shm_pickle_print (request->arguments);

  shm_reply_append_error (out, "KeyError", "%s%s: this manager has blocks, and no other objects",
                          request->method, arguments);
}

/* As in CPython, the blocks are removed before the reply is sent. */
static void
shut_down (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_registry_close (self->registry);
  shm_owned_blocks_remove_all (self->blocks);
  shm_reply_append_none (out);
  peer->is_persistent = FALSE;
  self->has_ended = TRUE;
  self->funcs->shutdown_requested (self->user_data);
}

/* The methods of this library */

static void
hello (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 version, client;

  if (!shm_request_get (request, "ii", &version, &client) || version < SHM_PROTOCOL_VERSION)
    {
      shm_reply_append_error (out, "ValueError", "%s() takes a version and a number",
                              request->method);
      return;
    }

  peer->is_persistent = TRUE;
  peer->client = client;
  shm_reply_append_hello (out, shm_registry_get_name (self->registry));
}

static void
announce (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 device, inode, owner;
  const char *name;
  ShmIdentity identity;
  guint64 entry;
  ShmFault fault;

  if (!shm_request_get (request, "siii", &name, &device, &inode, &owner))
    {
      shm_reply_append_error (out, "TypeError",
                              "%s() takes a name, a device, an inode and an owner",
                              request->method);
      return;
    }

  identity = (ShmIdentity){ .device = device, .inode = inode, .uid = owner, .is_regular = TRUE };
  if (shm_name_check_new (name, &fault) != name)
    {
      append_invalid_name (out);
      return;
    }
  if (!shm_owned_blocks_announce (self->blocks, name, &identity, &entry, &fault))
    {
      append_fault (out, name, &fault);
      return;
    }

  peer->announced = g_strdup (name);
  peer->announced_device = device;
  peer->announced_inode = inode;
  self->funcs->tracked (name, peer->client, self->user_data);
  shm_reply_append_integer (out, entry);
}

static void
withdraw (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 device, inode;
  const char *name;
  ShmIdentity identity;

  if (!shm_request_get (request, "sii", &name, &device, &inode))
    {
      shm_reply_append_error (out, "TypeError", "%s() takes a name, a device and an inode",
                              request->method);
      return;
    }

  identity = (ShmIdentity){ .device = device, .inode = inode };
  if (shm_owned_blocks_withdraw (self->blocks, name, &identity))
    self->funcs->removed (name, peer->client, self->user_data);
  shm_reply_append_none (out);
}

/* Dispatching */

static const struct
{
  const char *name;
  void (*handle) (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out);
} methods[] = {
  { SHM_METHOD_ANNOUNCE, announce },
  { SHM_METHOD_TRACK, track },
  { SHM_METHOD_REMOVE, remove_block },
  { SHM_METHOD_LIST, list },
  { SHM_METHOD_DUMMY, dummy },
  { SHM_METHOD_SHUTDOWN, shut_down },
  { SHM_METHOD_HELLO, hello },
  { SHM_METHOD_WITHDRAW, withdraw },
  { SHM_METHOD_DEBUG_INFO, debug_info },
  { SHM_METHOD_NUMBER_OF_OBJECTS, number_of_objects },
  { SHM_METHOD_ACCEPT_CONNECTION, refuse_object },
  { SHM_METHOD_CREATE, refuse_object },
  { SHM_METHOD_DECREF, refuse_object },
  { SHM_METHOD_GET_METHODS, refuse_object },
  { SHM_METHOD_INCREF, refuse_object },
};

static void
dispatch (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (strcmp (methods[i].name, request->method) == 0)
      {
        methods[i].handle (self, peer, request, out);
        return;
      }

  shm_reply_append_error (out, "AssertionError", "'%s' unrecognized", request->method);
}

void
shm_server_handle_request (ShmServer *self,
                           ShmPeer *peer,
                           const guint8 *body,
                           gsize length,
                           GByteArray *out)
{
  g_autoptr (ShmPickle) pickle = shm_pickle_parse (body, length);
  ShmRequest request;

  /* The next request of a client shows that the client has published the announced block, or the
   * request withdraws the block. */
  g_clear_pointer (&peer->announced, g_free);

  if (pickle != NULL && shm_request_read (pickle, &request))
    dispatch (self, peer, &request, out);
  else
    shm_reply_append_error (out, "ValueError", "not a request");
}
