# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests Shm.SharedMemory. The first part runs each test with CPython's class too, because both
classes must behave in the same way. The second part tests features that CPython's class does not
have."""

import array
import contextlib
import copy
import errno
import gc
import itertools
import multiprocessing
import operator
import os
import pickle
import re
import stat
import subprocess
import sys
import threading
import time
from multiprocessing import shared_memory

import numpy as np
import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, GObject, Shm  # noqa: E402

from gi.overrides.Shm import extension, values as values_module  # noqa: E402

from support import (TIMEOUT, count_descriptors, exists, in_child, path_of,  # noqa: E402
                     remove_from_another_process, run_python, run_until, wait_for_result,
                     wait_until_removed)

SIZE = 1000  # not a multiple of the page size
NOBODY = 65534


class CPythonSubclass(shared_memory.SharedMemory):
    pass


class OurSubclass(Shm.SharedMemory):
    pass


class CPythonLabelled(shared_memory.SharedMemory):
    def __init__(self, name=None, create=False, size=0, label='none'):
        super().__init__(name, create, size)
        self.label = label


class OurLabelled(Shm.SharedMemory):
    def __init__(self, name=None, create=False, size=0, label='none'):
        super().__init__(name, create, size)
        self.label = label


def both(cpython_class, our_class):
    return pytest.mark.parametrize('cls', [cpython_class, our_class], ids=['cpython', 'shmobj'])


both_classes = both(shared_memory.SharedMemory, Shm.SharedMemory)


def close_and_unlink(shm):
    shm.close()
    if exists(shm.name):
        shm.unlink()


@pytest.fixture
def made(cls, blocks):
    """Creates a block of the class that the test runs with."""
    shm = cls(blocks.new_name(), True, SIZE)
    yield shm
    close_and_unlink(shm)


@pytest.fixture
def block(blocks):
    """Creates a block of this library."""
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE)
    yield shm
    close_and_unlink(shm)


def is_error(exception, code):
    """Returns whether the attribute gerror of an exception is a GLib.Error with this code."""
    return (isinstance(exception.gerror, GLib.Error)
            and exception.gerror.domain == 'shm-error-quark'
            and exception.gerror.code == int(code)
            and exception.gerror.matches(Shm.Error.quark(), code))


# Tests that also run with CPython's class

@both_classes
def test_generated_name(cls, blocks):
    shm = blocks.add(cls(create=True, size=SIZE))
    assert re.fullmatch('psm_[0-9a-f]{8}', shm.name)
    assert os.stat(path_of(shm.name)).st_size == SIZE
    shm.close()
    shm.unlink()


@both_classes
def test_given_name(cls, blocks):
    name = blocks.new_name()
    shm = cls(name=name, create=True, size=SIZE)
    assert shm.name == name
    assert os.stat(path_of(name)).st_size == SIZE
    assert stat.S_IMODE(os.stat(path_of(name)).st_mode) == 0o600
    shm.close()
    shm.unlink()


@both_classes
@pytest.mark.parametrize('size', [1, 4095, 4096, 4097, np.int64(100), True])
def test_size(cls, blocks, size):
    shm = cls(blocks.new_name(), True, size)
    other = cls(shm.name)
    assert (shm.size, len(shm.buf)) == (size, size)
    assert (other.size, len(other.buf)) == (size, size)
    other.close()
    shm.close()
    shm.unlink()


@both_classes
def test_buf(cls, made):
    buf = made.buf
    assert type(buf) is memoryview
    assert (buf.format, buf.itemsize, buf.ndim, buf.nbytes) == ('B', 1, 1, SIZE)
    assert not buf.readonly and buf.c_contiguous
    assert bytes(buf) == bytes(SIZE)
    assert made.buf is buf


@both_classes
def test_attach(cls, made):
    other = cls(made.name)
    made.buf[:5] = b'hello'
    assert bytes(other.buf[:5]) == b'hello'
    other.buf[-1] = 7
    assert made.buf[SIZE - 1] == 7
    other.close()
    assert exists(made.name)
    assert made.buf[0] == ord('h')


@both_classes
def test_attached_size_is_the_size_of_the_block(cls, made):
    other = cls(made.name, False, 0)
    assert other.size == SIZE
    other.close()


@both_classes
def test_only_three_positional_arguments(cls, blocks):
    with pytest.raises(TypeError):
        cls(blocks.new_name(), True, SIZE, False)


@both_classes
def test_repr(cls, made):
    assert repr(made) == f'SharedMemory({made.name!r}, size={SIZE})'
    assert str(made) == repr(made)


@both_classes
def test_close(cls, made):
    name = made.name
    made.close()
    made.close()
    assert made.buf is None
    assert (made.name, made.size) == (name, SIZE)
    assert repr(made) == f'SharedMemory({name!r}, size={SIZE})'
    assert exists(name)


@both_classes
def test_unlink(cls, made):
    made.unlink()
    assert not exists(made.name)
    made.buf[0] = 1
    with pytest.raises(FileNotFoundError):
        cls(made.name)
    with pytest.raises(FileNotFoundError) as excinfo:
        made.unlink()
    assert (excinfo.value.errno, excinfo.value.filename) == (errno.ENOENT, '/' + made.name)


@both_classes
def test_unlink_after_close(cls, made):
    made.close()
    made.unlink()
    assert not exists(made.name)


@both_classes
def test_create_existing_block(cls, made):
    made.buf[0] = 9
    with pytest.raises(FileExistsError) as excinfo:
        cls(made.name, True, 5)
    assert (excinfo.value.errno, excinfo.value.filename) == (errno.EEXIST, '/' + made.name)
    assert os.stat(path_of(made.name)).st_size == SIZE
    assert made.buf[0] == 9


@both_classes
def test_attach_to_missing_block(cls, blocks):
    name = blocks.new_name()
    with pytest.raises(FileNotFoundError) as excinfo:
        cls(name=name)
    assert (excinfo.value.errno, excinfo.value.filename) == (errno.ENOENT, '/' + name)
    assert not exists(name)


@both_classes
@pytest.mark.parametrize('arguments, kind', [
    ({}, ValueError),
    ({'size': SIZE}, ValueError),
    ({'create': True}, ValueError),
    ({'create': True, 'size': 0}, ValueError),
    ({'create': True, 'size': -1}, ValueError),
    ({'name': 'shmobj-py-missing', 'size': -1}, ValueError),
    ({'create': True, 'size': '10'}, TypeError),
    ({'create': True, 'size': None}, TypeError),
    ({'create': True, 'size': 1 << 70}, OverflowError),
    ({'create': True, 'size': 10, 'name': 7}, TypeError),
    ({'create': True, 'size': 10, 'name': b'bytes'}, TypeError),
    ({'name': 7}, TypeError),
    ({'name': ['shmobj-py-missing']}, TypeError),
    ({'nam': 'shmobj-py-missing'}, TypeError),
])
def test_bad_arguments(cls, blocks, arguments, kind):
    # CPython creates the block before it checks the size.
    if 'name' not in arguments and arguments.get('create'):
        arguments = {**arguments, 'name': blocks.new_name()}
    with pytest.raises(kind):
        cls(**arguments)
    if cls is shared_memory.SharedMemory:
        blocks.remove_leftovers()


@both_classes
def test_float_size(cls, blocks):
    with pytest.raises(TypeError):
        cls(blocks.new_name(), True, 10.0)
    if cls is shared_memory.SharedMemory:
        blocks.remove_leftovers()


@both_classes
@pytest.mark.parametrize('name', ['', 'a/b', '.', '..', 'x' * 256])
def test_bad_name(cls, name):
    with pytest.raises(OSError) as excinfo:
        cls(name, True, SIZE)
    assert excinfo.value.filename == '/' + name
    with pytest.raises(OSError):
        cls(name)


@both_classes
@pytest.mark.parametrize('create', [False, True])
def test_name_that_is_not_utf8(cls, create):
    with pytest.raises((UnicodeEncodeError, TypeError)):
        cls('shmobj-py-\udcff', create, SIZE)


@both_classes
@pytest.mark.parametrize('what', ['name', 'size', 'buf'])
def test_properties_are_read_only(cls, made, what):
    with pytest.raises(AttributeError):
        setattr(made, what, getattr(made, what))


@both_classes
def test_no_descriptor_is_leaked(cls, made):
    count = count_descriptors()
    for _ in range(20):
        other = cls(made.name)
        other.buf[0] = 1
    for _ in range(20):
        other = cls(made.name)
        other.buf[0] = 1
        other.close()
    del other
    gc.collect()
    assert count_descriptors() == count


@both_classes
def test_numpy(cls, made):
    other = cls(made.name)
    array = np.ndarray((10, 10), np.float64, buffer=made.buf)
    other_array = np.frombuffer(other.buf, np.float64, 100)
    array[:] = np.arange(100).reshape(10, 10)
    assert other_array.sum() == 4950
    other_array[99] = -1
    assert array[9, 9] == -1
    # An object of CPython's class cannot be closed while an array refers to its memory.
    del array, other_array
    other.close()


# Tests that also run with CPython's class: pickling

@both_classes
@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(cls, made, protocol):
    other = pickle.loads(pickle.dumps(made, protocol))
    assert type(other) is cls
    assert (other.name, other.size) == (made.name, SIZE)
    made.buf[3] = 3
    assert other.buf[3] == 3
    other.close()
    assert exists(made.name)


@both_classes
def test_pickle_of_unlinked_block(cls, made):
    pickled = pickle.dumps(made)
    made.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickled)


@both(CPythonSubclass, OurSubclass)
def test_pickle_of_subclass(cls, made):
    assert repr(made) == f'{cls.__name__}({made.name!r}, size={SIZE})'
    other = pickle.loads(pickle.dumps(made))
    assert type(other) is cls
    assert other.size == SIZE
    other.close()


@both(CPythonLabelled, OurLabelled)
def test_subclass_with_its_own_init(cls, blocks):
    shm = cls(blocks.new_name(), True, SIZE, 'mine')
    other = pickle.loads(pickle.dumps(shm))
    shm.buf[0] = 4
    assert (shm.label, other.label, other.buf[0]) == ('mine', 'none', 4)
    other.close()
    shm.close()
    shm.unlink()


@both_classes
def test_pickle_for_new_process(cls, made):
    # The new process imports Shm only because the pickle refers to Shm. In the test of CPython's
    # class, the resource tracker of the new process must not remove the block. Therefore the
    # process does not register the block, and ends with os._exit(), which runs no exit handlers.
    made.buf[:3] = b'abc'
    script = ('import os, pickle, sys\n'
              'from multiprocessing import resource_tracker\n'
              'if sys.argv[1] == "cpython": resource_tracker.register = lambda *args: None\n'
              'shm = pickle.load(sys.stdin.buffer)\n'
              'print(type(shm).__name__, shm.name, shm.size, bytes(shm.buf[:3]))\n'
              'shm.buf[0] = 65\n'
              'sys.stdout.flush()\n'
              'os._exit(0)\n')
    which = 'cpython' if cls is shared_memory.SharedMemory else 'ours'
    result = subprocess.run([sys.executable, '-c', script, which], input=pickle.dumps(made),
                            capture_output=True, timeout=TIMEOUT, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode() == f"SharedMemory {made.name} {SIZE} b'abc'\n"
    assert bytes(made.buf[:3]) == b'Abc'
    assert exists(made.name)


def store(shm, value):
    shm.buf[value] = value

    return (type(shm).__name__, shm.name, shm.size)


@pytest.mark.parametrize('method', ['fork', 'spawn'])
@both_classes
def test_process(cls, made, method):
    process = multiprocessing.get_context(method).Process(target=store, args=(made, 5))
    process.start()
    process.join(TIMEOUT)
    assert process.exitcode == 0
    assert made.buf[5] == 5
    assert exists(made.name)


@pytest.mark.parametrize('method', ['fork', 'spawn'])
@both_classes
def test_pool(cls, made, method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        results = pool.starmap_async(store, [(made, i) for i in range(10)]).get(TIMEOUT)
    assert set(results) == {('SharedMemory', made.name, SIZE)}
    assert bytes(made.buf[:10]) == bytes(range(10))
    assert exists(made.name)


# Tests of this library only: names and construction

@pytest.mark.parametrize('create', [False, True])
def test_nul_in_a_name(block, create):
    with pytest.raises(ValueError):
        Shm.SharedMemory(block.name + '\0more', create, SIZE)


@pytest.mark.parametrize('use', [
    lambda name: Shm.SharedMemory.attach(name, 0),
    lambda name: Shm.SharedMemory.create(name, SIZE, 0),
    lambda name: Shm.SharedMemory.create_full(name, SIZE, 0o600, 0, None),
    lambda name: Shm.SharedMemory.open_or_create(name, SIZE, 0o600, 0),
    lambda name: Shm.remove_block(name),
    lambda name: Shm.SharedMemory.attach_async(name, 0, None, None),
    lambda name: Shm.SharedMemory.open_or_create_async(name, SIZE, 0o600, 0, None, None),
], ids=['attach', 'create', 'create_full', 'open_or_create', 'remove_block', 'attach_async',
        'open_or_create_async'])
@pytest.mark.parametrize('block_exists', [False, True])
def test_nul_in_a_name_for_the_library(blocks, use, block_exists):
    # PyGObject must not cut the name at the NUL. Otherwise the function would use the block with
    # the shorter name.
    name = blocks.new_name()
    if block_exists:
        Shm.SharedMemory.create(name, SIZE, 0)
    with pytest.raises((ValueError, TypeError)):
        use(name + '\0more')
    assert exists(name) == block_exists
    blocks.remove_leftovers()


def test_invalid_name_is_os_error_and_value_error():
    with pytest.raises(OSError) as excinfo:
        Shm.SharedMemory('a/b', True, SIZE)
    assert isinstance(excinfo.value, ValueError)
    assert excinfo.value.errno == errno.EINVAL
    assert is_error(excinfo.value, Shm.Error.INVALID_NAME)


@pytest.mark.parametrize('create, advice', [(True, 'ASCII letters'), (False, 'UTF-8')])
@pytest.mark.parametrize('name', ['a/b', '..', ''])
def test_advice_for_a_name(name, create, advice):
    """The advice in the message depends on the operation: the rules for new names are stricter."""
    with pytest.raises(OSError) as excinfo:
        Shm.SharedMemory(name, create, SIZE)
    assert advice in str(excinfo.value)


@pytest.mark.parametrize('name', [5, b'abc', ('a',)])
@pytest.mark.parametrize('use', [
    lambda name: Shm.SharedMemory(name),
    lambda name: Shm.SharedMemory(name, True, SIZE),
    lambda name: Shm.SharedMemory.attach(name, 0),
    lambda name: Shm.ShareableList(name=name),
    lambda name: Shm.ShareableList([1], name=name),
    lambda name: Shm.remove_block(name),
], ids=['attach', 'create', 'attach()', 'attach list', 'create list', 'remove_block'])
def test_name_that_is_not_a_str(use, name):
    with pytest.raises(TypeError, match=f'name must be a str, not {type(name).__name__}'):
        use(name)


def test_leading_slash(block):
    other = Shm.SharedMemory('/' + block.name)
    assert other.name == block.name
    other.close()


def test_context_manager(blocks):
    name = blocks.new_name()
    with Shm.SharedMemory(name, True, SIZE) as shm:
        shm.buf[0] = 1
        assert not shm.is_closed()
    assert shm.is_closed() and shm.buf is None
    assert exists(name)
    shm.unlink()


def test_context_manager_with_an_exception(blocks):
    with pytest.raises(ZeroDivisionError):
        with Shm.SharedMemory(blocks.new_name(), True, SIZE) as shm:
            1 // 0
    assert shm.is_closed()
    shm.unlink()


def test_read_only(block):
    block.buf[:3] = b'abc'
    other = Shm.SharedMemory(block.name, read_only=True)
    assert other.read_only and other.is_read_only() and not block.read_only
    assert other.buf.readonly
    assert other.read(0, 3) == b'abc'
    with pytest.raises(TypeError):
        other.buf[0] = 1
    with pytest.raises(PermissionError) as excinfo:
        other.write(0, b'x')
    assert is_error(excinfo.value, Shm.Error.READ_ONLY)
    block.buf[0] = ord('A')
    assert bytes(other.buf[:3]) == b'Abc'
    other.close()


def test_read_only_needs_attaching(blocks):
    with pytest.raises(ValueError):
        Shm.SharedMemory(blocks.new_name(), True, SIZE, read_only=True)


def test_read_only_survives_pickling(block):
    other = Shm.SharedMemory(block.name, read_only=True)
    for _ in range(2):
        other = pickle.loads(pickle.dumps(other))
        assert type(other) is Shm.SharedMemory
        assert other.read_only and other.buf.readonly
    again = pickle.loads(pickle.dumps(block))
    assert not again.read_only


@pytest.mark.parametrize('mode', [0o600, 0o640, 0o666, 0o777, 0o400])
def test_mode(blocks, mode):
    old = os.umask(0o777)
    try:
        shm = Shm.SharedMemory(blocks.new_name(), True, SIZE, mode=mode)
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(path_of(shm.name)).st_mode) == mode
    assert shm.mode == mode
    shm.unlink()


def test_bad_mode(blocks):
    with pytest.raises(OSError) as excinfo:
        Shm.SharedMemory(blocks.new_name(), True, SIZE, mode=0o4600)
    assert is_error(excinfo.value, Shm.Error.NOT_SUPPORTED)


def test_sparse(blocks):
    sparse = Shm.SharedMemory(blocks.new_name(), True, 1 << 20, sparse=True)
    whole = Shm.SharedMemory(blocks.new_name(), True, 1 << 20)
    assert os.stat(path_of(sparse.name)).st_blocks == 0
    assert os.stat(path_of(whole.name)).st_blocks * 512 >= 1 << 20
    sparse.unlink()
    whole.unlink()


def test_sparse_block_larger_than_the_address_space(blocks):
    """The exception names the block, the limit and the remedy, and has the errno of CPython."""
    name = blocks.new_name()
    with pytest.raises(OSError) as excinfo:
        Shm.SharedMemory(name, True, 1 << 50, sparse=True)
    assert excinfo.value.errno == errno.ENOMEM
    assert is_error(excinfo.value, Shm.Error.NO_SPACE)
    assert f'"{name}"' in str(excinfo.value)
    assert re.search(r'1125899906842624 bytes does not fit .* about \d+ bytes are free',
                     str(excinfo.value))
    assert not exists(name)


if os.geteuid() == 0:  # Only root can change the owner of a block.
    def test_foreign_owner(block):
        os.chown(path_of(block.name), NOBODY, -1)

        with pytest.raises(PermissionError) as excinfo:
            Shm.SharedMemory(block.name)
        assert is_error(excinfo.value, Shm.Error.UNTRUSTED_OWNER)
        assert excinfo.value.errno == errno.EPERM

        other = pickle.loads(pickle.dumps(Shm.SharedMemory(block.name, any_owner=True)))
        other.buf[0] = 1
        assert (block.buf[0], other.get_owner_uid()) == (1, NOBODY)
        # The block has a new owner now. The object `block` was made before the change, so it cannot
        # unlink the block. The object also does not report that the block is unlinked.
        with pytest.raises(PermissionError):
            block.unlink()
        assert not block.is_unlinked()
        os.chown(path_of(block.name), os.geteuid(), -1)


def test_no_permission(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE, mode=0)

    def attach():
        if os.geteuid() == 0:
            # root can open every block.
            try:
                os.setuid(NOBODY)
            except OSError:
                return True
        try:
            Shm.SharedMemory(shm.name)
        except PermissionError as error:
            return error.errno == errno.EACCES and is_error(error, Shm.Error.PERMISSION_DENIED)

    assert in_child(attach)
    shm.unlink()


# Tests of this library only: errors

def closed_block(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE)
    shm.unlink()
    shm.close()

    return shm


@pytest.mark.parametrize('provoke, kind, code', [
    (lambda shm: Shm.SharedMemory(shm.name, True, 1), FileExistsError, Shm.Error.EXISTS),
    (lambda shm: Shm.SharedMemory(shm.name + '-no'), FileNotFoundError, Shm.Error.NOT_FOUND),
    (lambda shm: Shm.SharedMemory('', True, 1), OSError, Shm.Error.INVALID_NAME),
    (lambda shm: shm.read(0, SIZE + 1), IndexError, Shm.Error.OUT_OF_RANGE),
    (lambda shm: shm.write(SIZE - 1, b'ab'), IndexError, Shm.Error.OUT_OF_RANGE),
], ids=['exists', 'not-found', 'invalid-name', 'read-out-of-range', 'write-out-of-range'])
def test_exceptions(block, provoke, kind, code):
    with pytest.raises(kind) as excinfo:
        provoke(block)
    assert is_error(excinfo.value, code)
    assert str(excinfo.value.gerror.message) in str(excinfo.value)


@pytest.mark.parametrize('use', [
    lambda shm: shm.read(),
    lambda shm: shm.read(0, 1),
    lambda shm: shm.write(0, b'a'),
    lambda shm: shm.map(),
    lambda shm: shm.dup_fd(),
    lambda shm: shm.watch(),
    lambda shm: shm.seal(Shm.SealFlags.RESIZE),
], ids=['read', 'read-part', 'write', 'map', 'dup_fd', 'watch', 'seal'])
def test_closed(blocks, use):
    with pytest.raises(ValueError) as excinfo:
        use(closed_block(blocks))
    assert is_error(excinfo.value, Shm.Error.CLOSED)


def test_unlink_does_not_remove_another_block(blocks):
    old = Shm.SharedMemory(blocks.new_name(), True, SIZE)
    os.unlink(path_of(old.name))
    new = Shm.SharedMemory(old.name, True, SIZE)
    with pytest.raises(FileNotFoundError) as excinfo:
        old.unlink()
    assert is_error(excinfo.value, Shm.Error.NOT_FOUND)
    assert exists(new.name)
    new.unlink()


LIMITED = '''
import resource
before = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (before + (256 << 20),) * 2)
try:
    Shm.SharedMemory(sys.argv[1], True, 1 << 34, sparse=True, track=False)
except (OSError, MemoryError):
    print('failed')
'''


def test_block_is_removed_if_mapping_fails(blocks):
    name = blocks.new_name()
    assert run_python(LIMITED, name).stdout == 'failed\n'
    assert not exists(name)


@pytest.mark.parametrize('program, exception, text', [
    ('/nowhere/shmobj-tracker', FileNotFoundError, 'set the environment variable SHMOBJ_TRACKER'),
    ('/etc/passwd', PermissionError, 'cannot be started'),
])
def test_block_is_removed_if_tracking_fails(blocks, program, exception, text):
    name = blocks.new_name()
    script = ('os.environ["SHMOBJ_TRACKER"] = sys.argv[2]\n'
              'try:\n'
              '    Shm.SharedMemory(sys.argv[1], True, 1)\n'
              'except OSError as error:\n'
              '    print(type(error).__name__, error)\n'
              'Shm.SharedMemory(sys.argv[1], True, 1, track=False).unlink()\n')
    output = run_python(script, name, program).stdout
    assert output.startswith(exception.__name__)
    assert name in output and program in output and text in output
    assert not exists(name)


JOINING = '''
import multiprocessing
import resource
from gi.overrides.Shm import program

def find_registries(pid):
    links = set()
    for fd in os.listdir(f'/proc/{pid}/fd'):
        try:
            links.add(os.readlink(f'/proc/{pid}/fd/{fd}'))
        except FileNotFoundError:
            pass
    return {link for link in links if link.startswith(('/dev/shm/#', '/dev/shm/.shmobj'))}

def is_member():
    return bool(find_registries(os.getpid()) & find_registries(os.getppid()))

def enter_without_descriptors():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, limit[1]))
    files = []
    try:
        while True:
            files.append(os.open('/', os.O_PATH))
    except OSError:
        os.close(files.pop())  # The search in /proc begins, and cannot open a file.
    program.enter()
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)

# As in a child that multiprocessing has started.
program._get_parent_pid = os.getppid
enter_without_descriptors()
print(is_member())
Shm.SharedMemory(create=True, size=1, track=False).unlink()
print(is_member())
'''


def test_child_joins_program_when_it_has_descriptors():
    """A child that cannot join the program of its parent for want of descriptors tries again."""
    assert run_python(JOINING).stdout == 'False\nTrue\n'


def test_only_constructors_track(blocks):
    """The functions with the names of C track a block only with the flag."""
    names = [blocks.new_name() for _ in range(6)]
    made = [Shm.SharedMemory(names[0], True, SIZE), Shm.ShareableList([1], name=names[1]),
            Shm.SharedMemory.create(names[2], SIZE, Shm.CreateFlags.TRACK),
            Shm.SharedMemory.create(names[3], SIZE), Shm.ShareableList.create([1], names[4]),
            Shm.Frames.create(names[5], SIZE, 4)]

    owned = {info.name for info in Shm.list_owned_blocks()}
    assert [name in owned for name in names] == [True] * 3 + [False] * 3
    for name in names:
        Shm.remove_block(name)
    del made


@both_classes
def test_private_name_for_the_tracker(made):
    assert made._name == '/' + made.name


UNREGISTERED = '''
from multiprocessing import resource_tracker
create = sys.argv[2] == 'create'
if sys.argv[3] == 'cpython':
    from multiprocessing.shared_memory import SharedMemory
    shm = SharedMemory(sys.argv[1], create, 100)
else:
    shm = Shm.SharedMemory(sys.argv[1], create, 100)
resource_tracker.unregister(shm._name, 'shared_memory')
'''


@pytest.mark.parametrize('which', ['cpython', 'ours'])
def test_block_that_a_program_unregisters_stays(blocks, which):
    name = blocks.new_name()
    for action in 'create', 'attach':
        assert run_python(UNREGISTERED, name, action, which).stderr == ''
        assert exists(name)
    Shm.remove_block(name)


def test_unlink_makes_the_resource_tracker_forget_the_block(blocks):
    # Up to Python 3.12, CPython's class registers a block to which it attaches, and only its own
    # unlink() unregisters the block.
    script = ('from multiprocessing.shared_memory import SharedMemory\n'
              'shm = Shm.SharedMemory(sys.argv[1], True, 100)\n'
              'SharedMemory(sys.argv[1]).close()\n'
              'shm.unlink()\n')
    assert run_python(script, blocks.new_name()).stderr == ''


def test_init_twice(blocks):
    # After a second __init__, an attached object must not become the creator of its block. A
    # creator removes the block if a later step of the creation fails.
    objects = [Shm.SharedMemory(blocks.new_name(), True, SIZE)]
    objects.append(Shm.SharedMemory(objects[0].name))
    for shm in objects:
        with pytest.raises(RuntimeError):
            shm.__init__(blocks.new_name(), True, 1 << 20)
        assert exists(shm.name)
    objects[0].unlink()


@both_classes
@pytest.mark.parametrize('copy', [copy.copy, copy.deepcopy])
def test_copy(made, copy):
    other = copy(made)
    assert (type(other), other.name, other.size) == (type(made), made.name, made.size)
    other.buf[1] = 77
    assert made.buf[1] == 77
    other.close()


def test_negative_numbers(block):
    for use in (lambda: block.read(-1), lambda: block.read(0, -1), lambda: block.write(-1, b'')):
        with pytest.raises(IndexError):
            use()


# Tests of this library only: memory

def test_views_survive_close(block):
    view = block.buf
    part = block.buf[10:20]
    array = np.frombuffer(block.buf, np.uint8)
    other = Shm.SharedMemory(block.name)
    block.close()
    assert block.buf is None

    other.buf[10] = 42
    assert (view[10], part[0], array[10]) == (42, 42, 42)
    part[1] = 43
    array[12] = 44
    assert other.read(10, 3) == bytes([42, 43, 44])
    other.close()


def test_views_survive_the_object(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE)
    array = np.frombuffer(shm.buf, np.uint8)
    shm.write(5, b'x')
    shm.unlink()
    del shm
    gc.collect()
    array[6] = 1
    assert (array[5], array.sum()) == (ord('x'), ord('x') + 1)


def test_last_view_unmaps_the_memory(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE)
    view = shm.buf
    inode = str(os.stat(path_of(shm.name)).st_ino)
    shm.unlink()
    shm.close()

    def is_mapped():
        with open('/proc/self/maps', encoding='utf-8', errors='replace') as maps:
            return any(line.split()[4] == inode for line in maps)

    assert is_mapped()
    del view
    assert not is_mapped()


@pytest.mark.parametrize('data', [
    b'0123456789',
    bytearray(b'0123456789'),
    memoryview(b'0123456789'),
    memoryview(b'0_1_2_3_4_5_6_7_8_9_')[::2],
    np.frombuffer(b'0123456789', np.uint8),
    np.frombuffer(b'0123456789', '<u2'),
    np.frombuffer(b'0516273849', np.uint8).reshape(5, 2).T,
], ids=['bytes', 'bytearray', 'memoryview', 'view-with-step', 'array', 'array-of-u2', 'transposed'])
def test_write(block, data):
    block.write(90, data)
    assert block.read(90, 10) == b'0123456789'
    assert bytes(block.buf[89:101]) == b'\0' + b'0123456789' + b'\0'
    assert type(block.read(0, 1)) is bytes


def test_write_of_other_types(block):
    for data in ['text', 5, None, [1, 2]]:
        with pytest.raises(TypeError):
            block.write(0, data)
    assert block.read() == bytes(SIZE)


def test_read(block):
    block.buf[:] = bytes(i % 251 for i in range(SIZE))
    whole = bytes(block.buf)
    assert block.read() == whole
    assert block.read(990) == whole[990:]
    assert block.read(3, 4) == whole[3:7]
    assert block.read(offset=3, length=4) == whole[3:7]
    assert block.read(SIZE) == b''
    assert block.read(0, 0) == b''
    block.write(SIZE, b'')
    block.write(0, b'')
    assert block.read() == whole


def test_read_is_a_copy(block):
    copy = block.read(0, 2)
    block.buf[0] = 1
    assert copy == b'\0\0'


@pytest.mark.parametrize('offset, length', [(SIZE + 1, None), (SIZE + 1, 0), (SIZE, 1),
                                            (0, SIZE + 1), (1 << 63, 1), (1, (1 << 64) - 1)])
def test_out_of_range(block, offset, length):
    with pytest.raises(IndexError) as excinfo:
        block.read(offset, length)
    assert is_error(excinfo.value, Shm.Error.OUT_OF_RANGE)
    if length is None or length < 10000:
        with pytest.raises(IndexError):
            block.write(offset, bytes(length or 0))
    assert block.read() == bytes(SIZE)


def test_negative_range(block):
    for use in [lambda: block.read(-1), lambda: block.read(0, -1), lambda: block.write(-1, b'a')]:
        with pytest.raises((IndexError, OverflowError)):
            use()


def test_truncated_by_another_process(block):
    os.truncate(path_of(block.name), 10)
    assert block.read(0, 10) == bytes(10)
    for use in [lambda: block.read(0, 11), lambda: block.write(5, b'123456')]:
        with pytest.raises(ValueError) as excinfo:
            use()
        assert is_error(excinfo.value, Shm.Error.CORRUPT)


def test_bulk_is_not_copied_item_by_item(monkeypatch):
    """PyGObject copies an object of the type bytes in one piece, and any other sequence item by
    item. The test records the types of the objects that the override passes to PyGObject."""
    passed = []

    def record(data):
        passed.append(type(data))
        return GLib.Bytes.new(data)

    monkeypatch.setattr(values_module, '_new_bytes', record)
    data = os.urandom(SIZE)
    with contextlib.closing(Shm.SharedMemory.create_anonymous(SIZE, 0)) as shm:
        for source in (data, bytearray(data), memoryview(data), memoryview(data * 2)[::2],
                       np.frombuffer(data, np.uint8), array.array('B', data)):
            shm.write(0, source)
            read = shm.read()
            assert type(read) is bytes
            assert read == bytes(source)
    assert passed == ([bytes] * 6 if extension.module is None else [])


def get_mapping_flags(name):
    """Returns the kernel's flags of the mapping of a block in this process, as a set."""
    inode = os.stat(path_of(name)).st_ino
    with open('/proc/self/smaps', encoding='utf-8', errors='replace') as smaps:
        flags, = re.findall(rf'^\S+ \S+ \S+ \S+ {inode} .*\n(?:\w+: .*\n)*?VmFlags:(.*)',
                            smaps.read(), re.MULTILINE)

    return set(flags.split())


