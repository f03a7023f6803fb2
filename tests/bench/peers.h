/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contenders from other libraries. The build contains those libraries that the machine has. A
 * function with a parameter @n does its operation @n times. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Boost.Interprocess. Its lists are vectors in a managed_shared_memory, with an interprocess_mutex,
 * because a list of this library can also be used by several processes at once. */

void boost_create (const char *name, gsize size);
void boost_attach (const char *name);
void boost_create_managed (const char *name, gsize size);

/* Creates the vectors: @length numbers, a text of 5 bytes and a text of 96 bytes. @order contains
 * indices of numbers in random order. */
void boost_list_open (gsize length, const char *long_text, const guint32 *order);
void boost_list_close (void);
void boost_get_int (gsize n);
void boost_set_int (gsize n);
void boost_get_double (gsize n);
void boost_set_double (gsize n);
void boost_get_text (gsize n);
void boost_set_text (gsize n);
void boost_get_long_text (gsize n);
void boost_set_long_text (gsize n);
void boost_get_in_order (gsize n);
void boost_get_at_random (gsize n);
void boost_set_at_random (gsize n);
void boost_count (gsize n);
void boost_find_last (gsize n);
void boost_copy (gsize n);
void boost_list_create (gsize n);
void boost_list_attach (gsize n);

/* LMDB, with a database of one number in a file in /dev/shm. A forked child calls lmdb_attach(). */

void lmdb_open (void);
void lmdb_attach (void);
void lmdb_close (void);
void lmdb_get (gsize n);
void lmdb_set (gsize n);

/* Qt. qt_open() creates a block for qt_attach(), and qt_close() removes it. */

void qt_create (const char *name, gsize size);
void qt_open (const char *name, gsize size);
void qt_close (void);
void qt_attach (const char *name);

G_END_DECLS
