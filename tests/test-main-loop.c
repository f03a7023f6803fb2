/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asynchronous functions do not block a main loop. Some functions can wait for another process, or
 * need more time for more data. The test calls the asynchronous form of each such function while a
 * main loop runs:
 *
 * - functions of a manager, while its server is stopped with SIGSTOP;
 * - writing to a list, while a process that holds the robust lock is stopped with SIGSTOP;
 * - reading a list, while a value is invalid, as if CPython were writing it;
 * - attaching to a block of size 0, and to a list that its creator does not finish;
 * - sealing a block against writing, while a page of it is in a pipe;
 * - the main loop that detects the death of a server, while removing the server's blocks is slow;
 * - all other functions, with a large amount of data.
 *
 * During the call, a timeout source ticks every millisecond. The test checks that the source keeps
 * ticking, that the call has the documented result, and that a cancelled call fails with
 * G_IO_ERROR_CANCELLED. */

#include "shm-test.h"

#include "core/shm-list-steps.h"
#include "shm-overrides-values.h"
#include "shm-shareable-list-private.h"

/* If a call blocked the loop, there would be no tick before the end of the call. Times do not
 * include the time in which other programs had the processor: see test_get_own_time(). Most calls
 * that wait for a peer take at least WAIT_MSEC. */
#define TICKS_MIN    10
#define GAP_MAX_MSEC 2000
#define WAIT_MSEC    500

/* The time from the start of a call to its cancellation. */
#define CANCEL_AFTER_MSEC 50

/* The documentation allows some calls to wait for a while after they were cancelled. This is the
 * limit. */
#define CANCEL_MAX_MSEC 20000

#define LARGE_SIZE   (64 * 1024 * 1024)
#define LARGE_LENGTH 300000

/* Peers, blocks and lists, which the calls use. They exist during the whole test. */

typedef struct
{
  ShmManager *manager; /* the manager that started the server */
  ShmManager *client;  /* a manager that is connected to the server */
  char *server_block;  /* the name of a block that the server owns */
  pid_t server;

  ShmManager *dying_manager; /* a manager whose server the test kills */

  ShmSharedMemory *large_block;
  GBytes *large_bytes;
  GVariant *large_values;
  ShmShareableList *large_list;

  ShmShareableList *locked_list; /* a stopped process, @writer, holds its lock */
  pid_t writer;

  ShmSharedMemory *pinned_block; /* a page of this anonymous block is in a pipe */

  ShmSharedMemory *locked_block; /* @lock locks this anonymous block */
  ShmLockGuard *lock;
  ShmFrames *frames;           /* without a frame */
  ShmShareableList *held_list; /* @list_lock locks this list */
  ShmLockGuard *list_lock;

  ShmShareableList *corrupt_list;    /* its last value is invalid */
  char *empty_block;                 /* the name of a block of size 0 */
  char *unfinished_list;             /* the name of a block that looks like an unfinished list */
  ShmSharedMemory *unfinished_block; /* an object for @unfinished_list */
} Peers;

static Peers peers;

static const char *
get_list_name (ShmShareableList *list)
{
  return shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list));
}

static void
stop_at_commit (ShmStep step)
{
  if (step == SHM_STEP_LIST_COMMIT)
    raise (SIGSTOP);
}

static void
set_up_manager (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = g_bytes_new_static ("a key", 5);
  g_autoptr (ShmSharedMemory) block = NULL;

  peers.manager = shm_manager_new (NULL, key, SHM_MANAGER_NONE);
  g_assert_true (shm_manager_start (peers.manager, NULL, &error));
  g_assert_no_error (error);
  peers.client = shm_manager_new (shm_manager_get_address (peers.manager), key, SHM_MANAGER_NONE);
  g_assert_true (shm_manager_connect_to_server (peers.client, NULL, &error));
  g_assert_no_error (error);
  block = shm_manager_create_shared_memory (peers.manager, NULL, 4096, 0600, 0, NULL, &error);
  g_assert_no_error (error);
  peers.server_block = g_strdup (shm_shared_memory_get_name (block));
  peers.server = shm_manager_get_pid (peers.manager);

  peers.dying_manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_assert_true (shm_manager_start (peers.dying_manager, NULL, &error));
  g_assert_no_error (error);
}

