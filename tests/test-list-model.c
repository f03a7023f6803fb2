/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests that a ShmListModel shows what other processes set, also if they are killed or hostile. */

#include "shm-test.h"

#include "core/shm-list-layout.h"
#include "core/shm-list-steps.h"
#include "core/shm-list-sync.h"
#include "core/shm-list-value.h"
#include "core/shm-lock-owner.h"
#include "shm-list-model-private.h"
#include "shm-shareable-list-private.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#define FRAME_USEC 16000

/* A list and its model */

typedef struct
{
  ShmShareableList *list; /* (owned) */
  ShmListModel *model;    /* (owned) */
  ShmListTrailer *trailer;
  guint n_emissions;
  guint n_changed; /* the sum of the lengths of all emissions */
  guint last_position;
} Watched;

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  Watched *self = data;

  g_assert_cmpuint (removed, ==, added);
  g_assert_cmpuint (position + added, <=, g_list_model_get_n_items (model));
  self->n_emissions++;
  self->n_changed += added;
  self->last_position = position;
}

static ShmListTrailer *
find_trailer (ShmShareableList *list)
{
  guint64 size;
  guint8 *bytes
      = (guint8 *) shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (list), &size);
  ShmListLayout layout;

  g_assert_cmpint (shm_list_inspect (bytes, size, &layout), ==, SHM_LIST_COMPLETE);

  return layout.has_trailer ? (gpointer) (bytes + shm_list_trailer_offset (&layout)) : NULL;
}

static void
watch_list (Watched *self, ShmShareableList *list)
{
  g_autoptr (GError) error = NULL;

  *self = (Watched){ .list = g_object_ref (list) };
  self->trailer = find_trailer (list);
  self->model = shm_shareable_list_get_model (list, &error);
  g_assert_no_error (error);
  g_signal_connect (self->model, "items-changed", G_CALLBACK (on_items_changed), self);
}

static void
watch_values (Watched *self, GVariant *values)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list
      = shm_shareable_list_create (values, NULL, SHM_CREATE_UNLINK_ON_CLOSE, &error);

  g_assert_no_error (error);
  watch_list (self, list);
}

static void
watched_clear (Watched *self)
{
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_clear_object (&self->model);
  g_clear_object (&self->list);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watched, watched_clear)

static GVariant *
make_numbers (guint n)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ax"));

  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&builder, "x", G_GINT64_CONSTANT (0));

  return g_variant_builder_end (&builder);
}

static const char *
list_name (ShmShareableList *list)
{
  return shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list));
}

/* Returns whether main loops sleep until a writer rings. */
static gboolean
is_armed (Watched *self)
{
  return (__atomic_load_n (&self->trailer->armed, __ATOMIC_SEQ_CST) & SHM_LIST_ARMED_LOOPS) != 0;
}

static void
let_sleep (Watched *self)
{
  test_iterate_until (NULL, is_armed (self));
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gint64
shown_number (Watched *self, guint index)
{
  g_autoptr (ShmModelItem) item = g_list_model_get_item (G_LIST_MODEL (self->model), index);

  return g_variant_get_int64 (shm_model_item_get_value (item));
}

static void
set_number (ShmShareableList *list, guint64 index, gint64 number)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (shm_shareable_list_set_int64 (list, index, number, &error));
  g_assert_no_error (error);
}

/* Other processes */

typedef void (*ChildFunc) (ShmShareableList *list, gpointer data);

/* Calls @func in a child with a list object of its own. The child frees all of its objects, so that
 * valgrind finds no leaks. */
static pid_t
start_child (Watched *self, ChildFunc func, gpointer data)
{
  pid_t child;

  test_fork (child);
  if (child == 0)
    {
      ShmShareableList *list;

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      list = shm_shareable_list_attach (list_name (self->list), 0, NULL);
      g_assert_nonnull (list);
      func (list, data);
      g_object_unref (list);
      _exit (0);
    }

  return child;
}

static void
set_one (ShmShareableList *list, gpointer data)
{
  set_number (list, 1, GPOINTER_TO_INT (data));
}

/* Tests */

static void
test_own_changes (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmModelItem) item = NULL;
  g_autoptr (ShmModelItem) same = NULL;
  g_autoptr (ShmModelItem) same_number = NULL;
  g_autoptr (GError) error = NULL;
  GListModel *model;

  watch_values (&self, g_variant_new ("(xsd)", G_GINT64_CONSTANT (5), "howdy", 2.5));
  model = G_LIST_MODEL (self.model);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  g_assert_true (g_list_model_get_item_type (model) == SHM_TYPE_MODEL_ITEM);
  g_assert_null (g_list_model_get_item (model, 3));
  g_assert_true (shm_list_model_get_list (self.model) == self.list);
  let_sleep (&self);
  g_assert_cmpuint (self.n_emissions, ==, 0);

  item = g_list_model_get_item (model, 1);
  g_assert_cmpuint (shm_model_item_get_index (item), ==, 1);
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "howdy");

  /* The writer wakes the model once. */
  g_assert_true (shm_shareable_list_set_string (self.list, 1, "bye", &error));
  g_assert_false (is_armed (&self));
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "howdy");
  test_iterate_until (NULL, self.n_emissions > 0);
  g_assert_cmpuint (self.n_emissions, ==, 1);
  g_assert_cmpuint (self.n_changed, ==, 1);
  g_assert_cmpuint (self.last_position, ==, 1);
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "bye");
  g_assert_cmpstr (g_variant_get_string (shm_model_item_get_value (item), NULL), ==, "bye");
  same = g_list_model_get_item (model, 1);
  g_assert_true (item == same);

  /* The same value again is no change. */
  g_assert_true (shm_shareable_list_set_string (self.list, 1, "bye", &error));
  g_assert_true (shm_shareable_list_set_int64 (self.list, 0, 6, &error));
  test_iterate_until (NULL, self.n_emissions > 1);
  let_sleep (&self);
  g_assert_cmpuint (self.n_emissions, ==, 2);
  g_assert_cmpuint (self.last_position, ==, 0);

  /* An integer becomes a double, then an integer with the same bits, and then a boolean. */
  same_number = g_list_model_get_item (model, 0);
  g_assert_true (shm_shareable_list_set_double (self.list, 0, 1.5, &error));
  g_assert_true (shm_list_model_refresh (self.model, &error));
  g_assert_cmpstr (shm_model_item_get_text (same_number), ==, "1.5");
  g_assert_true (shm_shareable_list_set_int64 (self.list, 0, 0x3ff8000000000000, &error));
  g_assert_true (shm_list_model_refresh (self.model, &error));
  g_assert_cmpstr (shm_model_item_get_text (same_number), ==, "4609434218613702656");
  g_assert_true (shm_shareable_list_set_boolean (self.list, 0, TRUE, &error));
  g_assert_true (shm_list_model_refresh (self.model, &error));
  g_assert_true (g_variant_get_boolean (shm_model_item_get_value (same_number)));
  g_assert_cmpuint (self.n_emissions, ==, 5);
}

