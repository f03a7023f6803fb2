/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Measures the calls of managers from C, with one client and with sixteen clients at once. The time
 * of a call is the time on the clock of a whole round divided by the number of all calls in it.
 * bench-manager.py runs this program.
 *
 *     bench-manager             prints times of calls that are not compared with CPython
 *     bench-manager CLIENTS     runs one round with this number of clients. Prints the microseconds
 *                               to create a block, and to create and remove a block
 */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS      9
#define CLIENTS     16
#define CALLS       2000 /* the number of calls in a round, of all clients together */
#define WARM_UP     5
#define SIZE        4096 /* the size of a block */
#define LIST_LENGTH 100

static int report_to = -1; /* the pipe to the parent process, only in a client */

static void
check_call (gboolean good, const GError *error)
{
  if (good)
    return;

  /* Without a report, the parent process would wait for ever. */
  if (report_to >= 0 && write (report_to, "f", 1) != 1)
    g_printerr ("the failure could not be reported to the parent process\n");
  g_printerr ("a measured call failed: %s\n", error != NULL ? error->message : "?");
  abort ();
}

/* The measured calls, which a connected client makes */

static void
create (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_manager_create_shared_memory (manager, NULL, SIZE, 0600, 0, NULL, &error);

  check_call (shm != NULL, error);
}

static void
create_and_remove (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_manager_create_shared_memory (manager, NULL, SIZE, 0600, 0, NULL, &error);

  check_call (shm != NULL && shm_shared_memory_close (shm, &error), error);
  check_call (shm_manager_remove (manager, shm_shared_memory_get_name (shm), NULL, &error), error);
}

static void
list_blocks (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = shm_manager_list_blocks (manager, NULL, &error);

  check_call (names != NULL && g_strv_length (names) == LIST_LENGTH, error);
}

static ShmManager *
connect_client (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  ShmManager *client = shm_manager_new (shm_manager_get_address (manager),
                                        shm_manager_get_authkey (manager), SHM_MANAGER_NONE);

  check_call (shm_manager_connect_to_server (client, NULL, &error), error);

  return client;
}

static void
connect_and_disconnect (ShmManager *manager)
{
  g_object_unref (connect_client (manager));
}

/* A round */

static gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* Runs a client. Reports to the parent process when the client is ready. Starts the calls when the
 * parent closes the other end of @begin. Reports again when the calls are done. */
static void
run_client (ShmManager *starter, void (*call) (ShmManager *), int calls, int begin, int report)
{
  ShmManager *manager;
  char ignored;

  report_to = report;
  manager = connect_client (starter);
  if (call != list_blocks)
    for (int i = 0; i < WARM_UP; i++)
      create_and_remove (manager);

  check_call (write (report, "r", 1) == 1 && read (begin, &ignored, 1) == 0, NULL);
  for (int i = 0; i < calls; i++)
    call (manager);
  check_call (write (report, "d", 1) == 1, NULL);
}

static void
await_all (int report, int n)
{
  char state;

  for (int i = 0; i < n; i++)
    check_call (read (report, &state, 1) == 1 && state != 'f', NULL);
}

/* Returns the time of a call in microseconds. */
static double
measure_clients (ShmManager *manager, void (*call) (ShmManager *), int n_clients)
{
  const int calls = CALLS / n_clients;
  int begin[2], report[2];
  pid_t clients[CLIENTS];
  gint64 start, end;

  check_call (pipe (begin) == 0 && pipe (report) == 0, NULL);
  for (int i = 0; i < n_clients; i++)
    {
      clients[i] = fork ();
      check_call (clients[i] >= 0, NULL);
      if (clients[i] == 0)
        {
          close (begin[1]);
          run_client (manager, call, calls, begin[0], report[1]);
          _exit (EXIT_SUCCESS);
        }
    }
  close (report[1]);

  await_all (report[0], n_clients);
  start = now ();
  close (begin[1]);
  await_all (report[0], n_clients);
  end = now ();

  for (int i = 0; i < n_clients; i++)
    waitpid (clients[i], NULL, 0);
  close (begin[0]);
  close (report[0]);

  return (end - start) / 1000. / (calls * n_clients);
}

/* Runs a round with a new server. The end of the server removes the blocks. */
static double
measure_round (void (*call) (ShmManager *), int n_clients)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  double time;

  check_call (shm_manager_start (manager, NULL, &error), error);
  if (call == list_blocks)
    for (int i = 0; i < LIST_LENGTH; i++)
      create (manager);
  time = measure_clients (manager, call, n_clients);
  check_call (shm_manager_shutdown (manager, NULL, &error), error);

  return time;
}

/* The times */

static void
measure (const char *title, void (*call) (ShmManager *), int n_clients)
{
  g_autofree char *full_title
      = g_strdup_printf (n_clients == 1 ? "%s" : "%s, %d clients at once", title, n_clients);
  double rounds[ROUNDS];

  for (int round = 0; round < ROUNDS; round++)
    rounds[round] = measure_round (call, n_clients) * 1000;
  bench_print_times (full_title, "shmobj in C", rounds, ROUNDS);
}

int
main (int argc, char **argv)
{
  const int n_clients = argc > 1 ? atoi (argv[1]) : 0;

  if (argc > 1)
    {
      check_call (n_clients > 0 && n_clients <= CLIENTS, NULL);
      g_print ("%.3f %.3f\n", measure_round (create, n_clients),
               measure_round (create_and_remove, n_clients));
      return 0;
    }

  bench_begin ("manager");
  measure ("list 100 blocks", list_blocks, 1);
  measure ("list 100 blocks", list_blocks, CLIENTS);
  measure ("connect", connect_and_disconnect, 1);
  measure ("connect", connect_and_disconnect, CLIENTS);

  return 0;
}
