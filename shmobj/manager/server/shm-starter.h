/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server's end of the control socket. It receives the configuration from the starter, sends the
 * result and the reports, and detects that the starter has closed the control socket or has
 * died. */

#pragma once

#include "manager/server/shm-server.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GSocket *socket;    /* (owned) */
  gboolean has_pidfd; /* whether descriptor SHM_CONTROL_STARTER_FD is a pidfd of the starter */
  gint32 pid;         /* process ID of the starter, to poll for its death without a pidfd */
  guint64 client;     /* the starter's client; its own requests are not reported */

  GByteArray *reports;  /* (owned): frames that are not sent completely */
  gsize sent;           /* how many bytes of @reports are sent */
  GSource *send_source; /* (owned) (nullable) */

  void (*gone) (gpointer user_data); /* (nullable) */
  gpointer user_data;
} ShmStarter;

/* Takes over the standard input as the control socket. Fails if it is not a socket. */
gboolean shm_starter_init (ShmStarter *self, gboolean has_pidfd, GError **error);
void shm_starter_clear (ShmStarter *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmStarter, shm_starter_clear)

/* Blocks until the starter has sent the configuration. The caller owns the fields of @config, also
 * after a failure. */
gboolean shm_starter_receive_config (ShmStarter *self, ShmServerConfig *config, GError **error);

/* These two functions send the result of the start of the server to the starter. */
gboolean shm_starter_send_success (ShmStarter *self,
                                   GSocketAddress *address,
                                   const char *registry,
                                   GError **error);
void shm_starter_send_failure (ShmStarter *self, const GError *failure);

/* Calls @gone when the starter closes the control socket or dies, also if this has already
 * happened. @gone may be called more than once. From now on the control socket is non-blocking. */
void shm_starter_watch (ShmStarter *self, void (*gone) (gpointer user_data), gpointer user_data);

/* Reports that the server owns a new block, or no longer owns a block, because of a request of
 * @client. Does nothing if @client is the starter's client. Never blocks. While the starter does
 * not read, keeps the reports, and drops further reports when there are too many. */
void shm_starter_report (ShmStarter *self, gboolean is_tracked, const char *name, guint64 client);

G_END_DECLS
