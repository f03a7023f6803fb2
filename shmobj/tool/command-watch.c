/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `watch`. It sleeps in a main loop until another process wakes it. */

#include "config.h"

#include <glib-unix.h>
#include <shmobj/shmobj.h>
#include <signal.h>

#include "tool/tool-block.h"
#include "tool/tool.h"

static gboolean as_json, any_owner;
static char **event_texts;
static double interval;

typedef struct
{
  ShmSharedMemory *shm;
  ShmShareableList *list; /* (nullable) */
  GListModel *model;      /* (nullable) */
  GPtrArray *shown;       /* the values of the model that were printed; NULL for a damaged value */
  GMainLoop *loop;
  ToolStatus status;
} Watch;

/* Begins a line, or an object, about something that happened now. */
static void
begin_report (ToolJson *json, const char *what)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (as_json)
    {
      tool_json_begin_document (json);
      tool_json_add_double (json, "time", g_get_real_time () / (double) G_USEC_PER_SEC);
      tool_json_add_string (json, "what", what);
    }
  else
    {
      g_autofree char *time = g_date_time_format (now, "%H:%M:%S");

      g_print ("%s.%03d  ", time, g_date_time_get_microsecond (now) / 1000);
    }
}

static void
report_value (guint index, GVariant *before, GVariant *after)
{
  ToolJson json;

  begin_report (&json, "value");
  if (as_json)
    {
      tool_json_add_uint (&json, "index", index);
      tool_value_add_json (before, "before", &json);
      tool_value_add_json (after, "after", &json);
      tool_json_print_document (&json);
    }
  else
    {
      g_autofree char *old = before != NULL ? tool_value_format (before, 60) : NULL;
      g_autofree char *new = after != NULL ? tool_value_format (after, 60) : NULL;

      g_print ("[%u] %s -> %s\n", index, old != NULL ? old : "(damaged)",
               new != NULL ? new : "(damaged)");
    }
}

static GVariant *
dup_value (GListModel *model, guint index)
{
  g_autoptr (ShmModelItem) item = g_list_model_get_item (model, index);
  GVariant *value = item != NULL ? shm_model_item_get_value (item) : NULL;

  return value != NULL ? g_variant_ref (value) : NULL;
}

static gboolean
are_equal (GVariant *a, GVariant *b)
{
  return a == b || (a != NULL && b != NULL && g_variant_equal (a, b));
}

/* The range can contain values that have not changed. */
static void
on_items_changed (GListModel *model, guint position, guint n_removed, guint n_added, gpointer data)
{
  Watch *self = data;

  for (guint i = position; i < position + n_added && i < self->shown->len; i++)
    {
      g_autoptr (GVariant) value = dup_value (model, i);

      if (!are_equal (self->shown->pdata[i], value))
        {
          report_value (i, self->shown->pdata[i], value);
          g_clear_pointer ((GVariant **) &self->shown->pdata[i], g_variant_unref);
          self->shown->pdata[i] = g_steal_pointer (&value);
        }
    }
}

static void
on_unlinked (ShmSharedMemory *shm, gpointer data)
{
  Watch *self = data;
  ToolJson json;

  begin_report (&json, "unlinked");
  if (as_json)
    tool_json_print_document (&json);
  else
    g_print ("unlinked\n");
  g_main_loop_quit (self->loop);
}

static gboolean
on_signal (gpointer data)
{
  g_main_loop_quit (((Watch *) data)->loop);

  return G_SOURCE_CONTINUE;
}

/* Events */

typedef struct
{
  Watch *watch;
  guint64 offset;
} EventWatch;

static void wait_for_event (EventWatch *event, guint32 seen);

static void
on_event (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autofree EventWatch *event = data;
  g_autoptr (GError) error = NULL;
  const guint32 sequence
      = shm_shared_memory_event_wait_finish (SHM_SHARED_MEMORY (object), result, &error);
  ToolJson json;

  if (error != NULL)
    {
      event->watch->status = tool_fail (error);
      g_main_loop_quit (event->watch->loop);
      return;
    }

  begin_report (&json, "event");
  if (as_json)
    {
      tool_json_add_uint (&json, "offset", event->offset);
      tool_json_add_uint (&json, "sequence", sequence);
      tool_json_print_document (&json);
    }
  else
    g_print ("event at %" G_GUINT64_FORMAT ": %u\n", event->offset, sequence);
  wait_for_event (g_steal_pointer (&event), sequence);
}

static void
wait_for_event (EventWatch *event, guint32 seen)
{
  shm_shared_memory_event_wait_async (event->watch->shm, event->offset, seen, -1, NULL, on_event,
                                      event);
}

