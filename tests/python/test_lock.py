# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests locks of blocks and lists, also together with fcntl.lockf() in every CPython on this
machine."""

import asyncio
import fcntl
import math
import os
import signal
import threading
import time

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm  # noqa: E402

from interpreters import parameters, run_bare  # noqa: E402
from support import TIMEOUT, in_child, run_until  # noqa: E402
from test_asyncio import run  # noqa: E402, F401


@pytest.fixture(params=['block', 'list'])
def lockable(request):
    """A block, or a list, without a name."""
    if request.param == 'block':
        block = Shm.SharedMemory.create_anonymous(4096)
        yield block
        block.close()
    else:
        values = Shm.ShareableList([1, 2.5, 'three'])
        yield values
        values.shm.close()
        values.shm.unlink()


@pytest.fixture
def block():
    shm = Shm.SharedMemory.create_anonymous(4096)
    yield shm
    shm.close()


def is_locked(owner, shared=False):
    try:
        owner.lock(shared, 0).release()
    except TimeoutError:
        return True
    return False


def test_with(lockable):
    with lockable.lock() as guard:
        assert guard.is_held() and guard.previous_died is False
        assert is_locked(lockable) and is_locked(lockable, shared=True)
        assert 'held' in repr(guard)
    assert not guard.is_held() and not is_locked(lockable)
    assert guard.release() is True
    assert 'released' in repr(guard)


def test_shared(lockable):
    with lockable.lock(shared=True), lockable.lock(True, 0):
        assert is_locked(lockable)
    assert not is_locked(lockable)


def test_exception_releases(lockable):
    with pytest.raises(ZeroDivisionError), lockable.lock():
        1 / 0
    assert not is_locked(lockable)


def test_freed_guard_releases(lockable):
    guard = lockable.lock()
    del guard
    assert not is_locked(lockable)


def test_ranges(block):
    with block.lock_range(10, 20):
        assert is_locked(block)
        with block.lock_range(30, 10, timeout=0), pytest.raises(TimeoutError):
            block.lock_range(29, 1, shared=True, timeout=0.01)
    for offset, length in (0, 0), (4096, 1), (0, 4097), (-1, 1), (0, -1):
        with pytest.raises(IndexError):
            block.lock_range(offset, length)


@pytest.mark.parametrize('timeout', [0, 0.0, 0.02, -1, -math.inf])
def test_timeout(lockable, timeout):
    with lockable.lock():
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            lockable.lock(timeout=timeout)
        assert time.monotonic() - started >= timeout


@pytest.mark.parametrize('timeout', ['1', b'1', [], math.nan])
def test_wrong_timeout(lockable, timeout):
    with pytest.raises((TypeError, ValueError)):
        lockable.lock(timeout=timeout)


@pytest.mark.parametrize('timeout', [None, 1e30, math.inf, TIMEOUT])
def test_other_thread_releases(lockable, timeout):
    """The other thread can only run because a wait does not hold the GIL."""
    guard = lockable.lock()
    thread = threading.Timer(0.02, guard.release)
    thread.start()
    with lockable.lock(timeout=timeout):
        thread.join()


def test_threads_exclude_each_other(lockable):
    numbers = [0]

    def work():
        for _ in range(100):
            with lockable.lock():
                number = numbers[0]
                time.sleep(0)
                numbers[0] = number + 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [400]


def test_killed_holder(lockable):
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        guard = lockable.lock()
        os.write(write_end, b'.')
        signal.pause()
        guard.release()
    os.read(read_end, 1)
    assert is_locked(lockable)
    threading.Timer(0.02, os.kill, [child, signal.SIGKILL]).start()
    with lockable.lock() as guard:
        assert guard.previous_died is isinstance(lockable, Shm.ShareableList)
    with lockable.lock() as guard:
        assert guard.previous_died is False
    os.waitpid(child, 0)
    os.close(read_end)
    os.close(write_end)


def test_fork(lockable):
    with lockable.lock() as guard:
        assert in_child(lambda: not guard.is_held() and is_locked(lockable))
        assert in_child(lambda: guard.release() and is_locked(lockable))
        assert guard.is_held() and is_locked(lockable)


def test_cancel(lockable):
    cancellable = Gio.Cancellable()
    with lockable.lock():
        thread = threading.Timer(0.02, cancellable.cancel)
        thread.start()
        with pytest.raises(GLib.Error) as caught:
            lockable.lock(cancellable=cancellable)
        thread.join()
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_close(block):
    other = Shm.SharedMemory.attach_fd(block.get_fd(), 0)
    guard = other.lock()
    thread = threading.Timer(0.02, block.close)
    thread.start()
    with pytest.raises(ValueError, match='closed'):
        block.lock()
    thread.join()
    other.close()
    assert guard.is_held()
    guard.release()
    with pytest.raises(ValueError, match='closed'):
        other.lock()


def test_read_only():
    shm = Shm.SharedMemory(create=True, size=10)
    reader = Shm.SharedMemory(shm.name, read_only=True)
    with pytest.raises(PermissionError):
        reader.lock()
    with reader.lock(shared=True):
        assert is_locked(shm)
    reader.close()
    shm.close()
    shm.unlink()


class Interrupt(Exception):
    pass


def raise_interrupt(number, frame):
    raise Interrupt


def test_signal_handler_raises(lockable):
    """A handler ends a wait, for example that of Ctrl-C."""
    before = signal.signal(signal.SIGALRM, raise_interrupt)
    try:
        with lockable.lock():
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            with pytest.raises(Interrupt):
                lockable.lock()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    deadline = time.monotonic() + TIMEOUT
    while is_locked(lockable):
        assert time.monotonic() < deadline


def test_interrupted_at_any_time(lockable):
    """An exception at any moment leaves no lock behind, after the exception is handled."""
    before = signal.signal(signal.SIGALRM, raise_interrupt)
    try:
        for i in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 + i % 50 * 2e-6)
                while True:
                    with lockable.lock():
                        pass
            except Interrupt:
                pass
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert not is_locked(lockable)
    finally:
        signal.signal(signal.SIGALRM, before)


# asyncio

def test_async_with(run, lockable):  # noqa: F811
    async def main():
        async with lockable.lock_async() as guard:
            assert guard.is_held() and is_locked(lockable)
            with pytest.raises(TimeoutError):
                await lockable.lock_async(shared=True, timeout=0.01)
        assert not is_locked(lockable)
        guard = await lockable.lock_async(True)
        assert not is_locked(lockable, shared=True)
        guard.release()

    run(main)


def test_async_order(run, lockable):  # noqa: F811
    async def work(name, events):
        async with lockable.lock_async(timeout=TIMEOUT):
            events.append(name)
            await asyncio.sleep(0.001)
            events.append(name)

    async def main():
        events = []
        await asyncio.gather(*(work(i, events) for i in range(5)))
        assert events[::2] == events[1::2] and sorted(events[::2]) == [*range(5)]

    run(main)


def test_async_cancel(run, block):  # noqa: F811
    async def main():
        async with block.lock_async():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(block.lock_range_async(0, 1), 0.01)
            call = asyncio.ensure_future(block.lock_async())
            await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        async with block.lock_range_async(0, 1, shared=True):
            assert is_locked(block)
        with pytest.raises(IndexError):
            await block.lock_range_async(0, 5000)
        with pytest.raises(TypeError):
            await block.lock_async(timeout='1')

    run(main)


def test_callback(lockable):
    results = []
    lockable.lock_async(False, None, None, lambda source, result: results.append(result))
    run_until(lambda: results)
    with lockable.lock_finish(results[0]) as guard:
        assert guard.is_held() and is_locked(lockable)


# CPython

every_python = pytest.mark.parametrize('python', list(parameters(8)))

LOCK = '''
import fcntl, sys
from multiprocessing.shared_memory import SharedMemory
if sys.version_info >= (3, 13):
    shm = SharedMemory(sys.argv[1], track=False)
else:
    shm = SharedMemory(sys.argv[1])
    from multiprocessing import resource_tracker
    resource_tracker.unregister(shm._name, 'shared_memory')

def attempt(flags):
    try:
        fcntl.lockf(shm._fd, flags | fcntl.LOCK_NB, shm.size)
    except OSError:
        return 'locked'
    fcntl.lockf(shm._fd, fcntl.LOCK_UN, shm.size)
    return 'free'

for line in sys.stdin:
    if line == 'attempt\\n':
        print(attempt(fcntl.LOCK_EX), attempt(fcntl.LOCK_SH), flush=True)
    elif line == 'lock\\n':
        fcntl.lockf(shm._fd, fcntl.LOCK_EX, shm.size)
        print('done', flush=True)
    elif line == 'unlock\\n':
        fcntl.lockf(shm._fd, fcntl.LOCK_UN, shm.size)
        print('done', flush=True)
'''


@every_python
@pytest.mark.parametrize('kind', ['block', 'list'])
def test_cpython(python, kind):
    owner = Shm.ShareableList([1, 2]) if kind == 'list' else Shm.SharedMemory(create=True, size=100)
    shm = owner.shm if kind == 'list' else owner
    process = run_bare(python, LOCK, shm.name)

    def ask(command):
        process.stdin.write(command + '\n')
        process.stdin.flush()

        return process.stdout.readline().strip()

    assert ask('attempt') == 'free free'
    with owner.lock():
        assert ask('attempt') == 'locked locked'
    with owner.lock(shared=True):
        assert ask('attempt') == 'locked free'
    assert ask('lock') == 'done'
    assert is_locked(owner) and is_locked(owner, shared=True)
    if kind == 'list':
        owner[0] = 5  # The lock does not cover what the first write of a process needs.
    assert ask('unlock') == 'done'
    assert not is_locked(owner)

    # Each waits for the other.
    with owner.lock():
        process.stdin.write('lock\n')
        process.stdin.flush()
        time.sleep(0.02)
    assert process.stdout.readline() == 'done\n'
    timer = threading.Timer(0.02, process.kill)
    timer.start()
    with owner.lock() as guard:
        assert guard.previous_died is False
    timer.join()
    process.communicate(timeout=TIMEOUT)
    shm.close()
    shm.unlink()


def test_lockf_in_the_same_process(block):
    fd = block.dup_fd()
    try:
        with block.lock(), pytest.raises(OSError):
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, block.size)
        fcntl.lockf(fd, fcntl.LOCK_EX, block.size)
        assert is_locked(block)
        fcntl.lockf(fd, fcntl.LOCK_UN, block.size)
        assert not is_locked(block)
    finally:
        os.close(fd)
