/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A window that shows a shared list and a shared picture while other programs change them.
 *
 * The list view follows the list by itself: the library emits "items-changed", and "notify" on the
 * items, when a process changes a value. The picture is a GdkTexture of the memory of the frame. */

#include "rows.h"

#include <gtk/gtk.h>
#include <shmobj/shmobj.h>
#include <signal.h>
#include <sys/prctl.h>

#define WIDTH  360
#define HEIGHT 300
#define N_SLOTS                                                                                    \
  6 /* the texture that is shown, those that GTK still draws, and two for the painter */

/* What the screenshot waits for. */
#define SCREENSHOT_FRAMES 20

typedef struct
{
  char *folder; /* of the programs in Python and JavaScript */
  char *screenshot;
  gboolean is_dark;

  ShmShareableList *list;
  ShmListModel *model;
  ShmFrames *frames;
  GPtrArray *programs; /* (element-type GSubprocess) */
  GtkWindow *window;
  GCancellable *closed; /* cancelled when the window is closed */
  GtkPicture *picture;
  GtkLabel *caption;
  guint64 number;       /* of the frame that is shown */
  GdkPaintable *screen; /* what the window looks like */
} Viewer;

/* The shared list and the shared frames */

/* The text of a row can become as long as the first text of its slot. */
#define ROOM "                                          "

static gboolean
create_list (Viewer *self, GError **error)
{
  static const char *const names[N_ROWS] = {
    "Worker 1", "Worker 2", "Worker 3", "Worker 4", "Clock", "Counter",
  };
  GVariantBuilder values;

  g_variant_builder_init (&values, G_VARIANT_TYPE_TUPLE);
  for (guint row = 0; row < N_ROWS; row++)
    {
      g_variant_builder_add (&values, "s", names[row]);
      g_variant_builder_add (&values, "d", 0.0);
      g_variant_builder_add (&values, "s", ROOM);
      g_variant_builder_add (&values, "s", ROOM);
    }

  self->list
      = shm_shareable_list_create (g_variant_builder_end (&values), NULL, SHM_CREATE_TRACK, error);
  if (self->list == NULL)
    return FALSE;

  for (guint row = 0; row < N_ROWS; row++)
    {
      shm_shareable_list_set_string (self->list, row * ROW_LENGTH + ROW_TEXT, "", NULL);
      shm_shareable_list_set_string (self->list, row * ROW_LENGTH + ROW_BY, "", NULL);
    }
  self->model = shm_shareable_list_get_model (self->list, error);

  return self->model != NULL;
}

static gboolean
create_frames (Viewer *self, GError **error)
{
  self->frames = shm_frames_create (NULL, WIDTH * HEIGHT * 4, N_SLOTS, SHM_CREATE_TRACK, error);

  return self->frames != NULL;
}

/* The other programs */

/* The programs get a signal when this program ends. */
static void
end_with_window (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/* Starts a program. The end of this program closes its standard input. */
static gboolean
start (Viewer *self, const char *const *arguments, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autoptr (GSubprocess) process = NULL;

  g_subprocess_launcher_set_child_setup (launcher, end_with_window, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, arguments, error);
  if (process == NULL)
    return FALSE;

  g_ptr_array_add (self->programs, g_steal_pointer (&process));

  return TRUE;
}

static gboolean
start_programs (Viewer *self, GError **error)
{
  const char *list = shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (self->list));
  const char *frames = shm_shared_memory_get_name (shm_frames_get_shared_memory (self->frames));
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  g_autofree char *counter = NULL;
  g_autofree char *workers = g_build_filename (self->folder, "workers.py", NULL);
  g_autofree char *painter = g_build_filename (self->folder, "painter.py", NULL);
  g_autofree char *clock = g_build_filename (self->folder, "clock.js", NULL);

  if (program == NULL)
    return FALSE;

  *strrchr (program, '/') = '\0';
  counter = g_build_filename (program, "example-live-counter", NULL);

  return start (self, (const char *[]){ counter, list, NULL }, error)
         && start (self, (const char *[]){ "/usr/bin/python3", workers, list, NULL }, error)
         && start (self, (const char *[]){ "gjs", "-m", clock, list, NULL }, error)
         && start (self,
                   (const char *[]){ "/usr/bin/python3", painter, frames, G_STRINGIFY (WIDTH),
                                     G_STRINGIFY (HEIGHT), NULL },
                   error);
}

