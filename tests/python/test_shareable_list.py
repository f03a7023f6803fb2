# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests Shm.ShareableList. The first part runs each test with CPython's class too, because both
classes must behave in the same way. The second part tests features that CPython's class does not
have."""

import array
import collections
import contextlib
import copy
import decimal
import enum
import fractions
import gc
import itertools
import math
import multiprocessing
import operator
import os
import pickle
import stat
import struct
import subprocess
import sys
import threading
import time
import types
import weakref
from multiprocessing import shared_memory

import numpy as np
import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, GObject, Shm  # noqa: E402

from support import (TIMEOUT, count_descriptors, exists, in_child, path_of, run_python,  # noqa: E402
                     run_until, wait_for_result, wait_until_removed)

LARGEST = (1 << 63) - 1
NOBODY = 65534
VALUES = [
    0, 1, -1, 42, LARGEST, -LARGEST - 1, 1 << 31, 1 << 40, 0.0, -0.0, 1.0, 2.5, float('inf'),
    float('-inf'), float('nan'), 5e-324, True, False, None, '', 'a', 'seven77', 'eight888',
    'fifteen15151515', 'é', 'é😀', 'x' * 100, 'in\0side', b'', b'b', b'seven77', b'eight888',
    b'in\0side', bytes(range(1, 256)), b'x' * 1000,
]


class Text(str):
    pass


class Bytes(bytes):
    pass


class Number(int):
    pass


class Index:
    """Not an int, but Python can use it as an index."""

    def __index__(self):
        return 7

    def __eq__(self, other):
        return other == 7


class Real(float):
    pass


class Level(enum.IntEnum):
    LOW = 1


class Colour(str, enum.Enum):
    RED = 'red'


class EqualToAll:
    def __eq__(self, other):
        return True


class CPythonSubclass(shared_memory.ShareableList):
    pass


class OurSubclass(Shm.ShareableList):
    pass


class CPythonLabelled(shared_memory.ShareableList):
    def __init__(self, sequence=None, *, name=None, label='none'):
        super().__init__(sequence, name=name)
        self.label = label


class OurLabelled(Shm.ShareableList):
    def __init__(self, sequence=None, *, name=None, label='none'):
        super().__init__(sequence, name=name)
        self.label = label


def both(cpython_class, our_class):
    return pytest.mark.parametrize('cls', [cpython_class, our_class], ids=['cpython', 'shmobj'])


both_classes = both(shared_memory.ShareableList, Shm.ShareableList)


def exactly(values):
    """Converts values to a form in which 1, 1.0 and True differ, 0.0 and -0.0 differ, and NaNs are
    equal."""
    return [(type(value), repr(value)) for value in values]


def close_and_unlink(values):
    values.shm.close()
    if exists(values.shm.name):
        values.shm.unlink()


@pytest.fixture
def make(blocks):
    """Returns a function that creates a list of a given class."""
    made = []

    def make(cls, values=(), **kwargs):
        made.append(cls(values, name=blocks.new_name(), **kwargs))
        return made[-1]

    yield make
    for values in made:
        close_and_unlink(values)


@pytest.fixture
def pair(make):
    """Returns a function that creates a list of each class with the same values."""
    return lambda values: (make(shared_memory.ShareableList, values),
                           make(Shm.ShareableList, values))


def get_memory(values, size):
    return bytes(values.shm.buf[:size])


def get_outcome(function, *args):
    """Returns the result of a call, or the exception that the call raised."""
    try:
        return function(*args)
    except Exception as error:
        return error


def assert_same_outcome(cpython, ours):
    if not isinstance(cpython, Exception):
        assert exactly([ours]) == exactly([cpython])
        return
    assert isinstance(ours, type(cpython)), (cpython, ours)
    # CPython 3.12 changed the message for an int that is too large.
    if not isinstance(cpython, (struct.error, TypeError)):
        # If a value does not fit, our message adds the size of the slot.
        expected = str(cpython)
        is_too_long = expected == 'bytes/str item exceeds available storage'
        assert str(ours).partition(': its slot' if is_too_long else '\0')[0] == expected


def is_error(exception, code):
    """Returns whether the attribute gerror of an exception is a GLib.Error with this code."""
    return (isinstance(exception.gerror, GLib.Error)
            and exception.gerror.domain == 'shm-error-quark'
            and exception.gerror.matches(Shm.Error.quark(), code))


@contextlib.contextmanager
def raises(kind, code):
    with pytest.raises(kind) as excinfo:
        yield excinfo
    assert is_error(excinfo.value, code)


# Tests that also run with CPython's class: creating

@both_classes
@pytest.mark.parametrize('sequence', [
    [], (), '', b'', {}, 0, None, False, [1], (1, 'a'), [None], range(5), range(0), 'text',
    b'bytes', {'a': 1, 'b': 2}, collections.deque([1, 2]), VALUES, range(-3, 100000, 777),
    'é' * 7, [2.5] * 10,
], ids=lambda sequence: repr(sequence)[:20])
def test_create(cls, blocks, sequence):
    values = cls(sequence)
    blocks.add(values.shm)
    assert exactly(values) == exactly(sequence or ())
    assert len(values) == len(sequence or ())
    other = cls(name=values.shm.name)
    assert exactly(other) == exactly(sequence or ())
    other.shm.close()
    close_and_unlink(values)


@both_classes
def test_create_without_sequence(cls, blocks):
    values = cls()
    blocks.add(values.shm)
    assert (list(values), len(values), values.format, bool(values)) == ([], 0, '', False)
    close_and_unlink(values)


@both_classes
def test_create_from_shareable_list(cls, make):
    first = make(cls, [1, 'a', None])
    second = make(cls, first)
    first[0] = 2
    assert (list(first), list(second)) == ([2, 'a', None], [1, 'a', None])


@both_classes
def test_create_with_name(cls, blocks):
    name = blocks.new_name()
    values = cls([1], name=name)
    assert values.shm.name == name
    with pytest.raises(FileExistsError):
        cls([2], name=name)
    with pytest.raises(FileExistsError):
        cls([], name=name)
    assert cls(name=name)[0] == 1
    close_and_unlink(values)


@both_classes
def test_attach_to_missing_block(cls, blocks):
    name = blocks.new_name()
    with pytest.raises(FileNotFoundError) as excinfo:
        cls(name=name)
    assert excinfo.value.filename == '/' + name
    assert not exists(name)


@both_classes
@pytest.mark.parametrize('arguments, keywords', [
    (([1], 'name'), {}), ((), {'nam': 'x'}), ((), {'name': 7}), (([1],), {'name': b'x'}),
    ((7,), {}), ((object(),), {}),
])
def test_bad_arguments(cls, arguments, keywords):
    with pytest.raises(TypeError):
        cls(*arguments, **keywords)


OTHER_TYPES = [[], {}, (1,), 1j, object, ..., decimal.Decimal(1), fractions.Fraction(1),
               bytearray(b'a'), memoryview(b'a'), array.array('q', [1]), np.array([1, 2]),
               np.array(1.5), np.complex64(1), np.datetime64(5, 'ns'), np.timedelta64(5)]
if np.longdouble(1) / 3 != float(np.longdouble(1) / 3):
    OTHER_TYPES.append(np.longdouble(1) / 3)

# Values of other types, and the values of the same meaning that a list stores.
CONVERTED = [(Number(5), 5), (Level.LOW, 1), (Index(), 7), (Real(2.5), 2.5), (Text('é\0a'), 'é\0a'),
             (Colour.RED, 'red'), (Bytes(b'b'), b'b'),
             *((getattr(np, f'{sign}int{bits}')(bits), bits) for sign in ('', 'u')
               for bits in (8, 16, 32, 64)),
             (np.int64(-1 << 63), -1 << 63), (np.float16(1.5), 1.5), (np.float64(0.1), 0.1),
             (np.float32(0.1), 0.10000000149011612), (np.longdouble(0.5), 0.5),
             (np.float32('inf'), math.inf), (np.bool_(True), True), (np.bool_(False), False),
             (np.str_('a'), 'a'), (np.bytes_(b'b'), b'b'), (np.array(5), 5)]


@pytest.mark.parametrize('value', OTHER_TYPES, ids=lambda value: type(value).__name__)
def test_create_from_other_types(blocks, value):
    for sequence in [value], [1, 'a', value], [value] * 5000, (1.5, value):
        with pytest.raises(KeyError) as cpython:
            shared_memory.ShareableList(sequence)
        with pytest.raises(TypeError, match='it stores int, float, bool, str, bytes') as ours:
            Shm.ShareableList(sequence, name=blocks.new_name())
        assert isinstance(ours.value, KeyError)
        assert ours.value.args == cpython.value.args


@pytest.mark.parametrize('value, stored', CONVERTED, ids=lambda value: type(value).__name__)
def test_create_from_converted_values(make, value, stored):
    for sequence in [value], [1, 'a', value], [value] * 5000, (1.5, value), iter([value]):
        values = make(Shm.ShareableList, sequence)
        assert exactly([values[-1]]) == exactly([stored])
        assert values.count(value) >= 1
        assert values.index(value) in (0, 1, 2)
    values = Shm.ShareableList.create([value])
    values.shm.unlink()
    assert exactly(values) == exactly([stored])


@pytest.mark.parametrize('value, stored', CONVERTED, ids=lambda value: type(value).__name__)
def test_assign_converted_values(make, value, stored):
    values = make(Shm.ShareableList, [1, ' ' * 8])
    for store in values.__setitem__, values.set_value:
        for index in -1, 1:
            values[1] = None
            store(index, value)
            assert exactly(values) == exactly([1, stored])


def test_assign_nan_of_numpy(make):
    values = make(Shm.ShareableList, [0])
    for kind in np.float16, np.float32, np.float64, np.longdouble:
        values[0] = kind('nan')
        assert type(values[0]) is float and math.isnan(values[0])


def test_convert_too_large_number_of_numpy(blocks, make):
    value = np.uint64(1 << 63)
    with pytest.raises(struct.error):
        Shm.ShareableList([1, value], name=blocks.new_name())
    with pytest.raises(struct.error):
        make(Shm.ShareableList, [1])[0] = value


@pytest.mark.parametrize('value, kind', [
    (LARGEST + 1, struct.error), (-LARGEST - 2, struct.error), (1 << 1000, struct.error),
    ('\udc80', UnicodeEncodeError), ('a\0\ud800', UnicodeEncodeError),
])
def test_create_from_values_out_of_range(blocks, value, kind):
    for sequence in [value], [1, value, 2]:
        name = blocks.new_name()
        with pytest.raises(kind):
            shared_memory.ShareableList(sequence, name=name)
        blocks.remove_leftovers()  # CPython does not remove the block after a failed creation.
        with pytest.raises(kind) as excinfo:
            Shm.ShareableList(sequence, name=name)
        assert isinstance(excinfo.value.gerror, GLib.Error)
        if kind is struct.error:
            assert isinstance(excinfo.value, OverflowError)


# Tests that also run with CPython's class: reading

@both_classes
def test_get(cls, make):
    values = make(cls, VALUES)
    for _ in range(3):
        assert exactly(values[i] for i in range(len(VALUES))) == exactly(VALUES)
        assert exactly(values[i] for i in range(-len(VALUES), 0)) == exactly(VALUES)
    assert exactly([values[True], values[np.int64(3)]]) == exactly([VALUES[1], VALUES[3]])


@both_classes
def test_sequence(cls, make):
    values = make(cls, VALUES)
    assert len(values) == len(VALUES)
    assert exactly(iter(values)) == exactly(VALUES)
    assert exactly(reversed(values)) == exactly(reversed(VALUES))
    assert exactly(sorted(map(repr, values))) == exactly(sorted(map(repr, VALUES)))
    first, *_, last = values
    assert exactly([first, last]) == exactly([VALUES[0], VALUES[-1]])
    assert bool(values)


@pytest.mark.parametrize('index', [
    len(VALUES), -1000, 1000, 1 << 62, 1 << 63, 1 << 64, 1 << 100, -(1 << 100), slice(None),
    slice(0, 2), slice(5, 5), 1.0, 2.5, '1', b'1', None, [], ..., float('nan'),
], ids=repr)
def test_bad_index(pair, index):
    cpython, ours = pair(VALUES)
    for use in (operator.getitem, lambda values, i: operator.setitem(values, i, 5),
                lambda values, i: operator.setitem(values, i, []),
                lambda values, i: operator.setitem(values, i, 1 << 70),
                lambda values, i: operator.setitem(values, i, '\udc80'),
                lambda values, i: operator.setitem(values, i, Text('a')),
                lambda values, i: operator.setitem(values, i, 'x' * 10000)):
        for _ in range(3):
            assert_same_outcome(get_outcome(use, cpython, index), get_outcome(use, ours, index))
    assert exactly(ours) == exactly(VALUES)


def test_index_below_the_first_value(pair):
    # For these indices, CPython accesses bytes before the first value. So the test runs only with
    # this library.
    _, ours = pair([1, 2, 3])
    for index in -4, -5, -8:
        with raises(IndexError, Shm.Error.OUT_OF_RANGE):
            ours[index]
        with raises(IndexError, Shm.Error.OUT_OF_RANGE):
            ours[index] = 1


@pytest.mark.parametrize('value', [
    *VALUES, 3, 7.0, 'missing', b'missing', LARGEST + 1, float(1 << 63), 1 << 100, 10 ** 400, 'é',
    'a\0', '\udc80', b'a', decimal.Decimal('2.5'), fractions.Fraction(1), 1 + 0j, Number(42),
    Level.LOW, Text('a'), Bytes(b'b'), Colour.RED, np.int64(42), np.float64(2.5), np.bool_(True),
    np.str_('a'), [], object(), EqualToAll(), bytearray(b'b'),
], ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize('front', [0, 16, 300, 3000])
def test_count_and_index(pair, make, value, front):
    front = ['front', 9.25] * (front // 2)
    some = [True, 1.0, 1, 0, -0.0, False, 'a', 'é', b'b', 42, 2.5, 1.0, 'red', None, 42.0,
            float('nan'), LARGEST, float(LARGEST), float(1 << 63), -1, 'in\0side', b'in\0side', 1]
    if not front:
        same, ours = pair(some)
    else:
        # CPython's class is too slow for many values. A Python list behaves in the same way.
        same, ours = [*front, *some], make(Shm.ShareableList, [*front, *some])
    for operation in operator.countOf, operator.contains, lambda values, value: values.count(value):
        assert get_outcome(operation, ours, value) == get_outcome(operation, same, value)
    found, expected = (get_outcome(values.index, value) for values in (ours, same))
    if isinstance(expected, ValueError):
        assert isinstance(found, ValueError)
        assert str(found) == f'{value!r} not in this container'
    else:
        assert found == expected


@both_classes
def test_index_of_missing_value(cls, make):
    values = make(cls, ['a', 1] * 1000)
    for missing in 'b', 5, 0, None, 2.5, float('nan'), [], 1 << 80:
        with pytest.raises(ValueError) as excinfo:
            values.index(missing)
        message = str(excinfo.value)
        # CPython 3.15 has changed the message, and some releases of 3.14 too.
        assert (message == f'{missing!r} not in this container'
                or cls is not Shm.ShareableList and message.endswith('x not in list'))
    if cls is Shm.ShareableList:
        with raises(ValueError, Shm.Error.VALUE_NOT_FOUND):
            values.index('b')


@both_classes
def test_nan_is_never_found(cls, make):
    nan = float('nan')
    values = make(cls, [nan, 1])
    assert (values.count(nan), nan in values) == (0, False)
    with pytest.raises(ValueError):
        values.index(nan)


def test_index_of_incomparable_value(pair):
    for values in pair([1, 'a']):
        with pytest.raises(ValueError, match='ambiguous'):
            values.index(np.array([1, 2]))


@both_classes
def test_identity(cls, make):
    values = make(cls, [1, 2])
    other = cls(name=values.shm.name)
    assert values == values and values != other and values != [1, 2]
    assert len({values, other, values}) == 2
    other.shm.close()


@both_classes
def test_repr(cls, make):
    values = make(cls, ['a', 1, 2.5, None, b'x', True])
    assert repr(values) == (f"ShareableList(['a', 1, 2.5, None, b'x', True], "
                            f"name={values.shm.name!r})")
    assert str(values) == repr(values)


@both(CPythonSubclass, OurSubclass)
def test_repr_of_subclass(cls, make):
    values = make(cls, [])
    assert repr(values) == f'{cls.__name__}([], name={values.shm.name!r})'


@both_classes
def test_generic_alias(cls):
    alias = cls[int]
    assert isinstance(alias, types.GenericAlias)
    assert alias.__origin__ is cls


@both_classes
@pytest.mark.parametrize('what', ['format'])
def test_properties_are_read_only(cls, make, what):
    with pytest.raises(AttributeError):
        setattr(make(cls, [1]), what, 'q')


# Tests that also run with CPython's class: writing

@pytest.mark.parametrize('first', VALUES, ids=lambda value: repr(value)[:20])
def test_assign(pair, first):
    cpython, ours = pair([first, 'next', first])
    size = cpython.shm.size
    for value in [*VALUES, 'x' * 7, b'y' * 8, 'é' * 4, 'z' * 16, 0, first]:
        for index in 0, -1:
            assert_same_outcome(get_outcome(cpython.__setitem__, index, value),
                                get_outcome(ours.__setitem__, index, value))
        assert exactly(ours) == exactly(cpython)
        assert exactly([ours[0], ours[1], ours[2]]) == exactly(cpython)
        assert ours.format == cpython.format
        assert get_memory(ours, size) == get_memory(cpython, size)


@pytest.mark.parametrize('value', OTHER_TYPES, ids=lambda value: type(value).__name__)
def test_assign_other_types(pair, value):
    cpython, ours = pair([1, 'a', None])
    for index in range(3):
        with pytest.raises(KeyError) as expected:
            cpython[index] = value
        for store in ours.__setitem__, ours.set_value:
            with pytest.raises(TypeError, match='it stores int, float, bool, str, bytes') as raised:
                store(index, value)
            assert isinstance(raised.value, KeyError)
            assert raised.value.args == expected.value.args
    with pytest.raises(IndexError):
        ours[3] = value
    assert exactly(ours) == exactly(cpython)


@pytest.mark.parametrize('value', [*map(Text, ['', 'é', 'nine chars']), Bytes(b'1234')], ids=repr)
def test_assign_subclass_instance(pair, value):
    cpython, ours = pair([1, 'a', None])
    for index in range(3):
        assert_same_outcome(get_outcome(cpython.__setitem__, index, value),
                            get_outcome(ours.__setitem__, index, value))
    assert exactly(ours) == exactly(cpython)


@both_classes
@pytest.mark.parametrize('value', [LARGEST + 1, -LARGEST - 2, 1 << 64, 1 << 1000])
def test_assign_too_large_ints(cls, make, value):
    values = make(cls, [1, 2])
    with pytest.raises(struct.error):
        values[1] = value
    if cls is Shm.ShareableList:
        assert list(values) == [1, 2]
        with raises(OverflowError, Shm.Error.OUT_OF_RANGE):
            values[1] = value


@both_classes
def test_assign_too_long(cls, make):
    values = make(cls, [1, 'seven77', b'eight888'])
    for index, length in (0, 9), (1, 9), (2, 17):
        for value in 'x' * length, b'x' * length, 'é' * (length // 2 + 1):
            with pytest.raises(ValueError) as excinfo:
                values[index] = value
            assert 'bytes/str item exceeds available storage' in str(excinfo.value)
            if cls is Shm.ShareableList:
                assert is_error(excinfo.value, Shm.Error.TOO_LARGE)
                # The message also contains the size of the slot.
                assert f' has {length - 1} bytes' in str(excinfo.value)
    assert list(values) == [1, 'seven77', b'eight888']


def test_assign_too_many_nuls(make):
    """A list that CPython made has no length record. If a value needs a length record, the
    assignment fails and truncates nothing."""
    cpython = make(shared_memory.ShareableList, ['x' * 20000])
    ours = Shm.ShareableList(name=cpython.shm.name)
    with raises(ValueError, Shm.Error.TOO_LARGE) as excinfo:
        ours[0] = 'a' + '\0' * 1000
    assert 'ends with more NULs' in str(excinfo.value)
    assert ours[0] == 'x' * 20000
    ours[0] = 'a' + '\0' * 30
    assert (ours[0], cpython[0]) == ('a' + '\0' * 30, 'a')


@both_classes
def test_two_objects(cls, make):
    values = make(cls, [1, 'a', None])
    other = cls(name=values.shm.name)
    other[0] = 'new'
    values[2] = b'xyz'
    assert list(values) == list(other) == ['new', 'a', b'xyz']
    other.shm.close()
    assert values[0] == 'new'


@both_classes
def test_write_during_iteration(cls, make):
    """A loop over a list reads the new values that the body of the loop has stored."""
    values = make(cls, range(5000))
    for i, value in enumerate(values):
        assert value == (i if i == 0 else values[i - 1] + 1)
        if i + 1 < len(values):
            values[i + 1] = value + 1
    backwards = reversed(values)
    next(backwards)
    values[len(values) - 2] = 'new'
    assert next(backwards) == 'new'


@both_classes
def test_write_of_each_type_during_iteration(cls, make):
    values = make(cls, ['xxxxxx'] * 12)
    iterator = iter(values)
    next(iterator)
    new = [1, 2.5, True, None, 'a', b'b', 'é', Text('t'), Bytes(b'u')]
    for i, value in enumerate(new, 1):
        values[i] = value
    assert list(itertools.islice(iterator, len(new))) == new


@both_classes
def test_unlink(cls, make):
    values = make(cls, [1, 2])
    values.shm.unlink()
    values[0] = 3
    assert list(values) == [3, 2]
    with pytest.raises(FileNotFoundError):
        cls(name=values.shm.name)


# Tests that also run with CPython's class: pickling

@both_classes
@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(cls, make, protocol):
    values = make(cls, VALUES)
    other = pickle.loads(pickle.dumps(values, protocol))
    assert type(other) is cls
    assert exactly(other) == exactly(VALUES)
    values[0] = 77
    assert other[0] == 77
    other.shm.close()
    assert exists(values.shm.name)


@both_classes
@pytest.mark.parametrize('duplicate', [copy.copy, copy.deepcopy])
def test_copy(cls, make, duplicate):
    values = make(cls, [1, 2])
    other = duplicate(values)
    assert type(other) is cls and other is not values
    other[0] = 9
    assert values[0] == 9
    other.shm.close()


@both_classes
def test_pickle_of_unlinked_list(cls, make):
    values = make(cls, [1])
    pickled = pickle.dumps(values)
    values.shm.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickled)


@both(CPythonLabelled, OurLabelled)
def test_pickle_of_subclass(cls, make):
    values = make(cls, [1, 'a'], label='mine')
    other = pickle.loads(pickle.dumps(values))
    assert (values.label, other.label, type(other), list(other)) == ('mine', 'none', cls, [1, 'a'])
    other.shm.close()


@both_classes
def test_pickle_for_new_process(cls, make):
    # The new process imports Shm only because the pickle refers to Shm. In the test of CPython's
    # class, the resource tracker of the new process must not remove the block. Therefore the
    # process does not register the block, and ends with os._exit(), which runs no exit handlers.
    values = make(cls, [1, 'a', None])
    script = ('import os, pickle, sys\n'
              'from multiprocessing import resource_tracker\n'
              'if sys.argv[1] == "cpython": resource_tracker.register = lambda *args: None\n'
              'values = pickle.load(sys.stdin.buffer)\n'
              'print(values)\n'
              'values[0] = b"new"\n'
              'sys.stdout.flush()\n'
              'os._exit(0)\n')
    which = 'cpython' if cls is shared_memory.ShareableList else 'ours'
    result = subprocess.run([sys.executable, '-c', script, which], input=pickle.dumps(values),
                            capture_output=True, timeout=TIMEOUT, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode() == f"ShareableList([1, 'a', None], name={values.shm.name!r})\n"
    assert list(values) == [b'new', 'a', None]
    assert exists(values.shm.name)


def store(values, index, value):
    values[index] = value

    return type(values).__name__, len(values)


@pytest.mark.parametrize('method', ['fork', 'spawn'])
@both_classes
def test_pool(cls, make, method):
    values = make(cls, [None] * 10)
    with multiprocessing.get_context(method).Pool(1) as pool:
        results = pool.starmap_async(store, [(values, i, i * i) for i in range(10)]).get(TIMEOUT)
    assert set(results) == {('ShareableList', 10)}
    assert list(values) == [i * i for i in range(10)]
    assert exists(values.shm.name)


# Tests of this library only: values that CPython does not preserve

PRESERVED = ['a\0', '\0', '\0\0\0\0\0\0\0', 'a\0b\0\0', b'\0', b'a\0\0', b'\0' * 8,
         b'x' * 8 + b'\0' * 8, 'é' * 8, 'é' * 9, '0\U00010000\U00010000', '€' * 100,
         '\ud7ff\ue000\uffff\U0010ffff', '😀\0\0', 'x' * 999 + '\0',
         b'x' * 500 + b'\0' * 500, b'\0' * 9990, 'x' * 99990 + '\0' * 40, '\0' * 99999]


def test_values_are_preserved(make):
    values = make(Shm.ShareableList, PRESERVED)
    for _ in range(3):
        assert [values[i] for i in range(len(PRESERVED))] == PRESERVED
    assert list(values) == PRESERVED
    for i, value in enumerate(PRESERVED):
        assert values.index(value) == i and value in values and values.count(value) == 1
        values[i] = None
        assert values[i] is None
        values[i] = value
        assert values[i] == value
        values[i] = value[:-1]
        assert values[i] == value[:-1]


@pytest.mark.parametrize('length', [999, 1000, 1001, 999991, 999992, 999999, 1000000, 1000001,
                                    9999991])
def test_long_values(make, length):
    some = [b'x' * length, 'y' * length, b'x' * (length - 5) + bytes(5), 'x' * (length // 2) +
            '\0' * (length - length // 2), bytes(length)]
    values = make(Shm.ShareableList, [1, *some])
    for i, value in enumerate(some, 1):
        for _ in range(2):
            assert values[i] == value
        values[i] = value[::-1]
        assert values[i] == value[::-1]
        values[i] = 5
        assert values[i] == 5
        values[i] = value
    assert [hash(value) for value in values] == [hash(value) for value in [1, *some]]
    assert values.index(some[-1]) == len(some)


@pytest.mark.parametrize('value', ['x' * 9999992, b'x' * 9999992, 'é' * 4999996],
                         ids=['str', 'bytes', 'text'])
def test_too_long_for_any_list(blocks, value):
    # CPython raises an AssertionError without a message.
    with raises(ValueError, Shm.Error.TOO_LARGE):
        Shm.ShareableList([1, value], name=blocks.new_name())


def test_generator(make):
    assert list(make(Shm.ShareableList, (i * i for i in range(5)))) == [0, 1, 4, 9, 16]


RANGES = [range(4096), range(4097), range(100000), range(100000, 0, -1), range(9999, -2, -1),
          range(9999, -1, -1), range(-5, 10000), range((1 << 31) - 9000, 1 << 31),
          range((1 << 31) - 9000, (1 << 31) + 1), range(0, 1 << 31, 100003),
          range((1 << 31) - 1, -1, -99991), range(1 << 62, (1 << 62) + 9000), range(5, 6), range(0)]


@pytest.mark.parametrize('numbers', RANGES, ids=repr)
def test_ranges(make, numbers):
    assert list(make(Shm.ShareableList, numbers)) == list(numbers)


# Tests of this library only: how values are read

def test_length_mark_after_write_of_cpython(make):
    """When CPython writes a value, it replaces the format entry and so removes the length mark."""
    values = make(Shm.ShareableList, ['a\0\0', b'b\0'])
    cpython = shared_memory.ShareableList(name=values.shm.name)
    for _ in range(30):
        assert list(values) == [values[0], values[1]] == ['a\0\0', b'b\0']
        cpython[0], cpython[1] = 'a', b'b'
        assert [values[0], values[1]] == ['a', b'b']
        values[0], values[1] = 'a\0\0', b'b\0'
        assert list(cpython) == ['a', b'b']
    cpython.shm.close()


# Tests of this library only: closing

CLOSERS = {'close': lambda shm: shm.close(), 'with': lambda shm: shm.__exit__(),
           'library': lambda shm: Shm.SharedMemory.__bases__[-1].close(shm)}


@pytest.mark.parametrize('close', CLOSERS.values(), ids=CLOSERS)
def test_closed(make, close):
    values = make(Shm.ShareableList, [1, 'a', None])
    for _ in range(3):
        assert values[0] == 1
    name = values.shm.name
    close(values.shm)
    for use in (lambda: values[0], lambda: values[1], lambda: values[-1], lambda: list(values),
                lambda: list(reversed(values)), lambda: values.count(1), lambda: values.index(1),
                lambda: 1 in values, lambda: values.format, lambda: values.get_int64(0),
                lambda: values.__setitem__(0, 1), lambda: values.__setitem__(0, 'a'),
                lambda: values.__setitem__(0, b'b'), lambda: values.__setitem__(0, None),
                lambda: values.count(decimal.Decimal(1)), lambda: values[99],
                lambda: values.copy_values()):
        for _ in range(2):
            with raises(ValueError, Shm.Error.CLOSED):
                use()
    assert len(values) == 3
    assert repr(values) == f'ShareableList(<closed>, name={name!r})'
    values.shm.unlink()


def test_close_does_not_affect_other_objects(make):
    values = make(Shm.ShareableList, [1, 2])
    other = Shm.ShareableList(name=values.shm.name)
    third = Shm.ShareableList.new_for_shared_memory(other.shm)
    assert [values[0], other[0], third[0]] == [1, 1, 1]
    other.shm.close()
    assert values[0] == 1
    for closed in other, third:
        with raises(ValueError, Shm.Error.CLOSED):
            closed[0]


def count_mappings(name):
    with open('/proc/self/maps', encoding='utf-8') as file:
        return sum(path_of(name) in line for line in file)


@pytest.mark.parametrize('closes', [False, True])
def test_nothing_is_kept_alive(make, closes):
    """When the last reference to a list is dropped, Python frees the list and its mapping at once,
    without the garbage collector."""
    original = make(Shm.ShareableList, ['a', 1, None, *[2.5] * 300])
    name = original.shm.name
    before = count_mappings(name), count_descriptors()
    gc.disable()
    try:
        values = Shm.ShareableList(name=name)
        for _ in range(3):
            assert [values[0], values[1], values[2]] == ['a', 1, None]
        values[1] = 2
        values[1] = 1
        assert list(values)[:4] == ['a', 1, None, 2.5] and values.index(None) == 2
        for failing_call in (lambda: values[303], lambda: values.index('b'), lambda: values['a'],
                        lambda: values.__setitem__(0, 'x' * 9), lambda: values.__setitem__(999, 1),
                        lambda: values.__setitem__(0, 1 << 70), lambda: values.get_bytes(0),
                        lambda: values.__setitem__(0, '\udc80'), lambda: values.__setitem__(0, [])):
            with contextlib.suppress(Exception):
                failing_call()
        assert next(iter(values)) == 'a' and next(reversed(values)) == 2.5
        reference = weakref.ref(values)
        assert count_mappings(name) > before[0]
        if closes:
            values.shm.close()
        del values
        assert reference() is None
        assert (count_mappings(name), count_descriptors()) == before
    finally:
        gc.enable()


def test_view_of_buf_survives_close(make):
    values = make(Shm.ShareableList, [1, 2])
    values[0]
    view = values.shm.buf
    values.shm.close()
    assert view[0] == 2  # the length of the list


def test_no_descriptor_or_mapping_is_leaked(make):
    values = make(Shm.ShareableList, [1, 'a'])

    def use():
        for _ in range(30):
            created = Shm.ShareableList([1, 'a', 2.5])
            created[0] = created[1]
            assert created[0] == 'a'
            created.shm.unlink()
            attached = Shm.ShareableList(name=values.shm.name)
            assert attached[1] == 'a'
            attached[0] = 7
            attached.shm.close()
            Shm.ShareableList.attach(values.shm.name, Shm.AttachFlags.READ_ONLY)[0]

    def count():
        gc.collect()
        with open('/proc/self/maps', encoding='utf-8') as file:
            return count_descriptors(), sum('/dev/shm' in line for line in file)

    use()
    before = count()
    use()
    assert count() == before


# Tests of this library only: read-only lists, other constructors, the methods of the library

def test_read_only(make):
    values = make(Shm.ShareableList, [1, 'a', None, b'x\0'])
    attached = Shm.ShareableList.attach(values.shm.name, Shm.AttachFlags.READ_ONLY)
    for _ in range(3):
        assert [attached[i] for i in range(4)] == list(attached) == [1, 'a', None, b'x\0']
    values[0] = 2
    assert (attached[0], attached.count(2), attached.index(None)) == (2, 1, 2)
    assert attached.shm.read_only and attached.shm.buf.readonly
    for value in 1, 'a', None, b'x', True, 2.5, 'b\0':
        with raises(PermissionError, Shm.Error.READ_ONLY):
            attached[0] = value
    again = pickle.loads(pickle.dumps(attached))
    assert again.shm.read_only and list(again) == list(values)
    assert copy.copy(attached).shm.read_only


def test_read_only_argument(make):
    values = make(Shm.ShareableList, [1, 'a'])
    attached = Shm.ShareableList(name=values.shm.name, read_only=True)
    assert attached.shm.read_only and list(attached) == [1, 'a']
    with raises(PermissionError, Shm.Error.READ_ONLY):
        attached[0] = 2
    again = pickle.loads(pickle.dumps(attached))
    assert type(again) is Shm.ShareableList and again.shm.read_only
    for arguments in {'sequence': [1]}, {}, {'sequence': [1], 'name': values.shm.name}:
        with pytest.raises(ValueError, match='read_only'):
            Shm.ShareableList(**arguments, read_only=True)


if os.geteuid() == 0:  # Only root can change the owner of a block.
    def test_any_owner_argument(make):
        values = make(Shm.ShareableList, [1, 'a'])
        os.chown(path_of(values.shm.name), NOBODY, -1)
        with raises(PermissionError, Shm.Error.UNTRUSTED_OWNER):
            Shm.ShareableList(name=values.shm.name)
        attached = Shm.ShareableList(name=values.shm.name, any_owner=True)
        attached[0] = 2
        assert values[0] == 2
        assert list(pickle.loads(pickle.dumps(attached))) == [2, 'a']
        os.chown(path_of(values.shm.name), os.geteuid(), -1)


@pytest.mark.parametrize('mode', [0o600, 0o640, 0o666, 0o400])
def test_mode(make, mode):
    old = os.umask(0o777)
    try:
        values = make(Shm.ShareableList, [1, 'a'], mode=mode)
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(path_of(values.shm.name)).st_mode) == values.shm.mode == mode
    assert list(values) == [1, 'a']


def test_bad_mode(blocks):
    with raises(OSError, Shm.Error.NOT_SUPPORTED):
        Shm.ShareableList([1], name=blocks.new_name(), mode=0o4600)


def test_constructors_of_the_library(blocks):
    variant = GLib.Variant('av', [GLib.Variant('x', 1), GLib.Variant('s', 'a'),
                                  GLib.Variant('ay', b'b'), GLib.Variant('d', 0.5)])
    for made in (Shm.ShareableList.create(variant, blocks.new_name(), 0),
                 Shm.ShareableList.create([1, 'a', b'b', 0.5], blocks.new_name(),
                                          Shm.CreateFlags.NONE)):
        assert type(made) is Shm.ShareableList
        assert list(made) == [1, 'a', b'b', 0.5] and len(made) == 4
        for _ in range(3):
            assert [made[i] for i in range(-4, 4)] == [1, 'a', b'b', 0.5] * 2
        made[1] = 'new'
        for other in (Shm.ShareableList.attach(made.shm.name, 0),
                      Shm.ShareableList.new_for_shared_memory(Shm.SharedMemory(made.shm.name))):
            assert type(other) is Shm.ShareableList
            assert type(other.shm) is Shm.SharedMemory
            assert (other[1], other.index(0.5), other.shm.name) == ('new', 3, made.shm.name)
            assert repr(other) == f"ShareableList([1, 'new', b'b', 0.5], name={made.shm.name!r})"
            other.shm.close()
        close_and_unlink(made)


def test_errors_of_constructors_of_the_library(make, blocks):
    values = make(Shm.ShareableList, [1])
    name = values.shm.name
    with raises(FileExistsError, Shm.Error.EXISTS) as excinfo:
        Shm.ShareableList.create(GLib.Variant('ax', [1]), name, 0)
    assert excinfo.value.filename == '/' + name
    with raises(FileExistsError, Shm.Error.EXISTS):
        Shm.ShareableList.create([1], name, 0)
    with raises(FileNotFoundError, Shm.Error.NOT_FOUND):
        Shm.ShareableList.attach(blocks.new_name(), 0)
    with raises(TypeError, Shm.Error.TYPE_MISMATCH):
        Shm.ShareableList.create(GLib.Variant('aas', [[]]), blocks.new_name(), 0)
    with raises(TypeError, Shm.Error.TYPE_MISMATCH):
        Shm.ShareableList.create(GLib.Variant('x', 1), blocks.new_name(), 0)
    with raises(struct.error, Shm.Error.OUT_OF_RANGE):
        Shm.ShareableList.create(GLib.Variant('at', [1 << 63]), blocks.new_name(), 0)
    for use in (lambda bad: Shm.ShareableList.create(GLib.Variant('ax', [1]), bad, 0),
                lambda bad: Shm.ShareableList.attach(bad, 0),
                lambda bad: Shm.ShareableList(name=bad),
                lambda bad: Shm.ShareableList([1], name=bad)):
        with pytest.raises(ValueError, match='null character'):
            use(name + '\0more')
    closed = Shm.SharedMemory(name)
    closed.close()
    with raises(ValueError, Shm.Error.CLOSED):
        Shm.ShareableList.new_for_shared_memory(closed)
    with Shm.SharedMemory(create=True, size=100) as block:
        with raises(ValueError, Shm.Error.CORRUPT):
            Shm.ShareableList(name=block.name)
        block.unlink()


def test_methods_of_the_library(make):
    values = make(Shm.ShareableList, [1, 2.5, True, 'text', b'bytes', None])
    kinds = [values.get_value_kind(i) for i in range(6)]
    assert kinds == [Shm.ValueKind.INT64, Shm.ValueKind.DOUBLE, Shm.ValueKind.BOOLEAN,
                     Shm.ValueKind.STRING, Shm.ValueKind.BYTES, Shm.ValueKind.NONE]
    assert (values.get_int64(0), values.get_double(1), values.get_boolean(2),
            values.get_string(3), values.get_bytes(-2).get_data(), values.get_length()) == (
                1, 2.5, True, 'text', b'bytes', 6)
    assert exactly(values.copy_values()) == exactly([1, 2.5, True, 'text', b'bytes', None])
    assert exactly(values.get_value(i) for i in range(6)) == exactly(values)
    assert values.get_format() == values.format == 'qdxxxxxxx?8s8sxxxxxx?x'

    values.set_int64(1, 7)
    values.set_double(0, 0.5)
    values.set_boolean(3, False)
    values.set_string(2, 'a\0b\0')
    values.set_text(-1, GLib.Bytes.new('é'.encode()))
    values.set_bytes(4, GLib.Bytes.new(b'\0'))
    assert list(values) == [0.5, 7, 'a\0b\0', False, b'\0', 'é']
    values.set_value(0, GLib.Variant('s', 'variant'))
    values.set_none(2)
    assert list(values) == ['variant', 7, None, False, b'\0', 'é']


def test_errors_of_methods_of_the_library(make):
    values = make(Shm.ShareableList, [1, 'a\0'])
    for use in values.get_double, values.get_string, values.get_bytes, values.get_text:
        with raises(TypeError, Shm.Error.TYPE_MISMATCH):
            use(0)
    with raises(OSError, Shm.Error.NOT_SUPPORTED):
        values.get_string(1)
    for use in (values.get_int64, values.get_value_kind, values.get_value, values.set_none,
                lambda i: values.set_int64(i, 1), lambda i: values.set_string(i, 'x')):
        for index in 2, -3, 1 << 70:
            with raises(IndexError, Shm.Error.OUT_OF_RANGE):
                use(index)
        for index in 0.0, 0.5, '0', None:
            with pytest.raises(TypeError):
                use(index)
    for use in (lambda: values.set_int64(0, 2.5), lambda: values.set_string(0, b'x'),
                lambda: values.set_string(0, None)):
        with pytest.raises(TypeError):
            use()
    with raises(ValueError, Shm.Error.TOO_LARGE):
        values.set_bytes(0, GLib.Bytes.new(b'x' * 9))
    assert list(values) == [1, 'a\0']


LIBRARY_VALUES = [*VALUES, 'a\0', b'b\0\0', '\0', b'\0']


def create_async(sequence, name, mode=0o600, cancellable=None):
    return Shm.ShareableList.create_finish(wait_for_result(
        Shm.ShareableList.create_async, sequence, name, mode, 0, cancellable))


@pytest.mark.parametrize('create', [
    lambda sequence, name: Shm.ShareableList.create(sequence, name, 0),
    lambda sequence, name: Shm.ShareableList.create_full(sequence, name, 0o640, 0, None),
    lambda sequence, name: create_async(sequence, name, 0o640),
], ids=['create', 'create_full', 'create_async'])
def test_native_values_for_constructors(blocks, create):
    name = blocks.new_name()
    values = create(LIBRARY_VALUES, name)
    assert type(values) is Shm.ShareableList
    assert exactly(values) == exactly(LIBRARY_VALUES)
    assert values.shm.mode in (0o600, 0o640)
    with raises(FileExistsError, Shm.Error.EXISTS) as excinfo:
        create([1], name)
    assert excinfo.value.filename in (None, '/' + name)
    with pytest.raises(KeyError):
        create([1, []], blocks.new_name())
    with pytest.raises(struct.error):
        create([1 << 63], blocks.new_name())
    with pytest.raises(UnicodeEncodeError):
        create(['\udc80'], blocks.new_name())
    with pytest.raises(ValueError, match='null character'):
        create([1], name + '\0more')
    close_and_unlink(values)


def test_create_anonymous():
    cls = Shm.ShareableList
    for values in (cls.create_anonymous(LIBRARY_VALUES, 0),
                   cls.create_anonymous_finish(wait_for_result(
                       cls.create_anonymous_async, LIBRARY_VALUES, 0, None))):
        assert type(values) is cls and values.shm.name is None
        assert exactly(values) == exactly(LIBRARY_VALUES)
        other = cls.new_for_shared_memory(Shm.SharedMemory.attach_fd(values.shm.get_fd(), 0))
        other[0] = 'new'
        assert values[0] == 'new'


def test_attach_async(make, blocks):
    cls = Shm.ShareableList
    values = make(cls, LIBRARY_VALUES)
    attached = cls.attach_finish(wait_for_result(
        cls.attach_async, values.shm.name, Shm.AttachFlags.READ_ONLY, None))
    assert type(attached) is cls and attached.shm.read_only
    assert exactly(attached) == exactly(LIBRARY_VALUES)
    opened = cls.new_for_shared_memory_finish(wait_for_result(
        cls.new_for_shared_memory_async, Shm.SharedMemory(values.shm.name), None))
    assert type(opened) is cls
    assert exactly(opened) == exactly(LIBRARY_VALUES)

    result = wait_for_result(cls.attach_async, blocks.new_name(), 0, None)
    with raises(FileNotFoundError, Shm.Error.NOT_FOUND):
        cls.attach_finish(result)
    with pytest.raises(ValueError, match='null character'):
        cls.attach_async('a\0b', 0, None, None)


def test_cancelled(make, blocks):
    cls = Shm.ShareableList
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    values = make(cls, [1])
    for function, finish, *arguments in (
            (cls.create_async, cls.create_finish, [1], blocks.new_name(), 0o600, 0),
            (cls.attach_async, cls.attach_finish, values.shm.name, 0),
            (values.copy_values_async, values.copy_values_finish),
            (values.find_async, values.find_finish, 1)):
        result = wait_for_result(function, *arguments, cancellable)
        with pytest.raises(GLib.Error) as excinfo:
            finish(result)
        assert excinfo.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_native_values_for_methods(make):
    values = make(Shm.ShareableList, ['x' * 1000] * len(LIBRARY_VALUES))
    for i, value in enumerate(LIBRARY_VALUES):
        values.set_value(i, value)
        assert exactly([values.get_value(i), values[i]]) == exactly([value] * 2)
    assert exactly(values.copy_values()) == exactly(LIBRARY_VALUES)
    assert values.find('seven77') == (True, LIBRARY_VALUES.index('seven77'))
    assert values.find('a\0') == (True, LIBRARY_VALUES.index('a\0'))
    assert values.find(GLib.Variant('s', 'seven77')) == values.find('seven77')
    for missing in 'missing', b'missing', 12345:
        with raises(ValueError, Shm.Error.VALUE_NOT_FOUND):
            values.find(missing)
    for function in values.find, lambda value: values.set_value(0, value):
        with pytest.raises(KeyError):
            function([])
        with pytest.raises(struct.error):
            function(1 << 63)
    assert exactly(values) == exactly(LIBRARY_VALUES)


def test_methods_async(make):
    values = make(Shm.ShareableList, ['x' * 1000] * len(LIBRARY_VALUES))
    for i, value in enumerate(LIBRARY_VALUES):
        assert values.set_value_finish(wait_for_result(values.set_value_async, i, value, None))
        result = wait_for_result(values.get_value_async, i - len(values), None)
        assert exactly([values.get_value_finish(result)]) == exactly([value])
    copied = values.copy_values_finish(wait_for_result(values.copy_values_async, None))
    assert exactly(copied) == exactly(LIBRARY_VALUES)
    index = LIBRARY_VALUES.index('seven77')
    result = wait_for_result(values.find_async, 'seven77', None)
    assert values.find_finish(result) == (True, index)
    assert values.count_finish(wait_for_result(values.count_async, 'seven77', None)) == 1
    assert values.count_finish(wait_for_result(values.count_async, 'missing', None)) == 0
    assert values.get_format_finish(wait_for_result(values.get_format_async, None)) == values.format

    result = wait_for_result(values.find_async, 'missing', None)
    with raises(ValueError, Shm.Error.VALUE_NOT_FOUND):
        values.find_finish(result)
    result = wait_for_result(values.set_value_async, 0, 'x' * 5000, None)
    with raises(ValueError, Shm.Error.TOO_LARGE):
        values.set_value_finish(result)
    with raises(IndexError, Shm.Error.OUT_OF_RANGE):
        values.get_value_async(len(values), None, None)


def test_iteration_sees_methods_of_the_library(make):
    values = make(Shm.ShareableList, ['xxxxxx'] * 8)
    iterator = iter(values)
    next(iterator)
    values.set_int64(1, 1)
    values.set_double(2, 0.5)
    values.set_boolean(3, True)
    values.set_string(4, 's')
    values.set_bytes(5, GLib.Bytes.new(b'b'))
    values.set_none(6)
    values.set_value(-1, GLib.Variant('x', 7))
    assert list(iterator) == [1, 0.5, True, 's', b'b', None, 7]


def test_iteration_sees_set_value_async(make):
    values = make(Shm.ShareableList, ['xxxxxx'] * 8)
    other = Shm.ShareableList(name=values.shm.name)
    iterator, unrelated = iter(values), iter(other)
    next(iterator), next(unrelated)
    for i, value in (1, 'one'), (-1, None):
        results = []
        values.set_value_async(i, value, None, lambda *arguments: results.append(arguments), 'data')
        run_until(lambda: results)
        (source, result, data), = results
        assert (source, data) == (values, 'data') and values.set_value_finish(result)
    assert list(iterator) == ['one', *['xxxxxx'] * 5, None]
    assert list(unrelated) == ['one', *['xxxxxx'] * 5, None]


def test_set_value_async_of_closed_list(make):
    values = make(Shm.ShareableList, ['xxxxxx'] * 8)
    iterator = iter(values)
    next(iterator)
    results = []
    values.set_value_async(1, 'one', None, lambda _, result: results.append(result))
    values.shm.close()
    run_until(lambda: results)
    with raises(ValueError, Shm.Error.CLOSED):
        next(iterator)


def test_default_arguments_of_functions(blocks):
    """The parameters have the order and the names of the functions in C."""
    cls = Shm.ShareableList
    for create in (
            lambda name: cls.create([1], name),
            lambda name: cls.create(values=[1], name=name),
            lambda name: cls.create_full([1], name),
            lambda name: cls.create_full([1], name, 0o600, 0, None),
            lambda name: cls.create_full(values=[1], name=name, mode=0o600, flags=0,
                                         cancellable=None)):
        name = blocks.new_name()
        values = create(name)
        assert (values.shm.name, values.shm.mode, list(values)) == (name, 0o600, [1])
        assert list(cls.attach(name)) == list(cls.attach(name=name, flags=0)) == [1]
        values.shm.unlink()
    for values in cls.create([1]), cls.create_full([1]), cls.create(values=[1]):
        assert list(blocks.add(values.shm) and values) == [1]
        values.shm.unlink()
    assert list(cls.create_anonymous([1])) == list(cls.create_anonymous(values=[1])) == [1]
    for call, message in ((lambda: cls.create(), r"create\(\) missing .*'values'"),
                          (lambda: cls.attach(), r"^attach\(\) missing .*'name'"),
                          (lambda: cls.attach('a', size=1), r"^attach\(\) .*'size'"),
                          (lambda: cls.attach_async(), r"^attach_async\(\) missing .*'name'")):
        with pytest.raises(TypeError, match=message):
            call()


def test_init_twice(make):
    values = make(Shm.ShareableList, [1])
    for arguments in ([2], None):
        with pytest.raises(RuntimeError):
            values.__init__(arguments, name=values.shm.name)
    assert list(values) == [1]


def test_without_init(blocks):
    values = Shm.ShareableList.__new__(Shm.ShareableList)
    GObject.Object.__init__(values, name=blocks.new_name())
    assert len(values) == 0
    for use in (lambda: values[0], lambda: values[-1], lambda: list(values),
                lambda: values.count(1), lambda: values.__setitem__(0, 1), lambda: values.format,
                lambda: values.get_int64(0), lambda: 1 in values):
        with raises(ValueError, Shm.Error.CLOSED):
            use()
    assert repr(values) == 'ShareableList(<closed>, name=None)'
    with pytest.raises(TypeError):
        pickle.dumps(values)


def test_gobject_subclass(make):
    class Counting(Shm.ShareableList):
        __gtype_name__ = 'TestCountingShareableList'
        count_of_all = GObject.Property(type=int, default=3)

    values = make(Counting, [1, 2])
    values.count_of_all += 1
    assert (values.count_of_all, values.props.length, list(values)) == (4, 2, [1, 2])


def test_list_in_anonymous_block(blocks):
    image = make_image(['a', 1])
    block = Shm.SharedMemory.create_anonymous(len(image), 0)
    block.write(0, image)
    values = Shm.ShareableList.new_for_shared_memory(block)
    for _ in range(30):
        assert [values[0], values[1]] == list(values) == ['a', 1]
    values[0] = 'b'
    assert values[0] == 'b' and repr(values) == "ShareableList(['b', 1], name=None)"
    with pytest.raises(TypeError):
        pickle.dumps(values)


def make_image(values):
    made = Shm.ShareableList(values)
    image = made.shm.read()
    made.shm.close()
    made.shm.unlink()

    return image


# Tests of this library only: threads and processes

def test_fork(make):
    values = make(Shm.ShareableList, [1, 'a', None])
    values[0]

    def use():
        assert [values[0], values[1], values[2]] == [1, 'a', None]
        values[0] = 'child'
        values[2] = 2.5
        other = Shm.ShareableList(name=values.shm.name)
        other[1] = b'other'
        return list(values) == ['child', b'other', 2.5]

    assert in_child(use)
    assert [values[0], values[1], values[2]] == ['child', b'other', 2.5]


WRITTEN = [0, -1, LARGEST, 1.5, 'a' * 20, 'é' * 10, b'x' * 17, b'\0' * 9, None, True, 'ab\0\0',
         'x' * 900, 'y' * 900, 'z' * 800, b'z' * 900]
WRITER = '''
values = Shm.ShareableList(name=sys.argv[1])
values_to_write = eval(sys.argv[2])
print('ready', flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    for value in values_to_write:
        values[0] = value
'''


@pytest.mark.parametrize('n_writers', [1, 2])
def test_values_are_not_torn(make, n_writers):
    """While other processes write, a reader gets one of the written values and never a mix of two
    values."""
    values = make(Shm.ShareableList, ['x' * 900, 7])
    values[0] = WRITTEN[0]
    code = ("import sys\nimport gi\ngi.require_version('Shm', '1.0')\n"
            'from gi.repository import Shm\n') + WRITER
    writers = [subprocess.Popen([sys.executable, '-c', code, values.shm.name, repr(WRITTEN)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for _ in range(n_writers)]
    written = set(exactly(WRITTEN))
    seen = set()
    try:
        for writer in writers:
            assert writer.stdout.readline() == b'ready\n'
        n_rounds, deadline = 0, time.monotonic() + TIMEOUT
        # On a busy machine the writers may not run during the first rounds.
        while n_rounds < 3000 or len(seen) < 2 and time.monotonic() < deadline:
            n_rounds += 1
            seen |= set(exactly([values[0] for _ in range(5)] + list(values)[:1]))
            assert values[1] == 7
    finally:
        for writer in writers:
            writer.communicate(b'\n', timeout=TIMEOUT)
    assert seen <= written
    assert len(seen) > 1


def test_threads(make):
    values = make(Shm.ShareableList, ['x' * 900] * 4)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    failures = []

    def write(index):
        for value in WRITTEN * 30:
            values[index] = value
            if exactly([values[index]]) != exactly([value]):
                failures.append((index, value))

    try:
        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
    finally:
        sys.setswitchinterval(interval)
    assert failures == []
    assert exactly(values) == exactly(WRITTEN[-1:] * 4)


def test_close_while_threads_read(make):
    original = make(Shm.ShareableList, [17, 'text', None])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    failures = []

    def read(values, start):
        start.wait(TIMEOUT)
        try:
            while True:
                if (values[0], values[1], values[2]) != (17, 'text', None):
                    failures.append(list(values))
        except ValueError as error:
            if not is_error(error, Shm.Error.CLOSED):
                failures.append(error)

    try:
        for _ in range(50):
            values = Shm.ShareableList(name=original.shm.name)
            start = threading.Barrier(3)
            threads = [threading.Thread(target=read, args=(values, start), daemon=True)
                       for _ in range(2)]
            for thread in threads:
                thread.start()
            start.wait(TIMEOUT)
            values.shm.close()
            for thread in threads:
                thread.join(TIMEOUT)
                assert not thread.is_alive()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


# Tracked blocks

CREATE = '''
if sys.argv[1] == 'cpython':
    from multiprocessing.shared_memory import ShareableList
else:
    ShareableList = Shm.ShareableList
values = ShareableList([1, 'a'], name=sys.argv[2])
values[0] = 2
'''
ENDS = {
    'exit': ('', 0),
    '_exit': ('os._exit(0)', 0),
    'kill': ('os.kill(os.getpid(), signal.SIGKILL)', -9),
}
all_ends = pytest.mark.parametrize('end, status', ENDS.values(), ids=ENDS)


@all_ends
@pytest.mark.parametrize('which', ['cpython', 'ours'])
def test_tracked(blocks, which, end, status):
    name = blocks.new_name()
    result = run_python(CREATE + end, which, name, status=status)
    wait_until_removed(name)
    # CPython's tracker also prints a warning.
    assert ('leaked shared_memory' in result.stderr) == (which == 'cpython')


@all_ends
def test_not_tracked(blocks, end, status):
    name = blocks.new_name()
    script = 'Shm.ShareableList([1, "a"], name=sys.argv[1], track=False)\n'
    result = run_python(script + end, name, status=status)
    assert result.stderr == ''
    assert list(Shm.ShareableList(name=name)) == [1, 'a']
    Shm.remove_block(name)


def test_unlink_without_tracking(blocks):
    script = ('values = Shm.ShareableList([1], name=sys.argv[1], track=False)\n'
              'values.shm.unlink()\n'
              'print("multiprocessing" in sys.modules)\n')
    result = run_python(script, blocks.new_name())
    assert (result.stdout, result.stderr) == ('False\n', '')


@all_ends
@pytest.mark.parametrize('attach', ['Shm.ShareableList(name=sys.argv[1])',
                                    'Shm.ShareableList.attach(sys.argv[1], 0)',
                                    'Shm.ShareableList.new_for_shared_memory('
                                    'Shm.SharedMemory(sys.argv[1]))'],
                         ids=['class', 'c', 'block'])
def test_attaching_process_does_not_remove_block(make, attach, end, status):
    values = make(Shm.ShareableList, [1])
    result = run_python(f'values = {attach}\nvalues[0] = 5\nassert values[0] == 5\n{end}',
                        values.shm.name, status=status)
    assert result.stderr == ''
    assert exists(values.shm.name)
    assert values[0] == 5


@pytest.mark.parametrize('remove', [
    'values.shm.unlink()', 'values.shm.close(); values.shm.unlink()',
    'shm = values.shm; del values; shm.unlink()',
    'import gc; gc.collect(); values.shm.unlink()',
    'Shm.ShareableList(name=sys.argv[2]).shm.unlink()', 'Shm.SharedMemory(sys.argv[2]).unlink()',
])
def test_unlink_by_creator(blocks, remove):
    result = run_python(CREATE + remove, 'ours', blocks.new_name())
    assert result.stderr == ''


def test_failed_creation_is_not_tracked(make):
    values = make(Shm.ShareableList, [1])
    script = ('other = Shm.ShareableList([1])\n'
              'for bad in [1], [1 << 70], ["\\udc80"]:\n'
              '    try:\n'
              '        Shm.ShareableList(bad, name=sys.argv[1])\n'
              '    except (FileExistsError, OverflowError, UnicodeEncodeError):\n'
              '        pass\n'
              'other.shm.unlink()\n')
    result = run_python(script, values.shm.name)
    assert result.stderr == ''
    assert exists(values.shm.name)


def test_attaching_does_not_import_multiprocessing(make):
    values = make(Shm.ShareableList, [1])
    script = ('values = Shm.ShareableList(name=sys.argv[1])\n'
              'values[0] = [values[0] for _ in range(100)][0]\n'
              'print("multiprocessing" in sys.modules)\n')
    assert run_python(script, values.shm.name).stdout == 'False\n'