static void
set_up_lists (void)
{
  g_autofree gint64 *numbers = g_new0 (gint64, LARGE_LENGTH);
  g_autoptr (GError) error = NULL;
  const ShmListLayout *layout;
  g_autoptr (GBytes) no_format = g_bytes_new_static ("\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f", 8);
  int status;

  peers.large_values = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers, LARGE_LENGTH, sizeof *numbers));
  peers.large_list
      = shm_shareable_list_create (peers.large_values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);

  peers.corrupt_list = shm_shareable_list_create (g_variant_new_parsed ("(int64 1, 'text')"), NULL,
                                                  SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  layout = &shm_shareable_list_get_private (peers.corrupt_list)->list.layout;
  g_assert_true (shm_shared_memory_write (shm_shareable_list_get_shared_memory (peers.corrupt_list),
                                          shm_list_entries_offset (layout) + 8, no_format, &error));

  peers.locked_list = shm_shareable_list_create (g_variant_new_parsed ("(int64 1, 'text')"), NULL,
                                                 SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  test_fork (peers.writer);
  if (peers.writer == 0)
    {
      shm_test_hook = stop_at_commit;
      _exit (shm_shareable_list_set_int64 (peers.locked_list, 0, 2, NULL) ? 0 : 1);
    }
  g_assert_cmpint (waitpid (peers.writer, &status, WUNTRACED), ==, peers.writer);
  g_assert_true (WIFSTOPPED (status));
}

static void
set_up_blocks (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) page = g_bytes_new_take (g_malloc0 (4096), 4096);
  loff_t offset = 0;
  int ends[2]; /* stay open during the whole test */

  peers.large_block
      = shm_shared_memory_create (NULL, LARGE_SIZE, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  peers.large_bytes = g_bytes_new_take (g_malloc0 (LARGE_SIZE), LARGE_SIZE);

  peers.pinned_block = shm_shared_memory_create_anonymous (4096, 0, &error);
  g_assert_no_error (error);
  /* Do not map the block: the watchdog, a child of this process, would have the mapping too. */
  g_assert_true (shm_shared_memory_write (peers.pinned_block, 0, page, NULL));
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (splice (shm_shared_memory_get_fd (peers.pinned_block), &offset, ends[1], NULL,
                           4096, 0),
                   ==, 4096);

  /* CPython creates a block of size 0. Then it sets the size, and then it fills the list. */
  peers.empty_block = test_name ("empty");
  close (test_make_file (peers.empty_block, 0));
  peers.unfinished_list = test_name ("unfinished");
  close (test_make_file (peers.unfinished_list, 4096));
  peers.unfinished_block = shm_shared_memory_attach (peers.unfinished_list, 0, &error);
  g_assert_no_error (error);
}

static void
set_up_locks (void)
{
  g_autoptr (GError) error = NULL;

  peers.locked_block = shm_shared_memory_create_anonymous (4096, 0, &error);
  g_assert_no_error (error);
  peers.lock
      = shm_shared_memory_lock (peers.locked_block, SHM_LOCK_MODE_EXCLUSIVE, 0, NULL, &error);
  g_assert_no_error (error);
  peers.frames = shm_frames_create_anonymous (64, 3, 0, &error);
  g_assert_no_error (error);
  peers.held_list
      = shm_shareable_list_create_anonymous (g_variant_new_parsed ("(int64 1,)"), 0, &error);
  g_assert_no_error (error);
  peers.list_lock
      = shm_shareable_list_lock (peers.held_list, SHM_LOCK_MODE_EXCLUSIVE, 0, NULL, &error);
  g_assert_no_error (error);
}

/* If a check aborts the test, the stopped processes would remain for ever. The watchdog is a
 * process that waits for the end of the test. Then it continues the server, and kills the
 * writer. */
static void
start_watchdog (void)
{
  int ends[2];
  pid_t watchdog;
  char byte;

  g_assert_cmpint (pipe (ends), ==, 0);
  test_fork (watchdog);
  if (watchdog == 0)
    {
      close (ends[1]);
      while (read (ends[0], &byte, 1) > 0)
        ;
      kill (peers.server, SIGCONT);
      kill (peers.writer, SIGKILL);
      _exit (0);
    }
  close (ends[0]);
  fcntl (ends[1], F_SETFD, FD_CLOEXEC);
}

static void
tear_down (void)
{
  int status;

  kill (peers.writer, SIGCONT);
  g_assert_cmpint (waitpid (peers.writer, &status, 0), ==, peers.writer);
  kill (peers.server, SIGCONT);

  g_clear_object (&peers.client);
  g_clear_object (&peers.manager);
  g_clear_object (&peers.dying_manager);
  g_clear_object (&peers.large_list);
  g_clear_object (&peers.locked_list);
  g_clear_pointer (&peers.lock, shm_lock_guard_unref);
  g_clear_pointer (&peers.list_lock, shm_lock_guard_unref);
  g_clear_object (&peers.locked_block);
  g_clear_object (&peers.frames);
  g_clear_object (&peers.held_list);
  g_clear_object (&peers.corrupt_list);
  g_clear_object (&peers.large_block);
  g_clear_object (&peers.unfinished_block);
  g_clear_object (&peers.pinned_block);
  g_clear_pointer (&peers.large_values, g_variant_unref);
  g_clear_pointer (&peers.large_bytes, g_bytes_unref);
  shm_remove_block (peers.empty_block, NULL);
  shm_remove_block (peers.unfinished_list, NULL);
  g_clear_pointer (&peers.server_block, g_free);
  g_clear_pointer (&peers.empty_block, g_free);
  g_clear_pointer (&peers.unfinished_list, g_free);
}

/* The calls. A function start_NAME() starts a call, and finish_NAME() finishes the call, frees its
 * result and sets @error. */

typedef void (*Start) (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
typedef void (*Finish) (GAsyncResult *result, GError **error);

static void
free_object (gpointer object)
{
  if (object != NULL)
    g_object_unref (object);
}

/* Blocks */

static void
start_create_block (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_create_async (NULL, LARGE_SIZE, 0600, SHM_CREATE_UNLINK_ON_CLOSE, cancellable,
                                  callback, data);
}

static void
finish_create_block (GAsyncResult *result, GError **error)
{
  free_object (shm_shared_memory_create_finish (result, error));
}

static void
start_create_anonymous_block (GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  shm_shared_memory_create_anonymous_async (LARGE_SIZE, 0, cancellable, callback, data);
}

static void
finish_create_anonymous_block (GAsyncResult *result, GError **error)
{
  free_object (shm_shared_memory_create_anonymous_finish (result, error));
}

static void
start_attach_block (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_attach_async (peers.empty_block, 0, cancellable, callback, data);
}

static void
finish_attach_block (GAsyncResult *result, GError **error)
{
  free_object (shm_shared_memory_attach_finish (result, error));
}

static void
start_open_or_create_block (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_open_or_create_async (peers.empty_block, 100, 0600, 0, cancellable, callback,
                                          data);
}

static void
finish_open_or_create_block (GAsyncResult *result, GError **error)
{
  free_object (shm_shared_memory_open_or_create_finish (result, error));
}

static void
start_read (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_read_async (peers.large_block, 0, LARGE_SIZE, cancellable, callback, data);
}

static void
finish_read (GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) bytes G_GNUC_UNUSED
      = shm_shared_memory_read_finish (peers.large_block, result, error);
}

static void
start_write (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_write_async (peers.large_block, 0, peers.large_bytes, cancellable, callback,
                                 data);
}

static void
finish_write (GAsyncResult *result, GError **error)
{
  shm_shared_memory_write_finish (peers.large_block, result, error);
}

static void
start_seal (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_seal_async (peers.pinned_block, SHM_SEAL_WRITE, cancellable, callback, data);
}

static void
finish_seal (GAsyncResult *result, GError **error)
{
  shm_shared_memory_seal_finish (peers.pinned_block, result, error);
}

static void
start_list_blocks (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_list_blocks_async (cancellable, callback, data);
}

static void
finish_list_blocks (GAsyncResult *result, GError **error)
{
  g_autolist (ShmBlockInfo) blocks G_GNUC_UNUSED = shm_list_blocks_finish (result, error);
}

static void
start_lock (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_lock_async (peers.locked_block, SHM_LOCK_MODE_SHARED, WAIT_MSEC * 1000,
                                cancellable, callback, data);
}

static void
finish_lock (GAsyncResult *result, GError **error)
{
  g_assert_null (shm_shared_memory_lock_finish (peers.locked_block, result, error));
}

static void
start_lock_range (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_lock_range_async (peers.locked_block, 5, 5, SHM_LOCK_MODE_EXCLUSIVE,
                                      WAIT_MSEC * 1000, cancellable, callback, data);
}

static void
finish_lock_range (GAsyncResult *result, GError **error)
{
  g_assert_null (shm_shared_memory_lock_range_finish (peers.locked_block, result, error));
}

static void
start_wait (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_wait_async (peers.locked_block, 0, 0, WAIT_MSEC * 1000, cancellable, callback,
                                data);
}

static void
finish_wait (GAsyncResult *result, GError **error)
{
  g_assert_false (shm_shared_memory_wait_finish (peers.locked_block, result, error));
}

static void
start_wait_for_event (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shared_memory_event_wait_async (peers.locked_block, 8, 0, WAIT_MSEC * 1000, cancellable,
                                      callback, data);
}

static void
finish_wait_for_event (GAsyncResult *result, GError **error)
{
  g_assert_cmpuint (shm_shared_memory_event_wait_finish (peers.locked_block, result, error), ==, 0);
}

static void
start_wait_for_frame (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_frames_wait_async (peers.frames, 0, WAIT_MSEC * 1000, cancellable, callback, data);
}

static void
finish_wait_for_frame (GAsyncResult *result, GError **error)
{
  g_assert_cmpuint (shm_frames_wait_finish (peers.frames, result, error), ==, 0);
}

static void
start_list_owned_blocks (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_list_owned_blocks_async (cancellable, callback, data);
}

static void
finish_list_owned_blocks (GAsyncResult *result, GError **error)
{
  g_autolist (ShmBlockInfo) blocks G_GNUC_UNUSED = shm_list_owned_blocks_finish (result, error);
}

/* Lists */

static void
start_lock_list (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_lock_async (peers.held_list, SHM_LOCK_MODE_EXCLUSIVE, WAIT_MSEC * 1000,
                                 cancellable, callback, data);
}

static void
finish_lock_list (GAsyncResult *result, GError **error)
{
  g_assert_null (shm_shareable_list_lock_finish (peers.held_list, result, error));
}

static void
start_create_list (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_create_async (peers.large_values, NULL, 0600, SHM_CREATE_UNLINK_ON_CLOSE,
                                   cancellable, callback, data);
}

static void
finish_create_list (GAsyncResult *result, GError **error)
{
  free_object (shm_shareable_list_create_finish (result, error));
}

static void
start_create_anonymous_list (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_create_anonymous_async (peers.large_values, 0, cancellable, callback, data);
}

static void
finish_create_anonymous_list (GAsyncResult *result, GError **error)
{
  free_object (shm_shareable_list_create_anonymous_finish (result, error));
}

static void
start_attach_list (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_attach_async (peers.unfinished_list, 0, cancellable, callback, data);
}

static void
start_attach_list_in_empty_block (GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer data)
{
  shm_shareable_list_attach_async (peers.empty_block, 0, cancellable, callback, data);
}

static void
finish_attach_list (GAsyncResult *result, GError **error)
{
  free_object (shm_shareable_list_attach_finish (result, error));
}

static void
start_open_list (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_new_for_shared_memory_async (peers.unfinished_block, cancellable, callback,
                                                  data);
}

static void
finish_open_list (GAsyncResult *result, GError **error)
{
  free_object (shm_shareable_list_new_for_shared_memory_finish (result, error));
}

static void
start_set_value (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_set_value_async (peers.locked_list, 0, g_variant_new_int64 (3), cancellable,
                                      callback, data);
}

static void
finish_set_value (GAsyncResult *result, GError **error)
{
  shm_shareable_list_set_value_finish (peers.locked_list, result, error);
}

static void
start_get_value (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_get_value_async (peers.corrupt_list, 1, cancellable, callback, data);
}

static void
finish_get_value (GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) value G_GNUC_UNUSED
      = shm_shareable_list_get_value_finish (peers.corrupt_list, result, error);
}

