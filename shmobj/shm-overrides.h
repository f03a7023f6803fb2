/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <shmobj/shm-manager.h>

G_BEGIN_DECLS

/**
 * ShmCheckFunc:
 * @user_data: the data that was passed with the function
 *
 * Private to the language overrides. It will leave the public interface before 1.0; do not use it.
 *
 * A function that an operation calls while it runs. See [func@Shm.cancellable_set_check].
 *
 * Returns: %FALSE to cancel the operation
 *
 * Since: 1.0
 */
typedef gboolean (*ShmCheckFunc) (gpointer user_data);

SHM_AVAILABLE_IN_1_0
void shm_cancellable_set_check (GCancellable *cancellable,
                                ShmCheckFunc func,
                                gpointer user_data,
                                GDestroyNotify destroy);
SHM_AVAILABLE_IN_1_0
void shm_discard (GObject *created);
SHM_AVAILABLE_IN_1_0
void shm_manager_discard (ShmManager *self, GObject *created);
SHM_AVAILABLE_IN_1_0
void shm_manager_reset (ShmManager *self, const char *address, GBytes *authkey, guint flags);

G_END_DECLS
