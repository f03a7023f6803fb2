/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests of the layout of lists, in private memory: format entries, length marks, length records,
 * whole lists, and values in columns. */

#include "core/shm-list-columns.h"
#include "core/shm-list-sync.h"

#include "shm-test.h"

#include <errno.h>
#include <math.h>

static ShmListValue
text (const char *bytes, gsize length)
{
  return (ShmListValue){ SHM_VALUE_KIND_STRING, length, { .bytes = (const guint8 *) bytes } };
}

static ShmListValue
bytes_of (const void *bytes, gsize length)
{
  return (ShmListValue){ SHM_VALUE_KIND_BYTES, length, { .bytes = bytes } };
}

static ShmListValue
integer (gint64 number)
{
  return (ShmListValue){ SHM_VALUE_KIND_INT64, 0, { .integer = number } };
}

static ShmListValue
floating (double number)
{
  return (ShmListValue){ SHM_VALUE_KIND_DOUBLE, 0, { .number = number } };
}

static ShmListValue
truth (gboolean value)
{
  return (ShmListValue){ SHM_VALUE_KIND_BOOLEAN, 0, { .truth = value } };
}

static const ShmListValue none = { .kind = SHM_VALUE_KIND_NONE };

static guint64
word_of (const char *characters, gsize length)
{
  guint64 word = 0;

  g_assert_cmpuint (length, <=, 8);
  memcpy (&word, characters, length);

  return word;
}

#define entry(literal) word_of (literal, sizeof (literal) - 1)

#define assert_entry(word, literal)                                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const guint64 found_ = (word);                                                                 \
    const guint64 wanted_ = entry (literal);                                                       \
    g_assert_cmpmem (&found_, 8, &wanted_, 8);                                                     \
  }                                                                                                \
  G_STMT_END

static void
assert_same (const ShmListValue *found, const ShmListValue *wanted)
{
  g_assert_cmpint (found->kind, ==, wanted->kind);
  g_assert_cmpuint (found->length, ==, wanted->length);
  if (wanted->kind == SHM_VALUE_KIND_STRING || wanted->kind == SHM_VALUE_KIND_BYTES)
    g_assert_true (memcmp (found->bytes, wanted->bytes, wanted->length) == 0);
  else if (wanted->kind == SHM_VALUE_KIND_BOOLEAN)
    g_assert_cmpint (!found->truth, ==, !wanted->truth);
  else if (wanted->kind != SHM_VALUE_KIND_NONE)
    g_assert_cmpint (found->integer, ==, wanted->integer);
}

/* A slot that is not part of a list. It has its own format entry, type code and length record. */
typedef struct
{
  guint64 size;
  guint8 *bytes; /* (owned) */
  guint64 entry;
  guint64 type_code;
  ShmListLengthRecord length_record;
  gboolean has_length_record;
} Slot;

static void
slot_clear (Slot *slot)
{
  g_free (slot->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Slot, slot_clear)

static ShmListFit
slot_store (Slot *slot, const ShmListValue *value)
{
  ShmListRedo redo;
  const ShmListFit fit = shm_list_encode (value, slot->size, slot->has_length_record, &redo);

  if (fit != SHM_LIST_FIT_OK)
    return fit;

  slot->entry = redo.entry;
  slot->type_code = redo.type_code;
  slot->length_record = (ShmListLengthRecord){ 0, redo.length, redo.hash };
  if (!shm_list_type_has_bytes (redo.type_code))
    {
      g_assert_cmpuint (redo.length, ==, 8);
      if (value->kind == SHM_VALUE_KIND_BOOLEAN)
        slot->bytes[7] = value->truth;
      else
        memcpy (slot->bytes, &value->integer, 8);
      return fit;
    }

  g_assert_cmpuint (redo.length, ==, value->length);
  memset (slot->bytes, 0, slot->size);
  if (value->length > 0)
    memcpy (slot->bytes, value->bytes, value->length);

  return fit;
}

static gboolean
slot_read (const Slot *slot, ShmListValue *value)
{
  ShmListFormat format;

  return shm_list_parse (slot->entry, slot->type_code, slot->size, slot->has_length_record, &format)
         && shm_list_decode (&format, slot->bytes, slot->size,
                             slot->has_length_record ? &slot->length_record : NULL, value);
}

static void
assert_round_trip (Slot *slot, const ShmListValue *value)
{
  ShmListValue found;

  g_assert_cmpint (slot_store (slot, value), ==, SHM_LIST_FIT_OK);
  g_assert_true (slot_read (slot, &found));
  assert_same (&found, value);
}

static Slot
make_slot (guint64 size, gboolean has_length_record)
{
  return (Slot){ .size = size, .bytes = g_malloc0 (size), .has_length_record = has_length_record };
}

/* Single values */

static void
test_kinds (void)
{
  const ShmListValue values[] = {
    integer (0),
    integer (-1),
    integer (G_MININT64),
    integer (G_MAXINT64),
    floating (2.5),
    floating (-0.0),
    floating (INFINITY),
    floating (NAN),
    truth (FALSE),
    truth (TRUE),
    none,
    text ("", 0),
    text ("a", 1),
    text ("a\0b", 3),
    text ("\0", 1),
    text ("\303\251", 2),
    bytes_of ("", 0),
    bytes_of ("\377\0\376", 3),
    bytes_of ("12345678", 8),
  };

  for (gsize size = 8; size <= 2000; size += 664)
    for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
      for (gsize j = 0; j < G_N_ELEMENTS (values); j++)
        {
          g_auto (Slot) slot = make_slot (size, size >= SHM_LIST_RECORD_SLOT_MIN);

          /* Each value can replace each other value. */
          assert_round_trip (&slot, &values[j]);
          assert_round_trip (&slot, &values[i]);
        }
}

static void
test_slot_sizes (void)
{
  static const struct
  {
    const char *text;
    guint64 size;
    guint64 size_as_bytes;
  } cases[] = {
    { "", 8, 8 },
    { "1234567", 8, 8 },
    { "12345678", 16, 16 },
    { "1234567\177", 16, 16 },
    { "éééé", 8, 16 },
    { "123456é", 8, 16 },
    { "éééé1", 16, 16 },
    { "éééééééé", 16, 24 },
    { "12345678é123456", 16, 24 },
    { "12345678é1234567", 24, 24 },
    { "1234567890123456789012é", 24, 32 },
    { "é1234567890123456789012", 24, 32 },
    { "😀😀", 8, 16 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ShmListValue value = { SHM_VALUE_KIND_STRING,
                             strlen (cases[i].text),
                             { .bytes = (const guint8 *) cases[i].text } };

      g_assert_cmpuint (shm_list_slot_size_for (&value), ==, cases[i].size);
      value.kind = SHM_VALUE_KIND_BYTES;
      g_assert_cmpuint (shm_list_slot_size_for (&value), ==, cases[i].size_as_bytes);
    }
}

static void
test_entries (void)
{
  static const guint8 zeros[46656] = { 0 };
  g_auto (Slot) slot = make_slot (8, FALSE);
  g_auto (Slot) large = make_slot (1000, TRUE);
  ShmListValue value;
  ShmListRedo redo;

  value = integer (5);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "q");
  g_assert_cmpuint (slot.type_code, ==, 0);
  value = floating (5);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "d");
  g_assert_cmpuint (slot.type_code, ==, 0);
  value = truth (TRUE);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "xxxxxxx?");
  g_assert_cmpuint (slot.type_code, ==, 0);
  slot_store (&slot, &none);
  assert_entry (slot.entry, "xxxxxx?x");
  g_assert_cmpuint (slot.type_code, ==, 3);
  value = text ("howdy", 5);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "8s");
  g_assert_cmpuint (slot.type_code, ==, 1);
  value = bytes_of ("howdy\0\0", 7);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "8s     \t");
  g_assert_cmpuint (slot.type_code, ==, 2);
  value = bytes_of ("\0", 1);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "8s      ");
  value = bytes_of (zeros, 6);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "8s     \r");
  value = bytes_of (zeros, 7);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "8s    \t ");
  value = bytes_of (zeros, 8);
  slot_store (&slot, &value);
  assert_entry (slot.entry, "8s    \t\t");

  /* 2 * 36 + 5 * 6 + 3 = 105 */
  value = bytes_of (zeros, 106);
  slot_store (&large, &value);
  assert_entry (large.entry, "1000s\n\r\v");
  value = bytes_of (zeros, 215);
  slot_store (&large, &value);
  assert_entry (large.entry, "1000s\r\r\f");
  value = bytes_of (zeros, 216);
  slot_store (&large, &value);
  assert_entry (large.entry, "1000s\r\r\r");
  g_assert_cmpuint (large.length_record.length, ==, 216);
  value = bytes_of (zeros, 1000);
  slot_store (&large, &value);
  assert_entry (large.entry, "1000s\r\r\r");
  g_assert_cmpuint (large.length_record.length, ==, 1000);
  g_assert_cmpuint (large.length_record.hash, ==, 0);

  /* The largest counts */
  value = text ("a", 1);
  shm_list_encode (&value, SHM_LIST_SLOT_MAX, TRUE, &redo);
  assert_entry (redo.entry, "9999992s");
  value = text ("a\0", 2);
  shm_list_encode (&value, SHM_LIST_SLOT_MAX, TRUE, &redo);
  assert_entry (redo.entry, "999999s ");
  value = bytes_of (zeros, 6);
  shm_list_encode (&value, SHM_LIST_SLOT_MAX, TRUE, &redo);
  assert_entry (redo.entry, "999999s\r");
  shm_list_encode (&value, 999992, FALSE, &redo);
  assert_entry (redo.entry, "999992s\r");
}