static void
start_find (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_find_async (peers.corrupt_list, g_variant_new_int64 (7), cancellable, callback,
                                 data);
}

static void
finish_find (GAsyncResult *result, GError **error)
{
  shm_shareable_list_find_finish (peers.corrupt_list, result, NULL, error);
}

static void
start_count (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_count_async (peers.large_list, g_variant_new_int64 (7), cancellable, callback,
                                  data);
}

static void
finish_count (GAsyncResult *result, GError **error)
{
  shm_shareable_list_count_finish (peers.large_list, result, error);
}

static void
start_copy_values (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_copy_values_async (peers.large_list, cancellable, callback, data);
}

static void
finish_copy_values (GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) values G_GNUC_UNUSED
      = shm_shareable_list_copy_values_finish (peers.large_list, result, error);
}

static void
start_copy_corrupt_values (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_copy_values_async (peers.corrupt_list, cancellable, callback, data);
}

static void
finish_copy_corrupt_values (GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) values G_GNUC_UNUSED
      = shm_shareable_list_copy_values_finish (peers.corrupt_list, result, error);
}

static void
start_get_format (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_shareable_list_get_format_async (peers.large_list, cancellable, callback, data);
}

static void
finish_get_format (GAsyncResult *result, GError **error)
{
  g_autofree char *format G_GNUC_UNUSED
      = shm_shareable_list_get_format_finish (peers.large_list, result, error);
}