@pytest.mark.skipif(not os.path.exists('/sys/kernel/mm/transparent_hugepage'),
                    reason='the kernel has no transparent huge pages')
@pytest.mark.parametrize('flags', [Shm.CreateFlags.NONE, Shm.CreateFlags.SPARSE],
                         ids=['reserved', 'sparse'])
def test_huge_pages(flags):
    """With the flag, the mapping of the creator has the flag "hg" of MADV_HUGEPAGE."""
    name = f'shmobj-huge-{os.getpid()}'
    flags |= Shm.CreateFlags.UNLINK_ON_CLOSE
    with contextlib.closing(Shm.SharedMemory.create_full(
            name, 4 << 20, flags=flags | Shm.CreateFlags.HUGE_PAGES)) as block:
        assert 'hg' in get_mapping_flags(name)
        assert (os.stat(path_of(name)).st_blocks == 0) == bool(flags & Shm.CreateFlags.SPARSE)
        block.set_int64(4 << 19, 7)
        assert block.read(4 << 19, 1) == b'\7'
    with contextlib.closing(Shm.SharedMemory.create_full(name, 4 << 20, flags=flags)) as block:
        block.set_int64(0, 7)
        assert 'hg' not in get_mapping_flags(name)


def test_numbers(block):
    block.set_int32(4, -5)
    block.set_double(8, 0.25)
    assert np.frombuffer(block.buf, np.int32, 1, 4)[0] == -5
    block.buf[8:16] = np.float64(1e300).tobytes()
    assert (block.get_int32(4), block.get_double(8)) == (-5, 1e300)
    with pytest.raises(IndexError) as excinfo:
        block.get_int64(SIZE - 7)
    assert is_error(excinfo.value, Shm.Error.OUT_OF_RANGE)