typedef struct
{
  ShmListModel *model;
  GString *log;
} Log;

static void
log_items_changed (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  g_autoptr (ShmModelItem) item = g_list_model_get_item (model, position);

  g_string_append_printf (((Log *) data)->log, "changed %u+%u %s; ", position, added,
                          shm_model_item_get_text (item));
}

static void
log_notify (GObject *item, GParamSpec *pspec, gpointer data)
{
  g_string_append_printf (((Log *) data)->log, "%s %s; ", pspec->name,
                          shm_model_item_get_text (SHM_MODEL_ITEM (item)));
}

static void
test_order_of_emissions (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmModelItem) item = NULL;
  g_autoptr (ShmModelItem) other = NULL;
  Log log = { NULL, g_string_new (NULL) };

  watch_values (&self, make_numbers (100));
  let_sleep (&self);
  g_signal_connect (self.model, "items-changed", G_CALLBACK (log_items_changed), &log);
  item = g_list_model_get_item (G_LIST_MODEL (self.model), 51);
  other = g_list_model_get_item (G_LIST_MODEL (self.model), 7);
  g_signal_connect (item, "notify", G_CALLBACK (log_notify), &log);
  g_signal_connect (other, "notify", G_CALLBACK (log_notify), &log);

  set_number (self.list, 51, 2);
  set_number (self.list, 3, 1);
  set_number (self.list, 50, 3);
  test_iterate_until (NULL, self.n_changed == 3);

  /* GObject emits delayed notifications in the reverse order. */
  g_assert_cmpstr (log.log->str, ==, "changed 3+1 1; changed 50+2 3; text 2; value 2; ");
  g_string_free (log.log, TRUE);
  g_signal_handlers_disconnect_by_func (self.model, log_items_changed, &log);
}

/* A look finds a change at each position. */
static void
test_each_position (void)
{
  g_auto (Watched) self = { NULL };

  watch_values (&self, make_numbers (1500));
  for (guint i = 0; i < 1500; i++)
    {
      set_number (self.list, i, 1);
      g_assert_true (shm_list_model_refresh (self.model, NULL));
      g_assert_cmpuint (self.n_emissions, ==, i + 1);
      g_assert_cmpuint (self.n_changed, ==, i + 1);
      g_assert_cmpuint (self.last_position, ==, i);
    }
}

/* More than 64 groups of neighbours are one range. */
static void
test_many_groups (void)
{
  g_auto (Watched) self = { NULL };

  watch_values (&self, make_numbers (1000));
  let_sleep (&self);
  for (guint i = 0; i < 64; i++)
    set_number (self.list, 100 + 2 * i, 1);
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpuint (self.n_emissions, ==, 64);
  g_assert_cmpuint (self.n_changed, ==, 64);

  for (guint i = 0; i < 65; i++)
    set_number (self.list, 100 + 2 * i, 2);
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpuint (self.n_emissions, ==, 65);
  g_assert_cmpuint (self.n_changed, ==, 64 + 129);
  g_assert_cmpuint (self.last_position, ==, 100);
}

static void
test_other_process (void)
{
  g_auto (Watched) self = { NULL };

  watch_values (&self, make_numbers (10));
  for (int i = 1; i <= 20; i++)
    {
      pid_t child;

      let_sleep (&self);
      child = start_child (&self, set_one, GINT_TO_POINTER (i));
      test_iterate_until (NULL, shown_number (&self, 1) == i);
      test_join (child);
      g_assert_cmpuint (self.n_changed, ==, i);
    }
}

static void
check_text (GVariant *value, const char *text)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmModelItem) item = NULL;

  watch_values (&self, g_variant_new_tuple (&value, 1));
  item = g_list_model_get_item (G_LIST_MODEL (self.model), 0);
  g_assert_cmpstr (shm_model_item_get_text (item), ==, text);
}

static void
test_texts (void)
{
  GVariant *nuls = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "a\0b\0", 4, 1);

  check_text (g_variant_new_int64 (G_MININT64), "-9223372036854775808");
  check_text (g_variant_new_double (0.1), "0.1");
  check_text (g_variant_new_double (1.0 / 3), "0.3333333333333333");
  check_text (g_variant_new_double (5e-324), "4.94065645841247e-324");
  check_text (g_variant_new_boolean (TRUE), "true");
  check_text (g_variant_new_boolean (FALSE), "false");
  check_text (g_variant_new_string ("grün"), "grün");
  check_text (g_variant_new_tuple (&nuls, 1), "a␀b␀");
  check_text (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "a\\\0\xff", 4, 1),
              "a\\\\\\x00\\xff");
  check_text (g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL), "");
}

static void
test_same_model (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (ShmListModel) again = NULL;
  g_autoptr (ShmListModel) other = NULL;
  g_autoptr (ShmListModel) third = NULL;
  g_autoptr (ShmModelItem) item = NULL;
  g_autoptr (ShmModelItem) same_item = NULL;
  gpointer weak;

  watch_values (&self, make_numbers (3));
  again = shm_shareable_list_get_model (self.list, NULL);
  g_assert_true (again == self.model);

  g_main_context_push_thread_default (context);
  other = shm_shareable_list_get_model (self.list, NULL);
  g_main_context_pop_thread_default (context);
  g_assert_nonnull (other);
  g_assert_true (other != self.model);

  /* An item keeps its model alive. */
  item = g_list_model_get_item (G_LIST_MODEL (other), 0);
  g_clear_object (&other);
  g_main_context_push_thread_default (context);
  other = shm_shareable_list_get_model (self.list, NULL);
  g_main_context_pop_thread_default (context);
  same_item = g_list_model_get_item (G_LIST_MODEL (other), 0);
  g_assert_true (same_item == item);

  /* The list does not keep its models alive. */
  weak = self.model;
  g_object_add_weak_pointer (weak, &weak);
  g_signal_handlers_disconnect_by_data (self.model, &self);
  g_clear_object (&again);
  g_clear_object (&self.model);
  g_assert_null (weak);
  third = shm_shareable_list_get_model (self.list, NULL);
  g_assert_nonnull (third);
}

/* An object that g_object_new() has created has no values. */
static void
test_no_list (void)
{
  g_autoptr (ShmListModel) model = g_object_new (SHM_TYPE_LIST_MODEL, NULL);

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (model)), ==, 0);
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (model), 0));
  g_assert_null (shm_list_model_get_list (model));
  g_assert_null (shm_list_model_get_error (model));
  shm_list_model_set_interval (model, 5);
  g_assert_cmpint (shm_list_model_get_interval (model), ==, 5);
}

/* Bursts */

static guint n_looks;

static void
count_looks (ShmStep step)
{
  if (step == SHM_STEP_LIST_LOOK)
    g_atomic_int_inc (&n_looks);
}

#define BURST_VALUES 10000
#define BURST_WRITES 200000

