# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests the server of a manager with hostile and defective peers.

During most attacks, a client of this library and a client of stock CPython make requests. Both
clients open a new connection again and again. An attack continues until the server has replied to
several requests of each client. The server must not use much CPU time or memory. To an
unauthenticated peer, the server must send only messages of the handshake.
"""

import hmac
import itertools
import os
import pickle
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from manager_support import CLIENT, Program, Workspace, wait_until, wait_until_blocked
from support import SOURCE, TIMEOUT_SECONDS

N_PEERS = 1000

# The number of requests of each well-behaved client to which the server replies during an attack.
N_REQUESTS = 20

# A small limit for the descriptors of a server.
FEW_DESCRIPTORS = 64

# The timeouts of the server for a handshake and for a message, in seconds.
HANDSHAKE_TIMEOUT, MESSAGE_TIMEOUT = 5, 10

CHALLENGE, WELCOME, FAILURE = b'#CHALLENGE#', b'#WELCOME#', b'#FAILURE#'

# A well-behaved client in stock CPython, which makes a new connection for each request.
CPYTHON_CLIENT = '''
import select, sys, time
from multiprocessing import connection, managers

address, key = sys.argv[1], bytes.fromhex(sys.argv[2])
while not select.select([sys.stdin], [], [], float(sys.argv[3]))[0]:
    begin = time.monotonic()
    while True:
        try:
            with connection.Client(address, authkey=key) as client:
                managers.dispatch(client, None, 'dummy')
            break
        except (EOFError, ConnectionError):
            print('dropped', flush=True)
    print('served', int((time.monotonic() - begin) * 1e6), flush=True)
'''


@pytest.fixture
def workspace():
    workspace = Workspace()
    yield workspace
    workspace.clear()


@pytest.fixture
def server(workspace):
    return workspace.start('--loop')


@pytest.fixture(autouse=True)
def descriptors():
    """Allows enough descriptors for a thousand peers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * N_PEERS + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f'this process can open only {hard} descriptors')
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Well-behaved clients


class WellBehavedClients:
    """Two clients that make requests while the body of a `with` statement runs. The body repeats an
    attack while are_waiting() returns True."""

    def __init__(self, workspace, server, title, pause=0.02, may_be_dropped=False):
        self.server, self.title, self.may_be_dropped = server, title, may_be_dropped
        self.clients = {
            'shmobj': workspace.add(Program(workspace.folder, CLIENT, '--fresh', '--pause',
                                            int(pause * 1000), server.address, server.key,
                                            workspace.prefix)),
            'CPython': workspace.add(Program(workspace.folder, sys.executable, '-c', CPYTHON_CLIENT,
                                             server.address, server.key, pause)),
        }

    def __enter__(self):
        for client in self.clients.values():
            client.wait_for('served', 3)
        self.begin = {kind: len(client.find_all('served')) for kind, client in self.clients.items()}
        self.memory = memory_of(self.server.server_pid)
        self.end = time.monotonic() + TIMEOUT_SECONDS
        return self

    def are_waiting(self):
        """Returns whether the server has not yet replied to enough requests since the beginning of
        the body. Fails after the timeout. Before it returns True, it leaves some CPU time to the
        clients."""
        served = {kind: len(client.find_all('served')) - self.begin[kind]
                  for kind, client in self.clients.items()}
        if min(served.values()) >= N_REQUESTS:
            return False
        assert time.monotonic() < self.end, served
        time.sleep(0.01)
        return True

    def __exit__(self, error, *rest):
        if error is not None:
            return
        for kind, client in self.clients.items():
            client.wait_for('served', len(client.find_all('served')) + 1)
            assert client.end() == 0, client.lines
            assert self.may_be_dropped or not client.find_all('dropped'), client.lines
            times = sorted(int(usec) for usec in client.find_all('served')[self.begin[kind]:])
            print(f'{self.title}: the {kind} client was served {len(times)} times, median '
                  f'{times[len(times) // 2] / 1000:.1f} ms, slowest {times[-1] / 1000:.1f} ms')
        grown = memory_of(self.server.server_pid) - self.memory
        print(f'{self.title}: the server uses {grown} KiB more')


