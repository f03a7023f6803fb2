/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several threads use one object. A hostile process truncates a block while this process uses
 * it. */

#include "shm-test.h"

#define SIZE    65536
#define THREADS 4
#define ROUNDS  200

typedef struct
{
  ShmSharedMemory *shm;
  int waiting; /* (atomic): the number of threads that are ready */
  int go; /* (atomic): 0 while the threads must wait, then 1, and 2 after the attempts to seal */
} Round;

/* Returns a number that is different in each thread. */
static int
wait_for_start (Round *round)
{
  const int number = g_atomic_int_add (&round->waiting, 1);

  while (!g_atomic_int_get (&round->go))
    g_thread_yield ();

  return number;
}

/* Uses the object in every way until it is closed. Each call succeeds or fails with CLOSED. */
static gpointer
use_until_closed (gpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("thread", 6);
  g_autoptr (GError) error = NULL;
  Round *round = data;
  guint64 own_offset;

  /* Numbers are written without synchronisation, so each thread writes to an offset of its own. */
  own_offset = SIZE - 8 * (1 + wait_for_start (round));
  while (error == NULL)
    {
      g_autoptr (GBytes) copy = NULL, live = NULL;

      copy = shm_shared_memory_read (round->shm, 0, SIZE, &error);
      if (error == NULL)
        live = shm_shared_memory_get_live_region (round->shm, 100, 6, &error);
      if (error == NULL)
        shm_shared_memory_set_int64 (round->shm, own_offset, 1, &error);
      if (error == NULL)
        shm_shared_memory_write (round->shm, 0, bytes, &error);
      if (error == NULL)
        close (shm_shared_memory_dup_fd (round->shm, &error));

      /* A view stays valid after the object was closed. */
      if (live != NULL)
        g_assert_cmpint (*(const char *) g_bytes_get_data (live, NULL), ==, 0);
    }
  g_assert_error (error, SHM_ERROR, SHM_ERROR_CLOSED);

  return NULL;
}

static void
count (ShmSharedMemory *shm, gpointer counter)
{
  g_atomic_int_inc ((int *) counter);
}

static void
test_close_while_used (void)
{
  const guint descriptors = test_count_descriptors ();
  const guint mappings = test_count_mappings ();

  for (int i = 0; i < ROUNDS; i++)
    {
      Round round = { .shm = shm_shared_memory_create_anonymous (SIZE, 0, NULL) };
      GThread *threads[THREADS];
      int closed = 0;

      g_signal_connect (round.shm, "closed", G_CALLBACK (count), &closed);
      for (int t = 0; t < THREADS; t++)
        threads[t] = g_thread_new ("user", use_until_closed, &round);
      while (g_atomic_int_get (&round.waiting) < THREADS)
        g_thread_yield ();
      g_atomic_int_set (&round.go, TRUE);

      for (int spin = g_random_int_range (0, 2000); spin > 0; spin--)
        g_atomic_int_get (&round.go);
      g_assert_true (shm_shared_memory_close (round.shm, NULL));

      for (int t = 0; t < THREADS; t++)
        g_thread_join (threads[t]);
      g_assert_cmpint (closed, ==, 1);
      g_object_unref (round.shm);
    }

  g_assert_cmpuint (test_count_descriptors (), ==, descriptors);
  g_assert_cmpuint (test_count_mappings (), ==, mappings);
}

static gpointer
close_in_thread (gpointer data)
{
  Round *round = data;

  wait_for_start (round);
  g_assert_true (shm_shared_memory_close (round->shm, NULL));

  return NULL;
}

static gpointer
unlink_in_thread (gpointer data)
{
  Round *round = data;

  wait_for_start (round);

  return GINT_TO_POINTER (shm_shared_memory_unlink (round->shm, NULL));
}

static gpointer
map_in_thread (gpointer data)
{
  Round *round = data;

  wait_for_start (round);

  return shm_shared_memory_get_data (round->shm, NULL);
}

static void
run_together (Round *round, GThreadFunc func, gpointer results[THREADS])
{
  GThread *threads[THREADS];

  round->waiting = round->go = 0;
  for (int t = 0; t < THREADS; t++)
    threads[t] = g_thread_new ("together", func, round);
  while (g_atomic_int_get (&round->waiting) < THREADS)
    g_thread_yield ();
  g_atomic_int_set (&round->go, TRUE);
  for (int t = 0; t < THREADS; t++)
    results[t] = g_thread_join (threads[t]);
}

static void
test_simultaneous_calls (void)
{
  const guint mappings = test_count_mappings ();

  for (int i = 0; i < ROUNDS; i++)
    {
      g_autofree char *name = test_name ("simultaneous");
      g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, 0, NULL);
      Round round = { .shm = shm };
      int closed = 0, unlinked = 0, succeeded = 0;
      gpointer results[THREADS];

      g_signal_connect (shm, "closed", G_CALLBACK (count), &closed);
      g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);

      /* All threads get the same mapping. */
      run_together (&round, map_in_thread, results);
      for (int t = 0; t < THREADS; t++)
        g_assert_true (results[t] != NULL && results[t] == results[0]);
      g_assert_cmpuint (test_count_mappings (), ==, mappings + 1);

      run_together (&round, unlink_in_thread, results);
      for (int t = 0; t < THREADS; t++)
        succeeded += GPOINTER_TO_INT (results[t]);
      g_assert_cmpint (succeeded, ==, 1);
      g_assert_cmpint (unlinked, ==, 1);

      run_together (&round, close_in_thread, results);
      g_assert_cmpint (closed, ==, 1);
      g_assert_cmpuint (test_count_mappings (), ==, mappings);
    }
}

