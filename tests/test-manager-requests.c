/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests how a server replies to single requests, including requests that a client of this library
 * never sends. The tests also check how a client handles a server that closes connections or sends
 * invalid data. */

#include "shm-test.h"

#include "core/shm-fault.h"
#include "core/shm-system.h"
#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-handshake.h"
#include "manager/client/shm-connection.h"
#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-reply.h"
#include "manager/protocol/shm-request.h"

#define UNKNOWN_OWNER 12345

static ShmManager *
start_manager (void)
{
  g_autoptr (GError) error = NULL;
  ShmManager *manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);

  g_assert_true (shm_manager_start (manager, NULL, &error));
  g_assert_no_error (error);

  return manager;
}

static GSocketAddress *
parse_address (ShmManager *manager)
{
  GSocketAddress *address = shm_address_parse (shm_manager_get_address (manager), NULL);

  g_assert_nonnull (address);

  return address;
}

static ShmConnection *
open_connection (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = parse_address (manager);
  ShmConnection *connection
      = shm_connection_open (address, shm_manager_get_authkey (manager), TRUE, FALSE, NULL, &error);

  g_assert_no_error (error);

  return connection;
}

/* Sends the request in @frames and clears @frames. Returns the result of the request as text. If
 * the request failed, returns the last line of the traceback. */
static char *
call_server (ShmConnection *connection, GByteArray *frames)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmPickle) pickle = NULL;
  ShmReply reply;

  pickle = shm_connection_call (connection, frames, &reply, NULL, &error);
  g_assert_no_error (error);
  g_byte_array_set_size (frames, 0);

  return reply.kind == SHM_REPLY_RETURN ? shm_pickle_print (reply.value)
                                        : shm_reply_get_reason (&reply);
}

#define assert_reply(connection, expected, ...)                                                    \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GByteArray) frames_ = g_byte_array_new ();                                          \
    g_autofree char *reply_ = NULL;                                                                \
    shm_request_append (frames_, __VA_ARGS__);                                                     \
    reply_ = call_server ((connection), frames_);                                                  \
    if (!g_str_has_prefix (reply_, (expected)))                                                    \
      g_error ("The reply is %s instead of %s", reply_, (expected));                               \
  }                                                                                                \
  G_STMT_END

static void
say_hello (ShmConnection *connection)
{
  assert_reply (connection, "(1, '.shmobj-", SHM_METHOD_HELLO, "ii", (gint64) 1, (gint64) 7);
}

/* Returns the identity of a file in /dev/shm that no longer exists. */
static ShmIdentity
get_removed_identity (void)
{
  g_autofree char *name = test_name ("device");
  g_autofree char *path = test_path (name);
  ShmIdentity identity;
  ShmFault fault;

  close (test_make_file (name, 1));
  g_assert_true (shm_system_identify_name (name, &identity, &fault));
  unlink (path);

  return identity;
}

/* If a client does not send the request shmobj_hello first, the server closes the connection after
 * one request, as CPython's server does. */