static void
test_too_long (void)
{
  g_autofree guint8 *bytes = g_malloc0 (SHM_LIST_SLOT_MAX + 8);
  ShmListRedo redo;
  ShmListValue value;

  memset (bytes, 'x', SHM_LIST_SLOT_MAX + 8);
  for (gsize size = 8; size <= 1008; size += 8)
    {
      value = bytes_of (bytes, size);
      g_assert_cmpint (shm_list_encode (&value, size, FALSE, &redo), ==, SHM_LIST_FIT_OK);
      value = bytes_of (bytes, size + 1);
      g_assert_cmpint (shm_list_encode (&value, size, FALSE, &redo), ==, SHM_LIST_FIT_TOO_LONG);
      g_assert_cmpint (shm_list_encode (&value, size, TRUE, &redo), ==, SHM_LIST_FIT_TOO_LONG);
    }

  value = bytes_of (bytes, SHM_LIST_LENGTH_MAX);
  g_assert_cmpint (shm_list_encode (&value, SHM_LIST_SLOT_MAX, TRUE, &redo), ==, SHM_LIST_FIT_OK);
  g_assert_cmpuint (shm_list_slot_size_for (&value), ==, SHM_LIST_SLOT_MAX);
  value = bytes_of (bytes, SHM_LIST_LENGTH_MAX + 1);
  g_assert_cmpint (shm_list_encode (&value, SHM_LIST_SLOT_MAX, TRUE, &redo), ==,
                   SHM_LIST_FIT_TOO_LONG);
}

/* Trailing NULs */

/* The largest number of trailing NULs that a length mark can express in a slot of this size. */
static const struct
{
  gsize slot;
  gsize nuls_max;
} boundaries[] = {
  { 8, 46656 },  { 16, 7776 },   { 104, 1296 },  { 992, 1296 },
  { 1000, 216 }, { 1008, 216 },  { 99992, 36 },  { 100000, 6 },
  { 999992, 6 }, { 1000000, 6 }, { 1000008, 6 }, { SHM_LIST_SLOT_MAX, 6 },
};

/* Stores a text and bytes of this length, with this number of trailing NULs, and reads them, or
 * checks that the slot cannot store them. @nuls_max is the largest number that a length mark can
 * express. */
static void
check_nuls (Slot *slot, guint8 *bytes, gsize length, gsize nuls, gsize nuls_max)
{
  const gsize stripped = length - nuls;
  const gboolean is_marked = stripped <= SHM_LIST_MARKED_COUNT_MAX;
  const gboolean fits = nuls == 0 || slot->has_length_record || (nuls <= nuls_max && is_marked);
  const ShmListValue values[] = { bytes_of (bytes, length), text ((const char *) bytes, length) };
  ShmListValue found;

  memset (bytes, 'a', stripped);
  memset (bytes + stripped, 0, nuls);

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      if (!fits)
        {
          g_assert_cmpint (slot_store (slot, &values[i]), ==, SHM_LIST_FIT_NULS_LOST);
          continue;
        }

      assert_round_trip (slot, &values[i]);

      /* The length record is used only if the format entry refers to it. */
      slot->length_record = (ShmListLengthRecord){ 0 };
      if (nuls == 0 || (is_marked && nuls < nuls_max) || !slot->has_length_record)
        {
          g_assert_true (slot_read (slot, &found));
          assert_same (&found, &values[i]);
        }
      else if (is_marked)
        g_assert_false (slot_read (slot, &found));
      else
        {
          g_assert_true (slot_read (slot, &found));
          g_assert_cmpuint (found.length, ==, stripped);
        }
    }
}

static void
test_nuls (void)
{
  g_autofree guint8 *bytes = g_malloc (SHM_LIST_SLOT_MAX);

  for (gsize i = 0; i < G_N_ELEMENTS (boundaries); i++)
    for (int has_length_record = 0; has_length_record <= 1; has_length_record++)
      {
        const gsize size = boundaries[i].slot;
        const gsize nuls_max = boundaries[i].nuls_max;
        const gsize full = MIN (size, SHM_LIST_LENGTH_MAX);
        const gsize counts[] = { 0, 1, 2, nuls_max - 1, nuls_max, nuls_max + 1, full - 1, full };
        g_auto (Slot) slot = make_slot (size, has_length_record);

        for (gsize c = 0; c < G_N_ELEMENTS (counts); c++)
          {
            if (counts[c] > full)
              continue;
            check_nuls (&slot, bytes, full, counts[c], nuls_max);
            check_nuls (&slot, bytes, counts[c], counts[c], nuls_max);
            if (counts[c] + 3 <= full)
              check_nuls (&slot, bytes, counts[c] + 3, counts[c], nuls_max);
          }
      }
}

/* Tests values with about 999999 bytes before the trailing NULs. A value with more bytes before its
 * trailing NULs cannot have a length mark. */
static void
test_nuls_after_a_million_bytes (void)
{
  g_autofree guint8 *bytes = g_malloc (1000016);
  g_auto (Slot) slot = make_slot (1000016, TRUE);

  for (gsize stripped = SHM_LIST_MARKED_COUNT_MAX - 1; stripped <= SHM_LIST_MARKED_COUNT_MAX + 2;
       stripped++)
    for (gsize nuls = 0; stripped + nuls <= 1000016; nuls++)
      check_nuls (&slot, bytes, stripped + nuls, nuls, 6);

  slot.has_length_record = FALSE;
  for (gsize stripped = SHM_LIST_MARKED_COUNT_MAX - 1; stripped <= SHM_LIST_MARKED_COUNT_MAX + 2;
       stripped++)
    for (gsize nuls = 0; stripped + nuls <= 1000016; nuls++)
      check_nuls (&slot, bytes, stripped + nuls, nuls, 6);
}

/* Tests all lengths up to 24 bytes with all numbers of trailing NULs. */
static void
test_all_short_values (void)
{
  guint8 bytes[24];

  for (gsize size = 8; size <= sizeof bytes; size += 8)
    for (gsize length = 0; length <= size; length++)
      for (gsize nuls = 0; nuls <= length; nuls++)
        {
          g_auto (Slot) slot = make_slot (size, FALSE);

          check_nuls (&slot, bytes, length, nuls, 46656);
        }
}

/* Stores a str or bytes as stock CPython stores it. */
static void
store_as_cpython (Slot *slot, gboolean is_text, const guint8 *bytes, gsize length)
{
  g_autofree char *plain = g_strdup_printf ("%" G_GUINT64_FORMAT "s", slot->size);
  char current[9] = { 0 };
  gsize n;

  memcpy (current, &slot->entry, 8);
  for (n = 8; n > 0 && current[n - 1] == '\0'; n--)
    ;
  if (n == 0 || current[n - 1] != 's')
    slot->entry = word_of (plain, strlen (plain));
  slot->type_code = is_text ? SHM_LIST_TYPE_STRING : SHM_LIST_TYPE_BYTES;
  memset (slot->bytes, 0, slot->size);
  memcpy (slot->bytes, bytes, length);
}