/* Managers */

/* A manager whose helper program runs but sends nothing. */
static ShmManager *silent_manager;

static void
start_start (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  silent_manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  shm_manager_start_async (silent_manager, cancellable, callback, data);
}

static void
finish_start (GAsyncResult *result, GError **error)
{
  shm_manager_start_finish (silent_manager, result, error);
  g_clear_object (&silent_manager);
}

static ShmManager *second_client;

static void
start_connect (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  second_client = shm_manager_new (shm_manager_get_address (peers.manager),
                                   shm_manager_get_authkey (peers.manager), SHM_MANAGER_NONE);
  shm_manager_connect_to_server_async (second_client, cancellable, callback, data);
}

static void
finish_connect (GAsyncResult *result, GError **error)
{
  shm_manager_connect_to_server_finish (second_client, result, error);
  g_clear_object (&second_client);
}

static void
start_create_managed_block (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_create_shared_memory_async (peers.client, NULL, 4096, 0600, 0, cancellable, callback,
                                          data);
}

static void
finish_create_managed_block (GAsyncResult *result, GError **error)
{
  free_object (shm_manager_create_shared_memory_finish (peers.client, result, error));
}

static void
start_create_managed_list (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_create_shareable_list_async (peers.client, g_variant_new_parsed ("[1, 2]"), NULL,
                                           0600, 0, cancellable, callback, data);
}

