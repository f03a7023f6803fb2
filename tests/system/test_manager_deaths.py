# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A manager leaks nothing and no call hangs, no matter which process dies.

The tests kill starters, servers and clients at random moments while all of them work. Each round
must leave no block, registry, socket file or process behind. Each call of a surviving process must
return, and not because of a timeout of the library: such a call would fail with another error.
"""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import time
from multiprocessing import connection, managers
from pathlib import Path

import pytest

from manager_support import (CPYTHON_BLOCK_SIZE, HAS_OWN_FOLDER, REGISTRY, REGISTRY_FOLDER, STARTER,
                             Program, Reply, Starter, Workspace, get_process_state, signal_all,
                             wait_for_death, wait_until, wait_until_blocked)
from support import BLOCKS, make_file, unique_name

ROUNDS = int(os.environ.get('SHMOBJ_STRESS_ROUNDS', '72'))

# Set SHMOBJ_SEED to repeat a run.
SEED = int(os.environ.get('SHMOBJ_SEED', str(random.SystemRandom().randrange(10**6))))

# The errors of calls after the end of the server. If a process itself has shut down the server, the
# calls of its other threads fail with "closed".
EXPECTED_ERRORS = {'server-died', 'closed'}


@pytest.fixture
def workspace():
    workspace = Workspace()
    yield workspace
    workspace.clear()


# Random rounds


class Round:
    """A starter, a server and a random set of clients, which work until the server ends."""

    def __init__(self, workspace, rng):
        self.workspace, self.rng = workspace, rng
        self.killed = set()
        self.n_working_threads = 0
        self.slowest = 0.0
        self.n_calls = 0
        self.removal_time = 0.0
        self.lifetime_pipe, self.workers = None, []
        self.clients, self.cpython_clients = [], []
        workspace.begin_round()

    def random_bool(self, probability=0.5):
        return self.rng.random() < probability

    def sleep_randomly(self, shortest=0.001, longest=0.030):
        time.sleep(self.rng.uniform(shortest, longest))

    def choose_children(self):
        """Chooses how many children of the starter outlive the starter. The children end when this
        process closes `lifetime_pipe`. Returns the options for the starter, the read end of the
        pipe or None, and the descriptors that the starter inherits."""
        workers, has_program = self.rng.choice([0, 0, 1, 2]), self.random_bool(0.3)
        if workers == 0 and not has_program:
            return [], None, ()
        read_end, self.lifetime_pipe = os.pipe()
        options = ['--workers', workers, '--lifetime-pipe', read_end] + ['--program'] * has_program
        self.n_workers = workers
        return options, read_end, (read_end,)

    def start(self, *options, with_threads=None):
        self.n_workers, self.lifetime_pipe = 0, None
        more, read_end, inherited = self.choose_children()
        threads = self.rng.choice([0, 0, 1, 3]) if with_threads is None else with_threads
        self.n_working_threads = threads + ('--busy' in options)
        self.starter = self.workspace.start(*options, *more, '--threads', threads,
                                            pass_fds=inherited)
        if read_end is not None:
            os.close(read_end)
        self.server_pid = self.starter.server_pid
        self.workers = [int(self.starter.wait_for('worker', i + 1))
                        for i in range(self.n_workers)]

    def add_clients(self, with_cpython):
        self.clients = [self.workspace.start_client(self.starter,
                                                    *['--fork'] * self.random_bool(0.4))
                        for _ in range(self.rng.randint(1, 3 - with_cpython))]
        if with_cpython:
            self.cpython_clients.append(self.workspace.start_cpython_client(self.starter))
            self.clients += self.cpython_clients
        for client in self.clients:
            client.wait_for('working')

    @property
    def client_pids(self):
        return [int(pid) for client in self.clients for pid in client.find_all('working')]

    def kill(self, *pids):
        self.killed.update(pids)
        signal_all(pids, signal.SIGKILL)
        if self.starter.pid in pids:
            self.starter.process.wait()

    def kill_client(self):
        pid = self.rng.choice(self.client_pids)
        self.kill(pid)
        for client in self.clients:
            if client.pid == pid:
                client.process.wait()

    # Checks after the round

    def check_reply(self, reply, *outcomes):
        assert reply.outcome in outcomes, reply
        self.slowest = max(self.slowest, reply.seconds)

    def check_reports(self, program, pids):
        """Waits until the processes (or threads) `pids` of a program have reported the end of their
        work. Checks the reports, and records the duration of the slowest call."""
        if pids:
            program.wait_for('done', len(pids))
        reports = [line.split() for line in program.find_all('done')]
        assert len(reports) >= len(pids), (reports, pids)
        for _, calls, slowest, outcome in reports:
            assert outcome in EXPECTED_ERRORS, program.lines
            self.slowest = max(self.slowest, int(slowest) / 1e6)
            self.n_calls += int(calls)
        assert not program.find_all('unexpected-error'), program.lines

    def check_survivors(self):
        for client in self.clients:
            self.check_reports(client, [pid for pid in map(int, client.find_all('working'))
                                        if pid not in self.killed])
        if self.starter.pid not in self.killed:
            self.check_reports(self.starter, [self.starter.pid] * self.n_working_threads)

    def check_server_is_reaped(self):
        assert get_process_state(self.server_pid) == ''

    def check_workers(self):
        """Checks that the workers are alive and can use their mappings, and ends the workers."""
        if self.lifetime_pipe is None:
            return
        for pid in self.workers:
            assert get_process_state(pid) in ('S', 'R', 'D'), pid
        done = len(self.starter.find_all('done'))
        os.close(self.lifetime_pipe)
        if self.workers:
            self.starter.wait_for('done', done + len(self.workers))
        for report in self.starter.find_all('done')[done:]:
            assert report.split()[-1] in EXPECTED_ERRORS

    def remove_untracked_blocks(self):
        """Removes blocks that neither the server nor a resource tracker knows, because a client was
        killed in the middle of a creation. A client of CPython creates a block before it registers
        the block with its resource tracker and the server."""
        if self.killed.intersection(client.pid for client in self.cpython_clients):
            leftovers = self.workspace.find_leftovers()
            for name in leftovers.difference(self.workspace.find_all('block')):
                # The server or a resource tracker may remove the block at the same time.
                with contextlib.suppress(FileNotFoundError):
                    size = (BLOCKS / name).stat().st_size
                    if name.startswith('psm_') and size <= CPYTHON_BLOCK_SIZE:
                        (BLOCKS / name).unlink()
        untracked = set(self.workspace.find_all('untracked'))
        untracked.difference_update(self.workspace.find_all('tracked'))
        for name in untracked:
            pid = int(name.removeprefix(self.workspace.prefix).split('-')[1])
            if pid in self.killed:
                (BLOCKS / name).unlink(missing_ok=True)

    def check_all_is_removed(self):
        self.remove_untracked_blocks()
        self.removal_time = max(self.removal_time, self.workspace.wait_until_clean())

    def finish(self):
        self.check_workers()
        self.workspace.end_round()


def kill_starter(round):
    """The server removes all blocks at once, although children of the starter continue to run."""
    round.start(*['--busy'] * round.random_bool(), *['--loop'] * round.random_bool())
    round.add_clients(with_cpython=round.random_bool(0.15))
    round.sleep_randomly()
    round.kill(round.starter.pid)
    round.check_all_is_removed()
    round.check_survivors()


def kill_server_with_loop(round):
    """The starter removes all blocks in its main loop."""
    round.start('--loop', with_threads=0)
    round.starter.request_checked(f'create {round.workspace.prefix}-first')
    round.add_clients(with_cpython=round.random_bool(0.15))
    round.sleep_randomly()
    round.kill(round.server_pid)
    round.check_all_is_removed()
    round.starter.wait_for('server-exited')
    round.check_server_is_reaped()
    round.check_survivors()
    round.check_reply(round.starter.request('names'), 'server-died')


def kill_server_without_loop(round):
    """The starter removes all blocks in its next call, before the call returns."""
    round.start(with_threads=0)
    first = f'{round.workspace.prefix}-first'
    round.starter.request_checked(f'create {first}')
    round.add_clients(with_cpython=False)
    round.sleep_randomly()
    round.kill(round.server_pid)
    round.check_survivors()
    # All clients have ended by now, so no client creates a block after the starter's next call.
    assert (BLOCKS / first).exists()
    command = round.rng.choice(['names', 'create -', f'release {first}'])
    round.check_reply(round.starter.request(command), 'server-died')
    round.remove_untracked_blocks()
    assert not round.workspace.find_leftovers()
    round.check_all_is_removed()
    round.check_server_is_reaped()


def kill_server_in_a_call(round):
    """The starter detects the death of the server in a call of one of its threads."""
    loop = ['--loop'] * round.random_bool()
    round.start('--busy', *loop)
    round.add_clients(with_cpython=round.random_bool(0.15))
    round.sleep_randomly()
    round.kill(round.server_pid)
    round.check_survivors()
    round.check_all_is_removed()
    round.check_server_is_reaped()


def kill_client(round):
    """The death of a client does not affect the server. A later shutdown also removes the blocks of
    the dead client."""
    round.start('--busy')
    kept = f'{round.workspace.prefix}-kept'
    round.starter.request_checked(f'create {kept}')
    round.add_clients(with_cpython=round.random_bool(0.15))
    round.sleep_randomly()
    round.kill_client()
    round.sleep_randomly()
    assert (BLOCKS / kept).exists()
    round.check_reply(round.starter.request('shutdown'), 'ok')
    round.check_survivors()
    round.check_all_is_removed()
    round.check_server_is_reaped()


def kill_starter_and_server(round, with_clients=False):
    """The blocks stay until another manager starts or a process calls remove_leftovers()."""
    round.start(*['--busy'] * round.random_bool())
    round.starter.request(f'create {round.workspace.prefix}-first')
    round.add_clients(with_cpython=round.random_bool(0.15))
    round.sleep_randomly()
    is_suspended = round.random_bool()
    pids = [round.starter.pid, round.server_pid] + (round.client_pids if with_clients else [])
    # Suspend the starter and the server first. Otherwise the process that dies last could remove
    # the blocks before its death.
    if is_suspended:
        signal_all([round.server_pid, round.starter.pid], signal.SIGSTOP)
    round.rng.shuffle(pids)
    round.kill(*pids)
    assert wait_for_death(round.server_pid)
    round.check_survivors()
    if is_suspended and HAS_OWN_FOLDER:
        assert os.listdir(BLOCKS / REGISTRY_FOLDER)
        assert (BLOCKS / f'{round.workspace.prefix}-first').exists()
    sweep(round)
    round.check_all_is_removed()


def sweep(round):
    """Removes the leftovers: calls remove_leftovers(), or starts another manager."""
    if round.random_bool():
        idle = round.workspace.start('--idle')
        round.check_reply(idle.request('leftovers'), 'ok')
        idle.end()
    else:
        other = round.workspace.start()
        remaining = round.workspace.find_leftovers() - {REGISTRY_FOLDER}
        round.remove_untracked_blocks()
        assert not {name for name in remaining if (BLOCKS / name).exists()}
        other.end()


def kill_all(round):
    kill_starter_and_server(round, with_clients=True)


def kill_server_in_shutdown(round):
    """The test kills the server during a shutdown. The starter removes the remaining blocks."""
    round.start(*['--busy'] * round.random_bool())
    round.starter.request_checked(f'create {round.workspace.prefix}-first')
    round.add_clients(with_cpython=False)
    round.sleep_randomly()
    round.starter.send('shutdown')
    round.sleep_randomly(0, 0.003)
    round.kill(round.server_pid)
    round.check_reply(round.starter.receive_reply(), 'ok')
    round.check_server_is_reaped()
    round.check_survivors()
    round.check_all_is_removed()


def shut_down_by_client(round):
    """A client shuts the server down while all other clients work."""
    round.start(*['--busy'] * round.random_bool(), *['--loop'] * round.random_bool())
    round.add_clients(with_cpython=round.random_bool(0.15))
    round.sleep_randomly()
    with connect(round.starter) as peer:
        managers.dispatch(peer, None, 'shutdown')
    round.check_survivors()
    round.check_reply(round.starter.request('names'), 'server-died')
    round.check_all_is_removed()
    round.check_server_is_reaped()


def start_without_waiting(round):
    starter = round.workspace.add(Starter(round.workspace.folder, round.workspace.prefix))
    starter.wait_for('starting')
    return starter


def kill_starter_in_start(round):
    """The test kills the starter at a random moment, before or after the start of the server."""
    starter = start_without_waiting(round)
    round.sleep_randomly(0, round.rng.choice([0.001, 0.015, 0.030]))
    starter.kill()
    round.check_all_is_removed()


def find_first_child(pid):
    """Returns the process ID of the first child, or None if the process has no child."""
    try:
        children = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(children[0]) if children else None


def kill_server_in_start(round):
    """If the server is killed while it starts, start() fails and leaves nothing behind."""
    starter = start_without_waiting(round)
    wait_until(lambda: find_first_child(starter.pid))
    round.sleep_randomly(0, round.rng.choice([0.002, 0.005, 0.015]))
    server_pid = find_first_child(starter.pid)
    assert server_pid is not None, starter.lines
    signal_all([server_pid], signal.SIGKILL)
    wait_until(lambda: starter.find_all('failed') or starter.find_all('ready'))
    if starter.find_all('ready'):
        round.check_reply(starter.request('names'), 'server-died')
    else:
        outcome, usec, _ = starter.find_all('failed')[0].split(' ', 2)
        round.check_reply(Reply(outcome, int(usec) / 1e6, ''), 'server-died')
    assert get_process_state(server_pid) == ''
    round.check_all_is_removed()


SCENARIOS = [kill_starter, kill_server_with_loop, kill_server_without_loop, kill_server_in_a_call,
             kill_client, kill_starter_and_server, kill_all, kill_server_in_shutdown,
             shut_down_by_client, kill_starter_in_start, kill_server_in_start]


@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_deaths(workspace, scenario):
    rng = random.Random(f'{SEED} {scenario.__name__}')
    slowest = removal = calls = 0
    rounds = -(-ROUNDS // len(SCENARIOS))
    print(f'SHMOBJ_SEED={SEED}')
    for i in range(rounds):
        print(f'round {i}')
        round = Round(workspace, rng)
        scenario(round)
        round.finish()
        slowest, removal = max(slowest, round.slowest), max(removal, round.removal_time)
        calls += round.n_calls
    print(f'{rounds} rounds, {calls} calls; slowest call of a surviving process: '
          f'{slowest * 1000:.1f} ms; slowest removal of all files: {removal * 1000:.1f} ms')


def connect(starter):
    """Opens a connection for one request, as CPython does."""
    return connection.Client(starter.address, authkey=bytes.fromhex(starter.key))


def test_requests_during_shutdown(workspace):
    """The server receives a shutdown request and the requests of other clients at the same time."""
    starter = workspace.start()
    with connect(starter) as peer:
        clients = [workspace.start_client(starter) for _ in range(3)]
        for client in clients:
            client.wait_for('working')
        signal_all([starter.server_pid], signal.SIGSTOP)
        for client in clients:
            wait_until_blocked(client.pid)
        peer.send((None, 'shutdown', (), {}))
        signal_all([starter.server_pid], signal.SIGCONT)
        assert peer.recv() == ('#RETURN', None)
    for client in clients:
        assert client.wait_for('done').split()[-1] == 'server-died', client.lines
    workspace.wait_until_clean()
    workspace.end_round()


# Reused names


class ReusedName:
    """Two managed blocks. The second block has been unlinked, and this process has created another
    file with its name, without a manager."""

    def __init__(self, workspace, starter):
        self.workspace, self.starter = workspace, starter
        self.managed, self.reused = (f'{workspace.prefix}-{word}'
                                     for word in ('managed', 'reused'))
        for name in (self.managed, self.reused):
            starter.request_checked(f'create {name}')
        # Keep the old file open, so that the new file gets another inode number.
        self.old_fd = os.open(BLOCKS / self.reused, os.O_RDONLY)
        (BLOCKS / self.reused).unlink()
        make_file(self.reused)
        self.inode = (BLOCKS / self.reused).stat().st_ino

    def check(self):
        """Checks that the first block is removed, and that the file with the reused name stays."""
        assert wait_until(lambda: not (BLOCKS / self.managed).exists()) is not None
        assert (BLOCKS / self.reused).stat().st_ino == self.inode
        assert (BLOCKS / self.reused).stat().st_size > 0
        (BLOCKS / self.reused).unlink()
        os.close(self.old_fd)
        self.workspace.wait_until_clean()


def by_remove(workspace, names):
    names.starter.request_checked(f'release {names.reused}')
    names.starter.request_checked(f'release {names.managed}')
    assert (BLOCKS / names.reused).exists()
    names.starter.end()


def by_shutdown(workspace, names):
    names.starter.request_checked('shutdown')


def by_end_of_starter(workspace, names):
    names.starter.end()


def by_death_of_starter(workspace, names):
    names.starter.kill()


def by_death_of_server(workspace, names):
    signal_all([names.starter.server_pid], signal.SIGKILL)
    assert names.starter.request('names').outcome == 'server-died'


def by_signal(workspace, names):
    signal_all([names.starter.server_pid], signal.SIGTERM)


def by_death_of_both(workspace, names):
    pids = [names.starter.server_pid, names.starter.pid]
    signal_all(pids, signal.SIGSTOP)
    signal_all(pids, signal.SIGKILL)
    names.starter.process.wait()
    assert wait_for_death(pids[0])


def by_remove_leftovers(workspace, names):
    by_death_of_both(workspace, names)
    idle = workspace.start('--idle')
    n_removed = idle.request_checked('leftovers')
    # In a shared /dev/shm, another process may sweep at the same time.
    assert n_removed == '1' or not HAS_OWN_FOLDER
    idle.end()


def by_next_start(workspace, names):
    by_death_of_both(workspace, names)
    workspace.start().end()


@pytest.mark.parametrize('end', [by_remove, by_shutdown, by_end_of_starter, by_death_of_starter,
                                 by_death_of_server, by_signal, by_remove_leftovers,
                                 by_next_start], ids=lambda end: end.__name__)
def test_name_reuse(workspace, end):
    starter = workspace.start()
    names = ReusedName(workspace, starter)
    end(workspace, names)
    names.check()


def test_sweep_keeps_blocks_of_live_manager(workspace):
    """A sweep does not remove the blocks of a live manager."""
    owner, other = workspace.start(), workspace.start('--idle')
    name = f'{workspace.prefix}-block'
    owner.request_checked(f'create {name}')
    other.request_checked('leftovers')
    workspace.start().end()
    assert (BLOCKS / name).exists()
    assert owner.request_checked('names') == name
    owner.request_checked('shutdown')
    assert not (BLOCKS / name).exists()


@pytest.mark.parametrize('with_starter', [True, False])
def test_block_of_a_dead_and_a_live_manager(workspace, with_starter):
    """After the death of one server, its blocks are removed, except the block that the other server
    also owns. If `with_starter` is true, the starter of the first server dies too."""
    first, second = workspace.start(), workspace.start()
    shared, own = (f'{workspace.prefix}-{word}' for word in ('shared', 'own'))
    first.request_checked(f'create {shared}')
    first.request_checked(f'create {own}')
    second.request_checked(f'track {shared}')
    if with_starter:
        signal_all([first.server_pid, first.pid], signal.SIGSTOP)
        signal_all([first.server_pid, first.pid], signal.SIGKILL)
        first.process.wait()
        assert wait_for_death(first.server_pid)
        second.request_checked('leftovers')
    else:
        signal_all([first.server_pid], signal.SIGKILL)
        assert first.request('names').outcome == 'server-died'
    assert not (BLOCKS / own).exists()
    assert (BLOCKS / shared).exists()
    assert second.request_checked('names') == shared
    second.request_checked('shutdown')
    assert not (BLOCKS / shared).exists()


# Forged registries

MAGIC = b'shmobj registry\0'
OFD_SETLK, LOCK_OFFSET = 37, (1 << 62) + 1


def pack_socket(path, has_own_folder=False):
    found = os.lstat(path)
    return struct.pack('=QQI112s4x', found.st_dev, found.st_ino, has_own_folder, os.fsencode(path))


def pack_header(socket=None, magic=MAGIC):
    header = struct.pack('=16sII', magic, socket is not None, 0) + (socket or bytes(136))
    return header.ljust(256, b'\0')


def pack_entry(name, path=None, state=1, **other):
    found = os.lstat(path or BLOCKS / name)
    fields = {'uid': found.st_uid, 'device': found.st_dev, 'inode': found.st_ino, **other}
    name = os.fsencode(name)
    return struct.pack('=QQ256sII', fields['device'], fields['inode'], name, fields['uid'], state)


class ForgedRegistry:
    """A registry file that no server has written, and a block that this file lists."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.folder = BLOCKS / REGISTRY_FOLDER
        self.folder.mkdir(0o711, exist_ok=True)
        self.path = self.folder / f'{REGISTRY}test-{os.getpid()}-{time.monotonic_ns():x}'
        self.victim = unique_name('victim')
        make_file(self.victim)

    def write(self, content, mode=0o600):
        self.folder.mkdir(0o711, exist_ok=True)
        self.path.touch(mode)
        self.path.chmod(mode)
        self.path.write_bytes(content)

    def write_valid(self, mode=0o600):
        """Writes a valid registry."""
        self.write(pack_header() + pack_entry(self.victim), mode)

    def sweep(self):
        """Sweeps twice: by remove_leftovers(), and by the start of a manager. Returns the number of
        blocks that remove_leftovers() has removed."""
        idle = self.workspace.start('--idle')
        reply = idle.request('leftovers')
        assert reply.outcome == 'ok'
        idle.end()
        other = self.workspace.start()
        other.request_checked(f'create {self.workspace.prefix}-block')
        other.request_checked('shutdown')
        other.end()
        return int(reply.detail)

    def assert_ignored(self):
        """Checks that a sweep neither uses nor removes this registry."""
        before = os.lstat(self.path)
        self.sweep()
        assert (BLOCKS / self.victim).exists()
        assert os.lstat(self.path).st_ino == before.st_ino

    def assert_harmless(self):
        """Checks that no sweep removes a block because of this registry."""
        self.sweep()
        assert (BLOCKS / self.victim).exists()

    def remove(self):
        if self.path.is_dir() and not self.path.is_symlink():
            self.path.rmdir()
        else:
            self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()


