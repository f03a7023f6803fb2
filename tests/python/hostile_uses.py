# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Uses lists that a hostile process has corrupted, or corrupts meanwhile.

    hostile_uses.py images FOLDER ROUNDS    changes the lists in FOLDER, and uses them
    hostile_uses.py owner FOLDER ROUNDS     uses lists that another process changes without a pause
    hostile_uses.py change FD               is this process. It uses no code of the library

Each use must return a valid value or raise an exception that the documentation describes. The
program ends with an error after any other result, and prints the number of uses otherwise.
test_hostile.py runs it in an environment in which each access outside the memory of a list is an
error.
"""

import itertools
import mmap
import os
import pathlib
import random
import struct
import subprocess
import sys

N_ITEMS = 6  # the number of values of a list that are used one by one


# Images: the bytes of lists

def expand(data):
    """Returns the bytes of a list from an input of fuzz-list.c, which describes the format."""
    if not data.startswith(b'RUNS'):
        return data
    block, at = bytearray(), 4
    while len(data) - at >= 2:
        if data[at] == 0:
            block += data[at + 2:at + 2 + data[at + 1]]
            at += 2 + data[at + 1]
        else:
            block += bytes([0 if data[at] == 1 else data[at]]) * int.from_bytes(
                data[at + 1:at + 4], 'little')
            at += 4

    return bytes(block)


def read_images(folder):
    images = [expand(path.read_bytes()) for path in sorted(pathlib.Path(folder).iterdir())]
    assert len(images) >= 10

    return images


def move_slots(image, generator):
    """Returns the position of offsets of a list, and offsets that follow each other as they must, but
    refer to other memory."""
    n_items = int.from_bytes(image[:8], 'little')
    if n_items < 4:
        return 0, b''
    at = 8 + 8 * generator.randrange(1, n_items - 2)
    offsets = struct.unpack_from('2Q', image, at)
    distance = generator.choice([8, 64, -8, len(image) // 8 * 8, 4096, 1 << 20])

    return at, struct.pack('2Q', *(offset + distance & (1 << 64) - 1 for offset in offsets))


def make_change(image, generator):
    """Returns a position in a list, and bytes for it that a program does not expect."""
    if generator.randrange(4) == 0:
        return move_slots(image, generator)

    n_words = len(image) // 8
    # The beginning and the end of a list describe the rest. Most bytes between them are values.
    at = 8 * generator.choice([generator.randrange(n_words), generator.randrange(min(n_words, 12)),
                               n_words - 1 - generator.randrange(min(n_words, 40))])
    old, = struct.unpack_from('Q', image, at)
    extreme = generator.choice([
        0, 1, 7, 8, 16, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, len(image) - 1,
        len(image), len(image) + 1, ~old, old + 1, old - 8, old + 8, old + 64, old ^ 1 << 56])
    word = generator.choice([struct.pack('Q', extreme & (1 << 64) - 1), b'8s\0\0\0\0\0\0',
                             b'9999992s', b'1016s\r\r\r', b'q\0\0\0\0\0\0\0', b'd\0\0\0\0\0\0\0',
                             b'xxxxxxx?', b'xxxxxx?x', b'\xff\xfe\xc0\x80\xed\xa0\x80\0',
                             generator.randbytes(8)])

    return at, word


# Uses

VALUES = [5, -1 << 63, 2.5, True, None, 'text', 'é\0', b'', b'bytes' * 4, 'x' * 1000, 1 << 64, '\udc80',
          float('nan'), [], b'y' * 1001 + bytes(7)]


def check(value):
    """Checks that a value is one that a list can contain, by reading all of its memory."""
    assert type(value) in (int, float, bool, str, bytes, type(None)), type(value)
    if type(value) is int:
        assert -1 << 63 <= value < 1 << 63
    elif type(value) is str:
        assert value.encode().decode() == value
    else:
        hash(value)


def check_all(values):
    for value in values:
        check(value)

    return len(values)


def compare(a, b):
    """Compares all bytes of two views."""
    assert len(bytes(a)) == len(bytes(b))


class User:
    """Uses lists, and counts the calls that returned a value and those that raised an exception."""

    # The exceptions that the documentation describes, and those of CPython's class for a value that
    # a list cannot contain.
    EXCEPTIONS = ValueError, IndexError, OSError, OverflowError, KeyError, TypeError, struct.error

    def __init__(self, Shm):
        self.Shm = Shm
        self.n_values = self.n_exceptions = 0

    def call(self, function, *args):
        try:
            result = function(*args)
        except UnicodeDecodeError:
            raise  # The library must not return bytes that are not UTF-8 as a text.
        except self.EXCEPTIONS:
            self.n_exceptions += 1
            return None
        self.n_values += 1

        return result

    def use_item(self, values, index):
        check(self.call(values.__getitem__, index))
        for value in VALUES:
            if self.call(values.__setitem__, index, value) is None:
                check(self.call(values.__getitem__, index))

    def use_searches(self, values):
        for value in VALUES:
            found = self.call(values.index, value)
            assert found is None or 0 <= found < len(values)
            count = self.call(values.count, value)
            assert count is None or 0 <= count <= len(values)
            self.call(values.__contains__, value)

    def use_all(self, values):
        length = len(values)
        everything = self.call(list, values)
        assert everything is None or check_all(everything) == length
        backwards = self.call(lambda: list(reversed(values)))
        assert backwards is None or check_all(backwards) == length
        check_all(self.call(lambda: list(itertools.islice(values, 3))) or [])
        self.call(lambda: values.format)
        self.call(repr, values)
        copied = self.call(self.create, values)
        if copied is not None:
            check_all(list(copied))
            copied.shm.close()

    def create(self, values):
        """Creates a list from the values that are read from this list."""
        copied = self.Shm.ShareableList(values, track=False)
        copied.shm.unlink()

        return copied

    def use_view(self, values):
        view = values.shm.buf
        compare(view, view[::-1])
        self.call(values.shm.read, 0, values.shm.size)

        return view

    def use(self, values):
        length = len(values)
        for index in {*range(min(length, N_ITEMS)), length - 1, -1, length, 1 << 63}:
            self.use_item(values, index)
        self.use_searches(values)
        self.use_all(values)
        view = self.use_view(values)
        values.shm.close()
        compare(view, view)
        for use in values.__len__, lambda: values[0], lambda: list(values), lambda: 5 in values:
            self.call(use)

    def open(self, fd, flags):
        return self.Shm.ShareableList.new_for_shared_memory(
            self.Shm.SharedMemory.attach_fd(fd, flags))

    def open_and_use(self, fd, flags):
        values = self.call(self.open, fd, flags)
        if values is not None:
            self.use(values)


def make_file(image):
    """Returns a descriptor of an anonymous file with these bytes."""
    fd = os.memfd_create('hostile')
    os.write(fd, image)

    return fd


def get_flags(user, i):
    return user.Shm.AttachFlags.READ_ONLY if i % 3 == 1 else user.Shm.AttachFlags.NONE


def use_images(user, images, n_rounds):
    generator = random.Random(12)
    for image in images:
        # The longest list takes the longest time.
        for i in range(n_rounds if len(image) < 100_000 else n_rounds // 20 + 1):
            changed = bytearray(image)
            for _ in range(i % 4):
                at, new = make_change(image, generator)
                changed[at:at + len(new)] = new
            fd = make_file(changed)
            user.open_and_use(fd, get_flags(user, i))
            os.close(fd)


def use_beside_owner(user, images, n_rounds):
    environment = {key: value for key, value in os.environ.items() if key != 'LD_PRELOAD'}
    for image in images:
        if len(image) > 100_000:
            continue
        fd = make_file(image)
        with subprocess.Popen([sys.executable, '-IS', __file__, 'change', str(fd)], pass_fds=[fd],
                              env=environment, stdout=subprocess.PIPE) as owner:
            try:
                owner.stdout.readline()  # The process has begun.
                for i in range(n_rounds):
                    user.open_and_use(fd, get_flags(user, i))
            finally:
                owner.kill()
        os.close(fd)


def change(fd):
    """Changes a list until the parent ends. Often restores the list, so that the parent finds a valid
    one."""
    memory = mmap.mmap(fd, 0)
    image = memory[:]
    generator = random.Random(7)
    changes = [make_change(image, generator) for _ in range(5000)]
    parent = os.getppid()
    print('begun', flush=True)
    while os.getppid() == parent:
        for i, (at, new) in enumerate(changes):
            memory[at:at + len(new)] = new
            if i % 2 == 0:
                memory[at:at + len(new)] = image[at:at + len(new)]
            if i % 16 == 15:
                memory[:] = image


def main():
    if sys.argv[1] == 'change':
        change(int(sys.argv[2]))
        return

    import gi
    gi.require_version('Shm', '1.0')
    from gi.repository import Shm

    user = User(Shm)
    images = read_images(sys.argv[2])
    use = {'images': use_images, 'owner': use_beside_owner}[sys.argv[1]]
    use(user, images, int(sys.argv[3]))
    print(user.n_values, user.n_exceptions)


main()
