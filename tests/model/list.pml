/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model of how several processes use the values of a list (shmobj/core/shm-list-sync.h), for the
 * model checker Spin. Spin goes through every order of the steps below, and through every step at
 * which a process can be killed.
 *
 * The protocol
 * ------------
 *
 * Shared memory holds a lock (0, or the number of the lock owner), a sequence counter, a redo record
 * with the index of its item, and a slot for each item. While the sequence counter is even, all
 * values are in their slots. While it is odd, the value of item redo_index is in the redo record, and
 * all other values are in their slots.
 *
 *     list_lock      A writer takes the lock if it is free or after owner death,
 *     list_recover   stores the value that a dead owner has left in the redo record,
 *     list_redo      writes its own value to the redo record,
 *     list_commit    makes the sequence counter odd: this commits the value,
 *     list_store     stores the value in the slot,
 *     list_finish    makes the sequence counter even,
 *     list_unlock    and releases the lock.
 *
 *     list_read      A reader copies the value from where the sequence counter says it is,
 *     list_check     and starts again if the counter has changed. It writes nothing.
 *
 * What is modelled
 * ----------------
 *
 * There are two items, whose values have two words. Three writers can write at any time: writer 1
 * writes item 0 and then item 1, writer 2 writes item 0, writer 3 writes item 1. Writers 1 and 2 can
 * be killed, one or both of them, before each of their steps, also between two words. One reader
 * reads any item at any time, any number of times. Every value is a number of its own, in both words.
 *
 * What is checked
 * ---------------
 *
 *   - Both words that a reader gets belong to one value. It is the value of this item that was
 *     committed last when list_check passed. So no value is torn, no value is seen that was not
 *     committed, no committed value is lost when its writer dies, and no read of an item gives an
 *     older value than an earlier read.
 *   - No two living writers are between list_lock and list_unlock.
 *   - When a writer is at list_unlock, the sequence counter is even, and all slots have the values
 *     that were committed last.
 *   - All writers that are not killed end: none of them waits for ever (a wait is modelled as a
 *     blocked process, so an endless wait is an invalid end state), and no process tries again for
 *     ever (pan -l looks for cycles without progress).
 *
 * Each step is needed: without it (-DWITHOUT_list_redo, and so on) one of these checks fails.
 * test_model.py leaves out each step in turn.
 *
 * Assumptions
 * -----------
 *
 *   - Sequential consistency. The fences in the code provide the order that the model assumes.
 *   - A word is read and written atomically.
 *   - No two lock owners ever have the same number. Otherwise a writer could find that the owner of
 *     a number is dead, and then take the lock from a living owner of the same number.
 *   - A lock owner is dead only when it writes no more. From then on the kernel reports its death.
 *   - The sequence counter does not wrap around.
 *   - All processes follow the protocol. Stock CPython, which does not know it, and hostile
 *     processes are not part of the model, and neither are timeouts.
 *
 * How to run it by hand
 * ---------------------
 *
 *     spin -a list.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan
 *     spin -a -DWRITES=1 list.pml && gcc -O2 -DNP -DNOREDUCE -o pan pan.c && ./pan -l
 *
 * After an error, `spin -t -p -g list.pml` with the same -D prints the steps that led to it. WRITES
 * is how many values writers 1 and 2 write each. NOREDUCE is needed because a process that can be
 * killed at any step has no step that is independent of all other processes.
 */

#define ITEMS 2

#ifdef WRITES
#define WRITES_OF_1 WRITES
#define WRITES_OF_2 WRITES
#else
#define WRITES_OF_1 2
#define WRITES_OF_2 1
#endif

typedef Value
{
  byte word[2]
}

/* Shared memory */

byte lock;
byte sequence;
byte redo_index;
Value redo;
Value slot[ITEMS];

/* The kernel: it knows by number which lock owners are alive (0 is no number of an owner), and it
 * kills processes. */

bool alive[4];
chan sigkill = [0] of { byte };

