/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests frames: whole frames only, a writer that never waits, and processes that are killed. */

#include "shm-test.h"

#include "core/shm-fault.h"
#include "core/shm-frame-ring.h"
#include "core/shm-frame-steps.h"
#include "core/shm-system-lock.h"

#include <errno.h>
#include <sys/prctl.h>

#define SIZE    256
#define N_SLOTS 4

static ShmFrames *
create (void)
{
  g_autoptr (GError) error = NULL;
  ShmFrames *frames = shm_frames_create_anonymous (SIZE, N_SLOTS, 0, &error);

  g_assert_no_error (error);

  return frames;
}

/* Another object for the same frames. */
static ShmFrames *
open_again (ShmFrames *frames, ShmAttachFlags flags)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_attach_fd (shm_shared_memory_get_fd (
                                         shm_frames_get_shared_memory (frames)),
                                     flags, &error);
  ShmFrames *again;

  g_assert_no_error (error);
  again = shm_frames_new_for_shared_memory (block, &error);
  g_assert_no_error (error);

  return again;
}

static guint8 *
get_memory (ShmFrames *frames)
{
  return shm_shared_memory_get_data (shm_frames_get_shared_memory (frames), NULL);
}

/* Writes a frame whose bytes are all @byte. Returns FALSE if no slot is free. */
static gboolean
write_byte (ShmFrames *frames, guint8 byte)
{
  g_autoptr (GError) error = NULL;
  guint64 offset;

  if (!shm_frames_begin (frames, &offset, &error))
    {
      test_assert_error (error, SHM_ERROR_NO_SPACE, "slots");
      return FALSE;
    }

  memset (get_memory (frames) + offset, byte, SIZE);
  g_assert_cmpuint (shm_frames_publish (frames, &error), >, 0);
  g_assert_no_error (error);

  return TRUE;
}

/* Checks that all bytes are equal. Returns the byte. */
static guint8
check_whole (GBytes *frame)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (frame, &length);

  g_assert_cmpuint (length, ==, SIZE);
  for (gsize i = 1; i < length; i++)
    g_assert_cmphex (data[i], ==, data[0]);

  return data[0];
}

static guint8
read_byte (ShmFrames *frames)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) copy = shm_frames_read (frames, NULL, &error);

  g_assert_no_error (error);

  return check_whole (copy);
}

static void
test_read_and_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = test_name ("frames");
  g_autoptr (ShmFrames) frames = shm_frames_create (name, SIZE, N_SLOTS, 0, &error);
  g_autoptr (ShmFrames) reader = NULL;
  g_autoptr (GBytes) ones = NULL;
  guint8 bytes[SIZE];
  guint64 number = 7;

  g_assert_no_error (error);
  reader = shm_frames_attach (name, SHM_ATTACH_READ_ONLY, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shm_frames_get_frame_size (reader), ==, SIZE);
  g_assert_cmpuint (shm_frames_get_n_slots (reader), ==, N_SLOTS);
  g_assert_cmpuint (shm_shared_memory_get_size (shm_frames_get_shared_memory (reader)), ==,
                    shm_frames_get_block_size (SIZE, N_SLOTS));

  g_assert_cmpuint (shm_frames_get_number (reader, &error), ==, 0);
  g_assert_null (shm_frames_acquire (reader, &error));
  test_assert_error (error, SHM_ERROR_VALUE_NOT_FOUND, name);
  g_assert_null (shm_frames_read (reader, &number, &error));
  test_assert_error (error, SHM_ERROR_VALUE_NOT_FOUND, name);
  g_assert_cmpuint (number, ==, 0);

  memset (bytes, 1, sizeof bytes);
  ones = g_bytes_new_static (bytes, sizeof bytes);
  for (guint64 i = 1; i <= 3 * N_SLOTS; i++)
    {
      g_autoptr (GBytes) copy = NULL;

      g_assert_cmpuint (shm_frames_write (frames, ones, &error), ==, i);
      g_assert_cmpuint (shm_frames_get_number (reader, &error), ==, i);
      copy = shm_frames_read (reader, &number, &error);
      g_assert_cmpuint (number, ==, i);
      g_assert_true (g_bytes_equal (copy, ones));
    }
  g_assert_no_error (error);

  g_assert_true (shm_frames_close (reader, &error));
  g_assert_true (shm_frames_close (reader, &error));
  g_assert_null (shm_frames_acquire (reader, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, name);
  shm_shared_memory_unlink (shm_frames_get_shared_memory (frames), &error);
  g_assert_no_error (error);
}