static void
finish_create_managed_list (GAsyncResult *result, GError **error)
{
  free_object (shm_manager_create_shareable_list_finish (peers.client, result, error));
}

static void
start_list_from_columns (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  const double columns[] = { -1, 0, 0 };

  shm_private_manager_list_from_columns_async (peers.client, (const guint8 *) columns,
                                               sizeof columns, NULL, 0600, 0, cancellable, callback,
                                               data);
}

static void
finish_list_from_columns (GAsyncResult *result, GError **error)
{
  free_object (shm_private_manager_list_from_columns_finish (peers.client, result, error));
}

static void
start_track (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_track_async (peers.client, get_list_name (peers.large_list), cancellable, callback,
                           data);
}

static void
finish_track (GAsyncResult *result, GError **error)
{
  shm_manager_track_finish (peers.client, result, error);
}

static void
start_remove (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_remove_async (peers.client, peers.server_block, cancellable, callback, data);
}

static void
finish_remove (GAsyncResult *result, GError **error)
{
  shm_manager_remove_finish (peers.client, result, error);
}

static void
start_list_managed_blocks (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_list_blocks_async (peers.client, cancellable, callback, data);
}

static void
finish_list_managed_blocks (GAsyncResult *result, GError **error)
{
  g_auto (GStrv) names G_GNUC_UNUSED = shm_manager_list_blocks_finish (peers.client, result, error);
}

static void
start_shutdown (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_shutdown_async (peers.manager, cancellable, callback, data);
}

static void
finish_shutdown (GAsyncResult *result, GError **error)
{
  shm_manager_shutdown_finish (peers.manager, result, error);
}

static void
start_remove_leftovers (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  shm_manager_remove_leftovers_async (cancellable, callback, data);
}

static void
finish_remove_leftovers (GAsyncResult *result, GError **error)
{
  shm_manager_remove_leftovers_finish (result, NULL, error);
}

/* The death of a server is not a call. Its "callback" is the signal "server-exited". */

static void
pause_at_removal (ShmStep step)
{
  if (step == SHM_STEP_REMOVE)
    g_usleep (WAIT_MSEC * 1000);
}

typedef struct
{
  GAsyncReadyCallback callback;
  gpointer data;
} Completion;

static void
on_server_exited (ShmManager *manager, Completion *completion)
{
  completion->callback (G_OBJECT (manager), NULL, completion->data);
}

static void
start_server_death (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  static Completion completion;

  completion = (Completion){ callback, data };
  g_signal_connect (peers.dying_manager, "server-exited", G_CALLBACK (on_server_exited),
                    &completion);
  shm_test_hook = pause_at_removal;
  g_assert_cmpint (kill (shm_manager_get_pid (peers.dying_manager), SIGKILL), ==, 0);
}

static void
finish_server_death (GAsyncResult *result, GError **error)
{
  shm_test_hook = NULL;
  g_assert_cmpint (shm_manager_get_state (peers.dying_manager), ==, SHM_MANAGER_STATE_SERVER_DIED);
}

/* The table of calls */

#define SUCCEEDS -1

typedef struct
{
  const char *function;
  const char *situation;
  Start start;
  Finish finish;
  int expected;         /* SUCCEEDS or a ShmError; ignored if @only_cancel is TRUE */
  guint wait_msec;      /* the minimum duration of the call because it waits for a peer, or 0 */
  gboolean only_cancel; /* the call waits too long for a test, so only its cancellation is tested */
} Case;

