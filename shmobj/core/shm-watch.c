/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-watch-private.h"

#include <errno.h>

void
shm_watch_unref (ShmWatch *watch)
{
  if (!g_atomic_int_dec_and_test (&watch->ref_count))
    return;

  if (watch->free_data != NULL)
    watch->free_data (watch->user_data);
  g_free (watch->name);
  g_free (watch);
}

static gboolean
is_name_unchanged (ShmWatch *watch)
{
  ShmIdentity now;
  ShmFault fault;

  if (shm_system_identify_name (watch->name, &now, &fault))
    return shm_identity_equal (&watch->identity, &now);

  /* ENOENT is the only error that proves that the name does not exist. */
  return fault.errnum != ENOENT;
}

static ShmWatchReader *
detach_locked (ShmWatch *watch)
{
  if (watch->file != NULL)
    shm_watch_queue_remove_locked (watch);

  return shm_watch_reader_remove_locked (watch);
}

/* Ends the watch. Returns FALSE if an earlier call has already ended it. */
static gboolean
detach (ShmWatch *watch)
{
  g_autoptr (ShmWatchReader) unused = NULL;
  gboolean is_ending;

  shm_watch_lock ();
  is_ending = watch->reader != NULL;
  if (is_ending)
    unused = detach_locked (watch);
  shm_watch_unlock ();

  return is_ending;
}

static void
handle_name (ShmWatch *watch)
{
  if (is_name_unchanged (watch) || !detach (watch))
    return;

  watch->func (watch->user_data);
  shm_watch_unref (watch);
}

static void
handle_content (ShmWatch *watch)
{
  g_autoptr (ShmWatchReader) unused = NULL;
  gboolean is_ending, is_suspended;
  gpointer user_data;

  shm_watch_lock ();
  user_data = watch->user_data;
  is_suspended = watch->is_suspended;
  is_ending = watch->n_ignored > SHM_WATCH_IGNORED_MAX && watch->reader != NULL;
  if (is_ending)
    unused = detach_locked (watch);
  shm_watch_unlock ();

  if (is_ending)
    shm_watch_unref (watch);
  else if (!is_suspended && watch->func != NULL)
    watch->func (user_data);
}

void
shm_watch_handle (ShmWatch *watch)
{
  if (watch->kind == SHM_WATCH_NAME)
    handle_name (watch);
  else
    handle_content (watch);
}

static gboolean
attach_locked (ShmWatch *watch, GMainContext *context, ShmFault *fault)
{
  if (!shm_watch_queue_ensure_locked (fault))
    return FALSE;

  if (!shm_watch_queue_add_locked (watch, fault)
      && (watch->kind == SHM_WATCH_CONTENT || fault->errnum != ENOENT))
    return FALSE;

  shm_watch_reader_add_locked (watch, context);

  /* The name may have been removed before the file was added to the queue. */
  if (watch->kind == SHM_WATCH_NAME && (watch->file == NULL || !is_name_unchanged (watch)))
    shm_watch_reader_mark_locked (watch);

  return TRUE;
}

/* Creates a watch with the fields of @fields. */
static ShmWatch *
create_watch (const ShmWatch *fields, ShmFault *fault)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  ShmWatch *watch = g_memdup2 (fields, sizeof *fields);
  gboolean attached;

  shm_at (WATCH);

  watch->ref_count = 1;
  watch->link.data = watch->pending_link.data = watch->file_link.data = watch;

  shm_watch_lock ();
  attached = attach_locked (watch, context, fault);
  if (attached)
    g_atomic_int_inc (&watch->ref_count);
  shm_watch_unlock ();

  if (!attached)
    g_clear_pointer (&watch, shm_watch_unref);

  return watch;
}

ShmWatch *
shm_watch_new (const char *name,
               const ShmIdentity *identity,
               ShmWatchFunc func,
               gpointer user_data,
               GDestroyNotify free_data,
               ShmFault *fault)
{
  const ShmWatch fields = {
    .kind = SHM_WATCH_NAME,
    .name = g_strdup (name),
    .identity = *identity,
    .func = func,
    .user_data = user_data,
    .free_data = free_data,
  };

  return create_watch (&fields, fault);
}

ShmWatch *
shm_watch_new_for_content (int fd,
                           const ShmIdentity *identity,
                           ShmWatchFunc func,
                           gpointer user_data,
                           GDestroyNotify free_data,
                           ShmFault *fault)
{
  const ShmWatch fields = {
    .kind = SHM_WATCH_CONTENT,
    .fd = fd,
    .identity = *identity,
    .func = func,
    .user_data = user_data,
    .free_data = free_data,
  };

  return create_watch (&fields, fault);
}

void
shm_watch_set_filter (ShmWatch *watch, ShmWatchFilter filter)
{
  shm_watch_lock ();
  watch->filter = filter;
  shm_watch_unlock ();
}

void
shm_watch_suspend (ShmWatch *watch)
{
  shm_watch_lock ();
  watch->is_suspended = TRUE;
  watch->n_ignored = 0;
  watch->user_data = NULL;
  shm_watch_unlock ();
}

gboolean
shm_watch_resume (ShmWatch *watch, gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  gboolean is_usable;

  shm_watch_lock ();
  is_usable = watch->reader != NULL && shm_watch_reader_get_context (watch->reader) == context;
  if (is_usable)
    {
      watch->is_suspended = FALSE;
      watch->n_ignored = 0;
      watch->user_data = user_data;
    }
  shm_watch_unlock ();

  return is_usable;
}

void
shm_watch_free (ShmWatch *watch)
{
  if (detach (watch))
    shm_watch_unref (watch);
  shm_watch_unref (watch);
}

void
shm_watch_wake_file (const ShmIdentity *identity)
{
  shm_watch_lock ();
  shm_watch_queue_wake_locked (identity);
  shm_watch_unlock ();
}
