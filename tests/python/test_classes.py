# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The classes in the place of CPython's: in programs that change only their import line, and as
base classes."""

import abc
import contextlib
import copy
import fcntl
import gc
import itertools
import mmap
import multiprocessing
import os
import pickle
import subprocess
import sys
import typing
import warnings
import weakref
from multiprocessing import managers, shared_memory

import pytest
from gi.repository import GObject, Shm

from support import TIMEOUT, count_descriptors, exists, run_python

SILENT_IMPORTS = {
    'from gi.repository': 'from gi.repository import Shm as shared_memory',
    'from the namespace': 'from gi.repository.Shm import SharedMemory, SharedMemoryManager',
    'import': 'import gi.repository.Shm',
    'version chosen': "import gi; gi.require_version('Shm', '1.0'); from gi.repository import Shm",
    'unpickling': 'import pickle, sys; pickle.loads(sys.stdin.buffer.read())',
}


def run_plain(script, standard_input=b''):
    """Runs a script that has no line of its own that chooses a version. Returns its output."""
    result = subprocess.run([sys.executable, '-c', script], input=standard_input,
                            capture_output=True, timeout=TIMEOUT, check=False)
    assert (result.returncode, result.stderr) == (0, b'')

    return result.stdout.decode()


@pytest.mark.parametrize('script', SILENT_IMPORTS.values(), ids=SILENT_IMPORTS)
def test_import_is_silent(blocks, script):
    with Shm.SharedMemory(blocks.new_name(), create=True, size=1) as shm:
        run_plain(script, pickle.dumps(shm))
        shm.unlink()


def test_unavailable_version_is_refused():
    script = ('import gi\n'
              'try:\n'
              "    gi.require_version('Shm', '99.0')\n"
              'except ValueError as error:\n'
              '    print(error)')

    assert 'not available for version 99.0' in run_plain(script)


# Subclasses. The parameter `module` is first this library, then CPython itself.

class Stock:
    """CPython's classes, as attributes of one module."""

    SharedMemory = shared_memory.SharedMemory
    ShareableList = shared_memory.ShareableList
    SharedMemoryManager = managers.SharedMemoryManager


both = pytest.mark.parametrize('module', [Shm, Stock], ids=['shmobj', 'stock'])


@pytest.fixture
def unraisable(monkeypatch):
    """Collects the exceptions that finalizers raise."""
    raised = []
    monkeypatch.setattr(sys, 'unraisablehook', lambda args: raised.append(args.exc_value))
    yield raised
    assert raised == []


@both
def test_del_of_base_class(module, blocks, unraisable):
    class Erasing(module.SharedMemory):
        def __del__(self):
            super().__del__()
            assert self.buf is None
            self.unlink()

    name = blocks.new_name()
    shm = Erasing(name, create=True, size=10)
    del shm
    gc.collect()

    assert not exists(name)


@both
def test_del_of_base_class_by_name(module, blocks, unraisable):
    class Quiet(module.SharedMemory):
        def __del__(self):
            module.SharedMemory.__del__(self)

    shm = Quiet(blocks.new_name(), create=True, size=10)
    shm.unlink()
    shm.__del__()
    assert shm.buf is None
    shm.__del__()


@both
def test_del_calls_close_of_the_subclass(module, blocks, unraisable):
    calls = []

    class Logging(module.SharedMemory):
        def close(self):
            calls.append('close')
            super().close()

    shm = Logging(blocks.new_name(), create=True, size=10)
    shm.unlink()
    del shm
    gc.collect()

    assert calls == ['close']


@both
def test_del_ignores_an_oserror_of_close(module, blocks, unraisable):
    class Failing(module.SharedMemory):
        def close(self):
            super().close()
            raise OSError

    shm = Failing(blocks.new_name(), create=True, size=10)
    shm.unlink()
    del shm
    gc.collect()


