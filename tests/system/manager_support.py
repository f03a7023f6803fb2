# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests of managers share: programs that are killed, and what they leave."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from support import BLOCKS, PATIENCE, PROGRAMS, environment

STARTER = str(PROGRAMS / 'manager-starter')
CLIENT = str(PROGRAMS / 'manager-client')
JOURNAL = '.shmobj-manager-'

# Nobody is blocked for longer, and what is to go is gone by then.
SOON = 2.0

# Whether isolate() worked: then all that is in /dev/shm is ours.
HAS_OWN_FOLDER = any(' /dev/shm ' in line and ' - tmpfs none ' in line
                     for line in Path('/proc/self/mountinfo').read_text().splitlines())

STOCK_SIZE = 1000

# A client that knows nothing of this library. It does not fork.
STOCK_CLIENT = '''
import os, sys, time
from multiprocessing import managers, resource_tracker

# Or the first block would be there for long before anybody knew of it.
resource_tracker.ensure_running()
address, key, seconds = sys.argv[1], bytes.fromhex(sys.argv[2]), float(sys.argv[3])
manager = managers.SharedMemoryManager(address, key)
slowest = calls = 0

def measure(function, *arguments):
    global slowest, calls
    begin = time.monotonic()
    try:
        return function(*arguments)
    finally:
        slowest, calls = max(slowest, time.monotonic() - begin), calls + 1

manager.connect()
print('working', os.getpid(), flush=True)
try:
    while True:
        print('block', measure(manager.SharedMemory, %d).name, flush=True)
        print('block', measure(manager.ShareableList, [1, 'two']).shm.name, flush=True)
        time.sleep(seconds)
except (OSError, EOFError):
    pass
print('done', os.getpid(), calls, int(slowest * 1e6), 'server-died', flush=True)
''' % STOCK_SIZE

_count = itertools.count(1)


def await_that(condition, seconds=SOON):
    """How long it took until the condition held; None if it still does not."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > seconds:
            return None
        time.sleep(0.001)
    return time.monotonic() - begin


def signal_all(pids, number):
    for pid in pids:
        # Others mean whole groups, or everybody.
        assert pid > 1
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def state_of(pid):
    """As the kernel has it: Z is a zombie, and empty for one that is gone."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ''


def is_dead(pid):
    """Whether it has closed all that it had. As long as one of its threads has not, it may still
    have a claim, and whose child it is then may take its time to reap it."""
    try:
        return all(state_of(f'{pid}/task/{thread}') in ('', 'Z', 'X')
                   for thread in os.listdir(f'/proc/{pid}/task'))
    except (FileNotFoundError, ProcessLookupError):
        return True


def await_death(pid):
    return await_that(lambda: is_dead(pid)) is not None


def processes_of(folder):
    """All that have the folder as their TMPDIR: what a program has started, and so on."""
    found = []
    mark = b'TMPDIR=%b\0' % os.fsencode(folder)
    for path in Path('/proc').glob('[1-9]*/environ'):
        try:
            if mark in path.read_bytes() + b'\0':
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return found


@dataclass
class Reply:
    outcome: str
    seconds: float
    detail: str


