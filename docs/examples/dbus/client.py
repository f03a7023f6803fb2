# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Asks the D-Bus service service.c for a picture, and looks at it without a copy."""

import os
import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm

NAME = 'org.example.Pictures'


def attach_sealed(fd, size):
    """Attaches to a block of another program. The program is not trusted, so check that it cannot
    change the block any more, and that the block is large enough."""
    block = Shm.SharedMemory.attach_fd(fd, Shm.AttachFlags.READ_ONLY | Shm.AttachFlags.ANY_OWNER)
    needed = Shm.SealFlags.WRITE | Shm.SealFlags.RESIZE
    if block.get_seals() & needed != needed:
        raise PermissionError('the block is not sealed, so its bytes could change at any time')
    if block.size < size:
        raise ValueError(f'the block has {block.size} bytes instead of {size}')

    return block


def main():
    connection = Gio.bus_get_sync(Gio.BusType.SESSION)
    reply, descriptors = connection.call_with_unix_fd_list_sync(
        NAME, '/' + NAME.replace('.', '/'), NAME, 'GetPicture', None, GLib.VariantType('(huu)'),
        Gio.DBusCallFlags.NONE, -1, None)
    index, width, height = reply.unpack()
    fd = descriptors.get(index)
    try:
        block = attach_sealed(fd, width * height * 4)
    finally:
        os.close(fd)

    with block:
        pixels = block.buf.cast('B', (height, width, 4))
        red, green, blue = (pixels[height - 1, width - 1, colour] for colour in range(3))
        print(f'a picture of {width} x {height} pixels; '
              f'the last one is {red}, {green}, {blue}')
        del pixels


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError, GLib.Error) as error:
        sys.exit(f'client.py: {error}')