static const Case cases[] = {
  { "shm_shared_memory_create_async", "large", start_create_block, finish_create_block, SUCCEEDS, 0,
    FALSE },
  { "shm_shared_memory_create_anonymous_async", "large", start_create_anonymous_block,
    finish_create_anonymous_block, SUCCEEDS, 0, FALSE },
  { "shm_shared_memory_attach_async", "empty-block", start_attach_block, finish_attach_block,
    SHM_ERROR_INVALID_SIZE, WAIT_MSEC, FALSE },
  { "shm_shared_memory_open_or_create_async", "empty-block", start_open_or_create_block,
    finish_open_or_create_block, SHM_ERROR_INVALID_SIZE, WAIT_MSEC, FALSE },
  { "shm_shared_memory_read_async", "large", start_read, finish_read, SUCCEEDS, 0, FALSE },
  { "shm_shared_memory_write_async", "large", start_write, finish_write, SUCCEEDS, 0, FALSE },
  { "shm_shared_memory_seal_async", "page-in-pipe", start_seal, finish_seal, SHM_ERROR_TIMED_OUT,
    100, FALSE },
  { "shm_shared_memory_lock_async", "locked", start_lock, finish_lock, SHM_ERROR_TIMED_OUT,
    WAIT_MSEC, FALSE },
  { "shm_shared_memory_lock_range_async", "locked", start_lock_range, finish_lock_range,
    SHM_ERROR_TIMED_OUT, WAIT_MSEC, FALSE },
  { "shm_shareable_list_lock_async", "locked", start_lock_list, finish_lock_list,
    SHM_ERROR_TIMED_OUT, WAIT_MSEC, FALSE },
  { "shm_shared_memory_wait_async", "unchanged", start_wait, finish_wait, SHM_ERROR_TIMED_OUT,
    WAIT_MSEC, FALSE },
  { "shm_shared_memory_event_wait_async", "unchanged", start_wait_for_event, finish_wait_for_event,
    SHM_ERROR_TIMED_OUT, WAIT_MSEC, FALSE },
  { "shm_frames_wait_async", "no-frame", start_wait_for_frame, finish_wait_for_frame,
    SHM_ERROR_TIMED_OUT, WAIT_MSEC, FALSE },
  { "shm_list_blocks_async", "all-blocks", start_list_blocks, finish_list_blocks, SUCCEEDS, 0,
    FALSE },
  { "shm_list_owned_blocks_async", "owned-blocks", start_list_owned_blocks,
    finish_list_owned_blocks, SUCCEEDS, 0, FALSE },
  { "shm_shareable_list_create_async", "large", start_create_list, finish_create_list, SUCCEEDS, 0,
    FALSE },
  { "shm_shareable_list_create_anonymous_async", "large", start_create_anonymous_list,
    finish_create_anonymous_list, SUCCEEDS, 0, FALSE },
  { "shm_shareable_list_attach_async", "unfinished-list", start_attach_list, finish_attach_list,
    SHM_ERROR_CORRUPT, WAIT_MSEC, FALSE },
  { "shm_shareable_list_attach_async", "empty-block", start_attach_list_in_empty_block,
    finish_attach_list, SHM_ERROR_INVALID_SIZE, WAIT_MSEC, FALSE },
  { "shm_shareable_list_new_for_shared_memory_async", "unfinished-list", start_open_list,
    finish_open_list, SHM_ERROR_CORRUPT, WAIT_MSEC, FALSE },
  { "shm_shareable_list_set_value_async", "stopped-writer", start_set_value, finish_set_value,
    SHM_ERROR_TIMED_OUT, 1000, FALSE },
  { "shm_shareable_list_get_value_async", "invalid-value", start_get_value, finish_get_value,
    SHM_ERROR_CORRUPT, 100, FALSE },
  { "shm_shareable_list_find_async", "invalid-value", start_find, finish_find, SHM_ERROR_CORRUPT,
    100, FALSE },
  { "shm_shareable_list_count_async", "large", start_count, finish_count, SUCCEEDS, 0, FALSE },
  { "shm_shareable_list_copy_values_async", "large", start_copy_values, finish_copy_values,
    SUCCEEDS, 0, FALSE },
  { "shm_shareable_list_copy_values_async", "invalid-value", start_copy_corrupt_values,
    finish_copy_corrupt_values, SHM_ERROR_CORRUPT, 100, FALSE },
  { "shm_shareable_list_get_format_async", "large", start_get_format, finish_get_format, SUCCEEDS,
    0, FALSE },
  { "shm_manager_start_async", "silent-helper", start_start, finish_start, 0, WAIT_MSEC, TRUE },
  { "shm_manager_connect_to_server_async", "stopped-server", start_connect, finish_connect, 0,
    WAIT_MSEC, TRUE },
  { "shm_manager_create_shared_memory_async", "stopped-server", start_create_managed_block,
    finish_create_managed_block, 0, WAIT_MSEC, TRUE },
  { "shm_manager_create_shareable_list_async", "stopped-server", start_create_managed_list,
    finish_create_managed_list, 0, WAIT_MSEC, TRUE },
  { "shm_private_manager_list_from_columns_async", "stopped-server", start_list_from_columns,
    finish_list_from_columns, 0, WAIT_MSEC, TRUE },
  { "shm_manager_track_async", "stopped-server", start_track, finish_track, 0, WAIT_MSEC, TRUE },
  { "shm_manager_remove_async", "stopped-server", start_remove, finish_remove, 0, WAIT_MSEC, TRUE },
  { "shm_manager_list_blocks_async", "stopped-server", start_list_managed_blocks,
    finish_list_managed_blocks, 0, WAIT_MSEC, TRUE },
  { "shm_manager_remove_leftovers_async", "stopped-server", start_remove_leftovers,
    finish_remove_leftovers, SUCCEEDS, 0, FALSE },
  /* This must be the last call, because it ends the server. */
  { "shm_manager_shutdown_async", "stopped-server", start_shutdown, finish_shutdown, 0, WAIT_MSEC,
    TRUE },
};

