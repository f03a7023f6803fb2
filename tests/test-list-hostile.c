/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests lists that a hostile process has corrupted, or corrupts during a call. Every call returns a
 * value or an error within its time limit, and does not access memory outside the block.
 *
 * The test replaces the clock: the time advances only when the code sleeps or reads the clock. So
 * the test does not really wait, and it can check how long each call would have taken. */

#include "shm-test.h"

#include "core/shm-list-columns.h"
#include "core/shm-list-copy.h"
#include "core/shm-list-item.h"
#include "core/shm-list-sync.h"
#include "core/shm-system-lock.h"
#include "shm-overrides-values.h"
#include "shm-private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

/* The clock */

static gint64 now = G_USEC_PER_SEC; /* (atomic) */

gint64
g_get_monotonic_time (void)
{
  return __atomic_add_fetch (&now, 1, __ATOMIC_RELAXED);
}

static void (*at_sleep) (void); /* lets a hostile process act while the library sleeps */

void
g_usleep (gulong microseconds)
{
  __atomic_add_fetch (&now, microseconds, __ATOMIC_RELAXED);
  if (at_sleep != NULL)
    at_sleep ();
}

static gint64
peek_clock (void)
{
  return __atomic_load_n (&now, __ATOMIC_RELAXED);
}

#define MSEC 1000 /* in microseconds */

/* The library allocates the memory of copies with g_try_malloc(). This replacement fills the memory
 * with a byte that is not 0, and lets a hostile process act during the allocation. */

static void (*at_malloc) (void);

gpointer
g_try_malloc (gsize size)
{
  gpointer memory = malloc (MAX (size, 1));

  if (memory != NULL)
    memset (memory, 0x5a, size);
  if (at_malloc != NULL)
    at_malloc ();

  return memory;
}

/* The time limit of a call: the longest wait for the lock, plus the longest wait for a valid
 * value. */
#define CALL_MAX (1500 * MSEC)

#define assert_in_time(start, max) g_assert_cmpint (peek_clock () - (start), <=, (max))

/* Images: the bytes of lists, which the tests corrupt */

typedef struct
{
  guint8 *bytes; /* (owned) */
  gsize size;
} Image;

static void
image_clear (Image *image)
{
  g_clear_pointer (&image->bytes, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Image, image_clear)

/* Returns values of all kinds. One value has a length mark, and one value has a length record. */
static GVariant *
make_values (void)
{
  static const guint8 zeros[1003] = { 1, 2, 3 };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  g_variant_builder_add (&builder, "v", g_variant_new_int64 (-5));
  g_variant_builder_add (&builder, "v", g_variant_new_string ("howdy"));
  g_variant_builder_add (&builder, "v", g_variant_new_bytestring ("ends in a NUL"));
  g_variant_builder_add (&builder, "v",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, sizeof zeros, 1));
  g_variant_builder_add (&builder, "v", g_variant_new_double (2.5));
  g_variant_builder_add (&builder, "v", g_variant_new_boolean (TRUE));
  g_variant_builder_add (&builder, "v", g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL));

  return g_variant_builder_end (&builder);
}

static ShmShareableList *
make_list (GVariant *values)
{
  g_autoptr (GError) error = NULL;
  ShmShareableList *list;

  list = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);

  return list;
}

static guint8 *
list_bytes (ShmShareableList *list, gsize *size)
{
  ShmSharedMemory *shm = shm_shareable_list_get_shared_memory (list);
  guint64 block_size;
  guint8 *bytes = shm_shared_memory_get_data (shm, &block_size);

  *size = block_size;

  return bytes;
}

static const char *
list_name (ShmShareableList *list)
{
  return shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list));
}

static Image
make_image (GVariant *values, gboolean has_trailer)
{
  g_autoptr (ShmShareableList) list = make_list (values);
  ShmListLayout layout;
  Image image;

  image.bytes = list_bytes (list, &image.size);
  g_assert_cmpint (shm_list_inspect (image.bytes, image.size, &layout), ==, SHM_LIST_COMPLETE);
  if (!has_trailer)
    image.size = shm_list_cpython_size (&layout);
  image.bytes = g_memdup2 (image.bytes, image.size);

  return image;
}

static ShmListTrailer *
find_trailer (guint8 *bytes, gsize size)
{
  ShmListLayout layout;

  g_assert_cmpint (shm_list_inspect (bytes, size, &layout), ==, SHM_LIST_COMPLETE);
  g_assert_true (layout.has_trailer);

  return (gpointer) (bytes + shm_list_trailer_offset (&layout));
}

/* The core, used in private memory, so that AddressSanitizer finds each access outside the list */

static ShmLockOwner *
make_lock_owner (void)
{
  const int fd = memfd_create ("shmobj-test", MFD_CLOEXEC);
  ShmLockOwner *lock_owner;
  ShmIdentity identity;
  ShmFault fault;

  g_assert_true (shm_system_identify_fd (fd, &identity, &fault));
  lock_owner = shm_lock_owner_new (fd, NULL, &identity, &fault);
  g_assert_nonnull (lock_owner);
  close (fd);

  return lock_owner;
}

static ShmList
open_memory (guint8 *bytes, const ShmListLayout *layout, ShmLockOwner *lock_owner)
{
  ShmList list = { .layout = *layout, .lock_owner = lock_owner };

  shm_list_find_parts (bytes, layout, &list.parts);
  if (layout->has_trailer)
    {
      list.trailer = (gpointer) (bytes + shm_list_trailer_offset (layout));
      list.redo_buffer = bytes + shm_list_redo_buffer_offset (layout);
    }

  return list;
}

static void
assert_is_fault (const ShmFault *fault, gint64 start)
{
  g_assert_true (fault->step == SHM_STEP_LIST_ITEM || fault->step == SHM_STEP_LIST_READ
                 || fault->step == SHM_STEP_LIST_LOCK || fault->step == SHM_STEP_LIST_FIT
                 || fault->step == SHM_STEP_LIST_TRAILING_NULS);
  g_assert_true (fault->errnum == EBADMSG || fault->errnum == ETIMEDOUT || fault->errnum == EFBIG);
  assert_in_time (start, CALL_MAX);
}

