/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-cancel.h"

/* The check function of a binding can take a lock of its interpreter, so do not call it often. */
#define CHECK_USEC (10 * 1000)

typedef struct
{
  ShmCancelCheckFunc func;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
  gint64 next_time;       /* monotonic: when to call @func again */
} Check;

static G_DEFINE_QUARK (shm - cancel - check, check)

static void
check_free (gpointer data)
{
  Check *check = data;

  if (check->destroy != NULL)
    check->destroy (check->user_data);
  g_free (check);
}

void
shm_cancel_set_check (GCancellable *cancellable,
                      ShmCancelCheckFunc func,
                      gpointer user_data,
                      GDestroyNotify destroy)
{
  Check *check = g_new0 (Check, 1);

  check->func = func;
  check->user_data = user_data;
  check->destroy = destroy;
  g_object_set_qdata_full (G_OBJECT (cancellable), check_quark (), check, check_free);
}

static Check *
get_check (GCancellable *cancellable)
{
  return cancellable != NULL ? g_object_get_qdata (G_OBJECT (cancellable), check_quark ()) : NULL;
}

gboolean
shm_cancel_has_check (GCancellable *cancellable)
{
  return get_check (cancellable) != NULL;
}

gboolean
shm_cancel_check (GCancellable *cancellable)
{
  Check *check;
  gint64 now;

  if (cancellable == NULL)
    return FALSE;
  if (g_cancellable_is_cancelled (cancellable))
    return TRUE;

  check = get_check (cancellable);
  now = check != NULL ? g_get_monotonic_time () : 0;
  if (check == NULL || now < check->next_time)
    return FALSE;

  if (!check->func (check->user_data))
    g_cancellable_cancel (cancellable);
  check->next_time = g_get_monotonic_time () + CHECK_USEC;

  return g_cancellable_is_cancelled (cancellable);
}

gboolean
shm_cancel_proceed (gpointer cancellable)
{
  return !shm_cancel_check (cancellable);
}

void
shm_cancel_check_last (GCancellable *cancellable)
{
  Check *check = get_check (cancellable);

  if (check != NULL)
    check->func (check->user_data);
}

gboolean
shm_cancel_is_interrupted (GCancellable *cancellable)
{
  return get_check (cancellable) != NULL && g_cancellable_is_cancelled (cancellable);
}

gboolean
shm_cancel_set_error (GCancellable *cancellable, GError **error)
{
  return shm_cancel_check (cancellable)
         && g_cancellable_set_error_if_cancelled (cancellable, error);
}
