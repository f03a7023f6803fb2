# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests Shm.Manager. The first part runs each test with CPython's class too, because both classes
must behave in the same way. The second part tests features that CPython's class does not have."""

import errno
import gc
import multiprocessing
import os
import pickle
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import weakref
from multiprocessing import connection, managers, resource_tracker

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm  # noqa: E402

from support import (TIMEOUT, exists, in_child, path_of,  # noqa: E402
                     remove_from_another_process, run_python, wait_for_result)

SIZE = 1000  # not a multiple of the page size
METHODS = ['fork', 'spawn', 'forkserver']

both_classes = pytest.mark.parametrize('cls', [managers.SharedMemoryManager, Shm.Manager],
                                       ids=['cpython', 'shmobj'])


@pytest.fixture
def started(cls):
    """Starts a manager of the class that the test runs with."""
    with cls() as manager:
        yield manager


@pytest.fixture
def manager():
    """Starts a manager of this library."""
    with Shm.Manager() as manager:
        yield manager


def is_error(exception, code):
    """Returns whether the attribute gerror of an exception is a GLib.Error with this code."""
    return (isinstance(exception.gerror, GLib.Error)
            and exception.gerror.matches(Shm.Error.quark(), code))


def get_pid(manager):
    return manager.get_pid() if isinstance(manager, Shm.Manager) else manager._process.pid


def wait_until(condition):
    """Runs the default main context until a condition holds. Checks the condition at least every
    10 ms."""
    timed_out = []
    source = GLib.timeout_add_seconds(TIMEOUT, lambda: timed_out.append(True))
    pulse = GLib.timeout_add(10, lambda: True)
    while not condition() and not timed_out:
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(pulse)
    if not timed_out:
        GLib.source_remove(source)
    assert condition()


def find_free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))

        return sock.getsockname()[1]


