# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A manager leaks nothing, and no call hangs, whichever process dies.

Starters, helpers and clients are killed at random moments while all of them work. After each
round there is no block, registry, socket file or process of it any more, and no call of a survivor
has taken longer than two seconds.
"""

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

from manager_support import (HAS_OWN_FOLDER, REGISTRY, SOON, STARTER, STOCK_SIZE, Program, Reply,
                             Stage, Starter, await_death, await_that, signal_all, state_of)
from support import BLOCKS, make_file, unique_name

ROUNDS = int(os.environ.get('SHMOBJ_STRESS_ROUNDS', '72'))

# Set SHMOBJ_SEED to repeat a run.
SEED = int(os.environ.get('SHMOBJ_SEED', str(random.SystemRandom().randrange(10**6))))

# Errors of calls at the end of the server. Only threads of the process that shut it down get "closed".
ENDS = {'server-died', 'closed'}


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.clear()


# Random rounds


class Round:
    """A random set of processes that work until the server ends."""

    def __init__(self, stage, lot):
        self.stage, self.lot = stage, lot
        self.killed = set()
        self.started = 0
        self.slowest = 0.0
        self.n_calls = 0
        self.removal = 0.0
        self.leash, self.workers = None, []
        self.clients, self.stock_clients = [], []
        stage.begin_round()

    def flip(self, chance=0.5):
        return self.lot.random() < chance

    def nap(self, shortest=0.001, longest=0.030):
        time.sleep(self.lot.uniform(shortest, longest))

    def choose_children(self):
        """Chooses children that outlive the starter. They end when their leash, a pipe, is closed."""
        workers, has_program = self.lot.choice([0, 0, 1, 2]), self.flip(0.3)
        if workers == 0 and not has_program:
            return [], None, ()
        inner, self.leash = os.pipe()
        options = ['--workers', workers, '--leash', inner] + ['--program'] * has_program
        self.n_workers = workers
        return options, inner, (inner,)

    def start(self, *options, with_threads=None):
        self.n_workers, self.leash = 0, None
        more, inner, passed = self.choose_children()
        threads = self.lot.choice([0, 0, 1, 3]) if with_threads is None else with_threads
        self.started = threads + ('--busy' in options)
        self.starter = self.stage.start(*options, *more, '--threads', threads, pass_fds=passed)
        if inner is not None:
            os.close(inner)
        self.helper = self.starter.helper
        self.workers = [int(self.starter.wait_for('worker', i + 1))
                        for i in range(self.n_workers)]

    def add_clients(self, with_stock):
        self.clients = [self.stage.client(self.starter, *['--fork'] * self.flip(0.4))
                        for _ in range(self.lot.randint(1, 3 - with_stock))]
        if with_stock:
            self.stock_clients.append(self.stage.stock_client(self.starter))
            self.clients += self.stock_clients
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
        pid = self.lot.choice(self.client_pids)
        self.kill(pid)
        for client in self.clients:
            if client.pid == pid:
                client.process.wait()

    # Checks after the round

    def note_reply(self, reply, *outcomes):
        assert reply.outcome in outcomes, reply
        self.slowest = max(self.slowest, reply.seconds)

    def check_reports(self, program, pids):
        """The work of all surviving processes has ended in time."""
        if pids:
            program.wait_for('done', len(pids), seconds=10)
        reports = [line.split() for line in program.find_all('done')]
        assert len(reports) >= len(pids), (reports, pids)
        for _, calls, slowest, outcome in reports:
            assert outcome in ENDS, program.lines
            self.slowest = max(self.slowest, int(slowest) / 1e6)
            self.n_calls += int(calls)
        assert not program.find_all('complaint'), program.find_all('complaint')

    def check_survivors(self):
        for client in self.clients:
            self.check_reports(client, [pid for pid in map(int, client.find_all('working'))
                                        if pid not in self.killed])
        if self.starter.pid not in self.killed:
            self.check_reports(self.starter, [self.starter.pid] * self.started)
        assert self.slowest < SOON

    def check_helper_is_reaped(self):
        assert state_of(self.helper) == ''

    def check_workers(self):
        """The workers are alive and can use their mappings. Ends them."""
        if self.leash is None:
            return
        for pid in self.workers:
            assert state_of(pid) in 'SRD', pid
        done = len(self.starter.find_all('done'))
        os.close(self.leash)
        if self.workers:
            self.starter.wait_for('done', done + len(self.workers))
        for report in self.starter.find_all('done')[done:]:
            _, _, slowest, outcome = report.split()
            assert outcome in ENDS
            assert int(slowest) / 1e6 < SOON

    def remove_what_nobody_owns(self):
        """Removes blocks of clients that were killed before the server tracked the block. CPython's
        client can be killed before it has told even its resource tracker."""
        if self.killed.intersection(client.pid for client in self.stock_clients):
            for name in self.stage.leftovers().difference(self.stage.find_all('block')):
                if name.startswith('psm_') and (BLOCKS / name).stat().st_size <= STOCK_SIZE:
                    (BLOCKS / name).unlink()
        for name in set(self.stage.find_all('own')) - set(self.stage.find_all('tracked')):
            pid = int(name.removeprefix(self.stage.prefix).split('-')[1])
            if pid in self.killed:
                (BLOCKS / name).unlink(missing_ok=True)

    def check_all_is_gone(self):
        self.remove_what_nobody_owns()
        self.removal = max(self.removal, self.stage.await_nothing_left())

    def finish(self):
        self.check_workers()
        self.stage.end_round()


def kill_starter(round):
    """The helper removes all blocks at once, although children of the starter live on."""
    round.start(*['--busy'] * round.flip(), *['--loop'] * round.flip())
    round.add_clients(with_stock=round.flip(0.15))
    round.nap()
    round.kill(round.starter.pid)
    round.check_all_is_gone()
    round.check_survivors()


def kill_helper_with_loop(round):
    """The starter removes all blocks in its main loop."""
    round.start('--loop', with_threads=0)
    round.starter.do(f'create {round.stage.prefix}-first')
    round.add_clients(with_stock=round.flip(0.15))
    round.nap()
    round.kill(round.helper)
    round.check_all_is_gone()
    round.starter.wait_for('server-exited')
    round.check_helper_is_reaped()
    round.check_survivors()
    round.note_reply(round.starter.ask('names'), 'server-died')


def kill_helper_without_loop(round):
    """The starter removes all blocks in its next call, before the call returns."""
    round.start(with_threads=0)
    first = f'{round.stage.prefix}-first'
    round.starter.do(f'create {first}')
    round.add_clients(with_stock=False)
    round.nap()
    round.kill(round.helper)
    round.check_survivors()
    # Stop the clients, so that they create no more blocks.
    assert (BLOCKS / first).exists()
    round.note_reply(round.starter.ask(round.lot.choice(['names', 'create -', f'release {first}'])),
                     'server-died')
    round.remove_what_nobody_owns()
    assert not round.stage.leftovers()
    round.check_all_is_gone()
    round.check_helper_is_reaped()


def kill_helper_in_a_call(round):
    """The starter notices the death in a call of one of its threads."""
    loop = ['--loop'] * round.flip()
    round.start('--busy', *loop)
    round.add_clients(with_stock=round.flip(0.15))
    round.nap()
    round.kill(round.helper)
    round.check_survivors()
    round.check_all_is_gone()
    round.check_helper_is_reaped()


def kill_client(round):
    """The blocks of a killed client stay until the server ends."""
    round.start('--busy')
    kept = f'{round.stage.prefix}-kept'
    round.starter.do(f'create {kept}')
    round.add_clients(with_stock=round.flip(0.15))
    round.nap()
    round.kill_client()
    round.nap()
    assert (BLOCKS / kept).exists()
    round.note_reply(round.starter.ask('shutdown'), 'ok')
    round.check_survivors()
    round.check_all_is_gone()
    round.check_helper_is_reaped()


def kill_starter_and_helper(round, with_clients=False):
    """The blocks stay until a manager is started or leftovers are removed."""
    round.start(*['--busy'] * round.flip())
    round.starter.ask(f'create {round.stage.prefix}-first')
    round.add_clients(with_stock=round.flip(0.15))
    round.nap()
    is_frozen = round.flip()
    pids = [round.starter.pid, round.helper] + (round.client_pids if with_clients else [])
    # Stop both first, so that neither cleans up after the other.
    if is_frozen:
        signal_all([round.helper, round.starter.pid], signal.SIGSTOP)
    round.lot.shuffle(pids)
    round.kill(*pids)
    assert await_death(round.helper)
    round.check_survivors()
    if is_frozen and HAS_OWN_FOLDER:
        assert [name for name in round.stage.leftovers() if name.startswith(REGISTRY)]
        assert (BLOCKS / f'{round.stage.prefix}-first').exists()
    sweep(round)
    round.check_all_is_gone()


def sweep(round):
    """Removes leftovers by a start or by a call, while a living manager works."""
    if round.flip():
        idle = round.stage.start('--idle')
        round.note_reply(idle.ask('leftovers'), 'ok')
        idle.end()
    else:
        other = round.stage.start()
        left = {name for name in round.stage.leftovers() if not name.startswith(REGISTRY)}
        round.remove_what_nobody_owns()
        assert not {name for name in left if (BLOCKS / name).exists()}
        other.end()


def kill_all(round):
    kill_starter_and_helper(round, with_clients=True)


def kill_helper_in_shutdown(round):
    """The helper is killed during a shutdown, and the starter removes the rest."""
    round.start(*['--busy'] * round.flip())
    round.starter.do(f'create {round.stage.prefix}-first')
    round.add_clients(with_stock=False)
    round.nap()
    round.starter.tell('shutdown')
    round.nap(0, 0.003)
    round.kill(round.helper)
    round.note_reply(round.starter.get_reply(), 'ok')
    round.check_helper_is_reaped()
    round.check_survivors()
    round.check_all_is_gone()


def shut_down_by_client(round):
    """A shutdown while all clients work."""
    round.start(*['--busy'] * round.flip(), *['--loop'] * round.flip())
    round.add_clients(with_stock=round.flip(0.15))
    round.nap()
    with connect(round.starter) as peer:
        managers.dispatch(peer, None, 'shutdown')
    round.check_survivors()
    round.note_reply(round.starter.ask('names'), 'server-died')
    round.check_all_is_gone()
    round.check_helper_is_reaped()


def begin_to_start(round):
    starter = round.stage.add(Starter(round.stage.folder, round.stage.prefix))
    starter.wait_for('starting')
    return starter


def kill_starter_in_start(round):
    """The starter is killed before or after it has started the helper."""
    starter = begin_to_start(round)
    round.nap(0, round.lot.choice([0.001, 0.015, 0.030]))
    starter.kill()
    round.check_all_is_gone()


def child_of(pid):
    """Returns the first child, or None."""
    try:
        children = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(children[0]) if children else None


def kill_helper_in_start(round):
    """The helper is killed while it starts: start() fails, and nothing is left."""
    starter = begin_to_start(round)
    await_that(lambda: child_of(starter.pid))
    round.nap(0, round.lot.choice([0.002, 0.005, 0.015]))
    helper = child_of(starter.pid)
    assert helper is not None, starter.lines
    signal_all([helper], signal.SIGKILL)
    await_that(lambda: starter.find_all('failed') or starter.find_all('ready'))
    if starter.find_all('ready'):
        round.note_reply(starter.ask('names'), 'server-died')
    else:
        outcome, usec, _ = starter.find_all('failed')[0].split(' ', 2)
        round.note_reply(Reply(outcome, int(usec) / 1e6, ''), 'server-died')
    assert state_of(helper) == ''
    round.check_all_is_gone()


SCENARIOS = [kill_starter, kill_helper_with_loop, kill_helper_without_loop, kill_helper_in_a_call,
             kill_client, kill_starter_and_helper, kill_all, kill_helper_in_shutdown,
             shut_down_by_client, kill_starter_in_start, kill_helper_in_start]


@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_deaths(stage, scenario):
    lot = random.Random(f'{SEED} {scenario.__name__}')
    slowest = removal = calls = 0
    rounds = -(-ROUNDS // len(SCENARIOS))
    print(f'SHMOBJ_SEED={SEED}')
    for i in range(rounds):
        print(f'round {i}')
        round = Round(stage, lot)
        scenario(round)
        round.finish()
        slowest, removal = max(slowest, round.slowest), max(removal, round.removal)
        calls += round.n_calls
    print(f'{rounds} rounds, {calls} calls, the slowest of a survivor {slowest * 1000:.1f} ms; '
          f'all was gone after {removal * 1000:.1f} ms at most')


def connect(starter):
    """Sends one request on a new connection, as CPython does."""
    return connection.Client(starter.address, authkey=bytes.fromhex(starter.key))


def test_call_beside_shutdown(stage):
    """Requests that the helper receives together with the request to end."""
    starter = stage.start()
    with connect(starter) as peer:
        clients = [stage.client(starter) for _ in range(3)]
        for client in clients:
            client.wait_for('working')
        signal_all([starter.helper], signal.SIGSTOP)
        # All clients wait for a reply now.
        time.sleep(0.1)
        peer.send((None, 'shutdown', (), {}))
        signal_all([starter.helper], signal.SIGCONT)
        assert peer.recv() == ('#RETURN', None)
    for client in clients:
        assert client.wait_for('done').split()[-1] == 'server-died', client.lines
    stage.await_nothing_left()
    stage.end_round()


# Reused names


class Names:
    """A block of the manager, and a foreign block with the name of another managed block."""

    def __init__(self, stage, starter):
        self.stage, self.starter = stage, starter
        self.own, self.taken = (f'{stage.prefix}-{word}' for word in ('own', 'taken'))
        for name in (self.own, self.taken):
            starter.do(f'create {name}')
        # Keep the old file open, so that the new file gets another inode number.
        self.old = os.open(BLOCKS / self.taken, os.O_RDONLY)
        (BLOCKS / self.taken).unlink()
        make_file(self.taken)
        self.inode = (BLOCKS / self.taken).stat().st_ino

    def check(self):
        """The managed block is gone soon, and the foreign block stays."""
        assert await_that(lambda: not (BLOCKS / self.own).exists()) is not None
        assert (BLOCKS / self.taken).stat().st_ino == self.inode
        assert (BLOCKS / self.taken).stat().st_size > 0
        (BLOCKS / self.taken).unlink()
        os.close(self.old)
        self.stage.await_nothing_left()


def by_release(stage, names):
    names.starter.do(f'release {names.taken}')
    names.starter.do(f'release {names.own}')
    assert (BLOCKS / names.taken).exists()
    names.starter.end()


def by_shutdown(stage, names):
    names.starter.do('shutdown')


def by_end_of_starter(stage, names):
    names.starter.end()


def by_death_of_starter(stage, names):
    names.starter.kill()


def by_death_of_helper(stage, names):
    signal_all([names.starter.helper], signal.SIGKILL)
    assert names.starter.ask('names').outcome == 'server-died'


def by_signal(stage, names):
    signal_all([names.starter.helper], signal.SIGTERM)


def by_death_of_both(stage, names):
    pids = [names.starter.helper, names.starter.pid]
    signal_all(pids, signal.SIGSTOP)
    signal_all(pids, signal.SIGKILL)
    names.starter.process.wait()
    assert await_death(pids[0])


def by_remove_leftovers(stage, names):
    by_death_of_both(stage, names)
    idle = stage.start('--idle')
    n_removed = idle.do('leftovers')
    # Another process may sweep at the same time.
    assert n_removed == '1' or not HAS_OWN_FOLDER
    idle.end()


def by_next_start(stage, names):
    by_death_of_both(stage, names)
    stage.start().end()


@pytest.mark.parametrize('end', [by_release, by_shutdown, by_end_of_starter, by_death_of_starter,
                                 by_death_of_helper, by_signal, by_remove_leftovers,
                                 by_next_start], ids=lambda end: end.__name__)
def test_name_reuse(stage, end):
    starter = stage.start()
    names = Names(stage, starter)
    end(stage, names)
    names.check()


def test_living_manager_is_left_alone(stage):
    """A sweep does not touch the blocks of a living manager."""
    owner, other = stage.start(), stage.start('--idle')
    name = f'{stage.prefix}-block'
    owner.do(f'create {name}')
    other.do('leftovers')
    stage.start().end()
    assert (BLOCKS / name).exists()
    assert owner.do('names') == name
    owner.do('shutdown')
    assert not (BLOCKS / name).exists()


@pytest.mark.parametrize('with_starter', [True, False])
def test_block_of_a_dead_and_a_living_manager(stage, with_starter):
    first, second = stage.start(), stage.start()
    shared, own = (f'{stage.prefix}-{word}' for word in ('shared', 'own'))
    first.do(f'create {shared}')
    first.do(f'create {own}')
    second.do(f'track {shared}')
    if with_starter:
        signal_all([first.helper, first.pid], signal.SIGSTOP)
        signal_all([first.helper, first.pid], signal.SIGKILL)
        first.process.wait()
        assert await_death(first.helper)
        second.do('leftovers')
    else:
        signal_all([first.helper], signal.SIGKILL)
        assert first.ask('names').outcome == 'server-died'
    assert not (BLOCKS / own).exists()
    assert (BLOCKS / shared).exists()
    assert second.do('names') == shared
    second.do('shutdown')
    assert not (BLOCKS / shared).exists()


# Forged registries

MAGIC = b'shmobj registry\0'
OFD_SETLK, CLAIM_AT = 37, (1 << 62) + 1


def pack_socket(path, has_own_folder=False):
    found = os.lstat(path)
    return struct.pack('=QQI112s4x', found.st_dev, found.st_ino, has_own_folder, os.fsencode(path))


def pack_header(socket=None, magic=MAGIC):
    header = struct.pack('=16sII', magic, socket is not None, 0) + (socket or bytes(136))
    return header.ljust(256, b'\0')


def pack_entry(name, path=None, is_noted=1, **other):
    found = os.lstat(path or BLOCKS / name)
    noted = {'uid': found.st_uid, 'device': found.st_dev, 'inode': found.st_ino, **other}
    name = os.fsencode(name)
    return struct.pack('=IIQQ256s', is_noted, noted['uid'], noted['device'], noted['inode'], name)


class Forgery:
    """A forged registry without a server, and the blocks that it lists."""

    def __init__(self, stage):
        self.stage = stage
        self.name = f'{REGISTRY}test-{os.getpid()}-{time.monotonic_ns():x}'
        self.path = BLOCKS / self.name
        self.victim = unique_name('victim')
        make_file(self.victim)

    def write(self, content, mode=0o600):
        self.path.touch(mode)
        self.path.chmod(mode)
        self.path.write_bytes(content)

    def write_true(self, mode=0o600):
        """Writes a valid registry."""
        self.write(pack_header() + pack_entry(self.victim), mode)

    def look(self):
        """Sweeps by a start and by remove_leftovers(). Returns the number of removed blocks."""
        idle = self.stage.start('--idle')
        reply = idle.ask('leftovers')
        assert reply.outcome == 'ok'
        assert reply.seconds < SOON
        idle.end()
        other = self.stage.start()
        other.do(f'create {self.stage.prefix}-block')
        other.do('shutdown')
        other.end()
        return int(reply.detail)

    def assert_ignored(self):
        before = os.lstat(self.path)
        self.look()
        assert (BLOCKS / self.victim).exists()
        assert os.lstat(self.path).st_ino == before.st_ino

    def assert_harmless(self):
        """No sweep removes a block because of this registry."""
        self.look()
        assert (BLOCKS / self.victim).exists()

    def remove(self):
        if self.path.is_dir() and not self.path.is_symlink():
            self.path.rmdir()
        else:
            self.path.unlink(missing_ok=True)


@pytest.fixture
def forgery(stage):
    forgery = Forgery(stage)
    yield forgery
    forgery.remove()


@pytest.mark.parametrize('mode', [0o600, 0o644])
def test_valid_registry(forgery, mode):
    """A valid forgery works, so that the tests below show something. The mode is 0644 if the server
    allows other users."""
    forgery.write_true(mode)
    assert forgery.look() == 1 or not HAS_OWN_FOLDER
    assert not (BLOCKS / forgery.victim).exists()
    assert not forgery.path.exists()


def test_locked_registry(forgery):
    """A lock alone makes a registry live: this process is not a server."""
    forgery.write_true()
    with open(forgery.path, 'r+b') as file:
        fcntl.fcntl(file, OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, CLAIM_AT,
                                                 1, 0))
        forgery.assert_ignored()
    forgery.look()
    assert not (BLOCKS / forgery.victim).exists()


@pytest.mark.parametrize('mode', [0o666, 0o640, 0o660, 0o606, 0o601, 0o700, 0o400])
def test_registry_of_another_mode(forgery, mode):
    forgery.write_true(mode)
    forgery.assert_ignored()


def test_registry_with_two_links(forgery):
    forgery.write_true()
    os.link(forgery.path, BLOCKS / unique_name('link'))
    forgery.assert_ignored()


@pytest.mark.skipif(os.geteuid() != 0, reason='takes the right to give files away')
def test_registry_of_another_user(forgery):
    forgery.write_true()
    os.chown(forgery.path, 65534, 65534)
    forgery.assert_ignored()


def test_registry_is_a_link(forgery):
    target = unique_name('target')
    forgery.write_true()
    forgery.path.rename(BLOCKS / target)
    forgery.path.symlink_to(BLOCKS / target)
    forgery.assert_ignored()


def test_registry_is_a_fifo(forgery):
    """Opening a FIFO could block for ever."""
    os.mkfifo(forgery.path, 0o600)
    forgery.assert_ignored()


def test_registry_is_a_folder(forgery):
    forgery.path.mkdir(0o700)
    forgery.assert_ignored()


@pytest.mark.parametrize('header', [
    b'', MAGIC, b'garbage' * 1000, bytes(256), pack_header(magic=b'shmobj registry2'),
    pack_header()[:-1],
], ids=['empty', 'magic', 'garbage', 'zeros', 'version', 'shifted'])
def test_registry_with_invalid_header(forgery, header):
    forgery.write(header + pack_entry(forgery.victim))
    forgery.assert_harmless()


@pytest.mark.parametrize('length', [0, 1, 15, 16, 24, 159])
def test_truncated_header(forgery, length):
    forgery.write(pack_header()[:length])
    forgery.assert_ignored()


def test_truncated_registry(forgery):
    """Complete entries count."""
    other = unique_name('other')
    make_file(other)
    forgery.write((pack_header() + pack_entry(other) + pack_entry(forgery.victim))[:-1])
    forgery.assert_harmless()
    assert not (BLOCKS / other).exists()


@pytest.mark.parametrize('noted', [
    {'inode': 1}, {'device': 1}, {'uid': os.geteuid() + 1}, {'is_noted': 0},
], ids=lambda noted: next(iter(noted)))
def test_registry_of_another_block(forgery, noted):
    forgery.write(pack_header() + pack_entry(forgery.victim, **noted))
    forgery.assert_harmless()


@pytest.mark.parametrize('form', ['../..{}', '/../..{}', './../..{}', '../shm/{}', '/{}', './{}',
                                  '{}/', '{}/.'])
def test_registry_with_a_path(forgery, form):
    """A name that is not valid for a block is ignored."""
    outside = Path(forgery.stage.folder) / 'victim'
    outside.touch(0o600)
    is_outside = form.endswith('..{}')
    victim = outside if is_outside else BLOCKS / forgery.victim
    name = form.format(outside if is_outside else forgery.victim)
    forgery.write(pack_header() + pack_entry(name, victim))
    forgery.assert_harmless()
    assert outside.exists()
    outside.unlink()


def test_registry_with_an_unterminated_name(forgery):
    name = 'a' * 256
    forgery.write(pack_header() + pack_entry(name, BLOCKS / forgery.victim) +
                  pack_entry('', BLOCKS / forgery.victim) + pack_entry('.', BLOCKS) +
                  pack_entry('..', BLOCKS.parent))
    forgery.assert_harmless()


def test_registry_with_a_reserved_name(forgery):
    """The name of another manager's registry is ignored."""
    reserved = BLOCKS / f'{REGISTRY}test-{os.getpid()}-reserved'
    reserved.touch(0o600)
    try:
        forgery.write(pack_header() + pack_entry(reserved.name))
        forgery.assert_harmless()
        assert reserved.exists()
    finally:
        reserved.unlink()