static void
test_single_request (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (ShmConnection) connection = open_connection (manager);
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  ShmReply reply;

  assert_reply (connection, "None", SHM_METHOD_DUMMY, "");
  shm_request_append (frames, SHM_METHOD_DUMMY, "");
  g_assert_null (shm_connection_call (connection, frames, &reply, NULL, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED);
}

static void
test_replies (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (ShmConnection) connection = open_connection (manager);

  assert_reply (connection, "ValueError", SHM_METHOD_HELLO, "ii", (gint64) 0, (gint64) 7);
  g_clear_pointer (&connection, shm_connection_free);
  connection = open_connection (manager);
  say_hello (connection);

  assert_reply (connection, "[]", SHM_METHOD_LIST, "");
  assert_reply (connection, "''", SHM_METHOD_DEBUG_INFO, "");
  assert_reply (connection, "0", SHM_METHOD_NUMBER_OF_OBJECTS, "");
  assert_reply (connection, "AssertionError: 'no_such' unrecognized", "no_such", "");
  assert_reply (connection, "KeyError: create('list',): ", "create", "s", "list");
  assert_reply (connection, "KeyError", "accept_connection", "s", "thread");
  assert_reply (connection, "KeyError", "incref", "s", "123");

  assert_reply (connection, "TypeError: track_segment() takes", SHM_METHOD_TRACK, "");
  assert_reply (connection, "TypeError", SHM_METHOD_TRACK, "i", (gint64) 5);
  assert_reply (connection, "ValueError", SHM_METHOD_TRACK, "s", "..");
  assert_reply (connection, "ValueError", SHM_METHOD_TRACK, "s", "a/b");
  assert_reply (connection, "ValueError", SHM_METHOD_TRACK, "s", ".shmobj-x");
  assert_reply (connection, "FileNotFoundError: [Errno 2] No such file or directory: '/missing'",
                SHM_METHOD_TRACK, "s", "missing");
  assert_reply (connection, "ValueError: list.remove(x): x not in list", SHM_METHOD_REMOVE, "s",
                "missing");
  assert_reply (connection, "TypeError", SHM_METHOD_ANNOUNCE, "s", "name");
  assert_reply (connection, "TypeError", SHM_METHOD_WITHDRAW, "s", "name");
}

/* The server lists a block as soon as a client has announced the block. */
static void
test_announce (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (ShmConnection) first = open_connection (manager);
  g_autoptr (ShmConnection) second = open_connection (manager);
  g_autofree char *name = test_name ("announced");
  g_autofree char *path = test_path (name);
  g_autofree char *listed = g_strdup_printf ("['%s']", name);
  const ShmIdentity block = get_removed_identity ();
  const gint64 device = block.device;
  const gint64 inode = G_MAXINT64;
  const gint64 owner = block.uid;

  say_hello (first);
  say_hello (second);

  assert_reply (first, "OSError: [Errno 18]", SHM_METHOD_ANNOUNCE, "siii", name, device + 1, inode,
                owner);
  if (geteuid () != 0)
    assert_reply (first, "PermissionError", SHM_METHOD_ANNOUNCE, "siii", name, device, inode,
                  (gint64) UNKNOWN_OWNER);
  assert_reply (first, "ValueError", SHM_METHOD_ANNOUNCE, "siii", "a:b", device, inode, owner);
  assert_reply (first, "[]", SHM_METHOD_LIST, "");

  assert_reply (first, "0", SHM_METHOD_ANNOUNCE, "siii", name, device, inode, owner);
  assert_reply (second, listed, SHM_METHOD_LIST, "");

  /* The server ignores a request to withdraw a block with this name and another identity. */
  assert_reply (second, "None", SHM_METHOD_WITHDRAW, "sii", name, device, inode - 1);
  assert_reply (second, listed, SHM_METHOD_LIST, "");
  assert_reply (first, "None", SHM_METHOD_WITHDRAW, "sii", name, device, inode);
  assert_reply (second, "[]", SHM_METHOD_LIST, "");

  /* The client disconnects before it publishes the block. The server drops the block from its list,
   * and does not remove another block that has the same name. */
  assert_reply (first, "0", SHM_METHOD_ANNOUNCE, "siii", name, device, inode, owner);
  close (test_make_file (name, 1));
  g_clear_pointer (&first, shm_connection_free);
  for (int i = 0;; i++)
    {
      g_autoptr (GByteArray) frames = g_byte_array_new ();
      g_autofree char *reply = NULL;

      shm_request_append (frames, SHM_METHOD_LIST, "");
      reply = call_server (second, frames);
      if (strcmp (reply, "[]") == 0)
        break;
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 1000);
      g_usleep (1000);
    }
  g_assert_true (test_exists (name));
  unlink (path);
}

/* Just before a client publishes a block, another client removes the block or shuts down the
 * server. */

static ShmManager *interfering_manager;
static char *interfered_name;
static gboolean shuts_down;

static void
interfere (ShmStep step)
{
  if (step != SHM_STEP_PUBLISH)
    return;

  shm_test_hook = NULL;
  if (shuts_down)
    g_assert_true (shm_manager_shutdown (interfering_manager, NULL, NULL));
  else
    g_assert_true (shm_manager_remove (interfering_manager, interfered_name, NULL, NULL));
}

static void
test_interference (void)
{
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (ShmManager) manager = start_manager ();
      g_autoptr (ShmManager) other
          = shm_manager_new (shm_manager_get_address (manager), shm_manager_get_authkey (manager),
                             SHM_MANAGER_NONE);
      g_autofree char *name = test_name ("interfered");
      g_autoptr (GError) error = NULL;

      g_assert_true (shm_manager_connect_to_server (other, NULL, &error));
      interfering_manager = other;
      interfered_name = name;
      shuts_down = i == 1;
      shm_test_hook = interfere;

      g_assert_null (shm_manager_create_shared_memory (manager, name, 1, 0600, 0, NULL, &error));
      test_assert_error (error, i == 0 ? SHM_ERROR_NOT_FOUND : SHM_ERROR_SERVER_DIED, name);
      g_assert_false (test_exists (name));
    }
}

/* Each client sends at most three bytes, which are an incomplete message, and closes the connection
 * without reading the challenge. Afterwards, the server still replies to other clients. */
