/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-server.h"

#include "core/shm-random.h"
#include "manager/protocol/shm-address.h"
#include "manager/server/shm-listener.h"
#include "manager/server/shm-peer.h"
#include "manager/protocol/shm-pickle-reader.h"
#include "manager/protocol/shm-reply.h"
#include "manager/protocol/shm-request.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>

/* How long a peer may take for the handshake, for one message and to take an answer, and to make a
 * request at all: a client of CPython's creates its block in between. */
#define HANDSHAKE_SECONDS 5
#define MESSAGE_SECONDS   10
#define REQUEST_SECONDS   600

/* Descriptors that are left for other things than peers. */
#define SPARE_DESCRIPTORS 16
#define PEERS_MAX         16384

/* When there is no descriptor left, whoever has not answered our challenge for so long makes room:
 * long enough for a client on a busy machine, and short enough for one that comes behind hundreds
 * who say nothing. */
#define PATIENCE_USEC (25 * 1000)

/* ... and then whoever keeps a connection and has not used it for so long. */
#define IDLE_USEC G_USEC_PER_SEC

/* How soon to look again whether there is room. */
#define RESUME_MSEC      5
#define RESUME_IDLE_MSEC 100

/* How many are accepted before those who are there already get their turn. */
#define ACCEPT_AT_A_TIME 16

struct _ShmServer
{
  GBytes *key; /* (owned) */
  gboolean allow_md5;
  gboolean allow_other_users;
  ShmListener listener;
  GSource *accepting; /* (owned) (nullable): NULL while there is no room */
  GSource *resuming;  /* (owned) (nullable): when there may be some again */
  GSource *clock;     /* (owned) (nullable): looks for the slow, while there are peers */

  GQueue waiting; /* (element-type ShmPeer) (owned): have not shown the key, the oldest first */
  GQueue known;   /* (element-type ShmPeer) (owned): have, the one that was idle longest first */
  guint peers_max;
  gboolean has_ended; /* nobody gets an answer any more */

  ShmRegistry *registry; /* the owner's */
  ShmOwnedBlocks *segments;
  const ShmServerFuncs *funcs;
  gpointer user_data;
};

static void begin_accepting (ShmServer *self);

/* Peers */

