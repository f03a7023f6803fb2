/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A descriptor that becomes readable when one of several other descriptors is ready, or at a
 * certain time. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int fd;    /* readable when something has happened */
  int timer; /* private */
} ShmPoller;

/* Opens a poller. Returns 0, or an errno value. Both descriptors are close-on-exec. A forked child
 * shares the poller with its parent: the child may only close it. */
int shm_system_poller_open (ShmPoller *self);
void shm_system_poller_close (ShmPoller *self);

/* Adds a descriptor, which is ready for @events (G_IO_IN and so on). Returns FALSE if the system
 * cannot wait for the descriptor. */
gboolean shm_system_poller_add (ShmPoller *self, int fd, gushort events);
void shm_system_poller_remove (ShmPoller *self, int fd);

/* Sets the monotonic time in microseconds at which the poller becomes readable, or G_MAXINT64. */
void shm_system_poller_set_time (ShmPoller *self, gint64 time);

G_END_DECLS
