/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests frames, the handshake and pickles with bytes that CPython has sent or computed. These bytes
 * are in tests/data/manager-vectors.txt. The tested functions only convert data, so the tests need
 * no server. */

#include <glib.h>

#include "manager/protocol/shm-handshake.h"
#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-pickle-reader.h"
#include "manager/protocol/shm-pickle-writer.h"

#include <string.h>

/* Test vectors */

typedef void (*UseVector) (char **fields);

static GBytes *
parse_hex (const char *hex)
{
  const gsize length = strlen (hex) / 2;
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]);

  return g_bytes_new_take (bytes, length);
}

/* Calls @use with the fields of each vector of this kind, without the field that names the kind.
 * There must be at least @at_least vectors. */
static void
for_each_vector (const char *kind, guint at_least, UseVector use)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "manager-vectors.txt", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) fields = g_strsplit (*line, "\t", -1);

      if (g_strcmp0 (fields[0], kind) != 0)
        continue;
      use (fields + 1);
      n++;
    }
  g_assert_cmpuint (n, >=, at_least);
}

/* Frames */

static ShmFrameStatus
parse_frame (const char *bytes, gsize length, gsize max, gsize *at, gsize *body_length)
{
  /* The copy has exactly @length bytes, so that AddressSanitizer finds each access beyond the end
   * of the copy. */
  g_autofree guint8 *copy = g_memdup2 (bytes, length);

  return shm_frame_parse (copy, length, max, at, body_length);
}

static void
use_frame (char **fields)
{
  g_autoptr (GBytes) frame = parse_hex (fields[0]);
  g_autoptr (GByteArray) again = g_byte_array_new ();
  gsize length, at, body_length;
  const guint8 *bytes = g_bytes_get_data (frame, &length);

  g_assert_cmpint (shm_frame_parse (bytes, length, 100000, &at, &body_length), ==,
                   SHM_FRAME_COMPLETE);
  g_assert_cmpuint (at, ==, 4);
  g_assert_cmpuint (body_length, ==, length - 4);

  shm_frame_append (again, bytes + at, body_length);
  g_assert_cmpmem (again->data, again->len, bytes, length);

  for (gsize part = 0; part < length; part++)
    g_assert_cmpint (parse_frame ((const char *) bytes, part, 100000, &at, &body_length), ==,
                     SHM_FRAME_PARTIAL);
  if (body_length > 0)
    g_assert_cmpint (shm_frame_parse (bytes, length, body_length - 1, &at, &body_length), ==,
                     SHM_FRAME_TOO_LONG);
}

static void
test_frames (void)
{
  gsize at, length;

  for_each_vector ("frame", 50, use_frame);

  g_assert_cmpint (parse_frame ("\0\0\0\0", 4, 0, &at, &length), ==, SHM_FRAME_COMPLETE);
  g_assert_cmpuint (length, ==, 0);
  g_assert_cmpint (parse_frame ("\xff\xff\xff\xff\0\0\0\0\0\0\0\2hi", 14, 9, &at, &length), ==,
                   SHM_FRAME_COMPLETE);
  g_assert_cmpuint (at, ==, 12);
  g_assert_cmpuint (length, ==, 2);
  g_assert_cmpint (parse_frame ("\xff\xff\xff\xff\0\0\0\0\0\0\0", 11, 9, &at, &length), ==,
                   SHM_FRAME_PARTIAL);
  g_assert_cmpint (parse_frame ("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, 9, &at,
                                &length),
                   ==, SHM_FRAME_TOO_LONG);
  g_assert_cmpint (parse_frame ("\xff\xff\xff\xfe", 4, 9, &at, &length), ==, SHM_FRAME_INVALID);
  g_assert_cmpint (parse_frame ("\x80\0\0\0", 4, G_MAXSIZE, &at, &length), ==, SHM_FRAME_INVALID);
  g_assert_cmpint (parse_frame ("\x7f\xff\xff\xff", 4, 1000, &at, &length), ==, SHM_FRAME_TOO_LONG);
}

