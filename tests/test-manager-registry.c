/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the registries of servers: writing entries, reading entries, and sweeping. */

#include "shm-test.h"

#include "registry/shm-registry-reader.h"
#include "registry/shm-registry-sweep.h"
#include "registry/shm-registry.h"

#include <errno.h>
#include <sys/resource.h>

static ShmIdentity
identify (const char *name)
{
  ShmIdentity identity;
  ShmFault fault;

  g_assert_true (shm_system_identify_name (name, &identity, &fault));

  return identity;
}

static ShmRegistry *
create_registry (void)
{
  ShmFault fault;
  ShmRegistry *registry = shm_registry_create (FALSE, &fault);

  g_assert_nonnull (registry);

  return registry;
}

static guint64
add_entry (ShmRegistry *registry, const char *name)
{
  const ShmIdentity identity = identify (name);
  guint64 entry;
  ShmFault fault;

  g_assert_true (shm_registry_add (registry, name, &identity, &entry, &fault));

  return entry;
}

static int
open_registry (const char *name)
{
  ShmFault fault;
  const int fd = shm_registry_open (name, FALSE, &fault);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

static void
test_sweep (void)
{
  g_autoptr (ShmRegistry) registry = create_registry ();
  g_autofree char *registry_name = g_strdup (shm_registry_get_name (registry));
  g_autofree char *first = test_name ("first");
  g_autofree char *second = test_name ("second");
  g_autofree char *third = test_name ("third");
  g_autofree char *reused = test_name ("reused");
  g_autofree char *reused_path = test_path (reused);
  g_autofree char *replacement = test_name ("replacement");
  g_autofree char *replacement_path = test_path (replacement);
  g_autofree char *second_path = test_path (second);
  const int fd = open_registry (registry_name);
  ShmFault fault;

  close (test_make_file (first, 1));
  close (test_make_file (second, 1));
  close (test_make_file (third, 1));
  close (test_make_file (reused, 1));
  add_entry (registry, first);
  shm_registry_remove (registry, add_entry (registry, second));
  add_entry (registry, third); /* in the entry that @second had */
  add_entry (registry, reused);
  /* The new file exists before the old file ends: on a disk it could get the old inode. */
  close (test_make_file (replacement, 1));
  g_assert_cmpint (rename (replacement_path, reused_path), ==, 0);

  g_assert_true (shm_registry_is_live (fd));
  g_assert_true (shm_registry_sweep (registry_name, fd, &fault));
  g_assert_true (test_exists (first));

  shm_registry_close (registry);
  g_assert_false (shm_registry_is_live (fd));
  /* Another test may have swept this registry already, when it started a manager. The sweep here
   * succeeds in both cases. */
  g_assert_true (shm_registry_sweep (registry_name, fd, &fault));
  g_assert_false (test_exists (first));
  g_assert_true (test_exists (second));
  g_assert_false (test_exists (third));
  g_assert_true (test_exists (reused));
  g_assert_false (test_exists (registry_name));

  close (fd);
  unlink (second_path);
  unlink (reused_path);
}

/* After a server has revoked an entry, the server no longer owns the block. But a sweep after the
 * death of the server still removes the block. */
static void
test_revoked (void)
{
  g_autoptr (ShmRegistry) registry = create_registry ();
  g_autofree char *name = test_name ("revoked");
  const int fd = open_registry (shm_registry_get_name (registry));
  ShmIdentity block, other;
  guint64 entry;
  ShmFault fault;

  close (test_make_file (name, 1));
  block = other = identify (name);
  other.inode++;
  entry = add_entry (registry, name);
  g_assert_true (shm_registry_has_entry (fd, entry, &block));
  g_assert_false (shm_registry_has_entry (fd, entry, &other));
  g_assert_false (shm_registry_has_entry (fd, entry + 1, &block));

  shm_registry_revoke (registry, entry);
  g_assert_false (shm_registry_has_entry (fd, entry, &block));
  shm_registry_restore (registry, entry);
  g_assert_true (shm_registry_has_entry (fd, entry, &block));
  shm_registry_revoke (registry, entry);

  shm_registry_close (registry);
  g_assert_true (shm_registry_sweep (shm_registry_get_name (registry), fd, &fault));
  g_assert_false (test_exists (name));
  close (fd);
}

/* A sweep does not remove a block that the registry of a live server also lists. */
static void
test_owned_twice (void)
{
  g_autoptr (ShmRegistry) alive = create_registry ();
  g_autoptr (ShmRegistry) dead = create_registry ();
  g_autofree char *name = test_name ("twice");
  g_autofree char *path = test_path (name);
  ShmFault fault;
  guint n_removed;

  close (test_make_file (name, 1));
  add_entry (alive, name);
  add_entry (dead, name);
  shm_registry_close (dead);

  g_assert_true (shm_registry_sweep_all (FALSE, &n_removed, &fault));
  g_assert_true (test_exists (name));
  g_assert_false (test_exists (shm_registry_get_name (dead)));
  g_assert_true (test_exists (shm_registry_get_name (alive)));

  unlink (path);
}

/* A sweep that cannot open all registries removes no block, because a registry that it could not
 * open may show that a live server owns the block. */
static void
test_no_descriptors (void)
{
  g_autoptr (ShmRegistry) alive = create_registry ();
  g_autoptr (ShmRegistry) dead = create_registry ();
  g_autofree char *name = test_name ("no-descriptors");
  g_autofree char *path = test_path (name);
  const int fd = open_registry (shm_registry_get_name (dead));
  struct rlimit limit, before;
  int last;
  ShmFault fault;

  close (test_make_file (name, 1));
  add_entry (alive, name);
  add_entry (dead, name);
  shm_registry_close (dead);

  /* In the first round, the process cannot open any descriptor. In the second round, the process
   * can open the folder but no registry. */
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  last = dup (fd);
  close (last);
  for (int n = 0; n < 2; n++)
    {
      limit = before;
      limit.rlim_cur = last + n;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      g_assert_false (shm_registry_sweep (shm_registry_get_name (dead), fd, &fault));
      g_assert_cmpint (fault.errnum, ==, EMFILE);
      g_assert_true (test_exists (name));
    }

  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_assert_true (shm_registry_sweep (shm_registry_get_name (dead), fd, &fault));
  g_assert_true (test_exists (name));
  close (fd);
  unlink (path);
}

static void
test_socket (void)
{
  g_autofree char *folder = g_dir_make_tmp ("shmobj-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autoptr (ShmRegistry) registry = create_registry ();
  const int fd = open_registry (shm_registry_get_name (registry));
  ShmSocketFile file;
  ShmFault fault;

  g_assert_cmpint (mknod (path, S_IFSOCK | 0600, 0), ==, 0);
  shm_socket_file_init (&file, path, TRUE);
  g_assert_true (shm_socket_file_identify (&file, &fault));
  g_assert_true (shm_registry_set_socket (registry, &file, &fault));
  shm_registry_close (registry);
  g_assert_true (shm_registry_sweep (shm_registry_get_name (registry), fd, &fault));
  close (fd);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

/* If another process has replaced the socket file of the server, shm_socket_file_remove() does not
 * remove the new file. */
static void
test_other_socket (void)
{
  g_autofree char *folder = g_dir_make_tmp ("shmobj-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  ShmSocketFile file;
  ShmFault fault;

  g_assert_cmpint (mknod (path, S_IFSOCK | 0600, 0), ==, 0);
  shm_socket_file_init (&file, path, TRUE);
  g_assert_true (shm_socket_file_identify (&file, &fault));
  g_assert_cmpint (mknod (other, S_IFSOCK | 0600, 0), ==, 0);
  g_assert_cmpint (rename (other, path), ==, 0);
  shm_socket_file_remove (&file);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));

  unlink (path);
  rmdir (folder);
}

/* The functions corrupt_...() change a registry so that a sweep does not trust it. Then the sweep
 * must not remove the block in the registry. */

typedef void (*Corrupt) (const char *path);

static void
keep_valid (const char *path)
{
}

static void
corrupt_mode (const char *path)
{
  g_assert_cmpint (chmod (path, 0640), ==, 0);
}

static void
corrupt_links (const char *path)
{
  g_autofree char *second = g_strconcat (path, "-second", NULL);

  g_assert_cmpint (link (path, second), ==, 0);
}

static void
corrupt_magic (const char *path)
{
  const int fd = open (path, O_WRONLY);

  g_assert_cmpint (pwrite (fd, "x", 1, 3), ==, 1);
  close (fd);
}

static void
corrupt_length (const char *path)
{
  g_assert_cmpint (truncate (path, 100), ==, 0);
}

/* Returns the path of a file in the same folder whose name is not the name of a registry. */
static char *
get_moved_path (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_strdup_printf ("%s/" SHM_NAME_RESERVED_PREFIX "moved-%d", folder, getpid ());
}

static void
corrupt_type (const char *path)
{
  g_autofree char *moved = get_moved_path (path);

  g_assert_cmpint (rename (path, moved), ==, 0);
  g_assert_cmpint (symlink (moved, path), ==, 0);
}

static void
test_untrusted_files (void)
{
  static const struct
  {
    Corrupt corrupt;
    gboolean is_trusted;
  } cases[] = {
    { keep_valid, TRUE },     { corrupt_mode, FALSE },   { corrupt_links, FALSE },
    { corrupt_magic, FALSE }, { corrupt_length, FALSE }, { corrupt_type, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ShmRegistry *registry = create_registry ();
      g_autofree char *name = g_strdup (shm_registry_get_name (registry));
      g_autofree char *path = test_path (name);
      g_autofree char *moved = get_moved_path (path);
      g_autofree char *second = g_strconcat (path, "-second", NULL);
      g_autofree char *block = test_name ("survivor");
      g_autofree char *block_path = test_path (block);
      ShmFault fault;
      guint n_removed;

      close (test_make_file (block, 1));
      add_entry (registry, block);
      cases[i].corrupt (path);
      shm_registry_close (registry);

      g_assert_true (shm_registry_sweep_all (FALSE, &n_removed, &fault));
      g_assert_cmpint (!test_exists (block), ==, cases[i].is_trusted);

      unlink (block_path);
      unlink (path);
      unlink (moved);
      unlink (second);
      shm_registry_free (registry);
    }
}

/* A registry is valid, but its entries contain names that are not valid for a block. */
static void
test_bad_entries (void)
{
  const char *const names[]
      = { "..", ".", "", "a/b", "../x", "\xff", SHM_NAME_RESERVED_PREFIX "x" };
  g_autoptr (ShmRegistry) registry = create_registry ();
  g_autofree char *reserved = test_path (SHM_NAME_RESERVED_PREFIX "x");
  const int fd = open_registry (shm_registry_get_name (registry));
  ShmIdentity identity;
  ShmFault fault;

  close (test_make_file (SHM_NAME_RESERVED_PREFIX "x", 1));
  identity = identify (SHM_NAME_RESERVED_PREFIX "x");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      guint64 entry;

      g_assert_true (shm_registry_add (registry, names[i], &identity, &entry, &fault));
    }

  shm_registry_close (registry);
  g_assert_true (shm_registry_sweep (shm_registry_get_name (registry), fd, &fault));
  close (fd);
  g_assert_true (g_file_test (reserved, G_FILE_TEST_EXISTS));
  unlink (reserved);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/manager-registry/sweep", test_sweep);
  g_test_add_func ("/manager-registry/revoked", test_revoked);
  g_test_add_func ("/manager-registry/owned-twice", test_owned_twice);
  g_test_add_func ("/manager-registry/no-descriptors", test_no_descriptors);
  g_test_add_func ("/manager-registry/socket", test_socket);
  g_test_add_func ("/manager-registry/other-socket", test_other_socket);
  g_test_add_func ("/manager-registry/untrusted-files", test_untrusted_files);
  g_test_add_func ("/manager-registry/bad-entries", test_bad_entries);

  return g_test_run ();
}
