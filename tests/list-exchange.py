# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Exchanges lists between the library and the stock CPython that runs this program, and compares
their bytes: list-exchange.py COMMAND..., where COMMAND runs the program list-exchange.

The program needs no binding. So it can run with the CPython of another processor.
"""

import math
import os
import subprocess
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import ShareableList

# The resource tracker is a second process, which an emulated CPython cannot start. This program
# removes its blocks itself.
resource_tracker.register = resource_tracker.unregister = lambda name, rtype: None

VALUES = [0, 1, -1, 2**31, -2**31 - 1, 2**63 - 1, -2**63, 0x0102030405060708,
          0.0, -0.0, 1.5, -273.154, 2.2250738585072014e-308, math.inf, True, False, None,
          '', 'howdy', 'eight ch', 'Grüße', 'x' * 1000, b'', b'HoWdY', bytes(range(1, 256)), 42]
CHANGES = {0: -2**62, 3: 2.5, 8: False, 14: None, 16: 0x0807060504030201, 18: 'HOWDY',
           21: 'y' * 999, 23: b'other', 24: 'text', 25: True}
COMMAND = sys.argv[1:]


def to_text(value):
    """Returns a value in GVariant's text format."""
    if value is None:
        return '@mv nothing'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, int):
        return f'int64 {value}'
    if isinstance(value, float):
        return str(value) if math.isinf(value) else repr(value)
    if isinstance(value, str):
        return f"'{value}'"
    return '@ay [' + ', '.join(map(str, value)) + ']'


def to_array(values):
    return '@av [' + ', '.join(f'<{to_text(value)}>' for value in values) + ']'


def run(*arguments):
    subprocess.run([*COMMAND, *arguments], check=True)


def read_block(name):
    with open(f'/dev/shm/{name}', 'rb') as block:
        return block.read()


def read_list(name):
    values = ShareableList(name=name)
    try:
        return list(values)
    finally:
        values.shm.close()


def assert_same(found, expected):
    """Compares the text too: 0.0 == -0.0, and 1 == True."""
    assert list(map(repr, found)) == list(map(repr, expected)), f'{found} is not {expected}'


class Lists:
    """A list that CPython created and one that the library created, with the same values."""

    def __init__(self):
        self.names = [f'shmobj-test-{os.getpid()}-{maker}' for maker in ('cpython', 'library')]

    def __enter__(self):
        ShareableList(VALUES, name=self.names[0]).shm.close()
        run('create', self.names[1], to_array(VALUES))
        return self.names

    def __exit__(self, *error):
        for name in self.names:
            if os.path.exists(f'/dev/shm/{name}'):
                os.unlink(f'/dev/shm/{name}')


def test_same_bytes():
    with Lists() as names:
        cpython, library = map(read_block, names)
        assert len(cpython) < len(library)
        assert library.startswith(cpython)


def test_library_reads():
    with Lists() as names:
        for name in names:
            run('check', name, to_array(VALUES))


def test_cpython_reads():
    with Lists() as names:
        for name in names:
            assert_same(read_list(name), VALUES)


def change(write):
    """Makes the same changes to both lists with the function `write`, and reads the lists with both
    libraries."""
    expected = [CHANGES.get(i, value) for i, value in enumerate(VALUES)]
    with Lists() as names:
        for name in names:
            write(name)
            assert_same(read_list(name), expected)
            run('check', name, to_array(expected))
        cpython, library = map(read_block, names)
        assert library.startswith(cpython)


def test_library_writes():
    def write(name):
        for i, value in CHANGES.items():
            run('set', name, str(i), to_text(value))
    change(write)


def test_cpython_writes():
    def write(name):
        values = ShareableList(name=name)
        for i, value in CHANGES.items():
            values[i] = value
        values.shm.close()
    change(write)


def main():
    tests = [value for name, value in globals().items() if name.startswith('test_')]
    failed = False

    print(f'1..{len(tests)}', flush=True)
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix('test_').replace('_', '-')
        try:
            test()
            print(f'ok {number} {name}', flush=True)
        except (AssertionError, OSError, subprocess.CalledProcessError) as error:
            failed = True
            print(f'not ok {number} {name}\n# {error}', flush=True)
    sys.exit(failed)


if __name__ == '__main__':
    main()
