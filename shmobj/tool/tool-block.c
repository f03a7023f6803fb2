/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool-block.h"

#include <string.h>
#include <sys/stat.h>

#define N_SUMMARY_VALUES   4
#define SUMMARY_VALUE_SIZE 24

/* Reads the facts that shm_list_blocks() does not return. */
static void
stat_block (ToolBlock *self)
{
  g_autofree char *path = g_strconcat ("/dev/shm/", self->name, NULL);
  struct stat info;

  self->is_found = lstat (path, &info) == 0 && S_ISREG (info.st_mode);
  if (!self->is_found)
    return;

  self->used = (guint64) info.st_blocks * 512;
  self->device = info.st_dev;
  self->inode = info.st_ino;
  self->modified = info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000;
}

static gboolean
read_word (ShmSharedMemory *shm, guint64 offset, guint64 *word)
{
  g_autoptr (GBytes) bytes = shm_shared_memory_read (shm, offset, sizeof *word, NULL);

  if (bytes == NULL || g_bytes_get_size (bytes) != sizeof *word)
    return FALSE;

  memcpy (word, g_bytes_get_data (bytes, NULL), sizeof *word);

  return TRUE;
}

/* Returns whether the sizes in the block are those of a list. The function that attaches to a list
 * waits up to half a second for a creator that has not written them yet, and this is too long if
 * there are many blocks. The page "What is in the memory" describes the layout. */
static gboolean
may_be_list (ShmSharedMemory *shm)
{
  const guint64 size = shm_shared_memory_get_size (shm);
  guint64 n_values, data_size, end, magic;

  if (size < 16 || !read_word (shm, 0, &n_values) || n_values > (size - 16) / 17
      || !read_word (shm, 8 + 8 * n_values, &data_size) || data_size > size - 16 - 17 * n_values)
    return FALSE;

  end = 16 + 17 * n_values + data_size;
  if (end == size)
    return TRUE;

  end = (end + 63) & ~(guint64) 63;

  return end < size && size - end >= sizeof magic && read_word (shm, end, &magic)
         && memcmp (&magic, "shmobj1", sizeof magic) == 0;
}

/* Nothing is written to the block. */
static void
look_at_content (ToolBlock *self, gboolean any_owner)
{
  const ShmAttachFlags flags
      = any_owner ? SHM_ATTACH_READ_ONLY | SHM_ATTACH_ANY_OWNER : SHM_ATTACH_READ_ONLY;
  g_autoptr (ShmSharedMemory) shm = NULL;

  if (self->size == 0)
    {
      self->content = TOOL_CONTENT_EMPTY;
      return;
    }

  shm = shm_shared_memory_attach (self->name, flags, NULL);
  if (shm == NULL)
    return;

  if (may_be_list (shm))
    self->list = shm_shareable_list_new_for_shared_memory (shm, NULL);
  self->content = self->list != NULL ? TOOL_CONTENT_LIST : TOOL_CONTENT_BYTES;
}

ToolBlock *
tool_block_new_unread (ShmBlockInfo *info)
{
  ToolBlock *self = g_new0 (ToolBlock, 1);

  self->name = g_strdup (shm_block_info_get_name (info));
  self->size = shm_block_info_get_size (info);
  self->uid = shm_block_info_get_owner_uid (info);
  self->mode = shm_block_info_get_mode (info);
  stat_block (self);

  return self;
}

ToolBlock *
tool_block_new (ShmBlockInfo *info, gboolean any_owner)
{
  ToolBlock *self = tool_block_new_unread (info);

  look_at_content (self, any_owner);

  return self;
}

void
tool_block_free (ToolBlock *self)
{
  g_clear_object (&self->list);
  g_free (self->manager_address);
  g_free (self->name);
  g_free (self);
}

/* A server that listens at no Unix socket has no address in its registry, so the block seems to
 * belong to a program. */
static void
set_keeper (ToolBlock *self, ShmBlockInfo *info)
{
  self->manager_address = g_strdup (shm_block_info_get_manager_address (info));
  if (shm_block_info_is_leftover (info))
    self->keeper = "leftover";
  else
    self->keeper = self->manager_address != NULL ? "manager" : "program";
}

void
tool_block_add_keepers (const GPtrArray *blocks)
{
  g_autolist (ShmBlockInfo) owned = shm_list_owned_blocks (NULL);
  g_autoptr (GHashTable) infos = g_hash_table_new (g_str_hash, g_str_equal);

  for (GList *link = owned; link != NULL; link = link->next)
    g_hash_table_insert (infos, (gpointer) shm_block_info_get_name (link->data), link->data);

  for (guint i = 0; i < blocks->len; i++)
    {
      ToolBlock *block = blocks->pdata[i];
      ShmBlockInfo *info = g_hash_table_lookup (infos, block->name);

      if (info != NULL)
        set_keeper (block, info);
    }
}

char *
tool_block_format_keeper (const ToolBlock *self)
{
  g_autofree char *address = NULL;

  if (self->manager_address == NULL)
    return g_strdup (self->keeper != NULL ? self->keeper : "-");

  address = tool_get_printable (self->manager_address);

  return g_strconcat ("manager ", address, NULL);
}

