/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lifecycle state of a ShmManager. The state advances from INITIAL to BUSY, then to STARTED or
 * CONNECTED, and then to SHUT_DOWN or SERVER_DIED. It goes back only if starting or connecting
 * fails: from BUSY to INITIAL. */

#include "config.h"

#include "shm-manager-private.h"

#include "core/shm-fork.h"
#include "shm-error.h"

/* A dying server closes the connection to a client and the control socket one after the other, in
 * any order. If a connection is closed, wait this long for the end of the process. */
#define DEATH_MSEC 200

gboolean
shm_manager_change_state (ShmManagerPrivate *priv, int from, int to)
{
  return g_atomic_int_compare_and_exchange (&priv->state, from, to);
}

void
shm_manager_mark_shut_down (ShmManagerPrivate *priv)
{
  shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SHUT_DOWN);
  shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SHUT_DOWN);
}

gboolean
shm_manager_belongs_to_process (ShmManagerPrivate *priv)
{
  return priv->generation == shm_fork_get_generation ();
}

ShmClient *
shm_manager_get_client (ShmManager *self, GError **error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);

  switch (g_atomic_int_get (&priv->state))
    {
    case SHM_MANAGER_STATE_STARTED:
    case SHM_MANAGER_STATE_CONNECTED:
      return priv->client;
    case SHM_MANAGER_STATE_SHUT_DOWN:
      g_set_error (error, SHM_ERROR, SHM_ERROR_CLOSED,
                   "The manager at %s was shut down: create a new manager",
                   shm_manager_describe_address (priv));
      return NULL;
    case SHM_MANAGER_STATE_SERVER_DIED:
      /* An earlier attempt to remove the blocks may have failed. */
      if (priv->helper != NULL && shm_manager_belongs_to_process (priv))
        shm_helper_clean_up (priv->helper);
      g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                   "The server of the manager at %s has ended: create a new manager",
                   shm_manager_describe_address (priv));
      return NULL;
    default:
      g_set_error (error, SHM_ERROR, SHM_ERROR_NOT_STARTED,
                   "The manager at %s has no server yet: call start(), or connect_to_server() to "
                   "use the server of another process",
                   shm_manager_describe_address (priv));
      return NULL;
    }
}

void
shm_manager_handle_server_death (ShmManagerPrivate *priv)
{
  if (priv->helper != NULL)
    {
      shm_helper_clean_up (priv->helper);
      shm_manager_change_state (priv, SHM_MANAGER_STATE_STARTED, SHM_MANAGER_STATE_SERVER_DIED);
    }
  else if (g_atomic_int_get (&priv->is_ending))
    shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SHUT_DOWN);
  else
    shm_manager_change_state (priv, SHM_MANAGER_STATE_CONNECTED, SHM_MANAGER_STATE_SERVER_DIED);
}

void
shm_manager_handle_error (ShmManager *self, const GError *error)
{
  ShmManagerPrivate *priv = shm_manager_get_private (self);

  if (!g_error_matches (error, SHM_ERROR, SHM_ERROR_SERVER_DIED))
    return;

  if (priv->helper == NULL
      || (shm_manager_belongs_to_process (priv)
          && shm_helper_await_death (priv->helper, DEATH_MSEC)))
    shm_manager_handle_server_death (priv);
}
