/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that kill or stop a writer at each labelled step. Then other processes must read either the
 * old value or the new value. After the death of the writer, they must be able to write at once.
 * The model in tests/model has the same steps. */

#include "shm-test.h"

#include "core/shm-list-steps.h"

#include <stdlib.h>

/* Raising a signal at a step */

static int steps_reached;
static int step_to_act_at;
static int signal_to_raise;

static void
act_at_step (ShmStep step)
{
  if (steps_reached++ == step_to_act_at)
    raise (signal_to_raise);
}

static void
arm_signal (int step, int signal)
{
  steps_reached = 0;
  step_to_act_at = step;
  signal_to_raise = signal;
  shm_test_hook = act_at_step;
}

/* Values of all kinds and sizes: some have a length mark, a length record or a hash */

static GVariant *
make_bytes (gsize length, guint8 byte, gsize nuls)
{
  guint8 *bytes = g_malloc0 (length + nuls);

  memset (bytes, byte, length);

  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes,
                                                      length + nuls, TRUE, g_free, bytes));
}

typedef struct
{
  const char *name;
  GVariant *old_value;
  GVariant *new_value;
} Change;

#define parse(text) g_variant_ref_sink (g_variant_new_parsed (text))

static GVariant *
make_list_of (GVariant *value)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  g_variant_builder_add (&builder, "v", value);
  g_variant_builder_add (&builder, "v", g_variant_new_int64 (7));

  return g_variant_builder_end (&builder);
}

static ShmShareableList *
make_list (GVariant *value)
{
  g_autoptr (GError) error = NULL;
  ShmShareableList *list;

  list = shm_shareable_list_create (make_list_of (value), NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);

  return list;
}

static const char *
list_name (ShmShareableList *list)
{
  return shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list));
}

/* g_variant_equal() is too slow: it prints the bytes in order to compare them. */
static gboolean
is_same (GVariant *a, GVariant *b)
{
  return g_str_equal (g_variant_get_type_string (a), g_variant_get_type_string (b))
         && g_variant_get_size (a) == g_variant_get_size (b)
         && memcmp (g_variant_get_data (a), g_variant_get_data (b), g_variant_get_size (a)) == 0;
}

static gboolean
reads_as (ShmShareableList *list, GVariant *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) found = shm_shareable_list_get_value (list, 0, &error);

  g_assert_no_error (error);

  return is_same (found, value);
}

/* Checks that all functions that read a value return the same value, the old or the new one.
 * Returns whether this value is the new one. */
static gboolean
assert_old_or_new (ShmShareableList *list, const Change *change)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) all = shm_shareable_list_copy_values (list, &error);
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GVariant) second = NULL;
  const gboolean is_new = reads_as (list, change->new_value);

  g_assert_no_error (error);
  g_assert_true (is_new || reads_as (list, change->old_value));

  g_variant_get_child (all, 0, "v", &first);
  g_variant_get_child (all, 1, "v", &second);
  g_assert_true (is_same (first, is_new ? change->new_value : change->old_value));
  g_assert_cmpint (g_variant_get_int64 (second), ==, 7);

  return is_new;
}

/* Writes the first value of the list with the function for its kind. */
static gboolean
set_first (ShmShareableList *list, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return shm_shareable_list_set_int64 (list, 0, g_variant_get_int64 (value), NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return shm_shareable_list_set_double (list, 0, g_variant_get_double (value), NULL);

  return shm_shareable_list_set_value (list, 0, value, NULL);
}

/* Writes the value in a child, which raises @signal at @step. If @is_owner is TRUE, the child has
 * written before. Returns the process ID of the child if it was stopped, or 0 if it has ended. */
static int
run_writer (ShmShareableList *list, GVariant *value, gboolean is_owner, int step, int signal)
{
  int status;
  pid_t child;

  test_fork (child);
  if (child == 0)
    {
      if (is_owner)
        g_assert_true (shm_shareable_list_set_int64 (list, 1, 7, NULL));
      arm_signal (step, signal);
      _exit (set_first (list, value) ? 0 : 1);
    }
  g_assert_cmpint (waitpid (child, &status, WUNTRACED), ==, child);
  if (WIFSTOPPED (status))
    return child;
  if (WIFSIGNALED (status))
    g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);

  return 0;
}

