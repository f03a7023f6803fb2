/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the atomic operations on the integers of a block. */

#include "shm-test.h"

#define N_PROCESSES  2
#define N_THREADS    2
#define N_ADDITIONS  20000
#define N_EXCHANGES  2000
#define N_INCREMENTS (N_PROCESSES * N_THREADS * N_ADDITIONS)

static ShmSharedMemory *
create (void)
{
  g_autoptr (GError) error = NULL;
  ShmSharedMemory *block = shm_shared_memory_create_anonymous (64, 0, &error);

  g_assert_no_error (error);

  return block;
}

/* Each operation */

#define CHECK_OPERATION(bits, operation, before, argument, after)                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_true (shm_shared_memory_set_int##bits (block, 8, before, NULL));                      \
    g_assert_cmpint (shm_shared_memory_atomic_##operation##_int##bits (block, 8, argument,         \
                                                                       &error),                    \
                     ==, before);                                                                  \
    g_assert_no_error (error);                                                                     \
    g_assert_cmpint (shm_shared_memory_get_int##bits (block, 8, NULL), ==, after);                 \
    g_assert_cmpint (shm_shared_memory_atomic_load_int##bits (block, 8, &error), ==, after);       \
    g_assert_no_error (error);                                                                     \
  }                                                                                                \
  G_STMT_END

#define CHECK_OPERATIONS(bits, min, max)                                                           \
  CHECK_OPERATION (bits, add, 5, 3, 8);                                                            \
  CHECK_OPERATION (bits, add, max, 1, min);                                                        \
  CHECK_OPERATION (bits, sub, 5, 3, 2);                                                            \
  CHECK_OPERATION (bits, sub, min, 1, max);                                                        \
  CHECK_OPERATION (bits, and, 12, 10, 8);                                                          \
  CHECK_OPERATION (bits, or, 12, 10, 14);                                                          \
  CHECK_OPERATION (bits, xor, 12, 10, 6);                                                          \
  CHECK_OPERATION (bits, xor, -1, 0, -1);                                                          \
  CHECK_OPERATION (bits, exchange, 5, min, min)

static void
test_operations (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GError) error = NULL;

  CHECK_OPERATIONS (32, G_MININT32, G_MAXINT32);
  CHECK_OPERATIONS (64, G_MININT64, G_MAXINT64);

  g_assert_true (shm_shared_memory_atomic_store_int32 (block, 0, -7, &error));
  g_assert_cmpint (shm_shared_memory_get_int32 (block, 0, NULL), ==, -7);
  g_assert_true (shm_shared_memory_atomic_store_int64 (block, 8, G_MININT64, &error));
  g_assert_cmpint (shm_shared_memory_get_int64 (block, 8, NULL), ==, G_MININT64);

  /* No operation touches its neighbours. */
  g_assert_cmpint (shm_shared_memory_get_int32 (block, 4, NULL), ==, 0);
  g_assert_cmpint (shm_shared_memory_get_int64 (block, 16, NULL), ==, 0);
}

static void
test_compare_exchange (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (shm_shared_memory_atomic_compare_exchange_int32 (block, 4, 0, -1, &error), ==,
                   0);
  g_assert_cmpint (shm_shared_memory_get_int32 (block, 4, NULL), ==, -1);
  g_assert_cmpint (shm_shared_memory_atomic_compare_exchange_int32 (block, 4, 0, 9, &error), ==,
                   -1);
  g_assert_cmpint (shm_shared_memory_get_int32 (block, 4, NULL), ==, -1);

  g_assert_cmpint (shm_shared_memory_atomic_compare_exchange_int64 (block, 8, 0, G_MAXINT64,
                                                                    &error),
                   ==, 0);
  g_assert_cmpint (shm_shared_memory_atomic_compare_exchange_int64 (block, 8, 1, 2, &error), ==,
                   G_MAXINT64);
  g_assert_cmpint (shm_shared_memory_get_int64 (block, 8, NULL), ==, G_MAXINT64);
  g_assert_no_error (error);
}

/* Errors */

/* Expects that the function fails for the integer of @bits bits at @offset of @block. */
#define CHECK_ERROR(operation, block, offset, bits, code, ...)                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GError) error_ = NULL;                                                              \
                                                                                                   \
    g_assert_cmpint (shm_shared_memory_atomic_##operation##_int##bits (block, offset,              \
                                                                       __VA_ARGS__ &error_),       \
                     ==, 0);                                                                       \
    test_assert_error (error_, code, shm_shared_memory_get_name (block));                          \
  }                                                                                                \
  G_STMT_END

#define CHECK_LOAD(block, offset, bits, code) CHECK_ERROR (load, block, offset, bits, code, )