@pytest.fixture
def registry(workspace):
    registry = ForgedRegistry(workspace)
    yield registry
    registry.remove()


@pytest.mark.parametrize('mode', [0o600, 0o644])
def test_valid_registry(registry, mode):
    """A sweep removes the block that a valid registry lists. So if a sweep does not remove the
    block in one of the tests below, the reason is the defect of the registry. A registry has the
    mode 0644 if its server allows other users."""
    registry.write_valid(mode)
    assert registry.sweep() == 1 or not HAS_OWN_FOLDER
    assert not (BLOCKS / registry.victim).exists()
    assert not registry.path.exists()


def test_locked_registry(registry):
    """A registry belongs to a live server as long as any process holds the lock of the registry.
    In this test, the process is not a server."""
    registry.write_valid()
    with open(registry.path, 'r+b') as file:
        fcntl.fcntl(file, OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, LOCK_OFFSET,
                                                 1, 0))
        registry.assert_ignored()
    registry.sweep()
    assert not (BLOCKS / registry.victim).exists()


@pytest.mark.parametrize('mode', [0o666, 0o640, 0o660, 0o606, 0o601, 0o700, 0o400])
def test_registry_with_wrong_mode(registry, mode):
    registry.write_valid(mode)
    registry.assert_ignored()


def test_registry_with_two_links(registry):
    registry.write_valid()
    os.link(registry.path, BLOCKS / unique_name('link'))
    registry.assert_ignored()


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can change the owner of a file')
def test_registry_of_another_user(registry):
    registry.write_valid()
    os.chown(registry.path, 65534, 65534)
    registry.assert_ignored()


