/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests requests, replies, addresses, and the messages on the control socket. */

#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-control.h"
#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-pickle-reader.h"
#include "manager/protocol/shm-reply.h"
#include "manager/protocol/shm-request.h"
#include "shm-error.h"

#include <string.h>

/* Returns the pickle of @frames, which must contain exactly one frame. */
static ShmPickle *
parse_frame (GByteArray *frames)
{
  ShmPickle *pickle;
  gsize at, length;

  g_assert_cmpint (shm_frame_parse (frames->data, frames->len, SHM_REPLY_MAX, &at, &length), ==,
                   SHM_FRAME_COMPLETE);
  g_assert_cmpuint (at + length, ==, frames->len);
  pickle = shm_pickle_parse (frames->data + at, length);
  g_assert_nonnull (pickle);

  return pickle;
}

static void
test_request (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL;
  g_autofree char *printed = NULL;
  ShmRequest request;
  const char *name;
  gint64 first, second;

  shm_request_append (frames, SHM_METHOD_ANNOUNCE, "sii", "a name", G_MAXINT64, (gint64) -1);
  pickle = parse_frame (frames);
  printed = shm_pickle_print (shm_pickle_get_root (pickle));
  g_assert_cmpstr (printed, ==,
                   "(None, 'shmobj_announce', ('a name', 9223372036854775807, -1), {})");

  g_assert_true (shm_request_read (pickle, &request));
  g_assert_cmpstr (request.method, ==, SHM_METHOD_ANNOUNCE);
  g_assert_true (shm_request_get (&request, "sii", &name, &first, &second));
  g_assert_cmpstr (name, ==, "a name");
  g_assert_cmpint (first, ==, G_MAXINT64);
  g_assert_cmpint (second, ==, -1);

  /* shm_request_get() fails if the format asks for fewer arguments, more arguments, or arguments of
   * other types than the request contains. */
  g_assert_false (shm_request_get (&request, "si", &name, &first));
  g_assert_false (shm_request_get (&request, "siii", &name, &first, &second, &second));
  g_assert_false (shm_request_get (&request, "ssi", &name, &name, &second));
  g_assert_false (shm_request_get (&request, "iii", &first, &first, &second));
  g_assert_null (shm_request_get_string (&request, SHM_KEYWORD_NAME));
}

static ShmPickle *
read_request (const char *bytes, gsize length, ShmRequest *request)
{
  ShmPickle *pickle = shm_pickle_parse ((const guint8 *) bytes, length);

  g_assert_nonnull (pickle);
  if (!shm_request_read (pickle, request))
    g_clear_pointer (&pickle, shm_pickle_free);

  return pickle;
}

/* A pickle as a string literal, and its length without the NUL at its end */
#define REQUEST(text) text, sizeof (text) - 1

static void
test_keyword_argument (void)
{
  g_autoptr (ShmPickle) by_name = NULL, other_name = NULL, both = NULL;
  ShmRequest request;

  /* The first pickle is (None, 'f', (), {'segment_name': 'x'}) in protocol 2. The other pickles
   * have another keyword, or also a positional argument. */
  by_name = read_request (REQUEST ("\x80\x02(NX\1\0\0\0f)}X\x0c\0\0\0segment_nameX\1\0\0\0xst."),
                          &request);
  g_assert_cmpstr (shm_request_get_string (&request, SHM_KEYWORD_NAME), ==, "x");
  other_name
      = read_request (REQUEST ("\x80\x02(NX\1\0\0\0f)}X\4\0\0\0nameX\1\0\0\0xst."), &request);
  g_assert_null (shm_request_get_string (&request, SHM_KEYWORD_NAME));
  both = read_request (REQUEST ("\x80\x02(NX\1\0\0\0fX\1\0\0\0x\x85}X\x0c\0\0\0segment_"
                                "nameX\1\0\0\0xst."),
                       &request);
  g_assert_null (shm_request_get_string (&request, SHM_KEYWORD_NAME));
}

static void
test_invalid_requests (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
  } cases[] = {
    { REQUEST ("\x80\x02N.") },
    { REQUEST ("\x80\x02(NX\1\0\0\0f)t.") },         /* three elements */
    { REQUEST ("\x80\x02(NN)}t.") },                 /* no method */
    { REQUEST ("\x80\x02(NX\1\0\0\0fN}t.") },        /* no arguments */
    { REQUEST ("\x80\x02(NX\1\0\0\0f))t.") },        /* the keyword arguments are a tuple */
    { REQUEST ("\x80\x02(NC\1f)}t.") },              /* the method is bytes */
    { REQUEST ("\x80\x02}X\1\0\0\0fX\1\0\0\0fs.") }, /* a dict instead of a tuple */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ShmRequest request;

      g_assert_null (read_request (cases[i].bytes, cases[i].length, &request));
    }
}

static const char *
next_name (gpointer user_data)
{
  const char ***at = user_data;

  return *(*at)++;
}

