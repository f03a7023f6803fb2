/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests of listing blocks, and of removing a block by its name. */

#include "shm-test.h"

#include <sys/file.h>

static ShmBlockInfo *
find (GList *blocks, const char *name)
{
  for (GList *each = blocks; each != NULL; each = each->next)
    if (g_str_equal (shm_block_info_get_name (each->data), name))
      return each->data;

  return NULL;
}

static void
test_list (void)
{
  g_autofree char *name = test_name ("list");
  g_autofree char *empty = test_name ("empty");
  g_autofree char *odd = test_name ("od:d \u00e9");
  g_autofree char *not_utf8 = g_strdup_printf ("shmobj-test-%d-\xff", getpid ());
  g_autofree char *semaphore = g_strdup_printf ("sem.shmobj-test-%d", getpid ());
  g_autofree char *draft = g_strdup_printf (".shmobj-test-%d", getpid ());
  g_autofree char *folder = test_name ("folder");
  g_autofree char *folder_path = test_path (folder);
  char *files[] = { empty, odd, not_utf8, semaphore, draft };
  int descriptors[G_N_ELEMENTS (files)];
  g_autoptr (GError) error = NULL;
  g_autolist (ShmBlockInfo) blocks = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;
  ShmBlockInfo *info;

  shm = shm_shared_memory_create_full (name, 1234, 0604, 0, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      /* Lock the files. Otherwise another test could remove the draft, because a draft without a
       * lock looks abandoned. */
      descriptors[i] = test_make_file (files[i], 0);
      g_assert_cmpint (flock (descriptors[i], LOCK_EX), ==, 0);
    }
  g_assert_cmpint (mkdir (folder_path, 0700), ==, 0);

  blocks = shm_list_blocks (&error);
  g_assert_no_error (error);

  info = find (blocks, name);
  g_assert_nonnull (info);
  g_assert_cmpuint (shm_block_info_get_size (info), ==, 1234);
  g_assert_cmpuint (shm_block_info_get_mode (info), ==, 0604);
  g_assert_cmpuint (shm_block_info_get_owner_uid (info), ==, geteuid ());
  g_assert_cmpstr (info->name, ==, name);
  g_assert_cmpuint (info->size, ==, 1234);
  g_assert_cmpuint (info->mode, ==, 0604);
  g_assert_cmpuint (info->owner_uid, ==, geteuid ());
  g_assert_cmpuint (shm_block_info_get_size (find (blocks, empty)), ==, 0);
  g_assert_nonnull (find (blocks, odd));
  g_assert_null (find (blocks, not_utf8));
  g_assert_null (find (blocks, semaphore));
  g_assert_null (find (blocks, draft));
  g_assert_null (find (blocks, folder));

  for (GList *each = blocks->next; each != NULL; each = each->next)
    g_assert_cmpstr (shm_block_info_get_name (each->prev->data), <,
                     shm_block_info_get_name (each->data));

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = test_path (files[i]);

      g_assert_cmpint (unlink (path), ==, 0);
      close (descriptors[i]);
    }
  g_assert_cmpint (rmdir (folder_path), ==, 0);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

typedef struct
{
  GList *blocks;
  GError *error;
  gboolean done;
} Outcome;

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_null (source);
  outcome->blocks = shm_list_blocks_finish (result, &outcome->error);
  outcome->done = TRUE;
}

G_GNUC_UNUSED static void
test_list_async (void)
{
  g_autofree char *name = test_name ("async");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, 5, 0, NULL);
  Outcome outcome = { NULL };

  shm_list_blocks_async (cancellable, on_listed, &outcome);
  g_assert_false (outcome.done);
  test_iterate_until (NULL, outcome.done);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (shm_block_info_get_size (find (outcome.blocks, name)), ==, 5);
  g_clear_list (&outcome.blocks, (GDestroyNotify) shm_block_info_free);

  g_cancellable_cancel (cancellable);
  outcome.done = FALSE;
  shm_list_blocks_async (cancellable, on_listed, &outcome);
  test_iterate_until (NULL, outcome.done);
  g_assert_null (outcome.blocks);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&outcome.error);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

static void
test_boxed (void)
{
  g_autofree char *name = test_name ("boxed");
  g_autolist (ShmBlockInfo) blocks = NULL;
  g_autoptr (ShmBlockInfo) copy = NULL;
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, 5, 0, NULL);

  blocks = shm_list_blocks (NULL);
  copy = g_boxed_copy (SHM_TYPE_BLOCK_INFO, find (blocks, name));
  g_clear_list (&blocks, (GDestroyNotify) shm_block_info_free);
  copy->name = "another name"; /* as a language binding could do */
  g_assert_cmpstr (shm_block_info_get_name (copy), ==, name);
  g_assert_cmpuint (shm_block_info_get_size (copy), ==, 5);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

static void
test_remove (void)
{
  g_autofree char *name = test_name ("remove");
  g_autofree char *with_slash = g_strconcat ("/", name, NULL);
  g_autofree char *odd = test_name ("o:d d");
  g_autoptr (GError) error = NULL;

  close (test_make_file (name, 0));
  g_assert_true (shm_remove_block (with_slash, &error));
  g_assert_no_error (error);
  g_assert_false (test_exists (name));
  g_assert_false (shm_remove_block (name, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);

  close (test_make_file (odd, 7));
  g_assert_true (shm_remove_block (odd, &error));
  g_assert_false (shm_remove_block ("..", &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "..");
  g_assert_false (shm_remove_block ("a/b", &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "a/b");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/block-info/list", test_list);
#ifndef __SANITIZE_THREAD__ /* ThreadSanitizer does not know the locks of GLib */
  g_test_add_func ("/block-info/list/async", test_list_async);
#endif
  g_test_add_func ("/block-info/boxed", test_boxed);
  g_test_add_func ("/block-info/remove", test_remove);

  return g_test_run ();
}
