/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks at the list of a model, decides when to look again, and emits the changes. */

#include "config.h"

#include "shm-list-model-private.h"

#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"

#include <errno.h>

/* The model looks at most once in this time. */
#define FRAME_USEC     16000
#define FRAME_MAX_USEC G_USEC_PER_SEC

/* The model uses at most this part of the time for looks. It looks at a long list in several
 * frames, so that no look keeps the main loop from other sources for long. */
#define FRAME_PER_LOOK 10
#define LOOK_USEC_MAX  (FRAME_USEC / FRAME_PER_LOOK)

#ifdef SHM_TEST_HOOKS
gint64 shm_test_model_usec = LOOK_USEC_MAX;
#undef LOOK_USEC_MAX
#define LOOK_USEC_MAX shm_test_model_usec
#endif

/* How often a model looks that no writer can wake. */
#define POLL_USEC 100000

/* The longest pause while a living process holds the lock of the list and does nothing. */
#define STUCK_USEC_MAX G_USEC_PER_SEC

/* A look emits at most this number of signals. */
#define EMISSIONS_MAX 64

static ShmList *
get_list (ShmListModel *self)
{
  return self->watcher.list;
}

/* Sets the property `error` to what the last look has found. */
static void
update_error (ShmListModel *self)
{
  const guint64 index = self->watcher.corrupt_index;
  GError *error = NULL;
  ShmFault fault;

  if (index != SHM_LIST_NO_ITEM)
    {
      shm_fault_set_detail (&fault, SHM_STEP_LIST_ITEM, EBADMSG, index);
      shm_shareable_list_fail (self->list, &fault, &error);
    }

  if (error == NULL && self->error == NULL)
    return;
  if (error != NULL && self->error != NULL && g_str_equal (error->message, self->error->message))
    g_error_free (error);
  else
    shm_list_model_take_error (self, error);
}

void
shm_list_model_end (ShmListModel *self)
{
  if (self->closed_handler != 0)
    g_signal_handler_disconnect (shm_shareable_list_get_shared_memory (self->list),
                                 self->closed_handler);
  self->closed_handler = 0;
  g_clear_pointer (&self->watch, shm_watch_free);
  if (self->waker != NULL)
    {
      g_source_destroy (&self->waker->source);
      g_source_unref (&self->waker->source);
      self->waker = NULL;
    }
}

gboolean
shm_list_model_check_open (ShmListModel *self, GError **error)
{
  GError *closed = NULL;

  if (shm_shareable_list_get_open (self->list, FALSE, &closed) != NULL)
    return TRUE;

  if (self->waker != NULL)
    {
      shm_list_model_end (self);
      shm_list_model_take_error (self, g_error_copy (closed));
    }
  g_propagate_error (error, closed);

  return FALSE;
}

/* Emissions */

static gboolean
is_in_runs (GArray *runs, guint64 index)
{
  guint from = 0, to = runs->len;

  while (from < to)
    {
      const guint middle = from + (to - from) / 2;
      const ShmListRun *run = &g_array_index (runs, ShmListRun, middle);

      if (index < run->first)
        to = middle;
      else if (index - run->first >= run->n_items)
        from = middle + 1;
      else
        return TRUE;
    }

  return FALSE;
}

/* Gives the items that are alive their new values. Returns the items that have changed. */
static GPtrArray *
update_items (ShmListModel *self, GArray *runs)
{
  GPtrArray *items = shm_model_items_get_all (self->items);

  for (guint i = items->len; i > 0; i--)
    {
      ShmModelItem *item = g_ptr_array_index (items, i - 1);
      const guint64 index = shm_model_item_get_index (item);
      g_autoptr (GVariant) value
          = is_in_runs (runs, index) ? shm_list_model_dup_value (self, index) : NULL;

      if (!is_in_runs (runs, index) || !shm_model_item_set_value (item, value))
        g_ptr_array_remove_index_fast (items, i - 1);
    }

  return items;
}

static void
emit_items_changed (ShmListModel *self, GArray *runs)
{
  const ShmListRun *first = &g_array_index (runs, ShmListRun, 0);
  const ShmListRun *last = &g_array_index (runs, ShmListRun, runs->len - 1);

  if (runs->len > EMISSIONS_MAX)
    {
      const guint n_items = last->first + last->n_items - first->first;

      g_list_model_items_changed (G_LIST_MODEL (self), first->first, n_items, n_items);
      return;
    }

  for (guint i = 0; i < runs->len; i++)
    {
      const ShmListRun *run = &g_array_index (runs, ShmListRun, i);

      g_list_model_items_changed (G_LIST_MODEL (self), run->first, run->n_items, run->n_items);
    }
}

/* All values are already new: a handler can use any item, run the main loop or call refresh(). */
static void
emit_changes (ShmListModel *self, GArray *runs)
{
  g_autoptr (GPtrArray) items = NULL;

  if (runs->len == 0)
    return;

  items = update_items (self, runs);
  emit_items_changed (self, runs);
  for (guint i = 0; i < items->len; i++)
    shm_model_item_notify (g_ptr_array_index (items, i));
}

/* Looks */

/* Sets the time of the next look. @next is G_MAXINT64 if it waits for a writer. */
static void
schedule (ShmListModel *self, gint64 next)
{
  Waker *waker = self->waker;

  if (self->interval > 0)
    next = MIN (next, waker->last_full_look + self->interval);
  if (next != G_MAXINT64)
    next = MAX (next, waker->last_look + waker->frame);

  g_source_set_ready_time (&waker->source, next == G_MAXINT64 ? -1 : next);

  /* Another thread can have closed the block, and woken the waker, just before. */
  if (shm_shareable_list_peek_open (self->list, FALSE) == NULL)
    g_source_set_ready_time (&waker->source, 0);
}