static void
use_memory (ShmList *list)
{
  const ShmListValue values[] = {
    { .kind = SHM_VALUE_KIND_INT64, .integer = 1 },
    { .kind = SHM_VALUE_KIND_BYTES, .length = 16, .bytes = (const guint8 *) "fifteen and nul" },
  };
  const guint64 n_items = list->layout.n_items;
  g_auto (ShmListCopy) copy = { .memory = NULL };
  ShmFault fault = { .errnum = 0 };
  ShmListBudget budget = shm_list_budget_new (n_items);
  gint64 start = peek_clock ();

  if (shm_list_copy (list, 0, n_items, &copy, &budget, &fault))
    {
      g_autoptr (GBytes) columns = NULL;
      guint64 index;

      columns = shm_list_to_columns (&copy.parts, &index);
    }
  else
    assert_is_fault (&fault, start);

  for (guint64 i = 0; i < n_items; i++)
    {
      g_auto (ShmListItem) item = { .large_buffer = NULL };

      start = peek_clock ();
      if (!shm_list_read (list, i, &item, &fault))
        assert_is_fault (&fault, start);
      else if (item.value.kind == SHM_VALUE_KIND_STRING)
        g_assert_true (shm_list_is_utf8 (item.value.bytes, item.value.length));
    }
  for (guint64 i = 0; i < n_items; i++)
    {
      start = peek_clock ();
      if (!shm_list_write (list, i, &values[i % 2], &fault))
        assert_is_fault (&fault, start);
    }
}

/* The class ShmShareableList */

static const ShmError expected_errors[] = {
  SHM_ERROR_CORRUPT,   SHM_ERROR_TIMED_OUT,       SHM_ERROR_TYPE_MISMATCH,
  SHM_ERROR_TOO_LARGE, SHM_ERROR_VALUE_NOT_FOUND, SHM_ERROR_NOT_SUPPORTED,
};

static void
check_error (GError **error, gint64 *start)
{
  gboolean is_expected = *error == NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (expected_errors); i++)
    is_expected |= g_error_matches (*error, SHM_ERROR, expected_errors[i]);
  if (!is_expected)
    g_error ("Unexpected error: %s", (*error)->message);
  assert_in_time (*start, CALL_MAX);
  g_clear_error (error);
  *start = peek_clock ();
}

static void
use_many_at_once (ShmShareableList *list)
{
  const guint64 length = shm_shareable_list_get_length (list);
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GBytes) columns = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *format = NULL;
  gint64 start = peek_clock ();

  values = shm_shareable_list_copy_values (list, &error);
  g_assert_true ((values == NULL) == (error != NULL));
  check_error (&error, &start);
  columns = shm_private_list_copy_columns (list, length / 3, length - length / 3, &error);
  g_assert_true ((columns == NULL) == (error != NULL));
  check_error (&error, &start);
  format = shm_shareable_list_get_format (list, &error);
  g_assert_true ((format == NULL) == (error != NULL));
  check_error (&error, &start);
  shm_shareable_list_count (list, g_variant_new_int64 (7), &error);
  check_error (&error, &start);
  shm_shareable_list_find (list, g_variant_new_string ("howdy"), NULL, &error);
  check_error (&error, &start);
}

static void
read_one (ShmShareableList *list, guint64 index)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *string = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start = peek_clock ();

  value = shm_shareable_list_get_value (list, index, &error);
  g_assert_true ((value == NULL) == (error != NULL));
  check_error (&error, &start);
  string = shm_shareable_list_get_string (list, index, &error);
  g_assert_true ((string == NULL) == (error != NULL));
  g_assert_true (string == NULL || g_utf8_validate (string, -1, NULL));
  check_error (&error, &start);
  if (index % 2 == 0)
    bytes = shm_shareable_list_get_bytes (list, index, &error);
  else
    bytes = shm_shareable_list_get_text (list, index, &error);
  check_error (&error, &start);
}

static void
write_one (ShmShareableList *list, guint64 index)
{
  g_autoptr (GError) error = NULL;
  gint64 start = peek_clock ();

  shm_shareable_list_set_int64 (list, index, 99, &error);
  check_error (&error, &start);
  shm_shareable_list_set_string (list, index, "text", &error);
  check_error (&error, &start);
  shm_shareable_list_set_value (list, index, g_variant_new_bytestring ("bytes"), &error);
  check_error (&error, &start);
  shm_shareable_list_set_none (list, index, &error);
  check_error (&error, &start);
}

