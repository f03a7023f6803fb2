/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of the namespace ShmPrivate with which the JavaScript override passes values. In GJS a
 * call takes much longer than the C function, and its time depends on the types of its parameters
 * and of its result. The types of these functions are the fastest ones. */

#pragma once

#include "shm-manager.h"

G_BEGIN_DECLS

SHM_EXTERN
double shm_private_block_get_rounded (ShmSharedMemory *block,
                                      guint64 offset,
                                      gboolean is_signed,
                                      GError **error);
SHM_EXTERN
gboolean shm_private_block_atomic (ShmSharedMemory *block,
                                   guint64 offset,
                                   guint operation,
                                   gint64 value,
                                   gint64 replacement,
                                   gint32 *high,
                                   guint32 *low,
                                   GError **error);
SHM_EXTERN
double shm_private_list_get_plain (ShmShareableList *list,
                                   guint64 index,
                                   double *number,
                                   char **text,
                                   GError **error);
SHM_EXTERN
char *shm_private_list_read_plain (ShmShareableList *list, guint64 index, GError **error);
SHM_EXTERN
GBytes *shm_private_get_last_plain_value (void);
SHM_EXTERN
guint8 *
shm_private_list_copy_bytes (ShmShareableList *list, guint64 index, gsize *length, GError **error);
SHM_EXTERN
GBytes *shm_private_list_copy_columns (ShmShareableList *list,
                                       guint64 first,
                                       guint64 n_values,
                                       GError **error);
SHM_EXTERN
ShmShareableList *shm_private_list_from_columns (const guint8 *columns,
                                                 gsize length,
                                                 const char *name,
                                                 guint create_flags,
                                                 GError **error);
SHM_EXTERN
gboolean shm_private_list_init_from_columns (ShmShareableList *list,
                                             const guint8 *columns,
                                             gsize length,
                                             GError **error);
SHM_EXTERN
ShmShareableList *shm_private_manager_list_from_columns (ShmManager *manager,
                                                         const guint8 *columns,
                                                         gsize length,
                                                         const char *name,
                                                         guint mode,
                                                         guint create_flags,
                                                         GCancellable *cancellable,
                                                         GError **error);
SHM_EXTERN
void shm_private_manager_list_from_columns_async (ShmManager *manager,
                                                  const guint8 *columns,
                                                  gsize length,
                                                  const char *name,
                                                  guint mode,
                                                  guint create_flags,
                                                  GCancellable *cancellable,
                                                  GAsyncReadyCallback callback,
                                                  gpointer user_data);
SHM_EXTERN
ShmShareableList *shm_private_manager_list_from_columns_finish (ShmManager *manager,
                                                                GAsyncResult *result,
                                                                GError **error);
SHM_EXTERN
GVariant *shm_private_value_from_columns (const guint8 *columns, gsize length, GError **error);
SHM_EXTERN
GVariant *shm_private_values_from_columns (const guint8 *columns, gsize length, GError **error);

G_END_DECLS