/* Returns the number of steps of a write. If @is_owner is TRUE, the process has written before, and
 * so is a lock owner already. */
static int
count_steps (const Change *change, gboolean is_owner)
{
  g_autoptr (ShmShareableList) list = make_list (change->old_value);

  if (is_owner)
    g_assert_true (shm_shareable_list_set_int64 (list, 1, 7, NULL));
  arm_signal (-1, 0);
  g_assert_true (set_first (list, change->new_value));
  shm_test_hook = NULL;

  return steps_reached;
}

static void
assert_writable (ShmShareableList *list)
{
  g_autoptr (GError) error = NULL;

  /* If the lock were still held, a write would fail with TIMED_OUT. */
  g_assert_true (shm_shareable_list_set_int64 (list, 1, 8, &error));
  g_assert_no_error (error);
  g_assert_true (shm_shareable_list_set_int64 (list, 1, 7, &error));
  g_assert_no_error (error);
}

static void
check_killed (const Change *change, gboolean is_owner)
{
  const int n_steps = count_steps (change, is_owner);
  int n_old = 0;
  int n_new = 0;

  g_assert_cmpint (n_steps, >=, 8);

  for (int step = 0; step < n_steps; step++)
    {
      g_autoptr (ShmShareableList) list = make_list (change->old_value);
      g_autoptr (ShmShareableList) reader
          = shm_shareable_list_attach (list_name (list), SHM_ATTACH_READ_ONLY, NULL);
      gboolean is_new;

      g_assert_nonnull (reader);
      g_assert_cmpint (run_writer (list, change->new_value, is_owner, step, SIGKILL), ==, 0);

      /* No process has recovered the list yet. */
      is_new = assert_old_or_new (reader, change);
      g_assert_cmpint (assert_old_or_new (list, change), ==, is_new);

      /* The next writer stores the committed value, and no value that was not committed. */
      assert_writable (list);
      g_assert_cmpint (assert_old_or_new (reader, change), ==, is_new);
      n_old += !is_new;
      n_new += is_new;
    }

  /* The writer was killed both before and after the commit. */
  g_assert_cmpint (n_old, >, 0);
  g_assert_cmpint (n_new, >, 0);
}

static void
test_killed (gconstpointer data)
{
  check_killed (data, FALSE);
  check_killed (data, TRUE);
}

/* The process that recovers the list after owner death is also killed, at each step. */
static void
test_killed_twice (gconstpointer data)
{
  const Change *change = data;
  const int n_steps = count_steps (change, FALSE);

  for (int first = n_steps - 1; first >= 0; first--)
    for (int second = 0; second < 2 * n_steps; second++)
      {
        g_autoptr (ShmShareableList) list = make_list (change->old_value);
        g_autoptr (ShmShareableList) reader
            = shm_shareable_list_attach (list_name (list), SHM_ATTACH_READ_ONLY, NULL);
        gboolean is_new;

        run_writer (list, change->new_value, FALSE, first, SIGKILL);
        is_new = assert_old_or_new (reader, change);

        run_writer (list, change->old_value, FALSE, second, SIGKILL);
        assert_old_or_new (reader, change);
        if (!is_new)
          g_assert_true (reads_as (reader, change->old_value));

        assert_writable (list);
        assert_old_or_new (reader, change);
      }
}

/* A writer is stopped at each step. Readers do not wait for this writer. Other writers wait and
 * time out. */
