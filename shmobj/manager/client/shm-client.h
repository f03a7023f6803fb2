/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a process knows of a manager's server, and how it has it do something.
 *
 * With our server connections are kept for later calls; CPython's takes one request for each. A
 * client can be used by several threads at a time, and by forked children: no lock is taken, and a
 * connection of the parent is never used.
 */

#pragma once

#include "core/shm-system.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _ShmClient ShmClient;

typedef struct
{
  GSocketAddress *address;
  GBytes *key;
  gboolean allow_md5;
  gboolean allow_other_users;
  guint64 number; /* from shm_client_draw_number(): what our server knows this process' calls by;
                   * those of forked children have others */
} ShmClientPlan;

ShmClient *shm_client_new (const ShmClientPlan *plan);
void shm_client_free (ShmClient *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmClient, shm_client_free)

guint64 shm_client_draw_number (void);

/* These fail as shm_connection_open() and shm_connection_call() do, and with what the server says;
 * but for all except the first, nobody listening is SERVER_DIED, and that is only said of a server
 * that is gone: FAILED if it just hung up. Finds out what server it is: */
gboolean shm_client_connect (ShmClient *self, GCancellable *cancellable, GError **error);

/* NOT_FOUND if there is no such block, PERMISSION_DENIED if the server could not remove it. */
gboolean
shm_client_track (ShmClient *self, const char *name, GCancellable *cancellable, GError **error);

/* NOT_FOUND if the server does not own such a block. */
gboolean
shm_client_release (ShmClient *self, const char *name, GCancellable *cancellable, GError **error);

/* (transfer full) */
char **shm_client_list (ShmClient *self, GCancellable *cancellable, GError **error);

/* Ends the server. */
gboolean shm_client_end_server (ShmClient *self, GCancellable *cancellable, GError **error);

/* A block that is being created for the server:
 *
 *     shm_creation_begin ()
 *     shm_creation_announce ()    before the block gets its name; each time that another is tried
 *     shm_creation_commit ()      when it has it
 *     shm_creation_clear ()
 *
 * If the process dies on the way, our server removes the block, or forgets it. */
typedef struct
{
  ShmClient *client;
  GCancellable *cancellable; /* (nullable) */
  gpointer connection;       /* (owned) (nullable) */
  char *announced;           /* (owned) (nullable) */
  ShmIdentity identity;      /* of what was announced */
  gint64 entry;              /* of the server's registry that notes it */
} ShmCreation;

gboolean shm_creation_begin (ShmCreation *self,
                             ShmClient *client,
                             GCancellable *cancellable,
                             GError **error);
gboolean shm_creation_announce (ShmCreation *self,
                                const char *name,
                                const ShmIdentity *identity,
                                GError **error);

/* If it fails, the block is nobody's, and to be removed. */
gboolean shm_creation_commit (ShmCreation *self, const char *name, GError **error);
void shm_creation_clear (ShmCreation *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmCreation, shm_creation_clear)

G_END_DECLS