/* This library stores a value with trailing NULs. Then CPython stores the same value without the
 * trailing NULs, or another value. Reading must return the value that CPython stored. */
static void
check_cpython_store (gsize size, gsize stripped, gsize nuls, gboolean has_length_record)
{
  g_autofree guint8 *bytes = g_malloc0 (size);
  g_auto (Slot) slot = make_slot (size, has_length_record);
  const ShmListValue old = text ((const char *) bytes, stripped + nuls);
  const gboolean is_hashed = stripped > SHM_LIST_MARKED_COUNT_MAX;
  ShmListValue wanted, found;

  memset (bytes, 'x', stripped);
  g_assert_cmpint (slot_store (&slot, &old), ==, SHM_LIST_FIT_OK);
  store_as_cpython (&slot, TRUE, bytes, stripped);
  g_assert_true (slot_read (&slot, &found));
  wanted = text ((const char *) bytes, stripped);
  if (is_hashed) /* the store of CPython has not changed any byte, so the old value remains */
    wanted.length += nuls;
  assert_same (&found, &wanted);

  g_assert_cmpint (slot_store (&slot, &old), ==, SHM_LIST_FIT_OK);
  store_as_cpython (&slot, FALSE, bytes, stripped);
  g_assert_true (slot_read (&slot, &found));
  wanted = bytes_of (bytes, stripped);
  assert_same (&found, &wanted);

  g_assert_cmpint (slot_store (&slot, &old), ==, SHM_LIST_FIT_OK);
  store_as_cpython (&slot, TRUE, bytes, stripped - 1);
  g_assert_true (slot_read (&slot, &found));
  wanted = text ((const char *) bytes, stripped - 1);
  assert_same (&found, &wanted);

  g_assert_cmpint (slot_store (&slot, &old), ==, SHM_LIST_FIT_OK);
  bytes[stripped / 2] = 'y';
  store_as_cpython (&slot, TRUE, bytes, stripped);
  g_assert_true (slot_read (&slot, &found));
  wanted = text ((const char *) bytes, stripped);
  assert_same (&found, &wanted);
}

static void
test_stale_length_marks (void)
{
  for (gsize nuls = 1; nuls <= 4; nuls++)
    for (int has_length_record = 0; has_length_record <= 1; has_length_record++)
      {
        check_cpython_store (8, 4, nuls, FALSE);
        check_cpython_store (104, 100, nuls, FALSE);
        check_cpython_store (1000, 6, nuls, has_length_record);
        check_cpython_store (999992, 999988, nuls, has_length_record);
        check_cpython_store (1000000, 999996, nuls, has_length_record);
      }
  check_cpython_store (1000, 6, 500, TRUE);
  check_cpython_store (1000000, 6, 900000, TRUE);
}

static void
test_stale_hashes (void)
{
  check_cpython_store (1000008, 1000000, 1, TRUE);
  check_cpython_store (1000016, 1000000, 16, TRUE);
}

/* Format entries of other writers */

static void
test_short_counts (void)
{
  static const struct
  {
    const char *entry;
    gsize slot;
    const char *bytes;
    gsize length;
  } cases[] = {
    { "5s", 8, "howdyXYZ", 5 },
    { "3s", 8, "howdyXYZ", 3 },
    { "0s", 8, "howdyXYZ", 0 },
    { "10s", 16, "0123456789ABCDEF", 10 },
    { "016s", 16, "0123456789ABCDEF", 16 },
    { "0000016s", 16, "0123456789ABCDEF", 16 },
    { "08s", 8, "12345678", 8 },
    { "000008s", 8, "1234567\0", 7 },
    { "00000s", 8, "1234567\0", 0 },
    { "5s", 8, "how\0\0XYZ", 3 },
    { "8s", 8, "\0\0\0\0\0\0\0\0", 0 },
    { "8s", 8, "a\0b\0\0\0\0\0", 3 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint64 code = SHM_LIST_TYPE_STRING; code <= SHM_LIST_TYPE_BYTES; code++)
      {
        g_auto (Slot) slot = make_slot (cases[i].slot, FALSE);
        ShmListValue found;

        slot.entry = word_of (cases[i].entry, strlen (cases[i].entry));
        slot.type_code = code;
        memcpy (slot.bytes, cases[i].bytes, cases[i].slot);
        g_assert_true (slot_read (&slot, &found));
        g_assert_cmpint (found.kind, ==, code == 1 ? SHM_VALUE_KIND_STRING : SHM_VALUE_KIND_BYTES);
        g_assert_cmpmem (found.bytes, found.length, cases[i].bytes, cases[i].length);
      }
}

static void
test_invalid_entries (void)
{
  /* Each case has eight bytes and a NUL. */
  static const char cases[][9] = {
    "",
    " 8s",
    ">8s",
    "<8s",
    "=8s",
    "8 s",
    "+8s",
    "-8s",
    "8p",
    "s",
    "8",
    "08",
    "Q",
    "i",
    "n",
    "<q",
    ">q",
    "@q",
    "1q",
    "q ",
    " q",
    "qq",
    "2i",
    "4s4s",
    "zz",
    "99999999",
    "00000008",
    "9999999s",
    "16s",
    "9s",
    "8s\0q",
    "8s \0\0\0\0\0",
    "8s\0     ",
    "8s     \0",
    "8s     x",
    "8s     s",
    "8s     \b",
    "8s\240\240\240\240\240\240",
    "5s      ",
    "7s      ",
    "0s      ",
    "08s     ",
    "8sx",
    "8ss",
    "\377",
    "8S",
    "\0008s",
    "d ",
    "d\0d",
    "xxxxxxx",
    "xxxxxx?",
    "?",
    "xxxxxxxx",
    "7x?",
    "8s\0\0\0\0\0 ",
    "\000\000\000\000\000\000\0008",
  };
  ShmListFormat format;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint64 code = 0; code <= 5; code++)
      g_assert_false (shm_list_parse (word_of (cases[i], 8), code, 8, FALSE, &format));

  /* The count before a length mark must be the size of the slot, or 999999 if the slot is
   * larger. */
  g_assert_true (shm_list_parse (entry ("8s      "), 1, 8, FALSE, &format));
  g_assert_false (shm_list_parse (entry ("8s      "), 1, 16, FALSE, &format));
  g_assert_false (shm_list_parse (entry ("999999s "), 1, 999992, FALSE, &format));
  g_assert_true (shm_list_parse (entry ("999999s "), 1, 1000000, FALSE, &format));
  g_assert_false (shm_list_parse (entry ("099999s "), 1, 1000000, FALSE, &format));
}

static void
test_type_codes (void)
{
  static const guint64 extremes[] = { 4,          5,           127,
                                      128,        255,         256,
                                      257,        1ull << 32,  (1ull << 32) + 1,
                                      1ull << 63, G_MAXUINT64, G_MAXUINT64 - 1 };
  static const struct
  {
    char entry[9];
    gboolean fits[4];
  } cases[] = {
    { "q", { TRUE, FALSE, FALSE, FALSE } },        { "d", { TRUE, FALSE, FALSE, FALSE } },
    { "xxxxxxx?", { TRUE, FALSE, FALSE, FALSE } }, { "xxxxxx?x", { FALSE, FALSE, FALSE, TRUE } },
    { "8s", { FALSE, TRUE, TRUE, FALSE } },        { "8s     \t", { FALSE, TRUE, TRUE, FALSE } },
  };
  ShmListFormat format;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (guint64 code = 0; code < 4; code++)
        g_assert_cmpint (shm_list_parse (word_of (cases[i].entry, 8), code, 8, FALSE, &format), ==,
                         cases[i].fits[code]);
      for (gsize c = 0; c < G_N_ELEMENTS (extremes); c++)
        g_assert_false (
            shm_list_parse (word_of (cases[i].entry, 8), extremes[c], 8, FALSE, &format));
    }
}

/* With wrong length marks and wrong length records, a value never extends beyond its slot, and text
 * is always valid UTF-8. */