static void
set_deadline (ShmPeer *peer, guint seconds)
{
  peer->deadline = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

/* Between two messages. */
static void
note_pause (ShmPeer *peer)
{
  peer->stuck_at = 0;
  if (peer->stays)
    peer->deadline = G_MAXINT64;
  else
    set_deadline (peer, REQUEST_SECONDS);
}

/* Whether a message does not come to its end, or an answer is not taken. */
static gboolean
is_stuck (ShmPeer *peer, gint64 now)
{
  if (!shm_peer_is_busy (peer))
    peer->stuck_at = 0;
  else if (peer->stuck_at == 0)
    peer->stuck_at = now + MESSAGE_SECONDS * G_USEC_PER_SEC;

  return peer->stuck_at != 0 && peer->stuck_at <= now;
}

/* The client died, or gave up, between announcing a block and giving it its name. */
static void
forget_unnamed (ShmServer *self, ShmPeer *peer)
{
  const ShmIdentity identity = { .device = peer->announced_device, .inode = peer->announced_inode };

  if (peer->announced != NULL
      && shm_owned_blocks_withdraw_missing (self->segments, peer->announced, &identity))
    self->funcs->released (peer->announced, peer->client, self->user_data);
}

static void
drop (ShmServer *self, ShmPeer *peer)
{
  g_queue_unlink (peer->is_authenticated ? &self->known : &self->waiting, &peer->link);
  forget_unnamed (self, peer);
  shm_peer_free (peer);
}

static void
on_gone (ShmPeer *peer)
{
  ShmServer *self = peer->owner;

  drop (self, peer);
  if (self->accepting == NULL)
    begin_accepting (self);
}

/* Requests */

static void
refuse_name (GByteArray *out, const char *name, const ShmFault *fault)
{
  switch (fault->errnum)
    {
    case ENOENT:
      shm_reply_append_error (out, "FileNotFoundError",
                              "[Errno %d] No such file or directory: '/%s'", ENOENT, name);
      break;
    case EPERM:
      shm_reply_append_error (out, "PermissionError",
                              "[Errno %d] The manager could not remove the block: '/%s'", EPERM,
                              name);
      break;
    case EXDEV:
      shm_reply_append_error (out, "OSError",
                              "[Errno %d] The block is in another /dev/shm than the manager: '/%s'",
                              EXDEV, name);
      break;
    case EINVAL:
    case ENAMETOOLONG:
      shm_reply_append_error (out, "ValueError", "no name of a block");
      break;
    default:
      shm_reply_append_error (out, "OSError", "[Errno %d] %s: '/%s'", fault->errnum,
                              g_strerror (fault->errnum), name);
    }
}

/* The name that a request gives, or NULL when it was refused: it is a block's, and no semaphore's. */
static const char *
get_name (const ShmRequest *request, GByteArray *out)
{
  const char *name = shm_request_get_string (request, "segment_name");
  ShmFault fault;

  if (name == NULL)
    {
      shm_reply_append_error (out, "TypeError", "%s() takes the name of a segment",
                              request->method);
      return NULL;
    }

  name = shm_name_check_existing (name, &fault);
  if (name == NULL || g_str_has_prefix (name, SHM_NAME_RESERVED_PREFIX)
      || g_str_has_prefix (name, "sem."))
    {
      shm_reply_append_error (out, "ValueError", "no name of a block");
      return NULL;
    }

  return name;
}

static void
answer_track (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  const char *name = get_name (request, out);
  ShmFault fault;

  if (name == NULL)
    return;
  if (!shm_owned_blocks_track (self->segments, name, &fault))
    {
      refuse_name (out, name, &fault);
      return;
    }

  self->funcs->tracked (name, peer->client, self->user_data);
  shm_reply_append_none (out);
}

static void
answer_release (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  const char *name = get_name (request, out);

  if (name == NULL)
    return;
  if (!shm_owned_blocks_release (self->segments, name))
    {
      shm_reply_append_error (out, "ValueError", "list.remove(x): x not in list");
      return;
    }

  self->funcs->released (name, peer->client, self->user_data);
  shm_reply_append_none (out);
}

static void
answer_announce (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 device, inode, owner;
  const char *name;
  ShmIdentity identity;
  guint64 entry;
  ShmFault fault;

  if (!shm_request_get (request, "siii", &name, &device, &inode, &owner))
    {
      shm_reply_append_error (out, "TypeError", "%s() takes a name, a device, an inode, an owner",
                              request->method);
      return;
    }

  identity = (ShmIdentity){ .device = device, .inode = inode, .uid = owner, .is_regular = TRUE };
  if (shm_name_check_new (name, &fault) != name)
    {
      shm_reply_append_error (out, "ValueError", "no name of a block");
      return;
    }
  if (!shm_owned_blocks_announce (self->segments, name, &identity, &entry, &fault))
    {
      refuse_name (out, name, &fault);
      return;
    }

  peer->announced = g_strdup (name);
  peer->announced_device = device;
  peer->announced_inode = inode;
  self->funcs->tracked (name, peer->client, self->user_data);
  shm_reply_append_integer (out, entry);
}

static void
answer_withdraw (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 device, inode;
  const char *name;

  if (!shm_request_get (request, "sii", &name, &device, &inode))
    {
      shm_reply_append_error (out, "TypeError", "%s() takes a name, a device and an inode",
                              request->method);
      return;
    }

  if (shm_owned_blocks_withdraw (self->segments, name,
                                 &(ShmIdentity){ .device = device, .inode = inode }))
    self->funcs->released (name, peer->client, self->user_data);
  shm_reply_append_none (out);
}

static void
answer_confirm (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 device, inode;
  const char *name;

  if (!shm_request_get (request, "sii", &name, &device, &inode))
    shm_reply_append_error (out, "TypeError", "%s() takes a name, a device and an inode",
                            request->method);
  else
    shm_reply_append_integer (out, shm_owned_blocks_owns (self->segments, name,
                                                          &(ShmIdentity){ .device = device,
                                                                          .inode = inode }));
}

/* Where a walk through the names is. */
typedef struct
{
  ShmOwnedBlocks *segments;
  gpointer position;
} Walk;

static const char *
next_name (gpointer user_data)
{
  Walk *walk = user_data;

  return shm_owned_blocks_next (walk->segments, &walk->position);
}

static void
answer_list (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_list (out, next_name, &(Walk){ .segments = self->segments });
}

static void
answer_none (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_none (out);
}

/* Of what CPython's servers call objects, and proxies stand for, there are none here. */
static void
answer_debug_info (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_reply_append_string (out, "");
}

static void
answer_number_of_objects (ShmServer *self,
                          ShmPeer *peer,
                          const ShmRequest *request,
                          GByteArray *out)
{
  shm_reply_append_integer (out, 0);
}

static void
answer_no_object (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  g_autofree char *arguments = shm_pickle_print (request->arguments);

  shm_reply_append_error (out, "KeyError", "%s%s: this manager has segments, and no other objects",
                          request->method, arguments);
}

static void
answer_hello (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  gint64 version, client;

  if (!shm_request_get (request, "ii", &version, &client) || version < SHM_PROTOCOL_VERSION)
    {
      shm_reply_append_error (out, "ValueError", "%s() takes a version and a number",
                              request->method);
      return;
    }

  peer->stays = TRUE;
  peer->client = client;
  shm_reply_append_hello (out, shm_registry_get_name (self->registry));
}

/* The end of everything: first the blocks, then the answer, as in CPython. */
static void
answer_shutdown (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  shm_registry_close (self->registry);
  shm_owned_blocks_release_all (self->segments);
  shm_reply_append_none (out);
  peer->stays = FALSE;
  self->has_ended = TRUE;
  self->funcs->ended (self->user_data);
}

static const struct
{
  const char *name;
  void (*answer) (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out);
} methods[] = {
  { SHM_METHOD_ANNOUNCE, answer_announce },
  { SHM_METHOD_TRACK, answer_track },
  { SHM_METHOD_REMOVE, answer_release },
  { SHM_METHOD_LIST, answer_list },
  { SHM_METHOD_DUMMY, answer_none },
  { SHM_METHOD_SHUTDOWN, answer_shutdown },
  { SHM_METHOD_HELLO, answer_hello },
  { SHM_METHOD_WITHDRAW, answer_withdraw },
  { SHM_METHOD_CONFIRM, answer_confirm },
  { SHM_METHOD_DEBUG_INFO, answer_debug_info },
  { SHM_METHOD_NUMBER_OF_OBJECTS, answer_number_of_objects },
  { "accept_connection", answer_no_object },
  { "create", answer_no_object },
  { "decref", answer_no_object },
  { "get_methods", answer_no_object },
  { "incref", answer_no_object },
};

static void
answer_request (ShmServer *self, ShmPeer *peer, const ShmRequest *request, GByteArray *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (strcmp (methods[i].name, request->method) == 0)
      {
        methods[i].answer (self, peer, request, out);
        return;
      }

  shm_reply_append_error (out, "AssertionError", "'%s' unrecognized", request->method);
}

static void
receive_request (ShmServer *self, ShmPeer *peer, const guint8 *body, gsize length, GByteArray *out)
{
  g_autoptr (ShmPickle) pickle = shm_pickle_parse (body, length);
  ShmRequest request;

  /* A client that goes on has given the block its name, or says that it has not. */
  g_clear_pointer (&peer->announced, g_free);

  if (pickle != NULL && shm_request_read (pickle, &request))
    answer_request (self, peer, &request, out);
  else
    shm_reply_append_error (out, "ValueError", "not a request");

  if (!peer->stays)
    shm_peer_end (peer);
}

/* Slow peers */

static gboolean
on_clock (gpointer user_data)
{
  ShmServer *self = user_data;
  const gint64 now = g_get_monotonic_time ();
  GQueue *queues[] = { &self->waiting, &self->known };

  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    for (GList *link = queues[i]->head, *next; link != NULL; link = next)
      {
        ShmPeer *peer = link->data;

        next = link->next;
        if (peer->deadline <= now || is_stuck (peer, now))
          drop (self, peer);
      }

  if (self->waiting.length + self->known.length > 0)
    return G_SOURCE_CONTINUE;

  g_clear_pointer (&self->clock, g_source_unref);

  return G_SOURCE_REMOVE;
}

static void
start_clock (ShmServer *self)
{
  if (self->clock != NULL)
    return;

  self->clock = g_timeout_source_new_seconds (1);
  g_source_set_callback (self->clock, on_clock, self, NULL);
  g_source_attach (self->clock, g_main_context_get_thread_default ());
}

/* Coming in */

static void
receive_proof (ShmServer *self, ShmPeer *peer, const guint8 *body, gsize length, GByteArray *out)
{
  switch (shm_handshake_receive (&peer->handshake, body, length, out))
    {
    case SHM_HANDSHAKE_CONTINUE:
      break;
    case SHM_HANDSHAKE_DONE:
      g_queue_unlink (&self->waiting, &peer->link);
      g_queue_push_tail_link (&self->known, &peer->link);
      peer->is_authenticated = TRUE;
      peer->active = g_get_monotonic_time ();
      peer->message_max = SHM_REQUEST_MAX;
      note_pause (peer);
      break;
    case SHM_HANDSHAKE_FAILED:
    default:
      shm_peer_end (peer);
    }
}

static void
on_message (ShmPeer *peer, const guint8 *body, gsize length, GByteArray *out)
{
  ShmServer *self = peer->owner;

  /* Hanging up is what says that the server is gone. */
  if (self->has_ended)
    {
      shm_peer_end (peer);
      return;
    }
  if (!peer->is_authenticated)
    {
      receive_proof (self, peer, body, length, out);
      return;
    }

  receive_request (self, peer, body, length, out);
  note_pause (peer);
  peer->active = g_get_monotonic_time ();
  g_queue_unlink (&self->known, &peer->link);
  g_queue_push_tail_link (&self->known, &peer->link);
}

static const ShmPeerFuncs peer_funcs = { on_message, on_gone };

static void
welcome (ShmServer *self, GSocket *socket)
{
  guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE];
  g_autoptr (GByteArray) challenge = g_byte_array_new ();
  ShmPeer *peer;

  if (!shm_listener_admits (&self->listener, socket, self->allow_other_users))
    {
      g_object_unref (socket);
      return;
    }

  /* Small messages are not to wait for each other. */
  if (!shm_address_is_unix (self->listener.address))
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);

  shm_random_fill (nonce, sizeof nonce);
  start_clock (self);
  peer = shm_peer_new (socket, &peer_funcs, self);
  g_queue_push_tail_link (&self->waiting, &peer->link);
  set_deadline (peer, HANDSHAKE_SECONDS);
  shm_handshake_init (&peer->handshake, SHM_HANDSHAKE_SERVER, self->key, self->allow_md5, nonce);
  shm_handshake_begin (&peer->handshake, challenge);
  shm_peer_send (peer, challenge);
}