static void
write_burst (ShmShareableList *list, gpointer data)
{
  const guint first = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < BURST_WRITES; i++)
    set_number (list, first + 2 * (7919 * (guint64) i % (BURST_VALUES / 2)), i);
  for (guint i = first; i < BURST_VALUES; i += 2)
    set_number (list, i, 3 * i + 1);
}

static gboolean
shows_end_of_burst (Watched *self)
{
  for (guint i = 0; i < BURST_VALUES; i++)
    if (shown_number (self, i) != 3 * (gint64) i + 1)
      return FALSE;

  return TRUE;
}

static gboolean
has_emitted (Watched *self, guint *n_emissions)
{
  const gboolean is_new = self->n_emissions != *n_emissions;

  *n_emissions = self->n_emissions;

  return is_new;
}

static void
test_burst (void)
{
  g_auto (Watched) self = { NULL };
  guint n_emissions = 0;
  pid_t children[2];
  gint64 start, end;

  watch_values (&self, make_numbers (BURST_VALUES));
  let_sleep (&self);
  g_atomic_int_set (&n_looks, 0);
  start = g_get_monotonic_time ();
  children[0] = start_child (&self, write_burst, GUINT_TO_POINTER (0));
  children[1] = start_child (&self, write_burst, GUINT_TO_POINTER (1));
  shm_test_hook = count_looks;
  test_iterate_until (NULL, has_emitted (&self, &n_emissions) && shows_end_of_burst (&self));
  shm_test_hook = NULL;
  end = g_get_monotonic_time ();
  test_join (children[0]);
  test_join (children[1]);

  /* The model looks at most once in each frame. */
  g_assert_cmpuint (g_atomic_int_get (&n_looks), <=, (end - start) / FRAME_USEC + 2);
}

/* Each look compares 64 KiB. */
static void
test_burst_in_parts (void)
{
  const gint64 usual = shm_test_model_usec;

  shm_test_model_usec = 0;
  test_burst ();
  shm_test_model_usec = usual;
}

#define LONG_LIST 100000

static Watched *watched_of_hook;

/* Sets the first number when the model has looked at it already. */
static void
set_after_looks (ShmStep step)
{
  if (step != SHM_STEP_LIST_LOOK || g_atomic_int_add (&n_looks, 1) < 5)
    return;

  shm_test_hook = NULL;
  set_number (watched_of_hook->list, 0, 3);
}

/* The model looks at a long list in several dispatches, and shows what has changed meanwhile. A
 * refresh shows everything at once. */
static void
test_long_list (void)
{
  const gint64 usual = shm_test_model_usec;
  g_auto (Watched) self = { NULL };

  watch_values (&self, make_numbers (LONG_LIST));
  let_sleep (&self);
  shm_test_model_usec = 0;

  set_number (self.list, 0, 1);
  set_number (self.list, LONG_LIST - 1, 1);
  test_iterate_until (NULL, self.n_emissions > 0);
  g_assert_cmpint (shown_number (&self, 0), ==, 1);
  g_assert_cmpint (shown_number (&self, LONG_LIST - 1), ==, 0);
  g_assert_false (is_armed (&self));
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpint (shown_number (&self, LONG_LIST - 1), ==, 1);
  g_assert_true (is_armed (&self));

  watched_of_hook = &self;
  g_atomic_int_set (&n_looks, 0);
  shm_test_hook = set_after_looks;
  set_number (self.list, 0, 2);
  set_number (self.list, LONG_LIST - 1, 2);
  test_iterate_until (NULL, shown_number (&self, LONG_LIST - 1) == 2);
  g_assert_null (shm_test_hook);
  g_assert_cmpint (shown_number (&self, 0), ==, 2);
  g_assert_false (is_armed (&self));
  test_iterate_until (NULL, shown_number (&self, 0) == 3);
  let_sleep (&self);
  g_assert_cmpuint (self.n_emissions, ==, 5);
  g_assert_cmpuint (self.n_changed, ==, 5);
  shm_test_model_usec = usual;
}

/* A look without a deadline, after a look that has not reached the end. */
static void
test_rest_without_deadline (void)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (ShmListRun));
  g_auto (Watched) self = { NULL };
  ShmListWatcher watcher;
  ShmListValue value;
  ShmFault fault;

  watch_values (&self, make_numbers (LONG_LIST));
  g_assert_true (shm_list_watcher_init (&watcher,
                                        shm_shareable_list_get_open (self.list, FALSE, NULL),
                                        &fault));
  shm_list_watcher_look (&watcher, FALSE, G_MAXINT64, runs);
  set_number (self.list, LONG_LIST - 1, 1);
  g_assert_cmpint (shm_list_watcher_look (&watcher, FALSE, 1, runs), ==, SHM_LIST_LOOK_REST);
  g_assert_cmpint (shm_list_watcher_look (&watcher, FALSE, G_MAXINT64, runs), ==,
                   SHM_LIST_LOOK_SETTLED);

  g_assert_true (shm_list_get_value (&watcher.copy.parts, LONG_LIST - 1, &value));
  g_assert_cmpint (value.integer, ==, 1);
  shm_list_watcher_clear (&watcher);
}

#define TEXTS      20
#define TEXT_BYTES 500

static char *
make_text (guint i)
{
  char *text = g_malloc (TEXT_BYTES + 1);

  memset (text, 'a' + i % 26, TEXT_BYTES);
  text[TEXT_BYTES] = '\0';

  return text;
}

static void
write_texts (ShmShareableList *list, gpointer data)
{
  const int *stop = data;

  for (guint i = 0; g_atomic_int_get (stop) == 0; i++)
    {
      char *text = make_text (i);

      g_assert_true (shm_shareable_list_set_string (list, i % TEXTS, text, NULL));
      g_free (text);
    }
}

static void
check_texts (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  for (guint i = 0; i < TEXTS; i++)
    {
      g_autoptr (ShmModelItem) item = g_list_model_get_item (model, i);
      const char *text = shm_model_item_get_text (item);

      g_assert_cmpuint (strlen (text), ==, TEXT_BYTES);
      for (guint at = 1; at < TEXT_BYTES; at++)
        g_assert_cmpint (text[at], ==, text[0]);
    }
}

/* The model never shows a part of a text, although two processes write all the time. */
static void
test_whole_values (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmSharedMemory) flag = NULL;
  g_autofree char *text = make_text (0);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  pid_t children[2];
  int *stop;

  for (guint i = 0; i < TEXTS; i++)
    g_variant_builder_add (&builder, "s", text);
  watch_values (&self, g_variant_builder_end (&builder));
  flag = shm_shared_memory_create_anonymous (64, 0, NULL);
  stop = (gpointer) shm_shared_memory_get_data (flag, NULL);
  g_signal_connect (self.model, "items-changed", G_CALLBACK (check_texts), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = start_child (&self, write_texts, stop);
  test_iterate_until (NULL, self.n_emissions >= 100);
  g_atomic_int_set (stop, 1);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    test_join (children[i]);
}

static GVariant *
make_bytes (gsize n_nuls)
{
  g_autofree guint8 *bytes = g_malloc0 (3000);

  memset (bytes, 'x', 1000);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 1000 + n_nuls, 1);
}

