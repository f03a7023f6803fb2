/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes lists. The input is the content of a block. Each call must return an error or a valid
 * value.
 *
 * The fuzzer uses each list twice. First it calls the core with memory of exactly the size of the
 * input, so that AddressSanitizer finds each access outside this memory. Then it calls the class
 * with a block.
 *
 * An input that begins with RUNS describes a longer block as a sequence of runs. There are two
 * kinds of runs. The first kind copies bytes: it consists of a NUL, a count of 1 byte, and that
 * many bytes. The second kind repeats a byte: it consists of a byte other than NUL, and a count of
 * 3 bytes. In the second kind, the byte 1 stands for NUL. */

#include <shmobj/shmobj.h>

#include "core/shm-fork.h"
#include "core/shm-list-columns.h"
#include "core/shm-list-sync.h"
#include "core/shm-list-copy.h"
#include "core/shm-list-item.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RUNS      "RUNS"
#define BLOCK_MAX (3 * 1024 * 1024)

/* Using more items would not find more bugs, and would take too long. */
#define ITEMS_MAX 64

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static ShmLockOwner *lock_owner;

/* Creates one lock owner for all lists. Its lock can be on another block, because no other process
 * uses the lists. */
static void
create_lock_owner (void)
{
  const int fd = memfd_create ("shmobj-fuzz", MFD_CLOEXEC);
  ShmIdentity identity;
  ShmFault fault;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  g_assert_true (shm_system_identify_fd (fd, &identity, &fault));
  lock_owner = shm_lock_owner_new (fd, NULL, &identity, &fault);
  g_assert_true (lock_owner != NULL);
  close (fd);
}

/* Appends @length bytes to the block: @bytes, or, if @bytes is NULL, copies of @byte. */
static void
extend (GByteArray *block, const guint8 *bytes, guint byte, gsize length)
{
  const guint from = block->len;

  if (length > BLOCK_MAX - from)
    length = BLOCK_MAX - from;
  g_byte_array_set_size (block, from + length);
  if (bytes != NULL && length > 0)
    memcpy (block->data + from, bytes, length);
  else if (length > 0)
    memset (block->data + from, byte == 1 ? 0 : byte, length);
}

/* Returns the block that the input describes. */
static GByteArray *
expand (const guint8 *data, gsize size)
{
  GByteArray *block = g_byte_array_new ();
  const guint8 *end = data + size;

  if (size < 4 || memcmp (data, RUNS, 4) != 0)
    {
      extend (block, data, 0, size);
      return block;
    }

  for (data += 4; end - data >= 2;)
    if (data[0] == 0)
      {
        const gsize length = MIN (data[1], end - data - 2);

        extend (block, data + 2, 0, length);
        data += 2 + length;
      }
    else if (end - data >= 4)
      {
        extend (block, NULL, data[0], data[1] | data[2] << 8 | data[3] << 16);
        data += 4;
      }
    else
      break;

  return block;
}

/* Checks that all bytes of the value are accessible, and that text is UTF-8. */
static void
check_value (const ShmListValue *value, guint64 slot_max)
{
  g_autofree guint8 *copy = NULL;

  g_assert_true (value->kind <= SHM_VALUE_KIND_BYTES);
  if (value->kind != SHM_VALUE_KIND_STRING && value->kind != SHM_VALUE_KIND_BYTES)
    return;

  g_assert_true (value->length <= slot_max);
  copy = g_memdup2 (value->bytes, value->length);
  if (value->kind == SHM_VALUE_KIND_STRING)
    g_assert_true (shm_list_is_utf8 (value->bytes, value->length));
}

static gboolean
is_bytes (const ShmListValue *value)
{
  return value->kind == SHM_VALUE_KIND_STRING || value->kind == SHM_VALUE_KIND_BYTES;
}

