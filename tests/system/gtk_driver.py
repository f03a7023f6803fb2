# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""gtk_driver.py PROGRAM CHECK FILE: runs a GTK program of docs/examples, and looks at its window until
the check succeeds. Then closes the window. FILE is a temporary file for the check."""

import runpy
import sys
from pathlib import Path

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import GLib, Gtk

PERIOD_MSEC = 20


def find(widget, kind):
    """Yields the widgets of a kind below a widget."""
    if isinstance(widget, kind):
        yield widget
    child = widget.get_first_child()
    while child is not None:
        yield from find(child, kind)
        child = child.get_next_sibling()


def get_paintable(window):
    return next(find(window, Gtk.Picture)).get_paintable()


def check_images(window, folder):
    """The picture follows the controls."""
    import numpy
    gi.require_version('GdkPixbuf', '2.0')
    from gi.repository import GdkPixbuf
    draw = runpy.run_path(str(folder / 'paint.py'))['draw']
    scale = next(find(window, Gtk.Scale))
    path = sys.argv[3]
    for frequency in 12, 5, 30:
        scale.set_value(frequency)
        expected = numpy.zeros((480, 640, 3), 'u1')
        draw(expected, frequency, 0.5)
        while True:
            texture = get_paintable(window)
            if texture is not None:
                texture.save_to_png(path)
                image = GdkPixbuf.Pixbuf.new_from_file(path)
                n = image.get_n_channels()
                pixels = numpy.ndarray((480, 640, n), 'u1', image.get_pixels())
                if (pixels[..., :3] == expected).all():
                    break
            yield


def check_pool(window, folder):
    """All bars become full."""
    while True:
        bars = [*find(window, Gtk.ProgressBar)]
        if len(bars) >= 8 and all(bar.get_fraction() == 1 for bar in bars):
            return
        yield


def drive(program, check):
    """Does the work in steps, between which the main loop of the program runs."""
    windows = Gtk.Window.get_toplevels()
    while windows.get_n_items() == 0 or not windows.get_item(0).get_mapped():
        yield
    window = windows.get_item(0)
    yield from check(window, program.parent)
    print('checked', flush=True)
    window.close()


def main():
    program = Path(sys.argv[1])
    steps = drive(program, {'images': check_images, 'pool': check_pool}[sys.argv[2]])
    GLib.timeout_add(PERIOD_MSEC, lambda: next(steps, steps) is not steps)
    sys.path.insert(0, str(program.parent))
    runpy.run_path(str(program), run_name='__main__')


if __name__ == '__main__':
    main()