/* Room */

static gboolean
is_full (ShmServer *self)
{
  return self->waiting.length + self->known.length >= self->peers_max;
}

/* A client of ours that keeps a connection for later, and will make another. */
static gboolean
drop_idle (ShmServer *self)
{
  const gint64 latest = g_get_monotonic_time () - IDLE_USEC;

  for (GList *link = self->known.head; link != NULL; link = link->next)
    {
      ShmPeer *peer = link->data;

      if (peer->active > latest)
        return FALSE;
      if (peer->stays && peer->announced == NULL && !shm_peer_is_busy (peer))
        {
          drop (self, peer);
          return TRUE;
        }
    }

  return FALSE;
}

/* For one more. FALSE if everybody who is here has a right to be: those who have answered the
 * challenge have the key, and others may do so yet. */
static gboolean
make_room (ShmServer *self)
{
  const gint64 latest = g_get_monotonic_time () - PATIENCE_USEC;

  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      ShmPeer *peer = link->data;

      if (peer->active > latest)
        break;
      if (peer->handshake.state == SHM_HANDSHAKE_AWAIT_ANSWER)
        {
          drop (self, peer);
          return TRUE;
        }
    }

  return drop_idle (self);
}

static gboolean
on_resume (gpointer user_data)
{
  begin_accepting (user_data);

  return G_SOURCE_REMOVE;
}