/* Handshake */

static gboolean
check (GBytes *key, GBytes *message, const guint8 *answer, gsize length, gboolean allow_md5)
{
  return shm_handshake_check (key, g_bytes_get_data (message, NULL), g_bytes_get_size (message),
                              answer, length, allow_md5);
}

static GBytes *
compute_answer (GBytes *key, GBytes *message, gboolean allow_md5)
{
  return shm_handshake_answer (key, g_bytes_get_data (message, NULL), g_bytes_get_size (message),
                               allow_md5);
}

static void
use_answer (char **fields)
{
  g_autoptr (GBytes) key = parse_hex (fields[0]);
  g_autoptr (GBytes) message = parse_hex (fields[1]);
  g_autoptr (GBytes) expected = parse_hex (fields[2]);
  g_autoptr (GBytes) ours = NULL;
  const gboolean is_legacy = g_bytes_get_size (message) == 20;
  gsize length;
  const guint8 *answer = g_bytes_get_data (expected, &length);
  const gboolean is_sha3 = memcmp (answer, "{sha3_", 6) == 0;
  const gboolean is_md5 = length == 16 || memcmp (answer, "{md5}", 5) == 0;
  g_autofree guint8 *wrong = g_memdup2 (answer, length);

  /* The library accepts CPython's answer if GLib supports the digest; GLib does not support SHA-3.
   * The library rejects an answer that is changed or too short. */
  g_assert_cmpint (check (key, message, answer, length, TRUE), ==, !is_sha3);
  g_assert_cmpint (check (key, message, answer, length, FALSE), ==, !is_sha3 && !is_md5);
  wrong[length - 1] ^= 1;
  g_assert_false (check (key, message, wrong, length, TRUE));
  g_assert_false (check (key, message, answer, length - 1, TRUE));
  g_assert_false (check (key, message, answer, 0, TRUE));

  ours = compute_answer (key, message, TRUE);
  g_assert_nonnull (ours);
  if (is_legacy ? is_md5 : memcmp (answer, "{sha256}", 8) == 0)
    g_assert_true (g_bytes_equal (ours, expected));
  else
    g_assert_true (
        check (key, message, g_bytes_get_data (ours, NULL), g_bytes_get_size (ours), FALSE));

  if (is_legacy)
    g_assert_null (compute_answer (key, message, FALSE));
}

static void
use_verdict (char **fields)
{
  g_autoptr (GBytes) key = parse_hex (fields[1]);
  g_autoptr (GBytes) challenge = parse_hex (fields[2]);
  g_autoptr (GBytes) answer = parse_hex (fields[3]);
  const guint8 *message = (const guint8 *) g_bytes_get_data (challenge, NULL) + 4 + 11;
  const guint8 *body = (const guint8 *) g_bytes_get_data (answer, NULL) + 4;

  g_assert_cmpint (shm_handshake_check (key, message, g_bytes_get_size (challenge) - 15, body,
                                        g_bytes_get_size (answer) - 4, TRUE),
                   ==, g_str_equal (fields[4], "yes"));
}

static void
test_digests (void)
{
  g_autoptr (GBytes) key = g_bytes_new ("key", 3);

  for_each_vector ("answer", 15, use_answer);
  for_each_vector ("verdict", 40, use_verdict);

  g_assert_null (shm_handshake_answer (key, (const guint8 *) "short", 5, TRUE));
  g_assert_null (shm_handshake_answer (key, (const guint8 *) "{sha512}0123456789012345", 24, TRUE));
  g_assert_null (shm_handshake_answer (key, (const guint8 *) "{SHA256}0123456789012345", 24, TRUE));
}

