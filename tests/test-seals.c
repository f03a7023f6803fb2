/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Seals: which seals a block has and gets, and what prevents a seal against writing. */

#include "shm-test.h"

#include <errno.h>
#include <sys/mman.h>

#define SIZE 8192

#define IMMUTABLE (SHM_SEAL_RESIZE | SHM_SEAL_WRITE)

static ShmSharedMemory *
make_anonymous (void)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *shm = shm_shared_memory_create_anonymous (SIZE, SHM_CREATE_NONE, &error);

  g_assert_no_error (error);

  return shm;
}

/* Attaches through a duplicate of the descriptor, as a process that has received it does. */
static ShmSharedMemory *
attach_to (ShmSharedMemory *shm, ShmAttachFlags flags)
{
  g_autoptr (GError) error = NULL;
  const int fd = shm_shared_memory_dup_fd (shm, &error);
  ShmSharedMemory *other = shm_shared_memory_attach_fd (fd, flags, &error);

  g_assert_no_error (error);
  close (fd);

  return other;
}

/* Creates the memory of another program, which has set @seals. */
static ShmSharedMemory *
attach_to_foreign (guint memfd_flags, int seals)
{
  g_autoptr (GError) error = NULL;
  const int fd = memfd_create ("foreign", MFD_CLOEXEC | memfd_flags);
  ShmSharedMemory *shm;

  g_assert_cmpint (ftruncate (fd, SIZE), ==, 0);
  g_assert_true (seals == 0 || fcntl (fd, F_ADD_SEALS, seals) == 0);
  shm = shm_shared_memory_attach_fd (fd, SHM_ATTACH_NONE, &error);
  g_assert_no_error (error);
  close (fd);

  return shm;
}

static int
get_kernel_seals (ShmSharedMemory *shm)
{
  return fcntl (shm_shared_memory_get_fd (shm), F_GET_SEALS);
}

/* Which seals */

static const struct
{
  int kernel;
  ShmSealFlags flags;
} foreign_seals[] = {
  { 0, SHM_SEAL_NONE },
  { F_SEAL_SHRINK, SHM_SEAL_SHRINK }, /* as GStreamer's memory has it */
  { F_SEAL_GROW, SHM_SEAL_GROW },
  { F_SEAL_SHRINK | F_SEAL_GROW, SHM_SEAL_RESIZE },
  { F_SEAL_WRITE, SHM_SEAL_WRITE },
  { F_SEAL_WRITE | F_SEAL_GROW, SHM_SEAL_WRITE | SHM_SEAL_GROW },
  { F_SEAL_FUTURE_WRITE, SHM_SEAL_FUTURE_WRITE },
  { F_SEAL_SEAL, SHM_SEAL_SEAL },
  { F_SEAL_SEAL | F_SEAL_SHRINK, SHM_SEAL_SEAL | SHM_SEAL_SHRINK },
};

static void
test_foreign (void)
{
  g_autoptr (ShmSharedMemory) unsealable = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (foreign_seals); i++)
    {
      g_autoptr (ShmSharedMemory) shm
          = attach_to_foreign (MFD_ALLOW_SEALING, foreign_seals[i].kernel);
      const ShmSealFlags writing = SHM_SEAL_WRITE | SHM_SEAL_FUTURE_WRITE;

      g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, foreign_seals[i].flags);
      g_assert_true (shm_shared_memory_is_read_only (shm)
                     == ((foreign_seals[i].flags & writing) != 0));
    }

  unsealable = attach_to_foreign (0, 0);
  g_assert_cmphex (shm_shared_memory_get_seals (unsealable), ==, SHM_SEAL_SEAL);
  g_assert_false (shm_shared_memory_seal (unsealable, SHM_SEAL_SHRINK, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "without a name");
}

static const struct
{
  ShmSealFlags flags;
  int kernel;
} own_seals[] = {
  { SHM_SEAL_NONE, 0 },
  { SHM_SEAL_SHRINK, F_SEAL_SHRINK },
  { SHM_SEAL_GROW, F_SEAL_GROW },
  { SHM_SEAL_RESIZE, F_SEAL_SHRINK | F_SEAL_GROW },
  { SHM_SEAL_SEAL, F_SEAL_SEAL },
  { SHM_SEAL_SHRINK | SHM_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_SEAL },
  { SHM_SEAL_WRITE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE },
  { SHM_SEAL_WRITE | SHM_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL },
  { SHM_SEAL_FUTURE_WRITE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE },
};