#define CHECK_EACH(block, offset, bits, code)                                                      \
  CHECK_ERROR (store, block, offset, bits, code, 1, );                                             \
  CHECK_ERROR (add, block, offset, bits, code, 1, );                                               \
  CHECK_ERROR (sub, block, offset, bits, code, 1, );                                               \
  CHECK_ERROR (and, block, offset, bits, code, 1, );                                               \
  CHECK_ERROR (or, block, offset, bits, code, 1, );                                                \
  CHECK_ERROR (xor, block, offset, bits, code, 1, );                                               \
  CHECK_ERROR (exchange, block, offset, bits, code, 1, );                                          \
  CHECK_ERROR (compare_exchange, block, offset, bits, code, 0, 1, )

static void
test_errors (void)
{
  g_autofree char *name = test_name ("atomic");
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create (name, 12, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  g_autoptr (ShmSharedMemory) reader = shm_shared_memory_attach (name, SHM_ATTACH_READ_ONLY, NULL);
  g_autoptr (GError) error = NULL;

  for (guint64 offset = 1; offset < 4; offset++)
    {
      CHECK_LOAD (block, offset, 32, SHM_ERROR_MISALIGNED);
      CHECK_EACH (block, offset, 32, SHM_ERROR_MISALIGNED);
    }
  CHECK_LOAD (block, 4, 64, SHM_ERROR_MISALIGNED);
  CHECK_EACH (block, 4, 64, SHM_ERROR_MISALIGNED);
  shm_shared_memory_atomic_load_int64 (block, 4, &error);
  g_assert_nonnull (strstr (error->message, "multiple of 8"));
  test_assert_error (error, SHM_ERROR_MISALIGNED, name);

  /* The last bytes are outside of the block. */
  CHECK_LOAD (block, 12, 32, SHM_ERROR_OUT_OF_RANGE);
  CHECK_EACH (block, 12, 32, SHM_ERROR_OUT_OF_RANGE);
  CHECK_LOAD (block, 8, 64, SHM_ERROR_OUT_OF_RANGE);
  CHECK_EACH (block, 8, 64, SHM_ERROR_OUT_OF_RANGE);
  CHECK_LOAD (block, G_MAXUINT64 - 3, 32, SHM_ERROR_OUT_OF_RANGE);
  CHECK_EACH (block, G_MAXUINT64 - 7, 64, SHM_ERROR_OUT_OF_RANGE);

  g_assert_true (shm_shared_memory_set_int32 (block, 8, 77, NULL));
  g_assert_cmpint (shm_shared_memory_atomic_load_int32 (reader, 8, NULL), ==, 77);
  CHECK_EACH (reader, 8, 32, SHM_ERROR_READ_ONLY);
  CHECK_EACH (reader, 0, 64, SHM_ERROR_READ_ONLY);

  g_assert_true (shm_shared_memory_close (reader, NULL));
  CHECK_LOAD (reader, 8, 32, SHM_ERROR_CLOSED);
  CHECK_EACH (reader, 8, 32, SHM_ERROR_CLOSED);
  CHECK_LOAD (reader, 0, 64, SHM_ERROR_CLOSED);
  CHECK_EACH (reader, 0, 64, SHM_ERROR_CLOSED);
}

/* Several processes with several threads each */

static gpointer
add (gpointer data)
{
  ShmSharedMemory *block = data;

  for (int i = 0; i < N_ADDITIONS; i++)
    {
      shm_shared_memory_atomic_add_int32 (block, 0, 1, NULL);
      shm_shared_memory_atomic_sub_int64 (block, 8, 1, NULL);
    }

  /* Add with compare_exchange() instead of add(). */
  for (int i = 0; i < N_EXCHANGES; i++)
    {
      gint64 found = shm_shared_memory_atomic_load_int64 (block, 16, NULL);
      gint64 expected;

      do
        {
          expected = found;
          found = shm_shared_memory_atomic_compare_exchange_int64 (block, 16, expected,
                                                                   expected + 1, NULL);
        }
      while (found != expected);
    }

  return NULL;
}

static void
add_in_threads (ShmSharedMemory *block)
{
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("add", add, block);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

static void
test_contention (void)
{
  g_autoptr (ShmSharedMemory) block = create ();
  pid_t pids[N_PROCESSES];

  for (int i = 0; i < N_PROCESSES; i++)
    {
      test_fork (pids[i]);
      if (pids[i] == 0)
        {
          add_in_threads (block);
          g_object_unref (block); /* valgrind would report it as leaked */
          _exit (0);
        }
    }
  for (int i = 0; i < N_PROCESSES; i++)
    test_join (pids[i]);

  g_assert_cmpint (shm_shared_memory_get_int32 (block, 0, NULL), ==, N_INCREMENTS);
  g_assert_cmpint (shm_shared_memory_get_int64 (block, 8, NULL), ==, -N_INCREMENTS);
  g_assert_cmpint (shm_shared_memory_get_int64 (block, 16, NULL), ==,
                   N_PROCESSES * N_THREADS * N_EXCHANGES);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/atomic/operations", test_operations);
  g_test_add_func ("/atomic/compare-exchange", test_compare_exchange);
  g_test_add_func ("/atomic/errors", test_errors);
  g_test_add_func ("/atomic/contention", test_contention);

  return g_test_run ();
}