/* Looks with the model of the list. If the list has no model yet, it gets one, which is freed. */
static void
use_model (ShmShareableList *list)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmListModel) model = NULL;
  gint64 start = peek_clock ();

  model = shm_shareable_list_get_model (list, &error);
  g_assert_true ((model == NULL) == (error != NULL));
  check_error (&error, &start);
  if (model == NULL)
    return;

  for (guint round = 0; round < 2; round++)
    {
      g_assert_true (shm_list_model_refresh (model, &error));
      check_error (&error, &start);
      for (guint i = 0; i < MIN (g_list_model_get_n_items (G_LIST_MODEL (model)), 20); i++)
        {
          g_autoptr (ShmModelItem) item = g_list_model_get_item (G_LIST_MODEL (model), i);

          g_assert_true (g_utf8_validate (shm_model_item_get_text (item), -1, NULL));
        }
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
use_list (ShmShareableList *list)
{
  const guint64 length = MIN (shm_shareable_list_get_length (list), 20);

  use_model (list);

  use_many_at_once (list);
  for (guint64 i = 0; i < length; i++)
    read_one (list, i);
  for (guint64 i = 0; i < length; i++)
    write_one (list, i);
  use_model (list);
  use_many_at_once (list);
}

/* Blocks: anonymous blocks whose content the test can change at any time */

typedef struct
{
  int fd;
  guint8 *bytes;
  gsize size;
} Block;

static void
block_clear (Block *block)
{
  munmap (block->bytes, block->size);
  close (block->fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Block, block_clear)

static Block
make_block (const Image *image)
{
  Block block = { .fd = memfd_create ("shmobj-test", MFD_CLOEXEC), .size = image->size };

  g_assert_cmpint (ftruncate (block.fd, block.size), ==, 0);
  block.bytes = mmap (NULL, block.size, PROT_READ | PROT_WRITE, MAP_SHARED, block.fd, 0);
  g_assert_true (block.bytes != MAP_FAILED);
  memcpy (block.bytes, image->bytes, image->size);

  return block;
}

static ShmShareableList *
attach (const Block *block, ShmAttachFlags flags, GError **error)
{
  g_autoptr (ShmSharedMemory) shm = NULL;

  shm = shm_shared_memory_attach_fd (block->fd, flags, error);
  g_assert_no_error (*error);

  return shm_shareable_list_new_for_shared_memory (shm, error);
}

static ShmShareableList *
attach_valid (const Block *block, ShmAttachFlags flags)
{
  g_autoptr (GError) error = NULL;
  ShmShareableList *list = attach (block, flags, &error);

  g_assert_no_error (error);

  return list;
}

/* Tests that change each word of a list in turn */

/* Returns the value to store in a word: the extreme value with the index @i, or @old if
 * there is no such value. */
static guint64
get_extreme (guint i, guint64 old, gsize size)
{
  const guint64 extremes[] = {
    0,          1,           7,        8,    16,       1ull << 32, 1ull << 62, G_MAXINT64,
    1ull << 63, G_MAXUINT64, size - 1, size, size + 1, ~old,       old + 1,    old - 8,
  };

  return i < G_N_ELEMENTS (extremes) ? extremes[i] : old;
}

#define N_EXTREMES 16

/* Returns whether to change the word at @at. All bytes are valid in the slots and in the redo
 * buffer, so only their first words are changed. */
static gboolean
is_relevant (const ShmListLayout *layout, gsize at)
{
  return at < shm_list_slots_offset (layout) + 8
         || (at + 8 > shm_list_entries_offset (layout)
             && (!layout->has_trailer || at < shm_list_redo_buffer_offset (layout) + 8));
}

typedef void (*Use) (const Image *image, gsize at, guint64 word, gpointer data);

static void
for_each_change (const Image *image, Use use, gpointer data)
{
  ShmListLayout layout;

  g_assert_cmpint (shm_list_inspect (image->bytes, image->size, &layout), ==, SHM_LIST_COMPLETE);
  for (gsize at = 0; at + 8 <= image->size; at += 8)
    for (guint i = 0; is_relevant (&layout, at) && i < N_EXTREMES; i++)
      {
        const guint64 old = *(const guint64 *) (gconstpointer) (image->bytes + at);

        use (image, at, get_extreme (i, old, image->size), data);
      }
}

/* Commits a redo record, so that readers and writers use its fields. */
static void
commit_redo (Image *image)
{
  ShmListTrailer *trailer = find_trailer (image->bytes, image->size);
  ShmListLayout layout;

  trailer->sequence = 5;
  trailer->redo = (ShmListRedo){ .index = 2, .type_code = 2, .length = 4 };
  memcpy (&trailer->redo.entry, "16s\0\0\0\0\0", 8);
  shm_list_inspect (image->bytes, image->size, &layout);
  memcpy (image->bytes + shm_list_redo_buffer_offset (&layout), "late", 4);
}

static void
for_each_image (Use use, gpointer data)
{
  for (int i = 0; i < 3; i++)
    {
      g_auto (Image) image = make_image (make_values (), i != 1);

      if (i == 2)
        commit_redo (&image);
      for_each_change (&image, use, data);
    }
}

static void
change_memory (const Image *image, gsize at, guint64 word, gpointer lock_owner)
{
  for (int before = 0; before < 2; before++)
    {
      g_autofree guint8 *bytes = g_memdup2 (image->bytes, image->size);
      ShmListLayout layout;
      ShmList list;

      if (before)
        *(guint64 *) (gpointer) (bytes + at) = word;
      if (shm_list_inspect (bytes, image->size, &layout) != SHM_LIST_COMPLETE)
        continue;
      list = open_memory (bytes, &layout, lock_owner);
      *(guint64 *) (gpointer) (bytes + at) = word;
      use_memory (&list);
    }
}

static void
test_words_in_memory (void)
{
  ShmLockOwner *lock_owner = make_lock_owner ();

  for_each_image (change_memory, lock_owner);
  shm_lock_owner_free (lock_owner);
}

static void
change_block (const Image *image, gsize at, guint64 word, gpointer data)
{
  for (int before = 0; before < 2; before++)
    {
      g_autoptr (ShmShareableList) list = NULL;
      g_autoptr (ShmListModel) model = NULL;
      g_auto (Block) block = make_block (image);
      g_autoptr (GError) error = NULL;

      if (before)
        *(guint64 *) (gpointer) (block.bytes + at) = word;
      list = attach (&block, SHM_ATTACH_NONE, &error);
      if (list != NULL && !before)
        model = shm_shareable_list_get_model (list, NULL);
      *(guint64 *) (gpointer) (block.bytes + at) = word;
      if (list != NULL)
        use_list (list);
      else
        g_assert_true (g_error_matches (error, SHM_ERROR, SHM_ERROR_CORRUPT)
                       || g_error_matches (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED));
    }
}

static void
test_words_in_blocks (void)
{
  for_each_image (change_block, NULL);
}

static void
test_type_codes (void)
{
  for (int has_trailer = 0; has_trailer < 2; has_trailer++)
    {
      g_auto (Image) image = make_image (make_values (), has_trailer);
      g_auto (Block) block = make_block (&image);
      g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
      ShmListLayout layout;
      ShmListParts parts;

      shm_list_inspect (image.bytes, image.size, &layout);
      shm_list_find_parts (block.bytes, &layout, &parts);
      for (guint64 i = 0; i < layout.n_items; i++)
        for (guint code = 0; code < 256; code += code < 6 ? 1 : 25)
          {
            g_autoptr (GError) error = NULL;
            ShmValueKind kind;

            memcpy (block.bytes, image.bytes, image.size);
            parts.type_codes[i] = code;
            kind = shm_shareable_list_get_value_kind (list, i, &error);
            if (error != NULL)
              g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
            else
              g_assert_cmpint (kind <= SHM_VALUE_KIND_BYTES, ==, TRUE);
            if (code > 3)
              g_assert_nonnull (error);
            use_many_at_once (list);

            /* After a write, the item is valid again. */
            g_assert_true (shm_shareable_list_set_int64 (list, i, 1, NULL));
            g_assert_cmpint (shm_shareable_list_get_int64 (list, i, NULL), ==, 1);
          }
    }
}

/* Single cases */

/* Numbers are searched in groups. A corrupt number in the middle of a group is found. */
static void
test_corrupt_number_in_group (void)
{
  const char *list_of_numbers = "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]";

  for (int i = 0; i < 20; i++)
    {
      g_auto (Image) image = make_image (g_variant_new_parsed (list_of_numbers), TRUE);
      g_auto (Block) block = make_block (&image);
      g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
      g_autoptr (GError) error = NULL;
      ShmListLayout layout;
      ShmListParts parts;

      shm_list_inspect (image.bytes, image.size, &layout);
      shm_list_find_parts (block.bytes, &layout, &parts);
      parts.type_codes[i] = 3;
      g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_int64 (1), &error), ==, 0);
      g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);

      parts.type_codes[i] = 0;
      g_clear_error (&error);
      g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_int64 (1), &error), ==, 20);
      g_assert_no_error (error);
    }
}

/* A corrupt number is found by each search, also if its format entry is empty. */
static void
test_empty_entry (void)
{
  const char *searched[] = { "int64 5", "5.0", "2.5", "true", "@mv nothing" };
  g_auto (Image) image = make_image (g_variant_new_parsed ("[int64 5, 6, 7]"), TRUE);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
  ShmListLayout layout;
  ShmListParts parts;

  shm_list_inspect (image.bytes, image.size, &layout);
  shm_list_find_parts (block.bytes, &layout, &parts);
  parts.entries[1] = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (searched); i++)
    {
      g_autoptr (GError) error = NULL;

      shm_shareable_list_count (list, g_variant_new_parsed (searched[i]), &error);
      g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
    }
}

