/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The helper process of a manager: runs the server until its starter says so or dies, a client asks
 * for it, or it is told to with a signal; and removes everything then. */

#include "config.h"

#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-control.h"
#include "manager/server/shm-server.h"
#include "shm-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reports that the starter does not read are kept up to this; later ones are lost. */
#define REPORTS_MAX (1024 * 1024)

/* Where there are no descriptors of processes: how often to ask who our parent is. */
#define PARENT_POLL_MSEC 100

typedef struct
{
  GMainLoop *loop;
  GSocket *starter;     /* (owned) */
  gboolean has_starter; /* as a descriptor */
  pid_t starter_pid;    /* to poll for otherwise */
  guint64 client;       /* of the starter: it knows what it did itself */
  GByteArray *reports;  /* (owned): that are not sent yet */
  gsize sent;           /* of the reports */
  GSource *sending;     /* (owned) (nullable) */
} Helper;

static gboolean
quit (gpointer user_data)
{
  Helper *self = user_data;

  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

/* Talking to the starter */

static gboolean
on_starter_gone (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  /* It says nothing after the plan: whatever happens here is the end. */
  return quit (user_data);
}

static gboolean
on_starter_died (int fd, GIOCondition condition, gpointer user_data)
{
  return quit (user_data);
}

static gboolean
on_parent_poll (gpointer user_data)
{
  Helper *self = user_data;

  return getppid () == self->starter_pid ? G_SOURCE_CONTINUE : quit (self);
}

static gboolean send_reports (Helper *self);

static gboolean
on_starter_reads (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  return send_reports (user_data);
}

/* Whether there is more to be sent. */
static gboolean
send_reports (Helper *self)
{
  const gsize left = self->reports->len - self->sent;
  const gssize n
      = left == 0 ? 0
                  : g_socket_send (self->starter, (const char *) self->reports->data + self->sent,
                                   left, NULL, NULL);

  if (n > 0)
    self->sent += n;

  if (self->sent < self->reports->len)
    {
      if (self->sending == NULL)
        {
          self->sending = g_socket_create_source (self->starter, G_IO_OUT, NULL);
          g_source_set_callback (self->sending, G_SOURCE_FUNC (on_starter_reads), self, NULL);
          g_source_attach (self->sending, NULL);
        }
      return G_SOURCE_CONTINUE;
    }

  g_byte_array_set_size (self->reports, 0);
  self->sent = 0;
  g_clear_pointer (&self->sending, g_source_unref);

  return G_SOURCE_REMOVE;
}

static void
report (Helper *self, gboolean is_tracked, const char *name, guint64 client)
{
  if (client == self->client || self->reports->len > REPORTS_MAX)
    return;

  shm_control_append (self->reports, g_variant_new (SHM_CONTROL_REPORT, is_tracked, name));
  if (self->sending == NULL)
    send_reports (self);
}

static void
on_tracked (const char *name, guint64 client, gpointer user_data)
{
  report (user_data, TRUE, name, client);
}

static void
on_released (const char *name, guint64 client, gpointer user_data)
{
  report (user_data, FALSE, name, client);
}

static void
on_ended (gpointer user_data)
{
  quit (user_data);
}

static const ShmServerFuncs server_funcs = { on_tracked, on_released, on_ended };

/* Starting */

static gboolean
send_result (Helper *self, int code, const char *text, const char *registry, GError **error)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  shm_control_append (frames, g_variant_new (SHM_CONTROL_RESULT, code, text, registry));

  return g_socket_send (self->starter, (const char *) frames->data, frames->len, NULL, error)
         == (gssize) frames->len;
}

static GVariant *
read_plan (Helper *self, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (;;)
    {
      gboolean is_broken;
      char chunk[4096];
      gssize n;
      GVariant *plan = shm_control_take (bytes, SHM_CONTROL_CONFIG, &is_broken);

      if (plan != NULL)
        return plan;

      n = is_broken ? 0 : g_socket_receive (self->starter, chunk, sizeof chunk, NULL, error);
      if (n < 0)
        return NULL;
      if (n == 0)
        {
          g_set_error (error, SHM_ERROR, SHM_ERROR_PROTOCOL,
                       "The helper process got no plan from its starter");
          return NULL;
        }
      g_byte_array_append (bytes, (const guint8 *) chunk, n);
    }
}

static gboolean
settle_plan (Helper *self, ShmServerConfig *plan, GError **error)
{
  g_autoptr (GVariant) message = read_plan (self, error);
  g_autoptr (GVariant) key = NULL;
  const char *address;
  guint32 version;
  gint32 starter;

  if (message == NULL)
    return FALSE;

  g_variant_get (message, "(u&s@aybbit)", &version, &address, &key, &plan->allow_md5,
                 &plan->allow_other_users, &starter, &self->client);
  if (version != SHM_CONTROL_VERSION)
    {
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_SUPPORTED,
                   "The helper process and the library are of different versions");
      return FALSE;
    }

  self->starter_pid = starter;
  plan->key = g_variant_get_data_as_bytes (key);
  if (address[0] != '\0')
    plan->address = shm_address_parse (address, error);

  return address[0] == '\0' || plan->address != NULL;
}

