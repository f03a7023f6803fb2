/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-socket-wait.h"

#include "manager/shm-cancel.h"

/* How often to check whether the operation was cancelled. */
#define CANCEL_POLL_USEC (20 * 1000)

gboolean
shm_socket_wait (GSocket *socket,
                 GIOCondition condition,
                 gint64 deadline,
                 GCancellable *cancellable,
                 GError **error)
{
  for (;;)
    {
      /* MAX() evaluates its arguments twice. */
      const gint64 until_deadline = deadline - g_get_monotonic_time ();
      const gint64 left = MAX (until_deadline, 0);
      const gint64 pause = cancellable != NULL ? MIN (left, CANCEL_POLL_USEC) : left;
      g_autoptr (GError) failure = NULL;

      if (shm_cancel_set_error (cancellable, error))
        return FALSE;
      if (g_socket_condition_timed_wait (socket, condition, pause, NULL, &failure))
        return TRUE;
      if (pause == left || !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
}
