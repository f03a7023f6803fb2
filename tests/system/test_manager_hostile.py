# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Peers of a manager's server that mean harm, or know no better.

Whatever they do, everybody else is served: while each attack goes on, a client of this library
and one of stock CPython come again and again, each time with a new connection, and have to be
served at once. The helper does not spin, does not grow, and tells nothing to who has not shown
the key.
"""

import hmac
import itertools
import os
import pickle
import resource
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from manager_support import CLIENT, Program, Stage, await_that
from support import SOURCE

# A request takes no longer, its connection and handshake included ...
AT_ONCE = 0.1

# ... which half of them are at least, on a machine that has other things to do as well; and longer
# than this nobody waits. What it was is printed.
BOUND = 2.0

N_PEERS = 1000
HANDSHAKE, MESSAGE = 5, 10

CHALLENGE, WELCOME, FAILURE = b'#CHALLENGE#', b'#WELCOME#', b'#FAILURE#'

# A good client that knows nothing of this library: each time as if it had come just now.
STOCK_CLIENT = '''
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
            print('hung-up', flush=True)
    print('served', int((time.monotonic() - begin) * 1e6), flush=True)
'''


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.clear()


@pytest.fixture
def server(stage):
    return stage.start('--loop')


@pytest.fixture(autouse=True)
def descriptors():
    """Enough for a thousand peers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * N_PEERS + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f'no more than {hard} descriptors')
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Good clients