/* A listening socket that nobody accepts from is always ready: it must not be looked at. Whoever
 * leaves makes room too. */
static void
pause_accepting (ShmServer *self)
{
  g_source_destroy (self->accepting);
  g_clear_pointer (&self->accepting, g_source_unref);

  self->resuming = g_timeout_source_new (self->waiting.length > 0 ? RESUME_MSEC : RESUME_IDLE_MSEC);
  g_source_set_callback (self->resuming, on_resume, self, NULL);
  g_source_attach (self->resuming, g_main_context_get_thread_default ());
}

/* FALSE if there is no room, or something is wrong that time may heal. */
static gboolean
accept_one (ShmServer *self, gboolean *is_last)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket;

  *is_last = FALSE;
  if (is_full (self) && !make_room (self))
    return FALSE;

  socket = g_socket_accept (self->listener.socket, NULL, &error);
  if (socket != NULL)
    {
      welcome (self, socket);
      return TRUE;
    }

  *is_last = TRUE;

  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
         || (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES)
             && make_room (self));
}

static gboolean
on_connection (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  ShmServer *self = user_data;
  gboolean is_last = FALSE;

  for (int i = 0; i < ACCEPT_AT_A_TIME && !is_last; i++)
    if (!accept_one (self, &is_last))
      {
        pause_accepting (self);
        return G_SOURCE_REMOVE;
      }

  return G_SOURCE_CONTINUE;
}

