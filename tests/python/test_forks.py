# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Processes that fork while their threads create blocks.

A forked child has only one thread, and a copy of all memory. If another thread of its parent held a
lock at the time of the fork, no thread of the child ever releases this lock. CPython's own classes
have such a lock: a child that creates a block can wait for ever. GLib has such locks too. Therefore
forks.py of the binding lets other threads end their calls before a fork.
"""

import os
from _thread import get_ident

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Shm

from gi.overrides.Shm import extension, forks, program

from support import TIMEOUT, run_python, wait_until_removed

FORKS = int(os.environ.get('SHMOBJ_STRESS_ROUNDS', '40'))

COMMON = f'''
import threading
import time

prefix, count = sys.argv[1], int(sys.argv[2])
stop = False

def make_block(name):
    shm = Shm.SharedMemory(name, create=True, size=100)
    shm.buf[0] = 42
    return shm

def make_list(name):
    return Shm.ShareableList([42, 'two'], name=name).shm

def remove(shm):
    shm.close()
    shm.unlink()

def work(thread):
    number = 0
    while not stop:
        number += 1
        remove(make(f'{{prefix}}-{{thread}}-{{number}}'))

threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]

def create_in_children():
    """Forks children, which create blocks. The threads do the same meanwhile. Each child leaves the
    block behind, and the parent removes it."""
    for i in range(count):
        name = f'{{prefix}}-child-{{i}}'
        pid = os.fork()
        if pid == 0:
            signal.alarm({TIMEOUT})  # ends a child that hangs
            try:
                make(name).close()
                os._exit(0)
            finally:
                os._exit(1)
        status = os.waitpid(pid, 0)[1]
        assert status == 0, f'child {{i}}: {{status}}'
        remove(Shm.SharedMemory(name))

def run():
    global stop
    for thread in threads:
        thread.start()
    try:
        create_in_children()
    finally:
        stop = True
        for thread in threads:
            thread.join()
'''


@pytest.fixture
def malloc(monkeypatch):
    """Makes GLib use malloc(), which works in a forked child. Before GLib 2.76, its own allocator has
    a lock: see docs/reference/safety.md. On a busy machine, a call of a manager can take longer than
    a fork waits for it."""
    monkeypatch.setenv('G_SLICE', 'always-malloc')


@pytest.fixture(autouse=True)
def no_warnings(monkeypatch):
    """CPython 3.12 and later warn of each fork of a process with threads."""
    monkeypatch.setenv('PYTHONWARNINGS', 'ignore::DeprecationWarning')


def run(script, blocks, count=FORKS):
    """Runs a script. Checks that the script and its tracker print nothing."""
    result = run_python(COMMON + script, blocks.new_name(), count)
    assert result.stdout == result.stderr == ''


@pytest.mark.parametrize('make', ['make_block', 'make_list'])
def test_threads_create(make, blocks):
    run(f'make = {make}\n'
        'run()\n', blocks)


def test_threads_and_managers(blocks, malloc):
    """The threads create blocks of a manager. The children use the same manager."""
    run('''
def make(name):
    return manager.SharedMemory(100, name)

def remove(shm):
    shm.close()
    manager.remove(shm.name)

with Shm.Manager() as manager:
    run()
''', blocks)


def test_threads_use_managers_and_children_do_not(blocks, malloc):
    """The children create tracked blocks while the threads create blocks of a manager."""
    run('''
def make(name):
    is_child = threading.current_thread() is threading.main_thread()
    return make_block(name) if is_child else manager.SharedMemory(100, name)

with Shm.Manager() as manager:
    run()
''', blocks)


def test_first_blocks(blocks):
    """Threads and children create the first block of the program at the same time, and start its
    tracker. All blocks go with the program."""
    for i in range(max(3, FORKS // 40)):
        name = blocks.new_name()
        run(f'''
barrier = threading.Barrier(5)

def create_first(thread):
    barrier.wait()
    make_block(f'{{prefix}}-{{thread}}').close()

threads = [threading.Thread(target=create_first, args=(i,)) for i in range(4)]
for thread in threads:
    thread.start()
barrier.wait()
pids = []
for i in range(5):
    pid = os.fork()
    if pid == 0:
        signal.alarm({TIMEOUT})
        make_block(f'{name}' if i == 0 else f'{{prefix}}-child-{{i}}').close()
        os._exit(0)
    pids.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in pids)
for thread in threads:
    thread.join()
assert Shm.SharedMemory('{name}').buf[0] == 42
''', blocks)
        wait_until_removed(name)


def test_multiprocessing_forks(blocks):
    """Threads create blocks while multiprocessing forks workers, which create lists."""
    run('''
import multiprocessing

context = multiprocessing.get_context('fork')
make = make_block

def create(name):
    make_list(name).close()

def create_in_children():
    for i in range(count // 4):
        names = [f'{prefix}-child-{i}-{j}' for j in range(4)]
        processes = [context.Process(target=create, args=(name,)) for name in names]
        for process in processes:
            process.start()
        for process, name in zip(processes, names):
            process.join(%d)
            assert process.exitcode == 0
            remove(Shm.ShareableList(name=name).shm)

run()
''' % TIMEOUT, blocks)


@pytest.mark.parametrize('call', ['create', 'enter', 'unlink', 'close'])
def test_calls_look_again(call, blocks, monkeypatch):
    """Another thread can begin to fork before a call has returned from waiting for a fork."""
    if call == 'close' and extension.module is not None:
        pytest.skip('the extension closes blocks')
    shm = Shm.SharedMemory(blocks.new_name(), create=True, size=100)
    waits = []

    def wait():
        waits.append(None)
        forks.is_forking = len(waits) < 3
        return True

    monkeypatch.setattr(forks, 'wait', wait)
    monkeypatch.setattr(forks, 'is_forking', True)
    {'create': lambda: Shm.SharedMemory.create_full(blocks.new_name(), 100).unlink(),
     'enter': program.enter,
     'unlink': shm.unlink,
     'close': shm.close}[call]()
    assert len(waits) == 3
    if call != 'unlink':
        shm.unlink()


def test_waiting_for_a_fork(monkeypatch):
    """A call looks again only if it has waited until the gate was open."""
    assert forks.wait() is True
    with forks._gate:
        monkeypatch.setattr(forks, '_owner', get_ident())
        assert forks.wait() is False
        monkeypatch.setattr(forks, '_owner', None)
        monkeypatch.setattr(forks, '_LIMIT', 0.001)
        assert forks.wait() is False
    assert forks.wait() is True
