# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""window.py: a window with a picture. Another process, paint.py, computes the picture with NumPy."""

import subprocess
import sys
from pathlib import Path

import gi

gi.require_version('Gdk', '4.0')
gi.require_version('Gtk', '4.0')
gi.require_version('Shm', '1.0')
from gi.repository import Gdk, Gtk, Shm
import numpy

WIDTH, HEIGHT = 640, 480
N_SLOTS = 8  # GTK can use several pictures at the same time
EVENT, NUMBERS, SIZE = 0, 8, 24  # the block for the controls: an event, and two numbers


class Window(Gtk.ApplicationWindow):
    def __init__(self, **properties):
        super().__init__(title='A shared picture', default_width=WIDTH, **properties)
        self.frames = Shm.Frames.create(None, WIDTH * HEIGHT * 3, N_SLOTS, Shm.CreateFlags.TRACK)
        self.controls = Shm.SharedMemory(create=True, size=SIZE)
        self.numbers = numpy.ndarray(2, 'f8', self.controls.buf, NUMBERS)
        self.numbers[:] = 12, 0.5

        self.picture = Gtk.Picture(vexpand=True, height_request=HEIGHT)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        box.append(self.picture)
        for i, (low, high) in enumerate([(1, 40), (0, 1)]):
            scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, low, high, 0.01)
            scale.set_value(self.numbers[i])
            scale.connect('value-changed', self.on_value_changed, i)
            box.append(scale)
        self.set_child(box)

        self.worker = subprocess.Popen([
            sys.executable, Path(__file__).with_name('paint.py'), self.frames.shared_memory.name,
            self.controls.name, str(HEIGHT), str(WIDTH)])
        self.frames.wait_async(0, None, None, self.on_frame)

    def on_value_changed(self, scale, i):
        """Tells the worker that the user has changed a number."""
        self.numbers[i] = scale.get_value()
        self.controls.event_advance(EVENT)

    def on_frame(self, frames, result):
        """Shows the latest picture, and waits for the next one."""
        number = frames.wait_finish(result)
        # The texture keeps the bytes, and the bytes keep the frame in use.
        pixels = frames.acquire().get_live_bytes()
        self.picture.set_paintable(Gdk.MemoryTexture.new(
            WIDTH, HEIGHT, Gdk.MemoryFormat.R8G8B8, pixels, WIDTH * 3))
        frames.wait_async(number, None, None, self.on_frame)


def main():
    app = Gtk.Application()
    app.connect('activate', lambda app: Window(application=app).present())
    app.run()
    # The tracked blocks are removed, and paint.py notices that its parent has ended.


if __name__ == '__main__':
    main()
