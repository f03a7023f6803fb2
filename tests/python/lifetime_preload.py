# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A module for multiprocessing.set_forkserver_preload() that imports the library."""

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402, F401
