/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waits in a main loop until another process changes a word of a block.
 *
 * A source watches the content of the block and, if the word belongs to an event, arms the event.
 * Then it looks at the word, and the main loop sleeps. Whoever changes the word touches the block,
 * which wakes the main loop, and the source looks again. The source holds no operation of the block
 * open while it sleeps, so the block can be closed and sealed meanwhile. */

#include "config.h"

#include "shm-shared-memory-private.h"

#include "core/shm-event.h"
#include "shm-work.h"

/* How long a main loop sleeps before a source looks at the word again. Compare
 * shm-shared-memory-wait.c. */
#define LOOK_USEC           G_USEC_PER_SEC
#define READ_ONLY_LOOK_USEC (100 * 1000)

#ifdef SHM_TEST_HOOKS
#undef LOOK_USEC
#define LOOK_USEC shm_test_look_usec
#endif

/* The same if the content cannot be watched, and when to try to watch it again. */
#define UNWATCHED_LOOK_USEC (10 * 1000)
#define RETRY_USEC          G_USEC_PER_SEC

/* How a source finds the word. */
typedef enum
{
  UNCHANGED,
  CHANGED,
  CLOSED,
  TIMED_OUT,
  CANCELLED
} State;

typedef struct
{
  GSource source;         /* must be first */
  ShmSharedMemory *block; /* (owned) */
  guint64 offset;
  gboolean is_event;
  GCancellable *cancellable; /* (owned) (nullable) */
  gint64 deadline;           /* monotonic time in microseconds */

  guint32 expected; /* (atomic): the source is ready if the word has another value */
  guint32 value;    /* of the word, if the state is CHANGED */
  State state;      /* when the source was dispatched last */
  gint64 look_at;   /* when to arm the event and to look at the word at the latest */
  gint64 retry_at;  /* when to try to watch the content, if there is no watch */
  ShmWatch *watch;  /* (owned) (nullable) */
} WaitSource;

/* Looks at the word. Stores its value in @value, if it has changed. */
static State
look (WaitSource *self, guint32 *value)
{
  g_autoptr (ShmBlockUse) use
      = shm_block_enter (&shm_shared_memory_get_private (self->block)->block);
  ShmMapping *mapping = use != NULL ? g_atomic_pointer_get (&use->mapping) : NULL;
  const guint32 *word;

  if (mapping == NULL)
    return CLOSED;

  word = (gpointer) ((guint8 *) shm_mapping_get_data (mapping) + self->offset);
  *value = __atomic_load_n (word, __ATOMIC_SEQ_CST);

  return *value != (guint32) g_atomic_int_get (&self->expected) ? CHANGED : UNCHANGED;
}

static gboolean
is_unchanged (WaitSource *self)
{
  guint32 ignored;

  return look (self, &ignored) == UNCHANGED;
}

/* A ShmWatchFilter. */
static gboolean
is_event_for_source (gpointer source)
{
  return !is_unchanged (source);
}

/* The watch. The block keeps the watch of the last source for the next one. */

static gboolean
resume_watch (WaitSource *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self->block);
  ShmWatch *watch = g_atomic_pointer_exchange (&priv->unused_watch, NULL);

  if (watch == NULL)
    return FALSE;

  if (shm_watch_resume (watch, self))
    self->watch = watch;
  else
    shm_watch_free (watch);

  return self->watch != NULL;
}

static void
create_watch (WaitSource *self)
{
  ShmFault ignored;
  g_autoptr (ShmBlockUse) use
      = shm_block_enter (&shm_shared_memory_get_private (self->block)->block);

  if (use == NULL)
    return;

  self->watch = shm_watch_new_for_content (use->fd, &use->identity, NULL, self, NULL, &ignored);
  if (self->watch != NULL)
    shm_watch_set_filter (self->watch, is_event_for_source);
}

static void
ensure_watch (WaitSource *self, gint64 now)
{
  GMainContext *context = g_source_get_context (&self->source);

  if (self->watch != NULL || now < self->retry_at)
    return;

  g_main_context_push_thread_default (context);
  if (!resume_watch (self))
    create_watch (self);
  g_main_context_pop_thread_default (context);
  self->retry_at = now + RETRY_USEC;
}