/* Only the length record of a value changes. */
static void
test_length_records (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmModelItem) item = NULL;

  watch_values (&self, g_variant_new ("(x@ay)", G_GINT64_CONSTANT (1), make_bytes (2000)));
  let_sleep (&self);
  item = g_list_model_get_item (G_LIST_MODEL (self.model), 1);
  for (guint n_nuls = 1999; n_nuls > 1990; n_nuls--)
    {
      g_assert_true (shm_shareable_list_set_value (self.list, 1, make_bytes (n_nuls), NULL));
      test_iterate_until (NULL,
                          g_variant_get_size (shm_model_item_get_value (item)) == 1000 + n_nuls);
    }
}

/* A process touches the block again and again. */
static void
touch_often (ShmShareableList *list, gpointer data)
{
  ShmSharedMemory *block = shm_shareable_list_get_shared_memory (list);
  const int fd = shm_shared_memory_get_fd (block);
  const int *stop = data;
  guint8 byte;

  /* The last byte is the end of the redo buffer. */
  while (g_atomic_int_get (stop) == 0)
    {
      const off_t at = shm_shared_memory_get_size (block) - 1;

      g_assert_cmpint (pread (fd, &byte, 1, at), ==, 1);
      g_assert_cmpint (pwrite (fd, &byte, 1, at), ==, 1);
    }
}

static void
test_storm_of_touches (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmSharedMemory) flag = NULL;
  gint64 start, end;
  pid_t child;
  int *stop;

  flag = shm_shared_memory_create_anonymous (64, 0, NULL);
  stop = (gpointer) shm_shared_memory_get_data (flag, NULL);
  watch_values (&self, make_numbers (100));
  let_sleep (&self);
  child = start_child (&self, touch_often, stop);
  g_atomic_int_set (&n_looks, 0);
  start = g_get_monotonic_time ();
  shm_test_hook = count_looks;
  test_iterate_until (NULL, g_atomic_int_get (&n_looks) >= 20);
  shm_test_hook = NULL;
  end = g_get_monotonic_time ();
  g_assert_cmpuint (self.n_emissions, ==, 0);
  g_assert_cmpuint (g_atomic_int_get (&n_looks), <=, (end - start) / FRAME_USEC + 2);

  /* Changes are still shown. */
  set_number (self.list, 5, 5);
  test_iterate_until (NULL, shown_number (&self, 5) == 5);
  g_atomic_int_set (stop, 1);
  test_join (child);
}

/* Killed writers */

static int steps_left;

static void
die_at_step (ShmStep step)
{
  if (steps_left-- == 0)
    raise (SIGKILL);
}

static void
set_and_die (ShmShareableList *list, gpointer data)
{
  /* Register as a lock owner first. */
  shm_shareable_list_set_int64 (list, 0, 0, NULL);

  /* The parent has seen nothing, because the value has not changed. Wait until it sleeps again. */
  while ((__atomic_load_n (&find_trailer (list)->armed, __ATOMIC_SEQ_CST) & SHM_LIST_ARMED_LOOPS)
         == 0)
    g_usleep (100);

  steps_left = GPOINTER_TO_INT (data);
  shm_test_hook = die_at_step;
  shm_shareable_list_set_int64 (list, 1, 77, NULL);
  shm_test_hook = NULL;
}

/* A writer is killed at each step, while the model sleeps. If the writer has committed the value,
 * the model shows the value, although no other process writes. */
static void
kill_at_each_step (void)
{
  gboolean has_ended = FALSE;
  guint n_old = 0, n_new = 0;

  for (int step = 0; !has_ended; step++)
    {
      g_auto (Watched) self = { NULL };
      gint64 number;
      pid_t child;
      int status;

      watch_values (&self, make_numbers (3));
      let_sleep (&self);
      child = start_child (&self, set_and_die, GINT_TO_POINTER (step));
      for (;;)
        {
          const pid_t ended = waitpid (child, &status, WNOHANG);

          g_assert_cmpint (ended, >=, 0);
          if (ended == child)
            break;
          g_main_context_iteration (NULL, FALSE);
          g_usleep (100);
        }
      has_ended = WIFEXITED (status);

      number = shm_shareable_list_get_int64 (self.list, 1, NULL);
      g_assert_true (number == 0 || number == 77);
      n_old += number == 0;
      n_new += number == 77;
      test_iterate_until (NULL, shown_number (&self, 1) == number);

      /* The next writer wakes the model, too. */
      let_sleep (&self);
      set_number (self.list, 2, 5);
      test_iterate_until (NULL, shown_number (&self, 2) == 5);
      g_assert_cmpint (shown_number (&self, 1), ==, number);
    }

  g_assert_cmpuint (n_old, >=, 6);
  g_assert_cmpuint (n_new, >=, 6);
}

/* With -m slow, writers are killed ten thousand times. */
static void
test_killed_writers (void)
{
  const guint n_rounds = g_test_slow () ? 500 : 1;

  for (guint round = 0; round < n_rounds; round++)
    kill_at_each_step ();
}

/* A child writes all values in turn, again and again, until it is killed. */
static void
write_for_ever (ShmShareableList *list, gpointer data)
{
  for (gint64 i = 1;; i++)
    for (guint64 index = 0; index < 4; index++)
      set_number (list, index, i);
}

static void
test_killed_at_random (void)
{
  g_auto (Watched) self = { NULL };
  const guint n_rounds = g_test_slow () ? 10000 : 50;

  watch_values (&self, make_numbers (4));
  for (guint round = 0; round < n_rounds; round++)
    {
      const pid_t child = start_child (&self, write_for_ever, NULL);
      const gint64 end = g_get_monotonic_time () + g_random_int_range (0, 20000);
      int status;

      while (g_get_monotonic_time () < end)
        g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (kill (child, SIGKILL), ==, 0);
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);

      for (guint i = 0; i < 4; i++)
        {
          const gint64 number = shm_shareable_list_get_int64 (self.list, i, NULL);

          test_iterate_until (NULL, shown_number (&self, i) == number);
        }
    }
}

/* Does what a writer does that stops while it holds the lock. */
static void
take_lock (Watched *self, guint64 number)
{
  self->trailer->lock = number;
  __atomic_store_n (&self->trailer->armed, 0, __ATOMIC_SEQ_CST);
  g_assert_true (shm_list_model_refresh (self->model, NULL));
}

/* The owner of the lock is stopped: the model looks again, but not often. If @writes is FALSE, this
 * process has no lock owner of its own. */
