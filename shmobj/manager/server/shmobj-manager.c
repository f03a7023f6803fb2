/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server process of a manager. It runs until its starter closes the control socket or dies, a
 * client requests the shutdown, or it receives SIGTERM. Then it removes all blocks. */

#include "config.h"

#include "core/shm-system-process.h"
#include "manager/protocol/shm-control.h"
#include "manager/server/shm-server.h"
#include "manager/server/shm-starter.h"
#include "manager/shm-registry-place.h"
#include "manager/shm-registry-sweep.h"
#include "shm-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

typedef struct
{
  GMainLoop *loop; /* (owned) */
  ShmStarter starter;
} Process;

/* Ending */

static void
quit (gpointer user_data)
{
  Process *self = user_data;

  g_main_loop_quit (self->loop);
}

static gboolean
on_sigterm (gpointer user_data)
{
  quit (user_data);

  return G_SOURCE_REMOVE;
}

/* Reports */

static void
on_tracked (const char *name, guint64 client, gpointer user_data)
{
  Process *self = user_data;

  shm_starter_report (&self->starter, TRUE, name, client);
}

static void
on_removed (const char *name, guint64 client, gpointer user_data)
{
  Process *self = user_data;

  shm_starter_report (&self->starter, FALSE, name, client);
}

static const ShmServerFuncs server_funcs = { on_tracked, on_removed, quit };

/* Serving */

static const char *
get_step_label (ShmStep step)
{
  const char *label = shm_manager_step_get_label (step);

  return label != NULL ? label : shm_block_step_get_label (step);
}

static ShmRegistry *
create_registry (gboolean is_public, GError **error)
{
  ShmFault fault;
  ShmRegistry *registry = shm_registry_create (is_public, &fault);

  if (registry == NULL)
    g_set_error (error, SHM_ERROR,
                 fault.errnum == ENOSPC || fault.errnum == ENOMEM ? SHM_ERROR_NO_SPACE
                                                                  : SHM_ERROR_FAILED,
                 "The manager can't create its registry (%s: %s)", get_step_label (fault.step),
                 g_strerror (fault.errnum));

  return registry;
}

/* Creates the registry and the server. Stores the registry in *@registry, also if the server cannot
 * be created. */
static ShmServer *
create_server (Process *self, ShmRegistry **registry, GError **error)
{
  ShmServerConfig config = { NULL };
  ShmServer *server = NULL;

  if (shm_starter_receive_config (&self->starter, &config, error))
    *registry = create_registry (config.allow_other_users, error);
  if (*registry != NULL)
    server = shm_server_new (&config, *registry, &server_funcs, self, error);
  g_clear_object (&config.address);
  g_clear_pointer (&config.key, g_bytes_unref);

  return server;
}

/* Sweeps before this process needs memory for its own registry. */
static void
sweep_registries (void)
{
  g_autofree char *name = shm_registry_place_generate (FALSE);
  ShmFault ignored;
  guint n_removed;

  shm_registry_sweep_all (shm_registry_place_is_shared (name), &n_removed, &ignored);
}

static gboolean
serve (Process *self, GError **error)
{
  g_autoptr (ShmRegistry) registry = NULL;
  g_autoptr (ShmServer) server = NULL;

  sweep_registries ();

  server = create_server (self, &registry, error);
  if (server == NULL
      || !shm_starter_send_success (&self->starter, shm_server_get_address (server),
                                    shm_registry_get_name (registry), error))
    return FALSE;

  shm_starter_watch (&self->starter, quit, self);
  g_main_loop_run (self->loop);

  return TRUE;
}

/* The environment of the process */

/* Makes the process independent of the starter's terminal, signal mask and working directory. A
 * user may want to unmount the file system of that directory. */
static void
detach_process (Process *self)
{
  sigset_t none;

  setsid ();
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  g_unix_signal_add (SIGTERM, on_sigterm, self);
  if (chdir ("/") < 0)
    g_debug ("can't change to the root folder: %s", g_strerror (errno));
}

/* Closes the descriptors that were inherited from the starter. If the starter has closed a standard
 * stream, opens /dev/null in its place, so that no file that is opened later gets the descriptor of
 * that stream. */
static void
sanitize_descriptors (gboolean has_pidfd)
{
  int fd;

  shm_system_close_from (has_pidfd ? SHM_CONTROL_STARTER_FD + 1 : SHM_CONTROL_STARTER_FD);

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

int
main (int argc, char **argv)
{
  Process self = { NULL };
  gboolean wants_version = FALSE;
  gboolean has_pidfd = FALSE;
  const GOptionEntry options[] = {
    { "version", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &wants_version, "Print the version",
      NULL },
    { SHM_CONTROL_STARTER_OPTION, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &has_pidfd, NULL,
      NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean has_served;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (context, "Owns the blocks of a manager of shared memory. The "
                                         "library shmobj starts it, in shm_manager_start(). Do "
                                         "not run it yourself.");
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

  sanitize_descriptors (has_pidfd);
  if (!shm_starter_init (&self.starter, has_pidfd, &error))
    {
      g_printerr ("The library shmobj starts this program: see --help.\n");
      return 2;
    }

  self.loop = g_main_loop_new (NULL, FALSE);
  detach_process (&self);

  has_served = serve (&self, &error);
  if (!has_served)
    shm_starter_send_failure (&self.starter, error);

  shm_starter_clear (&self.starter);
  g_main_loop_unref (self.loop);

  return has_served ? 0 : 1;
}
