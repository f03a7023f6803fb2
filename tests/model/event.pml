/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model for the model checker Spin. It describes how processes advance an event, and how a thread
 * and a main loop wait for it (shmobj/core/shm-event.h). Spin tries each order of the steps below,
 * and kills one of the advancing processes at each step.
 *
 * The protocol
 * ------------
 *
 *     event_watch    A main loop watches the block, so that a touch wakes it from now on.
 *     event_arm      The thread or the main loop sets its bit, and increases the generation.
 *     event_look     It looks at the sequence number once more. If the number is the one that it
 *                    has seen, it sleeps. For a thread, the kernel does both in one step.
 *
 *     event_before   An advancing process loads the word with the bits, increases the sequence
 *                    number, and then loads the word again. If a bit is set:
 *     event_wake     It wakes all threads,
 *     event_touch    touches the block, which wakes all main loops,
 *     event_clear    and clears the bits, if the word was the same all the time. Otherwise somebody
 * may have armed the event after seeing the new number: this sleeper waits for the
 *                    next number, and still needs its bit.
 *
 * What is modelled
 * ----------------
 *
 * One thread waits again and again, or, with -DLOOP, one main loop. Two processes advance the
 * event, one of them once and the other one twice. With -DKILL, both advance it once, and the first
 * of them can be killed before each of its steps. When nothing happens any more, the event is
 * advanced once more. There is no second look after a second: every wake-up must arrive without it.
 *
 * What is checked
 * ---------------
 *
 *   - When nothing happens any more, the thread or the main loop sleeps, and has seen the last
 *     sequence number, unless a process was killed. Then the bit is still set.
 *   - After the last advance, it has seen the last number in any case.
 * - When nobody waits any more, at most one further advance wakes somebody in vain. The others need
 *     no system call.
 *
 * Each step is necessary, and so is the generation: test_event_model.py leaves out one after the
 * other (-DWITHOUT_event_arm, and so on), and one of these checks fails.
 *
 * Assumptions: sequential consistency, which the code asks for, and neither the sequence number nor
 * the generation wraps around meanwhile. */

#define THREADS 1
#define LOOPS   2
#define BITS    3

#ifdef WITHOUT_generation
#define GENERATION 0
#else
#define GENERATION 4
#endif

byte sequence, armed;
bool is_thread_asleep, is_watching, is_touched;
byte seen; /* by the thread or the main loop */
byte n_ended, n_rings;
bool is_killed, is_over;

#define ARM(bit)                                                                                   \
  atomic                                                                                           \
  {                                                                                                \
    armed = (armed + GENERATION) | bit;                                                            \
  }

/* A process that can be killed ends here, or goes on. */
#define MAY_DIE                                                                                    \
  if                                                                                               \
  :: can_die -> is_killed = true; goto dead                                                        \
  :: true                                                                                          \
  fi

/* Advances the event in the steps of the code. */
#define ADVANCE                                                                                    \
  MAY_DIE;                                                                                         \
  LOAD_BEFORE;                                                                                     \
  sequence++;                                                                                      \
  MAY_DIE;                                                                                         \
  loaded = armed;                                                                                  \
  if                                                                                               \
  :: (loaded & BITS) != 0 ->                                                                       \
     n_rings++;                                                                                    \
     MAY_DIE;                                                                                      \
     WAKE;                                                                                         \
     MAY_DIE;                                                                                      \
     TOUCH;                                                                                        \
     MAY_DIE;                                                                                      \
     CLEAR                                                                                         \
  :: else                                                                                          \
  fi

#ifdef WITHOUT_event_before
#define LOAD_BEFORE skip
#define IS_CLEARABLE (armed == loaded)
#else
#define LOAD_BEFORE before = armed
#define IS_CLEARABLE (armed == loaded && loaded == before)
#endif

#ifdef WITHOUT_event_wake
#define WAKE skip
#else
#define WAKE                                                                                       \
  if                                                                                               \
  :: (loaded & THREADS) != 0 -> is_thread_asleep = false                                           \
  :: else                                                                                          \
  fi
#endif

#ifdef WITHOUT_event_touch
#define TOUCH skip
#else
#define TOUCH                                                                                      \
  if                                                                                               \
  :: (loaded & LOOPS) != 0 -> is_touched = is_watching                                             \
  :: else                                                                                          \
  fi
#endif

#ifdef WITHOUT_event_clear
#define CLEAR skip
#else
#define CLEAR                                                                                      \
  atomic                                                                                           \
  {                                                                                                \
    if                                                                                             \
    :: IS_CLEARABLE -> armed = armed - (armed & BITS)                                           \
    :: else                                                                                        \
    fi                                                                                             \
  }
#endif

proctype thread ()
{
  do
  :: is_over -> break
  :: !is_over && seen != sequence -> seen = sequence
  :: !is_over && seen == sequence ->
#ifndef WITHOUT_event_arm
     ARM (THREADS);
#endif
     atomic
     {
       if
#ifndef WITHOUT_event_look
       :: seen != sequence
       :: seen == sequence -> is_thread_asleep = true
#else
       :: true -> is_thread_asleep = true
#endif
       fi
     }
end: !is_thread_asleep
  od
}

proctype loop ()
{
#ifndef WITHOUT_event_watch
  is_watching = true;
#endif
  do
  :: is_over -> break
  :: !is_over && seen != sequence -> seen = sequence
  :: !is_over && seen == sequence ->
#ifndef WITHOUT_event_arm
     ARM (LOOPS);
#endif
     /* After a touch for something else, the main loop sleeps again without arming. */
     do
     :: is_over -> break
#ifndef WITHOUT_event_look
     :: !is_over && seen != sequence -> break
     :: !is_over && seen == sequence ->
#else
     :: !is_over ->
#endif
end:    is_touched;
        is_touched = false;
        if
        :: seen != sequence -> break
        :: else
        fi
     od
  od
}

proctype advancer (bool can_die; byte n)
{
  byte before, loaded, i;

  for (i : 1 .. n)
    {
      ADVANCE;
    }
dead:
  n_ended++
}

init
{
  bool can_die = false;
  byte before, loaded;

  atomic
  {
#ifdef LOOP
    run loop ();
#else
    run thread ();
#endif
#ifdef KILL
    run advancer (true, 1);
    run advancer (false, 1)
#else
    run advancer (false, 1);
    run advancer (false, 2)
#endif
  }

  (n_ended == 2);
  timeout;
  assert (seen == sequence || (is_killed && (armed & BITS) != 0));

  ADVANCE;
  timeout;
  assert (seen == sequence);

  is_over = true;
  ADVANCE;
  timeout;
  n_rings = 0;
  ADVANCE;
  ADVANCE;
  assert (n_rings <= 1);
dead:
  skip
}