def is_running(pid):
    """Returns False when no thread of the process is left, except a main thread that is a zombie.
    Only then has the process released its locks."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            fields = file.read().rpartition(')')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False

    return fields[0] not in 'ZX' or int(fields[17]) > 1


# Tests that also run with CPython's class

@both_classes
def test_with(cls, blocks):
    with cls() as manager:
        assert isinstance(manager, cls)
        shm = blocks.add(manager.SharedMemory(SIZE))
        made = manager.ShareableList(['a', 1])
        blocks.add(made.shm)
        assert exists(shm.name) and exists(made.shm.name)
        folder = os.path.dirname(manager.address)
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        path = manager.address
    assert not exists(shm.name) and not exists(made.shm.name)
    assert not os.path.exists(path)

    # This process can still use its mappings of the removed blocks.
    shm.buf[0] = 1
    assert made[0] == 'a'


@both_classes
def test_block(started, blocks):
    shm = blocks.add(started.SharedMemory(SIZE))
    assert re.fullmatch('psm_[0-9a-f]{8}', shm.name)
    assert (shm.size, len(shm.buf), bytes(shm.buf)) == (SIZE, SIZE, bytes(SIZE))
    assert stat.S_IMODE(os.stat(path_of(shm.name)).st_mode) == 0o600
    shm.buf[:5] = b'hello'
    other = Shm.SharedMemory(shm.name)
    assert bytes(other.buf[:5]) == b'hello'
    assert blocks.add(started.SharedMemory(size=1)).name != shm.name
    other.close()
    shm.close()
    assert exists(shm.name)


@both_classes
@pytest.mark.parametrize('values', [
    [1, 2.5, 'text', b'bytes', None, True], (1, 2), [], None, range(10), range(20000), 'chars',
    {'of': 1, 'keys': 2}], ids=repr)
def test_list(started, blocks, values):
    expected = list(values or ())
    made = started.ShareableList(sequence=values)
    blocks.add(made.shm)
    assert list(made) == expected
    assert list(Shm.ShareableList(name=made.shm.name)) == expected
    made.shm.close()


@both_classes
@pytest.mark.parametrize('size, expected', [
    (0, ValueError), (-1, ValueError), ('1', TypeError), (None, TypeError)])
def test_bad_size(started, size, expected):
    with pytest.raises(expected):
        started.SharedMemory(size)


@both_classes
@pytest.mark.parametrize('values, expected', [([[]], KeyError), (5, TypeError)], ids=repr)
def test_bad_list(started, values, expected):
    with pytest.raises(expected):
        started.ShareableList(values)


@both_classes
def test_calls_before_start(cls):
    manager = cls()
    assert manager.address is None
    for function in (lambda: manager.SharedMemory(SIZE), lambda: manager.ShareableList([1]),
                     manager.connect):
        with pytest.raises(ValueError):
            function()


@both_classes
def test_start_twice(cls, started, blocks):
    for function in (started.start, started.start):
        with pytest.raises(multiprocessing.ProcessError):
            function()
    assert started.connect() is None
    with pytest.raises(TypeError):
        cls().start('no callable')
    blocks.add(started.SharedMemory(SIZE))


@both_classes
@pytest.mark.parametrize('address, expected', [
    (None, FileNotFoundError), (('localhost', 0), ConnectionRefusedError),
    ('\0shmobj-after-shutdown', ConnectionRefusedError)])
def test_calls_after_shutdown(cls, address, expected):
    manager = cls(address)
    manager.start()
    manager.shutdown()
    manager.shutdown()
    manager.join()
    for function in (manager.start, manager.__enter__):
        with pytest.raises(multiprocessing.ProcessError):
            function()
    for function in (lambda: manager.SharedMemory(SIZE), lambda: manager.ShareableList([1]),
                     manager.connect):
        with pytest.raises(OSError) as excinfo:
            function()
        assert type(excinfo.value) is expected
        assert excinfo.value.errno == {FileNotFoundError: errno.ENOENT}.get(expected,
                                                                          errno.ECONNREFUSED)


@both_classes
def test_address_without_server(cls, tmp_path):
    stale = str(tmp_path / 'stale')
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(stale)
    for address, expected in ((str(tmp_path / 'none'), FileNotFoundError),
                              (stale, ConnectionRefusedError),
                              (b'\0shmobj-missing', ConnectionRefusedError),
                              (('127.0.0.1', find_free_port()), ConnectionRefusedError)):
        manager = cls(address)
        for function in (manager.connect, lambda: manager.SharedMemory(SIZE),
                         lambda: manager.ShareableList([1])):
            with pytest.raises(expected) as excinfo:
                function()
            assert type(excinfo.value) is expected
        assert manager.address == address


@both_classes
@pytest.mark.parametrize('address, expected', [
    (b'/no/NUL', ValueError), (5, TypeError), (['localhost', 0], TypeError),
    ('\\\\.\\pipe\\x', ValueError), (('localhost',), TypeError),
    (('127.0.0.1', 70000), OverflowError), (('127.0.0.1', 'http'), TypeError)], ids=repr)
def test_bad_address(cls, address, expected):
    with pytest.raises(expected):
        cls(address).connect()


@both_classes
def test_address_too_long(cls, tmp_path):
    with pytest.raises(OSError):
        cls(str(tmp_path / ('x' * 108))).connect()


@both_classes
@pytest.mark.parametrize('kind', ['path', 'relative', 'abstract', 'bytes', 'tcp', 'number'])
def test_published_address(cls, tmp_path, monkeypatch, blocks, kind):
    monkeypatch.chdir(tmp_path)
    given, published = {
        'path': (str(tmp_path / 'sock'), str(tmp_path / 'sock')),
        'relative': ('sock', 'sock'),
        'abstract': (f'\0shmobj-é-{os.getpid()}', f'\0shmobj-é-{os.getpid()}'.encode()),
        'bytes': (f'\0shmobj-{os.getpid()}'.encode(), f'\0shmobj-{os.getpid()}'.encode()),
        'tcp': (('localhost', 0), ('127.0.0.1',)),
        'number': (('127.0.0.1', 0), ('127.0.0.1',)),
    }[kind]
    manager = cls(given)
    assert manager.address == given
    with manager:
        if isinstance(published, tuple):
            assert type(manager.address) is tuple and type(manager.address[1]) is int
            assert manager.address[1] > 0
            published = ('127.0.0.1', manager.address[1])
        assert manager.address == published
        assert type(manager.address) is type(published)

        # Clients of both classes find the server at the published address.
        for client_class in (managers.SharedMemoryManager, Shm.Manager):
            client = client_class(manager.address)
            client.connect()
            assert client.address == published
            shm = blocks.add(client.SharedMemory(SIZE))
            assert exists(shm.name)
            if (cls, client_class) == (Shm.Manager, managers.SharedMemoryManager):
                # The server will remove the block. The tracker of this process must not report a leak.
                resource_tracker.unregister('/' + shm.name, 'shared_memory')
    assert manager.address == published
    assert not os.path.lexists(tmp_path / 'sock')


@both_classes
def test_creating_connects_to_the_given_address(cls, started, blocks):
    blocks.add(cls(started.address).SharedMemory(SIZE))
    blocks.add(cls(started.address).ShareableList([1]).shm)


@both_classes
@pytest.mark.parametrize('key', [b'', b'k', b'\0with\0NULs', b'long' * 100, bytearray(b'array')],
                         ids=repr)
def test_key(cls, blocks, key):
    with cls(authkey=key) as manager:
        blocks.add(manager.SharedMemory(SIZE))
        client = cls(manager.address, key)
        client.connect()
        client.connect()
        blocks.add(client.SharedMemory(SIZE))

        other = cls(manager.address, b'another')
        for function in (other.connect, lambda: other.SharedMemory(SIZE)):
            with pytest.raises(multiprocessing.AuthenticationError) as excinfo:
                function()
            assert isinstance(excinfo.value, multiprocessing.ProcessError)


@both_classes
def test_key_of_another_type(cls):
    with pytest.raises(TypeError):
        cls(authkey='text')


@both_classes
def test_default_key_is_the_key_of_the_process(cls, blocks):
    with cls() as manager:
        key = bytes(multiprocessing.current_process().authkey)
        client = cls(manager.address, key)
        client.connect()
        blocks.add(client.SharedMemory(SIZE))


@both_classes
def test_signature(cls):
    manager = cls(None, b'key', 'pickle', multiprocessing.get_context('spawn'),
                  shutdown_timeout=2.0)
    assert manager.address is None
    with pytest.raises(TypeError):
        cls(None, b'key', 'pickle', None, 2.0)
    with pytest.raises((KeyError, ValueError)):
        cls(serializer='json')


@both_classes
def test_killed_server(cls, blocks):
    with cls() as manager:
        blocks.add(manager.SharedMemory(SIZE)).unlink()
        os.kill(get_pid(manager), signal.SIGKILL)
        manager.join(TIMEOUT)
        for function in (lambda: manager.SharedMemory(SIZE), lambda: manager.ShareableList([1])):
            with pytest.raises(ConnectionRefusedError):
                function()


@both_classes
def test_join(cls, started):
    start = time.monotonic()
    started.join(0.2)
    assert 0.2 <= time.monotonic() - start < TIMEOUT
    key = bytes(multiprocessing.current_process().authkey)
    with connection.Client(started.address, authkey=key) as conn:
        managers.dispatch(conn, None, 'shutdown')
    started.join(TIMEOUT)
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        started.SharedMemory(SIZE)


@both_classes
def test_key_can_only_be_pickled_for_a_child(cls, started):
    for manager in (started, cls()):
        with pytest.raises(TypeError, match='AuthenticationString'):
            pickle.dumps(manager)


def create_in(manager):
    shm = manager.SharedMemory(SIZE)
    shm.buf[0] = 7

    return shm.name


def put(queue, function, *args):
    queue.put(function(*args))


def call_in_process(method, function, *args):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=put, args=(queue, function, *args))
    process.start()
    process.join(TIMEOUT)
    assert process.exitcode == 0

    return queue.get()


@both_classes
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('kind', ['connected', 'started', 'initial'])
def test_manager_in_a_child(cls, started, kind, method, blocks):
    if cls is not Shm.Manager and kind == 'started' and method != 'fork':
        pytest.skip('CPython cannot do this')
    manager = started if kind == 'started' else cls(started.address)
    if kind == 'connected':
        manager.connect()

    name = call_in_process(method, create_in, manager)
    # With CPython's class, the child may have its own resource tracker, which removes the block
    # when the child ends.
    if cls is Shm.Manager:
        assert Shm.SharedMemory(name).buf[0] == 7
    blocks.add(started.SharedMemory(SIZE))


def connect_and_create(cls, address):
    manager = cls(address)
    manager.connect()

    return create_in(manager)


@both_classes
@pytest.mark.parametrize('method', METHODS)
def test_child_connects_without_a_key(cls, started, method):
    name = call_in_process(method, connect_and_create, cls, started.address)
    assert re.fullmatch('psm_[0-9a-f]{8}', name)


def use(shm, made, i):
    shm.buf[i] = i + 1
    made[i] = made[i] + 1

    return type(shm).__name__, shm.name, [made[i]], made.shm.name


@both_classes
@pytest.mark.parametrize('method', METHODS)
def test_pool(cls, started, method, blocks):
    shm = blocks.add(started.SharedMemory(SIZE))
    made = started.ShareableList(range(100, 120))
    blocks.add(made.shm)
    with multiprocessing.get_context(method).Pool(2) as pool:
        results = pool.starmap_async(use, [(shm, made, i) for i in range(20)]).get(TIMEOUT)
    assert results == [('SharedMemory', shm.name, [101 + i], made.shm.name) for i in range(20)]
    assert bytes(shm.buf[:20]) == bytes(range(1, 21))
    assert list(made) == list(range(101, 121))
    assert exists(shm.name) and exists(made.shm.name)


def use_from_queue(queue, answers):
    for shm, made in iter(queue.get, None):
        answers.put((bytes(shm.buf[:3]), list(made)))


@both_classes
@pytest.mark.parametrize('method', METHODS)
def test_queue(cls, started, method, blocks):
    context = multiprocessing.get_context(method)
    queue, answers = context.SimpleQueue(), context.SimpleQueue()
    process = context.Process(target=use_from_queue, args=(queue, answers))
    process.start()
    for i in range(3):
        shm = blocks.add(started.SharedMemory(SIZE))
        shm.buf[:3] = b'abc'
        queue.put((shm, started.ShareableList([i, 'x'])))
    queue.put(None)
    assert [answers.get() for _ in range(3)] == [(b'abc', [i, 'x']) for i in range(3)]
    process.join(TIMEOUT)
    assert process.exitcode == 0


# Tests of this library only: names, and the methods of the library

def test_names(manager, blocks):
    name = blocks.new_name()
    shm = manager.SharedMemory(SIZE, name)
    assert (shm.name, manager.list_blocks()) == (name, [name])
    made = manager.ShareableList([1], name=blocks.new_name())
    assert manager.list_blocks() == [name, made.shm.name]

    for function in (lambda: manager.SharedMemory(SIZE, name),
                     lambda: manager.ShareableList([1], name),
                     lambda: manager.create_shared_memory(name, SIZE, 0o600, 0)):
        with pytest.raises(FileExistsError) as excinfo:
            function()
        assert (excinfo.value.errno, excinfo.value.filename) == (errno.EEXIST, '/' + name)
        assert is_error(excinfo.value, Shm.Error.EXISTS)
    assert manager.list_blocks() == [name, made.shm.name]


@pytest.mark.parametrize('create', [
    lambda manager, name: manager.SharedMemory(SIZE, name),
    lambda manager, name: manager.ShareableList([1], name),
    lambda manager, name: manager.create_shared_memory(name, SIZE, 0o600, 0),
    lambda manager, name: manager.create_shared_memory(name=name, size=SIZE, mode=0o600, flags=0),
    lambda manager, name: manager.create_shared_memory_async(name, SIZE, 0o600, 0),
    lambda manager, name: manager.track(name),
    lambda manager, name: manager.remove_async(name)])
def test_nul_in_a_name(manager, blocks, create):
    with pytest.raises(ValueError, match='null'):
        create(manager, blocks.new_name() + '\0more')
    assert manager.list_blocks() == []


@pytest.mark.parametrize('mode', [0o600, 0o640, 0o666])
def test_mode(manager, blocks, mode):
    old = os.umask(0o777)
    try:
        shm = blocks.add(manager.SharedMemory(SIZE, mode=mode))
        made = manager.ShareableList([1, 'a'], mode=mode)
    finally:
        os.umask(old)
    blocks.add(made.shm)
    for block in shm, made.shm:
        assert stat.S_IMODE(os.stat(path_of(block.name)).st_mode) == block.mode == mode
    for call in (lambda: manager.SharedMemory(SIZE, mode=0o4600),
                 lambda: manager.ShareableList([1], mode=0o4600)):
        with pytest.raises(OSError) as excinfo:
            call()
        assert is_error(excinfo.value, Shm.Error.NOT_SUPPORTED)


def test_mode_with_implicit_connection(manager, blocks):
    client = Shm.Manager(manager.address)
    assert blocks.add(client.SharedMemory(SIZE, mode=0o640)).mode == 0o640
    client = Shm.Manager(manager.address)
    assert blocks.add(client.ShareableList([1], mode=0o640).shm).mode == 0o640


def test_native_values(manager, blocks):
    sequence = [1, 2.5, True, None, 'a\0', b'b\0']
    made = manager.create_shareable_list(sequence, None, 0o640, 0)
    assert list(made) == sequence and made.shm.mode == 0o640
    result = wait_for_result(manager.create_shareable_list_async, sequence, None, 0o600, 0, None)
    assert list(manager.create_shareable_list_finish(result)) == sequence
    with pytest.raises(KeyError):
        manager.create_shareable_list([[]], None, 0o600, 0)
    assert len(manager.list_blocks()) == 2


def test_default_arguments_of_functions(manager, blocks):
    """The parameters have the order and the names of the functions in C."""
    for create in (
            lambda name: manager.create_shared_memory(name, SIZE),
            lambda name: manager.create_shared_memory(name=name, size=SIZE),
            lambda name: manager.create_shared_memory(name, SIZE, 0o600, 0, None),
            lambda name: manager.create_shareable_list([1], name).shm,
            lambda name: manager.create_shareable_list(values=[1], name=name).shm,
            lambda name: manager.create_shareable_list([1], name, 0o600, 0, None).shm):
        name = blocks.new_name()
        shm = create(name)
        assert (shm.name, shm.mode) == (name, 0o600)
        manager.remove(name=name)
    assert list(blocks.add((values := manager.create_shareable_list([1])).shm) and values) == [1]
    assert Shm.Manager.new().get_state() == Shm.ManagerState.INITIAL
    assert Shm.Manager.new(address=manager.get_address()).get_address() == manager.get_address()


def test_flags():
    flags = Shm.ManagerFlags.REFUSE_MD5 | Shm.ManagerFlags.ALLOW_OTHER_USERS
    manager = Shm.Manager(flags=flags)
    assert manager.get_flags() == manager.props.flags == flags
    assert Shm.Manager().get_flags() == Shm.ManagerFlags.NONE
    with pytest.raises(OSError) as excinfo:
        Shm.Manager(flags=1 << 30).start()
    assert is_error(excinfo.value, Shm.Error.NOT_SUPPORTED)
    for flags in 1.0, 'REFUSE_MD5', None:
        with pytest.raises(TypeError):
            Shm.Manager(flags=flags)


def test_objects_of_the_library(manager, blocks):
    shm = blocks.add(manager.create_shared_memory(None, SIZE, 0o600, Shm.CreateFlags.SPARSE))
    assert type(shm) is Shm.SharedMemory
    made = manager.create_shareable_list(GLib.Variant('as', ['a', 'b']), None, 0o600, 0)
    assert type(made) is Shm.ShareableList and list(made) == ['a', 'b']
    assert manager.list_blocks() == [shm.name, made.shm.name]
    with pytest.raises(TypeError):
        manager.create_shareable_list(GLib.Variant('s', 'no list'), None, 0o600, 0)
    assert manager.get_state() == Shm.ManagerState.STARTED
    assert manager.props.pid == manager.get_pid() > 0
    assert manager.get_address() == manager.address
    assert manager.get_authkey().get_data() == bytes(multiprocessing.current_process().authkey)


def test_failed_creation_leaves_no_block(manager):
    """This library leaves no block behind, unlike CPython's class."""
    with pytest.raises(TypeError):
        manager.SharedMemory(1.5)
    with pytest.raises(OverflowError):
        manager.SharedMemory(1 << 64)
    with pytest.raises(UnicodeEncodeError) as excinfo:
        manager.ShareableList(['\udc80'])
    assert is_error(excinfo.value, Shm.Error.TYPE_MISMATCH)
    with pytest.raises(OverflowError) as excinfo:
        manager.ShareableList([1 << 63])
    assert is_error(excinfo.value, Shm.Error.OUT_OF_RANGE)
    assert manager.list_blocks() == []


