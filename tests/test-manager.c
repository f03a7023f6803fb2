/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests ShmManager and its server through the public API. */

#include "shm-test.h"

#include "shmobj/shm-overrides-values.h"
#include "shmobj/shm-overrides.h"

#include <gio/gunixsocketaddress.h>
#include <poll.h>
#include <sys/resource.h>

#define SIZE    4096
#define THREADS 8

static GBytes *
make_key (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static ShmManager *
start_manager (const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = make_key ("a key");
  ShmManager *manager = shm_manager_new (address, key, SHM_MANAGER_NONE);

  shm_manager_start (manager, NULL, &error);
  g_assert_no_error (error);

  return manager;
}

static ShmManager *
connect_client (ShmManager *server)
{
  g_autoptr (GError) error = NULL;
  ShmManager *manager = shm_manager_new (shm_manager_get_address (server),
                                         shm_manager_get_authkey (server), SHM_MANAGER_NONE);

  g_assert_true (shm_manager_connect_to_server (manager, NULL, &error));
  g_assert_no_error (error);

  return manager;
}

static ShmSharedMemory *
create_block (ShmManager *manager, const char *name)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm
      = shm_manager_create_shared_memory (manager, name, SIZE, 0600, 0, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (test_exists (shm_shared_memory_get_name (shm)));

  return shm;
}

static char *
list_as_text (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = shm_manager_list_blocks (manager, NULL, &error);

  g_assert_no_error (error);

  return g_strjoinv (" ", names);
}

/* Checks that the server owns exactly the blocks with the given names, in this order. */
#define assert_list(manager, ...)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *expected_ = g_strjoin (" ", __VA_ARGS__, NULL);                               \
    g_autofree char *found_ = list_as_text (manager);                                              \
    g_assert_cmpstr (found_, ==, expected_);                                                       \
  }                                                                                                \
  G_STMT_END

static void
keep_name (ShmManager *manager, const char *name, gpointer user_data)
{
  g_ptr_array_add (user_data, g_strdup (name));
}

static void
count (ShmManager *manager, gpointer counter)
{
  (*(guint *) counter)++;
}

static void
count_notify (ShmManager *manager, GParamSpec *pspec, gpointer counter)
{
  (*(guint *) counter)++;
}

/* Forks a child, which starts a server, creates a block and then waits until the test kills the
 * child. Returns the process ID of the child. Stores the name of the block in @name, and the
 * process ID of the server in @server. */
static pid_t
start_in_child (char name[static 64], pid_t *server)
{
  int ends[2];
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  test_fork (child);
  if (child == 0)
    {
      ShmManager *manager = start_manager (NULL);
      ShmSharedMemory *shm = create_block (manager, NULL);
      struct
      {
        char name[64];
        pid_t server;
      } message = { .server = shm_manager_get_pid (manager) };

      g_strlcpy (message.name, shm_shared_memory_get_name (shm), sizeof message.name);
      g_assert_cmpint (write (ends[1], &message, sizeof message), ==, sizeof message);
      for (;;)
        pause ();
    }

  close (ends[1]);
  g_assert_cmpint (read (ends[0], name, 64), ==, 64);
  g_assert_cmpint (read (ends[0], server, sizeof *server), ==, sizeof *server);
  close (ends[0]);

  return child;
}

static void
await_removal (const char *name)
{
  test_await (!test_exists (name));
}

static guint n_inherited; /* the result of count_open_resources() when the program started */

/* Returns the number of sockets and of files in /dev/shm that this process has open. */
static guint
count_open_resources (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL
          && (g_str_has_prefix (target, "socket:") || g_str_has_prefix (target, "/dev/shm/")))
        count++;
    }

  return count;
}

/* Waits until the threads that end the managers of earlier tests have closed all descriptors, and
 * returns the number of descriptors. */
static guint
count_descriptors_at_start (void)
{
  test_await (count_open_resources () == n_inherited);

  return test_count_descriptors ();
}

/* Lifecycle */

