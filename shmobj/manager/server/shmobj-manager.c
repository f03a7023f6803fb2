/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server process of a manager. It runs until its starter closes the control socket or dies, a
 * client requests the shutdown, or it receives SIGTERM. Then it removes all blocks. */

#include "config.h"

#include "core/shm-cause.h"
#include "core/shm-random.h"
#include "core/shm-system-process.h"
#include "manager/protocol/shm-control.h"
#include "manager/server/shm-server.h"
#include "manager/server/shm-starter.h"
#include "manager/shm-manager-error.h"
#include "manager/shm-manager-steps.h"
#include "registry/shm-registry-place.h"
#include "registry/shm-registry-sweep.h"
#include "shm-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

/* The number of descriptors that the process needs: for two main contexts of GLib, the registry,
 * the listening socket, a sweep and a few clients. */
#define DESCRIPTORS_MIN 12

typedef struct
{
  GMainLoop *loop; /* (owned) (nullable) */
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

  if (label == NULL)
    label = shm_registry_step_get_label (step);

  return label != NULL ? label : shm_block_step_get_label (step);
}

static ShmRegistry *
create_registry (gboolean is_public, GError **error)
{
  g_autofree char *cause = NULL;
  ShmFault fault;
  ShmRegistry *registry = shm_registry_create (is_public, &fault);

  if (registry != NULL)
    return registry;

  cause = shm_cause_describe (&fault, get_step_label (fault.step));
  g_set_error (error, SHM_ERROR, shm_cause_find (fault.step, fault.errnum).code,
               "The registry of the manager %s", cause);

  return NULL;
}

/* Checks what the process needs in order to serve. GLib aborts a process that has no descriptors
 * for a main context, and the starter would not learn the reason. */
static gboolean
check_resources (GError **error)
{
  guint8 byte;
  int errnum;

  if (!shm_system_has_descriptors (DESCRIPTORS_MIN))
    {
      shm_manager_set_errno (error, EMFILE, "The manager's server cannot be started");
      return FALSE;
    }

  errnum = shm_random_fill (&byte, sizeof byte);
  if (errnum != 0)
    shm_manager_set_errno (error, errnum,
                           "The manager's server gets no random bytes for the handshake, neither "
                           "with getrandom() nor from /dev/urandom");

  return errnum == 0;
}

/* Creates the registry and the server. Stores the registry in *@registry, also if the server cannot
 * be created. */
static ShmServer *
create_server (Process *self, const ShmServerConfig *config, ShmRegistry **registry, GError **error)
{
  *registry = create_registry (config->allow_other_users, error);

  return *registry != NULL ? shm_server_new (config, *registry, &server_funcs, self, error) : NULL;
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
serve (Process *self, const ShmServerConfig *config, GError **error)
{
  g_autoptr (ShmRegistry) registry = NULL;
  g_autoptr (ShmServer) server = NULL;

  if (!check_resources (error))
    return FALSE;

  self->loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, on_sigterm, self);
  sweep_registries ();

  server = create_server (self, config, &registry, error);
  if (server == NULL
      || !shm_starter_send_success (&self->starter, shm_server_get_address (server),
                                    shm_registry_get_name (registry), error))
    return FALSE;

  shm_starter_watch (&self->starter, quit, self);
  g_main_loop_run (self->loop);

  return TRUE;
}

/* Receives the configuration, and serves until the end. */
static gboolean
run (Process *self, GError **error)
{
  ShmServerConfig config = { NULL };
  const gboolean has_served
      = shm_starter_receive_config (&self->starter, &config, error) && serve (self, &config, error);

  g_clear_object (&config.address);
  g_clear_pointer (&config.key, g_bytes_unref);

  return has_served;
}

/* The environment of the process */

/* Makes the process independent of the starter's terminal, signal mask and working directory. A
 * user may want to unmount the file system of that directory. */
static void
detach_process (void)
{
  sigset_t none;

  setsid ();
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  if (chdir ("/") < 0)
    g_debug ("can't change to the root folder: %s", g_strerror (errno));
}

/* Opens a descriptor for an unused standard stream. A sandbox may have no usable /dev/null. The
 * descriptor of a folder can then be opened, and can be neither read nor written. */
static int
open_null (void)
{
  const int fd = open ("/dev/null", O_RDWR);

  return fd >= 0 ? fd : open ("/", O_PATH);
}

/* Closes the descriptors that were inherited from the starter, and moves the pidfd away from
 * standard output, see shm-control.h. Replaces standard output, and each standard stream that the
 * starter has closed, so that no file that is opened later gets the descriptor of a stream. Returns
 * whether the process has a pidfd of the starter. */
static gboolean
sanitize_descriptors (gboolean has_pidfd)
{
  int fd;

  shm_system_close_from (SHM_CONTROL_STARTER_FD);
  has_pidfd
      = has_pidfd
        && fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, SHM_CONTROL_STARTER_FD) == SHM_CONTROL_STARTER_FD;

  do
    fd = open_null ();
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    {
      dup2 (fd, STDOUT_FILENO);
      close (fd);
    }

  return has_pidfd;
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

  has_pidfd = sanitize_descriptors (has_pidfd);
  if (!shm_starter_init (&self.starter, has_pidfd, &error))
    {
      g_printerr ("The library shmobj starts this program: see --help.\n");
      return 2;
    }

  detach_process ();

  has_served = run (&self, &error);
  if (!has_served)
    shm_starter_send_failure (&self.starter, error);

  shm_starter_clear (&self.starter);
  g_clear_pointer (&self.loop, g_main_loop_unref);

  return has_served ? 0 : 1;
}