static void
begin_accepting (ShmServer *self)
{
  if (self->resuming != NULL)
    {
      g_source_destroy (self->resuming);
      g_clear_pointer (&self->resuming, g_source_unref);
    }

  self->accepting = g_socket_create_source (self->listener.socket, G_IO_IN, NULL);
  g_source_set_static_name (self->accepting, "shmobj: who comes in");
  g_source_set_callback (self->accepting, G_SOURCE_FUNC (on_connection), self, NULL);
  g_source_attach (self->accepting, g_main_context_get_thread_default ());
}

/* As many descriptors as this process may have. */
static guint
find_peers_max (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return PEERS_MAX;

  if (limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = MIN (limit.rlim_max, PEERS_MAX + SPARE_DESCRIPTORS);
      setrlimit (RLIMIT_NOFILE, &limit);
      getrlimit (RLIMIT_NOFILE, &limit);
    }

  return CLAMP (limit.rlim_cur, SPARE_DESCRIPTORS + 1, PEERS_MAX + SPARE_DESCRIPTORS)
         - SPARE_DESCRIPTORS;
}

/* The server */

ShmServer *
shm_server_new (const ShmServerConfig *plan,
                ShmRegistry *registry,
                const ShmServerFuncs *funcs,
                gpointer user_data,
                GError **error)
{
  ShmServer *self = g_new0 (ShmServer, 1);

  if (!shm_listener_init (&self->listener, plan->address, registry, plan->allow_other_users, error))
    {
      g_free (self);
      return NULL;
    }

  self->key = g_bytes_ref (plan->key);
  self->allow_md5 = plan->allow_md5 && shm_address_is_local (self->listener.address);
  self->allow_other_users = plan->allow_other_users;
  self->registry = registry;
  self->segments = shm_owned_blocks_new (registry);
  self->funcs = funcs;
  self->user_data = user_data;
  self->peers_max = find_peers_max ();
  begin_accepting (self);

  return self;
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
shm_server_free (ShmServer *self)
{
  ShmPeer *peer;

  shm_registry_close (self->registry);
  shm_owned_blocks_free (self->segments);
  clear_source (&self->accepting);
  clear_source (&self->resuming);
  clear_source (&self->clock);
  while ((peer = g_queue_peek_head (&self->waiting)) != NULL
         || (peer = g_queue_peek_head (&self->known)) != NULL)
    {
      g_queue_unlink (peer->is_authenticated ? &self->known : &self->waiting, &peer->link);
      shm_peer_free (peer);
    }
  shm_listener_clear (&self->listener);
  g_bytes_unref (self->key);
  g_free (self);
}

GSocketAddress *
shm_server_get_address (ShmServer *self)
{
  return self->listener.address;
}
