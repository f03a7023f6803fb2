/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Measures the calls of managers from C: the median time of a call with one client, and with sixteen
 * clients at once, where the time is that of the whole round divided by the number of all calls.
 *
 *     bench-manager             prints a table
 *     bench-manager CLIENTS     runs one round with so many clients, for bench-manager.py, which
 *                               compares with CPython; prints the microseconds to create a block, and
 *                               to create and remove a block
 */

#include <shmobj/shmobj.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS      9
#define CLIENTS     16
#define CALLS       2000 /* of all clients of a round */
#define WARM_UP     5
#define SIZE        4096 /* of a block */
#define LIST_LENGTH 100

static int report_to = -1; /* in a client */

static void
must (gboolean good, const GError *error)
{
  if (good)
    return;

  /* The other clients would wait for ever. */
  if (report_to >= 0 && write (report_to, "f", 1) != 1)
    g_printerr ("nobody listens\n");
  g_printerr ("a call that is measured failed: %s\n", error != NULL ? error->message : "?");
  abort ();
}

/* The measured calls, each made by a connected client */

static void
create (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_manager_create_shared_memory (manager, NULL, SIZE, 0600, 0, NULL, &error);

  must (shm != NULL, error);
}

static void
create_and_release (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_manager_create_shared_memory (manager, NULL, SIZE, 0600, 0, NULL, &error);

  must (shm != NULL && shm_shared_memory_close (shm, &error), error);
  must (shm_manager_remove (manager, shm_shared_memory_get_name (shm), NULL, &error), error);
}

static void
list_segments (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = shm_manager_list_blocks (manager, NULL, &error);

  must (names != NULL && g_strv_length (names) == LIST_LENGTH, error);
}

static ShmManager *
join_server (ShmManager *manager)
{
  g_autoptr (GError) error = NULL;
  ShmManager *client = shm_manager_new (shm_manager_get_address (manager),
                                        shm_manager_get_authkey (manager), SHM_MANAGER_NONE);

  must (shm_manager_connect_to_server (client, NULL, &error), error);

  return client;
}

static void
join_and_leave (ShmManager *manager)
{
  g_object_unref (join_server (manager));
}

/* A round */

static gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* Runs a client. Reports when the client is ready, starts when the other end of @begin is closed, and
 * reports when the client is done. */
static void
be_client (ShmManager *starter, void (*call) (ShmManager *), int calls, int begin, int report)
{
  ShmManager *manager;
  char ignored;

  report_to = report;
  manager = join_server (starter);
  if (call != list_segments)
    for (int i = 0; i < WARM_UP; i++)
      create_and_release (manager);

  must (write (report, "r", 1) == 1 && read (begin, &ignored, 1) == 0, NULL);
  for (int i = 0; i < calls; i++)
    call (manager);
  must (write (report, "d", 1) == 1, NULL);
}

static void
await_all (int report, int n)
{
  char said;

  for (int i = 0; i < n; i++)
    must (read (report, &said, 1) == 1 && said != 'f', NULL);
}

/* Returns microseconds for a call. */
static double
measure_clients (ShmManager *manager, void (*call) (ShmManager *), int n_clients)
{
  const int calls = CALLS / n_clients;
  int begin[2], report[2];
  pid_t clients[CLIENTS];
  gint64 start, end;

  must (pipe (begin) == 0 && pipe (report) == 0, NULL);
  for (int i = 0; i < n_clients; i++)
    {
      clients[i] = fork ();
      must (clients[i] >= 0, NULL);
      if (clients[i] == 0)
        {
          close (begin[1]);
          be_client (manager, call, calls, begin[0], report[1]);
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

/* Each round has a server of its own, whose end removes the blocks. */
static double
measure_round (void (*call) (ShmManager *), int n_clients)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
  double time;

  must (shm_manager_start (manager, NULL, &error), error);
  if (call == list_segments)
    for (int i = 0; i < LIST_LENGTH; i++)
      create (manager);
  time = measure_clients (manager, call, n_clients);
  must (shm_manager_shutdown (manager, NULL, &error), error);

  return time;
}

/* The table */

static int
compare_doubles (const void *a, const void *b)
{
  const double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

static double
measure (void (*call) (ShmManager *), int n_clients)
{
  double rounds[ROUNDS];

  for (int round = 0; round < ROUNDS; round++)
    rounds[round] = measure_round (call, n_clients);
  qsort (rounds, ROUNDS, sizeof *rounds, compare_doubles);

  return rounds[ROUNDS / 2];
}

static double
measure_starting (void)
{
  double rounds[ROUNDS];

  for (int round = 0; round < ROUNDS; round++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ShmManager) manager = shm_manager_new (NULL, NULL, SHM_MANAGER_NONE);
      const gint64 begin = now ();

      must (shm_manager_start (manager, NULL, &error), error);
      must (shm_manager_shutdown (manager, NULL, &error), error);
      rounds[round] = (now () - begin) / 1000.;
    }
  qsort (rounds, ROUNDS, sizeof *rounds, compare_doubles);

  return rounds[ROUNDS / 2];
}

int
main (int argc, char **argv)
{
  const struct
  {
    const char *title;
    void (*call) (ShmManager *);
  } calls[] = {
    { "create a block of 4 KiB", create },
    { "create, close, release", create_and_release },
    { "list 100 blocks", list_segments },
    { "connect", join_and_leave },
  };
  const int n_clients = argc > 1 ? atoi (argv[1]) : 0;

  if (argc > 1)
    {
      must (n_clients > 0 && n_clients <= CLIENTS, NULL);
      g_print ("%.3f %.3f\n", measure_round (create, n_clients),
               measure_round (create_and_release, n_clients));
      return 0;
    }

  g_print ("%-29s %12s %12s\n", "a manager, from C (us)", "1 client", "16 clients");
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    g_print ("%-29s %12.1f %12.1f\n", calls[i].title, measure (calls[i].call, 1),
             measure (calls[i].call, CLIENTS));
  g_print ("%-29s %12.1f\n", "start and shut down a server", measure_starting ());

  return 0;
}
