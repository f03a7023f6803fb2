/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/server/shm-admission.h"

#include <sys/resource.h>

/* How long a peer may take for the handshake. */
#define HANDSHAKE_SECONDS 5

/* How long a peer may take to send one message or to receive a reply. */
#define MESSAGE_SECONDS 10

/* If a connection is not persistent, the peer may wait this long after the handshake before it
 * sends its only request. A client of CPython creates its block in this time. */
#define REQUEST_SECONDS 600

/* The number of descriptors to keep for purposes other than peers. */
#define SPARE_DESCRIPTORS 16
#define PEERS_MAX         16384

/* When descriptors run out, a peer that has not answered the challenge for this time is dropped.
 * The time is long enough for a client on a busy machine. It is short enough that a client does not
 * wait too long behind hundreds of silent peers. */
#define SILENT_USEC (25 * 1000)

/* If there is no such peer, the server drops a persistent connection that has been idle for this
 * long. If the last request on the connection announced a block, the connection gets more time.
 * Most such clients have already published the block and only keep the connection. A client that is
 * still about to publish the block fails if its connection is dropped. */
#define IDLE_USEC           G_USEC_PER_SEC
#define ANNOUNCED_IDLE_USEC (5 * G_USEC_PER_SEC)

/* How long accepting pauses if no peer can be dropped for a new one. */
#define RESUME_MSEC      5
#define RESUME_IDLE_MSEC 100 /* if there are no unauthenticated peers */

/* The number of connections to accept before the main loop handles the existing peers again. */
#define ACCEPT_AT_A_TIME 16

static void start_accepting (ShmAdmission *self);

static void
attach_source (GSource *source, GSourceFunc func, ShmAdmission *self)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Slow peers */

