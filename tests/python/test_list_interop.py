# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests lists that this library and CPython's class share, in both directions, with every CPython
from 3.9 on.

Both sides write, read and overwrite random lists, and the tests compare every value. A failing test
prints the seed of the random values. SHMOBJ_EXCHANGE_SEED sets the seed, and SHMOBJ_EXCHANGE_VALUES
sets the number of values to compare.
"""

import contextlib
import marshal
import os
import random
import string
import subprocess
import threading
import time
from pathlib import Path

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

from interpreters import bare_environment, parameters  # noqa: E402
from support import TIMEOUT, path_of  # noqa: E402

SEED = int(os.environ.get('SHMOBJ_EXCHANGE_SEED', random.SystemRandom().randrange(1 << 32)))
VALUES = int(os.environ.get('SHMOBJ_EXCHANGE_VALUES', 20000))
RACES = 1000
# How long a reader waits for a value that is not complete, in seconds.
VALUE_TIMEOUT = 0.1

# The script that the other interpreter runs. Each request is a marshalled tuple: the name of a
# function and its arguments. The script registers no block with CPython's tracker, because the
# tracker would also remove blocks that this library created.
SCRIPT = '''
import marshal, sys
from multiprocessing import resource_tracker, shared_memory

resource_tracker.register = lambda *args: None
resource_tracker.unregister = lambda *args: None
lists = {}

def create(values):
    created = shared_memory.ShareableList(values)
    lists[created.shm.name] = created
    return created.shm.name

def attach(name):
    lists[name] = shared_memory.ShareableList(name=name)
    return list(lists[name])

def read(name):
    return list(lists[name])

def read_each(name):
    return [lists[name][i] for i in range(len(lists[name]))]

def format(name):
    return lists[name].format

def assign(name, index, value):
    try:
        lists[name][index] = value
    except ValueError as error:
        return str(error)
    return None

def close(name, unlink):
    lists[name].shm.close()
    if unlink:
        lists[name].shm.unlink()
    del lists[name]

def create_in_a_loop(name, length, times):
    for i in range(times):
        created = shared_memory.ShareableList([i] * length, name=name)
        created.shm.close()
        created.shm.unlink()

def attach_in_a_loop(name, length, times):
    errors = []
    count = 0
    while count < times and not errors:
        try:
            attached = shared_memory.ShareableList(name=name)
        except FileNotFoundError:
            continue
        except Exception as error:
            errors.append(repr(error))
            break
        values = list(attached)
        if len(values) != length or values != values[:1] * length:
            errors.append(repr(values))
        attached.shm.close()
        count += 1
    return errors

pipe = sys.stdin.buffer
while True:
    size = int.from_bytes(pipe.read(4), 'little')
    if size == 0:
        break
    function, *args = marshal.loads(pipe.read(size))
    answer = marshal.dumps(globals()[function](*args), 2)
    sys.stdout.buffer.write(len(answer).to_bytes(4, 'little') + answer)
    sys.stdout.buffer.flush()
'''


class CPythonProcess:
    """A process of another interpreter, which runs SCRIPT. A call of any other method of this class
    calls the function with the same name in that process."""

    def __init__(self, executable):
        self._process = subprocess.Popen([executable, '-I', '-S', '-c', SCRIPT],
                                         env=bare_environment(), stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)

    def __getattr__(self, function):
        def call(*args):
            request = marshal.dumps((function, *args), 2)
            self._process.stdin.write(len(request).to_bytes(4, 'little') + request)
            self._process.stdin.flush()
            size = int.from_bytes(self._process.stdout.read(4), 'little')
            assert size > 0, 'the other interpreter has died'

            return marshal.loads(self._process.stdout.read(size))

        return call

    def end(self):
        self._process.stdin.close()
        self._process.wait(TIMEOUT)
        self._process.stdout.close()


@pytest.fixture(params=list(parameters(9)), scope='module')
def cpython(request):
    cpython = CPythonProcess(request.param)
    yield cpython
    cpython.end()


# Values

def random_text(source, length):
    alphabet = source.choice((string.ascii_letters, string.printable, 'aé€😀\0', '\0x'))

    return ''.join(source.choices(alphabet, k=length))


def random_length(source):
    return source.choice((source.randrange(20), source.randrange(20), source.randrange(200),
                          source.randrange(900, 1300)))


def random_value(source):
    kind = source.randrange(8)
    if kind == 0:
        return source.getrandbits(source.randrange(1, 64)) * source.choice((1, -1))
    if kind == 1:
        return source.choice((0, -1, (1 << 63) - 1, -(1 << 63), 1 << 31, -(1 << 31)))
    if kind == 2:
        return source.choice((0.0, -0.0, 1e308, 5e-324, float('inf'), source.random(),
                              -source.expovariate(1e-9)))
    if kind == 3:
        return source.choice((True, False))
    if kind == 4:
        return None
    if kind in (5, 6):
        return random_text(source, random_length(source))

    return source.randbytes(random_length(source)) + bytes(source.choice((0, 0, 1, 7, 60, 500)))


def as_cpython_reads(value):
    """Returns the value that CPython reads instead of a stored value. CPython treats NULs at the
    end as padding."""
    if isinstance(value, str):
        return value.rstrip('\0')
    if isinstance(value, bytes):
        return value.rstrip(b'\0')

    return value


def get_length(value):
    if isinstance(value, str):
        return len(value.encode())

    return len(value) if isinstance(value, bytes) else 0


def get_slot(value):
    """Returns the size of the slot in a list of this library: that of CPython, or a larger one for
    a text that does not fit there."""
    return max(get_slot_in_cpython(value), -(-get_length(value) // 8) * 8)


def fits_in_cpython(value):
    """Returns whether CPython can store a value. A slot of CPython has one byte for each
    character."""
    return not isinstance(value, str) or get_length(value) <= 8 * (len(value) // 8 + 1)


def get_slot_in_cpython(value):
    return 8 * (len(value) // 8 + 1) if isinstance(value, (str, bytes)) else 8


class Comparison:
    """Compares values, including their types and the signs of zeros, and counts the values."""

    def __init__(self):
        self.count = 0

    def expect(self, found, expected):
        found, expected = list(found), list(expected)
        self.count += len(expected)
        if list(map(repr, found)) != list(map(repr, expected)):
            for i, (one, other) in enumerate(zip(found, expected)):
                assert (type(one), repr(one)) == (type(other), repr(other)), (SEED, i)
            pytest.fail(f'seed {SEED}: {len(found)} values instead of {len(expected)}')


class TooManyNuls(Exception):
    """The value needs a length record because of the NULs at its end, but a list that CPython made
    has no length records."""


def overwrite_some(source, length, slots, assign_ours, assign_theirs, values):
    """Lets both sides overwrite values at random. Changes `values`, so that it contains the values
    that this library must read afterwards."""
    for _ in range(source.randrange(2 * length + 1)):
        index = source.randrange(length)
        value = random_value(source)
        fits = get_length(value) <= slots[index]
        if source.random() < 0.5:
            if not fits:
                with pytest.raises(ValueError, match='exceeds available storage'):
                    assign_ours(index, value)
            else:
                with contextlib.suppress(TooManyNuls):
                    assign_ours(index, value)
                    values[index] = value
        else:
            problem = assign_theirs(index, value)
            assert (problem is None) == fits, (SEED, problem)
            if fits:
                values[index] = as_cpython_reads(value)


def exchange_our_list(source, cpython, comparison):
    """Exchanges a list that this library has made. CPython reads every value without a change,
    except that CPython loses the NULs at the end of a value."""
    values = [random_value(source) for _ in range(source.randrange(1, 30))]
    ours = Shm.ShareableList(values)
    name = ours.shm.name
    try:
        comparison.expect(ours, values)
        comparison.expect(cpython.attach(name), map(as_cpython_reads, values))
        assert ''.join(cpython.format(name).split()) == ours.format

        overwrite_some(source, len(values), [get_slot(value) for value in values],
                       ours.__setitem__, lambda *args: cpython.assign(name, *args), values)
        comparison.expect(ours, values)
        comparison.expect((ours[i] for i in range(len(ours))), values)
        comparison.expect(cpython.read(name), map(as_cpython_reads, values))
        cpython.close(name, False)
    finally:
        ours.shm.close()
        ours.shm.unlink()


def exchange_cpython_list(source, cpython, comparison):
    """Exchanges a list that CPython has made."""
    values = [value for value in (random_value(source) for _ in range(source.randrange(1, 30)))
              if fits_in_cpython(value)]
    slots = [get_slot_in_cpython(value) for value in values]
    name = cpython.create(values)
    values = [as_cpython_reads(value) for value in values]
    attached = Shm.ShareableList(name=name)

    def assign(index, value):
        try:
            attached[index] = value
        except ValueError as error:
            if 'ends with more NULs' in str(error):
                raise TooManyNuls from None
            raise

    try:
        comparison.expect(attached, values)
        if values:
            overwrite_some(source, len(values), slots, assign,
                           lambda *args: cpython.assign(name, *args), values)
        comparison.expect(attached, values)
        comparison.expect((attached[i] for i in range(len(attached))), values)
        comparison.expect(cpython.read_each(name), map(as_cpython_reads, values))
    finally:
        attached.shm.close()
        cpython.close(name, True)


def read_block(name, size=None):
    return Path(path_of(name)).read_bytes()[:size]


def random_text_of_a_slot(source):
    """Returns a text without a NUL at its end. Many of these texts fill a slot."""
    characters = source.choice(('a', 'aé', 'é', 'aéπ€😀', '€', '😀', '\0aé'))
    text = ''.join(source.choices(characters, k=source.choice((0, 1, 2, 4, 7, 8, 9, 16, 24, 40))))

    return text.rstrip('\0')


def test_format_and_bytes_are_those_of_cpython(cpython):
    """If CPython's slots are large enough, it makes the same format and the same bytes."""
    source = random.Random(SEED)
    filled = 0
    for _ in range(40):
        values = [source.choice((random_text_of_a_slot, random_value))(source)
                  for _ in range(40)]
        values = [value for value in map(as_cpython_reads, values) if fits_in_cpython(value)]
        filled += sum(isinstance(value, str) and not value.isascii() and get_length(value) % 8 == 0
                      for value in values)
        name = cpython.create(values)
        theirs, their_format = read_block(name), ''.join(cpython.format(name).split())
        cpython.close(name, True)

        ours = Shm.ShareableList(values)
        ours.shm.unlink()
        length = len(values)
        size = 8 * (2 + length) + sum(map(get_slot_in_cpython, values)) + 9 * length
        assert ours.format == their_format
        assert bytes(ours.shm.buf[:size]) == theirs[:size], SEED
    assert filled > 10