static void
check_stopped_writer (gboolean writes)
{
  g_auto (Watched) self = { NULL };
  ShmLockOwner *owner;
  ShmSharedMemory *block;
  ShmIdentity identity;
  ShmFault fault;
  gint64 start, end;

  watch_values (&self, make_numbers (3));
  let_sleep (&self);
  block = shm_shareable_list_get_shared_memory (self.list);
  g_assert_true (shm_system_identify_fd (shm_shared_memory_get_fd (block), &identity, &fault));
  owner = shm_lock_owner_new (shm_shared_memory_get_fd (block), NULL, &identity, &fault);
  g_assert_nonnull (owner);
  if (writes)
    set_number (self.list, 0, 1);
  take_lock (&self, owner->number);

  /* The pauses are 16, 32, 64, ... milliseconds. */
  g_atomic_int_set (&n_looks, 0);
  shm_test_hook = count_looks;
  start = g_get_monotonic_time ();
  test_iterate_until (NULL, g_atomic_int_get (&n_looks) >= 6 || is_armed (&self));
  end = g_get_monotonic_time ();
  shm_test_hook = NULL;
  g_assert_false (is_armed (&self));
  g_assert_cmpint (end - start, >=, (16 + 32 + 64 + 128) * 1000);
  g_assert_cmpint (shown_number (&self, 0), ==, writes);

  /* The owner dies. The model sleeps, and the next writer takes the lock over. */
  shm_lock_owner_free (owner);
  let_sleep (&self);
  g_assert_cmpuint (self.trailer->lock, !=, 0);
  set_number (self.list, 1, 2);
  test_iterate_until (NULL, shown_number (&self, 1) == 2);
}

static void
test_stopped_writer (void)
{
  check_stopped_writer (TRUE);
  check_stopped_writer (FALSE);
}

static guint n_registrations;

static void
count_registrations (ShmStep step)
{
  count_looks (step);
  if (step == SHM_STEP_LIST_OWNER)
    n_registrations++;
}

/* Looks several times while the owner of the lock seems to be alive. */
static void
look_at_stopped_writer (Watched *self)
{
  n_registrations = 0;
  g_atomic_int_set (&n_looks, 0);
  shm_test_hook = count_registrations;
  test_iterate_until (NULL, g_atomic_int_get (&n_looks) >= 4 || is_armed (self));
  shm_test_hook = NULL;
  g_assert_false (is_armed (self));
  g_assert_cmpuint (n_registrations, ==, 0);
}

typedef struct
{
  int to_child[2];
  int from_child[2];
} Pipes;

/* Locks all bytes of the block of @list until it can read a byte. */
static void
lock_all_bytes (ShmShareableList *list, gpointer data)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  const int fd = shm_shared_memory_get_fd (shm_shareable_list_get_shared_memory (list));
  const Pipes *pipes = data;
  char byte = 0;

  g_assert_cmpint (fcntl (fd, F_SETLK, &lock), ==, 0);
  g_assert_cmpint (write (pipes->from_child[1], &byte, 1), ==, 1);
  g_assert_cmpint (read (pipes->to_child[0], &byte, 1), ==, 1);
}

/* The owner of the lock is dead, and a third process has locked the whole file, as lockf() of
 * CPython does. This process has never written to the list. Its model does not register as a lock
 * owner, because that would wait for the third process. */
static void
test_locked_file (void)
{
  g_auto (Watched) self = { NULL };
  char byte = 0;
  Pipes pipes;
  pid_t child;

  watch_values (&self, make_numbers (3));
  let_sleep (&self);
  g_assert_cmpint (pipe (pipes.to_child), ==, 0);
  g_assert_cmpint (pipe (pipes.from_child), ==, 0);
  child = start_child (&self, lock_all_bytes, &pipes);
  g_assert_cmpint (read (pipes.from_child[0], &byte, 1), ==, 1);

  take_lock (&self, 5);
  look_at_stopped_writer (&self);

  /* Without the lock of the file, the kernel says that the owner of the list's lock is dead. */
  g_assert_cmpint (write (pipes.to_child[1], &byte, 1), ==, 1);
  test_join (child);
  let_sleep (&self);
  g_assert_cmpuint (self.trailer->lock, ==, 5);

  /* No process can have this number. */
  take_lock (&self, G_GUINT64_CONSTANT (1) << 62);
  let_sleep (&self);
  for (guint i = 0; i < 2; i++)
    {
      close (pipes.to_child[i]);
      close (pipes.from_child[i]);
    }
}

/* A process holds the lock, and its forked child looks at the list. */
static void
test_lock_of_parent (void)
{
  g_auto (Watched) self = { NULL };
  const ShmLockOwner *owner;
  pid_t child;

  watch_values (&self, make_numbers (3));
  set_number (self.list, 0, 1);
  let_sleep (&self);
  owner = shm_shareable_list_get_open (self.list, FALSE, NULL)->lock_owner;
  take_lock (&self, owner->number);
  test_fork (child);
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      look_at_stopped_writer (&self);
      watched_clear (&self);
      _exit (0);
    }
  test_join (child);

  look_at_stopped_writer (&self);
}

/* Lists that nobody rings for */

static void
store_behind_back (ShmShareableList *list, guint64 index, gint64 number)
{
  ShmSharedMemory *block = shm_shareable_list_get_shared_memory (list);
  guint64 *words = (gpointer) shm_shared_memory_get_data (block, NULL);

  __atomic_store_n (&words[words[0] + 2 + index], number, __ATOMIC_RELAXED);
}

static void
test_refresh (void)
{
  g_auto (Watched) self = { NULL };

  watch_values (&self, make_numbers (1000));
  let_sleep (&self);
  store_behind_back (self.list, 700, 9);
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpuint (self.n_emissions, ==, 1);
  g_assert_cmpuint (self.last_position, ==, 700);
  g_assert_cmpint (shown_number (&self, 700), ==, 9);
}

static void
test_interval (void)
{
  g_auto (Watched) self = { NULL };

  watch_values (&self, make_numbers (1000));
  let_sleep (&self);
  shm_list_model_set_interval (self.model, 20000);
  for (int i = 1; i < 5; i++)
    {
      store_behind_back (self.list, 700, i);
      test_iterate_until (NULL, shown_number (&self, 700) == i);

      /* A writer still wakes the model. */
      set_number (self.list, 3, i);
      test_iterate_until (NULL, shown_number (&self, 3) == i);
    }

  shm_list_model_set_interval (self.model, 0);
  let_sleep (&self);
  g_atomic_int_set (&n_looks, 0);
  shm_test_hook = count_looks;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  shm_test_hook = NULL;
  g_assert_cmpuint (g_atomic_int_get (&n_looks), ==, 0);
}

/* A list of CPython's make: without a trailer. */
static ShmShareableList *
make_list_of_cpython (void)
{
  static const guint64 words[] = { 2, 0, 8, 16, 11, 22 };
  g_autofree char *name = test_name ("python");
  g_autoptr (ShmSharedMemory) block = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  ShmShareableList *list;
  guint8 image[66] = { 0 };

  memcpy (image, words, sizeof words);
  image[48] = image[56] = 'q';
  bytes = g_bytes_new (image, sizeof image);
  block = shm_shared_memory_create (name, sizeof image, SHM_CREATE_UNLINK_ON_CLOSE, &error);
  g_assert_no_error (error);
  g_assert_true (shm_shared_memory_write (block, 0, bytes, &error));
  list = shm_shareable_list_new_for_shared_memory (block, &error);
  g_assert_no_error (error);

  return list;
}