static void
test_wrong_length_marks (void)
{
  static const guint64 lengths[]
      = { 0, 1, 999998, 999999, 1000000, 1000008, 1000009, 1ull << 32, 1ull << 63, G_MAXUINT64 };
  g_auto (Slot) slot = make_slot (8, FALSE);
  g_auto (Slot) large = make_slot (1000008, TRUE);
  ShmListValue found;

  slot.type_code = SHM_LIST_TYPE_BYTES;
  memcpy (slot.bytes, "1234", 4);
  slot.entry = entry ("8s     \v");
  g_assert_true (slot_read (&slot, &found));
  g_assert_cmpuint (found.length, ==, 8);
  slot.entry = entry ("8s     \f");
  g_assert_false (slot_read (&slot, &found));
  slot.entry = entry ("8s\r\r\r\r\r\r");
  g_assert_false (slot_read (&slot, &found));

  memset (large.bytes, 'a', 999999);
  memset (large.bytes + 999999, 0xff, 9);
  for (guint64 code = SHM_LIST_TYPE_STRING; code <= SHM_LIST_TYPE_BYTES; code++)
    for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
      for (int mark = 0; mark < 2; mark++)
        {
          large.type_code = code;
          large.entry = mark == 0 ? entry ("999999s ") : entry ("999999s\r");
          large.length_record.length = lengths[i];
          if (!slot_read (&large, &found))
            continue;
          g_assert_cmpuint (found.length, <=, 1000008);
          if (code == SHM_LIST_TYPE_STRING)
            g_assert_true (shm_list_is_utf8 (found.bytes, found.length));
        }

  /* A hash of 0 means that the length record has no hash. */
  memset (large.bytes, 'a', 1000008);
  large.type_code = SHM_LIST_TYPE_BYTES;
  large.entry = entry ("1000008s");
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint64 hash = 0; hash < 2; hash++)
      {
        large.length_record = (ShmListLengthRecord){ 0, lengths[i], hash };
        g_assert_true (slot_read (&large, &found));
        g_assert_cmpuint (found.length, ==, 1000008);
      }
}

static void
test_is_utf8 (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
    gboolean is_text;
  } cases[] = {
    { "", 0, TRUE },
    { "a", 1, TRUE },
    { "\0", 1, TRUE },
    { "\0\0a\0", 4, TRUE },
    { "\x7f", 1, TRUE },
    { "\x80", 1, FALSE },
    { "\xc2\x80", 2, TRUE },
    { "\xc2", 1, FALSE },
    { "\xc2\0", 2, FALSE },
    { "\xc0\x80", 2, FALSE }, /* a NUL in two bytes */
    { "\xc1\xbf", 2, FALSE },
    { "\xe0\x9f\xbf", 3, FALSE },
    { "\xe0\xa0\x80", 3, TRUE },
    { "\xed\x9f\xbf", 3, TRUE },
    { "\xed\xa0\x80", 3, FALSE }, /* surrogates */
    { "\xed\xbf\xbf", 3, FALSE },
    { "\xee\x80\x80", 3, TRUE },
    { "\xef\xbf\xbe", 3, TRUE }, /* a noncharacter, which Python accepts */
    { "\xef\xbf\xbf", 3, TRUE },
    { "\xef\xb7\x90", 3, TRUE },
    { "\xf0\x8f\xbf\xbf", 4, FALSE },
    { "\xf0\x90\x80\x80", 4, TRUE },
    { "\xf4\x8f\xbf\xbf", 4, TRUE },
    { "\xf4\x90\x80\x80", 4, FALSE },
    { "\xf5\x80\x80\x80", 4, FALSE },
    { "\xf8\x88\x80\x80\x80", 5, FALSE },
    { "\xff", 1, FALSE },
    { "a\0\xff", 3, FALSE },
    { "\0\xe2\x82\xac\0", 5, TRUE },
    { "\xe2\x82\0\xac", 4, FALSE },
    { "\xe2\x82", 2, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* The copy has exactly this size, so that AddressSanitizer finds each access beyond its
       * end. */
      g_autofree guint8 *copy = g_memdup2 (cases[i].bytes, cases[i].length);

      g_assert_cmpint (shm_list_is_utf8 (copy, cases[i].length), ==, cases[i].is_text);
    }
}

static gboolean
equal (ShmListValue a, ShmListValue b)
{
  const gboolean is_equal = shm_list_value_equal (&a, &b);

  g_assert_cmpint (shm_list_value_equal (&b, &a), ==, is_equal);

  return is_equal;
}

static void
test_value_equal (void)
{
  const gint64 exact = G_GINT64_CONSTANT (1) << 53;

  g_assert_true (equal (integer (0), floating (0.0)));
  g_assert_true (equal (integer (0), floating (-0.0)));
  g_assert_true (equal (floating (0.0), floating (-0.0)));
  g_assert_true (equal (integer (-3), floating (-3.0)));
  g_assert_false (equal (integer (3), floating (3.5)));
  g_assert_false (equal (integer (0), floating (5e-324)));
  g_assert_true (equal (integer (exact), floating (0x1p53)));
  g_assert_false (equal (integer (exact + 1), floating (0x1p53)));
  g_assert_true (equal (integer (exact + 2), floating (0x1p53 + 2)));
  g_assert_false (equal (integer (-exact - 1), floating (-0x1p53)));
  g_assert_true (equal (integer (G_MININT64), floating (-0x1p63)));
  g_assert_false (equal (integer (G_MININT64 + 1), floating (-0x1p63)));
  g_assert_false (equal (integer (G_MAXINT64), floating (0x1p63)));
  g_assert_false (equal (integer (G_MAXINT64 - 1023), floating (0x1p63)));
  g_assert_true (equal (integer (G_MAXINT64 - 1023), floating (0x1p63 - 1024)));
  g_assert_false (equal (integer (G_MAXINT64), floating (1e300)));
  g_assert_false (equal (integer (G_MININT64), floating (-1e300)));
  g_assert_false (equal (integer (G_MININT64), floating (-INFINITY)));
  g_assert_false (equal (integer (G_MAXINT64), floating (INFINITY)));
  g_assert_false (equal (integer (0), floating (NAN)));
  g_assert_false (equal (integer (G_MININT64), floating (NAN)));
  g_assert_false (equal (floating (NAN), floating (NAN)));
  g_assert_true (equal (floating (INFINITY), floating (INFINITY)));
  g_assert_false (equal (floating (INFINITY), floating (-INFINITY)));

  g_assert_false (equal (truth (TRUE), integer (1)));
  g_assert_false (equal (truth (FALSE), none));
  g_assert_true (equal (truth (TRUE), truth (2)));
  g_assert_true (equal (none, none));
  g_assert_false (equal (none, integer (0)));
  g_assert_false (equal (text ("a", 1), bytes_of ("a", 1)));
  g_assert_true (equal (text ("a\0b", 3), text ("a\0b", 3)));
  g_assert_false (equal (text ("a\0b", 3), text ("a\0c", 3)));
  g_assert_false (equal (text ("a\0", 2), text ("a", 1)));
  g_assert_true (equal (text ("", 0), text (NULL, 0)));
  g_assert_false (equal (text ("", 0), bytes_of (NULL, 0)));
}

/* Whole lists */

/* A source that returns the values of one array on the first pass and of another array on the
 * second. */
typedef struct
{
  ShmListSource source;
  const ShmListValue *passes[2];
  gsize fails_at[2]; /* the number (from 1) of the value at which each pass fails, or 0 */
  int pass;
  gsize at;
} ArraySource;

static void
array_rewind (ShmListSource *source)
{
  ArraySource *self = (ArraySource *) source;

  self->pass++;
  self->at = 0;
}

static gboolean
array_next (ShmListSource *source, ShmListValue *value)
{
  ArraySource *self = (ArraySource *) source;

  g_assert_cmpuint (self->at, <, source->n_items);
  if (self->fails_at[self->pass] == self->at + 1)
    return FALSE;
  *value = self->passes[self->pass][self->at++];

  return TRUE;
}

/* Returns at most three values at once. */
static gboolean
array_next_array (ShmListSource *source, const ShmListValue **values, guint64 *n_values)
{
  ArraySource *self = (ArraySource *) source;

  g_assert_cmpuint (self->at, <, source->n_items);
  *values = &self->passes[self->pass][self->at];
  *n_values = MIN (source->n_items - self->at, 3);
  self->at += *n_values;

  return self->fails_at[self->pass] == 0 || self->fails_at[self->pass] > self->at;
}

static ArraySource
array_source (const ShmListValue *first, const ShmListValue *second, gsize n)
{
  return (ArraySource){ .source = { n, array_rewind, array_next },
                        .passes = { first, second },
                        .pass = -1 };
}

