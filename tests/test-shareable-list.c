/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests ShmShareableList as a C program uses it. */

#include "shm-test.h"

#include "shmobj/shm-overrides-values.h"
#include "shmobj/shm-overrides.h"

#include <math.h>
#include <sys/mman.h>

#define parse(...) g_variant_ref_sink (g_variant_new_parsed (__VA_ARGS__))

static ShmShareableList *
create (const char *text)
{
  g_autoptr (GVariant) values = parse (text);
  g_autoptr (GError) error = NULL;
  ShmShareableList *list
      = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);

  g_assert_no_error (error);

  return list;
}

static const char *
get_list_name (ShmShareableList *list)
{
  return shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list));
}

static void
assert_values (ShmShareableList *list, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) values = shm_shareable_list_copy_values (list, &error);
  g_autofree char *printed = NULL;

  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (values, G_VARIANT_TYPE ("av")));
  printed = g_variant_print (values, TRUE);
  g_assert_cmpstr (printed, ==, expected);
}

static void
assert_bytes (GBytes *taken, const char *expected, gsize length)
{
  g_autoptr (GBytes) bytes = taken;

  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, length);
}

/* Creating */

static void
test_kinds (void)
{
  g_autoptr (ShmShareableList) list
      = create ("(int64 -5, 2.5, true, false, 'gr\303\274n', b'by', @mv nothing, '', @ay [])");
  g_autoptr (GError) error = NULL;
  g_autofree char *format = shm_shareable_list_get_format (list, &error);
  g_autofree char *text = NULL;
  g_autofree char *empty = NULL;
  const ShmValueKind kinds[] = {
    SHM_VALUE_KIND_INT64,   SHM_VALUE_KIND_DOUBLE, SHM_VALUE_KIND_BOOLEAN,
    SHM_VALUE_KIND_BOOLEAN, SHM_VALUE_KIND_STRING, SHM_VALUE_KIND_BYTES,
    SHM_VALUE_KIND_NONE,    SHM_VALUE_KIND_STRING, SHM_VALUE_KIND_BYTES,
  };

  g_assert_no_error (error);
  g_assert_cmpstr (format, ==, "qdxxxxxxx?xxxxxxx?8s8sxxxxxx?x8s8s");
  g_assert_cmpuint (shm_shareable_list_get_length (list), ==, G_N_ELEMENTS (kinds));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_assert_cmpint (shm_shareable_list_get_value_kind (list, i, &error), ==, kinds[i]);

  g_assert_cmpint (shm_shareable_list_get_int64 (list, 0, &error), ==, -5);
  g_assert_cmpfloat (shm_shareable_list_get_double (list, 1, &error), ==, 2.5);
  g_assert_true (shm_shareable_list_get_boolean (list, 2, &error));
  g_assert_false (shm_shareable_list_get_boolean (list, 3, &error));
  text = shm_shareable_list_get_string (list, 4, &error);
  g_assert_cmpstr (text, ==, "gr\303\274n");
  assert_bytes (shm_shareable_list_get_bytes (list, 5, &error), "by", 3);
  empty = shm_shareable_list_get_string (list, 7, &error);
  g_assert_cmpstr (empty, ==, "");
  assert_bytes (shm_shareable_list_get_bytes (list, 8, &error), "", 0);
  g_assert_no_error (error);

  assert_values (list, "[<int64 -5>, <2.5>, <true>, <false>, <'grün'>, <b'by'>, <@mv nothing>, "
                       "<''>, <@ay []>]");
}

/* The bits of a NaN that another process has stored do not reach the program. */
static void
test_nan (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list = create ("[0.5]");
  const guint64 usual = G_GUINT64_CONSTANT (0x7ff8000000000000);
  const guint64 unusual = G_MAXUINT64;
  g_autofree char *text = NULL;
  double found;

  memcpy (&found, &unusual, 8);
  g_assert_true (shm_shareable_list_set_double (list, 0, found, &error));
  found = shm_shareable_list_get_double (list, 0, &error);
  g_assert_cmpmem (&found, 8, &usual, 8);
  g_assert_cmpfloat (shm_private_list_get_plain (list, 0, &found, &text, &error), ==,
                     SHM_VALUE_KIND_DOUBLE);
  g_assert_cmpmem (&found, 8, &usual, 8);
  g_assert_no_error (error);
}

static void
assert_created (const char *text, const char *expected)
{
  g_autoptr (ShmShareableList) list = create (text);

  assert_values (list, expected);
}

static void
test_containers (void)
{
  assert_created ("@ax [1, -9223372036854775808, 9223372036854775807]",
                  "[<int64 1>, <int64 -9223372036854775808>, <int64 9223372036854775807>]");
  assert_created ("@ad [0.5, -0.0]", "[<0.5>, <-0.0>]");
  assert_created ("[true, false]", "[<true>, <false>]");
  assert_created ("['a', 'bc']", "[<'a'>, <'bc'>]");
  assert_created ("@aay [b'x', []]", "[<b'x'>, <@ay []>]");
  assert_created ("@av []", "@av []");
  assert_created ("()", "@av []");
  assert_created ("[<<int32 1>>, <byte 0x02>, <uint16 3>, <int16 -4>, <uint32 5>, <uint64 6>]",
                  "[<int64 1>, <int64 2>, <int64 3>, <int64 -4>, <int64 5>, <int64 6>]");
  assert_created ("@ami [1, nothing]", "[<int64 1>, <@mv nothing>]");
  assert_created ("(@(ay) ([byte 0x61, 0x00, 0x62],), @(ay) (b'no',))",
                  "[<([byte 0x61, 0x00, 0x62],)>, <(b'no',)>]");
  assert_created ("@ay [1, 2]", "[<int64 1>, <int64 2>]");
}

static void
assert_refused (const char *text, ShmError code)
{
  g_autoptr (GVariant) values = parse (text);
  g_autofree char *name = test_name ("invalid");
  g_autoptr (GError) error = NULL;

  g_assert_null (shm_shareable_list_create (values, name, 0, &error));
  g_assert_error (error, SHM_ERROR, (gint) code);
  g_assert_false (test_exists (name));
}

