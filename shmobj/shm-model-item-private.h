/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The items of a model: all items that are alive, by their index. */

#pragma once

#include "shm-model-item.h"

G_BEGIN_DECLS

/* The items that are alive. Each item holds a reference, because it can be freed in any thread. */
typedef struct _ShmModelItems ShmModelItems;

ShmModelItems *shm_model_items_new (void);
void shm_model_items_unref (ShmModelItems *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmModelItems, shm_model_items_unref)

/* Returns the item with @index if it is alive, or NULL. The caller owns the reference. */
ShmModelItem *shm_model_items_lookup (ShmModelItems *self, guint64 index);

/* Creates an item, which must not be alive. The item keeps @model alive. @value is not floating;
 * NULL for an invalid value. */
ShmModelItem *
shm_model_items_create (ShmModelItems *self, GObject *model, guint64 index, GVariant *value);

/* Returns all items that are alive (element-type ShmModelItem). */
GPtrArray *shm_model_items_get_all (ShmModelItems *self);

/* Replaces the value of an item, and does not notify. Returns whether the value has changed. */
gboolean shm_model_item_set_value (ShmModelItem *self, GVariant *value);

/* Emits notify for the properties that depend on the value. */
void shm_model_item_notify (ShmModelItem *self);

G_END_DECLS
