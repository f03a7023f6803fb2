/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Macros for the declarations of public functions. Each declaration starts with
 * SHM_AVAILABLE_IN_X_Y, where X.Y is the release that introduced the function. The declaration of a
 * deprecated function starts with SHM_DEPRECATED_IN_X_Y instead. These macros export the function
 * from the library.
 *
 * A program defines SHM_VERSION_MIN_REQUIRED and SHM_VERSION_MAX_ALLOWED to choose a range of
 * releases. The compiler then warns if the program uses a function that was deprecated in the first
 * release of this range or earlier, or that was introduced after the last release of this range. */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <glib.h>
#include <shmobj/shm-version.h>

#ifndef SHM_EXTERN
#define SHM_EXTERN extern
#endif

G_BEGIN_DECLS

/**
 * SHM_VERSION_1_0:
 *
 * Version 1.0, as a value for `SHM_VERSION_MIN_REQUIRED` and `SHM_VERSION_MAX_ALLOWED`.
 *
 * Since: 1.0
 */
#define SHM_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

/**
 * SHM_VERSION_MIN_REQUIRED:
 *
 * The oldest release that a program supports. The compiler warns when the program uses a
 * function that was deprecated in this release or in an earlier one. Functions that a later release
 * deprecated cause no warning, because the replacement may not exist in the required release.
 *
 * Define it before you include `<shmobj/shmobj.h>`. The default is the release that the program is
 * compiled against. `SHM_DISABLE_DEPRECATION_WARNINGS` turns these warnings off.
 *
 * Since: 1.0
 */
#ifndef SHM_VERSION_MIN_REQUIRED
#define SHM_VERSION_MIN_REQUIRED (G_ENCODE_VERSION (SHM_MAJOR_VERSION, SHM_MINOR_VERSION))
#endif

/**
 * SHM_VERSION_MAX_ALLOWED:
 *
 * The newest release that a program may depend on. The compiler warns when the program uses a
 * function that a later release introduced.
 *
 * Define it before you include `<shmobj/shmobj.h>`. The default is the release that the program is
 * compiled against.
 *
 * Since: 1.0
 */
#ifndef SHM_VERSION_MAX_ALLOWED
#define SHM_VERSION_MAX_ALLOWED (G_ENCODE_VERSION (SHM_MAJOR_VERSION, SHM_MINOR_VERSION))
#endif

#if SHM_VERSION_MIN_REQUIRED < SHM_VERSION_1_0
#error "SHM_VERSION_MIN_REQUIRED must be at least SHM_VERSION_1_0"
#endif
#if SHM_VERSION_MAX_ALLOWED < SHM_VERSION_MIN_REQUIRED
#error "SHM_VERSION_MAX_ALLOWED must be at least SHM_VERSION_MIN_REQUIRED"
#endif

#define SHM_AVAILABLE_IN_ALL SHM_EXTERN
#define SHM_AVAILABLE_IN_1_0 SHM_EXTERN

/**
 * SHM_DEPRECATED_IN_1_0_FOR:
 * @replacement: the function to use instead
 *
 * Starts the declaration of a function that release 1.0 deprecated. Only the headers of this
 * library use this macro.
 *
 * Since: 1.0
 */
#if SHM_VERSION_MIN_REQUIRED >= SHM_VERSION_1_0 && !defined(SHM_DISABLE_DEPRECATION_WARNINGS)      \
    && !defined(SHMOBJ_COMPILATION)
#define SHM_DEPRECATED_IN_1_0                  G_DEPRECATED SHM_EXTERN
#define SHM_DEPRECATED_IN_1_0_FOR(replacement) G_DEPRECATED_FOR (replacement) SHM_EXTERN
#else
#define SHM_DEPRECATED_IN_1_0                  SHM_EXTERN
#define SHM_DEPRECATED_IN_1_0_FOR(replacement) SHM_EXTERN
#endif

SHM_AVAILABLE_IN_1_0
guint shm_get_major_version (void) G_GNUC_CONST;
SHM_AVAILABLE_IN_1_0
guint shm_get_minor_version (void) G_GNUC_CONST;
SHM_AVAILABLE_IN_1_0
guint shm_get_micro_version (void) G_GNUC_CONST;
SHM_AVAILABLE_IN_1_0
const char *shm_check_version (guint required_major,
                               guint required_minor,
                               guint required_micro) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