def test_registry_with_a_socket(forgery):
    """Removes only the recorded socket, and no folder that is in use."""
    path = Path(forgery.stage.folder) / 'file'
    path.touch()
    forgery.write(pack_header(pack_socket(path, has_own_folder=True)))
    forgery.look()
    assert path.exists()
    assert not forgery.path.exists()
    path.unlink()


# The helper itself


def test_signals(stage):
    """The helper ignores the signals of a terminal."""
    starter = stage.start('--loop')
    name = f'{stage.prefix}-block'
    starter.do(f'create {name}')
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal_all([starter.helper], number)
    assert starter.do('names') == name
    signal_all([starter.helper], signal.SIGTERM)
    starter.wait_for('server-exited')
    assert not (BLOCKS / name).exists()
    stage.await_nothing_left()
    assert state_of(starter.helper) == ''
    assert starter.ask('names').outcome == 'server-died'


def test_session(stage):
    """The helper does not depend on the starter's terminal or working folder."""
    starter = stage.start()
    assert os.getsid(starter.helper) == starter.helper
    assert os.readlink(f'/proc/{starter.helper}/cwd') == '/'


def test_key_is_secret(stage):
    starter = stage.start()
    key = starter.key
    for what in ('cmdline', 'environ'):
        content = Path(f'/proc/{starter.helper}/{what}').read_bytes()
        assert content != b''
        assert bytes.fromhex(key) not in content
        assert key.encode() not in content.lower()


