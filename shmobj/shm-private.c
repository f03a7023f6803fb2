/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-private.h"

#include "manager/shm-cancel.h"
#include "shm-manager-private.h"
#include "shm-overrides.h"
#include "shm-shareable-list-private.h"
#include "shm-shared-memory-private.h"

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

/* Constructors */

void
shm_private_set_check (GCancellable *cancellable, gboolean (*check) (gpointer), gpointer user_data)
{
  shm_cancel_set_check (cancellable, check, user_data, NULL);
}

gboolean
shm_private_block_init (ShmSharedMemory *self,
                        const ShmPrivateArguments *arguments,
                        GCancellable *cancellable,
                        GError **error)
{
  shm_private_block_reset (self, arguments->name,
                           arguments->is_new ? SHM_ORIGIN_CREATE : SHM_ORIGIN_ATTACH,
                           arguments->size, arguments->mode,
                           arguments->is_new ? arguments->flags : 0,
                           arguments->is_new ? 0 : arguments->flags);

  return g_initable_init (G_INITABLE (self), cancellable, error);
}

gboolean
shm_private_list_init (ShmShareableList *self,
                       const ShmPrivateArguments *arguments,
                       ShmListSource *source,
                       GCancellable *cancellable,
                       GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);
  gboolean is_initialised;

  shm_private_list_reset (self, NULL, arguments->name, arguments->mode,
                          source != NULL ? arguments->flags : 0,
                          source != NULL ? 0 : arguments->flags);
  priv->source = source;
  is_initialised = g_initable_init (G_INITABLE (self), cancellable, error);
  priv->source = NULL;

  return is_initialised;
}

ShmShareableList *
shm_private_manager_create_list (ShmManager *self,
                                 const ShmPrivateArguments *arguments,
                                 ShmListSource *source,
                                 GCancellable *cancellable,
                                 GError **error)
{
  return shm_manager_create_list_from_source (self, source, arguments->name, arguments->mode,
                                              arguments->flags, cancellable, error);
}

/* Blocks */

gboolean
shm_private_block_read (ShmSharedMemory *self,
                        guint64 offset,
                        gpointer data,
                        gsize length,
                        GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
  ShmFault fault;

  if (use == NULL || !shm_shared_memory_check_range (self, offset, length, FALSE, error))
    return FALSE;

  return shm_block_read (use, offset, data, length, &fault)
         || shm_shared_memory_fail (self, &fault, error);
}

gboolean
shm_private_block_write (ShmSharedMemory *self,
                         guint64 offset,
                         gconstpointer data,
                         gsize length,
                         GError **error)
{
  g_autoptr (ShmBlockUse) use = shm_shared_memory_enter (self, error);
  ShmFault fault;

  if (use == NULL || !shm_shared_memory_check_range (self, offset, length, TRUE, error))
    return FALSE;

  return length == 0 || shm_block_write (use, offset, data, length, &fault)
         || shm_shared_memory_fail (self, &fault, error);
}
