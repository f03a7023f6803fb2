# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Classes and functions for the tests of managers. They start programs, kill them, and check that
the programs leave nothing behind."""

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

# The folder for the registries of this user, and the beginning of their names in this folder.
REGISTRY_FOLDER = f'.shmobj-{os.geteuid()}'
REGISTRY = 'manager-'

# Whether this test has a private /dev/shm, which no other program uses.
HAS_OWN_FOLDER = any(' /dev/shm ' in line and ' - tmpfs none ' in line
                     for line in Path('/proc/self/mountinfo').read_text().splitlines())

# The size of the blocks of a client in CPython.
CPYTHON_BLOCK_SIZE = 1000

# A client that uses CPython's class instead of this library. The client does not fork.
CPYTHON_CLIENT = '''
import os, sys, time
from multiprocessing import managers, resource_tracker

# Start the tracker before the first block is created, because the start takes a long time.
# Otherwise CPython would start the tracker after the creation of the block, and the block would
# remain if the test killed the client during this start.
resource_tracker.ensure_running()
address, key, pause = sys.argv[1], bytes.fromhex(sys.argv[2]), float(sys.argv[3])
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
        time.sleep(pause)
except (OSError, EOFError):
    pass
print('done', os.getpid(), calls, int(slowest * 1e6), 'server-died', flush=True)
''' % CPYTHON_BLOCK_SIZE

_count = itertools.count(1)


def wait_until(condition):
    """Waits until a condition holds. Returns the elapsed time in seconds, or None after a
    timeout."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > TIMEOUT_SECONDS:
            return None
        time.sleep(0.001)
    return time.monotonic() - begin


