# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Calls each function of the extension many times, with each of its results and errors. Prints the
calls after which a reference or memory is left, or after which a reference is missing.

test_references.py runs this program with a clock that advances only when the program sleeps.
"""

import ctypes
import decimal
import gc
import os
import sys

import gi

gi.require_version('Shm', '1.0')
from gi.repository import GLib, GObject, Shm  # noqa: E402

from gi.overrides.Shm import extension  # noqa: E402

compiled = extension.module
N_CALLS = int(sys.argv[1])
N_SLOW_CALLS = N_CALLS // 5  # for calls that create a block, or wait

PREFIX = f'shmobj-references-{os.getpid()}-'
NUMBER, TEXT, DATA, FLOAT = 1 << 40, 'text' * 5, b'data' * 5, 2.75
VALUES = [NUMBER, TEXT, DATA, FLOAT, True, None]
SURROGATE, LONG_TEXT, BIG, OBJECT = '\udc80', 'x' * 99, 1 << 70, object()
FALSE_INDEX, NEGATIVE, AFTER_END = 'index', -3, 1 << 62


class Raising:
    """An object whose methods raise an exception."""

    def __eq__(self, other):
        raise ZeroDivisionError

    def __index__(self):
        raise ZeroDivisionError


class Index:
    def __index__(self):
        return int('4000')  # a new object


class OwnReader(Shm.ShareableList):
    def __getitem__(self, index):
        return super().__getitem__(index)


class Plain(compiled.ListMixin, compiled.BlockMixin):
    pass


class Foreign(compiled.ListMixin, compiled.BlockMixin, GObject.Object):
    pass


class Text(str):
    pass


def make(kind=Shm.ShareableList, values=VALUES):
    made = kind(values, track=False)
    made.shm.unlink()

    return made


def make_read_only():
    made = Shm.ShareableList(VALUES, track=False)
    attached = Shm.ShareableList(name=made.shm.name, read_only=True)
    made.shm.unlink()

    return attached


def corrupt(values):
    """Makes the first value invalid."""
    numbers = values.shm.buf[:64].cast('q')
    entries_at = 8 * (numbers[0] + 2) + numbers[numbers[0] + 1]
    values.shm.buf[entries_at:entries_at + 8] = b'nothing!'

    return values


def make_closed():
    made = make()
    made.shm.close()

    return made


def set_item(values, index, value):
    values[index] = value


def delete_item(values, index):
    del values[index]


def iterate(values, n_steps=0, reverse=False):
    iterator = reversed(values) if reverse else iter(values)
    for _ in range(n_steps):
        next(iterator)
    iterator.__length_hint__()


def exhaust(values):
    iterator = iter(values)
    list(iterator)
    next(iterator, None)


def with_gate(wait, function, *args):
    compiled.close_gate(wait)
    try:
        function(*args)
    finally:
        compiled.open_gate(False)


def fail():
    raise KeyboardInterrupt


def create(values):
    Shm.ShareableList(values, name=PREFIX + 'new', track=False).shm.unlink()


def new(kind=Shm.ShareableList):
    """Returns an object that is not initialised."""
    made = kind.__new__(kind)
    GObject.Object.__init__(made)

    return made


def create_list(*args):
    made = new()
    made._shm_create_list(*args)
    made.shm.unlink()


def create_block(size, name=None):
    block = Shm.SharedMemory(name, create=True, size=size, track=False)
    block.unlink()


def new_view(block):
    """Returns a view of the block through a new object."""
    return Shm.SharedMemory(block.name, track=False).buf[0]


def view_slice(block):
    return block.buf[1:3][0]


def make_cycle(name):
    """Lists and their iterators refer to each other until the garbage collector finds them."""
    for _ in range(20):
        attached = Shm.ShareableList(name=name)
        attached.iterator = iter(attached)
    del attached
    gc.collect()


def close_after_view(name):
    attached = Shm.SharedMemory(name, track=False)
    view = attached.buf
    attached.close()
    view.release()


class Future:
    """Takes the place of the future of a wait."""

    is_done = False

    def _shm_succeed(self, result):
        self.is_done = True

    _shm_fail = _shm_succeed


class RaisingFuture(Future):
    def _shm_succeed(self, result):
        self.is_done = True
        raise ZeroDivisionError

    _shm_fail = _shm_succeed


def wait(*arguments, is_event=True, block=None):
    """Begins a wait, and removes it."""
    future = Future()
    if waits.add(future, block or named_block, is_event, arguments) is None:
        waits.remove(future)


def end_wait(act=None, timeout=None, kind=Future):
    """Begins a wait, acts, and lets the loop dispatch until the wait is over."""
    future = kind()
    waits.add(future, named_block, True, (EVENT, named_block.event_get(EVENT), timeout))
    if act is not None:
        act(EVENT)
    while not future.is_done:
        waits.dispatch()


def clear_waits():
    for offset in 256, 264:
        waits.add(Future(), named_block, True, (offset, 0))
    waits.clear()


def drop_waits():
    dropped = compiled.LoopWaits(Shm.Waker.new())
    dropped.add(Future(), named_block, True, (EVENT, named_block.event_get(EVENT)))


def get_sequence_item(values, index):
    return ctypes.pythonapi.PySequence_GetItem(ctypes.py_object(values), index)


ctypes.pythonapi.PySequence_GetItem.restype = ctypes.py_object
ctypes.pythonapi.PySequence_GetItem.argtypes = [ctypes.py_object, ctypes.c_ssize_t]

plain, foreign = Plain(), Foreign()
unready, unready_list = Shm.ShareableList.__new__(Shm.ShareableList), new()
named = Shm.ShareableList(VALUES, name=PREFIX + 'named', track=False)
named_block = Shm.SharedMemory(PREFIX + 'block', create=True, size=4096, track=False)
EVENT = 128
waits = compiled.LoopWaits(Shm.Waker.new())
sys.unraisablehook = lambda unraisable: None
usual_name, block_name = named.shm.name, named_block.name
large = Shm.SharedMemory.create_anonymous(100_000)
usual, closed, read_only, own = make(), make_closed(), make_read_only(), make(OwnReader)
empty, closed_empty = make(values=[]), make(values=[])
closed_empty.shm.close()
corrupted, long = corrupt(make()), make(values=[7, *range(5000), 'end'])
large_values = make(values=['é' * 3000, bytes(5000)])
raising, equal = Raising(), decimal.Decimal(NUMBER)
block = usual.shm
unready_block = Shm.SharedMemory.__new__(Shm.SharedMemory)
no_lists = {'plain': plain, 'foreign': foreign, 'unready': unready}

# The calls. Each is a name, a function and its arguments.
fast = [
    *((f'get {i}', usual.__getitem__, i) for i in range(len(VALUES))),
    ('get large text', large_values.__getitem__, 0),
    ('get large bytes', large_values.__getitem__, 1),
    ('search large text', large_values.count, 'é' * 3000),
    ('iterate over large text', list, large_values),
    ('get a negative index', usual.__getitem__, NEGATIVE),
    ('get by an index', long.__getitem__, Index()),
    ('set by an index', long.__setitem__, Index(), NUMBER),
    ('read by indices', lambda: large.read(Index(), Index())),
    *((f'get at {index!r}', usual.__getitem__, index)
      for index in (99, -99, AFTER_END, BIG, FALSE_INDEX, raising, None)),
    ('get, closed', closed.__getitem__, 0),
    ('get, own reader', own.__getitem__, 1),
    ('get of a sequence', get_sequence_item, usual, 1),
    ('get of a sequence after the end', get_sequence_item, usual, 99),
    *((f'set {i}', usual.__setitem__, i, value) for i, value in enumerate(VALUES)),
    *((f'set to {value!r:.20}', usual.__setitem__, 1, value)
      for value in (LONG_TEXT, BIG, SURROGATE, OBJECT, raising, Text('a'), TEXT)),
    *((f'set at {index!r}', usual.__setitem__, index, TEXT)
      for index in (99, AFTER_END, FALSE_INDEX, raising)),
    ('set, closed', closed.__setitem__, 0, NUMBER),
    ('set, read-only', read_only.__setitem__, 0, NUMBER),
    ('delete', delete_item, usual, 0),
    ('len', len, usual),
    ('list', list, usual),
    ('iterate', iterate, usual, 3),
    ('iterate backwards', iterate, usual, 2, True),
    ('iterate to the end', exhaust, usual),
    ('iterate, empty', exhaust, empty),
    ('iterate, closed', iterate, closed, 1),
    ('iterate, closed and empty', iterate, closed_empty),
    ('iterate, own reader', list, own),
    ('iterate backwards, own reader', lambda: list(reversed(own))),
    *((f'{name} {value!r:.20}', function, value)
      for name, function in (('index', usual.index), ('count', usual.count),
                             ('contains', usual.__contains__))
      for value in (NUMBER, TEXT, DATA, FLOAT, True, None, 12345, 'missing', equal, raising, OBJECT,
                    BIG, SURROGATE)),
    *((f'{method}, {name}', getattr(values, method), value)
      for method in ('index', 'count', '__contains__')
      for name, values, value in (('closed', closed, 5), ('own reader', own, TEXT),
                                  ('own reader, missing', own, OBJECT))),
    ('index by name', lambda: usual.index(value=TEXT)),
    ('index without an argument', usual.index),
    ('index with two', usual.index, 1, 2),
    ('count by a wrong name', lambda: usual.count(other=1)),
    *((f'{use}, {name}', function, no_list)
      for name, no_list in no_lists.items()
      for use, function in (
          ('get', lambda x: x[0]), ('set', lambda x: set_item(x, 0, TEXT)), ('len', len),
          ('iterate', iter), ('reversed', lambda x: x.__reversed__()), ('in', lambda x: 1 in x),
          ('index', lambda x: x.index(1)), ('count', lambda x: x.count(1)))),
    ('name', lambda: block.name),
    ('size', lambda: block.size),
    ('buf', lambda: block.buf),
    ('slice of buf', view_slice, block),
    ('buf, closed', lambda: closed.shm.buf),
    ('read', block.read, 3, 5),
    ('read, all', block.read),
    ('read by names', lambda: block.read(length=2, offset=1)),
    *((f'read {args!r:.40}', block.read, *args)
      for args in ((0, 0), (0, BIG), (-1,), (raising,), (0, raising), ('a',), (9999, 1), (0, AFTER_END),
                   (1, 2, 3))),
    ('read, closed', lambda: closed.shm.read()),
    ('write', block.write, 80, DATA),
    ('write a view', block.write, 80, memoryview(DATA)[::-1]),
    ('write a GLib.Bytes', block.write, 80, GLib.Bytes.new(DATA)),
    *((f'write {args!r:.40}', block.write, *args)
      for args in ((0, TEXT), (0, NUMBER), (9999, DATA), (raising, DATA), (BIG, DATA), (0,), (-1, DATA))),
    ('write, closed', lambda: closed.shm.write(0, DATA)),
    ('write, read-only', read_only.shm.write, 0, DATA),
    *((f'{attribute} of {name}', getattr, no_block, attribute)
      for attribute in ('name', 'size', 'buf')
      for name, no_block in (('plain', plain), ('foreign', foreign), ('unready', unready_block))),
    ('close again', closed.shm.close),
    *((f'close {name}', compiled.BlockMixin.close, no_block)
      for name, no_block in (('plain', plain), ('foreign', foreign), ('unready', unready_block))),
    ('gate', with_gate, fail, lambda: None),
    ('number of calls', compiled.count_calls),
    *((f'{method} with {args!r:.40}', getattr(mixin, method), no_list, *args)
      for no_list in (unready, foreign, plain)
      for mixin, method, args in (
          (compiled.ListMixin, '_shm_create_list', (VALUES, None, 0o600, 0)),
          (compiled.ListMixin, '_shm_attach_list', ('a', 0)),
          (compiled.BlockMixin, '_shm_create', (None, 9, 0o600, 0)),
          (compiled.BlockMixin, '_shm_attach', ('a', 0)))),
    ('create a list with wrong arguments', unready_list._shm_create_list, VALUES),
    ('create a list without values', unready_list._shm_create_list, {}, None, 0o600, 0),
    ('create a list again', usual._shm_create_list, VALUES, None, 0o600, 0),
    ('attach with wrong arguments', unready_list._shm_attach_list, 7, 0),
    ('create a block with wrong arguments', new(Shm.SharedMemory)._shm_create, None, TEXT, 0, 0),
    ('create a managed list without a manager', compiled.create_managed_list, [], usual, VALUES, None,
     0o600, 0),
    ('create a managed list with wrong arguments', compiled.create_managed_list, usual),
    ('create an instance of the iterator', type(iter(usual))),
    ('wait', wait, 256, 0),
    ('wait with a timeout', wait, 256, 0, 5.5),
    ('wait, changed', wait, 256, 7),
    ('wait for a word, changed', lambda: wait(256, 7, is_event=False)),
    *((f'wait {args!r:.40}', wait, *args)
      for args in ((4, 0), (9999, 0), (-1, 0), (BIG, 0), (TEXT, 0), (256, -1), (256, BIG), (256, TEXT), (256,),
                   (256, 0, TEXT), (256, 0, BIG), (256, 0, float('nan')), (256, 0, 1, None), (256, True))),
    ('wait, closed', lambda: wait(256, 0, block=closed.shm)),
    ('wait, unready', lambda: wait(256, 0, block=unready_block)),
    ('wait with wrong arguments', waits.add, None),
    ('wait until it is over', end_wait, named_block.event_advance),
    ('wait until the time is over', end_wait, None, 0),
    ('wait with a future that fails', end_wait, named_block.event_advance, None, RaisingFuture),
    ('remove a wait that is over', waits.remove, OBJECT),
    ('clear', clear_waits),
    ('dispatch', waits.dispatch),
    ('waits of no waker', compiled.LoopWaits, usual),
    ('waits with wrong arguments', compiled.LoopWaits),
]
slow = [
    ('drop waits', drop_waits),
    *((f'create from {name}', create, values)
      for name, values in (('a list', VALUES), ('a tuple', tuple(VALUES)), ('a range', range(9)),
                           ('a set', {1, 2}), ('text of a subclass', [Text('a'), TEXT]),
                           ('an object', [TEXT, OBJECT]), ('a surrogate', [SURROGATE]),
                           ('a big int', [BIG]), ('a big range', range(BIG, BIG + 2)),
                           ('none', []))),
    ('create again', lambda: Shm.ShareableList(VALUES, name=usual_name)),
    ('create a list in a step', create_list, VALUES, PREFIX + 'step', 0o600, 0),
    ('create a list of many values', create_list, tuple(range(5000)), PREFIX + 'step', 0o600, 0),
    ('attach', lambda: Shm.ShareableList(name=usual_name)),
    ('attach to nothing', lambda: Shm.ShareableList(name=PREFIX + 'missing')),
    ('attach to no list', lambda: Shm.ShareableList(name=block_name)),
    ('attach to a block', lambda: Shm.SharedMemory(block_name, track=False)),
    ('attach to no block', lambda: Shm.SharedMemory(PREFIX + 'missing')),
    ('attach read-only', lambda: Shm.SharedMemory(block_name, read_only=True).buf),
    ('create a block', create_block, 100),
    ('create a large block', create_block, 5 << 20),
    ('create a block again', create_block, 100, block_name),
    ('create too large a block', create_block, 1 << 62),
    ('view', new_view, named_block),
    ('close', lambda: Shm.SharedMemory(block_name, track=False).close()),
    ('close after a view', close_after_view, block_name),
    ('gate that fails, and close', with_gate, fail, lambda: Shm.SharedMemory(block_name).close()),
    ('create with too large a mode', lambda: Shm.ShareableList(VALUES, mode=BIG)),
    ('gate, and a view', with_gate, len, new_view, named_block),
    ('gate that fails, and a view', with_gate, fail, new_view, named_block),
    ('gate that fails, and a list', with_gate, fail, create, VALUES),
    ('read much', large.read),
    ('write much', large.write, 0, bytes(large.size)),
    ('gate that fails, and read', with_gate, fail, large.read),
    *((f'{name}, long list', function, value)
      for name, function in (('index', long.index), ('count', long.count))
      for value in (4999, 'end', 'none', 2.5)),
    ('gate that fails, and a long search', with_gate, fail, long.index, 'none'),
    ('get, corrupt', corrupted.__getitem__, 0),
    ('gate that fails, and get, corrupt', with_gate, fail, corrupted.__getitem__, 0),
    ('iterate, corrupt', list, corrupted),
    ('index, corrupt', corrupted.index, 12345),
    ('count, corrupt', corrupted.count, 12345),
]


# Checking that the table is complete

def get_functions():
    """Returns the names of all functions of the extension."""
    names = {*vars(compiled), *vars(compiled.ListMixin), *vars(compiled.BlockMixin),
             *vars(compiled.LoopWaits)}

    return {name for name in names if not name.startswith('__') or name in {
        '__getitem__', '__setitem__', '__iter__', '__len__', '__contains__', '__reversed__'}}


# The functions that the table calls. If the extension has a new one, add calls with each of its
# results and errors, and its name.
CALLED = {
    '__contains__', '__getitem__', '__iter__', '__len__', '__reversed__', '__setitem__', 'index',
    'count', '_shm_create_list', '_shm_attach_list',
    'name', 'size', 'buf', 'read', 'write', 'close', '_shm_create', '_shm_attach',
    'create_managed_list', 'close_gate', 'open_gate', 'count_calls', 'ListMixin', 'BlockMixin',
    'LoopWaits', 'add', 'remove', 'clear', 'dispatch',
}
assert get_functions() == CALLED, get_functions() ^ CALLED


# Measuring

def get_allocated_bytes():
    """Returns the number of bytes in use that malloc() has returned, or 0 if a sanitizer replaces
    it."""
    class Mallinfo(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in (
            'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks',
            'fordblks', 'keepcost')]

    function = ctypes.CDLL(None).mallinfo2
    function.restype = Mallinfo
    info = function()

    return info.uordblks + info.hblkhd


# Not the class of blocks: PyGObject forgets a reference to the class of each object that it receives
# from C code.
watched = [NUMBER, TEXT, DATA, FLOAT, None, True, False, SURROGATE, LONG_TEXT, BIG, OBJECT, FALSE_INDEX,
           NEGATIVE, AFTER_END, (), '', raising, equal, fail, len, usual, closed, read_only, own, empty,
           closed_empty, corrupted, long, plain, foreign, unready, block, unready_block, VALUES,
           type(usual), type(iter(usual)), compiled.ListMixin, compiled.BlockMixin, Plain,
           Foreign, OwnReader, ValueError, IndexError, TypeError, RuntimeError, AttributeError, KeyError,
           OSError, OverflowError, KeyboardInterrupt, ZeroDivisionError, GLib.Error, memoryview,
           type(block.buf.obj), int, str, bytes, float, bool, list, tuple, range]


def measure():
    """Returns the numbers that must not change: those of references, and those of blocks of memory of
    Python's allocator and of 16 bytes of malloc()."""
    gc.collect()
    gc.collect()

    return ([sys.getrefcount(each) for each in watched],
            [sys.getallocatedblocks(), get_allocated_bytes() // 16])


def repeat(function, args, n_calls):
    for _ in range(n_calls):
        try:
            function(*args)
        except (Exception, KeyboardInterrupt):
            pass


def check(name, function, args, n_calls):
    repeat(function, args, n_calls // 4)
    references, memory = measure()
    repeat(function, args, n_calls)
    new_references, new_memory = measure()
    # A reference can still be in use, and caches of Python, PyGObject and GLib can grow. If each
    # call forgets something, then more is left.
    for what, old, new in zip(watched, references, new_references):
        if abs(new - old) > n_calls // 4:
            print(f'{name}: {new - old} references to {what!r:.60}')
    for what, old, new in zip(('blocks of memory', 'times 16 bytes'), memory, new_memory):
        if new - old > n_calls // 4 + 500:
            print(f'{name}: {new - old} {what}')


for name, function, *args in fast:
    check(name, function, args, N_CALLS)
for name, function, *args in slow:
    check(name, function, args, N_SLOW_CALLS)
check('make a cycle', make_cycle, (usual_name,), N_SLOW_CALLS // 10)
named.shm.unlink()
named_block.unlink()
print(f'{len(fast) + len(slow) + 1} calls')