static void
test_list_of_cpython (void)
{
  g_autoptr (ShmShareableList) list = make_list_of_cpython ();
  g_auto (Watched) self = { NULL };

  watch_list (&self, list);
  g_assert_null (self.trailer);
  g_assert_cmpint (shown_number (&self, 1), ==, 22);

  set_number (list, 1, 23);
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpint (shown_number (&self, 1), ==, 23);

  shm_list_model_set_interval (self.model, 20000);
  store_behind_back (list, 0, 33);
  test_iterate_until (NULL, shown_number (&self, 0) == 33);
  g_assert_cmpuint (self.n_emissions, ==, 2);
}

static void
test_read_only (void)
{
  g_auto (Watched) self = { NULL };
  g_auto (Watched) reader = { NULL };
  g_autoptr (ShmShareableList) list = NULL;

  watch_values (&self, make_numbers (100));
  list = shm_shareable_list_attach (list_name (self.list), SHM_ATTACH_READ_ONLY, NULL);
  watch_list (&reader, list);
  for (int i = 1; i < 4; i++)
    {
      set_number (self.list, 3, i);
      test_iterate_until (NULL, shown_number (&reader, 3) == i);
    }
}

static void
test_anonymous (void)
{
  g_autoptr (ShmShareableList) list
      = shm_shareable_list_create_anonymous (make_numbers (3), 0, NULL);
  g_auto (Watched) self = { NULL };
  pid_t child;

  watch_list (&self, list);
  let_sleep (&self);
  test_fork (child);
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      set_number (list, 1, 4);
      watched_clear (&self);
      g_object_unref (list);
      _exit (0);
    }
  test_iterate_until (NULL, shown_number (&self, 1) == 4);
  test_join (child);
}

/* A process that cannot have an inotify descriptor looks at regular times. */
static void
test_no_watch (void)
{
  g_auto (Watched) self = { NULL };
  pid_t child;
  int ends[2];
  char byte = 0;

  watch_values (&self, make_numbers (3));
  g_clear_object (&self.model);
  g_assert_cmpint (pipe (ends), ==, 0);
  test_fork (child);
  if (child == 0)
    {
      GMainContext *context = g_main_context_new ();
      ShmShareableList *list;
      struct rlimit limit;
      Watched own;

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      list = shm_shareable_list_attach (list_name (self.list), 0, NULL);
      g_main_context_push_thread_default (context);
      getrlimit (RLIMIT_NOFILE, &limit);
      limit.rlim_cur = dup (0); /* the smallest number that is free */
      close (limit.rlim_cur);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      watch_list (&own, list);
      g_assert_false (is_armed (&own));
      g_assert_cmpint (write (ends[1], &byte, 1), ==, 1);
      while (shown_number (&own, 2) != 5)
        g_main_context_iteration (context, TRUE);
      g_assert_false (is_armed (&own));
      watched_clear (&own);
      g_main_context_pop_thread_default (context);
      g_main_context_unref (context);
      g_object_unref (list);
      watched_clear (&self);
      _exit (0);
    }
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  set_number (self.list, 2, 5);
  test_join (child);
  close (ends[0]);
  close (ends[1]);
}

/* Closing */

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer count)
{
  (*(guint *) count)++;
}

static gpointer
close_block (gpointer block)
{
  g_assert_true (shm_shared_memory_close (block, NULL));

  return NULL;
}

static void
check_close (gboolean in_thread)
{
  g_autoptr (ShmShareableList) list = NULL;
  g_auto (Watched) creator = { NULL };
  g_auto (Watched) self = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmListModel) model = NULL;
  ShmSharedMemory *block;
  guint n_notifications = 0;

  /* Closing this list does not remove the name, which would also wake the model. */
  watch_values (&creator, make_numbers (3));
  list = shm_shareable_list_attach (list_name (creator.list), 0, NULL);
  watch_list (&self, list);
  let_sleep (&self);
  block = shm_shareable_list_get_shared_memory (self.list);
  g_signal_connect (self.model, "notify::error", G_CALLBACK (count_notify), &n_notifications);
  if (in_thread)
    g_thread_join (g_thread_new ("close", close_block, block));
  else
    close_block (block);

  test_iterate_until (NULL, shm_list_model_get_error (self.model) != NULL);
  g_assert_error (shm_list_model_get_error (self.model), SHM_ERROR, SHM_ERROR_CLOSED);
  g_assert_cmpuint (n_notifications, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self.model)), ==, 3);
  g_assert_cmpint (shown_number (&self, 1), ==, 0);

  g_assert_false (shm_list_model_refresh (self.model, &error));
  g_assert_error (error, SHM_ERROR, SHM_ERROR_CLOSED);
  g_clear_error (&error);
  shm_list_model_set_interval (self.model, 20000);
  model = shm_shareable_list_get_model (self.list, &error);
  g_assert_null (model);
  g_assert_error (error, SHM_ERROR, SHM_ERROR_CLOSED);
}

static void
test_close (void)
{
  check_close (FALSE);
  check_close (TRUE);
}

static ShmSharedMemory *block_of_hook;

static void
close_at_start (ShmStep step)
{
  if (step != SHM_STEP_WATCH)
    return;

  shm_test_hook = NULL;
  g_thread_join (g_thread_new ("close", close_block, block_of_hook));
}

/* Another thread closes the block while the model starts. */
static void
check_close_at_start (ShmShareableList *list)
{
  g_auto (Watched) self = { NULL };

  block_of_hook = shm_shareable_list_get_shared_memory (list);
  self.list = g_object_ref (list);
  shm_test_hook = close_at_start;
  self.model = shm_shareable_list_get_model (list, NULL);
  g_assert_null (shm_test_hook);
  g_assert_nonnull (self.model);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_error (shm_list_model_get_error (self.model), SHM_ERROR, SHM_ERROR_CLOSED);
}

static void
test_close_at_start (void)
{
  g_autoptr (ShmShareableList) of_cpython = make_list_of_cpython ();
  g_autoptr (ShmShareableList) list
      = shm_shareable_list_create_anonymous (make_numbers (3), 0, NULL);

  check_close_at_start (of_cpython);
  check_close_at_start (list);
}

/* Handlers that use the model */

static void
refresh_again (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  Watched *self = data;

  if (self->n_emissions < 10)
    set_number (self->list, position + 2, self->n_emissions);
  g_assert_true (shm_list_model_refresh (self->model, NULL));
}

static void
iterate_again (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  Watched *self = data;

  if (self->n_emissions < 5)
    {
      const guint before = self->n_emissions;

      set_number (self->list, position + 2, self->n_emissions);
      test_iterate_until (NULL, self->n_emissions > before);
    }
}

static void
free_model (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  Watched *self = data;

  if (self->model != NULL)
    g_signal_handlers_disconnect_by_func (self->model, on_items_changed, self);
  g_clear_object (&self->model);
}