/* The function adds exactly these seals, and keeps the seals that a block has. */
static void
test_own (void)
{
  const int kernel_bits
      = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (own_seals); i++)
    {
      g_autoptr (ShmSharedMemory) shm = make_anonymous ();
      g_autoptr (ShmSharedMemory) grown = attach_to_foreign (MFD_ALLOW_SEALING, F_SEAL_GROW);

      g_assert_true (shm_shared_memory_seal (shm, own_seals[i].flags, &error));
      g_assert_no_error (error);
      g_assert_cmphex (get_kernel_seals (shm) & kernel_bits, ==, own_seals[i].kernel);
      g_assert_cmphex (shm_shared_memory_get_seals (shm) & own_seals[i].flags, ==,
                       own_seals[i].flags);

      g_assert_true (shm_shared_memory_seal (grown, own_seals[i].flags, &error));
      g_assert_no_error (error);
      g_assert_cmphex (get_kernel_seals (grown) & kernel_bits, ==,
                       own_seals[i].kernel | F_SEAL_GROW);
    }
}

static void
test_shrink_only (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  const int fd = shm_shared_memory_get_fd (shm);

  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_SHRINK, &error));
  g_assert_cmpint (ftruncate (fd, SIZE - 1), ==, -1);
  g_assert_cmpint (ftruncate (fd, SIZE + 1), ==, 0);
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_GROW, &error));
  g_assert_cmpint (ftruncate (fd, SIZE + 2), ==, -1);
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_RESIZE);
}

/* Another program has sealed its memory against writing only, so it can still be truncated. */
static void
test_complete_foreign (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = attach_to_foreign (MFD_ALLOW_SEALING, F_SEAL_WRITE);

  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, IMMUTABLE);
}

static void
test_no_further_seals (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (ShmSharedMemory) other = attach_to (shm, SHM_ATTACH_NONE);

  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_RESIZE | SHM_SEAL_SEAL, &error));
  g_assert_false (shm_shared_memory_seal (other, SHM_SEAL_WRITE, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, "further seals");
  g_assert_true (shm_shared_memory_set_uint8 (other, 0, 1, &error));
  g_assert_true (shm_shared_memory_seal (other, SHM_SEAL_SHRINK, &error)); /* already sealed */
}

static void
count_notify (GObject *object, GParamSpec *property, gpointer count)
{
  ++*(int *) count;
}

/* With this seal, a process can be the only writer of a block. */
static void
test_future_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (ShmSharedMemory) other = NULL;
  guint8 *data = shm_shared_memory_get_data (shm, NULL);
  int notified = 0;

  g_signal_connect (shm, "notify::read-only", G_CALLBACK (count_notify), &notified);
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_FUTURE_WRITE, &error));
  g_assert_no_error (error);
  g_assert_cmpint (notified, ==, 1);
  g_assert_true (shm_shared_memory_is_read_only (shm));
  g_assert_false (shm_shared_memory_set_uint8 (shm, 0, 1, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");

  other = attach_to (shm, SHM_ATTACH_NONE);
  g_assert_true (shm_shared_memory_is_read_only (other));
  g_assert_cmpint (ftruncate (shm_shared_memory_get_fd (other), 1), ==, -1);
  g_assert_cmpuint (shm_shared_memory_get_uint8 (other, 0, &error), ==, 0);
  data[0] = 5;
  g_assert_cmpuint (shm_shared_memory_get_uint8 (other, 0, &error), ==, 5);

  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, IMMUTABLE | SHM_SEAL_FUTURE_WRITE);
  g_assert_cmpuint (data[0], ==, 5);
}

/* Older headers do not have these constants. */
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* The flag MFD_NOEXEC_SEAL says that the memory never becomes a program. From Linux 6.3 to 6.5, a
 * system can require this flag. */
static void
test_never_executable (void)
{
  const int fd = memfd_create ("with-flag", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();

  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);
  if (fd < 0)
    {
      g_test_skip ("The kernel has no seal against executing memory");
      return;
    }

  g_assert_cmphex (get_kernel_seals (shm), ==, F_SEAL_EXEC);
  close (fd);
}

