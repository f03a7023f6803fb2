/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

#define SHM_TYPE_WAKER (shm_waker_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmWaker, shm_waker, SHM, WAKER, GObject)

SHM_AVAILABLE_IN_1_0
ShmWaker *shm_waker_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
int shm_waker_get_fd (ShmWaker *self);
SHM_AVAILABLE_IN_1_0
GMainContext *shm_waker_get_context (ShmWaker *self);
SHM_AVAILABLE_IN_1_0
void shm_waker_dispatch (ShmWaker *self);

G_END_DECLS