def test_registry_is_a_symbolic_link(registry):
    target = unique_name('target')
    registry.write_valid()
    registry.path.rename(BLOCKS / target)
    registry.path.symlink_to(BLOCKS / target)
    registry.assert_ignored()


def test_registry_is_a_fifo(registry):
    """The sweep ignores a FIFO and does not wait: to open a FIFO can block for ever."""
    os.mkfifo(registry.path, 0o600)
    registry.assert_ignored()


def test_registry_is_a_folder(registry):
    registry.path.mkdir(0o700)
    registry.assert_ignored()


@pytest.mark.parametrize('header', [
    b'', MAGIC, b'garbage' * 1000, bytes(256), pack_header(magic=b'shmobj registry2'),
    pack_header()[:-1],
], ids=['empty', 'magic', 'garbage', 'zeros', 'version', 'shifted'])
def test_registry_with_invalid_header(registry, header):
    registry.write(header + pack_entry(registry.victim))
    registry.assert_harmless()


@pytest.mark.parametrize('length', [0, 1, 15, 16, 24, 159])
def test_truncated_header(registry, length):
    registry.write(pack_header()[:length])
    registry.assert_ignored()


def test_truncated_registry(registry):
    """A sweep uses the complete entries of the registry, and ignores the truncated entry."""
    other = unique_name('other')
    make_file(other)
    registry.write((pack_header() + pack_entry(other) + pack_entry(registry.victim))[:-1])
    registry.assert_harmless()
    assert not (BLOCKS / other).exists()


