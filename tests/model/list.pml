/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model for the model checker Spin. It describes how several processes read and write the values
 * of a list (shmobj/core/shm-list-sync.h). Spin tries each order of the steps below, and kills
 * processes at each step.
 *
 * The protocol
 * ------------
 *
 * Shared memory holds a lock (0, or the number of the lock owner), a sequence counter, a redo
 * record with the index of its item, and a slot for each item. While the sequence counter is even,
 * all values are in their slots. While the sequence counter is odd, the value of item redo_index is
 * in the redo record, and all other values are in their slots.
 *
 *     list_lock      A writer takes the lock if it is free, or after owner death.
 *     list_recover   If the sequence counter is odd, the writer stores the committed value of the
 *                    dead owner from the redo record in its slot.
 *     list_ring      If a watcher has armed the list, the writer wakes it and disarms the list.
 *     list_redo      The writer writes its own value to the redo record.
 *     list_commit    It makes the sequence counter odd. This commits the value.
 *     list_store     It stores the value in the slot.
 *     list_finish    It makes the sequence counter even.
 *     list_unlock    It releases the lock.
 *
 *     list_read      A reader copies the value from the redo record or from the slot, depending on
 *                    the sequence counter.
 *     list_check     The reader starts again if the sequence counter has changed. A reader writes
 *                    nothing.
 *
 *     list_look      A watcher, which shows all values, copies them. It looks again if the sequence
 *                    counter has changed, or if a living owner holds the lock.
 *     list_arm       Otherwise it arms the list and looks at the lock and at the counter once more.
 *                    If both are the same, it sleeps until it is woken.
 *
 * What is modelled
 * ----------------
 *
 * There are two items. Each value has two words. Three writers can write at any time: writer 1
 * writes item 0 and then item 1, writer 2 writes item 0, writer 3 writes item 1. Writer 1, writer 2
 * or both can be killed before each of their steps, also between two words. One reader reads any
 * item at any time, any number of times. Each value is a different number, and both of its words
 * have this number.
 *
 * With -DWATCHER, the model has a watcher in place of the reader, and no writer 3.
 *
 * What is checked
 * ---------------
 *
 *   - Both words that a reader gets belong to one value. It is the last value of this item that was
 *     committed before list_check succeeded. So no value is torn, and a reader never sees a value
 *     that was not committed. No committed value is lost when its writer dies. No read of an item
 *     returns an older value than an earlier read.
 *   - No two living writers are between list_lock and list_unlock.
 *   - When a writer is at list_unlock, the sequence counter is even, and all slots have the values
 *     that were committed last.
 *   - All writers that are not killed end. No writer waits for ever: a wait is modelled as a
 *     blocked process, so an endless wait is an invalid end state. No process tries again for ever:
 *     pan -l looks for cycles without progress.
 *   - When all writers have ended or are killed, the watcher sleeps, and it has shown the values that
 *     were committed last.
 *
 * Each step is necessary: if one step is left out (-DWITHOUT_list_redo, and so on), one of these
 * checks fails. test_model.py leaves out each step in turn. With -DRING_AFTER_COMMIT, the writer
 * rings after list_commit: a writer that is killed in between leaves a watcher asleep.
 * -DWITHOUT_second_look leaves out the part of list_arm after arming.
 *
 * Assumptions
 * -----------
 *
 *   - Sequential consistency. The orders in the code provide what the model assumes: the litmus tests
 *     in this folder check this.
 *   - A word is read and written atomically.
 *   - No two lock owners ever have the same number. Otherwise a writer could see that the owner
 *     with a number is dead, and then take the lock from a living owner with the same number.
 *   - A lock owner is dead only after its last write. From then on, the kernel reports its death.
 *   - The sequence counter does not wrap around.
 *   - A touch of the block reaches all watchers. The generation in the word `armed` is not modelled:
 *     a writer disarms the list while it holds the lock, and no watcher falls asleep meanwhile.
 *   - All processes follow the protocol. The model does not include stock CPython, which does not
 *     know the protocol, hostile processes, or timeouts.
 *
 * How to run it by hand
 * ---------------------
 *
 *     spin -a list.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan
 *     spin -a -DWRITES=1 list.pml && gcc -O2 -DNP -DNOREDUCE -o pan pan.c && ./pan -l
 *
 * After an error, `spin -t -p -g list.pml` with the same -D options prints the steps that led to
 * the error. WRITES is the number of values that writer 1 and writer 2 each write. NOREDUCE is
 * necessary: a process can be killed at each step, so no step is independent of all other
 * processes.
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
bool armed;
byte redo_index;
Value redo;
Value slot[ITEMS];

