/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Declarations for the files of the class:
 *
 *     shm-manager.c            the object: properties, signals, lifecycle state
 *     shm-manager-lifecycle.c  starting, connecting and shutting down
 *     shm-manager-blocks.c     creating, tracking, removing and listing blocks
 *     shm-manager-leftovers.c  removing the blocks of killed servers and trackers
 *     shm-manager-call.c       runs an operation in a thread
 */

#pragma once

#include "core/shm-list-build.h"
#include "manager/client/shm-client.h"
#include "manager/client/shm-helper.h"
#include "shm-manager.h"

G_BEGIN_DECLS

typedef struct
{
  /* Set by the constructor, and constant after that. */
  char *wanted_address; /* (owned) (nullable): the address that the caller gave */
  GBytes *authkey;      /* (owned) (nullable): NULL if no random key could be generated */
  int key_errnum;       /* why there is no key, or 0 */
  ShmManagerFlags flags;
  guint undefined_flags; /* the undefined bits in the flags that the constructor received */

  int state;         /* (atomic): a ShmManagerState, or SHM_MANAGER_BUSY */
  int emitted_state; /* (atomic): the last state for which notifications were emitted */
  int n_ending;      /* (atomic): how many calls are ending the server that it has connected to */

  /* The address at which the server listens. Set once, and constant until the object is
   * finalized. */
  char *address; /* (atomic) (owned) (nullable) */

  /* Set before the state becomes STARTED or CONNECTED, and constant until the object is
   * disposed. */
  ShmClient *client; /* (owned) (nullable) */
  ShmHelper *helper; /* (owned) (nullable): only in the manager that started the server */
  GSource *source;   /* (owned) (nullable): dispatches the reports of the helper process */
  guint generation;  /* fork generation of the process that started or connected the manager */
} ShmManagerPrivate;

/* An additional private state: a thread is starting a server or connecting to one. */
#define SHM_MANAGER_BUSY (-1)

#define SHM_MANAGER_DEFINED_FLAGS (SHM_MANAGER_REFUSE_MD5 | SHM_MANAGER_ALLOW_OTHER_USERS)

ShmManagerPrivate *shm_manager_get_private (ShmManager *self);

/* Changes the state atomically. Returns FALSE if the state was not @from. */
gboolean shm_manager_change_state (ShmManagerPrivate *priv, int from, int to);

/* Changes the state to SHUT_DOWN if the manager has a server. */
void shm_manager_mark_shut_down (ShmManagerPrivate *priv);

/* Returns whether this process started or connected the manager. Returns FALSE in a child that was
 * forked afterwards. */
gboolean shm_manager_belongs_to_process (ShmManagerPrivate *priv);

/* Returns the address for error messages; never NULL. */
const char *shm_manager_describe_address (ShmManagerPrivate *priv);

/* Returns the client of a started or connected manager. Otherwise returns NULL with NOT_STARTED,
 * CLOSED or SERVER_DIED. */
ShmClient *shm_manager_get_client (ShmManager *self, GError **error);

/* Changes the state after the death of the server. If this manager started the server, removes the
 * blocks of the server first. */
void shm_manager_handle_server_death (ShmManagerPrivate *priv);

/* Handles the error of a failed request, in any thread. If @error is SERVER_DIED, calls
 * shm_manager_handle_server_death(). If this manager started the server, first waits a short time
 * for the end of the server. Does nothing if the server does not end, or in a forked child. */
void shm_manager_handle_error (ShmManager *self, const GError *error);

/* Emit signals and notifications in the calling thread. */
void shm_manager_emit_state_changes (ShmManager *self);
void shm_manager_emit_block_tracked (ShmManager *self, const char *name);
void shm_manager_emit_block_removed (ShmManager *self, const char *name);

/* Like shm_manager_create_shareable_list(), with the values of @source. */
ShmShareableList *shm_manager_create_list_from_source (ShmManager *self,
                                                       ShmListSource *source,
                                                       const char *name,
                                                       guint mode,
                                                       ShmCreateFlags flags,
                                                       GCancellable *cancellable,
                                                       GError **error);

G_END_DECLS