/* Checks that encoding and decoding a value gives the same value. */
static void
check_encoding (const ShmListValue *value, const ShmListSlot *slot)
{
  const gboolean has_length_record = slot->length_record != NULL;
  ShmListLengthRecord record = { .index = 0 };
  g_autofree guint8 *bytes = NULL;
  ShmListFormat format;
  ShmListRedo redo;
  ShmListValue found;

  if (shm_list_encode (value, slot->size, has_length_record, &redo) != SHM_LIST_FIT_OK)
    return;

  bytes = g_malloc0 (slot->size);
  if (is_bytes (value))
    memcpy (bytes, value->bytes, value->length);
  else
    memcpy (bytes, &value->integer, 8);
  record.length = redo.length;
  record.hash = redo.hash;

  g_assert_true (
      shm_list_parse (redo.entry, redo.type_code, slot->size, has_length_record, &format));
  g_assert_true (
      shm_list_decode (&format, bytes, slot->size, has_length_record ? &record : NULL, &found));
  g_assert_true (found.kind == value->kind);
  if (is_bytes (value))
    g_assert_true (shm_list_value_equal (&found, value));
}

/* Calls the functions that work on private copies of lists. */
static void
use_copy (guint8 *bytes, const ShmListLayout *layout)
{
  g_autoptr (GBytes) columns = NULL;
  ShmListRedo redo = { .index = 0 };
  ShmListParts parts;
  ShmListValue value;
  ShmListSlot slot;
  char format[9];
  guint64 index;

  shm_list_find_parts (bytes, layout, &parts);
  columns = shm_list_to_columns (&parts, &index);

  for (guint64 i = 0; i < MIN (layout->n_items, ITEMS_MAX); i++)
    {
      if (shm_list_find_slot (&parts, i, &slot))
        {
          /* Let AddressSanitizer check the first and the last byte of the slot. */
          slot.bytes[0] |= 0;
          slot.bytes[slot.size - 1] |= 0;
          memcpy (&redo, slot.bytes, 8);
          redo.index = i;
          redo.entry = *slot.entry;
          redo.type_code = *slot.type_code;
          shm_list_check_redo (&parts, &redo, layout->redo_size, &slot);
        }
      shm_list_get_format (&parts, i, format);
      if (shm_list_get_value (&parts, i, &value))
        {
          check_value (&value, slot.size);
          check_encoding (&value, &slot);
        }
    }
}

static ShmList
make_list (guint8 *bytes, const ShmListLayout *layout)
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
read_list (ShmList *list)
{
  const guint64 n_items = list->layout.n_items;
  ShmFault fault;

  for (guint64 i = 0; i < MIN (n_items, ITEMS_MAX); i++)
    {
      g_auto (ShmListItem) item = { .large_buffer = NULL };

      if (shm_list_read (list, i, &item, &fault))
        check_value (&item.value, SHM_LIST_SLOT_MAX);
    }

  for (guint64 first = 0; first < n_items && first < 3; first++)
    {
      const guint64 n = first == 0 ? n_items : shm_list_get_chunk (list, first);
      g_auto (ShmListCopy) copy = { .memory = NULL };
      g_autoptr (GBytes) columns = NULL;
      ShmListBudget budget = shm_list_budget_new (n);
      guint64 index;

      if (shm_list_copy (list, first, n, &copy, &budget, &fault))
        columns = shm_list_to_columns (&copy.parts, &index);
    }
}

/* Writes a value, and checks the value that is read afterwards. */
static void
write_and_read (ShmList *list, guint64 index, const ShmListValue *value)
{
  g_auto (ShmListItem) item = { .large_buffer = NULL };
  ShmFault fault;

  if (!shm_list_write (list, index, value, &fault))
    return;

  /* In a corrupt list, reading can return another value: the slot of the item can overlap other
   * parts of the list, or the item can have a wrong length record. */
  if (shm_list_read (list, index, &item, &fault))
    check_value (&item.value, SHM_LIST_SLOT_MAX);
}

