# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Rounds in which the processes of a program are killed at random moments.

Without arguments, this file reads seeds as a JSON list, and runs a round for each of them. Each
round has a process and a /dev/shm of its own. The file prints the results as JSON, one line for each
round. With arguments, it is the program of a round.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from lifetime_watch import (BLOCKS, Watch, find_children, find_descendants, is_tracker,
                            is_tracker_of_library, look_at_threads, run_in_parallel)

SIZE = 64
BLOCKS_MAX = 12  # for each process
REGISTRY_HEADER_SIZE = 256

# The program


class Log:
    """The file of the reports by the processes of a program. Each line is written in one piece."""

    def __init__(self, path):
        self.path = path

    def write(self, *words):
        with open(self.path, 'a', encoding='ascii') as file:
            file.write(' '.join(map(str, words)) + '\n')

    def read(self, word):
        """Returns the second words of all complete lines that begin with a word."""
        lines = Path(self.path).read_text('ascii').split('\n')[:-1]
        return [line.split()[1] for line in lines if line.startswith(word + ' ')]


class Worker:
    """A process that creates and removes blocks until the file "stop" exists."""

    def __init__(self, folder, prefix, seed):
        import gi
        gi.require_version('Shm', '1.0')
        from gi.repository import Shm
        self.classes = Shm
        self.folder, self.prefix = folder, f'{prefix}-{os.getpid()}'
        self.rng = random.Random(seed)
        self.log = Log(f'{folder}/log')
        self.blocks = []

    def create(self, number):
        name = f'{self.prefix}-{number}'
        if self.rng.random() < 0.8:
            shm = self.classes.SharedMemory(name, create=True, size=SIZE)
        else:
            shm = self.classes.ShareableList([number, 'two'], name=name).shm
        self.log.write('created', name)
        self.blocks.append(shm)

    def remove(self):
        shm = self.blocks.pop(self.rng.randrange(len(self.blocks)))
        self.log.write('removing', shm.name)
        shm.close()
        try:
            shm.unlink()
        except FileNotFoundError:
            pass  # The watcher has given the name to another block.

    def attach(self):
        self.classes.SharedMemory(f'{self.prefix.partition("-")[0]}-foreign').close()

    def run(self):
        self.log.write('ready', os.getpid())
        n_created, limit = 0, self.rng.choice([3, 1000])
        while not os.path.exists(f'{self.folder}/stop') and n_created < limit:
            self.create(n_created)
            n_created += 1
            if len(self.blocks) > BLOCKS_MAX or self.rng.random() < 0.3:
                self.remove()
            if self.rng.random() < 0.2:
                self.attach()
            time.sleep(self.rng.uniform(0, 0.004))
        self.log.write('ending', os.getpid())


def work(*args):
    Worker(*args).run()


def run_program(folder, prefix, seed, *kinds):
    """The first process of the program. It imports the library, starts a child of each kind, and
    works."""
    worker = Worker(folder, prefix, seed)
    if worker.rng.random() < 0.5:
        worker.create('first')
    processes = []
    for i, kind in enumerate(kinds):
        arguments = folder, prefix, f'{seed}-{i}'
        if kind == 'os.fork':
            if os.fork() == 0:
                try:
                    work(*arguments)
                finally:
                    os._exit(0)
            continue
        context = multiprocessing.get_context(kind)
        process = context.Process(target=work, args=arguments)
        process.start()
        processes.append(process)
    worker.run()
    for process in processes:
        process.join()


# The round


