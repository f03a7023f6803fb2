/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests lock owners in this process, in forked children, and after another part of the program has
 * closed the descriptor. */

#include "shm-test.h"

#include "core/shm-block.h"
#include "core/shm-list-steps.h"
#include "core/shm-lock-owner.h"

#include <errno.h>

static void
make_block (ShmBlock *block)
{
  const ShmBlockPlan plan = { .size = 100, .mode = 0600 };
  ShmFault fault;

  shm_block_init (block);
  g_assert_true (shm_block_create_anonymous (block, &plan, &fault));
}

static ShmLockOwner *
make_owner (ShmBlock *block)
{
  ShmFault fault;
  ShmLockOwner *self = shm_lock_owner_new (block->fd, NULL, &block->identity, &fault);

  g_assert_nonnull (self);

  return self;
}

static void
test_alive (void)
{
  ShmLockOwner *one, *two;
  guint64 number;
  ShmBlock block;

  make_block (&block);
  one = make_owner (&block);
  two = make_owner (&block);

  g_assert_cmpuint (one->number, !=, two->number);
  g_assert_true (shm_lock_owner_is_alive (one, one->number));
  g_assert_true (shm_lock_owner_is_alive (one, two->number));
  g_assert_true (shm_lock_owner_is_alive (two, one->number));
  g_assert_false (shm_lock_owner_is_alive (two, one->number ^ 1));
  g_assert_false (shm_lock_owner_is_alive (two, 0));
  g_assert_false (shm_lock_owner_is_alive (two, G_MAXUINT64));

  number = one->number;
  shm_lock_owner_free (one);
  g_assert_false (shm_lock_owner_is_alive (two, number));
  shm_lock_owner_free (two);
  shm_block_close (&block);
}

/* A forked child of a lock owner is not a lock owner, and does not keep the lock owner alive. */
static void
test_forked (void)
{
  ShmLockOwner *observer;
  const gint64 deadline = g_get_monotonic_time () + TEST_TIMEOUT_SECONDS * G_USEC_PER_SEC;
  int ends[2], child_ends[2];
  guint64 number;
  pid_t child;
  ShmBlock block;
  char byte = 0;
  int status;

  make_block (&block);
  observer = make_owner (&block);
  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (pipe (child_ends), ==, 0);

  test_fork (child);
  if (child == 0)
    {
      ShmLockOwner *self = make_owner (&block);

      if (fork () == 0)
        {
          /* Runs until the test has checked the parent. */
          close (ends[1]);
          close (child_ends[1]);
          _exit (read (ends[0], &byte, 1) != 0 || shm_lock_owner_is_current (self)
                 || self->file.fd != -1);
        }
      g_assert_true (shm_lock_owner_is_current (self));
      g_assert_cmpint (write (child_ends[1], &self->number, 8), ==, 8);
      raise (SIGKILL);
    }

  g_assert_cmpint (read (child_ends[0], &number, 8), ==, 8);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  /* The child closes its copy of the descriptor as soon as the child runs. This can take a
   * moment. */
  while (shm_lock_owner_is_alive (observer, number))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }
  g_assert_true (shm_lock_owner_is_current (observer));

  for (int i = 0; i < 2; i++)
    {
      close (ends[i]);
      close (child_ends[i]);
    }
  shm_lock_owner_free (observer);
  shm_block_close (&block);
}

/* Another part of the program closes the descriptor. Then it opens another file, which gets the
 * same descriptor number. */
static void
test_closed_descriptor (void)
{
  ShmLockOwner *self, *other;
  int null, fd;
  ShmBlock block;

  make_block (&block);
  self = make_owner (&block);
  other = make_owner (&block);

  null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  fd = self->file.fd;
  g_assert_cmpint (dup2 (null, fd), ==, fd);

  /* If the library cannot find out whether an owner is alive, it treats the owner as alive. */
  g_assert_true (shm_lock_owner_is_alive (self, other->number));
  g_assert_true (shm_lock_owner_is_alive (self, other->number ^ 1));

  /* The other file stays open. */
  shm_lock_owner_free (self);
  g_assert_cmpint (fcntl (fd, F_GETFD), >=, 0);

  close (fd);
  close (null);
  shm_lock_owner_free (other);
  shm_block_close (&block);
}

/* Another open file description has locked the whole range of numbers, so that no number is
 * free. */
static void
test_no_free_number (void)
{
  struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autofree char *path = NULL;
  ShmFault fault;
  ShmBlock block;
  int fd;

  make_block (&block);
  path = g_strdup_printf ("/proc/self/fd/%d", block.fd);
  fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &all), ==, 0);

  g_assert_null (shm_lock_owner_new (block.fd, NULL, &block.identity, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_LIST_OWNER);
  g_assert_cmpint (fault.errnum, ==, EAGAIN);

  close (fd);
  shm_block_close (&block);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lock-owner/alive", test_alive);
  g_test_add_func ("/lock-owner/forked", test_forked);
  g_test_add_func ("/lock-owner/closed-descriptor", test_closed_descriptor);
  g_test_add_func ("/lock-owner/no-free-number", test_no_free_number);

  return g_test_run ();
}
