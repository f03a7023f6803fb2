# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""list.py NAME: attaches to a list, changes a value, and prints all values."""

import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

values = Shm.ShareableList(name=sys.argv[1])
values[0] += 1
print('Python', 'list[0] += 1', list(values), sep='\t')
