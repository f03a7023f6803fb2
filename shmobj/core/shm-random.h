/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes that nobody can guess: keys and challenges. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* At most 256 at a time, which the kernel gives as a whole. */
void shm_random_fill (gpointer bytes, gsize length);

G_END_DECLS