static void
close_list (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  Watched *self = data;

  g_assert_true (shm_shared_memory_close (shm_shareable_list_get_shared_memory (self->list), NULL));
  g_assert_false (shm_list_model_refresh (self->model, NULL));
}

static void
test_handlers (void)
{
  static void (*const handlers[]) (GListModel *, guint, guint, guint, gpointer)
      = { refresh_again, iterate_again, free_model, close_list };

  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      g_auto (Watched) self = { NULL };
      g_autoptr (ShmModelItem) item = NULL;

      watch_values (&self, make_numbers (100));
      let_sleep (&self);
      item = g_list_model_get_item (G_LIST_MODEL (self.model), 3);
      g_signal_connect (self.model, "items-changed", G_CALLBACK (handlers[i]), &self);
      set_number (self.list, 3, 1);
      set_number (self.list, 13, 1);
      test_iterate_until (NULL, g_strcmp0 (shm_model_item_get_text (item), "1") == 0);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      if (self.model != NULL)
        g_signal_handlers_disconnect_by_func (self.model, handlers[i], &self);
    }
}

/* Threads and forks */

static gpointer
free_item (gpointer item)
{
  g_object_unref (item);

  return NULL;
}

static gpointer
set_in_thread (gpointer data)
{
  for (int i = 1; i <= 1000; i++)
    set_number (data, i % 3, i);

  return NULL;
}

static void
test_threads (void)
{
  g_auto (Watched) self = { NULL };
  GThread *threads[4];

  watch_values (&self, make_numbers (3));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("set", set_in_thread, self.list);
  test_iterate_until (NULL, shown_number (&self, 0) == 999 && shown_number (&self, 1) == 1000
                                && shown_number (&self, 2) == 998);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  for (int i = 0; i < 1000; i++)
    {
      gpointer item = g_list_model_get_item (G_LIST_MODEL (self.model), 1);
      GThread *thread = g_thread_new ("free", free_item, item);
      g_autoptr (ShmModelItem) again = g_list_model_get_item (G_LIST_MODEL (self.model), 1);

      g_assert_cmpstr (shm_model_item_get_text (again), ==, "1000");
      g_thread_join (thread);
    }
}

/* The model works in a forked child, for a change by the parent. */
static void
test_fork_with_model (void)
{
  g_auto (Watched) self = { NULL };
  pid_t child;
  int ends[2];
  char byte = 0;

  watch_values (&self, make_numbers (3));
  let_sleep (&self);
  g_assert_cmpint (pipe (ends), ==, 0);
  test_fork (child);
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);

      /* The watch is added to a new queue, and the model looks once more. */
      g_atomic_int_set (&n_looks, 0);
      shm_test_hook = count_looks;
      test_iterate_until (NULL, g_atomic_int_get (&n_looks) > 0);
      shm_test_hook = NULL;
      let_sleep (&self);
      g_assert_cmpint (write (ends[1], &byte, 1), ==, 1);
      test_iterate_until (NULL, shown_number (&self, 2) == 6);
      watched_clear (&self);
      _exit (0);
    }
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  set_number (self.list, 2, 6);
  test_iterate_until (NULL, shown_number (&self, 2) == 6);
  test_join (child);
  close (ends[0]);
  close (ends[1]);
}

#define N_WATCHERS 10

/* Several processes watch the list, and all show the last values. */
static void
test_many_watchers (void)
{
  g_auto (Watched) self = { NULL };
  pid_t children[N_WATCHERS];

  watch_values (&self, make_numbers (3));
  for (guint i = 0; i < N_WATCHERS; i++)
    {
      test_fork (children[i]);
      if (children[i] == 0)
        {
          ShmShareableList *list;
          Watched own;

          prctl (PR_SET_PDEATHSIG, SIGKILL);
          list = shm_shareable_list_attach (list_name (self.list), 0, NULL);
          watch_list (&own, list);
          test_iterate_until (NULL, shown_number (&own, 2) == 2000);
          watched_clear (&own);
          g_object_unref (list);
          _exit (0);
        }
    }
  for (int i = 1; i <= 2000; i++)
    {
      set_number (self.list, 2, i);
      if (i % 100 == 0)
        g_usleep (2000);
    }
  for (guint i = 0; i < N_WATCHERS; i++)
    test_join (children[i]);
}

/* Hostile processes */

static void
test_corrupt_value (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmModelItem) item = NULL;
  ShmSharedMemory *block;
  guint64 *words;

  watch_values (&self, make_numbers (10));
  let_sleep (&self);
  block = shm_shareable_list_get_shared_memory (self.list);
  words = (gpointer) shm_shared_memory_get_data (block, NULL);
  item = g_list_model_get_item (G_LIST_MODEL (self.model), 4);

  /* The format entry of item 4. */
  words[12 + 10 + 4] = 0x7a7a7a7a;
  set_number (self.list, 5, 1);
  test_iterate_until (NULL, shown_number (&self, 5) == 1);
  test_iterate_until (NULL, shm_list_model_get_error (self.model) != NULL);
  g_assert_error (shm_list_model_get_error (self.model), SHM_ERROR, SHM_ERROR_CORRUPT);
  g_assert_nonnull (strstr (shm_list_model_get_error (self.model)->message, "Value 4"));
  g_assert_null (shm_model_item_get_value (item));
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "");

  set_number (self.list, 4, 44);
  test_iterate_until (NULL, shm_list_model_get_error (self.model) == NULL);
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "44");
}

/* A value that was invalid when the model was created. */
static void
test_corrupt_before (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmShareableList) list = make_list_of_cpython ();
  g_autoptr (ShmModelItem) item = NULL;
  guint8 *bytes
      = (gpointer) shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (list), NULL);

  bytes[56] = 'z';
  watch_list (&self, list);
  item = g_list_model_get_item (G_LIST_MODEL (self.model), 1);
  g_assert_null (shm_model_item_get_value (item));
  test_iterate_until (NULL, shm_list_model_get_error (self.model) != NULL);
  bytes[56] = 'q';
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_null (shm_list_model_get_error (self.model));
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "22");
}

/* A value becomes valid before the model shows that it is invalid, as when CPython writes it. */
static void
test_briefly_invalid (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmShareableList) list = make_list_of_cpython ();
  g_autoptr (ShmModelItem) item = NULL;
  guint8 *bytes
      = (gpointer) shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (list), NULL);

  watch_list (&self, list);
  item = g_list_model_get_item (G_LIST_MODEL (self.model), 1);
  bytes[56] = 0;
  store_behind_back (list, 1, 50);
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "22");
  bytes[56] = 'q';

  /* The model looks again although it has no interval. */
  test_iterate_until (NULL, self.n_emissions > 0);
  g_assert_cmpstr (shm_model_item_get_text (item), ==, "50");
  g_assert_null (shm_list_model_get_error (self.model));
}

static guint
iterate_for (gint64 usec)
{
  const gint64 end = g_get_monotonic_time () + usec;
  guint n = 0;

  while (g_get_monotonic_time () < end)
    n += g_main_context_iteration (NULL, FALSE);

  return n;
}