static const Case server_death
    = { "server-exited", "slow-removal", start_server_death, finish_server_death, SUCCEEDS,
        WAIT_MSEC,       FALSE };

/* Running a call in a main loop */

typedef struct
{
  GMainLoop *loop;
  const Case *call;
  GCancellable *cancellable;
  GError *error;

  gint64 started, ended;         /* microseconds */
  gint64 own_started, own_ended; /* the same moments, as returned by test_get_own_time() */
  guint n_ticks;
  gint64 last_tick; /* as returned by test_get_own_time() */
  gint64 longest_gap;
} Run;

static void
update_longest_gap (Run *run)
{
  const gint64 now = test_get_own_time ();

  run->longest_gap = MAX (run->longest_gap, now - run->last_tick);
  run->last_tick = now;
}

static gboolean
on_tick (gpointer data)
{
  Run *run = data;

  update_longest_gap (run);
  run->n_ticks++;

  return G_SOURCE_CONTINUE;
}

static gboolean
on_cancel (gpointer data)
{
  g_cancellable_cancel (((Run *) data)->cancellable);

  return G_SOURCE_REMOVE;
}

static void
on_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  run->ended = g_get_monotonic_time ();
  run->own_ended = test_get_own_time ();
  run->call->finish (result, &run->error);
  g_main_loop_quit (run->loop);
}

static gboolean
on_start (gpointer data)
{
  Run *run = data;

  /* The first ticks can precede the start. */
  run->n_ticks = 0;
  run->longest_gap = 0;
  run->started = g_get_monotonic_time ();
  run->own_started = run->last_tick = test_get_own_time ();
  run->call->start (run->cancellable, on_ready, run);

  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer data)
{
  g_error ("%s did not end", ((Run *) data)->call->function);

  return G_SOURCE_REMOVE;
}

/* Runs the call inside a running main loop. If @is_cancelled is TRUE, cancels the call. */
static void
run_call (Run *run, const Case *call, gboolean is_cancelled)
{
  guint tick, timeout;

  *run = (Run){ .call = call,
                .loop = g_main_loop_new (NULL, FALSE),
                .cancellable = g_cancellable_new () };
  tick = g_timeout_add_full (G_PRIORITY_DEFAULT, 1, on_tick, run, NULL);
  timeout = g_timeout_add_seconds (TEST_TIMEOUT_SECONDS, on_timeout, run);
  g_idle_add (on_start, run);
  if (is_cancelled)
    g_timeout_add (CANCEL_AFTER_MSEC, on_cancel, run);

  g_main_loop_run (run->loop);
  update_longest_gap (run);

  g_source_remove (tick);
  g_source_remove (timeout);
  if (is_cancelled && !g_cancellable_is_cancelled (run->cancellable))
    g_assert_true (g_source_remove_by_user_data (run));
  g_main_loop_unref (run->loop);
  g_object_unref (run->cancellable);
}

