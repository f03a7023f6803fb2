/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls each operation of a table often enough to count its instructions. check-counts.py runs this
 * program in valgrind's tool callgrind, and compares the counts with instruction-counts.txt.
 *
 * The program calls each operation CALLS times, and then 2 * CALLS times, and lets callgrind write
 * the number of instructions after each of these loops. The difference of the two numbers is the
 * number of instructions of CALLS operations, without those of the loop's surroundings. */

#include "values.h"

#include <shmobj/shmobj.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#define CALLS     50
#define N_NUMBERS 10000
#define SIZE      4096

static char name[64];         /* the name of a block that each call creates and removes */
static char lasting_name[64]; /* the name of @block */
static char list_name[64];    /* the name of @list */
static ShmSharedMemory *block;
static ShmShareableList *list;    /* one value of each kind */
static ShmShareableList *numbers; /* the numbers from 0 to N_NUMBERS - 1 */
static GBytes *five_bytes, *many_bytes;
static GVariant *last;         /* the last value of @numbers */
static volatile gint64 result; /* so that the compiler does not leave a call out */

static void
check_call (gboolean good)
{
  if (!good)
    {
      g_printerr ("a counted call failed\n");
      abort ();
    }
}

#define OPERATION(function, statement)                                                             \
  static void function (void) { statement; }

/* Values of a list */

OPERATION (get_int, result = shm_shareable_list_get_int64 (list, AN_INT, NULL))
OPERATION (set_int, check_call (shm_shareable_list_set_int64 (list, AN_INT, 7, NULL)))
OPERATION (get_double, result = shm_shareable_list_get_double (list, A_DOUBLE, NULL))
OPERATION (set_double, check_call (shm_shareable_list_set_double (list, A_DOUBLE, 0.5, NULL)))
OPERATION (get_boolean, result = shm_shareable_list_get_boolean (list, A_BOOLEAN, NULL))
OPERATION (set_boolean, check_call (shm_shareable_list_set_boolean (list, A_BOOLEAN, TRUE, NULL)))
OPERATION (get_text, g_free (shm_shareable_list_get_string (list, A_TEXT, NULL)))
OPERATION (set_text, check_call (shm_shareable_list_set_string (list, A_TEXT, "howdy", NULL)))
OPERATION (get_long, g_free (shm_shareable_list_get_string (list, A_LONG_TEXT, NULL)))
OPERATION (set_long,
           check_call (shm_shareable_list_set_string (list, A_LONG_TEXT, LONG_TEXT, NULL)))
OPERATION (get_bytes, g_bytes_unref (shm_shareable_list_get_bytes (list, SOME_BYTES, NULL)))
OPERATION (set_bytes,
           check_call (shm_shareable_list_set_bytes (list, SOME_BYTES, five_bytes, NULL)))
OPERATION (get_kind, result = shm_shareable_list_get_value_kind (list, NOTHING, NULL))
OPERATION (set_none, check_call (shm_shareable_list_set_none (list, NOTHING, NULL)))
OPERATION (count, result = shm_shareable_list_count (numbers, last, NULL))
OPERATION (find, check_call (shm_shareable_list_find (numbers, last, NULL, NULL)))

/* Blocks */

OPERATION (get_number, result = shm_shared_memory_get_int64 (block, 8, NULL))
OPERATION (set_number, check_call (shm_shared_memory_set_int64 (block, 8, 7, NULL)))
OPERATION (read_bytes, g_bytes_unref (shm_shared_memory_read (block, 0, 64, NULL)))
OPERATION (write_bytes, check_call (shm_shared_memory_write (block, 0, many_bytes, NULL)))

static void
create (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_create (name, SIZE, 0, NULL);

  check_call (shm_shared_memory_close (shm, NULL) && shm_shared_memory_unlink (shm, NULL));
}

static void
attach (void)
{
  g_autoptr (ShmSharedMemory) shm = shm_shared_memory_attach (lasting_name, 0, NULL);

  check_call (shm_shared_memory_close (shm, NULL));
}

