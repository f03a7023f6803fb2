/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <glib-object.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_LOCK_GUARD (shm_lock_guard_get_type ())

typedef struct _ShmLockGuard ShmLockGuard;

SHM_AVAILABLE_IN_1_0
GType shm_lock_guard_get_type (void) G_GNUC_CONST;
SHM_AVAILABLE_IN_1_0
ShmLockGuard *shm_lock_guard_ref (ShmLockGuard *self);
SHM_AVAILABLE_IN_1_0
void shm_lock_guard_unref (ShmLockGuard *self);

SHM_AVAILABLE_IN_1_0
gboolean shm_lock_guard_release (ShmLockGuard *self, GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_lock_guard_is_held (ShmLockGuard *self);
SHM_AVAILABLE_IN_1_0
gboolean shm_lock_guard_get_previous_died (ShmLockGuard *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmLockGuard, shm_lock_guard_unref)

G_END_DECLS