def memory_of(pid):
    """Returns the resident memory of a process in KiB."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    raise AssertionError(f'process {pid} has no VmRSS')


def cpu_of(pid):
    """Returns the CPU time of a process in seconds."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def assert_becomes_idle(pid, title):
    """Waits until the process uses less than a tenth of a CPU for a second. A process that never
    waits for an event does not reach this state."""
    def is_idle():
        before, begin = cpu_of(pid), time.monotonic()
        time.sleep(1)
        share = (cpu_of(pid) - before) / (time.monotonic() - begin)
        print(f'{title}: the server uses {share * 100:.1f} % of a CPU')
        return share < 0.10

    assert wait_until(is_idle) is not None


# The protocol, for hostile peers


def connect(server):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(TIMEOUT_SECONDS)
    address = server.address
    peer.connect(f'\0{address[1:]}' if address.startswith('@') else address)
    return peer


def receive(peer, length):
    """Receives `length` bytes, or fewer if the connection ends."""
    received = b''
    while len(received) < length:
        chunk = peer.recv(length - len(received))
        if not chunk:
            break
        received += chunk
    return received


def receive_all(peer):
    """Receives until the connection ends."""
    received = b''
    try:
        while chunk := peer.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def frame(body):
    return struct.pack('>i', len(body)) + body


def receive_frame(peer):
    head = receive(peer, 4)
    return receive(peer, struct.unpack('>i', head)[0]) if len(head) == 4 else None


def split_frames(received):
    while received:
        length = struct.unpack('>i', received[:4])[0]
        assert 0 <= length <= len(received) - 4, received
        yield received[4:4 + length]
        received = received[4 + length:]


def handshake(peer, key, steps=6):
    """Makes the first `steps` steps of a client's handshake with the right key."""
    def answer():
        challenge = receive_frame(peer)
        assert challenge.startswith(CHALLENGE)
        message = challenge[len(CHALLENGE):]
        return frame(b'{sha256}' + hmac.digest(key, message, 'sha256'))

    functions = [
        answer,
        lambda: peer.sendall(results[0]),
        lambda: receive_frame(peer),
        lambda: peer.sendall(frame(CHALLENGE + b'{sha256}' + bytes(40))),
        lambda: receive_frame(peer),
        lambda: peer.sendall(frame(WELCOME)),
    ]
    results = []
    for function in functions[:steps]:
        results.append(function())
    if steps > 2:
        assert results[2] == WELCOME
    return peer


def connect_authenticated(server):
    return handshake(connect(server), bytes.fromhex(server.key))


def request(method, *arguments):
    return frame(pickle.dumps((None, method, arguments, {}), 4))


HELLO = request('shmobj_hello', 1, 12345)


def close_all(peers):
    for peer in peers:
        peer.close()


def is_closed(peer):
    """Returns whether the server has closed the connection. Discards the received data."""
    peer.setblocking(False)
    try:
        while peer.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def assert_only_handshake(received):
    """Checks that the server has sent only messages that an unauthenticated peer may receive."""
    frames = list(split_frames(received))
    assert frames[:1] != [] and frames[0].startswith(CHALLENGE + b'{sha256}')
    assert len(frames[0]) == len(CHALLENGE) + 8 + 40
    assert frames[1:] in ([], [FAILURE]), frames


# Many peers


def replace_closed(server, peers):
    """Connects again for each peer whose connection the server has closed."""
    for i, peer in enumerate(peers):
        if is_closed(peer):
            peer.close()
            peers[i] = connect(server)


def test_thousand_silent_peers(workspace, server):
    with WellBehavedClients(workspace, server, f'{N_PEERS} silent peers') as clients:
        peers = [connect(server) for _ in range(N_PEERS)]
        while clients.are_waiting():
            replace_closed(server, peers)
    assert_becomes_idle(server.server_pid, f'{N_PEERS} silent peers')
    close_all(peers)


def test_many_short_connections(workspace, server):
    """Half of the peers disconnect at once. The other half first read a part of the challenge."""
    with WellBehavedClients(workspace, server, 'many short connections') as clients:
        while clients.are_waiting():
            peers = [connect(server) for _ in range(50)]
            for peer in peers[::2]:
                peer.recv(10)
            close_all(peers)


def test_disconnect_at_every_point(workspace, server):
    key = bytes.fromhex(server.key)
    with WellBehavedClients(workspace, server, 'peers that disconnect') as clients:
        while clients.are_waiting():
            for steps in range(7):
                handshake(connect(server), key, steps).close()
            for length in range(1, 12):
                peer = connect_authenticated(server)
                peer.sendall(request('list_segments')[:length * 4])
                peer.close()


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, FEW_DESCRIPTORS))


