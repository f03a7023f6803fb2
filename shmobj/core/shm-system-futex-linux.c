/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How long a thread sleeps that cannot be stopped meanwhile. */
#define SLICE_USEC (20 * 1000)

static struct timespec
to_timespec (gint64 usec)
{
  return (struct timespec){ .tv_sec = usec / G_USEC_PER_SEC,
                            .tv_nsec = usec % G_USEC_PER_SEC * 1000 };
}

static void
wait_for_word (const guint32 *word, guint32 expected, gint64 deadline)
{
  const struct timespec end = to_timespec (deadline);

  syscall (SYS_futex, word, FUTEX_WAIT_BITSET, expected, &end, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* Returns FALSE if the system cannot sleep on two words: Linux before 5.16, or a sandbox. */
static gboolean
wait_for_two_words (const guint32 *word, guint32 expected, const guint32 *stop, gint64 deadline)
{
#if defined SYS_futex_waitv && defined FUTEX_32
  struct futex_waitv words[] = {
    { .val = expected, .uaddr = (gsize) word, .flags = FUTEX_32 },
    { .val = 0, .uaddr = (gsize) stop, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG },
  };
  const struct timespec end = to_timespec (deadline);

  return syscall (SYS_futex_waitv, words, G_N_ELEMENTS (words), 0, &end, CLOCK_MONOTONIC) >= 0
         || errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT;
#else
  return FALSE;
#endif
}

void
shm_system_futex_wait (const guint32 *word, guint32 expected, const guint32 *stop, gint64 deadline)
{
  if (stop == NULL)
    wait_for_word (word, expected, deadline);
  else if (!wait_for_two_words (word, expected, stop, deadline))
    wait_for_word (word, expected, MIN (deadline, g_get_monotonic_time () + SLICE_USEC));
}

guint
shm_system_futex_wake (guint32 *word, guint n_max)
{
  long n_woken;

  /* With a maximum of 0, Linux wakes one thread. */
  if (n_max == 0)
    return 0;

  n_woken = syscall (SYS_futex, word, FUTEX_WAKE, MIN (n_max, (guint) INT_MAX));

  return MAX (n_woken, 0);
}

void
shm_system_futex_stop (guint32 *stop)
{
  __atomic_store_n (stop, 1, __ATOMIC_SEQ_CST);
  syscall (SYS_futex, stop, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}
