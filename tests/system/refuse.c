/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a program whose system calls are restricted by a sandbox:
 *
 *     refuse seccomp ERRNO CALL[,CALL...] PROGRAM [ARGUMENT...]
 *     refuse landlock FOLDER PROGRAM [ARGUMENT...]
 *
 * In the first form, a seccomp filter makes the calls fail with ERRNO. In the second form, Landlock
 * denies access to all files below /dev, except for those in the folder /dev/FOLDER, and to no
 * other files. Exits with status 77 if this machine does not support the sandbox. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNSUPPORTED 77

static const struct
{
  const char *name;
  guint number;
} calls[] = {
  { "fallocate", __NR_fallocate },
  { "fchmod", __NR_fchmod },
  { "fcntl", __NR_fcntl },
  { "getrandom", __NR_getrandom },
  { "inotify_init1", __NR_inotify_init1 },
  { "linkat", __NR_linkat },
  { "memfd_create", __NR_memfd_create },
  { "pidfd_open", __NR_pidfd_open },
  { "pwrite64", __NR_pwrite64 },
  { "renameat2", __NR_renameat2 },
  { "socketpair", __NR_socketpair },
#ifdef __NR_link
  { "link", __NR_link },
#endif
};

static void
add (GArray *filter, guint16 code, guint32 k, guint8 if_true, guint8 if_false)
{
  const struct sock_filter instruction = { code, if_true, if_false, k };

  g_array_append_val (filter, instruction);
}

static void
refuse_call (GArray *filter, const char *name, int errnum)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (strcmp (calls[i].name, name) == 0)
      {
        add (filter, BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
        add (filter, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum, 0, 0);
      }
}

static void
use_seccomp (int errnum, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, ",", -1);
  g_autoptr (GArray) filter = g_array_new (FALSE, FALSE, sizeof (struct sock_filter));
  struct sock_fprog program;

  add (filter, BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr), 0, 0);
  for (guint i = 0; list[i] != NULL; i++)
    refuse_call (filter, list[i], errnum);
  add (filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);

  program.len = filter->len;
  program.filter = (gpointer) filter->data;
  if (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
    exit (UNSUPPORTED);
}

static void
allow_below (int ruleset, const char *path, guint64 access)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = access };

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return;
  /* Fails for a path that is not a folder, to which some kinds of access do not apply. */
  syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close (rule.parent_fd);
}

static void
use_landlock (const char *folder)
{
  /* All kinds of access of the first version of Landlock. */
  const guint64 access = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  const struct landlock_ruleset_attr attributes = { .handled_access_fs = access };
  const int ruleset = syscall (SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  g_autofree char *allowed = g_build_filename ("/dev", folder, NULL);
  g_autoptr (GDir) root = g_dir_open ("/", 0, NULL);
  const char *name;

  if (ruleset < 0)
    exit (UNSUPPORTED);

  while ((name = g_dir_read_name (root)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/", name, NULL);

      if (strcmp (name, "dev") != 0)
        allow_below (ruleset, path, access);
    }
  allow_below (ruleset, allowed, access);

  if (syscall (SYS_landlock_restrict_self, ruleset, 0) < 0)
    exit (UNSUPPORTED);
  close (ruleset);
}

int
main (int argc, char **argv)
{
  char **program;

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return UNSUPPORTED;

  if (argc > 4 && strcmp (argv[1], "seccomp") == 0)
    {
      use_seccomp (atoi (argv[2]), argv[3]);
      program = argv + 4;
    }
  else if (argc > 3 && strcmp (argv[1], "landlock") == 0)
    {
      use_landlock (argv[2]);
      program = argv + 3;
    }
  else
    return 2;

  execv (program[0], program);

  return 1;
}
