/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-error.h"

/**
 * shm_error_quark:
 *
 * Gets the quark of the library's error domain.
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
/* It would put blanks into the name: */
/* clang-format off */
G_DEFINE_QUARK (shm-error-quark, shm_error)
/* clang-format on */