static gboolean
watch_events (Watch *self, GError **error)
{
  for (char **text = event_texts; text != NULL && *text != NULL; text++)
    {
      EventWatch *event;
      guint64 offset;
      GError *failure = NULL;
      guint32 seen;

      if (!g_ascii_string_to_unsigned (*text, 10, 0, G_MAXUINT64, &offset, error))
        return FALSE;

      seen = shm_shared_memory_event_get (self->shm, offset, &failure);
      if (failure != NULL)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }

      event = g_new (EventWatch, 1);
      event->watch = self;
      event->offset = offset;
      wait_for_event (event, seen);
    }

  return TRUE;
}

/* The watch */

static void
free_value (gpointer value)
{
  if (value != NULL)
    g_variant_unref (value);
}

static void
watch_clear (Watch *self)
{
  g_clear_object (&self->model);
  g_clear_object (&self->list);
  g_clear_object (&self->shm);
  g_clear_pointer (&self->shown, g_ptr_array_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, watch_clear)

/* Attaches for writing, so that writers can wake this process. Without the permission, attaches for
 * reading; then the library looks ten times a second. */
static gboolean
attach (Watch *self, const ToolBlock *block, GError **error)
{
  const ShmAttachFlags flags = any_owner ? SHM_ATTACH_ANY_OWNER : SHM_ATTACH_NONE;

  self->shm = shm_shared_memory_attach (block->name, flags, error);
  if (self->shm == NULL && g_error_matches (*error, SHM_ERROR, SHM_ERROR_PERMISSION_DENIED))
    {
      g_clear_error (error);
      self->shm = shm_shared_memory_attach (block->name, flags | SHM_ATTACH_READ_ONLY, error);
    }
  if (self->shm == NULL)
    return FALSE;

  if (block->content == TOOL_CONTENT_LIST)
    {
      self->list = shm_shareable_list_new_for_shared_memory (self->shm, error);
      return self->list != NULL;
    }

  return TRUE;
}

static gboolean
watch_list (Watch *self, GError **error)
{
  ShmListModel *model = shm_shareable_list_get_model (self->list, error);

  if (model == NULL)
    return FALSE;

  if (interval > 0)
    shm_list_model_set_interval (model, interval * G_USEC_PER_SEC);
  self->model = G_LIST_MODEL (model);
  self->shown = g_ptr_array_new_with_free_func (free_value);
  for (guint i = 0; i < g_list_model_get_n_items (self->model); i++)
    g_ptr_array_add (self->shown, dup_value (self->model, i));
  g_signal_connect (model, "items-changed", G_CALLBACK (on_items_changed), self);

  return TRUE;
}

static void
report_start (Watch *self)
{
  g_autofree char *name = tool_get_printable (shm_shared_memory_get_name (self->shm));
  ToolJson json;

  begin_report (&json, "watching");
  if (as_json)
    {
      tool_json_add_string (&json, "name", shm_shared_memory_get_name (self->shm));
      tool_json_print_document (&json);
    }
  else
    g_print ("watching %s\n", name);
}

static ToolStatus
watch (const ToolBlock *block)
{
  g_auto (Watch) self = { .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr (GError) error = NULL;

  if (!attach (&self, block, &error) || !shm_shared_memory_watch (self.shm, &error)
      || (self.list != NULL && !watch_list (&self, &error)) || !watch_events (&self, &error))
    return tool_fail (error);

  g_signal_connect (self.shm, "unlinked", G_CALLBACK (on_unlinked), &self);
  g_unix_signal_add (SIGINT, on_signal, &self);
  g_unix_signal_add (SIGTERM, on_signal, &self);
  report_start (&self);
  g_main_loop_run (self.loop);

  return self.status;
}

static ToolStatus
run_watch (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "event", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &event_texts,
      "Also watch the event at this offset. Can be repeated", "OFFSET" },
    { "interval", 'i', 0, G_OPTION_ARG_DOUBLE, &interval,
      "Also look every so many seconds, for values that stock CPython sets", "SECONDS" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a line", NULL },
    { "any-owner", 'a', 0, G_OPTION_ARG_NONE, &any_owner,
      "Accept the block of a user who is neither root nor you", NULL },
    { NULL },
  };
  g_autoptr (ToolBlock) block = NULL;
  g_autoptr (GError) error = NULL;

  if (!tool_parse (self, entries, arguments, 1, 1))
    return TOOL_USAGE;
  if (!(interval >= 0 && interval < 1e6))
    return tool_fail_usage (self, "--interval needs a number of seconds that is not negative");
  for (char **text = event_texts; text != NULL && *text != NULL; text++)
    if (!g_ascii_string_to_unsigned (*text, 10, 0, G_MAXUINT64, NULL, NULL))
      return tool_fail_usage (self, "\"%s\" is no offset", *text);

  block = tool_block_find ((*arguments)[0], any_owner, &error);
  if (block == NULL)
    return tool_fail (error);

  return watch (block);
}

const ToolCommand tool_watch_command = {
  .name = "watch",
  .arguments = "NAME",
  .summary = "Prints the changes of a list, events, and the unlinking of a block",
  .description = "The command sleeps until something happens. It ends when the block is unlinked.",
  .run = run_watch,
};
