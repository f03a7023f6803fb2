# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""painter.py FRAMES WIDTH HEIGHT: draws pictures with NumPy into shared frames."""

import sys
import time

import gi

gi.require_version('Shm', '1.0')
import numpy
from gi.repository import Shm

width, height = int(sys.argv[2]), int(sys.argv[3])
y, x = numpy.mgrid[-1:1:height * 1j, -1.6:1.6:width * 1j]
distance = numpy.hypot(x, y)
angle = numpy.arctan2(y, x)

with Shm.Frames.attach(sys.argv[1]) as frames:
    while True:
        t = time.monotonic()
        wave = numpy.sin(8 * distance - 2 * t + 3 * numpy.sin(2 * angle + t / 2))
        with frames.draw() as view:
            picture = numpy.ndarray((height, width, 4), 'u1', view)
            picture[..., 0] = 130 + 100 * wave * numpy.cos(distance)
            picture[..., 1] = 90 + 60 * numpy.sin(wave * 2 + 1)
            picture[..., 2] = 170 + 80 * numpy.cos(wave + distance)
            picture[..., 3] = 255
        time.sleep(max(0, t + 1 / 30 - time.monotonic()))