def signal_all(pids, number):
    for pid in pids:
        # With 0 or a negative number, kill() signals a group of processes, or all processes.
        assert pid > 1
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def get_process_state(pid):
    """Returns the letter of the process state, such as Z for a zombie. Returns an empty string if
    the process does not exist."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ''


def is_dead(pid):
    """Returns whether all threads of the process have ended. The process has then closed its
    descriptors and released its locks. Its parent may reap it later."""
    try:
        return all(get_process_state(f'{pid}/task/{thread}') in ('', 'Z', 'X')
                   for thread in os.listdir(f'/proc/{pid}/task'))
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_blocked(pid):
    """Waits until the process waits for an event, for example for a reply. Fails after a
    timeout."""
    def look():
        status = Path(f'/proc/{pid}/status').read_text()
        return [line for line in status.splitlines()
                if line.startswith(('State:', 'voluntary_ctxt_switches:',
                                    'nonvoluntary_ctxt_switches:'))]

    def is_blocked():
        before = look()
        time.sleep(0.01)
        # The process has not run in the meantime, and is not ready to run.
        return before[0].split()[1] == 'S' and look() == before

    assert wait_until(is_blocked) is not None


def wait_for_death(pid):
    """Waits until the process has died. Returns False after a timeout."""
    return wait_until(lambda: is_dead(pid)) is not None


def find_processes(folder):
    """Returns the IDs of all processes whose TMPDIR is the folder. These processes are the programs
    of a test and their descendants."""
    found = []
    variable = b'TMPDIR=%b\0' % os.fsencode(folder)
    for path in Path('/proc').glob('[1-9]*/environ'):
        try:
            if variable in path.read_bytes() + b'\0':
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return found


@dataclass
class Reply:
    """A reply of a program to a command."""
    outcome: str    # "ok", the nick of a ShmError, or another error domain
    seconds: float  # the duration of the command
    detail: str     # the result, or the message of the error


class Program:
    """A running program that prints lines. Its children print to the same pipe."""

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
            # A process that was killed while it printed leaves an incomplete line.
            with self.change:
                self.lines.append(line.rstrip('\n'))
                self.change.notify_all()
        with self.change:
            self.has_ended = True
            self.change.notify_all()

    def find_all(self, word):
        """Returns all lines that begin with `word`, without this word."""
        with self.change:
            return [line[len(word) + 1:] for line in self.lines if line.split(' ')[0] == word]

    def wait_for(self, word, count=1, seconds=TIMEOUT_SECONDS):
        """Waits until the program has printed `count` lines that begin with `word`. Returns the
        last of these lines, without the word."""
        with self.change:
            self.change.wait_for(lambda: self.has_ended or len(self.find_all(word)) >= count,
                                 seconds)
        found = self.find_all(word)
        assert len(found) >= count, f'no {word}:\n' + '\n'.join(self.lines)
        return found[count - 1]

    def send(self, command):
        """Sends a command, and does not wait for the reply."""
        self.process.stdin.write(f'{command}\n')
        self.process.stdin.flush()
        self.n_replies += 1

    def receive_reply(self):
        """Waits for the reply to the last command, and returns it."""
        command, outcome, usec, detail = self.wait_for('reply', self.n_replies).split(' ', 3)
        return Reply(outcome, int(usec) / 1e6, detail)

    def request(self, command):
        """Sends a command, and returns the reply."""
        self.send(command)
        return self.receive_reply()

    def request_checked(self, command):
        """Sends a command that must succeed, and returns the detail of the reply."""
        reply = self.request(command)
        assert reply.outcome == 'ok', reply
        return reply.detail

    def kill(self):
        """Kills the program, and waits until it has ended."""
        signal_all([self.pid], signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Closes the standard input, which makes the program end. Returns the exit status."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        return self.process.wait(TIMEOUT_SECONDS)

    def close(self):
        """Waits until the program and its children have closed their output, and closes the
        pipe."""
        self.reader.join(TIMEOUT_SECONDS)
        assert not self.reader.is_alive(), self.lines
        self.process.stdout.close()


class Starter(Program):
    """A program that starts a server and accepts commands."""

    def __init__(self, folder, prefix, *options, **keywords):
        super().__init__(folder, STARTER, *options, prefix, **keywords)

    def wait_until_ready(self):
        self.wait_for('ready')
        return self

    @property
    def server_pid(self):
        return int(self.wait_for('helper'))

    @property
    def address(self):
        return self.wait_for('address')

    @property
    def key(self):
        return self.wait_for('key')


class Workspace:
    """The programs of a test, their folder for temporary files, and the prefix for the names of
    their blocks."""

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

    def start(self, *options, **keywords):
        return self.add(Starter(self.folder, self.prefix, *options, **keywords)).wait_until_ready()

    def start_client(self, starter, *options):
        return self.add(Program(self.folder, CLIENT, *options, starter.address, starter.key,
                                self.prefix))

    def start_cpython_client(self, starter, pause=0.0):
        return self.add(Program(self.folder, sys.executable, '-c', CPYTHON_CLIENT, starter.address,
                                starter.key, pause, stderr=subprocess.DEVNULL))

    def find_all(self, word):
        return [found for program in self.programs for found in program.find_all(word)]

    def find_leftovers(self):
        """Returns the new files in /dev/shm. If other programs use /dev/shm too, returns only the
        files of this test."""
        new = set(os.listdir(BLOCKS)) - self.before
        if HAS_OWN_FOLDER:
            return new
        return {name for name in new if name.startswith(self.prefix)} | \
            new.intersection(self.find_all('block'))

    def wait_until_clean(self):
        """Waits until all blocks, registries and temporary files are removed. Returns the elapsed
        time in seconds."""
        took = wait_until(lambda: not self.find_leftovers() and not os.listdir(self.folder))
        assert took is not None, (self.find_leftovers(), os.listdir(self.folder))
        return took

    def wait_for_processes(self):
        """Waits until all programs and their descendants have ended."""
        assert wait_until(lambda: not find_processes(self.folder)) is not None, \
            [Path(f'/proc/{pid}/cmdline').read_bytes() for pid in find_processes(self.folder)]

    def end_round(self):
        """Ends all programs, and waits until their descendants have ended too."""
        for program in self.programs:
            program.end()
        self.wait_for_processes()
        for program in self.programs:
            program.close()
        self.programs.clear()

    def clear(self):
        """Kills all programs and removes their files, also after a failed test."""
        signal_all(find_processes(self.folder), signal.SIGKILL)
        for program in self.programs:
            program.kill()
        for name in self.find_leftovers():
            path = BLOCKS / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        shutil.rmtree(self.folder)