static void
release_watch (WaitSource *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self->block);
  ShmWatch *other;

  if (self->watch == NULL)
    return;

  shm_watch_suspend (self->watch);
  other = g_atomic_pointer_exchange (&priv->unused_watch, g_steal_pointer (&self->watch));
  if (other != NULL)
    shm_watch_free (other);

  /* Another thread may have closed the block before the watch was stored. */
  if (!shm_block_is_open (&priv->block))
    shm_shared_memory_end_waits (self->block);
}

void
shm_shared_memory_end_waits (ShmSharedMemory *self)
{
  ShmSharedMemoryPrivate *priv = shm_shared_memory_get_private (self);
  ShmWatch *watch = g_atomic_pointer_exchange (&priv->unused_watch, NULL);

  if (watch != NULL)
    shm_watch_free (watch);
  if (g_atomic_int_get (&priv->n_sources) > 0)
    shm_watch_wake_file (&priv->block.identity);
}

/* The source */

/* Arms the event. Returns FALSE if the block is read-only for this object. */
static gboolean
arm (WaitSource *self)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self->block, NULL);
  ShmEvent *event = NULL;

  if (use != NULL)
    event = shm_shared_memory_find_aligned (self->block, use, self->offset, sizeof *event, TRUE,
                                            NULL);
  if (event != NULL)
    shm_event_arm (event, SHM_EVENT_LOOPS);

  return event != NULL;
}

/* Prepares for sleeping. The caller looks at the word once more after that. */
static void
prepare_sleep (WaitSource *self, gint64 now)
{
  gint64 period = LOOK_USEC;

  ensure_watch (self, now);
  if (self->watch == NULL)
    period = MIN (period, UNWATCHED_LOOK_USEC);
  if (self->is_event && !arm (self))
    period = MIN (period, READ_ONLY_LOOK_USEC);
  self->look_at = now + period;
}

static gboolean
wait_source_prepare (GSource *source, int *timeout)
{
  WaitSource *self = (WaitSource *) source;
  const gint64 now = g_source_get_time (source);
  gint64 msec;

  *timeout = 0;
  if (now >= self->deadline || !is_unchanged (self))
    return TRUE;

  if (now >= self->look_at)
    {
      prepare_sleep (self, now);
      if (!is_unchanged (self))
        return TRUE;
    }

  msec = (MIN (self->look_at, self->deadline) - now + 999) / 1000;
  *timeout = MIN (msec, G_MAXINT);

  return FALSE;
}

static gboolean
wait_source_check (GSource *source)
{
  WaitSource *self = (WaitSource *) source;

  return !is_unchanged (self) || g_source_get_time (source) >= self->deadline;
}

static State
get_state (WaitSource *self)
{
  State state;

  if (g_cancellable_is_cancelled (self->cancellable))
    return CANCELLED;

  state = look (self, &self->value);
  if (state == UNCHANGED && g_source_get_time (&self->source) >= self->deadline)
    state = TIMED_OUT;

  return state;
}

static gboolean
wait_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  WaitSource *self = (WaitSource *) source;

  self->state = get_state (self);
  if (self->state == UNCHANGED)
    return G_SOURCE_CONTINUE;

  if (callback == NULL)
    {
      g_warning ("A source that waits for a change of shared memory has no callback");
      return G_SOURCE_REMOVE;
    }

  /* The next change makes the source ready again. */
  if (self->state == CHANGED)
    {
      g_atomic_int_set (&self->expected, self->value);
      self->look_at = 0;
    }

  return callback (user_data) && self->state == CHANGED;
}

static void
wait_source_finalize (GSource *source)
{
  WaitSource *self = (WaitSource *) source;

  release_watch (self);
  g_atomic_int_add (&shm_shared_memory_get_private (self->block)->n_sources, -1);
  g_clear_object (&self->cancellable);
  g_object_unref (self->block);
}

static GSourceFuncs wait_source_funcs
    = { wait_source_prepare, wait_source_check, wait_source_dispatch, wait_source_finalize };

static gboolean
check_word (ShmSharedMemory *self, guint64 offset, gboolean is_event, GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);

  return use != NULL
         && shm_shared_memory_find_aligned (self, use, offset,
                                            is_event ? sizeof (ShmEvent) : sizeof (guint32), FALSE,
                                            error)
                != NULL;
}

