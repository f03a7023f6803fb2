/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-enums.h>
#include <shmobj/shm-shared-memory.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_SHAREABLE_LIST (shm_shareable_list_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (ShmShareableList, shm_shareable_list, SHM, SHAREABLE_LIST, GObject)

/**
 * ShmShareableListClass:
 * @parent_class: the parent class
 *
 * The class structure of [class@Shm.ShareableList].
 *
 * Since: 1.0
 */
struct _ShmShareableListClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

/* New lists */

SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_create (GVariant *values,
                                             const char *name,
                                             ShmCreateFlags flags,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_create_full (GVariant *values,
                                                  const char *name,
                                                  guint mode,
                                                  ShmCreateFlags flags,
                                                  GCancellable *cancellable,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_create_async (GVariant *values,
                                      const char *name,
                                      guint mode,
                                      ShmCreateFlags flags,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_create_finish (GAsyncResult *result,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_create_anonymous (GVariant *values,
                                                       ShmCreateFlags flags,
                                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_create_anonymous_async (GVariant *values,
                                                ShmCreateFlags flags,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_create_anonymous_finish (GAsyncResult *result, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Existing lists */

SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_attach (const char *name,
                                             ShmAttachFlags flags,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_attach_async (const char *name,
                                      ShmAttachFlags flags,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmShareableList *shm_shareable_list_attach_finish (GAsyncResult *result,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmShareableList *
shm_shareable_list_new_for_shared_memory (ShmSharedMemory *shared_memory,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_new_for_shared_memory_async (ShmSharedMemory *shared_memory,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmShareableList *
shm_shareable_list_new_for_shared_memory_finish (GAsyncResult *result,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* About the list */

SHM_AVAILABLE_IN_1_0
guint64 shm_shareable_list_get_length (ShmShareableList *self);
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shareable_list_get_shared_memory (ShmShareableList *self);
SHM_AVAILABLE_IN_1_0
char *shm_shareable_list_get_format (ShmShareableList *self,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_get_format_async (ShmShareableList *self,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
SHM_AVAILABLE_IN_1_0
char *shm_shareable_list_get_format_finish (ShmShareableList *self,
                                            GAsyncResult *result,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Locks */

SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_shareable_list_lock (ShmShareableList *self,
                                       ShmLockMode mode,
                                       gint64 timeout,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_lock_async (ShmShareableList *self,
                                    ShmLockMode mode,
                                    gint64 timeout,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_shareable_list_lock_finish (ShmShareableList *self,
                                              GAsyncResult *result,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One value */

SHM_AVAILABLE_IN_1_0
ShmValueKind
shm_shareable_list_get_value_kind (ShmShareableList *self, guint64 index, GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shareable_list_get_int64 (ShmShareableList *self, guint64 index, GError **error);
SHM_AVAILABLE_IN_1_0
double shm_shareable_list_get_double (ShmShareableList *self, guint64 index, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shareable_list_get_boolean (ShmShareableList *self, guint64 index, GError **error);
SHM_AVAILABLE_IN_1_0
char *shm_shareable_list_get_string (ShmShareableList *self,
                                     guint64 index,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GBytes *shm_shareable_list_get_text (ShmShareableList *self,
                                     guint64 index,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GBytes *shm_shareable_list_get_bytes (ShmShareableList *self,
                                      guint64 index,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GVariant *shm_shareable_list_get_value (ShmShareableList *self,
                                        guint64 index,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_get_value_async (ShmShareableList *self,
                                         guint64 index,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
SHM_AVAILABLE_IN_1_0
GVariant *shm_shareable_list_get_value_finish (ShmShareableList *self,
                                               GAsyncResult *result,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

SHM_AVAILABLE_IN_1_0
gboolean
shm_shareable_list_set_int64 (ShmShareableList *self, guint64 index, gint64 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shareable_list_set_double (ShmShareableList *self, guint64 index, double value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shareable_list_set_boolean (ShmShareableList *self,
                                         guint64 index,
                                         gboolean value,
                                         GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shareable_list_set_string (ShmShareableList *self,
                                        guint64 index,
                                        const char *value,
                                        GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shareable_list_set_text (ShmShareableList *self, guint64 index, GBytes *value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shareable_list_set_bytes (ShmShareableList *self, guint64 index, GBytes *value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shareable_list_set_none (ShmShareableList *self, guint64 index, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shareable_list_set_value (ShmShareableList *self,
                                       guint64 index,
                                       GVariant *value,
                                       GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_set_value_async (ShmShareableList *self,
                                         guint64 index,
                                         GVariant *value,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shareable_list_set_value_finish (ShmShareableList *self, GAsyncResult *result, GError **error);

/* Many values */

SHM_AVAILABLE_IN_1_0
guint64 shm_shareable_list_count (ShmShareableList *self, GVariant *value, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_count_async (ShmShareableList *self,
                                     GVariant *value,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
SHM_AVAILABLE_IN_1_0
guint64
shm_shareable_list_count_finish (ShmShareableList *self, GAsyncResult *result, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shareable_list_find (ShmShareableList *self, GVariant *value, guint64 *index, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_find_async (ShmShareableList *self,
                                    GVariant *value,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean shm_shareable_list_find_finish (ShmShareableList *self,
                                         GAsyncResult *result,
                                         guint64 *index,
                                         GError **error);
SHM_AVAILABLE_IN_1_0
GVariant *shm_shareable_list_copy_values (ShmShareableList *self,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shareable_list_copy_values_async (ShmShareableList *self,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
SHM_AVAILABLE_IN_1_0
GVariant *shm_shareable_list_copy_values_finish (ShmShareableList *self,
                                                 GAsyncResult *result,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