/* The list view */

static GtkLabel *
make_label (const char *css_class)
{
  GtkLabel *label = GTK_LABEL (gtk_label_new (NULL));

  gtk_label_set_xalign (label, 0);
  gtk_label_set_ellipsize (label, PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (GTK_WIDGET (label), TRUE);
  if (css_class != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (label), css_class);

  return label;
}

static void
set_up_row (GtkListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *grid = gtk_grid_new ();
  GtkWidget *name = GTK_WIDGET (make_label ("heading"));
  GtkWidget *by = GTK_WIDGET (make_label ("dim-label"));
  GtkWidget *done = gtk_progress_bar_new ();
  GtkWidget *text = GTK_WIDGET (make_label (NULL));

  gtk_label_set_xalign (GTK_LABEL (by), 1);
  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);
  gtk_grid_attach (GTK_GRID (grid), name, 0, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), by, 1, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), done, 0, 1, 2, 1);
  gtk_grid_attach (GTK_GRID (grid), text, 0, 2, 2, 1);
  g_object_set_data (G_OBJECT (item), "name", name);
  g_object_set_data (G_OBJECT (item), "by", by);
  g_object_set_data (G_OBJECT (item), "done", done);
  g_object_set_data (G_OBJECT (item), "text", text);
  gtk_list_item_set_child (item, grid);
}

static gboolean
to_fraction (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  GVariant *value = g_value_get_variant (from);

  g_value_set_double (to, value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE)
                              ? CLAMP (g_variant_get_double (value), 0, 1)
                              : 0);

  return TRUE;
}

/* Binds a widget of a row to a value of the list. The binding ends with the row. */
static void
bind (Viewer *self, GtkListItem *item, guint offset, const char *widget)
{
  const guint row = gtk_list_item_get_position (item);
  g_autoptr (ShmModelItem) value
      = g_list_model_get_item (G_LIST_MODEL (self->model), row * ROW_LENGTH + offset);
  gpointer target = g_object_get_data (G_OBJECT (item), widget);
  GBinding *binding
      = offset == ROW_DONE
            ? g_object_bind_property_full (value, "value", target, "fraction",
                                           G_BINDING_SYNC_CREATE, to_fraction, NULL, NULL, NULL)
            : g_object_bind_property (value, "text", target, "label", G_BINDING_SYNC_CREATE);

  /* A binding does not keep its objects. */
  g_object_set_data_full (G_OBJECT (binding), "value", g_steal_pointer (&value), g_object_unref);
  g_object_set_data (G_OBJECT (target), "binding", binding);
}

static void
bind_row (GtkListItemFactory *factory, GtkListItem *item, Viewer *self)
{
  bind (self, item, ROW_NAME, "name");
  bind (self, item, ROW_DONE, "done");
  bind (self, item, ROW_TEXT, "text");
  bind (self, item, ROW_BY, "by");
}

static void
unbind_row (GtkListItemFactory *factory, GtkListItem *item)
{
  static const char *const widgets[] = { "name", "done", "text", "by" };

  for (guint i = 0; i < G_N_ELEMENTS (widgets); i++)
    {
      GObject *target = g_object_get_data (G_OBJECT (item), widgets[i]);

      g_binding_unbind (g_object_steal_data (target, "binding"));
    }
}

/* Returns a model with one item for each row. */
static GListModel *
make_rows (void)
{
  GtkStringList *rows = gtk_string_list_new (NULL);

  for (guint row = 0; row < N_ROWS; row++)
    gtk_string_list_append (rows, "");

  return G_LIST_MODEL (rows);
}

