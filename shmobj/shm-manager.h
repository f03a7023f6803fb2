/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-enums.h>
#include <shmobj/shm-shareable-list.h>
#include <shmobj/shm-shared-memory.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_MANAGER (shm_manager_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (ShmManager, shm_manager, SHM, MANAGER, GObject)

/**
 * ShmManagerClass:
 * @parent_class: the parent class
 *
 * The class structure of [class@Shm.Manager].
 *
 * Since: 1.0
 */
struct _ShmManagerClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SHM_AVAILABLE_IN_1_0
ShmManager *shm_manager_new (const char *address,
                             GBytes *authkey,
                             ShmManagerFlags flags) G_GNUC_WARN_UNUSED_RESULT;

/* Starting and ending the server */

SHM_AVAILABLE_IN_1_0
gboolean shm_manager_start (ShmManager *self, GCancellable *cancellable, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_manager_start_async (ShmManager *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean shm_manager_start_finish (ShmManager *self, GAsyncResult *result, GError **error);

SHM_AVAILABLE_IN_1_0
gboolean
shm_manager_connect_to_server (ShmManager *self, GCancellable *cancellable, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_manager_connect_to_server_async (ShmManager *self,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean
shm_manager_connect_to_server_finish (ShmManager *self, GAsyncResult *result, GError **error);

SHM_AVAILABLE_IN_1_0
gboolean shm_manager_shutdown (ShmManager *self, GCancellable *cancellable, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_manager_shutdown_async (ShmManager *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean shm_manager_shutdown_finish (ShmManager *self, GAsyncResult *result, GError **error);

/* Blocks that the server owns */

SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_manager_create_shared_memory (ShmManager *self,
                                                   const char *name,
                                                   guint64 size,
                                                   guint mode,
                                                   ShmCreateFlags flags,
                                                   GCancellable *cancellable,
                                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_manager_create_shared_memory_async (ShmManager *self,
                                             const char *name,
                                             guint64 size,
                                             guint mode,
                                             ShmCreateFlags flags,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_manager_create_shared_memory_finish (ShmManager *self,
                                                          GAsyncResult *result,
                                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_manager_create_shareable_list (ShmManager *self,
                                                     GVariant *values,
                                                     const char *name,
                                                     guint mode,
                                                     ShmCreateFlags flags,
                                                     GCancellable *cancellable,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_manager_create_shareable_list_async (ShmManager *self,
                                              GVariant *values,
                                              const char *name,
                                              guint mode,
                                              ShmCreateFlags flags,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmShareableList *
shm_manager_create_shareable_list_finish (ShmManager *self,
                                          GAsyncResult *result,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

SHM_AVAILABLE_IN_1_0
gboolean
shm_manager_track (ShmManager *self, const char *name, GCancellable *cancellable, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_manager_track_async (ShmManager *self,
                              const char *name,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean shm_manager_track_finish (ShmManager *self, GAsyncResult *result, GError **error);

SHM_AVAILABLE_IN_1_0
gboolean
shm_manager_remove (ShmManager *self, const char *name, GCancellable *cancellable, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_manager_remove_async (ShmManager *self,
                               const char *name,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean shm_manager_remove_finish (ShmManager *self, GAsyncResult *result, GError **error);

SHM_AVAILABLE_IN_1_0
char **shm_manager_list_blocks (ShmManager *self,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_manager_list_blocks_async (ShmManager *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
SHM_AVAILABLE_IN_1_0
char **shm_manager_list_blocks_finish (ShmManager *self,
                                       GAsyncResult *result,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Properties */

SHM_AVAILABLE_IN_1_0
const char *shm_manager_get_address (ShmManager *self);
SHM_AVAILABLE_IN_1_0
GBytes *shm_manager_get_authkey (ShmManager *self);
SHM_AVAILABLE_IN_1_0
ShmManagerFlags shm_manager_get_flags (ShmManager *self);
SHM_AVAILABLE_IN_1_0
ShmManagerState shm_manager_get_state (ShmManager *self);
SHM_AVAILABLE_IN_1_0
int shm_manager_get_pid (ShmManager *self);

/* Blocks that killed servers and trackers have left behind */

SHM_AVAILABLE_IN_1_0
gboolean shm_manager_remove_leftovers (guint *n_removed, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_manager_remove_leftovers_async (GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean
shm_manager_remove_leftovers_finish (GAsyncResult *result, guint *n_removed, GError **error);

G_END_DECLS
