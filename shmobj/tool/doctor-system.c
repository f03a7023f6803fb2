/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/tool-doctor.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "tool/tool-output.h"

#define FOLDER          "/dev/shm"
#define SMALL_FOLDER    (64 * 1024 * 1024) /* the usual size in a container */
#define FEW_DESCRIPTORS 256

static char *
read_file (const char *path)
{
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strstrip (text) : NULL;
}

static void
check_space (GPtrArray *findings, const struct statfs *info)
{
  const guint64 size = (guint64) info->f_blocks * info->f_bsize;
  const guint64 free_size = (guint64) info->f_bavail * info->f_bsize;
  g_autofree char *size_text = tool_format_size (size);
  g_autofree char *free_text = tool_format_size (free_size);

  if (size == 0) /* no limit */
    return;

  if (free_size < size / 10)
    tool_finding_add (findings, "space", TOOL_FINDING_PROBLEM,
                      g_strdup_printf (FOLDER " has %s, and only %s are free", size_text,
                                       free_text),
                      "Remove blocks (`shmobj list`, `shmobj gc`), or enlarge the folder: "
                      "`mount -o remount,size=SIZE " FOLDER "`.");
  else if (size <= SMALL_FOLDER)
    tool_finding_add (findings, "space", TOOL_FINDING_NOTE,
                      g_strdup_printf (FOLDER " has only %s, as in many containers", size_text),
                      "Start the container with a larger folder: `--shm-size=SIZE`.");
  else
    tool_finding_add (findings, "space", TOOL_FINDING_OK,
                      g_strdup_printf (FOLDER " has %s, %s are free", size_text, free_text), NULL);
}

static void
check_inodes (GPtrArray *findings, const struct statfs *info)
{
  if (info->f_files > 0 && info->f_ffree < info->f_files / 10)
    tool_finding_add (findings, "inodes", TOOL_FINDING_PROBLEM,
                      g_strdup_printf (FOLDER " can have %" G_GUINT64_FORMAT
                                              " files, and only %" G_GUINT64_FORMAT " more",
                                       (guint64) info->f_files, (guint64) info->f_ffree),
                      "Remove blocks, or allow more: `mount -o remount,nr_inodes=N " FOLDER "`.");
}

static void
check_folder (GPtrArray *findings)
{
  struct statfs info;
  struct stat folder;

  if (stat (FOLDER, &folder) < 0 || statfs (FOLDER, &info) < 0 || !S_ISDIR (folder.st_mode))
    {
      tool_finding_add (findings, "folder", TOOL_FINDING_PROBLEM,
                        g_strdup_printf (FOLDER " cannot be used: %s", g_strerror (errno)),
                        "Mount a tmpfs there: `mount -t tmpfs -o mode=1777 tmpfs " FOLDER "`.");
      return;
    }

  if (info.f_type != TMPFS_MAGIC)
    tool_finding_add (findings, "folder", TOOL_FINDING_PROBLEM,
                      g_strdup (FOLDER " is not a tmpfs, so blocks are files on a disk"),
                      "Mount a tmpfs there: `mount -t tmpfs -o mode=1777 tmpfs " FOLDER "`.");
  if ((folder.st_mode & S_IWOTH) != 0 && (folder.st_mode & S_ISVTX) == 0)
    tool_finding_add (findings, "folder", TOOL_FINDING_PROBLEM,
                      g_strdup ("every user can remove the blocks of all users"),
                      "Set the sticky bit: `chmod +t " FOLDER "`.");
  check_space (findings, &info);
  check_inodes (findings, &info);
}

static void
check_huge_pages (GPtrArray *findings)
{
  g_autofree char *mounts = read_file ("/proc/self/mounts");
  const char *mount = mounts != NULL ? strstr (mounts, " " FOLDER " ") : NULL;
  g_autofree char *line = mount != NULL ? g_strndup (mount, strcspn (mount, "\n")) : g_strdup ("");
  const gboolean is_on = strstr (line, "huge=advise") != NULL
                         || strstr (line, "huge=always") != NULL
                         || strstr (line, "huge=within_size") != NULL;

  tool_finding_add (findings, "huge-pages", is_on ? TOOL_FINDING_OK : TOOL_FINDING_NOTE,
                    g_strdup_printf ("named blocks %s huge pages", is_on ? "can have" : "have no"),
                    is_on ? NULL
                          : "Only large blocks profit: `mount -o remount,huge=advise " FOLDER "`.");
}

static gboolean
switches_off (const char *path)
{
  g_autofree char *text = read_file (path);

  return text != NULL
         && g_regex_match_simple ("^\\s*RemoveIPC\\s*=\\s*(no|false|0|off)\\s*$", text,
                                  G_REGEX_MULTILINE, 0);
}

static gboolean
is_switched_off_below (const char *folder_path)
{
  g_autofree char *main_path = g_build_filename (folder_path, "logind.conf", NULL);
  g_autofree char *parts_path = g_build_filename (folder_path, "logind.conf.d", NULL);
  g_autoptr (GDir) folder = g_dir_open (parts_path, 0, NULL);
  gboolean is_off = switches_off (main_path);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (parts_path, name, NULL);

      is_off |= switches_off (path);
    }

  return is_off;
}

/* systemd-logind removes the blocks of a user, except of system users, when the last session of
 * this user ends. */
