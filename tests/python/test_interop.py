# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests blocks that this library and CPython's class share, in both directions, with every CPython
on this machine."""

import os
import threading
import time

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

from interpreters import parameters, run_bare  # noqa: E402
from support import TIMEOUT, exists, path_of  # noqa: E402

SIZE = 100003  # not a multiple of the page size
RACES = 300
RACE_SECONDS = 1.5

# The beginning of each script. attach() does not register the block with CPython's tracker, because
# the tracker would remove the block at the end of the process.
PRELUDE = '''
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

def attach(name):
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    saved = resource_tracker.register
    resource_tracker.register = lambda *args: None
    try:
        return SharedMemory(name)
    finally:
        resource_tracker.register = saved

def answer(line):
    print(line, flush=True)

def next_line():
    return sys.stdin.readline().strip()

name, size = sys.argv[1], int(sys.argv[2])
'''

ATTACH = PRELUDE + '''
shm = attach(name)
answer(f'{shm.name} {shm.size} {len(shm.buf)} {bytes(shm.buf[:5])!r} {shm.buf[size - 1]}')
shm.buf[:5] = b'hello'
shm.buf[size - 1] = 200
answer('written')
next_line()
answer(shm.buf[1])
shm.close()
'''

CREATE = PRELUDE + '''
shm = SharedMemory(name, True, size)
shm.buf[:5] = b'hello'
shm.buf[size - 1] = 99
answer('created')
next_line()
answer(f'{bytes(shm.buf[:4])!r} {shm.buf[size - 1]}')
if next_line() == 'unlink':
    shm.unlink()
try:
    attach(name)
except FileNotFoundError:
    answer('gone')
shm.close()
'''

CREATE_IN_A_LOOP = PRELUDE + '''
import threading
stopped = threading.Event()
threading.Thread(target=lambda: (next_line(), stopped.set()), daemon=True).start()
answer('ready')
while not stopped.is_set():
    shm = SharedMemory(name, True, size)
    shm.close()
    shm.unlink()
answer('stopped')
'''

ATTACH_IN_A_LOOP = PRELUDE + '''
import time
count, errors, end = 0, [], time.monotonic() + float(sys.argv[4])
while count < int(sys.argv[3]) and not errors and time.monotonic() < end:
    try:
        shm = attach(name)
    except FileNotFoundError:
        continue
    except Exception as error:
        errors.append(repr(error))
        continue
    if shm.size != size or len(shm.buf) != size:
        errors.append(shm.size)
    shm.close()
    count += 1
answer(f'{count} {errors}')
'''


every_python = pytest.mark.parametrize('python', list(parameters(8)))


class CPythonProcess:
    """A process of another interpreter, which runs one of the scripts above."""

    def __init__(self, executable, script, *args):
        self._process = run_bare(executable, script, *args)
        self._watchdog = threading.Timer(TIMEOUT, self._process.kill)
        self._watchdog.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self._process.kill()
        _, errors = self._process.communicate()
        self._watchdog.cancel()
        if kind is None:
            assert self._process.returncode == 0, errors

    def is_running(self):
        return self._process.poll() is None

    def receive(self):
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()

        return line.strip()

    def send(self, line=''):
        self._process.stdin.write(line + '\n')
        self._process.stdin.flush()


@every_python
def test_attach_by_cpython(python, blocks):
    with Shm.SharedMemory(blocks.new_name(), True, SIZE, track=False) as shm:
        shm.buf[:5] = b'shmob'
        shm.buf[-1] = 77
        with CPythonProcess(python, ATTACH, shm.name, SIZE) as cpython:
            assert cpython.receive() == f"{shm.name} {SIZE} {SIZE} b'shmob' 77"
            assert cpython.receive() == 'written'
            assert bytes(shm.buf[:5]) == b'hello'
            assert shm.read(SIZE - 1) == bytes([200])
            shm.write(1, bytes([33]))
            cpython.send()
            assert cpython.receive() == '33'
        # The block still exists after the end of the other process and the end of its tracker.
        assert exists(shm.name)
        shm.unlink()


@every_python
@pytest.mark.parametrize('unlinker', ['cpython', 'ours'])
def test_attach_to_block_of_cpython(python, blocks, unlinker):
    name = blocks.new_name()
    with CPythonProcess(python, CREATE, name, SIZE) as cpython:
        assert cpython.receive() == 'created'
        with Shm.SharedMemory(name) as shm:
            assert (shm.name, shm.size, len(shm.buf), shm.mode) == (name, SIZE, SIZE, 0o600)
            assert (shm.read(0, 5), shm.buf[SIZE - 1]) == (b'hello', 99)
            shm.buf[:4] = b'ours'
            shm.write(SIZE - 1, b'\1')
            cpython.send()
            assert cpython.receive() == "b'ours' 1"
            if unlinker == 'ours':
                shm.unlink()
            cpython.send('unlink' if unlinker == 'cpython' else '')
            assert cpython.receive() == 'gone'
            with pytest.raises(FileNotFoundError):
                shm.unlink()
            with pytest.raises(FileNotFoundError):
                Shm.SharedMemory(name)
            assert shm.buf[0] == ord('o')


@every_python
def test_race_with_creator_in_cpython(python, blocks):
    """CPython creates the name of a block first and sets the size afterwards. Attaching waits until
    the block has a size."""
    name = blocks.new_name()
    count = 0
    with CPythonProcess(python, CREATE_IN_A_LOOP, name, SIZE) as cpython:
        assert cpython.receive() == 'ready'
        end = time.monotonic() + RACE_SECONDS
        while count < RACES and time.monotonic() < end:
            try:
                shm = Shm.SharedMemory.attach(name, Shm.AttachFlags.NONE)
            except FileNotFoundError:
                continue
            assert shm.size == SIZE
            shm.close()
            count += 1
        cpython.send()
        assert cpython.receive() == 'stopped'
    assert count > 0


@every_python
def test_race_with_attacher_in_cpython(python, blocks):
    """CPython cannot attach to a block of size 0. This library publishes a block only after the
    block has its size."""
    name = blocks.new_name()
    with CPythonProcess(python, ATTACH_IN_A_LOOP, name, SIZE, RACES, RACE_SECONDS) as cpython:
        while cpython.is_running():
            shm = Shm.SharedMemory.create(name, SIZE, Shm.CreateFlags.NONE)
            shm.unlink()
            shm.close()
        count, errors = cpython.receive().split(maxsplit=1)
    assert errors == '[]'
    assert int(count) > 0


def test_block_that_stays_empty(blocks):
    name = blocks.new_name()
    os.close(os.open(path_of(name), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with pytest.raises(ValueError) as excinfo:
        Shm.SharedMemory(name)
    assert excinfo.value.gerror.code == int(Shm.Error.INVALID_SIZE)
    assert exists(name)
    os.unlink(path_of(name))