static void
test_stopped (gconstpointer data)
{
  const Change *change = data;
  const int n_steps = count_steps (change, FALSE);
  static gboolean has_timed_out = FALSE;

  for (int step = 0; step < n_steps; step++)
    {
      g_autoptr (ShmShareableList) list = make_list (change->old_value);
      g_autoptr (ShmShareableList) reader
          = shm_shareable_list_attach (list_name (list), SHM_ATTACH_READ_ONLY, NULL);
      const pid_t child = run_writer (list, change->new_value, FALSE, step, SIGSTOP);
      g_autoptr (GError) error = NULL;
      int status;

      g_assert_cmpint (child, >, 0);
      assert_old_or_new (reader, change);
      assert_old_or_new (list, change);

      /* Each wait for the lock takes a second, so the test waits only once. */
      if (!has_timed_out && step > n_steps / 2)
        {
          has_timed_out = TRUE;
          g_assert_false (shm_shareable_list_set_int64 (list, 1, 8, &error));
          test_assert_error (error, SHM_ERROR_TIMED_OUT, list_name (list));
        }

      g_assert_cmpint (kill (child, SIGCONT), ==, 0);
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
      g_assert_true (reads_as (reader, change->new_value));
      assert_writable (list);
    }
}

/* The writer is killed, but a child of the writer continues to run. The descriptors that the child
 * inherited must not keep the lock owner of the writer alive. */
static void
test_killed_parent (gconstpointer data)
{
  const Change *change = data;
  g_autoptr (ShmShareableList) list = make_list (change->old_value);
  int ends[2];
  int status;
  pid_t child;
  char byte;

  g_assert_cmpint (pipe (ends), ==, 0);
  test_fork (child);
  if (child == 0)
    {
      g_assert_true (shm_shareable_list_set_int64 (list, 1, 7, NULL));
      if (fork () == 0)
        {
          close (ends[1]);
          _exit (read (ends[0], &byte, 1) == 0 && shm_shareable_list_set_int64 (list, 1, 9, NULL));
        }

      /* Kill this process at the last step, the release of the lock. */
      arm_signal (count_steps (change, TRUE) - 1, SIGKILL);
      set_first (list, change->new_value);
      _exit (0);
    }
  close (ends[0]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));

  assert_writable (list);
  assert_old_or_new (list, change);
  close (ends[1]);
}

/* Reading while other processes write */

static ShmShareableList *list_to_write;
static GVariant *value_to_write;
static ShmStep step_to_write_at;
static int n_writes_left;

static void
write_at_step (ShmStep step)
{
  if (step != step_to_write_at || n_writes_left == 0)
    return;

  n_writes_left--;
  shm_test_hook = NULL;
  g_assert_true (shm_shareable_list_set_value (list_to_write, 0, value_to_write, NULL));
  shm_test_hook = write_at_step;
}

static void
test_changed_while_read (gconstpointer data)
{
  const Change *change = data;
  const ShmStep steps[] = { SHM_STEP_LIST_READ, SHM_STEP_LIST_CHECK };
  const int n_times = g_variant_get_size (change->new_value) < 10000 ? 1000 : 1;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    for (int times = 1; times <= n_times; times += 333)
      {
        g_autoptr (ShmShareableList) list = make_list (change->old_value);
        g_autoptr (ShmShareableList) reader
            = shm_shareable_list_attach (list_name (list), SHM_ATTACH_READ_ONLY, NULL);

        list_to_write = list;
        value_to_write = change->new_value;
        step_to_write_at = steps[i];
        n_writes_left = times;
        shm_test_hook = write_at_step;
        g_assert_true (reads_as (reader, change->new_value));

        n_writes_left = times;
        assert_old_or_new (reader, change);
        shm_test_hook = NULL;
        assert_old_or_new (list, change);
      }
}

/* After many failed attempts, a reader that can write takes the lock. A read-only reader times
 * out. */
