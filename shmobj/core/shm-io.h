/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes all of @bytes at @offset of a file. Continues after partial writes and after signals.
 * Returns 0 or an errno value. After an error, some of the bytes may have been written. */
int shm_io_write_all (int fd, guint64 offset, gconstpointer bytes, gsize length);

/* Reads @length bytes at @offset of a file. Returns the number of bytes that were read: fewer after
 * the end of the file or after an error. */
gsize shm_io_read (int fd, guint64 offset, gpointer bytes, gsize length);

G_END_DECLS
