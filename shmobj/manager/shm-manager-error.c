/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-manager-error.h"

#include "core/shm-cause.h"

#include <errno.h>
#include <stdarg.h>

void
shm_manager_set_errno (GError **error, int errnum, const char *format, ...)
{
  const ShmCause cause = shm_cause_find_other (errnum);
  g_autofree char *operation = NULL;
  va_list args;

  va_start (args, format);
  operation = g_strdup_vprintf (format, args);
  va_end (args);

  if (cause.words != NULL)
    g_set_error (error, SHM_ERROR, cause.code, "%s: %s (%s)", operation, cause.words,
                 g_strerror (errnum));
  else
    g_set_error (error, SHM_ERROR, cause.code, "%s: %s", operation, g_strerror (errnum));
}

static ShmError
get_code (const GError *cause)
{
  static const struct
  {
    GIOErrorEnum io;
    ShmError code;
  } codes[] = {
    { G_IO_ERROR_NOT_FOUND, SHM_ERROR_NOT_FOUND },
    { G_IO_ERROR_NOT_DIRECTORY, SHM_ERROR_NOT_FOUND },
    { G_IO_ERROR_PERMISSION_DENIED, SHM_ERROR_PERMISSION_DENIED },
    { G_IO_ERROR_READ_ONLY, SHM_ERROR_FOLDER_READ_ONLY },
    { G_IO_ERROR_NO_SPACE, SHM_ERROR_NO_SPACE },
    { G_IO_ERROR_ADDRESS_IN_USE, SHM_ERROR_EXISTS },
    { G_IO_ERROR_TOO_MANY_OPEN_FILES, SHM_ERROR_TOO_MANY_FILES },
    { G_IO_ERROR_NOT_SUPPORTED, SHM_ERROR_NOT_SUPPORTED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (cause, G_IO_ERROR, codes[i].io))
      return codes[i].code;

  return SHM_ERROR_FAILED;
}

void
shm_manager_set_io_error (GError **error, const GError *cause, const char *format, ...)
{
  const ShmError code = get_code (cause);
  g_autofree char *operation = NULL;
  va_list args;

  va_start (args, format);
  operation = g_strdup_vprintf (format, args);
  va_end (args);

  if (code == SHM_ERROR_TOO_MANY_FILES)
    shm_manager_set_errno (error, EMFILE, "%s", operation);
  else
    g_set_error (error, SHM_ERROR, code, "%s: %s", operation, cause->message);
}