def test_list_from_generator(manager):
    made = manager.ShareableList(character for character in 'abc')
    assert list(made) == ['a', 'b', 'c']


def test_constructor_of_the_library(blocks):
    manager = Shm.Manager.new(None, None, 0)
    assert type(manager) is Shm.Manager is Shm.SharedMemoryManager
    assert manager.address is None
    with manager:
        shm = blocks.add(manager.SharedMemory(SIZE))
        assert os.path.isabs(manager.address)
    assert not exists(shm.name)
    with pytest.raises(ValueError):
        Shm.Manager.new('a\0b', None, 0)
    with pytest.raises(RuntimeError):
        Shm.Manager().__init__()


def test_track_and_remove(manager, blocks):
    with Shm.SharedMemory(blocks.new_name(), True, SIZE, track=False) as shm:
        assert manager.track(shm.name)
        assert manager.list_blocks() == [shm.name]
        assert manager.remove(shm.name)
        assert manager.list_blocks() == [] and not exists(shm.name)
    for function in (manager.track, manager.remove):
        with pytest.raises(FileNotFoundError) as excinfo:
            function(shm.name)
        assert is_error(excinfo.value, Shm.Error.NOT_FOUND)
        assert excinfo.value.filename == '/' + shm.name


def test_subclass(blocks):
    class Labelled(Shm.Manager):
        label = 'none'

        def __init__(self, label):
            super().__init__()
            self.label = label

    with Labelled('mine') as manager:
        assert manager.label == 'mine'
        blocks.add(manager.SharedMemory(SIZE))