/* A redo record is invalid if the list has no redo buffer. */
static void
test_no_redo_buffer (void)
{
  g_auto (Image) image = make_image (g_variant_new_parsed ("[1, 2, 3]"), TRUE);
  ShmListTrailer *trailer = find_trailer (image.bytes, image.size);
  g_auto (ShmListItem) item = { .large_buffer = NULL };
  ShmListLayout layout;
  ShmFault fault;
  ShmList list;

  /* The former redo buffer is now outside the list. */
  image.size -= 8;
  trailer->redo_size = 0;
  trailer->sequence = 1;
  trailer->redo.index = 1;
  memcpy (&trailer->redo.entry, "q\0\0\0\0\0\0\0", 8);
  trailer->redo.length = 8;
  memset (image.bytes + image.size, 0x55, 8);

  g_assert_cmpint (shm_list_inspect (image.bytes, image.size, &layout), ==, SHM_LIST_COMPLETE);
  list = open_memory (image.bytes, &layout, NULL);
  if (shm_list_read (&list, 1, &item, &fault))
    g_assert_cmpint (item.value.integer, !=, G_GINT64_CONSTANT (0x5555555555555555));
  else
    g_assert_cmpint (fault.errnum, ==, EBADMSG);
}

/* A number in the redo record has 8 bytes. A redo record with another length is corrupt. */
static void
test_short_number_in_redo_record (void)
{
  for (guint64 length = 0; length < 8; length++)
    {
      g_auto (Image) image = make_image (g_variant_new_parsed ("[1, 2, 3]"), TRUE);
      ShmListTrailer *trailer = find_trailer (image.bytes, image.size);
      g_auto (Block) block = { .fd = -1 };
      g_autoptr (ShmShareableList) list = NULL;
      g_autoptr (GVariant) one = NULL, all = NULL;

      trailer->sequence = 1;
      trailer->redo = (ShmListRedo){ .index = 1, .length = length };
      memcpy (&trailer->redo.entry, "q\0\0\0\0\0\0\0", 8);
      block = make_block (&image);
      list = attach_valid (&block, SHM_ATTACH_READ_ONLY);

      /* All functions that read the value succeed, or all fail. */
      one = shm_shareable_list_get_value (list, 1, NULL);
      all = shm_shareable_list_copy_values (list, NULL);
      g_assert_cmpint (one != NULL, ==, all != NULL);
    }
}

/* Another writer stores a format entry whose count is smaller than the slot. CPython leaves the
 * bytes after the count unchanged. These bytes are not part of the text. */