@pytest.mark.parametrize('fields', [
    {'inode': 1}, {'device': 1}, {'uid': os.geteuid() + 1}, {'state': 0},
], ids=lambda fields: next(iter(fields)))
def test_registry_with_wrong_identity(registry, fields):
    registry.write(pack_header() + pack_entry(registry.victim, **fields))
    registry.assert_harmless()


@pytest.mark.parametrize('form', ['../..{}', '/../..{}', './../..{}', '../shm/{}', '/{}', './{}',
                                  '{}/', '{}/.'])
def test_registry_with_a_path(registry, form):
    """A sweep ignores an entry whose name is not valid for a block."""
    outside = Path(registry.workspace.folder) / 'victim'
    outside.touch(0o600)
    is_outside = form.endswith('..{}')
    victim = outside if is_outside else BLOCKS / registry.victim
    name = form.format(outside if is_outside else registry.victim)
    registry.write(pack_header() + pack_entry(name, victim))
    registry.assert_harmless()
    assert outside.exists()
    outside.unlink()


def test_registry_with_an_unterminated_name(registry):
    name = 'a' * 256
    registry.write(pack_header() + pack_entry(name, BLOCKS / registry.victim) +
                   pack_entry('', BLOCKS / registry.victim) + pack_entry('.', BLOCKS) +
                   pack_entry('..', BLOCKS.parent))
    registry.assert_harmless()