static void
test_aborted_connections (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (GSocketAddress) address = parse_address (manager);
  g_auto (GStrv) names = NULL;

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                                 G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_assert_true (g_socket_connect (socket, address, NULL, NULL));
      g_socket_send (socket, "\0\0\1", i % 4, NULL, NULL);
    }

  names = shm_manager_list_blocks (manager, NULL, NULL);
  g_assert_nonnull (names);
}

/* An overloaded server closes connections. In this test, a proxy between the client and the server
 * closes some of the connections instead. */

typedef struct
{
  GSocket *listener;
  GSocketAddress *server;
  int must_close; /* (atomic): whether the proxy must close its current connection */
  int is_closed;  /* (atomic): whether the proxy has closed a connection */
} Proxy;

static gboolean
forward (GSocket *from, GSocket *to)
{
  char chunk[4096];
  const gssize n = g_socket_receive (from, chunk, sizeof chunk, NULL, NULL);

  return n > 0 && g_socket_send (to, chunk, n, NULL, NULL) == n;
}

/* Forwards bytes in both directions until one end closes the connection, or until the test sets
 * must_close. */
static void
relay (Proxy *proxy, GSocket *client)
{
  g_autoptr (GSocket) server
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  GPollFD fds[] = {
    { .fd = g_socket_get_fd (client), .events = G_IO_IN },
    { .fd = g_socket_get_fd (server), .events = G_IO_IN },
  };

  g_assert_true (g_socket_connect (server, proxy->server, NULL, NULL));
  while (g_atomic_int_get (&proxy->must_close) == 0)
    {
      g_poll (fds, 2, 5);
      if ((fds[0].revents != 0 && !forward (client, server))
          || (fds[1].revents != 0 && !forward (server, client)))
        break;
    }
}

/* Accepts three connections, and closes the second connection at once. */
static gpointer
run_proxy (gpointer data)
{
  Proxy *proxy = data;

  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GSocket) client = g_socket_accept (proxy->listener, NULL, NULL);

      if (i != 1)
        relay (proxy, client);
      g_clear_object (&client);
      g_atomic_int_set (&proxy->must_close, 0);
      g_atomic_int_set (&proxy->is_closed, 1);
    }

  return NULL;
}