static void
test_short_count (void)
{
  g_autofree char *long_text = g_strnfill (100, 'x');
  const char *texts[] = { long_text, NULL };
  g_auto (Image) image = make_image (g_variant_new_strv (texts, 1), FALSE);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *string = NULL;
  ShmListLayout layout;

  shm_list_inspect (image.bytes, image.size, &layout);
  memcpy (block.bytes + shm_list_entries_offset (&layout), "5s\0\0\0\0\0\0", 8);

  value = shm_shareable_list_get_value (list, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "xxxxx");
  bytes = shm_shareable_list_get_text (list, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 5);
  string = shm_shareable_list_get_string (list, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (string, ==, "xxxxx");
}

/* The slot has a million bytes, and its format entry has the largest count that can have a length
 * mark, 999999. The length mark says that a NUL follows. The test replaces this NUL by an invalid
 * byte. The library must detect this, because each string that it returns is valid UTF-8. */
static void
test_text_after_the_count (void)
{
  g_autofree char *long_text = g_strnfill (999999, 'x');
  const char *texts[] = { long_text, NULL };
  g_auto (Image) image = make_image (g_variant_new_strv (texts, 1), FALSE);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
  ShmListLayout layout;
  ShmListParts parts;

  shm_list_inspect (image.bytes, image.size, &layout);
  shm_list_find_parts (block.bytes, &layout, &parts);
  memcpy (&parts.entries[0], "999999s ", 8);
  parts.data[999999] = 0xff;
  read_one (list, 0);
  use_many_at_once (list);
}

/* Tests with a hostile process that acts between two steps of a call */

static Block *corrupted_block;
static ShmListParts corrupted_parts;
static ShmListTrailer *corrupted_trailer;
static guint steps_seen;

static void
start_corrupting (Block *block, void (*hook) (ShmStep step))
{
  ShmListLayout layout;

  g_assert_cmpint (shm_list_inspect (block->bytes, block->size, &layout), ==, SHM_LIST_COMPLETE);
  corrupted_block = block;
  shm_list_find_parts (block->bytes, &layout, &corrupted_parts);
  corrupted_trailer = (gpointer) (block->bytes + shm_list_trailer_offset (&layout));
  steps_seen = 0;
  shm_test_hook = hook;
}

static void
always_change_sequence (ShmStep step)
{
  if (step != SHM_STEP_LIST_CHECK)
    return;

  g_usleep (50);
  corrupted_trailer->sequence += 2;
}

/* A hostile process changes the sequence counter during each read, even while the reader holds the
 * lock. */
static void
test_sequence_counter_always_changes (void)
{
  static const ShmAttachFlags flags[] = { SHM_ATTACH_NONE, SHM_ATTACH_READ_ONLY };

  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      g_auto (Image) image = make_image (make_values (), TRUE);
      g_auto (Block) block = make_block (&image);
      g_autoptr (ShmShareableList) list = attach_valid (&block, flags[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;
      gint64 start = peek_clock ();

      start_corrupting (&block, always_change_sequence);
      value = shm_shareable_list_get_value (list, 0, &error);
      g_assert_null (value);
      g_assert_true (g_error_matches (error, SHM_ERROR, SHM_ERROR_TIMED_OUT)
                     || g_error_matches (error, SHM_ERROR, SHM_ERROR_CORRUPT));
      check_error (&error, &start);
      use_many_at_once (list);
      shm_test_hook = NULL;
    }
}

/* Makes a read as slow as possible without a timeout: each attempt takes 95 ms, and only one of ten
 * attempts succeeds. */
static void
change_sequence_slowly (ShmStep step)
{
  if (step != SHM_STEP_LIST_CHECK)
    return;

  g_usleep (95 * MSEC);
  if (++steps_seen % 10 != 0)
    corrupted_trailer->sequence += 2;
}

/* The time limit of a copy does not depend on the number of values. */
static void
test_slow_copy (void)
{
  static const ShmAttachFlags flags[] = { SHM_ATTACH_NONE, SHM_ATTACH_READ_ONLY };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ax"));
  g_auto (Image) image = { .bytes = NULL };

  for (int i = 0; i < 100; i++)
    g_variant_builder_add (&builder, "x", (gint64) i);
  image = make_image (g_variant_builder_end (&builder), TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      g_auto (Block) block = make_block (&image);
      g_autoptr (ShmShareableList) list = attach_valid (&block, flags[i]);
      g_autoptr (GVariant) values = NULL;
      g_autoptr (GError) error = NULL;
      gint64 start = peek_clock ();

      start_corrupting (&block, change_sequence_slowly);
      values = shm_shareable_list_copy_values (list, &error);
      g_assert_true (values != NULL || error != NULL);
      assert_in_time (start, 5000 * MSEC);
      g_clear_error (&error);

      start = peek_clock ();
      shm_shareable_list_count (list, g_variant_new_int64 (3), &error);
      assert_in_time (start, 5000 * MSEC);
      shm_test_hook = NULL;
    }
}

/* Makes the copy of each chunk of a list slow. For as long as stall_usec, all attempts to read
 * fail, and a live lock owner holds the lock. Each copy allocates memory when it begins. */

static gint64 stall_usec, stall_end;
static guint64 stalling_owner;

static void
begin_stall (void)
{
  stall_end = peek_clock () + stall_usec;
  corrupted_trailer->lock = stalling_owner;
}

static void
end_stall (void)
{
  if (peek_clock () >= stall_end && corrupted_trailer->lock == stalling_owner)
    corrupted_trailer->lock = 0;
}

static void
change_sequence_during_stall (ShmStep step)
{
  if (step == SHM_STEP_LIST_CHECK && peek_clock () < stall_end)
    corrupted_trailer->sequence += 2;
}

static ShmListValue
make_text (const char *text)
{
  return (ShmListValue){ .kind = SHM_VALUE_KIND_STRING,
                         .length = strlen (text),
                         .bytes = (const guint8 *) text };
}

/* A call that searches for a text copies the list in chunks. The time limit holds for all chunks
 * together. Several short waits do not make a call fail. */
static void
test_slow_chunks (void)
{
  static const ShmAttachFlags flags[] = { SHM_ATTACH_NONE, SHM_ATTACH_READ_ONLY };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_auto (Image) image = { .bytes = NULL };
  g_auto (Block) block = { .fd = -1 };
  ShmLockOwner *owner;
  ShmIdentity identity;
  ShmFault fault;

  for (int i = 0; i < 40000; i++)
    {
      char text[8];

      g_snprintf (text, sizeof text, "%d", i);
      g_variant_builder_add (&builder, "s", text);
    }
  image = make_image (g_variant_builder_end (&builder), TRUE);
  block = make_block (&image);
  g_assert_true (shm_system_identify_fd (block.fd, &identity, &fault));
  owner = shm_lock_owner_new (block.fd, NULL, &identity, &fault);
  g_assert_nonnull (owner);
  stalling_owner = owner->number;

  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      g_autoptr (ShmShareableList) list = attach_valid (&block, flags[i]);
      g_autoptr (GError) error = NULL;
      ShmPrivateSearch search;
      guint64 index;
      gint64 start;

      start_corrupting (&block, change_sequence_during_stall);
      at_malloc = begin_stall;
      at_sleep = end_stall;

      stall_usec = 50 * MSEC;
      g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_string ("39999"), &error), ==,
                        1);
      g_assert_no_error (error);

      stall_usec = 900 * MSEC;
      start = peek_clock ();
      g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_string ("3"), &error), ==, 0);
      test_assert_error (error, SHM_ERROR_TIMED_OUT, "");
      assert_in_time (start, 1100 * MSEC);
      start = peek_clock ();
      g_assert_false (
          shm_shareable_list_find (list, g_variant_new_string ("39999"), &index, &error));
      test_assert_error (error, SHM_ERROR_TIMED_OUT, "");
      assert_in_time (start, 1100 * MSEC);

      /* The extension of the Python override searches for two values at once. */
      stall_usec = 0;
      search = (ShmPrivateSearch){ .scan = { .n_wanted = 2 }, .next = 8 };
      search.scan.wanted[0] = make_text ("7");
      search.scan.wanted[1] = make_text ("39999");
      g_assert_true (shm_private_list_search (list, &search, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (search.count, ==, 1);
      g_assert_cmpuint (search.found, ==, 39999);

      at_sleep = at_malloc = NULL;
      shm_test_hook = NULL;
      corrupted_trailer->lock = 0;
    }

  shm_lock_owner_free (owner);
}

/* Changes the sequence counter during some attempts to search without a copy: an attempt that finds
 * values and then fails, several attempts in a row, and an attempt in the middle of the list. */
static void
change_sequence_sometimes (ShmStep step)
{
  static const guint changes[] = { 0, 2, 3, 4, 5, 9 };

  if (step != SHM_STEP_LIST_CHECK)
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    if (steps_seen == changes[i])
      corrupted_trailer->sequence += 2;
  steps_seen++;
}

/* The values of an attempt that failed are not counted twice. */
static void
test_interrupted_scan (void)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ax"));
  g_auto (Image) image = { .bytes = NULL };
  g_auto (Block) block = { .fd = -1 };
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GError) error = NULL;
  guint64 index;

  for (int i = 0; i < 10000; i++)
    g_variant_builder_add (&builder, "x", (gint64) i % 1000);
  image = make_image (g_variant_builder_end (&builder), TRUE);
  block = make_block (&image);
  list = attach_valid (&block, SHM_ATTACH_NONE);

  start_corrupting (&block, change_sequence_sometimes);
  g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_int64 (7), &error), ==, 10);
  g_assert_no_error (error);
  g_assert_cmpuint (steps_seen, >, 10);

  start_corrupting (&block, change_sequence_sometimes);
  g_assert_true (shm_shareable_list_find (list, g_variant_new_double (999), &index, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (index, ==, 999);
  shm_test_hook = NULL;
}

/* The first slot seems to begin before the memory of the list: the difference of its offsets is 16
 * bytes, because the subtraction overflows. */
static void
test_scan_before_the_data (void)
{
  static const gint64 integers[] = { 1, 2, 3 };
  g_auto (Image) image
      = make_image (g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, integers, 3, 8), TRUE);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
  g_autoptr (GError) error = NULL;

  start_corrupting (&block, NULL);
  corrupted_parts.offsets[0] = (guint64) -8;
  g_assert_cmpuint (shm_shareable_list_count (list, g_variant_new_int64 (1), &error), ==, 0);
  test_assert_error (error, SHM_ERROR_CORRUPT, "");
}

