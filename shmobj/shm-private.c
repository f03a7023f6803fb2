/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-private.h"

#include "shm-shareable-list-private.h"

/* One value */

gboolean
shm_private_list_is_open (ShmShareableList *self)
{
  return shm_shareable_list_peek_open (self, FALSE) != NULL;
}

/* Sets @error if @result is FAILED, and returns @result. */
static inline ShmListTry
check_result (ShmShareableList *self, ShmListTry result, const ShmFault *fault, GError **error)
{
  if (G_UNLIKELY (result == SHM_LIST_TRY_FAILED))
    shm_shareable_list_fail (self, fault, error);

  return result;
}

/* Reads an integer, the most frequent kind, on a path of its own. */
static inline gboolean
try_read_integer (ShmList *list, guint64 index, ShmListValue *value)
{
  value->kind = SHM_VALUE_KIND_INT64;
  value->length = 0;

  return shm_list_read_number (list, index, SHM_LIST_ENTRY_INT64, (guint64 *) &value->integer);
}

ShmListTry
shm_private_list_try_read (ShmShareableList *self, guint64 index, ShmListItem *item, GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  ShmFault fault;

  if (G_UNLIKELY (list == NULL))
    return SHM_LIST_TRY_FAILED;
  if (try_read_integer (list, index, &item->value))
    return SHM_LIST_TRY_OK;

  return check_result (self, shm_list_try_read (list, index, item, &fault), &fault, error);
}

gboolean
shm_private_list_read (ShmShareableList *self, guint64 index, ShmListItem *item, GError **error)
{
  return shm_shareable_list_read_item (self, index, item, error);
}

void
shm_private_item_clear (ShmListItem *item)
{
  shm_list_item_clear (item);
}

ShmListTry
shm_private_list_try_write (ShmShareableList *self,
                            guint64 index,
                            const ShmListValue *value,
                            GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, TRUE, error);
  ShmFault fault;

  if (G_UNLIKELY (list == NULL))
    return SHM_LIST_TRY_FAILED;

  return check_result (self, shm_list_try_write (list, index, value, &fault), &fault, error);
}

gboolean
shm_private_list_write (ShmShareableList *self,
                        guint64 index,
                        const ShmListValue *value,
                        GError **error)
{
  return shm_shareable_list_write_value (self, index, value, error);
}

/* Searching */

/* Compares the value at search->next. */
static ShmListTry
try_compare (ShmList *list, ShmPrivateSearch *search, ShmFault *fault)
{
  g_auto (ShmListItem) item;
  ShmListTry result;

  shm_list_item_init (&item);
  result = shm_list_try_read (list, search->next, &item, fault);
  if (result == SHM_LIST_TRY_OK && shm_list_scan_matches (&search->scan, &item.value))
    {
      search->count++;
      search->found = search->next;
    }

  return result;
}

static inline gboolean
is_over (const ShmPrivateSearch *search)
{
  return search->scan.stops_at_first && search->count > 0;
}

ShmListTry
shm_private_list_try_search (ShmShareableList *self,
                             ShmPrivateSearch *search,
                             guint64 end,
                             GError **error)
{
  ShmList *list = shm_shareable_list_get_open (self, FALSE, error);
  ShmListTry result = SHM_LIST_TRY_OK;
  ShmFault fault;

  if (list == NULL)
    return SHM_LIST_TRY_FAILED;

  end = MIN (end, list->layout.n_items);
  if (search->next < end && shm_list_can_scan (list, &search->scan)
      && shm_list_scan (list, search->next, end, &search->scan, &search->count, &search->found))
    search->next = end;
  for (; search->next < end && !is_over (search); search->next++)
    {
      result = try_compare (list, search, &fault);
      if (result != SHM_LIST_TRY_OK)
        break;
    }

  return check_result (self, result, &fault, error);
}

gboolean
shm_private_list_search (ShmShareableList *self, ShmPrivateSearch *search, GError **error)
{
  return shm_shareable_list_search_from (self, search->next, &search->scan, &search->count,
                                         &search->found, error);
}

/* Creating */

gboolean
shm_private_list_init (ShmShareableList *self,
                       ShmListSource *source,
                       GCancellable *cancellable,
                       GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  gboolean is_initialised;

  priv->source = source;
  is_initialised = g_initable_init (G_INITABLE (self), cancellable, error);
  priv->source = NULL;

  return is_initialised;
}
