/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two threads use two classes for the first time at the same moment. GObject registers types and
 * initializes classes while it holds its own locks. The two threads must not deadlock. */

#include "shm-test.h"

#include <stdlib.h>

/* Each round runs in a new process, which has not used the classes yet. The environment variable
 * limits the number of rounds under Valgrind: Valgrind runs one thread at a time, so that more
 * rounds do not find more races. */
static int
get_rounds (void)
{
  const char *rounds = g_getenv ("SHMOBJ_TYPES_ROUNDS");

  return rounds != NULL ? atoi (rounds) : 100;
}

static int waiting; /* (atomic): the number of threads that are ready */

static void
wait_for_other_thread (void)
{
  g_atomic_int_inc (&waiting);
  while (g_atomic_int_get (&waiting) < 2)
    ;
}

static gpointer
use_block (gpointer data)
{
  wait_for_other_thread ();
  g_object_unref (shm_shared_memory_create_anonymous (100, 0, NULL));

  return NULL;
}

static gpointer
use_list (gpointer data)
{
  g_autoptr (GVariant) values = g_variant_ref_sink (g_variant_new ("(x)", G_GINT64_CONSTANT (1)));

  wait_for_other_thread ();
  g_object_unref (shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL));

  return NULL;
}

static gpointer
use_manager (gpointer data)
{
  wait_for_other_thread ();
  g_object_unref (shm_manager_new ("@name", NULL, SHM_MANAGER_NONE));

  return NULL;
}

static void
run_race (GThreadFunc one, GThreadFunc other)
{
  const int rounds = get_rounds ();

  for (int i = 0; i < rounds; i++)
    {
      pid_t child;

      test_fork (child);
      if (child == 0)
        {
          GThread *thread = g_thread_new ("first use", one, NULL);

          alarm (TEST_TIMEOUT_SECONDS);
          other (NULL);
          g_thread_join (thread);
          execl ("/bin/true", "true", NULL);
        }
      test_join (child);
    }
}

static void
test_list (void)
{
  run_race (use_block, use_list);
}

static void
test_manager (void)
{
  run_race (use_block, use_manager);
}

static void
test_list_and_manager (void)
{
  run_race (use_manager, use_list);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/types/list", test_list);
  g_test_add_func ("/types/manager", test_manager);
  g_test_add_func ("/types/list-and-manager", test_list_and_manager);

  return g_test_run ();
}