# Tests of this library only: objects that C code makes

@pytest.mark.parametrize('make', [
    lambda name: Shm.SharedMemory.create(name, SIZE, Shm.CreateFlags.NONE),
    lambda name: Shm.SharedMemory.create_full(name, SIZE, 0o600, 0, None),
    lambda name: Shm.SharedMemory.open_or_create(name, SIZE, 0o600, 0),
    lambda name: Shm.SharedMemory.create_finish(
        wait_for_result(Shm.SharedMemory.create_async, name, SIZE, 0o600, 0, None)),
    lambda name: Shm.SharedMemory.open_or_create_finish(
        wait_for_result(Shm.SharedMemory.open_or_create_async, name, SIZE, 0o600, 0, None)),
], ids=['create', 'create_full', 'open_or_create', 'create_async', 'open_or_create_async'])
def test_constructors_of_the_library(blocks, make):
    name = blocks.new_name()
    with make(name) as shm:
        assert type(shm) is Shm.SharedMemory
        assert (shm.name, shm.size, len(shm.buf)) == (name, SIZE, SIZE)
        assert repr(shm) == f'SharedMemory({name!r}, size={SIZE})'
        with Shm.SharedMemory.attach(name, Shm.AttachFlags.NONE) as other:
            shm.buf[0] = 8
            assert other.buf[0] == 8
            assert pickle.loads(pickle.dumps(other)).buf[0] == 8
        assert other.is_closed()
    assert shm.buf is None
    shm.unlink()
    with pytest.raises(FileNotFoundError):
        shm.unlink()