static void
test_named (void)
{
  g_autofree char *name = test_name ("seal");
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_shared_memory_create (name, 1, SHM_CREATE_UNLINK_ON_CLOSE, &error);

  g_assert_no_error (error);
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);
  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_SEAL | SHM_SEAL_GROW, &error));
  test_assert_error (error, SHM_ERROR_NOT_SUPPORTED, name);
}

/* Readers */

/* An object that only reads does not prevent the seal, although it got a descriptor that is open
 * for writing. */
static void
test_beside_reader (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (ShmSharedMemory) reader = attach_to (shm, SHM_ATTACH_READ_ONLY);
  g_autoptr (GBytes) live = shm_shared_memory_get_live_bytes (reader, &error);
  const guint8 *seen = g_bytes_get_data (live, NULL);
  const int fd = shm_shared_memory_dup_fd (reader, &error);
  gpointer mapping;

  g_assert_no_error (error);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
  mapping = mmap (NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
  g_assert_true (mapping != MAP_FAILED);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), ==, -1);

  g_assert_cmpuint (seen[0], ==, 0);
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 7, &error));
  g_assert_cmpuint (seen[0], ==, 7);

  g_assert_false (shm_shared_memory_seal (reader, SHM_SEAL_SHRINK, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (seen[0], ==, 7);
  munmap (mapping, SIZE);
  close (fd);
}

/* A process that may not open the file again can still read the block, and its mapping prevents no
 * seal. */
static void
test_beside_other_user (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  int ready[2], done[2];
  pid_t reader;
  char byte;

  if (geteuid () != 0)
    {
      g_test_skip ("Only root can change the user");
      return;
    }

  g_assert_cmpint (pipe (ready), ==, 0);
  g_assert_cmpint (pipe (done), ==, 0);
  test_fork (reader);
  if (reader == 0)
    {
      g_autoptr (ShmSharedMemory) other = NULL;

      close (done[1]);
      g_assert_cmpint (setuid (12345), ==, 0);
      other = attach_to (shm, SHM_ATTACH_READ_ONLY | SHM_ATTACH_ANY_OWNER);
      g_assert_cmpint (fcntl (shm_shared_memory_get_fd (other), F_GETFL) & O_ACCMODE, ==, O_RDWR);
      g_assert_cmpuint (*(guint8 *) shm_shared_memory_get_data (other, NULL), ==, 0);
      g_assert_cmpint (write (ready[1], "", 1), ==, 1);
      g_assert_cmpint (read (done[0], &byte, 1), ==, 1);
      g_assert_cmpuint (*(guint8 *) shm_shared_memory_get_data (other, NULL), ==, 3);
      g_clear_object (&other);
      g_clear_object (&shm);
      _exit (0);
    }

  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 3, &error));
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
  g_assert_cmpint (write (done[1], "", 1), ==, 1);
  test_join (reader);
  close (ready[0]);
  close (ready[1]);
  close (done[0]);
  close (done[1]);
}

/* What prevents a seal */

/* Puts the first page of a block into a new pipe. The page must not be a hole. */
static void
put_page_into_pipe (ShmSharedMemory *shm, int ends[2])
{
  loff_t offset = 0;

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 1, NULL));
  g_assert_cmpint (splice (shm_shared_memory_get_fd (shm), &offset, ends[1], NULL, 100, 0), ==,
                   100);
}

static void
close_pipe (int ends[2])
{
  close (ends[0]);
  close (ends[1]);
}

static void
test_page_in_pipe (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  char buffer[100];
  int ends[2];

  put_page_into_pipe (shm, ends);
  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_nonnull (strstr (error->message, "pipe"));
  g_assert_null (strstr (error->message, "view"));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "without a name");

  /* The failure has no effect. */
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);
  g_assert_false (shm_shared_memory_is_read_only (shm));
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 2, &error));

  g_assert_cmpint (read (ends[0], buffer, sizeof buffer), ==, sizeof buffer);
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
  close_pipe (ends);
}

