/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes pickles with protocol 2, which every Python 3 reads. These pickles use no memo.
 *
 * A caller writes a pickle between the functions begin and end. It writes a tuple or a list between
 * the begin and end of that tuple or list, which can contain other tuples and lists.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void shm_pickle_writer_begin (GByteArray *pickle);
void shm_pickle_writer_end (GByteArray *pickle);

void shm_pickle_writer_add_none (GByteArray *pickle);
void shm_pickle_writer_add_integer (GByteArray *pickle, gint64 integer);
void shm_pickle_writer_add_string (GByteArray *pickle, const char *string);
void shm_pickle_writer_add_empty_dict (GByteArray *pickle);

void shm_pickle_writer_begin_tuple (GByteArray *pickle);
void shm_pickle_writer_end_tuple (GByteArray *pickle);
void shm_pickle_writer_begin_list (GByteArray *pickle);
void shm_pickle_writer_end_list (GByteArray *pickle);

G_END_DECLS
