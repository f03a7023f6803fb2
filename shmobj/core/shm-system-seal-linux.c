/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

/* While the kernel waits for the end of input or output with the memory of a file, the thread
 * sleeps at least this number of times. */
#define SLEEPS_MIN 4

/* F_SEAL_EXEC is missing here: whether a file can become executable does not concern its memory. */
static const struct
{
  int kernel_seal;
  ShmSealFlags flag;
} seals_of_kernel[] = {
  { F_SEAL_SHRINK, SHM_SEAL_SHRINK }, { F_SEAL_GROW, SHM_SEAL_GROW },
  { F_SEAL_WRITE, SHM_SEAL_WRITE },   { F_SEAL_FUTURE_WRITE, SHM_SEAL_FUTURE_WRITE },
  { F_SEAL_SEAL, SHM_SEAL_SEAL },
};

ShmSealFlags
shm_system_get_seals (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);
  ShmSealFlags found = SHM_SEAL_NONE;

  if (seals < 0)
    return SHM_SEAL_NONE;

  for (guint i = 0; i < G_N_ELEMENTS (seals_of_kernel); i++)
    if ((seals & seals_of_kernel[i].kernel_seal) != 0)
      found |= seals_of_kernel[i].flag;

  return found;
}

gboolean
shm_system_can_seal (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);

  return seals >= 0 && (seals & F_SEAL_SEAL) == 0;
}

gboolean
shm_system_is_writable (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);

  return seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0;
}

/* Returns how often this thread has given up the processor by itself. */
static glong
count_sleeps (void)
{
  struct rusage usage;

  return getrusage (RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

gboolean
shm_system_add_seals (int fd, ShmSealFlags seals, ShmFault *fault)
{
  const glong sleeps_before = count_sleeps ();
  int errnum, wanted = 0;

  for (guint i = 0; i < G_N_ELEMENTS (seals_of_kernel); i++)
    if ((seals & seals_of_kernel[i].flag) != 0)
      wanted |= seals_of_kernel[i].kernel_seal;

  if (fcntl (fd, F_ADD_SEALS, wanted) == 0)
    return TRUE;

  /* EBUSY has two causes. If the file is mapped for writing, the kernel fails at once. If the
   * kernel itself still uses the memory, because a page is in a pipe for example, it sleeps several
   * times before it fails. The time that has passed does not tell these causes apart: on a busy
   * machine any call can take long. */
  errnum = errno;
  if (errnum == EBUSY && count_sleeps () - sleeps_before >= SLEEPS_MIN)
    errnum = ETIMEDOUT;

  return shm_fault_set (fault, SHM_STEP_SEAL, errnum);
}