static void
test_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) block = shm_shared_memory_create_anonymous (4096, 0, &error);
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, SHM_ATTACH_READ_ONLY);
  g_autoptr (ShmFrames) empty = g_object_new (SHM_TYPE_FRAMES, NULL);
  g_autoptr (GBytes) small = g_bytes_new_static ("small", 5);
  const struct
  {
    guint64 frame_size;
    guint n_slots;
  } invalid[] = { { 0, 4 }, { 1, 2 }, { 1, 65 }, { G_MAXUINT64, 4 }, { G_MAXUINT64 / 64, 64 } };
  guint64 offset;

  for (guint i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_assert_cmpuint (shm_frames_get_block_size (invalid[i].frame_size, invalid[i].n_slots), ==,
                        0);
      g_assert_null (
          shm_frames_create ("name", invalid[i].frame_size, invalid[i].n_slots, 0, &error));
      test_assert_error (error, SHM_ERROR_INVALID_SIZE, "name");
    }
  g_assert_null (shm_frames_create_in (block, 4096, 4, &error));
  test_assert_error (error, SHM_ERROR_INVALID_SIZE, "without a name");
  g_assert_null (shm_frames_new_for_shared_memory (block, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, "without a name");
  g_assert_null (shm_frames_create_in (shm_frames_get_shared_memory (reader), SIZE, 4, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");

  g_assert_cmpuint (shm_frames_write (frames, small, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_OUT_OF_RANGE, "256");
  g_assert_cmpuint (shm_frames_publish (frames, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_FAILED, "begin");
  g_assert_false (shm_frames_begin (reader, &offset, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "");
  g_assert_false (shm_frames_begin (empty, &offset, &error));
  test_assert_error (error, SHM_ERROR_CLOSED, "constructor");
  g_assert_true (shm_frames_close (empty, &error));
  g_assert_null (shm_frames_get_shared_memory (empty));
}

static const char *hook_name;

/* Replaces the header of a new block before its creator opens it. */
static void
damage_header (ShmStep step)
{
  g_autofree char *path = test_path (hook_name);
  const guint64 word = 7;
  int fd;

  if (step != SHM_STEP_FRAMES_CHECK)
    return;

  fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, &word, sizeof word, 0), ==, sizeof word);
  close (fd);
}

static void
test_failed_creation (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = test_name ("frames");
  g_autoptr (ShmFrames) frames = NULL;

  hook_name = name;
  shm_test_hook = damage_header;
  g_assert_null (shm_frames_create (name, SIZE, N_SLOTS, 0, &error));
  shm_test_hook = NULL;
  test_assert_error (error, SHM_ERROR_CORRUPT, name);
  g_assert_false (test_exists (name));

  frames = shm_frames_create (name, SIZE, N_SLOTS, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
}

/* The block of another creator keeps its name, whatever is in it. */
static void
test_failed_attachment (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = test_name ("frames");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 4096, SHM_CREATE_UNLINK_ON_CLOSE, &error);

  g_assert_nonnull (block);
  g_assert_null (shm_frames_attach (name, 0, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, name);
  g_assert_null (shm_frames_create (name, SIZE, N_SLOTS, 0, &error));
  test_assert_error (error, SHM_ERROR_EXISTS, name);
  g_assert_true (test_exists (name));
}

static void
test_create_in (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create_anonymous (shm_frames_get_block_size (SIZE, 3), 0, &error);
  g_autoptr (ShmFrames) frames = NULL;

  memset (shm_shared_memory_get_data (block, NULL), 0xff, shm_shared_memory_get_size (block));
  frames = shm_frames_create_in (block, SIZE, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shm_frames_get_number (frames, &error), ==, 0);
  g_assert_true (write_byte (frames, 5));
  g_assert_cmpuint (read_byte (frames), ==, 5);
}

/* A frame in use does not change, and the writer does not wait. */
static void
test_frame_in_use (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) writer = create ();
  ShmFrames *readers[N_SLOTS - 1];
  GBytes *frames[N_SLOTS - 1];

  for (guint i = 0; i < N_SLOTS - 1; i++)
    {
      g_autoptr (ShmFrame) frame = NULL;

      readers[i] = open_again (writer, 0);
      g_assert_true (write_byte (writer, i));
      frame = shm_frames_acquire (readers[i], &error);
      g_assert_cmpuint (shm_frame_get_number (frame), ==, i + 1);
      g_assert_cmpuint (shm_frame_get_offset (frame) % 64, ==, 0);
      frames[i] = shm_frame_get_live_bytes (frame);
    }
  g_assert_no_error (error);

  /* One slot is left, and it is free. Then the latest frame is not in use, and no slot is left. */
  g_assert_true (write_byte (writer, 100));
  g_assert_false (write_byte (writer, 101));
  for (guint i = 0; i < N_SLOTS - 1; i++)
    g_assert_cmpuint (check_whole (frames[i]), ==, i);

  g_bytes_unref (frames[1]);
  for (guint i = 0; i < 10; i++)
    g_assert_true (write_byte (writer, 110 + i));
  g_assert_cmpuint (check_whole (frames[0]), ==, 0);
  g_assert_cmpuint (check_whole (frames[2]), ==, 2);
  g_assert_cmpuint (read_byte (readers[1]), ==, 119);

  g_bytes_unref (frames[0]);
  g_bytes_unref (frames[2]);
  for (guint i = 0; i < N_SLOTS - 1; i++)
    g_object_unref (readers[i]);
}

/* The object of the writer reads too, twice the same frame. */
static void
test_writer_reads (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrame) first = NULL;
  g_autoptr (ShmFrame) second = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert_true (write_byte (frames, 1));
  first = shm_frames_acquire (frames, &error);
  second = shm_frames_acquire (frames, &error);
  g_assert_cmpuint (shm_frame_get_offset (first), ==, shm_frame_get_offset (second));
  bytes = shm_frame_get_live_bytes (second);
  shm_frame_release (first);
  shm_frame_release (first);
  for (guint i = 0; i < 10; i++)
    g_assert_true (write_byte (frames, 2));
  g_assert_cmpuint (check_whole (bytes), ==, 1);

  shm_frame_release (second);
  for (guint i = 0; i < N_SLOTS; i++)
    g_assert_true (write_byte (frames, 3));
  g_assert_cmpuint (check_whole (bytes), ==, 3);
}

static void
test_begin (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = create ();
  guint64 first, second;

  g_assert_true (shm_frames_begin (frames, &first, &error));
  g_assert_true (shm_frames_begin (frames, &second, &error));
  g_assert_cmpuint (first, ==, second);
  shm_frames_discard (frames);
  shm_frames_discard (frames);
  g_assert_cmpuint (shm_frames_publish (frames, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_FAILED, "");
  g_assert_cmpuint (shm_frames_get_number (frames, &error), ==, 0);
}

static void
test_one_writer (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) other = open_again (frames, 0);
  guint64 offset;

  g_assert_true (write_byte (frames, 1));
  g_assert_false (shm_frames_begin (other, &offset, &error));
  test_assert_error (error, SHM_ERROR_EXISTS, "without a name");

  /* Closing ends the writer, also in the middle of a frame. */
  g_assert_true (shm_frames_begin (frames, &offset, &error));
  g_assert_true (shm_frames_close (frames, &error));
  g_assert_true (write_byte (other, 2));
  g_assert_cmpuint (shm_frames_get_number (other, &error), ==, 2);
}

static ShmFrames *hook_frames;
static guint n_failures;

/* Tries to write while the object is read-only for a moment. */
static void
begin_while_sealing (ShmStep step)
{
  g_autoptr (GError) error = NULL;
  guint64 offset;

  if (step != SHM_STEP_SEAL
      || !shm_shared_memory_is_read_only (shm_frames_get_shared_memory (hook_frames)))
    return;

  g_assert_false (shm_frames_begin (hook_frames, &offset, &error));
  test_assert_error (error, SHM_ERROR_READ_ONLY, "without a name");
  n_failures++;
}

static ShmStep hook_step;
static guint steps_to_skip;

/* Closes the frames as another thread does, at a step of begin(). */
static void
close_at_step (ShmStep step)
{
  if (step != hook_step || steps_to_skip-- > 0)
    return;

  shm_test_hook = NULL;
  g_assert_true (shm_frames_close (hook_frames, NULL));
}

/* Begins a frame as another thread does, at a step of close(). */
static void
begin_at_step (ShmStep step)
{
  guint64 offset;

  if (step != hook_step)
    return;

  shm_test_hook = NULL;
  g_assert_true (shm_frames_begin (hook_frames, &offset, NULL));
}

/* One thread closes the frames while another one begins a frame. Afterwards another object can
 * write, into each slot. */
static void
test_close_while_beginning (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ShmFrames) frames = create ();
      g_autoptr (ShmFrames) other = open_again (frames, 0);
      guint64 offset;

      hook_frames = frames;
      g_assert_true (write_byte (frames, 1));
      if (i < 2)
        {
          hook_step = SHM_STEP_FRAMES_BEGIN;
          steps_to_skip = i;
          shm_test_hook = close_at_step;
          g_assert_false (shm_frames_begin (frames, &offset, &error));
          test_assert_error (error, SHM_ERROR_CLOSED, "without a name");
        }
      else
        {
          hook_step = SHM_STEP_FRAMES_WRITER;
          shm_test_hook = begin_at_step;
          g_assert_true (shm_frames_close (frames, &error));
          g_assert_no_error (error);
        }
      g_assert_null (shm_test_hook);

      for (guint slot = 0; slot < N_SLOTS; slot++)
        g_assert_true (write_byte (other, 2));
      g_assert_cmpuint (shm_frames_get_number (other, &error), ==, 1 + N_SLOTS);
      g_assert_no_error (error);
    }
}