def test_address_strings_of_the_library(blocks):
    for address, published in ((f'@shmobj-own-{os.getpid()}', bytes), ('localhost:0', tuple),
                               ('127.0.0.1:0', tuple), (('::1', 0), tuple)):
        with Shm.Manager(address) as manager:
            assert type(manager.address) is published
            client = Shm.Manager(manager.address)
            client.connect()
            blocks.add(client.SharedMemory(SIZE))


@pytest.mark.parametrize('address', [b'\0\xff', '\0a\0b', ('a/b', 80), ('@a', 80), ('a\0b', 80)],
                         ids=repr)
def test_addresses_that_would_be_truncated_or_misinterpreted(address):
    with pytest.raises(ValueError):
        Shm.Manager(address)


def test_remote_addresses():
    for address in (('', 0), ('192.0.2.1', 5000)):
        with pytest.raises(PermissionError):
            Shm.Manager(address).start()


def test_address_in_use(manager):
    with pytest.raises(OSError) as excinfo:
        Shm.Manager(manager.address).start()
    assert excinfo.value.errno == errno.EADDRINUSE
    assert is_error(excinfo.value, Shm.Error.EXISTS)


def test_no_initializer():
    manager = Shm.Manager()
    with pytest.raises(TypeError, match='initializer'):
        manager.start(print)
    assert manager.get_state() == Shm.ManagerState.INITIAL


