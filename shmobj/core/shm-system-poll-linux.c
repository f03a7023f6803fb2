/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-poll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

int
shm_system_poller_open (ShmPoller *self)
{
  int errnum;

  self->fd = epoll_create1 (EPOLL_CLOEXEC);
  self->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->fd >= 0 && self->timer >= 0 && shm_system_poller_add (self, self->timer, G_IO_IN))
    return 0;

  errnum = errno;
  shm_system_poller_close (self);

  return errnum;
}

void
shm_system_poller_close (ShmPoller *self)
{
  if (self->fd >= 0)
    close (self->fd);
  if (self->timer >= 0)
    close (self->timer);
  self->fd = self->timer = -1;
}

/* The flags of epoll have the values of those of poll(). */
gboolean
shm_system_poller_add (ShmPoller *self, int fd, gushort events)
{
  struct epoll_event event = { .events = events };

  return epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void
shm_system_poller_remove (ShmPoller *self, int fd)
{
  epoll_ctl (self->fd, EPOLL_CTL_DEL, fd, NULL);
}

/* Setting the timer also takes back that it has expired. A time of 0 would stop the timer. */
void
shm_system_poller_set_time (ShmPoller *self, gint64 time)
{
  const gint64 usec = time == G_MAXINT64 ? 0 : MAX (time, 1);
  const struct itimerspec spec = {
    .it_value = { .tv_sec = usec / G_USEC_PER_SEC, .tv_nsec = usec % G_USEC_PER_SEC * 1000 },
  };

  timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}
