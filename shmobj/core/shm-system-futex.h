/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lets threads of several processes sleep until a word in shared memory changes. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sleeps while *@word is @expected. Returns when another thread calls shm_system_futex_wake() for
 * the word, at @deadline (monotonic time in microseconds), when a signal handler has run, or for no
 * reason: the caller checks the word and the time again.
 *
 * If @stop is not NULL, the thread also sleeps only while *@stop is 0. Another thread of this
 * process ends the sleep with shm_system_futex_stop(). On a system that cannot sleep on two words,
 * the function returns after 20 ms at the latest. */
void
shm_system_futex_wait (const guint32 *word, guint32 expected, const guint32 *stop, gint64 deadline);

/* Wakes at most @n_max threads of all processes that sleep on the word. Returns their number. */
guint shm_system_futex_wake (guint32 *word, guint n_max);

/* Sets *@stop to 1 and wakes the thread that sleeps with it. */
void shm_system_futex_stop (guint32 *stop);

G_END_DECLS