/* Another process writes random bytes to the whole list. The model must not crash, and works again
 * when the list is valid. */
static void
test_random_bytes (void)
{
  const guint n_rounds = g_test_slow () ? 2000 : 100;

  for (guint round = 0; round < n_rounds; round++)
    {
      g_auto (Watched) self = { NULL };
      g_autofree guint8 *original = NULL;
      guint64 size;
      guint8 *bytes;

      watch_values (&self,
                    g_variant_new ("(xs@ayd)", G_GINT64_CONSTANT (1), "howdy",
                                   g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "ab", 2, 1),
                                   2.5));
      bytes
          = (gpointer) shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (self.list),
                                                   &size);
      original = g_memdup2 (bytes, size);
      for (guint i = 0; i < 20; i++)
        {
          g_autoptr (ShmModelItem) item = NULL;
          const guint64 at = g_random_int_range (0, size / 8);

          ((guint64 *) (gpointer) bytes)[at]
              = g_random_boolean () ? (guint64) g_random_int_range (0, 100)
                                    : ((guint64) g_random_int () << 32 | g_random_int ());
          g_assert_true (shm_list_model_refresh (self.model, NULL));
          item = g_list_model_get_item (G_LIST_MODEL (self.model), i % 4);
          g_assert_nonnull (shm_model_item_get_text (item));
          g_main_context_iteration (NULL, FALSE);
        }
      if (round % 10 == 0)
        iterate_for (FRAME_USEC);

      memcpy (bytes, original, size);
      set_number (self.list, 0, 1000 + round);
      test_iterate_until (NULL, shm_list_model_refresh (self.model, NULL)
                                    && shown_number (&self, 0) == 1000 + round
                                    && shm_list_model_get_error (self.model) == NULL);
    }
}

/* Another process changes the offsets. get_model() fails, and a model continues. */
static void
test_corrupt_offsets (void)
{
  g_auto (Watched) self = { NULL };
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (ShmListModel) model = NULL;
  g_autoptr (GError) error = NULL;
  guint64 *words;

  watch_values (&self, make_numbers (10));
  let_sleep (&self);
  words = (gpointer) shm_shared_memory_get_data (shm_shareable_list_get_shared_memory (self.list),
                                                 NULL);
  words[4] += 8;
  store_behind_back (self.list, 7, 7);
  g_assert_true (shm_list_model_refresh (self.model, NULL));

  list = shm_shareable_list_attach (list_name (self.list), 0, NULL);
  model = shm_shareable_list_get_model (list, &error);
  g_assert_null (model);
  test_assert_error (error, SHM_ERROR_CORRUPT, list_name (list));

  words[4] -= 8;
  g_assert_true (shm_list_model_refresh (self.model, NULL));
  g_assert_cmpint (shown_number (&self, 7), ==, 7);
}

static ShmListTrailer *moving_trailer;

static void
move_counter (ShmStep step)
{
  count_looks (step);
  if (step == SHM_STEP_LIST_ARM)
    moving_trailer->sequence += 2;
}

/* The sequence counter changes whenever the model is about to sleep. The model looks once in each
 * frame, and sleeps when the counter stands still. */
static void
test_moving_counter (void)
{
  g_auto (Watched) self = { NULL };
  gint64 start;

  watch_values (&self, make_numbers (10));
  let_sleep (&self);
  moving_trailer = self.trailer;
  set_number (self.list, 0, 1);
  g_atomic_int_set (&n_looks, 0);
  start = g_get_monotonic_time ();
  shm_test_hook = move_counter;
  test_iterate_until (NULL, g_atomic_int_get (&n_looks) >= 10);
  shm_test_hook = NULL;
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 8 * FRAME_USEC);
  g_assert_cmpint (shown_number (&self, 0), ==, 1);

  /* The next look finds that the counter stands still. */
  g_atomic_int_set (&n_looks, 0);
  shm_test_hook = count_looks;
  test_iterate_until (NULL, g_atomic_int_get (&n_looks) == 1);
  iterate_for (3 * FRAME_USEC);
  shm_test_hook = NULL;
  g_assert_cmpuint (g_atomic_int_get (&n_looks), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/list-model/own-changes", test_own_changes);
  g_test_add_func ("/list-model/order-of-emissions", test_order_of_emissions);
  g_test_add_func ("/list-model/each-position", test_each_position);
  g_test_add_func ("/list-model/many-groups", test_many_groups);
  g_test_add_func ("/list-model/other-process", test_other_process);
  g_test_add_func ("/list-model/texts", test_texts);
  g_test_add_func ("/list-model/same-model", test_same_model);
  g_test_add_func ("/list-model/no-list", test_no_list);
  g_test_add_func ("/list-model/burst", test_burst);
  g_test_add_func ("/list-model/burst/in-parts", test_burst_in_parts);
  g_test_add_func ("/list-model/long-list", test_long_list);
  g_test_add_func ("/list-model/rest-without-deadline", test_rest_without_deadline);
  g_test_add_func ("/list-model/whole-values", test_whole_values);
  g_test_add_func ("/list-model/length-records", test_length_records);
  g_test_add_func ("/list-model/storm-of-touches", test_storm_of_touches);
  g_test_add_func ("/list-model/killed-writers", test_killed_writers);
  g_test_add_func ("/list-model/killed-at-random", test_killed_at_random);
  g_test_add_func ("/list-model/stopped-writer", test_stopped_writer);
  g_test_add_func ("/list-model/locked-file", test_locked_file);
  g_test_add_func ("/list-model/lock-of-parent", test_lock_of_parent);
  g_test_add_func ("/list-model/refresh", test_refresh);
  g_test_add_func ("/list-model/interval", test_interval);
  g_test_add_func ("/list-model/list-of-cpython", test_list_of_cpython);
  g_test_add_func ("/list-model/read-only", test_read_only);
  g_test_add_func ("/list-model/anonymous", test_anonymous);
  g_test_add_func ("/list-model/no-watch", test_no_watch);
  g_test_add_func ("/list-model/close", test_close);
  g_test_add_func ("/list-model/close-at-start", test_close_at_start);
  g_test_add_func ("/list-model/handlers", test_handlers);
  g_test_add_func ("/list-model/threads", test_threads);
  g_test_add_func ("/list-model/fork", test_fork_with_model);
  g_test_add_func ("/list-model/many-watchers", test_many_watchers);
  g_test_add_func ("/list-model/corrupt-value", test_corrupt_value);
  g_test_add_func ("/list-model/corrupt-before", test_corrupt_before);
  g_test_add_func ("/list-model/briefly-invalid", test_briefly_invalid);
  g_test_add_func ("/list-model/random-bytes", test_random_bytes);
  g_test_add_func ("/list-model/corrupt-offsets", test_corrupt_offsets);
  g_test_add_func ("/list-model/moving-counter", test_moving_counter);

  return g_test_run ();
}