class Good:
    """Clients that are to be served while something goes on; and that the helper lives on."""

    def __init__(self, stage, server, what, pause=0.02, may_hang_up=False):
        self.server, self.what, self.may_hang_up = server, what, may_hang_up
        self.clients = {
            'ours': stage.add(Program(stage.folder, CLIENT, '--fresh', '--pause',
                                      int(pause * 1000), server.address, server.key,
                                      stage.prefix)),
            'stock': stage.add(Program(stage.folder, sys.executable, '-c', STOCK_CLIENT,
                                       server.address, server.key, pause)),
        }

    def __enter__(self):
        for client in self.clients.values():
            client.wait_for('served', 3)
        self.begin = {kind: len(client.find_all('served')) for kind, client in self.clients.items()}
        self.memory = memory_of(self.server.helper)
        return self

    def __exit__(self, error, *rest):
        if error is not None:
            return
        for kind, client in self.clients.items():
            # One that is waiting at this moment counts too.
            client.wait_for('served', len(client.find_all('served')) + 1)
            assert client.end() == 0, client.lines
            assert self.may_hang_up or not client.find_all('hung-up'), client.lines
            self.check(kind, [int(usec) / 1e6
                              for usec in client.find_all('served')[self.begin[kind]:]])
        print(f'{self.what}: the helper has {memory_of(self.server.helper) - self.memory} KiB more')

    def check(self, kind, times):
        times.sort()
        print(f'{self.what}: {kind} served {len(times)} times, in the middle in '
              f'{times[len(times) // 2] * 1000:.1f} ms, the slowest {times[-1] * 1000:.1f} ms')
        assert self.may_hang_up or times[len(times) // 2] < AT_ONCE
        assert times[-1] < BOUND


def memory_of(pid):
    """In KiB."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    raise AssertionError('no memory')


def cpu_of(pid):
    """In seconds."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def assert_is_at_rest(pid, what, seconds=2.0):
    before = cpu_of(pid)
    time.sleep(seconds)
    share = (cpu_of(pid) - before) / seconds
    print(f'{what}: the helper uses {share * 100:.1f} % of a CPU')
    assert share < 0.10


# Bad ones


def connect(server, seconds=BOUND):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(seconds)
    address = server.address
    peer.connect(f'\0{address[1:]}' if address.startswith('@') else address)
    return peer


def receive(peer, length):
    """As many bytes, or fewer at the end."""
    received = b''
    while len(received) < length:
        chunk = peer.recv(length - len(received))
        if not chunk:
            break
        received += chunk
    return received


def receive_all(peer):
    """Until the peer hangs up."""
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
    """As a client that has the key, so many steps of it."""
    def answer():
        challenge = receive_frame(peer)
        assert challenge.startswith(CHALLENGE)
        message = challenge[len(CHALLENGE):]
        return frame(b'{sha256}' + hmac.digest(key, message, 'sha256'))

    course = [
        answer,
        lambda: peer.sendall(found[0]),
        lambda: receive_frame(peer),
        lambda: peer.sendall(frame(CHALLENGE + b'{sha256}' + bytes(40))),
        lambda: receive_frame(peer),
        lambda: peer.sendall(frame(WELCOME)),
    ]
    found = []
    for step in course[:steps]:
        found.append(step())
    if steps > 2:
        assert found[2] == WELCOME
    return peer


def enter(server, seconds=BOUND):
    return handshake(connect(server, seconds), bytes.fromhex(server.key))


def request(method, *arguments):
    return frame(pickle.dumps((None, method, arguments, {}), 4))


HELLO = request('shmobj_hello', 1, 12345)


def close_all(peers):
    for peer in peers:
        peer.close()


def is_closed(peer):
    """By the server, whatever it has said before."""
    peer.setblocking(False)
    try:
        while peer.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def assert_only_words(received):
    """What somebody may hear who has not shown the key."""
    frames = list(split_frames(received))
    assert frames[:1] != [] and frames[0].startswith(CHALLENGE + b'{sha256}')
    assert len(frames[0]) == len(CHALLENGE) + 8 + 40
    assert frames[1:] in ([], [FAILURE]), frames


# Crowds


def test_thousand_silent_peers(stage, server):
    with Good(stage, server, f'{N_PEERS} silent peers'):
        peers = [connect(server) for _ in range(N_PEERS)]
        time.sleep(1)
    assert_is_at_rest(server.helper, f'{N_PEERS} silent peers')
    close_all(peers)


def test_crowd_that_comes_again(stage, server):
    """Each goes as soon as it has come, with or without having listened."""
    with Good(stage, server, 'a crowd that comes and goes'):
        end = time.monotonic() + 2
        while time.monotonic() < end:
            peers = [connect(server) for _ in range(50)]
            for peer in peers[::2]:
                peer.recv(10)
            close_all(peers)
            # Or it is this process that nobody else gets a turn for.
            time.sleep(0.01)


def test_hang_up_at_every_point(stage, server):
    key = bytes.fromhex(server.key)
    with Good(stage, server, 'peers that hang up'):
        for _ in range(20):
            for steps in range(7):
                handshake(connect(server), key, steps).close()
            for length in range(1, 12):
                peer = enter(server)
                peer.sendall(request('list_segments')[:length * 4])
                peer.close()
            time.sleep(0.02)


def test_few_descriptors(stage, server):
    """More silent peers than the helper has descriptors: who keeps silent longest makes room."""
    resource.prlimit(server.helper, resource.RLIMIT_NOFILE, (64, 64))
    with Good(stage, server, '200 silent peers for 64 descriptors'):
        peers = [connect(server) for _ in range(200)]
        time.sleep(0.5)
        second = [connect(server) for _ in range(40)]
        time.sleep(1.5)
    assert sum(map(is_closed, peers)) >= 200 - 64
    more = [connect(server) for _ in range(200)]
    time.sleep(0.5)
    assert_is_at_rest(server.helper, '200 silent peers for 64 descriptors')
    close_all(peers + second + more)


def test_few_descriptors_and_a_crowd_that_comes_again(stage, server):
    """There are always 150 in front of who comes, and 48 at a time keep their places for 25 ms. On a
    busy machine that can be too short for a good client as well, which then comes again."""
    resource.prlimit(server.helper, resource.RLIMIT_NOFILE, (64, 64))
    with Good(stage, server, '200 silent peers that come again', may_hang_up=True):
        peers = [connect(server) for _ in range(200)]
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            for i, peer in enumerate(peers):
                if is_closed(peer):
                    peer.close()
                    peers[i] = connect(server)
            time.sleep(0.005)
    close_all(peers)


def test_few_descriptors_from_the_beginning(stage):
    server = stage.start('--loop', preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (64, 64)))
    with Good(stage, server, '200 silent peers for 64 descriptors that were'):
        peers = [connect(server) for _ in range(200)]
        time.sleep(2)
    assert sum(map(is_closed, peers)) >= 200 - 64
    close_all(peers)