/* Whether writers wake the model. */
static gboolean
can_sleep (ShmListModel *self)
{
  return self->watch != NULL && shm_list_can_lock (get_list (self));
}

static void
schedule_after_look (ShmListModel *self, ShmListLook look)
{
  Waker *waker = self->waker;
  gint64 next = G_MAXINT64;

  waker->is_asleep = FALSE;
  if (look == SHM_LIST_LOOK_STUCK)
    waker->pause = MIN (2 * waker->pause, STUCK_USEC_MAX);
  else
    waker->pause = waker->frame;

  if (look == SHM_LIST_LOOK_AGAIN || look == SHM_LIST_LOOK_REST)
    next = waker->last_look + waker->frame;
  else if (get_list (self)->trailer == NULL)
    next = G_MAXINT64;
  else if (!can_sleep (self))
    next = waker->last_look + POLL_USEC;
  else if (look == SHM_LIST_LOOK_STUCK)
    next = waker->last_look + waker->pause;
  else if (shm_list_watcher_arm (&self->watcher))
    waker->is_asleep = TRUE;
  else
    next = waker->last_look + waker->frame;

  schedule (self, next);
}

static void
look_until (ShmListModel *self, gboolean compare_all, gint64 usec_max)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (ShmListRun));
  g_autoptr (ShmListModel) guard G_GNUC_UNUSED = g_object_ref (self);
  Waker *waker = self->waker;
  ShmListLook result;
  gint64 cost;

  waker->last_look = g_get_monotonic_time ();
  if (compare_all)
    waker->last_full_look = waker->last_look;

  result = shm_list_watcher_look (&self->watcher, compare_all,
                                  usec_max == G_MAXINT64 ? G_MAXINT64 : waker->last_look + usec_max,
                                  runs);
  cost = g_get_monotonic_time () - waker->last_look;
  waker->frame = CLAMP (FRAME_PER_LOOK * cost, FRAME_USEC, FRAME_MAX_USEC);

  schedule_after_look (self, result);
  emit_changes (self, runs);
  update_error (self);
}

void
shm_list_model_look (ShmListModel *self)
{
  look_until (self, TRUE, G_MAXINT64);
}

/* Returns whether the next look must not trust the sequence counter. */
static gboolean
is_full_look_due (ShmListModel *self)
{
  return self->interval > 0 && !shm_list_watcher_has_rest (&self->watcher)
         && g_get_monotonic_time () >= self->waker->last_full_look + self->interval;
}

static gboolean
waker_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Waker *waker = (gpointer) source;
  g_autoptr (ShmListModel) self = g_weak_ref_get (&waker->model);

  g_source_set_ready_time (source, -1);
  if (self == NULL || self->waker != waker || !shm_list_model_check_open (self, NULL))
    return G_SOURCE_REMOVE;

  look_until (self, is_full_look_due (self), LOOK_USEC_MAX);

  return G_SOURCE_CONTINUE;
}

static void
waker_finalize (GSource *source)
{
  g_weak_ref_clear (&((Waker *) (gpointer) source)->model);
}

static GSourceFuncs waker_funcs = { NULL, NULL, waker_dispatch, waker_finalize };

/* A ShmWatchFunc: a writer has touched the block. */
static void
on_touched (gpointer user_data)
{
  Waker *waker = user_data;
  g_autoptr (ShmListModel) self = g_weak_ref_get (&waker->model);

  if (self == NULL || self->waker != waker || !waker->is_asleep)
    return;

  waker->is_asleep = FALSE;
  schedule (self, waker->last_look + waker->frame);
}

/* Runs in any thread. */
static void
on_closed (ShmSharedMemory *shared_memory, gpointer user_data)
{
  g_source_set_ready_time (user_data, 0);
}

static void
unref_source (gpointer source)
{
  g_source_unref (source);
}

static void
unref_source_of_closure (gpointer source, GClosure *closure)
{
  g_source_unref (source);
}

/* Starting */

static Waker *
waker_new (ShmListModel *model)
{
  GSource *source = g_source_new (&waker_funcs, sizeof (Waker));
  Waker *self = (gpointer) source;

  g_weak_ref_init (&self->model, model);
  self->frame = FRAME_USEC;
  self->pause = FRAME_USEC;
  g_source_set_can_recurse (source, TRUE);
  g_source_set_static_name (source, "shmobj: changed list");

  return self;
}

void
shm_list_model_start (ShmListModel *self, ShmBlockUse *use)
{
  ShmSharedMemory *shared_memory = shm_shareable_list_get_shared_memory (self->list);
  gboolean can_have_changed;
  GSource *source;
  ShmFault ignored;

  shm_at (WATCH);
  self->waker = waker_new (self);
  source = &self->waker->source;
  self->closed_handler = g_signal_connect_data (shared_memory, "closed", G_CALLBACK (on_closed),
                                                g_source_ref (source), unref_source_of_closure, 0);
  if (shm_list_can_lock (get_list (self)))
    self->watch = shm_watch_new_for_content (use->fd, &use->identity, on_touched,
                                             g_source_ref (source), unref_source, &ignored);
  g_source_attach (source, self->context);

  /* Values can have changed since they were copied. Without a look, this still notices that another
   * thread has closed the block before the signal was connected. */
  self->waker->last_full_look = g_get_monotonic_time ();
  can_have_changed
      = get_list (self)->trailer != NULL || self->watcher.corrupt_index != SHM_LIST_NO_ITEM;
  schedule (self, can_have_changed ? 0 : G_MAXINT64);
}

void
shm_list_model_look_soon (ShmListModel *self)
{
  if (self->waker == NULL)
    return;

  self->waker->is_asleep = FALSE;
  schedule (self, self->waker->last_look + self->waker->frame);
}