static GSource *
create_source (ShmSharedMemory *self,
               guint64 offset,
               guint32 expected,
               gboolean is_event,
               GCancellable *cancellable,
               GError **error)
{
  WaitSource *source;

  if (!check_word (self, offset, is_event, error))
    return NULL;

  source = (WaitSource *) g_source_new (&wait_source_funcs, sizeof *source);
  source->block = g_object_ref (self);
  source->offset = offset;
  source->is_event = is_event;
  source->expected = expected;
  source->deadline = G_MAXINT64;
  g_atomic_int_inc (&shm_shared_memory_get_private (self)->n_sources);
  g_source_set_static_name (&source->source, "shmobj: wait for a change");

  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      source->cancellable = g_object_ref (cancellable);
      g_source_set_dummy_callback (child);
      g_source_add_child_source (&source->source, child);
    }

  return &source->source;
}

/* Asynchronous functions */

static gboolean
on_source_ready (gpointer user_data)
{
  WaitSource *source = (WaitSource *) g_main_current_source ();
  GTask *task = user_data;
  GError *error = NULL;

  switch (source->state)
    {
    case CHANGED:
      g_task_return_int (task, source->value);
      return G_SOURCE_REMOVE;
    case CLOSED:
      shm_shared_memory_check_open (source->block, &error);
      break;
    case TIMED_OUT:
      shm_shared_memory_set_timeout_error (source->block, source->offset, &error);
      break;
    case CANCELLED:
      g_cancellable_set_error_if_cancelled (source->cancellable, &error);
      break;
    case UNCHANGED:
    default:
      g_assert_not_reached ();
    }
  g_task_return_error (task, error);

  return G_SOURCE_REMOVE;
}

static void
start_wait (ShmSharedMemory *self,
            guint64 offset,
            guint32 expected,
            gboolean is_event,
            gint64 timeout,
            GTask *task)
{
  const gint64 now = g_get_monotonic_time ();
  g_autoptr (GSource) source = NULL;
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  source = create_source (self, offset, expected, is_event, g_task_get_cancellable (task), &error);
  if (source == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  if (timeout >= 0 && timeout < G_MAXINT64 - now)
    ((WaitSource *) source)->deadline = now + timeout;
  g_task_attach_source (task, source, on_source_ready);
}

/* Returns the value with which the task ended, or 0 with an error. The value can be -1, which
 * g_task_propagate_int() also returns for an error. */
static guint32
finish_wait (GAsyncResult *result, gboolean *is_changed, GError **error)
{
  GError *own_error = NULL;
  const gssize value = g_task_propagate_int (G_TASK (result), &own_error);

  *is_changed = own_error == NULL;
  if (*is_changed)
    return (guint32) value;

  g_propagate_error (error, own_error);

  return 0;
}

/**
 * shm_shared_memory_wait_async:
 * @self: a block
 * @offset: the offset of a 32-bit integer in bytes, a multiple of 4
 * @expected: the value that the integer has as long as there is nothing to do
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the integer has changed
 * @user_data: data for @callback
 *
 * Waits in a main loop until an integer of the block differs from @expected.
 *
 * This is [method@Shm.SharedMemory.wait] for main loops. While the function waits, the main loop
 * sleeps, and no thread is needed. @callback is called in the thread-default main context of the
 * caller, and never during this call.
 *
 * A process that changes the integer calls [method@Shm.SharedMemory.wake] afterwards, which wakes
 * the main loops of all processes. Writing to the block with [method@Shm.SharedMemory.write] or
 * `write()` wakes them, too. Without any of this, the function notices the change within about a
 * second.
 *
 * The main loop is woken with inotify. All waits and watches of a process share one inotify
 * descriptor. If the process or the user cannot have more of these descriptors or watches, the
 * function looks at the integer every 10 milliseconds instead. It tries to get a watch again once a
 * second.
 *
 * The wait ends at once when @cancellable is cancelled, and when another call closes the object. In
 * a child of `fork()` that runs the main context, the wait continues, and its callback is called
 * there as well.
 *
 * Since: 1.0
 */
void
shm_shared_memory_wait_async (ShmSharedMemory *self,
                              guint64 offset,
                              gint32 expected,
                              gint64 timeout,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_wait_async);
  start_wait (self, offset, expected, FALSE, timeout, task);
}

/**
 * shm_shared_memory_wait_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.wait_async].
 *
 * It fails as [method@Shm.SharedMemory.wait] does.
 *
 * Returns: %TRUE if the integer differs from the expected value
 *
 * Since: 1.0
 */