static gboolean
put_in_memory (guint64 offset, gconstpointer bytes, gsize length, gpointer memory, ShmFault *fault)
{
  memcpy ((guint8 *) memory + offset, bytes, length);

  return TRUE;
}

static guint8 *
make_list_from (ArraySource *source, ShmListLayout *layout)
{
  guint8 *bytes;
  ShmFault fault;

  g_assert_true (shm_list_measure (&source->source, layout, &fault));
  bytes = g_malloc0 (shm_list_size (layout));
  g_assert_true (shm_list_fill (&source->source, layout, put_in_memory, bytes, &fault));

  return bytes;
}

/* Makes a list from single values and from several values at once. */
static guint8 *
make_list (const ShmListValue *values, gsize n, ShmListLayout *layout)
{
  ArraySource single = array_source (values, values, n), several = single;
  g_autofree guint8 *same = NULL;
  guint8 *bytes;

  several.source.next = NULL;
  several.source.next_array = array_next_array;
  bytes = make_list_from (&single, layout);
  same = make_list_from (&several, layout);
  g_assert_cmpmem (bytes, shm_list_size (layout), same, shm_list_size (layout));

  return bytes;
}

/* ['howdy', b'HoWdY', -273.154, 100, None, True, 42], as CPython 3.9 to 3.15 store it. */
static const guint8 worked_example[191] = {
  7,    0,    0,    0,    0,    0,    0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 8,    0,
  0,    0,    0,    0,    0,    0,    16,  0,   0,   0,   0,   0,   0,   0,   24,  0, 0,    0,
  0,    0,    0,    0,    32,   0,    0,   0,   0,   0,   0,   0,   40,  0,   0,   0, 0,    0,
  0,    0,    48,   0,    0,    0,    0,   0,   0,   0,   56,  0,   0,   0,   0,   0, 0,    0,
  'h',  'o',  'w',  'd',  'y',  0,    0,   0,   'H', 'o', 'W', 'd', 'Y', 0,   0,   0, 0x58, 0x39,
  0xb4, 0xc8, 0x76, 0x12, 0x71, 0xc0, 100, 0,   0,   0,   0,   0,   0,   0,   0,   0, 0,    0,
  0,    0,    0,    0,    0,    0,    0,   0,   0,   0,   0,   1,   42,  0,   0,   0, 0,    0,
  0,    0,    '8',  's',  0,    0,    0,   0,   0,   0,   '8', 's', 0,   0,   0,   0, 0,    0,
  'd',  0,    0,    0,    0,    0,    0,   0,   'q', 0,   0,   0,   0,   0,   0,   0, 'x',  'x',
  'x',  'x',  'x',  'x',  '?',  'x',  'x', 'x', 'x', 'x', 'x', 'x', 'x', '?', 'q', 0, 0,    0,
  0,    0,    0,    0,    1,    2,    0,   0,   3,   0,   0,
};

#define N_WORKED    7
#define WORKED_SIZE sizeof worked_example

/* Stores the bytes of the worked example on this machine. The texts, the format entries, the bool
 * and the type codes are the same in both byte orders. */
static void
get_worked_example (guint8 bytes[WORKED_SIZE])
{
  static const guint numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15 };

  memcpy (bytes, worked_example, WORKED_SIZE);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      guint64 number;

      memcpy (&number, bytes + 8 * numbers[i], 8);
      number = GUINT64_FROM_LE (number);
      memcpy (bytes + 8 * numbers[i], &number, 8);
    }
}

static void
get_worked_values (ShmListValue values[N_WORKED])
{
  values[0] = text ("howdy", 5);
  values[1] = bytes_of ("HoWdY", 5);
  values[2] = floating (-273.154);
  values[3] = integer (100);
  values[4] = none;
  values[5] = truth (TRUE);
  values[6] = integer (42);
}

static void
test_worked_example (void)
{
  static const char *const formats[N_WORKED]
      = { "8s", "8s", "d", "q", "xxxxxx?x", "xxxxxxx?", "q" };
  ShmListValue values[N_WORKED], found;
  g_autofree guint8 *copy = NULL, *bytes = NULL;
  guint8 example[WORKED_SIZE];
  ShmListLayout layout;
  ShmListParts parts;
  char format[9];

  get_worked_example (example);
  get_worked_values (values);
  bytes = make_list (values, N_WORKED, &layout);
  g_assert_cmpuint (shm_list_cpython_size (&layout), ==, 191);
  g_assert_cmpmem (bytes, 191, example, 191);
  g_assert_cmpuint (shm_list_trailer_offset (&layout), ==, 192);
  g_assert_cmpuint (shm_list_size (&layout), ==, 192 + sizeof (ShmListTrailer) + 8);
  if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
    g_assert_cmpmem (bytes + 192, 8, "shmobj1", 8);
  else
    g_assert_cmpmem (bytes + 192, 8, "\0001jbomhs", 8);

  copy = g_memdup2 (example, 191);
  g_assert_cmpint (shm_list_inspect (copy, 191, &layout), ==, SHM_LIST_COMPLETE);
  g_assert_cmpuint (layout.n_items, ==, N_WORKED);
  g_assert_cmpuint (layout.data_size, ==, 56);
  g_assert_false (layout.has_trailer);
  shm_list_find_parts (copy, &layout, &parts);
  for (guint64 i = 0; i < N_WORKED; i++)
    {
      g_assert_true (shm_list_get_value (&parts, i, &found));
      assert_same (&found, &values[i]);
      g_assert_true (shm_list_get_format (&parts, i, format));
      g_assert_cmpstr (format, ==, formats[i]);
    }
}

static ShmListStatus
inspect (const guint8 *bytes, gsize size)
{
  /* The copy has exactly this size, so that AddressSanitizer finds each access beyond its end. */
  g_autofree guint8 *copy = g_memdup2 (bytes, size);
  ShmListLayout layout;

  return shm_list_inspect (copy, size, &layout);
}

static void
test_inspect_sizes (void)
{
  g_autofree guint8 *longer = g_malloc0 (2000);
  ShmListValue values[N_WORKED];
  g_autofree guint8 *bytes = NULL;
  guint8 example[WORKED_SIZE];
  ShmListLayout layout;

  get_worked_example (example);
  for (gsize size = 0; size < 191; size++)
    g_assert_cmpint (inspect (example, size), ==, SHM_LIST_INCOMPLETE);
  g_assert_cmpint (inspect (example, 191), ==, SHM_LIST_COMPLETE);
  memcpy (longer, example, 191);
  for (gsize size = 192; size < 2000; size++)
    g_assert_cmpint (inspect (longer, size), ==, SHM_LIST_INCOMPLETE);

  /* If a list with a trailer is cut off, the status is not COMPLETE. The exception is the size of
   * the list without the trailer, because CPython creates such lists. */
  get_worked_values (values);
  bytes = make_list (values, N_WORKED, &layout);
  for (gsize size = 0; size < shm_list_size (&layout); size++)
    g_assert_cmpint (inspect (bytes, size) == SHM_LIST_COMPLETE, ==, size == 191);
  g_assert_cmpint (inspect (bytes, shm_list_size (&layout)), ==, SHM_LIST_COMPLETE);
}

static void
test_inspect_empty (void)
{
  g_autofree guint8 *zeros = g_malloc0 (4096);
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;

  for (gsize size = 0; size <= 4096; size++)
    g_assert_cmpint (inspect (zeros, size), ==,
                     size == 16 ? SHM_LIST_COMPLETE : SHM_LIST_INCOMPLETE);

  bytes = make_list (NULL, 0, &layout);
  g_assert_cmpuint (shm_list_cpython_size (&layout), ==, 16);
  g_assert_cmpuint (shm_list_size (&layout), ==, 64 + sizeof (ShmListTrailer));
  g_assert_cmpint (inspect (bytes, shm_list_size (&layout)), ==, SHM_LIST_COMPLETE);
  g_assert_cmpint (inspect (bytes, 16), ==, SHM_LIST_COMPLETE);
}

/* CPython writes a new list in this order: the number of items, the offsets, the slots, the rest.
 * The status is COMPLETE as soon as all offsets are written. */