ToolBlock *
tool_block_find (const char *name, gboolean any_owner, GError **error)
{
  GError *failure = NULL;
  g_autolist (ShmBlockInfo) blocks = shm_list_blocks (&failure);
  const char *plain = name[0] == '/' ? name + 1 : name;
  g_autofree char *printable = NULL;

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return NULL;
    }

  for (GList *link = blocks; link != NULL; link = link->next)
    if (g_str_equal (shm_block_info_get_name (link->data), plain))
      return tool_block_new (link->data, any_owner);

  printable = tool_get_printable (name);
  g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_FOUND,
               "There is no block \"%s\": `shmobj list` lists all blocks", printable);

  return NULL;
}

char *
tool_block_format_users (const ToolBlock *self, ToolUsers *users, guint limit)
{
  const GPtrArray *found = tool_users_find (users, self->device, self->inode);
  GString *text = g_string_new (NULL);

  if (!tool_users_is_available (users))
    g_string_append_c (text, '?');
  for (guint i = 0; found != NULL && i < MIN (found->len, limit); i++)
    {
      const ToolUser *user = found->pdata[i];

      g_string_append_printf (text, "%s%s (%d)", i > 0 ? ", " : "", user->command, user->pid);
    }
  if (found != NULL && found->len > limit)
    g_string_append_printf (text, " and %u more", found->len - limit);
  if (text->len == 0)
    g_string_append_c (text, '-');

  return g_string_free (text, FALSE);
}

static void
append_values (const ToolBlock *self, GString *text)
{
  const guint64 length = shm_shareable_list_get_length (self->list);

  for (guint64 i = 0; i < MIN (length, N_SUMMARY_VALUES); i++)
    {
      g_autoptr (GVariant) value = shm_shareable_list_get_value (self->list, i, NULL);
      g_autofree char *formatted
          = value != NULL ? tool_value_format (value, SUMMARY_VALUE_SIZE) : g_strdup ("?");

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : ": ", formatted);
    }
  if (length > N_SUMMARY_VALUES)
    g_string_append (text, ", ...");
}

char *
tool_block_format_content (const ToolBlock *self)
{
  GString *text = g_string_new (NULL);

  switch (self->content)
    {
    case TOOL_CONTENT_LIST:
      g_string_append_printf (text, "list of %" G_GUINT64_FORMAT,
                              shm_shareable_list_get_length (self->list));
      append_values (self, text);
      break;
    case TOOL_CONTENT_BYTES:
      g_string_append (text, "bytes");
      break;
    case TOOL_CONTENT_EMPTY:
      g_string_append (text, "no size yet");
      break;
    case TOOL_CONTENT_UNKNOWN:
    default:
      g_string_append (text, "?");
    }

  return g_string_free (text, FALSE);
}

static void
add_users_json (const ToolBlock *self, ToolUsers *users, ToolJson *json)
{
  const GPtrArray *found = tool_users_find (users, self->device, self->inode);

  if (!tool_users_is_available (users))
    {
      tool_json_add_null (json, "users");
      return;
    }

  tool_json_begin (json, "users", '[');
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const ToolUser *user = found->pdata[i];

      tool_json_begin (json, NULL, '{');
      tool_json_add_int (json, "pid", user->pid);
      tool_json_add_uint (json, "uid", user->uid);
      tool_json_add_string (json, "command", user->command);
      tool_json_add_boolean (json, "open", user->is_open);
      tool_json_add_boolean (json, "mapped", user->is_mapped);
      tool_json_end (json, '}');
    }
  tool_json_end (json, ']');
}

static void
add_content_json (const ToolBlock *self, ToolJson *json)
{
  static const char *const contents[] = {
    [TOOL_CONTENT_EMPTY] = "empty",
    [TOOL_CONTENT_BYTES] = "bytes",
    [TOOL_CONTENT_LIST] = "list",
  };

  if (self->content == TOOL_CONTENT_UNKNOWN)
    tool_json_add_null (json, "content");
  else
    tool_json_add_string (json, "content", contents[self->content]);
  if (self->content == TOOL_CONTENT_LIST)
    tool_json_add_uint (json, "length", shm_shareable_list_get_length (self->list));
  else
    tool_json_add_null (json, "length");
}

void
tool_block_add_json (const ToolBlock *self, ToolUsers *users, ToolJson *json)
{
  g_autofree char *owner = tool_format_user (self->uid);
  g_autofree char *mode = g_strdup_printf ("%04o", self->mode);

  tool_json_begin (json, NULL, '{');
  tool_json_add_string (json, "name", self->name);
  tool_json_add_uint (json, "size", self->size);
  tool_json_add_uint (json, "used", self->used);
  tool_json_add_uint (json, "uid", self->uid);
  tool_json_add_string (json, "owner", owner);
  tool_json_add_string (json, "mode", mode);
  tool_json_add_double (json, "modified", self->modified / (double) G_USEC_PER_SEC);
  if (self->keeper != NULL)
    tool_json_add_string (json, "keeper", self->keeper);
  else
    tool_json_add_null (json, "keeper");
  if (self->manager_address != NULL)
    tool_json_add_string (json, "manager", self->manager_address);
  else
    tool_json_add_null (json, "manager");
  add_content_json (self, json);
  add_users_json (self, users, json);
  tool_json_end (json, '}');
}