gboolean
shm_shared_memory_wait_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  gboolean is_changed;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);
  shm_work_return_val_if_invalid (self, result, shm_shared_memory_wait_async, error, FALSE);

  finish_wait (result, &is_changed, error);

  return is_changed;
}

/**
 * shm_shared_memory_event_wait_async:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @seen: the sequence number that the caller has seen
 * @timeout: the time to wait in microseconds, or -1 to wait without a limit
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the event has another sequence number
 * @user_data: data for @callback
 *
 * Waits in a main loop until the sequence number of an event differs from @seen.
 *
 * This is [method@Shm.SharedMemory.event_wait] for main loops. [method@Shm.SharedMemory.wait_async]
 * describes main contexts, inotify, cancellation, closing and `fork()`. If the block is read-only
 * for this object, the main loop can need 0.1 seconds to notice the new number.
 *
 * Since: 1.0
 */
void
shm_shared_memory_event_wait_async (ShmSharedMemory *self,
                                    guint64 offset,
                                    guint32 seen,
                                    gint64 timeout,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SHM_IS_SHARED_MEMORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shm_shared_memory_event_wait_async);
  start_wait (self, offset, seen, TRUE, timeout, task);
}

/**
 * shm_shared_memory_event_wait_finish:
 * @self: a block
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Shm.SharedMemory.event_wait_async].
 *
 * It fails as [method@Shm.SharedMemory.event_wait] does.
 *
 * Returns: the new sequence number; 0 on error, and after 4294967295
 *
 * Since: 1.0
 */
guint32
shm_shared_memory_event_wait_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error)
{
  gboolean ignored;

  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);
  shm_work_return_val_if_invalid (self, result, shm_shared_memory_event_wait_async, error, 0);

  return finish_wait (result, &ignored, error);
}

/* Sources */

/**
 * shm_shared_memory_create_wait_source:
 * @self: a block
 * @offset: the offset of a 32-bit integer in bytes, a multiple of 4
 * @expected: the value of the integer that the caller has seen
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates an event source that is ready when an integer of the block differs from @expected.
 *
 * Set the callback with `g_source_set_callback()`, and attach the source to any main context with
 * `g_source_attach()`. The callback is a plain [callback@GLib.SourceFunc]: it only receives its
 * user data. After it has returned %G_SOURCE_CONTINUE, the source is ready again when the integer
 * differs from the value that it had before the callback. So the source tells about each change,
 * except that it can tell only once about several changes in a row.
 *
 * The callback is also called when @cancellable is cancelled, and when the object is closed. The
 * source is then removed, whatever the callback returns. Ask
 * [method@Gio.Cancellable.is_cancelled] and [method@Shm.SharedMemory.is_closed].
 *
 * The source holds a reference to the object until the source is destroyed.
 * [method@Shm.SharedMemory.wait_async] describes how the main loop is woken.
 *
 * It fails with [error@Shm.Error.MISALIGNED], [error@Shm.Error.OUT_OF_RANGE],
 * [error@Shm.Error.CLOSED] or, if the block cannot be mapped, [error@Shm.Error.NO_SPACE].
 *
 * Returns: (transfer full): the new source, or %NULL on error
 *
 * Since: 1.0
 */
GSource *
shm_shared_memory_create_wait_source (ShmSharedMemory *self,
                                      guint64 offset,
                                      gint32 expected,
                                      GCancellable *cancellable,
                                      GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create_source (self, offset, expected, FALSE, cancellable, error);
}

/**
 * shm_shared_memory_create_event_source:
 * @self: a block
 * @offset: the offset of the event in bytes, a multiple of 8
 * @seen: the sequence number that the caller has seen
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates an event source that is ready when the sequence number of an event differs from @seen.
 *
 * The callback calls [method@Shm.SharedMemory.event_get], if it needs the number. Everything else
 * is as with [method@Shm.SharedMemory.create_wait_source].
 *
 * If the block is read-only for this object, the main loop can need 0.1 seconds to notice the new
 * number.
 *
 * Returns: (transfer full): the new source, or %NULL on error
 *
 * Since: 1.0
 */
GSource *
shm_shared_memory_create_event_source (ShmSharedMemory *self,
                                       guint64 offset,
                                       guint32 seen,
                                       GCancellable *cancellable,
                                       GError **error)
{
  g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create_source (self, offset, seen, TRUE, cancellable, error);
}
