/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The version of the library that a program runs with. The macros of shm-version.h give the version
 * that the program was compiled against. */

#include "config.h"

#include "shm-version-macros.h"

/**
 * shm_get_major_version:
 *
 * Returns the major version of the library that the program runs with.
 *
 * %SHM_MAJOR_VERSION is the version that the program was compiled against. The two versions differ
 * if another release of the library was installed after the program was compiled.
 *
 * Returns: the major version, such as 1 in 1.0.2
 *
 * Since: 1.0
 */
guint
shm_get_major_version (void)
{
  return SHM_MAJOR_VERSION;
}

/**
 * shm_get_minor_version:
 *
 * Returns the minor version of the library that the program runs with.
 *
 * %SHM_MINOR_VERSION is the version that the program was compiled against.
 *
 * Returns: the minor version, such as 0 in 1.0.2
 *
 * Since: 1.0
 */
guint
shm_get_minor_version (void)
{
  return SHM_MINOR_VERSION;
}

/**
 * shm_get_micro_version:
 *
 * Returns the micro version of the library that the program runs with.
 *
 * %SHM_MICRO_VERSION is the version that the program was compiled against.
 *
 * Returns: the micro version, such as 2 in 1.0.2
 *
 * Since: 1.0
 */
guint
shm_get_micro_version (void)
{
  return SHM_MICRO_VERSION;
}

/**
 * shm_check_version:
 * @required_major: a major version
 * @required_minor: a minor version
 * @required_micro: a micro version
 *
 * Checks at run time that the library is compatible with a version that the program needs.
 *
 * A library is compatible if it has the same major version and is not older. Pass
 * %SHM_MAJOR_VERSION, %SHM_MINOR_VERSION and %SHM_MICRO_VERSION to check that the library at run
 * time is compatible with the library that the program was compiled against.
 *
 * Returns: (nullable): %NULL if the library is compatible; otherwise a sentence with the reason.
 *   The string belongs to the library and is never freed
 *
 * Since: 1.0
 */
const char *
shm_check_version (guint required_major, guint required_minor, guint required_micro)
{
  const guint minor = SHM_MINOR_VERSION;
  const guint micro = SHM_MICRO_VERSION;

  if (required_major > SHM_MAJOR_VERSION)
    return "The shmobj library is too old: its major version is smaller than required";
  if (required_major < SHM_MAJOR_VERSION)
    return "The shmobj library is too new: its major version is larger than required";
  if (required_minor > minor || (required_minor == minor && required_micro > micro))
    return "The shmobj library is too old: its minor or micro version is smaller than required";

  return NULL;
}
