/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each public function is marked with the release that brought it: the mark makes it visible
 * outside the library, and warns a program that asked for an older release with
 * SHM_VERSION_MAX_ALLOWED. */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <glib.h>
#include <shmobj/shm-version.h>

#ifndef SHM_EXTERN
#define SHM_EXTERN extern
#endif

/**
 * SHM_VERSION_1_0:
 *
 * Version 1.0, as a value for `SHM_VERSION_MAX_ALLOWED`.
 *
 * Since: 1.0
 */
#define SHM_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

/**
 * SHM_VERSION_MAX_ALLOWED:
 *
 * The newest release whose functions a program wants to use. Define it before including
 * `<shmobj/shmobj.h>`, and the compiler warns of younger ones. By default everything is allowed.
 *
 * Since: 1.0
 */
#ifndef SHM_VERSION_MAX_ALLOWED
#define SHM_VERSION_MAX_ALLOWED (G_ENCODE_VERSION (SHM_MAJOR_VERSION, SHM_MINOR_VERSION))
#endif

#if SHM_VERSION_MAX_ALLOWED < SHM_VERSION_1_0
#error "SHM_VERSION_MAX_ALLOWED must be at least SHM_VERSION_1_0"
#endif

#define SHM_AVAILABLE_IN_ALL SHM_EXTERN
#define SHM_AVAILABLE_IN_1_0 SHM_EXTERN