/* The kernel: it knows which lock owners are alive, by their numbers (no owner has the number 0).
 * It also kills processes. */

bool alive[4];
bool touched;
chan sigkill = [0] of { byte };

/* Variables that only the checks use: the writers that are between list_lock and list_unlock, and
 * the last committed value of each item. */

bool inside[4];
byte last[ITEMS];
byte shown[ITEMS];
bool asleep;

inline enter ()
{
  d_step
  {
    inside[me] = true;
    assert (inside[1] + inside[2] + inside[3] == 1)
  }
}

inline ring ()
{
  if
  :: armed -> touched = true;
     armed = false
  :: else
  fi
}

/* The processes set variables to 0 when they no longer need them, so that the model has fewer
 * states. */

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

list_ring:
#if defined (WATCHER) && !defined (WITHOUT_list_ring) && !defined (RING_AFTER_COMMIT)
       ring ();
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
#ifdef RING_AFTER_COMMIT
       ring ();
#endif

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

#ifndef WATCHER
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
#else
proctype watcher ()
{
  byte before, owner;
  Value copy[ITEMS];

progress:
  do
  :: before = sequence;

list_look:
#ifdef WITHOUT_list_look
     owner = lock;
#else
     copy[0].word[0] = (before % 2 == 1 && redo_index == 0 -> redo.word[0] : slot[0].word[0]);
     copy[0].word[1] = (before % 2 == 1 && redo_index == 0 -> redo.word[1] : slot[0].word[1]);
     copy[1].word[0] = (before % 2 == 1 && redo_index == 1 -> redo.word[0] : slot[1].word[0]);
     copy[1].word[1] = (before % 2 == 1 && redo_index == 1 -> redo.word[1] : slot[1].word[1]);
     atomic
     {
       if
       :: sequence == before ->
          assert (copy[0].word[0] == copy[0].word[1] && copy[1].word[0] == copy[1].word[1]);
          shown[0] = copy[0].word[0];
          shown[1] = copy[1].word[0]
       :: else -> goto look_again
       fi;
       copy[0].word[0] = 0;
       copy[0].word[1] = 0;
       copy[1].word[0] = 0;
       copy[1].word[1] = 0
     };
     atomic
     {
       owner = lock;
       if
       :: owner == 0 || !alive[owner]
       :: else -> goto look_again
       fi
     };
#endif

list_arm:
#ifndef WITHOUT_list_arm
     armed = true;
#endif
#ifndef WITHOUT_second_look
     if
     :: lock == owner
     :: else -> goto look_again
     fi;
     if
     :: sequence == before
     :: else -> goto look_again
     fi;
#endif

     owner = 0;
     asleep = true;
end_asleep:
     atomic { touched -> touched = false; asleep = false };
look_again:
     owner = 0
  od
}
#endif

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
    shown[1] = 1;
#ifdef WATCHER
    run watcher ()
#else
    start (3, 1);
    run reader ()
#endif
  };

  do
  :: sigkill ! 1
  :: sigkill ! 2
  :: break
  od;

#ifdef WATCHER
end_over:
  timeout -> assert (asleep && shown[0] == last[0] && shown[1] == last[1])
#endif
}