/* Maps a page directly before @bytes, filled with a pattern. Returns NULL if something else is
 * there. */
static guint8 *
map_page_before (guint8 *bytes, gsize page_size)
{
  guint8 *page = mmap (bytes - page_size, page_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

  if (page == MAP_FAILED)
    return NULL;
  if (page != bytes - page_size)
    {
      munmap (page, page_size);
      return NULL;
    }
  memset (page, 0x33, page_size);

  return page;
}

#define assert_is_corrupt(result, error)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_false (result);                                                                       \
    test_assert_error (error, SHM_ERROR_CORRUPT, "");                                              \
  }                                                                                                \
  G_STMT_END

static void
read_before_the_list (ShmShareableList *list)
{
  g_autoptr (GError) error = NULL;
  guint64 index;

  assert_is_corrupt (shm_shareable_list_get_value (list, 0, &error) != NULL, error);
  shm_shareable_list_get_int64 (list, 0, &error);
  assert_is_corrupt (FALSE, error);
  shm_shareable_list_get_value_kind (list, 0, &error);
  assert_is_corrupt (FALSE, error);
  assert_is_corrupt (shm_shareable_list_get_text (list, 0, &error) != NULL, error);
  assert_is_corrupt (shm_shareable_list_get_string (list, 0, &error) != NULL, error);
  assert_is_corrupt (shm_shareable_list_copy_values (list, &error) != NULL, error);
  assert_is_corrupt (shm_shareable_list_get_format (list, &error) != NULL, error);
  assert_is_corrupt (shm_private_list_copy_columns (list, 0, 1, &error) != NULL, error);
  assert_is_corrupt (shm_shareable_list_find (list, g_variant_new_int64 (7), &index, &error),
                     error);
}

static void
write_before_the_list (ShmShareableList *list)
{
  g_autoptr (GError) error = NULL;

  assert_is_corrupt (shm_shareable_list_set_int64 (list, 0, 99, &error), error);
  assert_is_corrupt (shm_shareable_list_set_string (list, 0, "text", &error), error);
  assert_is_corrupt (shm_shareable_list_set_none (list, 0, &error), error);

  /* This writer first stores the value of the redo record, if there is one. */
  g_assert_true (shm_shareable_list_set_string (list, 1, "text", &error));
  g_assert_no_error (error);
}

/* The slot of item 0 seems to begin 4096 bytes before the first slot, and so before the memory of
 * the list. The difference of its offsets is a valid size, because the subtraction overflows, and
 * fits into the redo buffer. The list is so long that nothing is mapped directly before it. */
static void
check_slot_before_the_list (gboolean has_trailer, gboolean has_redo, ShmAttachFlags flags)
{
  const gsize page_size = sysconf (_SC_PAGESIZE);
  g_autofree char *long_text = g_strnfill (300000, 'x');
  g_auto (Image) image
      = make_image (g_variant_new ("(xs)", G_GINT64_CONSTANT (7), long_text), has_trailer);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, flags);
  g_autofree guint8 *pattern = g_malloc (page_size);
  guint8 *page;
  gsize size;

  page = map_page_before (list_bytes (list, &size), page_size);
  start_corrupting (&block, NULL);
  if (has_redo)
    {
      corrupted_trailer->redo = (ShmListRedo){ .index = 0, .length = 8 };
      memcpy (&corrupted_trailer->redo.entry, "q\0\0\0\0\0\0\0", 8);
      corrupted_trailer->sequence = 5;
    }
  corrupted_parts.offsets[0] = (guint64) -4096;
  g_assert_cmpuint (corrupted_parts.offsets[1], ==, 8);

  read_before_the_list (list);
  if (flags == SHM_ATTACH_NONE)
    write_before_the_list (list);

  if (page == NULL)
    return;
  memset (pattern, 0x33, page_size);
  g_assert_cmpmem (page, page_size, pattern, page_size);
  munmap (page, page_size);
}

static void
test_slot_before_the_list (void)
{
  static const ShmAttachFlags flags[] = { SHM_ATTACH_NONE, SHM_ATTACH_READ_ONLY };

  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      check_slot_before_the_list (FALSE, FALSE, flags[i]);
      check_slot_before_the_list (TRUE, FALSE, flags[i]);
      check_slot_before_the_list (TRUE, TRUE, flags[i]);
    }
}

/* Acts after a reader has copied a long text that is not valid UTF-8. Replaces the long text by a
 * short text that is valid UTF-8. */
static void
replace_slot (ShmStep step)
{
  if (step != SHM_STEP_LIST_CHECK || steps_seen++ != 0)
    return;

  memcpy (corrupted_parts.data, "short\0\0\0", 8);
  corrupted_parts.offsets[1] = 8;
  memcpy (&corrupted_parts.entries[0], "8s\0\0\0\0\0\0", 8);
  corrupted_trailer->sequence += 2;
}

static void
test_shrinking_slot (void)
{
  g_autofree char *long_text = g_strnfill (100, 'x');
  const char *texts[] = { long_text, NULL };

  for (int getter = 0; getter < 3; getter++)
    {
      g_auto (Image) image = make_image (g_variant_new_strv (texts, 1), TRUE);
      g_auto (Block) block = make_block (&image);
      g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_autofree char *string = NULL;

      start_corrupting (&block, replace_slot);
      memset (corrupted_parts.data, 0xff, 104);
      if (getter == 0)
        {
          value = shm_shareable_list_get_value (list, 0, NULL);
          g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "short");
        }
      else if (getter == 1)
        {
          bytes = shm_shareable_list_get_text (list, 0, NULL);
          g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "short", 5);
        }
      else
        {
          string = shm_shareable_list_get_string (list, 0, NULL);
          g_assert_cmpstr (string, ==, "short");
        }
      shm_test_hook = NULL;
    }
}

/* Changes the last offset in the block while the library allocates memory for a copy, before it
 * copies the offsets. */
static void
replace_last_offset (void)
{
  corrupted_parts.offsets[corrupted_parts.n_items] = 8;
}

static void
test_changing_offsets (void)
{
  g_autofree char *long_text = g_strnfill (100, 'x');
  const char *texts[] = { "short", long_text, NULL };
  g_auto (Image) image = make_image (g_variant_new_strv (texts, 2), TRUE);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
  g_autoptr (GBytes) columns = NULL;
  g_autoptr (GError) error = NULL;

  start_corrupting (&block, NULL);
  at_malloc = replace_last_offset;
  columns = shm_private_list_copy_columns (list, 0, 2, &error);
  at_malloc = NULL;

  /* The columns contain no uninitialized memory, which g_try_malloc() has filled with 0x5a. */
  if (columns == NULL)
    g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
  else
    g_assert_null (memchr (g_bytes_get_data (columns, NULL), 0x5a, g_bytes_get_size (columns)));
}