def test_open_or_create_of_existing_block(block):
    shm = Shm.SharedMemory.open_or_create(block.name, 10, 0o600, 0)
    assert shm.size == SIZE
    assert shm.get_origin() == Shm.Origin.OPEN_OR_CREATE
    assert not shm.is_creator()
    with pytest.raises(ValueError) as excinfo:
        Shm.SharedMemory.open_or_create(block.name, SIZE + 1, 0o600, 0)
    assert is_error(excinfo.value, Shm.Error.INVALID_SIZE)


def test_attach_async(block, blocks):
    result = wait_for_result(Shm.SharedMemory.attach_async, block.name,
                             Shm.AttachFlags.READ_ONLY, None)
    shm = Shm.SharedMemory.attach_finish(result)
    assert type(shm) is Shm.SharedMemory
    assert shm.read_only and len(shm.buf) == SIZE
    result = wait_for_result(Shm.SharedMemory.attach_async, blocks.new_name(), 0, None)
    with pytest.raises(FileNotFoundError) as excinfo:
        Shm.SharedMemory.attach_finish(result)
    assert is_error(excinfo.value, Shm.Error.NOT_FOUND)


def test_open_or_create_async_of_existing_block(block):
    def open_or_create(size):
        return Shm.SharedMemory.open_or_create_finish(wait_for_result(
            Shm.SharedMemory.open_or_create_async, block.name, size, 0o600, 0, None))

    shm = open_or_create(10)
    assert shm.size == SIZE and not shm.is_creator()
    with pytest.raises(ValueError) as excinfo:
        open_or_create(SIZE + 1)
    assert is_error(excinfo.value, Shm.Error.INVALID_SIZE)