static GtkWidget *
make_list_view (Viewer *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkWidget *view, *scrolled = gtk_scrolled_window_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (set_up_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);
  view = gtk_list_view_new (GTK_SELECTION_MODEL (gtk_no_selection_new (make_rows ())), factory);
  gtk_widget_add_css_class (view, "rows");
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), view);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_widget_set_hexpand (scrolled, TRUE);
  gtk_widget_set_vexpand (scrolled, TRUE);

  return scrolled;
}

/* The picture */

static void take_screenshot_if_ready (Viewer *self);
static void await_frame (Viewer *self);

/* Shows the latest frame. The texture keeps the frame in use: the painter does not touch it. */
static void
show_frame (Viewer *self)
{
  g_autoptr (ShmFrame) frame = shm_frames_acquire (self->frames, NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree char *caption = NULL;

  if (frame == NULL)
    return;

  self->number = shm_frame_get_number (frame);
  bytes = shm_frame_get_live_bytes (frame);
  texture = gdk_memory_texture_new (WIDTH, HEIGHT, GDK_MEMORY_R8G8B8A8, bytes, WIDTH * 4);
  gtk_picture_set_paintable (self->picture, GDK_PAINTABLE (texture));
  caption
      = g_strdup_printf ("Frame %" G_GUINT64_FORMAT ", drawn by Python with NumPy", self->number);
  gtk_label_set_label (self->caption, caption);
}

static void
on_frame (GObject *source, GAsyncResult *result, gpointer viewer)
{
  Viewer *self = viewer;
  g_autoptr (GError) error = NULL;

  if (shm_frames_wait_finish (self->frames, result, &error) == 0)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        gtk_label_set_label (self->caption, error->message);
      return;
    }

  show_frame (self);
  take_screenshot_if_ready (self);
  await_frame (self);
}

static void
await_frame (Viewer *self)
{
  shm_frames_wait_async (self->frames, self->number, -1, self->closed, on_frame, self);
}

static GtkWidget *
make_picture (Viewer *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 10);

  self->picture = GTK_PICTURE (gtk_picture_new ());
  self->caption = make_label ("dim-label");
  gtk_label_set_label (self->caption, "Waiting for the painter");
  gtk_label_set_xalign (self->caption, 0.5);
  gtk_widget_set_size_request (GTK_WIDGET (self->picture), WIDTH, HEIGHT);
  gtk_widget_set_overflow (GTK_WIDGET (self->picture), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_valign (GTK_WIDGET (self->picture), GTK_ALIGN_START);
  gtk_widget_add_css_class (GTK_WIDGET (self->picture), "picture");
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->picture));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->caption));

  return box;
}

/* The screenshot, for the documentation and the tests */

/* Returns whether each row has been changed by its program. */
static gboolean
are_rows_complete (Viewer *self)
{
  for (guint row = 0; row < N_ROWS; row++)
    {
      g_autoptr (ShmModelItem) by
          = g_list_model_get_item (G_LIST_MODEL (self->model), row * ROW_LENGTH + ROW_BY);

      if (*shm_model_item_get_text (by) == '\0')
        return FALSE;
    }

  return TRUE;
}

static void
print_labels (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    g_print ("%s\n", gtk_label_get_label (GTK_LABEL (widget)));

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    print_labels (child);
}

static gboolean
save_window (Viewer *self)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  gdk_paintable_snapshot (self->screen, snapshot, gdk_paintable_get_intrinsic_width (self->screen),
                          gdk_paintable_get_intrinsic_height (self->screen));
  node = gtk_snapshot_free_to_node (snapshot);
  if (node == NULL)
    return FALSE;

  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (self->window)), node,
                                         NULL);

  return gdk_texture_save_to_png (texture, self->screenshot);
}

static void
take_screenshot_if_ready (Viewer *self)
{
  if (self->screenshot == NULL || self->number < SCREENSHOT_FRAMES || !are_rows_complete (self))
    return;

  print_labels (GTK_WIDGET (self->window));
  if (!save_window (self))
    g_printerr ("The screenshot could not be written to %s\n", self->screenshot);
  g_clear_pointer (&self->screenshot, g_free);
  gtk_window_close (self->window);
}

