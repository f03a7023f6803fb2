/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-random.h"

#include <errno.h>
#include <sys/random.h>

/* Up to this size, getrandom() returns all bytes or fails. */
#define FILL_MAX 256

void
shm_random_fill (gpointer bytes, gsize length)
{
  gssize n;

  g_assert (length <= FILL_MAX);

  do
    n = getrandom (bytes, length, 0);
  while (n < 0 && errno == EINTR);

  if (n < 0 || (gsize) n < length)
    g_error ("The system returns no random bytes: %s", g_strerror (errno));
}

guint64
shm_random_get_uint64 (void)
{
  guint64 number;

  /* While a machine is starting, the kernel may have no random bytes yet. */
  if (getrandom (&number, sizeof number, GRND_NONBLOCK) != sizeof number)
    number = (guint64) g_random_int () << 32 | g_random_int ();

  return number;
}

guint32
shm_random_get_uint32 (void)
{
  return (guint32) shm_random_get_uint64 ();
}