/* Passes the first frame of @frames to one end of a handshake, and removes it from @frames. */
static ShmHandshakeStatus
deliver (ShmHandshake *to, GByteArray *frames, GByteArray *replies)
{
  ShmHandshakeStatus status;
  gsize at, length;

  g_assert_cmpint (shm_frame_parse (frames->data, frames->len, SHM_HANDSHAKE_MESSAGE_MAX, &at,
                                    &length),
                   ==, SHM_FRAME_COMPLETE);
  status = shm_handshake_receive (to, frames->data + at, length, replies);
  g_byte_array_remove_range (frames, 0, at + length);

  return status;
}

static void
run_handshake (const char *server_key,
               const char *client_key,
               gboolean *server_ok,
               gboolean *client_ok)
{
  g_autoptr (GBytes) key = g_bytes_new (server_key, strlen (server_key));
  g_autoptr (GBytes) other_key = g_bytes_new (client_key, strlen (client_key));
  g_autoptr (GByteArray) to_client = g_byte_array_new ();
  g_autoptr (GByteArray) to_server = g_byte_array_new ();
  guint8 nonces[2][SHM_HANDSHAKE_NONCE_SIZE];
  ShmHandshakeStatus server_status = SHM_HANDSHAKE_CONTINUE;
  ShmHandshakeStatus client_status = SHM_HANDSHAKE_CONTINUE;
  g_auto (ShmHandshake) server = { .key = NULL };
  g_auto (ShmHandshake) client = { .key = NULL };

  memset (nonces, 7, sizeof nonces);
  shm_handshake_init (&server, SHM_HANDSHAKE_SERVER, key, FALSE, nonces[0]);
  shm_handshake_init (&client, SHM_HANDSHAKE_CLIENT, other_key, FALSE, nonces[1]);
  shm_handshake_begin (&server, to_client);
  shm_handshake_begin (&client, to_server);
  g_assert_cmpuint (to_server->len, ==, 0);
  g_assert_cmpuint (to_client->len, ==, 4 + 59);

  while (to_client->len + to_server->len > 0)
    {
      while (to_client->len > 0)
        client_status = deliver (&client, to_client, to_server);
      while (to_server->len > 0)
        server_status = deliver (&server, to_server, to_client);
    }
  *server_ok = server_status == SHM_HANDSHAKE_DONE;
  *client_ok = client_status == SHM_HANDSHAKE_DONE;
}

static void
test_handshake (void)
{
  gboolean server_ok, client_ok;

  run_handshake ("a key", "a key", &server_ok, &client_ok);
  g_assert_true (server_ok && client_ok);
  run_handshake ("", "", &server_ok, &client_ok);
  g_assert_true (server_ok && client_ok);
  run_handshake ("a key", "b key", &server_ok, &client_ok);
  g_assert_false (server_ok || client_ok);
}

/* Starts a handshake. Returns the frame with the challenge of this end. */
static GByteArray *
make_challenge (ShmHandshakeRole role, GBytes *key)
{
  const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE] = { role, 1, 2, 3 };
  GByteArray *challenge = g_byte_array_new ();
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GByteArray) ignored = g_byte_array_new ();
  g_auto (ShmHandshake) handshake = { .key = NULL };

  shm_handshake_init (&handshake, role, key, TRUE, nonce);
  if (role == SHM_HANDSHAKE_SERVER)
    {
      shm_handshake_begin (&handshake, challenge);
      return challenge;
    }

  /* A client sends its challenge after it has answered the challenge of the server. */
  shm_handshake_begin (&handshake, NULL);
  shm_frame_append (frames, "#CHALLENGE#01234567890123456789", 31);
  g_assert_cmpint (deliver (&handshake, frames, ignored), ==, SHM_HANDSHAKE_CONTINUE);
  shm_frame_append (frames, "#WELCOME#", 9);
  g_assert_cmpint (deliver (&handshake, frames, challenge), ==, SHM_HANDSHAKE_CONTINUE);

  return challenge;
}

