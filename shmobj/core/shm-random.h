/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random bytes from the kernel. A generator in this process would return the same bytes in the
 * process and in its forked children. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes @length random bytes to @bytes, for keys and challenges. @length is at most 256. Blocks
 * only while a machine is starting and has no random bytes yet. Returns 0, or an errno value if the
 * system refuses both getrandom() and the device for random bytes. */
int shm_random_fill (gpointer bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;

/* These two functions return a random number for a name, not for a secret. They do not block and do
 * not fail: if the kernel has no random bytes yet, they use the generator of GLib. */
guint32 shm_random_get_uint32 (void);
guint64 shm_random_get_uint64 (void);

G_END_DECLS