static void
test_invalid_values (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list = create ("[<int64 1>]");

  assert_refused ("int32 5", SHM_ERROR_TYPE_MISMATCH);
  assert_refused ("'text'", SHM_ERROR_TYPE_MISMATCH);
  assert_refused ("[<1>, <{'a': 1}>]", SHM_ERROR_TYPE_MISMATCH);
  assert_refused ("[<(1, 2)>]", SHM_ERROR_TYPE_MISMATCH);
  assert_refused ("[<objectpath '/a'>]", SHM_ERROR_TYPE_MISMATCH);
  assert_refused ("@at [9223372036854775808]", SHM_ERROR_OUT_OF_RANGE);
  assert_refused ("(@(ay) ([byte 0xff],),)", SHM_ERROR_TYPE_MISMATCH);
  assert_refused ("(@(ay) ([byte 0xed, 0xa0, 0x80],),)", SHM_ERROR_TYPE_MISMATCH);

  g_assert_false (shm_shareable_list_set_value (list, 0, g_variant_new_parsed ("[1, 2]"), &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH);
  assert_values (list, "[<int64 1>]");
}

/* Stores @length bytes as bytes and, if they are UTF-8, as a text. Expects to read the same bytes
 * with each function that reads a value of this kind. */
static void
check_length (ShmShareableList *list, const char *bytes, gsize length)
{
  g_autoptr (GBytes) value = g_bytes_new (bytes, length);
  g_autoptr (GError) error = NULL;
  g_autofree char *string = NULL;

  g_assert_true (shm_shareable_list_set_bytes (list, 0, value, &error));
  assert_bytes (shm_shareable_list_get_bytes (list, 0, &error), bytes, length);
  g_assert_no_error (error);

  if (!shm_shareable_list_set_text (list, 0, value, &error))
    {
      g_assert_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH);
      g_assert_false (g_utf8_validate_len (bytes, length, NULL));
      return;
    }
  assert_bytes (shm_shareable_list_get_text (list, 0, &error), bytes, length);
  g_assert_no_error (error);

  string = shm_shareable_list_get_string (list, 0, &error);
  if (memchr (bytes, 0, length) == NULL)
    g_assert_cmpmem (string, strlen (string) + 1, bytes, length + 1);
  else
    g_assert_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED);
}

/* Short slots have functions of their own, so test the slot sizes on both sides of the limit, and
 * each length in them. */
static void
test_lengths (void)
{
  for (gsize slot_size = 8; slot_size <= 160; slot_size += 8)
    {
      char bytes[161] = { 0 };
      g_autoptr (GVariant) values = g_variant_ref_sink (
          g_variant_new ("(@ay)",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, slot_size - 1, 1)));
      g_autoptr (ShmShareableList) list
          = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);

      for (gsize length = 0; length <= slot_size; length++)
        {
          memset (bytes, 'x', length);
          bytes[length] = '\0';
          check_length (list, bytes, length);
          if (length < 2)
            continue;

          memcpy (bytes + length - 2, "\303\274", 2);
          check_length (list, bytes, length);
          check_length (list, bytes, length - 1);
          memcpy (bytes, "\303\274", 2);
          check_length (list, bytes, length);
          bytes[length / 2] = '\0';
          check_length (list, bytes, length);
          bytes[length - 1] = '\0';
          check_length (list, bytes, length);
        }
    }
}

/* A program other than CPython and this library may have stored a count that is smaller than the
 * slot. Then the value has only this number of bytes. */
static void
test_smaller_count (void)
{
  g_autoptr (ShmShareableList) list = create ("('1234567', b'123456')");
  ShmSharedMemory *block = shm_shareable_list_get_shared_memory (list);
  g_autoptr (GBytes) entry = g_bytes_new ("5s\0\0\0\0\0\0", 8);
  g_autofree char *text = NULL;

  /* The format entries follow the number of values, three offsets, and two slots of 8 bytes. */
  g_assert_true (shm_shared_memory_write (block, 48, entry, NULL));
  g_assert_true (shm_shared_memory_write (block, 56, entry, NULL));
  text = shm_shareable_list_get_string (list, 0, NULL);
  g_assert_cmpstr (text, ==, "12345");
  assert_bytes (shm_shareable_list_get_bytes (list, 1, NULL), "12345", 5);
}

static void
test_invalid_text (void)
{
  g_autoptr (ShmShareableList) list = create ("('1234567',)");
  ShmSharedMemory *block = shm_shareable_list_get_shared_memory (list);
  g_autoptr (GError) error = NULL;

  /* The only slot follows the number of values and two offsets. */
  g_assert_true (shm_shared_memory_set_uint8 (block, 24, 0xff, NULL));
  g_assert_null (shm_shareable_list_get_string (list, 0, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
  g_clear_error (&error);
  g_assert_null (shm_shareable_list_get_text (list, 0, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
}

static void
test_longest_value (void)
{
  const gsize longest = 9999991;
  g_autofree char *bytes = g_malloc (longest + 1);
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  GVariant *children[2];

  memset (bytes, 'x', longest);
  bytes[longest] = '\0';
  children[0] = g_variant_new_int64 (1);
  children[1] = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, longest + 1, 1);
  g_assert_null (shm_shareable_list_create (g_variant_new_tuple (children, 2), NULL, 0, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "Value 1 "));
  g_clear_error (&error);

  children[0] = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, longest, 1);
  list = shm_shareable_list_create (g_variant_new_tuple (children, 1), NULL,
                                    SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  assert_bytes (shm_shareable_list_get_bytes (list, 0, &error), bytes, longest);

  /* The list keeps trailing NULs, even in a value of the maximum length. */
  memset (bytes + 5000000, 0, longest - 5000000);
  value = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, longest, 1));
  g_assert_true (shm_shareable_list_set_value (list, 0, value, &error));
  assert_bytes (shm_shareable_list_get_bytes (list, 0, &error), bytes, longest);
}

static void
test_names (void)
{
  g_autofree char *name = test_name ("list");
  g_autofree char *found = NULL;
  g_autoptr (GVariant) values = parse ("[1, 2]");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) other = NULL;
  g_autoptr (ShmShareableList) list
      = shm_shareable_list_create (values, name, SHM_CREATE_SPARSE, &error);
  ShmSharedMemory *shm = shm_shareable_list_get_shared_memory (list);
  ShmSharedMemory *also_shm = NULL;
  guint64 length;

  g_assert_no_error (error);
  g_object_get (list, "name", &found, "length", &length, "shared-memory", &also_shm, NULL);
  g_assert_cmpstr (found, ==, name);
  g_assert_cmpuint (length, ==, 2);
  g_assert_true (also_shm == shm);
  g_object_unref (also_shm);

  other = shm_shareable_list_create (values, name, 0, &error);
  g_assert_null (other);
  test_assert_error (error, SHM_ERROR_EXISTS, name);
  other = shm_shareable_list_create (values, "a/b", 0, &error);
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "a/b");

  g_assert_true (shm_shared_memory_unlink (shm, &error));
  other = shm_shareable_list_attach (name, 0, &error);
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);

  /* Writing still succeeds after the name of the list was removed. */
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 3, &error));
  assert_values (list, "[<int64 3>, <int64 2>]");
}