def test_exceptions_have_a_gerror(manager):
    fresh = Shm.Manager()
    with pytest.raises(ValueError) as excinfo:
        fresh.list_blocks()
    assert is_error(excinfo.value, Shm.Error.NOT_STARTED)
    with pytest.raises(ValueError) as excinfo:
        fresh.shutdown()
    assert is_error(excinfo.value, Shm.Error.NOT_STARTED)
    with pytest.raises(multiprocessing.ProcessError) as excinfo:
        manager.start()
    assert is_error(excinfo.value, Shm.Error.ALREADY_STARTED)
    with pytest.raises(multiprocessing.AuthenticationError) as excinfo:
        Shm.Manager(manager.address, b'other').connect()
    assert is_error(excinfo.value, Shm.Error.AUTHENTICATION_FAILED)
    manager.shutdown()
    for function, kind in ((manager.list_blocks, FileNotFoundError),
                           (manager.start, multiprocessing.ProcessError)):
        with pytest.raises(kind) as excinfo:
            function()
        assert is_error(excinfo.value, Shm.Error.CLOSED)


def test_not_a_manager(tmp_path):
    path = str(tmp_path / 'sock')
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()

        def answer():
            peer, _ = sock.accept()
            peer.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n' * 20)
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(OSError) as excinfo:
            Shm.Manager(path).connect()
        thread.join()
    assert is_error(excinfo.value, Shm.Error.PROTOCOL)
    assert excinfo.value.errno == errno.EPROTO


def test_missing_helper_program(monkeypatch):
    monkeypatch.setenv('SHMOBJ_MANAGER', '/nowhere/shmobj-manager')
    with pytest.raises(FileNotFoundError) as excinfo:
        Shm.Manager().start()
    assert is_error(excinfo.value, Shm.Error.NOT_FOUND)


def test_cancelled(manager):
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    for function in (lambda: manager.list_blocks(cancellable),
                     lambda: Shm.Manager().start(cancellable=cancellable),
                     lambda: Shm.Manager(manager.address).connect_to_server(cancellable)):
        with pytest.raises(GLib.Error) as excinfo:
            function()
        assert excinfo.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_connect_with_a_signal_name(manager, blocks):
    seen = []
    handler = manager.connect('block-tracked', lambda *args: seen.append(args))
    assert handler > 0
    other = blocks.add(manager.SharedMemory(SIZE))
    assert seen == [(manager, other.name)]
    manager.disconnect(handler)
    blocks.add(manager.SharedMemory(SIZE))
    assert len(seen) == 1
    manager.connect('block-removed', lambda manager, name, more: seen.append((name, more)), 5)
    manager.remove(other.name)
    assert seen[1:] == [(other.name, 5)]