/* Returns whether an end with this role answers a challenge. */
static gboolean
does_answer (ShmHandshakeRole role, GBytes *key, GByteArray *challenge)
{
  const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE] = { 4, 5, 6 };
  g_autoptr (GByteArray) copy = g_byte_array_new ();
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  g_auto (ShmHandshake) handshake = { .key = NULL };
  ShmHandshakeStatus status;

  g_byte_array_append (copy, challenge->data, challenge->len);
  shm_handshake_init (&handshake, role, key, TRUE, nonce);
  handshake.state = SHM_HANDSHAKE_AWAIT_CHALLENGE;
  status = deliver (&handshake, copy, answer);
  g_assert_cmpint (status == SHM_HANDSHAKE_CONTINUE, ==, answer->len > 0);
  g_assert_cmpint (status == SHM_HANDSHAKE_FAILED, ==, answer->len == 0);

  return status == SHM_HANDSHAKE_CONTINUE;
}

/* A process without the key cannot use one client to answer the challenge of another client. */
static void
test_reflection (void)
{
  g_autoptr (GBytes) key = g_bytes_new ("key", 3);
  g_autoptr (GByteArray) of_server = make_challenge (SHM_HANDSHAKE_SERVER, key);
  g_autoptr (GByteArray) of_client = make_challenge (SHM_HANDSHAKE_CLIENT, key);
  g_autoptr (GByteArray) of_cpython = g_byte_array_new ();

  g_assert_true (does_answer (SHM_HANDSHAKE_CLIENT, key, of_server));
  g_assert_true (does_answer (SHM_HANDSHAKE_SERVER, key, of_client));
  g_assert_false (does_answer (SHM_HANDSHAKE_CLIENT, key, of_client));
  g_assert_false (does_answer (SHM_HANDSHAKE_SERVER, key, of_server));

  shm_frame_append (of_cpython, "#CHALLENGE#{sha256}0123456789012345678901234567890123456789", 59);
  g_assert_true (does_answer (SHM_HANDSHAKE_CLIENT, key, of_cpython));
  g_assert_true (does_answer (SHM_HANDSHAKE_SERVER, key, of_cpython));

  /* CPython's ends accept our challenges, because these have the same form as its own. */
  g_assert_cmpuint (of_server->len, ==, of_cpython->len);
  g_assert_cmpuint (of_client->len, ==, of_cpython->len);
  g_assert_cmpmem (of_server->data, 4 + 19, of_cpython->data, 4 + 19);
  g_assert_cmpmem (of_client->data, 4 + 19, of_cpython->data, 4 + 19);
}

static void
test_unexpected_messages (void)
{
  const char *const messages[] = { "",
                                   "#WELCOME#",
                                   "#FAILURE#",
                                   "#CHALLENGE#",
                                   "0123456789abcdef",
                                   "#CHALLENGE#01234567890123456789" };
  const guint8 nonce[SHM_HANDSHAKE_NONCE_SIZE] = { 1 };
  g_autoptr (GBytes) key = g_bytes_new ("key", 3);
  g_autofree char *long_message = g_strnfill (SHM_HANDSHAKE_MESSAGE_MAX + 1, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autoptr (GByteArray) frames = g_byte_array_new ();
      g_auto (ShmHandshake) server = { .key = NULL };
      g_auto (ShmHandshake) client = { .key = NULL };

      shm_handshake_init (&server, SHM_HANDSHAKE_SERVER, key, TRUE, nonce);
      shm_handshake_begin (&server, frames);
      g_byte_array_set_size (frames, 0);
      g_assert_cmpint (shm_handshake_receive (&server, (const guint8 *) messages[i],
                                              strlen (messages[i]), frames),
                       ==, SHM_HANDSHAKE_FAILED);
      /* The server does not send a reason, and does not allow a second attempt. */
      g_assert_cmpmem (frames->data, frames->len, "\0\0\0\011#FAILURE#", 13);
      g_assert_cmpint (shm_handshake_receive (&server, (const guint8 *) messages[i],
                                              strlen (messages[i]), frames),
                       ==, SHM_HANDSHAKE_FAILED);
      g_assert_cmpuint (frames->len, ==, 13);

      shm_handshake_init (&client, SHM_HANDSHAKE_CLIENT, key, TRUE, nonce);
      shm_handshake_begin (&client, frames);
      g_assert_cmpint (shm_handshake_receive (&client, (const guint8 *) messages[i],
                                              strlen (messages[i]), frames),
                       ==, i == 5 ? SHM_HANDSHAKE_CONTINUE : SHM_HANDSHAKE_FAILED);
      g_assert_cmpint (shm_handshake_receive (&client, (const guint8 *) long_message,
                                              strlen (long_message), frames),
                       ==, SHM_HANDSHAKE_FAILED);
    }
}