/* Another thread tries to seal the block against writing, and fails, because frames need a mapping
 * that is writable. Afterwards the object can write. */
static void
test_failed_seal (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = create ();

  hook_frames = frames;
  n_failures = 0;
  shm_test_hook = begin_while_sealing;
  g_assert_false (
      shm_shared_memory_seal (shm_frames_get_shared_memory (frames), SHM_SEAL_WRITE, &error));
  shm_test_hook = NULL;
  test_assert_error (error, SHM_ERROR_FAILED, "sealed");
  g_assert_cmpuint (n_failures, ==, 1);
  g_assert_true (write_byte (frames, 1));
}

/* Another process damages the header. Nothing crashes, and each call ends. */
static void
test_hostile_header (void)
{
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, 0);
  guint64 *words = (gpointer) get_memory (frames);
  const guint64 values[] = { 0, 1, 0xff, 0x1ff, 0x102, G_MAXUINT64, G_MAXINT64 };

  g_assert_true (write_byte (frames, 1));
  for (guint i = 0; i < 8 + N_SLOTS; i++)
    for (guint j = 0; j < G_N_ELEMENTS (values); j++)
      {
        const guint64 before = words[i];
        g_autoptr (GBytes) copy = NULL;
        g_autoptr (ShmFrames) other = NULL;
        guint64 offset;

        words[i] = values[j];
        copy = shm_frames_read (reader, NULL, NULL);
        other = shm_frames_new_for_shared_memory (shm_frames_get_shared_memory (reader), NULL);
        if (other != NULL)
          g_assert_cmpuint (shm_frames_get_n_slots (other), ==, N_SLOTS);
        if (shm_frames_begin (frames, &offset, NULL))
          {
            g_assert_cmpuint (offset + SIZE, <=, shm_frames_get_block_size (SIZE, N_SLOTS));
            shm_frames_discard (frames);
          }
        words[i] = before;
      }
}