def links_of(pid):
    return [os.readlink(path) for path in Path(f'/proc/{pid}/fd').iterdir()]


def test_nothing_is_inherited(stage):
    """The helper closes the descriptors that it inherits."""
    inner, outer = os.pipe()
    starter = stage.start(pass_fds=(outer,))
    pipe = os.readlink(f'/proc/self/fd/{outer}')
    os.close(inner)
    os.close(outer)
    assert pipe in links_of(starter.pid)
    assert pipe not in links_of(starter.helper)


def can_have_more_rights(path):
    return os.geteuid() == 0 and not os.statvfs(path).f_flag & os.ST_NOSUID


def test_variable_is_ignored_with_more_rights(stage, tmp_path):
    """A user must not make a program with more rights run another helper."""
    if not can_have_more_rights(stage.folder):
        pytest.skip('no program can have more rights here')
    trace = Path(stage.folder) / 'trace'
    script = Path(stage.folder) / 'script'
    script.write_text(f'#!/bin/sh\ntouch {trace}\n')
    script.chmod(0o755)
    program = Path(stage.folder) / 'starter'
    shutil.copy(STARTER, program)
    os.chmod(stage.folder, 0o777)

    def run():
        found = stage.add(Program(stage.folder, program, stage.prefix,
                                  variables={'SHMOBJ_MANAGER': str(script)}))
        found.end()
        found.reader.join()
        return found

    assert run().find_all('failed')
    assert trace.exists()
    trace.unlink()

    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    found = run()
    if not found.find_all('starting'):
        pytest.skip('the library is not where that user finds it')
    assert not trace.exists()
    script.unlink()
    program.unlink()