/* Pickles */

static ShmPickle *
parse_pickle (GBytes *bytes)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  g_autofree guint8 *copy = g_memdup2 (data, length);

  return shm_pickle_parse (copy, length);
}

static void
use_pickle (char **fields)
{
  g_autoptr (GBytes) bytes = parse_hex (fields[1]);
  g_autoptr (ShmPickle) pickle = parse_pickle (bytes);
  g_autofree char *printed = NULL;
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  /* The parser does not accept surrogates, because they are not valid UTF-8. */
  if (strstr (fields[0], "\\udc") != NULL || !g_utf8_validate (fields[0], -1, NULL))
    {
      g_assert_null (pickle);
      return;
    }

  g_assert_nonnull (pickle);
  printed = shm_pickle_print (shm_pickle_get_root (pickle));
  if (strstr (fields[0], "Error(") != NULL)
    g_assert_nonnull (strstr (printed, "Error('"));
  else if (fields[0][0] != '\0')
    g_assert_cmpstr (printed, ==, fields[0]);

  /* The parser rejects the pickle if it is truncated at any position. */
  for (gsize part = 0; part < length; part++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, part);

      g_assert_null (shm_pickle_parse (copy, part));
    }
}

/* The parser rejects most hostile pickles. It accepts a few pickles, which are harmless because the
 * parser only reads data and calls no function. The results of these pickles must be small. */
static void
use_hostile (char **fields)
{
  const char *const harmless[] = { "os.system", "LONG_BINPUT huge index", "LONG_BINPUT 0xffffffff",
                                   "doubling", "unhashable key" };
  g_autoptr (GBytes) bytes = parse_hex (fields[1]);
  g_autoptr (ShmPickle) pickle = parse_pickle (bytes);
  g_autofree char *printed = NULL;

  if (pickle == NULL)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++)
    if (g_str_equal (fields[0], harmless[i]))
      {
        printed = shm_pickle_print (shm_pickle_get_root (pickle));
        g_assert_cmpuint (strlen (printed), <, 1100);
        if (i == 0)
          g_assert_cmpstr (printed, ==, "os.system('true')");
        return;
      }
  g_error ("the hostile pickle \"%s\" was accepted", fields[0]);
}

static void
test_pickles (void)
{
  for_each_vector ("pickle", 100, use_pickle);
}

static void
test_hostile_pickles (void)
{
  for_each_vector ("hostile", 20, use_hostile);
}

/* Checks the value of a pickle. @expected is the value as text, or NULL if the parser must reject
 * the pickle. */
static void
assert_parses_as (const char *bytes, gsize length, const char *expected)
{
  g_autoptr (GBytes) copy = g_bytes_new (bytes, length);
  g_autoptr (ShmPickle) pickle = parse_pickle (copy);
  g_autofree char *printed = NULL;

  if (expected == NULL)
    g_assert_null (pickle);
  else
    {
      g_assert_nonnull (pickle);
      printed = shm_pickle_print (shm_pickle_get_root (pickle));
      g_assert_cmpstr (printed, ==, expected);
    }
}