class Round(Watch):
    """A program, and the events of its life."""

    def __init__(self, seed, folder):
        super().__init__({'classes': 'ours', 'executable': sys.executable}, folder)
        self.seed, self.rng = seed, random.Random(seed)
        self.name = self.name.replace('-', '')
        self.log = Log(f'{folder}/log')
        Path(self.log.path).touch()
        self.foreign = {f'{self.name}-foreign'}
        self.members, self.events, self.killed = [], [], set()
        self.is_tracker_killed = False

    def sleep_randomly(self, longest):
        time.sleep(self.rng.uniform(0, longest))

    def start_program(self):
        kinds = self.rng.choices(['os.fork', 'fork', 'spawn', 'forkserver'],
                                 k=self.rng.choice([0, 1, 1, 2, 3]))
        self.make_foreign(f'{self.name}-foreign')
        self.program = self.start_command(
            [sys.executable, '-W', 'ignore', __file__, self.folder, self.name, str(self.seed),
             *kinds])
        self.wait_for_reports('ready', 1 if self.rng.random() < 0.2 else 1 + len(kinds))
        self.sleep_randomly(0.05)
        # A child that starts after the death of its parent cannot join the program any more.
        self.members = [int(pid) for pid in self.log.read('ready')]

    def wait_for_reports(self, word, count):
        while len(self.log.read(word)) < count:
            assert not self.program.has_failed(), self.read_errors()
            time.sleep(0.002)

    def make_foreign(self, name):
        (BLOCKS / name).touch(0o600, exist_ok=False)
        (BLOCKS / name).write_bytes(bytes(SIZE))
        self.foreign.add(name)

    def find_living(self):
        """Returns the processes of the program that were not killed, and that have not reported that
        they end. Their state in /proc is not sufficient: it changes only at the very end."""
        return set(self.members) - self.killed - set(map(int, self.log.read('ending')))

    # Events

    def kill(self, *pids):
        for pid in pids:
            self.killed.add(pid)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def kill_first(self):
        self.kill(self.program.pid)

    def kill_member(self):
        self.kill(self.rng.choice(self.members))

    def kill_all_members(self):
        """Kills all processes of the program, as soon after each other as possible. Before its
        exec(), a tracker looks like its parent, and is killed too."""
        found = find_descendants()
        if not any(map(is_tracker_of_library, found)):
            self.is_tracker_killed = True
        found = [pid for pid in found if not is_tracker(pid)]
        self.rng.shuffle(found)
        self.kill(*found)

    def kill_tracker(self):
        self.is_tracker_killed = True
        self.kill(*filter(is_tracker, find_descendants()))

    def kill_everything(self):
        self.is_tracker_killed = True
        found = find_descendants()
        self.rng.shuffle(found)
        self.kill(*found)

    def take_name(self):
        """Gives the name of a block of the program to another block."""
        names = sorted(self.find_expected())
        if not names:
            return
        name = self.rng.choice(names)
        try:
            (BLOCKS / name).unlink()
            self.make_foreign(name)
        except (FileNotFoundError, FileExistsError):
            pass

    # Checks

    def find_expected(self):
        """Returns the names of the blocks that the program has created and does not remove."""
        created = set(self.log.read('created'))
        return created - set(self.log.read('removing')) - self.foreign

    def check_blocks(self):
        """As long as a process of the program lives, its blocks exist."""
        expected = self.find_expected()
        missing = {name for name in expected if not self.exists(name)}
        if missing and self.find_living():
            missing -= set(self.log.read('removing'))
            assert not missing, f'these blocks are gone although the program lives: {missing}'

    def check_foreign(self):
        gone = {name for name in self.foreign if not self.exists(name)}
        assert not gone, f'these blocks do not belong to the program, and are gone: {gone}'

    def wait_for_end(self):
        if self.rng.random() < 0.5:
            self.kill_all_members()
        else:
            Path(f'{self.folder}/stop').touch()
        self.wait_for_all()

    def sweep(self):
        """The next program of the user removes what a killed tracker has left."""
        if self.rng.random() < 0.5:
            self.start('create_and_end', f'{self.name}-next').wait()
        else:
            self.start('remove_leftovers').wait()
        self.wait_for_all()

    def has_unused_registry(self):
        """Returns whether the program was killed after it had given its registry a name, or had made
        the folder, but before it had a tracker. It had no block by then."""
        folder = BLOCKS / f'.shmobj-{os.geteuid()}'
        if not self.is_isolated or not folder.exists():
            return False
        assert not self.log.read('created')
        for path in folder.iterdir():
            assert not any(path.read_bytes()[REGISTRY_HEADER_SIZE:]), path

        return True

    def check_all_is_removed(self):
        left = {path.name for path in BLOCKS.iterdir()
                if self.is_isolated or path.name.startswith(self.name)}
        assert left == self.foreign, f'left: {left - self.foreign}'

    def describe(self):
        """Returns what a developer needs to know about a failure."""
        processes = [(pid, look_at_threads(pid)[:1], find_children(pid))
                     for pid in find_descendants()]
        files = [str(path) for path in BLOCKS.rglob('*')]
        return '\n'.join(map(str, [self.program.process.args, self.members, self.events, *processes, files,
                                   Path(self.log.path).read_text(), self.read_errors()]))

    def run(self):
        self.start_program()
        events = [self.kill_first, self.kill_member, self.kill_all_members, self.kill_tracker,
                  self.kill_everything, self.take_name]
        chosen = self.rng.choices(events, [3, 3, 1, 2, 1, 1], k=self.rng.choice([1, 2, 3]))
        for event in chosen:
            self.events.append(event.__name__)
            event()
            self.check_blocks()
            self.sleep_randomly(0.02)
            self.check_blocks()
        self.wait_for_end()
        self.check_foreign()
        if self.is_tracker_killed or self.has_unused_registry():
            self.sweep()
        self.check_all_is_removed()
        self.check_foreign()


def run_round(seed):
    error = None
    with tempfile.TemporaryDirectory(prefix='shmobj-round-') as folder:
        found = Round(seed, folder)
        try:
            found.run()
        except BaseException:
            error = traceback.format_exc() + found.describe()
        found.clear()
    os.write(1, json.dumps({'seed': seed, 'error': error, 'events': found.events}).encode() + b'\n')


if __name__ == '__main__':
    if sys.argv[1:]:
        run_program(*sys.argv[1:])
    else:
        run_in_parallel(run_round, json.load(sys.stdin))
