# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests frames: whole pictures from one writer. CPython has nothing of this kind."""

import asyncio
import gc
import os
import subprocess
import sys
import threading

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm

from support import TIMEOUT

SIZE = 100


@pytest.fixture
def frames():
    with Shm.Frames.create_anonymous(SIZE, 4) as frames:
        yield frames


def open_again(frames, flags=0):
    block = Shm.SharedMemory.attach_fd(frames.shared_memory.get_fd(), flags)

    return Shm.Frames.new_for_shared_memory(block)


def test_properties(frames):
    assert (frames.frame_size, frames.n_slots, frames.number) == (SIZE, 4, 0)
    assert isinstance(frames, Shm.Frames)
    assert type(frames.shared_memory) is Shm.SharedMemory
    assert frames.shared_memory.size == Shm.Frames.get_block_size(SIZE, 4)


@pytest.mark.parametrize('convert', [bytes, bytearray, memoryview])
def test_write_and_read(frames, convert):
    reader = open_again(frames)
    for i in range(1, 10):
        assert frames.write(convert(bytes([i]) * SIZE)) == i
        assert reader.read() == bytes([i]) * SIZE
        assert reader.number == i


def test_draw(frames):
    with frames.draw() as view:
        assert not view.readonly and len(view) == SIZE
        view[:] = b'a' * SIZE
    with pytest.raises(ZeroDivisionError):
        with frames.draw() as view:
            view[:] = b'b' * SIZE
            1 / 0
    assert frames.number == 1
    with frames.acquire() as frame:
        assert frame.number == 1
        assert bytes(frame.view) == b'a' * SIZE
        assert frame.view.readonly
        assert frame.get_live_bytes().get_data() == b'a' * SIZE


def test_frame_in_use(frames):
    reader = open_again(frames, Shm.AttachFlags.READ_ONLY)
    frames.write(b'a' * SIZE)
    with reader.acquire() as frame:
        for _ in range(10):
            frames.write(b'b' * SIZE)
        assert bytes(frame.view) == b'a' * SIZE
        assert reader.read() == b'b' * SIZE
    for _ in range(4):
        frames.write(b'c' * SIZE)
    assert bytes(frame.view) == b'c' * SIZE


def test_garbage_collection_releases(frames):
    reader = open_again(frames)
    for i in range(20):
        frames.write(bytes([i]) * SIZE)
        frame = reader.acquire()
        assert bytes(frame.view) == bytes([i]) * SIZE
        del frame
        gc.collect()


def test_draw_discards_without_view(frames, monkeypatch):
    """If the block cannot be mapped, no frame is left that publish() would publish."""
    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as context:
        context.setattr(Shm.Frames, '_shm_get_view', fail)
        with pytest.raises(MemoryError), frames.draw():
            pass
    with pytest.raises(OSError, match='begin a frame first'):
        frames.publish()


def test_no_slot(frames):
    held = []
    for _ in range(3):
        frames.write(b'a' * SIZE)
        held.append(open_again(frames).acquire())
    frames.write(b'a' * SIZE)
    with pytest.raises(OSError, match='two slots more than there are readers') as caught:
        frames.write(b'a' * SIZE)
    assert caught.value.gerror.matches(Shm.Error.quark(), Shm.Error.NO_SPACE)
    held[0].release()
    assert frames.write(b'a' * SIZE) == 5


def test_errors(frames):
    with pytest.raises(ValueError, match='contains no frame yet'):
        frames.acquire()
    with pytest.raises(ValueError, match='contains no frame yet'):
        frames.read()
    with pytest.raises(IndexError, match='has 100 bytes, and not 3'):
        frames.write(b'abc')
    with pytest.raises(OSError, match='begin a frame first'):
        frames.publish()
    with pytest.raises(TypeError):
        frames.write('text')
    with pytest.raises(ValueError, match='3 to 64 slots'):
        Shm.Frames.create(None, SIZE, 2)
    with pytest.raises(FileNotFoundError):
        Shm.Frames.attach('shmobj-test-missing')
    with pytest.raises(ValueError, match='does not contain frames'):
        Shm.Frames.new_for_shared_memory(Shm.SharedMemory.create_anonymous(4096))
    with pytest.raises(ValueError, match='never opened'):
        Shm.Frames().acquire()
    reader = open_again(frames, Shm.AttachFlags.READ_ONLY)
    with pytest.raises(PermissionError):
        reader.begin()
    frames.write(b'a' * SIZE)
    with pytest.raises(FileExistsError, match='Another object or process writes'):
        open_again(frames).begin()
    frames.close()
    with pytest.raises(ValueError, match='closed'):
        frames.read()


def test_wait(frames):
    reader = open_again(frames)
    with pytest.raises(TimeoutError, match='No frame was published'):
        reader.wait(0, timeout=0.01)
    writer = threading.Thread(target=lambda: frames.write(b'a' * SIZE))
    writer.start()
    assert reader.wait(0, timeout=TIMEOUT) == 1
    writer.join()
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        reader.wait(1, None, cancellable)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_await(frames):
    """wait_async() in a loop of asyncio."""
    reader = open_again(frames)

    async def wait():
        with pytest.raises(TimeoutError):
            await reader.wait_async(0, timeout=0.01)
        waiting = asyncio.ensure_future(reader.wait_async(0))
        await asyncio.sleep(0)
        frames.write(b'a' * SIZE)
        assert await waiting == 1
        assert await reader.wait_async(0) == 1
        cancelled = asyncio.ensure_future(reader.wait_async(1))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    asyncio.run(asyncio.wait_for(wait(), TIMEOUT))


def test_callback(frames):
    """wait_async() with a callback in a loop of GLib."""
    loop = GLib.MainLoop()
    numbers = []

    def on_frame(source, result):
        numbers.append(source.wait_finish(result))
        if numbers[-1] < 3:
            source.wait_async(numbers[-1], None, None, on_frame)
            frames.write(b'a' * SIZE)
        else:
            loop.quit()

    open_again(frames).wait_async(0, None, None, on_frame)
    frames.write(b'a' * SIZE)
    loop.run()
    assert numbers == [1, 2, 3]


WRITER = '''
import sys
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm
import numpy
with Shm.Frames.attach(sys.argv[1]) as frames:
    for i in range(int(sys.argv[2])):
        with frames.draw() as view:
            numpy.ndarray((64, 64), 'u2', view)[:] = i + 1
'''


def test_pictures_of_another_process(blocks):
    numpy = pytest.importorskip('numpy')
    name, n = blocks.new_name(), 5000
    with Shm.Frames.create(name, 64 * 64 * 2, 3, Shm.CreateFlags.TRACK) as frames:
        writer = subprocess.Popen([sys.executable, '-c', WRITER, name, str(n)])
        number = 0
        while number < n:
            frames.wait(number, timeout=TIMEOUT)
            with frames.acquire() as frame:
                number = frame.number
                picture = numpy.ndarray((64, 64), 'u2', frame.view)
                assert (picture == number).all()
                del picture
        assert writer.wait() == 0
        frames.shared_memory.unlink()


def test_killed_writer(frames):
    pid = os.fork()
    if pid == 0:
        with open_again(frames).draw() as view:
            view[:SIZE // 2] = b'x' * (SIZE // 2)
            os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    assert frames.number == 0
    for _ in range(8):
        frames.write(b'a' * SIZE)
        assert frames.read() == b'a' * SIZE