/* For the checks only: which writers are between list_lock and list_unlock, and the last committed
 * value of each item. */

bool inside[4];
byte last[ITEMS];

inline enter ()
{
  d_step
  {
    inside[me] = true;
    assert (inside[1] + inside[2] + inside[3] == 1)
  }
}

/* Variables that are no longer needed are set to 0, so that the model has fewer different states. */

proctype writer (byte me; byte writes)
{
  byte n, item, value, owner;

  {
    do
    :: n < writes ->
       item = (me / 3 + n) % ITEMS;
       value = ITEMS + 2 * me + n;

list_lock:
#ifdef WITHOUT_list_lock
       enter ();
#else
       do
       :: atomic { lock == 0 -> lock = me; enter () };
          break
       :: atomic { lock != 0 -> owner = lock };
          if
          :: !alive[owner] ->
             if
             :: atomic { lock == owner -> lock = me; owner = 0; enter () };
                break
             :: atomic { lock != owner -> owner = 0 }
             fi
          :: atomic { alive[owner] && lock != owner -> owner = 0 }
          fi
       od;
#endif

list_recover:
#ifndef WITHOUT_list_recover
       if
       :: sequence % 2 == 1 ->
          slot[redo_index].word[0] = redo.word[0];
          slot[redo_index].word[1] = redo.word[1];
          sequence++
       :: else
       fi;
#endif

list_redo:
#ifndef WITHOUT_list_redo
       redo_index = item;
       redo.word[0] = value;
       redo.word[1] = value;
#endif

list_commit:
       d_step
       {
#ifndef WITHOUT_list_commit
         sequence++;
#endif
         last[item] = value
       };

list_store:
#ifndef WITHOUT_list_store
       slot[item].word[0] = value;
       slot[item].word[1] = value;
#endif

list_finish:
#ifndef WITHOUT_list_finish
       sequence++;
#endif

list_unlock:
       d_step
       {
         assert (sequence % 2 == 0);
         assert (slot[0].word[0] == last[0] && slot[0].word[1] == last[0]);
         assert (slot[1].word[0] == last[1] && slot[1].word[1] == last[1]);
         inside[me] = false;
#ifndef WITHOUT_list_unlock
         lock = 0;
#endif
         item = 0;
         value = 0;
         n++
       }
    :: else -> break
    od;

    n = 0
  }
  unless
  {
    atomic
    {
      sigkill ? eval (me);
      alive[me] = false;
      inside[me] = false;
      n = 0;
      item = 0;
      value = 0;
      owner = 0
    }
  }
}

proctype reader ()
{
  byte item, before;
  bool is_redo;
  Value copy;

progress:
  do
  :: atomic
     {
       if
       :: item = 0
       :: item = 1
       fi;

list_read:
       before = sequence
     };
     is_redo = (before % 2 == 1 && redo_index == item);
     copy.word[0] = (is_redo -> redo.word[0] : slot[item].word[0]);
     copy.word[1] = (is_redo -> redo.word[1] : slot[item].word[1]);

list_check:
     atomic
     {
#ifndef WITHOUT_list_check
       if
       :: sequence == before
       :: else -> goto list_read
       fi;
#endif
       assert (copy.word[0] == copy.word[1]);
       assert (copy.word[0] == last[item]);
       item = 0;
       before = 0;
       is_redo = false;
       copy.word[0] = 0;
       copy.word[1] = 0
     }
  :: break
  od
}

inline start (number, writes)
{
  alive[number] = true;
  run writer (number, writes)
}

init
{
  atomic
  {
    /* The first value of item i is i. */
    slot[1].word[0] = 1;
    slot[1].word[1] = 1;
    last[1] = 1;

    start (1, WRITES_OF_1);
    start (2, WRITES_OF_2);
    start (3, 1);
    run reader ()
  };

  do
  :: sigkill ! 1
  :: sigkill ! 2
  :: break
  od
}
