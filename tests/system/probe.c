/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Performs one operation of the library. Writes a marker before the operation and a marker after
 * it, which a tracer recognizes. Then prints the result and the numbers of open descriptors and
 * mappings. The Python tests in this folder run this program. */

#include <shmobj/shmobj.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  const char *name; /* (nullable) */
  guint64 size;
  ShmAttachFlags attach_flags;
  int fd;
  pid_t pid;
  ShmSharedMemory *shm; /* (owned) (nullable) */
} Subject;

typedef gboolean (*Perform) (Subject *self, GError **error);

/* Preparations */

static gboolean
attach (Subject *self, GError **error)
{
  self->shm = shm_shared_memory_attach (self->name, self->attach_flags, error);

  return self->shm != NULL;
}

static gboolean
open_file (Subject *self, GError **error)
{
  g_autofree char *path = g_build_filename ("/dev/shm", self->name, NULL);

  self->fd = open (path, O_RDWR | O_CLOEXEC);

  return self->fd >= 0;
}

/* Starts a process with a program of its own. The process ends with this process. */
static gboolean
start_program (Subject *self, GError **error)
{
  self->pid = fork ();
  if (self->pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (shm_begin_program (NULL))
        raise (SIGSTOP);
      _exit (1);
    }

  return waitpid (self->pid, NULL, WUNTRACED) == self->pid;
}

/* Operations */

static gboolean
create_with (Subject *self, guint mode, ShmCreateFlags flags, GError **error)
{
  self->shm = shm_shared_memory_create_full (self->name, self->size, mode, flags, NULL, error);

  return self->shm != NULL;
}

static gboolean
create (Subject *self, GError **error)
{
  return create_with (self, 0600, SHM_CREATE_NONE, error);
}

static gboolean
create_sparse (Subject *self, GError **error)
{
  return create_with (self, 0600, SHM_CREATE_SPARSE, error);
}

static gboolean
create_populate (Subject *self, GError **error)
{
  return create_with (self, 0600, SHM_CREATE_POPULATE, error);
}

static gboolean
create_sparse_populate (Subject *self, GError **error)
{
  return create_with (self, 0600, SHM_CREATE_SPARSE | SHM_CREATE_POPULATE, error);
}

static gboolean
create_huge (Subject *self, GError **error)
{
  return create_with (self, 0600, SHM_CREATE_HUGE_PAGES, error);
}

static gboolean
create_for_all (Subject *self, GError **error)
{
  return create_with (self, 0666, SHM_CREATE_NONE, error);
}

static gboolean
open_or_create (Subject *self, GError **error)
{
  self->shm = shm_shared_memory_open_or_create (self->name, self->size, 0600, SHM_CREATE_NONE, NULL,
                                                error);

  return self->shm != NULL;
}

static gboolean
anonymous (Subject *self, GError **error)
{
  self->shm = shm_shared_memory_create_anonymous (self->size, SHM_CREATE_NONE, error);

  return self->shm != NULL;
}

static gboolean
attach_read_only (Subject *self, GError **error)
{
  self->attach_flags |= SHM_ATTACH_READ_ONLY;

  return attach (self, error);
}

static gboolean
attach_fd (Subject *self, GError **error)
{
  self->shm = shm_shared_memory_attach_fd (self->fd, self->attach_flags, error);

  return self->shm != NULL;
}

static gboolean
unlink_block (Subject *self, GError **error)
{
  return shm_shared_memory_unlink (self->shm, error);
}

static gboolean
remove_block (Subject *self, GError **error)
{
  return shm_remove_block (self->name, error);
}

static gboolean
read_all (Subject *self, GError **error)
{
  g_autoptr (GBytes) bytes
      = shm_shared_memory_read (self->shm, 0, shm_shared_memory_get_size (self->shm), error);

  return bytes != NULL;
}

static gboolean
write_all (Subject *self, GError **error)
{
  const gsize size = shm_shared_memory_get_size (self->shm);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);

  return shm_shared_memory_write (self->shm, 0, bytes, error);
}

static gboolean
map (Subject *self, GError **error)
{
  return shm_shared_memory_map (self->shm, error);
}

static gboolean
watch (Subject *self, GError **error)
{
  return shm_shared_memory_watch (self->shm, error);
}

static gboolean
list (Subject *self, GError **error)
{
  g_autolist (ShmBlockInfo) blocks = shm_list_blocks (error);

  return blocks != NULL || *error == NULL;
}

static gboolean
join_program (Subject *self, GError **error)
{
  return shm_join_program (self->pid, error);
}

/* Writes to every page. This raises SIGBUS if there is no memory for a page. */
static gboolean
touch (Subject *self, GError **error)
{
  guint64 size;
  volatile guint8 *data = shm_shared_memory_get_data (self->shm, &size);

  g_assert_nonnull (data);
  for (guint64 at = 0; at < size; at += getpagesize ())
    data[at] = 1;

  return TRUE;
}