/* Checks that the source kept ticking. A short call leaves time only for a few ticks. */
static void
assert_ticked (const Run *run)
{
  const gint64 msec = (run->own_ended - run->own_started) / 1000;

  g_test_message ("%s: %" G_GINT64_FORMAT " ms, %u ticks, longest gap %" G_GINT64_FORMAT " ms",
                  run->call->function, msec, run->n_ticks, run->longest_gap / 1000);
  /* valgrind runs one thread at a time, so the main loop may have to wait for another thread. */
  if (g_getenv ("SHMOBJ_VALGRIND") != NULL)
    return;
  if (g_getenv ("SHMOBJ_TEST_EMULATOR") != NULL)
    {
      g_test_message ("%s is too slow to check the ticks", g_getenv ("SHMOBJ_TEST_EMULATOR"));
      return;
    }

  g_assert_cmpuint (run->n_ticks, >=, MIN (TICKS_MIN, msec / 50));
  g_assert_cmpint (run->longest_gap, <, GAP_MAX_MSEC * 1000);
}

static void
test_result (gconstpointer data)
{
  const Case *call = data;
  Run run;

  run_call (&run, call, FALSE);

  assert_ticked (&run);
  if (call->expected == SUCCEEDS)
    g_assert_no_error (run.error);
  else
    g_assert_error (run.error, SHM_ERROR, call->expected);
  if (call->wait_msec > 0)
    g_assert_cmpint (run.ended - run.started, >=, call->wait_msec * 1000);
  g_clear_error (&run.error);
}

static void
test_cancelled (gconstpointer data)
{
  const Case *call = data;
  Run run;

  run_call (&run, call, TRUE);

  assert_ticked (&run);
  g_assert_cmpint (run.own_ended - run.own_started, <, CANCEL_MAX_MSEC * 1000);

  /* A call that would wait for at least WAIT_MSEC must have been cancelled. Any other call can have
   * ended before it was cancelled. */
  if (call->wait_msec >= WAIT_MSEC)
    g_assert_error (run.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else if (!g_error_matches (run.error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (call->expected == SUCCEEDS)
        g_assert_no_error (run.error);
      else
        g_assert_error (run.error, SHM_ERROR, call->expected);
    }
  g_clear_error (&run.error);
}

/* Checks that each asynchronous function that the library exports is in the table above. */
static void
test_coverage (void)
{
  const char *const argv[] = { "nm", "-D", "--defined-only", TEST_LIBRARY, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_auto (GStrv) lines = NULL;
  guint n_found = 0;

  if (!g_file_test (TEST_LIBRARY, G_FILE_TEST_EXISTS)
      || !g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL,
                        NULL, &error))
    {
      g_test_skip ("The built library or the program nm is missing");
      return;
    }

  lines = g_strsplit (output, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *symbol = strrchr (lines[i], ' ');
      gboolean is_covered = FALSE;

      if (symbol == NULL || !g_str_has_suffix (symbol, "_async"))
        continue;
      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        is_covered = is_covered || g_str_equal (cases[j].function, symbol + 1);
      if (!is_covered)
        g_error ("%s is not tested: add it to the table", symbol + 1);
      n_found++;
    }
  g_assert_cmpuint (n_found, >=, 20);
}

static void
set_up (void)
{
  set_up_manager ();
  set_up_lists ();
  set_up_blocks ();
  set_up_locks ();
  start_watchdog ();

  /* From here on, the server does not reply to any call, and starting a new server does not
   * succeed. */
  g_assert_cmpint (kill (peers.server, SIGSTOP), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *silent_helper = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  set_up ();

  silent_helper = g_build_filename (g_get_tmp_dir (), "shmobj-silent-helper-XXXXXX", NULL);
  close (g_mkstemp (silent_helper));
  g_assert_true (g_file_set_contents (silent_helper, "#!/bin/sh\nexec sleep 60\n", -1, NULL));
  g_assert_cmpint (chmod (silent_helper, 0700), ==, 0);
  g_setenv ("SHMOBJ_MANAGER", silent_helper, TRUE);

  g_test_add_func ("/main-loop/coverage", test_coverage);
  g_test_add_data_func ("/main-loop/server-death", &server_death, test_result);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *call = &cases[i];
      g_autofree char *path = g_strdup_printf ("/main-loop/%s/%s", call->function, call->situation);
      g_autofree char *cancel_path = g_strconcat (path, "/cancelled", NULL);

      /* In valgrind, no other thread runs while a thread waits for a lock of a file. */
      if (strstr (call->function, "_lock_") != NULL && g_getenv ("SHMOBJ_VALGRIND") != NULL)
        continue;

      if (!call->only_cancel)
        g_test_add_data_func (path, call, test_result);
      g_test_add_data_func (cancel_path, call, test_cancelled);
    }

  status = g_test_run ();
  tear_down ();
  unlink (silent_helper);

  return status;
}