def test_registry_with_a_reserved_name(registry):
    """A sweep ignores an entry whose name is the name of another manager's registry."""
    reserved = BLOCKS / f'.shmobj-test-{os.getpid()}-reserved'
    reserved.touch(0o600)
    try:
        registry.write(pack_header() + pack_entry(reserved.name))
        registry.assert_harmless()
        assert reserved.exists()
    finally:
        reserved.unlink()


def test_registry_with_a_socket(registry):
    """If the file that the registry records as a socket is not a socket, a sweep removes neither
    the file nor its folder."""
    path = Path(registry.workspace.folder) / 'file'
    path.touch()
    registry.write(pack_header(pack_socket(path, has_own_folder=True)))
    registry.sweep()
    assert path.exists()
    assert not registry.path.exists()
    path.unlink()


# The server process


def test_signals(workspace):
    """The server ignores SIGINT, SIGHUP and SIGPIPE, and ends at SIGTERM."""
    starter = workspace.start('--loop')
    name = f'{workspace.prefix}-block'
    starter.request_checked(f'create {name}')
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal_all([starter.server_pid], number)
    assert starter.request_checked('names') == name
    signal_all([starter.server_pid], signal.SIGTERM)
    starter.wait_for('server-exited')
    assert not (BLOCKS / name).exists()
    workspace.wait_until_clean()
    assert get_process_state(starter.server_pid) == ''
    assert starter.request('names').outcome == 'server-died'