def wait_until_closed(peers, count):
    """Waits until the server has closed at least `count` of the connections."""
    assert wait_until(lambda: sum(map(is_closed, peers)) >= count) is not None


def test_few_descriptors(workspace, server):
    """If the server has more silent peers than descriptors, it disconnects the peers that have been
    silent for the longest time. On a busy machine, it may also disconnect a well-behaved client
    that needs more than 25 ms for the handshake. This client tries again."""
    resource.prlimit(server.server_pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS,) * 2)
    title = f'200 silent peers for {FEW_DESCRIPTORS} descriptors'
    with WellBehavedClients(workspace, server, title, may_be_dropped=True) as clients:
        peers = [connect(server) for _ in range(200)]
        wait_until_closed(peers, 200 - FEW_DESCRIPTORS)
        second = [connect(server) for _ in range(40)]
        while clients.are_waiting():
            replace_closed(server, second)
    more = [connect(server) for _ in range(200)]
    wait_until_closed(more, 200 - FEW_DESCRIPTORS)
    assert_becomes_idle(server.server_pid, title)
    close_all(peers + second + more)


def test_few_descriptors_and_peers_that_reconnect(workspace, server):
    """The server disconnects a silent peer after 25 ms, and the peer connects again. So when a
    well-behaved client connects, about 150 silent peers wait before it."""
    resource.prlimit(server.server_pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS,) * 2)
    with WellBehavedClients(workspace, server, '200 silent peers that reconnect',
                            may_be_dropped=True) as clients:
        peers = [connect(server) for _ in range(200)]
        while clients.are_waiting():
            replace_closed(server, peers)
    close_all(peers)


def test_few_descriptors_from_the_beginning(workspace):
    server = workspace.start('--loop', preexec_fn=limit_descriptors)
    with WellBehavedClients(workspace, server,
                            f'200 silent peers for {FEW_DESCRIPTORS} initial descriptors',
                            may_be_dropped=True) as clients:
        peers = [connect(server) for _ in range(200)]
        wait_until_closed(peers, 200 - FEW_DESCRIPTORS)
        while clients.are_waiting():
            pass
    close_all(peers)


def test_all_descriptors_in_use(workspace):
    """If authenticated peers use all descriptors, the server stops accepting connections, and uses
    little CPU time in the meantime. When peers disconnect, it accepts connections again."""
    server = workspace.start('--loop', preexec_fn=limit_descriptors)
    authenticated, waiting = [], []
    while not waiting:
        peer = connect(server)
        # If the server accepted the connection, it sends the challenge before it waits again.
        wait_until_blocked(server.server_pid)
        if select.select([peer], [], [], 0)[0]:
            authenticated.append(handshake(peer, bytes.fromhex(server.key)))
        else:
            waiting.append(peer)
    assert 40 < len(authenticated) < FEW_DESCRIPTORS
    waiting += [connect(server) for _ in range(10)]
    assert_becomes_idle(server.server_pid, 'all descriptors in use')
    close_all(authenticated[:20] + waiting)
    connect_authenticated(server).close()
    close_all(authenticated)


# Timeouts


class SlowSender(threading.Thread):
    """Sends a byte every 100 ms until the server closes the connection. Measures the time until the
    server does so."""

    def __init__(self, server, connect, content):
        super().__init__(daemon=True)
        self.begin = time.monotonic()
        self.peer, self.content = connect(server), content
        self.took = None
        self.start()

    def run(self):
        for i in itertools.count():
            try:
                self.peer.send(self.content[i:i + 1] or b'x')
            except OSError:
                break
            time.sleep(0.1)
        self.took = time.monotonic() - self.begin


class WatchedPeers:
    """Measures the time until the server disconnects each of several peers."""

    def __init__(self, server):
        self.server = server
        self.begin, self.peers, self.took = {}, {}, {}

    def add(self, name, connect, content=b''):
        self.begin[name] = time.monotonic()
        self.peers[name] = connect(self.server)
        self.peers[name].sendall(content)

    def have_closed(self, names):
        for name, peer in self.peers.items():
            if name not in self.took and is_closed(peer):
                self.took[name] = time.monotonic() - self.begin[name]
        return self.took.keys() >= set(names)


def connect_persistent(server):
    peer = connect_authenticated(server)
    peer.sendall(HELLO)
    receive_frame(peer)
    return peer


