# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A program that uses the installed library from Python, and prints the path of the override."""

import struct
import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

shm = Shm.SharedMemory(create=True, size=16)
try:
    other = Shm.SharedMemory(shm.name)
    struct.pack_into('q', other.buf, 8, -42)
    assert struct.unpack_from('q', shm.buf, 8) == (-42,)
    assert shm.get_int64(8) == -42
    other.close()
finally:
    shm.close()
    shm.unlink()

try:
    Shm.SharedMemory(shm.name)
except FileNotFoundError:
    print(sys.modules['gi.overrides.Shm'].__file__)