static gint64
deadline_in (guint seconds)
{
  return g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

static GQueue *
get_queue (ShmAdmission *self, const ShmPeer *peer)
{
  return peer->is_authenticated ? &self->authenticated : &self->unauthenticated;
}

static void
drop (ShmAdmission *self, ShmPeer *peer)
{
  g_queue_unlink (get_queue (self, peer), &peer->link);
  self->funcs->dropped (peer, self->user_data);
}

/* Returns whether the peer takes too long to send a message or to receive a reply. */
static gboolean
is_too_slow (ShmPeer *peer, gint64 now)
{
  if (!shm_peer_is_busy (peer))
    peer->message_timeout = 0;
  else if (peer->message_timeout == 0)
    peer->message_timeout = now + MESSAGE_SECONDS * G_USEC_PER_SEC;

  return peer->message_timeout != 0 && peer->message_timeout <= now;
}

static gboolean
on_timeout (gpointer user_data)
{
  ShmAdmission *self = user_data;
  const gint64 now = g_get_monotonic_time ();
  GQueue *queues[] = { &self->unauthenticated, &self->authenticated };

  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    for (GList *link = queues[i]->head, *next; link != NULL; link = next)
      {
        ShmPeer *peer = link->data;

        next = link->next;
        if (peer->deadline <= now || is_too_slow (peer, now))
          drop (self, peer);
      }

  if (self->unauthenticated.length + self->authenticated.length > 0)
    return G_SOURCE_CONTINUE;

  g_clear_pointer (&self->timeout_source, g_source_unref);

  return G_SOURCE_REMOVE;
}

static void
ensure_timeout_source (ShmAdmission *self)
{
  if (self->timeout_source != NULL)
    return;

  self->timeout_source = g_timeout_source_new_seconds (1);
  attach_source (self->timeout_source, on_timeout, self);
}

/* Adding peers and changing their state */

void
shm_admission_add (ShmAdmission *self, ShmPeer *peer)
{
  g_queue_push_tail_link (&self->unauthenticated, &peer->link);
  peer->deadline = deadline_in (HANDSHAKE_SECONDS);
  ensure_timeout_source (self);
}

void
shm_admission_authenticate (ShmAdmission *self, ShmPeer *peer)
{
  g_queue_unlink (&self->unauthenticated, &peer->link);
  g_queue_push_tail_link (&self->authenticated, &peer->link);
  peer->is_authenticated = TRUE;
  shm_admission_renew (self, peer);
}

void
shm_admission_renew (ShmAdmission *self, ShmPeer *peer)
{
  g_queue_unlink (&self->authenticated, &peer->link);
  g_queue_push_tail_link (&self->authenticated, &peer->link);
  peer->last_active = g_get_monotonic_time ();
  peer->deadline = peer->is_persistent ? G_MAXINT64 : deadline_in (REQUEST_SECONDS);
  peer->message_timeout = 0;
}

void
shm_admission_drop (ShmAdmission *self, ShmPeer *peer)
{
  drop (self, peer);
  if (self->accept_source == NULL)
    start_accepting (self);
}

/* Dropping peers for new ones */

static gboolean
is_full (ShmAdmission *self)
{
  return self->unauthenticated.length + self->authenticated.length >= self->peers_max;
}

/* Drops an unauthenticated peer that does not answer the challenge. A peer in a later state of the
 * handshake is not dropped, because it has proved that it has the key. */
static gboolean
drop_silent_peer (ShmAdmission *self)
{
  const gint64 latest = g_get_monotonic_time () - SILENT_USEC;

  for (GList *link = self->unauthenticated.head; link != NULL; link = link->next)
    {
      ShmPeer *peer = link->data;

      if (peer->last_active > latest)
        return FALSE;
      if (peer->handshake.state == SHM_HANDSHAKE_AWAIT_ANSWER)
        {
          drop (self, peer);
          return TRUE;
        }
    }

  return FALSE;
}

/* Drops a persistent connection that a client keeps for later requests. The client opens a new
 * connection when it needs one. */
static gboolean
drop_idle_peer (ShmAdmission *self)
{
  const gint64 now = g_get_monotonic_time ();

  for (GList *link = self->authenticated.head; link != NULL; link = link->next)
    {
      ShmPeer *peer = link->data;
      const gint64 idle_usec = now - peer->last_active;

      if (idle_usec < IDLE_USEC)
        return FALSE;
      if (peer->is_persistent && !shm_peer_is_busy (peer)
          && (peer->announced == NULL || idle_usec >= ANNOUNCED_IDLE_USEC))
        {
          drop (self, peer);
          return TRUE;
        }
    }

  return FALSE;
}

/* Drops a peer, so that the server can have a new one. Returns FALSE if no peer may be dropped. */
static gboolean
drop_peer_for_new (ShmAdmission *self)
{
  return drop_silent_peer (self) || drop_idle_peer (self);
}

/* Accepting */

static gboolean
on_resume (gpointer user_data)
{
  start_accepting (user_data);

  return G_SOURCE_REMOVE;
}

/* Removes the source: a listening socket with pending connections is always ready, and would keep
 * the main loop busy. */
static void
pause_accepting (ShmAdmission *self)
{
  clear_source (&self->accept_source);
  self->resume_source
      = g_timeout_source_new (self->unauthenticated.length > 0 ? RESUME_MSEC : RESUME_IDLE_MSEC);
  attach_source (self->resume_source, on_resume, self);
}

/* Accepts one connection. Returns FALSE if accepting must pause, because no peer can be dropped, or
 * because of an error that may be temporary. Sets *@is_last to whether the caller must return to
 * the main loop: there are no more connections, or a peer was dropped to free a descriptor. */
static gboolean
accept_one (ShmAdmission *self, gboolean *is_last)
{
  g_autoptr (GError) error = NULL;
  GSocket *connection;

  *is_last = FALSE;
  if (is_full (self) && !drop_peer_for_new (self))
    return FALSE;

  connection = g_socket_accept (self->listener, NULL, &error);
  if (connection != NULL)
    {
      self->funcs->accepted (connection, self->user_data);
      return TRUE;
    }

  *is_last = TRUE;

  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
         || (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES)
             && drop_peer_for_new (self));
}

static gboolean
on_connection (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  ShmAdmission *self = user_data;
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
start_accepting (ShmAdmission *self)
{
  clear_source (&self->resume_source);
  self->accept_source = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_static_name (self->accept_source, "shmobj: accept");
  attach_source (self->accept_source, G_SOURCE_FUNC (on_connection), self);
}

/* Raises the soft limit of descriptors. Returns the number of peers that this limit permits. */
static guint
compute_peers_max (void)
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

void
shm_admission_init (ShmAdmission *self,
                    GSocket *listener,
                    const ShmAdmissionFuncs *funcs,
                    gpointer user_data)
{
  *self = (ShmAdmission){
    .listener = listener,
    .funcs = funcs,
    .user_data = user_data,
    .unauthenticated = G_QUEUE_INIT,
    .authenticated = G_QUEUE_INIT,
    .peers_max = compute_peers_max (),
  };
  start_accepting (self);
}

void
shm_admission_clear (ShmAdmission *self)
{
  ShmPeer *peer;

  clear_source (&self->accept_source);
  clear_source (&self->resume_source);
  clear_source (&self->timeout_source);
  while ((peer = g_queue_peek_head (&self->unauthenticated)) != NULL
         || (peer = g_queue_peek_head (&self->authenticated)) != NULL)
    {
      g_queue_unlink (get_queue (self, peer), &peer->link);
      shm_peer_free (peer);
    }
}
