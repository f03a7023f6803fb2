# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""camera.py NAME [NUMBER]: a camera without hardware. It gives 30 pictures in a second to all
programs that read the frames with this name, until NUMBER pictures are made or it is ended."""

import struct
import sys
import time

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm
import numpy

HEADER = struct.Struct('=IId')  # width, height, and the time of the picture
PIXELS = 64  # where the pixels begin in a frame
MAX_WIDTH, MAX_HEIGHT = 640, 480
FRAME_SIZE = PIXELS + MAX_WIDTH * MAX_HEIGHT * 3  # red, green and blue
N_SLOTS = 6  # for up to four readers that use a frame at the same time


def open_frames(name):
    """Creates the frames. If an earlier camera has created them, continues where it has stopped."""
    try:
        return Shm.Frames.create(name, FRAME_SIZE, N_SLOTS)
    except FileExistsError:
        frames = Shm.Frames.attach(name)
    if frames.frame_size != FRAME_SIZE:
        raise ValueError(f'{name} has frames of another size: remove it with "shmobj unlink {name}"')

    return frames


def draw(picture, t):
    """Draws an orange square that moves. A real camera would copy its picture here."""
    x = int(t * 60) % (picture.shape[1] - 40)
    picture[:] = 30
    picture[100:140, x:x + 40] = 220, 120, 40


def main(name, number=0):
    with open_frames(name) as frames:
        print(f'{name} is on', flush=True)
        first = frames.number
        while number == 0 or frames.number < first + number:
            t = time.time()
            # This camera changes between two sizes every two seconds.
            width, height = (MAX_WIDTH, MAX_HEIGHT) if int(t) % 4 < 2 else (320, 240)
            try:
                with frames.draw() as view:
                    HEADER.pack_into(view, 0, width, height, t)
                    draw(numpy.ndarray((height, width, 3), 'u1', view, PIXELS), t)
            except OSError as error:
                if not error.gerror.matches(Shm.Error.quark(), Shm.Error.NO_SPACE):
                    raise
                # Readers use all slots, so this picture is lost.
            time.sleep(max(0, t + 1 / 30 - time.time()))


if __name__ == '__main__':
    try:
        main(sys.argv[1], *map(int, sys.argv[2:]))
    except KeyboardInterrupt:
        pass  # Ctrl+C ends the camera. Its frames stay.