/* Opens the block for locks without ShmFrames. */
static void
open_for_locks (ShmFrames *frames, ShmReopened *file)
{
  const int fd = shm_shared_memory_get_fd (shm_frames_get_shared_memory (frames));
  ShmIdentity identity;
  ShmFault fault;

  g_assert_true (shm_system_identify_fd (fd, &identity, &fault));
  g_assert_true (shm_reopened_open (file, fd, NULL, &identity, FALSE, &fault));
}

/* A process locks the slot of the latest frame for ever. */
static void
test_hostile_lock (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = create ();
  ShmReopened hostile;
  ShmFault fault;

  g_assert_true (write_byte (frames, 1));
  open_for_locks (frames, &hostile);
  g_assert_true (shm_system_lock_numbers (hostile.fd, 2, N_SLOTS, &fault));
  g_assert_null (shm_frames_acquire (frames, &error));
  test_assert_error (error, SHM_ERROR_CORRUPT, "");
  g_assert_false (write_byte (frames, 2));
  shm_reopened_close (&hostile);
  g_assert_true (write_byte (frames, 2));
  g_assert_cmpuint (read_byte (frames), ==, 2);
}

/* A child does not hold the frames of its parent, and does not release them. */
static void
test_fork_with_frames (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, 0);
  ShmFrame *frame;
  GBytes *bytes;
  pid_t child;

  g_assert_true (write_byte (frames, 1));
  frame = shm_frames_acquire (reader, &error);
  bytes = shm_frame_get_live_bytes (frame);

  child = test_fork_child ();
  if (child == 0)
    {
      guint64 offset;

      shm_frame_release (frame);
      g_bytes_unref (bytes);
      shm_frame_unref (frame);
      g_assert_cmpuint (read_byte (reader), ==, 1);
      g_assert_false (shm_frames_begin (frames, &offset, &error));
      test_assert_error (error, SHM_ERROR_EXISTS, "");
      g_object_unref (reader);
      test_end_child (frames);
    }
  test_join (child);

  for (guint i = 0; i < 10; i++)
    g_assert_true (write_byte (frames, 2));
  g_assert_cmpuint (check_whole (bytes), ==, 1);
  g_bytes_unref (bytes);
  shm_frame_unref (frame);
}