def connect_half(server):
    return handshake(connect(server), bytes.fromhex(server.key), 3)


HANDSHAKE_PEERS = ('silent', 'partial answer', 'half a handshake')
MESSAGE_PEERS = ('authenticated, partial', 'persistent, partial')


def test_timeouts(workspace, server):
    """The timeout is 5 seconds for a handshake and 10 seconds for a message. The server checks the
    timeouts only at intervals, so it may notice a timeout late. An authenticated peer may stay
    silent between messages."""
    answer = frame(CHALLENGE + bytes(100))
    partial = request('list_segments')[:10]
    long_message = frame(bytes(60000))
    peers = WatchedPeers(server)
    with WellBehavedClients(workspace, server, 'slow peers', pause=0.05) as clients:
        peers.add('silent', connect)
        peers.add('partial answer', connect, answer[:3])
        peers.add('half a handshake', connect_half)
        slow_unauthenticated = [SlowSender(server, connect, answer) for _ in range(20)]
        peers.add('authenticated', connect_authenticated)
        peers.add('persistent', connect_authenticated, HELLO)
        peers.add('authenticated, partial', connect_authenticated, partial)
        peers.add('persistent, partial', connect_authenticated, HELLO + partial)
        slow_authenticated = [SlowSender(server, connect_authenticated, long_message),
                              SlowSender(server, connect_persistent, long_message)]
        while clients.are_waiting():
            pass
        assert wait_until(lambda: peers.have_closed(HANDSHAKE_PEERS)) is not None
        assert wait_until(lambda: peers.have_closed(MESSAGE_PEERS)) is not None
        for thread in slow_unauthenticated + slow_authenticated:
            thread.join(TIMEOUT_SECONDS)
    print({name: f'{seconds:.1f} s' for name, seconds in peers.took.items()},
          [thread.took for thread in slow_unauthenticated[:1] + slow_authenticated])
    for name in HANDSHAKE_PEERS:
        assert HANDSHAKE_TIMEOUT < peers.took.pop(name)
    for name in MESSAGE_PEERS:
        assert MESSAGE_TIMEOUT < peers.took.pop(name)
    assert not peers.took
    assert all(HANDSHAKE_TIMEOUT < thread.took for thread in slow_unauthenticated)
    assert all(MESSAGE_TIMEOUT < thread.took for thread in slow_authenticated)
    # The server still replies to the other peers.
    for name in ('authenticated', 'persistent'):
        peer = peers.peers[name]
        peer.settimeout(TIMEOUT_SECONDS)
        peer.sendall(request('dummy'))
        assert pickle.loads(receive_frame(peer)) == ('#RETURN', None)
    close_all(peers.peers.values())


# Invalid messages

LENGTHS = {
    'the longest': struct.pack('>i', 0x7fffffff),
    '2^31 in the long form': struct.pack('>iQ', -1, 1 << 31),
    '2^63 in the long form': struct.pack('>iQ', -1, 1 << 63),
    '2^64 - 1 in the long form': struct.pack('>iQ', -1, (1 << 64) - 1),
    'negative': struct.pack('>i', -2),
    'most negative': struct.pack('>i', -(1 << 31)),
}


def unauthenticated_messages():
    """Yields messages that a peer without the key can send."""
    yield from (length + b'x' * 300 for length in LENGTHS.values())
    yield frame(b'x' * 257)
    yield frame(b'x' * 256)
    yield frame(b'')
    yield frame(b'') * 100
    yield b'GET / HTTP/1.0\r\n\r\n'
    yield bytes(range(256)) * 300
    yield os.urandom(100000)
    yield frame(WELCOME)
    yield frame(FAILURE)
    yield frame(CHALLENGE + bytes(20))
    yield frame(CHALLENGE + b'{sha256}' + bytes(40))
    yield frame(b'{sha256}' + bytes(32))
    yield frame(b'{md5}' + bytes(16))
    yield frame(b'{sha512}' + bytes(64))
    yield frame(b'{%n%s}' + bytes(32))
    yield frame(bytes(16))
    yield frame(bytes(20))
    # Send all messages of a client at once, and do not wait for the messages of the server.
    yield frame(bytes(16)) + frame(CHALLENGE + bytes(20)) + frame(WELCOME) + \
        request('list_segments')
    yield request('shutdown')
    yield HELLO


