# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""look.py NAME [TEXT]: attaches to a block and examines it with numpy, without a copy. With a TEXT
it first writes the text to the beginning of the block."""

import hashlib
import sys

import gi

gi.require_version('Shm', '1.0')
import numpy  # noqa: E402
from gi.repository import Shm  # noqa: E402

name, *text = sys.argv[1:]

with Shm.SharedMemory(name) as shm:
    if text:
        data = text[0].encode()[:shm.size]
        shm.buf[:len(data)] = data
        access = f'wrote “{data.decode()}”'
    else:
        access = 'numpy array on .buf'

    array = numpy.frombuffer(shm.buf, dtype=numpy.uint8)
    common = int(numpy.bincount(array, minlength=256)[33:127].argmax()) + 33
    print('Python', access, hashlib.sha256(array).hexdigest(),
          f'mostly “{chr(common)}”: {int((array == common).sum())} times', sep='\t')
