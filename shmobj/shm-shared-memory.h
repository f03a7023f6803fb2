/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-enums.h>
#include <shmobj/shm-lock-guard.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_SHARED_MEMORY (shm_shared_memory_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (ShmSharedMemory, shm_shared_memory, SHM, SHARED_MEMORY, GObject)

/**
 * ShmSharedMemoryClass:
 * @parent_class: the parent class
 *
 * The class structure of [class@Shm.SharedMemory].
 *
 * Since: 1.0
 */
struct _ShmSharedMemoryClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

/* Opening a block */

SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_create (const char *name,
                                           guint64 size,
                                           ShmCreateFlags flags,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_create_full (const char *name,
                                                guint64 size,
                                                guint mode,
                                                ShmCreateFlags flags,
                                                GCancellable *cancellable,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_create_async (const char *name,
                                     guint64 size,
                                     guint mode,
                                     ShmCreateFlags flags,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_create_finish (GAsyncResult *result,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_attach (const char *name,
                                           ShmAttachFlags flags,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_attach_async (const char *name,
                                     ShmAttachFlags flags,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_attach_finish (GAsyncResult *result,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_open_or_create (const char *name,
                                                   guint64 size,
                                                   guint mode,
                                                   ShmCreateFlags flags,
                                                   GCancellable *cancellable,
                                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_open_or_create_async (const char *name,
                                             guint64 size,
                                             guint mode,
                                             ShmCreateFlags flags,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_open_or_create_finish (GAsyncResult *result,
                                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_create_anonymous (guint64 size,
                                                     ShmCreateFlags flags,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_create_anonymous_async (guint64 size,
                                               ShmCreateFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_create_anonymous_finish (GAsyncResult *result, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_shared_memory_attach_fd (int fd,
                                              ShmAttachFlags flags,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closing a block, and removing its name */

SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_close (ShmSharedMemory *self, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_unlink (ShmSharedMemory *self, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_untrack (ShmSharedMemory *self);

/* Properties */

SHM_AVAILABLE_IN_1_0
const char *shm_shared_memory_get_name (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
guint64 shm_shared_memory_get_size (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
guint shm_shared_memory_get_mode (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
guint shm_shared_memory_get_owner_uid (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
ShmOrigin shm_shared_memory_get_origin (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_is_creator (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_is_read_only (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_is_closed (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_is_unlinked (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
int shm_shared_memory_get_fd (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
int shm_shared_memory_dup_fd (ShmSharedMemory *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Memory */

SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_map (ShmSharedMemory *self, GError **error);
SHM_AVAILABLE_IN_1_0
gpointer shm_shared_memory_get_data (ShmSharedMemory *self, guint64 *size);
SHM_AVAILABLE_IN_1_0
GBytes *shm_shared_memory_get_live_bytes (ShmSharedMemory *self,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GBytes *shm_shared_memory_get_live_region (ShmSharedMemory *self,
                                           guint64 offset,
                                           guint64 length,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GBytes *shm_shared_memory_read (ShmSharedMemory *self,
                                guint64 offset,
                                guint64 length,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_read_async (ShmSharedMemory *self,
                                   guint64 offset,
                                   guint64 length,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
SHM_AVAILABLE_IN_1_0
GBytes *shm_shared_memory_read_finish (ShmSharedMemory *self,
                                       GAsyncResult *result,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_write (ShmSharedMemory *self, guint64 offset, GBytes *bytes, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_write_async (ShmSharedMemory *self,
                                    guint64 offset,
                                    GBytes *bytes,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_write_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error);

/* Single numbers */

SHM_AVAILABLE_IN_1_0
gint8 shm_shared_memory_get_int8 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint8 shm_shared_memory_get_uint8 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
gint16 shm_shared_memory_get_int16 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint16 shm_shared_memory_get_uint16 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_get_int32 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint32 shm_shared_memory_get_uint32 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_get_int64 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint64 shm_shared_memory_get_uint64 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
float shm_shared_memory_get_float (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
double shm_shared_memory_get_double (ShmSharedMemory *self, guint64 offset, GError **error);

SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_int8 (ShmSharedMemory *self, guint64 offset, gint8 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_uint8 (ShmSharedMemory *self, guint64 offset, guint8 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_int16 (ShmSharedMemory *self, guint64 offset, gint16 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_uint16 (ShmSharedMemory *self, guint64 offset, guint16 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_int32 (ShmSharedMemory *self, guint64 offset, gint32 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_uint32 (ShmSharedMemory *self, guint64 offset, guint32 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_int64 (ShmSharedMemory *self, guint64 offset, gint64 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_uint64 (ShmSharedMemory *self, guint64 offset, guint64 value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_float (ShmSharedMemory *self, guint64 offset, float value, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_set_double (ShmSharedMemory *self, guint64 offset, double value, GError **error);

/* Atomic operations */

SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_load_int32 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_atomic_store_int32 (ShmSharedMemory *self,
                                               guint64 offset,
                                               gint32 value,
                                               GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_add_int32 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint32 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_sub_int32 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint32 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_and_int32 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint32 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_or_int32 (ShmSharedMemory *self,
                                          guint64 offset,
                                          gint32 value,
                                          GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_xor_int32 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint32 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_exchange_int32 (ShmSharedMemory *self,
                                                guint64 offset,
                                                gint32 value,
                                                GError **error);
SHM_AVAILABLE_IN_1_0
gint32 shm_shared_memory_atomic_compare_exchange_int32 (ShmSharedMemory *self,
                                                        guint64 offset,
                                                        gint32 expected,
                                                        gint32 replacement,
                                                        GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_load_int64 (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_atomic_store_int64 (ShmSharedMemory *self,
                                               guint64 offset,
                                               gint64 value,
                                               GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_add_int64 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint64 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_sub_int64 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint64 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_and_int64 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint64 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_or_int64 (ShmSharedMemory *self,
                                          guint64 offset,
                                          gint64 value,
                                          GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_xor_int64 (ShmSharedMemory *self,
                                           guint64 offset,
                                           gint64 value,
                                           GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_exchange_int64 (ShmSharedMemory *self,
                                                guint64 offset,
                                                gint64 value,
                                                GError **error);
SHM_AVAILABLE_IN_1_0
gint64 shm_shared_memory_atomic_compare_exchange_int64 (ShmSharedMemory *self,
                                                        guint64 offset,
                                                        gint64 expected,
                                                        gint64 replacement,
                                                        GError **error);

/* Waiting and waking */

SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_wait (ShmSharedMemory *self,
                                 guint64 offset,
                                 gint32 expected,
                                 gint64 timeout,
                                 GCancellable *cancellable,
                                 GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_wait_async (ShmSharedMemory *self,
                                   guint64 offset,
                                   gint32 expected,
                                   gint64 timeout,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_wait_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error);
SHM_AVAILABLE_IN_1_0
GSource *shm_shared_memory_create_wait_source (ShmSharedMemory *self,
                                               guint64 offset,
                                               gint32 expected,
                                               GCancellable *cancellable,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
guint shm_shared_memory_wake (ShmSharedMemory *self, guint64 offset, guint count, GError **error);
SHM_AVAILABLE_IN_1_0
guint32 shm_shared_memory_event_get (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint32 shm_shared_memory_event_advance (ShmSharedMemory *self, guint64 offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint32 shm_shared_memory_event_wait (ShmSharedMemory *self,
                                      guint64 offset,
                                      guint32 seen,
                                      gint64 timeout,
                                      GCancellable *cancellable,
                                      GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_event_wait_async (ShmSharedMemory *self,
                                         guint64 offset,
                                         guint32 seen,
                                         gint64 timeout,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
SHM_AVAILABLE_IN_1_0
guint32
shm_shared_memory_event_wait_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error);
SHM_AVAILABLE_IN_1_0
GSource *shm_shared_memory_create_event_source (ShmSharedMemory *self,
                                                guint64 offset,
                                                guint32 seen,
                                                GCancellable *cancellable,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Locks */

SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_shared_memory_lock (ShmSharedMemory *self,
                                      ShmLockMode mode,
                                      gint64 timeout,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_lock_async (ShmSharedMemory *self,
                                   ShmLockMode mode,
                                   gint64 timeout,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_shared_memory_lock_finish (ShmSharedMemory *self,
                                             GAsyncResult *result,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_shared_memory_lock_range (ShmSharedMemory *self,
                                            guint64 offset,
                                            guint64 length,
                                            ShmLockMode mode,
                                            gint64 timeout,
                                            GCancellable *cancellable,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_lock_range_async (ShmSharedMemory *self,
                                         guint64 offset,
                                         guint64 length,
                                         ShmLockMode mode,
                                         gint64 timeout,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_shared_memory_lock_range_finish (ShmSharedMemory *self,
                                                   GAsyncResult *result,
                                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Seals and watches */

SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_watch (ShmSharedMemory *self, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_unwatch (ShmSharedMemory *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_shared_memory_seal (ShmSharedMemory *self, ShmSealFlags flags, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_shared_memory_seal_async (ShmSharedMemory *self,
                                   ShmSealFlags flags,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
SHM_AVAILABLE_IN_1_0
gboolean
shm_shared_memory_seal_finish (ShmSharedMemory *self, GAsyncResult *result, GError **error);
SHM_AVAILABLE_IN_1_0
ShmSealFlags shm_shared_memory_get_seals (ShmSharedMemory *self);

G_END_DECLS
