# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# gi-docgen before 2024.1 shows the error domain as the text of a link to an error code ("It fails
# with ShmError, ShmError or ShmError"). This script makes the code the text of such links.

s/\[error@Shm\.Error\.([A-Z_]+)\]/[SHM_ERROR_\1]&/g
