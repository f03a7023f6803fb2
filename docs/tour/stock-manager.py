# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""stock-manager.py ADDRESS KEY-FILE: joins a manager with CPython's own class, looks at the first
block and list that it has, and creates others. Nothing of this library is used."""

import pathlib
import platform
import sys
from multiprocessing import connection, managers, resource_tracker, shared_memory

# CPython would take away, when this process ends, what it has created and attached to. That is for
# the manager to do.
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

for how, shm, each in (('attaches to those of JavaScript', block, values),
                       ('creates a block and a list', own_block, own_values)):
    text = bytes(shm.buf).rstrip(b'\0').decode()
    print(f'CPython {platform.python_version()}', how, f'“{text}”, {list(each)}', sep='\t')
    shm.close()
    each.shm.close()
