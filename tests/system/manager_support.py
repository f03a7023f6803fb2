# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Helpers for the tests of managers: programs that are killed, and checks for what they leave."""

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

from support import BLOCKS, PROGRAMS, TIMEOUT_SECONDS, environment

STARTER = str(PROGRAMS / 'manager-starter')
CLIENT = str(PROGRAMS / 'manager-client')
REGISTRY = '.shmobj-manager-'

# In seconds. No call blocks for longer, and blocks are removed within this time.
SOON = 2.0

# Whether /dev/shm belongs to this test alone.
HAS_OWN_FOLDER = any(' /dev/shm ' in line and ' - tmpfs none ' in line
                     for line in Path('/proc/self/mountinfo').read_text().splitlines())

STOCK_SIZE = 1000

# A client that does not use this library. It does not fork.
STOCK_CLIENT = '''
import os, sys, time
from multiprocessing import managers, resource_tracker

# Starting the tracker takes long. A kill in that time would leave an untracked block.
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
    """Waits for a condition. Returns the time that passed, or None after a timeout."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > seconds:
            return None
        time.sleep(0.001)
    return time.monotonic() - begin


def signal_all(pids, number):
    for pid in pids:
        # 0 and negative numbers mean groups of processes, or all processes.
        assert pid > 1
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def state_of(pid):
    """Returns the kernel's state letter: Z for a zombie, empty for no such process."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ''


def is_dead(pid):
    """Waits until the process has closed its descriptors, and so released its locks. Its parent may
    reap it later."""
    try:
        return all(state_of(f'{pid}/task/{thread}') in ('', 'Z', 'X')
                   for thread in os.listdir(f'/proc/{pid}/task'))
    except (FileNotFoundError, ProcessLookupError):
        return True


def await_death(pid):
    return await_that(lambda: is_dead(pid)) is not None


def processes_of(folder):
    """Returns all processes with the folder as TMPDIR: a program and its descendants."""
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
    """A program that prints lines, and its children, which share its output."""

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
            # A process that was killed while printing leaves an incomplete line.
            with self.change:
                self.lines.append(line.rstrip('\n'))
                self.change.notify_all()
        with self.change:
            self.has_ended = True
            self.change.notify_all()

    def find_all(self, word):
        """Returns the rest of each line that begins with the word."""
        with self.change:
            return [line[len(word) + 1:] for line in self.lines if line.split(' ')[0] == word]

    def wait_for(self, word, count=1, seconds=TIMEOUT_SECONDS):
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
        """Returns the reply to the last command."""
        command, outcome, usec, detail = self.wait_for('reply', self.n_replies).split(' ', 3)
        return Reply(outcome, int(usec) / 1e6, detail)

    def ask(self, command):
        self.tell(command)
        return self.get_reply()

    def do(self, command):
        """Sends a command that must succeed, and returns the detail of the reply."""
        reply = self.ask(command)
        assert reply.outcome == 'ok', reply
        return reply.detail

    def kill(self):
        signal_all([self.pid], signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Makes the program end, and waits for it."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        return self.process.wait(TIMEOUT_SECONDS)

    def close(self):
        """Kills the program and waits for it."""
        self.reader.join(TIMEOUT_SECONDS)
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
    """A folder for temporary files, a prefix for names, and the programs of a test. clear() fails if
    anything of them is left."""

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
        """Returns the new files in /dev/shm; if other programs use it too, only files of this test."""
        new = set(os.listdir(BLOCKS)) - self.before
        if HAS_OWN_FOLDER:
            return new
        return {name for name in new if name.startswith(self.prefix)} | \
            new.intersection(self.find_all('block'))

    def await_nothing_left(self, seconds=SOON):
        """Waits until there is no block, no registry and no temporary file. Returns the time."""
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
        """Ends all programs, also after a failed test."""
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
