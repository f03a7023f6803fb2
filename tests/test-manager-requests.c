/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server answers to single requests, also to those that no client of ours makes. */

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
  ShmManager *manager = shm_manager_new (NULL, NULL);

  g_assert_true (shm_manager_start (manager, NULL, &error));
  g_assert_no_error (error);

  return manager;
}

static ShmConnection *
open_connection (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  ShmConnection *connection
      = shm_connection_open (shm_manager_get_address (manager), shm_manager_get_authkey (manager),
                             TRUE, FALSE, NULL, &error);

  g_assert_no_error (error);

  return connection;
}

/* Sends a request that was appended to @frames; returns the answer as text: what is returned, or the
 * last line of the traceback. */
static char *
ask (ShmConnection *connection, GByteArray *frames)
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

#define assert_answer(connection, expected, ...)                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GByteArray) frames_ = g_byte_array_new ();                                          \
    g_autofree char *answer_ = NULL;                                                               \
    shm_request_append (frames_, __VA_ARGS__);                                                     \
    answer_ = ask ((connection), frames_);                                                         \
    if (!g_str_has_prefix (answer_, (expected)))                                                   \
      g_error ("%s instead of %s", answer_, (expected));                                           \
  }                                                                                                \
  G_STMT_END

static void
greet (ShmConnection *connection)
{
  assert_answer (connection, "(1, '.shmobj-manager-", SHM_METHOD_HELLO, "ii", (gint64) 1,
                 (gint64) 7);
}

static ShmIdentity
identify_device (void)
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

/* Without a greeting a connection is for one request, as in CPython. */
static void
test_once (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (ShmConnection) connection = open_connection (manager);
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  ShmReply reply;

  assert_answer (connection, "None", SHM_METHOD_DUMMY, "");
  shm_request_append (frames, SHM_METHOD_DUMMY, "");
  g_assert_null (shm_connection_call (connection, frames, &reply, NULL, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED);
}

static void
test_answers (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (ShmConnection) connection = open_connection (manager);

  assert_answer (connection, "ValueError", SHM_METHOD_HELLO, "ii", (gint64) 0, (gint64) 7);
  g_clear_pointer (&connection, shm_connection_free);
  connection = open_connection (manager);
  greet (connection);

  assert_answer (connection, "[]", SHM_METHOD_LIST, "");
  assert_answer (connection, "''", SHM_METHOD_DEBUG_INFO, "");
  assert_answer (connection, "0", SHM_METHOD_NUMBER_OF_OBJECTS, "");
  assert_answer (connection, "AssertionError: 'no_such' unrecognized", "no_such", "");
  assert_answer (connection, "KeyError: create('list',): ", "create", "s", "list");
  assert_answer (connection, "KeyError", "accept_connection", "s", "thread");
  assert_answer (connection, "KeyError", "incref", "s", "123");

  assert_answer (connection, "TypeError: track_segment() takes", SHM_METHOD_TRACK, "");
  assert_answer (connection, "TypeError", SHM_METHOD_TRACK, "i", (gint64) 5);
  assert_answer (connection, "ValueError", SHM_METHOD_TRACK, "s", "..");
  assert_answer (connection, "ValueError", SHM_METHOD_TRACK, "s", "a/b");
  assert_answer (connection, "ValueError", SHM_METHOD_TRACK, "s", ".shmobj-x");
  assert_answer (connection, "FileNotFoundError: [Errno 2] No such file or directory: '/missing'",
                 SHM_METHOD_TRACK, "s", "missing");
  assert_answer (connection, "ValueError: list.remove(x): x not in list", SHM_METHOD_REMOVE, "s",
                 "missing");
  assert_answer (connection, "TypeError", SHM_METHOD_ANNOUNCE, "s", "name");
  assert_answer (connection, "TypeError", SHM_METHOD_WITHDRAW, "s", "name");
}

/* Between being announced and having its name a block is the server's. */
static void
test_announce (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autoptr (ShmConnection) first = open_connection (manager);
  g_autoptr (ShmConnection) second = open_connection (manager);
  g_autofree char *name = test_name ("announced");
  g_autofree char *path = test_path (name);
  g_autofree char *listed = g_strdup_printf ("['%s']", name);
  const ShmIdentity block = identify_device ();
  const gint64 device = block.device;
  const gint64 inode = G_MAXINT64;
  const gint64 owner = block.uid;

  greet (first);
  greet (second);

  assert_answer (first, "OSError: [Errno 18]", SHM_METHOD_ANNOUNCE, "siii", name, device + 1, inode,
                 owner);
  if (geteuid () != 0)
    assert_answer (first, "PermissionError", SHM_METHOD_ANNOUNCE, "siii", name, device, inode,
                   (gint64) UNKNOWN_OWNER);
  assert_answer (first, "ValueError", SHM_METHOD_ANNOUNCE, "siii", "a:b", device, inode, owner);
  assert_answer (first, "[]", SHM_METHOD_LIST, "");

  assert_answer (first, "0", SHM_METHOD_ANNOUNCE, "siii", name, device, inode, owner);
  assert_answer (second, listed, SHM_METHOD_LIST, "");

  /* Another that is not it. */
  assert_answer (second, "None", SHM_METHOD_WITHDRAW, "sii", name, device, inode - 1);
  assert_answer (second, listed, SHM_METHOD_LIST, "");
  assert_answer (first, "None", SHM_METHOD_WITHDRAW, "sii", name, device, inode);
  assert_answer (second, "[]", SHM_METHOD_LIST, "");

  /* The client dies before the block has its name; another's block that has it is not touched. */
  assert_answer (first, "0", SHM_METHOD_ANNOUNCE, "siii", name, device, inode, owner);
  close (test_make_file (name, 1));
  g_clear_pointer (&first, shm_connection_free);
  for (int i = 0;; i++)
    {
      g_autoptr (GByteArray) frames = g_byte_array_new ();
      g_autofree char *answer = NULL;

      shm_request_append (frames, SHM_METHOD_LIST, "");
      answer = ask (second, frames);
      if (strcmp (answer, "[]") == 0)
        break;
      g_assert_cmpint (i, <, 1000);
      g_usleep (1000);
    }
  g_assert_true (test_exists (name));
  unlink (path);
}

/* Another process at the last moment before a block gets its name. */
static ShmManager *meddler;
static char *meddled_name;
static gboolean meddler_ends;

static void
meddle (ShmStep step)
{
  if (step != SHM_STEP_PUBLISH)
    return;

  shm_test_hook = NULL;
  if (meddler_ends)
    g_assert_true (shm_manager_shutdown (meddler, NULL, NULL));
  else
    g_assert_true (shm_manager_remove (meddler, meddled_name, NULL, NULL));
}

static void
test_meddled (void)
{
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (ShmManager) manager = start_manager ();
      g_autoptr (ShmManager) other
          = shm_manager_new_for_address (shm_manager_get_address (manager),
                                         shm_manager_get_authkey (manager));
      g_autofree char *name = test_name ("meddled");
      g_autoptr (GError) error = NULL;

      g_assert_true (shm_manager_connect_to_server (other, NULL, &error));
      meddler = other;
      meddled_name = name;
      meddler_ends = i == 1;
      shm_test_hook = meddle;

      g_assert_null (shm_manager_create_shared_memory (manager, name, 1, 0, NULL, &error));
      test_assert_error (error, i == 0 ? SHM_ERROR_NOT_FOUND : SHM_ERROR_SERVER_DIED, name);
      g_assert_false (test_exists (name));
    }
}