def test_slots_of_texts_that_do_not_fit_in_cpython():
    for text in 'é' * 5, 'é' * 8, '€' * 8, '😀' * 5, 'aé€😀' * 7, 'a' * 7 + 'é', 'a' * 6 + 'é':
        values = Shm.ShareableList([text])
        values.shm.unlink()
        size = int(values.format.rstrip('s'))
        assert values[0] == text
        assert size == get_slot(text) >= get_length(text) > size - 8
        if get_length(text) > get_slot_in_cpython(text):
            assert size - get_length(text) < 8
        else:
            assert size == get_slot_in_cpython(text)


@pytest.mark.parametrize('exchange', [exchange_our_list, exchange_cpython_list],
                         ids=['ours', 'cpython'])
def test_exchange(cpython, exchange):
    source = random.Random(SEED)
    comparison = Comparison()
    print(f'seed {SEED}')
    while comparison.count < VALUES // 2:
        exchange(source, cpython, comparison)
    print(f'{comparison.count} values are equal')


def test_long_values(cpython):
    """Exchanges values of up to the maximum length, with different numbers of NULs at the end."""
    lengths = (999, 1000, 99999, 999991, 999992, 999999, 1000000, 1000001, 9999991)
    values = [content[:length].ljust(length, b'\0')
              for length in lengths for content in (b'x' * (length - 1), b'x' * (length // 2), b'')]
    for value in values:
        ours = Shm.ShareableList([value, value.decode()])
        name = ours.shm.name
        assert ours[0] == value and ours[1] == value.decode()
        assert cpython.attach(name) == [value.rstrip(b'\0'), value.decode().rstrip('\0')]

        # This value does not end in a NUL, so both sides read the same value.
        other = b'y' * (len(value) // 3)
        assert cpython.assign(name, 0, other) is None
        assert ours[0] == other and ours[1] == value.decode()
        ours[0] = value
        assert list(ours) == [value, value.decode()]
        cpython.close(name, False)
        ours.shm.close()
        ours.shm.unlink()


def test_attach_while_cpython_creates(cpython, blocks):
    """CPython creates the name of a list before it writes the values. Attaching waits until the
    list is complete."""
    name = blocks.new_name()
    length = 1000
    creator = threading.Thread(target=cpython.create_in_a_loop, args=(name, length, RACES))
    n_attached = 0
    creator.start()
    while creator.is_alive():
        start = time.monotonic()
        try:
            attached = Shm.ShareableList(name=name)
            values = list(attached)
        except FileNotFoundError:
            continue
        except ValueError:
            # On a busy machine, the creator may not run for longer than a reader waits.
            assert time.monotonic() - start >= VALUE_TIMEOUT
            continue
        assert len(values) == length
        assert values == values[:1] * length
        attached.shm.close()
        n_attached += 1
    creator.join()
    assert n_attached > 0


def test_create_while_cpython_attaches(cpython, blocks):
    """When CPython attaches to a list of this library, the list is always complete."""
    name = blocks.new_name()
    length = 100
    answers = []
    attacher = threading.Thread(
        target=lambda: answers.append(cpython.attach_in_a_loop(name, length, RACES // 4)))
    attacher.start()
    while attacher.is_alive():
        for value in 1, 'text', b'bytes', None, 2.5:
            created = Shm.ShareableList([value] * length, name=name)
            created.shm.unlink()
            created.shm.close()
    attacher.join()
    assert answers == [[]]
