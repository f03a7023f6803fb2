#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures operations on blocks and lists in Python, and compares them with CPython's classes."""

import collections
import gc
import itertools
import os
import random
import statistics
import subprocess
import sys
import time
import timeit
from multiprocessing import shared_memory

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

SIZE = 4096
BULK = 16 << 20
ROUNDS = 200
CALLS = 20

SIZES = 7, 10000, 1000000
KINDS = {
    'int': 100, 'float': -273.154, 'bool': True, 'None': None, 'str of 5': 'howdy',
    'bytes of 5': b'HoWdY', 'str of 40': 'a text of the length of an error message',
}

# A program that prints how long its first creation of a block takes, in microseconds.
FIRST = '''
import sys, time
if sys.argv[1] == 'ours':
    import gi
    gi.require_version('Shm', '1.0')
    from gi.repository.Shm import SharedMemory
else:
    from multiprocessing.shared_memory import SharedMemory
begin = time.perf_counter_ns()
shm = SharedMemory(create=True, size=100)
print((time.perf_counter_ns() - begin) / 1000)
shm.close()
shm.unlink()
'''

assert hasattr(Shm.SharedMemory, 'buf'), 'The overrides of Shm were not found'


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
    """Measures both sides in turn, so that a slow phase of the machine affects both."""
    figures = [], []
    for _ in range(rounds):
        figures[0].append(microseconds(ours, calls))
        figures[1].append(microseconds(theirs, calls))
    a, b = (statistics.median(column) for column in figures)
    print_figures(title, a, b)


def print_figures(title, a, b):
    print(f'{title:44} {a:10.2f} {b:10.2f} {a / b:8.2f} {b / a:8.2f}', flush=True)


def print_header(title):
    print(f'{title:44} {"ours":>10} {"CPython":>10} {"ratio":>8} {"inverse":>8}')


def create_first(side):
    return float(subprocess.check_output([sys.executable, '-c', FIRST, side]))


def compare_first(title, rounds=30):
    pairs = [(create_first('ours'), create_first('stock')) for _ in range(rounds)]
    print_figures(title, *(statistics.median(column) for column in zip(*pairs)))


def measure_blocks():
    name = Shm.SharedMemory(create=True, size=SIZE)
    bulk = Shm.SharedMemory(create=True, size=BULK)
    data = os.urandom(BULK)

    print_header('blocks from Python, microseconds (medians)')
    try:
        compare_first('the first creation, which starts a tracker')
        compare('create, touch .buf, close, unlink',
                lambda: create(Shm.SharedMemory), lambda: create(shared_memory.SharedMemory))
        compare('the same, but ours with track=False',
                create_untracked, lambda: create(shared_memory.SharedMemory))
        compare('attach, touch .buf, close',
                lambda: attach(Shm.SharedMemory, name.name),
                lambda: attach(shared_memory.SharedMemory, name.name))

        cpython_bulk = shared_memory.SharedMemory(bulk.name)
        compare('16 MiB: read() to bytes; bytes(.buf)',
                bulk.read, lambda: bytes(cpython_bulk.buf), 15, 1)
        compare('16 MiB: write(); .buf[:] = bytes',
                lambda: bulk.write(0, data),
                lambda: cpython_bulk.buf.__setitem__(slice(BULK), data), 15, 1)
        cpython_bulk.close()
    finally:
        name.unlink()
        bulk.unlink()


# Lists

def make_values(length):
    """Returns `length` values: first one value of each kind, then more values."""
    kinds = itertools.cycle([lambda i: i, lambda i: i + 0.5, lambda i: i % 4 == 1,
                             lambda i: f'text {i}', lambda i: b'%d bytes' % i, lambda i: None])
    more = (kind(i) for i, kind in enumerate(kinds))

    return [*KINDS.values(), *itertools.islice(more, length)][:length]


def remove(values):
    values.shm.close()
    values.shm.unlink()