/* CPython's servers and clients alike close with a message unread. */
static void
test_gone_while_asking (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_auto (GStrv) names = NULL;

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                                 G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_assert_true (g_socket_connect (socket, shm_manager_get_address (manager), NULL, NULL));
      g_socket_send (socket, "\0\0\1", i % 4, NULL, NULL);
    }

  names = shm_manager_list_blocks (manager, NULL, NULL);
  g_assert_nonnull (names);
}

/* A server that hangs up on a client, as one does that has too much to do: between it and the client
 * stands somebody who lets only some connections through. */

typedef struct
{
  GSocket *listener;
  GSocketAddress *server;
  int cuts;   /* (atomic): the connection is to be cut */
  int is_cut; /* (atomic): it is */
} Porter;

static gboolean
pass_on (GSocket *from, GSocket *to)
{
  char chunk[4096];
  const gssize n = g_socket_receive (from, chunk, sizeof chunk, NULL, NULL);

  return n > 0 && g_socket_send (to, chunk, n, NULL, NULL) == n;
}

/* Until one of them hangs up, or is cut. */
static void
relay (Porter *porter, GSocket *client)
{
  g_autoptr (GSocket) server
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  GPollFD fds[] = {
    { .fd = g_socket_get_fd (client), .events = G_IO_IN },
    { .fd = g_socket_get_fd (server), .events = G_IO_IN },
  };

  g_assert_true (g_socket_connect (server, porter->server, NULL, NULL));
  while (g_atomic_int_get (&porter->cuts) == 0)
    {
      g_poll (fds, 2, 5);
      if ((fds[0].revents != 0 && !pass_on (client, server))
          || (fds[1].revents != 0 && !pass_on (server, client)))
        break;
    }
}

/* Three connections come, the second for nothing. */
static gpointer
be_a_porter (gpointer data)
{
  Porter *porter = data;

  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GSocket) client = g_socket_accept (porter->listener, NULL, NULL);

      if (i != 1)
        relay (porter, client);
      g_clear_object (&client);
      g_atomic_int_set (&porter->cuts, 0);
      g_atomic_int_set (&porter->is_cut, 1);
    }

  return NULL;
}