def test_signals_for_blocks_of_other_clients(manager, blocks):
    seen = []
    manager.connect('block-tracked', lambda _, name: seen.append(('tracked', name)))
    manager.connect('block-removed', lambda _, name: seen.append(('removed', name)))
    client = Shm.Manager(manager.address)
    client.connect()
    shm = blocks.add(client.SharedMemory(SIZE))
    client.remove(shm.name)
    wait_until(lambda: len(seen) == 2)
    assert seen == [('tracked', shm.name), ('removed', shm.name)]


def test_server_exited(blocks):
    exited = []
    manager = Shm.Manager()
    manager.connect('server-exited', lambda manager: exited.append(manager.get_state()))
    manager.start()
    shm = blocks.add(manager.SharedMemory(SIZE))
    client = Shm.Manager(manager.address)
    client.connect()
    of_client = blocks.add(client.SharedMemory(SIZE))
    os.kill(manager.get_pid(), signal.SIGKILL)
    wait_until(lambda: exited)
    assert exited == [Shm.ManagerState.SERVER_DIED]
    assert not exists(shm.name) and not exists(of_client.name)
    for one in (manager, client):
        with pytest.raises(ConnectionResetError) as excinfo:
            one.SharedMemory(SIZE)
        assert isinstance(excinfo.value, ConnectionRefusedError)
        assert isinstance(excinfo.value, EOFError)
        assert excinfo.value.filename is None
        assert is_error(excinfo.value, Shm.Error.SERVER_DIED)
    with pytest.raises(multiprocessing.ProcessError):
        manager.start()
    manager.shutdown()


def test_join_removes_the_blocks_of_a_killed_server(blocks):
    exited = []
    manager = Shm.Manager()
    manager.connect('server-exited', lambda manager: exited.append(manager))
    manager.start()
    shm = blocks.add(manager.SharedMemory(SIZE))
    killer = threading.Timer(0.2, os.kill, (manager.get_pid(), signal.SIGKILL))
    killer.start()
    manager.join()
    assert not exists(shm.name)
    assert exited == [manager]
    manager.join()
    Shm.Manager().join()


def test_asynchronous_methods(blocks):
    results = []

    def take(finish):
        return lambda source, result, *rest: results.append((finish(source, result), *rest))

    def next_result():
        wait_until(lambda: results)
        return results.pop()

    manager = Shm.Manager()
    manager.start_async(None, take(Shm.Manager.start_finish), 'data')
    assert next_result() == (True, 'data')
    client = Shm.Manager(manager.address)
    client.connect_to_server_async(callback=take(Shm.Manager.connect_to_server_finish))
    assert next_result() == (True,)
    client.create_shared_memory_async(None, SIZE, 0o600, 0,
                                      callback=take(Shm.Manager.create_shared_memory_finish))
    shm = blocks.add(next_result()[0])
    assert (type(shm), shm.size) == (Shm.SharedMemory, SIZE)
    client.create_shareable_list_async(GLib.Variant('ax', [1]), None, 0o600, 0, None,
                                       take(Shm.Manager.create_shareable_list_finish))
    made = next_result()[0]
    assert list(made) == [1]
    manager.list_blocks_async(None, take(Shm.Manager.list_blocks_finish))
    assert next_result() == ([shm.name, made.shm.name],)
    manager.remove_async(shm.name, None, take(Shm.Manager.remove_finish))
    assert next_result() == (True,)
    manager.track_async(made.shm.name, None, take(Shm.Manager.track_finish))
    assert next_result() == (True,)
    manager.shutdown_async(None, take(Shm.Manager.shutdown_finish))
    assert next_result() == (True,)
    assert not exists(made.shm.name)


def test_errors_of_asynchronous_methods(manager, blocks):
    caught = []

    def expect(finish):
        def called(source, result):
            try:
                finish(source, result)
            except Exception as error:
                caught.append(error)

        return called

    name = blocks.add(manager.SharedMemory(SIZE)).name
    for start, kind, code in (
            (lambda: manager.start_async(None, expect(Shm.Manager.start_finish)),
             multiprocessing.ProcessError, Shm.Error.ALREADY_STARTED),
            (lambda: Shm.Manager('/nowhere/sock').connect_to_server_async(
                None, expect(Shm.Manager.connect_to_server_finish)),
             FileNotFoundError, Shm.Error.NOT_FOUND),
            (lambda: manager.remove_async('shmobj-none', None, expect(Shm.Manager.remove_finish)),
             FileNotFoundError, Shm.Error.NOT_FOUND),
            (lambda: manager.create_shared_memory_async(
                name, SIZE, 0o600, 0, None, expect(Shm.Manager.create_shared_memory_finish)),
             FileExistsError, Shm.Error.EXISTS),
            (lambda: manager.create_shareable_list_async(
                [1], name, 0o600, 0, None, expect(Shm.Manager.create_shareable_list_finish)),
             FileExistsError, Shm.Error.EXISTS)):
        start()
        wait_until(lambda: caught)
        assert isinstance(caught[0], kind) and is_error(caught.pop(), code)


def test_threads(manager):
    names, errors = [], []

    def work():
        try:
            for _ in range(50):
                shm = manager.SharedMemory(SIZE)
                names.append(shm.name)
                manager.ShareableList([1, 2])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    listed = manager.list_blocks()
    assert len(listed) == len(set(listed)) == 800
    assert set(names) < set(listed) and all(map(exists, listed))
    manager.shutdown()
    assert not any(map(exists, listed))


# Tests of this library only: lifetimes