/* A child outlives its parent. The child has inherited a frame in use, but does not hold it. */
static void
test_child_outlives_holder (void)
{
  g_autoptr (ShmFrames) frames = create ();
  pid_t parent, child;
  int done[2], ended[2];
  char byte;

  for (int i = 0; i < N_SLOTS; i++)
    g_assert_true (write_byte (frames, 1));
  g_assert_cmpint (pipe (done), ==, 0);
  g_assert_cmpint (pipe (ended), ==, 0);
  parent = test_fork_child ();
  if (parent == 0)
    {
      ShmFrames *reader = open_again (frames, 0);
      ShmFrame *frame = shm_frames_acquire (reader, NULL);

      test_fork (child);
      if (child == 0)
        {
          close (done[1]);
          close (ended[0]);
          g_assert_cmpint (read (done[0], &byte, 1), ==, 0);
        }
      close (done[1]);
      close (ended[1]);
      shm_frame_unref (frame);
      g_object_unref (reader);
      test_end_child (frames);
    }
  close (done[0]);
  close (ended[1]);
  test_join (parent);

  for (guint i = 0; i < 10; i++)
    g_assert_true (write_byte (frames, i));
  close (done[1]);
  g_assert_cmpint (read (ended[0], &byte, 1), ==, 0);
  close (ended[0]);
}

/* A slow reader */

static guint64 hook_offset;

/* Writes until the slot of the first frame is in use again, and draws half a frame into it. */
static void
overtake_reader (ShmStep step)
{
  const guint64 first = hook_offset;

  if (step != SHM_STEP_FRAMES_HOLD)
    return;

  shm_test_hook = NULL;
  for (;;)
    {
      g_assert_true (shm_frames_begin (hook_frames, &hook_offset, NULL));
      memset (get_memory (hook_frames) + hook_offset, 9, SIZE / 2);
      if (hook_offset == first)
        break;
      memset (get_memory (hook_frames) + hook_offset, 8, SIZE);
      g_assert_cmpuint (shm_frames_publish (hook_frames, NULL), >, 0);
    }
}