static void
test_closed_connections (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autofree char *name = g_strdup_printf ("@shmobj-test-proxy-%d", getpid ());
  g_autoptr (GSocketAddress) address = shm_address_parse (name, NULL);
  g_autoptr (GSocket) listener
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  ShmManager *client = shm_manager_new (name, shm_manager_get_authkey (manager), SHM_MANAGER_NONE);
  g_autoptr (GSocketAddress) server_address = parse_address (manager);
  Proxy proxy = { listener, server_address, 0, 0 };
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_assert_true (g_socket_bind (listener, address, FALSE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  thread = g_thread_new ("proxy", run_proxy, &proxy);
  g_assert_true (shm_manager_connect_to_server (client, NULL, &error));

  g_atomic_int_set (&proxy.must_close, 1);
  while (!g_atomic_int_get (&proxy.is_closed))
    g_thread_yield ();
  names = shm_manager_list_blocks (client, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (shm_manager_get_state (client), ==, SHM_MANAGER_STATE_CONNECTED);

  g_object_unref (client);
  g_thread_join (thread);
}

/* Fake servers: other programs that listen at the address, and hostile servers */

typedef struct
{
  const char *first; /* the bytes to send at once */
  gsize first_length;
  gboolean has_key;  /* whether to complete the handshake and then send @reply */
  const char *reply; /* the bytes to send after the first request */
  gsize reply_length;
  int code; /* the code of the error that the client must report, a ShmError */
} FakeServer;

/* A string literal, and its length without the NUL at its end */
#define TEXT(text) text, sizeof (text) - 1

static const FakeServer fake_servers[] = {
  { TEXT (""), .code = SHM_ERROR_SERVER_DIED },
  { TEXT ("HTTP/1.1 400 Bad Request\r\n\r\n"), .code = SHM_ERROR_PROTOCOL },
  { TEXT ("\x7f\xff\xff\xff"), .code = SHM_ERROR_PROTOCOL },
  { TEXT ("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), .code = SHM_ERROR_PROTOCOL },
  { TEXT ("\xff\xff\xff\xfe"), .code = SHM_ERROR_PROTOCOL },
  { TEXT ("\0\0\0\7#NOSUCH"), .code = SHM_ERROR_AUTHENTICATION_FAILED },
  { TEXT ("\0\0\0\x0b#CHALLENGE#"), .code = SHM_ERROR_AUTHENTICATION_FAILED },
  { TEXT (""), TRUE, TEXT (""), SHM_ERROR_SERVER_DIED },
  { TEXT (""), TRUE, TEXT ("\x7f\xff\xff\xff"), SHM_ERROR_PROTOCOL },
  { TEXT (""), TRUE, TEXT ("\0\0\0\2N."), SHM_ERROR_PROTOCOL },
  { TEXT (""), TRUE, TEXT ("\0\0\0\4\x80\x02N\x85"), SHM_ERROR_PROTOCOL },
  { TEXT (""), TRUE, TEXT ("\0\0\0\x0b\x80\x02\x63os\nx\n)R."), SHM_ERROR_PROTOCOL },
};

typedef struct
{
  GSocket *listener;
  GBytes *key;
  const FakeServer *fake;
} FakeServerData;

static void
receive_more (GSocket *socket, GByteArray *input)
{
  guint8 chunk[512];
  const gssize n = g_socket_receive (socket, (char *) chunk, sizeof chunk, NULL, NULL);

  g_assert_cmpint (n, >, 0);
  g_byte_array_append (input, chunk, n);
}

/* Completes the handshake, and receives the first request. */
static void
accept_client (GSocket *socket, GBytes *key)
{
  static const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE] = { 7 };
  g_autoptr (GByteArray) input = g_byte_array_new ();
  g_autoptr (GByteArray) output = g_byte_array_new ();
  g_auto (ShmHandshake) handshake = { .key = NULL };
  ShmHandshakeStatus status = SHM_HANDSHAKE_CONTINUE;
  gsize at, length;

  shm_handshake_init (&handshake, SHM_HANDSHAKE_SERVER, key, TRUE, nonce);
  shm_handshake_begin (&handshake, output);
  while (status == SHM_HANDSHAKE_CONTINUE)
    {
      g_socket_send (socket, (char *) output->data, output->len, NULL, NULL);
      g_byte_array_set_size (output, 0);
      while (shm_frame_parse (input->data, input->len, 256, &at, &length) != SHM_FRAME_COMPLETE)
        receive_more (socket, input);
      status = shm_handshake_receive (&handshake, input->data + at, length, output);
      g_byte_array_remove_range (input, 0, at + length);
    }
  g_assert_cmpint (status, ==, SHM_HANDSHAKE_DONE);

  while (shm_frame_parse (input->data, input->len, 256, &at, &length) != SHM_FRAME_COMPLETE)
    receive_more (socket, input);
}

static gpointer
run_fake_server (gpointer user_data)
{
  FakeServerData *data = user_data;
  g_autoptr (GSocket) socket = g_socket_accept (data->listener, NULL, NULL);

  /* Close the listener, so that further connection attempts of the client fail. */
  g_socket_close (data->listener, NULL);
  g_socket_send (socket, data->fake->first, data->fake->first_length, NULL, NULL);
  if (data->fake->has_key)
    {
      accept_client (socket, data->key);
      g_socket_send (socket, data->fake->reply, data->fake->reply_length, NULL, NULL);
    }

  return NULL;
}

static void
test_fake_servers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (fake_servers); i++)
    {
      g_autofree char *name = g_strdup_printf ("@shmobj-test-fake-%d-%u", getpid (), i);
      g_autoptr (GSocketAddress) address = shm_address_parse (name, NULL);
      g_autoptr (GSocket) listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                                   G_SOCKET_PROTOCOL_DEFAULT, NULL);
      g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
      g_autoptr (ShmManager) manager = shm_manager_new (name, key, SHM_MANAGER_NONE);
      g_autoptr (GError) error = NULL;
      FakeServerData data = { listener, key, &fake_servers[i] };
      GThread *thread;

      g_assert_true (g_socket_bind (listener, address, FALSE, NULL));
      g_assert_true (g_socket_listen (listener, NULL));
      thread = g_thread_new ("fake server", run_fake_server, &data);
      g_assert_false (shm_manager_connect_to_server (manager, NULL, &error));
      g_thread_join (thread);
      g_test_message ("%u: %s", i, error->message);
      test_assert_error (error, fake_servers[i].code, name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/manager-requests/single", test_single_request);
  g_test_add_func ("/manager-requests/replies", test_replies);
  g_test_add_func ("/manager-requests/announce", test_announce);
  g_test_add_func ("/manager-requests/interference", test_interference);
  g_test_add_func ("/manager-requests/closed-connections", test_closed_connections);
  g_test_add_func ("/manager-requests/fake-servers", test_fake_servers);
  g_test_add_func ("/manager-requests/aborted-connections", test_aborted_connections);

  return g_test_run ();
}