def test_last_reference(blocks):
    manager = Shm.Manager()
    manager.start()
    pid = manager.get_pid()
    shm = blocks.add(manager.SharedMemory(SIZE))
    reference = weakref.ref(manager)
    del manager
    gc.collect()
    assert reference() is None
    assert not exists(shm.name) and not is_running(pid)


def test_exception_in_with(blocks):
    with pytest.raises(ZeroDivisionError):
        with Shm.Manager() as manager:
            shm = blocks.add(manager.SharedMemory(SIZE))
            1 / 0
    assert not exists(shm.name)


def test_with_in_client(manager, blocks):
    client = Shm.Manager(manager.address)
    client.connect()
    with client as same:
        assert same is client
        shm = blocks.add(client.SharedMemory(SIZE))
    assert exists(shm.name)
    assert manager.list_blocks() == [shm.name]

    # An explicit shutdown() of a client ends the server.
    client.shutdown()
    assert not exists(shm.name)
    manager.join(TIMEOUT)
    assert manager.get_state() == Shm.ManagerState.SERVER_DIED


def test_shutdown_after_blocks_were_unlinked(manager, blocks):
    shm = blocks.add(manager.SharedMemory(SIZE))
    shm.unlink()
    removed = blocks.add(manager.SharedMemory(SIZE))
    remove_from_another_process(removed.name)
    last = blocks.add(manager.SharedMemory(SIZE))
    manager.shutdown()
    assert not exists(last.name)


def test_shutdown_does_not_remove_a_new_block_with_the_same_name(manager, blocks):
    shm = blocks.add(manager.SharedMemory(SIZE))
    remove_from_another_process(shm.name)
    with Shm.SharedMemory(shm.name, True, SIZE, track=False) as foreign:
        manager.shutdown()
        assert exists(foreign.name)
        foreign.unlink()


def test_forked_child(manager, blocks):
    shm = blocks.add(manager.SharedMemory(SIZE))
    pid = manager.get_pid()

    def child():
        made = manager.SharedMemory(SIZE)
        if manager.list_blocks() != [shm.name, made.name]:
            return False
        manager.connect()
        manager.join(0)
        manager.shutdown()
        return exists(shm.name) and exists(made.name) and is_running(pid)

    assert in_child(child)
    assert len(manager.list_blocks()) == 2
    assert is_running(pid) and exists(shm.name)


FORKS = '''
import time
with Shm.Manager() as manager:
    shm = manager.SharedMemory(100)
    child = os.fork()
    if child == 0:
        sys.argv[1] == 'exit' and sys.exit(0)
        sys.argv[1] == 'raise' and 1 / 0
    else:
        os.waitpid(child, 0)
        assert manager.list_blocks() == [shm.name], 'the child has shut down the server'
        assert os.path.exists('/dev/shm/' + shm.name)
        print(shm.name)
if child == 0:
    sys.exit(0)
assert not os.path.exists('/dev/shm/' + shm.name)
'''


@pytest.mark.parametrize('how', ['exit', 'raise', 'end'])
def test_forked_child_leaves_the_with_block(how):
    result = run_python(FORKS, how)
    assert not exists(result.stdout.strip())
    assert result.stderr.count('Traceback') == (how == 'raise')


DAEMONS = '''
import multiprocessing
context = multiprocessing.get_context('fork')

def run(manager, names, seconds):
    import time
    names.put(manager.SharedMemory(100).name)
    time.sleep(seconds)

manager = Shm.Manager()
manager.start()
names = context.SimpleQueue()
daemon = context.Process(target=run, args=(manager, names, 100), daemon=True)
daemon.start()
other = context.Process(target=run, args=(manager, names, 0))
other.start()
other.join()
print(names.get(), names.get())
assert len(manager.list_blocks()) == 2
'''


def test_daemonic_child_process():
    result = run_python(DAEMONS)
    assert result.stderr == ''
    assert not any(map(exists, result.stdout.split()))


UNTRACKED = '''
import pickle
from multiprocessing import resource_tracker
with Shm.Manager() as manager:
    shm = manager.SharedMemory(100)
    made = manager.ShareableList([1])
    named = manager.SharedMemory(100, sys.argv[1])
    for item in (shm, made, named):
        pickle.loads(pickle.dumps(item))
    shm.buf[0] = 1
    assert resource_tracker._resource_tracker._fd is None, 'a tracker is running'
    named.unlink()
    assert resource_tracker._resource_tracker._fd is None, 'unlink() has started a tracker'

    # The library does not register a managed block even if a tracker is already running.
    resource_tracker.ensure_running()
    manager.SharedMemory(100)
    shm.unlink()
'''


def test_resource_tracker_does_not_know_managed_blocks(blocks):
    assert run_python(UNTRACKED, blocks.new_name()).stderr == ''


SPAWNING = '''
import multiprocessing, os, sys
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm

def run(shm, made, names):
    from multiprocessing import resource_tracker
    manager = Shm.Manager(names.get())
    manager.connect()
    mine = manager.SharedMemory(100)
    # Record all calls of register(). Each call is a bug, because the tracker removes a registered
    # block after the processes that use the tracker have ended.
    registered = []
    resource_tracker.register = lambda *args: registered.append(args)
    shm.buf[0] = 1
    made[0] = 2
    names.put((mine.name, registered))

if __name__ == '__main__':
    context = multiprocessing.get_context(sys.argv[1])
    with Shm.Manager() as manager:
        shm = manager.SharedMemory(100)
        made = manager.ShareableList([1])
        names, back = context.SimpleQueue(), context.SimpleQueue()
        names.put(manager.address)
        process = context.Process(target=run, args=(shm, made, names))
        process.start()
        process.join()
        name, registered = names.get()
        assert process.exitcode == 0 and registered == [], registered
        assert (shm.buf[0], made[0]) == (1, 2)
        assert manager.list_blocks() == [shm.name, made.shm.name, name]
        print(*manager.list_blocks())
'''


