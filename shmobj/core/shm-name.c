/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/shm-name.h"

#include "core/shm-random.h"

#include <errno.h>
#include <string.h>

static const char *
fail (ShmFault *fault, int errnum, gboolean is_new)
{
  shm_fault_set_detail (fault, SHM_STEP_CHECK_NAME, errnum, is_new);
  return NULL;
}

/* Checks the rules for the names of all blocks. The fault tells whether the block is new, because
 * the advice for a new name is different. */
static const char *
check (const char *name, gboolean is_new, ShmFault *fault)
{
  shm_at (CHECK_NAME);

  if (name[0] == '/')
    name++;

  if (name[0] == '\0' || strchr (name, '/') != NULL || g_str_equal (name, ".")
      || g_str_equal (name, "..") || !g_utf8_validate (name, -1, NULL))
    return fail (fault, EINVAL, is_new);
  if (strlen (name) > SHM_NAME_MAX)
    return fail (fault, ENAMETOOLONG, is_new);

  return name;
}

const char *
shm_name_check_existing (const char *name, ShmFault *fault)
{
  return check (name, FALSE, fault);
}

const char *
shm_name_check_new (const char *name, ShmFault *fault)
{
  name = check (name, TRUE, fault);
  if (name == NULL)
    return NULL;

  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c) || *c == ':')
      return fail (fault, EINVAL, TRUE);

  /* The C library keeps named semaphores in the same folder as the blocks. */
  if (g_str_has_prefix (name, "sem.") || g_str_has_prefix (name, SHM_NAME_RESERVED_PREFIX))
    return fail (fault, EINVAL, TRUE);

  return name;
}

void
shm_name_generate (char name[SHM_NAME_GENERATED_SIZE])
{
  g_snprintf (name, SHM_NAME_GENERATED_SIZE, "psm_%08x", shm_random_get_uint32 ());
}