static void
test_inspect_incomplete (void)
{
  g_autofree guint8 *bytes = g_malloc0 (191);
  guint8 example[WORKED_SIZE];

  get_worked_example (example);
  for (gsize n = 0; n <= 191; n += 8)
    {
      memcpy (bytes, example, MIN (n, 191));
      g_assert_cmpint (inspect (bytes, 191), ==, n < 72 ? SHM_LIST_INCOMPLETE : SHM_LIST_COMPLETE);
    }
}

static const guint64 extremes[] = {
  0,
  1,
  7,
  8,
  9,
  16,
  1ull << 31,
  1ull << 32,
  (1ull << 32) + 8,
  1ull << 61,
  (1ull << 61) + 1,
  1ull << 62,
  G_MAXINT64,
  1ull << 63,
  (1ull << 63) + 8,
  G_MAXUINT64 - 15,
  G_MAXUINT64 - 7,
  G_MAXUINT64 - 1,
  G_MAXUINT64,
  G_MAXUINT64 / 17,
  G_MAXUINT64 / 17 + 1,
  G_MAXUINT64 / 9,
  G_MAXUINT64 / 24,
  G_MAXUINT64 / 24 + 1,
};

/* Changes each word of a list in turn. If the status of the list is still COMPLETE, all parts of
 * the list must be inside the block, so that the list can be read. */
static void
check_extremes (guint8 *bytes, gsize size)
{
  ShmListLayout layout;

  for (gsize at = 0; at + 8 <= size; at += 8)
    {
      guint64 *word = (gpointer) (bytes + at);
      const guint64 old = *word;

      for (gsize i = 0; i < G_N_ELEMENTS (extremes) + 6; i++)
        {
          const guint64 others[] = { size, size - 1, size + 1, ~old, old + 1, old - 1 };
          ShmListParts parts;

          *word = i < 6 ? others[i] : extremes[i - 6];
          if (shm_list_inspect (bytes, size, &layout) == SHM_LIST_COMPLETE)
            {
              g_autoptr (GBytes) columns = NULL;
              guint64 index;

              g_assert_cmpuint (shm_list_size (&layout), ==, size);
              shm_list_find_parts (bytes, &layout, &parts);
              columns = shm_list_to_columns (&parts, &index);
            }
        }
      *word = old;
    }
}

static void
test_inspect_extremes (void)
{
  static const guint8 zeros[3000] = { 0 };
  ShmListValue values[N_WORKED];
  guint8 example[WORKED_SIZE];
  ShmListLayout layout;
  guint8 *bytes;

  get_worked_values (values);
  values[1] = bytes_of (zeros, 1005);
  values[3] = bytes_of (zeros, 20);
  bytes = make_list (values, N_WORKED, &layout);
  check_extremes (bytes, shm_list_size (&layout));
  g_free (bytes);

  get_worked_example (example);
  bytes = g_memdup2 (example, 191);
  check_extremes (bytes, 191);
  g_free (bytes);
}

static void
test_holder (void)
{
  g_autofree guint8 *bytes = NULL;
  ShmListTrailer *trailer;
  ShmListLayout layout;

  bytes = make_list (NULL, 0, &layout);
  trailer = (gpointer) (bytes + shm_list_trailer_offset (&layout));
  g_assert_cmpuint (shm_list_sync_exchange_holder (trailer, 5), ==, 0);
  g_assert_cmpuint (shm_list_sync_exchange_holder (trailer, 6), ==, 5);
  g_assert_cmpuint (*(guint64 *) (gpointer) ((guint8 *) trailer + 96), ==, 6);
  shm_list_sync_clear_holder (trailer);
  g_assert_cmpuint (shm_list_sync_exchange_holder (trailer, 7), ==, 0);
}

/* A list with the smaller trailer of version 1 is recognized, also if it is so small that it ends
 * before the end of a trailer of this version. */
static void
test_inspect_version_1 (void)
{
  static const gsize trailer_size = 88;

  for (guint n_values = 0; n_values < 20; n_values++)
    {
      g_autofree ShmListValue *values = g_new (ShmListValue, MAX (n_values, 1));
      g_autofree guint8 *bytes = NULL;
      ShmListTrailer *trailer;
      ShmListLayout layout;

      for (guint i = 0; i < n_values; i++)
        values[i] = integer (i);
      bytes = make_list (values, n_values, &layout);
      trailer = (gpointer) (bytes + shm_list_trailer_offset (&layout));
      trailer->version = 1;
      g_assert_cmpint (inspect (bytes, shm_list_trailer_offset (&layout) + trailer_size
                                           + layout.redo_size),
                       ==, SHM_LIST_OTHER_VERSION);
    }
}

static void
test_inspect_trailer (void)
{
  static const guint8 zeros[3000] = { 0 };
  const ShmListValue values[] = { bytes_of (zeros, 1005), integer (1), bytes_of (zeros, 3000) };
  g_autofree guint8 *bytes = NULL;
  ShmListTrailer *trailer;
  ShmListLayout layout;
  gsize size;

  bytes = make_list (values, 3, &layout);
  size = shm_list_size (&layout);
  trailer = (gpointer) (bytes + shm_list_trailer_offset (&layout));
  g_assert_cmpuint (trailer->version, ==, 2);
  g_assert_cmpuint (trailer->armed, ==, 0);
  g_assert_cmpuint (trailer->holder, ==, 0);
  g_assert_cmpuint (trailer->n_length_records, ==, 2);
  g_assert_cmpuint (trailer->redo_size, ==, 3008);
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_COMPLETE);

  trailer->version = 3;
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_OTHER_VERSION);
  trailer->version = 0;
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_OTHER_VERSION);
  trailer->version = 2;

  trailer->magic++;
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_INCOMPLETE);
  trailer->magic--;

  /* Use fewer length records and a larger redo buffer, or the reverse, so that the total size
   * fits. */
  trailer->n_length_records = 1;
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_CORRUPT);
  trailer->redo_size += sizeof (ShmListLengthRecord);
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_COMPLETE);
  trailer->n_length_records = 4;
  trailer->redo_size = 3008 - 2 * sizeof (ShmListLengthRecord);
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_CORRUPT);
  trailer->n_length_records = 2;
  for (gsize i = 0; i < G_N_ELEMENTS (extremes); i++)
    {
      trailer->redo_size = extremes[i];
      g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_CORRUPT);
      trailer->redo_size = 3008;
      trailer->n_length_records = extremes[i];
      g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_CORRUPT);
      trailer->n_length_records = 2;
    }
  g_assert_cmpint (inspect (bytes, size), ==, SHM_LIST_COMPLETE);
}

static void
test_length_records (void)
{
  static const guint8 zeros[3000] = { 0 };
  const ShmListValue values[]
      = { bytes_of (zeros, 1005), integer (1),           bytes_of (zeros, 991),
          bytes_of (zeros, 992),  bytes_of (zeros, 999), bytes_of ("", 0) };
  static const guint64 with_record[] = { 0, 3, 4 };
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;
  ShmListParts parts;
  ShmListValue found;

  bytes = make_list (values, G_N_ELEMENTS (values), &layout);
  shm_list_find_parts (bytes, &layout, &parts);
  g_assert_cmpuint (layout.n_length_records, ==, 3);
  for (gsize i = 0; i < 3; i++)
    {
      g_assert_true (shm_list_get_length_record (&parts, with_record[i])
                     == &parts.length_records[i]);
      g_assert_cmpuint (parts.length_records[i].length, ==, values[with_record[i]].length);
    }
  g_assert_null (shm_list_get_length_record (&parts, 1));
  g_assert_null (shm_list_get_length_record (&parts, 2));
  g_assert_null (shm_list_get_length_record (&parts, 5));
  g_assert_null (shm_list_get_length_record (&parts, G_MAXUINT64));
  for (guint64 i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_assert_true (shm_list_get_value (&parts, i, &found));
      assert_same (&found, &values[i]);
    }
}

static void
assert_fault (const ShmFault *fault, int errnum, guint64 detail)
{
  g_assert_cmpint (fault->step, ==, SHM_STEP_LIST_VALUE);
  g_assert_cmpint (fault->errnum, ==, errnum);
  g_assert_cmpuint (fault->detail, ==, detail);
}