@pytest.mark.parametrize('cls', [Shm.SharedMemory, type('Own', (Shm.SharedMemory,), {})])
def test_del_does_not_close_a_block_that_c_code_uses(cls, blocks):
    name = blocks.new_name()
    made = Shm.ShareableList([1, 2], name=name)
    values = Shm.ShareableList.new_for_shared_memory(cls(name))
    made.shm.close()
    gc.collect()
    assert list(values) == [1, 2]
    values.shm.unlink()


@both
def test_methods_before_the_constructor(module, unraisable):
    class Refusing(module.SharedMemory):
        def __init__(self):
            raise KeyError

        def __del__(self):
            super().__del__()
            self.close()
            self.unlink()

    with pytest.raises(KeyError):
        Refusing()
    gc.collect()


@both
def test_del_of_manager(module, unraisable):
    class Named(module.SharedMemoryManager):
        def __del__(self):
            super().__del__()

    manager = Named(ctx=multiprocessing.get_context('fork'))
    manager.start()
    assert manager.shutdown() is None
    del manager
    gc.collect()


class AttachOrCreate:
    """A constructor that calls the constructor of the base class again after a failure."""

    def __init__(self, name, *args, **kwargs):
        try:
            super().__init__(name=name)
        except FileNotFoundError:
            super().__init__(*args, name=name, **kwargs)


class CreateOrAttach:
    def __init__(self, name, *args, **kwargs):
        try:
            super().__init__(*args, name=name, **kwargs)
        except FileExistsError:
            super().__init__(name=name)


# After its constructor has failed to create a block, CPython's class cannot attach any more.
@pytest.mark.parametrize('module, order', [(Shm, AttachOrCreate), (Stock, AttachOrCreate),
                                           (Shm, CreateOrAttach)])
def test_constructor_again_after_a_failure(module, order, blocks):
    class Either(order, module.SharedMemory):
        pass

    name = blocks.new_name()
    first, second = (Either(name, create=True, size=10) for _ in range(2))
    first.buf[0] = 42
    assert (second.name, second.size, second.buf[0]) == (name, first.size, 42)
    first.close()
    second.close()
    second.unlink()


@both
@pytest.mark.parametrize('order', [AttachOrCreate, CreateOrAttach])
def test_constructor_of_a_list_again_after_a_failure(module, order, blocks):
    class Either(order, module.ShareableList):
        pass

    name = blocks.new_name()
    first, second = (Either(name, [1, 'two']) for _ in range(2))
    first[0] = 42
    assert (second.shm.name, list(second)) == (name, [42, 'two'])
    first.shm.close()
    second.shm.close()
    second.shm.unlink()


@pytest.mark.parametrize('fails', [1, 3])
def test_constructor_again_with_other_arguments(blocks, fails):
    name, other = blocks.new_name(), blocks.new_name()
    shm = Shm.SharedMemory.__new__(Shm.SharedMemory)
    for _ in range(fails):
        with pytest.raises(FileNotFoundError):
            shm.__init__(name, read_only=True)
    assert Shm.SharedMemory.is_closed(shm)
    shm.__init__(other, create=True, size=7, mode=0o640)
    assert (shm.name, shm.size, shm.mode, shm.read_only) == (other, 7, 0o640, False)
    shm.buf[0] = 1
    shm.unlink()
    with pytest.raises(RuntimeError, match='already initialized'):
        shm.__init__(other)


# Attributes

def test_private_attributes_of_cpython(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), create=True, size=5000)
    assert shm._name == '/' + shm.name
    assert shm._size == 5000
    shm._buf[0] = 42
    assert (shm._mmap[0], shm._mmap.size()) == (42, 5000)
    with mmap.mmap(shm._fd, shm.size, prot=mmap.PROT_READ) as view:
        assert view[0] == 42
    fcntl.flock(shm._fd, fcntl.LOCK_EX)
    assert os.fstat(shm._fd).st_size == 5000

    descriptor = shm._fd
    shm.close()
    assert (shm._fd, shm._buf, shm._mmap) == (-1, None, None)
    with pytest.raises(OSError):
        os.fstat(descriptor)
    shm.unlink()