static void
change_sequence_for_a_while (ShmStep step)
{
  if (step == SHM_STEP_LIST_CHECK && ++steps_seen < 1000)
    corrupted_trailer->sequence += 2;
}

/* A reader that cannot open a descriptor cannot become a lock owner. It reads without the lock,
 * even while other processes write. */
static void
test_no_descriptor_left (void)
{
  g_auto (Image) image = make_image (make_values (), TRUE);
  g_auto (Block) block = make_block (&image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, SHM_ATTACH_NONE);
  g_autoptr (GError) error = NULL;
  struct rlimit old, none_left;
  gint64 number;

  getrlimit (RLIMIT_NOFILE, &old);
  none_left = old;
  none_left.rlim_cur = 3;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none_left), ==, 0);
  start_corrupting (&block, change_sequence_for_a_while);
  number = shm_shareable_list_get_int64 (list, 0, &error);
  shm_test_hook = NULL;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);

  g_assert_no_error (error);
  g_assert_cmpint (number, ==, -5);
}

/* Tests of the lock */

static void
test_forged_owners (void)
{
  g_autoptr (ShmShareableList) list = make_list (make_values ());
  ShmSharedMemory *shm = shm_shareable_list_get_shared_memory (list);
  const guint64 numbers[]
      = { 1, SHM_SYSTEM_LOCK_NUMBER_MAX, SHM_SYSTEM_LOCK_NUMBER_MAX + 1, 1ull << 63, G_MAXUINT64 };
  const int fd = shm_shared_memory_get_fd (shm);
  g_autoptr (GError) error = NULL;
  ShmLockOwner *live_owner;
  ShmListTrailer *trailer;
  ShmIdentity identity;
  ShmFault fault;
  gint64 start;
  guint8 *bytes;
  gsize size;

  bytes = list_bytes (list, &size);
  trailer = find_trailer (bytes, size);

  /* No lock owner has these numbers. */
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      trailer->lock = numbers[i];
      start = peek_clock ();
      g_assert_true (shm_shareable_list_set_int64 (list, 0, i, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (trailer->lock, ==, 0);
      assert_in_time (start, 1 * MSEC);
    }

  /* A live lock owner has this number. */
  g_assert_true (shm_system_identify_fd (fd, &identity, &fault));
  live_owner = shm_lock_owner_new (fd, NULL, &identity, &fault);
  g_assert_nonnull (live_owner);
  trailer->lock = live_owner->number;
  start = peek_clock ();
  g_assert_false (shm_shareable_list_set_int64 (list, 0, 8, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, list_name (list));
  g_assert_cmpint (peek_clock () - start, >=, 900 * MSEC);
  assert_in_time (start, 1100 * MSEC);
  g_assert_cmpuint (trailer->lock, ==, live_owner->number);

  /* Readers are not affected. */
  start = peek_clock ();
  g_assert_cmpint (shm_shareable_list_get_int64 (list, 0, &error), ==, 4);
  use_many_at_once (list);
  assert_in_time (start, 1 * MSEC);

  /* After owner death the next writer takes over the lock. */
  shm_lock_owner_free (live_owner);
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 8, &error));
  g_assert_no_error (error);
  assert_in_time (start, 1 * MSEC);
}

static guint64 owner_number;

static void
save_owner (ShmStep step)
{
  if (step == SHM_STEP_LIST_COMMIT)
    owner_number = corrupted_trailer->lock;
}

/* The lock contains the number of this process's own lock owner. A write times out. */
static void
test_own_number (void)
{
  g_autoptr (ShmShareableList) list = make_list (make_values ());
  g_autoptr (GError) error = NULL;
  ShmListTrailer *trailer;
  gint64 start;
  guint8 *bytes;
  gsize size;

  bytes = list_bytes (list, &size);
  trailer = find_trailer (bytes, size);
  corrupted_trailer = trailer;
  shm_test_hook = save_owner;
  g_assert_true (shm_shareable_list_set_int64 (list, 0, 1, &error));
  shm_test_hook = NULL;
  g_assert_cmpuint (owner_number, !=, 0);

  trailer->lock = owner_number;
  start = peek_clock ();
  g_assert_false (shm_shareable_list_set_int64 (list, 0, 2, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, list_name (list));
  assert_in_time (start, 1100 * MSEC);
}

static void
test_forged_redo_records (void)
{
  g_autoptr (ShmShareableList) list = make_list (make_values ());
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *original = NULL;
  ShmListTrailer *trailer;
  guint8 *bytes;
  gsize size;

  bytes = list_bytes (list, &size);
  original = g_memdup2 (bytes, size);
  trailer = find_trailer (bytes, size);

  for (guint word = 0; word < 5; word++)
    for (guint i = 0; i < N_EXTREMES; i++)
      {
        const guint64 counter = i % 2 == 0 ? G_MAXUINT64 : 1;
        g_autoptr (GVariant) value = NULL;

        memcpy (bytes, original, size);
        memset (&trailer->redo, 0, sizeof trailer->redo);
        ((guint64 *) &trailer->redo)[word] = get_extreme (i, 5, size);
        trailer->sequence = counter;
        trailer->lock = i % 3;
        g_assert_true (shm_shareable_list_set_int64 (list, 4, 123, &error));
        g_assert_no_error (error);
        g_assert_cmpuint (trailer->sequence, ==, counter + 3);
        g_assert_cmpuint (trailer->lock, ==, 0);
        g_assert_cmpint (shm_shareable_list_get_int64 (list, 4, &error), ==, 123);
        g_assert_no_error (error);

        /* No other value has changed. */
        value = shm_shareable_list_get_value (list, 1, &error);
        g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "howdy");
      }
}

/* Each function that reads the item of a corrupt redo record fails. */
static void
test_corrupt_redo_record (void)
{
  g_auto (Image) image = make_image (make_values (), TRUE);
  g_auto (Block) block = { .fd = -1 };
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) values = NULL;

  commit_redo (&image);
  find_trailer (image.bytes, image.size)->redo.length = 17;
  block = make_block (&image);
  list = attach_valid (&block, SHM_ATTACH_READ_ONLY);

  start_corrupting (&block, NULL);
  values = shm_shareable_list_get_value (list, 2, &error);
  g_assert_null (values);
  test_assert_error (error, SHM_ERROR_CORRUPT, "Value 2");
  values = shm_shareable_list_copy_values (list, &error);
  g_assert_null (values);
  test_assert_error (error, SHM_ERROR_CORRUPT, "Value 2");
}

static guint n_attempts;