static void
test_continuous_writes (void)
{
  const Change change = { NULL, parse ("<int64 1>"), parse ("<int64 2>") };
  g_autoptr (ShmShareableList) list = make_list (change.old_value);
  g_autoptr (ShmShareableList) reader = shm_shareable_list_attach (list_name (list), 0, NULL);
  g_autoptr (ShmShareableList) read_only_reader
      = shm_shareable_list_attach (list_name (list), SHM_ATTACH_READ_ONLY, NULL);
  g_autoptr (GVariant) new_value = g_variant_get_variant (change.new_value);
  g_autoptr (GError) error = NULL;

  /* The reader makes 201 attempts without the lock, and the hook writes during each of them. Then
   * the reader takes the lock. The hook must not write again: it would wait for the lock. */
  list_to_write = list;
  value_to_write = new_value;
  step_to_write_at = SHM_STEP_LIST_CHECK;
  n_writes_left = 201;
  shm_test_hook = write_at_step;
  g_assert_cmpint (shm_shareable_list_get_int64 (reader, 0, &error), ==, 2);
  g_assert_no_error (error);
  g_assert_cmpint (n_writes_left, ==, 0);

  n_writes_left = G_MAXINT;
  g_assert_cmpint (shm_shareable_list_get_int64 (read_only_reader, 0, &error), ==, 0);
  shm_test_hook = NULL;
  test_assert_error (error, SHM_ERROR_TIMED_OUT, list_name (list));

  g_variant_unref (change.old_value);
  g_variant_unref (change.new_value);
}

/* Creation */

static void
test_creator_killed (void)
{
  const char *text = "['one', 'two', 'three']";
  g_autoptr (GVariant) values = parse (text);
  int n_steps;

  {
    g_autoptr (ShmShareableList) list = NULL;

    arm_signal (-1, 0);
    list = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, NULL);
    shm_test_hook = NULL;
    n_steps = steps_reached;
    g_assert_nonnull (list);
  }

  for (int step = 0; step < n_steps; step++)
    {
      g_autofree char *name = test_name ("list");
      g_autoptr (ShmShareableList) list = NULL;
      g_autoptr (GError) error = NULL;
      int status;
      pid_t child;

      test_fork (child);
      if (child == 0)
        {
          arm_signal (step, SIGKILL);
          list = shm_shareable_list_create (values, name, 0, NULL);
          _exit (0);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);

      list = shm_shareable_list_attach (name, 0, &error);
      if (list == NULL)
        test_assert_error (error, SHM_ERROR_NOT_FOUND, name);
      else
        {
          g_autoptr (GVariant) found = shm_shareable_list_copy_values (list, NULL);
          g_autofree char *printed = g_variant_print (found, FALSE);

          g_assert_cmpstr (printed, ==, "[<'one'>, <'two'>, <'three'>]");
          g_assert_true (
              shm_shared_memory_unlink (shm_shareable_list_get_shared_memory (list), NULL));
        }
    }
}

int
main (int argc, char **argv)
{
  Change changes[] = {
    { "number", parse ("int64 -1"), parse ("int64 0x7766554433221100") },
    { "kind", parse ("'text'"), parse ("2.5") },
    { "text", parse ("'a text of some length'"), parse ("'another one, not so long'") },
    { "length-mark", make_bytes (20, 'a', 3), make_bytes (9, 'b', 7) },
    { "length-record", make_bytes (1500, 'a', 700), make_bytes (1400, 'b', 800) },
    { "hash", make_bytes (1000100, 'a', 5), make_bytes (1000050, 'b', 50) },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *killed = g_strdup_printf ("/list/killed/%s", changes[i].name);
      g_autofree char *stopped = g_strdup_printf ("/list/stopped/%s", changes[i].name);
      g_autofree char *changed = g_strdup_printf ("/list/changed/%s", changes[i].name);
      g_autofree char *parent = g_strdup_printf ("/list/killed-parent/%s", changes[i].name);
      g_autofree char *twice = g_strdup_printf ("/list/killed-twice/%s", changes[i].name);

      g_test_add_data_func (killed, &changes[i], test_killed);
      g_test_add_data_func (parent, &changes[i], test_killed_parent);
      g_test_add_data_func (stopped, &changes[i], test_stopped);
      g_test_add_data_func (changed, &changes[i], test_changed_while_read);
      if (g_str_equal (changes[i].name, "kind") || g_str_equal (changes[i].name, "length-record"))
        g_test_add_data_func (twice, &changes[i], test_killed_twice);
    }
  g_test_add_func ("/list/continuous-writes", test_continuous_writes);
  g_test_add_func ("/list/creator-killed", test_creator_killed);

  const int status = g_test_run ();

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_variant_unref (changes[i].old_value);
      g_variant_unref (changes[i].new_value);
    }

  return status;
}