def test_create_anonymous_async():
    result = wait_for_result(Shm.SharedMemory.create_anonymous_async, SIZE, 0, None)
    with Shm.SharedMemory.create_anonymous_finish(result) as shm:
        assert (type(shm), shm.name, len(shm.buf)) == (Shm.SharedMemory, None, SIZE)


def test_undefined_flags(blocks):
    for call in (lambda: Shm.SharedMemory.create(blocks.new_name(), SIZE,
                                                    Shm.CreateFlags(1 << 30)),
                 lambda: Shm.SharedMemory.attach(blocks.new_name(), Shm.AttachFlags(1 << 30))):
        with pytest.raises(OSError) as excinfo:
            call()
        assert is_error(excinfo.value, Shm.Error.NOT_SUPPORTED)


def test_read_and_write_async(block):
    for data in b'0123456789', bytearray(b'0123456789'), memoryview(b'0_1_2_3_4_5_6_7_8_9_')[::2]:
        block.buf[:] = bytes(SIZE)
        assert block.write_finish(wait_for_result(block.write_async, 90, data, None))
        content = block.read_finish(wait_for_result(block.read_async, 90, 10, None))
        assert type(content) is bytes and content == b'0123456789'
    assert block.read_finish(wait_for_result(block.read_async, 0, 0, None)) == b''

    for function, finish, *arguments in ((block.read_async, block.read_finish, SIZE, 1),
                                         (block.write_async, block.write_finish, SIZE - 1, b'ab')):
        result = wait_for_result(function, *arguments, None)
        with pytest.raises(IndexError) as excinfo:
            finish(result)
        assert is_error(excinfo.value, Shm.Error.OUT_OF_RANGE)
    for call in (lambda: block.read_async(-1, 1), lambda: block.read_async(0, -1),
                 lambda: block.write_async(-1, b'a')):
        with pytest.raises(IndexError):
            call()
    with pytest.raises(TypeError):
        block.write_async(0, 'text')


