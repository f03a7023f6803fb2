/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "contention": reads and writes of one integer in a list, while other processes read and
 * write the same integer without a pause. The CPU time is that of the measured process only. */

#include "harness.h"
#include "peers.h"

#include <shmobj/shmobj.h>

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_OTHERS_MAX 3
#define N_REPEATS    64

/* The bytes that say what to do. */
#define GET  'g'
#define SET  's'
#define QUIT 'q'

/* A library whose list all processes use. */
typedef struct
{
  void (*attach) (void); /* (nullable): called in each other process */
  void (*get) (gsize n);
  void (*set) (gsize n);

  /* The other processes. They wait for a byte, which says what to do. */
  GPid pids[N_OTHERS_MAX];
  int commands[N_OTHERS_MAX]; /* pipes to the processes */
  int answers[N_OTHERS_MAX];  /* pipes from the processes */
} Library;

/* What the other processes do during a measurement. */
typedef struct
{
  const Library *library;
  guint n_others;
  char command;
} Situation;

/* In memory that all processes share. */
static struct
{
  int is_running; /* (atomic) */
  int n_begun;    /* (atomic): how many processes have begun */
} * state;

/* The library */

static ShmShareableList *list;
static char *list_name;

static void
list_open (void)
{
  const gint64 number = 7;
  GVariant *values = g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &number, 1, sizeof number);

  list = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  bench_check (list != NULL);
  list_name = g_strdup (shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list)));
}

static void
list_attach (void)
{
  list = shm_shareable_list_attach (list_name, 0, NULL);
  bench_check (list != NULL);
}

BENCH (get, bench_result = shm_shareable_list_get_int64 (list, 0, NULL))
BENCH (set, bench_check (shm_shareable_list_set_int64 (list, 0, i, NULL)))

/* The other processes */

static void G_GNUC_NORETURN
obey (const Library *library, int commands, int answers)
{
  char command;

  if (library->attach != NULL)
    library->attach ();
  while (read (commands, &command, 1) == 1 && command != QUIT)
    {
      __atomic_add_fetch (&state->n_begun, 1, __ATOMIC_RELAXED);
      while (__atomic_load_n (&state->is_running, __ATOMIC_RELAXED))
        command == GET ? library->get (N_REPEATS) : library->set (N_REPEATS);
      bench_check (write (answers, &command, 1) == 1);
    }
  _exit (0);
}

static void
start_process (Library *library, guint i)
{
  int commands[2], answers[2];

  bench_check (pipe (commands) == 0 && pipe (answers) == 0);
  library->pids[i] = fork ();
  bench_check (library->pids[i] >= 0);
  if (library->pids[i] == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      obey (library, commands[0], answers[1]);
    }

  close (commands[0]);
  close (answers[1]);
  library->commands[i] = commands[1];
  library->answers[i] = answers[0];
}

static void
start_processes (Library *library)
{
  for (guint i = 0; i < N_OTHERS_MAX; i++)
    start_process (library, i);
}

static void
end_processes (Library *library)
{
  for (guint i = 0; i < N_OTHERS_MAX; i++)
    {
      bench_check (write (library->commands[i], &(char){ QUIT }, 1) == 1);
      bench_check (waitpid (library->pids[i], NULL, 0) == library->pids[i]);
      close (library->commands[i]);
      close (library->answers[i]);
    }
}

static void
begin (gconstpointer data)
{
  const Situation *situation = data;

  state->n_begun = 0;
  __atomic_store_n (&state->is_running, TRUE, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < situation->n_others; i++)
    bench_check (write (situation->library->commands[i], &situation->command, 1) == 1);
  while (__atomic_load_n (&state->n_begun, __ATOMIC_SEQ_CST) < (int) situation->n_others)
    sched_yield ();
}

static void
end (gconstpointer data)
{
  const Situation *situation = data;
  char answer;

  __atomic_store_n (&state->is_running, FALSE, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < situation->n_others; i++)
    bench_check (read (situation->library->answers[i], &answer, 1) == 1);
}

/* The measured comparisons */

static Library ours = { .attach = list_attach, .get = get, .set = set };
#ifdef HAVE_BOOST
static Library boost = { .get = boost_get_int, .set = boost_set_int };
#endif
#ifdef HAVE_LMDB
static Library lmdb = { .attach = lmdb_attach, .get = lmdb_get, .set = lmdb_set };
#endif

static void
measure (const char *title, gboolean sets, guint n_others, char command)
{
#define SITUATION(name) &(Situation){ &name, n_others, command }
#define CONTENDER(title, name)                                                                     \
  {                                                                                                \
    title, sets ? name.set : name.get, begin, end, SITUATION (name)                                \
  }
  BENCH_COMPARE (title, 1, CONTENDER ("shmobj", ours),
#ifdef HAVE_BOOST
                 CONTENDER ("Boost vector and mutex", boost),
#endif
#ifdef HAVE_LMDB
                 CONTENDER ("LMDB", lmdb),
#endif
  );
}

static void
measure_all (void)
{
  measure ("get an int, alone", FALSE, 0, GET);
  measure ("get an int, 1 other process sets it", FALSE, 1, SET);
  measure ("get an int, 3 other processes set it", FALSE, 3, SET);
  measure ("get an int, 3 other processes get it", FALSE, 3, GET);
  measure ("set an int, alone", TRUE, 0, SET);
  measure ("set an int, 1 other process sets it", TRUE, 1, SET);
  measure ("set an int, 3 other processes set it", TRUE, 3, SET);
  measure ("set an int, 3 other processes get it", TRUE, 3, GET);
}

int
main (void)
{
  state = mmap (NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  bench_check (state != MAP_FAILED);

  bench_begin ("contention");
  list_open ();
  start_processes (&ours);
#ifdef HAVE_BOOST
  boost_list_open (1, "", NULL);
  start_processes (&boost);
#else
  bench_skip ("Boost.Interprocess", "libboost-dev was not found when the benchmarks were built");
#endif
#ifdef HAVE_LMDB
  lmdb_open ();
  start_processes (&lmdb);
#else
  bench_skip ("LMDB", "liblmdb-dev was not found when the benchmarks were built");
#endif

  measure_all ();

  end_processes (&ours);
#ifdef HAVE_BOOST
  end_processes (&boost);
  boost_list_close ();
#endif
#ifdef HAVE_LMDB
  end_processes (&lmdb);
  lmdb_close ();
#endif
  g_object_unref (list);
  g_free (list_name);

  return 0;
}
