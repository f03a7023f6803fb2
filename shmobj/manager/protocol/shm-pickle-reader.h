/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the part of Python's pickle format that describes data.
 *
 * The input is hostile. The reader fails at an opcode whose meaning depends on something outside
 * the pickle. The length of the input bounds the cost of reading: the number of nodes and the
 * nesting are limited, an opcode adds at most one entry to the memo, and no number in the pickle
 * determines how much memory is allocated.
 */

#pragma once

#include "manager/protocol/shm-pickle.h"

G_BEGIN_DECLS

#define SHM_PICKLE_DEPTH_MAX 32
#define SHM_PICKLE_NODES_MAX 1000000

/* Reads one pickle from the beginning of @bytes. Returns NULL if the pickle is invalid, incomplete,
 * exceeds the limits above, or uses an unsupported opcode. (transfer full) */
ShmPickle *shm_pickle_parse (const guint8 *bytes, gsize length);

G_END_DECLS
