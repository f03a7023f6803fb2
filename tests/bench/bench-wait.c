/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The group "waiting": two processes wake each other in turns. The times are times on the clock,
 * for one turn there and back. The limits are what the kernel needs without a library: FUTEX_WAIT
 * and FUTEX_WAKE for threads, and an eventfd for main loops. */

#include "harness.h"

#include <shmobj/shmobj.h>

#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 41
#define TURNS  500

/* Offsets in the block: the word or event that each of the two processes waits for. */
#define PLACE(process) ((guint64) (64 * (1 + (process))))

static ShmSharedMemory *block;
static int eventfds[2];
static int self; /* 0 in the parent, 1 in the child */

static gint32 *
get_word (int process)
{
  return (gpointer) ((guint8 *) shm_shared_memory_get_data (block, NULL) + PLACE (process));
}

/* Blocked processes */

static void
futex_wake (guint32 turn)
{
  __atomic_store_n (get_word (!self), turn, __ATOMIC_SEQ_CST);
  syscall (SYS_futex, get_word (!self), FUTEX_WAKE, 1);
}

static void
futex_wait (guint32 seen)
{
  while ((guint32) __atomic_load_n (get_word (self), __ATOMIC_SEQ_CST) == seen)
    syscall (SYS_futex, get_word (self), FUTEX_WAIT, seen, NULL);
}

static void
event_wake (guint32 turn)
{
  shm_shared_memory_event_advance (block, PLACE (!self), NULL);
}

static void
event_wait (guint32 seen)
{
  shm_shared_memory_event_wait (block, PLACE (self), seen, -1, NULL, NULL);
}

static void
word_wake (guint32 turn)
{
  shm_shared_memory_atomic_store_int32 (block, PLACE (!self), turn, NULL);
  shm_shared_memory_wake (block, PLACE (!self), 1, NULL);
}

static void
word_wait (guint32 seen)
{
  shm_shared_memory_wait (block, PLACE (self), seen, -1, NULL, NULL);
}

typedef struct
{
  const char *name;
  void (*wake) (guint32 turn);
  void (*wait) (guint32 seen);
} Blocked;

static void
play_blocked (const Blocked *kind)
{
  for (guint32 i = 0; i < TURNS; i++)
    {
      if (self == 0)
        kind->wake (i + 1);
      kind->wait (i);
      if (self == 1)
        kind->wake (i + 1);
    }
}

/* Main loops */

typedef struct
{
  gboolean is_event;
  guint n_left;
} Player;

static void
wake_loop (Player *player)
{
  const guint64 one = 1;

  if (player->is_event)
    shm_shared_memory_event_advance (block, PLACE (!self), NULL);
  else
    bench_check (write (eventfds[!self], &one, sizeof one) == sizeof one);
}

