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
#include "shm-shareable-list.h"

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

/* Does the same as g_initable_init() on an object that is to become a new list with the values of
 * @source. If @source or the check function of @cancellable stops the creation, @error can stay
 * NULL. */
SHM_EXTERN
gboolean shm_private_list_init (ShmShareableList *self,
                                ShmListSource *source,
                                GCancellable *cancellable,
                                GError **error);

G_END_DECLS
