# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For gi-docgen before 2024.1, which shows a link to an error's code as one to its domain ("It
# fails with ShmError, ShmError or ShmError"): gives such links the code as their text.

s/\[error@Shm\.Error\.([A-Z_]+)\]/[SHM_ERROR_\1]&/g
