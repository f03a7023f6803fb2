/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts a manager. Prints the process ID of its server, its address and its key. Then executes
 * commands from stdin, one per line:
 *
 *     create NAME, list NAME, track NAME, release NAME     "-" as NAME generates a name
 *     names
 *     shutdown
 *     leftovers
 *
 * For each command, prints "reply COMMAND OUTCOME MICROSECONDS DETAIL". The program ends at the end
 * of its input. */

#include "manager-work.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 600
#define PAGE        4096

static gboolean allow_other_users = FALSE;
static gboolean has_loop = FALSE;
static gboolean is_busy = FALSE;
static gboolean is_idle = FALSE;
static gboolean with_program = FALSE;
static int n_threads = 0;
static int n_workers = 0;
static int lifetime_fd = -1;
static char *address = NULL;

static const GOptionEntry options[] = {
  { "address", 0, 0, G_OPTION_ARG_STRING, &address, "The address of the server", "ADDRESS" },
  { "allow-other-users", 0, 0, G_OPTION_ARG_NONE, &allow_other_users,
    "Allow other users to connect", NULL },
  { "loop", 0, 0, G_OPTION_ARG_NONE, &has_loop, "Run a main loop", NULL },
  { "busy", 0, 0, G_OPTION_ARG_NONE, &is_busy, "Use the manager between commands", NULL },
  { "idle", 0, 0, G_OPTION_ARG_NONE, &is_idle, "Do not start a server", NULL },
  { "threads", 0, 0, G_OPTION_ARG_INT, &n_threads, "The number of threads that use the manager",
    "N" },
  { "workers", 0, 0, G_OPTION_ARG_INT, &n_workers,
    "The number of forked children that outlive the server", "N" },
  { "program", 0, 0, G_OPTION_ARG_NONE, &with_program,
    "Also fork a child that runs another program", NULL },
  { "lifetime-pipe", 0, 0, G_OPTION_ARG_INT, &lifetime_fd,
    "The children run until this pipe is closed", "FD" },
  { NULL },
};

typedef struct
{
  ShmManager *manager;
  const char *prefix;
  Work work; /* the work of the main thread */
  GString *input;
  GMainLoop *loop;
} Starter;

/* Children that outlive the server */

/* Runs a worker, which outlives its parent. The worker checks that it can still use its mapping
 * after its parent has died and the name of the block has been removed. Does not return. */
static void
run_worker (Starter *self, ShmSharedMemory *shm)
{
  guint64 size;
  guint8 *data = shm_shared_memory_get_data (shm, &size);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  gint64 begin;
  char end;

  printf ("worker %d\n", getpid ());
  while (read (lifetime_fd, &end, 1) > 0)
    ;

  g_assert_cmpint (data[PAGE], ==, 7);
  data[0] = 1;
  begin = g_get_monotonic_time ();
  allow_seconds (SECONDS_MAX);
  names = shm_manager_list_blocks (self->manager, NULL, &error);
  printf ("done %d 1 %" G_GINT64_FORMAT " %s\n", getpid (), g_get_monotonic_time () - begin,
          outcome_of (error));
  /* The release of the manager in a child must not end the server of the parent. */
  g_object_unref (self->manager);
  _exit (0);
}

/* Runs another program, which inherits all descriptors that are not close-on-exec. The control
 * socket must not be one of them. Otherwise the server would not notice the death of its
 * starter. */
static void
run_program (void)
{
  dup2 (lifetime_fd, STDIN_FILENO);
  execlp ("cat", "cat", NULL);
  _exit (127);
}

static void
fork_children (Starter *self)
{
  g_autofree char *name = g_strdup_printf ("%s-mapped", self->prefix);
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_manager_create_shared_memory (self->manager, name, 2 * PAGE, 0600, SHM_CREATE_NONE,
                                          NULL, &error);
  guint64 size;

  g_assert_no_error (error);
  ((guint8 *) shm_shared_memory_get_data (shm, &size))[PAGE] = 7;

  for (int i = 0; i < n_workers; i++)
    if (fork () == 0)
      run_worker (self, shm);
  if (with_program && fork () == 0)
    run_program ();
}

/* Commands */

static const char *
get_optional_name (const char *name)
{
  return name == NULL || g_str_equal (name, "-") ? NULL : name;
}

static char *
create (Starter *self, const char *name, GError **error)
{
  g_autoptr (ShmSharedMemory) shm
      = shm_manager_create_shared_memory (self->manager, get_optional_name (name), PAGE, 0600,
                                          SHM_CREATE_NONE, NULL, error);

  return shm != NULL ? g_strdup (shm_shared_memory_get_name (shm)) : NULL;
}

static char *
create_list (Starter *self, const char *name, GError **error)
{
  g_autoptr (ShmShareableList) list
      = shm_manager_create_shareable_list (self->manager,
                                           g_variant_new ("(xs)", (gint64) 5, "five"),
                                           get_optional_name (name), 0600, SHM_CREATE_NONE, NULL,
                                           error);

  return list != NULL
             ? g_strdup (shm_shared_memory_get_name (shm_shareable_list_get_shared_memory (list)))
             : NULL;
}

static char *
track (Starter *self, const char *name, GError **error)
{
  return shm_manager_track (self->manager, name, NULL, error) ? g_strdup (name) : NULL;
}

static char *
release (Starter *self, const char *name, GError **error)
{
  return shm_manager_remove (self->manager, name, NULL, error) ? g_strdup (name) : NULL;
}

static char *
list_names (Starter *self, const char *name, GError **error)
{
  g_auto (GStrv) names = shm_manager_list_blocks (self->manager, NULL, error);

  return names != NULL ? g_strjoinv (" ", names) : NULL;
}