/* A pickle as a string literal, and its length without the NUL at its end */
#define PICKLE(bytes) bytes, sizeof bytes - 1

static void
test_integers (void)
{
  assert_parses_as (PICKLE ("\x8a\0."), "0");
  assert_parses_as (PICKLE ("\x8a\1\xff."), "-1");
  assert_parses_as (PICKLE ("\x8a\2\0\x80."), "-32768");
  assert_parses_as (PICKLE ("\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f."), "9223372036854775807");
  assert_parses_as (PICKLE ("\x8a\10\0\0\0\0\0\0\0\x80."), "-9223372036854775808");
  assert_parses_as (PICKLE ("\x8a\11\0\0\0\0\0\0\0\x80\xff."), "-9223372036854775808");
  assert_parses_as (PICKLE ("\x8a\11\0\0\0\0\0\0\0\x80\0."), NULL);
  assert_parses_as (PICKLE ("\x8a\11\0\0\0\0\0\0\0\0\1."), NULL);
  assert_parses_as (PICKLE ("\x8b\1\0\0\0\5."), "5");
  assert_parses_as (PICKLE ("\x8b\xff\xff\xff\xff."), NULL);
}

/* The parser rejects a pickle that changes a container after the container was put into another
 * container. Therefore no container can contain itself. */
static void
test_cycles (void)
{
  assert_parses_as (PICKLE ("]\x94]\x94h\0ah\1."), "[[]]");
  assert_parses_as (PICKLE ("]\x94"
                            "h\0a."),
                    NULL);
  assert_parses_as (PICKLE ("]\x94]\x94h\0a0h\0h\1a."), NULL);
  assert_parses_as (PICKLE ("]2\x85"
                            "a."),
                    NULL);
  assert_parses_as (PICKLE ("(."), NULL);
  assert_parses_as (PICKLE ("N(."), NULL);
  assert_parses_as (PICKLE ("NN\x86"
                            "0."),
                    NULL);
}

static void
test_writing (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  shm_pickle_writer_begin (bytes);
  shm_pickle_writer_begin_tuple (bytes);
  shm_pickle_writer_add_none (bytes);
  shm_pickle_writer_add_string (bytes, "track_segment");
  shm_pickle_writer_begin_tuple (bytes);
  shm_pickle_writer_end_tuple (bytes);
  shm_pickle_writer_begin_list (bytes);
  shm_pickle_writer_add_integer (bytes, -1);
  shm_pickle_writer_add_integer (bytes, G_MININT64);
  shm_pickle_writer_end_list (bytes);
  shm_pickle_writer_begin_list (bytes);
  shm_pickle_writer_end_list (bytes);
  shm_pickle_writer_add_empty_dict (bytes);
  shm_pickle_writer_end_tuple (bytes);
  shm_pickle_writer_end (bytes);

  assert_parses_as ((const char *) bytes->data, bytes->len,
                    "(None, 'track_segment', (), [-1, -9223372036854775808], [], {})");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/manager-protocol/frames", test_frames);
  g_test_add_func ("/manager-protocol/handshake/digests", test_digests);
  g_test_add_func ("/manager-protocol/handshake/sequence", test_handshake);
  g_test_add_func ("/manager-protocol/handshake/reflection", test_reflection);
  g_test_add_func ("/manager-protocol/handshake/unexpected-messages", test_unexpected_messages);
  g_test_add_func ("/manager-protocol/pickle/vectors", test_pickles);
  g_test_add_func ("/manager-protocol/pickle/hostile", test_hostile_pickles);
  g_test_add_func ("/manager-protocol/pickle/integers", test_integers);
  g_test_add_func ("/manager-protocol/pickle/cycles", test_cycles);
  g_test_add_func ("/manager-protocol/pickle/writing", test_writing);

  return g_test_run ();
}
