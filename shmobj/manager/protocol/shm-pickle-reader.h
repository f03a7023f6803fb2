/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads Python's pickle format, as far as it describes data.
 *
 * The input is hostile. Opcodes whose meaning depends on something outside the pickle make the
 * reader fail. The cost of reading is bounded by the length of the input: nodes, memo entries and
 * nesting are counted, and no number in the pickle decides how much memory is allocated.
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
