/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "shm-error.h"

/**
 * shm_error_quark:
 *
 * Returns the quark of the error domain of this library. Programs use %SHM_ERROR.
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
/* clang-format would put spaces into the name. */
/* clang-format off */
G_DEFINE_QUARK (shm-error-quark, shm_error)
/* clang-format on */