static void
count_attempts (ShmStep step)
{
  if (step == SHM_STEP_LIST_READ)
    n_attempts++;
}

/* Copying a corrupt list fails after few attempts. */
static void
test_copies_of_corrupt_lists (void)
{
  g_auto (Image) image = make_image (make_values (), TRUE);
  g_auto (Block) block = { .fd = -1 };
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GVariant) values = NULL;

  commit_redo (&image);
  find_trailer (image.bytes, image.size)->redo.length = 17;
  block = make_block (&image);
  list = attach_valid (&block, SHM_ATTACH_READ_ONLY);

  n_attempts = 0;
  shm_test_hook = count_attempts;
  values = shm_shareable_list_copy_values (list, NULL);
  shm_test_hook = NULL;
  g_assert_null (values);
  g_assert_cmpuint (n_attempts, <, 500);
}

/* If a block holds no list, opening the list fails and does not remove the block. */
static void
test_foreign_block (void)
{
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autoptr (GVariant) values = g_variant_ref_sink (g_variant_new_parsed ("[1, 2]"));
  g_autoptr (GObject) list = NULL;
  g_autoptr (GError) error = NULL;

  shm = shm_shared_memory_create (NULL, 1000, 0, &error);
  g_assert_no_error (error);
  list = g_initable_new (SHM_TYPE_SHAREABLE_LIST, NULL, &error, "shared-memory", shm, "values",
                         values, NULL);
  g_assert_null (list);
  g_assert_nonnull (error);
  g_assert_true (test_exists (shm_shared_memory_get_name (shm)));
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

/* Tests with a hostile process that writes without a pause */

#define SECONDS_OF_WRITES 2

static gint64
read_real_clock (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

typedef struct
{
  const Image *image;
  Block *block;
  int stop; /* (atomic) */
} Peer;

static gpointer
write_without_pause (gpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (g_test_rand_int ());
  Peer *peer = data;
  const gsize n_words = peer->image->size / 8;

  while (!g_atomic_int_get (&peer->stop))
    {
      const gsize at = 8 * g_rand_int_range (random, 0, n_words);
      const guint64 old = *(const guint64 *) (gconstpointer) (peer->image->bytes + at);
      guint64 *word = (gpointer) (peer->block->bytes + at);

      shm_word_store (word, get_extreme (g_rand_int_range (random, 0, 2 * N_EXTREMES), old,
                                         peer->image->size));
      if (g_rand_int_range (random, 0, 4) != 0)
        shm_word_store (word, old);
      if (g_rand_int_range (random, 0, 64) == 0)
        for (gsize i = 0; i < n_words; i++)
          shm_word_store ((guint64 *) (gpointer) peer->block->bytes + i,
                          ((const guint64 *) (gconstpointer) peer->image->bytes)[i]);
    }

  return NULL;
}

static void
use_during_writes (const Image *image, ShmAttachFlags flags, gint64 microseconds)
{
  g_auto (Block) block = make_block (image);
  g_autoptr (ShmShareableList) list = attach_valid (&block, flags);
  Peer peer = { .image = image, .block = &block };
  GThread *thread = g_thread_new ("writer", write_without_pause, &peer);
  const gint64 end = read_real_clock () + microseconds;
  guint64 rounds = 0;

  while (read_real_clock () < end)
    {
      const guint64 index = rounds++ % shm_shareable_list_get_length (list);

      read_one (list, index);
      if (flags == SHM_ATTACH_NONE)
        write_one (list, index);
      if (rounds % 8 == 0)
        {
          g_autoptr (ShmShareableList) other = NULL;
          g_autoptr (GError) error = NULL;

          use_many_at_once (list);
          other = attach (&block, flags, &error);
          if (other != NULL && shm_shareable_list_get_length (other) > 0)
            read_one (other, 0);
        }
    }

  g_atomic_int_set (&peer.stop, TRUE);
  g_thread_join (thread);
  g_test_message ("Used the list %" G_GUINT64_FORMAT " times", rounds);
}

static void
test_continuous_writes (void)
{
  for (int has_trailer = 0; has_trailer < 2; has_trailer++)
    {
      g_auto (Image) image = make_image (make_values (), has_trailer);

      use_during_writes (&image, SHM_ATTACH_NONE, SECONDS_OF_WRITES * G_USEC_PER_SEC / 3);
      if (has_trailer)
        use_during_writes (&image, SHM_ATTACH_READ_ONLY, SECONDS_OF_WRITES * G_USEC_PER_SEC / 3);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/list-hostile/words-in-memory", test_words_in_memory);
  g_test_add_func ("/list-hostile/words-in-blocks", test_words_in_blocks);
  g_test_add_func ("/list-hostile/type-codes", test_type_codes);
  g_test_add_func ("/list-hostile/corrupt-number-in-group", test_corrupt_number_in_group);
  g_test_add_func ("/list-hostile/empty-entry", test_empty_entry);
  g_test_add_func ("/list-hostile/no-redo-buffer", test_no_redo_buffer);
  g_test_add_func ("/list-hostile/short-number-in-redo", test_short_number_in_redo_record);
  g_test_add_func ("/list-hostile/short-count", test_short_count);
  g_test_add_func ("/list-hostile/text-after-the-count", test_text_after_the_count);
  g_test_add_func ("/list-hostile/sequence-counter-always-changes",
                   test_sequence_counter_always_changes);
  g_test_add_func ("/list-hostile/slow-copy", test_slow_copy);
  g_test_add_func ("/list-hostile/slow-chunks", test_slow_chunks);
  g_test_add_func ("/list-hostile/interrupted-scan", test_interrupted_scan);
  g_test_add_func ("/list-hostile/scan-before-the-data", test_scan_before_the_data);
  g_test_add_func ("/list-hostile/slot-before-the-list", test_slot_before_the_list);
  g_test_add_func ("/list-hostile/shrinking-slot", test_shrinking_slot);
  g_test_add_func ("/list-hostile/changing-offsets", test_changing_offsets);
  g_test_add_func ("/list-hostile/no-descriptor-left", test_no_descriptor_left);
  g_test_add_func ("/list-hostile/forged-owners", test_forged_owners);
  g_test_add_func ("/list-hostile/own-number", test_own_number);
  g_test_add_func ("/list-hostile/forged-redo-records", test_forged_redo_records);
  g_test_add_func ("/list-hostile/corrupt-redo", test_corrupt_redo_record);
  g_test_add_func ("/list-hostile/copies-of-corrupt-lists", test_copies_of_corrupt_lists);
  g_test_add_func ("/list-hostile/foreign-block", test_foreign_block);
  g_test_add_func ("/list-hostile/continuous-writes", test_continuous_writes);

  return g_test_run ();
}