@pytest.mark.parametrize('method', METHODS)
def test_program_with_processes(tmp_path, method):
    script = tmp_path / 'spawning.py'
    script.write_text(SPAWNING)
    result = subprocess.run([sys.executable, script, method], capture_output=True, text=True,
                            timeout=TIMEOUT, check=False)
    assert (result.returncode, result.stderr) == (0, '')
    names = result.stdout.split()
    assert len(names) == 3 and not any(map(exists, names))


EXITS = '''
import atexit, signal, threading, time

# Exit handlers run in reverse order of registration. So this handler runs after the exit handlers
# of multiprocessing.
names = []
atexit.register(lambda: print('remaining', *(name for name in names
                                        if os.path.exists('/dev/shm/' + name))))
manager = Shm.Manager()

def on_signal(signum, frame):
    sys.exit(3)

if sys.argv[2] == 'with':
    manager.__enter__()
else:
    manager.start()
blocks = [manager.SharedMemory(100) for _ in range(5)]
made = manager.ShareableList(['x', 1])
client = Shm.Manager(manager.address)
client.connect()
of_client = client.SharedMemory(100)
names += manager.list_blocks()
print(manager.get_pid(), os.path.dirname(manager.address), *names, flush=True)

end = sys.argv[1]
if end == 'exception':
    raise RuntimeError('expected')
if end == 'sys.exit':
    sys.exit(5)
if end == 'os._exit':
    os._exit(6)
if end == 'thread':
    threading.Thread(target=time.sleep, args=(0.2,)).start()
if end == 'atexit':
    atexit.register(lambda: names.append(manager.SharedMemory(10).name))
if end == 'handled SIGTERM':
    signal.signal(signal.SIGTERM, on_signal)
if end.startswith('SIG'):
    signal.signal(signal.SIGINT, signal.default_int_handler)
if 'SIG' in end:
    os.kill(os.getpid(), getattr(signal, end.split()[-1]))
    time.sleep(100)
'''

# For each way to end the process: the exit status of the process, and whether all blocks are
# removed before the process ends. If not, the server removes the blocks soon afterwards.
ENDS = {
    'end': (0, True), 'exception': (1, True), 'sys.exit': (5, True), 'thread': (0, True),
    'atexit': (0, True), 'os._exit': (6, False), 'SIGTERM': (-signal.SIGTERM, False),
    'SIGINT': (-signal.SIGINT, True), 'SIGKILL': (-signal.SIGKILL, False),
    'handled SIGTERM': (3, True),
}


@pytest.mark.parametrize('form', ['with', 'start'])
@pytest.mark.parametrize('end', ENDS)
def test_exit(end, form):
    status, is_gone = ENDS[end]
    result = run_python(EXITS, end, form, status=status)
    first, *last = result.stdout.splitlines()
    pid, folder, *names = first.split()
    assert len(names) == 7
    assert last == (['remaining'] if is_gone else [])
    if is_gone:
        assert not any(map(exists, names)) and not os.path.exists(folder)
    wait_until(lambda: not is_running(int(pid)))
    assert not any(map(exists, names)) and not os.path.exists(folder)
    if end not in ('exception', 'SIGINT'):
        assert result.stderr == ''
    else:
        assert result.stderr.count('Traceback') == 1


def test_exit_keeps_no_object_alive():
    run_python('''
import gc, weakref
from multiprocessing import util
before = len(util._finalizer_registry)
for _ in range(3):
    manager = Shm.Manager()
    manager.start()
    reference = weakref.ref(manager)
    del manager
    gc.collect()
    assert reference() is None
assert len(util._finalizer_registry) == before
''')


def test_leftovers(blocks):
    result = run_python('''
import signal
manager = Shm.Manager()
manager.start()
shm = manager.SharedMemory(100)
print(shm.name, flush=True)
os.kill(manager.get_pid(), signal.SIGSTOP)
os.kill(manager.get_pid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
''', status=-signal.SIGKILL)
    name = result.stdout.strip()
    with Shm.Manager() as manager:
        # The start of this manager has removed the leftovers.
        kept = manager.SharedMemory(100).name
        owned = {info.name: info for info in Shm.list_owned_blocks_finish(
            wait_for_result(Shm.list_owned_blocks_async, None))}
        assert name not in owned
        assert (owned[kept].is_leftover, owned[kept].manager_address) == (False, manager.address)
        assert kept in [info.name for info in Shm.list_owned_blocks()]
        assert not [info for info in Shm.list_blocks() if info.is_leftover or info.manager_address]
    assert Shm.Manager.remove_leftovers_finish(
        wait_for_result(Shm.Manager.remove_leftovers_async, None))[0] is True
    # If another test starts a manager at the same time, the start of that manager may have removed
    # the block first.
    answer = Shm.Manager.remove_leftovers()
    assert answer[0] is True
    assert not exists(name)