/* Between the first and the second step of the reader, the writer takes the slot again. */
static void
test_overtaken_reader (void)
{
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, 0);

  g_assert_true (shm_frames_begin (frames, &hook_offset, NULL));
  g_assert_true (write_byte (frames, 1));
  hook_frames = frames;
  shm_test_hook = overtake_reader;
  g_assert_cmpuint (read_byte (reader), ==, 8);

  g_assert_true (write_byte (frames, 1));
  shm_frames_discard (frames);
  g_assert_cmpuint (read_byte (reader), ==, 1);
}

/* Closing has the effect of a writer that is killed. */
static void
overtake_and_close (ShmStep step)
{
  overtake_reader (step);
  shm_frames_close (hook_frames, NULL);
}

static void
test_overtaken_by_killed_writer (void)
{
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, 0);

  g_assert_true (shm_frames_begin (frames, &hook_offset, NULL));
  g_assert_true (write_byte (frames, 1));
  hook_frames = frames;
  shm_test_hook = overtake_and_close;
  g_assert_cmpuint (read_byte (reader), ==, 8);
}

/* The same with an object that writes and reads, in two threads for example. The reader must not
 * take away the lock of the writer. */
static void
test_overtaken_in_same_object (void)
{
  g_autoptr (ShmFrames) frames = create ();
  ShmReopened other;
  ShmFault fault;

  g_assert_true (shm_frames_begin (frames, &hook_offset, NULL));
  g_assert_true (write_byte (frames, 1));
  hook_frames = frames;
  shm_test_hook = overtake_reader;
  g_assert_cmpuint (read_byte (frames), ==, 8);

  open_for_locks (frames, &other);
  g_assert_false (shm_system_lock_numbers (other.fd, 2, N_SLOTS, &fault));
  g_assert_cmpint (fault.errnum, ==, EAGAIN);
  shm_frames_discard (frames);
  g_assert_true (shm_system_lock_numbers (other.fd, 2, N_SLOTS, &fault));
  shm_reopened_close (&other);
}

/* Waiting */

static gpointer
wait_in_thread (gpointer frames)
{
  g_autoptr (GError) error = NULL;
  const guint64 number = shm_frames_wait (frames, 1, -1, NULL, &error);

  g_assert_no_error (error);

  return GSIZE_TO_POINTER ((gsize) number);
}