/* Writes until the main thread has finished its attempts to seal the block. A write fails with
 * READ_ONLY during an attempt, and after an attempt that succeeded. */
static gpointer
set_until_sealed (gpointer data)
{
  g_autoptr (GError) error = NULL;
  Round *round = data;

  wait_for_start (round);
  for (gint64 i = 0; error == NULL && g_atomic_int_get (&round->go) < 2; i++)
    {
      shm_shared_memory_set_int64 (round->shm, 8 * (i % 1000), i, &error);
      if (error != NULL)
        g_assert_error (error, SHM_ERROR, SHM_ERROR_READ_ONLY);
      if (error != NULL && g_atomic_int_get (&round->go) < 2)
        g_clear_error (&error); /* the attempt to seal can still fail */
    }

  return NULL;
}

static void
test_seal_while_set (void)
{
  for (int i = 0; i < ROUNDS; i++)
    {
      g_autofree char *name = test_name ("seal");
      g_autoptr (ShmSharedMemory) named = shm_shared_memory_create (name, SIZE, 0, NULL);
      g_autoptr (ShmSharedMemory) anonymous = shm_shared_memory_create_anonymous (SIZE, 0, NULL);
      Round round = { .shm = i % 2 == 0 ? named : anonymous };
      gboolean sealed = FALSE;
      GThread *thread;

      g_assert_true (shm_shared_memory_map (round.shm, NULL));
      thread = g_thread_new ("setter", set_until_sealed, &round);
      while (g_atomic_int_get (&round.waiting) == 0)
        g_thread_yield ();
      g_atomic_int_set (&round.go, 1);

      for (int attempt = 0; attempt < 200 && !sealed; attempt++)
        sealed = shm_shared_memory_seal (round.shm, SHM_SEAL_WRITE, NULL);
      g_assert_true (!sealed || round.shm == anonymous);
      g_atomic_int_set (&round.go, 2);
      g_thread_join (thread);
      g_assert_true (shm_shared_memory_unlink (named, NULL));
    }
}

static gpointer
watch_in_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  Round *round = data;

  wait_for_start (round);
  if (!shm_shared_memory_watch (round->shm, &error))
    g_assert_error (error, SHM_ERROR, SHM_ERROR_CLOSED);

  return NULL;
}

/* One thread closes an object while another thread starts to watch it. No watch remains. */
static void
test_close_while_watched (void)
{
  for (int i = 0; i < ROUNDS * 5; i++)
    {
      g_autofree char *name = test_name ("watch");
      g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, 1, 0, NULL);
      Round round = { .shm = shm };
      GThread *thread = g_thread_new ("watcher", watch_in_thread, &round);
      int unlinked = 0;

      g_signal_connect (shm, "unlinked", G_CALLBACK (count), &unlinked);
      while (g_atomic_int_get (&round.waiting) == 0)
        g_thread_yield ();
      g_atomic_int_set (&round.go, TRUE);
      g_assert_true (shm_shared_memory_close (shm, NULL));
      g_thread_join (thread);

      g_assert_true (shm_remove_block (name, NULL));
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpint (unlinked, ==, 0);
    }
}

/* Another process truncates and grows the file all the time. read() and write() succeed, or fail
 * with CORRUPT. No signal kills this process. */
static void
test_truncating_peer (void)
{
  g_autofree char *name = test_name ("truncating");
  g_autofree char *path = test_path (name);
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, 0, NULL);
  g_autofree char *pattern = g_malloc (SIZE);
  g_autoptr (GBytes) bytes = NULL;
  int good[2] = { 0, 0 }, bad[2] = { 0, 0 };
  pid_t peer;

  memset (pattern, 'x', SIZE);
  bytes = g_bytes_new_static (pattern, SIZE);

  test_fork (peer);
  if (peer == 0)
    for (;;)
      {
        if (truncate (path, 0) < 0 || truncate (path, SIZE) < 0)
          _exit (1);
      }

  for (int i = 0; i < 3000 || good[0] == 0 || bad[0] == 0 || good[1] == 0 || bad[1] == 0; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) copy = shm_shared_memory_read (shm, 0, SIZE, &error);

      if (error != NULL)
        g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
      else
        g_assert_cmpuint (g_bytes_get_size (copy), ==, SIZE);
      (error != NULL ? bad : good)[0]++;
      g_clear_error (&error);

      shm_shared_memory_write (shm, 0, bytes, &error);
      if (error != NULL)
        g_assert_error (error, SHM_ERROR, SHM_ERROR_CORRUPT);
      (error != NULL ? bad : good)[1]++;
      g_assert_cmpint (i, <, 10 * 1000 * 1000);
    }

  kill (peer, SIGKILL);
  g_assert_cmpint (waitpid (peer, NULL, 0), ==, peer);
  g_assert_true (shm_shared_memory_unlink (shm, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/close-while-used", test_close_while_used);
  g_test_add_func ("/threads/simultaneous-calls", test_simultaneous_calls);
  g_test_add_func ("/threads/seal-while-set", test_seal_while_set);
  g_test_add_func ("/threads/close-while-watched", test_close_while_watched);
  g_test_add_func ("/threads/truncating-peer", test_truncating_peer);

  return g_test_run ();
}
