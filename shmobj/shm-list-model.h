/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-model-item.h>
#include <shmobj/shm-shareable-list.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_LIST_MODEL (shm_list_model_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmListModel, shm_list_model, SHM, LIST_MODEL, GObject)

SHM_AVAILABLE_IN_1_0
ShmListModel *shm_shareable_list_get_model (ShmShareableList *self,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_list_model_get_list (ShmListModel *self);
SHM_AVAILABLE_IN_1_0
gint64 shm_list_model_get_interval (ShmListModel *self);
SHM_AVAILABLE_IN_1_0
void shm_list_model_set_interval (ShmListModel *self, gint64 interval);
SHM_AVAILABLE_IN_1_0
const GError *shm_list_model_get_error (ShmListModel *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_list_model_refresh (ShmListModel *self, GError **error);

G_END_DECLS
