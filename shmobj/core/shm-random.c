/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-random.h"

#include <errno.h>
#include <sys/random.h>

void
shm_random_fill (gpointer bytes, gsize length)
{
  gssize n;

  g_assert (length <= 256);

  /* It waits only while a machine that starts has seen nothing random yet. */
  do
    n = getrandom (bytes, length, 0);
  while (n < 0 && errno == EINTR);

  if (n < 0 || (gsize) n < length)
    g_error ("The system gives no random bytes: %s", g_strerror (errno));
}