def test_session(workspace):
    """The server does not depend on the terminal or the working folder of the starter."""
    starter = workspace.start()
    assert os.getsid(starter.server_pid) == starter.server_pid
    assert os.readlink(f'/proc/{starter.server_pid}/cwd') == '/'


def test_key_is_secret(workspace):
    starter = workspace.start()
    key = starter.key
    for file_name in ('cmdline', 'environ'):
        content = Path(f'/proc/{starter.server_pid}/{file_name}').read_bytes()
        assert content != b''
        assert bytes.fromhex(key) not in content
        assert key.encode() not in content.lower()


def read_descriptor_links(pid):
    return [os.readlink(path) for path in Path(f'/proc/{pid}/fd').iterdir()]


def test_no_descriptor_is_inherited(workspace):
    """The server closes the descriptors that it inherits from the starter."""
    read_end, write_end = os.pipe()
    starter = workspace.start(pass_fds=(write_end,))
    pipe = os.readlink(f'/proc/self/fd/{write_end}')
    os.close(read_end)
    os.close(write_end)
    assert pipe in read_descriptor_links(starter.pid)
    assert pipe not in read_descriptor_links(starter.server_pid)


def can_run_setuid_programs(path):
    return os.geteuid() == 0 and not os.statvfs(path).f_flag & os.ST_NOSUID


def test_setuid_program_ignores_variable(workspace, tmp_path):
    """In a setuid program, the library ignores SHMOBJ_MANAGER. Otherwise a user could make the
    setuid program run any other program with the rights of its owner."""
    if not can_run_setuid_programs(workspace.folder):
        pytest.skip('needs root, and a file system that permits setuid programs')
    trace_path = Path(workspace.folder) / 'trace'
    script = Path(workspace.folder) / 'script'
    script.write_text(f'#!/bin/sh\ntouch {trace_path}\n')
    script.chmod(0o755)
    program = Path(workspace.folder) / 'starter'
    shutil.copy(STARTER, program)
    os.chmod(workspace.folder, 0o777)

    def run():
        found = workspace.add(Program(workspace.folder, program, workspace.prefix,
                                      variables={'SHMOBJ_MANAGER': str(script)}))
        found.end()
        found.reader.join()
        return found

    assert run().find_all('failed')
    assert trace_path.exists()
    trace_path.unlink()

    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    found = run()
    if not found.find_all('starting'):
        pytest.skip('the setuid program cannot load the library')
    assert not trace_path.exists()
    script.unlink()
    program.unlink()