def test_attach_read_only(block):
    shm = Shm.SharedMemory.attach(block.name, Shm.AttachFlags.READ_ONLY)
    assert shm.read_only and shm.buf.readonly


def test_anonymous():
    with Shm.SharedMemory.create_anonymous(SIZE, 0) as shm:
        assert shm.name is None
        assert repr(shm) == f'SharedMemory(None, size={SIZE})'
        shm.buf[1] = 11
        other = Shm.SharedMemory.attach_fd(shm.get_fd(), 0)
        fd = shm.dup_fd()
        third = Shm.SharedMemory.attach_fd(fd, Shm.AttachFlags.READ_ONLY)
        os.close(fd)
    assert (other.buf[1], third.buf[1], third.buf.readonly) == (11, 11, True)
    with pytest.raises(TypeError):
        pickle.dumps(other)
    with pytest.raises(OSError) as excinfo:
        other.unlink()
    assert is_error(excinfo.value, Shm.Error.NOT_SUPPORTED)
    assert excinfo.value.filename is None


def test_sealed_against_resizing():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    shm.seal(Shm.SealFlags.RESIZE)
    assert shm.get_seals() == Shm.SealFlags.RESIZE
    with pytest.raises(PermissionError):
        os.ftruncate(shm.get_fd(), 1)
    shm.buf[0] = 1
    assert shm.read(0, 1) == b'\1'


def test_sealed_against_writing():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    shm.write(0, b'fixed')
    shm.seal(Shm.SealFlags.WRITE)
    other = Shm.SharedMemory.attach_fd(shm.get_fd(), 0)
    for each in [shm, other]:
        assert each.read_only
        assert each.buf.readonly
        assert bytes(each.buf[:5]) == b'fixed'
        with pytest.raises(PermissionError):
            each.write(0, b'x')


def test_sealed_against_writing_after_buf_was_used():
    # seal() drops the view that the object keeps for `buf`, so this view does not prevent the seal.
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    shm.buf[:5] = b'fixed'
    shm.seal(Shm.SealFlags.WRITE)
    assert shm.buf.readonly
    assert bytes(shm.buf[:5]) == b'fixed'


def test_kept_view_prevents_seal_against_writing():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    view = shm.buf
    with pytest.raises(OSError):
        shm.seal(Shm.SealFlags.WRITE)
    view[0] = 1
    assert (shm.buf[0], shm.read_only) == (1, False)


def test_seals_are_told_apart():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    shm.seal(Shm.SealFlags.SHRINK)
    assert shm.get_seals() == Shm.SealFlags.SHRINK
    os.ftruncate(shm.get_fd(), SIZE + 1)
    shm.seal(Shm.SealFlags.GROW | Shm.SealFlags.SEAL)
    assert shm.get_seals() == Shm.SealFlags.RESIZE | Shm.SealFlags.SEAL


def test_sealed_against_future_writing():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    shm.seal(Shm.SealFlags.FUTURE_WRITE)
    other = Shm.SharedMemory.attach_fd(shm.get_fd(), 0)
    assert other.buf.readonly
    shm.buf[:3] = b'new'
    assert bytes(other.buf[:3]) == b'new'


def test_reader_does_not_prevent_seal_against_writing():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    reader = Shm.SharedMemory.attach_fd(shm.get_fd(), Shm.AttachFlags.READ_ONLY)
    view = reader.buf
    shm.write(0, b'fixed')
    shm.seal(Shm.SealFlags.WRITE)
    assert bytes(view[:5]) == b'fixed'


def test_buf_of_block_that_another_object_has_sealed():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    other = Shm.SharedMemory.attach_fd(shm.get_fd(), 0)
    shm.write(0, b'fixed')
    shm.seal(Shm.SealFlags.WRITE)
    assert other.buf.readonly
    assert bytes(other.buf[:5]) == b'fixed'
    assert other.read_only


@pytest.mark.skipif(not hasattr(os, 'splice'), reason='needs os.splice() of Python 3.10')
def test_page_in_pipe_prevents_seal_against_writing():
    shm = Shm.SharedMemory.create_anonymous(SIZE, 0)
    shm.buf[:5] = b'fixed'
    reading, writing = os.pipe()
    os.splice(shm.get_fd(), writing, 5, offset_src=0)
    with pytest.raises(TimeoutError, match='in a pipe') as excinfo:
        shm.seal_finish(wait_for_result(shm.seal_async, Shm.SealFlags.WRITE, None))
    assert is_error(excinfo.value, Shm.Error.TIMED_OUT)
    assert not shm.read_only
    shm.buf[0] = 1
    os.read(reading, 5)
    os.close(reading)
    os.close(writing)
    assert shm.seal_finish(wait_for_result(shm.seal_async, Shm.SealFlags.WRITE, None))
    assert shm.buf.readonly


def test_named_block_cannot_be_sealed(block):
    with pytest.raises(OSError) as excinfo:
        block.seal(Shm.SealFlags.RESIZE)
    assert is_error(excinfo.value, Shm.Error.NOT_SUPPORTED)


def test_without_init(blocks):
    shm = Shm.SharedMemory.__new__(Shm.SharedMemory)
    GObject.Object.__init__(shm, name=blocks.new_name(), size=SIZE)
    assert shm.buf is None
    for use in [shm.read, shm.unlink, shm.watch, lambda: shm.write(0, b'a')]:
        with pytest.raises(ValueError) as excinfo:
            use()
        assert is_error(excinfo.value, Shm.Error.CLOSED)
    with pytest.raises(ValueError) as excinfo:
        shm.get_int32(0)
    assert is_error(excinfo.value, Shm.Error.CLOSED)
    shm.close()


def test_gobject_subclass(block):
    class Counting(Shm.SharedMemory):
        __gtype_name__ = 'TestCountingSharedMemory'
        count = GObject.Property(type=int, default=3)

    shm = Counting(block.name)
    shm.count += 1
    block.buf[0] = 6
    assert (shm.count, shm.buf[0], shm.props.size) == (4, 6, SIZE)
    shm.close()


