/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages between the starter and a helper process that has just been launched. */

#include "config.h"

#include "manager/client/shm-helper-private.h"

#include "core/shm-system.h"
#include "manager/client/shm-helper-launch.h"
#include "manager/protocol/shm-address.h"
#include "manager/protocol/shm-control.h"
#include "registry/shm-registry-reader.h"
#include "manager/shm-socket-wait.h"
#include "shm-error.h"

#include <unistd.h>

#define START_SECONDS 10

/* Waits for @condition if @cause means that the control socket is not ready. Otherwise propagates
 * @cause. */
static gboolean
await_ready (ShmHelper *self,
             GIOCondition condition,
             GError *cause,
             gint64 deadline,
             GCancellable *cancellable,
             GError **error)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (cause);
      return shm_socket_wait (self->control, condition, deadline, cancellable, error);
    }

  g_propagate_error (error, cause);

  return FALSE;
}

static gboolean
send_plan (ShmHelper *self,
           const ShmHelperPlan *plan,
           gint64 deadline,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *address = NULL;
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  gsize key_size, sent = 0;
  gconstpointer key = g_bytes_get_data (plan->key, &key_size);

  address = plan->address != NULL ? shm_address_print (plan->address) : g_strdup ("");
  shm_control_append (frames, g_variant_new ("(us@aybbit)", SHM_CONTROL_VERSION, address,
                                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key,
                                                                        key_size, 1),
                                             plan->allow_md5, plan->allow_other_users,
                                             (gint32) getpid (), plan->client_number));

  while (sent < frames->len)
    {
      GError *cause = NULL;
      const gssize n = g_socket_send (self->control, (const char *) frames->data + sent,
                                      frames->len - sent, cancellable, &cause);

      if (n >= 0)
        sent += n;
      else if (!await_ready (self, G_IO_OUT, cause, deadline, cancellable, error))
        return FALSE;
    }

  return TRUE;
}

static GVariant *
receive_result (ShmHelper *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  for (;;)
    {
      GError *cause = NULL;
      gboolean is_broken;
      char chunk[4096];
      gssize n;
      GVariant *result = shm_control_take (self->input, SHM_CONTROL_RESULT, &is_broken);

      if (result != NULL)
        return result;

      n = is_broken ? 0
                    : g_socket_receive (self->control, chunk, sizeof chunk, cancellable, &cause);
      if (n > 0)
        g_byte_array_append (self->input, (const guint8 *) chunk, n);
      else if (n < 0 && !await_ready (self, G_IO_IN, cause, deadline, cancellable, error))
        return NULL;
      else if (n == 0)
        {
          g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                       "The manager's helper program %s ended before its server listened",
                       shm_helper_get_program ());
          return NULL;
        }
    }
}

static gboolean
use_result (ShmHelper *self, GVariant *result, GError **error)
{
  const char *text, *registry;
  ShmFault ignored;
  gint32 code;

  g_variant_get (result, "(i&s&s)", &code, &text, &registry);
  if (code >= 0)
    {
      g_set_error_literal (error, SHM_ERROR, code, text);
      return FALSE;
    }

  self->registry_name = g_strdup (registry);
  self->registry = shm_registry_open (registry, FALSE, &ignored);
  for (guint i = 0; self->registry >= 0 && i < SHM_HELPER_N_SPARE; i++)
    self->spare[i] = shm_system_duplicate (self->registry, &ignored);
  self->address = shm_address_parse (text, error);

  return self->address != NULL;
}

gboolean
shm_helper_set_up (ShmHelper *self,
                   const ShmHelperPlan *plan,
                   GCancellable *cancellable,
                   GError **error)
{
  const gint64 deadline = g_get_monotonic_time () + START_SECONDS * G_USEC_PER_SEC;
  g_autoptr (GError) cause = NULL;
  g_autoptr (GVariant) result = NULL;

  g_socket_set_blocking (self->control, FALSE);
  if (send_plan (self, plan, deadline, cancellable, &cause))
    result = receive_result (self, deadline, cancellable, &cause);
  if (result != NULL && use_result (self, result, &cause))
    return TRUE;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_set_error (error, SHM_ERROR, SHM_ERROR_TIMED_OUT,
                 "The manager's helper program %s did not answer within %d seconds",
                 shm_helper_get_program (), START_SECONDS);
  else if (cause->domain == SHM_ERROR || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, SHM_ERROR, SHM_ERROR_SERVER_DIED,
                 "The connection to the manager's helper program %s was lost: %s",
                 shm_helper_get_program (), cause->message);

  return FALSE;
}