def test_no_descriptor_for_anybody(stage):
    """All are taken by peers that have a right to them: there is no room, and nothing to do. As
    soon as one goes, the next one gets in."""
    server = stage.start('--loop', preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (64, 64)))
    known = []
    with pytest.raises(TimeoutError):
        while True:
            known.append(enter(server))
    assert 40 < len(known) < 64
    waiting = [connect(server) for _ in range(10)]
    assert_is_at_rest(server.helper, 'no descriptor for anybody')
    begin = time.monotonic()
    close_all(known[:20] + waiting)
    enter(server).close()
    assert time.monotonic() - begin < BOUND
    close_all(known)


# Time


class Slow(threading.Thread):
    """Sends a byte every 100 ms until it is hung up on. Notes when."""

    def __init__(self, peer, content):
        super().__init__(daemon=True)
        self.peer, self.content = peer, content
        self.begin = time.monotonic()
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


class Watched:
    """When each of these peers is dropped."""

    def __init__(self):
        self.begin, self.peers, self.took = {}, {}, {}

    def add(self, name, peer, content=b''):
        peer.sendall(content)
        self.peers[name], self.begin[name] = peer, time.monotonic()

    def watch(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, peer in self.peers.items():
                if name not in self.took and is_closed(peer):
                    self.took[name] = time.monotonic() - self.begin[name]
            time.sleep(0.05)


def known_as_ours(server):
    peer = enter(server)
    peer.sendall(HELLO)
    receive_frame(peer)
    return peer


def test_time(stage, server):
    """A handshake may take five seconds, a message ten and what the clock needs to notice; who has
    shown the key may stay silent."""
    proof = frame(CHALLENGE + bytes(100))
    begun = request('list_segments')[:10]
    long_one = frame(bytes(60000))
    peers = Watched()
    with Good(stage, server, 'slow peers', pause=0.05):
        peers.add('silent', connect(server))
        peers.add('begun', connect(server), proof[:3])
        peers.add('half proven', handshake(connect(server), bytes.fromhex(server.key), 3))
        for _ in range(20):
            Slow(connect(server), proof)
        slow_stranger = Slow(connect(server), proof)
        peers.add('known', enter(server))
        peers.add('ours', enter(server), HELLO)
        peers.add('known, begun', enter(server), begun)
        peers.add('ours, begun', enter(server), HELLO + begun)
        slow_known = Slow(enter(server), long_one)
        slow_ours = Slow(known_as_ours(server), long_one)
        peers.watch(MESSAGE + 3.5)
    print({name: f'{seconds:.1f} s' for name, seconds in peers.took.items()},
          [thread.took for thread in (slow_stranger, slow_known, slow_ours)])
    for name in ('silent', 'begun', 'half proven'):
        assert HANDSHAKE - 0.1 < peers.took.pop(name) < HANDSHAKE + 2
    for name in ('known, begun', 'ours, begun'):
        assert MESSAGE - 0.1 < peers.took.pop(name) < MESSAGE + 3
    assert not peers.took
    assert HANDSHAKE - 0.1 < slow_stranger.took < HANDSHAKE + 2
    for thread in (slow_known, slow_ours):
        assert MESSAGE - 0.1 < thread.took < MESSAGE + 3
    # Those who are left are still heard.
    for name in ('known', 'ours'):
        peer = peers.peers[name]
        peer.settimeout(BOUND)
        peer.sendall(request('dummy'))
        assert pickle.loads(receive_frame(peer)) == ('#RETURN', None)
    close_all(peers.peers.values())


# Nonsense

LENGTHS = {
    'the longest': struct.pack('>i', 0x7fffffff),
    '2^31 in the long form': struct.pack('>iQ', -1, 1 << 31),
    '2^63 in the long form': struct.pack('>iQ', -1, 1 << 63),
    '2^64 - 1 in the long form': struct.pack('>iQ', -1, (1 << 64) - 1),
    'negative': struct.pack('>i', -2),
    'most negative': struct.pack('>i', -(1 << 31)),
}


def strangers():
    """What to say without having the key."""
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
    # As if all had gone well.
    yield frame(bytes(16)) + frame(CHALLENGE + bytes(20)) + frame(WELCOME) + \
        request('list_segments')
    yield request('shutdown')
    yield HELLO


def hear(server, said):
    """All that the server answers, until it hangs up or nothing more is to come."""
    with connect(server, 0.5) as peer:
        try:
            peer.sendall(said)
            peer.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return receive_all(peer)


def test_strangers_hear_nothing(stage, server):
    with Good(stage, server, 'strangers'):
        end = time.monotonic() + 1.5
        for said in itertools.cycle(list(strangers())):
            assert_only_words(hear(server, said))
            if time.monotonic() > end:
                break
            time.sleep(0.002)


@pytest.mark.parametrize('length', [257, 65536, 0x7fffffff])
def test_longest_word_of_a_stranger(server, length):
    """More than 256 bytes are refused as soon as they are announced, not when they have come."""
    with connect(server) as peer:
        peer.sendall(struct.pack('>i', 256) + b'x' * 100)
        assert receive_frame(peer).startswith(CHALLENGE)
        time.sleep(0.1)
        assert not is_closed(peer)
    with connect(server) as peer:
        peer.sendall(struct.pack('>i', length) + b'x' * 100)
        assert_only_words(receive_all(peer))


def test_wrong_key(server):
    """The answer of one who has another key is told from the right one, and that is all."""
    for key in (b'', b'another', bytes(32), bytes.fromhex(server.key)[:-1]):
        peer = connect(server)
        message = receive_frame(peer)[len(CHALLENGE):]
        peer.sendall(frame(b'{sha256}' + hmac.digest(key, message, 'sha256')))
        assert receive_all(peer) == frame(FAILURE)
        peer.close()


@pytest.mark.parametrize('length', LENGTHS)
def test_length(server, length):
    """Of a message that one who has the key announces."""
    before = memory_of(server.helper)
    for hello in (b'', HELLO):
        with enter(server) as peer:
            peer.sendall(hello + LENGTHS[length] + b'x' * 1000)
            if hello:
                assert receive_frame(peer) is not None
            assert receive_all(peer) == b''
    assert memory_of(server.helper) - before < 2048


def read_hostile_pickles():
    for line in (SOURCE / 'tests/data/manager-vectors.txt').read_text().splitlines():
        if line.startswith('hostile\t'):
            _, what, content = line.split('\t')
            yield what, bytes.fromhex(content)


def test_hostile_pickles(stage, server):
    """Of one who has the key: the answer is an error, and its connection stays what it was."""
    pickles = dict(read_hostile_pickles())
    assert len(pickles) > 15
    with Good(stage, server, 'hostile pickles'):
        for _ in range(10):
            with enter(server) as peer:
                peer.sendall(HELLO)
                receive_frame(peer)
                for what, content in pickles.items():
                    peer.sendall(frame(content))
                    kind, text = pickle.loads(receive_frame(peer))
                    assert kind == '#TRACEBACK', (what, text)
                peer.sendall(request('dummy'))
                assert pickle.loads(receive_frame(peer)) == ('#RETURN', None)
            time.sleep(0.02)


def padded(length):
    """A request of so many bytes."""
    bare = len(pickle.dumps((None, 'dummy', ('',), {}), 2))
    body = pickle.dumps((None, 'dummy', ('x' * (length - bare),), {}), 2)
    assert len(body) == length
    return frame(body)


def test_longest_request(server):
    with enter(server) as peer:
        peer.sendall(padded(64 * 1024))
        assert pickle.loads(receive_frame(peer))[0] in ('#RETURN', '#TRACEBACK')
    with enter(server) as peer:
        peer.sendall(struct.pack('>i', 64 * 1024 + 1))
        assert receive_all(peer) == b''
    with enter(server) as peer:
        try:
            peer.sendall(padded(64 * 1024 + 1))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert receive_all(peer) == b''


# Requests that nobody should make so


def test_pipelined_requests(stage, server):
    """Of our clients all are answered, in order; of CPython's the first."""
    name = f'{stage.prefix}-block'
    server.do(f'create {name}')
    with Good(stage, server, 'pipelined requests'):
        for _ in range(20):
            with enter(server, 5) as peer:
                peer.sendall(HELLO + (request('list_segments') +
                                      request('number_of_objects')) * 100)
                receive_frame(peer)
                for _ in range(100):
                    kind, names = pickle.loads(receive_frame(peer))
                    assert kind == '#RETURN' and name in names
                    assert pickle.loads(receive_frame(peer)) == ('#RETURN', 0)
            time.sleep(0.01)
    with enter(server) as peer:
        peer.sendall(request('dummy') + request('list_segments'))
        assert list(map(pickle.loads, split_frames(receive_all(peer)))) == [('#RETURN', None)]


def test_peers_that_do_not_listen(stage, server):
    """They ask and ask: they fill their own buffers, and not the helper's."""
    for i in range(1000):
        server.tell(f'create {stage.prefix}-with-a-rather-long-name-that-is-listed-{i}')
    assert server.get_reply().outcome == 'ok'
    before = memory_of(server.helper)
    with Good(stage, server, 'peers that do not listen'):
        peers = []
        for _ in range(20):
            peer = enter(server)
            peer.sendall(HELLO)
            peer.setblocking(False)
            peers.append(peer)
        asked = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            for peer in peers:
                try:
                    asked += peer.send(request('list_segments') * 100)
                except BlockingIOError:
                    pass
            time.sleep(0.01)
    assert_is_at_rest(server.helper, 'peers that do not listen', 1.0)
    grown = memory_of(server.helper) - before
    print(f'{asked} bytes of requests: {grown} KiB more')
    # A list for each of them, and what it has sent and is not looked at yet.
    assert grown < 8192
    close_all(peers)


def test_many_rounds_cost_no_memory(stage, server):
    """All that is there for a peer goes with it."""
    said = list(strangers())

    def crowd():
        for i in range(N_PEERS):
            hear(server, said[i % len(said)])
        for _ in range(100):
            enter(server).close()
        close_all([connect(server) for _ in range(N_PEERS)])

    for _ in range(2):
        crowd()
    before = memory_of(server.helper), len(os.listdir(f'/proc/{server.helper}/fd'))
    for _ in range(5):
        crowd()
    after = memory_of(server.helper), len(os.listdir(f'/proc/{server.helper}/fd'))
    print(f'{before[0]} KiB, then {after[0]} KiB')
    assert after[0] - before[0] < 1024
    assert await_that(
        lambda: len(os.listdir(f'/proc/{server.helper}/fd')) <= before[1] + 2) is not None


# Other users

# Connects, and tells what it hears within half a second.
OTHER_USER = '''
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(0.5)
try:
    peer.connect(sys.argv[1].replace('@', '\\0', 1))
    print(peer.recv(1000).hex() or 'nothing')
except OSError as error:
    print(type(error).__name__)
'''


def ask_as_another_user(address):
    return subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                           sys.executable, '-I', '-c', OTHER_USER, address], cwd='/',
                          stdout=subprocess.PIPE, encoding='ascii', check=True).stdout.strip()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason='takes the right to be somebody else')


@as_root
def test_other_user(stage):
    """Where everybody can reach it, others are turned away without a byte."""
    server = stage.start('--address', f'@{stage.prefix}')
    assert ask_as_another_user(server.address) in ('nothing', 'ConnectionResetError')
    assert connect(server).recv(1000) != b''


@as_root
def test_other_user_cannot_reach_it(stage, server):
    os.chmod(stage.folder, 0o755)
    assert ask_as_another_user(server.address) == 'PermissionError'


@as_root
@pytest.mark.parametrize('where', ['own', 'abstract'])
def test_other_users_allowed(stage, where):
    os.chmod(stage.folder, 0o755)
    address = [] if where == 'own' else ['--address', f'@{stage.prefix}']
    server = stage.start('--allow-other-users', *address)
    assert_only_words(bytes.fromhex(ask_as_another_user(server.address)))
