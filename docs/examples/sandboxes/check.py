# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""check.py [NAME]: says what works in this sandbox. NAME is a block outside the sandbox."""

import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm

MIB = 1 << 20


def attempt(action, function, *arguments, **options):
    try:
        result = function(*arguments, **options)
    except OSError as error:
        print(f'{action}: {error.gerror.message}')
        return None
    print(f'{action}: works')

    return result


def main(name=None):
    for size in 1, 100:
        block = attempt(f'create {size} MiB', Shm.SharedMemory, create=True, size=size * MIB)
        if block is not None:
            block.unlink()
    attempt('create 100 MiB without a name', Shm.SharedMemory.create_anonymous, 100 * MIB)
    if name is not None:
        attempt('attach', Shm.SharedMemory, name)
        attempt('attach read-only', Shm.SharedMemory, name, read_only=True)
    attempt('start a manager', Shm.Manager().start)


if __name__ == '__main__':
    main(*sys.argv[1:])