/* The pages of a view that vmsplice() has put into a pipe are in use after the view is gone. */
static void
test_page_of_view_in_pipe (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (GBytes) live = shm_shared_memory_get_live_bytes (shm, &error);
  struct iovec part = { (gpointer) g_bytes_get_data (live, NULL), 100 };
  int ends[2];

  *(guint8 *) part.iov_base = 1;
  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (vmsplice (ends[1], &part, 1, 0), ==, 100);

  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  test_assert_error (error, SHM_ERROR_FAILED, "live views");
  g_clear_pointer (&live, g_bytes_unref);
  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "pipe");

  close_pipe (ends);
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_no_error (error);
}

static void
test_mapped_elsewhere (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (ShmSharedMemory) writer = attach_to (shm, SHM_ATTACH_NONE);

  g_assert_true (shm_shared_memory_map (writer, &error));
  g_assert_false (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
  g_assert_null (strstr (error->message, "pipe"));
  test_assert_error (error, SHM_ERROR_FAILED, "live views");
  g_assert_true (shm_shared_memory_close (writer, &error));
  g_assert_true (shm_shared_memory_seal (shm, SHM_SEAL_WRITE, &error));
}

/* While another process tries to seal the block, the kernel refuses to map it for writing. The
 * library waits for the end of the attempt. */
static void
test_map_while_other_process_seals (void)
{
  gboolean was_refused = FALSE;

  for (int round = 0; round < 20 && !was_refused; round++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ShmSharedMemory) shm = make_anonymous ();
      g_autoptr (ShmSharedMemory) other = attach_to (shm, SHM_ATTACH_NONE);
      const int fd = shm_shared_memory_get_fd (shm);
      gboolean has_ended = FALSE;
      int ends[2], status;
      pid_t sealer;

      put_page_into_pipe (other, ends);
      g_assert_true (shm_shared_memory_close (other, NULL));
      test_fork (sealer);
      if (sealer == 0)
        {
          fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE);
          g_clear_object (&shm);
          _exit (0);
        }

      while (!was_refused && !has_ended)
        {
          gpointer mapping = mmap (NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

          was_refused = mapping == MAP_FAILED && errno == EPERM;
          if (mapping != MAP_FAILED)
            munmap (mapping, SIZE);
          has_ended = waitpid (sealer, &status, WNOHANG) == sealer;
        }
      shm_shared_memory_map (shm, &error);
      g_assert_no_error (error);
      g_assert_false (shm_shared_memory_is_read_only (shm));
      g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 2, &error));
      if (!has_ended)
        g_assert_cmpint (waitpid (sealer, &status, 0), ==, sealer);
      close_pipe (ends);
    }

  if (!was_refused)
    g_test_skip ("This process has never run while the other process sealed");
}

/* The asynchronous form */

typedef struct
{
  gboolean is_done;
  gboolean is_sealed;
  GError *error;
} Outcome;

static void
on_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->is_sealed
      = shm_shared_memory_seal_finish (SHM_SHARED_MEMORY (source), result, &outcome->error);
  outcome->is_done = TRUE;
}

static void
seal_and_wait (ShmSharedMemory *shm,
               ShmSealFlags flags,
               GCancellable *cancellable,
               Outcome *outcome)
{
  *outcome = (Outcome){ FALSE };
  shm_shared_memory_seal_async (shm, flags, cancellable, on_sealed, outcome);
  g_assert_false (outcome->is_done);
  test_iterate_until (NULL, outcome->is_done);
  g_assert_true (outcome->is_sealed == (outcome->error == NULL));
}

static void
on_notify (GObject *object, GParamSpec *property, gpointer thread)
{
  *(GThread **) thread = g_thread_self ();
}

