/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_BLOCK_INFO (shm_block_info_get_type ())

typedef struct _ShmBlockInfo ShmBlockInfo;

struct _ShmBlockInfo
{
  const char *name;
  guint64 size;
  guint owner_uid;
  guint mode;

  /*< private >*/
  char *owned_name;
  char *manager_address;
  gboolean leftover;
};

SHM_AVAILABLE_IN_1_0
GType shm_block_info_get_type (void) G_GNUC_CONST;
SHM_AVAILABLE_IN_1_0
ShmBlockInfo *shm_block_info_copy (ShmBlockInfo *self) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_block_info_free (ShmBlockInfo *self);

SHM_AVAILABLE_IN_1_0
const char *shm_block_info_get_name (ShmBlockInfo *self);
SHM_AVAILABLE_IN_1_0
guint64 shm_block_info_get_size (ShmBlockInfo *self);
SHM_AVAILABLE_IN_1_0
guint shm_block_info_get_owner_uid (ShmBlockInfo *self);
SHM_AVAILABLE_IN_1_0
guint shm_block_info_get_mode (ShmBlockInfo *self);

SHM_AVAILABLE_IN_1_0
gboolean shm_block_info_is_leftover (ShmBlockInfo *self);
SHM_AVAILABLE_IN_1_0
const char *shm_block_info_get_manager_address (ShmBlockInfo *self);

SHM_AVAILABLE_IN_1_0
GList *shm_list_blocks (GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void
shm_list_blocks_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SHM_AVAILABLE_IN_1_0
GList *shm_list_blocks_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GList *shm_list_owned_blocks (GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_list_owned_blocks_async (GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
SHM_AVAILABLE_IN_1_0
GList *shm_list_owned_blocks_finish (GAsyncResult *result,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
gboolean shm_remove_block (const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmBlockInfo, shm_block_info_free)

G_END_DECLS
