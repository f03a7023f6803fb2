# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""brightness.py NAME: prints the brightness of the pictures of camera.py, and how many it missed."""

import struct
import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm
import numpy

HEADER = struct.Struct('=IId')
PIXELS = 64


def main(name):
    with Shm.Frames.attach(name) as frames:
        number = 0
        while True:
            try:
                frames.wait(number, timeout=1)
            except TimeoutError:
                print('the camera pauses', flush=True)
                frames.wait(number)
            with frames.acquire() as frame:
                n_missed = frame.number - number - 1 if number > 0 else 0
                number = frame.number
                width, height, _ = HEADER.unpack_from(frame.view)
                picture = numpy.ndarray((height, width, 3), 'u1', frame.view, PIXELS)
                print(f'picture {number}: {width} x {height}, brightness {picture.mean():.0f}, '
                      f'{n_missed} missed', flush=True)


if __name__ == '__main__':
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        pass