static void
attach_list (void)
{
  g_autoptr (ShmShareableList) attached = shm_shareable_list_attach (list_name, 0, NULL);

  check_call (shm_shared_memory_close (shm_shareable_list_get_shared_memory (attached), NULL));
}

static const struct
{
  const char *title;
  void (*call) (void);
  int n_units; /* how often a call does what is counted: once, or once per value */
} operations[] = {
  { "list: get an int", get_int, 1 },
  { "list: set an int", set_int, 1 },
  { "list: get a double", get_double, 1 },
  { "list: set a double", set_double, 1 },
  { "list: get a boolean", get_boolean, 1 },
  { "list: set a boolean", set_boolean, 1 },
  { "list: get a text of 5 bytes", get_text, 1 },
  { "list: set a text of 5 bytes", set_text, 1 },
  { "list: get a text of 96 bytes", get_long, 1 },
  { "list: set a text of 96 bytes", set_long, 1 },
  { "list: get 5 bytes", get_bytes, 1 },
  { "list: set 5 bytes", set_bytes, 1 },
  { "list: get the kind of a value", get_kind, 1 },
  { "list: set nothing", set_none, 1 },
  { "list: count, for each int", count, N_NUMBERS },
  { "list: find, for each int", find, N_NUMBERS },
  { "list: attach, close", attach_list, 1 },
  { "block: get an int", get_number, 1 },
  { "block: set an int", set_number, 1 },
  { "block: read 64 bytes", read_bytes, 1 },
  { "block: write 64 bytes", write_bytes, 1 },
  { "block: create, close, unlink", create, 1 },
  { "block: attach, close", attach, 1 },
};

static void
count_instructions (const char *title, void (*call) (void), int n_units, int calls)
{
  g_autofree char *label = g_strdup_printf ("%d\t%s", calls * n_units, title);

  CALLGRIND_ZERO_STATS;
  for (int i = 0; i < calls; i++)
    call ();
  CALLGRIND_DUMP_STATS_AT (label);
}

static void
create_numbers (void)
{
  gint64 integers[N_NUMBERS];

  for (int i = 0; i < N_NUMBERS; i++)
    integers[i] = i;
  numbers = shm_shareable_list_create (g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, integers,
                                                                  N_NUMBERS, sizeof *integers),
                                       NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  last = g_variant_ref_sink (g_variant_new_int64 (N_NUMBERS - 1));
}

int
main (void)
{
  /* The length of the names is always the same, because it influences the counts. */
  g_snprintf (name, sizeof name, "shmobj-count-%08d", getpid ());
  g_snprintf (lasting_name, sizeof lasting_name, "shmobj-block-%08d", getpid ());
  g_snprintf (list_name, sizeof list_name, "shmobj-list-%08d", getpid ());

  five_bytes = g_bytes_new_static ("HoWdY", 5);
  many_bytes = g_bytes_new_static (LONG_TEXT, 64);
  block = shm_shared_memory_create (lasting_name, SIZE, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
  list = shm_shareable_list_create (bench_make_values (), list_name, SHM_CREATE_UNLINK_ON_CLOSE,
                                    NULL);
  create_numbers ();
  check_call (block != NULL && list != NULL && numbers != NULL);

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      const int calls = operations[i].n_units > 1 ? 1 : CALLS;

      /* The first calls also initialize what is initialized once in a process. */
      for (int warm_up = 0; warm_up < 3; warm_up++)
        operations[i].call ();
      for (int times = 1; times <= 2; times++)
        count_instructions (operations[i].title, operations[i].call, operations[i].n_units,
                            times * calls);
    }

  g_variant_unref (last);
  g_bytes_unref (five_bytes);
  g_bytes_unref (many_bytes);
  g_object_unref (numbers);
  g_object_unref (list);
  g_object_unref (block);

  return 0;
}
