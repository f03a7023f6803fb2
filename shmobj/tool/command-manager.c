/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `manager`. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <shmobj/shmobj.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tool/tool-output.h"
#include "tool/tool.h"

static char *address, *key_path;
static gboolean as_json, allows_others;

/* Writes the key to a new file that only this user can read. Returns the path. (transfer full) */
static char *
write_key (GBytes *key, GError **error)
{
  g_autofree char *path
      = key_path != NULL ? g_strdup (key_path)
                         : g_build_filename (g_get_user_runtime_dir (), "shmobj-XXXXXX.key", NULL);
  const int fd = key_path != NULL ? g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                                  : g_mkstemp_full (path, O_WRONLY | O_CLOEXEC, 0600);
  gsize size;
  gconstpointer data = g_bytes_get_data (key, &size);
  const gboolean is_written = fd >= 0 && write (fd, data, size) == (gssize) size;

  if (!is_written)
    {
      g_autofree char *printable = tool_get_printable (path);

      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                   "The key file \"%s\" cannot be written: %s", printable, g_strerror (errno));
      if (fd >= 0)
        g_unlink (path);
    }
  if (fd >= 0)
    close (fd);

  return is_written ? g_steal_pointer (&path) : NULL;
}

static void
print_start (ShmManager *manager, const char *path)
{
  if (as_json)
    {
      ToolJson json;

      tool_json_begin_document (&json);
      tool_json_add_string (&json, "address", shm_manager_get_address (manager));
      tool_json_add_string (&json, "key_file", path);
      tool_json_add_int (&json, "pid", getpid ());
      tool_json_print_document (&json);
    }
  else
    {
      g_autofree char *quoted_address = g_shell_quote (shm_manager_get_address (manager));
      g_autofree char *quoted_path = g_shell_quote (path);

      g_print ("address=%s\nkey_file=%s\npid=%d\n", quoted_address, quoted_path, getpid ());
    }
}

static gboolean
on_signal (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_CONTINUE;
}

static void
on_server_exited (ShmManager *manager, gpointer loop)
{
  g_main_loop_quit (loop);
}

/* Runs until a signal arrives, the parent ends, or the server dies. */
static ToolStatus
serve (ShmManager *manager, const char *path, int parent)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;

  g_signal_connect (manager, "server-exited", G_CALLBACK (on_server_exited), loop);
  g_unix_signal_add (SIGINT, on_signal, loop);
  g_unix_signal_add (SIGTERM, on_signal, loop);
  g_unix_signal_add (SIGHUP, on_signal, loop);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  print_start (manager, path);
  if (getppid () == parent)
    g_main_loop_run (loop);

  if (shm_manager_get_state (manager) == SHM_MANAGER_STATE_SERVER_DIED)
    {
      g_printerr ("shmobj: The server of the manager was ended by another process: its blocks are "
                  "removed, start another manager\n");
      return TOOL_FAILED;
    }
  if (shm_manager_shutdown (manager, NULL, &error))
    return TOOL_OK;

  return tool_fail (error);
}

static ToolStatus
run_manager (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "address", 0, 0, G_OPTION_ARG_STRING, &address,
      "A path, @ and a name, or host:port (default: a new path)", "ADDRESS" },
    { "key-file", 'k', 0, G_OPTION_ARG_FILENAME, &key_path,
      "Write the key to this new file (default: a new file in XDG_RUNTIME_DIR)", "FILE" },
    { "allow-other-users", 0, 0, G_OPTION_ARG_NONE, &allows_others,
      "Accept processes of other users that have the key", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
    { NULL },
  };
  const int parent = getppid ();
  g_autoptr (ShmManager) manager = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  ToolStatus status;

  if (!tool_parse (self, entries, arguments, 0, 0))
    return TOOL_USAGE;

  manager = shm_manager_new (address, NULL,
                             allows_others ? SHM_MANAGER_ALLOW_OTHER_USERS : SHM_MANAGER_NONE);
  if (!shm_manager_start (manager, NULL, &error))
    {
      tool_fail (error);
      return TOOL_FAILED;
    }

  path = write_key (shm_manager_get_authkey (manager), &error);
  if (path == NULL)
    {
      shm_manager_shutdown (manager, NULL, NULL);
      return tool_fail (error);
    }

  status = serve (manager, path, parent);
  g_unlink (path);

  return status;
}

const ToolCommand tool_manager_command = {
  .name = "manager",
  .summary = "Runs a manager, and prints its address and the file of its key",
  .description = "The manager ends, and removes its blocks, when the process that started the "
                 "command ends, and on\nSIGTERM, SIGINT and SIGHUP.",
  .run = run_manager,
};
