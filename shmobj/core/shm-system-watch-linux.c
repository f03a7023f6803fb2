/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-watch.h"

#include "core/shm-system-linux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Watch the inode and not the folder, so that changes of other blocks do not wake the process.
 * IN_ATTRIB reports that the inode has lost a name, and that its times were set. */
#define NAME_EVENTS    (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
#define CONTENT_EVENTS (IN_MODIFY | IN_ATTRIB)

/* The place of the hole that a touch punches: behind the end of every file that can be mapped. */
#define TOUCH_OFFSET (G_GINT64_CONSTANT (1) << 62)

int
shm_system_queue_open (ShmFault *fault)
{
  const int queue = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);

  if (queue < 0)
    shm_fault_set (fault, SHM_STEP_WATCH, errno);

  return queue;
}

/* Without IN_MASK_ADD, the call would replace the events of a file that is in the queue already. */
static int
add_path (int queue, const char *path, guint32 events, ShmFault *fault)
{
  const int file = inotify_add_watch (queue, path, events | IN_MASK_ADD);

  if (file < 0)
    shm_fault_set (fault, SHM_STEP_WATCH, errno);

  return file;
}

int
shm_system_queue_add_name (int queue, const char *name, ShmFault *fault)
{
  ShmBlockPath path;

  shm_block_path_set (path, name);

  return add_path (queue, path, NAME_EVENTS | IN_DONT_FOLLOW, fault);
}

int
shm_system_queue_add_content (int queue, int fd, ShmFault *fault)
{
  char path[32];

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);

  return add_path (queue, path, CONTENT_EVENTS, fault);
}

void
shm_system_queue_remove (int queue, int file)
{
  inotify_rm_watch (queue, file);
}

static ShmQueueEvents
get_events (guint32 mask)
{
  return ((mask & NAME_EVENTS) != 0 ? SHM_QUEUE_NAME : 0)
         | ((mask & CONTENT_EVENTS) != 0 ? SHM_QUEUE_CONTENT : 0)
         | ((mask & IN_IGNORED) != 0 ? SHM_QUEUE_IS_OVER : 0);
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
      if ((event->mask & IN_Q_OVERFLOW) != 0)
        func (SHM_SYSTEM_ALL_FILES, SHM_QUEUE_NAME | SHM_QUEUE_CONTENT);
      else
        func (event->wd, get_events (event->mask));
      at += sizeof *event + event->len;
    }

  return n_events;
}

/* A file system without holes, or one whose files cannot be so large, refuses the first call. So
 * does a seal against future writing. The second call causes IN_ATTRIB. */
gboolean
shm_system_touch (int fd)
{
  return fallocate (fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, TOUCH_OFFSET, 1) == 0
         || futimens (fd, NULL) == 0;
}
