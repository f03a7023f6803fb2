/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-random.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

/* Up to this size, getrandom() returns all bytes or fails. */
#define FILL_MAX 256

/* Returns 0 or an errno value. */
static int
read_device (guint8 *bytes, gsize length)
{
  const int fd = open ("/dev/urandom", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  gsize done = 0;
  int errnum = fd < 0 ? errno : 0;

  while (errnum == 0 && done < length)
    {
      const gssize n = read (fd, bytes + done, length - done);

      if (n > 0)
        done += n;
      else if (n == 0)
        errnum = EIO;
      else if (errno != EINTR)
        errnum = errno;
    }

  if (fd >= 0)
    close (fd);

  return errnum;
}

int
shm_random_fill (gpointer bytes, gsize length)
{
  gssize n;

  g_assert (length <= FILL_MAX);

  do
    n = getrandom (bytes, length, 0);
  while (n < 0 && errno == EINTR);

  /* A security filter can refuse getrandom(), although the device exists. */
  return n >= 0 && (gsize) n == length ? 0 : read_device (bytes, length);
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
