/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions for the extension of the Python override, which is built and installed together with
 * the library. The library exports them, but they are not a part of the public interface: this
 * header is not installed, and the functions can change in each release. Their names begin with
 * shm_private_.
 *
 * They pass values as ShmListValue, without a GVariant or another allocation. The functions with
 * "try" in their names never wait, so Python can call them with the lock of its interpreter held.
 * They return WOULD_WAIT if the caller must call the function that waits. */

#pragma once

#include "core/shm-list-build.h"
#include "core/shm-list-item.h"
#include "core/shm-list-scan.h"
#include "shm-overrides.h"
#include "shm-waker.h"

G_BEGIN_DECLS

/* Returns whether the list is initialised and open. */
SHM_EXTERN
gboolean shm_private_list_is_open (ShmShareableList *self);

/* Both functions read the value at @index. The caller initialises @item, and clears it also after a
 * failure. They fail as shm_shareable_list_get_value_kind() does. */
SHM_EXTERN
ShmListTry shm_private_list_try_read (ShmShareableList *self,
                                      guint64 index,
                                      ShmListItem *item,
                                      GError **error);
SHM_EXTERN
gboolean
shm_private_list_read (ShmShareableList *self, guint64 index, ShmListItem *item, GError **error);

SHM_EXTERN
void shm_private_item_clear (ShmListItem *item);

/* Both functions replace the value at @index. They fail as shm_shareable_list_set_value() does. */
SHM_EXTERN
ShmListTry shm_private_list_try_write (ShmShareableList *self,
                                       guint64 index,
                                       const ShmListValue *value,
                                       GError **error);
SHM_EXTERN
gboolean shm_private_list_write (ShmShareableList *self,
                                 guint64 index,
                                 const ShmListValue *value,
                                 GError **error);

/* A search through a list, which can consist of several calls. */
typedef struct
{
  ShmListScan scan;
  guint64 next;  /* index of the first value that is not compared yet */
  guint64 count; /* the number of equal values */
  guint64 found; /* index of the last equal value */
} ShmPrivateSearch;

/* Compares the values up to index @end, or up to the end of the list. With scan.stops_at_first, a
 * search is over when the count is 1. A call that returns WOULD_WAIT has compared the values before
 * @next. They fail as shm_shareable_list_count() does. */
SHM_EXTERN
ShmListTry shm_private_list_try_search (ShmShareableList *self,
                                        ShmPrivateSearch *search,
                                        guint64 end,
                                        GError **error);
SHM_EXTERN
gboolean shm_private_list_search (ShmShareableList *self, ShmPrivateSearch *search, GError **error);

/* The arguments of a constructor */
typedef struct
{
  gboolean is_new;  /* whether to create a block; lists have a source instead */
  const char *name; /* (nullable): NULL for a generated name */
  guint64 size;     /* of a new block */
  guint mode;
  guint flags; /* ShmCreateFlags or ShmAttachFlags */
} ShmPrivateArguments;

/* Sets the check function of a new @cancellable. An operation calls it in its own thread, at most
 * every 10 ms, and once more after it has undone its work. If @check returns FALSE, the operation
 * is cancelled. The functions below then fail and can leave @error unset. */
SHM_EXTERN
void
shm_private_set_check (GCancellable *cancellable, gboolean (*check) (gpointer), gpointer user_data);

/* Initialises an object that is not initialised, also after an earlier call has failed. Does
 * nothing with an object that is initialised. @source has the values of a new list, and is NULL for
 * attaching. If @source stops the creation, @error can stay unset. */
SHM_EXTERN
gboolean shm_private_block_init (ShmSharedMemory *self,
                                 const ShmPrivateArguments *arguments,
                                 GCancellable *cancellable,
                                 GError **error);
SHM_EXTERN
gboolean shm_private_list_init (ShmShareableList *self,
                                const ShmPrivateArguments *arguments,
                                ShmListSource *source,
                                GCancellable *cancellable,
                                GError **error);

/* Creates a list whose block the server of a manager owns. */
SHM_EXTERN
ShmShareableList *shm_private_manager_create_list (ShmManager *self,
                                                   const ShmPrivateArguments *arguments,
                                                   ShmListSource *source,
                                                   GCancellable *cancellable,
                                                   GError **error);

/* Copy a part of the block to or from memory of the caller. They fail as shm_shared_memory_read()
 * and shm_shared_memory_write() do. */
SHM_EXTERN
gboolean shm_private_block_read (ShmSharedMemory *self,
                                 guint64 offset,
                                 gpointer data,
                                 gsize length,
                                 GError **error);
SHM_EXTERN
gboolean shm_private_block_write (ShmSharedMemory *self,
                                  guint64 offset,
                                  gconstpointer data,
                                  gsize length,
                                  GError **error);

/* The waits of a loop that is not GLib's, in the thread of this loop: as
 * shm_shared_memory_wait_async() and shm_shared_memory_event_wait_async(), but without an object
 * and a source for each wait. */
typedef struct _ShmPrivateWaits ShmPrivateWaits;

/* Called in shm_waker_dispatch() at the end of a wait, with the new value of the word, or with an
 * error that the function owns. Can begin and end other waits. */
typedef void (*ShmPrivateWaitFunc) (gpointer user_data,
                                    gboolean is_event,
                                    guint32 value,
                                    GError *error);

typedef enum
{
  SHM_PRIVATE_WAIT_SLEEPS,
  SHM_PRIVATE_WAIT_CHANGED, /* the word has changed already */
  SHM_PRIVATE_WAIT_FAILED,  /* the asynchronous function of the class tells why */
} ShmPrivateWaitResult;

/* @free_data is called for the user data of each wait that has slept. */
SHM_EXTERN
ShmPrivateWaits *
shm_private_waits_new (ShmWaker *waker, ShmPrivateWaitFunc func, GDestroyNotify free_data);
SHM_EXTERN
void shm_private_waits_free (ShmPrivateWaits *self);

/* Begins a wait while the word has the value *@value. If the word has changed already, sets *@value
 * to the new value. Takes ownership of @user_data if the wait sleeps. */
SHM_EXTERN
ShmPrivateWaitResult shm_private_waits_add (ShmPrivateWaits *self,
                                            ShmSharedMemory *block,
                                            guint64 offset,
                                            guint32 *value,
                                            gboolean is_event,
                                            gint64 timeout,
                                            gpointer user_data);

/* Does the same as shm_waker_dispatch(). Mostly it only calls the functions of the waits that are
 * over, which needs fewer system calls. */
SHM_EXTERN
void shm_private_waits_dispatch (ShmPrivateWaits *self);

/* Ends the wait with this user data, if there is one, without calling its function. */
SHM_EXTERN
void shm_private_waits_remove (ShmPrivateWaits *self, gpointer user_data);

/* Ends all waits without calling their functions. Any thread may call it while no other thread uses
 * the waits. */
SHM_EXTERN
void shm_private_waits_clear (ShmPrivateWaits *self);

G_END_DECLS