/* Writing */

static void
test_replace (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'eight by', b'', @mv nothing)");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) nul_text = g_bytes_new ("\0a\0\0", 4);
  g_autoptr (GBytes) no_text = g_bytes_new ("\xc3", 1);

  g_assert_true (shm_shareable_list_set_string (list, 0, "12345678", &error));
  g_assert_true (shm_shareable_list_set_double (list, 1, -1e300, &error));
  g_assert_true (shm_shareable_list_set_boolean (list, 2, 77, &error));
  g_assert_true (
      shm_shareable_list_set_value (list, 3, g_variant_new_parsed ("<@(ay) (b'text',)>"), &error));
  assert_values (list, "[<'12345678'>, <-1.0000000000000001e+300>, <true>, <(b'text',)>]");

  g_assert_true (shm_shareable_list_set_text (list, 0, nul_text, &error));
  assert_bytes (shm_shareable_list_get_text (list, 0, &error), "\0a\0\0", 4);
  g_assert_null (shm_shareable_list_get_string (list, 0, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, get_list_name (list));
  g_assert_true (shm_shareable_list_set_bytes (list, 0, nul_text, &error));
  assert_bytes (shm_shareable_list_get_bytes (list, 0, &error), "\0a\0\0", 4);
  g_assert_true (shm_shareable_list_set_none (list, 1, &error));
  g_assert_true (shm_shareable_list_set_int64 (list, 2, G_MININT64, &error));
  g_assert_cmpint (shm_shareable_list_get_int64 (list, 2, &error), ==, G_MININT64);

  /* A write that fails does not change the old value. */
  g_assert_false (shm_shareable_list_set_string (list, 2, "123456789", &error));
  test_assert_error (error, SHM_ERROR_TOO_LARGE, get_list_name (list));
  g_assert_false (shm_shareable_list_set_text (list, 2, no_text, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, get_list_name (list));
  g_assert_false (shm_shareable_list_set_int64 (list, 4, 1, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, get_list_name (list));
  g_assert_cmpint (shm_shareable_list_get_int64 (list, 2, &error), ==, G_MININT64);
  g_assert_no_error (error);
}

static GBytes *
copy_columns (ShmShareableList *list, guint64 first, guint64 n_values)
{
  g_autoptr (GError) error = NULL;
  GBytes *columns = shm_private_list_copy_columns (list, first, n_values, &error);

  g_assert_no_error (error);

  return columns;
}

/* Consumes @found. */
static void
assert_variant (GVariant *found, const char *expected)
{
  g_autofree char *printed = g_variant_print (found, TRUE);

  g_assert_false (g_variant_is_floating (found));
  g_assert_cmpstr (printed, ==, expected);
  g_variant_unref (found);
}

static void
test_columns (void)
{
  g_autoptr (ShmShareableList) list = create ("(@mv nothing, 'é', b'', int64 -2)");
  g_autoptr (GBytes) all = copy_columns (list, 0, 4);
  g_autoptr (GBytes) last = copy_columns (list, 3, 1);
  g_autoptr (GBytes) none = copy_columns (list, 4, 0);
  g_autoptr (ShmShareableList) copy = NULL, other = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *bytes;
  gsize size;

  g_assert_null (shm_private_list_copy_columns (list, 3, 2, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, get_list_name (list));
  g_assert_null (shm_private_list_copy_columns (list, 1, G_MAXUINT64, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, get_list_name (list));

  bytes = g_bytes_get_data (all, &size);
  copy = shm_private_list_from_columns (bytes, size, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  assert_values (copy, "[<@mv nothing>, <'é'>, <b''>, <int64 -2>]");
  assert_variant (shm_private_values_from_columns (bytes, size, &error),
                  "[<@mv nothing>, <'é'>, <b''>, <int64 -2>]");

  other = g_object_new (SHM_TYPE_SHAREABLE_LIST, "create-flags", SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_assert_true (shm_private_list_init_from_columns (other, bytes, size, &error));
  assert_values (other, "[<@mv nothing>, <'é'>, <b''>, <int64 -2>]");

  bytes = g_bytes_get_data (last, &size);
  assert_variant (shm_private_value_from_columns (bytes, size, &error), "int64 -2");
  bytes = g_bytes_get_data (none, &size);
  assert_variant (shm_private_values_from_columns (bytes, size, &error), "@av []");
  g_assert_no_error (error);
}

/* Columns whose last byte is missing, and columns that lie about their number. */
static void
test_invalid_columns (void)
{
  const double head[] = { -1, 1, 0 };
  g_autoptr (ShmShareableList) list = create ("(true, 'text')");
  g_autoptr (GBytes) columns = copy_columns (list, 0, 2);
  g_autoptr (GError) error = NULL;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (columns, &size);

  g_assert_null (shm_private_list_from_columns (bytes, size - 1, NULL, 0, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "");
  g_assert_null (shm_private_values_from_columns (bytes, size - 1, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "");
  g_assert_null (shm_private_value_from_columns ((const guint8 *) head, sizeof head, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "");
  g_assert_null (
      shm_private_list_from_columns ((const guint8 *) head, sizeof head, NULL, 0, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "");
}

/* Options of the constructors */

static void
test_mode (void)
{
  g_autoptr (GVariant) values = parse ("[1, 2]");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list
      = shm_shareable_list_create_full (values, NULL, 0640, SHM_CREATE_UNLINK_ON_CLOSE, NULL,
                                        &error);
  g_autoptr (ShmShareableList) plain = NULL;
  g_autoptr (ShmShareableList) made_from_properties = NULL;
  guint mode;

  g_assert_no_error (error);
  g_assert_cmpint (shm_shared_memory_get_mode (shm_shareable_list_get_shared_memory (list)), ==,
                   0640);
  g_object_get (list, "mode", &mode, NULL);
  g_assert_cmpint (mode, ==, 0640);

  plain = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (shm_shared_memory_get_mode (shm_shareable_list_get_shared_memory (plain)), ==,
                   0600);

  made_from_properties
      = g_initable_new (SHM_TYPE_SHAREABLE_LIST, NULL, &error, "values", values, "mode", 0604,
                        "create-flags", SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (shm_shared_memory_get_mode (
                       shm_shareable_list_get_shared_memory (made_from_properties)),
                   ==, 0604);

  g_assert_null (shm_shareable_list_create_full (values, NULL, 01600, 0, NULL, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED);
}

static void
test_undefined_flags (void)
{
  const double columns[] = { -1, 0, 0 };
  g_autofree char *name = test_name ("flags");
  g_autoptr (GVariant) values = parse ("[1]");
  g_autoptr (ShmShareableList) list = create ("[1]");
  g_autoptr (GError) error = NULL;

  g_assert_null (shm_shareable_list_create (values, name, 1 << 10, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);
  g_assert_null (shm_shareable_list_create_full (values, name, 0600, 1 << 10, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);
  g_assert_null (shm_private_list_from_columns ((const guint8 *) columns, sizeof columns, name,
                                                1 << 10, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);
  g_assert_false (test_exists (name));
  g_assert_null (shm_shareable_list_create_anonymous (values, 1 << 10, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x400");
  g_assert_null (shm_shareable_list_attach (get_list_name (list), 1 << 10, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, get_list_name (list));
}

static void
test_create_anonymous (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list
      = shm_shareable_list_create_anonymous (g_variant_new_parsed ("(int64 1, 'text')"), 0, &error);
  g_autoptr (ShmSharedMemory) received = NULL;
  g_autoptr (ShmShareableList) other = NULL;

  g_assert_no_error (error);
  g_assert_null (get_list_name (list));
  received = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (
                                              shm_shareable_list_get_shared_memory (list)),
                                          0, &error);
  other = shm_shareable_list_new_for_shared_memory (received, &error);
  g_assert_no_error (error);

  g_assert_true (shm_shareable_list_set_string (list, 0, "new", &error));
  g_assert_true (shm_shareable_list_set_none (other, 1, &error));
  assert_values (list, "[<'new'>, <@mv nothing>]");
  assert_values (other, "[<'new'>, <@mv nothing>]");

  g_assert_null (shm_shareable_list_create_anonymous (g_variant_new_parsed ("[[1]]"), 0, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH);
}

static void
test_cancel_creation (void)
{
  g_autofree char *name = test_name ("cancel");
  g_autoptr (GVariant) values = parse ("[1]");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (shm_shareable_list_create_full (values, name, 0600, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (test_exists (name));
}

/* Asynchronous functions */

static void
keep_result (GObject *source, GAsyncResult *result, gpointer kept)
{
  *(GAsyncResult **) kept = g_object_ref (result);
}

/* Runs the main loop until the call has a result, and returns the result. */
static GAsyncResult *
wait_for (GAsyncResult **result)
{
  test_iterate_until (NULL, *result != NULL);

  return *result;
}

static void
test_async_constructors (void)
{
  g_autofree char *name = test_name ("async");
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (GAsyncResult) anonymous = NULL;
  g_autoptr (GAsyncResult) attached = NULL;
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) failed = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (ShmShareableList) list_without_name = NULL;
  g_autoptr (ShmShareableList) same = NULL;
  g_autoptr (ShmShareableList) same_again = NULL;

  shm_shareable_list_create_async (g_variant_new_parsed ("(int64 1, 'text')"), name, 0640,
                                   SHM_CREATE_UNLINK_ON_CLOSE, NULL, keep_result, &created);
  list = shm_shareable_list_create_finish (wait_for (&created), &error);
  g_assert_no_error (error);
  assert_values (list, "[<int64 1>, <'text'>]");
  g_assert_cmpstr (get_list_name (list), ==, name);
  g_assert_cmpint (shm_shared_memory_get_mode (shm_shareable_list_get_shared_memory (list)), ==,
                   0640);

  shm_shareable_list_attach_async (name, SHM_ATTACH_READ_ONLY, NULL, keep_result, &attached);
  same = shm_shareable_list_attach_finish (wait_for (&attached), &error);
  g_assert_no_error (error);
  assert_values (same, "[<int64 1>, <'text'>]");
  g_assert_false (shm_shareable_list_set_int64 (same, 0, 2, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, name);

  shm_shareable_list_new_for_shared_memory_async (shm_shareable_list_get_shared_memory (list), NULL,
                                                  keep_result, &opened);
  same_again = shm_shareable_list_new_for_shared_memory_finish (wait_for (&opened), &error);
  g_assert_no_error (error);
  assert_values (same_again, "[<int64 1>, <'text'>]");

  shm_shareable_list_create_anonymous_async (g_variant_new_parsed ("[true]"), 0, NULL, keep_result,
                                             &anonymous);
  list_without_name = shm_shareable_list_create_anonymous_finish (wait_for (&anonymous), &error);
  g_assert_no_error (error);
  assert_values (list_without_name, "[<true>]");

  shm_shareable_list_create_async (g_variant_new_parsed ("[1]"), name, 0600, 0, NULL, keep_result,
                                   &failed);
  g_assert_null (shm_shareable_list_create_finish (wait_for (&failed), &error));
  test_assert_error (error, SHM_ERROR_EXISTS, name);
}

static void
test_async_constructors_fail (void)
{
  g_autofree char *name = test_name ("async");
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (GAsyncResult) cancelled = NULL;
  g_autoptr (GAsyncResult) attached = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  shm_shareable_list_create_async (g_variant_new_parsed ("[1]"), name, 0600, 1 << 10, NULL,
                                   keep_result, &created);
  g_assert_null (shm_shareable_list_create_finish (wait_for (&created), &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);

  shm_shareable_list_attach_async (name, 0, NULL, keep_result, &attached);
  g_assert_null (shm_shareable_list_attach_finish (wait_for (&attached), &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);

  g_cancellable_cancel (cancellable);
  shm_shareable_list_create_async (g_variant_new_parsed ("[1]"), name, 0600, 0, cancellable,
                                   keep_result, &cancelled);
  g_assert_null (shm_shareable_list_create_finish (wait_for (&cancelled), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (test_exists (name));
}

static void
test_async_values (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'text', int64 1)");
  g_autoptr (GAsyncResult) set = NULL;
  g_autoptr (GAsyncResult) got = NULL;
  g_autoptr (GAsyncResult) found = NULL;
  g_autoptr (GAsyncResult) counted = NULL;
  g_autoptr (GAsyncResult) copied = NULL;
  g_autoptr (GAsyncResult) formatted = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autofree char *format = NULL;
  guint64 index;

  shm_shareable_list_set_value_async (list, 1, g_variant_new_string ("other"), NULL, keep_result,
                                      &set);
  g_assert_true (shm_shareable_list_set_value_finish (list, wait_for (&set), &error));
  shm_shareable_list_get_value_async (list, 1, NULL, keep_result, &got);
  value = shm_shareable_list_get_value_finish (list, wait_for (&got), &error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "other");

  shm_shareable_list_find_async (list, g_variant_new_string ("other"), NULL, keep_result, &found);
  g_assert_true (shm_shareable_list_find_finish (list, wait_for (&found), &index, &error));
  g_assert_cmpuint (index, ==, 1);
  shm_shareable_list_count_async (list, g_variant_new_int64 (1), NULL, keep_result, &counted);
  g_assert_cmpuint (shm_shareable_list_count_finish (list, wait_for (&counted), &error), ==, 2);

  shm_shareable_list_copy_values_async (list, NULL, keep_result, &copied);
  values = shm_shareable_list_copy_values_finish (list, wait_for (&copied), &error);
  g_assert_cmpuint (g_variant_n_children (values), ==, 3);
  shm_shareable_list_get_format_async (list, NULL, keep_result, &formatted);
  format = shm_shareable_list_get_format_finish (list, wait_for (&formatted), &error);
  g_assert_cmpstr (format, ==, "q8sq");
  g_assert_no_error (error);
}

static void
test_async_values_fail (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'text')");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) set = NULL;
  g_autoptr (GAsyncResult) got = NULL;
  g_autoptr (GAsyncResult) found = NULL;
  g_autoptr (GAsyncResult) counted = NULL;
  g_autoptr (GAsyncResult) copied = NULL;
  g_autoptr (GError) error = NULL;
  guint64 index = 1000;

  shm_shareable_list_set_value_async (list, 0, g_variant_new_string ("a long text"), NULL,
                                      keep_result, &set);
  g_assert_false (shm_shareable_list_set_value_finish (list, wait_for (&set), &error));
  test_assert_error (error, SHM_ERROR_TOO_LARGE, get_list_name (list));
  shm_shareable_list_get_value_async (list, 2, NULL, keep_result, &got);
  g_assert_null (shm_shareable_list_get_value_finish (list, wait_for (&got), &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, get_list_name (list));
  shm_shareable_list_find_async (list, g_variant_new_int64 (7), NULL, keep_result, &found);
  g_assert_false (shm_shareable_list_find_finish (list, wait_for (&found), &index, &error));
  test_assert_error (error, SHM_ERROR_VALUE_NOT_FOUND, get_list_name (list));
  g_assert_cmpuint (index, ==, 0);

  g_cancellable_cancel (cancellable);
  shm_shareable_list_copy_values_async (list, cancellable, keep_result, &copied);
  g_assert_null (shm_shareable_list_copy_values_finish (list, wait_for (&copied), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_assert_true (shm_shared_memory_close (shm_shareable_list_get_shared_memory (list), NULL));
  shm_shareable_list_count_async (list, g_variant_new_int64 (1), NULL, keep_result, &counted);
  g_assert_cmpuint (shm_shareable_list_count_finish (list, wait_for (&counted), &error), ==, 0);
  g_assert_error (error, SHM_ERROR, SHM_ERROR_CLOSED);
}

/* Reading */

/* @kind is -1 for a large integer, and -2 if there is no value. */
static void
assert_reads_plain (ShmShareableList *list,
                    guint64 index,
                    int kind,
                    double number,
                    const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) plain = shm_private_get_last_plain_value ();
  const double *numbers = g_bytes_get_data (plain, NULL);
  g_autofree char *found = shm_private_list_read_plain (list, index, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (plain), ==, 2 * sizeof (double) + 64);
  g_assert_cmpfloat (numbers[0], ==, kind);
  g_assert_cmpfloat (numbers[1], ==, number);
  g_assert_cmpstr (found, ==, text);
}

static void
assert_plain (ShmShareableList *list, guint64 index, int kind, double number, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;
  double found_number;

  g_assert_cmpfloat (shm_private_list_get_plain (list, index, &found_number, &found, &error), ==,
                     kind);
  g_assert_no_error (error);
  g_assert_cmpfloat (found_number, ==, number);
  g_assert_cmpstr (found, ==, text);

  assert_reads_plain (list, index, kind, number, text);
}

static void
test_plain (void)
{
  g_autoptr (ShmShareableList) list = create (
      "(int64 -3, 2.5, true, 'text', 'a text that does not fit in the buffer of an item because "
      "it has more than sixty-four bytes', @(ay) ([byte 0x61, 0x00],), b'b', @mv nothing)");
  g_autoptr (GBytes) plain = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *memory;

  assert_plain (list, 0, SHM_VALUE_KIND_INT64, -3, NULL);
  assert_plain (list, 1, SHM_VALUE_KIND_DOUBLE, 2.5, NULL);
  assert_plain (list, 2, SHM_VALUE_KIND_BOOLEAN, 1, NULL);
  assert_plain (list, 3, SHM_VALUE_KIND_STRING, 0, "text");
  assert_plain (list, 4, SHM_VALUE_KIND_STRING, 0,
                "a text that does not fit in the buffer of an item because it has more than "
                "sixty-four bytes");
  assert_plain (list, 5, SHM_VALUE_KIND_STRING, 0, NULL);
  assert_plain (list, 7, SHM_VALUE_KIND_NONE, 0, NULL);
  assert_plain (list, 6, SHM_VALUE_KIND_BYTES, 2, NULL);
  plain = shm_private_get_last_plain_value ();
  memory = g_bytes_get_data (plain, NULL);
  g_assert_cmpmem (memory + 2 * sizeof (double), 2, "b", 2);
  assert_plain (list, 8, -2, 0, NULL);
  assert_plain (list, G_MAXUINT64, -2, 0, NULL);

  for (int sign = -1; sign <= 1; sign += 2)
    {
      const gint64 limit = sign * (G_GINT64_CONSTANT (1) << 53);

      shm_shareable_list_set_int64 (list, 0, limit - sign, &error);
      assert_reads_plain (list, 0, SHM_VALUE_KIND_INT64, (double) (limit - sign), NULL);
      shm_shareable_list_set_int64 (list, 0, limit, &error);
      assert_reads_plain (list, 0, -1, (double) limit, NULL);
      g_assert_cmpmem (memory + 2 * sizeof (double), sizeof limit, &limit, sizeof limit);
      shm_shareable_list_set_int64 (list, 0, limit + sign, &error);
      assert_reads_plain (list, 0, -1, (double) limit, NULL);
    }
  g_assert_no_error (error);

  shm_shared_memory_close (shm_shareable_list_get_shared_memory (list), NULL);
  g_assert_null (shm_private_list_read_plain (list, 0, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, get_list_name (list));
}

static void
test_wrong_kind (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'text')");
  g_autoptr (GError) error = NULL;

  g_assert_cmpfloat (shm_shareable_list_get_double (list, 0, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, get_list_name (list));
  g_assert_cmpint (shm_shareable_list_get_int64 (list, 1, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, get_list_name (list));
  g_assert_null (shm_shareable_list_get_bytes (list, 1, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, get_list_name (list));
  g_assert_null (shm_shareable_list_get_string (list, 0, &error));
  test_assert_error (error, SHM_ERROR_TYPE_MISMATCH, get_list_name (list));
  g_assert_null (shm_shareable_list_get_value (list, 2, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, get_list_name (list));
  g_assert_null (shm_shareable_list_get_value (list, G_MAXUINT64, &error));
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, get_list_name (list));
}

static void
assert_found (ShmShareableList *list, const char *text, guint64 count, guint64 first)
{
  g_autoptr (GVariant) value = parse (text);
  g_autoptr (GError) error = NULL;
  guint64 index = 1000;

  g_assert_cmpuint (shm_shareable_list_count (list, value, &error), ==, count);
  g_assert_no_error (error);
  g_assert_cmpint (shm_shareable_list_find (list, value, &index, &error), ==, count > 0);
  g_assert_cmpuint (index, ==, first);
  if (count > 0)
    g_assert_no_error (error);
  else
    test_assert_error (error, SHM_ERROR_VALUE_NOT_FOUND, get_list_name (list));
}

static void
test_search (void)
{
  g_autoptr (ShmShareableList) list
      = create ("(int64 1, 1.0, true, 'a', b'a', @mv nothing, 'a', 9007199254740992.0, "
                "int64 9007199254740993, int64 9007199254740992)");
  g_autoptr (GError) error = NULL;

  assert_found (list, "1", 2, 0);
  assert_found (list, "1.0", 2, 0);
  assert_found (list, "true", 1, 2);
  assert_found (list, "false", 0, 0);
  assert_found (list, "'a'", 2, 3);
  assert_found (list, "b'a'", 1, 4);
  assert_found (list, "@mv nothing", 1, 5);
  assert_found (list, "2.5", 0, 0);
  assert_found (list, "@(ay) ([byte 0x61],)", 2, 3);
  assert_found (list, "int64 9007199254740993", 1, 8);
  assert_found (list, "int64 9007199254740992", 2, 7);
  assert_found (list, "9007199254740992.0", 2, 7);
  g_assert_true (shm_shareable_list_find (list, g_variant_new_string ("a"), NULL, &error));

  g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_double (NAN), &error), ==, 0);
  g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_parsed ("[1]"), &error), ==, 0);
  g_assert_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH);
}

/* A value for a list that is searched for the numbers 0 to N_WANTED - 1. Sets @number to it, or to
 * -1 if it equals no number. */
#define N_WANTED 5

static GVariant *
make_searched_value (int kind, int *number)
{
  *number = g_test_rand_int_range (0, N_WANTED);
  if (kind == SHM_VALUE_KIND_INT64)
    return g_variant_new_int64 (*number);
  if (kind == SHM_VALUE_KIND_DOUBLE)
    return g_variant_new_double (*number != 0 ? *number : -0.0);

  *number = -1;
  if (kind == SHM_VALUE_KIND_BOOLEAN)
    return g_variant_new_boolean (g_test_rand_bit ());
  if (kind == SHM_VALUE_KIND_STRING)
    return g_variant_new_string ("a text of 24 characters!");

  return kind == SHM_VALUE_KIND_BYTES ? g_variant_new_bytestring ("a")
                                      : g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
}

static void
assert_number_found (ShmShareableList *list, const int *numbers, int n, int wanted)
{
  int count = 0;
  int first = 0;
  g_autofree char *as_int = g_strdup_printf ("int64 %d", wanted);
  g_autofree char *as_double = g_strdup_printf ("%d.0", wanted);

  for (int i = n; i-- > 0;)
    if (numbers[i] == wanted)
      {
        count++;
        first = i;
      }

  assert_found (list, as_int, count, first);
  assert_found (list, as_double, count, first);
}

/* The library compares the numbers of a list in groups. All kinds of values interrupt the groups at
 * all places, also numbers in slots of texts. */
static void
test_search_groups (void)
{
  for (int round = 0; round < 300; round++)
    {
      const int n = g_test_rand_int_range (1, 100);
      g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("av"));
      g_autoptr (ShmShareableList) list = NULL;
      g_autoptr (GError) error = NULL;
      int kind = SHM_VALUE_KIND_INT64;
      int numbers[100];

      for (int i = 0; i < n; i++)
        {
          if (g_test_rand_int_range (0, 15) == 0)
            kind = g_test_rand_int_range (SHM_VALUE_KIND_NONE, SHM_VALUE_KIND_BYTES + 1);
          g_variant_builder_add (builder, "v", make_searched_value (kind, &numbers[i]));
        }
      list = shm_shareable_list_create (g_variant_builder_end (builder), NULL,
                                        SHM_CREATE_UNLINK_ON_CLOSE, &error);
      g_assert_no_error (error);

      for (int i = 0; i < n; i++)
        if (numbers[i] == -1 && g_test_rand_bit ())
          {
            numbers[i] = i % N_WANTED;
            shm_shareable_list_set_int64 (list, i, numbers[i], &error);
            g_assert_no_error (error);
          }

      for (int wanted = 0; wanted <= N_WANTED; wanted++)
        assert_number_found (list, numbers, n, wanted);
    }
}

/* The library searches and copies a large list in several pieces. */
static void
test_several_pieces (void)
{
  const int n = 20000;
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) values = NULL;
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GVariant) copies = NULL;
  g_autoptr (GError) error = NULL;
  guint64 index;

  for (int i = 0; i < n; i++)
    if (i % 1000 == 500)
      g_variant_builder_add (builder, "v",
                             g_variant_new_take_string (g_strnfill (200000, 'a' + i / 1000)));
    else
      g_variant_builder_add (builder, "v", g_variant_new_int64 (i));
  values = g_variant_ref_sink (g_variant_builder_end (builder));

  list = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shareable_list_find (list, g_variant_new_int64 (n - 1), &index, &error));
  g_assert_cmpuint (index, ==, n - 1);
  g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_int64 (4096), &error), ==, 1);
  copies = shm_shareable_list_copy_values (list, &error);
  g_assert_cmpuint (g_variant_n_children (copies), ==, n);
  g_assert_true (g_variant_equal (copies, values));
}

/* Attaching */

static void
test_attach_read_only (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'text')");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) reader
      = shm_shareable_list_attach (get_list_name (list), SHM_ATTACH_READ_ONLY, &error);

  g_assert_no_error (error);
  assert_values (reader, "[<int64 1>, <'text'>]");
  g_assert_false (shm_shareable_list_set_int64 (reader, 0, 2, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, get_list_name (list));
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 2, &error));
  g_assert_cmpint (shm_shareable_list_get_int64 (reader, 0, &error), ==, 2);
}

static void
test_block_without_list (void)
{
  g_autofree char *name = test_name ("no-list");
  g_autoptr (ShmSharedMemory) shm
      = shm_shared_memory_create (name, 1000, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmSharedMemory) closed = shm_shared_memory_attach (name, 0, NULL);
  g_autoptr (GError) error = NULL;

  /* CPython first creates a block and then writes the list into it. So a block of zeros can be an
   * unfinished list. Attaching to it fails after a timeout. */
  g_assert_null (shm_shareable_list_attach (name, 0, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, name);
  g_assert_null (shm_shareable_list_new_for_shared_memory (shm, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, name);

  g_assert_true (shm_shared_memory_set_int64 (shm, 0, -1, NULL));
  g_assert_null (shm_shareable_list_attach (name, 0, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, name);

  g_assert_true (shm_shared_memory_close (closed, NULL));
  g_assert_null (shm_shareable_list_new_for_shared_memory (closed, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
}

/* A copy of the bytes of a list, in an anonymous block, is a list too. */
static void
test_attach_anonymous (void)
{
  g_autoptr (ShmShareableList) source = create ("(int64 1, 'text')");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) image
      = shm_shared_memory_read (shm_shareable_list_get_shared_memory (source), 0,
                                shm_shared_memory_get_size (
                                    shm_shareable_list_get_shared_memory (source)),
                                &error);
  g_autoptr (ShmSharedMemory) shm
      = shm_shared_memory_create_anonymous (g_bytes_get_size (image), 0, &error);
  g_autoptr (ShmSharedMemory) same = NULL;
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (ShmShareableList) other = NULL;

  g_assert_true (shm_shared_memory_write (shm, 0, image, &error));
  same = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (shm), 0, &error);
  list = shm_shareable_list_new_for_shared_memory (shm, &error);
  other = shm_shareable_list_new_for_shared_memory (same, &error);
  g_assert_no_error (error);

  g_assert_true (shm_shareable_list_set_string (list, 0, "new", &error));
  g_assert_true (shm_shareable_list_set_none (other, 1, &error));
  assert_values (list, "[<'new'>, <@mv nothing>]");
  assert_values (other, "[<'new'>, <@mv nothing>]");
}

/* A write increases the sequence counter by two. */
static void
test_sequence_counter (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'text', b'bytes of some length')");
  ShmSharedMemory *shm = shm_shareable_list_get_shared_memory (list);
  const guint64 entries = 8 * (3 + 2) + 8 + 8 + 24;
  const guint64 trailer = (entries + 9 * 3 + 63) / 64 * 64;
  const guint64 before = shm_shared_memory_get_uint64 (shm, trailer + 40, NULL);

  g_assert_true (shm_shareable_list_set_int64 (list, 0, 2, NULL));
  g_assert_cmpuint (shm_shared_memory_get_uint64 (shm, trailer + 40, NULL), ==, before + 2);
}

/* Closing */

static void
test_closed (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 1, 'text')");
  g_autofree char *name = g_strdup (get_list_name (list));
  g_autoptr (GVariant) value = parse ("1");
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_shared_memory_close (shm_shareable_list_get_shared_memory (list), NULL));

  g_assert_cmpint (shm_shareable_list_get_int64 (list, 0, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_false (shm_shareable_list_set_int64 (list, 0, 2, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_null (shm_shareable_list_copy_values (list, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_null (shm_shareable_list_get_format (list, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_null (shm_private_list_copy_columns (list, 0, 1, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_cmpuint (shm_shareable_list_count (list, value, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  g_assert_cmpuint (shm_shareable_list_get_length (list), ==, 2);
}

static void
test_no_leaks (void)
{
  const guint descriptors = test_count_descriptors ();
  const guint mappings = test_count_mappings ();

  for (int i = 0; i < 50; i++)
    {
      g_autoptr (ShmShareableList) list = create ("(int64 1, 'text')");
      g_autoptr (ShmShareableList) other
          = shm_shareable_list_attach (get_list_name (list), 0, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_true (shm_shareable_list_set_int64 (list, 0, i, NULL));
      g_assert_true (shm_shareable_list_set_int64 (other, 0, i, NULL));
      g_assert_null (shm_shareable_list_create (g_variant_new_parsed ("[1]"), get_list_name (list),
                                                0, &error));
      g_assert_error (error, SHM_ERROR, SHM_ERROR_EXISTS);
    }

  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
  g_assert_cmpuint (test_count_mappings (), ==, mappings);
}

static void
test_without_init (void)
{
  g_autoptr (ShmShareableList) list = g_object_new (SHM_TYPE_SHAREABLE_LIST, "name", "x", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (shm_shareable_list_get_length (list), ==, 0);
  g_assert_null (shm_shareable_list_get_shared_memory (list));
  g_assert_null (shm_shareable_list_get_value (list, 0, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "x");

  /* A second call of init() fails with the same error. */
  for (int i = 0; i < 2; i++)
    {
      g_assert_false (g_initable_init (G_INITABLE (list), NULL, &error));
      test_assert_error (error, SHM_ERROR_NOT_FOUND, "x");
    }
}

static gboolean
refuse_to_proceed (gpointer user_data)
{
  return FALSE;
}

/* An interrupted init() sets no error: a language binding raises the exception of its handler. */
static void
test_interrupt (void)
{
  g_autofree char *name = test_name ("interrupt");
  g_autoptr (GVariant) values = g_variant_ref_sink (g_variant_new_parsed ("[1, 2]"));
  g_autoptr (ShmShareableList) list
      = g_object_new (SHM_TYPE_SHAREABLE_LIST, "name", name, "values", values, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  shm_private_cancellable_set_check (cancellable, refuse_to_proceed, NULL, NULL);
  g_assert_false (g_initable_init (G_INITABLE (list), cancellable, &error));
  g_assert_no_error (error);
  g_assert_false (test_exists (name));

  /* Other functions set the error. */
  g_assert_null (
      shm_shareable_list_create_full (values, name, 0600, SHM_CREATE_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (test_exists (name));
}

static void
test_reset (void)
{
  g_autofree char *name = test_name ("reset");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 16, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmShareableList) list = g_object_new (SHM_TYPE_SHAREABLE_LIST, "name", name, NULL);
  g_autoptr (GVariant) values = g_variant_ref_sink (g_variant_new_parsed ("[true]"));
  g_autoptr (GError) error = NULL;

  /* The first init() attaches to a block that contains no list. */
  g_assert_true (shm_shared_memory_set_uint64 (block, 0, 1000, &error));
  g_assert_false (g_initable_init (G_INITABLE (list), NULL, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, name);
  shm_private_list_reset (list, values, name, 0600, SHM_CREATE_NONE, SHM_ATTACH_NONE);
  g_assert_null (shm_shareable_list_get_shared_memory (list));
  g_assert_false (g_initable_init (G_INITABLE (list), NULL, &error));
  test_assert_error (error, SHM_ERROR_EXISTS, name);

  g_assert_true (shm_shared_memory_close (block, &error));
  shm_private_list_reset (list, values, name, 0640, SHM_CREATE_UNLINK_ON_CLOSE, SHM_ATTACH_NONE);
  g_assert_true (g_initable_init (G_INITABLE (list), NULL, &error));
  g_assert_true (shm_shareable_list_get_boolean (list, 0, &error));
  g_assert_cmpuint (shm_shared_memory_get_mode (shm_shareable_list_get_shared_memory (list)), ==,
                    0640);
}

/* Threads and fork() */

#define TURNS 20000

static gpointer
write_in_thread (gpointer data)
{
  ShmShareableList *list = data;

  for (gint64 i = 0; i < TURNS; i++)
    {
      const char *text = i % 2 == 0 ? "aaaaaaaaaaaaaaaaaaaaaaaa" : "bb";

      g_assert_true (shm_shareable_list_set_int64 (list, 0, i << 32 | i, NULL));
      g_assert_true (i % 3 == 0 ? shm_shareable_list_set_double (list, 1, 0.5, NULL)
                                : shm_shareable_list_set_string (list, 1, text, NULL));
    }

  return NULL;
}

static void
assert_whole (ShmShareableList *list)
{
  const gint64 number = shm_shareable_list_get_int64 (list, 0, NULL);
  g_autoptr (GVariant) value = shm_shareable_list_get_value (list, 1, NULL);

  g_assert_cmpint (number >> 32, ==, number & 0xffffffff);
  g_assert_nonnull (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    g_assert_cmpfloat (g_variant_get_double (value), ==, 0.5);
  else if (g_variant_get_string (value, NULL)[0] == 'a')
    g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "aaaaaaaaaaaaaaaaaaaaaaaa");
  else
    g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "bb");
}

static void
test_threads (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 0, 'aaaaaaaaaaaaaaaaaaaaaaaa')");
  g_autoptr (ShmShareableList) other = shm_shareable_list_attach (get_list_name (list), 0, NULL);
  GThread *threads[3];

  threads[0] = g_thread_new ("one", write_in_thread, list);
  threads[1] = g_thread_new ("two", write_in_thread, list);
  threads[2] = g_thread_new ("three", write_in_thread, other);
  for (int i = 0; i < TURNS / 10; i++)
    {
      g_autoptr (GBytes) columns = shm_private_list_copy_columns (list, 0, 2, NULL);

      g_assert_nonnull (columns);
      assert_whole (list);
      assert_whole (other);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_whole (list);
}

static void
test_fork_with_threads (void)
{
  g_autoptr (ShmShareableList) list = create ("(int64 0, 'aaaaaaaaaaaaaaaaaaaaaaaa')");
  GThread *thread = g_thread_new ("writer", write_in_thread, list);

  for (int i = 0; i < 50; i++)
    {
      pid_t child;

      test_fork (child);
      if (child == 0)
        {
          for (gint64 turn = 0; turn < 50; turn++)
            if (!shm_shareable_list_set_int64 (list, 0, turn << 32 | turn, NULL))
              _exit (1);
          assert_whole (list);
          /* exec() ends the child without the exit checks of sanitizers, which would report the
           * threads of the parent. */
          execl ("/bin/true", "true", NULL);
          _exit (1);
        }
      test_join (child);
      assert_whole (list);
    }
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/shareable-list/kinds", test_kinds);
  g_test_add_func ("/shareable-list/nan", test_nan);
  g_test_add_func ("/shareable-list/containers", test_containers);
  g_test_add_func ("/shareable-list/invalid-values", test_invalid_values);
  g_test_add_func ("/shareable-list/lengths", test_lengths);
  g_test_add_func ("/shareable-list/smaller-count", test_smaller_count);
  g_test_add_func ("/shareable-list/invalid-text", test_invalid_text);
  g_test_add_func ("/shareable-list/longest-value", test_longest_value);
  g_test_add_func ("/shareable-list/names", test_names);
  g_test_add_func ("/shareable-list/replace", test_replace);
  g_test_add_func ("/shareable-list/columns", test_columns);
  g_test_add_func ("/shareable-list/invalid-columns", test_invalid_columns);
  g_test_add_func ("/shareable-list/mode", test_mode);
  g_test_add_func ("/shareable-list/undefined-flags", test_undefined_flags);
  g_test_add_func ("/shareable-list/create-anonymous", test_create_anonymous);
  g_test_add_func ("/shareable-list/cancel-creation", test_cancel_creation);
  g_test_add_func ("/shareable-list/async/constructors", test_async_constructors);
  g_test_add_func ("/shareable-list/async/constructors-fail", test_async_constructors_fail);
  g_test_add_func ("/shareable-list/async/values", test_async_values);
  g_test_add_func ("/shareable-list/async/values-fail", test_async_values_fail);
  g_test_add_func ("/shareable-list/plain", test_plain);
  g_test_add_func ("/shareable-list/wrong-kind", test_wrong_kind);
  g_test_add_func ("/shareable-list/search", test_search);
  g_test_add_func ("/shareable-list/search-groups", test_search_groups);
  g_test_add_func ("/shareable-list/several-pieces", test_several_pieces);
  g_test_add_func ("/shareable-list/attach-read-only", test_attach_read_only);
  g_test_add_func ("/shareable-list/block-without-list", test_block_without_list);
  g_test_add_func ("/shareable-list/attach-anonymous", test_attach_anonymous);
  g_test_add_func ("/shareable-list/sequence-counter", test_sequence_counter);
  g_test_add_func ("/shareable-list/closed", test_closed);
  g_test_add_func ("/shareable-list/no-leaks", test_no_leaks);
  g_test_add_func ("/shareable-list/without-init", test_without_init);
  g_test_add_func ("/shareable-list/interrupt", test_interrupt);
  g_test_add_func ("/shareable-list/reset", test_reset);
  g_test_add_func ("/shareable-list/threads", test_threads);
  g_test_add_func ("/shareable-list/fork-with-threads", test_fork_with_threads);

  return g_test_run ();
}