def compare_lists(title, use, lists, rounds, calls):
    compare(title, lambda: use(lists[0]), lambda: use(lists[1]), rounds, calls)


def compare_statements(title, statement, lists, i, value):
    """Measures a statement without a function call, because a call would take as long as the
    statement."""
    ours, theirs = (timeit.Timer(statement, globals={'values': values, 'i': i, 'value': value})
                    for values in lists)
    figures = [(ours.timeit(1000), theirs.timeit(1000)) for _ in range(40)]
    print_figures(title, *(statistics.median(column) * 1000 for column in zip(*figures)))


def compare_creation(title, values, rounds, calls=1):
    compare(title, lambda: remove(Shm.ShareableList(values)),
            lambda: remove(shared_memory.ShareableList(values)), rounds, calls)


def use_attached(cls, name, indices):
    values = cls(name=name)
    for index in indices:
        values[index]
    values.shm.close()


def measure_values(lists):
    # After many reads, the override remembers where the slots of a large list are.
    for _ in range(len(lists[0]) // 2 + 100):
        lists[0][0]

    for statement, title in ('values[i]', 'get'), ('values[i] = value', 'set'):
        for i, (kind, value) in enumerate(KINDS.items()):
            compare_statements(f'  {title} {kind}', statement, lists, i, value)


def measure_all(lists, rounds, calls):
    values = list(lists[0])
    compare_lists('  list()', list, lists, rounds, calls)
    compare_lists('  iterate', lambda values: collections.deque(values, 0), lists, rounds, calls)
    for title, value in ('str', values[-1] if len(values) > 7 else 'howdy'), ('int', 100):
        compare_lists(f'  count({title})', lambda values: values.count(value), lists, rounds, calls)
    # Search for a value that occurs only near the end.
    last = next(value for value in reversed(values) if values.index(value) >= len(values) - 6)
    compare_lists('  index(last)', lambda values: values.index(last), lists, rounds, calls)
    compare_lists('  missing in', lambda values: 'missing' in values, lists, rounds, calls)


def measure_list(length):
    rounds, calls = {7: (ROUNDS, CALLS), 10000: (30, 1)}.get(length, (3, 1))
    values = make_values(length)
    print_header(f'\nlist of {length:,} mixed values, microseconds')
    compare_creation('  create, close, unlink', values, rounds, calls)

    lists = Shm.ShareableList(values), shared_memory.ShareableList(values)
    name = lists[0].shm.name
    indices = random.Random(1).choices(range(length), k=1000)
    try:
        for n in 1, 1000:
            compare(f'  attach, get {n:,}, close',
                    lambda: use_attached(Shm.ShareableList, name, indices[:n]),
                    lambda: use_attached(shared_memory.ShareableList, name, indices[:n]),
                    max(rounds, 10), calls if n == 1 else 1)
        measure_values(lists)
        measure_all(lists, rounds, calls)
    finally:
        for each in lists:
            remove(each)


def measure_creation(length=100000):
    print_header(f'\ncreate, close, unlink a list of {length:,}, microseconds')
    for title, values in {
        'range': range(length),
        'small ints': list(range(length)),
        'large ints': [i << 40 for i in range(length)],
        'floats': [i + 0.5 for i in range(length)],
        'str': [f'text {i}' for i in range(length)],
        'mixed': make_values(length),
    }.items():
        compare_creation(f'  {title}', values, 9)


def measure_whole_lists(length=100000):
    for title, values in ('ints', list(range(length))), ('mixed values', make_values(length)):
        lists = Shm.ShareableList(values), shared_memory.ShareableList(values)
        print_header(f'\nlist of {length:,} {title}, microseconds')
        try:
            measure_all(lists, 7, 1)
        finally:
            for each in lists:
                remove(each)


def main():
    gc.disable()
    measure_blocks()
    for length in SIZES:
        measure_list(length)
    measure_creation()
    measure_whole_lists()


if __name__ == '__main__':
    main()