static void
test_replies (void)
{
  const char *names[] = { "one", "two", NULL };
  const char **at = names;
  const char *expected[] = { "('#RETURN', None)", "('#RETURN', 7)", "('#RETURN', 'text')",
                             "('#RETURN', (1, 'registry'))", "('#RETURN', ['one', 'two'])" };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (GByteArray) frames = g_byte_array_new ();
      g_autoptr (ShmPickle) pickle = NULL;
      g_autofree char *printed = NULL;
      ShmReply reply;

      if (i == 0)
        shm_reply_append_none (frames);
      else if (i == 1)
        shm_reply_append_integer (frames, 7);
      else if (i == 2)
        shm_reply_append_string (frames, "text");
      else if (i == 3)
        shm_reply_append_hello (frames, "registry");
      else
        shm_reply_append_list (frames, next_name, &at);

      pickle = parse_frame (frames);
      printed = shm_pickle_print (shm_pickle_get_root (pickle));
      g_assert_cmpstr (printed, ==, expected[i]);
      g_assert_true (shm_reply_read (pickle, &reply));
      g_assert_cmpint (reply.kind, ==, SHM_REPLY_RETURN);
    }
}

static void
test_reasons (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (ShmPickle) pickle = NULL, other = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *other_reason = NULL;
  ShmReply reply;

  shm_reply_append_error (frames, "KeyError", "no %s", "such thing");
  pickle = parse_frame (frames);
  g_assert_true (shm_reply_read (pickle, &reply));
  g_assert_cmpint (reply.kind, ==, SHM_REPLY_TRACEBACK);
  reason = shm_reply_get_reason (&reply);
  g_assert_cmpstr (reason, ==, "KeyError: no such thing");

  /* In this reply, the traceback is an integer and not a string. */
  other = shm_pickle_parse ((const guint8 *) REQUEST ("\x80\x02X\x0a\0\0\0#TRACEBACKK\7\x86."));
  g_assert_true (shm_reply_read (other, &reply));
  other_reason = shm_reply_get_reason (&reply);
  g_assert_cmpstr (other_reason, ==, "7");
}

static void
test_addresses (void)
{
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *relative = g_build_filename (here, "a", "b:c", NULL);
  const struct
  {
    const char *text;
    const char *printed;
    gboolean is_local;
  } cases[] = {
    { "/a/b", "/a/b", TRUE },
    { "/a:80", "/a:80", TRUE },
    { "a/../a/b:c", relative, TRUE },
    { "@name", "@name", TRUE },
    { "@a:80", "@a:80", TRUE },
    { "127.0.0.1:80", "127.0.0.1:80", TRUE },
    { "127.1.2.3:0", "127.1.2.3:0", TRUE },
    { "localhost:1", "127.0.0.1:1", TRUE },
    { "[::1]:65535", "[::1]:65535", TRUE },
    { "192.0.2.1:80", "192.0.2.1:80", FALSE },
    { "0.0.0.0:80", "0.0.0.0:80", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketAddress) address = shm_address_parse (cases[i].text, &error);
      g_autofree char *printed = NULL;

      g_assert_no_error (error);
      printed = shm_address_print (address);
      g_assert_cmpstr (printed, ==, cases[i].printed);
      g_assert_cmpint (shm_address_is_local (address), ==, cases[i].is_local);
      g_assert_cmpint (shm_address_get_path (address) != NULL, ==, printed[0] == '/');
    }
}

static void
test_invalid_addresses (void)
{
  g_autofree char *too_long = g_strnfill (200, 'x');
  g_autofree char *abstract = g_strconcat ("@", too_long, NULL);
  const char *const cases[]
      = { "", "@", too_long, abstract, "example.com:80", "1.2.3:80", "[::g]:80", "[]:80" };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (shm_address_parse (cases[i], &error));
      g_assert_error (error, SHM_ERROR, SHM_ERROR_INVALID_NAME);
    }
}

static void
test_control (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GVariant) message = NULL;
  gboolean is_broken;
  const char *name;

  shm_control_append (frames, g_variant_new (SHM_CONTROL_REPORT, TRUE, "name"));
  shm_control_append (frames, g_variant_new (SHM_CONTROL_REPORT, FALSE, "name"));

  message = shm_control_take (frames, SHM_CONTROL_REPORT, &is_broken);
  g_assert_false (is_broken);
  g_variant_get (message, "(b&s)", NULL, &name);
  g_assert_cmpstr (name, ==, "name");

  /* An incomplete message is not an error. A message of another type is an error. */
  g_byte_array_set_size (frames, frames->len - 1);
  g_assert_null (shm_control_take (frames, SHM_CONTROL_REPORT, &is_broken));
  g_assert_false (is_broken);
  g_byte_array_set_size (frames, 0);
  g_byte_array_append (frames, (const guint8 *) "\0\0\0\1x", 5);
  g_assert_null (shm_control_take (frames, SHM_CONTROL_REPORT, &is_broken));
  g_assert_true (is_broken);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/manager-wire/request", test_request);
  g_test_add_func ("/manager-wire/request/keyword-argument", test_keyword_argument);
  g_test_add_func ("/manager-wire/request/invalid", test_invalid_requests);
  g_test_add_func ("/manager-wire/replies", test_replies);
  g_test_add_func ("/manager-wire/reasons", test_reasons);
  g_test_add_func ("/manager-wire/addresses", test_addresses);
  g_test_add_func ("/manager-wire/addresses/invalid", test_invalid_addresses);
  g_test_add_func ("/manager-wire/control", test_control);

  return g_test_run ();
}
