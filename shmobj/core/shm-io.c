/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-io.h"

#include <errno.h>
#include <unistd.h>

int
shm_io_write_all (int fd, guint64 offset, gconstpointer bytes, gsize length)
{
  gsize done = 0;

  while (done < length)
    {
      const gssize n = pwrite (fd, (const guint8 *) bytes + done, length - done, offset + done);

      if (n >= 0)
        done += n;
      else if (errno != EINTR)
        return errno;
    }

  return 0;
}

gsize
shm_io_read (int fd, guint64 offset, gpointer bytes, gsize length)
{
  gsize done = 0;

  while (done < length)
    {
      const gssize n = pread (fd, (guint8 *) bytes + done, length - done, offset + done);

      if (n > 0)
        done += n;
      else if (n == 0 || errno != EINTR)
        break;
    }

  return done;
}
