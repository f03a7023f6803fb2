/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of the namespace ShmPrivate for the Python override. With them, a constructor leaves
 * nothing behind if an exception of the language interrupts it, and can run a second time. */

#pragma once

#include "shm-manager.h"

G_BEGIN_DECLS

/**
 * ShmPrivateCheckFunc:
 * @user_data: the data that was passed with the function
 *
 * A function that an operation calls while it runs. See [func@ShmPrivate.cancellable_set_check].
 *
 * Returns: %FALSE to cancel the operation
 */
typedef gboolean (*ShmPrivateCheckFunc) (gpointer user_data);

SHM_EXTERN
void shm_private_cancellable_set_check (GCancellable *cancellable,
                                        ShmPrivateCheckFunc func,
                                        gpointer user_data,
                                        GDestroyNotify destroy);
SHM_EXTERN
void shm_private_discard (GObject *created);
SHM_EXTERN
void shm_private_manager_discard (ShmManager *manager, GObject *created);
SHM_EXTERN
void shm_private_block_reset (ShmSharedMemory *block,
                              const char *name,
                              guint origin,
                              guint64 size,
                              guint mode,
                              guint create_flags,
                              guint attach_flags);
SHM_EXTERN
void shm_private_list_reset (ShmShareableList *list,
                             GVariant *values,
                             const char *name,
                             guint mode,
                             guint create_flags,
                             guint attach_flags);
SHM_EXTERN
void
shm_private_manager_reset (ShmManager *manager, const char *address, GBytes *authkey, guint flags);

G_END_DECLS
