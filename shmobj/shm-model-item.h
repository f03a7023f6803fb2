/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_MODEL_ITEM (shm_model_item_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmModelItem, shm_model_item, SHM, MODEL_ITEM, GObject)

SHM_AVAILABLE_IN_1_0
guint64 shm_model_item_get_index (ShmModelItem *self);
SHM_AVAILABLE_IN_1_0
GVariant *shm_model_item_get_value (ShmModelItem *self);
SHM_AVAILABLE_IN_1_0
const char *shm_model_item_get_text (ShmModelItem *self);

G_END_DECLS