static void
write_list (ShmList *list)
{
  static const ShmListValue values[] = {
    { .kind = SHM_VALUE_KIND_INT64, .integer = G_MININT64 },
    { .kind = SHM_VALUE_KIND_BOOLEAN, .truth = TRUE },
    { .kind = SHM_VALUE_KIND_NONE },
    { .kind = SHM_VALUE_KIND_STRING, .length = 3, .bytes = (const guint8 *) "ab\0" },
    { .kind = SHM_VALUE_KIND_BYTES,
      .length = 20,
      .bytes = (const guint8 *) "twenty bytes, no less" },
  };

  for (guint64 i = 0; i < MIN (list->layout.n_items, 4); i++)
    for (gsize v = 0; v < G_N_ELEMENTS (values); v++)
      write_and_read (list, i, &values[v]);
}

/* Calls the core with a copy of the input that has exactly its size. */
static void
use_memory (const guint8 *data, gsize size)
{
  g_autofree guint8 *bytes = g_memdup2 (data, size);
  ShmListLayout layout;
  ShmList list;

  if (shm_list_inspect (bytes, size, &layout) != SHM_LIST_COMPLETE)
    return;

  g_assert_true (shm_list_size (&layout) == size);
  use_copy (bytes, &layout);
  list = make_list (bytes, &layout);
  read_list (&list);
  write_list (&list);
  read_list (&list);
}

/* Creates a block with this content, and opens the list in it. Returns NULL if there is no list. */
static ShmShareableList *
open_block (const guint8 *data, gsize size)
{
  g_autoptr (ShmSharedMemory) block = NULL;
  const int fd = memfd_create ("shmobj-fuzz", MFD_CLOEXEC);
  ShmShareableList *list = NULL;

  g_assert_true (fd >= 0 && write (fd, data, size) == (gssize) size);
  block = shm_shared_memory_attach_fd (fd, SHM_ATTACH_NONE, NULL);
  if (block != NULL)
    list = shm_shareable_list_new_for_shared_memory (block, NULL);
  close (fd);

  return list;
}

static void
use_value (ShmShareableList *list, guint64 index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = shm_shareable_list_get_value (list, index, &error);
  g_autofree char *text = NULL;

  g_assert_true ((value == NULL) == (error != NULL));
  if (value == NULL)
    return;

  if (shm_shareable_list_get_value_kind (list, index, NULL) == SHM_VALUE_KIND_STRING)
    text = shm_shareable_list_get_string (list, index, NULL);
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));

  if (shm_shareable_list_set_value (list, index, value, NULL))
    {
      g_autoptr (GVariant) new_value = shm_shareable_list_get_value (list, index, NULL);

      g_assert_true (new_value == NULL || g_variant_is_normal_form (new_value));
    }
}

static void
use_model (ShmListModel *model)
{
  for (guint round = 0; round < 2; round++)
    {
      g_assert_true (shm_list_model_refresh (model, NULL));
      for (guint i = 0; i < MIN (g_list_model_get_n_items (G_LIST_MODEL (model)), 8); i++)
        {
          g_autoptr (ShmModelItem) item = g_list_model_get_item (G_LIST_MODEL (model), i);

          g_assert_true (g_utf8_validate (shm_model_item_get_text (item), -1, NULL));
        }
    }
}

static void
use_block (const guint8 *data, gsize size)
{
  g_autoptr (ShmShareableList) list = open_block (data, size);
  g_autoptr (ShmListModel) model = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autofree char *format = NULL;
  guint64 n_items;

  if (list == NULL)
    return;

  model = shm_shareable_list_get_model (list, NULL);
  if (model != NULL)
    use_model (model);
  n_items = shm_shareable_list_get_length (list);
  format = shm_shareable_list_get_format (list, NULL);
  values = shm_shareable_list_copy_values (list, NULL);
  g_assert_true (values == NULL || g_variant_n_children (values) == n_items);
  shm_shareable_list_count (list, g_variant_new_int64 (7), NULL);

  for (guint64 i = 0; i < MIN (n_items, 8); i++)
    use_value (list, i);
  if (model != NULL)
    use_model (model);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GByteArray) block = expand (data, size);

  if (lock_owner == NULL)
    create_lock_owner ();

  if (block->len > 0)
    {
      use_memory (block->data, block->len);
      use_block (block->data, block->len);
    }

  return 0;
}
