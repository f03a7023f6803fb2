# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""paint.py FRAMES CONTROLS HEIGHT WIDTH: computes a picture whenever the numbers change."""

import os
import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm
import numpy

EVENT, NUMBERS = 0, 8


def draw(picture, frequency, balance):
    """Draws two waves that meet."""
    height, width, _ = picture.shape
    y, x = numpy.mgrid[-1:1:height * 1j, -1.5:1.5:width * 1j]
    left = numpy.sin(frequency * numpy.hypot(x + 0.7, y))
    right = numpy.sin(frequency * numpy.hypot(x - 0.7, y))
    wave = left * (1 - balance) + right * balance
    for colour, strength in enumerate([80, 100, 120]):
        picture[..., colour] = 128 + strength * wave


def main(frames_name, controls_name, height, width):
    parent = os.getppid()
    frames = Shm.Frames.attach(frames_name)
    controls = Shm.SharedMemory(controls_name)
    numbers = numpy.ndarray(2, 'f8', controls.buf, NUMBERS)
    seen = None
    while os.getppid() == parent:
        sequence = controls.event_get(EVENT)  # before the numbers are read
        if sequence != seen:
            seen = sequence
            with frames.draw() as view:
                draw(numpy.ndarray((height, width, 3), 'u1', view), *numbers)
        try:
            controls.event_wait(EVENT, seen, timeout=1)
        except TimeoutError:
            pass


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