static void
test_hang_up (void)
{
  g_autoptr (ShmManager) manager = start_manager ();
  g_autofree char *name = g_strdup_printf ("@shmobj-test-porter-%d", getpid ());
  g_autoptr (GSocketAddress) address = shm_address_parse (name, NULL);
  g_autoptr (GSocket) listener
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  ShmManager *client = shm_manager_new (name, shm_manager_get_authkey (manager));
  Porter porter = { listener, shm_manager_get_address (manager), 0, 0 };
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_assert_true (g_socket_bind (listener, address, FALSE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  thread = g_thread_new ("porter", be_a_porter, &porter);
  g_assert_true (shm_manager_connect_to_server (client, NULL, &error));

  g_atomic_int_set (&porter.cuts, 1);
  while (!g_atomic_int_get (&porter.is_cut))
    g_thread_yield ();
  names = shm_manager_list_blocks (client, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (shm_manager_get_state (client), ==, SHM_MANAGER_STATE_CONNECTED);

  g_object_unref (client);
  g_thread_join (thread);
}

/* Servers that are none, or mean harm */

typedef struct
{
  const char *first; /* what is said at once */
  gsize first_length;
  gboolean knows_key; /* then comes the handshake, and after it: */
  const char *reply;
  gsize reply_length;
  int code;
} Stranger;

#define TEXT(text) text, sizeof (text) - 1

static const Stranger strangers[] = {
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
  const Stranger *stranger;
} Stage;

static void
receive_more (GSocket *socket, GByteArray *input)
{
  guint8 chunk[512];
  const gssize n = g_socket_receive (socket, (char *) chunk, sizeof chunk, NULL, NULL);

  g_assert_cmpint (n, >, 0);
  g_byte_array_append (input, chunk, n);
}

/* Until the first request is there. */
static void
shake_hands (GSocket *socket, GBytes *key)
{
  static const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE] = { 7 };
  g_autoptr (GByteArray) input = g_byte_array_new ();
  g_autoptr (GByteArray) output = g_byte_array_new ();
  g_auto (ShmHandshake) auth = { .key = NULL };
  ShmHandshakeStatus status = SHM_HANDSHAKE_CONTINUE;
  gsize at, length;

  shm_handshake_init (&auth, SHM_HANDSHAKE_SERVER, key, TRUE, nonce);
  shm_handshake_begin (&auth, output);
  while (status == SHM_HANDSHAKE_CONTINUE)
    {
      g_socket_send (socket, (char *) output->data, output->len, NULL, NULL);
      g_byte_array_set_size (output, 0);
      while (shm_frame_parse (input->data, input->len, 256, &at, &length) != SHM_FRAME_COMPLETE)
        receive_more (socket, input);
      status = shm_handshake_receive (&auth, input->data + at, length, output);
      g_byte_array_remove_range (input, 0, at + length);
    }
  g_assert_cmpint (status, ==, SHM_HANDSHAKE_DONE);

  while (shm_frame_parse (input->data, input->len, 256, &at, &length) != SHM_FRAME_COMPLETE)
    receive_more (socket, input);
}

static gpointer
be_a_stranger (gpointer data)
{
  Stage *stage = data;
  g_autoptr (GSocket) socket = g_socket_accept (stage->listener, NULL, NULL);

  /* Nobody is let in twice. */
  g_socket_close (stage->listener, NULL);
  g_socket_send (socket, stage->stranger->first, stage->stranger->first_length, NULL, NULL);
  if (stage->stranger->knows_key)
    {
      shake_hands (socket, stage->key);
      g_socket_send (socket, stage->stranger->reply, stage->stranger->reply_length, NULL, NULL);
    }

  return NULL;
}

static void
test_strangers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autofree char *name = g_strdup_printf ("@shmobj-test-stranger-%d-%u", getpid (), i);
      g_autoptr (GSocketAddress) address = shm_address_parse (name, NULL);
      g_autoptr (GSocket) listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                                   G_SOCKET_PROTOCOL_DEFAULT, NULL);
      g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
      g_autoptr (ShmManager) manager = shm_manager_new (name, key);
      g_autoptr (GError) error = NULL;
      Stage stage = { listener, key, &strangers[i] };
      GThread *thread;

      g_assert_true (g_socket_bind (listener, address, FALSE, NULL));
      g_assert_true (g_socket_listen (listener, NULL));
      thread = g_thread_new ("stranger", be_a_stranger, &stage);
      g_assert_false (shm_manager_connect_to_server (manager, NULL, &error));
      g_thread_join (thread);
      g_test_message ("%u: %s", i, error->message);
      test_assert_error (error, strangers[i].code, name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/manager-requests/once", test_once);
  g_test_add_func ("/manager-requests/answers", test_answers);
  g_test_add_func ("/manager-requests/announce", test_announce);
  g_test_add_func ("/manager-requests/meddled", test_meddled);
  g_test_add_func ("/manager-requests/hang-up", test_hang_up);
  g_test_add_func ("/manager-requests/strangers", test_strangers);
  g_test_add_func ("/manager-requests/gone-while-asking", test_gone_while_asking);

  return g_test_run ();
}
