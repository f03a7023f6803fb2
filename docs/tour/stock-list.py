# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""stock-list.py NAME: attaches to a list with CPython's own class, changes a value, and prints all
values. This program does not use this library."""

import platform
import sys
from multiprocessing import resource_tracker, shared_memory

# Without this line CPython's resource tracker would remove the list when this process ends.
resource_tracker.register = lambda *args: None

values = shared_memory.ShareableList(name=sys.argv[1])
values[3] = 'Tschüs'
print(f'CPython {platform.python_version()}', "list[3] = 'Tschüs'", list(values), sep='\t')
values.shm.close()