static void
test_async (void)
{
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  GThread *notified_in = NULL;
  Outcome outcome;

  g_signal_connect (shm, "notify::read-only", G_CALLBACK (on_notify), &notified_in);
  g_cancellable_cancel (cancelled);
  seal_and_wait (shm, IMMUTABLE, cancelled, &outcome);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&outcome.error);
  seal_and_wait (shm, 0x40, NULL, &outcome);
  test_assert_error (outcome.error, SHM_ERROR_NOT_SUPPORTED, "0x40");
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, SHM_SEAL_NONE);

  seal_and_wait (shm, SHM_SEAL_GROW, NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_null (notified_in);
  seal_and_wait (shm, SHM_SEAL_WRITE, NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (notified_in == g_thread_self ());
  g_assert_cmphex (shm_shared_memory_get_seals (shm), ==, IMMUTABLE);

  g_assert_true (shm_shared_memory_close (shm, NULL));
  seal_and_wait (shm, SHM_SEAL_WRITE, NULL, &outcome);
  test_assert_error (outcome.error, SHM_ERROR_CLOSED, "");
}

static void
test_async_page_in_pipe (void)
{
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (ShmSharedMemory) other = attach_to (shm, SHM_ATTACH_NONE);
  g_autoptr (GError) error = NULL;
  Outcome outcome;
  int ends[2];

  put_page_into_pipe (other, ends);
  g_assert_true (shm_shared_memory_close (other, NULL));
  seal_and_wait (shm, SHM_SEAL_WRITE, NULL, &outcome);
  test_assert_error (outcome.error, SHM_ERROR_TIMED_OUT, "pipe");

  /* Use the block while the kernel waits: the block has no mapping yet. */
  outcome = (Outcome){ FALSE };
  shm_shared_memory_seal_async (shm, SHM_SEAL_WRITE, NULL, on_sealed, &outcome);
  while (!outcome.is_done && !shm_shared_memory_is_read_only (shm))
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (shm_shared_memory_get_uint8 (shm, 0, &error), ==, 1);
  test_iterate_until (NULL, outcome.is_done);
  g_assert_false (outcome.is_sealed);
  g_clear_error (&outcome.error);

  /* The mapping that the read has created is writable now. */
  g_assert_true (shm_shared_memory_set_uint8 (shm, 0, 2, &error));
  g_assert_no_error (error);
  *(volatile guint8 *) shm_shared_memory_get_data (shm, NULL) = 3;
  close_pipe (ends);
  seal_and_wait (shm, SHM_SEAL_WRITE, NULL, &outcome);
  g_assert_no_error (outcome.error);
}

/* While one thread seals, another attempt to seal fails, and has no effect on the first. */
static void
test_two_at_once (void)
{
  g_autoptr (ShmSharedMemory) shm = make_anonymous ();
  g_autoptr (GError) error = NULL;
  Outcome outcome = { FALSE };
  gboolean was_sealing;
  int ends[2];

  put_page_into_pipe (shm, ends);
  shm_shared_memory_seal_async (shm, SHM_SEAL_WRITE, NULL, on_sealed, &outcome);
  while (!outcome.is_done && !shm_shared_memory_is_read_only (shm))
    g_main_context_iteration (NULL, FALSE);
  was_sealing = !shm_shared_memory_seal (shm, SHM_SEAL_GROW, &error);
  if (was_sealing)
    test_assert_error (error, SHM_ERROR_FAILED, "another thread");
  test_iterate_until (NULL, outcome.is_done);
  g_assert_false (outcome.is_sealed);
  g_clear_error (&outcome.error);
  g_assert_false (shm_shared_memory_is_read_only (shm));
  close_pipe (ends);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seals/foreign", test_foreign);
  g_test_add_func ("/seals/own", test_own);
  g_test_add_func ("/seals/shrink-only", test_shrink_only);
  g_test_add_func ("/seals/complete-foreign", test_complete_foreign);
  g_test_add_func ("/seals/no-further-seals", test_no_further_seals);
  g_test_add_func ("/seals/future-write", test_future_write);
  g_test_add_func ("/seals/never-executable", test_never_executable);
  g_test_add_func ("/seals/named", test_named);
  g_test_add_func ("/seals/beside-reader", test_beside_reader);
  g_test_add_func ("/seals/beside-other-user", test_beside_other_user);
  g_test_add_func ("/seals/page-in-pipe", test_page_in_pipe);
  g_test_add_func ("/seals/page-of-view-in-pipe", test_page_of_view_in_pipe);
  g_test_add_func ("/seals/mapped-elsewhere", test_mapped_elsewhere);
  g_test_add_func ("/seals/map-while-other-process-seals", test_map_while_other_process_seals);
  g_test_add_func ("/seals/async", test_async);
  g_test_add_func ("/seals/async/page-in-pipe", test_async_page_in_pipe);
  g_test_add_func ("/seals/async/two-at-once", test_two_at_once);

  return g_test_run ();
}