# Tests of this library only: signals, the main loop, blocks of the system

def test_signals(block):
    seen = []
    block.connect('closed', lambda shm: seen.append(('closed', shm.buf)))
    block.connect('unlinked', lambda shm: seen.append(('unlinked', exists(shm.name))))
    block.connect('notify::is-closed', lambda shm, _: seen.append(('is-closed', shm.is_closed())))
    block.connect('notify::is-unlinked',
                  lambda shm, _: seen.append(('is-unlinked', shm.is_unlinked())))
    assert block.buf[0] == 0
    block.unlink()
    block.close()
    block.close()
    assert seen == [('is-unlinked', True), ('unlinked', False), ('is-closed', True),
                    ('closed', None)]


def test_watch(block):
    loop = GLib.MainLoop()
    seen = []

    def on_unlinked(shm):
        seen.append(shm.is_unlinked())
        loop.quit()

    watching = Shm.SharedMemory(block.name)
    watching.connect('unlinked', on_unlinked)
    watching.watch()
    remove_from_another_process(block.name)
    source = GLib.timeout_add_seconds(TIMEOUT, loop.quit)
    loop.run()
    assert seen == [True]
    GLib.source_remove(source)
    with pytest.raises(FileNotFoundError):
        block.unlink()


def test_unwatch(blocks):
    first = Shm.SharedMemory(blocks.new_name(), True, SIZE, track=False)
    second = Shm.SharedMemory(blocks.new_name(), True, SIZE, track=False)
    first.watch()
    second.watch()
    first.unwatch()
    remove_from_another_process(first.name)
    remove_from_another_process(second.name)
    # The kernel reports removals in their order. So when the second removal has been reported, a
    # report of the first removal can no longer arrive.
    run_until(second.is_unlinked)
    assert not first.is_unlinked()


def create_async(name, cancellable=None):
    result = wait_for_result(Shm.SharedMemory.create_async, name, SIZE, 0o640,
                             Shm.CreateFlags.NONE, cancellable)

    return Shm.SharedMemory.create_finish(result)


def test_create_async(blocks):
    name = blocks.new_name()
    with create_async(name) as shm:
        assert type(shm) is Shm.SharedMemory
        assert (shm.name, shm.size, shm.mode, len(shm.buf)) == (name, SIZE, 0o640, SIZE)
    with pytest.raises(FileExistsError) as excinfo:
        create_async(name)
    assert is_error(excinfo.value, Shm.Error.EXISTS)
    shm.unlink()


def test_create_async_cancelled(blocks):
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    with pytest.raises(GLib.Error) as excinfo:
        create_async(blocks.new_name(), cancellable)
    assert excinfo.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_list_blocks(block):
    infos = Shm.list_blocks()
    names = [info.get_name() for info in infos]
    assert names == sorted(names, key=os.fsencode)
    found = [(info.get_name(), info.get_size(), info.get_owner_uid(), info.get_mode())
             for info in infos if info.get_name() == block.name]
    assert found == [(block.name, SIZE, os.geteuid(), 0o600)]


def test_block_info(block):
    info = next(info for info in Shm.list_blocks() if info.name == block.name)
    assert type(info) is Shm.BlockInfo
    assert (info.size, info.owner_uid, info.mode) == (SIZE, os.geteuid(), 0o600)
    assert repr(info) == str(info) == (
        f"BlockInfo(name='{block.name}', size={SIZE}, owner_uid={os.geteuid()}, mode=0o600)")
    assert info.copy().name == block.name
    for name in 'name', 'size', 'owner_uid', 'mode':
        with pytest.raises(AttributeError):
            setattr(info, name, None)
    block.close()
    block.unlink()
    assert info.name == block.name


def test_default_arguments_of_functions(blocks):
    """The parameters have the order and the names of the functions in C."""
    cls = Shm.SharedMemory
    for create in (
            lambda name: cls.create(name, SIZE),
            lambda name: cls.create(name=name, size=SIZE),
            lambda name: cls.create(name, SIZE, Shm.CreateFlags.NONE),
            lambda name: cls.create_full(name, SIZE),
            lambda name: cls.create_full(name, SIZE, 0o600, 0, None),
            lambda name: cls.create_full(name=name, size=SIZE, mode=0o600, flags=0,
                                         cancellable=None),
            lambda name: cls.open_or_create(name, SIZE),
            lambda name: cls.open_or_create(name=name, size=SIZE, mode=0o600, flags=0,
                                            cancellable=None)):
        name = blocks.new_name()
        with create(name) as shm:
            assert (shm.name, shm.size, shm.mode) == (name, SIZE, 0o600)
            assert cls.attach(name).size == cls.attach(name=name, flags=0).size == SIZE
            shm.unlink()
    for shm in cls.create_anonymous(SIZE), cls.create_anonymous(size=SIZE, flags=0):
        with shm:
            assert cls.attach_fd(shm.get_fd()).size == SIZE
            assert cls.attach_fd(fd=shm.get_fd(), flags=0).size == SIZE
    for call, message in ((lambda: cls.create('a'), r"create\(\) missing .*'size'"),
                          (lambda: cls.create('a', 1, 0, 0), r'create\(\) takes .* positional'),
                          (lambda: cls.attach('a', mode=1), r"^attach\(\) .*'mode'"),
                          (lambda: cls.create_async('a'), r"^create_async\(\) missing .*'size'")):
        with pytest.raises(TypeError, match=message):
            call()


def test_list_blocks_async(block):
    infos = Shm.list_blocks_finish(wait_for_result(Shm.list_blocks_async, None))
    assert block.name in [info.get_name() for info in infos]

    cancellable = Gio.Cancellable()
    cancellable.cancel()
    result = wait_for_result(Shm.list_blocks_async, cancellable)
    with pytest.raises(GLib.Error) as excinfo:
        Shm.list_blocks_finish(result)
    assert excinfo.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_remove_block(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE, track=False)
    assert Shm.remove_block(shm.name)
    assert not exists(shm.name)
    shm.buf[0] = 1
    with pytest.raises(FileNotFoundError) as excinfo:
        Shm.remove_block(shm.name)
    assert is_error(excinfo.value, Shm.Error.NOT_FOUND)


# Tests of this library only: forks and threads

def test_fork(block):
    view = block.buf

    def use():
        view[0] = 1
        block.buf[1] = 2
        block.write(2, b'\3')
        with Shm.SharedMemory(block.name) as other:
            other.buf[3] = 4
        block.close()
        return view[3] == 4 and block.buf is None

    assert in_child(use)
    assert block.read(0, 4) == bytes([1, 2, 3, 4])
    assert exists(block.name)


def test_unlink_in_a_forked_child(blocks):
    shm = Shm.SharedMemory(blocks.new_name(), True, SIZE)
    assert in_child(lambda: shm.unlink() is None)
    assert not exists(shm.name)
    with pytest.raises(FileNotFoundError):
        shm.unlink()


def test_close_while_threads_read(block):
    # Frequent switches between threads make a race more likely.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    failures = []

    def read_buf(shm, start):
        start.wait(TIMEOUT)
        try:
            while not shm.is_closed():
                view = shm.buf
                if view is None:
                    break
                if len(view) != SIZE or view[0] != 17:
                    failures.append(bytes(view))
            while True:
                if shm.read(0, 1) != b'\x11':
                    failures.append('read')
        except ValueError as error:
            if not is_error(error, Shm.Error.CLOSED):
                failures.append(error)

    def read(shm, start):
        start.wait(TIMEOUT)
        with contextlib.suppress(ValueError):
            while shm.read(SIZE - 2) == b'\0\0':
                pass
            failures.append('read')

    block.buf[0] = 17
    try:
        for _ in range(100):
            shm = Shm.SharedMemory(block.name)
            start = threading.Barrier(3)
            threads = [threading.Thread(target=target, args=(shm, start), daemon=True)
                       for target in (read_buf, read)]
            for thread in threads:
                thread.start()
            start.wait(TIMEOUT)
            shm.close()
            for thread in threads:
                thread.join(TIMEOUT)
            assert shm.buf is None
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


