/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model of how processes share the values of a list (shmobj/core/shm-list-sync.h), for the model
 * checker Spin, which goes through every order of the steps below and every place to die at.
 *
 * The protocol
 * ------------
 *
 * In shared memory are a lock (0, or its owner's number), a counter, room for one value in flight
 * with the index of its item, and a slot for each item. While the counter is even, every value
 * stands in its slot. While it is odd, the value of item flight_index is the one in flight, and
 * all others stand in their slots.
 *
 *     list_lock      a writer takes the lock when it is free or its owner is dead,
 *     list_recover   stores what a dead owner has left in flight,
 *     list_redo      notes its own value in the room,
 *     list_commit    makes the counter odd: from here on the value counts,
 *     list_store     stores the value in the slot,
 *     list_finish    makes the counter even,
 *     list_unlock    and releases the lock.
 *
 *     list_read      A reader copies the value from where the counter says it is,
 *     list_check     and starts again if the counter has moved meanwhile. It writes nothing.
 *
 * What is modelled
 * ----------------
 *
 * Two items, whose values have two words. At any time three writers may come to write: writer 1
 * item 0 and then item 1, writer 2 item 0, writer 3 item 1. Writers 1 and 2 can be killed, one or
 * both, before each of their steps, that is also between two words. One reader reads any item at
 * any time, as often as it likes. Every value is a number of its own, in both words.
 *
 * What is checked
 * ---------------
 *
 *   - Both words that a reader gets are of one value, and it is the value of this item that was
 *     committed last when list_check passed. So no value is torn, none is seen that was not
 *     committed, none that was committed is lost when its writer dies, and no read of an item
 *     gives an older value than an earlier read.
 *   - No two writers that are alive are between list_lock and list_unlock.
 *   - When a writer comes to list_unlock, the counter is even, and all slots have the values that
 *     were committed last.
 *   - All writers that are not killed end: none of them waits for ever (waiting is modelled as
 *     waiting, which in the end is an invalid end state), and nobody tries again for ever (pan -l
 *     looks for cycles without progress).
 *
 * Each step is needed: without it (-DWITHOUT_list_redo, and so on) one of these is violated.
 * test_model.py goes through them.
 *
 * What is taken for granted
 * -------------------------
 *
 *   - Sequential consistency: the fences in the code provide the order that the model assumes.
 *   - A word is read and written in one piece.
 *   - A number that was one participant's is never another's. If it were, a writer could see it
 *     dead, and then take the lock from the live one that has it by now.
 *   - A participant is dead only when it writes no more. From then on the kernel says so.
 *   - The counter does not wrap around.
 *   - All keep to the protocol. Stock CPython, which does not know it, and hostile peers are no
 *     part of the model, and neither are limits on waiting.
 *
 * By hand
 * -------
 *
 *     spin -a list.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan
 *     spin -a -DWRITES=1 list.pml && gcc -O2 -DNP -DNOREDUCE -o pan pan.c && ./pan -l
 *
 * and after an error, with the same -D, `spin -t -p -g list.pml` for the steps that led to it.
 * WRITES is how many values writers 1 and 2 write each. NOREDUCE, because a process that can be
 * killed at any step has no step that concerns nobody else.
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
byte counter;
byte flight_index;
Value flight;
Value slot[ITEMS];

/* What the kernel does: it knows who is alive, by number (0 is nobody's), and it kills. */

bool alive[4];
chan sigkill = [0] of { byte };

/* For the checks only: who is between list_lock and list_unlock, and what was committed last. */

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

/* Variables that are no longer needed are set to 0, so that fewer states differ. */

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
       :: counter % 2 == 1 ->
          slot[flight_index].word[0] = flight.word[0];
          slot[flight_index].word[1] = flight.word[1];
          counter++
       :: else
       fi;
#endif

list_redo:
#ifndef WITHOUT_list_redo
       flight_index = item;
       flight.word[0] = value;
       flight.word[1] = value;
#endif

list_commit:
       d_step
       {
#ifndef WITHOUT_list_commit
         counter++;
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
       counter++;
#endif

list_unlock:
       d_step
       {
         assert (counter % 2 == 0);
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
  bool in_flight;
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
       before = counter
     };
     in_flight = (before % 2 == 1 && flight_index == item);
     copy.word[0] = (in_flight -> flight.word[0] : slot[item].word[0]);
     copy.word[1] = (in_flight -> flight.word[1] : slot[item].word[1]);

list_check:
     atomic
     {
#ifndef WITHOUT_list_check
       if
       :: counter == before
       :: else -> goto list_read
       fi;
#endif
       assert (copy.word[0] == copy.word[1]);
       assert (copy.word[0] == last[item]);
       item = 0;
       before = 0;
       in_flight = false;
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
    /* The value of item i is i at first. */
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