class Program:
    """A program that prints lines, and its children, which print where it does."""

    def __init__(self, folder, *command, stderr=None, variables={}, **options):
        self.lines = []
        self.n_replies = 0
        self.has_ended = False
        self.change = threading.Condition()
        self.process = subprocess.Popen(
            list(map(str, command)), env=environment(TMPDIR=folder, **variables),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, encoding='utf-8',
            **options)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            # Of one that was killed in the middle of it, the next one's follows.
            with self.change:
                self.lines.append(line.rstrip('\n'))
                self.change.notify_all()
        with self.change:
            self.has_ended = True
            self.change.notify_all()

    def find_all(self, word):
        """What stands after that word, in each line that begins with it."""
        with self.change:
            return [line[len(word) + 1:] for line in self.lines if line.split(' ')[0] == word]

    def wait_for(self, word, count=1, seconds=PATIENCE):
        with self.change:
            self.change.wait_for(lambda: self.has_ended or len(self.find_all(word)) >= count,
                                 seconds)
        found = self.find_all(word)
        assert len(found) >= count, f'no {word}:\n' + '\n'.join(self.lines)
        return found[count - 1]

    def tell(self, command):
        self.process.stdin.write(f'{command}\n')
        self.process.stdin.flush()
        self.n_replies += 1

    def get_reply(self):
        """To the last command."""
        command, outcome, usec, detail = self.wait_for('reply', self.n_replies).split(' ', 3)
        return Reply(outcome, int(usec) / 1e6, detail)

    def ask(self, command):
        self.tell(command)
        return self.get_reply()

    def do(self, command):
        """What it has to be able to do."""
        reply = self.ask(command)
        assert reply.outcome == 'ok', reply
        return reply.detail

    def kill(self):
        signal_all([self.pid], signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Lets it end by itself."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        return self.process.wait(PATIENCE)

    def close(self):
        """Of what is killed only its own end is sure."""
        self.reader.join(PATIENCE)
        assert not self.reader.is_alive(), self.lines
        self.process.stdout.close()


class Starter(Program):
    def __init__(self, folder, prefix, *options, **more):
        super().__init__(folder, STARTER, *options, prefix, **more)

    def await_ready(self):
        self.wait_for('ready')
        return self

    @property
    def helper(self):
        return int(self.wait_for('helper'))

    @property
    def address(self):
        return self.wait_for('address')

    @property
    def key(self):
        return self.wait_for('key')


class Stage:
    """A folder for temporary files, names, and the programs of a test; in the end nothing of it is
    left, or the test fails."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='shmobj-')
        self.programs = []
        self.begin_round()

    def begin_round(self):
        self.prefix = f'shmobj-system-{os.getpid()}-m{next(_count)}'
        self.before = set(os.listdir(BLOCKS))

    def add(self, program):
        self.programs.append(program)
        return program

    def start(self, *options, **more):
        return self.add(Starter(self.folder, self.prefix, *options, **more)).await_ready()

    def client(self, starter, *options):
        return self.add(Program(self.folder, CLIENT, *options, starter.address, starter.key,
                                self.prefix))

    def stock_client(self, starter, pause=0.0):
        return self.add(Program(self.folder, sys.executable, '-c', STOCK_CLIENT, starter.address,
                                starter.key, pause, stderr=subprocess.DEVNULL))

    def find_all(self, word):
        return [found for program in self.programs for found in program.find_all(word)]

    def leftovers(self):
        """What is in /dev/shm and was not before. Where others use it too, what we know of."""
        new = set(os.listdir(BLOCKS)) - self.before
        if HAS_OWN_FOLDER:
            return new
        return {name for name in new if name.startswith(self.prefix)} | \
            new.intersection(self.find_all('block'))

    def await_nothing_left(self, seconds=SOON):
        """Neither block nor registry, nor anything in TMPDIR. How long it took."""
        took = await_that(lambda: not self.leftovers() and not os.listdir(self.folder), seconds)
        assert took is not None, (self.leftovers(), os.listdir(self.folder))
        return took

    def await_no_process(self):
        assert await_that(lambda: not processes_of(self.folder)) is not None, \
            [Path(f'/proc/{pid}/cmdline').read_bytes() for pid in processes_of(self.folder)]

    def end_round(self):
        for program in self.programs:
            program.end()
        self.await_no_process()
        for program in self.programs:
            program.close()
        self.programs.clear()

    def clear(self):
        """Whatever has happened."""
        signal_all(processes_of(self.folder), signal.SIGKILL)
        for program in self.programs:
            program.kill()
        for name in self.leftovers():
            path = BLOCKS / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        shutil.rmtree(self.folder)
