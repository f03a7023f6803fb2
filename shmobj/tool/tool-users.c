/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool-users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tool/tool-output.h"

typedef struct
{
  guint64 device;
  guint64 inode;
} FileKey;

struct _ToolUsers
{
  GHashTable *files; /* FileKey to GPtrArray of ToolUser */
  guint64 device;    /* the device of the folder of blocks */
  guint n_hidden;
  gboolean is_available;
};

static guint
hash_key (gconstpointer key)
{
  return g_int64_hash (&((const FileKey *) key)->inode);
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (FileKey)) == 0;
}

static void
free_user (gpointer data)
{
  ToolUser *user = data;

  g_free (user->command);
  g_free (user);
}

/* Returns the text of /proc/PID/NAME, or NULL. (transfer full) */
static char *
read_file (int pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, name);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);

  return text;
}

static ToolUser *
create_user (int pid)
{
  ToolUser *user = g_new0 (ToolUser, 1);
  g_autofree char *folder = g_strdup_printf ("/proc/%d", pid);
  g_autofree char *command = read_file (pid, "comm");
  struct stat info;

  user->pid = pid;
  user->uid = stat (folder, &info) == 0 ? info.st_uid : G_MAXUINT;
  user->command = tool_get_printable (command != NULL ? g_strchomp (command) : "?");

  return user;
}

/* Returns the entry for a process in the users of a file. */
static ToolUser *
ensure_user (ToolUsers *self, guint64 device, guint64 inode, int pid)
{
  const FileKey key = { device, inode };
  GPtrArray *users = g_hash_table_lookup (self->files, &key);

  if (users == NULL)
    {
      users = g_ptr_array_new_with_free_func (free_user);
      g_hash_table_insert (self->files, g_memdup2 (&key, sizeof key), users);
    }
  else if (((ToolUser *) users->pdata[users->len - 1])->pid == pid)
    return users->pdata[users->len - 1];

  g_ptr_array_add (users, create_user (pid));

  return users->pdata[users->len - 1];
}

/* Each mapping has a line "ADDRESSES PERMISSIONS OFFSET MAJOR:MINOR INODE PATH". */
static gboolean
add_mappings (ToolUsers *self, int pid, const char *task)
{
  g_autofree char *name = g_strdup_printf ("/proc/%d/task/%s/maps", pid, task);
  FILE *file = fopen (name, "re");
  char line[256];
  gboolean is_start = TRUE;

  if (file == NULL)
    return errno == ENOENT || errno == ESRCH;

  while (fgets (line, sizeof line, file) != NULL)
    {
      unsigned int major_number, minor_number;
      unsigned long long inode;

      if (is_start
          && sscanf (line, "%*s %*s %*s %x:%x %llu", &major_number, &minor_number, &inode) == 3
          && inode != 0 && makedev (major_number, minor_number) == self->device)
        ensure_user (self, self->device, inode, pid)->is_mapped = TRUE;
      is_start = strchr (line, '\n') != NULL;
    }
  fclose (file);

  return TRUE;
}

/* The descriptors of one thread. Usually all threads of a process have the same descriptors. */
static gboolean
add_descriptors (ToolUsers *self, int pid, const char *task)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%s/fd", pid, task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = g_dir_open (path, 0, &error);
  const char *name;
  int fd;

  if (folder == NULL)
    return g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);

  fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  while (fd >= 0 && (name = g_dir_read_name (folder)) != NULL)
    {
      struct statx info;

      /* AT_STATX_DONT_SYNC: do not wait for the server of a network file system. */
      if (statx (fd, name, AT_STATX_DONT_SYNC, STATX_INO, &info) == 0
          && makedev (info.stx_dev_major, info.stx_dev_minor) == self->device)
        ensure_user (self, self->device, info.stx_ino, pid)->is_open = TRUE;
    }
  if (fd >= 0)
    close (fd);

  return TRUE;
}

/* A thread of the kernel, and a process that has ended, have no command line, files or mappings. */
static gboolean
has_command_line (int pid)
{
  g_autofree char *text = read_file (pid, "cmdline");

  return text != NULL && text[0] != '\0';
}

/* Looks at the descriptors of all threads, because a thread can have descriptors of its own. All
 * threads have the same mappings. If the first thread has ended before the others, it shows none,
 * so look at two. Returns whether the caller may look at the process. */
static gboolean
add_process (ToolUsers *self, int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *task;
  guint n_tasks = 0;
  gboolean is_visible = TRUE;

  while (folder != NULL && (task = g_dir_read_name (folder)) != NULL)
    {
      is_visible &= add_descriptors (self, pid, task);
      if (n_tasks++ < 2)
        is_visible &= add_mappings (self, pid, task);
    }

  return is_visible || !has_command_line (pid);
}

ToolUsers *
tool_users_new (void)
{
  ToolUsers *self = g_new0 (ToolUsers, 1);
  g_autoptr (GDir) folder = g_dir_open ("/proc", 0, NULL);
  struct stat info;
  const char *name;

  self->files
      = g_hash_table_new_full (hash_key, equal_keys, g_free, (GDestroyNotify) g_ptr_array_unref);
  if (folder == NULL || stat ("/dev/shm", &info) < 0)
    return self;

  self->device = info.st_dev;
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      const int pid = atoi (name);

      if (pid == getpid ())
        self->is_available = TRUE;
      else if (pid > 0 && !add_process (self, pid))
        self->n_hidden++;
    }

  return self;
}

void
tool_users_free (ToolUsers *self)
{
  g_hash_table_unref (self->files);
  g_free (self);
}

const GPtrArray *
tool_users_find (ToolUsers *self, guint64 device, guint64 inode)
{
  const FileKey key = { device, inode };

  return g_hash_table_lookup (self->files, &key);
}

gboolean
tool_users_is_available (ToolUsers *self)
{
  return self->is_available;
}

guint
tool_users_get_n_hidden (ToolUsers *self)
{
  return self->n_hidden;
}