@both
def test_disarmed_object(module, blocks, unraisable):
    """Programs assign None to these attributes if their arrays outlive the object."""
    shm = module.SharedMemory(blocks.new_name(), create=True, size=10)
    view = shm.buf[:5]
    shm.unlink()
    shm._buf = None
    shm._mmap = None
    shm.close()
    shm._name = None
    del shm
    gc.collect()
    view[0] = 1


@both
def test_descriptor_that_a_subclass_closes(module, blocks, unraisable):
    class Keeping(module.SharedMemory):
        def __del__(self):
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    shm = Keeping(blocks.new_name(), create=True, size=10)
    shm.unlink()
    view = shm.buf
    before = count_descriptors()
    del shm
    gc.collect()
    assert count_descriptors() == before - 1
    view[0] = 1


@both
def test_attributes_before_the_constructor(module, blocks):
    class Placeholder(module.ShareableList):
        def __init__(self, *args, **kwargs):
            self.shm = None
            super().__init__(*args, **kwargs)

    values = Placeholder([1], name=blocks.new_name())
    shm = values.shm
    assert values.shm is shm
    shm.close()
    shm.unlink()
    values.shm = None
    assert values.shm is None


@both
def test_names_of_a_subclass_do_not_collide(module, blocks):
    """Attributes and methods with names that the classes of this library could use."""
    def refuse(*args):
        raise AssertionError

    names = ('_view', '_views', '_lists', '_length', '_is_initialized', '_create', '_attach',
             '_copy', '_search', '_translate', '_connect', '_init', 'connect', 'disconnect', 'read',
             'write', 'map', 'seal', 'watch', 'emit', 'notify', 'mode', 'read_only', 'lock')

    class Own(module.SharedMemory):
        def __init__(self, *args, **kwargs):
            for name in names:
                setattr(self, name, refuse)
            super().__init__(*args, **kwargs)

    class OwnList(module.ShareableList):
        def __init__(self, *args, **kwargs):
            for name in names:
                setattr(self, name, refuse)
            super().__init__(*args, **kwargs)

    with contextlib.closing(Own(blocks.new_name(), create=True, size=10)) as shm:
        shm.buf[0] = 1
        assert all(getattr(shm, name) is refuse for name in names)
        shm.unlink()
    values = OwnList([1] * 40, name=blocks.new_name())
    assert [values[i] for i in range(40)] == [1] * 40
    values[3] = 2
    assert (values.index(2), values.count(1), 2 in values) == (3, 39, True)
    assert all(getattr(values, name) is refuse for name in names)
    values.shm.close()
    values.shm.unlink()


# Overridden methods

@both
@pytest.mark.parametrize('length', [5, 5000])
def test_list_reads_by_getitem_of_the_subclass(module, length, blocks):
    class Doubling(module.ShareableList):
        def __getitem__(self, index):
            return 2 * super().__getitem__(index)

    values = Doubling(range(length), name=blocks.new_name())
    assert list(values) == [2 * i for i in range(length)]
    assert list(reversed(values)) == [2 * i for i in reversed(range(length))]
    assert (values.index(4), values.count(4), values.count(3)) == (2, 1, 0)
    assert 8 in values and 3 not in values
    values[1] = 100
    assert (values[1], next(itertools.islice(values, 1, None))) == (200, 200)
    values.shm.close()
    values.shm.unlink()


@pytest.mark.parametrize('arguments', [{}, {'read_only': True}, {'any_owner': True}], ids=str)
@pytest.mark.parametrize('copies', [lambda value: pickle.loads(pickle.dumps(value)), copy.copy],
                         ids=['pickle', 'copy'])
