# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# g-ir-scanner 1.80 and later records the finish function of an asynchronous function. The page of
# the asynchronous function then links to it. If the finish function is a constructor, gi-docgen
# links to a page that does not exist (seen in 2025.3 and 2026.1). This script removes the records of
# these functions.

/<function /,/>/ s/ *glib:finish-func="(attach|create|create_anonymous|new_for_shared_memory|open_or_create)_finish"//