def exchange(server, message):
    """Sends a message, and returns all data that the server sends until the server disconnects."""
    with connect(server) as peer:
        try:
            peer.sendall(message)
            peer.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return receive_all(peer)


def test_unauthenticated_peers_receive_only_the_handshake(workspace, server):
    with WellBehavedClients(workspace, server, 'unauthenticated peers') as clients:
        while clients.are_waiting():
            for message in unauthenticated_messages():
                assert_only_handshake(exchange(server, message))


@pytest.mark.parametrize('length', [257, 65536, 0x7fffffff])
def test_longest_message_of_an_unauthenticated_peer(server, length):
    """The server rejects a frame of more than 256 bytes as soon as it has read the length."""
    with connect(server) as peer:
        peer.sendall(struct.pack('>i', 256) + b'x' * 100)
        assert receive_frame(peer).startswith(CHALLENGE)
        # When the server replies to the next peer, it has seen the bytes of this one.
        connect_authenticated(server).close()
        assert not is_closed(peer)
    with connect(server) as peer:
        peer.sendall(struct.pack('>i', length) + b'x' * 100)
        assert receive_frame(peer).startswith(CHALLENGE)
        connect_authenticated(server).close()
        assert is_closed(peer)


def test_wrong_key(server):
    """If a peer answers the challenge with a wrong key, the server sends only the failure message
    and closes the connection."""
    for key in (b'', b'another', bytes(32), bytes.fromhex(server.key)[:-1]):
        peer = connect(server)
        message = receive_frame(peer)[len(CHALLENGE):]
        peer.sendall(frame(b'{sha256}' + hmac.digest(key, message, 'sha256')))
        assert receive_all(peer) == frame(FAILURE)
        peer.close()


@pytest.mark.parametrize('length', LENGTHS)
def test_length(server, length):
    """If an authenticated peer sends an invalid length, the server disconnects it and allocates no
    memory for the message."""
    before = memory_of(server.server_pid)
    for hello in (b'', HELLO):
        with connect_authenticated(server) as peer:
            peer.sendall(hello + LENGTHS[length] + b'x' * 1000)
            if hello:
                assert receive_frame(peer) is not None
            assert receive_all(peer) == b''
    assert memory_of(server.server_pid) - before < 2048


def read_hostile_pickles():
    for line in (SOURCE / 'tests/data/manager-vectors.txt').read_text().splitlines():
        if line.startswith('hostile\t'):
            _, description, content = line.split('\t')
            yield description, bytes.fromhex(content)


def test_hostile_pickles(workspace, server):
    """The server replies to a hostile pickle of an authenticated peer with an error. The connection
    stays usable."""
    pickles = dict(read_hostile_pickles())
    assert len(pickles) > 15
    with WellBehavedClients(workspace, server, 'hostile pickles') as clients:
        while clients.are_waiting():
            with connect_authenticated(server) as peer:
                peer.sendall(HELLO)
                receive_frame(peer)
                for description, content in pickles.items():
                    peer.sendall(frame(content))
                    kind, text = pickle.loads(receive_frame(peer))
                    assert kind == '#TRACEBACK', (description, text)
                peer.sendall(request('dummy'))
                assert pickle.loads(receive_frame(peer)) == ('#RETURN', None)


def padded(length):
    """Returns a request of `length` bytes."""
    bare = len(pickle.dumps((None, 'dummy', ('',), {}), 2))
    body = pickle.dumps((None, 'dummy', ('x' * (length - bare),), {}), 2)
    assert len(body) == length
    return frame(body)


def test_longest_request(server):
    with connect_authenticated(server) as peer:
        peer.sendall(padded(64 * 1024))
        assert pickle.loads(receive_frame(peer))[0] in ('#RETURN', '#TRACEBACK')
    with connect_authenticated(server) as peer:
        peer.sendall(struct.pack('>i', 64 * 1024 + 1))
        assert receive_all(peer) == b''
    with connect_authenticated(server) as peer:
        try:
            peer.sendall(padded(64 * 1024 + 1))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert receive_all(peer) == b''


# Unusual sequences of requests