def test_copy_of_a_subclass_instance(arguments, copies, blocks):
    for base, first in (Shm.SharedMemory, {'create': True, 'size': 8}), (Shm.ShareableList,
                                                                         {'sequence': [1]}):
        kind = base.__name__ + 'Subclass'
        cls = globals()[kind] = type(kind, (base,), {'__module__': __name__})
        made = cls(name=blocks.new_name(), **first)
        shm = getattr(made, 'shm', made)
        copied = copies(cls(name=shm.name, **arguments))
        assert type(copied) is cls
        assert getattr(copied, 'shm', copied).read_only == ('read_only' in arguments)
        shm.unlink()


@both
def test_list_searches_by_iter_of_the_subclass(module, blocks):
    class Constant(module.ShareableList):
        def __iter__(self):
            return iter([7, 8])

    values = Constant([1, 2, 3], name=blocks.new_name())
    assert (values.index(8), values.count(7), 1 in values) == (1, 1, False)
    values.shm.close()
    values.shm.unlink()


def test_setitem_of_a_subclass_may_convert(blocks):
    """The method of the base class does not call the method of the subclass for the new value."""
    class Text(str):
        pass

    class Converting(Shm.ShareableList):
        def __setitem__(self, index, value):
            super().__setitem__(index, Text(value))

    values = Converting([b'', '     '], name=blocks.new_name())
    values[1] = 123
    assert (values[1], type(values[1])) == ('123', str)
    values.shm.unlink()


@both
def test_manager_with_other_parameters(module, blocks):
    class Renamed(module.SharedMemoryManager):
        def SharedMemory(self, *, bytes):
            return super().SharedMemory(bytes)

        def ShareableList(self, *values):
            return super().ShareableList(values)

    with Renamed(ctx=multiprocessing.get_context('fork')) as server, contextlib.ExitStack() as stack:
        client = Renamed(server.address, server._authkey)
        client.connect()
        for manager in (server, client):
            shm = stack.enter_context(contextlib.closing(manager.SharedMemory(bytes=10)))
            blocks.add(shm)
            values = manager.ShareableList(1, 2)
            blocks.add(stack.enter_context(contextlib.closing(values.shm)))
            assert list(values) == [1, 2]


@both
def test_class_statements(module, blocks):
    class Total(abc.ABC):
        @abc.abstractmethod
        def total(self):
            pass

    class Tagged(module.SharedMemory, Total):
        __slots__ = ('count',)

        def __init_subclass__(cls, tag=None):
            cls.tag = tag

        def total(self):
            self.count = sum(self.buf[:3])
            return self.count

    class Derived(Tagged, tag='derived'):
        pass

    with warnings.catch_warnings(record=True) as caught:
        class Generic(Derived, typing.Generic[typing.TypeVar('T')], tag='generic'):
            __slots__ = ()
    assert caught == []

    for kind in (Derived, Generic):
        shm = kind(blocks.new_name(), create=True, size=3)
        shm.buf[:3] = b'\1\2\3'
        assert (shm.total(), shm.count) == (6, 6)
        assert isinstance(shm, (Total, Tagged)) and issubclass(kind, Total)
        shm.close()
        shm.unlink()
    assert (Derived.tag, Generic.tag) == ('derived', 'generic')


# The end of the program

ERASING = {
    'shmobj': 'from gi.repository.Shm import SharedMemory, ShareableList',
    'stock': 'from multiprocessing.shared_memory import SharedMemory, ShareableList',
}
AT_EXIT = """
import sys


class Erasing(SharedMemory):
    def __del__(self):
        print('del')
        super().__del__()
        self.unlink()


class ErasingList(ShareableList):
    def __del__(self):
        print('list', self.note)
        self.shm.close()
        self.shm.unlink()


class Note:
    def __del__(self):
        print('note')


def function():
    return shm, values, note


shm = Erasing(sys.argv[1], create=True, size=10)
values = ErasingList([1], name=sys.argv[2])
values.note = 'of the list'
note = Note()
"""