static void
test_measure (void)
{
  g_autofree guint8 *bytes = g_malloc (SHM_LIST_LENGTH_MAX + 1);
  ShmListValue values[3] = { integer (1), text ("a\0b", 3), none };
  ArraySource source = array_source (values, values, 3);
  ShmListLayout layout;
  ShmFault fault;

  g_assert_true (shm_list_measure (&source.source, &layout, &fault));
  g_assert_cmpuint (layout.data_size, ==, 24);
  g_assert_cmpuint (layout.redo_size, ==, 8);

  memset (bytes, 'x', SHM_LIST_LENGTH_MAX + 1);
  values[1] = bytes_of (bytes, SHM_LIST_LENGTH_MAX);
  source.pass = -1;
  g_assert_true (shm_list_measure (&source.source, &layout, &fault));
  g_assert_cmpuint (layout.redo_size, ==, SHM_LIST_SLOT_MAX);
  values[1].length++;
  source.pass = -1;
  g_assert_false (shm_list_measure (&source.source, &layout, &fault));
  assert_fault (&fault, EFBIG, 1);

  values[1] = text ("\xff", 1);
  source.pass = -1;
  g_assert_false (shm_list_measure (&source.source, &layout, &fault));
  assert_fault (&fault, EILSEQ, 1);

  values[1] = none;
  source.pass = -1;
  source.fails_at[0] = 3;
  g_assert_false (shm_list_measure (&source.source, &layout, &fault));
  assert_fault (&fault, ECANCELED, 2);
  source.source.next_array = array_next_array;
  source.pass = -1;
  g_assert_false (shm_list_measure (&source.source, &layout, &fault));
  assert_fault (&fault, ECANCELED, 0);
}

/* Checks that the creation of a list fails if the source returns @first on the first pass and
 * @second on the second pass. @detail is the index of the value at which the creation must fail, or
 * @n if it must fail at the end. */
static void
check_changing (const ShmListValue *first, const ShmListValue *second, gsize n, guint64 detail)
{
  ArraySource source = array_source (first, second, n);
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;
  ShmFault fault;

  g_assert_true (shm_list_measure (&source.source, &layout, &fault));
  bytes = g_malloc0 (shm_list_size (&layout));
  g_assert_false (shm_list_fill (&source.source, &layout, put_in_memory, bytes, &fault));
  assert_fault (&fault, ESTALE, detail);
}

/* The source returns other values on the second pass than on the first. */
static void
test_changing_source (void)
{
  static const guint8 zeros[3000] = { 0 };
  const ShmListValue small[] = { integer (1), bytes_of (zeros, 7), text ("abc", 3) };
  const ShmListValue larger[] = { integer (1), bytes_of (zeros, 8), text ("abc", 3) };
  const ShmListValue swapped[] = { bytes_of (zeros, 8), integer (1), text ("abc", 3) };
  const ShmListValue huge[] = { integer (1), bytes_of (zeros, 3000), text ("abc", 3) };
  const ShmListValue large[] = { bytes_of (zeros, 999), bytes_of (zeros, 1001), integer (1) };
  const ShmListValue merged[] = { bytes_of (zeros, 990), bytes_of (zeros, 1001), integer (1) };
  const ShmListValue moved[] = { bytes_of (zeros, 1001), bytes_of (zeros, 999), integer (1) };
  const ShmListValue more_records[]
      = { bytes_of (zeros, 991), bytes_of (zeros, 1001), bytes_of (zeros, 7) };
  const ShmListValue split[] = { bytes_of (zeros, 2007), bytes_of (zeros, 7), bytes_of (zeros, 7) };
  const ShmListValue endless
      = { .kind = SHM_VALUE_KIND_BYTES, .length = G_MAXSIZE, .bytes = zeros };
  const ShmListValue endless_values[] = { integer (1), endless, integer (2) };
  ArraySource source;
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;
  ShmFault fault;

  check_changing (small, larger, 3, 1);
  check_changing (small, huge, 3, 1);
  check_changing (small, endless_values, 3, 1);
  check_changing (larger, small, 3, 3);
  check_changing (huge, small, 3, 3);
  check_changing (huge, swapped, 3, 3);
  check_changing (large, merged, 3, 3);
  check_changing (more_records, large, 3, 1);
  check_changing (split, large, 3, 1);
  check_changing (large, split, 3, 0);

  /* The values change, but the total sizes do not. Then the values of the second pass are stored,
   * and each length record belongs to the right item. */
  source = array_source (large, moved, 3);
  g_assert_true (shm_list_measure (&source.source, &layout, &fault));
  bytes = g_malloc0 (shm_list_size (&layout));
  g_assert_true (shm_list_fill (&source.source, &layout, put_in_memory, bytes, &fault));
  g_assert_cmpint (shm_list_inspect (bytes, shm_list_size (&layout), &layout), ==,
                   SHM_LIST_COMPLETE);

  source = array_source (small, small, 3);
  source.fails_at[1] = 2;
  g_assert_true (shm_list_measure (&source.source, &layout, &fault));
  g_free (bytes);
  bytes = g_malloc0 (shm_list_size (&layout));
  g_assert_false (shm_list_fill (&source.source, &layout, put_in_memory, bytes, &fault));
  assert_fault (&fault, ECANCELED, 1);
}

/* Checks redo records with extreme content, because a hostile process can write any content. */
static void
test_check_redo (void)
{
  const ShmListValue values[] = { integer (1), text ("0123456789", 10), none };
  const ShmListRedo good = { 1, entry ("16s"), 1, 10, 0 };
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;
  ShmListParts parts;
  ShmListRedo redo;
  ShmListSlot slot;

  bytes = make_list (values, 3, &layout);
  shm_list_find_parts (bytes, &layout, &parts);
  g_assert_true (shm_list_check_redo (&parts, &good, 16, &slot));
  g_assert_cmpuint (slot.size, ==, 16);
  g_assert_false (shm_list_check_redo (&parts, &good, 8, &slot));

  for (gsize word = 0; word < 4; word++)
    for (gsize i = 0; i < G_N_ELEMENTS (extremes); i++)
      {
        redo = good;
        ((guint64 *) &redo)[word] = extremes[i];
        if (shm_list_check_redo (&parts, &redo, 16, &slot))
          {
            g_assert_cmpuint (redo.index, <, 3);
            g_assert_cmpuint (redo.length, <=, slot.size);
          }
      }

  redo = (ShmListRedo){ 0, entry ("q"), 0, 8, 0 };
  g_assert_true (shm_list_check_redo (&parts, &redo, 16, &slot));
  g_assert_false (shm_list_check_redo (&parts, &redo, 0, &slot));
  redo.length = 7;
  g_assert_false (shm_list_check_redo (&parts, &redo, 16, &slot));
  redo.length = 0;
  g_assert_false (shm_list_check_redo (&parts, &redo, 16, &slot));
}

/* Columns */

/* Makes a list of the values, and returns its columns. */
static GBytes *
copy_list (const ShmListValue *values, gsize n)
{
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;
  ShmListParts parts;
  guint64 index = 0;

  bytes = make_list (values, n, &layout);
  shm_list_find_parts (bytes, &layout, &parts);

  return shm_list_to_columns (&parts, &index);
}

/* These functions are not inlined. Otherwise GCC 16 assumes that they call array_rewind(), and
 * warns that array_rewind() writes beyond the end of the columns. */
static G_NO_INLINE void
rewind_source (ShmListSource *source)
{
  source->rewind (source);
}

static G_NO_INLINE gboolean
read_next (ShmListSource *source, ShmListValue *value)
{
  return source->next (source, value);
}

static void
assert_columns_hold (GBytes *bytes, const ShmListValue *values, gsize n)
{
  ShmListColumns columns;
  ShmListValue found;

  g_assert_true (
      shm_list_columns_init (&columns, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)));
  g_assert_cmpuint (columns.source.n_items, ==, n);
  for (int pass = 0; pass < 2; pass++)
    {
      rewind_source (&columns.source);
      for (gsize i = 0; i < n; i++)
        {
          g_assert_true (read_next (&columns.source, &found));
          assert_same (&found, &values[i]);
        }
    }
  g_assert_false (columns.has_failed);
}