def test_pipelined_requests(workspace, server):
    """On a persistent connection, the server replies to all requests in their order. On any other
    connection, the server replies only to the first request."""
    name = f'{workspace.prefix}-block'
    server.request_checked(f'create {name}')
    with WellBehavedClients(workspace, server, 'pipelined requests') as clients:
        while clients.are_waiting():
            with connect_authenticated(server) as peer:
                peer.sendall(HELLO + (request('list_segments') +
                                      request('number_of_objects')) * 100)
                receive_frame(peer)
                for _ in range(100):
                    kind, names = pickle.loads(receive_frame(peer))
                    assert kind == '#RETURN' and name in names
                    assert pickle.loads(receive_frame(peer)) == ('#RETURN', 0)
    with connect_authenticated(server) as peer:
        peer.sendall(request('dummy') + request('list_segments'))
        assert list(map(pickle.loads, split_frames(receive_all(peer)))) == [('#RETURN', None)]


def test_peers_that_do_not_receive(workspace, server):
    """If a peer sends requests but does not receive the replies, the data fills the buffers of the
    socket and not the memory of the server."""
    for i in range(1000):
        server.send(f'create {workspace.prefix}-with-a-rather-long-name-that-is-listed-{i}')
    assert server.receive_reply().outcome == 'ok'
    before = memory_of(server.server_pid)
    with WellBehavedClients(workspace, server, 'peers that do not receive') as clients:
        peers = []
        for _ in range(20):
            peer = connect_authenticated(server)
            peer.sendall(HELLO)
            peer.setblocking(False)
            peers.append(peer)
        sent = 0
        while clients.are_waiting():
            for peer in peers:
                try:
                    sent += peer.send(request('list_segments') * 100)
                except BlockingIOError:
                    pass
    assert_becomes_idle(server.server_pid, 'peers that do not receive')
    grown = memory_of(server.server_pid) - before
    print(f'{sent} bytes of requests: {grown} KiB more')
    # For each peer, the server stores one reply, and the input that the server has not processed.
    assert grown < 8192
    close_all(peers)


def test_peers_leave_no_memory(workspace, server):
    """The server frees all memory of a peer after the end of the connection."""
    messages = list(unauthenticated_messages())

    def run_round():
        for i in range(N_PEERS):
            exchange(server, messages[i % len(messages)])
        for _ in range(100):
            connect_authenticated(server).close()
        close_all([connect(server) for _ in range(N_PEERS)])

    def get_growth():
        """Returns by how many KiB the memory of the server grows during five rounds."""
        before = memory_of(server.server_pid)
        for _ in range(5):
            run_round()
        return memory_of(server.server_pid) - before

    run_round()
    n_descriptors = len(os.listdir(f'/proc/{server.server_pid}/fd'))
    # At first the memory grows until the allocator has enough. A leak makes it grow each time.
    growths = []
    while not growths or (growths[-1] >= 256 and len(growths) < 6):
        growths.append(get_growth())
    print('KiB:', growths)
    assert growths[-1] < 256
    assert wait_until(
        lambda: len(os.listdir(f'/proc/{server.server_pid}/fd')) <= n_descriptors + 2) is not None


# Other users

# A script that connects to the server, and prints the first data that it receives, or that the server
# has closed the connection.
OTHER_USER = f'''
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout({TIMEOUT_SECONDS})
try:
    peer.connect(sys.argv[1].replace('@', '\\0', 1))
    print(peer.recv(1000).hex() or 'nothing')
except OSError as error:
    print(type(error).__name__)
'''


def connect_as_another_user(address):
    return subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                           sys.executable, '-I', '-c', OTHER_USER, address], cwd='/',
                          stdout=subprocess.PIPE, encoding='ascii', check=True).stdout.strip()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason='needs root to become another user')


@as_root
def test_other_user(workspace):
    """The server sends nothing to other users, even at an address that all users can reach."""
    server = workspace.start('--address', f'@{workspace.prefix}')
    assert connect_as_another_user(server.address) in ('nothing', 'ConnectionResetError')
    assert connect(server).recv(1000) != b''


@as_root
def test_other_user_cannot_reach_socket(workspace, server):
    os.chmod(workspace.folder, 0o755)
    assert connect_as_another_user(server.address) == 'PermissionError'


@as_root
@pytest.mark.parametrize('where', ['own', 'abstract'])
def test_other_users_allowed(workspace, where):
    os.chmod(workspace.folder, 0o755)
    address = [] if where == 'own' else ['--address', f'@{workspace.prefix}']
    server = workspace.start('--allow-other-users', *address)
    assert_only_handshake(bytes.fromhex(connect_as_another_user(server.address)))