static const char *
get_label (ShmStep step)
{
  const char *label = shm_manager_step_get_label (step);

  return label != NULL ? label : shm_block_step_get_label (step);
}

static ShmRegistry *
open_registry (GError **error)
{
  ShmFault fault;
  ShmRegistry *registry = shm_registry_create (&fault);

  if (registry == NULL)
    g_set_error (error, SHM_ERROR,
                 fault.errnum == ENOSPC || fault.errnum == ENOMEM ? SHM_ERROR_NO_SPACE
                                                                  : SHM_ERROR_FAILED,
                 "The manager can't note what it owns (%s: %s)", get_label (fault.step),
                 g_strerror (fault.errnum));

  return registry;
}

static ShmServer *
open_server (Helper *self, ShmRegistry *registry, GError **error)
{
  ShmServerConfig plan = { NULL };
  ShmServer *server = NULL;

  if (settle_plan (self, &plan, error))
    server = shm_server_new (&plan, registry, &server_funcs, self, error);
  g_clear_object (&plan.address);
  g_clear_pointer (&plan.key, g_bytes_unref);

  return server;
}

/* The starter can be dead already: then its descriptor is ready, and its end of the connection
 * closed. */
static void
watch_starter (Helper *self)
{
  g_autoptr (GSource) source = g_socket_create_source (self->starter, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_starter_gone), self, NULL);
  g_source_attach (source, NULL);

  if (self->has_starter)
    g_unix_fd_add (SHM_CONTROL_STARTER_FD, G_IO_IN, on_starter_died, self);
  else
    g_timeout_add (PARENT_POLL_MSEC, on_parent_poll, self);
}

static gboolean
serve (Helper *self, GError **error)
{
  g_autoptr (ShmRegistry) registry = NULL;
  g_autoptr (ShmServer) server = NULL;
  g_autofree char *address = NULL;
  ShmFault ignored;
  guint n_removed;

  shm_registry_sweep_all (&n_removed, &ignored);

  registry = open_registry (error);
  if (registry != NULL)
    server = open_server (self, registry, error);
  if (server == NULL)
    return FALSE;

  address = shm_address_print (shm_server_get_address (server));
  if (!send_result (self, -1, address, shm_registry_get_name (registry), error))
    return FALSE;

  watch_starter (self);
  g_socket_set_blocking (self->starter, FALSE);
  g_main_loop_run (self->loop);

  return TRUE;
}

/* Nobody's terminal, signals as they are meant and not as the starter has them blocked, and no folder
 * that somebody wants to unmount. */
static void
stand_alone (Helper *self)
{
  sigset_t none;

  setsid ();
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  g_unix_signal_add (SIGTERM, quit, self);
  if (chdir ("/") < 0)
    g_debug ("no root folder: %s", g_strerror (errno));
}

static void
close_from (int first)
{
#ifdef SYS_close_range
  if (syscall (SYS_close_range, first, ~0U, 0) == 0)
    return;
#endif
  for (int fd = first; fd < sysconf (_SC_OPEN_MAX); fd++)
    close (fd);
}

/* Whatever the starter had open is none of ours. And if it had closed a standard stream, what we open
 * must not be taken for that. */
static void
settle_descriptors (gboolean has_starter)
{
  int fd;

  close_from (has_starter ? SHM_CONTROL_STARTER_FD + 1 : SHM_CONTROL_STARTER_FD);

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

int
main (int argc, char **argv)
{
  Helper self = { NULL };
  gboolean wants_version = FALSE;
  const GOptionEntry options[] = {
    { "version", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &wants_version, "Print the version",
      NULL },
    { SHM_CONTROL_STARTER_OPTION, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &self.has_starter,
      NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean has_served;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (context, "Owns the blocks of a manager of shared memory. It is "
                                         "started by shm_manager_start() "
                                         "of the library shmobj, and is of no use without.");
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  if (wants_version)
    {
      g_print ("shmobj-manager %s\n", SHM_VERSION_TEXT);
      return 0;
    }

  settle_descriptors (self.has_starter);
  self.starter = g_socket_new_from_fd (STDIN_FILENO, &error);
  if (self.starter == NULL)
    {
      g_printerr ("This program is started by the library shmobj, see --help.\n");
      return 2;
    }

  self.loop = g_main_loop_new (NULL, FALSE);
  self.reports = g_byte_array_new ();
  stand_alone (&self);

  has_served = serve (&self, &error);
  if (!has_served)
    send_result (&self, error->domain == SHM_ERROR ? error->code : SHM_ERROR_FAILED, error->message,
                 "", NULL);

  if (self.sending != NULL)
    {
      g_source_destroy (self.sending);
      g_source_unref (self.sending);
    }
  g_byte_array_unref (self.reports);
  g_main_loop_unref (self.loop);
  g_object_unref (self.starter);

  return has_served ? 0 : 1;
}