static void
test_wait (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, 0);
  ShmEvent *event = (gpointer) (get_memory (frames) + SHM_FRAME_RING_EVENT);
  GThread *thread;

  g_assert_cmpuint (shm_frames_wait (reader, 0, 0, NULL, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "without a name");
  g_assert_true (write_byte (frames, 1));
  g_assert_cmpuint (shm_frames_wait (reader, 0, 0, NULL, &error), ==, 1);
  g_assert_cmpuint (shm_frames_wait (reader, 1, 1000, NULL, &error), ==, 0);
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "without a name");

  thread = g_thread_new ("wait", wait_in_thread, reader);
  test_await ((__atomic_load_n (&event->armed, __ATOMIC_SEQ_CST) & SHM_EVENT_THREADS) != 0);
  g_assert_true (write_byte (frames, 2));
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, 2);

  g_cancellable_cancel (cancellable);
  g_assert_cmpuint (shm_frames_wait (reader, 2, -1, cancellable, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

typedef struct
{
  GMainContext *context;
  guint64 number;
  GError *error;
  gboolean is_done;
} Outcome;

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->number = shm_frames_wait_finish (SHM_FRAMES (source), result, &outcome->error);
  outcome->is_done = TRUE;
}

/* Iterates the main context, but does not make it the default while it runs callbacks. */
static Outcome
finish_wait (Outcome *outcome)
{
  test_iterate_until (outcome->context, outcome->is_done);

  return *outcome;
}

static void
start_wait (ShmFrames *frames,
            guint64 seen,
            gint64 timeout,
            GCancellable *cancellable,
            Outcome *outcome)
{
  outcome->is_done = FALSE;
  outcome->error = NULL;
  g_main_context_push_thread_default (outcome->context);
  shm_frames_wait_async (frames, seen, timeout, cancellable, on_waited, outcome);
  g_main_context_pop_thread_default (outcome->context);
}

static void
test_wait_async (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ShmFrames) frames = create ();
  g_autoptr (ShmFrames) reader = open_again (frames, 0);
  Outcome outcome = { .context = context };
  GError *error;

  start_wait (reader, 0, -1, NULL, &outcome);
  g_assert_false (outcome.is_done);
  g_assert_true (write_byte (frames, 1));
  g_assert_cmpuint (finish_wait (&outcome).number, ==, 1);
  g_assert_no_error (outcome.error);

  /* Longer than the time between two looks. */
  start_wait (reader, 1, G_USEC_PER_SEC + 100000, NULL, &outcome);
  error = finish_wait (&outcome).error;
  test_assert_error (error, SHM_ERROR_TIMED_OUT, "No frame");

  start_wait (reader, 1, -1, cancellable, &outcome);
  g_cancellable_cancel (cancellable);
  error = finish_wait (&outcome).error;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  start_wait (reader, 1, -1, NULL, &outcome);
  g_assert_true (shm_frames_close (reader, NULL));
  error = finish_wait (&outcome).error;
  test_assert_error (error, SHM_ERROR_CLOSED, "");
  start_wait (reader, 1, -1, NULL, &outcome);
  error = finish_wait (&outcome).error;
  test_assert_error (error, SHM_ERROR_CLOSED, "");
}

/* Killed processes */

static int steps_left;

static void
kill_at_step (ShmStep step)
{
  if (steps_left-- == 0)
    kill (getpid (), SIGKILL);
}

/* Runs @func in a process that is killed at step number @step. Returns FALSE if the function has
 * fewer steps. */
static gboolean
run_and_kill (ShmFrames *frames, void (*func) (ShmFrames *frames), int step)
{
  const pid_t child = test_fork_child ();
  int status;

  if (child == 0)
    {
      steps_left = step;
      shm_test_hook = kill_at_step;
      func (frames);
      shm_test_hook = NULL;
      test_end_child (frames);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);

  return !WIFEXITED (status);
}

static void
write_two (ShmFrames *frames)
{
  write_byte (frames, 2);
  write_byte (frames, 3);
}

static void
read_two (ShmFrames *frames)
{
  read_byte (frames);
  read_byte (frames);
}

static void
test_killed_writer (void)
{
  int step = 0;

  for (gboolean is_killed = TRUE; is_killed; step++)
    {
      g_autoptr (ShmFrames) frames = create ();
      g_autoptr (ShmFrames) reader = open_again (frames, 0);

      {
        g_autoptr (ShmFrames) first = open_again (frames, 0);

        g_assert_true (write_byte (first, 1));
      }
      is_killed = run_and_kill (frames, write_two, step);
      g_assert_cmpuint (read_byte (reader), <=, 3);
      for (guint i = 10; i < 10 + 2 * N_SLOTS; i++)
        {
          const guint64 before = shm_frames_get_number (reader, NULL);

          g_assert_true (write_byte (frames, i));
          g_assert_cmpuint (shm_frames_get_number (reader, NULL), ==, before + 1);
          g_assert_cmpuint (read_byte (reader), ==, i);
        }
    }
  g_assert_cmpint (step, >=, 12);
}

static void
test_killed_reader (void)
{
  int step = 0;

  for (gboolean is_killed = TRUE; is_killed; step++)
    {
      g_autoptr (ShmFrames) frames = create ();

      g_assert_true (write_byte (frames, 1));
      is_killed = run_and_kill (frames, read_two, step);
      for (guint i = 0; i < 2 * N_SLOTS; i++)
        g_assert_true (write_byte (frames, i));
    }
  g_assert_cmpint (step, >=, 4);
}

/* No torn frames */