static gboolean
on_woken (gpointer data)
{
  Player *player = data;
  guint64 value;

  if (!player->is_event)
    bench_check (read (eventfds[self], &value, sizeof value) == sizeof value);

  player->n_left--;
  if (self == 1 || player->n_left > 0)
    wake_loop (player);

  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_fd (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs fd_funcs = { NULL, NULL, dispatch_fd, NULL };

static GSource *
create_source (gboolean is_event)
{
  GSource *source;

  if (is_event)
    return shm_shared_memory_create_event_source (block, PLACE (self), 0, NULL, NULL);

  source = g_source_new (&fd_funcs, sizeof (GSource));
  g_source_add_unix_fd (source, eventfds[self], G_IO_IN);

  return source;
}

static void
play_with_source (gboolean is_event)
{
  g_autoptr (GSource) source = create_source (is_event);
  Player player = { is_event, TURNS };

  g_source_set_callback (source, on_woken, &player, NULL);
  g_source_attach (source, NULL);
  if (self == 0)
    wake_loop (&player);
  while (player.n_left > 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
}

typedef struct
{
  guint32 seen;
  gboolean is_over;
} AsyncPlayer;

static void
on_advanced (GObject *object, GAsyncResult *result, gpointer data)
{
  AsyncPlayer *player = data;

  player->seen = shm_shared_memory_event_wait_finish (block, result, NULL);
  if (self == 1 || player->seen < TURNS)
    shm_shared_memory_event_advance (block, PLACE (!self), NULL);
  player->is_over = player->seen == TURNS;
  if (!player->is_over)
    shm_shared_memory_event_wait_async (block, PLACE (self), player->seen, -1, NULL, on_advanced,
                                        player);
}

static void
play_async (void)
{
  AsyncPlayer player = { 0 };

  shm_shared_memory_event_wait_async (block, PLACE (self), 0, -1, NULL, on_advanced, &player);
  if (self == 0)
    shm_shared_memory_event_advance (block, PLACE (1), NULL);
  while (!player.is_over)
    g_main_context_iteration (NULL, TRUE);
}

/* Rounds */

static const Blocked blocked[] = {
  { "limit: futex", futex_wake, futex_wait },
  { "blocked processes wake each other with an event", event_wake, event_wait },
  { "blocked processes wake each other with a word and wake (1)", word_wake, word_wait },
};
static const char *const loops[] = {
  "limit: eventfd",
  "main loops wake each other with an event, which a source waits for",
  "main loops wake each other with an event, with event_wait_async ()",
};

static void
play (guint kind)
{
  if (kind < G_N_ELEMENTS (blocked))
    play_blocked (&blocked[kind]);
  else if (kind < G_N_ELEMENTS (blocked) + 2)
    play_with_source (kind == G_N_ELEMENTS (blocked) + 1);
  else
    play_async ();
}

#define KINDS (G_N_ELEMENTS (blocked) + G_N_ELEMENTS (loops))
#define MEET  1024 /* the offset of two counters, with which the processes wait for each other */

static void
meet (void)
{
  gint32 *counters = (gpointer) ((guint8 *) shm_shared_memory_get_data (block, NULL) + MEET);
  const gint32 own = __atomic_add_fetch (&counters[self], 1, __ATOMIC_SEQ_CST);

  while (__atomic_load_n (&counters[!self], __ATOMIC_SEQ_CST) < own)
    g_usleep (20);
}

/* Returns the time of a turn in nanoseconds. */
static double
measure (guint kind)
{
  gint64 begin;

  meet ();
  if (self == 0)
    memset (get_word (0), 0, 128);
  meet ();
  begin = g_get_monotonic_time ();
  play (kind);

  return (g_get_monotonic_time () - begin) * 1000.0 / TURNS;
}

/* The kinds of a comparison take turns. */
static void
measure_rounds (guint first, guint n_kinds, double times[][ROUNDS])
{
  for (guint round = 0; round < ROUNDS; round++)
    for (guint turn = 0; turn < n_kinds; turn++)
      {
        const guint kind = first + (round + turn) % n_kinds;

        times[kind][round] = measure (kind);
      }
}

/* Compares a kind with its limit. */
static void
print_row (const char *title, const char *limit_name, const double *times, const double *limit)
{
  const char *const names[] = { "shmobj", limit_name };
  double pair[2][ROUNDS];

  memcpy (pair[0], times, sizeof pair[0]);
  memcpy (pair[1], limit, sizeof pair[1]);
  bench_print_rounds (title, G_N_ELEMENTS (names), names, pair[0], ROUNDS);
}

int
main (void)
{
  static double times[KINDS][ROUNDS];
  const guint first_loop = G_N_ELEMENTS (blocked);

  block = shm_shared_memory_create_anonymous (4096, 0, NULL);
  bench_check (block != NULL && shm_shared_memory_map (block, NULL));
  for (int i = 0; i < 2; i++)
    eventfds[i] = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);

  self = fork () == 0;
  if (self == 1)
    prctl (PR_SET_PDEATHSIG, SIGKILL);
  measure_rounds (0, G_N_ELEMENTS (blocked), times);
  measure_rounds (G_N_ELEMENTS (blocked), G_N_ELEMENTS (loops), times);
  meet ();
  if (self == 1)
    _exit (0);

  bench_begin ("waiting");
  for (guint i = 1; i < G_N_ELEMENTS (blocked); i++)
    print_row (blocked[i].name, blocked[0].name, times[i], times[0]);
  for (guint i = 1; i < G_N_ELEMENTS (loops); i++)
    print_row (loops[i], loops[0], times[first_loop + i], times[first_loop]);
  g_object_unref (block);

  return 0;
}