static char *
shut_down (Starter *self, const char *name, GError **error)
{
  return shm_manager_shutdown (self->manager, NULL, error) ? g_strdup ("") : NULL;
}

static char *
remove_leftovers (Starter *self, const char *name, GError **error)
{
  guint n_removed;

  return shm_manager_remove_leftovers (&n_removed, error) ? g_strdup_printf ("%u", n_removed)
                                                          : NULL;
}

static const struct
{
  const char *name;
  char *(*perform) (Starter *self, const char *name, GError **error);
} commands[] = {
  { "create", create },
  { "list", create_list },
  { "track", track },
  { "release", release },
  { "names", list_names },
  { "shutdown", shut_down },
  { "leftovers", remove_leftovers },
};

static void
execute_command (Starter *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 2);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, words[0]))
      {
        const gint64 begin = g_get_monotonic_time ();
        g_autofree char *detail = commands[i].perform (self, words[1], &error);

        printf ("reply %s %s %" G_GINT64_FORMAT " %s\n", words[0], outcome_of (error),
                g_get_monotonic_time () - begin, error != NULL ? error->message : detail);
        return;
      }

  g_error ("Unknown command: %s", line);
}

/* Executes the commands that have arrived on stdin. Returns FALSE at the end of the input. */
static gboolean
read_commands (Starter *self)
{
  char chunk[4096];
  const gssize n = read (STDIN_FILENO, chunk, sizeof chunk);
  const char *end;

  allow_seconds (SECONDS_MAX);
  if (n <= 0)
    return FALSE;

  g_string_append_len (self->input, chunk, n);
  while ((end = strchr (self->input->str, '\n')) != NULL)
    {
      g_autofree char *line = g_strndup (self->input->str, end - self->input->str);

      g_string_erase (self->input, 0, end + 1 - self->input->str);
      execute_command (self, line);
    }

  return TRUE;
}

/* Running */

static gpointer
run_thread (gpointer data)
{
  Work *work = data;

  while (work_step (work))
    ;
  work_report (work);

  return NULL;
}

/* With --busy, makes one or two calls of the manager. Returns FALSE if the work has ended. */
static gboolean
work_briefly (Starter *self)
{
  if (is_busy && !work_step (&self->work))
    {
      is_busy = FALSE;
      work_report (&self->work);
    }

  return is_busy;
}

static void
run_without_loop (Starter *self)
{
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

  for (;;)
    if (poll (&input, 1, is_busy ? 0 : -1) > 0)
      {
        if (!read_commands (self))
          return;
      }
    else
      work_briefly (self);
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer user_data)
{
  Starter *self = user_data;

  if (read_commands (self))
    return G_SOURCE_CONTINUE;

  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

static gboolean
on_idle (gpointer user_data)
{
  return work_briefly (user_data);
}

static void
run_with_loop (Starter *self)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, self);
  if (is_busy)
    g_idle_add (on_idle, self);
  g_main_loop_run (self->loop);
  g_main_loop_unref (self->loop);
}

static void
on_server_exited (ShmManager *manager, gpointer user_data)
{
  printf ("server-exited\n");
}

static void
print_key (GBytes *key)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (key, &size);

  printf ("key ");
  for (gsize i = 0; i < size; i++)
    printf ("%02x", bytes[i]);
  printf ("\n");
}

static gboolean
start (Starter *self)
{
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  printf ("starting\n");
  if (!shm_manager_start (self->manager, NULL, &error))
    {
      printf ("failed %s %" G_GINT64_FORMAT " %s\n", outcome_of (error),
              g_get_monotonic_time () - begin, error->message);
      return FALSE;
    }

  printf ("helper %d\n", shm_manager_get_pid (self->manager));
  printf ("address %s\n", shm_manager_get_address (self->manager));
  print_key (shm_manager_get_authkey (self->manager));

  return TRUE;
}

static void
run (Starter *self)
{
  g_autofree GThread **threads = g_new0 (GThread *, n_threads);
  g_autofree Work *works = g_new0 (Work, n_threads);

  /* Fork before any thread starts, because a thread could hold a lock that the child needs. */
  if (n_workers > 0 || with_program)
    fork_children (self);
  for (int i = 0; i < n_threads; i++)
    {
      work_init (&works[i], self->manager, self->prefix, i + 1);
      threads[i] = g_thread_new ("work", run_thread, &works[i]);
    }

  printf ("ready\n");
  if (has_loop)
    run_with_loop (self);
  else
    run_without_loop (self);

  /* The threads run until the server ends. */
  if (n_threads > 0)
    shm_manager_shutdown (self->manager, NULL, NULL);
  for (int i = 0; i < n_threads; i++)
    {
      g_thread_join (threads[i]);
      work_clear (&works[i]);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("PREFIX");
  Starter self = { NULL };
  gboolean is_started;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc != 2)
    return 2;

  setvbuf (stdout, NULL, _IOLBF, 0);
  if (lifetime_fd >= 0)
    fcntl (lifetime_fd, F_SETFD, FD_CLOEXEC);
  allow_seconds (SECONDS_MAX);
  self.prefix = argv[1];
  self.input = g_string_new (NULL);
  self.manager
      = shm_manager_new (address, NULL,
                         allow_other_users ? SHM_MANAGER_ALLOW_OTHER_USERS : SHM_MANAGER_NONE);
  g_signal_connect (self.manager, "server-exited", G_CALLBACK (on_server_exited), NULL);

  is_started = is_idle || start (&self);
  if (is_started)
    {
      work_init (&self.work, self.manager, self.prefix, 0);
      run (&self);
      work_clear (&self.work);
    }

  g_clear_object (&self.manager);
  g_string_free (self.input, TRUE);

  return is_started ? 0 : 1;
}