@pytest.mark.parametrize('collects', [False, True])
@pytest.mark.parametrize('implementation', ERASING)
def test_globals_are_finalized_at_exit(blocks, implementation, collects):
    names = blocks.new_name(), blocks.new_name()
    script = ERASING[implementation] + AT_EXIT + ('import gc; gc.collect()' if collects else '')
    result = subprocess.run([sys.executable, '-c', script, *names], capture_output=True, text=True,
                            timeout=TIMEOUT, check=False)

    assert sorted(result.stdout.splitlines()) == ['del', 'list of the list', 'note']
    assert result.stderr == ''
    assert [exists(name) for name in names] == [False, False]


def test_objects_of_a_local_class_are_collected(blocks, unraisable):
    def make():
        class Local(Shm.SharedMemory):
            pass

        Local.instance = Local(blocks.new_name(), create=True, size=10, track=False)
        Local.instance.unlink()

        return weakref.ref(Local)

    before = count_descriptors()
    reference = make()
    gc.collect()
    assert reference() is None
    assert count_descriptors() == before


def test_class_with_a_signal(blocks):
    class Counting(Shm.SharedMemory):
        limit = GObject.Property(type=int, default=3)
        seen = 0

        @GObject.Signal(arg_types=(int,))
        def counted(self, number):
            self.seen += number

    class Derived(Counting):
        pass

    for kind in Counting, Derived:
        shm = kind(blocks.new_name(), create=True, size=10)
        shm.emit('counted', 5)
        assert (shm.seen, shm.props.limit, kind.__gtype__.name.count('Counting')) == (5, 3, 1)
        shm.unlink()


# Pickling by value

BY_VALUE = '''
import abc, importlib, subprocess, sys

pickler = importlib.import_module(sys.argv[1])
protocol = int(sys.argv[2])


class Scaled:
    def scaled(self, factor):
        return factor * sum(self.buf[:4])


class Memory(Shm.SharedMemory, Scaled):
    """A block."""
    FACTOR = 2

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ready = True

    def total(self):
        return self.scaled(self.FACTOR)


class SpecialMemory(Memory):
    def total(self):
        return super().total() + 1


class List(Shm.ShareableList):
    def first(self):
        return self[0]


class Manager(Shm.SharedMemoryManager):
    def make(self, size):
        return self.SharedMemory(size)


CHILD = """
import sys, PICKLER as pickler
memory, values, kind = pickler.load(sys.stdin.buffer)
with kind() as manager:
    size = manager.make(5).size
print(type(memory).__name__, type(memory).__bases__[0].__doc__, memory.total(), memory.ready,
      values.first(), list(values), size)
again = pickler.loads(pickler.dumps(memory))
print(again.total())
for shm in (memory, again, values.shm):
    shm.close()
"""

with SpecialMemory(create=True, size=4, track=False) as memory:
    values = List([7, 8], track=False)
    try:
        memory.buf[:] = bytes([1, 2, 3, 4])
        data = pickler.dumps((memory, values, Manager), protocol=protocol)
        subprocess.run([sys.executable, '-c', CHILD.replace('PICKLER', sys.argv[1])], input=data,
                       check=True)
    finally:
        memory.unlink()
        values.shm.unlink()
'''


@pytest.mark.parametrize('protocol', range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('pickler', ['cloudpickle', 'dill'])
def test_pickling_by_value(pickler, protocol):
    pytest.importorskip(pickler)
    result = run_python(BY_VALUE, pickler, protocol)

    assert result.stderr == ''
    assert result.stdout == 'SpecialMemory A block. 21 True 7 [7, 8] 5\n21\n'


def test_classes_have_only_picklable_attributes():
    """Other modules that pickle a class by value also copy its dictionary."""
    class Memory(Shm.SharedMemory):
        size_of_header = 8

    class Values(Shm.ShareableList):
        pass

    for kind in (Memory, Values):
        names = {name for name in vars(kind) if not name.startswith('__') or name == '__gtype__'}
        assert names <= {'size_of_header'}

    assert Memory.__gtype__ == Shm.SharedMemory.__gtype__