static void
test_states (void)
{
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = NULL;
  guint changes = 0;
  GPid pid;

  g_signal_connect (manager, "notify::state", G_CALLBACK (count_notify), &changes);
  g_assert_cmpint (shm_manager_get_state (manager), ==, SHM_MANAGER_STATE_INITIAL);
  g_assert_null (shm_manager_get_address (manager));
  g_assert_cmpint (shm_manager_get_pid (manager), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (shm_manager_get_authkey (manager)), ==, 32);

  g_assert_null (shm_manager_list_blocks (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_STARTED, "connect_to_server");
  g_assert_false (shm_manager_shutdown (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_STARTED, "start()");

  g_assert_true (shm_manager_start (manager, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (shm_manager_get_state (manager), ==, SHM_MANAGER_STATE_STARTED);
  g_assert_true (g_file_test (shm_manager_get_address (manager), G_FILE_TEST_EXISTS));
  g_assert_cmpuint (changes, ==, 1);
  pid = shm_manager_get_pid (manager);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  g_assert_cmpint (getsid (pid), ==, pid);

  g_assert_false (shm_manager_start (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_ALREADY_STARTED, shm_manager_get_address (manager));
  g_assert_false (shm_manager_connect_to_server (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_ALREADY_STARTED, "");

  g_assert_true (shm_manager_shutdown (manager, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (shm_manager_get_state (manager), ==, SHM_MANAGER_STATE_SHUT_DOWN);
  g_assert_cmpuint (changes, ==, 2);
  g_assert_cmpint (waitpid (pid, NULL, WNOHANG), ==, -1);
  folder = g_path_get_dirname (shm_manager_get_address (manager));
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));

  g_assert_true (shm_manager_shutdown (manager, NULL, &error));
  g_assert_false (shm_manager_start (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "create a new manager");
  g_assert_null (shm_manager_create_shared_memory (manager, NULL, 1, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "create a new manager");
}

static void
test_finalize (void)
{
  const guint descriptors = count_descriptors_at_start ();
  ShmManager *manager = start_manager (NULL);
  g_autoptr (ShmSharedMemory) shm = create_block (manager, NULL);
  const GPid pid = shm_manager_get_pid (manager);

  g_object_unref (manager);
  await_removal (shm_shared_memory_get_name (shm));
  test_await (kill (pid, 0) < 0);

  /* The block is still mapped after its name has been removed. */
  g_assert_true (shm_shared_memory_set_int64 (shm, 0, 1, NULL));
  g_clear_object (&shm);
  test_await (test_count_descriptors () == descriptors);
}

/* Finalizing a manager waits only briefly for a server that does not respond. After that, a thread
 * kills the server, reaps it and removes its blocks. */
static void
test_finalize_stopped (void)
{
  const guint descriptors = count_descriptors_at_start ();
  ShmManager *manager = start_manager (NULL);
  g_autoptr (ShmSharedMemory) shm = create_block (manager, NULL);
  const GPid pid = shm_manager_get_pid (manager);
  gint64 begin;

  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  begin = test_get_own_time ();
  g_object_unref (manager);
  /* The documented limit is 100 ms. The thread kills the server after two seconds. */
  g_assert_cmpint (test_get_own_time () - begin, <, G_USEC_PER_SEC);

  await_removal (shm_shared_memory_get_name (shm));
  test_await (kill (pid, 0) < 0);
  g_clear_object (&shm);
  test_await (test_count_descriptors () == descriptors);
}

static void
test_helper_missing (void)
{
  g_autofree char *before = g_strdup (g_getenv ("SHMOBJ_MANAGER"));
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (GError) error = NULL;

  if (before == NULL)
    {
      g_test_skip ("SHMOBJ_MANAGER does not set the path of the helper program");
      return;
    }

  g_setenv ("SHMOBJ_MANAGER", "/nonexistent/helper", TRUE);
  g_assert_false (shm_manager_start (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, "/nonexistent/helper");

  g_setenv ("SHMOBJ_MANAGER", "/bin/true", TRUE);
  g_assert_false (shm_manager_start (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "/bin/true");

  /* start() can be called again after a failure. */
  g_setenv ("SHMOBJ_MANAGER", before, TRUE);
  g_assert_true (shm_manager_start (manager, NULL, &error));
}

/* Addresses */

static void
test_addresses (void)
{
  g_autofree char *folder = g_dir_make_tmp ("shmobj-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autofree char *abstract = g_strdup_printf ("@shmobj-test-%d", getpid ());
  const char *const addresses[] = { path, abstract, "127.0.0.1:0", "localhost:0", "[::1]:0" };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (GBytes) key = make_key ("");
      g_autoptr (ShmManager) manager = shm_manager_new (addresses[i], key, SHM_MANAGER_NONE);
      g_autoptr (ShmManager) client = NULL;
      g_autoptr (ShmSharedMemory) shm = NULL;
      g_autoptr (GError) error = NULL;

      shm_manager_start (manager, NULL, &error);
      if (i == 4 && error != NULL)
        {
          g_test_message ("IPv6 is not available: %s", error->message);
          continue;
        }
      g_assert_no_error (error);

      if (i < 2)
        g_assert_cmpstr (shm_manager_get_address (manager), ==, addresses[i]);
      else
        g_assert_false (g_str_has_suffix (shm_manager_get_address (manager), ":0"));

      client = connect_client (manager);
      shm = create_block (client, NULL);
      assert_list (manager, shm_shared_memory_get_name (shm));
    }

  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (rmdir (folder), ==, 0);
}

/* Checks that a manager with this address cannot start, and that the error has this code and
 * mentions @mentioned. */
static void
assert_address_fails (const char *address, int code, const char *mentioned)
{
  g_autoptr (ShmManager) manager = shm_manager_new (address, NULL, SHM_MANAGER_NONE);
  g_autoptr (GError) error = NULL;

  g_assert_false (shm_manager_start (manager, NULL, &error));
  g_assert_error (error, SHM_ERROR, code);
  g_assert_nonnull (strstr (error->message, mentioned));
  g_assert_cmpint (shm_manager_get_state (manager), ==, SHM_MANAGER_STATE_INITIAL);
}

static void
test_bad_addresses (void)
{
  g_autofree char *filler = g_strnfill (100, 'x');
  /* The path of a socket has at most 107 bytes. */
  g_autofree char *longest = g_strdup_printf ("/tmp/%0102d", getpid ());
  g_autofree char *too_long = g_strconcat (longest, "x", NULL);
  g_autofree char *too_long_name = g_strconcat ("@xxxxxxxx", filler, NULL);
  g_autoptr (ShmManager) longest_manager = NULL;
  g_autoptr (ShmManager) unaddressed = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (GError) error = NULL;

  longest_manager = start_manager (longest);
  g_assert_nonnull (longest_manager);
  assert_address_fails (longest, SHM_ERROR_EXISTS, longest);
  assert_address_fails (too_long, SHM_ERROR_INVALID_NAME, too_long);
  assert_address_fails (too_long_name, SHM_ERROR_INVALID_NAME, too_long_name);
  assert_address_fails ("@", SHM_ERROR_INVALID_NAME, "@");
  assert_address_fails ("0.0.0.0:0", SHM_ERROR_PERMISSION_DENIED, "0.0.0.0:0");
  assert_address_fails ("192.0.2.1:5000", SHM_ERROR_PERMISSION_DENIED, "192.0.2.1:5000");
  assert_address_fails ("[2001:db8::1]:5000", SHM_ERROR_PERMISSION_DENIED, "[2001:db8::1]:5000");
  assert_address_fails ("no-such-host.invalid:5000", SHM_ERROR_INVALID_NAME,
                        "no-such-host.invalid");
  assert_address_fails ("/nonexistent/folder/socket", SHM_ERROR_NOT_FOUND,
                        "/nonexistent/folder/socket");

  g_assert_false (shm_manager_connect_to_server (unaddressed, NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "address");
}

static void
test_reset (void)
{
  g_autoptr (ShmManager) manager = g_object_new (SHM_TYPE_MANAGER, NULL);
  g_autoptr (GBytes) generated = g_bytes_ref (shm_manager_get_authkey (manager));
  g_autoptr (GBytes) key = make_key ("a key");
  g_autoptr (GError) error = NULL;

  shm_private_manager_reset (manager, "", NULL, 1u << 30);
  g_assert_null (shm_manager_get_address (manager));
  g_assert_true (g_bytes_equal (shm_manager_get_authkey (manager), generated));
  g_assert_false (shm_manager_start (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x40000000");

  shm_private_manager_reset (manager, "@reset", key, SHM_MANAGER_REFUSE_MD5);
  g_assert_cmpstr (shm_manager_get_address (manager), ==, "@reset");
  g_assert_true (g_bytes_equal (shm_manager_get_authkey (manager), key));
  g_assert_cmpuint (shm_manager_get_flags (manager), ==, SHM_MANAGER_REFUSE_MD5);

  shm_private_manager_reset (manager, NULL, key, SHM_MANAGER_NONE);
  g_assert_true (shm_manager_start (manager, NULL, &error));
  g_assert_no_error (error);

  /* A started manager does not change. */
  shm_private_manager_reset (manager, "@other", generated, SHM_MANAGER_REFUSE_MD5);
  g_assert_cmpstr (shm_manager_get_address (manager), !=, "@other");
  g_assert_true (g_bytes_equal (shm_manager_get_authkey (manager), key));
  g_assert_cmpuint (shm_manager_get_flags (manager), ==, SHM_MANAGER_NONE);
}

static void
test_flags (void)
{
  const ShmManagerFlags all = SHM_MANAGER_REFUSE_MD5 | SHM_MANAGER_ALLOW_OTHER_USERS;
  const guint undefined = 1 << 20;
  g_autoptr (ShmManager) plain = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (ShmManager) full = shm_manager_new (NULL, NULL, all);
  g_autoptr (ShmManager) wrong
      = shm_manager_new ("/nonexistent/socket", NULL, SHM_MANAGER_REFUSE_MD5 | undefined);
  g_autoptr (GError) error = NULL;
  ShmManagerFlags flags;

  g_assert_cmpuint (shm_manager_get_flags (plain), ==, SHM_MANAGER_NONE);
  g_object_get (full, "flags", &flags, NULL);
  g_assert_cmpuint (flags, ==, all);

  g_assert_false (shm_manager_start (wrong, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x100000");
  g_assert_false (shm_manager_connect_to_server (wrong, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x100000");

  g_assert_true (shm_manager_start (plain, NULL, &error));
  g_assert_null (
      shm_manager_create_shared_memory (plain, NULL, SIZE, 0600, undefined, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x100000");
  g_assert_null (shm_manager_create_shareable_list (plain, g_variant_new_parsed ("[true]"), NULL,
                                                    0600, undefined, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "0x100000");
}

/* Blocks */

static void
test_mode (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GError) error = NULL;

  shm = shm_manager_create_shared_memory (manager, NULL, SIZE, 0640, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shm_shared_memory_get_mode (shm), ==, 0640);
  list = shm_manager_create_shareable_list (manager, g_variant_new_parsed ("[true]"), NULL, 0644, 0,
                                            NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shm_shared_memory_get_mode (shm_shareable_list_get_shared_memory (list)), ==,
                    0644);

  g_assert_null (shm_manager_create_shared_memory (manager, NULL, SIZE, 01600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "");
}

static void
test_blocks (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autoptr (GPtrArray) tracked = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *name = test_name ("named");
  g_autofree char *slashed = g_strconcat ("/", name, NULL);
  g_autofree char *longest = g_strnfill (255, 'n');
  g_autoptr (ShmSharedMemory) first = NULL, second = NULL, third = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (manager, "block-tracked", G_CALLBACK (keep_name), tracked);
  g_signal_connect (manager, "block-removed", G_CALLBACK (keep_name), removed);

  assert_list (manager, "");
  first = create_block (manager, NULL);
  second = create_block (manager, slashed);
  g_assert_cmpstr (shm_shared_memory_get_name (second), ==, name);
  assert_list (manager, shm_shared_memory_get_name (first), name);

  /* A failed creation does not add a block to the list. */
  g_assert_null (shm_manager_create_shared_memory (manager, name, SIZE, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_EXISTS, name);
  g_assert_null (shm_manager_create_shared_memory (manager, "a/b", SIZE, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "a/b");
  g_assert_null (shm_manager_create_shared_memory (manager, NULL, 0, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_SIZE, "");
  assert_list (manager, shm_shared_memory_get_name (first), name);

  memcpy (longest, name, strlen (name));
  third = create_block (manager, longest);
  assert_list (manager, shm_shared_memory_get_name (first), name, longest);
  g_assert_true (shm_manager_remove (manager, longest, NULL, &error));
  g_assert_false (test_exists (longest));

  g_assert_true (shm_manager_remove (manager, slashed, NULL, &error));
  g_assert_false (test_exists (name));
  assert_list (manager, shm_shared_memory_get_name (first));
  g_assert_false (shm_manager_remove (manager, name, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);

  g_assert_cmpuint (tracked->len, ==, 3);
  g_assert_cmpstr (tracked->pdata[0], ==, shm_shared_memory_get_name (first));
  g_assert_cmpstr (tracked->pdata[1], ==, name);
  g_assert_cmpuint (removed->len, ==, 2);
  g_assert_cmpstr (removed->pdata[1], ==, name);

  g_assert_true (shm_manager_shutdown (manager, NULL, &error));
  g_assert_false (test_exists (shm_shared_memory_get_name (first)));
  g_assert_cmpuint (removed->len, ==, 2);
}

static void
test_lists (void)
{
  /* Two integers in columns, as core/shm-list-columns.h describes. */
  double columns[] = { -1, 2, 0, 7, 8, 0 };
  const gsize length = 5 * sizeof (double) + 2;
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autofree char *name = test_name ("list");
  g_autoptr (ShmShareableList) list = NULL, other = NULL;
  g_autoptr (GError) error = NULL;

  list = shm_manager_create_shareable_list (manager, g_variant_new_parsed ("[int64 1, 2, 3]"), name,
                                            0600, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shm_shareable_list_get_length (list), ==, 3);
  memset (&columns[5], SHM_VALUE_KIND_INT64, 2);
  other = shm_private_manager_list_from_columns (manager, (const guint8 *) columns, length, NULL,
                                                 0600, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (shm_shareable_list_get_int64 (other, 0, &error), ==, 7);
  g_assert_null (shm_private_manager_list_from_columns (manager, (const guint8 *) columns,
                                                        length - 1, NULL, 0600, 0, NULL, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_FAILED);
  g_clear_error (&error);
  assert_list (manager, name,
               shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (other)));

  g_assert_null (shm_manager_create_shareable_list (manager, g_variant_new_int64 (1), NULL, 0600, 0,
                                                    NULL, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_TYPE_MISMATCH);
  g_clear_error (&error);
  g_assert_null (shm_manager_create_shareable_list (manager, g_variant_new_parsed ("[int64 1]"),
                                                    name, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_EXISTS, name);
}

static void
test_track (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autofree char *name = test_name ("tracked");
  g_autofree char *missing = test_name ("missing");
  g_autofree char *path = test_path (name);
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, 0, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (shm);
  g_assert_false (shm_manager_track (manager, missing, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, missing);
  g_assert_false (shm_manager_track (manager, "..", NULL, &error));
  test_assert_error (error, SHM_ERROR_INVALID_NAME, "..");

  g_assert_true (shm_manager_track (manager, name, NULL, &error));
  g_assert_true (shm_manager_track (manager, name, NULL, &error));
  assert_list (manager, name, name);

  /* shm_manager_remove() succeeds for a tracked block whose name no longer exists. */
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_true (shm_manager_remove (manager, name, NULL, &error));
  assert_list (manager, name);

  /* If another block has the name of a tracked block, the manager does not remove the other
   * block. */
  close (test_make_file (name, SIZE));
  g_assert_true (shm_manager_remove (manager, name, NULL, &error));
  g_assert_true (test_exists (name));

  g_assert_true (shm_manager_track (manager, name, NULL, &error));
  g_assert_true (shm_manager_remove (manager, name, NULL, &error));
  g_assert_false (test_exists (name));
}

/* The test replaces a managed block by a new block with the same name. The new block stays when the
 * manager shuts down, and also when the server dies. */
static void
test_name_reuse (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autofree char *name = test_name ("reused");
  g_autofree char *path = test_path (name);
  g_autoptr (ShmSharedMemory) shm = create_block (manager, name);
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_shared_memory_unlink (shm, &error));
  close (test_make_file (name, SIZE));
  g_assert_true (shm_manager_shutdown (manager, NULL, &error));
  g_assert_true (test_exists (name));
  g_clear_object (&manager);
  g_clear_object (&shm);
  unlink (path);

  manager = start_manager (NULL);
  shm = create_block (manager, name);
  unlink (path);
  close (test_make_file (name, SIZE));
  kill (shm_manager_get_pid (manager), SIGKILL);
  g_assert_null (shm_manager_list_blocks (manager, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "");
  g_assert_true (test_exists (name));
  unlink (path);
}

/* Clients */

static void
test_connect (void)
{
  g_autoptr (ShmManager) server = start_manager (NULL);
  g_autoptr (ShmManager) client = connect_client (server);
  g_autoptr (GBytes) wrong = make_key ("another key");
  g_autoptr (ShmManager) with_wrong_key
      = shm_manager_new (shm_manager_get_address (server), wrong, SHM_MANAGER_NONE);
  g_autoptr (ShmManager) without_server
      = shm_manager_new ("/nonexistent/socket", NULL, SHM_MANAGER_NONE);
  g_autoptr (ShmSharedMemory) ours = create_block (server, NULL);
  g_autoptr (ShmSharedMemory) theirs = create_block (client, NULL);
  g_autoptr (GError) error = NULL;

  assert_list (client, shm_shared_memory_get_name (ours), shm_shared_memory_get_name (theirs));
  g_assert_cmpint (shm_manager_get_state (client), ==, SHM_MANAGER_STATE_CONNECTED);
  g_assert_cmpint (shm_manager_get_pid (client), ==, 0);

  g_assert_false (shm_manager_connect_to_server (with_wrong_key, NULL, &error));
  test_assert_error (error, SHM_ERROR_AUTHENTICATION_FAILED, "key");
  g_assert_false (shm_manager_connect_to_server (without_server, NULL, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, "/nonexistent/socket");

  /* A block that a client created still exists after the client object is finalized. */
  g_clear_object (&client);
  g_assert_true (test_exists (shm_shared_memory_get_name (theirs)));

  client = connect_client (server);
  g_assert_true (shm_manager_shutdown (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (test_exists (shm_shared_memory_get_name (theirs)));
  g_assert_false (test_exists (shm_shared_memory_get_name (ours)));
  g_assert_null (shm_manager_list_blocks (server, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "");
}

static void
test_block_signals (void)
{
  g_autoptr (ShmManager) server = start_manager (NULL);
  g_autoptr (ShmManager) client = connect_client (server);
  g_autoptr (GPtrArray) tracked = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (ShmSharedMemory) ours = NULL, theirs = NULL;

  g_signal_connect (server, "block-tracked", G_CALLBACK (keep_name), tracked);
  g_signal_connect (server, "block-removed", G_CALLBACK (keep_name), removed);

  /* When a manager itself creates a block, the manager emits block-tracked once. */
  ours = create_block (server, NULL);
  g_assert_cmpuint (tracked->len, ==, 1);

  theirs = create_block (client, NULL);
  test_iterate_until (NULL, tracked->len == 2);
  g_assert_cmpstr (tracked->pdata[1], ==, shm_shared_memory_get_name (theirs));

  g_assert_true (shm_manager_remove (client, shm_shared_memory_get_name (theirs), NULL, NULL));
  test_iterate_until (NULL, removed->len == 1);
  g_assert_cmpstr (removed->pdata[0], ==, shm_shared_memory_get_name (theirs));
  g_assert_cmpuint (tracked->len, ==, 2);
}

/* Returns the sockets of this process that are open and connected. */
static GArray *
find_sockets (void)
{
  GArray *sockets = g_array_new (FALSE, FALSE, sizeof (int));

  for (int fd = 3; fd < 1024; fd++)
    {
      struct stat info;

      if (fstat (fd, &info) == 0 && S_ISSOCK (info.st_mode))
        g_array_append_val (sockets, fd);
    }

  return sockets;
}

/* Returns whether the peer has closed one of the sockets. */
static gboolean
has_closed_peer (const GArray *sockets)
{
  for (guint i = 0; i < sockets->len; i++)
    {
      struct pollfd socket = { .fd = g_array_index (sockets, int, i), .events = POLLRDHUP };

      if (poll (&socket, 1, 0) > 0 && (socket.revents & (POLLRDHUP | POLLHUP)) != 0)
        return TRUE;
    }

  return FALSE;
}

static void
connect_silent_peers (GSocketAddress *address, GPtrArray *peers)
{
  for (int i = 0; i < 12; i++)
    {
      GSocket *socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_ptr_array_add (peers, socket);
      g_assert_true (g_socket_connect (socket, address, NULL, NULL));
    }
}

/* A server without free descriptors closes the connections of peers that send nothing, and the idle
 * connections of clients. A client whose connection was closed connects again, and does not report
 * that the server has died. */
static void
test_no_descriptors_left (void)
{
  g_autoptr (ShmManager) server = start_manager (NULL);
  g_autoptr (ShmManager) client = connect_client (server);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (shm_manager_get_address (server));
  g_autoptr (GPtrArray) silent = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) connections = NULL;
  const struct rlimit few = { 12, 12 };
  guint exits = 0;

  g_signal_connect (client, "server-exited", G_CALLBACK (count), &exits);
  assert_list (client, "");
  g_assert_cmpint (prlimit (shm_manager_get_pid (server), RLIMIT_NOFILE, &few, NULL), ==, 0);
  connections = find_sockets ();

  /* The server closes a connection only after it has been idle for a second. Until then the server
   * closes silent peers instead. */
  for (int i = 0; !has_closed_peer (connections); i++)
    {
      g_assert_cmpint (i, <, TEST_TIMEOUT_SECONDS * 100);
      g_ptr_array_set_size (silent, 0);
      connect_silent_peers (address, silent);
      g_usleep (10 * 1000);
    }

  assert_list (client, "");
  assert_list (server, "");
  g_assert_cmpint (shm_manager_get_state (client), ==, SHM_MANAGER_STATE_CONNECTED);
  g_assert_cmpint (shm_manager_get_state (server), ==, SHM_MANAGER_STATE_STARTED);
  g_assert_cmpuint (exits, ==, 0);
}

static void
test_md5 (void)
{
  g_autoptr (ShmManager) server = shm_manager_new (NULL, NULL, SHM_MANAGER_REFUSE_MD5);
  g_autoptr (ShmManager) client = NULL;
  g_autoptr (GError) error = NULL;

  /* A client and a server of this library use a better digest, so REFUSE_MD5 does not affect
   * them. */
  g_assert_true (shm_manager_start (server, NULL, &error));
  client = connect_client (server);
}

/* Death of the server or of its starter */

static void
test_server_killed (void)
{
  g_autoptr (ShmManager) server = start_manager (NULL);
  g_autoptr (ShmManager) client = connect_client (server);
  g_autoptr (ShmSharedMemory) ours = create_block (server, NULL);
  g_autoptr (ShmSharedMemory) theirs = create_block (client, NULL);
  g_autoptr (GError) error = NULL;
  guint exits = 0, client_exits = 0;

  g_signal_connect (server, "server-exited", G_CALLBACK (count), &exits);
  g_signal_connect (client, "server-exited", G_CALLBACK (count), &client_exits);
  kill (shm_manager_get_pid (server), SIGKILL);
  test_iterate_until (NULL, exits == 1);

  g_assert_false (test_exists (shm_shared_memory_get_name (ours)));
  g_assert_false (test_exists (shm_shared_memory_get_name (theirs)));
  g_assert_false (g_file_test (shm_manager_get_address (server), G_FILE_TEST_EXISTS));
  g_assert_cmpint (shm_manager_get_state (server), ==, SHM_MANAGER_STATE_SERVER_DIED);

  g_assert_null (shm_manager_create_shared_memory (server, NULL, SIZE, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "create a new manager");
  g_assert_null (shm_manager_create_shared_memory (client, NULL, SIZE, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "");
  g_assert_cmpuint (client_exits, ==, 1);
  g_assert_cmpint (shm_manager_get_state (client), ==, SHM_MANAGER_STATE_SERVER_DIED);
  g_assert_true (shm_manager_shutdown (server, NULL, &error));
  g_assert_cmpuint (exits, ==, 1);
}

/* If no main loop runs, the next call of a method of the manager detects the death of the
 * server. */
static void
test_server_killed_without_loop (void)
{
  g_autoptr (ShmManager) server = start_manager (NULL);
  g_autoptr (ShmSharedMemory) ours = create_block (server, NULL);
  g_autoptr (GError) error = NULL;
  guint exits = 0;

  g_signal_connect (server, "server-exited", G_CALLBACK (count), &exits);
  kill (shm_manager_get_pid (server), SIGKILL);
  g_assert_null (shm_manager_create_shared_memory (server, NULL, SIZE, 0600, 0, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "");
  g_assert_false (test_exists (shm_shared_memory_get_name (ours)));
  g_assert_cmpuint (exits, ==, 1);

  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (exits, ==, 1);
}

static void
test_another_server (void)
{
  g_autofree char *address = g_strdup_printf ("@shmobj-test-another-%d", getpid ());
  g_autoptr (ShmManager) first = start_manager (address);
  g_autoptr (ShmManager) client = connect_client (first);
  g_autoptr (ShmManager) second = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_manager_shutdown (first, NULL, NULL));
  second = start_manager (address);
  g_assert_null (shm_manager_list_blocks (client, NULL, &error));
  test_assert_error (error, SHM_ERROR_SERVER_DIED, "another");
}

static void
test_starter_killed (void)
{
  char name[64];
  pid_t server;
  const pid_t child = start_in_child (name, &server);

  g_assert_true (test_exists (name));
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  await_removal (name);
}

/* Kills the starter and the server. SIGSTOP suspends the server before the starter dies, so that
 * the server cannot remove its blocks. */
static void
kill_server_and_starter (pid_t starter, pid_t server)
{
  kill (server, SIGSTOP);
  kill (starter, SIGKILL);
  g_assert_cmpint (waitpid (starter, NULL, 0), ==, starter);
  kill (server, SIGKILL);
}

/* Returns whether a registry lists the block. Sets the output parameters. */
static gboolean
find_owned (const char *name, gboolean *is_leftover, char **address)
{
  g_autoptr (GError) error = NULL;
  g_autolist (ShmBlockInfo) blocks = shm_list_owned_blocks (&error);

  g_assert_no_error (error);
  for (GList *link = blocks; link != NULL; link = link->next)
    if (g_str_equal (shm_block_info_get_name (link->data), name))
      {
        g_autoptr (ShmBlockInfo) copy = shm_block_info_copy (link->data);

        *is_leftover = shm_block_info_is_leftover (copy);
        *address = g_strdup (shm_block_info_get_manager_address (copy));
        g_assert_cmpuint (shm_block_info_get_mode (copy), ==, 0600);
        return TRUE;
      }

  return FALSE;
}

static void
test_owned_blocks (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autoptr (ShmSharedMemory) shm = create_block (manager, NULL);
  const char *name = shm_shared_memory_get_name (shm);
  g_autofree char *plain_name = test_name ("plain");
  g_autoptr (ShmSharedMemory) plain = shm_shared_memory_create (plain_name, 5, 0, NULL);
  g_autofree char *address = NULL;
  gboolean is_leftover;

  g_assert_true (find_owned (name, &is_leftover, &address));
  g_assert_false (is_leftover);
  g_assert_cmpstr (address, ==, shm_manager_get_address (manager));
  g_assert_false (find_owned (plain_name, &is_leftover, &address));
  g_assert_true (shm_shared_memory_unlink (plain, NULL));

  /* The name belongs to another block now. */
  g_assert_true (shm_remove_block (name, NULL));
  close (test_make_file (name, 5));
  g_assert_false (find_owned (name, &is_leftover, &address));
  g_assert_true (shm_remove_block (name, NULL));
}

static void
test_server_and_starter_killed (void)
{
  g_autoptr (ShmManager) alive = start_manager (NULL);
  g_autoptr (ShmSharedMemory) shm = create_block (alive, NULL);
  g_autoptr (GError) error = NULL;
  char name[64];
  pid_t server;
  const pid_t child = start_in_child (name, &server);
  g_autofree char *address = NULL;
  gboolean is_leftover = FALSE;

  kill_server_and_starter (child, server);
  /* The server can still be alive for a moment after kill() has returned. Another program can
   * remove the block as soon as it is dead. */
  while (!is_leftover && find_owned (name, &is_leftover, &address))
    {
      g_assert_true (is_leftover || address != NULL);
      g_clear_pointer (&address, g_free);
      g_usleep (1000);
    }
  g_assert_true (is_leftover || !test_exists (name));
  while (test_exists (name))
    {
      g_assert_true (shm_manager_remove_leftovers (NULL, &error));
      g_usleep (1000);
    }

  g_assert_no_error (error);
  g_assert_false (test_exists (name));
  g_assert_true (test_exists (shm_shared_memory_get_name (shm)));
}

static void
test_terminated (void)
{
  g_autoptr (ShmManager) manager = NULL;
  g_autoptr (ShmSharedMemory) shm = NULL;
  guint exits = 0;
  sigset_t blocked, before;

  /* In this emulation (QEMU 7.2.22), a program of 10 lines with g_unix_signal_add() and a GMainLoop
   * mostly does not end. */
  if (g_strcmp0 (g_getenv ("SHMOBJ_TEST_EMULATOR"), "QEMU's emulation of i386") == 0
      && test_skip_if_emulated ("signals that a GMainLoop handles"))
    return;

  /* The server does not inherit the signal mask of the starter, so SIGTERM ends the server although
   * the starter blocks SIGTERM during the start. */
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &blocked, &before);
  manager = start_manager (NULL);
  shm = create_block (manager, NULL);
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  g_signal_connect (manager, "server-exited", G_CALLBACK (count), &exits);
  kill (shm_manager_get_pid (manager), SIGINT);
  assert_list (manager, shm_shared_memory_get_name (shm));
  kill (shm_manager_get_pid (manager), SIGTERM);
  test_iterate_until (NULL, exits == 1);
  g_assert_false (test_exists (shm_shared_memory_get_name (shm)));
}

/* Forks */

static void
test_fork_use (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autoptr (ShmSharedMemory) before = create_block (manager, NULL);
  pid_t child;

  for (int i = 0; i < 3; i++)
    {
      test_fork (child);
      if (child == 0)
        {
          g_autoptr (GError) error = NULL;
          g_autofree char *listed = list_as_text (manager);
          g_autoptr (ShmSharedMemory) shm = create_block (manager, NULL);

          g_assert_nonnull (shm);
          g_assert_nonnull (strstr (listed, shm_shared_memory_get_name (before)));
          if (i == 1)
            {
              g_assert_true (shm_manager_shutdown (manager, NULL, &error));
              g_assert_cmpint (shm_manager_get_state (manager), ==, SHM_MANAGER_STATE_SHUT_DOWN);
            }
          if (i == 2)
            g_object_unref (manager);

          /* exec() ends the child without the exit checks of sanitizers. */
          execl ("/bin/true", "true", NULL);
        }
      test_join (child);
      g_assert_true (test_exists (shm_shared_memory_get_name (before)));
    }

  {
    g_auto (GStrv) names = shm_manager_list_blocks (manager, NULL, NULL);

    g_assert_cmpuint (g_strv_length (names), ==, 4);
  }
}

#ifndef __SANITIZE_THREAD__ /* ThreadSanitizer does not support fork() in a threaded process */
/* Another thread forks children while a server starts. No child may inherit the server's end of the
 * control socket: the starter would not notice the death of the server. */
static gpointer
fork_sleep_programs (gpointer pids)
{
  for (int i = 0; i < 12; i++)
    {
      pid_t child;

      test_fork (child);
      if (child == 0)
        execl ("/bin/sleep", "sleep", "30", NULL);
      ((pid_t *) pids)[i] = child;
      g_usleep (150);
    }

  return NULL;
}

static gpointer
fork_idle_children (gpointer pids)
{
  for (int i = 0; i < 12; i++)
    {
      pid_t child;

      test_fork (child);
      if (child == 0)
        for (;;)
          pause ();
      ((pid_t *) pids)[i] = child;
      g_usleep (150);
    }

  return NULL;
}

/* Returns the sockets of a process, as a set of texts like "socket:[1234]". */
static GHashTable *
get_sockets_of (pid_t pid)
{
  GHashTable *sockets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", pid);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *link = g_build_filename (path, name, NULL);
      char *target = g_file_read_link (link, NULL);

      if (target != NULL && g_str_has_prefix (target, "socket:"))
        g_hash_table_add (sockets, target);
      else
        g_free (target);
    }

  return sockets;
}

static gboolean
has_socket_of (pid_t pid, GHashTable *others)
{
  g_autoptr (GHashTable) own = get_sockets_of (pid);
  GHashTableIter iterator;
  gpointer socket;

  g_hash_table_iter_init (&iterator, own);
  while (g_hash_table_iter_next (&iterator, &socket, NULL))
    if (g_hash_table_contains (others, socket))
      return TRUE;

  return FALSE;
}

static void
fork_while_starting (GThreadFunc func)
{
  pid_t children[12];
  GThread *thread = g_thread_new ("forks", func, children);
  ShmManager *manager = start_manager (NULL);
  g_autoptr (GHashTable) sockets = get_sockets_of (shm_manager_get_pid (manager));

  g_thread_join (thread);
  g_assert_cmpuint (g_hash_table_size (sockets), >=, 1);
  for (int i = 0; i < 12; i++)
    test_await (!has_socket_of (children[i], sockets));
  g_object_unref (manager);

  for (int i = 0; i < 12; i++)
    {
      kill (children[i], SIGKILL);
      waitpid (children[i], NULL, 0);
    }
}

static void
test_fork_while_starting (void)
{
  for (int i = 0; i < 10; i++)
    {
      fork_while_starting (fork_sleep_programs);
      fork_while_starting (fork_idle_children);
    }
}

#endif

/* Asynchronous calls */

typedef struct
{
  GAsyncResult *result;
} AsyncCall;

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((AsyncCall *) user_data)->result = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (AsyncCall *call)
{
  test_iterate_until (NULL, call->result != NULL);

  return g_steal_pointer (&call->result);
}

static void
test_async (void)
{
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (ShmManager) client = NULL;
  g_autoptr (GPtrArray) tracked = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (ShmSharedMemory) shm = NULL;
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *name = test_name ("async");
  AsyncCall call = { NULL };

  g_signal_connect (manager, "block-tracked", G_CALLBACK (keep_name), tracked);

  shm_manager_start_async (manager, NULL, keep_result, &call);
  result = wait_for_result (&call);
  g_assert_true (shm_manager_start_finish (manager, result, &error));
  g_clear_object (&result);

  client = shm_manager_new (shm_manager_get_address (manager), shm_manager_get_authkey (manager),
                            SHM_MANAGER_NONE);
  shm_manager_connect_to_server_async (client, NULL, keep_result, &call);
  result = wait_for_result (&call);
  g_assert_true (shm_manager_connect_to_server_finish (client, result, &error));
  g_clear_object (&result);

  shm_manager_create_shared_memory_async (manager, name, SIZE, 0600, 0, NULL, keep_result, &call);
  result = wait_for_result (&call);
  shm = shm_manager_create_shared_memory_finish (manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tracked->len, ==, 1);
  g_clear_object (&result);

  shm_manager_create_shareable_list_async (manager, g_variant_new_parsed ("[true]"), NULL, 0600, 0,
                                           NULL, keep_result, &call);
  result = wait_for_result (&call);
  list = shm_manager_create_shareable_list_finish (manager, result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);

  shm_manager_remove_async (manager, name, NULL, keep_result, &call);
  result = wait_for_result (&call);
  g_assert_true (shm_manager_remove_finish (manager, result, &error));
  g_clear_object (&result);

  shm_manager_track_async (manager, name, NULL, keep_result, &call);
  result = wait_for_result (&call);
  g_assert_false (shm_manager_track_finish (manager, result, &error));
  test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
  g_clear_object (&result);

  shm_manager_list_blocks_async (client, NULL, keep_result, &call);
  result = wait_for_result (&call);
  names = shm_manager_list_blocks_finish (client, result, &error);
  g_assert_cmpuint (g_strv_length (names), ==, 1);
  g_clear_object (&result);

  shm_manager_shutdown_async (manager, NULL, keep_result, &call);
  result = wait_for_result (&call);
  g_assert_true (shm_manager_shutdown_finish (manager, result, &error));
  g_assert_false (test_exists (names[0]));
}

static void
test_leftovers_async (void)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint n_removed;
  char name[64];
  pid_t server;
  const pid_t child = start_in_child (name, &server);
  AsyncCall call = { NULL };

  kill_server_and_starter (child, server);
  while (test_exists (name))
    {
      shm_manager_remove_leftovers_async (NULL, keep_result, &call);
      result = wait_for_result (&call);
      g_assert_true (shm_manager_remove_leftovers_finish (result, &n_removed, &error));
      g_assert_no_error (error);
      g_clear_object (&result);
    }

  g_cancellable_cancel (cancelled);
  shm_manager_remove_leftovers_async (cancelled, keep_result, &call);
  result = wait_for_result (&call);
  g_assert_false (shm_manager_remove_leftovers_finish (result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel (void)
{
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancelled);
  g_assert_false (shm_manager_start (manager, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_assert_true (shm_manager_start (manager, NULL, &error));
  g_assert_null (shm_manager_list_blocks (manager, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (
      shm_manager_create_shared_memory (manager, NULL, SIZE, 0600, 0, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* No block was created, and the manager still works. */
  assert_list (manager, "");
}

#ifndef __SANITIZE_THREAD__
static gboolean
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);

  return G_SOURCE_REMOVE;
}

/* A call can be cancelled while it waits for a server that SIGSTOP has suspended. */
static void
test_cancel_wait (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  AsyncCall call = { NULL };

  kill (shm_manager_get_pid (manager), SIGSTOP);
  shm_manager_list_blocks_async (manager, cancellable, keep_result, &call);
  g_timeout_add (50, cancel, cancellable);
  result = wait_for_result (&call);
  g_assert_null (shm_manager_list_blocks_finish (manager, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  kill (shm_manager_get_pid (manager), SIGCONT);
  assert_list (manager, "");
}

#endif

/* Threads */

static gpointer
create_many (gpointer manager)
{
  for (int i = 0; i < 50; i++)
    {
      g_autoptr (ShmSharedMemory) shm = create_block (manager, NULL);

      if (i % 2 == 0)
        g_assert_true (shm_manager_remove (manager, shm_shared_memory_get_name (shm), NULL, NULL));
    }

  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (ShmManager) manager = start_manager (NULL);
  g_auto (GStrv) names = NULL;
  GThread *threads[THREADS];

  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("creator", create_many, manager);
  for (int i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);

  names = shm_manager_list_blocks (manager, NULL, NULL);
  g_assert_cmpuint (g_strv_length (names), ==, THREADS * 25);
}

static gpointer
run_start (gpointer manager)
{
  return GINT_TO_POINTER (shm_manager_start (manager, NULL, NULL));
}

static void
test_start_races (void)
{
  for (int i = 0; i < 10; i++)
    {
      g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
      GThread *threads[THREADS];
      int started = 0;

      for (int t = 0; t < THREADS; t++)
        threads[t] = g_thread_new ("starter", run_start, manager);
      for (int t = 0; t < THREADS; t++)
        started += GPOINTER_TO_INT (g_thread_join (threads[t]));
      g_assert_cmpint (started, ==, 1);
    }
}

typedef struct
{
  ShmManager *manager;
  int id; /* (atomic): of the thread, as soon as it calls the function */
} Shutdown;

static gpointer
run_shutdown (gpointer data)
{
  Shutdown *shutdown = data;

  g_atomic_int_set (&shutdown->id, gettid ());

  return GINT_TO_POINTER (shm_manager_shutdown (shutdown->manager, NULL, NULL));
}

static gboolean
is_waiting (Shutdown *shutdown)
{
  const int id = g_atomic_int_get (&shutdown->id);
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", id);
  g_autofree char *stat = NULL;

  return id != 0 && g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") S ") != NULL;
}

/* All threads have sent their request when the server continues. The server replies only to one. */
static void
test_shutdown_races (void)
{
  g_autoptr (ShmManager) server = start_manager (NULL);
  g_autoptr (ShmManager) client = connect_client (server);
  Shutdown shutdowns[THREADS];
  GThread *threads[THREADS];
  guint exited = 0;

  g_signal_connect (client, "server-exited", G_CALLBACK (count), &exited);
  g_assert_cmpint (kill (shm_manager_get_pid (server), SIGSTOP), ==, 0);
  for (int i = 0; i < THREADS; i++)
    {
      shutdowns[i] = (Shutdown){ client, 0 };
      threads[i] = g_thread_new ("shutdown", run_shutdown, &shutdowns[i]);
      test_await (is_waiting (&shutdowns[i]));
    }

  g_assert_cmpint (kill (shm_manager_get_pid (server), SIGCONT), ==, 0);
  for (int i = 0; i < THREADS; i++)
    g_assert_true (GPOINTER_TO_INT (g_thread_join (threads[i])));
  g_assert_cmpint (shm_manager_get_state (client), ==, SHM_MANAGER_STATE_SHUT_DOWN);
  g_assert_cmpuint (exited, ==, 0);
}

int
main (int argc, char **argv)
{
  n_inherited = count_open_resources ();
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/manager/states", test_states);
  g_test_add_func ("/manager/finalize", test_finalize);
  g_test_add_func ("/manager/finalize/stopped-server", test_finalize_stopped);
  g_test_add_func ("/manager/helper-missing", test_helper_missing);
  g_test_add_func ("/manager/addresses", test_addresses);
  g_test_add_func ("/manager/addresses/bad", test_bad_addresses);
  g_test_add_func ("/manager/flags", test_flags);
  g_test_add_func ("/manager/reset", test_reset);
  g_test_add_func ("/manager/mode", test_mode);
  g_test_add_func ("/manager/blocks", test_blocks);
  g_test_add_func ("/manager/lists", test_lists);
  g_test_add_func ("/manager/track", test_track);
  g_test_add_func ("/manager/name-reuse", test_name_reuse);
  g_test_add_func ("/manager/connect", test_connect);
  g_test_add_func ("/manager/block-signals", test_block_signals);
  g_test_add_func ("/manager/no-descriptors-left", test_no_descriptors_left);
  g_test_add_func ("/manager/md5", test_md5);
  g_test_add_func ("/manager/death/server", test_server_killed);
  g_test_add_func ("/manager/death/server-without-loop", test_server_killed_without_loop);
  g_test_add_func ("/manager/death/another-server", test_another_server);
  g_test_add_func ("/manager/death/starter", test_starter_killed);
  g_test_add_func ("/manager/owned-blocks", test_owned_blocks);
  g_test_add_func ("/manager/death/server-and-starter", test_server_and_starter_killed);
  g_test_add_func ("/manager/death/terminated", test_terminated);
  g_test_add_func ("/manager/fork", test_fork_use);
#ifndef __SANITIZE_THREAD__
  g_test_add_func ("/manager/fork/while-starting", test_fork_while_starting);
#endif
  g_test_add_func ("/manager/async", test_async);
  g_test_add_func ("/manager/async/leftovers", test_leftovers_async);
  g_test_add_func ("/manager/cancel", test_cancel);
#ifndef __SANITIZE_THREAD__ /* ThreadSanitizer reports a false race in GCancellable */
  g_test_add_func ("/manager/cancel/while-waiting", test_cancel_wait);
#endif
  g_test_add_func ("/manager/threads", test_threads);
  g_test_add_func ("/manager/threads/start", test_start_races);
  g_test_add_func ("/manager/threads/shutdown", test_shutdown_races);

  return g_test_run ();
}
