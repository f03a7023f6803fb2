# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""stock.py NAME: attaches to a block with CPython's own class. This program does not use this
library."""

import hashlib
import platform
import sys
import zlib
from multiprocessing import resource_tracker, shared_memory


def attach(name):
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)

    # Up to CPython 3.12, attaching registers the block with the resource tracker, which removes the
    # block when this process ends. Therefore disable the registration.
    register = resource_tracker.register
    resource_tracker.register = lambda *args: None
    try:
        return shared_memory.SharedMemory(name)
    finally:
        resource_tracker.register = register


shm = attach(sys.argv[1])
print(f'CPython {platform.python_version()}', 'multiprocessing.shared_memory',
      hashlib.sha256(shm.buf).hexdigest(), f'CRC-32 {zlib.crc32(shm.buf):08x}', sep='\t')
shm.close()
