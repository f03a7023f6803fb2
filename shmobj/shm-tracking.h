/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <gio/gio.h>
#include <shmobj/shm-version-macros.h>

G_BEGIN_DECLS

SHM_AVAILABLE_IN_1_0
gboolean shm_begin_program (GError **error);
SHM_AVAILABLE_IN_1_0
gboolean shm_join_program (int pid, GError **error);

G_END_DECLS