static void
test_columns (void)
{
  const gint64 limit = G_GINT64_CONSTANT (1) << 53;
  const ShmListValue values[] = { integer (1),
                                  integer (limit - 1),
                                  integer (limit),
                                  integer (-limit - 1),
                                  integer (G_MININT64),
                                  integer (G_MAXINT64),
                                  floating (2.5),
                                  floating (2),
                                  floating (-0.0),
                                  floating (INFINITY),
                                  truth (TRUE),
                                  truth (FALSE),
                                  none,
                                  text ("", 0),
                                  text ("\303\274\0", 3),
                                  bytes_of ("\377\0", 2),
                                  text ("a\360\237\230\200\342\202\254", 8),
                                  bytes_of ("", 0),
                                  bytes_of ("xyz", 3),
                                  text ("plain", 5) };
  g_autoptr (GBytes) all = copy_list (values, G_N_ELEMENTS (values));
  g_autoptr (GBytes) ascii = copy_list (&values[17], 3);
  g_autoptr (GBytes) empty = copy_list (NULL, 0);
  const double head[] = { SHM_LIST_COLUMNS_MARK, 0, 0 };

  assert_columns_hold (all, values, G_N_ELEMENTS (values));
  assert_columns_hold (ascii, &values[17], 3);
  assert_columns_hold (empty, NULL, 0);
  g_assert_cmpmem (g_bytes_get_data (empty, NULL), g_bytes_get_size (empty), head, sizeof head);
}

/* A new list has an integer for each number of the type INT64 that is a safe integer. */
static void
test_columns_numbers (void)
{
  const double numbers[]
      = { SHM_LIST_COLUMNS_MARK, 7, 0, 3, -3, 0.5, -0.0, NAN, 9007199254740992.0, -INFINITY };
  const ShmValueKind kinds[]
      = { SHM_VALUE_KIND_INT64,  SHM_VALUE_KIND_INT64,  SHM_VALUE_KIND_DOUBLE,
          SHM_VALUE_KIND_DOUBLE, SHM_VALUE_KIND_DOUBLE, SHM_VALUE_KIND_DOUBLE,
          SHM_VALUE_KIND_DOUBLE };
  guint8 bytes[sizeof numbers + 7];
  ShmListColumns columns;
  ShmListValue found;

  memcpy (bytes, numbers, sizeof numbers);
  memset (bytes + sizeof numbers, SHM_VALUE_KIND_INT64, 7);
  g_assert_true (shm_list_columns_init (&columns, bytes, sizeof bytes));
  for (int i = 0; i < 7; i++)
    {
      g_assert_true (read_next (&columns.source, &found));
      g_assert_cmpint (found.kind, ==, kinds[i]);
      if (found.kind == SHM_VALUE_KIND_INT64)
        g_assert_cmpint (found.integer, ==, (gint64) numbers[3 + i]);
      else
        g_assert_cmpmem (&found.number, 8, &numbers[3 + i], 8);
    }
}

/* Returns whether the columns can be read to their end. */
static gboolean
can_read_columns (const void *bytes, gsize length)
{
  /* Let the tools detect an access after the end. */
  g_autofree guint8 *copy = g_memdup2 (bytes, length);
  ShmListColumns columns;
  ShmListLayout layout;
  ShmFault fault;

  if (!shm_list_columns_init (&columns, copy, length))
    {
      g_assert_true (columns.has_failed);
      return FALSE;
    }
  if (shm_list_measure (&columns.source, &layout, &fault))
    return TRUE;

  g_assert_cmpint (fault.step, ==, SHM_STEP_LIST_VALUE);
  g_assert_cmpuint (columns.index, <=, columns.source.n_items);

  return FALSE;
}

static void
test_columns_invalid (void)
{
  const ShmListValue values[]
      = { integer (1), text ("\360\237\230\200", 4), bytes_of ("ab", 2), text ("z", 1) };
  g_autoptr (GBytes) valid = copy_list (values, 4);
  const gsize size = g_bytes_get_size (valid);
  g_autofree guint8 *longer = g_malloc0 (size + 1);
  const double bad_numbers[] = { -1, 0.25, 1, 1e300, NAN, INFINITY };
  guint8 *texts = longer + 7 * sizeof (double) + 4;

  memcpy (longer, g_bytes_get_data (valid, NULL), size);
  g_assert_true (can_read_columns (longer, size));
  g_assert_false (can_read_columns (longer, size + 1));
  for (gsize length = 0; length < size; length++)
    g_assert_false (can_read_columns (longer, length));

  /* The mark, the number of values, the length of the texts, and the length of the first text. A
   * length of 1 would divide its surrogate pair. */
  for (int position = 0; position < 5; position++)
    for (guint i = 0; i < G_N_ELEMENTS (bad_numbers) && position != 3; i++)
      {
        double *number = (double *) (gpointer) longer + position;
        const double old = *number;

        *number = bad_numbers[i];
        g_assert_true (can_read_columns (longer, size) == (position == 0 && i == 0));
        *number = old;
      }

  texts[-4] = SHM_LIST_COLUMN_LARGE + 1;
  g_assert_false (can_read_columns (longer, size));
  texts[-4] = SHM_VALUE_KIND_INT64;
  texts[1] = 'a'; /* invalid UTF-8 */
  g_assert_false (can_read_columns (longer, size));
}

/* shm_list_to_columns() reports the index of the corrupt item. */
static void
test_columns_corrupt (void)
{
  const ShmListValue values[] = { integer (1), text ("abc", 3), none };
  g_autofree guint8 *bytes = NULL;
  ShmListLayout layout;
  ShmListParts parts;
  guint64 index = 0;

  bytes = make_list (values, 3, &layout);
  shm_list_find_parts (bytes, &layout, &parts);
  parts.type_codes[1] = 4;
  g_assert_null (shm_list_to_columns (&parts, &index));
  g_assert_cmpuint (index, ==, 1);
  parts.type_codes[1] = 1;
  parts.data[8] = 0xff;
  g_assert_null (shm_list_to_columns (&parts, &index));
  g_assert_cmpuint (index, ==, 1);
  parts.data[8] = 'a';
  parts.offsets[2] = 7;
  g_assert_null (shm_list_to_columns (&parts, &index));
  g_assert_cmpuint (index, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/list-layout/kinds", test_kinds);
  g_test_add_func ("/list-layout/slot-sizes", test_slot_sizes);
  g_test_add_func ("/list-layout/entries", test_entries);
  g_test_add_func ("/list-layout/too-long", test_too_long);
  g_test_add_func ("/list-layout/nuls", test_nuls);
  g_test_add_func ("/list-layout/nuls-after-a-million-bytes", test_nuls_after_a_million_bytes);
  g_test_add_func ("/list-layout/all-short-values", test_all_short_values);
  g_test_add_func ("/list-layout/stale-length-marks", test_stale_length_marks);
  g_test_add_func ("/list-layout/stale-hashes", test_stale_hashes);
  g_test_add_func ("/list-layout/short-counts", test_short_counts);
  g_test_add_func ("/list-layout/invalid-entries", test_invalid_entries);
  g_test_add_func ("/list-layout/type-codes", test_type_codes);
  g_test_add_func ("/list-layout/wrong-length-marks", test_wrong_length_marks);
  g_test_add_func ("/list-layout/is-utf8", test_is_utf8);
  g_test_add_func ("/list-layout/value-equal", test_value_equal);
  g_test_add_func ("/list-layout/worked-example", test_worked_example);
  g_test_add_func ("/list-layout/inspect-sizes", test_inspect_sizes);
  g_test_add_func ("/list-layout/inspect-empty", test_inspect_empty);
  g_test_add_func ("/list-layout/inspect-incomplete", test_inspect_incomplete);
  g_test_add_func ("/list-layout/inspect-extremes", test_inspect_extremes);
  g_test_add_func ("/list-layout/inspect-trailer", test_inspect_trailer);
  g_test_add_func ("/list-layout/holder", test_holder);
  g_test_add_func ("/list-layout/inspect-version-1", test_inspect_version_1);
  g_test_add_func ("/list-layout/length-records", test_length_records);
  g_test_add_func ("/list-layout/measure", test_measure);
  g_test_add_func ("/list-layout/changing-source", test_changing_source);
  g_test_add_func ("/list-layout/check-redo", test_check_redo);
  g_test_add_func ("/list-layout/columns", test_columns);
  g_test_add_func ("/list-layout/columns-numbers", test_columns_numbers);
  g_test_add_func ("/list-layout/columns-invalid", test_columns_invalid);
  g_test_add_func ("/list-layout/columns-corrupt", test_columns_corrupt);

  return g_test_run ();
}
