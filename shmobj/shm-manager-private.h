/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "manager/client/shm-client.h"
#include "manager/client/shm-helper.h"
#include "shm-manager.h"

G_BEGIN_DECLS

typedef struct
{
  /* What was asked for; it stays. */
  GSocketAddress *wanted_address; /* (owned) (nullable) */
  char *wanted_string;            /* (owned) (nullable): of that, or what is to become one */
  GBytes *authkey;                /* (owned) */
  gboolean allow_md5;
  gboolean allow_other_users;
  gboolean allow_remote;

  int state;      /* (atomic): a ShmManagerState, or SHM_MANAGER_BUSY */
  int told_state; /* (atomic): the last that was notified */
  int is_ending;  /* (atomic): a server that was connected to is being ended, from here */

  /* Where the server is. Each is set once, and then there until the end. */
  GSocketAddress *address; /* (atomic) (owned) (nullable) */
  char *address_string;    /* (atomic) (owned) (nullable) */

  /* Set before the state says STARTED or CONNECTED, and then there until the end. */
  ShmClient *client; /* (owned) (nullable) */
  ShmHelper *helper; /* (owned) (nullable): of who started the server */
  GSource *source;   /* (owned) (nullable): reports of the helper */
  guint generation;  /* of the process that started or connected */
} ShmManagerPrivate;

/* Somebody is starting or connecting just now. */
#define SHM_MANAGER_BUSY (-1)

ShmManagerPrivate *shm_manager_get_private (ShmManager *self);

/* FALSE if the state was another. */
gboolean shm_manager_change_state (ShmManagerPrivate *priv, int from, int to);

/* Whether this process started or connected it, and not one that this was forked from. */
gboolean shm_manager_is_ours (ShmManagerPrivate *priv);

/* Where it is, for messages. */
const char *shm_manager_get_where (ShmManagerPrivate *priv);

/* The server has died: removes what it has left, if it was ours, and says so in the state. Whoever
 * learns that the server is dead learns that its blocks are gone. */
void shm_manager_note_death (ShmManagerPrivate *priv);

/* It has no server any more, whatever becomes of that. */
void shm_manager_let_go (ShmManagerPrivate *priv);

/* The start of every operation that needs a server. Sets NOT_STARTED, CLOSED or SERVER_DIED. */
ShmClient *shm_manager_get_client (ShmManager *self, GError **error);

/* After a call to the server, in whatever thread: if it failed because the server is gone, the state
 * is made to say so, and what the server owned is removed if it was ours. */
void shm_manager_look_after (ShmManager *self, const GError *error);

/* Emits what has changed. In the thread, or the main context, of whoever called. */
void shm_manager_tell (ShmManager *self);
void shm_manager_tell_tracked (ShmManager *self, const char *name);
void shm_manager_tell_released (ShmManager *self, const char *name);

G_END_DECLS