/* The window */

static void
on_dark_toggled (GtkToggleButton *button)
{
  g_object_set (gtk_settings_get_default (), "gtk-application-prefer-dark-theme",
                gtk_toggle_button_get_active (button), NULL);
}

static GtkWidget *
make_header (Viewer *self)
{
  GtkWidget *header = gtk_header_bar_new ();
  GtkWidget *dark = gtk_toggle_button_new ();

  gtk_button_set_icon_name (GTK_BUTTON (dark), "weather-clear-night-symbolic");
  gtk_widget_set_tooltip_text (dark, "Dark style");
  g_signal_connect (dark, "toggled", G_CALLBACK (on_dark_toggled), NULL);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (dark), self->is_dark);
  gtk_header_bar_pack_end (GTK_HEADER_BAR (header), dark);

  return header;
}

static void
load_style (Viewer *self)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();
  g_autofree char *path = g_build_filename (self->folder, "viewer.css", NULL);

  gtk_css_provider_load_from_path (provider, path);
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
on_activate (GtkApplication *application, Viewer *self)
{
  g_autoptr (GError) error = NULL;
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);

  if (!create_list (self, &error) || !create_frames (self, &error)
      || !start_programs (self, &error))
    {
      g_printerr ("viewer: %s\n", error->message);
      return;
    }

  load_style (self);
  self->window = GTK_WINDOW (gtk_application_window_new (application));
  gtk_window_set_title (self->window, "Shared memory, live");
  gtk_window_set_default_size (self->window, 880, 590);
  gtk_window_set_titlebar (self->window, make_header (self));
  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  gtk_widget_set_margin_top (box, 18);
  gtk_widget_set_margin_bottom (box, 18);
  gtk_box_append (GTK_BOX (box), make_picture (self));
  gtk_box_append (GTK_BOX (box), make_list_view (self));
  gtk_window_set_child (self->window, box);
  g_signal_connect_swapped (self->window, "destroy", G_CALLBACK (g_cancellable_cancel),
                            self->closed);
  self->screen = gtk_widget_paintable_new (GTK_WIDGET (self->window));
  gtk_window_present (self->window);
  await_frame (self);
}

static gboolean
parse_options (Viewer *self, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[]
      = { { "screenshot", 0, 0, G_OPTION_ARG_FILENAME, &self->screenshot,
            "Save a picture of the window, print its texts, and end", "FILE" },
          { "dark", 0, 0, G_OPTION_ARG_NONE, &self->is_dark, "Begin with the dark style", NULL },
          { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new ("FOLDER");

  g_option_context_set_summary (context, "Shows a shared list and a shared picture while other "
                                         "programs change them. FOLDER "
                                         "contains the programs in Python and JavaScript.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;

  if (*argc != 2)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "FOLDER is missing");
      return FALSE;
    }
  self->folder = g_strdup ((*argv)[1]);

  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GtkApplication) application
      = gtk_application_new ("org.example.SharedMemoryLive", G_APPLICATION_NON_UNIQUE);
  g_autoptr (GError) error = NULL;
  Viewer viewer = {
    .closed = g_cancellable_new (),
    .programs = g_ptr_array_new_with_free_func (g_object_unref),
  };
  int status;

  if (!parse_options (&viewer, &argc, &argv, &error))
    {
      g_printerr ("viewer: %s\n", error->message);
      return 2;
    }

  g_signal_connect (application, "activate", G_CALLBACK (on_activate), &viewer);
  status = g_application_run (G_APPLICATION (application), 0, NULL);

  g_ptr_array_unref (viewer.programs);
  g_clear_object (&viewer.closed);
  g_clear_object (&viewer.screen);
  g_clear_object (&viewer.model);
  g_clear_object (&viewer.list);
  g_clear_object (&viewer.frames);
  g_free (viewer.folder);

  return status;
}
