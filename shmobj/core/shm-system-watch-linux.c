/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-watch.h"

#include "core/shm-system-linux.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Watch the inode and not the folder, so that changes of other blocks do not wake the process.
 * IN_ATTRIB reports that the inode has lost a name. */
#define EVENTS (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

int
shm_system_queue_open (ShmFault *fault)
{
  const int queue = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);

  if (queue < 0)
    shm_fault_set (fault, SHM_STEP_WATCH, errno);

  return queue;
}

int
shm_system_queue_add (int queue, const char *name, ShmFault *fault)
{
  ShmBlockPath path;
  int file;

  shm_block_path_set (path, name);
  file = inotify_add_watch (queue, path, EVENTS | IN_DONT_FOLLOW);
  if (file < 0)
    shm_fault_set (fault, SHM_STEP_WATCH, errno);

  return file;
}

void
shm_system_queue_remove (int queue, int file)
{
  inotify_rm_watch (queue, file);
}

guint
shm_system_queue_read (int queue, ShmQueueFunc func)
{
  char buffer[SHM_SYSTEM_EVENTS_MAX * sizeof (struct inotify_event)]
      __attribute__ ((aligned (__alignof__(struct inotify_event))));
  const gssize length = read (queue, buffer, sizeof buffer);
  guint n_events = 0;

  for (gssize at = 0; at < length; n_events++)
    {
      const struct inotify_event *event = (const void *) (buffer + at);

      /* After an overflow, events of any file may be lost. */
      func ((event->mask & IN_Q_OVERFLOW) != 0 ? SHM_SYSTEM_ALL_FILES : event->wd,
            (event->mask & IN_IGNORED) != 0);
      at += sizeof *event + event->len;
    }

  return n_events;
}