def test_close_while_buf_is_made(blocks):
    """Another thread closes the object after buf has found that the object is open. This test
    forces an order of steps that test_close_while_threads_read() reaches only by chance."""
    class Racing(Shm.SharedMemory):
        def _shm_make_view(self):  # without the extension
            view = super()._shm_make_view()
            self.close()
            return view

    shm = Racing.__new__(Racing)
    GObject.Object.__init__(shm, name=blocks.new_name(), size=SIZE, origin=Shm.Origin.CREATE)
    shm.init(None)
    shm.unlink()
    if extension.module is not None:
        # The extension calls this function, which waits for the fork of another thread.
        extension.module.close_gate(
            lambda: (extension.module.open_gate(False), shm.close()))
    shm.buf
    assert shm.is_closed() and shm.buf is None


# Tracked blocks. test_lifetimes.py has the events that end a program, one by one.

CREATE = '''
if sys.argv[1] == 'cpython':
    from multiprocessing.shared_memory import SharedMemory
    shm = SharedMemory(sys.argv[2], True, 100)
else:
    shm = Shm.SharedMemory(sys.argv[2], True, 100, track=sys.argv[1] == 'track')
shm.buf[0] = 1
'''
ENDS = {
    'exit': ('', 0),
    '_exit': ('os._exit(0)', 0),
    'kill': ('os.kill(os.getpid(), signal.SIGKILL)', -9),
}
all_ends = pytest.mark.parametrize('end, status', ENDS.values(), ids=ENDS)


@all_ends
@pytest.mark.parametrize('how', ['cpython', 'track'])
def test_tracked(blocks, how, end, status):
    name = blocks.new_name()
    result = run_python(CREATE + end, how, name, status=status)
    wait_until_removed(name)
    # CPython's tracker also prints a warning.
    assert ('leaked shared_memory' in result.stderr) == (how == 'cpython')


@all_ends
def test_not_tracked(blocks, end, status):
    name = blocks.new_name()
    result = run_python(CREATE + end, 'no', name, status=status)
    assert result.stderr == ''
    assert exists(name)
    Shm.remove_block(name)


@all_ends
@pytest.mark.parametrize('attach', ['Shm.SharedMemory(sys.argv[1])',
                                    'Shm.SharedMemory(sys.argv[1], track=True)',
                                    'Shm.SharedMemory.attach(sys.argv[1], 0)'],
                         ids=['class', 'track', 'c'])
def test_attaching_process_does_not_remove_block(block, attach, end, status):
    result = run_python(f'shm = {attach}\nshm.buf[0] = 1\n{end}', block.name, status=status)
    assert result.stderr == ''
    assert exists(block.name)
    assert block.buf[0] == 1


def test_failed_creation_is_not_tracked(block):
    script = ('shm = Shm.SharedMemory(create=True, size=1)\n'
              'try:\n'
              '    Shm.SharedMemory(sys.argv[1], True, 100)\n'
              'except FileExistsError:\n'
              '    shm.unlink()\n')
    result = run_python(script, block.name)
    assert result.stderr == ''
    assert exists(block.name)


def test_attaching_does_not_import_multiprocessing(block):
    script = ('Shm.SharedMemory(sys.argv[1]).close()\n'
              'print("multiprocessing" in sys.modules)\n')
    assert run_python(script, block.name).stdout == 'False\n'


def test_unlink_by_creator(blocks):
    result = run_python(CREATE + 'shm.close(); shm.unlink()', 'track', blocks.new_name())
    assert result.stderr == ''


def test_unlink_by_attached_object_of_creator(blocks):
    result = run_python(CREATE + 'Shm.SharedMemory(sys.argv[2]).unlink()', 'track',
                        blocks.new_name())
    assert result.stderr == ''


def test_unlink_after_removal_by_another_process(blocks):
    script = CREATE + ('os.unlink("/dev/shm/" + sys.argv[2])\n'
                       'try:\n'
                       '    shm.unlink()\n'
                       'except FileNotFoundError:\n'
                       '    print("gone")\n')
    result = run_python(script, 'track', blocks.new_name())
    assert (result.stdout, result.stderr) == ('gone\n', '')


def test_unlink_by_forked_child(blocks):
    script = CREATE + ('if os.fork() == 0:\n'
                       '    Shm.SharedMemory(sys.argv[2]).unlink()\n'
                       '    os._exit(0)\n'
                       'os.wait()\n')
    name = blocks.new_name()
    result = run_python(script, 'track', name)
    assert result.stderr == ''
    assert not exists(name)


SPAWNING = '''
import multiprocessing
import sys

import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm

def unlink(shm):
    shm.buf[0] = 1
    shm.unlink()

if __name__ == '__main__':
    shm = Shm.SharedMemory(sys.argv[2], True, 100)
    process = multiprocessing.get_context(sys.argv[1]).Process(target=unlink, args=(shm,))
    process.start()
    process.join()
    sys.exit(process.exitcode or shm.buf[0] != 1)
'''


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
def test_unlink_by_child_process(blocks, tmp_path, method):
    script = tmp_path / 'spawning.py'
    script.write_text(SPAWNING)
    name = blocks.new_name()
    result = subprocess.run([sys.executable, script, method, name], capture_output=True,
                            text=True, timeout=TIMEOUT, check=False)
    assert (result.returncode, result.stderr) == (0, '')
    assert not exists(name)


CREATED_IN_CHILD = '''
if os.fork() == 0:
    Shm.SharedMemory(sys.argv[1], True, 100)
    os._exit(0)
os.wait()
Shm.SharedMemory(sys.argv[1]).close()
'''


def test_tracked_until_all_processes_of_the_tree_have_ended(blocks):
    # A child process creates the block and ends. The parent can still attach to the block, because
    # the block is removed only after both processes have ended.
    name = blocks.new_name()
    assert run_python(CREATED_IN_CHILD, name).stderr == ''
    wait_until_removed(name)


# Atomic operations: CPython has none

@pytest.mark.parametrize('bits', [32, 64])
@pytest.mark.parametrize('name, compute', [
    ('add', operator.add), ('sub', operator.sub), ('and', operator.and_), ('or', operator.or_),
    ('xor', operator.xor), ('exchange', lambda before, value: value)])
def test_atomic_operations(block, bits, name, compute):
    half = 1 << bits - 1
    load, store, change = (getattr(block, f'atomic_{each}_int{bits}')
                           for each in ('load', 'store', name))
    for before, value in itertools.product((0, 1, -1, 0x55aa, half - 1, -half), repeat=2):
        store(8, before)
        assert change(8, value) == before
        assert load(8) == (compute(before, value) + half) % (2 * half) - half
        assert load(0) == 0


def test_atomic_compare_exchange(block):
    assert block.atomic_compare_exchange_int64(8, 0, -5) == 0
    assert block.atomic_compare_exchange_int64(8, 0, 7) == -5
    assert block.atomic_load_int64(8) == -5


def test_misaligned_atomic(block):
    with pytest.raises(ValueError, match=f'{block.name}.*multiple of 8') as caught:
        block.atomic_add_int64(4, 1)
    assert is_error(caught.value, Shm.Error.MISALIGNED)
