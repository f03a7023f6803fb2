# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""stock-manager.py ADDRESS KEY-FILE: connects to a manager with CPython's own class, attaches to
the first block and the first list, and creates another block and another list. This program does
not use this library."""

import pathlib
import platform
import sys
from multiprocessing import connection, managers, resource_tracker, shared_memory

# Without this line CPython's resource tracker would remove these blocks when this process ends.
# They belong to the manager.
resource_tracker.register = lambda *args: None

address, key_file = sys.argv[1:]
key = pathlib.Path(key_file).read_bytes()

manager = managers.SharedMemoryManager(address, authkey=key)
manager.connect()
with connection.Client(address, authkey=key) as client:
    names = managers.dispatch(client, None, 'list_segments')

block = shared_memory.SharedMemory(names[0])
values = shared_memory.ShareableList(name=names[1])
own_block = manager.SharedMemory(100)
own_values = manager.ShareableList([2.5, 'Tschüs', True])
own_block.buf[:18] = b'Hello from CPython'

for action, shm, each in (('attaches to them', block, values),
                       ('creates a block and a list', own_block, own_values)):
    text = bytes(shm.buf).rstrip(b'\0').decode()
    print(f'CPython {platform.python_version()}', action, f'“{text}”, {list(each)}', sep='\t')
    shm.close()
    each.shm.close()
