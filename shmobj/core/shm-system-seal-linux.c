/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-system-seal.h"

#include <errno.h>
#include <fcntl.h>

ShmSealFlags
shm_system_get_seals (int fd)
{
  const int seals = fcntl (fd, F_GET_SEALS);
  ShmSealFlags found = SHM_SEAL_NONE;

  if (seals < 0)
    return SHM_SEAL_NONE;
  if ((seals & F_SEAL_SHRINK) != 0 && (seals & F_SEAL_GROW) != 0)
    found |= SHM_SEAL_RESIZE;
  if ((seals & F_SEAL_WRITE) != 0)
    found |= SHM_SEAL_WRITE;

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

gboolean
shm_system_add_seals (int fd, ShmSealFlags seals, ShmFault *fault)
{
  int wanted = F_SEAL_SHRINK | F_SEAL_GROW;

  /* A file that can be truncated is not immutable. */
  if ((seals & SHM_SEAL_WRITE) != 0)
    wanted |= F_SEAL_WRITE;

  if (fcntl (fd, F_ADD_SEALS, wanted) < 0)
    return shm_fault_set (fault, SHM_STEP_SEAL, errno);

  return TRUE;
}
