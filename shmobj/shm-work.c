/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-work.h"

#include "core/shm-system-process.h"
#include "shm-error.h"

/* An eventfd, or a pipe if the system has no eventfd. */
#define CONTEXT_DESCRIPTORS 2

typedef struct
{
  const ShmWork *work;
  GTask *task;     /* (owned) */
  gpointer data;   /* (owned) */
  gpointer result; /* (owned) (nullable) */
  GError *error;   /* (owned) (nullable) */
  GSource *source; /* (owned): becomes ready when the work is done */
  GThread *thread; /* (owned) (nullable) */
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  /* If the main context is freed before the source was dispatched, the thread may still run. */
  g_clear_pointer (&job->thread, g_thread_join);
  if (job->result != NULL && job->work->free_result != NULL)
    job->work->free_result (job->result);
  g_source_unref (job->source);
  g_clear_error (&job->error);
  if (job->work->free_data != NULL)
    job->work->free_data (job->data);
  g_object_unref (job->task);
  g_free (job);
}

static gpointer
run (gpointer data)
{
  Job *job = data;

  job->result = job->work->run (job->data, g_task_get_cancellable (job->task), &job->error);
  g_source_set_ready_time (job->source, 0);

  return NULL;
}

static gboolean
on_done (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->thread, g_thread_join);
  if (job->work->done != NULL)
    job->work->done (job->data);

  if (job->error != NULL)
    g_task_return_error (job->task, g_steal_pointer (&job->error));
  else
    g_task_return_pointer (job->task, g_steal_pointer (&job->result), job->work->free_result);

  return G_SOURCE_REMOVE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = { NULL, NULL, dispatch, NULL };

gboolean
shm_work_has_context (void)
{
  return g_main_context_get_thread_default () != NULL
         || shm_system_has_descriptors (CONTEXT_DESCRIPTORS);
}

void
shm_work_start (const ShmWork *work, GTask *task, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Job *job = g_new0 (Job, 1);

  job->work = work;
  job->task = task;
  job->data = data;
  g_task_set_check_cancellable (task, FALSE);

  job->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (job->source, "shmobj: work in a thread");
  g_source_set_callback (job->source, on_done, job, job_free);

  job->thread = g_thread_try_new ("shmobj", run, job, &error);
  if (job->thread == NULL)
    {
      job->error = g_error_new (SHM_ERROR, SHM_ERROR_FAILED,
                                "The operation needs a thread, and none could be started: %s",
                                error->message);
      g_source_set_ready_time (job->source, 0);
    }

  g_source_attach (job->source, g_task_get_context (task));
}
