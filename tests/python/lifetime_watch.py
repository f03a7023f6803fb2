# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Watches programs and their blocks.

The process that watches is the subreaper of all its descendants: it becomes the parent of each
process whose parent has ended, also of daemons and trackers. So it sees when the last of them has
ended. It can also see when all of them wait for an event. It never waits for a fixed time.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = Path(__file__).with_name('lifetime_programs.py')
BLOCKS = Path('/dev/shm')

# The bound for each wait, in seconds: see tests/README.md.
TIMEOUT = int(os.environ.get('SHMOBJ_TEST_TIMEOUT', '600'))

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
NOBODY = 65534
PR_SET_CHILD_SUBREAPER = 36

# Runs a command as the first process of a PID namespace.
PID_NAMESPACE = f'''
import ctypes, subprocess, sys
assert ctypes.CDLL(None).unshare({CLONE_NEWPID}) == 0
subprocess.Popen(sys.argv[1:]).wait()
'''

_libc = ctypes.CDLL(None, use_errno=True)


class Skipped(Exception):
    """The row cannot run on this machine."""


def isolate():
    """Gives this process and its children a private /dev/shm, if the system permits it. Returns
    whether it does."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWNS | (CLONE_NEWUSER if user != 0 else 0)) != 0:
        return False
    if user != 0:
        Path('/proc/self/setgroups').write_text('deny')
        Path('/proc/self/uid_map').write_text(f'{user} {user} 1')
        Path('/proc/self/gid_map').write_text(f'{group} {group} 1')

    # In a chroot, / is usually not a mount point. Then change /dev/shm alone.
    is_private = any(_libc.mount(b'none', path, None, MS_REC | MS_PRIVATE, None) == 0
                     for path in (b'/', b'/dev/shm'))

    return is_private and _libc.mount(b'none', b'/dev/shm', b'tmpfs', 0, b'mode=1777') == 0


def find_children(pid):
    """Returns the children of all threads of a process."""
    found = []
    try:
        for thread in os.listdir(f'/proc/{pid}/task'):
            found += Path(f'/proc/{pid}/task/{thread}/children').read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        pass  # The process or the thread has ended.

    return [int(child) for child in found]


def find_descendants():
    found, queue = [], [os.getpid()]
    while queue:
        children = find_children(queue.pop())
        found += children
        queue += children

    return found


def read_command(pid):
    """Returns the command of a process, or an empty list if the process has ended. The command is
    empty for a moment in exec(): the caller of posix_spawn() can already continue then."""
    while True:
        try:
            command = Path(f'/proc/{pid}/cmdline').read_bytes()
            if command:
                return command.split(b'\0')
            if '\nState:\tZ' in Path(f'/proc/{pid}/status').read_text():
                return []
        except (FileNotFoundError, ProcessLookupError):
            return []


def is_tracker_of_library(pid):
    command = read_command(pid)
    return bool(command) and os.path.basename(command[0]) == b'shmobj-tracker'


def is_tracker(pid):
    """Returns whether the process is the tracker of this library or of CPython."""
    return (is_tracker_of_library(pid)
            or any(b'resource_tracker' in argument for argument in read_command(pid)))


def look_at_threads(pid):
    """Returns the state of each thread of a process, and how often the thread has run."""
    found = []
    try:
        for thread in os.listdir(f'/proc/{pid}/task'):
            lines = Path(f'/proc/{pid}/task/{thread}/status').read_text().splitlines()
            found.append((pid, thread, *[line for line in lines if line.startswith(
                ('State:', 'voluntary_ctxt_switches:', 'nonvoluntary_ctxt_switches:'))]))
    except (FileNotFoundError, ProcessLookupError):
        pass

    return found


def is_running(thread):
    return thread[2].split()[1] not in 'STZX'


def run_in_parallel(function, arguments):
    """Calls a function with each argument, in processes of their own. Runs a few more of them in
    parallel than there are processors, because most of them wait."""
    limit = 2 * len(os.sched_getaffinity(0)) + 2
    n_running = 0
    for argument in arguments:
        if n_running == limit:
            os.wait()
            n_running -= 1
        if os.fork() == 0:
            function(argument)
            os._exit(0)
        n_running += 1
    while n_running > 0:
        os.wait()
        n_running -= 1


class Program:
    """A program that the test has started."""

    def __init__(self, process):
        self.process, self.pid = process, process.pid

    def wait(self):
        return self.process.wait(TIMEOUT)

    def has_failed(self):
        return (self.process.poll() or 0) > 0

    def kill(self, number=signal.SIGKILL):
        """Ends the program with a signal."""
        os.kill(self.pid, number)
        assert self.wait() == -number

    def kill_children(self):
        """Kills the children of the program, such as the first process of its namespace."""
        for child in find_children(self.pid):
            os.kill(child, signal.SIGKILL)
        self.wait()


class Watch:
    """Starts the programs of a row, waits until they reach points, and looks at the block."""

    def __init__(self, job, folder):
        self.job, self.folder = job, folder
        self.name = f'shmobj-row-{os.getpid()}'
        self.address = f'{folder}/manager'
        self.programs = []
        self.seen = {}
        self.error, self.skip, self.errors = None, None, ''
        # Children inherit that a signal is ignored. CPython's tracker does not change this for SIGHUP.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.is_isolated = isolate()
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        os.chmod(folder, 0o777)
        self.stderr_path = Path(folder) / 'stderr'
        self.stderr_path.touch(0o666)
        os.chmod(self.stderr_path, 0o666)
        signal.signal(signal.SIGALRM, self._time_out)
        signal.alarm(TIMEOUT)

    def _time_out(self, *args):
        commands = [b' '.join(read_command(pid)).decode()[-200:] for pid in find_descendants()]
        raise TimeoutError(f'these processes still run: {commands}\n{self.read_errors()}')

    # Programs

    def is_ours(self):
        """Returns whether the row watches this library, and not CPython's classes."""
        return self.job['classes'] == 'ours'

    def start(self, function, *args, classes=None, new_session=False, pid_namespace=False):
        """Starts a function of lifetime_programs.py with the classes of the job."""
        classes = classes or self.job['classes']
        command = [self.job['executable'], '-I', '-S'] if classes == 'stock' else [sys.executable]
        command += ['-W', 'ignore', str(PROGRAMS)]
        environment = {'SHMOBJ_TEST_CLASSES': classes, 'SHMOBJ_TEST_COMMAND': '\n'.join(command)}
        command += [function, *args]
        if pid_namespace:
            command = [sys.executable, '-I', '-S', '-c', PID_NAMESPACE, *command]

        return self.start_command(command, environment, start_new_session=new_session)

    def start_command(self, command, environment=(), **options):
        with open(self.stderr_path, 'ab') as stderr:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                env={**os.environ, 'SHMOBJ_TEST_FOLDER': self.folder, **dict(environment)},
                **options)
        self.programs.append(Program(process))

        return self.programs[-1]

    def needs_root(self):
        """Skips the row if a program cannot change to another user, and then run the interpreter and
        the tracker."""
        if os.geteuid() != 0:
            raise Skipped('only root can change the user')
        self._run_as_nobody('another user cannot run this interpreter',
                            self.job['executable'], '-c', '')
        tracker = os.environ.get('SHMOBJ_TRACKER')
        if self.is_ours() and tracker is not None:
            self._run_as_nobody('other users cannot enter the build folder', '/bin/sh', '-c',
                                'test -x "$1"', 'sh', tracker)

    def _run_as_nobody(self, reason, *command):
        try:
            subprocess.run(command, cwd='/', check=True, user=NOBODY, group=NOBODY, extra_groups=(),
                           stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            raise Skipped(reason) from None

    def needs_isolation(self):
        """Skips the row if other programs of this user could remove the block."""
        if self.is_ours() and not self.is_isolated:
            raise Skipped('this process can have no /dev/shm of its own')

    def needs_namespaces(self):
        if os.geteuid() != 0 or not self.is_isolated:
            raise Skipped('only root can create a PID namespace')

    # Points

    def _fifo(self, point, way):
        path = f'{self.folder}/{point}.{way}'
        try:
            os.mkfifo(path)
            os.chmod(path, 0o666)
        except FileExistsError:
            pass
        return path

    def wait_for_point(self, point):
        """Waits until a program has reached the point."""
        fd = os.open(self._fifo(point, 'reached'), os.O_RDONLY | os.O_NONBLOCK)
        try:
            poll = select.poll()
            poll.register(fd, 0)  # poll() always reports POLLHUP: the writer has closed the FIFO.
            while not poll.poll(100):
                if any(program.has_failed() for program in self.programs):
                    raise AssertionError(f'no program has reached {point!r}: {self.read_errors()}')
        finally:
            os.close(fd)

    def pass_point(self, point):
        """Lets the program at the point continue."""
        with open(self._fifo(point, 'continue'), 'wb') as file:
            file.write(b'\n')

    # Blocks

    def path(self, name=None):
        return BLOCKS / (name or self.name)

    def exists(self, name=None):
        return self.path(name).exists()

    def get_inode(self):
        try:
            return self.path().stat().st_ino
        except FileNotFoundError:
            return None

    def make_block(self):
        """Makes a block that no program tracks."""
        self.path().touch(0o600, exist_ok=False)
        self.path().write_bytes(bytes(64))

    def unlink(self):
        self.path().unlink()

    def look(self, moment, *names):
        self.seen[moment] = any(self.exists(name) for name in names or [self.name])

    def look_at_point(self, point):
        """Looks at the block as soon as a program is at the point and no process does anything."""
        self.wait_for_point(point)
        self.look_when_settled()

    def look_when_settled(self):
        self.settle()
        self.look('lives')

    def look_after_end(self, *names, moment='ended'):
        """Looks at the block after all programs, with their trackers, have ended."""
        self.wait_for_all()
        self.look(moment, *names)

    def wait_for_all(self):
        """Waits until all processes have ended."""
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def settle(self):
        """Waits until each process waits for an event, so that nothing more happens by itself."""
        while True:
            before = [look for pid in find_descendants() for look in look_at_threads(pid)]
            time.sleep(0.01)
            after = [look for pid in find_descendants() for look in look_at_threads(pid)]
            if before == after and not any(map(is_running, after)):
                return

    # Trackers

    def signal_trackers(self, number):
        """Sends a signal to all trackers, and returns their process IDs."""
        trackers = [pid for pid in find_descendants() if is_tracker(pid)]
        assert trackers, 'no tracker runs'
        for pid in trackers:
            os.kill(pid, number)
        return trackers

    def kill_tracker(self, number):
        self.settle()
        for pid in self.signal_trackers(number):
            while any(look[2].split()[1] != 'Z' for look in look_at_threads(pid)):
                time.sleep(0.001)

    # The end

    def read_errors(self):
        """Returns what the programs and their trackers have printed."""
        return self.stderr_path.read_text(errors='replace')

    def check_leftovers(self):
        """Checks that the programs left nothing but the blocks that the row expects."""
        if self.is_ours() and self.is_isolated:
            left = {path.name for path in BLOCKS.iterdir()}
            assert not left - {self.name}, left

    def clear(self):
        """Ends all processes and removes all files."""
        signal.alarm(0)
        while descendants := find_descendants():
            for pid in descendants:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
        for path in BLOCKS.glob(f'{self.name}*'):
            path.unlink()
        self.errors = self.read_errors()