/* Writes frames until it has published number @last. */
G_NORETURN static void
run_writer (ShmFrames *frames, guint64 last)
{
  guint64 number;

  do
    {
      /* With two readers a slot is always free. */
      number = shm_frames_get_number (frames, NULL);
      g_assert_true (write_byte (frames, number + 1));
    }
  while (number + 1 < last);
  test_end_child (frames);
}

/* Reads frames until frame number @last. Each byte of a frame is the number of the frame. */
G_NORETURN static void
run_reader (ShmFrames *frames, guint64 last)
{
  ShmFrames *reader = open_again (frames, 0);
  guint64 number = 0;

  while (number < last)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ShmFrame) frame = NULL;
      g_autoptr (GBytes) bytes = NULL;

      number = shm_frames_wait (reader, number, -1, NULL, &error);
      g_assert_no_error (error);
      frame = shm_frames_acquire (reader, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (shm_frame_get_number (frame), >=, number);
      number = shm_frame_get_number (frame);
      bytes = shm_frame_get_live_bytes (frame);
      g_assert_cmpuint (check_whole (bytes), ==, (guint8) number);
    }
  g_object_unref (reader);
  test_end_child (frames);
}

/* A writer is killed again and again, at any point, and another one continues. Two readers check
 * each frame that they get. */
static void
test_torn_frames (void)
{
  const guint64 last = g_test_slow () ? 1000000 : 20000;
  g_autoptr (ShmFrames) frames = create ();
  pid_t readers[2];
  guint n_killed = 0;
  int status = -1;

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      readers[i] = test_fork_child ();
      if (readers[i] == 0)
        run_reader (frames, last);
    }

  while (shm_frames_get_number (frames, NULL) < last)
    {
      const guint64 until
          = MIN (last, shm_frames_get_number (frames, NULL) + g_random_int_range (1, last / 50));
      const pid_t writer = test_fork_child ();

      if (writer == 0)
        run_writer (frames, last);
      while (shm_frames_get_number (frames, NULL) < until
             && waitpid (writer, &status, WNOHANG) == 0)
        g_usleep (g_random_int_range (1, 200));
      kill (writer, SIGKILL);
      if (waitpid (writer, &status, 0) == writer && WIFSIGNALED (status))
        n_killed++;
    }

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    test_join (readers[i]);
  g_assert_cmpuint (n_killed, >, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (TEST_TIMEOUT_SECONDS);

  g_test_add_func ("/frames/read-and-write", test_read_and_write);
  g_test_add_func ("/frames/errors", test_errors);
  g_test_add_func ("/frames/failed-creation", test_failed_creation);
  g_test_add_func ("/frames/failed-attachment", test_failed_attachment);
  g_test_add_func ("/frames/create-in", test_create_in);
  g_test_add_func ("/frames/frame-in-use", test_frame_in_use);
  g_test_add_func ("/frames/writer-reads", test_writer_reads);
  g_test_add_func ("/frames/begin", test_begin);
  g_test_add_func ("/frames/one-writer", test_one_writer);
  g_test_add_func ("/frames/close-while-beginning", test_close_while_beginning);
  g_test_add_func ("/frames/failed-seal", test_failed_seal);
  g_test_add_func ("/frames/hostile-header", test_hostile_header);
  g_test_add_func ("/frames/hostile-lock", test_hostile_lock);
  g_test_add_func ("/frames/fork", test_fork_with_frames);
  g_test_add_func ("/frames/child-outlives-holder", test_child_outlives_holder);
  g_test_add_func ("/frames/overtaken-reader", test_overtaken_reader);
  g_test_add_func ("/frames/overtaken-by-killed-writer", test_overtaken_by_killed_writer);
  g_test_add_func ("/frames/overtaken-in-same-object", test_overtaken_in_same_object);
  g_test_add_func ("/frames/wait", test_wait);
  g_test_add_func ("/frames/wait-async", test_wait_async);
  g_test_add_func ("/frames/killed-writer", test_killed_writer);
  g_test_add_func ("/frames/killed-reader", test_killed_reader);
  g_test_add_func ("/frames/torn-frames", test_torn_frames);

  return g_test_run ();
}