static const struct
{
  const char *name;
  Perform prepare; /* (nullable): runs before the first marker */
  Perform perform;
} operations[] = {
  { "create", NULL, create },
  { "create-sparse", NULL, create_sparse },
  { "create-populate", NULL, create_populate },
  { "create-sparse-populate", NULL, create_sparse_populate },
  { "create-huge", NULL, create_huge },
  { "create-for-all", NULL, create_for_all },
  { "open-or-create", NULL, open_or_create },
  { "anonymous", NULL, anonymous },
  { "attach", NULL, attach },
  { "attach-read-only", NULL, attach_read_only },
  { "attach-fd", open_file, attach_fd },
  { "unlink", attach, unlink_block },
  { "remove", NULL, remove_block },
  { "read", attach, read_all },
  { "write", attach, write_all },
  { "map", attach, map },
  { "map-read-only", attach_read_only, map },
  { "touch", attach, touch },
  { "watch", attach, watch },
  { "list", NULL, list },
  { "join", start_program, join_program },
};

/* Open descriptors and mappings. Both counts are 0 if /proc is not mounted. */

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    count++;

  return count;
}

static guint
count_mappings (void)
{
  g_autofree char *maps = NULL;
  guint count = 0;

  if (!g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL))
    return 0;

  for (const char *at = maps; (at = strstr (at, "/dev/shm/")) != NULL; at++)
    count++;
  for (const char *at = maps; (at = strstr (at, "/memfd:")) != NULL; at++)
    count++;

  return count;
}

/* Main */

/* Makes exactly one system call, even if stdout is buffered. */
static void
write_marker (const char *text)
{
  if (write (STDOUT_FILENO, text, strlen (text)) < 0)
    _exit (3);
}

static void
report (const GError *error)
{
  GEnumClass *codes = g_type_class_ref (SHM_TYPE_ERROR);

  if (error == NULL)
    printf ("ok\n");
  else if (error->domain != SHM_ERROR)
    printf ("error %s-%d: %s\n", g_quark_to_string (error->domain), error->code, error->message);
  else
    printf ("error %s: %s\n", g_enum_get_value (codes, error->code)->value_nick, error->message);

  g_type_class_unref (codes);
}

/* Some initializations happen only once in a process. Triggers them before the first marker. */
static void
warm_up (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmSharedMemory) shm
      = shm_shared_memory_attach ("shmobj-system-nowhere", SHM_ATTACH_NONE, &error);
  g_autofree gpointer heap = g_malloc (65536);

  g_assert_null (shm);
  g_assert_nonnull (heap);
  g_assert_nonnull (error);
  g_main_context_default ();
  g_random_int ();
}

static void
switch_user (int user)
{
  if (setgroups (0, NULL) < 0 || setresgid (user, user, user) < 0
      || setresuid (user, user, user) < 0)
    g_error ("cannot switch to user %d", user);

  /* Without this call, the process has no access to its own files in /proc. */
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
allow_descriptors (rlim_t count)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = count;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

static gboolean any_owner = FALSE;
static gboolean no_descriptors = FALSE;
static int user_id = -1;

static const GOptionEntry options[] = {
  { "any-owner", 0, 0, G_OPTION_ARG_NONE, &any_owner, "Attach to blocks of other users", NULL },
  { "no-descriptors", 0, 0, G_OPTION_ARG_NONE, &no_descriptors,
    "Run the operation without free descriptors", NULL },
  { "user", 0, 0, G_OPTION_ARG_INT, &user_id, "Switch to this user first", "UID" },
  { NULL },
};

static gboolean
perform (guint operation, Subject *subject, GError **error)
{
  gboolean done;

  if (no_descriptors)
    allow_descriptors (3);
  write_marker ("probe: start\n");
  done = operations[operation].perform (subject, error);
  write_marker ("probe: end\n");
  if (no_descriptors)
    allow_descriptors (64);

  return done;
}

static void
close_subject (Subject *subject)
{
  if (subject->shm != NULL)
    {
      if (shm_shared_memory_get_name (subject->shm) != NULL)
        printf ("name %s\n", shm_shared_memory_get_name (subject->shm));
      g_assert_true (shm_shared_memory_close (subject->shm, NULL));
      g_clear_object (&subject->shm);
    }

  if (subject->fd >= 0)
    close (subject->fd);
}

static int
run (guint operation, Subject *subject)
{
  const Perform prepare = operations[operation].prepare;
  g_autoptr (GError) error = NULL;
  guint descriptors, mappings;

  warm_up ();
  descriptors = count_descriptors ();
  mappings = count_mappings ();

  if (prepare != NULL && !prepare (subject, &error))
    {
      report (error);
      return 2;
    }

  if (!perform (operation, subject, &error))
    g_assert_nonnull (error);
  report (error);
  close_subject (subject);

  printf ("descriptors %u %u\n", descriptors, count_descriptors ());
  printf ("mappings %u %u\n", mappings, count_mappings ());

  return error == NULL ? 0 : 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context
      = g_option_context_new ("OPERATION NAME [SIZE] - use - as NAME for no name");
  Subject subject = { .fd = -1 };

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc < 3)
    return 2;

  subject.name = g_str_equal (argv[2], "-") ? NULL : argv[2];
  subject.size = argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 0;
  subject.attach_flags = any_owner ? SHM_ATTACH_ANY_OWNER : SHM_ATTACH_NONE;

  if (user_id >= 0)
    switch_user (user_id);

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    if (g_str_equal (operations[i].name, argv[1]))
      return run (i, &subject);

  return 2;
}