static void
check_remove_ipc (GPtrArray *findings)
{
  const gboolean is_off = is_switched_off_below ("/etc/systemd")
                          || is_switched_off_below ("/run/systemd")
                          || is_switched_off_below ("/usr/lib/systemd");

  if (geteuid () >= 1000 && !is_off && g_file_test ("/run/systemd/system", G_FILE_TEST_IS_DIR))
    tool_finding_add (findings, "remove-ipc", TOOL_FINDING_NOTE,
                      g_strdup ("systemd removes the blocks of this user at the last logout"),
                      "If a service needs its blocks longer: `loginctl enable-linger`, or "
                      "RemoveIPC=no in logind.conf.");
}

static void
check_limits (GPtrArray *findings)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FEW_DESCRIPTORS)
    tool_finding_add (findings, "descriptors", TOOL_FINDING_PROBLEM,
                      g_strdup_printf ("a process can have only %" G_GUINT64_FORMAT
                                       " descriptors, and each block needs one or two",
                                       (guint64) limit.rlim_cur),
                      "Raise the limit: `ulimit -n 4096`, or LimitNOFILE= in a systemd unit.");
  if (getrlimit (RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    {
      g_autofree char *text = tool_format_size (limit.rlim_cur);

      tool_finding_add (findings, "address-space", TOOL_FINDING_NOTE,
                        g_strdup_printf ("a process can map only %s", text),
                        "Raise the limit if blocks cannot be mapped: `ulimit -v unlimited`.");
    }
  if (getrlimit (RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    {
      g_autofree char *text = tool_format_size (limit.rlim_cur);

      tool_finding_add (findings, "file-size", TOOL_FINDING_NOTE,
                        g_strdup_printf ("a block can have only %s", text),
                        "Raise the limit for larger blocks: `ulimit -f unlimited`.");
    }
}

/* Blocks count for the control group of the process that touches them first. */
static void
check_memory (GPtrArray *findings)
{
  g_autofree char *maximum = read_file ("/sys/fs/cgroup/memory.max");
  g_autofree char *current = read_file ("/sys/fs/cgroup/memory.current");
  g_autofree char *info = read_file ("/proc/meminfo");
  const char *available = info != NULL ? strstr (info, "MemAvailable:") : NULL;
  const char *total = info != NULL ? strstr (info, "MemTotal:") : NULL;

  if (maximum != NULL && current != NULL && g_ascii_isdigit (maximum[0])
      && strtoull (current, NULL, 10) > strtoull (maximum, NULL, 10) / 10 * 9)
    tool_finding_add (findings, "memory", TOOL_FINDING_PROBLEM,
                      g_strdup ("the control group of this process has less than a tenth of its "
                                "memory left, and blocks count as memory"),
                      "Raise the limit of the container or unit (MemoryMax=), or remove blocks.");
  if (available != NULL && total != NULL
      && strtoull (available + 13, NULL, 10) < strtoull (total + 9, NULL, 10) / 20)
    tool_finding_add (findings, "memory", TOOL_FINDING_PROBLEM,
                      g_strdup ("this machine has less than a twentieth of its memory left"),
                      "Remove blocks that no program needs: `shmobj list`.");
}

static void
check_inotify (GPtrArray *findings)
{
  const int fd = inotify_init1 (IN_CLOEXEC);
  const gboolean can_watch = fd >= 0 && inotify_add_watch (fd, "/", IN_ATTRIB) >= 0;

  if (!can_watch)
    tool_finding_add (findings, "inotify", TOOL_FINDING_PROBLEM,
                      g_strdup_printf ("inotify does not work (%s), so main loops look at blocks "
                                       "at "
                                       "regular times",
                                       g_strerror (errno)),
                      "Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches with "
                      "`sysctl`, or allow inotify_init1 in the sandbox.");
  if (fd >= 0)
    close (fd);
}

static void
check_leases (GPtrArray *findings)
{
  g_autofree char *text = read_file ("/proc/sys/fs/leases-enable");

  if (g_strcmp0 (text, "0") == 0)
    tool_finding_add (findings, "leases", TOOL_FINDING_NOTE,
                      g_strdup ("file leases are switched off, so `shmobj gc` can remove nothing"),
                      "Switch them on: `sysctl fs.leases-enable=1`.");
}

static void
check_sandbox (GPtrArray *findings)
{
  g_autofree char *status = read_file ("/proc/self/status");

  if (status == NULL)
    tool_finding_add (findings, "proc", TOOL_FINDING_NOTE,
                      g_strdup ("/proc cannot be read, so the users of a block are unknown"),
                      "Mount it in the sandbox: `mount -t proc proc /proc`.");
  else if (strstr (status, "\nSeccomp:\t0") == NULL && strstr (status, "\nSeccomp:") != NULL)
    tool_finding_add (findings, "sandbox", TOOL_FINDING_NOTE,
                      g_strdup ("a seccomp filter restricts this process"),
                      "If a check below fails, allow the call in the filter.");
}

void
tool_doctor_check_system (GPtrArray *findings)
{
  check_folder (findings);
  check_huge_pages (findings);
  check_remove_ipc (findings);
  check_limits (findings);
  check_memory (findings);
  check_inotify (findings);
  check_leases (findings);
  check_sandbox (findings);
}
