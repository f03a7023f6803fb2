# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Puts a greeting into a block that a manager owns."""

from gi.repository import Shm

with Shm.Manager() as manager:
    shm = manager.SharedMemory(size=4096)
    shm.buf[:5] = b'Hello'
    print(bytes(shm.buf[:5]).decode())
