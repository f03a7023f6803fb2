# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests clients of this library with servers of CPython, and clients of CPython with servers of
this library. The tests use every CPython on this machine. conftest.py prints a table of the
results."""

import json
import os
import select
import time
from multiprocessing import AuthenticationError

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

from interpreters import find_interpreters, parameters, run_bare  # noqa: E402
from support import TIMEOUT, exists, path_of  # noqa: E402

SIZE = 100003  # not a multiple of the page size
KEY = 'a shared key'
CLIENTS, REQUESTS = 16, 300
VALUES = ['text', 'é€', 1.5, -7, None, True, 2 ** 40, '']
KINDS = ['path', 'abstract', 'tcp']

# The script that the other interpreter runs. Each line of its input is a request in JSON: the name
# of a function and its arguments. attach() and open_list() do not register the block with CPython's
# tracker, because the tracker would remove the block at the end of the process.
SCRIPT = '''
import json, sys
from multiprocessing import managers, resource_tracker, shared_memory

state = {'blocks': {}, 'lists': {}}

def as_address(address):
    if isinstance(address, list):
        return tuple(address)
    return address.encode() if address and address[0] == '\\0' else address

def untracked(make):
    saved = resource_tracker.register
    resource_tracker.register = lambda *args: None
    try:
        return make()
    finally:
        resource_tracker.register = saved

def version():
    return list(sys.version_info[:3])

def make(address, key):
    state['manager'] = managers.SharedMemoryManager(as_address(address), key.encode())

def connect(address, key):
    make(address, key)
    state['manager'].connect()

def start(address, key):
    make(address, key)
    state['manager'].start()
    address = state['manager'].address
    return address.decode() if isinstance(address, bytes) else address

def server_pid():
    return state['manager']._process.pid

def shutdown():
    state['manager'].shutdown()

def wait_for_server():
    process = state['manager']._process
    process.join(20)
    return process.exitcode

def create(size, text):
    shm = state['manager'].SharedMemory(size)
    shm.buf[:len(text)] = text.encode()
    state['blocks'][shm.name] = shm
    return shm.name

def attach(name):
    state['blocks'][name] = untracked(lambda: shared_memory.SharedMemory(name))
    return state['blocks'][name].size

def read(name, start, length):
    return bytes(state['blocks'][name].buf[start:start + length]).decode()

def write(name, start, text):
    data = text.encode()
    state['blocks'][name].buf[start:start + len(data)] = data

def create_list(values):
    made = state['manager'].ShareableList(values)
    state['lists'][made.shm.name] = made
    return made.shm.name

def open_list(name):
    state['lists'][name] = untracked(lambda: shared_memory.ShareableList(name=name))

def read_list(name):
    return list(state['lists'][name])

def assign(name, index, value):
    state['lists'][name][index] = value

def call(method, args, kwds):
    manager = state['manager']
    conn = manager._Client(manager.address, authkey=manager._authkey)
    try:
        return managers.dispatch(conn, None, method, args, kwds)
    finally:
        conn.close()

def private():
    return [state['manager']._debug_info(), state['manager']._number_of_objects()]

def load(requests):
    """Creates and removes many blocks."""
    counts = {'blocks': 0, 'others': 0}
    for i in range(requests // 4):
        shm = state['manager'].SharedMemory(100 + i)
        shm.buf[0] = i & 255
        assert shm.name in call('list_segments', [], {})
        call('dummy', [], {})
        call('release_segment', [shm.name], {})
        shm.close()
        resource_tracker.unregister('/' + shm.name, 'shared_memory')
        counts['blocks'] += 1
        counts['others'] += 3
    return counts

def forget_all():
    """Unregisters all blocks from the tracker, because the server has removed them."""
    for shm in list(state['blocks'].values()) + [made.shm for made in state['lists'].values()]:
        resource_tracker.register('/' + shm.name, 'shared_memory')
        resource_tracker.unregister('/' + shm.name, 'shared_memory')

if __name__ == '__main__':
    for line in sys.stdin:
        function, *args = json.loads(line)
        try:
            answer = ['ok', globals()[function](*args)]
        except Exception as error:
            answer = [[kind.__name__ for kind in type(error).__mro__], str(error)]
        print(json.dumps(answer), flush=True)
'''

every_python = pytest.mark.parametrize('python', list(parameters(8)))
every_python_with_lists = pytest.mark.parametrize('python', list(parameters(9)))
every_kind = pytest.mark.parametrize('kind', KINDS)


class CPythonError(Exception):
    def __init__(self, kinds, text):
        super().__init__(f'{kinds[0]}: {text}')
        self.kinds = kinds
        self.text = text


class CPythonProcess:
    """A process of another interpreter, which runs SCRIPT. A call of any other method of this class
    calls the function with the same name in that process."""

    def __init__(self, executable):
        self._process = run_bare(executable, SCRIPT)
        self.version = tuple(self.version())
        self.has_md5_only = self.version < (3, 12)

    def send_request(self, function, *args):
        self._process.stdin.write(json.dumps([function, *args]) + '\n')
        self._process.stdin.flush()

    def receive_answer(self):
        ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT)
        line = self._process.stdout.readline() if ready else ''
        assert line, 'the other interpreter has died or does not answer'
        kind, result = json.loads(line)
        if kind != 'ok':
            raise CPythonError(kind, result)

        return result

    def __getattr__(self, function):
        def call(*args):
            self.send_request(function, *args)

            return self.receive_answer()

        return call

    def call_failing(self, kind, function, *args):
        """Calls a function, which must raise an exception of the class `kind`. Returns the message
        of the exception."""
        with pytest.raises(CPythonError) as excinfo:
            getattr(self, function)(*args)
        assert kind in excinfo.value.kinds, excinfo.value

        return excinfo.value.text

    def kill(self):
        self._process.kill()

    def end(self):
        """Ends the process, and returns its exit status. The resource tracker of the process
        removes the blocks that the process has created."""
        self._process.stdin.close()
        self._process.wait(TIMEOUT)
        self._process.stdout.close()
        self._process.stderr.close()

        return self._process.returncode


@pytest.fixture
def cpython(python):
    cpython = CPythonProcess(python)
    yield cpython
    assert cpython.end() == 0


@pytest.fixture
def address(kind, tmp_path):
    """Returns an address of the given kind, in a form that JSON can represent."""
    return {'path': str(tmp_path / 'sock'), 'abstract': f'\0shmobj-{os.getpid()}-{time.time_ns()}',
            'tcp': ['127.0.0.1', 0]}[kind]


def as_json(address):
    return address.decode() if isinstance(address, bytes) else address


def as_python(address):
    return tuple(address) if isinstance(address, list) else address


def wait_until_gone(*names):
    end = time.monotonic() + TIMEOUT
    while any(map(exists, names)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(map(exists, names))


# A server of this library, and clients of CPython

@pytest.fixture
def our_server(cpython, address):
    """Returns a started manager of this library, to which a client of CPython is connected."""
    with Shm.Manager(as_python(address), KEY.encode()) as manager:
        cpython.connect(as_json(manager.address), KEY)
        yield manager


@pytest.mark.interop('our server', 'blocks')
@every_python
@every_kind
def test_blocks_of_cpython_clients(cpython, our_server, kind, blocks):
    name = cpython.create(SIZE, 'hello')
    assert our_server.list_blocks() == [name]
    with Shm.SharedMemory(name) as shm:
        assert (shm.size, shm.read(0, 5)) == (SIZE, b'hello')
        shm.buf[:4] = b'ours'
        shm.buf[-1] = 65
    assert cpython.read(name, 0, 5) == 'ourso'
    assert cpython.read(name, SIZE - 1, 1) == 'A'

    # Test the other direction: CPython uses a block that this library has created.
    shm = blocks.add(our_server.SharedMemory(SIZE))
    shm.buf[:4] = b'ours'
    assert cpython.attach(shm.name) == SIZE
    assert cpython.read(shm.name, 0, 4) == 'ours'
    cpython.write(shm.name, SIZE - 5, 'hello')
    assert bytes(shm.buf[-5:]) == b'hello'
    assert cpython.call('list_segments', [], {}) == [name, shm.name]
    our_server.shutdown()
    assert not exists(name) and not exists(shm.name)
    cpython.forget_all()


@pytest.mark.interop('our server', 'lists')
@every_python_with_lists
@every_kind
def test_lists_of_cpython_clients(cpython, our_server, kind, blocks):
    name = cpython.create_list(VALUES)
    made = Shm.ShareableList(name=name)
    assert list(made) == VALUES
    made[0] = 'more'
    made[3] = 8
    assert cpython.read_list(name)[:4] == ['more', *VALUES[1:3], 8]

    ours = our_server.ShareableList(VALUES, blocks.new_name())
    cpython.open_list(ours.shm.name)
    assert cpython.read_list(ours.shm.name) == VALUES
    cpython.assign(ours.shm.name, 3, 99)
    assert ours[3] == 99
    assert our_server.list_blocks() == [name, ours.shm.name]
    our_server.shutdown()
    assert not exists(name) and not exists(ours.shm.name)
    cpython.forget_all()


@pytest.mark.interop('our server', 'methods')
@every_python
@every_kind
def test_methods_for_cpython_clients(cpython, our_server, kind, blocks):
    assert cpython.call('dummy', [], {}) is None
    assert cpython.call('list_segments', [], {}) == []
    assert cpython.call('debug_info', [], {}) == ''
    assert cpython.call('number_of_objects', [], {}) == 0
    assert cpython.private() == ['', 0]

    names = [blocks.new_name() for _ in range(3)]
    made = [Shm.SharedMemory(name, True, SIZE, track=False) for name in names]
    assert cpython.call('track_segment', names[:1], {}) is None
    assert cpython.call('track_segment', [], {'segment_name': names[1]}) is None
    our_server.track(names[2])
    assert cpython.call('list_segments', [], {}) == names == our_server.list_blocks()
    assert cpython.call('release_segment', [names[0]], {}) is None
    assert [exists(name) for name in names] == [False, True, True]
    our_server.remove(names[2])
    assert cpython.call('list_segments', [], {}) == [names[1]]

    # The error messages are those of CPython's server.
    assert 'ValueError: list.remove(x): x not in list' in cpython.call_failing(
        'RemoteError', 'call', 'release_segment', [names[0]], {})
    assert "AssertionError: 'no_such_method' unrecognized" in cpython.call_failing(
        'RemoteError', 'call', 'no_such_method', [], {})
    for args in ([], [1], [names[1], 2]):
        text = cpython.call_failing('RemoteError', 'call', 'release_segment', args, {})
        assert text.strip().splitlines()[1].startswith('Traceback')
        assert 'TypeError' in text
    for method in ('create', 'incref', 'decref', 'get_methods', 'accept_connection'):
        assert 'KeyError' in cpython.call_failing('RemoteError', 'call', method, ['list'], {})
    assert cpython.call('list_segments', [], {}) == [names[1]]
    for shm in made:
        shm.close()


@pytest.mark.interop('our server', 'shutdown')
@every_python
@every_kind
def test_shutdown_by_a_cpython_client(cpython, our_server, kind, blocks):
    died = []
    our_server.connect('server-exited', died.append)
    names = [cpython.create(SIZE, 'x'), blocks.add(our_server.SharedMemory(SIZE)).name,
             cpython.create(SIZE, 'x'), our_server.ShareableList([1]).shm.name]
    assert our_server.list_blocks() == names
    # The server shuts down without an error although one of its blocks no longer exists.
    os.unlink(path_of(names[2]))
    assert cpython.call('shutdown', [], {}) is None
    assert not any(map(exists, names))
    our_server.join(TIMEOUT)
    assert died == [our_server]
    with pytest.raises(ConnectionRefusedError):
        our_server.SharedMemory(SIZE)
    text = cpython.call_failing('OSError', 'call', 'dummy', [], {})
    assert 'No such file' in text if kind == 'path' else 'refused' in text
    if kind == 'path':
        assert not os.path.lexists(our_server.address)
    cpython.forget_all()


@pytest.mark.interop('our server', 'keys')
@every_python
@every_kind
def test_cpython_client_with_another_key(cpython, our_server, kind):
    cpython.call_failing('AuthenticationError', 'connect', as_json(our_server.address),
                         'another key')
    cpython.call_failing('AuthenticationError', 'create', SIZE, 'x')
    cpython.call_failing('AuthenticationError', 'connect', as_json(our_server.address), '')
    cpython.connect(as_json(our_server.address), KEY)
    assert our_server.list_blocks() == []


@pytest.mark.interop('our server', 'blocks')
@every_python
def test_end_of_a_cpython_client(python, blocks):
    """When a client of CPython ends, the client's resource tracker removes the blocks that the
    client has created. The server continues to run."""
    with Shm.Manager(authkey=KEY.encode()) as manager:
        cpython = CPythonProcess(python)
        cpython.connect(manager.address, KEY)
        name = cpython.create(SIZE, 'x')
        assert cpython.end() == 0
        wait_until_gone(name)
        last = blocks.add(manager.SharedMemory(SIZE))
    assert not exists(last.name)


@pytest.mark.interop('our server', 'blocks')
@every_python
def test_killed_cpython_client(python):
    with Shm.Manager(authkey=KEY.encode()) as manager:
        cpython = CPythonProcess(python)
        cpython.connect(manager.address, KEY)
        name = cpython.create(SIZE, 'x')
        cpython.kill()
        cpython.end()
        assert manager.list_blocks() == [name]
        other = manager.SharedMemory(SIZE)
    assert not exists(name) and not exists(other.name)


@pytest.mark.interop('our server', 'keys')
@every_python
def test_server_without_md5(cpython):
    manager = Shm.Manager(authkey=KEY.encode(), flags=Shm.ManagerFlags.REFUSE_MD5)
    with manager:
        if cpython.has_md5_only:
            cpython.call_failing('AuthenticationError', 'connect', manager.address, KEY)
        else:
            cpython.connect(manager.address, KEY)
            name = cpython.create(SIZE, 'x')
            assert manager.list_blocks() == [name]
            manager.remove(name)
            cpython.forget_all()


# A server of CPython, and clients of this library

@pytest.fixture
def our_client(cpython, address):
    """Returns a client of this library that is connected to a server of CPython."""
    server_address = as_python(cpython.start(address, KEY))
    if isinstance(address, str) and address.startswith('\0'):
        server_address = server_address.encode()
    client = Shm.Manager(server_address, KEY.encode())
    client.connect()
    yield client
    cpython.shutdown()


@pytest.mark.interop('CPython server', 'blocks')
@every_python
@every_kind
def test_blocks_of_cpython_server(cpython, our_client, kind, blocks):
    assert our_client.get_state() == Shm.ManagerState.CONNECTED and our_client.get_pid() == 0
    shm = blocks.add(our_client.SharedMemory(SIZE))
    named = our_client.SharedMemory(SIZE, blocks.new_name())
    shm.buf[:4] = b'ours'
    assert cpython.attach(shm.name) == SIZE
    assert cpython.read(shm.name, 0, 4) == 'ours'
    cpython.write(shm.name, SIZE - 5, 'hello')
    assert bytes(shm.buf[-5:]) == b'hello'

    theirs = cpython.create(SIZE, 'hello')
    with Shm.SharedMemory(theirs) as other:
        assert bytes(other.buf[:5]) == b'hello'
        other.buf[:5] = b'again'
    assert cpython.read(theirs, 0, 5) == 'again'
    names = [shm.name, named.name, theirs]
    assert our_client.list_blocks() == cpython.call('list_segments', [], {}) == names
    with pytest.raises(FileExistsError):
        our_client.SharedMemory(SIZE, named.name)
    assert our_client.list_blocks() == names
    cpython.shutdown()
    assert not any(map(exists, names))


@pytest.mark.interop('CPython server', 'lists')
@every_python_with_lists
@every_kind
def test_lists_of_cpython_server(cpython, our_client, kind, blocks):
    made = our_client.ShareableList(VALUES, blocks.new_name())
    generated = our_client.ShareableList(range(100))
    cpython.open_list(made.shm.name)
    assert cpython.read_list(made.shm.name) == VALUES
    cpython.assign(made.shm.name, 3, 99)
    assert made[3] == 99

    name = cpython.create_list(VALUES)
    theirs = Shm.ShareableList(name=name)
    assert list(theirs) == VALUES
    theirs[3] = 5
    assert cpython.read_list(name)[3] == 5
    names = [made.shm.name, generated.shm.name, name]
    assert our_client.list_blocks() == names
    cpython.shutdown()
    assert not any(map(exists, names))


@pytest.mark.interop('CPython server', 'methods')
@every_python
@every_kind
def test_methods_of_cpython_server(cpython, our_client, kind, blocks):
    signals = []
    our_client.connect('block-tracked', lambda _, name: signals.append(('tracked', name)))
    our_client.connect('block-removed', lambda _, name: signals.append(('removed', name)))
    name = blocks.new_name()
    shm = Shm.SharedMemory(name, True, SIZE, track=False)
    assert our_client.track(name)
    assert cpython.call('list_segments', [], {}) == [name]
    assert our_client.remove(name)
    assert not exists(name)
    assert our_client.list_blocks() == []
    assert signals == [('tracked', name), ('removed', name)]
    with pytest.raises(FileNotFoundError) as excinfo:
        our_client.remove(name)
    assert excinfo.value.gerror.code == int(Shm.Error.NOT_FOUND)
    with pytest.raises(FileNotFoundError):
        # The client refuses the name. CPython's server would accept the name, and its shutdown
        # would fail.
        our_client.track(name)
    assert our_client.list_blocks() == []
    shm.close()

    # CPython's server raises an exception for a missing block, but still removes the name from its
    # list.
    gone = blocks.add(our_client.SharedMemory(SIZE))
    gone.unlink()
    with pytest.raises(FileNotFoundError):
        our_client.remove(gone.name)
    assert our_client.list_blocks() == []


@pytest.mark.interop('CPython server', 'shutdown')
@every_python
@every_kind
def test_shutdown_of_a_cpython_server(cpython, our_client, kind, blocks):
    """CPython's server replies to a shutdown request with an error at the first missing block, and
    sends two replies when the shutdown succeeds. The client of this library handles both."""
    made = [blocks.add(our_client.SharedMemory(SIZE)) for _ in range(7)]
    for i in (0, 2, 3, 6):
        made[i].unlink()
    cpython.send_request('wait_for_server')
    our_client.shutdown()
    assert cpython.receive_answer() == 0
    assert our_client.get_state() == Shm.ManagerState.SHUT_DOWN
    assert not any(exists(shm.name) for shm in made)
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        our_client.SharedMemory(SIZE)


@pytest.mark.interop('CPython server', 'keys')
@every_python
@every_kind
def test_client_with_another_key(cpython, our_client, kind, blocks):
    for key in (b'another key', b''):
        client = Shm.Manager(our_client.address, key)
        with pytest.raises(AuthenticationError) as excinfo:
            client.connect()
        assert excinfo.value.gerror.code == int(Shm.Error.AUTHENTICATION_FAILED)
    client = Shm.Manager(our_client.address, KEY.encode())
    client.connect()
    blocks.add(client.SharedMemory(SIZE))


@pytest.mark.interop('CPython server', 'keys')
@every_python
@pytest.mark.parametrize('kind', ['path'])
def test_client_without_md5(cpython, our_client, kind, blocks):
    client = Shm.Manager(our_client.address, KEY.encode(), flags=Shm.ManagerFlags.REFUSE_MD5)
    if cpython.has_md5_only:
        with pytest.raises(AuthenticationError, match='MD5'):
            client.connect()
    else:
        client.connect()
        blocks.add(client.SharedMemory(SIZE))


@pytest.mark.interop('CPython server', 'shutdown')
@every_python
@pytest.mark.parametrize('kind', ['path', 'tcp'])
def test_death_of_a_cpython_server(cpython, our_client, kind, blocks):
    died = []
    our_client.connect('server-exited', died.append)
    shm = blocks.add(our_client.SharedMemory(SIZE))
    os.kill(cpython.server_pid(), 9)
    cpython.wait_for_server()
    with pytest.raises(ConnectionRefusedError) as excinfo:
        our_client.SharedMemory(SIZE)
    assert excinfo.value.gerror.code == int(Shm.Error.SERVER_DIED)
    assert died == [our_client]
    shm.unlink()


# Many clients

def test_many_cpython_clients_at_once():
    found = find_interpreters()
    pythons = [found[version] for version in sorted(found)]
    with Shm.Manager(authkey=KEY.encode()) as manager:
        clients = [CPythonProcess(pythons[i % len(pythons)]) for i in range(CLIENTS)]
        try:
            for client in clients:
                client.connect(manager.address, KEY)
            for client in clients:
                client.send_request('load', REQUESTS)
            # A client of this library works at the same time.
            for _ in range(100):
                shm = manager.SharedMemory(SIZE)
                manager.remove(shm.name)
            answers = [client.receive_answer() for client in clients]
        finally:
            statuses = [client.end() for client in clients]
        assert statuses == [0] * CLIENTS
        quarter = REQUESTS // 4
        assert answers == [{'blocks': quarter, 'others': 3 * quarter}] * CLIENTS
        assert manager.list_blocks() == []
