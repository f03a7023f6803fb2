#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a block costs from Python: ours against CPython's own class, in the same run."""

import gc
import os
import statistics
import time
from multiprocessing import shared_memory

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

SIZE = 4096
BULK = 16 << 20
ROUNDS = 200
CALLS = 20

assert hasattr(Shm.SharedMemory, 'buf'), 'the override was not found'


def create(shared_memory_class):
    shm = shared_memory_class(create=True, size=SIZE)
    shm.buf[0] = 1
    shm.close()
    shm.unlink()


def create_untracked():
    shm = Shm.SharedMemory(create=True, size=SIZE, track=False)
    shm.buf[0] = 1
    shm.close()
    shm.unlink()


def attach(shared_memory_class, name):
    shm = shared_memory_class(name)
    shm.buf[0]
    shm.close()


def microseconds(function, calls=CALLS):
    begin = time.perf_counter_ns()
    for _ in range(calls):
        function()
    return (time.perf_counter_ns() - begin) / calls / 1000


def compare(title, ours, theirs, rounds=ROUNDS, calls=CALLS):
    """In turn, so that a machine that becomes slow becomes slow for both."""
    figures = [], []
    for _ in range(rounds):
        figures[0].append(microseconds(ours, calls))
        figures[1].append(microseconds(theirs, calls))
    a, b = (statistics.median(column) for column in figures)
    print(f'{title:44} {a:10.2f} {b:10.2f} {a / b:8.2f}', flush=True)


def main():
    name = Shm.SharedMemory(create=True, size=SIZE, track=False)
    bulk = Shm.SharedMemory(create=True, size=BULK, track=False)
    data = os.urandom(BULK)
    gc.disable()

    print(f'{"from Python, microseconds (medians)":44} {"ours":>10} {"CPython":>10} {"ratio":>8}')
    try:
        compare('create, touch .buf, close, unlink',
                lambda: create(Shm.SharedMemory), lambda: create(shared_memory.SharedMemory))
        compare('the same, ours with track=False',
                create_untracked, lambda: create(shared_memory.SharedMemory))
        compare('attach, touch .buf, close',
                lambda: attach(Shm.SharedMemory, name.name),
                lambda: attach(shared_memory.SharedMemory, name.name))

        stock = shared_memory.SharedMemory(bulk.name)
        compare('16 MiB: read() to bytes; bytes(.buf)',
                bulk.read, lambda: bytes(stock.buf), 15, 1)
        compare('16 MiB: write(); .buf[:] = bytes',
                lambda: bulk.write(0, data), lambda: stock.buf.__setitem__(slice(BULK), data), 15, 1)
        stock.close()
    finally:
        name.unlink()
        bulk.unlink()


if __name__ == '__main__':
    main()
